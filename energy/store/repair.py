"""Mend what can be proven to be mended: every byte written here is held against a known digest.

From the store alone: a killed writer's work, one flipped bit in a small file, manifests and entries
of the ledger (the chain tells what they were), copies. Vintages and refused rows need the answers
they were made of; whoever can read those hands in `again`. What cannot be proven is not touched,
but for foreign files, which are set aside.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

from energy.store import audit, journal, ledger, releases
from energy.store.base import StoreError
from energy.store.disk import (
    base_name,
    drop,
    files_of,
    read,
    seal,
    set_aside,
    there,
    unseal,
    write,
)
from energy.store.locks import hold

Again = Callable[[str], bytes | None]
"""Takes the path of a file and returns its bytes made anew, or None."""

WORK = 4_000_000_000
"""Bytes that a search for one flipped bit may read: files up to some 22 kB."""


def _nothing(path: str) -> bytes | None:
    return None


def repair(root: str, again: Again = _nothing) -> list[str]:
    """Mend the store; return a sentence for each thing done.

    What is left is told by `audit.faults`. Nothing is deleted: spoiled and foreign files lie in
    the folder ``aside`` afterwards.

    Parameters
    ----------
    root : str
    again : callable
        Makes a vintage or refused rows anew from the answers kept; its bytes are taken only where
        they have the digest of the ledger.

    Examples
    --------
    >>> repair("a-store-to-mend")
    []
    """
    with hold(root, "repair", wait=10.0):
        done = [*_old(root), *_copies(root), *_bits(root), *_chain(root)]
        done += _known_files(root, again)
        return done + _foreign(root, again)


def _old(root: str) -> list[str]:
    """Give a store of an older edition its ledger."""
    if ledger.entries(root) or audit.lost_ledger(root):
        return []
    number = len(ledger.catalog_quietly(root).files)
    if ledger.adopt(root):
        return [f"the store of an older edition has a ledger now, with {number} files"]
    return []


def _copies(root: str) -> list[str]:
    """Drop damaged copies; they are made anew when they are wanted."""
    bad = {f.path for f in audit.copies(root)}
    if any(name.startswith("index/") for name in bad):  # its files stand and fall together
        bad |= set(files_of(root, "index", ""))
    for name in sorted(bad):
        drop(root, name)
    return [f"{name}: dropped, it was a copy" for name in sorted(bad)]


# -- one flipped bit ------------------------------------------------------------------------------


def _bits(root: str) -> list[str]:
    """Turn back single flipped bits, where a digest proves which it was."""
    done = []
    for fault in audit.faults(root):
        if fault.kind not in ("entry", "changed", "record", "raw") or not there(root, fault.path):
            continue
        body = read(root, fault.path)
        mended = one_bit(body, _judge(root, fault.path))
        if mended is not None:
            _put(root, fault.path, mended)
            done.append(f"{fault.path}: one flipped bit turned back")
    return done


def _judge(root: str, path: str) -> Callable[[bytes], bool]:
    """Return the function that tells whether bytes are those of a file."""
    wanted = _digest_of(root, path)
    if wanted:
        return lambda body: hashlib.sha256(body).hexdigest() == wanted
    if path.endswith(".json"):
        return lambda body: _is_sealed(path, body)
    return lambda body: False


def _digest_of(root: str, path: str) -> str:
    """Return the digest that the ledger, or the head of an answer, has of a file; "" for none."""
    known = ledger.catalog_quietly(root).files.get(path)
    if known:
        return str(known["sha256"])
    try:
        line = releases.raw_lines(root).get(path)
    except StoreError:
        line = None
    if line:
        return str(line["sha256"])
    if path.endswith(".bin"):
        try:
            return str(unseal(path, read(root, f"{path[:-4]}.json")).get("sha256", ""))
        except StoreError:
            return ""
    return ""


def _is_sealed(path: str, body: bytes) -> bool:
    """Tell whether a record carries the digest of its own bytes; quick to say no."""
    if b'"digest"' not in body or b'"format"' not in body:
        return False
    try:
        return "format" in unseal(path, body)
    except (StoreError, UnicodeDecodeError):
        return False


def one_bit(body: bytes, is_right: Callable[[bytes], bool]) -> bytes | None:
    """Return the bytes with the one bit turned back that makes them right; None if there is none.

    >>> one_bit(b"gcs", lambda body: body == b"gas")
    b'gas'
    """
    if 8 * len(body) ** 2 > WORK:
        return None
    spare = bytearray(body)
    for place in range(len(spare)):
        for bit in range(8):
            spare[place] ^= 1 << bit
            if is_right(bytes(spare)):
                return bytes(spare)
            spare[place] ^= 1 << bit
    return None


def _put(root: str, path: str, body: bytes) -> None:
    """Write sound bytes where spoiled ones lie; those step aside."""
    if there(root, path):
        set_aside(root, path)
    write(root, path, body)


# -- the chain ------------------------------------------------------------------------------------


def _chain(root: str) -> list[str]:
    """Make lost entries again; where the chain cannot be closed, begin a new one."""
    bad = [f for f in audit.faults(root) if f.kind == "entry"]
    if not bad:
        return []
    done = []
    for fault in bad:
        name = _entry_again(root, fault.path)
        if name:
            done.append(f"{name}: made again, and proven by what follows it")
    if any(f.kind == "entry" for f in audit.faults(root)):
        done.append(_anew(root))
    return done


def _entry_again(root: str, path: str) -> str:
    """Make one entry again from what lies around it; return its name, "" where nothing fits."""
    number = int(base_name(path)[:8]) if base_name(path)[:8].isdigit() else 0
    sound = {n: body for n, body in _sound_entries(root).items() if n != number}
    wanted = _wanted(root, number, sound)
    before = hashlib.sha256(sound[number - 1]).hexdigest() if number - 1 in sound else ""
    if not number or not wanted or (number > 1 and not before):
        return ""
    for record in _candidates(root, sound):
        body = seal({"number": number, "before": before, **record})
        if hashlib.sha256(body).hexdigest() == wanted:
            name = f"{ledger.LEDGER}/{number:08d}.{record['kind']}.json"
            _put(root, name, body)
            return name
    return ""


def _sound_entries(root: str) -> dict[int, bytes]:
    """Return the bytes of the entries that carry their own digest, by number."""
    bodies = {name: read(root, name) for name in ledger.entries(root)}
    return {ledger.entry_number(n): body for n, body in bodies.items() if _is_sealed(n, body)}


def _manifests(root: str) -> list[dict[str, Any]]:
    """Return the manifests that carry their own digest, with their file as ``path, body``."""
    found = []
    for name in files_of(root, "releases", ".json"):
        body = read(root, name)
        if _is_sealed(name, body):
            found.append({**unseal(name, body), "path": name, "body": body})
    return found


def _wanted(root: str, number: int, sound: dict[int, bytes]) -> str:
    """Return the digest an entry must have, by the one after it or a manifest made after it."""
    if number + 1 in sound:
        return str(json.loads(sound[number + 1])["before"])
    ledgers = (m["ledger"] for m in _manifests(root))
    return next((str(each["sha256"]) for each in ledgers if each["number"] == number), "")


def _candidates(root: str, sound: dict[int, bytes]) -> Iterator[dict[str, Any]]:
    """Yield what the lost entry may have said, but for its number and what came before."""
    entries = [json.loads(body) for body in sound.values()]
    entered = {line["path"] for entry in entries for line in entry["files"]}
    manifests = _manifests(root)
    lines = {line["path"]: line for m in manifests for line in [*m["vintages"], *m["others"]]}
    for folder in ledger.FOLDERS:
        lines |= {n: ledger.line_of(n, read(root, n)) for n in files_of(root, folder, "")
                  if n not in lines}  # fmt: skip
    for path, line in lines.items():
        kind = path.partition("/")[0].removesuffix("s")
        if path not in entered and kind != "release":
            yield {"kind": kind, "run": ledger.run_in(path), "files": [line]}
    for m in manifests:
        if m["path"] not in entered:
            yield _release_record(m)
        for each in m["retired"]:
            yield {"kind": "retire", "files": [], **each}


def _release_record(manifest: dict[str, Any]) -> dict[str, Any]:
    line = ledger.line_of(manifest["path"], manifest["body"])
    release = {"release": manifest["release"], "run": manifest["run"], "sha256": line["sha256"]}
    return {"kind": "release", "run": manifest["run"], "files": [line], "releases": [release],
            "artefacts": manifest["artefacts"], "raw": manifest["raw"]}  # fmt: skip


def _anew(root: str) -> str:
    """Set the ledger aside and begin another from the files as they lie and the manifests.

    Raises
    ------
    StoreError
        If a file is not what a manifest says; that is to be mended first.
    """
    for name in files_of(root, ledger.LEDGER, ""):
        set_aside(root, name)
    held = [name for folder in ledger.FOLDERS for name in files_of(root, folder, "")]
    ledger.adopt_files(root, ledger.plain(root, held))
    return (
        "ledger: could not be mended and was begun anew from the manifests and the files as they "
        "lie; what no manifest has is proven from today on only"
    )


# -- files ----------------------------------------------------------------------------------------


def _known_files(root: str, again: Again) -> list[str]:
    """Make lost and changed files again, the manifests from the chain, the rest by `again`."""
    done: list[str] = []
    while True:  # what is made again may be what another builds on
        made = []
        bad = [f for f in audit.faults(root) if f.kind in ("lost", "changed", "record")]
        for path in sorted({f.path for f in bad}):
            wanted = _digest_of(root, path)
            body = manifest_again(root, path) if path.startswith("releases/") else again(path)
            if body is not None and hashlib.sha256(body).hexdigest() == wanted:
                _put(root, path, body)
                made.append(f"{path}: made again, byte for byte")
        done += made
        if not made:
            return done


def manifest_again(root: str, path: str) -> bytes | None:
    """Return a manifest as the chain tells it; None for one that was adopted.

    Examples
    --------
    >>> manifest_again(store.root, "releases/2025Q2.json") == read(store.root, "releases/2025Q2.json")
    True
    """
    name = base_name(path).removesuffix(".json")
    known = ledger.Catalog()
    for entry in ledger.entries(root):
        body = read(root, entry)
        record = unseal(entry, body)
        if record["kind"] == "release" and record["releases"][0]["release"] == name:
            return releases.manifest_of(known, {
                "release": name, "run": record["run"], "artefacts": record["artefacts"],
                "raw": record["raw"]})  # fmt: skip
        known = ledger.after(known, entry, body)
    return None


def _foreign(root: str, again: Again) -> list[str]:
    """Enter again what is proven to be ours and lost its entry; set the rest aside."""
    done = []
    for fault in [f for f in audit.faults(root) if f.kind == "foreign"]:
        body = read(root, fault.path)
        if again(fault.path) == body:
            kind = fault.path.partition("/")[0].removesuffix("s")
            ledger.append(root, kind, ledger.run_in(fault.path), [ledger.line_of(fault.path, body)])
            done.append(f"{fault.path}: entered again, its answers make the same bytes")
        elif _was_last(root, fault.path, body):
            record = _release_record({**unseal(fault.path, body), "path": fault.path, "body": body})
            ledger.append(
                root, record.pop("kind"), record.pop("run"), record.pop("files"), **record
            )
            done.append(f"{fault.path}: entered again, it follows from the last entry")
        else:
            done.append(f"{fault.path}: in no manifest; set aside as {set_aside(root, fault.path)}")
    return done


def _was_last(root: str, path: str, body: bytes) -> bool:
    """Tell whether a manifest was made after the entry that is the last one now."""
    if not path.startswith("releases/") or not _is_sealed(path, body):
        return False
    known = ledger.catalog(root)
    return unseal(path, body).get("ledger") == {"number": known.number, "sha256": known.digest}


def retire(root: str, run: str, reason: str) -> list[str]:
    """Take a run out of what is read, for a stated reason; its files stay. See `Store.retire`.

    Examples
    --------
    >>> retire(store.root, "20250501T000000Z", "")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: To retire a run takes a reason; say what was wrong with it.
    """
    if not reason.strip():
        raise StoreError("To retire a run takes a reason; say what was wrong with it.")
    with hold(root, f"retire {run}", wait=10.0):
        ledger.adopt(root)
        known = ledger.catalog(root)
        mine = sorted(n for n in known.files if ledger.run_in(n) == run)
        named = sorted(n for n, release in known.releases.items() if release["run"] == run)
        if run in known.retired:
            raise StoreError(f"The run {run} is retired already: {known.retired[run]}.")
        if not mine and not named:
            runs = sorted({ledger.run_in(n) for n in known.files} - {""})
            raise StoreError(
                f"No run {run} in the store; the newest are {', '.join(runs[-3:]) or 'none'}."
            )
        journal.note(root, run, "retire", {"reason": reason.strip()})
        ledger.append(root, "retire", run, [], reason=reason.strip())
    return mine + [releases.path_of(name) for name in named]
