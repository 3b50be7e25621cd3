"""Read what came, the answers of a source or a file typed by hand, wherever it is taken from.

A run reads so, and whoever makes again what a run made; nothing is judged or kept here.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from energy import sources
from energy import store as memory
from energy.errors import DataError
from energy.intake.gate import KEY
from energy.intake.planning import Tell
from energy.measure.observations import rows_of
from energy.sources import SourceError, files, forms, inbox
from energy.sources.contract import COLUMNS, Answer, Request
from energy.store import Store


def read_answers(
    module: ModuleType, period: str, fetch: Callable[[Request], Answer]
) -> tuple[pd.DataFrame, dict[str, list[Any]]]:
    """Read the answers of a source, from wherever `fetch` takes them, as a run does.

    Returns
    -------
    tuple of DataFrame and dict of list
        The rows; and beside them what was ``told``, ``withheld`` or ``faulty``, and the ``answers``.
    """
    asides: dict[str, list[Any]] = {"told": [], "withheld": [], "faulty": [], "answers": []}

    def taken(request: Request) -> Answer:
        answer = fetch(request)
        asides["answers"].append(dataclasses.replace(answer, body=b""))  # kept; a name is enough
        return answer

    tables = [_parted(answer, table, asides) for answer, table in
              sources.gather(module, period, taken, asides["told"].append)]  # fmt: skip
    rows = pd.concat([t for t in tables if len(t)] or [sources.reading.empty()])
    return rows.drop_duplicates([*KEY, "value", "status"], ignore_index=True), asides


def _parted(answer: Answer, table: pd.DataFrame, asides: dict[str, list[Any]]) -> pd.DataFrame:
    """Move what stands beside the rows of one answer (see `reading.aside`) to ``asides``."""
    for name, found in asides.items():
        found += table.attrs.pop(name, [])
    for row in asides["faulty"]:
        row.setdefault("retrieved", answer.retrieved)
        row.setdefault("coverage", 1.0)
    return table


def with_faulty(doubtful: pd.DataFrame, faulty: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Add the cells that are no numbers to the doubtful rows; they have a reason and no value."""
    if not faulty:
        return doubtful
    text = [name for name in COLUMNS if name not in ("value", "coverage", "retrieved")]
    rows = pd.DataFrame([{**dict.fromkeys(text, ""), **row} for row in faulty])
    rows = rows.reindex(columns=[*COLUMNS, "reason"]).fillna(dict.fromkeys(text, ""))
    rows["retrieved"] = pd.to_datetime(rows["retrieved"], utc=True)
    rows = rows.astype({"value": float, "coverage": float})
    return pd.concat([part for part in (doubtful, rows) if len(part)], ignore_index=True)


def read_file(path: str | Path, answer: Answer, tell: Tell) -> pd.DataFrame:
    """Read typed figures, or a table of another project that is recognised by its head.

    What is not a number stands in ``attrs["faulty"]``, as of the answers of a service.
    """
    form, name = forms.recognise(path), Path(path).name
    for text in form.told:
        tell(text)
    if form.name not in files.SOURCE:
        return inbox.parse_file(path, answer.retrieved)
    tell(f"{name}: {form.words}")
    try:
        _, body = forms.open_body(name, answer.body)  # a workbook may come in a zip
        rows = files.parse(dataclasses.replace(answer, headers={}, body=body), form)
    except SourceError as error:
        raise DataError(name, [f"{name}: {error.what}"]) from error
    for text in rows.attrs.pop("told", []):
        if text not in form.told:
            tell(f"{name}: {text}")
    return rows


class _Left(NamedTuple):
    """A row that is left out."""

    ref: str
    series: str
    entity: str
    period: str
    published: str


def faulty_of(rows: pd.DataFrame, answer: Answer) -> list[dict[str, Any]]:
    """Take the cells that are no numbers from a table that was read of a file.

    Examples
    --------
    >>> from energy.sources.reading import answer_of, empty
    >>> rows = empty()
    >>> rows.attrs["faulty"] = [{"series": "border_flow", "reason": "row 2 is 'abc'"}]
    >>> asked = Request("inbox", "own.csv", "inbox:own.csv")
    >>> [row["coverage"] for row in faulty_of(rows, answer_of(asked, b""))], rows.attrs
    ([1.0], {})
    """
    return [{"retrieved": answer.retrieved, "coverage": 1.0, **row}
            for row in rows.attrs.pop("faulty", [])]  # fmt: skip


def published_by(rows: pd.DataFrame, store: Store, as_of: Any, tell: Tell) -> pd.DataFrame:
    """Return the rows published by a day; tell which are left."""
    if as_of is None:
        return rows
    day = memory.day_of(store, as_of)
    late = np.array([memory.last_day(text) > day for text in rows["published"]], dtype=bool)
    for row in rows_of(rows[late], _Left):
        tell(f"left: {row.ref}, {row.series} of {row.entity} in {row.period}, published "
             f"{row.published}, after {day}")  # fmt: skip
    return rows[~late].reset_index(drop=True)
