"""A proposed line as a bargain: floor, ceiling and split, by hand and at the edges."""

import numpy as np
import pandas as pd
import pytest

import energy
from energy import facts
from energy.errors import DataError, UnknownName
from energy.projection import bargain


@pytest.fixture(scope="module")
def t():
    return energy.load()


@pytest.fixture(scope="module")
def made(t):
    return t.ahead.bargain(draws=2000)


def changed(tables, item, name="", **values):
    """The facts with one row of the bargain changed."""
    rows = tables["bargain"].copy()
    mine = (rows["item"] == item) & (rows["name"] == name)
    assert mine.sum() == 1
    for column, value in values.items():
        rows.loc[mine, column] = value
    return facts.Tables({**tables, "bargain": rows})


def test_the_most_likely_case_by_hand(made):
    mode = made.summary["mode"]
    # 0.4 x (285 + 92) + 0.4 x (300 + 20) + 0.2 x (230 + 36) = 332, less 36 to where it is used
    assert mode["ceiling"] == pytest.approx(296.0)
    assert mode["floor"] == pytest.approx(201.1, abs=0.05)  # as t.economics has it
    assert mode["price"] == pytest.approx(201.1 + 0.3 * (296.0 - 201.1), abs=0.05)


def test_the_floor_is_the_break_even_of_the_economics(t, made):
    whole = t.economics("power-of-siberia-2").loc["breakeven"]
    for word in ("p10", "p50", "p90"):
        assert made.summary.loc["floor", word] == pytest.approx(whole[word], rel=0.02)


def test_a_price_stands_only_where_both_gain(made):
    row = made.summary.loc["price"]
    assert row["p10"] < row["p50"] < row["p90"]
    assert made.summary.loc["gain", "p10"] < 0 < made.chance < 1
    assert made.variants.loc["as stated", "chance"] == made.chance


def test_an_even_split_lies_in_the_middle_and_all_power_at_the_ends(t):
    poor, even, strong = (
        t.ahead.bargain(power=power, draws=500).summary["mode"] for power in (0.0, 0.5, 1.0)
    )
    assert poor["price"] == pytest.approx(poor["floor"])
    assert even["price"] == pytest.approx((even["floor"] + even["ceiling"]) / 2)
    assert strong["price"] == pytest.approx(strong["ceiling"])


def test_where_the_floor_lies_above_the_ceiling_there_is_no_price(t):
    far = changed(t.facts, "transport_own", low=270.0, mode=270.0, high=270.0)
    result = bargain.bargain(far, draws=500)
    assert result.chance == 0
    assert np.isnan(result.summary.loc["price", "p50"])
    named = result.variants.loc["transport inside China as kondratov has it"]
    assert named["chance"] == 0 and np.isnan(named["price"])


def test_what_each_variant_must_do(made):
    table = made.variants
    base = table.loc["as stated"]
    assert table.loc["company and state as one seller", "floor"] < base["floor"]
    assert table.loc["line and fields already paid for", "chance"] > base["chance"]
    assert table.loc["even split", "price"] > base["price"]
    assert table.loc["only line-d replaced", "ceiling"] > base["ceiling"]


def test_dearer_alternatives_raise_price_and_chance(made):
    row = made.sensitivities.loc["alternative lng"]
    assert row["low"] < row["high"]
    assert row["price_low"] < row["price_high"] and row["chance_low"] < row["chance_high"]
    own = made.sensitivities.loc["transport_own"]
    assert own["price_low"] > own["price_high"]
    spread = (made.sensitivities["price_high"] - made.sensitivities["price_low"]).abs()
    assert spread.is_monotonic_decreasing


def test_alternatives_that_follow_oil_move_together(t):
    rows = t.facts["bargain"]
    line = energy.finance.economics.project(t.facts, "power-of-siberia-2")
    drawn = bargain._drawn(rows, line, 4000, 0)
    ranks = pd.DataFrame(
        {name: drawn[f"alternative {name}"] for name in ("lng", "line-d", "own-output")}
    ).corr("spearman")
    assert ranks.loc["lng", "line-d"] == pytest.approx(0.68, abs=0.05)
    assert abs(ranks.loc["lng", "own-output"]) < 0.06


def test_published_prices_stand_beside(made):
    table = made.published.set_index(["what", "period"])
    row = table.loc[("ministry_china", "2026")]
    assert row["price"] == 240
    assert row["floor_below"] < row["ceiling_above"]
    asked = table.loc[("breakeven at least", "2024")]
    assert asked["price"] == 60 and asked["floor_below"] == 0


def test_refusals(t):
    with pytest.raises(UnknownName, match="far-eastern-route"):
        t.ahead.bargain("far-eastern-route")
    with pytest.raises(DataError, match=r"power 1\.5 must lie from 0 to 1"):
        t.ahead.bargain(power=1.5)
    with pytest.raises(DataError, match="10 draws give no interval"):
        t.ahead.bargain(draws=10)
    with pytest.raises(DataError, match="BA001: low 900, mode 285, high 320 are not in order"):
        bargain.bargain(changed(t.facts, "alternative", "line-d", low=900.0))
    rows = t.facts["bargain"]
    lone = rows[~((rows["item"] == "share") & (rows["name"] == "lng"))]
    with pytest.raises(DataError, match="alternative 'lng' has no row 'share'"):
        bargain.bargain(facts.Tables({**t.facts, "bargain": lone}))
    weak = rows[rows["item"] != "power"]
    with pytest.raises(DataError, match="no row 'power' for power-of-siberia-2"):
        bargain.bargain(facts.Tables({**t.facts, "bargain": weak}))
