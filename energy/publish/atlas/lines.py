"""What the page holds of one route: line, names, filters, words of the panel, figures."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import xarray as xr
from shapely.geometry.base import BaseGeometry

from energy import flows
from energy.measure import units
from energy.measure.tables import Tables
from energy.publish.atlas.columns import columns_of
from energy.publish.atlas.look import (
    ACCURACY,
    DASHES,
    KINDS,
    ROLE_LABELS,
    ROLE_ORDER,
    STATUS_LABELS,
    TEXTURES,
)
from energy.publish.atlas.references import References
from energy.publish.atlas.words import spoken, text_column, text_of, translations
from geodata import basemap, draw
from geodata.geometry import cut_antimeridian

TOLERANCE = 0.01  # degrees; simplification of lines for drawing only
FACTS = {  # column of routes -> word in the panel
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


def in_order(routes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put what is drawn on top last; the order of the table decides among equals."""
    roles = text_column(routes, "role").map(lambda r: ROLE_ORDER.index(r) if r in ROLE_ORDER else 0)
    return routes.iloc[np.argsort(roles.to_numpy(), kind="stable")]


def lines_of(
    routes: gpd.GeoDataFrame,
    cube: xr.Dataset,
    ahead: Mapping[int, list[Any]],
    facts: Tables,
    books: References,
    months: xr.Dataset | None,
    spans: list[str],
) -> list[dict[str, Any]]:
    """Return what the page holds of every route, in drawing order; names of months go to `spans`."""
    columns = columns_of(cube, books, months, spans)
    told = standing_of(facts, books)
    heat = heat_of(facts, cube)
    thin = shapely.simplify([_whole(shape) for shape in routes.geometry.values], TOLERANCE)
    beside = draw.lanes(thin)
    shapes = basemap.topology()["objects"]["countries"]["geometries"]
    words = {shape["properties"]["a3"]: shape["properties"]["name"] for shape in shapes}
    served = served_by(cube)
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


def heat_of(facts: Tables, cube: xr.Dataset) -> dict[str, dict[str, Any]]:
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


def standing_of(facts: Tables, books: References) -> dict[Hashable, dict[str, Any]]:
    """Gather what holds for all periods of a route: contract steps, ids behind capacities."""
    found: dict[Hashable, dict[str, Any]] = {}
    if "route-facts" in facts:
        kinds = facts["route-facts"]["attribute"].isin(["capacity", *flows.KINDS])
        rows = facts["route-facts"][kinds]
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
    basis = text_of(row.get("basis"))
    words = f"at {basis[:-1]} °C" if basis[:-1].isdigit() else f"basis {basis or 'unstated'}"
    signed = text_of(row.get("signed"))
    about = [text_of(row.get("buyer")), signed and f"signed {signed}", text_of(row.get("status"))]
    amount = row.get("acq")
    known = amount is not None and not pd.isna(amount)
    text = f"{amount:g} {row['unit']} {words}" if known else "quantity not published"
    return {
        "id": text_of(row["id"]),
        "year": text_of(row["year"]),
        "text": text,
        "about": ", ".join(word for word in about if word),
    }


def served_by(cube: xr.Dataset) -> list[list[str]]:
    """List the markets that each route has served."""
    if "market" not in cube:
        return [[] for _ in range(cube.sizes["route"])]
    return [
        sorted({word for word in map(text_of, row) if word})
        for row in cube["market"].values.tolist()
    ]


def _line(
    route: Hashable,
    record: Mapping[Hashable, Any],
    columns: Mapping[str, Any],
    words: Mapping[str, str],
    markets: Iterable[str] = (),
) -> dict[str, Any]:
    status, role = text_of(record.get("status")), text_of(record.get("role"))
    names = [("ru", text_of(record.get("name_ru"))), ("zh", text_of(record.get("name_zh")))]
    note, told = _note(record)
    return {
        "id": str(route),
        "name": text_of(record["name"]) or str(route),
        "names": [pair for pair in names if pair[1]],
        "status": STATUS_LABELS.get(status, status or "Status not known"),
        "groups": _groups_of(record, status, role, markets),
        "dash": DASHES.get(status, 0),
        "texture": _texture(text_of(record.get("accuracy"))),
        "facts": facts_of(record, words),
        "note": note,
        **({"notes": told} if told else {}),
        "frame": role != "foreign",
        "series": {
            k: columns[k]
            for k in ("value", "reported", "limit", "share", "price", "revenue")
            if columns[k]
        },
        "days": columns["days"],
        "span": columns["span"],
        **(
            {"band": {"low": columns["low"], "high": columns["high"]}}
            if columns["low"] and columns["high"]
            else {}
        ),
        **(
            {"price_band": {"low": columns["price_p10"], "high": columns["price_p90"]}}
            if columns["price_p10"] and columns["price_p90"]
            else {}
        ),
        "state": columns["state"],
        "grade": columns["grade"],
        "grades": {"price": columns["price_grade"], "reported": columns["reported_grade"]},
        "kind": columns["kind"],
        "refs": {"value": columns["refs"], "price": columns["price_refs"]},
    }


NO_COMPANIES = {"Ukraine", "transit countries"}  # owners that are none


def _groups_of(
    record: Mapping[Hashable, Any], status: str, role: str, markets: Iterable[str]
) -> dict[str, Any]:
    """Say what a route can be filtered by; all but role and status may be several.

    A company is an operator or an owner: a reader looks for it without knowing which.
    """
    listed = {name: _listed(record.get(name)) for name in ("market", "basin", "operator")}
    listed["market"] = sorted({*listed["market"], *markets})
    owners = re.split(r"; | ?[(,] ?|\)", text_of(record.get("owner")))
    listed["company"] = sorted({*listed["operator"], *filter(None, owners)} - NO_COMPANIES)
    return {"role": role if role in ROLE_LABELS else "", "status": status, **listed}


def _listed(value: Any) -> list[str]:
    return [part.strip() for part in text_of(value).split(";") if part.strip()]


def _texture(accuracy: str) -> int:
    return next((i for i, texture in enumerate(TEXTURES) if texture["key"] == accuracy), 0)


def _note(record: Mapping[Hashable, Any]) -> tuple[str, tuple[str, str] | None]:
    """Return what is remarked on a route and its course, and the same in Russian and Chinese."""
    route = text_of(record.get("note")) or text_of(record.get("route_note"))
    parts = [text for text in (route, text_of(record.get("geometry_note"))) if text]
    told = [translations()[text] for text in parts if text in translations()]
    if not parts or len(told) < len(parts):
        return " ".join(parts), None
    return " ".join(parts), (" ".join(ru for ru, _ in told), "".join(zh for _, zh in told))


def facts_of(record: Mapping[Hashable, Any], words: Mapping[str, str]) -> list[tuple[str, str]]:
    renamed = _PLANNED if text_of(record.get("status")) in _UNBUILT else {}
    facts = []
    for column, label in FACTS.items():
        parts = text_of(record.get(column)).split(";")
        said = ", ".join(words.get(part) or spoken(part) for part in parts)
        facts.append((renamed.get(label, label), said))
    for column, label, form in _NUMBERS:
        value = record.get(column)
        if value is not None and not pd.isna(value):
            kind = text_of(record.get("nameplate_kind")) if column == "nameplate" else ""
            what = "" if label in renamed and kind == "plan" else KINDS.get(kind, "")
            told = ", ".join(filter(None, [form.format(value), what]))
            facts.append((renamed.get(label, label), told))
    accuracy = text_of(record.get("accuracy"))
    drawn = [ACCURACY.get(accuracy, accuracy)]
    drawn.append(text_of(record.get("geometry_source")))
    facts.append(("Line drawn", "; ".join(text for text in drawn if text)))
    return [fact for fact in facts if fact[1]]


def _parts(geometry: BaseGeometry | None) -> list[list[int]]:
    """Pack the pieces of a route's line; none where there is no geometry."""
    pieces = [] if geometry is None else shapely.get_parts(geometry)
    return [draw.pack_line(shapely.get_coordinates(piece).tolist()) for piece in pieces]
