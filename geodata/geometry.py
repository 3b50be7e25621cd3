"""Pure functions on lines in longitude and latitude: length, density, merging, the antimeridian.

Everything takes and returns shapely geometries in EPSG:4326, axis order (longitude, latitude), in
degrees; distances are geodesic kilometres on WGS84. Heights are dropped. No file and no frame here.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import shapely
from pyproj import Geod
from shapely import LineString, MultiLineString, Point
from shapely.geometry.base import BaseGeometry

from geodata.errors import GeometryError, checked

__all__ = [
    "EURASIA",
    "WORLD",
    "check",
    "cut_antimeridian",
    "densify",
    "deviation_km",
    "distance_km",
    "ends",
    "inside",
    "length_km",
    "merge",
    "nearest_km",
    "reverse",
    "simplify",
    "trace",
]

WGS84 = Geod(ellps="WGS84")
WORLD = (-180.0, -90.0, 180.0, 90.0)
EURASIA = (-5.0, 10.0, 180.0, 85.0)
"""Box (west, south, east, north) that holds every route of the project."""

KM_PER_DEGREE = 111.195
"""Kilometres of one degree on a sphere of the Earth's mean radius, for local comparisons."""

JOIN_KM = 1.0
"""Gaps up to this width are drawing slips and are closed by a straight segment."""

LonLat: TypeAlias = "Sequence[float] | Point | np.ndarray"


# --- measures -------------------------------------------------------------------------------------


@checked.after
def length_km(geom: BaseGeometry) -> float:
    """Measure a line along the ellipsoid.

    Parameters
    ----------
    geom : LineString or MultiLineString
        Longitude, latitude in degrees. Gaps between parts are not counted.

    Returns
    -------
    float
        Geodesic length in km; a step from 179 to -179 degrees counts the short way round.

    Examples
    --------
    >>> round(length_km(LineString([(0, 0), (1, 0)])), 3)
    111.319
    """
    return sum(float(_steps_km(line).sum()) for line in _lines(geom))


@checked.after
def distance_km(a: LonLat, b: LonLat) -> float:
    """Measure the geodesic between two points, each a shapely Point or a pair (lon, lat).

    Examples
    --------
    >>> round(distance_km((37.62, 55.75), (116.40, 39.90)))
    5809
    """
    (lon_a, lat_a), (lon_b, lat_b) = _pair(a), _pair(b)
    return float(WGS84.inv(lon_a, lat_a, lon_b, lat_b)[2]) / 1000


@checked.after
def nearest_km(points: np.ndarray, geom: BaseGeometry) -> np.ndarray:
    """Measure how far each point lies from a line.

    Parameters
    ----------
    points : array, shape (n, 2)
        Longitude, latitude in degrees.
    geom : LineString or MultiLineString

    Returns
    -------
    array, shape (n,)
        Distance to the nearest place of the line in km. Computed in a plane around each point:
        good to 1 % up to some 300 km, a rough figure beyond.

    Examples
    --------
    >>> line = LineString([(10.0, 50.0), (12.0, 50.0)])
    >>> nearest_km(np.array([[11.0, 50.0], [11.0, 51.0]]), line).round().tolist()
    [0.0, 111.0]
    """
    points = np.asarray(points, dtype=float).reshape(-1, 2)
    first, last = _segments(geom)
    rows = max(1, 100_000 // len(first))  # blocks that stay in the processor's cache
    blocks = [_nearest(points[i : i + rows], first, last)[0] for i in range(0, len(points), rows)]
    return np.concatenate(blocks) if blocks else np.empty(0)


@checked.after
def deviation_km(geom: BaseGeometry, reference: BaseGeometry, step_km: float = 10.0) -> np.ndarray:
    """Sample a line every `step_km` and measure how far the samples lie from another line.

    Returns
    -------
    array, shape (samples,)
        Kilometres. Its maximum is the one-sided Hausdorff distance, its quantiles are kinder to
        one bad vertex.

    Examples
    --------
    >>> line, other = LineString([(10, 50), (12, 50)]), LineString([(10, 50.1), (12, 50.1)])
    >>> bool(10 < deviation_km(line, other).max() < 12)
    True
    """
    return nearest_km(shapely.get_coordinates(densify(geom, step_km)), reference)


@checked.after
def inside(points: np.ndarray, box: Sequence[float]) -> np.ndarray:
    """Tell which points, shape (n, 2), lie in a box (west, south, east, north), edges included.

    Examples
    --------
    >>> inside(np.array([[37.6, 55.8], [55.8, 137.6]]), WORLD).tolist()
    [True, False]
    """
    west, south, east, north = box
    lon, lat = points[:, 0], points[:, 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


@checked.after
def ends(geom: BaseGeometry) -> tuple[tuple[float, float], tuple[float, float]]:
    """Give the first and the last (lon, lat) of a line, in drawing order.

    Examples
    --------
    >>> ends(MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]]))
    ((0.0, 0.0), (3.0, 0.0))
    """
    coords = shapely.get_coordinates(geom)
    if not len(coords):
        raise GeometryError("An empty geometry has no ends; give a line with two vertices or more.")
    return _pair(coords[0]), _pair(coords[-1])


# --- changes --------------------------------------------------------------------------------------


@checked.after
def densify(geom: BaseGeometry, max_km: float = 25) -> BaseGeometry:
    """Add vertices along the geodesics so that no segment is longer than `max_km`.

    Parameters
    ----------
    geom : LineString, MultiLineString, Polygon or MultiPolygon
    max_km : float
        Longest segment allowed, in km.

    Returns
    -------
    geometry of the same kind
        All given vertices are kept; each long segment is split into equal pieces.

    Raises
    ------
    GeometryError
        If `max_km` is not positive.

    Examples
    --------
    >>> densify(LineString([(0, 0), (1, 0)]), 60).wkt
    'LINESTRING (0 0, 0.5 0, 1 0)'
    """
    if not max_km > 0:
        raise GeometryError(f"max_km is {max_km!r}; a length in km above 0 is expected.")
    return _each(geom, lambda coords: _densified(coords, float(max_km)))


@checked.after
def simplify(geom: BaseGeometry, tolerance_deg: float) -> BaseGeometry:
    """Drop vertices that lie within `tolerance_deg` degrees of the simplified line; ends stay.

    Raises
    ------
    GeometryError
        If the tolerance is negative or not a number.

    Examples
    --------
    >>> line = LineString([(0, 0), (1, 0.001), (2, 0)])
    >>> len(simplify(line, 0.01).coords)
    2
    """
    if not tolerance_deg >= 0:
        raise GeometryError(f"tolerance_deg is {tolerance_deg!r}; degrees of 0 or more expected.")
    return shapely.simplify(geom, tolerance_deg, preserve_topology=True)


@checked.after
def reverse(geom: BaseGeometry) -> BaseGeometry:
    """Turn a line round: the parts in opposite order, each from its end to its start.

    Examples
    --------
    >>> reverse(MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]])).wkt
    'MULTILINESTRING ((3 0, 2 0), (1 0, 0 0))'
    """
    if geom.geom_type != "MultiLineString":
        return shapely.reverse(geom)
    return MultiLineString([shapely.reverse(part) for part in reversed(geom.geoms)])


@checked.after
def cut_antimeridian(geom: BaseGeometry) -> BaseGeometry:
    """Cut what jumps over 180 degrees into parts that meet at +180 and -180 (RFC 7946, 3.1.9).

    A step of more than 180 degrees of longitude is read as the short way over the antimeridian.
    The latitude of the cut is interpolated on the straight line in longitude and latitude, as
    RFC 7946 (3.1.1) defines a line between two positions.

    Parameters
    ----------
    geom : any geometry
        Longitudes within -180..180. Points, and whatever does not jump, come back unchanged.

    Returns
    -------
    geometry
        The same geometry, or its Multi form where it was cut.

    Raises
    ------
    GeometryError
        If a polygon runs round a pole, for which no cut at 180 degrees exists.

    Examples
    --------
    >>> cut_antimeridian(LineString([(170, 10), (-170, 20)])).wkt
    'MULTILINESTRING ((170 10, 180 15), (-180 15, -170 20))'
    """
    kind = geom.geom_type
    if not any((np.abs(np.diff(coords[:, 0])) > 180).any() for coords in _lines(geom)):
        return geom
    if kind in ("LineString", "LinearRing", "MultiLineString"):
        return MultiLineString([p for line in _lines(geom) for p in _cut_line(line)])
    if kind in ("Polygon", "MultiPolygon"):
        pieces = [p for polygon in shapely.get_parts(geom) for p in _cut_polygon(polygon)]
        return shapely.MultiPolygon(pieces)
    if kind == "GeometryCollection":
        return shapely.GeometryCollection([cut_antimeridian(part) for part in geom.geoms])
    return geom


@checked.after
def merge(
    parts: BaseGeometry | Iterable[BaseGeometry],
    start: LonLat,
    end: LonLat,
    *,
    gap_km: float = JOIN_KM,
) -> LineString | MultiLineString:
    """Join pieces of one line into as few lines as possible, running from `start` to `end`.

    Pieces may be unsorted, reversed, repeated or overlapping. What repeats another piece (within a
    quarter of `gap_km`) is dropped, ends nearer than `gap_km` are joined, wider gaps stay gaps.

    Parameters
    ----------
    parts : geometry or iterable of geometries
        LineStrings and MultiLineStrings.
    start, end : (lon, lat) or Point
        Where the line begins and ends, roughly: used for order and direction only.
    gap_km : float
        Widest gap that is closed by a straight segment.

    Returns
    -------
    LineString, or MultiLineString whose parts follow each other
        Branches come as parts of their own, each nearest to where the part before it ended.

    Raises
    ------
    GeometryError
        If no piece has two different vertices.

    Examples
    --------
    >>> parts = [LineString([(12, 50), (11, 50)]), LineString([(10, 50), (11, 50)])]
    >>> list(merge(parts, (10, 50), (12, 50)).coords)
    [(10.0, 50.0), (11.0, 50.0), (12.0, 50.0)]
    """
    pieces = _distinct(_pieces(parts), gap_km / 4)
    if not pieces:
        raise GeometryError("Nothing to merge: no piece has two different vertices.")
    chains = _ordered(_chained(pieces, gap_km), _pair(start), _pair(end))
    return LineString(chains[0]) if len(chains) == 1 else MultiLineString(chains)


@checked.after
def trace(
    parts: BaseGeometry | Iterable[BaseGeometry],
    start: LonLat,
    end: LonLat,
    *,
    gap_km: float = 30.0,
) -> LineString | MultiLineString:
    """Find the way from `start` to `end` along the pieces of a network.

    Unlike `merge` it leaves out branches, parallel strings, and what lies beyond the two ends.

    Parameters
    ----------
    parts : geometry or iterable of geometries
        LineStrings and MultiLineStrings.
    start, end : (lon, lat) or Point
        The way begins and ends at the places of the pieces nearest to them.
    gap_km : float
        Widest gap that may be jumped, at four times its length; gaps wider than `JOIN_KM` stay
        gaps in the result.

    Returns
    -------
    LineString, or MultiLineString whose parts follow each other

    Raises
    ------
    GeometryError
        If there are no pieces, or no way along them.

    Examples
    --------
    >>> parts = [LineString([(10, 50), (11, 50), (12, 50)]), LineString([(11, 50), (11, 52)])]
    >>> list(trace(parts, (10, 50), (12, 50)).coords)
    [(10.0, 50.0), (11.0, 50.0), (12.0, 50.0)]
    """
    pieces = _distinct(_pieces(parts), 0.05)
    if not pieces:
        raise GeometryError("Nothing to trace: no piece has two different vertices.")
    pieces = _noded(pieces, [_pair(start), _pair(end)], limit_km=np.inf)
    pieces = _noded(pieces, [_pair(p) for c in pieces for p in (c[0], c[-1])], limit_km=gap_km)
    graph, places = _graph(pieces, gap_km)
    path = _shortest(graph, _closest(places, start), _closest(places, end))
    return _without_gaps(places, path, graph)


@checked.after
def check(
    geom: BaseGeometry | None,
    where: str,
    bounds: tuple[float, float, float, float] | None = None,
    *,
    region: tuple[float, float, float, float] | None = EURASIA,
) -> None:
    """Refuse a geometry that cannot be right.

    Parameters
    ----------
    geom : geometry or None
    where : str
        File, row or route for the message.
    bounds : (west, south, east, north), optional
        Box in degrees that must hold every vertex; the whole world by default.
    region : (west, south, east, north), optional
        What lies outside this box but inside it after swapping longitude and latitude is reported
        as swapped. None switches the test off, for lines outside Eurasia.

    Raises
    ------
    GeometryError
        If the geometry is missing or empty, has coordinates that are not finite, has its axes
        swapped, leaves the bounds, or is a line without length.

    Examples
    --------
    >>> check(LineString([(37, 55), (38, 56)]), "a line")
    >>> check(LineString([(200, 55), (38, 56)]), "a line")
    Traceback (most recent call last):
        ...
    geodata.errors.GeometryError: a line: vertex 0 is (200, 55), 1 of 2 vertices are out of range; ...
    """
    if geom is None or geom.is_empty:
        raise GeometryError(f"{where}: the geometry is empty; a line with two vertices expected.")
    coords = shapely.get_coordinates(geom)
    _check_finite(coords, where)
    _check_axes(coords, where, [box for box in (WORLD, bounds, region) if box])
    for box in (WORLD, bounds or WORLD):
        _check_box(coords, where, box)
    if "Line" in geom.geom_type and (coords == coords[0]).all():
        raise GeometryError(
            f"{where}: the line has no length, all its {len(coords)} vertices are "
            f"{_text(coords[0])}; two different vertices expected."
        )


# --- check, in words ------------------------------------------------------------------------------


def _text(position: np.ndarray) -> str:
    return f"({position[0]:g}, {position[1]:g})"


def _check_finite(coords: np.ndarray, where: str) -> None:
    bad = ~np.isfinite(coords).all(axis=1)
    if bad.any():
        i = int(bad.argmax())
        raise GeometryError(
            f"{where}: vertex {i} is {_text(coords[i])}, {bad.sum()} of {len(coords)} vertices are "
            "not finite; numbers in degrees expected."
        )


def _check_axes(coords: np.ndarray, where: str, boxes: list[Sequence[float]]) -> None:
    swapped = coords[:, ::-1]
    for box in boxes:
        if not inside(coords, box).all() and inside(swapped, box).all():
            i = int((~inside(coords, box)).argmax())
            raise GeometryError(
                f"{where} has its axes swapped? lon/lat expected, vertex {i} is "
                f"{_text(coords[i])}. Write longitude first."
            )


def _check_box(coords: np.ndarray, where: str, box: Sequence[float]) -> None:
    bad = ~inside(coords, box)
    if bad.any():
        i = int(bad.argmax())
        raise GeometryError(
            f"{where}: vertex {i} is {_text(coords[i])}, {bad.sum()} of {len(coords)} vertices are "
            f"out of range; lon {box[0]:g}..{box[2]:g} and lat {box[1]:g}..{box[3]:g} expected."
        )


# --- coordinates ----------------------------------------------------------------------------------


def _pair(place: LonLat) -> tuple[float, float]:
    if isinstance(place, Point):
        return place.x, place.y
    return float(place[0]), float(place[1])


def _lines(geom: BaseGeometry) -> Iterator[np.ndarray]:
    """Yield the coordinates, shape (n, 2), of every line or ring of a geometry."""
    for part in shapely.get_parts(geom):
        if hasattr(part, "geoms"):
            yield from _lines(part)
        elif part.geom_type == "Polygon":
            yield from map(shapely.get_coordinates, shapely.get_rings(part))
        else:
            yield shapely.get_coordinates(part)


def _segments(geom: BaseGeometry) -> tuple[np.ndarray, np.ndarray]:
    lines = [coords for coords in _lines(geom) if len(coords)]
    if not lines:
        raise GeometryError("Nothing to measure: the line is empty.")
    # A lone point counts as a segment without length, so that points can be measured too.
    first = [c[:-1] if len(c) > 1 else c for c in lines]
    last = [c[1:] if len(c) > 1 else c for c in lines]
    return np.concatenate(first), np.concatenate(last)


def _steps_km(coords: np.ndarray) -> np.ndarray:
    lon, lat = coords.T
    return np.asarray(WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2]) / 1000


def _each(geom: BaseGeometry, change: Callable[[np.ndarray], np.ndarray]) -> BaseGeometry:
    """Rebuild a geometry with the coordinates of every line or ring changed."""
    kind = geom.geom_type
    if kind in ("Point", "MultiPoint") or geom.is_empty:
        return geom
    if kind in ("LineString", "LinearRing"):
        return type(geom)(change(shapely.get_coordinates(geom)))
    if kind == "Polygon":
        rings = [change(coords) for coords in _lines(geom)]
        return shapely.Polygon(rings[0], rings[1:])
    return type(geom)([_each(part, change) for part in geom.geoms])


def _densified(coords: np.ndarray, max_km: float) -> np.ndarray:
    lon, lat = coords.T
    azimuth, _, metres = WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    # The small allowance keeps densify idempotent: an exact third may measure a hair above it.
    count = np.maximum(1, np.ceil(np.asarray(metres) / 1000 / max_km - 1e-9)).astype(int)
    if (count == 1).all():
        return coords
    segment = np.repeat(np.arange(len(count)), count)
    within = np.arange(len(segment)) - np.repeat(np.cumsum(count) - count, count)
    share = within / count[segment]
    new_lon, new_lat, _ = WGS84.fwd(
        lon[segment],
        lat[segment],
        np.asarray(azimuth)[segment],
        share * np.asarray(metres)[segment],
    )
    # Along a meridian the longitude stays what it is, 180 never turns into -180.
    same = lon[segment] == lon[segment + 1]
    new = np.column_stack([np.where(same, lon[segment], new_lon), new_lat])
    new[within == 0] = coords[segment[within == 0]]
    return np.vstack([new, coords[-1:]])


def _nearest(
    points: np.ndarray, first: np.ndarray, last: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find for each point the nearest segment: distance in km, segment, share along it."""
    scale = np.cos(np.radians(points[:, 1]))[:, None]
    ax = _wrapped(first[:, 0] - points[:, :1])
    bx = ax + _wrapped(last[:, 0] - first[:, 0])
    ax, bx = ax * scale, bx * scale
    ay, by = first[:, 1] - points[:, 1:], last[:, 1] - points[:, 1:]
    dx, dy = bx - ax, by - ay
    squared = dx * dx + dy * dy
    share = np.clip(-(ax * dx + ay * dy) / np.where(squared > 0, squared, 1), 0, 1)
    away = np.hypot(ax + share * dx, ay + share * dy)
    best = away.argmin(axis=1)
    row = np.arange(len(points))
    return away[row, best] * KM_PER_DEGREE, best, share[row, best]


def _wrapped(degrees: np.ndarray) -> np.ndarray:
    """Turn differences of longitude into the short way round, -180..180."""
    short: np.ndarray = degrees - 360 * np.rint(degrees / 360)
    return short


# --- the antimeridian -----------------------------------------------------------------------------


def _cut_line(coords: np.ndarray) -> list[np.ndarray]:
    parts, begin, head = [], 0, np.empty((0, 2))
    for i in np.flatnonzero(np.abs(np.diff(coords[:, 0])) > 180).tolist():
        edge, lat = _crossing(coords[i], coords[i + 1])
        parts.append(np.vstack([head, coords[begin : i + 1], [(edge, lat)]]))
        begin, head = i + 1, np.array([(-edge, lat)])
    parts.append(np.vstack([head, coords[begin:]]))
    return _joined_again([_without_repeats(part) for part in parts])


def _crossing(a: np.ndarray, b: np.ndarray) -> tuple[float, float]:
    edge = 180.0 if a[0] > b[0] else -180.0  # from the east end of the map one leaves at +180
    span = b[0] + 2 * edge - a[0]
    share = (edge - a[0]) / span if span else 1.0
    return edge, float(a[1] + share * (b[1] - a[1]))


def _joined_again(parts: list[np.ndarray]) -> list[np.ndarray]:
    """Drop parts of one vertex, which a line that only touches 180 leaves; join its two sides."""
    kept: list[np.ndarray] = []
    for part in (p for p in parts if len(p) > 1):
        if kept and (kept[-1][-1] == part[0]).all():
            kept[-1] = np.vstack([kept[-1], part[1:]])
        else:
            kept.append(part)
    return kept


def _without_repeats(coords: np.ndarray) -> np.ndarray:
    new = np.r_[True, (coords[1:] != coords[:-1]).any(axis=1)]
    return coords[new]


def _cut_polygon(polygon: shapely.Polygon) -> list[shapely.Polygon]:
    rings = [_unwrapped(coords) for coords in _lines(polygon)]
    # Holes follow their exterior to the same side of the map.
    shift = [0.0] + [360 * round((rings[0][:, 0].mean() - r[:, 0].mean()) / 360) for r in rings[1:]]
    rings = [ring + np.array([step, 0]) for ring, step in zip(rings, shift, strict=True)]
    whole = shapely.Polygon(rings[0], rings[1:])
    pieces = []
    for turn in range(-2, 3):
        window = shapely.box(-180 + 360 * turn, -90, 180 + 360 * turn, 90)
        moved = shapely.transform(whole.intersection(window), lambda c, t=turn: c - (360 * t, 0))
        pieces += [p for p in shapely.get_parts(moved) if p.geom_type == "Polygon" and p.area > 0]
    return pieces


def _unwrapped(coords: np.ndarray) -> np.ndarray:
    turns = np.cumsum(np.round(np.diff(coords[:, 0], prepend=coords[0, 0]) / 360))
    if turns[-1]:
        raise GeometryError(
            f"A ring of {len(coords)} vertices runs round a pole and cannot be cut at 180 degrees; "
            "close it along the pole (latitude 90) first."
        )
    return np.column_stack([coords[:, 0] - 360 * turns, coords[:, 1]])


# --- pieces and chains ----------------------------------------------------------------------------


def _pieces(parts: BaseGeometry | Iterable[BaseGeometry]) -> list[np.ndarray]:
    given = [parts] if isinstance(parts, BaseGeometry) else [p for p in parts if p is not None]
    lines = (_without_repeats(coords) for geom in given for coords in _lines(geom) if len(coords))
    return [coords for coords in lines if len(coords) > 1]


def _distinct(pieces: list[np.ndarray], repeat_km: float) -> list[np.ndarray]:
    """Drop what repeats a longer piece, whole pieces and overlapping ends alike."""
    kept: list[np.ndarray] = []
    for coords in sorted(pieces, key=lambda c: (-_steps_km(c).sum(), c.tolist())):
        # Short pieces get a tighter tolerance, or every short link would count as a repeat.
        tolerance = min(repeat_km, float(_steps_km(coords).sum()) / 4)
        rest = _uncovered(coords, kept, tolerance) if kept else coords
        if rest is not None:
            kept.append(rest)
    return kept


def _uncovered(coords: np.ndarray, kept: list[np.ndarray], tolerance: float) -> np.ndarray | None:
    """Strip the ends of a piece that run along the kept ones; None if nothing is left."""
    others = MultiLineString(kept)
    [noded] = _noded([coords], [_pair(p) for c in kept for p in (c[0], c[-1])], tolerance)
    far = nearest_km(noded, others) > tolerance
    away = far[1:] | far[:-1] | (nearest_km((noded[:-1] + noded[1:]) / 2, others) > tolerance)
    if not away.any():
        return None
    first, last = int(away.argmax()), len(away) - int(away[::-1].argmax())
    # A piece that merely goes on where another ends is near it for its first metres, too.
    km = np.r_[0, np.cumsum(_steps_km(noded))]
    first = first if km[first] > 2 * tolerance else 0
    last = last if km[-1] - km[last] > 2 * tolerance else len(away)
    return coords if last - first == len(away) else noded[first : last + 1]


def _noded(
    pieces: list[np.ndarray], points: list[tuple[float, float]], limit_km: float
) -> list[np.ndarray]:
    """Give every piece a vertex at its place nearest to each point that is near enough."""
    marks = np.unique(np.array(points, dtype=float), axis=0)
    return [_with_vertices(coords, marks, limit_km) for coords in pieces]


def _with_vertices(coords: np.ndarray, marks: np.ndarray, limit_km: float) -> np.ndarray:
    away, segment, share = _nearest(marks, coords[:-1], coords[1:])
    use = (away <= limit_km) & (share > 1e-9) & (share < 1 - 1e-9)
    if not use.any():
        return coords
    order = np.lexsort([share[use], segment[use]])
    segment, share = segment[use][order], share[use][order][:, None]
    step = coords[segment + 1] - coords[segment]
    step[:, 0] = _wrapped(step[:, 0])
    new = coords[segment] + share * step
    new[:, 0] = _wrapped(new[:, 0])
    return _without_repeats(np.insert(coords, segment + 1, new, axis=0))


def _chained(pieces: list[np.ndarray], gap_km: float) -> list[np.ndarray]:
    """Join free ends, nearest pairs first, among equals the pair that turns least."""
    owner = {(i, side): i for i in range(len(pieces)) for side in (0, 1)}
    lines = dict(enumerate(pieces))
    for _, _, a, b in sorted(_end_pairs(pieces, gap_km)):
        if a not in owner or b not in owner or owner[a] == owner[b]:
            continue
        keep, gone = owner.pop(a), owner.pop(b)
        lines[keep] = _linked(
            lines[keep], lines.pop(gone), pieces[a[0]][-a[1]], pieces[b[0]][-b[1]]
        )
        owner.update({end: keep for end, chain in owner.items() if chain == gone})
    return [lines[i] for i in sorted(lines)]


def _end_pairs(pieces: list[np.ndarray], gap_km: float) -> Iterator[tuple[Any, ...]]:
    """Yield (metres, turn, end, end) for ends of different pieces no further apart than the gap."""
    keys = [(i, side) for i in range(len(pieces)) for side in (0, 1)]
    tips = np.array([pieces[i][-side] for i, side in keys])
    headings = [_heading(pieces[i], side) for i, side in keys]
    for j in range(len(keys) - 1):
        others = tips[j + 1 :]
        here = np.broadcast_to(tips[j], others.shape)
        metres = np.asarray(WGS84.inv(here[:, 0], here[:, 1], others[:, 0], others[:, 1])[2])
        for k in np.flatnonzero(metres <= gap_km * 1000) + j + 1:
            if keys[j][0] != keys[k][0]:
                turn = abs((headings[j] - headings[k]) % 360 - 180)
                yield round(float(metres[k - j - 1])), round(turn, 3), keys[j], keys[int(k)]


def _heading(coords: np.ndarray, side: int) -> float:
    """Direction in which a piece leaves at its first (0) or last (1) vertex, in degrees."""
    inner, tip = (coords[1], coords[0]) if side == 0 else (coords[-2], coords[-1])
    return float(WGS84.inv(*inner, *tip)[0])


def _linked(a: np.ndarray, b: np.ndarray, tip_a: np.ndarray, tip_b: np.ndarray) -> np.ndarray:
    a = a if (a[-1] == tip_a).all() else a[::-1]
    b = b if (b[0] == tip_b).all() else b[::-1]
    return _without_repeats(np.vstack([a, b]))


def _ordered(
    chains: list[np.ndarray], start: tuple[float, float], end: tuple[float, float]
) -> list[np.ndarray]:
    """Walk from free end to nearest free end, from both sides; keep the walk with least gaps."""
    onward = _walk(chains, start)
    backward = [chain[::-1] for chain in reversed(_walk(chains, end))]
    return min(onward, backward, key=lambda walk: _gaps_km(walk, start, end))


def _walk(chains: list[np.ndarray], here: tuple[float, float]) -> list[np.ndarray]:
    left, walk = list(chains), []
    while left:
        tips = [(distance_km(here, c[-s]), i, s) for i, c in enumerate(left) for s in (0, 1)]
        _, nearest, side = min(tips)
        chain = left.pop(nearest)
        walk.append(chain[::-1] if side else chain)
        here = _pair(walk[-1][-1])
    return walk


def _gaps_km(walk: list[np.ndarray], start: tuple[float, float], end: tuple[float, float]) -> float:
    stops = [start, *(_pair(p) for chain in walk for p in (chain[0], chain[-1])), end]
    return sum(distance_km(a, b) for a, b in list(pairwise(stops))[::2])


# --- the way through a network --------------------------------------------------------------------

Graph = dict[int, list[tuple[int, float, bool]]]
"""For each place its neighbours: (place, cost in km, is it a gap)."""


def _graph(pieces: list[np.ndarray], gap_km: float) -> tuple[Graph, np.ndarray]:
    places, number = np.unique(np.vstack(pieces).round(9), axis=0, return_inverse=True)
    graph: Graph = {i: [] for i in range(len(places))}
    begin = 0
    for coords in pieces:
        nodes = number.ravel()[begin : begin + len(coords)]
        begin += len(coords)
        for (u, v), km in zip(pairwise(nodes.tolist()), _steps_km(coords).tolist(), strict=True):
            _connect(graph, u, v, km, False)
        for tip in (nodes[0], nodes[-1]):
            _bridge(graph, places, int(tip), set(nodes.tolist()), gap_km)
    return graph, places


def _connect(graph: Graph, u: int, v: int, km: float, gap: bool) -> None:
    graph[u].append((v, km, gap))
    graph[v].append((u, km, gap))


def _bridge(graph: Graph, places: np.ndarray, tip: int, own: set[int], gap_km: float) -> None:
    """Link the end of a piece to the places of other pieces within the gap."""
    lon, lat = np.broadcast_to(places[tip], places.shape).T
    near = np.asarray(WGS84.inv(lon, lat, places[:, 0], places[:, 1])[2]) / 1000
    for other in np.flatnonzero(near <= gap_km).tolist():
        if other not in own:
            _connect(graph, tip, other, 4 * float(near[other]), bool(near[other] > JOIN_KM))


def _closest(places: np.ndarray, point: LonLat) -> int:
    lon, lat = _pair(point)
    full = np.full(len(places), 1.0)
    return int(np.argmin(WGS84.inv(lon * full, lat * full, places[:, 0], places[:, 1])[2]))


def _shortest(graph: Graph, start: int, end: int) -> list[int]:
    """Dijkstra's algorithm."""
    cost, before, queue = {start: 0.0}, {start: start}, [(0.0, start)]
    while queue:
        so_far, node = heapq.heappop(queue)
        if node == end:
            break
        if so_far > cost[node]:
            continue
        for other, km, _ in graph[node]:
            if so_far + km < cost.get(other, np.inf):
                cost[other], before[other] = so_far + km, node
                heapq.heappush(queue, (so_far + km, other))
    if end not in before:
        raise GeometryError("The pieces are not connected: no way leads from the start to the end.")
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]


def _without_gaps(
    places: np.ndarray, path: list[int], graph: Graph
) -> LineString | MultiLineString:
    """Break the way where it steps from place to place along no piece."""
    drawn = {(u, v) for u in path for v, _, gap in graph[u] if not gap}
    breaks = [i + 1 for i, step in enumerate(pairwise(path)) if step not in drawn]
    parts = [p for p in np.split(places[path], breaks) if len(p) > 1]
    if not parts:
        raise GeometryError("Start and end fall on the same place of the pieces; no way between.")
    return LineString(parts[0]) if len(parts) == 1 else MultiLineString(parts)
