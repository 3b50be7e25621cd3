"""Write ``energy/measure/tables.py`` from the schema: ``python -m energy.facts.generate``.

The schema (``data/datapackage.json``) is the one place that says which tables, columns and words
there are. Its ``vocabulary`` holds the words that many tables share, in their order: a field whose
values are all in the vocabulary of its own name takes that type, any other list of values becomes
a type of its own. Run this after every change of the schema; a test says when it was forgotten.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import wrap
from typing import Any

from energy.errors import DataError

SCHEMA = Path(__file__).parents[1] / "data" / "datapackage.json"
TARGET = Path(__file__).parents[1] / "measure" / "tables.py"

HEAD = '''\
"""Tables of facts as types; written by ``python -m energy.facts.generate``, never by hand.

One frozen row class a table, the words of the vocabulary in their order, the names of tables and
columns, and `Tables`, which holds them all. The schema is ``energy/data/datapackage.json``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias, get_args

if TYPE_CHECKING:
    import pandas as pd
'''

HOLDER = '''\
class Tables(dict[str, "pd.DataFrame"]):
    """Every table of facts: ``tables.volumes``, or ``tables["volumes"]``.

    A copy with other tables in it is made with `replaced`; the tables themselves are shared, so
    change a copy of a table and lay that in.
    """

    def replaced(self, tables: Mapping[str, pd.DataFrame]) -> Tables:
        """Return the same tables with some laid over."""
        return Tables({**self, **tables})
'''

PROPERTY = '''
    @property
    def {attribute}(self) -> pd.DataFrame:
        """{title}: the columns of `{row}`."""
        return self["{table}"]
'''


def generated(package: Mapping[str, Any]) -> str:
    """Return the text of the module for a Frictionless package.

    Parameters
    ----------
    package : mapping
        ``vocabulary`` (name to words in order) and ``resources``.

    Raises
    ------
    DataError
        Where a field's words stand in another order than the vocabulary, or two tables want the
        same class.

    Examples
    --------
    >>> package = json.loads(SCHEMA.read_text(encoding="utf-8"))
    >>> generated(package) == TARGET.read_text(encoding="utf-8")
    True
    """
    vocabulary, resources = package["vocabulary"], package["resources"]
    faults = [*_order_faults(vocabulary, resources), *_name_faults(resources)]
    if faults:
        raise DataError("datapackage.json", faults)
    blocks = [HEAD, *_types(vocabulary), *_own_types(vocabulary, resources)]
    blocks.append(_literal("TableName", [resource["name"] for resource in resources]))
    blocks.append(_columns(resources))
    blocks += ["\n" + _row_class(vocabulary, resource) for resource in resources]
    blocks += ["\n" + _row_types(resources), "\n" + HOLDER + "".join(_properties(resources))]
    return "\n".join(blocks)


def row_name(resource: Mapping[str, Any]) -> str:
    """Return the class of a table's rows: ``row`` of the schema, else the singular of its name.

    Examples
    --------
    >>> row_name({"name": "route-facts"}), row_name({"name": "fx", "row": "ExchangeRate"})
    ('RouteFact', 'ExchangeRate')
    """
    singular = str(resource["name"]).removesuffix("s")
    return str(resource.get("row") or "".join(part.title() for part in singular.split("-")))


def _order_faults(
    vocabulary: Mapping[str, list[str]], resources: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    for resource in resources:
        for field in resource["schema"]["fields"]:
            words, known = _enum(field), vocabulary.get(field["name"], [])
            if set(words) <= set(known) and words != [word for word in known if word in words]:
                yield (
                    f"{resource['name']}: the words of '{field['name']}' stand in another order "
                    "than in the vocabulary; take its order"
                )


def _name_faults(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    names = [row_name(resource) for resource in resources]
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield f"two tables have rows called {name}; give one of them a `row` of its own"


def _enum(field: Mapping[str, Any]) -> list[Any]:
    return list(field.get("constraints", {}).get("enum", []))


def _literal(name: str, words: Sequence[Any]) -> str:
    if len(words) == 1:
        return f"{name}: TypeAlias = Literal[{_quoted(words[0])}]\n"
    lines = "".join(f"    {_quoted(word)},\n" for word in words)
    return f"{name}: TypeAlias = Literal[\n{lines}]\n"


def _quoted(word: Any) -> str:
    return json.dumps(word, ensure_ascii=False)


def _types(vocabulary: Mapping[str, list[str]]) -> Iterator[str]:
    """Write each vocabulary as a type and as a tuple in order."""
    for name, words in vocabulary.items():
        kind = _pascal(name)
        yield _literal(kind, words)
        yield f"{_plural(name).upper()}: Final[tuple[{kind}, ...]] = get_args({kind})\n"


def _pascal(name: str) -> str:
    return "".join(part.title() for part in name.replace("-", "_").split("_"))


def _plural(name: str) -> str:
    """Return the plural, which must not be the word itself.

    Examples
    --------
    >>> _plural("status"), _plural("basis"), _plural("role")
    ('statuses', 'bases', 'roles')
    """
    if name.endswith("is"):
        return name[:-2] + "es"
    return name + ("es" if name.endswith("s") else "s")


def _own_types(
    vocabulary: Mapping[str, list[str]], resources: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    for resource in resources:
        for field in resource["schema"]["fields"]:
            words = _enum(field)
            if words and not _is_shared(vocabulary, field):
                yield _literal(row_name(resource) + _pascal(field["name"]), words)


def _is_shared(vocabulary: Mapping[str, list[str]], field: Mapping[str, Any]) -> bool:
    return set(_enum(field)) <= set(vocabulary.get(field["name"], []))


def _columns(resources: Sequence[Mapping[str, Any]]) -> str:
    names = sorted({field["name"] for r in resources for field in r["schema"]["fields"]})
    lines = "".join(f'    {name.upper()}: Final = "{name}"\n' for name in names)
    return f'\nclass Column:\n    """The names of all columns."""\n\n{lines}'


def _row_class(vocabulary: Mapping[str, list[str]], resource: Mapping[str, Any]) -> str:
    """Write the class of a table's rows."""
    name, fields = row_name(resource), resource["schema"]["fields"]
    summary = "\n    ".join(wrap(f"{resource['title']}: {resource['description']}", 88))
    attributes = "".join(f"    {field['name']}\n{_described(field)}" for field in fields)
    typed = "".join(
        f"    {field['name']}: {_field_type(vocabulary, name, field)}\n" for field in fields
    )
    head = f'class {name}(NamedTuple):\n    """{summary}\n\n    Attributes\n    ----------\n'
    return f'{head}{attributes}    """\n\n{typed}'


def _described(field: Mapping[str, Any]) -> str:
    lines = wrap(field["description"].replace("\\", "\\\\"), 88)
    return "".join(f"        {line}\n" for line in lines)


def _field_type(vocabulary: Mapping[str, list[str]], row: str, field: Mapping[str, Any]) -> str:
    """Return the type of a cell as `facts.load` reads it; missing is "" or NaN."""
    required = field.get("constraints", {}).get("required", False)
    if field["type"] == "boolean":
        return "bool"
    if field["type"] != "string" and not (field["type"] == "integer" and required):
        return "float"  # an integer that may be missing is NaN then
    if not _enum(field):
        return "str" if field["type"] == "string" else "int"
    own = _pascal(field["name"]) if _is_shared(vocabulary, field) else row + _pascal(field["name"])
    return own if required else f'{own} | Literal[""]'


def _row_types(resources: Sequence[Mapping[str, Any]]) -> str:
    lines = "".join(f'    "{resource["name"]}": {row_name(resource)},\n' for resource in resources)
    return f"ROWS: Final[dict[str, type[NamedTuple]]] = {{\n{lines}}}\n"


def _properties(resources: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for resource in resources:
        name = resource["name"]
        yield PROPERTY.format(
            attribute=name.replace("-", "_"),
            table=name,
            title=resource["title"],
            row=row_name(resource),
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the module, or with ``--check`` say whether it is stale; return the exit code.

    Examples
    --------
    >>> main(["--check"])
    0
    """
    parser = argparse.ArgumentParser(prog="python -m energy.facts.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if stale")
    asked = parser.parse_args(arguments)
    text = generated(json.loads(SCHEMA.read_text(encoding="utf-8")))
    if not asked.check:
        TARGET.write_text(text, encoding="utf-8")
        return 0
    if text != TARGET.read_text(encoding="utf-8"):
        print("measure/tables.py is stale: run python -m energy.facts.generate", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
