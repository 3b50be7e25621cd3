"""World Bank Commodity Price Data (the Pink Sheet): monthly prices of gas, LNG and oil.

What
    Natural gas in Europe and the US, LNG in Japan, Brent crude; monthly since 1960.
Format
    One xlsx workbook, sheet ``Monthly Prices``: a row of names, a row of units, then months as
    ``2026M05``. $/mmbtu and $/bbl.
Licence
    CC BY 4.0, World Bank.
Lag
    About the second working day of the next month.
Quirks
    The workbook's address changes every year: it is taken from the public page, and the last good
    one is kept. Columns are found by their names (some end in `` **``), sheets by theirs (an empty
    one stands first); a gap is the one character ``…``, in editions
    up to 2022 two dots. Europe is the Dutch hub from April 2015,
    before that an import price with Gazprom's contracts in it: a break. The last two months of
    Japan are estimates; the newest month of all series is revised in the next edition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request
from energy.sources.reading import SourceError

NAME = "pinksheet"
TITLE = "World Bank Commodity Price Data (The Pink Sheet), monthly"
PUBLISHER = "World Bank"
KIND = "agency"
URL = "https://www.worldbank.org/en/research/commodity-markets"
LICENCE = "CC-BY-4.0"
LAG = 5
KEY = ""

HOST = "https://thedocs.worldbank.org/"
KNOWN = (
    f"{HOST}en/doc/74e8be41ceb20fa0da750cda2f6b9e4e-0050012026/related/"
    "CMO-Historical-Data-Monthly.xlsx"
)
"""The address of 2026, for the day the page cannot be read."""

SHEET = "Monthly Prices"
PRICES = {
    "Natural gas, Europe": ("wb_gas_europe", "europe", "($/mmbtu)", "USD/MMBtu", "GCV"),
    "Natural gas, US": ("wb_gas_us", "henry-hub", "($/mmbtu)", "USD/MMBtu", "GCV"),
    "Liquefied natural gas, Japan": ("wb_lng_japan", "japan", "($/mmbtu)", "USD/MMBtu", "GCV"),
    "Crude oil, Brent": ("wb_brent", "brent", "($/bbl)", "USD/bbl", ""),
}
BREAK = "2015-04"
_LINK = re.compile(
    re.escape(HOST) + r"[A-Za-z0-9/_.-]*CMO-Historical-Data-Monthly\.xlsx", re.IGNORECASE
)
_MONTH = re.compile(r"(\d{4})M(0[1-9]|1[0-2])")
_NAMES = ["January", "February", "March", "April", "May", "June", "July", "August", "September",
          "October", "November", "December"]  # fmt: skip


def request(period: Any) -> list[Request]:
    """Ask for the page that names the workbook; `more` then asks for the workbook itself.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['page']
    """
    return [Request(NAME, "page", URL)]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return the workbook that the page links to, or the last good address where it names none.

    Examples
    --------
    >>> [asked.tag for asked in more(reading.answer_of(request("2026Q3")[0], b"<html></html>"))]
    ['workbook']
    """
    if answer.request.tag != "page":
        return []
    found = _LINK.search(answer.body.decode("utf-8", errors="replace"))
    return [Request(NAME, "workbook", found.group() if found else KNOWN)]


def instead(asked: Request, error: SourceError) -> list[Request]:
    """Return the last good address of the workbook for the page, or for the linked one.

    Examples
    --------
    >>> asked = request("2026Q3")[0]
    >>> [other.tag for other in instead(asked, SourceError("pinksheet", asked.url, "It is down."))]
    ['workbook-known']
    """
    return [Request(NAME, "workbook-known", KNOWN)] if asked.url != KNOWN else []


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read the workbook.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``wb_gas_europe``, ``wb_gas_us``, ``wb_lng_japan``, ``wb_brent``. Empty for the page
        that only names the workbook.

    Raises
    ------
    SourceError
        If it is no workbook, or lacks the sheet, a column, a unit or a month.
    MissingExtra
        If openpyxl is not installed.

    Examples
    --------
    >>> len(parse(reading.answer_of(request("2026Q3")[0], b"<html></html>")))  # it names the workbook
    0
    """
    if answer.request.tag == "page":
        reading.check_type(answer, "HTML")
        return reading.empty()
    lines = _sheet(answer)
    top, places = _header(answer, lines)
    published = _edition(lines[:top])
    months = _months(answer, lines, top + 2)
    rows = []
    for name, column in places.items():
        found = list(_column(answer, lines, months, name, column))
        if not found:
            reading.refuse(answer, f"Column {name!r} holds no value.")
        rows += [{**row, "published": published} for row in found]
    return reading.frame(answer, rows)


def _sheet(answer: Answer) -> list[tuple[Any, ...]]:
    sheets = reading.read_workbook(answer, only=SHEET)
    if SHEET not in sheets:
        reading.refuse(answer, f"Sheet {SHEET!r} is missing; the workbook has {', '.join(sheets)}.")
    return sheets[SHEET]


def _plain(cell: Any) -> str:
    return str(cell).strip().removesuffix("**").strip() if cell is not None else ""


def _header(answer: Answer, lines: Sequence[tuple[Any, ...]]) -> tuple[int, dict[str, int]]:
    """Find the row of names among the first twenty, and the columns by name; check the units."""
    named = [[_plain(cell) for cell in line] for line in lines[:20]]
    top = next((i for i, names in enumerate(named) if len(set(PRICES) & set(names)) >= 2), None)
    if top is None:
        reading.refuse(answer, f"No row names {', '.join(PRICES)}.")
    names = named[top]
    places = {}
    for name, (_, _, unit, _, _) in PRICES.items():
        if names.count(name) != 1:
            reading.refuse(answer, f"Column {name!r} stands there {names.count(name)} times.")
        places[name] = names.index(name)
        below = lines[top + 1] if top + 1 < len(lines) else ()
        found = _plain(below[places[name]]) if places[name] < len(below) else ""
        if found != unit:
            reading.refuse(answer, f"Unit of {name!r} is {found!r}; expected {unit!r}.")
    return top, places


def _edition(lines: Sequence[tuple[Any, ...]]) -> str:
    """Return the date of "Updated on June 02, 2026" as YYYY-MM-DD, "" where it is not there."""
    text = " ".join(_plain(cell) for line in lines for cell in line)
    found = re.search(r"Updated on (\w+) (\d{1,2}), (\d{4})", text)
    if not found or found[1] not in _NAMES:
        return ""
    return f"{found[3]}-{_NAMES.index(found[1]) + 1:02}-{int(found[2]):02}"


def _months(answer: Answer, lines: Sequence[tuple[Any, ...]], first: int) -> dict[int, str]:
    """Return the month of each row; they have to follow one another."""
    months: dict[int, str] = {}
    expected = ""
    for place, line in enumerate(lines[first:], start=first):
        text = _plain(line[0]) if line else ""
        if not text:
            continue
        found = _MONTH.fullmatch(text)
        if not found or (expected and text != expected):
            want = expected or "a month like 2026M05"
            reading.refuse(answer, f"Row {place + 1} is {text!r}; expected {want}.")
        months[place] = f"{found[1]}-{found[2]}"
        following = periods.parse(months[place]).end
        expected = f"{following:%YM%m}"
    if not months:
        reading.refuse(answer, "No row holds a month.")
    return months


def _column(
    answer: Answer, lines: Sequence[tuple[Any, ...]], months: dict[int, str], name: str, column: int
) -> Iterator[dict[str, Any]]:
    series, market, _, unit, basis = PRICES[name]
    newest = list(months.values())[-2:]
    for place, month in months.items():
        line = lines[place]
        cell = line[column] if column < len(line) else None
        where = f"{name} of {month} (row {place + 1})"
        value = reading.cell(answer, cell, where, reading.GAP_MARKS)
        if value is None:
            continue
        yield {
            "series": series, "entity": market, "period": month, "freq": "M", "value": value,
            "unit": unit, "basis": basis, "ref": f"{SHEET}!{name}!{month}",
            "status": _status(series, month, newest),
            "note": _remark(series, month),
        }  # fmt: skip


def _status(series: str, month: str, newest: list[str]) -> str:
    if series == "wb_lng_japan" and month in newest:
        return "estimate"
    return "provisional" if month == newest[-1] else "actual"


def _remark(series: str, month: str) -> str:
    if series == "wb_gas_europe" and month < BREAK:
        return "average import border price, not the hub: the series breaks in 2015-04"
    return ""
