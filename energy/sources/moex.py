"""Moscow Exchange: closing price of the Gazprom share.

What
    Close of GAZP on the main board (TQBR), each trading day.
Format
    JSON of ISS: blocks of ``columns`` and ``data``, pages of 100 rows by ``history.cursor``.
Licence
    Personal, informational use; redistribution needs a contract. Publish only derived averages.
Lag
    A day.
Quirks
    Columns are read by name. A day without trades has nulls: missing. No trading from 28 February
    to 23 March 2022. Weekend sessions since 2025 are kept and say so. Foreign addresses meet
    resets and timeouts: optional.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "moex"
TITLE = "Moscow Exchange ISS: GAZP, daily close"
PUBLISHER = "Moscow Exchange"
KIND = "agency"
URL = "https://www.moex.com/en/issue.aspx?code=GAZP"
LICENCE = "Personal, informational use; only derived averages may be published"
LAG = 1
KEY = ""

BASE = (
    "https://iss.moex.com/iss/history/engines/stock/markets/shares/boards/TQBR/securities/GAZP.json"
)
EXPECTED = {"SECID": "GAZP", "BOARDID": "TQBR", "CURRENCYID": "SUR"}


def request(period: Any) -> list[Request]:
    """Ask for the first page of the quarter; `more` asks for the others.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['GAZP-0']
    """
    span = periods.parse(period)
    last = span.end - dt.timedelta(days=1)
    query = (f"from={span.start}&till={last}&start=0&iss.meta=off&iss.only=history,history.cursor"
             "&history.columns=TRADEDATE,CLOSE,VOLUME,VALUE")  # fmt: skip
    return [Request(NAME, "GAZP-0", f"{BASE}?{query}")]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return the question for the next page, as the cursor says.

    Examples
    --------
    >>> body = (b'{"history": {"columns": ["TRADEDATE", "CLOSE"], "data": [["2026-07-01", 120.5]]},'
    ...         b'"history.cursor": {"columns": ["INDEX", "TOTAL", "PAGESIZE"], "data": [[0, 2, 1]]}}')
    >>> [asked.tag for asked in more(reading.answer_of(request("2026Q3")[0], body))]
    ['GAZP-1']
    """
    index, total, size = _cursor(answer, reading.read_json(answer))
    if index + size >= total:
        return []
    url = re.sub(r"([?&]start=)\d+", rf"\g<1>{index + size}", answer.request.url)
    return [dataclasses.replace(answer.request, tag=f"GAZP-{index + size}", url=url)]


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read one page.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``share_price``, entity ``gazprom``, in RUB a share, by day. Empty where the cursor
        counts no row, or no day of the page had trades.

    Raises
    ------
    SourceError
        If a block or column is missing, the page is not the one asked for, or rows are lost.

    Examples
    --------
    >>> body = (b'{"history": {"columns": ["TRADEDATE", "CLOSE"], "data": [["2026-07-01", 120.5]]},'
    ...         b'"history.cursor": {"columns": ["INDEX", "TOTAL", "PAGESIZE"], "data": [[0, 1, 100]]}}')
    >>> rows = parse(reading.answer_of(request("2026Q3")[0], body))
    >>> rows[["series", "period", "value", "unit"]].values.tolist()
    [['share_price', '2026-07-01', 120.5, 'RUB']]
    """
    data = reading.read_json(answer)
    index, total, size = _cursor(answer, data)
    records = _block(answer, data, "history", ["TRADEDATE", "CLOSE"])
    expected = max(0, min(size, total - index))
    if len(records) != expected:
        reading.refuse(answer, f"{len(records)} rows; the cursor promises {expected}.")
    rows = [row for record in records for row in _rows(answer, record)]
    return reading.frame(answer, rows) if rows else reading.empty()


def _block(answer: Answer, data: Any, name: str, needed: list[str]) -> list[dict[str, Any]]:
    block = reading.field(answer, data, name, "The answer")
    columns = reading.field(answer, block, "columns", f"Block {name!r}")
    columns = columns if isinstance(columns, list) else []
    missing = [column for column in needed if column not in columns]
    if missing:
        held = ", ".join(map(str, columns))
        reading.refuse(answer, f"Block {name!r} has no column {missing[0]!r}; it has {held}.")
    lines = reading.field(answer, block, "data", f"Block {name!r}")
    listed = isinstance(lines, list) and all(isinstance(line, list) for line in lines)
    if not listed or any(len(line) != len(columns) for line in lines):
        reading.refuse(answer, f"A row of block {name!r} does not fit its {len(columns)} columns.")
    return [dict(zip(columns, line, strict=True)) for line in lines]


def _cursor(answer: Answer, data: Any) -> tuple[int, int, int]:
    names = ["INDEX", "TOTAL", "PAGESIZE"]
    lines = _block(answer, data, "history.cursor", names)
    values = [lines[0][name] for name in names] if len(lines) == 1 else []
    if not all(isinstance(value, int) and value >= 0 for value in values) or not values[2:]:
        reading.refuse(answer, f"The cursor is {lines!r}; expected INDEX, TOTAL and PAGESIZE.")
    asked = re.search(r"[?&]start=(\d+)", answer.request.url)
    if values[2] == 0 or (asked and values[0] != int(asked[1])):
        reading.refuse(answer, f"The cursor stands at {values}; asked was {asked and asked[1]}.")
    return values[0], values[1], values[2]


def _rows(answer: Answer, record: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for name, value in EXPECTED.items():
        if record.get(name, value) != value:
            reading.refuse(answer, f"{name} is {record[name]!r}; expected {value!r}.")
    when = reading.day(answer, record["TRADEDATE"], "TRADEDATE")
    close = reading.cell(answer, record["CLOSE"], f"CLOSE on {when}", least=1e-9)
    if close is None:
        return
    weekend = dt.date.fromisoformat(when).weekday() >= 5
    yield {"series": "share_price", "entity": "gazprom", "period": when, "freq": "D",
           "value": close, "unit": "RUB", "basis": "", "status": "actual",
           "ref": f"GAZP.{when}", "note": "weekend session" if weekend else ""}  # fmt: skip
