"""What a year adds up to, part by part, beside every total of it that somebody printed.

Parts are the markets and their countries, the plants of LNG and the sum abroad. A printed figure
stands beside the part whose arcs it counts; one that counts several parts (Gazprom's far abroad)
makes a part of its own name.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from energy.balance.contests import explained
from energy.balance.cube import counted_elsewhere
from energy.balance.kept import Result, groups, result
from energy.balance.measurements import measure
from energy.balance.system import system
from energy.measure.observations import rows_of
from energy.measure.tables import Tables

COLUMNS = ["part", "year", "flow", "p10", "p90", "id", "series", "entity", "source", "printed",
           "error", "counted", "errors_apart", "ties", "known", "why"]  # fmt: skip
NEAR = 2.0  # standard errors within which a print ties
OWN = ("exports", "imports", "lng", "production", "deliveries", "consumption")  # series of totals
NOT_PARTS = ("group:lng", "group:russia", "market:russia")


class _Told(NamedTuple):
    """A measurement: its value and stated error, bcm at 20 °C."""

    id: str
    series: str
    entity: str
    period: str
    value: float
    error: float
    source: str


def totals(tables: Tables, first: int = 2014, last: int | None = None) -> pd.DataFrame:
    """Set every part of a year beside the totals printed of it.

    Parameters
    ----------
    tables : Tables
    first, last : int, optional
        Calendar years; default up to the newest whole one.

    Returns
    -------
    DataFrame
        ``part`` (``eu`` and ``europe-other`` are the Union and the rest of ``europe``), ``year``;
        ``flow, p10, p90`` by the balance (bcm at 20 °C; NaN for what is a printed sum only);
        then, a row a print: ``id, series, entity, source``, ``printed`` and its stated ``error``
        (bcm at 20 °C), ``counted`` (what the balance makes of just what it counts),
        ``errors_apart`` and whether it ``ties``: within two of its own errors;
        ``known`` names the row of `contested` that explains it. A part nobody printed has one row
        without a print; ``why`` says why a part has no flow of its own in a year.

    Examples
    --------
    >>> from energy import facts
    >>> table = totals(facts.load(), 2024, 2024).set_index("part")
    >>> bool(table.loc["china", "ties"].all()), bool(table.loc["georgia", "flow"] > 0.1)
    (True, True)
    """
    found = result(tables)
    newest = found.months[-1]
    last = last or newest.year - (newest.month < 12)
    flows = _parts(found, first, last)
    printed = _printed(tables, found, first, last)
    table = flows.merge(printed, on=["part", "year"], how="outer")
    order = {name: place for place, name in enumerate(dict.fromkeys(flows["part"]))}
    table["place"] = table["part"].map(order).fillna(len(order))
    table["why"] = ""
    for part, (opened, why) in counted_elsewhere(tables).items():
        unheld = (table["part"] == part) & (table["year"] < int(opened[:4]))
        table.loc[unheld, ["flow", "p10", "p90"]] = np.nan
        table.loc[unheld, "why"] = why
    table = table.sort_values(["place", "part", "year", "id"], kind="stable", ignore_index=True)
    return table[COLUMNS]


def _named(found: Result) -> dict[str, str]:
    """Return what each part is called here by its name in the balance."""
    markets = {name: name.split(":")[1] for name in found.names
            if ":" in name and name not in NOT_PARTS}  # fmt: skip
    plants = {name: name for name in found.names if name.startswith("lng-")}
    return markets | plants | {"exports": "exports"}


def _parts(found: Result, first: int, last: int) -> pd.DataFrame:
    """Return each part by year with the interval of the sum itself; equal ones once."""
    rows: dict[tuple[str, int], tuple[Any, ...]] = {}
    for name, part in _named(found).items():
        table = found.table(name, "A")
        years = pd.DatetimeIndex(table.index).year
        for year, cell in zip(years, table[["flow", "p10", "p90"]].to_numpy(), strict=True):
            if first <= year <= last:
                rows[part, year] = (part, year, *cell)
    return pd.DataFrame(rows.values(), columns=["part", "year", "flow", "p10", "p90"])


def _printed(tables: Tables, found: Result, first: int, last: int) -> pd.DataFrame:
    """Return the figures of whole years that count a part, or are a total of their own."""
    net = system(tables, found.months[-1], found.months[0])
    measured, sums = measure(tables, net), dict(zip(*groups(net.arcs), strict=True))
    open_arcs = {year: _open(net, found, year) for year in range(first, last + 1)}
    keys = {(year, _key(sums[name] * on)): part for name, part in _named(found).items()
            for year, on in open_arcs.items()}  # fmt: skip
    known, rows = explained(tables), []
    said = dict(
        zip(found.verdicts["id"], found.verdicts["balanced"].to_numpy(dtype=float), strict=True)
    )
    for row, (arcs, _, weights) in zip(rows_of(measured.table, _Told), measured.cells, strict=True):
        year = int(row.period) if row.period.isdigit() else 0
        if year not in open_arcs or "growth" in row.series:
            continue
        counted = np.zeros(len(net.arcs))
        counted[arcs] = weights
        counted *= open_arcs[year]
        part = keys.get((year, _key(counted)), "") if counted.any() else ""  # shut: no part
        if part or row.series.startswith(OWN):
            rows.append(_row(row, part or f"{row.series} {row.entity}", year, said, known))
    return pd.DataFrame(rows, columns=["part", "year", *COLUMNS[5:-1]])


def _row(
    row: _Told, part: str, year: int, said: dict[str, float], known: dict[str, str]
) -> dict[str, Any]:
    counted = said[row.id]
    apart = (row.value - counted) / row.error
    return {"part": part, "year": year, "id": row.id, "series": row.series, "entity": row.entity,
            "source": row.source, "printed": row.value, "error": row.error, "counted": counted,
            "errors_apart": apart, "ties": bool(abs(apart) <= NEAR),
            "known": known.get(row.id, "")}  # fmt: skip


def _open(net: Any, found: Result, year: int) -> np.ndarray:
    """Return 1 for the arcs that are open in a year, else 0."""
    months = [k for k, month in enumerate(found.months) if month.year == year]
    return np.asarray((net.weight[:, months] > 0).any(1), dtype=float)


def _key(weights: np.ndarray) -> bytes:
    return (weights.round(2) + 0.0).tobytes()  # no nought below nought
