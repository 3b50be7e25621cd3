"""The memory: raw answers and immutable editions of observations, under ``$ENERGY_HOME``.

::

    raw/<source>/<period>/<tag>.<sha8>.bin, .json   each answer's bytes, and what was asked
    vintages/<source>/<run>.parquet                 rows new or changed in that run, for good
    quarantine/<run>.<sha8>.parquet                 refused rows with the reason
    quarantine/released/<run>.<sha8>.json           which of them a person let through, and why
    releases/<release>.json                         the manifest of a release, with hashes
    ledger/<number>.<kind>.json                     an entry a file, chained: what counts, by digest
    index/, newest/                                 copies that make it quick; may be deleted
    aside/                                          what a repair took out of the way

Append-only: nothing here changes or deletes a row. Every file carries the number of its form, and
counts only as the ledger has it: a damaged, lost or foreign one is named, never read. Two clocks:
``published`` (when the world knew) and ``retrieved`` (when we knew). A row is *known* from the
last day of ``published`` (2026-03 is known on 31 March), at the latest from the day it was
retrieved; without a publication date from the day it was retrieved. Queries go through DuckDB over
the Parquet files; a reader opens no lock and writes nothing. Fetching, checking and choosing live
elsewhere.

The rooms, from below: `disk` and `locks` (files), `dates` and `tables` (rows), `ledger` and
`proofs` (what counts), `releases`, `queries`, `changes`, `publishing`, `quarantine`, `answers`,
`audit`, `repair`; `package` tells the same of the facts.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import os
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from energy import facts
from energy.errors import PeriodError, checked
from energy.measure import periods
from energy.sources.contract import Answer
from energy.store import (
    answers,
    audit,
    changes,
    journal,
    locks,
    publishing,
    quarantine,
    queries,
    releases,
    repair,
)
from energy.store.base import StoreError, StoreLocked, StoreWarning
from energy.store.changes import diff
from energy.store.dates import label, last_day, run_id
from energy.store.package import dated, known, retrieved, since
from energy.store.publishing import Vintage
from energy.store.quarantine import quarantine_rows
from energy.store.queries import last_known
from energy.store.tables import encode

__all__ = [
    "Store",
    "StoreError",
    "StoreLocked",
    "StoreWarning",
    "Vintage",
    "check_begun",
    "dated",
    "day_of",
    "diff",
    "encode",
    "find_release",
    "known",
    "last_day",
    "last_known",
    "quarantine_rows",
    "retrieved",
    "run_id",
    "since",
]  # fmt: skip


@checked
@dataclasses.dataclass(frozen=True)
class Store:
    """A folder, here or on an object store. Opening one writes nothing.

    Attributes
    ----------
    root : str
        Path, or an fsspec url such as ``s3://bucket/energy``.

    Examples
    --------
    >>> home = Store.open("a-store")
    >>> vintage = home.publish("meter", "20250501T000000Z", rows)
    >>> vintage.new, home.observations()["value"].tolist()
    (2, [1.0, 2.0])
    """

    root: str

    @classmethod
    def open(cls, root: str | Path | None = None) -> Store:
        """Open a store; default ``$ENERGY_HOME``. It need not exist yet.

        Examples
        --------
        >>> Path(Store.open("a-store").root).name
        'a-store'
        """
        named = os.environ.get("ENERGY_HOME", "")
        text = str(root or (named if "://" in named else facts.home()))
        text = text.removeprefix("file://")
        return cls(text.rstrip("/") if "://" in text else str(Path(text).expanduser().absolute()))

    def lock(
        self, what: str = "update", wait: float = 0.0
    ) -> contextlib.AbstractContextManager[None]:
        """Keep other writers out while the ``with`` block runs; readers are never kept out.

        Parameters
        ----------
        what : str
            What the owner does, for the message others get.
        wait : float
            Seconds to wait for another writer of short work.

        Raises
        ------
        StoreLocked
            Naming process, machine and time of the owner. The lock of a dead owner is taken over.
        StoreError
            If the store cannot be written.

        Examples
        --------
        >>> with store.lock("import"):
        ...     len(store.vintages())
        2
        """
        return locks.hold(self.root, what, wait)

    def keep(self, answer: Answer, period: str, licence: str = "") -> str:
        """Keep an answer whole, once; return its sha256.

        An answer equal to the newest kept one of its tag adds nothing. Where `licence` does not
        let the source's own data be passed on, only the user of this process may read the files.

        Raises
        ------
        StoreError
            If the digest is not that of the bytes, the url holds the key, or nothing can be
            written.

        Examples
        --------
        >>> from energy.sources.contract import Request
        >>> from energy.sources.reading import answer_of
        >>> home = Store.open("kept")
        >>> answer = answer_of(Request("meter", "monthly", "https://meter.example/api"), b"2.0")
        >>> home.keep(answer, "2025Q1") == answer.sha256
        True
        """
        return answers.keep(self.root, answer, period, licence)

    def answers(self, source: str, period: str) -> list[Answer]:
        """Return the newest kept answer of each tag, by tag: to resume, or to work offline.

        Examples
        --------
        >>> from energy.sources.contract import Request
        >>> from energy.sources.reading import answer_of
        >>> home = Store.open("answers")
        >>> asked = Request("meter", "monthly", "https://meter.example/api")
        >>> _ = home.keep(answer_of(asked, b"2.0"), "2025Q1")
        >>> [answer.body for answer in home.answers("meter", "2025Q1")]
        [b'2.0']
        """
        return answers.newest(self.root, source, period)

    def raw(self, ref: str) -> Answer:
        """Return the kept answer behind the ``ref`` of an observation (``sha16#locator``).

        Raises
        ------
        StoreError
            If no kept answer has that digest, or its bytes are not what they were.

        Examples
        --------
        >>> store.raw("0123456789abcdef#A1")
        Traceback (most recent call last):
            ...
        energy.store.base.StoreError: No kept answer has the sha256 0123456789abcdef…; it was fetched ...
        """
        return answers.behind(self.root, ref)

    def publish(self, source: str, run: str, observations: pd.DataFrame,
                whole: Iterable[str] = ()) -> Vintage | None:  # fmt: skip
        """Write the rows that are new or changed as one immutable vintage; all or nothing.

        Parameters
        ----------
        source : str
            Folder the vintage is filed under: the name of the source module.
        run : str
            From `run_id`. Runs sort by time; one that lies before the newest is refused.
        observations : DataFrame
            `energy.sources.contract.COLUMNS`; ``retrieved`` in UTC.
        whole : iterable of str
            Periods for which `observations` is all the source gives. What it gave before and
            gives no more is written as a row without value; nothing is taken out.

        Returns
        -------
        Vintage or None
            None where nothing is new or changed: publishing twice changes nothing.

        Raises
        ------
        DataError
            With every faulty row: missing column or key, two values for one key, a `published`
            or `period` of no known form.
        StoreError, StoreLocked

        Examples
        --------
        >>> home = Store.open("published")
        >>> home.publish("meter", "20250501T000000Z", rows).new
        2
        >>> home.publish("meter", "20250801T000000Z", rows) is None  # nothing new, nothing revised
        True
        """
        return publishing.publish(self.root, source, run, observations, whole)

    def note(self, run: str, what: str, told: Mapping[str, Any]) -> str:
        """Write down, beside the answers, what a run is about to make of them; return the file.

        Parameters
        ----------
        run : str
        what : {"update", "inbox", "held"}
        told : mapping
            ``source, period, answers`` (their sha256) and ``held`` (id to reason of the rows
            refused); for ``held`` the ``rows`` themselves. See `energy.store.journal`.

        Examples
        --------
        >>> home = Store.open("noted")
        >>> name = home.note("20250501T000000Z", "update", {"source": "meter", "answers": []})
        >>> name.split(".")[1]
        'update'
        """
        return journal.note(self.root, run, what, told)

    def connect(self, as_of: Any = None, *, by: Any = None, clock: str = "published",
                skip: bool = False) -> Any:  # fmt: skip
        """Return a DuckDB connection with the views ``observations`` and ``vintages``.

        Parameters
        ----------
        as_of : date, text or None
            A date, a period (its last day counts) or the name of a release; None: all there is.
        by : date, text or None
            As `as_of`, in addition: of a release only what was known that day. A release here
            means the day of its run.
        clock : {"published", "retrieved"}
            By what the world knew, or by what this store held that day.
        skip : bool
            Leave out files that cannot be read, instead of raising.

        Returns
        -------
        duckdb.DuckDBPyConnection
            ``observations``: the last known row per series, entity, period, freq, source and
            basis. ``vintages``: every edition. Besides the columns of an observation both have
            ``start`` (first day of the period) and ``known``. A withdrawn figure has the value NaN.

        Raises
        ------
        StoreError
            Naming the damaged file, or the unknown release.

        Examples
        --------
        >>> con = store.connect("2025-06-30")
        >>> con.sql("select sum(value) from observations").fetchall()
        [(3.0,)]
        """
        return queries.connect(self.root, as_of, clock, skip, by)[0]

    def observations(self, as_of: Any = None, *, series: str | None = None, entity: str | None = None,
                     source: str | None = None, by: Any = None, clock: str = "published",
                     skip: bool = False) -> pd.DataFrame:  # fmt: skip
        """Return the last known row of each quantity, never a later one.

        Parameters
        ----------
        as_of, by, clock, skip
            As in `connect`.
        series, entity, source : str, optional
            Only these.

        Returns
        -------
        DataFrame
            `energy.sources.contract.COLUMNS`, sorted; ``retrieved`` in UTC. NaN: withdrawn.

        Examples
        --------
        >>> store.observations("2025-06-30", entity="pipe")["value"].tolist()
        [1.0, 2.0]
        >>> store.observations(entity="pipe")["value"].tolist()  # 2025Q1 was revised in August
        [1.0, 2.5]
        """
        where = {"series": series, "entity": entity, "source": source}
        return queries.finish(
            queries.select(self.root, "observations", as_of, where, clock, skip, by)
        )

    def history(
        self, series: str, entity: str, period: str, source: str | None = None
    ) -> pd.DataFrame:
        """Return every edition of one figure, oldest first, with ``known`` and ``run``.

        Examples
        --------
        >>> store.history("flow", "pipe", "2025Q1")[["value", "run"]].values.tolist()
        [[2.0, '20250501T000000Z'], [2.5, '20250801T000000Z']]
        """
        where = {"series": series, "entity": entity, "period": label(period), "source": source}
        return queries.history(self.root, where)

    def vintages(self) -> list[str]:
        """Return the vintage files in the order of their runs, relative to the store.

        Examples
        --------
        >>> len(store.vintages())
        2
        """
        return releases.vintages(self.root)

    def revisions(self, source: str | None = None, series: str | None = None) -> pd.DataFrame:
        """Return how much figures were revised, by their age.

        A revision is an edition less the edition before it; age is the number of whole quarters
        from the end of the period to the day the revision was known.

        Returns
        -------
        DataFrame
            ``source, series, unit, age, n, mean, mean_abs, mean_pct, mean_abs_pct``: units of
            the series, and per cent of the figure before. Withdrawn figures and changes of unit
            are not counted.

        Examples
        --------
        >>> store.revisions()[["series", "n", "mean"]].values.tolist()
        [['flow', 1, 0.5]]
        """
        where = {"source": source, "series": series}
        return changes.revisions(queries.select(self.root, "vintages", None, where))

    def diff(self, a: Any, b: Any, source: str | None = None) -> pd.DataFrame:
        """Return what changed between two as-of dates or releases; see `diff`.

        Examples
        --------
        >>> store.diff("2025-06-30", "2025-09-30")[["change", "period", "old", "new"]].values.tolist()
        [['revised', '2025Q1', 2.0, 2.5]]
        """
        old, new = (self.observations(when, source=source) for when in (a, b))
        return diff(old, new)

    def quarantine(self, run: str, rows: pd.DataFrame) -> str | None:
        """Keep refused rows with their ``reason``; rows already held add nothing.

        Returns
        -------
        str or None
            The file written.

        Examples
        --------
        >>> home = Store.open("doubted")
        >>> _ = home.quarantine("20250501T000000Z", rows.assign(reason="ten times the usual"))
        >>> home.quarantined()["reason"].tolist()
        ['ten times the usual', 'ten times the usual']
        """
        return quarantine.refuse(self.root, run, rows)

    def quarantined(self, released: bool = False) -> pd.DataFrame:
        """Return the refused rows: ``id, reason, run`` and `COLUMNS`; released ones on request.

        Examples
        --------
        >>> len(store.quarantined())
        0
        """
        return quarantine.quarantined(self.root, released)

    def let_through(self, ids: Sequence[str], reason: str, run: str) -> list[Vintage]:
        """Publish refused rows after all, by id, for a stated reason.

        Raises
        ------
        StoreError
            If an id is not in quarantine or no reason is given.

        Examples
        --------
        >>> home = Store.open("let-through")
        >>> _ = home.quarantine("20250501T000000Z", rows.head(1).assign(reason="ten times the usual"))
        >>> ids = home.quarantined()["id"].tolist()
        >>> [vintage.new for vintage in home.let_through(ids, "seen in print too", "20250502T000000Z")]
        [1]
        """
        return quarantine.let_through(self.root, list(ids), reason, run)

    def release(self, ids: Sequence[str], reason: str, run: str) -> list[Vintage]:
        """Let refused rows through; the old name of `let_through`."""
        warnings.warn("store.release(…) is store.let_through(…) now; the old name goes with release 0.3",
                      DeprecationWarning, stacklevel=3)  # fmt: skip  # `checked` stands between
        return self.let_through(ids, reason, run)

    def manifest(
        self, release: str, run: str, artefacts: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """Tag what the store holds as a release, with hashes; the same state is tagged once.

        Parameters
        ----------
        release : str
            For example ``"2026Q3"``. A later state under the same name becomes ``2026Q3-02``;
            the name then means the newest, ``2026Q3-01`` the first.
        artefacts : mapping of str to str
            Names and sha256 of what was built from it.

        Examples
        --------
        >>> home = Store.open("tagged")
        >>> _ = home.publish("meter", "20250501T000000Z", rows)
        >>> home.manifest("2025Q1", "20250501T000000Z")["release"]
        '2025Q1'
        """
        return releases.tag(self.root, release, run, dict(artefacts or {}))

    def releases(self) -> list[str]:
        """Return the names of the releases, in order.

        Examples
        --------
        >>> store.releases()
        ['2025Q2']
        """
        return releases.releases(self.root)

    def index(self) -> str | None:
        """Write a sorted copy of all rows that answers as-of questions without grouping.

        Worth it from some millions of rows on; smaller stores answer as fast without. Readers take
        it by themselves, with the vintages that came after it; build it at the end of an update.
        The folder ``index`` holds copies only and may be deleted at any time.

        Returns
        -------
        str or None
            The file written; None where an index of these vintages is there.

        Examples
        --------
        >>> home = Store.open("indexed")
        >>> _ = home.publish("meter", "20250501T000000Z", rows)
        >>> home.index().startswith("index/")
        True
        """
        return queries.write_index(self.root)

    def verify(self) -> list[str]:
        """Return every fault of the store, one sentence each; reads every byte of it.

        The chain of the ledger, the digest of every file it has, files it has not, the pages of
        every vintage, every kept answer, the copies under ``index`` and what was built.

        Examples
        --------
        >>> store.verify()
        []
        """
        return [fault.what for fault in audit.faults(self.root)]

    def repair(self, again: Callable[..., Any] | None = None) -> list[str]:
        """Mend what can be proven to be mended; return a sentence for each thing done.

        An older store gets its ledger, a killed writer's work is completed, flipped bits, lost
        entries and manifests are made again, copies are dropped, foreign files are set aside.
        Vintages and refused rows are made again by `again`, which is given by
        `energy.intake.mend`. What is left is told by `verify`.

        Examples
        --------
        >>> home = Store.open("mended")
        >>> _ = home.publish("meter", "20250501T000000Z", rows)
        >>> home.repair()
        []
        """
        return repair.repair(self.root, *([again] if again is not None else []))

    def retire(self, run: str, reason: str) -> list[str]:
        """Take a run out of what is read, for a stated reason, e.g. one made by a wrong clock.

        Its files and releases stay where they are and are read no more; a later run of an earlier
        day may write again. The reason stands in the ledger.

        Returns
        -------
        list of str
            The files that count no longer.

        Raises
        ------
        StoreError
            If there is no such run, no reason, or it was retired before.

        Examples
        --------
        >>> home = Store.open("retired")
        >>> _ = home.publish("meter", "20250501T000000Z", rows)
        >>> len(home.retire("20250501T000000Z", "made by a wrong clock")), home.vintages()
        (1, [])
        """
        return repair.retire(self.root, run, reason)


def find_release(store: Store, name: str) -> dict[str, Any] | None:
    """Return the newest release of that name; ``-01`` is the first.

    Examples
    --------
    >>> find_release(store, "2025Q2")["run"]
    '20250801T000000Z'
    """
    return releases.find_release(store.root, name)


def check_begun(store: Store, as_of: Any) -> None:
    """Refuse a word that is neither a day nor a release, and a day that has not come.

    Raises
    ------
    PeriodError
        With the releases that the store holds.

    Examples
    --------
    >>> check_begun(store, "2199")
    Traceback (most recent call last):
        ...
    energy.errors.PeriodError: '2199' lies in the future (today is ...), and the store holds ...
    """
    if isinstance(as_of, str) and find_release(store, as_of):
        return
    today = dt.datetime.now(dt.UTC).date()
    held = ", ".join(store.releases()[-3:]) or "none yet"
    try:
        span = periods.parse(str(as_of))
    except PeriodError as error:
        raise PeriodError(f"{error} It is no release either (the store holds: {held}).") from error
    if span.start > today:
        raise PeriodError(
            f"'{as_of}' lies in the future (today is {today}), and the store holds no release of "
            f"that name (it holds: {held}); name a day or period that has begun."
        )


def day_of(store: Store, as_of: Any) -> dt.date:
    """Return the last day of an as-of date, or the day of a release's run.

    Raises
    ------
    StoreError
        If it is neither.

    Examples
    --------
    >>> str(day_of(store, "2025Q1")), str(day_of(store, "2025-06-15"))
    ('2025-03-31', '2025-06-15')
    """
    return queries.day_of(store.root, as_of)
