"""Cold start: ``energy --help`` and ``import energy`` beside an empty Python and geopandas.

And the main job: wall time and peak memory of ``energy build``. Run with ``make bench``.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 7
CONTENDERS = {
    "python -c pass": ["-c", "pass"],
    "import energy": ["-c", "import energy"],
    "energy --help": ["-m", "energy.cli", "--help"],
    "import pandas": ["-c", "import pandas"],
    "import geopandas": ["-c", "import geopandas"],
}


def wall(arguments: list[str]) -> float:
    """Return the seconds that one fresh interpreter takes."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin


def start_up() -> None:
    times: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for _ in range(ROUNDS):  # interleaved, so that a busy moment hits all alike
        for name, arguments in CONTENDERS.items():
            times[name].append(wall(arguments))
    help_time = statistics.median(times["energy --help"])
    print(
        f"cold start, {ROUNDS} rounds interleaved, seconds (median, min-max), ratio to energy --help"
    )
    for name, seconds in times.items():
        middle = statistics.median(seconds)
        print(
            f"  {name:18} {middle:6.3f}  {min(seconds):.3f}-{max(seconds):.3f}  x {middle / help_time:5.2f}"
        )


def main_job(rounds: int = 3) -> None:
    seconds, peaks = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            child = os.fork()
            if child == 0:
                null = os.open(os.devnull, os.O_WRONLY)
                os.dup2(null, 1)
                os.dup2(null, 2)
                os.execv(sys.executable, [sys.executable, "-m", "energy.cli", "build", folder])
            _, status, usage = os.wait4(child, 0)
            seconds.append(time.perf_counter() - begin)
            peaks.append(usage.ru_maxrss / 1024)
            if os.waitstatus_to_exitcode(status) != 0:
                raise SystemExit("energy build failed")
            size = sum(p.stat().st_size for p in Path(folder).rglob("*") if p.is_file()) / 1e6
            page = (Path(folder) / "atlas.html").stat().st_size / 1e6
    print(f"energy build, {rounds} rounds: {statistics.median(seconds):.2f} s "
          f"({min(seconds):.2f}-{max(seconds):.2f}), peak {statistics.median(peaks):.0f} MB, "
          f"writes {size:.1f} MB, the page {page:.2f} MB")  # fmt: skip


def main() -> None:
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} cores, "
          f"own peak {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")  # fmt: skip
    start_up()
    main_job()


if __name__ == "__main__":
    main()
