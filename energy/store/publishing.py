"""What a run adds: the rows that are new or changed, as one immutable vintage."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

import numpy as np
import pandas as pd

from energy.errors import DataError
from energy.store import ledger
from energy.store.base import StoreError
from energy.store.dates import RUN_FORM, check_run_form, label, published_end, run_of
from energy.store.disk import files_of, folder_of
from energy.store.locks import hold
from energy.store.queries import connect, run_sql
from energy.store.releases import vintages
from energy.store.tables import CONTENT, checked, encode, typed


@dataclasses.dataclass(frozen=True)
class Vintage:
    """What one run added for one source.

    Attributes
    ----------
    source, run, path : str
        ``path`` is relative to the store.
    new, revised, withdrawn : int
        Rows never seen before, rows that changed, rows the source no longer gives.

    Examples
    --------
    >>> Vintage("meter", "20250501T000000Z", "vintages/meter/a.parquet", 2, 0, 0).new
    2
    """

    source: str
    run: str
    path: str
    new: int
    revised: int
    withdrawn: int


def _changes(root: str, rows: pd.DataFrame, run: str, whole: list[str]) -> pd.DataFrame:
    """Return the rows to write, with ``change``: new, revised or withdrawn."""
    stored = _stored(root, rows, whole)
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
    ends = pd.to_datetime(rows["published"].map(published_end)).astype("datetime64[s]")
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


def _stored(root: str, rows: pd.DataFrame, whole: list[str]) -> pd.DataFrame:
    """Return every stored edition of the quantities in question."""
    con, files = connect(root, None, "published", False, shared=True)
    con.register("incoming", rows[["key"]].drop_duplicates())
    con.register("sources", rows[["source"]].drop_duplicates())
    con.register("asked", pd.DataFrame({"period": [label(p) for p in whole]}, dtype="str"))
    mine = "key IN (SELECT key FROM incoming)"
    theirs = "period IN (SELECT period FROM asked) AND source IN (SELECT source FROM sources)"
    sql = f"SELECT * FROM vintages WHERE {mine}{f' OR ({theirs})' if whole else ''}"
    table = run_sql(root, con, sql, (), files)
    return typed(table)


def _withdrawn(
    stored: pd.DataFrame, rows: pd.DataFrame, run: str, whole: list[str]
) -> pd.DataFrame:
    """Return rows without value for what the source gave in ``whole`` periods and gives no more."""
    last = stored.sort_values(["known", "edition"]).drop_duplicates(["key", "start"], keep="last")
    asked = last[last["period"].isin([label(p) for p in whole]) & last["value"].notna()]
    given = pd.MultiIndex.from_frame(rows[["key", "start"]])
    gone = asked[~pd.MultiIndex.from_frame(asked[["key", "start"]]).isin(given)]
    stamp = (
        rows["retrieved"].max() if len(rows) else pd.Timestamp(dt.datetime.strptime(run, RUN_FORM))
    )
    known = pd.Timestamp(stamp).normalize()
    return gone.assign(value=np.nan, coverage=np.nan, published="", retrieved=stamp, known=known,
                       note=f"withdrawn: no longer given in run {run}")  # fmt: skip


def _check_run(root: str, folder: str, run: str) -> None:
    """Refuse a run that lies before the newest one: the order of runs is the order of knowledge.

    A run that already wrote something may go on after a later one of other sources.
    """
    check_run_form(run)
    names = vintages(root)
    runs = [run_of(name) for name in names]
    own = [run_of(name) for name in names if name.startswith(f"vintages/{folder}/")]
    newest = max(own if run in runs else runs, default="")
    if run < newest:
        raise StoreError(
            f"The run {run} lies before {newest}, the newest in the store: the clock was set back, "
            "or an old run goes on after a newer one. Set the clock, or start a new run."
        )


def _check_asked(rows: pd.DataFrame, run: str) -> None:
    """Refuse rows retrieved more than a day after their run began.

    They would count from a day that has not come: `as_of` of a day before it would hold an earlier
    row for the last word, and an honest later one would never take their place.
    """
    began = pd.Timestamp(dt.datetime.strptime(run, RUN_FORM))
    newest = rows["retrieved"].max()
    if newest > began + pd.Timedelta(days=1):
        raise StoreError(
            f"The run {run} holds rows retrieved on {newest:%Y-%m-%d}, more than a day after it began: "
            "the clock jumped. Set the clock, then start a new run."
        )


def _free_name(root: str, folder: str, run: str) -> str:
    """Return the run's file name, with a part number where the run already wrote one."""
    parts = [name for name in files_of(root, folder, ".parquet") if run_of(name) == run]
    suffix = f"-{len(parts) + 1:02d}" if parts else ""
    return f"{folder}/{run}{suffix}.parquet"


def publish(
    root: str, source: str, run: str, observations: pd.DataFrame, whole: Iterable[str] = ()
) -> Vintage | None:
    """Write the rows that are new or changed; see `Store.publish`.

    Examples
    --------
    >>> publish("a-published-store", "meter", "20250501T000000Z", rows).new
    2
    """
    rows = checked(observations)
    folder = folder_of(source)
    with hold(root, f"publish {source}", wait=10.0):
        _check_run(root, folder, run)
        _check_asked(rows, run)
        changed = _changes(root, rows, run, list(whole))
        if changed.empty:
            return None
        name = _free_name(root, f"vintages/{folder}", run)
        ledger.enter(root, "vintage", run, {name: encode(changed)})
    counts = changed["change"].value_counts()
    new, revised, gone = (int(counts.get(c, 0)) for c in ("new", "revised", "withdrawn"))
    return Vintage(source, run, name, new, revised, gone)
