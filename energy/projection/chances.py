"""Chances of events on the scoreboard: first gas, never, and the answers of the scenario tree.

A chance is a submission of type ``pmf``: one row an answer, and the answers of one forecast sum to 1.
It is scored by Brier's rule once the event is decided, and stands as undecided until then. When a
question of the tree is decided, and by what, is said in the tree itself (``by``, and for those that
have been decided ``came`` with ``came_source``).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from energy import facts
from energy.projection import scenarios, timing

FIRST_GAS, NEVER, ANSWER = "first gas", "never", "answer"
TARGETS = {FIRST_GAS: "whether gas of a line flows by the day: yes or no",
           NEVER: "whether a line is given up for good: yes or no",
           ANSWER: "which answer a question of the scenario tree gets"}  # fmt: skip
YES, NO = "yes", "no"
NO_END = "2100-12-31"
"""The day by which never is meant: a score waits for the line's first gas or its burial."""
TREE = "ours, tree"
RATE, EVEN = "as often as it came", "even chances"
"""Rivals: one that knows how often it came among what was asked that day, and one that knows nothing."""
KEY = ["model", "origin_date", "target", "location", "target_end_date"]
COLUMNS = [*KEY, "output_type", "output_type_id", "value"]
LEVEL = "brent"
"""The price by which a question of price levels is decided."""
YEARS = 5
"""Years after a version of such a question whose mean decides it."""


def pair(key: Sequence[str], chance: float) -> list[tuple[Any, ...]]:
    """Return the rows of a yes and a no.

    >>> [row[-2:] for row in pair(["us", "2024-01-01", "never", "line", "2100-12-31"], 0.25)]
    [('yes', 0.25), ('no', 0.75)]
    """
    return [
        (*key, "pmf", word, round(value, 6)) for word, value in ((YES, chance), (NO, 1 - chance))
    ]


# ---- what was said -----------------------------------------------------------------------------


def of_tree(tree: scenarios.Tree) -> pd.DataFrame:
    """Return the probabilities of every version of every question as submissions.

    A question without a day by which it is decided is no forecast and left out, and so is one with
    a single answer. Chances are those whatever the other questions bring.

    Parameters
    ----------
    tree : Tree
        With all its versions, from `energy.projection.scenarios.read`.

    Examples
    --------
    >>> rows = of_tree(scenarios.read())
    >>> bool(rows.groupby(KEY)["value"].sum().round(9).eq(1).all())
    True
    """
    made: list[tuple[Any, ...]] = []
    for row in scenarios.versions(tree):
        name, day = str(row["question"]), str(row["as_of"])
        then = scenarios.at(tree, day)
        answers, end = list(then["question"][name]["answer"]), decided_by(then, name)
        said = scenarios.chances(then)
        values = [said[f"{name}-{answer}"] for answer in answers]
        if end and sum(value > 0 for value in values) > 1:
            made += [(TREE, day, ANSWER, name, end, "pmf", answer, round(value, 6))
                     for answer, value in zip(answers, values, strict=True)]  # fmt: skip
    return pd.DataFrame(made, columns=COLUMNS)


def decided_by(then: scenarios.Tree, name: str) -> str:
    """Return the day by which a question of a tree of one day is decided; "" where none is said."""
    question = then["question"][name]
    if "by" in question:
        return str(question["by"])
    return _later(str(question["as_of"]), YEARS) if levels(question) else ""


def _later(day: str, years: int) -> str:
    start = dt.date.fromisoformat(day)
    return (dt.date(start.year + years, start.month, 1) - dt.timedelta(days=1)).isoformat()


def levels(question: scenarios.Tree) -> dict[str, float]:
    """Return the level of Brent that each answer of a question names; empty for other questions."""
    return {answer: float(row["value"]) for answer, body in question["answer"].items()
            for row in body.get("set", []) if row.get("price") == LEVEL}  # fmt: skip


# ---- what came ---------------------------------------------------------------------------------


def came(tables: facts.Tables, tree: scenarios.Tree, said: pd.DataFrame, day: str) -> pd.DataFrame:
    """Return the outcome of each event that somebody spoke of and that is decided on a day.

    Parameters
    ----------
    tables : Tables
        As known on the day.
    tree : Tree
        With all its versions.
    said : DataFrame
        Submissions, of which those of `TARGETS` are asked.
    day : str
        ISO date.

    Returns
    -------
    DataFrame
        ``target, location, origin_date, target_end_date, actual``: the answer that came.
    """
    keys = ["target", "location", "origin_date", "target_end_date"]
    asked = said.loc[said["target"].isin(list(TARGETS)), keys].drop_duplicates()
    fate = timing.milestones(tables, timing.decimal(day))
    rows = []
    for row in asked.itertuples(index=False):
        target, location, origin, end = (str(value) for value in row)
        if target == ANSWER:
            actual = _answer(tables, tree, location, origin, end, day)
        else:
            actual = _fate(fate, target, location, end, day)
        if actual:
            rows.append((target, location, origin, end, actual))
    return pd.DataFrame(rows, columns=[*keys, "actual"])


def _fate(fate: pd.DataFrame, target: str, line: str, end: str, day: str) -> str:
    """Return yes, no, or "" for a line that is not decided yet."""
    if line not in fate.index:
        return ""
    gas, buried = (float(fate[name][line]) for name in ("first_gas", "never"))
    if target == NEVER:
        return NO if np.isfinite(gas) else YES if np.isfinite(buried) else ""
    if end > day:
        return ""
    return YES if gas <= timing.decimal(end) else NO


def _answer(
    tables: facts.Tables, tree: scenarios.Tree, name: str, origin: str, end: str, day: str
) -> str:
    """Return the answer that a question got, "" while it is open."""
    whole = tree.get("question", {}).get(name, {})
    if end > day or not whole:
        return ""
    if whole.get("came") and whole.get("came_on", end) <= day:
        return str(whole["came"])
    then = scenarios.at(tree, origin)["question"].get(name)
    named = levels(then) if then else {}
    mean = _mean(tables, origin, end) if named else float("nan")
    return min(named, key=lambda one: abs(named[one] - mean)) if np.isfinite(mean) else ""


def _mean(tables: facts.Tables, first: str, last: str) -> float:
    """Return the mean of Brent's months between two days, NaN where one is missing."""
    rows = tables["prices"]
    rows = rows[(rows["series"] == f"wb_{LEVEL}") & (rows["freq"] == "M")]
    months = rows.drop_duplicates("period", keep="last").set_index("period")["value"].astype(float)
    wanted = pd.period_range(first[:7], last[:7], freq="M").astype(str)
    return float(months.reindex(wanted).mean(skipna=False))


# ---- scores ------------------------------------------------------------------------------------


def brier(said: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Score chances of events that are decided.

    Parameters
    ----------
    said : DataFrame
        Submissions of `TARGETS`.
    outcomes : DataFrame
        From `came`.

    Returns
    -------
    DataFrame
        `KEY` and ``answer`` (the one that came), ``chance`` (what it was given), ``brier``: half the
        sum of squares over the answers, so that 0 is perfect and of a yes or no a coin has 0.25.

    Examples
    --------
    >>> key = ["us", "2024-01-01", "first gas", "line", "2025-12-31"]
    >>> said = pd.DataFrame(pair(key, 0.8), columns=COLUMNS)
    >>> outcome = pd.DataFrame([["first gas", "line", "2024-01-01", "2025-12-31", "yes"]],
    ...     columns=["target", "location", "origin_date", "target_end_date", "actual"])
    >>> brier(said, outcome)["brier"].round(3).tolist()
    [0.04]
    """
    both = said.merge(outcomes, on=["target", "location", "origin_date", "target_end_date"])
    hit = (both["output_type_id"] == both["actual"]).astype(float)
    both = both.assign(part=(both["value"] - hit) ** 2 / 2, chance=both["value"] * hit)
    found = both.groupby(KEY, as_index=False).agg(
        answer=("actual", "first"), chance=("chance", "sum"), brier=("part", "sum")
    )
    return pd.DataFrame(found)


def rivals(said: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return two rivals for the events that are decided: `RATE` for lines, `EVEN` for questions."""
    lines = outcomes[outcomes["target"] != ANSWER].copy()
    reach = lines["target_end_date"].str[:4].astype(int) - lines["origin_date"].str[:4].astype(int)
    lines["yes"] = (lines["actual"] == YES).astype(float)
    rate = lines.groupby([lines["target"], lines["origin_date"], reach])["yes"].transform("mean")
    made: list[tuple[Any, ...]] = []
    for (_, row), chance in zip(lines.iterrows(), rate, strict=True):
        made += pair([RATE, *(str(row[name]) for name in KEY[1:])], float(chance))
    questions = said[said["target"] == ANSWER]
    count = questions.groupby(KEY)["output_type_id"].transform("size")
    even = questions.assign(model=EVEN, value=1 / count)
    table = pd.DataFrame(made, columns=COLUMNS)
    return pd.concat([table, even[COLUMNS]], ignore_index=True).drop_duplicates(COLUMNS[:-1])


def open_events(said: pd.DataFrame, outcomes: pd.DataFrame) -> pd.DataFrame:
    """Return the events that are not decided yet, newest forecast of each model only.

    Returns
    -------
    DataFrame
        ``model, origin_date, target, location, target_end_date, said`` (answers with their chance).
    """
    mine = said[said["target"].isin(list(TARGETS))]
    keys = ["target", "location", "origin_date", "target_end_date"]
    index = pd.MultiIndex.from_frame(mine[keys])
    waiting = mine[~index.isin(pd.MultiIndex.from_frame(outcomes[keys]))]
    text = waiting["output_type_id"] + " " + waiting["value"].map("{:.2f}".format)
    table = waiting.assign(said=text).groupby(KEY, as_index=False).agg(said=("said", ", ".join))
    last = table.groupby(["model", "target", "location"])["origin_date"].transform("max")
    return pd.DataFrame(table[table["origin_date"] == last].reset_index(drop=True))


def faults(rows: pd.DataFrame, name: str) -> list[str]:
    """Return the faults of chances: outside 0 to 1, answers that do not sum to 1 or stand twice."""
    found = []
    for key, part in rows.groupby(KEY[1:], sort=True):
        where, value = f"{name}: {key[1]} of {key[2]} to {key[3]}", part["value"].astype(float)
        # submissions are rounded to four places
        if ((value < 0) | (value > 1)).any() or abs(float(value.sum()) - 1) > 1e-4:
            found.append(f"{where}: the chances {', '.join(f'{v:g}' for v in value)} must lie between "
                         "0 and 1 and sum to 1; give one row an answer")  # fmt: skip
        elif part["output_type_id"].duplicated().any():
            found.append(f"{where}: an answer stands twice")
    return found
