"""What keeps tables from being drawn: all faults at once, in one DataError."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import DataError
from energy.publish.atlas.ahead import _shares
from energy.publish.atlas.look import STATES
from energy.publish.atlas.timeline import starts_of
from energy.publish.atlas.words import step_word


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
    strange = ~np.isin(projection["period"].values, starts_of(flows, projection))
    if strange.any():
        first = pd.Timestamp(projection["period"].values[strange][0]).date()
        faults.append(
            f"projection has the period {first}, which starts no {step_word(flows).lower()} of flows."
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
