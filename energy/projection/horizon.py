"""The projected quarters, and the quarters of each route that are known whole.

A quarter is its number: year x 4 + quarter - 1, as `energy.measure.periods.quarter_number` counts.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import PeriodError
from energy.measure import periods

COVERED = 0.99  # share of a quarter's days that makes it known (METHOD '3. Backtest')
SILENT = 4
"""Quarters after which a silent route no longer holds the start back."""


@dataclass(frozen=True)
class Grid:
    """The projected quarters.

    Attributes
    ----------
    first, count : int
        First quarter as year x 4 + quarter - 1, and how many.
    as_of : date
        What was known that day.

    Examples
    --------
    >>> span = Grid(2026 * 4 + 2, 4, dt.date(2026, 9, 30))
    >>> str(span.starts[0].date()), span.years
    ('2026-07-01', [])
    """

    first: int
    count: int
    as_of: dt.date

    @property
    def years(self) -> list[int]:
        """Return the calendar years that lie whole in the grid.

        Examples
        --------
        >>> Grid(2026 * 4, 8, dt.date(2026, 1, 31)).years
        [2026, 2027]
        """
        begin, end = -(-self.first // 4), (self.first + self.count) // 4
        return list(range(begin, end))

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Return the first day of each quarter.

        Examples
        --------
        >>> [str(day.date()) for day in Grid(2026 * 4 + 3, 2, dt.date(2026, 9, 30)).starts]
        ['2026-10-01', '2027-01-01']
        """
        return pd.DatetimeIndex(
            [periods.quarter_start(q) for q in range(self.first, self.first + self.count)]
        ).as_unit("ns")

    @property
    def share(self) -> np.ndarray:
        """Return the share of its year's days that each quarter has.

        Examples
        --------
        >>> Grid(2026 * 4, 4, dt.date(2026, 1, 31)).share.round(4).tolist()
        [0.2466, 0.2493, 0.2521, 0.2521]
        """
        starts = [stamp.date() for stamp in self.starts]
        ends = [*starts[1:], periods.quarter_start(self.first + self.count)]
        return np.array([periods.years(*span) for span in zip(starts, ends, strict=True)])

    def at(self, year: Any) -> np.ndarray:
        """Return decimal years as quarters from the start of the grid; infinity stays.

        Examples
        --------
        >>> Grid(2026 * 4, 4, dt.date(2026, 1, 31)).at([2026.0, 2027.25]).tolist()
        [0.0, 5.0]
        """
        return (np.asarray(year, dtype=float) * 4 - self.first).astype(np.float32)


@dataclass(frozen=True)
class History:
    """What is known of one route: quarters as numbers, flows in bcm, both ascending.

    Examples
    --------
    >>> annual(History(np.arange(2024 * 4, 2025 * 4), np.array([4.0, 3.0, 2.0, 4.0])))
    {2024: 13.0}
    """

    quarters: np.ndarray
    flows: np.ndarray


def grid(cube: xr.Dataset, until: str, as_of: str | dt.date) -> Grid:
    """Return the quarters from the first that is not known of a flowing route.

    A quarter known of one route and not of another is in the grid; what is known stands there
    as it is. A route silent for more than a year does not hold the start back.

    Raises
    ------
    PeriodError
        If `until` ends before the last known quarter.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> grid(t.flows(estimate="reported"), "2030", t.edition).years[-1]
    2030
    """
    if cube.attrs.get("freq") != "Q":
        raise PeriodError(f"A projection needs the cube by quarter, not freq {cube.attrs.get('freq')!r}; "
                          'give t.flows(freq="Q").')  # fmt: skip
    day = periods.parse(as_of).end - dt.timedelta(days=1)
    lasts = [history(cube, route).quarters for route in cube["route"].values]
    now = periods.quarter_number(day)
    ends = [int(known[-1]) for known in lasts if len(known) and known[-1] >= now - SILENT]
    newest = max((int(known[-1]) for known in lasts if len(known)), default=now)
    first = min([end + 1 for end in ends] or [now])
    span = periods.parse(until)
    last = periods.quarter_number(span.end - dt.timedelta(days=1))
    if last < max(newest, first):
        raise PeriodError(f"Horizon {until!r} ends before the last datum, {periods.quarter_label(newest)}; "
                          "name a later year or quarter.")  # fmt: skip
    return Grid(first, last - first + 1, day)


def history(cube: xr.Dataset, route: str) -> History:
    """Return the quarters of a route that its figures cover whole.

    Examples
    --------
    >>> import energy
    >>> past = history(energy.load().flows(estimate="reported"), "power-of-siberia-1")
    >>> bool((np.diff(past.quarters) > 0).all())
    True
    """
    part = cube.sel(route=route)
    known = part["flow"].notnull().values & (part["coverage"].values >= COVERED)
    stamps = pd.DatetimeIndex(cube["period"].values[known])
    numbers = np.array([periods.quarter_number(stamp.date()) for stamp in stamps], dtype=int)
    return History(numbers, part["flow"].values[known].astype(float))


def annual(past: History) -> dict[int, float]:
    """Return the calendar years of which all four quarters are known.

    Examples
    --------
    >>> past = History(np.arange(2024 * 4, 2025 * 4 + 1), np.array([4.0, 3.0, 2.0, 4.0, 5.0]))
    >>> annual(past)  # 2025 is not over
    {2024: 13.0}
    """
    years, counts = np.unique(past.quarters // 4, return_counts=True)
    return {int(year): float(past.flows[past.quarters // 4 == year].sum())
            for year, count in zip(years, counts, strict=True) if count == 4}  # fmt: skip


def known_cells(cube: xr.Dataset, routes: list[str], span: Grid) -> np.ndarray:
    """Return which cells (route, quarter) of the grid hold a known figure.

    Examples
    --------
    >>> import energy
    >>> cube = energy.load().flows(estimate="reported")
    >>> known_cells(cube, ["power-of-siberia-1"], Grid(2024 * 4, 2, dt.date(2024, 6, 30))).tolist()
    [[True, True]]
    """
    found = np.zeros((len(routes), span.count), dtype=bool)
    for r, route in enumerate(routes):
        at = history(cube, route).quarters - span.first
        found[r, at[(at >= 0) & (at < span.count)]] = True
    return found
