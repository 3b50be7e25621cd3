"""The static site: every link leads somewhere, files are valid, numbers are the tracker's."""

import csv
import itertools
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import browser as browsers
import numpy as np
import pandas as pd
import pytest
import test_atlas_more

import energy.balance.cube as balanced
from energy import cli
from energy.errors import EnergyError, UsageError
from energy.publish import site
from energy.publish.atlas.story import story_of
from energy.publish.site import pages
from energy.tracker import Tracker
from geodata import draw

BASE = "https://example.org/gas/"
ATOM = "{http://www.w3.org/2005/Atom}"


class Light:
    """Stands for the atlas, which has tests of its own and takes long to draw."""

    def get_root(self):
        return self

    def render(self):
        return '<!doctype html><html lang="en"><head><title>Atlas</title></head><p>Map</p></html>'


def export(self, folder, **more):
    """Write what a page links to; the layers have tests of their own too."""
    Path(folder).mkdir(parents=True)
    (Path(folder) / "datapackage.json").write_text("{}", encoding="utf-8")


@pytest.fixture(scope="module")
def light():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Tracker, "map", lambda self, *_, **__: Light())
        patch.setattr(Tracker, "export", export)
        yield


@pytest.fixture(scope="module")
def made(tracker, light, tmp_path_factory):
    folder = tmp_path_factory.mktemp("site") / "public"
    return folder, site.write(tracker, folder, BASE, projection=False)


class Links(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.rows, self.requests = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.found += [named[a] for a in ("href", "src") if a in named]
        if tag in ("img", "script", "iframe") or named.get("rel") == "stylesheet":
            self.requests.append(named.get("src") or named.get("href") or "")
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append("")

    def handle_data(self, data):
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data


@pytest.mark.once
def test_no_link_is_dead_and_nothing_is_asked_of_others(made):
    folder, files = made
    html = [path for path in files if path.suffix == ".html"]
    assert len(html) > 80
    dead = []
    for page in html:
        links = Links(page.read_text(encoding="utf-8"))
        assert all(not urlsplit(text).scheme for text in links.requests)
        for text in links.found:
            parts = urlsplit(text)
            target = text.removeprefix(BASE) if text.startswith(BASE) else None
            if parts.scheme and target is None:
                assert parts.scheme in ("http", "https")
            elif not ((folder / target) if target else page.parent / unquote(parts.path)).is_file():
                dead.append((page.name, text))
    assert dead == []


def test_feed_and_sitemap_are_xml_of_what_is_there(made, tracker):
    folder, files = made
    feed = ET.parse(folder / "feed.xml").getroot()
    entry = feed.findall(f"{ATOM}entry")
    assert feed.tag == f"{ATOM}feed"
    assert [e.findtext(f"{ATOM}updated") for e in entry] == [f"{tracker.edition}T00:00:00Z"]
    assert all((folder / e.find(f"{ATOM}link").get("href")).is_file() for e in entry)
    places = [node.text for node in ET.parse(folder / "sitemap.xml").iter() if node.tag.endswith("loc")]  # fmt: skip
    assert sorted(places) == sorted(
        BASE + p.relative_to(folder).as_posix() for p in files if p.suffix == ".html"
    )


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("place", ["", "latest/"])
def test_the_catalogue_is_valid(made, place):
    frictionless = pytest.importorskip("frictionless")
    path = made[0] / place / "datapackage.json"
    package = json.loads(path.read_text(encoding="utf-8"))
    assert frictionless.Package.metadata_validate(package) is not None
    assert list(frictionless.Package.metadata_validate(package)) == []
    names = [resource["name"] for resource in package["resources"]]
    assert {"route-blue-stream", "market-china", "flows-annual"} <= set(names)
    keep = [r for r in package["resources"] if r["name"] in ("route-blue-stream", "market-china")]
    few = frictionless.Package({**package, "resources": keep}, basepath=str(path.parent))
    report = few.validate()
    assert report.valid, report.flatten(["fieldName", "message"])


def test_every_series_lies_in_three_forms_that_agree(made, tracker):
    folder = made[0] / "latest" / "series"
    stems = {path.stem for path in folder.glob("*.csv")}
    assert len(stems) > 50
    assert {p.stem for p in folder.glob("*.parquet")} == stems
    assert {p.name.removesuffix(".metadata.json") for p in folder.glob("*.json")} == stems
    assert (made[0] / tracker.edition / "series" / "market-china.csv").is_file()
    told = json.loads((folder / "route-blue-stream.metadata.json").read_text(encoding="utf-8"))
    with (folder / "route-blue-stream.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    table = pd.read_parquet(folder / "route-blue-stream.parquet")
    assert told["rows"] == len(rows) == len(table) > 40
    assert [field["name"] for field in told["fields"]] == list(rows[0]) == list(table.columns)
    assert all(field["description"] for field in told["fields"])
    assert told["sources"] and all(source["title"] for source in told["sources"])


@pytest.mark.parametrize("route", ["power-of-siberia-1", "nord-stream-1"])
def test_a_page_tells_the_numbers_of_the_tracker(made, tracker, route):
    text = (made[0] / "routes" / f"{route}.html").read_text(encoding="utf-8")
    shown = {row[0]: row[1] for row in Links(text).rows if row and re.fullmatch(r"\d{4}", row[0])}
    cube = tracker.flows(route, freq="A")["flow"].isel(route=0)
    known = cube[np.isfinite(cube)]
    assert len(shown) == known.size > 5
    assert shown == {
        str(int(value.period.dt.year)): f"{float(value):,.2f}" for value in known
    }  # fmt: skip
    assert f"energy cite {route}@" in text and "<svg" in text


def test_home_tells_the_headline_and_shows_each_market(made):
    text = (made[0] / "index.html").read_text(encoding="utf-8")
    assert re.search(r'class="headline">Exports by pipe to Europe fell from \d+ to \d+ bcm', text)
    assert 'href="markets/china.html"' in text and "<title>China, 2025: 38." in text


@pytest.mark.browser
@pytest.mark.parametrize("wide", [390, 760, 1440])
def test_words_of_a_chart_can_be_read_on_every_screen(made, wide):
    boxes = """() => [...document.querySelectorAll('svg')].filter(one => one.getBoundingClientRect().width)
      .map(one => [...one.querySelectorAll('text')].map(node => node.getBoundingClientRect())
        .map(r => [r.left, r.top, r.right, r.bottom]))"""
    with browsers.launched() as browser:
        for place in ("index.html", "routes/blue-stream.html", "markets/exports.html"):
            with browsers.opened(
                browser, made[0] / place, viewport={"width": wide, "height": 844}
            ) as (page, _):
                words = browsers.written(page)
                assert len(words) >= 8  # one drawing of each chart: unit, values, years
                assert 11 <= min(size for _, size in words) <= max(size for _, size in words) <= 20
                (drawn,) = page.evaluate(boxes)
                for a, b in itertools.combinations(drawn, 2):  # no word lies on another
                    assert min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])


def test_a_year_of_which_a_part_is_known_is_drawn_as_such(made):
    text = (made[0] / "routes" / "blue-stream.html").read_text(encoding="utf-8")
    pale = re.findall(r'fill-opacity="[^"]+"><title>(\d{4}): [^<]*, part of the year', text)
    assert set(pale) == {"2026"} and ">2026*</text>" in text  # one month of 2026 is published
    assert "part of the year" not in re.search(r"<title>2025: [^<]*", text)[0]


@pytest.mark.parametrize("place", ["index.html", "atlas.html", "routes/blue-stream.html"])
def test_a_link_to_a_page_shows_a_picture_and_words(made, place):
    text = (made[0] / place).read_text(encoding="utf-8")
    said = dict(re.findall(r'<meta property="og:(\w+)" content="([^"]*)">', text))
    assert (said["url"], said["image"]) == (BASE + place, BASE + "card.png")
    picture = (made[0] / "card.png").read_bytes()
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    assert [int.from_bytes(picture[i : i + 4], "big") for i in (16, 20)] == [1200, 630]
    if place == "index.html":
        assert said["description"].startswith("Exports by pipe to Europe fell from")


def test_another_edition_stays_and_a_newer_one_is_not_overwritten(tracker, tmp_path, monkeypatch):
    out = tmp_path / "public"
    out.mkdir()
    (out / "2020-01-01").mkdir()
    (out / "2020-01-01" / "datapackage.json").write_text("{}", encoding="utf-8")
    own = {"editions": {"2020-01-01": "As it was."},
           "files": ["site.json", "2020-01-01/datapackage.json"]}  # fmt: skip
    (out / "site.json").write_text(json.dumps(own), encoding="utf-8")
    with pytest.raises(EnergyError, match="holds the edition of 2020-01-01, newer than 2019-12-31"):
        site._editions(out, "2019-12-31")
    seen = []

    def fill(t, folder, base, projection, tell, kept):
        seen.append(kept)
        (folder / "index.html").write_text("new", encoding="utf-8")

    monkeypatch.setattr(site, "_fill", fill)
    files = site.write(tracker, out)
    assert seen == [{"2020-01-01": "As it was."}]
    assert files == [out / "2020-01-01" / "datapackage.json", out / "index.html"]
    assert [p.name for p in tmp_path.iterdir()] == ["public"]


def test_a_market_has_one_colour_on_the_home_page_and_on_the_atlas(tracker, made):
    """China was green here and red there."""
    home = (made[0] / "index.html").read_text("utf-8")
    keys = re.findall(r'background:(#\w{6})"></span><a href="markets/([\w-]+)\.html"', home)
    here = {market: colour.lower() for colour, market in keys}
    told = story_of(
        balanced.markets(tracker.facts), tracker.routes, tracker.events, [{"id": "2025Q4"}], None
    )
    paint = dict(re.findall(r"--gd-m(\d): (#\w{6})", draw.assets.static("draw.css")))
    there = {market["key"]: paint[str(k)] for k, market in enumerate(told["markets"])}
    assert {"europe", "ukraine", "china", "turkey"} <= set(here) & set(there)
    assert {m: here[m] for m in here if m in there} == {m: there[m] for m in there if m in here}


def test_foreign_files_are_refused_and_left(tracker, tmp_path):
    (tmp_path / "thesis.doc").write_text("mine", encoding="utf-8")
    with pytest.raises(
        EnergyError, match=r"holds what is not of a site written here: 'thesis\.doc'; name"
    ):
        site.write(tracker, tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["thesis.doc"]
    with pytest.raises(EnergyError, match="is a file; name a folder for the site"):
        site.write(tracker, tmp_path / "thesis.doc")


@pytest.mark.parametrize("base", ["example.org", "ftp://example.org/", "https://example.org/?a=1"])
def test_a_base_that_is_no_address_is_refused(tracker, tmp_path, base):
    with pytest.raises(UsageError, match="is no address of a site; expected for example 'https"):
        site.write(tracker, tmp_path / "public", base)


def test_a_fault_leaves_the_old_site(light, tracker, tmp_path, monkeypatch):
    def fail(t):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pages, "gather", fail)
    out = tmp_path / "public"
    out.mkdir()
    with pytest.raises(OSError, match="No space"):
        site.write(tracker, out, projection=False)
    assert [p.name for p in tmp_path.iterdir()] == ["public"] and list(out.iterdir()) == []


def test_the_verb_refuses_a_foreign_folder_with_one_sentence(capsys, tmp_path):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    assert cli.main(["site", str(tmp_path)]) == 1
    assert "name an empty folder" in capsys.readouterr().err


@pytest.mark.browser
@pytest.mark.parametrize(
    ("scheme", "places"),
    [("light", ["index.html", "data.html"]), ("dark", ["routes/blue-stream.html"])],
)
def test_pages_open_from_disk_without_a_word_and_axe_finds_nothing(made, scheme, places):
    script = test_atlas_more.axe()
    options = {"viewport": {"width": 390, "height": 844}, "color_scheme": scheme}
    with browsers.launched() as browser:
        for place in places:
            with browsers.opened(browser, made[0] / place, **options) as (page, log):
                own = made[0].resolve().as_uri()
                log.requests[:] = [url for url in log.requests if not url.startswith(own)]
                assert page.evaluate("document.documentElement.scrollWidth") <= 390
                log.assert_clean()
                page.evaluate(
                    script
                )  # its preload would ask for the style sheet, which no file may
                found = page.evaluate("axe.run(document, {preload: false})")["violations"]
                assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
