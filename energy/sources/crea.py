"""CREA Russia fossil tracker: a model of Russian gas by pipeline and market, as second opinion.

What
    Natural gas from Russia overland, by country of destination and day: m3 and euros.
Format
    JSON ``{"data": […]}`` or CSV of the same fields.
Licence
    Credit to CREA; code MIT.
Lag
    Daily; the last week or so is a forecast of the model and is left out.
Quirks
    Built from ENTSOG, Eurostat, Comtrade and price models; China is modelled altogether. History
    is rewritten without notice. So every row is kept as modelled and none is a fact. 11.259 kWh
    and 0.717 kg a m3 (China 0.7168). Its answers were never seen: verify before relying on it.
    In maintenance it answers 503.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "crea"
TITLE = "CREA Russia fossil tracker: overland natural gas (model)"
PUBLISHER = "Centre for Research on Energy and Clean Air"
KIND = "research"
URL = "https://www.russiafossiltracker.com/"
LICENCE = "Free use with credit to CREA"
LAG = 9
KEY = ""

BASE = "https://api.russiafossiltracker.com/v0/overland"
BACK_DAYS = 365
FORECAST_DAYS = 8
FIELDS = ["commodity", "destination_iso2", "date", "value_m3", "value_eur"]
SERIES = {
    "flow_model": ("value_m3", "m3", "unstated"),
    "flow_model_value": ("value_eur", "EUR", ""),
}


def request(period: Any) -> list[Request]:
    """Ask for the year that ends with the quarter, in one question.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['overland']
    """
    span = periods.parse(period)
    last = span.end - dt.timedelta(days=1)
    first = min(span.start, span.end - dt.timedelta(days=BACK_DAYS))
    return [_question(first, last)]


def little(day: dt.date) -> Request:
    """Ask for the week before a day: a probe, not an update.

    Examples
    --------
    >>> little(dt.date(2026, 11, 28)).url.partition("date_from=")[2]
    '2026-11-21&date_to=2026-11-27&aggregate_by=destination_country,date&format=json'
    """
    return _question(day - dt.timedelta(days=7), day - dt.timedelta(days=1))


def _question(first: dt.date, last: dt.date) -> Request:
    query = ("commodity=natural_gas&commodity_origin_iso2=RU"
             f"&date_from={first}&date_to={last}&aggregate_by=destination_country,date&format=json")  # fmt: skip
    return Request(NAME, "overland", f"{BASE}?{query}")


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    r"""Read one answer, JSON or CSV.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``flow_model`` (m3 a day) and ``flow_model_value`` (EUR a day), entity = country of
        destination, all of status ``modelled``. Days of the forecast tail are left out. Empty where
        nothing but the tail came.

    Raises
    ------
    SourceError
        If fields are lost, another commodity came, or there are no rows.

    Examples
    --------
    >>> body = (b"commodity,commodity_group,destination_iso2,destination_country,date,value_tonne,"
    ...         b"value_eur,value_m3\n"
    ...         b"natural_gas,gas,HU,Hungary,2026-07-01,14000,7000000,20000000\n")
    >>> when = dt.datetime(2026, 11, 28, tzinfo=dt.UTC)
    >>> told = {"content-length": str(len(body))}
    >>> rows = parse(reading.answer_of(request("2026Q3")[0], body, headers=told, retrieved=when))
    >>> rows[["series", "entity", "value", "unit"]].values.tolist()
    [['flow_model', 'hungary', 20000000.0, 'm3'], ['flow_model_value', 'hungary', 7000000.0, 'EUR']]
    """
    records = _records(answer)
    if not records:
        reading.refuse(answer, "No rows; that is no answer, not a zero.")
    settled = (answer.retrieved.date() - dt.timedelta(days=FORECAST_DAYS)).isoformat()
    rows = [row for record in records for row in _rows(answer, record) if row["period"] <= settled]
    return reading.frame(answer, rows) if rows else reading.empty()


def _records(answer: Answer) -> list[Any]:
    if answer.body.lstrip()[:1] not in (b"{", b"["):
        if not reading.is_framed(answer):  # the countries behind a cut would be missed by nobody
            reading.refuse(
                answer, "A table whose end nothing proves: no length, chunks or packing."
            )
        return list(reading.read_csv(answer, FIELDS))
    records = reading.field(answer, reading.read_json(answer), "data", "The answer")
    if not isinstance(records, list):
        reading.refuse(answer, "'data' is no list of rows.")
    return records


def _rows(answer: Answer, record: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    get = {name: reading.field(answer, record, name, "A row") for name in FIELDS}
    if get["commodity"] != "natural_gas":
        reading.refuse(answer, f"Commodity {get['commodity']!r}; expected 'natural_gas'.")
    code, when = get["destination_iso2"], reading.day(answer, get["date"], "date")
    if not isinstance(code, str) or len(code) != 2:
        reading.refuse(answer, f"destination_iso2 on {when} is {code!r}; expected two letters.")
    for series, (name, unit, basis) in SERIES.items():
        value = reading.cell(answer, get[name], f"{name} of {code} on {when}", ("",))
        if value is not None:
            yield {"series": series, "entity": reading.entity(code), "period": when, "freq": "D",
                   "value": value, "unit": unit, "basis": basis, "status": "modelled",
                   "ref": f"{code}.{when}.{name}"}  # fmt: skip
