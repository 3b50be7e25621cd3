"""The quarterly update: plan, fetch, parse, check, publish, report what changed.

The steps are plain functions over tables; `run` puts them in order, one source after another, so
that a source that fails stops no other. What is kept, published and refused lies in the store
(`energy.store`), how a source is read in its module (`energy.sources`). Layers and map are not
made here: `run` is handed the function that builds them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import os
import shutil
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pandas as pd

from energy import facts, flows, sources
from energy import store as memory
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, UnknownName
from energy.intake import due, mend, outcome, plausible, second, verdict, workers
from energy.intake.clocks import (
    ClockError,
    check_asked,
    check_built,
    check_clock,
    check_start,
    honest_dates,
)
from energy.intake.derive import VOLUME_UNITS, corrected, derive, laid, overlay, published, whole
from energy.intake.gate import FIRM, KEY, SUM_RULES, Context, gate, placed
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.sheets import safe
from energy.sources import KeyMissing, SourceError, files, forms, inbox, reading
from energy.sources.contract import COLUMNS, Answer, Request
from energy.store import Store, StoreError, audit, diff, disk, prints

__all__ = ["FAULT", "FINE", "PARTLY", "USAGE", "Report", "changes", "derive", "diff", "gate",
           "overlay", "plan", "release_rows", "run", "take_in"]  # fmt: skip

FINE, FAULT, USAGE, PARTLY = 0, 1, 2, 3
"""Exit codes: all well; a fault in data or files; wrong usage; a source failed, the rest stands."""

GRACE = 30
"""Days after its usual date from which a source counts as late."""

NOW_ONLY = "{what} takes no --as-of: what is written is known from now on, not from an earlier day."

LARGE = 1_000_000
"""Known rows from which an update leaves an index behind, so that as-of questions stay quick."""

FRESH = dt.timedelta(days=3)
"""Kept answers younger than this are not asked again: a killed run goes on where it was."""

Tell = Callable[[str], object]


def _quiet(text: str) -> None:
    """Tell nobody."""


def _clock() -> dt.datetime:
    """Return the time by the clock of this machine."""
    return dt.datetime.now(dt.UTC)


# -- plan: what is due from whom ------------------------------------------------------------------


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
    span = _quarter_of(period)
    if as_of is not None:
        today = memory.day_of(store, as_of)
        held = store.observations(as_of=today, clock="retrieved")
    else:
        held = store.observations()
    newest, clock = _ends(held), dt.datetime.combine(today, dt.time(12), dt.UTC)
    rows = []
    for name, module in sources.SOURCES.items():
        due = span.end + dt.timedelta(days=module.LAG)
        kept = _kept(store, name, str(span), clock, _quiet)
        if as_of is not None:
            kept = {tag: a for tag, a in kept.items() if a.retrieved.date() <= today}
        base = {"source": name, "due": due, "state": _state(module, span, due, today, newest.get(name)),
                "newest": newest.get(name), "key": _key_state(module)}  # fmt: skip
        asked = module.request(span)
        for request in asked or [Request(name, "", "")]:
            here = request.tag in kept and kept[request.tag].request.url == request.url
            rows.append({**base, "tag": request.tag, "kept": here, "url": request.url})
    return pd.DataFrame(rows)


def _quarter_of(period: Any) -> periods.Period:
    span = periods.parse(period)
    if span.freq != "Q":
        raise PeriodError(f"An update is for a quarter, not for {str(span)!r}; write e.g. 2026Q3.")
    return span


def _state(
    module: ModuleType, span: periods.Period, due: dt.date, today: dt.date, newest: dt.date | None
) -> str:
    if module.LAG == 0:
        return "any time"
    if newest and not _stale(span, newest):
        return "held"
    if today < due:
        return "early"
    return "late" if (today - due).days > GRACE else "due"


def _stale(span: periods.Period, newest: dt.date | None) -> bool:
    """Tell whether figures end before the quarter does; a week is left for days without trade."""
    return newest is None or newest < span.end - dt.timedelta(days=8)


def _key_state(module: ModuleType) -> str:
    return (
        f"{module.KEY} {'set' if os.environ.get(module.KEY) else 'missing'}" if module.KEY else ""
    )


def _ends(rows: pd.DataFrame) -> dict[str, dt.date]:
    """Return the last day that each source has figures for."""
    firm = rows[rows["value"].notna() & rows["status"].isin(FIRM)]
    ends: dict[str, dt.date] = {}
    for source, period in set(zip(firm["source"], firm["period"], strict=True)):
        last = periods.parse(period).end - dt.timedelta(days=1)
        ends[source] = max(last, ends.get(source, last))
    return ends


def _kept(store: Store, name: str, period: str, now: dt.datetime, tell: Tell) -> dict[str, Answer]:
    """Return the fresh kept answers by tag; a spoiled one is no reason to stop, it is asked again."""
    try:
        answers = store.answers(name, period)
    except StoreError as error:
        tell(f"{name}: {error}")
        return {}
    return {a.request.tag: a for a in answers if abs(now - a.retrieved) <= FRESH}


# -- run ------------------------------------------------------------------------------------------


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


@dataclasses.dataclass(frozen=True, eq=False)
class Delivery:
    """What one source brought: good and doubtful rows, or why there are none."""

    name: str
    outcome: str
    what: str = ""
    asked: int = 0
    kept: int = 0
    good: pd.DataFrame = dataclasses.field(default_factory=sources.reading.empty)
    doubtful: pd.DataFrame = dataclasses.field(default_factory=sources.reading.empty)
    verdict: str = ""
    told: tuple[str, ...] = ()
    withheld: int = 0
    answers: tuple[Answer, ...] = ()
    overdue: pd.DataFrame = dataclasses.field(
        default_factory=lambda: pd.DataFrame(columns=due.COLUMNS)
    )


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """What the steps of one run share."""

    period: str
    run: str
    mode: str
    store: Store
    offline: Store | None
    tables: facts.Tables
    now: Callable[[], dt.datetime]
    tell: Tell
    ask: Callable[[Request], Answer]
    budget: workers.Budget = dataclasses.field(default_factory=workers.Budget)
    apart: bool = False
    weigh: bool = False
    began: float = dataclasses.field(default_factory=time.monotonic)
    send: workers.Send | None = None
    """Set in the process of a source: what goes to the parent, who keeps and tells."""

    def keep(self, answer: Answer) -> None:
        """Keep an answer, or have the parent keep it."""
        if self.send is not None:
            self.send("keep", answer)
            return
        self.store.keep(answer, self.period, licence_of(answer.request.source))

    @property
    def applies(self) -> bool:
        """Tell whether anything is published."""
        return self.mode == "apply"


def run(
    period: Any,
    mode: str = "dry-run",
    store: Store | None = None,
    *,
    offline: str | Path | None = None,
    only: Iterable[str] | None = None,
    tell: Tell = _quiet,
    client: Any = None,
    keys: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], dt.datetime] = _clock,
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
    span, store = _quarter_of(period), store or Store.open()
    if mode not in ("dry-run", "apply"):
        raise EnergyError(f"Unknown mode {mode!r}; use 'dry-run' or 'apply'.")
    if mode == "apply" and as_of is not None:
        raise EnergyError(NOW_ONLY.format(what="update --apply"))
    if span.end > now().date():
        raise PeriodError(f"{span} is not over on {now():%Y-%m-%d}: no half quarter is published. "
                          f"Run again after {span.end}, or see plan().")  # fmt: skip
    check_start(now(), store)
    if now is _clock:
        check_built(now())
    names, replay = _chosen(only), Store.open(offline) if offline else None
    weigh = tables is None if weigh is None else weigh
    tables = facts.load() if tables is None else tables
    ask = _asker(client, keys, sleep, now)
    with store.lock(f"update {span}"):
        if mode == "apply":
            _refuse_faulty(store, tell)
        started = memory.run_id(now())
        alone = apart if apart is not None else client is None and workers.can_fork()
        job = Job(str(span), started, mode, store, replay, tables, now, tell, ask,
                  budget or workers.Budget(), alone, weigh)  # fmt: skip
        base = _baseline(store)
        known = _with_released(store, base)
        deliveries = [_deliver(name, job, known) for name in names]
        latest = _publish(deliveries, job)
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


def _asker(
    client: Any,
    keys: Mapping[str, str],
    sleep: Callable[[float], None],
    now: Callable[[], dt.datetime],
) -> Callable[[Request], Answer]:
    """Return the function that asks a server; httpx is loaded at the first question."""

    def ask(request: Request) -> Answer:
        from energy.sources import transport

        return transport.fetch(request, keys=keys, client=client, sleep=sleep, now=now)

    return ask


def _last_release(store: Store) -> dict[str, Any] | None:
    """Return the newest release by its run."""
    heads = [head for name in store.releases() if (head := memory.find_release(store, name))]
    return max(heads, key=lambda head: (head["run"], head["release"]), default=None)


def _baseline(store: Store) -> pd.DataFrame:
    """Return what stood at the last release: a run is held against that, also when it is resumed."""
    head = _last_release(store)
    rows = store.observations(as_of=head["release"]) if head else store.observations().head(0)
    return rows[rows["value"].notna()].reset_index(drop=True)


def _against(store: Store, as_of: Any, base: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return what a run is held against, and its name: the last release, or a day."""
    if as_of is not None:
        return _valued(store.observations(as_of=as_of)), f"what was known on {as_of}"
    last = _last_release(store)
    return base, last["release"] if last else ""


def _released(store: Store) -> pd.DataFrame:
    """Return the refused rows that a person let through."""
    rows = store.quarantined(released=True)
    return rows[~rows["id"].isin(store.quarantined()["id"])]


def _with_released(store: Store, base: pd.DataFrame) -> pd.DataFrame:
    """Add the rows that a person let through since: they are known and not doubted again."""
    both = pd.concat([part for part in (base, _released(store)[COLUMNS]) if len(part)] or [base])
    return both.drop_duplicates(KEY, keep="last", ignore_index=True)


def _deliver(name: str, job: Job, known: pd.DataFrame) -> Delivery:
    """Fetch, read and check one source; whatever is wrong with it stays with it."""
    module, count = sources.SOURCES[name], {"asked": 0, "kept": 0}
    if not module.request(job.period):
        return Delivery(name, "by hand", "files come in by: energy import inbox FILE")
    try:
        mine = known[known["source"] == name]
        rows, asides = _gathered(module, job, count)
        late = _overdue(rows, asides, mine, module, job)
        if (
            len(late) and count["kept"] and job.offline is None
        ):  # it may have been cut: ask once more
            rows, asides = _gathered(module, job, count, again=True)
            late = _overdue(rows, asides, mine, module, job)
        rows = honest_dates(rows)
        good, doubtful = gate(rows, Context(mine))
        doubtful = with_faulty(doubtful, asides["faulty"])
        word, why = verdict.judge(name, job.period, job.now().date(), module.LAG, rows,
                                  len(doubtful), asides["withheld"])  # fmt: skip
        if word == "failed":
            raise SourceError(name, module.URL, why)
    except (StoreError, ClockError):
        raise
    except KeyMissing as error:
        job.tell(f"{name}: skipped. {error.what}")
        return Delivery(
            name, "skipped", error.what, count["asked"], count["kept"], verdict="skipped"
        )
    except Exception as error:  # whatever ends one source: memory, depth, a module, a certificate
        what = _own_fault(name, error, job)
        job.tell(f"{name}: FAILED. {what}")
        return Delivery(name, "failed", what, count["asked"], count["kept"], verdict="failed")
    job.tell(f"{name}: {len(rows)} rows, {len(doubtful)} doubtful")
    told = (*asides["told"], *([why] if why else []), *_few(late["reason"].tolist()))
    for text in told:
        job.tell(f"{name}: {text}")
    return Delivery(name, "fine", "", count["asked"], count["kept"], good, doubtful, word, told,
                    len(asides["withheld"]), tuple(asides["answers"]), late)  # fmt: skip


def _overdue(
    rows: pd.DataFrame,
    asides: dict[str, list[Any]],
    known: pd.DataFrame,
    module: ModuleType,
    job: Job,
) -> pd.DataFrame:
    """Return what is due and did not come; a cell that is withheld or no number did come."""
    if asides["withheld"]:
        return pd.DataFrame(columns=due.COLUMNS)
    came = with_faulty(rows.assign(reason=""), asides["faulty"])
    return due.overdue(came, known, module, job.period, job.now().date())


def _few(texts: Sequence[str], most: int = 3) -> list[str]:
    more = [f"{len(texts) - most} more series end before what is due"] if len(texts) > most else []
    return [*texts[:most], *more]


def _gathered(
    module: ModuleType, job: Job, count: dict[str, int], again: bool = False
) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
    """Ask and read a source, in a process of its own where the job says so; ``again``: none kept counts."""
    kept = {} if again else _kept(job.store, module.NAME, job.period, job.now(), job.tell)
    replay = _replayed(module.NAME, job)
    if not job.apart:
        return _gather(module, job, count, kept, replay)
    left = job.budget.run - (time.monotonic() - job.began)
    if left <= 0:
        hours = job.budget.run / 3600
        raise workers.WorkerError(f"not asked: the {hours:.3g} h of the whole run are over")

    def work(send: workers.Send) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
        inner = dataclasses.replace(job, send=send, tell=lambda text: send("tell", text))
        return _gather(module, inner, count, kept, replay)

    def took(word: str, thing: Any) -> None:
        if word == "keep":
            job.keep(thing)
        elif word == "count":
            count.update(thing)
        else:
            job.tell(thing)

    return workers.apart(work, took, min(job.budget.source, left), job.budget.memory)


def _own_fault(name: str, error: Exception, job: Job) -> str:
    """Keep the traceback of an error that no reader raised on purpose; return what to say of it.

    A shape that no reader foresaw may be the answer's fault or ours; a missing extra is neither.
    """
    if isinstance(error, MissingExtra):
        return str(error)
    if isinstance(error, SourceError):
        if not isinstance(error, reading.Unforeseen):
            return error.what
        what, whose = error.what, "not foreseen"
    else:
        ended = isinstance(error, workers.WorkerError)
        what = str(error) if ended else f"{type(error).__name__}: {error}"
        whose = "an error of ours"
        if isinstance(error, EnergyError) and not getattr(error, "__notes__", ()):
            return what
    place = f"log/{job.run}.{name}.txt"
    disk.write(job.store.root, place, "".join(traceback.format_exception(error)).encode())
    return f"{what} ({whose}: {place} of the store has the traceback)"


def with_faulty(doubtful: pd.DataFrame, faulty: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Add the cells that are no numbers to the doubtful rows; they have a reason and no value."""
    if not faulty:
        return doubtful
    rows = pd.DataFrame(list(faulty))
    text = [name for name in COLUMNS if name not in ("value", "coverage", "retrieved")]
    rows = rows.reindex(columns=[*COLUMNS, "reason"]).fillna(dict.fromkeys(text, ""))
    rows["retrieved"] = pd.to_datetime(rows["retrieved"], utc=True)
    rows = rows.astype({"value": float, "coverage": float})
    return pd.concat([part for part in (doubtful, rows) if len(part)], ignore_index=True)


def _gather(
    module: ModuleType,
    job: Job,
    count: dict[str, int],
    kept: dict[str, Answer],
    replay: dict[str, Answer] | None,
) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
    """Read all answers of a source; a kept answer that cannot be read is asked once more.

    Returns the rows, and what stands beside them: ``told, withheld, faulty``, and the ``answers``
    they were read from.
    """
    while True:
        last: list[str] = []

        def fetch(
            request: Request, kept: dict[str, Answer] = kept, last: list[str] = last
        ) -> Answer:
            last[:] = [request.tag]
            return _fetch(request, job, kept, replay, count)

        try:
            return read_answers(module, job.period, fetch)
        except SourceError:
            if replay is not None or not last or kept.pop(last[0], None) is None:
                raise


def read_answers(
    module: ModuleType, period: str, fetch: Callable[[Request], Answer]
) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
    """Read the answers of a source, from wherever `fetch` takes them, as a run does.

    Returns
    -------
    tuple of DataFrame and dict of list
        The rows; and beside them what was ``told``, ``withheld`` or ``faulty``, and the ``answers``.
    """
    asides: dict[str, list[Any]] = {"told": [], "withheld": [], "faulty": [], "answers": []}

    def taken(request: Request) -> Answer:
        answer = fetch(request)
        asides["answers"].append(dataclasses.replace(answer, body=b""))  # kept; a name is enough
        return answer

    tables = [_parted(answer, table, asides) for answer, table in
              sources.gather(module, period, taken, asides["told"].append)]  # fmt: skip
    rows = pd.concat([t for t in tables if len(t)] or [sources.reading.empty()])
    return rows.drop_duplicates([*KEY, "value", "status"], ignore_index=True), asides


def _parted(answer: Answer, table: pd.DataFrame, asides: dict[str, list[Any]]) -> pd.DataFrame:
    """Move what stands beside the rows of one answer (see `reading.aside`) to ``asides``."""
    for name, found in asides.items():
        found += table.attrs.pop(name, [])
    for row in asides["faulty"]:
        row.setdefault("retrieved", answer.retrieved)
        row.setdefault("coverage", 1.0)
    return table


def _replayed(name: str, job: Job) -> dict[str, Answer] | None:
    """Return the answers to replay by tag; None where servers are asked."""
    if job.offline is None:
        return None
    return {answer.request.tag: answer for answer in job.offline.answers(name, job.period)}


def _fetch(
    request: Request,
    job: Job,
    kept: Mapping[str, Answer],
    replay: Mapping[str, Answer] | None,
    count: dict[str, int],
) -> Answer:
    """Return the answer to a question: replayed, kept, or asked and kept before it is read."""
    if replay is not None:
        if request.tag not in replay:
            what = (
                f"No kept answer {request.tag!r} in {job.offline and job.offline.root}; ask online."
            )
            status = 401 if request.key_header or request.key_param else 0
            raise SourceError(request.source, request.url, what, status)
        _counted(job, count, "kept")
        job.keep(replay[request.tag])
        return replay[request.tag]
    if request.tag in kept and kept[request.tag].request.url == request.url:
        _counted(job, count, "kept")
        return kept[request.tag]
    job.tell(f"{request.source}: asking {request.tag} …")
    _counted(job, count, "asked")
    answer = job.ask(request)
    check_clock(answer, job.now())
    job.keep(answer)
    return answer


def _counted(job: Job, count: dict[str, int], word: str) -> None:
    count[word] += 1
    if job.send is not None:
        job.send("count", count)


def licence_of(source: str) -> str:
    """Return the terms of a source, "" for one that is not ours.

    >>> licence_of("nobody")
    ''
    """
    return str(getattr(sources.SOURCES.get(source), "LICENCE", ""))


def _publish(deliveries: Sequence[Delivery], job: Job) -> pd.DataFrame:
    """Write refused and good rows, source by source; return what is known afterwards.

    Refused rows go first: a run killed in between finds them held and judges nothing anew.
    """
    if job.applies:
        for delivery in deliveries:
            if delivery.answers:
                mend.note(job.store, job.run, "update", delivery.answers, delivery.doubtful,
                          source=delivery.name, period=job.period)  # fmt: skip
            if len(delivery.doubtful):
                job.store.quarantine(job.run, delivery.doubtful)
            if len(delivery.good):
                check_asked(delivery.good, job.run)
                made = job.store.publish(delivery.name, job.run, delivery.good)
                job.tell(f"{delivery.name}: " + (f"published {made.new} new and {made.revised} revised"
                         if made else "nothing new"))  # fmt: skip
        return _valued(job.store.observations())
    parts = [job.store.observations(), *(d.good for d in deliveries if len(d.good))]
    return _valued(memory.last_known(pd.concat(parts, ignore_index=True)))


def _valued(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[rows["value"].notna()].reset_index(drop=True)


def _hold_sums(
    added: pd.DataFrame, before: pd.DataFrame, latest: pd.DataFrame, job: Job
) -> pd.DataFrame:
    """Return the quarter's sums that are held back: not whole, more than the pipe holds, not plausible."""
    now = np.array([_inside(text, job.period) for text in added["period"]], dtype=bool)
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
    settled = _identities(_released(job.store))
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


def _inside(period: str, quarter: str) -> bool:
    span, whole = periods.parse(period), periods.parse(quarter)
    return whole.start <= span.start and span.end <= whole.end


# -- what changed: the report, the note, the release ----------------------------------------------

COUNTS = ["new", "revised", "vanished"]
SHOWN = 25
"""Most lines of a list in the release note; the whole list lies beside it as CSV."""

BUILDS = "builds"
"""Folder of the store that holds what was built, one folder a release."""


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
    StoreError
        If neither a release nor a date has that name.
    """
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
    doubtful = _refused(deliveries, _hold_sums(added, before, kept, job))
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
        name, folder = _release(job, {"NOTE.md": note, **files}, build)
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
    newest = _ends(latest)
    rows = []
    for d in deliveries:
        module, last = sources.SOURCES[d.name], newest.get(d.name)
        own = counts.loc[d.name] if d.name in counts.index else pd.Series(0, index=COUNTS)
        due = d.outcome == "failed" or today >= span.end + dt.timedelta(days=module.LAG)
        rows.append({
            "source": d.name, "outcome": d.outcome, "asked": d.asked, "kept": d.kept,
            "rows": len(d.good) + len(d.doubtful), "doubtful": len(d.doubtful), **own.astype(int),
            "newest": last.isoformat() if last else "", "age": (today - last).days if last else "",
            "stale": bool(module.LAG and due and d.outcome != "by hand" and _stale(span, last)),
            "verdict": d.verdict or d.outcome, "expected": verdict.expected(d.name, span),
            "withheld": d.withheld, "overdue": len(d.overdue), "told": "; ".join(d.told),
            "what": d.what,
        })  # fmt: skip
    return pd.DataFrame(rows)


def release_note(
    period: str,
    started: str,
    mode: str,
    table: pd.DataFrame,
    found: pd.DataFrame,
    shown: pd.DataFrame,
    doubtful: pd.DataFrame,
    before: str = "",
    overtaken: Sequence[str] = (),
) -> str:
    """Write the release note of an update.

    Parameters
    ----------
    period, started, mode : str
    table : DataFrame
        `Report.sources`.
    found : DataFrame
        Changes of what the sources deliver.
    shown : DataFrame
        Changes of the sums that the tracker shows: flows of routes, imports, rates.
    doubtful : DataFrame
        Refused rows, with ``id`` and ``reason``.
    before : str
        The release, or day, that the changes are against; "" for none.
    overtaken : sequence of str
        Corrections that a source seems to have mended.

    Returns
    -------
    str
        Markdown.
    """
    stale = table[table["stale"]]
    titles = {"new": "New figures", "revised": "Revised figures", "vanished": "No longer given"}
    against = f"Changes against {before}." if before else "The first release: all is new."
    parts = [f"# {period}: what changed", "",
             f"Run {started} ({mode}). {against} What the sources gave, line by line: changes.csv.", "",
             "## Sources", "", markdown(table.drop(columns=["asked", "kept", "told", "what"])), ""]  # fmt: skip
    failed = table[table["what"] != ""]
    parts += [f"- {row.source}: {row.what}" for row in rows_of(failed)]
    parts += [f"- {row.source}: {row.told}" for row in rows_of(table[table["told"] != ""])] + [""]
    for kind, title in titles.items():
        rows = found if kind == "vanished" else shown
        parts += [f"## {title}", "", *_listed(rows[rows["change"] == kind], kind, period), ""]
    parts += ["## Revisions by age", "", *_by_age(found), ""]
    parts += ["## In quarantine", "", *_doubts(doubtful), ""]
    parts += ["## Stale", "", *([f"- {r.source}: figures end {r.newest or 'nowhere'}, {r.age or '?'} days ago; "
              "the last good values stand." for r in rows_of(stale)] or ["Nothing."]), ""]  # fmt: skip
    parts += [
        "## Corrections overtaken",
        "",
        *([f"- {text}" for text in overtaken] or ["None."]),
        "",
    ]
    return "\n".join(parts)


def _listed(rows: pd.DataFrame, kind: str, period: str) -> list[str]:
    """Return the weightiest changes as a table and say how many there are.

    New ones: the quarter's own first, flows before the rest; others: the largest revision first.
    """
    if rows.empty:
        return ["None."]
    rows = rows.assign(
        own=[not _inside(text, period) for text in rows["period"]],
        part=rows["freq"] != "Q",
        other=rows["series"] != "flow",
        size=-rows["percent"].abs().fillna(0.0),
    )
    first = ["size"] if kind == "revised" else ["own", "part", "other"]
    rows = rows.sort_values([*first, *KEY])
    columns = ["series", "entity", "period", "source", "unit", "old", "new", "by", "percent", "age"]
    left = {"new": ["old", "by", "percent"], "vanished": ["new", "by", "percent"], "revised": []}
    table = markdown(rows.head(SHOWN)[[c for c in columns if c not in left[kind]]])
    more = ["", f"{len(rows) - SHOWN:,} more."] if len(rows) > SHOWN else []
    return [table, *more]


def _by_age(found: pd.DataFrame) -> list[str]:
    """Return revisions of the deliveries by source and age: how many, how large."""
    rows = found[(found["change"] == "revised") & found["percent"].notna()]
    if rows.empty:
        return ["None."]
    groups = rows.assign(size=rows["percent"].abs()).groupby(["source", "age"])
    table = groups.agg(n=("size", "size"), mean=("percent", "mean"), mean_abs=("size", "mean"))
    table = table.reset_index().rename(
        columns={"age": "quarters old", "mean": "mean %", "mean_abs": "mean |%|"}
    )
    return [markdown(table)]


def _doubts(doubtful: pd.DataFrame) -> list[str]:
    if doubtful.empty:
        return ["Nothing."]
    shown = doubtful.head(SHOWN)[["id", "series", "entity", "period", "value", "unit", "reason"]]
    more = ["", f"{len(doubtful) - SHOWN:,} more in doubtful.csv."] if len(doubtful) > SHOWN else []
    how = 'Let one through: `energy update PERIOD --release-row ID --reason "why it is right"`.'
    return [markdown(shown), *more, "", how]


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown; numbers with six digits, missing as an empty cell.

    >>> print(markdown(pd.DataFrame({"route": ["a"], "bcm": [1.25], "late": [True]})))
    | route | bcm | late |
    | --- | --- | --- |
    | a | 1.25 | yes |
    """

    def cell(value: Any) -> str:
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return ""
        if isinstance(value, bool | np.bool_):
            return "yes" if value else ""
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        return text.replace("|", "\\|").replace("\n", " ")

    lines = [
        list(table.columns),
        ["---"] * table.shape[1],
        *table.astype(object).to_numpy().tolist(),
    ]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)


def _release(
    job: Job, files: Mapping[str, str], build: Callable[[Path], object] | None
) -> tuple[str, Path | None]:
    """Build into a folder and tag it; nothing where the last release holds the same vintages.

    The folder gets its name first and the manifest last: without a manifest it is no release, and
    the next run makes it anew.
    """
    store, last = job.store, _last_release(job.store)
    held = [line["path"] for line in last["vintages"]] if last else []
    ours = [n for n in store.releases() if n == job.period or n.startswith(f"{job.period}-")]
    if last and last["release"] in ours and held == store.vintages():
        job.tell("nothing changed since " + last["release"])
        folder = _built(store, last["release"])
        if folder.is_dir():
            for file, why in audit.built_faults(folder, last["artefacts"]).items():
                job.tell(f"{folder / file} {why}")
        return last["release"], folder
    name = f"{job.period}-{len(ours) + 1:02d}" if ours else job.period
    folder = _built(store, name)
    spare = folder.with_name(f".{name}.part")
    try:
        _build_into(spare, files, build, job.tell)
        shutil.rmtree(folder, ignore_errors=True)
        spare.replace(folder)
        disk.sync(folder.parent)
    except (OSError, RuntimeError) as error:  # HDF5 tells a full disk as either
        shutil.rmtree(spare, ignore_errors=True)
        if disk.number_of(error) is None:
            raise
        raise disk.refusal(store.root, f"{BUILDS}/{name}", error) from error
    store.manifest(job.period, job.run, _digests(folder))
    job.tell(f"release {name}: {folder}")
    return name, folder


def _build_into(
    spare: Path, files: Mapping[str, str], build: Callable[[Path], object] | None, tell: Tell
) -> None:
    """Build into an empty folder, and see every file of it to the disk."""
    shutil.rmtree(spare, ignore_errors=True)
    spare.mkdir(parents=True)
    for file, text in files.items():
        (spare / file).write_text(text, encoding="utf-8")
    if build:
        tell("building layers, map and summary …")
        build(spare)
    for path in spare.rglob("*"):
        disk.sync(path)


def _built(store: Store, name: str) -> Path:
    root = facts.home() if "://" in store.root else Path(store.root)
    return root / BUILDS / name


def _digests(folder: Path) -> dict[str, str]:
    """Return sha256 of each file, by its name below the folder."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files}  # fmt: skip


# -- what people do: files by hand, rows let through ----------------------------------------------


def take_in(
    path: str | Path,
    store: Store | None = None,
    *,
    now: Callable[[], dt.datetime] = _clock,
    tell: Tell = _quiet,
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
    rows = honest_dates(published_by(read_file(path, answer, tell), store, as_of, tell))
    quarter = str(periods.containing(answer.retrieved.date(), "Q"))
    with store.lock(f"import inbox {Path(path).name}"):
        store.keep(answer, quarter, inbox.LICENCE)
        known = _valued(store.observations())
        good, doubtful = gate(rows, Context(_with_released(store, known)))
        started = memory.run_id(now())
        mine = "gie" if set(good["source"]) == {"gie"} else inbox.NAME  # AGSI's own rows
        by = "" if as_of is None else str(memory.day_of(store, as_of))
        mend.note(store, started, "inbox", [answer], doubtful, source=mine, period=quarter,
                  name=Path(path).name, by=by)  # fmt: skip
        if len(doubtful):
            store.quarantine(started, doubtful)
        made = store.publish(mine, started, good) if len(good) else None
    tell(f"{Path(path).name}: {made.new if made else 0} new, {made.revised if made else 0} revised, "
         f"{len(doubtful)} in quarantine")  # fmt: skip
    return doubtful


def read_file(path: str | Path, answer: Answer, tell: Tell) -> pd.DataFrame:
    """Read typed figures, or a table of another project that is recognised by its head."""
    form = forms.recognise(path)
    if form.name not in files.SOURCE:
        return inbox.parse_file(path, answer.retrieved)
    tell(f"{Path(path).name}: {form.words}")
    try:
        return files.parse(dataclasses.replace(answer, headers={}), form)
    except SourceError as error:
        raise DataError(Path(path).name, [error.what]) from error


def published_by(rows: pd.DataFrame, store: Store, as_of: Any, tell: Tell) -> pd.DataFrame:
    """Return the rows published by a day; tell which are left."""
    if as_of is None:
        return rows
    day = memory.day_of(store, as_of)
    late = np.array([memory.last_day(text) > day for text in rows["published"]], dtype=bool)
    for row in rows_of(rows[late]):
        tell(f"left: {row.ref}, {row.series} of {row.entity} in {row.period}, published "
             f"{row.published}, after {day}")  # fmt: skip
    return rows[~late].reset_index(drop=True)


def release_rows(
    ids: Sequence[str],
    reason: str,
    store: Store | None = None,
    now: Callable[[], dt.datetime] = _clock,
) -> int:
    """Let refused rows through, by id, for a reason; return how many were published.

    Raises
    ------
    StoreError
        If an id is not in quarantine, or no reason is given.
    """
    store = store or Store.open()
    made = store.release(list(ids), reason, memory.run_id(now()))
    return sum(vintage.new + vintage.revised for vintage in made)
