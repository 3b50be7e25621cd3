"""What a customs value says of a volume: it is divided by a price that is fitted to oil.

China's customs print values where they print no mass any more. The contract follows oil, step by
step of a quarter; the fit stands on the months of which both value and mass are printed and on the
ministry's prices of whole years, never on a volume of Gazprom, so that it says something new.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

import numpy as np
import pandas as pd

from energy.measure import periods
from energy.measure.tables import Tables

VALUE, MASS = "customs_value", "customs_mass"
OIL, YEARS = "wb_brent", "ministry_china"
WINDOW = 9  # months of oil behind a price
LATE = 1  # months between oil and its step, and between a step and the customs' month
LEAST = 8  # prints below which nothing is fitted


@dataclasses.dataclass(frozen=True)
class Price:
    """A price that follows oil.

    Attributes
    ----------
    base, slope : float
        USD/1000 m3 at 20 °C, and of it for each USD a barrel.
    error : float
        Root mean square of the relative errors of prints left out one by one.
    oil : mapping of int to float
        USD a barrel by number of the month.
    """

    base: float
    slope: float
    error: float
    oil: Mapping[int, float]

    def of(self, period: str) -> float:
        """Return the mean price of a period; NaN where oil is not known far enough back.

        Examples
        --------
        >>> flat = Price(10.0, 3.0, 0.05, dict.fromkeys(range(24000, 24400), 50.0))
        >>> flat.of("2021")
        160.0
        """
        return self.base + self.slope * behind(self.oil, period)


def behind(oil: Mapping[int, float], period: str) -> float:
    """Return the oil behind the prices of a period, a mean over its months.

    Examples
    --------
    February to April have the price of the first quarter, which follows March to November.

    >>> oil = {24253 - 13 + k: float(k) for k in range(30)}  # 24253: February 2021
    >>> behind(oil, "2021-02") == behind(oil, "2021-04") == behind(oil, "2021-05") - 3
    True
    """
    means = []
    for year, month, share in periods.months(periods.parse(period)):
        booked = periods.month_start(periods.month_number(dt.date(year, month, 1)) - LATE)
        step = periods.month_number(periods.containing(booked, "Q").start)
        window = [oil.get(step - LATE - k, np.nan) for k in range(WINDOW)]
        means.append((float(np.mean(window)), share))
    return float(np.average([m for m, _ in means], weights=[w for _, w in means]))


def fitted(tables: Tables, density: float) -> Price | None:
    """Fit the price of Russian gas at China's border.

    Parameters
    ----------
    tables : Tables
        With ``volumes`` (customs value and mass) and ``prices`` (oil, the ministry's prices).
    density : float
        kg/m3 at 20 °C.

    Returns
    -------
    Price or None
        None where too little is known, as on an early day. Relative errors are made small.

    Examples
    --------
    >>> from energy import facts
    >>> price = fitted(facts.load(), 0.7239)
    >>> bool(2 < price.slope < 4), bool(price.error < 0.1)
    (True, True)
    """
    if not {"prices", "volumes"} <= set(tables):
        return None
    prices = tables["prices"]
    rows = prices[(prices["series"] == OIL) & (prices["freq"] == "M")]
    rows = rows.sort_values("published", kind="stable")
    oil = {periods.month_number(periods.parse(month).start): float(value)
           for month, value in zip(rows["period"], rows["value"], strict=True)}  # fmt: skip
    prints = pd.concat([_months(tables["volumes"], density), _years(prices)])
    held = np.array([behind(oil, period) for period in prints.index])
    known = np.isfinite(held)
    if known.sum() < LEAST:
        return None
    body = np.column_stack([np.ones(known.sum()), held[known]]) / prints.to_numpy()[known, None]
    inverse = np.linalg.pinv(body)
    base, slope = inverse.sum(axis=1)
    left = (1 - body @ [base, slope]) / (1 - np.diag(body @ inverse))
    return Price(float(base), float(slope), float(np.sqrt((left**2).mean())), oil)


def _months(volumes: pd.DataFrame, density: float) -> pd.Series[float]:
    """Return the prices of single months of which value and mass are printed, USD/1000 m3."""
    mine = volumes[(volumes["entity"] == "china") & (volumes["period"].str.len() == 7)]
    value, mass = (mine[(mine["series"] == series) & (mine["unit"] == unit)]
                   .drop_duplicates("period").set_index("period")["value"]
                   for series, unit in ((VALUE, "million USD"), (MASS, "kt")))  # fmt: skip
    made = (value / mass * density * 1e3).dropna()
    return made[made.index > "2019-12"]  # the first month is booked in part


def _years(prices: pd.DataFrame) -> pd.Series[float]:
    told = prices[(prices["series"] == YEARS) & (prices["status"] != "plan")]
    newest = told.sort_values("published", kind="stable").drop_duplicates("period", keep="last")
    return newest.set_index("period")["value"].astype(float)
