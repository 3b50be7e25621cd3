"""Wrong arguments in one sentence: what was given, to which argument of what, what is expected.

The annotations of a function say what it takes; here they are held against what it was given.
`Checker` is made once with the error that its package raises. An annotation that cannot be told
(a name that only a type checker imports) takes everything.
"""

from __future__ import annotations

import ast
import builtins
import datetime as dt
import difflib
import functools
import inspect
import math
import numbers
import os
import re
import reprlib
import unicodedata
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

T = TypeVar("T", bound=Callable[..., Any])

TOLD = 60
"""Most letters of a wrong value that are shown."""

LONGEST_NAME = 255
"""Most bytes of one name in a path, as file systems have it."""

LOOKED = 10_000
"""Most items of a list that are looked at."""

WORDS = {"str": "text", "int": "a whole number", "float": "a finite number", "bool": "True or False",
         "Path": "a path", "os.PathLike": "a path", "dt.date": "a date", "date": "a date",
         "None": "None", "LonLat": "longitude and latitude", "Callable": "a function"}  # fmt: skip

Test = Callable[[Any], bool]


class Checker:
    """Holds arguments against annotations, and raises the error of its package.

    Parameters
    ----------
    error : type of Exception
        Raised with one sentence.

    Examples
    --------
    >>> checked = Checker(ValueError)
    >>> @checked
    ... def halve(number: float) -> float:
    ...     return number / 2
    >>> halve(3)
    1.5
    >>> halve("3")
    Traceback (most recent call last):
    ...
    ValueError: halve: number='3' is of type str; expected a finite number. See help(halve).
    """

    def __init__(self, error: Callable[[str], Exception]):
        self.error = error

    def __call__(self, call: T) -> T:
        """Return a function, or a class, that looks at its arguments before it does anything."""
        if isinstance(call, type):
            return cast(T, self._class(call))
        tests, form = _Lazy(call), inspect.signature(call)

        @functools.wraps(call)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            try:
                given = form.bind(*args, **kwargs).arguments
            except TypeError as error:  # an argument too many, too few, or of another name
                where = call.__qualname__
                hint = _near(kwargs, list(form.parameters))
                raise self.error(f"{where}: {error}{hint}. See help({where}).") from None
            more = given.pop(tests.more, {})  # what ** takes: one annotation for every value
            self._look(call, tests, list(given.items()))
            self._look(call, tests, list(more.items()), tests.more)
            return call(*args, **kwargs)

        return cast(T, wrapped)

    def after(self, call: T) -> T:
        """Return a function that looks at its arguments only once it has failed: costs nothing.

        For pure arithmetic: what such a function raises has no other cause than its arguments.
        """
        tests, names = _Lazy(call), tuple(inspect.signature(call).parameters)

        @functools.wraps(call)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            try:
                return call(*args, **kwargs)
            except Exception as error:
                if _is_own(error) or isinstance(error, MemoryError):
                    raise
                given = [*zip(names, args, strict=False), *kwargs.items()]
                self._look(call, tests, given)
                listed = ", ".join(f"{name}={shown(value)}" for name, value in given)
                where = call.__qualname__
                raise self.error(
                    f"{where}({listed}) cannot be worked out: {error}. See help({where})."
                ) from error

        return cast(T, wrapped)

    def _class(self, kind: type) -> type:
        for name, member in list(vars(kind).items()):
            if name.startswith("_"):
                continue
            if isinstance(member, classmethod):
                setattr(kind, name, classmethod(self(member.__func__)))
            elif inspect.isfunction(member):
                setattr(kind, name, self(member))
        return kind

    def _look(
        self, call: Any, tests: _Lazy, given: list[tuple[str, Any]], by: str | None = None
    ) -> None:
        for name, value in given:
            found = tests.of.get(by or name)
            if found is not None and not found[0](value):
                where = call.__qualname__
                raise self.error(
                    f"{where}: {name}={shown(value)} {_kind(value)}; expected {found[1]}. "
                    f"See help({where})."
                )


ALIKE = 0.7  # share of letters in common and in order; "spain" and "ukraine" have 0.5


def plain(text: str) -> str:
    """Return the letters and digits of a word, without case and accents.

    >>> plain("Nord_Stream 1") == plain("NORD-STREAM-1")
    True
    >>> plain("Türkiye"), plain("Kıyıköy")  # a dotless i is an i to who has no Turkish keys
    ('turkiye', 'kiyikoy')
    """
    bare = unicodedata.normalize("NFKD", str(text)).casefold().replace("ı", "i")
    return "".join(letter for letter in bare if letter.isalnum())


def alike(word: str, known: Iterable[str], most: int = 5) -> list[str]:
    """Return the names that a word may have been meant for, the likeliest first; none that is far.

    A name is near if nearly all its letters are those of the word, if it has the same letters in
    another order, or if one of its parts begins with the word.

    Examples
    --------
    >>> alike("blue-steam", ["blue-stream", "nord-stream-1", "soyuz"])
    ['blue-stream']
    >>> alike("duty", ["export_duty", "transit"]), alike("spain", ["ukraine", "poland"])
    (['export_duty'], [])
    >>> alike("bmc", ["bcm", "mcm/d"])
    ['bcm']
    """
    asked, found = plain(word), {}
    for name in known:
        held = plain(name)
        match = difflib.SequenceMatcher(None, held, asked, autojunk=False)
        like = match.ratio() if match.real_quick_ratio() >= ALIKE else 0.0
        begins = len(asked) > 2 and any(
            plain(name[m.start() :]).startswith(asked)
            for m in re.finditer(r"(?<![^\W_])[^\W_]", name)
        )
        swapped = sorted(held) == sorted(asked)  # bmc for bcm: of three letters one swap is much
        if asked and (begins or swapped or like >= ALIKE):
            found[name] = max(like, ALIKE if begins or swapped else 0.0)
    return sorted(found, key=lambda name: -found[name])[:most]


def _near(given: Iterable[str], known: list[str]) -> str:
    """Name the parameters that are most like one that is not there, else all that may be named."""
    odd = next((name for name in given if name not in known), None)
    if odd is None:
        return ""
    near = alike(odd, known, 3)
    named = ", ".join(name for name in known if name != "self")
    return f"; near: {', '.join(near)}" if near else f"; known: {named}"


def shown(value: Any) -> str:
    """Return a value for a message, shortened.

    >>> shown("x" * 100)
    "'xxxxxxxxxxxxxxxxxxxxxxxxxxxx…xxxxxxxxxxxxxxxxxxxxxxxxxxxx'"
    """
    try:
        text = reprlib.repr(value) if isinstance(value, list | tuple | dict | set) else repr(value)
    except Exception:  # whatever a foreign class does when it is asked for its name
        text = f"<{type(value).__name__}>"
    text = " ".join(text.split())
    half = (TOLD - 2) // 2
    return text if len(text) <= TOLD else f"{text[:half]}…{text[-half:]}"


def _kind(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "is not finite"
    if isinstance(value, str):
        return (
            "holds a NUL"
            if "\0" in value
            else "cannot be"
            if not _is_text(value)
            else ("is too long" if len(value) > LONGEST_NAME else "is of type str")
        )
    return f"is of type {type(value).__name__}"


def _is_own(error: Exception) -> bool:
    """Tell an error that some package raises on purpose from Python's own."""
    return type(error).__module__.partition(".")[0] in ("energy", "geodata")


class _Lazy:
    """The tests of a function's arguments, made at the first call."""

    def __init__(self, call: Any):
        self.call = call
        kinds = {p.name: p.kind for p in inspect.signature(call).parameters.values()}
        named = inspect.Parameter.VAR_KEYWORD
        self.more = next((name for name, kind in kinds.items() if kind is named), "**")

    @functools.cached_property
    def of(self) -> dict[str, tuple[Test, str]]:
        """Return test and words by argument; one that takes everything has none."""
        found = {}
        for name, annotation in inspect.get_annotations(inspect.unwrap(self.call)).items():
            text = (
                annotation
                if isinstance(annotation, str)
                else getattr(annotation, "__name__", "Any")
            )
            node = ast.parse(text, mode="eval").body
            test = _test(
                node,
                inspect.unwrap(self.call).__globals__,
                "Path" in text,
            )
            if name != "return" and test is not None:
                found[name] = (test, _words(node))
        return found


def _words(node: ast.expr) -> str:
    """Return an annotation in words."""
    if isinstance(node, ast.BinOp):
        sides = [part for side in (node.left, node.right) for part in _words(side).split(" or ")]
        return " or ".join(dict.fromkeys(sides))
    name = ast.unparse(node)
    if isinstance(node, ast.Subscript):
        outer = ast.unparse(node.value)
        if outer in ("Iterable", "Sequence", "list"):
            return f"a list of {_words(node.slice)}".replace(" or ", "/")
        return WORDS.get(outer, outer.lower())
    return WORDS.get(name, name)


def _test(node: ast.expr, known: Mapping[str, Any], path: bool) -> Test | None:
    """Return the test of an annotation, None where it takes everything."""
    if isinstance(node, ast.BinOp):
        parts = [_test(side, known, path) for side in (node.left, node.right)]
        if None in parts:
            return None
        tests = cast(list[Test], parts)
        return lambda value: any(test(value) for test in tests)
    if isinstance(node, ast.Constant):
        return (lambda value: value is None) if node.value is None else None
    if isinstance(node, ast.Subscript):
        return _many(node, known, path)
    name = ast.unparse(node)
    if name == "str":
        return _is_path_text if path else _is_text
    return SIMPLE.get(name) or _instance(name, known)


def _many(node: ast.Subscript, known: Mapping[str, Any], path: bool) -> Test | None:
    outer = ast.unparse(node.value)
    if outer in ("Path", "os.PathLike"):
        return SIMPLE["Path"]
    if outer == "Callable":
        return callable
    kind = KINDS.get(outer)
    if kind is None:
        return None
    inside = node.slice
    each = _test(inside, known, path) if not isinstance(inside, ast.Tuple) else None

    def test(value: Any) -> bool:
        if isinstance(value, str | bytes) or not isinstance(value, kind):
            return False
        listed = isinstance(value, Collection) and len(value) <= LOOKED
        return each is None or not listed or all(each(item) for item in value)

    return test


def _instance(name: str, known: Mapping[str, Any]) -> Test | None:
    """Return the test for a class by its name in the module of the function."""
    first, _, rest = name.partition(".")
    found = known.get(first, getattr(builtins, first, None))
    for part in filter(None, rest.split(".")):
        found = getattr(found, part, None)
    if not isinstance(found, type) or found in (object, Any):
        return None
    return lambda value: isinstance(value, found)


def _is_text(value: Any) -> bool:
    """Tell text that can be written; half a surrogate pair cannot."""
    if not isinstance(value, str):
        return False
    try:
        value.isascii() or value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_path_text(value: Any) -> bool:
    return isinstance(value, str) and "\0" not in value and _is_named(value)


def _is_path(value: Any) -> bool:
    return isinstance(value, os.PathLike) and _is_path_text(os.fsdecode(value))


def _is_named(path: str) -> bool:
    try:
        return all(len(os.fsencode(part)) <= LONGEST_NAME for part in Path(path).parts)
    except UnicodeEncodeError:
        return False


def _is_place(value: Any) -> bool:
    """Tell longitude and latitude, as a pair or a point."""
    if type(value).__name__ == "Point":
        return True
    shape = getattr(value, "shape", None)
    if shape is not None:
        return bool(shape == (2,)) and value.dtype.kind in "iuf"
    return isinstance(value, tuple | list) and len(value) == 2 and all(map(_is_finite, value))


def _is_whole(value: Any) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond all floats
        return False


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool) or type(value).__name__ == "bool"


SIMPLE: dict[str, Test] = {
    "int": _is_whole,
    "float": _is_finite,
    "bool": _is_flag,
    "Path": _is_path,
    "LonLat": _is_place,
    "dt.date": lambda value: isinstance(value, dt.date) and value == value,
    "date": lambda value: isinstance(value, dt.date) and value == value,
}
KINDS: dict[str, Any] = {
    "Iterable": Iterable, "Iterator": Iterator, "Sequence": Sequence, "Mapping": Mapping,
    "list": list, "dict": dict, "tuple": tuple, "set": set,
}  # fmt: skip
