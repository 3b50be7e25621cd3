"""The quarterly update: plan, fetch, parse, check, publish, report what changed.

The steps are plain functions over tables; `run` puts them in order, one source after another, so
that a source that fails stops no other. What is kept, published and refused lies in the store
(`energy.store`), how a source is read in its module (`energy.sources`). Layers and map are not
made here: `run` is handed the function that builds them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from energy import facts, sources
from energy import store as memory
from energy.errors import EnergyError, PeriodError, UnknownName
from energy.intake import outcome, verdict, workers
from energy.intake.asking import Delivery, Job, asker, deliver
from energy.intake.by_hand import let_through, take_in
from energy.intake.clocks import (
    check_built,
    check_start,
)
from energy.intake.derive import corrected, derive, overlay, published, whole
from energy.intake.gate import KEY, gate, placed
from energy.intake.judging import hold_sums, valued, with_let_through
from energy.intake.notes import COUNTS, release_note
from energy.intake.planning import Tell, is_stale, last_days, now_here, plan, quarter_of, quiet
from energy.intake.releasing import last_release, make_release, publish
from energy.measure import periods
from energy.measure.sheets import safe
from energy.sources.contract import COLUMNS
from energy.store import Store, StoreError, audit, diff, prints

__all__ = ["FAULT", "FINE", "PARTLY", "USAGE", "Report", "changes", "derive", "diff", "gate",
           "let_through", "overlay", "plan", "run", "take_in"]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "release_rows":  # rows are let through, a release is a tagged state
        text = "update.release_rows is update.let_through now; the old name goes with release 0.3"
        warnings.warn(text, DeprecationWarning, stacklevel=2)
        return let_through
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


FINE, FAULT, USAGE, PARTLY = 0, 1, 2, 3
"""Exit codes: all well; a fault in data or files; wrong usage; a source failed, the rest stands."""

NOW_ONLY = "{what} takes no --as-of: what is written is known from now on, not from an earlier day."

LARGE = 1_000_000
"""Known rows from which an update leaves an index behind, so that as-of questions stay quick."""


@dataclasses.dataclass(frozen=True, eq=False)
class Report:
    """What an update did.

    Attributes
    ----------
    period, run, mode : str
    sources : DataFrame
        One row a source: ``source, outcome`` (fine, failed, skipped, by hand), ``asked, kept``
        (questions put and answers already here), ``rows, doubtful, new, revised, vanished,
        newest, age`` (days since), ``stale, verdict, expected`` (fewest rows of a whole quarter),
        ``withheld`` (confidential cells), ``overdue`` (series that end before what is due, see
        `energy.intake.due`), ``told`` (warnings), ``what`` (why it failed).
    changes : DataFrame
        As `energy.store.diff`, against the last release.
    doubtful : DataFrame
        Rows refused in this run, with ``reason``.
    note : str
        The release note, Markdown.
    release : str
        Name of the release, "" where none was made.
    folder : Path or None
        Where it was built.
    code : int
        Exit code.
    verdict : Verdict
        Green, amber or red, with the share of volume and revenue that is touched.
    """

    period: str
    run: str
    mode: str
    sources: pd.DataFrame
    changes: pd.DataFrame
    doubtful: pd.DataFrame
    note: str
    release: str
    folder: Path | None
    code: int
    verdict: outcome.Verdict


def run(
    period: Any,
    mode: str = "dry-run",
    store: Store | None = None,
    *,
    offline: str | Path | None = None,
    only: Iterable[str] | None = None,
    tell: Tell = quiet,
    client: Any = None,
    keys: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], dt.datetime] = now_here,
    tables: facts.Tables | None = None,
    build: Callable[[Path], object] | None = None,
    as_of: Any = None,
    budget: workers.Budget | None = None,
    apart: bool | None = None,
    weigh: bool | None = None,
) -> Report:
    """Update a quarter.

    Parameters
    ----------
    period : text or Period
        The quarter, e.g. ``"2026Q3"``.
    mode : {"dry-run", "apply"}
        ``dry-run`` fetches, reads and checks, and publishes nothing (answers are kept, so that
        ``apply`` need not ask again).
    store : Store, optional
        Default the one in ``$ENERGY_HOME``.
    offline : path, optional
        Folder of a store whose kept answers are read instead of asking.
    only : iterable of str, optional
        Source names.
    tell : callable
        Takes one line of progress a step.
    client : httpx.Client, optional
    keys : mapping
    sleep, now : callables
        Passed to the transport.
    tables : Tables, optional
        The facts; default those of the package and the user.
    build : callable, optional
        Takes a folder and writes map, layers and summary into it; only with ``apply``.
    as_of : date or text, optional
        Show what would change against what was known on that day (or in that release) instead of
        the last release; only with ``dry-run``.
    budget : Budget, optional
        Seconds for a source and for the run, memory for a source.
    apart : bool, optional
        Give each source a process of its own, which limits its memory and time. Default: yes,
        where processes can be forked and no `client` is handed in.
    weigh : bool, optional
        Judge the quarter's sums also by the lines of the accounts and by the balance, which takes
        seconds; see `energy.intake.second`. Default: yes, where no `tables` are handed in.

    Returns
    -------
    Report

    Raises
    ------
    EnergyError
        For an unknown mode, or for ``apply`` with `as_of`.
    UnknownName
        For an unknown source in `only`.
    PeriodError
        If `period` is no quarter, or is not over.
    StoreError, StoreLocked
        If the store is damaged, cannot be written, or another update is at work. What was
        published before stands.
    """
    span, store = quarter_of(period), store or Store.open()
    if mode not in ("dry-run", "apply"):
        raise EnergyError(f"Unknown mode {mode!r}; use 'dry-run' or 'apply'.")
    if mode == "apply" and as_of is not None:
        raise EnergyError(NOW_ONLY.format(what="update --apply"))
    if span.end > now().date():
        raise PeriodError(f"{span} is not over on {now():%Y-%m-%d}: no half quarter is published. "
                          f"Run again after {span.end}, or see plan().")  # fmt: skip
    check_start(now(), store)
    if now is now_here:
        check_built(now())
    names, replay = _chosen(only), Store.open(offline) if offline else None
    weigh = tables is None if weigh is None else weigh
    tables = facts.load() if tables is None else tables
    ask = asker(client, keys, sleep, now)
    with store.lock(f"update {span}"):
        if mode == "apply":
            _refuse_faulty(store, tell)
        started = memory.run_id(now())
        alone = apart if apart is not None else client is None and workers.can_fork()
        job = Job(str(span), started, mode, store, replay, tables, now, tell, ask,
                  budget or workers.Budget(), alone, weigh)  # fmt: skip
        base = _baseline(store)
        known = with_let_through(store, base)
        deliveries = [deliver(name, job, known) for name in names]
        latest = publish(deliveries, job)
        base, against = _against(store, as_of, base)
        report = _report(deliveries, job, base, against, latest, build)
        if job.applies and len(latest) >= LARGE:
            store.index()
        return report


HARMLESS = {"raw", "index", "build"}
"""Faults of the store that no figure rests on: told, and no reason to stop."""


def _refuse_faulty(store: Store, tell: Tell) -> None:
    """Publish nothing into a store with a fault that a figure could rest on."""
    found = audit.faults(store.root)
    for fault in found:
        if fault.kind in HARMLESS:
            tell(fault.what)
    grave = [fault for fault in found if fault.kind not in HARMLESS]
    if grave:
        more = f" ({len(grave) - 1} more)" if len(grave) > 1 else ""
        raise StoreError(f"{grave[0].what}{more}. Nothing is published into a store with a fault: "
                         "`energy store repair`, then run again.")  # fmt: skip


def _chosen(only: Iterable[str] | None) -> list[str]:
    wanted = list(sources.SOURCES) if only is None else list(only)
    for name in wanted:
        if name not in sources.SOURCES:
            raise UnknownName("source", name, sources.SOURCES)
    return [name for name in sources.SOURCES if name in wanted]


def _baseline(store: Store) -> pd.DataFrame:
    """Return what stood at the last release: a run is held against that, also when it is resumed."""
    head = last_release(store)
    rows = store.observations(as_of=head["release"]) if head else store.observations().head(0)
    return rows[rows["value"].notna()].reset_index(drop=True)


def _against(store: Store, as_of: Any, base: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return what a run is held against, and its name: the last release, or a day."""
    if as_of is not None:
        return valued(store.observations(as_of=as_of)), f"what was known on {as_of}"
    last = last_release(store)
    return base, last["release"] if last else ""


def changes(store: Store, a: str, b: str, as_of: Any = None) -> pd.DataFrame:
    """Return what changed from one release, or as-of date, to another, in store and package.

    Parameters
    ----------
    store : Store
    a, b : str
        ``"2026Q2"``, ``"2026Q3"`` or dates.
    as_of : date or text, optional
        Compare only what was known of both on that day.

    Returns
    -------
    DataFrame
        As `energy.store.diff`: ``change`` (new, revised, vanished), the key, ``unit, old, new, by,
        percent, old_status, status, age`` (quarters).

    Raises
    ------
    PeriodError
        If neither a release nor a day that has come has that name.
    """
    for name in (a, b):
        memory.check_begun(store, name)
    days = [memory.day_of(store, name) if memory.find_release(store, name) else memory.last_day(name)
            for name in (a, b)]  # fmt: skip
    if as_of is not None:
        days = [min(day, memory.last_day(as_of)) for day in days]
    shipped = prints.changes(facts.load(), *days)
    if not store.vintages():
        return shipped
    own = diff(store.observations(as_of=a, by=as_of), store.observations(as_of=b, by=as_of))
    return pd.concat([own, shipped], ignore_index=True) if len(own) else shipped


def _report(
    deliveries: Sequence[Delivery],
    job: Job,
    base: pd.DataFrame,
    against: str,
    latest: pd.DataFrame,
    build: Callable[[Path], object] | None,
) -> Report:
    """Put together what happened; with ``apply`` build and tag the release."""
    rules = job.tables["corrections"]
    kept, overtaken = corrected(latest, rules)
    added = published(kept, job.tables)
    before = published(corrected(base, rules)[0], job.tables)
    doubtful = _refused(deliveries, hold_sums(added, before, kept, job))
    found = pd.concat([diff(base, latest), *(_vanished(d, latest) for d in deliveries)])
    found = found.drop_duplicates(["change", *KEY], ignore_index=True)
    table = _source_table(deliveries, job, found, latest)
    shown = diff(whole(before), whole(added))
    note = release_note(
        job.period, job.run, job.mode, table, found, shown, doubtful, against, overtaken
    )
    late = pd.concat([d.overdue for d in deliveries], ignore_index=True)
    judged = outcome.verdict(table, doubtful, job.tables, late)
    note = note.replace("\n## Sources\n", f"\nThe release is {judged}\n\n## Sources\n", 1)
    for text in overtaken:
        job.tell(text)
    name, folder = "", None
    if job.applies:
        plain = table.drop(columns=["asked", "kept"])  # how often was asked is no part of a release
        listed = {"changes": found, "doubtful": doubtful, "sources": plain}
        files = {f"{name}.csv": safe(rows).to_csv(index=False) for name, rows in listed.items()}
        name, folder = make_release(job, {"NOTE.md": note, **files}, build)
    code = PARTLY if (table["outcome"] == "failed").any() else FINE
    return Report(job.period, job.run, job.mode, table, found, doubtful, note, name, folder, code,
                  judged)  # fmt: skip


def _refused(deliveries: Sequence[Delivery], held: pd.DataFrame) -> pd.DataFrame:
    """Return the rows refused in this run, with the ids they have in quarantine."""
    parts = [part for part in (*(d.doubtful for d in deliveries), held) if len(part)]
    if not parts:
        return pd.DataFrame(columns=["id", "reason", *COLUMNS])
    rows = pd.concat(parts, ignore_index=True)
    return memory.quarantine_rows(rows, "19700101T000000Z")[["id", "reason", *COLUMNS]]


def _vanished(delivery: Delivery, latest: pd.DataFrame) -> pd.DataFrame:
    """Return what is known of a source, within the time it answered for, and came no more."""
    came = pd.concat([p for p in (delivery.good, delivery.doubtful) if len(p)] or [latest.head(0)])
    there = pd.MultiIndex.from_frame(came[KEY].astype(str))
    rows = latest[(latest["source"] == delivery.name) & latest["freq"].isin(came["freq"].unique())]
    rows = rows[~pd.MultiIndex.from_frame(rows[KEY].astype(str)).isin(there)]
    if len(rows):
        edges = placed(came).groupby("freq")["start"].agg(["min", "max"]).reindex(rows["freq"])
        start = placed(rows)["start"].to_numpy()
        inside = (start >= edges["min"].to_numpy()) & (start <= edges["max"].to_numpy())
        rows = rows[inside]
    return diff(rows, rows.head(0))


def _source_table(
    deliveries: Sequence[Delivery], job: Job, found: pd.DataFrame, latest: pd.DataFrame
) -> pd.DataFrame:
    """Return one row a source; a source whose figures end before the quarter does is stale."""
    span, today = periods.parse(job.period), job.now().date()
    counts = pd.crosstab(found["source"], found["change"]).reindex(columns=COUNTS, fill_value=0)
    newest = last_days(latest)
    rows = []
    for d in deliveries:
        module, last = sources.SOURCES[d.name], newest.get(d.name)
        own = counts.loc[d.name] if d.name in counts.index else pd.Series(0, index=COUNTS)
        due = d.outcome == "failed" or today >= span.end + dt.timedelta(days=module.LAG)
        rows.append({
            "source": d.name, "outcome": d.outcome, "asked": d.asked, "kept": d.kept,
            "rows": len(d.good) + len(d.doubtful), "doubtful": len(d.doubtful), **own.astype(int),
            "newest": last.isoformat() if last else "", "age": (today - last).days if last else "",
            "stale": bool(module.LAG and due and d.outcome != "by hand" and is_stale(span, last)),
            "verdict": d.verdict or d.outcome, "expected": verdict.expected(d.name, span),
            "withheld": d.withheld, "overdue": len(d.overdue), "told": "; ".join(d.told),
            "what": d.what,
        })  # fmt: skip
    return pd.DataFrame(rows)
