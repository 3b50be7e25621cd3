"""What the source modules read with: strict JSON, CSV, XML and archives, and the table they return.

Nothing here asks a server. Whatever does not look as its source promises raises `SourceError`:
a fault never becomes an empty table, a zero or a shorter table.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import functools
import hashlib
import io
import json
import lzma
import math
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn, TypeVar

import numpy as np
import orjson
import pandas as pd

from energy.errors import EnergyError, PeriodError
from energy.measure import periods
from energy.sources.contract import COLUMNS, Answer, Request

T = TypeVar("T")
DATA = Path(__file__).parents[1] / "data"
UNIQUE = ["series", "entity", "period", "freq", "source", "basis"]
EXTRA = 'pip install "energy-trade-tracker[update]"'

GAP_MARKS = ("", "-", "..", "...", "…", "n/a", "N/A", "NaN", ":")
"""What statistical tables write where no value is."""

LARGEST = 256 * 2**20
"""Most bytes that all members of an archive may unpack to."""

_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_TYPES = {
    "JSON": ("json", "text/plain"),
    "CSV": ("csv", "text/plain", "octet-stream"),
    "XML": ("xml",),
    "workbook": ("spreadsheetml", "octet-stream", "zip"),
    "archive": ("gzip", "x-tar", "zip", "octet-stream", "x-xz"),
    "HTML": ("html",),
}
_FIRST = {"JSON": b"{[", "XML": b"<", "HTML": b"<", "workbook": b"P"}

# Delivered code -> entity of this package. A code that is not here keeps its own letters.
COUNTRIES = {
    "AL": "albania", "AM": "armenia", "AT": "austria", "AZ": "azerbaijan",
    "BA": "bosnia-and-herzegovina", "BE": "belgium", "BG": "bulgaria", "BY": "belarus",
    "CH": "switzerland", "CN": "china", "CY": "cyprus", "CZ": "czechia", "DE": "germany",
    "DK": "denmark", "EA20": "euro-area", "EE": "estonia", "EL": "greece", "ES": "spain",
    "EU": "eu", "EU27_2020": "eu", "FI": "finland", "FR": "france", "GB": "united-kingdom",
    "GE": "georgia", "GR": "greece", "HR": "croatia", "HU": "hungary", "IE": "ireland",
    "IS": "iceland", "IT": "italy", "JP": "japan", "KG": "kyrgyzstan", "KZ": "kazakhstan",
    "LI": "liechtenstein", "LT": "lithuania", "LU": "luxembourg", "LV": "latvia",
    "MD": "moldova", "ME": "montenegro", "MK": "north-macedonia", "MT": "malta",
    "NA": "namibia", "NL": "netherlands", "NO": "norway", "PL": "poland", "PT": "portugal",
    "RO": "romania", "RS": "serbia", "RU": "russia", "SE": "sweden", "SI": "slovenia",
    "SK": "slovakia", "TJ": "tajikistan", "TM": "turkmenistan", "TR": "turkey",
    "UA": "ukraine", "UK": "united-kingdom", "UZ": "uzbekistan", "XK": "kosovo",
}  # fmt: skip


class SourceError(EnergyError):
    """A source that did not answer, or whose answer is not what it promises.

    Parameters
    ----------
    source : str
        Name of the source module.
    url : str
        Address that was asked, without any key.
    what : str
        One sentence: what is wrong and what to do.
    status : int
        HTTP status of the last answer, 0 where there was none.

    Examples
    --------
    >>> print(SourceError("ecb", "https://example.org/rates", "HTTP 503; ask again later.", 503))
    ecb: HTTP 503; ask again later. Asked: https://example.org/rates
    """

    def __init__(self, source: str, url: str, what: str, status: int = 0):
        self.source, self.url, self.what, self.status = source, url, " ".join(what.split()), status
        super().__init__(f"{source}: {self.what} Asked: {url}")

    def __reduce__(self) -> tuple[type[SourceError], tuple[str, str, str, int], dict[str, Any]]:
        """Tell how to make it again: it travels, with its notes, from the process of its source."""
        return type(self), (self.source, self.url, self.what, self.status), self.__dict__


class KeyMissing(SourceError):
    """A source needs a key and none is set: a reason to skip it, not a fault of the source.

    Examples
    --------
    >>> issubclass(KeyMissing, SourceError)
    True
    """


class NotOffered(KeyMissing):
    """A service does not list the table that is looked for: skipped, and said, but no fault.

    Examples
    --------
    >>> issubclass(NotOffered, KeyMissing)
    True
    """


def not_offered(answer: Answer, what: str) -> NoReturn:
    """Raise `NotOffered`: what the service's own list does not hold.

    Examples
    --------
    >>> asked = Request("siat", "catalogue", "https://example.org")
    >>> not_offered(answer_of(asked, b"[]"), "no indicator of gas imports")
    Traceback (most recent call last):
        ...
    energy.sources.reading.NotOffered: siat: The service lists no indicator of gas imports; ...
    """
    text = f"The service lists {what}; it is looked for again the next time."
    raise NotOffered(answer.request.source, answer.request.url, text, answer.status)


def refuse(answer: Answer, what: str) -> NoReturn:
    """Raise the `SourceError` of an answer.

    Examples
    --------
    >>> answer = answer_of(Request("ecb", "USD-M", "https://example.org/rates"), b"")
    >>> refuse(answer, "The table is empty.")
    Traceback (most recent call last):
        ...
    energy.sources.reading.SourceError: ecb: The table is empty. Asked: https://example.org/rates
    """
    raise SourceError(answer.request.source, answer.request.url, what, answer.status)


_SHAPE = (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError, PeriodError)
"""What an unforeseen answer raises in a reader, and a mistake of the reader's own too."""


class Unforeseen(SourceError):
    """An answer of a shape that its reader did not foresee, or a mistake of the reader."""


def shaped(read: Callable[[Answer], T]) -> Callable[[Answer], T]:
    """Turn a shape that a module did not foresee into `SourceError`.

    A list where an object was, a null where a number was: a fault of the answer, and no reason to
    stop the update of other sources. The cause stays attached.

    Examples
    --------
    >>> @shaped
    ... def first(answer):
    ...     return read_json(answer)["data"][0]
    >>> first(answer_of(Request("gie", "eu", "https://example.org"), b'{"data": [7]}'))
    7
    >>> first(answer_of(Request("gie", "eu", "https://example.org"), b'{"data": []}'))
    Traceback (most recent call last):
        ...
    energy.sources.reading.Unforeseen: gie: The answer has another shape than it should ...
    """

    @functools.wraps(read)
    def guarded(answer: Answer) -> T:
        try:
            return read(answer)
        except _SHAPE as error:
            what = f"The answer has another shape than it should ({type(error).__name__}: {error})."
            raise Unforeseen(
                answer.request.source, answer.request.url, what, answer.status
            ) from error

    return guarded


def answer_of(
    request: Request,
    body: bytes,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    retrieved: dt.datetime | None = None,
) -> Answer:
    r"""Build the answer to a request out of bytes that are already here.

    Examples
    --------
    >>> answer = answer_of(Request("ecb", "USD-M", "https://example.org/rates"), b"a,b\n")
    >>> answer.status, answer.sha256[:8]
    (200, '5be08c96')
    """
    when = retrieved or dt.datetime.now(dt.UTC)
    digest = hashlib.sha256(body).hexdigest()
    return Answer(request, status, dict(headers or {}), body, when, digest)


# -- first looks ----------------------------------------------------------------------------------


def check_type(answer: Answer, kind: str) -> None:
    """Refuse an answer whose status, content type or first byte is not that of its kind.

    Parameters
    ----------
    answer : Answer
    kind : {"JSON", "CSV", "XML", "HTML", "workbook", "archive"}

    Examples
    --------
    >>> page = answer_of(Request("gie", "eu", "https://example.org"), b"<html>Sorry</html>")
    >>> check_type(page, "JSON")
    Traceback (most recent call last):
        ...
    energy.sources.reading.SourceError: gie: The answer starts with '<html>Sorry</html>'; expected ...
    """
    if answer.status != 200:
        refuse(answer, f"HTTP {answer.status} where {kind} was expected: {excerpt(answer.body)}.")
    if not answer.body.strip():
        refuse(answer, f"The answer is empty; expected {kind}.")
    declared = next((v for k, v in answer.headers.items() if k.lower() == "content-type"), "")
    if declared and not any(word in declared.lower() for word in _TYPES[kind]):
        refuse(answer, f"Got {declared!r} where {kind} was expected: {excerpt(answer.body)}.")
    first = answer.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    wanted = _FIRST.get(kind, b"")
    if (wanted and first not in [bytes([byte]) for byte in wanted]) or (
        kind == "CSV" and first in (b"<", b"{")
    ):
        refuse(answer, f"The answer starts with {excerpt(answer.body, 30)}; expected {kind}.")


def excerpt(body: bytes, length: int = 120) -> str:
    r"""Return the start of a body on one line, for a message.

    Examples
    --------
    >>> excerpt(b"<html>\n  <h1>Too many questions, come back later</h1>", length=24)
    "'<html> <h1>Too many ques…'"
    """
    text = " ".join(body[: 4 * length].decode("utf-8", errors="replace").split())
    return repr(text[:length] + ("…" if len(text) > length else ""))


def read_json(answer: Answer) -> Any:
    """Return the JSON of an answer; HTML, truncated text and NaN are refused.

    Examples
    --------
    >>> read_json(answer_of(Request("gie", "eu", "https://example.org"), b'{"full": 80.5}'))
    {'full': 80.5}
    """
    check_type(answer, "JSON")
    body = answer.body.removeprefix(b"\xef\xbb\xbf")
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        refuse(answer, f"The JSON breaks off or is faulty ({error}); ask again.")
    try:
        json.loads(body, object_pairs_hook=_once)  # orjson takes the last of two equal keys
    except KeyError as error:
        refuse(answer, f"The JSON has the key {error} twice in one object; which counts?")
    except RecursionError:
        refuse(answer, "The JSON is nested too deep to be an answer.")
    return data


def _once(pairs: list[tuple[str, Any]]) -> None:
    """Raise KeyError for a key that stands twice."""
    seen = set()
    for name, _ in pairs:
        if name in seen:
            raise KeyError(name)
        seen.add(name)


def read_csv(answer: Answer, columns: Sequence[str]) -> list[dict[str, str]]:
    r"""Return the rows of a CSV answer by column name.

    Raises
    ------
    SourceError
        If a column is missing, a row has more or fewer fields than the header, the text is not
        UTF-8, or there is no row at all.

    Examples
    --------
    >>> answer = answer_of(Request("own", "rows", "https://example.org"), b"period,value\n2021,12\n")
    >>> read_csv(answer, ["period", "value"])
    [{'period': '2021', 'value': '12'}]
    """
    check_type(answer, "CSV")
    if not is_framed(answer) and not answer.body.endswith((b"\n", b"\r")):
        refuse(answer, "The table breaks off in its last line; ask again.")
    try:
        lines = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig")), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        refuse(answer, f"Not a CSV table in UTF-8 ({error}).")
    header, rows = lines[0], [line for line in lines[1:] if line]
    missing = [name for name in columns if name not in header]
    if missing:
        refuse(answer, f"Column {missing[0]!r} is missing; the header holds {', '.join(header)}.")
    for place, row in enumerate(rows, start=2):
        if len(row) != len(header):
            refuse(answer, f"Row {place} has {len(row)} fields, the header {len(header)}: cut off?")
    if not rows:
        refuse(answer, "The table has a header and no row.")
    return [dict(zip(header, row, strict=True)) for row in rows]


def is_framed(answer: Answer) -> bool:
    r"""Tell whether the protocol said where the body ends: a length, chunks, or packed data.

    Examples
    --------
    >>> asked = Request("own", "rows", "https://example.org")
    >>> is_framed(answer_of(asked, b"a\n1\n", headers={"Content-Length": "4"}))
    True
    """
    names = {name.lower() for name in answer.headers}
    return bool(names & {"content-length", "transfer-encoding", "content-encoding"})


def read_xml(answer: Answer) -> Any:
    """Return the root element of an XML answer; entities and DTDs are refused.

    Raises
    ------
    MissingExtra
        If defusedxml is not installed.
    SourceError
        If it is not well formed or declares entities.

    Examples
    --------
    >>> read_xml(answer_of(Request("cbr", "USD", "https://example.org"), b"<a><b>1</b></a>")).tag
    'a'
    """
    from xml.etree.ElementTree import ParseError

    from energy.errors import MissingExtra

    try:
        from defusedxml import DefusedXmlException
        from defusedxml.ElementTree import fromstring
    except ImportError as error:
        raise MissingExtra(f"Reading XML needs defusedxml: {EXTRA}") from error
    check_type(answer, "XML")
    try:
        return fromstring(answer.body, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError) as error:
        kind = type(error).__name__
        refuse(answer, f"Not the XML it should be ({kind}: {error}); entities are not expanded.")


def read_workbook(
    answer: Answer, only: str = "", largest: int = 64 * 2**20
) -> dict[str, list[tuple[Any, ...]]]:
    """Return the cells of a workbook's sheets, after a look at the size of every part of it.

    Parameters
    ----------
    answer : Answer
    only : str
        Read this sheet alone; the others are named with no rows.
    largest : int
        Most bytes that the parts may unpack to.

    Raises
    ------
    SourceError
        If it is no workbook, declares entities, or unpacks to more.
    MissingExtra
        If openpyxl or defusedxml is not installed.

    Examples
    --------
    >>> body = io.BytesIO()
    >>> pd.DataFrame({"period": ["2021"], "value": [12.5]}).to_excel(body, index=False)
    >>> read_workbook(answer_of(Request("own", "book", "https://example.org"), body.getvalue()))
    {'Sheet1': [('period', 'value'), ('2021', 12.5)]}
    """
    from energy.errors import MissingExtra

    try:
        import defusedxml  # noqa: F401  openpyxl takes it where it is there
        from openpyxl import load_workbook
    except ImportError as error:
        raise MissingExtra(f"Reading a workbook needs openpyxl and defusedxml: {EXTRA}") from error
    check_type(answer, "workbook")
    archive = open_zip(answer, largest)
    for member in archive.namelist():
        if b"<!DOCTYPE" in read_member(answer, archive, member, largest):
            refuse(answer, f"Part {member!r} of the workbook declares entities; not read.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on styles and extensions
            book = load_workbook(archive.fp, read_only=True, data_only=True)
            return {name: [] if only and name != only else _cells_of(answer, book[name])
                    for name in book.sheetnames}  # fmt: skip
    except (KeyError, ValueError, TypeError, AttributeError, OSError, SyntaxError) as error:
        kind = type(error).__name__  # what a damaged part of a workbook makes openpyxl raise
        refuse(answer, f"The workbook is damaged or not one ({kind}: {error}).")


WIDEST, MOST_CELLS = 2_000, 5_000_000
"""Columns and cells of a sheet beyond which it is not read: one cell at XFD pads every row."""


def _cells_of(answer: Answer, sheet: Any) -> list[tuple[Any, ...]]:
    sheet.reset_dimensions()  # the stated bounds may be wrong
    lines: list[tuple[Any, ...]] = []
    count = 0
    for line in sheet.iter_rows(values_only=True):
        count += len(line)
        if len(line) > WIDEST or count > MOST_CELLS:
            what = f"Sheet {sheet.title!r} is too wide or too long: row {len(lines) + 1} has "
            refuse(answer, f"{what}{len(line):,} cells; at most {WIDEST:,} are read.")
        lines.append(line)
    return lines


# -- cells ----------------------------------------------------------------------------------------


def as_number(answer: Answer, cell: Any, where: str, gaps: Iterable[str] = ()) -> float | None:
    """Return a cell as a number, None for a gap.

    Parameters
    ----------
    answer : Answer
    cell : str, int, float or None
        Text has to be a plain number with a decimal point. None is a gap.
    where : str
        Place of the cell, for the message.
    gaps : iterable of str
        Texts that mean "no value" in this source.

    Examples
    --------
    >>> answer = answer_of(Request("own", "rows", "https://example.org"), b"")
    >>> as_number(answer, "12.5", "row 1"), as_number(answer, "-", "row 2", gaps=["-"])
    (12.5, None)
    >>> as_number(answer, "12,5", "row 3")
    Traceback (most recent call last):
        ...
    energy.sources.reading.SourceError: own: row 3 is '12,5'; expected a number with a decimal point. Asked: ...
    """
    if cell is None:
        return None
    if isinstance(cell, str):
        text = cell.strip()
        if text in gaps:
            return None
        if not _NUMBER.fullmatch(text):
            refuse(answer, f"{where} is {cell!r}; expected a number with a decimal point.")
        cell = float(text)
    if isinstance(cell, bool) or not isinstance(cell, int | float) or not math.isfinite(cell):
        refuse(answer, f"{where} is {cell!r}; expected a finite number.")
    return float(cell)


@dataclasses.dataclass(frozen=True)
class Faulty:
    """A cell that is no number: it waits in quarantine, and costs the source nothing else.

    Examples
    --------
    >>> Faulty("row 2 is 'n/a'; expected a number.").why
    "row 2 is 'n/a'; expected a number."
    """

    why: str


def cell(
    answer: Answer, cell: Any, where: str, gaps: Iterable[str] = (), least: float = -math.inf
) -> float | Faulty | None:
    """Return a cell as `number` does, or `Faulty` where it is none or below `least`.

    Examples
    --------
    >>> answer = answer_of(Request("own", "rows", "https://example.org"), b"")
    >>> cell(answer, "12.5", "row 1"), cell(answer, "-3", "row 2", least=0)
    (12.5, Faulty(why='row 2 is -3; expected 0 or more.'))
    """
    try:
        value = as_number(answer, cell, where, gaps)
    except SourceError as error:
        return Faulty(error.what)
    if value is not None and value < least:
        return Faulty(
            f"{where} is {value:g}; expected {'more than 0' if least > 0 else '0 or more'}."
        )
    return value


def field(answer: Answer, record: Any, name: str, where: str) -> Any:
    """Return a field that a record has to have.

    Examples
    --------
    >>> answer = answer_of(Request("own", "rows", "https://example.org"), b"")
    >>> field(answer, {"value": 12}, "value", "Record 1")
    12
    >>> field(answer, {"value": 12}, "unit", "Record 1")
    Traceback (most recent call last):
        ...
    energy.sources.reading.SourceError: own: Record 1 has no field 'unit'; it holds value. Asked: ...
    """
    if not isinstance(record, Mapping):
        refuse(answer, f"{where} is {type(record).__name__}; expected a record with {name!r}.")
    if name not in record:
        held = ", ".join(map(str, list(record)[:8]))
        refuse(answer, f"{where} has no field {name!r}; it holds {held or 'nothing'}.")
    return record[name]


def day(answer: Answer, text: Any, where: str) -> str:
    """Return the date that an ISO text starts with, as YYYY-MM-DD.

    Examples
    --------
    >>> answer = answer_of(Request("own", "rows", "https://example.org"), b"")
    >>> day(answer, "2026-07-01T06:00:00Z", "gasDay")
    '2026-07-01'
    """
    try:
        return dt.date.fromisoformat(str(text)[:10]).isoformat()
    except ValueError:
        refuse(answer, f"{where} is {text!r}; expected a date YYYY-MM-DD.")


def entity(code: str) -> str:
    """Return the entity of a country code.

    Examples
    --------
    >>> entity("EL"), entity("EU27_2020"), entity("XY_1")
    ('greece', 'eu', 'xy-1')
    """
    return COUNTRIES.get(code.upper(), code.lower().replace("_", "-"))


# -- the table ------------------------------------------------------------------------------------


def empty() -> pd.DataFrame:
    """Return a table of observations without rows.

    Examples
    --------
    >>> len(empty()), list(empty()) == list(COLUMNS)
    (0, True)
    """
    return _empty().copy()


@functools.cache
def _empty() -> pd.DataFrame:
    return _typed({name: [] for name in COLUMNS}, pd.NaT)


def frame(answer: Answer, rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> pd.DataFrame:
    """Make the table of observations out of what a module read.

    Parameters
    ----------
    answer : Answer
        Gives ``source``, ``retrieved`` and the first half of ``ref``.
    rows : sequence of mappings, or DataFrame
        ``series, entity, period, freq, value, unit, basis, status``; optional ``published``,
        ``coverage`` (1), ``source``, ``note`` and ``ref`` (the place in the answer).

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Sorted by key; ``coverage`` is a share, ``retrieved`` is UTC, all others but ``value`` are
        text. A row that stands twice with one value counts once.

    Raises
    ------
    SourceError
        If there is no row, a period is none, or one key has two values.

    Examples
    --------
    >>> answer = answer_of(Request("own", "rows", "https://example.org"), b"")
    >>> row = {"series": "flow", "entity": "blue-stream", "period": "2021", "freq": "A",
    ...        "value": 15.9, "unit": "bcm", "basis": "20C", "status": "actual"}
    >>> frame(answer, [row])[["source", "entity", "value", "coverage"]].values.tolist()
    [['own', 'blue-stream', 15.9, 1.0]]
    """
    rows, faulty = _parted(answer, rows)
    cells = _cells(rows)
    count = len(cells.get("value", ()))
    if not count:
        refuse(answer, "No value in the whole answer; that is no answer, not a zero.")
    for name, default in (("published", ""), ("note", ""), ("ref", ""), ("coverage", 1.0)):
        held = cells.get(name, [default] * count)
        cells[name] = [
            default if not isinstance(cell, str) and pd.isna(cell) else cell for cell in held
        ]
    cells.setdefault("source", [answer.request.source] * count)
    _check_text(answer, cells)
    _check_periods(answer, cells)
    places: dict[tuple[str, ...], list[int]] = {}
    for row, key in enumerate(zip(*(map(str, cells[name]) for name in UNIQUE), strict=True)):
        places.setdefault(key, []).append(row)
    for several in places.values():
        if len(several) > 1:
            _check_one(answer, cells, several)
    digest = answer.sha256[:16]
    cells["ref"] = [f"{digest}#{place}" for place in cells["ref"]]
    order = [places[key][0] for key in sorted(places)]
    found = _typed({name: [cells[name][row] for row in order] for name in COLUMNS
                    if name != "retrieved"}, answer.retrieved)  # fmt: skip
    if faulty:
        found.attrs["faulty"] = [
            {**row, "source": row.get("source", answer.request.source),
             "ref": f"{answer.sha256[:16]}#{row.get('ref', '')}"} for row in faulty
        ]  # fmt: skip
    return found


def _cells(rows: Sequence[Mapping[str, Any]] | pd.DataFrame) -> dict[str, list[Any]]:
    """Return the columns of rows as lists: of most answers a table costs more than its cells."""
    if isinstance(rows, pd.DataFrame):
        return {str(name): rows[name].tolist() for name in rows}
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def _check_one(answer: Answer, cells: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> None:
    """Refuse rows of one key that have several values."""
    told: dict[tuple[str, str], int] = {}
    for row in rows:  # by its text, for a missing value differs from itself
        told.setdefault((repr(float(cells["value"][row])), cells["status"][row]), row)
    if len(told) > 1:
        key = " ".join(cells[name][rows[0]] for name in ("series", "entity", "period"))
        found = ((float(cells["value"][row]), cells["ref"][row]) for row in told.values())
        values = ", ".join(
            f"{value:g} ({place})" if place else f"{value:g}" for value, place in found
        )
        refuse(answer, f"{key} stands there {len(told)} times with {values}; expected one value.")


MOST_FAULTY = 0.1
"""Share of an answer's cells that may be no numbers; with more of them its form has changed."""


def _parted(answer: Answer, rows: Any) -> tuple[Any, list[dict[str, Any]]]:
    """Part the rows whose value is `Faulty` from the others, with the reason."""
    if isinstance(rows, pd.DataFrame):
        return rows, []
    rows = list(rows)
    faulty = [{**r, "value": math.nan, "reason": r["value"].why} for r in rows
              if isinstance(r["value"], Faulty)]  # fmt: skip
    if len(faulty) > MOST_FAULTY * len(rows):
        more = f" {len(faulty)} of {len(rows)} cells are so." if len(faulty) > 1 else ""
        refuse(answer, faulty[0]["reason"] + more)
    return [r for r in rows if not isinstance(r["value"], Faulty)], faulty


def aside(
    table: pd.DataFrame, told: Iterable[str] = (), withheld: Iterable[str] = ()
) -> pd.DataFrame:
    """Attach to a table what it cannot hold as rows.

    Parameters
    ----------
    table : DataFrame, columns `COLUMNS`
    told : iterable of str
        Sentences: a word or flag that is new, an answer that is valid and holds nothing yet.
    withheld : iterable of str
        Places of cells that the source has and does not show (confidential).

    Returns
    -------
    DataFrame
        The same table, with ``attrs["told"]`` and ``attrs["withheld"]``.

    Examples
    --------
    >>> aside(empty(), ["eu: nothing yet."]).attrs["told"]
    ['eu: nothing yet.']
    """
    for name, texts in (("told", told), ("withheld", withheld)):
        if found := [*table.attrs.get(name, []), *texts]:
            table.attrs[name] = found
    return table


def _typed(cells: Mapping[str, Sequence[Any]], retrieved: Any) -> pd.DataFrame:
    count = len(cells["value"])
    when = pd.DatetimeIndex([retrieved] * count, tz="UTC").as_unit("us")
    columns = {
        name: when if name == "retrieved"
        else np.array(cells[name], dtype="float64") if name in ("value", "coverage")
        else pd.array(cells[name], dtype="str")
        for name in COLUMNS
    }  # fmt: skip
    return pd.DataFrame(columns, columns=COLUMNS)


def _check_text(answer: Answer, cells: Mapping[str, Sequence[Any]]) -> None:
    for name in ("series", "entity", "period", "freq", "unit", "status"):
        odd = [cell for cell in cells[name] if not isinstance(cell, str) or not cell]
        if odd:
            refuse(answer, f"A row has the {name} {odd[0]!r}; expected a text.")


def _check_periods(answer: Answer, cells: Mapping[str, Sequence[Any]]) -> None:
    first: dict[tuple[str, str], str] = {}
    for text, freq, place in zip(cells["period"], cells["freq"], cells["ref"], strict=True):
        first.setdefault((text, freq), place)
    for (text, freq), place in first.items():
        where = f"{place}: " if place else ""
        try:
            found = periods.parse(text).freq
        except PeriodError as error:
            refuse(answer, f"{where}{error}")
        if found != freq:
            refuse(answer, f"{where}Period {text!r} is of frequency {found}, not {freq}.")


# -- archives -------------------------------------------------------------------------------------


def safe_name(answer: Answer, name: str) -> str:
    """Return the name of an archive's member, or refuse one that leads out of the folder.

    Examples
    --------
    >>> answer = answer_of(Request("gem", "routes", "https://example.org"), b"")
    >>> safe_name(answer, "gas/P0001.geojson")
    'gas/P0001.geojson'
    >>> safe_name(answer, "../P0001.geojson")
    Traceback (most recent call last):
        ...
    energy.sources.reading.SourceError: gem: Member '../P0001.geojson' of the archive leads out of ...
    """
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or re.match(r"[A-Za-z]:", name):
        refuse(answer, f"Member {name!r} of the archive leads out of its folder; not unpacked.")
    return str(path)


# What a damaged zip file makes zipfile raise.
_DAMAGE = (zipfile.BadZipFile, zlib.error, struct.error, lzma.LZMAError, ValueError, OSError, EOFError,
           RuntimeError, NotImplementedError, OverflowError, LookupError)  # fmt: skip


def open_zip(answer: Answer, largest: int = LARGEST) -> zipfile.ZipFile:
    """Open a zip file after a look at its table of contents.

    Raises
    ------
    SourceError
        If it is no zip file, a name leads out of the folder, or it unpacks to more than `largest`
        bytes.

    Examples
    --------
    >>> body = io.BytesIO()
    >>> with zipfile.ZipFile(body, "w") as made:
    ...     made.writestr("gas/P0001.geojson", "{}")
    >>> answer = answer_of(Request("gem", "routes", "https://example.org"), body.getvalue())
    >>> open_zip(answer).namelist()
    ['gas/P0001.geojson']
    """
    try:
        archive = zipfile.ZipFile(io.BytesIO(answer.body))
    except _DAMAGE as error:
        refuse(answer, f"Not a whole zip file ({error}).")
    for member in archive.infolist():
        safe_name(answer, member.filename)
    size = sum(member.file_size for member in archive.infolist())
    if size > largest:
        refuse(answer, f"The archive unpacks to {size:,} bytes; at most {largest:,} are taken.")
    return archive


def read_member(answer: Answer, archive: zipfile.ZipFile, name: str, largest: int) -> bytes:
    """Read one member, no further than its stated size: a false table of contents is refused.

    Examples
    --------
    >>> body = io.BytesIO()
    >>> with zipfile.ZipFile(body, "w") as made:
    ...     made.writestr("gas/P0001.geojson", "{}")
    >>> answer = answer_of(Request("gem", "routes", "https://example.org"), body.getvalue())
    >>> read_member(answer, open_zip(answer), "gas/P0001.geojson", 1000)
    b'{}'
    """
    stated = archive.getinfo(name).file_size
    try:
        with archive.open(name) as file:
            content = file.read(min(stated, largest) + 1)
    except _DAMAGE as error:
        refuse(answer, f"Member {name!r} cannot be read ({error}).")
    if len(content) > min(stated, largest):
        refuse(answer, f"Member {name!r} is larger than the archive says ({stated:,} bytes).")
    return content
