"""What is left of the border price at the field, route by route, out of dated tariffs.

Every charge comes from ``tariffs.csv`` with its source. A charge nobody has published is missing,
not zero: the netback is then an upper bound and says which parts it lacks.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import PeriodError, UnknownName
from energy.measure import periods, units, validity
from energy.measure.observations import STATUS, rows_of
from energy.measure.tables import Tables

COLUMNS = ["item", "usd", "share", "status", "source", "note"]
PRICE, LEFT = "border price", "netback"
COMMON = ("export_duty", "transport_russia", "extraction_tax", "fuel_gas")
"""The order in which charges that every route bears are shown."""
AT_TIMES = ("extraction_surcharge",)
"""Charges levied only while a row says so: without one they are zero, not missing."""
ITEMS = (*COMMON, *AT_TIMES, "transit", "transit_belarus", "transit_poland", "offshore")
COUNTED = ("actual", "provisional", "contract", "estimate")
NO_FIGURE = "no published figure for this time"
NOT_LEVIED = "not levied"


@dataclass(frozen=True)
class Charge:
    """One charge in one quarter: USD/1000 m3, NaN where missing, with its standing.

    Examples
    --------
    >>> Charge(-60.0, "actual", "T001", "30 % of the price").usd
    -60.0
    """

    usd: float
    status: str
    ids: str
    note: str


def netback(
    route: str,
    period: str,
    cube: xr.Dataset,
    tables: Tables,
    *,
    lengths: pd.Series | None = None,
    carry: bool = False,
    assume: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Break the border price of a route down to what is left at the field.

    Parameters
    ----------
    route : str
        Route id.
    period : str
        A quarter or a calendar year, e.g. ``"2020Q3"`` or ``"2020"``. A year is the mean of its
        quarters, weighted by flow.
    cube : Dataset, dims (route, period)
        Quarterly flows in bcm with ``price`` and ``market``.
    tables : Tables
        The facts: ``tariffs, fx, routes, route-facts, charges``.
    lengths : Series, optional
        Route to km of the mapped line, for a charge per 100 km where no length is published.
    carry : bool
        Take the nearest figure in time for a charge without one; its status is ``modelled``.
    assume : mapping of str to float, optional
        Charge to value of your own, USD/1000 m3; percent for ``export_duty``.

    Returns
    -------
    DataFrame
        ``item, usd, share`` (of the border price)``, status, source`` (ids)``, note``. The first
        row is the border price, the last the netback; charges between are negative and add up to
        it exactly. A missing charge is NaN and left out of the sum: the netback is then at most
        that, and its note names what is missing.

    Raises
    ------
    UnknownName
        For a route or a charge that does not exist.
    PeriodError
        If the period is not a quarter or year, or the route has no priced flow in it; the
        periods that have one are named.

    Notes
    -----
    Duty is taken on the border price. A quarter takes the figure valid on its middle day; the
    narrowest row wins: route, corridor, market, all. Plans do not count. Before production cost,
    so this is what the field earns, not the profit.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = netback("nord-stream-1", "2020", t.flows(), t.facts, lengths=t.lines["length_km"])
    >>> table["item"].iloc[0], table["item"].iloc[-1]
    ('border price', 'netback')
    """
    assume = dict(assume or {})
    for name in assume:
        if name not in ITEMS:
            raise UnknownName("charge", name, ITEMS)
    cells = _cells(route, period, cube)
    inputs = _inputs(tables, lengths)
    parts = [_quarter(route, cell, inputs, carry, assume) for cell in cells]
    weights = np.array([cell.flow for cell in cells]) / sum(cell.flow for cell in cells)
    price = float(weights @ np.array([cell.price for cell in cells]))
    rows = [(PRICE, price, 1.0, _weakest(c.price_status for c in cells),
             _joined(c.price_source for c in cells), f"{period}, USD/1000 m3")]  # fmt: skip
    for item in parts[0]:
        rows.append(_mean(item, [part[item] for part in parts], weights, price))
    return pd.DataFrame([*rows, _left(rows, price)], columns=COLUMNS)


def _left(rows: list[tuple[Any, ...]], price: float) -> tuple[Any, ...]:
    missing = [row[0] for row in rows if np.isnan(row[1])]
    left = float(np.nansum([row[1] for row in rows]))
    note = f"at most: without {', '.join(missing)}" if missing else "all charges known"
    return (LEFT, left, left / price if price else np.nan, _weakest(row[3] for row in rows),
            _joined(row[4] for row in rows), note)  # fmt: skip


@dataclass(frozen=True)
class Cell:
    """One priced quarter of a route.

    Examples
    --------
    >>> Cell(periods.parse("2020Q1"), "europe", 14.0, 150.0, "actual", "P1").market
    'europe'
    """

    quarter: periods.Period
    market: str
    flow: float
    price: float
    price_status: str
    price_source: str


def _cells(route: str, period: str, cube: xr.Dataset) -> list[Cell]:
    """Return the quarters of the period in which the route has a priced flow."""
    names = cube["route"].to_numpy().tolist()
    if route not in names:
        raise UnknownName("route", route, names)
    span = periods.parse(str(period))
    if span.freq not in ("Q", "A"):
        raise PeriodError(f"A netback is by quarter or calendar year, not {period!r}.")
    row = cube.sel(route=route)
    starts = pd.DatetimeIndex(row["period"].to_numpy())
    priced = ((row["flow"] > 0) & row["price"].notnull()).to_numpy()
    inside = (starts >= pd.Timestamp(span.start)) & (starts < pd.Timestamp(span.end))
    if not (priced & inside).any():
        known = ", ".join(_runs(starts[priced])) or "no period"
        raise PeriodError(
            f"Route {route!r} has no flow with a price in {period}; it has one in {known}."
        )
    held = _arrays(row)
    return [_cell(held, (int(p),), starts[int(p)]) for p in np.flatnonzero(priced & inside)]


def _arrays(cube: xr.Dataset) -> dict[str, np.ndarray]:
    """Return what a cell is read from; to ask a Dataset for each cell takes a millisecond a name."""
    names = ("flow", "price", "market", "price_status", "price_source")
    return {name: cube[name].to_numpy() for name in names if name in cube}


def _cell(held: Mapping[str, np.ndarray], at: tuple[int, ...], start: pd.Timestamp) -> Cell:
    market, status, source = (
        str(held[name][at]) if name in held else ""
        for name in ("market", "price_status", "price_source")
    )
    quarter = periods.containing(start.date(), "Q")
    return Cell(quarter, market, float(held["flow"][at]), float(held["price"][at]), status, source)


def _runs(starts: pd.DatetimeIndex) -> list[str]:
    """Name quarters with runs joined: ``2012Q1-2022Q4``."""
    numbers = starts.to_period("Q")
    runs: list[list[pd.Period]] = []
    for quarter in numbers:
        if runs and quarter == runs[-1][-1] + 1:
            runs[-1].append(quarter)
        else:
            runs.append([quarter])
    return [str(r[0]) if len(r) == 1 else f"{r[0]}-{r[-1]}" for r in runs]


def items_of(route: str, routes: pd.DataFrame, charges: pd.DataFrame) -> tuple[str, ...]:
    """Return the charges that a route bears, whether or not a figure is known.

    Those of every route, then those of its own rows in ``charges.csv``; a route that crosses a
    third country and has no row of its own pays ``transit``.

    Examples
    --------
    >>> from energy import facts
    >>> tables = facts.load()
    >>> items_of("nord-stream-1", tables["routes"], tables["charges"])
    ('export_duty', 'transport_russia', 'extraction_tax', 'fuel_gas', 'offshore')
    """
    borne = charges[charges["bearing"] == "bears"]
    common = set(borne.loc[borne["route"] == "", "item"])
    own = borne.loc[borne["route"] == route, "item"].tolist()
    shared = tuple(item for item in COMMON if item in common)
    if own:
        return (*shared, *own)
    row = routes[routes["route"] == route].iloc[0]
    crosses = bool(row["via"]) or "ukraine-transit" in (route, row["part_of"])
    return (*shared, "transit") if crosses else shared


def unsettled(charges: pd.DataFrame) -> dict[tuple[str, str], str]:
    """Return what may not be taken for granted: route and item to the reason.

    Examples
    --------
    >>> from energy import facts
    >>> all(reason for reason in unsettled(facts.load()["charges"]).values())
    True
    """
    rows = charges[charges["bearing"] == "unsettled"]
    return dict(zip(zip(rows["route"], rows["item"], strict=True), rows["note"], strict=True))


class _Duty(NamedTuple):
    """What a share of the price needs of a row of tariffs.csv."""

    id: str
    route: str
    market: str
    value: float
    valid_from: str
    valid_to: str


class _Tariff(NamedTuple):
    """What a charge of the netback needs of a row of tariffs.csv."""

    id: str
    route: str
    market: str
    value: float
    unit: str
    valid_from: str
    valid_to: str
    status: str
    note: str


_Row = TypeVar("_Row", _Duty, _Tariff)


@dataclass(frozen=True)
class _Inputs:
    """The facts a netback needs, laid out for quick look-up."""

    charges: dict[str, list[_Tariff]]  # item to rows of tariffs.csv, plans left out
    parents: dict[str, str]
    items: dict[str, tuple[str, ...]]
    rates: dict[str, float]
    km: dict[str, float]
    unsettled: dict[tuple[str, str], str]

    def rate(self, quarter: periods.Period) -> float:
        """Return the mean RUB/USD of the quarter, else of the year, NaN where neither is known."""
        name = periods.label(quarter)
        return self.rates.get(name, self.rates.get(str(quarter.start.year), np.nan))


def _inputs(tables: Tables, lengths: pd.Series | None) -> _Inputs:
    tariffs = tables["tariffs"]
    counted = tariffs[tariffs["status"].isin(COUNTED)]
    means = tables["fx"][tables["fx"]["kind"] == "mean"].drop_duplicates("period")
    facts = tables["route-facts"]
    known = facts[facts["attribute"] == "length"].set_index("route")["value"].astype(float)
    mapped = {} if lengths is None else lengths.to_dict()
    routes = tables["routes"]
    return _Inputs(
        {str(item): list(rows_of(rows, _Tariff)) for item, rows in counted.groupby("item")},
        dict(zip(routes["route"], routes["part_of"], strict=True)),
        {
            route: _with_times(items_of(route, routes, tables["charges"]), counted)
            for route in routes["route"]
        },
        dict(zip(means["period"], means["value"].astype(float), strict=True)),
        {str(name): float(km) for name, km in [*mapped.items(), *known.items()]},
        unsettled(tables["charges"]),
    )


def _with_times(items: tuple[str, ...], tariffs: pd.DataFrame) -> tuple[str, ...]:
    """Add the charges that some row levies, after those that every route bears."""
    levied = [item for item in AT_TIMES if (tariffs["item"] == item).any()]
    shared = [item for item in items if item in COMMON]
    return (*shared, *levied, *items[len(shared) :])


def _quarter(
    route: str, cell: Cell, inputs: _Inputs, carry: bool, assume: Mapping[str, float]
) -> dict[str, Charge]:
    """Return every charge of one quarter, as a cost (negative)."""
    parent = inputs.parents[route]
    way = parent if parent == "ukraine-transit" else route
    scale = _Scale(cell, inputs.rate(cell.quarter), inputs.km.get(way, np.nan))
    charges = {}
    for item in inputs.items[route]:
        if item in assume:
            unit = "percent" if item == "export_duty" else "USD/1000 m3"
            usd = scale.usd(assume[item], unit)
            charges[item] = Charge(0.0 - usd, "modelled", "", f"{assume[item]:g} {unit}, assumed")
        elif (route, item) in inputs.unsettled:
            charges[item] = Charge(np.nan, "", "", inputs.unsettled[route, item])
        else:
            rows = _candidates(inputs.charges.get(item, []), route, parent, cell.market)
            charges[item] = _charge(rows, scale, carry and item not in AT_TIMES)
            if item in AT_TIMES and charges[item].note == NO_FIGURE:
                charges[item] = Charge(0.0, "", "", NOT_LEVIED)
    return charges


@dataclass(frozen=True)
class _Scale:
    """What turns a tariff into USD/1000 m3: the price, the rate, the length of the line."""

    cell: Cell
    rate: float
    km: float

    def usd(self, value: float, unit: str) -> float:
        if unit == "percent":
            return value / 100 * self.cell.price
        if unit.endswith("/100 km"):
            return self.usd(value * self.km / 100, unit.removesuffix("/100 km"))
        if unit == "RUB/1000 m3" and value != 0:
            if np.isnan(self.rate):
                return np.nan
            return float(units.convert(value, unit, "USD/1000 m3", basis="20C", rate=self.rate))
        return float(value)

    def lacks(self, unit: str) -> str:
        if unit.endswith("/100 km") and np.isnan(self.km):
            return "length of the line not known"
        return "no RUB/USD rate for this time"


def _charge(rows: list[tuple[int, _Tariff]], scale: _Scale, carry: bool) -> Charge:
    """Take the narrowest row that holds on the middle day, else the nearest where carried."""
    middle = scale.cell.quarter.start + (scale.cell.quarter.end - scale.cell.quarter.start) / 2
    away = [_distance(row, middle) for _, row in rows]
    carried = carry and bool(away) and min(away) > 0
    held = [pair for pair, days in zip(rows, away, strict=True)
            if days == (min(away) if carried else 0)]  # fmt: skip
    if not held:
        return Charge(np.nan, "", "", NO_FIGURE)
    _, row = min(held, key=lambda pair: (pair[0], STATUS.index(pair[1].status), pair[1].id))
    value = scale.usd(row.value, row.unit)
    if np.isnan(value):
        return Charge(np.nan, "", row.id, scale.lacks(row.unit))
    note = f"{row.value:g} {row.unit}" + (f"; {row.note}" if row.note else "")
    if carried:
        note = f"figure of {row.valid_from[:4] or row.valid_to[:4]} carried: {note}"
    return Charge(0.0 - value, "modelled" if carried else row.status, row.id, note)


def _candidates(rows: list[_Row], route: str, parent: str, market: str) -> list[tuple[int, _Row]]:
    """Return the rows that may speak, each with how wide it is (0: the route itself)."""
    found = []
    for row in rows:
        if row.route == route:
            found.append((0, row))
        elif row.route and row.route == parent:
            found.append((1, row))
        elif not row.route and row.market in ("", market):
            found.append((2 if row.market else 3, row))  # a market, then the country
    return found


def _distance(row: _Duty | _Tariff, day: dt.date) -> int:
    """Return the days between a day and the time in which a row holds, 0 inside."""
    first, until = validity.bounds(row.valid_from, row.valid_to)
    if day < first:
        return (first - day).days
    return 0 if day < until else (day - until).days + 1


def _mean(item: str, charges: list[Charge], weights: np.ndarray, price: float) -> tuple[Any, ...]:
    """Weigh the quarters of one charge; a quarter without a figure leaves the whole missing."""
    usd = float(weights @ np.array([charge.usd for charge in charges]))
    notes = dict.fromkeys(c.note for c in charges if not np.isnan(usd) or np.isnan(c.usd))
    return (item, usd, usd / price if price else np.nan, _weakest(c.status for c in charges),
            _joined(c.ids for c in charges), "; ".join(notes))  # fmt: skip


def _weakest(names: Iterable[str]) -> str:
    known = [name for name in names if name in STATUS]
    return max(known, key=STATUS.index, default="")


def _joined(texts: Iterable[str]) -> str:
    return ";".join(sorted({part for text in texts for part in str(text).split(";") if part}))


def attach(
    cube: xr.Dataset,
    tables: Tables,
    *,
    lengths: pd.Series | None = None,
    carry: bool = False,
) -> xr.Dataset:
    """Add ``netback`` (USD/1000 m3) and ``netback_missing`` to quarters with a price.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        Quarterly, from `energy.finance.revenue.attach`.
    tables, lengths, carry
        As in `netback`.

    Returns
    -------
    Dataset
        ``netback_missing`` names the charges without a figure (``;``-joined); where it is not
        empty the netback is an upper bound. NaN where there is no priced flow.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> cube = attach(t.flows(), t.facts, lengths=t.lines["length_km"])
    >>> cube["netback"].dims
    ('route', 'period')
    """
    shape, dims = cube["flow"].shape, cube["flow"].dims
    left, lacking = np.full(shape, np.nan), np.full(shape, "", dtype=object)
    for r, p, cell, charges in _priced(cube, tables, lengths, carry):
        left[r, p] = cell.price + np.nansum([charge.usd for charge in charges.values()])
        lacking[r, p] = ";".join(i for i, c in charges.items() if np.isnan(c.usd))
    words = {"long_name": "Border price less known charges", "units": "USD/1000 m3 (20 °C)"}
    return cube.assign(
        netback=(dims, left, words),
        netback_missing=(dims, lacking, {"long_name": "Charges without a published figure"}),
    )


def _priced(
    cube: xr.Dataset, tables: Tables, lengths: pd.Series | None, carry: bool
) -> Iterator[tuple[int, int, Cell, dict[str, Charge]]]:
    """Walk the quarters with a priced flow: position of route and period, cell, its charges."""
    held = _arrays(cube)
    inputs = _inputs(tables, lengths)
    starts = pd.DatetimeIndex(cube["period"].to_numpy())
    for r, route in enumerate(cube["route"].to_numpy()):
        for p in np.flatnonzero((held["flow"][r] > 0) & ~np.isnan(held["price"][r])).tolist():
            cell = _cell(held, (r, p), starts[p])
            yield r, p, cell, _quarter(str(route), cell, inputs, carry, {})


def charges(cube: xr.Dataset, tables: Tables, *, lengths: pd.Series | None = None) -> pd.DataFrame:
    """Return what makes every netback of `attach`: the border price and each charge.

    Parameters
    ----------
    cube, tables, lengths
        As in `attach`.

    Returns
    -------
    DataFrame
        ``route, period`` (first day)``, item, usd, source`` (ids)``, note``; the ``usd`` of a cell
        add up to its netback. A charge without a figure is NaN.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = charges(t.flows(), t.facts, lengths=t.lines["length_km"])
    >>> "border price" in set(table["item"])
    True
    """
    rows = []
    for r, p, cell, found in _priced(cube, tables, lengths, False):
        place = {"route": str(cube["route"].values[r]), "period": cube["period"].values[p]}
        rows.append({**place, "item": PRICE, "usd": cell.price, "source": cell.price_source})
        rows += [{**place, "item": item, "usd": c.usd, "source": c.ids, "note": c.note}
                 for item, c in found.items() if c.note != NOT_LEVIED]  # fmt: skip
    columns = ["route", "period", "item", "usd", "source", "note"]
    return pd.DataFrame(rows, columns=columns).fillna({"note": ""})


def duty_share(rows: pd.DataFrame, route: str, market: str, day: pd.Timestamp) -> tuple[float, str]:
    """Return the export duty of a route on a day as a share of the price, and its id.

    Parameters
    ----------
    rows : DataFrame
        The rows of ``tariffs.csv`` with item ``export_duty`` that count.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["tariffs"].query("item == 'export_duty'")
    >>> duty_share(rows, "nord-stream-1", "europe", pd.Timestamp("2020-06-30"))[0]
    0.3
    """
    held = [pair for pair in _candidates(list(rows_of(rows, _Duty)), route, "", market)
            if _distance(pair[1], day.date()) == 0]  # fmt: skip
    if not held:
        return 0.0, ""
    _, row = min(held, key=lambda pair: (pair[0], pair[1].id))
    return float(row.value) / 100, str(row.id)
