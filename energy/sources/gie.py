"""GIE AGSI+: gas in store in the countries that Russian gas used to fill.

What
    Stock and fullness a gas day for the EU, nine of its countries and Ukraine.
Format
    JSON, newest day first, in pages; every number is a string (TWh, per cent, GWh a day).
Licence
    Free with credit to GIE (AGSI+).
Lag
    The next day at 19:30 CET; revised for days.
Quirks
    A key is needed (free, by registration); a refusal arrives with status 200. ``-`` and an empty
    text are missing, never zero. ``total`` is unreliable, ``last_page`` is not. In spring 2022
    some fields had decimal commas: they are read, and held against ``full``. Status C confirmed,
    E estimated, N none. The upper bound is ``to`` (validated in
    public in May 2026; ``till`` is the old form); days after it are left out all the same.
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

NAME = "gie"
TITLE = "GIE AGSI+: aggregated gas storage inventory"
PUBLISHER = "Gas Infrastructure Europe"
KIND = "operator"
URL = "https://agsi.gie.eu/"
LICENCE = "Free use with credit to GIE"
LAG = 3
KEY = "GIE_API_KEY"

BASE = "https://agsi.gie.eu/api"
PLACES = ["EU", "DE", "AT", "HU", "SK", "IT", "NL", "PL", "BG", "RO", "UA"]
BACK_DAYS = 60
"""Days before the quarter that are asked again."""

PAGE = 300
GAPS = ("-", "")
STATUS = {"C": "actual", "E": "estimate", "N": "estimate"}
SERIES = {"storage_stock": ("gasInStorage", "TWh", "unstated"), "storage_fill": ("full", "%", "")}
_COMMA = re.compile(r"-?\d+,\d+")


def request(period: Any) -> list[Request]:
    """Ask for the quarter and the 60 days before it, one question a place.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")][:2]
    ['EU-p1', 'DE-p1']
    """
    span = periods.parse(period)
    first = span.start - dt.timedelta(days=BACK_DAYS)
    last = span.end - dt.timedelta(days=1)
    return [
        Request(
            NAME,
            f"{place}-p1",
            f"{BASE}?{'type=eu' if place == 'EU' else f'country={place}'}"
            f"&from={first}&to={last}&page=1&size={PAGE}",
            key_header="x-key",
        )
        for place in PLACES
    ]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return the question for the next page, if there is one.

    Examples
    --------
    >>> asked = request("2026Q3")[0]
    >>> page = b'{"last_page": 2, "total": 2, "data": []}'
    >>> [other.tag for other in more(reading.answer_of(asked, page))]
    ['EU-p2']
    """
    last = _last_page(answer, _envelope(answer))
    page = int(_query(answer, "page"))
    if page >= last:
        return []
    asked = answer.request
    url = re.sub(r"([?&]page=)\d+", rf"\g<1>{page + 1}", asked.url)
    tag = f"{asked.tag.rsplit('-p', 1)[0]}-p{page + 1}"
    return [dataclasses.replace(asked, tag=tag, url=url)]


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read one page.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``storage_stock`` (TWh) and ``storage_fill`` (%), entity = place, period = gas day.
        Empty where ``data`` is, or where every row says "none".

    Raises
    ------
    SourceError
        If access was refused, none of the days asked for came back, or a number cannot be read.

    Examples
    --------
    >>> page = b'{"last_page": 0, "total": 0, "data": []}'
    >>> len(parse(reading.answer_of(request("2026Q3")[0], page)))
    0
    """
    data = _envelope(answer)
    _last_page(answer, data)
    last = _query(answer, "to")
    inside = [record for record in data["data"] if _day(answer, record) <= last]
    if data["data"] and not inside:
        reading.refuse(answer, f"No gas day up to {last} came back; the bound has another name?")
    rows = [row for record in inside for row in _rows(answer, record)]
    return reading.frame(answer, rows) if rows else reading.empty()


def _envelope(answer: Answer) -> dict[str, Any]:
    data: dict[str, Any] = reading.read_json(answer)
    if isinstance(data, dict) and (data.get("error") or "ERROR" in str(data.get("dataset"))):
        said = data.get("message") or data.get("error")
        reading.refuse(answer, f"Access refused with status 200: {said!r}. Check {KEY}.")
    if not isinstance(reading.field(answer, data, "data", "The answer"), list):
        reading.refuse(answer, "'data' is no list of days.")
    return data


def _last_page(answer: Answer, data: dict[str, Any]) -> int:
    last = reading.as_number(
        answer, reading.field(answer, data, "last_page", "The answer"), "last_page"
    )
    if last is None or not 0 <= last <= 100:
        reading.refuse(answer, f"last_page is {last}; expected a count of pages.")
    return int(last)


def _query(answer: Answer, name: str) -> str:
    found = re.search(rf"[?&]{name}=([^&]*)", answer.request.url)
    if not found:
        reading.refuse(answer, f"The address has no {name!r}.")
    return found[1]


def _rows(answer: Answer, record: Any) -> Iterator[dict[str, Any]]:
    when, first = _day(answer, record), _query(answer, "from")
    if when < first:
        reading.refuse(answer, f"Gas day {when} came back; asked was {first} and later.")
    status = record.get("status")
    new = "" if status in STATUS else f"warning: status {status!r} is unknown; expected C, E or N"
    place = _place(answer)
    values = {name: _cell(answer, record, name, when) for name in ("gasInStorage", "full")}
    _check_comma(answer, record, values, when)
    for series, (name, unit, basis) in SERIES.items():
        value = values[name]
        if value is not None:
            yield {"series": series, "entity": reading.entity(place), "period": when, "freq": "D",
                   "value": value, "unit": unit, "basis": basis, "status": STATUS.get(str(status), "estimate"),
                   "note": new, "published": _published(answer, record),
                   "ref": f"{place}.{when}.{name}"}  # fmt: skip


def _day(answer: Answer, record: Any) -> str:
    return reading.day(answer, reading.field(answer, record, "gasDayStart", "A day"), "gasDayStart")


def _place(answer: Answer) -> str:
    return "EU" if "type=eu" in answer.request.url else _query(answer, "country")


def _cell(answer: Answer, record: Any, name: str, when: str) -> float | reading.Faulty | None:
    text = reading.field(answer, record, name, f"Gas day {when}")
    if isinstance(text, str) and _COMMA.fullmatch(text):
        text = text.replace(",", ".")
    return reading.cell(answer, text, f"{name} on {when}", GAPS)


def _check_comma(answer: Answer, record: Any, values: dict[str, Any], when: str) -> None:
    """Hold a decimal comma against the fullness: read as thousands it would be out by 1000."""
    if not isinstance(record["gasInStorage"], str) or "," not in record["gasInStorage"]:
        return
    capacity, stock, full = _cell(answer, record, "workingGasVolume", when), *values.values()
    whole = all(isinstance(number, float) for number in (capacity, stock, full))
    if not whole or not capacity or abs(100 * stock / capacity - full) > 1:
        reading.refuse(
            answer,
            f"gasInStorage on {when} is {record['gasInStorage']!r}, which as a decimal comma does "
            f"not fit {full} % of {capacity} TWh.",
        )


def _published(answer: Answer, record: Any) -> str:
    stamp = record.get("updatedAt")
    return reading.day(answer, stamp, "updatedAt") if stamp not in (None, *GAPS) else ""
