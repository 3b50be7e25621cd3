"""The balance as it is kept and asked: flows of arcs and markets by period, with their deviations.

Solving takes seconds, so what comes of it is kept under the digest of its inputs: in the package
for the facts as shipped, in the cache folder for anything else.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from energy.balance import estimate, measurements, worth
from energy.balance.chain import one_thread
from energy.balance.estimate import Balance
from energy.balance.system import bounding, months_between
from energy.balance.verdicts import verdicts
from energy.facts import DATA
from energy.facts import kept as cache
from energy.facts.kept import kept, tables_digest
from energy.measure.tables import Tables

STEPS = {"M": 1, "Q": 3, "A": 12, "G": 12}  # months of a period
INPUTS = ("volumes", "balance-arcs", "balance-scopes", "balance-errors", "route-facts",
          "corrections", "prices")  # fmt: skip
PRICED = ["series", "period", "freq", "value", "status", "published"]
EDITION = 7  # of the method: a change of it makes every kept result stale
SHIPPED = DATA / "balance.npz"

MOST = 64  # results that the cache folder holds: one a day that somebody asked what was known


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

    Examples
    --------
    >>> from energy import facts
    >>> found = result(facts.load())
    >>> found.flow.shape == (len(found.names), len(found.months))
    True
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

        Examples
        --------
        >>> from energy import facts
        >>> table = result(facts.load()).table("exports", "A")
        >>> bool((table["p10"] <= table["flow"]).all())
        True
        """
        row, starts = self.names.index(name), period_starts(self.months, freq)
        if freq not in self._sums:
            self._sums[freq] = self._summed(freq, starts)
        flow, p10, p90 = self._sums[freq][:, row]
        days = pd.DatetimeIndex([self.months[s] for s in starts])
        table = pd.DataFrame({"flow": flow, "p10": p10, "p90": p90}, index=days)
        return table[[s + STEPS[freq] - 1 <= self.known for s in starts]]

    @functools.cached_property
    def _sums(self) -> dict[str, np.ndarray]:
        """Flow, P10 and P90 of every name, by the frequencies asked for so far."""
        return {}

    def _summed(self, freq: str, starts: list[int]) -> np.ndarray:
        """Return flow, P10 and P90, shape (3, names, periods).

        P10 and P90 are kept in the cache folder: the normal distribution takes longer to import
        than the first cube takes to make.
        """
        flow, low = (_by_period(held, starts, STEPS[freq]) for held in (self.flow, self.low))
        deviation = self.deviation[freq]
        key = cache.digest(*(held.tobytes() for held in (flow, deviation, low)))
        ends = cache.kept("intervals.npy", key, lambda: np.stack(interval(flow, deviation, low)),
                          pack=_pack_ends, unpack=_unpack_ends, most=16)  # fmt: skip
        return np.concatenate([flow[None], ends])


def _by_period(held: np.ndarray, starts: list[int], step: int) -> np.ndarray:
    """Sum months to periods, shape (names, periods)."""
    sums = np.zeros((len(held), len(starts)))
    for column, start in enumerate(starts):
        sums[:, column] = held[:, start : start + step].sum(1)
    return sums


def _pack_ends(ends: np.ndarray, key: str) -> bytes:
    body = io.BytesIO()
    np.save(body, ends)
    return key.encode() + body.getvalue()


def _unpack_ends(body: bytes, key: str) -> np.ndarray | None:
    """Return P10 and P90; None where they are of another key."""
    head, rest = body[: len(key)], body[len(key) :]
    return np.load(io.BytesIO(rest)) if head == key.encode() else None


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

    width = np.maximum(deviation, 1e-12)  # an arc that is known exactly must not divide by 0
    beneath = ndtr((low - flow) / width)
    # P10 and P90 of a normal cut at the bound (BALANCE 'Estimate')
    p10 = flow + width * ndtri(beneath + 0.1 * (1 - beneath))
    p90 = flow + width * ndtri(beneath + 0.9 * (1 - beneath))  # the same share above
    return np.minimum(p10, flow), np.maximum(p90, flow)


def period_starts(months: list[dt.date], freq: str) -> list[int]:
    """Return the positions of the first months of the whole periods.

    Examples
    --------
    >>> months = [dt.date(2023 + m // 12, m % 12 + 1, 1) for m in range(24)]
    >>> period_starts(months, "A"), period_starts(months, "G")  # a gas year begins in October
    ([0, 12], [9])
    """
    # a gas year begins in the tenth month
    offset, step = (9, 12) if freq == "G" else (0, STEPS[freq])
    return [s for s in range(offset, len(months), step) if s + step <= len(months)]


def condense(made: Balance) -> Result:
    """Sum a balance to what is kept: arcs and markets, each with its own deviation."""
    names, sums = groups(made.net.arcs)
    with one_thread():
        deviation = _deviations(made, sums)
    flow = np.where(made.net.weight > 0, made.flow, 0.0)
    low = np.where(sums.min(1) < 0, -np.inf, 0.0)[:, None] + np.zeros((1, flow.shape[1]))
    signed = made.net.arcs["low"].to_numpy() < 0
    low[: len(signed)][signed] = -np.inf
    return Result(names, made.net.months, sums @ flow, low, deviation, _known(made),
                  verdicts(made), made.told.left_out)  # fmt: skip


def _deviations(made: Balance, sums: np.ndarray) -> dict[str, np.ndarray]:
    """Return the standard deviation of each sum by frequency and period."""
    own, beside = made.chain.covariance
    weights = [sums @ basis for basis in made.frame.bases]
    slack = sums**2 @ _one_sided(made)
    deviation = {}
    for freq, step in STEPS.items():
        columns = []
        for s in period_starts(made.net.months, freq):
            year, month = divmod(s, 12)
            variance = _variance(weights[s : s + min(step, 12 - month)], own[year],
                                 made.frame.edges[s] - made.frame.edges[s - month])  # fmt: skip
            if freq == "G":
                ends, then = np.concatenate(weights[s : s + 3], axis=1), weights[s + 3 : s + 12]
                later = np.concatenate(then, axis=1)
                over = beside[year][-ends.shape[1] :, : later.shape[1]]
                variance += _variance(then, own[year + 1], 0)
                variance += 2 * np.einsum("nf,nf->n", ends @ over, later)
            columns.append(np.maximum(variance, 0) + slack[:, s : s + step].sum(1))
        deviation[freq] = np.sqrt(np.array(columns).T)
    return deviation


def _variance(weights: list[np.ndarray], block: np.ndarray, begin: int) -> np.ndarray:
    """Return the variance of sums over months that lie side by side in the block of a year."""
    body = np.concatenate(weights, axis=1)
    inner = block[begin : begin + body.shape[1], begin : begin + body.shape[1]]
    return np.asarray(np.einsum("nf,nf->n", body @ inner, body))


def _one_sided(made: Balance) -> np.ndarray:
    """Return the variance of flows at their bound: that of an exponential of the bound's force.

    Lines in series move together, so the force on one is that on all of them: their intervals are
    equal as their flows are.
    """
    widest = (made.net.spread[:, None] * made.net.weight) ** 2
    force = np.zeros_like(made.push)
    for month in np.flatnonzero(made.push.any(0)):
        basis = made.frame.bases[month]
        _, line = np.unique(basis, axis=0, return_inverse=True)
        together = np.bincount(line, weights=made.push[:, month])[line]
        force[:, month] = np.where(basis.any(1), together, 0.0)
    with np.errstate(divide="ignore"):
        return np.where(force > 0, np.minimum(1 / force**2, widest), 0.0)


def groups(arcs: pd.DataFrame) -> tuple[list[str], np.ndarray]:
    """Return the names of arcs and sums, and the sums as coefficients over the arcs.

    Gas that is not Russian (``foreign``) is taken off the market at whose exits it is metered.

    Examples
    --------
    >>> from energy import facts
    >>> names, sums = groups(facts.load()["balance-arcs"].set_index("arc", drop=False))
    >>> names[-1], sums.shape[0] == len(names)
    ('exports', True)
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
    return last - last % 3 + 2  # months are counted from 0, a quarter has three


def digest(tables: Tables) -> str:
    """Return a name for the inputs of a balance: equal names, equal results.

    What the balance does not read (a page, a day of printing, a capacity) does not change it.

    Examples
    --------
    >>> from energy import facts
    >>> tables = facts.load()
    >>> pages = tables["volumes"].assign(page="1")  # the balance reads no page
    >>> digest(tables) == digest(tables.replaced({"volumes": pages}))
    True
    """
    prices = tables["prices"] if "prices" in tables else pd.DataFrame(columns=PRICED)
    dated = tables["route-facts"]["attribute"].isin(["start", "stop", "gcv"])
    read = {
        "volumes": tables["volumes"][[*measurements.Figure._fields]],
        "route-facts": pd.concat([tables["route-facts"][dated], bounding(tables)]),
        "corrections": tables["corrections"].query("table == 'volumes'"),
        "prices": prices.loc[prices["series"].isin([worth.OIL, worth.YEARS]), PRICED],
    }
    printed = {row: places for row, places in measurements.printed_places().items() if places}
    words = json.dumps(printed, sort_keys=True)
    return tables_digest(Tables({**tables, **read}), INPUTS, str(EDITION), words)


_results: dict[str, Result] = {}


def result(tables: Tables) -> Result:
    """Return the balance of the tables: from memory, the package, the cache, or solved now.

    Examples
    --------
    >>> from energy import facts
    >>> found = result(facts.load())
    >>> "group:europe" in found.names
    True
    """
    name = digest(tables)
    if name not in _results:
        if len(_results) > 8:
            _results.pop(next(iter(_results)))
        _results[name] = kept(
            "balance.npz", name, lambda: condense(estimate.solve(tables, start=_start(tables))),
            pack=pack, unpack=unpack, shipped=SHIPPED, most=MOST,
        )  # fmt: skip
    return _results[name]


def _start(tables: Tables) -> np.ndarray | None:
    """Return the flows of the packaged facts where these hold all of them and more.

    What was known on a day is never searched from what came later.
    """
    held = set(tables["volumes"]["id"])
    near = unpack(SHIPPED.read_bytes(), "") if SHIPPED.is_file() else None
    if near is None or not held >= {*near.verdicts["id"], *near.left_out["id"]}:
        return None
    arcs = tables["balance-arcs"]["arc"].tolist()
    return near.flow[: len(arcs)] if near.names[: len(arcs)] == arcs else None


def pack(made: Result, name: str) -> bytes:
    """Return a result as the bytes of a file; the same result gives the same bytes.

    Examples
    --------
    >>> from energy import facts
    >>> found = result(facts.load())
    >>> unpack(pack(found, "inputs"), "inputs").names == found.names
    True
    """
    words = {"name": name, "names": made.names, "known": made.known,
             "first": made.months[0].isoformat(), "last": made.months[-1].isoformat(),
             # six places of a bcm are a thousand m3: no judgement turns on less; chosen by hand
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


def unpack(body: bytes, name: str) -> Result | None:
    """Return the result that some bytes hold; None where it is of other inputs than `name`.

    Raises
    ------
    ValueError
        For a broken file.

    Examples
    --------
    >>> from energy import facts
    >>> unpack(pack(result(facts.load()), "old inputs"), "new inputs") is None
    True
    """
    try:
        with np.load(io.BytesIO(body)) as held:
            words = json.loads(held["words"].tobytes())
            if name and words["name"] != name:
                return None
            flow = held["flow"]
            deviation = {f: held[f"deviation_{f}"].astype(float) for f in STEPS}
            low = np.where(held["unbounded"], -np.inf, 0.0)[:, None] + np.zeros_like(flow)
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error
    first, last = (dt.date.fromisoformat(words[key]) for key in ("first", "last"))
    return Result(words["names"], months_between(first, last), flow, low, deviation,
                  words["known"], pd.DataFrame(**words["verdicts"]),
                  pd.DataFrame(**words["left_out"]))  # fmt: skip


def ship(tables: Tables) -> Path:
    """Write the balance of the packaged facts into the package."""
    SHIPPED.write_bytes(pack(condense(estimate.solve(tables)), digest(tables)))
    _results.clear()
    return SHIPPED
