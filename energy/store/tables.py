"""Rows of observations: checked, keyed, compared, and written in the tight form of Parquet."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd

from energy.errors import DataError, PeriodError
from energy.measure import periods
from energy.sources.contract import COLUMNS
from energy.store.base import FORMAT, TEXTS, WHAT
from energy.store.dates import honest_dates, known_days, label, naive, published_end
from energy.store.disk import need

CONTENT = ["value", "unit", "coverage", "status"]
"""What must differ for a row to count as revised; a new note or reference alone does not."""
ROW_GROUP = 122_880  # rows; DuckDB's own size, small enough to leave out what is not asked for
_PUBLISHED = re.compile(r"\d{4}(-\d{2}(-\d{2}([T ].*)?)?)?")


def checked(observations: pd.DataFrame) -> pd.DataFrame:
    """Return the rows in the store's own types with ``key``, ``start`` and ``known``.

    Whoever publishes: a firm figure is never known before its period was over.

    Examples
    --------
    >>> checked(rows)[["start", "known"]].map(str).values.tolist()[0]
    ['2024-10-01 00:00:00', '2025-05-01 00:00:00']
    >>> checked(rows.drop(columns="unit"))
    Traceback (most recent call last):
        ...
    energy.errors.DataError: observations: 1 fault
      - column 'unit' is missing
    """
    missing = [name for name in COLUMNS if name not in observations.columns]
    if missing:
        raise DataError("observations", [f"column '{name}' is missing" for name in missing])
    rows = observations[COLUMNS].reset_index(drop=True)
    for name in TEXTS:
        rows[name] = rows[name].where(rows[name].notna(), "").astype("str")
    for name in ("value", "coverage"):
        rows[name] = pd.to_numeric(rows[name], errors="coerce").astype("float64")
    rows["retrieved"] = naive(rows["retrieved"])
    faults = _row_faults(rows)
    if faults:
        raise DataError("observations", faults)
    rows = honest_dates(rows.assign(period=rows["period"].map(label)))
    rows["known"] = known_days(rows["published"], rows["retrieved"])
    rows["start"] = rows["period"].map({p: periods.parse(p).start for p in rows["period"].unique()})
    rows["start"] = pd.to_datetime(rows["start"]).astype("datetime64[s]")
    rows["key"] = keys(rows)
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
            published_end(text)
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


def keys(rows: pd.DataFrame) -> pd.Series:
    """Return a 64-bit key of each quantity without its period; intervals count by their text.

    The key is a hash and not a number in a table, so that files need no common table and two
    machines give the same quantity the same key.

    Examples
    --------
    >>> numbers = keys(rows)
    >>> bool(numbers.iloc[0] == numbers.iloc[1])  # one quantity, two periods
    True
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


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the types of the store: days, moments, texts.

    Examples
    --------
    >>> str(typed(checked(rows))["start"].dtype)
    'datetime64[s]'
    """
    for name in ("start", "known"):
        table[name] = table[name].astype("datetime64[s]")
    table["retrieved"] = table["retrieved"].astype("datetime64[us]")
    for name in TEXTS:
        table[name] = table[name].astype("str")
    return table


def encode(rows: pd.DataFrame) -> bytes:
    """Return rows as tight Parquet: sorted by key, dates as deltas, texts as codes, zstd.

    The value stays a float64, bit for bit. Texts are the same over a run of rows and cost next
    to nothing; queries group by the integers and leave the texts unread.

    Examples
    --------
    >>> encode(checked(rows))[:4]
    b'PAR1'
    """
    pa = need("pyarrow")
    rows = rows.sort_values(["key", "start", "known"], kind="stable")
    columns = {"key": pa.array(rows["key"].to_numpy("int64"))}
    for name in ("start", "known"):
        columns[name] = pa.array(rows[name].to_numpy("datetime64[D]"))
    for name in ("value", "coverage"):  # from_pandas=False: NaN stays NaN and is not null
        columns[name] = pa.array(rows[name].to_numpy("float64"), from_pandas=False)
    columns["retrieved"] = pa.array(rows["retrieved"].to_numpy("datetime64[us]"))
    for name in TEXTS:
        columns[name] = pa.array(rows[name].to_numpy(object), pa.string()).dictionary_encode()
    return parquet_bytes(pa.table(columns))


def parquet_bytes(table: Any) -> bytes:
    """Return an Arrow table, or a DataFrame of refused rows, as Parquet bytes."""
    pa, pq = need("pyarrow"), need("pyarrow.parquet")
    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table.reset_index(drop=True), preserve_index=False)
    delta = [name for name in ("start", "known", "until") if name in table.column_names]
    plain = {"value", "coverage", *delta}
    metadata = {**(table.schema.metadata or {}), b"energy_format": str(FORMAT).encode()}
    table = table.replace_schema_metadata(metadata)
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
