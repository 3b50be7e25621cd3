"""The cube as packed rows: integers of a stated scale, without their empty ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.publish.atlas.look import GRADES, STATES
from energy.publish.atlas.references import References
from geodata import draw


def columns_of(cube: xr.Dataset, books: References) -> dict[str, list[Any]]:
    """Return per variable a list of rows, one a route, each packed or None."""
    states = {key: i for i, key in enumerate(STATES)}
    grades = {key: i for i, key in enumerate(GRADES)}
    columns = {
        name: _numbers(cube, variable, scale)
        for name, variable, scale in (
            ("value", "flow", 1000),
            ("limit", "capacity", 1000),
            ("share", "utilisation", 1000),
            ("price", "price", 10),
            ("revenue", "revenue", 10),
        )
    }
    columns["price_grade"] = _rows(cube, "price_status", grades.get)
    columns["state"] = _rows(cube, "flow_status", states.get)
    columns["grade"] = _rows(cube, "status", grades.get)
    columns["refs"] = _rows(cube, "sources", books.number)
    columns["price_refs"] = _rows(cube, "price_source", books.number)
    return columns


def integers(values: np.ndarray, scale: int) -> list[Any]:
    """Write numbers as integers of 1/scale, NaN as None.

    >>> integers(np.array([[0.0125, np.nan]]), 1000)
    [[12, None]]
    """
    whole = np.rint(np.nan_to_num(values.astype(float)) * scale).astype(int)
    packed = whole.astype(object)
    packed[np.isnan(values)] = None
    return packed.tolist()


def _numbers(cube: xr.Dataset, variable: str, scale: int) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    return [draw.row(line) for line in integers(cube[variable].values, scale)]


def _rows(cube: xr.Dataset, variable: str, read: Callable[[str], Any]) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    values = cube[variable].values.astype(object)
    codes, words = pd.factorize(values.ravel())  # each word is read once, in the order of the cube
    told = [*(read(str(word)) for word in words), None]  # a code of -1: missing
    return [draw.row([told[i] for i in line]) for line in np.split(codes, len(values))]
