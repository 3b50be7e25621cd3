"""For people on a terminal: a table that fits, and how long a thing still takes."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS, WORDS, GAP = 200, 44, 2  # rows on a terminal; letters of a cell; blanks between columns
LATE = 2.0  # seconds after which somebody wants to know


def show(table: pd.DataFrame) -> None:
    """Print a table with aligned numbers; columns that are empty or do not fit are named below."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, markup=False)
    full = [name for name in table.columns if not _is_empty(table[name])]
    cells = {name: [cell(value) for value in table[name].head(ROWS)] for name in full}
    shown = _that_fit(cells, console.width)
    drawn = Table(box=None, header_style="bold", pad_edge=False)
    for name in shown:
        numeric = table[name].dtype.kind in "fiu"
        drawn.add_column(str(name), justify="right" if numeric else "left", overflow="ellipsis",
                         no_wrap=True, max_width=WORDS)  # fmt: skip
    for row in zip(*[cells[name] for name in shown], strict=True):
        drawn.add_row(*row)
    console.print(drawn)
    rest = len(table) - ROWS
    if rest > 0:
        console.print(f"… and {rest} more rows; --format csv gives all")
    hidden = [str(name) for name in table.columns if name not in shown]
    if hidden:
        console.print(f"not shown: {', '.join(hidden)} (--format csv)", style="dim")


def _that_fit(cells: dict[str, list[str]], width: int) -> list[str]:
    """Return the first columns that stand side by side in so many letters; always one."""
    shown: list[str] = []
    for name, texts in cells.items():
        width -= min(WORDS, max(len(str(name)), *(len(text) for text in texts), 1)) + GAP
        if width < -GAP and shown:
            break
        shown.append(name)
    return shown


def _is_empty(column: pd.Series[Any]) -> bool:
    return len(column) > 0 and bool((column.isna() | (column.astype(str) == "")).all())


def cell(value: object) -> str:
    """Return a value as people write it: four digits that matter, a dash for what is not known.

    >>> [cell(v) for v in (15.399999999999999, 1234.5678, float("nan"), 0.0, "idle", 2024)]
    ['15.4', '1235', '–', '0', 'idle', '2024']
    """
    if isinstance(value, float):
        if value != value:
            return "–"
        return f"{value:.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    return str(value)


@contextmanager
def progress(what: str, memory: Path | None = None) -> Iterator[None]:
    """Tell on a terminal how long a thing has taken, and how much is left going by last time.

    Parameters
    ----------
    what : str
        What is done, e.g. ``"projecting"``.
    memory : path, optional
        A JSON file that keeps how long each thing took; without it nothing is said of what is left.
    """
    if not sys.stderr.isatty():
        yield
        return
    known, begun, over = _durations(memory), time.monotonic(), threading.Event()
    clock = threading.Thread(target=_tick, args=(what, known.get(what), begun, over), daemon=True)
    clock.start()
    try:
        yield
    finally:
        over.set()
        clock.join()
    if memory is not None:
        _keep(memory, {**known, what: round(time.monotonic() - begun, 1)})


def _tick(what: str, usual: float | None, begun: float, over: threading.Event) -> None:
    shown = False
    while not over.wait(LATE if not shown else 1.0):
        sys.stderr.write(f"\r\033[Kenergy: {line(what, time.monotonic() - begun, usual)}")
        sys.stderr.flush()
        shown = True
    if shown:
        sys.stderr.write("\r\033[K")
        sys.stderr.flush()


def line(what: str, seconds: float, usual: float | None) -> str:
    """Return the line of progress.

    >>> line("projecting", 5, 20), line("projecting", 5, None), line("projecting", 25, 20)
    ('projecting … 5 s, about 15 s left', 'projecting … 5 s', 'projecting … 25 s')
    """
    left = f", about {usual - seconds:.0f} s left" if usual is not None and usual > seconds else ""
    return f"{what} … {seconds:.0f} s{left}"


def _durations(memory: Path | None) -> dict[str, float]:
    try:
        return dict(json.loads(memory.read_text(encoding="utf-8"))) if memory is not None else {}
    except (OSError, ValueError):  # no memory yet, or a broken one: nothing is said of the rest
        return {}


def _keep(memory: Path, durations: dict[str, float]) -> None:
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps(durations), encoding="utf-8")
    except OSError:  # a folder that cannot be written costs the estimate, never the result
        return
