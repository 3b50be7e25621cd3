"""Refused rows, and those a person let through."""

from __future__ import annotations

import hashlib
import io

import pandas as pd

from energy.errors import DataError
from energy.sources.contract import COLUMNS
from energy.store import journal, ledger, proofs
from energy.store.base import TEXTS, WHAT, StoreError
from energy.store.dates import check_run_form, in_utc, naive
from energy.store.disk import damaged, load_json, need, read, seal
from energy.store.ledger import held_in
from energy.store.locks import hold
from energy.store.publishing import Vintage, publish
from energy.store.tables import parquet_bytes


def quarantine_rows(rows: pd.DataFrame, run: str) -> pd.DataFrame:
    """Return refused rows with ``id`` and ``run``; the id is the same whenever the row comes again.

    Examples
    --------
    >>> table = quarantine_rows(rows.assign(reason="ten times the usual"), "20250501T000000Z")
    >>> table["run"].tolist()
    ['20250501T000000Z', '20250501T000000Z']
    """
    missing = [name for name in [*COLUMNS, "reason"] if name not in rows.columns]
    if missing:
        raise DataError("quarantine", [f"column '{name}' is missing" for name in missing])
    table = rows[[*COLUMNS, "reason"]].reset_index(drop=True)
    for name in [*TEXTS, "reason"]:
        table[name] = table[name].where(table[name].notna(), "").astype("str")
    for name in ("value", "coverage"):
        table[name] = pd.to_numeric(table[name], errors="coerce").astype("float64")
    table["retrieved"] = pd.to_datetime(table["retrieved"], utc=True, errors="coerce")
    table = table.assign(id=ids_of(table).to_numpy(), run=run)
    return table.drop_duplicates("id", ignore_index=True)


def ids_of(rows: pd.DataFrame) -> pd.Series:
    """Return the id each row has in quarantine: the same whenever the row comes again.

    Examples
    --------
    >>> ids_of(rows).is_unique, ids_of(rows).equals(ids_of(rows))
    (True, True)
    """
    names = [*WHAT, "published", "value", "unit"]
    table = rows[names].copy()
    for name in names:
        if name == "value":
            table[name] = pd.to_numeric(table[name], errors="coerce").astype("float64")
        else:
            table[name] = table[name].where(table[name].notna(), "").astype("str")
    ids = [f"Q{hashlib.sha256(chr(31).join(map(str, row)).encode()).hexdigest()[:12]}"
           for row in table.itertuples(index=False)]  # fmt: skip
    return pd.Series(ids, rows.index, dtype="str")


def quarantined(root: str, released: bool, strict: bool = True) -> pd.DataFrame:
    """Return the refused rows; see `Store.quarantined`.

    Examples
    --------
    >>> len(quarantined(store.root, released=False))
    0
    """
    columns = ["id", "reason", "run", *COLUMNS]
    parse = need("pyarrow.parquet").read_table
    names = [n for n in held_in(root, "quarantine", strict) if n.endswith(".parquet")]
    _refuse_changed(root, names)
    tables = [parse(io.BytesIO(read(root, name))).to_pandas() for name in names]
    if not tables:
        return pd.DataFrame({name: pd.Series(dtype="str") for name in columns})
    table = in_utc(pd.concat(tables, ignore_index=True)).drop_duplicates("id", ignore_index=True)[
        columns
    ]
    return table if released else table[~table["id"].isin(_passed_ids(root))].reset_index(drop=True)


def _passed_ids(root: str) -> set[str]:
    names = [n for n in held_in(root, "quarantine") if n.startswith("quarantine/released/")]
    _refuse_changed(root, names)
    return {name for path in names for name in load_json(root, path)["ids"]}


def _refuse_changed(root: str, names: list[str]) -> None:
    """Raise where a file is not the one that was entered."""
    known = ledger.catalog(root).files
    bad = proofs.faults(root, [known[name] for name in names if name in known])
    for name, why in bad.items():
        raise damaged(name, why)


def let_through(root: str, ids: list[str], reason: str, run: str) -> list[Vintage]:
    """Publish refused rows after all; see `Store.let_through`.

    Examples
    --------
    >>> let_through(store.root, ["q-0"], "seen in print", "20250901T000000Z")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: Not in quarantine: q-0; `quarantined()` lists the ids.
    """
    table = quarantined(root, True)
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
    with hold(root, "release from quarantine", wait=10.0):
        if set(ids) - _passed_ids(root):
            journal.note(root, run, "let", {"ids": sorted(set(ids)), "reason": reason})
        made = [publish(root, str(source), run, part) for source, part in rows.groupby("source")]
        body = seal({"run": run, "reason": reason, "ids": sorted(set(ids))})
        name = f"quarantine/released/{run}.{hashlib.sha256(body).hexdigest()[:8]}.json"
        if set(ids) - _passed_ids(root):
            ledger.enter(root, "quarantine", run, {name: body})
    return [vintage for vintage in made if vintage]


def refuse(root: str, run: str, rows: pd.DataFrame) -> str | None:
    """Keep refused rows with their reason; see `Store.quarantine`.

    Examples
    --------
    >>> refuse("a-quarantine", "20250501T000000Z", rows.assign(reason="odd")).startswith("quarantine/")
    True
    """
    table = quarantine_rows(rows, check_run_form(run))
    with hold(root, "quarantine", wait=10.0):
        held = set(quarantined(root, True)["id"])
        table = table[~table["id"].isin(held)]
        if table.empty:
            return None
        body = parquet_bytes(
            table.drop(columns=["retrieved"]).assign(retrieved=naive(table["retrieved"]))
        )
        name = f"quarantine/{run}.{hashlib.sha256(body).hexdigest()[:8]}.parquet"
        ledger.enter(root, "quarantine", run, {name: body})
    return name
