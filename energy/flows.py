"""Observations to the flow cube: an xarray Dataset with dims (route, period).

Each route is laid on a grid of months. Monthly figures are set first; a figure for a longer
interval then gives what is left to the months nobody has spoken for, by the route's seasonal
profile and the days the pipe was open. So the quarters of a year add up to that year exactly,
and a figure that others already cover stands beside, unused. Nothing here prices gas.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar, cast

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import DataError, PeriodError
from energy.measure import observations, periods, units, validity
from energy.measure.observations import rows_of

FREQS = ("M", "Q", "A", "G")
WORST = {status: i for i, status in enumerate(observations.STATUS)}
INNER = ("bcm", "20C")  # the cube is computed in Gazprom's own cubic metre


@dataclasses.dataclass
class FilledMonths:
    """One route on the months from ``first``: values, coverage and where they come from.

    Examples
    --------
    >>> year = FilledMonths(2024 * 12, np.full(12, 1.5), np.ones(12), [set()] * 12, [""] * 12, [])
    >>> periods.month_start(year.first).isoformat(), float(year.value.sum())
    ('2024-01-01', 18.0)
    """

    first: int  # months since year 0
    value: np.ndarray
    coverage: np.ndarray
    origin: list[set[int]]  # positions of the observations that made the month
    fact: list[str]  # id of the dated fact that closes the month, "" if open
    steps: list[
        tuple[int, int, float, float]
    ]  # how each month was made: month, observation, what others took, share


def build(
    tables: facts.Tables,
    freq: str = "Q",
    unit: str = "bcm",
    basis: str = "20C",
    first: str | None = None,
    last: str | None = None,
) -> xr.Dataset:
    """Build the flow cube from the tables of facts.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` returns them.
    freq : {"Q", "M", "A", "G"}
        Quarter, month, calendar year, gas year (from 1 October).
    unit, basis : str
        Any volume or energy a period (``bcm``, ``TWh``, ``PJ``) or a daily rate (``mcm/d``,
        ``GWh/d``); ``20C``, ``15C``, ``0C``, ``15C-40MJ`` or ``GCV``.
    first, last : str, optional
        Period texts such as ``"2019Q4"``; default all that the data hold.

    Returns
    -------
    xarray.Dataset, dims (route, period)
        ``flow`` (positive from -> to), ``capacity``, ``utilisation`` (1 = full), ``coverage``
        (0-1), ``status``, ``flow_status``, ``market``, ``sources`` (``;``-joined ids).
        ``period`` is the start of the period. NaN is not known, 0 is measured or stated zero.

    Raises
    ------
    PeriodError
        For an unknown `freq` or an empty range.
    UnitError
        For a unit that is neither a flow nor convertible.

    Examples
    --------
    >>> cube = build(facts.load(), "A", first="2019", last="2020")
    >>> cube["flow"].dims, cube.attrs["freq"]
    (('route', 'period'), 'A')
    >>> round(float(cube["flow"].sel(route="nord-stream-1", period="2019-01-01")), 1)
    58.5
    """
    if freq not in FREQS:
        raise PeriodError(
            f"Unknown freq {freq!r}; use one of M, Q, A (calendar year) or G (gas year)."
        )
    seen, left_out = flow_observations(tables)
    window = _window(seen, first, last, freq)
    grids = _filled(tables["routes"]["route"], seen, tables, window)
    cube = _collect(grids, seen, tables, window)
    cube.attrs["freq"] = freq
    cube = _capacity(cube, tables["route-facts"])
    made = to_unit(cube[["flow", "capacity"]], unit, basis, tables["route-facts"])
    cube = cube.assign(utilisation=_utilisation(cube)).assign(made)
    cube["flow_status"] = _flow_status(cube, tables)
    cube["market"] = _markets(cube, tables["crosswalk"])
    return _describe(cube, freq, unit, basis, left_out)


def flow_observations(tables: facts.Tables) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the flow observations in bcm at 20 °C, best first, and those left out with a reason.

    Examples
    --------
    >>> seen, left_out = flow_observations(facts.load())
    >>> sorted(set(left_out["left_out"]))
    ['basis not stated', 'not whole months']
    """
    table = facts.corrected(tables, "volumes")
    table = table[(table["series"] == "flow") & table["entity"].isin(tables["routes"]["route"])]
    table = observations.rank(table, tables["sources"], tables["preferences"])
    table["inner"], table["left_out"] = _converted(table, tables["route-facts"])
    spans = [periods.parse(text) for text in table["period"]]
    table["begin"] = [span.start for span in spans]
    table["end"] = [span.end for span in spans]
    table["start"] = [periods.month_number(span.start) for span in spans]
    table["until"] = [periods.month_number(span.end) for span in spans]
    broken = np.array([not span.start.day == span.end.day == 1 for span in spans], dtype=bool)
    table.loc[(table["left_out"] == "") & broken, "left_out"] = "not whole months"
    kept = table["left_out"] == ""
    return table[kept].reset_index(drop=True), table[~kept].reset_index(drop=True)


def _converted(table: pd.DataFrame, route_facts: pd.DataFrame) -> tuple[np.ndarray, list[str]]:
    """Convert figures to bcm at 20 °C, all of one unit and basis at once; NaN with a reason."""
    gcv = table["entity"].map(calorific_values(route_facts)).to_numpy(dtype=float)
    inner, why = np.full(len(table), np.nan), np.full(len(table), "", dtype=object)
    kinds = table.assign(stated=~np.isnan(gcv)).groupby(["unit", "basis", "status", "stated"])
    for kind, rows in kinds.indices.items():
        unit, basis, status, stated = cast(tuple[str, str, str, bool], kind)
        values, known = table["value"].to_numpy()[rows], gcv[rows] if stated else None
        inner[rows], why[rows] = convert_figure(values, unit, basis, status, known)
    return inner, why.tolist()


Amount = TypeVar("Amount", float, np.ndarray)


def convert_figure(
    value: Amount, unit: str, basis: str, status: str, gcv: Amount | None = None
) -> tuple[Amount | float, str]:
    """Convert a figure, or several, to bcm at 20 °C; return NaN and a reason where it cannot be.

    Examples
    --------
    >>> value, reason = convert_figure(105.0, "TWh", "GCV", "actual", 10.5)
    >>> round(value, 2), reason
    (10.0, '')
    >>> convert_figure(10.0, "bcm", "unstated", "actual")
    (nan, 'basis not stated')
    """
    if status in ("plan", "contract"):
        return float("nan"), f"{status}, not a flow"
    if basis in ("unstated", ""):
        return float("nan"), "basis not stated"
    if units.kind(unit) == "mass":
        return float("nan"), "mass; no density stated"
    by_energy = basis in ("GCV", "15C-40MJ")
    if by_energy and gcv is None:
        return float("nan"), "no calorific value stated for the route"
    calorific: dict[str, Any] = {"gcv": gcv, "gcv_basis": "20C"} if by_energy else {}
    return units.convert(value, unit, INNER[0], basis=basis, to_basis=INNER[1], **calorific), ""


def calorific_values(route_facts: pd.DataFrame) -> dict[str, float]:
    """Return the newest stated calorific value by route, kWh per m3 at 20 °C.

    Examples
    --------
    >>> table = pd.DataFrame({
    ...     "route": ["pipe", "pipe"], "attribute": ["gcv", "gcv"], "value": ["10.4", "10.5"],
    ...     "valid_from": ["", "2021-01-01"],
    ... })
    >>> calorific_values(table)
    {'pipe': 10.5}
    """
    rows = route_facts[route_facts["attribute"] == "gcv"].sort_values("valid_from")
    return dict(zip(rows["route"], rows["value"].astype(float), strict=True))


def _window(
    seen: pd.DataFrame, first: str | None, last: str | None, freq: str
) -> list[periods.Period]:
    """Return the periods of the cube."""
    if seen.empty:
        raise DataError(
            "volumes.csv", ["no flow observation is left; nothing to build a cube from"]
        )
    begin = periods.parse(first).start if first else seen["begin"].min()
    end = periods.parse(last).end if last else seen["end"].max()
    if begin >= end:
        raise PeriodError(f"First period {first!r} lies after the last, {last or end}; swap them.")
    if end <= seen["begin"].min() or begin >= seen["end"].max():
        raise PeriodError(f"No flow between {first} and {last}: the data run from "
                          f"{seen['begin'].min()} to {seen['end'].max()}.")  # fmt: skip
    return periods.span(begin, end - dt.timedelta(days=1), freq)


class _Figure(NamedTuple):
    """An observation of a route; `place` is its row among all."""

    entity: str
    start: int  # months since year 0
    until: int
    inner: float
    coverage: float
    place: int
    standing: int  # rank of its status, 0 the firmest


class _Opening(NamedTuple):
    """The first day of a route's service, or the last."""

    route: str
    attribute: str
    value: str
    id: str


class _Weight(NamedTuple):
    """A month's share of a year in a seasonal profile."""

    route: str
    first_year: int
    last_year: int
    month: int
    weight: float


def _filled(
    names: Iterable[str], seen: pd.DataFrame, tables: facts.Tables, window: list[periods.Period]
) -> dict[str, FilledMonths]:
    """Lay the observations of routes on the months of whole calendar years around the window."""
    ordered = seen.assign(length=seen["until"] - seen["start"], place=range(len(seen)),
                          standing=seen["status"].map(WORST))  # fmt: skip
    figures = _by_route(ordered.sort_values("length", kind="stable"), _Figure)
    dated = tables["route-facts"]
    dated = dated[dated["attribute"].isin(["start", "stop"])]
    openings = _by_route(dated.sort_values("attribute", kind="stable"), _Opening)
    profiles = _by_route(tables["profiles"], _Weight)
    return {name: _fill(figures[name], openings[name], profiles[name], window) for name in names}


Row = TypeVar("Row", _Figure, _Opening, _Weight)


def _by_route(table: pd.DataFrame, kind: type[Row]) -> Mapping[str, list[Row]]:
    """Return the rows of each route, in order; the route is the first field."""
    found: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(table, kind):
        found[row[0]].append(row)
    return found


def _fill(
    figures: list[_Figure],
    openings: list[_Opening],
    profile: list[_Weight],
    window: list[periods.Period],
) -> FilledMonths:
    """Lay one route's figures, the shortest first, on the months that the window and they reach."""
    begin = periods.first_month(periods.month_number(window[0].start))
    end = periods.first_month(periods.month_number(window[-1].end)) + 12
    reach = [figure for figure in figures if figure.start < end and figure.until > begin]
    first = min([begin, *(periods.first_month(figure.start) for figure in reach)])
    months = range(first, max([end, *(figure.until for figure in reach)]))
    grid = FilledMonths(first, np.full(len(months), np.nan), np.zeros(len(months)),
                [set() for _ in months], [""] * len(months), [])  # fmt: skip
    if not figures and not any(opening.attribute == "stop" for opening in openings):
        return grid
    weights = _weights(profile, grid) * _open_share(openings, grid)
    standing = {figure.place: figure.standing for figure in figures}
    for figure in figures:
        span = (figure.start - first, figure.until - first)
        _spread(grid, span, figure.inner, figure.coverage, figure.place, weights)
        _firm(grid, span, figure, standing)
    return grid


def parts(tables: facts.Tables, route: str | Sequence[str], first: str, last: str) -> pd.DataFrame:
    """Return how the flow of each month of a route is made, out of figures as published.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` returns them.
    route : str or sequence of str
    first, last : str
        Period texts; the months between them.

    Returns
    -------
    DataFrame
        One row a month: ``route, month`` (first day)``, id, value, unit, basis`` as published,
        ``bcm`` (the figure at 20 °C), ``taken`` (bcm of its interval that shorter figures tell),
        ``share`` (of the rest that goes to this month), ``part`` = (bcm - taken) x share,
        ``coverage`` (share of the figure's days that it speaks of). A month that a dated fact
        closes has its id, part 0 and coverage 1.

    Raises
    ------
    PeriodError
        For an empty range.

    Examples
    --------
    >>> table = parts(facts.load(), "nord-stream-1", "2021-01", "2021-01")
    >>> table[["id", "value", "unit", "basis"]].to_numpy().tolist()
    [['V1787', 54431.4, 'GWh', 'GCV']]
    """
    seen, _ = flow_observations(tables)
    window = _window(seen, first, last, "M")
    names = [route] if isinstance(route, str) else list(route)
    table = pd.concat([_route_parts(name, seen, tables, window) for name in names])
    wanted = range(periods.month_number(window[0].start), periods.month_number(window[-1].end))
    table = table[table["month"].isin(wanted)].reset_index(drop=True)
    return table.assign(month=[periods.month_start(m) for m in table["month"]])


PARTS = ["route", "month", "id", "value", "unit", "basis", "bcm", "taken", "share", "part",
         "coverage"]  # fmt: skip


def _route_parts(
    route: str, seen: pd.DataFrame, tables: facts.Tables, window: list[periods.Period]
) -> pd.DataFrame:
    """Return the parts of one route, its months as numbers."""
    grid = _filled([route], seen, tables, window)[route]
    steps = pd.DataFrame(grid.steps, columns=["month", "origin", "taken", "share"])
    figures = seen[["id", "value", "unit", "basis", "inner", "coverage"]]
    rows = steps.join(figures, on="origin").rename(columns={"inner": "bcm"})
    rows["part"] = (rows["bcm"] - rows["taken"]) * rows["share"]
    shut = [
        {"month": grid.first + i, "id": fact, "part": 0.0, "coverage": 1.0}
        for i, fact in enumerate(grid.fact)
        if fact
    ]
    table = rows.reindex(columns=PARTS) if not shut else pd.concat([rows, pd.DataFrame(shut)])
    table = table.reindex(columns=PARTS).assign(route=route)
    return table.sort_values(["month", "id"], ignore_index=True)


def _open_share(openings: list[_Opening], grid: FilledMonths) -> np.ndarray:
    """Return the share of each month the route was open; close months outside start and stop.

    Months after a dated stop, and months before a dated start within the same year, are a
    stated zero. Earlier months stay unknown: there was no pipe to measure.
    """
    share = np.ones(len(grid.value))
    for opening in openings:
        day = periods.parse(opening.value).start
        at = periods.month_number(day) - grid.first
        part = (day.day - 1) / periods.month_days(periods.month_number(day))
        after = slice(max(at + (part > 0), 0), None)
        closed = after if opening.attribute == "stop" else slice(max(at - at % 12, 0), max(at, 0))
        if 0 <= at < len(share):
            share[at] = part if opening.attribute == "stop" else 1 - part
        _close(grid, share, closed, opening.id)
    return share


def _close(grid: FilledMonths, share: np.ndarray, closed: slice, fact: str) -> None:
    share[closed] = 0.0
    grid.value[closed] = 0.0
    grid.coverage[closed] = 1.0
    for i in range(*closed.indices(len(share))):
        grid.fact[i] = fact


def _weights(profile: list[_Weight], grid: FilledMonths) -> np.ndarray:
    """Return a weight per month: the stated profile of the year, else its days."""
    weights = np.array(
        [periods.month_days(grid.first + i) / periods.MEAN_YEAR for i in range(len(grid.value))]
    )
    for row in profile:
        begin = periods.month_start(grid.first).year
        for year in range(max(row.first_year, begin), row.last_year + 1):
            at = periods.month_number(dt.date(year, row.month, 1)) - grid.first
            if 0 <= at < len(weights):
                weights[at] = row.weight
    return weights


ROUNDING = 1e-3
"""Share by which months may exceed their whole because they were printed in rounder figures."""


def _spread(
    grid: FilledMonths,
    span: tuple[int, int],
    total: float,
    coverage: float,
    origin: int,
    weights: np.ndarray,
) -> None:
    """Give what ``total`` leaves over to the months of ``span`` that are still unknown."""
    begin, end = max(span[0], 0), min(span[1], len(grid.value))
    if (begin, end) != span:
        return
    months = np.arange(begin, end)
    unknown = months[np.isnan(grid.value[months])]
    taken = np.nansum(grid.value[months])
    if taken - total < ROUNDING * abs(total):
        taken = min(taken, total)
    rest = total - taken
    if not len(unknown) or rest < -1e-9 or weights[unknown].sum() == 0:
        return
    shares = weights[unknown] / weights[unknown].sum()
    grid.value[unknown] = rest * shares
    grid.coverage[unknown] = coverage
    for month, share in zip(unknown, shares, strict=True):
        grid.origin[month].add(origin)
        grid.steps.append((grid.first + month, origin, taken, share))


AGREED = 0.03
"""How far weaker months may lie from a firmer whole that is shared out by them."""
SHORT = 3
"""Months of a firm whole at most: of a year the months would look better known than they are."""


def _firm(
    grid: FilledMonths, span: tuple[int, int], figure: _Figure, standing: Mapping[int, int]
) -> None:
    """Let a firmer figure of a quarter rule the weaker months it agrees with; they give its shape.

    Three monthly counts of a news agency and the metered quarter are one flow told twice: the
    quarter is then the metered one, and its months are its shares.
    """
    begin, end = span
    if not (begin >= 0 and end <= len(grid.value) and 1 < end - begin <= SHORT):
        return
    known = ~np.isnan(grid.value[begin:end])
    weak = [m for m in range(begin, end)
            if any(standing[o] > figure.standing for o in grid.origin[m])]  # fmt: skip
    firm = float(grid.value[begin:end].sum() - grid.value[weak].sum())
    old, rest = float(grid.value[weak].sum()), figure.inner - firm
    if not known.all() or not weak or old <= 0 or abs(rest / old - 1) > AGREED:
        return
    shares = grid.value[weak] / old
    grid.value[weak], grid.coverage[weak] = rest * shares, figure.coverage
    replaced = {grid.first + m for m in weak}
    grid.steps = [step for step in grid.steps if step[0] not in replaced]
    for month, share in zip(weak, shares, strict=True):
        grid.origin[month] = {figure.place}
        grid.steps.append((grid.first + month, figure.place, firm, float(share)))


def _collect(
    grids: dict[str, FilledMonths],
    seen: pd.DataFrame,
    tables: facts.Tables,
    window: list[periods.Period],
) -> xr.Dataset:
    """Sum the months of every route to the periods of the window."""
    shape = (len(grids), len(window))
    flow, coverage = np.full(shape, np.nan), np.zeros(shape)
    status, sources = np.full(shape, "", dtype=object), np.full(shape, "", dtype=object)
    columns = {name: seen[name].tolist() for name in ("id", "start", "until", "status")}
    spans = [_span(period) for period in window]
    for r, grid in enumerate(grids.values()):
        for p, span in enumerate(spans):
            cell = _cell(grid, span, columns)
            flow[r, p], coverage[r, p], status[r, p], sources[r, p] = cell
    coords = {
        "route": list(grids),
        "period": pd.DatetimeIndex([p.start for p in window]).as_unit("ns"),
        "name": ("route", list(tables["routes"]["name"])),
    }
    dims = ("route", "period")
    return xr.Dataset(
        {"flow": (dims, flow), "coverage": (dims, coverage), "status": (dims, status),
         "sources": (dims, sources)}, coords=coords)  # fmt: skip


def _span(period: periods.Period) -> tuple[int, int, np.ndarray]:
    """Return the first month of a period, the one after its last, and the days of each."""
    begin, end = periods.month_number(period.start), periods.month_number(period.end)
    return begin, end, np.array([periods.month_days(month) for month in range(begin, end)])


def _cell(
    grid: FilledMonths, span: tuple[int, int, np.ndarray], seen: dict[str, list[Any]]
) -> tuple[float, float, str, str]:
    """Return flow, coverage, status and source ids of one period."""
    begin, end, days = span
    months = slice(begin - grid.first, end - grid.first)
    values = grid.value[months]
    known = ~np.isnan(values)
    if not known.any():
        return float("nan"), 0.0, "", ""
    covered = float((grid.coverage[months] * known * days).sum() / days.sum())
    origins = sorted(set().union(*grid.origin[months]))
    ids = [seen["id"][o] for o in origins] + sorted({fact for fact in grid.fact[months] if fact})
    inside = all(seen["start"][o] >= begin and seen["until"][o] <= end for o in origins)
    worst = max((WORST[seen["status"][o]] for o in origins), default=WORST["actual"])
    worst = worst if inside else max(worst, WORST["estimate"])
    return float(values[known].sum()), covered, observations.STATUS[worst], ";".join(ids)


DAY = 1 / 366
KINDS = {"capacity_technical": "technical", "capacity_ceiling": "ceiling"}
"""Kinds of capacity that go before the design of the pipe, the better first."""


def _capacity(cube: xr.Dataset, route_facts: pd.DataFrame) -> xr.Dataset:
    """Add the capacity of each period: the dated yearly value times its share of the year's days.

    A planned capacity counts from its own first day; without one it is no capacity yet. A
    capacity known of some of the days on which the line stood open is none of the period. A
    nameplate whose basis the source does not state is taken at 20 °C, and named in ``assumed``.
    """
    held_rows, spans = _capacities(route_facts), spans_of(cube)
    silent = sorted({row.route for row in held_rows if row.basis == "unstated"})
    shape = (cube.sizes["route"], cube.sizes["period"])
    capacity, told = np.full(shape, np.nan), np.zeros(shape)
    kinds: list[list[set[str]]] = [[set() for _ in range(shape[1])] for _ in range(shape[0])]
    place = {route: i for i, route in enumerate(cube["route"].values)}
    for row, p, _, years in _parts(held_rows, route_facts, spans):
        held, part = capacity[place[row.route], p], float(row.value) * years
        capacity[place[row.route], p] = part if np.isnan(held) else held + part
        told[place[row.route], p] += years
        kinds[place[row.route]][p].add(row.kind)
    for route, opened in _dates(route_facts, "start").items():
        for p, (start, end) in enumerate(spans) if route in place else ():
            stood = periods.years(max(start, opened), end) if opened < end else 0.0
            if told[place[route], p] < stood - DAY / 2:
                capacity[place[route], p] = np.nan
                kinds[place[route]][p].clear()
    cube.attrs["assumed"] = f"capacity taken at 20 °C where no basis is stated: {', '.join(silent)}"
    dims = ("route", "period")
    words = np.array([[";".join(sorted(held)) for held in line] for line in kinds], dtype=object)
    return cube.assign(capacity=(dims, capacity), capacity_kind=(dims, words.reshape(shape)))


class Capacity(NamedTuple):
    """A dated capacity of a route, or the part of its days on which no better kind is known."""

    id: str
    route: str
    attribute: str
    value: str
    unit: str
    basis: str
    valid_from: str
    valid_to: str
    kind: str


def _capacities(route_facts: pd.DataFrame) -> list[Capacity]:
    """Return the capacities that flows are set against, each with its ``kind``.

    What the operator offers at the metered point goes before the most ever metered there, this
    before the design of the pipe, which may be that of another point.
    """
    rows = route_facts[(route_facts["status"] != "plan") | (route_facts["valid_from"] != "")]
    kind = rows["attribute"].map({"capacity": "design", **KINDS})
    said = rows["status"].where(rows["status"].isin(["contract", "plan"]), "design")
    rows = rows.assign(kind=kind.where(rows["attribute"] != "capacity", said))
    found = list(rows_of(rows[kind.notna()], Capacity))
    better: dict[str, list[Capacity]] = defaultdict(list)
    for row in found:
        if row.attribute != "capacity":
            better[row.route].append(row)
    return [part for row in found for part in _not_superseded(row, better[row.route])]


def _not_superseded(row: Capacity, better: list[Capacity]) -> list[Capacity]:
    """Return the parts of a capacity's days on which no better kind is known."""
    parts, rank = [row], list(KINDS)
    for other in better:
        if row.attribute in rank and rank.index(row.attribute) <= rank.index(other.attribute):
            continue
        left = []
        for part in parts:
            since, until = validity.bounds(part.valid_from, part.valid_to)
            begin, end = validity.bounds(other.valid_from, other.valid_to)
            if since < begin:
                first = min(until, begin)
                left.append(part if first == until else part._replace(valid_to=first.isoformat()))
            if end < until:
                last = max(since, end)
                left.append(part if last == since else part._replace(valid_from=last.isoformat()))
        parts = left
    return parts


def capacity_parts(
    route_facts: pd.DataFrame, spans: list[tuple[dt.date, dt.date]]
) -> list[tuple[Capacity, int, dt.date, float]]:
    """Return which dated capacity counts in which span: row, position, first day, years.

    Examples
    --------
    >>> table = facts.load()["route-facts"]
    >>> table = table[table["route"] == "nord-stream-1"]
    >>> year = (dt.date(2015, 1, 1), dt.date(2016, 1, 1))
    >>> [(row.value, str(begin), years) for row, _, begin, years in capacity_parts(table, [year])]
    [('55', '2015-01-01', 1.0)]
    """
    return _parts(_capacities(route_facts), route_facts, spans)


def _parts(
    rows: list[Capacity], route_facts: pd.DataFrame, spans: list[tuple[dt.date, dt.date]]
) -> list[tuple[Capacity, int, dt.date, float]]:
    opened = _dates(route_facts, "start")
    found = []
    for row in rows:
        since, until = validity.bounds(row.valid_from, row.valid_to)
        since = max(since, opened.get(row.route, since))
        for p, (start, end) in enumerate(spans):
            begin, stop = max(start, since), min(end, until)
            if begin < stop:
                found.append((row, p, begin, periods.years(begin, stop)))
    return found


def design(cube: xr.Dataset, route: str, route_facts: pd.DataFrame) -> xr.DataArray:
    """Return the design, contract or plan of a route by period in bcm, whatever was metered.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        Gives the periods.
    route : str
    route_facts : DataFrame

    Returns
    -------
    DataArray, dims (period)
        NaN where none is stated.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> size = design(t.flows(freq="A"), "power-of-siberia-1", t.facts["route-facts"])
    >>> float(size.sel(period="2025-01-01"))
    38.0
    """
    rows = route_facts[(route_facts["route"] == route) & ~route_facts["attribute"].isin(KINDS)]
    size = np.zeros(cube.sizes["period"])
    for row, p, _, years in capacity_parts(rows, spans_of(cube)):
        size[p] += float(row.value) * years
    found = xr.DataArray(size, dims="period", coords={"period": cube["period"]})
    return found.where(found > 0)


def _dates(route_facts: pd.DataFrame, kind: str) -> dict[str, dt.date]:
    """Return the first day of the newest ``start`` or ``stop`` of each route."""
    rows = route_facts[route_facts["attribute"] == kind].sort_values("value")
    days = [periods.parse(text).start for text in rows["value"]]
    return dict(zip(rows["route"], days, strict=True))


def to_unit(cube: xr.Dataset, unit: str, basis: str, route_facts: pd.DataFrame) -> xr.Dataset:
    """Convert every variable of a cube of flows from bcm at 20 °C.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        With ``freq`` in its attributes.
    unit, basis : str
        As in `build`.
    route_facts : DataFrame
        Holds the calorific value of each route.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> cube = t.flows("nord-stream-1", freq="A", first="2019", last="2019")[["flow"]]
    >>> metric = to_unit(cube, "bcm", "15C", t.facts["route-facts"])
    >>> round(float((metric["flow"] / cube["flow"]).squeeze()), 4)
    0.9829
    """
    names = [str(name) for name in cube.data_vars]
    if (unit, basis) == INNER:
        return cube
    given: dict[str, Any] = {"days": _days(cube)}
    if units.kind(unit) in ("energy", "energy rate") or basis == "15C-40MJ":
        stated = calorific_values(route_facts)
        values = [stated.get(route, np.nan) for route in cube["route"].values]
        given |= {"gcv": xr.DataArray(values, dims="route"), "gcv_basis": "20C"}
    return cube.assign({
        name: units.convert(cube[name], INNER[0], unit, basis=INNER[1], to_basis=basis, **given)
        for name in names
    })  # fmt: skip


def _utilisation(cube: xr.Dataset) -> xr.DataArray:
    """Return flow over capacity, 1 = full; unknown where the period is only partly covered."""
    used = cube["flow"] / cube["capacity"].where(cube["capacity"] > 0)
    return used.where(cube["coverage"] > 1 - 1e-6)


def _days(cube: xr.Dataset) -> xr.DataArray:
    days = [(end - start).days for start, end in spans_of(cube)]
    return xr.DataArray(days, dims="period", coords={"period": cube["period"]})


class _Pipe(NamedTuple):
    """What decides the state of a route beside its flow."""

    route: str
    role: str
    part_of: str
    status: str


def _flow_status(cube: xr.Dataset, tables: facts.Tables) -> xr.DataArray:
    """Return what the pipe does: flowing, idle, damaged, unknown, not-built, or its project status.

    An operating pipe with zero flow is idle. A string follows its corridor unless a dated
    stop of its own says otherwise.
    """
    start, stop = _dates(tables["route-facts"], "start"), _dates(tables["route-facts"], "stop")
    flow = frame(cube["flow"])
    first, last = pd.DatetimeIndex(cube["period"].values), _last_days(cube)
    result = {}
    for row in rows_of(tables["routes"], _Pipe):
        route = row.route
        parent = row.part_of if row.role == "string" else ""
        seen = flow.loc[parent or route]
        state = np.where(seen.isna(), "unknown", np.where(seen == 0, "idle", "flowing"))
        state = state.astype(object)
        if row.status in PROJECTED and seen.isna().all():
            state[:] = PROJECTED[row.status]
        if route in start:
            before = PROJECTED.get(row.status, "") if row.status in AHEAD else "not-built"
            state[last < pd.Timestamp(start[route])] = before
        if route in stop:
            after = first > pd.Timestamp(stop[route])
            state[after & (state != "flowing")] = "damaged" if row.status == "destroyed" else "idle"
            if parent:
                state[after] = "idle"
        result[route] = state
    values = np.array([result[route] for route in cube["route"].values], dtype=object)
    return xr.DataArray(values, dims=("route", "period"))


AHEAD = ("construction", "proposed")
PROJECTED = {
    "construction": "construction",
    "proposed": "proposed",
    "shelved": "cancelled",
    "cancelled": "cancelled",
    "retired": "cancelled",
    "idle": "idle",
    "mothballed": "idle",
    "destroyed": "damaged",
}


class _Served(NamedTuple):
    """The market a route serves, for how long."""

    key: str
    target: str
    valid_from: str
    valid_to: str


def _markets(cube: xr.Dataset, crosswalk: pd.DataFrame) -> xr.DataArray:
    """Return the market a route serves on the last day of each period; "" where none is dated."""
    rows = crosswalk[crosswalk["kind"] == "market"]
    last = _last_days(cube).to_numpy().astype("datetime64[D]")
    values = np.full((cube.sizes["route"], cube.sizes["period"]), "", dtype=object)
    place = {route: i for i, route in enumerate(cube["route"].values)}
    for row in rows_of(rows, _Served):
        begin, end = validity.bounds(row.valid_from, row.valid_to)
        held = (last >= np.datetime64(begin)) & (last < np.datetime64(end))
        values[place[row.key], held] = row.target
    return xr.DataArray(values, dims=("route", "period"))


def spans_of(cube: xr.Dataset) -> list[tuple[dt.date, dt.date]]:
    """Return the first day of each period of a cube and the day after its last.

    Examples
    --------
    >>> times = pd.to_datetime(["2024-01-01", "2024-04-01"])
    >>> cube = xr.Dataset(coords={"period": times}, attrs={"freq": "Q"})
    >>> [str(end) for _, end in spans_of(cube)]
    ['2024-04-01', '2024-07-01']
    """
    starts = [stamp.date() for stamp in pd.DatetimeIndex(cube["period"].values)]
    return [(start, periods.containing(start, cube.attrs["freq"]).end) for start in starts]


def _last_days(cube: xr.Dataset) -> pd.DatetimeIndex:
    return pd.DatetimeIndex([end - dt.timedelta(days=1) for _, end in spans_of(cube)])


def _describe(
    cube: xr.Dataset, freq: str, unit: str, basis: str, left_out: pd.DataFrame
) -> xr.Dataset:
    """Add units, long names and what was left out."""
    name = units.label(unit, basis)
    words = {
        "flow": ("Gas flow a period, positive from -> to", name),
        "capacity": ("Capacity a period", name),
        "capacity_kind": ("What the capacity is: technical, ceiling, design, contract, plan", ""),
        "utilisation": ("Flow over capacity of the same period", "1"),
        "coverage": ("Share of the period's days that the figures cover", "1"),
        "status": ("Standing of the figure", ""),
        "flow_status": ("What the pipe does", ""),
        "market": ("Market the route serves", ""),
        "sources": ("Ids of the observations and facts behind the figure", ""),
    }
    for variable, (title, unit_name) in words.items():
        cube[variable].attrs = {"long_name": title} | ({"units": unit_name} if unit_name else {})
    reasons = left_out["left_out"].value_counts().sort_index()
    cube.attrs = {
        "freq": freq,
        "unit": unit,
        "basis": basis,
        "assumed": cube.attrs["assumed"],
        "left_out": "; ".join(f"{count} {why}" for why, count in reasons.items()),
        "label": "period is the first day of each period",
    }
    return cube[[*words]]


def copied(cube: xr.Dataset) -> xr.Dataset:
    """Return a copy that can be changed without the original; texts are shared, they cannot change.

    Xarray's own deep copy walks every text of a cube, which takes as long as building one; and a
    look at arrays that are known to be NumPy's (``fastpath`` spares it) imports Dask where it is
    installed.

    Examples
    --------
    >>> cube = xr.Dataset({"flow": ("route", [1.0, 2.0])}, {"route": ["a", "b"]})
    >>> other = copied(cube)
    >>> other["flow"][0] = 9.0
    >>> cube["flow"].values.tolist()
    [1.0, 2.0]
    """
    held = {name: variable.copy(deep=False) if name in cube.indexes
            else xr.Variable(variable.dims, variable.values.copy(), {**variable.attrs}, fastpath=True)
            for name, variable in cube.variables.items()}  # fmt: skip
    return type(cube)({name: held[name] for name in cube.data_vars},
                      {name: held[name] for name in cube.coords}, {**cube.attrs})  # fmt: skip


def bounds(cube: xr.Dataset) -> tuple[str, str]:
    """Return the first and the last day of a cube as ISO text.

    Examples
    --------
    >>> times = pd.to_datetime(["2024-01-01", "2024-04-01"])
    >>> bounds(xr.Dataset(coords={"period": times}, attrs={"freq": "Q"}))
    ('2024-01-01', '2024-06-30')
    """
    spans = spans_of(cube)
    return spans[0][0].isoformat(), (spans[-1][1] - dt.timedelta(days=1)).isoformat()


def frame(array: xr.DataArray) -> pd.DataFrame:
    """Return an array with dims (row, period) as a table; the columns are timestamps.

    Examples
    --------
    >>> years = pd.to_datetime(["2023-01-01", "2024-01-01"])
    >>> array = xr.DataArray([[1.0, 2.0]], [("route", ["a"]), ("period", years)])
    >>> frame(array).loc["a"].tolist()
    [1.0, 2.0]
    """
    table = array.to_pandas()
    assert isinstance(table, pd.DataFrame)
    return table


def series(array: xr.DataArray) -> pd.Series:
    """Return an array with one dimension as a Series.

    Examples
    --------
    >>> series(xr.DataArray([1.0, 2.0], [("route", ["a", "b"])])).to_dict()
    {'a': 1.0, 'b': 2.0}
    """
    return pd.Series(array.to_numpy(), index=array[array.dims[0]].to_index())


def by_market(cube: xr.Dataset, routes: pd.DataFrame) -> xr.DataArray:
    """Sum the flows to markets: the exits of a corridor where they are known, else its total.

    Parameters
    ----------
    cube : Dataset
        From `build`.
    routes : DataFrame
        The table of routes: ``route, role, part_of``.

    Returns
    -------
    DataArray, dims (market, period)
        Missing only where every route to the market is missing.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = by_market(t.flows(freq="A"), t.facts["routes"])
    >>> "china" in table["market"], table.dims
    (True, ('market', 'period'))
    """
    flow = cube["flow"].where(last_split(cube, routes))
    markets = sorted(set(cube["market"].values.ravel()) - {""})
    sums = [flow.where(cube["market"] == m).sum("route", min_count=1) for m in markets]
    return xr.concat(sums, pd.Index(markets, name="market")).rename("flow")


def last_split(cube: xr.Dataset, routes: pd.DataFrame) -> xr.DataArray:
    """Return where a route is the last known split of its gas: an exit, or an undivided export.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> counted = last_split(t.flows(freq="A"), t.facts["routes"])
    >>> counted.sel(route=["blue-stream", "power-of-siberia-1"], period="2021-01-01").values.tolist()
    [True, True]
    """
    role = routes.set_index("route")["role"].reindex(cube["route"].values)
    coords = {"route": cube["route"]}
    is_exit = xr.DataArray((role == "exit").to_numpy(), dims="route", coords=coords)
    is_export = xr.DataArray((role == "export").to_numpy(), dims="route", coords=coords)
    return (is_exit & cube["flow"].notnull()) | (is_export & ~divided(cube, routes))


def divided(cube: xr.Dataset, routes: pd.DataFrame) -> xr.DataArray:
    """Return where a corridor has at least one exit with a figure, dims (route, period).

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> split = divided(t.flows(freq="A"), t.facts["routes"]).any("period")
    >>> split["route"][split.values].values.tolist()
    ['ukraine-transit']
    """
    exits = routes[routes["role"] == "exit"]
    split = xr.zeros_like(cube["flow"], dtype=bool)
    for corridor, legs in exits.groupby("part_of")["route"]:
        split.loc[{"route": corridor}] = cube["flow"].sel(route=list(legs)).notnull().any("route")
    return split


def balance(cube: xr.Dataset, routes: pd.DataFrame) -> pd.DataFrame:
    """Compare the sum over export routes with the sum over markets, period by period.

    Returns
    -------
    DataFrame
        ``period, routes, markets, difference, reason``: the two sums agree, or the reason
        says what separates them.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = balance(t.flows(freq="A"), t.facts["routes"])
    >>> [reason.split(":")[0] for reason in sorted(set(table["reason"]))]
    ['', 'Ukraine']
    """
    export = [
        r for r in routes.loc[routes["role"] == "export", "route"] if r in cube["route"].values
    ]
    table = pd.DataFrame({
        "routes": series(cube["flow"].sel(route=export).sum("route", min_count=1)),
        "markets": series(by_market(cube, routes).sum("market", min_count=1)),
    })  # fmt: skip
    table["difference"] = table["routes"] - table["markets"]
    split = series(divided(cube, routes).any("route"))
    agree = ~(table["difference"].abs() > 1e-6)
    table["reason"] = np.where(
        agree, "", np.where(split, SPLIT, "unexplained: a route without a market")
    )
    return table.rename_axis("period").reset_index()


SPLIT = (
    "Ukraine: the operator's transit total (20 °C) against the metered exits (energy); exits to "
    "Moldova are not metered here, storage gas leaves by the same exits, and where only a year's "
    "total is known it is spread by a profile while the exits are measured"
)
