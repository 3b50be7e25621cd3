"""Numbers for sources and for the figures that the page cites."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from energy.measure.tables import Tables
from energy.publish.atlas.words import text_of


def observations(tables: Tables) -> pd.DataFrame:
    """Gather who said what: every row of the facts that has an id.

    Parameters
    ----------
    tables : Tables
        As `energy.facts.load` gives them.

    Returns
    -------
    DataFrame
        Index ``id``; ``source, page, published, status, note``; ``day``, the day that a start or a
        stop speaks of: the evidence of a zero where its document has no date.
    """
    columns = ["source", "page", "published", "status", "note", "day"]
    kept = [
        _dated(table).set_index("id").reindex(columns=columns)
        for table in tables.values()
        if {"id", "source"} <= set(table.columns)
    ]
    return pd.concat(kept) if kept else pd.DataFrame(columns=columns)


def _dated(table: pd.DataFrame) -> pd.DataFrame:
    """Add the day of each start and stop to the facts of routes."""
    if not {"attribute", "value"} <= set(table.columns):
        return table
    dated = table["attribute"].isin(["start", "stop"])
    return table.assign(day=table["value"].where(dated, ""))


class Sources:
    """Numbers the sources that the page names; the others stay at home."""

    def __init__(self, sources: pd.DataFrame):
        self.sources = sources[~sources.index.duplicated(keep="last")]
        self.numbers: dict[Hashable, int] = {}

    def index_of(self, name: Hashable) -> int | None:
        """Return the index of a source, the next one for a new; None for one that is not known."""
        if name not in self.sources.index:
            return None
        return self.numbers.setdefault(name, len(self.numbers))

    def records(self) -> list[dict[str, str]]:
        """List the numbered sources in their order."""
        return [_source(row) for row in self.sources.loc[list(self.numbers)].to_dict("records")]


class References:
    """Numbers observation ids and the sets in which they occur."""

    def __init__(self, observations: pd.DataFrame | None, sources: Sources):
        known = pd.DataFrame() if observations is None else observations
        self.places = {name: i for i, name in enumerate(known.index)}
        self.columns = {name: known[name].to_numpy(dtype=object) for name in known.columns}
        self.sources = sources
        self.records: list[dict[str, Any]] = []
        self.sets: list[list[int]] = []
        self._record: dict[str, int] = {}
        self._set: dict[str, int] = {}

    def index_of(self, ids: str) -> int | None:
        """Return the index of a ``;``-joined list of ids, the next one for a new; None for an empty one."""
        if not ids or ids == "nan":
            return None
        if ids not in self._set:
            self._set[ids] = len(self.sets)
            self.sets.append([self.add(part.strip()) for part in ids.split(";") if part.strip()])
        return self._set[ids]

    def add(self, name: str) -> int:
        """Number one id."""
        if name not in self._record:
            self._record[name] = len(self.records)
            place = self.places.get(name)
            row = {} if place is None else {k: column[place] for k, column in self.columns.items()}
            record = {"text": name, "source": self.sources.index_of(row.get("source", name))}
            record |= {key: text_of(row.get(key)) for key in ("page", "published", "day", "note")}
            record["grade"] = text_of(row.get("status"))
            self.records.append(
                {key: value for key, value in record.items() if value not in ("", None)}
            )
        return self._record[name]


def _source(record: Mapping[Hashable, Any]) -> dict[str, str]:
    fields = {key: text_of(record.get(key)) for key in ("title", "publisher", "published", "url")}
    return {key: text for key, text in fields.items() if text}
