"""How wide a projection must be, learned from the routes' own past and never from what came later."""

import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest

from energy import facts, flows
from energy.measure import periods
from energy.projection import backtest, ramp, scenarios, widths

NOISE = (0.1, 0.7, 0.03, 0.0)


@pytest.fixture(scope="module")
def tree():
    return scenarios.load()


@pytest.fixture(scope="module")
def learned(tree):
    tables = facts.load()
    cube = flows.build(tables, "Q")
    return ramp.learn(tables, cube, ramp.grid(cube, "2030", "2026-06-01"), tree)


def made(sizes, step="quarter"):
    rows = [(step, h, size) for h, each in sizes.items() for size in each]
    return pd.DataFrame(rows, columns=["step", "ahead", "error"])


def test_normal_errors_ask_for_no_widening():
    error = np.random.default_rng(0).standard_normal(20_000)
    found = widths.factors(made({1: error, 2: error}))
    assert found[:2] == pytest.approx((1.0, 1.0), abs=0.03)


def test_twice_the_errors_ask_for_twice_the_width():
    error = 2 * np.random.default_rng(0).standard_normal(20_000)
    assert widths.factors(made({1: error}))[0] == pytest.approx(2.0, abs=0.05)
    assert set(widths.factors(made({1: error / 8}))) == {1.0}  # never narrower than the model says


def test_a_few_years_of_errors_count_up_to_nine_tenths():
    # two years: 80 % x 1.5 is held at 90 % of eight errors 1, 2, … 8: 7.3
    found = widths.factors(made({1: range(1, 9)}))
    assert found[0] == pytest.approx(7.3 / widths.NORMAL)
    assert widths.factors(made({1: [5.0, 5.0]})) == ()  # half a year says nothing


def test_a_small_class_leans_on_the_wider_one():
    found = widths.factors(made({1: [4 * widths.NORMAL] * 8}), lean=(1.0, 1.5))
    assert found == pytest.approx((2.0, 1.5))  # two years against two: the root of 4 x 1


def test_widths_widen_quarters_and_years():
    plain, wide = (ramp.modes(20, NOISE, 0, w) for w in (None, ramp.Widths((1.5, 1.5, 3.0))))
    sigma = [np.sqrt((smooth**2).sum(axis=0) + white**2) for smooth, white in (plain, wide)]
    assert sigma[1][:2] == pytest.approx(1.5 * sigma[0][:2])
    assert sigma[1][2] == pytest.approx(3.0 * sigma[0][2])
    assert (np.diff(sigma[1]) >= -1e-9).all() and sigma[1][19] > 3 * sigma[0][19] * 2


def test_years_may_ask_for_more_than_their_quarters():
    ahead = np.arange(1, 5)
    found = ramp.shift(ahead, NOISE, ramp.Widths((1.0,), (2.0,)))
    least = (4 - 1) * ramp.yearly_deviation(1, NOISE) ** 2
    assert found[0] == pytest.approx(least) and (np.diff(found) >= 0).all()


def test_known_quarters_have_no_noise_and_stale_ones_more():
    fresh, stale = (ramp.modes(8, NOISE, behind)[0] for behind in (-2, 4))
    assert np.allclose(fresh[:, :2], 0)
    assert (stale[:, 0] ** 2).sum() > (ramp.modes(8, NOISE)[0][:, 0] ** 2).sum()


def test_a_flat_past_gives_no_error_and_a_break_a_large_one(learned):
    steady = ramp.History(np.arange(8060, 8084), np.full(24, 5.0))
    broken = ramp.History(steady.quarters, np.r_[np.full(12, 5.0), np.full(12, 2.5)])
    each = []
    for past in (steady, broken):
        shared = dataclasses.replace(learned, past={"blue-stream": past})
        each.append(widths.pool(shared, {}))
    assert each[0]["error"].abs().max() == pytest.approx(0, abs=1e-9)
    cut = each[1].query("step == 'quarter' and cut == 8071 and ahead == 1")
    assert cut["error"].iloc[0] < -2


@pytest.mark.once
def test_nothing_after_the_day_enters(tree):
    day = dt.date(2021, 12, 31)
    tables = facts.load()
    each = []
    for facts_then in (tables, backtest.poison(tables, day)):
        then = backtest.as_known(facts_then, day)
        cube = flows.build(then, "Q")
        known = scenarios.known(
            tree, str(day), then["sources"].set_index("source")["published"].to_dict()
        )
        shared = ramp.learn(then, cube, ramp.grid(cube, "2030", day), known)
        found = widths.learn(shared, {"power-of-siberia-1": {"model": "contract"}})
        pool = widths.pool(shared, {})
        assert pool["cut"].max() < periods.quarter_number(day)
        each.append(found.widths)
    assert each[0] == each[1]
    assert each[0]["open"].quarters[0] > 1


def test_contract_and_open_routes_have_widths_of_their_own(learned):
    found = widths.learn(learned, {"power-of-siberia-1": {"model": "contract"}}).widths
    assert found["contract"] != found["open"]
    assert len(found["open"].quarters) == widths.REACH and len(found["open"].years) == 5


def test_quarters_of_a_path_hang_together_as_the_replay_shows():
    rng = np.random.default_rng(3)
    level, own = rng.standard_normal((400, 1)), rng.standard_normal((400, 4))
    rows = [{"route": "pipe", "cut": cut, "step": "quarter", "ahead": h + 1, "error": error}
            for cut, line in enumerate(0.8 * level + 0.6 * own) for h, error in enumerate(line)]  # fmt: skip
    assert widths.together(pd.DataFrame(rows)) == pytest.approx(0.64, abs=0.05)  # 0.8 squared
    assert widths.together(pd.DataFrame(rows[:4])) == widths.LINK  # a single cut tells nothing
    assert widths.together(pd.DataFrame(rows).iloc[:0]) == 0.0


def test_drawn_quarters_show_the_correlation_asked_for_and_keep_their_width():
    noise = (0.2, 0.3, 0.02, 0.02)
    plain = ramp.Widths((1.0,), ())
    for wanted in (0.5, 0.7):
        smooth, white = ramp.modes(40, noise, 0, ramp.Widths((1.0,), (), wanted))
        before = ramp.modes(40, noise, 0, plain)
        size = (smooth**2).sum(axis=0) + white**2
        assert size == pytest.approx((before[0] ** 2).sum(axis=0) + before[1] ** 2)
        matrix = (smooth.T @ smooth)[:4, :4] / np.sqrt(np.outer(size[:4], size[:4]))
        assert matrix[np.triu_indices(4, 1)].mean() == pytest.approx(wanted, abs=0.01)
