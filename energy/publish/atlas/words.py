"""Small readings of tables and cubes that all parts of the page share."""

from __future__ import annotations

import csv
import functools
import io
import re
from importlib import resources
from typing import Any

import pandas as pd
import xarray as xr

from energy.publish.qualifiers import MONTHS, PER_YEAR

__all__ = [
    "MONTHS",
    "PER_YEAR",
    "about",
    "basis_words",
    "capitals",
    "freq_of",
    "spoken",
    "step_word",
    "text_column",
    "text_of",
    "translations",
]

SHORT = {"and": "and", "eu": "EU", "lng": "LNG"}  # words of an id that are not just begun large


def text_of(value: Any) -> str:
    """Return a text; empty for None and NaN.

    >>> text_of(None), text_of(float("nan")), text_of(38)
    ('', '', '38')
    """
    return "" if value is None or (not isinstance(value, str) and pd.isna(value)) else str(value)


def text_column(frame: pd.DataFrame, column: str) -> pd.Series:
    """Return a column as texts, empty where there is none.

    >>> text_column(pd.DataFrame({"note": ["a", None]}), "note").tolist()
    ['a', '']
    """
    if column not in frame:
        return pd.Series("", index=frame.index)
    return frame[column].fillna("").astype(str)


@functools.cache
def translations() -> dict[str, tuple[str, str]]:
    """Return titles and texts of events and notes on routes in Russian and Chinese, by their English.

    A text that is not there, or was changed since, stays English.
    """
    found: dict[str, tuple[str, str]] = {}
    for name in ("titles.csv", "notes.csv"):
        text = (resources.files(__package__) / name).read_text("utf-8")
        found |= {row["text"]: (row["ru"], row["zh"]) for row in csv.DictReader(io.StringIO(text))}
    return found


def spoken(text: str) -> str:
    """Turn an id into words: ``central-asia`` into ``Central Asia``; other texts stay.

    >>> spoken("central-asia"), spoken("Gazprom"), spoken("2019-12-02")
    ('Central Asia', 'Gazprom', '2019-12-02')
    """
    return capitals(text) if re.fullmatch(r"[a-z]+(-[a-z]+)*", text) else text


def capitals(name: str) -> str:
    """Write an id as a name: each word begins large, short ones as one writes them.

    >>> capitals("arctic-lng-2"), capitals("europe-and-china"), capitals("eu")
    ('Arctic LNG 2', 'Europe and China', 'EU')
    """
    return " ".join(SHORT.get(word) or word.capitalize() for word in name.split("-"))


def freq_of(cube: xr.Dataset) -> str:
    """Return the letter of a cube's periods: Q, M, A, ...

    >>> freq_of(xr.Dataset(attrs={"freq": "A"})), freq_of(xr.Dataset())
    ('A', 'Q')
    """
    return str(cube.attrs.get("freq", "Q"))[:1].upper()


def step_word(cube: xr.Dataset) -> str:
    """Return the word for a period of a cube.

    >>> step_word(xr.Dataset(attrs={"freq": "G"}))
    'Gas year'
    """
    words = {"Q": "Quarter", "M": "Month", "H": "Half-year", "A": "Year", "G": "Gas year"}
    return words.get(freq_of(cube), "Period")


def basis_words(cube: xr.Dataset) -> str:
    """Say the conditions of a cube's cubic metre.

    >>> basis_words(xr.Dataset(attrs={"basis": "20C"}))
    'at 20 °C'
    """
    basis = str(cube.attrs.get("basis", "")).strip()
    if basis.endswith("C") and basis[:-1].isdigit():
        return f"at {basis[:-1]} °C"
    return basis or "basis not stated"


def about(cube: xr.Dataset) -> str:
    """Return the line below the title: the day of the facts, unit and basis.

    >>> about(xr.Dataset(attrs={"as_of": "2026-01-31", "unit": "bcm", "basis": "20C"}))
    'As of 2026-01-31 · bcm at 20 °C'
    """
    as_of = cube.attrs.get("as_of")
    unit = f"{cube.attrs.get('unit', 'bcm')} {basis_words(cube)}"
    return f"As of {as_of} · {unit}" if as_of else unit
