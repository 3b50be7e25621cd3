"""The gas system as the balance sees it: arcs, nodes that conserve gas, bounds and a prior.

An arc is a route, a bundle of trunk lines, a field, an exit, a plant or a store. Its flow in a
month is bcm at 20 °C, positive from `from_node` to `to_node`. At every node inflow equals outflow:
the flows are written as ``x = null @ z`` with free coordinates ``z``, so they conserve gas to the
last bit whatever the figures say.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import pandas as pd

from energy.errors import DataError
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.tables import RouteFact, Tables

FIRST = 2006  # the first year of the balance: before it only yearly totals are known
MEAN_MONTH = periods.MEAN_YEAR / 12
SHUT = 1e-6  # bcm a month: an arc open for no day carries no more than this


class _Arc(NamedTuple):
    """Where an arc runs and when it is open, as far as its own row says."""

    route: str
    from_node: str
    to_node: str
    valid_from: str
    valid_to: str


@dataclasses.dataclass(frozen=True)
class System:
    """Arcs by months.

    Attributes
    ----------
    arcs : DataFrame
        `balance-arcs`, indexed by arc.
    months : list of date
        First days of the months.
    null : ndarray, shape (arcs, free)
        Basis of the flows that conserve gas at every node.
    level, weight : ndarray, shape (arcs, months)
        Prior mean in bcm a month, and the share of a mean month that the month has by its days,
        its season and the days the arc was open (0: shut).
    spread, drift : ndarray, shape (arcs,)
        Prior standard deviation of the level and of its monthly change, bcm a mean month.
    low, high : ndarray, shape (arcs, months)
        Bounds, bcm a month.

    Examples
    --------
    >>> from energy import facts
    >>> net = system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1))
    >>> len(net.months), net.low.shape == net.high.shape
    (12, True)
    """

    arcs: pd.DataFrame
    months: list[dt.date]
    null: np.ndarray
    level: np.ndarray
    weight: np.ndarray
    spread: np.ndarray
    drift: np.ndarray
    low: np.ndarray
    high: np.ndarray

    def place(self, arc: str) -> int:
        """Return the row of an arc.

        Examples
        --------
        >>> from energy import facts
        >>> net = system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1))
        >>> net.place(net.arcs.index[3])
        3
        """
        return self._places[arc]

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {arc: place for place, arc in enumerate(self.arcs.index.tolist())}

    def arc_of(self, route: str) -> str | None:
        """Return the arc that is a route, or None where the route is not in the balance.

        Examples
        --------
        >>> from energy import facts
        >>> net = system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1))
        >>> net.arc_of("blue-stream") in net.arcs.index, net.arc_of("no-such-route") is None
        (True, True)
        """
        return self._routes.get(route)

    @functools.cached_property
    def _routes(self) -> dict[str, str]:
        pairs = zip(self.arcs["route"].tolist(), self.arcs.index.tolist(), strict=True)
        return {route: arc for route, arc in reversed([*pairs]) if route}


def system(tables: Tables, last: dt.date, first: dt.date | None = None) -> System:
    """Build the system from the tables.

    Parameters
    ----------
    tables : Tables
        With ``balance-arcs`` and ``route-facts``.
    last : date
        A day of the last month.
    first : date, optional
        A day of the first month; default January of `FIRST`.

    Raises
    ------
    DataError
        If a node has gas on one side only.

    Examples
    --------
    >>> from energy import facts
    >>> net = system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1))
    >>> str(net.months[0]), str(net.months[-1])
    ('2021-01-01', '2021-12-01')
    """
    arcs = tables["balance-arcs"].set_index("arc", drop=False)
    months = months_between(first or dt.date(FIRST, 1, 1), last)
    dated = _dated(tables["route-facts"])
    share = np.array([_open_days(_open_span(row, dated), months) for row in rows_of(arcs, _Arc)])
    days = np.array([calendar.monthrange(m.year, m.month)[1] for m in months]) / MEAN_MONTH
    signed = arcs["low"].to_numpy() < 0
    swing = np.cos(2 * np.pi * (np.array([m.month for m in months]) - 1) / 12)
    season = arcs["season"].to_numpy()[:, None] * swing
    level = arcs["level"].to_numpy()[:, None] / 12 + np.where(signed[:, None], season / 12, 0.0)
    weight = share * days * np.where(signed[:, None], 1.0, 1 + season)
    size = np.where(signed, 1.0, arcs["level"].to_numpy()) / 12
    open_days = np.where(share > 0, share * days, np.nan)
    most = np.fmin(arcs["high"].to_numpy(dtype=float)[:, None], _sizes(tables, arcs, months))
    high = np.where(np.isnan(most), np.inf, most) / 12 * open_days
    return System(
        arcs=arcs,
        months=months,
        null=_null_space(arcs),
        level=np.broadcast_to(level, weight.shape),
        weight=np.where(share > 0, weight, 0.0),
        spread=arcs["spread"].to_numpy() * size,
        drift=arcs["drift"].to_numpy() * size,
        low=arcs["low"].to_numpy()[:, None] / 12 * share * days,
        high=np.where(share > 0, high, 0.0),
    )


def months_between(first: dt.date, last: dt.date) -> list[dt.date]:
    """Return the first days of the months of whole years, from that of `first` to that of `last`.

    Examples
    --------
    >>> [str(day) for day in months_between(dt.date(2021, 5, 9), dt.date(2021, 7, 1))][::11]
    ['2021-01-01', '2021-12-01']
    """
    begin, end = (periods.first_month(periods.month_number(day)) for day in (first, last))
    return [periods.month_start(number) for number in range(begin, end + 12)]


def _sizes(tables: Tables, arcs: pd.DataFrame, months: list[dt.date]) -> np.ndarray:
    """Return the capacity in force that bounds each arc in each month, bcm a year; NaN where none."""
    size = np.full((len(arcs), len(months)), np.nan)
    held = bounding(tables)
    if held.empty:
        return size
    from energy import flows

    place = {row.route: a for a, row in enumerate(rows_of(arcs, _Arc)) if row.route}
    ends = [periods.month_start(periods.month_number(day) + 1) for day in months]
    volume, years = np.zeros_like(size), np.zeros_like(size)
    for row, month, _, share in flows.capacity_parts(held, list(zip(months, ends, strict=True))):
        volume[place[row.route], month] += float(row.value) * share
        years[place[row.route], month] += share
    return np.asarray(np.divide(volume, years, out=size, where=years > 0))


def bounding(tables: Tables) -> pd.DataFrame:
    """Return the capacities that bound a flow: those of the arcs marked ``bounded``.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        With ``balance-arcs`` and ``route-facts``.

    Returns
    -------
    DataFrame
        Rows of ``route-facts``, plans and contracts left out.

    Examples
    --------
    >>> from energy import facts
    >>> "bovanenkovo-ukhta" in set(bounding(facts.load())["route"])
    True
    """
    arcs, held = tables["balance-arcs"], tables["route-facts"]
    marked = arcs["bounded"] if "bounded" in arcs else pd.Series(False, index=arcs.index)
    mine = held["route"].isin(arcs.loc[marked.astype(bool), "route"])
    built = held["attribute"].str.startswith("capacity") & ~held["status"].isin(
        ["plan", "contract"]
    )
    return held[mine & built & (held["attribute"] != "capacity_booked")]


def _open_days(span: tuple[dt.date, dt.date], months: list[dt.date]) -> np.ndarray:
    """Return the share of each month in which an arc is open."""
    begin, end = span
    shares = []
    for month in months:
        length = calendar.monthrange(month.year, month.month)[1]
        opened = min(max((begin - month).days, 0), length)
        shut = min(max((end - month).days, 0), length)
        shares.append(max(shut - opened, 0) / length)
    return np.array(shares)


def _open_span(arc: _Arc, dated: Mapping[tuple[str, str], str]) -> tuple[dt.date, dt.date]:
    """Return the first day an arc is open and the first on which it is shut again."""
    begin = arc.valid_from or dated.get((arc.route, "start"), "")
    end = arc.valid_to or dated.get((arc.route, "stop"), "")
    return (
        dt.date.fromisoformat(begin) if begin else dt.date(1900, 1, 1),  # before every figure
        dt.date.fromisoformat(end) if end else dt.date(2199, 12, 31),  # after every figure
    )


def _dated(route_facts: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return the newest start and stop of each route as ISO text."""
    made: dict[tuple[str, str], str] = {}
    for row in rows_of(route_facts[route_facts["attribute"].isin(["start", "stop"])], RouteFact):
        day, key = periods.parse(row.value).start.isoformat(), (row.route, row.attribute)
        made[key] = max(day, made.get(key, ""))
    return made


def _null_space(arcs: pd.DataFrame) -> np.ndarray:
    """Return a basis of the flows that conserve gas: whole numbers, one column a free arc."""
    nodes = sorted((set(arcs["from_node"]) | set(arcs["to_node"])) - {""})
    lonely = [
        n for n in nodes if not ((arcs["from_node"] == n).any() and (arcs["to_node"] == n).any())
    ]
    if lonely:
        raise DataError("balance_arcs.csv", [
            f"node '{node}' has gas on one side only; add the arc that brings it or takes it away"
            for node in lonely
        ])  # fmt: skip
    matrix = np.zeros((len(nodes), len(arcs)))
    for a, row in enumerate(rows_of(arcs, _Arc)):
        for node, sign in ((row.from_node, -1.0), (row.to_node, 1.0)):
            if node:
                matrix[nodes.index(node), a] += sign
    return kernel(matrix)


def kernel(matrix: np.ndarray) -> np.ndarray:
    """Return the kernel of an incidence matrix by elimination; its entries are 0, 1 and -1.

    Examples
    --------
    >>> kernel(np.array([[1.0, -1.0, -1.0]])).tolist()  # one node: what comes in goes out
    [[1.0, 0.0], [0.0, 1.0], [1.0, -1.0]]
    """
    left = matrix.copy()
    pivots: list[int] = []
    for column in reversed(range(left.shape[1])):
        row = len(pivots)
        here = np.flatnonzero(np.abs(left[row:, column]) > 0.5)  # entries are whole: not 0
        if not len(here):
            continue
        left[[row, row + here[0]]] = left[[row + here[0], row]]
        left[row] /= left[row, column]
        others = np.arange(len(left)) != row
        left[others] -= np.outer(left[others, column], left[row])
        pivots.append(column)
    free = [c for c in range(left.shape[1]) if c not in pivots]
    kernel = np.zeros((left.shape[1], len(free)))
    for k, column in enumerate(free):
        kernel[column, k] = 1.0
        for row, pivot in enumerate(pivots):
            kernel[pivot, k] = -left[row, column]
    return kernel
