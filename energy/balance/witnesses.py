"""Which figures are one witness: they share their error, so together they weigh no more than one.

A page that prints what another printed, two editions of one agency's sum, a mean of days and the
volume of the same days, two parts that one arithmetic splits: each repeats an error and takes none
away. Such figures share their weight, and where one is left out the others leave with it. A sum of
metered days beside a finer sum of the same days says nothing of its own and is left out by name.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from energy.measure import periods

if TYPE_CHECKING:
    from energy.balance.measurements import Cell

ALIKE = 5e-4  # relative: a tenth of what the best meters and their calorific values agree to
SCALED = 2  # days that a month scaled up from 29 metered days may hold besides them
PARTIAL = "flow_partial"  # series of sums of days from the first of a month


class Source(NamedTuple):
    """What of a figure tells where it comes from."""

    id: str
    series: str
    entity: str
    period: str
    source: str
    note: str


def groups(values: np.ndarray, cells: Sequence[Cell], notes: Sequence[str]) -> np.ndarray:
    """Return the number of each figure's witness: that of the first figure of it.

    Parameters
    ----------
    values : ndarray, shape (rows,)
        bcm at 20 °C; of a growth rate 0.
    cells : sequence of tuple of ndarray
        Arcs, months and coefficients of each figure.
    notes : sequence of str
        Where a note begins with "derived: V0188 ... times the share", the figure that was split.

    Examples
    --------
    >>> one = (np.array([0]), np.array([0]), np.array([1.0]))
    >>> groups(np.array([6.0, 6.001, 6.1]), [one] * 3, ["", "", ""]).tolist()
    [0, 0, 2]
    """
    first = np.arange(len(values))
    alike: dict[bytes, list[int]] = {}
    split: dict[tuple[str, ...], int] = {}
    for row, (cell, note) in enumerate(zip(cells, notes, strict=True)):
        if note.startswith("derived: ") and " times the share " in note:
            first[row] = split.setdefault((note.split()[1],), row)
            continue
        alike.setdefault(b"".join(part.tobytes() for part in cell), []).append(row)
    for rows in alike.values():
        rows.sort(key=lambda row: (values[row], row))
        for before, row in itertools.pairwise(rows):
            if values[row] - values[before] <= ALIKE * abs(values[row]):
                first[row] = first[before]
    return first


def shared(errors: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Return the errors by which figures are weighed: a witness weighs as its best figure alone.

    Examples
    --------
    >>> shared(np.array([1.0, 1.0, 2.0]), np.array([0, 0, 2])).round(3).tolist()
    [1.414, 1.414, 2.0]
    """
    weight = pd.Series(1 / errors**2).groupby(first)
    more: np.ndarray = (weight.transform("sum") / weight.transform("max")).to_numpy(dtype=float)
    return np.asarray(errors * np.sqrt(more))


def told_by_finer(figures: Sequence[Source], cells: Sequence[Cell], meters: str) -> dict[str, str]:
    """Return the figures whose metered days finer figures of the same days tell, with the reason.

    Parameters
    ----------
    figures : sequence of Source
    cells : sequence of tuple of ndarray
    meters : str
        Sources that add up the same days of the same meters, separated by ``|``.
    """
    names = set(meters.split("|"))
    lines: dict[tuple[object, ...], list[tuple[bool, int, periods.Period, str]]] = {}
    for row, (arcs, _, _weights) in zip(figures, cells, strict=True):
        if row.source in names:
            span = periods.parse(row.period)
            line = (row.entity, tuple(sorted(set(arcs.tolist()))))
            days = (span.end - span.start).days
            if row.series in ("flow", PARTIAL):
                lines.setdefault(line, []).append((row.series != PARTIAL, days, span, row.id))
    found = {}
    for held in lines.values():
        told: list[tuple[periods.Period, str]] = []
        for _, days, span, name in sorted(held, key=lambda one: (*one[:2], one[2].start)):
            inside = [(other, by) for other, by in told
                      if other.start < span.end and span.start < other.end]  # fmt: skip
            if _days(inside, span) >= days - SCALED:
                first = sorted(inside, key=lambda one: one[0].start)
                words = ", ".join(by for _, by in first)
                found[name] = f"adds up metered days that are counted in {words}"
            else:
                told.append((span, name))
    return found


def _days(inside: list[tuple[periods.Period, str]], span: periods.Period) -> int:
    """Return how many days of a span are told."""
    told: set[dt.date] = set()
    for other, _ in inside:
        day = max(other.start, span.start)
        while day < min(other.end, span.end):
            told.add(day)
            day += dt.timedelta(days=1)
    return len(told)
