"""Pipeline routes of Global Energy Monitor: read its folder, put its better lines in place of ours.

The folder is the user's own copy of ``data/individual-routes/gas-pipelines`` of GEM's public
repository of routes; nothing of it comes with this package. Whatever is made with it carries
the line of `credit`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.errors import FormatError, GeometryError, checked
from geodata.formats import collector_paused
from geodata.geometry import deviation_km, distance_km, ends, length_km, simplify, trace

__all__ = ["NEVER", "credit", "edition_of", "edition_told", "read_folder", "replace"]

_EDITION = re.compile(r"(?<!\d)20\d\d(?:-\d\d){0,2}(?!\d)")


@checked
def edition_of(path: str | os.PathLike[str]) -> str:
    """Return the edition that the name of a file or folder tells, as written; "" if it tells none.

    >>> edition_of("GEM-GGIT-Gas-Pipelines-2025-11.xlsx"), edition_of("ggit-gas-pipelines-2022.csv")
    ('2025-11', '2022')
    >>> edition_of("gas-pipelines")
    ''
    """
    found = _EDITION.search(Path(path).name)
    return found[0] if found else ""


@checked
def credit(edition: str = "") -> str:
    """Return the line that Global Energy Monitor's licence asks for, with the edition if it is known.

    >>> credit("2025-11").rpartition("Tracker ")[2]
    '(edition 2025-11), CC BY 4.0.'
    """
    return ("Pipeline reference geometry: Global Energy Monitor, Global Gas Infrastructure Tracker"
            f"{_in_words(edition)}, CC BY 4.0.")  # fmt: skip


def _in_words(edition: str) -> str:
    """Return the edition as `edition_told` finds it again."""
    return f" (edition {edition})" if edition else ""


def edition_told(note: object) -> str:
    """Return the edition in the note of a line that `replace` took; "" if it names none.

    >>> edition_told("Line of Global Energy Monitor P0736 (edition 2025-11).")
    '2025-11'
    """
    found = re.search(r"\(edition ([\d-]+)\)", str(note))
    return found[1] if found else ""


NEVER = {
    "caspian-coastal": "the GEM line follows Central Asia - Center instead of the Caspian shore",
}
"""Routes whose GEM line is that of something else, as of April 2026, and why."""

END_KM = 50.0
"""Farthest that either end of a GEM line may lie from the end of ours."""

NEAR_KM = 50.0
"""Nine tenths of the samples of either line must lie this near to the other one."""

FAR_KM = 80.0
"""No sample may lie farther than this: a line that strays so far is another corridor."""

LENGTH_RATIO = (0.75, 1.4)
"""Bounds for the length of a GEM line in lengths of ours."""

NO_LINE = "GEM has no line for it"

DETAIL_DEG = 0.02
"""Tolerance at which vertices are counted: bends of some 2 km, not steps of a densified line."""

FOLDERS = (
    "gas",
    "gas-pipelines",
    "individual-routes/gas-pipelines",
    "data/individual-routes/gas-pipelines",
)
ROUTE_FILE = re.compile(r"P\d{4,}\.geojson")
SIDE_FILE = re.compile(r"(P\d{4,})\D.*")
LONLAT = re.compile(r"CRS84|EPSG:+4326", re.IGNORECASE)


# --- reading --------------------------------------------------------------------------------------


@dataclass
class _Lines:
    """Flat arrays of all lines read so far, and what each project is made of."""

    coords: list[np.ndarray] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


@checked
def read_folder(path: str | os.PathLike[str], edition: str | None = None) -> gpd.GeoDataFrame:
    """Read every route of Global Energy Monitor's folder of gas pipelines.

    Parameters
    ----------
    path : path
        The folder with the files ``P0001.geojson``, or one that holds it, such as a checkout of
        the whole repository.
    edition : str, optional
        Edition to credit; default what the folder's name tells.

    Returns
    -------
    GeoDataFrame, index ``project``, EPSG:4326
        ``geometry`` (LineString, MultiLineString, or None where GEM drew no route), ``parts``,
        ``vertices`` and ``note`` (what was odd about the file, empty if nothing). Lines are as GEM
        drew them: unsorted, reversed and repeated pieces included. In ``attrs``: ``faults`` (a
        sentence for each file that could not be used), ``skipped`` (files that hold no routes),
        ``edition``, ``attribution`` and ``source`` (the folder).

    Raises
    ------
    FormatError
        If there is no such folder or no route in it.

    Examples
    --------
    >>> folder = Path("gem")
    >>> folder.mkdir()
    >>> line = {"type": "LineString", "coordinates": [[10, 50], [11, 51]]}
    >>> shape = {"type": "Feature", "properties": {}, "geometry": line}
    >>> _ = (folder / "P0001.geojson").write_bytes(orjson.dumps(
    ...     {"type": "FeatureCollection", "features": [shape]}))
    >>> read_folder(folder).index.tolist()
    ['P0001']
    """
    folder = _route_folder(Path(path))
    names = sorted(file.name for file in folder.iterdir())
    files = [name for name in names if ROUTE_FILE.fullmatch(name)]
    lines = _Lines()
    with collector_paused():
        for name in files:
            _read_file(folder / name, lines)
    gdf = _frame([name.removesuffix(".geojson") for name in files], lines)
    _refuse_outside(gdf, lines.faults)
    gdf = _with_side_files(gdf, [name for name in names if name not in set(files)])
    edition = edition_of(path) if edition is None else edition
    gdf.attrs |= {"faults": lines.faults, "edition": edition, "attribution": credit(edition),
                  "source": str(folder)}  # fmt: skip
    return gdf


def _route_folder(path: Path) -> Path:
    if not path.is_dir():
        what = "is a file" if path.exists() else "does not exist"
        raise FormatError(
            f"'{path}' {what}; Global Energy Monitor's folder of gas routes is expected. "
            "Unpack its files and point to the folder gas/ that holds P*.geojson."
        )
    for folder in (path, *(path / name for name in FOLDERS)):
        if folder.is_dir() and any(ROUTE_FILE.fullmatch(file.name) for file in folder.iterdir()):
            return folder
    raise FormatError(
        f"'{path}' is not a GEM route folder: no P*.geojson file in it; unpack Global Energy "
        "Monitor's routes and point to the folder gas/ (data/individual-routes/gas-pipelines)."
    )


LARGEST_FILE = 64 * 2**20
"""Most bytes of the lines of one project; the largest of the release have 2 MB."""


def _read_file(file: Path, lines: _Lines) -> None:
    """Add the lines of one file; a broken one leaves a project without a route, and a fault."""
    words: list[str] = []
    arrays: list[np.ndarray] = []
    try:
        if not file.is_file() or file.stat().st_size > LARGEST_FILE:
            raise ValueError(f"no plain file of at most {LARGEST_FILE // 2**20} MB")
        content = orjson.loads(file.read_bytes())
        _check_crs(content)
        arrays = _arrays(_geometries(content, words), words)
    except (ValueError, TypeError, KeyError) as error:  # JSONDecodeError is a ValueError
        lines.faults.append(f"{file.name}: {_reason(error)}")
        words = ["broken file"]
    lines.coords += arrays
    lines.sizes += map(len, arrays)
    lines.counts.append(len(arrays))
    lines.notes.append(_note(words, arrays))


def _reason(error: Exception) -> str:
    if isinstance(error, orjson.JSONDecodeError):
        return f"not JSON: {error}"
    return f"member {error} is missing" if isinstance(error, KeyError) else str(error)


def _check_crs(content: Any) -> None:
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise ValueError("not GeoJSON: an object with a 'type' expected")
    crs = content.get("crs")
    if crs and not LONLAT.search(str(crs)):
        raise ValueError(f"crs {crs!r:.80} is not longitude and latitude on WGS 84")


def _geometries(content: dict[str, Any], words: list[str]) -> list[dict[str, Any]]:
    """Give the geometries of a collection, a bare Feature or a bare geometry."""
    if content["type"] == "FeatureCollection":
        found = [feature["geometry"] for feature in content["features"]]
    elif content["type"] == "Feature":
        words.append("bare Feature")
        found = [content["geometry"]]
    else:
        words.append("bare geometry")
        found = [content]
    return [geometry for geometry in found if geometry is not None]


def _arrays(geometries: Iterable[dict[str, Any]], words: list[str]) -> list[np.ndarray]:
    arrays = []
    for positions in _positions(geometries, words):
        if len(positions) < 2:
            words.append("empty part dropped" if not positions else "one-vertex part dropped")
            continue
        arrays.append(_array(positions, words))
    return arrays


def _positions(
    geometries: Iterable[dict[str, Any]], words: list[str]
) -> Iterator[list[list[float]]]:
    """Yield the list of positions of every line."""
    for geometry in geometries:
        kind = geometry["type"]
        if kind == "LineString":
            yield geometry["coordinates"]
        elif kind == "MultiLineString":
            yield from geometry["coordinates"]
        elif kind == "GeometryCollection":
            words.append("geometry collection")
            yield from _positions(geometry["geometries"], words)
        else:
            words.append(f"{kind} left out")


def _array(positions: list[list[float]], words: list[str]) -> np.ndarray:
    width = len(positions[0])
    flat = np.fromiter(chain.from_iterable(positions), dtype=float)
    if width == 2 and len(flat) == 2 * len(positions):
        return flat.reshape(-1, 2)
    words.append("heights dropped")
    return np.array([position[:2] for position in positions], dtype=float)


def _note(words: list[str], arrays: Sequence[np.ndarray]) -> str:
    if not arrays:
        words = [*words, "no route"]
    if len(arrays) > 1:
        repeated = len(arrays) - len({min(line.tobytes(), line[::-1].tobytes()) for line in arrays})
        words = [*words, *["repeated line"] * repeated]
    unique = dict.fromkeys(words)
    return "; ".join(f"{words.count(w)} x {w}" if words.count(w) > 1 else w for w in unique)


def _frame(projects: list[str], lines: _Lines) -> gpd.GeoDataFrame:
    counts, sizes = np.array(lines.counts), np.array(lines.sizes, dtype=int)
    coords = np.concatenate(lines.coords) if lines.coords else np.empty((0, 2))
    single = shapely.linestrings(coords, indices=np.repeat(np.arange(len(sizes)), sizes))
    owner = np.repeat(np.arange(len(counts)), counts)
    geometry = np.full(len(counts), None, dtype=object)
    one, many = counts[owner] == 1, counts[owner] > 1
    geometry[owner[one]] = single[one]
    if many.any():
        rows, group = np.unique(owner[many], return_inverse=True)
        geometry[rows] = shapely.multilinestrings(single[many], indices=group)
    vertices = np.bincount(owner, weights=sizes, minlength=len(counts)).astype(int)
    return gpd.GeoDataFrame(
        {"parts": counts, "vertices": vertices, "note": pd.array(lines.notes, dtype="str")},
        geometry=geometry,
        index=pd.Index(projects, name="project", dtype="str"),
        crs="EPSG:4326",
    )[["geometry", "parts", "vertices", "note"]]


def _refuse_outside(gdf: gpd.GeoDataFrame, faults: list[str]) -> None:
    """Take the geometry from projects whose coordinates are no longitudes and latitudes."""
    coords, row = shapely.get_coordinates(gdf.geometry.values, return_index=True)
    bad = ~(np.abs(coords) <= (180, 90)).all(axis=1)
    for i in np.unique(row[bad]):
        lon, lat = coords[bad & (row == i)][0]
        project = gdf.index[i]
        faults.append(
            f"{project}.geojson: position ({lon:g}, {lat:g}) is out of range; longitude -180..180 "
            "and latitude -90..90 expected"
        )
        gdf.loc[project, "geometry"] = None
        gdf.loc[project, ["parts", "vertices"]] = 0
        gdf.loc[project, "note"] = "broken file; no route"


def _with_side_files(gdf: gpd.GeoDataFrame, others: list[str]) -> gpd.GeoDataFrame:
    """Note files such as P0151-compressor-stations.geojson with their project; list them all."""
    gdf.attrs["skipped"] = others
    for name in others:
        match = SIDE_FILE.fullmatch(name)
        if not match:
            continue
        project = match[1]
        if project not in gdf.index:
            gdf.loc[project] = [None, 0, 0, "no route file"]
        gdf.loc[project, "note"] = "; ".join(
            filter(None, [gdf.loc[project, "note"], f"see {name}"])
        )
    return gdf.sort_index()


# --- replacing our lines --------------------------------------------------------------------------


@checked
def replace(
    routes: gpd.GeoDataFrame,
    gem: gpd.GeoDataFrame,
    gem_ids: Mapping[str, Sequence[str]],
    known: gpd.GeoSeries | None = None,
) -> gpd.GeoDataFrame:
    """Put Global Energy Monitor's lines in place of ours where they are better.

    The lines of the named projects are taken together, repeated strings once, and followed from
    the start of our line to its end; branches and what lies beyond the ends stay out. The result
    is taken if both ends lie within `END_KM` of ours, nine tenths of either line within `NEAR_KM`
    of the other and all of it within `FAR_KM`, its length is plausible (`LENGTH_RATIO`), and it
    has more bends than ours.

    Parameters
    ----------
    routes : GeoDataFrame
        As `geodata.routes.load` gives it: index ``route``, columns ``accuracy``,
        ``geometry_source``, ``length_km``, ``note``, ``geometry``.
    gem : GeoDataFrame
        As `read_folder` gives it.
    gem_ids : mapping of route to list of str
        Projects that make up each route. Routes that are missing here stay as they are.
    known : GeoSeries, index ``route``, optional
        Our lines through known places alone, by which our bends are counted: those that are drawn
        to make a line as long as published (`geodata.bends`) are no knowledge. Default `routes`.

    Returns
    -------
    GeoDataFrame
        Same rows and columns; replaced rows have accuracy ``traced`` and geometry_source ``gem``,
        kept ones say in ``note`` why GEM's line was not used. ``attrs["report"]`` is a frame with
        index ``route`` and ``action`` (replaced, kept), ``reason``, ``old_km``, ``new_km``;
        ``attrs["attribution"]`` is set if anything was replaced.

    Raises
    ------
    GeometryError
        If `gem_ids` names routes that do not exist.
    """
    unknown = sorted(set(gem_ids) - set(routes.index))
    if unknown:
        raise GeometryError(f"gem_ids names unknown routes: {', '.join(unknown[:5])}.")
    result = routes.copy()
    report = []
    for route, ours in routes.geometry.items():
        own = ours if known is None else known.get(route, ours)
        line, reason = _candidate(str(route), ours, own, gem, gem_ids.get(str(route), ()))
        report.append(_report_row(str(route), ours, line, reason))
        _set_row(result, route, line, reason)
    result.attrs["report"] = pd.DataFrame(report).set_index("route")
    if (result["geometry_source"] == "gem").any():
        result.attrs["attribution"] = credit(gem.attrs.get("edition", ""))
    return result


def _candidate(
    route: str,
    ours: BaseGeometry,
    known: BaseGeometry,
    gem: gpd.GeoDataFrame,
    projects: Sequence[str],
) -> tuple[BaseGeometry | None, str]:
    """Give GEM's line if it is to be used, and the reason for using it or not."""
    if route in NEVER:
        return None, NEVER[route]
    if not projects:
        return None, NO_LINE
    lines = [gem.geometry[p] for p in projects if p in gem.index and gem.geometry[p] is not None]
    if not lines:
        return None, f"GEM has no geometry for {', '.join(projects)}"
    try:
        line = trace(lines, *ends(ours))
    except GeometryError as error:
        return None, str(error).rstrip(".")
    fault = _worse(line, ours, known)
    told = _in_words(gem.attrs.get("edition", ""))
    return (None, fault) if fault else (line, f"Global Energy Monitor {', '.join(projects)}{told}")


def _worse(line: BaseGeometry, ours: BaseGeometry, known: BaseGeometry) -> str:
    """Say why a line is no better than ours; empty if it is."""
    for place, here, there in zip(("start", "end"), ends(line), ends(ours), strict=True):
        apart = distance_km(here, there)
        if apart > END_KM:
            return f"its {place} is {apart:.0f} km from ours (at most {END_KM:.0f})"
    away = [deviation_km(line, ours), deviation_km(ours, line)]
    near, far = max(np.quantile(a, 0.9) for a in away), max(a.max() for a in away)
    if near > NEAR_KM or far > FAR_KM:
        return (
            f"it strays from ours: a tenth lies beyond {near:.0f} km, the farthest place "
            f"{far:.0f} km off (at most {NEAR_KM:.0f} and {FAR_KM:.0f})"
        )
    ratio = length_km(line) / length_km(ours)
    if not LENGTH_RATIO[0] <= ratio <= LENGTH_RATIO[1]:
        return f"its length is {ratio:.2f} of ours ({LENGTH_RATIO[0]} to {LENGTH_RATIO[1]})"
    bends, own = _bends(line), _bends(known)
    return "" if bends > own else f"it has {bends} bends, ours {own}"


def _bends(geom: BaseGeometry) -> int:
    return int(shapely.get_num_coordinates(simplify(geom, DETAIL_DEG)))


def _report_row(
    route: str, ours: BaseGeometry, line: BaseGeometry | None, reason: str
) -> dict[str, Any]:
    return {
        "route": route,
        "action": "kept" if line is None else "replaced",
        "reason": reason,
        "old_km": round(length_km(ours), 1),
        "new_km": round(length_km(ours if line is None else line), 1),
    }


def _set_row(result: gpd.GeoDataFrame, route: Any, line: BaseGeometry | None, reason: str) -> None:
    if line is not None:
        # The old note is about the old line.
        result.loc[route, "note"] = f"Line of {reason}."
        result.loc[route, ["accuracy", "geometry_source"]] = ["traced", "gem"]
        result.loc[route, "length_km"] = round(length_km(line), 1)
        result.loc[[route], "geometry"] = gpd.GeoSeries([line], index=[route], crs=result.crs)
    elif reason != NO_LINE:
        before = result.loc[route, "note"]
        words = [before] if isinstance(before, str) and before else []
        result.loc[route, "note"] = " ".join([*words, f"GEM line not used: {reason}."])
