"""Solve a symmetric system whose blocks form a chain, with rows that reach over several blocks.

Persistence ties a month to the next, so the normal matrix of the balance is block tridiagonal but
for the figures that add up many months. Such a row is carried with its multiplier: it joins the
system at its first block and is eliminated after its last, so the front stays as narrow as the
months and the rows that are open there (a quasi-definite system: Vanderbei 1995). Eliminating block
by block is the information form of a Kalman filter, running back is the smoother
(Rauch, Tung and Striebel 1965), and the blocks of the inverse come with it (Takahashi, Fagan and
Chen 1973): exact variances, nothing sampled.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
from collections.abc import Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np

from energy.errors import EnergyError

if TYPE_CHECKING:  # imported where it is solved: a balance that is kept needs no solver
    import scipy.sparse as sp


def one_thread() -> contextlib.AbstractContextManager[Any]:
    """Return a context in which the linear algebra uses one thread: the blocks are too small for more.

    On a busy machine the threads of a small product wait for each other a hundred times as long
    as it takes.

    Examples
    --------
    >>> with one_thread():
    ...     np.eye(2) @ np.ones(2)
    array([1., 1.])
    """
    if find_spec("threadpoolctl") is None:
        return contextlib.nullcontext()
    import scipy.linalg  # noqa: F401  only what is loaded is limited, and scipy has a BLAS of its own
    from threadpoolctl import threadpool_limits

    held: contextlib.AbstractContextManager[Any] = threadpool_limits(1, "blas")
    return held


@dataclasses.dataclass(frozen=True)
class Border:
    """Rows over several blocks, as each block meets them.

    Attributes
    ----------
    rows : list of ndarray of int
        Per block: the rows open there, those carried from the block before first.
    carried : list of int
        Per block: how many of them were open before.
    body : list of ndarray, shape (open rows, n_k)
        Per block: their coefficients.
    ends : list of ndarray of bool
        Per block: which of them end there.

    Examples
    --------
    >>> border = Border.of(np.array([[1.0, 0.0, 2.0]]), [0, 1, 3])
    >>> [rows.tolist() for rows in border.rows]
    [[0], [0]]
    """

    rows: list[np.ndarray]
    carried: list[int]
    body: list[np.ndarray]
    ends: list[np.ndarray]

    @classmethod
    def of(cls, across: Any, edges: Sequence[int]) -> Border:
        """Cut rows, shape (rows, n), dense or sparse, at the edges of the blocks.

        Examples
        --------
        >>> border = Border.of(np.array([[1.0, 0.0, 2.0]]), [0, 1, 3])
        >>> border.carried
        [0, 1]
        """
        import scipy.sparse as sp

        table = sp.csr_matrix(across)
        cut = np.asarray(edges)
        spans = [_span(table, row, cut) for row in range(table.shape[0])]
        first = np.array([a for a, _ in spans], dtype=int)
        last = np.array([b for _, b in spans], dtype=int)
        columns = table.tocsc()
        made = cls([], [], [], [])
        rest = np.zeros(0, dtype=int)
        for k in range(len(cut) - 1):
            here = np.concatenate([rest, np.flatnonzero(first == k)])
            made.rows.append(here)
            made.carried.append(len(rest))
            made.body.append(columns[:, cut[k] : cut[k + 1]][here].toarray())
            made.ends.append(last[here] == k)
            rest = here[last[here] > k]
        return made


def _span(table: sp.csr_matrix, row: int, edges: np.ndarray) -> tuple[int, int]:
    """Return the first and last block of a row; a row of zeros belongs to the first block."""
    columns = table.indices[table.indptr[row] : table.indptr[row + 1]]
    if not len(columns):
        return 0, 0
    ends = np.searchsorted(edges, [columns.min(), columns.max()], side="right") - 1
    return int(ends[0]), int(ends[1])


@dataclasses.dataclass(frozen=True)
class _Step:
    """What the elimination of a block leaves.

    Attributes
    ----------
    factor : ndarray, shape (n, n)
        Cholesky factor of the block.
    half : ndarray, shape (n, t + m)
        The factor's inverse applied to the ties with the next block (t) and with the open rows (m).
    ended, rest : ndarray of int
        Positions among the ties of the rows that end here, and of all others.
    inner : ndarray, shape (e, e)
        Inverse of the pivot of the rows that end here.
    pass_on : ndarray, shape (e, rest)
        The pivot's inverse applied to the ties of those rows with the rest.
    """

    factor: np.ndarray
    half: np.ndarray
    ended: np.ndarray
    rest: np.ndarray
    inner: np.ndarray
    pass_on: np.ndarray


class Chain:
    """The factorised normal matrix.

    Parameters
    ----------
    blocks : list of ndarray, shape (n_k, n_k)
        Diagonal blocks; they are overwritten.
    joints : list of ndarray, shape (a_k, b_k)
        Coupling of the last `a_k` coordinates of block k with the first `b_k` of block k + 1.
    border : Border, optional
        Rows over several blocks.
    weights : ndarray, shape (rows,), optional
        Their weights, above 0.

    Raises
    ------
    EnergyError
        If the matrix is not positive definite.

    Examples
    --------
    >>> blocks, joints = [np.eye(1) * 2, np.eye(1) * 2], [np.array([[1.0]])]
    >>> Chain(blocks, joints).solve(np.array([3.0, 3.0])).round(9).tolist()  # 2x + y = x + 2y = 3
    [1.0, 1.0]
    """

    def __init__(
        self,
        blocks: list[np.ndarray],
        joints: list[np.ndarray],
        border: Border | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        import scipy.sparse as sp

        self.edges = np.cumsum([0, *(len(block) for block in blocks)])
        self.border = Border.of(sp.csr_matrix((0, self.edges[-1])), self.edges.tolist()) \
            if border is None else border  # fmt: skip
        self.ties = [joint.shape[1] for joint in joints] + [0]
        spare = np.zeros(0) if weights is None else weights
        self.steps: list[_Step] = []
        left = np.zeros((0, 0))
        for k, block in enumerate(blocks):
            joint = joints[k] if k < len(joints) else np.zeros((0, 0))
            left = self._eliminate(k, block, joint, left, spare)

    def _eliminate(
        self, k: int, block: np.ndarray, joint: np.ndarray, left: np.ndarray, weights: np.ndarray
    ) -> np.ndarray:
        """Eliminate a block and the rows that end in it; return what is left on its ties."""
        rows, carried = self.border.rows[k], self.border.carried[k]
        head = len(left) - carried
        body, t, m = self.border.body[k].copy(), joint.shape[1], len(rows)
        block[:head, :head] += left[:head, :head]
        body[:carried, :head] += left[head:, :head]
        # laid as the solver has it, so that nothing is copied
        right = np.zeros((len(block), t + m), order="F")
        if t:
            right[-len(joint) :, :t] = joint
        right[:, t:] = body.T
        factor = _factor(block, k)
        half = _halfway(factor, right)
        own = -(half.T @ half)
        own[t : t + carried, t : t + carried] += left[head:, head:]
        new = np.arange(t + carried, t + m)
        own[new, new] -= 1 / weights[rows[carried:]]
        ends = self.border.ends[k]
        ended = t + np.flatnonzero(ends)
        rest = np.concatenate([np.arange(t), t + np.flatnonzero(~ends)])
        pivot = own[np.ix_(ended, ended)]  # negative definite
        inner = -_inverse(_factor(-pivot, -1)) if len(pivot) else pivot
        ties = own[np.ix_(ended, rest)]
        pass_on = inner @ ties
        self.steps.append(_Step(factor, half, ended, rest, inner, pass_on))
        return np.asarray(own[np.ix_(rest, rest)] - ties.T @ pass_on)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return the solution for one right side, shape (n,), or several, shape (n, m).

        Examples
        --------
        >>> made = Chain([np.eye(1) * 4, np.eye(1) * 5], [np.array([[0.0]])])
        >>> made.solve(np.array([8.0, 15.0])).round(9).tolist()
        [2.0, 3.0]
        """
        flat = right.reshape(len(right), -1)
        halves, ended = self._forward(flat)
        parts: list[np.ndarray] = [np.zeros(0)] * len(self.steps)
        ahead = np.zeros((0, flat.shape[1]))
        for k in reversed(range(len(self.steps))):
            step, t = self.steps[k], self.ties[k]
            ties = np.empty((step.half.shape[1], flat.shape[1]))
            ties[step.rest] = ahead
            ties[step.ended] = ended[k] - step.pass_on @ ahead
            parts[k] = _back(step.factor, halves[k] - step.half @ ties)
            if k:
                head, carried = self.ties[k - 1], self.border.carried[k]
                ahead = np.concatenate([parts[k][:head], ties[t : t + carried]])
        return np.concatenate(parts).reshape(right.shape)

    def _forward(self, right: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return each block's right side halfway to its solution, and that of the rows that end there."""
        halves: list[np.ndarray] = []
        ended: list[np.ndarray] = []
        left = np.zeros((0, right.shape[1]))
        for k, step in enumerate(self.steps):
            t, carried = self.ties[k], self.border.carried[k]
            head = len(left) - carried
            part = right[self.edges[k] : self.edges[k + 1]].copy()
            part[:head] += left[:head]
            halves.append(_halfway(step.factor, part))
            ties = -(step.half.T @ halves[-1])
            ties[t : t + carried] += left[head:]
            ended.append(step.inner @ ties[step.ended])
            left = ties[step.rest] - step.pass_on.T @ ties[step.ended]
        return halves, ended

    @functools.cached_property
    def covariance(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Blocks of the inverse: on the diagonal (k, k), and above it (k, k + 1).

        Examples
        --------
        >>> made = Chain([np.eye(1) * 4, np.eye(1) * 5], [np.array([[0.0]])])
        >>> own, beside = made.covariance
        >>> [round(block.item(), 9) for block in own]
        [0.25, 0.2]
        """
        own: list[np.ndarray] = []
        beside: list[np.ndarray] = []
        ahead = np.zeros((0, 0))  # of what this block is tied to
        next_ = np.zeros((0, 0))  # of that with the whole next block
        for k in reversed(range(len(self.steps))):
            step, t = self.steps[k], self.ties[k]
            gain = _back(step.factor, step.half)
            over = -step.pass_on @ ahead
            ties = np.empty((gain.shape[1],) * 2)
            ties[np.ix_(step.rest, step.rest)] = ahead
            ties[np.ix_(step.ended, step.rest)] = over
            ties[np.ix_(step.rest, step.ended)] = over.T
            ties[np.ix_(step.ended, step.ended)] = step.inner - over @ step.pass_on.T
            across = -gain @ ties
            if len(own):
                whole = np.empty((len(ties), next_.shape[1]))
                whole[step.rest] = next_
                whole[step.ended] = -step.pass_on @ next_
                beside.insert(0, -gain @ whole)
            own.insert(0, _inverse(step.factor) - across @ gain.T)
            if k:
                head, mine = self.ties[k - 1], slice(t, t + self.border.carried[k])
                ahead = np.block([[own[0][:head, :head], across[:head, mine]],
                                  [across[:head, mine].T, ties[mine, mine]]])  # fmt: skip
                next_ = np.concatenate([own[0][:head], across[:, mine].T])
        return own, beside


def _factor(block: np.ndarray, number: int) -> np.ndarray:
    """Return the lower Cholesky factor."""
    from scipy.linalg import lapack

    # a symmetric block is its transpose, which lies as the solver has it
    factor, fault = lapack.dpotrf(block.T, lower=1, overwrite_a=1)
    if fault:
        raise EnergyError(f"Block {number} of the balance has no unique answer: an arc has neither "
                          "a figure nor a prior. Give it a spread in balance_arcs.csv.")  # fmt: skip
    return np.asarray(factor)


def _halfway(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Return the factor's inverse applied to a right side."""
    from scipy.linalg import lapack

    return np.asarray(lapack.dtrtrs(factor, right, lower=1)[0].reshape(right.shape))


def _back(factor: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return the transposed factor's inverse applied to what is halfway."""
    from scipy.linalg import lapack

    return np.asarray(lapack.dtrtrs(factor, half, lower=1, trans=1)[0].reshape(half.shape))


def _inverse(factor: np.ndarray) -> np.ndarray:
    from scipy.linalg import lapack

    lower = np.asarray(lapack.dpotri(factor, lower=1)[0])
    whole = np.tril(lower)
    return np.asarray(whole + np.tril(lower, -1).T)
