"""European Central Bank: reference exchange rate of the euro to the US dollar.

What
    US dollars per euro, each TARGET day and as monthly average, since 1999.
Format
    CSV of the statistical data service, read by column name: ``TIME_PERIOD``, ``OBS_VALUE``.
Licence
    Free reuse with attribution to the ECB.
Lag
    The same day at 16:00 CET.
Quirks
    Other columns come and go. A range without a rate is answered with 200 and an empty body; 404 is
    an outage (May 2025), never "no data". The rouble ends on 1 March 2022 (blank rows or
    none after it), so roubles are taken from the Bank of Russia.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "ecb"
TITLE = "European Central Bank: euro foreign exchange reference rates"
PUBLISHER = "European Central Bank"
KIND = "agency"
URL = "https://data.ecb.europa.eu/"
LICENCE = "Free reuse with attribution"
LAG = 1
KEY = ""

BASE = "https://data-api.ecb.europa.eu/service/data/EXR/"
FREQUENCIES = ["M", "D"]
CLOSED = {(1, 1), (5, 1), (12, 25), (12, 26)}
"""Month and day of the fixed closing days of TARGET."""
FIELDS = ["FREQ", "CURRENCY", "CURRENCY_DENOM", "EXR_TYPE", "TIME_PERIOD", "OBS_VALUE"]


def request(period: Any) -> list[Request]:
    """Ask for the daily rates and the monthly averages of the quarter.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['USD-M', 'USD-D']
    """
    span = periods.parse(period)
    last = span.end - dt.timedelta(days=1)
    bounds = {"M": (f"{span.start:%Y-%m}", f"{last:%Y-%m}"),
              "D": (span.start.isoformat(), last.isoformat())}  # fmt: skip
    return [
        Request(
            NAME,
            f"USD-{freq}",
            f"{BASE}{freq}.USD.EUR.SP00.A?startPeriod={bounds[freq][0]}&endPeriod={bounds[freq][1]}"
            "&format=csvdata&detail=dataonly",
        )
        for freq in FREQUENCIES
    ]


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    r"""Read one CSV answer.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``fx``, entity ``USD/EUR``, in USD per 1 EUR; a month is the average of its days.
        Empty where the body is (no rate in the range: HTTP 200 with length 0), and where all values
        are blank (a suspended currency).

    Raises
    ------
    SourceError
        If a column is missing, or a row is no reference rate against the euro.

    Examples
    --------
    >>> body = (b"FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,TIME_PERIOD,OBS_VALUE\n"
    ...         b"D,USD,EUR,SP00,2026-07-01,1.1601\n"
    ...         b"D,USD,EUR,SP00,2026-07-02,\n")
    >>> rows = parse(reading.answer_of(request("2026Q3")[1], body))
    >>> rows[["entity", "period", "value", "unit"]].values.tolist()  # a blank is no rate
    [['USD/EUR', '2026-07-01', 1.1601, 'USD per 1 EUR']]
    """
    if answer.status == 200 and not answer.body and _is_csv(answer):
        return reading.aside(reading.empty(), [f"{answer.request.tag}: no rate in the range."])
    rows = []
    for place, row in enumerate(reading.read_csv(answer, FIELDS), start=2):
        if (row["CURRENCY_DENOM"], row["EXR_TYPE"]) != ("EUR", "SP00"):
            found = f"{row['EXR_TYPE']} against {row['CURRENCY_DENOM']}"
            reading.refuse(answer, f"Row {place} is {found}; expected SP00 against EUR.")
        where = f"OBS_VALUE in row {place}"
        value = reading.cell(answer, row["OBS_VALUE"], where, ("", "NaN"), least=1e-9)
        if value is None:
            continue
        rows.append(
            {
                "series": "fx", "entity": f"{row['CURRENCY']}/EUR", "period": row["TIME_PERIOD"],
                "freq": row["FREQ"], "value": value, "unit": f"{row['CURRENCY']} per 1 EUR",
                "basis": "", "status": "actual",
                "ref": f"EXR.{row['FREQ']}.{row['CURRENCY']}.{row['TIME_PERIOD']}",
                "note": "average of the days" if row["FREQ"] == "M" else "",
            }
        )  # fmt: skip
    return reading.frame(answer, rows) if rows else reading.empty()


def is_open(day: dt.date) -> bool:
    """Tell whether a reference rate is given for a day: a working day of TARGET.

    Notes
    -----
    Closed are weekends, 1 January, Good Friday, Easter Monday, 1 May, 25 and 26 December.
    Source: ECB, long-term calendar for TARGET closing days (14 December 2000).

    Examples
    --------
    >>> [is_open(dt.date(2026, 4, day)) for day in (2, 3, 6, 7)]  # Easter was on 5 April
    [True, False, False, True]
    """
    from pandas.tseries.holiday import EasterMonday, GoodFriday

    if day.weekday() >= 5 or (day.month, day.day) in CLOSED:
        return False
    year = f"{day.year}-01-01", f"{day.year}-12-31"
    moving = [rule.dates(*year)[0].date() for rule in (GoodFriday, EasterMonday)]
    return day not in moving


def _is_csv(answer: Answer) -> bool:
    declared = {name.lower(): value for name, value in answer.headers.items()}
    return "csv" in declared.get("content-type", "").lower()
