"""The export system as a dated graph: fields, hubs, borders, markets; what is idle, what can move.

Tables in, graphs and tables out. `graph` lays ``network_nodes.csv`` and ``network_edges.csv`` over
the routes at a date; `reroute` cuts ways out of it and asks how much the others can take;
`stranded` sets capacity against flow; `min_cost` ships at the lowest cost with ship-or-pay; `clear`
clears a year by quarter, with LNG, storage, floors and fuel, and `to_pypsa` hands it on.
A limit nobody has published is no limit here, and every result names those in ``assumed``.
Supply of Russia itself, of Belarus and of Armenia is left out: no flow of it is known here.
"""

import warnings

from energy import facts
from energy.network.clearing import Clearing, clear, to_pypsa
from energy.network.cuts import (
    UNIT,
    Cut,
    Reroute,
    assumed,
    gains,
    losses,
    max_flow,
    reroute,
    volume,
    with_link,
)
from energy.network.drawing import allocation, draw_map, layer, sankey
from energy.network.idle import LIFE, capital_cost, series, stranded, total
from energy.network.mincost import OVERLOAD, MinCost, min_cost
from energy.network.ways import SHARED, SINK, SOURCE, SPAN, assemble, graph, links_of

__all__ = [
    "LIFE",
    "OVERLOAD",
    "SHARED",
    "SINK",
    "SOURCE",
    "SPAN",
    "UNIT",
    "Clearing",
    "Cut",
    "MinCost",
    "Reroute",
    "allocation",
    "assemble",
    "assumed",
    "capital_cost",
    "clear",
    "draw_map",
    "gains",
    "graph",
    "layer",
    "links_of",
    "losses",
    "max_flow",
    "min_cost",
    "reroute",
    "sankey",
    "series",
    "stranded",
    "to_pypsa",
    "total",
    "volume",
    "with_link",
]


def __getattr__(name: str) -> float:
    if name == "TARIFF":  # until the next release
        warnings.warn("network.TARIFF is a row of tariffs.csv now (item network_rate); take "
                      'graph(…).graph["tariff"].', DeprecationWarning, stacklevel=2)  # fmt: skip
        rows = facts.load()["tariffs"]
        return float(rows.loc[rows["item"] == "network_rate", "value"].iloc[-1])
    raise AttributeError(f"module 'energy.network' has no attribute {name!r}")
