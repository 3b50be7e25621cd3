"""Pictures of projections: history solid, what may come hatched and lighter.

Matplotlib is imported when a picture is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import EnergyError, UnknownName
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.plotting import axes
from energy.projection import ramp, scenarios

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SOLID, FAN, PLAIN, PALE = "#0072B2", "#56B4E9", "#4D4D4D", "#BBBBBB"
HATCH = "///"


def fan(
    result: xr.Dataset,
    route: str,
    cube: xr.Dataset | None = None,
    *,
    scenario: str = scenarios.MIXTURE,
    variable: str = "flow",
    by: str = "quarter",
    events: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw one route (or a market): history as a solid line, the projection as a hatched fan.

    Parameters
    ----------
    result : Dataset
        From `energy.projection.project`.
    route : str
        A route, or a market for ``exports`` and ``market_revenue``.
    cube : Dataset, optional
        Quarterly flows, for the history.
    scenario : str
    variable : str
        ``flow, revenue, exports, market_revenue``.
    by : {"quarter", "year"}
    events : DataFrame, optional
        The table of facts; those of the route are marked, those ahead dashed.

    Raises
    ------
    UnknownName
        For a scenario, route or variable that the result lacks.
    """
    part = _part(result, route, scenario, variable, by)
    ax = axes(ax)
    at = _ahead(part, by)
    ends = part["quantile"].values
    middle = part.sel(quantile=0.5, method="nearest")
    for low, high in zip(ends[: len(ends) // 2], ends[::-1], strict=False):
        ax.fill_between(at, part.sel(quantile=low), part.sel(quantile=high), step="mid",
                        facecolor=FAN, edgecolor=SOLID, linewidth=0, hatch=HATCH, alpha=0.3,
                        label=f"P{low * 100:.0f} - P{high * 100:.0f}, {scenario}")  # fmt: skip
    ax.plot(at, middle, color=FAN, lw=1.5, ls="--", label="P50")
    if cube is not None and variable in cube and route in cube["route"].values:
        _history(ax, cube, route, variable, by)
    ax.set(ylabel=part.attrs.get("units", ""), title=route, ylim=(0, None))
    ax.legend(frameon=False, fontsize=7)
    return _marked(ax, events, route) if events is not None else ax


def _part(result: xr.Dataset, route: str, scenario: str, variable: str, by: str) -> xr.DataArray:
    if by not in ("quarter", "year"):
        raise EnergyError(f"by is {by!r}; draw by 'quarter' or 'year'.")
    name = variable if by == "quarter" else f"{variable}_year"
    if name not in result:
        raise UnknownName("variable", name, [str(each) for each in result.data_vars])
    side = "route" if "route" in result[name].dims else "market"
    for kind, value in (("scenario", scenario), (side, route)):
        if value not in result[kind].values:
            raise UnknownName(kind, value, result[kind].values.tolist())
    return result[name].sel({"scenario": scenario, side: route})


def _ahead(part: xr.DataArray, by: str) -> np.ndarray:
    if by == "year":
        return part["year"].values + 0.5
    return _middles(pd.DatetimeIndex(part["period"].values))


def _middles(stamps: pd.DatetimeIndex) -> np.ndarray:
    """Return the middle of each quarter as a decimal year."""
    return np.array([periods.middle(periods.containing(stamp, "Q")) for stamp in stamps])


def _history(ax: Axes, cube: xr.Dataset, route: str, variable: str, by: str) -> None:
    """Draw what is known whole: quarters that figures cover, years with four of them."""
    part = cube.sel(route=route)
    values = part[variable].where(part["coverage"] >= ramp.COVERED).to_series()
    if by == "year":
        groups = values.groupby(pd.DatetimeIndex(values.index).year)
        values = groups.sum()[groups.count() == 4]
        at = values.index.to_numpy() + 0.5
    else:
        at = _middles(pd.DatetimeIndex(values.index))
    ax.plot(at, values, color=SOLID, lw=1.8, label="history")


class _Dated(NamedTuple):
    """An event, its date, and whether it lies ahead."""

    event: str
    date: str
    scheduled: bool


def _marked(ax: Axes, events: pd.DataFrame, route: str) -> Axes:
    """Mark the route's events inside the axes; dates ahead are dashed."""
    low, high = ax.get_xlim()
    mine = events[events["routes"].str.split(";").map(lambda names: route in names)]
    for row in rows_of(mine, _Dated):
        at = periods.decimal_year(periods.parse(row.date).start)
        if low <= at <= high:
            ahead = bool(row.scheduled)
            ax.axvline(at, color=PALE, lw=0.8, ls="--" if ahead else "-", zorder=0)
            ax.annotate(row.event, (at, 1), xycoords=("data", "axes fraction"), fontsize=6,
                        rotation=90, va="top", ha="right", color=PLAIN)  # fmt: skip
    return ax


class _Swing(NamedTuple):
    """What one answer does to the result: bcm at its low and high, and those answers."""

    at_low: float
    at_high: float
    low_answer: str
    high_answer: str


def tornado(table: pd.DataFrame, unit: str = "bcm", ax: Axes | None = None) -> Axes:
    """Draw what moves the result (of `energy.projection.scenarios.tornado`) around the baseline."""
    ax, table = axes(ax), table[table["swing"] > 0]
    names: Sequence[str] = table.index[::-1].tolist()
    for place, row in enumerate(rows_of(table[::-1], _Swing)):
        ax.barh(place, row.at_high - row.at_low, left=row.at_low, color=FAN, hatch=HATCH,
                edgecolor=SOLID, alpha=0.6)  # fmt: skip
        ax.annotate(row.low_answer, (row.at_low, place), ha="right", va="center", fontsize=7)
        ax.annotate(row.high_answer, (row.at_high, place), ha="left", va="center", fontsize=7)
    ax.axvline(float(table["baseline"].iloc[0]), color=PLAIN, lw=0.8)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel=unit)
    ax.margins(x=0.2)
    return ax
