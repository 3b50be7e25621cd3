"""What stands idle: volume, distance and capital by route and period."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import PeriodError, UnknownName
from energy.measure import periods, validity
from energy.measure.observations import rows_of
from energy.measure.tables import NetworkEdge
from energy.network.ways import SHARED, need_bcm

LIFE = 30  # years of straight-line depreciation, an assumption; Gazprom's own lives are not cited


def stranded(
    cube: xr.Dataset,
    lines: gpd.GeoDataFrame,
    tables: facts.Tables,
    period: str,
    route: str | Sequence[str] | None = None,
    life: float = LIFE,
) -> pd.DataFrame:
    """Set capacity against flow, route by route.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        Quarterly flows in bcm.
    lines : GeoDataFrame
        Route lines; their length stands in where none is published.
    tables : Tables
        The facts, with ``capex``.
    period : str
        A quarter or any run of whole quarters: ``"2026Q1"``, ``"2025"``, ``"GY2024"``.
    route : str or list of str, optional
        Only these routes.
    life : float
        Years of straight-line depreciation, an assumption.

    Returns
    -------
    DataFrame
        Index ``route``, the most idle first. ``role``; ``capacity, flow, idle`` (bcm in the
        period; idle is capacity minus flow exactly, negative above 100 %), ``utilisation,
        above``; ``lost`` (bcm: capacity once
        there and no longer usable: broken, or an entry shut); ``length_km,
        idle_bcm_km``; ``capex`` and ``book_value`` (million USD, nominal, straight line),
        ``idle_capital`` (the idle and lost share of the book value), ``capex_id`` and
        where capacity and flow come from
        (``capacity_from, flow_from``). Missing is NaN. Only role ``export`` adds up.

    Raises
    ------
    PeriodError
        For a period outside the cube, or one without a whole quarter.
    UnknownName
        For a route that does not exist.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = stranded(t.flows(), t.lines, t.facts, "2025")
    >>> bool(table.loc["nord-stream-1", "lost"] > 50)
    True
    """
    at = _columns(cube, period)
    table = series(cube, tables).loc[lambda rows: rows["period"].isin(at)]
    table = table.groupby("route", sort=False).agg(
        {name: lambda s: s.sum(skipna=False) for name in ("capacity", "flow", "idle", "lost")}
        | {"capacity_from": "first", "flow_from": "last"}
    )
    names = tables["routes"].set_index("route")
    table.insert(0, "name", names["name"].reindex(table.index))
    table.insert(1, "role", names["role"].reindex(table.index))
    # the place of the column, beside flow and capacity
    table.insert(5, "utilisation", table["flow"] / table["capacity"].where(table["capacity"] > 0))
    table.insert(6, "above", table["utilisation"] > 1)  # beside it
    table["length_km"] = _route_lengths(tables["route-facts"], lines).reindex(table.index)
    table["idle_bcm_km"] = table["idle"] * table["length_km"]
    table = _capital(table, tables, periods.parse(period).end, life)
    wanted = _wanted(table.index, route)
    table = table if route is not None else table.dropna(how="all", subset=["capacity", "flow"])
    table = table[table.index.isin(wanted)]
    return table.sort_values("idle", ascending=False, kind="stable", na_position="last")


def _wanted(index: pd.Index, route: str | Sequence[str] | None) -> list[str]:
    names = list(index) if route is None else [route] if isinstance(route, str) else list(route)
    for name in names:
        if name not in index:
            raise UnknownName("route", name, index)
    return names


def series(cube: xr.Dataset, tables: facts.Tables) -> pd.DataFrame:
    """Return capacity, flow and idle of every route and quarter, long.

    Returns
    -------
    DataFrame
        ``route, period`` (start), ``capacity, flow, idle`` (= capacity minus flow), ``lost``
        (bcm a quarter), ``capacity_from`` (``route_facts`` or the edge whose own capacity stands
        in) and ``flow_from`` (``cube`` or ``never opened``).

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> {"capacity", "flow", "idle", "lost"} <= set(series(t.flows(), t.facts))
    True
    """
    need_bcm(cube)
    wide = {name: _wide(cube[name]) for name in ("capacity", "flow")}
    spans = [periods.containing(stamp, "Q") for stamp in wide["flow"].columns]
    years = np.array([periods.years(span.start, span.end) for span in spans])
    own = _own_capacity(tables, wide["flow"].columns).reindex(wide["flow"].index)
    borrowed = wide["capacity"].isna() & own.notna()
    capacity = wide["capacity"].fillna(own)
    shut = _never_opened(tables)
    never = wide["flow"].index.isin(shut)[:, None]
    zero = pd.DataFrame(wide["flow"].isna() & capacity.notna() & never)
    flow = wide["flow"].mask(zero, 0.0)
    built = capacity.div(years, axis=1).cummax(axis=1).ffill(axis=1).mul(years, axis=1)
    parts = {"capacity": capacity, "flow": flow, "idle": capacity - flow,
             # rounding of the rates a year is no lost capacity
             "lost": (built - capacity).clip(lower=0).mask(lambda x: x < 1e-9, 0.0),
             "capacity_from": _words(borrowed, "network-edges", "route-facts"),
             "flow_from": _words(zero, "never opened", "cube")}  # fmt: skip
    long = pd.DataFrame({name: part.stack(future_stack=True) for name, part in parts.items()})  # noqa: PD013
    return long.rename_axis(["route", "period"]).reset_index()


def _words(where: pd.DataFrame, yes: str, no: str) -> pd.DataFrame:
    return pd.DataFrame(np.where(where, yes, no), where.index, where.columns)


def _wide(array: xr.DataArray) -> pd.DataFrame:
    return pd.DataFrame(
        array.values, array["route"].values, pd.DatetimeIndex(array["period"].values)
    )


def _own_capacity(tables: facts.Tables, stamps: pd.Index) -> pd.DataFrame:
    """Return capacity by quarter for routes whose size only an edge states, bcm a quarter."""
    edges = tables["network-edges"]
    edges = edges[(edges["route"] != "") & edges["capacity"].notna() & edges["status"].isin(SHARED)]
    starts = pd.DatetimeIndex(stamps)
    spans = [periods.containing(stamp, "Q") for stamp in starts]
    found: dict[str, np.ndarray] = {}
    for row in rows_of(edges, NetworkEdge):
        since, until = validity.bounds(row.valid_from, row.valid_to)
        years = [periods.years(max(s.start, since), min(s.end, until)) for s in spans]
        part = np.array([row.capacity * share if share > 0 else np.nan for share in years])
        held = found.get(row.route, np.full(len(starts), np.nan))
        found[row.route] = np.where(np.isnan(held), part, held + np.nan_to_num(part))
    return pd.DataFrame.from_dict(found, orient="index", columns=stamps)


def _never_opened(tables: facts.Tables) -> set[str]:
    """Return routes that stand idle or destroyed and have no first day of flow among the facts."""
    routes, route_facts = tables["routes"], tables["route-facts"]
    opened = set(route_facts.loc[route_facts["attribute"] == "start", "route"])
    idle = routes[routes["status"].isin(["idle", "lost"]) & (routes["role"] == "export")]
    flown = set(tables["volumes"]["entity"])
    return set(idle["route"]) - opened - flown


def _columns(cube: xr.Dataset, period: str) -> list[pd.Timestamp]:
    """Return the cube's quarters that make up a period."""
    need_bcm(cube)
    asked, stamps = periods.parse(period), pd.DatetimeIndex(cube["period"].values)
    whole = periods.span(asked.start, asked.end - dt.timedelta(days=1), "Q")
    first, last = stamps[0], stamps[-1] + pd.DateOffset(months=3, days=-1)
    if whole[0].start != asked.start or whole[-1].end != asked.end:
        raise PeriodError(
            f"Period {period!r} is no run of whole quarters; ask for 2026Q1, 2025H2 or 2025."
        )
    wanted = [pd.Timestamp(part.start) for part in whole]
    if not set(wanted) <= set(stamps):
        raise PeriodError(
            f"No flows for {period}: the data run from {first.date()} to {last.date()}."
        )
    return wanted


def _route_lengths(route_facts: pd.DataFrame, lines: gpd.GeoDataFrame) -> pd.Series:
    published = route_facts[route_facts["attribute"] == "length"].drop_duplicates(
        "route", keep="last"
    )
    return published.set_index("route")["value"].astype(float).combine_first(lines["length_km"])


def _capital(table: pd.DataFrame, tables: facts.Tables, end: dt.date, life: float) -> pd.DataFrame:
    """Add cost, book value and the idle part of it, million USD nominal."""
    cost = capital_cost(tables)
    age = _age(tables["route-facts"], end).reindex(table.index)
    table["capex"] = cost["usd"].reindex(table.index)
    table["book_value"] = table["capex"] * (1 - age / life).clip(0, 1)
    gone = (table["idle"] + table["lost"]) / (table["capacity"] + table["lost"])
    table["idle_capital"] = table["book_value"] * gone.clip(0, 1)
    table["capex_id"] = cost["id"].reindex(table.index).fillna("")
    return table


def capital_cost(tables: facts.Tables) -> pd.DataFrame:
    """Return what each route cost to build: index ``route``; ``usd`` (million, nominal), ``id``.

    The figure of the best rank that is in dollars, or in roubles with the mean rate of its year;
    no rate of the euro stands in ``fx.csv``, so euro figures are shown in ``capex.csv`` only.

    Examples
    --------
    >>> from energy import facts
    >>> bool((capital_cost(facts.load())["usd"] > 0).all())
    True
    """
    fx = tables["fx"]
    mean = fx[(fx["kind"] == "mean") & (fx["freq"] == "A") & (fx["status"] == "actual")]
    rouble = mean.drop_duplicates("period", keep="last").set_index("period")["value"]
    table = tables["capex"].sort_values(["route", "rank"])
    rate = table["year"].astype(str).map(rouble).where(table["unit"] == "million RUB")
    table["usd"] = table["value"] / rate.mask(table["unit"] == "million USD", 1.0)
    return table.dropna(subset="usd").drop_duplicates("route").set_index("route")[["usd", "id"]]


def _age(route_facts: pd.DataFrame, end: dt.date) -> pd.Series:
    """Return the years since a route's start, else since its first capacity."""
    starts = route_facts[route_facts["attribute"] == "start"].set_index("route")["value"]
    sized = route_facts[
        (route_facts["attribute"] == "capacity") & (route_facts["valid_from"] != "")
    ]
    first = starts.combine_first(sized.groupby("route")["valid_from"].min())
    return pd.Series(
        {route: periods.years(periods.parse(text).start, end) for route, text in first.items()}
    )


def total(table: pd.DataFrame) -> pd.Series:
    """Sum the export routes of a `stranded` table; ``unknown`` lists those without an idle figure.

    Examples
    --------
    >>> import energy
    >>> total(energy.load().network.idle.stranded("2025"))["lost"] > 50
    True
    """
    export = table[table["role"] == "export"]
    names = ["capacity", "flow", "idle", "lost", "idle_bcm_km", "idle_capital"]
    known = export.dropna(subset="idle")
    summed = known[names].sum(min_count=1).astype(object)
    summed["above"] = ";".join(known.index[known["above"]])
    summed["unknown"] = ";".join(export.index[export["idle"].isna() & export["capacity"].notna()])
    return summed
