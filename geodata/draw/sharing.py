"""Rows and notes that occur many times in the data of a page are stored once and numbered.

An answer to one question of the tree changes the flows of a few lines only, so most projected rows
stand in the data once for every scenario; a third of a page was made of these repetitions. They and
the counts behind the sliders stand as text, a number as one to three signs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import orjson

SIGNS = "".join(chr(code) for code in range(33, 126) if chr(code) not in '"<\\')
"""Signs that stand in JSON and HTML as they are: the first half ends a number, the second goes on."""
HALF = len(SIGNS) // 2


class _ValueTable:
    """Numbers values in the order in which they come; equal ones get one number."""

    def __init__(self) -> None:
        self.values: list[Any] = []
        self._places: dict[bytes, int] = {}

    def index(self, value: Any) -> int:
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
        ``lines``, where any has ``ahead``: a telling a scenario; ``records`` with ``note``;
        ``odds``, the ``counts`` of whose sheets are packed. Left as it is.

    Examples
    --------
    >>> row = {"o": 0, "v": [1, 2]}
    >>> shared = share({"lines": [{"ahead": [{"base": {"value": {"mid": row}}}] * 2}], "records": []})
    >>> shared["rows"], shared["told"], shared["lines"]
    (['!%%'], [{'base': {'value': {'mid': 0}}}], [{'ahead': [0, 0]}])
    """
    rows, told, notes = _ValueTable(), _ValueTable(), _ValueTable()
    lines = [
        {**line, "ahead": [told.index(_each(one, rows.index)) for one in line["ahead"]]}
        if "ahead" in line
        else line
        for line in data["lines"]
    ]
    records = [
        {**record, "note": notes.index(record["note"])} if "note" in record else record
        for record in data["records"]
    ]
    packed = [course(row) for row in rows.values]
    more = {"rows": packed, "told": told.values, "notes": notes.values}
    return {**_sheets(data, pack), "lines": lines, "records": records, **more}


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
        return uncourse(rows[number])

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
    rest = _sheets(rest, unpack)
    return {**rest, "lines": lines, "records": records}


def pack(counts: Iterable[Iterable[Mapping[str, Any] | None]]) -> list[str]:
    """Write each list of rows of whole numbers as text: begin, length and values; 0, 0 for none.

    Examples
    --------
    >>> pack([[{"o": 2, "v": [0, 7]}, None]])
    ['$$!)!!']
    """
    return ["".join(_written(row) for row in rows) for rows in counts]


def unpack(texts: Iterable[str]) -> list[list[dict[str, Any] | None]]:
    """Undo `pack`.

    Examples
    --------
    >>> unpack(pack([[{"o": 2, "v": [0, 7]}, None], [{"o": 0, "v": [4096]}]]))
    [[{'o': 2, 'v': [0, 7]}, None], [{'o': 0, 'v': [4096]}]]
    """
    return [list(_rows(text)) for text in texts]


def course(row: Mapping[str, Any]) -> str:
    """Write one row as text: where it begins, then each step from the value before, signs last.

    A step of s is 2 s + 1 up and -2 s down; 0 is no value.

    Examples
    --------
    >>> course({"o": 2, "v": [5, None, 7, 4]})  # 2, +5, none, +2, -3 -> 2, 11, 0, 5, 6
    "$-!'("
    """
    numbers, before = [row["o"]], 0
    for value in row["v"]:
        step = 0 if value is None else value - before
        numbers.append(0 if value is None else 2 * step + 1 if step >= 0 else -2 * step)
        before = before if value is None else value
    return "".join(map(_signs, numbers))


def uncourse(text: str) -> dict[str, Any]:
    """Undo `course`.

    Examples
    --------
    >>> uncourse(course({"o": 2, "v": [5, None, 7, 4]}))
    {'o': 2, 'v': [5, None, 7, 4]}
    """
    numbers = _decode_integers(text)
    begin, values, at = next(numbers), [], 0
    for number in numbers:
        at += number // 2 if number % 2 else -(number // 2)
        values.append(at if number else None)
    return {"o": begin, "v": values}


def _written(row: Mapping[str, Any] | None) -> str:
    numbers = (0, 0) if row is None else (row["o"], len(row["v"]), *row["v"])
    return "".join(map(_signs, numbers))


def _signs(number: int) -> str:
    """Return a number to the base `HALF`, its low digits first."""
    text = ""
    while number >= HALF:
        number, digit = divmod(number, HALF)
        text += SIGNS[HALF + digit]
    return text + SIGNS[number]


def _rows(text: str) -> Iterator[dict[str, Any] | None]:
    numbers = _decode_integers(text)
    for begin in numbers:
        length = next(numbers)
        values = [next(numbers) for _ in range(length)]
        yield {"o": begin, "v": values} if length else None


def _decode_integers(text: str) -> Iterator[int]:
    number, scale = 0, 1
    for sign in text:
        more, digit = divmod(SIGNS.index(sign), HALF)
        number += digit * scale
        scale *= HALF
        if not more:
            yield number
            number, scale = 0, 1


def _sheets(data: Mapping[str, Any], turn: Callable[[Any], Any]) -> dict[str, Any]:
    """Turn the counts of every sheet of the sliders."""
    if not data.get("odds"):
        return dict(data)
    sheets = [
        {**sheet, "counts": turn(sheet["counts"])} if "counts" in sheet else sheet
        for sheet in data["odds"]["sheets"]
    ]
    return {**data, "odds": {**data["odds"], "sheets": sheets}}


def _each(telling: Mapping[str, Any], turn: Callable[[Any], Any]) -> dict[str, Any]:
    """Turn every row of a telling: those of a chance, and of each series of each calendar."""
    return {
        name: _each(part, turn) if isinstance(part, Mapping) and "v" not in part
        else None if part is None
        else turn(part)
        for name, part in telling.items()
    }  # fmt: skip
