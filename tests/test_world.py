"""The map of all pipelines: what is packed is what was given, and a reader finds his way."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import browser as browsers
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString, Point

from geodata.draw import world
from geodata.errors import FormatError, GeometryError

SHARED = Path(__file__).parents[1].parent / "shared"
NASTY = '<img src=x onerror="window.hacked=1"> </script><script>window.hacked=2</script> {{ 1/0 }} 🛢 \u202eabc'
MIB = 2**20


def frame(shapes: dict[str, object], crs: int | None = 4326) -> gpd.GeoDataFrame:
    index = pd.Index(list(shapes), name="project")
    return gpd.GeoDataFrame(index=index, geometry=list(shapes.values()), crs=crs)


@pytest.fixture(scope="module")
def lines():
    """A wavy trunk, a branch from its middle, two names that bite, one without a line, one in Asia."""
    wave = [(60 + x / 10, 60 + 0.02 * (x % 2)) for x in range(201)]
    return frame(
        {
            "P0001": LineString(wave),
            "P0002": LineString([(70.1, 60.02), (72, 63), (70, 66)]),
            "P0003": MultiLineString([[(40, 60), (45, 62)], [(45, 62), (50, 60)]]),
            "P0004": None,
            "P0005": LineString([(100, 30), (110, 35)]),
        }
    )


@pytest.fixture(scope="module")
def known():
    return pd.DataFrame(
        {
            "name": ["Trunk Line", "Bránch Line", NASTY, "Line Never Drawn", "Far Line"],
            "segment": ["", "North", "", "", ""],
            "status": ["operating", "Proposed", "cancelled", "shelved", ""],
            "owner": ["Operator A", "", NASTY, "", ""],
            "url": ["https://example.org/trunk", "", "javascript:alert(1)", "", ""],
        },
        index=pd.Index(["P0001", "P0002", "P0003", "P0004", "P0005"], name="project"),
    )


def unpack(blob: str, decimals: int) -> tuple[list[list[tuple[float, float]]], list[int]]:
    """Read a packed copy the plain way: one number after another."""
    data = iter(gzip.decompress(base64.b64decode(blob)))

    def number() -> int:
        value = shift = 0
        for byte in data:
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value
        raise AssertionError("breaks off")

    def signed() -> int:
        value = number()
        return -(value + 1) // 2 if value % 2 else value // 2

    sizes = [number() for _ in range(number())]
    owners = np.cumsum([signed() for _ in sizes]).tolist()
    at, parts = np.zeros(2, dtype=int), []
    for size in sizes:
        steps = np.array([(signed(), signed()) for _ in range(size)])
        points = at + np.cumsum(steps, axis=0)
        at = points[-1]
        parts.append([(x / 10**decimals, y / 10**decimals) for x, y in points.tolist()])
    assert next(data, None) is None
    return parts, owners


# -- packing and thinning ---------------------------------------------------------------------------


@given(
    st.lists(
        st.lists(st.tuples(st.integers(-18000, 18000), st.integers(-9000, 9000)), min_size=2, max_size=6),
        min_size=1, max_size=5,
    )
)  # fmt: skip
def test_packing_keeps_every_line(parts):
    coords = np.concatenate([np.array(part) / 100 for part in parts])
    sizes = np.array([len(part) for part in parts])
    blob = world._text(gzip.compress(world.pack(coords, sizes, np.arange(len(parts)), 2)))
    found, owners = unpack(blob, 2)
    assert owners == list(range(len(parts)))
    for part, points in zip(parts, found, strict=True):
        # Vertices that repeat the one before may go, but the line stays and keeps both ends.
        dense = [p for i, p in enumerate(part) if i in (0, len(part) - 1) or p != part[i - 1]]
        assert [(round(x * 100), round(y * 100)) for x, y in points] == dense


def test_the_golden_file_is_packed_and_read_as_the_format_says():
    """Written by hand from docs/world-format.md, not by the code."""
    golden = json.loads(
        (Path(__file__).parent / "data" / "world.golden.json").read_text(encoding="utf-8")
    )
    lines = [np.array(part["line"]) for part in golden["parts"]]
    rows = np.array([part["row"] for part in golden["parts"]])
    packed = world.pack(
        np.concatenate(lines), np.array([len(line) for line in lines]), rows, golden["decimals"]
    )
    assert packed.hex(" ") == golden["bytes"]
    found, owners = unpack(world._text(gzip.compress(packed)), golden["decimals"])
    assert owners == rows.tolist() == [0, 2]
    assert [[list(point) for point in line] for line in found] == [line.tolist() for line in lines]


def test_copies_get_coarser_and_lines_still_meet(lines):
    piece = world.WorldLines(lines)
    copies = [unpack(tier["blob"], tier["decimals"])[0] for tier in piece.data["tiers"]]
    assert copies[0][0] == [(60.0, 60.0), (70.1, 60.02), (80.0, 60.0)]  # the ends and the branch
    assert len(copies[-1][0]) == 201
    for tier, copy in zip(world.TIERS, copies, strict=True):
        trunk, branch = copy[:2]
        assert branch[0] in trunk, tier
        assert trunk[0] == (60.0, 60.0)
        assert trunk[-1] == (80.0, 60.0)


def test_a_vertex_beside_a_border_stays():
    # Straight over the border of Germany and Poland: nothing but the border keeps the inner vertices.
    line = LineString([(x / 2, 52.0) for x in range(24, 36)])
    data = world.WorldLines(frame({"P0001": line})).data
    kept = [x for x, _ in unpack(data["tiers"][0]["blob"], 3)[0][0]]
    assert kept == [12.0, 14.5, 15.0, 17.5]


def test_thinning_stays_within_the_tolerance():
    rng = np.random.default_rng(7)
    coords = np.cumsum(rng.normal(size=(400, 2)), axis=0)
    kept = world.thin(coords, np.array([400]), np.zeros(400, dtype=bool), 0.8)
    assert 2 < kept.sum() < 300
    rest = LineString(coords[kept])
    assert max(rest.distance(Point(p)) for p in coords) <= 0.8 + 1e-9


def test_pieces_of_a_project_are_joined(lines):
    parts, owners = unpack(world.WorldLines(lines).data["tiers"][-1]["blob"], 5)
    assert owners == [0, 1, 2, 4]
    assert parts[2] == [(40.0, 60.0), (45.0, 62.0), (50.0, 60.0)]


def test_a_line_over_the_antimeridian_is_cut_there():
    parts, owners = unpack(
        world.WorldLines(frame({"P0001": LineString([(179, 60), (-179, 62)])})).data["tiers"][0][
            "blob"
        ],
        3,
    )
    assert owners == [0, 0]
    assert parts == [[(179.0, 60.0), (180.0, 61.0)], [(-180.0, 61.0), (-179.0, 62.0)]]


def test_same_lines_give_the_same_page(lines, known, tmp_path):
    pages = []
    for name in ("a.html", "b.html"):
        world.build(lines, known).save(tmp_path / name)
        pages.append((tmp_path / name).read_bytes())
    assert pages[0] == pages[1]


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (frame({"P1": LineString([(0, 0), (1, 1)])}, None), FormatError, "no CRS; expected EPSG:4326"),
        (frame({"P1": LineString([(0, 0), (1, 1)])}, 3857), FormatError, "EPSG:3857; expected EPSG:4326"),
        (frame({"P1": None, "P2": LineString()}), FormatError, "None of 2 projects has a line"),
        (frame({}), FormatError, "None of 0 projects has a line"),
        (frame({"P1": LineString([(0, 0), (1, 1)]), "P2": Point(0, 0)}), GeometryError, "'P2' has a Point"),
        (frame({"P1": LineString([(0, 0), (1, 100)])}), GeometryError, "longitude 1, latitude 100"),
        (pd.concat([frame({"P1": LineString([(0, 0), (1, 1)])})] * 2), FormatError, "'P1' stands twice"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_refused(bad, error, message):
    with pytest.raises(error, match=message):
        world.build(bad)


def test_tiers_must_be_in_order(lines):
    with pytest.raises(FormatError, match="in the order of their zoom"):
        world.build(lines, tiers=world.TIERS[::-1])
    with pytest.raises(FormatError, match="at least one Tier"):
        world.build(lines, tiers=[])


def test_attributes_must_be_unique(lines, known):
    with pytest.raises(FormatError, match="attributes has project 'P0001' twice"):
        world.build(lines, pd.concat([known, known[:1]]))


# -- attribute tables -------------------------------------------------------------------------------


def test_attributes_are_read_from_either_kind_of_table(tmp_path):
    old = "ProjectID;Fuel;Countries;Wiki;PipelineName;SegmentName;Parent;Status;StartYear1;CapacityBcm/y\n"
    old += "P0001;Gas;Norway, Germany;https://example.org/a;A Line;;Owner (100%);Operating;1998.0;12.5\n"
    (tmp_path / "old.csv").write_text(old, encoding="utf-8-sig")
    new = "id,areas,name,unit-name,status,owner,start-year,capacity-table\n"
    new += (
        'P0001,"Norway;Germany;",A Line,,operating,--,1998,12.5 bcm/y\nP0002,X,C Line,,idle,,,33\n'
    )
    new += "P0001,X,B Line,Unit 2,idle,,,\n"
    (tmp_path / "new.csv").write_text(new, encoding="utf-8")
    a = world.read_attributes(tmp_path / "old.csv").loc["P0001"]
    assert a.to_dict() == {"name": "A Line", "segment": "", "status": "Operating",
                           "countries": "Norway, Germany", "owner": "Owner (100%)",
                           "capacity": "12.5 bcm/yr", "start": "1998", "url": "https://example.org/a"}  # fmt: skip
    assert world.read_attributes(tmp_path / "new.csv").loc["P0002", "capacity"] == ""  # no unit
    b = world.read_attributes(tmp_path / "new.csv")
    assert b.loc["P0001", ["name", "segment", "owner", "url"]].tolist() == [
        "B Line",
        "Unit 2",
        "",
        "",
    ]


def test_attributes_are_read_from_a_workbook(tmp_path):
    pytest.importorskip("openpyxl", reason="openpyxl is not installed")
    with pd.ExcelWriter(tmp_path / "t.xlsx") as book:
        pd.DataFrame({"About": ["text"]}).to_excel(book, sheet_name="About", index=False)
        rows = {"ProjectID": ["P0001"], "PipelineName": ["A Line"], "Status": ["Operating"]}
        pd.DataFrame(rows).to_excel(book, sheet_name="Gas Pipelines", index=False)
    assert world.read_attributes(tmp_path / "t.xlsx").loc["P0001", "name"] == "A Line"


def test_faulty_attribute_tables_are_refused(tmp_path, monkeypatch):
    with pytest.raises(FormatError, match=r"'.*none.csv' is not a file"):
        world.read_attributes(tmp_path / "none.csv")
    (tmp_path / "x.csv").write_text("a,b\n1,2\n")
    with pytest.raises(FormatError, match=r"no columns of project ids and names \(columns: a, b\)"):
        world.read_attributes(tmp_path / "x.csv")
    (tmp_path / "x.xlsx").write_bytes(b"no workbook")
    with pytest.raises(FormatError, match="cannot be read as a table"):
        world.read_attributes(tmp_path / "x.xlsx")
    monkeypatch.setattr(pd, "read_excel", lambda *_, **__: (_ for _ in ()).throw(ImportError("x")))
    with pytest.raises(FormatError, match="needs the package openpyxl"):
        world.read_attributes(tmp_path / "x.xlsx")


# -- in the browser ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def chrome():
    with browsers.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def page_file(lines, known, tmp_path_factory):
    path = tmp_path_factory.mktemp("world") / "world.html"
    world.build(lines, known, attribution="Lines: <b>somebody</b>, CC BY 4.0").save(path)
    return path


READY = """() => { window.M = Object.values(window).find((w) => w && w.geodrawWorld);
  return Boolean(M && M.geodrawWorld.lines.drawn); }"""


def shown(page):
    page.wait_for_function(READY)
    return page


@pytest.fixture
def page(chrome, page_file):
    with browsers.opened(chrome, page_file) as (page, log):
        yield shown(page)
        log.assert_clean()


def place(page, lon: float, lat: float) -> tuple[float, float]:
    at = page.evaluate("([x, y]) => M.latLngToContainerPoint([y, x])", [lon, lat])
    return at["x"], at["y"]


def test_page_opens_offline_and_says_whose_lines_these_are(page):
    assert page.locator(".gd-title p").inner_text() == "4 lines drawn of 5 projects"
    assert (
        "Lines: <b>somebody</b>, CC BY 4.0"
        in page.locator(".leaflet-control-attribution").inner_text()
    )
    assert page.evaluate("window.hacked") is None


def test_lines_are_drawn_where_they_lie(page):
    page.evaluate("M.setView([33, 105], 6, {animate: false})")
    x, y = place(page, 105, 32.5)  # about on the straight line from (100, 30) to (110, 35)
    found = page.evaluate("([x, y]) => M.geodrawWorld.lines.find(L.point(x, y), 12)", [x, y])
    assert found == 4
    assert (
        page.evaluate("([x, y]) => M.geodrawWorld.lines.find(L.point(x, y + 60), 12)", [x, y]) == -1
    )
    column = pixels(page, x, y - 60, 1, 120)
    dark = [row - 60 for row, (red, *_, alpha) in enumerate(column) if alpha == 255 and red < 0xA0]
    assert dark  # the line is #5B6B75, the land #F7F5F0
    assert max(map(abs, dark)) <= 12


def pixels(page, x: float, y: float, wide: int = 1, high: int = 1) -> list[list[int]]:
    """Read the canvas of the lines; x and y in pixels of the map."""
    data = page.evaluate(
        """([x, y, wide, high]) => { const l = M.geodrawWorld.lines;
        const o = M.containerPointToLayerPoint([x, y]).subtract(l._bounds.min);
        const copy = document.createElement('canvas');  // the page itself never reads its canvas
        Object.assign(copy, {width: wide, height: high});
        const context = copy.getContext('2d', {willReadFrequently: true});
        context.drawImage(l.base, -o.x, -o.y);
        return [...context.getImageData(0, 0, wide, high).data]; }""",
        [x, y, wide, high],
    )
    return [data[i : i + 4] for i in range(0, len(data), 4)]


LAND, SEA = [0xF7, 0xF5, 0xF0, 255], [0, 0, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("zoom", [2, 4, 6, 9, 12])
def test_land_is_filled_at_every_zoom(page, zoom):
    # Vertices out of view are left out: a country that fills the window must still be land, also
    # with the sea to one side, and a sea that fills it must not.
    for lon, lat, ground in (
        (95, 62, LAND), (25.6, 25.3, LAND), (-3.7, 40.4, LAND), (138.5, -25.5, LAND),
        (-38, 32, SEA), (-7, 47, SEA), (75, -12, SEA), (33.9, 43.3, SEA),
    ):  # fmt: skip
        page.evaluate(f"M.setView([{lat}, {lon}], {zoom}, {{animate: false}})")
        page.wait_for_function("M.geodrawWorld.lines.ground")
        assert pixels(page, *place(page, lon, lat)) == [ground], (lon, lat)


def test_the_rim_follows_what_is_in_view(page):
    page.evaluate("M.setView([32.6, 105], 6, {animate: false})")
    x, y = place(page, 105, 32.6)
    page.evaluate("x => M.panBy([-(1280 - x) - 60, 0], {animate: false})", x)
    x, y = place(page, 105, 32.6)
    assert 1280 < x < 1400  # beyond the edge, but on the canvas
    find = "([x, y]) => M.geodrawWorld.lines.find(L.point(x, y), 15)"
    page.wait_for_function(f"([x, y]) => ({find})([x, y]) === 4", arg=[x, y])
    dark = [red for red, *_ in pixels(page, x, y - 15, 1, 30) if red < 0xA0]
    assert dark


def test_each_zoom_has_its_copy(page):
    counts = []
    for zoom in (4, 7, 9):
        page.evaluate(f"M.setView([50, 10], {zoom}, {{animate: false}})")
        page.wait_for_function(
            "z => M.geodrawWorld.state.tiers.find((t) => z <= t.zoom).lines", arg=zoom
        )
        browsers.settled(page)
        counts.append(page.evaluate("M.geodrawWorld.state.tiers.map((t) => Boolean(t.lines))"))
    assert counts == [[True, False, False], [True, True, False], [True, True, True]]


def test_hover_names_the_nearest_line(page):
    page.evaluate("M.setView([33, 105], 5, {animate: false})")
    page.mouse.move(*place(page, 105, 32.55))
    page.wait_for_selector(".gd-tip")
    assert page.locator(".gd-tip").inner_text().split("\n") == [
        "Far Line",
        "P0005 · Status not given",
    ]
    page.mouse.move(*place(page, 105, 40))
    page.wait_for_selector(".gd-tip", state="detached")


def test_click_shows_what_is_known_as_text(page):
    page.evaluate("M.setView([61, 45], 6, {animate: false})")
    page.mouse.click(*place(page, 45, 62))
    panel = page.locator(".gw-panel")
    panel.wait_for()
    assert panel.locator("h2").text_content() == NASTY
    assert panel.locator(".gd-names").inner_text() == "P0003"
    assert panel.locator(".gd-chip").text_content() == "cancelled"
    assert panel.locator("img, a").count() == 0
    page.keyboard.press("Escape")  # the map has the focus
    panel.wait_for(state="hidden")
    assert page.evaluate("window.hacked") is None


def test_search_by_name_and_id_with_the_keyboard(page):
    box = page.get_by_role("combobox")
    box.fill("branch")
    options = page.get_by_role("option")
    assert options.all_inner_texts() == ["Bránch Line, North\nP0002 · Proposed"]
    box.press("Enter")
    assert page.locator(".gw-panel h2").inner_text() == "Bránch Line, North"
    assert page.evaluate("document.activeElement.tagName") == "H2"
    assert page.evaluate("M.getBounds().contains([[60.02, 70], [66, 72]])")
    page.keyboard.press("Escape")
    box.fill("p0001")
    box.press("Enter")
    assert page.locator(".gw-panel a").get_attribute("href") == "https://example.org/trunk"
    # 200 steps of 0.1 degrees of longitude at 60 N (5.56 km) and 0.02 of latitude (2.22 km)
    assert "1 197 km" in page.locator(".gw-panel").inner_text().replace("\u2009", " ")
    box.fill("line")
    box.press("ArrowDown")
    assert page.locator("[aria-selected=true]").inner_text().startswith("Trunk")
    box.fill("zzz")
    assert page.get_by_role("option").all_inner_texts() == ["Nothing found"]


def test_a_project_without_a_line_is_found_and_says_so(page):
    page.get_by_role("combobox").fill("never drawn")
    page.keyboard.press("Enter")
    assert "no line drawn" in page.locator(".gw-panel").inner_text()


def test_keyboard_takes_the_line_at_the_centre(page):
    page.evaluate("M.setView([32.6, 105], 6, {animate: false}); M.getContainer().focus()")
    page.keyboard.press("Enter")
    assert page.locator(".gw-panel h2").inner_text() == "Far Line"
    assert "Far Line" in page.locator("[aria-live]").first.text_content()


def test_statuses_can_be_hidden(page):
    page.evaluate("M.setView([60, 65], 5, {animate: false})")
    at = place(page, 65, 60.01)
    find = "([x, y]) => M.geodrawWorld.lines.find(L.point(x, y), 8)"
    assert page.evaluate(find, at) == 0
    page.locator(".gw-legend label", has_text="Operating").click()
    assert page.evaluate(find, at) == -1
    assert page.locator(".gw-legend small").all_inner_texts() == ["1", "1", "2", "1"]


def test_phone_fits_and_works(chrome, page_file):
    size = {"viewport": {"width": 360, "height": 640}, "has_touch": True, "is_mobile": True}
    with browsers.opened(chrome, page_file, **size) as (page, log):
        shown(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        page.evaluate("M.setView([33, 105], 5, {animate: false})")
        x, y = place(page, 105, 32.9)
        page.touchscreen.tap(x, y)
        page.locator(".gw-panel").wait_for()
        box = page.locator(".gw-panel").bounding_box()
        assert (box["x"], box["width"]) == (0, 360)
        assert "CC BY 4.0" in page.locator(".leaflet-control-attribution").inner_text()
        log.assert_clean()


def test_dark_mode_changes_the_colours(chrome, page_file):
    with browsers.opened(chrome, page_file, color_scheme="dark") as (page, log):
        shown(page)
        assert page.evaluate("M.geodrawWorld.state.statuses[0].colour") == "#56B4E9"
        page.emulate_media(color_scheme="light")
        page.wait_for_function("() => M.geodrawWorld.state.statuses[0].colour === '#0072B2'")
        log.assert_clean()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("wide", [1280, 360])
def test_axe_finds_nothing_serious(chrome, page_file, scheme, wide):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="no axe-core here")
    size = {"viewport": {"width": wide, "height": 740}, "color_scheme": scheme}
    with browsers.opened(chrome, page_file, **size) as (page, _):
        shown(page)
        page.get_by_role("combobox").fill("trunk")
        page.keyboard.press("Enter")
        page.locator(".gw-panel").wait_for()
        found = axe.Axe().run(page).response
    assert len(found["passes"]) > 10
    heavy = [v["id"] for v in found["violations"] if v["impact"] in ("serious", "critical")]
    assert heavy == []


def test_an_old_browser_gets_a_sentence(chrome, page_file):
    with browsers.opened(chrome, page_file) as (page, _):
        page.add_init_script("delete window.DecompressionStream")
        page.reload()
        assert "too old for this map" in page.get_by_role("alert").inner_text()


def test_a_damaged_page_gets_a_sentence(chrome, page_file, tmp_path):
    text = page_file.read_text(encoding="utf-8")
    start = text.index('"table":"') + 40
    (tmp_path / "bad.html").write_text(text[:start] + "AAAAAAAAAAAA" + text[start + 12 :])
    with browsers.opened(chrome, tmp_path / "bad.html") as (page, _):
        assert "seems to be damaged" in page.get_by_role("alert").inner_text()


def test_all_pipelines_of_the_world_on_one_page(gem_lines, chrome, tmp_path):
    path = tmp_path / "world.html"
    made = world.build(gem_lines)
    made.save(path)
    assert path.stat().st_size < 8 * MIB
    with browsers.opened(chrome, path) as (page, log):
        shown(page)
        assert page.evaluate("M.geodrawWorld.state.table.ids.length") == len(gem_lines)
        page.get_by_role("combobox").fill("P0500")
        assert page.get_by_role("option").count() >= 1
        page.evaluate("M.setView([50, 10], 8, {animate: false})")
        page.wait_for_function("M.geodrawWorld.state.tiers[2].lines")
        log.assert_clean()


def test_the_table_cannot_end_its_script(lines, known):
    text = world.WorldLines(lines, known, attribution="</script>").text
    assert "</script>" not in text
    assert json.loads(text)["attribution"] == "</script>"
