"""The verdict on a release: green, amber or red, with what it touches in volume and revenue.

Green: every source answered and no shown figure waits. Amber: something is held back, a figure that
is due did not come, or a source that renews a route is missing; the rest is published. Red: more than
half of the exports is touched.
"""

from __future__ import annotations

import dataclasses

import pandas as pd

from energy import facts, flows
from energy.finance import prices, revenue
from energy.intake import fills, infer

RED = 0.5
"""Share of the exported volume from which a release is red."""

HELD = 4
"""Exit code of a release that is amber or red: figures are held back, or due and not there."""


@dataclasses.dataclass(frozen=True)
class Verdict:
    """What a release is worth.

    Attributes
    ----------
    word : {"green", "amber", "red"}
    why : str
        One sentence.
    volume, revenue : float
        Share of the exported volume, and of the revenue of the routes with a price, that rests on
        figures held back or on sources that failed.
    """

    word: str
    why: str
    volume: float = 0.0
    revenue: float = 0.0

    def __str__(self) -> str:
        """Return the verdict as a line of the note."""
        return f"**{self.word}**: {self.why}"


def verdict(
    sources: pd.DataFrame,
    doubtful: pd.DataFrame,
    tables: facts.Tables,
    overdue: pd.DataFrame | None = None,
) -> Verdict:
    """Judge a release by what is missing in it.

    Parameters
    ----------
    sources : DataFrame
        `energy.intake.update.Report.sources`.
    doubtful : DataFrame
        Rows held back, with ``reason``.
    tables : Tables
        The facts.
    overdue : DataFrame, optional
        Series that end before what is due, as `energy.intake.due.overdue` returns them.
    """
    failed = list(sources.loc[sources["outcome"] == "failed", "source"])
    overdue = doubtful.head(0) if overdue is None else overdue
    if doubtful.empty and overdue.empty and not failed:
        return Verdict("green", "every source that was asked answered, nothing is held back.")
    matrix = fills.fills(tables)
    touched = _held_routes(doubtful, tables) | _held_routes(overdue, tables)
    touched |= _orphans(matrix, failed)
    routes = matrix[matrix["kind"] == "route"].drop_duplicates("name").set_index("name")["share"]
    volume = float(routes.reindex(sorted(touched)).fillna(0.0).sum())
    revenue = _revenue_share(touched, tables)
    said = []
    if len(doubtful):
        said.append(f"{len(doubtful)} figures are held back, first: {doubtful['reason'].iloc[0]}")
    if len(overdue):
        said.append(f"{len(overdue)} series end early, first: {overdue['reason'].iloc[0]}")
    if failed:
        said.append(f"{', '.join(failed)} failed")
    where = f" Touched: {', '.join(sorted(touched))}." if touched else " No route is touched."
    share = f" That is {volume:.0%} of the exported volume and {revenue:.0%} of the revenue."
    why = "; ".join(said) + "." + where + (share if touched else "")
    return Verdict("red" if volume > RED else "amber", why, volume, revenue)


def _held_routes(doubtful: pd.DataFrame, tables: facts.Tables) -> set[str]:
    """Return the routes whose figures are held back, or made of what is."""
    crosswalk = tables["crosswalk"]
    target = dict(zip(crosswalk["key"].astype(str), crosswalk["target"].astype(str), strict=True))
    known = set(tables["routes"]["route"].astype(str))
    found = set()
    for series, entity in zip(doubtful["series"], doubtful["entity"], strict=True):
        names = {entity, target.get(entity, "")}
        if series.startswith("trade_"):
            key = {"china": infer.CUSTOMS_CHINA, "uzbekistan": infer.CUSTOMS_UZBEKISTAN}.get(
                entity, ""
            )
            names.add(target.get(key, ""))
        if entity == "uzbekistan" and series.startswith(("import_", "imports_")):
            names.add(target.get(infer.CUSTOMS_UZBEKISTAN, ""))
        if entity == "turkey" and series.startswith(("import_", "imports_")):
            names |= {target.get(infer.SPLIT_BLUE, ""), target.get(infer.SPLIT_TURKSTREAM, "")}
        found |= names & known
    return found


def _orphans(matrix: pd.DataFrame, failed: list[str]) -> set[str]:
    """Return the routes that nobody renews while these sources fail."""
    routes = matrix[(matrix["kind"] == "route") & (matrix["source"] != "")]
    left = set(routes.loc[~routes["source"].isin(failed), "name"])
    return set(routes["name"]) - left


def _revenue_share(touched: set[str], tables: facts.Tables) -> float:
    """Return the part of the newest year's revenue that the touched routes earn."""
    quarters = flows.build(tables, "Q", *flows.INNER)
    weights = revenue.weights(quarters, tables["routes"])
    table = prices.kept_by_market(tables, weights)
    earned = flows.frame(revenue.priced(quarters, tables, table)["revenue"]).clip(lower=0)
    year = earned.loc[:, earned.notna().sum() > 0].iloc[:, -4:].sum(axis=1)
    total = float(year.sum())
    return float(year.reindex(sorted(touched)).fillna(0.0).sum()) / total if total else 0.0
