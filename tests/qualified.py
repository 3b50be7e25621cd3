"""Asks of each number that is shown what must travel with it: coverage, span, standing, interval, age.

A door is a place where numbers are read: the page's data (map, panel, table and tooltip are drawn
from them), the summary, a layer, the cube, the markets, a citation, a picture's labels, a release
note. `lacking` names each qualifier that a door leaves out; what a number must carry is taken
from the flow cube, never from the door.
"""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

WHOLE = 0.999


@dataclasses.dataclass(frozen=True)
class Doors:
    """What is shown at each door, and the cube it must agree with."""

    truth: xr.Dataset
    page: dict[str, Any]
    summary: str
    layer: list[dict[str, Any]]
    cube: xr.Dataset
    markets: pd.DataFrame
    exports: pd.DataFrame
    citation: pd.DataFrame
    labels: dict[str, str]
    note: str


def lacking(doors: Doors) -> list[str]:
    """Return a sentence for each qualifier that does not reach its door."""
    ways = (_page, _summary, _layer, _cube, _markets, _exports, _citation, _labels, _note)
    return [f"{way.__name__[1:]}: {told}" for way in ways for told in way(doors)]


def _cells(truth: xr.Dataset) -> pd.DataFrame:
    """Return every known flow with what must travel with it."""
    names = ["flow", "reported", "coverage", "status", "flow_p10", "flow_p90", "sources",
             "reported_status", "capacity_kind", "utilisation", "revenue", "revenue_p10"]  # fmt: skip
    table = truth[names].to_dataframe()[names].dropna(subset=["flow"])
    table["partial"] = (table["coverage"] > 0) & (table["coverage"] < WHOLE)
    table["worth"] = table["revenue_p10"].notna() & (table["revenue"] != 0)
    table["sure"] = (table["status"] == "balanced") & (table["flow"].round(3) != 0)
    return table


def _at(row: dict[str, Any] | None, step: int) -> Any:
    """Return one cell of a packed row; None where nothing is told."""
    if row is None or not 0 <= step - row["o"] < len(row["v"]):
        return None
    return row["v"][step - row["o"]]


def _page(doors: Doors) -> Iterator[str]:
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(doors.page.get("as_of", ""))):
        yield "no day of the facts"
    lines = {line["id"]: line for line in doors.page["lines"]}
    days = list(doors.truth["period"].values)
    for (route, period), cell in _cells(doors.truth).iterrows():
        step, line = days.index(np.datetime64(period)), lines[route]
        if cell["partial"] and _at(line["days"], step) is None:
            yield f"{route} {period:%Y-%m} does not say how many days are known"
        for word in ("state", "grade"):
            if _at(line[word], step) is None:
                yield f"{route} {period:%Y-%m} has no {word}"
        if cell["sure"]:
            for end in ("low", "high"):
                if _at((line["band"] or {}).get(end), step) is None:
                    yield f"{route} {period:%Y-%m} has no {end} end of its interval"
            if not math.isnan(cell["reported"]) and _at(line["series"]["reported"], step) is None:
                yield f"{route} {period:%Y-%m} stands without the published figure"
            if cell["reported_status"] and _at(line["grades"]["reported"], step) is None:
                yield f"{route} {period:%Y-%m} does not say what the published figure is"
        if cell["utilisation"] == cell["utilisation"] and _at(line["kind"], step) is None:
            yield f"{route} {period:%Y-%m} does not say what its utilisation is a share of"
        if cell["sources"] and _at(line["refs"]["value"], step) is None:
            yield f"{route} {period:%Y-%m} leads to no figure or fact"


def _summary(doors: Doors) -> Iterator[str]:
    head = doors.summary.split("\n## ")[0]
    for words in (str(doors.truth.attrs["as_of"]), "20 °C", "balance"):
        if words not in head:
            yield f"the head does not say {words!r}"
    parts = {part.split("\n")[0]: part for part in doors.summary.split("\n## ")}
    rows = _rows(parts["Volume by route, bcm"])
    for route, cells in rows.items():
        told = doors.truth["coverage"].sel(route=route)
        for year, text in cells.items():
            share = told.sel(period=year)
            short = share.sizes["period"] < 4 or bool((share < WHOLE).any())
            balanced = bool(
                (doors.truth["status"].sel(route=route, period=year) == "balanced").all()
            )
            ended = share.sizes["period"] == 4
            if text != "–" and short and not (balanced and ended) and float(text.split()[0]) \
                    and not text.endswith("*"):  # fmt: skip
                yield f"{route} {year} is not marked as part of a year"
    shown, ends = _rows(parts["By market, bcm"]), _rows(parts.get("By market, P10–P90", ""))
    for market in sorted(set(shown) - set(ends)):
        yield f"{market} stands without its interval"
    earned, ends = (
        _rows(parts.get(title, ""))
        for title in ("Revenue, billion USD (flow times border price)", "Revenue, P10–P90")
    )
    for route, cells in earned.items():
        whole = [y for y, text in cells.items() if text[0] not in "–-0" and text[-1] != "*"]
        for year in whole:
            if "–" not in ends.get(route, {}).get(year, "–")[1:]:
                yield f"{route} {year} earned something without an interval"
    for route, cells in _rows(parts["Utilisation, % of the capacity of that year"]).items():
        if any(text != "–" and not re.search(" [tcdkp]+$", text) for text in cells.values()):
            yield f"{route} does not say what its utilisation is a share of"
    evidence = _rows(parts.get("Zeros of the newest year, and the day of their evidence", ""))
    for route, cells in rows.items():
        newest = [text for text in cells.values() if text != "–"][-1]
        if newest == "0.0" and not evidence.get(route, {}).get("evidence of"):
            yield f"{route} stands at zero without the day of its evidence"
    aged = {name.removeprefix("route ") for name in _rows(parts["Newest figure of each series"])}
    named = _cells(doors.truth).query("sources.str.contains('V')").index.unique("route")
    for route in sorted((set(rows) & set(named)) - aged):
        yield f"{route} does not say how old its newest figure is"


def _rows(part: str) -> dict[str, dict[str, str]]:
    """Return the cells of a Markdown table by row and column."""
    lines = [line.strip("| ").split(" | ") for line in part.splitlines() if line.startswith("| ")]
    lines = [line for line in lines if not line[0].startswith("---")]
    if not lines:
        return {}
    head, *body = lines
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def _layer(doors: Doors) -> Iterator[str]:
    cells = _cells(doors.truth)
    for row in doors.layer:
        if row["flow"] is None or row["flow"] != row["flow"]:
            continue
        where = f"{row['route']}/{row['period']}"
        cell = cells.loc[(row["route"], pd.Period(row["period"], freq="Q").start_time)]
        dated = ["figure_date"] if cell["sources"] else []
        for name in ("coverage", "figure_status", "flow_status", *dated):
            if row.get(name) in (None, ""):
                yield f"{where} has no {name}"
        if cell["sure"] and (row.get("flow_p10") is None or row.get("flow_p90") is None):
            yield f"{where} has no interval"
        if cell["worth"] and (row.get("revenue_p10") is None or row.get("revenue_p90") is None):
            yield f"{where} has no interval of its revenue"
        if row.get("utilisation") is not None and not row.get("capacity_kind"):
            yield f"{where} does not say what its utilisation is a share of"
        if cell["sure"] and row.get("reported") is not None and not row.get("reported_status"):
            yield f"{where} does not say what the published figure is"
        if cell["sources"] and not row.get("sources"):
            yield f"{where} leads to no figure or fact"


def _cube(doors: Doors) -> Iterator[str]:
    for name in ("unit", "basis", "estimate", "as_of"):
        if not doors.cube.attrs.get(name):
            yield f"no {name}"
    for name in (
        "coverage",
        "figure_status",
        "flow_p10",
        "flow_p90",
        "capacity_kind",
        "revenue_p10",
        "revenue_p90",
    ):
        if name not in doors.cube:
            yield f"no {name}"
    for name, values in doors.cube.data_vars.items():
        if values.dtype.kind == "f" and not values.attrs.get("units"):
            yield f"{name} has no unit"


def _markets(doors: Doors) -> Iterator[str]:
    for name in ("unit", "basis", "estimate", "what", "as_of"):
        if not doors.markets.attrs.get(name):
            yield f"no {name}"


def _exports(doors: Doors) -> Iterator[str]:
    for name in ("p10", "p90", "unit", "basis", "coverage", "whole", "status", "as_of"):
        if name not in doors.exports:
            yield f"no {name}"


def _citation(doors: Doors) -> Iterator[str]:
    table = doors.citation
    told = table[table["value"].notna() & table["quantity"].isin(["flow", "reported"])]
    for name in ("unit", "basis", "month"):
        if (told[name].fillna("").astype(str) == "").any():
            yield f"a figure without its {name}"
    for row in table[table["value"].isna() & (table["quantity"] == "reported")].itertuples():
        if not re.search(r"\d{4}-\d\d-\d\d", row.how):
            yield f"the zero of {row.month} does not say since when"
    if not table["how"].str.contains("balance").any():
        yield "nothing says that the flow is the balance's"


def _labels(doors: Doors) -> Iterator[str]:
    """Labels of a picture: published figures of a part of a quarter, balanced ones of all of it."""
    if "days" not in doors.labels["reported"]:
        yield "a part of a quarter is not called one"
    if not re.search(r"balanced, [\d.]+–[\d.]+", doors.labels["balanced"]):
        yield "a balanced rate has no interval"


def _note(doors: Doors) -> Iterator[str]:
    rows = _rows(doors.note.split("## New figures")[-1].split("## ")[0])
    head = doors.note.split("## New figures")[-1]
    for name in ("period", "source", "unit", "age"):
        if rows and f"| {name} " not in head:
            yield f"new figures without their {name}"
    if "Changes against" not in doors.note and "first release" not in doors.note:
        yield "it does not say against what"
