"""One writer at a time; readers are never kept out."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import platform
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from energy.store import ledger
from energy.store.base import StoreError, StoreLocked
from energy.store.disk import (
    address,
    as_json,
    file_system,
    is_remote,
    load_json,
    make_folder,
    refusal,
)

LOCK = ".lock"
_guards: dict[str, threading.RLock] = {}
_depth: dict[str, int] = {}


@contextlib.contextmanager
def hold(root: str, what: str, wait: float) -> Iterator[None]:
    """Hold the store for this thread; a thread that holds it may enter again.

    Examples
    --------
    >>> with hold(store.root, "example", wait=0.0):
    ...     store.releases()
    ['2025Q2']
    """
    guard = _guards.setdefault(root, threading.RLock())
    if not guard.acquire(timeout=max(wait, 0.0)):
        raise StoreLocked(
            f"Another thread of this process writes to {root}; wait until it is done."
        )
    try:
        if _depth.get(root):
            yield
            return
        taken = _take(root, what, wait)
        _depth[root] = 1
        try:
            _sweep(root)
            ledger.complete(root)
            yield
        finally:
            _depth[root] = 0
            _give(root, taken)
    finally:
        guard.release()


def _take(root: str, what: str, wait: float) -> Any:
    """Take the lock, or raise with its owner's name after ``wait`` seconds."""
    me = as_json({"pid": os.getpid(), "host": platform.node(), "what": what,
                "since": dt.datetime.now(dt.UTC).isoformat(timespec="seconds")})  # fmt: skip
    deadline = time.monotonic() + wait
    while True:
        try:
            taken = _take_remote(root, me) if is_remote(root) else _take_local(Path(root), me)
        except OSError as error:
            raise refusal(root, LOCK, error) from error
        if taken is not None:
            return taken
        if time.monotonic() >= deadline:
            raise StoreLocked(_owner(root))
        time.sleep(0.05)


def _take_local(root: Path, me: bytes) -> int | None:
    """Return an open handle that holds the lock; None where a living process holds it.

    The kernel lets go of the lock when its owner dies, so a dead owner's file is taken over.
    """
    make_folder(root)
    handle = os.open(root / LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        if not _lock_handle(handle):
            os.close(handle)
            return None
        os.ftruncate(handle, 0)
        os.pwrite(handle, me, 0)
    except OSError:
        os.close(handle)
        raise
    return handle


def _lock_handle(handle: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except PermissionError:
        if sys.platform == "win32":
            return False
        raise
    return True


def _take_remote(root: str, me: bytes) -> bool | None:
    """Create the lock object; take over that of a dead process of this machine."""
    fs, path = file_system(root), address(root, LOCK)
    try:
        fs.pipe_file(path, me, mode="create")
    except FileExistsError:
        if _lives(_owner_record(root)):
            return None
        fs.pipe_file(path, me)
    return True


def _lives(owner: Mapping[str, Any]) -> bool:
    """Tell whether an owner may still be at work; one on another machine may."""
    if owner.get("host") != platform.node() or not isinstance(owner.get("pid"), int):
        return True
    if owner["pid"] == os.getpid():
        return True
    try:
        os.kill(owner["pid"], 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _give(root: str, taken: Any) -> None:
    if is_remote(root):
        file_system(root).rm_file(address(root, LOCK))
    else:
        os.close(taken)


def _owner_record(root: str) -> dict[str, Any]:
    try:
        return load_json(root, LOCK)
    except StoreError:
        return {}  # being written this very moment


def _owner(root: str) -> str:
    """Return the sentence that names who holds the store."""
    owner = _owner_record(root)
    who = f"process {owner.get('pid', 'unknown')} on {owner.get('host', 'an unknown machine')}"
    since = f" since {owner['since']}" if "since" in owner else ""
    hint = f"; if that machine is gone, delete {address(root, LOCK)}" if is_remote(root) else ""
    what = owner.get("what", "update")
    return f"The store in {root} is being written by {who} ({what}{since}); wait until it is done{hint}."


def _sweep(root: str) -> None:
    """Remove spare files that killed processes of this machine left; never a finished file."""
    if is_remote(root):
        return
    for path in Path(root).rglob(".*.tmp"):
        pid = path.name[1:].partition(".")[0]
        if pid.isdigit() and not _lives({"host": platform.node(), "pid": int(pid)}):
            path.unlink(missing_ok=True)
