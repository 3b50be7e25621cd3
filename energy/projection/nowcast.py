"""The quarter that runs, and the last one: what is known of it on a day, and how far it may be off.

The model of the projection says what to expect of a quarter; the months and days of it that are
published already say how it goes. Nothing later than the day enters. What comes after the running
quarter is the projection's business.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd
import xarray as xr

from energy import flows
from energy.errors import EnergyError
from energy.measure import periods
from energy.measure.tables import Tables
from energy.projection import backtest, ramp, setup

COLUMNS = ["route", "quarter", "p10", "p50", "p90", "known", "coverage"]
LAGS = (15, 30, 60)
"""Days after a quarter's end at which the nowcast is tested."""
KEPT = 0.8
"""Correlation between what is known of a quarter and its rest, over what the model expects;
an assumption (METHOD, section 3a)."""
NORMAL = 1.2815515655446004
"""Standard deviations from the median to the ninetieth percentile."""


def nowcast(tables: Tables, day: dt.date) -> pd.DataFrame:
    """Return the last finished and the running quarter of each route, where they are not known whole.

    Parameters
    ----------
    tables : Tables
        As they were known on the day.
    day : date

    Returns
    -------
    DataFrame
        ``route, quarter`` (as 2026Q2), ``p10, p50, p90`` (bcm of the whole quarter), ``known``
        (bcm published of it so far) and ``coverage`` (share of its days they cover).

    Raises
    ------
    MissingExtra
        Without statsmodels.
    """
    cube = flows.build(tables, "Q")
    running = periods.quarter_number(day)
    last = pd.Timestamp(cube["period"].values[-1]).date()  # a dated stop reaches ahead of the day
    until = max(running, periods.quarter_number(last))
    made = setup(tables, cube, until=periods.quarter_label(until), scenarios=["baseline"], as_of=day.isoformat(),
                 revenue=False, tree=None, timing=None)  # fmt: skip
    rows = []
    for route, specs in zip(made.plan.routes, made.plan.variants, strict=True):
        known = set(ramp.history(cube, route).quarters.tolist())
        if not known or made.shared.past[route].flows[-ramp.STALE :].max() <= 0:
            continue
        for number in (running - 1, running):
            if number not in known and number >= made.span.first:
                part, cover = _published(cube, route, number)
                rows.append((route, periods.quarter_label(number), *_combined(specs[0], number - made.span.first,
                                                               part, cover), part, cover))  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _published(cube: xr.Dataset, route: str, number: int) -> tuple[float, float]:
    """Return the flow published of a quarter and the share of its days that it covers."""
    stamp = pd.Timestamp(periods.quarter_start(number))
    if stamp not in pd.DatetimeIndex(cube["period"].values):
        return 0.0, 0.0
    cell = cube.sel(route=route, period=stamp)
    flow, cover = float(cell["flow"]), float(cell["coverage"])
    return (flow, cover) if np.isfinite(flow) and np.isfinite(cover) and cover > 0 else (0.0, 0.0)


def _combined(
    spec: ramp.RouteSpec, at: int, part: float, cover: float
) -> tuple[float, float, float]:
    """Return P10, P50 and P90 of a quarter: what is known, and the rest as both make it likely."""
    mean = float(spec.base[at])
    spread = mean * float(np.sqrt((spec.noise[:, at] ** 2).sum() + spec.white[at] ** 2))
    kept = KEPT if cover > 0 else 0.0
    rest = mean if cover == 0 else mean + kept * (part / cover - mean)
    middle = part + (1 - cover) * rest
    half = NORMAL * (1 - cover) * spread * float(np.sqrt(1 - kept**2))
    top = max(float(spec.cap[at]), part)
    low, mid, high = (float(np.clip(x, part, top)) for x in (middle - half, middle, middle + half))
    return low, mid, high


def replay(
    tables: Tables, quarters: Sequence[str], lags: Sequence[int] = LAGS,
    known: backtest.Known = backtest.as_known,
) -> pd.DataFrame:  # fmt: skip
    """Nowcast past quarters some days after their end, on what was known then.

    Parameters
    ----------
    tables : Tables
        Everything known today; the truth is taken from it.
    quarters : sequence of str
        As ``2023Q1``.
    lags : sequence of int
        Days after the quarter's end.

    Returns
    -------
    DataFrame
        ``route, quarter, lag, p10, p50, p90, actual, error, inside80, same_last_year`` (the error
        of the same quarter a year before, NaN where that was not known then). A quarter that was
        known whole by then is not there: nothing was left to say.

    Raises
    ------
    EnergyError
        If no quarter is named.
    """
    if not quarters:
        raise EnergyError("No quarter is named; give some, as 2023Q1.")
    truth, parts = backtest.whole(flows.build(tables, "Q")).to_pandas(), []
    for quarter in quarters:
        period = pd.Period(quarter, freq="Q")
        for lag in lags:
            day = (period.end_time + pd.Timedelta(days=lag)).date()
            then = known(tables, day)
            found = nowcast(then, day)
            found = found[found["quarter"] == quarter].assign(lag=lag)
            past = backtest.whole(flows.build(then, "Q")).to_pandas()
            before = past.get((period - 4).start_time, pd.Series(dtype=float))
            actual = found["route"].map(truth.get(period.start_time, pd.Series(dtype=float)))
            parts.append(found.assign(actual=actual, before=found["route"].map(before)))
    table = pd.concat(parts, ignore_index=True)
    table = table[table["actual"].notna()].reset_index(drop=True)
    inside = (table["p10"] <= table["actual"]) & (table["actual"] <= table["p90"])
    return table.assign(error=table["p50"] - table["actual"], inside80=inside,
                        same_last_year=table["before"] - table["actual"]).drop(columns="before")  # fmt: skip


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """Return by lag how many were nowcast, the mean absolute errors, and the share held.

    Examples
    --------
    >>> rows = pd.DataFrame({"lag": [15, 15], "error": [1.0, -3.0], "same_last_year": [2.0, 2.0],
    ...                      "inside80": [True, False]})
    >>> summary(rows).loc[15].tolist()
    [2.0, 2.0, 2.0, 0.5]
    """
    sizes = table.assign(error=table["error"].abs(), before=table["same_last_year"].abs())
    grouped = sizes.groupby("lag")
    return pd.DataFrame({"quarters": grouped.size().astype(float), "error": grouped["error"].mean(),
                         "same_last_year": grouped["before"].mean(),
                         "inside80": grouped["inside80"].mean()})  # fmt: skip
