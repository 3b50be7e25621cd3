"""What each measurement says of the balance, and the balance of it: agrees, strained, contradicted.

A figure is judged without its own weight: what all the others make of it (leave one out, exact for
the linear problem at the solution) against what is printed, in standard errors of the difference.
A contradicted figure is asked which slip would explain it; the others' figures that weigh
most in the prediction are those that contradict it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from energy.balance.chain import one_thread
from energy.balance.estimate import YEAR, Balance
from energy.balance.frame import Normal

STRAINED, CONTRADICTED = 2.0, 3.5  # standard errors of the difference
MOSTLY = 5.0  # a slip that leaves a fifth of a gross contradiction is its likely cause all the same
BASES = {"0C": 1.0732, "15C": 1.0174}  # bcm at 20 °C of one bcm so measured
WORDS = ["agrees", "strained", "contradicted"]


def verdicts(made: Balance) -> pd.DataFrame:
    """Judge every measurement.

    Returns
    -------
    DataFrame
        ``id, series, entity, period, value, error`` (bcm at 20 °C), ``witness`` (the first figure
        of those that repeat each other), ``balanced`` (what the balance says), ``without`` (what
        the figures of other witnesses say), ``without_error``, ``score`` (their difference in
        standard errors), ``weight`` (what the robust search left of it), ``verdict``, ``by``
        (``;``-joined ids that weigh most against it), ``cause`` (the slip that explains it best).
    """
    rows = made.told.table
    balanced = rows["value"].to_numpy(dtype=float) - made.residual
    with one_thread():
        lever, partners = _levers(made)
        error = rows["error"].to_numpy(dtype=float)
        precision = made.weights / rows["shared_error"].to_numpy(dtype=float) ** 2
        # a figure without company has share 1: 1e-9 less keeps its own judgement finite
        share = np.clip(lever * precision, 0.0, 1 - 1e-9)
        apart, variance = made.residual / (1 - share), lever / (1 - share)
        _leave_witnesses(made, precision, apart, variance)
    without = rows["value"].to_numpy(dtype=float) - apart
    spread = np.sqrt(np.maximum(variance, 0.0))
    score = (rows["value"].to_numpy(dtype=float) - without) / np.sqrt(spread**2 + error**2)
    verdict = np.digitize(np.abs(score), [STRAINED, CONTRADICTED])
    table = rows[["id", "series", "entity", "period", "value", "error", "witness"]].assign(
        balanced=balanced, without=without, without_error=spread, score=score,
        weight=made.weights, verdict=[WORDS[v] for v in verdict],
    )  # fmt: skip
    ids = rows["id"].to_numpy()
    table["by"] = [
        ";".join(ids[p] for p in partners[r]) if verdict[r] else "" for r in range(len(ids))
    ]
    table["cause"] = [_cause(made, r, table) if verdict[r] else "" for r in range(len(ids))]
    return table


def _leave_witnesses(
    made: Balance, precision: np.ndarray, apart: np.ndarray, variance: np.ndarray
) -> None:
    """Lay in, of figures that repeat each other, what is left where all of them leave together.

    With P the covariance of their sums and W their weights, residuals grow to (1 - P W)^-1 r and
    the covariance to (1 - P W)^-1 P: leave one out for a block of rows (Cook and Weisberg 1982).
    """
    together = [
        rows for rows in made.told.table.groupby("witness").indices.values() if len(rows) > 1
    ]
    if not together:
        return
    wide = made.rows[np.concatenate(together)].toarray().T
    answers, begin = made.chain.solve(wide), 0
    for rows in together:
        mine = slice(begin, begin + len(rows))
        begin = mine.stop
        covariance = wide[:, mine].T @ answers[:, mine]
        left = np.eye(len(rows)) * (1 + 1e-9) - covariance * precision[rows]  # as for one alone
        apart[rows] = np.linalg.solve(left, made.residual[rows])
        variance[rows] = np.diag(np.linalg.solve(left, covariance))


def _levers(made: Balance) -> tuple[np.ndarray, list[list[int]]]:
    """Return the variance of each measured sum, and the rows that weigh most in predicting it."""
    own, _ = made.chain.covariance
    variance = np.zeros(len(made.told))
    partners: list[list[int]] = [[] for _ in variance]
    precision = made.weights / made.told.table["shared_error"].to_numpy(dtype=float) ** 2
    years = Normal(made.frame, made.rows, YEAR)
    for block, mine, body in zip(own, years.own, years.body, strict=True):
        shared = body @ block @ body.T
        variance[mine] = np.diag(shared)
        pull = np.abs(shared) * precision[mine][None, :]
        np.fill_diagonal(pull, 0.0)
        for k, r in enumerate(mine):
            order = np.argsort(-pull[k])[:3]
            # who pulls a tenth as hard as the strongest is named; chosen by hand
            partners[r] = [int(mine[j]) for j in order if pull[k, j] > 0.1 * pull[k, order[0]] > 0]
    wide = made.rows[years.wide].toarray()
    variance[years.wide] = np.einsum("rn,nr->r", wide, made.chain.solve(wide.T))
    return variance, partners


def _cause(made: Balance, row: int, table: pd.DataFrame) -> str:
    """Return the slip that brings a figure nearest to what the others say, or "" where none does."""
    line = table.iloc[row]
    width = float(np.hypot(line["error"], line["without_error"]))
    tried = [
        (abs(value - goal) / width, words)
        for words, value, goal in _hypotheses(
            made, row, float(line["value"]), float(line["without"])
        )
    ]
    if not tried:
        return ""
    best, words = min(tried)
    size = abs(line["score"])
    return words if best < max(STRAINED, size / MOSTLY) and best < size / 2 else ""


def _hypotheses(
    made: Balance, row: int, value: float, goal: float
) -> list[tuple[str, float, float]]:
    """Return hypotheses: words, the figure and the goal under each."""
    figure: Any = made.told.table.iloc[row]
    found = [(f"its cubic metre is that of {basis}", value * factor, goal)
             for basis, factor in BASES.items() if figure.basis not in (basis,) and value]  # fmt: skip
    if figure.basis in BASES:
        found.append(("its cubic metre is that of 20C", value / BASES[figure.basis], goal))
        found.append(
            ("its cubic metre is that of 0C", value / BASES[figure.basis] * BASES["0C"], goal)
        )
    arcs, months, weights = made.told.cells[row]
    shown = float(weights @ made.flow[arcs, months])
    for step, words in ((-1, "a month earlier"), (1, "a month later"), (-12, "a year earlier"),
                        (12, "a year later")):  # fmt: skip
        moved = months + step
        if moved.min() >= 0 and moved.max() < made.flow.shape[1]:
            at = float(weights @ made.flow[arcs, moved])
            found.append((f"it tells the period {words}", value, goal + at - shown))
    last = months == months.max()
    shorter = float(weights[~last] @ made.flow[arcs[~last], months[~last]])
    if (~last).any():
        found.append(("its period ends a month sooner", value, goal + shorter - shown))
    return found + _scopes(made, row, value, goal)


def _scopes(made: Balance, row: int, value: float, goal: float) -> list[tuple[str, float, float]]:
    """Return hypotheses on what the figure counts: one market or crossing more or less."""
    arcs, months, weights = made.told.cells[row]
    inside, found = set(arcs.tolist()), []
    table = made.net.arcs
    spans = {int(m): float(np.abs(weights[months == m]).max()) for m in set(months.tolist())}
    sets = {
        f"{name}": np.flatnonzero(table["group"] == name)
        for name in sorted(set(table["group"]) - {"", "russia"})
    }
    sets |= {name: np.array([made.net.place(name)]) for name in
             ("ukraine-backhaul", "ukraine-stores", "wysokoje-tieterowka", "ukraine-moldova")
             if name in table.index}  # fmt: skip
    for name, members in sets.items():
        more = [a for a in members if a not in inside]
        less = [a for a in members if a in inside]
        if more and not less:
            size = sum(share * made.flow[more, m].sum() for m, share in spans.items())
            found.append((f"it holds {name} too", value - size, goal))
        if less and len(less) < len(inside):
            size = sum(share * made.flow[less, m].sum() for m, share in spans.items())
            found.append((f"it leaves out {name}", value + size, goal))
    return found
