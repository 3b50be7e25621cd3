"""The cheapest way to ship, with ship-or-pay and shadow prices (linopy and HiGHS)."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from energy.errors import EnergyError, MissingExtra, UnknownName
from energy.measure.cards import card
from energy.network.cuts import max_flow

if TYPE_CHECKING:
    import linopy
    import networkx as nx


OVERLOAD = 100_000  # km added to a way filled above its capacity, so that it is the last resort


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
        The transport tariff, its row (empty where it was given) and the ship-or-pay bookings used.
    """

    cost: float
    edges: pd.DataFrame = dataclasses.field(repr=False)
    markets: pd.DataFrame = dataclasses.field(repr=False)
    fields: pd.DataFrame = dataclasses.field(repr=False)
    assumptions: dict[str, Any] = dataclasses.field(repr=False)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the ways that carry gas or are paid for."""
        said = (f"{self.cost:,.0f} million USD a year; flow and paid in bcm a year, unit_cost and "
                "shadow in USD/1000 m3, cost in million USD a year")  # fmt: skip
        used = (self.edges["flow"] > 0) | (self.edges["paid"] > 0)
        return card(said, self.edges[used])


def min_cost(
    network: nx.DiGraph,
    demand: Mapping[str, float],
    booked: Mapping[str, float] | None = None,
    tariff: float | None = None,
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
    tariff : float, optional
        USD per 1000 m3 and 100 km, an assumption; default that of the network, which `graph` takes
        from ``tariffs.csv`` (item ``network_rate``).
    unit_cost : mapping of edge to float, optional
        USD per 1000 m3 for whole edges, in place of tariff times length.

    Raises
    ------
    UnknownName
        For a market or edge that is not in the network.
    EnergyError
        If the demand cannot be met; the largest possible volume and the cut are named. If a way has
        neither a cost nor a tariff.
    MissingExtra
        If linopy or HiGHS is not installed.

    Examples
    --------
    >>> from energy.network.ways import assemble
    >>> nodes = pd.DataFrame({"node": ["f", "m"], "kind": ["field", "market"],
    ...                       "capacity": [np.nan, np.nan]})
    >>> edges = pd.DataFrame({"edge": ["a", "b"], "from_node": ["f", "f"], "to_node": ["m", "m"],
    ...                       "capacity": [10.0, 5.0]})
    >>> made = min_cost(assemble(nodes, edges), {"m": 12.0}, unit_cost={"a": 20.0, "b": 30.0})
    >>> made.cost  # million USD: 10 at 20 and 2 at 30 USD/1000 m3
    260.0
    """
    need_solver()
    rate, row = (tariff, "") if tariff is not None else network.graph.get("tariff", (None, ""))
    ways = _ways(network, rate, unit_cost or {}, booked or {})
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
        {"tariff_usd_per_1000m3_100km": rate, "tariff_id": row, "booked": dict(booked or {})},
    )


def need_solver() -> None:
    """Refuse where the solver is not installed, and say how to install it.

    Examples
    --------
    >>> need_solver() is None
    True
    """
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
    if best.volume < sum(demand.values()) - 1e-6:  # the solver's rounding, bcm
        raise EnergyError(f"The demand of {sum(demand.values()):g} bcm/yr cannot be met: at most "
                          f"{best.volume:g} arrive, bound by {', '.join(best.edges['name'])}; "
                          "ask less or add a link.")  # fmt: skip


def _ways(
    network: nx.DiGraph,
    rate: float | None,
    unit_cost: Mapping[str, float],
    booked: Mapping[str, float],
) -> pd.DataFrame:
    """Return one row per directed way: ends, limit, cost, booking."""
    rows = [
        (a, b, data["edge"], data["route"], data["capacity"],
         0.0 if data.get("joint") else _cost(data, rate, unit_cost),
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


def _cost(data: Mapping[str, Any], rate: float | None, unit_cost: Mapping[str, float]) -> float:
    """Return what one way costs, USD per 1000 m3: as given, else by its length."""
    name = data["edge"]
    if name in unit_cost:
        return float(unit_cost[name])
    if rate is None:
        raise EnergyError(f"Way {name!r} has no cost and the network no tariff; give tariff=… in USD "
                          "per 1000 m3 and 100 km, or unit_cost.")  # fmt: skip
    return rate * float(data["length_km"]) / 100


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
    with silence():
        model.solve("highs", io_api="direct", progress=False, output_flag=False)
    return model


@contextlib.contextmanager
def silence() -> Iterator[None]:
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


def _balance(
    model: linopy.Model,
    node: str,
    data: Mapping[str, Any],
    ways: pd.DataFrame,
    flow: Any,
    output: Any,
    wanted: float,
) -> None:
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
    model: linopy.Model,
    network: nx.DiGraph,
    ways: pd.DataFrame,
    demand: Mapping[str, float],
    assumptions: dict[str, Any],
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
    cost = model.objective.value
    assert cost is not None  # solved
    return MinCost(float(cost), edges, markets, fields, assumptions)
