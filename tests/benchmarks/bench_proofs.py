"""What the store's checks cost: reading a store of ten years, keeping the 100,001st answer.

    python tests/benchmarks/bench_proofs.py [--rows N] [--kept N]

Forty quarterly runs of gas days in the files that `energy.store` writes, entered in its ledger. The
same question is asked without any check of digests, at the first read (every file is digested)
and at the second (what was proven is known by size and time of change, in a new process too).
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bench_store

from energy.sources.contract import Answer, Request
from energy.store import Store, proofs

YEARS, ROUNDS = 10, 7


def ask(home: Store) -> float:
    """Return the processor seconds of one question to the whole store."""
    begin = time.process_time()
    home.connect(bench_store.AS_OF).sql("SELECT count(*), sum(value) FROM observations").fetchall()
    return time.process_time() - begin


def forgotten(home: Store) -> None:
    """Forget what was proven, as on another machine."""
    proofs._seen.clear()
    proofs._place(home.root).unlink(missing_ok=True)


def another_process(home: Store) -> None:
    """Forget what this process knows, and keep what lies in the cache folder."""
    proofs._seen.clear()


@contextlib.contextmanager
def unchecked():
    real, proofs.faults = proofs.faults, lambda *given, **named: {}
    try:
        yield
    finally:
        proofs.faults = real


def least(home: Store, before: Callable[[Store], None]) -> float:
    found = []
    for _ in range(ROUNDS):
        before(home)
        found.append(ask(home))
    return min(found)


def reading(folder: Path, rows: int) -> None:
    bench_store.DAYS, bench_store.RUNS = YEARS * 365, YEARS * 4
    bench_store.generate(folder, rows)
    home = Store.open(folder / "store")
    size = sum(file.stat().st_size for file in Path(home.root).rglob("*.parquet")) / 1e6
    print(
        f"{YEARS} years, {len(home.vintages())} files, {size:.0f} MB; least of {ROUNDS}, processor time"
    )
    ask(home)  # DuckDB is loaded
    with unchecked():
        plain = least(home, lambda home: None)
    for name, before in (("first read", forgotten), ("second read", another_process),
                         ("again in one process", lambda home: None)):  # fmt: skip
        if before is another_process:
            ask(home)
        cost = least(home, before)
        print(
            f"{name}: {cost * 1000:.0f} ms, {cost / plain - 1:+.1%} of {plain * 1000:.0f} ms unchecked"
        )


def answer(n: int) -> Answer:
    body = f"answer {n}".encode()
    asked = Request("meter", f"tag{n}", "https://meter.example/api")
    return Answer(asked, 200, {}, body, dt.datetime(2026, 11, 25, tzinfo=dt.UTC),
                  hashlib.sha256(body).hexdigest())  # fmt: skip


def keeping(folder: Path, kept: int) -> None:
    home = Store.open(folder / "kept")

    def cost(first: int, times: int = 40) -> float:
        found = []
        for n in range(first, first + times):
            begin = time.process_time()
            home.keep(answer(n), "2026Q3")
            found.append(time.process_time() - begin)
        return sorted(found)[times // 2]

    few = cost(0)
    raw = Path(home.root, "raw", "meter", "2026Q3")
    for end in ("json", "bin"):
        first = next(raw.glob(f"*.{end}"))
        for n in range(kept):
            if n % 50_000 == 0:  # a file has 65,000 names at most
                first = Path(shutil.copy(first, raw / f"copy{n}.{n:08x}.{end}"))
            os.link(first, raw / f"other{n}.{n:08x}.{end}")
    many = cost(1000)
    print(f"keeping an answer: {few * 1000:.2f} ms with 40 kept, {many * 1000:.2f} ms with {kept:,} "
          f"({many / few:.2f} times)")  # fmt: skip


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--kept", type=int, default=100_000)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        reading(Path(folder), options.rows)
        keeping(Path(folder), options.kept)


if __name__ == "__main__":
    main(sys.argv[1:])
