"""Solve a symmetric system whose blocks form a chain: one block a year, coupled at New Year.

Aggregates of a year tie its months to each other and persistence ties December to January, so the
normal matrix of the balance is block tridiagonal. Eliminating year by year is the information form
of a Kalman filter, running back is the smoother (Rauch, Tung and Striebel 1965), and the blocks of
the inverse come with it: exact variances, nothing sampled. The few rows that reach over two
years are added by Woodbury's identity.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import lapack

from energy.errors import EnergyError


class Chain:
    """The factorised normal matrix.

    Parameters
    ----------
    blocks : list of ndarray, shape (n_k, n_k)
        Diagonal blocks.
    joints : list of ndarray, shape (f, f)
        Coupling of the last `f` coordinates of block k with the first `f` of block k + 1.
    across : ndarray, shape (rows, n), optional
        Rows over several blocks.
    weights : ndarray, shape (rows,), optional
        Their weights.
    """

    def __init__(
        self,
        blocks: list[np.ndarray],
        joints: list[np.ndarray],
        across: np.ndarray | None = None,
        weights: np.ndarray | None = None,
    ) -> None:
        self.joints = joints
        self.edges = np.cumsum([0, *(len(block) for block in blocks)])
        self.factors: list[np.ndarray] = []
        self.gains: list[np.ndarray] = []
        for k, block in enumerate(blocks):
            if k:
                f = len(joints[k - 1])
                block = block.copy()
                block[:f, :f] -= joints[k - 1].T @ self.gains[-1][-f:]
            self.factors.append(_factor(block, k))
            if k < len(joints):
                self.gains.append(self._gain(k))
        self.across = np.zeros((0, self.edges[-1])) if across is None else across
        self.reach = self._solve(self.across.T)
        spare = np.zeros(0) if weights is None else weights
        inner = np.diag(1 / spare) + self.across @ self.reach if len(spare) else np.zeros((0, 0))
        self.inner = np.linalg.inv(inner)

    def _gain(self, k: int) -> np.ndarray:
        """Return the inverse of block k applied to its joint with the next."""
        f = len(self.joints[k])
        tail = np.zeros((len(self.factors[k]), f))
        tail[-f:] = self.joints[k]
        return _back(self.factors[k], tail)

    def solve(self, right: np.ndarray) -> np.ndarray:
        """Return the solution for one right side, shape (n,), or several, shape (n, m)."""
        plain = self._solve(right)
        return np.asarray(plain - self.reach @ (self.inner @ (self.across @ plain)))

    def _solve(self, right: np.ndarray) -> np.ndarray:
        parts = [right[a:b] for a, b in zip(self.edges[:-1], self.edges[1:], strict=True)]
        forward: list[np.ndarray] = []
        for k, part in enumerate(parts):
            if k:
                part = part.copy()
                f = len(self.joints[k - 1])
                part[:f] -= self.joints[k - 1].T @ forward[-1][-f:]
            forward.append(_back(self.factors[k], part))
        for k in reversed(range(len(parts) - 1)):
            f = len(self.joints[k])
            forward[k] = forward[k] - self.gains[k] @ forward[k + 1][:f]
        return np.concatenate(forward)

    def covariance(self) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the blocks of the inverse on the diagonal, and those above it.

        The second list holds block (k, k + 1) for the first `n_k` rows and all columns.
        """
        own = [_inverse(self.factors[-1])]
        beside: list[np.ndarray] = []
        for k in reversed(range(len(self.factors) - 1)):
            f, gain = len(self.joints[k]), self.gains[k]
            beside.insert(0, -gain @ own[0][:f])
            own.insert(0, _inverse(self.factors[k]) + gain @ own[0][:f, :f] @ gain.T)
        if not len(self.across):
            return own, beside
        reach = [self.reach[a:b] for a, b in zip(self.edges[:-1], self.edges[1:], strict=True)]
        own = [c - r @ self.inner @ r.T for c, r in zip(own, reach, strict=True)]
        beside = [c - r @ self.inner @ s.T
                  for c, r, s in zip(beside, reach[:-1], reach[1:], strict=True)]  # fmt: skip
        return own, beside


def _factor(block: np.ndarray, year: int) -> np.ndarray:
    """Return the lower Cholesky factor."""
    factor, fault = lapack.dpotrf(block, lower=1, overwrite_a=1)
    if fault:
        raise EnergyError(f"Year {year} of the balance has no unique answer: an arc has neither a "
                          "figure nor a prior. Give it a spread in balance_arcs.csv.")  # fmt: skip
    return np.asarray(factor)


def _back(factor: np.ndarray, right: np.ndarray) -> np.ndarray:
    return np.asarray(lapack.dpotrs(factor, right, lower=1)[0].reshape(right.shape))


def _inverse(factor: np.ndarray) -> np.ndarray:
    lower = np.asarray(lapack.dpotri(factor, lower=1)[0])
    whole = np.tril(lower)
    return np.asarray(whole + np.tril(lower, -1).T)
