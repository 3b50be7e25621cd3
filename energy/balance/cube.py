"""The balance on the cube: balanced flows beside the reported ones, each with its interval."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from energy import flows
from energy.balance.kept import Result, result
from energy.errors import UnknownName
from energy.measure.observations import rows_of
from energy.measure.tables import Tables

ESTIMATES = ("balanced", "reported")


def flow_cube(
    tables: Tables,
    freq: str = "Q",
    unit: str = "bcm",
    basis: str = "20C",
    first: str | None = None,
    last: str | None = None,
    estimate: str = "balanced",
) -> xr.Dataset:
    """Build the flow cube with the balance laid over it.

    Parameters
    ----------
    tables, freq, unit, basis, first, last
        As in `energy.flows.build`.
    estimate : {"balanced", "reported"}
        What ``flow`` is: the reconciled estimate, or the published figure chosen for the cell.

    Returns
    -------
    xarray.Dataset, dims (route, period)
        The cube of `energy.flows.build` with ``flow_p10, flow_p90`` (the interval of the balance),
        ``balanced``, ``reported`` (of the days ``coverage`` speaks of) and the coordinate
        ``additive`` (true where a route may be added to the others: each export counted once).
        A balanced cell has the status ``balanced``; where the balance says nothing the published
        figure stands with its own.

    Raises
    ------
    UnknownName
        For another estimate.
    """
    if estimate not in ESTIMATES:
        raise UnknownName("estimate", estimate, ESTIMATES)
    cube = flows.build(tables, freq, unit, basis, first, last)
    found = result(tables)
    routes = [str(route) for route in cube["route"].values]
    inner = _inner(found, tables["balance-arcs"], routes, cube)
    made = flows.to_unit(inner, unit, basis, tables["route-facts"])
    return _lay(cube, made, tables["routes"], estimate)


def _inner(found: Result, arcs: pd.DataFrame, routes: list[str], cube: xr.Dataset) -> xr.Dataset:
    """Return the balance on the grid of a cube, bcm at 20 °C; NaN where it says nothing."""
    freq, days = cube.attrs["freq"], pd.DatetimeIndex(cube["period"].values)
    arc_of = {row.route: row.arc for row in rows_of(arcs) if row.route}
    shape = (len(routes), len(days))
    values = {name: np.full(shape, np.nan) for name in ("balanced", "flow_p10", "flow_p90")}
    for r, route in enumerate(routes):
        if route not in arc_of:
            continue
        table = found.table(arc_of[route], freq).reindex(days)
        for name, column in (("balanced", "flow"), ("flow_p10", "p10"), ("flow_p90", "p90")):
            values[name][r] = table[column].to_numpy()
    dims = ("route", "period")
    coords = {"route": cube["route"], "period": cube["period"]}
    return xr.Dataset({name: (dims, held) for name, held in values.items()}, coords=coords,
                      attrs={"freq": freq})  # fmt: skip


def _lay(cube: xr.Dataset, made: xr.Dataset, routes: pd.DataFrame, estimate: str) -> xr.Dataset:
    """Lay the balance over the cube."""
    # before a pipe was built there is nothing to balance; a zero of the reported cube is a fact
    built = cube["flow_status"] != "not-built"
    proposed = cube["flow_status"].isin(["proposed", "construction", "cancelled"])
    said = made["balanced"].notnull() & built & ~proposed
    balanced = made["balanced"].where(said)
    names = {
        "balanced": balanced,
        "reported": cube["flow"],
        "flow_p10": made["flow_p10"].where(said),
        "flow_p90": made["flow_p90"].where(said),
    }
    cube = cube.assign(names)
    if estimate == "balanced":
        shut = said & (cube["flow"] == 0) & (balanced.round(6) == 0)
        cube["flow"] = balanced.where(said, cube["flow"]).assign_attrs(cube["flow"].attrs)
        status = np.where((said & ~shut).to_numpy(), "balanced", cube["status"].to_numpy())
        cube["status"] = (cube["status"].dims, status.astype(object), cube["status"].attrs)
        size = cube["capacity"].where(cube["capacity"] > 0)
        use = (cube["flow"] / size).where(said, cube["utilisation"])
        cube["utilisation"] = use.assign_attrs(cube["utilisation"].attrs)
    role = routes.set_index("route")["role"].reindex(cube["route"].values)
    cube = cube.assign_coords(additive=("route", (role == "export").to_numpy()))
    unit = cube["flow"].attrs.get("units", "")
    for name, words in WORDS.items():
        cube[name].attrs = {"long_name": words, "units": unit}
    cube.attrs["estimate"] = estimate
    return cube


WORDS = {
    "balanced": "Reconciled gas flow of the whole period",
    "reported": "Published gas flow of the days that figures cover",
    "flow_p10": "10th percentile of the reconciled flow",
    "flow_p90": "90th percentile of the reconciled flow",
}


def markets(tables: Mapping[str, pd.DataFrame], freq: str = "A", by: str = "group") -> pd.DataFrame:
    """Return the balance by market, bcm at 20 °C.

    Parameters
    ----------
    tables : mapping of str to DataFrame
    freq : {"A", "Q", "M", "G"}
    by : {"group", "market"}
        Europe, Turkey, China, ... or the markets inside the groups, and the total ``exports``.

    Returns
    -------
    DataFrame
        Index ``(market, period)``; ``flow, p10, p90``; the interval of each sum is its own.
    """
    found = result(tables)
    names = [n for n in found.names if n.startswith(f"{by}:")] + ["exports"]
    parts = {n.removeprefix(f"{by}:"): found.table(n, freq) for n in names}
    return pd.concat(parts, names=["market", "period"])
