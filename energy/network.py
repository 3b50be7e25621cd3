"""The export system as a dated graph: fields, hubs, borders, markets; what is idle, what can move.

Tables in, graphs and tables out. `graph` lays ``network_nodes.csv`` and ``network_edges.csv`` over
the routes at a date; `reroute` cuts ways out of it and asks how much the others can take;
`stranded` sets capacity against flow; `min_cost` ships at the lowest cost with ship-or-pay.
A limit nobody has published is no limit here, and every result names those in ``assumed``.
Supply of Russia itself, of Belarus and of Armenia is left out: no flow of it is known here.
"""

from __future__ import annotations

import calendar
import contextlib
import dataclasses
import datetime as dt
import itertools
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.ops
import xarray as xr
from pyproj import Geod

from energy import facts, periods
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, UnitError, UnknownName
from energy.observations import rows_of

if TYPE_CHECKING:
    import networkx as nx

SOURCE, SINK = "(all fields)", "(all markets)"
UNIT = 1_000_000  # the flow network counts thousand m3 a year: whole numbers keep cuts exact
SPAN = ("2004-01-01", "2049-12-31")  # the days for which the tables of the network hold
LIFE = 30  # years of straight-line depreciation, an assumption; Gazprom's own lives are not cited
TARIFF = 2.1  # USD per 1000 m3 and 100 km, an assumption: Gazprom of Nord Stream 2 (UPI, 2016)
SHARED = ("actual", "estimate")  # standing of an edge's own capacity that counts as a pipe's size
OVERLOAD = 100_000  # km added to a way filled above its capacity, so that it is the last resort
GEOD = Geod(ellps="WGS84")


def _rows(table: pd.DataFrame) -> list[Any]:
    return list(rows_of(table))


def _networkx() -> Any:
    try:
        import networkx
    except ImportError as error:
        raise MissingExtra(
            "The network needs networkx: pip install 'energy-trade-tracker[network]'."
        ) from error
    return networkx


# --- the graph ---------------------------------------------------------------------------------


def graph(
    tables: facts.Tables,
    at: str | dt.date = "2026-03-31",
    links: Iterable[str] = (),
    cube: xr.Dataset | None = None,
    lines: gpd.GeoDataFrame | None = None,
) -> nx.DiGraph:
    """Build the network as it stands on a day.

    Parameters
    ----------
    tables : dict of DataFrame
        The facts, with ``network-nodes``, ``network-edges``, ``routes`` and ``route-facts``.
    at : str or date
        A day, or a period whose last day is taken: ``"2030"`` is 31 December 2030.
    links : iterable of str
        Scenario links that exist; see `links_of`. Without one, west and east are not joined.
    cube : Dataset, optional
        Quarterly flows in bcm; gives each edge the flow of the last four known quarters.
    lines : GeoDataFrame, optional
        Route lines; lengths are measured along them, else along the great circle.

    Returns
    -------
    networkx.DiGraph
        Nodes: ``kind, name, capacity, lon, lat``. Edges: ``edge, route, link, capacity`` (bcm/yr,
        ``inf`` where none is published, then ``assumed`` is true), ``length_km``, ``flow`` (bcm
        a year, NaN unknown), ``status, source``. Two ways between the same nodes: the second
        passes a node of its own name. ``graph["proposed"]`` keeps the links not chosen.

    Raises
    ------
    UnknownName
        For a link that is not in the tables.
    PeriodError
        For a day outside the years the tables hold for.
    """
    day, chosen = _day(at), list(links)
    known = links_of(tables)["link"].tolist()
    for name in chosen:
        if name not in known:
            raise UnknownName("link", name, known)
    nodes, edges = _nodes_at(tables, day), _edges_at(tables, day)
    edges["flow"] = edges["route"].map(_year_flow(cube, day)) if cube is not None else np.nan
    edges = _lengths(edges, nodes, lines)
    made = assemble(_chosen(nodes, "node", chosen), _chosen(edges, "edge", chosen))
    made.graph |= {"at": day.isoformat(), "links": tuple(chosen)}
    made.graph["proposed"] = {
        name: (nodes[nodes["link"] == name], edges[edges["link"] == name])
        for name in known
        if name not in chosen and (name in set(nodes["link"]) or name in set(edges["link"]))
    }
    return made


def assemble(nodes: pd.DataFrame, edges: pd.DataFrame) -> nx.DiGraph:
    """Make a network of plain tables.

    Parameters
    ----------
    nodes : DataFrame
        ``node, kind`` (field, market, anything else is passed through) and ``capacity`` (bcm/yr:
        output, what is taken, throughput; NaN is no limit); further columns are kept.
    edges : DataFrame
        ``edge, from_node, to_node, capacity``; optional ``reversible, route`` and others.

    Raises
    ------
    DataError
        If an edge ends at a node that is not there, or an edge or node stands twice.
    """
    _check(nodes, edges)
    made = _networkx().DiGraph(proposed={}, links=(), at="")
    _add_nodes(made, nodes)
    _add_edges(made, edges)
    return made


def _check(nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    known = set(nodes["node"])
    faults = [
        f"edge '{row.edge}': no node '{name}'; add it to the nodes or correct the name"
        for row in _rows(edges)
        for name in (row.from_node, row.to_node)
        if name not in known
    ]
    for table, column in ((nodes, "node"), (edges, "edge")):
        twice = table.loc[table[column].duplicated(), column]
        faults += [
            f"{column} '{name}' stands twice on the same day; close one row" for name in twice
        ]
    if faults:
        raise DataError("network", faults)


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _add_nodes(made: nx.DiGraph, nodes: pd.DataFrame) -> None:
    for row in _records(nodes):
        limit = row.get("capacity", np.nan)
        row |= {
            "capacity": np.inf if pd.isna(limit) else float(limit),
            "assumed": bool(pd.isna(limit)),
        }
        made.add_node(row.pop("node"), **row)


def _add_edges(made: nx.DiGraph, edges: pd.DataFrame) -> None:
    extra: dict[str, Any] = {
        "route": "",
        "link": "",
        "length_km": 0.0,
        "flow": np.nan,
        "status": "",
        "source": "",
    }
    for row in _records(edges):
        limit = row.get("capacity", np.nan)
        row = {**extra, **row}
        row |= {
            "capacity": np.inf if pd.isna(limit) else float(limit),
            "assumed": bool(pd.isna(limit)),
        }
        a, b = row.pop("from_node"), row.pop("to_node")
        _add_edge(made, a, b, row)
        if row.get("reversible", False):
            _add_edge(made, b, a, row | {"reverse": True, "flow": np.nan})


def _add_edge(made: nx.DiGraph, a: str, b: str, row: dict) -> None:
    """Add one way; beside another way between the same nodes it passes a node of its own."""
    if not made.has_edge(a, b):
        made.add_edge(a, b, **row)
        return
    middle = f"{row['edge']}{' back' if row.get('reverse') else ''}"
    made.add_node(middle, kind="parallel", name=middle, capacity=np.inf, assumed=False)
    made.add_edge(a, middle, **row)
    made.add_edge(
        middle, b, **row | {"capacity": np.inf, "assumed": False, "length_km": 0.0, "joint": True}
    )


def links_of(tables: facts.Tables) -> pd.DataFrame:
    """Return the scenario links: ``link, routes, capacity`` (bcm/yr, the smallest), ``note``."""
    edges = tables["network-edges"][tables["network-edges"]["link"] != ""]
    rows = []
    for link, part in edges.groupby("link", sort=True):
        limits = [_route_capacity(tables["route-facts"], r.route, dt.date.max, True) if pd.isna(r.capacity)
                  else r.capacity for r in _rows(part)]  # fmt: skip
        routes = ";".join(sorted(set(part["route"]) - {""}))
        note = part.sort_values("route", ascending=False)["note"].iloc[0]
        rows.append((link, routes, np.nanmin([*limits, np.inf]), note))
    nodes = tables["network-nodes"][tables["network-nodes"]["link"] != ""]
    rows += [
        (row.link, "", np.inf, row.note)
        for row in _rows(nodes)
        if row.link not in set(edges["link"])
    ]
    table = pd.DataFrame(rows, columns=["link", "routes", "capacity", "note"]).drop_duplicates(
        "link"
    )
    return table.replace({"capacity": {np.inf: np.nan}}).sort_values("link", ignore_index=True)


def _day(at: str | dt.date) -> dt.date:
    """Return the day meant: a period stands for its last day."""
    day = at if isinstance(at, dt.date) else periods.parse(at).end - dt.timedelta(days=1)
    first, last = map(dt.date.fromisoformat, SPAN)
    if not first <= day <= last:
        raise PeriodError(f"No network on {day}: its tables hold from {first} to {last}.")
    return day


def _on(table: pd.DataFrame, day: dt.date) -> pd.DataFrame:
    text = day.isoformat()
    return table[
        (table["valid_from"] <= text) & ((table["valid_to"] == "") | (table["valid_to"] > text))
    ]


def _nodes_at(tables: facts.Tables, day: dt.date) -> pd.DataFrame:
    """Return the nodes of a day; a field or market not yet there gives and takes nothing."""
    table = tables["network-nodes"]
    now = _on(table, day)
    absent = table[~table["node"].isin(now["node"])].drop_duplicates("node")
    return pd.concat([now, absent.assign(capacity=0.0)], ignore_index=True)


def _edges_at(tables: facts.Tables, day: dt.date) -> pd.DataFrame:
    """Return the edges of a day, with capacity of their own or of their route."""
    edges, route_facts = _on(tables["network-edges"], day).copy(), tables["route-facts"]
    opened = route_facts[route_facts["attribute"] == "start"].set_index("route")["value"]
    late = edges["route"].map(opened).fillna("") > day.isoformat()
    edges = edges[~(late & (edges["link"] == ""))].reset_index(drop=True)
    own = edges["capacity"].notna()
    edges.loc[~own, "capacity"] = [
        _route_capacity(route_facts, row.route, day, row.link != "") for row in _rows(edges[~own])
    ]
    return edges


def _route_capacity(route_facts: pd.DataFrame, route: str, day: dt.date, scenario: bool) -> float:
    """Return a route's capacity on a day; a scenario also takes a plan whose first day is open."""
    rows = route_facts[(route_facts["attribute"] == "capacity") & (route_facts["route"] == route)]
    now = _on(rows, day)
    now = now[(now["status"] != "plan") | (now["valid_from"] != "") | scenario]
    if now.empty and scenario:
        now = rows
    return float(now["value"].iloc[-1]) if len(now) else np.nan


def _chosen(table: pd.DataFrame, key: str, links: Sequence[str]) -> pd.DataFrame:
    """Return the rows that hold: a chosen link's row replaces the plain one of the same name."""
    held = table[(table["link"] == "") | table["link"].isin(links)]
    return held.sort_values("link", kind="stable").drop_duplicates(key, keep="last").sort_index()


def _year_flow(cube: xr.Dataset, day: dt.date) -> dict[str, float]:
    """Return the flow of the last four known quarters up to a day, bcm; routes without are NaN."""
    _need_bcm(cube)
    until = cube["flow"].values[:, pd.DatetimeIndex(cube["period"].values) <= pd.Timestamp(day)]
    known = {}
    for route, row in zip(cube["route"].values, until, strict=True):
        spots = np.flatnonzero(~np.isnan(row))
        tail = row[max(spots[-1] - 3, 0) : spots[-1] + 1] if len(spots) else row[:0]
        known[str(route)] = float(tail.sum()) if len(tail) == 4 else np.nan
    return known


def _need_bcm(cube: xr.Dataset) -> None:
    if cube.attrs.get("unit") != "bcm" or cube.attrs.get("freq") != "Q":
        raise UnitError(f"The network counts bcm by quarter, the cube holds {cube.attrs.get('unit')} by "
                        f"{cube.attrs.get('freq')}; build it with freq='Q', unit='bcm'.")  # fmt: skip


def _lengths(
    edges: pd.DataFrame, nodes: pd.DataFrame, lines: gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """Add ``geometry`` and ``length_km``: along the route where it is known, else the great circle."""
    place = nodes.drop_duplicates("node").set_index("node")[["lon", "lat"]]
    shapes = [_shape(row, place, lines) for row in _rows(edges)]
    lengths = [GEOD.geometry_length(shape) / 1000 if shape is not None else 0.0 for shape in shapes]
    return edges.assign(geometry=shapes, length_km=lengths)


def _shape(row: Any, place: pd.DataFrame, lines: gpd.GeoDataFrame | None) -> Any:
    ends = place.loc[[row.from_node, row.to_node]].to_numpy(dtype=float)
    if np.isnan(ends).any():
        return None
    if lines is None or row.route not in lines.index:
        return shapely.LineString(ends)
    line = lines.geometry[row.route]
    if line.geom_type != "LineString":
        return line
    begin, end = (line.project(shapely.Point(point)) for point in ends)
    return shapely.ops.substring(line, begin, end) if begin != end else shapely.LineString(ends)


# --- flow and cuts -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Cut:
    """The largest flow from fields to markets and the cut that binds it.

    Attributes
    ----------
    volume : float
        bcm/yr; ``inf`` where a way without any published limit runs from field to market.
    edges : DataFrame
        ``name, kind`` (way, output, throughput, market), ``route, capacity`` of the minimum cut;
        capacities add up to ``volume``.
    flows : dict of str to float
        Flow of one largest solution by edge name, bcm/yr.
    """

    volume: float
    edges: pd.DataFrame = dataclasses.field(repr=False)
    flows: dict[str, float] = dataclasses.field(repr=False)


def max_flow(
    network: nx.DiGraph,
    without: Iterable[str] = (),
    fields: Iterable[str] | None = None,
    used: bool = False,
) -> Cut:
    """Return the largest flow from all fields to all markets, and the minimum cut.

    Parameters
    ----------
    network : DiGraph
        From `graph` or `assemble`.
    without : iterable of str
        Names of edges left out.
    fields : iterable of str, optional
        Only the gas of these fields; default all.
    used : bool
        Count what is left beside the known flow of each edge instead of its whole capacity.
    """
    net = _flow_network(network, set(without), fields, used)
    residual = _solved(net)
    columns = ["name", "kind", "route", "capacity"]
    if residual is None:
        return Cut(np.inf, pd.DataFrame(columns=columns), {})
    side = _source_side(residual)
    rows = [
        (data["name"], data["kind"], data["route"], data["capacity"] / UNIT)
        for a, b, data in net.edges(data=True)
        if a in side and b not in side and data["capacity"] > 0
    ]
    table = pd.DataFrame(rows, columns=columns).sort_values(
        ["capacity", "name"], ascending=[False, True]
    )
    return Cut(
        residual.graph["flow_value"] / UNIT,
        table.reset_index(drop=True),
        _named_flows(net, residual),
    )


def volume(
    network: nx.DiGraph, without: Iterable[str] = (), fields: Iterable[str] | None = None
) -> float:
    """Return the largest flow alone, bcm/yr; see `max_flow`."""
    residual = _solved(_flow_network(network, set(without), fields))
    return np.inf if residual is None else residual.graph["flow_value"] / UNIT


def _solved(net: nx.DiGraph) -> nx.DiGraph | None:
    """Return the residual network of a largest flow; None where it is unbounded."""
    nx = _networkx()
    try:
        return nx.algorithms.flow.edmonds_karp(net, SOURCE, SINK)
    except nx.NetworkXUnbounded:
        return None


def _source_side(residual: nx.DiGraph) -> set:
    """Return the nodes still in reach of the source: the near side of the minimum cut."""
    seen, stack = {SOURCE}, [SOURCE]
    while stack:
        for node, data in residual[stack.pop()].items():
            if node not in seen and data["flow"] < data["capacity"]:
                seen.add(node)
                stack.append(node)
    return seen


def _named_flows(net: nx.DiGraph, residual: nx.DiGraph) -> dict[str, float]:
    """Return the flow of each way by name, negative where it runs against the way's direction."""
    named: dict[str, float] = {}
    for a, b, data in net.edges(data=True):
        if data["kind"] == "way" and not data["joint"]:
            flow = max(residual.get_edge_data(a, b, {"flow": 0})["flow"], 0) / UNIT
            named[data["name"]] = named.get(data["name"], 0.0) + (
                -flow if data["reverse"] else flow
            )
    return named


def _flow_network(
    network: nx.DiGraph, without: set[str], fields: Iterable[str] | None, used: bool = False
) -> nx.DiGraph:
    """Return the graph that is solved: a source before all fields, a sink after all markets.

    A passing node with a limit is split in two, with its throughput between.
    """
    net = _networkx().DiGraph()
    net.add_nodes_from([SOURCE, SINK])
    allowed = None if fields is None else set(fields)
    for node, data in network.nodes(data=True):
        kind = data["kind"]
        if kind == "field" and (allowed is None or node in allowed):
            _limit(net, SOURCE, node, data["capacity"], node, "output")
        elif kind == "market":
            _limit(net, node, SINK, data["capacity"], node, "market")
        elif kind not in ("field", "market") and data["capacity"] < np.inf:
            _limit(net, node, (node, "out"), data["capacity"], node, "throughput")
    for a, b, data in network.edges(data=True):
        if data["edge"] in without:
            continue
        limit = data["capacity"]
        if used and not np.isnan(data["flow"]) and not data.get("joint"):
            limit = max(limit - data["flow"], 0.0)
        tail = (a, "out") if (a, "out") in net else a
        _limit(net, tail, b, limit, data["edge"], "way", data["route"],
               reverse=data.get("reverse", False), joint=data.get("joint", False))  # fmt: skip
    return net


def _limit(net, a, b, capacity: float, name: str, kind: str, route: str = "", **more: bool) -> None:
    data = {"name": name, "kind": kind, "route": route, "reverse": False, "joint": False} | more
    if capacity < np.inf:
        data["capacity"] = round(capacity * UNIT)
    net.add_edge(a, b, **data)


def losses(
    network: nx.DiGraph, without: Iterable[str] = (), fields: Iterable[str] | None = None
) -> pd.DataFrame:
    """Cut each edge in turn; return ``edge, route, volume`` left and ``loss``, the largest first."""
    gone = set(without)
    base = volume(network, gone, fields)
    routes = {
        data["edge"]: data["route"]
        for _, _, data in network.edges(data=True)
        if data["edge"] not in gone
    }
    rows = []
    for name, route in routes.items():
        left = volume(network, gone | {name}, fields)
        rows.append((name, route, left, _less(base, left)))
    table = pd.DataFrame(rows, columns=["edge", "route", "volume", "loss"])
    return table.sort_values(["loss", "edge"], ascending=[False, True], ignore_index=True)


def _less(a: float, b: float) -> float:
    """Return a - b without the dust of floats; nothing between two unbounded flows."""
    return 0.0 if a == b else round(a - b, 6)


def with_link(network: nx.DiGraph, link: str) -> nx.DiGraph:
    """Return a copy of the network in which a proposed link exists.

    Raises
    ------
    UnknownName
        For a link that is not among ``graph["proposed"]``.
    """
    proposed = network.graph["proposed"]
    if link not in proposed:
        raise UnknownName("link", link, proposed)
    nodes, edges = proposed[link]
    made = network.copy()
    made.graph["proposed"] = {name: rows for name, rows in proposed.items() if name != link}
    made.graph["links"] = (*network.graph["links"], link)
    doubled = [(a, b) for a, b, data in made.edges(data=True) if data["edge"] in set(edges["edge"])]
    made.remove_edges_from(doubled)
    _add_nodes(made, nodes)
    _add_edges(made, edges)
    return made


def gains(
    network: nx.DiGraph, without: Iterable[str] = (), fields: Iterable[str] | None = None
) -> pd.DataFrame:
    """Add each proposed link in turn; return ``link, volume, gain`` and what then binds."""
    gone = set(without)
    base = volume(network, gone, fields)
    rows = []
    for link in network.graph["proposed"]:
        found = max_flow(with_link(network, link), gone, fields)
        rows.append((link, found.volume, _less(found.volume, base), ";".join(found.edges["name"])))
    table = pd.DataFrame(rows, columns=["link", "volume", "gain", "binds"])
    return table.sort_values(["gain", "link"], ascending=[False, True], ignore_index=True)


@dataclasses.dataclass(frozen=True)
class Reroute:
    """What becomes of the gas when ways are shut; bcm/yr throughout.

    Only fields from which gas can reach the shut ways count: the east cannot help the west.

    Attributes
    ----------
    before, after, lost : float
        Largest flow to markets with and without the ways, and the difference.
    displaced : float
        Present flow of the shut routes (last four known quarters up to the day); NaN unknown.
    spare : float
        What the other ways can take beside their own present flow; ways of unknown flow count
        with their whole capacity.
    takes, stays : float
        The part of ``displaced`` that finds another way, and the part that does not.
    cut : DataFrame
        The minimum cut without the ways: what binds.
    gains, losses : DataFrame
        What each proposed link would free; what each further cut would cost.
    assumed : tuple of str
        Ways, fields and markets without a published limit, taken as unbounded.
    """

    at: str
    without: tuple[str, ...]
    links: tuple[str, ...]
    before: float
    after: float
    lost: float
    displaced: float
    spare: float
    takes: float
    stays: float
    cut: pd.DataFrame = dataclasses.field(repr=False)
    gains: pd.DataFrame = dataclasses.field(repr=False)
    losses: pd.DataFrame = dataclasses.field(repr=False)
    assumed: tuple[str, ...] = dataclasses.field(repr=False)

    def table(self) -> pd.DataFrame:
        """Return the figures and lists as one long table: ``part, name, value, note``."""
        rows: list[tuple] = [("total", name, getattr(self, name), "") for name in
                             ("before", "after", "lost", "displaced", "spare", "takes", "stays")]  # fmt: skip
        rows += [
            ("cut", row.name, row.capacity, row.kind) for row in self.cut.itertuples(index=False)
        ]
        rows += [
            ("gain", row.link, row.gain, row.binds) for row in self.gains.itertuples(index=False)
        ]
        rows += [
            ("loss", row.edge, row.loss, row.route)
            for row in self.losses.itertuples(index=False)
            if row.loss
        ]
        rows += [
            ("assumed", name, np.nan, "no published limit: taken as unbounded")
            for name in self.assumed
        ]
        return pd.DataFrame(rows, columns=["part", "name", "value", "note"])


def reroute(network: nx.DiGraph, without: str | Iterable[str]) -> Reroute:
    """Shut ways and ask how much the others can take, what binds and what would help.

    Parameters
    ----------
    network : DiGraph
        From `graph`; the day and the links are those it was built with.
    without : str or iterable of str
        Edges or routes; ``"turkstream"`` stands for ``turkstream-1`` and ``turkstream-2``.

    Raises
    ------
    UnknownName
        For a name that is neither an edge nor a route of the network on that day.
    """
    gone = _expand(network, [without] if isinstance(without, str) else list(without))
    upstream = _upstream(network, gone)
    before, after = (max_flow(network, names, upstream) for names in ((), gone))
    displaced = _present(network, gone)
    spare = max_flow(network, gone, upstream, used=True).volume
    takes = min(displaced, spare) if not np.isnan(displaced) else np.nan
    return Reroute(
        network.graph["at"], tuple(sorted(gone)), network.graph["links"], before.volume, after.volume,
        _less(before.volume, after.volume), displaced, spare, takes, displaced - takes, after.edges,
        gains(network, gone, upstream), losses(network, gone, upstream), tuple(assumed(network, gone)),
    )  # fmt: skip


def _expand(network: nx.DiGraph, names: Sequence[str]) -> set[str]:
    """Return edge names for edge names, routes and families of routes."""
    owned: dict[str, set[str]] = {}
    for _, _, data in network.edges(data=True):
        for name in {data["edge"], data["route"]} - {""}:
            owned.setdefault(name, set()).add(data["edge"])
    gone: set[str] = set()
    for name in names:
        found = [key for key in owned if key == name] or [
            key for key in owned if key.startswith(f"{name}-")
        ]
        if not found:
            raise UnknownName(f"way in the network of {network.graph['at']}", name, owned)
        gone |= set().union(*(owned[key] for key in found))
    return gone


def _upstream(network: nx.DiGraph, gone: set[str]) -> set[str]:
    """Return the fields from which gas can reach one of the edges."""
    nx = _networkx()
    tails = {a for a, _, data in network.edges(data=True) if data["edge"] in gone}
    reach = tails.union(*(nx.ancestors(network, tail) for tail in tails))
    return {node for node in reach if network.nodes[node]["kind"] == "field"}


def _present(network: nx.DiGraph, gone: set[str]) -> float:
    """Return the known flow of the shut routes; a route downstream of another is not added."""
    nx = _networkx()
    ways = {(a, b): data for a, b, data in network.edges(data=True)
            if data["edge"] in gone and not data.get("joint") and not data.get("reverse")}  # fmt: skip
    below = {b: {b, *nx.descendants(network, b)} for _, b in ways}
    flows = {
        data["route"] or data["edge"]: data["flow"]
        for (a, b), data in ways.items()
        if not np.isnan(data["flow"]) and not any(a in below[d] for _, d in ways if d != b)
    }
    return sum(flows.values()) if flows else np.nan


def assumed(network: nx.DiGraph, without: Iterable[str] = ()) -> list[str]:
    """Return the names of fields and ways without a published limit."""
    gone = set(without)
    fields = [f"field {node}" for node, data in network.nodes(data=True)
              if data["kind"] == "field" and data["assumed"]]  # fmt: skip
    ways = {data["edge"] for _, _, data in network.edges(data=True)
            if data["assumed"] and data["edge"] not in gone}  # fmt: skip
    return sorted(fields) + sorted(ways)


# --- the cheapest way --------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class MinCost:
    """The cheapest shipment that meets a demand.

    Attributes
    ----------
    cost : float
        Million USD a year, with what is paid unused.
    edges : DataFrame
        ``edge, route, flow`` and ``paid`` (bcm/yr), ``unit_cost`` (USD/1000 m3), ``cost``
        (million USD), ``shadow`` (USD/1000 m3: what one more bcm of capacity would save).
    markets, fields : DataFrame
        ``demand`` and ``price`` (cost of one more bcm there, USD/1000 m3); ``output, shadow``.
    assumptions : dict
        The transport tariff and the ship-or-pay bookings used.
    """

    cost: float
    edges: pd.DataFrame = dataclasses.field(repr=False)
    markets: pd.DataFrame = dataclasses.field(repr=False)
    fields: pd.DataFrame = dataclasses.field(repr=False)
    assumptions: dict[str, Any] = dataclasses.field(repr=False)


def min_cost(
    network: nx.DiGraph,
    demand: Mapping[str, float],
    booked: Mapping[str, float] | None = None,
    tariff: float = TARIFF,
    unit_cost: Mapping[str, float] | None = None,
) -> MinCost:
    """Ship a demand at the lowest cost; bookings are paid even if unused.

    Parameters
    ----------
    network : DiGraph
        From `graph` or `assemble`; ``length_km`` of the edges makes the cost.
    demand : mapping of market to float
        bcm/yr.
    booked : mapping of edge to float, optional
        Ship-or-pay, bcm/yr: paid at the edge's cost, used or not; flow beyond it costs the same.
    tariff : float
        USD per 1000 m3 and 100 km, an assumption (default 2.1: Gazprom on Nord Stream 2, 2016).
    unit_cost : mapping of edge to float, optional
        USD per 1000 m3 for whole edges, in place of tariff times length.

    Raises
    ------
    UnknownName
        For a market or edge that is not in the network.
    EnergyError
        If the demand cannot be met; the largest possible volume and the cut are named.
    MissingExtra
        If linopy or HiGHS is not installed.

    Notes
    -----
    Source of the tariff: UPI, 16 June 2016, Gazprom's chairman on Nord Stream 2 (2.5 by Ukraine),
    https://www.upi.com/Energy-News/2016/06/16/Ukraine-gas-networks-costly-Gazprom-says/1731466077940/
    """
    _need_solver()
    ways = _ways(network, tariff, unit_cost or {}, booked or {})
    for market in demand:
        if market not in network or network.nodes[market]["kind"] != "market":
            raise UnknownName(
                "market", market, [n for n, d in network.nodes(data=True) if d["kind"] == "market"]
            )
    _feasible(network, demand)
    model = _solve(network, ways, demand)
    return _result(
        model,
        network,
        ways,
        demand,
        {"tariff_usd_per_1000m3_100km": tariff, "booked": dict(booked or {})},
    )


def _need_solver() -> None:
    from importlib.util import find_spec

    missing = [name for name in ("linopy", "highspy") if find_spec(name) is None]
    if missing:
        raise MissingExtra(f"The cheapest way needs {' and '.join(missing)}: "
                           "pip install 'energy-trade-tracker[network]'.")  # fmt: skip


def _feasible(network: nx.DiGraph, demand: Mapping[str, float]) -> None:
    """Refuse a demand that cannot be met, and name what binds."""
    asked = network.copy()
    for node, data in asked.nodes(data=True):
        if data["kind"] == "market":
            wanted = float(demand.get(node, 0.0))
            data["capacity"] = min(wanted, data["capacity"])
    best = max_flow(asked)
    if best.volume < sum(demand.values()) - 1e-6:
        raise EnergyError(f"The demand of {sum(demand.values()):g} bcm/yr cannot be met: at most "
                          f"{best.volume:g} arrive, bound by {', '.join(best.edges['name'])}; "
                          "ask less or add a link.")  # fmt: skip


def _ways(
    network: nx.DiGraph, tariff: float, unit_cost: Mapping[str, float], booked: Mapping[str, float]
) -> pd.DataFrame:
    """Return one row per directed way: ends, limit, cost, booking."""
    rows = [
        (a, b, data["edge"], data["route"], data["capacity"],
         0.0 if data.get("joint") else unit_cost.get(data["edge"], tariff * data["length_km"] / 100),
         0.0 if data.get("joint") or data.get("reverse") else booked.get(data["edge"], 0.0))
        for a, b, data in network.edges(data=True)
    ]  # fmt: skip
    table = pd.DataFrame(
        rows, columns=["from_node", "to_node", "edge", "route", "capacity", "unit_cost", "booked"]
    )
    for name in (*unit_cost, *booked):
        if name not in set(table["edge"]):
            raise UnknownName("edge", name, table["edge"])
    return table.rename_axis("way")


def _solve(network: nx.DiGraph, ways: pd.DataFrame, demand: Mapping[str, float]) -> Any:
    """Set up and solve the linear programme: flow a way, output a field, balance a node."""
    import linopy

    model = linopy.Model()
    flow = model.add_variables(lower=0, coords=[ways.index], name="flow")
    paid = model.add_variables(lower=0, coords=[ways.index], name="paid")
    model.add_constraints(paid - flow >= 0, name="ship")
    model.add_constraints(paid >= ways["booked"].to_xarray(), name="pay")
    bound = ways.index[ways["capacity"] < np.inf]
    if len(bound):
        limit = ways.loc[bound, "capacity"].to_xarray()
        model.add_constraints(flow.sel(way=bound) <= limit, name="capacity")
    fields = pd.Index(
        [n for n, d in network.nodes(data=True) if d["kind"] == "field"], name="field"
    )
    output = model.add_variables(lower=0, coords=[fields], name="output")
    limits = pd.Series([network.nodes[n]["capacity"] for n in fields], index=fields)
    if (limits < np.inf).any():
        short = limits[limits < np.inf]
        model.add_constraints(output.sel(field=short.index) <= short.to_xarray(), name="supply")
    for node, data in network.nodes(data=True):
        _balance(model, node, data, ways, flow, output, float(demand.get(node, 0.0)))
    model.add_objective((paid * ways["unit_cost"].to_xarray()).sum())
    with _silence():
        model.solve("highs", io_api="direct", progress=False, output_flag=False)
    return model


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keep the solver's banner off stdout: HiGHS writes it before any option is read (2026-11)."""
    sys.stdout.flush()
    kept, void = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(void)


def _balance(model, node: str, data: dict, ways: pd.DataFrame, flow, output, wanted: float) -> None:
    """What flows in and is produced flows out or is taken; a passing node has its throughput."""
    inward, outward = ways.index[ways["to_node"] == node], ways.index[ways["from_node"] == node]
    terms = [flow.sel(way=inward).sum()] if len(inward) else []
    terms += [-1 * flow.sel(way=outward).sum()] if len(outward) else []
    terms += [1 * output.sel(field=node)] if data["kind"] == "field" else []
    if terms:
        model.add_constraints(sum(terms[1:], terms[0]) == wanted, name=f"balance {node}")
    if data["kind"] not in ("field", "market") and data["capacity"] < np.inf and len(inward):
        model.add_constraints(
            flow.sel(way=inward).sum() <= data["capacity"], name=f"throughput {node}"
        )


def _result(
    model, network: nx.DiGraph, ways: pd.DataFrame, demand: Mapping, assumptions: dict
) -> MinCost:
    solution = model.solution
    table = ways.assign(
        flow=solution["flow"].values + 0.0, paid=solution["paid"].values + 0.0, shadow=0.0
    )
    table["cost"] = table["paid"] * table["unit_cost"]
    if "capacity" in model.constraints:
        dual = model.constraints["capacity"].dual.to_series()
        table.loc[dual.index, "shadow"] = -dual + 0.0
    edges = table[["edge", "route", "flow", "paid", "unit_cost", "cost", "shadow"]]
    edges = edges.groupby("edge", sort=False, as_index=False).agg(
        {
            "route": "first",
            "flow": "max",
            "paid": "max",
            "unit_cost": "max",
            "cost": "sum",
            "shadow": "max",
        }
    )
    prices = [
        abs(float(model.constraints[f"balance {m}"].dual)) for m in demand if network.in_degree(m)
    ]
    reached = [m for m in demand if network.in_degree(m)]
    markets = pd.DataFrame({"demand": [demand[m] for m in reached], "price": prices}, index=reached)
    output = solution["output"].to_series()
    held = (
        model.constraints["supply"].dual.to_series()
        if "supply" in model.constraints
        else pd.Series(dtype=float)
    )
    fields = pd.DataFrame(
        {"output": output, "shadow": (-held).reindex(output.index).fillna(0.0) + 0.0}
    )
    return MinCost(float(model.objective.value), edges, markets, fields, assumptions)


# --- idle pipes --------------------------------------------------------------------------------


def stranded(
    cube: xr.Dataset,
    lines: gpd.GeoDataFrame,
    tables: facts.Tables,
    period: str,
    route: str | Sequence[str] | None = None,
    life: float = LIFE,
) -> pd.DataFrame:
    """Set capacity against flow, route by route.

    Parameters
    ----------
    cube : Dataset, dims (route, period)
        Quarterly flows in bcm.
    lines : GeoDataFrame
        Route lines; their length stands in where none is published.
    tables : dict of DataFrame
        The facts, with ``capex``.
    period : str
        A quarter or any run of whole quarters: ``"2026Q1"``, ``"2025"``, ``"GY2024"``.
    route : str or list of str, optional
        Only these routes.
    life : float
        Years of straight-line depreciation, an assumption.

    Returns
    -------
    DataFrame
        Index ``route``, the most idle first. ``role``; ``capacity, flow, idle`` (bcm in the
        period; idle is capacity minus flow exactly, negative above 100 %), ``utilisation,
        above``; ``lost`` (bcm: capacity once
        there and no longer usable: broken, or an entry shut); ``length_km,
        idle_bcm_km``; ``capex`` and ``book_value`` (million USD, nominal, straight line),
        ``idle_capital`` (the idle and lost share of the book value), ``capex_id`` and
        where capacity and flow come from
        (``capacity_from, flow_from``). Missing is NaN. Only role ``export`` adds up.

    Raises
    ------
    PeriodError
        For a period outside the cube, or one without a whole quarter.
    UnknownName
        For a route that does not exist.
    """
    at = _columns(cube, period)
    table = series(cube, tables).loc[lambda rows: rows["period"].isin(at)]
    table = table.groupby("route", sort=False).agg(
        {name: lambda s: s.sum(skipna=False) for name in ("capacity", "flow", "idle", "lost")}
        | {"capacity_from": "first", "flow_from": "last"}
    )
    names = tables["routes"].set_index("route")
    table.insert(0, "name", names["name"].reindex(table.index))
    table.insert(1, "role", names["role"].reindex(table.index))
    table.insert(5, "utilisation", table["flow"] / table["capacity"].where(table["capacity"] > 0))
    table.insert(6, "above", table["utilisation"] > 1)
    table["length_km"] = _route_lengths(tables["route-facts"], lines).reindex(table.index)
    table["idle_bcm_km"] = table["idle"] * table["length_km"]
    table = _capital(table, tables, periods.parse(period).end, life)
    wanted = _wanted(table.index, route)
    table = table if route is not None else table.dropna(how="all", subset=["capacity", "flow"])
    table = table[table.index.isin(wanted)]
    return table.sort_values("idle", ascending=False, kind="stable", na_position="last")


def _wanted(index: pd.Index, route: str | Sequence[str] | None) -> list[str]:
    names = list(index) if route is None else [route] if isinstance(route, str) else list(route)
    for name in names:
        if name not in index:
            raise UnknownName("route", name, index)
    return names


def series(cube: xr.Dataset, tables: facts.Tables) -> pd.DataFrame:
    """Return capacity, flow and idle of every route and quarter, long.

    Returns
    -------
    DataFrame
        ``route, period`` (start), ``capacity, flow, idle`` (= capacity minus flow), ``lost``
        (bcm a quarter), ``capacity_from`` (``route_facts`` or the edge whose own capacity stands
        in) and ``flow_from`` (``cube`` or ``never opened``).
    """
    _need_bcm(cube)
    wide = {name: _wide(cube[name]) for name in ("capacity", "flow")}
    years = np.array([_years(stamp) for stamp in pd.DatetimeIndex(wide["flow"].columns)])
    own = _own_capacity(tables, wide["flow"].columns).reindex(wide["flow"].index)
    borrowed = wide["capacity"].isna() & own.notna()
    capacity = wide["capacity"].fillna(own)
    shut = _never_opened(tables)
    never = wide["flow"].index.isin(shut)[:, None]
    zero = pd.DataFrame(wide["flow"].isna() & capacity.notna() & never)
    flow = wide["flow"].mask(zero, 0.0)
    built = capacity.div(years, axis=1).cummax(axis=1).ffill(axis=1).mul(years, axis=1)
    parts = {"capacity": capacity, "flow": flow, "idle": capacity - flow,
             "lost": (built - capacity).clip(lower=0).mask(lambda x: x < 1e-9, 0.0),
             "capacity_from": _words(borrowed, "network-edges", "route-facts"),
             "flow_from": _words(zero, "never opened", "cube")}  # fmt: skip
    long = pd.DataFrame({name: part.stack(future_stack=True) for name, part in parts.items()})  # noqa: PD013
    return long.rename_axis(["route", "period"]).reset_index()


def _words(where: pd.DataFrame, yes: str, no: str) -> pd.DataFrame:
    return pd.DataFrame(np.where(where, yes, no), where.index, where.columns)


def _wide(array: xr.DataArray) -> pd.DataFrame:
    return pd.DataFrame(
        array.values, array["route"].values, pd.DatetimeIndex(array["period"].values)
    )


def _years(stamp: pd.Timestamp) -> float:
    """Return a quarter's share of its year."""
    end = stamp + pd.DateOffset(months=3)
    return (end - stamp).days / (366 if calendar.isleap(stamp.year) else 365)


def _own_capacity(tables: facts.Tables, stamps: pd.Index) -> pd.DataFrame:
    """Return capacity by quarter for routes whose size only an edge states, bcm a quarter."""
    edges = tables["network-edges"]
    edges = edges[(edges["route"] != "") & edges["capacity"].notna() & edges["status"].isin(SHARED)]
    starts = pd.DatetimeIndex(stamps)
    ends = starts + pd.DateOffset(months=3)
    years = np.array([_years(stamp) for stamp in starts])
    found: dict[str, np.ndarray] = {}
    for row in _rows(edges):
        begin = np.maximum(starts.to_numpy(), np.datetime64(row.valid_from or "1900-01-01"))
        stop = np.minimum(ends.to_numpy(), np.datetime64(row.valid_to or "2100-01-01"))
        share = np.clip((stop - begin) / (ends - starts).to_numpy(), 0, 1)
        part = np.where(share > 0, row.capacity * years * share, np.nan)
        held = found.get(row.route, np.full(len(starts), np.nan))
        found[row.route] = np.where(np.isnan(held), part, held + np.nan_to_num(part))
    return pd.DataFrame.from_dict(found, orient="index", columns=stamps)


def _never_opened(tables: facts.Tables) -> set[str]:
    """Return routes that stand idle or destroyed and have no first day of flow among the facts."""
    routes, route_facts = tables["routes"], tables["route-facts"]
    opened = set(route_facts.loc[route_facts["attribute"] == "start", "route"])
    idle = routes[routes["status"].isin(["idle", "lost"]) & (routes["role"] == "export")]
    flown = set(tables["volumes"]["entity"])
    return set(idle["route"]) - opened - flown


def _columns(cube: xr.Dataset, period: str) -> list[pd.Timestamp]:
    """Return the cube's quarters that make up a period."""
    _need_bcm(cube)
    asked, stamps = periods.parse(period), pd.DatetimeIndex(cube["period"].values)
    whole = periods.span(asked.start, asked.end - dt.timedelta(days=1), "Q")
    first, last = stamps[0], stamps[-1] + pd.DateOffset(months=3, days=-1)
    if whole[0].start != asked.start or whole[-1].end != asked.end:
        raise PeriodError(
            f"Period {period!r} is no run of whole quarters; ask for 2026Q1, 2025H2 or 2025."
        )
    wanted = [pd.Timestamp(part.start) for part in whole]
    if not set(wanted) <= set(stamps):
        raise PeriodError(
            f"No flows for {period}: the data run from {first.date()} to {last.date()}."
        )
    return wanted


def _route_lengths(route_facts: pd.DataFrame, lines: gpd.GeoDataFrame) -> pd.Series:
    published = route_facts[route_facts["attribute"] == "length"].drop_duplicates(
        "route", keep="last"
    )
    return published.set_index("route")["value"].astype(float).combine_first(lines["length_km"])


def _capital(table: pd.DataFrame, tables: facts.Tables, end: dt.date, life: float) -> pd.DataFrame:
    """Add cost, book value and the idle part of it, million USD nominal."""
    cost = capital_cost(tables)
    age = _age(tables["route-facts"], end).reindex(table.index)
    table["capex"] = cost["usd"].reindex(table.index)
    table["book_value"] = table["capex"] * (1 - age / life).clip(0, 1)
    gone = (table["idle"] + table["lost"]) / (table["capacity"] + table["lost"])
    table["idle_capital"] = table["book_value"] * gone.clip(0, 1)
    table["capex_id"] = cost["id"].reindex(table.index).fillna("")
    return table


def capital_cost(tables: facts.Tables) -> pd.DataFrame:
    """Return what each route cost to build: index ``route``; ``usd`` (million, nominal), ``id``.

    The figure of the best rank that is in dollars, or in roubles with the mean rate of its year;
    no rate of the euro stands in ``fx.csv``, so euro figures are shown in ``capex.csv`` only.
    """
    fx = tables["fx"]
    mean = fx[(fx["kind"] == "mean") & (fx["freq"] == "A") & (fx["status"] == "actual")]
    rouble = mean.drop_duplicates("period", keep="last").set_index("period")["value"]
    table = tables["capex"].sort_values(["route", "rank"])
    rate = table["year"].astype(str).map(rouble).where(table["unit"] == "million RUB")
    table["usd"] = table["value"] / rate.mask(table["unit"] == "million USD", 1.0)
    return table.dropna(subset="usd").drop_duplicates("route").set_index("route")[["usd", "id"]]


def _age(route_facts: pd.DataFrame, end: dt.date) -> pd.Series:
    """Return the years since a route's start, else since its first capacity."""
    starts = route_facts[route_facts["attribute"] == "start"].set_index("route")["value"]
    sized = route_facts[
        (route_facts["attribute"] == "capacity") & (route_facts["valid_from"] != "")
    ]
    first = starts.combine_first(sized.groupby("route")["valid_from"].min())
    return pd.Series(
        {route: (end - periods.parse(text).start).days / 365.25 for route, text in first.items()}
    )


def total(table: pd.DataFrame) -> pd.Series:
    """Sum the export routes of a `stranded` table; ``unknown`` lists those without an idle figure."""
    export = table[table["role"] == "export"]
    names = ["capacity", "flow", "idle", "lost", "idle_bcm_km", "idle_capital"]
    known = export.dropna(subset="idle")
    summed = known[names].sum(min_count=1).astype(object)
    summed["above"] = ";".join(known.index[known["above"]])
    summed["unknown"] = ";".join(export.index[export["idle"].isna() & export["capacity"].notna()])
    return summed


# --- pictures ----------------------------------------------------------------------------------


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
        _records(edges[edges["route"].isin(size.index)])
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
    pyplot = _pyplot()
    ax = pyplot.subplots(figsize=(10, 5))[1] if ax is None else ax
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
    nx = _networkx()
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
    net = _networkx().DiGraph()
    volumes = {route: round(flows[route] * UNIT) for route in heads}
    net.add_node(SOURCE, demand=-sum(volumes.values()))
    for node, data in network.nodes(data=True):
        if data["kind"] == "field":
            _limit(net, SOURCE, node, data["capacity"], node, "output")
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


def _paths(found: dict) -> list[tuple[str, str, int]]:
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
    ax = _pyplot().subplots(figsize=(9, 6))[1] if ax is None else ax
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


def _ribbons(ax: Any, parts: pd.DataFrame, left: dict, right: dict, place: int) -> None:
    used_a, used_b = dict.fromkeys(left, 0.0), dict.fromkeys(right, 0.0)
    x = np.linspace(0, 1, 50)
    bend = x * x * (3 - 2 * x)
    shades = _pyplot().get_cmap("tab10")
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


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise MissingExtra(
            "Pictures need matplotlib: pip install 'energy-trade-tracker[notebook]'."
        ) from error
    return pyplot
