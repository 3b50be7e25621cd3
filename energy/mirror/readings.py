"""What a figure that does not say its cubic metre may mean: readings, ranked by what they leave.

A volume without a stated basis is read at 0, 15 and 20 °C, an energy at the lowest, stated and
highest calorific value on record, a figure that a rule on Moldova marks with and without that
gas. A reading that leaves nothing is possible, not proven: two readings may leave alike, and then
both are told.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from energy import facts
from energy.errors import DataError
from energy.measure import units
from energy.measure.observations import records
from energy.mirror.basis import Gas, figures_in, gas_of
from energy.mirror.gathering import read_tables

BASES = ("0C", "15C", "20C")
LEFT_OUT = "Moldova"
"""A neighbour that a count at Ukraine's border may hold or leave out; rules name it."""
COLUMNS = ["id", "source", "value", "unit", "basis", "read_at", "gcv", "moldova", "against",
           "against_read_at", "common", "left", "share", "assumed", "rank"]  # fmt: skip


def readings(
    tables: facts.Tables, name: str, period: str, unit: str = "bcm", basis: str | None = None
) -> pd.DataFrame:
    """Try what is not stated of each figure and rank the readings by the gap they leave.

    Parameters
    ----------
    tables : Tables
        As `energy.mirror.mirror`.
    name, period, unit, basis : str
        As `energy.mirror.mirror`.

    Returns
    -------
    DataFrame
        ``id, source, value, unit, basis`` as published; ``read_at`` (basis taken), ``gcv``
        (kWh/m3 at 20 °C; NaN for a volume), ``moldova`` ("", with, without: the most that the rule
        allows is added), ``against`` (id of the reference) and ``against_read_at``; ``common`` on
        the asked basis, ``left`` (less the reference, after the last digit of both) and ``share``
        of it; ``assumed``, how many things were assumed; ``rank`` among a figure's readings: what
        leaves least, then what assumes least.

    Raises
    ------
    UnknownName, PeriodError, UnitError
        As `energy.mirror.mirror`.
    DataError
        If a single figure is known.

    Examples
    --------
    >>> table = readings(facts.load(), "turkstream-2", "2026-01")
    >>> {"id", "read_at", "left"} <= set(table)
    True
    """
    data = read_tables(tables)
    found = figures_in(data, name, period, unit, basis)
    if len(found) == 1:
        raise DataError(f"readings of {name} in {period}", [
            "a single source gives a figure: nothing to hold it against"])  # fmt: skip
    gas = gas_of(data, name, unit, found.attrs["basis"])
    held = [row for row in records(found) if row["comparable"]]
    rows = [one for row in held[1:] for one in _against(row, held[0], gas)]
    table = pd.DataFrame(rows, columns=COLUMNS[:-1])
    order = table.assign(size=table["left"].abs().round(9)).sort_values(
        ["size", "assumed"], kind="stable"
    )
    table["rank"] = order.groupby("id").cumcount() + 1
    place = {one: i for i, one in enumerate(dict.fromkeys(table["id"]))}
    table = table.assign(place=table["id"].map(place)).sort_values(["place", "rank"])
    return table.drop(columns="place").reset_index(drop=True)[COLUMNS]


def best(table: pd.DataFrame, figure: str) -> str:
    """Say in a clause which readings of a figure leave least; "" where nothing was open.

    Examples
    --------
    >>> best(pd.DataFrame({"id": ["V1"], "left": [0.1]}), "V1")  # nothing was open
    ''
    """
    mine = table[table["id"] == figure]
    if len(mine) < 2:
        return ""
    said = [f"{_words(row)} leaves {row['left']:+.2f}" for row in records(mine.head(3))]
    return f"not all is stated: {', '.join(said)}"


def _words(row: Mapping[str, Any]) -> str:
    parts = [f"at {row['read_at']}"]
    parts += [f"{row['gcv']:.2f} kWh/m3"] if not math.isnan(row["gcv"]) else []
    parts += [f"{row['moldova']} {LEFT_OUT}"] if row["moldova"] else []
    return " ".join(parts)


def _against(
    row: Mapping[str, Any], reference: Mapping[str, Any], gas: Gas
) -> Iterator[dict[str, Any]]:
    """Return every reading of a figure against every reading of the reference."""
    digits = row["half"] + reference["half"]
    pairs = itertools.product(_read(row, gas), _read(reference, gas), _neighbour(row, gas))
    for (at, gcv, value), (other_at, _, other), (word, amount) in pairs:
        gap = value + amount - other
        left = math.copysign(max(abs(gap) - digits, 0.0), gap)
        assumed = (row["basis"] == "unstated") + (reference["basis"] == "unstated")
        assumed += (gcv != gas.gcv) and not math.isnan(gcv)
        yield {
            "id": row["id"], "source": row["source"], "value": row["value"], "unit": row["unit"],
            "basis": row["basis"], "read_at": at, "gcv": gcv, "moldova": word,
            "against": reference["id"], "against_read_at": other_at, "common": value + amount,
            "left": left, "share": left / other if other else math.nan,
            "assumed": int(assumed + (word == "with")),
        }  # fmt: skip


def _read(row: Mapping[str, Any], gas: Gas) -> list[tuple[str, float, float]]:
    """Return what a figure may mean: basis, calorific value, amount on the asked basis."""
    stated, nothing = row["basis"] or "unstated", math.nan
    kind = units.kind(row["unit"])
    if kind == "volume" and stated == "unstated":
        return [(at, nothing, gas.convert(row["value"], row["unit"], at)) for at in BASES]
    if kind == "energy" and units.kind(gas.unit) == "volume":
        values = sorted({gas.gcv_range[0], gas.gcv, gas.gcv_range[1]})
        return [(stated, gcv, gas.convert(row["value"], row["unit"], stated, gcv))
                for gcv in values]  # fmt: skip
    return [(stated, nothing, row["common"])]


def _neighbour(row: Mapping[str, Any], gas: Gas) -> list[tuple[str, float]]:
    """Return what the neighbour named by a rule could add: nothing, and the most it allows."""
    rules = [rule for rule in row["rules"] if LEFT_OUT in rule.reason]
    if not rules or units.kind(gas.unit) == "money":
        return [("", 0.0)]
    most = max((rule.high for rule in rules if not math.isnan(rule.high)), default=math.nan)
    return [("without", 0.0)] if math.isnan(most) else [("without", 0.0), ("with", most)]
