"""Whole series judged: each test of plausibility on a table that can be checked by eye."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from energy.intake import plausible
from energy.sources.contract import COLUMNS

NOISE = np.random.default_rng(7).normal(0, 0.02, 60)


def series(values, first="2022-01", **same) -> pd.DataFrame:
    freq = same.get("freq", "M")
    span = pd.period_range(first, periods=len(values), freq=freq).astype(str)
    usual = {"series": "import_declared_ru_g3000", "entity": "turkey", "freq": freq, "unit": "MIO_M3",
             "basis": "15C", "source": "eurostat", "status": "actual", "note": ""}  # fmt: skip
    return pd.DataFrame({**usual, **same, "period": span, "value": values}).reindex(columns=COLUMNS)


def year(count=48, level=1800.0):
    """Return months with a season of 30 per cent and noise of 2."""
    return [
        level * (1 + 0.3 * math.cos(n % 12 * math.pi / 6)) * math.exp(NOISE[n % 60])
        for n in range(count)
    ]


KNOWN = series(year(45))
NEW = series(year(48)[45:], "2025-10")


def said(rows, known=KNOWN):
    return list(plausible.doubts(rows, known))


def test_a_usual_quarter_passes():
    assert said(NEW) == []


@pytest.mark.parametrize("times", [0.5, 2, 1 / 24, 3.6])
def test_a_new_quarter_off_by_a_factor_is_held_from_both_sides(times):
    found = said(NEW.assign(value=NEW["value"] * times))
    assert len(found) == 3 and all("times what season and level suggest" in text for text in found)
    named = [float(text.split(" is ")[1].split(" times")[0]) for text in found]
    assert named == pytest.approx([times] * 3, rel=0.08)


def test_zeros_where_there_never_were_any():
    assert said(NEW.assign(value=0.0)) == ["3 times 0 in a row, never more than 1 before: a stuck meter, "
                                           "or a placeholder?"] * 3  # fmt: skip


def test_a_history_revised_by_one_factor_is_held_and_the_factor_named():
    found = said(KNOWN.tail(24).assign(value=KNOWN["value"].tail(24) * 0.9))
    assert found == ["24 values were revised by one factor, 0.9 (net for gross?)"] * 24


def test_many_small_revisions_are_none():
    steps = 1 + np.random.default_rng(3).normal(0, 0.01, 24)
    assert said(KNOWN.tail(24).assign(value=KNOWN["value"].tail(24) * steps)) == []


def test_a_history_that_stands_a_month_beside():
    moved = KNOWN.tail(24).assign(value=KNOWN["value"].iloc[20:44].to_numpy().round(0))
    assert set(said(moved)) == {"the series fits what was known 1 period earlier: moved?"}


def test_two_series_swapped():
    other = KNOWN.assign(
        entity="germany", value=[300 + 7 * (n * n % 11) for n in range(len(KNOWN))]
    )
    known = pd.concat([KNOWN, other], ignore_index=True)
    bent = known.assign(entity=known["entity"].map({"turkey": "germany", "germany": "turkey"}))
    assert any("swapped?" in text for text in said(bent.groupby("entity").tail(24), known))


def test_energy_over_volume_has_to_be_a_calorific_value():
    energy = KNOWN.assign(unit="TJ_GCV", basis="GCV", value=KNOWN["value"] * 38.3)
    known = pd.concat([KNOWN, energy], ignore_index=True)
    new = pd.concat(
        [NEW, NEW.assign(unit="TJ_GCV", basis="GCV", value=NEW["value"] * 38.3)], ignore_index=True
    )
    assert said(new, known) == []
    zero = new.assign(value=new["value"].where(new["unit"] != "MIO_M3", new["value"] * 0.948))
    assert said(zero, known) == ["40.4 MJ/m3 by its two units; usual is 37.53 to 39.07"] * 6


def test_a_partner_cannot_give_more_than_all():
    total = NEW.assign(series="import_declared_total_g3000", value=100.0)
    found = said(pd.concat([NEW, total], ignore_index=True), KNOWN)
    assert sum("from all together" in text for text in found) == 3


def storage(count, first, room=250.0):
    full = [60 + n * 0.01 for n in range(count)]
    gie = {"source": "gie", "freq": "D", "entity": "germany"}
    return pd.concat([
        series(full, first, series="storage_fill", unit="%", basis="", **gie),
        series([f * room / 100 for f in full], first, series="storage_stock", unit="TWh", basis="unstated", **gie),
    ], ignore_index=True)  # fmt: skip


def test_stock_and_fullness_make_the_same_room_as_before():
    known, new = storage(60, "2026-07-01"), storage(5, "2026-08-30")
    assert said(new, known) == []
    stock = new["series"] == "storage_stock"
    bent = new.assign(value=new["value"].where(~stock, new["value"] / 2))
    assert (
        said(bent, known) == ["stock over fullness makes 125 TWh of room; so far it was 250"] * 10
    )


def rates(count, first, dollar=80.0):
    same = {"source": "cbr", "freq": "D", "series": "fx", "basis": ""}
    return pd.concat([series([dollar + 0.1 * (n % 5) for n in range(count)], first, entity="RUB/USD", **same),
                      series([11.0 + 0.01 * (n % 5) for n in range(count)], first, entity="RUB/CNY", **same)],
                     ignore_index=True)  # fmt: skip


def test_two_rates_make_the_cross_rate_of_last_month():
    known, new = rates(60, "2026-07-01"), rates(5, "2026-08-30")
    assert said(new, known) == []
    bent = rates(5, "2026-08-30", dollar=112.0)
    assert any("USD/CNY by the two rates is" in text for text in said(bent, known))


@pytest.mark.parametrize(
    ("values", "place"),
    [((KNOWN["value"].iloc[-1], *NEW["value"].iloc[:2]), 0), (NEW["value"].iloc[[1, 2, 2]], 2)],
    ids=["late", "early"],
)
def test_a_new_value_that_is_its_neighbours_to_the_last_digit(values, place):
    found = plausible.doubts(NEW.assign(value=list(values)), KNOWN)
    assert "is the value of the period before: moved, or filled up?" in found[place]
    assert sum("the period before" in text for text in found) == 1


def test_a_series_that_used_to_repeat_itself_may_go_on_to():
    past = series([400.1234, 400.1234] * 22, entity="serbia")
    new = series([400.1234] * 2, "2025-09", entity="serbia")
    assert not any("period before" in text for text in said(new, past))


def test_a_rounded_value_may_come_twice():
    past = KNOWN.assign(value=[*KNOWN["value"].iloc[:-1], 1800.0])
    new = NEW.assign(value=[1800.0, *NEW["value"].iloc[1:]])
    assert not any("period before" in text for text in said(new, past))


def test_a_stuck_meter():
    days = series([5e8 * math.exp(NOISE[n % 60]) for n in range(90)], "2026-04-01", freq="D",
                  series="flow_point", source="entsog", unit="kWh/d", basis="GCV")  # fmt: skip
    stuck = days.tail(20).assign(
        value=123_456.0, period=pd.period_range("2026-07-01", periods=20).astype(str)
    )
    assert set(said(stuck, days)) == {"20 times 123456 in a row, never more than 1 before: a stuck meter, "
                                      "or a placeholder?"}  # fmt: skip


def test_many_series_that_all_leave_their_past_by_one_small_factor():
    names = ["turkey", "bulgaria", "hungary", "serbia"]
    known = pd.concat([KNOWN.assign(entity=n) for n in names], ignore_index=True)
    new = pd.concat(
        [NEW.assign(entity=n, value=NEW["value"] * 0.9) for n in names], ignore_index=True
    )
    found = said(new, known)
    assert len(found) == 12 and all(
        "12 new values of 4 series are all 0." in text for text in found
    )


def price(values, first) -> pd.DataFrame:
    """Return days of a share that swings by two per cent from one to the next."""
    days = [f"{day:%Y-%m-%d}" for day in pd.bdate_range(first, periods=len(values))]
    named = {"series": "share_price", "entity": "gazprom", "unit": "RUB", "basis": ""}
    return series(values, freq="D", source="moex", **named).assign(period=days)


SWING = [100.0, 102.0] * 130
"""A year; the days stand a hundredth above and below their level of 101."""


@pytest.mark.parametrize(("known", "value", "held"), [
    (SWING, 105.0, True),  # four hundredths above, where a hundredth was the most
    (SWING, 103.0, False),
    (SWING[:200], 105.0, False),  # too short a past to know what a leap is like
    ([*SWING[:100], *(1.1 * v for v in SWING[100:])], 115.5, False),  # it has leapt by a tenth before
])  # fmt: skip
def test_a_step_that_no_day_of_a_year_took(known, value, held):
    past = price(known, "2025-01-01")
    day = pd.Timestamp(past["period"].iloc[-1]) + pd.offsets.BDay()
    found = said(price([value], day), past)
    assert [text.endswith("a step that no day before took") for text in found] == [True] * held


def test_a_second_opinion_that_was_always_near():
    mine = series([5.0, 5.2, 5.1, 4.9, 5.0, 5.3, 5.1, 5.0], "2024Q1", freq="Q", series="flow",
                  entity="turkstream-2", source="entsog", unit="bcm", basis="20C")  # fmt: skip
    other = mine.assign(source="crea", value=mine["value"] * 1.04)
    known = pd.concat([mine, other], ignore_index=True)
    known = pd.concat([known, other.tail(1).assign(period="2026Q1", value=6.2)], ignore_index=True)
    found = said(mine.tail(1).assign(period="2026Q1", value=4.6), known)
    assert found == ["0.772 times what crea suggests by their usual ratio"]


@pytest.mark.slow
def test_a_sample_of_the_corruption_benchmark():
    """One corruption a source, each of another kind; the same deliveries without it pass."""
    sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
    try:
        import bench_gate
    finally:
        sys.path.pop(0)
    cases = bench_gate.stratified()
    assert len(cases) == 240 and len({(c.source, c.bend) for c in cases}) == 240
    found = bench_gate.run(cases[::25])
    assert len(found) == found["source"].nunique() == found["bend"].nunique() == 10
    assert found["moves"].all() and found["caught"].all(), found[["source", "bend", "reason"]]
    clean = bench_gate.clean(1)
    for source in ("crea", "pinksheet", "epdk"):
        held = bench_gate.caught(*bench_gate.delivery(clean, source, "2026Q2"))
        assert held.empty, held["reason"].iloc[0]
