"""Inbox: figures that only people can read, dropped in as a CSV file.

What
    Gazprom's reports, Chinese customs, ministry figures, news: one row a figure, with its source.
Format
    CSV in UTF-8, comma separated, decimal point; the columns of `FIELDS`. `template` prints one.
Licence
    That of each source named in the rows; restate single figures, link the page.
Lag
    As fast as somebody types.
Quirks
    Nothing is guessed: a row without unit, basis, date of publication or source is refused, with
    file and row. Units and bases stay as the source prints them.
"""

from __future__ import annotations

import csv
import datetime as dt
import functools
import io
import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from energy.errors import DataError, PeriodError
from energy.measure import periods
from energy.sources import forms, reading
from energy.sources.contract import Answer, Request
from geodata.arguments import alike

NAME = "inbox"
TITLE = "Figures entered by hand"
PUBLISHER = "energy-trade-tracker"
KIND = "own"
URL = ""
LICENCE = "That of the source named in each row"
LAG = 60
KEY = ""

FIELDS = ["series", "entity", "period", "value", "unit", "basis", "status", "source", "title",
          "url", "page", "published", "note"]  # fmt: skip
NEEDED = ["series", "entity", "period", "value", "unit", "status", "source", "title", "published"]
TABLES = ["volumes", "prices", "financials", "trade-context"]
FX = re.compile(r"[A-Z]{3}/[A-Z]{3}")

_HINTS = {
    "series": "what is measured: flow, exports_pipeline, customs_value, …",
    "entity": "route, market, country or company; RUB/USD for a rate",
    "period": "2026Q3, 2026-09, 2026-09-30, 2026, 2026M9 (January to September) or 2026-07/2026-08",
    "value": "as printed, with a decimal point and no blanks; leave out what was not printed",
    "unit": "as printed: bcm, mcm/d, TWh, Mt, million USD, USD/1000 m3, RUB bn, …",
    "basis": "of a volume or an energy: 0C 15C 20C 15C-40MJ GCV NCV mass unstated; else empty",
    "status": "actual, provisional, estimate, plan, contract or modelled",
    "source": "short id of lower-case letters, digits and dashes; one id a document",
    "title": "what the document calls itself",
    "url": "where it can be looked up; may be empty for paper",
    "page": "page, table or paragraph",
    "published": "2026-10-15, 2026-10 or 2026: when the world could know it",
    "note": "anything a reader has to know",
}
_EXAMPLE = {
    "series": "flow", "entity": "power-of-siberia-1", "period": "2026Q3", "value": "9.9",
    "unit": "bcm", "basis": "20C", "status": "provisional", "source": "example-report-2026q3",
    "title": "An example: replace this row", "url": "https://example.org/report.pdf",
    "page": "p. 4", "published": "2026-10-15", "note": "an invented figure",
}  # fmt: skip
_VOLUME = re.compile(r"\b(bcm|mcm|m3|[kMGT]Wh|[GTP]J|MMBtu|Mt|kt)\b")
_POSITIVE = re.compile(r"(flow|imports?|exports?|production|consumption)(_(?!growth)|$)")
"""Series of amounts: they have no values below zero."""
_PUBLISHED = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")


def request(period: Any) -> list[Request]:
    """Ask nobody: files come by ``energy import inbox FILE``.

    Examples
    --------
    >>> request("2026Q3")
    []
    """
    return []


def template() -> str:
    """Return an empty file with its explanation, ready to be filled in.

    Lines that start with ``#`` are skipped when the file is read, the example row among them.

    Examples
    --------
    >>> print(template().splitlines()[0])
    # One row a figure. Lines that start with # are skipped. Columns:
    """
    lines = ["# One row a figure. Lines that start with # are skipped. Columns:"]
    lines += [f"#   {name}: {_HINTS[name]}" for name in FIELDS]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(_EXAMPLE[name] for name in FIELDS)
    return "\n".join([*lines, ",".join(FIELDS), f"# {text.getvalue()}"])


LARGEST = 100 * 2**20
"""Most bytes of a file of typed figures: half a million rows."""


def answer_of(path: Path | str, retrieved: dt.datetime | None = None) -> Answer:
    """Return a file as an answer, so that the store keeps its bytes like any other.

    Examples
    --------
    >>> path = Path("mine.csv")
    >>> _ = path.write_text(template(), encoding="utf-8")
    >>> answer_of(path).body == path.read_bytes()
    True
    """
    path = Path(path)
    if path.exists() and not path.is_file():  # a pipe or a device has no end
        raise DataError(path.name, [f"{path.name}: cannot be read: no plain file"])
    try:
        if path.stat().st_size > LARGEST:
            raise DataError(path.name, [f"{path.name}: larger than {LARGEST // 2**20} MB; part it"])
        body = path.read_bytes()
    except OSError as error:
        raise DataError(path.name, [f"{path.name}: cannot be read ({error.strerror})"]) from error
    request = Request(NAME, path.name, f"inbox:{path.name}")
    return reading.answer_of(
        request, body, headers={"content-type": "text/csv"}, retrieved=retrieved
    )


def parse_file(path: Path | str, retrieved: dt.datetime | None = None) -> pd.DataFrame:
    r"""Read and check a file.

    Parameters
    ----------
    path : path
    retrieved : datetime, optional
        The day after which nothing can have been published; default now.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        ``source`` is that of each row; its title, url and page stand in ``note``.

    Raises
    ------
    DataError
        With every fault of every row; nothing is taken then.

    Examples
    --------
    >>> path = Path("mine.csv")
    >>> _ = path.write_text(template().replace("\n# flow", "\nflow"), encoding="utf-8")
    >>> parse_file(path)[["series", "entity", "period", "value"]].values.tolist()
    [['flow', 'power-of-siberia-1', '2026Q3', 9.9]]
    """
    return _read(answer_of(path, retrieved))


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    r"""Read a kept file; as `parse_file`, but with `SourceError`.

    Examples
    --------
    >>> path = Path("mine.csv")
    >>> _ = path.write_text(template().replace("\n# flow", "\nflow"), encoding="utf-8")
    >>> parse(answer_of(path))["unit"].tolist()
    ['bcm']
    """
    try:
        return _read(answer)
    except DataError as error:
        reading.refuse(answer, f"{error.faults[0]}. {len(error.faults)} fault(s) in all.")


def sources(observations: pd.DataFrame, answer: Answer) -> pd.DataFrame:
    r"""Return the sources that a file names, in the columns of ``sources.csv``.

    Parameters
    ----------
    observations : DataFrame
        From `parse`.
    answer : Answer
        The file they came from.

    Examples
    --------
    >>> path = Path("mine.csv")
    >>> _ = path.write_text(template().replace("\n# flow", "\nflow"), encoding="utf-8")
    >>> answer = answer_of(path)
    >>> sources(parse(answer), answer)[["kind", "note"]].values.tolist()
    [['own', 'entered by hand']]
    """
    rows = pd.DataFrame([row for _, row in _lines(answer)])
    rows = rows[rows["source"].isin(observations["source"])].drop_duplicates("source")
    rows = rows.assign(publisher="", kind="own", licence=LICENCE, note="entered by hand")
    names = ["source", "title", "publisher", "kind", "url", "published", "licence", "note"]
    return rows[names].reset_index(drop=True)


def _read(answer: Answer) -> pd.DataFrame:
    where = answer.request.tag
    lines = _lines(answer)
    faults = [fault for place, row in lines for fault in _faults(row, where, place, answer)]
    faults += _twice(lines, where)
    if faults:
        raise DataError(where, faults)
    return reading.frame(answer, [_observation(row, place) for place, row in lines])


def _lines(answer: Answer) -> list[tuple[int, dict[str, str]]]:
    """Return (row of the file, cells) of each figure; a workbook by the sheet that holds them."""
    where = answer.request.tag
    name, body = forms.open_body(where, answer.body)
    rows = forms.sheet_of(name, body) if body.startswith(b"PK") else (
        forms.numbered(forms.text_of(body, name), name))  # fmt: skip
    rows = [(place, row) for place, row in rows if not row[0].startswith("#")]
    if not rows:
        raise DataError(where, [f"{where}: empty; see 'energy sources --template'"])
    return _cut_to_header(rows, where)


def _cut_to_header(
    rows: list[tuple[int, list[str]]], where: str
) -> list[tuple[int, dict[str, str]]]:
    """Check the header and cut the empty columns that spreadsheets leave at the right."""
    wide, header = len(rows[0][1]), rows[0][1]
    while header and not header[-1]:
        header = header[:-1]
    if wide > len(header):  # empty columns that a spreadsheet left behind
        rows = [
            (p, [*row[: len(header)], *(c for c in row[len(header) :] if c)]) for p, row in rows
        ]
    _check_header(header, where)
    wrong = [f"{where} row {place}: {len(row)} cells, the header has {len(header)}; put texts with "
             "commas in double quotes" for place, row in rows[1:] if len(row) != len(header)]  # fmt: skip
    if wrong or len(rows) == 1:
        raise DataError(where, wrong or [f"{where}: a header and no row"])
    return [(place, dict.fromkeys(FIELDS, "") | dict(zip(header, row, strict=True)))
            for place, row in rows[1:]]  # fmt: skip


def _check_header(header: list[str], where: str) -> None:
    if (form := forms.by_columns([header])).name not in ("inbox", "unknown"):
        raise DataError(where, [f"{where}: this is {form.words}, not the form for typed figures; "
                                "take it in with: energy import FILE"])  # fmt: skip
    faults = [f"{where}: column '{name}' is missing" for name in NEEDED if name not in header]
    for name in header:
        if name not in FIELDS:
            near = alike(name, FIELDS, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"use {', '.join(FIELDS)}"
            faults.append(f"{where}: column '{name}' is unknown; {hint}")
    faults += [
        f"{where}: column '{n}' stands there twice" for n in {*header} if header.count(n) > 1
    ]
    if faults:
        raise DataError(where, faults)


def _faults(row: Mapping[str, str], where: str, place: int, answer: Answer) -> list[str]:
    found = [f"{name} is empty; {_HINTS[name]}" for name in NEEDED if not row[name]]
    for check in (_series, _entity, _period, _value, _unit, _status, _source, _published):
        found += check(row, answer) if all(row[name] for name in _READS[check.__name__]) else []
    return [f"{where} row {place}: {fault}" for fault in found]


_READS = {"_series": ["series"], "_entity": ["entity"], "_period": ["period"], "_value": ["value"],
          "_unit": ["unit"], "_status": ["status"], "_source": ["source"],
          "_published": ["published"]}  # fmt: skip


def _series(row: Mapping[str, str], answer: Answer) -> list[str]:
    if re.fullmatch(r"[a-z0-9_]+", row["series"]):
        return []
    return [f"series '{row['series']}' has the wrong form; use lower-case letters and _"]


def _entity(row: Mapping[str, str], answer: Answer) -> list[str]:
    name = row["entity"]
    if name in _known("entity") or (row["series"].startswith("fx") and FX.fullmatch(name)):
        return []
    near = alike(name, sorted(_known("entity")), 3)
    hint = f"near: {', '.join(near)}" if near else "use an id of routes.csv or a known market"
    return [f"entity '{name}' is unknown; {hint}"]


def _period(row: Mapping[str, str], answer: Answer) -> list[str]:
    try:
        period = periods.parse(row["period"])
    except PeriodError as error:
        hint = forms.damage(row["period"])
        return [f"{error} ({hint})" if hint else str(error)]
    if row["status"] in ("actual", "provisional") and period.end > answer.retrieved.date():
        return [f"period {row['period']} is not over, so it cannot be '{row['status']}'; "
                "write estimate, plan or the part that is over"]  # fmt: skip
    return []


def _value(row: Mapping[str, str], answer: Answer) -> list[str]:
    text = row["value"]
    if re.fullmatch(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?", text) and math.isfinite(float(text)):
        if float(text) < 0 and _POSITIVE.match(row["series"]) and row["unit"] != "percent":
            return [f"value '{text}' is negative; gas the other way is a series of its own"]
        return []
    return [f"value '{text}' is not a number; write it with a decimal point and no blanks"]


def _unit(row: Mapping[str, str], answer: Answer) -> list[str]:
    units, bases = _known("unit"), _known("basis")
    if row["unit"] not in units and not re.fullmatch(r"[A-Z]{3} per 1 [A-Z]{3}", row["unit"]):
        near = alike(row["unit"], sorted(units), 3)
        return [f"unit '{row['unit']}' is unknown; use {', '.join(near or sorted(units))}"]
    if row["basis"] and row["basis"] not in bases:
        return [f"basis '{row['basis']}' is unknown; use {', '.join(sorted(bases))}"]
    if _VOLUME.search(row["unit"]) and not row["basis"]:
        return [f"basis is empty; {row['unit']} needs one: 20C (Gazprom), 15C, GCV, … or unstated"]
    return []


def _status(row: Mapping[str, str], answer: Answer) -> list[str]:
    known = _known("status")
    if row["status"] in known:
        return []
    return [f"status '{row['status']}' is unknown; use one of {', '.join(sorted(known))}"]


def _source(row: Mapping[str, str], answer: Answer) -> list[str]:
    faults = []
    if not re.fullmatch(r"[a-z0-9-]+", row["source"]):
        faults.append(f"source '{row['source']}' has the wrong form; {_HINTS['source']}")
    if row["url"] and not re.match(r"https?://\S+$", row["url"]):
        faults.append(f"url '{row['url']}' is no address; start it with https:// or leave it empty")
    return faults


def _published(row: Mapping[str, str], answer: Answer) -> list[str]:
    text = row["published"]
    full = text + "-01-01"[len(text) - 10 :] if len(text) < 10 else text
    try:
        day = dt.date.fromisoformat(full) if _PUBLISHED.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None:
        return [f"published '{text}' is no date; write {_HINTS['published']}"]
    if day > answer.retrieved.date():
        return [f"published '{text}' lies in the future"]
    return []


def _twice(lines: list[tuple[int, dict[str, str]]], where: str) -> list[str]:
    seen: dict[tuple[str, ...], int] = {}
    faults = []
    for place, row in lines:
        key = tuple(row[name] for name in ("series", "entity", "period", "source", "basis"))
        if key in seen:
            faults.append(f"{where} row {place}: the same figure as in row {seen[key]}; keep one")
        seen.setdefault(key, place)
    return faults


def _observation(row: Mapping[str, str], place: int) -> dict[str, Any]:
    period = periods.parse(row["period"])
    said = [row["title"], row["url"], row["page"], row["note"]]
    return {
        "series": row["series"], "entity": row["entity"], "period": periods.label(period),
        "freq": period.freq, "value": float(row["value"]), "unit": row["unit"],
        "basis": row["basis"], "source": row["source"], "status": row["status"],
        "published": row["published"], "ref": f"row {place}",
        "note": "; ".join(part for part in said if part),
    }  # fmt: skip


@functools.cache
def _known(what: str) -> frozenset[str]:
    """Return the known units, bases and statuses of the schema, or the known entities."""
    if what == "entity":
        return _entities()
    package = json.loads((reading.DATA / "datapackage.json").read_text(encoding="utf-8"))
    found: set[str] = set()
    for table in package["resources"]:
        if table["name"] in TABLES:
            for field in table["schema"]["fields"]:
                if field["name"] == what:
                    found |= set(field.get("constraints", {}).get("enum", []))
    return frozenset(found)


def _entities() -> frozenset[str]:
    places = [("routes.csv", "route"), ("volumes.csv", "entity"), ("prices.csv", "market"),
              ("contracts.csv", "market")]  # fmt: skip
    known = set(reading.COUNTRIES.values()) | {"gazprom"}
    for file, column in places:
        table = pd.read_csv(reading.DATA / file, dtype=str, keep_default_na=False)
        known |= set(table[column])
    return frozenset(known - {""})
