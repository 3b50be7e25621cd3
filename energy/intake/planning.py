"""What is due from whom: the plan of an update, without a network.

The clock, the line of progress and the answers already here are shared by all steps.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pandas as pd

from energy import sources
from energy import store as memory
from energy.errors import PeriodError
from energy.intake.gate import FIRM
from energy.measure import periods
from energy.sources.contract import Answer, Request
from energy.store import Store, StoreError

GRACE = 30
"""Days after its usual date from which a source counts as late."""

FRESH = dt.timedelta(days=3)
"""Kept answers younger than this are not asked again: a killed run goes on where it was."""

Tell = Callable[[str], object]


def quiet(text: str) -> None:
    """Tell nobody."""


def now_here() -> dt.datetime:
    """Return the time by the clock of this machine."""
    return dt.datetime.now(dt.UTC)


def plan(period: Any, today: dt.date, store: Store, as_of: Any = None) -> pd.DataFrame:
    """Say what an update would ask, without a network.

    Parameters
    ----------
    period : text or Period
        A quarter, e.g. ``"2026Q3"``.
    today : date
    store : Store
    as_of : date or text, optional
        Plan as it stood on that day (or the day of that release) instead of `today`: only figures
        and answers that had come into the store by then count.

    Returns
    -------
    DataFrame, one row a question; one with an empty ``url`` for a source that is asked nothing
        ``source, due`` (day by which it normally has the quarter), ``state``, ``newest`` (last
        day it has figures for in the store), ``key`` (environment variable it needs or can use,
        with ``set`` or ``missing``), ``tag, kept`` (is the answer here and fresh), ``url`` (without
        key). ``state`` is ``held`` (figures reach the end of the quarter), ``early`` (not due yet),
        ``due``, ``late`` (by more than 30 days), or ``any time`` (no calendar).
    """
    span = quarter_of(period)
    if as_of is not None:
        today = memory.day_of(store, as_of)
        held = store.observations(as_of=today, clock="retrieved")
    else:
        held = store.observations()
    newest, clock = last_days(held), dt.datetime.combine(today, dt.time(12), dt.UTC)
    rows = []
    for name, module in sources.SOURCES.items():
        due = span.end + dt.timedelta(days=module.LAG)
        kept = kept_answers(store, name, str(span), clock, quiet)
        if as_of is not None:
            kept = {tag: a for tag, a in kept.items() if a.retrieved.date() <= today}
        base = {"source": name, "due": due, "state": _state(module, span, due, today, newest.get(name)),
                "newest": newest.get(name), "key": _key_state(module)}  # fmt: skip
        asked = module.request(span)
        for request in asked or [Request(name, "", "")]:
            here = request.tag in kept and kept[request.tag].request.url == request.url
            rows.append({**base, "tag": request.tag, "kept": here, "url": request.url})
    return pd.DataFrame(rows)


def quarter_of(period: Any) -> periods.Period:
    span = periods.parse(period)
    if span.freq != "Q":
        raise PeriodError(f"An update is for a quarter, not for {str(span)!r}; write e.g. 2026Q3.")
    return span


def _state(
    module: ModuleType, span: periods.Period, due: dt.date, today: dt.date, newest: dt.date | None
) -> str:
    if module.LAG == 0:
        return "any time"
    if newest and not is_stale(span, newest):
        return "held"
    if today < due:
        return "early"
    return "late" if (today - due).days > GRACE else "due"


def is_stale(span: periods.Period, newest: dt.date | None) -> bool:
    """Tell whether figures end before the quarter does; a week is left for days without trade."""
    return newest is None or newest < span.end - dt.timedelta(days=8)


def _key_state(module: ModuleType) -> str:
    return (
        f"{module.KEY} {'set' if os.environ.get(module.KEY) else 'missing'}" if module.KEY else ""
    )


def last_days(rows: pd.DataFrame) -> dict[str, dt.date]:
    """Return the last day that each source has figures for."""
    firm = rows[rows["value"].notna() & rows["status"].isin(FIRM)]
    ends: dict[str, dt.date] = {}
    for source, period in set(zip(firm["source"], firm["period"], strict=True)):
        last = periods.parse(period).end - dt.timedelta(days=1)
        ends[source] = max(last, ends.get(source, last))
    return ends


def kept_answers(
    store: Store, name: str, period: str, now: dt.datetime, tell: Tell
) -> dict[str, Answer]:
    """Return the fresh kept answers by tag; a spoiled one is no reason to stop, it is asked again."""
    try:
        answers = store.answers(name, period)
    except StoreError as error:
        tell(f"{name}: {error}")
        return {}
    return {a.request.tag: a for a in answers if abs(now - a.retrieved) <= FRESH}
