"""Static pictures for papers and slides: one period, several years side by side, an animation.

Equal-area, so that Siberia is not blown up; colours, dashes and the linear scale of widths are those
of the interactive map (`energy.publish.atlas`). No number is computed here. The same tables give the same
bytes, as SVG, PNG, PDF, GIF or WebP.
"""

from __future__ import annotations

import functools
import io
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, checked
from energy.measure import periods
from energy.publish import atlas, qualifiers, whole
from energy.publish.layers import period_labels
from geodata import basemap, draw
from geodata.geometry import cut_antimeridian

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PROJECTION = "+proj=laea +lat_0=55 +lon_0=75 +datum=WGS84 +units=km"
"""Lambert's azimuthal equal-area projection about the middle of the network; kilometres."""

EURASIA = (-4700.0, -2450.0, 4300.0, 2450.0)
"""Default frame in km of `PROJECTION` (left, bottom, right, top): the North Sea to Japan."""

GROUND = {"sea": "#E4EBF0", "land": "#F8F6F1", "coast": "#AEBBC4", "border": "#D2CBBE"}
INK, SOFT, PAPER = "#1B2228", "#545F68", "#FFFFFF"
POINTS_PER_PX = 0.5  # a figure of 7 inches is half as wide as the map on a screen
THIN, HAIR = 0.9, 0.5  # points; narrowest core of a flow, lines without a figure
CONTEXT = ("feeder", "string", "foreign")  # roles drawn only where a figure is known, else as hairs
FINE = 0.02  # simplification in degrees
HATCHED = (0, [1.6, 0.8])  # a flow that is known of a part of its period
TUBE = 2.6  # points; widest tube of a line that stands idle
WIDTH_IN, DPI = 7.2, 200
FOOT_IN, FOOT_LETTERS = 0.11, 172  # a line of the small print: inches, letters that fit
COUNTRIES = 12.0  # square degrees; smaller countries carry no name
SUFFIXES = (".svg", ".png", ".pdf")
MOVING = (".gif", ".webp")
SALT = "energy-trade-tracker"  # fixes the ids inside an SVG


# --- the pictures ---------------------------------------------------------------------------------


@checked
def plot_map(
    routes: gpd.GeoDataFrame,
    cube: xr.Dataset,
    quarter: str | None = None,
    *,
    title: str = "Russian gas by pipeline",
    box: tuple[float, float, float, float] = EURASIA,
    labels: int = 8,
    credit: Iterable[str] = (),
    path: str | Path | None = None,
) -> Figure:
    """Draw one period of the flow cube as an equal-area map.

    Parameters
    ----------
    routes : GeoDataFrame, EPSG:4326
        Index ``route``; columns ``name, status, geometry`` and, where known, ``role``.
    cube : xarray.Dataset, dims (route, period)
        ``flow`` (signed, positive from -> to) and, where known, ``capacity, status, flow_status``;
        attributes ``freq, unit, basis, as_of``. NaN is not known.
    quarter : str, optional
        Canonical label of a period of the cube, e.g. ``"2025Q4"``; default the newest well-covered.
    title : str
        Heading; the period is added.
    box : (left, bottom, right, top)
        Frame in km of `PROJECTION`.
    labels : int
        Names of that many largest flows are written.
    credit : iterable of str
        Sources or attributions to be printed at the foot.
    path : path, optional
        Where to write as well, see `save`.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    DataError
        If the tables do not fit together, no route is left, or `routes` has no or another CRS.
    PeriodError
        If the cube has no such period.
    MissingExtra
        If matplotlib or Pillow is not installed.
    """
    routes, cube = _checked(routes, cube)
    step = _step(cube, quarter)
    foot = _foot_lines(routes, credit)
    figure = _figure(WIDTH_IN, WIDTH_IN * _shape(box) + 1.12 + FOOT_IN * len(foot))
    height = figure.get_figheight()
    low = (0.7 + FOOT_IN * len(foot)) / height
    ax = figure.add_axes((0.0, low, 1.0, WIDTH_IN * _shape(box) / height))
    _ground(ax, box, names=True)
    _draw(ax, routes, cube, step, 1.0, labels)
    _heading(figure, f"{title}, {_when(cube, step)}", cube)
    _legend(figure, _present(routes, cube, [step]), len(foot))
    _foot(figure, foot)
    return _written(figure, path)


@checked
def plot_years(
    routes: gpd.GeoDataFrame,
    cube: xr.Dataset,
    years: Sequence[str | int] | None = None,
    *,
    title: str = "Russian gas by pipeline",
    columns: int | None = None,
    box: tuple[float, float, float, float] = EURASIA,
    credit: Iterable[str] = (),
    path: str | Path | None = None,
) -> Figure:
    """Draw several periods side by side, all to one scale.

    Parameters
    ----------
    routes, cube, title, box, credit, path
        As for `plot_map`.
    years : sequence of str or int, optional
        Labels of periods of the cube, e.g. ``[2019, 2021, 2022, 2025]`` of a yearly one; default the
        last six.
    columns : int, optional
        Panels in a row; default as many as fill the rows best, at most three.

    Raises
    ------
    DataError, PeriodError, MissingExtra
        As `plot_map`.
    """
    routes, cube = _checked(routes, cube)
    if columns is not None and columns < 1:
        raise EnergyError(f"{columns} panels in a row cannot be drawn; give columns=1 or more.")
    asked = period_labels(cube)[-6:] if years is None else [str(year) for year in years]
    if not asked:
        raise EnergyError("No year was named to be drawn; give for example years=[2019, 2025].")
    steps = [_step(cube, label) for label in asked]
    columns = min(columns or (2 if len(steps) in (2, 4) else 3), len(steps))
    rows = -(-len(steps) // columns)
    cell = WIDTH_IN / columns
    foot = _foot_lines(routes, credit)
    figure = _figure(WIDTH_IN, rows * (cell * _shape(box) + 0.24) + 1.16 + FOOT_IN * len(foot))
    _panels(figure, routes, cube, steps, columns, box)
    _heading(figure, title, cube)
    _legend(figure, _present(routes, cube, steps), len(foot), min(1.0, 2.2 / columns))
    _foot(figure, foot)
    return _written(figure, path)


@checked
def animate(
    routes: gpd.GeoDataFrame,
    cube: xr.Dataset,
    path: str | Path,
    years: Sequence[str | int] | None = None,
    *,
    seconds: float = 0.9,
    dpi: int = 110,
    **options: Any,
) -> Path:
    """Write the periods as an animated GIF or WebP, one picture a period.

    Parameters
    ----------
    routes, cube
        As for `plot_map`.
    path : path
        ``.gif`` or ``.webp``.
    years : sequence of str or int, optional
        Labels of periods; default all of the cube.
    seconds : float
        Time a period is shown; the last one thrice as long.
    dpi : int
        Dots an inch; a picture is 7.2 inches wide.
    **options
        As for `plot_map`.

    Returns
    -------
    Path

    Raises
    ------
    EnergyError
        If the file is to be of another kind.
    DataError, PeriodError, MissingExtra
        As `plot_map`.
    """
    target = Path(path)
    if target.suffix.lower() not in MOVING:
        raise EnergyError(f"'{path}' cannot hold an animation; name a file {' or '.join(MOVING)}.")
    _in_folder(target)
    labels = period_labels(cube) if years is None else [str(year) for year in years]
    if not labels:
        raise EnergyError("No period was named to be shown; leave years out for all of them.")
    _need_matplotlib()
    _checked(routes, cube)
    from PIL import Image

    frames = [
        Image.open(io.BytesIO(_bytes(plot_map(routes, cube, label, **options), "png", dpi)))
        for label in labels
    ]
    times = [round(1000 * seconds)] * (len(frames) - 1) + [round(3000 * seconds)]
    _write_frames(target, [frame.convert("RGB") for frame in frames], times)
    return target


def _write_frames(target: Path, frames: list[Any], times: list[int]) -> None:
    """Write the pictures; a GIF with one palette for all, so that colours do not flicker."""
    kind = target.suffix.lower()[1:]
    more: dict[str, Any] = (
        {"lossless": True} if kind == "webp" else {"optimize": False, "disposal": 1}
    )
    if kind == "gif":
        palette = frames[len(frames) // 2].quantize(255, dither=0)
        frames = [frame.quantize(palette=palette, dither=0) for frame in frames]
    with io.BytesIO() as memory:
        frames[0].save(memory, format=kind, save_all=True, append_images=frames[1:], duration=times,
                       loop=0, **more)  # fmt: skip
        _replace(target, memory.getvalue())


def save(figure: Figure, path: str | Path, dpi: int = DPI) -> Path:
    """Write a figure so that the same figure always gives the same bytes.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    path : path
        ``.svg``, ``.png`` or ``.pdf``; text of an SVG stays text.
    dpi : int
        Dots an inch of a PNG.

    Raises
    ------
    EnergyError
        If the suffix is none of these, or the folder does not exist.
    """
    target = check_target(path)
    return _replace(target, _bytes(figure, target.suffix.lower()[1:], dpi))


def check_target(path: str | Path) -> Path:
    """Refuse, before anything is drawn, a file that `save` cannot write."""
    target = Path(path)
    if target.suffix.lower() not in SUFFIXES:
        raise EnergyError(
            f"'{path}' is no picture; name a file {', '.join(SUFFIXES)}, or {' or '.join(MOVING)}"
            " for an animation."
        )
    return _in_folder(target)


def _in_folder(target: Path) -> Path:
    if not target.parent.is_dir():
        raise EnergyError(f"The folder of '{target}' does not exist; make it first.")
    return target


def _bytes(figure: Figure, kind: str, dpi: int) -> bytes:
    from matplotlib import rc_context

    undated: dict[str, dict[str, Any]] = {
        "svg": {"Date": None, "Creator": None},
        "png": {"Software": None},
        "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    }
    with rc_context({"svg.hashsalt": SALT, "svg.fonttype": "none"}), io.BytesIO() as memory:
        figure.savefig(memory, format=kind, dpi=dpi, metadata=undated[kind])
        return memory.getvalue()


def _replace(target: Path, content: bytes) -> Path:
    return whole.write(target, content)


def _written(figure: Figure, path: str | Path | None) -> Figure:
    if path is not None:
        save(figure, path)
    return figure


# --- checks ---------------------------------------------------------------------------------------


def _need_matplotlib() -> None:
    for package, module in (("matplotlib", "matplotlib"), ("Pillow", "PIL")):
        if find_spec(module) is None:
            raise MissingExtra(
                f"A picture needs {package}: pip install 'energy-trade-tracker[pictures]'."
            )


def _checked(routes: gpd.GeoDataFrame, cube: xr.Dataset) -> tuple[gpd.GeoDataFrame, xr.Dataset]:
    """Return the routes that have a line, in drawing order, and the cube of just these."""
    _need_matplotlib()
    nothing = pd.DataFrame(columns=["date", "title", "routes"])
    try:
        atlas.faults.check(routes, cube, nothing, nothing)
    except DataError as error:
        raise DataError("The picture", error.faults) from None
    lines = routes[~(routes.geometry.isna() | routes.geometry.is_empty)]
    if lines.empty:
        raise DataError("The picture", [f"None of {len(routes)} routes has a line to draw."])
    kinds = lines.geom_type
    wrong = kinds[~kinds.isin(["LineString", "MultiLineString"])]
    if len(wrong):
        fault = f"Route {wrong.index[0]!r} has a {wrong.iloc[0]}; a line is expected."
        raise DataError("The picture", [fault])
    roles = lines["role"].fillna("").astype(str) if "role" in lines else pd.Series("", lines.index)
    order = np.argsort([_rank(role) for role in roles], kind="stable")
    lines = lines.assign(role=roles).iloc[order]
    return lines, cube.reindex(route=list(lines.index)).transpose("route", "period")


def _rank(role: str) -> int:
    return atlas.look.ROLE_ORDER.index(role) if role in atlas.look.ROLE_ORDER else 0


def _step(cube: xr.Dataset, label: str | None) -> int:
    labels = period_labels(cube)
    if label is None:
        return qualifiers.newest_whole(cube)
    text = periods.label(periods.parse(str(label)))
    if text not in labels:
        raise PeriodError(
            f"The figures have no period {label!r}; they run from {labels[0]} to {labels[-1]}"
            f" ({_freq_word(cube)})."
        )
    return labels.index(text)


def _freq_word(cube: xr.Dataset) -> str:
    words = {"Q": "quarters", "M": "months", "H": "half-years", "A": "years", "G": "gas years"}
    return words.get(str(cube.attrs.get("freq", "Q")), "periods")


# --- ground ---------------------------------------------------------------------------------------


def _figure(width: float, height: float) -> Figure:
    """Return a figure that pyplot has forgotten: notebooks show it once, nothing piles up."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width, height), facecolor=PAPER)
    plt.close(figure)
    return figure


def _shape(box: tuple[float, float, float, float]) -> float:
    return (box[3] - box[1]) / (box[2] - box[0])


def _projected(shapes: Sequence[BaseGeometry]) -> np.ndarray:
    flat: np.ndarray = gpd.GeoSeries(list(shapes), crs=4326).to_crs(PROJECTION).to_numpy()
    return flat


@functools.cache
def _basemap() -> tuple[np.ndarray, np.ndarray, list[tuple[str, float, float, float]]]:
    """Return land polygons, borders and names of countries in km of the projection."""
    layers = basemap.load()
    near = shapely.box(-40, -5, 180, 86)
    land = shapely.geometry.shape(layers["land"]["features"][0]["geometry"])
    lines = [shapely.geometry.shape(f["geometry"]) for f in layers["borders"]["features"]]
    parts = shapely.get_parts(
        shapely.intersection(shapely.make_valid(shapely.get_parts(land)), near)
    )
    borders = shapely.get_parts(shapely.intersection(lines, near))
    places = [f["properties"] for f in layers["countries"]["features"]]
    places = [p for p in places if p["area"] >= COUNTRIES]
    points = _projected([shapely.Point(p["label"]) for p in places])
    names = [
        (p["name"], p["area"], point.x, point.y) for p, point in zip(places, points, strict=True)
    ]
    polygons = shapely.get_parts(parts)
    polygons = polygons[shapely.get_type_id(polygons) == 3]
    return _projected(polygons), _projected(borders[shapely.get_type_id(borders) == 1]), names


def _ground(ax: Axes, box: tuple[float, float, float, float], names: bool) -> None:
    from matplotlib.collections import LineCollection, PolyCollection

    land, borders, countries = _basemap()
    ax.set(xlim=box[::2], ylim=box[1::2], xticks=[], yticks=[], aspect="equal")
    ax.set_facecolor(GROUND["sea"])
    for side in ax.spines.values():
        side.set(edgecolor=GROUND["coast"], linewidth=0.5)
    frame = shapely.box(*box).buffer(100)
    land = shapely.get_parts(shapely.intersection(shapely.make_valid(land), frame))
    rings = [shapely.get_coordinates(p.exterior) for p in land if p.geom_type == "Polygon"]
    holes = [
        shapely.get_coordinates(r) for p in land if p.geom_type == "Polygon" for r in p.interiors
    ]
    for shapes, colour in ((rings, "land"), (holes, "sea")):
        ax.add_collection(
            PolyCollection(shapes, facecolors=GROUND[colour], edgecolors=GROUND["coast"],
                           linewidths=0.35, zorder=1), autolim=False)  # fmt: skip
    lines = [shapely.get_coordinates(line) for line in borders if line.intersects(frame)]
    ax.add_collection(LineCollection(lines, colors=GROUND["border"], linewidths=0.45, zorder=1.5),
                      autolim=False)  # fmt: skip
    for name, area, x, y in countries if names else ():
        ax.text(x, y, name.upper(), fontsize=4.2 if area < 60 else 5.4, color="#8B8574", ha="center",
                va="center", zorder=2, clip_on=True)  # fmt: skip


# --- lines ----------------------------------------------------------------------------------------


def _draw(
    ax: Axes, routes: gpd.GeoDataFrame, cube: xr.Dataset, step: int, scale: float, labels: int = 0
) -> None:
    """Draw every route: hairs first, then casings and cores, arrows, names."""
    lines = _lines(tuple(routes.index), tuple(routes.geometry))
    looks = [_look(routes, cube, step, i) for i in range(len(routes))]
    for line, look in zip(lines, looks, strict=True):
        _stroke(ax, line, look, scale)
    pairs = zip(lines, looks, strict=True)
    arrows = [(line, look) for line, look in pairs if look["flow"] and look["style"] == "solid"]
    for line, look in arrows:
        _arrow(ax, line, look, scale)
    named = sorted(arrows, key=lambda pair: -abs(pair[1]["flow"]))[:labels]
    texts = [(line, f"{look['name']}\n{_amount(look, cube)}") for line, look in named]
    _names(ax, texts, [line for line, look in zip(lines, looks, strict=True) if look["known"]])


@functools.lru_cache(maxsize=4)
def _lines(index: tuple[str, ...], shapes: tuple[BaseGeometry, ...]) -> list[BaseGeometry]:
    """Project and thin the lines; those that share a corridor run side by side."""
    thin = shapely.simplify(np.array([cut_antimeridian(shape) for shape in shapes]), FINE)
    beside = draw.lanes(thin)
    step = 45.0  # km between the middles of two lanes, some 3 points of a full-width figure
    projected = _projected(shapely.segmentize(thin, 1.0))
    return [
        shapely.offset_curve(line, -lane * step) if lane else line
        for line, lane in zip(projected, beside, strict=True)
    ]


def _look(routes: gpd.GeoDataFrame, cube: xr.Dataset, step: int, i: int) -> dict[str, Any]:
    """Say how one route is drawn in one period; widths in bcm/yr, NaN where not known."""
    per_year = atlas.words.PER_YEAR.get(str(cube.attrs.get("freq", "Q")), 1)
    record = routes.iloc[i]
    flow = float(qualifiers.yearly_rate(cube.isel(route=[i], period=[step]))[0, 0])
    share = float(qualifiers.coverage(cube.isel(route=[i], period=[step]))[0, 0])
    known = not np.isnan(flow)
    state = _text(cube, "flow_status", i, step) or ("flowing" if known and flow else "unknown")
    return {
        "name": str(record["name"]).split(" (")[0],
        "role": record["role"],
        "state": state,
        "style": atlas.look.STATES[state][1],
        "colour": atlas.look.COLOURS[state][0],
        "dash": atlas.look.DASHES.get(str(record["status"]), 0),
        "flow": flow if known else 0.0,
        "known": known,
        "capacity": float(cube["capacity"].values[i, step]) * per_year
        if "capacity" in cube
        else np.nan,
        "light": _text(cube, "status", i, step) in atlas.look.LIGHT,
        "part": 1.0 if _text(cube, "status", i, step) == "balanced" else share,
        "days": int(qualifiers.days(cube)[step]),
        "band": _band(cube, i, step, per_year),
    }


def _band(cube: xr.Dataset, i: int, step: int, per_year: int) -> tuple[float, float] | None:
    """Return the interval of a balanced flow as yearly rates; None where there is none."""
    if not {"flow_p10", "flow_p90"} <= set(map(str, cube.data_vars)):
        return None
    low, high = (float(cube[name].values[i, step]) * per_year for name in ("flow_p10", "flow_p90"))
    return (low, high) if np.isfinite(low) and np.isfinite(high) and high > low else None


def _text(cube: xr.Dataset, name: str, i: int, step: int) -> str:
    if name not in cube:
        return ""
    word = str(cube[name].values[i, step])
    return "" if word == "nan" else word


def _points(bcm: float, scale: float) -> float:
    """Turn bcm/yr into the width of a line in points; linear."""
    return abs(bcm) * atlas.look.PX_PER_BCM_YEAR * POINTS_PER_PX * scale


def _dash(number: int) -> Any:
    """Return matplotlib's form of a dash of the interactive map, in points."""
    text = str(atlas.look.DASH_STYLES[number]["dash"])
    if not text:
        return "solid"
    return (0, [max(0.1, float(part) * POINTS_PER_PX * 0.6) for part in text.split()])


def _stroke(ax: Axes, line: BaseGeometry, look: dict[str, Any], scale: float) -> None:
    hair = look["role"] in CONTEXT and not look["known"] and look["style"] in ("hatched", "hollow")
    casing = 0.0 if np.isnan(look["capacity"]) or hair else _points(look["capacity"], scale)
    core = max(THIN * scale, _points(look["flow"], scale))
    colour, dash = look["colour"], _dash(look["dash"])
    if look["style"] == "hollow" and not hair:  # a tube: built, empty
        wide = max(2.1 * scale, min(casing, TUBE * scale))
        _line(ax, line, colour, wide, 3, 0.75)
        return _line(ax, line, PAPER, wide - 1.1 * scale, 3.1)
    if look["style"] == "faint":
        return _line(ax, line, colour, HAIR * scale, 2.7, 0.6, (0, [0.8, 3.2]))
    if look["style"] == "hatched" or hair:
        if casing:
            _line(ax, line, colour, max(casing, HAIR), 2.6, 0.16)
        return _line(ax, line, colour, HAIR * 1.4 * scale, 2.8, 0.9, (0, [1.2, 1.6]))
    if casing > core:
        _line(ax, line, colour, casing, 3.2, 0.24)
    alpha = 0.72 if look["light"] else 1.0
    if 0 < look.get("part", 1.0) < qualifiers.WHOLE and dash == "solid":
        dash = HATCHED
    return _line(ax, line, colour, core, 4, alpha, dash)


def _line(
    ax: Axes, line: BaseGeometry, colour: str, width: float, order: float, alpha: float = 1.0, dash: Any = "solid"
) -> None:  # fmt: skip
    cap = "round" if dash == "solid" and width < 3 else "butt"  # a wide round end lengthens a line
    for part in shapely.get_parts(line):
        x, y = shapely.get_coordinates(part).T
        ax.plot(x, y, color=colour, linewidth=width, linestyle=dash, alpha=alpha, zorder=order,
                solid_capstyle=cap, solid_joinstyle="round", dash_capstyle=cap, scalex=False,
                scaley=False)  # fmt: skip


def _middle(line: BaseGeometry, share: float = 0.55) -> tuple[float, float, float]:
    """Return a point of the longest part and the direction there, radians."""
    part = max(shapely.get_parts(line), key=lambda piece: piece.length)
    a, b = (
        shapely.get_coordinates(part.interpolate(share + d, normalized=True))[0]
        for d in (-0.03, 0.03)
    )
    x, y = shapely.get_coordinates(part.interpolate(share, normalized=True))[0]
    return float(x), float(y), float(np.arctan2(b[1] - a[1], b[0] - a[0]))


def _arrow(ax: Axes, line: BaseGeometry, look: dict[str, Any], scale: float) -> None:
    """Put a triangle at the middle, pointing where the gas goes; hollow for an estimate."""
    from matplotlib.markers import MarkerStyle
    from matplotlib.transforms import Affine2D

    x, y, angle = _middle(line)
    turn = angle if look["flow"] > 0 else angle + np.pi
    size = min(7.5, 3.6 + 0.9 * _points(look["flow"], 1.0)) * scale
    marker = MarkerStyle("^", transform=Affine2D().rotate(turn - np.pi / 2))
    face, edge = (PAPER, look["colour"]) if look["light"] else (look["colour"], PAPER)
    ax.plot([x], [y], marker=marker, markersize=size, markerfacecolor=face, markeredgecolor=edge,
            markeredgewidth=0.6 * scale, linestyle="none", zorder=5, clip_on=True)  # fmt: skip


SIDES = [  # where a name may stand: km east and north of the arrow, and how it is set there
    (90, 60, "left", "bottom"), (-90, 60, "right", "bottom"), (90, -60, "left", "top"),
    (-90, -60, "right", "top"), (0, 170, "center", "bottom"), (0, -170, "center", "top"),
    (220, 0, "left", "center"), (-220, 0, "right", "center"),
]  # fmt: skip


def _names(ax: Axes, named: list[tuple[BaseGeometry, str]], lines: Sequence[BaseGeometry]) -> None:
    """Write names beside their arrows, largest first, where they hide least."""
    # A pale box, not a halo: a halo would turn the text of an SVG into outlines.
    pale = {
        "boxstyle": "square,pad=0.08",
        "facecolor": GROUND["land"],
        "alpha": 0.7,
        "linewidth": 0,
    }
    dots = (
        shapely.get_coordinates(shapely.segmentize(np.array(lines), 40.0))
        if lines
        else np.empty((0, 2))
    )
    taken: list[Any] = []
    for line, text in named:
        x, y, _ = _middle(line)
        tried: list[tuple[float, int, Any, Any]] = []
        for dx, dy, side, rise in SIDES:
            note = ax.text(x + dx, y + dy, text, fontsize=5.4, color=INK, ha=side, va=rise, zorder=6,
                           linespacing=1.15, bbox=pale, clip_on=True)  # fmt: skip
            box = note.get_window_extent().transformed(ax.transData.inverted()).padded(15)
            tried.append((_hidden(ax, box, dots, taken), len(tried), note, box))
        best = min(tried)
        for hidden, _, note, box in tried:
            if note is not best[2] or not np.isfinite(hidden):
                note.remove()
            else:
                taken.append(box)


def _hidden(ax: Axes, box: Any, dots: np.ndarray, taken: list[Any]) -> float:
    """Count what a name would hide of the lines; infinite outside the frame or over another name."""
    (left, right), (low, high) = ax.get_xlim(), ax.get_ylim()
    inside = left < box.x0 and box.x1 < right and low < box.y0 and box.y1 < high
    if not inside or any(box.overlaps(other) for other in taken):
        return float("inf")
    return float(np.all((dots > [box.x0, box.y0]) & (dots < [box.x1, box.y1]), axis=1).sum())


def _amount(look: dict[str, Any], cube: xr.Dataset) -> str:
    """Write a rate with what must be known of it: estimated, of some days only, how sure."""
    sign = "≈ " if look["light"] else ""
    text = f"{sign}{abs(look['flow']):.1f} {cube.attrs.get('unit', 'bcm')}/yr"
    if 0 < look["part"] < qualifiers.WHOLE:
        text += f"\n{qualifiers.part_words(look['part'], look['days'])}"
    if look["band"] is not None:
        low, high = sorted(abs(value) for value in look["band"])
        text += f"\nbalanced, {low:.1f}–{high:.1f}"
    return text


# --- words ----------------------------------------------------------------------------------------


def _when(cube: xr.Dataset, step: int) -> str:
    start = pd.Timestamp(cube["period"].values[step])
    return atlas.timeline.period_names(start, str(cube.attrs.get("freq", "Q")))[1]


def _heading(figure: Figure, text: str, cube: xr.Dataset) -> None:
    top = 1 - 0.2 / figure.get_figheight()
    figure.text(0.012, top, text, fontsize=10.5, fontweight="bold", color=INK, va="center")
    figure.text(
        0.988, top, atlas.words.about(cube), fontsize=6.6, color=SOFT, ha="right", va="center"
    )


def _present(routes: gpd.GeoDataFrame, cube: xr.Dataset, steps: Sequence[int]) -> dict[str, Any]:
    looks = [_look(routes, cube, step, i) for step in steps for i in range(len(routes))]
    return {
        "states": [
            state for state in atlas.look.STATES if any(look["state"] == state for look in looks)
        ],
        "dashes": sorted({look["dash"] for look in looks}),
        "light": any(look["light"] and look["flow"] for look in looks),
        "part": any(0 < look["part"] < qualifiers.WHOLE and look["flow"] for look in looks),
    }


def _legend(figure: Figure, present: dict[str, Any], foot: int, scale: float = 1.0) -> None:
    """Draw the legend as a strip of four columns over the foot: colours, dashes, widths, arrows."""
    cells = [*_state_cells(present), *_mark_cells(present)]
    rows = max(3, -(-len(cells) // 4))
    height = figure.get_figheight()
    ax = figure.add_axes((0.012, (0.12 + FOOT_IN * foot) / height, 0.976, 0.54 / height))
    ax.set(xlim=(0, 100), ylim=(0, rows))
    ax.axis("off")
    for number, (draw_cell, label) in enumerate(cells):
        x, y = 25 * (number // rows), rows - 0.5 - number % rows
        draw_cell(ax, x, y, scale)
        ax.text(x + 5.2, y, label, fontsize=6.2, color=INK, va="center")


def _state_cells(present: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    for state in present["states"]:
        label, style = atlas.look.STATES[state]
        yield functools.partial(_swatch, look={
            "role": "export", "known": True, "style": style, "colour": atlas.look.COLOURS[state][0],
            "dash": {"construction": 1, "proposed": 2, "cancelled": 3}.get(state, 0), "flow": 14.0,
            "capacity": np.nan, "light": False}), label  # fmt: skip


def _mark_cells(present: dict[str, Any]) -> Iterator[tuple[Any, str]]:
    flowing = {"role": "export", "known": True, "style": "solid", "colour": atlas.look.COLOURS["flowing"][0],
               "dash": 0, "capacity": np.nan, "light": False}  # fmt: skip
    for bcm in atlas.look.LEGEND_BCM_YEAR:
        yield functools.partial(_swatch, look={**flowing, "flow": bcm}, true=True), f"{bcm} bcm/yr"
    yield (
        functools.partial(_swatch, look={**flowing, "flow": 15, "capacity": 45}, true=True),
        ("Core: flow; pale: capacity"),
    )
    if present["light"]:
        yield (
            functools.partial(_swatch, look={**flowing, "flow": 10, "light": True}, arrow=True),
            ("Hollow arrow, ≈: estimate"),
        )
    if present["part"]:
        yield (
            functools.partial(_swatch, look={**flowing, "flow": 10, "part": 0.5}),
            ("Hatched: rate of the known days"),
        )


def _swatch(
    ax: Axes, x: float, y: float, scale: float, look: dict[str, Any], true: bool = False, arrow: bool = False
) -> None:  # fmt: skip
    line = shapely.LineString([(x + 0.4, y), (x + 4.2, y)])
    _stroke(ax, line, look, scale if true else 1.0)
    if arrow:
        _arrow(ax, line, look, 1.0)


def _foot_lines(routes: gpd.GeoDataFrame, credit: Iterable[str]) -> list[str]:
    """Say how to read the picture and whose lines and figures these are, in lines that fit."""
    own = routes["attribution"].dropna().tolist() if "attribution" in routes else []
    texts = list(dict.fromkeys([*[text for text in own if text], *credit, basemap.ATTRIBUTION]))
    width = "Width is the flow as a yearly rate, one linear scale. Dotted grey: flow not known."
    plane = "Lambert azimuthal equal-area. Borders lean on the UN’s views; no position taken."
    said = " · ".join(text.rstrip(".") for text in texts) + "."
    return [*textwrap.wrap(f"{width} {plane}", FOOT_LETTERS), *textwrap.wrap(said, FOOT_LETTERS)]


def _foot(figure: Figure, lines: Sequence[str]) -> None:
    for number, line in enumerate(reversed(lines)):
        up = (0.08 + FOOT_IN * number) / figure.get_figheight()
        figure.text(0.012, up, line, fontsize=5.2, color=SOFT, va="center")


def _panels(
    figure: Figure, routes: gpd.GeoDataFrame, cube: xr.Dataset, steps: list[int], columns: int,
    box: tuple[float, float, float, float],
) -> None:  # fmt: skip
    height, cell = figure.get_figheight(), WIDTH_IN / columns
    high = cell * _shape(box)
    for number, step in enumerate(steps):
        row, column = divmod(number, columns)
        bottom = height - 0.42 - (row + 1) * (high + 0.24) + 0.03
        ax = figure.add_axes(
            (column / columns + 0.004, bottom / height, 1 / columns - 0.008, high / height)
        )
        _ground(ax, box, names=False)
        _draw(ax, routes, cube, step, min(1.0, 2.2 / columns))
        ax.set_title(_when(cube, step), fontsize=7.5, color=INK, pad=2.5, loc="left")
