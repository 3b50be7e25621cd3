"""The leaves of the tree as the page weighs them: questions, answers, and counts by market."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from energy.projection import leaves as kept
from energy.publish.atlas.columns import integers
from energy.publish.atlas.words import spoken
from geodata import draw

LEAST = 0.05  # bcm a year: a market that never gets as much has no slider worth moving
SOON = 10  # years from the newest figures to the year whose figures are shown first
LABELS = {"exports": "Exports: {market}", "revenue": "Revenue: {market}"}
UNITS = {"exports": "bcm/yr", "revenue": "million USD a year"}
SCALES = {"exports": 1000, "chance": 1000, "revenue": 1}


def odds_of(found: kept.Leaves | None, projection: xr.Dataset | None) -> dict[str, Any] | None:
    """Pack the leaves; None without them, or beside a projection that was not drawn from a tree.

    Raises
    ------
    DataError
        If the projection beside them answers other questions.
    """
    if found is None or not found.years:
        return None
    if projection is not None and "probabilities" in projection.attrs:
        given = projection.attrs["probabilities"]
        tree = json.loads(given) if isinstance(given, str) else given
        if not isinstance(tree, Mapping) or not all(
            isinstance(row, Mapping) for row in tree.values()
        ):
            return None  # one chance for each scenario: a projection of the user's own
        kept.refuse(found, tree)
    years = [str(year) for year in found.years]
    return {
        "questions": [_question(name, row) for name, row in found.tree["question"].items()],
        "years": years,
        "year": years[min(len(years) - 1, SOON - 1)],
        "bins": kept.BINS,
        "power": kept.POWER,
        "draws": found.draws,
        "sheets": [
            _sheet(sheet) for sheet in sorted(found.sheets, key=_place) if _worth(found, sheet)
        ],
    }


def _place(sheet: kept.Sheet) -> tuple[bool, int, float]:
    """Put first what a question moves, exports before chances before money, then the largest."""
    return not sheet.questions, list(SCALES).index(sheet.kind), -float(sheet.mean.max())


def _worth(found: kept.Leaves, sheet: kept.Sheet) -> bool:
    """Say whether a market ever gets gas; its revenue follows its exports."""
    if sheet.kind == "chance":
        return True
    volumes = {one.name: float(one.mean.max()) for one in found.sheets if one.kind == "exports"}
    return volumes[sheet.name] >= LEAST


def _question(name: str, row: dict[str, Any]) -> dict[str, Any]:
    answers = [
        {
            "key": key,
            "text": answer.get("text", key),
            "probability": answer["probability"]["value"],
            **(
                {"given": {given: condition["value"] for given, condition in answer["if"].items()}}
                if answer.get("if")
                else {}
            ),
        }
        for key, answer in row["answer"].items()
    ]
    return {
        "key": name,
        "text": row.get("text", name),
        **({"after": row["after"]} if row.get("after") else {}),
        "answers": answers,
    }


def _sheet(sheet: kept.Sheet) -> dict[str, Any]:
    scale = SCALES[sheet.kind]
    made = {
        "kind": sheet.kind,
        "name": sheet.name,
        "questions": list(sheet.questions),
        "scale": scale,
        "mean": integers(sheet.mean, scale),
    }
    if sheet.kind == "chance":
        return made
    named = {"market": spoken(sheet.name), "label": LABELS[sheet.kind], "unit": UNITS[sheet.kind]}
    return {**made, **named, "top": round(sheet.top, 6), "counts": [_rows(c) for c in sheet.counts]}


def _rows(counts: np.ndarray) -> list[Any]:
    """Pack the counts of each year; the bins between the first and the last in use."""
    packed = [draw.row([int(n) or None for n in row]) for row in counts]
    return [row and {"o": row["o"], "v": [n or 0 for n in row["v"]]} for row in packed]
