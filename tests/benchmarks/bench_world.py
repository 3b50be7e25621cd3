"""All of Global Energy Monitor's gas pipelines on one page: ours against folium, in real Chromium.

    python tests/benchmarks/bench_world.py [FOLDER] [--rounds N] [--tolerance DEGREES]

FOLDER as in ``bench_gem.py``. Equal simplification: ours with one copy of the lines and folium with
one layer, both thinned to the same tolerance, on the same offline page with the same basemap; folium
draws on a canvas. Ours with its three copies is measured beside it, and, if it is installed,
lonboard's build and size (its page needs the network). Contenders take turns; a redraw is timed from
setting the zoom to the second frame after it, so that painting is included, and less two frames of an
idle page, which is what the display itself takes. Between two redraws the page comes to rest, so that
what it draws later (our rim beyond the view, for dragging) is in neither.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
import browser as browsers
from bench_gem import gem_folder, in_child, versions

AIMS = {"bytes": 0.25, "interactive": 0.6, "redraw": 100.0}
ZOOMS = [(2, 20, 15), (3, 45, 10), (4, 50, 10), (5, 50, 10), (6, 40, -95), (7, 51, 7), (8, 51, 7)]
REDRAW = """async ([z, lat, lon]) => {
  const frames = () => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame(r)));
  const map = Object.values(window).find((w) => w instanceof L.Map);
  await frames();
  const idle = performance.now();
  await frames();
  const began = performance.now();
  map.setView([lat, lon], z, {animate: false});
  const script = performance.now() - began;
  await frames();
  return [performance.now() - began - (began - idle), script]; }"""
READY = {
    "ours": "() => Object.values(window).some((w) => w && w.geodrawWorld && w.geodrawWorld.lines.drawn)",
    "folium": """() => { const m = Object.values(window).find((w) => w instanceof L.Map);
      if (!m) return false; let n = 0; m.eachLayer((l) => (n += l.feature ? 1 : 0)); return n > 0; }""",
}


# --- pages, each built in a process of its own ----------------------------------------------------


def ours(routes: Any, tolerance: float, path: Path) -> None:
    from geodata.draw import world

    world.build(routes, tiers=[world.Tier(tolerance, 4, 99)]).save(path)


def ours_three(routes: Any, tolerance: float, path: Path) -> None:
    from geodata.draw import world

    world.build(routes).save(path)


def folium_geojson(routes: Any, tolerance: float, path: Path) -> None:
    import folium
    import shapely

    from geodata.draw import Basemap, OfflineMap

    lines = routes[routes.geometry.notna()][["geometry"]].reset_index()
    thin = shapely.simplify(lines.geometry.values, tolerance, preserve_topology=False)
    lines = lines.set_geometry(shapely.set_precision(thin, 1e-4, mode="pointwise"), crs=4326)
    made = OfflineMap(location=[25, 15], zoom_start=2, prefer_canvas=True)
    made.add_child(Basemap())
    layer = folium.GeoJson(lines, tooltip=folium.GeoJsonTooltip(["project"]))
    layer.add_to(made)
    made.save(path)


def lonboard(routes: Any, tolerance: float, path: Path) -> None:
    import shapely
    from lonboard import Map, PathLayer

    lines = routes[routes.geometry.notna()][["geometry"]].reset_index()
    thin = shapely.simplify(lines.geometry.values, tolerance, preserve_topology=False)
    Map(PathLayer.from_geopandas(lines.set_geometry(thin, crs=4326))).to_html(path)


CONTENDERS = {"ours, one copy": ours, "folium.GeoJson, canvas": folium_geojson,
              "ours, three copies": ours_three, "lonboard": lonboard}  # fmt: skip


def child(name: str, folder: str, tolerance: str, path: str) -> None:
    import folium  # noqa: F401  (imports are not what is compared)

    from geodata import gem

    routes = gem.read_folder(folder)
    began = time.perf_counter()
    CONTENDERS[name](routes, float(tolerance), Path(path))
    print(json.dumps({"build": time.perf_counter() - began}))


def installed(name: str) -> bool:
    from importlib.util import find_spec

    return name != "lonboard" or find_spec("lonboard") is not None


# --- in the browser -------------------------------------------------------------------------------


def opened(browser: Any, path: Path, kind: str, slow: int) -> dict[str, Any]:
    """Open a page in a fresh context; give ms to interactive, ms a redraw by zoom, MB of heap."""
    with browser.new_context(viewport={"width": 1280, "height": 800}) as context:
        page = context.new_page()
        session = context.new_cdp_session(page)
        session.send("Emulation.setCPUThrottlingRate", {"rate": slow})
        page.goto(path.as_uri())
        page.wait_for_function(READY[kind], timeout=180_000, polling=5)
        ready = page.evaluate(
            "() => new Promise((r) => requestAnimationFrame(() => requestAnimationFrame("
            "() => r(performance.now()))))"
        )
        for place in ZOOMS:  # unpacks every copy that is used
            page.evaluate(REDRAW, place)
            page.wait_for_timeout(400 * slow)
        redraws = []
        for place in ZOOMS:
            page.wait_for_timeout(300 * slow)
            redraws.append(page.evaluate(REDRAW, place))
        session.send("HeapProfiler.collectGarbage")
        heap = session.send("Runtime.getHeapUsage")
        megabytes = (heap["usedSize"] + heap.get("backingStorageSize", 0)) / 2**20
        return {"ready": ready, "redraw": redraws, "heap": megabytes}


def middle(runs: list[dict[str, Any]], what: str) -> float:
    return statistics.median(run[what] for run in runs)


def line(name: str, size: int, built: float, runs: dict[int, list[dict[str, Any]]]) -> None:
    print(f"{name:24} {size / 1e6:6.2f} MB  build {built:5.1f} s", end="")
    for slow, found in runs.items():
        zooms = list(zip(*(run["redraw"] for run in found), strict=True))
        whole = [statistics.median(r[0] for r in zoom) for zoom in zooms]
        script = [statistics.median(r[1] for r in zoom) for zoom in zooms]
        every = sorted(r[0] for zoom in zooms for r in zoom)
        print(
            f"\n    CPU 1/{slow}: interactive {middle(found, 'ready'):6.0f} ms; redraw median"
            f" {statistics.median(every):5.0f}, p95 {every[int(0.95 * len(every))]:5.0f}, slowest zoom"
            f" {max(whole):5.0f} ms (script {statistics.median(script):.0f},"
            f" {max(script):.0f}); heap {middle(found, 'heap'):.0f} MB",
            end="",
        )
    print()


def measure(folder: Path, tolerance: float, rounds: int, pages: Path) -> dict[str, Any]:
    names = [name for name in CONTENDERS if installed(name)]
    files = {name: pages / f"{i}.html" for i, name in enumerate(names)}
    built = {
        name: in_child(__file__, name, str(folder), str(tolerance), str(file))["build"]
        for name, file in files.items()
    }
    runs: dict[str, dict[int, list[Any]]] = {
        name: {1: [], 4: []} for name in names if name != "lonboard"
    }
    with browsers.launched() as browser:
        for _ in range(rounds):
            for slow in (1, 4):
                for name, found in runs.items():
                    kind = "folium" if name.startswith("folium") else "ours"
                    found[slow].append(opened(browser, files[name], kind, slow))
    sizes = {name: file.stat().st_size for name, file in files.items()}
    for name in names:
        line(name, sizes[name], built[name], runs.get(name, {}))
    return {"sizes": sizes, "runs": runs}


def verdict(found: dict[str, Any], bare: int) -> None:
    """Compare ours with folium at equal simplification; `bare` is the page without lines."""
    one, other = "ours, one copy", "folium.GeoJson, canvas"
    sizes = found["sizes"]
    print(f"bytes: {sizes[one] / sizes[other]:.2f} of folium's (aim {AIMS['bytes']}); without the")
    print(f"  {bare / 1e6:.2f} MB of Leaflet, scripts and basemap that both carry: "
          f"{(sizes[one] - bare) / (sizes[other] - bare):.2f}")  # fmt: skip
    for slow in (1, 4):
        ratio = middle(found["runs"][one][slow], "ready") / middle(
            found["runs"][other][slow], "ready"
        )
        print(
            f"time to interactive at CPU 1/{slow}: {ratio:.2f} of folium's (aim {AIMS['interactive']})"
        )
    print(f"redraw: aim under {AIMS['redraw']:.0f} ms")


def bare_page() -> int:
    """Return the bytes of a page with basemap and scripts, but no lines."""
    from geodata.draw import Basemap, OfflineMap

    made = OfflineMap()
    made.add_child(Basemap())
    return len(made.get_root().render().encode())


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; give 0, also where there is nothing to measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tolerance", type=float, default=0.005)
    parser.add_argument("--child", help=argparse.SUPPRESS)
    parser.add_argument("rest", nargs="*", help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.child:
        child(options.child, options.folder, *options.rest)
        return 0
    with gem_folder(options.folder) as folder, tempfile.TemporaryDirectory() as pages:
        if folder is None:
            return 0
        print(f"GEM's gas pipelines on one page, thinned to {options.tolerance:g} degrees")
        print(versions("folium", "geopandas", "shapely"), flush=True)
        found = measure(folder, options.tolerance, options.rounds, Path(pages))
        verdict(found, bare_page())
    return 0


if __name__ == "__main__":
    sys.exit(main())
