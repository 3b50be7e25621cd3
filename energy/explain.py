"""How a shown number is made: every step from figures as published to a cell of the cube."""

from __future__ import annotations

import datetime as dt

import pandas as pd
import xarray as xr

from energy import facts, flows, periods
from energy.observations import rows_of

COLUMNS = [
    "quantity",
    "month",
    "id",
    "value",
    "unit",
    "basis",
    "bcm",
    "taken",
    "share",
    "part",
    "how",
]
SPREAD = "({value:g} {unit} {basis} = {bcm:.6g} bcm at 20 °C, less {taken:.6g} told by shorter figures) x {share:.6g}"


def explain(
    tables: facts.Tables, cube: xr.Dataset, prices: pd.DataFrame, route: str, period: str
) -> pd.DataFrame:
    """Return the steps behind flow, capacity, price and revenue of a route in a period.

    Parameters
    ----------
    tables : dict of DataFrame
        The facts.
    cube : Dataset
        The quarters, from `energy.flows.build`, priced, in bcm at 20 °C.
    prices : DataFrame
        From `energy.finance.prices.by_market`.
    route : str
        Route id.
    period : str
        A month, quarter, calendar year or gas year.

    Returns
    -------
    DataFrame
        One row a step: ``quantity`` (flow, capacity, price, revenue)``, month`` (or first day of
        the quarter)``, id`` (cite it)``, value, unit, basis`` as published, ``bcm`` (the figure at
        20 °C)``, taken, share, part, how``. The parts of flow add up to the flow, those of
        capacity to the capacity, those of revenue to the revenue, to the last digit; ``part`` of
        price is the price of each quarter in USD/1000 m3.

    Raises
    ------
    PeriodError
        For a period without any figure.
    """
    span = periods.parse(period)
    last = str(span.end - dt.timedelta(days=1))
    flow = flows.parts(tables, route, str(span.start), last).assign(quantity="flow")
    flow["how"] = [_told(row) for row in flow.to_dict("records")]
    found = [flow, _capacity(tables["route-facts"], route, span)]
    if span.freq in ("Q", "A", "G"):
        found += _money(cube, prices, route, span)
    return (
        pd.concat([rows for rows in found if len(rows)] or [flow])
        .reindex(columns=COLUMNS)
        .reset_index(drop=True)
    )


def _told(row: dict) -> str:
    if pd.isna(row["value"]):
        return "closed by a dated fact: a stated zero"
    return SPREAD.format(**row)


def _capacity(route_facts: pd.DataFrame, route: str, span: periods.Period) -> pd.DataFrame:
    """Return the dated capacities of a period, each with its share of a year."""
    held = flows.capacity_parts(
        route_facts[route_facts["route"] == route], [(span.start, span.end)]
    )
    rows = [
        {"quantity": "capacity", "month": begin, "id": row.id, "value": float(row.value),
         "unit": row.unit, "basis": row.basis, "share": years, "part": float(row.value) * years,
         "how": f"{row.value} {row.unit} for {years:.6g} years from {begin}"}
        for row, _, begin, years in held
    ]  # fmt: skip
    return pd.DataFrame(rows)


def _money(
    cube: xr.Dataset, prices: pd.DataFrame, route: str, span: periods.Period
) -> list[pd.DataFrame]:
    """Return the price of each quarter and what its gas was worth."""
    quarters = pd.DatetimeIndex(cube["period"].values)
    inside = (quarters >= pd.Timestamp(span.start)) & (quarters < pd.Timestamp(span.end))
    mine = cube.sel(route=route).isel(period=inside)
    price, revenue = [], []
    for stamp in pd.DatetimeIndex(mine["period"].values):
        cell = mine.sel(period=stamp)
        told = prices[
            (prices["market"] == str(cell["market"].item())) & (prices["period"] == stamp)
        ]
        for row in rows_of(told):
            volume = float(cell["flow"])
            same = {"month": stamp.date(), "id": row.id, "value": row.price, "unit": row.unit}
            price.append(
                {"quantity": "price", **same, "basis": "20C", "part": row.price, "how": row.reason}
            )
            if volume == volume:
                revenue.append({"quantity": "revenue", **same, "bcm": volume, "part": volume * row.price,
                                "how": "flow in bcm x price in USD/1000 m3 = million USD"})  # fmt: skip
    return [pd.DataFrame(price), pd.DataFrame(revenue)]
