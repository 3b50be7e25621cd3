"""Run the notebooks and store them with light outputs: ``python notebooks/store.py [NAME ...]``.

A reader on the web sees tables and pictures without running anything. Kept are text, tables and
pictures; widgets, whose kernel is gone, are not. A picture above 200 kB is refused, so that the
notebooks stay files one can read a change of.
"""

from __future__ import annotations

import base64
import os
import re
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient

FOLDER = Path(__file__).parent
MOST = 200_000  # bytes of a picture
KEPT = ("text/html", "text/plain", "image/png", "text/markdown")
ADDRESS = re.compile(r" at 0x[0-9a-f]+")
CODE = "code"


def run(path: Path, folder: Path) -> nbformat.NotebookNode:
    """Return a notebook run from top to bottom in a folder, with what may be stored of its outputs."""
    os.environ["MPLBACKEND"] = (
        "module://matplotlib_inline.backend_inline"  # pictures in the outputs
    )
    book = nbformat.read(path, as_version=4)
    client = NotebookClient(book, timeout=900, kernel_name="python3", store_widget_state=False)
    client.execute(cwd=str(folder))
    for count, cell in enumerate((c for c in book.cells if c.cell_type == CODE), 1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        cell.outputs = [kept for output in cell.outputs if (kept := light(output))]
    book.metadata.pop("widgets", None)
    return book


def light(output: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """Return an output without widgets, warnings and addresses in memory; None where nothing is left.

    Raises
    ------
    ValueError
        If a picture is too large.
    """
    if output.output_type == "stream":
        return output if output.name == "stdout" else None
    if "data" not in output:
        return output
    output.data = {kind: text for kind, text in output.data.items() if kind in KEPT}
    if "<iframe" in output.data.get("text/html", ""):  # a page of its own, too large to store
        del output.data["text/html"]
    for kind in ("text/plain", "text/html"):
        if kind in output.data:
            output.data[kind] = ADDRESS.sub("", output.data[kind])
    size = len(base64.b64decode(output.data.get("image/png", "")))
    if size > MOST:
        raise ValueError(f"A picture of {size} bytes; at most {MOST} are stored. Draw it smaller.")
    if output.output_type == "execute_result":
        output.execution_count = None
    return output if output.data else None


def main(names: list[str]) -> None:
    """Run and store all notebooks, or those whose names begin so."""
    fresh = (
        tempfile.mkdtemp()
    )  # as in the tests: neither own updates nor what an older version kept
    os.environ["ENERGY_HOME"], os.environ["ENERGY_CACHE"] = f"{fresh}/home", f"{fresh}/cache"
    for path in sorted(FOLDER.glob("*.ipynb")):
        if names and not path.name.startswith(tuple(names)):
            continue
        with tempfile.TemporaryDirectory() as folder:  # what a notebook writes is not kept
            book = run(path, Path(folder))
        nbformat.write(book, path)
        print(path.name, f"{path.stat().st_size / 1e3:.0f} kB", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
