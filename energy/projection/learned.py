"""What is learned from the facts: level, season, noise, deliveries, hazards, contracts, markets.

Everything is learned from the tables and the cube handed in, so what they do not know on an
as-of date cannot enter.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from energy import facts
from energy.measure import periods, validity
from energy.measure.observations import rows_of
from energy.measure.tables import Contract, OutsideForecast, Volume
from energy.projection import scenarios, timing
from energy.projection.horizon import Grid, History, annual, history
from energy.projection.noise import Noise, Widths

SAYS = ("company", "ministry")
"""Whose forecast of a route's flow counts as its schedule."""

Tables = facts.Tables

Params = dict[str, Any]
"""What the tree says of a route under one scenario; see `energy.projection.scenarios.WHAT`."""

Parts = dict[str, Any]
"""Fields of a `RouteSpec`, as far as they are made."""


@dataclass(frozen=True)
class Level:
    """An open route: level in bcm a year, factor by quarter, and the noise around both.

    Examples
    --------
    >>> Level(39.0, 38.0, np.ones(4), 2.0, 0.9).mean
    38.0
    """

    now: float
    mean: float
    season: np.ndarray
    spread: float
    persistence: float


def open_level(past: History, tree: scenarios.Tree) -> Level:
    """Learn level, season and noise of an open route from its own quarters.

    The season is the mean ratio of a quarter to its year over whole years, drawn towards 1 by
    one year. The mean level weighs quarters by a half-life; the level now is the mean of the last
    two, season removed. Spread and persistence are drawn towards the tree's priors.
    """
    window = int(scenarios.rule(tree, "window"))
    numbers, flows = past.quarters[-window:], past.flows[-window:]
    season = _season(numbers, flows)
    yearly = flows * 4 / season[numbers % 4]
    age = numbers[-1] - numbers
    # by definition of a half-life
    weights = 0.5 ** (age / scenarios.rule(tree, "half_life"))
    mean = float(np.average(yearly, weights=weights))
    now = float(yearly[-2:].mean())
    left = yearly / max(mean, 1e-12) - 1  # a route without flow must not divide by 0
    spread, persistence = _noise_of(left, weights, tree)
    return Level(now, mean, season, spread, persistence)


def _season(numbers: np.ndarray, flows: np.ndarray) -> np.ndarray:
    """Return the factor of each quarter, mean 1."""
    total = np.ones(4)
    count = 1
    for year in np.unique(numbers // 4):
        inside = numbers // 4 == year
        if inside.sum() == 4 and flows[inside].sum() > 0:
            total += flows[inside] / flows[inside].mean()
            count += 1
    return total / count


def _noise_of(left: np.ndarray, weights: np.ndarray, tree: scenarios.Tree) -> tuple[float, float]:
    """Return standard deviation and lag-1 correlation, drawn towards the priors."""
    prior, rho = scenarios.rule(tree, "spread"), scenarios.rule(tree, "persistence")
    squares = float((weights * left**2).sum())
    spread = float(np.sqrt((squares + 4 * prior**2) / (weights.sum() + 4)))
    if len(left) > 3 and left.std() > 0:  # three pairs show no correlation
        # 0.95: above it the level would be a walk; chosen by hand
        seen = float(np.clip((left[1:] * left[:-1]).mean() / (left**2).mean(), 0, 0.95))
        # the prior weighs like eight quarters (`persistence` of the rules)
        rho = (len(left) * seen + 8 * rho) / (len(left) + 8)
    return spread, rho


def open_path(level: Level, last: int, numbers: np.ndarray) -> np.ndarray:
    """Return the expected flow of some quarters, bcm: from the level now back to its mean.

    Examples
    --------
    >>> level = Level(40.0, 38.0, np.ones(4), 2.0, 0.5)
    >>> open_path(level, 8104, np.array([8105, 8106])).tolist()  # halfway back each quarter
    [9.75, 9.625]
    """
    ahead = np.maximum(numbers - last, 0)
    yearly = level.mean + (level.now - level.mean) * level.persistence**ahead
    expected: np.ndarray = yearly * level.season[numbers % 4] / 4
    return expected


def open_noise(level: Level, known: int, tree: scenarios.Tree) -> Noise:
    """Return the noise around the path of an open route of which some quarters are known."""
    # neighbours hang together: more than eight quarters teach no more of a level; chosen by hand
    error = float(level.spread / np.sqrt(max(min(known, 8), 1)))
    return level.spread, level.persistence, error, scenarios.rule(tree, "drift")


def delivery(
    tables: Tables, pasts: dict[str, History], routes: list[str], tree: scenarios.Tree
) -> tuple[float, float, int]:
    """Learn delivered over contracted from whole years: mean, standard deviation, years.

    The mean is drawn towards 1 and the spread towards the tree's prior, each by two years. The
    first year of a contract is left out: what a line lacks while it starts says nothing of the
    years after.
    """
    ratios = []
    for route in routes:
        if route not in pasts:
            continue
        steps = schedule(tables, route)[0]
        yearly = annual(pasts[route])
        began = min((year for year, flow in yearly.items() if flow > 0), default=0)
        ratios += [yearly[y] / steps[y] for y in steps
                   if y in yearly and steps[y] > 0 and y > max(began, min(steps))]  # fmt: skip
    found = np.array(ratios)
    prior = scenarios.rule(tree, "delivery_spread")
    mean = float((found.sum() + 2) / (len(found) + 2))
    squares = float(((found - mean) ** 2).sum())
    return mean, float(np.sqrt((squares + 2 * prior**2) / (len(found) + 2))), len(found)


def schedule(tables: Tables, route: str) -> tuple[dict[int, float], float, float]:
    """Return the contract's quantity by year, its plateau and the year of a later step.

    Returns
    -------
    by_year : dict of int to float
        Firm quantity, bcm a year; where no contract row speaks, the seller's printed plan.
    plateau : float
        Newest plateau signed; NaN where none is known.
    step : float
        Year in which a planned rise begins; NaN where none is known.

    Examples
    --------
    >>> from energy import facts
    >>> by_year, plateau, later = schedule(facts.load(), "power-of-siberia-1")
    >>> plateau
    44.0
    """
    rows = tables["contracts"]
    rows = rows[(rows["route"] == route) & (rows["unit"] == "bcm/yr")].sort_values(
        "published", kind="stable"
    )
    firm = _announced(tables, route)
    plateau, step = float("nan"), float("nan")
    for row in rows_of(rows, Contract):
        if row.year == "plateau":
            plateau = float(row.acq)
        elif row.status == "plan":
            step = float(str(row.year)[:4])
        else:
            span = periods.parse(str(row.year))
            for year in range(span.start.year, (span.end - dt.timedelta(days=1)).year + 1):
                if row.published >= firm.get(year, ("", 0.0))[0]:
                    firm[year] = row.published, float(row.acq)
    return {year: quantity for year, (_, quantity) in firm.items()}, plateau, step


def _announced(tables: Tables, route: str) -> dict[int, tuple[str, float]]:
    """Return by year the newest quantity that the seller or its ministry has said would come.

    Each with its day of publication: a later contract row takes its place, an earlier one gives
    way to it. A press forecast is no schedule.
    """
    plans = tables["volumes"]
    plans = plans[(plans["series"] == "plan_flow") & (plans["entity"] == route)]
    said = [(row.published, int(row.period), float(row.value))
            for row in rows_of(plans[plans["freq"] == "A"], Volume)]  # fmt: skip
    if "outside-forecasts" in tables:
        others = tables["outside-forecasts"]
        others = others[(others["series"] == "flow") & (others["target"] == route)
                        & others["kind"].isin(SAYS)
                        & others["period"].str.fullmatch("[0-9]{4}")]  # fmt: skip
        said += [
            (row.published, int(row.period), float(row.value))
            for row in rows_of(others, OutsideForecast)
        ]
    return {year: (day, quantity) for day, year, quantity in sorted(said)}


def hazards(
    tables: Tables, cube: xr.Dataset, tree: scenarios.Tree, day: dt.date
) -> dict[str, dict[str, Any]]:
    """Learn the yearly hazard of a halt by market, and of a restart, from dated starts and stops.

    Events over exposure, with the tree's gamma priors. Markets without a halt have the prior to
    speak for them.

    Returns
    -------
    dict
        ``halt`` (market to hazard), ``restart`` (``all`` to hazard), ``counts`` (market to halts
        and route-years), ``idle`` (halted route-years).
    """
    counts: dict[str, list[float]] = {}
    idle = 0.0
    role = tables["routes"].set_index("route")["role"]
    for route in role.index[role == "export"]:
        begin, stop = _life(tables, cube, route)
        if begin is None or begin > day:
            continue
        over = stop is not None and stop <= day
        end = stop if over and stop is not None else day
        entry = counts.setdefault(market_of(tables, route, day), [0, 0.0])
        entry[0] += over
        entry[1] += periods.years(begin, end)
        idle += periods.years(end, day) if over else 0.0
    (a, b), (c, d) = scenarios.rule(tree, "halt_prior"), scenarios.rule(tree, "restart_prior")
    halt = {market: (a + k) / (b + years) for market, (k, years) in counts.items()}
    return {"halt": halt, "restart": {"all": c / (d + idle)}, "counts": counts, "idle": {"all": idle},
            "prior": {"halt": a / b}}  # fmt: skip


def _life(tables: Tables, cube: xr.Dataset, route: str) -> tuple[dt.date | None, dt.date | None]:
    """Return first day of figures or of service (from 2006, where the figures begin), and the stop."""
    begin = _dates(tables, route, "start")
    flowing = history(cube, route)
    seen = flowing.quarters[flowing.flows > 0]
    if not len(seen):
        return None, None
    since = (
        max(begin[0], periods.quarter_start(int(seen[0])))
        if begin
        else periods.quarter_start(int(seen[0]))
    )
    return since, stop_of(tables, route)


def _dates(tables: Tables, route: str, attribute: str) -> list[dt.date]:
    """Return the dated values of an attribute that are no plan."""
    part = facts.at(tables["route-facts"], route, attribute)
    return [periods.parse(value).start
            for value, status in zip(part["value"], part["status"], strict=True) if status != "plan"]  # fmt: skip


def stop_of(tables: Tables, route: str) -> dt.date | None:
    """Return the last day from which no gas flows, None where there is none."""
    dates = _dates(tables, route, "stop")
    return dates[-1] if dates else None


def market_of(tables: Tables, route: str, day: dt.date) -> str:
    """Return the market a route serves on a day, ``""`` where none is named."""
    rows = tables["crosswalk"]
    rows = rows[(rows["kind"] == "market") & (rows["key"] == route)].sort_values("valid_from")
    rows = facts.in_force(rows, day, validity.LAST)  # on the day, or the last named after it
    return str(rows["target"].iloc[-1]) if len(rows) else ""


def contract_end(tables: Tables, route: str, yearly: float) -> float:
    """Return the decimal year in which the contracts of a route end; infinity where none is known.

    Only contracts over half of what flows count; the last of them speaks.
    """
    rows = tables["contracts"]
    rows = rows[(rows["route"] == route) & (rows["ends"] != "") & (rows["acq"] > yearly / 2)]
    ends = [periods.parse(text).end for text in rows["ends"]]
    if not ends or yearly <= 0:
        return float("inf")
    return periods.decimal_year(max(ends))


@dataclass(frozen=True)
class Learned:
    """All that the routes share: tables, cube, grid, tree, hazards, delivery, timing, widths.

    `widths` come from `energy.projection.widths.learn`; without them nothing is widened. `pace` is
    how uncertain the time is in which a line fills, see `energy.projection.timing.pace`.
    """

    tables: Tables
    cube: xr.Dataset
    span: Grid
    tree: scenarios.Tree
    hazards: dict[str, dict[str, Any]]
    delivery: tuple[float, float, int]
    timing: Callable[..., Any] | None
    past: dict[str, History]
    widths: dict[str, Widths] = dataclasses.field(default_factory=dict)
    pace: float = 0.0

    @property
    def delivery_noise(self) -> Noise:
        """Return spread, persistence, error of the level and drift of what a contract delivers."""
        spread = self.delivery[1]
        # 0.7 as `persistence` of the rules; the level is held: half the spread, 0.5 % a year, by hand
        return spread, 0.7, spread / 2, 0.005

    def width(self, model: str) -> Widths | None:
        """Return the factors by which the noise of a model is widened."""
        return self.widths.get(model)


def learn(
    tables: Tables, cube: xr.Dataset, span: Grid, tree: scenarios.Tree,
    timed: Callable[..., Any] | None = None,
) -> Learned:  # fmt: skip
    """Learn once what every scenario shares.

    Parameters
    ----------
    timed : callable, optional
        ``timed(tables, route, as_of)`` with ``.sample(rng, n)`` (decimal years of first gas,
        infinity never) and ``.ramp(rng, n)`` (years to plateau).
    """
    pasts = {route: history(cube, route) for route in cube["route"].values.tolist()}
    return Learned(tables, cube, span, tree, hazards(tables, cube, tree, span.as_of),
                   delivery(tables, pasts, contracted(tree), tree), timed, pasts,
                   pace=timing.pace(tables, periods.decimal_year(span.as_of)))  # fmt: skip


def filling(yearly: np.ndarray, numbers: np.ndarray, last: int, pace: float) -> np.ndarray:
    """Return how far a filling line may be off its schedule: a standard deviation, share of the flow.

    The schedule may be run through sooner or later, by `pace` of the time ahead: half of what the
    steps then differ by.

    Parameters
    ----------
    yearly : (P,)
        Quantity of each quarter's year, bcm a year.
    numbers : (P,)
        The quarters.
    last : int
        Last known quarter.

    Examples
    --------
    >>> years = np.arange(2023 * 4, 2026 * 4)
    >>> steps = np.repeat([20.0, 30.0, 30.0], 4)
    >>> filling(steps, years, 2023 * 4 - 1, 0.4)[[3, 7, 11]].round(3).tolist()
    [0.1, 0.133, 0.033]
    """
    years, first = np.unique(numbers // 4, return_index=True)
    off = pace * np.maximum(numbers - last, 0) / 4
    late, early = (np.interp(numbers // 4 + side * off, years, yearly[first]) for side in (-1, 1))
    moved = np.maximum(early - late, 0) / 2
    found: np.ndarray = np.divide(moved, yearly, out=np.zeros(len(yearly)), where=yearly > 0)
    return found


def contracted(tree: scenarios.Tree) -> list[str]:
    """Return the routes whose model in the tree is a contract."""
    return [name for name, row in tree["route"].items() if row.get("model") == "contract"]
