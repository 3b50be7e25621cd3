"""For people on a terminal: a table that fits, and how long a thing still takes."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

ROWS, WORDS, GAP = 200, 44, 2  # rows on a terminal; letters of a cell; blanks between columns
FIRST = ("period", "year", "value", "unit")  # columns that are shown before others
KEPT = 100  # commands whose time is remembered
LATE = 2.0  # seconds after which somebody wants to know


def show(table: pd.DataFrame) -> None:
    """Print a table with aligned numbers; columns that are empty or do not fit are named below.

    Examples
    --------
    >>> import pandas as pd
    >>> show(pd.DataFrame({"route": ["blue-stream"], "bcm": [15.9]}))
    route         bcm
    blue-stream  15.9
    """
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
    if units := _units(table, shown):
        console.print(units, style="dim")
    rest = len(table) - ROWS
    if rest > 0:
        console.print(f"… and {rest} more rows; --format csv gives all")
    hidden = [str(name) for name in table.columns if name not in shown]
    if hidden:
        console.print(f"not shown: {', '.join(hidden)} (--format csv)", style="dim")


def _units(table: pd.DataFrame, shown: list[str]) -> str:
    """Return the units of the columns shown, where no column of its own tells them."""
    from energy.tracker.columns import in_words

    units = table.attrs.get("units", {})
    own = {name: units[str(name)] for name in shown if str(name) in units}
    return in_words({name: unit for name, unit in own.items()
                     if unit.removeprefix("as column ").removesuffix(" says") not in shown})  # fmt: skip


def _that_fit(cells: dict[str, list[str]], width: int) -> list[str]:
    """Return the columns that stand side by side in so many letters, in their order; always one.

    First of all those that a row is known by, its figure and its unit, then the others.
    """
    names = list(cells)
    shown: list[str] = []
    for name in dict.fromkeys([*names[:1], *(name for name in FIRST if name in cells), *names]):
        width -= min(WORDS, max(len(str(name)), *(len(text) for text in cells[name]), 1)) + GAP
        if width < -GAP and shown:
            break
        shown.append(name)
    return sorted(shown, key=names.index)


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


class Clock:
    """Tells on a terminal how long a thing has taken, and how much is left going by last time.

    Parameters
    ----------
    what : str
        What is done, e.g. ``"energy project --until 2035"``; how long it took is kept under this.
    memory : callable
        Gives the JSON file that keeps how long each thing took.
    """

    def __init__(self, what: str, memory: Callable[[], Path]):
        self.what, self.memory = what, memory
        self.begun, self.over, self.pen = time.monotonic(), threading.Event(), threading.Lock()
        self.shown = False

    def run(self) -> None:
        """Write the line once a second, from the third second on."""
        if self.over.wait(LATE):
            return
        usual = _durations(self.memory()).get(self.what)
        while not self.over.is_set():
            with self.pen:
                if not self.over.is_set():
                    seconds = time.monotonic() - self.begun
                    sys.stderr.write(f"\r\033[Kenergy: {line(seconds, usual)}")
                    sys.stderr.flush()
                    self.shown = True
            self.over.wait(1.0)

    def clear(self) -> None:
        """Make room for a sentence; the line comes again."""
        with self.pen:
            if self.shown:
                sys.stderr.write("\r\033[K")
                sys.stderr.flush()
                self.shown = False

    def stop(self) -> None:
        """End: what is printed from here on is the result."""
        self.over.set()
        self.clear()


_running: list[Clock] = []


@contextmanager
def progress(what: str, memory: Callable[[], Path]) -> Iterator[None]:
    """Run a `Clock` beside a piece of work where a person looks on, else nothing.

    Examples
    --------
    >>> with progress("energy flows", lambda: Path("durations.json")):
    ...     print("done")
    done
    """
    if not sys.stderr.isatty():
        yield
        return
    clock = Clock(what, memory)
    _running.append(clock)
    thread = threading.Thread(target=clock.run, daemon=True)
    thread.start()
    try:
        yield
        seconds = time.monotonic() - clock.begun
        if seconds > LATE:
            _save_duration(memory(), what, round(seconds, 1))
    finally:
        clock.stop()
        thread.join()
        _running.remove(clock)


def make_room(*, for_good: bool = False) -> None:
    """Take the line of progress away before something else is written.

    Examples
    --------
    >>> make_room(for_good=True)
    >>> _running
    []
    """
    for clock in _running:
        if for_good:
            clock.stop()
        else:
            clock.clear()


def line(seconds: float, usual: float | None) -> str:
    """Return the line of progress.

    >>> line(5, 20), line(5, None), line(25, 20)
    ('5 s, about 15 s left', '5 s', '25 s, longer than last time')
    """
    if usual is None:
        return f"{seconds:.0f} s"
    if seconds >= usual:
        return f"{seconds:.0f} s, longer than last time"
    return f"{seconds:.0f} s, about {usual - seconds:.0f} s left"


def _durations(memory: Path) -> dict[str, float]:
    try:
        return dict(json.loads(memory.read_text(encoding="utf-8")))
    except (OSError, ValueError):  # no memory yet, or a broken one: nothing is said of the rest
        return {}


def _save_duration(memory: Path, what: str, seconds: float) -> None:
    known = {name: took for name, took in _durations(memory).items() if name != what}
    newest = dict([*known.items(), (what, seconds)][-KEPT:])
    try:
        memory.parent.mkdir(parents=True, exist_ok=True)
        memory.write_text(json.dumps(newest), encoding="utf-8")
    except OSError:  # a folder that cannot be written costs the estimate, never the result
        return
