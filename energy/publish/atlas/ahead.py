"""The projection behind the newest figures, scenario by scenario."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from energy.publish.atlas.columns import integers
from energy.publish.atlas.look import STATES
from energy.publish.qualifiers import newest_whole
from geodata import draw

RARE = 0.005  # share of draws with gas in its first period up to which a line is one to come
MIXTURE = "mixture"  # scenario: all answers by their probabilities
WORDS = {MIXTURE: "weighted mixture", "baseline": "likeliest answer to each question"}


def behind(flows: xr.Dataset, projection: xr.Dataset | None) -> xr.Dataset | None:
    """Return the projection behind the newest well-covered period; before it history stands alone."""
    if projection is None:
        return None
    newest = flows["period"].values[newest_whole(flows)]
    return projection.isel(period=np.flatnonzero(projection["period"].values > newest))


def filled(cube: xr.Dataset, projection: xr.Dataset | None) -> np.ndarray:
    """Say for each period whether the projection stands in where a route has no figure."""
    if projection is None:
        return np.zeros(cube.sizes["period"], dtype=bool)
    told = projection["flow"].notnull().any(["scenario", "quantile"])
    told = told.reindex(route=cube["route"], period=cube["period"], fill_value=False)
    bare = ~cube["flow"].notnull().transpose("route", "period").values
    found: np.ndarray = (told.transpose("route", "period").values & bare).any(axis=0)
    return found


def scenarios(projection: xr.Dataset) -> dict[str, Any]:
    """Name the scenarios, which is shown first, and the interval between the outer quantiles."""
    names = [str(name) for name in projection["scenario"].values]
    given = projection.attrs
    shares = _shares(names, given.get("chances") or given.get("probabilities"))
    told = _texts(given.get("words"))
    quantiles = projection["quantile"].values.astype(float)
    low, high = float(quantiles.min()), float(quantiles.max())
    known = [share if share is not None else -1.0 for share in shares]
    return {
        "scenarios": [
            {
                "key": name,
                "label": told.get(name) or WORDS.get(name) or re.sub("[-_]", " ", name),
                "probability": share,
            }
            for name, share in zip(names, shares, strict=True)
        ],
        "start": names.index(MIXTURE) if MIXTURE in names else known.index(max(known)),
        "interval": f"P{100 * low:g}–P{100 * high:g}",
        "flowing": list(STATES).index("flowing"),
        "idle": list(STATES).index("idle"),
    }


def _texts(given: Any) -> Mapping[str, str]:
    """Return the words of the scenarios, a mapping or its JSON text."""
    return json.loads(given) if isinstance(given, str) else given or {}


def _shares(names: Sequence[str], given: Any) -> list[float | None]:
    """Return the probability of each scenario; None where none is stated.

    >>> _shares(["baseline", "oil-high"], '{"oil": {"high": 0.25, "middle": 0.75}}')
    [None, 0.25]
    """
    if isinstance(given, str):
        given = json.loads(given)
    if given is None:
        return [None] * len(names)
    if not isinstance(given, Mapping):
        return [_share(value) for value in given]
    flat: dict[str, Any] = {}
    for key, value in given.items():
        deep = isinstance(value, Mapping)
        flat |= {f"{key}-{answer}": v for answer, v in value.items()} if deep else {key: value}
    return [_share(flat.get(name)) for name in names]


def _share(value: Any) -> float | None:
    return None if value is None or not math.isfinite(float(value)) else float(value)


def ahead_of(
    cube: xr.Dataset, projection: xr.Dataset | None, calendars: Sequence[Mapping[str, Any]]
) -> dict[int, list[Any]]:
    """Pack each scenario by position of the route: by period, and by calendar year where given.

    Each of them is ``{"value": {mid, low, high}, "revenue": …}``; routes without are left out.
    """
    if projection is None:
        return {}
    years = [y["id"] for c in calendars if c["key"] == "A" for y in c.get("steps", ())]
    found: dict[int, list[Any]] = {}
    for place, suffix in (("base", ""), ("A", "_year")):
        for name, variable, scale in (("value", "flow", 1000), ("revenue", "revenue", 10)):
            if f"{variable}{suffix}" not in projection or (suffix and not years):
                continue
            told = projection[f"{variable}{suffix}"].reindex(route=cube["route"])
            axis = {"year": [int(y) for y in years]} if suffix else {"period": cube["period"]}
            rows = _quantiles(told.reindex(axis), scale)
            for i, packed in rows.items():
                own = found.setdefault(i, [{} for _ in packed])
                for scenario, row in zip(own, packed, strict=True):
                    scenario.setdefault(place, {})[name] = row
    for i, odds in _chances(cube, projection, years).items():
        for scenario, chance in zip(found.get(i, ()), odds, strict=False):
            scenario |= chance
    return {
        i: rows for i, rows in found.items() if all("value" in row.get("base", ()) for row in rows)
    }


def _chances(
    cube: xr.Dataset, projection: xr.Dataset, years: Sequence[str]
) -> dict[int, list[dict[str, Any]]]:
    """Pack, of routes that do not flow yet, the chance that gas flows and what flows if it does.

    The median of a yes or no tells nothing: 0 up to a chance of one half, then all at once.
    """
    if not {"flowing", "flow_if_flowing"} <= set(map(str, projection.data_vars)):
        return {}
    told = projection["flowing"].reindex(route=cube["route"], period=cube["period"])
    chance = told.transpose("route", "scenario", "period").values
    first = np.isfinite(chance).argmax(axis=2)
    starts = np.take_along_axis(np.nan_to_num(chance), first[..., None], axis=2)[..., 0]
    ahead = np.isfinite(chance).any(axis=(1, 2)) & (starts < RARE).all(axis=1)
    packed = {
        int(i): [{"chance": draw.row(row)} for row in integers(chance[i], 1000)]
        for i in np.flatnonzero(ahead)
    }
    _supposed(packed, cube, projection, years)
    return packed


def _supposed(
    packed: dict[int, list[dict[str, Any]]], cube: xr.Dataset, projection: xr.Dataset,
    years: Sequence[str],
) -> None:  # fmt: skip
    """Add ``built``, the quantiles of the draws in which gas flows, by period and calendar year."""
    for place, suffix, axis in (
        ("base", "", {"period": cube["period"]}),
        ("A", "_year", {"year": [int(year) for year in years]}),
    ):
        for name, variable, scale in (("value", "flow", 1000), ("revenue", "revenue", 10)):
            if f"{variable}{suffix}_if_flowing" not in projection or (suffix and not years):
                continue
            told = projection[f"{variable}{suffix}_if_flowing"].reindex(route=cube["route"])
            for i, rows in _quantiles(told.reindex(axis), scale).items():
                for scenario, row in zip(packed.get(i, ()), rows, strict=False):
                    if row["mid"] is not None:
                        scenario.setdefault("built", {}).setdefault(place, {})[name] = row


def _quantiles(told: xr.DataArray, scale: int) -> dict[int, list[Any]]:
    """Pack median and edges by position of the route, one for each scenario."""
    levels = told["quantile"].values.astype(float)
    places = {"mid": int(np.abs(levels - 0.5).argmin()), "low": int(levels.argmin()),
              "high": int(levels.argmax())}  # fmt: skip
    (axis,) = set(told.dims) - {"scenario", "route", "quantile"}
    values = told.transpose("route", "scenario", "quantile", axis).values
    found = np.flatnonzero(np.isfinite(values).any(axis=(1, 2, 3))).tolist()
    return {
        i: [{name: draw.row(row[q]) for name, q in places.items()}
            for row in integers(values[i], scale)]
        for i in found
    }  # fmt: skip
