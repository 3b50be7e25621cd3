"""Digests: a file is read whole and held against its digest before its figures count.

What was proven is remembered by size and time of change, in this process and in the cache folder,
so that only new or changed files are read twice. The memory may be lost at any time; `verify`
does not ask it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from energy.facts import kept
from energy.store import ledger
from energy.store.base import StoreError
from energy.store.disk import check_format, read, stamps_of

_seen: dict[str, dict[str, list[Any]]] = {}  # by root and file: stamp, then the digest it had


def faults(root: str, lines: Iterable[Mapping[str, Any]], remember: bool = True) -> dict[str, str]:
    """Return the files whose bytes are not those of their lines, with the reason.

    Parameters
    ----------
    root : str
    lines : iterable of mapping
        ``path, sha256``; where the digest is "" nothing is known of the file and nothing is said.
    remember : bool
        Believe what was proven before of a file that has not changed since.

    Raises
    ------
    StoreError
        If a file is of a form that only a newer edition of the package reads.

    Examples
    --------
    >>> faults(store.root, ledger.catalog(store.root).files.values())
    {}
    """
    asked = [line for line in lines if line["sha256"]]
    folders = sorted({line["path"].partition("/")[0] for line in asked})
    stamps = {n: stamp for folder in folders for n, stamp in stamps_of(root, folder, "").items()}
    seen, fresh, bad = _proven(root) if remember else {}, {}, {}
    for line in asked:
        name, stamp = line["path"], stamps.get(line["path"])
        if stamp and seen.get(name) == [*stamp, line["sha256"]]:
            continue
        why = _fault(root, line)
        if why:
            bad[name] = why
        elif stamp:
            fresh[name] = [*stamp, line["sha256"]]
    if fresh and remember:
        _save(root, fresh)
    return bad


def _fault(root: str, line: Mapping[str, Any]) -> str:
    try:
        body = read(root, line["path"])
    except StoreError as error:
        return str(error).removeprefix(f"{line['path']} ").rstrip(".")
    if hashlib.sha256(body).hexdigest() != line["sha256"]:
        return f"its sha256 is not {line['sha256'][:16]}…"
    if line["path"].endswith(".parquet") and (number := ledger.form_of(body)) is not None:
        check_format(line["path"], number)
    return ""


def _proven(root: str) -> dict[str, list[Any]]:
    """Return what was proven before of the files of a store."""
    if root not in _seen:
        _seen[root] = {}
        with contextlib.suppress(OSError, ValueError):
            proofs = json.loads(_place(root).read_bytes())
            _seen[root] = proofs if isinstance(proofs, dict) else {}
    return _seen[root]


def _place(root: str) -> Path:
    return kept.folder() / f"proven-{hashlib.sha256(root.encode()).hexdigest()[:16]}.json"


def _save(root: str, fresh: Mapping[str, list[Any]]) -> None:
    """Remember, here and for the next process; a folder that cannot be written costs time only."""
    _seen[root] = {**_seen[root], **fresh}
    path = _place(root)
    spare = path.with_name(f".{os.getpid()}.{secrets.token_hex(4)}.tmp")
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        spare.write_text(json.dumps(_seen[root]), encoding="utf-8")
        spare.replace(path)
