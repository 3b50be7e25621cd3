"""The long table of observations: which of several figures is taken, and why.

An observation is one value of one series for one entity and period from one source, as
published. Figures that disagree stay side by side; `choose` picks one by the preferences in
``data/preferences.csv`` and says so, it never averages.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd

from energy.errors import DataError
from energy.measure import tables

KEY = ["series", "entity", "period"]
STATUS: list[str] = list(tables.STATUSES)
"""How a figure stands, the best first; the vocabulary of the schema."""

Row = TypeVar("Row", bound=NamedTuple)


def rows_of(table: pd.DataFrame, kind: type[Row]) -> Iterator[Row]:
    """Walk the rows of a table as named tuples.

    Parameters
    ----------
    table : DataFrame
    kind : type of NamedTuple
        A row class of `energy.measure.tables`, or one of your own: the table must have a column
        for each of its fields, others are left out.

    Raises
    ------
    DataError
        Naming the columns that the table lacks.

    Examples
    --------
    >>> table = pd.DataFrame({"series": ["*"], "entity": ["*"], "rank": [1],
    ...                       "prefer": ["kind:operator"], "reason": ["who meters knows"]})
    >>> [rule.prefer for rule in rows_of(table, tables.Preference)]
    ['kind:operator']
    """
    missing = [name for name in kind._fields if name not in table]
    if missing:
        raise DataError(kind.__name__, [f"the table has no column '{name}'" for name in missing])
    columns = (table[name].tolist() for name in kind._fields)
    return map(kind._make, zip(*columns, strict=True))


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as mappings from column name to value.

    Examples
    --------
    >>> records(pd.DataFrame({"id": ["V1", "V2"], "value": [1.5, 2.0]}))
    [{'id': 'V1', 'value': 1.5}, {'id': 'V2', 'value': 2.0}]
    """
    names = [str(name) for name in table.columns]
    columns = [_plain(column) for _, column in table.items()]
    if not columns:
        return [{} for _ in range(len(table))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _plain(column: pd.Series) -> list[Any]:
    """Return the values as Python's own; ``to_dict`` walks each cell of each row for the same."""
    values = column.tolist()
    if column.dtype == object:
        return [value.item() if isinstance(value, np.generic) else value for value in values]
    return values


def rank(
    observations: pd.DataFrame, sources: pd.DataFrame, preferences: pd.DataFrame
) -> pd.DataFrame:
    """Order observations so that the one to take comes first within each key.

    The order: a preference that names the series and the entity, then one for the series,
    then one for all; then the status (actual before estimate before plan); then figures as
    published before arithmetic on them; then the latest publication; then the id.

    Parameters
    ----------
    observations : DataFrame
        Columns ``id, series, entity, period, source, basis, status, derived, published``.
    sources : DataFrame
        ``source`` and ``kind``.
    preferences : DataFrame
        ``series, entity, rank, prefer, reason``.

    Returns
    -------
    DataFrame
        The same rows, sorted, with ``why`` (the rule that ranked the row).

    Examples
    --------
    >>> told = {"series": "flow", "entity": "pipe", "period": "2021", "derived": False}
    >>> seen = pd.DataFrame([
    ...     {**told, "id": "V1", "source": "blog", "status": "plan", "published": "2022-01"},
    ...     {**told, "id": "V2", "source": "blog", "status": "actual", "published": "2021-12"},
    ... ])
    >>> sources = pd.DataFrame({"source": ["blog"], "kind": ["press"]})
    >>> none = pd.DataFrame(columns=["series", "entity", "rank", "prefer", "reason"])
    >>> rank(seen, sources, none)["id"].tolist()  # what was measured goes before a plan
    ['V2', 'V1']
    """
    mine = sources[sources["source"].isin(observations["source"].unique())]
    kinds = dict(zip(mine["source"], mine["kind"], strict=True))
    table = observations.assign(kind=observations["source"].map(kinds))
    position, why = _rules(table, preferences)
    standing = {s: i for i, s in enumerate(STATUS)}
    keys = zip(
        *(observations[name].tolist() for name in KEY),
        position.tolist(),
        (standing.get(s, len(STATUS)) for s in observations["status"].tolist()),
        observations["derived"].tolist(),
        map(_late, observations["published"].tolist()),
        observations["id"].tolist(),
        strict=True,
    )  # plain tuples: most tables that are ranked have a handful of rows
    order = [at for _, at in sorted(zip(keys, range(len(table)), strict=True))]
    return observations.assign(why=why).iloc[order].reset_index(drop=True)


def choose(
    observations: pd.DataFrame, sources: pd.DataFrame, preferences: pd.DataFrame
) -> pd.DataFrame:
    """Take one observation per series, entity and period; the others are named beside it.

    Returns
    -------
    DataFrame
        One row per key with ``why`` and ``beside`` (``;``-joined ids of the figures not taken).

    Examples
    --------
    >>> told = {"series": "flow", "entity": "pipe", "period": "2021", "derived": False}
    >>> seen = pd.DataFrame([
    ...     {**told, "id": "V1", "source": "blog", "status": "plan", "published": "2022-01"},
    ...     {**told, "id": "V2", "source": "blog", "status": "actual", "published": "2021-12"},
    ... ])
    >>> sources = pd.DataFrame({"source": ["blog"], "kind": ["press"]})
    >>> none = pd.DataFrame(columns=["series", "entity", "rank", "prefer", "reason"])
    >>> choose(seen, sources, none)[["id", "beside"]].to_numpy().tolist()
    [['V2', 'V1']]
    """
    ranked = rank(observations, sources, preferences)
    first = ranked.drop_duplicates(KEY, keep="first").set_index(KEY)
    rest = ranked[ranked.duplicated(KEY, keep="first")]
    first["beside"] = rest.groupby(KEY)["id"].agg(";".join).reindex(first.index).fillna("")
    return first.reset_index()


def _late(published: str) -> int:
    """Return a sort key that puts later publications first; undated ones last."""
    digits = published.replace("-", "").ljust(8, "0") if published else "0"
    return -int(digits)


def _rules(table: pd.DataFrame, preferences: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return for each row the position of the first rule that fits it, and that rule's reason."""
    position = np.full(len(table), len(preferences) + 1)
    why = np.full(len(table), "no stated preference fits; status and date decide", dtype=object)
    rules = sorted(rows_of(preferences, tables.Preference),
                   key=lambda rule: ((rule.entity == "*") + (rule.series == "*"), rule.rank))  # fmt: skip
    needed = {"series", "entity", *(rule.prefer.partition(":")[0] for rule in rules)}
    columns = {name: table[name].to_numpy(dtype=object) for name in needed}
    for place, rule in enumerate(rules):
        fits = _fits(columns, rule) & (position > len(preferences))
        position[fits] = place
        why[fits] = f"{rule.prefer}: {rule.reason}"
    return position, why


def _fits(columns: Mapping[str, np.ndarray], rule: tables.Preference) -> np.ndarray:
    name, _, value = rule.prefer.partition(":")
    fits: np.ndarray = columns[name] == value
    if rule.series != "*":
        fits = fits & (columns["series"] == rule.series)
    return fits if rule.entity == "*" else fits & (columns["entity"] == rule.entity)


def explain(row: Mapping[str, Any], sources: pd.DataFrame) -> str:
    """Return one sentence: what was taken from whom, and why.

    Examples
    --------
    >>> row = {"id": "V1", "value": 10.4, "unit": "bcm", "basis": "20C", "entity": "blue-stream",
    ...        "period": "2021", "status": "actual", "source": "press", "why": "published last",
    ...        "beside": "V2;V3"}
    >>> sources = pd.DataFrame({"source": ["press"], "title": ["A paper"]})
    >>> print(explain(row, sources))
    V1: 10.4 bcm at 20C for blue-stream in 2021 (actual), from A paper; taken because published last; not taken: V2, V3.
    """
    title = sources.set_index("source")["title"].get(row["source"], row["source"])
    beside = row.get("beside") or ""
    others = f"; not taken: {beside.replace(';', ', ')}" if beside else ""
    basis = f" at {row['basis']}" if row.get("basis") else ""
    return (
        f"{row['id']}: {row['value']:g} {row['unit']}{basis} for {row['entity']} in {row['period']} "
        f"({row['status']}), from {title}; taken because {row['why']}{others}."
    )


def newest(rows: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return the edition published last for each value of ``by``; of equals the later row.

    An update lays the newest print of a series over that of the package; both stay in the table.

    Examples
    --------
    >>> prints = pd.DataFrame({
    ...     "period": ["2021", "2021", "2022"],
    ...     "published": ["2022-01", "2022-06", "2023-01"],
    ...     "value": [10.0, 10.4, 11.0],
    ... })
    >>> newest(prints, ["period"])["value"].tolist()
    [10.4, 11.0]
    """
    order = rows.sort_values("published", kind="stable")
    return order.drop_duplicates(by, keep="last").sort_index()
