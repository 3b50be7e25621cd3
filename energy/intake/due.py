"""Which figures are due and did not come: a table cut behind a line looks like one that is not out yet.

The bytes do not tell the two apart; the calendar does. A series that went on to the last period
before a quarter, from a source whose time is over, must go on to the newest period that is due.
"""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import NamedTuple

import pandas as pd

from energy.intake.verdict import DAILY_LAG, GRACE
from energy.measure import periods

KEYS = ["series", "entity", "freq", "source", "basis", "unit"]
COLUMNS = [*KEYS, "newest", "due", "reason"]

PAUSE = 10
"""Days between two figures of a daily series that nobody wonders at: the New Year of Moscow."""

Open = Callable[[dt.date], bool]


class _Placed(NamedTuple):
    """Where one figure stands: its first and last day, and the day it was asked."""

    first: dt.date
    last: dt.date
    asked: dt.date


def overdue(
    rows: pd.DataFrame,
    known: pd.DataFrame,
    module: ModuleType,
    period: str | periods.Period,
    today: dt.date,
) -> pd.DataFrame:
    r"""Return the series of a delivery that end before the newest period that is due.

    A period is due as many days after its end as the source takes (``LAG``); one slower than
    `DAILY_LAG` may take as long as it took last time, and `GRACE` on top. Nothing is due of a
    series that had stopped before, or that nobody has seen and the delivery does not hold.

    Parameters
    ----------
    rows : DataFrame, columns `energy.sources.contract.COLUMNS`
        All that was read, doubtful rows too.
    known : DataFrame, same columns
        What stood before of this source.
    module : module
        The source: its ``LAG`` and, where it has one, ``is_open`` (is a figure given for a day?).
    period : str or Period
        The quarter that was asked for.
    today : date

    Returns
    -------
    DataFrame
        ``series, entity, freq, source, basis, unit``; ``newest`` (last period that came, "" for
        none), ``due`` (the newest that is), ``reason`` (one sentence). Empty where all is there.

    Examples
    --------
    >>> from energy.sources import ecb, reading
    >>> body = (b"FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,TIME_PERIOD,OBS_VALUE\n"
    ...         b"M,USD,EUR,SP00,2026-07,1.1625\n")
    >>> came = ecb.parse(reading.answer_of(ecb.request("2026Q3")[0], body))
    >>> late = overdue(came, came.head(0), ecb, "2026Q3", dt.date(2026, 11, 25))
    >>> late["reason"].tolist()
    ['fx of USD/EUR ends with 2026-07; 2026-09 is due since 2026-10-01']
    >>> len(overdue(came, came.head(0), ecb, "2026Q3", dt.date(2026, 8, 20)))  # not out yet
    0
    """
    span = periods.parse(period)
    found = list(_late(rows, known, module, span, today)) if module.LAG else []
    return pd.DataFrame(found, columns=COLUMNS)


def _late(
    rows: pd.DataFrame,
    known: pd.DataFrame,
    module: ModuleType,
    span: periods.Period,
    today: dt.date,
) -> Iterator[tuple[str, ...]]:
    came, before = _by_series(rows), _by_series(known)
    patient = module.LAG > DAILY_LAG
    for name in dict.fromkeys([*before, *came]):
        freq = name[KEYS.index("freq")]
        past = [p for p in before.get(name, []) if p.last < span.start]
        here = [p for p in came.get(name, []) if span.start <= p.first and p.last < span.end]
        if not (here and not patient) and not _went_on(past, span.start, freq, patient):
            continue
        wait = _wait(past, module.LAG) + GRACE if patient else module.LAG
        ends = [p.last for p in here]
        due = _newest_due(freq, span, today - dt.timedelta(days=wait))
        if due is not None and _is_missing(freq, due, ends, span.start, past, module):
            newest = _label(max(ends), freq) if ends else ""
            said = f"ends with {newest}" if newest else f"has no figure of {span}"
            since = due + dt.timedelta(days=wait)
            yield (*name, newest, _label(due, freq), f"{name[0]} of {name[1]} {said}; "
                   f"{_label(due, freq)} is due since {since}")  # fmt: skip


def _by_series(rows: pd.DataFrame) -> dict[tuple[str, ...], list[_Placed]]:
    """Return by series where its figures stand; other frequencies than days and months are left."""
    rows = rows[rows["freq"].isin(["D", "M"])]
    spans = {text: periods.parse(text) for text in rows["period"].unique()}
    day = dt.timedelta(days=1)
    found: dict[tuple[str, ...], list[_Placed]] = {}
    names = zip(*(rows[key] for key in KEYS), strict=True)
    for name, period, retrieved in zip(names, rows["period"], rows["retrieved"], strict=True):
        span = spans[period]
        found.setdefault(name, []).append(
            _Placed(span.start, span.end - day, pd.Timestamp(retrieved).date())
        )
    return found


def _went_on(past: list[_Placed], start: dt.date, freq: str, patient: bool) -> bool:
    """Tell whether a series reached the quarter; of a slow source, also the half year before it."""
    if not past:
        return False
    gap = (start - max(p.last for p in past)).days
    recent = {p.last for p in past if (start - p.last).days <= 185}
    least = (6 if freq == "M" else 90) if patient else 1
    return gap <= (1 if freq == "M" else PAUSE) and len(recent) >= least


def _wait(past: list[_Placed], lag: int) -> int:
    """Return the days after which a figure is due: the source's, or what it took the last time."""
    newest = max(past, key=lambda p: p.last, default=None)
    return lag if newest is None else max(lag, (newest.asked - newest.last).days)


def _newest_due(freq: str, span: periods.Period, day: dt.date) -> dt.date | None:
    """Return the last day of the newest period of a quarter that was over on a day."""
    last = min(span.end - dt.timedelta(days=1), day)
    if freq == "M" and (last + dt.timedelta(days=1)).day != 1:
        last = last.replace(day=1) - dt.timedelta(days=1)
    return last if last >= span.start else None


def _is_missing(
    freq: str,
    due: dt.date,
    ends: list[dt.date],
    start: dt.date,
    past: list[_Placed],
    module: ModuleType,
) -> bool:
    newest = max(ends, default=start - dt.timedelta(days=1))
    if freq == "M" or newest >= due:
        return newest < due
    is_open: Open | None = getattr(module, "is_open", None)
    missing = [newest + dt.timedelta(days=n) for n in range(1, (due - newest).days + 1)]
    if is_open is not None:
        return any(is_open(day) for day in missing)
    return len(missing) >= _pause(past)


def _pause(past: list[_Placed]) -> int:
    """Return the longest step from one day to the next within the last year."""
    days = sorted({p.last for p in past})[-300:]
    steps = [(b - a).days for a, b in itertools.pairwise(days)]
    return max(steps) if len(steps) >= 90 else PAUSE


def _label(day: dt.date, freq: str) -> str:
    return f"{day:%Y-%m}" if freq == "M" else day.isoformat()
