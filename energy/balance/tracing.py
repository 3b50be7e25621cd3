"""From field to market: whose gas leaves at which exit, by proportional sharing at each node.

At a node all gas that comes in is taken as mixed, so every way out carries the same shares
(Bialek 1996, tracing the flow of electricity). It is a convention, not a measurement: molecules are not marked.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from energy.balance.kept import period_starts, result
from energy.errors import PeriodError
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.tables import BalanceArc, Tables

LITTLE = 1e-3  # bcm in the period below which a way is not told


def ways(tables: Tables, period: str) -> pd.DataFrame:
    """Return the balanced flows of a period from source to market.

    Parameters
    ----------
    tables : Tables
    period : str
        A month, quarter, calendar year or gas year.

    Returns
    -------
    DataFrame
        ``field, route, market, flow`` (bcm at 20 °C in the period), as `energy.network.sankey`
        draws them: the source (a basin, a store, a neighbour), the last arc, the group of markets.

    Raises
    ------
    PeriodError
        For a period that the balance does not hold.

    Examples
    --------
    >>> from energy import facts
    >>> table = ways(facts.load(), "2021")
    >>> bool((table["flow"] > 0).all()), "china" in set(table["market"])
    (True, True)
    """
    return _traced(_arcs(tables), _flows(tables, period))


def history(tables: Tables) -> pd.DataFrame:
    """Return `ways` of every whole quarter of history.

    Returns
    -------
    DataFrame
        As `ways`, and ``period``, the first day of the quarter.

    Examples
    --------
    >>> from energy import facts
    >>> sorted(history(facts.load()))
    ['field', 'flow', 'market', 'period', 'route']
    """
    found, arcs = result(tables), _arcs(tables)
    names = list(arcs)
    places = [found.names.index(name) for name in names]
    starts = [s for s in period_starts(found.months, "Q") if s + 2 <= found.known]
    made = []
    for start in starts:
        sums = found.flow[places, start : start + 3].sum(axis=1)
        table = _traced(arcs, dict(zip(names, sums.tolist(), strict=True)))
        made.append(table.assign(period=pd.Timestamp(found.months[start])))
    return pd.concat(made, ignore_index=True)


def _arcs(tables: Tables) -> dict[str, BalanceArc]:
    """Return the arcs of the balance by name, in their order."""
    return {row.arc: row for row in rows_of(tables["balance-arcs"], BalanceArc)}


def _traced(arcs: Mapping[str, BalanceArc], flow: Mapping[str, float]) -> pd.DataFrame:
    """Share what leaves at each end among the sources."""
    edges = [_directed(row, flow[name]) for name, row in arcs.items() if abs(flow[name]) > LITTLE]
    shares = _shares(edges)
    # counted where the market is, not at the last onward pipe behind it
    ends = [(arc, start, size) for arc, start, end, size in edges
            if start and (arcs[arc].group or (arcs[arc].kind == "storage" and not end))]  # fmt: skip
    rows = [
        (source, arc, arcs[arc].group or "stores", size * share)
        for arc, start, size in ends
        for source, share in shares[start].items()
        if size * share > LITTLE
    ]
    table = pd.DataFrame(rows, columns=["field", "route", "market", "flow"])
    return table.sort_values("flow", ascending=False, ignore_index=True)


def stream(tables: Tables, period: str) -> pd.DataFrame:
    """Return the balanced gas of a period arc by arc, from field to market: what a Sankey draws.

    A market is reached once, at the arc where it is counted; lines behind it are left out. At
    every node between, what comes in goes out.

    Parameters
    ----------
    tables : Tables
    period : str
        A month, quarter, calendar year or gas year.

    Returns
    -------
    DataFrame
        ``source, target`` (a node; a field, store or neighbour by its arc; a group of markets),
        ``bcm, p10, p90`` (at 20 °C in the period, the interval of the arc itself; a negative
        ``p10`` says that even the direction is not sure), ``arc``, ``route`` ("" where the arc is
        none), ``kind``. The largest first; nothing below a cubic hectometre.

    Raises
    ------
    PeriodError
        For a period that the balance does not hold.

    Examples
    --------
    >>> from energy import facts
    >>> table = stream(facts.load(), "2021")
    >>> {"source", "target", "bcm", "p10", "p90"} <= set(table)
    True
    """
    cells = _cells(tables, period)
    arcs = list(_arcs(tables).values())
    leading = _leading(arcs)
    rows = []
    for row in arcs:
        if row.from_node not in leading and row.to_node not in leading:
            continue
        flow, p10, p90 = cells[row.arc]
        target = (row.group if row.from_node else "") or row.to_node or row.arc
        ends = (row.from_node or row.arc, target)
        if flow < 0:
            ends, (flow, p10, p90) = ends[::-1], (-flow, -p90, -p10)
        if flow > LITTLE:
            rows.append((*ends, flow, p10, p90, row.arc, row.route, row.kind))
    names = ["source", "target", "bcm", "p10", "p90", "arc", "route", "kind"]
    table = pd.DataFrame(rows, columns=names)
    return table.sort_values("bcm", ascending=False, ignore_index=True)


def _leading(arcs: list[BalanceArc]) -> set[str]:
    """Return the nodes from which gas can still go to a market."""
    leading = {row.from_node for row in arcs if row.group and row.from_node}
    size = 0
    while size != len(leading):
        size = len(leading)
        leading |= {row.from_node for row in arcs
                    if row.to_node in leading and row.from_node and not row.group}  # fmt: skip
    return leading


def _flows(tables: Tables, period: str) -> dict[str, float]:
    """Return the flow of every arc in the period."""
    return {arc: flow for arc, (flow, *_) in _cells(tables, period).items()}


def _cells(tables: Tables, period: str) -> dict[str, tuple[float, float, float]]:
    """Return flow, P10 and P90 of every arc in the period."""
    span, found = periods.parse(period), result(tables)
    if span.freq not in ("M", "Q", "A", "G"):
        raise PeriodError(f"{period!r} is no month, quarter, calendar year or gas year.")
    start, made = pd.Timestamp(span.start), {}
    for arc in tables["balance-arcs"]["arc"]:
        table = found.table(arc, span.freq)
        if start not in table.index:
            raise PeriodError(f"The balance holds no {period}; it runs from {table.index[0]:%Y-%m} "
                              f"to {table.index[-1]:%Y-%m}.")  # fmt: skip
        flow, p10, p90 = table.to_numpy()[table.index == start][0]
        made[arc] = (float(flow), float(p10), float(p90))
    return made


def _directed(row: BalanceArc, flow: float) -> tuple[str, str, str, float]:
    """Return an arc the way gas ran in it: name, start, end, size."""
    if flow > 0:
        return row.arc, row.from_node, row.to_node, flow
    return row.arc, row.to_node, row.from_node, -flow


def _shares(edges: list[tuple[str, str, str, float]]) -> dict[str, dict[str, float]]:
    """Return whose gas is at each node: shares by source, summing to 1."""
    nodes = sorted({n for _, a, b, _ in edges for n in (a, b)} - {""})
    sources = sorted(arc for arc, a, b, _ in edges if not a and b)
    inward = np.zeros((len(nodes), len(nodes)))
    own = np.zeros((len(nodes), len(sources)))
    for arc, a, b, size in edges:
        if b and a:
            inward[nodes.index(b), nodes.index(a)] += size
        elif b:
            own[nodes.index(b), sources.index(arc)] += size
    through = np.maximum(inward.sum(1) + own.sum(1), LITTLE)
    mixed = np.linalg.solve(np.eye(len(nodes)) - inward / through[:, None], own / through[:, None])
    return {
        node: dict(zip(sources, mixed[i].tolist(), strict=True)) for i, node in enumerate(nodes)
    }
