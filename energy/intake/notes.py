"""The release note: what changed, in Markdown.

The numbers come from the steps of `energy.intake.update`; here they are only told.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from energy.intake.gate import KEY
from energy.intake.judging import inside
from energy.measure.observations import rows_of

COUNTS = ["new", "revised", "vanished"]

SHOWN = 25
"""Most lines of a list in the release note; the whole list lies beside it as CSV."""


class _Stale(NamedTuple):
    """A source whose figures are older than they should be."""

    source: str
    newest: str
    age: str


def release_note(
    period: str,
    started: str,
    mode: str,
    table: pd.DataFrame,
    found: pd.DataFrame,
    shown: pd.DataFrame,
    doubtful: pd.DataFrame,
    before: str = "",
    overtaken: Sequence[str] = (),
) -> str:
    """Write the release note of an update.

    Parameters
    ----------
    period, started, mode : str
    table : DataFrame
        `Report.sources`.
    found : DataFrame
        Changes of what the sources deliver.
    shown : DataFrame
        Changes of the sums that the tracker shows: flows of routes, imports, rates.
    doubtful : DataFrame
        Refused rows, with ``id`` and ``reason``.
    before : str
        The release, or day, that the changes are against; "" for none.
    overtaken : sequence of str
        Corrections that a source seems to have mended.

    Returns
    -------
    str
        Markdown.
    """
    stale = table[table["stale"]]
    titles = {"new": "New figures", "revised": "Revised figures", "vanished": "No longer given"}
    against = f"Changes against {before}." if before else "The first release: all is new."
    parts = [f"# {period}: what changed", "",
             f"Run {started} ({mode}). {against} What the sources gave, line by line: changes.csv.", "",
             "## Sources", "", markdown(table.drop(columns=["asked", "kept", "told", "what"])), ""]  # fmt: skip
    failed = table[table["what"] != ""]
    parts += [
        f"- {source}: {what}" for source, what in zip(failed["source"], failed["what"], strict=True)
    ]
    noted = table[table["told"] != ""]
    parts += [
        f"- {source}: {text}" for source, text in zip(noted["source"], noted["told"], strict=True)
    ]
    parts += [""]
    for kind, title in titles.items():
        rows = found if kind == "vanished" else shown
        parts += [f"## {title}", "", *_listed(rows[rows["change"] == kind], kind, period), ""]
    parts += ["## Revisions by age", "", *_by_age(found), ""]
    parts += ["## In quarantine", "", *_doubts(doubtful), ""]
    parts += ["## Stale", "", *([f"- {r.source}: figures end {r.newest or 'nowhere'}, {r.age or '?'} days ago; "
              "the last good values stand." for r in rows_of(stale, _Stale)] or ["Nothing."]), ""]  # fmt: skip
    parts += [
        "## Corrections overtaken",
        "",
        *([f"- {text}" for text in overtaken] or ["None."]),
        "",
    ]
    return "\n".join(parts)


def _listed(rows: pd.DataFrame, kind: str, period: str) -> list[str]:
    """Return the weightiest changes as a table and say how many there are.

    New ones: the quarter's own first, flows before the rest; others: the largest revision first.
    """
    if rows.empty:
        return ["None."]
    rows = rows.assign(
        own=[not inside(text, period) for text in rows["period"]],
        part=rows["freq"] != "Q",
        other=rows["series"] != "flow",
        size=-rows["percent"].abs().fillna(0.0),
    )
    first = ["size"] if kind == "revised" else ["own", "part", "other"]
    rows = rows.sort_values([*first, *KEY])
    columns = ["series", "entity", "period", "source", "unit", "old", "new", "by", "percent", "age"]
    left = {"new": ["old", "by", "percent"], "vanished": ["new", "by", "percent"], "revised": []}
    table = markdown(rows.head(SHOWN)[[c for c in columns if c not in left[kind]]])
    more = ["", f"{len(rows) - SHOWN:,} more."] if len(rows) > SHOWN else []
    return [table, *more]


def _by_age(found: pd.DataFrame) -> list[str]:
    """Return revisions of the deliveries by source and age: how many, how large."""
    rows = found[(found["change"] == "revised") & found["percent"].notna()]
    if rows.empty:
        return ["None."]
    groups = rows.assign(size=rows["percent"].abs()).groupby(["source", "age"])
    table = groups.agg(n=("size", "size"), mean=("percent", "mean"), mean_abs=("size", "mean"))
    table = table.reset_index().rename(
        columns={"age": "quarters old", "mean": "mean %", "mean_abs": "mean |%|"}
    )
    return [markdown(table)]


def _doubts(doubtful: pd.DataFrame) -> list[str]:
    if doubtful.empty:
        return ["Nothing."]
    shown = doubtful.head(SHOWN)[["id", "series", "entity", "period", "value", "unit", "reason"]]
    more = ["", f"{len(doubtful) - SHOWN:,} more in doubtful.csv."] if len(doubtful) > SHOWN else []
    how = 'Let one through: `energy update PERIOD --release-row ID --reason "why it is right"`.'
    return [markdown(shown), *more, "", how]


def markdown(table: pd.DataFrame) -> str:
    """Return a table as Markdown; numbers with six digits, missing as an empty cell.

    >>> print(markdown(pd.DataFrame({"route": ["a"], "bcm": [1.25], "late": [True]})))
    | route | bcm | late |
    | --- | --- | --- |
    | a | 1.25 | yes |
    """

    def cell(value: Any) -> str:
        if value is None or value is pd.NA or (isinstance(value, float) and np.isnan(value)):
            return ""
        if isinstance(value, bool | np.bool_):
            return "yes" if value else ""
        text = f"{value:.6g}" if isinstance(value, float) else str(value)
        return text.replace("|", "\\|").replace("\n", " ")

    lines = [
        list(table.columns),
        ["---"] * table.shape[1],
        *table.astype(object).to_numpy().tolist(),
    ]
    return "\n".join("| " + " | ".join(cell(value) for value in line) + " |" for line in lines)
