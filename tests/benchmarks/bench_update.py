"""A whole quarterly update, offline: all sources, answers in the form each service delivers.

The answers are made by ``tests/upstream.py`` and kept once through a server on loopback; what is
timed is the replay into an empty store (read, check, publish, sum up, note), the second run that
changes nothing, and the opening of the facts with the store laid over; then the time from
`energy.load` to the first flows on ten years of daily readings of every point. Each in a process
of its own, with its peak memory. Building layers and map is measured elsewhere.

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

    from energy.intake import update
    from energy.store import Store

    upstream.SERVICES["transparency.entsog.eu"] = functools.partial(upstream.entsog, busy=True)
    with upstream.Upstream() as server, server.client() as client:
        update.run("2026Q3", "dry-run", Store.open(folder), client=client, keys=KEYS,
                   sleep=lambda seconds: None, now=lambda: NOW)  # fmt: skip


def replay(answers: Path, store: Path) -> int:
    """Update from the kept answers; return the rows read."""
    from energy.intake import update
    from energy.store import Store

    report = update.run("2026Q3", "apply", Store.open(store), offline=answers, now=lambda: NOW)
    assert report.code == 0
    return int(report.sources["rows"].sum())


def overlay(store: Path) -> int:
    """Lay the store over the facts; return the rows added."""
    from energy import facts
    from energy.intake import update
    from energy.store import Store

    tables = facts.load()
    laid = update.overlay(tables, Store.open(store))
    return sum(len(laid[name]) - len(tables[name]) for name in ("volumes", "prices", "fx"))


def ten_years(store: Path) -> int:
    """Publish ten years of made-up daily readings of every point; return the rows."""
    import pandas as pd

    from energy import facts
    from energy.sources.contract import COLUMNS
    from energy.store import Store

    points = facts.load()["crosswalk"].query("kind == 'point'")["key"].unique()
    days = pd.date_range("2016-10-01", "2026-09-30").strftime("%Y-%m-%d")
    grid = pd.MultiIndex.from_product([points, days], names=["entity", "period"]).to_frame(
        index=False
    )
    grid["value"] = 1.5e8 + (grid.index.to_numpy() * 7919 % 1000) * 1e4
    usual = {"series": "flow_point", "freq": "D", "unit": "kWh/d", "basis": "GCV", "coverage": 1.0,
             "source": "entsog", "status": "actual", "published": "", "note": "", "ref": "0" * 16 + "#made",
             "retrieved": pd.Timestamp(NOW)}  # fmt: skip
    Store.open(store).publish("entsog", "20261127T060000Z", grid.assign(**usual)[COLUMNS])
    return len(grid)


def first_flows(store: Path) -> int:
    """Open a tracker on the store in $ENERGY_HOME and ask for the flows; return its volumes."""
    import energy

    tracker = energy.load()
    tracker.flows()
    return len(tracker.facts["volumes"])


def timed(what: str, *paths: Path) -> dict:
    """Run one step in a fresh process; seconds without imports, and peak memory in MB."""
    command = [sys.executable, __file__, what, *map(str, paths)]
    environment = os.environ | {"ENERGY_HOME": str(paths[-1])}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    return json.loads(done.stdout)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        answers, store, decade = (Path(folder) / name for name in ("answers", "store", "decade"))
        record(answers)
        raw = list(answers.rglob("*.bin"))
        size = sum(path.stat().st_size for path in raw) / 1e6
        print(f"{len(raw)} kept answers, {size:.1f} MB")
        steps = {"update, empty store": ("replay", answers, store),
                 "update, nothing new": ("replay", answers, store),
                 "facts with the store laid over": ("overlay", store),
                 "publish ten years of days": ("ten_years", decade),
                 "load to first flows, ten years": ("first_flows", decade)}  # fmt: skip
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
    import energy.intake.update  # noqa: F401  imports are not part of the figure

    began, worked = time.perf_counter(), time.process_time()
    steps = {
        "replay": replay,
        "overlay": overlay,
        "ten_years": ten_years,
        "first_flows": first_flows,
    }
    rows = steps[sys.argv[1]](*map(Path, sys.argv[2:]))
    took = time.perf_counter() - began
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    worked = time.process_time() - worked
    print(json.dumps({"seconds": took, "cpu": worked, "memory": memory, "rows": rows}))
