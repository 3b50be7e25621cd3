"""All figures of one flow side by side, the gap of each by cause, and the estimate last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import pandas as pd

from energy import facts
from energy.errors import DataError
from energy.measure.observations import records
from energy.mirror.basis import figures, join
from energy.mirror.causes import PARTS, split
from energy.mirror.gathering import periods_of, spell
from energy.mirror.readings import best, readings
from energy.mirror.reconciled import ESTIMATE, METHOD, Estimate, estimate

Interval: TypeAlias = tuple[float, float, float]  # flow, P10, P90
Band: TypeAlias = Callable[[str, str], Interval | None]
COLUMNS = [
    "id", "series", "entity", "source", "kind", "value", "unit", "basis", "status", "published",
    "common", "low", "high", "used", "gap", *PARTS, "possible", "why",
]  # fmt: skip


def mirror(
    tables: facts.Tables,
    name: str,
    period: str,
    unit: str = "bcm",
    basis: str | None = None,
    balance: Band | None = None,
) -> pd.DataFrame:
    """Set every figure for a route or market side by side and split the gaps by cause.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` returns them.
    name : str
        A route, e.g. ``turkstream-2``, or a market, e.g. ``turkey``.
    period : str
        Any period text, e.g. ``2024``, ``2025Q1``, ``2026-01``.
    unit : str
        A volume (``bcm``), an energy (``TWh``), or ``million USD`` for values at customs.
    basis : str, optional
        Default 20C for volumes, GCV for energies.
    balance : callable, optional
        Gives, for a unit and a basis, flow, P10 and P90 by the balance of the whole system (None
        where it does not speak of the cell): our estimate is then this one, and what the figures
        here make alone stands in ``why``.

    Returns
    -------
    DataFrame
        One row a figure, the reference first, and our estimate last: ``id, series, entity,
        source, kind, value, unit, basis, status, published`` as published; ``common`` on the
        asked basis with ``low`` and ``high`` (half the last printed digit; of the estimate the
        interval); ``used`` in the estimate; ``gap`` to the reference as printed and its parts
        ``temperature, calorific, timing, scope, transit, lng, rounding, residual``, which add
        up to the gap exactly; ``possible``, how much of the parts rests on a bound only; ``why``.
        ``attrs``: unit, basis, method, adjustments.

    Raises
    ------
    UnknownName
        If no route or market has that name.
    PeriodError
        If nothing is known for the period; the periods that exist are named.
    DataError
        If a single figure is known: there is nothing to hold it against.
    UnitError
        If unit and basis do not fit.

    Notes
    -----
    A figure read at another temperature than the one asked moves by the ideal-gas ratio (see
    `energy.measure.units.convert`). Rounding is at most half the last printed digit of both figures. A
    rule with a floor and a ceiling takes what is left between them, so it names what is possible,
    not what was measured; ``why`` says which. A volume whose basis is not stated stands as printed;
    ``why`` says which reading of it leaves least, see `energy.mirror.readings`. For the interval see `estimate`.

    Examples
    --------
    >>> table = mirror(facts.load(), "turkstream-2", "2026-01")
    >>> table["source"].iloc[-1]  # the last row is ours
    'reconciled-estimate'
    """
    found = figures(tables, name, period, unit, basis)
    if len(found) == 1:
        raise DataError(f"mirror of {name} in {period}", [_single(tables, name, found)])
    reconciled = estimate(found)
    own = str(found.attrs["basis"] or "")  # money at customs has none and is no flow
    said = balance(found.attrs["unit"], own) if balance and own else None
    rows = [_compared(found, i) for i in range(len(found))]
    if (found["basis"].eq("unstated") & found["comparable"]).any():
        tried = readings(tables, name, period, unit, basis)
        for row in rows[1:]:
            if row["basis"] == "unstated":
                row["why"] = join(row["why"], best(tried, row["id"]))
    table = pd.DataFrame([*rows, _estimated(found, reconciled, said)])[COLUMNS]
    table.attrs = {**found.attrs, "method": METHOD, "adjustments": list(reconciled.adjustments)}
    return table


def _single(tables: facts.Tables, name: str, found: pd.DataFrame) -> str:
    row = found.iloc[0]
    titles = tables["sources"].set_index("source")["title"]
    several = periods_of(tables, name, found.attrs["unit"], at_least=2)
    known = f"periods with two or more: {spell(several)}" if several else "no period has two"
    return (f"a single source gives a figure, {titles.get(row['source'], row['source'])} "
            f"({row['value']:g} {row['unit']}): nothing to hold it against; {known}")  # fmt: skip


def _compared(found: pd.DataFrame, place: int) -> dict[str, Any]:
    """Return one figure with its gap to the reference, which is the first."""
    row = records(found)[place]
    row |= {"low": row["common"] - row["half"], "high": row["common"] + row["half"]}
    nothing = dict.fromkeys(("gap", *PARTS, "possible"), float("nan"))
    if place == 0:
        return row | nothing | {"why": join("reference", row["note"])}
    if not (row["comparable"] and found.iloc[0]["comparable"]):
        return row | nothing | {"why": row["note"]}
    parts = split(row, records(found)[0])
    return row | parts | {"why": join(parts["why"], row["note"])}


def _estimated(found: pd.DataFrame, best: Estimate, balance: Interval | None) -> dict[str, Any]:
    """Return our estimate: the balance's where it speaks of the cell, else that of the figures."""
    blank = dict.fromkeys(("gap", *PARTS, "possible"), float("nan"))
    count = f"from {len(best.used)} figures"
    if best.aside:
        count += f", set aside: {', '.join(best.aside)}"
    basis = found.attrs["basis"]
    value, low, high = balance or (best.value, best.low, best.high)
    why = f"our estimate, not a measurement; {count}"
    if balance:
        alone = f"{best.value:.4g} ({best.low:.4g}–{best.high:.4g})"
        why = ("our estimate, not a measurement: the balance of the whole system, P10–P90; "
               f"these figures alone make {alone}, {count}")  # fmt: skip
    return blank | {
        "id": "", "series": "", "entity": found.attrs["name"], "source": ESTIMATE, "kind": "own",
        "value": value, "unit": found.attrs["unit"], "basis": basis,
        "status": "balanced" if balance else "modelled",
        "published": "", "common": value, "low": low, "high": high, "used": False, "why": why,
    }  # fmt: skip
