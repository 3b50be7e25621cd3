"""Bounds that no flow can keep all at once, and the fewest of them that already clash.

Figures have errors and can always be met in part; bounds and the conservation of gas are hard. Where
they leave no flow, an elastic programme finds the rows that bear the conflict and a deletion
filter drops each without which it stays (Chinneck and Dravnieks 1991): what is left is
irreducible, without any one of its bounds the others could be kept.
"""

from __future__ import annotations

import datetime as dt

import numpy as np

from energy.balance.system import System
from energy.errors import DataError

Row = tuple[int, float, float]  # arc; +1 and the largest flow, or -1 and the smallest with its sign


def check(net: System, bases: list[np.ndarray]) -> None:
    """Refuse a system in which no flow keeps all bounds in some month.

    Parameters
    ----------
    net : System
    bases : list of ndarray, shape (arcs, f_t)
        Per month: a basis of the flows that conserve gas.

    Raises
    ------
    DataError
        Naming an irreducible set of bounds that clash, and the first month in which they do.
    """
    asks = (net.low > 0).any(0) | (net.high < 0).any(0)  # elsewhere no flow at all keeps them
    for month in np.flatnonzero(asks):
        rows = [*_rows(net.high[:, month], 1.0), *_rows(-net.low[:, month], -1.0)]
        # a rest below 1e-9 bcm is the solver's rounding; chosen by hand
        if _lack(bases[month], rows)[0] > 1e-9:
            least = smallest(bases[month], rows)
            raise DataError("balance_arcs.csv", [_message(net, net.months[month], least)])


def _rows(limits: np.ndarray, sign: float) -> list[Row]:
    return [(int(a), sign, float(limits[a])) for a in np.flatnonzero(np.isfinite(limits))]


def _lack(basis: np.ndarray, rows: list[Row]) -> tuple[float, np.ndarray]:
    """Return by how much bounds must give way at least, and what each bears of the conflict."""
    from scipy.optimize import linprog

    body = np.array([sign * basis[arc] for arc, sign, _ in rows])
    elastic = np.hstack([body, -np.eye(len(rows))])
    cost = np.concatenate([np.zeros(basis.shape[1]), np.ones(len(rows))])
    free = [(None, None)] * basis.shape[1] + [(0, None)] * len(rows)
    limits = [limit for *_, limit in rows]
    made = linprog(cost, A_ub=elastic, b_ub=limits, bounds=free, method="highs")
    return float(made.fun), np.asarray(-made.ineqlin.marginals)


def smallest(basis: np.ndarray, rows: list[Row]) -> list[Row]:
    """Return rows that clash, and of which no one can be spared.

    Examples
    --------
    A pipe that must carry 3 into a pipe that takes 1; a third pipe has no part in it.

    >>> smallest(np.array([[1.0], [1.0], [1.0]]), [(0, -1, -3.0), (1, 1, 1.0), (2, 1, 9.0)])
    [(0, -1, -3.0), (1, 1, 1.0)]
    """
    # a force below 1e-9 is the solver's rounding, as above
    left = [row for row, force in zip(rows, _lack(basis, rows)[1], strict=True) if force > 1e-9]
    for row in list(left):
        spared = [other for other in left if other is not row]
        if spared and _lack(basis, spared)[0] > 1e-9:  # the solver's rounding
            left = spared
    return left


def _message(net: System, month: dt.date, rows: list[Row]) -> str:
    words = [
        f"'{net.arcs.index[arc]}' carries at {'most' if sign > 0 else 'least'} {sign * limit:.4g}"
        for arc, sign, limit in rows
    ]
    return (f"no flow keeps these bounds together in {month:%Y-%m} (bcm a month): "
            f"{'; '.join(words)}; change one of them")  # fmt: skip
