"""One change against an unchanged control: a route stops, starts, is wider, or a price moves.

The control is the shipped tree as it is; the change is laid over a copy of it as an effect that
holds over every answer. Both runs take the same seed, so that the draws of what is not touched are
the same on both sides, and the difference is taken draw by draw.
"""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import UnknownName, UsageError
from energy.measure import periods
from energy.measure.cards import card
from energy.projection import scenarios, simulate

KEYS = {
    "stop": "day or period from which nothing flows",
    "start": "day or period of first gas",
    "capacity": "the most that can flow, bcm a year at 20 °C",
    "brent": "USD/bbl in every quarter",
    "ttf": "USD/MMBtu in every quarter",
    "price": "USD/1000 m3 at the border, for all gas to the market of the route",
}
RUNNING, COMING = ("contract", "open"), ("proposed", "halted")
SHOWN = {"flow": "bcm", "revenue": "million USD"}
WHOLE = {"flow": "exports", "revenue": "market_revenue"}  # rows that sum all routes
LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
WHY = "what if"
Models = Mapping[str, str]
"""How each projected route is modelled: contract, open, halted or proposed."""


def models_of(tree: scenarios.Tree) -> dict[str, str]:
    """Return the model of each route of a tree; a copy has that of the line it copies.

    >>> models_of(scenarios.load())["china-russia-east"]
    'contract'
    """
    rows = tree["route"]
    return {name: rows[row.get("same_as", name)]["model"] for name, row in rows.items()}


def effects(
    route: str | None, wanted: Mapping[str, Any], tree: scenarios.Tree, market: str = "",
    models: Models | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Return a change as effects of the tree.

    Parameters
    ----------
    route : str or None
        Id of the route for ``stop``, ``start``, ``capacity`` and ``price``.
    wanted : mapping
        Values by key of `KEYS`; None is not asked.
    tree : mapping
        The shipped assumptions.
    market : str
        The market that `route` serves, for ``price``.
    models : mapping, optional
        Model of every projected route; default those of the tree.

    Raises
    ------
    UnknownName
        For a key that means nothing.
    UsageError
        If nothing is asked, a number is none, a route is missing, not projected or means nothing
        beside ``brent`` and ``ttf`` alone, or the change does not fit what the route is: what is
        proposed cannot stop, what flows cannot start.
    PeriodError
        For a date that is none.
    """
    asked = {key: value for key, value in wanted.items() if value is not None}
    for key in asked:
        if key not in KEYS:
            raise UnknownName("change", key, KEYS)
    if not asked:
        known = "; ".join(f"{key}: {text}" for key, text in KEYS.items())
        raise UsageError(f"Nothing is changed; give one of {known}.")
    found = [{"price": key, "value": _parse_number(key, asked.pop(key)), "assumption": WHY}
             for key in scenarios.PRICES if key in asked]  # fmt: skip
    if not asked and route is None:
        return found
    if route is None:
        raise UsageError(
            f"{', '.join(asked)} needs a route, e.g. what_if('turkstream-2', stop='2027-07')."
        )
    if not asked:
        raise UsageError(f"brent and ttf move every market: leave {route!r} out here, "
                         f"and ask for .table({route!r}).")  # fmt: skip
    if "price" in asked:
        found.append(_fixed_price(route, market, asked.pop("price"), tree))
    model = _model(models or models_of(tree), route) if asked else ""
    moved = tree["route"].get(route, {}).get("same_as", route)  # it carries that line's gas
    for key, value in asked.items():
        found += [
            {"route": moved, "assumption": WHY, **row} for row in _rows(key, value, route, model)
        ]
    return found


def effects_of(
    markets: Mapping[str, str], wanted: Mapping[str, Any], tree: scenarios.Tree,
    models: Models | None = None,
) -> tuple[list[dict[str, Any]], list[str]]:  # fmt: skip
    """Return a change of several routes as effects of the tree, each once, and the routes changed.

    A group, market or country may hold a line that the change does not fit (a proposed line cannot
    stop): it stays as it is, unless the change fits none.

    Parameters
    ----------
    markets : mapping
        The market that each route serves; empty where no route is asked.
    wanted, tree, models
        As for `effects`.

    Raises
    ------
    UsageError
        Also for a ``capacity`` of several routes: it is that of one.
    """
    if len(markets) > 1 and wanted.get("capacity") is not None:
        raise UsageError(f"capacity={wanted['capacity']!r} is that of one route; "
                         f"name one of {', '.join(markets)}.")  # fmt: skip
    if not markets:
        return effects(None, wanted, tree), []
    found: list[dict[str, Any]] = []
    fit: list[str] = []
    unfit: list[Unfit] = []
    for route, market in markets.items():
        try:
            rows = effects(route, wanted, tree, market, models)
        except Unfit as error:
            unfit.append(error)
            continue
        found += [row for row in rows if row not in found]
        fit.append(route)
    if not fit:
        raise unfit[0]
    return found, fit


class Unfit(UsageError):
    """A change that does not fit what one route is; another of its group it may fit.

    Examples
    --------
    >>> issubclass(Unfit, UsageError)
    True
    """


def _parse_number(key: str, value: Any) -> float:
    """Return a number that means something for a key, or raise a `UsageError`."""
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number) or number < 0 or (number == 0 and key != "capacity"):
        least = "zero or more" if key == "capacity" else "more than zero"
        raise UsageError(f"{key}={value!r} is no number of {least}; give {KEYS[key]}.")
    return number


def _fixed_price(route: str, market: str, value: Any, tree: scenarios.Tree) -> dict[str, Any]:
    """Return a border price as a row of its own kind; contracts price a market, not a pipe."""
    known = tree["money"]["market"]
    if market not in known:
        raise Unfit(
            f"Route '{route}' serves {market or 'no market'}, whose price is not modelled; priced "
            f"are {', '.join(known)}."
        )
    return {"market": market, "value": _parse_number("price", value), "assumption": WHY}


def _model(models: Models, route: str) -> str:
    if route not in models:
        raise Unfit(f"Route '{route}' is not projected; projected are {', '.join(sorted(models))}.")
    return models[route]


def _rows(key: str, value: Any, route: str, model: str) -> list[dict[str, Any]]:
    if key == "capacity":  # the pipe's, and a ceiling that nothing seen before may lift
        size = _parse_number(key, value)
        return [{"what": "capacity", "value": size}, {"what": "ceiling", "value": size}]
    day = periods.parse(str(value)).start
    at = periods.decimal_year(day)
    if key == "stop":
        if model not in RUNNING:
            raise Unfit(f"Route '{route}' is {model}: it has no flow to stop; use start=.")
        return [{"what": "end", "value": [at, at, at]}, {"what": "keep", "value": 0.0}]
    if model not in COMING:
        raise Unfit(f"Route '{route}' is {model}: it flows already; use stop= or capacity=.")
    return [{"what": "first_gas", "value": [at, at, at]}, {"what": "never", "value": 0.0}]


def in_time(wanted: Mapping[str, Any], control: xr.Dataset, routes: list[str]) -> None:
    """Refuse a date that changes nothing: in quarters that are known, or past the last one.

    Parameters
    ----------
    wanted : mapping
        As for `effects`.
    routes : list of str
        Those changed.
    control : Dataset
        As `energy.projection.project` returns it.

    Raises
    ------
    UsageError
    """
    starts = pd.DatetimeIndex(control["period"].values)
    mine = control["known"].sel(route=[name for name in routes if name in control["route"]])
    known = np.flatnonzero(mine.values.any(axis=0))
    ahead = starts[known[-1] + 1 :] if len(known) else starts
    end = (starts[-1] + pd.offsets.QuarterBegin(startingMonth=1)).date()
    for key in ("stop", "start"):
        if wanted.get(key) is None:
            continue
        day = periods.parse(str(wanted[key])).start
        first = periods.containing(ahead[0].date(), "Q")
        if day < ahead[0].date():
            raise UsageError(f"{key}={wanted[key]!r} begins before {first}, the first projected "
                             "quarter; what is known stays as it is.")  # fmt: skip
        if day >= end:
            raise UsageError(f"{key}={wanted[key]!r} begins after the last projected day "
                             f"({end - dt.timedelta(days=1)}); raise until=.")  # fmt: skip


def changed(tree: scenarios.Tree, rows: list[dict[str, Any]]) -> scenarios.Tree:
    """Return a copy of a tree with effects that hold in every scenario; the tree stays as it is."""
    new = copy.deepcopy(tree)
    for row in rows:
        if "market" in row:
            said = {key: row[key] for key in ("value", "assumption")}
            new["money"]["market"][row["market"]]["fixed"] = said
    kept = [row for row in rows if "market" not in row]
    return scenarios.overlay(new, {"set": kept, "assumption": WHY})


@dataclasses.dataclass(frozen=True, eq=False)
class Drawn:
    """The sums by year of a run, as drawn.

    Attributes
    ----------
    rows : list of tuple of str
        What each row holds: kind, and route or market; see `energy.projection.simulate.rows`.
    copies : dict of str to str
        Routes that carry the gas of another.
    values : ndarray (rows, years, draws)
    """

    rows: list[tuple[str, str]]
    copies: dict[str, str]
    values: np.ndarray

    def of(self, what: str, routes: list[str] | None) -> np.ndarray:
        """Return flow or revenue (years, draws) of routes together, or of all exports.

        NaN where one of the routes has none: what has no price is not nought.
        """
        names = [simulate.ALL] if routes is None else routes
        kind = WHOLE[what] if routes is None else what
        lines = dict.fromkeys((kind, self.copies.get(name, name)) for name in names)
        if not all(line in self.rows for line in lines):
            return np.full(self.values.shape[1:], np.nan)
        picked = self.values[[self.rows.index(line) for line in lines]]
        total: np.ndarray = picked.sum(axis=0, dtype=float)
        return total


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """A change and its control.

    Attributes
    ----------
    change : dict
        What was asked; ``route`` has the ids of those changed.
    control, result : Dataset
        As `energy.projection.project` returns them, of the unchanged and of the changed tree.
    drawn : tuple of Drawn
        Control and change, draw by draw of the same numbers.
    names : callable, optional
        Returns the ids of routes that a word stands for.
    """

    change: dict[str, Any]
    control: xr.Dataset
    result: xr.Dataset
    drawn: tuple[Drawn, Drawn]
    names: Callable[[str], list[str]] | None = None

    def table(self, route: str | None = None) -> pd.DataFrame:
        """Return both and their difference by calendar year.

        Parameters
        ----------
        route : str, optional
            One route, or a word for several, together; default the sum of all exports.

        Returns
        -------
        DataFrame
            ``year, what, unit``, then ``mean, p10, p50, p90`` of control and change. ``difference``
            is change less control: its mean, and ``difference_p10, …_p50, …_p90`` of the
            differences draw by draw, which take the same random numbers on both sides; they are
            not differences of the quantiles beside them.

        Raises
        ------
        UnknownName
            For a word that stands for no projected route.
        """
        routes = None if route is None else self._projected(route)
        parts = [self._summary(what, unit, routes) for what, unit in SHOWN.items()]
        return pd.concat(parts, ignore_index=True)

    def _projected(self, route: str) -> list[str]:
        projected = self.control["route"].values.tolist()
        asked = [route] if self.names is None or route in projected else self.names(route)
        found = [name for name in asked if name in projected]
        if not found:
            raise UnknownName("projected route", route, projected)
        return found

    def _summary(self, what: str, unit: str, routes: list[str] | None) -> pd.DataFrame:
        control, changed = (side.of(what, routes) for side in self.drawn)
        columns = {"control": control, "changed": changed, "difference": changed - control}
        made: dict[str, np.ndarray] = {}
        for side, draws in columns.items():
            made["difference" if side == "difference" else f"{side}_mean"] = draws.mean(axis=1)
            bands = np.quantile(draws, list(LEVELS.values()), axis=1)
            made |= {f"{side}_{word}": band for word, band in zip(LEVELS, bands, strict=True)}
        return pd.DataFrame(
            {"year": self.control["year"].values, "what": what, "unit": unit, **made}
        )

    def _headline(self) -> str:
        said = ", ".join(f"{key}={value!r}" for key, value in self.change.items())
        same = all(np.array_equal(self.drawn[0].of(what, None), self.drawn[1].of(what, None))
                   for what in SHOWN)  # fmt: skip
        return f"What if {said}: all exports" + (" (unchanged in every draw)" if same else "")

    def __repr__(self) -> str:
        return f"{self._headline()}\n{self.table().round(1).to_string(index=False)}"

    def _repr_html_(self) -> str:
        return card(self._headline(), self.table())


def drawn(
    plan: simulate.Plan, case: simulate.Case, copies: Mapping[str, str], draws: int, seed: int
) -> Drawn:
    """Draw a scenario and keep every draw of its years; see `energy.projection.simulate.by_year`."""
    return Drawn(simulate.rows(plan), dict(copies), simulate.by_year(plan, case, draws, seed))
