"""Flows that agree best with every measurement, conserve gas and keep within their bounds.

The method is data reconciliation (Kuehn and Davidson 1961; Narasimhan and Jordache 2000) with the
aggregate rows of temporal disaggregation (Chow and Lin 1971) and the robust weights of
state estimation (Schweppe and Wildes 1970; Student's t by reweighting, Lange and others 1989).
The prior of each arc is a level that drifts (first-order autoregression) times its season.
Bounds are an active set of stiff springs; a flow at its bound has a one-sided interval.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from energy.balance import clashes
from energy.balance.chain import Chain, one_thread
from energy.balance.frame import Frame, Normal, matrix
from energy.balance.measurements import Measurements, measure
from energy.balance.system import System, system
from energy.errors import EnergyError
from energy.measure import periods
from energy.measure.tables import Tables

if TYPE_CHECKING:  # imported where it is solved: a balance that is kept needs no solver
    import scipy.sparse as sp

FREEDOM = 4.0  # degrees of freedom of Student's t for figures: one in twenty is beyond 2.8 errors
CONVEX = 2.0  # errors beyond which the first rounds count a figure by its distance (Huber 1964)
JUMP = 4.0  # degrees of freedom of the change from month to month: rates are cut at a stroke
SETTLE = 7  # rounds with Huber's weights, of one answer, before Student's that forget an outlier
STIFF = 1e9  # weight of a bound, 1/bcm²: three hundredths of a cubic hectometre
OPENING = (
    4  # rounds in which persistence is loose, so that a metered cut is found before it is judged
)
LOOSE = 0.005  # share of its weight that persistence then keeps; chosen by hand
ROUNDS = 80  # of the search before it is given up, four times CALM; chosen by hand
CALM = 20  # rounds after which a step is halved: bounds that take turns would else go on for ever
QUARTER, YEAR = 3, 12  # months of a block: of the search, where small is quick; of the variances
STILL = 3e-2  # bcm a month: the search ends when no flow moves more
KEPT = 1e-6  # bcm a month: nor lies further beyond its bound, unless the bounds take turns


@dataclasses.dataclass(frozen=True)
class Balance:
    """Reconciled flows with what is needed for the interval of any sum of them.

    Attributes
    ----------
    net : System
    told : Measurements
    frame : Frame
        Free coordinates of the flows.
    flow : ndarray, shape (arcs, months)
        bcm at 20 °C a month.
    push : ndarray, shape (arcs, months)
        Force of an active bound, 1/bcm; 0 where the flow is free.
    weights : ndarray, shape (rows,)
        What the robust search left of each measurement's weight, 1 = all.
    chain : Chain
        The factorised normal matrix at the solution, in blocks of years.
    rows : sparse matrix, shape (rows, coordinates)
        The measurements over the free coordinates.
    rounds : int
        Steps of the search.
    """

    net: System
    told: Measurements
    frame: Frame
    flow: np.ndarray
    push: np.ndarray
    weights: np.ndarray
    chain: Chain
    rows: sp.csr_matrix
    rounds: int

    @property
    def residual(self) -> np.ndarray:
        """Return what is printed less what the balance says, bcm, row by row."""
        counted = matrix(self.told, *self.flow.shape) @ self.flow.T.ravel()
        return np.asarray(self.told.table["value"].to_numpy(dtype=float) - counted)

    def total(self, arcs: Mapping[str, float] | Sequence[str], period: str) -> tuple[float, float]:
        """Return a sum of flows over a period and its standard deviation.

        Parameters
        ----------
        arcs : sequence of str, or mapping of str to float
            Arcs to add, or their coefficients.
        period : str
            Any period inside the balance; days weigh alike within a month.

        Returns
        -------
        tuple of float
            bcm at 20 °C; the deviation is that of the sum, not the sum of deviations.
        """
        weights = dict(arcs) if isinstance(arcs, Mapping) else dict.fromkeys(arcs, 1.0)
        chosen = self._chosen(weights, period)
        right = self.frame.gather(chosen)
        variance = float(right @ self.chain.solve(right))
        return float((chosen * self.flow).sum()), float(np.sqrt(max(variance, 0.0)))

    def _chosen(self, weights: Mapping[str, float], period: str) -> np.ndarray:
        """Return the coefficients of a sum over arcs and months."""
        chosen = np.zeros_like(self.flow)
        start = self.net.months[0]
        first = periods.month_number(start)
        for year, month, share in periods.months(periods.parse(period)):
            at = periods.month_number(dt.date(year, month, 1)) - first
            if not 0 <= at < len(self.net.months):
                raise EnergyError(f"The balance runs from {start} to {self.net.months[-1]}; "
                                  f"{period} lies outside.")  # fmt: skip
            for arc, weight in weights.items():
                chosen[self.net.place(arc), at] += weight * share
        return chosen

    def with_figure(
        self, arcs: Mapping[str, float], period: str, value: float, error: float
    ) -> np.ndarray:
        """Return the flows with one more figure, shape (arcs, months), without solving anew.

        Robust weights and bounds stay as they are; the change is exact for the linear problem.

        Parameters
        ----------
        arcs : mapping of str to float
            Coefficients of the arcs that the figure counts.
        period : str
        value, error : float
            The figure and its standard error, bcm at 20 °C.
        """
        chosen = self._chosen(arcs, period)
        right = self.frame.gather(chosen)
        answer = self.chain.solve(right)
        gain = (value - float((chosen * self.flow).sum())) / (error**2 + float(right @ answer))
        return np.asarray(self.flow + self.frame.flow(answer * gain))


def solve(
    tables: Tables,
    last: str | dt.date | None = None,
    start: np.ndarray | None = None,
) -> Balance:
    """Reconcile the figures of the tables.

    Parameters
    ----------
    tables : Tables
        Facts as `energy.facts.load` returns them.
    last : date, optional
        A day of the last month; default that of the newest flow.
    start : ndarray, shape (arcs, months), optional
        Flows of nearly the same figures, to start the search from.

    Returns
    -------
    Balance
    """
    end = dt.date.fromisoformat(str(last)) if last else _newest(tables["volumes"])
    net = system(tables, end)
    fits = start is not None and start.shape == net.weight.shape
    return reconcile(net, measure(tables, net), start if fits else None)


def _newest(volumes: pd.DataFrame) -> dt.date:
    """Return the last day of the newest flow."""
    measured = volumes[
        (volumes["series"] == "flow") & ~volumes["status"].isin(["plan", "contract"])
    ]
    ends = [periods.parse(text).end for text in measured["period"]]
    return max(ends) - dt.timedelta(days=1)


def reconcile(net: System, told: Measurements, start: np.ndarray | None = None) -> Balance:
    """Search the flows: reweight the figures, hold the bounds, solve; until nothing moves.

    Parameters
    ----------
    net : System
    told : Measurements
    start : ndarray, shape (arcs, months), optional
        Flows to start from; default the prior mean.

    Raises
    ------
    DataError
        If no flow keeps all bounds: the irreducible set of those that clash is named.
    EnergyError
        If the search does not come to rest.
    """
    with one_thread():
        return _search(net, told, start)


def _search(net: System, told: Measurements, start: np.ndarray | None) -> Balance:
    import scipy.sparse as sp

    frame, prior = Frame.of(net), Prior(net)
    clashes.check(net, frame.bases)
    counted = matrix(told, *net.weight.shape)
    rows = sp.csr_matrix(counted @ frame.into)
    rows.eliminate_zeros()
    quarters = Normal(frame, rows, QUARTER)
    flow = prior.mean.copy() if start is None else start.copy()
    values, errors = (told.table[name].to_numpy(dtype=float) for name in ("value", "shared_error"))
    first = 0 if start is None else SETTLE + 1
    for step in range(first, first + ROUNDS):
        residual = (values - counted @ flow.T.ravel()) / errors
        weights = _huber(residual, CONVEX) if step < SETTLE else _student(residual, FREEDOM)
        change = prior.trust(flow, LOOSE if step < OPENING else 1.0)
        below, above = flow < net.low, flow > net.high
        held = np.where((below | above) & (net.weight > 0), STIFF, 0.0)
        goal = np.where(below, net.low, np.where(above, net.high, 0.0))
        diagonal, beside, pull = prior.normal(change)
        trust = weights / errors**2
        right = frame.gather(pull + held * goal) + rows.T @ (trust * values)
        factored = quarters.chain(trust, diagonal + held, beside)
        new = frame.flow(factored.solve(right))
        moved = float(np.abs(new - flow).max())
        flow = new if step - first < CALM else (flow + new) / 2
        beyond = np.where(net.weight > 0, np.maximum(net.low - flow, flow - net.high), 0.0).max()
        kept = beyond < KEPT or step - first >= CALM
        if moved < STILL and kept and step > max(SETTLE, first):
            break
    else:
        worst = told.table["id"].to_numpy()[np.argsort(-np.abs(residual))[:5]]
        raise EnergyError(f"The balance does not come to rest: after {ROUNDS} rounds a flow still "
                          f"moves by {moved:.1e} bcm. The figures that clash most: "
                          f"{', '.join(worst)}.")  # fmt: skip
    push = held * np.abs(flow - goal)
    # the springs give by their force; once more with the force as a weight they do not
    # (method of multipliers, Hestenes 1969)
    firm = frame.flow(factored.solve(right + frame.gather(held * (goal - new))))
    flow = at_rest(firm if step - first < CALM else flow, net)
    chain = Normal(frame, rows, YEAR).chain(trust, diagonal + held, beside)
    return Balance(net, told, frame, flow, push, weights, chain, rows, step - first + 1)


def at_rest(flow: np.ndarray, net: System) -> np.ndarray:
    """Return flows of which those a cubic metre or so from their lower bound lie on it.

    A shut line would else be told to flow back by what arithmetic leaves, and "-0.0" be printed.
    """
    near = np.abs(flow - net.low) <= KEPT
    return np.where((net.weight > 0) & near, net.low, flow) + 0.0  # no zero has a sign


def _student(residual: np.ndarray, freedom: float) -> np.ndarray:
    """Return the weight of each residual under Student's t: 1 near 0, falling with its square."""
    return np.asarray(np.minimum((freedom + 1) / (freedom + residual**2), 1.0))


def _huber(residual: np.ndarray, limit: float) -> np.ndarray:
    """Return the weight of each residual that makes its loss linear beyond a limit."""
    return np.asarray(limit / np.maximum(np.abs(residual), limit))


class Prior:
    """A level that drifts, times season, days and open days; in the flows it is tridiagonal."""

    def __init__(self, net: System) -> None:
        opened = net.weight > 0
        self.mean = np.where(opened, net.level * net.weight, 0.0)
        scale = np.where(opened, 1 / np.where(opened, net.weight, 1.0), 0.0)
        stay = np.sqrt(np.maximum(1 - (net.drift / net.spread) ** 2, 0.0))[:, None]
        goes_on = opened.copy()
        goes_on[:, 0] = False
        goes_on[:, 1:] &= opened[:, :-1]
        self.stay = np.where(goes_on, stay, 0.0)
        width = np.where(goes_on, (net.spread[:, None] * np.sqrt(1 - stay**2)), net.spread[:, None])
        self.precision = np.where(opened, 1 / width**2, 0.0)
        self.scale, self.level = scale, net.level
        before = np.zeros_like(self.mean)
        before[:, 1:] = net.level[:, :-1]
        self.offset = net.level - self.stay * before

    def change(self, flow: np.ndarray) -> np.ndarray:
        """Return the change of each month against what the level promised, in its deviations."""
        return np.asarray((self._drift(flow) - self.offset) * np.sqrt(self.precision))

    def trust(self, flow: np.ndarray, share: float) -> np.ndarray:
        """Return the weight of each change: a jump is forgiven, the level of the first month not."""
        return np.where(self.stay > 0, share * _student(self.change(flow), JUMP), 1.0)

    def _drift(self, flow: np.ndarray) -> np.ndarray:
        rate = flow * self.scale
        before = np.zeros_like(rate)
        before[:, 1:] = rate[:, :-1]
        return np.asarray(rate - self.stay * before)

    def normal(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return diagonal, upper neighbour and right side, each of shape (arcs, months)."""
        p = self.precision * weights
        later = np.zeros_like(p)
        later[:, :-1] = (p * self.stay**2)[:, 1:]
        diagonal = (p + later) * self.scale**2
        beside = np.zeros_like(p)
        beside[:, :-1] = -(p * self.stay)[:, 1:] * self.scale[:, :-1] * self.scale[:, 1:]
        pull = p * self.offset
        back = np.zeros_like(p)
        back[:, :-1] = (p * self.stay * self.offset)[:, 1:]
        return diagonal, beside, (pull - back) * self.scale
