"""What each route may carry, learned from the facts: level, season, noise, hazards, ceilings.

Everything is learned from the tables and the cube handed in, so what they do not know on an
as-of date cannot enter. The outcome is one `RouteSpec` of plain arrays a route, which the engine
(`simulate`) draws from; nothing random happens here. Volumes are bcm a quarter at 20 °C.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError
from energy.measure import periods, validity
from energy.measure.observations import rows_of
from energy.projection import scenarios

MODES = 4
"""Smooth components of a route's noise; what they leave is added quarter by quarter."""
DRIVERS = ("demand", "oil", "policy")
NEVER = np.inf
COVERED = 0.99
STALE, SILENT = 8, 4
"""Quarters that count as recent; and after which a silent route no longer holds the start back."""

SAYS = ("company", "ministry")
"""Whose forecast of a route's flow counts as its schedule."""

Tables = facts.Tables


class Untimed(EnergyError):
    """A proposed route of which nothing is known that could time it."""


Params = dict[str, Any]
"""What the tree says of a route under one scenario; see `energy.projection.scenarios.WHAT`."""

Parts = dict[str, Any]
"""Fields of a `RouteSpec`, as far as they are made."""


@dataclass(frozen=True)
class Grid:
    """The projected quarters.

    Attributes
    ----------
    first, count : int
        First quarter as year x 4 + quarter - 1, and how many.
    as_of : date
        What was known that day.
    """

    first: int
    count: int
    as_of: dt.date

    @property
    def years(self) -> list[int]:
        """Return the calendar years that lie whole in the grid."""
        begin, end = -(-self.first // 4), (self.first + self.count) // 4
        return list(range(begin, end))

    @property
    def starts(self) -> pd.DatetimeIndex:
        """Return the first day of each quarter."""
        return pd.DatetimeIndex(
            [periods.quarter_start(q) for q in range(self.first, self.first + self.count)]
        ).as_unit("ns")

    @property
    def share(self) -> np.ndarray:
        """Return the share of its year's days that each quarter has."""
        starts = [stamp.date() for stamp in self.starts]
        ends = [*starts[1:], periods.quarter_start(self.first + self.count)]
        return np.array([periods.years(*span) for span in zip(starts, ends, strict=True)])

    def at(self, year: Any) -> np.ndarray:
        """Return decimal years as quarters from the start of the grid; infinity stays."""
        return (np.asarray(year, dtype=float) * 4 - self.first).astype(np.float32)


@dataclass(frozen=True)
class RouteSpec:
    """One route under one set of assumptions; quarters P, modes K.

    Attributes
    ----------
    base : (P,) bcm
        Expected flow of what exists, season included.
    added : (P,) bcm
        Flow of a new line or step at its plateau, season included; 0 where there is none.
    noise : (K, P), white : (P,)
        Smooth and quarterly noise, relative to the flow.
    cap : (P,) bcm
        Never exceeded.
    start, ramp : quantile tables
        When `added` begins (quarters from the grid's start, infinity is never) and how many
        quarters it climbs; empty where nothing is added.
    halt, restart : float
        Hazard a quarter of a halt while flowing, and of flowing again after a halt.
    since : float
        First quarter that is not known.
    end : (2,) quarters
        A dated switch, drawn evenly between the two; infinity where there is none.
    keep : float
        Share that flows on after `end`.
    lapse : float
        Probability that `end` comes at all.
    loads : (G,)
        Loading on each shared driver of `DRIVERS`.
    market : str
    """

    base: np.ndarray
    added: np.ndarray
    noise: np.ndarray
    white: np.ndarray
    cap: np.ndarray
    start: np.ndarray
    ramp: np.ndarray
    halt: float
    restart: float
    since: float
    end: tuple[float, float]
    keep: float
    lapse: float
    loads: np.ndarray
    market: str


@dataclass(frozen=True)
class History:
    """What is known of one route: quarters as numbers, flows in bcm, both ascending."""

    quarters: np.ndarray
    flows: np.ndarray


# ---- the grid ----------------------------------------------------------------------------------


def grid(cube: xr.Dataset, until: str, as_of: str | dt.date) -> Grid:
    """Return the quarters from the first that is not known of a flowing route.

    A quarter known of one route and not of another is in the grid; what is known stands there
    as it is. A route silent for more than a year does not hold the start back.

    Raises
    ------
    PeriodError
        If `until` ends before the last known quarter.
    """
    if cube.attrs.get("freq") != "Q":
        raise PeriodError(f"A projection needs the cube by quarter, not freq {cube.attrs.get('freq')!r}; "
                          'give t.flows(freq="Q").')  # fmt: skip
    day = periods.parse(as_of).end - dt.timedelta(days=1)
    lasts = [history(cube, route).quarters for route in cube["route"].values]
    now = periods.quarter_number(day)
    ends = [int(known[-1]) for known in lasts if len(known) and known[-1] >= now - SILENT]
    newest = max((int(known[-1]) for known in lasts if len(known)), default=now)
    first = min([end + 1 for end in ends] or [now])
    span = periods.parse(until)
    last = periods.quarter_number(span.end - dt.timedelta(days=1))
    if last < max(newest, first):
        raise PeriodError(f"Horizon {until!r} ends before the last datum, {periods.quarter_label(newest)}; "
                          "name a later year or quarter.")  # fmt: skip
    return Grid(first, last - first + 1, day)


def history(cube: xr.Dataset, route: str) -> History:
    """Return the quarters of a route that its figures cover whole."""
    part = cube.sel(route=route)
    known = part["flow"].notnull().values & (part["coverage"].values >= COVERED)
    stamps = pd.DatetimeIndex(cube["period"].values[known])
    numbers = np.array([periods.quarter_number(stamp.date()) for stamp in stamps], dtype=int)
    return History(numbers, part["flow"].values[known].astype(float))


# ---- what is learned ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Level:
    """An open route: level in bcm a year, factor by quarter, and the noise around both."""

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
    weights = 0.5 ** (age / scenarios.rule(tree, "half_life"))
    mean = float(np.average(yearly, weights=weights))
    now = float(yearly[-2:].mean())
    left = yearly / max(mean, 1e-12) - 1
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
    if len(left) > 3 and left.std() > 0:
        seen = float(np.clip((left[1:] * left[:-1]).mean() / (left**2).mean(), 0, 0.95))
        rho = (len(left) * seen + 8 * rho) / (len(left) + 8)
    return spread, rho


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


def annual(past: History) -> dict[int, float]:
    """Return the calendar years of which all four quarters are known."""
    years, counts = np.unique(past.quarters // 4, return_counts=True)
    return {int(year): float(past.flows[past.quarters // 4 == year].sum())
            for year, count in zip(years, counts, strict=True) if count == 4}  # fmt: skip


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
    """
    rows = tables["contracts"]
    rows = rows[(rows["route"] == route) & (rows["unit"] == "bcm/yr")].sort_values(
        "published", kind="stable"
    )
    firm = _announced(tables, route)
    plateau, step = float("nan"), float("nan")
    for row in rows_of(rows):
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
            for row in rows_of(plans[plans["freq"] == "A"])]  # fmt: skip
    if "outside-forecasts" in tables:
        others = tables["outside-forecasts"]
        others = others[(others["series"] == "flow") & (others["target"] == route)
                        & others["kind"].isin(SAYS)
                        & others["period"].str.fullmatch("[0-9]{4}")]  # fmt: skip
        said += [(row.published, int(row.period), float(row.value)) for row in rows_of(others)]
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


# ---- ceilings ----------------------------------------------------------------------------------


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
    for row in rows_of(rows):
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


def overload(cube: xr.Dataset, route: str, tree: scenarios.Tree, mine: Params) -> float:
    """Return the ceiling over nameplate: what is stated, or more where a quarter has shown it."""
    stated = float(mine.get("overload", scenarios.rule(tree, "overload")))
    whole = cube.sel(route=route).where(cube["coverage"].sel(route=route) >= COVERED)
    seen = whole["utilisation"]
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
    for row in rows_of(rows):
        since, until = validity.bounds(row.valid_from, row.valid_to)
        inside = (starts >= since) & (starts < until)
        found[inside] = float(row.capacity)
    return found


# ---- one spec a route --------------------------------------------------------------------------


@dataclass(frozen=True)
class Learned:
    """All that the routes share: tables, cube, grid, tree, hazards, delivery, timing, widths.

    `widths` come from `energy.projection.widths.learn`; without them nothing is widened.
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

    @property
    def delivery_noise(self) -> Noise:
        """Return spread, persistence, error of the level and drift of what a contract delivers."""
        spread = self.delivery[1]
        return spread, 0.7, spread / 2, 0.005

    def width(self, model: str) -> Widths | None:
        """Return the factors by which the noise of a model is widened."""
        return self.widths.get(model)


def learn(
    tables: Tables, cube: xr.Dataset, span: Grid, tree: scenarios.Tree,
    timing: Callable[..., Any] | None = None,
) -> Learned:  # fmt: skip
    """Learn once what every scenario shares.

    Parameters
    ----------
    timing : callable, optional
        ``timing(tables, route, as_of)`` with ``.sample(rng, n)`` (decimal years of first gas,
        infinity never) and ``.ramp(rng, n)`` (years to plateau).
    """
    pasts = {route: history(cube, route) for route in cube["route"].values.tolist()}
    return Learned(tables, cube, span, tree, hazards(tables, cube, tree, span.as_of),
                   delivery(tables, pasts, contracted(tree), tree), timing, pasts)  # fmt: skip


def contracted(tree: scenarios.Tree) -> list[str]:
    """Return the routes whose model in the tree is a contract."""
    return [name for name, row in tree["route"].items() if row.get("model") == "contract"]


def modelled(
    tables: Tables, cube: xr.Dataset, tree: scenarios.Tree, day: dt.date
) -> dict[str, Params]:
    """Return the routes that are projected, each with its model; others have nothing to go by.

    Those of the tree, as they stand on the day: one that the tree calls halted and that has not
    stopped yet is open, a proposed one that flows already has its contract or is open. Then every
    export that flowed in the last two years (open) or is proposed with a stated capacity
    (proposed), so that a route a user adds takes part.
    """
    found = {
        name: _standing(tables, cube, name, dict(row), day)
        for name, row in tree["route"].items()
        if "same_as" not in row
    }
    rated = set(tables["route-facts"].query("attribute == 'capacity'")["route"])
    for row in rows_of(tables["routes"][tables["routes"]["role"] == "export"]):
        if row.route in found:
            continue
        if _recent(cube, row.route).max(initial=0) > 0 and not _stopped(tables, row.route, day):
            found[row.route] = {"model": "open"}
        elif row.status in ("proposed", "construction") and row.route in rated:
            found[row.route] = {"model": "proposed"}
    return found


def _recent(cube: xr.Dataset, route: str) -> np.ndarray:
    return history(cube, route).flows[-STALE:] if route in cube["route"].values else np.zeros(0)


def _stopped(tables: Tables, route: str, day: dt.date) -> bool:
    rows = facts.at(tables["route-facts"], route, "stop")
    return any(periods.parse(value).start <= day for value in rows["value"])


def _standing(tables: Tables, cube: xr.Dataset, route: str, row: Params, day: dt.date) -> Params:
    """Return what the tree says of a route, or a plainer model where that is not true yet."""
    flows = _recent(cube, route)
    unfilled = row["model"] == "contract" and flows.max(initial=0) <= 0
    if unfilled and not schedule(tables, route)[0]:  # signed, not yet dated: the timing's
        return {key: row[key] for key in ("fields",) if key in row} | {"model": "proposed"}
    if row["model"] == "halted" and flows[-1:].sum() > 0 and not _stopped(tables, route, day):
        return {"model": "open"} | {key: row[key] for key in ("fields",) if key in row}
    if row["model"] == "proposed" and flows.max(initial=0) > 0:
        firm, plateau, _ = schedule(tables, route)
        return {"model": "open" if not firm and np.isnan(plateau) else "contract"}
    return row


def spec(route: str, mine: Params, shared: Learned) -> RouteSpec:
    """Return the arrays of one route under the plain values of one scenario.

    Parameters
    ----------
    route : str
    mine : dict
        ``model`` and whatever the tree says of the route; see `energy.projection.scenarios.WHAT`.
    shared : Learned

    Raises
    ------
    DataError
        For a negative capacity, an unknown field, or a route without the figures its model needs.
    """
    make = {"contract": _contract, "open": _open, "halted": _halted, "proposed": _proposed}
    span, past = shared.span, shared.past[route]
    parts = make[mine["model"]](route, mine, shared, past)
    parts["cap"] = _ceiling(route, mine, shared, parts)
    market = market_of(shared.tables, route, span.as_of)
    restart = float(mine.get("restart", shared.hazards["restart"]["all"])) / 4
    halt = shared.hazards["halt"].get(market, shared.hazards["prior"]["halt"])
    raw = RouteSpec(
        **parts, halt=float(mine.get("halt", halt)) / 4, restart=restart, since=0.0,
        loads=_loads(shared.tree, market), market=market, **_ending(route, mine, shared, parts),
    )  # fmt: skip
    return _with_known(_single(raw), past, span)


def _ceiling(route: str, mine: Params, shared: Learned, parts: Parts) -> np.ndarray:
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
    agreed = _agreed(route, mine, shared, parts)
    if agreed is None:
        limit = limit * overload(shared.cube, route, shared.tree, mine)
    else:
        pipe = np.maximum(limit, agreed) * overload(shared.cube, route, shared.tree, mine)
        tolerance = float(mine.get("tolerance", scenarios.rule(shared.tree, "tolerance")))
        limit = np.minimum(pipe, agreed * (1 + tolerance))
    if mine.get("fields"):
        limit = np.minimum(limit, field_limit(shared.tables, list(mine["fields"]), span))
    cap: np.ndarray = limit * span.share
    return cap


GUESSED = 1.15
"""Pipe over the largest expected flow where no capacity is published; METHOD, section 2a."""


def _agreed(route: str, mine: Params, shared: Learned, parts: Parts) -> np.ndarray | None:
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


def _contract(route: str, mine: Params, shared: Learned, past: History) -> Parts:
    """Schedule times learned delivery; a later plateau is a step with a slip of its own."""
    parts = contract_parts(route, mine, shared)
    behind = _behind(past, shared.span)
    noise, white = modes(shared.span.count, shared.delivery_noise, behind, shared.width("contract"))
    return {**parts, "noise": noise, "white": white}


def contract_parts(route: str, mine: Params, shared: Learned) -> Parts:
    """Return base, step, and when and how fast it comes, of a route with a contract.

    Raises
    ------
    DataError
        If there is no contract.
    """
    span, (mean, _, _) = shared.span, shared.delivery
    firm, plateau, step = schedule(shared.tables, route)
    if not firm and np.isnan(plateau):
        raise DataError(
            "contracts.csv", [f"{route} has no contract; add its rows or choose model open"]
        )
    years = np.array(
        [quarter_number // 4 for quarter_number in range(span.first, span.first + span.count)]
    )
    last = max(firm, default=None)
    flat = firm[last] if last is not None else 0.0
    yearly = np.array([firm.get(int(y), flat) for y in years])
    rise = max(float(mine.get("plateau", plateau)) - flat, 0.0) if not np.isnan(plateau) else 0.0
    begin = step if not np.isnan(step) else float((last or span.first // 4) + 1)
    if mine.get("never"):
        rise = 0.0
    start = _step(mine, shared, begin, dated=not np.isnan(step))
    return {"base": yearly * mean * span.share, "added": rise * mean * span.share,
            "start": start, "ramp": _table(mine.get("step_ramp", [1, 2, 4]), _quarters)}  # fmt: skip


EXTRA = "power-of-siberia-1-plus-6"
"""The project whose timing says when a step of the contract comes (`step_timing`)."""


def _step(mine: Params, shared: Learned, begin: float, dated: bool) -> np.ndarray:
    """Return quantiles of when a later plateau begins: timed, stated, or as the contract says."""
    span = shared.span
    if mine.get("step_timing") and dated and shared.timing is not None:
        found = _reference(EXTRA, shared)
        return _sampled(span.at(found.sample(np.random.default_rng(0), TABLE * 8)))
    return _table(mine.get("step_start", begin) if dated else begin, span.at)


def _open(route: str, mine: Params, shared: Learned, past: History) -> Parts:
    """Level with season, returning to its mean; a stated plateau is climbed to from there."""
    span = shared.span
    if not len(past.flows) or past.flows[-STALE:].max() <= 0:
        raise DataError("volumes.csv", [f"{route} has no recent flow to project an open route from; "
                                        "choose model halted or proposed"])  # fmt: skip
    level = open_level(past, shared.tree)
    numbers = np.arange(span.first, span.first + span.count)
    season = level.season[numbers % 4] / 4
    base = open_path(level, int(past.quarters[-1]), numbers)
    rise = max(float(mine["plateau"]) - level.now, 0.0) if "plateau" in mine else 0.0
    if rise:
        base = level.now * season
    noise, white = modes(
        span.count,
        open_noise(level, len(past.flows), shared.tree),
        _behind(past, span),
        shared.width("open"),
    )
    return {"base": base, "added": rise * season, "noise": noise, "white": white,
            "start": _table(mine.get("step_start", np.inf), span.at),
            "ramp": _table(mine.get("step_ramp", [1, 2, 4]), _quarters)}  # fmt: skip


def open_path(level: Level, last: int, numbers: np.ndarray) -> np.ndarray:
    """Return the expected flow of some quarters, bcm: from the level now back to its mean."""
    ahead = np.maximum(numbers - last, 0)
    yearly = level.mean + (level.now - level.mean) * level.persistence**ahead
    expected: np.ndarray = yearly * level.season[numbers % 4] / 4
    return expected


def open_noise(level: Level, known: int, tree: scenarios.Tree) -> Noise:
    """Return the noise around the path of an open route of which some quarters are known."""
    error = float(level.spread / np.sqrt(max(min(known, 8), 1)))
    return level.spread, level.persistence, error, scenarios.rule(tree, "drift")


def _behind(past: History, span: Grid) -> int:
    """Return how many quarters before the grid a route was last known; negative if within it."""
    return span.first - 1 - int(past.quarters[-1]) if len(past.quarters) else 0


def _halted(route: str, mine: Params, shared: Learned, past: History) -> Parts:
    """Nothing flows until a restart; then a level that is itself uncertain."""
    span = shared.span
    low, middle, high = _three(mine.get("level", 0.0))
    if "first_gas" in mine:
        start = _table(mine["first_gas"], span.at)
    else:
        hazard = float(mine.get("restart", shared.hazards["restart"]["all"]))
        begin = span.at(periods.decimal_year(span.as_of + dt.timedelta(days=1)))
        start = _waiting(hazard / 4, max(float(begin), 0.0))
    spread = (high - low) / 2 / 1.2816 / max(middle, 1e-9)
    noise, white = modes(span.count, (0.1, 0.7, spread, 0.0))
    return {"base": np.zeros(span.count), "added": middle * span.share, "noise": noise,
            "white": white, "start": start, "ramp": _table(1, _quarters)}  # fmt: skip


def _proposed(route: str, mine: Params, shared: Learned, past: History) -> Parts:
    """First gas and ramp from the reference class, unless the scenario says otherwise."""
    span = shared.span
    plateau = float(mine.get("plateau", schedule(shared.tables, route)[1]))
    if np.isnan(plateau):
        plateau = float(
            nameplate(shared.tables, route, mine, span).max()
        )  # NaN where none is stated
    if np.isnan(plateau):
        raise DataError(
            "route_facts.csv", [f"{route} has neither contract nor capacity; add a row"]
        )
    start, ramp = _timed(route, mine, shared)
    mean, spread, _ = shared.delivery
    noise, white = modes(span.count, (spread, 0.7, spread * 2, 0.005), 0, shared.width("contract"))
    return {"base": np.zeros(span.count), "added": plateau * min(mean, 1.0) * span.share, "noise": noise,
            "white": white, "start": start, "ramp": ramp}  # fmt: skip


def _timed(route: str, mine: Params, shared: Learned) -> tuple[np.ndarray, np.ndarray]:
    """Return the tables of first gas and ramp: stated, or sampled from the reference class."""
    span, stated = shared.span, mine.get("first_gas")
    if mine.get("never"):
        return np.array([NEVER], dtype=np.float32), _table(1, _quarters)
    if stated is not None and ("ramp" in mine or shared.timing is None):
        return _table(stated, span.at), _table(mine.get("ramp", [2, 4, 6]), _quarters)
    if shared.timing is None:
        raise DataError(route, ["no timing is given for a proposed route; state first_gas"])
    found = _reference(route, shared)
    rng = np.random.default_rng(
        0
    )  # a table of quantiles: the draws come from the engine's own seed
    start = _sampled(span.at(found.sample(rng, TABLE * 8)))
    ramp = _sampled(_quarters(found.ramp(rng, TABLE * 8)))
    return (start if stated is None else _table(stated, span.at)), (
        _table(mine["ramp"], _quarters) if "ramp" in mine else ramp
    )


def _reference(route: str, shared: Learned) -> Any:
    """Ask the reference class; a route it cannot time is left out by name, not in silence."""
    assert shared.timing is not None
    try:
        return shared.timing(shared.tables, route, shared.span.as_of.isoformat())
    except MissingExtra:
        raise
    except EnergyError as error:
        raise Untimed(str(error)) from error


# ---- small parts -------------------------------------------------------------------------------

TABLE = 4096


Noise = tuple[float, float, float, float]
"""Of an AR(1) that starts known its stationary standard deviation and quarterly correlation;
standard deviations of a constant error, and of a trend a year."""


@dataclass(frozen=True)
class Widths:
    """Factors on the standard deviation: of single quarters, and of years, ahead.

    Attributes
    ----------
    quarters, years : tuple of float
        At 1, 2, … ahead; 1 or more. Empty where nothing is known.
    together : float
        Correlation of the quarters of a year in one path, as the replay shows it; 0: as the noise
        has it. METHOD, section 3, "How quarters hang together".
    """

    quarters: tuple[float, ...] = ()
    years: tuple[float, ...] = ()
    together: float = 0.0


@functools.lru_cache(maxsize=512)
def modes(
    count: int, noise: Noise, behind: int = 0, widths: Widths | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Split the noise of a path into a few smooth components and a rest quarter by quarter.

    Parameters
    ----------
    count : int
        Quarters ahead.
    noise : Noise
    behind : int
        Quarters before the first that are not known either; negative where some are known.
    widths : Widths, optional
        The factor of the first quarter widens the noise itself; what the others ask beyond it is
        a level that shifts: variance that only grows, and that later quarters share.

    Returns
    -------
    smooth : (MODES, count)
        Rows of the largest eigenvectors of the covariance, scaled.
    white : (count,)
        What they leave of each quarter's standard deviation, so that it is met exactly.
    """
    ahead = np.maximum(np.arange(1, count + 1) + behind, 0)
    spread = covariance(ahead, noise)
    if widths is not None and widths.quarters:
        spread = widths.quarters[0] ** 2 * spread
        spread += np.minimum.outer(*[shift(ahead, noise, widths)] * 2)
    smooth, white = split(spread)
    return together(smooth, white, widths.together) if widths is not None else (smooth, white)


def together(smooth: np.ndarray, white: np.ndarray, wanted: float) -> tuple[np.ndarray, np.ndarray]:
    """Move variance from the single quarters to the smooth part until quarters hang together.

    The variance of each quarter stays what it is; the share of it that is moved is the least with
    which the first year's quarters have the correlation `wanted` on average, all of it if none has.
    """
    total = (smooth**2).sum(axis=0) + white**2
    free = np.flatnonzero((total > 0) & ((smooth**2).sum(axis=0) > 0))[:4]
    if wanted <= 0 or len(free) < 2:
        return smooth, white
    low, high = 0.0, 1.0
    for _ in range(20):  # a millionth of the share
        share = (low + high) / 2
        low, high = (
            (share, high) if _linked(*_moved(smooth, white, share), free) < wanted else (low, share)
        )
    return _moved(smooth, white, high)


def _moved(smooth: np.ndarray, white: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    kept = (smooth**2).sum(axis=0)
    factor = np.sqrt(1 + np.divide(share * white**2, kept, out=np.zeros_like(kept), where=kept > 0))
    return smooth * factor, white * np.where(kept > 0, np.sqrt(1 - share), 1.0)


def _linked(smooth: np.ndarray, white: np.ndarray, some: np.ndarray) -> float:
    """Return the mean correlation between some quarters."""
    part = smooth[:, some]
    shared = part.T @ part
    size = np.sqrt(np.diag(shared) + white[some] ** 2)
    matrix = shared / np.outer(size, size)
    return float(matrix[np.triu_indices(len(some), 1)].mean())


def covariance(ahead: np.ndarray, noise: Noise) -> np.ndarray:
    """Return the covariance of the noise at some quarters ahead; 0 ahead is known."""
    spread, persistence, level, drift = noise
    k = np.asarray(ahead)
    near, far = np.minimum.outer(k, k), np.maximum.outer(k, k)
    moving = spread**2 * (persistence ** (far - near) - persistence ** (far + near))
    found: np.ndarray = moving + (near > 0) * level**2 + (drift / 4) ** 2 * np.outer(k, k)
    return found


def deviation(ahead: np.ndarray, noise: Noise) -> np.ndarray:
    """Return the standard deviation of quarters ahead, before it is widened."""
    spread, persistence, level, drift = noise
    k = np.asarray(ahead, dtype=float)
    moving = spread**2 * (1 - persistence ** (2 * k))
    return np.sqrt(moving + (k > 0) * level**2 + (drift / 4) ** 2 * k**2)


@functools.lru_cache(maxsize=4096)
def yearly_deviation(year: int, noise: Noise) -> float:
    """Return the same of the mean of the four quarters of the 1st, 2nd, … year ahead."""
    return float(np.sqrt(covariance(np.arange(4 * year - 3, 4 * year + 1), noise).mean()))


def shift(ahead: np.ndarray, noise: Noise, widths: Widths) -> np.ndarray:
    """Return the variance of the level that shifts, so that quarters and years are wide enough."""
    first = widths.quarters[0] ** 2
    found = (widen(ahead, widths.quarters) ** 2 - first) * deviation(ahead, noise) ** 2
    if widths.years:
        years = -(-ahead // 4)
        each = np.array([yearly_deviation(int(y), noise) if y else 0.0 for y in years])
        found = np.maximum(found, (widen(years, widths.years) ** 2 - first) * each**2)
    return np.maximum.accumulate(np.maximum(found, 0))


def widen(ahead: np.ndarray, factors: tuple[float, ...]) -> np.ndarray:
    """Return the factor at some steps ahead; beyond the last known its square grows with time."""
    last = len(factors)
    known = np.array(factors)[np.clip(ahead, 1, last) - 1]
    factor: np.ndarray = known * np.sqrt(np.maximum(np.asarray(ahead) / last, 1.0))
    return factor


def split(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split a covariance into `MODES` smooth components and what they leave on the diagonal."""
    count = len(covariance)
    values, vectors = np.linalg.eigh(covariance)
    kept = min(MODES, count)
    top = vectors[:, ::-1][:, :kept] * np.sqrt(np.maximum(values[::-1][:kept], 0))
    top *= np.where(top.sum(axis=0) < 0, -1, 1)  # the sign of an eigenvector is the library's whim
    smooth = np.zeros((MODES, count))
    smooth[:kept] = top.T
    rest = np.maximum(np.diag(covariance) - (smooth**2).sum(axis=0), 0)
    return smooth, np.sqrt(rest)


def _three(stated: Any) -> tuple[float, float, float]:
    values = list(stated) if isinstance(stated, (list, tuple)) else [stated]
    return (values[0], values[len(values) // 2], values[-1])


def _quarters(years: Any) -> np.ndarray:
    found: np.ndarray = np.maximum(np.asarray(years, dtype=float) * 4, 0.25)
    return found.astype(np.float32)


def _table(stated: Any, scale: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Return a table of quantiles from one number or P10, P50, P90; straight lines between."""
    low, middle, high = _three(stated)
    if low == high:
        return scale(np.array([middle]))
    at = (np.arange(TABLE) + 0.5) / TABLE
    ends = [low - (middle - low) / 4, low, middle, high, high + (high - middle) / 4]
    return scale(np.interp(at, [0, 0.1, 0.5, 0.9, 1], ends))


def _sampled(values: np.ndarray) -> np.ndarray:
    ordered = np.sort(np.asarray(values, dtype=np.float32))
    at = np.minimum((np.arange(TABLE) + 0.5) / TABLE * len(ordered), len(ordered) - 1)
    table: np.ndarray = ordered[at.astype(int)]
    return table


def _waiting(hazard: float, begin: float) -> np.ndarray:
    """Return quantiles of an exponential waiting time in quarters."""
    if hazard <= 0:
        return np.array([NEVER], dtype=np.float32)
    at = (np.arange(TABLE) + 0.5) / TABLE
    return (begin - np.log1p(-at) / hazard).astype(np.float32)


def _ending(route: str, mine: Params, shared: Learned, parts: Parts) -> dict[str, Any]:
    """Return dated end, share kept and probability: of the scenario, else of the contract."""
    span = shared.span
    if "end" in mine:
        low, _, high = _three(mine["end"])
        ends = float(span.at(low)), float(span.at(high))
        return {"end": ends, "keep": _kept(mine, parts), "lapse": 1.0}
    lapse = float(mine.get("lapse", scenarios.rule(shared.tree, "lapse")))
    at = contract_end(shared.tables, route, 4 * float(np.mean(parts["base"])))
    at = float(span.at(at)) if lapse > 0 else float("inf")
    return {"end": (at, at), "keep": 0.0, "lapse": lapse}


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


def _kept(mine: Params, parts: Parts) -> float:
    """Return the share that flows on after a dated end."""
    if "keep" in mine:
        return min(float(mine["keep"]), 1.0)
    if "after" not in mine:
        return 0.0
    yearly = 4 * float(np.mean(parts["base"] + parts["added"]))
    return min(float(mine["after"]) / yearly, 1.0) if yearly > 0 else 0.0


def _loads(tree: scenarios.Tree, market: str) -> np.ndarray:
    """Return the loadings on the drivers; together they explain at most 0.9 of the noise."""
    loads = np.array([tree["drivers"][name]["loading"].get(market, 0.0) for name in DRIVERS])
    length = max(float(np.sqrt((loads**2).sum())), 1e-12)
    held: np.ndarray = loads * min(1.0, np.sqrt(0.9) / length)
    return held


def _single(raw: RouteSpec) -> RouteSpec:
    """Return the arrays in single precision, which is what the engine works in."""
    names = ("base", "added", "noise", "white", "cap", "start", "ramp", "loads")
    narrow = {name: np.ascontiguousarray(getattr(raw, name), dtype=np.float32) for name in names}
    return RouteSpec(**{**raw.__dict__, **narrow})


def _with_known(raw: RouteSpec, past: History, span: Grid) -> RouteSpec:
    """Put known quarters in as they are: no noise, nothing added, and no hazard before the first unknown."""
    at = past.quarters - span.first
    inside = (at >= 0) & (at < span.count)
    if not inside.any():
        return raw
    base, added, noise = raw.base.copy(), raw.added.copy(), raw.noise.copy()
    white, cap = raw.white.copy(), raw.cap.copy()
    where = at[inside]
    base[where], added[where], white[where], noise[:, where] = past.flows[inside], 0, 0, 0
    cap[where] = np.maximum(cap[where], base[where])
    changed = {"base": base, "added": added, "noise": noise, "white": white, "cap": cap,
               "since": float(where.max() + 1)}  # fmt: skip
    return RouteSpec(**{**raw.__dict__, **changed})


def known_cells(cube: xr.Dataset, routes: list[str], span: Grid) -> np.ndarray:
    """Return which cells (route, quarter) of the grid hold a known figure."""
    found = np.zeros((len(routes), span.count), dtype=bool)
    for r, route in enumerate(routes):
        at = history(cube, route).quarters - span.first
        found[r, at[(at >= 0) & (at < span.count)]] = True
    return found


def unknown_yet(route: str, mine: Params, shared: Learned) -> str:
    """Return why a route cannot be projected from what is known, or an empty text.

    Early as-of dates know no contract of some routes, or no flow yet; that is no fault.
    """
    if route not in shared.past:
        return "not in the cube"
    past = shared.past[route]
    recent = past.flows[-STALE:]
    if mine["model"] == "open" and not (len(recent) and recent.max() > 0):
        return "no flow known"
    firm, plateau, _ = schedule(shared.tables, route)
    if mine["model"] == "contract" and not firm and np.isnan(plateau):
        return "no contract known"
    if mine["model"] == "proposed" and "plateau" not in mine and np.isnan(plateau):
        rows = facts.at(shared.tables["route-facts"], route, "capacity")
        return "" if len(rows) or "capacity" in mine else "neither contract nor capacity known"
    return ""
