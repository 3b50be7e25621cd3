"""Vintages and releases: what the store held under a name, with hashes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from energy.store import journal, ledger
from energy.store.base import StoreError
from energy.store.dates import PART, check_run_form
from energy.store.disk import (
    base_name,
    damaged,
    files_of,
    folder_of,
    load_json,
    read,
    safe,
    seal,
    stamps_of,
    unseal,
)
from energy.store.locks import hold

RAW = "raw"


def tag(
    root: str,
    release: str,
    run: str,
    artefacts: dict[str, str],
    raw: list[ledger.Line] | None = None,
) -> dict[str, Any]:
    """Tag what the store holds; see `Store.manifest`. `raw`: the lines of the answers, if known.

    Examples
    --------
    >>> tag("a-tagged-store", "2025Q1", "20250501T000000Z", {})["release"]
    '2025Q1'
    """
    folder_of(release)
    with hold(root, f"release {release}", wait=10.0):
        ledger.adopt(root)
        known = ledger.catalog(root)
        lines = [known.files[name] for name in vintages(root)]
        before = _newest(root, known, release)
        if before and (before["vintages"], before["artefacts"]) == (lines, artefacts):
            return before
        count = len(_named(list(known.releases), release))
        name = f"{release}-{count + 1:02d}" if count else release
        record = {"release": name, "run": check_run_form(run), "artefacts": artefacts,
                "raw": _new_raw(root) if raw is None else raw}  # fmt: skip
        journal.note(root, run, "release", {**record, "name": release})
        body = manifest_of(ledger.catalog(root), record)
        line = {"release": name, "run": run, "sha256": ledger.line_of("", body)["sha256"]}
        ledger.enter(root, "release", run, {path_of(name): body}, releases=[line],
                     artefacts=artefacts, raw=record["raw"])  # fmt: skip
    return unseal(path_of(name), body)


def path_of(release: str) -> str:
    """Return the file of a release's manifest.

    Examples
    --------
    >>> path_of("2025Q2")
    'releases/2025Q2.json'
    """
    return f"releases/{release}.json"


def manifest_of(known: ledger.Catalog, told: dict[str, Any]) -> bytes:
    """Return the manifest of a release made after an entry: the same bytes whenever it is made.

    Parameters
    ----------
    known : Catalog
        What the store held.
    told : dict
        ``release, run, artefacts``, and as ``raw`` the lines of the answers kept since the
        release before.
    """
    live = sorted((name for name in known.files if known.counts(name)), key=_order)
    mine = [name for name in live if name.startswith("vintages/")]
    earlier = list(known.releases.values())
    record = {
        **told,
        "before": earlier[-1] if earlier else None,
        "ledger": {"number": known.number, "sha256": known.digest},
        "vintages": [known.files[name] for name in mine],
        "others": [known.files[name] for name in sorted(set(known.files) - set(mine))],
        "releases": earlier,
        "retired": [{"run": run, "reason": why} for run, why in known.retired.items()],
    }
    return seal(record)


def _order(name: str) -> tuple[str, str]:
    return base_name(name).removesuffix(".parquet"), name


def raw_lines(root: str) -> dict[str, ledger.Line]:
    """Return the lines of all kept answers that the entries tell, by path.

    Examples
    --------
    >>> raw_lines(store.root)
    {}
    """
    entries = (load_json(root, name) for name in ledger.entries(root)
            if name.split(".")[-2] in ("release", "adopt"))  # fmt: skip
    return {line["path"]: line for entry in entries for line in entry.get("raw", ())}


def _new_raw(root: str) -> list[ledger.Line]:
    """Return lines of the answers kept since the last entry that told any.

    The digest of a body stands in its head, so that only heads are read.
    """
    known, lines = raw_lines(root), []
    sizes = {name: stamp[0] for name, stamp in stamps_of(root, RAW, "").items()}
    for name in sizes:
        if name in known or not name.endswith(".json") or ".release." in name:
            continue  # the record of a release is written with it, and stands in the ledger
        lines.append(ledger.line_of(name, body := read(root, name)))
        head = unseal(name, body)
        place = body_of(name, head)
        if place in sizes and place not in known:
            lines.append({"path": place, "sha256": head["sha256"], "bytes": sizes[place]})
    return sorted({line["path"]: line for line in lines}.values(), key=lambda line: line["path"])


def body_of(name: str, head: Mapping[str, Any]) -> str:
    """Return the file with the bytes that a head of an answer speaks of; "" for other records.

    Examples
    --------
    >>> body_of("raw/meter/2025Q1/monthly.json", {"tag": "monthly", "sha256": "9f86d081884c7d65"})
    'raw/meter/2025Q1/monthly.9f86d081.bin'
    """
    if "tag" not in head:
        return ""
    return f"{name.rpartition('/')[0]}/{safe(head['tag'])}.{head['sha256'][:8]}.bin"


def _named(names: list[str], release: str) -> list[str]:
    return sorted(n for n in names if re.fullmatch(re.escape(release) + r"(-\d{2,})?", n))


def find_release(root: str, name: str) -> dict[str, Any] | None:
    """Return the newest release of that name; ``-01`` is the first; None where there never was one.

    Raises
    ------
    StoreError
        If its manifest is gone, damaged or not the one that was entered, or if every release of
        that name was retired. The name never comes to mean a date.

    Examples
    --------
    >>> find_release(store.root, "2025Q2")["release"], find_release(store.root, "2031Q1")
    ('2025Q2', None)
    """
    known = ledger.catalog(root)
    found = _newest(root, known, name)
    editions = _editions(known, name)
    if editions and found is None:
        why = known.retired[known.releases[editions[-1]]["run"]]
        raise StoreError(
            f"The release {editions[-1]} was retired: {why}. Name another release or a date."
        )
    return found


def _newest(root: str, known: ledger.Catalog, name: str) -> dict[str, Any] | None:
    """Return the newest release of a name that was not retired."""
    released = known.releases
    live = [n for n in _editions(known, name) if released[n]["run"] not in known.retired]
    return proven(root, known, live[-1]) if live else None


def _editions(known: ledger.Catalog, name: str) -> list[str]:
    names = list(known.releases)
    if name.endswith("-01") and name[:-3] in names:
        return [name[:-3]]
    return _named(names, name)


def proven(root: str, known: ledger.Catalog, name: str) -> dict[str, Any]:
    """Return a manifest whose bytes are those that were entered.

    Examples
    --------
    >>> proven(store.root, ledger.catalog(store.root), "2025Q2")["release"]
    '2025Q2'
    """
    path, release = path_of(name), known.releases[name]
    body = read_or_gone(root, path)
    head = unseal(path, body)
    if release["sha256"] not in ("", ledger.line_of(path, body)["sha256"]):
        raise damaged(path, "it is not the manifest that was entered")
    return head


def read_or_gone(root: str, path: str) -> bytes:
    """Return the bytes of a file the ledger has; if it is gone, say what helps.

    Examples
    --------
    >>> len(read_or_gone(store.root, "releases/2025Q2.json")) > 0
    True
    >>> read_or_gone(store.root, "releases/2031Q1.json")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: releases/2031Q1.json is gone, although the ledger has it. Restore ...
    """
    if path not in files_of(root, path.rpartition("/")[0], ""):
        raise StoreError(f"{path} is gone, although the ledger has it. Restore it from a copy, or with "
                         "`energy store repair`.")  # fmt: skip
    return read(root, path)


def vintages(root: str, strict: bool = True) -> list[str]:
    """Return the vintage files that count, in the order of their runs, relative to the store.

    Examples
    --------
    >>> len(vintages(store.root))
    2
    """
    found = [n for n in ledger.held_in(root, "vintages", strict) if PART.fullmatch(base_name(n))]
    return sorted(found, key=_order)


def releases(root: str) -> list[str]:
    """Return the names of the releases, in order; retired ones are left out.

    Examples
    --------
    >>> releases(store.root)
    ['2025Q2']
    """
    known = ledger.catalog(root)
    return sorted(n for n, release in known.releases.items() if release["run"] not in known.retired)
