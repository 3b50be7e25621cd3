"""Bank of Russia: official rates of the rouble to the dollar, the euro and the yuan.

What
    Roubles per unit of foreign currency for each day with a rate.
Format
    XML in windows-1251 with decimal commas: ``Record(Date, Id): Nominal, Value, VunitRate`` for a
    range, ``Valute`` records for one day.
Licence
    Free use with a reference to the Bank of Russia.
Lag
    A day: the rate set on a day counts for the next one, and is dated by the day it counts for.
Quirks
    A value is for ``Nominal`` units, which changes within one answer. Days without a rate are
    absent, the daily file says in ``Date`` which day it really served, the order of records is not
    promised. A wrong code gives an empty answer as a holiday does: an empty answer for more than a
    fortnight is taken as a fault. Since June 2024 dollar and euro come from over-the-counter
    quotes. Access from abroad is sometimes refused: optional.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pandas as pd

from energy import __version__
from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "cbr"
TITLE = "Bank of Russia: official exchange rates of foreign currencies"
PUBLISHER = "Bank of Russia"
KIND = "agency"
URL = "https://www.cbr.ru/eng/currency_base/"
LICENCE = "Free use with a reference to the Bank of Russia"
LAG = 1
KEY = ""

BASE = "https://www.cbr.ru/scripts/XML_dynamic.asp"
CODES = {"USD": "R01235", "EUR": "R01239", "CNY": "R01375"}
CURRENCIES = {code: currency for currency, code in CODES.items()}
AGENT = f"Mozilla/5.0 (compatible; energy-trade-tracker/{__version__}; contact by the project page)"
"""A browser-like name was needed to be answered at all; ours stands in it."""

OVER_THE_COUNTER = "2024-06"
HOLIDAYS = 14
"""Most days that may pass without a rate."""


def request(period: Any) -> list[Request]:
    """Ask for the quarter's rates, one question a currency.

    Examples
    --------
    >>> [(asked.tag, asked.url.split("?")[1]) for asked in request("2026Q3")][0]
    ('USD', 'date_req1=01/07/2026&date_req2=30/09/2026&VAL_NM_RQ=R01235')
    """
    span = periods.parse(period)
    last = span.end - dt.timedelta(days=1)
    dates = f"date_req1={span.start:%d/%m/%Y}&date_req2={last:%d/%m/%Y}"
    return [
        Request(NAME, currency, f"{BASE}?{dates}&VAL_NM_RQ={code}", {"User-Agent": AGENT})
        for currency, code in CODES.items()
    ]


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read a range of one currency, or all currencies of one day.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``fx``, entity ``RUB/USD`` and so on, in roubles per 1 unit, by day; of a daily file
        only the three currencies asked for. Empty for a range of up to a fortnight without a rate.

    Raises
    ------
    SourceError
        If it is no ``ValCurs``, lacks a nominal, or a value and its unit rate do not agree.

    Examples
    --------
    >>> body = b'''<ValCurs ID="R01235" DateRange1="01.07.2026" DateRange2="02.07.2026">
    ... <Record Date="01.07.2026" Id="R01235"><Nominal>1</Nominal><Value>78,40</Value></Record>
    ... </ValCurs>'''
    >>> rows = parse(reading.answer_of(request("2026Q3")[0], body))
    >>> rows[["entity", "period", "value"]].values.tolist()
    [['RUB/USD', '2026-07-01', 78.4]]
    """
    root = reading.read_xml(answer)
    if root.tag != "ValCurs":
        reading.refuse(answer, f"Root element {root.tag!r}; expected 'ValCurs'.")
    rows = list(_daily(answer, root) if root.get("Date") else _range(answer, root))
    return reading.frame(answer, rows) if rows else reading.empty()


def _range(answer: Answer, root: Any) -> Iterator[dict[str, Any]]:
    first = _date(answer, root.get("DateRange1"))
    last = _date(answer, root.get("DateRange2"))
    records = root.findall("Record")
    if not records and (last - first).days > HOLIDAYS:
        code = root.get("ID")
        reading.refuse(answer, f"No rate from {first} to {last}: is the code {code!r} still right?")
    for record in records:
        date = _date(answer, record.get("Date"))
        if not first <= date <= last:
            reading.refuse(answer, f"A rate of {date} outside the range {first} to {last}.")
        yield _row(answer, record, record.get("Id", ""), date)


def _daily(answer: Answer, root: Any) -> Iterator[dict[str, Any]]:
    date = _date(answer, root.get("Date"))  # the day really served, not the one asked for
    found = [record for record in root.findall("Valute") if record.get("ID") in CURRENCIES]
    if not found:
        reading.refuse(answer, f"None of {', '.join(CODES)} among the rates of {date}.")
    for record in found:
        yield _row(answer, record, record.get("ID", ""), date)


def _row(answer: Answer, record: Any, code: str, date: dt.date) -> dict[str, Any]:
    if code not in CURRENCIES:
        reading.refuse(answer, f"Currency code {code!r} of {date}; asked was {', '.join(CODES)}.")
    currency, where = CURRENCIES[code], f"{CURRENCIES[code]} of {date}"
    nominal = _decimal(answer, record, "Nominal", where)
    value = _decimal(answer, record, "Value", where)
    if nominal is None or value is None or nominal <= 0 or value <= 0:
        reading.refuse(answer, f"{where}: value {value} for {nominal} units; expected both.")
    rate = round(value / nominal, 10)
    stated = _decimal(answer, record, "VunitRate", where)
    if stated is not None and abs(stated / rate - 1) > 1e-4:
        reading.refuse(
            answer, f"{where}: {value:g} / {nominal:g} is {rate:g}, VunitRate says {stated:g}."
        )
    over = currency != "CNY" and f"{date:%Y-%m}" >= OVER_THE_COUNTER
    return {"series": "fx", "entity": f"RUB/{currency}", "period": date.isoformat(), "freq": "D",
            "value": rate, "unit": f"RUB per 1 {currency}", "basis": "", "status": "actual",
            "ref": f"{code}.{date}", "note": "over-the-counter quotes" if over else ""}  # fmt: skip


def _decimal(answer: Answer, record: Any, name: str, where: str) -> float | None:
    """Read a decimal comma; a point would be another format and is refused."""
    text = record.findtext(name)
    if text is None:
        return None
    if "." in text:
        reading.refuse(answer, f"{name} for {where} is {text!r}; expected a decimal comma.")
    return reading.as_number(answer, text.strip().replace(",", "."), f"{name} for {where}")


def _date(answer: Answer, text: str | None) -> dt.date:
    try:
        return dt.datetime.strptime(text or "", "%d.%m.%Y").date()
    except ValueError:
        reading.refuse(answer, f"Date {text!r}; expected dd.mm.yyyy.")
