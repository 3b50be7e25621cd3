"""Tables of quantiles from which the engine draws dates and durations, in quarters, as float32."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

NEVER = np.inf
TABLE = 4096  # places of a table of quantiles: a rank is off by an eighth of a thousandth at most


def three(stated: Any) -> tuple[float, float, float]:
    """Return low, middle and high of one number or of P10, P50, P90.

    >>> three(2), three([1, 2, 4])
    ((2, 2, 2), (1, 2, 4))
    """
    values = list(stated) if isinstance(stated, (list, tuple)) else [stated]
    return (values[0], values[len(values) // 2], values[-1])


def quarters(years: Any) -> np.ndarray:
    """Return durations in years as quarters, a month at least.

    >>> quarters([0, 0.5]).tolist()
    [0.25, 2.0]
    """
    # a quarter of a quarter at least: pace is one over it; chosen by hand
    found: np.ndarray = np.maximum(np.asarray(years, dtype=float) * 4, 0.25)
    return found.astype(np.float32)


def table(stated: Any, scale: Callable[[Any], np.ndarray]) -> np.ndarray:
    """Return a table of quantiles from one number or P10, P50, P90; straight lines between.

    >>> found = table([1, 2, 4], lambda years: years)
    >>> len(found), round(float(np.median(found)), 3)
    (4096, 2.0)
    """
    low, middle, high = three(stated)
    if low == high:
        return scale(np.array([middle]))
    at = (np.arange(TABLE) + 0.5) / TABLE
    ends = [low - (middle - low) / 4, low, middle, high, high + (high - middle) / 4]
    # stated are P10, P50, P90; the ends lie a quarter of the way further
    return scale(np.interp(at, [0, 0.1, 0.5, 0.9, 1], ends))


def sampled(values: np.ndarray) -> np.ndarray:
    """Return the table of quantiles of a sample.

    >>> found = sampled(np.array([3, 1, 2]))
    >>> len(found), sorted(set(found.tolist()))
    (4096, [1.0, 2.0, 3.0])
    """
    ordered = np.sort(np.asarray(values, dtype=np.float32))
    # the middle of each place
    at = np.minimum((np.arange(TABLE) + 0.5) / TABLE * len(ordered), len(ordered) - 1)
    found: np.ndarray = ordered[at.astype(int)]
    return found


def waiting(hazard: float, begin: float) -> np.ndarray:
    """Return quantiles of an exponential waiting time in quarters.

    >>> waiting(0.0, 1.0).tolist()  # never
    [inf]
    >>> bool(np.isclose(np.median(waiting(0.1, 2.0)), 2 + np.log(2) / 0.1, rtol=1e-3))
    True
    """
    if hazard <= 0:
        return np.array([NEVER], dtype=np.float32)
    at = (np.arange(TABLE) + 0.5) / TABLE
    return (begin - np.log1p(-at) / hazard).astype(np.float32)
