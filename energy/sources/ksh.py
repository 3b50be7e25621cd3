"""KSH, Hungary's statistics: imports of natural gas, monthly (STADAT tables).

What
    Imports of natural gas, all and, where the table splits them, from Russia, million m3 a month.
Format
    A page lists the tables of a theme with links to ``stadat_files/ene/en/ene....html``; beside
    each lies a CSV: semicolons, a title line with the unit, a header line, then years and months
    (a year stands once, before its first month), decimal comma or point, blanks in thousands.
Licence
    Free use with citation of the Hungarian Central Statistical Office.
Lag
    About three months after the month.
Quirks
    Never asked live. The form is that of tables of other themes which public programs read; none of
    gas imports was seen, so the table is looked for by its words on the page of the theme "energy",
    and where that has none the source is skipped and says so. Text is UTF-8 or Latin-2. Cubic metres
    are those of 15 °C, as Hungary trades gas ("gáztechnikai normál köbméter"): an assumption.
"""

from __future__ import annotations

import csv
import html
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urljoin

import pandas as pd

from energy.measure import periods
from energy.sources import national, reading
from energy.sources.contract import Answer, Request

NAME = "ksh"
TITLE = "KSH STADAT: imports of natural gas, monthly"
PUBLISHER = "Hungarian Central Statistical Office"
KIND = "statistics"
URL = "https://www.ksh.hu/stadat?lang=en&theme=ene"
LICENCE = "Free use with citation of the Hungarian Central Statistical Office"
LAG = 90
KEY = ""

COUNTRY = "hungary"
_LINK = re.compile(
    r"<a\b[^>]*href=[\"']([^\"']*stadat_files[^\"']+)[\"'][^>]*>(.*?)</a>", re.I | re.S
)


def request(period: Any) -> list[Request]:
    """Ask for the page of the theme; `more` then asks for its tables of gas imports.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['page-2026Q3']
    """
    quarter = periods.label(periods.parse(period))
    return [Request(NAME, f"page-{quarter}", f"{URL}&quarter={quarter}")]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return the tables whose title names imports of natural gas by month.

    Raises
    ------
    NotOffered
        If the page links none.

    Examples
    --------
    >>> page = b'<a href="/stadat_files/ene/en/ene0009.html">Natural gas imports by month</a>'
    >>> [a.url for a in more(reading.answer_of(request("2026Q3")[0], page))]
    ['https://www.ksh.hu/stadat_files/ene/en/ene0009.csv']
    """
    if not answer.request.tag.startswith("page"):
        return []
    found = {}
    for address, words in _LINK.findall(answer.body.decode("utf-8", errors="replace")):
        title = " ".join(re.sub(r"<[^>]+>", " ", html.unescape(words)).split())
        if national.is_gas_import(title) and re.search("month|hav", title, re.I):
            table = re.sub(r"\.html?$", ".csv", urljoin(URL, html.unescape(address)))
            found[table.rsplit("/", 1)[-1].removesuffix(".csv")] = table
    if not found:
        reading.not_offered(answer, "no table of gas imports by month under energy")
    return [Request(NAME, f"table-{name}", address) for name, address in found.items()]


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    r"""Read a table.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``import_statistics_ru`` and ``import_statistics_total``, entity hungary, million m3
        at 15 °C. Empty for the page.

    Raises
    ------
    SourceError
        If the title names no gas imports or no unit of volume, no column is Russia's or the total,
        a month has no year, or the protocol does not say where the table ends.

    Examples
    --------
    >>> asked = Request(NAME, "table-ene0009", "https://www.ksh.hu/stadat_files/ene/en/ene0009.csv")
    >>> body = ("Natural gas imports by month [million m3]\n"
    ...         "Year;Month;Total;Of which: Russia\n2026;July;1 012,5;700,25\n").encode()
    >>> told = {"content-length": str(len(body))}
    >>> parse(reading.answer_of(asked, body, headers=told))[["series", "period", "value"]].values.tolist()
    [['import_statistics_ru', '2026-07', 700.25], ['import_statistics_total', '2026-07', 1012.5]]
    """
    if answer.request.tag.startswith("page"):
        reading.check_type(answer, "HTML")
        return reading.empty()
    reading.check_type(answer, "CSV")
    if not reading.is_framed(answer):  # within the lag a cut looks like months that are not out yet
        reading.refuse(answer, "A table whose end nothing proves: no length, chunks or packing.")
    lines = [
        [c.strip() for c in line] for line in csv.reader(io.StringIO(_text(answer)), delimiter=";")
    ]
    lines = [line for line in lines if any(line)]
    factor = national.scale(lines[0][0])
    if factor is None or not national.is_gas_import(lines[0][0]):
        reading.refuse(
            answer, f"The title names no gas imports in cubic metres: {lines[0][0][:120]!r}."
        )
    columns = {i: russia for i, name in enumerate(lines[1]) if i > 1
               and (russia := national.is_russia([name])) is not None}  # fmt: skip
    if not columns:
        reading.refuse(answer, f"No column is Russia's or the total: {'; '.join(lines[1])[:120]}.")
    return reading.frame(answer, list(_months(answer, lines[2:], columns, factor)))


def _text(answer: Answer) -> str:
    try:
        return answer.body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return answer.body.decode("iso-8859-2")


def _months(
    answer: Answer, lines: Sequence[Sequence[str]], columns: dict[int, bool], factor: float
) -> Iterator[dict[str, Any]]:
    year = ""
    for place, line in enumerate(lines, start=3):
        if match := re.match(r"(\d{4})\b", line[0]):
            year = match[1]
        number = national.month(line[1]) if len(line) > 1 else 0
        if not number:
            continue  # a total of the year, or a note below the table
        if not year:
            reading.refuse(answer, f"Row {place} has a month and no year stands above it.")
        for column, russia in columns.items():
            cell = _plain(line[column]) if column < len(line) else None
            yield from national.row(answer, COUNTRY, russia, f"{year}-{number:02}", cell,
                                    f"row {place}.{column + 1}", factor=factor, basis="15C")  # fmt: skip


def _plain(cell: str) -> str:
    """Return a number with a point and without blanks: 1 012,5 is 1012.5."""
    short = re.sub(r"(?<=\d)[\s\u00a0\u202f](?=\d{3}\b)", "", cell)
    return short.replace(",", ".") if re.fullmatch(r"\d+,\d+", short) else short
