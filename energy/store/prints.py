"""The package's figures as they were told: what stood on a day, what was new, what was revised.

Several sources print the same figure; the one that stood on a day is the one that `choose` would
have taken of those in print by then. A disagreement of two sources is no revision as long as the
better one stands.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.measure import observations, periods
from energy.store.base import WHAT
from energy.store.changes import COLUMNS, by_age
from energy.store.dates import label, last_day
from energy.store.package import since

TOLD = ["series", "entity", "period", "freq", "basis", "unit"]


def told(tables: facts.Tables, day: Any = None) -> pd.DataFrame:
    """Return the volumes in print by a day, best first within each of `TOLD`, with ``known``.

    Plans, and figures without a date, are left out: they came with the package, not as news.

    Examples
    --------
    >>> table = told(facts.load(), "2022-06-30")
    >>> bool((table["known"] <= pd.Timestamp("2022-06-30")).all())
    True
    """
    rows = facts.corrected(facts.Tables(tables), "volumes")
    rows["known"] = since(tables, "volumes").reindex(rows.index)
    documents = tables["sources"].set_index("source")["published"]
    day_told = (rows["published"] != "") | (rows["source"].map(documents).fillna("") != "")
    rows = rows[day_told & (rows["status"] != "plan")]
    if day is not None:
        rows = rows[rows["known"] <= pd.Timestamp(last_day(day))]
    rows = observations.rank(rows, tables["sources"], tables["preferences"])
    rows["period"] = rows["period"].map(label)
    return rows


def changes(tables: facts.Tables, a: Any, b: Any) -> pd.DataFrame:
    """Return what of the package's volumes was new or revised between two days.

    Returns
    -------
    DataFrame
        In the columns of `energy.store.diff`; ``source`` is that of the later print.

    Examples
    --------
    >>> sorted(set(changes(facts.load(), "2025-01-01", "2026-01-01")["change"]))
    ['new', 'revised']
    """
    old, new = (told(tables, day).drop_duplicates(TOLD) for day in (a, b))
    keep = [*TOLD, "source", "value", "status", "known"]
    both = new[keep].merge(old[[*TOLD, "value", "status"]], on=TOLD, how="left",
                           suffixes=("", "_old"))  # fmt: skip
    both = both[both["value_old"].isna() | (both["value"] != both["value_old"])]
    both = both.rename(columns={"value": "new", "value_old": "old", "status_old": "old_status"})
    both["change"] = np.where(both["old"].isna(), "new", "revised")
    both["by"] = both["new"] - both["old"]
    both["percent"] = 100 * both["by"] / both["old"].abs().where(both["old"] != 0)
    both["age"] = _ages(both)
    return both.sort_values(["change", *WHAT], ignore_index=True)[COLUMNS]


def revised(tables: facts.Tables) -> pd.DataFrame:
    """Return every revision of what stood: a later print that took the place of an earlier one.

    Returns
    -------
    DataFrame
        ``series, entity, period, freq, basis, unit, old, new, by, percent, known, age, old_id, id,
        source``: `known` is the day of the later print, `age` in whole quarters after the period.

    Examples
    --------
    >>> table = revised(facts.load())
    >>> bool((table["old"] != table["new"]).all())
    True
    """
    rows = told(tables)
    rows["place"] = np.arange(len(rows))  # the best of a group stands first
    rows = rows.sort_values([*TOLD, "known", "place"], kind="stable")
    best = rows.groupby(TOLD, sort=False)["place"].cummin()
    rows = rows[rows["place"] == best]
    before = rows.groupby(TOLD, sort=False)[["value", "id", "known"]].shift(1)
    rows = rows.assign(old=before["value"], old_id=before["id"], earlier=before["known"])
    later = rows["old"].notna() & (rows["known"] > rows["earlier"])
    rows = rows[later & ~_same_to_the_digit(rows["value"], rows["old"])]
    rows = rows.rename(columns={"value": "new"})
    rows["by"] = rows["new"] - rows["old"]
    rows["percent"] = 100 * rows["by"] / rows["old"].abs().where(rows["old"] != 0)
    rows["age"] = _ages(rows)
    columns = [*TOLD, "old", "new", "by", "percent", "known", "age", "old_id", "id", "source"]
    return rows.sort_values(["known", *TOLD], ignore_index=True)[columns]


def revisions(tables: facts.Tables) -> pd.DataFrame:
    """Return how much the package's figures were revised, by age; as `Store.revisions`.

    Examples
    --------
    >>> set(revisions(facts.load())["source"])
    {'package'}
    """
    rows = revised(tables)
    return by_age(rows.assign(source="package"))


def _same_to_the_digit(a: pd.Series, b: pd.Series) -> pd.Series:
    """Tell where one figure is the other in rounder figures: 22.7 and 22.73 are one figure."""
    same = [
        pd.isna(y) or round(x, _digits(x, y)) == round(y, _digits(x, y))
        for x, y in zip(a, b, strict=True)
    ]
    return pd.Series(same, index=a.index, dtype=bool)


def _digits(*values: float) -> int:
    return min(len(f"{value:.6f}".rstrip("0").partition(".")[2]) for value in values)


def _ages(rows: pd.DataFrame) -> pd.Series:
    """Return whole quarters from the end of each period to the day known."""
    ends = pd.to_datetime(rows["period"].map({t: periods.parse(t).end for t in rows["period"]}))
    months = periods.month_numbers(rows["known"]) - periods.month_numbers(ends)
    months -= (rows["known"].dt.day < ends.dt.day).astype("int64")
    quarters: pd.Series = np.floor(months / 3).astype("Int64")
    return quarters
