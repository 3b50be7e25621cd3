"""The contradictions that are known, each with its figures, the balance's answer and the reason.

``balance_contested.csv`` names them: which printed figures, which sums and which capacities of a
period belong side by side, and what sets them apart. Every number beside them is worked out here.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from energy.balance.kept import STEPS, Result, result
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.tables import BalanceContested, RouteFact, Tables

COLUMNS = ["id", "topic", "period", "kind", "what", "printed", "unit", "basis", "bcm", "p10",
           "p90", "others", "reported", "verdict", "standing", "answer"]  # fmt: skip
TENTH = 1.2816  # standard errors from the middle to P10 and P90


class _Figure(NamedTuple):
    """What `markdown` prints of a figure, a sum or a capacity; what it lacks is NaN."""

    what: str
    bcm: float
    p10: float
    p90: float
    reported: float
    verdict: str | float


def contested(tables: Tables) -> pd.DataFrame:
    """Set the figures of every known contradiction beside what the balance makes of them.

    Parameters
    ----------
    tables : Tables

    Returns
    -------
    DataFrame
        ``id, topic, period``; ``kind`` (figure, sum, capacity); ``what`` (id and series of a figure,
        the lines or markets of a sum, the route of a capacity); ``printed, unit, basis`` as
        published; ``bcm, p10, p90`` at 20 °C of the period: of a figure by its own error, of a sum
        out of the balance (an interval only where the balance holds that very sum and a whole month,
        quarter or year); ``others`` (what all other figures make of it); ``reported`` (what
        the chosen published figures of the lines give, spread by a profile); ``verdict``;
        ``standing`` (resolved, explained, open) and ``answer``.

    Examples
    --------
    >>> from energy import facts
    >>> table = contested(facts.load())
    >>> row = table[table["what"] == "group:turkey"].set_index("period").loc["2014"]
    >>> bool(row["p10"] < 27.3 < row["p90"])  # as printed: Blue Stream and the Balkans together
    True
    """
    found, rows, months = result(tables), [], _Months(tables)
    for line in rows_of(tables["balance-contested"], BalanceContested):
        if not _held(found, periods.parse(line.period)):
            continue  # of a day before the period was over
        sides = [*_figures(tables, found, line.figures), *_sums(tables, found, line, months),
                 *_capacities(tables, line)]  # fmt: skip
        rows += [
            {"id": line.id, "topic": line.topic, "period": line.period, "standing": line.standing,
             "answer": line.answer, **side}
            for side in sides
        ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def explained(tables: Tables) -> dict[str, str]:
    """Return the id of the known contradiction that speaks of a figure, by the figure's id.

    Examples
    --------
    >>> from energy import facts
    >>> explained(facts.load())["V0269"].startswith("BC")
    True
    """
    rows = rows_of(tables["balance-contested"], BalanceContested)
    return {figure: row.id for row in rows for figure in _parts(row.figures)}


def _held(found: Result, span: periods.Period) -> bool:
    """Tell whether history reaches over a period."""
    first = periods.month_number(found.months[0])
    last = periods.month_number(span.end - dt.timedelta(days=1)) - first
    return periods.month_number(span.start) >= first and last <= found.known


def _parts(text: str) -> list[str]:
    return [part for part in text.split(";") if part]


def _figures(tables: Tables, found: Result, named: str) -> Iterator[dict[str, Any]]:
    """Return the printed figures; one that measures nothing says why."""
    printed = tables["volumes"].set_index("id")
    said, out = found.verdicts.set_index("id"), found.left_out.set_index("id")["reason"]
    for figure in _parts(named):
        if figure not in printed.index:  # of a day before it was printed
            continue
        row = printed.loc[figure]
        side = {"kind": "figure", "what": f"{figure} {row['series']}", "printed": row["value"],
                "unit": row["unit"], "basis": row["basis"]}  # fmt: skip
        if figure in said.index:
            reading = said.loc[figure]
            width = TENTH * reading["error"]
            side |= {"bcm": reading["value"], "p10": reading["value"] - width,
                     "p90": reading["value"] + width, "others": reading["without"],
                     "verdict": reading["verdict"]}  # fmt: skip
        else:
            side["verdict"] = f"left out: {out.get(figure, _excluded(tables, figure))}"
        yield side


def _excluded(tables: Tables, figure: str) -> str:
    rows = tables["corrections"].query("row == @figure and action == 'exclude'")["reason"]
    return str(rows.iloc[0]) if len(rows) else "not in the balance"


class _Months:
    """The published flows by month, built once and only if they are asked for."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    @functools.cached_property
    def flow(self) -> pd.DataFrame:
        """Route by month, bcm at 20 °C."""
        from energy import flows

        named = self.tables["balance-contested"]["period"]
        first = min(periods.parse(period).start for period in named)
        cube = flows.build(self.tables, "M", first=f"{first:%Y-%m}")["flow"]
        return pd.DataFrame(cube.transpose("route", "period").values,
                            index=cube["route"].values, columns=cube["period"].values)  # fmt: skip

    def total(self, routes: list[str], span: periods.Period) -> float:
        """Return the flow of some routes in a period of whole months; NaN where a month lacks."""
        parts = periods.months(span)
        if any(share < 1 for *_, share in parts):
            return np.nan
        days = [pd.Timestamp(year, month, 1) for year, month, _ in parts]
        held = self.flow.reindex(columns=days).loc[routes].to_numpy(dtype=float)
        return float(held.sum())


def _sums(
    tables: Tables, found: Result, line: BalanceContested, published: _Months
) -> Iterator[dict[str, Any]]:
    span = periods.parse(line.period)
    routes = dict(zip(tables["balance-arcs"]["arc"], tables["balance-arcs"]["route"], strict=True))
    for words in _parts(line.sums):
        names = words.split("+")
        flow, p10, p90 = _total(found, names, span)
        side = {"kind": "sum", "what": words, "bcm": flow, "p10": p10, "p90": p90}
        if all(routes.get(name) for name in names):
            side["reported"] = published.total([routes[name] for name in names], span)
        yield side


def _total(found: Result, names: list[str], span: periods.Period) -> tuple[float, float, float]:
    """Return a sum over a period with its interval, where the balance holds that very sum."""
    if len(names) == 1 and span.freq in STEPS:
        table = found.table(names[0], span.freq)
        if pd.Timestamp(span.start) in table.index:
            flow, p10, p90 = table.to_numpy()[table.index.get_loc(pd.Timestamp(span.start))]
            return float(flow), float(p10), float(p90)
    flow, first = 0.0, periods.month_number(found.months[0])
    for year, month, share in periods.months(span):
        at = periods.month_number(dt.date(year, month, 1)) - first
        flow += share * sum(float(found.flow[found.names.index(name), at]) for name in names)
    return flow, np.nan, np.nan


def _capacities(tables: Tables, line: BalanceContested) -> Iterator[dict[str, Any]]:
    """Return each kind of capacity that is in force on the first day of the period, bcm of it."""
    span = periods.parse(line.period)
    day, years = span.start.isoformat(), periods.years(span.start, span.end)
    for route in _parts(line.capacities):
        held = tables["route-facts"].query("route == @route")
        for row in rows_of(held[held["attribute"].str.startswith("capacity")], RouteFact):
            if row.valid_from <= day and (not row.valid_to or row.valid_to > day):
                kind = {"capacity": "design"}.get(
                    row.attribute, row.attribute.removeprefix("capacity_")
                )
                yield {"kind": "capacity", "what": f"{row.id} {route} {kind}",
                       "printed": float(row.value), "unit": row.unit, "basis": row.basis,
                       "bcm": float(row.value) * years}  # fmt: skip


def markdown(table: pd.DataFrame) -> str:
    """Return the known contradictions as a table of Markdown, one row a topic and period.

    Parameters
    ----------
    table : DataFrame
        From `contested`.

    Examples
    --------
    >>> from energy import facts
    >>> print(markdown(contested(facts.load())).splitlines()[0])
    | id | period | side by side, bcm at 20 °C | standing | what sets them apart |
    """
    lines = ["| id | period | side by side, bcm at 20 °C | standing | what sets them apart |",
             "| --- | --- | --- | --- | --- |"]  # fmt: skip
    last = ""
    for _, rows in table.groupby("id", sort=False):
        first = rows.iloc[0]
        sides = "; ".join(_figure_text(row) for row in rows_of(rows, _Figure))
        answer = "as above" if first["answer"] == last else first["answer"]
        last = first["answer"]
        lines.append(
            f"| {first['id']} | {first['period']} | {sides} | {first['standing']} | {answer} |"
        )
    return "\n".join(lines)


def _figure_text(row: _Figure) -> str:
    """Return a figure, sum or capacity with its interval and verdict, in a few words."""
    amount = "–" if pd.isna(row.bcm) else f"{row.bcm:.2f}"
    notes = [] if pd.isna(row.p10) else [f"{row.p10:.2f} to {row.p90:.2f}"]
    notes += [row.verdict] if isinstance(row.verdict, str) else []
    if not pd.isna(row.reported):
        notes.append(f"published and spread {row.reported:.2f}")
    return f"{row.what} {amount}" + (f" ({', '.join(notes)})" if notes else "")
