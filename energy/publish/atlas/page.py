"""The tables of a map turned into the one JSON that the drawing eats."""

from __future__ import annotations

import csv
import functools
import io
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from importlib import resources
from typing import Any

import geopandas as gpd
import pandas as pd
import xarray as xr

from energy.errors import DataError
from energy.measure import units
from energy.measure.tables import Tables
from energy.projection.leaves import Leaves
from energy.provenance.freshness import freshness
from energy.publish.atlas.ahead import ahead_of, behind, filled, scenarios
from energy.publish.atlas.lines import in_order, lines_of
from energy.publish.atlas.look import ROLE_LABELS, STATUS_LABELS, look_of
from energy.publish.atlas.odds import odds_of
from energy.publish.atlas.references import References, Sources, observations
from energy.publish.atlas.sankey import ways_of
from energy.publish.atlas.story import story_of
from energy.publish.atlas.timeline import calendars_of, days_of, opening, starts_of, steps_of
from energy.publish.atlas.words import (
    PER_YEAR,
    basis_words,
    freq_of,
    spoken,
    text_column,
    text_of,
    translations,
)
from geodata.routes import spots

NAN = float("nan")


def page_data(
    routes: gpd.GeoDataFrame,
    flows: xr.Dataset,
    events: pd.DataFrame,
    sources: pd.DataFrame,
    meta: Mapping[str, Any],
    *,
    projection: xr.Dataset | None = None,
    facts: Tables | None = None,
    months: xr.Dataset | None = None,
    markets: pd.DataFrame | None = None,
    leaves: Leaves | None = None,
    ways: pd.DataFrame | None = None,
) -> dict[str, Any]:
    """Turn the tables into the one JSON that :class:`geodata.draw.FlowLines` draws.

    Numbers become integers of a stated scale, sources and references numbers into lists, rows over
    periods lose their empty ends.
    """
    facts = facts or Tables()
    routes = in_order(routes)
    odds = odds_of(leaves, projection)
    projection = behind(flows, projection)
    starts = starts_of(flows, projection)
    cube = flows.reindex(route=list(routes.index), period=starts).transpose("route", "period")
    steps = steps_of(cube, flows.sizes["period"], filled(cube, projection))
    cited = Sources(sources)
    told = meta.get("observations")
    books = References(observations(facts) if told is None and facts else told, cited)
    calendars = calendars_of(cube, steps)
    ahead = ahead_of(cube, projection, calendars)
    spans: list[str] = []
    lines = lines_of(routes, cube, ahead, facts, books, months, spans)
    happened = events_of(events, list(routes.index), cube, cited)
    quarterly = ways if freq_of(cube) == "Q" else None
    told_ways = ways_of(quarterly, list(cube["period"].values), list(routes.index))
    story = story_of(markets, routes, events, steps, projection)
    return {
        "steps": steps,
        "past": flows.sizes["period"],
        "days": days_of(starts, freq_of(cube)),
        "calendars": calendars,
        "start": opening(flows, steps, meta.get("start")),
        "as_of": str(cube.attrs.get("as_of", "")),
        "units": units_of(cube, any("heat" in line for line in lines)),
        **look_of(cube, projection is not None),
        **({} if projection is None else {"projection": scenarios(projection)}),
        "spans": spans,
        **({} if story is None else {"story": story}),
        **({} if odds is None else {"odds": odds}),
        **({} if told_ways is None else {"ways": told_ways}),
        **({"fresh": newest} if (newest := newest_of(facts, list(routes.index), cited)) else {}),
        "lines": lines,
        "events": happened,
        "sources": cited.records(),
        "records": books.records,
        "sets": books.sets,
        "layers": [
            {"name": name, "path": relative(meta.get("layers"), name)}
            for name in ("flows_quarterly", "projections_quarterly")
        ] if freq_of(cube) == "Q" else [],
        "attribution": attribution_of(routes, meta.get("attribution", ())),
    }  # fmt: skip


def newest_of(facts: Tables, routes: Sequence[Hashable], cited: Sources) -> list[dict[str, Any]]:
    """List the newest published figure of each route and market that has one, newest first."""
    if not {"volumes", "prices", "financials"} <= set(facts):
        return []
    table = freshness(facts)
    table = table[(table["kind"] == "market") | table["name"].isin([str(r) for r in routes])]
    table = table[table["kind"].isin(["route", "market"])]
    table = table.sort_values("newest", kind="stable").drop_duplicates(
        ["kind", "name"], keep="last"
    )
    return [
        {
            "kind": row["kind"],
            "name": row["name"] if row["kind"] == "route" else spoken(row["name"]),
            "newest": row["newest"],
            "status": row["status"],
            "source": cited.index_of(row["source"]),
        }
        for row in table[::-1].to_dict("records")
    ]


def relative(folder: Any, layer: str) -> str:
    """Return the address of a layer in a folder that lies beside the page, else nothing.

    >>> relative("layers/", "routes"), relative("https://example.org", "routes")
    ('layers/routes.geojson', '')
    """
    text = str(folder or "").rstrip("/")
    if not re.fullmatch(r"[\w.-]+(/[\w.-]+)*", text):
        return ""
    return f"{text}/{layer}.geojson"


def units_of(cube: xr.Dataset, heat: bool) -> list[dict[str, Any]]:
    """List the units a reader can switch to; factors are per unit of the cube.

    >>> cube = xr.Dataset(attrs={"unit": "bcm", "basis": "20C"})
    >>> [way["key"] for way in units_of(cube, heat=True)]
    ['own', 'bcm15', 'mcmd', 'twh']
    """
    unit, basis = str(cube.attrs.get("unit", "bcm")), str(cube.attrs.get("basis", ""))
    own = {"key": "own", "unit": unit, "note": basis_words(cube), "factor": 1, "digits": 2}
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


def events_of(
    events: pd.DataFrame, routes: Sequence[Hashable], cube: xr.Dataset, cited: Sources
) -> list[dict[str, Any]]:
    places = {route: i for i, route in enumerate(routes)}
    starts = pd.DatetimeIndex(cube["period"].values)
    end = starts[-1] + pd.DateOffset(months=12 // PER_YEAR.get(freq_of(cube), 4))
    rows = []
    names = translations()
    for record in events.sort_values("date", kind="stable").to_dict("records"):
        when = pd.Timestamp(str(record["date"]))
        inside = starts[0] <= when < end
        step = int(starts.searchsorted(when, side="right")) - 1 if inside else None
        ids = [part.strip() for part in text_of(record.get("routes")).split(";")]
        rows.append(
            {
                "step": step,
                "date": str(record["date"]),
                "title": (title := text_of(record["title"])),
                **({"names": names[title]} if title in names else {}),
                "lines": [places[name] for name in ids if name in places],
                **at_of(text_of(record.get("place"))),
                "source": cited.index_of(record.get("source")),
            }
        )
    return rows


def at_of(place: str) -> dict[str, str]:
    """Return ``at``, by which the page finds a place: the code of a country, else its name."""
    if place not in spots():
        return {}
    return {"at": place if place.isupper() else spots()[place][0]}


def attribution_of(routes: gpd.GeoDataFrame, more: str | Iterable[str]) -> list[str]:
    own = sorted({text for text in text_column(routes, "attribution") if text})
    return list(dict.fromkeys([*own, *([more] if isinstance(more, str) else more)]))


def places_of(places: pd.DataFrame | None) -> list[dict[str, Any]]:
    if places is None:
        return []
    if "lat" not in places.columns and isinstance(places, gpd.GeoDataFrame):
        places = places.assign(lat=places.geometry.y, lon=places.geometry.x)
    missing = [column for column in ("name", "lat", "lon") if column not in places.columns]
    if missing:
        raise DataError("places", [f"No column {', '.join(missing)}; a map needs it."])
    return [
        {
            "name": text_of(record["name"]),
            "names": [text_of(record.get(k)) for k in ("name_ru", "name_zh")],
            "lat": round(float(record["lat"]), 3),
            "lon": round(float(record["lon"]), 3),
            "about": text_of(record.get("kind")),
            **({} if pd.isna(record.get("rank", NAN)) else {"rank": int(record["rank"])}),
        }
        for record in places.to_dict("records")
    ]


def aliases_of(facts: Tables | None) -> dict[str, list[str]]:
    """Return other words for routes and groups of routes, from the facts' ``aliases``."""
    if facts is None or "aliases" not in facts:
        return {}
    rows = facts["aliases"][facts["aliases"]["kind"].isin(["route", "group"])]
    pairs = zip(rows["alias"], rows["id"], strict=True)
    return {str(word): str(ids).split(";") for word, ids in pairs}


@functools.cache
def beside_of() -> tuple[dict[str, Any], ...]:
    """Return what is looked for on a map of gas and lies beside it: oil pipelines, LNG plants.

    >>> [row["name"] for row in beside_of()][:2]
    ['Druzhba', 'ESPO']
    """
    text = resources.files("energy.publish.atlas").joinpath("beside.csv").read_text("utf-8")
    return tuple(
        {"name": row["word"], "names": row["names"].split(";"), "text": row["text"],
         "texts": [row["ru"], row["zh"]]}
        for row in csv.DictReader(io.StringIO(text))
    )  # fmt: skip


def filters(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the filters; of markets, basins and operators one is picked."""
    picks = []
    for key, title in (("market", "Market"), ("basin", "Supply basin"), ("operator", "Operator")):
        values = sorted({value for line in lines for value in line["groups"][key]})
        labels = {value: spoken(value) for value in values}
        picks.append({"key": key, "title": title, "labels": labels, "pick": True})
    return [
        *picks,
        {"key": "role", "title": "Routes by role", "labels": ROLE_LABELS},
        {"key": "status", "title": "Routes by project status", "labels": STATUS_LABELS},
    ]
