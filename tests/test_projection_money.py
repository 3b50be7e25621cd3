"""Price and rate paths ahead, and what the years before brought."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from energy.errors import DataError
from energy.projection import money, ramp, scenarios


@pytest.fixture(scope="module")
def tree():
    return scenarios.load()


@pytest.fixture(scope="module")
def span(tracker):
    return ramp.grid(tracker.flows(), "2040", tracker.edition)


@pytest.fixture(scope="module")
def spec(tracker, span, tree):
    return money.spec(tracker.facts, span, tree)


def paths(spec, means, draws=4000, seed=1):
    rng = np.random.default_rng(seed)
    noise = money.draw(spec, rng, rng.standard_normal((ramp.MODES, draws), dtype=np.float32))
    level = np.tile(np.log(np.array(means, dtype=np.float32))[:, None], draws)
    return money.price(spec, noise, level)


def monthly(values, first="2010-01"):
    return pd.Series(values, pd.period_range(first, periods=len(values), freq="M"), name="brent")


def test_a_reversion_is_found_again():
    rng = np.random.default_rng(0)
    logs = np.zeros(5000)
    for t in range(1, 5000):
        logs[t] = 0.9 * logs[t - 1] + 0.1 * rng.standard_normal()
    found = money.fit(monthly(np.exp(logs)[-1200:], "1920-01"))
    assert found.persistence == pytest.approx(0.9, abs=0.03)
    assert found.spread == pytest.approx(0.1 / np.sqrt(1 - 0.81), rel=0.15)


def test_known_quarters_are_fixed_and_the_rest_reverts(tracker, span):
    series = money.index(tracker.facts["prices"], "brent")
    found = money.path(series, span)
    known = money._quarters(series)
    first = span.first - money.LEAD
    assert np.exp(found.fixed[0]) == pytest.approx(known[first], rel=1e-5)
    assert found.pull[0] == 0 and not found.noise[:, 0].any() and found.white[0] == 0
    assert found.pull[-1] == pytest.approx(1, abs=0.2)
    assert (np.diff(found.pull) >= -1e-6).all()


def test_the_median_returns_to_the_level_of_the_scenario(spec):
    for brent, ttf in ((75, 9), (100, 13)):
        prices, _ = paths(spec, (brent, ttf))
        oil = dict(spec.markets)["china"]
        wanted = oil.level * (oil.intercept + oil.oil * brent)
        assert np.median(prices["china"][-1]) == pytest.approx(wanted, rel=0.12)


def test_china_follows_the_nine_months_of_brent_before(tracker, span, tree, spec):
    """The first projected quarter whose three quarters before are all known has almost no noise."""
    known = money._quarters(money.index(tracker.facts["prices"], "brent"))
    rule = dict(spec.markets)["china"]
    if not all(span.first - k in known for k in (1, 2, 3)):
        pytest.skip("the three quarters before the grid are not all in the facts")
    oil = np.mean([known[span.first - k] for k in (1, 2, 3)])
    prices, _ = paths(spec, (75, 9))
    assert np.median(prices["china"][0]) == pytest.approx(
        rule.level * (rule.intercept + rule.oil * oil), rel=0.02
    )
    spread = np.log(prices["china"][0]).std()
    assert spread == pytest.approx(tree["money"]["level_spread"]["value"], rel=0.1)


def test_the_western_mix_is_oil_slope_and_hub(tracker, tree):
    found = money.formulas(tracker.facts, tree)["turkey"]
    per_thousand = 10.4 * 1000 / 293.07107
    assert found.hub == pytest.approx(0.75 * per_thousand)
    assert found.oil == pytest.approx(0.25 * 0.13 * per_thousand)
    assert 0.8 < found.level < 1.2


def test_the_level_is_one_before_any_price_is_known(tracker, tree):
    tables = dict(tracker.facts)
    tables["prices"] = tables["prices"][
        tables["prices"]["series"].isin(["wb_brent", "wb_gas_europe"])
    ]
    tables["volumes"] = tables["volumes"].iloc[:0]
    found = money.formulas(tables, tree)
    assert found["turkey"].level == 1.0
    assert found["china"].intercept == 0.0  # no customs price yet: the oil slope speaks


def test_surprises_of_oil_and_hub_are_linked(spec):
    rng = np.random.default_rng(0)
    noise = money.draw(spec, rng, rng.standard_normal((ramp.MODES, 50_000), dtype=np.float32))
    assert np.corrcoef(noise.oil[0], noise.hub[0])[0, 1] == pytest.approx(spec.link, abs=0.02)


def test_the_rate_reverts_to_a_level_that_drifts(spec):
    _, rate = paths(spec, (75, 9))
    low, high = np.quantile(rate[-1], [0.1, 0.9])
    assert 1.5 < high / low < 4  # a walk gave 11 for the roubles of 2040
    spread = np.log(rate).std(axis=1)
    assert spread[-1] > spread[0]
    # years ahead the level has been reached: it grows by the drift, 4 % a year
    assert np.median(rate[-1]) / np.median(rate[-9]) == pytest.approx(np.exp(0.08), rel=0.02)


def test_without_a_rate_there_are_no_roubles(tracker, span):
    fx = tracker.facts["fx"]
    assert money.rate_path(fx.iloc[:0], span, 0.04) is None
    few = fx[fx["period"].isin([f"2022Q{n}" for n in range(1, 5)])]
    assert money.rate_path(few, span, 0.04) is None  # three steps tell no size


def test_a_gap_in_the_rate_is_stepped_over_not_filled(span):
    """Still at 60, still at 90; between 2021Q4 and 2023Q1 nothing is known, and it has moved by half."""
    names = [f"{year}Q{n}" for year in (2019, 2020, 2021, 2023) for n in range(1, 5)]
    fx = pd.DataFrame({"pair": "RUB/USD", "kind": "mean", "freq": "Q", "period": names,
                       "value": [60.0] * 12 + [90.0] * 4, "published": ""})  # fmt: skip
    found = money.rate_path(fx, span, 0.0)
    ahead = span.first + span.count - 1 - (2023 * 4 + 3)
    # 14 pairs that do not move: held at 0.98, they leave 0.02 of 11 x -0.0869 and 3 x 0.3186;
    # the jump itself, counted, would leave 0.1
    spread, mean = 0.018061, np.log(60) + np.log(1.5) / 4
    doubt = spread * np.sqrt(1.98 / 0.02 / 16)
    size = (found.noise**2).sum(0)[-1] + found.white[-1] ** 2
    assert size == pytest.approx(spread**2 * (1 - 0.98 ** (2 * ahead)) + doubt**2, rel=1e-3)
    assert found.fixed[-1] == pytest.approx(mean + (np.log(90) - mean) * 0.98**ahead)


def test_a_sliding_window_is_independent_by_row():
    view = money.slide(np.arange(10.0), 3, 5)
    assert view.tolist() == [[0, 1, 2, 3, 4], [1, 2, 3, 4, 5], [2, 3, 4, 5, 6]]


# ---- bad input ---------------------------------------------------------------------------------


def test_a_price_path_with_gaps(tracker, span, tree):
    tables = dict(tracker.facts)
    rows = tables["prices"]
    tables["prices"] = rows[
        ~((rows["series"] == "wb_brent") & rows["period"].isin(["2015-03", "2015-04"]))
    ]
    with pytest.raises(
        DataError, match=r"price path has gaps: 2 months are missing \(2015-03, 2015-04\)"
    ):
        money.spec(tables, span, tree)


def test_a_price_path_too_short_or_not_positive(tracker):
    rows = tracker.facts["prices"]
    brent = rows[(rows["series"] == "wb_brent") & (rows["freq"] == "M")]
    with pytest.raises(DataError, match="12 months cannot carry a price path; 36 are needed"):
        money.index(brent.head(12), "brent")
    odd = brent.copy()
    odd.loc[odd["period"] == "2020-04", "value"] = -3.0
    with pytest.raises(DataError, match=r"2020-04: price -3.0 is not positive"):
        money.index(odd, "brent")


# ---- what was before ---------------------------------------------------------------------------


def test_the_years_before_are_the_cube_s_own(tracker):
    cube = tracker.flows()
    table = money.before(cube, tracker.facts["routes"])
    assert table.columns.tolist() == list(range(2015, 2022))
    own = float(cube["revenue"].sel(route="nord-stream-1", period="2021").sum())
    assert table.loc["nord-stream-1", 2021] == pytest.approx(own)
    assert table.loc["all"].tolist() == pytest.approx(table.drop("all").sum().tolist())
    assert "ukraine-slovakia" not in table.index  # an exit, never added
    assert 30_000 < table.loc["all", 2021] < 70_000
