"""UN Comtrade: Russia's gas exports as China, Uzbekistan, Kazakhstan and Turkey report them.

What
    Monthly imports from Russia of HS 271121 (gas, by pipeline) and 271111 (LNG): value, and weight
    where it is given. Russia itself has reported nothing since early 2022.
Format
    JSON: ``elapsedTime, count, data, error``; 47 fields a record. US dollars cif, kilogrammes.
Licence
    Free use with citation of UN Comtrade; the database must not be passed on in bulk, derived
    figures may.
Lag
    2 to 8 months; China's months of 2026 were absent in June 2026.
Quirks
    Without ``partner2Code=0``, ``customsCode=C00`` and ``motCode=0`` the same trade comes several
    times over. China has given no weight of pipeline gas by country since 2022: a weight that
    stands there is Comtrade's estimate and is kept as modelled. ``count`` 0 is a normal answer.
    With a free key 12 periods a call; without one the preview: 500 records, no names, one period
    a call.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request
from energy.sources.reading import SourceError

NAME = "comtrade"
TITLE = "UN Comtrade: imports of natural gas from Russia, monthly"
PUBLISHER = "United Nations Statistics Division"
KIND = "statistics"
URL = "https://comtradeplus.un.org/"
LICENCE = "Free use with citation of UN Comtrade; no bulk redistribution, derived figures may"
LAG = 240
KEY = "COMTRADE_API_KEY"

BASE = "https://comtradeapi.un.org/"
REPORTERS = {156: "china", 860: "uzbekistan", 398: "kazakhstan", 792: "turkey"}
FUELS = {"271121": "pipeline", "271111": "lng"}
ONCE = {"partner2Code": "0", "customsCode": "C00", "motCode": "0"}
"""What each record has to say, lest one trade be counted several times over."""

MONTHS_KEYED, MONTHS_PREVIEW = 12, 9
CAP_KEYED, CAP_PREVIEW = 100_000, 500
_ESTIMATED_WEIGHT = {4, 6}  # legacyEstimationFlag: 4 weight, 6 quantity and weight


def request(period: Any, keyed: bool | None = None) -> list[Request]:
    """Ask for the months up to the quarter's end, by reporter.

    Parameters
    ----------
    period : Period or text
    keyed : bool, optional
        With a key one call of 12 months a reporter, without one a call for each of nine months.
        Default: whether the environment holds a key.

    Examples
    --------
    >>> len(request("2026Q3", keyed=True)), len(request("2026Q3", keyed=False))
    (4, 36)
    """
    keyed = bool(os.environ.get(KEY)) if keyed is None else keyed
    months = _months(period, MONTHS_KEYED if keyed else MONTHS_PREVIEW)
    if keyed:
        return [_question(code, months, keyed=True) for code in REPORTERS]
    return [_question(code, [month], keyed=False) for code in REPORTERS for month in months]


def instead(asked: Request, error: SourceError) -> list[Request]:
    """Return the keyless questions that stand in for one whose key was refused or used up.

    Examples
    --------
    >>> asked = request("2026Q3", keyed=True)[0]
    >>> refused = SourceError("comtrade", asked.url, "The key is refused.", 401)
    >>> instead(asked, refused)[0].tag
    '156-202601-preview'
    >>> instead(asked, SourceError("comtrade", asked.url, "It is down.", 503))
    []
    """
    if error.status not in (401, 403) or "/preview/" in asked.url:
        return []
    code, months = _query_of(asked.url)
    return [_question(code, [month], keyed=False) for month in months[-MONTHS_PREVIEW:]]


def _months(period: Any, count: int) -> list[str]:
    end = periods.month_number(periods.span(period, period, "M")[-1].start) + 1
    return [periods.month_label(number).replace("-", "") for number in range(end - count, end)]


def _question(code: int, months: list[str], *, keyed: bool) -> Request:
    path = "data/v1/get/C/M/HS" if keyed else "public/v1/preview/C/M/HS"
    query = {"reporterCode": str(code), "partnerCode": "643", "period": ",".join(months),
             "cmdCode": ",".join(FUELS), "flowCode": "M", **ONCE}  # fmt: skip
    address = f"{BASE}{path}?{'&'.join(f'{name}={value}' for name, value in query.items())}"
    tag = f"{code}-{months[0]}-{months[-1]}" if keyed else f"{code}-{months[0]}-preview"
    return Request(NAME, tag, address, key_header="Ocp-Apim-Subscription-Key" if keyed else "")


def _query_of(url: str) -> tuple[int, list[str]]:
    query = dict(pair.split("=", 1) for pair in url.split("?", 1)[1].split("&"))
    return int(query["reporterCode"]), query["period"].split(",")


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read one answer.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``trade_value_pipeline``, ``trade_value_lng`` (USD, cif) and ``trade_weight_…`` (kg),
        entity = reporter. Empty where ``count`` is 0.

    Raises
    ------
    SourceError
        On an error text, a record that was not asked for, a lost field, or an answer that is cut
        at the limit of records.

    Examples
    --------
    >>> answer = reading.answer_of(request("2026Q3", keyed=False)[0], b'{"count": 0, "data": []}')
    >>> len(parse(answer))
    0
    """
    data = reading.read_json(answer)
    _refuse_body(answer, data)
    records = reading.field(answer, data, "data", "The answer")
    if not isinstance(records, list) or data.get("count") != len(records):
        reading.refuse(answer, f"count is {data.get('count')!r} and does not fit the records.")
    cap = CAP_PREVIEW if "/preview/" in answer.request.url else CAP_KEYED
    if len(records) >= cap:
        reading.refuse(answer, f"{len(records)} records: cut at the limit; ask fewer periods.")
    if not records:
        return reading.empty()
    return reading.frame(answer, [row for record in records for row in _rows(answer, record)])


def _refuse_body(answer: Answer, data: Any) -> None:
    """Refuse the service's own words: an error text, or the body of a 401 or 403."""
    if not isinstance(data, Mapping):
        reading.refuse(answer, f"Got {type(data).__name__}; expected an object with 'data'.")
    if "data" not in data and (said := data.get("message") or data.get("error")):
        reading.refuse(answer, f"The service says: {said!r}.")
    if data.get("error"):
        reading.refuse(answer, f"Instead of data came the error {data['error']!r}.")


def _rows(answer: Answer, record: Any) -> Iterator[dict[str, Any]]:
    get = {name: reading.field(answer, record, name, "A record") for name in
           ("freqCode", "period", "reporterCode", "partnerCode", "flowCode", "cmdCode",
            "primaryValue", "netWgt", "isNetWgtEstimated", *ONCE)}  # fmt: skip
    wanted = {"freqCode": "M", "partnerCode": "643", "flowCode": "M", **ONCE}
    for name, asked in wanted.items():
        if str(get[name]) != asked:
            reading.refuse(answer, f"{name} is {get[name]!r}; asked was {asked!r}.")
    period, code = str(get["period"]), str(get["cmdCode"])
    if get["reporterCode"] not in REPORTERS or code not in FUELS or len(period) != 6:
        what = f"reporter {get['reporterCode']!r}, HS {code!r}, period {period!r}"
        reading.refuse(answer, f"A record that was not asked for: {what}.")
    ref = f"{get['reporterCode']}.643.{code}.{period}"
    base = {"entity": REPORTERS[get["reporterCode"]], "freq": "M",
            "period": f"{period[:4]}-{period[4:]}", "ref": ref}  # fmt: skip
    fuel = FUELS[code]
    value = reading.cell(answer, get["primaryValue"], f"primaryValue of {ref}")
    if value is not None:
        status = "actual" if record.get("isReported", True) else "estimate"
        yield {**base, "series": f"trade_value_{fuel}", "value": value, "unit": "USD", "basis": "",
               "status": status, "note": "imports cif"}  # fmt: skip
    weight = reading.cell(answer, get["netWgt"], f"netWgt of {ref}")
    if weight is not None:
        yield {**base, "series": f"trade_weight_{fuel}", "value": weight, "unit": "kg",
               "basis": "mass", **_weight_status(get, record)}  # fmt: skip


def _weight_status(get: Mapping[str, Any], record: Mapping[str, Any]) -> dict[str, str]:
    if get["isNetWgtEstimated"] or record.get("legacyEstimationFlag") in _ESTIMATED_WEIGHT:
        return {"status": "modelled", "note": "weight estimated by Comtrade"}
    return {"status": "actual", "note": ""}
