"""The shape of an answer: its keys, kinds of value, codes, and marks where no value is.

Not what an answer says but how it is built: what a reader relies on. Two answers of one service
have the same shape, whatever their figures; `drift` tells where they have not.
"""

from __future__ import annotations

import csv
import dataclasses
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

from energy.sources import reading
from energy.sources.contract import Answer

GONE, OTHER, NEW = 2, 2, 1
"""How grave a drift is: what a reader may rely on is gone or other; or something came beside it."""

MOST_CODES = 24
"""A place with more different words holds names, not codes."""

_CODE = re.compile(r"\|?[A-Za-z][A-Za-z0-9|_.\-]{0,23}")
_DATE = re.compile(r"\d{4}-\d{2}(-\d{2})?([T ].*)?|\d{4}M\d{2}|\d{2}[./]\d{2}[./]\d{4}")
_PLAIN, _COMMA = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?"), re.compile(r"[+-]?\d+,\d+")
_CHANGING = re.compile(r"\d.*")  # a key that is a position, a day or a year


@dataclasses.dataclass(frozen=True)
class Shape:
    """How an answer is built.

    Attributes
    ----------
    type : str
        Status and content type, ``200 application/json``.
    kinds : dict of str to set of str
        Place (``data[].gasInStorage``) to the kinds of value seen there: number, text, date,
        "number as text", "number with comma", null, true/false, list, object.
    codes : dict of str to set of str
        Place to the short words seen there: flags, units, country codes.
    gaps : dict of str to set of str
        Place to the marks seen where no value is.

    Examples
    --------
    >>> Shape("200 application/json", {"data[].full": {"number"}}).kinds
    {'data[].full': {'number'}}
    """

    type: str
    kinds: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    codes: dict[str, set[str]] = dataclasses.field(default_factory=dict)
    gaps: dict[str, set[str]] = dataclasses.field(default_factory=dict)


@dataclasses.dataclass(frozen=True)
class Drift:
    """One difference: what happened, where, and how grave it is (`GONE`, `OTHER`, `NEW`).

    Examples
    --------
    >>> Drift("key gone", "data[].full", GONE).place
    'data[].full'
    """

    what: str
    place: str
    severity: int


def shape(answer: Answer) -> Shape:
    """Return the shape of an answer.

    JSON, CSV and XML are taken apart; of anything else only status and type are told.

    Examples
    --------
    >>> from energy.sources.contract import Request
    >>> asked = Request("gie", "eu", "https://example.org")
    >>> answer = reading.answer_of(asked, b'{"data": [{"full": "80.5", "status": "C"}]}')
    >>> shape(answer).kinds["data[].full"]
    {'number as text'}
    """
    declared = next((v for k, v in answer.headers.items() if k.lower() == "content-type"), "")
    made = Shape(f"{answer.status} {declared.partition(';')[0].strip().lower()}".strip())
    first = answer.body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    if answer.status != 200 or not first:
        return made
    for place, value in _parts(answer, first, declared.lower()):
        kind, code, gap = _kind(value)
        made.kinds.setdefault(place, set()).add(kind)
        if code:
            made.codes.setdefault(place, set()).add(code)
        if gap is not None:
            made.gaps.setdefault(place, set()).add(gap)
    few = {place: words for place, words in made.codes.items() if len(words) <= MOST_CODES}
    return dataclasses.replace(made, codes=few)


def _parts(answer: Answer, first: bytes, declared: str) -> Iterator[tuple[str, Any]]:
    if first in (b"{", b"["):
        return _of_json(reading.read_json(answer), "")
    if first == b"<" and "html" not in declared and b"<html" not in answer.body[:500].lower():
        return _of_xml(reading.read_xml(answer), "")
    if "csv" in declared:
        return _of_csv(answer)
    return iter(())


def _of_json(value: Any, place: str) -> Iterator[tuple[str, Any]]:
    """Walk an object; positions and periods among the keys count as one place."""
    if isinstance(value, Mapping):
        for key, part in value.items():
            name = "*" if _CHANGING.fullmatch(str(key)) else str(key)
            yield from _of_json(part, f"{place}.{name}" if place else name)
        if place:
            yield place, {}
    elif isinstance(value, list):
        for part in value:
            yield from _of_json(part, f"{place}[]")
        yield place or "[]", []
    else:
        yield place, value


def _of_xml(node: Any, place: str) -> Iterator[tuple[str, Any]]:
    here = f"{place}/{node.tag}"
    for name, value in node.attrib.items():
        yield f"{here}@{name}", value
    if not len(node):
        yield here, (node.text or "").strip()
    for part in node:
        yield from _of_xml(part, here)


def _of_csv(answer: Answer) -> Iterator[tuple[str, Any]]:
    text = answer.body.decode("utf-8-sig", errors="replace")
    lines = csv.reader(io.StringIO(text))
    header = next(lines, [])
    for line in lines:
        yield from zip(header, line, strict=False)


def _kind(value: Any) -> tuple[str, str, str | None]:
    """Return the kind of a value, its code ("" for none) and its gap mark (None for none)."""
    if value is None:
        return "null", "", None
    if isinstance(value, bool):
        return "true/false", "", None
    if isinstance(value, int | float):
        return "number", "", None
    if isinstance(value, dict | list):
        return "object" if isinstance(value, dict) else "list", "", None
    text = str(value).strip()
    if text in reading.GAP_MARKS:
        return "gap", "", text
    for kind, form in (("date", _DATE), ("number as text", _PLAIN), ("number with comma", _COMMA)):
        if form.fullmatch(text):
            return kind, "", None
    return "text", text if _CODE.fullmatch(text) else "", None


# -- what is known of a service's shape -----------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Known:
    """What all answers to one question had in common, and what any of them had.

    ``always`` holds the places that no answer lacked: of an optional one nothing is told when it
    stays away.

    Examples
    --------
    >>> known = learned(None, Shape("200 text/csv", {"value": {"number"}}))
    >>> known.always
    frozenset({'value'})
    """

    type: str
    always: frozenset[str]
    kinds: Mapping[str, frozenset[str]]
    codes: Mapping[str, frozenset[str]]
    gaps: Mapping[str, frozenset[str]]

    def record(self) -> dict[str, Any]:
        """Return it as JSON can hold it.

        Examples
        --------
        >>> learned(None, Shape("200 text/csv", {"value": {"number"}})).record()
        {'type': '200 text/csv', 'always': ['value'], 'kinds': {'value': ['number']}, 'codes': {}, 'gaps': {}}
        """
        tables = {name: {place: sorted(words) for place, words in sorted(getattr(self, name).items())}
                  for name in ("kinds", "codes", "gaps")}  # fmt: skip
        return {"type": self.type, "always": sorted(self.always), **tables}

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Known:
        """Return it from its record.

        Examples
        --------
        >>> known = learned(None, Shape("200 text/csv", {"value": {"number"}}))
        >>> Known.of(known.record()) == known
        True
        """
        tables = {name: {place: frozenset(words) for place, words in record[name].items()}
                  for name in ("kinds", "codes", "gaps")}  # fmt: skip
        return cls(record["type"], frozenset(record["always"]), **tables)


def learned(known: Known | None, now: Shape) -> Known:
    """Return what is known after one more answer.

    Examples
    --------
    >>> known = learned(None, Shape("200 text/csv", {"value": {"number"}, "note": {"text"}}))
    >>> sorted(learned(known, Shape("200 text/csv", {"value": {"number"}})).always)
    ['value']
    """
    if known is None:
        return Known(
            now.type, frozenset(now.kinds), *(_frozen(t) for t in (now.kinds, now.codes, now.gaps))
        )
    both = [_joined(old, new) for old, new in ((known.kinds, now.kinds), (known.codes, now.codes),
                                               (known.gaps, now.gaps))]  # fmt: skip
    return Known(now.type, known.always & frozenset(now.kinds), *both)


def _frozen(table: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    return {place: frozenset(words) for place, words in table.items()}


def _joined(
    old: Mapping[str, frozenset[str]], new: Mapping[str, set[str]]
) -> dict[str, frozenset[str]]:
    return {place: old.get(place, frozenset()) | frozenset(new.get(place, ()))
            for place in {*old, *new}}  # fmt: skip


def drift(known: Known, now: Shape) -> list[Drift]:
    """Tell where an answer is built otherwise than those before it, the gravest first.

    Examples
    --------
    >>> before = learned(None, Shape("200 text/csv", {"value": {"number as text"}}))
    >>> now = Shape("200 text/csv", {"value": {"number with comma"}, "flag": {"text"}})
    >>> [(one.what, one.place) for one in drift(before, now)]
    [('another kind: number with comma', 'value'), ('new key', 'flag')]
    """
    found = []
    if now.type != known.type:
        found.append(Drift(f"{known.type} became {now.type}", "", OTHER))
    found += [Drift("key gone", place, GONE) for place in sorted(known.always - set(now.kinds))]
    for place, kinds in sorted(now.kinds.items()):
        if place not in known.kinds:
            found.append(Drift("new key", place, NEW))
            continue
        fresh = kinds - known.kinds[place] - {"gap"}
        found += [Drift(f"another kind: {kind}", place, OTHER) for kind in sorted(fresh)]
    for words, held, name in (
        (now.codes, known.codes, "new code"),
        (now.gaps, known.gaps, "new gap mark"),
    ):
        for place, seen in sorted(words.items()):
            if place in known.kinds:
                fresh = seen - held.get(place, frozenset())
                found += [Drift(f"{name}: {word!r}", place, NEW) for word in sorted(fresh)]
    return sorted(found, key=lambda one: -one.severity)
