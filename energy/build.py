"""What the verbs do: the main job, the checks and the imports. Files are written here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import energy
from energy import derive, facts, tracker
from energy.errors import DataError, EnergyError
from energy.observations import rows_of
from energy.store import Store
from geodata import formats, gem, routes
from geodata.errors import GeodataError


def build(
    out: str | Path,
    tell: Callable[[str], object] = lambda text: None,
    as_of: str | None = None,
) -> dict[str, Path]:
    """Turn the facts into map, layers, cube and summary.

    Parameters
    ----------
    out : path
        Folder; made where missing.
    tell : callable
        Takes one line of progress a step.
    as_of : str, optional
        As in `energy.load`.

    Returns
    -------
    dict of str to Path
        ``map, layers, cube, summary``.

    Raises
    ------
    DataError
        When the facts or the geometry have a fault; nothing is written then.
    """
    folder = Path(out)
    if folder.exists() and not folder.is_dir():
        raise EnergyError(f"'{folder}' is a file; name a folder to build into.")
    tell("checking facts and geometry …")
    t = energy.load(as_of=as_of)
    faults = t.check()
    if faults:
        raise DataError("facts", faults)
    folder.mkdir(parents=True, exist_ok=True)
    tell(f"writing layers of {len(t.lines)} routes …")
    written = t.export(folder / "layers")
    cube = next(path for path in written if path.name == "flows.nc")
    tell("drawing the map …")
    page = write_map(t.map(), folder / "atlas.html")
    tell("writing the summary …")
    text = write_text(folder / "summary.md", t.summary())
    return {"map": page, "layers": folder / "layers", "cube": cube, "summary": text}


def write_map(page, path: str | Path) -> Path:
    """Write a map to one HTML file, whole or not at all."""
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise EnergyError(f"'{target}' does not end in .html; name a file such as atlas.html.")
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_text(target, page.get_root().render())


def write_text(path: Path, text: str) -> Path:
    """Write a text file under a temporary name and rename it."""
    spare = path.with_name(f".{path.name}.part")
    spare.write_text(text, encoding="utf-8")
    spare.replace(path)
    return path


def check(folder: str | Path | None = None) -> list[str]:
    """Return every fault of the package, the user's store and, if named, a folder of edits."""
    faults = facts.check(folder) + _overtaken()
    own = Path(folder) / "routes.geojson" if folder else facts.home() / tracker.GEM_LINES
    if not own.exists():
        return faults + routes.check(routes.load())
    try:
        return faults + routes.check(routes.load(own))
    except GeodataError as error:
        return [*faults, str(error)]


def _overtaken() -> list[str]:
    """Return the corrections that the answers in the store no longer bear out."""
    home = Store.open()
    if not home.vintages():
        return []
    return derive.corrected(home.observations(), facts.load()["corrections"])[1]


def import_facts(folder: str | Path) -> list[str]:
    """Take in tables of one's own; see `energy.facts.install`."""
    return [f"{name} -> {facts.home() / 'facts' / name}" for name in facts.install(folder)]


def import_gem(path: str | Path) -> list[str]:
    """Replace our lines by better ones from a Global Energy Monitor route folder.

    Returns
    -------
    list of str
        One line a route: what was done and why; then the files that could not be read.
    """
    table = facts.load()["routes"]
    ids = {
        r: text.split(";") for r, text in zip(table["route"], table["gem_ids"], strict=True) if text
    }
    found = gem.read_folder(path)
    better = gem.replace(routes.load(), found, ids)
    target = facts.home() / tracker.GEM_LINES
    target.parent.mkdir(parents=True, exist_ok=True)
    formats.write_geojson(
        better.drop(columns=["length_km"]), target, meta={"attribution": gem.ATTRIBUTION}
    )
    report = better.attrs["report"]
    lines = [f"{row.Index}: {row.action}, {row.reason}" for row in rows_of(report)]
    broken = [f"not read: {fault}" for fault in found.attrs["faults"]]
    return [*lines, *broken, f"written: {target}", gem.ATTRIBUTION]
