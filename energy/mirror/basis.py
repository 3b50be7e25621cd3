"""Figures on one basis: what temperature and calorific value add to each, and what a rule may."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.errors import PeriodError, UnitError
from energy.measure import observations, periods, units, validity
from energy.mirror.gathering import (
    MONEY,
    VOLUMES,
    MirrorTables,
    candidates,
    gather,
    no_period,
    read_tables,
)

NOT_DELIVERIES = {"sales_group": "group sales with resale, not deliveries"}
NOISE = {
    "operator": 0.005, "company": 0.01, "statistics": 0.02, "agency": 0.02, "ministry": 0.02,
    "research": 0.03, "press": 0.01, "own": 0.03,
}  # fmt: skip
"""Relative standard deviation we give a figure of each kind: an assumption, see `league`."""
_DYADIC = 2.0**30  # parts are kept to a dyadic billionth, so that sums of floats are exact
_INNER = ("bcm", "20C")


@dataclass(frozen=True)
class Gas:
    """What converts the figures of one subject: asked unit and basis, heat and density.

    Examples
    --------
    >>> Gas("bcm", "20C", gcv=10.5).convert(1.0, "bcm", "20C")
    1.0
    """

    unit: str
    basis: str
    gcv: float = 10.5  # kWh/m3, as `gcv_range`
    # kWh/m3 at 20 °C, the heat of pipeline gas where the facts give none; chosen by hand
    gcv_range: tuple[float, float] = (10.5, 10.5)  # kWh/m3 at 20 °C, lowest and highest
    density: tuple[float, float] | None = None  # kg/m3 at 20 °C

    def convert(self, value: float, unit: str, basis: str, other: float | None = None) -> float:
        """Bring a figure to the asked unit and basis, by another heat or density if given.

        A volume without a stated basis is read as it stands.

        Examples
        --------
        >>> round(Gas("bcm", "20C", gcv=10.5).convert(105.0, "TWh", "GCV"), 2)
        10.0
        """
        if units.kind(unit) == "money":
            return float(units.convert(value, unit, self.unit))
        gcv = other or self.gcv
        if units.kind(unit) == "mass":
            assert self.density is not None
            value, basis = (
                float(
                    units.convert(
                        value,
                        unit,
                        "bcm",
                        basis=basis,
                        to_basis="20C",
                        density=other or sum(self.density) / 2,
                        density_basis="20C",
                    )
                ),
                "20C",
            )
            unit, gcv = "bcm", self.gcv
        basis = self.face if basis == "unstated" else basis
        return float(
            units.convert(
                value, unit, self.unit, basis=basis, to_basis=self.basis, gcv=gcv, gcv_basis="20C"
            )
        )

    @property
    def face(self) -> str:
        """Return the basis a bare cubic metre is read at: the one asked, 20 °C for an energy.

        Examples
        --------
        >>> Gas("TWh", "GCV").face, Gas("bcm", "15C").face
        ('20C', '15C')
        """
        return self.basis if self.basis in ("0C", "15C", "20C", "15C-40MJ") else "20C"


def figures(
    tables: facts.Tables, name: str, period: str, unit: str = "bcm", basis: str | None = None
) -> pd.DataFrame:
    """Gather every figure for a route or market and period on one basis, the reference first.

    A source that has only shorter periods is summed where they fill the period; for a market the
    routes to it are summed where one source has them all. The reference is the figure that the
    flow cube would take.

    Returns
    -------
    DataFrame
        The columns of a volume with ``kind``, ``face`` (read without heed of its basis),
        ``warm`` and ``heat`` (what temperature and calorific value add to ``face``), ``common``
        (their sum), ``half`` (half the last digit), ``shift_low, shift_high`` (what another
        calorific value or density could move), ``comparable``, ``used``, ``adjusted``,
        ``noise``, ``rules``, ``note``.

    Raises
    ------
    UnknownName, PeriodError, UnitError
        As `mirror`.

    Examples
    --------
    >>> from energy import facts
    >>> table = figures(facts.load(), "turkstream-2", "2026-01")
    >>> len(table) >= 2
    True
    """
    return figures_in(read_tables(tables), name, period, unit, basis)


def figures_in(
    data: MirrorTables, name: str, period: str, unit: str = "bcm", basis: str | None = None
) -> pd.DataFrame:
    """As `figures`, of tables that are read already.

    Examples
    --------
    >>> from energy import facts
    >>> from energy.mirror.gathering import read_tables
    >>> len(figures_in(read_tables(facts.load()), "turkstream-2", "2026-01")) >= 2
    True
    """
    basis = _basis(unit, basis)
    key = ("figures", name, period, unit, basis)
    found = data.keep(key, lambda: _figures(data, name, period, unit, basis))
    found.attrs = {"name": name, "period": periods.label(periods.parse(period)), "unit": unit,
                   "basis": basis}  # fmt: skip
    return found


def _figures(data: MirrorTables, name: str, period: str, unit: str, basis: str) -> pd.DataFrame:
    span = periods.parse(period)
    rows = gather(data, candidates(data, name, unit), name, span)
    if not rows:
        raise PeriodError(no_period(data, name, period, unit))
    gas = gas_of(data, name, unit, basis)
    ranked = _ranked(rows, data, name)
    rules = _rules(data, name, span, gas)
    result = pd.DataFrame([_figure(row, gas, rules) for row in ranked])
    return result.sort_values("used", ascending=False, kind="stable", ignore_index=True)


def _basis(unit: str, basis: str | None) -> str:
    kind = units.kind(unit)
    if kind not in ("volume", "energy", "money"):
        raise UnitError(f"A mirror is kept in a volume, an energy or money, not in {unit} ({kind}); "
                        "use bcm, TWh or million USD.")  # fmt: skip
    default = {"volume": "20C", "energy": "GCV", "money": ""}[kind]
    units.label(unit, basis or default)
    return basis or default


def _ranked(rows: Sequence[dict[str, Any]], data: MirrorTables, name: str) -> list[dict[str, Any]]:
    """Order figures as the flow cube would choose them, the flow first where there is one."""
    lead = min((row["series"] for row in rows), key=(*VOLUMES, *MONEY).index)
    kinds = [data.kinds.get(row["source"]) for row in rows]
    table = pd.DataFrame({
        "series": lead, "entity": name, "period": "", "place": range(len(rows)),
        **{key: [row[key] for row in rows]
           for key in ("id", "source", "basis", "status", "derived", "published")},
    })  # fmt: skip
    sources = pd.DataFrame({"source": table["source"], "kind": kinds})
    wishes = data.tables["preferences"]
    wishes = wishes[wishes["series"].isin([lead, "*"]) & wishes["entity"].isin([name, "*"])]
    order = observations.rank(table, sources, wishes)
    return [
        rows[at] | {"kind": kinds[at], "why": why, "excluded": join(
            *(data.excluded.get(one, "") for one in rows[at]["id"].split(";")))}
        for at, why in zip(order["place"].tolist(), order["why"], strict=True)
    ]  # fmt: skip


def gas_of(data: MirrorTables, name: str, unit: str, basis: str) -> Gas:
    """Return what converts the figures of a subject: its stated heat, the range from the rules.

    Examples
    --------
    >>> from energy import facts
    >>> from energy.mirror.gathering import read_tables
    >>> gas = gas_of(read_tables(facts.load()), "turkstream-2", "bcm", "20C")
    >>> gas.gcv_range[0] <= gas.gcv <= gas.gcv_range[1]
    True
    """
    legs = [name, *data.kin(name)]
    known = [data.gcv[leg] for leg in legs if leg in data.gcv] or [*data.gcv.values()]
    gcv = float(np.median(known)) if known else 10.5  # as `Gas`
    gcv_range, density = (gcv, gcv), None
    for rule in data.rules:
        if rule["cause"] != "calorific" or rule["entity"] not in ("*", *legs):
            continue
        if rule["unit"] == "kWh/m3":
            gcv_range = (min(rule["low"], gcv), max(rule["high"], gcv))
        else:
            density = (rule["low"], rule["high"])
    return Gas(unit, basis, gcv, gcv_range, density)


def _figure(row: dict[str, Any], gas: Gas, rules: Sequence[_Rule]) -> dict[str, Any]:
    """Bring one figure to the common basis and write down what that took."""
    why_not = _why_not(row, gas)
    marked = tuple(rule for rule in rules if rule.marks(row))
    row = {k: row[k] for k in ("id", "series", "entity", "source", "kind", "value", "unit", "basis",
                               "status", "published", "derived", "coverage", "half_raw", "note",
                               "excluded")}  # fmt: skip
    row["rules"] = marked
    if why_not:
        nothing = dict.fromkeys(
            ("face", "warm", "heat", "common", "half", "adjusted", "noise"), math.nan
        )
        return row | nothing | {"shift_low": 0.0, "shift_high": 0.0, "comparable": False,
                                "used": False, "note": join(why_not, row["note"])}  # fmt: skip
    row |= _moved(row, gas)
    row["half"] = row["half_raw"] * (row["common"] / row["value"] if row["value"] else 1.0)
    moves = [rule for rule in marked if rule.measured]
    row["adjusted"] = row["common"] - sum(rule.sign * rule.low for rule in moves)
    open_ended = [rule for rule in marked if not rule.measured and rule.cause != "timing"]
    doubt = any(math.isnan(rule.high) for rule in open_ended)
    row["comparable"] = True
    row["used"] = not row["excluded"] and not doubt
    row["noise"] = _noise(row, open_ended)
    row["note"] = join(f"left out of the estimate: {row['excluded']}" if row["excluded"] else "",
                        row["note"])  # fmt: skip
    return row


def _why_not(row: Mapping[str, Any], gas: Gas) -> str:
    """Return why a figure cannot be held beside the others, "" where it can."""
    kind = units.kind(row["unit"])
    if row["series"] in NOT_DELIVERIES:
        return NOT_DELIVERIES[row["series"]]
    if kind == "energy" and row["basis"] not in ("GCV",):
        return "an energy whose calorific basis is not stated"
    if kind == "mass" and gas.density is None:
        return "a mass; no density is stated"
    return ""


def _moved(row: Mapping[str, Any], gas: Gas) -> dict[str, float]:
    """Return a figure as read and what temperature and heat add; volumes only are ever read."""
    value, unit, basis = row["value"], row["unit"], row["basis"] or "unstated"
    common = gas.convert(value, unit, basis)
    kind = units.kind(unit)
    face = gas.convert(value, unit, "unstated") if kind == "volume" else common
    heat = common - _at_15c(value, unit, basis, gas) if kind == "volume" else 0.0
    low, high = _shift(value, unit, basis, gas, common)
    face, heat, common = dyadic(face), dyadic(heat), dyadic(common)
    return {"face": face, "heat": heat, "warm": common - face - heat, "common": common,
            "shift_low": low, "shift_high": high}  # fmt: skip


def _at_15c(value: float, unit: str, basis: str, gas: Gas) -> float:
    """Return a volume brought to the asked temperature only, without restating its heat."""
    if "15C-40MJ" not in (basis, gas.face) or basis in (gas.face, "unstated"):
        return gas.convert(value, unit, basis)
    if basis == "15C-40MJ":
        return gas.convert(value, unit, "15C")
    return float(units.convert(value, unit, gas.unit, basis=basis, to_basis="15C"))


def _shift(value: float, unit: str, basis: str, gas: Gas, common: float) -> tuple[float, float]:
    """Return how far another calorific value, or density, could move a figure down and up."""
    kind = units.kind(unit)
    ends = (
        gas.gcv_range
        if kind == "energy" or basis == "15C-40MJ"
        else gas.density
        if kind == "mass"
        else None
    )
    if ends is None or (kind == "energy" and units.kind(gas.unit) == "energy"):
        return 0.0, 0.0
    moved = [gas.convert(value, unit, basis, end) - common for end in ends]
    return min(0.0, *moved), max(0.0, *moved)


def _noise(row: Mapping[str, Any], rules: Iterable[_Rule]) -> float:
    """Return the standard deviation we give a figure: kind, last digit, what is not stated."""
    size = abs(row["common"])
    # a width over root three (half) or root twelve (whole): the deviation of an even spread
    spread = [NOISE[row["kind"]] * size, row["half"] / math.sqrt(3)]
    spread.append((row["shift_high"] - row["shift_low"]) / math.sqrt(12))
    if row["basis"] == "unstated":  # anything from 0 °C to 20 °C
        spread.append(size * (293.15 / 273.15 - 1) / math.sqrt(12))
    # even, as above
    spread += [rule.high / math.sqrt(3) for rule in rules if not math.isnan(rule.high)]
    if row["coverage"] < 1:
        spread.append(size * (1 / row["coverage"] - 1) / math.sqrt(3))  # even, as above
    return math.hypot(*spread)


def dyadic(value: float) -> float:
    """Round to the dyadic grid on which sums are exact.

    Examples
    --------
    >>> dyadic(0.1) + dyadic(0.2) == dyadic(0.1) + dyadic(0.2), abs(dyadic(0.1) - 0.1) < 1e-6
    (True, True)
    """
    return round(value * _DYADIC) / _DYADIC


def join(*texts: str) -> str:
    """Join the texts that say something.

    Examples
    --------
    >>> join("20 °C", "", "rounded")
    '20 °C; rounded'
    """
    return "; ".join(text for text in texts if text)


@dataclass(frozen=True)
class _Rule:
    """A documented cause for one subject and period, in the asked unit."""

    id: str
    cause: str
    series: str
    marked: str
    sign: int
    low: float
    high: float
    share: bool
    reason: str
    names_provisional: bool = False

    @property
    def measured(self) -> bool:
        """Tell a stated or measured amount from a bound."""
        return self.low == self.high

    def marks(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a figure has what the rule is about."""
        if self.names_provisional:
            return bool(row["status"] == "provisional")
        return self.marked in ("*", row["source"], row["id"]) and self.series in (
            "*",
            row["series"],
        )


def _rules(data: MirrorTables, name: str, span: periods.Period, gas: Gas) -> list[_Rule]:
    """Return the rules for a subject and period with their amounts in the asked unit."""
    mine = ("*", name, *data.kin(name))
    rules = []
    for row in data.rules:
        if row["cause"] == "calorific" or row["entity"] not in mine:
            continue
        begin, end = validity.bounds(row["valid_from"], row["valid_to"])
        if not (begin <= span.start and span.end <= end):
            continue
        if (
            row["unit"] != "bcm/yr"
            and row["valid_to"]
            and (span.start, span.end) != (begin, end)
            and not row["by"]
        ):
            continue  # an amount belongs to its own period
        low, high = _amount(row, data, span, gas)
        rules.append(_Rule(row["id"], row["cause"], row["series"], row["marked"], int(row["sign"]), low, high,
                           row["unit"] == "share", row["reason"], row["marked"] == "provisional"))  # fmt: skip
    return rules


def _amount(
    row: Mapping[str, Any], data: MirrorTables, span: periods.Period, gas: Gas
) -> tuple[float, float]:
    """Return floor and ceiling of a rule: measured elsewhere, a rate over the period, or stated."""
    if row["by"]:
        series, _, entity = row["by"].partition(":")
        rows = gather(data, candidates(data, entity, gas.unit), entity, span)
        rows = [r for r in rows if r["series"] == series and r["entity"] == entity]
        if not rows:
            return math.nan, math.nan
        best = _ranked(rows, data, entity)[0]
        amount = dyadic(gas_of(data, entity, gas.unit, gas.basis)
                       .convert(best["value"], best["unit"], best["basis"]))  # fmt: skip
        return amount, amount
    if row["unit"] == "share" or math.isnan(row["high"]):
        return row["low"], row["high"]
    money = units.kind(row["unit"]) == "money"
    if money != (units.kind(gas.unit) == "money"):
        return math.nan, math.nan
    unit, share = (
        (row["unit"][:-3], periods.years(span.start, span.end))
        if row["unit"].endswith("/yr")
        else (row["unit"], 1.0)
    )
    low, high = (
        dyadic(gas.convert(share * end, unit, row["basis"])) for end in (row["low"], row["high"])
    )
    return low, high
