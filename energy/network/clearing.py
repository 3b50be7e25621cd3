"""What would flow where, quarter by quarter, if each market took the cheapest gas it can get.

A linear programme over the four quarters of a year: fields produce, ways carry and burn fuel on the
way, markets take Russian gas by pipe, LNG or gas from store, contracts have floors. The dual of a
node's balance is its price. Demands, costs and floors: ``clearing.csv``, each row with its source or
the reason we assumed it. A market is what Russian gas by pipe and LNG compete for, not all it burns.
"""

from __future__ import annotations

import dataclasses
import functools
import operator
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import DataError, EnergyError, MissingExtra, UnknownName
from energy.measure.cards import card
from energy.measure.observations import rows_of
from energy.measure.tables import Clearing as Row
from energy.network.mincost import need_solver, silence

if TYPE_CHECKING:
    import networkx as nx

QUARTERS = ("Q1", "Q2", "Q3", "Q4")
UNMET, MISSED = 2000.0, 5000.0
"""USD/1000 m3 laid on demand nobody meets and on a floor nobody delivers: last resorts."""
DOMESTIC = "all"


@dataclasses.dataclass(frozen=True)
class Clearing:
    """A cleared year.

    Attributes
    ----------
    cost : float
        Million USD: production, transport, LNG and storage.
    flows : DataFrame
        ``edge, route, quarter, flow`` (bcm a quarter, at the entry), ``fuel`` (burnt on the way),
        ``shadow`` (USD/1000 m3 that one more bcm of capacity would save).
    markets : DataFrame
        ``market, quarter, demand, pipe, lng, stored`` (into store, negative out), ``unmet`` in bcm,
        ``price`` USD/1000 m3.
    floors : DataFrame
        ``market, floor, delivered, missed`` in bcm a year, ``worth`` (what one bcm less of the floor
        would save, USD/1000 m3).
    nodes : DataFrame
        ``node, quarter, price``.
    at : str
        The day of the network.
    inputs : DataFrame
        The rows of ``clearing.csv`` with the changes asked for.

    Examples
    --------
    >>> import energy
    >>> year = energy.load().network.clear("2024")
    >>> {"market", "quarter"} <= set(year.markets)
    True
    """

    cost: float
    flows: pd.DataFrame = dataclasses.field(repr=False)
    markets: pd.DataFrame = dataclasses.field(repr=False)
    floors: pd.DataFrame = dataclasses.field(repr=False)
    nodes: pd.DataFrame = dataclasses.field(repr=False)
    at: str
    inputs: pd.DataFrame = dataclasses.field(repr=False)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: each market by quarter."""
        said = f"{self.at}: {self.cost:,.0f} million USD; bcm a quarter, price in USD/1000 m3"
        return card(said, self.markets)


def clear(
    network: nx.DiGraph, tables: facts.Tables, change: Mapping[tuple[str, str], float] | None = None
) -> Clearing:
    """Clear a year on a network at the lowest cost.

    Parameters
    ----------
    network : DiGraph
        From `energy.network.graph`; ``length_km`` makes transport and fuel, and ``graph["tariff"]``
        is the rate of transport unless ``clearing.csv`` has one.
    tables : Tables
        The facts: ``clearing``.
    change : mapping of (item, market) to float, optional
        Values in place of those of the table, e.g. ``{("lng_price", "europe"): 600}``; items that
        hold everywhere have the market ``all``.

    Raises
    ------
    UnknownName
        For a change of a row that is not in the table.
    DataError
        If the seasons of a market do not sum to 1, or a market's rows lack one that is needed.
    EnergyError
        If the solver finds no answer.
    MissingExtra
        If linopy or HiGHS is not installed.

    Notes
    -----
    Fuel is a share of the flow by length, so what arrives is less than what set out. Unmet demand
    and missed floors cost far more than any gas: they appear only where nothing else is left.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> dear = clear(t.network.graph("2024"), t.facts, {("lng_price", "europe"): 2000})
    >>> bool(dear.cost > t.network.clear("2024").cost)  # million USD
    True
    """
    need_solver()
    inputs = _inputs(tables, change or {})
    ways = _ways(network, inputs)
    nodes = [str(node) for node in network.nodes]
    model, held = _model(network, ways, nodes, inputs)
    with silence():
        status = model.solve("highs", io_api="direct", progress=False, output_flag=False)
    if status[0] != "ok":
        raise EnergyError(f"The year does not clear ({status[1]}); check the changed values.")
    return _result(model, network, ways, held, inputs)


# ---- inputs --------------------------------------------------------------------------------------


def _inputs(tables: facts.Tables, change: Mapping[tuple[str, str], float]) -> pd.DataFrame:
    rows = tables["clearing"].copy()
    for (item, market), value in change.items():
        mine = (rows["item"] == item) & (rows["market"] == market)
        if not mine.any():
            known = [f"{row.item} {row.market}" for row in rows_of(rows, Row)]
            raise UnknownName("input of the clearing", f"{item} {market}", known)
        rows.loc[mine, "value"] = float(value)
    faults = []
    for market in sorted(rows.loc[rows["item"] == "demand", "market"]):
        season = [_value(rows, f"season_{quarter.lower()}", market) for quarter in QUARTERS]
        if np.isnan(season).any():
            faults.append(f"market '{market}' has no season for each quarter; add season_q1 to q4")
        elif abs(sum(season) - 1) > 1e-6:  # shares are printed with fewer places
            faults.append(f"seasons of '{market}' sum to {sum(season):g}, not 1; correct them")
        if np.isnan(_value(rows, "lng_price", market)) != np.isnan(
            _value(rows, "lng_most", market)
        ):
            faults.append(f"market '{market}' needs both lng_price and lng_most, or neither")
    for item in ("fuel", "field_cost"):
        if np.isnan(_value(rows, item, DOMESTIC)):
            faults.append(f"no row '{item}' for '{DOMESTIC}'; add one")
    if faults:
        raise DataError("clearing.csv", faults)
    return rows


def _value(rows: pd.DataFrame, item: str, market: str) -> float:
    found = rows.loc[(rows["item"] == item) & (rows["market"] == market), "value"]
    return float(found.iloc[0]) if len(found) else float("nan")


def _or(value: float, other: Any) -> Any:
    return other if np.isnan(value) else value


class _Way(NamedTuple):
    """A directed way: most bcm a quarter, USD/1000 m3, share lost as fuel."""

    edge: str
    from_node: str
    to_node: str
    limit: float
    cost: float
    loss: float


def _ways(network: nx.DiGraph, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return one row a directed way: ends, limit a quarter, cost and loss."""
    fuel = _value(inputs, "fuel", DOMESTIC)
    tariff = _or(_value(inputs, "tariff", DOMESTIC), network.graph.get("tariff", (None, ""))[0])
    if tariff is None:
        raise DataError("clearing.csv", [f"no rate of transport; add a row 'tariff' for '{DOMESTIC}'"])  # fmt: skip
    rows = []
    for a, b, data in network.edges(data=True):
        length = 0.0 if data.get("joint") else float(data["length_km"])
        rows.append((str(a), str(b), data["edge"], data["route"], data["capacity"] / 4,
                     # rates are for 100 km; a very long way burns half at most, by hand
                     tariff * length / 100, min(fuel * length / 100, 0.5)))  # fmt: skip
    names = ["from_node", "to_node", "edge", "route", "limit", "cost", "loss"]
    return pd.DataFrame(rows, columns=names).rename_axis("way")


# ---- the programme -------------------------------------------------------------------------------


def _model(
    network: nx.DiGraph, ways: pd.DataFrame, nodes: list[str], inputs: pd.DataFrame
) -> tuple[Any, dict[str, Any]]:
    import linopy

    model = linopy.Model()
    quarter = pd.Index(QUARTERS, name="quarter")
    node = pd.Index(nodes, name="node")
    grid, every = [node, quarter], [ways.index, quarter]

    def bound(values: list[float]) -> xr.DataArray:
        wide = np.repeat(np.array(values)[:, None], len(quarter), axis=1)
        return xr.DataArray(wide, {"node": node, "quarter": quarter}, ("node", "quarter"))

    limit = np.repeat(ways["limit"].to_numpy()[:, None], len(quarter), axis=1)
    most = xr.DataArray(limit, {"way": ways.index, "quarter": quarter}, ("way", "quarter"))
    flow = model.add_variables(lower=0, coords=every, name="flow")
    finite = ways.index[np.isfinite(ways["limit"])]
    if len(finite):
        model.add_constraints(flow.sel(way=finite) <= most.sel(way=finite), name="capacity")
    fields = [data["capacity"] / 4 if data["kind"] == "field" else 0.0
              for _, data in network.nodes(data=True)]  # fmt: skip
    output = model.add_variables(lower=0, upper=bound(fields), coords=grid, name="output")
    taken = {name: _value(inputs, "demand", name) for name in nodes}
    lng = [_or(_value(inputs, "lng_most", name), 0.0) / 4 for name in nodes]
    store = [_or(_value(inputs, "storage", name), 0.0) for name in nodes]
    demand = xr.DataArray(
        [[_or(taken[name], 0.0) * _or(_value(inputs, f"season_{q.lower()}", name), 0.0)
          for q in QUARTERS] for name in nodes],
        {"node": node, "quarter": quarter}, ("node", "quarter"),
    )  # fmt: skip
    ship = model.add_variables(lower=0, upper=bound(lng), coords=grid, name="lng")
    stock = model.add_variables(lower=0, upper=bound(store), coords=grid, name="stock")
    put = model.add_variables(lower=0, upper=bound(store), coords=grid, name="put")
    draw = model.add_variables(lower=0, upper=bound(store), coords=grid, name="draw")
    unmet = model.add_variables(lower=0, upper=demand, coords=grid, name="unmet")
    model.add_constraints(stock - stock.roll(quarter=1) - put + draw == 0, name="store")
    into, out = _incidence(ways, node)
    carried = (flow * (into * (1 - ways["loss"].to_xarray()) - out)).sum("way")
    model.add_constraints(carried + output + ship + draw - put + unmet == demand, name="balance")
    _limits(model, network, flow, into, quarter)
    missed = _floors(model, flow, into * (1 - ways["loss"].to_xarray()), inputs, node)
    prices = bound([_or(_value(inputs, "lng_price", name), 0.0) for name in nodes])
    storing = _or(_value(inputs, "storage_cost", DOMESTIC), 0.0)
    terms = [
        (flow * ways["cost"].to_xarray()).sum(), (ship * prices).sum(), (put * storing).sum(),
        (output * _value(inputs, "field_cost", DOMESTIC)).sum(), (unmet * UNMET).sum(),
    ]  # fmt: skip
    terms += [] if missed is None else [(missed * MISSED).sum()]
    model.add_objective(functools.reduce(operator.add, terms))
    return model, {"demand": demand, "into": into, "node": node}


def _incidence(ways: pd.DataFrame, node: pd.Index) -> tuple[xr.DataArray, xr.DataArray]:
    """Return which ways end and which begin at each node, dims (node, way)."""
    made = []
    for column in ("to_node", "from_node"):
        values = (node.to_numpy()[:, None] == ways[column].to_numpy()[None, :]).astype(float)
        made.append(xr.DataArray(values, {"node": node, "way": ways.index}, ("node", "way")))
    return made[0], made[1]


def _limits(
    model: Any, network: nx.DiGraph, flow: Any, into: xr.DataArray, quarter: pd.Index
) -> None:
    """Hold what passes a node, or what a market may take by pipe, to its capacity."""
    bound = {str(node): data["capacity"] / 4 for node, data in network.nodes(data=True)
             if data["kind"] != "field" and np.isfinite(data["capacity"])}  # fmt: skip
    for name, most in bound.items():
        here = into.sel(node=name)
        ending = here["way"].values[here.values > 0]
        if len(ending):
            model.add_constraints(flow.sel(way=ending).sum("way") <= most, name=f"limit {name}")


def _floors(
    model: Any, flow: Any, arriving: xr.DataArray, inputs: pd.DataFrame, node: pd.Index
) -> Any:
    """Ask each floor of the contracts over the year; what cannot be delivered is missed."""
    rows = inputs[(inputs["item"] == "floor") & inputs["market"].isin(node)]
    if rows.empty:
        return None
    market = pd.Index(rows["market"], name="market")
    missed = model.add_variables(lower=0, coords=[market], name="missed")
    for name, floor in zip(rows["market"], rows["value"], strict=True):
        share = arriving.sel(node=name).drop_vars("node")
        brought = (flow * share).sum()
        model.add_constraints(brought + missed.sel(market=name) >= floor, name=f"floor {name}")
    return missed


# ---- results -------------------------------------------------------------------------------------


def _result(
    model: Any, network: nx.DiGraph, ways: pd.DataFrame, held: dict[str, Any], inputs: pd.DataFrame
) -> Clearing:
    found = model.solution
    price = -1 * model.constraints["balance"].dual if _negative(model) else model.constraints[
        "balance"].dual  # fmt: skip
    flows = _long(found["flow"].to_pandas(), "flow").merge(
        ways[["edge", "route", "loss"]], left_on="way", right_index=True
    )
    shadow = pd.Series(0.0, pd.MultiIndex.from_frame(flows[["way", "quarter"]]))
    if "capacity" in model.constraints:
        dual = model.constraints["capacity"].dual.to_series()
        shadow.loc[dual.index] = dual.abs()
    flows["fuel"] = flows["flow"] * flows["loss"]
    flows["shadow"] = shadow.to_numpy()
    arrived = (found["flow"] * (1 - ways["loss"].to_xarray()) * held["into"]).sum("way")
    names = [str(n) for n, data in network.nodes(data=True)
             if data["kind"] == "market" and n in set(inputs["market"])]  # fmt: skip
    parts = {
        "demand": held["demand"], "pipe": arrived, "lng": found["lng"],
        "stored": found["put"] - found["draw"], "unmet": found["unmet"], "price": price,
    }  # fmt: skip
    markets = pd.concat(
        [_long(part.sel(node=names).transpose("node", "quarter").to_pandas(), key)
         .set_index(["node", "quarter"]) for key, part in parts.items()], axis=1,
    ).reset_index().rename(columns={"node": "market"})  # fmt: skip
    nodes = _long(price.transpose("node", "quarter").to_pandas(), "price")
    return Clearing(
        float(model.objective.value), flows[["edge", "route", "quarter", "flow", "fuel", "shadow"]],
        markets, _held_floors(model, inputs, arrived), nodes, str(network.graph.get("at", "")),
        inputs.reset_index(drop=True),
    )  # fmt: skip


def _negative(model: Any) -> bool:
    """Tell whether the solver counts a price as negative; all that has one is dear, never cheap."""
    dual = model.constraints["balance"].dual
    return bool(float(dual.sum()) < 0)


def _long(table: pd.DataFrame, name: str) -> pd.DataFrame:
    first = str(table.index.name)
    long = table.reset_index().melt(first, var_name="quarter", value_name=name)
    order = {key: at for at, key in enumerate(table.index)}
    place = long[first].map(order)
    return long.iloc[np.lexsort((long["quarter"], place))].reset_index(drop=True)


def _held_floors(model: Any, inputs: pd.DataFrame, arrived: xr.DataArray) -> pd.DataFrame:
    rows = []
    for row in rows_of(inputs[inputs["item"] == "floor"], Row):
        if f"floor {row.market}" not in model.constraints:
            continue
        brought = float(arrived.sel(node=row.market).sum())
        missed = float(model.solution["missed"].sel(market=row.market))
        worth = abs(float(model.constraints[f"floor {row.market}"].dual))
        rows.append((row.market, row.value, brought, missed, worth))
    return pd.DataFrame(rows, columns=["market", "floor", "delivered", "missed", "worth"])


def to_pypsa(network: nx.DiGraph, tables: facts.Tables, path: Path | str | None = None) -> Any:
    """Return the year as a PyPSA network, ready to optimise, and write it as netCDF.

    Parameters
    ----------
    network : DiGraph
        From `energy.network.graph`.
    tables : Tables
        The facts: ``clearing``.
    path : path, optional
        Where to write the netCDF that ``pypsa.Network(path)`` opens.

    Returns
    -------
    pypsa.Network
        A bus a node (carrier gas), a link a way (``p_nom`` bcm a quarter, ``efficiency`` after
        fuel), a generator a field and one of LNG a market, a load a market, a store a storage;
        snapshots Q1 to Q4. Marginal costs in USD/1000 m3, so the objective is million USD. A contract's
        floor is a bus of its own that every way into the market fills beside the gas (``bus2``): a store
        adds up the year, a load in Q4 asks for the floor, a generator stands for what is missed. In and
        out of a store costs nothing there: PyPSA's stores know no such cost.

    Raises
    ------
    MissingExtra
        Without PyPSA.
    """
    try:
        import pypsa
    except ImportError as error:
        raise MissingExtra(
            "The export needs PyPSA: pip install 'energy-trade-tracker[pypsa]'."
        ) from error
    inputs, made = _inputs(tables, {}), pypsa.Network()
    made.set_snapshots(list(QUARTERS))
    for name in ("gas", "lng", "contract"):
        made.add("Carrier", name)
    floors = _contracts(made, network, inputs)
    for name, data in network.nodes(data=True):
        x, y = (
            float(data.get(key) if data.get(key) is not None else np.nan) for key in ("lon", "lat")
        )
        made.add("Bus", str(name), carrier="gas", x=x, y=y)
    ways = _ways(network, inputs)
    for at, row in zip(ways.index, rows_of(ways, _Way), strict=True):
        counted: dict[str, Any] = {}
        if row.to_node in floors:
            counted = {"bus2": floors[row.to_node], "efficiency2": 1 - row.loss}
        made.add("Link", f"{row.edge} {at}", bus0=row.from_node, bus1=row.to_node, carrier="gas",
                 # 1e4 bcm is no limit: more than the world burns, but finite for the solver
                 p_nom=min(row.limit, 1e4), efficiency=1 - row.loss, marginal_cost=row.cost,
                 **counted)  # fmt: skip
    for name, data in network.nodes(data=True):
        if data["kind"] == "field":
            made.add("Generator", f"field {name}", bus=str(name), carrier="gas",
                     p_nom=min(data["capacity"] / 4, 1e4),  # no limit, as above
                     marginal_cost=_value(inputs, "field_cost", DOMESTIC))  # fmt: skip
        if data["kind"] == "market" and not np.isnan(_value(inputs, "demand", str(name))):
            _market(made, str(name), inputs)
    if path is not None:
        made.export_to_netcdf(str(path))
    return made


def _contracts(made: Any, network: nx.DiGraph, inputs: pd.DataFrame) -> dict[str, str]:
    """Add what counts each contract's deliveries over the year; return market to its bus."""
    found = {}
    rows = inputs[(inputs["item"] == "floor") & inputs["market"].isin(list(network.nodes))]
    for market, floor in zip(rows["market"].astype(str), rows["value"].astype(float), strict=True):
        bus = found[market] = f"contract {market}"
        due = pd.Series([0.0, 0.0, 0.0, floor], index=list(QUARTERS))
        made.add("Bus", bus, carrier="contract")
        made.add("Store", bus, bus=bus, carrier="contract", e_nom=1e4)  # no limit, as above
        made.add("Load", f"floor {market}", bus=bus, carrier="contract", p_set=due)
        made.add("Generator", f"missed {market}", bus=bus, carrier="contract", p_nom=floor,
                 marginal_cost=MISSED)  # fmt: skip
    return found


def _market(made: Any, name: str, inputs: pd.DataFrame) -> None:
    demand = _value(inputs, "demand", name)
    seasons = [demand * _value(inputs, f"season_{quarter.lower()}", name) for quarter in QUARTERS]
    made.add("Load", f"demand {name}", bus=name, carrier="gas",
             p_set=pd.Series(seasons, index=list(QUARTERS)))  # fmt: skip
    made.add("Generator", f"unmet {name}", bus=name, carrier="gas", p_nom=demand,
             marginal_cost=UNMET)  # fmt: skip
    if not np.isnan(_value(inputs, "lng_price", name)):
        made.add("Generator", f"lng {name}", bus=name, carrier="lng",
                 p_nom=_value(inputs, "lng_most", name) / 4,
                 marginal_cost=_value(inputs, "lng_price", name))  # fmt: skip
    if not np.isnan(_value(inputs, "storage", name)):
        made.add("Store", f"store {name}", bus=name, carrier="gas",
                 e_nom=_value(inputs, "storage", name), e_cyclic=True)  # fmt: skip
