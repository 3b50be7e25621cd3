"""When a dated row holds: from ``valid_from``, its first day, to ``valid_to``, the first day after.

An empty end is open. Texts are ISO days, so they sort as the days do. Nobody else spells this out:
`in_force` picks rows, `bounds` reads one row, `spans` reads a column at once.
"""

from __future__ import annotations

import datetime as dt

import numpy as np
import numpy.typing as npt
import pandas as pd

FIRST, LAST = dt.date.min, dt.date.max
"""What stands for an open beginning and an open end."""

Days = npt.NDArray[np.datetime64]


def bounds(valid_from: str, valid_to: str) -> tuple[dt.date, dt.date]:
    """Return the first day a row holds and the first on which it no longer does.

    Examples
    --------
    >>> bounds("2019-12-02", "")
    (datetime.date(2019, 12, 2), datetime.date(9999, 12, 31))
    """
    since = dt.date.fromisoformat(valid_from) if valid_from else FIRST
    return since, dt.date.fromisoformat(valid_to) if valid_to else LAST


def spans(table: pd.DataFrame) -> tuple[Days, Days]:
    """Return the same for every row of a table, as days (datetime64[D]).

    Parameters
    ----------
    table : DataFrame
        Columns ``valid_from, valid_to``, ISO days; "" and missing are open.

    Examples
    --------
    >>> rows = pd.DataFrame({"valid_from": ["", "2021-01-01"], "valid_to": ["2021-01-01", ""]})
    >>> since, until = spans(rows)
    >>> str(until[0]), bool(until[0] == since[1])
    ('2021-01-01', True)
    """
    return _column(table["valid_from"], FIRST), _column(table["valid_to"], LAST)


def _column(texts: pd.Series, otherwise: dt.date) -> Days:
    days = [text if isinstance(text, str) and text else otherwise for text in texts.tolist()]
    return np.array(days, dtype="datetime64[D]")


def in_force(
    table: pd.DataFrame, first: dt.date | str, until: dt.date | str | None = None
) -> pd.DataFrame:
    """Return the rows in force on a day, or on any day of a span, in their order.

    Parameters
    ----------
    table : DataFrame
        Columns ``valid_from, valid_to``, ISO days; "" and missing are open.
    first : date or ISO day
    until : date or ISO day, optional
        The day after the last of the span; without it `first` alone is meant.

    Examples
    --------
    >>> table = pd.DataFrame({"value": [5, 10], "valid_from": ["2019-12-02", "2021-01-01"],
    ...                       "valid_to": ["2021-01-01", ""]})
    >>> in_force(table, "2020-12-31")["value"].tolist()
    [5]
    >>> in_force(table, "2020-12-31", "2021-02-01")["value"].tolist()
    [5, 10]
    """
    begin = np.datetime64(first, "D")
    end = begin + np.timedelta64(1, "D") if until is None else np.datetime64(until, "D")
    since, to = spans(table)
    held = (since < end) & ((begin < to) | (to == np.datetime64(LAST)))
    found: pd.DataFrame = table.loc[held]
    return found
