"""The built page in a real browser: no number without its qualifiers, and what is left out is found."""

import browser as browsers
import pytest
import shown

from energy.publish import atlas, qualifiers

pytestmark = pytest.mark.browser
ROUTES = ["blue-stream", "power-of-siberia-1", "turkstream-2", "nord-stream-1", "yamal-europe",
          "central-asia-center", "china-russia-east", "ukraine-transit"]  # fmt: skip


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as made:
        yield made


def saved(tracker, folder, estimate):
    """Build the page of some routes from 2019 on; return its cube and file."""
    lines = [line for line in tracker.routes.index if line in ROUTES]
    cube = tracker.flows(estimate=estimate, first="2019Q1").sel(route=lines)
    months = tracker.flows(estimate=estimate, freq="M", first="2019").sel(route=lines)
    path = folder / f"{estimate}.html"
    sources = tracker.facts["sources"].set_index("source")
    atlas.build(tracker.routes.loc[lines], cube, tracker.events, sources, facts=tracker.facts,
                months=months).save(path)  # fmt: skip
    return cube, path


@pytest.fixture(scope="module")
def balanced(tracker, tmp_path_factory, browser):
    cube, path = saved(tracker, tmp_path_factory.mktemp("shown"), "balanced")
    with browsers.opened(browser, path) as (page, log):
        yield cube, page
        log.assert_clean()


@pytest.fixture(scope="module")
def reported(tracker, tmp_path_factory, browser):
    cube, path = saved(tracker, tmp_path_factory.mktemp("shown"), "reported")
    with browsers.opened(browser, path) as (page, log):
        yield cube, page
        log.assert_clean()


def lacking(made, route, step, plant=""):
    """Return what the page leaves out of a cell, after some lines of script have spoiled it."""
    cube, page = made
    at = cube.get_index("period").get_loc(atlas.timeline.periods.parse(step).start.isoformat())
    told = page.evaluate(shown.READ, [route, step, plant])
    cell = cube.sel(route=route).isel(period=at)
    return shown.unsaid(told, cell, int(qualifiers.days(cube)[at]))


@pytest.mark.parametrize("step", ["2021Q2", "2022Q3", "2025Q4", "2026Q1", "2026Q2"])
def test_every_number_of_the_page_carries_its_qualifiers(balanced, step):
    found = {route: lacking(balanced, route, step) for route in ROUTES}
    assert {route: told for route, told in found.items() if told} == {}


def test_a_month_of_a_quarter_is_called_one_and_drawn_at_its_rate(reported):
    """Blue Stream, October 2025: 31 of 92 days, hatched, at three times a third of a quarter."""
    cube, page = reported
    assert float(cube["coverage"].sel(route="blue-stream", period="2026-01-01")) < 0.35
    for route, step in (("blue-stream", "2026Q1"), ("turkstream-2", "2026Q2")):
        assert lacking(reported, route, step) == []
    told = page.evaluate(shown.READ, ["blue-stream", "2026Q1", ""])
    assert "Jan only, 31 of 90 days" in told["tip"]
    assert told["drawn"]["dash"] == "7 2"


def without(where, query):
    """Take what a query finds out of a part of the page."""
    return f"if (door === '{where}') for (const node of document.querySelectorAll(`{query}`)) node.remove();"


def emptied(where, query):
    """Take the words out of what stays on the page from line to line."""
    return f"if (door === '{where}') document.querySelector('{query}').textContent = '';"


def silent(kind):
    """Let the page itself forget a kind of qualifier, at every door that asks it."""
    return (f"if (door !== 'before') return; const ask = Object.getPrototypeOf(model).qualifiers;"
            f"model.qualifiers = (...of) => ask.apply(model, of).filter(([kind]) => kind !== '{kind}');")  # fmt: skip


def told_less(words):
    """Take some words out of the tooltip."""
    return ("if (door === 'tip') { const node = line.hit.getTooltip().getElement();"
            f"node.textContent = node.textContent.replace(/{words}/, ''); }}")  # fmt: skip


def in_panel(key, kind):
    return without("panel", f".gd-panel [data-key={key}] dd > [data-said={kind}]")


def in_table(column):
    return without("table", f".gd-table td[data-key={column}]")


def drawn(name, value):
    return f"if (door === 'line') line.core.getElement().setAttribute('{name}', '{value}');"


BLUE = ("balanced", "blue-stream", "2026Q1")  # a month published, the quarter from the balance
MONTH = ("reported", "blue-stream", "2026Q1")  # the month alone
SHUT = ("balanced", "yamal-europe", "2025Q4")  # a zero by a dated fact
ONWARD = ("balanced", "china-russia-east", "2025Q4")  # a line that nobody publishes
OMISSIONS = [
    (BLUE, in_panel("value", "status"), "panel: value without its status"),
    (BLUE, in_panel("value", "basis"), "panel: value without its basis"),
    (BLUE, in_panel("value", "interval"), "panel: value without its interval"),
    (BLUE, in_panel("value", "age"), "panel: value without its age"),
    (BLUE, in_panel("reported", "coverage"), "panel: reported without its coverage"),
    (BLUE, in_panel("reported", "status"), "panel: reported without its status"),
    (BLUE, in_panel("limit", "kind"), "panel: limit without its kind"),
    (BLUE, in_panel("share", "kind"), "panel: share without its kind"),
    (BLUE, in_panel("price", "status"), "panel: price without its status"),
    (BLUE, in_panel("price", "interval"), "panel: price without its interval"),
    (BLUE, in_panel("revenue", "status"), "panel: revenue without its status"),
    (BLUE, without("panel", ".gd-panel h3"), "panel: no period"),
    (BLUE, without("panel", ".gd-bar.gd-current title"), "bar: no status"),
    (BLUE, without("tip", ".gd-tip [data-said=interval]"), "tip: no interval"),
    (BLUE, without("tip", ".gd-tip [data-said=age]"), "tip: no age"),
    (BLUE, told_less(r"\(at 20 °C\)"), "tip: no basis"),
    (BLUE, told_less("of the most ever metered"), "tip: no kind"),
    (BLUE, in_table("reported-part"), "table: reported without its coverage"),
    (BLUE, in_table("low"), "table: value without its p10"),
    (BLUE, in_table("kind"), "table: limit without its kind"),
    (BLUE, in_table("price-grade"), "table: price without its status"),
    (BLUE, without("table", ".gd-table th small"), "table: no unit above value"),
    (BLUE, emptied("table", ".gd-table caption"), "table: the caption does not say of when"),
    (BLUE, silent("interval"), "cited: no interval"),
    (BLUE, silent("status"), "label: no status"),
    (MONTH, silent("coverage"), "cited: no coverage"),
    (MONTH, without("tip", ".gd-tip [data-said=coverage]"), "tip: no coverage"),
    (MONTH, in_table("coverage"), "table: value without its coverage"),
    (MONTH, drawn("stroke-dasharray", ""), "line: a part of a period is drawn as if it were whole"),
    (MONTH, drawn("stroke-width", "1.27"), "line: as wide as 1.27, of the known days 3.67"),
    (SHUT, in_panel("value", "age"), "panel: value without its age"),
    (SHUT, in_table("seen"), "table: value without its age"),
    (ONWARD, in_panel("value", "own"), "panel: value without its own"),
    (ONWARD, silent("own"), "tip: no own"),
]  # fmt: skip


def test_every_omission_planted_in_the_page_is_found(balanced, reported):
    """Each is left out in a live page, at one door or in the code that all doors ask."""
    pages = {"balanced": balanced, "reported": reported}
    missed = {}
    for (estimate, route, step), plant, named in OMISSIONS:
        found = lacking(pages[estimate], route, step, plant)
        pages[estimate][1].evaluate(
            "delete document.querySelector('.folium-map').geodraw.qualifiers"
        )
        if not any(told.startswith(named) for told in found):
            missed[f"{estimate}: {named}"] = found
    assert missed == {}
    assert len(OMISSIONS) == 34
    assert lacking(balanced, *BLUE[1:]) == lacking(reported, *MONTH[1:]) == []
