"""Time `geodata.gem.read_folder` against one `geopandas.read_file` per file, in one run.

    python tests/benchmarks/bench_gem.py [FOLDER] [--rounds N]

FOLDER is Global Energy Monitor's folder of gas routes; without it ``GEM_GAS_DIR`` is used, or the
archive in ``../shared/upstream/gem`` is unpacked. Each measurement runs in a process of its own,
contenders take turns, and both must give the same coordinates.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

ARCHIVES = Path(__file__).parents[2].parent / "shared" / "upstream" / "gem"
AIM = 3.0
PROCESSES = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)


# --- shared by the benchmarks of this folder ------------------------------------------------------


@contextmanager
def gem_folder(given: str | None) -> Iterator[Path | None]:
    """Give the folder with GEM's routes, unpacked for the time being if need be; None if none."""
    named = given or os.environ.get("GEM_GAS_DIR")
    if named:
        yield Path(named)
        return
    archive = next(iter(sorted(ARCHIVES.glob("*.tar.xz"))), None)
    if archive is None:
        print("No GEM routes: give their folder, set GEM_GAS_DIR, or put the archive in")
        print("../shared/upstream/gem. Nothing was measured.")
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        print(f"Unpacking {archive.name} ...", flush=True)
        with tarfile.open(archive) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def measure(work: Callable[[], Any]) -> tuple[dict[str, float], Any]:
    """Run once; give wall and processor seconds, peak memory in MB (children included), result."""
    begin, spent = time.perf_counter(), processor_seconds()
    result = work()
    figures = {"wall": time.perf_counter() - begin, "cpu": processor_seconds() - spent}
    figures["peak_mb"] = max(resource.getrusage(who).ru_maxrss for who in PROCESSES) / 1024
    return figures, result


def processor_seconds() -> float:
    return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, PROCESSES))


def in_child(script: str, name: str, *arguments: str) -> dict[str, Any]:
    """Run one contender in a process of its own; its last line is a JSON object."""
    command = [sys.executable, script, "--child", name, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def take_turns(
    script: str, names: list[str], rounds: int, *arguments: str
) -> dict[str, list[dict]]:
    results: dict[str, list[dict]] = {name: [] for name in names}
    for _ in range(rounds):
        for name in names:
            results[name].append(in_child(script, name, *arguments))
    return results


def report(results: dict[str, list[dict]], aims: dict[str, float]) -> None:
    """Print one line a contender; ratios are medians against the first, which is ours.

    Processor seconds tell more than wall seconds where the machine is busy with other things.
    """
    first = next(iter(results.values()))
    wall, cpu = (statistics.median(r[what] for r in first) for what in ("wall", "cpu"))
    print(
        f"{'contender':33} {'wall s':>6} {'min - max':>13} {'ratio':>6} {'cpu s':>6} {'ratio':>6} MB"
    )
    for name, runs in results.items():
        seconds, spent = (statistics.median(r[what] for r in runs) for what in ("wall", "cpu"))
        span = f"{min(r['wall'] for r in runs):.2f} - {max(r['wall'] for r in runs):.2f}"
        line = f"{name:33} {seconds:6.2f} {span:>13} {seconds / wall:5.1f}x {spent:6.2f}"
        aim = f"  (aim {aims[name]:g}x)" if name in aims else ""
        print(f"{line} {spent / cpu:5.1f}x {max(r['peak_mb'] for r in runs):.0f}{aim}")


def versions(*packages: str) -> str:
    import pyogrio

    gdal = ".".join(map(str, pyogrio.__gdal_version__))
    found = ", ".join(f"{name} {version(name)}" for name in packages)
    return f"Python {platform.python_version()}, {found}, GDAL {gdal}"


# --- this benchmark -------------------------------------------------------------------------------


def read_folder(folder: Path) -> dict[str, Any]:
    from geodata import gem

    routes = gem.read_folder(folder)
    return {name: [line] for name, line in routes.geometry.items() if line is not None}


def geopandas_per_file(folder: Path) -> dict[str, Any]:
    import geopandas as gpd

    warnings.simplefilter("ignore")
    files = sorted(file for file in folder.glob("P*.geojson") if file.stem[1:].isdigit())
    return {file.stem: gpd.read_file(file).geometry.dropna().tolist() for file in files}


CONTENDERS = {"gem.read_folder": read_folder, "geopandas.read_file per file": geopandas_per_file}


def fingerprint(lines: dict[str, Any]) -> str:
    """Hash the coordinates of all lines, project by project."""
    import shapely

    digest = hashlib.sha256()
    for name, geometries in sorted(lines.items()):
        parts = shapely.get_parts(geometries)
        coords = shapely.get_coordinates(parts[shapely.get_type_id(parts) == 1])
        if len(coords):
            digest.update(name.encode() + coords.tobytes())
    return digest.hexdigest()


def child(name: str, folder: str) -> None:
    import geopandas  # noqa: F401  (both need it; imports are not what is compared)

    from geodata import gem

    routes = gem._route_folder(Path(folder))
    figures, lines = measure(lambda: CONTENDERS[name](routes))
    print(json.dumps(figures | {"hash": fingerprint(lines)}))


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; give 0, also where there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        child(options.child, options.folder)
        return 0
    with gem_folder(options.folder) as folder:
        if folder is None:
            return 0
        print("Reading GEM's folder of gas routes")
        print(versions("geopandas", "shapely", "pyogrio", "orjson", "numpy"))
        results = take_turns(__file__, list(CONTENDERS), max(3, options.rounds), str(folder))
    report(results, {"geopandas.read_file per file": AIM})
    hashes = {run["hash"] for runs in results.values() for run in runs}
    print("same coordinates from both:", "yes" if len(hashes) == 1 else "NO")
    return 0 if len(hashes) == 1 else 1


if __name__ == "__main__":
    sys.exit(main())
