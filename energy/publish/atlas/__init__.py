"""The map page: tables of routes, flows, events and sources turned into what the drawing eats.

No number is computed here: flows, shares and prices are drawn and printed as they come; the page
itself adds quarters up to years and converts units by the factors given here. How things are drawn
is the matter of :mod:`geodata.draw`; what colours and dashes mean in the gas trade stands in
:mod:`energy.publish.atlas.look`. The order of the modules: words, look, columns, references,
timeline, ahead, lines, page; `faults` refuses tables that do not fit together.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import geopandas as gpd
import pandas as pd
import xarray as xr
from branca.element import Element, Figure

from energy.measure.tables import Tables
from energy.projection.leaves import Leaves
from energy.publish.atlas import (
    ahead,
    columns,
    faults,
    lines,
    look,
    odds,
    page,
    references,
    sankey,
    timeline,
    words,
)
from energy.publish.atlas.faults import check
from energy.publish.atlas.live import LiveMap
from energy.publish.atlas.look import BORDERS, COLOURS, SMALL_PRINT
from energy.publish.atlas.page import aliases_of, beside_of, filters, page_data, places_of
from energy.publish.atlas.story import sentence
from energy.publish.atlas.words import PER_YEAR, about, freq_of, step_word, text_of
from geodata import draw

__all__ = [
    "LiveMap",
    "ahead",
    "build",
    "check",
    "columns",
    "faults",
    "lines",
    "look",
    "odds",
    "page",
    "references",
    "sankey",
    "timeline",
    "words",
]


def build(
    routes: gpd.GeoDataFrame,
    flows: xr.Dataset,
    events: pd.DataFrame,
    sources: pd.DataFrame,
    places: pd.DataFrame | None = None,
    meta: Mapping[str, Any] | None = None,
    *,
    projection: xr.Dataset | None = None,
    facts: Tables | None = None,
    months: xr.Dataset | None = None,
    markets: pd.DataFrame | None = None,
    leaves: Leaves | None = None,
    ways: pd.DataFrame | None = None,
) -> LiveMap:
    """Build the map: one self-contained page that a notebook shows and ``save`` writes.

    Parameters
    ----------
    routes : GeoDataFrame, EPSG:4326
        Index ``route``; columns ``name, status, geometry`` and, where known, ``name_ru, name_zh,
        role, from_country, to_country, via, market, basin, operator, owner, start, stop,
        capacity_now`` or ``nameplate`` (bcm/yr; what it is in ``nameplate_kind``), ``length_km, accuracy,
        geometry_source, geometry_note, attribution``, ``note`` or ``route_note``. A route without
        geometry is found by search and has a panel, but no line.
    flows : xarray.Dataset, dims (route, period)
        ``flow`` (signed, positive from -> to), ``coverage`` (share of days; 1 where missing),
        ``flow_p10``, ``flow_p90``, ``reported`` (the published figure beside a balanced
        flow), ``capacity``, ``utilisation``, ``price``,
        ``revenue``, ``status``, ``flow_status``, ``sources``, ``price_status``, ``price_source``;
        all but ``flow`` may be missing.
        Attributes ``freq, unit, basis, as_of``. NaN is not known, 0 is no flow.
    events : DataFrame
        ``date, title, routes`` (``;``-joined), ``source``.
    sources : DataFrame
        Index ``source``; ``title, url, publisher, published``.
    places : DataFrame, optional
        ``name, lat, lon`` (or a point geometry), ``name_ru, name_zh, kind, rank``.
    meta : mapping, optional
        ``title``; ``start`` (label of the period shown first, e.g. ``"2025Q4"``);
        ``observations`` (DataFrame indexed by observation id: ``source, page, published, note``),
        behind the ids of ``flows.sources``, see
        :func:`observations`; ``attribution`` (text or
        list of texts); ``layers`` (address of the folder of the exported layers, as seen from the
        page); ``url`` and ``card`` (addresses of the page and of a picture for links to it).
    projection : xarray.Dataset, dims (scenario, route, period, quantile), optional
        As `energy.projection.project` returns it. ``flow`` in unit, basis and frequency of `flows`,
        at least with the quantile 0.5; the lowest and the highest quantile are the edges of the
        interval. Shown where `flows` has no figure behind its newest well-covered period. May bring
        ``revenue``, and by calendar year (dim ``year``) ``flow_year`` and ``revenue_year``; without
        them the bounds of a year are sums. Attribute ``probabilities``: one for each scenario
        (mapping or list), or for each answer of each question where scenarios are called
        ``question-answer``; a mapping may be JSON text. The scenario ``mixture`` is shown first,
        else the likeliest.
    facts : Tables, optional
        As `energy.facts.load` gives them: ``contracts`` become contract steps, ``route-facts``
        calorific values for TWh and the ids behind capacities, and all tables the ids that
        ``meta["observations"]`` would give.
    months : xarray.Dataset, dims (route, period), optional
        `flows` by month: names the months behind a figure that covers a part of its period.
    markets : DataFrame, optional
        As `energy.balance.cube.markets` returns it by calendar year: exports by market with their
        intervals, for the headline, the chart beside the map and the tour.
    leaves : Leaves, optional
        From `energy.projection.leaves.grow`: what the reader weighs anew with sliders.
    ways : DataFrame, optional
        As `energy.balance.tracing.history` returns it: from field by route to market by quarter.

    Returns
    -------
    LiveMap
        A `folium.Map` that takes any further layer, and in a notebook a widget.

    Raises
    ------
    DataError
        If a table is empty, lacks a column, is in another CRS or names a route twice; if `flows`
        or `projection` knows routes that `routes` does not, or `flows` a status that has no colour;
        or if `projection` has other dims, periods or quantiles, or `leaves` are of another tree.
    EnergyError
        If ``meta["start"]`` is no period of the data.
    """
    meta = dict(meta or {})
    check(routes, flows, events, sources, projection)
    data = page_data(
        routes, flows, events, sources, meta,
        projection=projection, facts=facts, months=months, markets=markets, leaves=leaves,
        ways=ways,
    )  # fmt: skip
    title = str(meta.get("title") or "Russian gas by pipeline")
    made = LiveMap(
        data,
        title=title,
        frame_height=meta.get("height"),
        location=[56.0, 65.0],
        zoom_start=3,
        closest=7,  # where coast and borders, known to 5 km, end
        equal_area=True,
        zoom_control="topright",
        zoom_snap=0.25,
        zoom_delta=0.5,
    )
    head = made.get_root()
    assert isinstance(head, Figure), "a map stands in a figure"
    head.header.add_child(Element(_card(title, data, meta)), name="card")
    for piece in _pieces(title, flows, data, places_of(places), aliases_of(facts)):
        made.add_child(piece)
    return made


def _card(title: str, data: Mapping[str, Any], meta: Mapping[str, Any]) -> str:
    """Return what a link to the page shows elsewhere: title, headline, picture (Open Graph)."""
    story = data.get("story")
    said = {
        "og:type": "website",
        "og:title": title,
        "og:description": sentence(story) if story else "",
        "og:url": text_of(meta.get("url")),
        "og:image": text_of(meta.get("card")),
        "twitter:card": "summary_large_image" if meta.get("card") else "summary",
    }
    rows = [
        f'<meta property="{key}" content="{escape(text)}">' for key, text in said.items() if text
    ]
    if story:
        rows.append(f'<meta name="description" content="{escape(sentence(story))}">')
    return "\n".join(rows).replace("{", "&#123;")  # branca reads braces as a template


def _pieces(
    title: str,
    flows: xr.Dataset,
    data: Mapping[str, Any],
    spots: list[dict[str, Any]],
    aliases: dict[str, list[str]],
) -> list[Any]:
    return [
        draw.Title(
            title,
            about(flows),
            str(flows.attrs.get("as_of", "")),
            sentence(data["story"]) if "story" in data else "",
        ),
        draw.Basemap(),
        draw.FlowLines(data, COLOURS),
        draw.Search(spots, "Search routes and places", aliases, beside_of()),
        draw.LayerBox(filters(data["lines"])),
        draw.Legend(
            SMALL_PRINT,
            states="Colour: what the gas does",
            dashes="Line: project",
            borders=BORDERS,
        ),
        draw.Panel(),
        draw.Story(),
        draw.Table(),
        draw.QuarterSlider(step_word(flows), PER_YEAR.get(freq_of(flows), 4)),
    ]
