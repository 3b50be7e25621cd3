"""A whole quarterly update, offline: all sources, answers in the form each service delivers.

The answers are made by ``tests/upstream.py`` and kept once through a server on loopback; what is
timed is the replay into an empty store (read, check, publish, sum up, note), the second run that
changes nothing, and the opening of the facts with the store laid over. Each in a process of its
own, with its peak memory. Building layers and map is measured elsewhere.

python tests/benchmarks/bench_update.py
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

NOW = dt.datetime(2026, 11, 27, 6, 0, tzinfo=dt.UTC)
KEYS = {"GIE_API_KEY": "k" * 12}


def record(folder: Path) -> None:
    """Ask every source once and keep the answers; nothing is published."""
    import upstream

    from energy import update
    from energy.store import Store

    upstream.SERVICES["transparency.entsog.eu"] = functools.partial(upstream.entsog, busy=True)
    with upstream.Upstream() as server, server.client() as client:
        update.run("2026Q3", "dry-run", Store.open(folder), client=client, keys=KEYS,
                   sleep=lambda seconds: None, now=lambda: NOW)  # fmt: skip


def replay(answers: Path, store: Path) -> int:
    """Update from the kept answers; return the rows read."""
    from energy import update
    from energy.store import Store

    report = update.run("2026Q3", "apply", Store.open(store), offline=answers, now=lambda: NOW)
    assert report.code == 0
    return int(report.sources["rows"].sum())


def overlay(store: Path) -> int:
    """Lay the store over the facts; return the rows added."""
    from energy import facts, update
    from energy.store import Store

    tables = facts.load()
    laid = update.overlay(tables, Store.open(store))
    return sum(len(laid[name]) - len(tables[name]) for name in ("volumes", "prices", "fx"))


def timed(what: str, *paths: Path) -> dict:
    """Run one step in a fresh process; seconds without imports, and peak memory in MB."""
    command = [sys.executable, __file__, what, *map(str, paths)]
    environment = os.environ | {"ENERGY_HOME": str(paths[-1])}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        answers, store = Path(folder) / "answers", Path(folder) / "store"
        record(answers)
        raw = list(answers.rglob("*.bin"))
        size = sum(path.stat().st_size for path in raw) / 1e6
        print(f"{len(raw)} kept answers, {size:.1f} MB")
        steps = {"update, empty store": ("replay", answers, store),
                 "update, nothing new": ("replay", answers, store),
                 "facts with the store laid over": ("overlay", store)}  # fmt: skip
        for name, step in steps.items():
            found = timed(*step)
            spent = f"{found['seconds']:6.2f} s, {found['cpu']:.2f} s of CPU"
            print(f"{name:32} {spent}  {found['memory']:5.0f} MB  {found['rows']:,} rows")
        held = sum(p.stat().st_size for p in (store / "vintages").rglob("*.parquet")) / 1e3
        print(f"vintages on disk: {held:.0f} kB")
    return 0


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sys.exit(main())
    import energy.update  # noqa: F401  imports are not part of the figure

    began, worked = time.perf_counter(), time.process_time()
    rows = {"replay": replay, "overlay": overlay}[sys.argv[1]](*map(Path, sys.argv[2:]))
    took = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worked = time.process_time() - worked
    print(json.dumps({"seconds": took, "cpu": worked, "memory": memory, "rows": rows}))
