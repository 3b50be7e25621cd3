"""The house: who may import whom, and what start-up may cost."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FLOORS = [  # rooms of an upper floor may import lower ones, never the other way round nor beside
    {"cli"},
    {"build"},
    {"tracker"},
    {"publish", "intake"},
    {"provenance"},
    {"projection"},
    {"mirror", "network"},
    {"finance"},
    {"balance"},
    {"flows", "store", "supply"},
    {"facts", "sources"},
    {"measure"},
    {"errors"},
]
FRONT = {""}  # energy/__init__.py loads late


def modules(package: str) -> dict[str, Path]:
    root = ROOT / package
    found = {}
    for path in root.rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(part for part in parts if part != "__init__")] = path
    return found


def imported(path: Path) -> set[str]:
    """Return the dotted names a module imports, at any depth of its code."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return names


def room(name: str) -> str:
    return name.split(".")[0]


def floor(name: str) -> int:
    return next((i for i, rooms in enumerate(FLOORS) if room(name) in rooms), -1)


def test_every_module_has_a_floor():
    names = set(modules("energy")) - FRONT
    assert len(names) > 10
    assert sorted(name for name in names if floor(name) < 0) == []


@pytest.mark.once
def test_imports_point_downwards():
    found = modules("energy")
    edges = [
        (name, target.removeprefix("energy."))
        for name, path in found.items()
        if name not in FRONT
        for target in imported(path)
        if target.startswith("energy.") and target.removeprefix("energy.") in found
    ]
    assert len(edges) > 20
    upward = [
        (a, b) for a, b in edges
        if floor(b) < floor(a) or (floor(a) == floor(b) and room(a) != room(b))
    ]  # fmt: skip
    assert upward == []


def test_geodata_knows_no_energy():
    found = modules("geodata")
    assert len(found) > 5
    assert [n for n, p in found.items() for t in imported(p) if t.split(".")[0] == "energy"] == []


@pytest.mark.parametrize("command", ["import energy", "import energy.cli; energy.cli.parser()"])
def test_start_up_imports_nothing_heavy(command):
    heavy = {"pandas", "numpy", "xarray", "geopandas", "folium", "shapely", "pyproj"}
    code = f"import sys; {command}; print(','.join(sorted(set(sys.modules) & {heavy!r})))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert result.stdout.strip() == ""


@pytest.mark.once
def test_half_of_all_functions_are_short():
    lengths = []
    for package in ("energy", "geodata"):
        for path in modules(package).values():
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.FunctionDef):
                    lengths.append(_code_lines(node))
    assert len(lengths) > 100
    assert sorted(lengths)[len(lengths) // 2] <= 12


def _code_lines(node: ast.FunctionDef) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_near_names_are_found_in_one_place():
    texts = {
        p: p.read_text()
        for package in ("energy", "geodata")
        for p in (ROOT / package).rglob("*.py")
    }
    assert [p.name for p, text in texts.items() if "alike(" in text].count("arguments.py") == 1
    assert [p.name for p, text in texts.items() if "get_close_matches" in text] == []


def test_nothing_names_this_machine_or_a_registry():
    words = ["/" + "work/", "/" + "root/", "py" + "pi.org", "npm" + "js.org", "deb" + "ian.org"]
    files = [
        p
        for folder in ("energy", "geodata", "tests", "notebooks")
        for p in (ROOT / folder).rglob("*")
    ]
    files += [ROOT / name for name in ("README.md", "Makefile", "CHANGELOG.md", "pyproject.toml")]
    text = [p for p in files if p.suffix in {".py", ".md", ".csv", ".json", ".js", ".css", ".toml", ".ipynb", ""}
            and p.is_file()]  # fmt: skip
    assert len(text) > 40
    found = [
        (p.name, w)
        for p in text
        for w in words
        if w in p.read_text(encoding="utf-8", errors="ignore")
    ]
    assert found == []


# ---- one calendar --------------------------------------------------------------------------------


def by_hand(code: str) -> list[str]:
    """Return the lines of code that make months, quarters, their labels or mean years by hand."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.BinOp):
            left, right = ast.unparse(node.left), ast.unparse(node.right)
            if (
                (
                    isinstance(node.op, ast.Mult)
                    and "12" in (left, right)
                    and ".year" in left + right
                )
                or (isinstance(node.op, ast.FloorDiv) and right == "3" and "month" in left)
                or (isinstance(node.op, ast.Add) and "% 12" in left and right == "1")
            ):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.JoinedStr):
            parts = zip(node.values, node.values[1:], strict=False)
            if any(is_value(a) and is_quarter(b) for a, b in parts):
                found.append(f"{node.lineno}: {ast.unparse(node)}")
        elif isinstance(node, ast.Constant) and node.value == 365.25:
            found.append(f"{node.lineno}: 365.25")
    return found


def is_value(part: ast.expr) -> bool:
    return isinstance(part, ast.FormattedValue)


def is_quarter(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and re.match(r"Q([1-4]|$)", str(part.value)) is not None


@pytest.mark.parametrize(
    "code",
    [
        "number = day.year * 12 + day.month - 1",
        "number = 12 * (a.year - b.year)",
        "day = date(n // 12, n % 12 + 1, 1)",
        "quarter = (month - 1) // 3 + 1",
        "text = f'{year}Q4'",
        "text = f'{day.year}Q{day.quarter}'",
        "at = days / 365.25",
    ],
)
def test_a_calendar_made_by_hand_is_seen(code):
    assert len(by_hand(code)) == 1


@pytest.mark.once
def test_months_and_quarters_are_made_by_periods_alone():
    named = {f"{package}.{name}": path for package in ("energy", "geodata")
             for name, path in modules(package).items() if name != "measure.periods"}  # fmt: skip
    assert len(named) > 100
    found = [f"{name}:{line}" for name, path in sorted(named.items())
             for line in by_hand(path.read_text(encoding="utf-8"))]  # fmt: skip
    assert found == []


def test_the_figures_of_the_house_are_counted_right(tmp_path):
    import importlib.util

    spec = importlib.util.spec_from_file_location("house", ROOT / "tests/benchmarks/house.py")
    house = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(house)
    room, tests = tmp_path / "energy" / "room", tmp_path / "tests"
    room.mkdir(parents=True)
    tests.mkdir()
    (tests / "test_a.py").write_text("assert 1\nassert 2\n")
    (tmp_path / "energy" / "cli.py").write_text(
        '"""Front."""\nfrom energy.room import one\n\n\ndef told(text: str) -> str:\n'
        '    """Say.\n\n    >>> 1\n    """\n    if text:  # why\n        for _ in text:\n'
        "            pass\n    elif text is None:\n        pass\n    return text\n"
    )
    (room / "one.py").write_text("def _two(x):\n    return x and 1\n")
    found = dict(house.measured(tmp_path))
    # told: def, if, for, pass, elif, pass, return; its way parts at if, for, elif; the for is second
    assert found["files / lines"] == "2 / 17"
    assert found["function code lines, median / p90 / max"] == "7 / 7 / 7"
    assert found["cyclomatic, median / p90 / max"] == "4 / 4 / 4"
    assert found["nesting, median / p90 / max"] == "2 / 2 / 2"
    assert found["… with an example, %"] == "100.0" and found["all annotated, %"] == "50.0"
    assert found["rooms / arrows"] == "2 / 1" and found["lines with a comment, %"] == "5.9"
