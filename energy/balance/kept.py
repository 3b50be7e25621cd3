"""The balance as it is kept and asked: flows of arcs and markets by period, with their deviations.

Solving takes seconds, so what comes of it is kept under the digest of its inputs: in the package
for the facts as shipped, in the cache folder for anything else.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import io
import json
import logging
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from energy.balance import estimate
from energy.balance.estimate import Balance
from energy.balance.system import months_between
from energy.balance.verdicts import verdicts
from energy.facts import DATA

STEPS = {"M": 1, "Q": 3, "A": 12, "G": 12}
INPUTS = ("volumes", "balance-arcs", "balance-scopes", "balance-errors", "route-facts",
          "corrections")  # fmt: skip
EDITION = 1  # of the method: a change of it makes every kept result stale
SHIPPED = DATA / "balance.npz"

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Result:
    """Flows of arcs and of groups of markets.

    Attributes
    ----------
    names : list of str
        Arcs, then ``market:NAME`` and ``group:NAME`` sums, then ``exports``.
    months : list of date
    flow : ndarray, shape (names, months)
        bcm at 20 °C.
    low : ndarray, shape (names, months)
        Lower bound, bcm.
    deviation : dict of str to ndarray, shape (names, periods)
        Standard deviation of each period's sum by frequency: M, Q, A, G (gas years).
    known : int
        Position of the last month of history: of the quarter in which the newest figure ends.
    verdicts : DataFrame
        See `energy.balance.verdicts.verdicts`.
    left_out : DataFrame
        Figures that measure nothing here, with the reason.
    """

    names: list[str]
    months: list[dt.date]
    flow: np.ndarray
    low: np.ndarray
    deviation: dict[str, np.ndarray]
    known: int
    verdicts: pd.DataFrame
    left_out: pd.DataFrame

    def table(self, name: str, freq: str = "Q") -> pd.DataFrame:
        """Return one arc or sum by period.

        Returns
        -------
        DataFrame
            Index: first days; ``flow, p10, p90`` in bcm at 20 °C, for the whole periods of history.
        """
        row, step = self.names.index(name), STEPS[freq]
        starts = period_starts(self.months, freq)
        flow = np.array([self.flow[row, s : s + step].sum() for s in starts])
        low = np.array([self.low[row, s : s + step].sum() for s in starts])
        p10, p90 = interval(flow, self.deviation[freq][row], low)
        days = pd.DatetimeIndex([self.months[s] for s in starts])
        table = pd.DataFrame({"flow": flow, "p10": p10, "p90": p90}, index=days)
        return table[[s + step - 1 <= self.known for s in starts]]


def interval(
    flow: np.ndarray, deviation: np.ndarray, low: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return P10 and P90 of a normal estimate cut at a lower bound.

    The flow itself (the most likely value) never lies outside.

    Examples
    --------
    >>> p10, p90 = interval(np.array([5.0, 0.0]), np.array([1.0, 1.0]), np.array([0.0, 0.0]))
    >>> p10.round(2).tolist(), p90.round(2).tolist()
    ([3.72, 0.0], [6.28, 1.64])
    """
    from scipy.special import ndtr, ndtri

    width = np.maximum(deviation, 1e-12)
    beneath = ndtr((low - flow) / width)
    p10 = flow + width * ndtri(beneath + 0.1 * (1 - beneath))
    p90 = flow + width * ndtri(beneath + 0.9 * (1 - beneath))
    return np.minimum(p10, flow), np.maximum(p90, flow)


def period_starts(months: list[dt.date], freq: str) -> list[int]:
    """Return the positions of the first months of the whole periods."""
    offset, step = (9, 12) if freq == "G" else (0, STEPS[freq])
    return [s for s in range(offset, len(months), step) if s + step <= len(months)]


def condense(made: Balance) -> Result:
    """Sum a balance to what is kept: arcs and markets, each with its own deviation."""
    names, sums = groups(made.net.arcs)
    weights = sums @ made.net.null
    own, beside = made.chain.covariance()
    free = made.net.null.shape[1]
    cubes = [block.reshape(12, free, 12, free) for block in own]
    slack = sums**2 @ _one_sided(made)
    deviation = {}
    for freq, step in STEPS.items():
        columns = []
        for s in period_starts(made.net.months, freq):
            year, month = divmod(s, 12)
            inner = cubes[year][month : month + step, :, month : month + step].sum((0, 2))
            if freq == "G":
                over = beside[year].reshape(12, free, 12, free)[9:, :, :9].sum((0, 2))
                inner = inner + cubes[year + 1][:9, :, :9].sum((0, 2)) + over + over.T
            variance = np.einsum("nf,fg,ng->n", weights, inner, weights, optimize=True)
            columns.append(np.maximum(variance, 0) + slack[:, s : s + step].sum(1))
        deviation[freq] = np.sqrt(np.array(columns).T)
    flow = np.where(made.net.weight > 0, made.flow, 0.0)
    low = np.where(sums.min(1) < 0, -np.inf, 0.0)[:, None] + np.zeros((1, flow.shape[1]))
    signed = made.net.arcs["low"].to_numpy() < 0
    low[: len(signed)][signed] = -np.inf
    return Result(names, made.net.months, sums @ flow, low, deviation, _known(made),
                  verdicts(made), made.told.left_out)  # fmt: skip


def _one_sided(made: Balance) -> np.ndarray:
    """Return the variance of flows at their bound: that of an exponential of the bound's force."""
    widest = (made.net.spread[:, None] * made.net.weight) ** 2
    with np.errstate(divide="ignore"):
        return np.where(made.push > 0, np.minimum(1 / made.push**2, widest), 0.0)


def groups(arcs: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """Return the names of arcs and sums, and the sums as coefficients over the arcs.

    Gas that is not Russian (``foreign``) is taken off the market at whose exits it is metered.
    """
    sign = np.where(arcs["kind"] == "foreign", -1.0, 1.0)
    names, rows = list(arcs.index), [np.eye(len(arcs))]
    for column, label in (("market", "market"), ("group", "group")):
        for value in sorted(set(arcs[column]) - {""}):
            names.append(f"{label}:{value}")
            rows.append((sign * (arcs[column] == value).to_numpy())[None])
    abroad = ~arcs["group"].isin(["", "russia", "lng", "kaliningrad"]).to_numpy()
    return [*names, "exports"], np.concatenate([*rows, (sign * abroad)[None]])


def _known(made: Balance) -> int:
    """Return the last month of the quarter in which the newest figure ends: so far it is history."""
    last = max((int(months.max()) for _, months, _ in made.told.cells), default=-1)
    return last - last % 3 + 2


def digest(tables: Mapping[str, pd.DataFrame]) -> str:
    """Return a name for the inputs of a balance: equal names, equal results."""
    made = hashlib.sha256(str(EDITION).encode())
    for name in INPUTS:
        table = tables[name]
        made.update("|".join(map(str, table.columns)).encode())
        made.update(np.sort(pd.util.hash_pandas_object(table, index=False).to_numpy()).tobytes())
    return made.hexdigest()[:16]


_kept: dict[str, Result] = {}


def result(tables: Mapping[str, pd.DataFrame]) -> Result:
    """Return the balance of the tables: from memory, the package, the cache, or solved now."""
    name = digest(tables)
    if name not in _kept:
        if len(_kept) > 8:
            _kept.pop(next(iter(_kept)))
        found = _read(SHIPPED, name) or _read(_cache() / f"balance-{name}.npz", name)
        if found is None:
            found = condense(estimate.solve(tables, start=_near(tables)))
            _keep(found, name)
        _kept[name] = found
    return _kept[name]


def _near(tables: Mapping[str, pd.DataFrame]) -> np.ndarray | None:
    """Return the flows of the packaged facts where these hold all of them and more.

    What was known on a day is never searched from what came later.
    """
    held = set(tables["volumes"]["id"])
    near = _read(SHIPPED, "")
    if near is None or not held >= {*near.verdicts["id"], *near.left_out["id"]}:
        return None
    arcs = tables["balance-arcs"]["arc"].tolist()
    return near.flow[: len(arcs)] if near.names[: len(arcs)] == arcs else None


def _cache() -> Path:
    if os.environ.get("ENERGY_CACHE"):
        return Path(os.environ["ENERGY_CACHE"])
    import platformdirs

    return Path(platformdirs.user_cache_dir("energy-trade-tracker"))


def _keep(made: Result, name: str) -> None:
    """Write a result to the cache; a folder that cannot be written costs time, not the answer."""
    folder = _cache()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, delete=False) as spare:
            spare.write(pack(made, name))
        Path(spare.name).replace(folder / f"balance-{name}.npz")
    except OSError as error:
        log.warning("The balance is not kept: %s", error)


def pack(made: Result, name: str) -> bytes:
    """Return a result as the bytes of a file; the same result gives the same bytes."""
    words = {"name": name, "names": made.names, "known": made.known,
             "first": made.months[0].isoformat(), "last": made.months[-1].isoformat(),
             "verdicts": json.loads(made.verdicts.to_json(orient="split", double_precision=6)),
             "left_out": json.loads(made.left_out.to_json(orient="split"))}  # fmt: skip
    low = np.isneginf(made.low)
    body = io.BytesIO()
    held: dict[str, Any] = {
        "words": np.frombuffer(json.dumps(words).encode(), dtype=np.uint8),
        "flow": np.round(made.flow, 9),
        "unbounded": low.all(1),
    }
    held |= {f"deviation_{freq}": d.astype(np.float32) for freq, d in made.deviation.items()}
    np.savez_compressed(body, **held)
    return body.getvalue()


def _read(path: Path, name: str) -> Result | None:
    """Read a result, of any inputs for ""; None where the file is missing, broken or of others."""
    if not path.is_file():
        return None
    try:
        with np.load(path) as held:
            words = json.loads(held["words"].tobytes())
            if name and words["name"] != name:
                return None
            flow = held["flow"]
            deviation = {f: held[f"deviation_{f}"].astype(float) for f in STEPS}
            low = np.where(held["unbounded"], -np.inf, 0.0)[:, None] + np.zeros_like(flow)
    except (OSError, ValueError, KeyError, EOFError) as error:
        log.warning("%s is not readable (%s); the balance is solved anew.", path.name, error)
        return None
    first, last = (dt.date.fromisoformat(words[key]) for key in ("first", "last"))
    return Result(words["names"], months_between(first, last), flow, low, deviation,
                  words["known"], pd.DataFrame(**words["verdicts"]),
                  pd.DataFrame(**words["left_out"]))  # fmt: skip


def ship(tables: Mapping[str, pd.DataFrame]) -> Path:
    """Write the balance of the packaged facts into the package."""
    SHIPPED.write_bytes(pack(condense(estimate.solve(tables)), digest(tables)))
    _kept.clear()
    return SHIPPED
