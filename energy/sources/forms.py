"""Which form a file has, told by its head: so that ``energy import FILE`` needs no word beside it.

Nothing is guessed from a name. What a file is read as is told; a table of another project is named
as what it is, where a reader would only list the columns it lacks.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import datetime as dt
import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from energy.errors import DataError
from energy.sources import reading
from energy.sources.contract import Answer, Request

HEAD = 65_536
"""Bytes that are looked at."""

TOP = 12
"""Rows among which a head may stand: notes of the maker come before it."""


@dataclasses.dataclass(frozen=True)
class Form:
    """What a file is.

    Attributes
    ----------
    name : str
        ``inbox, facts, gem, gem-release, gem-map, jodi, iea-gtf, bruegel, agsi,
        pinksheet`` or ``unknown``.
    words : str
        What to tell the person: "JODI-Gas, monthly balances by country".
    rows : list of lists of str
        The table, where it is one.

    Examples
    --------
    >>> Form("jodi", "JODI-Gas, monthly balances by country").rows
    ()
    """

    name: str
    words: str
    rows: tuple[tuple[str, ...], ...] = ()


HEADS: dict[str, tuple[str, tuple[str, ...]]] = {
    "jodi": ("JODI-Gas, monthly balances by country",
             ("REF_AREA", "TIME_PERIOD", "ENERGY_PRODUCT", "FLOW_BREAKDOWN", "UNIT_MEASURE", "OBS_VALUE")),
    "iea-gtf": ("IEA Gas Trade Flows, monthly by border point", ("Borderpoint", "Exit", "Entry")),
    "bruegel": ("Bruegel, European natural gas imports", ("dates", "Nord Stream", "Russia")),
    "bruegel-daily": ("Bruegel, daily ENTSOG values", ("dates", "operator", "location", "values")),
    "agsi": ("AGSI+, gas in store by day", ("gasDayStart", "gasInStorage", "full")),
    "agsi-web": ("AGSI+, gas in store by day", ("Gas Day Start", "Gas in storage (TWh)", "Full (%)")),
    "pinksheet": ("World Bank, Pink Sheet, monthly prices",
                  ("Crude oil, Brent", "Natural gas, US", "Natural gas, Europe")),
    "gem-release": ("Global Energy Monitor, gas pipelines, release", ("ProjectID", "WKTFormat")),
    "gem-map": ("Global Energy Monitor, table of the map", ("id", "tracker-acro", "geometry")),
}  # fmt: skip
"""Name to words and the columns that tell a form."""


def recognise(path: Path | str) -> Form:
    r"""Tell the form of a file or folder by its head.

    Parameters
    ----------
    path : path

    Raises
    ------
    DataError
        If it cannot be read, or is in an encoding that is none of ours; the likely one is named.

    Examples
    --------
    >>> _ = Path("stock.csv").write_text(
    ...     "gasDayStart,gasInStorage,full\n2026-10-01,200.0,80\n", encoding="utf-8"
    ... )
    >>> recognise("stock.csv").words
    'AGSI+, gas in store by day'
    """
    path = Path(path)
    if path.is_dir():
        return _folder(path)
    if not path.is_file():
        raise DataError(
            path.name, [f"{path.name}: no such file, or a device; name a file or folder"]
        )
    with path.open("rb") as file:
        head = file.read(HEAD)
    if head.startswith(b"SQLite format 3\0"):
        return Form("gem-release", "GeoPackage of pipelines")
    if head.startswith(b"PK"):
        return _archive(path)
    text = text_of(path.read_bytes(), path.name)
    if text.lstrip().startswith("{"):
        return _json(text)
    rows = table_of(text, path.name)
    return by_columns(rows)


def _folder(path: Path) -> Form:
    if any(re.fullmatch(r"P\d{4,}\.geojson", p.name) for p in path.rglob("*.geojson")):
        return Form("gem", "Global Energy Monitor, folder of routes")
    if any(path.glob("*.csv")) or (path / "routes.geojson").exists():
        return Form("facts", "tables of your own")
    return Form("gem", "folder of routes")


def _json(text: str) -> Form:
    if re.search(r'"type"\s*:\s*"FeatureCollection"', text[:HEAD]):
        return Form("gem-release", "GeoJSON of pipelines")
    return Form("unknown", "JSON that is no FeatureCollection")


def _archive(path: Path) -> Form:
    try:
        names = zipfile.ZipFile(path).namelist()
    except zipfile.BadZipFile as error:
        raise DataError(
            path.name, [f"{path.name}: not a whole zip file or workbook ({error})"]
        ) from None
    if any(name.startswith("xl/") for name in names):
        return by_columns(workbook_rows(path))
    tables = [name for name in names if name.lower().endswith(".csv")]
    if len(tables) == 1:
        answer = file_answer(path)
        body = reading.read_member(answer, reading.open_zip(answer), tables[0], reading.LARGEST)
        return by_columns(table_of(text_of(body, tables[0]), tables[0]))
    return Form("unknown", f"zip of {len(names)} files")


def by_columns(rows: Sequence[Sequence[str]]) -> Form:
    """Find the first of the top rows that holds the columns of a known form.

    Examples
    --------
    >>> form = by_columns([["By hand"], ["dates", "Nord Stream", "Russia"], ["2021-01", "1", "2"]])
    >>> form.name, form.rows[0]
    ('bruegel', ('dates', 'Nord Stream', 'Russia'))
    """
    kept = tuple(tuple(row) for row in rows)
    for top, row in enumerate(kept[:TOP]):
        named = {cell.strip(" *") for cell in row}  # the Pink Sheet marks some with **
        for name, (words, columns) in HEADS.items():
            if set(columns) <= named:
                return Form(name, words, kept[top:])
        if {"series", "entity", "period", "value"} <= named:
            return Form("inbox", "figures typed by hand", kept[top:])
    first = ", ".join(cell for cell in (kept[0] if kept else ()) if cell)[:80]
    return Form("unknown", f"a table with the columns {first}", kept)


# -- text and cells as spreadsheets save them -------------------------------------------------------

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def text_of(body: bytes, where: str) -> str:
    """Return the text of a file; one that is not UTF-8 is refused with the encoding it looks like.

    UTF-16 with its mark is read. Without a mark an encoding is never guessed: the same bytes are
    letters in all of them.

    Raises
    ------
    DataError

    Examples
    --------
    >>> text_of("Велке Капушаны".encode("utf-16"), "points.csv")
    'Велке Капушаны'
    >>> text_of("Велке Капушаны".encode("cp1251"), "points.csv")
    Traceback (most recent call last):
        ...
    energy.errors.DataError: points.csv: 1 fault
      - points.csv row 1: not UTF-8; it looks like cp1251 (Cyrillic, Windows). In a spreadsheet save it as 'CSV UTF-8'
    """
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body.decode(name)
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError as error:
        likely = _likely(body)
        where_bad = body[: error.start].count(b"\n") + 1
        raise DataError(where, [f"{where} row {where_bad}: not UTF-8; it looks like {likely}. In a "
                                "spreadsheet save it as 'CSV UTF-8'"]) from None  # fmt: skip


def _likely(body: bytes) -> str:
    if body[1:40:2].count(0) > 10:
        return "UTF-16 without its mark"
    scores = {"cp1251 (Cyrillic, Windows)": ("cp1251", "а-яё"), "GBK (Chinese)": ("gbk", "一-鿿"),
              "cp1252 (Western, Windows)": ("cp1252", "à-ÿ")}  # fmt: skip
    best, most = "an encoding of Windows", 0.0
    for words, (name, letters) in scores.items():
        try:
            text = body.decode(name)
        except UnicodeDecodeError:
            continue
        odd = sum(ord(c) > 127 for c in text)
        share = len(re.findall(f"[{letters}]", text.lower())) / odd if odd else 0.0
        if share > most:
            best, most = words, share
    return best


def table_of(text: str, where: str) -> list[list[str]]:
    r"""Return the rows of a CSV text: any line ends, ``;`` or tabs too, without empty trailing cells.

    Examples
    --------
    >>> table_of("# by hand\r\nperiod;value\r\n2021;1,5\r\n", "own.csv")
    [['period', 'value'], ['2021', '1,5']]
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in text.split("\n") if line and not line.startswith("#")), "")
    mark = max(",;\t", key=first.count)
    try:
        rows = [
            [cell.strip() for cell in row] for row in csv.reader(io.StringIO(text), delimiter=mark)
        ]
    except csv.Error as error:
        raise DataError(where, [f"{where}: not a CSV file ({error})"]) from error
    return trimmed([row for row in rows if any(row) and not row[0].startswith("#")])


def trimmed(rows: list[list[str]]) -> list[list[str]]:
    """Cut the empty columns that spreadsheets leave behind at the right of every row.

    Examples
    --------
    >>> trimmed([["period", "value", "", ""], ["2021"]])
    [['period', 'value'], ['2021', '']]
    """
    width = max(
        (max((i for i, cell in enumerate(row) if cell), default=-1) + 1 for row in rows), default=0
    )
    return [row[:width] + [""] * (width - len(row)) for row in rows]


def workbook_rows(path: Path) -> list[list[str]]:
    """Return a sheet of a workbook as texts: the first with a known head, else the first that is filled.

    Dates stand as YYYY-MM-DD.

    Examples
    --------
    >>> import pandas as pd
    >>> book = Path("own.xlsx")
    >>> pd.DataFrame({"period": ["2021"], "value": [12.0]}).to_excel(book, index=False)
    >>> workbook_rows(book)
    [['period', 'value'], ['2021', '12']]
    """
    sheets = reading.read_workbook(file_answer(path))
    filled = [
        [line for line in lines if any(c is not None for c in line)] for lines in sheets.values()
    ]
    known = (lines for lines in filled if by_columns(_texts(lines[:TOP])).name != "unknown")
    return trimmed(_texts(next(known, next((lines for lines in filled if lines), []))))


def _texts(lines: Sequence[Sequence[Any]]) -> list[list[str]]:
    return [[text_of_cell(cell) for cell in line] for line in lines]


def file_answer(path: Path) -> Answer:
    r"""Return a file as an answer, so that the same limits hold as for what servers send.

    Examples
    --------
    >>> path = Path("own.csv")
    >>> _ = path.write_text("period,value\n", encoding="utf-8")
    >>> file_answer(path).body, file_answer(path).request.url
    (b'period,value\n', 'file:own.csv')
    """
    return reading.answer_of(Request("inbox", path.name, f"file:{path.name}"), path.read_bytes())


def text_of_cell(cell: Any) -> str:
    """Return the text of a cell: a date as its day, a whole number without its point.

    Examples
    --------
    >>> text_of_cell(dt.datetime(2024, 1, 31)), text_of_cell(12.0), text_of_cell(None)
    ('2024-01-31', '12', '')
    """
    if cell is None:
        return ""
    if isinstance(cell, dt.datetime):
        return cell.date().isoformat()
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


DAMAGE: Mapping[str, str] = {
    r"[A-Z][a-z]{2}-\d{2}": "a spreadsheet made a date of it: write 2026-09",
    r"[45]\d{4}": "the day number of a spreadsheet: format the column as text and write 2026-09-30",
    r"\d{2}\.\d{2}\.\d{4}": "write the day as 2026-09-30",
    r"\d{1,2}/\d{1,2}/\d{2,4}": "day or month first? write 2026-09-30",
}
"""Forms in which a spreadsheet leaves a period, and what to say of each."""


def damage(text: str) -> str:
    """Return what a spreadsheet did to a period, "" where nothing.

    Examples
    --------
    >>> damage("Sep-26")
    'a spreadsheet made a date of it: write 2026-09'
    >>> damage("2026-09")
    ''
    """
    return next((said for form, said in DAMAGE.items() if re.fullmatch(form, text)), "")


__all__ = ["HEADS", "Form", "damage", "recognise", "table_of", "text_of"]
