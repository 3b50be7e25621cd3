"""The map page: tables of routes, flows, events and sources turned into what the drawing eats.

No number is computed here: flows, shares and prices are drawn and printed as they come; the page
itself adds quarters up to years and converts units by the factors given here. How things are drawn
is the matter of :mod:`geodata.draw`; what colours and dashes mean in the gas trade stands here.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from energy.errors import DataError, EnergyError
from energy.measure import units
from geodata import basemap, draw
from geodata.geometry import cut_antimeridian

# Okabe and Ito's palette (2008), told apart by all common kinds of colour vision; day, night. By day orange,
# purple and vermilion are darker than theirs, for 3 to 1 on pale land and sea (WCAG 1.4.11).
COLOURS = {
    "flowing": ("#0072B2", "#56B4E9"),
    "idle": ("#0072B2", "#56B4E9"),
    "construction": ("#B57500", "#E69F00"),
    "proposed": ("#B45C90", "#CC79A7"),
    "cancelled": ("#7F7F7F", "#8F979D"),
    "damaged": ("#C04000", "#E8743B"),
    "not-built": ("#7D8A94", "#78848D"),
    "unknown": ("#7D8A94", "#78848D"),
}
STATES = {  # flow-aware status -> (text, how the line is drawn)
    "flowing": ("Flowing", "solid"),
    "idle": ("Idle: built, no flow", "hollow"),
    "construction": ("Under construction", "solid"),
    "proposed": ("Proposed", "solid"),
    "cancelled": ("Cancelled or shelved", "solid"),
    "damaged": ("Damaged or destroyed", "solid"),
    "not-built": ("Not built yet", "faint"),
    "unknown": ("Flow not known", "hatched"),
}
DASHES = {  # project status -> kind of dash
    "construction": 1,
    "proposed": 2,
    "cancelled": 3,
    "shelved": 3,
}
DASH_STYLES = [
    {"label": "Built", "dash": "", "cap": "round"},
    {"label": "Under construction", "dash": "12 6", "cap": "butt"},
    {"label": "Proposed", "dash": "4 4", "cap": "butt"},
    {"label": "Cancelled or shelved", "dash": "0.1 5", "cap": "round"},
]
STATUS_LABELS = {
    "operating": "Operating",
    "idle": "Idle",
    "mothballed": "Mothballed",
    "destroyed": "Destroyed",
    "construction": "Under construction",
    "proposed": "Proposed",
    "shelved": "Shelved",
    "cancelled": "Cancelled",
    "retired": "Retired",
}
ROLE_LABELS = {
    "export": "Export routes",
    "exit": "Exits of a corridor",
    "string": "Single strings of a corridor",
    "onward": "Onward, abroad",
    "feeder": "Feeders inside Russia",
    "foreign": "Not Russian gas",
    "": "Other",
}
ROLE_ORDER = list(ROLE_LABELS)[::-1]  # exports are drawn last, on top
GRADES = ["actual", "provisional", "estimate", "plan", "contract", "modelled"]
LIGHT = GRADES[2:]  # drawn lighter: nobody has measured these
PX_PER_BCM_YEAR = 0.2
RECENT, ENOUGH = 8, 0.9  # first shown: the newest with 9/10 of the figures of its best neighbour
LEGEND_BCM_YEAR = [5, 20, 50]
TOLERANCE = 0.01  # degrees; simplification of lines for drawing only
PER_YEAR = {"Q": 4, "M": 12, "H": 2, "A": 1, "G": 1}
STEP = {"Q": "QS", "M": "MS", "H": "6MS", "A": "YS", "G": "12MS"}
MIXTURE = "mixture"  # scenario: all answers by their probabilities
STALE = 2  # quarters after which the newest figure of a flowing route is old
YEARS = [("A", "Calendar year", 1), ("G", "Gas year", 10)]  # key, text, first month
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ACCURACY = {
    "surveyed": "surveyed line",
    "traced": "traced along known places",
    "sketch": "sketch; the true course may differ",
}
TEXTURES = [  # of the casing, by accuracy
    {"key": "surveyed", "label": "Surveyed", "dash": ""},
    {"key": "traced", "label": "Traced along known places", "dash": "14 1"},
    {"key": "sketch", "label": "Sketch", "dash": "2 3"},
]
_FACTS = {  # column of routes -> word in the panel
    "from_country": "From",
    "to_country": "To",
    "via": "Via",
    "market": "Market",
    "basin": "Supply basin",
    "operator": "Operator",
    "owner": "Owner",
    "start": "In service",
    "stop": "Out of service",
}
_NUMBERS = [  # column of routes, word, how it is written
    ("capacity_now", "Capacity now", "{:g} bcm/yr"),
    ("nameplate", "Capacity now", "{:g} bcm/yr"),
    ("length_km", "Length drawn", "{:,.0f} km"),
]
_PLANNED = {"In service": "Planned start", "Capacity now": "Planned capacity"}
_UNBUILT = ("proposed", "construction", "shelved", "cancelled")


def build(
    routes: gpd.GeoDataFrame,
    flows: xr.Dataset,
    events: pd.DataFrame,
    sources: pd.DataFrame,
    places: pd.DataFrame | None = None,
    meta: Mapping[str, Any] | None = None,
    *,
    projection: xr.Dataset | None = None,
    facts: Mapping[str, pd.DataFrame] | None = None,
) -> draw.OfflineMap:
    """Build the map: one self-contained page that a notebook shows and ``save`` writes.

    Parameters
    ----------
    routes : GeoDataFrame, EPSG:4326
        Index ``route``; columns ``name, status, geometry`` and, where known, ``name_ru, name_zh,
        role, from_country, to_country, via, market, basin, operator, owner, start, stop,
        capacity_now`` or ``nameplate`` (bcm/yr), ``length_km, accuracy, geometry_source,
        geometry_note, attribution``, ``note`` or ``route_note``. A route without geometry is found by
        search and has a panel, but no line.
    flows : xarray.Dataset, dims (route, period)
        ``flow`` (signed, positive from -> to), ``capacity``, ``utilisation``, ``price``,
        ``revenue``, ``status``, ``flow_status``, ``sources``, ``price_status``, ``price_source``;
        all but ``flow`` may be missing.
        Attributes ``freq, unit, basis, as_of``. NaN is not known, 0 is no flow.
    events : DataFrame
        ``date, title, routes`` (``;``-joined), ``source``.
    sources : DataFrame
        Index ``source``; ``title, url, publisher, published``.
    places : DataFrame, optional
        ``name, lat, lon`` (or a point geometry), ``name_ru, name_zh, kind``.
    meta : mapping, optional
        ``title``; ``start`` (label of the period shown first, e.g. ``"2025Q4"``);
        ``observations`` (DataFrame indexed by observation id: ``source, page, published, note``),
        behind the ids of ``flows.sources``, see
        :func:`observations`; ``attribution`` (text or
        list of texts); ``layers`` (address of the folder of the exported layers, as seen from the
        page).
    projection : xarray.Dataset, dims (scenario, route, period, quantile), optional
        As `energy.projection.project` returns it. ``flow`` in unit, basis and frequency of `flows`,
        at least with the quantile 0.5; the lowest and the highest quantile are the edges of the
        interval. Shown where `flows` has no figure behind its newest well-covered period. May bring
        ``revenue``, and by calendar year (dim ``year``) ``flow_year`` and ``revenue_year``; without
        them the bounds of a year are sums. Attribute ``probabilities``: one for each scenario
        (mapping or list), or for each answer of each question where scenarios are called
        ``question-answer``; a mapping may be JSON text. The scenario ``mixture`` is shown first,
        else the likeliest.
    facts : mapping of DataFrame, optional
        As `energy.facts.load` gives them: ``contracts`` become contract steps, ``route-facts``
        calorific values for TWh and the ids behind capacities, and all tables the ids that
        ``meta["observations"]`` would give.

    Returns
    -------
    folium.Map
        Takes any further folium layer.

    Raises
    ------
    DataError
        If a table is empty, lacks a column, is in another CRS or names a route twice; if `flows`
        or `projection` knows routes that `routes` does not, or `flows` a status that has no colour;
        or if `projection` has other dims, periods or quantiles.
    EnergyError
        If ``meta["start"]`` is no period of the data.
    """
    meta = dict(meta or {})
    check(routes, flows, events, sources, projection)
    data = page_data(routes, flows, events, sources, meta, projection=projection, facts=facts)
    title = str(meta.get("title") or "Russian gas by pipeline")
    made = draw.OfflineMap(
        title=title,
        frame_height=meta.get("height"),
        location=[56.0, 65.0],
        zoom_start=3,
        min_zoom=2,
        max_zoom=10,
        zoom_control="topright",
        zoom_snap=0.25,
        zoom_delta=0.5,
    )
    for piece in _pieces(title, flows, data, _places(places)):
        made.add_child(piece)
    return made


def _pieces(
    title: str, flows: xr.Dataset, data: Mapping[str, Any], spots: list[dict[str, Any]]
) -> list[Any]:
    return [
        draw.Title(title, about(flows), str(flows.attrs.get("as_of", ""))),
        draw.Basemap(),
        draw.FlowLines(data, COLOURS),
        draw.Search(spots, "Search routes and places"),
        draw.LayerBox(_groups(data["lines"]), spots),
        draw.Legend(
            SMALL_PRINT,
            states="Colour: what the gas does",
            dashes="Line: project",
            borders=BORDERS,
        ),
        draw.Panel(),
        draw.Table(),
        draw.QuarterSlider(_step_word(flows), PER_YEAR.get(_freq(flows), 4)),
    ]


def check(
    routes: gpd.GeoDataFrame,
    flows: xr.Dataset,
    events: pd.DataFrame,
    sources: pd.DataFrame,
    projection: xr.Dataset | None = None,
) -> None:
    """Raise one DataError that lists everything wrong with the tables of a map."""
    faults = []
    for name, table, wanted in (
        ("routes", routes, ["name", "status", "geometry"]),
        ("events", events, ["date", "title", "routes"]),
        ("sources", sources, ["title"]),
    ):
        missing = [column for column in wanted if column not in table.columns]
        if missing:
            faults.append(f"{name} has no column {', '.join(missing)}; a map needs it.")
    if "flow" not in flows or set(flows["flow"].dims) != {"route", "period"}:
        faults.append("flows has no variable 'flow' with the dims (route, period).")
    if faults:
        raise DataError("The map", faults)
    faults += _route_faults(routes) + _flow_faults(routes, flows)
    if projection is not None and not faults:
        faults += _projection_faults(routes, flows, projection)
    if faults:
        raise DataError("The map", faults)


def _route_faults(routes: gpd.GeoDataFrame) -> list[str]:
    faults = []
    if routes.empty:
        faults.append("No route is left to draw; widen the selection.")
    if routes.crs is None or routes.crs.to_epsg() != 4326:
        faults.append(
            f"routes is in {routes.crs or 'no CRS'}; expected EPSG:4326: use to_crs(4326)."
        )
    twice = routes.index[routes.index.duplicated()]
    if len(twice):
        faults.append(f"Route {twice[0]!r} stands twice in routes; ids must be unique.")
    return faults


def _flow_faults(routes: gpd.GeoDataFrame, flows: xr.Dataset) -> list[str]:
    faults = []
    if not flows.sizes["period"]:
        faults.append("flows has no period; a map needs at least one.")
    unknown = [str(r) for r in flows["route"].values if r not in routes.index]
    if unknown:
        faults.append(
            f"flows has {len(unknown)} routes that routes lacks: {', '.join(unknown[:5])}."
        )
    if "flow_status" in flows:
        words = {str(word) for word in np.unique(flows["flow_status"].values.astype(str))}
        strange = sorted(words - set(STATES) - {"", "nan"})
        if strange:
            faults.append(
                f"flow_status {strange[0]!r} has no colour; expected one of {', '.join(STATES)}."
            )
    return faults


def _projection_faults(
    routes: gpd.GeoDataFrame, flows: xr.Dataset, projection: xr.Dataset
) -> list[str]:
    """Say what keeps a projection from being drawn behind the flows."""
    dims = {"scenario", "route", "period", "quantile"}
    if "flow" not in projection or set(projection["flow"].dims) != dims:
        return [
            "projection has no variable 'flow' with the dims (scenario, route, period, quantile)."
        ]
    faults = []
    for name in ("freq", "unit", "basis"):
        own, other = projection.attrs.get(name), flows.attrs.get(name)
        if own is not None and other is not None and str(own) != str(other):
            faults.append(f"projection has the {name} {own!r}, flows {other!r}; project in that.")
    unknown = [str(r) for r in projection["route"].values if r not in routes.index]
    if unknown:
        faults.append(
            f"projection has {len(unknown)} routes that routes lacks: {', '.join(unknown[:5])}."
        )
    if not np.isclose(projection["quantile"].values.astype(float), 0.5).any():
        faults.append("projection has no quantile 0.5; the map draws the median.")
    strange = ~np.isin(projection["period"].values, _starts(flows, projection))
    if strange.any():
        first = pd.Timestamp(projection["period"].values[strange][0]).date()
        faults.append(
            f"projection has the period {first}, which starts no {_step_word(flows).lower()} of flows."
        )
    return faults + _share_faults(projection)


def _share_faults(projection: xr.Dataset) -> list[str]:
    names = [str(name) for name in projection["scenario"].values]
    given = projection.attrs.get("probabilities")
    try:
        count = len(_shares(names, given))
    except (TypeError, ValueError):
        return [f"projection has the probabilities {given!r}; expected numbers by scenario."]
    if count != len(names):
        return [f"projection has {count} probabilities for {len(names)} scenarios."]
    return []


def observations(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Gather who said what: every row of the facts that has an id.

    Parameters
    ----------
    tables : mapping of DataFrame
        As `energy.facts.load` gives them.

    Returns
    -------
    DataFrame
        Index ``id``; ``source, page, published, status, note``.
    """
    columns = ["source", "page", "published", "status", "note"]
    kept = [
        table.set_index("id").reindex(columns=columns)
        for table in tables.values()
        if {"id", "source"} <= set(table.columns)
    ]
    return pd.concat(kept) if kept else pd.DataFrame(columns=columns)


def page_data(
    routes: gpd.GeoDataFrame,
    flows: xr.Dataset,
    events: pd.DataFrame,
    sources: pd.DataFrame,
    meta: Mapping[str, Any],
    *,
    projection: xr.Dataset | None = None,
    facts: Mapping[str, pd.DataFrame] | None = None,
) -> dict[str, Any]:
    """Turn the tables into the one JSON that :class:`geodata.draw.FlowLines` draws.

    Numbers become integers of a stated scale, sources and references numbers into lists, rows over
    periods lose their empty ends.
    """
    facts = facts or {}
    routes = _in_order(routes)
    projection = _after(flows, projection)
    starts = _starts(flows, projection)
    cube = flows.reindex(route=list(routes.index), period=starts).transpose("route", "period")
    steps = _steps(cube, flows.sizes["period"], _filled(cube, projection))
    cited = _Cited(sources)
    told = meta.get("observations")
    books = _References(observations(facts) if told is None and facts else told, cited)
    calendars = _calendars(cube, steps)
    ahead = _ahead(cube, projection, calendars)
    lines = _lines(routes, cube, ahead, facts, books)
    happened = _events(events, list(routes.index), cube, cited)
    return {
        "steps": steps,
        "past": flows.sizes["period"],
        "days": _days(starts, _freq(cube)),
        "calendars": calendars,
        "start": _start(flows, steps, meta.get("start")),
        "as_of": str(cube.attrs.get("as_of", "")),
        "units": _units(cube, any("heat" in line for line in lines)),
        **_look(cube, projection is not None),
        **({} if projection is None else {"projection": _scenarios(projection)}),
        "lines": lines,
        "events": happened,
        "sources": cited.records(),
        "records": books.records,
        "sets": books.sets,
        "layers": [
            {"name": name, "path": _relative(meta.get("layers"), name)}
            for name in ("flows_quarterly", "projections_quarterly")
        ] if _freq(cube) == "Q" else [],
        "attribution": _attribution(routes, meta.get("attribution", ())),
    }  # fmt: skip


def _relative(folder: Any, layer: str) -> str:
    """Return the address of a layer in a folder that lies beside the page, else nothing."""
    text = str(folder or "").rstrip("/")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", text):
        return ""
    return f"{text}/{layer}.geojson"


def _lines(
    routes: gpd.GeoDataFrame,
    cube: xr.Dataset,
    ahead: Mapping[int, list[Any]],
    facts: Mapping[str, pd.DataFrame],
    books: _References,
) -> list[dict[str, Any]]:
    columns = _columns(cube, books)
    told = _told(facts, books)
    heat = _heat(facts, cube)
    thin = shapely.simplify([_whole(shape) for shape in routes.geometry.values], TOLERANCE)
    beside = draw.lanes(thin)
    words = _country_names()
    served = _served(cube)
    lines = []
    for i, (route, record) in enumerate(routes.to_dict("index").items()):
        line = _line(route, record, {k: v[i] for k, v in columns.items()}, words, served[i])
        line |= {"parts": _parts(thin[i]), "lane": beside[i]}
        line |= {"ahead": ahead[i]} if i in ahead else {}
        lines.append(line | told.get(route, {}) | heat.get(route, {}))
    return lines


def _whole(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """Cut a line that crosses 180 degrees; it would run around the world."""
    if geometry is None or geometry.is_empty:
        return geometry
    x = shapely.get_coordinates(geometry)[:, 0]
    crosses = np.abs(np.diff(x)).max(initial=0) > 180 or np.abs(x).max() > 180
    return cut_antimeridian(geometry) if crosses else geometry


def _starts(flows: xr.Dataset, projection: xr.Dataset | None) -> pd.DatetimeIndex:
    """Return the first days of all periods, of history and of the projection, without a gap."""
    own = pd.DatetimeIndex(flows["period"].values)
    if projection is None or not projection.sizes["period"]:
        return own
    last = max(own[-1], pd.DatetimeIndex(projection["period"].values).max())
    further = pd.date_range(own[-1], last, freq=STEP.get(_freq(flows), "QS"), inclusive="right")
    return pd.DatetimeIndex([*own, *further]).as_unit(own.unit)


def _after(flows: xr.Dataset, projection: xr.Dataset | None) -> xr.Dataset | None:
    """Return the projection behind the newest well-covered period; before it history stands alone."""
    if projection is None:
        return None
    newest = flows["period"].values[_covered(flows)]
    return projection.isel(period=np.flatnonzero(projection["period"].values > newest))


def _days(starts: pd.DatetimeIndex, freq: str) -> list[int]:
    months = 12 // PER_YEAR.get(freq, 4)
    return (starts + pd.DateOffset(months=months) - starts).days.tolist()


def _calendars(cube: xr.Dataset, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the ways to divide time: the periods of the cube and, of quarters and months, years."""
    freq = _freq(cube)
    plural = {"Q": "quarters", "M": "months"}.get(freq, "periods")
    made: list[dict[str, Any]] = [{"key": freq, "label": _step_word(cube), "plural": plural}]
    if freq not in ("Q", "M"):
        return made
    for key, label, month in YEARS:
        own = _years(cube, steps, key, month)
        made.append({"key": key, "label": label, "whole": PER_YEAR[freq], "steps": own})
    return made


def _years(
    cube: xr.Dataset, steps: Sequence[Mapping[str, Any]], key: str, month: int
) -> list[dict[str, Any]]:
    """Group the periods into years that begin with a month; a year that lacks some is marked."""
    whole = PER_YEAR[_freq(cube)]
    word = "quarters" if whole == 4 else "months"
    starts = pd.DatetimeIndex(cube["period"].values)
    years = (starts.year - (starts.month < month)).to_numpy()
    rows = []
    for year in dict.fromkeys(years.tolist()):
        first, end = np.flatnonzero(years == year)[[0, -1]] + [0, 1]
        short, long = period_names(pd.Timestamp(year=year, month=month, day=1), key)
        grades = {GRADES[grade] for step in steps[first:end] for grade in step.get("grades", ())}
        part = "" if end - first == whole else f"; {end - first} of {whole} {word}"
        note = _note(grades) + part
        rows.append(
            {"id": short, "label": long, "tick": str(year), "note": note, "of": [int(first), int(end)],
             "rough": any(step.get("rough") for step in steps[first:end]),
             **({"ahead": True} if any(step.get("ahead") for step in steps[first:end]) else {})}
        )  # fmt: skip
    return rows


def _units(cube: xr.Dataset, heat: bool) -> list[dict[str, Any]]:
    """List the units a reader can switch to; factors are per unit of the cube."""
    unit, basis = str(cube.attrs.get("unit", "bcm")), str(cube.attrs.get("basis", ""))
    own = {"key": "own", "unit": unit, "note": _basis(cube), "factor": 1, "digits": 2}
    if unit != "bcm" or basis not in ("20C", "15C", "0C"):
        return [own]
    other = "15C" if basis == "20C" else "20C"
    warm = units.convert(1.0, "bcm", "bcm", basis=basis, to_basis=other)
    made = [
        own,
        own | {"key": f"bcm{other[:2]}", "note": f"at {other[:2]} °C", "factor": warm},
        own | {"key": "mcmd", "unit": "mcm/d", "rate": True, "digits": 1,
               "factor": units.convert(1.0, "bcm", "mcm", basis=basis)},
    ]  # fmt: skip
    energy = own | {"key": "twh", "unit": "TWh", "note": "GCV", "heat": True, "digits": 1}
    return [*made, energy] if heat else made


def _heat(facts: Mapping[str, pd.DataFrame], cube: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Give each route with a stated calorific value the TWh of a bcm and the words for it."""
    basis = str(cube.attrs.get("basis", ""))
    if "route-facts" not in facts or basis not in ("20C", "15C", "0C"):
        return {}
    rows = facts["route-facts"].query("attribute == 'gcv'").sort_values("valid_from")
    found = {}
    for row in rows.to_dict("records"):
        stated = {"gcv": float(row["value"]), "gcv_basis": row["basis"]}
        energy = units.convert(1.0, "bcm", "TWh", basis=basis, **stated)
        words = f"by {float(row['value']):g} kWh/m³ at {row['basis'][:-1]} °C, {row['id']}"
        found[row["route"]] = {"heat": energy, "heat_note": words}
    return found


def _told(facts: Mapping[str, pd.DataFrame], books: _References) -> dict[Hashable, dict[str, Any]]:
    """Gather what holds for all periods of a route: contract steps, ids behind capacities."""
    found: dict[Hashable, dict[str, Any]] = {}
    if "route-facts" in facts:
        rows = facts["route-facts"].query("attribute == 'capacity'")
        for route, name in zip(rows["route"], rows["id"], strict=True):
            own = found.setdefault(route, {}).setdefault("standing", {"limit": []})
            own["limit"].append(books.add(name))
    if "contracts" in facts:
        for row in facts["contracts"].to_dict("records"):
            books.add(row["id"])
            found.setdefault(row["route"], {}).setdefault("contracts", []).append(_contract(row))
    return found


def _contract(row: Mapping[Hashable, Any]) -> dict[str, str]:
    """Write a contract step: ``2021``, ``10 bcm/yr at 20 °C``, who, when, how certain."""
    basis = _word(row.get("basis"))
    words = f"at {basis[:-1]} °C" if basis[:-1].isdigit() else f"basis {basis or 'unstated'}"
    signed = _word(row.get("signed"))
    about = [_word(row.get("buyer")), signed and f"signed {signed}", _word(row.get("status"))]
    amount = row.get("acq")
    known = amount is not None and not pd.isna(amount)
    text = f"{amount:g} {row['unit']} {words}" if known else "quantity not published"
    return {
        "id": _word(row["id"]),
        "year": _word(row["year"]),
        "text": text,
        "about": ", ".join(word for word in about if word),
    }


def _served(cube: xr.Dataset) -> list[list[str]]:
    """List the markets that each route has served."""
    if "market" not in cube:
        return [[] for _ in range(cube.sizes["route"])]
    return [
        sorted({word for word in map(_word, row) if word}) for row in cube["market"].values.tolist()
    ]


def _filled(cube: xr.Dataset, projection: xr.Dataset | None) -> np.ndarray:
    """Say for each period whether the projection stands in where a route has no figure."""
    if projection is None:
        return np.zeros(cube.sizes["period"], dtype=bool)
    told = projection["flow"].notnull().any(["scenario", "quantile"])
    told = told.reindex(route=cube["route"], period=cube["period"], fill_value=False)
    bare = ~cube["flow"].notnull().transpose("route", "period").values
    return (told.transpose("route", "period").values & bare).any(axis=0)


def _scenarios(projection: xr.Dataset) -> dict[str, Any]:
    """Name the scenarios, which is shown first, and the interval between the outer quantiles."""
    names = [str(name) for name in projection["scenario"].values]
    shares = _shares(names, projection.attrs.get("probabilities"))
    low, high = _edges(projection)
    known = [share if share is not None else -1.0 for share in shares]
    return {
        "scenarios": [
            {"key": name, "label": _scenario_words(name), "probability": share}
            for name, share in zip(names, shares, strict=True)
        ],
        "start": names.index(MIXTURE) if MIXTURE in names else known.index(max(known)),
        "interval": f"P{100 * low:g}–P{100 * high:g}",
        "flowing": list(STATES).index("flowing"),
        "idle": list(STATES).index("idle"),
    }


def _scenario_words(name: str) -> str:
    return "weighted mixture" if name == MIXTURE else re.sub("[-_]", " ", name)


def _shares(names: Sequence[str], given: Any) -> list[float | None]:
    """Return the probability of each scenario; None where none is stated.

    >>> _shares(["baseline", "oil-high"], '{"oil": {"high": 0.25, "middle": 0.75}}')
    [None, 0.25]
    """
    if isinstance(given, str):
        given = json.loads(given)
    if given is None:
        return [None] * len(names)
    if not isinstance(given, Mapping):
        return [_share(value) for value in given]
    flat: dict[str, Any] = {}
    for key, value in given.items():
        deep = isinstance(value, Mapping)
        flat |= {f"{key}-{answer}": v for answer, v in value.items()} if deep else {key: value}
    return [_share(flat.get(name)) for name in names]


def _share(value: Any) -> float | None:
    return None if value is None or not math.isfinite(float(value)) else float(value)


def _edges(projection: xr.Dataset) -> tuple[float, float]:
    quantiles = projection["quantile"].values.astype(float)
    return float(quantiles.min()), float(quantiles.max())


def _ahead(
    cube: xr.Dataset, projection: xr.Dataset | None, calendars: Sequence[Mapping[str, Any]]
) -> dict[int, list[Any]]:
    """Pack each scenario by position of the route: by period, and by calendar year where given.

    Each of them is ``{"value": {mid, low, high}, "revenue": …}``; routes without are left out.
    """
    if projection is None:
        return {}
    years = [y["id"] for c in calendars if c["key"] == "A" for y in c.get("steps", ())]
    found: dict[int, list[Any]] = {}
    for place, suffix in (("base", ""), ("A", "_year")):
        for name, variable, scale in (("value", "flow", 1000), ("revenue", "revenue", 10)):
            if f"{variable}{suffix}" not in projection or (suffix and not years):
                continue
            told = projection[f"{variable}{suffix}"].reindex(route=cube["route"])
            axis = {"year": [int(y) for y in years]} if suffix else {"period": cube["period"]}
            rows = _quantiles(told.reindex(axis), scale)
            for i, packed in rows.items():
                own = found.setdefault(i, [{} for _ in packed])
                for scenario, row in zip(own, packed, strict=True):
                    scenario.setdefault(place, {})[name] = row
    return {
        i: rows for i, rows in found.items() if all("value" in row.get("base", ()) for row in rows)
    }


def _quantiles(told: xr.DataArray, scale: int) -> dict[int, list[Any]]:
    """Pack median and edges by position of the route, one for each scenario."""
    levels = told["quantile"].values.astype(float)
    places = {"mid": int(np.abs(levels - 0.5).argmin()), "low": int(levels.argmin()),
              "high": int(levels.argmax())}  # fmt: skip
    (axis,) = set(told.dims) - {"scenario", "route", "quantile"}
    values = told.transpose("route", "scenario", "quantile", axis).values
    found = np.flatnonzero(np.isfinite(values).any(axis=(1, 2, 3))).tolist()
    return {
        i: [{name: draw.row(row[q]) for name, q in places.items()}
            for row in _integers(values[i], scale)]
        for i in found
    }  # fmt: skip


def _look(cube: xr.Dataset, ahead: bool) -> dict[str, Any]:
    """Say what colours, dashes, widths and marks stand for."""
    return {
        "states": [{"key": k, "label": v[0], "style": v[1]} for k, v in STATES.items()],
        "dashes": DASH_STYLES,
        "textures": TEXTURES,
        "grades": GRADES,
        "light": LIGHT,
        "stale": max(1, STALE * PER_YEAR.get(_freq(cube), 4) // 4),
        "series": _series(cube),
        "scale": {
            "px": PX_PER_BCM_YEAR,
            "factor": PER_YEAR.get(_freq(cube), 1),
            "legend": LEGEND_BCM_YEAR,
            "unit": f"{cube.attrs.get('unit', 'bcm')}/yr",
            "note": _basis(cube),
        },
        "legend": [row for row in LEGEND if ahead or row[0] != "ahead"],
        "chart_key": "Bars: flow, hatched where estimated. Dashes: capacity. Diamonds: events.",
    }


LEGEND = [
    ("casing", "Pale: capacity; core: flow"),
    ("arrow", "Direction; hollow: estimate"),
    ("over", "Flow above capacity"),
    ("stale", "Stale: newest figure, dated"),
    ("ahead", "Projection, median"),
    ("event", "Event in the period"),
]
BORDERS = [
    ("border", "As the UN General Assembly recognises them"),
    ("contested", "Status unsettled by UN resolutions"),
]
SMALL_PRINT = [
    "Width: flow of the period as a yearly rate, linear. “–” means not known. No position is taken on borders.",
]


def _in_order(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put what is drawn on top last; the order of the table decides among equals."""
    roles = _text(routes, "role").map(lambda r: ROLE_ORDER.index(r) if r in ROLE_ORDER else 0)
    return routes.iloc[np.argsort(roles.to_numpy(), kind="stable")]


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index)
    return frame[column].fillna("").astype(str)


class _Cited:
    """Numbers the sources that the page names; the others stay at home."""

    def __init__(self, sources: pd.DataFrame):
        self.sources = sources[~sources.index.duplicated(keep="last")]
        self.numbers: dict[Hashable, int] = {}

    def number(self, name: Hashable) -> int | None:
        """Number a source; None for one that is not known."""
        if name not in self.sources.index:
            return None
        return self.numbers.setdefault(name, len(self.numbers))

    def records(self) -> list[dict[str, str]]:
        """List the numbered sources in their order."""
        return [_source(row) for row in self.sources.loc[list(self.numbers)].to_dict("records")]


class _References:
    """Numbers observation ids and the sets in which they occur."""

    def __init__(self, observations: pd.DataFrame | None, sources: _Cited):
        known = pd.DataFrame() if observations is None else observations
        self.places = {name: i for i, name in enumerate(known.index)}
        self.columns = {name: known[name].to_numpy(dtype=object) for name in known.columns}
        self.sources = sources
        self.records: list[dict[str, Any]] = []
        self.sets: list[list[int]] = []
        self._record: dict[str, int] = {}
        self._set: dict[str, int] = {}

    def number(self, ids: str) -> int | None:
        """Number a ``;``-joined list of ids; None for an empty one."""
        if not ids or ids == "nan":
            return None
        if ids not in self._set:
            self._set[ids] = len(self.sets)
            self.sets.append([self.add(part.strip()) for part in ids.split(";") if part.strip()])
        return self._set[ids]

    def add(self, name: str) -> int:
        """Number one id."""
        if name not in self._record:
            self._record[name] = len(self.records)
            place = self.places.get(name)
            row = {} if place is None else {k: column[place] for k, column in self.columns.items()}
            record = {"text": name, "source": self.sources.number(row.get("source", name))}
            record |= {key: _word(row.get(key)) for key in ("page", "published", "note")}
            record["grade"] = _word(row.get("status"))
            self.records.append(
                {key: value for key, value in record.items() if value not in ("", None)}
            )
        return self._record[name]


def _columns(cube: xr.Dataset, books: _References) -> dict[str, list[Any]]:
    """Return per variable a list of rows, one a route, each packed or None."""
    states = {key: i for i, key in enumerate(STATES)}
    grades = {key: i for i, key in enumerate(GRADES)}
    columns = {
        name: _numbers(cube, variable, scale)
        for name, variable, scale in (
            ("value", "flow", 1000),
            ("limit", "capacity", 1000),
            ("share", "utilisation", 1000),
            ("price", "price", 10),
            ("revenue", "revenue", 10),
        )
    }
    columns["price_grade"] = _rows(cube, "price_status", grades.get)
    columns["state"] = _rows(cube, "flow_status", states.get)
    columns["grade"] = _rows(cube, "status", grades.get)
    columns["refs"] = _rows(cube, "sources", books.number)
    columns["price_refs"] = _rows(cube, "price_source", books.number)
    return columns


def _integers(values: np.ndarray, scale: int) -> list[Any]:
    """Write numbers as integers of 1/scale, NaN as None.

    >>> _integers(np.array([[0.0125, np.nan]]), 1000)
    [[12, None]]
    """
    whole = np.rint(np.nan_to_num(values.astype(float)) * scale).astype(int)
    packed = whole.astype(object)
    packed[np.isnan(values)] = None
    return packed.tolist()


def _numbers(cube: xr.Dataset, variable: str, scale: int) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    return [draw.row(line) for line in _integers(cube[variable].values, scale)]


def _rows(cube: xr.Dataset, variable: str, read: Callable[[str], Any]) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    values = cube[variable].values.astype(object)
    codes, words = pd.factorize(values.ravel())  # each word is read once, in the order of the cube
    told = [*(read(str(word)) for word in words), None]  # a code of -1: missing
    return [draw.row([told[i] for i in line]) for line in np.split(codes, len(values))]


def _series(cube: xr.Dataset) -> dict[str, dict[str, Any]]:
    """Say how each number is called, stored, written, added up to years and cited."""
    flow = {"unit": cube.attrs.get("unit", "bcm"), "note": _basis(cube), "digits": 2}
    volume = flow | {"scale": 1000, "volume": True}
    money = {"digits": 0, "scale": 10}
    price = str(cube["price"].attrs.get("units", "")) if "price" in cube else ""
    note = {"note": "at 20 °C"} if "20 °C" in price else {}
    return {
        "value": {"label": "Flow", **volume},
        "limit": {"label": "Capacity", **volume},
        "share": {"label": "Utilisation", "unit": "%", "digits": 0, "scale": 1000, "rule": "share",
                  "from": ["value", "limit"]},
        "price": {"label": "Price", "unit": "USD/1000 m³", "rule": "mean", **money, **note},
        "revenue": {"label": "Revenue", "unit": "million USD", "rule": "carried", **money,
                    "from": ["value", "price"]},
    }  # fmt: skip


def _line(
    route: Hashable,
    record: Mapping[Hashable, Any],
    columns: Mapping[str, Any],
    words: Mapping[str, str],
    markets: Iterable[str] = (),
) -> dict[str, Any]:
    status, role = _word(record.get("status")), _word(record.get("role"))
    names = [("ru", _word(record.get("name_ru"))), ("zh", _word(record.get("name_zh")))]
    return {
        "id": str(route),
        "name": _word(record["name"]) or str(route),
        "names": [pair for pair in names if pair[1]],
        "status": STATUS_LABELS.get(status, status or "Status not known"),
        "groups": _groups_of(record, status, role, markets),
        "dash": DASHES.get(status, 0),
        "texture": _texture(_word(record.get("accuracy"))),
        "facts": _facts(record, words),
        "note": _word(record.get("note")) or _word(record.get("route_note")),
        "frame": role != "foreign",
        "series": {
            k: columns[k] for k in ("value", "limit", "share", "price", "revenue") if columns[k]
        },
        "state": columns["state"],
        "grade": columns["grade"],
        "grades": {"price": columns["price_grade"]},
        "refs": {"value": columns["refs"], "price": columns["price_refs"]},
    }


def _groups_of(
    record: Mapping[Hashable, Any], status: str, role: str, markets: Iterable[str]
) -> dict[str, Any]:
    """Say what a route can be filtered by; markets, basins and operators may be several."""
    listed = {name: _listed(record.get(name)) for name in ("market", "basin", "operator")}
    listed["market"] = sorted({*listed["market"], *markets})
    return {"role": role if role in ROLE_LABELS else "", "status": status, **listed}


def _listed(value: Any) -> list[str]:
    return [part.strip() for part in _word(value).split(";") if part.strip()]


def _texture(accuracy: str) -> int:
    return next((i for i, texture in enumerate(TEXTURES) if texture["key"] == accuracy), 0)


def _facts(record: Mapping[Hashable, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    renamed = _PLANNED if _word(record.get("status")) in _UNBUILT else {}
    facts = []
    for column, label in _FACTS.items():
        parts = _word(record.get(column)).split(";")
        said = ", ".join(words.get(part) or _spoken(part) for part in parts)
        facts.append((renamed.get(label, label), said))
    for column, label, form in _NUMBERS:
        value = record.get(column)
        if value is not None and not pd.isna(value):
            facts.append((renamed.get(label, label), form.format(value)))
    accuracy = _word(record.get("accuracy"))
    drawn = [ACCURACY.get(accuracy, accuracy)]
    drawn += [_word(record.get(column)) for column in ("geometry_source", "geometry_note")]
    facts.append(("Line drawn", "; ".join(text for text in drawn if text)))
    return [fact for fact in facts if fact[1]]


def _spoken(text: str) -> str:
    """Turn an id into words: ``central-asia`` into ``Central Asia``; other texts stay.

    >>> _spoken("central-asia"), _spoken("Gazprom"), _spoken("2019-12-02")
    ('Central Asia', 'Gazprom', '2019-12-02')
    """
    if not re.fullmatch(r"[a-z]+(-[a-z]+)*", text):
        return text
    return " ".join(word.capitalize() for word in text.split("-"))


def _parts(geometry: BaseGeometry | None) -> list[list[int]]:
    """Pack the pieces of a route's line; none where there is no geometry."""
    pieces = [] if geometry is None else shapely.get_parts(geometry)
    return [draw.pack_line(shapely.get_coordinates(piece).tolist()) for piece in pieces]


def _country_names() -> dict[str, str]:
    shapes = basemap.topology()["objects"]["countries"]["geometries"]
    return {shape["properties"]["a3"]: shape["properties"]["name"] for shape in shapes}


def _steps(cube: xr.Dataset, past: int, filled: np.ndarray) -> list[dict[str, Any]]:
    """Name each period: ``2026Q1`` and ``2026 Q1 (Jan–Mar)``; the first `past` are history.

    `filled` says where the projection stands in for figures.
    """
    grades = cube["status"].values.astype(str) if "status" in cube else None
    steps = []
    last = None
    for i, start in enumerate(pd.DatetimeIndex(cube["period"].values)):
        short, long = period_names(start, _freq(cube))
        step: dict[str, Any] = {"id": short, "label": long}
        if start.year != last:
            step["tick"] = str(start.year)
            last = start.year
        if grades is not None and i < past:
            found = set(grades[:, i])
            step["note"] = _note(found)
            step["grades"] = [n for n, word in enumerate(GRADES) if word in found]
            step["rough"] = step["grades"] != [0]
        if filled[i]:
            step["ahead"] = True
        steps.append(step)
    return steps


def period_names(start: pd.Timestamp, freq: str) -> tuple[str, str]:
    """Return a period as an address and in words: ``2026Q1`` and ``2026 Q1 (Jan–Mar)``."""
    year, month = start.year, start.month
    if freq == "Q":
        quarter = (month - 1) // 3 + 1
        return f"{year}Q{quarter}", f"{year} Q{quarter} ({MONTHS[month - 1]}–{MONTHS[month + 1]})"
    if freq == "M":
        return f"{year}-{month:02d}", f"{MONTHS[month - 1]} {year}"
    if freq == "H":
        half = 1 if month < 7 else 2
        return f"{year}H{half}", f"{year} H{half} ({'Jan–Jun' if half == 1 else 'Jul–Dec'})"
    if freq == "G":
        return f"GY{year}", f"Gas year {year}/{(year + 1) % 100:02d}"
    return str(year), str(year)


def _note(grades: set[str]) -> str:
    words = [word for word in GRADES if word in grades]
    return "figures: " + ", ".join(words) if words else "no figures"


def _start(cube: xr.Dataset, steps: Sequence[Mapping[str, Any]], wanted: Any) -> int:
    """Choose the period shown first: the one asked for, else the newest well-covered one."""
    labels = [step["id"] for step in steps]
    if wanted is not None:
        if wanted not in labels:
            raise EnergyError(
                f"The map has no period {wanted!r}; it runs from {labels[0]} to {labels[-1]}."
            )
        return labels.index(wanted)
    return _covered(cube)


def _covered(cube: xr.Dataset) -> int:
    """Return the position of the newest period with nearly all the figures that there can be."""
    known = np.isfinite(cube["flow"].transpose("route", "period").values).sum(axis=0)
    enough = np.flatnonzero(known >= max(1, ENOUGH * known[-RECENT:].max()))
    return int(enough[-1]) if len(enough) else len(known) - 1


def _events(
    events: pd.DataFrame, routes: Sequence[Hashable], cube: xr.Dataset, cited: _Cited
) -> list[dict[str, Any]]:
    places = {route: i for i, route in enumerate(routes)}
    starts = pd.DatetimeIndex(cube["period"].values)
    end = starts[-1] + pd.DateOffset(months=12 // PER_YEAR.get(_freq(cube), 4))
    rows = []
    for record in events.sort_values("date", kind="stable").to_dict("records"):
        when = pd.Timestamp(str(record["date"]))
        inside = starts[0] <= when < end
        step = int(starts.searchsorted(when, side="right")) - 1 if inside else None
        ids = [part.strip() for part in _word(record.get("routes")).split(";")]
        rows.append(
            {
                "step": step,
                "date": str(record["date"]),
                "title": _word(record["title"]),
                "lines": [places[name] for name in ids if name in places],
                "source": cited.number(record.get("source")),
            }
        )
    return rows


def _source(record: Mapping[Hashable, Any]) -> dict[str, str]:
    fields = {key: _word(record.get(key)) for key in ("title", "publisher", "published", "url")}
    return {key: text for key, text in fields.items() if text}


def _attribution(routes: gpd.GeoDataFrame, more: str | Iterable[str]) -> list[str]:
    own = sorted({text for text in _text(routes, "attribution") if text})
    return list(dict.fromkeys([*own, *([more] if isinstance(more, str) else more)]))


def _places(places: pd.DataFrame | None) -> list[dict[str, Any]]:
    if places is None:
        return []
    if "lat" not in places.columns and isinstance(places, gpd.GeoDataFrame):
        places = places.assign(lat=places.geometry.y, lon=places.geometry.x)
    missing = [column for column in ("name", "lat", "lon") if column not in places.columns]
    if missing:
        raise DataError("places", [f"No column {', '.join(missing)}; a map needs it."])
    return [
        {
            "name": _word(record["name"]),
            "names": [n for n in (_word(record.get(k)) for k in ("name_ru", "name_zh")) if n],
            "lat": round(float(record["lat"]), 3),
            "lon": round(float(record["lon"]), 3),
            "about": _word(record.get("kind")),
        }
        for record in places.to_dict("records")
    ]


def _groups(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the filters; of markets, basins and operators one is picked."""
    picks = []
    for key, title in (("market", "Market"), ("basin", "Supply basin"), ("operator", "Operator")):
        values = sorted({value for line in lines for value in line["groups"][key]})
        labels = {value: _spoken(value) for value in values}
        picks.append({"key": key, "title": title, "labels": labels, "pick": True})
    return [
        *picks,
        {"key": "role", "title": "Routes by role", "labels": ROLE_LABELS},
        {"key": "status", "title": "Routes by project status", "labels": STATUS_LABELS},
    ]


def _word(value: Any) -> str:
    """Return a text; empty for None and NaN."""
    return "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)


def _freq(cube: xr.Dataset) -> str:
    return str(cube.attrs.get("freq", "Q"))[:1].upper()


def _step_word(cube: xr.Dataset) -> str:
    words = {"Q": "Quarter", "M": "Month", "H": "Half-year", "A": "Year", "G": "Gas year"}
    return words.get(_freq(cube), "Period")


def _basis(cube: xr.Dataset) -> str:
    basis = str(cube.attrs.get("basis", "")).strip()
    if basis.endswith("C") and basis[:-1].isdigit():
        return f"at {basis[:-1]} °C"
    return basis or "basis not stated"


def about(cube: xr.Dataset) -> str:
    """Return the line below the title: the day of the facts, unit and basis."""
    as_of = cube.attrs.get("as_of")
    unit = f"{cube.attrs.get('unit', 'bcm')} {_basis(cube)}"
    return f"As of {as_of} · {unit}" if as_of else unit
