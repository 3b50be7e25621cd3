"""The noise of a path: covariance by quarters ahead, widened, split into a few smooth components.

Plain arithmetic on arrays; what its numbers are is learned elsewhere (`learned`, `widths`).
METHOD, section 3.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np

MODES = 4
"""Smooth components of a route's noise; what they leave is added quarter by quarter."""
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

    Examples
    --------
    >>> smooth, white = modes(4, (0.1, 0.7, 0.05, 0.0))
    >>> smooth.shape, white.shape
    ((4, 4), (4,))
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

    >>> half = np.full((1, 2), 0.1), np.full(2, 0.1)  # two quarters, correlation one half
    >>> smooth, white = together(*half, 0.75)
    >>> (smooth**2).round(4).tolist(), (white**2).round(4).tolist()
    ([[0.015, 0.015]], [0.005, 0.005])
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
    """Return the covariance of the noise at some quarters ahead; 0 ahead is known.

    >>> covariance(np.array([1, 2]), (0.0, 0.7, 0.5, 0.0)).tolist()  # an error of the level
    [[0.25, 0.25], [0.25, 0.25]]
    """
    spread, persistence, level, drift = noise
    k = np.asarray(ahead)
    near, far = np.minimum.outer(k, k), np.maximum.outer(k, k)
    moving = spread**2 * (persistence ** (far - near) - persistence ** (far + near))
    found: np.ndarray = moving + (near > 0) * level**2 + (drift / 4) ** 2 * np.outer(k, k)
    return found


def deviation(ahead: np.ndarray, noise: Noise) -> np.ndarray:
    """Return the standard deviation of quarters ahead, before it is widened.

    >>> deviation(np.array([0, 4, 8]), (0.0, 0.7, 0.0, 0.02)).tolist()  # a trend of 2 % a year
    [0.0, 0.02, 0.04]
    """
    spread, persistence, level, drift = noise
    k = np.asarray(ahead, dtype=float)
    moving = spread**2 * (1 - persistence ** (2 * k))
    return np.sqrt(moving + (k > 0) * level**2 + (drift / 4) ** 2 * k**2)


@functools.lru_cache(maxsize=4096)
def yearly_deviation(year: int, noise: Noise) -> float:
    """Return the same of the mean of the four quarters of the 1st, 2nd, … year ahead.

    >>> yearly_deviation(1, (0.0, 0.7, 0.5, 0.0))
    0.5
    """
    # the four quarters of that year
    return float(np.sqrt(covariance(np.arange(4 * year - 3, 4 * year + 1), noise).mean()))


def shift(ahead: np.ndarray, noise: Noise, widths: Widths) -> np.ndarray:
    """Return the variance of the level that shifts, so that quarters and years are wide enough.

    >>> shift(np.array([1, 2]), (0.0, 0.7, 0.5, 0.0), Widths((1.0, 2.0))).tolist()
    [0.0, 0.75]
    """
    first = widths.quarters[0] ** 2
    found = (widen(ahead, widths.quarters) ** 2 - first) * deviation(ahead, noise) ** 2
    if widths.years:
        years = -(-ahead // 4)
        each = np.array([yearly_deviation(int(y), noise) if y else 0.0 for y in years])
        found = np.maximum(found, (widen(years, widths.years) ** 2 - first) * each**2)
    return np.maximum.accumulate(np.maximum(found, 0))


def widen(ahead: np.ndarray, factors: tuple[float, ...]) -> np.ndarray:
    """Return the factor at some steps ahead; beyond the last known its square grows with time.

    >>> widen(np.array([1, 2, 8]), (1.0, 2.0)).tolist()
    [1.0, 2.0, 4.0]
    """
    last = len(factors)
    known = np.array(factors)[np.clip(ahead, 1, last) - 1]
    factor: np.ndarray = known * np.sqrt(np.maximum(np.asarray(ahead) / last, 1.0))
    return factor


def split(covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Split a covariance into `MODES` smooth components and what they leave on the diagonal.

    >>> smooth, white = split(np.diag([4.0, 9.0]))
    >>> (smooth**2).sum(axis=0).tolist(), white.tolist()
    ([4.0, 9.0], [0.0, 0.0])
    """
    count = len(covariance)
    values, vectors = np.linalg.eigh(covariance)
    kept = min(MODES, count)
    top = vectors[:, ::-1][:, :kept] * np.sqrt(np.maximum(values[::-1][:kept], 0))
    top *= np.where(top.sum(axis=0) < 0, -1, 1)  # the sign of an eigenvector is the library's whim
    smooth = np.zeros((MODES, count))
    smooth[:kept] = top.T
    rest = np.maximum(np.diag(covariance) - (smooth**2).sum(axis=0), 0)
    return smooth, np.sqrt(rest)
