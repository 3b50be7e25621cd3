"""Files of geometry: GeoJSON (RFC 7946), GeoParquet, FlatGeobuf, GeoPackage: write and read.

The same frame always gives the same bytes, and a file appears whole or not at all. What the
layers hold is not decided here; `geodata.validation` judges what others wrote. Every writer wants
EPSG:4326 and refuses anything else.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely

from geodata.disk import collector_paused, existing
from geodata.errors import FormatError, checked
from geodata.geometry import cut_antimeridian
from geodata.validation import DEPTH, RESERVED, bbox, validate_geojson

__all__ = [
    "collector_paused",
    "read",
    "read_csv",
    "sha256",
    "validate_geojson",
    "write_flatgeobuf",
    "write_geojson",
    "write_geopackage",
    "write_geoparquet",
]

STAMP = "2000-01-01T00:00:00.000Z"
"""Stands wherever GeoPackage wants the time of writing, so that equal layers give equal bytes."""

SMALLEST = 2**26
"""Bytes free below which a driver that failed to write is held to have met a full disk."""

FLAT_TYPES = {
    "boolean": "boolean",
    "integer": "Int64",
    "floating": "float64",
    "mixed-integer-float": "float64",
}
"""Column types for columns of Python objects, by what pandas finds in them."""


# --- GeoJSON, writing -----------------------------------------------------------------------------


@checked
def write_geojson(
    gdf: gpd.GeoDataFrame,
    path: str | os.PathLike[str],
    *,
    decimals: int = 6,
    id: str | None = None,
    properties: Sequence[str] | None = None,
    meta: Mapping[str, Any] | None = None,
) -> Path:
    """Write a frame as GeoJSON to the letter of RFC 7946.

    No ``crs`` member, exterior rings counter-clockwise, cut at the antimeridian, a ``bbox`` of the
    collection (west > east where the data cross 180 degrees), one feature a line.

    Parameters
    ----------
    gdf : GeoDataFrame
        In EPSG:4326. Missing and empty geometries become null, heights are dropped.
    path : path
        Written beside its final place and moved there whole. Missing folders are made.
    decimals : int
        Decimals of the coordinates; six are about 0.1 m.
    id : str, optional
        Column or index level with the feature ids. By default the index, its levels joined by
        ``/``, unless it only counts the rows; then the features have no id.
    properties : sequence of str, optional
        Columns and named index levels to write, in this order. By default named index levels and
        then all columns. NaN and NaT become null, times ISO text (without the hour where a column
        holds midnights only), lists, dicts and arrays nested JSON.
    meta : mapping, optional
        Members for the collection itself, such as title, licence or attribution.

    Returns
    -------
    Path

    Raises
    ------
    FormatError
        If the frame has no CRS or another one, coordinates are not finite or out of range, ids
        repeat, a column is missing, or a value has no form in JSON.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    >>> read(write_geojson(lines, "lines.geojson"))["name"].tolist()
    ['a']
    """
    frame, ids = _table(gdf, id, properties)
    geometry = _prepared(gdf)
    coords, shapes = _json_shapes(geometry, decimals)
    head: dict[str, Any] = {"type": "FeatureCollection"}
    if len(coords):
        head["bbox"] = _layer_bbox(geometry, coords, decimals)
    head.update(_checked_meta(meta or {}))
    columns = {name: _json_values(column, name) for name, column in frame.items()}
    rows = zip(*columns.values(), strict=True) if columns else iter([()] * len(gdf))
    lines = (
        _dumps(_feature(key, dict(zip(columns, row, strict=True)), shape))
        for key, row, shape in zip(ids, rows, shapes, strict=True)
    )
    with _replacing(path) as temporary, temporary.open("wb") as file:
        file.write(_dumps(head)[:-1] + b',"features":[\n')
        file.write(next(lines, b""))
        file.writelines(b",\n" + line for line in lines)
        file.write(b"\n]}\n")
    return Path(path)


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)


def _feature(key: Any, properties: dict[str, Any], shape: dict[str, Any] | None) -> dict[str, Any]:
    feature: dict[str, Any] = {"type": "Feature"}
    if key is not None:
        feature["id"] = key
    return feature | {"properties": properties, "geometry": shape}


def _checked_meta(meta: Mapping[str, Any]) -> dict[str, Any]:
    taken = sorted(
        set(meta) & (RESERVED["FeatureCollection"] | {"type", "features", "bbox", "crs"})
    )
    if taken:
        raise FormatError(
            f"meta holds {', '.join(map(repr, taken))}, reserved by RFC 7946; "
            "give such members another name."
        )
    return {name: _plain(value, f"meta {name!r}") for name, value in meta.items()}


# --- what every writer needs ----------------------------------------------------------------------


def _prepared(gdf: gpd.GeoDataFrame) -> np.ndarray:
    """Check and normalise the geometry: flat, cut at 180 degrees, wound right; None if empty."""
    _check_crs(gdf)
    geometry: Any = np.array(gdf.geometry.values, dtype=object)
    if shapely.has_z(geometry).any():
        geometry = shapely.force_2d(geometry)
    geometry[shapely.is_empty(geometry)] = None
    coords, row = shapely.get_coordinates(geometry, return_index=True)
    _check_coordinates(coords, row, gdf.index)
    # a step between parts may be marked too, cutting minds the parts
    wide = (np.abs(np.diff(coords[:, 0])) > 180) & (row[1:] == row[:-1])
    for i in np.unique(row[1:][wide]):
        geometry[i] = cut_antimeridian(geometry[i])
    if (shapely.get_dimensions(geometry) == 2).any():
        geometry = shapely.orient_polygons(geometry, exterior_cw=False)
    clean: np.ndarray = geometry
    return clean


def _check_crs(gdf: gpd.GeoDataFrame) -> None:
    if not isinstance(gdf, gpd.GeoDataFrame):
        raise FormatError(f"A GeoDataFrame is expected, not a {type(gdf).__name__}.")
    if gdf.crs is None:
        raise FormatError(
            "The frame has no CRS; EPSG:4326 is expected. Say what it is with .set_crs(4326)."
        )
    if not gdf.crs.equals("EPSG:4326", ignore_axis_order=True):
        raise FormatError(
            f"The frame is in {gdf.crs.to_string()[:40]}; EPSG:4326 is expected. "
            "Reproject it with .to_crs(4326)."
        )


def _check_coordinates(coords: np.ndarray, row: np.ndarray, index: pd.Index) -> None:
    if not len(coords) or (np.abs(_extent(coords)) <= (180, 90, 180, 90)).all():
        return
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(coords) <= (180, 90)).all(axis=1)
    first, rows = int(bad.argmax()), np.unique(row[bad])
    lon, lat = coords[first]
    what = "out of range" if np.isfinite(coords[first]).all() else "not finite"
    names = ", ".join(repr(index[i]) for i in rows[:5])
    raise FormatError(
        f"Coordinates are {what} in {len(rows)} of {len(index)} rows ({names}), first "
        f"({lon:g}, {lat:g}); longitude -180..180 and latitude -90..90 expected."
    )


def _table(
    gdf: gpd.GeoDataFrame, id: str | None, properties: Sequence[str] | None
) -> tuple[dict[str, pd.Series], list[Any]]:
    """Give the columns to write by name, and one feature id (or None) a row."""
    _check_crs(gdf)
    columns = _columns(gdf)
    if id is not None:
        ids = _json_values(_pick(columns, id), id)
    elif isinstance(gdf.index, pd.RangeIndex) and gdf.index.name is None:
        ids = [None] * len(gdf)
    else:
        ids = _index_ids(gdf.index)
    if id is not None or any(key is not None for key in ids):
        _check_ids(ids)
    names = columns if properties is None else properties
    return {str(name): _pick(columns, name) for name in names}, ids


def _columns(gdf: gpd.GeoDataFrame) -> dict[str, pd.Series]:
    """Give named index levels and the columns, without the geometry."""
    levels = [name for name in gdf.index.names if name is not None]
    names = [*levels, *(c for c in gdf.columns if c != gdf.geometry.name)]
    twice = [name for name, count in Counter(map(str, names)).items() if count > 1]
    if twice:
        raise FormatError(f"Column {twice[0]!r} stands twice (index included); rename one of them.")
    frame = pd.DataFrame(gdf.drop(columns=gdf.geometry.name))
    if levels:
        unnamed = [i for i, name in enumerate(gdf.index.names) if name is None]
        frame = frame.reset_index(level=unnamed, drop=True) if unnamed else frame
        frame = frame.reset_index()
    return {str(name): column.reset_index(drop=True) for name, column in frame.items()}


def _pick(columns: Mapping[str, pd.Series], name: str) -> pd.Series:
    if name not in columns:
        raise FormatError(
            f"The frame has no column {name!r}; it has {', '.join(columns) or 'none'}."
        )
    return columns[name]


def _index_ids(index: pd.Index) -> list[Any]:
    levels = [
        _json_values(index.get_level_values(i).to_series(), str(index.names[i]))
        for i in range(index.nlevels)
    ]
    if len(levels) == 1:
        return levels[0]
    return ["/".join(map(str, keys)) for keys in zip(*levels, strict=True)]


def _check_ids(ids: list[Any]) -> None:
    for row, key in enumerate(ids):
        if isinstance(key, bool) or not isinstance(key, str | int):
            raise FormatError(f"The id of row {row} is {key!r}; a text or a whole number expected.")
    twice = [key for key, count in Counter(ids).items() if count > 1]
    if twice:
        raise FormatError(
            f"{len(twice)} ids stand for more than one row, first {twice[0]!r}; "
            "each feature needs an id of its own."
        )


# --- values for JSON ------------------------------------------------------------------------------


def _json_values(column: pd.Series, name: str) -> list[Any]:
    """Turn a column into plain Python values, None where one is missing."""
    kind = column.dtype.kind if isinstance(column.dtype, np.dtype) else ""
    if isinstance(column.dtype, pd.StringDtype):
        return column.astype(object).where(column.notna(), None).tolist()
    if isinstance(column.dtype, pd.DatetimeTZDtype) or kind == "M":
        return _iso_texts(column)
    if kind == "f":
        _check_no_infinity(column.to_numpy(), name)
    if kind in ("i", "u", "b"):
        return column.tolist()
    if kind == "f":
        return [None if value != value else value for value in column.tolist()]
    return [_plain(value, f"column {name!r}, row {row}") for row, value in enumerate(column)]


def _iso_texts(column: pd.Series) -> list[str | None]:
    times = column.dropna()
    days = column.dt.tz is None and bool((times == times.dt.normalize()).all())
    length = 10 if days else None
    return [None if pd.isna(time) else time.isoformat()[:length] for time in column]


def _check_no_infinity(values: np.ndarray, where: str) -> None:
    if np.isinf(values).any():
        raise FormatError(f"{where} holds an infinite number, which JSON has no form for.")


def _plain(value: Any, where: str) -> Any:
    """Turn one value into what JSON knows, nested values included."""
    if isinstance(value, str | bool | int) and not isinstance(value, np.generic):
        return value
    if isinstance(value, float | np.floating):
        _check_no_infinity(np.asarray(value), where)
        return None if value != value else float(value)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, where) for key, inner in value.items()}
    if isinstance(value, list | tuple | np.ndarray):
        return [_plain(inner, where) for inner in value]
    if value is None or value is pd.NaT or value is pd.NA or pd.isna(value):
        return None
    return _scalar(value, where)


def _scalar(value: Any, where: str) -> Any:
    if isinstance(value, np.bool_ | np.integer | np.str_):
        return value.item()
    if isinstance(value, np.datetime64):
        return pd.Timestamp(value).isoformat()
    if isinstance(value, date):  # datetime and Timestamp are dates, too
        return value.isoformat()
    if isinstance(value, pd.Period | pd.Interval | pd.Timedelta):
        return str(value)
    raise FormatError(f"{where} holds a {type(value).__name__}, which JSON has no form for.")


# --- coordinates for JSON -------------------------------------------------------------------------


def _rounded(coords: np.ndarray, decimals: int) -> np.ndarray:
    return np.round(coords, decimals) + 0.0  # the zero turns -0.0 into 0.0


def _json_shapes(
    geometry: np.ndarray, decimals: int
) -> tuple[np.ndarray, list[dict[str, Any] | None]]:
    """Give all rounded coordinates, and for each row a geometry object with slices of them."""
    shapes: list[dict[str, Any] | None] = [None] * len(geometry)
    kinds, seen = shapely.get_type_id(geometry), []
    for kind in np.unique(kinds[kinds >= 0]):
        rows = np.flatnonzero(kinds == kind)
        if kind == shapely.GeometryType.GEOMETRYCOLLECTION:
            raise FormatError(
                f"Row {rows[0]} is a GeometryCollection, which few readers of layers take; "
                "split it with .explode()."
            )
        name, coords, offsets = shapely.to_ragged_array(geometry[rows])
        coords = _rounded(coords, decimals)
        seen.append(coords)
        label = {known.upper(): known for known in DEPTH}[name.name]
        for row, value in zip(rows.tolist(), _sliced(coords, offsets), strict=True):
            shapes[row] = {"type": label, "coordinates": value}
    return np.concatenate(seen) if seen else np.empty((0, 2)), shapes


def _sliced(coords: np.ndarray, offsets: Sequence[np.ndarray]) -> Sequence[Any]:
    """Cut coordinates by the innermost offsets first; each further level groups the one below."""
    values: Sequence[Any] = coords  # type: ignore[assignment]  # an array of rows is one
    for level in offsets:
        stops = level.tolist()
        values = [values[a:b] for a, b in pairwise(stops)]
    return values


def _extent(coords: np.ndarray) -> np.ndarray:
    lon, lat = coords.T  # a column at a time: numpy is ten times slower over axis 0
    return np.array([lon.min(), lat.min(), lon.max(), lat.max()])


def _layer_bbox(geometry: np.ndarray, coords: np.ndarray, decimals: int) -> list[float]:
    whole = _extent(coords)
    if whole[0] > -180 or whole[2] < 180:
        return [float(edge) for edge in whole]
    parts = shapely.get_parts(geometry[shapely.get_type_id(geometry) >= 0])
    return bbox(_rounded(shapely.bounds(parts), decimals), whole)


# --- the flat formats -----------------------------------------------------------------------------


@checked
def write_geoparquet(
    gdf: gpd.GeoDataFrame, path: str | os.PathLike[str], meta: Mapping[str, str] | None = None
) -> Path:
    """Write a frame as GeoParquet 1.1, compressed with zstd.

    Named index levels become columns; lists, dicts and arrays become JSON text. Every feature has its
    box, by which readers skip; `meta` (licence, attribution …) lies in the pandas part of the schema.

    Raises
    ------
    FormatError
        If pyarrow is missing, or as in `write_geojson`.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    >>> read(write_geoparquet(lines, "lines.parquet"))["name"].tolist()
    ['a']
    """
    frame = _flat(gdf)
    frame.attrs = dict(meta or {})
    with _replacing(path) as temporary:
        try:
            frame.to_parquet(temporary, index=False, compression="zstd", schema_version="1.1.0",
                             write_covering_bbox=True)  # fmt: skip
        except ImportError as error:
            raise FormatError(
                "GeoParquet needs pyarrow, which is not installed; install "
                "'energy-trade-tracker[parquet]'."
            ) from error
    return Path(path)


@checked
def write_flatgeobuf(
    gdf: gpd.GeoDataFrame, path: str | os.PathLike[str], meta: Mapping[str, str] | None = None
) -> Path:
    """Write a frame as FlatGeobuf.

    The spatial index stores the rows in an order of its own (none is made where a geometry is
    missing: the format cannot index those). Columns as in `write_geoparquet`.

    Raises
    ------
    FormatError
        As in `write_geojson`.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    >>> read(write_flatgeobuf(lines, "lines.fgb"))["name"].tolist()
    ['a']
    """
    frame = _flat(gdf)
    indexed = "YES" if len(frame) and frame.geometry.notna().all() else "NO"
    with _replacing(path) as temporary:
        _write_layer(frame, temporary, "FlatGeobuf", Path(path).stem, meta=meta,
                     SPATIAL_INDEX=indexed)  # fmt: skip
    return Path(path)


@checked
def write_geopackage(
    layers: Mapping[str, gpd.GeoDataFrame],
    path: str | os.PathLike[str],
    meta: Mapping[str, str] | None = None,
) -> Path:
    """Write frames as the layers of one GeoPackage, in the order given.

    Columns as in `write_geoparquet`. The times of writing that the format demands are set to
    `STAMP`.

    Raises
    ------
    FormatError
        If there is no layer, or as in `write_geojson`.

    Examples
    --------
    >>> lines = gpd.GeoDataFrame({"name": ["a"]}, geometry=[shapely.LineString([(0, 0), (1, 1)])], crs=4326)
    >>> path = write_geopackage({"lines": lines, "more": lines}, "two.gpkg")
    >>> read(path, layer="more")["name"].tolist()
    ['a']
    """
    if not layers:
        raise FormatError("A GeoPackage needs one layer at least; none was given.")
    frames = {name: _flat(gdf) for name, gdf in layers.items()}
    with _replacing(path) as temporary, _gdal_option("OGR_CURRENT_DATE", STAMP):
        for name, frame in frames.items():
            # 1.2 is what GDAL before 3.7 reads without a warning.
            _write_layer(frame, temporary, "GPKG", name, append=temporary.exists(), meta=meta,
                         VERSION="1.2")  # fmt: skip
    return Path(path)


def _write_layer(
    frame: gpd.GeoDataFrame,
    path: Path,
    driver: str,
    layer: str,
    append: bool = False,
    meta: Mapping[str, str] | None = None,
    **options: str,
) -> None:
    import pyogrio  # here and below: lines are read without GDAL, which takes its time to start

    kinds = frame.geometry.dropna().geom_type.unique()
    single = {kind.removeprefix("Multi") for kind in kinds}
    multi = any(kind.startswith("Multi") for kind in kinds)
    name = ("Multi" if multi else "") + single.pop() if len(single) == 1 else "Unknown"
    try:
        pyogrio.write_dataframe(
            frame,
            path,
            driver=driver,
            layer=layer,
            geometry_type=name,
            promote_to_multi=multi and name != "Unknown",
            append=append,
            layer_metadata=dict(meta) if meta else None,
            **options,
        )
    except RuntimeError:  # the base of pyogrio's errors
        if shutil.disk_usage(path.parent).free < SMALLEST:  # GDAL does not say why it failed
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from None
        raise


def _flat(gdf: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give a frame without index whose columns hold plain values only."""
    geometry = _prepared(gdf)
    columns = {name: _flat_column(column, name) for name, column in _columns(gdf).items()}
    return gpd.GeoDataFrame(columns, geometry=geometry, crs="EPSG:4326")


def _flat_column(column: pd.Series, name: str) -> pd.Series:
    """Give a column as one plain type; what mixes types, and what is nested, becomes JSON text."""
    dtype = column.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return _flat_column(column.astype(dtype.categories.dtype), name)
    if isinstance(dtype, np.dtype) and dtype.kind in "iufbM":
        return column
    if pd.api.types.is_extension_array_dtype(dtype) and not isinstance(dtype, pd.PeriodDtype):
        return column
    values = [_plain(value, f"column {name!r}, row {row}") for row, value in enumerate(column)]
    kind = pd.api.types.infer_dtype(values, skipna=True)
    if kind in FLAT_TYPES:
        return pd.Series(values, dtype=FLAT_TYPES[kind])
    texts = [v if v is None or isinstance(v, str) else _dumps(v).decode() for v in values]
    return pd.Series(texts, dtype="str")


@contextmanager
def _gdal_option(name: str, value: str) -> Iterator[None]:
    import pyogrio

    before = pyogrio.get_gdal_config_option(name)
    pyogrio.set_gdal_config_options({name: value})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({name: before})


# --- disk -----------------------------------------------------------------------------------------


@contextmanager
def _replacing(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Give a name beside `path` to write to; move it there when whole, remove it on any error."""
    target = Path(path)
    if target.is_dir():
        raise FormatError(f"'{target}' is a folder; the name of a file is expected.")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.stem}.{os.getpid()}{target.suffix}")
    try:
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


@checked
def read_csv(path: str | os.PathLike[str], **options: Any) -> pd.DataFrame:
    r"""Return a CSV table in UTF-8.

    Parameters
    ----------
    path : path
    **options
        As `pandas.read_csv` takes them.

    Raises
    ------
    FormatError
        If there is no such file, or it is no table.

    Examples
    --------
    >>> _ = Path("own.csv").write_text("route,bcm\nblue-stream,16\n", encoding="utf-8")
    >>> read_csv("own.csv").values.tolist()
    [['blue-stream', 16]]
    """
    try:
        table: pd.DataFrame = pd.read_csv(path, encoding="utf-8", **options)
        return table
    except OSError as error:
        raise FormatError(f"{os.fspath(path)}: {error.strerror}; name a CSV table.") from error
    except (UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise FormatError(f"{os.fspath(path)} is no CSV table in UTF-8 ({error}).") from error


@checked
def sha256(path: str | os.PathLike[str]) -> str:
    """Give the SHA-256 of a file as 64 hexadecimal digits.

    Raises
    ------
    FormatError
        If there is no such file.

    Examples
    --------
    >>> _ = Path("empty.txt").write_text("", encoding="utf-8")
    >>> sha256("empty.txt")[:8]
    'e3b0c442'
    """
    with existing(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@checked
def read(path: str | os.PathLike[str], layer: str | None = None) -> gpd.GeoDataFrame:
    """Read a GeoJSON, GeoParquet, FlatGeobuf or GeoPackage file, told by the end of its name.

    Parameters
    ----------
    path : path
        Ends in .geojson, .json, .parquet, .fgb or .gpkg.
    layer : str, optional
        Layer of a GeoPackage; needed if it has several.

    Returns
    -------
    GeoDataFrame
        GeoJSON keeps nested properties and the feature ids as its index (named for the property
        that repeats them, else ``id``); times stay text. The other formats count their rows.

    Raises
    ------
    FormatError
        If there is no such file, its name ends otherwise, or its content is something else.

    Examples
    --------
    >>> read("lines.docx")
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: 'lines.docx' does not exist; a file is expected.
    """
    readers: dict[str, Callable[[Path], gpd.GeoDataFrame]] = {
        ".geojson": _read_geojson,
        ".json": _read_geojson,
        ".parquet": _read_parquet,
        ".fgb": lambda file: _read_gdal(file, None),
        ".gpkg": lambda file: _read_gdal(file, layer),
    }
    path = existing(path)
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise FormatError(f"'{path}' ends in {path.suffix!r}; {', '.join(readers)} expected.")
    return reader(path)


def _read_parquet(path: Path) -> gpd.GeoDataFrame:
    try:
        return gpd.read_parquet(path)
    except ImportError as error:
        raise FormatError(
            f"'{path.name}' needs pyarrow, which is not installed; install "
            "'energy-trade-tracker[parquet]'."
        ) from error
    except (ValueError, OSError) as error:
        raise FormatError(f"'{path.name}' is not GeoParquet: {error}") from error


def _read_gdal(path: Path, layer: str | None) -> gpd.GeoDataFrame:
    import pyogrio

    try:
        names = pyogrio.list_layers(path)[:, 0].tolist()
    except pyogrio.errors.DataSourceError as error:
        raise FormatError(f"'{path.name}' is not what its name says: {error}") from error
    if layer is None and len(names) > 1:
        raise FormatError(f"'{path.name}' has {len(names)} layers; name one of {', '.join(names)}.")
    if layer is not None and layer not in names:
        raise FormatError(f"'{path.name}' has no layer {layer!r}; it has {', '.join(names)}.")
    return pyogrio.read_dataframe(path, layer=layer or names[0])


def _read_geojson(path: Path) -> gpd.GeoDataFrame:
    with collector_paused():
        features = _features(path)
        texts = [_dumps(f["geometry"]).decode() if f.get("geometry") else None for f in features]
    try:
        geometry = shapely.from_geojson(texts)
    except shapely.GEOSException as error:
        raise FormatError(f"'{path.name}' holds a geometry that cannot be read: {error}") from error
    frame = pd.DataFrame([f.get("properties") or {} for f in features])
    gdf = gpd.GeoDataFrame(frame, geometry=np.asarray(geometry, dtype=object), crs="EPSG:4326")
    ids = [f.get("id") for f in features]
    if not ids or None in ids:
        return gdf
    same = next((c for c in frame if frame[c].tolist() == ids), None)
    return gdf.set_index(same) if same else gdf.set_index(pd.Index(ids, name="id"))


def _features(path: Path) -> list[dict[str, Any]]:
    try:
        content = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise FormatError(f"'{path.name}' is not JSON: {error}.") from error
    if not isinstance(content, dict) or content.get("type") != "FeatureCollection":
        raise FormatError(f"'{path.name}' is JSON, but not a GeoJSON FeatureCollection.")
    features: list[dict[str, Any]] = content.get("features", [])
    return features
