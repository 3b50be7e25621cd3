"""The running and the last quarter: worked out by hand on a spec, then on the facts."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest

from energy.errors import EnergyError
from energy.projection import nowcast, ramp

pytest.importorskip("statsmodels")


def spec(cap=9.0):
    """Expect 4 bcm a quarter, give or take half of it."""
    one = np.ones(2)
    return ramp.RouteSpec(4 * one, 0 * one, np.zeros((ramp.MODES, 2)), 0.5 * one, cap * one, one, one,
                          0.0, 0.0, 0.0, (np.inf, np.inf), 0.0, 0.0, np.zeros(3), "china")  # fmt: skip


def test_without_a_figure_the_model_speaks():
    low, middle, high = nowcast._combined(spec(), 0, 0.0, 0.0)
    assert middle == 4.0
    assert (low, high) == (
        pytest.approx(4 - 2 * nowcast.NORMAL),
        pytest.approx(4 + 2 * nowcast.NORMAL),
    )


def test_what_is_known_stands_and_tells_of_the_rest():
    low, middle, high = nowcast._combined(spec(), 1, 3.0, 0.5)
    # 3 in half the quarter is a rate of 6; of the surprise of 2, 0.8 is carried on: 5.6 in the rest
    assert middle == pytest.approx(3 + 0.5 * 5.6)
    half = nowcast.NORMAL * 0.5 * 2.0 * 0.6  # 0.6 is what 0.8 leaves
    assert (low, high) == (pytest.approx(middle - half), pytest.approx(middle + half))
    assert nowcast._combined(spec(), 1, 3.9, 0.99)[0] >= 3.9
    assert nowcast._combined(spec(cap=5.0), 1, 3.0, 0.5)[2] == 5.0  # no more than the pipe takes


@pytest.mark.once
def test_of_the_facts_a_month_of_a_quarter_narrows_it(tracker):
    found = nowcast.nowcast(tracker.facts, dt.date(2026, 6, 1)).set_index(["route", "quarter"])
    assert {"2026Q1", "2026Q2"} >= set(found.index.get_level_values("quarter"))
    assert ((found["p10"] <= found["p50"]) & (found["p50"] <= found["p90"])).all()
    assert (found["p10"] >= found["known"]).all()
    part = found[(found["coverage"] > 0.2) & (found["coverage"] < 0.99)]
    assert len(part)
    row = found.loc["power-of-siberia-1", "2026Q2"]
    assert 9.0 < row["p50"] < 10.2  # 38 a year and a little more


def test_a_replay_needs_a_quarter_and_sums_up(tracker):
    with pytest.raises(EnergyError, match="No quarter is named; give some, as 2023Q1"):
        nowcast.replay(tracker.facts, [])
    table = pd.DataFrame({"lag": [15, 15, 60], "error": [1.0, -3.0, 0.5], "inside80": [True, False, True],
                          "same_last_year": [2.0, np.nan, 1.0]})  # fmt: skip
    found = nowcast.summary(table)
    assert found.loc[15].tolist() == [2.0, 2.0, 2.0, 0.5]
    assert found.loc[60, "error"] == 0.5
