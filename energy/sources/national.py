"""Words by which the tables of national statistics are found: gas imports, Russia, units, months.

None of the three services that use this prints a list of its tables by number that could be relied
on. So a table is found by its words in the service's own catalogue, and one whose unit is none of
`VOLUMES` is refused: a guess of the unit would be a wrong figure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from energy.sources import reading
from energy.sources.contract import Answer

RUSSIA = re.compile(r"росси|rossiya|russia|oroszorsz", re.IGNORECASE)
TOTAL = re.compile(
    r"^(?:всего|итого|жами|jami|total|összesen|республика|ўзбекистон рес|republic|o.zbekiston resp)",
    re.IGNORECASE,
)
IMPORTS = re.compile(r"импорт|import|behozatal", re.IGNORECASE)
GAS = re.compile(r"природн\w* газ|газ\w* природн|tabiiy gaz|natural gas|földgáz", re.IGNORECASE)
LIQUID = re.compile(r"сжижен|suyultirilgan|liquefied|\blng\b|cseppfolyós", re.IGNORECASE)

VOLUMES: Sequence[tuple[re.Pattern[str], float]] = (
    (re.compile(r"мл[нp]д.{0,3}куб|mlrd.{0,3}(?:kub|m3)|billion (?:m3|cubic)", re.I), 1e3),
    (re.compile(r"млн.{0,3}куб|mln.{0,3}(?:kub|m3)|million (?:m3|cubic)|millió m3", re.I), 1.0),
    (re.compile(r"тыс.{0,3}куб|ming.{0,3}(?:kub|m3)|thousand (?:m3|cubic)|ezer m3", re.I), 1e-3),
)
"""Units of volume in four languages, and the factor to a million cubic metres."""

SERIES = {True: "import_statistics_ru", False: "import_statistics_total"}
"""Whether a line is Russia's alone, to its series."""

GAPS = (*reading.GAP_MARKS, "x", "X", "х", "Х")
"""Marks of a cell without a value; x (in both alphabets) is a withheld one."""

_MONTHS: Sequence[Sequence[str]] = (
    ("янв", "фев", "мар", "апр", "ма", "июн", "июл", "авг", "сен", "окт", "ноя", "дек"),
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"),
    ("jan", "feb", "már", "ápr", "máj", "jún", "júl", "aug", "szep", "okt", "nov", "dec"),
)


def is_gas_import(text: str) -> bool:
    """Tell whether a title names imports of natural gas, not of liquefied gas alone.

    Examples
    --------
    >>> is_gas_import("Импорт природного газа"), is_gas_import("Imports of liquefied natural gas")
    (True, False)
    """
    return all(pattern.search(text) for pattern in (IMPORTS, GAS)) and not LIQUID.search(text)


def scale(text: str) -> float | None:
    """Return the factor from a unit to million m3, None where the text names no volume.

    Examples
    --------
    >>> scale("млн.куб.м"), scale("Thousand m3"), scale("thousand US dollars")
    (1.0, 0.001, None)
    """
    text = text.replace("³", "3")
    return next((factor for pattern, factor in VOLUMES if pattern.search(text)), None)


def is_russia(names: Sequence[str]) -> bool | None:
    """Tell whose gas a line is: Russia's (True), all (False), another country's or a region's (None).

    Examples
    --------
    >>> is_russia(["Республика Казахстан", "РОССИЯ"]), is_russia(["Всего"]), is_russia(["Turkmenistan"])
    (True, False, None)
    """
    others = [name for name in names if not RUSSIA.search(name)]
    if not all(TOTAL.search(name.strip()) for name in others):
        return None
    return len(others) < len(names)


def month(text: str) -> int:
    """Return the number of a month name in Russian, English or Hungarian, 0 for anything else.

    Examples
    --------
    >>> month("Май 2024"), month("március"), month("October"), month("I квартал")
    (5, 3, 10, 0)
    """
    word = text.strip().lower()
    for names in _MONTHS:
        for number, start in enumerate(names, start=1):
            if word.startswith(start):
                return number
    return 0


def row(
    answer: Answer, country: str, russia: bool, period: str, cell: Any, where: str, **more: Any
) -> Iterator[dict[str, Any]]:
    """Yield the observation of one month's cell; none for a gap.

    ``more`` holds ``factor`` (to million m3), ``basis`` and what else `reading.frame` takes.
    """
    factor = more.pop("factor")
    value = reading.cell(answer, cell, where, GAPS, 0.0)
    if value is not None:
        yield {"series": SERIES[russia], "entity": country, "period": period, "freq": "M",
               "value": value if isinstance(value, reading.Faulty) else value * factor, "unit": "mcm",
               "status": "provisional", "ref": where, **more}  # fmt: skip


def nodes(data: Any) -> Iterator[tuple[str, str]]:
    """Yield id and all names of each node of a catalogue, however deep.

    Examples
    --------
    >>> list(nodes([{"id": 7, "name_en": "Trade", "children": [{"id": 9, "name_ru": "Импорт"}]}]))
    [('7', 'Trade'), ('9', 'Импорт')]
    """
    if isinstance(data, Mapping):
        names = [
            v for k, v in data.items() if isinstance(v, str) and re.match("name|text|title", k)
        ]
        if re.fullmatch(r"\d+", str(data.get("id", ""))) and names:
            yield str(data["id"]), " | ".join(names)
    for part in data.values() if isinstance(data, Mapping) else data:
        if isinstance(part, Mapping | list):
            yield from nodes(part)
