"""Which form a file has, told by its head: so that ``energy import FILE`` needs no word beside it.

Nothing is guessed from a name. What a file is read as is told; a table of another project is named
as what it is, where a reader would only list the columns it lacks.
"""

from __future__ import annotations

import codecs
import csv
import dataclasses
import datetime as dt
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
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
        ``inbox, facts, gem, gem-release, gem-map, jodi, iea-gtf, bruegel, bruegel-daily, agsi,
        pinksheet`` or ``unknown``.
    words : str
        What to tell the person: "JODI-Gas, monthly balances by country".
    rows : list of lists of str
        The table, where it is one.
    places : tuple of int
        Row of the file in which each of `rows` stands.
    told : tuple of str
        What a person has to know although the file is read.

    Examples
    --------
    >>> Form("jodi", "JODI-Gas, monthly balances by country").rows
    ()
    """

    name: str
    words: str
    rows: tuple[tuple[str, ...], ...] = ()
    places: tuple[int, ...] = ()
    told: tuple[str, ...] = ()


HEADS: dict[str, tuple[str, tuple[str, ...]]] = {
    "jodi": ("JODI-Gas, monthly balances by country",
             ("REF_AREA", "TIME_PERIOD", "ENERGY_PRODUCT", "FLOW_BREAKDOWN", "UNIT_MEASURE", "OBS_VALUE")),
    "iea-gtf": ("IEA Gas Trade Flows, monthly by border point", ("Borderpoint", "Exit", "Entry")),
    "bruegel": ("Bruegel, European natural gas imports", ("dates", "Nord Stream", "Russia")),
    "bruegel-daily": ("Bruegel, flow at border points by day",
                      ("dates", "operator", "location", "direction", "values")),
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

    A zip with one table in it is looked into.

    Parameters
    ----------
    path : path

    Raises
    ------
    DataError
        If it cannot be read, is empty, a web page or a part of a file, or is in an encoding that
        is none of ours; the likely one is named.

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
    if is_archive(path):
        return Form("gem", "an archive of Global Energy Monitor's routes")
    name, body = unpacked(path)
    if body.startswith(b"SQLite format 3\0"):
        return Form("gem-release", "GeoPackage of pipelines")
    if body.startswith(b"PK"):
        return by_columns(*_parted(sheet_of(name, body)))
    text = text_of(body, name)
    if text.lstrip().startswith(("{", "[")):
        return _json(text)
    form = by_columns(*_parted(numbered(text, name)), where=name)
    if text.endswith(("\n", "\r")) or not form.places:
        return form
    said = (
        f"{name} row {form.places[-1]}: no line end after it; if the download broke off, it is cut"
    )
    return dataclasses.replace(form, told=(f"warning: {said}",))


def is_archive(path: Path) -> bool:
    """Tell a tar archive, packed or not, or a zip of a checkout of routes, from tables.

    Examples
    --------
    >>> _ = Path("stock.csv").write_text("gasDayStart,full")
    >>> is_archive(Path("stock.csv"))
    False
    """
    if not path.is_file():
        return False
    try:
        if tarfile.is_tarfile(path):
            return True
    except (EOFError, OSError, zlib.error, lzma.LZMAError):
        return False  # half a packed file, of whatever
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return sum(_ROUTE.search(name) is not None for name in archive.namelist()) > 1


_ROUTE = re.compile(r"(^|/)P\d{4,}\.geojson$")


def unpacked(path: Path) -> tuple[str, bytes]:
    """Return name and bytes of a file, or of the one table in a zip; see `open_body`.

    Examples
    --------
    >>> with zipfile.ZipFile("stock.zip", "w") as archive:
    ...     archive.writestr("stock.csv", "gasDayStart,full")
    >>> unpacked(Path("stock.zip"))
    ('stock.csv', b'gasDayStart,full')
    """
    if not path.is_file():
        raise DataError(
            path.name, [f"{path.name}: no such file, or a device; name a file or folder"]
        )
    return open_body(path.name, path.read_bytes())


def open_body(name: str, body: bytes) -> tuple[str, bytes]:
    """Return name and bytes of what is in a file: itself, or the one table in a zip.

    Raises
    ------
    DataError
        If it is empty, a web page or another thing that is never read, or a zip that is damaged
        or holds several files.

    Examples
    --------
    >>> open_body("stock.csv", b"<html><title>503</title></html>")
    Traceback (most recent call last):
        ...
    energy.errors.DataError: stock.csv: 1 fault
      - stock.csv: a web page ('503') that came in place of the file; download it again
    """
    for _ in range(2):  # a workbook in a zip, no deeper
        if body.startswith(b"\x1f\x8b"):
            name, body = name.removesuffix(".gz"), _gunzipped(name, body)
        _refuse_no_data(name, body)
        if not body.startswith(b"PK"):
            break
        answer = file_answer(Path(name), body)
        try:
            archive = reading.open_zip(answer)
            members = [n for n in archive.namelist() if not _HIDDEN.search(n)]
            if any(n == "[Content_Types].xml" or n.startswith("xl/") for n in members):
                break
            if len(members) != 1:
                held = ", ".join(members[:4]) + (", …" if len(members) > 4 else "")
                reading.refuse(answer, f"A zip of {len(members)} files ({held or 'none'}): unpack it "
                                       "and import the one you mean.")  # fmt: skip
            body = reading.read_member(answer, archive, members[0], reading.LARGEST)
        except reading.SourceError as error:
            raise DataError(name, [f"{name}: {error.what}"]) from None
        name = members[0].rpartition("/")[2]
    return name, body


def _gunzipped(name: str, body: bytes) -> bytes:
    try:
        with gzip.open(io.BytesIO(body)) as file:
            content = file.read(reading.LARGEST + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(
            name, [f"{name}: not a whole gzip file ({error}); download it again"]
        ) from None
    if len(content) > reading.LARGEST:
        raise DataError(name, [f"{name}: unpacks to more than {reading.LARGEST:,} bytes; part it"])
    return content


_HIDDEN = re.compile(r"(^|/)(\.|__MACOSX/|~\$)|/$")
"""Members of a zip that are no files of their own: folders, and what systems leave behind."""


def _refuse_no_data(name: str, body: bytes) -> None:
    """Refuse what is no data at all: nothing, or the page that a server sent in its place."""
    if not body.strip(b"\0 \t\r\n\xef\xbb\xbf"):
        raise DataError(
            name, [f"{name}: empty; download it again, or see 'energy sources --template'"]
        )
    head = body[:2000].removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if head.startswith((b"<!doctype html", b"<html", b"<head", b"<body")):
        title = re.search(rb"<title[^>]*>(.*?)</title>", body[:4000], re.S | re.I)
        said = f" ({reading.excerpt(title.group(1), 60)})" if title else ""
        raise DataError(name, [f"{name}: a web page{said} that came in place of the file; "
                               "download it again"])  # fmt: skip
    if head.startswith(b"<"):
        service = service_of(body[:HEAD].decode("utf-8", errors="replace"))
        what = f"XML, {service}: energy update asks for it itself" if service else "XML"
        raise DataError(
            name, [f"{name}: {what}; as files are read CSV, xlsx, GeoJSON and GeoPackage"]
        )
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise DataError(name, [f"{name}: a workbook of the old form (.xls), or locked with a password; "
                               "save it as .xlsx"])  # fmt: skip
    if head.startswith(b"%pdf"):
        raise DataError(
            name, [f"{name}: a PDF; of PDFs accounts are read: energy import accounts FILE"]
        )


def _folder(path: Path) -> Form:
    if any(_ROUTE.search(p.name) for p in path.rglob("*.geojson")):
        return Form("gem", "Global Energy Monitor, folder of routes")
    if any(path.glob("*.csv")) or (path / "routes.geojson").exists():
        return Form("facts", "tables of your own")
    return Form("gem", "folder of routes")


def _json(text: str) -> Form:
    if re.search(r'"type"\s*:\s*"FeatureCollection"', text[:HEAD]):
        return Form("gem-release", "GeoJSON of pipelines")
    service = service_of(text)
    return Form("unknown", f"{service}; energy update asks for it itself" if service else
                "JSON that is no FeatureCollection of pipelines")  # fmt: skip


SERVICES = {"gasDayStart": "an answer of AGSI+ or ALSI (its table is read as CSV)",
            "operationalData": "an answer of ENTSOG", "pointKey": "an answer of ENTSOG",
            "reporterCode": "an answer of UN Comtrade", "destination_iso2": "an answer of CREA",
            "history.cursor": "an answer of MOEX", "nrg_ti_gas": "an answer of Eurostat",
            "ValCurs": "rates of the Bank of Russia", "EXR": "rates of the ECB",
            "reporter": "an answer of a trade service", "observations": "an answer of FRED"}  # fmt: skip
"""Word in the answer of a service to what the answer is."""


def service_of(text: str) -> str:
    """Return whose answer a JSON or XML text is, "" where that is not known.

    Examples
    --------
    >>> service_of('{"data": [{"gasDayStart": "2026-10-01"}]}')
    'an answer of AGSI+ or ALSI (its table is read as CSV)'
    """
    head = text[:HEAD].lower()
    return next((said for word, said in SERVICES.items() if word.lower() in head), "")


Numbered = list[tuple[int, list[str]]]


def _parted(rows: Numbered) -> tuple[list[list[str]], list[int]]:
    return [row for _, row in rows], [place for place, _ in rows]


def by_columns(rows: Sequence[Sequence[str]], places: Sequence[int] = (), where: str = "") -> Form:
    """Find the first of the top rows that holds the columns of a known form.

    Parameters
    ----------
    rows : sequence of sequences of str
    places : sequence of int, optional
        Row of the file in which each stands; default counted from 1.
    where : str, optional
        Name of the file, if its rows are whole as they stand: one shorter than the header is
        refused then, because it was cut off.

    Raises
    ------
    DataError

    Examples
    --------
    >>> form = by_columns([["By hand"], ["dates", "Nord Stream", "Russia"], ["2021-01", "1", "2"]])
    >>> form.name, form.rows[0]
    ('bruegel', ('dates', 'Nord Stream', 'Russia'))
    >>> by_columns([["dates", "Nord Streem", "Russia"]]).words[:56]
    'a table like Bruegel, European natural gas imports, but '
    """
    places = places or range(1, len(rows) + 1)
    near, lacking, share = "", "", 0.49
    for top, row in enumerate(rows[:TOP]):
        named = {cell.strip(" *") for cell in row}  # the Pink Sheet marks some with **
        for name, (words, columns) in [*HEADS.items(), ("inbox", INBOX)]:
            missing = [column for column in columns if column not in named]
            if not missing:
                if where:
                    _refuse_short(rows[top:], places[top:], where)
                whole = trimmed([list(row) for row in rows[top:]])
                return Form(name, words, tuple(map(tuple, whole)), tuple(places[top:]))
            part = 1 - len(missing) / len(columns)
            if part > share:
                near, lacking, share = words, missing[0], part
    kept = tuple(map(tuple, trimmed([list(row) for row in rows])))
    first = ", ".join(cell for cell in (kept[0] if kept else ()) if cell)[:80]
    said = f"a table like {near}, but without the column {lacking!r}; it has {first}" if near else (
        f"a table with the columns {first}")  # fmt: skip
    return Form("unknown", said, kept, tuple(places))


INBOX = ("figures typed by hand", ("series", "entity", "period", "value"))


def _refuse_short(rows: Sequence[Sequence[str]], places: Sequence[int], where: str) -> None:
    """Refuse rows with fewer cells than the header: the last figure of such a row is half a one."""
    wide = len(trimmed([list(rows[0])])[0])
    short = [f"{where} row {place}: {len(row)} cells, the header has {wide}; cut off? Download it again"
             for place, row in zip(places, rows, strict=True) if len(row) < wide]  # fmt: skip
    if short:
        raise DataError(where, short)


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
    start = len(body)
    try:
        if 0 not in body[:HEAD]:
            return body.decode("utf-8")
    except UnicodeDecodeError as error:
        start = error.start
    if 0 in body[:HEAD] and not _is_utf16(body):
        raise DataError(where, [f"{where}: no table but binary data ({reading.excerpt(body, 30)}); "
                                "read are CSV, xlsx, GeoJSON and GeoPackage"])  # fmt: skip
    likely = _likely(body)
    where_bad = 1 if 0 in body[:HEAD] else body[:start].count(b"\n") + 1
    raise DataError(where, [f"{where} row {where_bad}: not UTF-8; it looks like {likely}. In a "
                            "spreadsheet save it as 'CSV UTF-8'"])  # fmt: skip


def _is_utf16(body: bytes) -> bool:
    """Tell UTF-16 without its mark: of plain letters every second byte is zero."""
    head = body[:400]
    return max(head[::2].count(0), head[1::2].count(0)) > len(head) / 4


def _likely(body: bytes) -> str:
    if _is_utf16(body):
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
        found = re.findall(f"[{letters}]+", text.lower())
        if name == "cp1251":  # words, not single letters with an accent in others
            found = [word for word in found if len(word) > 1]
        share = sum(map(len, found)) / odd if odd else 0.0
        if share > most:
            best, most = words, share
    return best


def numbered(text: str, where: str) -> Numbered:
    r"""Return (row of the file, cells) of a CSV text: any line ends, ``;`` or tabs too.

    Where cells are parted by ``;`` or tabs, a comma in a number is the decimal mark, as
    spreadsheets of most of Europe save it. Rows that are blank or start with ``#`` are left out.

    Raises
    ------
    DataError
        If it is no CSV text.

    Examples
    --------
    >>> numbered("# by hand\nperiod;value\n2021;1\u202f234,5\n", "own.csv")
    [(2, ['period', 'value']), (3, ['2021', '1234.5'])]
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in lines.split("\n") if line and line[0] not in "#"), "")
    if re.fullmatch(r'"?sep=."?', first):  # what Excel writes to tell the mark
        lines = lines.replace(first, "#" + first, 1)
        first = next((line for line in lines.split("\n") if line and line[0] not in "#"), "")
    mark = max(",;\t", key=first.count)
    reader = csv.reader(io.StringIO(lines), delimiter=mark)
    try:
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise DataError(
            where, [f"{where} row {reader.line_num}: not a CSV file ({error})"]
        ) from error
    rows = [(place, row) for place, row in rows if any(row) and not row[0].startswith("#")]
    comma = mark != "," and any(_COMMA.fullmatch(cell) for _, row in rows for cell in row)
    return [(place, [plain(cell, comma) for cell in row]) for place, row in rows]


_COMMA = re.compile(r"[+-]?(\d+|\d{1,3}([ .\u00a0\u2009\u202f]\d{3})+),\d+")
_GROUPED = re.compile(r"[+-]?\d{1,3}([\u00a0\u2009\u202f]\d{3})+(\.\d+)?")


def plain(cell: str, comma: bool = False) -> str:
    """Return a cell without the thin or hard blanks of a number, with a decimal point.

    Parameters
    ----------
    cell : str
    comma : bool
        The table writes numbers with a decimal comma; a point then parts thousands.

    Examples
    --------
    >>> plain("1\u202f234.5"), plain("1.234,5", comma=True), plain("1 234"), plain("see p. 3")
    ('1234.5', '1234.5', '1 234', 'see p. 3')
    """
    if _GROUPED.fullmatch(cell):
        return re.sub(r"[\u00a0\u2009\u202f]", "", cell)
    if comma and _COMMA.fullmatch(cell):
        return re.sub(r"[ .\u00a0\u2009\u202f]", "", cell).replace(",", ".")
    return cell


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


def sheet_of(name: str, body: bytes) -> Numbered:
    """Return (row of the sheet, cells as text) of a workbook; dates stand as YYYY-MM-DD.

    It is the first sheet with a known head, else the first that is filled.

    Raises
    ------
    DataError
        If it is no whole workbook, or no cell is filled.

    Examples
    --------
    >>> import io, pandas as pd
    >>> book = io.BytesIO()
    >>> pd.DataFrame({"period": ["2021"], "value": [12.0]}).to_excel(book, index=False)
    >>> sheet_of("own.xlsx", book.getvalue())
    [(1, ['period', 'value']), (2, ['2021', '12'])]
    """
    try:
        sheets = reading.read_workbook(file_answer(Path(name), body))
    except reading.SourceError as error:
        raise DataError(name, [f"{name}: {error.what} Save it once more as .xlsx."]) from error
    filled = [[(place, line) for place, line in enumerate(lines, start=1)
               if any(c not in (None, "") for c in line)] for lines in sheets.values()]  # fmt: skip
    filled = [lines for lines in filled if lines]
    known = (lines for lines in filled
             if by_columns(_texts([line for _, line in lines[:TOP]])).name != "unknown")  # fmt: skip
    chosen = next(known, filled[0] if filled else [])
    if not chosen:
        raise DataError(name, [f"{name}: empty, a workbook with no filled cell"])
    texts = _texts([line for _, line in chosen])
    return [(place, row) for (place, _), row in zip(chosen, texts, strict=True)]


def _texts(lines: Sequence[Sequence[Any]]) -> list[list[str]]:
    width = max(map(len, lines), default=0)
    return [[text_of_cell(cell) for cell in line] + [""] * (width - len(line)) for line in lines]


def file_answer(path: Path, body: bytes | None = None) -> Answer:
    r"""Return a file as an answer, so that the same limits hold as for what servers send.

    Examples
    --------
    >>> path = Path("own.csv")
    >>> _ = path.write_text("period,value\n", encoding="utf-8")
    >>> file_answer(path).body, file_answer(path).request.url
    (b'period,value\n', 'file:own.csv')
    """
    asked = Request("inbox", path.name, f"file:{path.name}")
    return reading.answer_of(asked, path.read_bytes() if body is None else body)


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
    return plain(str(cell).strip())


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


__all__ = [
    "HEADS",
    "Form",
    "damage",
    "numbered",
    "open_body",
    "plain",
    "recognise",
    "sheet_of",
    "text_of",
    "unpacked",
]
