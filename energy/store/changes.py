"""What changed between two states, and how much figures were revised."""

from __future__ import annotations

import numpy as np
import pandas as pd

from energy.measure import periods
from energy.store.base import WHAT
from energy.store.dates import known_days
from energy.store.tables import CONTENT

COLUMNS = ["change", *WHAT, "unit", "old", "new", "by", "percent", "old_status", "status", "age"]
"""What is told of a change, of figures between releases and of prints alike."""


def diff(old: pd.DataFrame, new: pd.DataFrame) -> pd.DataFrame:
    """Compare two tables of observations.

    Returns
    -------
    DataFrame
        ``change`` (new, revised, vanished), the columns of `WHAT`, ``unit, old, new, by`` (new
        less old; NaN where the unit changed), ``percent, old_status, status`` and ``age``, whole
        quarters from the end of the period to the day the change was known. Vanished is what
        `old` has a value for and `new` has not.

    Examples
    --------
    >>> old, new = store.observations("2025-06-30"), store.observations()
    >>> diff(old, new)[["change", "period", "by", "percent"]].values.tolist()
    [['revised', '2025Q1', 0.5, 25.0]]
    """
    both = old.merge(new, on=WHAT, how="outer", suffixes=("_old", "_new"))
    had, has = both["value_old"].notna(), both["value_new"].notna()
    same = [_same(both[f"{c}_old"], both[f"{c}_new"]) for c in CONTENT]
    both["change"] = np.select(
        [has & ~had, had & ~has, had & has & ~np.logical_and.reduce(same)],
        ["new", "vanished", "revised"], "")  # fmt: skip
    both["by"] = (both["value_new"] - both["value_old"]).where(both["unit_old"] == both["unit_new"])
    both["percent"] = 100 * both["by"] / both["value_old"].abs().where(both["value_old"] != 0)
    both["unit"] = both["unit_new"].where(both["unit_new"].notna(), both["unit_old"])
    both["age"] = _ages(both["period"], _late_known(both))
    names = {
        "value_old": "old",
        "value_new": "new",
        "status_old": "old_status",
        "status_new": "status",
    }
    found = both[both["change"] != ""].rename(columns=names)[COLUMNS]
    return found.sort_values(["change", *WHAT], ignore_index=True)


def _same(a: pd.Series, b: pd.Series) -> np.ndarray:
    return ((a == b) | (a.isna() & b.isna())).to_numpy()


def _late_known(both: pd.DataFrame) -> pd.Series:
    """Return the day the newer side was known; that of the older where the newer has no row."""
    sides = []
    for side in ("new", "old"):
        published = both[f"published_{side}"].fillna("").astype("str")
        sides.append(known_days(published, both[f"retrieved_{side}"]))
    return sides[0].where(sides[0].notna(), sides[1])


def _ages(texts: pd.Series, known: pd.Series) -> pd.Series:
    """Return whole quarters from the end of each period to the day known; before the end is -1."""
    ends = pd.to_datetime(texts.map({t: periods.parse(t).end for t in texts.unique()}))
    months = periods.month_numbers(known) - periods.month_numbers(ends)
    months -= (known.dt.day < ends.dt.day).astype("int64")
    quarters: pd.Series = np.floor(months / 3).astype("Int64")
    return quarters


def revisions(rows: pd.DataFrame) -> pd.DataFrame:
    rows = rows[rows["value"].notna()].sort_values(["key", "start", "known", "edition"])
    before = rows.groupby(["key", "start"])[["value", "unit"]].shift(1)
    by, was = rows["value"] - before["value"], before["value"].abs()
    rows = rows.assign(by=by, percent=100 * by / was.where(was > 0),
                       age=_ages(rows["period"], rows["known"]))  # fmt: skip
    return by_age(rows[(rows["unit"] == before["unit"]) & (rows["by"] != 0)])


def by_age(rows: pd.DataFrame) -> pd.DataFrame:
    """Sum up single revisions, ``by`` and ``percent``, by source, series, unit and age.

    Examples
    --------
    >>> each = pd.DataFrame({"source": "meter", "series": "flow", "unit": "bcm", "age": [1, 1],
    ...                      "by": [0.5, -0.1], "percent": [5.0, -1.0]})
    >>> by_age(each)[["n", "mean", "mean_abs"]].round(6).values.tolist()
    [[2.0, 0.2, 0.3]]
    """
    groups = rows.assign(size=rows["by"].abs(), size_percent=rows["percent"].abs()).groupby(
        ["source", "series", "unit", "age"]
    )
    return groups.agg(
        n=("by", "size"),
        mean=("by", "mean"),
        mean_abs=("size", "mean"),
        mean_pct=("percent", "mean"),
        mean_abs_pct=("size_percent", "mean"),
    ).reset_index()
