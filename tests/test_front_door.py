"""The front door: every result can be cited, rows say all of themselves, a future day is refused."""

import datetime as dt
import importlib
import inspect
import pkgutil

import pandas as pd
import pytest

import energy
import geodata
from energy.errors import PeriodError, UnknownName, UsageError
from energy.provenance import rests
from energy.tracker import Tracker
from energy.tracker.facet import Facet

RESULTS = {  # what the front door returns, and an id, a source or a route behind it
    "a variable of the cube": (lambda t: t.flows("power-of-siberia-1", freq="A").flow, "V"),
    "one cell of it": (lambda t: t.flows("blue-stream").flow.isel(route=0, period=-9), ""),
    "markets": (lambda t: t.markets().loc[["turkey"]], "V"),
    "exports": (lambda t: t.exports().query("market == 'turkey'"), "V"),
    "routes": (lambda t: t.routes.head(3), ""),
    "events": (lambda t: t.events.head(2), "E001"),
    "sources": (lambda t: t.sources.head(2), "112-ua-on-bloomberg-c05f"),
    "bridge": (lambda t: t.bridge("2022"), "X0033"),
    "netback": (lambda t: t.money.netback("nord-stream-1", "2020"), "N0018"),
    "residuals": (lambda t: t.money.residuals([2022]), "F"),
    "price model": (lambda t: t.money.prices.model(first="2024Q1"), "P"),
    "economics": (lambda t: t.economics(), "J0021"),
    "economics of a line": (lambda t: t.economics("power-of-siberia-2"), "C0014"),
    "stranded": (lambda t: t.network.idle.stranded("2025", ["blue-stream"]), "R"),
    "reroute": (lambda t: t.reroute("blue-stream", by="2021"), "R"),
    "links": (lambda t: t.network.links(), ""),
    "timing": (lambda t: t.timing(), "H"),
    "gates of a line": (lambda t: t.timing("power-of-siberia-2"), "R0026"),
    "scenarios": (lambda t: t.ahead.scenarios(), "azlaw-eu-regulation-2026-261"),
    "revisions": (lambda t: t.evidence.revisions("package"), "V"),
    "search": (lambda t: t.search("chayanda"), ""),
    "supply": (lambda t: t.supply("eu", "2024"), "U0031"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RESULTS)
def test_every_result_of_the_front_door_is_cited(tracker, name):
    make, wanted = RESULTS[name]
    cited = tracker.cite(make(tracker))
    assert len(cited) and (cited["title"] != "").all()
    assert any(text.startswith(wanted) for text in cited["id"])


@pytest.mark.slow
def test_a_projection_and_a_what_if_rest_on_their_assumptions(tracker):
    found = tracker.what_if("blue-stream", stop="2027", until="2027", draws=50)
    ids = set(tracker.cite(found)["id"])
    assert ids == set(tracker.cite(found.control)["id"])
    assert "azlaw-eu-regulation-2026-261" in ids


@pytest.mark.parametrize("letters", rests.TABLES)
def test_an_id_of_every_table_resolves(tracker, letters):
    table = rests.TABLES[letters]
    rows = tracker.facts[table]
    name = rows["event" if table == "events" else "id"].iloc[0]
    assert name.rstrip("0123456789") == letters
    cited = tracker.cite(name).iloc[0]
    assert (cited["id"], cited["table"]) == (name, table)
    assert cited["title"] and (cited["note"] == rows["note"].iloc[0] if "note" in rows else True)


def test_an_assumption_says_that_it_is_one(tracker):
    rule = tracker.cite("TR0001").iloc[0]
    assert (
        rule["title"] == "assumption: the note says why"
        and rule["what"] == "rule wider_share talks"
    )
    line_d = tracker.cite("BA001").iloc[0]
    assert line_d["title"] == "Interfax: price of Russian gas to China, 2025" or line_d["url"]


def test_what_leads_nowhere_is_told(tracker):
    with pytest.raises(UsageError, match="Nothing in this DataFrame names a figure"):
        tracker.cite(pd.DataFrame({"x": [1.0, 2.0]}))
    with pytest.raises(UsageError, match="Nothing in this DataArray names"):
        tracker.cite(tracker.flows().flow.sum(("route", "period")))
    with pytest.raises(UnknownName, match="Unknown id 'V9999'"):
        tracker.cite(["V9999"])


def test_a_table_says_what_it_rests_on_in_ids_routes_sources_or_tables(tracker):
    made = rests.resting(pd.DataFrame({"x": [1.0]}), ["V0001;V0002", "no such thing"])
    assert rests.ids(made, tracker.facts) == {"V0001", "V0002"}
    whole = rests.resting(pd.DataFrame({"x": [1.0]}), ["capex"])
    assert rests.ids(whole, tracker.facts) == set(tracker.facts["capex"]["id"])


def test_a_day_that_has_not_come_is_refused(tracker):
    next_year = str(dt.datetime.now(dt.UTC).year + 1)
    for word in (f"{next_year}-01-01", f"{next_year}Q4", next_year):
        with pytest.raises(PeriodError, match=f"'{word}' lies in the future"):
            tracker.as_of(word)
    with pytest.raises(PeriodError, match="It is no release either"):
        tracker.as_of("release-nine")


def test_exports_say_all_of_themselves(tracker):
    table = tracker.exports().set_index(["market", "period"])
    total, parts = table[table["total"]], table[~table["total"]]
    abroad = parts.drop("kaliningrad", level="market").groupby("period")["flow"].sum()
    gap = total.droplevel("market")["flow"] - abroad.reindex(total.index.get_level_values("period"))
    assert gap.abs().max() < 1e-6  # the sum abroad is the sum of the markets abroad
    year = table.loc[("exports", "2021")]
    assert (year["unit"], year["basis"], year["as_of"]) == ("bcm", "20C", tracker.edition)
    assert year["p10"] < year["flow"] < year["p90"]
    assert table.loc[("china", "2025"), "coverage"] == 1
    assert table.loc[("belarus", "2025"), "coverage"] == 0  # nobody publishes it
    assert 0.5 < table.loc[("exports", "2025"), "coverage"] < 1


@pytest.mark.slow
def test_a_period_that_is_not_over_is_marked(tracker):
    rows = tracker.as_of("2022-06-30").exports("Q").query("market == 'europe'").set_index("period")
    assert rows.loc["2022Q2", "whole"] and (rows.index <= "2022Q2").all()
    wide = tracker.as_of("2022-06-30").markets()
    assert wide.attrs["as_of"] == "2022-06-30" and wide.attrs["unit"] == "bcm"


def test_tracker_and_facets_show_themselves_in_a_notebook(tracker):
    card = tracker._repr_html_()
    assert "60 routes" in card or f"{len(tracker.lines)} routes" in card
    assert "<code>t.flows</code>" in card and "<code>t.money</code>" in card
    for facet in (tracker.money, tracker.network, tracker.ahead, tracker.maps, tracker.evidence):
        assert "<table>" in facet._repr_html_()


def test_standards_in_any_case(tracker):
    assert tracker.financials("ifrs").equals(tracker.financials("IFRS"))


def test_a_rerouting_and_a_timing_show_their_tables_in_a_notebook(tracker):
    shown = tracker.reroute("turkstream", by="2021")._repr_html_()
    assert "<p>Without turkstream-1, turkstream-2, bcm a year</p>" in shown
    assert "<td>31.5</td>" in shown  # what is lost
    gates = tracker.timing("power-of-siberia-2")._repr_html_()
    assert gates.startswith("<p>power-of-siberia-2</p><table") and "<th>first_gas</th>" in gates


def classes():
    """Return the classes of both packages by name, those of rows of tables left out."""
    found = {}
    for package in (energy, geodata):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if module.name.endswith("__main__") or module.name == "energy.measure.tables":
                continue
            held = vars(importlib.import_module(module.name)).values()
            found |= {one.__name__: one for one in held
                      if inspect.isclass(one) and one.__module__ == module.name}  # fmt: skip
    return found


def returned(owner):
    """Return what each public member of a class says that it returns, its arguments left out."""
    members = [(name, member) for name, member in vars(owner).items() if not name.startswith("_")]
    called = {name: inspect.unwrap(getattr(member, "fget", None) or getattr(member, "func", member))
              for name, member in members}  # fmt: skip
    return {f"{owner.__name__}.{name}": inspect.signature(member).return_annotation
            for name, member in called.items() if inspect.isfunction(member)}  # fmt: skip


@pytest.mark.slow
def test_every_result_of_the_front_door_shows_itself_in_a_notebook():
    """Each public method and property of the tracker and its facets is asked what it returns."""
    known = classes()
    told = {name: said for owner in (Tracker, *Facet.__subclasses__())
            for name, said in returned(owner).items()}  # fmt: skip
    assert len(told) > 90
    ours = {name: known[said.split(".")[-1]] for name, said in told.items()
            if said not in ("pd.Series", "Path", "Figure") and str(said).split(".")[-1] in known}  # fmt: skip
    assert {"Network.clear", "Network.min_cost", "Ahead.bargain", "Ahead.counterfactual",
            "Ahead.leaves", "Prices.formula", "Money.prices", "Tracker.map", "Tracker.money"} <= set(ours)  # fmt: skip
    assert [name for name, one in ours.items() if not hasattr(one, "_repr_html_")] == []


CARDS = {  # what a card says above its table, and a word of the table
    "bargain": (lambda t: t.ahead.bargain(draws=100),
                "power-of-siberia-2, USD/1000 m3 at 20 °C; both gain in", "<th>ceiling</th>"),
    "counterfactual": (lambda t: t.ahead.counterfactual(until="2022Q2", draws=100),
                       "2022Q1 to 2022Q2: bcm at 20 °C", "<th>lost_usd_paid_p50</th>"),
    "formula": (lambda t: t.money.prices.formula(), "USD/1000 m3: ", "<td>modelled</td>"),
    "leaves": (lambda t: t.ahead.leaves, "draws of each leaf, 2026 to 2040",
               "<td>million USD a year</td>"),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("name", CARDS)
def test_the_card_of_a_result_has_its_units_and_its_table(tracker, name):
    make, said, word = CARDS[name]
    shown = make(tracker)._repr_html_()
    assert said in shown.partition("</p>")[0] and word in shown


@pytest.mark.slow
def test_the_cards_of_what_a_solver_found(tracker):
    pytest.importorskip("linopy", reason="linopy is not installed (extra: network)")
    year = tracker.network.clear("2024")._repr_html_()
    assert "million USD; bcm a quarter, price in USD/1000 m3" in year and "<td>europe</td>" in year
    cheapest = tracker.network.min_cost({"europe": 100}, "2021-12-31")._repr_html_()
    assert "shadow in USD/1000 m3" in cheapest and "<td>bovanenkovo-ukhta</td>" in cheapest
    assert "<td>srto-north</td>" not in cheapest  # carries nothing there
