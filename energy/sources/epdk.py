"""EPDK, Turkey's energy regulator: monthly imports of natural gas by country of origin.

What
    Pipeline gas from Russia and all imports, million Sm3 a month.
Format
    A page that links a workbook a month (the tables of the monthly sector report); in it a table
    with a row a country and a column a month, the year in its title.
Licence
    Public information of the regulator; cite EPDK and the month of the report.
Lag
    About two months after the month.
Quirks
    Never asked live, and no workbook was seen: page, links and layout are put together from what
    the press quotes of the reports (totals, Russia, Azerbaijan, Iran, LNG, in million Sm3 at 9,155
    kcal/m3). So a table is found by its words, and a sheet without "Sm3" is refused. Russia is
    one figure: which of Blue Stream and TurkStream carried it is not said.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urljoin

import pandas as pd

from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "epdk"
TITLE = "EPDK: natural gas market, monthly sector report, imports by country"
PUBLISHER = "Energy Market Regulatory Authority of Turkey"
KIND = "statistics"
URL = "https://www.epdk.gov.tr/Detay/Icerik/3-0-95-1007/dogal-gazaylik-sektor-raporu"
LICENCE = "Public information of the regulator, with citation"
LAG = 60
KEY = ""

MONTHS = ["ocak", "subat", "mart", "nisan", "mayis", "haziran", "temmuz", "agustos", "eylul",
          "ekim", "kasim", "aralik"]  # fmt: skip
ROWS = {"rusya": "import_regulator_ru", "toplam": "import_regulator_total"}
"""First word of a row (in plain letters) to series."""

_LINK = re.compile(r"<a\b[^>]*href=[\"']([^\"']+)[\"'][^>]*>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_PLAIN = str.maketrans("çğıöşüâîÇĞİÖŞÜ", "cgiosuaiCGIOSU")


def request(period: Any) -> list[Request]:
    """Ask for the page of a quarter; `more` then asks for the workbooks of its months.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['page-2026-07']
    """
    span = periods.parse(period)
    return [Request(NAME, f"page-{span.start:%Y-%m}", f"{URL}?quarter={periods.label(span)}")]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return the newest workbook that the page links for the quarter: it holds the earlier months.

    Examples
    --------
    >>> page = reading.answer_of(request("2026Q3")[0], b"<html>no report yet</html>")
    >>> more(page)
    []
    """
    if not answer.request.tag.startswith("page"):
        return []
    year, first = int(answer.request.tag[5:9]), int(answer.request.tag[10:12])
    text = answer.body.decode("utf-8", errors="replace")
    found = {}
    for address, words in _LINK.findall(text):
        title = _plain(re.sub(r"<[^>]+>", " ", html.unescape(words)))
        for number in range(first, first + 3):
            if str(year) in title and MONTHS[number - 1] in title:
                found[number] = html.unescape(address)
    if not found:
        return []
    newest = max(found)
    return [Request(NAME, f"tables-{year}-{newest:02}", urljoin(URL, found[newest]))]


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read the tables of a month's report.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``import_regulator_ru`` and ``import_regulator_total``, entity turkey, million m3
        at 15 °C (the regulator's standard cubic metre). Empty for the page.

    Raises
    ------
    SourceError
        If no sheet holds a table of countries by month in Sm3, or a month stands there twice.

    Examples
    --------
    >>> len(parse(reading.answer_of(request("2026Q3")[0], b"<html></html>")))  # figures are in its books
    0
    """
    if answer.request.tag.startswith("page"):
        reading.check_type(answer, "HTML")
        return reading.empty()
    rows = []
    for name, lines in reading.read_workbook(answer).items():
        rows += list(_table(answer, name, lines))
    if not rows:
        what = f"No sheet has a table with the rows {', '.join(ROWS)} and columns of months."
        reading.refuse(answer, what)
    return reading.frame(answer, rows)


def _plain(cell: Any) -> str:
    return " ".join(str(cell or "").translate(_PLAIN).lower().split())


def _table(
    answer: Answer, sheet: str, lines: Sequence[tuple[Any, ...]]
) -> Iterator[dict[str, Any]]:
    top = next((i for i, line in enumerate(lines) if sum(_month(c) > 0 for c in line) >= 1), None)
    if top is None:
        return
    above = " ".join(_plain(cell) for line in lines[: top + 1] for cell in line)
    if "rusya" not in " ".join(_plain(line[0]) for line in lines[top:] if line):
        return
    year = re.search(r"\b(20\d\d)\b", above)
    if not year or "sm3" not in above:
        reading.refuse(answer, f"Sheet {sheet!r} names no year, or not the unit Sm3, in its title.")
    months = {place: _month(cell) for place, cell in enumerate(lines[top]) if _month(cell)}
    for number, line in enumerate(lines[top + 1 :], start=top + 2):
        words = _plain(line[0]).split() if line else []
        series = ROWS.get(words[0], "") if words else ""
        if not series:
            continue
        for place, month in months.items():
            where = f"{sheet}!{words[0]}.{month:02}"
            cell = line[place] if place < len(line) else None
            value = reading.cell(answer, cell, f"{where} (row {number})", reading.GAP_MARKS, 0.0)
            if value is not None:
                yield {"series": series, "entity": "turkey", "period": f"{year[1]}-{month:02}",
                       "freq": "M", "value": value, "unit": "mcm", "basis": "15C",
                       "status": "provisional", "ref": where, "note": ""}  # fmt: skip


def _month(cell: Any) -> int:
    """Return the number of a Turkish month name, 0 for anything else."""
    words = _plain(cell).split()
    return MONTHS.index(words[0]) + 1 if words and words[0] in MONTHS else 0
