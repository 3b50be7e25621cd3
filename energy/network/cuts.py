"""Largest flow, the cut that binds it, what its loss costs, and what other ways can take."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from energy.errors import PeriodError, UnknownName
from energy.measure.cards import card
from energy.network.ways import SINK, SOURCE, add_edges, add_nodes, need_networkx

if TYPE_CHECKING:
    import networkx as nx


UNIT = 1_000_000  # the flow network counts thousand m3 a year: whole numbers keep cuts exact


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

    Examples
    --------
    >>> import energy
    >>> cut = max_flow(energy.load().network.graph("2021"))
    >>> {"name", "kind", "capacity"} <= set(cut.edges)
    True
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

    Examples
    --------
    >>> from energy.network.ways import assemble
    >>> nodes = pd.DataFrame({"node": ["f", "m"], "kind": ["field", "market"],
    ...                       "capacity": [np.nan, np.nan]})
    >>> edges = pd.DataFrame({"edge": ["a", "b"], "from_node": ["f", "f"], "to_node": ["m", "m"],
    ...                       "capacity": [10.0, 5.0]})
    >>> max_flow(assemble(nodes, edges)).volume  # bcm a year
    15.0
    """
    net = flow_network(network, set(without), fields, used)
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
    """Return the largest flow alone, bcm/yr; see `max_flow`.

    Examples
    --------
    >>> import energy
    >>> net = energy.load().network.graph("2021")
    >>> volume(net) >= volume(net, ["nord-stream-1"])
    True
    """
    residual = _solved(flow_network(network, set(without), fields))
    return np.inf if residual is None else residual.graph["flow_value"] / UNIT


def _solved(net: nx.DiGraph) -> nx.DiGraph | None:
    """Return the residual network of a largest flow; None where it is unbounded."""
    nx = need_networkx()
    try:
        return nx.algorithms.flow.edmonds_karp(net, SOURCE, SINK)
    except nx.NetworkXUnbounded:
        return None


def _source_side(residual: nx.DiGraph) -> set[Any]:
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


def flow_network(
    network: nx.DiGraph, without: set[str], fields: Iterable[str] | None, used: bool = False
) -> nx.DiGraph:
    """Return the graph that is solved: a source before all fields, a sink after all markets.

    A passing node with a limit is split in two, with its throughput between.

    Examples
    --------
    >>> import energy
    >>> flow_network(energy.load().network.graph("2021"), set(), None).is_directed()
    True
    """
    net = need_networkx().DiGraph()
    net.add_nodes_from([SOURCE, SINK])
    allowed = None if fields is None else set(fields)
    for node, data in network.nodes(data=True):
        kind = data["kind"]
        if kind == "field" and (allowed is None or node in allowed):
            add_limit(net, SOURCE, node, data["capacity"], node, "output")
        elif kind == "market":
            add_limit(net, node, SINK, data["capacity"], node, "market")
        elif kind not in ("field", "market") and data["capacity"] < np.inf:
            add_limit(net, node, (node, "out"), data["capacity"], node, "throughput")
    for a, b, data in network.edges(data=True):
        if data["edge"] in without:
            continue
        limit = data["capacity"]
        if used and not np.isnan(data["flow"]) and not data.get("joint"):
            limit = max(limit - data["flow"], 0.0)
        tail = (a, "out") if (a, "out") in net else a
        add_limit(net, tail, b, limit, data["edge"], "way", data["route"],
               reverse=data.get("reverse", False), joint=data.get("joint", False))  # fmt: skip
    return net


def add_limit(
    net: nx.DiGraph,
    a: Any,
    b: Any,
    capacity: float,
    name: str,
    kind: str,
    route: str = "",
    **more: bool,
) -> None:
    data = {"name": name, "kind": kind, "route": route, "reverse": False, "joint": False} | more
    if capacity < np.inf:
        data["capacity"] = round(capacity * UNIT)
    net.add_edge(a, b, **data)


def losses(
    network: nx.DiGraph, without: Iterable[str] = (), fields: Iterable[str] | None = None
) -> pd.DataFrame:
    """Cut each edge in turn; return ``edge, route, volume`` left and ``loss``, the largest first.

    Examples
    --------
    >>> from energy.network.ways import assemble
    >>> nodes = pd.DataFrame({"node": ["f", "m"], "kind": ["field", "market"],
    ...                       "capacity": [np.nan, np.nan]})
    >>> edges = pd.DataFrame({"edge": ["a", "b"], "from_node": ["f", "f"], "to_node": ["m", "m"],
    ...                       "capacity": [10.0, 5.0]})
    >>> losses(assemble(nodes, edges))[["edge", "volume", "loss"]].values.tolist()
    [['a', 5.0, 10.0], ['b', 10.0, 5.0]]
    """
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

    Examples
    --------
    >>> import energy
    >>> with_link(energy.load().network.graph("2021"), "no-such-link")
    Traceback (most recent call last):
        ...
    energy.errors.UnknownName: Unknown link 'no-such-link'; known: altai, belogorsk-khabarovsk, ...
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
    add_nodes(made, nodes)
    add_edges(made, edges)
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

    Examples
    --------
    >>> import energy
    >>> answer = energy.load().reroute("turkstream", by="2021")
    >>> round(answer.before - answer.after - answer.lost, 6)
    0.0
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
        """Return the figures and lists as one long table: ``part, name, value, note``.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().reroute("turkstream", by="2021").table()
        >>> table.loc[table["part"] == "total", "name"].head(3).tolist()
        ['before', 'after', 'lost']
        """
        rows: list[tuple[Any, ...]] = [("total", name, getattr(self, name), "") for name in
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
        table = pd.DataFrame(rows, columns=["part", "name", "value", "note"])
        table.attrs["units"] = {"value": "bcm/yr at 20 °C"}
        return table

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the table, bcm a year."""
        return card(f"Without {', '.join(self.without)}, bcm a year", self.table())


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
    PeriodError
        For a way that stood before and is closed by then; the sentence names its end.

    Examples
    --------
    >>> import energy
    >>> reroute(energy.load().network.graph("2021"), "turkstream").without
    ('turkstream-1', 'turkstream-2')
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
        ended = network.graph.get("closed", {})
        if not found and name in ended:
            raise PeriodError(f"{name!r} is closed since {ended[name]} and not in the network of "
                              f"{network.graph['at']}; name a day before it, by='"
                              f"{int(ended[name][:4]) - 1}'.")  # fmt: skip
        if not found:
            raise UnknownName(f"way in the network of {network.graph['at']}", name, owned)
        gone |= set().union(*(owned[key] for key in found))
    return gone


def _upstream(network: nx.DiGraph, gone: set[str]) -> set[str]:
    """Return the fields from which gas can reach one of the edges."""
    nx = need_networkx()
    tails = {a for a, _, data in network.edges(data=True) if data["edge"] in gone}
    reach = tails.union(*(nx.ancestors(network, tail) for tail in tails))
    return {node for node in reach if network.nodes[node]["kind"] == "field"}


def _present(network: nx.DiGraph, gone: set[str]) -> float:
    """Return the known flow of the shut routes; a route downstream of another is not added."""
    nx = need_networkx()
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
