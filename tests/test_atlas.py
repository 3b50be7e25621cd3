"""The map page: bad tables, and what a reader sees in a real browser without network."""

from __future__ import annotations

import re
from importlib import resources

import browser as browsers
import folium
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shapely.geometry import LineString, MultiLineString

from energy.errors import DataError, EnergyError
from energy.publish import atlas, qualifiers

NASTY = '<img src=x onerror="window.hacked=1"> </script><script>window.hacked=2</script> \'q\' "ü" \u202e'
NAN = float("nan")
ROUTES = ["north", "reverse", "nasty", "planned"]


@pytest.fixture(scope="module")
def routes():
    """Four lines in Eurasia: built, reversible in two pieces, nastily named, proposed."""
    pieces = MultiLineString([[(50, 48), (45, 46)], [(45, 46), (37, 45)]])
    return gpd.GeoDataFrame(
        {
            "name": ["North line", "Reversible line", NASTY, "Planned line"],
            "name_ru": ["Северный газопровод", "Ёлка", "", None],
            "name_zh": ["北线", "", "", ""],
            "status": ["operating", "operating", "idle", "proposed"],
            "role": ["export", "onward", "feeder", "export"],
            "from_country": ["RUS", "KAZ", "RUS", "RUS"],
            "to_country": ["DEU", "RUS", "RUS", "CHN"],
            "market": ["europe", "central-asia", NASTY, "china"],
            "operator": ["Gazprom", None, NASTY, ""],
            "capacity_now": [55.0, 20.0, NAN, 50.0],
            "accuracy": ["traced", "sketch", "traced", "sketch"],
            "geometry_source": "own",
            "attribution": ["", "Lines: somebody <b>else</b>, CC BY 4.0", "", ""],
            "note": ["", "", NASTY, ""],
        },
        index=pd.Index(ROUTES, name="route"),
        geometry=[
            LineString([(60, 62), (30, 60), (13, 54)]),
            pieces,
            LineString([(60, 52), (80, 55)]),
            LineString([(75, 68), (95, 55), (110, 45)]),
        ],
        crs=4326,
    )


@pytest.fixture(scope="module")
def flows():
    """Twelve quarters from 2023Q1; north: estimate, full, above capacity, zero, unknown."""
    dims = ("route", "period")
    flow = np.full((4, 12), NAN)
    flow[0] = [10, 10, 10, 10, 11, 12, 13.75, 15, 5, 0, NAN, 12.5]
    flow[1] = [2, 1, -1, -2, -2.5, -2, 2, 3, 4, 3, 2, 1]
    flow[2, 4:8] = 0
    capacity = np.full((4, 12), NAN)
    capacity[0], capacity[1], capacity[3] = 13.75, 5, 12.5
    state = np.full((4, 12), "unknown", dtype=object)
    state[0] = ["flowing"] * 9 + ["idle", "unknown", "flowing"]
    state[1], state[3], state[2, 4:8] = "flowing", "proposed", "idle"
    status = np.where(np.isnan(flow), "", "actual").astype(object)
    status[0, :4], status[0, 11] = "estimate", "provisional"
    refs = np.where(np.isnan(flow), "", "V0002").astype(object)
    refs[0, 11] = "V0001;V0003"
    return xr.Dataset(
        {
            "flow": (dims, flow),
            "capacity": (dims, capacity),
            "utilisation": (dims, flow / capacity),
            "price": (dims, np.where(np.isnan(flow), NAN, 251.5)),
            "revenue": (dims, np.abs(flow) * 251.5),
            "status": (dims, status),
            "flow_status": (dims, state),
            "sources": (dims, refs),
        },
        coords={"route": ROUTES, "period": pd.date_range("2023-01-01", periods=12, freq="QS")},
        attrs={"freq": "Q", "unit": "bcm", "basis": "20C", "as_of": "2026-01-31"},
    )


@pytest.fixture(scope="module")
def events():
    return pd.DataFrame(
        {
            "date": ["2019-12-02", "2024-08-06", "2024-09", "2025-10-11"],
            "title": ["Long ago", "Valve shut", NASTY, "Opened again"],
            "routes": ["north", "north;reverse", "nasty", "north"],
            "source": ["press", "press", "bad", "report"],
        }
    )


@pytest.fixture(scope="module")
def sources():
    return pd.DataFrame(
        {
            "title": ["Annual report 2025", "News of the day", NASTY],
            "publisher": ["Operator", "Agency", NASTY],
            "published": ["2026-01", "", ""],
            "url": [
                "https://operator.example/2025",
                "https://news.example/1",
                "javascript:alert(1)",
            ],
        },
        index=pd.Index(["report", "press", "bad"], name="source"),
    )


@pytest.fixture(scope="module")
def meta():
    observations = pd.DataFrame(
        {
            "source": ["report", "press", "bad"],
            "page": ["p. 12", "", ""],
            "published": ["2026-01-20", "", ""],
        },
        index=["V0001", "V0002", "V0003"],
    )
    return {"title": "A map", "start": "2025Q4", "observations": observations}


@pytest.fixture(scope="module")
def places():
    return pd.DataFrame(
        {"name": ["Ürümqi", "Sudzha"], "name_ru": ["Урумчи", "Суджа"], "kind": ["hub", "border"],
         "lat": [43.8, 51.2], "lon": [87.6, 35.3]}
    )  # fmt: skip


@pytest.fixture(scope="module")
def tables(routes, flows, events, sources, places, meta):
    return routes, flows, events, sources, places, meta


@pytest.fixture(scope="module")
def file(tables, tmp_path_factory):
    made = atlas.build(*tables)
    folium.Marker([55.75, 37.6], popup="Our own marker", tooltip="Moscow").add_to(made)
    folium.Marker([40, 60], icon=folium.Icon(color="red"), popup=folium.Popup("Pin")).add_to(made)
    folium.LayerControl().add_to(made)
    path = tmp_path_factory.mktemp("atlas") / "map.html"
    made.save(path)
    return path


# -- tables ---------------------------------------------------------------------------------------


def test_map_is_a_folium_map(tables):
    made = atlas.build(*tables)
    assert isinstance(made, folium.Map)
    assert "srcdoc=" in made._repr_html_()


def test_numbers_of_the_cube_stand_in_the_page(tables):
    data = atlas.page.page_data(*tables[:4], tables[5])
    north = next(line for line in data["lines"] if line["id"] == "north")
    value = north["series"]["value"]
    assert (value["o"], value["v"][6:]) == (0, [13750, 15000, 5000, 0, None, 12500])
    assert north["series"]["limit"]["v"][0] == 13750
    nasty = next(line for line in data["lines"] if line["id"] == "nasty")
    assert nasty["series"]["value"] == {"o": 4, "v": [0, 0, 0, 0]}
    planned = next(line for line in data["lines"] if line["id"] == "planned")
    assert "value" not in planned["series"]


def test_periods_are_named(tables):
    data = atlas.page.page_data(*tables[:4], tables[5])
    assert data["steps"][0]["id"] == "2023Q1"
    assert data["steps"][-1]["label"] == "2025 Q4 (Oct–Dec)"
    assert [step["tick"] for step in data["steps"] if "tick" in step] == ["2023", "2024", "2025"]
    assert data["steps"][-1]["note"] == "figures: actual, provisional"


def test_events_find_their_period(tables):
    data = atlas.page.page_data(*tables[:4], tables[5])
    assert [event["step"] for event in data["events"]] == [None, 6, 6, 11]


@pytest.mark.parametrize(
    ("freq", "start", "label"),
    [("A", "2024-01-01", "2024"), ("M", "2024-03-01", "Mar 2024"), ("G", "2024-10-01", "Gas year 2024/25"),
     ("H", "2024-07-01", "2024 H2 (Jul–Dec)")],
)  # fmt: skip
def test_other_periods_are_named(freq, start, label):
    assert atlas.timeline.period_names(pd.Timestamp(start), freq)[1] == label


def test_start_is_the_newest_well_covered_period(tables):
    # 2025Q4 knows two routes of the three known in 2024: 2024Q4 is the newest with all.
    data = atlas.page.page_data(*tables[:4], {})
    assert data["steps"][data["start"]]["id"] == "2024Q4"


def test_start_can_be_chosen_and_must_exist(tables):
    data = atlas.page.page_data(*tables[:4], {"start": "2024Q2"})
    assert data["start"] == 5
    with pytest.raises(EnergyError, match="no period '2031Q1'; it runs from 2023Q1 to 2025Q4"):
        atlas.page.page_data(*tables[:4], {"start": "2031Q1"})


def test_route_without_geometry_is_kept_without_line(tables):
    routes = tables[0].copy()
    routes.loc["planned", "geometry"] = None
    data = atlas.page.page_data(routes, *tables[1:4], {})
    assert next(line for line in data["lines"] if line["id"] == "planned")["parts"] == []


def test_bad_tables_are_refused(tables):
    routes, flows, events, sources = tables[:4]
    cases = [
        (routes.drop(columns="status"), flows, events, sources, "routes has no column status"),
        (routes, flows, events.drop(columns="title"), sources, "events has no column title"),
        (routes, flows.drop_vars("flow"), events, sources, "no variable 'flow'"),
        (routes.iloc[:0], flows, events, sources, "No route is left"),
        (routes.to_crs(3857), flows, events, sources, "expected EPSG:4326"),
        (routes.set_crs(None, allow_override=True), flows, events, sources, "no CRS"),
        (pd.concat([routes, routes[:1]]), flows, events, sources, "'north' stands twice"),
        (routes.drop(index="nasty"), flows, events, sources, "1 routes that routes lacks: nasty"),
        (routes, flows.isel(period=slice(0, 0)), events, sources, "no period"),
        (routes, flows.assign(flow_status=flows["flow_status"].copy(data=np.full((4, 12), "odd"))),
         events, sources, "'odd' has no colour"),
    ]  # fmt: skip
    for *given, message in cases:
        with pytest.raises(DataError, match=message):
            atlas.build(*given)


def test_places_need_coordinates(tables):
    with pytest.raises(DataError, match="No column lat, lon"):
        atlas.build(*tables[:4], places=pd.DataFrame({"name": ["x"]}))


def test_observations_gather_the_rows_with_an_id():
    facts = {
        "volumes": pd.DataFrame({"id": ["V1"], "source": ["a"], "page": ["3"], "value": [1]}),
        "profiles": pd.DataFrame({"route": ["x"], "source": ["b"]}),
    }
    gathered = atlas.references.observations(facts)
    assert gathered.loc["V1", "source"] == "a"
    assert len(gathered) == 1


def test_nasty_texts_do_not_leave_their_data_block(file):
    html = file.read_text(encoding="utf-8")
    assert "<img src=x" not in html
    assert html.count("window.hacked=2</script>") == 0


# -- browser --------------------------------------------------------------------------------------

pytest_browser = pytest.mark.browser


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as made:
        yield made


@pytest.fixture
def page(browser, file):
    with browsers.opened(browser, file) as (made, log):
        yield made
        log.assert_clean()
        assert made.evaluate("window.hacked") is None


def core(page, route):
    return page.locator(f"path.gd-core[data-id='{route}']")


def width(page, route):
    return float(core(page, route).get_attribute("stroke-width"))


def choose(page, route):
    page.evaluate(
        """id => { const model = document.querySelector('.folium-map').geodraw;
        model.byId.get(id).hit.fire('click'); }""",
        route,
    )


def go(page, step):
    page.locator(".gd-range").evaluate(
        "(range, step) => { range.value = step; range.dispatchEvent(new Event('input')); }", step
    )


@pytest_browser
def test_opens_without_network_and_draws_every_route(page):
    assert page.locator("path.gd-core[data-id]").count() == 4
    assert page.locator("path.gd-hit[tabindex='0'][aria-label]").count() == 4
    assert page.title() == "A map"
    assert "Natural Earth" in page.locator(".leaflet-control-attribution").inner_text()
    assert "<b>else</b>" in page.locator(".leaflet-control-attribution").inner_text()


@pytest_browser
def test_slider_sets_widths_to_the_data(page, flows):
    values = flows["flow"].values
    for step in range(12):
        go(page, step)
        for i, route in enumerate(ROUTES[:2]):
            value = values[i, step]
            if np.isfinite(value) and value != 0:
                assert core(page, route).get_attribute("data-look") == "flow"
                # 0.2 px for each bcm a year; four quarters a year.
                assert width(page, route) == pytest.approx(max(1.2, abs(value) * 4 * 0.2), abs=0.01)


@pytest_browser
def test_zero_unknown_and_planned_look_different(page):
    go(page, 9)
    assert core(page, "north").get_attribute("data-look") == "zero"
    go(page, 10)
    assert core(page, "north").get_attribute("data-look") == "unknown"
    assert core(page, "planned").get_attribute("data-look") == "project"
    assert core(page, "planned").get_attribute("stroke-dasharray") == "4 4"
    go(page, 0)
    assert "gd-light" in core(page, "north").get_attribute("class")


@pytest_browser
def test_arrows_turn_when_the_flow_does(page):
    arrow = page.locator(".gd-arrow svg[data-id='reverse']").first
    go(page, 0)
    assert arrow.get_attribute("data-direction") == "forth"
    before = arrow.evaluate("node => node.style.transform")
    go(page, 3)
    assert arrow.get_attribute("data-direction") == "back"
    angles = [
        float(re.search(r"rotate\((.+?)deg", t)[1])
        for t in (before, arrow.evaluate("n => n.style.transform"))
    ]
    assert angles[1] - angles[0] == pytest.approx(180)
    # The line runs west-south-west: 180 degrees is due west.
    assert 135 < angles[0] % 360 < 180


@pytest_browser
def test_above_capacity_is_marked_and_not_clipped(page):
    badge = page.locator(".gd-over span[data-id='north']")
    go(page, 7)
    assert badge.inner_text() == "109 % of capacity"
    assert width(page, "north") == pytest.approx(12)
    go(page, 6)
    assert badge.is_hidden()


@pytest_browser
def test_keyboard_moves_the_slider_and_says_the_quarter(page):
    slider = page.locator(".gd-range")
    slider.focus()
    assert slider.get_attribute("aria-valuetext") == "2025 Q4 (Oct–Dec)"
    page.keyboard.press("ArrowLeft")
    assert page.locator(".gd-now").inner_text() == "2025 Q3 (Jul–Sep)"
    page.keyboard.press("PageDown")
    assert slider.get_attribute("aria-valuetext") == "2024 Q3 (Jul–Sep)"
    assert page.locator(".gd-events li").first.inner_text().startswith("2024-08-06 Valve shut")
    page.locator(".gd-more").click()
    assert NASTY[:10] in page.locator(".gd-events li").nth(1).inner_text()


@pytest_browser
def test_play_runs_and_stops(page):
    go(page, 9)
    page.locator(".gd-play").click()
    assert page.locator(".gd-play").get_attribute("aria-label") == "Pause"
    page.get_by_role("button", name="Play").wait_for()
    assert page.locator(".gd-now").inner_text().startswith("2025 Q4")


@pytest_browser
def test_panel_shows_number_source_and_history(page):
    core_path = page.locator("path.gd-hit[data-id='north']")
    core_path.focus()
    page.keyboard.press("Enter")
    panel = page.locator(".gd-panel")
    text = panel.inner_text()
    assert "North line" in text and "Северный газопровод" in text and "北线" in text
    assert (
        panel.locator("[data-key=value] dd").inner_text()
        == "12.50\u00a0bcm at 20 °C provisional\nevidence of 2026-01-20"
    )
    share = panel.locator("[data-key=share] dd").inner_text()
    assert share == "91\u00a0% provisional\nevidence of 2026-01-20"
    assert "13.75\u00a0bcm" in panel.locator("[data-key=limit]").inner_text()
    assert "252\u00a0USD/1000 m³" in panel.locator("[data-key=price]").inner_text()
    link = panel.locator(".gd-sources a").first
    assert link.inner_text() == "Annual report 2025"
    assert link.get_attribute("href") == "https://operator.example/2025"
    assert "Operator, 2026-01-20, p. 12" in text
    assert panel.locator("a[href^='javascript']").count() == 0
    bars = panel.locator(".gd-chart rect[data-step]")
    assert bars.count() == 11  # twelve quarters, one unknown
    assert panel.locator(".gd-chart .gd-guess").count() == 4
    assert panel.locator(".gd-event-tick").count() == 2
    page.keyboard.press("Escape")
    assert panel.is_hidden()


@pytest_browser
def test_panel_follows_the_slider(page):
    page.locator("path.gd-hit[data-id='north']").focus()
    page.keyboard.press("Enter")
    go(page, 7)
    value = page.locator(".gd-panel [data-key=share] dd")
    assert value.inner_text() == "109\u00a0% above capacity actual"
    go(page, 10)
    value = page.locator(".gd-panel [data-key=value] dd")
    assert value.locator("b").inner_text() == "–"
    assert value.locator(".gd-newest").inner_text() == "newest figure: 0.00\u00a0bcm in 2025Q2"


@pytest_browser
def test_click_on_the_line_opens_the_panel(page):
    box = page.evaluate(
        """() => { const m = document.querySelector('.folium-map').geodraw;
        const p = m.map.latLngToContainerPoint([60, 30]); return [p.x, p.y]; }"""
    )
    page.mouse.move(*box)
    assert "North line" in page.locator(".gd-tip").inner_text()
    page.mouse.click(*box)
    assert page.locator(".gd-panel h2").inner_text() == "North line"


@pytest_browser
@pytest.mark.parametrize(
    ("typed", "found"),
    [("север", "North line"), ("елка", "Reversible line"), ("北", "North line"), ("urum", "Ürümqi"),
     ("СУДЖА", "Sudzha"), ("plan", "Planned line")],
)  # fmt: skip
def test_search_finds_in_every_script(page, typed, found):
    page.locator(".gd-search input").fill(typed)
    assert page.locator(".gd-search li span").first.inner_text() == found


@pytest_browser
def test_search_opens_what_it_found(page):
    box = page.locator(".gd-search input")
    box.fill("nothing of the kind")
    assert page.locator(".gd-search li").inner_text() == "Nothing found"
    box.fill("север")
    box.press("Enter")
    assert page.locator(".gd-panel h2").inner_text() == "North line"


@pytest_browser
def test_nasty_texts_are_shown_and_do_nothing(page):
    choose(page, "nasty")
    assert page.locator(".gd-panel h2").inner_text().startswith("<img src=x onerror")
    assert page.locator(".gd-panel img, .gd-panel script").count() == 0
    page.locator(".gd-search input").fill("<img")
    assert page.locator(".gd-search li img").count() == 0
    page.wait_for_timeout(100)


@pytest_browser
def test_layers_hide_groups(page):
    page.locator(".gd-layers summary").click()
    page.get_by_role("checkbox", name="Export routes").uncheck()
    assert page.locator("path.gd-core[data-id]").count() == 2
    page.get_by_role("checkbox", name="Idle").uncheck()
    assert page.locator("path.gd-core[data-id]").count() == 1
    page.get_by_role("checkbox", name="Export routes").check()
    assert page.locator("path.gd-core[data-id]").count() == 3
    assert page.locator("path.gd-place").count() == 0  # the lines come first
    page.get_by_role("checkbox", name="Places").check()
    assert page.locator("path.gd-place").count() == 2
    page.get_by_role("checkbox", name="Places").uncheck()
    assert page.locator("path.gd-place").count() == 0


@pytest_browser
def test_folium_layers_of_the_user_work_offline(page):
    page.locator("img.leaflet-marker-icon").click()
    assert page.locator(".leaflet-popup-content").inner_text() == "Our own marker"
    page.keyboard.press("Escape")
    assert page.locator(".gd-pin svg").count() == 1


@pytest_browser
def test_address_restores_quarter_and_route(browser, file, page):
    go(page, 4)
    choose(page, "reverse")
    page.wait_for_url(re.compile("#2024Q1/reverse$"))
    address = page.url
    with browser.new_context() as context:
        again = context.new_page()
        again.goto(address)
        assert again.locator(".gd-now").inner_text() == "2024 Q1 (Jan–Mar)"
        assert again.locator(".gd-panel h2").inner_text() == "Reversible line"


@pytest_browser
def test_phone_has_no_sideways_scroll_and_big_buttons(browser, file):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with browsers.opened(browser, file, **phone) as (page, log):
        choose(page, "north")
        wide = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= 360 and wide[1] == 360
        for box in page.locator(".gd-buttons button, .gd-panel .gd-close").all():
            if not box.is_visible():  # pace and projection: on wide maps only
                continue
            assert box.bounding_box()["height"] >= 44
        panel = page.locator(".gd-panel").bounding_box()
        assert panel["width"] == 360 and panel["y"] > 200
        log.assert_clean()


@pytest_browser
def test_dark_mode_turns_the_basemap_dark(browser, file):
    with browsers.opened(browser, file, color_scheme="dark") as (page, log):
        sea = page.evaluate(
            "getComputedStyle(document.querySelector('.folium-map')).backgroundColor"
        )
        assert max(int(n) for n in re.findall(r"\d+", sea)) < 60
        blue = core(page, "north").evaluate("node => getComputedStyle(node).stroke")
        assert blue == "rgb(86, 180, 233)"
        log.assert_clean()


@pytest_browser
def test_texts_have_enough_contrast(browser, file):
    """WCAG AA: 4.5 to 1 for the small texts on cards and on land, by day and by night."""
    for scheme in ("light", "dark"):
        with browsers.opened(browser, file, color_scheme=scheme) as (page, _):
            names = [
                "--gd-ink",
                "--gd-soft",
                "--gd-accent",
                "--gd-flag",
                "--gd-country",
                "--gd-card",
                "--gd-land",
            ]
            ink, soft, accent, flag, country, card, land = page.evaluate(
                """names => { const s = getComputedStyle(document.querySelector('.folium-map'));
                return names.map(n => s.getPropertyValue(n).trim()); }""",
                names,
            )
            pairs = [(ink, card), (soft, card), (accent, card), (flag, card), (country, land)]
            for text, ground in pairs:
                assert contrast(text, ground) >= 4.5, (scheme, text, ground)


@pytest.mark.parametrize("night", [0, 1])
def test_lines_have_enough_contrast_on_land_and_sea(night):
    """WCAG 1.4.11: 3 to 1 for a line, also where it is drawn paler: estimate, projection, tube."""
    css = (resources.files("geodata.draw") / "static" / "draw.css").read_text(encoding="utf-8")
    grounds = {name: re.findall(rf"--gd-{name}: (#\w+);", css)[night] for name in ("land", "sea")}
    pale = [
        float(a)
        for a in re.findall(r"\.gd-(?:core\.gd-(?:light|ahead)|tube) { stroke-opacity: (\S+);", css)
    ]
    assert len(pale) == 3
    for state in ("flowing", "idle", "construction", "proposed", "cancelled", "damaged"):
        line = atlas.look.COLOURS[state][night]
        for opacity in [
            1.0,
            *(pale if state == "flowing" else [max(pale)] if state == "idle" else []),
        ]:
            for name, ground in grounds.items():
                seen = mixed(line, ground, opacity)
                assert contrast(seen, ground) >= 3, (state, opacity, name)


def mixed(colour, ground, opacity):
    parts = [[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in (colour, ground)]
    seen = [round(opacity * a + (1 - opacity) * b) for a, b in zip(*parts, strict=True)]
    return "#" + "".join(f"{value:02x}" for value in seen)


def contrast(one, two):
    def light(colour):
        channels = (
            [int(colour.lstrip("#")[i : i + 2], 16) / 255 for i in (0, 2, 4)]
            if len(colour) == 7
            else [int(c * 2, 16) / 255 for c in colour.lstrip("#")]
        )
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    high, low = sorted((light(one), light(two)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest_browser
def test_frame_of_a_notebook_works(browser, tables, tmp_path):
    path = tmp_path / "cell.html"
    path.write_text(
        f"<!doctype html><body>{atlas.build(*tables)._repr_html_()}</body>", encoding="utf-8"
    )
    with browsers.opened(browser, path) as (page, log):
        frame = page.frame_locator("iframe")
        frame.locator("path.gd-core").first.wait_for(state="attached")
        assert frame.locator("path.gd-core[data-id]").count() == 4
        frame.locator(".gd-buttons button").first.click()
        assert frame.locator(".gd-now").inner_text() == "2025 Q3 (Jul–Sep)"
        log.assert_clean()


# -- the real page --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    import energy

    path = tmp_path_factory.mktemp("real") / "map.html"
    tracker = energy.load()
    tracker.map().save(path)
    return tracker, path


@pytest_browser
def test_real_page(browser, real):
    tracker, path = real
    assert path.stat().st_size < 1_500_000
    with browsers.opened(browser, path) as (page, log):
        assert page.locator("path.gd-core[data-id]").count() == len(tracker.routes)
        cube = tracker.flows()
        length = qualifiers.days(cube)
        for step in (0, len(cube["period"]) // 2, len(cube["period"]) - 1):
            go(page, step)
            for route in cube["route"].values:
                value = float(cube["flow"].sel(route=route)[step])
                if np.isfinite(value) and abs(value) > 2:
                    cell = cube.sel(route=route).isel(period=step)  # a rate of the known days
                    sure = str(cell["status"].item()) == "balanced"
                    whole = 1.0 if sure else float(cell["coverage"])
                    days = round(whole * length[step]) / length[step]
                    shown = round(round(value, 3) * 4 * 0.2 / days, 2)
                    assert width(page, route) == pytest.approx(abs(shown), abs=0.011), (route, step)
        log.assert_clean()


@pytest_browser
def test_words_of_every_chart_can_be_read_on_a_phone(browser, real):
    phone = {"width": 390, "height": 844}
    with browsers.opened(browser, real[1], viewport=phone, has_touch=True) as (page, _):
        page.locator(".gd-stack").first.wait_for()
        seen = {"Markets": browsers.written(page, ".gd-story")}
        drawn = page.locator(".gd-markets .gd-stack").first.bounding_box()
        assert (
            drawn["width"] > 350 and drawn["height"] < 160
        )  # the whole width, and the list below it
        for tab in ("Flows", "Scenarios"):
            page.get_by_role("tab", name=tab).click()
            page.locator(".gd-sankey, .gd-fan").locator("visible=true").first.wait_for()
            seen[tab] = browsers.written(page, ".gd-story")
        page.evaluate("location.hash = '2025Q4/blue-stream'")
        page.locator(".gd-chart").wait_for()
        seen["route"] = browsers.written(page, ".gd-panel")
        for name, words in seen.items():
            assert len(words) > 5, name
            assert min(words, key=lambda word: word[1])[1] >= 11, (name, words)


@pytest_browser
def test_words_on_a_desk_are_whole_and_of_eleven_pixels(browser, real):
    """Russian names are the longest: no choice is cut, 28 px go to padding and arrow."""
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, _):
        page.goto(f"{real[1].as_uri()}#2025Q4?lang=ru")
        page.reload()
        page.locator(".gd-time select").first.wait_for()
        rooms = page.evaluate("""() => [...document.querySelectorAll('.gd-time .gd-chosen')].map(shown => {
            const pen = document.createElement('canvas').getContext('2d');
            pen.font = getComputedStyle(shown).font;
            const room = shown.clientWidth - pen.measureText(shown.textContent).width;
            return [shown.textContent, room, shown.clientHeight];
        })""")
        assert len(rooms) >= 3 and min(room for _, room, _ in rooms) >= 28, rooms
        assert max(high for *_, high in rooms) < 28, rooms  # none of them needs a second line
        small = page.evaluate("""() => ['gd-label', 'gd-ticks'].map(name => {
            const inner = name === 'gd-label' ? '<small>x</small>' : '<i class="gd-divide">x</i>';
            const node = Object.assign(document.createElement('div'), { className: name, innerHTML: inner });
            document.querySelector('.gd-map').append(node);
            const size = parseFloat(getComputedStyle(node.firstChild).fontSize);
            node.remove();
            return size;
        })""")
        assert min(small) >= 11, small


def test_what_is_not_built_has_a_planned_start():
    plan = {"status": "proposed", "start": "2031-01-01", "nameplate": 50.0}
    said = dict(atlas.lines.facts_of(plan, {}))
    assert (said["Planned start"], said["Planned capacity"]) == ("2031-01-01", "50 bcm/yr")
    built = dict(atlas.lines.facts_of(plan | {"status": "operating"}, {}))
    assert "In service" in built and "Planned start" not in built


@pytest.mark.parametrize(
    ("kind", "said"), [("contract", "50 bcm/yr, contract of the year"), ("design", "50 bcm/yr, design capacity"),
                       ("plan", "50 bcm/yr, planned capacity"), ("", "50 bcm/yr")])  # fmt: skip
def test_capacity_now_says_what_it_is(kind, said):
    record = {"status": "operating", "nameplate": 50.0, "nameplate_kind": kind}
    assert dict(atlas.lines.facts_of(record, {}))["Capacity now"] == said
    planned = dict(atlas.lines.facts_of(record | {"status": "proposed"}, {}))["Planned capacity"]
    assert planned == (said if kind != "plan" else "50 bcm/yr")
