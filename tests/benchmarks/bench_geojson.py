"""Time `geodata.formats.write_geojson` against `GeoDataFrame.to_file` and ogr2ogr, in one run.

    python tests/benchmarks/bench_geojson.py [FOLDER] [--rounds N]

The layer is Global Energy Monitor's gas routes merged into one frame; where its folder comes from
says bench_gem.py. All write RFC 7946 with six decimals; ogr2ogr reads a FlatGeobuf of the layer.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench_gem import gem_folder, in_child, measure, report, take_turns, versions

AIM = 8.0
OPTIONS = {"RFC7946": "YES", "COORDINATE_PRECISION": "6"}


def ours(layer: Any, folder: Path) -> None:
    from geodata.formats import write_geojson

    write_geojson(layer, folder / "ours.geojson")


def to_file(layer: Any, folder: Path) -> None:
    layer.reset_index().to_file(folder / "to_file.geojson", driver="GeoJSON", **OPTIONS)


def to_file_seven(layer: Any, folder: Path) -> None:
    file = folder / "to_file_seven.geojson"
    layer.reset_index().to_file(file, driver="GeoJSON", RFC7946="YES")


def ogr2ogr(layer: Any, folder: Path) -> None:
    options = [word for name, value in OPTIONS.items() for word in ("-lco", f"{name}={value}")]
    target, source = folder / "ogr2ogr.geojson", folder / "layer.fgb"
    target.unlink(missing_ok=True)
    subprocess.run(["ogr2ogr", "-f", "GeoJSON", *options, target, source], check=True)


CONTENDERS: dict[str, Callable[[Any, Path], None]] = {
    "write_geojson": ours,
    "GeoDataFrame.to_file": to_file,
    "GeoDataFrame.to_file, 7 decimals": to_file_seven,
    "ogr2ogr": ogr2ogr,
}


def prepare(routes: Path, folder: Path) -> None:
    """Write the layer once for the children to read, outside the time taken."""
    from geodata import formats, gem

    layer = gem.read_folder(routes)
    layer.attrs = {}
    formats.write_geoparquet(layer, folder / "layer.parquet")
    formats.write_flatgeobuf(layer, folder / "layer.fgb")


def child(name: str, folder: Path, routes: str) -> None:
    from geodata import formats

    if name == "prepare":  # here, too: a child counts the memory of the parent it came from
        prepare(Path(routes), folder)
        print("{}")
        return
    layer = formats.read(folder / "layer.parquet").set_index("project")
    figures, _ = measure(lambda: CONTENDERS[name](layer, folder))
    print(json.dumps(figures))


FILES = {
    "write_geojson": "ours",
    "GeoDataFrame.to_file": "to_file",
    "GeoDataFrame.to_file, 7 decimals": "to_file_seven",
    "ogr2ogr": "ogr2ogr",
}


def check(folder: Path, names: list[str]) -> bool:
    """Print size and faults of each file; tell if they hold the projects and lines of the layer.

    Ours must hold every coordinate, rounded. GDAL may differ: with COORDINATE_PRECISION it has
    simplified and reordered parts of lines since 3.9, and it drops digits it takes for noise.
    """
    from geodata.formats import read, validate_geojson

    layer = read(folder / "layer.parquet").set_index("project")
    right = True
    for name in names:
        file = folder / f"{FILES[name]}.geojson"
        faults = validate_geojson(file, decimals=7 if "7" in name else 6)
        rows = read(file)
        rows = rows.set_index("project") if "project" in rows else rows
        slack = 1e-9 if name == names[0] else 1e-5
        pairs = zip(rows.geometry, layer.geometry, strict=True)
        same = sum(there is None or _alike(here, there, slack) for here, there in pairs)
        size = file.stat().st_size / 1e6
        print(f"{name:34} {size:6.1f} MB, {len(faults)} faults, {same} of {len(layer)} lines equal")
        right &= rows.index.equals(layer.index) and same >= len(layer) * 0.98
        if name == names[0]:
            right &= not faults and same == len(layer)
    return right


def _alike(here: Any, there: Any, tolerance: float) -> bool:
    import numpy as np
    import shapely

    if here is None:
        return False
    a, b = shapely.get_coordinates(here), shapely.get_coordinates(there)
    return a.shape == b.shape and bool(np.allclose(a, np.round(b, 6), rtol=0, atol=tolerance))


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; give 0, also where there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("routes", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        child(options.child, Path(options.folder), options.routes)
        return 0
    names = [n for n in CONTENDERS if n != "ogr2ogr" or shutil.which("ogr2ogr")]
    with gem_folder(options.folder) as routes, tempfile.TemporaryDirectory() as work:
        if routes is None:
            return 0
        print("Writing the merged layer of GEM's gas routes as GeoJSON, six decimals")
        print(versions("geopandas", "shapely", "pyogrio", "orjson", "numpy"))
        if "ogr2ogr" in names:
            print(
                subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True).stdout[:11]
            )
        in_child(__file__, "prepare", work, str(routes))
        report(take_turns(__file__, names, max(3, options.rounds), work), {names[1]: AIM})
        return 0 if check(Path(work), names) else 1


if __name__ == "__main__":
    sys.exit(main())
