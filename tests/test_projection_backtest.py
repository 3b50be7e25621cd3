"""Rolling origins, honest about what was known; the league table of others; our own log."""

import datetime as dt
import sys

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import energy
from energy import facts, flows
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, UnknownName
from energy.measure import periods
from energy.projection import backtest, timing

pytestmark = pytest.mark.slow

DAY = dt.date(2022, 3, 31)
QUICK = ["naive", "seasonal naive", "drift", "contract"]


@pytest.fixture(scope="module")
def tables():
    return facts.load()


@pytest.fixture(scope="module")
def then(tables):
    return backtest.as_known(tables, DAY)


@pytest.fixture(scope="module")
def scores(tables):
    days = backtest.origins("2019Q1", "2020Q4")
    return backtest.backtest(tables, ["naive", "seasonal naive"], days)


@pytest.fixture(scope="module")
def league(tables):
    return backtest.league(tables)


def test_a_sure_forecast_scores_its_error():
    found = backtest.score(np.array([10.0, 10.0]), np.array([[12.0] * 50, [10.0] * 50]))
    assert found["crps"].tolist() == [2.0, 0.0] and found["wis"].iloc[1] == 0.0
    assert found["error"].tolist() == [2.0, 0.0]
    assert found["inside80"].tolist() == [False, True]


def test_score_of_an_even_spread():
    draws = np.linspace(0, 1, 1001)[None, :]
    found = backtest.score(np.array([0.5]), draws)
    assert found["crps"].iloc[0] == pytest.approx(1 / 12, abs=1e-3)  # uniform, at its middle
    # interval score at its middle is the width: 0.9, 0.8, 0.5, weighted by half their alpha
    assert found["wis"].iloc[0] == pytest.approx(
        (0.05 * 0.9 + 0.1 * 0.8 + 0.25 * 0.5) / 3.5, abs=1e-3
    )


def test_score_without_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scoringrules", None)
    with pytest.raises(MissingExtra, match=r"energy-trade-tracker\[backtest\]"):
        backtest.score(np.array([1.0]), np.array([[1.0, 2.0]]))


def test_origins_are_last_days_of_quarters():
    assert backtest.origins("2019Q4", "2020Q1") == [dt.date(2019, 12, 31), dt.date(2020, 3, 31)]
    with pytest.raises(PeriodError, match="First origin 2020Q1 lies after the last, 2019Q1"):
        backtest.origins("2020Q1", "2019Q1")


def test_the_facts_allow_24_origins(tables):
    assert len(backtest.days(tables)) >= 24
    assert backtest.days(tables, "2024Q1", "2024Q2") == [dt.date(2024, 3, 31), dt.date(2024, 6, 30)]


def test_simple_forecasters_on_a_series_checked_by_eye():
    rng, y = np.random.default_rng(0), np.array([1.0, 2, 3, 4] * 4)
    assert np.allclose(
        backtest.seasonal_naive(y, 6, 3, rng), [1, 2, 3, 4, 1, 2]
    )  # no error in the past
    line = np.arange(8.0)
    assert np.allclose(backtest.drift(line, 3, 2, rng), [8, 9, 10])
    paths = backtest.naive(np.array([0.0, 1, 0, 1, 0, 1]), 4, 4000, rng)
    assert paths[:, 3].std() == pytest.approx(2 * paths[:, 0].std(), rel=0.08)  # root of four


@pytest.mark.parametrize("model", [backtest.ets, backtest.arima])
def test_ets_and_arima_follow_a_steady_season(model):
    noise = np.random.default_rng(5).normal(0, 0.1, 40)
    y = np.tile([10.0, 6, 4, 8], 10) + noise
    paths = model(y, 8, 200, np.random.default_rng(1))
    assert paths.shape == (200, 8)
    assert np.allclose(np.median(paths, axis=0), [10, 6, 4, 8] * 2, atol=1.0)


def test_ets_without_statsmodels(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsmodels.tsa.exponential_smoothing.ets", None)
    with pytest.raises(MissingExtra, match="ETS and ARIMA need statsmodels"):
        backtest.ets(np.arange(8.0), 2, 2, np.random.default_rng(0))


def test_nothing_published_later_is_known(then):
    for name in ("volumes", "contracts", "outside-forecasts"):
        texts = then[name]["published"]
        assert texts[texts != ""].max()[:7] <= "2022-03"
    later = then["prices"][then["prices"]["published"].str[:7] > "2022-03"]
    assert len(later)  # quotations, which every market day prints: a later copy of what was known
    assert all(periods.parse(text).end <= dt.date(2022, 4, 1) for text in later["period"])
    rows = then["reference-projects"]
    gates = rows[rows["metric"].isin(list(timing.METRICS))]["value"].map(timing.decimal)
    assert gates.max() <= timing.decimal(DAY.isoformat())


def test_a_quarter_of_which_one_month_is_known_is_no_quarter(tables):
    day = dt.date(2024, 12, 31)  # of 2024Q4 twenty days of October were known then
    known = backtest.as_known(tables, day)
    last = known["volumes"].set_index("id").loc["V1985"]
    assert (last["entity"], last["period"]) == ("turkstream-2", "2024-10")
    past = backtest.histories(known, day)["turkstream-2"]
    assert past.index[-1] == pd.Period("2024Q3")
    cube = flows.build(tables, "Q")
    part = cube.sel(route="turkstream-1", period="2026-01-01")  # January alone, 31 of 90 days
    assert part["coverage"].item() == pytest.approx(31 / 90) and part["flow"] > 0
    assert np.isnan(backtest.whole(cube).sel(route="turkstream-1", period="2026-01-01"))


def test_histories_end_with_what_was_known(then):
    past = backtest.histories(then, DAY)
    assert str(past["nord-stream-1"].index[-1]) == "2021Q4"
    assert not past["nord-stream-1"].isna().any()
    assert past["power-of-siberia-1"].iloc[0] > 0  # no quarters before the line was there


@pytest.mark.parametrize("name", list(backtest.FORECASTERS))
def test_a_poisoned_future_changes_nothing(tables, then, name, monkeypatch):
    monkeypatch.setattr(backtest, "DRAWS", 40)
    spoilt = backtest.as_known(backtest.poison(tables, DAY), DAY)
    forecaster = backtest.FORECASTERS[name]
    clean, poisoned = (forecaster(t, DAY, 8, np.random.default_rng(7)) for t in (then, spoilt))
    assert clean.sizes["route"] > 0
    assert np.array_equal(clean.values, poisoned.values, equal_nan=True)


def test_the_poison_is_strong(tables):
    spoilt = backtest.poison(tables, DAY)
    for name in ("volumes", "prices", "contracts", "reference-projects"):
        assert not spoilt[name].equals(tables[name])
    peeking, honest = (backtest.histories(t, DAY)["nord-stream-1"] for t in (spoilt, tables))
    assert peeking.max() > 100 * honest.max()


def test_contract_forecaster_delivers_the_quantity(tables):
    day = dt.date(2024, 12, 31)
    draws = backtest.contract(backtest.as_known(tables, day), day, 4, np.random.default_rng(0))
    year = draws.sel(route="power-of-siberia-1").sum("horizon")
    assert float(year.mean()) == pytest.approx(38, abs=0.5)


def test_backtest_scores_every_span(scores):
    assert set(scores["span"]) == {f"q{i}" for i in range(1, 9)} | {f"y{i}" for i in range(1, 6)}
    assert scores["origin"].nunique() == 8 and set(scores["model"]) == {"naive", "seasonal naive"}
    assert (scores["crps"] >= 0).all() and (scores["scale"] > 0).all()


def test_backtest_is_the_same_twice(tables, scores):
    again = backtest.backtest(tables, ["seasonal naive"], backtest.origins("2019Q1", "2020Q4"))
    mine = scores[scores["model"] == "seasonal naive"].reset_index(drop=True)
    pd.testing.assert_frame_equal(again, mine)


def test_summary_has_skill_0_for_the_base(scores):
    table = backtest.summary(scores)
    assert np.allclose(table.xs("seasonal naive", level="model")["skill"], 0)
    assert table["inside80"].between(0, 1).all()
    assert table.index.get_level_values("horizon")[0] == "1 quarter"
    with pytest.raises(UnknownName, match="Unknown model 'ours'"):
        backtest.summary(scores, "ours")


def test_skill_by_route(scores):
    table = backtest.by_route(scores, "naive")
    assert "nord-stream-1" in table.index and table.columns[0] == "1 quarter"


def test_backtest_refuses_what_says_nothing(tables):
    with pytest.raises(EnergyError, match="3 origins are too few to judge by; give at least 8"):
        backtest.backtest(tables, ["naive"], backtest.origins("2020Q1", "2020Q3"))
    with pytest.raises(UnknownName, match="Unknown forecaster 'naiv'; near: naive"):
        backtest.backtest(tables, ["naiv"])
    with pytest.raises(EnergyError, match="No origin could be scored"):
        backtest.backtest(
            tables, ["naive"], backtest.origins("2002Q1", "2004Q1"), known=lambda t, d: t
        )


def test_own_forecaster_is_scored(tables):
    def nothing(known, origin, horizon, rng):
        values = np.zeros((1, horizon, 10))
        return xr.DataArray(values, {"route": ["nord-stream-1"]}, ("route", "horizon", "draw"))

    found = backtest.backtest(tables, {"nothing": nothing}, backtest.origins("2016Q1", "2018Q1"))
    assert np.allclose(found["crps"], found["actual"].abs())


# --- the league table -----------------------------------------------------------------------------------


def test_outside_forecasts_are_dated_and_sourced(tables):
    rows = tables["outside-forecasts"].query("kind != 'actual'")
    assert len(rows) >= 25 and (rows["published"] != "").all()
    assert set(rows["source"]) <= set(tables["sources"]["source"])
    before = rows["published"].str[:4].astype(int) <= rows["period"].astype(int)
    assert rows[~before]["series"].tolist() == [
        "net_profit_attributable"
    ]  # accounts come in spring
    ranged = rows[rows["low"].notna()]
    assert ((ranged["low"] <= ranged["value"]) & (ranged["value"] <= ranged["high"])).all()


def test_league_worked_out(league):
    row = league.query("series == 'exports' and period == '2012' and value == 154").iloc[0]
    assert row["actual"] == 138 and row["error"] == 16  # V0001
    assert row["relative"] == pytest.approx(16 / 138)
    row = league.query("series == 'flow' and period == '2024' and issuer == 'Novak'").iloc[0]
    assert row["actual"] == 31.12 and row["no_change"] == 22.73
    assert row["verdict"] == "better than no change"


def test_league_says_what_cannot_be_scored(league):
    row = league.query("period == '2036'").iloc[0]
    assert np.isnan(row["actual"]) and row["verdict"] == "not due"
    assert "no outcome in the facts" in set(league["verdict"])
    assert league["actual"].notna().sum() >= 25


def test_an_estimate_of_a_running_year_is_no_outcome(tables):
    found = backtest.outcomes(tables)
    running = found[
        (found["status"] == "estimate") & (found["published"].str[:4] <= found["period"])
    ]
    assert running.empty


def test_ours_beside_them(tables):
    def twelve(known, origin, horizon, rng):
        values = np.full((1, horizon, 20), 8.0)
        return xr.DataArray(values, {"route": ["power-of-siberia-1"]}, ("route", "horizon", "draw"))

    found = backtest.league(tables, twelve).query(
        "issuer == 'Novak' and period == '2025' and series == 'flow'"
    )
    found = found[found["target"] == "power-of-siberia-1"]
    assert found["ours"].tolist() == [32.0]  # four quarters of 8, none of them known then
    assert found["ours_relative"].iloc[0] == pytest.approx((32 - 38.8) / 38.8)


def test_standings_sum_up(league):
    table = backtest.standings(league)
    one = league[
        (league["series"] == "flow") & (league["issuer"] == "Novak") & league["actual"].notna()
    ]
    assert table.loc[("flow", "Novak"), "forecasts"] == len(one)
    assert table.loc[("flow", "Novak"), "relative"] == pytest.approx(one["relative"].abs().mean())


# --- the log ------------------------------------------------------------------------------------------------


def projected(value=30.0):
    values = np.array([value - 5, value, value + 5]).reshape(1, 1, 1, 3)
    return xr.Dataset(
        {"flow_year": (("scenario", "route", "year", "quantile"), values)},
        {"scenario": ["mixture"], "route": ["power-of-siberia-1"], "year": [2024], "quantile": [0.1, 0.5, 0.9]},
        {"as_of": "2024-01-15"},
    )  # fmt: skip


def test_log_is_kept_and_not_rewritten(tmp_path):
    path = backtest.append_log(projected(), tmp_path / "log", "0.1.0")
    before = path.read_bytes()
    backtest.append_log(projected(), tmp_path / "log", "0.1.0")
    assert path.read_bytes() == before
    with pytest.raises(DataError, match=r"release 0.1.0 is logged with other numbers"):
        backtest.append_log(projected(31.0), tmp_path / "log", "0.1.0")
    assert path.read_bytes() == before
    backtest.append_log(projected(31.0), tmp_path / "log", "0.2.0")
    assert backtest.read_log(tmp_path / "log")["release"].tolist() == ["0.1.0", "0.2.0"]
    assert sorted(p.name for p in (tmp_path / "log").iterdir()) == ["projections.csv"]


def test_log_needs_its_quantiles_and_columns(tmp_path):
    with pytest.raises(DataError, match=r"quantile 0\.9 is missing"):
        backtest.append_log(projected().isel(quantile=[0, 1]), tmp_path, "1")
    with pytest.raises(DataError, match=r"no projections.csv in"):
        backtest.read_log(tmp_path)
    (tmp_path / "projections.csv").write_text("a,b\n1,2\n")
    with pytest.raises(DataError, match="columns are a, b; expected release"):
        backtest.read_log(tmp_path)


def test_log_is_scored_when_the_year_is_over(tables, tmp_path):
    backtest.append_log(projected(), tmp_path, "0.1.0")
    found = backtest.score_log(tmp_path, tables)
    assert found["actual"].tolist() == pytest.approx([31.12]) and found["inside80"].tolist() == [
        True
    ]
    assert found["error"].iloc[0] == pytest.approx(-1.12)


def test_this_release_keeps_its_own_projection(tables):
    log = backtest.read_log(backtest.SHIPPED)
    mine = log[log["release"] == energy.__version__]
    assert {"baseline", "mixture"} == set(mine["scenario"])
    assert (mine["p10"] <= mine["p50"]).all() and (mine["p50"] <= mine["p90"]).all()
    assert {"2026", "2040"} <= set(mine["period"]) and set(mine["route"]) <= set(
        tables["routes"]["route"]
    )
    assert not log.duplicated(["release", "scenario", "route", "period"]).any()
    due = backtest.score_log(backtest.SHIPPED, tables)  # shut lines are known to carry nothing
    assert len(due) and (due.loc[due["release"] == "0.1.0", "as_of"] == "2026-06-01").all()


def test_skill_has_an_interval_over_routes_and_origins():
    rows = [{"model": model, "route": route, "origin": origin, "span": "q1", "scale": 1.0,
             "crps": crps, "wis": crps, "error": 0.0}
            for route, better in (("a", 0.5), ("b", 1.0)) for origin in ("2020", "2021")
            for model, crps in (("ours", better), ("seasonal naive", 1.0))]  # fmt: skip
    found = backtest.interval(pd.DataFrame(rows), times=400).loc["1 quarter"]
    assert found["skill"] == pytest.approx(0.25)  # half of the one route, nothing of the other
    assert (found["low"], found["high"]) == (pytest.approx(0.0), pytest.approx(0.5))
    assert (found["routes"], found["origins"]) == (2, 2)
    with pytest.raises(UnknownName, match="Unknown model 'theirs'"):
        backtest.interval(pd.DataFrame(rows), "theirs")


def quarters(**rows):
    """A cube's flows by quarter from 2020Q1; None is not known."""
    count = len(next(iter(rows.values())))
    periods_ = pd.period_range("2020Q1", periods=count, freq="Q").to_timestamp()
    values = np.array([[np.nan if v is None else float(v) for v in row] for row in rows.values()])
    return xr.DataArray(values, {"route": list(rows), "period": periods_}, ("route", "period"))


def test_a_total_takes_a_small_route_from_the_year_before_and_no_large_one():
    lines = quarters(
        big=[9, 9, 9, 9, 9, None], small=[0.5, 0.5, 0.5, 0.5, None, None], far=[1, 1, 1, 1, 1, 1]
    )
    whose = {"big": "europe", "small": "europe", "far": "turkey"}
    found = backtest.with_totals(lines, whose)
    # 2021Q1: 9 and the 0.5 of 2020Q1; 2021Q2: the big one is not known
    assert found.sel(route="total europe").values.tolist()[:5] == [9.5] * 5
    assert np.isnan(found.sel(route="total europe").values[5])
    assert found.sel(route="total far-abroad").values.tolist()[:5] == [10.5] * 5
    assert "total china" not in found["route"].values


def test_a_balanced_quarter_is_a_truth_where_it_is_known_well():
    flow = quarters(a=[10, 10, 10], b=[4, 4, 4])
    low = xr.full_like(flow, np.nan, dtype=float)
    low[0] = [9.0, 6.0, 9.0]  # known to 2 of 10, to 8 of 10, to 2
    cube = xr.Dataset({
        "flow": flow, "flow_p10": low, "flow_p90": flow + (flow - low),
        "coverage": xr.zeros_like(flow) + np.array([[0.0], [1.0]]),
        "status": (flow.dims, np.array([["balanced"] * 3, ["actual"] * 3], dtype=object)),
    })  # fmt: skip
    found = backtest.settled(cube)
    assert found.sel(route="a").values[[0, 2]].tolist() == [10, 10]
    assert np.isnan(found.sel(route="a").values[1])
    assert found.sel(route="b").values.tolist() == [4, 4, 4]  # published


def test_theta_halves_the_drift_and_keeps_the_season():
    rising = 10 + 0.4 * np.arange(24) + np.tile([3.0, 0, -3, 0], 6)
    paths = backtest.theta(rising, 8, 400, np.random.default_rng(0))
    assert paths.shape == (400, 8)
    middle = np.median(paths, axis=0)
    assert middle[0] - middle[2] == pytest.approx(6, abs=1.0)  # season of 3 and -3
    year = middle[4:].mean() - middle[:4].mean()
    assert 0.4 < year < 1.3  # half of 1.6 a year is 0.8
    assert paths[:, 7].std() > paths[:, 0].std()


def test_pit_and_wide_intervals_by_hand():
    draws = np.arange(1, 101, dtype=float)[None, :]
    found = backtest.score(np.array([97.0]), draws).iloc[0]
    assert found["pit"] == pytest.approx(0.965)  # 96 lie below, half of the one that met it
    assert not found["inside90"] and found["inside95"]


def test_living_stopped_and_totals_are_told_apart(scores):
    kinds = {kind: backtest.of_kind(scores, kind) for kind in backtest.KINDS}
    assert len(kinds["living"]) + len(kinds["stopped"]) == len(kinds["routes"])
    assert len(kinds["routes"]) + len(kinds["totals"]) == len(scores)
    assert set(kinds["totals"]["route"]) >= {"total europe", "total far-abroad"}
    assert (kinds["stopped"]["actual"].abs() < 0.01).all() and len(kinds["stopped"])
    table = backtest.summary(scores, kind="totals")
    assert np.allclose(table.xs("seasonal naive", level="model")["skill"], 0)
    assert table["inside95"].ge(table["inside50"]).all()
    shares = backtest.pit(scores, "naive")
    assert np.allclose(shares.sum(axis=1), 1) and shares.shape[1] == 10
    with pytest.raises(UnknownName, match="Unknown kind of cell 'dead'"):
        backtest.of_kind(scores, "dead")


def test_the_published_table_is_made_of_cells_by_hand():
    rows = [
        (
            model,
            route,
            origin,
            "y1",
            10.0,
            crps,
            route != "total europe" or origin < "2018",
            stopped,
        )
        for model, crps in (("ours", 1.0), ("seasonal naive", 2.0))
        for route, stopped in (("a", False), ("b", True), ("total europe", False))
        for origin in ("2016-12-31", "2017-12-31", "2018-12-31", "2019-12-31")
    ]
    names = ["model", "route", "origin", "span", "actual", "crps", "inside80", "stopped"]
    cells = pd.DataFrame(rows, columns=names).assign(
        wis=1.0, error=0.5, inside50=False, inside90=True, inside95=True, scale=2.5, median=10.0
    )
    table = backtest.tabulated(cells, "0.0.1", "2020-06-30")
    assert list(table.columns) == backtest.PUBLISHED
    mine = table[table["model"] == "ours"].set_index(["kind", "horizon"])
    routes, totals = mine.loc[("routes", "year 1")], mine.loc[("totals", "year 1")]
    # half of the rival's score on every cell, so whatever is drawn anew; 1 over four quarters of 2.5
    assert (routes["skill"], routes["low"], routes["high"]) == (0.5, 0.5, 0.5)
    assert (routes["crps"], routes["cells"], routes["origins"]) == (0.1, 8, 4)
    assert totals["inside80"] == 0.5 and mine.loc[("total europe", "year 1"), "inside80"] == 0.5
    assert mine.loc[("a living", "year 1"), "inside80"] == 1
    assert ("b living", "year 1") not in mine.index and mine.loc[("b", "year 1"), "skill"] == 0.5
    assert pd.isna(mine.loc[("stopped", "year 1"), "low"])
