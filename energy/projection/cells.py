"""What the engine and its compiled kernels share: bins, strips, and when things happen in a draw.

`simulate` draws and counts with these, `fast` does the same in numba; neither asks the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

BINS = 1024  # a draw in a bin is known to a thousandth of the ceiling
STRIP = 16
"""Quarters worked on at a time."""
EDGE = np.float32(BINS * (1 - 2.0**-20))
"""Bins over the upper end, held just below their number so that the end is in the last one."""
TINY = 1e-20
"""Ceilings below this are none."""


@dataclass(frozen=True)
class Switches:
    """When things happen in each draw, in quarters: arrays (n,) of float32.

    Flow stands whole until `first`; from `second` to `last` the share `kept` of it flows. What
    is added begins at `start` and climbs for 1 / `pace` quarters.
    """

    start: np.ndarray
    pace: np.ndarray
    first: np.ndarray
    second: np.ndarray
    last: np.ndarray
    kept: np.ndarray


def first_cells(flat: np.ndarray, count: int, n: int) -> np.ndarray:
    """Return the first (count, n) cells of a flat array: contiguous whatever n is."""
    return flat[: count * n].reshape(count, n)


def inverse(bounds: np.ndarray) -> np.ndarray:
    """Return 1 over the ceilings, 0 where there is none.

    >>> inverse(np.array([4, 0], dtype=np.float32)).tolist()
    [0.25, 0.0]
    """
    found: np.ndarray = np.divide(
        np.float32(1), bounds, out=np.zeros_like(bounds), where=bounds > TINY
    )
    return found
