"""The inner loops of `simulate` compiled by numba (extra ``fast``): equal within one bin."""

from __future__ import annotations

import numba
import numpy as np

from energy.projection import ramp, simulate

_ONE, _ZERO = np.float32(1), np.float32(0)


@numba.njit(
    nogil=True, fastmath={"contract", "nsz", "arcp", "reassoc"}, cache=True, error_model="numpy"
)
def _fill(
    base, added, noise, white, cap, modes, jitter, start, pace, first, second, last, kept, how, out
):
    count, n = out.shape
    new, broken, again = how & 1, how & 2, how & 4
    for p in range(count):
        b, a, w, top = base[p], added[p], white[p], cap[p]
        c0, c1, c2, c3 = noise[0, p], noise[1, p], noise[2, p], noise[3, p]
        quarter = np.float32(p)
        row, shift = out[p], jitter[p : p + n]
        m0, m1, m2, m3 = modes[0], modes[1], modes[2], modes[3]
        if new:
            middle = quarter + np.float32(0.5)
            for d in range(n):
                climbed = min(max((middle - start[d]) * pace[d], _ZERO), _ONE)
                x = _ONE + c0 * m0[d] + c1 * m1[d] + c2 * m2[d] + c3 * m3[d] + w * shift[d]
                row[d] = x * (b + a * climbed)
        else:
            for d in range(n):
                x = _ONE + c0 * m0[d] + c1 * m1[d] + c2 * m2[d] + c3 * m3[d] + w * shift[d]
                row[d] = x * b
        if again:
            for d in range(n):
                on = min(max(first[d] - quarter, _ZERO), _ONE)
                back = min(max(quarter + _ONE - second[d], _ZERO), _ONE)
                on += kept[d] * back * min(max(last[d] - quarter, _ZERO), _ONE)
                row[d] *= on
        elif broken:
            for d in range(n):
                row[d] *= min(max(first[d] - quarter, _ZERO), _ONE)
        for d in range(n):
            row[d] = min(max(row[d], _ZERO), top)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def _count(cells, scale, counts, room, halves):
    count, n = cells.shape
    for p in range(count):
        row, factor, into = cells[p], scale[p], counts[p]
        for d in range(n):
            room[d] = np.int32(row[d] * factor)
        halves[:] = 0
        for d in range(0, n - 3, 4):  # four tables: a counter that is hit twice in a row waits
            halves[0, room[d]] += 1
            halves[1, room[d + 1]] += 1
            halves[2, room[d + 2]] += 1
            halves[3, room[d + 3]] += 1
        for d in range(n - n % 4, n):
            halves[0, room[d]] += 1
        for b in range(halves.shape[1]):
            into[b] += halves[0, b] + halves[1, b] + halves[2, b] + halves[3, b]


def fill(
    spec: ramp.RouteSpec, modes: np.ndarray, jitter: np.ndarray, at: simulate.Switches,
    out: np.ndarray, spare: np.ndarray,
) -> None:  # fmt: skip
    """Write the flows of one route into `out`; see `energy.projection.simulate.fill`."""
    count = len(out)
    how = int(bool(spec.added.any())) + 2 * int(at.first.min() < count)
    how += 4 * int(bool(how & 2) and bool(((at.second < count) & (at.kept > 0)).any()))
    _fill(spec.base, spec.added, spec.noise, spec.white, spec.cap, np.ascontiguousarray(modes), jitter,
          at.start, at.pace, at.first, at.second, at.last, at.kept, how, out)  # fmt: skip


def count_bins(
    cells: np.ndarray, bounds: np.ndarray, counts: np.ndarray, index: np.ndarray
) -> None:
    """Add cells to the counts of their bins; see `energy.projection.simulate.count_bins`."""
    scale = simulate._EDGE * simulate._inverse(bounds)
    room = index.view(np.int32)
    halves = room[cells.shape[1] : cells.shape[1] + 4 * simulate.BINS].reshape(4, simulate.BINS)
    _count(cells, scale, counts, room[: cells.shape[1]], halves)
