"""Every pipeline in the world on one page: thousands of lines, packed, thinned by zoom, on a canvas.

The lines come from the user's own folder of Global Energy Monitor (:mod:`geodata.gem`). Three
copies of the lines, for far, middle and near, each small enough to be drawn at once; the page
unpacks a copy when it is first needed. How it is drawn stands in ``static/world*.js``.
"""

from __future__ import annotations

import base64
import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from branca.element import Element

from geodata import basemap
from geodata.draw.assets import static
from geodata.draw.offline import OfflineMap
from geodata.draw.pieces import Basemap, Piece, Title
from geodata.errors import FormatError, GeometryError
from geodata.gem import credit
from geodata.geometry import cut_antimeridian

__all__ = ["TIERS", "Tier", "WorldLines", "build", "pack", "read_attributes", "thin"]


@dataclass(frozen=True)
class Tier:
    """One copy of the lines.

    Attributes
    ----------
    tolerance : float
        Farthest that a left-out vertex may lie from the line, degrees.
    decimals : int
        Decimals of the coordinates.
    zoom : float
        Largest zoom at which the copy is drawn.

    Examples
    --------
    >>> Tier(tolerance=0.01, decimals=2, zoom=6).decimals
    2
    """

    tolerance: float
    decimals: int
    zoom: float


TIERS = (Tier(0.05, 3, 4.5), Tier(0.005, 4, 7.5), Tier(0.0002, 5, 99))
"""Each tolerance is about half a pixel at the largest zoom of its copy; 20 m at the nearest."""

MEET = 5  # decimals at which two vertices are one place, about 1 m
STATUSES = [  # key, text, colour by day and night (Okabe and Ito), dash, statuses it stands for
    ("operating", "Operating", "#0072B2", "#56B4E9", [], ["operating"]),
    ("construction", "Under construction", "#B87900", "#E69F00", [10, 4], ["construction"]),
    ("proposed", "Proposed", "#B0558A", "#CC79A7", [4, 4], ["proposed"]),
    ("idle", "Idle or mothballed", "#D55E00", "#E8743B", [], ["idle", "mothballed"]),
    ("cancelled", "Cancelled, shelved or retired", "#7F7F7F", "#8F979D", [1, 4],
     ["cancelled", "shelved", "retired"]),
    ("unknown", "Status not given", "#5B6B75", "#93A1AB", [], []),
]  # fmt: skip
SCRIPTS = (
    "world-pack.js",
    "world-drawn.js",
    "world-canvas.js",
    "world-panel.js",
    "world-search.js",
    "world.js",
)  # each needs those before it
COLUMNS = {  # our column -> names of it in the tables that Global Energy Monitor has published
    "project": ("project", "ProjectID", "pid", "id"),
    "name": ("name", "PipelineName"),
    "segment": ("segment", "unit-name", "SegmentName"),
    "status": ("status", "Status"),
    "countries": ("countries", "areas", "Countries", "CountriesOrAreas"),
    "owner": ("owner", "Owner", "Parent"),
    "capacity": ("CapacityBcm/y", "capacity-table", "capacity"),
    "start": ("start", "start-year", "StartYear1"),
    "url": ("url", "Wiki"),
}
FACTS = {"countries": "Countries", "owner": "Owner", "capacity": "Capacity", "start": "Start year"}
UNITS = {"CapacityBcm/y": " bcm/yr"}  # columns that hold a bare number
NOTHING = {"", "--", "nan", "none", "unknown", "not found"}


# --- the page -------------------------------------------------------------------------------------


def build(
    gem_frame: gpd.GeoDataFrame,
    attributes: pd.DataFrame | None = None,
    *,
    title: str = "Gas pipelines of the world",
    tiers: Sequence[Tier] = TIERS,
    attribution: str | None = None,
) -> OfflineMap:
    """Build the map of all pipelines: one self-contained page that needs no network.

    Parameters
    ----------
    gem_frame : GeoDataFrame, EPSG:4326
        Index project id; lines, None where there is no route; as `geodata.gem.read_folder` gives it.
    attributes : DataFrame, optional
        Index project id; any of ``name, segment, status, countries, owner, capacity, start, url``,
        see `read_attributes`. Projects it lacks keep their id as name, status not given.
    title : str
        Heading of the page.
    tiers : sequence of Tier
        Copies of the lines, far to near.
    attribution : str, optional
        Shown on the map at all times; default the credit of the frame's edition.

    Returns
    -------
    OfflineMap
        A folium map; ``save`` writes the page.

    Raises
    ------
    FormatError
        If there is no line, or the frame is in another CRS.
    GeometryError
        If a geometry is not a line, or a coordinate is not finite or out of range.
    """
    made = OfflineMap(title=title, location=[25, 15], zoom_start=2, min_zoom=1, max_zoom=13,
                      zoom_control="topright", zoom_snap=0.25, zoom_delta=0.5)  # fmt: skip
    lines = WorldLines(gem_frame, attributes, tiers, attribution)
    made.add_child(Title(title, lines.summary))
    made.add_child(lines)
    made.add_child(Ground())
    return made


class Ground(Basemap):
    """Land, borders and country names, drawn on the canvas of the lines; after `WorldLines`."""

    call = "ground"
    scripts = Piece.scripts


class WorldLines(Piece):
    """Thousands of lines on one canvas, with hover, search, filter by status and a panel.

    Parameters
    ----------
    gem_frame, attributes, tiers, attribution
        As for `build`.
    """

    call = "world"

    def __init__(
        self,
        gem_frame: gpd.GeoDataFrame,
        attributes: pd.DataFrame | None = None,
        tiers: Sequence[Tier] = TIERS,
        attribution: str | None = None,
    ):
        _check(gem_frame, tiers)
        attribution = attribution or gem_frame.attrs.get("attribution", credit())
        coords, sizes, owners = _lines(gem_frame)
        known = _attributes(gem_frame, attributes)
        drawn = len(np.unique(owners))
        self.summary = f"{drawn:,} lines drawn of {len(gem_frame):,} projects"
        super().__init__(
            {
                "tiers": list(_packed(coords, sizes, owners, tiers)),
                "table": _text(gzip.compress(orjson.dumps(_table(gem_frame, known)), 9, mtime=0)),
                "statuses": _legend(known),
                "bounds": _whole(coords),
                "attribution": attribution.rstrip("."),
                "summary": self.summary,
            }
        )

    def render(self, **kwargs: Any) -> str:
        """Put our script and style behind those of the other pieces."""
        super().render(**kwargs)
        head = self.get_root().header  # type: ignore[attr-defined]  # a Figure, as Piece has checked
        for name in (*SCRIPTS, "world.css"):
            tag = "style" if name.endswith(".css") else "script"
            # Raw: what stands between the tags is not a template, whatever braces it holds.
            text = f"<{tag}>{{% raw %}}{static(name)}{{% endraw %}}</{tag}>"
            head.add_child(Element(text), name=f"geodraw_{name}")
        return ""


def _check(frame: gpd.GeoDataFrame, tiers: Sequence[Tier]) -> None:
    if frame.crs is None or frame.crs.to_epsg() != 4326:
        raise FormatError(
            f"The lines are in {frame.crs or 'no CRS'}; expected EPSG:4326: use to_crs(4326)."
        )
    twice = frame.index[frame.index.duplicated()]
    if len(twice):
        raise FormatError(f"Project {twice[0]!r} stands twice; ids must be unique.")
    shapes = frame.geometry.to_numpy()
    if not (~(shapely.is_missing(shapes) | shapely.is_empty(shapes))).any():
        raise FormatError(
            f"None of {len(frame)} projects has a line; read Global Energy Monitor's folder with"
            " geodata.gem.read_folder."
        )
    if not tiers or [t.zoom for t in tiers] != sorted(t.zoom for t in tiers):
        raise FormatError("tiers must hold at least one Tier, in the order of their zoom.")
    _check_lines(frame, shapes)


def _check_lines(frame: gpd.GeoDataFrame, shapes: np.ndarray) -> None:
    kinds = shapely.get_type_id(shapes)
    wrong = np.flatnonzero(~np.isin(kinds, [-1, 1, 5]))
    if len(wrong):
        raise GeometryError(
            f"Project {frame.index[wrong[0]]!r} has a {shapes[wrong[0]].geom_type}; lines are expected."
        )
    coords, row = shapely.get_coordinates(shapes, return_index=True)
    bad = np.flatnonzero(~(np.abs(coords) <= [180, 90]).all(axis=1))  # NaN fails too
    if len(bad):
        x, y = coords[bad[0]]
        raise GeometryError(
            f"Project {frame.index[row[bad[0]]]!r} has a vertex at longitude {x:g}, latitude {y:g};"
            " expected numbers within 180 and 90 degrees."
        )


def _packed(
    coords: np.ndarray, sizes: np.ndarray, owners: np.ndarray, tiers: Sequence[Tier]
) -> Iterable[dict[str, Any]]:
    fixed = _fixed(coords, sizes)
    for tier in tiers:
        kept = thin(coords, sizes, fixed, tier.tolerance)
        left = np.add.reduceat(kept, _starts(sizes)).astype(int)
        content = pack(coords[kept], left, owners, tier.decimals)
        blob = _text(gzip.compress(content, 9, mtime=0))
        yield {"zoom": tier.zoom, "decimals": tier.decimals, "blob": blob}


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


# --- lines ----------------------------------------------------------------------------------------


def _lines(frame: gpd.GeoDataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return vertices (n, 2), vertices of each part, row of each part in the frame.

    Parts of a project that follow each other are joined: Global Energy Monitor cuts some lines into
    thousands of pieces. Lines over the antimeridian are cut there.
    """
    shapes = np.array([None if s is None else s for s in frame.geometry], dtype=object)
    shapes = shapely.line_merge(shapely.force_2d(shapes))
    parts, owners = shapely.get_parts(shapes, return_index=True)
    parts, owners = _cut(parts[~shapely.is_empty(parts)], owners[~shapely.is_empty(parts)])
    return shapely.get_coordinates(parts), shapely.get_num_coordinates(parts), owners


def _cut(parts: np.ndarray, owners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    coords, row = shapely.get_coordinates(parts, return_index=True)
    jump = (np.abs(np.diff(coords[:, 0])) > 180) & (row[1:] == row[:-1])
    wide = np.unique(row[1:][jump])
    if not len(wide):
        return parts, owners
    shapes = parts.copy()
    shapes[wide] = [cut_antimeridian(part) for part in parts[wide]]
    pieces, origin = shapely.get_parts(shapes, return_index=True)
    return pieces, owners[origin]


def _starts(sizes: np.ndarray) -> np.ndarray:
    begins: np.ndarray = np.cumsum(sizes) - sizes
    return begins


def _fixed(coords: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Mark the vertices that no simplification may drop, (n,) bool.

    These are the ends of every part, vertices where another part ends, and the vertices on either
    side of a national border, so that lines still meet whatever the zoom.
    """
    starts = _starts(sizes)
    fixed = np.zeros(len(coords), dtype=bool)
    fixed[starts] = fixed[starts + sizes - 1] = True
    places = np.round(coords * 10**MEET).astype(np.int64) @ [1 << 32, 1]
    fixed |= np.isin(places, places[fixed])
    fixed[_border_vertices(coords, sizes)] = True
    return fixed


def _border_vertices(coords: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Find the vertices before and after a line crosses a border of the basemap."""
    features = basemap.load()["borders"]["features"]
    borders = shapely.get_parts([shapely.geometry.shape(f["geometry"]) for f in features])
    parts = shapely.linestrings(coords, indices=np.repeat(np.arange(len(sizes)), sizes))
    crossing = np.unique(shapely.STRtree(borders).query(parts, predicate="intersects")[0])
    inside = np.repeat(np.isin(np.arange(len(sizes)), crossing), sizes)
    last = np.zeros(len(coords), dtype=bool)
    last[_starts(sizes) + sizes - 1] = True
    first = np.flatnonzero(inside & ~last)  # each segment by the number of its first vertex
    segments = shapely.linestrings(np.stack([coords[first], coords[first + 1]], axis=1))
    found = first[np.unique(shapely.STRtree(segments).query(borders, predicate="intersects")[1])]
    return np.unique([found, found + 1])


def thin(coords: np.ndarray, sizes: np.ndarray, fixed: np.ndarray, tolerance: float) -> np.ndarray:
    """Choose the vertices that stay when lines are simplified (Douglas and Peucker).

    Parameters
    ----------
    coords : ndarray, (n, 2)
        Vertices of all parts, one part after another.
    sizes : ndarray, (m,)
        Vertices of each part, at least 2.
    fixed : ndarray of bool, (n,)
        Vertices that must stay; the ends of parts always do.
    tolerance : float
        Degrees.

    Returns
    -------
    ndarray of bool, (n,)

    Examples
    --------
    >>> line = np.array([(0, 0), (1, 0.01), (2, 0), (3, 0.01), (4, 0)])
    >>> thin(line, np.array([5]), np.arange(5) == 3, 0.1).tolist()
    [True, False, False, True, True]
    """
    starts = _starts(sizes)
    kept = fixed.copy()
    kept[starts] = kept[starts + sizes - 1] = True
    inner = kept.copy()
    inner[starts] = inner[starts + sizes - 1] = False
    # Cut at the fixed vertices: each stands twice, as end and as start. The number of the vertex
    # travels as z, so that what is left can be told without comparing coordinates.
    numbers = np.repeat(np.arange(len(coords)), 1 + inner)
    begins = np.diff(numbers, prepend=-1) == 0  # the second of two equal numbers
    piece = np.cumsum(begins | np.isin(numbers, starts)) - 1
    lines = shapely.linestrings(np.column_stack([coords[numbers], numbers]), indices=piece)
    thinned = shapely.simplify(lines, tolerance, preserve_topology=False)
    kept[shapely.get_coordinates(thinned, include_z=True)[:, 2].astype(int)] = True
    return kept


def _whole(coords: np.ndarray) -> list[list[float]]:
    west, south = coords.min(axis=0).tolist()
    east, north = coords.max(axis=0).tolist()
    return [[round(south, 2), round(west, 2)], [round(north, 2), round(east, 2)]]


# --- packing --------------------------------------------------------------------------------------


def pack(coords: np.ndarray, sizes: np.ndarray, owners: np.ndarray, decimals: int) -> bytes:
    """Write lines as one string of variable-length numbers.

    Parameters
    ----------
    coords : ndarray, (n, 2)
        Longitude and latitude of all parts, one part after another.
    sizes : ndarray, (m,)
        Vertices of each part.
    owners : ndarray, (m,)
        Row that each part belongs to.
    decimals : int
        Decimals that are kept; vertices that fall together are dropped, but for the last.

    Returns
    -------
    bytes
        Number of parts; vertices of each; difference of the owner to that of the part before;
        then x and y of each vertex as steps of ``10**-decimals`` degrees from the vertex before it.
        All as varints (seven bits a byte, low ones first), the differences zig-zag coded.

    Examples
    --------
    >>> pack(np.array([(1.0, 2.0), (1.1, 1.9)]), np.array([2]), np.array([0]), 1).hex(" ")
    '01 02 00 14 28 02 01'
    """
    points = np.round(coords * 10.0**decimals).astype(np.int64)
    first = np.zeros(len(points), dtype=bool)
    first[_starts(sizes)] = True
    last = np.roll(first, -1)
    moved = np.any(np.diff(points, axis=0, prepend=points[:1]) != 0, axis=1)
    kept = first | last | moved
    left = np.add.reduceat(kept, _starts(sizes)).astype(np.int64)
    steps = np.diff(points[kept], axis=0, prepend=[[0, 0]])
    numbers = [
        np.array([len(sizes)]),
        left,
        _zigzag(np.diff(owners, prepend=0)),
        _zigzag(steps).ravel(),
    ]
    return _varints(np.concatenate(numbers))


def _zigzag(values: np.ndarray) -> np.ndarray:
    """Turn signs into the lowest bit: 0, -1, 1, -2 become 0, 1, 2, 3."""
    wide = values.astype(np.int64)
    return (wide << 1) ^ (wide >> 63)


def _varints(values: np.ndarray) -> bytes:
    shifts = np.arange(5) * 7  # 35 bits: 360 degrees at 7 decimals
    groups = (values[:, None] >> shifts) & 127
    length = 1 + (values[:, None] >= (1 << shifts[1:])).sum(axis=1)
    place = np.arange(5)
    more = (place < length[:, None] - 1) << 7
    packed: np.ndarray = (groups | more).astype(np.uint8)[place < length[:, None]]
    return packed.tobytes()


# --- what is known of a project -------------------------------------------------------------------


def read_attributes(path: str | Path) -> pd.DataFrame:
    """Read a table of projects as Global Energy Monitor has published it: CSV or Excel.

    Parameters
    ----------
    path : path
        ``.csv`` (comma, semicolon or tab) or ``.xlsx``; of a workbook the first sheet that has the
        columns.

    Returns
    -------
    DataFrame, index ``project``
        ``name, segment, status, countries, owner, capacity, start, url`` as texts, empty where not
        known; the last of several rows of a project wins.

    Raises
    ------
    FormatError
        If the file is missing, cannot be read, or has no column of project ids or names.

    Examples
    --------
    >>> read_attributes("no-such.csv")
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: 'no-such.csv' is not a file; a CSV or Excel table of projects is expected.
    """
    file = Path(path)
    if not file.is_file():
        raise FormatError(f"'{path}' is not a file; a CSV or Excel table of projects is expected.")
    try:
        tables = _workbook(file) if file.suffix.lower() in (".xlsx", ".xlsm") else [_csv(file)]
    except ImportError as error:
        raise FormatError(
            f"Reading '{path}' needs the package openpyxl: pip install openpyxl, or save the sheet"
            " as CSV."
        ) from error
    except (ValueError, OSError, KeyError, pd.errors.ParserError) as error:
        raise FormatError(f"'{path}' cannot be read as a table: {error}.") from error
    for table in tables:
        found = {ours: _column(table, names) for ours, names in COLUMNS.items()}
        if found["project"] and found["name"]:
            return _tidy(table, found)
    columns = ", ".join(map(str, tables[0].columns[:8])) if tables else "none"
    raise FormatError(
        f"'{path}' has no columns of project ids and names (columns: {columns}). Expected"
        f" {' or '.join(COLUMNS['project'])}, and {' or '.join(COLUMNS['name'])}."
    )


def _csv(file: Path) -> pd.DataFrame:
    with file.open(encoding="utf-8-sig", errors="replace") as lines:
        head = lines.readline()
    mark = max(",;\t", key=head.count)
    wanted = {name for names in COLUMNS.values() for name in names}
    table = pd.read_csv(file, sep=mark, dtype=str, keep_default_na=False, nrows=0)
    some = [name for name in table.columns if name in wanted] or list(table.columns)
    return pd.read_csv(file, sep=mark, dtype=str, keep_default_na=False, usecols=some)


def _workbook(file: Path) -> list[pd.DataFrame]:
    return list(pd.read_excel(file, sheet_name=None, dtype=str, keep_default_na=False).values())


def _column(table: pd.DataFrame, names: Iterable[str]) -> str:
    return next((name for name in names if name in table.columns), "")


def _tidy(table: pd.DataFrame, found: Mapping[str, str]) -> pd.DataFrame:
    columns = {
        ours: _texts(table[theirs], UNITS.get(theirs, ""))
        for ours, theirs in found.items()
        if theirs
    }
    frame = pd.DataFrame(columns).drop_duplicates("project", keep="last").set_index("project")
    if "capacity" in frame:  # a bare number says nothing: no capacity without its unit
        frame["capacity"] = frame["capacity"].where(frame["capacity"].str.contains("[a-z]"), "")
    frame["start"] = frame.get("start", pd.Series("", index=frame.index)).str.removesuffix(".0")
    return frame.reindex(columns=[name for name in COLUMNS if name != "project"], fill_value="")


def _texts(column: pd.Series, unit: str) -> list[str]:
    return [word + unit if word else "" for word in map(_word, column)]


def _word(value: Any) -> str:
    text = "" if value is None else " ".join(str(value).split()).strip(" ;")
    return "" if text.lower() in NOTHING else text


def _attributes(frame: gpd.GeoDataFrame, attributes: pd.DataFrame | None) -> pd.DataFrame:
    """Return one row a project with every column as text."""
    names = [name for name in COLUMNS if name != "project"]
    if attributes is None:
        return pd.DataFrame("", index=frame.index, columns=names)
    twice = attributes.index[attributes.index.duplicated()]
    if len(twice):
        raise FormatError(f"attributes has project {twice[0]!r} twice; ids must be unique.")
    known = attributes.reindex(index=frame.index, columns=names)
    return known.map(lambda v: "" if pd.isna(v) else _word(v))


def _group(status: str) -> int:
    """Number the group of `STATUSES` that a status belongs to.

    >>> _group("Mothballed"), _group("")
    (3, 5)
    """
    members = [group[5] for group in STATUSES]
    word = status.lower()
    return next((i for i, words in enumerate(members) if word in words), len(STATUSES) - 1)


def _legend(known: pd.DataFrame) -> list[dict[str, Any]]:
    count = known["status"].map(_group).value_counts()
    return [
        {"key": key, "label": label, "day": day, "night": night, "dash": dash,
         "count": int(count.get(i, 0))}
        for i, (key, label, day, night, dash, _) in enumerate(STATUSES)
    ]  # fmt: skip


def _table(frame: gpd.GeoDataFrame, known: pd.DataFrame) -> dict[str, Any]:
    """Gather what the panel says, column by column, one entry a project."""
    segment = known["segment"]
    name = known["name"].where(known["name"] != "", frame.index.to_series().astype(str))
    notes = frame["note"] if "note" in frame else pd.Series("", index=frame.index)
    boxes = np.round(shapely.bounds(frame.geometry.to_numpy()), 2)
    return {
        "ids": frame.index.astype(str).tolist(),
        "names": (name + (", " + segment).where(segment != "", "")).tolist(),
        "groups": known["status"].map(_group).tolist(),
        "statuses": known["status"].tolist(),
        "facts": {label: known[column].tolist() for column, label in FACTS.items()
                  if (known[column] != "").any()},
        "urls": known["url"].tolist(),
        "notes": notes.fillna("").astype(str).tolist(),
        "km": [None if np.isnan(km) else int(km) for km in _kilometres(frame)],
        "boxes": [None if np.isnan(box).any() else box.tolist() for box in boxes],
    }  # fmt: skip


def _kilometres(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Measure each project's lines on a sphere, km; NaN where there is no line."""
    shapes = frame.geometry.to_numpy()
    parts, owner = shapely.get_parts(shapes, return_index=True)
    coords, row = shapely.get_coordinates(parts, return_index=True)
    a, b = np.radians(coords[:-1]), np.radians(coords[1:])
    half = np.sin((b - a) / 2) ** 2
    arc = half[:, 1] + np.cos(a[:, 1]) * np.cos(b[:, 1]) * half[:, 0]
    step = 2 * 6371.0088 * np.arcsin(np.sqrt(np.minimum(arc, 1))) * (row[1:] == row[:-1])
    total = np.bincount(owner[row[1:]], step, minlength=len(shapes))
    return np.where(shapely.is_missing(shapes) | shapely.is_empty(shapes), np.nan, np.round(total))
