"""When dated rows hold: one rule for days and for spans, open ends included."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from energy import facts
from energy.measure import validity

ROWS = pd.DataFrame(
    {
        "id": ["old", "now", "always", "until", "since"],
        "valid_from": ["2019-12-02", "2021-01-01", "", "", "2021-01-01"],
        "valid_to": ["2021-01-01", "2022-01-01", "", "2021-01-01", ""],
    }
)


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2019-12-01", ["always", "until"]),
        ("2019-12-02", ["old", "always", "until"]),
        ("2020-12-31", ["old", "always", "until"]),
        ("2021-01-01", ["now", "always", "since"]),
        ("2021-12-31", ["now", "always", "since"]),
        ("2022-01-01", ["always", "since"]),
    ],
)
def test_a_row_holds_from_its_first_day_until_the_day_before_the_last(day, expected):
    assert facts.in_force(ROWS, day)["id"].tolist() == expected
    assert facts.in_force(ROWS, dt.date.fromisoformat(day))["id"].tolist() == expected


def test_a_span_takes_every_row_that_holds_on_one_of_its_days():
    found = facts.in_force(ROWS, "2020-12-31", "2021-01-02")["id"].tolist()
    assert found == ["old", "now", "always", "until", "since"]
    assert facts.in_force(ROWS, "2020-12-30", "2021-01-01")["id"].tolist() == [
        "old",
        "always",
        "until",
    ]


def test_missing_ends_are_open_like_empty_ones():
    rows = ROWS.assign(valid_from=ROWS["valid_from"].replace("", None), valid_to=np.nan)
    assert facts.in_force(rows, "2030-01-01")["id"].tolist() == ROWS["id"].tolist()
    assert facts.in_force(rows, "1950-01-01")["id"].tolist() == ["always", "until"]
    assert facts.in_force(ROWS, dt.date.max)["id"].tolist() == ["always", "since"]


days = st.dates(dt.date(1990, 1, 1), dt.date(2060, 1, 1))


@given(days, st.integers(1, 60))
def test_a_span_holds_what_one_of_its_days_holds(first, length):
    span = [first + dt.timedelta(days=n) for n in range(length)]
    on_days = {name for day in span for name in _by_row(day)}
    assert set(facts.in_force(ROWS, first, first + dt.timedelta(days=length))["id"]) == on_days


def _by_row(day):
    for row in ROWS.itertuples():
        since, until = validity.bounds(row.valid_from, row.valid_to)
        if since <= day < until:
            yield row.id
