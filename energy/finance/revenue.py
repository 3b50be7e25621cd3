"""Price and revenue on the flow cube: what the gas of each route was worth at the border."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy import flows
from energy.balance import cube as cubes
from energy.measure.observations import STATUS
from energy.measure.tables import Tables

WORDS = {
    "price_p10": {"long_name": "Price of which one in ten lies below", "units": "USD/1000 m3"},
    "price_p90": {"long_name": "Price of which one in ten lies above", "units": "USD/1000 m3"},
    "price": {"long_name": "Border price", "units": "USD/1000 m3 (20 °C)",
              "comment": "of gas that flowed: missing where none did or is known of"},
    "revenue": {"long_name": "Flow times border price", "units": "million USD"},
    "revenue_p10": {"long_name": "Revenue of which one in ten lies below", "units": "million USD",
                    "comment": "of the flow's interval, and the price's where it is modelled"},
    "revenue_p90": {"long_name": "Revenue of which one in ten lies above", "units": "million USD",
                    "comment": "of the flow's interval, and the price's where it is modelled"},
    "price_status": {"long_name": "Standing of the price"},
    "price_source": {"long_name": "Ids of the figures behind the price"},
}  # fmt: skip

NO_GAS = 0.0005
"""Bcm below which a flow is told as 0.000: nothing was sold, so there is no price of it."""


def priced(cube: xr.Dataset, tables: Tables, table: pd.DataFrame) -> xr.Dataset:
    """Add price and revenue to a cube of any unit: on months and quarters directly, on years
    from their quarters.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        From `energy.flows.build`.
    tables : Tables
        The facts the cube was built from.
    table : DataFrame
        From `energy.finance.prices.by_market`.

    Examples
    --------
    >>> import energy
    >>> from energy.finance import prices
    >>> t = energy.load()
    >>> table = prices.by_market(t.facts["prices"], t.facts["volumes"])
    >>> cube = flows.build(t.facts, "A", first="2021", last="2021")
    >>> "revenue" in priced(cube, t.facts, table)
    True
    """
    freq = cube.attrs["freq"]
    fine = "Q" if freq in ("A", "G") else freq
    if (cube.attrs["unit"], cube.attrs["basis"], fine) == (*flows.INNER, freq):
        return attach(cube, cube["flow"], table)
    estimate = cube.attrs.get("estimate", "reported")
    inner = cubes.flow_cube(tables, fine, *flows.INNER, *flows.bounds(cube), estimate)
    inner = attach(inner, inner["flow"], table)
    if fine != freq:
        return roll_up(cube, inner)
    return cube.assign({name: inner[name] for name in WORDS if name in inner})


def attach(cube: xr.Dataset, volume: xr.DataArray, table: pd.DataFrame) -> xr.Dataset:
    """Add ``price``, ``price_status``, ``price_source`` and ``revenue`` to months or quarters.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        From `energy.flows.build`, freq M or Q; its ``market`` picks the price.
    volume : DataArray, dims (route, period)
        The same flow in bcm at 20 °C, the cubic metre that Russian prices are quoted for.
    table : DataFrame
        From `energy.finance.prices.by_market`: ``market, period, price, status, id``, by quarter.

    Returns
    -------
    Dataset
        Price in USD/1000 m3 (20 °C) with ``price_p10, price_p90`` where it is modelled (NaN where
        printed), revenue in million USD: 1 bcm at 1 USD/1000 m3 is worth
        1 million USD; ``revenue_p10, revenue_p90`` where the flow has an interval. A missing price
        or flow leaves revenue missing. Where no gas flowed, or none is known of, nothing was sold:
        no price, no standing, no source; revenue is what flowed (0).

    Examples
    --------
    >>> import energy
    >>> from energy.finance import prices
    >>> t = energy.load()
    >>> table = prices.by_market(t.facts["prices"], t.facts["volumes"])
    >>> cube = t.flows(first="2021Q1", last="2021Q2")
    >>> sorted(set(attach(cube, cube["flow"], table)) & {"price", "revenue"})
    ['price', 'revenue']
    """
    quarters = pd.DatetimeIndex(cube["period"].values).to_period("Q").to_timestamp()
    known = table.set_index(["market", "period"])
    shape, dims = cube["flow"].shape, cube["flow"].dims
    wanted = [cube["market"].values.ravel(), np.tile(quarters.to_numpy(), shape[0])]
    found = known.reindex(pd.MultiIndex.from_arrays(wanted, names=["market", "period"]))
    cube = cube.assign(
        price=(dims, found["price"].to_numpy().reshape(shape)),
        price_p10=(dims, _column(found, "p10").reshape(shape)),
        price_p90=(dims, _column(found, "p90").reshape(shape)),
        price_status=(dims, found["status"].fillna("").to_numpy(object).reshape(shape)),
        price_source=(dims, found["id"].fillna("").to_numpy(object).reshape(shape)),
        revenue=volume * found["price"].to_numpy().reshape(shape),
    )
    return _named(_with_ends(_without_empty(cube, volume)))


def without_gas(volume: Any) -> Any:
    """Say of which flows in bcm there is no price: none flowed, or nobody knows of any.

    >>> without_gas(xr.DataArray([0.0, 0.0004, 0.2, np.nan])).values.tolist()
    [True, True, False, True]
    """
    return ~(abs(volume) >= NO_GAS)


def _without_empty(cube: xr.Dataset, volume: xr.DataArray) -> xr.Dataset:
    """Take the price from where no gas flowed: 365 USD of nothing would be told as a sale."""
    gas = ~without_gas(volume)
    names = ("price", "price_p10", "price_p90", "price_status", "price_source")
    return cube.assign(
        {
            name: cube[name].where(gas, "" if cube[name].dtype == object else np.nan)
            for name in names
        }
    )


def _column(found: pd.DataFrame, name: str) -> np.ndarray:
    """Return the ends of an interval; NaN where the table of prices has none."""
    return found[name].to_numpy(float) if name in found else np.full(len(found), np.nan)


def weights(cube: xr.Dataset, routes: pd.DataFrame) -> dict[str, pd.Series]:
    """Return what export routes brought to each market by quarter.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        Quarters with ``flow`` and ``market``.
    routes : DataFrame
        ``route, role``: only the role ``export`` counts, so that no gas counts twice.

    Returns
    -------
    dict of str to Series
        Market to bcm, index quarter text such as ``2022Q1``; nothing known counts as nought.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> sorted(weights(t.flows(), t.facts["routes"]))[:3]
    ['armenia', 'belarus', 'central-asia']
    """
    export = set(routes.loc[routes["role"] == "export", "route"])
    held = cube.sel(route=[name for name in cube["route"].to_numpy() if name in export])
    table = held[["flow", "market"]].to_dataframe().reset_index()
    table["period"] = pd.PeriodIndex(table["period"], freq="Q").astype(str)
    sums = table[table["flow"] > 0].groupby(["market", "period"])["flow"].sum()
    quarters = list(dict.fromkeys(table["period"]))
    return {
        str(market): sums[market].reindex(quarters).fillna(0.0)
        for market in sums.index.get_level_values("market").unique()
    }


def roll_up(cube: xr.Dataset, fine: xr.Dataset) -> xr.Dataset:
    """Add price and revenue to years from priced quarters.

    Revenue is the sum of the quarters; it is missing when a quarter with gas has no price. The
    price of the year is revenue over volume, so the quarters weigh by what flowed.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        Calendar or gas years.
    fine : Dataset, dims (route, period)
        The quarters of the same years in bcm at 20 °C, from `attach`.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> year = flows.build(t.facts, "A", first="2021", last="2021")
    >>> cube = roll_up(year, t.flows(first="2021Q1", last="2021Q4", estimate="reported"))
    >>> bool(cube["revenue"].sel(route="nord-stream-1").item() > 0)  # million USD
    True
    """
    starts = pd.DatetimeIndex(cube["period"].values)
    place = starts.searchsorted(pd.DatetimeIndex(fine["period"].values), side="right") - 1
    dims, shape = cube["flow"].dims, cube["flow"].shape
    price, revenue = np.full(shape, np.nan), np.full(shape, np.nan)
    ends = {name: np.full(shape, np.nan) for name in ("price_p10", "price_p90")}
    status, source = np.full(shape, "", dtype=object), np.full(shape, "", dtype=object)
    for p in range(len(starts)):
        part = _of_the_year(cube, fine, p).isel(period=np.flatnonzero(place == p))
        revenue[:, p], price[:, p] = _weighted(part["flow"].values, part["revenue"].values)
        for name, held in ends.items():
            held[:, p] = _end(part, name, price[:, p])
        for r in range(shape[0]):
            status[r, p] = _one(part["price_status"].values[r])
            source[r, p] = ";".join(sorted(_parts(part["price_source"].values[r])))
    made = cube.assign(
        price=(dims, price), price_status=(dims, status), price_source=(dims, source),
        revenue=(dims, revenue), price_p10=(dims, ends["price_p10"]), price_p90=(dims, ends["price_p90"]),
    )  # fmt: skip
    return _named(_with_ends(made))


def _with_ends(cube: xr.Dataset) -> xr.Dataset:
    """Add the ends of the revenue where the flow has an interval.

    Flow and price err apart from each other, so the distances of both to an end, as shares, add up
    in squares. A printed price has no interval of its own. Gas of one direction earns no less than
    nothing; of none, which has no price, there is no interval.
    """
    if not {"flow_p10", "flow_p90"} <= set(cube.data_vars):
        return cube
    flow, price, ends = cube["flow"], cube["price"], {}
    middle = cube["balanced"].fillna(flow) if "balanced" in cube else flow
    middle = middle.where(middle != 0)
    worth = cube["revenue"] * (middle / flow)
    for end, side in (("p10", -1), ("p90", 1)):
        by_flow = (cube[f"flow_{end}"] - middle) / middle
        by_price = ((cube[f"price_{end}"] - price) / price).fillna(0.0)
        edge = (worth + side * abs(worth) * np.hypot(by_flow, by_price)).where(price.notnull())
        ends[f"revenue_{end}"] = edge.where((edge > 0) | (cube[f"flow_{end}"] < 0), edge * 0)
    return cube.assign(ends)


def _of_the_year(cube: xr.Dataset, fine: xr.Dataset, p: int) -> xr.Dataset:
    """Return the quarters with the flow that the year has: of a year not over yet the published one.

    The balance may know quarters of which the year's figure, a published part, says nothing.
    """
    if "reported" not in fine or cube.attrs.get("estimate") != "balanced":
        return fine
    over = cube["status"].isel(period=p, drop=True) == "balanced"
    flow = fine["flow"].where(over, fine["reported"])
    return fine.assign(flow=flow, revenue=fine["revenue"].where(over, flow * fine["price"]))


def _weighted(flow: np.ndarray, revenue: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return revenue and mean price over the last axis."""
    gas = flow > 0
    lacking = (gas & np.isnan(revenue)).any(axis=1) | np.isnan(flow).all(axis=1)
    total = np.where(lacking, np.nan, np.nansum(np.where(gas, revenue, 0.0), axis=1))
    volume = np.nansum(np.where(gas, flow, 0.0), axis=1)
    return total, np.divide(total, volume, out=np.full(len(total), np.nan), where=volume >= NO_GAS)


def _end(part: xr.Dataset, name: str, price: np.ndarray) -> np.ndarray:
    """Return one end of the interval of a year: printed quarters have none, so they stand as they are.

    The errors of one model go together, so the ends of the quarters are weighed as they are.
    """
    if name not in part:
        return np.full(len(price), np.nan)
    held = (part[name].fillna(part["price"]) * part["flow"]).fillna(part["revenue"])
    _, mean = _weighted(part["flow"].values, held.values)
    any_model = (part[name].notnull() & (part["flow"] > 0)).any("period").values
    return np.where(any_model & ~np.isnan(price), mean, np.nan)


def _one(status: np.ndarray) -> str:
    """Return the weakest standing among the parts."""
    found = [name for name in status if name in STATUS]
    return max(found, key=STATUS.index, default="")


def _parts(ids: np.ndarray) -> set[str]:
    return {part for text in ids for part in text.split(";") if part}


def _named(cube: xr.Dataset) -> xr.Dataset:
    for name in (name for name in WORDS if name in cube):
        cube[name].attrs = WORDS[name]
    return cube
