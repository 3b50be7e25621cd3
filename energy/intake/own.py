"""Figures of one's own pass the same gate as those of sources, before they are taken.

What cannot be (no number, a negative, more than any pipe carries) is refused; what is merely odd
against what is known is refused too, unless its note says why it is right: ``accepted: why``.
"""

from __future__ import annotations

import codecs
import datetime as dt
import functools
from pathlib import Path

import numpy as np
import pandas as pd

from energy import facts, flows
from energy.errors import DataError, UnknownName
from energy.intake import gate
from energy.sources import forms
from energy.sources.contract import COLUMNS

ACCEPTED = "accepted:"
MOST_TIMES = 3.0
"""Multiple of the largest packaged value in a unit beyond which a figure has another unit."""

ROWS = 300_000
"""Most rows of one own table; more belong into the store: ``energy import inbox``."""

LARGEST_FILE = 100 * 2**20
RULES = (gate.no_number, gate.future, gate.published_ahead, gate.sign, gate.unit_mistake,
         gate.placeholder_zero, gate.jump, gate.capacity)  # fmt: skip


def faults(folder: Path, tables: facts.Tables, today: dt.date | None = None) -> list[str]:
    """Return what is wrong with the figures in a folder of one's own, one sentence a row.

    Parameters
    ----------
    folder : path
        With ``volumes.csv``, or without: then there is nothing to judge.
    tables : Tables
        The facts with the folder laid over.
    today : date, optional
        The day on which figures are judged to lie ahead; default today.
    """
    path = folder / "volumes.csv"
    if not path.exists():
        return []
    own = facts.read_table(path, "volumes")
    if own.empty:
        return []
    if found := [*_no_route(own, tables), *_twice(own)]:
        return found
    shipped = facts.load_package()["volumes"]
    known = shipped[~shipped["id"].isin(own["id"])]
    moment = dt.datetime.combine(today or dt.datetime.now(dt.UTC).date(), dt.time(12), dt.UTC)
    rows = _observations(own, moment)
    context = gate.Context(
        _observations(known, moment), _limits(rows, tables), _calorific_values(rows, tables)
    )
    table = gate.with_history(rows, context)
    said = pd.concat([_impossible(rows, known), *(rule(table) for rule in RULES)])
    reason = said.groupby(level=0).first()
    accepted = own["note"].str.contains(ACCEPTED, regex=False)
    bad = [place for place in reason.index if not (accepted[place] and place not in _never(rows))]
    return [f"volumes.csv row {place + 2}: {own.loc[place, 'id']}, {reason[place]}; correct it"
            + ("" if place in _never(rows) else f", or write '{ACCEPTED} why' into its note")
            for place in bad]  # fmt: skip


def _no_route(own: pd.DataFrame, tables: facts.Tables) -> list[str]:
    """Tell flows of routes that do not exist: they would stand nowhere."""
    routes = sorted(tables["routes"]["route"].astype(str))
    found = []
    for place, (series, name) in enumerate(own[["series", "entity"]].astype(str).to_numpy()):
        if series == "flow" and name not in routes:
            near = ", ".join(UnknownName("route", name, routes).near[:3]) or "see energy routes"
            found.append(f"volumes.csv row {place + 2}: flow of '{name}', no such route; near: {near}; "
                         "correct it, or add the route to routes.csv")  # fmt: skip
    return found


def _twice(own: pd.DataFrame) -> list[str]:
    """Tell figures that one source gives twice for the same thing on the same day."""
    key = ["series", "entity", "period", "freq", "unit", "basis", "source", "published", "status"]
    first = own.groupby(key)["id"].transform("first").astype(str)
    again = own.duplicated(key)
    return [f"volumes.csv row {place + 2}: {own.loc[place, 'id']} says what {first[place]} says, of the "
            "same source and day; keep one" for place in own.index[again]]  # fmt: skip


def no_tables(folder: Path) -> list[str]:
    """Return the files of a folder that are no CSV in UTF-8 with commas, before they are read.

    Examples
    --------
    >>> _ = Path("volumes.csv").write_text("<html><title>503</title></html>", encoding="utf-8")
    >>> no_tables(Path("."))
    ["volumes.csv: a web page ('503') that came in place of the file; download it again"]
    """
    found: list[str] = []
    for path in sorted(folder.glob("*.csv")):
        body = path.read_bytes()
        try:
            if body.startswith((b"PK", b"\x1f\x8b")):
                raise DataError(path.name, [f"{path.name}: a packed file; unpack it"])
            forms.open_body(path.name, body)
            if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                raise DataError(path.name, [f"{path.name}: UTF-16; save it as 'CSV UTF-8'"])
            head = forms.text_of(body, path.name).lstrip("\ufeff").partition("\n")[0]
        except DataError as error:
            found += error.faults
            continue
        if head.count(",") < max(head.count(";"), head.count("\t")):
            found.append(f"{path.name} row 1: the columns are separated by ';' or tabs; save it with "
                         "commas and decimal points")  # fmt: skip
    return found


def too_large(folder: Path) -> list[str]:
    """Return the tables of a folder that are too large to be own facts, before they are read."""
    found = []
    for path in sorted(folder.glob("*.csv")):
        if not path.is_file():
            found.append(f"{path.name}: no plain file; name a table")
        elif path.stat().st_size > LARGEST_FILE or _lines(path) > ROWS:
            found.append(f"{path.name}: more than {ROWS:,} rows or {LARGEST_FILE // 2**20} MB; figures "
                         "in such numbers belong into the store: energy import inbox FILE")  # fmt: skip
    return found


def _lines(path: Path) -> int:
    with path.open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(2**20), b""))


def _never(rows: pd.DataFrame) -> set[int]:
    """Return the places of values that no reason can make right."""
    wrong = ~np.isfinite(rows["value"]) | ((rows["value"] < 0) & _quantity(rows))
    return set(rows.index[wrong])


def _quantity(rows: pd.DataFrame) -> pd.Series:
    """Tell amounts from rates of growth, which may be negative."""
    return (rows["unit"] != "percent") & ~rows["series"].str.endswith("_growth")


def _impossible(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    most = known[_quantity(known)].groupby("unit")["value"].max()
    said: dict[int, str] = {}
    for place, value, unit in zip(rows.index, rows["value"], rows["unit"], strict=True):
        limit = MOST_TIMES * most.get(unit, np.inf)
        if place in _never(rows) and np.isfinite(value):
            said[place] = f"{value:g} {unit} is negative; gas the other way is a route of its own"
        elif unit != "percent" and value > limit:
            said[place] = f"{value:g} {unit} is more than {limit:.4g}: another unit?"
    return pd.Series(said, dtype=object)


def _observations(volumes: pd.DataFrame, moment: dt.datetime) -> pd.DataFrame:
    made = volumes.assign(retrieved=pd.Timestamp(moment), ref=volumes["id"])
    return made.reindex(columns=COLUMNS).reset_index(drop=True)


def _limits(rows: pd.DataFrame, tables: facts.Tables) -> dict[str, float]:
    """Return the most that each route may carry, bcm a day; a new one, as much as the largest."""
    known, own = packaged_limits(), tables["route-facts"]
    largest = max(known.values())
    stated = own[own["attribute"] == "capacity"].groupby("route")["value"].max().astype(float) / 365
    return {name: max(known.get(name, 0.0), float(stated.get(name, 0.0))) or largest
            for name in rows["entity"].unique()}  # fmt: skip


@functools.cache
def packaged_limits() -> dict[str, float]:
    """Return by route the most that the package's facts allow, bcm a day at 20 °C."""
    from energy.intake.judging import limits

    return limits(facts.load_package())


def _calorific_values(rows: pd.DataFrame, tables: facts.Tables) -> dict[str, float]:
    known = flows.calorific_values(tables["route-facts"])
    usual = float(np.median(list(known.values())))
    return {name: known.get(name, usual) for name in rows["entity"].unique()}
