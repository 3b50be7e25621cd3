"""Files of the store, in a folder here or on an object store: whole or not at all, never over."""

from __future__ import annotations

import errno
import hashlib
import importlib
import json
import os
import re
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

from energy.errors import MissingExtra
from energy.store.base import StoreError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]*")


def need(name: str) -> ModuleType:
    """Import a package of the extra ``update``."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        raise MissingExtra(
            f"The store needs {package}: pip install 'energy-trade-tracker[update]'."
        ) from error


def safe(text: str) -> str:
    """Return a text as one file name; long ones are cut and marked by their digest."""
    name = quote(str(text), safe="-_=+,@ ").replace(" ", "_")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    return (
        name
        if len(name) <= 120
        else f"{name[:100]}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    )


def folder_of(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name a folder; use letters, digits, '.', '-' and '_'.")
    return name


def is_remote(root: str) -> bool:
    return "://" in root


def file_system(root: str) -> Any:
    return _fs_and_root(root)[0]


def _fs_and_root(root: str) -> tuple[Any, str]:
    """Return file system and path; lists are not kept, another machine may have added a file."""
    found: tuple[Any, str] = need("fsspec").core.url_to_fs(root, use_listings_cache=False)
    return found


def address(root: str, name: str) -> str:
    """Return the path or url of a file of the store."""
    return f"{root}/{name}" if is_remote(root) else str(Path(root, name))


def base_name(name: str) -> str:
    return name.rpartition("/")[2]


def files_of(root: str, folder: str, suffix: str) -> list[str]:
    """Return the files under a folder, at any depth, relative to the store and sorted."""
    if is_remote(root):
        fs, place = _fs_and_root(root)
        top = f"{place.strip('/')}/"
        found = [path.lstrip("/").removeprefix(top) for path in fs.find(f"{place}/{folder}")]
    else:
        here = Path(root)
        found = [p.relative_to(here).as_posix() for p in (here / folder).rglob("*") if p.is_file()]
    return sorted(
        name for name in found if name.endswith(suffix) and not base_name(name).startswith(".")
    )


def read(root: str, name: str) -> bytes:
    try:
        if is_remote(root):
            return bytes(file_system(root).cat_file(address(root, name)))
        return Path(root, name).read_bytes()
    except OSError as error:
        raise StoreError(f"{name} cannot be read: {error.strerror or error}.") from error


def load_json(root: str, name: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(read(root, name))
        return record
    except ValueError as error:
        raise StoreError(f"{name} is damaged: {error}. Restore it from a copy.") from error


def as_json(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write(root: str, name: str, body: bytes) -> None:
    """Write a file whole or not at all; an existing one is never written over."""
    try:
        if is_remote(root):
            _write_remote(file_system(root), address(root, name), body)
        else:
            _write_local(Path(root, name), body)
    except FileExistsError as error:
        raise StoreError(f"{name} exists already; the store only adds files.") from error
    except OSError as error:
        raise refusal(root, name, error) from error


def _write_remote(fs: Any, path: str, body: bytes) -> None:
    """Put an object in one piece, which object stores do whole or not at all."""
    try:
        fs.pipe_file(path, body, mode="create")
    except FileExistsError:
        if fs.cat_file(path) != body:
            raise


def _write_local(path: Path, body: bytes) -> None:
    """Write to a spare name, sync, link into place, sync the folder."""
    make_folder(path.parent)
    spare = path.with_name(f".{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        with spare.open("xb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if path.exists() and path.read_bytes() != body:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        spare.replace(path)
        _sync(path.parent)
    finally:
        spare.unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    if not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way", str(folder)) from error
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    """Make a new name in a folder last through a power cut, where the system can."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


def refusal(root: str, name: str, error: OSError) -> StoreError:
    """Return what to tell the user of a failed write."""
    why = error.strerror or str(error)
    if error.errno in FULL:
        return StoreError(f"The disk is full ({why}) while writing {name} in {root}; nothing of it was kept. "
                          "Free some space and run again.")  # fmt: skip
    if error.errno in DENIED:
        return StoreError(f"The store in {root} cannot be written ({why}); reading works. "
                          "Set ENERGY_HOME to a folder of your own, or ask for the right to write.")  # fmt: skip
    return StoreError(f"{name} cannot be written in {root}: {why}.")
