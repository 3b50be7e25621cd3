"""The record of sources over all pairs: what stays unexplained, bias, noise, revisions."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from energy import facts
from energy.errors import UnknownName
from energy.measure.observations import records
from energy.mirror.basis import figures_in
from energy.mirror.causes import PARTS, split
from energy.mirror.gathering import MONEY, VOLUMES, MirrorTables, periods_in, read_tables
from energy.mirror.reconciled import estimate


def pairs(tables: facts.Tables, name: str | None = None, period: str | None = None) -> pd.DataFrame:
    """Split the gap of every pair of figures, for one subject or over all routes and markets.

    Parameters
    ----------
    tables : Tables
        As `mirror`.
    name, period : str, optional
        A route or market and a period; default all of them, in bcm at 20 °C.

    Returns
    -------
    DataFrame
        ``name, period, a, b`` (ids), ``source_a, source_b, kind_a, kind_b, value_a, value_b``
        (common basis), ``gap`` (a less b), each of `PARTS`, ``size`` (mean of both), ``share``
        (residual over size, without sign), ``comparable`` (neither figure is excluded by a
        correction), ``why``. Each pair once, also where a market has one route only.

    Examples
    --------
    >>> table = pairs(facts.load(), "turkstream-2", "2026-01")
    >>> {"a", "b", "gap", "residual"} <= set(table)
    True
    """
    data = read_tables(tables)
    return data.keep(("pairs", name or "", period or ""), lambda: _pairs(data, name, period))


def _pairs(data: MirrorTables, name: str | None, period: str | None) -> pd.DataFrame:
    wanted = [name] if name else data.names
    rows: list[dict[str, Any]] = []
    seen: set[frozenset[str]] = set()
    for subject in wanted:
        for text in [period] if period else periods_in(data, subject, at_least=2):
            found = figures_in(data, subject, text)
            held = found[found["comparable"]].pipe(records)
            for a, b in itertools.combinations(held, 2):
                key = frozenset((a["id"], b["id"]))
                if key not in seen:
                    seen.add(key)
                    rows.append({"name": subject, "period": text} | _pair(a, b))
    columns = ["name", "period", *_pair_columns()]
    return pd.DataFrame(rows, columns=columns)


def _pair_columns() -> list[str]:
    ends = [f"{what}_{side}" for what in ("source", "kind", "value") for side in "ab"]
    return ["a", "b", *ends, "gap", *PARTS, "possible", "size", "share", "comparable", "why"]


def _pair(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    parts = split(a, b)
    size = (abs(a["common"]) + abs(b["common"])) / 2
    share = abs(parts["residual"]) / size if size else math.nan
    return {
        "a": a["id"], "b": b["id"], "source_a": a["source"], "source_b": b["source"],
        "kind_a": a["kind"], "kind_b": b["kind"], "value_a": a["common"], "value_b": b["common"],
        **parts, "size": size, "share": share,
        "comparable": not a["excluded"] and not b["excluded"],
    }  # fmt: skip


def residuals(table: pd.DataFrame) -> pd.DataFrame:
    """Return median and 90th percentile of gap and residual over pairs.

    Parameters
    ----------
    table : DataFrame
        From `pairs`. Pairs with a figure that a correction excludes are left out.

    Returns
    -------
    DataFrame
        Index ``gap`` (as printed), ``proven`` (what computed and measured causes and rounding
        leave), ``residual`` (what bounds leave too); ``pairs, median, p90`` (share of the
        figure's size) and ``median_bcm, p90_bcm``.

    Examples
    --------
    >>> residuals(pairs(facts.load(), "turkstream-2", "2026-01")).index.tolist()
    ['gap', 'proven', 'residual']
    """
    held = table[table["comparable"] & (table["size"] > 0)]
    amounts = {"gap": held["gap"], "proven": held["residual"] + held["possible"],
               "residual": held["residual"]}  # fmt: skip
    rows = {}
    for what, amount in amounts.items():
        share = amount.abs() / held["size"]
        rows[what] = {"pairs": len(held), "median": share.median(), "p90": share.quantile(0.9),
                      "median_bcm": amount.abs().median(), "p90_bcm": amount.abs().quantile(0.9)}  # fmt: skip
    return pd.DataFrame(rows).T.astype({"pairs": int})


def league(tables: facts.Tables, by: str = "source") -> pd.DataFrame:
    """Rank sources by how they sit against the best estimate, over all routes and years.

    Parameters
    ----------
    tables : Tables
        As `mirror`.
    by : {"source", "kind"}
        One line a source or a kind of source.

    Returns
    -------
    DataFrame
        Index `by`; ``title`` (of a source), ``figures, subjects``, ``bias`` (median deviation,
        share of the estimate, + is more), ``noise`` (1.4826 times the median absolute deviation
        from the bias; NaN below three figures), ``aside`` (share set aside as outlier),
        ``revisions`` and ``revision`` (count and median size of later editions against earlier
        ones). Many figures first. A source that stands in the estimate pulls it towards itself,
        so with two sources each gets about half the difference.

    Raises
    ------
    UnknownName
        If `by` is neither.

    Examples
    --------
    >>> league(facts.load(), "colour")
    Traceback (most recent call last):
        ...
    energy.errors.UnknownName: Unknown league 'colour'; known: kind, source.
    """
    if by not in ("source", "kind"):
        raise UnknownName("league", by, ("source", "kind"))
    table = deviations(tables)
    editions = revisions(tables).groupby(by)["revision"].agg(["size", "median"])
    groups = table.groupby(by)
    result = pd.DataFrame({
        "figures": groups.size(), "subjects": groups["subject"].nunique(),
        "bias": groups["deviation"].median(), "noise": groups["deviation"].agg(_robust),
        "aside": groups["aside"].mean(),
    })  # fmt: skip
    result["revisions"] = editions["size"].reindex(result.index).fillna(0).astype(int)
    result["revision"] = editions["median"].reindex(result.index)
    if by == "source":
        result.insert(
            0, "title", tables["sources"].set_index("source")["title"].reindex(result.index)
        )
    return result.sort_values("figures", ascending=False, kind="stable")


def _robust(values: pd.Series) -> float:
    if len(values) < 3:  # of two, neither is out of line
        return float("nan")
    # makes it the deviation of a normal
    return float(1.4826 * (values - values.median()).abs().median())


def deviations(tables: facts.Tables) -> pd.DataFrame:
    """Return how far each figure lies from the estimate of its subject.

    Returns
    -------
    DataFrame
        ``subject`` (name and period), ``id, source, kind, deviation`` (share), ``aside``; each
        figure once, under the first subject that holds it.
    """
    data = read_tables(tables)
    return data.keep(("deviations",), lambda: _deviations(data))


def _deviations(data: MirrorTables) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for name in data.names:
        for period in periods_in(data, name, at_least=2):
            found = figures_in(data, name, period)
            held = found[found["used"]]
            best = estimate(found)
            if len(held) < 2 or not best.value or seen >= set(held["id"]):
                continue
            for row in held[~held["id"].isin(list(seen))].pipe(records):
                rows.append({"subject": f"{name} {period}", "id": row["id"], "source": row["source"],
                             "kind": row["kind"], "deviation": row["adjusted"] / best.value - 1,
                             "aside": row["id"] in best.aside})  # fmt: skip
            seen |= set(held["id"])
    return pd.DataFrame(rows, columns=["subject", "id", "source", "kind", "deviation", "aside"])


def revisions(tables: facts.Tables) -> pd.DataFrame:
    """Return later editions of a figure beside the earlier one.

    An edition is a figure for the same series, entity, period and basis by the same publisher at
    a later date, or a final figure after a provisional one.

    Returns
    -------
    DataFrame
        ``source, kind`` (of the earlier), ``series, entity, period, earlier, later`` (values),
        ``revision`` (later over earlier less 1).

    Examples
    --------
    >>> table = revisions(facts.load())
    >>> {"earlier", "later", "revision"} <= set(table)
    True
    """
    sources = tables["sources"].set_index("source")
    table = tables["volumes"]
    table = table[table["series"].isin((*VOLUMES, *MONEY)) & (table["published"] != "")]
    table = table.assign(kind=table["source"].map(sources["kind"]),
                         publisher=table["source"].map(sources["publisher"]))  # fmt: skip
    rows = []
    for key, group in table.groupby(["series", "entity", "period", "unit", "basis"], sort=True):
        ordered = group.sort_values("published", kind="stable").pipe(records)
        for a, b in itertools.combinations(ordered, 2):
            final = a["status"] == "provisional" and b["status"] == "actual"
            if (
                (final or a["publisher"] == b["publisher"])
                and a["published"] < b["published"]
                and a["value"]
            ):
                rows.append(dict(zip(("series", "entity", "period"), key[:3], strict=True))
                            | {"source": a["source"], "kind": a["kind"], "earlier": a["value"],
                               "later": b["value"], "revision": b["value"] / a["value"] - 1})  # fmt: skip
    columns = ["source", "kind", "series", "entity", "period", "earlier", "later", "revision"]
    return pd.DataFrame(rows, columns=columns)
