"""One estimate from figures that disagree, with an interval from their disagreement."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from energy.measure.observations import records

ESTIMATE = "reconciled-estimate"
HUBER = 1.345
"""Standard deviations beyond which a figure's weight falls with its distance: 95 % efficient."""
STEPS = 20  # rounds of the reweighting; chosen by hand
OUTLIER = 3.0  # robust standard deviations from the weighted median
METHOD = (
    "random effects over the figures on one basis (DerSimonian and Laird), several figures of one "
    "kind sharing the weight of one; a figure more than three robust deviations off is set aside, "
    "one that lies far out weighs less (Huber)"
)


@dataclass(frozen=True)
class Estimate:
    """A reconciled figure with its interval; never a measurement.

    Attributes
    ----------
    value, low, high : float
        In the unit and basis of the figures; the interval holds about 95 %.
    tau : float
        Standard deviation between sources beyond their own noise.
    used, aside : tuple of str
        Ids of the figures behind it, and of those set aside as outliers.
    adjustments : tuple of str
        What was done to a figure before, one sentence each.

    Examples
    --------
    >>> Estimate(15.9, 15.5, 16.3, 0.1, ("V1", "V2"), (), ()).used
    ('V1', 'V2')
    """

    value: float
    low: float
    high: float
    tau: float
    used: tuple[str, ...]
    aside: tuple[str, ...]
    adjustments: tuple[str, ...]


def estimate(found: pd.DataFrame) -> Estimate:
    """Reconcile the figures of one subject into one value with an interval.

    Parameters
    ----------
    found : DataFrame
        From `figures`; rows with ``used`` count, at their ``adjusted`` value and ``noise``.

    Returns
    -------
    Estimate
        NaN where no figure can be used. Of a single usable figure the interval is its own noise.

    Notes
    -----
    Weights are the inverse of each figure's variance plus the variance between sources; figures of
    one kind share the weight of one, for newspapers often repeat one meter. The interval is the
    normal one of 95 %; with two figures it just covers both, with few it is known to be narrow.
    A figure further than three robust deviations (1.4826 times the median absolute deviation, at
    least its own noise) from the weighted median is set aside where three or more are there.

    What is left has Huber's weights where three or more are there; of two nobody can say which errs.

    Source: R. DerSimonian and N. Laird, Meta-analysis in clinical trials, Controlled Clinical
    Trials 7 (1986) 177-188; on few sources C. Röver, G. Knapp and T. Friede, BMC Medical Research
    Methodology 15:99 (2015).

    Examples
    --------
    >>> from energy import facts
    >>> from energy.mirror.basis import figures
    >>> made = estimate(figures(facts.load(), "turkstream-2", "2026-01"))
    >>> made.low <= made.value <= made.high
    True
    """
    held = found[found["used"]]
    adjustments = tuple(
        f"{row['id']}: {-rule.sign * rule.low:+.3f}, {rule.cause}: {rule.reason}"
        for row in held.pipe(records) for rule in row["rules"] if rule.measured
    )  # fmt: skip
    if held.empty:
        nothing = float("nan")
        return Estimate(nothing, nothing, nothing, nothing, (), (), ())
    shared = held.groupby("kind")["kind"].transform("size").to_numpy(dtype=float)
    x, s2 = (
        held["adjusted"].to_numpy(dtype=float),
        held["noise"].to_numpy(dtype=float) ** 2 * shared,
    )
    # an exact figure must not have infinite weight
    s2 = np.maximum(s2, 1e-18)
    keep = _inside(x, s2)
    value, error, tau = robust(x[keep], s2[keep])
    ids = held["id"].to_numpy()
    # a 95 % interval of a normal
    return Estimate(value, value - 1.96 * error, value + 1.96 * error, tau, tuple(ids[keep]),
                    tuple(ids[~keep]), adjustments)  # fmt: skip


def _inside(x: np.ndarray, s2: np.ndarray) -> np.ndarray:
    """Return which figures lie within three robust deviations of the weighted median."""
    if len(x) < 3:  # of two, neither is out of line
        return np.ones(len(x), dtype=bool)
    order = np.argsort(x, kind="stable")
    weight = np.cumsum(1 / s2[order])
    centre = x[order][np.searchsorted(weight, weight[-1] / 2)]
    spread = 1.4826 * np.median(np.abs(x - centre))  # makes it the deviation of a normal
    near: np.ndarray = np.abs(x - centre) <= OUTLIER * np.maximum(spread, np.sqrt(s2))
    return near


def robust(x: np.ndarray, s2: np.ndarray) -> tuple[float, float, float]:
    """Combine as `combine`, with less weight on figures that lie far from the rest.

    Parameters
    ----------
    x, s2 : ndarray
        Values and their variances; of fewer than three the result is that of `combine`.

    Notes
    -----
    Source: P. J. Huber, Robust Estimation of a Location Parameter, Annals of Mathematical
    Statistics 35 (1964) 73-101; iterated, distances in each figure's own noise.

    Examples
    --------
    Three agree, one lies off: it draws the value by less than a quarter of its distance.

    >>> value, _, _ = robust(np.array([10.0, 10.1, 9.9, 10.6]), np.full(4, 0.01))
    >>> round(value, 2) < 10.15
    True
    """
    found = combine(x, s2)
    if len(x) < 3:  # of two, neither is out of line
        return found
    for _ in range(STEPS):
        # a figure on the estimate must not divide by 0
        distance = np.maximum(np.abs(x - found[0]) / np.sqrt(s2), 1e-12)
        found = combine(x, s2 / np.minimum(1.0, HUBER / distance))
    return found


def combine(x: np.ndarray, s2: np.ndarray) -> tuple[float, float, float]:
    """Return mean, standard error and between-source deviation by DerSimonian and Laird.

    Parameters
    ----------
    x, s2 : ndarray
        Values and their variances.

    Examples
    --------
    Two equal figures 2 apart, noise 0.1: the sources differ by 1.41 and the mean is good to 1.

    >>> value, error, tau = combine(np.array([9.0, 11.0]), np.array([0.01, 0.01]))
    >>> round(value, 6), round(error, 6), round(tau, 2)
    (10.0, 1.0, 1.41)
    """
    w = 1 / s2
    mean = float((w * x).sum() / w.sum())
    excess = float((w * (x - mean) ** 2).sum()) - (len(x) - 1)
    scale = float(w.sum() - (w**2).sum() / w.sum())
    tau2 = max(0.0, excess / scale) if len(x) > 1 else 0.0
    w = 1 / (s2 + tau2)
    return float((w * x).sum() / w.sum()), math.sqrt(1 / w.sum()), math.sqrt(tau2)
