"""One small question to every service: does it still answer, and in the shape that is known?

The answer is kept under ``raw/<source>/probe`` of the store, what is known of its shape, whenever
that grew, under ``probes/<source>``. Nothing is published.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pandas as pd

from energy import sources
from energy.errors import UnknownName
from energy.intake.clocks import check_clock
from energy.measure import periods
from energy.sources import KeyMissing, SourceError
from energy.sources.contract import Answer, Request
from energy.sources.shape import Known, drift, learned, shape
from energy.store import Store, StoreError, disk

COLUMNS = ["source", "state", "severity", "what", "place", "url"]
PERIOD = "probe"
"""Under which answers to probes are kept: an update never takes one for an answer of its own."""

SAME, FIRST, DRIFTED, FAILED, SKIPPED = "same", "first", "drifted", "failed", "skipped"
SEVERITY = {SAME: 0, FIRST: 0, SKIPPED: 0, FAILED: 3}
CODES = {0: 0, 1: 4, 2: 4, 3: 3}
"""Gravest severity to exit code: 4 where something drifted and is still read, 3 where a service
failed or its answer cannot be read."""


def question(module: ModuleType, today: dt.date) -> Request | None:
    """Return the small question to a source; None where it has none.

    A module that asks for much at once offers ``little(day)``; of any other it is the first
    question of the last quarter that it should have whole.
    """
    day = today - dt.timedelta(days=module.LAG)
    if hasattr(module, "little"):
        asked: Request | None = module.little(day)
        return asked
    quarter = periods.containing(periods.containing(day, "Q").start - dt.timedelta(days=1), "Q")
    return next(iter(module.request(quarter)), None)


def probe(
    store: Store | None = None,
    *,
    only: Iterable[str] | None = None,
    offline: str | Path | None = None,
    client: Any = None,
    keys: Mapping[str, str] = os.environ,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    tell: Callable[[str], object] = lambda text: None,
) -> pd.DataFrame:
    """Ask every service one small question and tell what drifted.

    Parameters
    ----------
    store : Store, optional
        Where answers and shapes are kept; default the one in ``$ENERGY_HOME``.
    only : iterable of str, optional
        Source names.
    offline : path, optional
        Folder of a store whose kept probes are read instead of asking.
    client, keys, sleep, now
        Passed to the transport.
    tell : callable
        Takes one line of progress a source.

    Returns
    -------
    DataFrame, columns source, state, severity, what, place, url
        A row a source and, where its shape drifted, a row a difference. ``state`` is same, first
        (nothing to compare with), drifted, failed or skipped (a key is missing); ``severity`` 0
        nothing, 1 something new, 2 something gone or of another kind, 3 failed.

    Raises
    ------
    UnknownName
        For an unknown source.
    StoreError
        If the store cannot be written or is damaged.
    """
    store = store or Store.open()
    names = list(sources.SOURCES) if only is None else list(only)
    replay = Store.open(offline) if offline else None

    def ask(request: Request) -> Answer:
        if replay is not None:
            return _recorded(replay, request)
        from energy.sources import transport

        return transport.fetch(request, keys=keys, client=client, sleep=sleep, now=now)

    rows: list[dict[str, Any]] = []
    for name in names:
        if name not in sources.SOURCES:
            raise UnknownName("source", name, sources.SOURCES)
        asked = question(sources.SOURCES[name], now().date())
        if asked is None:
            continue
        tell(f"{name}: asking {asked.tag} …")
        rows += [{"source": name, **row, "url": asked.url} for row in _one(asked, ask, store, now)]
    return pd.DataFrame(rows, columns=COLUMNS)


def code(table: pd.DataFrame) -> int:
    """Return the exit code of a probe: that of its gravest row.

    >>> code(pd.DataFrame({"severity": [0, 1]})), code(pd.DataFrame({"severity": []}))
    (4, 0)
    """
    return CODES[int(table["severity"].max())] if len(table) else 0


def _recorded(replay: Store, request: Request) -> Answer:
    for answer in replay.answers(request.source, PERIOD):
        if answer.request.tag == request.tag:
            return answer
    what = f"No kept probe {request.tag!r} in {replay.root}; ask online."
    raise SourceError(request.source, request.url, what)


def _one(
    request: Request,
    ask: Callable[[Request], Answer],
    store: Store,
    now: Callable[[], dt.datetime],
) -> list[dict[str, Any]]:
    """Ask one service; return what is to be told of it."""
    try:
        answer = ask(request)
        check_clock(answer, now())
        store.keep(answer, PERIOD)
        seen = shape(answer)
        read = sources.SOURCES[request.source].parse(answer)
    except KeyMissing as error:
        return [_row(SKIPPED, error.what)]
    except SourceError as error:
        return [_row(FAILED, error.what)]
    known = _known(store, request.source)
    found, grown = drift(known, seen) if known else [], learned(known, seen)
    if grown != known:
        _remember(store, request.source, grown, answer)
    doubts = [*read.attrs.get("told", []), *(row["reason"] for row in read.attrs.get("faulty", []))]
    doubted = [_row(DRIFTED, text, severity=1) for text in doubts]
    rows = doubted + [_row(DRIFTED, one.what, one.place, one.severity) for one in found]
    return rows or [
        _row(SAME if known else FIRST, f"{len(seen.kinds)} keys, {len(read)} rows read")
    ]


def _row(state: str, what: str, place: str = "", severity: int | None = None) -> dict[str, Any]:
    grave = SEVERITY[state] if severity is None else severity
    return {"state": state, "severity": grave, "what": what, "place": place}


def _known(store: Store, source: str) -> Known | None:
    """Return what the last probe knew of a source's shape."""
    names = disk.files_of(store.root, f"probes/{disk.safe(source)}", ".json")
    if not names:
        return None
    try:
        return Known.of(disk.load_json(store.root, names[-1])["shape"])
    except (KeyError, TypeError, AttributeError) as error:
        what = f"{names[-1]} is damaged ({error!r}); remove it, the next probe writes it anew."
        raise StoreError(what) from error


def _remember(store: Store, source: str, known: Known, answer: Answer) -> None:
    moment = answer.retrieved.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    head = {"asked": answer.request.url, "sha256": answer.sha256}
    body = disk.as_json({**head, "shape": known.record()})
    disk.write(store.root, f"probes/{disk.safe(source)}/{moment}.{answer.sha256[:8]}.json", body)
