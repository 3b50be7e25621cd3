"""The engine: draws in blocks, nothing held whole, the same bytes on any number of workers.

A block of draws is made from a seed of its own (`numpy.random.SeedSequence` by block and route),
turned into flows and counted into fixed bins between nought and capacity; only counts and sums
stay. Counts are integers and sums are added in the order of the blocks, so threads, processes
and a Dask cluster give the same result. What a route may carry comes from `ramp`, prices from
`money`; how to read the outcome as a Dataset is `energy.projection.project`.
"""

from __future__ import annotations

import asyncio
import os
import queue
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.errors import EnergyError, MissingExtra, UsageError
from energy.projection import money as moneys
from energy.projection import ramp
from energy.projection.cells import BINS, EDGE, STRIP, Switches, first_cells, inverse

BLOCK = 4096
"""Draws a block; part of the result's identity, never of the number of workers."""
ALL = "all"
PATIENCE = 5.0
"""Seconds a scheduler has to answer."""
_WORKER_LIMIT = 64  # keeps a typing error from starting thousands; chosen by hand

Switch = Callable[..., Switches]
Draw = Callable[..., np.ndarray]
Count = Callable[..., np.ndarray]

Shared = tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]
"""What the routes of a block share: drivers (G, K, n), frailty (n,), price paths by market (P, n)."""


@dataclass(frozen=True)
class Plan:
    """What is drawn.

    Attributes
    ----------
    routes : tuple of str
    variants : tuple of tuple of RouteSpec
        For each route the specs that any scenario gives it.
    exports : tuple of bool
        Which routes enter the sums.
    years : tuple of int
        For each whole calendar year, its first quarter in the grid.
    count : int
        Quarters.
    money : MoneySpec or None
    bounds : ndarray (Q, count + years)
        Upper end of the bins of every row of `rows`.
    frailty : float
    """

    routes: tuple[str, ...]
    variants: tuple[tuple[ramp.RouteSpec, ...], ...]
    exports: tuple[bool, ...]
    years: tuple[int, ...]
    count: int
    money: moneys.MoneySpec | None
    bounds: np.ndarray
    frailty: float


@dataclass(frozen=True)
class Case:
    """One scenario: its leaves with cumulated probability, the variant of each route, price levels.

    Attributes
    ----------
    cumulated : (leaves,)
    variant : (leaves, routes) int
    means : (leaves, 2)
        Log of long-run Brent and TTF.
    """

    cumulated: np.ndarray
    variant: np.ndarray
    means: np.ndarray


@dataclass
class Tally:
    """Counts by bin (Q, count + years, BINS), sums, and the number of draws."""

    counts: np.ndarray
    sums: np.ndarray
    draws: int

    @property
    def mean(self) -> np.ndarray:
        """Return the exact mean of each row."""
        return self.sums / self.draws

    def quantile(self, levels: Sequence[float], plan: Plan) -> np.ndarray:
        """Return quantiles (levels, Q, cells), linear inside a bin, so right to one bin.

        Bins are even for flows; for sums and money they are even in the square root. A quantile
        in the first bin is 0: nothing flows, to a thousandth of capacity.
        """
        power = [1 if kind == "flow" else 2 for kind, _ in rows(plan)]
        ranks = np.array(levels) * (self.draws - 1)
        found = np.empty((len(levels), *plan.bounds.shape))
        for q, counts in enumerate(self.counts):  # a row at a time stays in the cache
            found[:, q] = _places(counts, ranks) ** power[q] * plan.bounds[q]
        return found

    def while_flowing(self, levels: Sequence[float], plan: Plan, least: float) -> np.ndarray:
        """Return quantiles (levels, Q, cells) over those draws alone in which gas flows.

        NaN for sums over routes, and where gas flows in less than the share `least` of the draws.
        """
        found = np.full((len(levels), *plan.bounds.shape), np.nan)
        for q, (kind, _) in enumerate(rows(plan)):
            if kind not in ("flow", "revenue"):
                continue
            counts = self.counts[q].copy()
            counts[:, 0] = 0
            known = counts.sum(axis=-1)
            ranks = np.array(levels)[:, None] * (known - 1)
            values = _places(counts, ranks) ** (1 if kind == "flow" else 2) * plan.bounds[q]
            found[:, q] = np.where(known >= max(1, least * self.draws), values, np.nan)
        return found


def _places(counts: np.ndarray, ranks: np.ndarray) -> np.ndarray:
    """Return where in 0 to 1 the ranks fall (ranks, cells), by counts (cells, BINS).

    A rank is one number, or one for each cell.
    """
    total, every = counts.cumsum(axis=-1), np.arange(len(counts))
    found = np.empty((len(ranks), len(counts)))
    for place, rank in zip(found, ranks, strict=True):
        at = (total > np.reshape(rank, (-1, 1))).argmax(axis=-1)
        inside = counts[every, at]
        # a draw stands in the middle of its share of the bin
        part = (rank - (total[every, at] - inside) + 0.5) / np.maximum(inside, 1)
        place[:] = np.where(at == 0, 0.0, (at + np.clip(part, 0, 1)) / BINS)
    return found


def rows(plan: Plan) -> list[tuple[str, str]]:
    """Return what each row of a tally holds: ``(kind, route or market)``."""
    markets = _markets(plan)
    found = [("flow", route) for route in plan.routes]
    found += [("exports", market) for market in (ALL, *markets)]
    if plan.money is not None:
        priced = _priced(plan)
        found += [("revenue", plan.routes[r]) for r in priced]
        sold = {plan.variants[r][0].market for r in priced}
        found += [("market_revenue", market) for market in (ALL, *sorted(sold))]
        if plan.money.rate is not None:
            found.append(("revenue_rub", ALL))
    return found


def _markets(plan: Plan) -> list[str]:
    return sorted({specs[0].market for specs, counts in zip(plan.variants, plan.exports, strict=True)
                   if counts and specs[0].market})  # fmt: skip


def _priced(plan: Plan) -> list[int]:
    known = {market for market, _ in plan.money.markets} if plan.money is not None else set()
    return [
        r for r, specs in enumerate(plan.variants) if plan.exports[r] and specs[0].market in known
    ]


def plan_of(
    routes: Sequence[str], variants: Sequence[Sequence[ramp.RouteSpec]], exports: Sequence[bool],
    # as `frailty` of the rules
    years: Sequence[int] = (), money: moneys.MoneySpec | None = None, frailty: float = 0.7,
) -> Plan:  # fmt: skip
    """Return a plan with the upper ends of its bins.

    Raises
    ------
    EnergyError
        If a ceiling is negative or missing.
    """
    for route, specs in zip(routes, variants, strict=True):
        lowest = min(float(spec.cap.min()) for spec in specs)
        if not lowest >= 0:
            raise EnergyError(f"Route {route!r} has capacity {lowest}; it must be zero or more: "
                              "correct route_facts.csv or the scenario.")  # fmt: skip
    count = len(variants[0][0].cap)
    bare = Plan(tuple(routes), tuple(tuple(s) for s in variants), tuple(exports), tuple(years),
                count, money, np.zeros((0, 0)), frailty)  # fmt: skip
    return Plan(**{**bare.__dict__, "bounds": _bounds(bare)})


def _bounds(plan: Plan) -> np.ndarray:
    """Return the upper end of every row's bins: ceilings, their sums, and these times a price."""
    caps = np.array([_with_years(np.max([s.cap for s in specs], axis=0), plan.years)
                     for specs in plan.variants], dtype=np.float32)  # fmt: skip
    top, rate = _price_ceilings(plan)
    ceiling = np.array([top.get(specs[0].market, 0.0) for specs in plan.variants], dtype=np.float32)
    found = []
    for kind, name in rows(plan):
        alone = kind in ("flow", "revenue")
        members = [plan.routes.index(name)] if alone else list(_members(plan, name))
        weights = np.ones(len(members)) if kind in ("flow", "exports") else ceiling[members]
        scale = rate / 1000 if kind == "revenue_rub" else 1.0
        found.append(scale * (caps[members] * weights[:, None]).sum(axis=0))
    return np.array(found, dtype=np.float32)


def _members(plan: Plan, market: str) -> Iterator[int]:
    for r, specs in enumerate(plan.variants):
        if plan.exports[r] and market in (ALL, specs[0].market):
            yield r


def _with_years(cells: np.ndarray, years: Sequence[int]) -> np.ndarray:
    return np.concatenate([cells, [cells[y : y + 4].sum() for y in years]])


def _price_ceilings(plan: Plan) -> tuple[dict[str, float], float]:
    """Return a price of each market that one path in a thousand passes somewhere, from a pilot."""
    if plan.money is None:
        return {}, 1.0
    rng = np.random.Generator(np.random.SFC64(0))
    noise = moneys.draw(plan.money, rng, rng.standard_normal((ramp.MODES, BLOCK), dtype=np.float32))
    # dear oil (USD/bbl) and gas (USD/MMBtu): it only sets the bins; chosen by hand
    means = np.tile(np.log(np.array([[100.0], [13.0]], dtype=np.float32)), BLOCK)
    paths, rate = moneys.price(plan.money, noise, means)
    # one path in a thousand passes the top; chosen by hand
    top = {market: float(np.quantile(found.max(axis=0), 0.999)) for market, found in paths.items()}
    # likewise
    return top, 1.0 if rate is None else float(np.quantile(rate.max(axis=0), 0.999))


# ---- one block ---------------------------------------------------------------------------------


def switches(spec: ramp.RouteSpec, uniform: np.ndarray, frailty: np.ndarray) -> Switches:
    """Turn five uniform numbers a draw into dates.

    Parameters
    ----------
    spec : RouteSpec
    uniform : (5, n)
        For start, ramp, halt, dated end, restart.
    frailty : (n,)
        Factor on the hazard of a halt that all routes of the draw share.
    """
    start = _pick(spec.start, uniform[0])
    origin = (
        np.float32(spec.since) if spec.base.any() else np.maximum(start, np.float32(spec.since))
    )
    # 1e-12 and 1e-6: no hazard and no lapse are 0 and must not divide
    halt = origin - np.log(1 - uniform[2]) / (np.float32(max(spec.halt, 1e-12)) * frailty)
    end = _between(spec.end, uniform[3] / np.float32(max(spec.lapse, 1e-6)))  # likewise
    end = np.where(uniform[3] < np.float32(spec.lapse), end, np.float32(np.inf))
    # likewise
    back = halt - np.log(1 - uniform[4]) / np.float32(max(spec.restart, 1e-12))
    cut, inside = halt < end, back < end
    kept = np.where(cut & inside, np.float32(1), np.float32(spec.keep))
    last = np.where(cut, np.where(inside, end, np.float32(np.inf)), halt)
    pace = 1 / _pick(spec.ramp, uniform[1])
    first, second = np.where(cut, halt, end), np.where(cut, back, end)
    return Switches(start, pace, first, second, last, kept)


def _pick(table: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    return table[(uniform * np.float32(len(table) * (1 - 2.0**-20))).astype(np.intp)]


def _between(ends: tuple[float, float], uniform: np.ndarray) -> np.ndarray:
    low, high = ends
    if not np.isfinite(low) or low == high:
        return np.full(uniform.shape, low, dtype=np.float32)
    return np.float32(low) + np.float32(high - low) * uniform


def fill(spec: ramp.RouteSpec, modes: np.ndarray, jitter: np.ndarray, at: Switches, out: np.ndarray,
         spare: np.ndarray) -> None:  # fmt: skip
    """Write the flows of one route, bcm a quarter, into `out` (P, n).

    Parameters
    ----------
    modes : (K, n), jitter : (P + n,)
        Standard normal numbers.
    spare : (STRIP, n)
        Room to work in: a strip of quarters at a time, so that it stays in the cache.
    """
    plain = not spec.added.any()
    scale = spec.base if plain else np.ones_like(spec.base)
    noise, white = spec.noise * scale, spec.white * scale
    for begin in range(0, len(out), STRIP):
        strip = slice(begin, begin + STRIP)
        cells = out[strip]
        scratch, quarters = (
            spare[: len(cells)],
            np.arange(begin, begin + len(cells), dtype=np.float32)[:, None],
        )
        np.einsum("kp,kn->pn", noise[:, strip], modes, out=cells)
        np.multiply(white[strip, None], moneys.slide(jitter[begin:], *cells.shape), out=scratch)
        cells += scratch
        cells += scale[strip, None]
        if not plain:
            _climb(spec, strip, at, quarters, cells, scratch)
        if at.first.min() <= quarters[-1, 0]:  # before the first draw is cut, nothing is
            _interrupt(at, quarters, cells, scratch)
        np.maximum(cells, 0, out=cells)
        np.minimum(cells, spec.cap[strip, None], out=cells)


def _climb(spec: ramp.RouteSpec, strip: slice, at: Switches, quarters: np.ndarray, cells: np.ndarray,
           scratch: np.ndarray) -> None:  # fmt: skip
    """Multiply the noise by what exists and what is added so far."""
    np.subtract(quarters + np.float32(0.5), at.start, out=scratch)  # a quarter's middle
    _unit(np.multiply(scratch, at.pace, out=scratch))
    np.multiply(scratch, spec.added[strip, None], out=scratch)
    scratch += spec.base[strip, None]
    cells *= scratch


def _unit(values: np.ndarray) -> np.ndarray:
    """Hold values between 0 and 1, in place; two calls are twice as fast as `numpy.clip`."""
    np.maximum(values, 0, out=values)
    held: np.ndarray = np.minimum(values, 1, out=values)
    return held


def _interrupt(at: Switches, quarters: np.ndarray, out: np.ndarray, spare: np.ndarray) -> None:
    """Multiply by the share of each quarter that flows."""
    again = (at.second < quarters[-1, 0] + 1) & (at.kept > 0)
    # picking pays where few draws are cut; a quarter is chosen by hand, the result is the same
    some = slice(None) if again.mean() > 0.25 else np.flatnonzero(again)
    _unit(np.subtract(at.first, quarters, out=spare))
    if again.any():
        part = _unit(quarters + 1 - at.second[some])
        part *= at.kept[some]
        if at.last[some].min() < quarters[-1, 0] + 1:
            part *= _unit(at.last[some] - quarters)
        spare[:, some] += part
    out *= spare


def draw(
    spec: ramp.RouteSpec, modes: np.ndarray, jitter: np.ndarray, at: Switches, out: np.ndarray,
    spare: np.ndarray, bounds: np.ndarray, counts: np.ndarray, index: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Write the flows of one route, count them and return their sums (P,): `fill`, `count_bins`."""
    fill(spec, modes, jitter, at, out, spare)
    return count_bins(out, bounds, counts, index)


def count_bins(
    cells: np.ndarray, bounds: np.ndarray, counts: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """Add the cells (P, n) to the counts (P, BINS) of their bins and return their sums (P,).

    What is above falls in the last bin.
    """
    scale = EDGE * inverse(bounds)
    steps = np.arange(0, STRIP * BINS, BINS)[:, None]
    for begin in range(0, len(cells), STRIP):
        strip = cells[begin : begin + STRIP]
        scratch = first_cells(index, *strip.shape)
        np.multiply(strip, scale[begin : begin + STRIP, None], out=scratch, casting="unsafe")
        scratch += steps[: len(strip)]
        found = np.bincount(scratch.ravel(), minlength=len(strip) * BINS)
        counts[begin : begin + STRIP] += found.reshape(len(strip), BINS)
    sums: np.ndarray = cells.sum(axis=1)
    return sums


def kernels(engine: str) -> tuple[Switch, Draw, Count]:
    """Return the three inner functions of an engine, ``"numpy"`` or ``"numba"``.

    Raises
    ------
    EnergyError
        For another name.
    MissingExtra
        If numba is asked for and not installed.
    """
    if engine == "numpy":
        return switches, draw, count_bins
    if engine != "numba":
        raise EnergyError(f"Engine {engine!r} is unknown; use 'numpy' or 'numba'.")
    try:
        from energy.projection import fast
    except ImportError as error:
        raise MissingExtra(
            "Engine 'numba' needs numba; install the extra: pip install 'energy-trade-tracker[fast]'."
        ) from error
    return fast.switches, fast.draw, fast.count_bins


class Bench:
    """Room for one worker: arrays that are used again for every block."""

    def __init__(self, plan: Plan, engine: str):
        self.plan, self.rows = plan, {row: i for i, row in enumerate(rows(plan))}
        cells = plan.count + len(plan.years)
        self.switches, self.draw, self.count = kernels(engine)
        self.counts = np.zeros((len(self.rows), cells, BINS), dtype=np.int64)
        self.flow, self.value = (np.empty(cells * BLOCK, dtype=np.float32) for _ in range(2))
        self.spare = np.empty(STRIP * BLOCK, dtype=np.float32)
        self.index = np.empty(STRIP * BLOCK, dtype=np.intp)
        self.years: np.ndarray | None = None  # (rows, years, n): takes the sums by year, if asked
        self.volume, self.worth = (
            {
                name: np.empty(cells * BLOCK, dtype=np.float32)
                for what, name in self.rows
                if what == kind
            }
            for kind in ("exports", "market_revenue")
        )


def run_block(bench: Bench, case: Case, seed: int, block: int, size: int,
              keep: np.ndarray | None = None) -> np.ndarray:  # fmt: skip
    """Draw one block, count it into the bench and return its sums (Q, cells).

    Parameters
    ----------
    keep : (routes, P, size), optional
        Takes the raw flows.
    """
    plan = bench.plan
    drivers, uniform, noise = common(plan, seed, block, size)
    leaf = np.searchsorted(case.cumulated, (np.arange(size) + uniform) / size, side="right")
    leaf = np.minimum(leaf, len(case.cumulated) - 1)
    paths: dict[str, np.ndarray] = {}
    rate = None
    if plan.money is not None and noise is not None:
        paths, rate = moneys.price(plan.money, noise, case.means[leaf].T)
    frail = np.exp(np.float32(plan.frailty) * drivers[2, 0] - np.float32(plan.frailty**2 / 2))
    for array in (*bench.volume.values(), *bench.worth.values()):
        array[:] = 0
    sums = np.zeros(bench.counts.shape[:2])
    for r in range(len(plan.routes)):
        for which, spec in _groups(plan, case, leaf, r):
            _route(bench, r, spec, which, (drivers, frail, paths), (seed, block, size), sums, keep)
    _totals(bench, rate, size, sums)
    return sums


def generator(seed: int, block: int, name: str) -> np.random.Generator:
    """Return the generator of a route in a block, whatever other routes there are.

    >>> first = generator(1, 0, "turkstream-1").random()
    >>> first == generator(1, 0, "turkstream-1").random()
    True
    """
    key = np.random.SeedSequence(seed, spawn_key=(block, zlib.crc32(name.encode())))
    return np.random.Generator(np.random.SFC64(key))


def common(
    plan: Plan, seed: int, block: int, size: int
) -> tuple[np.ndarray, float, moneys.Noise | None]:
    """Draw what the routes share: drivers (G, K, n), where the leaves are cut, price noise."""
    rng = generator(seed, block, "")
    drivers = rng.standard_normal((len(ramp.DRIVERS), ramp.MODES, size), dtype=np.float32)
    uniform = float(rng.random())
    return drivers, uniform, moneys.draw(plan.money, rng, drivers[1]) if plan.money else None


def _groups(
    plan: Plan, case: Case, leaf: np.ndarray, r: int
) -> Iterator[tuple[Any, ramp.RouteSpec]]:
    """Yield the draws of each variant of a route: all of them, or their places."""
    used = np.unique(case.variant[:, r])
    if len(used) == 1:
        yield slice(0, len(leaf)), plan.variants[r][used[0]]
        return
    chosen = case.variant[leaf, r]
    for variant in used:
        which = np.flatnonzero(chosen == variant)
        if len(which):
            yield which, plan.variants[r][variant]


def _route(
    bench: Bench, r: int, spec: ramp.RouteSpec, which: Any, shared: Shared, where: tuple[int, int, int],
    sums: np.ndarray, keep: np.ndarray | None,
) -> None:  # fmt: skip
    """Draw one route for some draws of a block; count it, and add it to the sums over routes."""
    plan, (drivers, frail, paths), (seed, block, size) = bench.plan, shared, where
    rng = generator(seed, block, plan.routes[r])
    modes = rng.standard_normal((ramp.MODES, size), dtype=np.float32)
    jitter = rng.standard_normal(plan.count + size, dtype=np.float32)
    # start, ramp, halt, end and restart
    uniform = rng.random((5, size), dtype=np.float32)
    modes *= np.float32(np.sqrt(1 - (spec.loads**2).sum()))
    modes += np.einsum("g,gkn->kn", spec.loads, drivers)
    at = bench.switches(spec, uniform[:, which], frail[which])
    n = len(at.start)
    cells = plan.count + len(plan.years)
    flow = first_cells(bench.flow, cells, n)
    spare = first_cells(bench.spare, STRIP, n)
    q, whole = bench.rows["flow", plan.routes[r]], slice(plan.count)
    sums[q, whole] += bench.draw(
        spec, modes[:, which], jitter[: plan.count + n], at, flow[whole], spare,
        plan.bounds[q, whole], bench.counts[q, whole], bench.index)  # fmt: skip
    if keep is not None:
        keep[r][:, which] = flow[whole]
    _years(plan, flow)
    _keep_years(bench, ("flow", plan.routes[r]), which, flow)
    if plan.years:
        _count(bench, ("flow", plan.routes[r]), flow, sums, plan.count)
    if not plan.exports[r]:
        return
    _add_to_market(bench.volume, spec.market, which, flow, size)
    if spec.market in paths:
        value = first_cells(bench.value, cells, n)
        np.multiply(flow[: plan.count], paths[spec.market][:, which], out=value[: plan.count])
        _years(plan, value)
        _add_to_market(bench.worth, spec.market, which, value, size)
        _keep_years(bench, ("revenue", plan.routes[r]), which, value)
        _count(bench, ("revenue", plan.routes[r]), value, sums)


def _years(plan: Plan, cells: np.ndarray) -> None:
    for y, begin in enumerate(plan.years):
        np.sum(cells[begin : begin + 4], axis=0, out=cells[plan.count + y])


def _keep_years(bench: Bench, row: tuple[str, str], which: Any, cells: np.ndarray) -> None:
    """Keep the sums by year as drawn, before `_count` works in their place."""
    if bench.years is not None:
        bench.years[bench.rows[row]][:, which] = cells[bench.plan.count :]


def _add_to_market(
    arrays: dict[str, np.ndarray], market: str, which: Any, cells: np.ndarray, size: int
) -> None:
    """Add to the sum of a market; the sum of all is made of these at the end."""
    into = first_cells(arrays[market if market in arrays else ALL], len(cells), size)
    into[:, which] += cells


def _count(
    bench: Bench, row: tuple[str, str], cells: np.ndarray, sums: np.ndarray, begin: int = 0
) -> None:
    """Count the cells of a row from `begin` on, and add their sums."""
    q, cells = bench.rows[row], cells[begin:]
    sums, bounds, counts = sums[q, begin:], bench.plan.bounds[q, begin:], bench.counts[q, begin:]
    if row[0] != "flow":  # sums and money reach far above what is usual: finer bins below
        sums += cells.sum(axis=1)
        np.multiply(cells, inverse(bounds)[:, None], out=cells)
        np.sqrt(np.minimum(cells, 1, out=cells), out=cells)  # a price has no ceiling
        bench.count(cells, np.sign(bounds), counts, bench.index)
    else:
        sums += bench.count(cells, bounds, counts, bench.index)


def _totals(bench: Bench, rate: np.ndarray | None, size: int, sums: np.ndarray) -> None:
    """Count the sums over routes, and all revenue in billion roubles."""
    plan, cells = bench.plan, bench.counts.shape[1]
    for arrays in (bench.volume, bench.worth):
        for name in arrays:
            if name != ALL:
                arrays[ALL] += arrays[name]
    if rate is not None:
        value = first_cells(bench.value, cells, size)
        worth = first_cells(bench.worth[ALL], cells, size)
        np.multiply(worth[: plan.count], rate, out=value[: plan.count])
        value[: plan.count] *= np.float32(1e-3)  # million to billion
        _years(plan, value)
        _keep_years(bench, ("revenue_rub", ALL), slice(None), value)
        _count(bench, ("revenue_rub", ALL), value, sums)
    for kind, arrays in (("exports", bench.volume), ("market_revenue", bench.worth)):
        for name, array in arrays.items():
            whole = first_cells(array, cells, size)
            _keep_years(bench, (kind, name), slice(None), whole)
            _count(bench, (kind, name), whole, sums)


# ---- many blocks -------------------------------------------------------------------------------


def run(
    plan: Plan, case: Case, draws: int, seed: int = 0, *, workers: int | None = None,
    scheduler: str | None = None, engine: str = "numpy",
) -> Tally:  # fmt: skip
    """Draw a scenario and count it.

    Parameters
    ----------
    draws : int
        One or more.
    workers : int, optional
        Threads; default one a core. With a scheduler, of how many workers it should make use.
    scheduler : str, optional
        Address of a Dask cluster, ``tcp://host:port``.
    engine : {"numpy", "numba"}
        The numba kernel is faster and equal within one bin.

    Raises
    ------
    EnergyError
        For no draws, no workers, a seed below zero, or a scheduler that does not answer.
    """
    draws, workers, seed = check_draws(draws), check_workers(workers), check_seed(seed)
    sizes = [min(BLOCK, draws - begin) for begin in range(0, draws, BLOCK)]
    if scheduler is not None:
        return _on_cluster(plan, case, seed, sizes, scheduler, engine)
    return _on_threads(plan, case, seed, list(enumerate(sizes)), workers, engine)


def check_draws(draws: Any) -> int:
    """Return a number of draws, or raise a `UsageError`.

    >>> check_draws(20_000)
    20000
    """
    if isinstance(draws, bool) or not isinstance(draws, (int, np.integer)) or draws < 1:
        raise UsageError(f"draws is {draws!r}; a projection needs a whole number of 1 or more, "
                          "say 20000.")  # fmt: skip
    return int(draws)


def check_seed(seed: Any) -> int:
    """Return a seed, or raise a `UsageError`.

    >>> check_seed(0)
    0
    """
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
        raise UsageError(f"seed is {seed!r}; give a whole number of 0 or more.")
    return int(seed)


def check_workers(workers: int | None) -> int:
    """Return a number of threads, or raise an `EnergyError`.

    >>> check_workers(1)
    1
    """
    if workers is None:
        return max(1, min(os.cpu_count() or 1, _WORKER_LIMIT))
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 1:
        raise EnergyError(f"workers is {workers!r}; give a whole number of 1 or more.")
    return min(workers, _WORKER_LIMIT)


def _on_threads(
    plan: Plan, case: Case, seed: int, blocks: list[tuple[int, int]], workers: int, engine: str
) -> Tally:  # fmt: skip
    """Run blocks on threads; each works in a bench of its own, sums are added in order."""
    workers = min(workers, len(blocks))
    benches = [Bench(plan, engine) for _ in range(workers)]
    free: queue.SimpleQueue[Bench] = queue.SimpleQueue()
    for bench in benches:
        free.put(bench)

    def one(item: tuple[int, int]) -> np.ndarray:
        bench = free.get()
        try:
            return run_block(bench, case, seed, *item)
        finally:
            free.put(bench)

    sums = np.zeros(benches[0].counts.shape[:2])
    if workers == 1:
        for item in blocks:
            sums += one(item)
    else:
        with ThreadPoolExecutor(workers) as pool:
            for part in pool.map(one, blocks):
                sums += part
    counts = benches[0].counts
    for bench in benches[1:]:
        counts += bench.counts
    return Tally(counts, sums, sum(size for _, size in blocks))


def run_range(plan: Plan, case: Case, seed: int, blocks: list[tuple[int, int]], engine: str
              ) -> tuple[np.ndarray, list[np.ndarray]]:  # fmt: skip
    """Run some blocks in one thread; return counts and each block's sums. A cluster's task."""
    bench = Bench(plan, engine)
    sums = [run_block(bench, case, seed, block, size) for block, size in blocks]
    return bench.counts, sums


def _on_cluster(
    plan: Plan, case: Case, seed: int, sizes: list[int], address: str, engine: str
) -> Tally:  # fmt: skip
    """Send ranges of blocks to a Dask cluster; the parts are added in the order of the blocks."""
    client = connect(address)
    try:
        cores = sum(client.ncores().values()) or 1
        blocks = list(enumerate(sizes))
        step = -(-len(blocks) // (cores * 2))
        ranges = [blocks[i : i + step] for i in range(0, len(blocks), step)]
        shared = client.scatter((plan, case), broadcast=True, hash=False)
        tasks = [client.submit(_task, shared, seed, part, engine, pure=False) for part in ranges]
        counts, sums = None, None
        for task in tasks:
            part, each = task.result()
            counts = part if counts is None else counts + part
            for block in each:
                sums = block.copy() if sums is None else sums + block
    finally:
        client.close()
    assert counts is not None and sums is not None
    return Tally(counts, sums, sum(sizes))


def _task(
    shared: tuple[Plan, Case], seed: int, blocks: list[tuple[int, int]], engine: str
) -> tuple[np.ndarray, list[np.ndarray]]:
    return run_range(*shared, seed, blocks, engine)


def connect(address: str, patience: float = PATIENCE) -> Any:
    """Return a client of a Dask scheduler.

    Raises
    ------
    MissingExtra
        Without ``distributed``.
    EnergyError
        If nothing answers, or no worker is there, within `patience` seconds.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingExtra(
            "A scheduler needs Dask; install the extra: pip install 'energy-trade-tracker[cluster]'."
        ) from error
    try:
        with ThreadPoolExecutor(1) as pool:  # a notebook's own thread may run a loop already
            pool.submit(asyncio.run, _greet(address, patience)).result()
        client = Client(address, timeout=patience, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EnergyError(f"Scheduler {address!r} does not answer within {patience:g} s; start it "
                          "(dask scheduler) or leave scheduler out to use threads.") from error  # fmt: skip
    return _staffed(client, address, patience)


async def _greet(address: str, patience: float) -> None:
    """Shake hands with a scheduler: a client waits for ever on a port that is open and says nothing."""
    from distributed.comm.core import connect as reach

    comm = await asyncio.wait_for(reach(address, timeout=patience), patience)
    comm.abort()


def _staffed(client: Any, address: str, patience: float) -> Any:
    """Return a client whose scheduler has a worker, or close it and raise an `EnergyError`."""
    try:
        client.wait_for_workers(1, timeout=patience)
    except TimeoutError as error:
        client.close()
        raise EnergyError(f"Scheduler {address!r} has no worker after {patience:g} s; start one "
                          f"(dask worker {address}) or leave scheduler out to use threads.") from error  # fmt: skip
    return client


def raw(plan: Plan, case: Case, draws: int, seed: int = 0) -> np.ndarray:
    """Return the raw flows (routes, quarters, draws) in float32; for few draws only.

    Raises
    ------
    EnergyError
        If they would take more than a gigabyte; for no draws, or a seed below zero.
    """
    draws, seed = check_draws(draws), check_seed(seed)
    found = _empty_draws((len(plan.routes), plan.count, draws), "routes x {} quarters")
    bench = Bench(plan, "numpy")
    for block, begin in enumerate(range(0, draws, BLOCK)):
        size = min(BLOCK, draws - begin)
        run_block(bench, case, seed, block, size, found[:, :, begin : begin + size])
    return found


def by_year(plan: Plan, case: Case, draws: int, seed: int = 0) -> np.ndarray:
    """Return the sums by year as drawn (rows, years, draws) in float32; see `rows`.

    The draws are those of `run`; what two plans share they draw alike, so that the difference of
    two cases may be taken draw by draw.

    Raises
    ------
    EnergyError
        If they would take more than a gigabyte; for no draws, or a seed below zero.
    """
    draws, seed = check_draws(draws), check_seed(seed)
    bench = Bench(plan, "numpy")
    found = _empty_draws((len(bench.rows), len(plan.years), draws), "rows x {} years")
    for block, begin in enumerate(range(0, draws, BLOCK)):
        size = min(BLOCK, draws - begin)
        bench.years = found[:, :, begin : begin + size]
        run_block(bench, case, seed, block, size)
    return found


def _empty_draws(shape: tuple[int, int, int], words: str) -> np.ndarray:
    """Return an empty array, or raise an `EnergyError` where it would not fit well."""
    if np.prod([float(side) for side in shape]) * 4 > 1e9:  # bytes of float32, 1 GB
        raise EnergyError(f"Raw draws of {shape[0]} {words.format(shape[1])} x {shape[2]} would take more "
                          "than 1 GB; ask for fewer draws, or for quantiles.")  # fmt: skip
    return np.empty(shape, dtype=np.float32)
