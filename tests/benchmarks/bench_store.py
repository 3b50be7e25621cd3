"""Time the question "what was known then" over 50 million daily rows.

    python tests/benchmarks/bench_store.py [--rows N] [--rounds N] [--folder DIR]

Synthetic gas days of 15 years in 60 quarterly runs, each with a new quarter and revisions of the
last year and a half, in the files that `energy.store` writes, and its index. Beside it one Parquet
file with text keys, sorted by key, which suits the other contenders best. Every measurement runs in a process of
its own, contenders take turns, all must give the same count and the same sum.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_gem import measure, report, take_turns

DAYS, RUNS, BACK, SHARE = 5478, 60, 6, 0.82  # share of the days of a past quarter a run revises
FIRST, AS_OF = "2010-01-01", "2018-06-30"
ROWS_A_POINT = 32_000
OURS = "Store.connect(as_of)"
AIMS = {"pandas, text keys": 5.0, "pandas, our files": 5.0, "DuckDB arg_max, text keys": 1.4,
        "DuckDB QUALIFY, text keys": 1.4, "polars, text keys": 1.4}  # fmt: skip


# --- the data -------------------------------------------------------------------------------------


def generate(folder: Path, rows: int) -> None:
    """Write the store and the file with text keys."""
    import numpy as np
    import pandas as pd

    from energy.store import dates, tables

    count = max(2, rows // ROWS_A_POINT)
    names = [
        f"AT-TSO-{i // 20:04d}/ITP-{i // 2:05d}/{'entry' if i % 2 == 0 else 'exit'}"
        for i in range(count)
    ]
    frame = pd.DataFrame({"series": "physical_flow", "entity": names, "period": FIRST, "freq": "D",
                          "source": "entsog", "basis": "GCV"})  # fmt: skip
    frame = frame.assign(key=tables.keys(frame)).sort_values("key", ignore_index=True)
    dice = np.random.default_rng(7)
    value = dice.integers(0, 900_000_000, (count, DAYS)).astype("float64")
    quarter = np.arange(DAYS) * RUNS // DAYS
    home = folder / "store" / "vintages" / "entsog"
    home.mkdir(parents=True)
    for run in range(RUNS):
        lag = run - quarter
        chance = np.where(lag == 0, 1.0, np.where((lag > 0) & (lag <= BACK), SHARE, 0.0))
        days = np.flatnonzero(chance)
        point, column = np.nonzero(dice.random((count, len(days)), dtype=np.float32) < chance[days])
        day = days[column]
        change = np.where(lag[day] > 0, dice.integers(-5000, 5000, len(day)), 0)
        value[point, day] += change
        told = pd.Timestamp(FIRST) + pd.Timedelta(days=(run + 1) * DAYS // RUNS + 40, hours=6)
        table = arrow(frame, point, day, value[point, day], told)
        (home / f"{told.strftime(dates.RUN_FORM)}.parquet").write_bytes(tables.parquet_bytes(table))
    adopt(folder / "store")


def adopt(root: Path) -> None:
    """Enter files that were laid down by hand into the ledger: no other counts."""
    from energy.store import disk, ledger

    held = disk.files_of(str(root), "vintages", ".parquet")
    ledger.adopt_files(str(root), ledger.plain(str(root), held))


def arrow(frame, point, day, value, told):
    """Return one run as `energy.store.tables.encode` would lay it out, without 50 million Python texts."""
    import numpy as np
    import pandas as pd
    import pyarrow as pa

    def text(codes, words):
        return pa.DictionaryArray.from_arrays(
            pa.array(codes.astype("int32")), pa.array(words, pa.string())
        )

    def same(word):
        return text(np.zeros(len(point)), [word])

    start = np.datetime64(FIRST, "D") + day
    known = np.full(len(point), np.datetime64(told, "D"))
    low, high = int(day.min()), int(day.max())
    spans = pd.date_range(FIRST, periods=DAYS)[low : high + 1]
    labels = list(spans.strftime("%Y-%m-%d"))
    words = {"series": "physical_flow", "freq": "D", "unit": "kWh", "basis": "GCV", "source": "entsog",
             "status": "actual", "published": "", "ref": f"{told.value:016x}#rows", "note": ""}  # fmt: skip
    texts = {name: same(word) for name, word in words.items()}
    texts |= {"entity": text(point, list(frame["entity"])), "period": text(day - low, labels)}
    head = {"key": pa.array(frame["key"].to_numpy()[point]), "start": pa.array(start), "known": pa.array(known),
            "value": pa.array(value), "coverage": pa.array(np.ones(len(point))),
            "retrieved": pa.array(np.full(len(point), np.datetime64(told, "us")))}  # fmt: skip
    from energy.store import base

    return pa.table(head | {name: texts[name] for name in base.TEXTS})


def write_text_keys(folder: Path) -> None:
    """Write the same rows, sorted, with the entity as text and dates as dates."""
    from energy.store import Store

    con = Store.open(folder / "store").connect()
    con.execute("SET preserve_insertion_order = true")
    con.execute(f"""
        COPY (SELECT entity, start AS day, known AS vintage, value FROM vintages ORDER BY key, start, known)
        TO '{folder / "text.parquet"}' (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 491520)
    """)


def build_index(folder: Path) -> None:
    """Keep the files once more without an index (hard links), then build it and say what it took."""
    import os

    from energy.store import Store

    for file in (folder / "store").rglob("*.parquet"):
        twin = folder / "plain" / file.relative_to(folder / "store")
        twin.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, twin)
    adopt(folder / "plain")
    figures, _ = measure(Store.open(folder / "store").index)
    size = sum(file.stat().st_size for file in (folder / "store" / "index").iterdir()) / 1e6
    print(
        f"Index built in {figures['wall']:.0f} s ({figures['cpu']:.0f} s of processor), {size:.0f} MB"
    )


def same_form(folder: Path) -> bool:
    """Tell whether the files have the schema and encodings that `Store.publish` writes."""
    import pyarrow.parquet as pq

    from energy.store import Store, run_id

    made = Store.open(folder / "store")
    sample = made.connect().sql("SELECT * FROM observations ORDER BY key, start LIMIT 20000").df()
    small = Store.open(folder / "sample")
    small.publish(
        "entsog", run_id(), sample.assign(retrieved=sample["retrieved"].dt.tz_localize("UTC"))
    )
    forms = []
    for home in (made, small):
        file = pq.ParquetFile(Path(home.root, home.vintages()[0]))
        group = file.metadata.row_group(0)
        columns = [group.column(i) for i in range(group.num_columns)]
        delta = {c.path_in_schema: "DELTA_BINARY_PACKED" in c.encodings for c in columns}
        forms.append((file.schema_arrow, delta, {c.compression for c in columns}))
    return forms[0] == forms[1]


# --- the contenders -------------------------------------------------------------------------------


def with_index(folder: Path) -> tuple[int, float]:
    return _ask(folder / "store")


def files_only(folder: Path) -> tuple[int, float]:
    return _ask(folder / "plain")


def _ask(home: Path) -> tuple[int, float]:
    from energy.store import Store

    con = Store.open(home).connect(AS_OF)
    return con.sql("SELECT count(*), sum(value) FROM observations").fetchall()[0]


def duckdb_arg_max(folder: Path) -> tuple[int, float]:
    return _duck(f"""SELECT count(*), sum(v) FROM (SELECT arg_max(value, vintage) AS v
        FROM '{folder / "text.parquet"}' WHERE vintage <= DATE '{AS_OF}' GROUP BY entity, day)""")


def duckdb_qualify(folder: Path) -> tuple[int, float]:
    return _duck(f"""SELECT count(*), sum(value) FROM (SELECT value
        FROM '{folder / "text.parquet"}' WHERE vintage <= DATE '{AS_OF}'
        QUALIFY row_number() OVER (PARTITION BY entity, day ORDER BY vintage DESC) = 1)""")


def full_scan(folder: Path) -> tuple[int, float]:
    """Read every byte the question needs, and answer nothing."""
    files = f"{folder / 'plain'}/vintages/*/*.parquet"
    _duck(f"SELECT count(*), sum(value), max(key), max(start), max(known) FROM '{files}'")
    return (0, 0.0)


def _duck(sql: str) -> Any:
    import duckdb

    con = duckdb.connect()
    con.execute("SET preserve_insertion_order = false")
    return con.sql(sql).fetchall()[0]


def polars_last(folder: Path) -> tuple[int, float]:
    import datetime as dt

    import polars as pl

    rows = pl.scan_parquet(folder / "text.parquet").filter(
        pl.col("vintage") <= dt.date.fromisoformat(AS_OF)
    )
    last = rows.group_by("entity", "day").agg(pl.col("value").last())
    found = last.select(pl.len(), pl.col("value").sum()).collect()
    return found.row(0)


def pandas_text(folder: Path) -> tuple[int, float]:
    import pandas as pd
    import pyarrow.parquet as pq

    table = pq.read_table(folder / "text.parquet", filters=[("vintage", "<=", pd.Timestamp(AS_OF).date())],
                          columns=["entity", "day", "value"], read_dictionary=["entity"])  # fmt: skip
    rows = table.to_pandas(self_destruct=True, date_as_object=False)
    last = rows.groupby(["entity", "day"], sort=False, observed=True)["value"].last()
    return len(last), float(last.sum())


def pandas_ours(folder: Path) -> tuple[int, float]:
    import pandas as pd

    files = sorted((folder / "plain" / "vintages" / "entsog").glob("*.parquet"))
    rows = pd.read_parquet([str(file) for file in files], columns=["key", "start", "value"],
                           filters=[("known", "<=", pd.Timestamp(AS_OF).date())])  # fmt: skip
    last = rows.groupby(["key", "start"], sort=False)[
        "value"
    ].last()  # files come in the order of runs
    return len(last), float(last.sum())


CONTENDERS: dict[str, Callable[[Path], tuple[int, float]]] = {
    OURS: with_index,
    "the same without its index": files_only,
    "DuckDB arg_max, text keys": duckdb_arg_max,
    "DuckDB QUALIFY, text keys": duckdb_qualify,
    "polars, text keys": polars_last,
    "pandas, text keys": pandas_text,
    "pandas, our files": pandas_ours,
    "full scan of our bytes": full_scan,
}


def child(name: str, folder: str) -> None:
    import pandas  # noqa: F401  (imports are not what is compared)
    import pyarrow.dataset  # noqa: F401

    import energy.store  # noqa: F401

    figures, (count, total) = measure(lambda: CONTENDERS[name](Path(folder)))
    print(json.dumps({**figures, "count": count, "sum": total}))


def _available() -> list[str]:
    from importlib.util import find_spec

    return [name for name in CONTENDERS if not name.startswith("polars") or find_spec("polars")]


def run(folder: Path, rows: int, rounds: int) -> int:
    begin = time.perf_counter()
    if not (folder / "text.parquet").exists():
        command = [sys.executable, __file__, "--generate", str(folder), "--rows", str(rows)]
        import subprocess

        subprocess.run(command, check=True)
    size = sum(file.stat().st_size for file in (folder / "plain").rglob("*.parquet")) / 1e6
    text = (folder / "text.parquet").stat().st_size / 1e6
    print(f"Data made in {time.perf_counter() - begin:.0f} s: our files {size:.0f} MB (all columns), "
          f"text keys {text:.0f} MB (four columns)")  # fmt: skip
    results = take_turns(__file__, _available(), rounds, str(folder))
    report(results, AIMS)
    peaks = {name: max(r["peak_mb"] for r in runs) for name, runs in results.items()}
    lead = min(peaks[n] for n in peaks if n.startswith("pandas")) / peaks[OURS]
    print(f"memory: pandas needs {lead:.1f} x ours (aim 5)")
    answers = {
        (r["count"], r["sum"]) for name, runs in results.items() if "scan" not in name for r in runs
    }
    print(f"same count and sum from all: {'yes' if len(answers) == 1 else 'NO'} {sorted(answers)}")
    return 0 if len(answers) == 1 else 1


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; 1 where the contenders disagree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=50_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--folder", type=Path, help="keep the data here; default a temporary folder"
    )
    parser.add_argument("--generate", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("data", nargs="?", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        child(options.child, options.data)
        return 0
    if options.generate:
        generate(options.generate, options.rows)
        write_text_keys(options.generate)
        build_index(options.generate)
        if not same_form(options.generate):
            raise SystemExit("The files differ in form from those that Store.publish writes.")
        return 0
    from importlib.metadata import version

    print(f"As-of {AS_OF} over about {options.rows / 1e6:.0f} million rows")
    print(", ".join(f"{name} {version(name)}" for name in ("duckdb", "pyarrow", "pandas", "numpy")))
    if options.folder:
        options.folder.mkdir(parents=True, exist_ok=True)
        return run(options.folder, options.rows, options.rounds)
    with tempfile.TemporaryDirectory() as folder:
        return run(Path(folder), options.rows, options.rounds)


if __name__ == "__main__":
    sys.exit(main())
