"""How much a route may carry: the pipe, what was agreed on, the fields behind it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts, flows
from energy.errors import DataError
from energy.measure import validity
from energy.measure.observations import rows_of
from energy.measure.tables import NetworkNode, RouteFact
from energy.projection import scenarios
from energy.projection.horizon import COVERED, Grid
from energy.projection.learned import Learned, Params, Parts, Tables, schedule

GUESSED = 1.15
"""Pipe over the largest expected flow where no capacity is published; METHOD, section 2a."""


def nameplate(tables: Tables, route: str, mine: Params, span: Grid) -> np.ndarray:
    """Return the nameplate by quarter in bcm a year; NaN where none is stated.

    A stated value of the scenario wins; before the first dated value that one holds, after the
    last that, so that a line whose first day is open has its capacity whenever it comes.

    Raises
    ------
    DataError
        For a negative capacity.
    """
    if "capacity" in mine:
        return np.full(span.count, float(mine["capacity"]))
    rows = facts.at(tables["route-facts"], route, "capacity")
    found = np.full(span.count, np.nan)
    starts = span.starts.date
    for row in rows_of(rows, RouteFact):
        number = float(row.value)
        if number < 0:
            raise DataError("route_facts.csv", [f"{row.id}: capacity {number} of {route} is negative; "
                                                "give zero or more"])  # fmt: skip
        since, until = validity.bounds(row.valid_from, row.valid_to)
        inside = (starts >= since) & (starts < until)
        found[inside] = number
    if len(rows) and np.isnan(found).all():
        return np.full(span.count, float(rows["value"].astype(float).iloc[-1]))
    return pd.Series(found).ffill().bfill().to_numpy()


def overload(
    cube: xr.Dataset,
    route: str,
    tree: scenarios.Tree,
    mine: Params,
    route_facts: pd.DataFrame | None = None,
) -> float:
    """Return the ceiling over nameplate: what is stated, or more where a quarter has shown it.

    With the route facts, a flow that the cube sets against the meter's ceiling is set against
    the nameplate again.
    """
    stated = float(mine.get("overload", scenarios.rule(tree, "overload")))
    whole = cube.sel(route=route).where(cube["coverage"].sel(route=route) >= COVERED)
    seen = whole["utilisation"]
    if route_facts is not None:
        seen = seen * (whole["capacity"] / flows.design(whole, route, route_facts))
    if "capacity" in mine:  # of the tree: the cube knows none, or another
        days = whole["period"].dt.days_in_month  # a third of the quarter, nearly
        seen = whole["flow"] / float(mine["capacity"]) * 365 / (3 * days)
    best = float(seen.max()) if seen.notnull().any() else 0.0
    return max(stated, best) if np.isfinite(best) else stated


def field_limit(tables: Tables, names: list[str], span: Grid) -> np.ndarray:
    """Return the design output of the fields behind a route by quarter, bcm a year.

    Infinite where a field has no published figure: then nothing sourced limits the route.

    Raises
    ------
    DataError
        For a field that is not in the facts.
    """
    table = tables["network-nodes"]
    unknown = [name for name in names if name not in set(table["node"])]
    if unknown:
        raise DataError("scenarios.toml", [f"field {unknown[0]!r} is not in network_nodes.csv; "
                                           "add it or correct the name"])  # fmt: skip
    total = np.zeros(span.count)
    for name in names:
        total += _output(table[table["node"] == name], span)
    return total


def _output(rows: pd.DataFrame, span: Grid) -> np.ndarray:
    if rows["capacity"].isna().any():
        return np.full(span.count, np.inf)
    found, starts = np.zeros(span.count), span.starts.date
    for row in rows_of(rows, NetworkNode):
        since, until = validity.bounds(row.valid_from, row.valid_to)
        inside = (starts >= since) & (starts < until)
        found[inside] = float(row.capacity)
    return found


def ceiling(route: str, mine: Params, shared: Learned, parts: Parts) -> np.ndarray:
    """Return the cap in bcm a quarter: the contract with its tolerance, the pipe, the fields.

    Notes
    -----
    METHOD, section 2a. A pipe known to be smaller than what is contracted through it is an old
    figure: the contract's quantity is taken for it.
    """
    span = shared.span
    plain = (parts["base"] + parts["added"]) / span.share
    limit = nameplate(shared.tables, route, mine, span)
    limit = np.where(np.isnan(limit), plain.max() * GUESSED, limit)
    agreed = agreed_on(route, mine, shared, parts)
    most = overload(shared.cube, route, shared.tree, mine, shared.tables["route-facts"])
    if agreed is None:
        limit = limit * most
    else:
        pipe = np.maximum(limit, agreed) * most
        tolerance = float(mine.get("tolerance", scenarios.rule(shared.tree, "tolerance")))
        limit = np.minimum(pipe, agreed * (1 + tolerance))
    if mine.get("fields"):
        limit = np.minimum(limit, field_limit(shared.tables, list(mine["fields"]), span))
    if "ceiling" in mine:  # of a what-if: no record lifts it
        limit = np.minimum(limit, float(mine["ceiling"]))
    cap: np.ndarray = limit * span.share
    return cap


def agreed_on(route: str, mine: Params, shared: Learned, parts: Parts) -> np.ndarray | None:
    """Return the largest quantity agreed on by quarter, bcm a year; None for what has no contract.

    While a contract fills, more than the year's step may come, up to the step after it.
    """
    span = shared.span
    if mine["model"] not in ("contract", "proposed"):
        return None
    firm, plateau, _ = schedule(shared.tables, route)
    plateau = float(mine.get("plateau", plateau))
    if mine["model"] == "proposed":
        return None if np.isnan(plateau) else np.full(span.count, plateau)
    years = np.arange(span.first, span.first + span.count) // 4
    last = firm[max(firm)] if firm else 0.0
    steps = np.array([max(firm.get(int(y), last), firm.get(int(y) + 1, last)) for y in years])
    begun = np.arange(span.count) >= parts["start"].min()
    risen = plateau if parts["added"].any() and not np.isnan(plateau) else 0.0
    agreed: np.ndarray = np.maximum(steps, np.where(begun, risen, 0.0))
    return agreed
