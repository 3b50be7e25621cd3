"""Dates that cannot lie: the run's own clock, the server's, and the day a figure says it is from.

A run with a clock ahead would stamp what it publishes with a day that has not come, and the store
would refuse every honest run until then. A figure published "before" its period was over would be
known to a backtest that could not have known it.
"""

from __future__ import annotations

import datetime as dt
import email.utils

import pandas as pd

from energy import store as memory
from energy.errors import EnergyError
from energy.sources.contract import Answer
from energy.store import Store
from energy.store.dates import honest_dates

__all__ = [
    "AHEAD",
    "ClockError",
    "check_asked",
    "check_built",
    "check_clock",
    "check_start",
    "honest_dates",
]

AHEAD = dt.timedelta(days=1)
"""Most that our clock may be ahead of a server's: a day covers every time zone mistake."""


class ClockError(EnergyError):
    """The clock of this machine is wrong; nothing may be published under it."""


def check_start(now: dt.datetime, store: Store) -> None:
    """Refuse to start with a clock that stands before the newest release was made.

    Raises
    ------
    ClockError
        If `now` is more than a day before the run of a release.
    """
    runs = [head["run"] for name in store.releases() if (head := memory.find_release(store, name))]
    newest = dt.datetime.strptime(max(runs)[:8], "%Y%m%d").date() if runs else now.date()
    if now.date() < newest - AHEAD:
        raise ClockError(f"The clock says {now:%Y-%m-%d}, but the newest release is of {newest}: set "
                         "the clock, then run again.")  # fmt: skip


def check_built(now: dt.datetime) -> None:
    """Refuse to start with a clock that stands before the package's own facts were read.

    Raises
    ------
    ClockError
        If `now` is more than a day before `energy.store.retrieved`.
    """
    made = memory.retrieved()
    if now.date() < made - AHEAD:
        raise ClockError(
            f"The clock says {now:%Y-%m-%d}, but this package was made on {made}: set the clock, then "
            "run again."
        )


def check_asked(rows: pd.DataFrame, run: str) -> None:
    """Refuse rows asked more than a day after their run began: the clock jumped in between.

    They would be known from a day that has not come, and `as_of` would contradict the newest word.

    Raises
    ------
    ClockError

    Examples
    --------
    >>> asked = pd.DataFrame({"retrieved": ["2025-05-03T08:00:00Z"]})
    >>> check_asked(asked, "20250501T000000Z")
    Traceback (most recent call last):
    energy.intake.clocks.ClockError: The run began on 2025-05-01, an answer came on 2025-05-03: ...
    """
    began = pd.Timestamp(dt.datetime.strptime(run, "%Y%m%dT%H%M%SZ"), tz="UTC")
    newest = pd.to_datetime(rows["retrieved"], utc=True).max()
    if newest > began + AHEAD:
        raise ClockError(
            f"The run began on {began:%Y-%m-%d}, an answer came on {newest:%Y-%m-%d}: the clock jumped. "
            "Nothing of it is published; set the clock, then run again."
        )


def check_clock(answer: Answer, now: dt.datetime) -> None:
    """Refuse to go on where the server's ``Date`` is more than a day behind our clock.

    Raises
    ------
    ClockError
        Nothing was published then, and the answer is not kept.
    """
    stated = {name.lower(): value for name, value in answer.headers.items()}.get("date", "")
    try:
        theirs = email.utils.parsedate_to_datetime(stated)
    except (TypeError, ValueError):
        return
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=dt.UTC)
    if now - theirs > AHEAD:
        raise ClockError(
            f"The clock says {now:%Y-%m-%d %H:%M}, {answer.request.source} says {theirs:%Y-%m-%d %H:%M}: "
            "a run from the future would lock the store. Set the clock, then run again."
        )
