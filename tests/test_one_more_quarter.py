"""Quarters come; nothing that says "newest" stays behind. No date of today stands in a default."""

import ast
import datetime as dt
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import energy
from energy.balance import kept
from energy.measure import periods
from energy.projection import backtest, scenarios
from energy.publish import qualifiers
from energy.publish.atlas import timeline

ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.slow


def next_quarters(tracker):
    """Return the quarters after the last one known, to the end of a year."""
    at = periods.quarter_number(periods.parse(tracker.last).start) + 1
    end = 4 * (at // 4 + 1)
    return [periods.quarter_label(number) for number in range(at, end)]


@pytest.fixture(scope="module")
def later(tracker, tmp_path_factory):
    """The facts with a figure of every route that flows, for each quarter to the end of a year."""
    folder = tmp_path_factory.mktemp("own")
    volumes = tracker.facts["volumes"]
    cube = tracker.flows(estimate="reported", first=tracker.newest, last=tracker.newest)
    known = cube["flow"].isel(period=0).dropna("route")
    assert known.sizes["route"] > 10
    rows = []
    for quarter in next_quarters(tracker):
        told = (periods.parse(quarter).end + dt.timedelta(days=20)).isoformat()
        rows += [
            {**dict.fromkeys(volumes.columns, ""), "id": f"own:{route}-{quarter}", "series": "flow",
             "entity": route, "period": quarter, "freq": "Q", "value": float(bcm), "unit": "bcm",
             "basis": "20C", "coverage": 1, "source": volumes["source"].iloc[0],
             "published": told, "status": "actual", "derived": "false", "evidence": "typed"}
            for route, bcm in zip(known["route"].values, known.values, strict=True)
        ]  # fmt: skip
    pd.DataFrame(rows).to_csv(folder / "volumes.csv", index=False)
    made = energy.load(facts=folder)
    # The balance of so many new figures takes a minute and has tests of its own: that of the facts
    # as they came stands in, and the reported quarters are looked at.
    kept._results[kept.digest(made.facts)] = kept.result(tracker.facts)
    made.__dict__["_quarters"] = made.flows(estimate="reported")
    return made


def test_newest_moves(tracker, later):
    last = next_quarters(tracker)[-1]
    assert tracker.last < last and later.last == later.newest == last
    assert later.newest_year == int(last[:4]) == tracker.newest_year + 1


def test_flows_and_markets_end_there(later):
    first_day = np.datetime64(periods.parse(later.newest).start, "ns")
    assert later.flows(estimate="reported")["period"].values[-1] == first_day
    whole = later.flows(freq="A", estimate="reported")
    assert int(whole["period"].dt.year[-1]) == later.newest_year
    markets = later.markets(freq="Q", estimate="reported")
    assert markets.columns[-1] == pd.Timestamp(first_day)
    assert markets.iloc[:, -1].notna().sum() > 3


def test_the_map_opens_there(tracker, later):
    for t in (tracker, later):
        cube = t._quarters
        shown = periods.containing(cube["period"].values[qualifiers.newest_whole(cube)], "Q")
        assert str(shown) == t.newest
    cube = later._quarters
    assert timeline.opening(cube, [], None) == cube.sizes["period"] - 1


def test_the_network_stands_there(later):
    end = periods.parse(later.newest).end - dt.timedelta(days=1)
    assert later.network.graph().graph["at"] == end.isoformat()
    pd.testing.assert_frame_equal(
        later.network.idle.stranded(), later.network.idle.stranded(later.newest)
    )
    shut = later.reroute("turkstream").table()
    pd.testing.assert_frame_equal(shut, later.reroute("turkstream", later.newest).table())


def test_money_reaches_it(later):
    assert str(later.money.prices.model().index[-1])[:4] == later.newest[:4]
    assert later.newest_year in later.money.residuals().index


def test_what_lies_ahead_begins_there(tracker, later):
    origin = backtest.days(later.facts)[-1]
    assert origin.isoformat() > backtest.days(tracker.facts)[-1].isoformat()
    made = later.project(
        until=str(later.newest_year + 11), scenarios="all", draws=50, revenue=False
    )
    assert int(made["year"][0]) == later.newest_year + 1
    table = scenarios.tornado(scenarios.load(), made)
    pd.testing.assert_frame_equal(
        table, scenarios.tornado(scenarios.load(), made, later.newest_year + 10)
    )


def defaults():
    """Yield (place, value) of every text or whole number that a signature or option falls back to."""
    for package in ("energy", "geodata"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                given = []
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                    given = [*node.args.defaults, *node.args.kw_defaults]
                elif isinstance(node, ast.Call):
                    given = [word.value for word in node.keywords if word.arg == "default"]
                for value in given:
                    if isinstance(value, ast.Constant):
                        yield f"{path.relative_to(ROOT)}:{value.lineno}", value.value


def test_no_default_is_a_date_of_today():
    found = list(defaults())
    assert len(found) > 300
    dated = re.compile(r"(GY)?202[2-9](Q[1-4]|H[12]|-\d\d.*)?")
    assert [(where, value) for where, value in found if dated.fullmatch(str(value))] == []
