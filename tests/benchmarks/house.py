"""The figures of the house: lines, functions, nesting, rooms and arrows, names with examples.

    python tests/benchmarks/house.py [ROOT]

prints them as a Markdown table for `energy` and `geodata` of a checkout (default this one); with
``--strict`` also the errors of ``mypy --strict``, which takes a minute. Figures, no judgement.
"""

from __future__ import annotations

import argparse
import ast
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

PACKAGES = ("energy", "geodata")
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NESTING = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
BRANCHES = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case,
            ast.comprehension, ast.BoolOp)  # fmt: skip


class File(NamedTuple):
    """A module: dotted name, its lines, its tree."""

    name: str
    path: Path
    lines: list[str]
    tree: ast.Module


class Function(NamedTuple):
    """What is counted of a function."""

    public: bool
    lines: int
    branches: int
    nesting: int
    parameters: int
    annotated: bool
    documented: bool
    example: bool


def files(root: Path) -> list[File]:
    """Read every module of the packages; generated tables are left out."""
    found = []
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            parts = path.relative_to(root).with_suffix("").parts
            if "never by hand" not in text[:300]:
                name = ".".join(part for part in parts if part != "__init__")
                found.append(File(name, path, text.splitlines(), ast.parse(text)))
    return found


def code_lines(file: File) -> set[int]:
    """Return the numbers of the lines that hold code: no blanks, comments or docstrings."""
    skip = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    held: set[int] = set()
    with file.path.open("rb") as body:
        for token in tokenize.tokenize(body.readline):
            if token.type not in skip and token.type not in (tokenize.ENCODING, tokenize.ENDMARKER):
                held |= set(range(token.start[0], token.end[0] + 1))
    return held - doc_lines(file)


def comment_lines(file: File) -> int:
    """Count the lines with a comment, at their end or alone; words to the tools are none."""
    with file.path.open("rb") as body:
        said = [t.string for t in tokenize.tokenize(body.readline) if t.type == tokenize.COMMENT]
    return sum(not text.startswith(("# fmt:", "# noqa", "# type:")) for text in said)


def doc_lines(file: File) -> set[int]:
    """Return the numbers of the lines of docstrings and of texts that stand alone."""
    return {
        line
        for node in ast.walk(file.tree)
        if isinstance(node, ast.Expr) and isinstance(getattr(node, "value", None), ast.Constant)
        for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)
    }


def functions(file: File, code: set[int]) -> Iterator[Function]:
    """Yield what is counted of each function, methods included."""
    for node in ast.walk(file.tree):
        if not isinstance(node, FUNCTIONS):
            continue
        told = ast.get_docstring(node) or ""
        args = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
        args = [arg for arg in args if arg.arg not in ("self", "cls")]
        inside = set(range(node.lineno, (node.end_lineno or node.lineno) + 1)) & code
        yield Function(
            not node.name.startswith("_"), len(inside), branches(node), nesting(node), len(args),
            node.returns is not None and all(arg.annotation is not None for arg in args),
            bool(told), ">>>" in told,
        )  # fmt: skip


def branches(node: ast.AST) -> int:
    """Return the cyclomatic complexity: one, and one for every place where the way parts."""
    count = 1
    for part in ast.walk(node):
        if isinstance(part, ast.BoolOp):
            count += len(part.values) - 1
        else:
            count += isinstance(part, BRANCHES)
    return count


def nesting(node: ast.AST, depth: int = 0) -> int:
    """Return how deep blocks stand in one another; an ``elif`` is no deeper than its ``if``."""
    deepest = depth
    for name, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST) and not isinstance(child, (*FUNCTIONS, ast.ClassDef)):
                chained = (
                    name == "orelse" and isinstance(child, ast.If) and isinstance(node, ast.If)
                )
                step = isinstance(child, NESTING) and not chained
                deepest = max(deepest, nesting(child, depth + step))
    return deepest


def room(name: str) -> str:
    """Return the room of a module: the folder under its package, or the module itself.

    >>> room("energy.finance.prices"), room("energy.flows"), room("energy")
    ('energy.finance', 'energy.flows', 'energy')
    """
    return ".".join(name.split(".")[:2])


def arrows(found: list[File]) -> set[tuple[str, str]]:
    """Return the pairs of rooms of which the first imports the second, late imports too."""
    names = {file.name for file in found}
    pairs = set()
    for file in found:
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Import):
                targets = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                each = [f"{node.module}.{alias.name}" for alias in node.names]
                targets = [name if name in names else node.module for name in each]
            else:
                continue
            pairs |= {(room(file.name), room(name)) for name in targets
                      if name.split(".")[0] in PACKAGES}  # fmt: skip
    return {(a, b) for a, b in pairs if a != b and b not in PACKAGES}


def spread(values: list[int]) -> str:
    """Return median, 90th percentile and largest: ``8 / 19 / 44``."""
    return " / ".join(f"{np.quantile(values, q, method='higher'):.0f}" for q in (0.5, 0.9, 1.0))


def share(part: list[bool]) -> str:
    """Return a share of ones in percent."""
    return f"{100 * sum(part) / len(part):.1f}" if part else "–"


def measured(root: Path) -> list[tuple[str, str]]:
    """Return the lines of the table: what, and how much."""
    found = files(root)
    code = {file.name: code_lines(file) for file in found}
    every = [one for file in found for one in functions(file, code[file.name])]
    public = [one for one in every if one.public]
    lines = [len(file.lines) for file in found]
    told = sum(comment_lines(file) for file in found)
    docs = sum(len(doc_lines(file)) for file in found)
    tests = [len(path.read_text(encoding="utf-8").splitlines())
             for path in sorted((root / "tests").rglob("*.py"))]  # fmt: skip
    pairs = arrows(found)
    own = {room(file.name) for file in found if file.name.startswith("energy.")}
    return [
        ("files / lines", f"{len(found)} / {sum(lines):,}"),
        ("file lines, median / p90 / max", spread(lines)),
        ("functions", f"{len(every):,}"),
        ("function code lines, median / p90 / max", spread([one.lines for one in every])),
        ("functions over 50 lines, %", share([one.lines > 50 for one in every])),
        ("cyclomatic, median / p90 / max", spread([one.branches for one in every])),
        ("nesting, median / p90 / max", spread([one.nesting for one in every])),
        ("parameters, median / p90 / max", spread([one.parameters for one in every])),
        ("public functions and methods", f"{len(public):,}"),
        ("… documented, %", share([one.documented for one in public])),
        ("… with an example, %", share([one.example for one in public])),
        ("all annotated, %", share([one.annotated for one in every])),
        ("lines with a comment, %", f"{100 * told / sum(lines):.1f}"),
        ("docstring lines, %", f"{100 * docs / sum(lines):.1f}"),
        ("tests : source", f"{sum(tests) / sum(lines):.2f}"),
        ("rooms / arrows", f"{len({room(file.name) for file in found})} / {len(pairs)}"),
        (
            "… of energy alone",
            f"{len(own)} / {len([pair for pair in pairs if own.issuperset(pair)])}",
        ),
    ]


def strict_errors(root: Path) -> str:
    """Return the last line of ``mypy --strict``."""
    done = subprocess.run([sys.executable, "-m", "mypy", "--strict"], cwd=root, text=True,
                          capture_output=True, check=False)  # fmt: skip
    return (done.stdout.strip().splitlines() or [done.stderr.strip()])[-1]


def main(argv: list[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("root", nargs="?", type=Path, default=Path(__file__).parents[2])
    parser.add_argument("--strict", action="store_true", help="run mypy --strict too")
    options = parser.parse_args(argv)
    rows = measured(options.root)
    if options.strict:
        rows.append(("mypy --strict", strict_errors(options.root)))
    print("| what | figure |\n|---|---|")
    for what, figure in rows:
        print(f"| {what} | {figure} |")


if __name__ == "__main__":
    main()
