"""SIAT, Uzbekistan's statistics: imports of natural gas by country, monthly.

What
    Imports of natural gas, all and from Russia, million m3 a month.
Format
    A catalogue (JSON tree of numbered indicators) leads to a descriptor, which names the JSON file
    of an indicator: a list of one object with ``metadata`` (pairs in four languages) and ``data``
    (a line a country: ``Code``, ``Klassifikator``..., a key a month such as ``2026-M07``).
Licence
    CC BY 4.0, by the page of an indicator.
Lag
    About two months after the month.
Quirks
    Never asked live. The form is that of public programs which read other indicators of the
    service; no file of gas imports was seen, so the indicator is looked for by its words, and where
    the catalogue has none the source is skipped and says so. The M of a month is now and then the
    Cyrillic letter. Some tables count from January on: they are told by their words and turned into
    months, and one that looks so without saying it is refused. Cubic metres are those of 20 °C.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.sources import national, reading
from energy.sources.contract import Answer, Request

NAME = "siat"
TITLE = "SIAT: imports of natural gas by country, monthly"
PUBLISHER = "National Statistics Committee of Uzbekistan"
KIND = "statistics"
URL = "https://siat.stat.uz/"
LICENCE = "CC BY 4.0"
LAG = 60
KEY = ""

BASE = "https://api.siat.stat.uz/sdmx/"
COUNTRY = "uzbekistan"
_MONTH = re.compile(r"(\d{4})-[MМ]?(\d{1,2})")
_SINCE_JANUARY = re.compile(
    r"cumul|since the beginning|нарастающ|с начала года|o.sib boruvchi", re.I
)


def request(period: Any) -> list[Request]:
    """Ask for the catalogue; `more` then asks for the indicator of gas imports.

    Examples
    --------
    >>> [asked.url for asked in request("2026Q3")]
    ['https://api.siat.stat.uz/sdmx/json/?quarter=2026Q3']
    """
    quarter = periods.label(periods.parse(period))
    return [Request(NAME, f"catalogue-{quarter}", f"{BASE}json/?quarter={quarter}")]


@reading.shaped
def more(answer: Answer) -> list[Request]:
    """Return what leads on: from the catalogue to a descriptor, from that to its file.

    Raises
    ------
    NotOffered
        If no indicator of the catalogue names imports of natural gas.

    Examples
    --------
    >>> body = '[{"id": 41, "name_en": "Imports of natural gas by country"}]'.encode()
    >>> [asked.tag for asked in more(reading.answer_of(request("2026Q3")[0], body))]
    ['descriptor-41']
    """
    kind, _, number = answer.request.tag.partition("-")
    if kind == "catalogue":
        found = [
            i
            for i, names in national.nodes(reading.read_json(answer))
            if national.is_gas_import(names)
        ]
        if not found:
            reading.not_offered(answer, "no indicator that names imports of natural gas")
        return [Request(NAME, f"descriptor-{i}", f"{BASE}{i}/table/download/?download_format=json")
                for i in dict.fromkeys(found)]  # fmt: skip
    if kind == "descriptor":
        address = str(reading.field(answer, reading.read_json(answer), "file", "The descriptor"))
        if not address.startswith("https://api.siat.stat.uz/"):
            reading.refuse(
                answer, f"The descriptor names {address!r}, which is not on its own host."
            )
        return [Request(NAME, f"file-{number}", address)]
    return []


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read the file of an indicator.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``import_statistics_ru`` and ``import_statistics_total``, entity uzbekistan, million
        m3 at 20 °C. Empty for the catalogue and a descriptor.

    Raises
    ------
    SourceError
        If the metadata name no unit of volume, no line is Russia's or the total, or a table counts
        from January on and does not say so.

    Examples
    --------
    >>> len(parse(reading.answer_of(request("2026Q3")[0], b'[{"id": 1, "name_en": "Trade"}]')))
    0
    """
    data = reading.read_json(answer)
    if not answer.request.tag.startswith("file"):
        _check_way(answer, data)
        return reading.empty()
    table = data[0] if isinstance(data, list) and len(data) == 1 else data
    lines = reading.field(answer, table, "data", "The file")
    words = " ; ".join(str(v) for pair in reading.field(answer, table, "metadata", "The file")
                       for v in pair.values())  # fmt: skip
    factor = national.scale(words)
    if factor is None or not national.is_gas_import(words):
        reading.refuse(
            answer, f"No unit of volume, or no gas imports, in its metadata: {words[:150]!r}."
        )
    rows: list[dict[str, Any]] = []
    for line in lines:
        names = [str(v) for k, v in line.items() if k.startswith("Klassifikator")]
        russia = national.is_russia(names)
        if russia is not None:
            rows += _months(answer, line, russia, factor, bool(_SINCE_JANUARY.search(words)))
    if not rows:
        reading.refuse(answer, "No line is Russia's, or the total, with a month that has a value.")
    return reading.frame(answer, rows)


def _check_way(answer: Answer, data: Any) -> None:
    """Refuse a catalogue without a numbered entry, or a descriptor that names no file."""
    if answer.request.tag.startswith("descriptor"):
        reading.field(answer, data, "file", "The descriptor")
    elif not isinstance(data, list) or next(national.nodes(data), None) is None:
        reading.refuse(answer, "The catalogue holds no numbered indicator.")


def _months(
    answer: Answer, line: Mapping[str, Any], russia: bool, factor: float, running: bool
) -> Iterator[dict[str, Any]]:
    found = {}
    for key, cell in line.items():
        if match := _MONTH.fullmatch(key):
            found[f"{match[1]}-{int(match[2]):02}"] = cell
    if running:
        found = _months_of_sums(answer, found)
    elif _looks_running(found):
        reading.refuse(answer, "Each month of two years is above the one before, December at three times January: "
                       "it counts from January on and does not say so.")  # fmt: skip
    note = "month by difference of sums since January" if running else ""
    for period, cell in sorted(found.items()):
        where = f"{line.get('Code')}.{period}"
        yield from national.row(answer, COUNTRY, russia, period, cell, where, factor=factor,
                                basis="20C", note=note)  # fmt: skip


def _months_of_sums(answer: Answer, sums: Mapping[str, Any]) -> dict[str, Any]:
    """Return months out of sums since January; a month after a gap is left out."""
    found: dict[str, Any] = {}
    for period, cell in sums.items():
        value = reading.cell(answer, cell, f"The sum to {period}", national.GAPS, 0.0)
        year, number = period.split("-")
        before = sums.get(f"{year}-{int(number) - 1:02}") if number != "01" else 0.0
        earlier = reading.cell(answer, before, f"The sum before {period}", national.GAPS, 0.0)
        if isinstance(value, float) and isinstance(earlier, float):
            found[period] = round(value - earlier, 9)
    return found


def _looks_running(months: Mapping[str, Any]) -> bool:
    """Tell whether values climb all through two whole years, to three times January or more."""
    years: dict[str, list[float]] = {}
    for period in sorted(months):
        if isinstance(months[period], int | float):
            years.setdefault(period[:4], []).append(float(months[period]))
    whole = [values for values in years.values() if len(values) == 12]
    climb = [all(a < b for a, b in itertools.pairwise(v)) and v[-1] >= 3 * v[0] for v in whole]
    return len(climb) >= 2 and all(climb)
