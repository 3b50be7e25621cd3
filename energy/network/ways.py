"""The graph of the export system on a day: fields, hubs, borders and markets, laid over the routes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import shapely.ops
import xarray as xr
from pyproj import Geod

from energy import facts
from energy.errors import DataError, MissingExtra, PeriodError, UnitError, UnknownName
from energy.measure import periods
from energy.measure.observations import records, rows_of

if TYPE_CHECKING:
    import networkx as nx


SOURCE, SINK = "(all fields)", "(all markets)"
SPAN = ("2004-01-01", "2049-12-31")  # the days for which the tables of the network hold
SHARED = ("actual", "estimate")  # standing of an edge's own capacity that counts as a pipe's size
GEOD = Geod(ellps="WGS84")


class _Ends(NamedTuple):
    """An edge, the nodes at its ends, and the route it lies on."""

    edge: str
    from_node: str
    to_node: str
    route: str


class _Sized(NamedTuple):
    """The size of an edge, bcm/yr; NaN: that of its route."""

    route: str
    link: str
    capacity: float


class _Ended(NamedTuple):
    """An edge, its route, and the day it ended."""

    edge: str
    route: str
    valid_to: str


class _Linked(NamedTuple):
    """A node that a link of the scenarios limits."""

    link: str
    note: str


def need_networkx() -> Any:
    """Return networkx, or say how to install it.

    Examples
    --------
    >>> need_networkx().__name__
    'networkx'
    """
    try:
        import networkx
    except ImportError as error:
        raise MissingExtra(
            "The network needs networkx: pip install 'energy-trade-tracker[network]'."
        ) from error
    return networkx


def graph(
    tables: facts.Tables,
    at: str | dt.date | None = None,
    links: Iterable[str] = (),
    cube: xr.Dataset | None = None,
    lines: gpd.GeoDataFrame | None = None,
) -> nx.DiGraph:
    """Build the network as it stands on a day.

    Parameters
    ----------
    tables : Tables
        The facts, with ``network-nodes``, ``network-edges``, ``routes`` and ``route-facts``.
    at : str or date, optional
        A day, or a period whose last day is taken: ``"2030"`` is 31 December 2030. Default the
        newest publication of a volume.
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
        passes a node of its own name. ``graph["proposed"]`` keeps the links not chosen,
        ``graph["tariff"]`` the rate of transport (USD per 1000 m3 and 100 km) and its id.

    Raises
    ------
    UnknownName
        For a link that is not in the tables.
    PeriodError
        For a day outside the years the tables hold for.

    Examples
    --------
    >>> net = graph(facts.load(), "2021")
    >>> net.graph["at"], net.is_directed()
    ('2021-12-31', True)
    """
    day, chosen = _day(at or max(tables["volumes"]["published"])), list(links)
    known = links_of(tables)["link"].tolist()
    for name in chosen:
        if name not in known:
            raise UnknownName("link", name, known)
    nodes, edges = _nodes_at(tables, day), _edges_at(tables, day)
    edges["flow"] = edges["route"].map(_year_flow(cube, day)) if cube is not None else np.nan
    edges = _lengths(edges, nodes, lines)
    made = assemble(_chosen(nodes, "node", chosen), _chosen(edges, "edge", chosen))
    made.graph |= {"at": day.isoformat(), "links": tuple(chosen), "closed": _closed(tables, day)}
    made.graph |= {"tariff": _tariff(tables, day)}
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

    Examples
    --------
    >>> nodes = pd.DataFrame({"node": ["f", "m"], "kind": ["field", "market"], "capacity": [12.0, np.nan]})
    >>> edges = pd.DataFrame({"edge": ["a"], "from_node": ["f"], "to_node": ["m"], "capacity": [10.0]})
    >>> assemble(nodes, edges).number_of_edges()
    1
    """
    _check(nodes, edges)
    made = need_networkx().DiGraph(proposed={}, links=(), at="")
    add_nodes(made, nodes)
    add_edges(made, edges)
    return made


def _check(nodes: pd.DataFrame, edges: pd.DataFrame) -> None:
    known = set(nodes["node"])
    faults = [
        f"edge '{edge}': no node '{name}'; add it to the nodes or correct the name"
        for edge, *ends in zip(edges["edge"], edges["from_node"], edges["to_node"], strict=True)
        for name in ends
        if name not in known
    ]
    for table, column in ((nodes, "node"), (edges, "edge")):
        twice = table.loc[table[column].duplicated(), column]
        faults += [
            f"{column} '{name}' stands twice on the same day; close one row" for name in twice
        ]
    if faults:
        raise DataError("network", faults)


def add_nodes(made: nx.DiGraph, nodes: pd.DataFrame) -> None:
    for row in records(nodes):
        limit = row.get("capacity", np.nan)
        row |= {
            "capacity": np.inf if pd.isna(limit) else float(limit),
            "assumed": bool(pd.isna(limit)),
        }
        made.add_node(row.pop("node"), **row)


def add_edges(made: nx.DiGraph, edges: pd.DataFrame) -> None:
    extra: dict[str, Any] = {
        "route": "",
        "link": "",
        "length_km": 0.0,
        "flow": np.nan,
        "status": "",
        "source": "",
    }
    for row in records(edges):
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


def _add_edge(made: nx.DiGraph, a: str, b: str, row: dict[str, Any]) -> None:
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
    """Return the scenario links: ``link, routes, capacity`` (bcm/yr, the smallest), ``note``.

    Examples
    --------
    >>> {"link", "routes", "capacity"} <= set(links_of(facts.load()))
    True
    """
    edges = tables["network-edges"][tables["network-edges"]["link"] != ""]
    rows = []
    for link, part in edges.groupby("link", sort=True):
        limits = [_route_capacity(tables["route-facts"], r.route, dt.date.max, True) if pd.isna(r.capacity)
                  else r.capacity for r in rows_of(part, _Sized)]  # fmt: skip
        routes = ";".join(sorted(set(part["route"]) - {""}))
        note = part.sort_values("route", ascending=False)["note"].iloc[0]
        rows.append((link, routes, np.nanmin([*limits, np.inf]), note))
    nodes = tables["network-nodes"][tables["network-nodes"]["link"] != ""]
    rows += [
        (row.link, "", np.inf, row.note)
        for row in rows_of(nodes, _Linked)
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


def _nodes_at(tables: facts.Tables, day: dt.date) -> pd.DataFrame:
    """Return the nodes of a day; a field or market not yet there gives and takes nothing."""
    table = tables["network-nodes"]
    now = facts.in_force(table, day)
    absent = table[~table["node"].isin(now["node"])].drop_duplicates("node")
    return pd.concat([now, absent.assign(capacity=0.0)], ignore_index=True)


def _edges_at(tables: facts.Tables, day: dt.date) -> pd.DataFrame:
    """Return the edges of a day, with capacity of their own or of their route."""
    edges, route_facts = facts.in_force(tables["network-edges"], day).copy(), tables["route-facts"]
    opened = route_facts[route_facts["attribute"] == "start"].set_index("route")["value"]
    late = edges["route"].map(opened).fillna("") > day.isoformat()
    edges = edges[~(late & (edges["link"] == ""))].reset_index(drop=True)
    own = edges["capacity"].notna()
    edges.loc[~own, "capacity"] = [
        _route_capacity(route_facts, row.route, day, row.link != "")
        for row in rows_of(edges[~own], _Sized)
    ]
    return edges


def _tariff(tables: facts.Tables, day: dt.date) -> tuple[float | None, str]:
    """Return the rate of transport in force, USD per 1000 m3 and 100 km, and the id of its row."""
    rows = tables["tariffs"]
    rows = facts.in_force(rows[rows["item"] == "network_rate"], day)
    return (float(rows["value"].iloc[-1]), str(rows["id"].iloc[-1])) if len(rows) else (None, "")


def _closed(tables: facts.Tables, day: dt.date) -> dict[str, str]:
    """Return the ways and routes that stood before a day and no longer do, with the day they ended."""
    table = tables["network-edges"]
    plain = table[table["link"] == ""]
    here = facts.in_force(plain, day)
    now = {*here["edge"], *here["route"]}
    gone = plain[(plain["valid_to"] != "") & (plain["valid_to"] <= day.isoformat())]
    found: dict[str, str] = {}
    for row in rows_of(gone.sort_values("valid_to"), _Ended):
        found |= {name: row.valid_to for name in (row.edge, row.route) if name and name not in now}
    return found


def _route_capacity(route_facts: pd.DataFrame, route: str, day: dt.date, scenario: bool) -> float:
    """Return a route's capacity on a day; a scenario also takes a plan whose first day is open."""
    rows = route_facts[(route_facts["attribute"] == "capacity") & (route_facts["route"] == route)]
    now = facts.in_force(rows, day)
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
    need_bcm(cube)
    until = cube["flow"].values[:, pd.DatetimeIndex(cube["period"].values) <= pd.Timestamp(day)]
    known = {}
    for route, row in zip(cube["route"].values, until, strict=True):
        spots = np.flatnonzero(~np.isnan(row))
        tail = row[max(spots[-1] - 3, 0) : spots[-1] + 1] if len(spots) else row[:0]
        known[str(route)] = float(tail.sum()) if len(tail) == 4 else np.nan
    return known


def need_bcm(cube: xr.Dataset) -> None:
    """Refuse a cube that is not in bcm by quarter.

    Examples
    --------
    >>> need_bcm(xr.Dataset(attrs={"unit": "TWh", "freq": "Q"}))
    Traceback (most recent call last):
        ...
    energy.errors.UnitError: The network counts bcm by quarter, the cube holds TWh by Q; build it ...
    """
    if cube.attrs.get("unit") != "bcm" or cube.attrs.get("freq") != "Q":
        raise UnitError(f"The network counts bcm by quarter, the cube holds {cube.attrs.get('unit')} by "
                        f"{cube.attrs.get('freq')}; build it with freq='Q', unit='bcm'.")  # fmt: skip


def _lengths(
    edges: pd.DataFrame, nodes: pd.DataFrame, lines: gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """Add ``geometry`` and ``length_km``: along the route where it is known, else the great circle."""
    place = nodes.drop_duplicates("node").set_index("node")[["lon", "lat"]]
    shapes = [_shape(row, place, lines) for row in rows_of(edges, _Ends)]
    lengths = [GEOD.geometry_length(shape) / 1000 if shape is not None else 0.0 for shape in shapes]
    return edges.assign(geometry=shapes, length_km=lengths)


def _shape(row: _Ends, place: pd.DataFrame, lines: gpd.GeoDataFrame | None) -> Any:
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
