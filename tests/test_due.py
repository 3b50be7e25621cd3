"""Figures that are due and did not come: a table cut behind a line, and one that is not out yet."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import pytest
from server import Reply
from upstream import Upstream

from energy.intake import due, update
from energy.sources import cbr, ecb, entsog, eurostat
from energy.store import Store

NOW = dt.datetime(2026, 11, 25, 6, 0, tzinfo=dt.UTC)


def series(periods: list[str], asked: str = "2026-08-25", **named: str) -> pd.DataFrame:
    row = {
        "series": "fx",
        "entity": "USD/EUR",
        "freq": "M",
        "source": "ecb",
        "basis": "",
        "unit": "USD",
    }
    told = pd.DataFrame({"period": periods, "value": 1.1}).assign(**row)
    return told.assign(retrieved=pd.Timestamp(asked, tz="UTC"), **named)


def months(first: str, count: int) -> list[str]:
    return [str(month) for month in pd.period_range(first, periods=count, freq="M")]


def days(first: str, last: str, freq: str = "D") -> list[str]:
    return [f"{day:%Y-%m-%d}" for day in pd.date_range(first, last, freq=freq)]


def late(came, known, module=ecb, today="2026-11-25") -> list[tuple[str, str]]:
    found = due.overdue(came, known, module, "2026Q3", dt.date.fromisoformat(today))
    return list(zip(found["newest"], found["due"], strict=True))


PAST = series(months("2025-07", 12))
"""To June 2026, asked on 25 August: 56 days after it was over."""


@pytest.mark.parametrize(("today", "found"), [
    ("2026-11-25", [("2026-08", "2026-09")]),
    ("2026-10-02", [("2026-08", "2026-09")]),  # the average is out a day after the month
    ("2026-09-30", []),  # September is not over: honestly not out yet
])  # fmt: skip
def test_a_monthly_table_one_row_short(today, found):
    assert late(series(months("2026-07", 2)), PAST, today=today) == found
    assert late(series(months("2026-07", 2)), PAST.head(0), today=today) == found  # the first run
    assert late(series(months("2026-07", 3)), PAST, today=today) == []


def test_a_series_that_did_not_come_at_all_is_due_where_it_went_on_before():
    assert late(PAST.head(0), PAST) == [("", "2026-09")]
    assert late(PAST.head(0), PAST.head(11)) == []  # it had ended with May


def test_a_slow_source_may_take_as_long_as_last_time_and_a_month():
    # September: over on the 30th, 56 days as last time, 30 of grace: 25 December
    named = {"source": "eurostat", "series": "import"}
    past, came = PAST.assign(**named), series(months("2026-07", 2), **named)
    assert late(came, past, eurostat, "2026-12-24") == []
    assert late(came, past, eurostat, "2026-12-25") == [("2026-08", "2026-09")]
    assert late(came, past.tail(3), eurostat, "2026-12-25") == []  # a newcomer has no habit yet


def test_days_are_counted_by_the_calendar_of_the_source_or_by_its_habit():
    daily = {"freq": "D"}
    past = series(days("2025-07-01", "2026-06-30", "B"), **daily)
    whole = series(days("2026-07-01", "2026-09-30", "B"), **daily)
    assert late(whole, past) == [] == late(whole, past.head(0))
    assert late(whole.iloc[:-1], past) == [("2026-09-29", "2026-09-30")]
    # without a calendar a long weekend, the longest step so far, is no loss; a day more is
    assert late(whole.iloc[:-2], past, cbr) == []
    assert late(whole.iloc[:-3], past, cbr) == [("2026-09-25", "2026-09-30")]
    meter = series(days("2025-07-01", "2026-06-30"), **daily)  # never a day left out
    cut = series(days("2026-07-01", "2026-09-29"), **daily)
    assert late(cut, meter, entsog) == [("2026-09-29", "2026-09-30")]


def test_the_bank_is_closed_at_easter_and_open_on_the_last_day_of_the_year():
    assert not ecb.is_open(dt.date(2024, 3, 29))  # Good Friday, the last weekday of a quarter
    assert not ecb.is_open(dt.date(2027, 1, 1)) and ecb.is_open(dt.date(2026, 12, 31))


@pytest.mark.slow
def test_an_update_says_amber_and_asks_once_more_for_a_table_cut_behind_a_line(tmp_path, tracker):
    def go(mode):
        return update.run("2026Q3", mode, store, client=client, keys={}, only=["ecb"],
                          sleep=lambda s: None, now=lambda: NOW, tables=tracker.facts)  # fmt: skip

    head = "FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,TIME_PERIOD,OBS_VALUE\n"
    rows = "".join(f"M,USD,EUR,SP00,2026-{n:02},1.16{n:02}\n" for n in (7, 8))
    store = Store.open(tmp_path / "home")
    with Upstream() as server, server.client() as client:
        server.plan("data-api.ecb.europa.eu", Reply(200, (head + rows).encode(), "text/csv"))
        cut = go("dry-run")
        assert cut.verdict.word == "amber"
        assert "ends with 2026-08; 2026-09 is due since 2026-10-01" in cut.verdict.why
        assert cut.sources["overdue"].tolist() == [1]
        asked = len(server.asked)
        del server.plans["data-api.ecb.europa.eu"]
        whole = go("dry-run")  # what was kept is cut: it is asked anew
        assert len(server.asked) == asked + 2
        assert whole.verdict.word == "green" and whole.sources["overdue"].tolist() == [0]
