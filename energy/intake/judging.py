"""Hold back sums that cannot be: more than the pipe holds, not whole, not plausible.

What a person let through stays let through.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from energy import facts, flows
from energy.intake import mend, plausible, second
from energy.intake.asking import Job
from energy.intake.derive import VOLUME_UNITS, laid
from energy.intake.gate import KEY, SUM_RULES, Context, gate
from energy.measure import periods
from energy.sources.contract import COLUMNS
from energy.store import Store


def valued(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["value"].notna()].reset_index(drop=True)


def _rows_let_through(store: Store) -> pd.DataFrame:
    """Return the refused rows that a person let through."""
    rows = store.quarantined(released=True)
    return rows[~rows["id"].isin(store.quarantined()["id"])]


def with_let_through(store: Store, base: pd.DataFrame) -> pd.DataFrame:
    """Add the rows that a person let through since: they are known and not doubted again."""
    both = pd.concat(
        [part for part in (base, _rows_let_through(store)[COLUMNS]) if len(part)] or [base]
    )
    return both.drop_duplicates(KEY, keep="last", ignore_index=True)


def hold_sums(
    added: pd.DataFrame, before: pd.DataFrame, latest: pd.DataFrame, job: Job
) -> pd.DataFrame:
    """Return the quarter's sums that are held back: not whole, more than the pipe holds, not plausible."""
    now = np.array([inside(text, job.period) for text in added["period"]], dtype=bool)
    gcv = flows.calorific_values(job.tables["route-facts"])
    mine = added[now].reset_index(drop=True)
    good, held = gate(mine, Context(added.head(0), limits(job.tables), gcv), SUM_RULES)
    odd = plausible.doubts(good, before)
    held = pd.concat([held, good.loc[odd.index].assign(reason=odd)], ignore_index=True)
    left = _unknown(good.drop(odd.index), before)
    left = left[left["unit"].isin(VOLUME_UNITS)]
    if job.weigh and len(left):
        odd = second.opinions(left, laid(latest, job.tables, held), job.period)
        held = pd.concat([held, left.loc[odd.index].assign(reason=odd)], ignore_index=True)
    settled = _identities(_rows_let_through(job.store))
    held = held[np.array([row not in settled for row in _identities(held)], dtype=bool)]
    if job.applies and len(held):
        job.store.note(job.run, "held", {"rows": mend.plain(held)})
        job.store.quarantine(job.run, held)
    return held


def _unknown(rows: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that did not stand so before: what was let in is not doubted again."""
    known = set(_identities(before))
    new = [row not in known for row in _identities(rows)]
    return rows[np.array(new, dtype=bool)]  # an empty list would choose no columns


def limits(tables: facts.Tables) -> dict[str, float]:
    """Return by route the most that capacity allows or that ever flowed, bcm a day at 20 °C.

    The best quarter counts beside the nameplate, because pipes do run above theirs:
    TurkStream's second string at 128 % in the first quarter of 2026, by ENTSOG's meters.
    """
    cube = flows.build(tables, "Q")
    starts = pd.DatetimeIndex(cube["period"].values)
    days = pd.Series(((starts + pd.DateOffset(months=3)) - starts).days, index=starts)
    best = [flows.frame(cube[name]).div(days, axis=1).max(axis=1) for name in ("flow", "capacity")]
    most = pd.concat(best, axis=1).max(axis=1).dropna()
    return dict(zip(most.index.astype(str), most.tolist(), strict=True))


def _identities(rows: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return key and value of each row, to look others up by."""
    return [tuple(row) for row in rows[[*KEY, "value"]].to_numpy().tolist()]


def inside(period: str, quarter: str) -> bool:
    span, whole = periods.parse(period), periods.parse(quarter)
    return whole.start <= span.start and span.end <= whole.end
