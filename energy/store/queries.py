"""The last known rows as of a day, through DuckDB; the index, a copy that can be thrown away."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import io
import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from energy.errors import PeriodError
from energy.sources.contract import COLUMNS
from energy.store import ledger, proofs
from energy.store.base import TEXTS, WHAT, StoreError
from energy.store.dates import RUN_FORM, in_utc, known_days, last_day, run_of
from energy.store.disk import (
    address,
    base_name,
    drop,
    file_system,
    files_of,
    is_remote,
    load_json,
    need,
    read,
    seal,
    write,
)
from energy.store.locks import hold
from energy.store.releases import find_release, releases, vintages
from energy.store.tables import parquet_bytes, typed
from geodata.arguments import shown

INDEX = "index"  # folder of copies
SLICE = 2_000_000  # rows of the index that are sorted at a time
_EMPTY = {"key": "BIGINT", "start": "DATE", "known": "DATE", "value": "DOUBLE", "coverage": "DOUBLE",
          "retrieved": "TIMESTAMP"} | dict.fromkeys(TEXTS, "VARCHAR") | {"edition": "BIGINT"}  # fmt: skip


def connect(
    root: str, as_of: Any, clock: str, skip: bool, by: Any = None, *, shared: bool = False
) -> tuple[Any, list[str]]:
    """Return a connection with its two views, and the files they read.

    A `shared` one is for a question of ours: what is made in it that is not temporary would stay.

    Examples
    --------
    >>> con, files = connect(store.root, "2025-06-30", "published", skip=False)
    >>> len(files), con.sql("select count(*) from observations").fetchall()
    (2, [(2,)])
    """
    if clock not in ("published", "retrieved"):
        raise StoreError(f"Unknown clock {clock!r}; use 'published' or 'retrieved'.")
    lines, day = _resolve(root, as_of, strict=not skip)
    if by is not None:
        day = min(day or dt.date.max, day_of(root, by))
    files = _sound(root, lines, skip)
    own = is_remote(root) or not shared
    con = _engine() if own else _of_process(os.getpid()).cursor()
    if is_remote(root):
        con.register_filesystem(file_system(root))
    when = "known" if clock == "published" else "CAST(retrieved AS DATE)"
    limit = f"{when} <= DATE '{day}'" if day else "true"
    _execute(root, con, f"CREATE TEMP VIEW vintages AS {_scan(root, files)} WHERE {limit}", files)
    index = _find_index(root, files) if clock == "published" and not skip else None
    parts = _sound(root, index["parts"], False) if index else []
    body = _from_index(root, index, files, limit, day) if index else _last_known("vintages")
    _execute(root, con, f"CREATE TEMP VIEW observations AS {body}", files + parts)
    return con, files + parts


def _engine() -> Any:
    """Return a new DuckDB in memory, which keeps no bytes of files: one may be changed under us."""
    con = need("duckdb").connect()
    con.execute("SET preserve_insertion_order = false")
    con.execute("SET enable_external_file_cache = false")
    return con


@functools.cache
def _of_process(number: int) -> Any:
    """Return the engine of a process; to start and end one takes longer than most answers.

    A process that was forked has none of its parent's threads, so it gets its own.
    """
    return _engine()


def _sound(root: str, lines: Sequence[Mapping[str, Any]], skip: bool) -> list[str]:
    """Return the files whose bytes are those that were entered; raise at another, or leave it out."""
    bad = proofs.faults(root, lines)
    if bad and not skip:
        raise _damaged(bad)
    if skip:
        bad |= bad_files(root, [line["path"] for line in lines if line["path"] not in bad])
    return [line["path"] for line in lines if line["path"] not in bad]


def _damaged(bad: Mapping[str, str]) -> StoreError:
    """Say which file is damaged, and what to do."""
    name, why = next(iter(bad.items()))
    more = f" ({len(bad) - 1} more)" if len(bad) > 1 else ""
    remedy = ("Restore it from a copy, or with `energy store repair`, or read the rest with "
              "skip=True.")  # fmt: skip
    if name.startswith("index/"):
        remedy = (
            "Delete the folder index, which holds copies only, and build it anew with `index()`."
        )
    return StoreError(f"{name} is damaged{more}: {why}. {remedy}")


def _scan(root: str, files: list[str], first: int = 0) -> str:
    """Return SQL that reads the files; ``edition`` is the place of the file in the order of runs."""
    if not files:
        nothing = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in _EMPTY.items())
        return f"SELECT * FROM (SELECT {nothing} LIMIT 0)"
    return f"SELECT *, CAST({first} + file_index AS BIGINT) AS edition FROM {_paths(root, files)}"


def _paths(root: str, files: list[str]) -> str:
    paths = ", ".join("'" + address(root, name).replace("'", "''") + "'" for name in files)
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


def write_index(root: str) -> str | None:
    """Write every row once more, sorted by key, with the day until which it was the last known.

    Slices of the keys are sorted one after the other, so that memory does not grow with the store.

    Examples
    --------
    >>> write_index("no-rows-yet") is None
    True
    """
    with hold(root, "index", wait=10.0):
        files = vintages(root)
        digest = hashlib.sha256("\n".join(files).encode()).hexdigest()[:16]
        name = f"index/{digest}.json"
        if not files or name in files_of(root, "index", ".json"):
            return None
        con, _ = connect(root, None, "published", True)
        con.execute("SET memory_limit = '4GB'")
        parts = [_index_part(root, con, f"index/{digest}.{n:03d}.parquet", low, high)
                 for n, (low, high) in enumerate(_slices(con))]  # fmt: skip
        write(root, name, seal({"vintages": files, "parts": parts}))
        _drop_old_indexes(root)
    return name


def _drop_old_indexes(root: str) -> None:
    """Delete all copies but the two newest: a reader may still be at the one before the last."""
    heads = {
        name: len(_index_head(root, name)["vintages"]) for name in files_of(root, "index", ".json")
    }
    for head in sorted(heads, key=lambda name: heads[name])[:-2]:
        digest = base_name(head).partition(".")[0]
        for name in [head, *files_of(root, "index", ".parquet")]:
            if base_name(name).startswith(digest):
                drop(root, name)


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


def _index_part(root: str, con: Any, name: str, low: int, high: int) -> dict[str, Any]:
    order = "PARTITION BY key, start ORDER BY known, edition"
    sql = f"""SELECT *, coalesce(lead(known) OVER ({order}), DATE '9999-12-31') AS until
        FROM vintages WHERE key BETWEEN {low} AND {high} ORDER BY key, start, known, edition"""
    table = con.sql(sql).to_arrow_table()
    write(root, name, body := parquet_bytes(table))
    return ledger.line_of(name, body)


def _index_head(root: str, name: str) -> dict[str, Any]:
    """Return the head of an index; one of an older edition covers nothing and is made anew."""
    try:
        head = load_json(root, name)
    except StoreError as error:
        raise _damaged({name: "its digest is not that of its bytes"}) from error
    return head if "format" in head else {"vintages": [], "parts": []}


def _find_index(root: str, files: list[str]) -> dict[str, Any] | None:
    """Return the index that covers most of the files, from the first on; None without one."""
    found: dict[str, Any] | None = None
    for name in files_of(root, "index", ".json"):
        head = _index_head(root, name)
        covered = len(head["vintages"])
        if head["vintages"] == files[:covered] and covered > (
            len(found["vintages"]) if found else 0
        ):
            found = head
    return found


def _from_index(
    root: str, index: Mapping[str, Any], files: list[str], limit: str, day: dt.date | None
) -> str:
    """Return SQL for the last known rows from the index and the files that came after it."""
    names = ", ".join(_EMPTY)
    parts = [line["path"] for line in index["parts"]]
    until = f"until > DATE '{day or '9999-12-30'}'"
    held = f"SELECT {names} FROM {_paths(root, parts)} WHERE {limit} AND {until}"
    later = files[len(index["vintages"]) :]
    if not later:
        return held
    newer = f"SELECT {names} FROM ({_scan(root, later, len(index['vintages']))}) WHERE {limit}"
    return _last_known(f"({held} UNION ALL {newer})")


def _resolve(
    root: str, as_of: Any, strict: bool = True
) -> tuple[list[Mapping[str, Any]], dt.date | None]:
    """Return the lines of the files, and the last day, of an as-of date or of a release."""
    head = find_release(root, as_of) if isinstance(as_of, str) else None
    if head:
        return list(head["vintages"]), None
    names = vintages(root, strict)
    known = ledger.catalog(root).files
    lines: list[Mapping[str, Any]] = [known[name] for name in names if name in known]
    if as_of is None:
        return lines, None
    try:
        return lines, last_day(as_of)
    except PeriodError as error:
        tagged = ", ".join(releases(root)) or "none"
        raise StoreError(
            f"{shown(as_of)} is neither a date nor a release (releases: {tagged})."
        ) from error


def day_of(root: str, as_of: Any) -> dt.date:
    """Return the last day of an as-of date, or the day of a release's run.

    Raises
    ------
    StoreError
        If it is neither.

    Examples
    --------
    >>> str(day_of(store.root, "2025Q2"))  # a release's name stands before a period
    '2025-08-01'
    """
    head = find_release(root, as_of) if isinstance(as_of, str) else None
    if head:
        return dt.datetime.strptime(head["run"], RUN_FORM).date()
    day = _resolve(root, as_of)[1]
    assert day is not None
    return day


def select(root: str, view: str, as_of: Any, where: Mapping[str, str | None],
          clock: str = "published", skip: bool = False, by: Any = None) -> pd.DataFrame:  # fmt: skip
    """Return rows of a view, as of a date, that have given values.

    Examples
    --------
    >>> sorted(select(store.root, "observations", "2025-06-30", {"entity": "pipe"})["value"])
    [1.0, 2.0]
    """
    con, files = connect(root, as_of, clock, skip, by, shared=True)
    asked = {name: value for name, value in where.items() if value is not None}
    clause = " AND ".join(f"{name} = ?" for name in asked) or "true"
    inner = f"SELECT * FROM {view} WHERE {clause}"
    return typed(run_sql(root, con, inner, list(asked.values()), files))


def run_sql(root: str, con: Any, sql: str, values: Sequence[Any] = (),
             files: list[str] | None = None) -> pd.DataFrame:  # fmt: skip
    found: pd.DataFrame = _execute(root, con, sql, files or vintages(root), values).df()
    return found


def _execute(root: str, con: Any, sql: str, files: list[str], values: Sequence[Any] = ()) -> Any:
    """Run SQL; where a file is damaged, say which."""
    try:
        return con.execute(sql, list(values))
    except need("duckdb").Error as error:
        bad = bad_files(root, files)
        if not bad:
            raise
        raise _damaged(bad) from error


def bad_files(root: str, files: list[str]) -> dict[str, str]:
    """Return the files that do not read to the end, with the reason; checks every page.

    Examples
    --------
    >>> bad_files(store.root, store.vintages())
    {}
    """
    pa, pq = need("pyarrow"), need("pyarrow.parquet")
    bad = {}
    for name in files:
        try:
            file = pq.ParquetFile(io.BytesIO(read(root, name)), page_checksum_verification=True)
            lacking = sorted({"key", "start", "known", *COLUMNS} - set(file.schema_arrow.names))
            for group in range(file.num_row_groups):
                file.read_row_group(group)
        except (pa.ArrowException, OSError, StoreError) as error:
            bad[name] = str(error).splitlines()[0].rstrip(".")
        else:
            if lacking:
                bad[name] = f"it lacks the columns {', '.join(lacking)}"
    return bad


def finish(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows in the order and columns of the contract.

    Examples
    --------
    >>> list(finish(select(store.root, "observations", None, {}))) == list(COLUMNS)
    True
    """
    order = ["series", "entity", "freq", "start", "period", "source", "basis"]
    return in_utc(table.sort_values(order, kind="stable", ignore_index=True))[COLUMNS]


def last_known(observations: pd.DataFrame, as_of: Any = None) -> pd.DataFrame:
    """Return the last known row of each quantity of a table that is not in a store.

    Parameters
    ----------
    observations : DataFrame
        `COLUMNS`, rows in the order they came.
    as_of : date or text, optional
        As in `Store.connect`, without releases.

    Examples
    --------
    >>> both = pd.concat([rows, rows.assign(value=[1.0, 2.5], published="2025-08-01",
    ...                                     retrieved=pd.Timestamp("2025-08-02", tz="UTC"))])
    >>> last_known(both)["value"].tolist(), last_known(both, "2025-06-30")["value"].tolist()
    ([1.0, 2.5], [1.0, 2.0])
    """
    known = known_days(observations["published"], observations["retrieved"])
    table = observations.assign(_known=known)
    if as_of is not None:
        table = table[known <= pd.Timestamp(last_day(as_of))]
    table = table.sort_values("_known", kind="stable").drop_duplicates(WHAT, keep="last")
    return table.sort_values(WHAT, ignore_index=True)[COLUMNS]


def history(root: str, where: Mapping[str, str | None]) -> pd.DataFrame:
    """Return every edition of one figure; see `Store.history`.

    Examples
    --------
    >>> history(store.root, {"period": "2025Q1"})["value"].tolist()
    [2.0, 2.5]
    """
    table = select(root, "vintages", None, where)
    runs = [run_of(name) for name in vintages(root)]
    table["run"] = [runs[edition] for edition in table["edition"]]
    table = table.sort_values([*WHAT, "known", "edition"], ignore_index=True)
    return in_utc(table)[[*COLUMNS, "known", "run"]]
