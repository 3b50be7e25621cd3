"""The map page: tables of routes, flows, events and sources turned into what the drawing eats.

No number is computed here: flows, shares and prices are drawn and printed as they come. How things
are drawn is the matter of :mod:`geodata.draw`; what colours and dashes mean in the gas trade stands
here.
"""

from __future__ import annotations

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
from geodata import basemap, draw

# Okabe and Ito's palette (2008), told apart by all common kinds of colour vision; night, day.
COLOURS = {
    "flowing": ("#0072B2", "#56B4E9"),
    "idle": ("#0072B2", "#56B4E9"),
    "construction": ("#E69F00", "#E69F00"),
    "proposed": ("#CC79A7", "#CC79A7"),
    "cancelled": ("#7F7F7F", "#8F979D"),
    "damaged": ("#D55E00", "#E8743B"),
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
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ACCURACY = {
    "surveyed": "surveyed line",
    "traced": "traced along known places",
    "sketch": "sketch; the true course may differ",
}
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


def build(
    routes: gpd.GeoDataFrame,
    flows: xr.Dataset,
    events: pd.DataFrame,
    sources: pd.DataFrame,
    places: pd.DataFrame | None = None,
    meta: Mapping[str, Any] | None = None,
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
        list of texts).

    Returns
    -------
    folium.Map
        Takes any further folium layer.

    Raises
    ------
    DataError
        If a table is empty, lacks a column, is in another CRS or names a route twice; or if
        `flows` knows routes that `routes` does not, or a status that has no colour.
    """
    meta = dict(meta or {})
    check(routes, flows, events, sources)
    data = page_data(routes, flows, events, sources, meta)
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
        draw.Title(title, _about(flows)),
        draw.Basemap(),
        draw.FlowLines(data, COLOURS),
        draw.Search(spots, "Search routes and places"),
        draw.LayerBox(_groups(), spots),
        draw.Legend(
            _small_print(flows), states="Colour: what the gas does", dashes="Line: project"
        ),
        draw.Panel(),
        draw.QuarterSlider(_step_word(flows), PER_YEAR.get(_freq(flows), 4)),
    ]


def check(
    routes: gpd.GeoDataFrame, flows: xr.Dataset, events: pd.DataFrame, sources: pd.DataFrame
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


def observations(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Gather who said what: every row of the facts that has an id.

    Parameters
    ----------
    tables : mapping of DataFrame
        As `energy.facts.load` gives them.

    Returns
    -------
    DataFrame
        Index ``id``; ``source, page, published, note``.
    """
    columns = ["source", "page", "published", "note"]
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
) -> dict[str, Any]:
    """Turn the tables into the one JSON that :class:`geodata.draw.FlowLines` draws.

    Numbers become integers of a stated scale, sources and references numbers into lists, rows over
    periods lose their empty ends.
    """
    routes = _in_order(routes)
    cube = flows.reindex(route=list(routes.index)).transpose("route", "period")
    steps = _steps(cube)
    numbers = {name: i for i, name in enumerate(sources.index)}
    books = _References(meta.get("observations"), numbers)
    columns = _columns(cube, books)
    thin = shapely.simplify(routes.geometry.values, TOLERANCE)
    beside = draw.lanes(thin)
    words = _country_names()
    lines = [
        _line(route, record, {k: v[i] for k, v in columns.items()}, words)
        | {"parts": _parts(thin[i]), "lane": beside[i]}
        for i, (route, record) in enumerate(routes.to_dict("index").items())
    ]
    return {
        "steps": steps,
        "start": _start(cube, steps, meta.get("start")),
        **_look(cube),
        "lines": lines,
        "events": _events(events, list(routes.index), cube, numbers),
        "sources": [_source(record) for record in sources.to_dict("records")],
        "records": books.records,
        "sets": books.sets,
        "attribution": _attribution(routes, meta.get("attribution", ())),
    }


def _look(cube: xr.Dataset) -> dict[str, Any]:
    """Say what colours, dashes, widths and marks stand for."""
    return {
        "states": [{"key": k, "label": v[0], "style": v[1]} for k, v in STATES.items()],
        "dashes": DASH_STYLES,
        "grades": GRADES,
        "light": LIGHT,
        "series": _series(cube),
        "basis": _basis(cube),
        "scale": {
            "px": PX_PER_BCM_YEAR,
            "factor": PER_YEAR.get(_freq(cube), 1),
            "legend": LEGEND_BCM_YEAR,
            "unit": f"{cube.attrs.get('unit', 'bcm')}/yr",
        },
        "legend": [
            ["casing", "Pale: capacity; core: flow"],
            ["arrow", "Direction; hollow: estimate"],
            ["over", "Flow above capacity"],
            ["event", "Event in the period"],
        ],
        "chart_key": "Bars: flow, hatched where estimated. Dashes: capacity. Diamonds: events.",
    }


def _in_order(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put what is drawn on top last; the order of the table decides among equals."""
    roles = _text(routes, "role").map(lambda r: ROLE_ORDER.index(r) if r in ROLE_ORDER else 0)
    return routes.iloc[np.argsort(roles.to_numpy(), kind="stable")]


def _text(frame: pd.DataFrame, column: str) -> pd.Series:
    if column not in frame:
        return pd.Series("", index=frame.index)
    return frame[column].fillna("").astype(str)


class _References:
    """Numbers observation ids and the sets in which they occur."""

    def __init__(self, observations: pd.DataFrame | None, sources: Mapping[Any, int]):
        self.known = {} if observations is None else observations.to_dict("index")
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
            self.sets.append([self._add(part.strip()) for part in ids.split(";") if part.strip()])
        return self._set[ids]

    def _add(self, name: str) -> int:
        if name not in self._record:
            self._record[name] = len(self.records)
            row = self.known.get(name, {})
            record = {"text": name, "source": self.sources.get(row.get("source", name))}
            record |= {key: _word(row.get(key)) for key in ("page", "published", "note")}
            self.records.append(
                {key: value for key, value in record.items() if value not in ("", None)}
            )
        return self._record[name]


def _columns(cube: xr.Dataset, books: _References) -> dict[str, list[Any]]:
    """Return per variable a list of rows, one a route, each packed or None."""
    states = {key: i for i, key in enumerate(STATES)}
    grades = {key: i for i, key in enumerate(GRADES)}
    columns = {
        name: _rows(cube, variable, _integer(scale))
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
    columns["refs"] = _rows(_joined(cube), "sources", books.number)
    return columns


def _integer(scale: int) -> Callable[[float], int | None]:
    """Return a function that writes a number as an integer of 1/scale, NaN as None."""
    return lambda value: None if np.isnan(value) else round(float(value) * scale)


def _joined(cube: xr.Dataset) -> xr.Dataset:
    """Put the references of the prices behind those of the flows."""
    if "sources" not in cube or "price_source" not in cube:
        return cube
    both = [
        pd.DataFrame(cube[name].values).fillna("").astype(str)
        for name in ("sources", "price_source")
    ]
    joined = (both[0] + ";" + both[1]).map(lambda ids: ids.strip(";"))
    return cube.assign(sources=(("route", "period"), joined.to_numpy()))


def _rows(cube: xr.Dataset, variable: str, read: Callable[[Any], Any]) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    values = cube[variable].values
    if values.dtype.kind != "f":
        values = pd.DataFrame(values).fillna("").astype(str).to_numpy()
    return [draw.row([read(value) for value in line]) for line in values]


def _series(cube: xr.Dataset) -> dict[str, dict[str, Any]]:
    unit, basis = cube.attrs.get("unit", "bcm"), _basis(cube)
    return {
        "value": {"label": "Flow", "unit": unit, "digits": 2, "scale": 1000, "note": basis},
        "limit": {"label": "Capacity", "unit": unit, "digits": 2, "scale": 1000, "note": basis},
        "share": {"label": "Utilisation", "unit": "%", "digits": 0, "scale": 1000},
        "price": {"label": "Price", "unit": "USD/1000 m³", "digits": 0, "scale": 10},
        "revenue": {"label": "Revenue", "unit": "million USD", "digits": 0, "scale": 10},
    }


def _line(
    route: Hashable,
    record: Mapping[Hashable, Any],
    columns: Mapping[str, Any],
    words: Mapping[str, str],
) -> dict[str, Any]:
    status, role = _word(record.get("status")), _word(record.get("role"))
    names = [("ru", _word(record.get("name_ru"))), ("zh", _word(record.get("name_zh")))]
    return {
        "id": str(route),
        "name": _word(record["name"]) or str(route),
        "names": [pair for pair in names if pair[1]],
        "status": STATUS_LABELS.get(status, status or "Status not known"),
        "groups": {"role": role if role in ROLE_LABELS else "", "status": status},
        "dash": DASHES.get(status, 0),
        "facts": _facts(record, words),
        "note": _word(record.get("note")) or _word(record.get("route_note")),
        "frame": role != "foreign",
        "series": {
            k: columns[k] for k in ("value", "limit", "share", "price", "revenue") if columns[k]
        },
        "state": columns["state"],
        "grade": columns["grade"],
        "grades": {"price": columns["price_grade"]},
        "refs": columns["refs"],
    }


def _facts(record: Mapping[Hashable, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    facts = []
    for column, label in _FACTS.items():
        text = _word(record.get(column))
        facts.append(
            (label, ", ".join(words.get(part) or _spoken(part) for part in text.split(";")))
        )
    for column, label, form in _NUMBERS:
        value = record.get(column)
        if value is not None and not pd.isna(value):
            facts.append((label, form.format(value)))
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


def _steps(cube: xr.Dataset) -> list[dict[str, Any]]:
    """Name each period: ``2026Q1`` and ``2026 Q1 (Jan–Mar)``."""
    grades = cube["status"].values.astype(str) if "status" in cube else None
    steps = []
    last = None
    for i, start in enumerate(pd.DatetimeIndex(cube["period"].values)):
        short, long = _names(start, _freq(cube))
        step = {"id": short, "label": long}
        if start.year != last:
            step["tick"] = str(start.year)
            last = start.year
        if grades is not None:
            step["note"] = _note(set(grades[:, i]))
        steps.append(step)
    return steps


def _names(start: pd.Timestamp, freq: str) -> tuple[str, str]:
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
    known = np.isfinite(cube["flow"].values).sum(axis=0)
    enough = np.flatnonzero(known >= max(1, ENOUGH * known[-RECENT:].max()))
    return int(enough[-1]) if len(enough) else len(labels) - 1


def _events(
    events: pd.DataFrame, routes: Sequence[Hashable], cube: xr.Dataset, numbers: Mapping[Any, int]
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
                "source": numbers.get(record.get("source")),
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


def _groups() -> list[dict[str, Any]]:
    return [
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


def _about(cube: xr.Dataset) -> str:
    as_of = cube.attrs.get("as_of")
    unit = f"{cube.attrs.get('unit', 'bcm')} {_basis(cube)}"
    return f"As of {as_of} · {unit}" if as_of else unit


def _small_print(cube: xr.Dataset) -> str:
    unit = cube.attrs.get("unit", "bcm")
    return (
        f"{_about(cube)}. Width is the flow of the {_step_word(cube).lower()} as a yearly rate"
        f" ({unit}/yr), linear. “–” means not known. Borders lean on the UN’s views; no position taken."
    )
