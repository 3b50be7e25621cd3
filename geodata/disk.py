"""Files as every reader and writer of geometry meets them."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from geodata.errors import FormatError


@contextmanager
def collector_paused() -> Iterator[None]:
    """Keep Python's cycle collector from walking millions of short-lived lists over and over.

    Examples
    --------
    >>> with collector_paused():
    ...     gc.isenabled()
    False
    >>> gc.isenabled()
    True
    """
    active = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if active:
            gc.enable()


def existing(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file, or raise a `FormatError` where there is none.

    Examples
    --------
    >>> existing("no-such.geojson")
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: 'no-such.geojson' does not exist; a file is expected.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FormatError(f"'{path}' {what}; a file is expected.")
    return path
