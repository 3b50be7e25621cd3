"""The ledger: what the store holds, each entry chained to the one before by its digest.

::

    ledger/00000041.vintage.json    number, digest of entry 40, run, path and sha256 of the file

A file counts from the moment its entry is there, and no other file counts: an entry is written
before its file takes its name, and a writer killed in between is completed by the next one. The
manifest of a release lists all that came before, so that a reader begins at the newest one and
reads the few entries after it; without that manifest the chain is read from its first entry.

Stores of older editions have no ledger. They are read as they lie, with one warning, and get a
ledger at the first write or by `energy store repair`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import io
import re
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from energy.store.base import StoreError, StoreWarning
from energy.store.dates import PART, run_of
from energy.store.disk import (
    base_name,
    damaged,
    drop,
    files_of,
    is_remote,
    load_json,
    move,
    need,
    read,
    seal,
    stamps_of,
    there,
    unseal,
    write,
)

LEDGER = "ledger"
FOLDERS = ("vintages", "quarantine", "releases")
"""Folders whose files count only by an entry."""
KINDS = ("adopt", "vintage", "quarantine", "release", "retire")
TRIES = 6  # a reader may come between two steps of a writer
_ENTRY = re.compile(rf"ledger/(\d{{8}})\.({'|'.join(KINDS)})\.json")

Line = dict[str, Any]  # path, sha256, bytes


@dataclasses.dataclass(frozen=True)
class Catalog:
    """What the store holds by its ledger.

    Attributes
    ----------
    number, digest : int, str
        Of the last entry; 0 and "" without a ledger.
    files : mapping of str to dict
        By path, the lines ``path, sha256, bytes`` of all files that were ever entered.
    releases : mapping of str to dict
        By name: ``release, run, sha256``, retired ones too.
    retired : mapping of str to str
        Runs taken out of what is read, with the reason.
    sealed : bool
        Whether there is a ledger; an older store without one proves nothing.

    Examples
    --------
    >>> Catalog().number, catalog(store.root).number > 0
    (0, True)
    """

    number: int = 0
    digest: str = ""
    files: Mapping[str, Line] = dataclasses.field(default_factory=dict)
    releases: Mapping[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    retired: Mapping[str, str] = dataclasses.field(default_factory=dict)
    sealed: bool = True

    def counts(self, name: str) -> bool:
        """Tell whether a file is entered and not of a run that was retired.

        Examples
        --------
        >>> known = catalog(store.root)
        >>> known.counts(next(iter(known.files))), known.counts("vintages/foreign.parquet")
        (True, False)
        """
        return name in self.files and run_in(name) not in self.retired


_known: dict[str, tuple[Any, Catalog]] = {}  # what the last look at a store found, by its root


def catalog(root: str, quiet: bool = False) -> Catalog:
    """Return what the store holds, from the newest release's manifest on.

    A store of an older edition is warned of once, unless `quiet`.

    Raises
    ------
    StoreError
        If an entry is gone or damaged, or the chain does not close.

    Examples
    --------
    >>> sorted(catalog(store.root).releases)
    ['2025Q2']
    """
    held = stamps_of(root, LEDGER, ".json")
    key = tuple((name, *stamp) for name, stamp in held.items())
    if root in _known and _known[root][0] == key and held:
        return _known[root][1]
    names = _whole_run(root, list(held))
    made = _read(root, names) if names else _without(root, quiet)
    _known[root] = (key, made)
    return made


def _read(root: str, names: list[str]) -> Catalog:
    start, state = _from_manifest(root, names)
    for name in names[start:]:
        state = after(state, name, read(root, name))
    return state


def chain(root: str) -> Catalog:
    """Return what the store holds, read from the first entry on, past all that is remembered.

    Examples
    --------
    >>> chain(store.root).digest == catalog(store.root).digest
    True
    """
    names = _whole_run(root, files_of(root, LEDGER, ".json"))
    state = Catalog() if names else _without(root, quiet=True)
    for name in names:
        state = after(state, name, read(root, name))
    return state


def entries(root: str) -> list[str]:
    """Return the files of the ledger in order.

    Examples
    --------
    >>> [entry_number(name) for name in entries(store.root)]
    [1, 2, 3]
    """
    return [name for name in files_of(root, LEDGER, ".json") if _ENTRY.fullmatch(name)]


def _whole_run(root: str, names: list[str]) -> list[str]:
    """Return the entries in order; a hole in their numbers is a lost entry."""
    for attempt in range(TRIES):
        found = [name for name in names if _ENTRY.fullmatch(name)]
        numbers = [entry_number(name) for name in found]
        if numbers == list(range(1, len(found) + 1)):
            return found
        time.sleep(0.01 * attempt)
        names = files_of(root, LEDGER, ".json")
    lost = sorted(set(range(1, max(numbers) + 1)) - set(numbers))
    what = f"{LEDGER}/{lost[0]:08d}" if lost else f"{LEDGER}: an entry stands twice"
    raise StoreError(
        f"{what} is gone, and with it the proof of what follows. Restore it from a copy, "
        "or with `energy store repair`."
    )


def entry_number(name: str) -> int:
    """Return the number of an entry.

    Examples
    --------
    >>> entry_number(entries(store.root)[-1]), entry_number("notes.txt")
    (3, 0)
    """
    found = _ENTRY.fullmatch(name)
    return int(found[1]) if found else 0


def _from_manifest(root: str, names: list[str]) -> tuple[int, Catalog]:
    """Return where to go on, and what the newest sound manifest tells of all before."""
    last = next((i for i in reversed(range(len(names))) if ".release." in names[i]), None)
    if last is None:
        return 0, Catalog()
    entry = unseal(names[last], read(root, names[last]))
    line = entry["files"][0]
    try:
        head = unseal(line["path"], body := read(root, line["path"]))
    except StoreError:  # lost or damaged: the chain itself tells the same
        return 0, Catalog()
    if line_of(line["path"], body) != line or head["ledger"]["sha256"] != entry["before"]:
        return 0, Catalog()
    return last, _stated(head)


def _stated(head: Mapping[str, Any]) -> Catalog:
    """Return the state that a manifest tells, before its own entry."""
    lines = [*head["vintages"], *head["others"]]
    return Catalog(
        head["ledger"]["number"],
        head["ledger"]["sha256"],
        {line["path"]: line for line in lines},
        {each["release"]: each for each in head["releases"]},
        {each["run"]: each["reason"] for each in head["retired"]},
    )


def after(state: Catalog, name: str, body: bytes) -> Catalog:
    """Return the state after one more entry.

    Raises
    ------
    StoreError
        If the entry is damaged, or is not the one that followed.
    """
    entry = unseal(name, body)
    number, kind = entry_number(name), name.split(".")[-2]
    if (entry.get("number"), entry.get("kind"), entry.get("before")) != (
        number,
        kind,
        state.digest,
    ) or number != state.number + 1:
        raise damaged(name, "it does not follow from the entry before")
    files = {**state.files, **{line["path"]: line for line in entry["files"]}}
    released = {each["release"]: each for each in entry.get("releases", ())}
    gone = {entry["run"]: entry["reason"]} if kind == "retire" else {}
    return Catalog(
        number, _sha256(body), files, {**state.releases, **released}, {**state.retired, **gone}
    )


# -- stores of older editions ---------------------------------------------------------------------

_warned: set[str] = set()  # stores that were told of once
OLD = ("The store in {root} was written by an older edition: it has no ledger, so that a damaged or "
       "foreign file may go unseen. `energy store repair` gives it one.")  # fmt: skip


def _without(root: str, quiet: bool) -> Catalog:
    """Return what a store without a ledger holds: all its files, with what its manifests prove.

    Raises
    ------
    StoreError
        If its files say that there was a ledger.
    """
    held = [name for folder in FOLDERS for name in files_of(root, folder, "")]
    if not held:
        return Catalog()
    refuse_lost(root, held)
    if not quiet and root not in _warned:
        _warned.add(root)
        warnings.warn(OLD.format(root=root), StoreWarning, stacklevel=2)
    return plain(root, held)


def refuse_lost(root: str, held: Sequence[str]) -> None:
    """Raise where a store without a ledger had one: its newest file is of a numbered form."""
    vintages = sorted((name for name in held if PART.fullmatch(base_name(name))), key=base_name)
    newest = [*vintages[-1:], *[n for n in held if n.startswith("releases/")][-1:]]
    if any(is_numbered(name, read(root, name)) for name in newest):
        raise StoreError(f"The folder ledger of the store in {root} is gone, and with it the proof of "
                         "what it holds. Restore it from a copy, or with `energy store repair`.")  # fmt: skip


def plain(root: str, held: Sequence[str]) -> Catalog:
    """Return the catalog of files that no ledger proves; digests are those of old manifests."""
    lines: dict[str, Line] = {name: {"path": name, "sha256": "", "bytes": -1} for name in held}
    named = {}
    for name in (n for n in held if n.startswith("releases/")):
        head = load_json(root, name)
        release = base_name(name).removesuffix(".json")
        try:
            named[release] = {"release": release, "run": head["run"], "sha256": ""}
            proven = {line["path"]: dict(line) for line in head["vintages"]}
        except (KeyError, TypeError) as error:
            raise damaged(name, f"it lacks {error}, which a release has") from error
        lines |= {path: line for path, line in proven.items() if path in lines}
    return Catalog(files=lines, releases=named, sealed=False)


def is_numbered(name: str, body: bytes) -> bool:
    """Tell whether a file carries the number of its form, which older editions did not write.

    Examples
    --------
    >>> is_numbered("a.json", seal({"run": "20250501T000000Z"}))
    True
    """
    if name.endswith(".json"):
        try:
            return "format" in unseal(name, body)
        except StoreError:
            return True
    return form_of(body) is not None


def form_of(body: bytes) -> int | None:
    """Return the number of the form of a Parquet file; None for an older, or a spoiled one.

    Examples
    --------
    >>> form_of(b"no parquet") is None
    True
    """
    pa, pq = need("pyarrow"), need("pyarrow.parquet")
    try:
        metadata = pq.read_metadata(io.BytesIO(body)).metadata or {}
        return int(metadata[b"energy_format"])
    except (pa.ArrowException, OSError, KeyError, ValueError):
        return None


# -- which files count ----------------------------------------------------------------------------


def held_in(root: str, folder: str, strict: bool = True) -> list[str]:
    """Return the files of a folder that count, sorted; one that nobody entered is refused.

    Parameters
    ----------
    root, folder : str
    strict : bool
        Raise at a file that is in no entry, and at one that is entered and gone; else leave
        them out.

    Raises
    ------
    StoreError
        Naming the file.

    Examples
    --------
    >>> len(held_in(store.root, "vintages"))
    2
    """
    for attempt in range(TRIES):  # between the ledger and the folder a writer may do a step
        known = catalog(root)
        found = files_of(root, folder, "")
        foreign, lost = _unmatched(root, known, folder, found)
        if not (foreign or lost) or not strict:
            break
        time.sleep(0.01 * attempt)
    if strict and foreign:
        raise StoreError(f"{foreign[0]} is in no manifest{_more(foreign)}: nobody knows where it came from. "
                         "Take it away (`energy store repair` sets it aside), or read the rest with "
                         "skip=True.")  # fmt: skip
    if strict and lost:
        raise StoreError(f"{lost[0]} is gone{_more(lost)}, although the ledger has it. Restore it from a "
                         "copy, or with `energy store repair`; skip=True reads the rest.")  # fmt: skip
    return [name for name in found if known.counts(name)]


def _unmatched(
    root: str, known: Catalog, folder: str, found: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Return the files nobody entered, and the entered ones that are not there."""
    foreign = [name for name in found if name not in known.files]
    there_ = set(found)
    lost = [name for name in known.files
            if name.startswith(f"{folder}/") and name not in there_ and not _waits(root, known, name)]  # fmt: skip
    return foreign, lost


def _waits(root: str, known: Catalog, name: str) -> bool:
    """Tell whether a file is entered and whole, and about to take its name."""
    return there(root, spare_of(known.files[name]))


def _more(names: Sequence[str]) -> str:
    return f" ({len(names) - 1} more)" if len(names) > 1 else ""


def run_in(name: str) -> str:
    """Return the run that a file is of, "" for a release.

    Examples
    --------
    >>> run_in("quarantine/20250501T000000Z.parquet"), run_in("releases/2025Q2.json")
    ('20250501T000000Z', '')
    """
    folder, _, rest = name.partition("/")
    if folder == "vintages":
        return run_of(rest)
    return base_name(rest).partition(".")[0] if folder == "quarantine" else ""


# -- writing --------------------------------------------------------------------------------------


def line_of(name: str, body: bytes) -> Line:
    """Return what an entry tells of a file.

    Examples
    --------
    >>> line_of("notes/a.txt", b"once")["bytes"]
    4
    """
    return {"path": name, "sha256": _sha256(body), "bytes": len(body)}


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def spare_of(line: Mapping[str, Any]) -> str:
    """Return the name under which the bytes of a file wait for their entry.

    Examples
    --------
    >>> spare_of({"path": "notes/a.txt", "sha256": "9f86d081884c7d65"})
    'notes/.9f86d081884c7d65.part'
    """
    folder = line["path"].rpartition("/")[0]
    return f"{folder}/.{line['sha256'][:16]}.part"


def enter(root: str, kind: str, run: str, files: Mapping[str, bytes], **more: Any) -> None:
    """Write files and the entry that makes them count; all or none. The store must be held.

    First the bytes under spare names, then the entry, then the names: a crash before the entry
    leaves nothing that counts, one after it is completed by `complete`.

    Raises
    ------
    StoreError
        If nothing can be written; then nothing of it counts.
    """
    adopt(root)
    for name in files:
        if there(root, name):
            raise StoreError(f"{name} exists already; the store only adds files.")
    lines = [line_of(name, body) for name, body in files.items()]
    for line, body in zip(lines, files.values(), strict=True):
        write(root, spare_of(line), body)
    append(root, kind, run, lines, **more)
    for line in lines:
        _place(root, line)


def append(
    root: str, kind: str, run: str, lines: Iterable[Line], to: Catalog | None = None, **more: Any
) -> None:
    """Add an entry to the chain, by default after the last one."""
    known = to or catalog(root)
    number = known.number + 1
    record = {"number": number, "kind": kind, "run": run, "before": known.digest,
              "files": list(lines), **more}  # fmt: skip
    write(root, f"{LEDGER}/{number:08d}.{kind}.json", seal(record))


def _place(root: str, line: Line) -> None:
    """Give a file that waits its name."""
    if is_remote(root):
        write(root, line["path"], read(root, spare_of(line)))
        drop(root, spare_of(line))
    else:
        move(root, spare_of(line), line["path"])


def complete(root: str) -> None:
    """Finish what a killed writer began, and drop what it left without an entry.

    Where the last entry is damaged nothing is done: that is for `repair` to mend.

    Examples
    --------
    >>> complete(store.root)
    >>> len(entries(store.root))
    3
    """
    names = entries(root)
    try:
        lines = unseal(names[-1], read(root, names[-1]))["files"] if names else []
    except StoreError:
        return
    for line in lines:
        if there(root, spare_of(line)) and not there(root, line["path"]):
            _place(root, line)
    for spare in [n for at in FOLDERS for n in files_of(root, at, ".part", hidden=True)]:
        drop(root, spare)


def catalog_quietly(root: str) -> Catalog:
    """Return what the store holds as far as it can be told; a broken chain is no reason to stop.

    Examples
    --------
    >>> catalog_quietly("no-store-here").files
    {}
    """
    with contextlib.suppress(StoreError):
        return chain(root)
    with contextlib.suppress(StoreError):
        return catalog(root, quiet=True)
    return Catalog(sealed=False)


def adopt(root: str) -> bool:
    """Give a store of an older edition its ledger; tell whether that was needed.

    Raises
    ------
    StoreError
        If a file is not what a manifest of its releases says: a fault is not to be sealed.

    Examples
    --------
    >>> adopt(store.root)  # it has its ledger
    False
    """
    known = catalog(root, quiet=True)
    if known.sealed:
        return False
    adopt_files(root, known)
    return True


def adopt_files(root: str, known: Catalog) -> None:
    """Write the first entry of a ledger: the files as they lie, held against old manifests."""
    lines = []
    for name, told in known.files.items():
        line = line_of(name, read(root, name))
        if told["sha256"] not in ("", line["sha256"]):
            raise damaged(name, "it is not what it was when released")
        lines.append(line)
    digests = {line["path"]: line["sha256"] for line in lines}
    named = [
        {**told, "sha256": digests[f"releases/{name}.json"]}
        for name, told in known.releases.items()
    ]
    kept = [line_of(name, read(root, name)) for name in files_of(root, "raw", "")]
    append(root, "adopt", "", lines, releases=named, raw=kept, to=Catalog())
