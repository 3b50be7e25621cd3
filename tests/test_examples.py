"""Examples in the help: the share of public names that have one, counted and held.

The examples themselves run with the tests (``--doctest-modules``).
"""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOOR_FLOOR, FLOOR = 0.70, 0.14  # shares with an example; raise, never lower; aim: 1 and 0.6


def public(path):
    """Yield the public functions and classes of a module, and the public methods of classes."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
            yield node.name, node
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def runs(text):
    """Tell whether a help has an example that runs: one whose lines are skipped shows, proves nothing."""
    lines = [line for line in text.splitlines() if line.lstrip().startswith(">>> ")]
    return bool(lines) and not any("doctest: +SKIP" in line for line in lines)


def counted(*parts):
    paths = [p for part in parts for p in sorted((ROOT / part).rglob("*.py"))
             or [ROOT / part]]  # fmt: skip
    found = {f"{p.relative_to(ROOT)}:{name}": runs(ast.get_docstring(node) or "")
             for p in paths for name, node in public(p)}  # fmt: skip
    assert len(found) > 5
    return found


def share(*parts):
    """Return the share of public names with an example, and print it."""
    found = counted(*parts)
    print(f"{sum(found.values())} of {len(found)} public names of {parts} have an example")
    return sum(found.values()) / len(found)


def test_the_share_of_names_with_an_example_does_not_fall():
    assert share("energy/__init__.py", "energy/tracker") >= DOOR_FLOOR
    assert share("energy", "geodata") >= FLOOR
