"""The package's own facts as they were known on a day."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.measure import periods
from energy.store.dates import last_day

DATED = (
    "volumes",
    "prices",
    "financials",
    "fx",
    "contracts",
    "trade-context",
    "events",
    "route-facts",
    "tariffs",
    "proposals",
    "capex",
    "charges",
    "market-groups",
    "projects",
    "project-assumptions",
)
CHOSEN = ("charges", "market-groups", "projects", "project-assumptions")
"""Tables of our own choices: a row without a date is method, not news."""
QUOTED = ("wb_", "eia_", "spot_")
"""Series of ``prices`` that markets print as they go."""


@functools.cache
def package_date() -> dt.date:
    """Return the date of the package's own facts: their newest full publication date."""
    tables = facts._package()
    dates = [
        text for name in tables if "published" in tables[name] for text in tables[name]["published"]
    ]
    return dt.date.fromisoformat(max(text for text in dates if len(text) == 10))


def known(tables: Mapping[str, pd.DataFrame], date: Any) -> facts.Tables:
    """Return the tables as they were known on a date.

    A row counts from the end of its ``published``; a market quotation (exchange rate, benchmark
    price) from the end of its period, since every market day prints it and the document at hand is
    a later copy. Without a date of publication an event counts from its date (an
    event still to come: from its document's), a fact of a route from its ``valid_from`` or the
    date it states; a row without any date counts from the package's own date, and no row of the
    package later than that. What describes a route rather than tells news of it (calorific
    value, crosswalk, profiles, preferences) is the method of today and stays.

    Parameters
    ----------
    tables : dict of DataFrame
        As `energy.facts.load` returns them.
    date : date or text
        A date, or a period, whose last day counts.

    Returns
    -------
    dict of DataFrame
        The same tables, shorter; rows keep their order.
    """
    day = pd.Timestamp(last_day(date))
    kept = facts.Tables({name: table.copy(deep=False) for name, table in tables.items()})
    for name in DATED:
        if name in kept:
            table = kept[name]
            kept[name] = table[since(tables, name) <= day].reset_index(drop=True)
    return kept


def since(tables: Mapping[str, pd.DataFrame], name: str) -> pd.Series:
    """Return the day from which each row of a table of facts is known."""
    table = tables[name]
    if name == "events":
        documents = tables["sources"].set_index("source")["published"]
        dates = table["date"].where(
            ~table["scheduled"].astype(bool), table["source"].map(documents).fillna("")
        )
    else:
        dates = table["published"]
    if name in CHOSEN:
        dates = dates.where(
            dates != "", table["valid_from"].where(table["valid_from"] != "", "0001-01-01")
        )
    if name == "tariffs":
        dates = dates.where(dates != "", table["valid_from"])
    if name == "route-facts":
        dates = dates.where(dates != "", _valid_from(table))
        dates = dates.where(table["attribute"] != "gcv", "0001-01-01")
    days = {text: _fact_day(text) for text in dates.unique()}
    known = dates.map(days)
    if name in ("prices", "fx"):
        quoted = _quoted(table)
        known = known.mask(quoted, table.loc[quoted, "period"].map(_period_end))
    return pd.to_datetime(known).astype("datetime64[s]")


def _quoted(table: pd.DataFrame) -> pd.Series:
    """Tell which rows of prices or rates are quotations of a market."""
    market = (
        table["series"].str.startswith(QUOTED) if "series" in table else table["kind"] != "forecast"
    )
    return market & (table["status"] == "actual")


def _period_end(text: str) -> np.datetime64:
    return np.datetime64(periods.parse(text).end - dt.timedelta(days=1), "s")


def _valid_from(table: pd.DataFrame) -> pd.Series:
    """Return since when facts of a route hold; "" for a plan, which has not come true."""
    stated = table["value"].where(table["attribute"].isin(["start", "stop"]), table["valid_from"])
    return stated.where(table["status"] != "plan", "")


def _fact_day(text: str) -> np.datetime64:
    """Return the day a fact's date is reached; the package's date where that is earlier."""
    package = package_date()
    if not text:
        return np.datetime64(package, "s")
    if text == "0001-01-01":
        return np.datetime64("1900-01-01", "s")
    span = periods.parse(text[:10])
    end = span.end - dt.timedelta(days=1)
    return np.datetime64(min(end, package) if span.start <= package else end, "s")
