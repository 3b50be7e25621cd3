"""Geometry times numbers: the GeoDataFrames that are exported and drawn.

`routes` carries one line a route with the newest figures and the whole history as arrays;
`flows_long` one row per route and period, `projections_long` one per scenario, route and period to
come; `hubs` and `events` points. Files are written by `export`, each with its licence and a field
dictionary beside it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from pyproj import Geod
from shapely.geometry import MultiPoint, Point
from shapely.geometry.base import BaseGeometry

from energy.errors import DataError, EnergyError
from energy.flows import spans_of
from energy.measure import periods
from energy.measure.tables import Tables
from energy.publish import qualifiers, whole
from geodata import formats, geometry
from geodata.routes import ATTRIBUTION, spots

LICENCE = "CC BY 4.0"
LICENCES = [
    {
        "name": "CC-BY-4.0",
        "title": "Creative Commons Attribution 4.0",
        "path": "https://creativecommons.org/licenses/by/4.0/",
    }
]
OWN = f"{ATTRIBUTION}. Figures: the sources named in each row"
WORDS = [
    "status", "reported_status", "flow_status", "capacity_kind", "market", "price_status", "sources", "price_source",
]  # fmt: skip
NUMBERS = ["flow", "capacity", "utilisation", "price", "revenue"]
BESIDE = ["flow_p10", "flow_p90", "reported", "revenue_p10", "revenue_p90"]
"""What stands beside flow and revenue where the cube has it."""
DECIMALS = {
    "flow": 4,
    "capacity": 4,
    "utilisation": 4,
    "price": 2,
    "revenue": 2,
    "coverage": 4,
    "netback": 2,
    "flow_p10": 4,
    "flow_p90": 4,
    "reported": 4,
    "revenue_p10": 2,
    "revenue_p90": 2,
}
FORMS = (".geojson", ".parquet", ".fgb")
ARROW = ["bearing", "arrow_lon", "arrow_lat"]
QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
THIN, THINNER = 0.1, 0.2  # degrees; lines that are repeated for every period


def routes(
    lines: gpd.GeoDataFrame, tables: Tables, cube: xr.Dataset, months: xr.Dataset | None = None
) -> gpd.GeoDataFrame:
    """Join each route's line with what is known of it.

    Parameters
    ----------
    lines : GeoDataFrame
        From `geodata.routes.load`, indexed by route.
    tables : Tables
        The facts.
    cube : Dataset
        Quarterly flows with price and revenue.
    months : Dataset, optional
        The same flows by month; names the months in ``span``.

    Returns
    -------
    GeoDataFrame
        Index ``route``; static attributes, the newest period with a figure, the arrow of its flow,
        and the histories ``periods, flow_by_period, …`` as lists of equal length (None is not
        known).
    """
    static = tables["routes"].set_index("route")
    frame = static.drop(columns=["source"]).rename(columns={"note": "route_note"})
    frame["operator"] = (
        _newest_fact(tables["route-facts"], "operator").reindex(frame.index).fillna("")
    )
    frame["owner"] = _newest_fact(tables["route-facts"], "owner").reindex(frame.index).fillna("")
    for name in ("start", "stop"):
        frame[name] = _newest_fact(tables["route-facts"], name).reindex(frame.index).fillna("")
    held = _in_force(tables["route-facts"], spans_of(cube)[-1][1].isoformat())
    nameplate = _newest_fact(held, "capacity").reindex(frame.index)
    frame["nameplate"] = pd.to_numeric(nameplate)
    kind = _newest_fact(held, "capacity", "status").reindex(frame.index)
    kind = kind.where(kind.isin(["contract", "plan"]), "design")
    frame["nameplate_kind"] = kind.where(nameplate.notna(), "")
    frame = frame.join(newest(cube, months)).join(histories(cube))
    frame["figure_date"] = qualifiers.seen(frame["sources"].fillna(""), tables)
    frame["events"] = _events_of(tables["events"], frame.index)
    columns = ["accuracy", "geometry_source", "length_km", "note", "geometry"]
    ground = lines.reindex(frame.index)[columns].rename(columns={"note": "geometry_note"})
    frame = _with_arrows(frame, ground["geometry"].to_dict(), frame.index, frame["flow"])
    return gpd.GeoDataFrame(frame.join(ground), geometry="geometry", crs=lines.crs)


def _in_force(route_facts: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return the facts begun by a day, of a route without one those of its plan."""
    begun = (route_facts["valid_from"] < day) & ~(
        (route_facts["status"] == "plan") & (route_facts["valid_from"] != "")
    )
    capacity = route_facts["attribute"] == "capacity"
    known = set(route_facts.loc[begun & capacity, "route"])
    return route_facts[begun | ~route_facts["route"].isin(known)]


def _newest_fact(route_facts: pd.DataFrame, attribute: str, column: str = "value") -> pd.Series:
    rows = route_facts[route_facts["attribute"] == attribute].sort_values("valid_from")
    return rows.drop_duplicates("route", keep="last").set_index("route")[column]


def newest(cube: xr.Dataset, months: xr.Dataset | None = None) -> pd.DataFrame:
    """Return the figures of the newest period that a published figure of each route covers.

    A route that no figure covers, one between two others, takes its newest balanced flow.
    """
    rows, parts = {}, qualifiers.part_texts(cube, months)
    labels, beside = period_labels(cube), [name for name in BESIDE if name in cube]
    flow, covered = cube["flow"].values, cube["coverage"].values > 0
    for r, route in enumerate(cube["route"].values):
        known = np.flatnonzero(~np.isnan(flow[r]))
        known = known[covered[r, known]] if covered[r, known].any() else known
        p = int(known[-1]) if len(known) else -1
        row: dict[str, object] = {
            name: _rounded(cube[name].values[r, p], name) for name in [*NUMBERS, *beside]
        }
        row |= {
            name: cube[name].values[r, p]
            for name in ("status", "capacity_kind", "sources", "price_source")
        }
        row |= {
            "period": labels[p] if len(known) else "",
            "coverage": _rounded(cube["coverage"].values[r, p], "coverage"),
            "span": parts[r][p],
        }
        row |= {
            "flow_status": cube["flow_status"].values[r, p],
            "market": cube["market"].values[r, p],
        }
        row["above_capacity"] = (_rounded(cube["utilisation"].values[r, p], "utilisation") or 0) > 1
        rows[route] = row
    frame = pd.DataFrame.from_dict(rows, orient="index").rename(columns={"status": "figure_status"})
    return frame.astype(dict.fromkeys([*NUMBERS, "coverage", *beside], "float64"))


def histories(cube: xr.Dataset) -> pd.DataFrame:
    """Return the history of each route as lists, from the first to the last known period."""
    labels = np.array(period_labels(cube))
    rows = {}
    for r, route in enumerate(cube["route"].values):
        known = np.flatnonzero(~np.isnan(cube["flow"].values[r]))
        at = slice(known[0], known[-1] + 1) if len(known) else slice(0, 0)
        row = {"periods": labels[at].tolist()}
        for name in NUMBERS:
            row[f"{name}_by_period"] = [_rounded(v, name) for v in cube[name].values[r, at]]
        row["status_by_period"] = cube["status"].values[r, at].tolist()
        rows[route] = row
    return pd.DataFrame.from_dict(rows, orient="index")


def _rounded(value: float, name: str) -> float | None:
    return None if np.isnan(value) else round(float(value), DECIMALS[name])


def _events_of(events: pd.DataFrame, index: pd.Index) -> list[str]:
    """Return the ids of each route's events, ``;``-joined."""
    owned = events.assign(route=events["routes"].str.split(";")).explode("route")
    return owned.groupby("route")["event"].agg(";".join).reindex(index).fillna("").tolist()


def period_labels(cube: xr.Dataset) -> list[str]:
    """Return canonical texts of the cube's periods: ``2026Q1``, ``2026-01``, ``2026``, ``GY2025``."""
    freq = cube.attrs["freq"]
    stamps = pd.DatetimeIndex(cube["period"].values)
    return [periods.label(periods.containing(stamp.date(), freq)) for stamp in stamps]


def arrow(line: BaseGeometry | None) -> tuple[float, float, float]:
    """Return where an arrow on a line belongs, and the compass bearing of the line there.

    Parameters
    ----------
    line : geometry or None
        LineString or MultiLineString, EPSG:4326.

    Returns
    -------
    tuple of float
        Bearing in degrees clockwise from north (0 to 360), longitude and latitude of the middle of
        the longest part; NaN without a line.

    Examples
    --------
    >>> arrow(shapely.LineString([(10, 0), (10, 20)]))
    (0.0, 10.0, 10.0)
    """
    if line is None or line.is_empty:
        return (float("nan"),) * 3
    part = max(shapely.get_parts(line), key=lambda piece: piece.length)
    before, at, after = shapely.get_coordinates(
        shapely.line_interpolate_point(part, [0.48, 0.5, 0.52], normalized=True)
    )
    bearing = Geod(ellps="WGS84").inv(*before, *after)[0] % 360
    return round(float(bearing), 1) % 360, round(float(at[0]), 5), round(float(at[1]), 5)


def _with_arrows(
    frame: pd.DataFrame, lines: Mapping[str, BaseGeometry | None], names: pd.Index, flow: pd.Series
) -> pd.DataFrame:
    """Add `ARROW`: turned round where the flow is negative, nothing where it is 0 or not known."""
    spots = pd.DataFrame([arrow(lines.get(name)) for name in lines], list(lines), ARROW)
    found = spots.reindex(names).set_axis(frame.index)
    values = flow.to_numpy(dtype=float)
    found["bearing"] = (found["bearing"] + np.where(values < 0, 180, 0)).round(1) % 360
    found.loc[~(np.abs(values) > 0)] = np.nan
    return frame.assign(**{name: found[name] for name in ARROW})


def flows_long(
    lines: gpd.GeoDataFrame,
    cube: xr.Dataset,
    tables: Tables,
    tolerance: float = THIN,
    months: xr.Dataset | None = None,
) -> gpd.GeoDataFrame:
    """Return one row per route and period with a known flow, on a simplified line.

    The full line stands once, in `routes`; here it is thinned to `tolerance` degrees, enough
    for an animated map, so that a reader with a time slider (QGIS, kepler.gl) needs no join
    and the file stays small.
    """
    thin = {route: geometry.simplify(geom, tolerance) for route, geom in lines.geometry.items()}
    labels, starts = period_labels(cube), pd.DatetimeIndex(cube["period"].values)
    rows, parts = [], qualifiers.part_texts(cube, months)
    beside = [name for name in BESIDE if name in cube]
    held = {name: cube[name].values for name in cube.data_vars}  # read once, not cell by cell
    for r, route in enumerate(cube["route"].values):
        for p in np.flatnonzero(~np.isnan(held["flow"][r])).tolist():
            row = {"id": f"{route}/{labels[p]}", "route": route, "period": labels[p],
                   "start_date": starts[p].date().isoformat(), "geometry": thin.get(route)}  # fmt: skip
            row |= {n: _rounded(held[n][r, p], n) for n in [*NUMBERS, "coverage", *beside]}
            row |= {name: held[name][r, p] for name in WORDS if name in held}
            row["span"] = parts[r][p]
            row["idle"] = _idle(row)
            if "netback" in cube:
                row["netback"] = _rounded(held["netback"][r, p], "netback")
                row["netback_missing"] = held["netback_missing"][r, p]
            rows.append(row)
    frame = gpd.GeoDataFrame(rows, geometry="geometry", crs=lines.crs).set_index("id")
    frame = frame.rename(columns={"status": "figure_status"})
    frame["figure_date"] = qualifiers.seen(frame["sources"], tables)
    numbers = [*NUMBERS, "coverage", "idle", *(n for n in ["netback", *BESIDE] if n in cube)]
    frame = frame.astype(dict.fromkeys(numbers, "float64"))
    return _with_arrows(frame, thin, pd.Index(frame["route"]), frame["flow"])


def projections_long(
    lines: gpd.GeoDataFrame, projection: xr.Dataset, tolerance: float = THINNER
) -> gpd.GeoDataFrame:
    """Return one row per scenario, route and period that is projected, on a simplified line.

    Parameters
    ----------
    lines : GeoDataFrame
        Index route, EPSG:4326.
    projection : xarray.Dataset, dims (scenario, route, period, quantile)
        ``flow`` and, where priced, ``revenue``, at least at the quantiles 0.1, 0.5 and 0.9;
        ``capacity`` (route, period) and ``known`` (route, period), true where a figure stands and
        nothing is projected, and ``flowing``, the share of draws with gas, may be missing.

    Returns
    -------
    GeoDataFrame
        Index ``id`` (scenario/route/period); ``flow_p10, flow_p50, flow_p90`` and so on for
        revenue, ``capacity``, ``flow_status`` and the arrow of the median.

    Raises
    ------
    DataError
        If the dims are others, a quantile is missing, or a route has no line here.
    """
    _check_projection(lines, projection)
    thin = {r: geometry.simplify(lines.geometry[r], tolerance) for r in projection["route"].values}
    kinds = [name for name in ("flow", "revenue") if name in projection]
    levels = {f"{kind}_{word}": projection[kind].sel(quantile=level, method="nearest")
              for kind in kinds for word, level in QUANTILES.items()}  # fmt: skip
    table = xr.Dataset({name: values.drop_vars("quantile") for name, values in levels.items()})
    table = table.transpose("scenario", "route", "period")
    for name in ("capacity", "known", "flowing"):
        if name in projection:
            table[name] = projection[name].broadcast_like(table["flow_p50"])
    starts = pd.DatetimeIndex(table["period"].values)
    frame = table.to_dataframe().reset_index()
    freq = projection.attrs.get("freq", "Q")
    labels = {start: periods.label(periods.containing(start.date(), freq)) for start in starts}
    frame["start_date"] = frame["period"].dt.date.astype(str)
    frame["period"] = frame["period"].map(labels)
    return _projected(frame, lines, thin)


def _projected(
    frame: pd.DataFrame, lines: gpd.GeoDataFrame, thin: Mapping[str, BaseGeometry | None]
) -> gpd.GeoDataFrame:
    """Keep what is projected; round, name and draw it."""
    known = frame.pop("known").astype(bool) if "known" in frame else False
    frame = frame[frame["flow_p50"].notna() & ~np.asarray(known)].copy()
    for name in frame.columns.intersection([*_QUANTILE_COLUMNS, "capacity"]):
        frame[name] = frame[name].astype("float64").round(DECIMALS[name.split("_")[0]])
    frame = frame.reindex(columns=frame.columns.union(["capacity", "flowing"], sort=False))
    frame["flowing"] = frame["flowing"].astype("float64").round(4)
    frame.insert(0, "id", frame["scenario"] + "/" + frame["route"] + "/" + frame["period"])
    frame = frame.set_index("id")
    built = frame["capacity"].isna() | (frame["capacity"] > 0)
    frame["flow_status"] = np.where(
        frame["flow_p50"] != 0, "flowing", np.where(built, "idle", "not-built")
    )
    frame = _with_arrows(frame, thin, pd.Index(frame["route"]), frame["flow_p50"])
    return gpd.GeoDataFrame(frame, geometry=[thin[r] for r in frame["route"]], crs=lines.crs)


_QUANTILE_COLUMNS = [f"{kind}_{word}" for kind in ("flow", "revenue") for word in QUANTILES]


def _check_projection(lines: gpd.GeoDataFrame, projection: xr.Dataset) -> None:
    dims = {"scenario", "route", "period", "quantile"}
    if "flow" not in projection or set(projection["flow"].dims) != dims:
        fault = "it has no 'flow' with the dims (scenario, route, period, quantile)."
        raise DataError("The projection", [fault])
    held = projection["quantile"].values.astype(float)
    faults = [
        f"it lacks the quantile {level}; project with quantiles=(0.1, 0.5, 0.9)."
        for level in QUANTILES.values()
        if not np.isclose(held, level).any()
    ]
    strange = sorted(set(map(str, projection["route"].values)) - set(lines.index))
    faults += [f"its route {name!r} has no line." for name in strange]
    if faults:
        raise DataError("The projection", faults)


def _idle(row: Mapping[str, Any]) -> float | None:
    """Return capacity less flow, negative above 100 %; unknown where a part is or coverage lacks."""
    whole = (row["coverage"] or 0) > 0.999 or row["status"] == "balanced"
    if row["flow"] is None or row["capacity"] is None or not whole:
        return None
    return round(float(row["capacity"] - row["flow"]), DECIMALS["flow"])


def events(lines: gpd.GeoDataFrame, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the events as points at the middle of each route concerned.

    The point of a route says which line an event belongs to, not where it happened; an event that
    concerns no route lies at its ``place``, and has no geometry where none is named.
    """
    middle = {
        r: g.interpolate(0.5, normalized=True) for r, g in lines.geometry.items() if g is not None
    }
    places = table["place"] if "place" in table else [""] * len(table)
    points = []
    for text, place in zip(table["routes"], places, strict=True):
        found = [middle[route] for route in text.split(";") if route in middle]
        if not found and place in spots():
            found = [Point(spots()[place][1:])]
        points.append(found[0] if len(found) == 1 else MultiPoint(found) if found else None)
    return gpd.GeoDataFrame(table.set_index("event"), geometry=points, crs=lines.crs)


def export(
    folder: Path | str,
    layers: dict[str, gpd.GeoDataFrame],
    cube: xr.Dataset,
    dictionary: Mapping[str, Any],
    meta: Mapping[str, Any],
    extra: Mapping[str, str] | None = None,
) -> list[Path]:
    """Write every layer in every format, the cube, a data package and checksums.

    Parameters
    ----------
    folder : path
        Made where missing; files of the same name are replaced one by one, each atomically.
    layers : dict of GeoDataFrame
        Layer name to frame, EPSG:4326.
    cube : Dataset
        Written as ``flows.nc`` with CF-style units.
    dictionary : dict
        Field name to ``(description, unit)``; every column must be in it.
    meta : dict
        ``licence, attribution, as_of`` for every file.
    extra : mapping, optional
        File name to text: what lies beside the layers, such as styles.

    Returns
    -------
    list of Path
        The files written, ``checksums.txt`` last.

    Raises
    ------
    EnergyError
        If `folder` is a file, or an extra file has the name of another or a folder in its name.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise EnergyError(f"'{folder}' is a file; name a folder to export to.")
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, frame in layers.items():
        written.append(formats.write_geojson(frame, folder / f"{name}.geojson", meta=meta))
        flat = _flat(frame)
        written.append(formats.write_geoparquet(flat, folder / f"{name}.parquet", meta))
        written.append(formats.write_flatgeobuf(flat, folder / f"{name}.fgb", meta))
    flats = {name: _flat(frame) for name, frame in layers.items()}
    written.append(formats.write_geopackage(flats, folder / "gas.gpkg", meta))
    written.append(write_netcdf(cube, folder / "flows.nc", meta))
    written += _write_extras(folder, extra or {}, {path.name for path in written})
    written.append(_package(folder, layers, written, dictionary, meta))
    return [*written, checksums(folder, written)]


def _write_extras(folder: Path, extra: Mapping[str, str], taken: set[str]) -> list[Path]:
    """Write texts under their names, each whole or not at all."""
    for name in extra:
        if name != Path(name).name or name in taken | {"datapackage.json", "checksums.txt"}:
            raise EnergyError(f"'{name}' cannot lie beside the layers; give it a name of its own.")
    written = []
    for name, text in extra.items():
        written.append(whole.write(folder / name, text))
    return written


def _flat(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the frame with its index as a column."""
    return frame.reset_index()


def write_netcdf(cube: xr.Dataset, path: Path, meta: Mapping[str, str] | None = None) -> Path:
    """Write the cube as NetCDF 4 with CF time and units; the same bytes for the same data.

    `meta` (``title, licence, attribution, as_of``) goes into the attributes of the file.
    """
    attributes = dict(meta or {})
    words = {
        "title": attributes.get("title", "Russian gas by pipeline"),
        "source": attributes.get("attribution", OWN),
        "license": attributes.get("licence", LICENCE),
        "history": f"Built from the facts as of {attributes.get('as_of', cube.attrs.get('as_of', 'unstated'))}",
        "summary": "Flow, capacity, price and revenue of gas pipelines by route and period.",
        "keywords": "natural gas, pipelines, exports, Russia",
        "comment": "Units of money are plain numbers; unit_label of a variable gives the words.",
    }
    plain = cube.rename({"status": "figure_status"} if "status" in cube else {})
    for name in plain.variables:
        if plain[name].dtype == object:
            plain[name] = plain[name].astype(str)
    for name in plain.data_vars:
        label = plain[name].attrs.get("units", "")
        plain[name].attrs |= {"units": _cf_units(label), "unit_label": label} if label else {}
    for name in set(plain.variables) & set(DICTIONARY):
        plain[name].attrs.setdefault(
            "long_name", DICTIONARY[str(name)]["description"].split(".")[0]
        )
    plain["period"].attrs = {"long_name": "First day of the period", "axis": "T"}
    floats = [str(name) for name, values in plain.data_vars.items() if values.dtype.kind == "f"]
    encoding: dict[str, dict[str, Any]] = {name: {"zlib": True, "complevel": 4} for name in floats}
    encoding["period"] = {"units": "days since 1900-01-01", "dtype": "int32"}
    kept = plain.assign_attrs(Conventions="CF-1.11", **words)
    # in memory first: HDF5 ends the whole process where its disk is full
    return whole.write(path, kept.to_netcdf(engine="h5netcdf", encoding=encoding))


CF_UNITS = {
    "bcm": "1e9 m3", "mcm/d": "1e6 m3 d-1", "mmcm/d": "1e6 m3 d-1", "mmcm": "1e6 m3",
    "bcf/d": "1e9 ft3 d-1", "bcf": "1e9 ft3", "TWh": "TW h", "GWh/d": "GW h d-1", "PJ": "PJ",
    "USD/1000 m3": "1e-3 m-3", "million USD": "1e6",
}  # fmt: skip
"""UDUNITS knows no money: dollars are counted as a number, and the label beside says of what."""


def _cf_units(label: str) -> str:
    """Return the unit in the spelling of CF and UDUNITS; the cubic metre's basis stays in the label.

    >>> _cf_units("bcm at 20 °C")
    '1e9 m3'
    """
    found = [cf for name, cf in CF_UNITS.items() if label.startswith(name)]
    return found[0] if found else label


def _package(
    folder: Path,
    layers: Mapping[str, gpd.GeoDataFrame],
    written: list[Path],
    dictionary: Mapping[str, Any],
    meta: Mapping[str, Any],
) -> Path:
    """Write the folder's ``datapackage.json``: licence, attribution and fields of each file."""
    fields = {
        name: [
            {"name": str(column), **dictionary[str(column)]}
            for column in _flat(frame).columns
            if column != "geometry"
        ]
        for name, frame in layers.items()
    }
    every = [field for found in fields.values() for field in found]
    resources = [
        {"name": path.name.lower().replace(".", "-").replace("_", "-"), "type": "file", "path": path.name,
         "bytes": path.stat().st_size, "hash": f"sha256:{formats.sha256(path)}", "licenses": LICENCES,
         "attribution": meta["attribution"],
         "dictionary": every if path.suffix == ".gpkg" else fields.get(path.stem, []) if path.suffix in FORMS else []}
        for path in written
    ]  # fmt: skip
    rest = {key: value for key, value in meta.items() if key != "licence"}
    package = {
        "name": "energy-trade-tracker-layers",
        **rest,
        "licenses": LICENCES,
        "resources": resources,
    }
    target = folder / "datapackage.json"
    target.write_text(json.dumps(package, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return target


def checksums(folder: Path, files: list[Path]) -> Path:
    """Write ``checksums.txt`` in the form that ``sha256sum --check`` reads."""
    lines = [f"{formats.sha256(path)}  {path.name}\n" for path in sorted(files)]
    target = folder / "checksums.txt"
    target.write_text("".join(lines), encoding="utf-8")
    return target


def cube_table(cube: xr.Dataset) -> pd.DataFrame:
    """Return the cube as a long table: one row per route and period with a flow or a capacity."""
    frame = cube.to_dataframe().reset_index()
    labels = dict(zip(pd.DatetimeIndex(cube["period"].values), period_labels(cube), strict=True))
    frame["period"] = frame["period"].map(labels)
    frame.insert(2, "unit", cube.attrs["unit"])
    frame.insert(3, "basis", cube.attrs["basis"])
    frame = frame[frame["flow"].notna()]
    for name, decimals in DECIMALS.items():
        if name not in frame:
            continue
        frame[name] = frame[name].round(decimals)
    beside, kind, worth = (
        [n for n in names if n in frame]
        for names in (["flow_p10", "flow_p90", "reported", "reported_status"], ["capacity_kind"],
                      ["revenue_p10", "revenue_p90"])
    )  # fmt: skip
    order = ["route", "period", "flow", "unit", "basis", *beside, "capacity", *kind, "utilisation",
             "coverage", "status", "flow_status", "market", "price", "price_status", "revenue",
             *worth, "sources", "price_source"]  # fmt: skip
    return frame[order].reset_index(drop=True)


def projection_table(result: xr.Dataset, by: str = "year") -> pd.DataFrame:
    """Return a projection as a long table: one row per route, scenario and ``year`` or ``quarter``."""
    name, dim = ("flow_year", "year") if by == "year" else ("flow", "period")
    bands = {f"p{level * 100:g}": result[name].isel(quantile=q, drop=True)
             for q, level in enumerate(result["quantile"].values.tolist())}  # fmt: skip
    columns = {
        key: part.to_series() for key, part in [*bands.items(), ("mean", result[f"{name}_mean"])]
    }
    table = pd.DataFrame(columns).round(DECIMALS["flow"]).reset_index()
    if by != "year":
        labels = dict(
            zip(pd.DatetimeIndex(result["period"].values), period_labels(result), strict=True)
        )
        table[dim] = table[dim].map(labels)
    table = table.rename(columns={dim: "period"}).assign(unit="bcm", basis="20C")
    return table.sort_values(["route", "scenario"], kind="stable", ignore_index=True)


def _field(description: str, unit: str = "") -> dict[str, str]:
    return {"description": description, "unit": unit} if unit else {"description": description}


DICTIONARY: dict[str, dict[str, str]] = {
    "id": _field("Stable id of the feature"),
    "route": _field("Route id; the same in every file"),
    "name": _field("English name"),
    "name_ru": _field("Russian name"),
    "name_zh": _field("Chinese name"),
    "status": _field("Project status of the line: operating, idle, construction, proposed, …"),
    "role": _field("export, exit, string, feeder, onward or foreign: how the route enters sums"),
    "part_of": _field("Route whose flow this exit or string belongs to"),
    "from_country": _field("Country of origin, ISO 3166-1 alpha-3"),
    "to_country": _field("Country of arrival, ISO 3166-1 alpha-3"),
    "via": _field("Countries between"),
    "basin": _field("Supply basin"),
    "gem_ids": _field("Project ids of Global Energy Monitor"),
    "route_note": _field("What a reader must know of the route"),
    "operator": _field("Operator, newest known"),
    "owner": _field("Owner, newest known"),
    "nameplate": _field(
        "Design or contract in force at the end of the newest period; the plan where nothing is in force",
        "bcm/yr",
    ),
    "nameplate_kind": _field("What the nameplate is: design, contract, plan"),
    "start": _field("Date of first gas, as precise as known"),
    "stop": _field("Date from which no Russian gas flows"),
    "period": _field("Period; for routes the newest one with a figure"),
    "start_date": _field("First day of the period"),
    "flow": _field(
        "Gas flow of the period, positive from -> to; null not known, 0 stated zero", "bcm at 20 °C"
    ),
    "capacity": _field("Capacity of the period", "bcm at 20 °C"),
    "capacity_kind": _field(
        "What the capacity is: technical (offered at the point), ceiling (most ever metered there), "
        "design, contract (of the year) or plan; what the utilisation is a share of"
    ),
    "utilisation": _field("Flow over capacity of the same period; above 1 is shown as it is", "1"),
    "price": _field("Border price", "USD/1000 m3 (20 °C)"),
    "revenue": _field("Flow times border price", "million USD"),
    "idle": _field("Capacity less flow of the period; negative above 100 %", "bcm at 20 °C"),
    "netback": _field(
        "Border price less charges with a published figure; at most that where netback_missing is not empty",
        "USD/1000 m3 (20 °C)",
    ),
    "netback_missing": _field("Charges of the netback without a published figure"),
    "bearing": _field(
        "Direction in which the gas flows at the arrow, clockwise from north; null without flow",
        "degrees",
    ),
    "arrow_lon": _field("Longitude of the arrow, the middle of the longest part", "degrees east"),
    "arrow_lat": _field("Latitude of the arrow", "degrees north"),
    **{
        f"flow_{word}": _field(
            f"Projected flow of the period: {level:.0%} of the draws lie below", "bcm at 20 °C"
        )
        for word, level in QUANTILES.items()
    },
    **{
        f"revenue_{word}": _field(
            f"Projected revenue of the period: {level:.0%} of the draws lie below", "million USD"
        )
        for word, level in QUANTILES.items()
    },
    "coverage": _field("Share of the period's days that the figures cover", "1"),
    "span": _field(
        "Of what part of the period the published figures speak; empty for all of it, or none"
    ),
    "flow_p10": _field(
        "10th percentile of the flow of the period: of the balance, or of the draws", "bcm at 20 °C"
    ),
    "flow_p90": _field(
        "90th percentile of the flow of the period: of the balance, or of the draws", "bcm at 20 °C"
    ),
    "revenue_p10": _field(
        "10th percentile of the revenue of the period: of flow and modelled price, or of the draws",
        "million USD",
    ),
    "revenue_p90": _field(
        "90th percentile of the revenue of the period: of flow and modelled price, or of the draws",
        "million USD",
    ),
    "additive": _field("True where the route adds to exports: each export counted once"),
    "reported": _field("Published flow of the days that figures cover", "bcm at 20 °C"),
    "reported_status": _field("Standing of the published flow; empty where nothing is published"),
    "figure_status": _field("Standing of the flow: balanced, actual, provisional, estimate, …"),
    "figure_date": _field(
        "Newest day on which a figure behind the flow was published, of a zero the day of the evidence of "
        "its stop; empty where the flow follows from those of other lines"
    ),
    "price_status": _field("Standing of the price"),
    "flow_status": _field(
        "flowing, idle, damaged, unknown, not-built, construction, proposed, cancelled;"
        " projections: what the median does"
    ),
    "market": _field("Market served"),
    "above_capacity": _field("True when the newest flow is above capacity"),
    "sources": _field("Ids of the figures behind the flow; resolve with: energy cite ID"),
    "price_source": _field("Ids of the figures behind the price"),
    "scenario": _field(
        "Named assumptions, energy/data/scenarios.toml; mixture weighs them all; never a forecast"
    ),
    "flowing": _field("Share of draws in which more than 0.1 % of capacity flows", "1"),
    "periods": _field("Periods of the histories, first to last known"),
    "flow_by_period": _field("Flow history, one value a period", "bcm at 20 °C"),
    "capacity_by_period": _field("Capacity history", "bcm at 20 °C"),
    "utilisation_by_period": _field("Utilisation history", "1"),
    "price_by_period": _field("Price history", "USD/1000 m3 (20 °C)"),
    "revenue_by_period": _field("Revenue history", "million USD"),
    "status_by_period": _field("Standing of each figure"),
    "events": _field("Ids of the events of the route"),
    "accuracy": _field("surveyed, traced or sketch: how well the line lies"),
    "geometry_source": _field("Where the line comes from"),
    "length_km": _field("Geodesic length of the line on WGS84", "km"),
    "geometry_note": _field("What a reader must know of the line"),
    "event": _field("Event id"),
    "date": _field("Date, as precise as known"),
    "precision": _field("day, month or year"),
    "title": _field("Title"),
    "end": _field("Day on which the event ended or runs out"),
    "offline": _field("Flow taken off line, in the unit beside it"),
    "offline_unit": _field("mcm/d or bcm/yr"),
    "evidence": _field("press, official or one-side: who says so"),
    "category": _field("Kind of event: start, halt, sanction, waiver, payment, maintenance, ..."),
    "routes": _field("Route ids concerned, semicolon separated"),
    "markets": _field("Markets concerned, semicolon separated"),
    "place": _field("Where it was, if no route says: id of a place or city, or a country's code"),
    "detail": _field("One sentence"),
    "scheduled": _field("True for dates ahead of the facts"),
    "source": _field("Key of the source"),
    "kind": _field("field, compressor, hub, town, border or landfall"),
    "country": _field("Country, ISO 3166-1 alpha-3"),
    "lon": _field("Longitude", "degrees east"),
    "lat": _field("Latitude", "degrees north"),
}
