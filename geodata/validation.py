"""What RFC 7946 and good manners ask of a GeoJSON file: every fault in one sentence.

Members, nesting, ids, vertices, rings and boxes; nothing is mended here. Writing is in `formats`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
import orjson

from geodata.disk import collector_paused, existing
from geodata.errors import checked
from geodata.geometry import WORLD, inside

RESERVED = {
    "FeatureCollection": {"coordinates", "geometries", "geometry", "properties"},
    "Feature": {"coordinates", "geometries", "features"},
    "geometry": {"geometry", "properties", "features"},
}
"""Members that RFC 7946, section 7.1, forbids in objects of other types."""

DEPTH = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}
"""How many lists lie around a position in ``coordinates``."""

POINT, LINE, EXTERIOR, HOLE = range(4)


@dataclass
class _Parts:
    """Every point, line and ring met in a file, with the feature and the role it has there."""

    coords: list[np.ndarray] = field(default_factory=list)
    feature: list[int] = field(default_factory=list)
    role: list[int] = field(default_factory=list)

    def add(self, coords: np.ndarray, feature: int, role: int) -> None:
        self.coords.append(coords)
        self.feature.append(feature)
        self.role.append(role)


@checked
def validate_geojson(
    source: str | os.PathLike[str] | bytes,
    *,
    decimals: int = 6,
    region: tuple[float, float, float, float] | None = None,
) -> list[str]:
    """Look for everything in a GeoJSON file that RFC 7946 forbids or advises against.

    Parameters
    ----------
    source : path or bytes
        A file, or the content of one.
    decimals : int
        Decimals that coordinates may have.
    region : (west, south, east, north), optional
        Box that holds the data: a feature that fits it only after swapping longitude and latitude
        is reported. Without it only latitudes beyond 90 degrees give swapped axes away.

    Returns
    -------
    list of str
        One sentence a fault, with the number of the feature (from 0) and its id; empty if the file
        is right. Covers syntax, ``crs``, misplaced members, ids, ranges, axes, jumps over 180
        degrees, rings (closed, direction, size), short lines, empty geometries, decimals, bbox.

    Raises
    ------
    FormatError
        If the file does not exist.

    Examples
    --------
    >>> validate_geojson(b'{"type": "Feature"}')
    ["The file holds a 'Feature'; a FeatureCollection is expected."]
    """
    content = source if isinstance(source, bytes) else existing(source).read_bytes()
    with collector_paused():
        try:
            collection = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            return [_syntax_fault(content, error)]
        return _faults(collection, decimals, region)


def _faults(
    collection: Any, decimals: int, region: tuple[float, float, float, float] | None
) -> list[str]:
    if not isinstance(collection, dict) or collection.get("type") != "FeatureCollection":
        what = collection.get("type") if isinstance(collection, dict) else collection
        return [f"The file holds a {repr(what)[:40]}; a FeatureCollection is expected."]
    features = collection.get("features")
    if not isinstance(features, list):
        return ["The collection has no list 'features'."]
    parts = _Parts()
    faults = list(_member_faults(collection, "The collection", "FeatureCollection"))
    for i, feature in enumerate(features):
        faults += [f"{_label(i, feature)} {what}" for what in _feature_faults(feature, i, parts)]
    faults += _id_faults(features)
    if parts.coords:
        faults += _vertex_faults(parts, features, decimals, region)
    return faults + list(_bbox_faults(collection, parts, decimals))


def _syntax_fault(content: bytes, error: orjson.JSONDecodeError) -> str:
    strange: list[str] = []
    try:
        json.loads(content, parse_constant=strange.append)
    except ValueError:
        return f"The file is not JSON: {error}."
    if strange:
        return f"The file holds {strange[0]}, which is not finite and not JSON; null is expected."
    return f"The file is not JSON for a strict reader: {error}."


def _label(i: int, feature: Any) -> str:
    key = feature.get("id") if isinstance(feature, dict) else None
    return f"Feature {i} ({'no id' if key is None else f'id {key!r}'})"


def _member_faults(value: dict[str, Any], who: str, kind: str) -> Iterator[str]:
    who = f"{who} " if who else ""
    if "crs" in value:
        yield f"{who}has a 'crs' member; RFC 7946 knows WGS 84 only, leave it out."
    for name in sorted(RESERVED[kind] & value.keys()):
        yield f"{who}has a member {name!r}, which RFC 7946 (7.1) forbids in a {kind}."


def _feature_faults(feature: Any, i: int, parts: _Parts) -> Iterator[str]:
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        yield "is not of type 'Feature'."
        return
    yield from _member_faults(feature, "", "Feature")
    if not isinstance(feature.get("properties", 0), dict | None):
        yield "has no 'properties' member (an object or null)."
    key = feature.get("id", "")
    if isinstance(key, bool) or not isinstance(key, str | int | float):
        yield "has an id that is neither a text nor a number."
    geometry = feature.get("geometry", 0)
    if geometry is None:
        return
    if isinstance(geometry, dict):
        yield from _geometry_faults(geometry, i, parts)
    else:
        yield "has no 'geometry' member (an object or null)."


def _geometry_faults(geometry: dict[str, Any], i: int, parts: _Parts) -> Iterator[str]:
    kind = geometry.get("type")
    yield from _member_faults(geometry, "", "geometry")
    if kind == "GeometryCollection":
        members = geometry.get("geometries")
        if not isinstance(members, list) or not all(isinstance(m, dict) for m in members):
            yield "has a GeometryCollection without a list 'geometries'."
            return
        for member in members:
            yield from _geometry_faults(member, i, parts)
    elif kind not in DEPTH:
        yield f"has the geometry type {kind!r}; {', '.join(DEPTH)} or GeometryCollection expected."
    elif geometry.get("coordinates") == []:
        yield f"has an empty geometry ({kind} without coordinates); null is expected."
    else:
        try:
            _collect(kind, geometry.get("coordinates"), i, parts)
        except (TypeError, ValueError) as error:
            yield f"has wrong coordinates for a {kind}: {error}."


def _collect(kind: str, coordinates: Any, i: int, parts: _Parts) -> None:
    if not isinstance(coordinates, list):
        raise ValueError("no list")
    depth = DEPTH[kind]
    if depth == 0:
        coordinates = [coordinates]
    groups = coordinates if depth == 3 else [coordinates if depth == 2 else [coordinates]]
    for group in groups:
        for number, line in enumerate(group):
            role = LINE if "Line" in kind else EXTERIOR if number == 0 else HOLE
            parts.add(_positions(line), i, POINT if "Point" in kind else role)


def _positions(line: Any) -> np.ndarray:
    """Give positions as an array, shape (n, 2); raise ValueError or TypeError if they are not."""
    sizes = set(map(len, line))
    if not sizes:
        raise ValueError("a part is empty")
    if not sizes <= {2, 3}:
        raise ValueError(f"a position of {max(sizes)} numbers, 2 or 3 expected")
    flat = list(chain.from_iterable(line))
    if not set(map(type, flat)) <= {int, float}:
        raise ValueError("something other than numbers, or the nesting is wrong")
    if len(sizes) == 1:
        return np.array(flat, dtype=float).reshape(len(line), -1)[:, :2]
    return np.array([position[:2] for position in line], dtype=float)


def _id_faults(features: list[Any]) -> Iterator[str]:
    keys = [f.get("id") if isinstance(f, dict) else None for f in features]
    first: dict[tuple[str, str], int] = {}
    for i, key in enumerate(keys):
        if key is not None:
            same = first.setdefault((type(key).__name__, str(key)), i)
            if same != i:
                yield f"{_label(i, features[i])} has the same id as feature {same}."


def _vertex_faults(
    parts: _Parts,
    features: list[Any],
    decimals: int,
    region: tuple[float, float, float, float] | None,
) -> Iterator[str]:
    """Check all vertices of the file at once; one sentence a feature and kind of fault."""
    coords = np.concatenate(parts.coords)
    sizes = np.array([len(c) for c in parts.coords])
    owner = np.repeat(np.array(parts.feature), sizes)
    checks = chain(
        _range_checks(coords, owner, region),
        _part_checks(coords, sizes, np.array(parts.role)),
        [
            (
                (np.round(coords, decimals) != coords).any(axis=1),
                f"has more than {decimals} decimals",
            )
        ],
    )
    for bad, what in checks:
        rows = np.flatnonzero(bad)
        for i, first, count in zip(
            *np.unique(owner[rows], return_index=True, return_counts=True), strict=True
        ):
            lon, lat = coords[rows[first]]
            times = f"{count} times, first " if count > 1 else ""
            yield f"{_label(int(i), features[i])} {what} ({times}at {lon:.12g}, {lat:.12g})."


Check = tuple[np.ndarray, str]
"""Which vertices are at fault, and the words for it."""


def _range_checks(
    coords: np.ndarray, owner: np.ndarray, region: tuple[float, float, float, float] | None
) -> Iterator[Check]:
    finite = np.isfinite(coords).all(axis=1)
    yield ~finite, "has coordinates that are not finite"
    outside = finite & ~inside(coords, WORLD)
    swapped = _fits_swapped(coords, owner, WORLD) & outside
    if region:
        swapped |= _fits_swapped(coords, owner, region) & ~inside(coords, region)
    yield swapped, "has its axes swapped? lon/lat expected"
    outside &= ~swapped
    yield outside & (np.abs(coords[:, 0]) > 180), "has a longitude out of -180..180"
    yield outside & (np.abs(coords[:, 1]) > 90), "has a latitude out of -90..90"


def _fits_swapped(coords: np.ndarray, owner: np.ndarray, box: Sequence[float]) -> np.ndarray:
    """Mark the vertices of features that lie wholly in the box once longitude, latitude swap."""
    outside = np.bincount(owner, weights=~inside(coords[:, ::-1], box))
    whole: np.ndarray = outside[owner] == 0
    return whole


def _part_checks(coords: np.ndarray, sizes: np.ndarray, role: np.ndarray) -> Iterator[Check]:
    stops = np.cumsum(sizes)
    starts = stops - sizes
    line, ring = role == LINE, role >= EXTERIOR
    wide = np.abs(np.diff(coords[:, 0], append=coords[-1, 0])) > 180
    wide[stops - 1] = False  # the step into the next part is none
    wide &= np.repeat(role != POINT, sizes)
    yield wide, "jumps more than 180 degrees, cut it at the antimeridian"
    yield _at(starts[line & (sizes < 2)], coords), "has a line of one vertex"
    closed = (coords[starts] == coords[stops - 1]).all(axis=1)
    yield _at(starts[ring & ~closed], coords), "has a ring that is not closed"
    yield _at(starts[ring & (sizes < 4)], coords), "has a ring of fewer than four positions"
    area = _areas(coords, starts, stops)
    clockwise = (role == EXTERIOR) & closed & (area < 0)
    yield (
        _at(starts[clockwise], coords),
        "has a clockwise exterior ring, counter-clockwise expected",
    )
    counter = (role == HOLE) & closed & (area > 0)
    yield _at(starts[counter], coords), "has a counter-clockwise hole, clockwise expected"


def _at(rows: np.ndarray, coords: np.ndarray) -> np.ndarray:
    mark = np.zeros(len(coords), dtype=bool)
    mark[rows] = True
    return mark


def _areas(coords: np.ndarray, starts: np.ndarray, stops: np.ndarray) -> np.ndarray:
    """Give twice the signed area of each part, positive counter-clockwise."""
    x, y = (coords - np.repeat(coords[starts], stops - starts, axis=0)).T
    cross = x * np.roll(y, -1) - np.roll(x, -1) * y
    cross[stops - 1] = 0
    return np.add.reduceat(cross, starts)


def _bbox_faults(collection: dict[str, Any], parts: _Parts, decimals: int) -> Iterator[str]:
    sizes = np.array([len(c) for c in parts.coords], dtype=int)
    if not len(sizes):
        if "bbox" in collection:
            yield "The collection has a bbox, but no coordinates."
        return
    coords, starts = np.concatenate(parts.coords), np.cumsum(sizes) - sizes
    low, high = np.minimum.reduceat(coords, starts), np.maximum.reduceat(coords, starts)
    boxes, owner = np.hstack([low, high]), np.array(parts.feature)
    yield from _box_faults("The collection", collection, boxes, decimals)
    for i, feature in enumerate(collection["features"]):
        if isinstance(feature, dict) and "bbox" in feature and (owner == i).any():
            yield from _box_faults(_label(i, feature), feature, boxes[owner == i], decimals)


def _box_faults(
    who: str, holder: dict[str, Any], boxes: np.ndarray, decimals: int
) -> Iterator[str]:
    if "bbox" not in holder:
        return
    given = holder["bbox"]
    try:
        box = np.array(given, dtype=float)
    except (TypeError, ValueError):
        box = np.empty(0)
    if box.shape not in ((4,), (6,)):
        yield f"{who} has the bbox {repr(given)[:60]}; [west, south, east, north] is expected."
        return
    box = box if len(box) == 4 else box[[0, 1, 3, 4]]
    whole = np.r_[boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)]
    right = [bbox(boxes, whole), whole.tolist()]
    if not any(np.allclose(box, other, rtol=0, atol=10.0**-decimals) for other in right):
        yield f"{who} has the bbox {box.tolist()}, but its data span {right[0]}."


def bbox(boxes: np.ndarray, whole: np.ndarray) -> list[float]:
    """Give the smallest box; west > east where parts meet at 180 degrees (RFC 7946, 5.2)."""
    west, south, east, north = whole.tolist()
    if west > -180 or east < 180:
        return [west, south, east, north]
    order = np.argsort(boxes[:, 0], kind="stable")
    starts, stops = boxes[order, 0], np.maximum.accumulate(boxes[order, 2])
    gaps = starts[1:] - stops[:-1]
    if not len(gaps) or gaps.max() <= 0:
        return [west, south, east, north]
    widest = int(gaps.argmax())
    return [float(starts[widest + 1]), south, float(stops[widest]), north]
