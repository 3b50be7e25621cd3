"""The checker of arguments: what it says, what it lets through, what it costs nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from energy.errors import UsageError, checked
from energy.measure import periods
from geodata.arguments import Checker, shown


@checked
def ask(
    text: str,
    number: float = 1.0,
    count: int | None = None,
    names: Iterable[str] = (),
    day: dt.date | str = "",
    place: str | Path = "",
    table: pd.DataFrame | None = None,
    flag: bool = False,
    free: Any = None,
    **more: str | None,
) -> str:
    return text


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": 3}, r"ask: text=3 is of type int; expected text\. See help\(ask\)"),
        ({"text": "\ud800"}, "cannot be"),
        ({"number": float("nan")}, "number=nan is not finite; expected a finite number"),
        ({"number": 10**400}, "expected a finite number"),
        ({"number": True}, "number=True is of type bool"),
        ({"count": 1.5}, "expected a whole number or None"),
        ({"names": "abc"}, "expected a list of text"),
        ({"names": ["a", 2]}, r"names=\['a', 2\] is of type list"),
        ({"day": 2024}, "expected a date or text"),
        ({"place": "a\0b"}, "holds a NUL; expected text or a path"),
        ({"place": Path("x" * 300)}, "expected text or a path"),
        ({"table": [1]}, "expected pd.DataFrame or None"),
        ({"flag": 1}, "expected True or False"),
        ({"stray": 1}, "stray=1 is of type int; expected text or None"),
    ],
)
def test_a_wrong_argument_is_named_with_what_was_expected(given, said):
    with pytest.raises(UsageError, match=said):
        ask(**{"text": "x", **given})


@pytest.mark.parametrize(
    "given",
    [
        {"number": np.float32(2)}, {"count": np.int64(3)}, {"names": np.array(["a", "b"])},
        {"names": pd.Index(["a"])}, {"day": pd.Timestamp("2024-01-01")}, {"flag": np.bool_(True)},
        {"free": object()}, {"table": pd.DataFrame()}, {"measure": "value", "reporter": None},
    ],
)  # fmt: skip
def test_what_fits_is_let_through(given):
    assert ask("x", **given) == "x"


def test_an_argument_too_few_is_told_as_well():
    with pytest.raises(UsageError, match=r"ask: missing a required argument: 'text'\. See help"):
        ask()


def test_arithmetic_is_looked_at_only_where_it_failed():
    looked = []

    class Counting(Checker):
        def _look(self, *given):
            looked.append(given)
            super()._look(*given)

    halve = Counting(ValueError).after(lambda number: number / 2)
    assert halve(4) == 2.0 and looked == []
    with pytest.raises(ValueError, match=r"number='x'\) cannot be worked out: unsupported"):
        halve("x")
    assert len(looked) == 1


def test_a_day_at_the_end_of_time_is_a_period_error():
    with pytest.raises(periods.PeriodError, match="date value out of range"):
        periods.parse(dt.date.max)


def test_a_long_or_broken_text_is_shortened():
    class Odd:
        def __repr__(self):
            raise ValueError

    assert shown(Odd()) == "<Odd>" and len(shown("x" * 500)) <= 60 and "\n" not in shown("a\nb")


def test_a_mapping_is_judged_by_its_kind():
    @checked
    def read(rates: Mapping[int, float] | None = None) -> int:
        return len(rates or {})

    assert read({2024: 90.0}) == 1
    with pytest.raises(UsageError, match="rates='x' is of type str"):
        read("x")
