"""What goes beside the exported layers: styles for QGIS and kepler.gl, dated folders, a check.

Styles are plain text made of the colours, dashes and the linear width of the interactive map
(`energy.publish.atlas`). `check_folder` says what is wrong with a folder of layers that somebody sent.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import pandas as pd
import xarray as xr

from energy.errors import EnergyError
from energy.publish import atlas, exchange, whole
from geodata import formats
from geodata.errors import GeodataError

MM_PER_PX = 25.4 / 96
MM_PER_BCM_YEAR = atlas.look.PX_PER_BCM_YEAR * MM_PER_PX
THIN_MM, CASING_ALPHA = 0.35, 61
DOTS = {"hatched": "1;1.2", "faint": "0.4;2"}  # mm on and off
LINES = ("LineString", "MultiLineString")
FLOW = ("flow", "flow_p50")  # the column that gives the width: measured, or the median projected
NEEDED = ("flow_status", "capacity")  # columns that a layer must have besides to get a style
TOOLTIP = (
    "name",
    "route",
    "scenario",
    "period",
    "flow",
    "flow_p10",
    "flow_p50",
    "flow_p90",
    "capacity",
    "flow_status",
    "figure_status",
    "figure_date",
    "revenue",
    "revenue_p10",
    "revenue_p50",
    "revenue_p90",
    "sources",
)
SUMS, PACKAGE = "checksums.txt", "datapackage.json"
LATEST = "latest"
KEPT = ("licenses", "attribution", "as_of")  # what a package must say of itself


# --- QGIS -----------------------------------------------------------------------------------------


def qml(per_year: int = 4, flow: str = "flow", dated: bool = False) -> str:
    """Return a QGIS 3 style for a layer with ``flow_status``, ``capacity`` and a column of flows.

    Lines are categorised by ``flow_status``: Okabe and Ito's colours, dash by state, width by flow
    on a pale casing by capacity, an arrow in the direction of flow that turns when it reverses.

    Parameters
    ----------
    per_year : int
        Periods in a year, to turn the flow of a period into a yearly rate.
    flow : str
        The column of flows.
    dated : bool
        Whether the layer has a row a period with its ``start_date``: QGIS's time slider then shows
        one period at a time.

    Returns
    -------
    str
        The content of a ``.qml`` file; QGIS takes it up by itself if it is named like the layer.
    """
    categories = [
        f'<category render="true" symbol="{i}" value={quoteattr(state)} label={quoteattr(label)}/>'
        for i, (state, (label, _)) in enumerate(atlas.look.STATES.items())
    ]
    symbols = [_symbol(str(i), state, per_year, flow) for i, state in enumerate(atlas.look.STATES)]
    lines = [
        "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>",
        '<qgis version="3.22.0" styleCategories="Symbology|Temporal">',
        *([_temporal(12 // per_year)] if dated else []),
        '<renderer-v2 type="categorizedSymbol" attr="flow_status" symbollevels="0" forceraster="0">',
        "<categories>", *categories, "</categories>",
        "<symbols>", *symbols, "</symbols>",
        "</renderer-v2>",
        "<blendMode>0</blendMode><featureBlendMode>0</featureBlendMode><layerOpacity>1</layerOpacity>",
        "</qgis>",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _temporal(months: int) -> str:
    """Write that a row stands for so many months from its ``start_date``."""
    return (
        '<temporal enabled="1" mode="1" startField="start_date" endField="" durationField=""'
        f' fixedDuration="{months}" durationUnit="months" accumulate="0" limitMode="0"/>'
    )


def _symbol(name: str, state: str, per_year: int, flow: str) -> str:
    colour, style = atlas.look.COLOURS[state][0], atlas.look.STATES[state][1]
    core = _millimetres(flow, per_year)
    casing = _millimetres("capacity", per_year)
    dash = {"construction": 1, "proposed": 2, "cancelled": 3}.get(state, 0)
    layers = [_simple_line(_rgba(colour, CASING_ALPHA), THIN_MM, casing)]
    if style in ("hatched", "faint"):
        layers.append(_simple_line(_rgba(colour), THIN_MM, dash=DOTS[style]))
    elif style == "hollow":
        layers += [_simple_line(_rgba(colour), 1.0), _simple_line("255,255,255,255", 0.5)]
    else:
        look = atlas.look.DASH_STYLES[dash]
        pattern = ";".join(f"{float(part) * MM_PER_PX:.2f}" for part in look["dash"].split())
        line = _simple_line(_rgba(colour), THIN_MM, core, pattern, look["cap"])
        layers += [line, _arrow(name, colour, core, flow)]
    return (
        f'<symbol type="line" name="{name}" alpha="1" clip_to_extent="1">{"".join(layers)}</symbol>'
    )


def _millimetres(column: str, per_year: int) -> str:
    """Write the expression for a width: the yearly rate on the linear scale, never under a hair."""
    return f'max({THIN_MM}, abs(coalesce("{column}", 0)) * {per_year * MM_PER_BCM_YEAR:.4f})'


def _rgba(colour: str, alpha: int = 255) -> str:
    """Write a colour as QGIS does.

    >>> _rgba("#0072B2")
    '0,114,178,255'
    """
    return ",".join(str(int(colour[i : i + 2], 16)) for i in (1, 3, 5)) + f",{alpha}"


def _layer(
    kind: str, properties: Mapping[str, str], defined: Mapping[str, str], inner: str = ""
) -> str:
    """Write a symbol layer: fixed properties, then those that an expression gives."""
    fixed = "".join(f'<prop k="{key}" v={quoteattr(value)}/>' for key, value in properties.items())
    given = "".join(
        f'<Option type="Map" name="{key}"><Option type="bool" name="active" value="true"/>'
        f'<Option type="QString" name="expression" value={quoteattr(text)}/>'
        '<Option type="int" name="type" value="3"/></Option>'
        for key, text in defined.items()
    )
    options = (
        '<data_defined_properties><Option type="Map"><Option type="QString" name="name" value=""/>'
        f'<Option type="Map" name="properties">{given}</Option>'
        '<Option type="QString" name="type" value="collection"/></Option></data_defined_properties>'
    )
    return f'<layer class="{kind}" enabled="1" locked="0" pass="0">{fixed}{options}{inner}</layer>'


def _simple_line(
    colour: str, width: float, expression: str = "", dash: str = "", cap: str = "round"
) -> str:
    properties = {
        "line_color": colour, "line_style": "solid", "line_width": f"{width:g}", "line_width_unit": "MM",
        "capstyle": "round" if cap == "round" else "flat", "joinstyle": "round",
        "use_custom_dash": "1" if dash else "0", "customdash": dash or "5;2", "customdash_unit": "MM",
    }  # fmt: skip
    return _layer("SimpleLine", properties, {"outlineWidth": expression} if expression else {})


def _arrow(name: str, colour: str, width: str, flow: str) -> str:
    """Write an arrow at the middle of the line; it turns when the flow is negative."""
    marker = _layer(
        "SimpleMarker",
        {"name": "filled_arrowhead", "color": _rgba(colour), "outline_color": "255,255,255,255",
         "outline_width": "0.2", "size": "2.5", "size_unit": "MM", "angle": "0"},
        {"angle": f'if("{flow}" < 0, 180, 0)', "size": f"2 + {width}"},
    )  # fmt: skip
    inner = f'<symbol type="marker" name="@{name}@2" alpha="1" clip_to_extent="1">{marker}</symbol>'
    properties = {"placement": "centralpoint", "rotate": "1", "interval": "3"}
    return _layer("MarkerLine", properties, {"enabled": f'coalesce("{flow}", 0) <> 0'}, inner)


# --- kepler.gl ------------------------------------------------------------------------------------


def kepler(name: str, frame: gpd.GeoDataFrame) -> str:
    """Return a kepler.gl map configuration for a layer of lines.

    Parameters
    ----------
    name : str
        Name of the file without suffix, which is the id of the data in kepler.gl.
    frame : GeoDataFrame
        The layer; kepler.gl gives colours to the states it finds in it in alphabetical order.

    Returns
    -------
    str
        JSON; load it in kepler.gl with the GeoJSON file, or as ``KeplerGl(config=...)``.
    """
    present = set(frame["flow_status"].dropna().astype(str))
    states = sorted(state for state in atlas.look.STATES if state in present)
    west, south, east, north = (float(edge) for edge in frame.total_bounds)
    config = {
        "visState": {
            "filters": _kepler_filters(name, frame),
            "layers": [_kepler_layer(name, states, _flow_column(frame))],
            "interactionConfig": {
                "tooltip": {"enabled": True, "fieldsToShow": {name: _tooltip(frame)}}
            },
            "layerBlending": "normal",
        },
        "mapState": {"latitude": round((south + north) / 2, 3), "longitude": round((west + east) / 2, 3),
                     "zoom": 2.6, "pitch": 0, "bearing": 0},
        "mapStyle": {"styleType": "light"},
    }  # fmt: skip
    return json.dumps({"version": "v1", "config": config}, indent=1, ensure_ascii=False) + "\n"


def _flow_column(frame: pd.DataFrame) -> str:
    """Return the column of flows, or nothing."""
    return next((name for name in FLOW if name in frame), "")


def _kepler_filters(name: str, frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    """Show one scenario and one period at a time, not all on top of each other."""
    made: list[dict[str, Any]] = []
    if "scenario" in frame and len(frame):
        made.append({"type": "multiSelect", "name": ["scenario"], "value": [frame["scenario"].iloc[0]]})  # fmt: skip
    if "start_date" in frame and len(frame):
        starts = pd.DatetimeIndex(sorted(set(frame["start_date"])))
        at = starts[-1 if "flow" in frame else 0]
        span = [int(at.timestamp() * 1000), int((at + pd.Timedelta(days=1)).timestamp() * 1000)]
        made.append({"type": "timeRange", "name": ["start_date"], "value": span, "enlarged": True})
    return [{"id": f"{name}-{f['name'][0]}", "dataId": [name], **f} for f in made]


def _kepler_layer(name: str, states: Sequence[str], flow: str) -> dict[str, Any]:
    colours = [atlas.look.COLOURS[state][0].upper() for state in states]
    palette = {"name": "Okabe-Ito by flow_status", "type": "custom", "category": "Custom",
               "colors": colours, "colorMap": [list(pair) for pair in zip(states, colours, strict=True)]}  # fmt: skip
    channels = {"strokeColorField": {"name": "flow_status", "type": "string"},
                "strokeColorScale": "ordinal", "sizeField": {"name": flow, "type": "real"},
                "sizeScale": "linear"}  # fmt: skip
    visual = {"opacity": 0.9, "strokeOpacity": 0.9, "thickness": 0.5, "stroked": True, "filled": False,
              "strokeColorRange": palette, "sizeRange": [1, 12]}  # fmt: skip
    config = {"dataId": name, "label": name, "color": [0, 114, 178], "isVisible": True,
              "columns": {"geojson": "_geojson"}, "visConfig": visual}  # fmt: skip
    return {"id": f"{name}-lines", "type": "geojson", "config": config, "visualChannels": channels}


def _tooltip(frame: gpd.GeoDataFrame) -> list[dict[str, Any]]:
    known = {*map(str, frame.columns), str(frame.index.name)}
    return [{"name": column, "format": None} for column in TOOLTIP if column in known]


def files(layers: Mapping[str, gpd.GeoDataFrame], per_year: int = 4) -> dict[str, str]:
    """Return the style files for the layers of lines that have flows, by file name.

    Parameters
    ----------
    layers : mapping of GeoDataFrame
        As `energy.publish.layers.export` takes them.
    per_year : int
        Periods in a year of their flows.

    Returns
    -------
    dict
        ``routes.qml`` and ``routes.kepler.json`` for a layer ``routes``, and so on.
    """
    made = {}
    for name, frame in layers.items():
        flow = _flow_column(frame)
        if not flow or not set(NEEDED) <= set(frame.columns):
            continue
        if frame.geom_type.dropna().isin(LINES).all():
            made[f"{name}.qml"] = qml(per_year, flow, "start_date" in frame)
            made[f"{name}.kepler.json"] = kepler(name, frame)
    return made


def write(
    folder: str | Path, layers: Mapping[str, gpd.GeoDataFrame], per_year: int = 4
) -> list[Path]:
    """Write the style files of `files` into a folder that exists; each replaced whole."""
    written = []
    for name, text in files(layers, per_year).items():
        written.append(whole.write(Path(folder) / name, text))
    return written


# --- dated folders --------------------------------------------------------------------------------


def dated(folder: str | Path, as_of: str) -> tuple[Path, Path]:
    """Return the folder of an edition and that of the newest one.

    Parameters
    ----------
    folder : path
        The folder that holds the editions.
    as_of : str
        Date of the facts, ``YYYY-MM-DD``.

    Raises
    ------
    EnergyError
        If `as_of` is not such a date.

    Examples
    --------
    >>> [path.as_posix() for path in dated("layers", "2026-06-01")]
    ['layers/2026-06-01', 'layers/latest']
    """
    try:
        day = dt.date.fromisoformat(as_of)
    except (TypeError, ValueError) as error:
        raise EnergyError(
            f"as_of {as_of!r} is no date; expected for example '2026-06-01'."
        ) from error
    return Path(folder) / day.isoformat(), Path(folder) / LATEST


def publish(edition: str | Path) -> Path:
    """Make ``latest`` beside a dated folder a copy of it, unless a newer edition lies there.

    A copy, not a link: it survives zip files, Windows and web servers. The old ``latest`` is there
    until the new one is complete.

    Parameters
    ----------
    edition : path
        A folder made at the first path of `dated`.

    Returns
    -------
    Path
        The folder ``latest``, a copy of the newest edition.

    Raises
    ------
    EnergyError
        If the folder does not exist or bears no date.
    """
    source = Path(edition)
    if not source.is_dir():
        raise EnergyError(f"'{edition}' is not a folder; write the layers there first.")
    dated(source.parent, source.name)
    newest = max(p.name for p in source.parent.iterdir() if p.is_dir() and _is_date(p.name))
    target = source.parent / LATEST
    if newest != source.name and target.is_dir():
        return target
    fresh, old = source.parent / ".latest.part", source.parent / ".latest.old"
    for spare in (fresh, old):
        shutil.rmtree(spare, ignore_errors=True)
    shutil.copytree(source, fresh)
    if target.exists():
        target.rename(old)
    fresh.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return target


def _is_date(name: str) -> bool:
    return bool(re.fullmatch(r"\d{4}-\d{2}-\d{2}", name))


# --- checking a folder ----------------------------------------------------------------------------


def check_folder(folder: str | Path) -> list[str]:
    """Look for everything that is wrong with a folder of exported layers.

    Parameters
    ----------
    folder : path
        As `energy.publish.layers.export` writes it.

    Returns
    -------
    list of str
        One sentence a fault, each beginning with the file; empty if the folder is as it was
        written. Covers checksums, sizes, files that are missing or nobody listed, the fields of
        ``datapackage.json`` against those of each layer, RFC 7946, CRS, and whether all formats of a
        layer hold the same number of features. Of a folder of dated editions each one is looked at.

    Raises
    ------
    EnergyError
        If there is no such folder.
    """
    root = Path(folder)
    if not root.is_dir():
        raise EnergyError(f"'{folder}' is not a folder; name one with {SUMS} and {PACKAGE}.")
    editions = sorted(p for p in root.iterdir() if p.name == LATEST or _is_date(p.name))
    if editions and not (root / SUMS).exists():
        return [f"{p.name}/{fault}" for p in editions for fault in check_folder(p)]
    return _faults(root)


def _faults(root: Path) -> list[str]:
    faults = list(_sum_faults(root))
    resources, found = _package(root)
    faults += found
    known = {fault.split(":")[0] for fault in faults}  # said once is enough
    counts: dict[str, dict[str, int]] = {}
    for resource in resources:
        if resource["path"] not in known:
            faults += _changed(root / resource["path"], resource)
        if (root / resource["path"]).is_file():
            faults += _resource_faults(root / resource["path"], resource, counts)
    return faults + list(_count_faults(counts))


def _sum_faults(root: Path) -> Iterator[str]:
    """Compare the files with ``checksums.txt``."""
    if not (root / SUMS).is_file():
        yield f"{SUMS}: the file is missing; nothing says that the others are as they were written."
        return
    listed = set()
    text = (root / SUMS).read_text(encoding="utf-8", errors="replace")
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"([0-9a-f]{64}) [ *]([^/\\]+)", line)
        if not match or match[2] in ("..", "."):
            yield f"{SUMS}: line {number} is not '<sha256>  <file in this folder>' ({line[:60]!r})."
            continue
        listed.add(match[2])
        yield from _sum_fault(root / match[2], match[1])
    for path in sorted(root.iterdir()):
        if path.name not in {*listed, SUMS}:
            yield f"{path.name}: not listed in {SUMS}; it was put there later."


def _sum_fault(path: Path, wanted: str) -> Iterator[str]:
    if not path.is_file():
        yield f"{path.name}: listed in {SUMS}, but missing."
    elif formats.sha256(path) != wanted:
        yield f"{path.name}: changed since it was written (its checksum is not that of {SUMS})."


def _package(root: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Read the resources of ``datapackage.json`` that can be looked at, and its own faults."""
    path = root / PACKAGE
    if not path.is_file():
        return [], [
            f"{PACKAGE}: the file is missing; licence and fields of the layers are not known."
        ]
    try:
        package = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        return [], [f"{PACKAGE}: not JSON ({error})."]
    resources = package.get("resources") if isinstance(package, dict) else None
    if not isinstance(resources, list) or not all(isinstance(r, dict) for r in resources):
        return [], [f"{PACKAGE}: no list of resources in it."]
    faults = [f"{PACKAGE}: does not say its {word}." for word in KEPT if not package.get(word)]
    safe = [r for r in resources if _plain_name(r.get("path"))]
    faults += [
        f"{PACKAGE}: {r.get('path')!r} is not a file of this folder."
        for r in resources
        if r not in safe
    ]
    return safe, faults


def _plain_name(path: Any) -> bool:
    return isinstance(path, str) and path == Path(path).name and path not in ("", "..")


def _changed(path: Path, resource: Mapping[str, Any]) -> Iterator[str]:
    """Compare a file with what the package says of it."""
    if not path.is_file():
        yield f"{path.name}: named in {PACKAGE}, but missing."
    elif resource.get("bytes") != path.stat().st_size:
        yield f"{path.name}: has {path.stat().st_size:,} bytes; {PACKAGE} says {resource.get('bytes')!r}."
    elif resource.get("hash") != f"sha256:{formats.sha256(path)}":
        yield f"{path.name}: changed since it was written (its hash is not that of {PACKAGE})."


Reader = Callable[[Path, dict[str, Any], dict[str, dict[str, int]]], Iterator[str]]


def _resource_faults(
    path: Path, resource: dict[str, Any], counts: dict[str, dict[str, int]]
) -> Iterator[str]:
    readers: dict[str, Reader] = {
        ".nc": _netcdf_faults,
        ".qml": _style_faults,
        ".json": _style_faults,
    }
    if path.suffix in exchange.SUFFIXES:  # forms for other programs: the digest is all we judge
        return
    reader: Reader = readers.get(path.suffix, _layer_faults)
    if path.suffix == ".geojson":
        yield from (f"{path.name}: {fault}" for fault in formats.validate_geojson(path))
    yield from reader(path, resource, counts)


def _style_faults(path: Path, resource: Any, counts: Any) -> Iterator[str]:
    """Read a style as the program will that is given it."""
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            json.loads(text)
        else:
            ET.fromstring(text)
    except (ValueError, RecursionError, ET.ParseError) as error:
        yield f"{path.name}: cannot be read ({error})."


def _netcdf_faults(path: Path, resource: Any, counts: Any) -> Iterator[str]:
    try:
        with xr.open_dataset(path, engine="h5netcdf") as cube:
            if set(cube.get("flow", xr.DataArray()).dims) != {"route", "period"}:
                yield f"{path.name}: no variable 'flow' with the dims (route, period)."
    except (OSError, ValueError, KeyError) as error:
        yield f"{path.name}: cannot be read as NetCDF ({error})."


def _layer_faults(
    path: Path, resource: dict[str, Any], counts: dict[str, dict[str, int]]
) -> Iterator[str]:
    """Read a layer and compare its columns with the fields of the package."""
    names = {
        str(field.get("name"))
        for field in resource.get("dictionary", [])
        if isinstance(field, dict)
    }
    try:
        frames = _frames(path)
    except (GeodataError, ImportError, ValueError, OSError, RuntimeError) as error:
        yield f"{path.name}: cannot be read ({str(error).rstrip('.')})."
        return
    found = {str(c) for frame in frames.values() for c in frame.reset_index().columns}
    found -= {"geometry", "geom", "index", "fid"}
    if found - names:
        yield f"{path.name}: has fields that {PACKAGE} does not describe: {_few(found - names)}."
    if names - found - {"id", "index", "fid"}:
        yield f"{path.name}: lacks fields that {PACKAGE} describes: {_few(names - found - {'id'})}."
    for name, frame in frames.items():
        if frame.crs is None or frame.crs.to_epsg() != 4326:
            crs = "no CRS" if frame.crs is None else f"{frame.crs.name!r}"
            yield f"{path.name}: is in {crs}; expected EPSG:4326."
        counts.setdefault(name, {})[path.name] = len(frame)


def _frames(path: Path) -> dict[str, gpd.GeoDataFrame]:
    """Read every layer of a file."""
    if path.suffix != ".gpkg":
        return {path.stem: formats.read(path)}
    layers = gpd.list_layers(path)
    named = layers.loc[layers["geometry_type"].notna(), "name"]
    return {str(name): formats.read(path, layer=str(name)) for name in named}


def _few(names: set[str]) -> str:
    shown = sorted(names)
    return ", ".join(shown[:5]) + (f" and {len(shown) - 5} more" if len(shown) > 5 else "")


def _count_faults(counts: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    for layer, files in counts.items():
        if len(set(files.values())) > 1:
            table = pd.Series(files)
            words = ", ".join(f"{count:,} in {name}" for name, count in table.items())
            yield f"{layer}: the formats do not hold the same features: {words}."
