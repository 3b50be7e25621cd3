"""The memory: raw answers and immutable editions of observations, under ``$ENERGY_HOME``.

::

    raw/<source>/<period>/<tag>.<sha8>.bin, .json   each answer's bytes, and what was asked
    vintages/<source>/<run>.parquet                 rows new or changed in that run, for good
    quarantine/<run>.<sha8>.parquet                 refused rows with the reason
    quarantine/released/<run>.<sha8>.json           which of them a person let through, and why
    releases/<release>.json                         the vintages of a release, with hashes
    index/<digest>.json, .NNN.parquet               a sorted copy for large stores; may be deleted

Append-only: nothing here changes or deletes a row. Two clocks: ``published`` (when the world
knew) and ``retrieved`` (when we knew). A row is *known* from the last day of ``published``
(2026-03 is known on 31 March), at the latest from the day it was retrieved; without a
publication date from the day it was retrieved. Queries go through DuckDB over the Parquet files;
a reader opens no lock and writes nothing. Fetching, checking and choosing live elsewhere.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import errno
import functools
import hashlib
import importlib
import io
import json
import os
import platform
import re
import secrets
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pandas as pd

from energy import facts, periods
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError
from energy.sources.contract import COLUMNS, Answer, Request

WHAT = ["series", "entity", "period", "freq", "source", "basis"]
"""Names a quantity as one source tells it; an edition of it has a ``published`` besides."""
CONTENT = ["value", "unit", "coverage", "status"]
"""What must differ for a row to count as revised; a new note or reference alone does not."""
TEXTS = ["series", "entity", "period", "freq", "unit", "basis", "source", "status", "published",
         "ref", "note"]  # fmt: skip
RUN_FORM = "%Y%m%dT%H%M%SZ"
ROW_GROUP = 122_880  # rows; DuckDB's own size, small enough to leave out what is not asked for
SLICE = 2_000_000  # rows of the index that are sorted at a time
LOCK = ".lock"
_EMPTY = {"key": "BIGINT", "start": "DATE", "known": "DATE", "value": "DOUBLE", "coverage": "DOUBLE",
          "retrieved": "TIMESTAMP"} | dict.fromkeys(TEXTS, "VARCHAR") | {"edition": "BIGINT"}  # fmt: skip
_PART = re.compile(r"(?P<run>\d{8}T\d{6}Z)(?:-\d{2,})?\.parquet")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]*")
_PUBLISHED = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?")
_guards: dict[str, threading.RLock] = {}
_depth: dict[str, int] = {}


class StoreError(EnergyError):
    """The store cannot be read or written, or a file in it is damaged."""


class StoreLocked(StoreError):
    """Another update is writing; the message names it."""


@dataclasses.dataclass(frozen=True)
class Vintage:
    """What one run added for one source.

    Attributes
    ----------
    source, run, path : str
        ``path`` is relative to the store.
    new, revised, withdrawn : int
        Rows never seen before, rows that changed, rows the source no longer gives.
    """

    source: str
    run: str
    path: str
    new: int
    revised: int
    withdrawn: int


@dataclasses.dataclass(frozen=True)
class Store:
    """A folder, here or on an object store. Opening one writes nothing.

    Attributes
    ----------
    root : str
        Path, or an fsspec url such as ``s3://bucket/energy``.
    """

    root: str

    @classmethod
    def open(cls, root: str | Path | None = None) -> Store:
        """Open a store; default ``$ENERGY_HOME``. It need not exist yet."""
        named = os.environ.get("ENERGY_HOME", "")
        text = str(root or (named if "://" in named else facts.home()))
        text = text.removeprefix("file://")
        return cls(text.rstrip("/") if "://" in text else str(Path(text).expanduser().absolute()))

    def lock(self, what: str = "update", wait: float = 0.0) -> contextlib.AbstractContextManager:
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
        """
        return _locked(self, what, wait)

    def keep(self, answer: Answer, period: str) -> str:
        """Keep an answer whole, once; return its sha256.

        An answer equal to the newest kept one of its tag adds nothing.

        Raises
        ------
        StoreError
            If the digest is not that of the bytes, the url holds the key, or nothing can be
            written.
        """
        return _keep(self, answer, period)

    def answers(self, source: str, period: str) -> list[Answer]:
        """Return the newest kept answer of each tag, by tag: to resume, or to work offline."""
        folder = f"raw/{_safe(source)}/{_safe(period)}"
        found = sorted((_answer_head(self, name) for name in _list(self, folder, ".json")),
                       key=lambda head: (head["tag"], head["retrieved"]))  # fmt: skip
        newest = {head["tag"]: head for head in found}
        return [_answer(self, head) for head in newest.values()]

    def raw(self, ref: str) -> Answer:
        """Return the kept answer behind the ``ref`` of an observation (``sha16#locator``).

        Raises
        ------
        StoreError
            If no kept answer has that digest, or its bytes are not what they were.
        """
        digest = ref.partition("#")[0]
        if not re.fullmatch(r"[0-9a-f]{8,64}", digest):
            raise StoreError(f"{ref!r} names no kept answer; a reference reads 'sha256#place'.")
        for name in _list(self, "raw", f".{digest[:8]}.json"):
            head = _answer_head(self, name)
            if head["sha256"].startswith(digest):
                return _answer(self, head)
        raise StoreError(
            f"No kept answer has the sha256 {digest}…; it was fetched into another store."
        )

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
        """
        rows = _checked(observations)
        folder = _folder(source)
        with self.lock(f"publish {source}", wait=10.0):
            _check_run(self, folder, run)
            changed = _changes(self, rows, run, list(whole))
            if changed.empty:
                return None
            name = _free_name(self, f"vintages/{folder}", run)
            _write(self, name, encode(changed))
        counts = changed["change"].value_counts()
        new, revised, gone = (int(counts.get(c, 0)) for c in ("new", "revised", "withdrawn"))
        return Vintage(source, run, name, new, revised, gone)

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
        """
        return _connect(self, as_of, clock, skip, by)[0]

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
        """
        where = {"series": series, "entity": entity, "source": source}
        return _finish(_rows(self, "observations", as_of, where, clock, skip, by))

    def history(
        self, series: str, entity: str, period: str, source: str | None = None
    ) -> pd.DataFrame:
        """Return every edition of one figure, oldest first, with ``known`` and ``run``."""
        where = {"series": series, "entity": entity, "period": _label(period), "source": source}
        table = _rows(self, "vintages", None, where)
        runs = [_run_of(name) for name in self.vintages()]
        table["run"] = [runs[edition] for edition in table["edition"]]
        table = table.sort_values([*WHAT, "known", "edition"], ignore_index=True)
        return _utc(table)[[*COLUMNS, "known", "run"]]

    def vintages(self) -> list[str]:
        """Return the vintage files in the order of their runs, relative to the store."""
        found = [
            name for name in _list(self, "vintages", ".parquet") if _PART.fullmatch(_base(name))
        ]
        return sorted(found, key=lambda name: (_base(name).removesuffix(".parquet"), name))

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
        """
        return _revisions(_rows(self, "vintages", None, {"source": source, "series": series}))

    def diff(self, a: Any, b: Any, source: str | None = None) -> pd.DataFrame:
        """Return what changed between two as-of dates or releases; see `diff`."""
        old, new = (self.observations(when, source=source) for when in (a, b))
        return diff(old, new)

    def quarantine(self, run: str, rows: pd.DataFrame) -> str | None:
        """Keep refused rows with their ``reason``; rows already held add nothing.

        Returns
        -------
        str or None
            The file written.
        """
        table = quarantine_rows(rows, _check_run_form(run))
        held = set(self.quarantined(released=True)["id"])
        table = table[~table["id"].isin(held)]
        if table.empty:
            return None
        body = _parquet(
            table.drop(columns=["retrieved"]).assign(retrieved=_naive(table["retrieved"]))
        )
        name = f"quarantine/{run}.{hashlib.sha256(body).hexdigest()[:8]}.parquet"
        _write(self, name, body)
        return name

    def quarantined(self, released: bool = False) -> pd.DataFrame:
        """Return the refused rows: ``id, reason, run`` and `COLUMNS`; released ones on request."""
        return _quarantined(self, released)

    def release(self, ids: Sequence[str], reason: str, run: str) -> list[Vintage]:
        """Publish refused rows after all, by id, for a stated reason.

        Raises
        ------
        StoreError
            If an id is not in quarantine or no reason is given.
        """
        return _release(self, list(ids), reason, run)

    def manifest(self, release: str, run: str, artefacts: Mapping[str, str] | None = None) -> dict:
        """Tag what the store holds as a release, with hashes; the same state is tagged once.

        Parameters
        ----------
        release : str
            For example ``"2026Q3"``. A later state under the same name becomes ``2026Q3-02``;
            the name then means the newest, ``2026Q3-01`` the first.
        artefacts : mapping of str to str
            Names and sha256 of what was built from it.
        """
        return _manifest(self, release, run, dict(artefacts or {}))

    def releases(self) -> list[str]:
        """Return the names of the releases, in order."""
        names = _list(self, "releases", ".json")
        return sorted(_base(name).removesuffix(".json") for name in names)

    def index(self) -> str | None:
        """Write a sorted copy of all rows that answers as-of questions without grouping.

        Worth it from some millions of rows on; smaller stores answer as fast without. Readers take
        it by themselves, with the vintages that came after it; build it at the end of an update.
        The folder ``index`` holds copies only and may be deleted at any time.

        Returns
        -------
        str or None
            The file written; None where an index of these vintages is there.
        """
        return _index(self)

    def verify(self) -> list[str]:
        """Return every fault of the store: damaged vintages, changed releases, spoiled answers."""
        files = self.vintages() + _list(self, "index", ".parquet")
        bad = [f"{name}: {why}" for name, why in _bad_files(self, files).items()]
        return bad + _release_faults(self) + _raw_faults(self)


# --- dates: when was a row known ------------------------------------------------------------------


def run_id(now: dt.datetime | None = None) -> str:
    """Return the id of a run that starts now: its time in UTC, so that ids sort by time.

    >>> run_id(dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.timezone.utc))
    '20261124T063000Z'
    """
    moment = now or dt.datetime.now(dt.UTC)
    if moment.tzinfo is None:
        raise StoreError(f"The time {moment} has no zone; give one in UTC.")
    return moment.astimezone(dt.UTC).strftime(RUN_FORM)


def last_day(text: Any) -> dt.date:
    """Return the last day that a date or period covers.

    >>> str(last_day("2022-02")), str(last_day("2026Q3")), str(last_day("2022-03-01"))
    ('2022-02-28', '2026-09-30', '2022-03-01')
    """
    return periods.parse(text).end - dt.timedelta(days=1)


def _published_end(text: str) -> dt.date | None:
    """Return the last day a publication date can mean; None where it is unknown."""
    return last_day(text[:10]) if text else None


def _known_days(published: pd.Series, retrieved: pd.Series) -> pd.Series:
    """Return the day each row was known: end of ``published``, no later than ``retrieved``."""
    ends = {text: _published_end(text) for text in published.unique()}
    stated = pd.to_datetime(published.map(ends)).astype("datetime64[s]")
    held = _naive(retrieved).dt.normalize().astype("datetime64[s]")
    return stated.where(stated.notna() & (stated <= held), held)


def _naive(moments: pd.Series) -> pd.Series:
    return pd.to_datetime(moments, utc=True).dt.tz_localize(None).astype("datetime64[us]")


def _utc(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(retrieved=table["retrieved"].astype("datetime64[us]").dt.tz_localize("UTC"))


@functools.lru_cache(maxsize=65_536)
def _label(text: Any) -> str:
    return periods.label(periods.parse(text))


# --- rows: check, key, compare --------------------------------------------------------------------


def _checked(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the store's own types with ``key``, ``start`` and ``known``."""
    missing = [name for name in COLUMNS if name not in observations.columns]
    if missing:
        raise DataError("observations", [f"column '{name}' is missing" for name in missing])
    rows = observations[COLUMNS].reset_index(drop=True)
    for name in TEXTS:
        rows[name] = rows[name].where(rows[name].notna(), "").astype("str")
    for name in ("value", "coverage"):
        rows[name] = pd.to_numeric(rows[name], errors="coerce").astype("float64")
    rows["retrieved"] = _naive(rows["retrieved"])
    faults = _row_faults(rows)
    if faults:
        raise DataError("observations", faults)
    rows["period"] = rows["period"].map(_label)
    rows["known"] = _known_days(rows["published"], rows["retrieved"])
    rows["start"] = rows["period"].map({p: periods.parse(p).start for p in rows["period"].unique()})
    rows["start"] = pd.to_datetime(rows["start"]).astype("datetime64[s]")
    rows["key"] = _keys(rows)
    return _single(rows)


def _row_faults(rows: pd.DataFrame) -> list[str]:
    """Return a sentence a faulty row."""
    faults = []
    for name in ("series", "entity", "source", "unit"):
        faults += _say(rows, rows[name] == "", f"{name} is empty")
    faults += _say(
        rows, rows["retrieved"].isna(), "retrieved is empty; give the time of the answer"
    )
    bad = (rows["published"] != "") & ~rows["published"].str.fullmatch(_PUBLISHED.pattern)
    faults += _say(
        rows, bad, "published is no date; write YYYY, YYYY-MM or YYYY-MM-DD", "published"
    )
    for text in rows.loc[~bad, "published"].unique():
        try:
            _published_end(text)
        except PeriodError as error:
            faults += _say(rows, rows["published"] == text, str(error))
    pairs = rows[["period", "freq"]].drop_duplicates()
    for text, freq in zip(pairs["period"], pairs["freq"], strict=True):
        fault = _period_fault(text, freq)
        if fault:
            faults += _say(rows, (rows["period"] == text) & (rows["freq"] == freq), fault)
    return faults


def _period_fault(text: str, freq: str) -> str:
    try:
        found = periods.parse(text).freq
    except PeriodError as error:
        return str(error)
    return "" if found == freq else f"freq '{freq}' does not fit period '{text}'; write {found}"


def _say(rows: pd.DataFrame, bad: pd.Series, what: str, column: str = "") -> list[str]:
    shown = [f" '{value}'" if column else "" for value in rows.loc[bad, column or "series"]]
    return [f"row {row}:{value} {what}" for row, value in zip(rows.index[bad], shown, strict=True)]


def _keys(rows: pd.DataFrame) -> pd.Series:
    """Return a 64-bit key of each quantity without its period; intervals count by their text.

    The key is a hash and not a number in a table, so that files need no common table and two
    machines give the same quantity the same key.
    """
    span = rows["period"].where(rows["freq"] == "C", "")
    parts = [rows[name] for name in WHAT if name != "period"]
    names = pd.MultiIndex.from_arrays([*parts, span])
    codes, unique = pd.factorize(names)
    return pd.Series(np.array([_hash(name) for name in unique], dtype="int64")[codes], rows.index)


def _hash(parts: Iterable[str]) -> int:
    digest = hashlib.blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "little", signed=True)


def _single(rows: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with equal ones dropped; refuse two values for one edition."""
    rows = rows.drop_duplicates(["key", "start", "published", *CONTENT, "known"], ignore_index=True)
    edition = ["key", "start", "published", "known"]
    twice = rows[rows.duplicated(edition, keep=False)]
    if not twice.empty:
        raise DataError("observations", [
            f"{row.series} of {row.entity} in {row.period} from {row.source}: one edition has the "
            f"value {row.value:g} {row.unit} and another besides; keep one, or tell them apart by entity"
            for row in twice.itertuples()
        ])  # fmt: skip
    return rows


def _changes(store: Store, rows: pd.DataFrame, run: str, whole: list[str]) -> pd.DataFrame:
    """Return the rows to write, with ``change``: new, revised or withdrawn."""
    stored = _stored(store, rows, whole)
    same, silent = _against_edition(stored, rows)
    rows.loc[silent, "known"] = rows.loc[silent, "retrieved"].dt.normalize().astype("datetime64[s]")
    _refuse_overtaken(stored, rows[silent])
    gone = _withdrawn(stored, rows, run, whole)
    rows = pd.concat([t for t in (rows[~same], gone) if len(t)] or [rows[:0]], ignore_index=True)
    rows = rows.assign(
        edition=np.iinfo("int64").max, mine=True
    )  # after every stored one of the day
    every = pd.concat([stored.assign(mine=False), rows]) if len(stored) else rows
    every = every.sort_values(
        ["key", "start", "known", "edition"], kind="stable", ignore_index=True
    )
    before = every.shift(1)
    first = (every["key"] != before["key"]) | (every["start"] != before["start"])
    lost = every["value"].isna() & before["value"].notna()
    every["change"] = np.where(first, "new", np.where(lost, "withdrawn", "revised"))
    return every[every["mine"] & (first | ~_equal(every, before))].reset_index(drop=True)


def _refuse_overtaken(stored: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Refuse to change an edition after a later one is out: it would pass for the newest word."""
    ends = pd.to_datetime(rows["published"].map(_published_end)).astype("datetime64[s]")
    newest = stored[stored["published"] != ""].groupby(["key", "start"])["known"].max()
    there = pd.MultiIndex.from_frame(rows[["key", "start"]])
    later = newest.reindex(there).to_numpy() > ends.to_numpy()
    faults = [f"{row.series} of {row.entity} in {row.period} from {row.source}: the edition of "
              f"{row.published} is changed although a later one is out; give the change its own date"
              for row in rows[later].itertuples()]  # fmt: skip
    if faults:
        raise DataError("observations", faults)


def _equal(a: pd.DataFrame, b: pd.DataFrame) -> pd.Series:
    """Return where two tables have the same content, row by row; NaN equals NaN."""
    equal = pd.Series(True, index=a.index)
    for name in CONTENT:
        equal &= (a[name] == b[name]) | (a[name].isna() & b[name].isna())
    return equal


def _against_edition(stored: pd.DataFrame, rows: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Compare rows with the stored edition of the same publication date.

    Returns where it holds the same, and where the source changed a figure and left the date: the
    new value was not known on that date, so it counts from the day we saw it.
    """
    edition = ["key", "start", "published"]
    dated = stored[stored["published"] != ""].sort_values(["known", "edition"])
    last = dated.drop_duplicates(edition, keep="last")
    other = rows[edition].merge(last[[*edition, *CONTENT]], on=edition, how="left", indicator=True)
    there = (other["_merge"] == "both").to_numpy()
    equal = _equal(rows.reset_index(drop=True), other).to_numpy()
    return there & equal, there & ~equal


def _stored(store: Store, rows: pd.DataFrame, whole: list[str]) -> pd.DataFrame:
    """Return every stored edition of the quantities in question."""
    con, files = _connect(store, None, "published", False)
    con.register("incoming", rows[["key"]].drop_duplicates())
    con.register("sources", rows[["source"]].drop_duplicates())
    con.register("asked", pd.DataFrame({"period": [_label(p) for p in whole]}, dtype="str"))
    mine = "key IN (SELECT key FROM incoming)"
    theirs = "period IN (SELECT period FROM asked) AND source IN (SELECT source FROM sources)"
    sql = f"SELECT * FROM vintages WHERE {mine}{f' OR ({theirs})' if whole else ''}"
    table = _run_sql(store, con, sql, (), files)
    return _typed(table)


def _typed(table: pd.DataFrame) -> pd.DataFrame:
    for name in ("start", "known"):
        table[name] = table[name].astype("datetime64[s]")
    table["retrieved"] = table["retrieved"].astype("datetime64[us]")
    for name in TEXTS:
        table[name] = table[name].astype("str")
    return table


def _withdrawn(
    stored: pd.DataFrame, rows: pd.DataFrame, run: str, whole: list[str]
) -> pd.DataFrame:
    """Return rows without value for what the source gave in ``whole`` periods and gives no more."""
    last = stored.sort_values(["known", "edition"]).drop_duplicates(["key", "start"], keep="last")
    asked = last[last["period"].isin([_label(p) for p in whole]) & last["value"].notna()]
    given = pd.MultiIndex.from_frame(rows[["key", "start"]])
    gone = asked[~pd.MultiIndex.from_frame(asked[["key", "start"]]).isin(given)]
    stamp = (
        rows["retrieved"].max() if len(rows) else pd.Timestamp(dt.datetime.strptime(run, RUN_FORM))
    )
    known = pd.Timestamp(stamp).normalize()
    return gone.assign(value=np.nan, coverage=np.nan, published="", retrieved=stamp, known=known,
                       note=f"withdrawn: no longer given in run {run}")  # fmt: skip


# --- Parquet: the tight form ----------------------------------------------------------------------


def encode(rows: pd.DataFrame) -> bytes:
    """Return rows as tight Parquet: sorted by key, dates as deltas, texts as codes, zstd.

    The value stays a float64, bit for bit. Texts are the same over a run of rows and cost next
    to nothing; queries group by the integers and leave the texts unread.
    """
    pa = _need("pyarrow")
    rows = rows.sort_values(["key", "start", "known"], kind="stable")
    columns = {"key": pa.array(rows["key"].to_numpy("int64"))}
    for name in ("start", "known"):
        columns[name] = pa.array(rows[name].to_numpy("datetime64[D]"))
    for name in ("value", "coverage"):  # from_pandas=False: NaN stays NaN and is not null
        columns[name] = pa.array(rows[name].to_numpy("float64"), from_pandas=False)
    columns["retrieved"] = pa.array(rows["retrieved"].to_numpy("datetime64[us]"))
    for name in TEXTS:
        columns[name] = pa.array(rows[name].to_numpy(object), pa.string()).dictionary_encode()
    return _parquet(pa.table(columns))


def _parquet(table: Any) -> bytes:
    """Return an Arrow table, or a DataFrame of refused rows, as Parquet bytes."""
    pa, pq = _need("pyarrow"), _need("pyarrow.parquet")
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table.reset_index(drop=True), preserve_index=False)
    delta = [name for name in ("start", "known", "until") if name in table.column_names]
    plain = {"value", "coverage", *delta}
    out = io.BytesIO()
    pq.write_table(
        table,
        out,
        compression="zstd",
        row_group_size=ROW_GROUP,
        use_dictionary=[name for name in table.column_names if name not in plain],
        column_encoding=dict.fromkeys(delta, "DELTA_BINARY_PACKED"),
        write_page_checksum=True,
        store_schema=False,
    )
    return out.getvalue()


def _need(name: str) -> ModuleType:
    """Import a package of the extra ``update``."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise MissingExtra(
            f"The store needs {package}: pip install 'energy-trade-tracker[update]'."
        ) from error


# --- queries --------------------------------------------------------------------------------------


def _connect(
    store: Store, as_of: Any, clock: str, skip: bool, by: Any = None
) -> tuple[Any, list[str]]:
    """Return a connection with its two views, and the files they read."""
    if clock not in ("published", "retrieved"):
        raise StoreError(f"Unknown clock {clock!r}; use 'published' or 'retrieved'.")
    files, day = _resolve(store, as_of)
    if by is not None:
        day = min(day or dt.date.max, day_of(store, by))
    if skip:
        bad = _bad_files(store, files)
        files = [name for name in files if name not in bad]
    con = _need("duckdb").connect()
    con.execute("SET preserve_insertion_order = false")
    if _remote(store):
        con.register_filesystem(_fs(store))
    when = "known" if clock == "published" else "CAST(retrieved AS DATE)"
    limit = f"{when} <= DATE '{day}'" if day else "true"
    _execute(store, con, f"CREATE VIEW vintages AS {_scan(store, files)} WHERE {limit}", files)
    index = _find_index(store, files) if clock == "published" and not skip else None
    parts = index["parts"] if index else []
    body = _from_index(store, index, files, limit, day) if index else _last_known("vintages")
    _execute(store, con, f"CREATE VIEW observations AS {body}", files + parts)
    return con, files + parts


def _scan(store: Store, files: list[str], first: int = 0) -> str:
    """Return SQL that reads the files; ``edition`` is the place of the file in the order of runs."""
    if not files:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _EMPTY.items())
        return f"SELECT * FROM (SELECT {nothing} LIMIT 0)"
    return f"SELECT *, CAST({first} + file_index AS BIGINT) AS edition FROM {_paths(store, files)}"


def _paths(store: Store, files: list[str]) -> str:
    paths = ", ".join("'" + _address(store, name).replace("'", "''") + "'" for name in files)
    return f"read_parquet([{paths}])"


def _last_known(table: str) -> str:
    """Return SQL for the last known row per quantity; groups by integers only.

    Each column is an aggregate of its own, so that DuckDB drops those that nobody asks for.
    """
    fixed = ["series", "entity", "period", "freq", "source", "basis"]
    moving = [name for name in _EMPTY if name not in {*fixed, "key", "start", "edition"}]
    columns = [f"any_value({name}) AS {name}" for name in fixed]
    columns += [f"arg_max({name}, ord) AS {name}" for name in moving]
    order = "(known - DATE '1970-01-01') * 1048576 + edition"
    return (f"SELECT key, start, {', '.join(columns)} "
            f"FROM (SELECT *, {order} AS ord FROM {table}) GROUP BY key, start")  # fmt: skip


# --- the index: a copy that can be thrown away ----------------------------------------------------


def _index(store: Store) -> str | None:
    """Write every row once more, sorted by key, with the day until which it was the last known.

    Slices of the keys are sorted one after the other, so that memory does not grow with the store.
    """
    with store.lock("index", wait=10.0):
        files = store.vintages()
        digest = hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]
        name = f"index/{digest}.json"
        if not files or name in _list(store, "index", ".json"):
            return None
        con, _ = _connect(store, None, "published", True)
        con.execute("SET memory_limit = '4GB'")
        parts = [_index_part(store, con, f"index/{digest}.{n:03d}.parquet", low, high)
                 for n, (low, high) in enumerate(_slices(con))]  # fmt: skip
        _write(store, name, _json({"vintages": files, "parts": parts}))
        _drop_old_indexes(store)
    return name


def _drop_old_indexes(store: Store) -> None:
    """Delete all copies but the two newest: a reader may still be at the one before the last."""
    heads = {
        name: len(_load_json(store, name)["vintages"]) for name in _list(store, "index", ".json")
    }
    for head in sorted(heads, key=lambda name: heads[name])[:-2]:
        digest = _base(head).partition(".")[0]
        for name in [head, *_list(store, "index", ".parquet")]:
            if _base(name).startswith(digest):
                _fs(store).rm_file(_address(store, name)) if _remote(store) else Path(
                    store.root, name
                ).unlink()


def _slices(con: Any) -> list[tuple[int, int]]:
    """Return ranges of keys, both ends included, of about `SLICE` rows each."""
    sizes = con.execute("SELECT key, count(*) FROM vintages GROUP BY key ORDER BY key").fetchall()
    slices, low, rows = [], None, 0
    for key, count in sizes:
        low = key if low is None else low
        rows += count
        if rows >= SLICE or key == sizes[-1][0]:
            slices.append((low, key))
            low, rows = None, 0
    return slices


def _index_part(store: Store, con: Any, name: str, low: int, high: int) -> str:
    order = "PARTITION BY key, start ORDER BY known, edition"
    sql = f"""SELECT *, coalesce(lead(known) OVER ({order}), DATE '9999-12-31') AS until
        FROM vintages WHERE key BETWEEN {low} AND {high} ORDER BY key, start, known, edition"""
    table = con.sql(sql).to_arrow_table()
    _write(store, name, _parquet(table))
    return name


def _find_index(store: Store, files: list[str]) -> dict | None:
    """Return the index that covers most of the files, from the first on; None without one."""
    found = None
    for name in _list(store, "index", ".json"):
        head = _load_json(store, name)
        covered = len(head["vintages"])
        if head["vintages"] == files[:covered] and covered > (
            len(found["vintages"]) if found else 0
        ):
            found = head
    return found


def _from_index(
    store: Store, index: dict, files: list[str], limit: str, day: dt.date | None
) -> str:
    """Return SQL for the last known rows from the index and the files that came after it."""
    names = ", ".join(_EMPTY)
    until = f"until > DATE '{day or '9999-12-30'}'"
    held = f"SELECT {names} FROM {_paths(store, index['parts'])} WHERE {limit} AND {until}"
    later = files[len(index["vintages"]) :]
    if not later:
        return held
    newer = f"SELECT {names} FROM ({_scan(store, later, len(index['vintages']))}) WHERE {limit}"
    return _last_known(f"({held} UNION ALL {newer})")


def _resolve(store: Store, as_of: Any) -> tuple[list[str], dt.date | None]:
    """Return files and last day of an as-of date, or of a release."""
    if as_of is None:
        return store.vintages(), None
    if isinstance(as_of, str) and (head := find_release(store, as_of)):
        return [line["path"] for line in head["vintages"]], None
    try:
        return store.vintages(), last_day(as_of)
    except PeriodError as error:
        names = ", ".join(store.releases()) or "none"
        raise StoreError(
            f"{as_of!r} is neither a date nor a release (releases: {names})."
        ) from error


def day_of(store: Store, as_of: Any) -> dt.date:
    """Return the last day of an as-of date, or the day of a release's run.

    Raises
    ------
    StoreError
        If it is neither.
    """
    head = find_release(store, as_of) if isinstance(as_of, str) else None
    if head:
        return dt.datetime.strptime(head["run"], RUN_FORM).date()
    day = _resolve(store, as_of)[1]
    assert day is not None
    return day


def _rows(store: Store, view: str, as_of: Any, where: Mapping[str, str | None],
          clock: str = "published", skip: bool = False, by: Any = None) -> pd.DataFrame:  # fmt: skip
    con, files = _connect(store, as_of, clock, skip, by)
    asked = {name: value for name, value in where.items() if value is not None}
    clause = " AND ".join(f"{name} = ?" for name in asked) or "true"
    inner = f"SELECT * FROM {view} WHERE {clause}"
    return _typed(_run_sql(store, con, inner, list(asked.values()), files))


def _run_sql(store: Store, con: Any, sql: str, values: Sequence[Any] = (),
             files: list[str] | None = None) -> pd.DataFrame:  # fmt: skip
    return _execute(store, con, sql, files or store.vintages(), values).df()


def _execute(store: Store, con: Any, sql: str, files: list[str], values: Sequence[Any] = ()) -> Any:
    """Run SQL; where a file is damaged, say which."""
    try:
        return con.execute(sql, list(values))
    except _need("duckdb").Error as error:
        bad = _bad_files(store, files)
        if not bad:
            raise
        name, why = next(iter(bad.items()))
        more = f" ({len(bad) - 1} more)" if len(bad) > 1 else ""
        remedy = "Restore it from a copy, or read the rest with skip=True."
        if name.startswith("index/"):
            remedy = "Delete the folder index, which holds copies only, and build it anew with `index()`."
        raise StoreError(f"{name} is damaged{more}: {why}. {remedy}") from error


def _bad_files(store: Store, files: list[str]) -> dict[str, str]:
    """Return the files that do not read to the end, with the reason; checks every page."""
    pa, pq = _need("pyarrow"), _need("pyarrow.parquet")
    bad = {}
    for name in files:
        try:
            file = pq.ParquetFile(io.BytesIO(_read(store, name)), page_checksum_verification=True)
            lacking = sorted({"key", "start", "known", *COLUMNS} - set(file.schema_arrow.names))
            for group in range(file.num_row_groups):
                file.read_row_group(group)
        except (pa.ArrowException, OSError, StoreError) as error:
            bad[name] = str(error).splitlines()[0].rstrip(".")
        else:
            if lacking:
                bad[name] = f"it lacks the columns {', '.join(lacking)}"
    return bad


def _finish(table: pd.DataFrame) -> pd.DataFrame:
    order = ["series", "entity", "freq", "start", "period", "source", "basis"]
    return _utc(table.sort_values(order, kind="stable", ignore_index=True))[COLUMNS]


def last_known(observations: pd.DataFrame, as_of: Any = None) -> pd.DataFrame:
    """Return the last known row of each quantity of a table that is not in a store.

    Parameters
    ----------
    observations : DataFrame
        `COLUMNS`, rows in the order they came.
    as_of : date or text, optional
        As in `Store.connect`, without releases.
    """
    known = _known_days(observations["published"], observations["retrieved"])
    table = observations.assign(_known=known)
    if as_of is not None:
        table = table[known <= pd.Timestamp(last_day(as_of))]
    table = table.sort_values("_known", kind="stable").drop_duplicates(WHAT, keep="last")
    return table.sort_values(WHAT, ignore_index=True)[COLUMNS]


# --- what changed ---------------------------------------------------------------------------------


def diff(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Compare two tables of observations.

    Returns
    -------
    DataFrame
        ``change`` (new, revised, vanished), the columns of `WHAT`, ``unit, old, new, by`` (new
        less old; NaN where the unit changed), ``percent, old_status, status`` and ``age``, whole
        quarters from the end of the period to the day the change was known. Vanished is what
        `old` has a value for and `new` has not.
    """
    both = old.merge(new, on=WHAT, how="outer", suffixes=("_old", "_new"))
    had, has = both["value_old"].notna(), both["value_new"].notna()
    same = [_same(both[f"{c}_old"], both[f"{c}_new"]) for c in CONTENT]
    both["change"] = np.select(
        [has & ~had, had & ~has, had & has & ~np.logical_and.reduce(same)],
        ["new", "vanished", "revised"], "")  # fmt: skip
    both["by"] = (both["value_new"] - both["value_old"]).where(both["unit_old"] == both["unit_new"])
    both["percent"] = 100 * both["by"] / both["value_old"].abs().where(both["value_old"] != 0)
    both["unit"] = both["unit_new"].where(both["unit_new"].notna(), both["unit_old"])
    both["age"] = _ages(both["period"], _late_known(both))
    names = {
        "value_old": "old",
        "value_new": "new",
        "status_old": "old_status",
        "status_new": "status",
    }
    columns = [
        "change",
        *WHAT,
        "unit",
        "old",
        "new",
        "by",
        "percent",
        "old_status",
        "status",
        "age",
    ]
    found = both[both["change"] != ""].rename(columns=names)[columns]
    return found.sort_values(["change", *WHAT], ignore_index=True)


def _same(a: pd.Series, b: pd.Series) -> np.ndarray:
    return ((a == b) | (a.isna() & b.isna())).to_numpy()


def _late_known(both: pd.DataFrame) -> pd.Series:
    """Return the day the newer side was known; that of the older where the newer has no row."""
    sides = []
    for side in ("new", "old"):
        published = both[f"published_{side}"].fillna("").astype("str")
        sides.append(_known_days(published, both[f"retrieved_{side}"]))
    return sides[0].where(sides[0].notna(), sides[1])


def _ages(texts: pd.Series, known: pd.Series) -> pd.Series:
    """Return whole quarters from the end of each period to the day known; before the end is -1."""
    ends = pd.to_datetime(texts.map({t: periods.parse(t).end for t in texts.unique()}))
    months = 12 * (known.dt.year - ends.dt.year) + known.dt.month - ends.dt.month
    months -= (known.dt.day < ends.dt.day).astype("int64")
    return np.floor(months / 3).astype("Int64")


def _revisions(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["value"].notna()].sort_values(["key", "start", "known", "edition"])
    before = rows.groupby(["key", "start"])[["value", "unit"]].shift(1)
    by, was = rows["value"] - before["value"], before["value"].abs()
    rows = rows.assign(by=by, size=by.abs(), percent=100 * by / was.where(was > 0),
                       age=_ages(rows["period"], rows["known"]))  # fmt: skip
    rows = rows[(rows["unit"] == before["unit"]) & (rows["by"] != 0)]
    groups = rows.assign(size_percent=rows["percent"].abs()).groupby(
        ["source", "series", "unit", "age"]
    )
    return groups.agg(
        n=("by", "size"),
        mean=("by", "mean"),
        mean_abs=("size", "mean"),
        mean_pct=("percent", "mean"),
        mean_abs_pct=("size_percent", "mean"),
    ).reset_index()


# --- runs, vintages, releases ---------------------------------------------------------------------


def _run_of(name: str) -> str:
    found = _PART.fullmatch(_base(name))
    return found["run"] if found else ""


def _check_run_form(run: str) -> str:
    try:
        dt.datetime.strptime(run, RUN_FORM)
    except ValueError as error:
        raise StoreError(
            f"{run!r} is no run; expected a UTC time such as 20261124T063000Z from run_id()."
        ) from error
    return run


def _check_run(store: Store, folder: str, run: str) -> None:
    """Refuse a run that lies before the newest one: the order of runs is the order of knowledge.

    A run that already wrote something may go on after a later one of other sources.
    """
    _check_run_form(run)
    names = store.vintages()
    runs = [_run_of(name) for name in names]
    own = [_run_of(name) for name in names if name.startswith(f"vintages/{folder}/")]
    newest = max(own if run in runs else runs, default="")
    if run < newest:
        raise StoreError(
            f"The run {run} lies before {newest}, the newest in the store: the clock was set back, "
            "or an old run goes on after a newer one. Set the clock, or start a new run."
        )


def _free_name(store: Store, folder: str, run: str) -> str:
    """Return the run's file name, with a part number where the run already wrote one."""
    parts = [name for name in _list(store, folder, ".parquet") if _run_of(name) == run]
    suffix = f"-{len(parts) + 1:02d}" if parts else ""
    return f"{folder}/{run}{suffix}.parquet"


def _manifest(store: Store, release: str, run: str, artefacts: dict[str, str]) -> dict:
    _folder(release)
    with store.lock(f"release {release}", wait=10.0):
        state = {
            "vintages": [_entry(store, name) for name in store.vintages()],
            "artefacts": artefacts,
        }
        before = find_release(store, release)
        if before and {name: before[name] for name in state} == state:
            return before
        count = len(_editions(store, release))
        name = f"{release}-{count + 1:02d}" if count else release
        head = {"release": name, "run": _check_run_form(run), **state}
        _write(store, f"releases/{name}.json", _json(head))
    return head


def _entry(store: Store, name: str) -> dict:
    body = _read(store, name)
    return {"path": name, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}


def _editions(store: Store, release: str) -> list[str]:
    return [n for n in store.releases() if re.fullmatch(re.escape(release) + r"(-\d{2,})?", n)]


def find_release(store: Store, name: str) -> dict | None:
    """Return the newest release of that name; ``-01`` is the first."""
    editions = _editions(store, name)
    if not editions and name.endswith("-01") and name[:-3] in store.releases():
        editions = [name[:-3]]
    return _load_json(store, f"releases/{editions[-1]}.json") if editions else None


def _release_faults(store: Store) -> list[str]:
    faults, held = [], set(store.vintages())
    for release in store.releases():
        for line in _load_json(store, f"releases/{release}.json")["vintages"]:
            if line["path"] not in held:
                faults.append(
                    f"releases/{release}.json: {line['path']} is gone; restore it from a copy"
                )
            elif _entry(store, line["path"])["sha256"] != line["sha256"]:
                faults.append(
                    f"releases/{release}.json: {line['path']} is not what it was when released"
                )
    return faults


# --- quarantine -----------------------------------------------------------------------------------


def quarantine_rows(rows: pd.DataFrame, run: str) -> pd.DataFrame:
    """Return refused rows with ``id`` and ``run``; the id is the same whenever the row comes again."""
    missing = [name for name in [*COLUMNS, "reason"] if name not in rows.columns]
    if missing:
        raise DataError("quarantine", [f"column '{name}' is missing" for name in missing])
    table = rows[[*COLUMNS, "reason"]].reset_index(drop=True)
    for name in [*TEXTS, "reason"]:
        table[name] = table[name].where(table[name].notna(), "").astype("str")
    for name in ("value", "coverage"):
        table[name] = pd.to_numeric(table[name], errors="coerce").astype("float64")
    table["retrieved"] = pd.to_datetime(table["retrieved"], utc=True, errors="coerce")
    names = [*WHAT, "published", "value", "unit"]
    ids = [hashlib.sha256("\x1f".join(map(str, row)).encode()).hexdigest()[:12]
           for row in table[names].itertuples(index=False)]  # fmt: skip
    table = table.assign(id=[f"Q{text}" for text in ids], run=run)
    return table.drop_duplicates("id", ignore_index=True)


def _quarantined(store: Store, released: bool) -> pd.DataFrame:
    columns = ["id", "reason", "run", *COLUMNS]
    read = _need("pyarrow.parquet").read_table
    names = _list(store, "quarantine", ".parquet")
    tables = [read(io.BytesIO(_read(store, name))).to_pandas() for name in names]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    table = _utc(pd.concat(tables, ignore_index=True)).drop_duplicates("id", ignore_index=True)[
        columns
    ]
    return table if released else table[~table["id"].isin(_released(store))].reset_index(drop=True)


def _released(store: Store) -> set[str]:
    names = _list(store, "quarantine/released", ".json")
    return {name for path in names for name in _load_json(store, path)["ids"]}


def _release(store: Store, ids: list[str], reason: str, run: str) -> list[Vintage]:
    table = store.quarantined(released=True)
    unknown = sorted(set(ids) - set(table["id"]))
    if unknown or not ids:
        raise StoreError(
            f"Not in quarantine: {', '.join(unknown) or 'no id given'}; `quarantined()` lists the ids."
        )
    if not reason.strip():
        raise StoreError(
            "A release from quarantine needs a reason; say why the rows are right after all."
        )
    rows = table[table["id"].isin(ids)]
    rows = rows.assign(
        note=rows["note"].str.cat([f"released: {reason}"] * len(rows), sep="; ").str.lstrip("; ")
    )
    with store.lock("release from quarantine", wait=10.0):
        made = [store.publish(str(source), run, part) for source, part in rows.groupby("source")]
        body = _json({"run": run, "reason": reason, "ids": sorted(set(ids))})
        name = f"quarantine/released/{run}.{hashlib.sha256(body).hexdigest()[:8]}.json"
        if set(ids) - _released(store):
            _write(store, name, body)
    return [vintage for vintage in made if vintage]


# --- raw answers ----------------------------------------------------------------------------------


def _keep(store: Store, answer: Answer, period: str) -> str:
    digest, request = hashlib.sha256(answer.body).hexdigest(), answer.request
    if digest != answer.sha256:
        raise StoreError(f"The answer {request.tag!r} of {request.source} has the sha256 {digest}, "
                         f"not {answer.sha256}; it was changed on the way. Fetch it again.")  # fmt: skip
    if request.key_param and request.key_param in parse_qs(urlsplit(request.url).query):
        raise StoreError(
            f"The url of {request.tag!r} holds the key {request.key_param!r}; take it out before keeping."
        )
    folder = f"raw/{_safe(request.source)}/{_safe(period)}"
    stem = f"{folder}/{_safe(request.tag)}.{digest[:8]}"
    heads = [_answer_head(store, name) for name in _list(store, folder, ".json")]
    own = sorted((h for h in heads if h["tag"] == request.tag), key=lambda h: h["retrieved"])
    if own and own[-1]["sha256"] == digest:
        return digest
    if not any(head["sha256"] == digest for head in own):
        _write(store, f"{stem}.bin", answer.body)
        return _write_head(store, answer, period, f"{stem}.json")
    # seen before, another in between: the same bytes, told again
    moment = answer.retrieved.astimezone(dt.UTC).strftime("%Y%m%dT%H%M%S%fZ")
    return _write_head(
        store, answer, period, f"{folder}/{_safe(request.tag)}.{moment}.{digest[:8]}.json"
    )


def _write_head(store: Store, answer: Answer, period: str, name: str) -> str:
    request = dataclasses.asdict(answer.request) | {"headers": _clean(answer.request.headers)}
    head = request | {
        "period": period,
        "status": answer.status,
        "answer_headers": _clean(answer.headers),
        "retrieved": answer.retrieved.astimezone(dt.UTC).isoformat(timespec="microseconds"),
        "sha256": answer.sha256,
    }
    _write(store, name, _json(head))
    return answer.sha256


SECRET = {"authorization", "cookie", "set-cookie", "proxy-authorization"}


def _clean(headers: Mapping[str, str]) -> dict[str, str]:
    """Return headers without those that may carry a key or a session."""
    return {
        str(k): str(v)
        for k, v in headers.items()
        if str(k).lower() not in SECRET and "key" not in str(k).lower()
    }


def _answer_head(store: Store, name: str) -> dict:
    return _load_json(store, name) | {"folder": name.rpartition("/")[0]}


def _answer(store: Store, head: Mapping[str, Any]) -> Answer:
    """Return an answer from its head; refuse bytes that are not what they were."""
    body = _read(store, _body_name(head))
    if hashlib.sha256(body).hexdigest() != head["sha256"]:
        raise StoreError(
            f"{_body_name(head)} is damaged: its sha256 is not {head['sha256'][:16]}…. Fetch it again."
        )
    request = Request(head["source"], head["tag"], head["url"], head["headers"], head["key_header"],
                      head["key_param"], tuple(head["empty"]))  # fmt: skip
    return Answer(request, head["status"], head["answer_headers"], body,
                  dt.datetime.fromisoformat(head["retrieved"]), head["sha256"])  # fmt: skip


def _body_name(head: Mapping[str, Any]) -> str:
    return f"{head['folder']}/{_safe(head['tag'])}.{head['sha256'][:8]}.bin"


def _raw_faults(store: Store) -> list[str]:
    faults = []
    for name in _list(store, "raw", ".json"):
        try:
            _answer(store, _answer_head(store, name))
        except StoreError as error:
            faults.append(str(error))
    return faults


def _safe(text: str) -> str:
    """Return a text as one file name; long ones are cut and marked by their digest."""
    name = quote(str(text), safe="-_=+,@ ").replace(" ", "_")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    return (
        name
        if len(name) <= 120
        else f"{name[:100]}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    )


def _folder(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name a folder; use letters, digits, '.', '-' and '_'.")
    return name


# --- disk: a folder here, or an object store ------------------------------------------------------


def _remote(store: Store) -> bool:
    return "://" in store.root


def _fs(store: Store) -> Any:
    return _fs_and_root(store)[0]


def _fs_and_root(store: Store) -> tuple[Any, str]:
    """Return file system and path; lists are not kept, another machine may have added a file."""
    return _need("fsspec").core.url_to_fs(store.root, use_listings_cache=False)


def _address(store: Store, name: str) -> str:
    """Return the path or url of a file of the store."""
    return f"{store.root}/{name}" if _remote(store) else str(Path(store.root, name))


def _base(name: str) -> str:
    return name.rpartition("/")[2]


def _list(store: Store, folder: str, suffix: str) -> list[str]:
    """Return the files under a folder, at any depth, relative to the store and sorted."""
    if _remote(store):
        fs, root = _fs_and_root(store)
        top = f"{root.strip('/')}/"
        found = [path.lstrip("/").removeprefix(top) for path in fs.find(f"{root}/{folder}")]
    else:
        here = Path(store.root)
        found = [p.relative_to(here).as_posix() for p in (here / folder).rglob("*") if p.is_file()]
    return sorted(
        name for name in found if name.endswith(suffix) and not _base(name).startswith(".")
    )


def _read(store: Store, name: str) -> bytes:
    try:
        if _remote(store):
            return _fs(store).cat_file(_address(store, name))
        return Path(store.root, name).read_bytes()
    except OSError as error:
        raise StoreError(f"{name} cannot be read: {error.strerror or error}.") from error


def _load_json(store: Store, name: str) -> dict:
    try:
        return json.loads(_read(store, name))
    except ValueError as error:
        raise StoreError(f"{name} is damaged: {error}. Restore it from a copy.") from error


def _json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _write(store: Store, name: str, body: bytes) -> None:
    """Write a file whole or not at all; an existing one is never written over."""
    try:
        if _remote(store):
            _write_remote(_fs(store), _address(store, name), body)
        else:
            _write_local(Path(store.root, name), body)
    except FileExistsError as error:
        raise StoreError(f"{name} exists already; the store only adds files.") from error
    except OSError as error:
        raise _refusal(store, name, error) from error


def _write_remote(fs: Any, path: str, body: bytes) -> None:
    """Put an object in one piece, which object stores do whole or not at all."""
    try:
        fs.pipe_file(path, body, mode="create")
    except FileExistsError:
        if fs.cat_file(path) != body:
            raise


def _write_local(path: Path, body: bytes) -> None:
    """Write to a spare name, sync, link into place, sync the folder."""
    _make_folder(path.parent)
    spare = path.with_name(f".{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with spare.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and path.read_bytes() != body:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        spare.replace(path)
        _sync(path.parent)
    finally:
        spare.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    if not folder.is_dir():
        _make_folder(folder.parent)
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way", str(folder)) from error
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make a new name in a folder last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


def _refusal(store: Store, name: str, error: OSError) -> StoreError:
    """Return what to tell the user of a failed write."""
    why = error.strerror or str(error)
    if error.errno in FULL:
        return StoreError(f"The disk is full ({why}) while writing {name} in {store.root}; nothing of it was kept. "
                          "Free some space and run again.")  # fmt: skip
    if error.errno in DENIED:
        return StoreError(f"The store in {store.root} cannot be written ({why}); reading works. "
                          "Set ENERGY_HOME to a folder of your own, or ask for the right to write.")  # fmt: skip
    return StoreError(f"{name} cannot be written in {store.root}: {why}.")


# --- lock -----------------------------------------------------------------------------------------


@contextlib.contextmanager
def _locked(store: Store, what: str, wait: float) -> Iterator[None]:
    """Hold the store for this thread; a thread that holds it may enter again."""
    guard = _guards.setdefault(store.root, threading.RLock())
    if not guard.acquire(timeout=max(wait, 0.0)):
        raise StoreLocked(
            f"Another thread of this process writes to {store.root}; wait until it is done."
        )
    try:
        if _depth.get(store.root):
            yield
            return
        taken = _take(store, what, wait)
        _depth[store.root] = 1
        try:
            _sweep(store)
            yield
        finally:
            _depth[store.root] = 0
            _give(store, taken)
    finally:
        guard.release()


def _take(store: Store, what: str, wait: float) -> Any:
    """Take the lock, or raise with its owner's name after ``wait`` seconds."""
    me = _json({"pid": os.getpid(), "host": platform.node(), "what": what,
                "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")})  # fmt: skip
    deadline = time.monotonic() + wait
    while True:
        try:
            taken = _take_remote(store, me) if _remote(store) else _take_local(Path(store.root), me)
        except OSError as error:
            raise _refusal(store, LOCK, error) from error
        if taken is not None:
            return taken
        if time.monotonic() >= deadline:
            raise StoreLocked(_owner(store))
        time.sleep(0.05)


def _take_local(root: Path, me: bytes) -> int | None:
    """Return an open handle that holds the lock; None where a living process holds it.

    The kernel lets go of the lock when its owner dies, so a dead owner's file is taken over.
    """
    _make_folder(root)
    handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _lock_handle(handle):
            os.close(handle)
            return None
        os.ftruncate(handle, 0)
        os.pwrite(handle, me, 0)
    except OSError:
        os.close(handle)
        raise
    return handle


def _lock_handle(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        if sys.platform == "win32":
            return False
        raise
    return True


def _take_remote(store: Store, me: bytes) -> bool | None:
    """Create the lock object; take over that of a dead process of this machine."""
    fs, path = _fs(store), _address(store, LOCK)
    try:
        fs.pipe_file(path, me, mode="create")
    except FileExistsError:
        if _lives(_owner_record(store)):
            return None
        fs.pipe_file(path, me)
    return True


def _lives(owner: Mapping[str, Any]) -> bool:
    """Tell whether an owner may still be at work; one on another machine may."""
    if owner.get("host") != platform.node() or not isinstance(owner.get("pid"), int):
        return True
    if owner["pid"] == os.getpid():
        return True
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _give(store: Store, taken: Any) -> None:
    if _remote(store):
        _fs(store).rm_file(_address(store, LOCK))
    else:
        os.close(taken)


def _owner_record(store: Store) -> dict:
    try:
        return _load_json(store, LOCK)
    except StoreError:
        return {}  # being written this very moment


def _owner(store: Store) -> str:
    """Return the sentence that names who holds the store."""
    owner = _owner_record(store)
    who = f"process {owner.get('pid', 'unknown')} on {owner.get('host', 'an unknown machine')}"
    since = f" since {owner['since']}" if "since" in owner else ""
    hint = f"; if that machine is gone, delete {_address(store, LOCK)}" if _remote(store) else ""
    what = owner.get("what", "update")
    return f"The store in {store.root} is being written by {who} ({what}{since}); wait until it is done{hint}."


def _sweep(store: Store) -> None:
    """Remove spare files that killed processes of this machine left; never a finished file."""
    if _remote(store):
        return
    for path in Path(store.root).rglob(".*.tmp"):
        pid = path.name[1:].partition(".")[0]
        if pid.isdigit() and not _lives({"host": platform.node(), "pid": int(pid)}):
            path.unlink(missing_ok=True)


# --- the package's own facts ----------------------------------------------------------------------

DATED = (
    "volumes",
    "prices",
    "financials",
    "fx",
    "contracts",
    "trade-context",
    "events",
    "route-facts",
    "tariffs",
    "proposals",
    "capex",
)


QUOTED = ("wb_", "eia_", "spot_")
"""Series of ``prices`` that markets print as they go."""


@functools.cache
def package_date() -> dt.date:
    """Return the date of the package's own facts: their newest full publication date."""
    tables = facts._package()
    dates = [
        text for name in tables if "published" in tables[name] for text in tables[name]["published"]
    ]
    return dt.date.fromisoformat(max(text for text in dates if len(text) == 10))


def known(tables: Mapping[str, pd.DataFrame], date: Any) -> facts.Tables:
    """Return the tables as they were known on a date.

    A row counts from the end of its ``published``; a market quotation (exchange rate, benchmark
    price) from the end of its period, since every market day prints it and the document at hand is
    a later copy. Without a date of publication an event counts from its date (an
    event still to come: from its document's), a fact of a route from its ``valid_from`` or the
    date it states; a row without any date counts from the package's own date, and no row of the
    package later than that. What describes a route rather than tells news of it (calorific
    value, crosswalk, profiles, preferences) is the method of today and stays.

    Parameters
    ----------
    tables : dict of DataFrame
        As `energy.facts.load` returns them.
    date : date or text
        A date, or a period, whose last day counts.

    Returns
    -------
    dict of DataFrame
        The same tables, shorter; rows keep their order.
    """
    day = pd.Timestamp(last_day(date))
    kept = {name: table.copy(deep=False) for name, table in tables.items()}
    for name in DATED:
        if name in kept:
            table = kept[name]
            kept[name] = table[since(tables, name) <= day].reset_index(drop=True)
    return kept


def since(tables: Mapping[str, pd.DataFrame], name: str) -> pd.Series:
    """Return the day from which each row of a table of facts is known."""
    table = tables[name]
    if name == "events":
        documents = tables["sources"].set_index("source")["published"]
        dates = table["date"].where(
            ~table["scheduled"].astype(bool), table["source"].map(documents).fillna("")
        )
    else:
        dates = table["published"]
    if name == "tariffs":
        dates = dates.where(dates != "", table["valid_from"])
    if name == "route-facts":
        dates = dates.where(dates != "", _valid_from(table))
        dates = dates.where(table["attribute"] != "gcv", "0001-01-01")
    days = {text: _fact_day(text) for text in dates.unique()}
    known = dates.map(days)
    if name in ("prices", "fx"):
        quoted = _quoted(table)
        known = known.mask(quoted, table.loc[quoted, "period"].map(_period_end))
    return pd.to_datetime(known).astype("datetime64[s]")


def _quoted(table: pd.DataFrame) -> pd.Series:
    """Tell which rows of prices or rates are quotations of a market."""
    market = (
        table["series"].str.startswith(QUOTED) if "series" in table else table["kind"] != "forecast"
    )
    return market & (table["status"] == "actual")


def _period_end(text: str) -> np.datetime64:
    return np.datetime64(periods.parse(text).end - dt.timedelta(days=1), "s")


def _valid_from(table: pd.DataFrame) -> pd.Series:
    """Return since when facts of a route hold; "" for a plan, which has not come true."""
    stated = table["value"].where(table["attribute"].isin(["start", "stop"]), table["valid_from"])
    return stated.where(table["status"] != "plan", "")


def _fact_day(text: str) -> np.datetime64:
    """Return the day a fact's date is reached; the package's date where that is earlier."""
    package = package_date()
    if not text:
        return np.datetime64(package, "s")
    if text == "0001-01-01":
        return np.datetime64("1900-01-01", "s")
    span = periods.parse(text[:10])
    end = span.end - dt.timedelta(days=1)
    return np.datetime64(min(end, package) if span.start <= package else end, "s")
