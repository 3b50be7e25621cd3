"""The gap between two figures, split into parts that add up to it exactly."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from energy.measure import units
from energy.mirror.basis import dyadic

CAUSES = ("temperature", "calorific", "timing", "scope", "transit", "lng", "rounding")
PARTS = (*CAUSES, "residual")


def split(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Split the gap between two figures (a less b) into causes that add up to it exactly.

    What can be computed comes first (temperature, restatement to another heat, amounts that a
    source states or another observation measures), then half the last printed digit of both, then
    what a bound allows (another calorific value, a provisional figure, part of the days, a rule
    with a ceiling), as little as will do. The rest is residual.

    Parameters
    ----------
    a, b : mapping
        Rows of `figures`.

    Returns
    -------
    dict
        ``gap``, each of `PARTS`, ``possible`` (how much of them a bound merely allows) and
        ``why``: one clause a cause. In the asked unit; ``gap`` is
        taken between the figures as printed where their bases are stated and differ, else on the
        common basis, or as they stand where one basis is not stated.
    """
    parts = dict.fromkeys(PARTS, 0.0)
    words: list[str] = []
    first, second = _start(a, b)
    gap = first - second
    if a["basis"] != b["basis"] and "unstated" not in (a["basis"], b["basis"]):
        parts["temperature"] = dyadic(-(a["warm"] - b["warm"]))
        parts["calorific"] = dyadic(-(a["heat"] - b["heat"]))
        if parts["temperature"]:
            words.append(f"temperature: {_basis_word(a)} against {_basis_word(b)}")
        if parts["calorific"]:
            words.append("calorific: restated to 40 MJ/m3")
    rest = gap - sum(parts.values())
    possible = 0.0
    for claim in _claims(a, b):
        taken = _take(rest, dyadic(claim.low), dyadic(claim.high))
        parts[claim.cause] += taken
        possible += 0.0 if claim.proven else taken
        rest -= taken
        if taken:
            words.append(f"{claim.cause}: {claim.text}")
    parts["residual"] = rest
    words += _named(a, b) if rest else []
    return {"gap": gap, **parts, "possible": possible, "why": "; ".join(words)}


def _start(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[float, float]:
    if a["basis"] == b["basis"]:
        return a["common"], b["common"]
    return a["face"], b["face"]


def _basis_word(row: Mapping[str, Any]) -> str:
    return (
        row["basis"] if units.kind(row["unit"]) == "volume" else f"{row['unit']} ({row['basis']})"
    )


def _take(rest: float, low: float, high: float) -> float:
    """Return what a claim takes of the rest: a fixed amount whole, else as little as will do.

    A claim with a floor above nothing takes nothing of a rest below that floor.
    """
    if low == high:
        return low
    if low > 0:
        return min(rest, high) if rest >= low else 0.0
    if high < 0:
        return max(rest, low) if rest <= high else 0.0
    return min(max(rest, low), high)


@dataclass(frozen=True)
class _Claim:
    """What a cause may take of a gap: between low and high, signed."""

    cause: str
    low: float
    high: float
    text: str
    proven: bool = False


def _claims(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[_Claim]:
    """Return what each cause may take of the gap, in the order in which they are asked."""
    claims = [*_from_rules(a, b, 1), *_from_rules(b, a, -1)]
    digits = a["half"] + b["half"]
    rounding = _Claim("rounding", -digits, digits, "half the last digit of both", True)
    fixed = [claim for claim in claims if claim.proven]
    bound = [claim for claim in claims if not claim.proven]
    return [*fixed, rounding, *_other_calorific(a, b), *bound]


def _from_rules(row: Mapping[str, Any], other: Mapping[str, Any], side: int) -> list[_Claim]:
    """Return the claims of the rules that mark one figure and not the other."""
    claims = []
    for rule in row["rules"]:
        if rule.marks(other) or math.isnan(rule.high):
            continue
        scale = side * rule.sign * (abs(row["common"]) if rule.share else 1.0)
        low, high = sorted((scale * rule.low, scale * rule.high))
        if rule.names_provisional:  # a preliminary count may err either way
            low, high = -max(-low, high), max(-low, high)
        text = f"{rule.reason} ({rule.id}{'' if rule.measured else ', at most'})"
        claims.append(_Claim(rule.cause, low, high, text, rule.measured))
    counted = any(claim.cause == "timing" and claim.proven for claim in claims)
    if row["coverage"] < 1 and not counted:
        low, high = sorted((0.0, -side * abs(row["common"]) * (1 / row["coverage"] - 1)))
        text = f"{row['id']} covers {row['coverage']:.0%} of the days (at most)"
        claims.append(_Claim("timing", low, high, text))
    return claims


def _other_calorific(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[_Claim]:
    """Return what another calorific value could do where one figure needs one and one does not."""
    loose = [(row, side) for row, side in ((a, 1), (b, -1)) if row["shift_low"] < row["shift_high"]]
    if len(loose) != 1:
        return []
    row, side = loose[0]
    low, high = sorted((-side * row["shift_low"], -side * row["shift_high"]))
    text = "another value or density within the range on record (at most)"
    return [_Claim("calorific", low, high, text)]


def _named(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Return the causes that are named but have no number: they stay in the residual."""
    both = ((a, b), (b, a))
    return [f"not put to a number, {rule.cause}: {rule.reason} ({rule.id})" for row, other in both
            for rule in row["rules"] if math.isnan(rule.high) and not rule.marks(other)]  # fmt: skip
