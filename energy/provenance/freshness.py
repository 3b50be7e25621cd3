"""How fresh each series is: the newest figure of every route, market, price and line of accounts."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pandas as pd

from energy.measure import periods
from energy.measure.tables import Tables


def freshness(tables: Tables, today: dt.date | None = None) -> pd.DataFrame:
    """Return the newest figure of each series that is shown: one row a route, market or line.

    Parameters
    ----------
    tables : Tables
        Facts, with or without what the updates brought.
    today : date, optional
        For ``age``.

    Returns
    -------
    DataFrame, columns kind, name, series, newest, status, source, age
        ``newest`` is the last day of the newest period with a figure that is no plan; ``age`` the
        days since then, missing without `today`. Oldest first.

    Examples
    --------
    >>> from energy import facts
    >>> table = freshness(facts.load(), dt.date(2026, 11, 28)).set_index(["kind", "name"])
    >>> table.loc[("route", "nord-stream-1"), "newest"]
    '2023-03-31'
    """
    parts = [_newest("route", tables["volumes"], "entity", ["flow"]),
             _newest("market", tables["volumes"], "entity", ["imports_pipeline", "exports", "customs_value"]),
             _newest("price", tables["prices"], "market", None),
             _newest("account", tables["financials"], "metric", None)]  # fmt: skip
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    table["age"] = [(today - day).days if today else None for day in table["newest"]]
    table["newest"] = [day.isoformat() for day in table["newest"]]
    return table.astype({"age": "Int64"}).sort_values(["newest", "kind", "name"], ignore_index=True)


def _newest(kind: str, rows: pd.DataFrame, name: str, series: Sequence[str] | None) -> pd.DataFrame:
    firm = rows[~rows["status"].isin(["plan", "contract"]) & rows["value"].notna()]
    firm = firm[firm["series"].isin(series)] if series else firm
    if firm.empty:
        return pd.DataFrame()
    ends = {text: periods.parse(text).end for text in firm["period"].unique()}
    column = "series" if "series" in firm else name
    table = firm.assign(kind=kind, name=firm[name], series=firm[column],
                        newest=[ends[p] - dt.timedelta(days=1) for p in firm["period"]])  # fmt: skip
    # of figures for the same period the one that came last, in the order of the table
    order = ["newest", *(["published"] if "published" in table else [])]
    last = table.sort_values(order, kind="stable").drop_duplicates(["name", "series"], keep="last")
    return last[["kind", "name", "series", "newest", "status", "source"]]
