"""Rows and notes that occur many times in the data of a page are stored once and numbered.

An answer to one question of the tree changes the flows of a few lines only, so most projected rows
stand in the data once for every scenario; a third of a page was made of these repetitions.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson


class _Shelf:
    """Numbers values in the order in which they come; equal ones get one number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[bytes, int] = {}

    def number(self, value: Any) -> int:
        """Return the place of a value, put there if it is new."""
        place = self._places.setdefault(orjson.dumps(value), len(self.values))
        if place == len(self.values):
            self.values.append(value)
        return place


def share(data: Mapping[str, Any]) -> dict[str, Any]:
    """Store what repeats once: projected rows in ``rows``, whole tellings in ``told``, notes in ``notes``.

    Parameters
    ----------
    data : mapping
        ``lines``, where any has ``ahead``: a telling a scenario; ``records`` with ``note``. Left as
        it is.

    Examples
    --------
    >>> row = {"o": 0, "v": [1, 2]}
    >>> shared = share({"lines": [{"ahead": [{"base": {"value": {"mid": row}}}] * 2}], "records": []})
    >>> shared["rows"], shared["told"], shared["lines"]
    ([{'o': 0, 'v': [1, 2]}], [{'base': {'value': {'mid': 0}}}], [{'ahead': [0, 0]}])
    """
    rows, told, notes = _Shelf(), _Shelf(), _Shelf()
    lines = [
        {**line, "ahead": [told.number(_each(one, rows.number)) for one in line["ahead"]]}
        if "ahead" in line
        else line
        for line in data["lines"]
    ]
    records = [
        {**record, "note": notes.number(record["note"])} if "note" in record else record
        for record in data["records"]
    ]
    return {**data, "lines": lines, "records": records, "rows": rows.values, "told": told.values,
            "notes": notes.values}  # fmt: skip


def unshare(data: Mapping[str, Any]) -> dict[str, Any]:
    """Undo `share`: every line and record holds its own rows and notes again.

    Examples
    --------
    >>> data = {"lines": [{"ahead": [{"chance": {"o": 0, "v": [1]}}]}], "records": [{"note": "twice"}]}
    >>> unshare(share(data)) == data
    True
    """
    rows, told, notes = data["rows"], data["told"], data["notes"]

    def row(number: int) -> dict[str, Any]:
        return {"o": rows[number]["o"], "v": list(rows[number]["v"])}

    lines = [
        {**line, "ahead": [_each(told[number], row) for number in line["ahead"]]}
        if "ahead" in line
        else dict(line)
        for line in data["lines"]
    ]
    records = [
        {**record, "note": notes[record["note"]]} if "note" in record else dict(record)
        for record in data["records"]
    ]
    rest = {key: value for key, value in data.items() if key not in ("rows", "told", "notes")}
    return {**rest, "lines": lines, "records": records}


def _each(telling: Mapping[str, Any], turn: Callable[[Any], Any]) -> dict[str, Any]:
    """Turn every row of a telling: those of a chance, and of each series of each calendar."""
    return {
        name: _each(part, turn) if isinstance(part, Mapping) and "v" not in part
        else None if part is None
        else turn(part)
        for name, part in telling.items()
    }  # fmt: skip
