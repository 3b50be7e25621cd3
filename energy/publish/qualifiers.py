"""What must travel with a number: how much of its period is known, which months, how sure.

Coverage is a share of days (1 where a cube says none); a span names the months behind a part of a
period. Everything that is shown, page, picture, table, layer, asks here, so that a month is called
a month at every door.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from energy.measure.tables import Tables

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
PER_YEAR = {"Q": 4, "M": 12, "H": 2, "A": 1, "G": 1}
WHOLE = 0.999  # share of days from which a period counts as known; rounding of stored shares
RECENT, ENOUGH = 8, 0.9  # the newest period with 9/10 of the figures of its best neighbour
FULL = 0.98  # share of the flowing rate that whole figures must tell

Floats = npt.NDArray[np.float64]


def coverage(cube: xr.Dataset) -> Floats:
    """Return the share of days that the figures cover, dims (route, period); 0 without a figure.

    >>> flow = (("route", "period"), [[1.0, np.nan]])
    >>> coverage(xr.Dataset({"flow": flow})).tolist()
    [[1.0, 0.0]]
    """
    flow = cube["flow"].transpose("route", "period").values.astype(float)
    if "coverage" not in cube:
        found: Floats = np.isfinite(flow).astype(float)
        return found
    share = cube["coverage"].transpose("route", "period").values.astype(float)
    known: Floats = np.where(np.isfinite(flow), np.nan_to_num(share), 0.0)
    return known


def days(cube: xr.Dataset) -> npt.NDArray[np.int64]:
    """Return the days of each period.

    >>> times = pd.to_datetime(["2024-01-01", "2025-01-01"])
    >>> days(xr.Dataset(coords={"period": times}, attrs={"freq": "Q"})).tolist()
    [91, 90]
    """
    starts = pd.DatetimeIndex(cube["period"].values)
    months = 12 // PER_YEAR.get(str(cube.attrs.get("freq", "Q"))[:1].upper(), 4)
    return np.asarray((starts + pd.DateOffset(months=months) - starts).days, dtype=np.int64)


def balanced(cube: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Say which flows are the balance's, with the published figure beside it, dims (route, period).

    >>> flow = (("route", "period"), [[1.0, 2.0]])
    >>> status = (("route", "period"), [["actual", "balanced"]])
    >>> balanced(xr.Dataset({"flow": flow, "status": status, "reported": flow})).tolist()
    [[False, True]]
    """
    if "status" not in cube or "reported" not in cube:
        return np.zeros((cube.sizes["route"], cube.sizes["period"]), dtype=bool)
    status = cube["status"].transpose("route", "period").values.astype(str)
    return np.asarray(status == "balanced")


def partial(cube: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Say which shown flows are sums of a part of their period, dims (route, period).

    A balanced flow is that of the whole period, whatever was published of it.
    """
    return in_part(cube) & ~balanced(cube)


def in_part(cube: xr.Dataset) -> npt.NDArray[np.bool_]:
    """Say of which periods a part only was published, whatever is shown, dims (route, period).

    >>> cube = xr.Dataset({"flow": (("route", "period"), [[1.0, 1.0]]),
    ...                    "coverage": (("route", "period"), [[0.34, 1.0]])})
    >>> in_part(cube).tolist()
    [[True, False]]
    """
    share = coverage(cube)
    return np.asarray((share > 0) & (share < WHOLE))


def yearly_rate(cube: xr.Dataset) -> Floats:
    """Return the flow as a rate a year over the days that are known, dims (route, period).

    >>> quarter = xr.Dataset(
    ...     {"flow": (("route", "period"), [[0.9]]), "coverage": (("route", "period"), [[1 / 3]])},
    ...     coords={"period": pd.DatetimeIndex(["2025-10-01"])}, attrs={"freq": "Q"})
    >>> float(yearly_rate(quarter)[0, 0].round(6))
    10.8
    """
    flow = cube["flow"].transpose("route", "period").values.astype(float)
    share = np.where(partial(cube), coverage(cube), 1.0)
    return flow * PER_YEAR.get(str(cube.attrs.get("freq", "Q"))[:1].upper(), 1) / share


def newest_whole(cube: xr.Dataset) -> int:
    """Return the position of the newest period whose figures speak of all its days.

    It has nearly all the figures that there can be, and what flows is told by whole ones: by rate,
    so that a month of a large line weighs more than the zeros of many idle ones.
    """
    share = coverage(cube)
    flow = (share > 0).sum(axis=0)  # told by a published figure, whatever a balance knows
    rate = np.where(share > 0, np.abs(np.nan_to_num(yearly_rate(cube))), 0.0)
    whole = np.where(share >= WHOLE, rate, 0.0).sum(axis=0) >= FULL * rate.sum(axis=0)
    most = flow >= max(1, ENOUGH * flow[-RECENT:].max())
    for fit in (most & whole, most):
        found = np.flatnonzero(fit)
        if len(found):
            return int(found[-1])
    return len(flow) - 1


def seen(lists: Iterable[str], tables: Tables) -> list[str]:
    """Return the newest day on which a figure of each ``;``-joined list of ids was published.

    A start or a stop whose document has no date is as old as the day it speaks of; a flow without
    a figure of its own has no day.

    >>> from energy import facts
    >>> seen(["R0091", "", "V0198"], facts.load())  # a zero by a dated stop; nothing; a year's flow
    ['2022-05-12', '', '2026-01-13']
    """
    named = [[name.strip() for name in str(ids).split(";")] for ids in lists]
    wanted = {name for names in named for name in names}
    known = dict(zip(tables["sources"]["source"], tables["sources"]["published"], strict=True))
    day: dict[str, str] = {}
    for table in tables.values():
        if {"id", "source"} <= set(table.columns):
            asked = table[table["id"].isin(wanted)]
            cells = (
                asked[column].tolist() if column in asked else [""] * len(asked)
                for column in ("id", "source", "published", "attribute", "value")
            )
            for name, source, published, what, value in zip(*cells, strict=True):
                own = value if what in ("start", "stop") else ""
                said = published if isinstance(published, str) else ""  # not a missing one
                day[name] = str(said or known.get(source, "") or own)
    return [max((day.get(name, "") for name in names), default="") for names in named]


def span_words(months: Sequence[int]) -> str:
    """Name the known months of a period, in the order given.

    >>> span_words([10]), span_words([1, 2]), span_words([1, 3]), span_words([11, 12, 1])
    ('Oct', 'Jan–Feb', 'Jan, Mar', 'Nov–Jan')
    """
    runs: list[list[int]] = []
    for month in months:
        if runs and (month - runs[-1][-1]) % 12 == 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    words = [
        MONTHS[run[0] - 1] + ("" if len(run) == 1 else f"–{MONTHS[run[-1] - 1]}") for run in runs
    ]
    return ", ".join(words)


def spans(cube: xr.Dataset, months: xr.Dataset | None) -> list[list[str]]:
    """Return the names of the known months of every partly published figure, else empty texts.

    Parameters
    ----------
    cube : xarray.Dataset, dims (route, period)
    months : xarray.Dataset, dims (route, period), optional
        The same flows by month. Without it, or where it knows parts of months only, no span is
        named and the days must do.
    """
    part = in_part(cube)
    named = [[""] * part.shape[1] for _ in range(part.shape[0])]
    if months is None or not part.any():
        return named
    own = months.reindex(route=cube["route"])
    share = coverage(own)
    starts = pd.DatetimeIndex(own["period"].values)
    size = 12 // PER_YEAR.get(str(cube.attrs.get("freq", "Q"))[:1].upper(), 4)
    for i, j in np.argwhere(part):
        first = pd.Timestamp(cube["period"].values[j])
        inside = np.flatnonzero((starts >= first) & (starts < first + pd.DateOffset(months=size)))
        whole = [int(starts[int(k)].month) for k in inside if share[i, k] >= WHOLE]
        if whole and all(share[i, k] == 0 or share[i, k] >= WHOLE for k in inside):
            named[i][j] = span_words(whole)
    return named


def part_words(share: float, length: int, span: str = "") -> str:
    """Say what of a period is known: ``Oct only, 31 of 92 days``.

    >>> part_words(0.337, 92, "Oct"), part_words(0.5, 90), part_words(1.0, 90)
    ('Oct only, 31 of 92 days', '45 of 90 days', '')
    """
    if share >= WHOLE:
        return ""
    part = f"{round(share * length)} of {length} days"
    return f"{span} only, {part}" if span else part


def part_texts(cube: xr.Dataset, months: xr.Dataset | None = None) -> list[list[str]]:
    """Say of every cell of what part of the period its published figure speaks, "" for the whole.

    Parameters
    ----------
    cube, months
        As for `spans`.

    Returns
    -------
    list of list of str, dims (route, period)

    Examples
    --------
    >>> quarter = xr.Dataset(
    ...     {"flow": (("route", "period"), [[0.9, 3.1]]),
    ...      "coverage": (("route", "period"), [[31 / 92, 1.0]])},
    ...     coords={"route": ["turkstream-2"], "period": pd.DatetimeIndex(["2025-10-01", "2026-01-01"])},
    ...     attrs={"freq": "Q"})
    >>> part_texts(quarter)
    [['31 of 92 days', '']]
    """
    share, part = coverage(cube), in_part(cube)
    length = np.broadcast_to(days(cube), share.shape)
    return [
        [
            part_words(float(s), int(n), word) if p else ""
            for s, n, p, word in zip(*row, strict=True)
        ]
        for row in zip(share, length, part, spans(cube, months), strict=True)
    ]
