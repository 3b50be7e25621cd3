"""The leaves of the tree, market by market, kept so that they can be weighed anew without drawing.

Exports to a market depend only on the questions that touch one of its routes, so the combinations
of all answers (1,152 of the shipped tree) fall apart into a few a market. For each of them the same
draws are counted into bins; the distribution under any probabilities is then a weighted sum of
counts, `mix`. What a sum over markets may be between which bounds needs draws that all markets
share: its mean alone adds up.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from energy.errors import DataError
from energy.measure.cards import card
from energy.projection import Setup, cells, ramp, simulate
from energy.projection import money as moneys
from energy.projection import scenarios as trees

BINS = 64
"""Bins of a row, even in the square root: finer where most of the values lie."""
# bins are narrow where values are small: a low P10 is not lost; chosen by hand
POWER = 2
LEAVES = "leaves"
"""The name of the one scenario that holds them."""
UNITS = {"exports": "bcm at 20 °C a year", "revenue": "million USD a year"}


@dataclass(frozen=True)
class Sheet:
    """One quantity of one market, or the chance that gas flows through one route.

    Attributes
    ----------
    kind : {"exports", "revenue", "chance"}
    name : str
        Market, or route.
    questions : tuple of str
        What it depends on; the combinations of their answers run as in `itertools.product`.
    mean : (combinations, years)
        In `UNITS`; of a chance the share of draws.
    top : float
        Upper end of the bins; 0 for a chance.
    counts : (combinations, years, BINS) of int
        Draws; empty for a chance.
    """

    kind: str
    name: str
    questions: tuple[str, ...]
    mean: np.ndarray
    top: float
    counts: np.ndarray


@dataclass(frozen=True)
class Leaves:
    """All sheets with the tree they belong to.

    Attributes
    ----------
    tree : Tree
    years : tuple of int
    draws : int
    sheets : tuple of Sheet
    """

    tree: trees.Tree
    years: tuple[int, ...]
    draws: int
    sheets: tuple[Sheet, ...]

    def _repr_html_(self) -> str:
        """Return what a notebook shows: each sheet, its unit and the questions it depends on."""
        said = f"{self.draws} draws of each leaf, {self.years[0]} to {self.years[-1]}"
        rows = [(sheet.kind, sheet.name, UNITS.get(sheet.kind, "share of draws"),
                 ", ".join(sheet.questions)) for sheet in self.sheets]  # fmt: skip
        return card(said, pd.DataFrame(rows, columns=["kind", "name", "unit", "questions"]))


def touching(tree: trees.Tree, routes: Iterable[str], prices: bool = False) -> tuple[str, ...]:
    """Name the questions of which an answer sets something for one of the routes, or a price.

    Examples
    --------
    >>> touching(trees.load(), ["turkstream-1", "blue-stream"])
    ('diversion', 'turkey')
    """
    known = set(routes)
    return tuple(
        name for name, question in tree["question"].items()
        if any(row.get("route") in known or (prices and "price" in row)
               for answer in question["answer"].values() for row in answer.get("set", []))
    )  # fmt: skip


def combinations(tree: trees.Tree, questions: Sequence[str]) -> list[trees.Answers]:
    """List every combination of answers to some questions.

    Examples
    --------
    >>> combinations(trees.load(), ["oil"])
    [{'oil': 'middle'}, {'oil': 'high'}, {'oil': 'low'}]
    """
    answers = [list(tree["question"][name]["answer"]) for name in questions]
    return [dict(zip(questions, each, strict=True)) for each in itertools.product(*answers)]


def every(tree: trees.Tree, routes: Iterable[str] = ()) -> dict[str, list[trees.Leaf]]:
    """Return, as one scenario, the leaves in which any route may differ; see `Setup.cases`.

    The questions that touch a route are combined, the others stand at the baseline.
    """
    base = trees.baseline(tree)
    names = [name for name in tree.get("route", {}) if not routes or name in set(routes)]
    groups = dict.fromkeys(touching(tree, [name]) for name in names)
    prices = touching(tree, [], prices=True)
    chosen = [base, *(base | each for group in (*groups, prices)
                      for each in combinations(tree, group))]  # fmt: skip
    return {LEAVES: [trees.Leaf(answers, 1 / len(chosen)) for answers in chosen]}


def grow(made: Setup, draws: int = simulate.BLOCK, seed: int = 0) -> Leaves:
    """Draw every leaf and count it.

    Parameters
    ----------
    made : Setup
        From `energy.projection.setup` with ``scenarios=every``.
    draws, seed : int
        The same draws serve all leaves: what an answer does not touch is equal in all of them.
    """
    tree, plan = made.tree, made.plan
    prices = touching(tree, [], prices=True)
    levels = [np.array([np.log(trees.prices(tree, trees.baseline(tree) | each)[name])
                        for name in trees.PRICES], dtype=np.float32)
              for each in combinations(tree, prices)]  # fmt: skip
    blocks = [
        _block(made, levels, seed, block, min(simulate.BLOCK, draws - begin))
        for block, begin in enumerate(range(0, draws, simulate.BLOCK))
    ]
    sheets = [sheet for market in _markets(plan) for sheet in _market(made, market, prices, blocks)]
    sheets += [_chance(made, r, blocks) for r in range(len(plan.routes)) if _waits(tree, plan, r)]
    return Leaves(tree, tuple(made.span.years), draws, tuple(sheets))


def beside(tree: trees.Tree) -> dict[str, list[trees.Leaf]]:
    """Return the named scenarios and the leaves, so that one setup serves both; see `apart`."""
    return {**trees.select(tree, "all"), **every(tree)}


def apart(made: Setup) -> Setup:
    """Return a setup without the leaves: what `energy.projection.of_setup` draws."""
    named = {name: case for name, case in made.cases.items() if name != LEAVES}
    return replace(made, cases=named)


Block = dict[tuple[int, int], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Of a route and variant: yearly flows (Y, n), yearly revenue (levels, Y, n), share flowing (Y, n)."""


def _block(made: Setup, levels: list[np.ndarray], seed: int, block: int, size: int) -> Block:
    """Draw every variant of every export route once."""
    plan = made.plan
    drivers, _, noise = simulate.common(plan, seed, block, size)
    frail = np.exp(np.float32(plan.frailty) * drivers[2, 0] - np.float32(plan.frailty**2 / 2))
    paths = [moneys.price(plan.money, noise, np.repeat(level[:, None], size, axis=1))[0]
             for level in levels if plan.money is not None and noise is not None]  # fmt: skip
    found: Block = {}
    for r, specs in enumerate(plan.variants):
        if not plan.exports[r]:
            continue
        for v, spec in enumerate(specs):
            flow = _flow(plan, r, spec, (drivers, frail), (seed, block, size))
            known = [path[spec.market] for path in paths if spec.market in path]
            worth = np.array([_years(plan, flow * price) for price in known])
            found[r, v] = _years(plan, flow), worth, _flowing(plan, r, flow)
    return found


def _flow(
    plan: simulate.Plan, r: int, spec: ramp.RouteSpec, shared: tuple[np.ndarray, np.ndarray],
    where: tuple[int, int, int],
) -> np.ndarray:  # fmt: skip
    """Return the flows of one variant (P, n), from the numbers that `simulate` draws for the route."""
    (drivers, frail), (seed, block, size) = shared, where
    rng = simulate.generator(seed, block, plan.routes[r])
    modes = rng.standard_normal((ramp.MODES, size), dtype=np.float32)
    jitter = rng.standard_normal(plan.count + size, dtype=np.float32)
    # start, ramp, halt, end and restart, as in `simulate`
    uniform = rng.random((5, size), dtype=np.float32)
    modes *= np.float32(np.sqrt(1 - (spec.loads**2).sum()))
    modes += np.einsum("g,gkn->kn", spec.loads, drivers)
    out = np.empty((plan.count, size), dtype=np.float32)
    spare = np.empty((cells.STRIP, size), dtype=np.float32)
    simulate.fill(spec, modes, jitter, simulate.switches(spec, uniform, frail), out, spare)
    return out


def _years(plan: simulate.Plan, cells: np.ndarray) -> np.ndarray:
    return np.array([cells[begin : begin + 4].sum(axis=0) for begin in plan.years])


def _flowing(plan: simulate.Plan, r: int, flow: np.ndarray) -> np.ndarray:
    """Say in which draws more than a bin's share of capacity flows in the last quarter of a year."""
    at = [begin + 3 for begin in plan.years]  # the fourth quarter
    least = plan.bounds[r, at] / cells.BINS
    found: np.ndarray = flow[at] >= np.maximum(least, cells.TINY)[:, None]
    return found


def _markets(plan: simulate.Plan) -> list[str]:
    found = [specs[0].market for r, specs in enumerate(plan.variants) if plan.exports[r]]
    return sorted({market for market in found if market})


def _waits(tree: trees.Tree, plan: simulate.Plan, r: int) -> bool:
    """Say whether nothing flows through a route yet, and a question asks if it will."""
    quiet = plan.exports[r] and not any(spec.base.any() for spec in plan.variants[r])
    return quiet and bool(touching(tree, [plan.routes[r]]))


def _variant(made: Setup, r: int, answers: trees.Answers) -> int:
    """Return the variant of a route under some answers, the other questions at the baseline."""
    mine = touching(made.tree, [made.plan.routes[r]])
    base = trees.baseline(made.tree)
    wanted = base | {name: answers[name] for name in mine if name in answers}
    places = {tuple(leaf.answers.items()): i for i, leaf in enumerate(every(made.tree)[LEAVES])}
    return int(made.cases[LEAVES].variant[places[tuple(wanted.items())], r])


def _market(
    made: Setup, market: str, prices: tuple[str, ...], blocks: list[Block]
) -> Iterator[Sheet]:
    """Yield exports to a market and, where it has a price, their revenue."""
    plan = made.plan
    routes = [r for r, specs in enumerate(plan.variants)
              if plan.exports[r] and specs[0].market == market]  # fmt: skip
    questions = touching(made.tree, [plan.routes[r] for r in routes])
    picks = [[(r, _variant(made, r, each)) for r in routes]
             for each in combinations(made.tree, questions)]  # fmt: skip
    flows = np.array([np.concatenate([sum(block[at][0] for at in pick) for block in blocks], axis=1)
                      for pick in picks])  # fmt: skip
    yield _counted("exports", market, questions, flows)
    if not blocks[0][picks[0][0]][1].size:
        return
    worth = np.array([np.concatenate([sum(block[at][1] for at in pick) for block in blocks], axis=2)
                      for pick in picks])  # fmt: skip
    joined = worth.reshape(-1, *worth.shape[2:])  # answers of the market, then those of the prices
    own = tuple(name for name in prices if name not in questions)
    yield _counted("revenue", market, (*questions, *own), joined)


def _counted(kind: str, name: str, questions: tuple[str, ...], values: np.ndarray) -> Sheet:
    """Count values (combinations, years, draws) into bins up to the largest of them."""
    top = float(values.max()) * (1 + 1e-6) or 1.0  # the largest must fall inside the last bin
    places = (np.power(np.clip(values / top, 0, 1), 1 / POWER) * BINS).astype(np.intp)
    places = np.minimum(places, BINS - 1)
    counts = np.apply_along_axis(np.bincount, -1, places, minlength=BINS)
    return Sheet(kind, name, questions, values.mean(axis=-1, dtype=float), top, counts)


def _chance(made: Setup, r: int, blocks: list[Block]) -> Sheet:
    questions = touching(made.tree, [made.plan.routes[r]])
    found = [np.concatenate([block[r, _variant(made, r, each)][2] for block in blocks], axis=1)
             for each in combinations(made.tree, questions)]  # fmt: skip
    mean = np.array(found).mean(axis=-1)
    return Sheet("chance", made.plan.routes[r], questions, mean, 0.0, np.zeros((0, 0, BINS)))


def refuse(found: Leaves, tree: Mapping[str, Iterable[str]]) -> None:
    """Raise a `DataError` where leaves and a tree do not ask the same.

    Parameters
    ----------
    tree : mapping
        Question to its answers.

    Examples
    --------
    >>> held = Leaves({"question": {"oil": {"answer": {"high": {}, "low": {}}}}}, (), 1, ())
    >>> refuse(held, {"oil": ["high", "low"]})
    >>> refuse(held, {"oil": ["high"]})
    Traceback (most recent call last):
    energy.errors.DataError: leaves: 1 fault
      - question 'oil' has the answers high, low in the leaves and high in the tree; draw them again
    """
    asked = {name: list(answers) for name, answers in tree.items()}
    held = {name: list(row["answer"]) for name, row in found.tree["question"].items()}
    faults = [
        f"question {name!r} has the answers {', '.join(held.get(name, ['none']))} in the leaves"
        f" and {', '.join(asked.get(name, ['none']))} in the tree; draw them again"
        for name in dict.fromkeys([*held, *asked])
        if sorted(held.get(name, [])) != sorted(asked.get(name, []))
    ]
    if faults:
        raise DataError("leaves", faults)


def weights(
    found: Leaves, questions: Sequence[str], probabilities: Mapping[str, Mapping[str, float]] = {}
) -> np.ndarray:
    """Return the probability of each combination of answers to some questions.

    Parameters
    ----------
    probabilities : mapping
        Question to answer to probability, in place of the tree's; the conditions of such a
        question are dropped, as in `energy.projection.scenarios.overlay`.

    Raises
    ------
    UnknownName
        For a question or answer that is not in the tree.
    DataError
        If the probabilities of a question do not sum to 1.
    """
    tree = trees.overlay(found.tree, {"probabilities": probabilities})
    faults = [f"question.{name}: the probabilities sum to {sum(parts.values()):.6g}, not 1"
              # rounding of a sum of decimals
              for name, parts in probabilities.items() if abs(sum(parts.values()) - 1) > 1e-9]  # fmt: skip
    if faults:
        raise DataError("probabilities", faults)
    places = {tuple(each.values()): i for i, each in enumerate(combinations(tree, questions))}
    total = np.zeros(len(places))
    for leaf in trees.leaves(tree):
        total[places[tuple(leaf.answers[name] for name in questions)]] += leaf.probability
    return total


def mix(
    found: Leaves,
    probabilities: Mapping[str, Mapping[str, float]] = {},
    levels: Sequence[float] = (0.1, 0.5, 0.9),
) -> pd.DataFrame:
    """Weigh the leaves by the tree's probabilities, or by others.

    Returns
    -------
    DataFrame
        ``kind, name, year, mean`` and a column for each level, ``p10, p50, p90``: exports in
        bcm at 20 °C, revenue in million USD a year; of a chance only ``mean``.

    Raises
    ------
    UnknownName, DataError
        See `weights`.
    """
    parts = []
    for sheet in found.sheets:
        share = weights(found, sheet.questions, probabilities)
        table = pd.DataFrame({"kind": sheet.kind, "name": sheet.name, "year": found.years,
                              "mean": share @ sheet.mean})  # fmt: skip
        if sheet.kind != "chance":
            counts = np.tensordot(share, sheet.counts, axes=1)
            for level, values in zip(levels, _quantiles(counts, levels, found.draws), strict=True):
                table[f"p{100 * level:g}"] = values * sheet.top
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def _quantiles(counts: np.ndarray, levels: Sequence[float], draws: int) -> np.ndarray:
    """Return where in 0 to 1 the levels fall (levels, years), linear inside a bin."""
    total = counts.cumsum(axis=-1)
    rows = np.arange(len(counts))
    found = []
    for rank in np.array(levels) * (draws - 1):
        at = (total > rank).argmax(axis=-1)
        inside = counts[rows, at]
        # a draw stands in the middle of its share of the bin, as in `simulate`
        part = np.clip((rank - (total[rows, at] - inside) + 0.5) / np.maximum(inside, 1), 0, 1)
        found.append(np.where(at == 0, 0.0, (at + part) / BINS) ** POWER)
    return np.array(found)
