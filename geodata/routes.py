"""The routes on the ground: our own lines, drawn by hand through named places.

``data/waypoints.csv`` is the hand-made truth, ``data/lines.csv`` says per route how good its line
is, ``data/routes.geojson`` is what :func:`build` makes of the two. Flows and money live elsewhere.
Run ``python -m geodata.routes`` after an edit of the tables.
"""

from __future__ import annotations

import functools
from collections.abc import Hashable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from shapely.geometry import LineString, shape
from shapely.geometry.base import BaseGeometry

from geodata import basemap, bends, formats, geometry
from geodata.errors import FormatError, GeodataError, GeometryError, checked

DATA = Path(__file__).parent / "data"
ACCURACY = ("surveyed", "traced", "sketch")
KINDS = ("field", "compressor", "hub", "town", "border", "landfall", "sea", "shape")
PROPERTIES = ("name", "accuracy", "geometry_source")
COLUMNS = ["name", "accuracy", "geometry_source", "length_km", "note", "geometry"]
SCOPES = ("whole", "part")  # what a published length counts of the line
LICENCE = "CC BY 4.0"
ATTRIBUTION = (
    "Route lines: energy-trade-tracker, drawn by hand through named places, checked against "
    "GeoNames and Global Energy Monitor (both CC BY 4.0)"
)
STEP_KM = 25
DECIMALS = 5
# How far a line may stray from its published length.
TOLERANCE = {"surveyed": 0.05, "traced": 0.05, "sketch": 0.15}


@checked
def load(path: str | Path | None = None) -> gpd.GeoDataFrame:
    """Read the route lines, ours or those of a file of yours.

    Parameters
    ----------
    path : str or Path, optional
        A GeoJSON FeatureCollection whose features carry an ``id`` and the properties ``name``,
        ``accuracy`` and ``geometry_source`` (``note`` if there is something to say).
        Left out: the lines of this package.

    Returns
    -------
    GeoDataFrame, EPSG:4326
        Index ``route``; columns ``name, accuracy, geometry_source, length_km`` (geodesic, km),
        ``note, geometry`` (LineString or MultiLineString, from -> to).

    Raises
    ------
    FormatError
        If the file is no FeatureCollection, a feature lacks its id or a property, an id stands
        twice or an accuracy is unknown.
    GeometryError
        If a line is empty, out of range or has its axes swapped.

    Examples
    --------
    >>> lines = load()
    >>> lines.loc["nord-stream-1", "geometry"].geom_type, lines.crs.to_epsg()
    ('LineString', 4326)
    """
    path = DATA / "routes.geojson" if path is None else Path(path)
    records = [_record(feature, where) for feature, where in _features(path)]
    frame = gpd.GeoDataFrame(records, columns=["route", *COLUMNS], crs="EPSG:4326")
    return frame.set_index("route")


@checked
def read_faults(path: str | Path) -> list[str]:
    """Return every fault that keeps `load` from reading a file, one a feature; empty if it reads.

    Examples
    --------
    >>> read_faults("no-such.geojson")
    ['no-such.geojson cannot be read: No such file or directory. Give the path of a GeoJSON file.']
    """
    path, faults, seen = Path(path), list[str](), set[str]()
    try:
        features = _collection(path)
    except FormatError as error:
        return [str(error)]
    for number, feature in enumerate(features, 1):
        where = f"{path.name}, feature {number}"
        try:
            name = _identity(feature, where)
            _record(feature, f"{where} ({name})")
        except GeodataError as error:
            faults.append(str(error))
            continue
        if name in seen:
            faults.append(f"{where}: the id {name!r} stands twice. Give each route one line.")
        seen.add(name)
    return faults


def _features(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield each feature of a GeoJSON file and the words that say where it stands."""
    seen: set[str] = set()
    for number, feature in enumerate(_collection(path), 1):
        name = _identity(feature, f"{path.name}, feature {number}")
        where = f"{path.name}, feature {number} ({name})"
        if name in seen:
            raise FormatError(f"{where}: the id {name!r} stands twice. Give each route one line.")
        seen.add(name)
        yield feature, where


def _collection(path: Path) -> list[Any]:
    """Return the features of a GeoJSON file."""
    try:
        collection = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise FormatError(f"{path.name} is not JSON: {error}. Mend or export it again.") from error
    except OSError as error:
        raise FormatError(
            f"{path} cannot be read: {error.strerror}. Give the path of a GeoJSON file."
        ) from error
    features = collection.get("features") if isinstance(collection, dict) else None
    if not isinstance(features, list):
        raise FormatError(
            f"{path.name} is not a GeoJSON FeatureCollection (no list 'features'). "
            "Wrap the routes in one."
        )
    return features


def _identity(feature: Any, where: str) -> str:
    """Return the id of a feature, or say that it has none."""
    if not isinstance(feature, dict) or feature.get("type") != "Feature":
        raise FormatError(f"{where} is not a GeoJSON Feature. Wrap its geometry in one.")
    properties = feature.get("properties") or {}
    name = feature.get("id", properties.get("id"))
    if not isinstance(name, str) or not name:
        raise FormatError(f'{where} has no text id. Add "id": "<route>" to it.')
    return name


def _record(feature: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Turn a checked feature into a row of :func:`load`."""
    properties = feature.get("properties") or {}
    missing = [key for key in PROPERTIES if not properties.get(key)]
    if missing:
        raise FormatError(f"{where} lacks the property {missing[0]!r}. Add it to 'properties'.")
    if properties["accuracy"] not in ACCURACY:
        raise FormatError(
            f"{where} has accuracy {properties['accuracy']!r}; expected one of "
            f"{', '.join(ACCURACY)}."
        )
    geom = _line(feature.get("geometry"), where)
    return {
        "route": feature.get("id", properties.get("id")),
        **{key: properties[key] for key in PROPERTIES},
        "length_km": geometry.length_km(geom),
        "note": properties.get("note") or "",
        "geometry": geom,
    }


def _line(raw: Any, where: str) -> BaseGeometry:
    """Return the line of a feature, or say what it is instead of one."""
    if not isinstance(raw, dict):
        raise GeometryError(f"{where} has no geometry. Draw a LineString from -> to.")
    if raw.get("type") not in ("LineString", "MultiLineString"):
        raise GeometryError(
            f"{where} is a {raw.get('type')}; a route is a LineString or MultiLineString."
        )
    try:
        geom = shape(raw)
    except (ValueError, TypeError, KeyError, shapely.errors.ShapelyError) as error:
        raise GeometryError(f"{where} has coordinates that make no line: {error}.") from error
    geometry.check(geom, where)
    return geom


@checked
def read_waypoints(path: str | Path | None = None) -> pd.DataFrame:
    """Read the points our lines run through.

    Returns
    -------
    DataFrame
        Columns ``route, seq, name, lon, lat, kind, source``; one row a point, in drawing order
        within a route (from -> to). ``name`` is empty for points that only give the line its shape.

    Raises
    ------
    FormatError
        If a column is missing, a kind is unknown or two points of a route share a ``seq``.

    Examples
    --------
    >>> table = read_waypoints()
    >>> table.loc[table["route"] == "nord-stream-1", "name"].iloc[0]
    'Portovaya CS'
    """
    path = DATA / "waypoints.csv" if path is None else Path(path)
    table = formats.read_csv(path, keep_default_na=False)
    missing = {"route", "seq", "name", "lon", "lat", "kind", "source"} - set(table)
    if missing:
        raise FormatError(f"{path.name} lacks the column {min(missing)!r}. Add it to its header.")
    for at in table.index[~table["kind"].isin(KINDS)]:
        raise FormatError(
            f"{path.name}, row {at + 2}: kind {table['kind'][at]!r}; expected one of "
            f"{', '.join(KINDS)}."
        )
    for at in table.index[table.duplicated(["route", "seq"])]:
        raise FormatError(
            f"{path.name}, row {at + 2}: route {table['route'][at]!r} has seq {table['seq'][at]} "
            "twice. Number its points from 1."
        )
    return table


@checked
def read_lines(path: str | Path | None = None) -> pd.DataFrame:
    """Read what our lines are, and what their published lengths count.

    Returns
    -------
    DataFrame
        Index ``route``; columns ``name, accuracy, geometry_source, published_km, scope, from_seq,
        to_seq, system, note``. `scope` says what ``published_km`` counts: the ``whole`` line or the
        ``part`` between two points of it.

    Raises
    ------
    FormatError
        If a column is missing, or a published length has no scope or an unknown one.

    Examples
    --------
    >>> "nord-stream-1" in read_lines().index
    True
    """
    path = DATA / "lines.csv" if path is None else Path(path)
    text = ["name", "accuracy", "geometry_source", "scope", "system", "note"]
    table = formats.read_csv(path)
    missing = {*text, "route", "published_km", "from_seq", "to_seq"} - set(table)
    if missing:
        raise FormatError(f"{path.name} lacks the column {min(missing)!r}. Add it to its header.")
    table = table.set_index("route")
    table[text] = table[text].fillna("")
    for route in table.index[table["published_km"].notna() & ~table["scope"].isin(SCOPES)]:
        raise FormatError(
            f"{path.name}: route {route!r} has scope {table['scope'][route]!r}; expected one of "
            f"{', '.join(SCOPES)}."
        )
    return table


def _comparable(lines: pd.DataFrame) -> pd.DataFrame:
    """Return the routes of which a length is known, and between which points it is counted."""
    return lines.loc[lines["published_km"].notna(), ["published_km", "from_seq", "to_seq"]]


@checked
def lengths() -> pd.DataFrame:
    """Compare the drawn length of our lines with what is published of the same way.

    Returns
    -------
    DataFrame
        Index ``route``, those with a comparable length; columns ``accuracy, published_km,
        drawn_km`` (between the points that the published length counts), ``ratio``.

    Examples
    --------
    >>> table = lengths()
    >>> round(float(table["ratio"].median()), 2)
    1.0
    """
    lines = read_lines()
    known = _comparable(lines)
    drawn = draw(read_waypoints(), known)["compared_km"].reindex(known.index)
    return pd.DataFrame(
        {
            "accuracy": lines["accuracy"].reindex(known.index),
            "published_km": known["published_km"],
            "drawn_km": drawn,
            "ratio": drawn / known["published_km"],
        }
    )


@checked
def draw(waypoints: pd.DataFrame, lengths: pd.DataFrame | None = None) -> gpd.GeoDataFrame:
    """Draw one line a route through its points, as long as the pipe is published to be.

    Between two points the way is a geodesic with a vertex every 25 km at most; where a length is
    given and the geodesics fall short of it by more than 3 %, the legs on land get gentle bends
    until they have it (`geodata.bends`). A leg that two routes share is drawn once, by the first.

    Parameters
    ----------
    waypoints : DataFrame
        Columns ``route, seq, lon, lat`` (degrees, WGS84) and, where known, ``kind``; see
        :func:`read_waypoints`.
    lengths : DataFrame, optional
        Index ``route``; columns ``published_km, from_seq, to_seq``: the length, and the points
        between which it is counted (NaN for the first and the last).

    Returns
    -------
    GeoDataFrame, EPSG:4326
        Index ``route`` in order of first appearance; columns ``length_km`` (geodesic),
        ``compared_km`` (the same between the points named in `lengths`) and ``geometry``.

    Raises
    ------
    FormatError
        If a route has fewer than two points.
    GeometryError
        If a point is out of range or has its axes swapped, or no bends make up for a length.
    """
    if missing := {"route", "seq", "lon", "lat"} - set(waypoints):
        raise FormatError(f"The waypoints lack the column {min(missing)!r}; see read_waypoints.")
    sizes: dict[frozenset[tuple[float, float]], float] = {}
    lines, compared = {}, {}
    for route, points in waypoints.groupby("route", sort=False):
        if len(points) < 2:
            raise FormatError(f"Route {route!r} has one waypoint; a line needs two. Add its end.")
        points = points.sort_values("seq")
        geometry.check(LineString(points[["lon", "lat"]].to_numpy(float)), f"waypoints of {route}")
        known = lengths is not None and route in lengths.index
        length = lengths.loc[[str(route)]].iloc[0] if lengths is not None and known else None
        legs = _legs(points, length)
        _bend(legs, sizes, None if length is None else float(length["published_km"]), str(route))
        pieces = [bends.bent(*leg, sizes[frozenset(leg)]) for leg, _, _ in legs]
        compared[route] = sum(
            bends.drawn_km(piece)
            for piece, (_, _, counted) in zip(pieces, legs, strict=True)
            if counted
        )
        line = np.vstack([pieces[0], *(piece[1:] for piece in pieces[1:])])
        lines[route] = shapely.set_precision(LineString(line), 10**-DECIMALS, mode="pointwise")
    frame = gpd.GeoDataFrame(geometry=pd.Series(lines, dtype=object), crs="EPSG:4326")
    frame.insert(0, "length_km", frame.geometry.map(geometry.length_km))
    frame.insert(1, "compared_km", pd.Series(compared))
    return frame.rename_axis("route")


def _legs(points: pd.DataFrame, length: pd.Series | None) -> list[tuple[bends.Leg, bool, bool]]:
    """Return each leg of a route, whether it lies at sea, and whether its length is published."""
    places = [
        (float(lon), float(lat)) for lon, lat in zip(points["lon"], points["lat"], strict=True)
    ]
    kinds = points["kind"] if "kind" in points else pd.Series("", points.index)
    seqs = points["seq"]
    first = seqs.iloc[0] if length is None or pd.isna(length["from_seq"]) else length["from_seq"]
    last = seqs.iloc[-1] if length is None or pd.isna(length["to_seq"]) else length["to_seq"]
    return [
        ((a, b), "sea" in (kind_a, kind_b), first <= seq_a and seq_b <= last)
        for (a, b), (kind_a, kind_b), (seq_a, seq_b) in zip(
            pairwise(places), pairwise(kinds), pairwise(seqs), strict=True
        )
    ]


def _bend(
    legs: list[tuple[bends.Leg, bool, bool]],
    sizes: dict[frozenset[tuple[float, float]], float],
    published_km: float | None,
    route: str,
) -> None:
    """Choose the size of bends for the legs of a route that no route before it has drawn."""
    new = [(leg, sea, counted) for leg, sea, counted in legs if frozenset(leg) not in sizes]
    loose = [leg for leg, sea, counted in new if counted and not sea]
    size = 0.0
    if published_km is not None and loose:
        fixed = sum(
            bends.drawn_km(bends.bent(*leg, sizes.get(frozenset(leg), 0.0)))
            for leg, _, counted in legs
            if counted and leg not in loose
        )
        straight = sum(bends.drawn_km(bends.bent(*leg, 0.0)) for leg in loose)
        if fixed + straight < (1 - bends.ENOUGH) * published_km:
            size = bends.fitted(loose, published_km - fixed, f"Route {route!r}")
    sizes.update(
        {frozenset(leg): size if counted and not sea else 0.0 for leg, sea, counted in new}
    )


@checked
def build(target: str | Path | None = None) -> Path:
    """Write ``routes.geojson`` out of the hand-made tables, the same bytes every time.

    Parameters
    ----------
    target : str or Path, optional
        Where to write; left out, the file of this package.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    FormatError
        If a route has points but no row in ``lines.csv``, or the other way round.
    """
    lines = read_lines()
    drawn = draw(read_waypoints(), _comparable(lines))
    lonely = drawn.index.symmetric_difference(lines.index)
    if len(lonely):
        raise FormatError(
            f"Route {lonely[0]!r} stands in only one of waypoints.csv and lines.csv. "
            "Add it to the other."
        )
    frame = drawn.join(lines).assign(
        id=drawn.index, route_id=drawn.index, length_km=drawn["length_km"].round(1)
    )
    return formats.write_geojson(
        frame,
        DATA / "routes.geojson" if target is None else Path(target),
        decimals=DECIMALS,
        properties=["id", "route_id", *COLUMNS[:-1]],
        meta={"licence": LICENCE, "attribution": ATTRIBUTION},
    )


@checked
def places() -> gpd.GeoDataFrame:
    """Read the named places of the network, one row a place.

    Returns
    -------
    GeoDataFrame, EPSG:4326
        Index ``id``; columns ``name, name_ru, name_zh, kind`` (field, compressor, hub, border,
        landfall), ``country`` (ISO 3166 alpha-3), ``routes`` (``;``-joined ids), ``geometry``
        (Point).

    Examples
    --------
    >>> places().crs.to_epsg()
    4326
    """
    table = pd.read_csv(DATA / "places.csv", keep_default_na=False, index_col="id")
    points = gpd.points_from_xy(table.pop("lon"), table.pop("lat"))
    return gpd.GeoDataFrame(table, geometry=points, crs="EPSG:4326")


def cities() -> pd.DataFrame:
    """Read the cities by which a reader finds the lines.

    Returns
    -------
    DataFrame
        Index ``id``; ``name, name_ru, name_zh, country`` (ISO 3166 alpha-3), ``lon, lat, rank``
        (1 is shown first).

    >>> cities().loc["shanghai", "name_zh"]
    '上海'
    """
    return pd.read_csv(DATA / "cities.csv", keep_default_na=False, index_col="id")


@functools.cache
def spots() -> Mapping[str, tuple[str, float, float]]:
    """Return name, longitude and latitude of every place, city and country by its id.

    A country (ISO 3166-1 alpha-3) lies where its name stands on a map.

    >>> spots()["moscow"], spots()["CHN"][0]
    (('Moscow', 37.62, 55.75), 'China')
    """
    points, towns = places(), cities()
    lands = [one["properties"] for one in basemap.topology()["objects"]["countries"]["geometries"]]
    rows = [
        *zip(points.index, points["name"], points.geometry.x, points.geometry.y, strict=True),
        *zip(towns.index, towns["name"], towns["lon"], towns["lat"], strict=True),
        *((land["a3"], land["name"], *land["label"]) for land in lands),
    ]
    return {str(key): (str(name), float(lon), float(lat)) for key, name, lon, lat in rows}


@checked
def check(gdf: gpd.GeoDataFrame, published: Mapping[Hashable, float] | None = None) -> list[str]:
    """Collect the faults of route lines; an empty list means none.

    Parameters
    ----------
    gdf : GeoDataFrame
        As :func:`load` gives it: index ``route``, columns ``accuracy, note, geometry``.
    published : mapping of route to km, optional
        Published lengths to compare with; left out, those of ``lines.csv``. A line off by more
        than 5 % (a sketch: 15 %) is a fault, unless a note of the user's own says why.

    Returns
    -------
    list of str
        One sentence a fault.

    Examples
    --------
    >>> check(load())
    []
    """
    lines = read_lines()
    known = lines["published_km"].to_dict() if published is None else published
    noted = lines["note"].to_dict()  # says what our lines are, and excuses none of them
    twice = gdf.index[gdf.index.duplicated()].unique()
    faults = [f"Route {route!r} stands twice. Give each route one line." for route in twice]
    for row in gdf.itertuples():
        excused = pd.notna(row.note) and row.note not in ("", noted.get(row.Index))
        faults += _faults(row, float("nan") if excused else known.get(row.Index, float("nan")))
    return faults


def _faults(row: Any, published_km: float) -> list[str]:
    """Return the faults of one line; no length is compared where `published_km` is NaN."""
    try:
        geometry.check(row.geometry, f"Route {row.Index!r}")
    except GeometryError as error:
        return [str(error)]
    if row.accuracy not in ACCURACY:
        return [f"Route {row.Index!r}: accuracy {row.accuracy!r}; expected {', '.join(ACCURACY)}."]
    length = geometry.length_km(row.geometry)
    off = length / published_km - 1  # NaN where nothing is published: no fault
    if abs(off) > TOLERANCE[row.accuracy]:
        return [
            f"Route {row.Index!r}: the line is {length:.0f} km, published are "
            f"{published_km:.0f} km ({off:+.0%}). Mend its waypoints or say why in 'note'."
        ]
    return []


if __name__ == "__main__":
    build()
