"""Ask a source, read its answers and check its rows; whatever is wrong with it stays with it.

The job is what the steps of one run share. Nothing is published here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType
from typing import Any

import pandas as pd

from energy import facts, sources
from energy.errors import EnergyError, MissingExtra
from energy.intake import due, verdict, workers
from energy.intake.answers import read_answers, with_faulty
from energy.intake.clocks import (
    ClockError,
    check_clock,
    honest_dates,
)
from energy.intake.gate import Context, gate
from energy.intake.planning import Tell, kept_answers
from energy.sources import KeyMissing, SourceError, reading
from energy.sources.contract import Answer, Request
from energy.store import Store, StoreError, disk


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


def asker(
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


def deliver(name: str, job: Job, known: pd.DataFrame) -> Delivery:
    """Fetch, read and check one source; whatever is wrong with it stays with it."""
    module, count = sources.SOURCES[name], {"asked": 0, "kept": 0}
    if not module.request(job.period):
        return Delivery(name, "by hand", "files come in by: energy import inbox FILE")
    try:
        mine = known[known["source"] == name]
        rows, asides = _ask_and_read(module, job, count)
        late = _overdue(rows, asides, mine, module, job)
        if (
            len(late) and count["kept"] and job.offline is None
        ):  # it may have been cut: ask once more
            rows, asides = _ask_and_read(module, job, count, again=True)
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
    words = (*asides["told"], *([why] if why else []), *_few(late["reason"].tolist()))
    for text in words:
        job.tell(f"{name}: {text}")
    return Delivery(name, "fine", "", count["asked"], count["kept"], good, doubtful, word, words,
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


def _ask_and_read(
    module: ModuleType, job: Job, count: dict[str, int], again: bool = False
) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
    """Ask and read a source, in a process of its own where the job says so; ``again``: none kept counts."""
    kept = {} if again else kept_answers(job.store, module.NAME, job.period, job.now(), job.tell)
    replay = _replayed(module.NAME, job)
    if not job.apart:
        return _read_all(module, job, count, kept, replay)
    left = job.budget.run - (time.monotonic() - job.began)
    if left <= 0:
        hours = job.budget.run / 3600
        raise workers.WorkerError(f"not asked: the {hours:.3g} h of the whole run are over")

    def work(send: workers.Send) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
        inner = dataclasses.replace(job, send=send, tell=lambda text: send("tell", text))
        return _read_all(module, inner, count, kept, replay)

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


def _read_all(
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
