"""Every fault of the store, from the bytes alone: nothing that was proven before is believed."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

from energy import facts
from energy.store import answers, ledger, proofs, queries, releases
from energy.store.base import StoreError
from energy.store.dates import PART
from energy.store.disk import base_name, damaged, files_of, is_remote, read, unseal

BUILDS = "builds"
"""Folder, here also where the store is remote, that holds what was built, one folder a release."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """One thing that is wrong.

    Attributes
    ----------
    path : str
        The file, relative to the store.
    kind : str
        ``entry, foreign, lost, changed, record, raw, index, build``.
    what : str
        The sentence.

    Examples
    --------
    >>> Fault("vintages/a.parquet", "lost", "vintages/a.parquet is gone").kind
    'lost'
    """

    path: str
    kind: str
    what: str


def faults(root: str) -> list[Fault]:
    """Return every fault of the store, the ledger first.

    Examples
    --------
    >>> faults(store.root)
    []
    """
    found = _ledger(root)
    known = ledger.catalog_quietly(root)
    found += _files(root, known)
    found += _manifests(root, known)
    found += _raw(root)
    found += copies(root)
    return found + _builds(root, known)


def _ledger(root: str) -> list[Fault]:
    """Return the entries that are gone, damaged, or do not follow from the one before."""
    names = files_of(root, ledger.LEDGER, "")
    found = [Fault(n, "foreign", f"{n} is no entry of the ledger")
             for n in names if not ledger.entry_number(n)]  # fmt: skip
    entries = {ledger.entry_number(name): name for name in ledger.entries(root)}
    if not entries:
        return [*found, *_gone(root)]
    before = ""
    for number in range(1, max(entries) + 1):
        name = entries.get(number, "")
        if not name:
            path = f"{ledger.LEDGER}/{number:08d}"
            found.append(Fault(path, "entry", f"{path} is gone; restore it from a copy"))
            before = ""
            continue
        body = read(root, name)
        try:
            entry = unseal(name, body)
        except StoreError as error:
            found.append(Fault(name, "entry", str(error)))
            before = ""
            continue
        place = (entry.get("number"), entry.get("kind"))
        follows = before in ("", entry.get("before")) or number == 1
        if place != (number, name.split(".")[-2]) or not follows:
            what = str(damaged(name, "it does not follow from the entry before"))
            found.append(Fault(name, "entry", what))
        before = hashlib.sha256(body).hexdigest()
    return found


def _gone(root: str) -> list[Fault]:
    """Tell where there was a ledger and is none."""
    held = [name for folder in ledger.FOLDERS for name in files_of(root, folder, "")]
    try:
        ledger.refuse_lost(root, held)
    except StoreError as error:
        return [Fault(ledger.LEDGER, "entry", str(error))]
    return []


def lost_ledger(root: str) -> bool:
    """Tell whether the store had a ledger and has none.

    Examples
    --------
    >>> lost_ledger(store.root)
    False
    """
    return not ledger.entries(root) and bool(_gone(root))


def _files(root: str, known: ledger.Catalog) -> list[Fault]:
    """Return the files that are in no entry, gone, changed, or do not read to their end."""
    held = {name for folder in ledger.FOLDERS for name in files_of(root, folder, "")}
    found = [Fault(name, "foreign", f"{name} is in no manifest: nobody knows where it came from")
             for name in sorted(held - set(known.files))]  # fmt: skip
    lines = [line for name, line in known.files.items() if name in held]
    found += [Fault(name, "lost", f"{name} is gone, although the ledger has it; restore it from a copy")
              for name in sorted(set(known.files) - held)
              if not _waits(root, known, name)]  # fmt: skip
    bad = proofs.faults(root, lines, remember=False)
    whole = [n for n in sorted(held & set(known.files)) if n not in bad]
    tables = [name for name in whole if PART.fullmatch(base_name(name))]
    bad |= queries.bad_files(root, tables)
    return found + [
        Fault(name, "changed", f"{name} is damaged: {why}") for name, why in bad.items()
    ]


def _waits(root: str, known: ledger.Catalog, name: str) -> bool:
    return ledger.spare_of(known.files[name]) in files_of(
        root, name.rpartition("/")[0], ".part", hidden=True
    )


def _manifests(root: str, known: ledger.Catalog) -> list[Fault]:
    """Return vintages that a manifest tells otherwise than they are, in a store without a ledger."""
    found = []
    for name in sorted(known.releases):
        path = releases.path_of(name)
        try:
            head = unseal(path, read(root, path))
            lines = {line["path"]: line["sha256"] for line in head["vintages"]}
        except StoreError as error:
            if not known.sealed:
                found.append(Fault(path, "record", str(error)))
            continue
        except (KeyError, TypeError) as error:
            found.append(
                Fault(path, "record", str(damaged(path, f"it lacks {error}, which a release has")))
            )
            continue
        for place, digest in lines.items():
            now = known.files.get(place)
            if now is None:
                found.append(
                    Fault(place, "lost", f"{path}: {place} is gone; restore it from a copy")
                )
            elif now["sha256"] not in ("", digest):
                what = f"{path}: {place} is not what it was when released"
                found.append(Fault(place, "changed", what))
    return found


def _raw(root: str) -> list[Fault]:
    """Return answers that are spoiled, or told by an entry and gone."""
    held = set(files_of(root, releases.RAW, ""))
    try:
        listed = releases.raw_lines(root)
    except StoreError:  # a damaged entry; it is told of already
        listed = {}
    found = [Fault(name, "raw", f"{name} is gone, although a release has it; restore it from a copy")
             for name in sorted(set(listed) - held)]  # fmt: skip
    bad = dict(answers.raw_faults(root))
    lines = [line for name, line in listed.items() if name in held and name not in bad]
    changed = proofs.faults(root, lines, remember=False)
    bad |= {name: f"{name} is damaged: {why}" for name, why in changed.items()}
    return found + [Fault(name, "raw", what) for name, what in bad.items()]


def copies(root: str) -> list[Fault]:
    """Return the copies that are not what their head says.

    Examples
    --------
    >>> copies(store.root)
    []
    """
    found = {}
    parts = []
    for name in [*files_of(root, queries.INDEX, ".json"), *files_of(root, "newest", ".json")]:
        try:
            head = unseal(name, read(root, name))
        except StoreError as error:
            found[name] = str(error).partition(": ")[2] or str(error)
            continue
        if "format" in head:
            parts += head.get("parts", [])
    found |= proofs.faults(root, parts, remember=False)
    loose = [name for name in files_of(root, queries.INDEX, ".parquet")
             if name not in {line["path"] for line in parts}]  # fmt: skip
    found |= queries.bad_files(root, loose)
    return [Fault(name, "index", f"{name} is damaged: {why}") for name, why in found.items()]


def _builds(root: str, known: ledger.Catalog) -> list[Fault]:
    """Return built files that are not those of their release; a folder that is gone proves nothing."""
    top = facts.home() / BUILDS if is_remote(root) else Path(root, BUILDS)
    found = []
    for name in sorted(known.releases):
        folder, path = top / name, releases.path_of(name)
        if not folder.is_dir():
            continue
        try:
            artefacts = unseal(path, read(root, path))["artefacts"]
        except (StoreError, KeyError):
            continue  # told of already
        found += [Fault(f"{BUILDS}/{name}/{file}", "build", f"{BUILDS}/{name}/{file} {why}")
                  for file, why in built_faults(folder, artefacts).items()]  # fmt: skip
    return found


def built_faults(folder: Path, artefacts: dict[str, str]) -> dict[str, str]:
    """Return the files of a build that differ from their digests, with what is wrong.

    Examples
    --------
    >>> built_faults(Path("nothing-built"), {})
    {}
    """
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    found = dict.fromkeys(set(artefacts) - there, "is gone, although its release has it")
    found |= dict.fromkeys(there - set(artefacts), "is not of the release it lies in")
    for file in sorted(there & set(artefacts)):
        if hashlib.sha256((folder / file).read_bytes()).hexdigest() != artefacts[file]:
            found[file] = "is damaged: its sha256 is not that of its release"
    return dict(sorted(found.items()))
