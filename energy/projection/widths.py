"""How far routes strayed from the same model in their own past: how wide a projection must be.

At every quarter of a route's known history the model is fitted anew to what lies before, and its
answer is set beside what came (known on the as-of date, never later). The errors, in units of the
model's own standard deviation, are pooled over routes; the factor at a horizon is the one with
which the 80 % interval would have held 80 % of them. `ramp.modes` widens by it.

Notes
-----
Normalised split conformal prediction (Lei et al. 2018), by horizon, on pseudo-origins strictly
before the real one. Errors of neighbouring quarters overlap; a year of them counts as one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.measure import periods
from energy.projection import ramp

REACH = 20
"""Quarters ahead up to which errors are counted; beyond, the variance grows with time."""
LEAST = 6
"""Quarters of history before a first pseudo-origin."""
LEVEL, MOST, NORMAL = 0.8, 0.9, 1.2815515655446004
"""Share of errors to hold; of few, up to which share; and what a normal needs for `LEVEL`."""
WIDEST = 7.0
"""A factor beyond it says that few cuts were unlike the rest, not how wide to be (12 in 2018)."""
LINK, LINK_WEIGHT = 0.5, 8.0
"""Correlation of a year's quarters before any is seen, and how many years it weighs."""
COLUMNS = ("route", "model", "cut", "step", "ahead", "error")
FAINT = 0.25
"""Share of the route's mean below which an expected quarter is no yardstick."""


def learn(shared: ramp.Learned, models: dict[str, ramp.Params]) -> ramp.Learned:
    """Return what is learned with the widths of each model, ``open`` and ``contract``."""
    errors = pool(shared, models)
    link = together(errors)
    every = dataclasses.replace(widths_of(errors), together=link)
    own = widths_of(errors[errors["model"] == "contract"], every)
    found = {"open": every, "contract": dataclasses.replace(own, together=link)}
    return dataclasses.replace(shared, widths=found)


def together(errors: pd.DataFrame) -> float:
    """Return how the quarters of the first year ahead hang together in one replayed path.

    The mean rank correlation of the errors at 1 to 4 quarters ahead over all cuts, drawn towards
    `LINK` like `LINK_WEIGHT` cuts; 0 where no cut shows a whole year.

    Notes
    -----
    A Gaussian copula with one parameter (Schefzik et al. 2013 keep the whole template; the history
    here is too short for that), estimated on what lay before the as-of date.
    """
    rows = errors[(errors["step"] == "quarter") & (errors["ahead"] <= 4)]
    wide = rows.pivot_table(index=["route", "cut"], columns="ahead", values="error").dropna()
    # fewer than eight cuts show no correlation: the prior stands; chosen by hand
    if len(wide) < 8 or wide.shape[1] < 4:
        return LINK if len(rows) else 0.0
    seen = wide.rank().corr().to_numpy()[np.triu_indices(4, 1)].mean()
    cuts = len(wide) / 4  # neighbouring cuts share three quarters of their year
    return float(np.clip((cuts * seen + LINK_WEIGHT * LINK) / (cuts + LINK_WEIGHT), 0.0, 0.95))


def pool(shared: ramp.Learned, models: dict[str, ramp.Params]) -> pd.DataFrame:
    """Replay each route's model at every quarter of its past.

    Returns
    -------
    DataFrame
        ``route, model, cut`` (last known quarter), ``step`` (``quarter`` or ``year``), ``ahead``
        (of these, from 1), ``error`` (actual over expected less 1, over the model's standard
        deviation). Quarters after a dated stop, and without flow, are the hazards' business and
        left out.
    """
    exports = set(shared.tables["routes"].query("role == 'export'")["route"])
    parts: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for route in sorted(exports & set(shared.past)):
        past = _flowing(shared, route)
        model = "contract" if models.get(route, {}).get("model") == "contract" else "open"
        replay = _contracted(shared, route) if model == "contract" else _opened(shared)
        for i in range(LEAST, len(past.flows)):
            expected, noise, pace = replay(past, i)
            for step, judge in (("quarter", _quarters), ("year", _years)):
                ahead, error = judge(past, i, expected, noise, pace)
                place = (route, model, past.quarters[i - 1], step)
                for name, value in zip(COLUMNS, place, strict=False):
                    parts[name] += [value] * len(ahead)
                parts["ahead"] += ahead.tolist()
                parts["error"] += error.tolist()
    return pd.DataFrame(parts)


def _flowing(shared: ramp.Learned, route: str) -> ramp.History:
    """Return the history from the first flow to the day it stopped, quarters without flow left out."""
    past = shared.past[route]
    stop = ramp.stop_of(shared.tables, route)
    last = (
        periods.quarter_number(stop) if stop is not None and stop <= shared.span.as_of else np.inf
    )
    keep = (past.flows > 0) & (past.quarters < last)
    return ramp.History(past.quarters[keep], past.flows[keep])


Replay = Callable[[ramp.History, int], tuple[np.ndarray, ramp.Noise, np.ndarray]]
"""Expected flows of the quarters after the first `i`, their noise, and how far a filling line may be
off its steps (`ramp.filling`)."""


def _opened(shared: ramp.Learned) -> Replay:
    """Return expected flows and their noise by the open model fitted to `i` quarters."""

    def replay(past: ramp.History, i: int) -> tuple[np.ndarray, ramp.Noise, np.ndarray]:
        before, later = ramp.History(past.quarters[:i], past.flows[:i]), past.quarters[i:]
        level = ramp.open_level(before, shared.tree)
        expected = ramp.open_path(level, int(before.quarters[-1]), later)
        return expected, ramp.open_noise(level, i, shared.tree), np.zeros(len(later))

    return replay


def _contracted(shared: ramp.Learned, route: str) -> Replay:
    """Return the same by the contract model, on what was published by the end of a quarter."""
    plans = shared.tables["volumes"].query("series == 'plan_flow'")
    small = shared.tables.replaced({"volumes": plans})

    def replay(past: ramp.History, i: int) -> tuple[np.ndarray, ramp.Noise, np.ndarray]:
        last = int(past.quarters[i - 1])
        ahead = past.quarters[i:] - last
        then = _as_of(shared, small, route, last, int(ahead[-1]))
        firm, plateau, _ = ramp.schedule(then.tables, route)
        if not firm and np.isnan(plateau):
            return np.zeros(len(ahead)), then.delivery_noise, np.zeros(len(ahead))
        parts = ramp.contract_parts(route, {}, then)
        # a quarter's middle, as in the draws
        begun = (ahead - 0.5 - np.median(parts["start"])) / np.median(parts["ramp"])
        expected = parts["base"][ahead - 1] + parts["added"][ahead - 1] * np.clip(begun, 0, 1)
        return expected, then.delivery_noise, ramp.contract_pace(parts, then, last)[ahead - 1]

    return replay


def _as_of(
    shared: ramp.Learned, small: facts.Tables, route: str, last: int, count: int
) -> ramp.Learned:
    """Return what could be learned of a contract at the end of a quarter."""
    span = ramp.Grid(last + 1, count, periods.quarter_start(last + 1) - dt.timedelta(days=1))
    day, tables = span.as_of.isoformat(), facts.Tables(small)
    for name in ("contracts", "volumes"):
        tables[name] = small[name][small[name]["published"] <= day]
    pasts = {name: ramp.History(h.quarters[h.quarters <= last], h.flows[h.quarters <= last])
             for name, h in shared.past.items() if name in {route, *ramp.contracted(shared.tree)}}  # fmt: skip
    delivery = ramp.delivery(tables, pasts, ramp.contracted(shared.tree), shared.tree)
    return dataclasses.replace(shared, tables=tables, span=span, delivery=delivery)


def _quarters(
    past: ramp.History, i: int, expected: np.ndarray, noise: ramp.Noise, pace: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return quarters ahead, and relative errors over the deviation where they can be judged."""
    ahead = past.quarters[i:] - past.quarters[i - 1]
    floor = max(FAINT * float(expected.mean()), 1e-9)  # nought expected must not divide
    keep = (ahead <= REACH) & (expected > floor)
    error = past.flows[i:][keep] / expected[keep] - 1
    return ahead[keep], error / np.hypot(ramp.deviation(ahead[keep], noise), pace[keep])


def _years(
    past: ramp.History, i: int, expected: np.ndarray, noise: ramp.Noise, pace: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the same of the years ahead of which all four quarters are known."""
    at = past.quarters[i:] - past.quarters[i - 1] - 1
    parts = (None, past.flows[i:], expected, expected * pace)
    sums = [np.bincount(at // 4, weights) for weights in parts]
    # all four quarters, and more than nothing expected
    years = np.flatnonzero((sums[0] == 4) & (sums[2] > 1e-9))
    years = years[years < REACH // 4]
    sigma = np.array([ramp.yearly_deviation(int(year) + 1, noise) for year in years])
    sigma = np.hypot(sigma, sums[3][years] / sums[2][years])
    return years + 1, (sums[1][years] / sums[2][years] - 1) / sigma


def widths_of(errors: pd.DataFrame, lean: ramp.Widths | None = None) -> ramp.Widths:
    """Return by how much to widen; `lean` is a wider pool's, and weighs like two years of errors."""
    leans = (lean.quarters, lean.years) if lean is not None else (None, None)
    quarters, years = (errors[errors["step"] == step] for step in ("quarter", "year"))
    return ramp.Widths(factors(quarters, REACH, leans[0]), factors(years, REACH // 4, leans[1]))


def factors(
    errors: pd.DataFrame, reach: int = REACH, lean: tuple[float, ...] | None = None
) -> tuple[float, ...]:
    """Return by how much to widen at 1, 2, … steps ahead: never below 1.

    As long as there is a year of errors to go by; empty where there is none. Neighbouring quarters
    smooth each other, the first stands alone.
    """
    sizes, ahead = errors["error"].abs().to_numpy(dtype=float), errors["ahead"].to_numpy(dtype=int)
    found: list[float] = []
    for h in range(1, reach + 1):
        near = sizes[np.abs(ahead - h) <= (h > 1 and reach == REACH)]
        years = len(near) / (12 if h > 1 and reach == REACH else 4)
        one = _factor(near, years) if years >= 1 else None
        if lean is not None and h <= len(lean):
            one = lean[h - 1] if one is None else _between(one, years, lean[h - 1])
        if one is None:
            break
        found.append(float(np.clip(one, 1.0, WIDEST)))
    return tuple(found)


def _factor(sizes: np.ndarray, years: float) -> float:
    """Return the size below which 80 % lie, a little more for few years, over that of a normal."""
    level = min(LEVEL * (1 + 1 / years), MOST)
    return float(np.quantile(sizes, level)) / NORMAL


def _between(one: float, years: float, other: float) -> float:
    # the pool weighs like two years (METHOD 'How the intervals were widened')
    weight = years / (years + 2)
    # a factor of 0 has no logarithm
    return float(np.exp(weight * np.log(max(one, 1e-9)) + (1 - weight) * np.log(other)))
