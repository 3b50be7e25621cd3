"""The time axis of the page: periods of the cube, years made of them, the one shown first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import EnergyError
from energy.measure import periods
from energy.publish.atlas.look import GRADES
from energy.publish.atlas.words import PER_YEAR, freq_of, step_word
from energy.publish.qualifiers import newest_whole

STEP = {"Q": "QS", "M": "MS", "H": "6MS", "A": "YS", "G": "12MS"}
YEARS = [("A", "Calendar year", 1), ("G", "Gas year", 10)]  # key, text, first month


def starts_of(flows: xr.Dataset, projection: xr.Dataset | None) -> pd.DatetimeIndex:
    """Return the first days of all periods, of history and of the projection, without a gap."""
    own = pd.DatetimeIndex(flows["period"].values)
    if projection is None or not projection.sizes["period"]:
        return own
    last = max(own[-1], pd.DatetimeIndex(projection["period"].values).max())
    further = pd.date_range(own[-1], last, freq=STEP.get(freq_of(flows), "QS"), inclusive="right")
    return pd.DatetimeIndex([*own, *further]).as_unit(own.unit)


def days_of(starts: pd.DatetimeIndex, freq: str) -> list[int]:
    """Return the days of each period that starts on a day.

    >>> days_of(pd.DatetimeIndex(["2024-01-01", "2025-01-01"]), "Q")
    [91, 90]
    """
    months = 12 // PER_YEAR.get(freq, 4)
    return (starts + pd.DateOffset(months=months) - starts).days.tolist()


def calendars_of(cube: xr.Dataset, steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the ways to divide time: the periods of the cube and, of quarters and months, years."""
    freq = freq_of(cube)
    plural = {"Q": "quarters", "M": "months"}.get(freq, "periods")
    made: list[dict[str, Any]] = [{"key": freq, "label": step_word(cube), "plural": plural}]
    if freq not in ("Q", "M"):
        return made
    for key, label, month in YEARS:
        own = _years(cube, steps, key, month)
        made.append({"key": key, "label": label, "whole": PER_YEAR[freq], "steps": own})
    return made


def _years(
    cube: xr.Dataset, steps: Sequence[Mapping[str, Any]], key: str, month: int
) -> list[dict[str, Any]]:
    """Group the periods into years that begin with a month; a year that lacks some is marked."""
    whole = PER_YEAR[freq_of(cube)]
    word = "quarters" if whole == 4 else "months"
    starts = pd.DatetimeIndex(cube["period"].values)
    years = (starts.year - (starts.month < month)).to_numpy()
    rows = []
    for year in dict.fromkeys(years.tolist()):
        first, end = np.flatnonzero(years == year)[[0, -1]] + [0, 1]
        short, long = period_names(pd.Timestamp(year=year, month=month, day=1), key)
        grades = {GRADES[grade] for step in steps[first:end] for grade in step.get("grades", ())}
        part = "" if end - first == whole else f"; {end - first} of {whole} {word}"
        note = _note(grades) + part
        rows.append(
            {"id": short, "label": long, "tick": str(year), "note": note, "of": [int(first), int(end)],
             "rough": any(step.get("rough") for step in steps[first:end]),
             **({"ahead": True} if any(step.get("ahead") for step in steps[first:end]) else {})}
        )  # fmt: skip
    return rows


def steps_of(cube: xr.Dataset, past: int, filled: np.ndarray) -> list[dict[str, Any]]:
    """Name each period: ``2026Q1`` and ``2026 Q1 (Jan–Mar)``; the first `past` are history.

    `filled` says where the projection stands in for figures.
    """
    grades = cube["status"].values.astype(str) if "status" in cube else None
    steps = []
    last = None
    for i, start in enumerate(pd.DatetimeIndex(cube["period"].values)):
        short, long = period_names(start, freq_of(cube))
        step: dict[str, Any] = {"id": short, "label": long}
        if start.year != last:
            step["tick"] = str(start.year)
            last = start.year
        if grades is not None and i < past:
            found = set(grades[:, i])
            step["note"] = _note(found)
            step["grades"] = [n for n, word in enumerate(GRADES) if word in found]
            step["rough"] = step["grades"] != [0]
        if filled[i]:
            step["ahead"] = True
        steps.append(step)
    return steps


def period_names(start: pd.Timestamp, freq: str) -> tuple[str, str]:
    """Return a period as an address and in words: ``2026Q1`` and ``2026 Q1 (Jan–Mar)``.

    >>> period_names(pd.Timestamp("2026-01-01"), "Q")
    ('2026Q1', '2026 Q1 (Jan–Mar)')
    """
    span = periods.containing(start, freq)
    if freq == "G":
        return str(span), f"Gas year {span.start.year}/{span.end:%y}"
    return str(span), periods.long_label(span).replace("-", "–")


def _note(grades: set[str]) -> str:
    words = [word for word in GRADES if word in grades]
    return "figures: " + ", ".join(words) if words else "no figures"


def opening(cube: xr.Dataset, steps: Sequence[Mapping[str, Any]], wanted: Any) -> int:
    """Choose the period shown first: the one asked for, else the newest whole one."""
    labels = [step["id"] for step in steps]
    if wanted is not None:
        if wanted not in labels:
            raise EnergyError(
                f"The map has no period {wanted!r}; it runs from {labels[0]} to {labels[-1]}."
            )
        return labels.index(wanted)
    return newest_whole(cube)
