"""The inner loops of `simulate` compiled by numba (extra ``fast``): equal within one bin.

A row of one quarter is made, summed and counted while it lies in the nearest cache.
"""

from __future__ import annotations

import numba
import numpy as np

from energy.projection import ramp
from energy.projection.cells import BINS, EDGE, Switches, inverse

Array = np.ndarray

# float32, so that nothing widens
_ONE, _ZERO, _HALF = np.float32(1), np.float32(0), np.float32(0.5)
# just below the largest float32: stands for no ceiling
_FAR = np.float32(3e38)
_FAST = {"contract", "nsz", "arcp", "reassoc"}


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _switches(
    uniform: Array, frailty: Array, starts: Array, ramps: Array, whole: bool,
    numbers: tuple[np.float32, ...], out: Array,
) -> None:  # fmt: skip
    since, halting, low, span, lapse, restarting, keep = numbers
    # a uniform number of 1 would pick the place after the last
    far, near = np.float32(np.inf), np.float32(1 - 2.0**-20)
    for d in range(len(frailty)):
        start = starts[int(uniform[0, d] * (near * np.float32(len(starts))))]
        origin = since if whole else max(start, since)
        halt = origin - np.log(_ONE - uniform[2, d]) / (halting * frailty[d])
        back = halt - np.log(_ONE - uniform[4, d]) / restarting
        end = low + span * (uniform[3, d] / lapse) if uniform[3, d] < lapse else far
        cut, inside = halt < end, back < end
        out[0, d] = start
        out[1, d] = _ONE / ramps[int(uniform[1, d] * (near * np.float32(len(ramps))))]
        out[2, d] = halt if cut else end
        out[3, d] = back if cut else end
        out[4, d] = (end if inside else far) if cut else halt
        out[5, d] = _ONE if cut and inside else keep


@numba.njit(nogil=True, fastmath=_FAST, cache=True, error_model="numpy")
def _noisy(p: int, noise: Array, w: float, modes: Array, jitter: Array, row: Array) -> None:
    c0, c1, c2, c3 = noise[0, p], noise[1, p], noise[2, p], noise[3, p]
    m0, m1, m2, m3, shift = modes[0], modes[1], modes[2], modes[3], jitter[p : p + len(row)]
    for d in range(len(row)):
        row[d] = _ONE + c0 * m0[d] + c1 * m1[d] + c2 * m2[d] + c3 * m3[d] + w * shift[d]


@numba.njit(nogil=True, fastmath=_FAST, cache=True, error_model="numpy")
def _interrupted(quarter: np.float32, dates: tuple[Array, ...], again: bool, row: Array) -> None:
    first, second, last, kept = dates[2], dates[3], dates[4], dates[5]
    if again:
        for d in range(len(row)):
            on = min(max(first[d] - quarter, _ZERO), _ONE)
            back = min(max(quarter + _ONE - second[d], _ZERO), _ONE)
            row[d] *= on + kept[d] * back * min(max(last[d] - quarter, _ZERO), _ONE)
    else:
        for d in range(len(row)):
            row[d] *= min(max(first[d] - quarter, _ZERO), _ONE)


@numba.njit(nogil=True, fastmath=_FAST, cache=True, error_model="numpy")
def _held(row: Array, top: np.float32, factor: np.float32, bins: Array) -> np.float32:
    """Hold a row between nought and its ceiling, find its bins, and return its sum."""
    total = _ZERO
    for d in range(len(row)):
        held = min(max(row[d], _ZERO), top)
        row[d] = held
        total += held
        bins[d] = np.uint16(held * factor)
    return total


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _binned(bins: Array, into: Array, tables: Array) -> None:
    n = len(bins)
    tables[:] = 0
    for d in range(0, n - 3, 4):  # four tables: a counter that is hit twice in a row waits
        tables[0, bins[d]] += 1
        tables[1, bins[d + 1]] += 1
        tables[2, bins[d + 2]] += 1
        tables[3, bins[d + 3]] += 1
    for d in range(n - n % 4, n):
        tables[0, bins[d]] += 1
    for b in range(len(into)):
        into[b] += tables[0, b] + tables[1, b] + tables[2, b] + tables[3, b]


@numba.njit(nogil=True, fastmath=_FAST, cache=True, error_model="numpy")
def _draw(
    base: Array, added: Array, noise: Array, white: Array, cap: Array, modes: Array, jitter: Array,
    dates: tuple[Array, ...], soonest: tuple[float, float, float], out: Array, scale: Array,
    counts: Array, sums: Array, bins: Array, tables: Array,
) -> None:  # fmt: skip
    climbs, broken, again = soonest
    start, pace = dates[0], dates[1]
    for p in range(len(out)):
        b, a, row, quarter = base[p], added[p], out[p], np.float32(p)
        _noisy(p, noise, white[p], modes, jitter, row)
        if climbs <= p:
            for d in range(len(row)):
                climbed = min(max((quarter + _HALF - start[d]) * pace[d], _ZERO), _ONE)
                row[d] *= b + a * climbed
        else:
            for d in range(len(row)):
                row[d] *= b
        if broken < p + 1:
            _interrupted(quarter, dates, again < p + 1, row)
        sums[p] = _held(row, cap[p], scale[p], bins)
        _binned(bins, counts[p], tables)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _count(
    cells: Array, scale: Array, counts: Array, sums: Array, bins: Array, tables: Array
) -> None:
    for p in range(len(cells)):
        sums[p] = _held(cells[p], _FAR, scale[p], bins)
        _binned(bins, counts[p], tables)


def switches(spec: ramp.RouteSpec, uniform: np.ndarray, frailty: np.ndarray) -> Switches:
    """Turn five uniform numbers a draw into dates; see `energy.projection.simulate.switches`."""
    low, high = spec.end
    span = high - low if np.isfinite(low) else 0.0
    # no hazard and no lapse are 0: they must not divide, see `simulate.switches`
    numbers = (spec.since, max(spec.halt, 1e-12), low, span, max(spec.lapse, 1e-6),
               max(spec.restart, 1e-12), spec.keep)  # fmt: skip
    out = np.empty((6, len(frailty)), dtype=np.float32)  # the six fields of `cells.Switches`
    _switches(np.ascontiguousarray(uniform), frailty, spec.start, spec.ramp, bool(spec.base.any()),
              tuple(np.float32(number) for number in numbers), out)  # fmt: skip
    return Switches(*out)


def draw(
    spec: ramp.RouteSpec, modes: np.ndarray, jitter: np.ndarray, at: Switches, out: np.ndarray,
    spare: np.ndarray, bounds: np.ndarray, counts: np.ndarray, index: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Write, sum and count the flows of one route; see `energy.projection.simulate.draw`."""
    sums = np.empty(len(out), dtype=np.float32)
    dates = (at.start, at.pace, at.first, at.second, at.last, at.kept)
    back = at.second[at.kept > 0]
    soonest = (  # quarters from which anything climbs, is cut, and is back
        0.0 if spec.added.any() else np.inf,
        float(at.first.min()),
        float(back.min(initial=np.inf)),
    )
    _draw(spec.base, spec.added, spec.noise, spec.white, spec.cap, np.ascontiguousarray(modes), jitter,
          dates, soonest, out, _scale(bounds), counts, sums, *_views(index, out.shape[1]))  # fmt: skip
    return sums


def count_bins(
    cells: np.ndarray, bounds: np.ndarray, counts: np.ndarray, index: np.ndarray
) -> np.ndarray:
    """Sum and count cells; see `energy.projection.simulate.count_bins`."""
    sums = np.empty(len(cells), dtype=np.float32)
    _count(cells, _scale(bounds), counts, sums, *_views(index, cells.shape[1]))
    return sums


def _scale(bounds: np.ndarray) -> np.ndarray:
    return EDGE * inverse(bounds)


def _views(index: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the views for a row of bins, and four tables; a block is shorter than 2 ** 16 draws."""
    bins = index.view(np.uint16)
    return bins[:n], bins[n : n + 4 * BINS].reshape(4, BINS)
