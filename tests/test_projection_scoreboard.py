"""The scoreboard: submissions are checked, outcomes are whole, scores are worked out by hand."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.errors import DataError
from energy.projection import backtest, scoreboard

HEAD = "origin_date,target,location,target_end_date,output_type,output_type_id,value\n"
GOOD = HEAD + "".join(
    f"2024-06-30,flow,{place},2025-12-31,quantile,{level},{value}\n"
    for place, values in (("pipe", (8, 10, 12)), ("line", (1, 2, 4)))
    for level, value in zip((0.1, 0.5, 0.9), values, strict=True)
)
PLACES = ["pipe", "line", "shut", "west", "all"]


def write(folder, text, name="team-model.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def cube():
    """Two whole years of two lines to the west; of the third year one line lacks half."""
    period = pd.to_datetime(["2024-01-01", "2025-01-01", "2026-01-01"])
    flow = np.array([[9.0, 11.0, 5.0], [3.0, 5.0, 6.0], [0.0, 0.0, 0.0]])
    coverage = np.array([[1.0, 1.0, 0.5], [1.0, 1.0, 1.0], [1.0, 1.0, 1.0]])
    dims = ("route", "period")
    return xr.Dataset({"flow": (dims, flow), "coverage": (dims, coverage)},
                      {"route": ["pipe", "line", "shut"], "period": period}, {"freq": "A"})  # fmt: skip


MARKETS = {"pipe": "west", "line": "west", "shut": "east"}


def test_truth_is_whole_and_sums_over_lines_that_flow():
    came = scoreboard.truth(cube(), MARKETS).set_index(["location", "target_end_date"])["actual"]
    assert came["west", "2025-12-31"] == 16 and came["all", "2024-12-31"] == 12
    assert came["line", "2026-12-31"] == 6 and ("pipe", "2026-12-31") not in came.index
    assert ("west", "2026-12-31") not in came.index and "east" not in came.index


def test_scores_worked_out_by_hand(tmp_path):
    said = scoreboard.read(write(tmp_path, GOOD), PLACES)
    found = scoreboard.score(said, scoreboard.truth(cube(), MARKETS)).set_index("location")
    pipe, line = found.loc["pipe"], found.loc["line"]
    assert (pipe["actual"], pipe["median"], pipe["error"]) == (11, 10, -1)
    # pinball: 0.1 x 3, 0.5 x 1, 0.1 x 1 over 3, doubled
    assert pipe["pinball"] == pytest.approx(2 * 0.9 / 3)
    # half the error, and a tenth of the width of 4, over one interval and a half
    assert pipe["wis"] == pytest.approx((0.5 + 0.4) / 1.5)
    assert (pipe["inside80"], line["inside80"]) == (1.0, 0.0)
    assert np.isnan(pipe["inside95"])
    # the line came at 5, one above its ninetieth percentile
    assert line["wis"] == pytest.approx((1.5 + 0.1 * 3 + 1) / 1.5)


def test_nothing_said_of_a_shut_line_and_an_unfinished_year_are_no_hits(tmp_path):
    text = HEAD + "".join(
        f"2024-06-30,flow,{place},{end},quantile,{level},{value}\n"
        for place, end, value in (("shut", "2025-12-31", 0), ("line", "2026-12-31", 6))
        for level in (0.1, 0.5, 0.9)
    )
    said, came = scoreboard.read(write(tmp_path, text), PLACES), scoreboard.truth(cube(), MARKETS)
    assert scoreboard.score(said, came)["location"].tolist() == ["line"]
    assert scoreboard.score(said, came, day="2026-06-01").empty


@pytest.mark.parametrize("old, new, fault", [
    ("quantile,0.9,12", "quantile,0.9,9", "flow of pipe to 2025-12-31: quantiles cross, 0.5 is 10 and 0.9 is 9"),
    ("quantile,0.9,12", "quantile,0.5,12", "quantile 0.5 stands twice"),
    ("2024-06-30,flow,pipe", "2026-01-15,flow,pipe", "origin_date 2026-01-15 lies after the outcome it foretells"),
    ("2024-06-30,flow,pipe", "June,flow,pipe", "must be days, YYYY-MM-DD"),
    ("flow,pipe", "height,pipe", "target 'height' is unknown; use e.g. flow, revenue"),
    ("flow,pipe", "flow,moon", "location 'moon' is unknown"),
    ("quantile,0.9,12", "mean,0.9,12", "output_type 'mean' is unknown"),
    ("quantile,0.9,12", "quantile,90,12", "must be quantile levels between 0 and 1"),
    ("quantile,0.9,12", "quantile,0.9,much", "a value is missing or no number"),
    ("output_type_id", "level", "column 'output_type_id' is missing"),
])  # fmt: skip
def test_a_bad_submission_is_one_sentence_and_nothing_is_written(tmp_path, old, new, fault):
    path = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(DataError) as caught:
        scoreboard.submit(path, tmp_path / "board", PLACES)
    assert any(fault in text for text in caught.value.faults), caught.value.faults
    assert not (tmp_path / "board").exists()


def test_a_submission_is_kept_and_not_rewritten(tmp_path):
    kept = scoreboard.submit(write(tmp_path, GOOD), tmp_path / "board", PLACES)
    assert kept.read_text(encoding="utf-8") == GOOD
    assert scoreboard.submit(write(tmp_path, GOOD), tmp_path / "board", PLACES) == kept
    with pytest.raises(DataError, match="what was said is not rewritten"):
        scoreboard.submit(
            write(tmp_path, GOOD.replace("0.9,12", "0.9,13")), tmp_path / "board", PLACES
        )
    assert set(scoreboard.submissions(tmp_path / "board", PLACES)["model"]) == {"team-model"}


def test_a_board_compares_on_the_same_outcomes_and_makes_a_page(tmp_path):
    came = scoreboard.truth(cube(), MARKETS)
    good = scoreboard.read(write(tmp_path, GOOD), PLACES)
    bad = good.assign(model="<rival>", value=good["value"] + 6)
    scores = scoreboard.score(pd.concat([good, bad]), came)
    board = scoreboard.board(scores)
    assert board["model"].tolist() == ["team-model", "<rival>"]
    assert board["forecasts"].tolist() == [2, 2]
    text = scoreboard.page(scores, "2026-06-01")
    assert "&lt;rival&gt;" in text and "<rival>" not in text and "http" not in text
    assert scoreboard.board(scores[:0]).empty


def test_our_log_and_the_published_forecasts_stand_beside_each_other(tracker):
    ours = scoreboard.of_log(backtest.read_log(backtest.SHIPPED))
    others = scoreboard.of_outside(tracker.facts)
    assert ours["model"].str.startswith("ours").all() and len(others) > 20
    places = {*tracker.facts["routes"]["route"], *others["location"]}
    assert scoreboard.check(ours, places) == [] and scoreboard.check(others, places) == []
    scores = tracker.scores()
    assert "Gazprom" in set(scores["model"])
    assert (scores["target_end_date"] <= tracker.edition).all()
    row = scores[(scores["location"] == "power-of-siberia-1") & (scores["model"] == "Novak")].iloc[
        0
    ]
    assert (row["median"], row["target_end_date"]) == (30.0, "2024-12-31")
    assert row["actual"] == pytest.approx(31.1, abs=0.2)
    rival = scores[
        (scores["location"] == "power-of-siberia-1")
        & (scores["model"] == scoreboard.LAST)
        & (scores["origin_date"] == row["origin_date"])
        & (scores["target_end_date"] == "2024-12-31")
    ].iloc[0]
    assert rival["median"] == pytest.approx(22.7, abs=0.1)  # of 2023


def test_draws_become_quantiles_of_whole_years():
    draws = xr.DataArray(np.ones((1, 6, 10)), {"route": ["pipe"], "horizon": range(1, 7)},
                         ("route", "horizon", "draw"))  # fmt: skip
    rows = scoreboard.of_draws("flat", draws, pd.Timestamp("2023-12-31").date())
    assert set(rows["target_end_date"]) == {"2024-12-31"} and (rows["value"] == 4.0).all()


def test_probabilities_are_scored_once_decided():
    said = pd.DataFrame(
        {"event": ["ban", "peace"], "probability": [0.65, 0.15], "as_of": "2025-06-17"}
    )
    found = scoreboard.brier(said, {"ban": True})
    assert found["event"].tolist() == ["ban"] and found["brier"].tolist() == [pytest.approx(0.1225)]


def test_revenue_of_a_market_is_scored_too(tracker, tmp_path):
    text = HEAD + "".join(
        f"2018-06-30,revenue,europe,2020-12-31,quantile,{level},{value}\n"
        for level, value in zip((0.1, 0.5, 0.9), (15_000, 20_000, 30_000), strict=True)
    )
    scoreboard.submit(write(tmp_path, text), tmp_path, ["europe"])
    scores = tracker.scores(folder=tmp_path)
    row = scores[scores["model"] == "team-model"].iloc[0]
    cube, whose = tracker.flows(freq="A"), backtest.markets(tracker.facts)
    lines = [route for route in cube["route"].values if whose.get(route) == "europe"]
    paid = float(cube["revenue"].sel(route=lines, period="2020").sum())
    assert row["actual"] == pytest.approx(paid) and 10_000 < paid < 40_000
    assert row["error"] == pytest.approx(20_000 - paid)
