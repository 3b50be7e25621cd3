"""Vintages and releases: what the store held under a name, with hashes."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from energy.store.dates import PART, check_run_form
from energy.store.disk import as_json, base_name, files_of, folder_of, load_json, read, write
from energy.store.locks import hold


def tag(root: str, release: str, run: str, artefacts: dict[str, str]) -> dict[str, Any]:
    folder_of(release)
    with hold(root, f"release {release}", wait=10.0):
        state = {
            "vintages": [_entry(root, name) for name in vintages(root)],
            "artefacts": artefacts,
        }
        before = find_release(root, release)
        if before and {name: before[name] for name in state} == state:
            return before
        count = len(_editions(root, release))
        name = f"{release}-{count + 1:02d}" if count else release
        head = {"release": name, "run": check_run_form(run), **state}
        write(root, f"releases/{name}.json", as_json(head))
    return head


def _entry(root: str, name: str) -> dict[str, Any]:
    body = read(root, name)
    return {"path": name, "sha256": hashlib.sha256(body).hexdigest(), "bytes": len(body)}


def _editions(root: str, release: str) -> list[str]:
    return [n for n in releases(root) if re.fullmatch(re.escape(release) + r"(-\d{2,})?", n)]


def find_release(root: str, name: str) -> dict[str, Any] | None:
    """Return the newest release of that name; ``-01`` is the first."""
    editions = _editions(root, name)
    if not editions and name.endswith("-01") and name[:-3] in releases(root):
        editions = [name[:-3]]
    return load_json(root, f"releases/{editions[-1]}.json") if editions else None


def release_faults(root: str) -> list[str]:
    faults, held = [], set(vintages(root))
    for release in releases(root):
        for line in load_json(root, f"releases/{release}.json")["vintages"]:
            if line["path"] not in held:
                faults.append(
                    f"releases/{release}.json: {line['path']} is gone; restore it from a copy"
                )
            elif _entry(root, line["path"])["sha256"] != line["sha256"]:
                faults.append(
                    f"releases/{release}.json: {line['path']} is not what it was when released"
                )
    return faults


def vintages(root: str) -> list[str]:
    """Return the vintage files in the order of their runs, relative to the store."""
    found = [
        name for name in files_of(root, "vintages", ".parquet") if PART.fullmatch(base_name(name))
    ]
    return sorted(found, key=lambda name: (base_name(name).removesuffix(".parquet"), name))


def releases(root: str) -> list[str]:
    """Return the names of the releases, in order."""
    names = files_of(root, "releases", ".json")
    return sorted(base_name(name).removesuffix(".json") for name in names)
