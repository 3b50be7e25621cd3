"""One `RouteSpec` of plain arrays a route: what the engine (`simulate`) draws from.

A route flows by its contract, by its level, after a halt, or once it is built; `spec` lays that out
by quarter. What is learned comes from `learned`, ceilings from `ceilings`, noise from `noise`;
nothing random happens here. Volumes are bcm a quarter at 20 °C. The names of those modules are
kept here too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from energy import facts
from energy.errors import DataError, EnergyError, MissingExtra
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.tables import Route
from energy.projection import scenarios
from energy.projection.ceilings import GUESSED, ceiling, field_limit, nameplate, overload
from energy.projection.horizon import (
    COVERED,
    SILENT,
    Grid,
    History,
    annual,
    grid,
    history,
    known_cells,
)
from energy.projection.learned import (
    SAYS,
    Learned,
    Level,
    Params,
    Parts,
    Tables,
    contract_end,
    contracted,
    delivery,
    filling,
    hazards,
    learn,
    market_of,
    open_level,
    open_noise,
    open_path,
    schedule,
    stop_of,
)
from energy.projection.noise import (
    MODES,
    Noise,
    Widths,
    covariance,
    deviation,
    modes,
    shift,
    split,
    together,
    widen,
    yearly_deviation,
)
from energy.projection.quantiles import NEVER, TABLE, quarters, sampled, table, three, waiting

__all__ = [
    "COVERED",
    "DRIVERS",
    "EXTRA",
    "GUESSED",
    "MODES",
    "NEVER",
    "SAYS",
    "SILENT",
    "STALE",
    "TABLE",
    "Grid",
    "History",
    "Learned",
    "Level",
    "Noise",
    "Params",
    "Parts",
    "RouteSpec",
    "Tables",
    "Untimed",
    "Widths",
    "annual",
    "contract_end",
    "contract_parts",
    "contracted",
    "covariance",
    "delivery",
    "deviation",
    "field_limit",
    "grid",
    "hazards",
    "history",
    "known_cells",
    "learn",
    "market_of",
    "modelled",
    "modes",
    "nameplate",
    "open_level",
    "open_noise",
    "open_path",
    "overload",
    "schedule",
    "shift",
    "spec",
    "split",
    "stop_of",
    "together",
    "unknown_yet",
    "widen",
    "yearly_deviation",
]

DRIVERS = ("demand", "oil", "policy")
STALE = 8
"""Quarters that count as recent."""


class Untimed(EnergyError):
    """A proposed route of which nothing is known that could time it."""


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


TO_COME = ("proposed", "construction", "shelved", "cancelled")
"""Standings of a line that has not flowed yet."""


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
        name: _sized(tables, cube, name, _standing(tables, cube, name, dict(row), day), day)
        for name, row in tree["route"].items()
        if "same_as" not in row
    }
    rated = set(tables["route-facts"].query("attribute == 'capacity'")["route"])
    for row in rows_of(tables["routes"][tables["routes"]["role"] == "export"], Route):
        if row.route in found:
            continue
        if _recent(cube, row.route).max(initial=0) > 0 and not _stopped(tables, row.route, day):
            found[row.route] = {"model": "open"}
        elif row.status in ("proposed", "construction") and row.route in rated:
            found[row.route] = {"model": "proposed"}
    return found


def not_projected(tables: Tables, projected: Collection[str]) -> dict[str, str]:
    """Return why each route to come is not among those projected, the missing fact by name.

    Parameters
    ----------
    tables : Tables
        Of the facts.
    projected : collection of str
        The routes that are.

    Examples
    --------
    >>> from energy import facts
    >>> not_projected(facts.load(), [])["altai"]
    'is shelved; lines proposed or under construction are projected'
    """
    rated = set(tables["route-facts"].query("attribute == 'capacity'")["route"])
    found = {}
    for row in rows_of(tables["routes"], Route):
        if row.route in projected or row.status not in TO_COME:
            continue
        if row.status not in ("proposed", "construction"):
            why = f"is {row.status}; lines proposed or under construction are projected"
        elif row.role != "export":
            why = f"is a line of the role {row.role!r}; the exports it serves are projected"
        elif row.route not in rated:
            why = "has no capacity; add a row with the attribute 'capacity' to route_facts.csv"
        else:
            why = "was not asked for"
        found[row.route] = why
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


def _sized(tables: Tables, cube: xr.Dataset, route: str, row: Params, day: dt.date) -> Params:
    """Return a line of whose flow nothing is known yet as one to come, at the size agreed for it.

    To leave it out would say that nothing will flow. The size of a project is shared evenly by the
    routes it stands for; where flow is known, what was seen says more.
    """
    if row["model"] != "open" or len(_recent(cube, route)) or _stopped(tables, route, day):
        return row
    if "timing-projects" not in tables:
        return row
    stands, sizes = tables["timing-projects"], tables["reference-projects"]
    named = set(stands.loc[stands["route"] == route, "project"])
    sizes = sizes[sizes["project"].isin(named) & (sizes["metric"] == "capacity_bcm")]
    if sizes.empty:
        return row
    size = sizes.sort_values("published", kind="stable").iloc[-1]
    strings = int((stands["project"] == size["project"]).sum())
    return row | {"model": "proposed", "capacity": float(size["value"]) / strings}


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
    parts["cap"] = ceiling(route, mine, shared, parts)
    market = market_of(shared.tables, route, span.as_of)
    restart = float(mine.get("restart", shared.hazards["restart"]["all"])) / 4
    halt = shared.hazards["halt"].get(market, shared.hazards["prior"]["halt"])
    raw = RouteSpec(
        **parts, halt=float(mine.get("halt", halt)) / 4, restart=restart, since=0.0,
        loads=_loads(shared.tree, market), market=market, **_ending(route, mine, shared, parts),
    )  # fmt: skip
    return _with_known(_single(raw), past, span)


def _contract(route: str, mine: Params, shared: Learned, past: History) -> Parts:
    """Schedule times learned delivery; a later plateau is a step with a slip of its own."""
    parts = contract_parts(route, mine, shared)
    behind = _behind(past, shared.span)
    noise, white = modes(shared.span.count, shared.delivery_noise, behind, shared.width("contract"))
    pace = contract_pace(parts, shared, shared.span.first - 1 - behind)
    if pace.any():  # one path is early or late as a whole
        noise, white = split(noise.T @ noise + np.diag(white**2) + np.outer(pace, pace))
    return {**parts, "noise": noise, "white": white}


def contract_pace(parts: Parts, shared: Learned, last: int) -> np.ndarray:
    """Return how far a contract that still fills may be off its steps; see `learned.filling`."""
    span = shared.span
    numbers = np.arange(span.first, span.first + span.count)
    return filling(parts["base"] / span.share, numbers, last, shared.pace)


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
            "start": start, "ramp": table(mine.get("step_ramp", [1, 2, 4]), quarters)}  # fmt: skip


EXTRA = "power-of-siberia-1-plus-6"
"""The project whose timing says when a step of the contract comes (`step_timing`)."""


def _step(mine: Params, shared: Learned, begin: float, dated: bool) -> np.ndarray:
    """Return quantiles of when a later plateau begins: timed, stated, or as the contract says."""
    span = shared.span
    if mine.get("step_timing") and dated and shared.timing is not None:
        found = _reference(EXTRA, shared)
        # eight draws a place of the table smooth it
        return sampled(span.at(found.sample(np.random.default_rng(0), TABLE * 8)))
    return table(mine.get("step_start", begin) if dated else begin, span.at)


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
            "start": table(mine.get("step_start", np.inf), span.at),
            "ramp": table(mine.get("step_ramp", [1, 2, 4]), quarters)}  # fmt: skip


def _behind(past: History, span: Grid) -> int:
    """Return how many quarters before the grid a route was last known; negative if within it."""
    return span.first - 1 - int(past.quarters[-1]) if len(past.quarters) else 0


def _halted(route: str, mine: Params, shared: Learned, past: History) -> Parts:
    """Nothing flows until a restart; then a level that is itself uncertain."""
    span = shared.span
    low, middle, high = three(mine.get("level", 0.0))
    if "first_gas" in mine:
        start = table(mine["first_gas"], span.at)
    else:
        hazard = float(mine.get("restart", shared.hazards["restart"]["all"]))
        begin = span.at(periods.decimal_year(span.as_of + dt.timedelta(days=1)))
        start = waiting(hazard / 4, max(float(begin), 0.0))
    # P90 of a normal lies 1.2816 deviations up; 1e-9 keeps a level of 0 from dividing
    spread = (high - low) / 2 / 1.2816 / max(middle, 1e-9)
    # a tenth: a quarter of a reopened line, chosen by hand; 0.7 as `persistence` of the rules
    noise, white = modes(span.count, (0.1, 0.7, spread, 0.0))
    return {"base": np.zeros(span.count), "added": middle * span.share, "noise": noise,
            "white": white, "start": start, "ramp": table(1, quarters)}  # fmt: skip


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
    # as `Learned.delivery_noise`; the level of a line not built is known half as well (by hand)
    noise, white = modes(span.count, (spread, 0.7, spread * 2, 0.005), 0, shared.width("contract"))
    return {"base": np.zeros(span.count), "added": plateau * min(mean, 1.0) * span.share, "noise": noise,
            "white": white, "start": start, "ramp": ramp}  # fmt: skip


def _timed(route: str, mine: Params, shared: Learned) -> tuple[np.ndarray, np.ndarray]:
    """Return the tables of first gas and ramp: stated, or sampled from the reference class."""
    span, stated = shared.span, mine.get("first_gas")
    if mine.get("never"):
        return np.array([NEVER], dtype=np.float32), table(1, quarters)
    if stated is not None and ("ramp" in mine or shared.timing is None):
        # years to plateau, as `prior_ramp` of timing_rules.csv
        return table(stated, span.at), table(mine.get("ramp", [2, 4, 6]), quarters)
    if shared.timing is None:
        raise DataError(route, ["no timing is given for a proposed route; state first_gas"])
    found = _reference(route, shared)
    rng = np.random.default_rng(
        0
    )  # a table of quantiles: the draws come from the engine's own seed
    start = sampled(span.at(found.sample(rng, TABLE * 8)))
    ramp = sampled(quarters(found.ramp(rng, TABLE * 8)))  # eight draws a place, as above
    return (start if stated is None else table(stated, span.at)), (
        table(mine["ramp"], quarters) if "ramp" in mine else ramp
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


def _ending(route: str, mine: Params, shared: Learned, parts: Parts) -> dict[str, Any]:
    """Return dated end, share kept and probability: of the scenario, else of the contract."""
    span = shared.span
    if "end" in mine:
        low, _, high = three(mine["end"])
        ends = float(span.at(low)), float(span.at(high))
        return {"end": ends, "keep": _share_after_end(mine, parts), "lapse": 1.0}
    lapse = float(mine.get("lapse", scenarios.rule(shared.tree, "lapse")))
    at = contract_end(shared.tables, route, 4 * float(np.mean(parts["base"])))
    at = float(span.at(at)) if lapse > 0 else float("inf")
    return {"end": (at, at), "keep": 0.0, "lapse": lapse}


def _share_after_end(mine: Params, parts: Parts) -> float:
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
    length = max(float(np.sqrt((loads**2).sum())), 1e-12)  # no loadings must not divide
    # a tenth of the noise at least is a route's own; chosen by hand
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
