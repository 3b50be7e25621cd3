"""What each run took of the answers, kept beside them under ``raw/_runs``.

::

    raw/_runs/<run>.<what>.<sha8>.json    what: update, inbox, held, let, release, retire

With these a store is made again from ``raw/`` alone, byte for byte: which answers a vintage was
made of, what the gate refused and why, what a person let through, what a release was tagged with.
Each holds the number of the last entry of the ledger then, its ``place``, by which records sort as
they came; a run that was killed and goes on finds its records written, and writes the same others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from energy.store import ledger
from energy.store.disk import as_json, files_of, load_json, seal, there, write

RUNS = "raw/_runs/"
WHATS = ("update", "inbox", "held", "let", "release", "retire")


def note(root: str, run: str, what: str, told: Mapping[str, Any]) -> str:
    """Write down what is about to be done; return the file. Telling the same again adds nothing.

    Parameters
    ----------
    root, run : str
    what : str
        One of `WHATS`.
    told : mapping
        What the step needs to be done again: plain values only.

    Examples
    --------
    >>> name = note("journal", "20250501T000000Z", "update", {"source": "meter", "answers": []})
    >>> name == note("journal", "20250501T000000Z", "update", {"source": "meter", "answers": []})
    True
    """
    record = {"run": run, "what": what, "version": version("energy-trade-tracker"), **told}
    digest = hashlib.sha256(as_json(record)).hexdigest()[:8]
    name = f"{RUNS}{run}.{what}.{digest}.json"
    if not there(root, name):
        place = ledger.catalog_quietly(root).number
        write(root, name, seal({**record, "place": place}), 0o600)
    return name


def records(root: str) -> list[dict[str, Any]]:
    """Return all records in the order they were written.

    Examples
    --------
    >>> _ = note("journal-2", "20250501T000000Z", "update", {"source": "meter", "answers": []})
    >>> [told["source"] for told in records("journal-2")]
    ['meter']
    """
    names = files_of(root, RUNS.rstrip("/"), ".json")
    found = [(load_json(root, name), name) for name in names]
    return [record for record, _ in sorted(found, key=lambda each: (each[0]["place"], each[1]))]
