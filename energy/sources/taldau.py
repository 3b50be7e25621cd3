"""Taldau, Kazakhstan's statistics: imports of natural gas by country, monthly.

What
    Imports of natural gas, all and from Russia, million m3 a month.
Format
    JSON. A search leads to an index, its attributes name the unit, its segments the classifiers;
    then ``Api/GetIndexData/<index>``: a list of lines with ``terms``, ``termNames`` and ``periods``
    (``name``, ``date`` as dd.mm.yyyy, the last day of the period, and ``value``).
Licence
    Free use with citation of the Bureau of National Statistics.
Lag
    About two months after the month.
Quirks
    Never asked live. The form is that of public programs which read other indices of the service;
    none of gas imports was seen, so the index is looked for by its words, and where the search
    finds none the source is skipped and says so. The data name no unit: it is asked for first and
    travels in the tag. ``x`` is a withheld value, no zero. Cubic metres are those of 20 °C.
"""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

import pandas as pd

from energy.measure import periods
from energy.sources import national, reading
from energy.sources.contract import Answer, Request

NAME = "taldau"
TITLE = "Taldau: imports of natural gas by country, monthly"
PUBLISHER = "Bureau of National Statistics of Kazakhstan"
KIND = "statistics"
URL = "https://taldau.stat.gov.kz/"
LICENCE = "Free use with citation of the Bureau of National Statistics of Kazakhstan"
LAG = 60
KEY = ""

BASE = "https://taldau.stat.gov.kz/ru/Api/"
WORDS = "импорт природного газа"
COUNTRY = "kazakhstan"
MONTHLY = 4
"""Code of the period "month"; 8 is the one from January on, which is not asked for."""


def request(period: Any) -> list[Request]:
    """Ask which index names imports of natural gas; `more` then asks for it.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['search-2026Q3']
    """
    quarter = periods.label(periods.parse(period))
    return [
        Request(NAME, f"search-{quarter}", f"{BASE}Search?keyword={quote(WORDS)}&quarter={quarter}")
    ]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return what leads on: search, attributes, segments, data.

    Raises
    ------
    NotOffered
        If no index names imports of natural gas.
    SourceError
        If its unit is no volume.

    Examples
    --------
    >>> body = '[{"id": 7, "text": "Импорт природного газа"}]'.encode()
    >>> [asked.tag for asked in more(reading.answer_of(request("2026Q3")[0], body))]
    ['attributes-7']
    """
    kind, *rest = answer.request.tag.split("-")
    if kind == "data":
        return []
    data = reading.read_json(answer)
    if kind == "search":
        found = [i for i, names in national.nodes(data) if national.is_gas_import(names)]
        if not found:
            reading.not_offered(answer, "no index that names imports of natural gas")
        return [Request(NAME, f"attributes-{i}", f"{BASE}GetIndexAttributes?indexId={i}")
                for i in dict.fromkeys(found)]  # fmt: skip
    if kind == "attributes":
        factor = _factor(answer, data)
        address = f"{BASE}GetSegmentList?indexId={rest[0]}&periodId={MONTHLY}"
        return [Request(NAME, f"segments-{rest[0]}-{factor:g}", address)]
    segments = sorted(data, key=lambda s: "стран" not in str(s.get("names", "")).lower())
    if not segments:
        reading.refuse(answer, "The index has no segment by month.")
    classifiers = str(reading.field(answer, segments[0], "dicId", "A segment")).replace("+", ",")
    address = f"{BASE}GetIndexData/{rest[0]}?period={MONTHLY}&dics={quote(classifiers, safe=',')}"
    return [Request(NAME, f"data-{'-'.join(rest)}", address)]


def _factor(answer: Answer, data: Any) -> float:
    unit = str(reading.field(answer, data, "measureName", "The attributes"))
    factor = national.scale(unit)
    if factor is None:
        reading.refuse(answer, f"The unit of the index is {unit!r}; expected cubic metres.")
    return factor


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read the lines of an index.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``import_statistics_ru`` and ``import_statistics_total``, entity kazakhstan, million
        m3 at 20 °C. Empty for search, attributes and segments.

    Raises
    ------
    SourceError
        If a date is none, no line is Russia's or the total, or a month stands there twice.

    Examples
    --------
    >>> asked = Request(NAME, "data-7-1", f"{BASE}GetIndexData/7?period=4&dics=67")
    >>> body = ('[{"terms": [1], "termNames": ["РОССИЯ"], "periods": [{"name": "июль 2026",'
    ...         ' "date": "31.07.2026", "value": "350.5"}, {"name": "август 2026",'
    ...         ' "date": "31.08.2026", "value": "x"}]}]').encode()
    >>> parse(reading.answer_of(asked, body))[["series", "period", "value", "unit"]].values.tolist()
    [['import_statistics_ru', '2026-07', 350.5, 'mcm']]
    """
    kind, *rest = answer.request.tag.split("-")
    data = reading.read_json(answer)
    if kind != "data":
        _check_way(answer, kind, data)
        return reading.empty()
    rows: list[dict[str, Any]] = []
    withheld: list[str] = []
    for line in data:
        names = [str(name) for name in reading.field(answer, line, "termNames", "A line")]
        russia = national.is_russia(names)
        if russia is None:
            continue
        for cell in reading.field(answer, line, "periods", "A line"):
            period = _month_of(answer, reading.field(answer, cell, "date", "A period"))
            value = reading.field(answer, cell, "value", "A period")
            where = f"{'.'.join(map(str, line.get('terms', [])))}.{period}"
            if str(value).lower() in ("x", "х"):
                withheld.append(where)
            rows += national.row(answer, COUNTRY, russia, period, value, where,
                                 factor=float(rest[1]), basis="20C")  # fmt: skip
    if not rows and not withheld:
        reading.refuse(answer, "No line is Russia's, or the total, with a month that has a value.")
    return reading.aside(reading.frame(answer, rows) if rows else reading.empty(), [], withheld)


def _check_way(answer: Answer, kind: str, data: Any) -> None:
    """Refuse an answer on the way that is not of its shape: a message, null, an empty object."""
    if kind == "attributes":
        _factor(answer, data)
    elif not isinstance(data, list) or any(not isinstance(part, dict) for part in data):
        reading.refuse(answer, f"Got {type(data).__name__} where a list of records was expected.")


def _month_of(answer: Answer, text: Any) -> str:
    try:
        day = dt.datetime.strptime(str(text), "%d.%m.%Y")
    except ValueError:
        reading.refuse(answer, f"The date of a period is {text!r}; expected dd.mm.yyyy.")
    return f"{day:%Y-%m}"
