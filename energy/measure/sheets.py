"""Text in CSV that a spreadsheet would run is quoted, so that opening a file starts nothing."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

RUN = re.compile(r"\s*[=+\-@\t\r|%]")
PLAIN = re.compile(r"[+-]?[\d.,]*([eE][+-]?\d+)?%?|-+")


def quoted(value: Any) -> Any:
    """Return a cell with an apostrophe before a text that a spreadsheet would take for a formula.

    Numbers, written as text too, and dashes stay as they are.

    Examples
    --------
    >>> quoted("=1+1"), quoted("-12.5"), quoted("@SUM(A1)"), quoted("-"), quoted("gas"), quoted(-3)
    ("'=1+1", '-12.5', "'@SUM(A1)", '-', 'gas', -3)
    """
    if isinstance(value, str) and RUN.match(value) and not PLAIN.fullmatch(value.strip()):
        return "'" + value
    return value


def safe(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose texts, names of columns too, are `quoted` for a CSV file.

    Examples
    --------
    >>> safe(pd.DataFrame({"note": ["=1+1", "plain"], "value": [1.0, -2.0]})).to_numpy().tolist()
    [["'=1+1", 1.0], ['plain', -2.0]]
    """
    made = table.rename(columns=quoted)
    for place, kind in enumerate(made.dtypes):
        if kind.kind not in "biufcmM":
            column = made.iloc[:, place].map(quoted, na_action="ignore")
            made.isetitem(place, column.astype(kind).array)
    return made
