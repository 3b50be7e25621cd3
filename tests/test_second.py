"""The second look: what a quarter's sums add up to, and what all other figures make of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from energy.intake import second
from energy.sources.contract import COLUMNS


def sums(*entities: str, series: str = "flow") -> pd.DataFrame:
    made = {"series": series, "entity": list(entities), "period": "2026Q3", "source": "entsog",
            "basis": "GCV", "value": 46.0, "unit": "TWh"}  # fmt: skip
    return pd.DataFrame(made).reindex(columns=COLUMNS)


def verdicts(score: float, cause: str = "") -> pd.DataFrame:
    return pd.DataFrame({"id": ["V.entsog.flow.turkstream-2.2026Q3.GCV", "V0007"], "value": [2.2, 1.0],
                         "without": [4.4, 1.0], "score": [score, 0.1], "by": ["V0007", ""],
                         "cause": [cause, ""]})  # fmt: skip


def test_a_sum_that_all_other_figures_contradict_is_doubted_with_their_number():
    rows = sums("blue-stream", "turkstream-2")
    found = second.by_balance(rows, verdicts(-6.0, "its period ends a month sooner"))
    assert found.to_dict() == {
        1: "the balance makes it 4.4 bcm, not 2.2 (6.0 standard errors), by V0007; its period ends a "
        "month sooner?"
    }
    assert second.by_balance(rows, verdicts(-6.0)).iloc[0].endswith("by V0007")
    assert second.by_balance(rows, verdicts(3.4)).empty


def line(*last: float) -> pd.DataFrame:
    """Two routes over three years, level with the year before in every quarter but the last."""
    table = pd.DataFrame([[3.0, 2.0, 1.0, 2.0] * 3, [1.0] * 12])
    table[11] = last
    return table


@pytest.mark.parametrize(
    ("last", "found"),
    [
        ((2.0, 1.0), None),
        ((4.0, 2.0), (6.0, 2.0)),  # 6 for 3
        ((1.0, 0.5), (1.5, 0.5)),
        ((2.0, np.nan), None),  # a route that has not come yet is no fall
        ((2.4, 1.2), None),  # a fifth more: within the year's usual
    ],
)
def test_a_line_is_held_against_its_change_on_the_year(last, found):
    odd = second.odd_line(line(*last))
    assert odd == (None if found is None else pytest.approx(found))


def test_a_line_with_a_short_past_says_nothing():
    assert second.odd_line(line(4.0, 2.0).iloc[:, 4:]) is None


@pytest.mark.once
def test_the_routes_of_an_odd_line_wait(tracker, monkeypatch):
    """Three times the gas in the last quarter: the lines leave their past, and every route of them waits."""
    real = second.flows.build

    def trebled(*given):
        cube = real(*given).copy(deep=True)
        place = list(cube.indexes["period"]).index(pd.Timestamp("2025-01-01"))
        cube["flow"].values[:, place] *= 3
        return cube

    assert second.odd_lines(tracker.facts, "2025Q1") == {}
    monkeypatch.setattr(second.flows, "build", trebled)
    odd = second.odd_lines(tracker.facts, "2025Q1")
    assert "Europe and other countries, flow of 2025Q1: " in odd["turkstream-2"]
    assert "3.17 times what a year before suggests" in odd["turkstream-2"]
    assert "power-of-siberia-kovykta" not in odd  # a feeder is sold to nobody
    rows = sums("turkstream-2", "nobody")
    assert second.by_line(rows, odd).to_dict() == {0: odd["turkstream-2"]}
    assert second.by_line(sums("turkstream-2", series="imports"), odd).empty
    assert second.odd_lines(tracker.facts, "2099Q1") == {}
