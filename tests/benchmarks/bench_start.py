"""Cold start: ``energy --help`` and ``import energy`` beside an empty Python and geopandas.

Answers: the first flows, the command, the map, as ratios to importing what they stand on; and a
repeated answer. And the main job: wall time and peak memory of ``energy build``. Run with ``make bench``.
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


# as installed: without bytecode every start would compile what it imports
AS_INSTALLED = {
    name: held for name, held in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}


def wall(arguments: list[str]) -> float:
    """Return the seconds that one fresh interpreter takes."""
    begin = time.perf_counter()
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL,
                   env=AS_INSTALLED)  # fmt: skip
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


BASE = "import pandas, geopandas, xarray"
LOAD = "import energy; t = energy.load(); "
ANSWERS = {  # what is asked: the command, and the most it should take beside BASE
    "load and first flows": (["-c", LOAD + "t.flows()"], 1.6),
    "energy flows": (["-m", "energy.cli", "flows", "power-of-siberia-1"], 2.0),
    "t.map()": (["-c", LOAD + "t.map()"], 4.0),
}


def processor(arguments: list[str]) -> float:
    """Return the processor seconds of one fresh interpreter: a busy machine changes them little."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL,
                   env=AS_INSTALLED)  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def answers(rounds: int = 3) -> None:
    """Print what answers cost beside the imports they stand on, side by side in one run."""
    commands = {BASE: ["-c", BASE], **{name: command for name, (command, _) in ANSWERS.items()}}
    for command in commands.values():  # caches are warm, bytecode is there
        processor(command)
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            seconds[name].append(processor(command))
    base = statistics.median(seconds[BASE])
    print(
        f"answers, {rounds} rounds interleaved, processor seconds, ratio to '{BASE}' ({base:.2f} s)"
    )
    for name, (_, aim) in ANSWERS.items():
        middle = statistics.median(seconds[name])
        print(f"  {name:22} {middle:6.2f}  x {middle / base:5.2f}  aim {aim}")
    again = LOAD + ("t.flows(); import time; b = time.process_time(); t.flows(); b -= time.process_time()\n"
                    "print(f'  t.flows() again        {-1000 * b:6.1f} ms  aim 20')")  # fmt: skip
    subprocess.run([sys.executable, "-c", again], check=True, env=AS_INSTALLED)


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
    answers()
    main_job()


if __name__ == "__main__":
    main()
