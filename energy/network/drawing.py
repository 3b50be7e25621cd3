"""The network as a layer, a map and a picture from field to market."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from energy.errors import EnergyError
from energy.measure import plotting
from energy.measure.observations import records
from energy.network.cuts import UNIT, add_limit
from energy.network.mincost import OVERLOAD
from energy.network.ways import SOURCE, need_networkx

if TYPE_CHECKING:
    import networkx as nx


def layer(network: nx.DiGraph, table: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return the ways of a network as lines, with what stands idle on their route.

    Parameters
    ----------
    network : DiGraph
        From `graph` with ``lines``.
    table : DataFrame
        From `stranded`.

    Returns
    -------
    GeoDataFrame, EPSG:4326
        Index ``edge``; ``route, from_node, to_node, capacity`` (bcm/yr, NaN without a published
        one), ``assumed, length_km``, ``open`` (false: the pipe stands, but only a scenario link
        opens it), ``idle`` and ``lost`` (bcm in the period), ``idle_share`` (1 = all of it).
    """
    rows = [
        {"from_node": a, "to_node": b, "open": True, **data}
        for a, b, data in network.edges(data=True)
        if not data.get("joint") and not data.get("reverse")
    ]
    size = (table["capacity"] + table["lost"]).dropna()
    shut = [
        records(edges[edges["route"].isin(size.index)])
        for _, edges in network.graph["proposed"].values()
    ]
    rows += [
        {"assumed": bool(np.isnan(row["capacity"])), "open": False, **row}
        for part in shut
        for row in part
    ]
    frame = pd.DataFrame(rows).drop_duplicates("edge", keep="last").set_index("edge")
    names = [
        "route",
        "from_node",
        "to_node",
        "capacity",
        "assumed",
        "length_km",
        "open",
        "geometry",
    ]
    made = gpd.GeoDataFrame(
        frame.loc[frame["geometry"].notna(), names], geometry="geometry", crs="EPSG:4326"
    )
    made["capacity"] = made["capacity"].replace(np.inf, np.nan)
    made["length_km"] = made["length_km"].round(1)
    for name in ("idle", "lost"):
        made[name] = made["route"].map(table[name])
    made["idle_share"] = ((made["idle"] + made["lost"]) / made["route"].map(size)).clip(0, 1)
    return made


def draw_map(frame: gpd.GeoDataFrame, ax: Any = None) -> Any:
    """Draw a `layer`: red is idle, blue is in use, grey is not known; width by capacity."""
    ax = plotting.axes(ax, (10, 5))
    known = frame["idle_share"].notna()
    width = 0.8 + frame["capacity"].fillna(5).clip(upper=120) / 25
    frame[~known].plot(ax=ax, color="#9a9a9a", linewidth=width[~known], aspect=None)
    frame[known].plot(ax=ax, column="idle_share", cmap="coolwarm", vmin=0, vmax=1, linewidth=width[known],
                      legend=True, legend_kwds={"label": "idle share", "shrink": 0.6}, aspect=None)  # fmt: skip
    ax.set_aspect(1.8)
    ax.set_axis_off()
    return ax


def allocation(
    network: nx.DiGraph, flows: Mapping[str, float], markets: Mapping[str, str]
) -> pd.DataFrame:
    """Say from which field the gas of each route may come: the shortest ways.

    The flow of a route is known, its field is not: this is a model, not a measurement. Fields keep
    within their output, and a way carries more than its capacity only where no other is left.

    Parameters
    ----------
    network : DiGraph
        From `graph`.
    flows : mapping of route to float
        bcm a year; routes outside the network and flows of 0 are passed over.
    markets : mapping of route to str
        Where the route leads.

    Returns
    -------
    DataFrame
        ``field, route, market, flow`` (bcm a year).

    Raises
    ------
    EnergyError
        If the fields cannot yield the flows.
    """
    nx = need_networkx()
    net, heads = _feeding(network, flows)
    try:
        found = nx.min_cost_flow(net)
    except nx.NetworkXUnfeasible as error:
        raise EnergyError(f"The fields cannot yield the flows of {', '.join(heads)}; check their "
                          "output in network_nodes.csv.") from error  # fmt: skip
    rows = _paths(found)
    table = pd.DataFrame([(field, route, markets.get(route, ""), volume / UNIT) for field, route, volume in rows],
                         columns=["field", "route", "market", "flow"])  # fmt: skip
    return _summed(table, ["field", "route", "market"])


def _summed(table: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    return table.groupby(by)["flow"].sum().reset_index()


def _feeding(network: nx.DiGraph, flows: Mapping[str, float]) -> tuple[nx.DiGraph, dict[str, str]]:
    """Return the ways from fields to the heads of the routes, as a problem of least length."""
    heads: dict[str, str] = {}
    for a, _, data in network.edges(data=True):
        if flows.get(data["route"], 0) > 0:
            heads.setdefault(data["route"], a)
    net = need_networkx().DiGraph()
    volumes = {route: round(flows[route] * UNIT) for route in heads}
    net.add_node(SOURCE, demand=-sum(volumes.values()))
    for node, data in network.nodes(data=True):
        if data["kind"] == "field":
            add_limit(net, SOURCE, node, data["capacity"], node, "output")
    for a, b, data in network.edges(data=True):
        if data["route"] not in heads:
            limit = (
                {} if data["capacity"] == np.inf else {"capacity": round(data["capacity"] * UNIT)}
            )
            net.add_edge(a, b, weight=round(data["length_km"]), **limit)
            if limit:  # flow above nameplate is on record, but the last resort
                net.add_edge(a, ("above", a, b), weight=OVERLOAD)
                net.add_edge(("above", a, b), b, weight=round(data["length_km"]))
    for route, node in heads.items():
        net.add_node(("route", route), demand=volumes[route])
        net.add_edge(node, ("route", route))
    return net, heads


def _paths(found: Mapping[Any, Mapping[Any, int]]) -> list[tuple[str, str, int]]:
    """Take a flow apart into ways from a field to a route."""
    left = {a: {b: v for b, v in ends.items() if v} for a, ends in found.items()}
    rows = []
    while left[SOURCE]:
        path = [SOURCE]
        while left.get(path[-1]):
            path.append(next(iter(left[path[-1]])))
        volume = min(left[a][b] for a, b in itertools.pairwise(path))
        for a, b in itertools.pairwise(path):
            left[a][b] -= volume
            if not left[a][b]:
                del left[a][b]
        rows.append((path[1], path[-1][1], volume))
    return rows


def sankey(table: pd.DataFrame, title: str = "", ax: Any = None) -> Any:
    """Draw an `allocation`: fields left, routes in the middle, markets right; width is volume.

    Raises
    ------
    EnergyError
        If nothing flows.
    """
    if table.empty:
        raise EnergyError(
            "Nothing flows in this period, so there is nothing to draw; name another period."
        )
    ax = plotting.axes(ax, (9, 6))
    columns = ["field", "route", "market"]
    spot = {
        name: _stack(table.groupby(name)["flow"].sum(), table["flow"].sum()) for name in columns
    }
    for left, (a, b) in enumerate(itertools.pairwise(columns)):
        _ribbons(ax, _summed(table, [a, b]), spot[a], spot[b], left)
    for place, name in enumerate(columns):
        for label, (bottom, height) in spot[name].items():
            ax.bar(place, height, 0.04, bottom, color="#333333")
            side = ("right", -0.03) if place == 0 else ("left", 0.03)
            ax.text(place + side[1], bottom + height / 2, f"{label} {height:.1f}", ha=side[0],
                    va="center", fontsize=8)  # fmt: skip
    ax.set_xlim(-0.9, 2.6)
    ax.set_title(title)
    ax.set_axis_off()
    return ax


def _stack(volumes: pd.Series, whole: float) -> dict[str, tuple[float, float]]:
    """Return bottom and height of each bar, with a gap between."""
    spot, bottom = {}, 0.0
    for label, volume in volumes.sort_values().items():
        spot[str(label)] = (bottom, float(volume))
        bottom += float(volume) + 0.04 * whole
    return spot


Bars = dict[str, tuple[float, float]]
"""Bottom and height of each bar of a column."""


def _ribbons(ax: Any, parts: pd.DataFrame, left: Bars, right: Bars, place: int) -> None:
    from matplotlib import colormaps

    used_a, used_b = dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0)
    x = np.linspace(0, 1, 50)
    bend = x * x * (3 - 2 * x)
    shades = colormaps["tab10"]
    for a, b, volume in parts.itertuples(index=False):
        low = (left[a][0] + used_a[a]) * (1 - bend) + (right[b][0] + used_b[b]) * bend
        ax.fill_between(
            place + x,
            low,
            low + volume,
            alpha=0.5,
            linewidth=0,
            color=shades(list(left).index(a) % 10),
        )
        used_a[a] += volume
        used_b[b] += volume
