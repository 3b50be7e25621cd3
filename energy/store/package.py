"""The package's own facts as they were known on a day."""

from __future__ import annotations

import datetime as dt
import functools
import json
from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.measure import periods
from energy.store.dates import last_day

CHOSEN = ("charges", "market-groups", "projects", "project-assumptions", "statement-lines")
"""Tables of our own choices: a row without a date is method, not news, unless its document has none."""
STRUCTURE = ("network-nodes", "network-edges")
"""Tables whose rows are places and ways: these stay, only limits not known yet go."""
STANDING = ("route-facts", "network-nodes", "network-edges", "tariffs")
"""Tables of what stands or is in force: without a date of its own a row counts from that day."""
QUOTED = ("wb_", "eia_", "spot_")
"""Series of ``prices`` that markets print as they go."""
ALWAYS = "0001-01-01"


@functools.cache
def retrieved() -> dt.date:
    """Return the day the package's documents were last read; ``created`` of its datapackage.

    Examples
    --------
    >>> retrieved() >= dt.date(2026, 1, 1)
    True
    """
    made = json.loads((facts.DATA / "datapackage.json").read_text(encoding="utf-8"))["created"]
    return dt.date.fromisoformat(made[:10])


def dated(tables: facts.Tables) -> list[str]:
    """Return the names of the tables whose rows become known on a day.

    Examples
    --------
    >>> {"volumes", "prices"} <= set(dated(facts.load()))
    True
    """
    names = [name for name, table in tables.items() if "published" in table and name != "sources"]
    return [*names, *(name for name in ("events",) if name in tables)]


def known(tables: facts.Tables, date: Any) -> facts.Tables:
    """Return the tables as they were known on a date.

    A row counts from the end of its ``published``; a market quotation (exchange rate, benchmark
    price) from the end of its period, since every market day prints it and the document at hand is
    a later copy. Without a date of publication what happened or stands (an event, a fact of a
    route, a tariff) counts from the day it happened or holds; everything
    else, and every plan, from the date of its source. A row without any of these is unknown before
    `retrieved`, the day its document was read: nothing is always known. What describes a route
    rather than tells news of it (calorific value, crosswalk, profiles, preferences, a pipe that
    has stood since before the first day of the network) is the method of today and stays.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` returns them.
    date : date or text
        A date, or a period, whose last day counts.

    Returns
    -------
    dict of DataFrame
        The same tables, shorter; rows keep their order.

    Examples
    --------
    >>> early = known(facts.load(), "2022-06-30")["volumes"]
    >>> early["published"].max() <= "2022-06-30"
    True
    """
    day = pd.Timestamp(last_day(date))
    kept = facts.Tables({name: table.copy(deep=False) for name, table in tables.items()})
    for name in dated(kept):
        table, early = kept[name], since(tables, name) <= day
        kept[name] = (
            _unlimited(table, ~early, day)
            if name in STRUCTURE
            else table[early].reset_index(drop=True)
        )
    return kept


def _unlimited(table: pd.DataFrame, later: pd.Series, day: pd.Timestamp) -> pd.DataFrame:
    """Take the limits, and ends that lie ahead, out of rows that were not known yet."""
    ends = later & (table["valid_to"] > day.date().isoformat())
    return table.assign(
        capacity=table["capacity"].mask(later), valid_to=table["valid_to"].mask(ends, "")
    )


def since(tables: facts.Tables, name: str) -> pd.Series:
    """Return the day from which each row of a table of facts is known.

    Examples
    --------
    >>> days = since(facts.load(), "volumes")
    >>> bool(days.notna().all())
    True
    """
    table = tables[name]
    documents = tables["sources"].set_index("source")["published"]
    document = table["source"].map(documents).fillna("")
    dates = table["published"] if "published" in table else pd.Series("", index=table.index)
    held = _held_from(table, name)
    if name in CHOSEN:  # a choice that rests on a document without a date is none of ours
        held = held.where((held != ALWAYS) | (table["source"] == "") | (document != ""), "")
    for fallback in (held.where(held <= str(retrieved()), ""), document):
        dates = dates.where(dates != "", fallback)
    if name == "route-facts":
        dates = dates.where(table["attribute"] != "gcv", ALWAYS)
    days = {text: _fact_day(text) for text in dates.unique()}
    known = dates.map(days)
    if name in ("prices", "fx"):
        quoted = _quoted(table)
        known = known.mask(quoted, table.loc[quoted, "period"].map(_period_end))
    return pd.to_datetime(known).astype("datetime64[s]")


def _held_from(table: pd.DataFrame, name: str) -> pd.Series:
    """Return since when a row without a publication date holds by itself; "" for a plan."""
    if name == "events":
        return table["date"].where(~table["scheduled"].astype(bool), "")
    if name in CHOSEN:
        return table["valid_from"].where(table["valid_from"] != "", ALWAYS)
    if name not in STANDING:
        return pd.Series("", index=table.index)
    held = table["valid_from"]
    if name == "route-facts":
        held = table["value"].where(table["attribute"].isin(["start", "stop"]), held)
    if name.startswith("network-"):
        held = held.where((held != "") | (table["link"] != ""), ALWAYS)
        held = held.where(table["capacity"].isna(), "")  # a limit is news, a place is none
    return held.where(table["status"] != "plan", "")


def _quoted(table: pd.DataFrame) -> pd.Series:
    """Tell which rows of prices or rates are quotations of a market."""
    market = (
        table["series"].str.startswith(QUOTED) if "series" in table else table["kind"] != "forecast"
    )
    return market & (table["status"] == "actual")


def _period_end(text: str) -> np.datetime64:
    return np.datetime64(periods.parse(text).end - dt.timedelta(days=1), "s")


def _fact_day(text: str) -> np.datetime64:
    """Return the day a fact's date is reached, no later than the day it was read."""
    read = retrieved()
    if not text:
        return np.datetime64(read, "s")
    if text == ALWAYS:
        return np.datetime64("1900-01-01", "s")
    span = periods.parse(text[:10])
    end = span.end - dt.timedelta(days=1)
    return np.datetime64(min(end, read) if span.start <= read else end, "s")
