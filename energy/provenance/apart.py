"""Why a cell does not show the figure that is printed for it: how far it is, and who pulls."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from energy import facts
from energy.balance import kept
from energy.balance.measurements import Cell, measure
from energy.balance.system import system
from energy.measure import periods
from energy.measure.observations import rows_of

SAME = 1e-5  # bcm; a sum that comes this near to the cell counts just the cell
MOST = 2  # measurements that are named as pulling
PLAIN = ("bcm", "20C")
Weighed: TypeAlias = tuple[list[str], np.ndarray, list[Cell], pd.DataFrame]
"""Names of arcs and sums, the sums over the arcs, cells and table of every measurement."""
_newest: list[tuple[kept.Result, Weighed]] = []


class _Print(NamedTuple):
    """A figure printed for a cell; `value` and `error` in bcm at 20 °C."""

    id: str
    value: float
    error: float
    printed: float
    unit: str
    basis: str


class _Pull(NamedTuple):
    """A measurement that counts gas of the cell, and how much of it is above the balance, bcm."""

    id: str
    series: str
    period: str
    above: float


def sentences(tables: facts.Tables, name: str, span: periods.Period) -> pd.DataFrame:
    """Say why a cell, as shown to a tenth of a bcm, is not what is printed for just this cell.

    Figures that the others do not bear out are told apart, as doubts; here are those that agree.

    Parameters
    ----------
    tables : Tables
    name : str
        A route, or a market of a group.
    span : Period

    Returns
    -------
    DataFrame, columns id, bcm, how
        One row a printed value, ``id`` all who print it (``;``); none where shown and printed agree.

    Examples
    --------
    >>> from energy import facts
    >>> told = sentences(facts.load(), "turkey", periods.parse("2024"))
    >>> told["how"].iloc[0].split(":")[0]
    'Shown 21.4 (21.438) where 21.6 is printed (V0052)'
    """
    found, none = kept.result(tables), pd.DataFrame(columns=["id", "bcm", "how"])
    arcs = tables["balance-arcs"].set_index("route")["arc"]
    cell = str(arcs[name]) if name in arcs.index else f"group:{name}"
    if cell not in found.names or span.freq not in kept.STEPS:
        return none
    table = found.table(cell, span.freq)
    if pd.Timestamp(span.start) not in table.index:
        return none
    at = table.index.get_loc(pd.Timestamp(span.start))
    flow, low, high = table.to_numpy()[at].tolist()
    verdicts = found.verdicts
    mine = verdicts[(verdicts["entity"] == name) & (verdicts["period"] == str(span))
                    & (verdicts["verdict"] == "agrees") & ((verdicts["balanced"] - flow).abs() < SAME)
                    & ~verdicts["series"].str.startswith("customs")]  # fmt: skip
    mine = mine[[f"{value:.1f}" != f"{flow:.1f}" for value in mine["value"]]]
    if mine.empty:
        return none
    pulls = _pulls(tables, found, cell, span)
    mine = mine.merge(pulls[["id", "printed", "unit", "basis"]], on="id")
    rows = []
    for _, same in mine.groupby(mine["value"].round(3), sort=False):
        row = next(rows_of(same.sort_values("error", kind="stable"), _Print))
        ids = same["id"].tolist()
        apart = abs(flow - row.value)
        own = f"(± {row.error:.2g})"
        error = (f"the difference is inside the print's own error {own}" if apart <= row.error
                 else f"the difference is {apart / row.error:.1f} times the print's own error {own}")  # fmt: skip
        side = "inside" if low <= row.value <= high else "outside"
        unit = "" if (row.unit, row.basis) == PLAIN else f"{row.printed:g} {row.unit} {row.basis}: "
        how = (f"Shown {flow:.1f} ({flow:.3f}) where {round(row.value, 3):g} is printed ({unit}{', '.join(ids)}): "
               f"{error}, the print {side} the interval {low:.3f} to {high:.3f}; "
               + _pulling(pulls[~pulls["id"].isin(ids)], up=flow > row.value))  # fmt: skip
        rows.append({"id": ";".join(ids), "bcm": row.value, "how": how})
    return pd.DataFrame(rows)


def _pulls(
    tables: facts.Tables, found: kept.Result, cell: str, span: periods.Period
) -> pd.DataFrame:
    """Return the measurements with the force of each on the cell: above 0 it pulls the cell up.

    The force of a figure is the slope of its own misfit, its weight times what it is above the
    balance over its error squared, times its share of the cell's months.
    """
    names, sums, cells, table = _weighed(tables, found)
    counted = sums[names.index(cell)]
    inside = np.array([span.start <= month < span.end for month in found.months])
    share = [float((weights * counted[arcs])[inside[months]].sum()) / inside.sum()
             for arcs, months, weights in cells]  # fmt: skip
    force = share * table["weight"] * table["above"] / table["shared_error"] ** 2
    return table.assign(force=force)


def _weighed(tables: facts.Tables, found: kept.Result) -> Weighed:
    """Return the sums of the balance, and every measurement with what it is above the balance.

    To read all figures takes a second; they are the same for every cell of one balance.
    """
    if not _newest or _newest[0][0] is not found:
        net = system(tables, found.months[-1], found.months[0])
        told = measure(tables, net)
        table = told.table.join(found.verdicts.set_index("id")[["balanced", "weight"]], on="id")
        table["above"] = table["value"] - table["balanced"]
        _newest[:] = [(found, (*kept.groups(net.arcs), told.cells, table))]
    return _newest[0][1]


def _pulling(pulls: pd.DataFrame, *, up: bool) -> str:
    """Return in words who pulls a cell up, or down; of those that repeat each other the first."""
    pulls = pulls.assign(force=pulls["force"] * (1 if up else -1))
    strong = pulls[pulls["force"] > 0].sort_values("force", ascending=False, kind="stable")
    named = [f"{row.id} ({row.series} of {row.period}: {row.above:+.2g})"
             for row in rows_of(strong.drop_duplicates("witness").head(MOST), _Pull)]  # fmt: skip
    way = "up" if up else "down"
    if not named:
        return f"no other figure pulls the cell {way}: the course of the months does"
    return f"the cell is pulled {way} by {' and '.join(named)}, printed less balanced"
