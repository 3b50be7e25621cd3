"""The Monte Carlo engine beside a plain float64 cube, and beside what the machine can do.

40 routes x 100 quarters x N draws; three quantiles and the mean of every route and quarter and of
the total. Every contender is a process of its own (peak memory), times are taken inside it
without imports; contenders are interleaved. All draw the same random numbers a draw, and the
medians are compared. Run with ``make bench``, or ``python tests/benchmarks/bench_engine.py 3``
for three rounds; alone on the machine, or the figures say little.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time

import numpy as np

from energy.projection import ramp, simulate

ROUTES, QUARTERS = 40, 100
LEVELS = [0.1, 0.5, 0.9]


def plan() -> tuple[simulate.Plan, simulate.Case]:
    """Return 30 open routes with halts, half of them with a dated end, and 10 new lines that climb."""
    rng = np.random.default_rng(1)
    smooth, white = ramp.modes(QUARTERS, (0.15, 0.8, 0.05, 0.02))
    specs = []
    for r in range(ROUTES):
        size, new = rng.uniform(0.5, 12), r >= 30
        flat = np.full(QUARTERS, size, dtype=np.float32)
        start = np.sort(20 + 20 * rng.lognormal(0, 0.5, 4096)).astype(np.float32)
        spec = ramp.RouteSpec(
            flat * (not new), flat * new, smooth.astype(np.float32), white.astype(np.float32), flat * np.float32(1.1),
            start if new else np.array([np.inf], dtype=np.float32), np.array([12], dtype=np.float32),
            0.004, 0.01, 0.0, (40.0, 44.0) if r % 2 else (np.inf, np.inf), 0.3, 1.0,
            np.array([0.4, 0.1, 0.2], dtype=np.float32), "market")  # fmt: skip
        specs.append([spec])
    made = simulate.plan_of([f"r{r}" for r in range(ROUTES)], specs, [True] * ROUTES)
    return made, simulate.Case(np.ones(1), np.zeros((1, ROUTES), dtype=int), np.zeros((1, 2)))


def plain(draws: int) -> np.ndarray:
    """Hold the whole cube in float64 and let numpy.quantile sort it out."""
    made, _ = plan()
    rng = np.random.default_rng(0)
    cube = np.empty((ROUTES, QUARTERS, draws))
    drivers = rng.standard_normal((3, ramp.MODES, draws))
    at = np.arange(QUARTERS)[:, None]
    for r, (spec,) in enumerate(made.variants):
        modes = rng.standard_normal((ramp.MODES, draws)) * np.sqrt(1 - (spec.loads**2).sum())
        modes += np.tensordot(spec.loads.astype(float), drivers, 1)
        jitter = np.lib.stride_tricks.sliding_window_view(
            rng.standard_normal(QUARTERS + draws), draws
        )
        dates = simulate.switches(spec, rng.random((5, draws)), np.exp(0.7 * drivers[2, 0] - 0.245))
        noise = (
            1
            + np.tensordot(spec.noise.astype(float).T, modes, 1)
            + spec.white[:, None] * jitter[:QUARTERS]
        )
        climbed = np.clip((at + 0.5 - dates.start) * dates.pace, 0, 1)
        on = np.clip(dates.first - at, 0, 1)
        on += dates.kept * np.clip(at + 1 - dates.second, 0, 1) * np.clip(dates.last - at, 0, 1)
        cube[r] = np.clip(
            noise * (spec.base[:, None] + spec.added[:, None] * climbed) * on, 0, spec.cap[:, None]
        )
    found = np.quantile(cube, LEVELS, axis=2)
    total = cube.sum(axis=0)
    np.quantile(total, LEVELS, axis=1), cube.mean(axis=2), total.mean(axis=1)
    return found


def engine(draws: int, name: str, workers: int) -> np.ndarray:
    made, case = plan()
    tally = simulate.run(made, case, draws, workers=workers, engine=name)
    return tally.quantile(LEVELS, made)[:, :ROUTES]


def dask(draws: int, name: str, processes: int) -> tuple[np.ndarray, float]:
    """Return quantiles and seconds without the start of the cluster and the first import there."""
    from distributed import LocalCluster

    made, case = plan()
    with LocalCluster(
        n_workers=processes, threads_per_worker=1, dashboard_address=None, silence_logs=50
    ) as cluster:
        simulate.run(
            made, case, simulate.BLOCK * 4, scheduler=cluster.scheduler_address, engine=name
        )
        begin = time.perf_counter()
        tally = simulate.run(made, case, draws, scheduler=cluster.scheduler_address, engine=name)
        seconds = time.perf_counter() - begin
    return tally.quantile(LEVELS, made)[:, :ROUTES], seconds


def limits() -> dict[str, float]:
    """Return what this machine does in a second: normals, bytes copied, counters raised (one thread)."""
    rng = np.random.Generator(np.random.SFC64(0))
    room = np.empty(2**22, dtype=np.float32)
    big, other = np.ones(2**26, dtype=np.float32), np.zeros(2**26, dtype=np.float32)
    index = rng.integers(0, 2**17, 2**20)
    return {
        "normals": room.size / _best(lambda: rng.standard_normal(out=room, dtype=np.float32)),
        "bytes": 2 * big.nbytes / _best(lambda: np.copyto(other, big)),
        "counts": index.size / _best(lambda: np.bincount(index, minlength=2**17)),
    }


def _best(work, rounds: int = 7) -> float:
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begin)
    return min(seconds)


CONTENDERS = {
    "plain float64 cube": lambda n: plain(n),
    "engine numpy, 1 thread": lambda n: engine(n, "numpy", 1),
    "engine numpy, 2 threads": lambda n: engine(n, "numpy", 2),
    "engine numba, 1 thread": lambda n: engine(n, "numba", 1),
    "engine numba, 2 threads": lambda n: engine(n, "numba", 2),
    "dask numpy, 1 process": lambda n: dask(n, "numpy", 1),
    "dask numpy, 2 processes": lambda n: dask(n, "numpy", 2),
    "dask numba, 1 process": lambda n: dask(n, "numba", 1),
    "dask numba, 2 processes": lambda n: dask(n, "numba", 2),
}
SIZES = {
    10_000: ["plain float64 cube", "engine numpy, 1 thread", "engine numpy, 2 threads",
             "engine numba, 2 threads"],
    100_000: ["plain float64 cube", "engine numpy, 1 thread", "engine numpy, 2 threads",
              "engine numba, 1 thread", "engine numba, 2 threads"],
    1_000_000: ["engine numpy, 2 threads", "engine numba, 1 thread", "engine numba, 2 threads",
                "dask numpy, 1 process", "dask numpy, 2 processes", "dask numba, 1 process",
                "dask numba, 2 processes"],
    10_000_000: ["engine numba, 2 threads"],
}  # fmt: skip


def child(name: str, draws: int) -> None:
    if name == "limits":  # in a process of its own: a child's peak starts at its parent's size
        print(json.dumps(limits()))
        return
    if "numba" in name:  # compiled once, not counted; the cache keeps it
        begin = time.perf_counter()
        engine(simulate.BLOCK, "numba", 1)
        compiled = time.perf_counter() - begin
    else:
        compiled = 0.0
    begin, spent = time.perf_counter(), time.process_time()
    found = CONTENDERS[name](draws)
    seconds, spent = time.perf_counter() - begin, time.process_time() - spent
    if isinstance(found, tuple):
        found, seconds = found
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": seconds, "peak": peak, "compiled": compiled, "cpu": spent,
                      "middle": float(found[1].mean())}))  # fmt: skip


def measure(name: str, draws: int) -> dict | None:
    done = subprocess.run([sys.executable, __file__, "child", name, str(draws)], capture_output=True,
                          text=True, check=False)  # fmt: skip
    lines = done.stdout.strip().splitlines()
    return json.loads(lines[-1]) if done.returncode == 0 and lines else None


def main(rounds: int, sizes: list[int]) -> None:
    rates = measure("limits", 0) or {}
    print(
        f"numpy {np.__version__}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the start"
    )
    print(f"one thread: {rates['normals'] / 1e6:.0f} M normals/s, copy {rates['bytes'] / 1e9:.1f} GB/s, "
          f"{rates['counts'] / 1e6:.0f} M counts/s (numpy.bincount)")  # fmt: skip
    for draws in sizes:
        table: dict[str, list[dict]] = {name: [] for name in SIZES[draws]}
        for _ in range(rounds if draws < 10_000_000 else 1):
            for name in table:
                found = measure(name, draws)
                if found:
                    table[name].append(found)
        report(draws, table, rates)


def report(draws: int, table: dict[str, list[dict]], rates: dict[str, float]) -> None:
    cells = draws * ROUTES * QUARTERS
    middle = {
        name: statistics.median(r["seconds"] for r in rows) for name, rows in table.items() if rows
    }
    print(f"\n{draws:,} draws x {ROUTES} routes x {QUARTERS} quarters")
    print("s: median (min-max); processor s (of this process alone); M cells/s; peak MB")
    for name, rows in table.items():
        if not rows:
            print(f"  {name:26} not measured: package missing, or it does not fit in memory")
            continue
        seconds = [r["seconds"] for r in rows]
        spent, peak = statistics.median(r["cpu"] for r in rows), max(r["peak"] for r in rows)
        print(f"  {name:26} {middle[name]:8.2f} ({min(seconds):.2f}-{max(seconds):.2f}) {spent:8.2f} "
              f"{cells / middle[name] / 1e6:8.0f} {peak:7.0f}  P50 {rows[0]['middle']:.4f}")  # fmt: skip
    ratios(middle)
    least = draws * ROUTES * (2 * ramp.MODES + 6) / rates["normals"]
    print(f"  random numbers alone, one thread: {least:.2f} s; float32 cube written and read once: "
          f"{cells * 8 / rates['bytes']:.2f} s; one count a cell: {cells / rates['counts']:.2f} s")  # fmt: skip


def ratios(middle: dict[str, float]) -> None:
    pairs = [("plain float64 cube", name) for name in middle if name.startswith("engine")]
    for name in (
        "engine numpy, {} thread",
        "engine numba, {} thread",
        "dask numpy, {} process",
        "dask numba, {} process",
    ):
        pairs.append((name.format(1), name.format(2) + ("es" if "process" in name else "s")))
    for slow, fast in pairs:
        if slow in middle and fast in middle:
            print(f"  {slow} / {fast}: x {middle[slow] / middle[fast]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["child"]:
        child(sys.argv[2], int(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if sys.argv[1:] else 3, [int(s) for s in sys.argv[2:]] or list(SIZES))
