"""The projection that map and layers show, taken from the file of the release.

Drawing it takes ten seconds, so it is shipped in ``energy/data/projection.npz`` under the digest of
the facts and the tree it was drawn from. Other facts, a day of the past or another method are drawn
when they are asked for, and kept in the cache folder. ``python -m energy.projection`` ships anew.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from energy.facts import DATA
from energy.facts.kept import kept, tables_digest
from energy.measure.tables import Tables
from energy.projection import scenarios

if TYPE_CHECKING:
    from energy.projection.leaves import Leaves

DRAWS = 4096  # a layer's quantiles need no more
EDITION = 3  # of the method: a change of what is drawn makes every kept projection stale
PATH = DATA / "projection.npz"
Shown = tuple[xr.Dataset, "Leaves"]
"""The named scenarios, and the leaves of the tree from which they are weighed anew."""


def shown(tables: Tables, cube: Callable[[], xr.Dataset], as_of: str | None = None) -> Shown:
    """Return every scenario to 2040 and the leaves: from the package, the cache, or drawn now.

    Parameters
    ----------
    tables : Tables
    cube : callable
        Returns the quarters as published, `energy.tracker.Tracker.flows` of ``reported``; it is
        called only where the projection must be drawn.
    as_of : str, optional
        The day the tables were cut at.
    """
    return kept("projection.npz", key(tables, as_of), lambda: draw(tables, cube(), as_of),
                pack=pack, unpack=unpack, shipped=PATH, most=8)  # fmt: skip


def key(tables: Tables, as_of: str | None = None) -> str:
    """Return a name for all that the projection is drawn from: equal names, equal draws."""
    words = [str(EDITION), str(DRAWS), as_of or ""]
    return tables_digest(tables, sorted(tables), scenarios.PATH.read_bytes(), *words)


def draw(tables: Tables, cube: xr.Dataset, as_of: str | None = None) -> Shown:
    """Draw it; one setup serves both parts."""
    from energy import projection
    from energy.projection import leaves

    made = projection.setup(
        tables, cube, until="2040", scenarios=leaves.beside, as_of=as_of, revenue=True,
        tree=None, timing=None,
    )  # fmt: skip
    named = projection.of_setup(leaves.apart(made), tables, cube, draws=DRAWS)
    return named, leaves.grow(made, DRAWS)


def pack(made: Shown, name: str) -> bytes:
    """Return a projection as the bytes of a file."""
    cube, leaves = made
    variables: dict[str, Any] = {str(k): (v.dims, v.attrs) for k, v in cube.variables.items()}
    sheets = [(s.kind, s.name, s.questions, s.top) for s in leaves.sheets]
    words = {
        "name": name, "attrs": cube.attrs, "variables": variables, "coords": list(cube.coords),
        "tree": leaves.tree, "years": leaves.years, "draws": leaves.draws, "sheets": sheets,
    }  # fmt: skip
    held: dict[str, Any] = {"words": np.frombuffer(json.dumps(words).encode(), dtype=np.uint8)}
    held |= {f"cube_{k}": v.values for k, v in cube.variables.items()}
    for i, sheet in enumerate(leaves.sheets):
        held |= {f"mean_{i}": sheet.mean, f"counts_{i}": sheet.counts}
    body = io.BytesIO()
    np.savez_compressed(body, **held)
    return body.getvalue()


def unpack(body: bytes, name: str) -> Shown | None:
    """Return the projection that some bytes hold; None where it is of another name.

    Raises
    ------
    ValueError
        For a broken file.
    """
    try:
        with np.load(io.BytesIO(body)) as held:
            words = json.loads(held["words"].tobytes())
            return _opened(held, words) if words["name"] == name else None
    except zipfile.BadZipFile as error:
        raise ValueError(str(error)) from error


def _opened(held: Any, words: dict[str, Any]) -> Shown:
    from energy.projection.leaves import Leaves, Sheet

    variables = {
        name: (tuple(dims), held[f"cube_{name}"], attrs)
        for name, (dims, attrs) in words["variables"].items()
    }
    coords = {name: variables.pop(name) for name in words["coords"]}
    cube = xr.Dataset(variables, coords, words["attrs"])
    sheets = tuple(
        Sheet(kind, name, tuple(questions), held[f"mean_{i}"], top, held[f"counts_{i}"])
        for i, (kind, name, questions, top) in enumerate(words["sheets"])
    )
    return cube, Leaves(words["tree"], tuple(words["years"]), words["draws"], sheets)


def ship(tables: Tables, cube: xr.Dataset) -> Path:
    """Write the projection of the packaged facts into the package."""
    PATH.write_bytes(pack(draw(tables, cube), key(tables)))
    return PATH
