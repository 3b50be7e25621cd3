"""The tree of assumptions: read, date, check, overlay, and turn into scenarios with probabilities.

The tree itself is text, ``energy/data/scenarios.toml``; nothing is assumed here. Each question has
dated versions, so that a projection of a past day meets the questions, answers and probabilities
that could be held that day (`at`). A scenario is one answer to each question; the mixture weighs
every combination of answers. Which numbers follow for a route is `routes`, for prices `prices`;
how they move the result is `tornado`.
"""

from __future__ import annotations

import copy
import math
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import DataError, EnergyError, UnknownName

PATH = Path(__file__).parents[1] / "data" / "scenarios.toml"
BASELINE, MIXTURE = "baseline", "mixture"
WHAT = {"end", "after", "keep", "restart", "halt", "first_gas", "never", "plateau", "capacity",
        "ceiling", "level", "lapse", "overload", "step_start", "step_ramp", "step_timing", "ramp",
        "tolerance"}  # fmt: skip
"""What an answer may set for a route."""
OF_ROUTE = {"model", "same_as", "fields", *WHAT}
"""What a route may say of itself."""
PRICES = ("brent", "ttf")
MODELS = ("contract", "open", "halted", "proposed")

Tree = dict[str, Any]
"""Assumptions as read from TOML, whole or a part: ``check`` says what may stand where."""

Answers = dict[str, str]


@dataclass(frozen=True)
class Leaf:
    """One combination of answers.

    Attributes
    ----------
    answers : dict of str to str
        Question to answer.
    probability : float
    """

    answers: Answers
    probability: float


NEWEST = "9999-12-31"
"""A day after every version of every question."""
DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def load(path: Path | str | None = None, day: str = NEWEST) -> Tree:
    """Read a tree as it stood on a day; default the newest of the package.

    Raises
    ------
    DataError
        If the file is missing or not TOML, or its versions are not in order.

    Examples
    --------
    >>> sorted(load(day="2015-12-31")["question"])
    ['oil', 'pos2']
    """
    tree = read(path)
    faults = version_faults(tree)
    if faults:
        raise DataError(Path(path or PATH).name, faults)
    return at(tree, day)


def read(path: Path | str | None = None) -> Tree:
    """Read a tree with all its versions, as the file holds them.

    Raises
    ------
    DataError
        If the file is missing or not TOML.
    """
    target = Path(path) if path is not None else PATH
    try:
        return tomllib.loads(target.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise DataError(target.name, ["no such file; name a scenarios.toml"]) from error
    except tomllib.TOMLDecodeError as error:
        raise DataError(target.name, [f"not TOML: {error}; correct the line"]) from error


def at(tree: Tree, day: str) -> Tree:
    """Return the tree of a day: of each question the newest version not later than it.

    A question without a version that early is gone. Elsewhere a number that says ``since`` holds
    from that day, and what it says as ``before`` until then.

    Parameters
    ----------
    day : str
        ISO date.
    """
    new = copy.deepcopy(tree)
    for name, question in list(new.get("question", {}).items()):
        versions = question.pop("version", None)
        if versions is None:
            continue
        held = [version for version in versions if str(version["as_of"]) <= day]
        if held:
            question.update(held[-1])
        else:
            del new["question"][name]
    questions = new.pop("question", None)
    dated = _dated(new, day)
    return dated if questions is None else {**dated, "question": questions}


def _dated(item: Any, day: str) -> Any:
    """Return a table as of a day: a number with a later ``since`` is gone, or as ``before`` says."""
    if not isinstance(item, dict):
        return item
    kept = {}
    for name, part in item.items():
        if not isinstance(part, dict) or str(part.get("since", "")) <= day:
            kept[name] = _dated(part, day)
        elif "before" in part:
            said = {key: text for key, text in part.items() if key not in ("since", "before")}
            kept[name] = said | {"value": part["before"]}
    return kept


def version_faults(tree: Tree) -> list[str]:
    """Return the faults of the versions of a tree: dates, order, reasons, sums of probabilities."""
    faults = []
    for name, question in tree.get("question", {}).items():
        versions = question.get("version")
        if versions is None:
            continue
        place, dates = f"question.{name}", [str(version.get("as_of", "")) for version in versions]
        bad = [date for date in dates if not DATE.fullmatch(date)]
        if bad:
            faults.append(f"{place}: a version has as_of {bad[0]!r}; give the day from which it "
                          "holds, as YYYY-MM-DD")  # fmt: skip
        elif dates != sorted(set(dates)):
            faults.append(f"{place}: versions overlap or stand out of order ({', '.join(dates)}); "
                          "give each a later day than the one above it")  # fmt: skip
        faults += [f"{place}: the version of {date or 'no date'} has no reason; say why it holds"
                   for date, version in zip(dates, versions, strict=True)
                   if not version.get("reason")]  # fmt: skip
        for date, version in zip(dates, versions, strict=True):
            answers = version.get("answer", {})
            if all("value" in answer.get("probability", {}) for answer in answers.values()):
                faults += _sum_faults(f"{name} as of {date}", answers, None)
    return faults


def versions(tree: Tree) -> list[dict[str, Any]]:
    """Return every version of every question: ``question, as_of, reason, hindsight, probabilities``.

    Parameters
    ----------
    tree : dict
        From `read`.
    """
    return [{"question": name, "as_of": str(version["as_of"]), "reason": version["reason"],
             "hindsight": bool(version.get("hindsight", False)),
             "probabilities": {key: answer["probability"]["value"]
                               for key, answer in version["answer"].items()}}
            for name, question in tree["question"].items()
            for version in question.get("version", [])]  # fmt: skip


def check(tree: Tree, routes: Iterable[str], sources: Iterable[str]) -> list[str]:
    """Return every fault of a tree, one sentence each.

    Parameters
    ----------
    tree : dict
        From `load` or `overlay`.
    routes, sources : iterable of str
        The ids that exist.
    """
    known, cited = set(routes), set(sources)
    faults = version_faults(tree)
    if faults:
        return faults
    days = {str(version["as_of"]) for question in tree.get("question", {}).values()
            for version in question.get("version", [])}  # fmt: skip
    if days:
        found = [fault for day in sorted(days)
                 for fault in check(at(tree, day), known, cited)]  # fmt: skip
        return list(dict.fromkeys(found))
    faults = [fault for where, row in numbers(tree) for fault in _number_faults(where, row, cited)]
    faults += [f"{where}: {number} stands alone; write {{ value = {number}, assumption = … }} or a source"
               for where, number in _bare(tree)]  # fmt: skip
    faults += _route_faults(tree, known)
    faults += [fault for row in tree.get("set", []) for fault in effect_faults("set", row, known)]
    seen: list[str] = []
    for name, question in tree.get("question", {}).items():
        faults += _question_faults(name, question, seen, tree) + _set_faults(name, question, known)
        seen.append(name)
    return faults


def refuse(tree: Tree, routes: Iterable[str], sources: Iterable[str]) -> None:
    """Raise a `DataError` with every fault of a tree."""
    faults = check(tree, routes, sources)
    if faults:
        raise DataError("scenarios.toml", faults)


def numbers(tree: Tree, where: str = "") -> Iterator[tuple[str, Tree]]:
    """Yield each number of a tree with the words of where it stands."""
    for name, item in tree.items():
        place = f"{where}.{name}" if where else name
        if isinstance(item, dict):
            if "value" in item:
                yield place, item
            else:
                yield from numbers(item, place)
        elif isinstance(item, list):
            yield from _of_list(item, place)


def _bare(tree: Tree, where: str = "", excused: bool = False) -> Iterator[tuple[str, float]]:
    """Yield numbers that stand outside a table which says where they are from."""
    excused = excused or bool(tree.get("assumption") or tree.get("source"))
    for name, item in tree.items():
        place = f"{where}.{name}" if where else name
        if isinstance(item, dict) and "value" not in item:
            yield from _bare(item, place, excused)
        elif _is_number(item) and not excused:
            yield place, item


def _of_list(items: list[Any], place: str) -> Iterator[tuple[str, Tree]]:
    for item in items:
        if isinstance(item, dict):
            about = item.get("route") or item.get("price") or "?"
            yield f"{place}[{about} {item.get('what', '')}]".replace(" ]", "]"), item


def _number_faults(where: str, row: Tree, cited: set[str]) -> list[str]:
    found = row.get("value")
    values = found if isinstance(found, list) else [found]
    if not values or not all(_is_number(value) for value in values):
        return [f"{where}: value {found!r} is not a number; give one number or a list of numbers"]
    if not (row.get("source") or row.get("assumption")):
        return [f"{where}: value {found} has neither source nor assumption; say where it is from"]
    if "source" in row and row["source"] not in cited:
        return [
            f"{where}: source {row['source']!r} is not in sources.csv; add it or write assumption"
        ]
    what = row.get("what") or where.rsplit(".", 1)[-1]
    positive = (
        "capacity",
        "ceiling",
        "plateau",
        "level",
        "lapse",
        "overload",
        "after",
        "keep",
        "restart",
        "halt",
    )
    if what in positive and min(values) < 0:
        return [f"{where}: {what} {found} is negative; give zero or more"]
    return []


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _route_faults(tree: Tree, known: set[str]) -> list[str]:
    faults = []
    for name, row in tree.get("route", {}).items():
        faults += _stray(f"route.{name}", name, known)
        faults += [f"route.{name}: {UnknownName('key', key, sorted(OF_ROUTE))}"
                   for key in row if key not in OF_ROUTE]  # fmt: skip
        if "same_as" in row:
            faults += _stray(f"route.{name}.same_as", row["same_as"], known)
        elif row.get("model") not in MODELS:
            faults.append(f"route.{name}: model {row.get('model')!r} is unknown; "
                          f"use one of {', '.join(MODELS)}")  # fmt: skip
    return faults


def _stray(where: str, name: str, known: set[str]) -> list[str]:
    return [] if name in known else [f"{where}: {UnknownName('route', name, known)}"]


def _question_faults(name: str, question: Tree, seen: list[str], tree: Tree) -> list[str]:
    """Return faults of the probabilities and of the place in the tree."""
    answers = question.get("answer", {})
    if not answers:
        return [f"question.{name}: has no answer; add [question.{name}.answer.…]"]
    faults = _decided_faults(name, question)
    if sum(bool(answer.get("baseline")) for answer in answers.values()) != 1:
        faults.append(f"question.{name}: one answer must carry baseline = true")
    bare = [key for key, answer in answers.items() if "value" not in answer.get("probability", {})]
    if bare:
        return [*faults, f"question.{name}: answer {bare[0]!r} has no probability; give one"]
    after = question.get("after")
    if after is not None and after not in seen:
        faults.append(f"question.{name}: stands after {after!r}, which is not a question above it; "
                      "move it down or correct the name")  # fmt: skip
        after = None
    given = [None, *tree["question"][after].get("answer", {})] if after else [None]
    for condition in given:
        faults += _sum_faults(name, answers, condition)
    return faults


def _decided_faults(name: str, question: Tree) -> list[str]:
    """Return faults of the day a question is decided, and of what came."""
    if "by" in question and not DATE.fullmatch(str(question["by"])):
        return [f"question.{name}: by {question['by']!r} is no day; give one as YYYY-MM-DD"]
    came = question.get("came")
    if came is None:
        return []
    if came not in question["answer"]:
        return [f"question.{name}: came {came!r} is none of its answers: "
                f"{', '.join(question['answer'])}"]  # fmt: skip
    if not question.get("came_source"):
        return [f"question.{name}: came {came!r} names no document; add came_source"]
    return []


def _sum_faults(name: str, answers: Tree, given: str | None) -> list[str]:
    parts = [_probability(answer, given) for answer in answers.values()]
    place = f"question.{name}" + (f" given {given!r}" if given else "")
    if any(not _is_number(part) or not 0 <= part <= 1 for part in parts):
        return [f"{place}: probabilities {parts} must lie between 0 and 1"]
    if abs(sum(parts) - 1) > 1e-9:  # rounding of a sum of decimals
        return [f"{place}: the probabilities sum to {sum(parts):.6g}, not 1; correct "
                f"{', '.join(answers)}"]  # fmt: skip
    return []


def _probability(answer: Tree, given: str | None) -> float:
    row = answer.get("if", {}).get(given) if given is not None else None
    stated: float = (row or answer["probability"])["value"]
    return stated


def _set_faults(name: str, question: Tree, known: set[str]) -> list[str]:
    faults = []
    for key, answer in question.get("answer", {}).items():
        for row in answer.get("set", []):
            faults += effect_faults(f"question.{name}.answer.{key}", row, known)
    return faults


def effect_faults(where: str, row: Tree, known: set[str]) -> list[str]:
    """Return faults of one effect: the route or price it names and what it sets there."""
    if "price" in row:
        return [] if row["price"] in PRICES else [f"{where}: price {row['price']!r} is unknown; "
                                                  f"use {' or '.join(PRICES)}"]  # fmt: skip
    faults = _stray(where, row.get("route", ""), known)
    if row.get("what") not in WHAT:
        faults.append(f"{where}: what {row.get('what')!r} is unknown; use one of "
                      f"{', '.join(sorted(WHAT))}")  # fmt: skip
    return faults


def known(tree: Tree, day: str, published: Mapping[str, str]) -> Tree:
    """Return the tree as it could have stood on a day; the tree given is left as it is.

    Of each question the version of that day; questions that arose later are gone, and so are
    numbers of routes whose source was published later. A question of which an effect rests on a
    later source goes as a whole: an answer without its effect would be another answer. What rests
    on an assumption and says no ``since`` stays: it is how the model is built.

    Parameters
    ----------
    day : str
        ISO date.
    published : mapping of str to str
        Source to date of publication, as precise as known; empty is not known yet.
    """
    new = at(tree, day)

    def later(row: Any) -> bool:
        if not isinstance(row, dict) or "source" not in row:
            return False
        said = published.get(row["source"], "")
        return said[: len(day)] > day if said else day < max(published.values(), default="")

    gone = {
        name for name, row in new["question"].items()
        if str(row.get("since", "")) > day
        or any(later(effect) for answer in row["answer"].values()
               for effect in answer.get("set", []))
    }  # fmt: skip
    for name in gone:
        del new["question"][name]
    for question in new["question"].values():
        if question.get("after") not in new["question"]:
            question.pop("after", None)
    new["route"] = {name: {key: item for key, item in row.items() if not later(item)}
                    for name, row in new["route"].items()}  # fmt: skip
    return new


# ---- scenarios ---------------------------------------------------------------------------------


def baseline(tree: Tree) -> Answers:
    """Return the baseline answer to each question.

    >>> answers = baseline(load())
    >>> set(answers) == set(load()["question"])
    True
    """
    return {name: next(key for key, answer in question["answer"].items() if answer.get("baseline"))
            for name, question in tree["question"].items()}  # fmt: skip


def named(tree: Tree) -> dict[str, Answers]:
    """Return the scenarios by name: the baseline, and each other answer alone against it.

    The name of an answer's scenario is ``question-answer``, e.g. ``pos2-signed``; with a
    baseline answer it is the baseline itself under another name.

    >>> "baseline" in named(load())
    True
    """
    base = baseline(tree)
    found = {BASELINE: base}
    for question, body in tree["question"].items():
        for answer in body["answer"]:
            found[f"{question}-{answer}"] = base | {question: answer}
    return found


def words(tree: Tree) -> dict[str, str]:
    """Return in words what each scenario of `named` assumes beside the baseline.

    Examples
    --------
    >>> words(load())["pos2-never"]
    'What if it is never built'
    """
    return {f"{question}-{answer}": str(row["text"])
            for question, body in tree["question"].items()
            for answer, row in body["answer"].items() if "text" in row}  # fmt: skip


def chances(tree: Tree) -> dict[str, float]:
    """Return how likely each answer is whatever the others are, and the baseline as a whole.

    Examples
    --------
    The end of long-term gas is softened with 0.2, after a settlement (0.15) with 0.45:

    >>> round(chances(load(day="2026-03-31"))["eu-ban-softened"], 4)
    0.2375
    """
    every, base = leaves(tree), baseline(tree)
    found = {f"{question}-{answer}": math.fsum(leaf.probability for leaf in every
                                               if leaf.answers[question] == answer)
             for question, body in tree["question"].items() for answer in body["answer"]}  # fmt: skip
    whole = math.fsum(leaf.probability for leaf in every if leaf.answers == base)
    return {BASELINE: whole, **found}


def leaves(tree: Tree) -> list[Leaf]:
    """Return every combination of answers with its probability; the probabilities sum to 1."""
    found = [Leaf({}, 1.0)]
    for name, question in tree["question"].items():
        found = [
            Leaf(leaf.answers | {name: key}, leaf.probability * part)
            for leaf in found
            for key, answer in question["answer"].items()
            if (part := _probability(answer, leaf.answers.get(question.get("after", ""), None))) > 0
        ]
    return found


def select(tree: Tree, asked: str | Sequence[str] | Mapping[str, Any]) -> dict[str, list[Leaf]]:
    """Return the leaves of each scenario asked for, by name, in a fixed order.

    Parameters
    ----------
    tree : dict
        With a custom mapping already laid over it by `overlay`.
    asked : "all", name, sequence of names, or mapping
        ``"all"``: baseline, each answer that is not of the baseline, mixture. A mapping: the
        baseline, the custom scenario under its ``name``, the mixture.

    Raises
    ------
    UnknownName
        For a scenario, question or answer that is not in the tree.
    """
    every, base = named(tree), baseline(tree)
    if isinstance(asked, Mapping):
        custom = base | _answers(tree, asked.get("answers", {}))
        names = {BASELINE: base, str(asked.get("name", "custom")): custom, MIXTURE: None}
    elif asked == "all":
        others = {name: each for name, each in every.items() if each != base}
        names = {BASELINE: base, **others, MIXTURE: None}
    else:
        wanted = [asked] if isinstance(asked, str) else list(asked)
        for name in wanted:
            if name not in every and name != MIXTURE:
                raise UnknownName("scenario", name, [*every, MIXTURE, "all"])
        names = {name: every.get(name) for name in wanted}
    return {name: leaves(tree) if each is None else [Leaf(each, 1.0)]
            for name, each in names.items()}  # fmt: skip


def _answers(tree: Tree, wanted: Mapping[str, str]) -> Answers:
    for question, answer in wanted.items():
        if question not in tree["question"]:
            raise UnknownName("question", question, tree["question"])
        if answer not in tree["question"][question]["answer"]:
            raise UnknownName(f"answer to {question}", answer, tree["question"][question]["answer"])
    return dict(wanted)


CUSTOM = ("name", "answers", "probabilities", "route", "money", "rules", "set", "assumption")


def overlay(tree: Tree, custom: Mapping[str, Any]) -> Tree:
    """Lay a custom scenario over a tree; the tree given is left as it is.

    Parameters
    ----------
    custom : mapping
        ``name``; ``answers`` (question to answer); ``probabilities`` (question to answer to
        number, all answers of the question, the conditions are dropped); ``route``, ``money``,
        ``rules`` (name to number, as in the file or bare); ``set`` (list of effects that hold in
        every scenario); ``assumption`` (the reason given for bare numbers).

    Raises
    ------
    EnergyError
        For a key that means nothing or that something else overrides, a name that is taken.
    UnknownName
        For a question, or a number of ``money`` and ``rules``, that is not in the tree.
    """
    stray = [key for key in custom if key not in CUSTOM]
    if stray:
        raise EnergyError(f"Custom scenario: key {stray[0]!r} is unknown; use {', '.join(CUSTOM)}.")
    effects = custom.get("set", [])
    if isinstance(effects, str | Mapping) or not all(isinstance(row, Mapping) for row in effects):
        raise EnergyError(f"Custom scenario: set is {effects!r}; give a list of effects, "
                          "e.g. [{'price': 'brent', 'value': 50}].")  # fmt: skip
    if custom.get("name") in (BASELINE, MIXTURE):
        raise EnergyError(f"Custom scenario: name {custom['name']!r} is taken; choose another.")
    _refuse_overridden(tree, custom)
    for part in ("money", "rules"):
        _refuse_unknown(part, tree.get(part, {}), custom.get(part, {}))
    why = str(custom.get("assumption", "custom scenario"))
    new = copy.deepcopy(tree)
    for question, parts in custom.get("probabilities", {}).items():
        _reweigh(new, question, parts, why)
    for part in ("route", "money", "rules"):
        _merge(new.setdefault(part, {}), custom.get(part, {}), why)
    new["set"] = [
        *new.get("set", []),
        *({"assumption": why} | dict(row) for row in effects),
    ]
    return new


def _refuse_overridden(tree: Tree, custom: Mapping[str, Any]) -> None:
    """Refuse what would be laid under something stronger and so have no effect."""
    said = [(row.get("route") or row.get("price"), row.get("what", "price"))
            for row in custom.get("set", [])]  # fmt: skip
    twice = next((one for one in said if said.count(one) > 1), None)
    if twice is not None:
        raise EnergyError(f"Custom scenario: set names {twice[0]} {twice[1]} twice, and the last "
                          "would override the others; leave one.")  # fmt: skip
    mine = {(route, key) for route, row in custom.get("route", {}).items() for key in row}
    mine |= {(name, "price") for name in PRICES if name in custom.get("money", {})}
    for question, body in tree["question"].items():
        for answer, row in body.get("answer", {}).items():
            for effect in row.get("set", []):
                name = effect.get("route") or effect.get("price")
                if (name, effect.get("what", "price")) in mine:
                    raise EnergyError(
                        f"Custom scenario: {effect.get('what', 'price')} of {name} is overridden by "
                        f"the answer {answer!r} to {question!r}; put it under set, which holds over "
                        f"every answer: set=[{{{_example(effect)}, 'value': …}}]."
                    )


def _example(effect: Mapping[str, Any]) -> str:
    keys = [key for key in ("route", "price", "what") if key in effect]
    return ", ".join(f"{key!r}: {effect[key]!r}" for key in keys)


def _refuse_unknown(where: str, tree: Tree, custom: Mapping[str, Any]) -> None:
    """Refuse a key that the tree has not: nothing would read it."""
    for key, item in custom.items():
        if key not in tree:
            raise UnknownName(f"key of {where}", key, sorted(tree))
        if isinstance(item, Mapping) and "value" not in item:
            _refuse_unknown(f"{where}.{key}", tree[key], item)


def _reweigh(tree: Tree, question: str, parts: Mapping[str, float], why: str) -> None:
    if question not in tree["question"]:
        raise UnknownName("question", question, tree["question"])
    answers = tree["question"][question]["answer"]
    for answer in parts:
        _answers(tree, {question: answer})
    for key, answer in answers.items():
        answer.pop("if", None)
        answer["probability"] = {"value": parts.get(key, 0.0), "assumption": why}


def _merge(into: Tree, new: Mapping[str, Any], why: str) -> None:
    for key, item in new.items():
        if isinstance(item, Mapping) and "value" not in item:
            _merge(into.setdefault(key, {}), item, why)
        elif isinstance(item, Mapping):
            into[key] = {"assumption": why} | dict(item) if "source" not in item else dict(item)
        elif isinstance(item, (str, list)) and not _is_span(item):
            into[key] = item
        else:
            into[key] = {"value": item, "assumption": why}


def _is_span(item: object) -> bool:
    return isinstance(item, list) and all(_is_number(value) for value in item)


def routes(tree: Tree, answers: Answers) -> dict[str, dict[str, Any]]:
    """Return what a scenario says of each route: plain values by name."""
    found = {name: {key: value(item) for key, item in row.items()}
             for name, row in tree["route"].items()}  # fmt: skip
    for route, said in effects(tree, answers).items():
        found.setdefault(route, {}).update(said)
    return found


def effects(tree: Tree, answers: Answers) -> dict[str, dict[str, Any]]:
    """Return what the answers alone set for each route they name."""
    found: dict[str, dict[str, Any]] = {}
    for row in _effects(tree, answers):
        if "route" in row:
            found.setdefault(row["route"], {})[row["what"]] = row["value"]
    return found


def prices(tree: Tree, answers: Answers) -> dict[str, float]:
    """Return the level each index returns to: Brent in USD/bbl, TTF in USD/MMBtu."""
    found = {name: float(tree["money"][name]["value"]) for name in PRICES if name in tree["money"]}
    for row in _effects(tree, answers):
        if "price" in row:
            found[row["price"]] = float(row["value"])
    lacking = [name for name in PRICES if name not in found]
    if lacking:
        raise DataError("scenarios.toml", [f"no long-run level of {lacking[0]} is stated; add it "
                                           "to [money] or to every answer of a question"])  # fmt: skip
    return found


def _effects(tree: Tree, answers: Answers) -> Iterator[dict[str, Any]]:
    for question, answer in answers.items():
        yield from tree["question"][question]["answer"][answer].get("set", [])
    yield from tree.get("set", [])


def value(item: Any) -> Any:
    """Return the number of a table, anything else as it is.

    >>> value({"value": 3, "source": "x"}), value(3)
    (3, 3)
    """
    return item["value"] if isinstance(item, dict) and "value" in item else item


def rule(tree: Tree, name: str) -> Any:
    """Return one number of ``[rules]``.

    >>> rule({"rules": {"window": {"value": 20}}}, "window")
    20
    """
    return tree["rules"][name]["value"]


def assumptions(tree: Tree) -> list[dict[str, Any]]:
    """Return every number of the tree with where it stands and where it is from, one row each.

    >>> {"where", "value"} <= set(assumptions(load())[0])
    True
    """
    return [{"where": where, "value": row["value"],
             **{key: row[key] for key in ("source", "assumption") if key in row}}
            for where, row in numbers(tree)]  # fmt: skip


def tornado(
    tree: Tree, result: xr.Dataset, year: int | None = None, variable: str = "exports_year_mean",
    market: str = "all",
) -> pd.DataFrame:  # fmt: skip
    """Set each question's answers against the baseline: which assumption moves the result most.

    Parameters
    ----------
    tree : dict
        The tree the result was made with.
    result : Dataset
        From `energy.projection.project` with ``scenarios="all"``.
    year : int, optional
        Calendar year; default ten years on: the tenth whole year, the last where there are fewer.
    variable : str
        ``exports_year_mean`` (bcm) or ``market_revenue_year_mean`` (million USD).
    market : str

    Returns
    -------
    DataFrame
        Index question; ``low_answer, high_answer, at_low, at_high, baseline, swing``, the largest
        swing first.

    Raises
    ------
    EnergyError
        If the result lacks the baseline, a scenario or the year.
    """
    table = _yearly(result, variable, market, year)
    base, rows = baseline(tree), {}
    for question, body in tree["question"].items():
        at = {answer: table[BASELINE if base[question] == answer else f"{question}-{answer}"]
              for answer in body["answer"]
              if base[question] == answer or f"{question}-{answer}" in table}  # fmt: skip
        low, high = min(at, key=at.__getitem__), max(at, key=at.__getitem__)
        rows[question] = {"low_answer": low, "high_answer": high, "at_low": at[low],
                          "at_high": at[high], "baseline": table[BASELINE],
                          "swing": at[high] - at[low]}  # fmt: skip
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("question")
    unit = result[variable].attrs.get("units", "")
    frame.attrs["units"] = dict.fromkeys(("at_low", "at_high", "baseline", "swing"), unit)
    return frame.sort_values("swing", ascending=False, kind="stable")


def _yearly(result: xr.Dataset, variable: str, market: str, year: int | None) -> dict[str, float]:
    if BASELINE not in result["scenario"].values:
        raise EnergyError("A tornado needs the baseline; project with scenarios='all'.")
    years = result["year"].values
    year = int(years[:10][-1]) if year is None and len(years) else year
    if variable not in result or year not in result["year"].values:
        first, last = result["year"].values[[0, -1]]
        raise EnergyError(f"No {variable!r} for {year}; the result holds whole years {first} to {last} "
                          "and exports_year_mean, market_revenue_year_mean.")  # fmt: skip
    values = result[variable].sel(market=market, year=year)
    return dict(
        zip(result["scenario"].values.tolist(), np.asarray(values, float).tolist(), strict=True)
    )
