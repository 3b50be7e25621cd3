"""Periods: every text of the facts, texts that do not exist, and laws of the calendar."""

from __future__ import annotations

import datetime as dt
import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import PeriodError
from energy.measure import periods as calendar
from energy.measure.periods import (
    Period,
    containing,
    coverage,
    days,
    label,
    long_label,
    months,
    overlap,
    parse,
    span,
)

# --- reading and writing -----------------------------------------------------------------------

TEXTS = [
    # text, first day, last day, freq, canonical, for people
    ("2025", "2025-01-01", "2025-12-31", "A", "2025", "2025"),
    ("2025H1", "2025-01-01", "2025-06-30", "H", "2025H1", "2025 H1 (Jan-Jun)"),
    ("2025H2", "2025-07-01", "2025-12-31", "H", "2025H2", "2025 H2 (Jul-Dec)"),
    ("2026Q1", "2026-01-01", "2026-03-31", "Q", "2026Q1", "2026 Q1 (Jan-Mar)"),
    ("2025 Q4", "2025-10-01", "2025-12-31", "Q", "2025Q4", "2025 Q4 (Oct-Dec)"),
    ("2025-Q2", "2025-04-01", "2025-06-30", "Q", "2025Q2", "2025 Q2 (Apr-Jun)"),
    (" 2025q3 ", "2025-07-01", "2025-09-30", "Q", "2025Q3", "2025 Q3 (Jul-Sep)"),
    ("2024-02", "2024-02-01", "2024-02-29", "M", "2024-02", "Feb 2024"),
    ("2025-10-03", "2025-10-03", "2025-10-03", "D", "2025-10-03", "3 Oct 2025"),
    ("2025-10-03T00:00:00", "2025-10-03", "2025-10-03", "D", "2025-10-03", "3 Oct 2025"),
    ("2025M9", "2025-01-01", "2025-09-30", "C", "2025M9", "Jan-Sep 2025"),
    ("2025M1", "2025-01-01", "2025-01-31", "C", "2025M1", "Jan 2025"),
    ("2025M12", "2025-01-01", "2025-12-31", "C", "2025M12", "Jan-Dec 2025"),
    ("2025-01/2025-08", "2025-01-01", "2025-08-31", "C", "2025M8", "Jan-Aug 2025"),
    ("2025-03/2025-08", "2025-03-01", "2025-08-31", "C", "2025-03/2025-08", "Mar-Aug 2025"),
    ("2022-11/2023-02", "2022-11-01", "2023-02-28", "C", "2022-11/2023-02", "Nov 2022-Feb 2023"),
    ("2022/2024", "2022-01-01", "2024-12-31", "C", "2022/2024", "Jan 2022-Dec 2024"),
    (
        "2022-01-01/2022-01-15",
        "2022-01-01",
        "2022-01-15",
        "C",
        "2022-01-01/2022-01-15",
        "1 Jan 2022-15 Jan 2022",
    ),
    (
        "2026-01/2026-05-15",
        "2026-01-01",
        "2026-05-15",
        "C",
        "2026-01-01/2026-05-15",
        "1 Jan 2026-15 May 2026",
    ),
    ("2025-05-02/2025-05-02", "2025-05-02", "2025-05-02", "C", None, "2 May 2025"),
    ("2025Q1/2025Q3", "2025-01-01", "2025-09-30", "C", "2025M9", "Jan-Sep 2025"),
    ("GY2025", "2025-10-01", "2026-09-30", "G", "GY2025", "GY25/26 (Oct 2025-Sep 2026)"),
    ("GY25/26", "2025-10-01", "2026-09-30", "G", "GY2025", "GY25/26 (Oct 2025-Sep 2026)"),
    ("GY1999/00", "1999-10-01", "2000-09-30", "G", "GY1999", "GY99/00 (Oct 1999-Sep 2000)"),
]


@pytest.mark.parametrize(("text", "first", "last", "freq", "canonical", "people"), TEXTS)
def test_texts_of_the_facts(text, first, last, freq, canonical, people):
    period = parse(text)
    assert period.start.isoformat() == first
    assert (period.end - dt.timedelta(days=1)).isoformat() == last
    assert period.freq == freq
    assert label(period) == str(period) == (canonical or text)
    assert long_label(period) == people
    assert parse(label(period)) == period


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "2024Q5",
            r"^Period '2024Q5' does not exist: quarters run from Q1 to Q4, e\.g\. 2024Q4\.$",
        ),
        ("2024Q0", "quarters run from Q1 to Q4"),
        ("2024 H3", r"Period '2024 H3' does not exist: halves run from H1 to H2, e\.g\. 2024H2"),
        ("2024M13", r"cumulative months run from M1 to M12, e\.g\. 2024M12"),
        ("2024-13", r"'2024-13' does not exist: months run from 01 to 12, e\.g\. 2024-12"),
        ("2024-00", "months run from 01 to 12"),
        ("2024-13-01", "months run from 01 to 12"),
        ("2023-02-30", r"does not exist: February 2023 has 28 days, e\.g\. 2023-02-28"),
        ("2024-02-30", "February 2024 has 29 days"),
        ("2025-04-00", "April 2025 has 30 days"),
        ("2025-08/2025-01", r"runs backwards: 2025-01 ends before 2025-08 starts; write 2025-01/"),
        ("2025-01/2025-13", r"'2025-01/2025-13' does not exist: months"),
        ("2025-01/", "is not an interval: expected first/last"),
        ("2025/2026/2027", "is not an interval: expected first/last"),
        ("GY25/27", r"a gas year ends one year after it starts, e\.g\. GY25/26"),
        ("2026M05", "is unclear: write 2026-05 for the month or 2026M5"),
        ("2026Q01", r"is unclear: write 2026Q1\."),
        ("0202-10", "out of reach: years run from 1900 to 2199"),
        ("", "A period is empty: expected 2025, 2025H1"),
        ("   ", "A period is empty"),
        ("2025-1", "'2025-1' cannot be read: expected 2025, 2025H1"),
        ("last winter", "cannot be read"),
        ("2025-10-03T06:00:00", "cannot be read"),
        ("٢٠٢٥", "cannot be read"),
        (None, "Period None is neither text nor a date"),
        (float("nan"), "Period nan is neither text nor a date"),
        (2025.0, r"Period 2025\.0 is neither text nor a date"),
        (True, "Period True is neither text nor a date"),
        (pd.NaT, "Period NaT is neither text nor a date"),
        (np.datetime64("NaT", "ns"), "is neither text nor a date"),
        (np.datetime64("NaT", "D"), "is neither text nor a date"),
    ],
)
def test_what_is_no_period(text, message):
    with pytest.raises(PeriodError, match=message):
        parse(text)


def test_a_date_of_any_kind_is_a_day():
    cube = xr.DataArray(pd.to_datetime(["2025-10-01"]), dims="period")
    for date in (
        dt.date(2025, 10, 1),
        dt.datetime(2025, 10, 1, 6, 0),
        pd.Timestamp("2025-10-01"),
        np.datetime64("2025-10-01", "ns"),
        cube[0],
        "2025-10-01",
    ):
        assert label(parse(date)) == "2025-10-01"
        assert label(containing(date, "Q")) == "2025Q4"


def test_a_whole_number_is_a_year_and_a_period_is_itself():
    assert parse(2025) == parse(np.int64(2025)) == parse("2025")
    assert parse(parse("2025Q1")) == parse("2025Q1")


def test_periods_sort_by_start_then_end():
    texts = ["2025Q2", "2025", "2025Q1", "2024-12"]
    assert [label(p) for p in sorted(map(parse, texts))] == ["2024-12", "2025Q1", "2025", "2025Q2"]
    assert len({parse("2025M8"), parse("2025-01/2025-08")}) == 1


def test_a_period_made_by_hand_must_be_one():
    assert Period(pd.Timestamp("2025-01-01"), dt.date(2025, 4, 1), "Q") == parse("2025Q1")
    with pytest.raises(PeriodError, match=r"has no day: give an end after the start"):
        Period(dt.date(2025, 1, 1), dt.date(2025, 1, 1), "C")
    with pytest.raises(PeriodError, match=r"is not one whole quarter: use freq='C'"):
        Period(dt.date(2025, 2, 1), dt.date(2025, 5, 1), "Q")
    with pytest.raises(PeriodError, match=r"Frequency 'Y' is unknown: expected one of A calendar"):
        Period(dt.date(2025, 1, 1), dt.date(2026, 1, 1), "Y")


# --- counting ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("2024", 366),
        ("2025", 365),
        ("2024Q1", 91),
        ("GY2023", 366),
        ("2025M9", 273),
        ("2025-02", 28),
    ],
)
def test_days(text, number):
    assert days(parse(text)) == number


def test_months_with_parts():
    assert months(parse("2025Q1")) == [(2025, 1, 1.0), (2025, 2, 1.0), (2025, 3, 1.0)]
    assert months(parse("2025-12-17/2026-01-31")) == [(2025, 12, 15 / 31), (2026, 1, 1.0)]
    assert months(parse("2025-10-03")) == [(2025, 10, 1 / 31)]


def test_span_of_quarters_and_gas_years():
    assert [label(p) for p in span("2025", "2026Q1", "Q")] == [
        "2025Q1",
        "2025Q2",
        "2025Q3",
        "2025Q4",
        "2026Q1",
    ]
    assert [label(p) for p in span("2025", "2025", "G")] == ["GY2024", "GY2025"]
    assert [label(p) for p in span("2025-02", "2025-02", "Q")] == ["2025Q1"]


def test_span_refuses():
    with pytest.raises(PeriodError, match=r"Span 2026 to 2025 runs backwards"):
        span("2026", "2025", "Q")
    with pytest.raises(PeriodError, match=r"\(freq 'C'\) has no calendar: choose A, H, Q"):
        span("2025", "2026", "C")
    with pytest.raises(PeriodError, match="Frequency 'W' is unknown"):
        span("2025", "2026", "W")


def test_overlap():
    assert overlap(parse("2025"), parse("GY2025")) == 92  # October to December
    assert overlap(parse("2025Q1"), parse("2025Q2")) == 0
    assert overlap(parse("2024"), parse("2026")) == 0


def test_coverage_counts_once():
    quarter = parse("2025Q1")  # 90 days
    january, half = parse("2025-01"), parse("2025H1")
    assert coverage([], quarter) == 0
    assert coverage([january], quarter) == 31 / 90
    assert coverage([january, january, parse("2025-01-31/2025-02-14")], quarter) == 45 / 90
    assert coverage([half, january], quarter) == 1
    assert coverage([parse("2025-02"), parse("2024")], quarter) == 28 / 90


# --- laws --------------------------------------------------------------------------------------

dates = st.dates(dt.date(1950, 1, 1), dt.date(2150, 12, 31))
regular = st.builds(containing, dates, st.sampled_from("AHQMDG"))
intervals = st.tuples(dates, st.integers(1, 900)).map(
    lambda pair: Period(pair[0], pair[0] + dt.timedelta(days=pair[1]), "C")
)
whole_months = st.tuples(regular, regular).map(
    lambda pair: Period(min(pair).start, max(p.end for p in pair), "C")
)
periods = regular | intervals | whole_months


@given(periods)
def test_label_reads_back(period):
    assert parse(label(period)) == period


@given(dates, st.sampled_from("AHQMDG"))
def test_a_day_lies_in_the_period_containing_it(date, freq):
    period = containing(date, freq)
    assert period.start <= date < period.end
    assert (
        containing(period.start, freq) == containing(period.end - dt.timedelta(1), freq) == period
    )


@settings(deadline=None)
@given(intervals, st.sampled_from("AHQMDG"))
def test_span_partitions(whole, freq):
    parts = span(whole, whole, freq)
    assert all(before.end == after.start for before, after in itertools.pairwise(parts))
    assert sum(overlap(part, whole) for part in parts) == days(whole)
    assert all(overlap(part, whole) > 0 for part in parts)
    assert coverage(parts, whole) == 1


@given(st.integers(1950, 2150))
def test_days_of_the_parts_add_up(year):
    whole = parse(year)
    for freq in "HQM":
        assert sum(days(part) for part in span(whole, whole, freq)) == days(whole)


@given(intervals)
def test_shares_of_months_add_up_to_the_days(period):
    lengths = [share * days(parse(f"{year}-{month:02}")) for year, month, share in months(period)]
    assert sum(lengths) == pytest.approx(days(period))


@given(st.lists(periods, max_size=6), periods)
def test_coverage_equals_counting_days_one_by_one(parts, whole):
    start, end = whole.start.toordinal(), whole.end.toordinal()
    seen = {
        day
        for part in parts
        for day in range(max(start, part.start.toordinal()), min(end, part.end.toordinal()))
    }
    assert coverage(parts, whole) == len(seen) / (end - start)


# --- numbers -----------------------------------------------------------------------------------


@given(dates)
def test_a_day_lies_in_its_numbered_month_and_quarter(date):
    month, quarter = calendar.month_number(date), calendar.quarter_number(date)
    assert calendar.month_start(month) == containing(date, "M").start
    assert calendar.month_start(month + 1) == containing(date, "M").end
    assert calendar.month_days(month) == days(containing(date, "M"))
    assert calendar.quarter_start(quarter) == containing(date, "Q").start
    assert calendar.quarter_label(quarter) == label(containing(date, "Q"))
    assert calendar.quarter_start(quarter + 1) == containing(date, "Q").end


@given(dates)
def test_a_decimal_year_reads_back_as_its_day(date):
    assert calendar.from_decimal(calendar.decimal_year(date)) == date


@given(dates, st.integers(1, 4000))
def test_decimal_years_rise_with_the_days_and_measure_them(date, count):
    later = date + dt.timedelta(days=count)
    apart = calendar.decimal_year(later) - calendar.decimal_year(date)
    assert apart == pytest.approx(calendar.years(date, later), abs=1e-9)
    assert apart > 0


@pytest.mark.parametrize("year", [2023, 2024, 2027, 2028, 2100])
def test_the_last_day_of_a_year_stays_in_its_year(year):
    last = dt.date(year, 12, 31)
    assert year < calendar.decimal_year(last) < year + 1
    assert calendar.decimal_year(last + dt.timedelta(days=1)) == year + 1
    assert year < calendar.middle(last.isoformat()) < year + 1


def test_lengths_of_leap_years():
    assert [calendar.year_days(year) for year in (1900, 2000, 2023, 2024)] == [365, 366, 365, 366]
    assert calendar.decimal_year(dt.date(2024, 12, 31)) == 2024 + 365 / 366
    assert calendar.years(dt.date(2023, 7, 1), dt.date(2024, 7, 1)) == 184 / 365 + 182 / 366


def test_the_middle_of_a_period():
    assert calendar.middle("2024") == 2024.5
    assert calendar.middle("2024Q1") == pytest.approx(2024 + 91 / 366 / 2)
    assert calendar.middle("GY2023") == pytest.approx((2023 + 273 / 365 + 2024 + 274 / 366) / 2)
