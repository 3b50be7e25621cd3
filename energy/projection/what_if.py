"""One change against an unchanged control: a route stops, starts, is wider, or a price moves.

The control is the shipped tree as it is; the change is laid over a copy of it as an effect that
holds over every answer. Both runs take the same seed, so that the draws of what is not touched are
the same on both sides.
"""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping
from typing import Any

import pandas as pd
import xarray as xr

from energy.errors import UnknownName, UsageError
from energy.measure import periods
from energy.projection import scenarios

KEYS = {
    "stop": "day or period from which nothing flows",
    "start": "day or period of first gas",
    "capacity": "bcm a year at 20 °C",
    "brent": "USD/bbl in every quarter",
    "ttf": "USD/MMBtu in every quarter",
    "price": "USD/1000 m3 at the border, for all gas to the market of the route",
}
RUNNING, COMING = ("contract", "open"), ("proposed", "halted")
SHOWN = {"flow_year": "bcm", "revenue_year": "million USD"}
WHY = "what if"


def effects(
    route: str | None, wanted: Mapping[str, Any], tree: scenarios.Tree, market: str = ""
) -> list[dict[str, Any]]:
    """Return a change as effects of the tree.

    Parameters
    ----------
    route : str or None
        Id of the route for ``stop``, ``start`` and ``capacity``.
    wanted : mapping
        Values by key of `KEYS`; None is not asked.
    tree : mapping
        The shipped assumptions.
    market : str
        The market that `route` serves, for ``price``.

    Raises
    ------
    UnknownName
        For a key that means nothing.
    UsageError
        If nothing is asked, a route is missing or not projected, or the change does not fit what
        the route is: what is proposed cannot stop, what flows cannot start.
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
    found = [{"price": key, "value": float(asked.pop(key)), "assumption": WHY}
             for key in scenarios.PRICES if key in asked]  # fmt: skip
    if not asked:
        return found
    if route is None:
        raise UsageError(
            f"{', '.join(asked)} needs a route, e.g. what_if('turkstream-2', stop='2027-07')."
        )
    if "price" in asked:
        found.append(_fixed_price(route, market, asked.pop("price"), tree))
    model = _model(tree, route) if asked else ""
    for key, value in asked.items():
        found += [
            {"route": route, "assumption": WHY, **row} for row in _rows(key, value, route, model)
        ]
    return found


def effects_of(
    markets: Mapping[str, str], wanted: Mapping[str, Any], tree: scenarios.Tree
) -> list[dict[str, Any]]:
    """Return a change of several routes as effects of the tree, each of them once.

    Parameters
    ----------
    markets : mapping
        The market that each route serves; empty where no route is asked.
    wanted, tree
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
        return effects(None, wanted, tree)
    found: list[dict[str, Any]] = []
    for route, market in markets.items():
        found += [row for row in effects(route, wanted, tree, market) if row not in found]
    return found


def _fixed_price(route: str, market: str, value: Any, tree: scenarios.Tree) -> dict[str, Any]:
    """Return a border price as a row of its own kind; contracts price a market, not a pipe."""
    known = tree["money"]["market"]
    if market not in known:
        raise UsageError(
            f"Route '{route}' serves {market or 'no market'}, whose price is not modelled; priced "
            f"are {', '.join(known)}."
        )
    if float(value) <= 0:
        raise UsageError(f"price={value!r} is not positive; give USD/1000 m3, e.g. price=250.")
    return {"market": market, "value": float(value), "assumption": WHY}


def _model(tree: scenarios.Tree, route: str) -> str:
    rows = tree["route"]
    if route not in rows:
        raise UsageError(
            f"Route '{route}' is not projected; projected are {', '.join(sorted(rows))}."
        )
    row = rows[route]
    return str(rows[row["same_as"]]["model"] if "same_as" in row else row["model"])


def _rows(key: str, value: Any, route: str, model: str) -> list[dict[str, Any]]:
    if key == "capacity":
        return [{"what": "capacity", "value": float(value)}]
    day = periods.parse(str(value)).start
    at = periods.decimal_year(day)
    if key == "stop":
        if model not in RUNNING:
            raise UsageError(f"Route '{route}' is {model}: it has no flow to stop; use start=.")
        return [{"what": "end", "value": [at, at, at]}, {"what": "keep", "value": 0.0}]
    if model not in COMING:
        raise UsageError(f"Route '{route}' is {model}: it flows already; use stop= or capacity=.")
    return [{"what": "first_gas", "value": [at, at, at]}, {"what": "never", "value": 0.0}]


def changed(tree: scenarios.Tree, rows: list[dict[str, Any]]) -> scenarios.Tree:
    """Return a copy of a tree with effects that hold in every scenario; the tree stays as it is."""
    new = copy.deepcopy(tree)
    for row in rows:
        if "market" in row:
            said = {key: row[key] for key in ("value", "assumption")}
            new["money"]["market"][row["market"]]["fixed"] = said
    kept = [row for row in rows if "market" not in row]
    return scenarios.overlay(new, {"set": kept, "assumption": WHY})


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class WhatIf:
    """A change and its control.

    Attributes
    ----------
    change : dict
        What was asked.
    control, result : Dataset
        As `energy.projection.project` returns them, of the unchanged and of the changed tree.
    """

    change: dict[str, Any]
    control: xr.Dataset
    result: xr.Dataset

    def table(self, route: str | None = None) -> pd.DataFrame:
        """Return both and their difference by calendar year.

        Parameters
        ----------
        route : str, optional
            One route; default the sum of all exports.

        Returns
        -------
        DataFrame
            ``year, what, unit``, then ``mean, p10, p50, p90`` of control and change, and
            ``difference`` of the means with ``difference_p10`` and ``difference_p90`` quantile by
            quantile: draws of the two runs share their seed, so most of their noise cancels.

        Raises
        ------
        UnknownName
            For a route that is not projected; ``.change["route"]`` has the ids of those changed.
        """
        projected = self.control["route"].values.tolist()
        if route is not None and route not in projected:
            raise UnknownName("route", route, projected)
        parts = [self._side(name, unit, route) for name, unit in SHOWN.items()]
        return pd.concat(parts, ignore_index=True)

    def _side(self, name: str, unit: str, route: str | None) -> pd.DataFrame:
        whole = {"flow_year": "exports_year", "revenue_year": "market_revenue_year"}[name]
        at, variable = ({"route": route}, name) if route else ({"market": "all"}, whole)
        made = {}
        for side, result in (("control", self.control), ("changed", self.result)):
            one = result.isel(scenario=0).sel(at)
            band = one[variable].transpose("year", "quantile")
            made[f"{side}_mean"] = one[f"{variable}_mean"].values
            for level, word in ((0.1, "p10"), (0.5, "p50"), (0.9, "p90")):
                made[f"{side}_{word}"] = band.sel(quantile=level).values
        table = pd.DataFrame({"year": self.control["year"].values, "what": name.split("_")[0],
                              "unit": unit, **made})  # fmt: skip
        table["difference"] = table["changed_mean"] - table["control_mean"]
        for word in ("p10", "p90"):
            table[f"difference_{word}"] = table[f"changed_{word}"] - table[f"control_{word}"]
        return table

    def __repr__(self) -> str:
        said = ", ".join(f"{key}={value!r}" for key, value in self.change.items())
        return f"What if {said}: all exports\n{self.table().round(1).to_string(index=False)}"

    def _repr_html_(self) -> str:
        said = ", ".join(f"{key}={value!r}" for key, value in self.change.items())
        return f"<p>What if {said}: all exports</p>{self.table().round(1).to_html(index=False)}"
