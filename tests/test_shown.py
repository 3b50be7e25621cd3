"""The built page in a real browser: no number without its qualifiers, and what is left out is found."""

import json
import re

import browser as browsers
import numpy as np
import pytest
import shown

from energy.balance import cube
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


@pytest.fixture(scope="module")
def told_ahead(tracker, tmp_path_factory, browser):
    """A page that tells exports by market, the tour and what may come; the projection it is made of."""
    lines = [line for line in tracker.routes.index if line in {*ROUTES, "power-of-siberia-2"}]
    flows = tracker.flows(first="2021Q1").sel(route=lines)
    made = tracker.ahead.shown
    made = made.sel(route=[line for line in made["route"].values if line in lines])
    path = tmp_path_factory.mktemp("ahead") / "page.html"
    atlas.build(tracker.routes.loc[lines], flows, tracker.events,
                tracker.facts["sources"].set_index("source"), facts=tracker.facts, projection=made,
                markets=cube.markets(tracker.facts)).save(path)  # fmt: skip
    with browsers.opened(browser, path, viewport={"width": 1440, "height": 900}) as (page, log):
        page.locator(".gd-markets caption").wait_for()
        yield made, page
        log.assert_clean()


def lacking_story(tracker, told_ahead, step, scenario, plant=""):
    made, page = told_ahead
    told, year = page.evaluate(shown.READ_STORY, [step, scenario, plant]), int(step[:4])
    size = made["flow_year_if_flowing"].sel(
        scenario="mixture", route="power-of-siberia-2", year=2035
    )
    stop = tuple(float(size.sel(quantile=level)) for level in (0.5, 0.1, 0.9))
    if year in made["year"].values:
        cells = made["exports_year"].sel(scenario=scenario, year=year)
        markets = {str(name): tuple(float(cells.sel(market=name, quantile=level)) for level in (0.5, 0.1, 0.9))
                   for name in cells["market"].values}  # fmt: skip
        markets = {name: row for name, row in markets.items() if row[2] >= 0.05}
        words = {"mixture": "weighted mixture", **json.loads(made.attrs["words"])}[scenario]
        return shown.unsaid_story(told, markets, f"projected: {words}", stop)
    table = cube.markets(tracker.facts).xs(np.datetime64(f"{year}-01-01"), level=1)
    markets = {name: tuple(table.loc[name, ["flow", "p10", "p90"]]) for name in ("europe", "china")}
    return shown.unsaid_story(told, markets, "balanced", stop)


@pytest.mark.parametrize(
    ("step", "scenario"),
    [("2021Q4", "mixture"), ("2035Q1", "mixture"), ("2030Q1", "settlement-reached")],
)
def test_markets_and_tour_carry_their_qualifiers(tracker, told_ahead, step, scenario):
    assert lacking_story(tracker, told_ahead, step, scenario) == []


def lost(door, query):
    return f"if (door === '{door}') for (const node of document.querySelectorAll(`{query}`)) node.textContent = '';"


LOST = [  # in one opening of the page each, for a tour takes a second
    {
        lost("markets", ".gd-markets caption"): "markets: no bcm at 20 °C",
        lost("years", ".gd-axis-title"): "years: no basis or standing",
        lost("tour", ".gd-stop [data-said=basis]"): "tour: 2035Q4 without its basis",
    },
    {
        lost("markets", "tr[data-market=china] [data-said]"): "markets: china without its interval",
        lost("tour", ".gd-stop [data-said=status]"): "tour: 2021Q4 without its status",
        lost("tour", ".gd-stop [data-said=interval]"): "tour: the ends are not",
    },
    {
        lost("markets", "tr[data-market=china] [data-number]"): "markets: china is ''",
        lost("tour", ".gd-stop"): "tour: a volume without the chance",
    },
]


def test_what_markets_and_tour_leave_out_is_found(tracker, told_ahead):
    for plants in LOST:
        found = lacking_story(tracker, told_ahead, "2035Q1", "mixture", "\n".join(plants))
        for named in plants.values():
            assert any(told.startswith(named) for told in found), (named, found)
        told_ahead[1].evaluate(
            "void document.querySelector('.folium-map').geodraw.map.fire('gd:change')"
        )
    assert lacking_story(tracker, told_ahead, "2035Q1", "mixture") == []


def lacking_largest(tracker, told_ahead, step, plant=""):
    told = told_ahead[1].evaluate(shown.READ_LARGEST, [step, plant])
    cube = tracker.flows(first="2021Q1").sel(route=list(told))
    at = cube.get_index("period").get_loc(atlas.timeline.periods.parse(step).start.isoformat())
    assert len(told) >= 3
    return shown.unsaid_largest(told, cube.isel(period=at), int(qualifiers.days(cube)[at]))


@pytest.mark.parametrize("step", ["2021Q4", "2026Q1"])
def test_the_largest_flows_carry_their_qualifiers(tracker, told_ahead, step):
    assert lacking_largest(tracker, told_ahead, step) == []
    plant = (
        "document.querySelectorAll('.gd-largest [data-said=age]').forEach(node => node.remove())"
    )
    assert "turkstream-2 without its age" in lacking_largest(tracker, told_ahead, step, plant)


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


@pytest.mark.parametrize(
    ("language", "badge", "now"),
    [("en", r"\d{3} % of the contract of the year", "38 bcm/yr, contract of the year"),
     ("ru", r"\d{3} %, контракт года", "38\N{NO-BREAK SPACE}млрд м³/год, контракт года"),
     ("zh", r"当年合同量的 \d{3} %", "38\N{NO-BREAK SPACE}十亿立方米/年, 当年合同量")])  # fmt: skip
def test_a_capacity_says_its_kind_on_the_map_and_in_the_panel(balanced, language, badge, now):
    """Power of Siberia, 2025Q4: 38.8 bcm a year on a contract of 38."""
    page = balanced[1]
    said = page.evaluate("""language => {
        const model = document.querySelector('.folium-map').geodraw;
        model.setLanguage(language);
        model.setStep(model.steps.findIndex(one => one.id === '2025Q4'));
        model.select(model.byId.get('power-of-siberia-1'), true);
        const text = [document.querySelector(".gd-over [data-id='power-of-siberia-1']").textContent,
            document.querySelector('.gd-facts').textContent];
        model.select(null);
        model.setLanguage('en');
        return text;
    }""", language)  # fmt: skip
    assert re.fullmatch(badge, said[0]) and now in said[1], said


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
