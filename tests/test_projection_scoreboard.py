"""The scoreboard: submissions are checked, outcomes are whole, scores are worked out by hand."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.errors import DataError
from energy.projection import backtest, chances, replayed, scenarios, scoreboard, standing

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
    ("flow,pipe", "height,pipe", "target 'height' is unknown; use e.g. answer, first gas, flow"),
    ("flow,pipe", "flow,moon", "location 'moon' is unknown"),
    ("quantile,0.9,12", "mean,0.9,12", "output_type 'mean' is unknown"),
    ("quantile,0.9,12", "quantile,90,12", "must be quantile levels between 0 and 1"),
    ("quantile,0.9,12", "quantile,0.9,much", "a value is missing or no number"),
    ("output_type_id", "level", "column 'output_type_id' is missing"),
    ("flow,pipe", "never,pipe", "first gas, never, answer are given as pmf, all else as quantile"),
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
    assert set(board["target"]) == {"flow"} and board["skill"].isna().all()  # no simple model spoke
    assert board["model"].tolist() == ["team-model", "<rival>"]
    assert board["forecasts"].tolist() == [2, 2]
    text = scoreboard.page(scores, "2026-06-01")
    assert "&lt;rival&gt;" in text and "<rival>" not in text and "http" not in text
    assert scoreboard.board(scores[:0]).empty


def test_our_log_and_the_published_forecasts_stand_beside_each_other(tracker, scores):
    ours = scoreboard.of_log(backtest.read_log(backtest.SHIPPED))
    others = scoreboard.of_outside(tracker.facts)
    assert ours["model"].str.startswith("ours").all() and len(others) > 20
    places = {*tracker.facts["routes"]["route"], *others["location"]}
    assert scoreboard.check(ours, places) == [] and scoreboard.check(others, places) == []
    assert "Gazprom" in set(scores["model"])
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


EVENT = HEAD + "".join(
    f"2019-06-30,{target},{place},{end},pmf,{answer},{value}\n"
    for target, place, end, chances_ in (
        ("first gas", "line", "2020-12-31", {"yes": 0.9, "no": 0.1}),
        ("first gas", "pipe", "2020-12-31", {"yes": 0.4, "no": 0.6}),
        ("never", "pipe", "2100-12-31", {"yes": 0.3, "no": 0.7}),
        ("answer", "oil", "2024-12-31", {"high": 0.2, "middle": 0.5, "low": 0.3}),
        ("answer", "peace", "2029-12-31", {"none": 0.8, "reached": 0.2}),
    )
    for answer, value in chances_.items()
)


def test_chances_are_scored_by_brier_once_decided_and_stand_open_until_then(tmp_path):
    said = scoreboard.read(write(tmp_path, EVENT), [*PLACES, "oil", "peace"])
    came = pd.DataFrame([
        ("first gas", "line", "2019-06-30", "2020-12-31", "yes"),
        ("first gas", "pipe", "2019-06-30", "2020-12-31", "no"),
        ("answer", "oil", "2019-06-30", "2024-12-31", "low"),
    ], columns=["target", "location", "origin_date", "target_end_date", "actual"])  # fmt: skip
    rival = chances.rivals(said, came)
    found = chances.brier(pd.concat([said, rival]), came).set_index(["model", "location"])["brier"]
    # 0.1 squared, 0.4 squared; of three answers half of 0.2^2 + 0.5^2 + 0.7^2
    assert found["team-model", "line"] == pytest.approx(0.01)
    assert found["team-model", "pipe"] == pytest.approx(0.16)
    assert found["team-model", "oil"] == pytest.approx((0.04 + 0.25 + 0.49) / 2)
    assert found[chances.RATE, "line"] == pytest.approx(0.25)  # one of two came
    assert found[chances.EVEN, "oil"] == pytest.approx((2 / 9 + 4 / 9) / 2)
    waiting = chances.open_events(said, came)
    assert waiting["location"].tolist() == ["peace", "pipe"]
    assert waiting["said"].iloc[0] == "none 0.80, reached 0.20"
    events = chances.brier(pd.concat([said, rival]), came)
    board = scoreboard.board(events).set_index(["target", "model"])
    assert board.loc[("first gas", "team-model"), "skill"] == pytest.approx(1 - 0.085 / 0.25)


def test_chances_that_do_not_sum_are_refused(tmp_path):
    bad = write(tmp_path, EVENT.replace("pmf,none,0.8", "pmf,none,0.7"))
    with pytest.raises(
        DataError, match=r"the chances 0\.7, 0\.2 must lie between 0 and 1 and sum to 1"
    ):
        scoreboard.submit(bad, tmp_path / "board", [*PLACES, "oil", "peace"])
    twice = write(tmp_path, EVENT.replace("pmf,reached", "pmf,none"))
    with pytest.raises(DataError, match="an answer stands twice"):
        scoreboard.submit(twice, tmp_path / "board", [*PLACES, "oil", "peace"])
    assert not (tmp_path / "board").exists()


def test_a_line_is_decided_by_its_gas_or_its_burial():
    fate = pd.DataFrame({"first_gas": [2019.9, np.nan, np.nan], "never": [np.nan, 2015.2, np.nan]},
                        index=["built", "buried", "open"])  # fmt: skip
    said = [chances._fate(fate, target, line, end, "2020-12-31")
            for target, end in (("first gas", "2019-12-31"), ("first gas", "2021-12-31"), ("never", "2100-12-31"))
            for line in fate.index]  # fmt: skip
    # 2019-12-31 is 2019.997: the gas of 2019.9 came; 2021 is not over
    assert said == ["yes", "no", "no", "", "", "", "no", "yes", ""]


def test_the_tree_is_scored_where_a_question_of_prices_is_decided(tracker):
    tree = scenarios.read()
    said = chances.of_tree(tree)
    assert {"settlement", "eu-ban", "turkey", "oil"} <= set(said["location"])
    assert "pos2" not in set(said["location"])  # one answer only: the timing's
    came = chances.came(tracker.facts, tree, said, tracker.edition).set_index("origin_date")
    assert set(came["location"]) == {"oil"}  # no other is decided
    # World Bank's Brent of 2018 to 2022 has a mean of 70.8: nearest of 45, 58 and 110 is 58
    assert came.loc["2018-01-01", "actual"] == "middle"
    assert came.loc["2016-01-01", "actual"] == "low"
    decided = tree | {
        "question": {
            **tree["question"],
            "turkey": {
                **tree["question"]["turkey"],
                "by": "2026-01-31",
                "came": "reduced",
                "came_on": "2026-01-31",
            },
        }
    }
    mine = chances.of_tree(decided)
    found = chances.came(tracker.facts, decided, mine, tracker.edition)
    assert found.set_index("location").loc["turkey", "actual"] == "reduced"


@pytest.mark.parametrize("more, fault", [
    ({"by": "soon"}, "by 'soon' is no day"),
    ({"came": "war"}, "came 'war' is none of its answers"),
    ({"came": "reached"}, "came 'reached' names no document"),
])  # fmt: skip
def test_a_question_is_decided_by_an_answer_with_its_document(more, fault):
    question = scenarios.load()["question"]["settlement"] | more
    assert any(fault in text for text in scenarios._decided_faults("settlement", question))


@pytest.fixture(scope="module")
def scores(tracker):
    return tracker.scores()


def test_replayed_forecasts_stand_beside_the_published_ones(tracker, scores):
    board = scoreboard.board(scores).set_index(["target", "model"])
    for target in ("flow", "quarterly flow"):
        for model in ("ours, replayed", "ETS", "ARIMA", "Theta", "seasonal naive"):
            assert board.loc[(target, model), "forecasts"] > 50, (target, model)
        assert board.loc[(target, "ours, replayed"), "skill"] > 0
    assert board.loc[("first gas", "ours, replayed"), "skill"] > 0
    assert scores.loc[scores["model"] == "ours, replayed", "replayed"].all()
    assert not scores.loc[scores["model"] == "Gazprom", "replayed"].any()
    flows = scores[scores["target"].str.contains("flow")]
    assert (flows["target_end_date"] <= tracker.edition).all()
    page = scoreboard.page(scores, tracker.edition)
    assert "Chances that are not decided yet" in page and "eu-ban" in page


def test_scored_on_an_earlier_day_no_later_word_or_outcome_counts(tracker, scores, tmp_path):
    day = "2020-06-30"
    then = standing.scores(tracker.facts, day, tracker._cube(freq="A"), tracker._cube(freq="Q"),
                           lambda: tracker.flows(freq="A"), tmp_path)  # fmt: skip
    assert 500 < len(then) < len(scores) and then["origin_date"].max() <= day
    dated = then[then["target"] != chances.NEVER]
    assert dated["target_end_date"].max() <= day and set(then["scored_as_of"]) == {day}


def test_draws_become_the_next_quarter_and_whole_years():
    paths = xr.DataArray(np.arange(8.0)[None, :, None] * np.ones((1, 8, 3)),
                         {"route": ["pipe"], "horizon": range(1, 9)}, ("route", "horizon", "draw"))  # fmt: skip
    rows = replayed.of_draws("m", paths, dt.date(2021, 12, 31))
    middle = rows[rows["output_type_id"] == 0.5].set_index(["target", "target_end_date"])["value"]
    assert middle.to_dict() == {("quarterly flow", "2022-03-31"): 0, ("quarterly flow", "2022-12-31"): 3,
                                ("flow", "2022-12-31"): 6, ("flow", "2023-12-31"): 22}  # fmt: skip
    assert set(replayed.of_draws("m", paths, dt.date(2021, 9, 30))["target"]) == {"quarterly flow"}
    again = replayed.make([("m", dt.date(2021, 12, 31), paths)])
    assert len(again) == len(rows)
