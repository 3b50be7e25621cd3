"""Free coordinates of the flows month by month, and the normal matrix over them.

In each month the flows of the open arcs that conserve gas are ``basis @ z``; an arc that is shut
for the whole month has no coordinate and carries nothing.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from energy.balance.chain import Border, Chain
from energy.balance.measurements import Measurements
from energy.balance.system import System, kernel

if TYPE_CHECKING:  # imported where it is solved: a balance that is kept needs no solver
    import scipy.sparse as sp


@dataclasses.dataclass(frozen=True)
class Frame:
    """The coordinates.

    Attributes
    ----------
    bases : list of ndarray, shape (arcs, f_t)
        Per month: a basis of the flows that conserve gas through the arcs open then.
    edges : ndarray of int, shape (months + 1,)
        Where each month begins among the coordinates.
    into : sparse matrix, shape (months * arcs, coordinates)
        Coordinates to flows, month by month.

    Examples
    --------
    >>> import datetime as dt
    >>> from energy import facts
    >>> from energy.balance.system import system
    >>> frame = Frame.of(system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1)))
    >>> len(frame.bases), frame.into.shape[1] == frame.edges[-1]
    (12, np.True_)
    """

    bases: list[np.ndarray]
    edges: np.ndarray
    into: sp.csr_matrix

    @classmethod
    def of(cls, net: System) -> Frame:
        """Return the coordinates of a system.

        Examples
        --------
        >>> import datetime as dt
        >>> from energy import facts
        >>> from energy.balance.system import system
        >>> frame = Frame.of(system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1)))
        >>> len(frame.edges)
        13
        """
        import scipy.sparse as sp

        known: dict[bytes, np.ndarray] = {}
        bases = []
        for shut in (net.weight == 0).T:
            name = shut.tobytes()
            if name not in known:
                known[name] = net.null @ kernel(net.null[shut])
            bases.append(known[name])
        edges = np.cumsum([0, *(basis.shape[1] for basis in bases)])
        return cls(bases, edges, sp.block_diag([sp.csr_matrix(base) for base in bases], "csr"))

    def flow(self, coordinates: np.ndarray) -> np.ndarray:
        """Return flows, shape (arcs, months).

        Examples
        --------
        >>> import datetime as dt
        >>> from energy import facts
        >>> from energy.balance.system import system
        >>> net = system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1))
        >>> frame = Frame.of(net)
        >>> frame.flow(np.zeros(frame.edges[-1])).shape == (len(net.arcs), 12)
        True
        """
        return np.asarray((self.into @ coordinates).reshape(len(self.bases), -1).T)

    def gather(self, chosen: np.ndarray) -> np.ndarray:
        """Return a weight of each flow, shape (arcs, months), as weights of the coordinates.

        Examples
        --------
        >>> import datetime as dt
        >>> from energy import facts
        >>> from energy.balance.system import system
        >>> net = system(facts.load(), dt.date(2021, 12, 31), dt.date(2021, 1, 1))
        >>> frame = Frame.of(net)
        >>> frame.gather(np.ones((len(net.arcs), 12))).shape == (frame.edges[-1],)
        True
        """
        return np.asarray(self.into.T @ chosen.T.ravel())


def matrix(told: Measurements, arcs: int, months: int) -> sp.csr_matrix:
    """Return the measurements as a matrix over the flows, month by month.

    Examples
    --------
    >>> import pandas as pd
    >>> one = (np.array([0, 1]), np.array([0, 0]), np.array([1.0, -1.0]))
    >>> told = Measurements(pd.DataFrame({"value": [2.0]}), [one], pd.DataFrame())
    >>> matrix(told, arcs=2, months=1).toarray().tolist()
    [[1.0, -1.0]]
    """
    import scipy.sparse as sp

    sizes = [len(places) for places, *_ in told.cells]
    rows = np.repeat(np.arange(len(told)), sizes)
    columns = np.concatenate([np.zeros(0, int), *(m * arcs + a for a, m, _ in told.cells)])
    data = np.concatenate([np.zeros(0), *(weights for *_, weights in told.cells)])
    return sp.csr_matrix((data, (rows, columns)), shape=(len(told), months * arcs))


class Normal:
    """The normal matrix in blocks of some months.

    Parameters
    ----------
    frame : Frame
    rows : sparse matrix, shape (rows, coordinates)
        The measurements.
    step : int
        Months of a block.
    """

    def __init__(self, frame: Frame, rows: sp.csr_matrix, step: int) -> None:
        import scipy.sparse as sp

        self.frame, self.step = frame, step
        self.edges = frame.edges[::step]
        columns = sp.csc_matrix(rows)
        first, last = (self._blocks_of(rows, end) for end in (np.minimum, np.maximum))
        self.own = [np.flatnonzero((first == last) & (first == k))
                    for k in range(len(self.edges) - 1)]  # fmt: skip
        self.body = [
            columns[:, a:b][mine].toarray()
            for a, b, mine in zip(self.edges[:-1], self.edges[1:], self.own, strict=True)
        ]
        self.wide = np.flatnonzero(first != last)
        self.border = Border.of(rows[self.wide], self.edges.tolist())

    def _blocks_of(self, rows: sp.csr_matrix, end: np.ufunc) -> np.ndarray:
        """Return the first or last block of each row; a row of zeros belongs to the first."""
        found = np.zeros(rows.shape[0], dtype=int)
        full = np.flatnonzero(np.diff(rows.indptr))
        if len(full):
            places = np.searchsorted(self.edges, rows.indices, side="right") - 1
            found[full] = end.reduceat(places, rows.indptr[full])
        return found

    def chain(self, weights: np.ndarray, diagonal: np.ndarray, beside: np.ndarray) -> Chain:
        """Return the factorised normal matrix.

        Parameters
        ----------
        weights : ndarray, shape (rows,)
            Of the measurements, above 0.
        diagonal, beside : ndarray, shape (arcs, months)
            Of the prior: of each flow, 0 or more, and of it with the next month's.
        """
        bases, edges = self.frame.bases, self.frame.edges
        blocks, joints = [], []
        roots, spread = np.sqrt(weights), np.sqrt(diagonal)  # of a square, half is worked out
        for k, (mine, body) in enumerate(zip(self.own, self.body, strict=True)):
            scaled = body * roots[mine][:, None]
            block = scaled.T @ scaled
            begin = k * self.step
            for month in range(begin, begin + self.step):
                here = slice(edges[month] - edges[begin], edges[month + 1] - edges[begin])
                scaled = spread[:, month, None] * bases[month]
                block[here, here] += scaled.T @ scaled
                if month + 1 == len(bases):
                    continue
                tie = bases[month].T @ (beside[:, month, None] * bases[month + 1])
                if month + 1 == begin + self.step:
                    joints.append(tie)
                    continue
                there = slice(here.stop, here.stop + tie.shape[1])
                block[here, there] += tie
                block[there, here] += tie.T
            blocks.append(block)
        return Chain(blocks, joints, self.border, weights[self.wide])
