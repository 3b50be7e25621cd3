"""What takes long to make, kept under the digest of what it was made of.

First the file shipped with the package, made from the facts as shipped; then the user's cache
folder; else it is made now and kept. A broken or stale file is made anew, and a folder that cannot
be written costs time, never an answer.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from energy.measure.tables import Tables

MOST = 4
"""Files of one name that the cache folder holds; the ones written first go first."""

Made = TypeVar("Made")

log = logging.getLogger(__name__)


def folder() -> Path:
    """Return the cache folder: ``ENERGY_CACHE``, or the platform's.

    Examples
    --------
    >>> from unittest import mock
    >>> with mock.patch.dict(os.environ, {"ENERGY_CACHE": "my-cache"}):
    ...     print(folder())
    my-cache
    """
    if named := os.environ.get("ENERGY_CACHE"):
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_cache_dir("energy-trade-tracker"))


def digest(*parts: bytes | str) -> str:
    """Return a name for some content: equal names, equal content.

    Examples
    --------
    >>> digest("a", b"b") == digest("a", "b"), digest("ab") == digest("a", "b")
    (True, False)
    """
    made = hashlib.sha256()
    for part in parts:
        body = part.encode() if isinstance(part, str) else part
        made.update(len(body).to_bytes(8, "little") + body)
    return made.hexdigest()[:32]


def tables_digest(tables: Tables, names: Iterable[str], *more: bytes | str) -> str:
    """Return a name for the rows of some tables, whatever their order or index.

    Parameters
    ----------
    tables : Tables
    names : iterable of str
        The tables that the result is made of.
    more : bytes or str
        What else it depends on: an edition of the method, a seed, bytes of a file.

    Examples
    --------
    >>> import pandas as pd
    >>> rows = pd.DataFrame({"id": ["V1", "V2"], "value": [1.0, 2.0]})
    >>> name = tables_digest({"volumes": rows}, ["volumes"])
    >>> name == tables_digest({"volumes": rows.iloc[::-1]}, ["volumes"])
    True
    >>> name == tables_digest({"volumes": rows.assign(value=3.0)}, ["volumes"])
    False
    """
    import numpy as np
    import pandas as pd

    parts: list[bytes | str] = [*more]
    for name in names:
        table = tables[name]
        rows = np.sort(pd.util.hash_pandas_object(table, index=False).to_numpy())
        parts += [name, "|".join(map(str, table.columns)), rows.tobytes()]
    return digest(*parts)


def kept(
    name: str,
    key: str,
    make: Callable[[], Made],
    *,
    pack: Callable[[Made, str], bytes],
    unpack: Callable[[bytes, str], Made | None],
    shipped: Path | None = None,
    most: int = MOST,
) -> Made:
    """Return a result from the package, the cache folder, or made now and kept.

    Parameters
    ----------
    name : str
        File name in the cache folder, e.g. ``"balance.npz"``; the key is put before its suffix.
    key : str
        Digest of all that the result depends on.
    make : callable
        Makes the result.
    pack : callable
        Result and key to the bytes of a file; the same result gives the same bytes.
    unpack : callable
        Bytes and key to the result; None where the bytes are of another key. It may raise
        OSError, ValueError (of which Arrow's errors are), KeyError or EOFError for a broken file.
    shipped : path, optional
        File of the package to look in first.
    most : int
        Files of this name that the cache folder may hold.

    Examples
    --------
    >>> def slow():
    ...     print("made")
    ...     return 42
    >>> ways = {
    ...     "pack": lambda made, key: f"{key} {made}".encode(),
    ...     "unpack": lambda body, key: int(body.split()[1]) if key.encode() in body else None,
    ... }
    >>> kept("answer.txt", digest("question"), slow, **ways)
    made
    42
    >>> kept("answer.txt", digest("question"), slow, **ways)
    42
    """
    stem, _, suffix = name.partition(".")
    path = folder() / f"{stem}-{key}.{suffix}"
    for place in (shipped, path):
        found = None if place is None else _read(place, key, unpack)
        if found is not None:
            return found
    made = make()
    _write(path, name, pack(made, key), most)
    return made


def _read(path: Path, key: str, unpack: Callable[[bytes, str], Made | None]) -> Made | None:
    try:
        body = path.read_bytes()
    except OSError:  # not there, or a folder nobody may read: it is made anew
        return None
    try:
        return unpack(body, key)
    except (OSError, ValueError, KeyError, EOFError) as error:
        log.warning("%s is not readable (%s); it is made anew.", path.name, error)
        return None


def _write(path: Path, name: str, body: bytes, most: int) -> None:
    """Write a file whole or not at all, and let the oldest of its name go."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as spare:
            spare.write(body)
        Path(spare.name).replace(path)
        _forget(path, name, most)
    except OSError as error:
        log.info("%s is not kept: %s", path.name, error)


def _forget(path: Path, name: str, most: int) -> None:
    stem, _, suffix = name.partition(".")
    mine = sorted(path.parent.glob(f"{stem}-*.{suffix}"), key=lambda each: each.stat().st_mtime_ns)
    for old in mine[:-most]:
        with contextlib.suppress(OSError):  # another process was quicker
            old.unlink()
