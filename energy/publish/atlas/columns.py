"""The cube as packed rows: integers of a stated scale, without their empty ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.publish import qualifiers
from energy.publish.atlas.look import GRADES, KINDS, STATES
from energy.publish.atlas.references import References
from geodata import draw


def columns_of(
    cube: xr.Dataset, books: References, months: xr.Dataset | None, spans: list[str]
) -> dict[str, list[Any]]:
    """Return per variable a list of rows, one a route, each packed or None.

    The names of the months of partly known periods are gathered in `spans`.
    """
    states = {key: i for i, key in enumerate(STATES)}
    grades = {key: i for i, key in enumerate(GRADES)}
    columns = {
        name: _packed(cube, variable, scale)
        for name, variable, scale in (
            ("value", "flow", 1000),
            ("limit", "capacity", 1000),
            ("share", "utilisation", 1000),
            ("price", "price", 10),
            ("revenue", "revenue", 10),
        )
    }
    columns["reported"] = _difference(cube, "reported", 0.0)
    columns["low"] = _difference(cube, "flow_p10", cube["flow"])
    columns["high"] = _difference(cube, "flow_p90", cube["flow"])
    columns["days"], columns["span"] = _known(cube, months, spans)
    for end in ("p10", "p90"):
        columns[f"price_{end}"] = _packed(cube, f"price_{end}", 10)
    columns["price_grade"] = _rows(cube, "price_status", grades.get)
    columns["reported_grade"] = _rows(cube, "reported_status", grades.get)
    columns["kind"] = _rows(cube, "capacity_kind", _kinds)
    columns["state"] = _rows(cube, "flow_status", states.get)
    columns["grade"] = _rows(cube, "status", grades.get)
    columns["refs"] = _rows(cube, "sources", books.index_of)
    columns["price_refs"] = _rows(cube, "price_source", books.index_of)
    return columns


def integers(values: np.ndarray, scale: int) -> list[Any]:
    """Write numbers as integers of 1/scale, NaN as None.

    >>> integers(np.array([[0.0125, np.nan]]), 1000)
    [[12, None]]
    """
    whole = np.rint(np.nan_to_num(values.astype(float)) * scale).astype(int)
    packed = whole.astype(object)
    packed[np.isnan(values)] = None
    listed: list[Any] = packed.tolist()
    return listed


def _difference(cube: xr.Dataset, name: str, less: Any) -> list[Any]:
    """Pack what stands beside a balanced flow: the published figure, or an edge less the flow."""
    sure = qualifiers.balanced(cube)
    if name not in cube or not sure.any():
        return [None] * cube.sizes["route"]
    values = cube[name].where(sure & (cube["flow"].round(3) != 0)) - less
    return [draw.row(line) for line in integers(values.transpose("route", "period").values, 1000)]


def _known(
    cube: xr.Dataset, months: xr.Dataset | None, spans: list[str]
) -> tuple[list[Any], list[Any]]:
    """Return the days behind each figure that covers a part of its period, and which months."""
    share, length, part = (
        ask(cube) for ask in (qualifiers.coverage, qualifiers.days, qualifiers.in_part)
    )
    names = [
        draw.row([round(float(s * n)) if p else None for s, n, p in zip(*row, strict=True)])
        for row in zip(share, np.broadcast_to(length, share.shape), part, strict=True)
    ]
    named = qualifiers.spans(cube, months)
    for text in (word for row in named for word in row):
        if text and text not in spans:
            spans.append(text)
    return names, [draw.row([spans.index(w) if w else None for w in row]) for row in named]


def _packed(cube: xr.Dataset, variable: str, scale: int) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    return [draw.row(line) for line in integers(cube[variable].values, scale)]


def _kinds(words: str) -> int | None:
    """Return the kinds of a capacity as a sum of powers of two, in the order of `KINDS`.

    >>> _kinds("design;technical"), _kinds("")
    (5, None)
    """
    return sum(1 << list(KINDS).index(word) for word in words.split(";") if word) or None


def _rows(cube: xr.Dataset, variable: str, read: Callable[[str], Any]) -> list[Any]:
    if variable not in cube:
        return [None] * cube.sizes["route"]
    values = cube[variable].values.astype(object)
    codes, words = pd.factorize(values.ravel())  # each word is read once, in the order of the cube
    cells = [*(read(str(word)) for word in words), None]  # a code of -1: missing
    return [draw.row([cells[i] for i in line]) for line in np.split(codes, len(values))]
