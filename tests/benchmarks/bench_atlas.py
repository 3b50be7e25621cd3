"""Time the atlas in real Chromium against folium's own ways to show lines, on the same data.

    python tests/benchmarks/bench_atlas.py [--rounds N] [--modules NODE_MODULES]

All draw the package's routes, thinned alike, over all quarters of the flow cube; plain GeoJson has
no time. Scripts that folium takes from the network are put into the page: Leaflet from its Python
package, those of TimestampedGeoJson and TimeSliderChoropleth from a ``node_modules`` folder with
leaflet-timedimension 1.1.1, iso8601-js-period, moment 2.18.1, jquery 3.7.1, jquery-ui-dist and d3 4;
without it (or ``BENCH_NODE_MODULES``) these two are built and weighed, not opened. Contenders take
turns; each round opens a fresh browser context, as fast as the machine is and slowed down 4 times.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
import xarray as xr
from folium.plugins import TimeSliderChoropleth, TimestampedGeoJson

sys.path.insert(0, str(Path(__file__).parents[1]))
import browser as browsers

import energy
from energy.publish import atlas
from geodata import draw, routes

SIZE = {"width": 1280, "height": 800}
MODULES = {  # start of an address' last part -> file in node_modules
    "jquery.min": "jquery/dist/jquery.min.js",
    "jquery-ui": "jquery-ui-dist/jquery-ui.min.js",
    "iso8601": "iso8601-js-period/iso8601.js",
    "leaflet.timedimension.min": "leaflet-timedimension/dist/leaflet.timedimension.min.js",
    "leaflet.timedimension.control": "leaflet-timedimension/dist/leaflet.timedimension.control.css",
    "moment": "moment/min/moment.min.js",
    "d3.v4": "d3/build/d3.min.js",
}
AIMS = """Aims: first paint <= 1,500 ms and step <= 100 ms slowed down; unslowed a real drag at 60 frames/s
(p95 <= 20 ms), also with 200 routes; bytes of the data <= 1/30 of TimestampedGeoJson's, build <= 1/20."""

# In each page: how many steps there are and how one is set, synchronously where the page allows.
OURS = (
    "const m = document.querySelector('.folium-map').geodraw; const n = m.steps.length;"
    "const set = i => m.setStep(i);"
)
STAMPED = (
    "const map = Object.values(window).find(v => v instanceof L.Map);"
    "const n = map.timeDimension.getAvailableTimes().length; const set = i => map.timeDimension.setCurrentTimeIndex(i);"
)
SLIDER = (
    "const s = document.querySelector('input[type=range]'); const n = Number(s.max) + 1;"
    "const set = i => { s.value = i; s.dispatchEvent(new Event('input')); };"
)


class Tables:
    """The data that all contenders draw."""

    def __init__(self) -> None:
        tracker = energy.load()
        self.facts = tracker.facts
        self.routes, self.flows, self.events = tracker.routes, tracker.flows(), tracker.events
        self.sources = self.facts["sources"].set_index("source")
        self.meta = {"observations": atlas.references.observations(self.facts)}
        thin = shapely.simplify(self.routes.geometry.values, atlas.lines.TOLERANCE)
        self.lines = gpd.GeoSeries(
            shapely.set_precision(thin, 0.001), index=self.routes.index, crs=4326
        )
        self.places = routes.places()

    def times(self, count: int) -> Tables:
        """Return the routes repeated, each copy shifted, until there are so many."""
        more = object.__new__(Tables)
        more.__dict__ |= self.__dict__
        copies = -(-count // len(self.routes))
        frames = [
            self.routes.set_axis([f"{route}.{i}" for route in self.routes.index]).set_geometry(
                self.routes.geometry.translate(0.7 * i, -0.5 * i).values, crs=4326
            )
            for i in range(copies)
        ]
        more.routes = pd.concat(frames).iloc[:count]
        cubes = [
            self.flows.assign_coords(route=[f"{r}.{i}" for r in self.flows["route"].values])
            for i in range(copies)
        ]
        more.flows = xr.concat(cubes, "route").isel(route=slice(count))
        more.flows.attrs = self.flows.attrs
        more.events = self.events.iloc[:0]
        return more


def ours(data: Tables, path: Path, texts: Mapping[str, str]) -> None:
    made = atlas.build(
        data.routes, data.flows, data.events, data.sources, data.places, data.meta, facts=data.facts
    )
    made.save(path)


def _page(data: Tables, path: Path, texts: Mapping[str, str], *layers: Any) -> None:
    made = draw.OfflineMap(assets=texts, location=[56, 65], zoom_start=3)
    made.add_child(draw.Basemap())
    for layer in layers:
        made.add_child(layer)
    made.save(path)


def plain(data: Tables, path: Path, texts: Mapping[str, str]) -> None:
    frame = gpd.GeoDataFrame({"name": data.routes["name"]}, geometry=data.lines)
    layer = folium.GeoJson(frame.to_json(), tooltip=folium.GeoJsonTooltip(["name"]))
    _page(data, path, texts, layer)


def stamped(data: Tables, path: Path, texts: Mapping[str, str]) -> None:
    """One feature a route and quarter, as the plugin wants it: the same dates for each vertex."""
    features = []
    starts = [str(day)[:10] for day in data.flows["period"].values]
    for route, flow in zip(data.flows["route"].values, data.flows["flow"].values, strict=True):
        shape = data.lines[route]
        for part in shapely.get_parts(shape):
            points = shapely.get_coordinates(part).round(3).tolist()
            for start, value in zip(starts, flow.tolist(), strict=True):
                wide = 0 if np.isnan(value) else abs(value) * 0.8
                features.append({
                    "type": "Feature",
                    "geometry": {"type": "LineString", "coordinates": points},
                    "properties": {"times": [start] * len(points), "style": {"weight": round(wide, 2)}},
                })  # fmt: skip
    collection = {"type": "FeatureCollection", "features": features}
    layer = TimestampedGeoJson(
        collection, period="P3M", duration="P1D", auto_play=False, add_last_point=False
    )
    _page(data, path, texts, layer)


def choropleth(data: Tables, path: Path, texts: Mapping[str, str]) -> None:
    """Colour only: the plugin cannot change a width."""
    frame = gpd.GeoDataFrame(geometry=data.lines.reset_index(drop=True))
    frame = frame[~frame.geometry.is_empty & frame.geometry.notna()]
    seconds = data.flows["period"].values.astype("datetime64[s]").astype(int)
    colour = {True: {"color": "#0072B2", "opacity": 1}, False: {"color": "#999999", "opacity": 1}}
    styles = {
        str(i): {str(s): colour[v > 0] for s, v in zip(seconds, row.tolist(), strict=True)}
        for i, row in enumerate(data.flows["flow"].values)
        if i in frame.index
    }
    _page(data, path, texts, TimeSliderChoropleth(frame.to_json(), styledict=styles))


CONTENDERS: dict[str, tuple[Callable[..., None], str, bool]] = {
    "atlas": (ours, OURS, False),
    "atlas, 200 routes": (ours, OURS, False),
    "folium.GeoJson": (plain, "", False),
    "TimestampedGeoJson": (stamped, STAMPED, True),
    "TimeSliderChoropleth": (choropleth, SLIDER, True),
}

OPENED = """addEventListener('load', () => requestAnimationFrame(() => setTimeout(() => {
    window.benchReady = performance.now(); }, 0)));
    new PerformanceObserver(list => { for (const entry of list.getEntries())
      if (entry.name === 'first-contentful-paint') window.benchPaint = entry.startTime;
    }).observe({ type: 'paint', buffered: true });"""
STEPS = """async () => {{ {page}
    const script = [], frame = [];
    for (let i = 0; i < n; i++) {{
      await new Promise(done => requestAnimationFrame(done));
      const a = performance.now(); set(i); script.push(performance.now() - a);
      document.body.getBoundingClientRect();
      await new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)));
      frame.push(performance.now() - a);
    }}
    return [script, frame]; }}"""
FRAMES = """() => { window.benchFrames = []; let last = performance.now(); window.benchGo = true;
    const tick = () => { const now = performance.now(); window.benchFrames.push(now - last); last = now;
      if (window.benchGo) requestAnimationFrame(tick); }; requestAnimationFrame(tick); }"""


def texts(modules: str | None) -> dict[str, str]:
    """Give the scripts that folium's plugins ask for; a mark where they are not here."""
    urls = [
        url
        for plugin in (TimestampedGeoJson, TimeSliderChoropleth)
        for _, url in [*plugin.default_js, *plugin.default_css]
    ]
    found = {}
    for url in urls:
        name = url.split("/")[-1]
        file = next((file for start, file in MODULES.items() if name.startswith(start)), "")
        path = Path(modules or "") / file
        found[url] = path.read_text(encoding="utf-8") if modules and file else "/* not here */"
    return found


def opened(browser: Any, path: Path, steps: str, slow: int) -> dict[str, float]:
    """Open a page, step through it, drag its slider; give the figures in ms, MB and frames/s."""
    with browser.new_context(viewport=SIZE) as context:
        page = context.new_page()
        page.add_init_script(OPENED)
        chrome = context.new_cdp_session(page)
        chrome.send("Performance.enable")
        if slow > 1:
            chrome.send("Emulation.setCPUThrottlingRate", {"rate": slow})
        page.goto(path.as_uri())
        while not page.evaluate(
            "window.benchReady && window.benchPaint"
        ):  # waiting by a function is eval: not allowed
            page.wait_for_timeout(20)
        found = {
            "paint": page.evaluate("window.benchPaint"),
            "ready": page.evaluate("window.benchReady"),
        }  # fmt: skip
        if steps:
            script, frame = page.evaluate(STEPS.format(page=steps))
            found |= {"script": statistics.median(script), "script95": float(np.percentile(script, 95)),
                      "step": statistics.median(frame), "step95": float(np.percentile(frame, 95))}  # fmt: skip
            found |= dragged(page)
        chrome.send("HeapProfiler.enable")
        chrome.send("HeapProfiler.collectGarbage")
        metrics = {m["name"]: m["value"] for m in chrome.send("Performance.getMetrics")["metrics"]}
        return found | {"heap": metrics["JSHeapUsedSize"] / 1e6}


def dragged(page: Any) -> dict[str, float]:
    """Drag the slider with the mouse for two seconds and take the time of every frame."""
    slider = page.locator("input[type=range]")
    if not slider.count():
        return {}
    box = slider.first.bounding_box()
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 20, y)
    page.mouse.down()
    page.evaluate(FRAMES)
    start = time.perf_counter()
    while (gone := (time.perf_counter() - start) / 2) < 1:
        page.mouse.move(box["x"] + 20 + (box["width"] - 40) * gone, y)
        time.sleep(0.004)
    frames = page.evaluate("() => { window.benchGo = false; return window.benchFrames.slice(1); }")
    page.mouse.up()
    return {"fps": 1000 * len(frames) / sum(frames), "frame95": float(np.percentile(frames, 95))}


COLUMNS = {
    "paint": "first paint", "ready": "interactive", "script": "script", "script95": "p95", "step": "to frame",
    "step95": "p95", "fps": "fps drag", "frame95": "p95 frame", "heap": "heap MB",
}  # fmt: skip


def table(title: str, rows: Mapping[str, list[dict[str, float]]]) -> None:
    print(f"\n{title} (ms; median of {max(map(len, rows.values()))} rounds)")
    print(f"{'':22}" + "".join(f"{name:>13}" for name in COLUMNS.values()))
    for name, rounds in rows.items():
        shown = []
        for key in COLUMNS:
            values = [found[key] for found in rounds if key in found]
            shown.append(f"{statistics.median(values):13.1f}" if values else f"{'–':>13}")
        print(f"{name:22}" + "".join(shown))


def build(data: Tables, folder: Path, given: Mapping[str, str], rounds: int) -> dict[str, Path]:
    """Build every page, contenders in turn; print time and size."""
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    tables = dict.fromkeys(CONTENDERS, data) | {"atlas, 200 routes": data.times(200)}
    paths = {name: folder / f"{i}.html" for i, name in enumerate(CONTENDERS)}
    for _ in range(rounds):
        for name, (make, _, _) in CONTENDERS.items():
            start = time.perf_counter()
            make(tables[name], paths[name], given)
            taken[name].append(time.perf_counter() - start)
    _page(data, folder / "empty.html", given)
    empty = (folder / "empty.html").stat().st_size
    print(f"{'':22}{'build s':>13}{'HTML MB':>13}{'less library and land MB':>26}")
    for name, path in paths.items():
        size = path.stat().st_size
        extra = sum(len(given[u]) for u in _asked(CONTENDERS[name][0], given))
        print(
            f"{name:22}{statistics.median(taken[name]):13.2f}{size / 1e6:13.2f}{(size - empty - extra) / 1e6:26.2f}"
        )
    page = atlas.page.page_data(
        data.routes, data.flows, data.events, data.sources, data.meta, facts=data.facts
    )
    bare = [[line["parts"], line["series"].get("value")] for line in page["lines"]]
    bulk = data_size(paths["TimestampedGeoJson"], empty, given)
    for name, part in (("what TimestampedGeoJson shows: lines and flows", bare),
                       ("all: also capacity, money, sources, states, events", page)):  # fmt: skip
        size = len(orjson.dumps(part))
        print(
            f"Data of the atlas, {name}: {size / 1e6:.3f} MB, 1/{bulk / size:.0f} of TimestampedGeoJson's"
        )
    return paths


def data_size(path: Path, empty: int, given: Mapping[str, str]) -> int:
    """Give the bytes of a page of TimestampedGeoJson less library, land and the plugin's scripts."""
    return path.stat().st_size - empty - sum(len(given[url]) for url in _asked(stamped, given))


def _asked(make: Callable[..., None], given: Mapping[str, str]) -> list[str]:
    plugin = {stamped: TimestampedGeoJson, choropleth: TimeSliderChoropleth}.get(make)
    return (
        [url for _, url in [*plugin.default_js, *plugin.default_css] if url in given]
        if plugin
        else []
    )


TIMED = """(scene) => {
  const m = document.querySelector('.folium-map').geodraw;
  const took = (work) => {
    const t = performance.now();
    work();
    document.body.offsetHeight; // layout too
    return performance.now() - t;
  };
  const steps = [...Array(30).keys()].map(i => 40 + i);
  if (scene === 'step') return steps.map(s => took(() => m.setStep(s)));
  if (scene === 'drag') {
    m.hurry(true);
    const found = steps.map(s => took(() => m.setStep(s)));
    m.hurry(false);
    return found;
  }
  const sliders = [...document.querySelectorAll('.gd-odd input')];
  return sliders.map((slider, i) => took(() => {
    slider.value = (37 * (i + 1)) % 100;
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  }));
}"""
"""Milliseconds of script, style and layout for each step, painted step, or slider of the tree."""


def whole_page(work: Path, rounds: int) -> None:
    """Print what the page of the release costs: bytes, first paint, map, opening, step, drag, editor.

    Of each step and slider the least of all rounds is taken, so that another job on the machine
    does not count.
    """
    path = work / "whole.html"
    energy.load().map().save(path)
    opening: list[float] = []
    painted: list[float] = []
    made: list[float] = []
    seen: dict[str, list[list[float]]] = {"step": [], "drag": [], "editor": []}
    for _ in range(rounds):
        with browsers.launched() as browser, browsers.opened(browser, path) as (page, _):
            meter = page.context.new_cdp_session(page)
            meter.send("Performance.enable", {"timeDomain": "threadTicks"})
            page.reload()
            page.locator(".gd-label").first.wait_for()
            told = {m["name"]: m["value"] for m in meter.send("Performance.getMetrics")["metrics"]}
            opening.append(1000 * told["TaskDuration"])
            painted.append(
                page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime")
            )
            made.append(
                page.evaluate(
                    "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
                )
            )
            page.get_by_role("tab", name="Scenarios").click()
            page.locator(".gd-odd input").first.wait_for()
            for scene, rows in seen.items():
                rows.append(page.evaluate(TIMED, scene))
    print(f"\nThe page of the release: {path.stat().st_size:,} bytes; first paint after"
          f" {min(painted):.0f} ms, map made after {min(made):.0f} ms, opened with"
          f" {min(opening):.0f} ms of processor time.")  # fmt: skip
    for scene, rows in seen.items():
        least = [min(each) for each in zip(*rows, strict=True)]
        print(f"  {scene}: median {statistics.median(least):.1f} ms, most {max(least):.1f} ms")


def main(argv: list[str] | None = None) -> int:
    """Run the benchmark; give 0, also where there is no browser."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--modules", default=os.environ.get("BENCH_NODE_MODULES"))
    options = parser.parse_args(argv)
    data = Tables()
    vertices = sum(shapely.get_num_coordinates(data.lines.values))
    print(f"{len(data.routes)} routes, {vertices} vertices, {data.flows.sizes['period']} quarters; "
          f"folium {version('folium')}, playwright {version('playwright')}")  # fmt: skip
    given = texts(options.modules)
    with tempfile.TemporaryDirectory() as work:
        paths = build(data, Path(work), given, options.rounds)
        if not any(map(browsers.shutil.which, browsers.NAMES)):
            print("No Chromium here: pages were weighed, not opened.")
            return 0
        shown = {n: c for n, c in CONTENDERS.items() if options.modules or not c[2]}
        for slow in (1, 4):
            rows: dict[str, list[dict[str, float]]] = {name: [] for name in shown}
            for _ in range(options.rounds):
                for name, (_, steps, _) in shown.items():
                    with browsers.launched() as browser:
                        rows[name].append(opened(browser, paths[name], steps, slow))
            table(f"Chromium, {SIZE['width']} x {SIZE['height']}, slowed down {slow} times", rows)
        whole_page(Path(work), options.rounds)
    print("\n" + AIMS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
