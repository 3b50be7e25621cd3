"""What the pages take from elsewhere: method notes, changes, notebooks, the tables, the verbs.

Run by mkdocs (``hooks`` in mkdocs.yml). Nothing is fetched; the built site asks no network.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
TAKEN = {
    "explanation/method.md": "notebooks/METHOD.md",
    "explanation/balance.md": "notebooks/BALANCE.md",
    "explanation/update.md": "notebooks/UPDATE.md",
    "changelog.md": "CHANGELOG.md",
    "contributing.md": "CONTRIBUTING.md",
}


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made, not written."""
    pages = {page: (ROOT / path).read_text(encoding="utf-8") for page, path in TAKEN.items()}
    pages["explanation/contested.md"] = contested()
    pages["explanation/filled.md"] = filled()
    pages["reference/tables.md"] = tables()
    pages["reference/command-line.md"] = verbs()
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        pages[f"notebooks/{path.stem}.md"] = notebook(path)
    for page, text in pages.items():
        files.append(File.generated(config, page, content=linked(page, text)))
    return files


def linked(page: str, text: str) -> str:
    """Turn links to files of the repository that are pages here into links to these pages."""
    at = Path("notebooks") if page.startswith("notebooks/") else Path()
    up = "../" * page.count("/")
    for there, path in TAKEN.items():
        if Path(path).is_relative_to(at):
            text = text.replace(f"]({Path(path).relative_to(at)}", f"]({up}{there}")
    return text.replace("](docs/", f"]({up}") if at == Path() else text


def notebook(path: Path) -> str:
    """Return a stored notebook as a page: words, code, pictures and tables as they were stored."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return "\n\n".join(text for cell in cells for text in _cell(cell))


def _cell(cell: dict[str, Any]) -> list[str]:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return [source]
    shown = [f"```python\n{source}\n```"] if source else []
    for output in cell.get("outputs", []):
        data = output.get("data", {})
        if "image/png" in data:
            shown.append(f"![](data:image/png;base64,{''.join(data['image/png']).strip()})")
        elif "text/html" in data and "<script" not in "".join(data["text/html"]):
            shown.append("<div>" + "".join(data["text/html"]) + "</div>")
        elif text := "".join(data.get("text/plain", output.get("text", []))):
            shown.append(f"```text\n{text.rstrip()}\n```")
    return shown


def contested() -> str:
    """Return the known contradictions with their numbers, worked out now."""
    import energy
    from energy import balance
    from energy.balance.contests import markdown

    head = ("# Known contradictions\n\nFigures that contradict each other, or what was once shown. The "
            "numbers are worked out from today's facts, in Python by `t.evidence.contested()`, on the "
            "command line by `energy check --contested`; figures that nobody has answered yet are in "
            "`energy check --balance`. A figure's interval is that of its own error, a sum's that of "
            "the balance.")  # fmt: skip
    return f"{head}\n\n{markdown(balance.contested(energy.load().facts))}\n"


def filled() -> str:
    """Return how full the tables are, counted now."""
    import energy

    head = ("# How full the tables are\n\nCounted from today's facts; in Python `t.evidence.filled()`, on the "
            "command line `energy check --filled`, which also counts the route-years of 2015 to 2025 that were "
            "known half a year after (a test holds them; of Blue Stream 2018 no print in time was found).\n\n"
            "At the start of this edition's work 79 of 408 usual cells of the accounts were filled, 17 cells by "
            "year were told by three sources, 22 of 59 route-years were unknown half a year after, no non-zero "
            "quarter since 2023 was measured, and the update could renew 22 % of the exported gas.")  # fmt: skip
    table = energy.load().evidence.filled(vintages=False)
    lines = ["| part | what | count | of |", "| --- | --- | ---: | ---: |"]
    lines += [
        f"| {part} | {what} | {count:g} | {of} |" for part, what, count, of in table.to_numpy()
    ]
    return f"{head}\n\n" + "\n".join(lines) + "\n"


def tables() -> str:
    """Return the data dictionary out of the package's schema."""
    package = json.loads((ROOT / "energy" / "data" / "datapackage.json").read_text("utf-8"))
    parts = ["# Tables", "CSV under `energy/data`, described by `datapackage.json` (Frictionless)."]
    for table in package["resources"]:
        if "schema" not in table:
            continue
        rows = "\n".join(f"| `{field['name']}` | {field['type']} | {_line(field)} |"
                         for field in table["schema"]["fields"])  # fmt: skip
        head = f"## {table['name']}\n\n{table.get('description', '')}"
        parts.append(f"{head}\n\n| field | type | what it is |\n| --- | --- | --- |\n{rows}")
    return "\n\n".join(parts)


def _line(field: dict[str, Any]) -> str:
    return str(field.get("description", "")).replace("|", "\\|").replace("\n", " ")


def verbs() -> str:
    """Return the help of every verb."""
    from energy.cli import parser, verb_names

    top = parser()
    actions = next(a for a in top._actions if hasattr(a, "choices") and a.choices)
    parts = [f"# Command line\n\n```text\n{top.format_help()}```"]
    parts += [f"## energy {name}\n\n```text\n{actions.choices[name].format_help()}```"
              for name in verb_names()]  # fmt: skip
    return "\n\n".join(parts)
