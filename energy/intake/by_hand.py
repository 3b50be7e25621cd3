"""What people do: files by hand, rows let through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from energy import facts, flows
from energy import store as memory
from energy.intake import mend
from energy.intake.answers import faulty_of, published_by, read_file, with_faulty
from energy.intake.clocks import (
    honest_dates,
)
from energy.intake.gate import Context, gate
from energy.intake.judging import valued, with_let_through
from energy.intake.own import packaged_limits
from energy.intake.planning import Tell, now_here, quiet
from energy.measure import periods
from energy.sources import inbox
from energy.store import Store


def take_in(
    path: str | Path,
    store: Store | None = None,
    *,
    now: Callable[[], dt.datetime] = now_here,
    tell: Tell = quiet,
    as_of: Any = None,
) -> pd.DataFrame:
    """Take in a file of figures typed by hand: keep it, check it, publish it.

    With `as_of` (a date, or a release) only the rows published by then; the others are told,
    one line each, and left.

    Returns
    -------
    DataFrame
        The doubtful rows, with ``reason``; they lie in quarantine. The others are published.

    Raises
    ------
    DataError
        With every fault of every row; nothing is taken then.
    """
    store = store or Store.open()
    answer = inbox.answer_of(path, now())
    read = read_file(path, answer, tell)
    faulty = faulty_of(read, answer)
    rows = honest_dates(published_by(read, store, as_of, tell))
    quarter = str(periods.containing(answer.retrieved.date(), "Q"))
    with store.lock(f"import inbox {Path(path).name}"):
        store.keep(answer, quarter, inbox.LICENCE)
        known = valued(store.observations())
        good, doubtful = gate(rows, _context(rows, with_let_through(store, known)))
        doubtful = with_faulty(doubtful, faulty)
        started = memory.run_id(now())
        names = set(good["source"])
        mine = (
            names.pop() if names in ({"gie"}, {"pinksheet"}) else inbox.NAME
        )  # a service's own rows
        by = "" if as_of is None else str(memory.day_of(store, as_of))
        mend.note(store, started, "inbox", [answer], doubtful, source=mine, period=quarter,
                  name=Path(path).name, by=by)  # fmt: skip
        if len(doubtful):
            store.quarantine(started, doubtful)
        made = store.publish(mine, started, good) if len(good) else None
    tell(f"{Path(path).name}: {made.new if made else 0} new, {made.revised if made else 0} revised, "
         f"{len(doubtful)} in quarantine")  # fmt: skip
    return doubtful


def _context(rows: pd.DataFrame, known: pd.DataFrame) -> Context:
    """Return what rows are held against; flows of routes, also against what the pipe holds."""
    if not (rows["series"] == "flow").any():
        return Context(known)
    gcv = flows.calorific_values(facts.load_package()["route-facts"])
    return Context(known, packaged_limits(), gcv)


def let_through(
    ids: Sequence[str],
    reason: str,
    store: Store | None = None,
    now: Callable[[], dt.datetime] = now_here,
) -> int:
    """Let refused rows through, by id, for a reason; return how many were published.

    Raises
    ------
    StoreError
        If an id is not in quarantine, or no reason is given.
    """
    store = store or Store.open()
    made = store.let_through(list(ids), reason, memory.run_id(now()))
    return sum(vintage.new + vintage.revised for vintage in made)
