"""What each stop, strike and repair took off line: printed, or worked out of the flows around it.

A printed rate stands as printed. Where none was printed, a repair of a line takes what its quarter
carried on the other days; a halt after which nothing flows takes what the last whole quarter before
it carried. Anything else is "not told": a guess of a partial cut would be a figure of nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy.measure import periods
from energy.measure.tables import Tables

__all__ = ["COLUMNS", "KINDS", "disruptions"]

KINDS = ("halt", "maintenance", "sabotage")
COLUMNS = ["event", "start", "end", "days", "category", "title", "routes", "rate", "bcm", "how", "evidence",
           "source"]  # fmt: skip


class _Loss(NamedTuple):
    """Rate in million m3 a day, the sum in bcm where the time is known, and how they are known."""

    rate: float
    bcm: float
    how: str


class _Stop(NamedTuple):
    row: Mapping[Any, Any]
    start: dt.date
    end: str
    days: int | None
    names: tuple[str, ...]
    offline: float


NOT_TOLD = _Loss(float("nan"), float("nan"), "not told")


def disruptions(tables: Tables, cube: xr.Dataset) -> pd.DataFrame:
    """Return each disruption with its time, routes and what it took off line.

    Parameters
    ----------
    tables : Tables
        The facts: ``events``.
    cube : Dataset
        Flows by quarter, bcm, with ``additive``; see `energy.flows`.

    Returns
    -------
    DataFrame
        ``event, start, end`` (as told, the day it was over; "" where it goes on), ``days,
        category, title, routes, rate`` (million m3 a day), ``bcm`` (NaN without an end), ``how``
        (printed; worked out: repair or halt; not told), ``evidence, source``; in order of time.
    """
    events = tables["events"]
    mine = events[events["category"].isin(KINDS)].sort_values(["date", "event"])
    stops = [_stop(row) for row in mine.to_dict("records")]
    rows = []
    for stop in stops:
        loss = _printed(stop) or _worked_out(stop, stops, cube)
        rows.append({
            **{k: stop.row[k] for k in ("event", "category", "title", "routes", "evidence", "source")},
            "start": stop.start.isoformat(), "end": stop.end, "days": stop.days,
            "rate": round(loss.rate, 2), "bcm": round(loss.bcm, 3), "how": loss.how,
        })  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS).astype({"days": "Int64"})


def _stop(row: Mapping[Any, Any]) -> _Stop:
    """Read an event; an end of which only the month is known gives no number of days."""
    start = periods.parse(str(row["date"])).start
    end = str(row["end"] or "").replace("nan", "")
    days = (periods.parse(end).start - start).days if len(end) == len("2025-01-01") else None
    names = tuple(name for name in str(row["routes"] or "").split(";") if name)
    value = float(row["offline"]) if row["offline_unit"] == "mcm/d" else np.nan
    return _Stop(row, start, end, days, names, value)


def _printed(stop: _Stop) -> _Loss | None:
    if np.isnan(stop.offline):
        return None
    if stop.offline == 0:
        return _Loss(0.0, 0.0, "printed")
    return _Loss(stop.offline, stop.offline * stop.days / 1000 if stop.days else np.nan, "printed")


def _worked_out(stop: _Stop, stops: Sequence[_Stop], cube: xr.Dataset) -> _Loss:
    known = [name for name in stop.names if name in cube["route"].values]
    names = [name for name in known if bool(cube["additive"].sel(route=name))] or known[:1]
    beside = [s for s in stops if s is not stop and set(s.names) & set(stop.names)]
    if names and stop.row["category"] == "maintenance" and stop.days:
        return _repair(names, stop, beside, cube)
    if names and stop.row["category"] == "halt" and not stop.end:
        return _halt(names, stop, beside, cube)
    return NOT_TOLD


def _repair(names: Sequence[str], stop: _Stop, beside: Sequence[_Stop], cube: xr.Dataset) -> _Loss:
    """Take what the quarter carried on its other days, unless something else cut it too."""
    quarter, days = periods.containing(stop.start, "Q"), stop.days or 0
    disturbed = any(quarter.start <= s.start < quarter.end and s.offline != 0 for s in beside)
    flow, others = _flow(names, quarter, cube), periods.days(quarter) - days
    if disturbed or np.isnan(flow) or others <= 0:
        return NOT_TOLD
    rate = 1000 * flow / others
    return _Loss(rate, rate * days / 1000, "worked out: its quarter on the other days")


def _halt(names: Sequence[str], stop: _Stop, beside: Sequence[_Stop], cube: xr.Dataset) -> _Loss:
    """Take the last whole quarter before, where nothing flows behind it and it is the last halt.

    A line that was cut already within the quarter of the halt did not carry that any more.
    """
    quarter = periods.containing(stop.start, "Q")
    before = periods.containing(quarter.start - dt.timedelta(days=1), "Q")
    next_, after = periods.containing(quarter.end, "Q"), []
    for here in (next_, periods.containing(next_.end, "Q")):
        after.append(_flow(names, here, cube))
    later = any(stop.start < s.start <= next_.start and s.row["category"] == "halt" for s in beside)
    cut = any(quarter.start <= s.start < stop.start and s.offline > 0 for s in beside)
    flow = _flow(names, before, cube)
    if later or cut or any(value != 0 for value in after) or not flow > 0:
        return NOT_TOLD
    rate = 1000 * flow / periods.days(before)
    return _Loss(rate, np.nan, "worked out: last whole quarter before")


def _flow(names: Sequence[str], quarter: periods.Period, cube: xr.Dataset) -> float:
    """Return what the routes carried in a quarter, NaN where one is not known or it lies outside."""
    day = np.datetime64(quarter.start)
    if day not in cube["period"].values:
        return float("nan")
    found = cube["flow"].sel(route=list(names), period=day)
    return float(found.sum(skipna=False))
