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
from energy.store.base import FORMAT, StoreError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+@-]*")


def need(name: str) -> ModuleType:
    """Import a package that is heavy or, for a store on an object store, optional.

    Examples
    --------
    >>> need("json").dumps([1])
    '[1]'
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        package = name.partition(".")[0]
        where = "[cloud]" if package in ("fsspec", "s3fs") else ""
        raise MissingExtra(
            f"The store needs {package}: pip install 'energy-trade-tracker{where}'."
        ) from error


def safe(text: str) -> str:
    """Return a text as one file name; long ones are cut and marked by their digest.

    Examples
    --------
    >>> safe("flow/1st quarter"), safe(".hidden")
    ('flow%2F1st_quarter', '%2Ehidden')
    """
    name = quote(str(text), safe="-_=+,@ ").replace(" ", "_")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    return (
        name
        if len(name) <= 120
        else f"{name[:100]}~{hashlib.sha256(text.encode()).hexdigest()[:12]}"
    )


def folder_of(name: str) -> str:
    """Return a name that can be a folder, or refuse it.

    Examples
    --------
    >>> folder_of("meter")
    'meter'
    >>> folder_of("../meter")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: '../meter' cannot name a folder; use letters, digits, '.', '-' and '_'.
    """
    if not _NAME.fullmatch(name):
        raise StoreError(f"{name!r} cannot name a folder; use letters, digits, '.', '-' and '_'.")
    return name


def is_remote(root: str) -> bool:
    """Tell whether a store lies on an object store.

    Examples
    --------
    >>> is_remote("s3://bucket/energy"), is_remote("/home/me/energy")
    (True, False)
    """
    return "://" in root


def file_system(root: str) -> Any:
    return _fs_and_root(root)[0]


def _fs_and_root(root: str) -> tuple[Any, str]:
    """Return file system and path; lists are not kept, another machine may have added a file."""
    found: tuple[Any, str] = need("fsspec").core.url_to_fs(root, use_listings_cache=False)
    return found


def address(root: str, name: str) -> str:
    """Return the path or url of a file of the store.

    Examples
    --------
    >>> address("s3://bucket/energy", "releases/2025Q2.json")
    's3://bucket/energy/releases/2025Q2.json'
    """
    return f"{root}/{name}" if is_remote(root) else str(Path(root, name))


def base_name(name: str) -> str:
    """Return the last part of a name.

    Examples
    --------
    >>> base_name("vintages/meter/a.parquet")
    'a.parquet'
    """
    return name.rpartition("/")[2]


def files_of(root: str, folder: str, suffix: str, hidden: bool = False) -> list[str]:
    """Return the files under a folder, at any depth, relative to the store and sorted.

    Names that begin with a dot are spare files: they are left out, or with `hidden` the only ones.

    Examples
    --------
    >>> files_of(store.root, "releases", ".json")
    ['releases/2025Q2.json']
    """
    if is_remote(root):
        fs, place = _fs_and_root(root)
        top = f"{place.strip('/')}/"
        found = [path.lstrip("/").removeprefix(top) for path in fs.find(f"{place}/{folder}")]
    else:
        here = Path(root)
        found = [p.relative_to(here).as_posix() for p in (here / folder).rglob("*") if p.is_file()]
    return sorted(
        name
        for name in found
        if name.endswith(suffix) and base_name(name).startswith(".") is hidden
    )


def stamps_of(root: str, folder: str, suffix: str) -> dict[str, list[Any]]:
    """Return the files under a folder, sorted, each with what changes when it is written.

    Here size, time of change and of its entry in the folder; on an object store size and tag.

    Examples
    --------
    >>> list(stamps_of(store.root, "releases", ".json"))
    ['releases/2025Q2.json']
    """
    names = files_of(root, folder, suffix) if not is_remote(root) else []
    if not is_remote(root):
        return {name: stamp for name in names if (stamp := _stamp(Path(root, name)))}
    fs, place = _fs_and_root(root)
    top = f"{place.strip('/')}/"
    held = fs.find(f"{place}/{folder}", detail=True)
    made = {path.lstrip("/").removeprefix(top): [line["size"], _etag(line)]
            for path, line in held.items()}  # fmt: skip
    return {name: made[name] for name in sorted(made)
            if name.endswith(suffix) and not base_name(name).startswith(".")}  # fmt: skip


def _stamp(path: Path) -> list[Any]:
    try:
        stat = path.stat()
    except FileNotFoundError:  # put in its place, or taken away, this very moment
        return []
    return [stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]


def _etag(line: Mapping[str, Any]) -> str:
    tags = (line.get(name) for name in ("ETag", "etag", "LastModified", "created", "mtime"))
    return str(next((tag for tag in tags if tag), ""))


def there(root: str, name: str) -> bool:
    """Tell whether a file of the store is there, without a list of its folder.

    Examples
    --------
    >>> there(store.root, "releases/2025Q2.json"), there(store.root, "releases/2031Q1.json")
    (True, False)
    """
    if is_remote(root):
        fs = file_system(root)
        fs.invalidate_cache()
        return bool(fs.exists(address(root, name)))
    return Path(root, name).is_file()


def read(root: str, name: str) -> bytes:
    """Return the bytes of a file of the store.

    Examples
    --------
    >>> read(store.root, "releases/2025Q2.json")[:1]
    b'{'
    >>> read(store.root, "releases/2031Q1.json")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: releases/2031Q1.json cannot be read: No such file or directory.
    """
    try:
        if is_remote(root):
            return bytes(file_system(root).cat_file(address(root, name)))
        return Path(root, name).read_bytes()
    except OSError as error:
        raise StoreError(f"{name} cannot be read: {error.strerror or error}.") from error


def load_json(root: str, name: str) -> dict[str, Any]:
    """Read a record and prove it by the digest it carries; records of old stores carry none.

    Raises
    ------
    StoreError
        If the record is damaged, or of a form that only a newer edition of the package reads.

    Examples
    --------
    >>> load_json(store.root, "releases/2025Q2.json")["release"]
    '2025Q2'
    """
    return unseal(name, read(root, name))


def unseal(name: str, body: bytes) -> dict[str, Any]:
    """Return the record that bytes hold, without its digest; see `seal`.

    Examples
    --------
    >>> unseal("a.json", seal({"run": "20250501T000000Z"}))["run"]
    '20250501T000000Z'
    >>> unseal("a.json", seal({"run": "a"}).replace(b"a", b"b"))
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: a.json is damaged: its bytes are not those of the digest it ...
    """
    try:
        record = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise damaged(name, str(error)) from error
    if not isinstance(record, dict):
        raise damaged(name, f"it holds a {type(record).__name__}, not a record")
    if "format" not in record and "digest" not in record:
        return record
    digest = record.pop("digest", "")
    if as_json({**record, "digest": digest}) != body or _sha256(as_json(record)) != digest:
        raise damaged(name, "its bytes are not those of the digest it carries")
    check_format(name, record.get("format"))
    return record


def check_format(name: str, number: Any) -> None:
    """Refuse a file of a form that this edition of the package does not know.

    Raises
    ------
    StoreError

    Examples
    --------
    >>> check_format("a.json", FORMAT + 1)
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: a.json is of format 2; this edition of the package reads formats ...
    """
    if not isinstance(number, int) or not 1 <= number <= FORMAT:
        raise StoreError(f"{name} is of format {number}; this edition of the package reads formats up "
                         f"to {FORMAT}: pip install --upgrade energy-trade-tracker.")  # fmt: skip


def damaged(name: str, why: str) -> StoreError:
    """Return what to tell of a spoiled record.

    Examples
    --------
    >>> print(damaged("a.json", "it breaks off"))
    a.json is damaged: it breaks off. Restore it from a copy, or with `energy store repair`.
    """
    return StoreError(
        f"{name} is damaged: {why}. Restore it from a copy, or with `energy store repair`."
    )


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def seal(record: Mapping[str, Any]) -> bytes:
    """Return a record as JSON with the number of its form and the digest of all else.

    >>> unseal("x.json", seal({"a": 1}))
    {'a': 1, 'format': 1}
    """
    body = {**record, "format": FORMAT}
    return as_json({**body, "digest": _sha256(as_json(body))})


def as_json(record: Mapping[str, Any]) -> bytes:
    r"""Return a record as the bytes of a file, keys in order.

    Examples
    --------
    >>> as_json({"b": 2, "a": 1})
    b'{\n "a": 1,\n "b": 2\n}\n'
    """
    return (json.dumps(record, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write(root: str, name: str, body: bytes, mode: int = 0o666, over: bool = False) -> None:
    """Write a file whole or not at all; an existing one is never written over.

    Parameters
    ----------
    root, name : str
    body : bytes
    mode : int
        Rights of the file, less the user's umask; object stores have rules of their own.
    over : bool
        Put it in the place of an existing one: for copies only, which may be lost at any time.

    Examples
    --------
    >>> write("files", "notes/a.txt", b"once")
    >>> read("files", "notes/a.txt")
    b'once'
    >>> write("files", "notes/a.txt", b"again")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: notes/a.txt exists already; the store only adds files.
    """
    try:
        if is_remote(root):
            _write_remote(file_system(root), address(root, name), body, over)
        else:
            _write_local(Path(root, name), body, mode, over)
    except FileExistsError as error:
        raise StoreError(f"{name} exists already; the store only adds files.") from error
    except OSError as error:
        raise refusal(root, name, error) from error


def _write_remote(fs: Any, path: str, body: bytes, over: bool) -> None:
    """Put an object in one piece, which object stores do whole or not at all."""
    if over:
        fs.pipe_file(path, body)
        return
    try:
        fs.pipe_file(path, body, mode="create")
    except FileExistsError:
        if fs.cat_file(path) != body:
            raise


def _write_local(path: Path, body: bytes, mode: int, over: bool) -> None:
    """Write to a spare name, sync, link into place, sync the folder."""
    make_folder(path.parent)
    spare = path.with_name(f".{os.getpid()}.{secrets.token_hex(4)}.tmp")
    try:
        made = os.open(
            spare, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode
        )
        with os.fdopen(made, "wb") as file:
            file.write(body)
            file.flush()
            os.fsync(file.fileno())
        if not over and path.exists() and path.read_bytes() != body:
            raise FileExistsError(errno.EEXIST, "exists", str(path))
        spare.replace(path)
        sync(path.parent)
    finally:
        spare.unlink(missing_ok=True)


def move(root: str, name: str, to: str) -> None:
    """Give a file another name, in one piece; nothing of that name is written over.

    Examples
    --------
    >>> write("files", "notes/b.txt", b"here")
    >>> move("files", "notes/b.txt", "notes/c.txt")
    >>> files_of("files", "notes", "c.txt")
    ['notes/c.txt']
    """
    try:
        if is_remote(root):
            fs = file_system(root)
            _write_remote(fs, address(root, to), fs.cat_file(address(root, name)), False)
            fs.rm_file(address(root, name))
            return
        make_folder(Path(root, to).parent)
        Path(root, name).replace(Path(root, to))
        sync(Path(root, to).parent)
        sync(Path(root, name).parent)
    except OSError as error:
        raise refusal(root, to, error) from error


def set_aside(root: str, name: str) -> str:
    """Move a spoiled or foreign file out of the way, to the folder ``aside``; return its new name.

    Examples
    --------
    >>> write("files", "notes/d.txt", b"foreign")
    >>> set_aside("files", "notes/d.txt")
    'aside/notes/d.txt'
    """
    number, place = 1, f"aside/{name}"
    while there(root, place):
        number += 1
        place = f"aside/{name}.{number}"
    move(root, name, place)
    return place


def drop(root: str, name: str) -> None:
    """Take away a spare file or a copy; what was published is never dropped.

    Examples
    --------
    >>> write("files", "notes/e.txt", b"spare")
    >>> drop("files", "notes/e.txt")
    >>> there("files", "notes/e.txt")
    False
    """
    if is_remote(root):
        file_system(root).rm_file(address(root, name))
    else:
        Path(root, name).unlink(missing_ok=True)


def make_folder(folder: Path) -> None:
    """Make a folder and those above it; a file in the way is named.

    Examples
    --------
    >>> make_folder(Path("new/folder"))
    >>> Path("new/folder").is_dir()
    True
    """
    if not folder.is_dir():
        make_folder(folder.parent)
        try:
            folder.mkdir(exist_ok=True)
        except FileExistsError as error:
            raise NotADirectoryError(errno.ENOTDIR, "a file is in the way", str(folder)) from error
        sync(folder.parent)


def sync(path: Path) -> None:
    """Make a file, or a new name in a folder, last through a power cut, where the system can.

    Examples
    --------
    >>> Path("lasting.txt").write_text("kept", encoding="utf-8")
    4
    >>> sync(Path("lasting.txt"))
    """
    if sys.platform == "win32":
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
DENIED = {errno.EROFS, errno.EACCES, errno.EPERM}


def errno_of(error: BaseException) -> int | None:
    """Return the number of an error of the system; HDF5 puts it into its sentence only.

    >>> errno_of(OSError("Can't write data (file write failed: errno = 28, error message = ...)"))
    28
    """
    if isinstance(error, OSError) and error.errno is not None:
        return error.errno
    found = re.search(r"errno = (\d+)", str(error))
    return int(found[1]) if found else None


def refusal(root: str, name: str, error: BaseException) -> StoreError:
    """Return what to tell the user of a failed write.

    Examples
    --------
    >>> error = refusal("a-store", "a.parquet", OSError(errno.ENOSPC, "No space left on device"))
    >>> str(error).split(" (")[0]
    'The disk is full'
    """
    number = errno_of(error)
    why = os.strerror(number) if number else str(error)
    if isinstance(error, OSError) and error.strerror and error.errno:
        why = error.strerror
    if number in FULL:
        return StoreError(f"The disk is full ({why}) while writing {name} in {root}; nothing of it was kept. "
                          "Free some space and run again.")  # fmt: skip
    if number in DENIED:
        return StoreError(f"The store in {root} cannot be written ({why}); reading works. "
                          "Set ENERGY_HOME to a folder of your own, or ask for the right to write.")  # fmt: skip
    return StoreError(f"{name} cannot be written in {root}: {why}.")
