"""Every table and cube of the front door names the unit of each of its numeric columns."""

import inspect
import operator

import pandas as pd
import pytest
import xarray as xr

from energy.cli.terminal import show
from energy.network import cuts
from energy.tracker import Tracker, ahead, columns, evidence, maps, money, network, scoring

WAYS = {
    "Tracker": "",
    "Prices": "money.prices",
    "Proposed": "money.proposed",
    "Idle": "network.idle",
}
POS2 = "power-of-siberia-2"
ASKED = {  # what is asked where a table wants something named
    "Tracker.bridge": (2023,), "Tracker.cite": ("blue-stream",), "Tracker.explain": ("blue-stream", "2020Q1"),
    "Tracker.mirror": ("turkstream-2", "2024"), "Tracker.search": ("turk",),
    "Evidence.changes": ("2025-01-01", "2026-01-01"), "Evidence.pairs": ("turkstream-2", "2026-01"),
    "Evidence.projected": ("mixture", "blue-stream", "2030Q1"),
    "Proposed.assumptions": (POS2,), "Money.bridge_items": (2023,), "Money.netback": ("nord-stream-1", "2020"),
    "Money.residuals": ([2022, 2023],), "Proposed.tornado": (POS2,), "Ahead.tornado": (POS2,),
    "Maps.flows": ("2021",),
    "Tracker.reroute": ("blue-stream", "2021"),
    "Network.losses": ("2026Q1",), "Network.ways": ("2021",),
}  # fmt: skip
NAMED = {"Evidence.filled": {"vintages": False}}
ELSEWHERE = {  # long runs, or they want such a run: `UNITS_OF_RUNS` has their columns
    "Scoring.backtest", "Scoring.skill", "Scoring.log", "Ahead.project", "Tracker.project",
    "Tracker.what_if", "Ahead.what_if", "Ahead.counterfactual", "Ahead.nowcast",
    "Evidence.league", "Evidence.ledger", "Ahead.bargain", "Ahead.regimes", "Network.clear",
    "Network.min_cost",
}  # fmt: skip
UNITS_OF_RUNS = {  # as their docstrings name them
    "Scoring.backtest": "actual median crps wis error scale pit",
    "Scoring.skill": "skill crps wis inside50 inside80 inside90 inside95 bias cells origins",
    "Scoring.log": "p10 p50 p90",
    "Ahead.nowcast": "p10 p50 p90 known coverage",
    "Ahead.regimes": "hazard events years",
    "Ahead.bargain.summary": "mode p10 p50 p90",
    "Ahead.bargain.sensitivities": "low high price_low price_high chance_low chance_high",
    "Ahead.bargain.variants": "floor ceiling price chance",
    "Network.clear.flows": "flow fuel shadow",
    "Network.clear.markets": "demand pipe lng stored unmet price",
    "Network.min_cost.edges": "flow paid unit_cost cost shadow",
    "Evidence.ledger": "value bcm taken share",
    "Evidence.league": "figures subjects bias noise aside revisions revision",
    "Ahead.counterfactual.paths": "actual p10 p50 p90 price price_p10 price_p50 price_p90",
    "Ahead.counterfactual.lost": "actual without_p10 earned lost_p10 lost_usd_p10 lost_usd_paid_p10",
    "Ahead.counterfactual.placebos": "quarters actual expected lost z z_without",
}
MORE = {  # the same view asked otherwise
    "economics of a line": lambda t: t.economics(POS2),
    "pairs summed": lambda t: t.evidence.pairs("turkstream-2", "2026-01", summed=True),
    "each revision": lambda t: t.evidence.revisions(each=True),
    "markets in energy": lambda t: t.markets(unit="TWh"),
    "market coverage": lambda t: t.markets(what="coverage"),
    "reroute, one table": lambda t: t.reroute("blue-stream", by="2021").table(),
}


def views():
    """Return the public functions and properties that give tables, cubes or results of several."""
    found = {}
    for kind in (Tracker, evidence.Evidence, money.Money, money.Prices, money.Proposed,
                 network.Network, network.Idle, ahead.Ahead, maps.Maps,
                 scoring.Scoring):  # fmt: skip
        for name, member in vars(kind).items():
            call = member.fget if isinstance(member, property) else member
            if name.startswith("_") or not inspect.isfunction(call):
                continue
            told = str(call.__annotations__.get("return", ""))
            place = columns.ALIASES.get(f"{kind.__name__}.{name}", f"{kind.__name__}.{name}")
            whole = told.split(" | ")[0] in (
                "pd.DataFrame", "gpd.GeoDataFrame", "xr.Dataset", "pd.Series")  # fmt: skip
            if whole or any(key.startswith(f"{place}.") for key in columns.UNITS):
                found[f"{kind.__name__}.{name}"] = member
    return found


def ask(t, place):
    home, name = place.split(".")
    way = WAYS.get(home, home.lower())
    found = operator.attrgetter(f"{way}.{name}".lstrip("."))(t)
    return found(*ASKED.get(place, ()), **NAMED.get(place, {})) if callable(found) else found


def without(made):
    """Return the columns of figures that stand without a unit."""
    if isinstance(made, xr.Dataset):
        return [name for name, held in made.data_vars.items()
                if held.dtype.kind in "fiu" and not held.attrs.get("units")]  # fmt: skip
    told = made.attrs.get("units", {})
    if isinstance(made, pd.Series):
        return [
            name for name, value in made.items() if isinstance(value, float) and name not in told
        ]
    bare = [name for name in columns.figures(made)
            if made[name].notna().any() and columns.text(name) not in told]  # fmt: skip
    homeless = [name for name, unit in told.items() if unit.startswith("as column")
                and unit.split()[2] not in made]  # fmt: skip
    return bare + homeless


def tables_of(made):
    if isinstance(made, pd.DataFrame | pd.Series | xr.Dataset):
        return {"": made}
    return {name: held for name, held in vars(made).items() if isinstance(held, pd.DataFrame)}


@pytest.mark.parametrize("place", sorted(set(views()) - ELSEWHERE))
def test_every_figure_of_the_front_door_has_its_unit(place, tracker):
    found = {part: bare for part, table in tables_of(ask(tracker, place)).items()
             if (bare := without(table))}  # fmt: skip
    assert found == {}


@pytest.mark.parametrize("what", MORE)
def test_a_view_asked_otherwise_has_its_units_too(what, tracker):
    assert without(MORE[what](tracker)) == []


@pytest.mark.parametrize("place", UNITS_OF_RUNS)
def test_a_table_of_a_long_run_has_its_units(place):
    names = UNITS_OF_RUNS[place].split()
    table = pd.DataFrame(1.0, index=range(2), columns=names).assign(unit="bcm")
    assert without(columns.label(table, columns.UNITS[place])) == []


def test_the_test_sees_a_figure_without_a_unit():
    bare = pd.DataFrame({"route": ["a", "b"], "flow": [1.0, 2.0], "price": [200.0, 300.0]})
    assert without(bare) == ["flow", "price"]
    assert without(columns.label(bare, {"flow": "bcm"})) == ["price"]
    assert without(columns.label(bare, {"*": columns.ROW})) == ["flow", "price"]  # no column unit
    assert without(columns.label(bare.assign(unit="bcm"), {"*": columns.ROW})) == []


def test_units_are_of_views_that_exist():
    known = {*views(), "Tracker.economics"}
    assert {".".join(key.split(".")[:2]) for key in columns.UNITS} <= known
    assert set(columns.ALIASES) <= known


def test_units_by_hand(tracker):
    units = tracker.network.idle.stranded("2025").attrs["units"]
    assert (units["idle"], units["idle_bcm_km"], units["capex"]) == (
        "bcm at 20 °C", "bcm·km", "million USD")  # fmt: skip
    assert tracker.markets(unit="TWh").attrs["units"]["2021-01-01"] == "TWh (GCV)"
    assert tracker.routes.attrs["units"]["nameplate"] == "bcm/yr at 20 °C"
    by_line = tracker.economics(POS2)["unit"].to_dict()
    assert by_line == {"breakeven": "USD/1000 m3", "npv": "million USD", "irr": "percent a year"}
    assert tracker.money.proposed.tornado(POS2, "npv").attrs["units"]["swing"] == "million USD"
    assert set(tracker.money.proposed.tornado(POS2)["unit"]) > {"years", "USD bn"}
    standings = tracker.scoring.standings()
    assert standings.loc["export_price", "unit"].unique().tolist() == ["USD/1000 m3"]
    assert standings.attrs["units"]["no_change"] == "1"


def test_a_notebook_and_a_terminal_show_the_units(tracker, capsys):
    table = tracker.network.idle.stranded("2025")
    said = "capacity, flow, idle, lost: bcm at 20 °C · utilisation: share, 1 = all"
    assert said in table._repr_html_()
    assert type(table.head()) is pd.DataFrame  # a share of it is no bcm: it says nothing
    show(table[["name", "flow", "capex"]])
    assert capsys.readouterr().out.splitlines()[-1] == "flow: bcm at 20 °C · capex: million USD"
    show(pd.DataFrame({"flow": [1.0]}))
    assert capsys.readouterr().out.splitlines() == ["flow", "   1"]


def test_a_table_with_units_goes_into_files(tracker, tmp_path):
    table = tracker.markets()
    table.columns = [f"{day:%Y}" for day in table.columns]
    table.to_parquet(tmp_path / "markets.parquet")
    pd.to_pickle(tracker.bridge(2023), tmp_path / "bridge.pickle")
    assert (
        pd.read_parquet(tmp_path / "markets.parquet").attrs["units"]["2021-01-01"] == "bcm at 20 °C"
    )
    assert pd.read_pickle(tmp_path / "bridge.pickle").attrs["units"]["musd"] == "million USD"


def test_the_tables_of_a_way_out_are_told(tracker):
    made = tracker.reroute("blue-stream", by="2021")
    assert isinstance(made, cuts.Reroute)
    assert made.losses.attrs["units"] == dict.fromkeys(["volume", "loss"], "bcm/yr at 20 °C")
