"""What the page gets: the data of :class:`geodata.draw.FlowLines` as types, a JSON Schema and a ``.d.ts``.

The types below are the source. ``python -m geodata.draw.contract`` writes ``static/page.schema.json``
and ``static/page.d.ts`` from them; a test says when these are stale, and every built page is held
against the schema. Rows over periods hold integers of a stated scale.
"""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import (
    Any,
    Literal,
    NotRequired,
    TypedDict,
    get_args,
    get_origin,
    get_type_hints,
    is_typeddict,
)

STATIC = Path(__file__).parent / "static"


class Row(TypedDict):
    """Values of consecutive periods without the empty ends."""

    o: int
    v: list[int | None]


class Edges(TypedDict):
    """Numbers of rows: middle and edges of an interval."""

    mid: int | None
    low: int | None
    high: int | None


class Telling(TypedDict):
    """One scenario of one line, by numbers of rows: by period, by year, chance that gas flows.

    `built` holds the same of those draws in which gas flows.
    """

    base: NotRequired[dict[str, Edges]]
    A: NotRequired[dict[str, Edges]]
    chance: NotRequired[int | None]
    built: NotRequired[dict[str, dict[str, Edges]]]


class Step(TypedDict):
    """A period as stored."""

    id: str
    label: str
    tick: NotRequired[str]
    note: NotRequired[str]
    grades: NotRequired[list[int]]
    rough: NotRequired[bool]
    ahead: NotRequired[bool]


class YearStep(Step):
    """A year made of stored periods, from the first to before the last of `of`."""

    of: list[int]


class Calendar(TypedDict):
    """A way to divide time."""

    key: str
    label: str
    plural: NotRequired[str]
    whole: NotRequired[int]
    steps: NotRequired[list[YearStep]]


class Unit(TypedDict):
    """A unit to switch to; `factor` is per unit of the data."""

    key: str
    unit: str
    note: str
    factor: float
    digits: int
    rate: NotRequired[bool]
    heat: NotRequired[bool]


class State(TypedDict):
    """What the gas of a line does, and how that is drawn."""

    key: str
    label: str
    style: Literal["solid", "hollow", "faint", "hatched"]


class Dash(TypedDict):
    """The dash of a project's status."""

    label: str
    dash: str
    cap: str


class Texture(TypedDict):
    """How well the course of a line is known."""

    key: str
    label: str
    dash: str


Series = TypedDict(
    "Series",
    {
        "label": str, "unit": str, "digits": int, "scale": int, "note": NotRequired[str],
        "volume": NotRequired[bool], "rule": NotRequired[Literal["share", "mean", "carried"]],
        "from": NotRequired[list[str]],
    },
)  # fmt: skip
Series.__doc__ = "How a number is called, stored, written, added up and cited."


class Scale(TypedDict):
    """How wide a flow is drawn."""

    px: float
    factor: int
    legend: list[float]
    unit: str
    note: str


class Scenario(TypedDict):
    """A scenario in words with its probability; None where it has none."""

    key: str
    label: str
    probability: float | None


class Projection(TypedDict):
    """Which scenarios there are."""

    scenarios: list[Scenario]
    start: int
    interval: str
    flowing: int
    idle: int


class Market(TypedDict):
    """A market of the story."""

    key: str
    label: str


Headline = TypedDict("Headline", {"fall": str, "rise": str, "from": str, "to": str})
Headline.__doc__ = "What fell and rose between which years."


class Stop(TypedDict):
    """A stop of the tour; `texts` is its text in Russian and Chinese."""

    step: str
    route: NotRequired[str]
    date: NotRequired[str]
    year: NotRequired[str]
    title: NotRequired[str]
    text: NotRequired[str]
    texts: NotRequired[tuple[str, str]]
    chance: NotRequired[float]
    volume: NotRequired[float]


class Spread(TypedDict):
    """Median and edges of one scenario: a row a market, a cell a year."""

    flow: list[list[int | None]]
    low: list[list[int | None]]
    high: list[list[int | None]]


class Coming(TypedDict):
    """Exports by market behind the last year with figures, scenario by scenario."""

    years: list[str]
    scale: int
    markets: list[Market]
    scenarios: list[Spread]


class Story(TypedDict):
    """Exports by market and year, the headline and the tour."""

    markets: list[Market]
    years: list[str]
    scale: int
    flow: list[list[int | None]]
    low: list[list[int | None]]
    high: list[list[int | None]]
    headline: Headline
    tour: list[Stop]
    ahead: NotRequired[Coming]


class Answer(TypedDict):
    """An answer to a question of the tree; `given` by the answer of the question it follows."""

    key: str
    text: str
    probability: float
    given: NotRequired[dict[str, float]]


class Question(TypedDict):
    """A question of the tree."""

    key: str
    text: str
    after: NotRequired[str]
    answers: list[Answer]


class Sheet(TypedDict):
    """Leaves of one quantity; combinations of answers run as in a product of the questions.

    `counts` is a text a combination, see :func:`geodata.draw.sharing.pack`: a row a year.
    """

    kind: Literal["exports", "revenue", "chance"]
    name: str
    questions: list[str]
    scale: int
    mean: list[list[int | None]]
    market: NotRequired[str]
    label: NotRequired[str]
    unit: NotRequired[str]
    top: NotRequired[float]
    counts: NotRequired[list[str]]


class Odds(TypedDict):
    """What the sliders weigh."""

    questions: list[Question]
    years: list[str]
    year: str
    bins: int
    power: int
    draws: int
    sheets: list[Sheet]


class Ways(TypedDict):
    """Ways of gas: numbers of field, route and market, and a row over periods."""

    scale: int
    fields: list[str]
    routes: list[str]
    markets: list[Market]
    rows: list[tuple[int, int, int, Row | None]]


class Event(TypedDict):
    """A dated event; `step` is None outside the periods, `names` its title in Russian and Chinese."""

    step: int | None
    date: str
    title: str
    names: NotRequired[tuple[str, str]]
    lines: list[int]
    source: int | None


class Source(TypedDict):
    """A document."""

    title: NotRequired[str]
    publisher: NotRequired[str]
    published: NotRequired[str]
    url: NotRequired[str]


class Record(TypedDict):
    """A figure that was published; `note` is a number in `notes`, `day` the day a fact speaks of."""

    text: str
    source: NotRequired[int]
    page: NotRequired[str]
    published: NotRequired[str]
    day: NotRequired[str]
    note: NotRequired[int]
    grade: NotRequired[str]


class Layer(TypedDict):
    """An exported layer beside the page."""

    name: str
    path: str


class Contract(TypedDict):
    """A step of a contract in words."""

    id: str
    year: str
    text: str
    about: str


class Line(TypedDict):
    """One line: geometry, names, figures, references; `notes` is its note in Russian and Chinese."""

    id: str
    name: str
    names: list[tuple[str, str]]
    status: str
    groups: dict[str, str | list[str]]
    dash: int
    texture: int
    facts: list[tuple[str, str]]
    note: str
    notes: NotRequired[tuple[str, str]]
    frame: bool
    series: dict[str, Row]
    days: Row | None
    span: Row | None
    band: NotRequired[dict[str, Row]]
    price_band: NotRequired[dict[str, Row]]
    state: Row | None
    grade: Row | None
    grades: dict[str, Row | None]
    kind: Row | None
    refs: dict[str, Row | None]
    parts: list[list[int]]
    lane: float
    ahead: NotRequired[list[int]]
    standing: NotRequired[dict[str, list[int]]]
    contracts: NotRequired[list[Contract]]
    heat: NotRequired[float]
    heat_note: NotRequired[str]


class Fresh(TypedDict):
    """The newest published figure of a route (by id) or market (by name), and its last day."""

    kind: str
    name: str
    newest: str
    status: str
    source: int | None


class PageData(TypedDict):
    """All that :class:`geodata.draw.FlowLines` draws, as it stands on the page."""

    steps: list[Step]
    past: int
    days: list[int]
    calendars: list[Calendar]
    start: int
    as_of: str
    units: list[Unit]
    states: list[State]
    dashes: list[Dash]
    textures: list[Texture]
    grades: list[str]
    kinds: list[str]
    light: list[str]
    stale: int
    series: dict[str, Series]
    scale: Scale
    legend: list[tuple[str, str]]
    chart_key: str
    projection: NotRequired[Projection]
    spans: list[str]
    story: NotRequired[Story]
    odds: NotRequired[Odds]
    ways: NotRequired[Ways]
    fresh: NotRequired[list[Fresh]]
    lines: list[Line]
    events: list[Event]
    sources: list[Source]
    records: list[Record]
    sets: list[list[int]]
    layers: list[Layer]
    attribution: list[str]
    geometry_scale: float
    rows: list[str]
    told: list[Telling]
    notes: list[str]


# ---- written out --------------------------------------------------------------------------------

SIMPLE = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}
SPOKEN = SIMPLE | {int: "number"}  # TypeScript has one kind of number


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of the page's data.

    >>> schema()["$defs"]["Row"]["required"]
    ['o', 'v']
    """
    kinds = {kind.__name__: kind for kind in _kinds(PageData)}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Data of a page of flow lines",
        "$ref": "#/$defs/PageData",
        "$defs": {name: _object(kind) for name, kind in sorted(kinds.items())},
    }


def declarations() -> str:
    """Return the same as TypeScript declarations.

    Examples
    --------
    >>> "PageData" in declarations()
    True
    """
    kinds = sorted({kind.__name__: kind for kind in _kinds(PageData)}.items())
    parts = ["// Written by `python -m geodata.draw.contract`; the types stand in contract.py.\n"]
    for name, kind in kinds:
        rows = [
            f"  {key}{'' if needed else '?'}: {_spoken(hint)};"
            for key, hint, needed in _fields(kind)
        ]
        parts.append(
            f"/** {_about(kind)} */\nexport interface {name} {{\n" + "\n".join(rows) + "\n}\n"
        )
    return "\n".join(parts)


def _about(kind: Any) -> str:
    return " ".join(str(kind.__doc__ or "").split())


def _fields(kind: Any) -> Iterator[tuple[str, Any, bool]]:
    """Yield name, type and whether it is required."""
    for key, hint in get_type_hints(kind, include_extras=True).items():
        needed = get_origin(hint) is not NotRequired
        yield key, hint if needed else get_args(hint)[0], needed


def _kinds(hint: Any) -> Iterator[Any]:
    """Yield every typed dict behind a type, itself included."""
    if is_typeddict(hint):
        yield hint
        for _, inner, _ in _fields(hint):
            yield from _kinds(inner)
    else:
        for inner in get_args(hint):
            yield from _kinds(inner)


def _object(kind: Any) -> dict[str, Any]:
    fields = list(_fields(kind))
    return {
        "type": "object",
        "description": _about(kind),
        "properties": {key: _json(hint) for key, hint, _ in fields},
        "required": [key for key, _, needed in fields if needed],
        "additionalProperties": False,
    }


def _json(hint: Any) -> dict[str, Any]:
    origin, inner = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (types.UnionType, typing.Union):
        return {"anyOf": [_json(part) for part in inner]}
    if origin is list:
        return {"type": "array", "items": _json(inner[0])}
    if origin is tuple:
        items = [_json(part) for part in inner]
        return {
            "type": "array",
            "prefixItems": items,
            "minItems": len(items),
            "maxItems": len(items),
        }
    if origin is dict:
        return {"type": "object", "additionalProperties": _json(inner[1])}
    return {"type": SIMPLE[hint]}


def _spoken(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if is_typeddict(hint):
        return str(hint.__name__)
    if origin is Literal:
        return " | ".join(json.dumps(part) for part in inner)
    if origin in (types.UnionType, typing.Union):
        return " | ".join(_spoken(part) for part in inner)
    if origin is list:
        return f"Array<{_spoken(inner[0])}>"
    if origin is tuple:
        return f"[{', '.join(_spoken(part) for part in inner)}]"
    if origin is dict:
        return f"{{ [name: string]: {_spoken(inner[1])} }}"
    return SPOKEN[hint]


def files() -> Mapping[str, str]:
    """Return the text of each generated file by its name.

    Examples
    --------
    >>> sorted(files())
    ['page.d.ts', 'page.schema.json']
    """
    return {
        "page.schema.json": json.dumps(schema(), indent=1, ensure_ascii=False) + "\n",
        "page.d.ts": declarations(),
    }


def main() -> None:
    """Write the generated files."""
    for name, text in files().items():
        (STATIC / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
