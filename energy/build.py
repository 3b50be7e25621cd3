"""What the verbs do: the main job, the checks and the imports. Files are written here."""

from __future__ import annotations

import datetime as dt
import importlib.util
import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import folium

import energy
import geodata
from energy import facts, store, tracker
from energy.errors import DataError, EnergyError
from energy.intake import derive
from energy.publish import pictures, whole
from energy.sources import files
from energy.store import Store
from geodata import formats, gem, net, routes
from geodata.draw import world
from geodata.errors import GeodataError

if TYPE_CHECKING:
    import geopandas as gpd

OPTIONAL = ("duckdb", "httpx", "linopy", "matplotlib", "networkx", "numba", "s3fs",
            "scoringrules")  # fmt: skip


def build(
    out: str | Path,
    tell: Callable[[str], object] = lambda text: None,
    as_of: str | None = None,
    dated: bool = False,
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
    dated : bool
        Whether the layers go into a folder named by date, and a copy into ``latest`` beside it.

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
    folder.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=folder.parent))
    try:
        made = _edition(t, beside, tell, dated)
        _swap(beside, folder, deeper="layers" if dated else "")
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return {name: folder / path.relative_to(beside) for name, path in made.items()}


def _edition(
    t: tracker.Tracker, folder: Path, tell: Callable[[str], object], dated: bool
) -> dict[str, Path]:
    """Write one edition into an empty folder."""
    tell(f"writing layers of {len(t.lines)} routes …")
    written = t.export(folder / "layers", dated=dated)
    cube = next(path for path in written if path.name == "flows.nc")
    tell("drawing the map …")
    page = write_map(
        t.map(layers=cube.parent.relative_to(folder).as_posix()), folder / "atlas.html"
    )
    tell("writing the summary …")
    text = write_text(folder / "summary.md", t.summary())
    return {"map": page, "layers": cube.parent, "cube": cube, "summary": text}


def _swap(new: Path, folder: Path, deeper: str = "") -> None:
    """Put what lies in a folder in the place of its namesakes in another; the rest there stays.

    The old ones step aside by a rename, so that at no moment half of a file or layer is there.
    """
    folder.mkdir(exist_ok=True)
    for part in sorted(new.iterdir()):
        target = folder / part.name
        if part.name == deeper:  # editions of other days lie beside
            _swap(part, target)
            continue
        aside = new / f"{part.name}.old"
        if target.exists():
            target.rename(aside)
        part.rename(target)


def write_map(page: folium.Map, path: str | Path) -> Path:
    """Write a map to one HTML file, whole or not at all.

    Examples
    --------
    >>> write_map(folium.Map(), "atlas.pdf")
    Traceback (most recent call last):
        ...
    energy.errors.EnergyError: 'atlas.pdf' does not end in .html; name a file such as atlas.html.
    """
    target = check_page(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    return write_text(target, page.get_root().render())


def check_page(path: str | Path) -> Path:
    """Return the path of a page to write; refuse one that does not end in ``.html``.

    Examples
    --------
    >>> check_page("atlas.html").name
    'atlas.html'
    """
    target = Path(path)
    if target.suffix.lower() not in (".html", ".htm"):
        raise EnergyError(f"'{target}' does not end in .html; name a file such as atlas.html.")
    return target


def write_world(
    folder: str | Path, out: str | Path, attributes: str | Path | None = None
) -> tuple[Path, list[str]]:
    """Draw every pipeline of a Global Energy Monitor route folder on one page.

    Parameters
    ----------
    folder : path
        Folder of ``P*.geojson`` files.
    out : path
        HTML file to write.
    attributes : path, optional
        CSV or Excel table of the projects; see `geodata.draw.world.read_attributes`.

    Returns
    -------
    tuple of Path and list of str
        The page, and what could not be read of the folder.

    Raises
    ------
    FormatError
        If there is no such folder, no line in it, or the table has no ids or names.

    Examples
    --------
    >>> write_world("no-such-folder", "world.html")
    Traceback (most recent call last):
        ...
    geodata.errors.FormatError: 'no-such-folder' does not exist; Global Energy Monitor's folder of ...
    """
    known = None if attributes is None else world.read_attributes(attributes)
    found = gem.read_folder(folder)
    return write_map(world.build(found, known), out), list(found.attrs["faults"])


def write_picture(out: str | Path, labels: Sequence[str] = (), as_of: str | None = None) -> Path:
    """Draw one period, several side by side, or (``.gif``, ``.webp``) one after the other.

    Parameters
    ----------
    out : path
        ``.svg``, ``.png`` or ``.pdf``; ``.gif`` or ``.webp``.
    labels : sequence of str
        Periods of one kind; default the newest quarter of which most is known, moving all years.
    as_of : str, optional
        As in `energy.load`.

    Raises
    ------
    EnergyError
        If the suffix is none of these, or the folder does not exist.
    PeriodError
        If a period is not in the figures.
    MissingExtra
        If matplotlib or Pillow is not installed.

    Examples
    --------
    >>> write_picture("picture.docx")
    Traceback (most recent call last):
        ...
    energy.errors.EnergyError: 'picture.docx' is no picture; name a file .svg, .png, .pdf, or .gif ...
    """
    target = Path(out)
    if target.suffix.lower() in pictures.MOVING:
        return energy.load(as_of=as_of).maps.animate(target, labels or None)
    pictures.check_target(target)
    if len(labels) > 1:
        energy.load(as_of=as_of).maps.years(labels, path=target)
    else:
        energy.load(as_of=as_of).maps.period(labels[0] if labels else None, path=target)
    return target


def write_text(path: Path, text: str) -> Path:
    """Write a text file under a temporary name and rename it.

    Examples
    --------
    >>> write_text(Path("summary.md"), "# Exports").read_text(encoding="utf-8")
    '# Exports'
    """
    return whole.write(path, text)


def check(folder: str | Path | None = None, as_of: str | None = None) -> list[str]:
    """Return every fault of the package, the user's store (every byte of it) and, if named, a folder of edits.

    With `as_of` (a day, or a release) only what was known then is judged: figures published by that
    day, and of the store what it knew. Lines and places carry no date and are judged as they are.
    """
    if spoiled := Store.open().verify():  # nothing that rests on it can be judged
        return spoiled + facts.check(folder)
    if folder is not None and as_of is None:
        return tracker.judge(Path(folder)) + _overtaken()
    faults = facts.check(folder, _day(as_of)) + _overtaken(as_of)
    kept = facts.home() / "facts"
    if not faults and folder is None and kept.is_dir():
        faults = tracker.judge(kept)
    lines = facts.home() / tracker.GEM_LINES
    if not lines.exists():
        return faults + routes.check(routes.load()) + net.check(routes.load())
    try:
        return faults + routes.check(routes.load(lines))
    except GeodataError as error:
        return [*faults, str(error)]


def _day(as_of: str | None) -> dt.date | None:
    return None if as_of is None else store.day_of(Store.open(), as_of)


def _overtaken(as_of: str | None = None) -> list[str]:
    """Return the corrections that the answers in the store no longer bear out."""
    home = Store.open()
    if not home.vintages():
        return []
    return derive.corrected(home.observations(as_of=as_of), facts.load()["corrections"])[1]


def import_facts(folder: str | Path, as_of: str | None = None) -> list[str]:
    """Take in tables and lines of one's own; see `energy.facts.install`.

    The whole tracker must open on them, else nothing is taken. With `as_of` (a day, or a release)
    only the rows published by then; the rest is listed.

    Examples
    --------
    >>> import_facts("no-such-folder")
    Traceback (most recent call last):
        ...
    energy.errors.DataError: no-such-folder: 1 fault
      - no such folder; name one that holds CSV tables of facts
    """
    taken, left = facts.install(folder, _day(as_of), tracker.judge)
    return [f"{name} -> {facts.home() / 'facts' / name}" for name in taken] + [
        f"left: {line}" for line in left
    ]


def _gem_lines(path: str | Path) -> gpd.GeoDataFrame:
    """Read a folder of routes, or a release in one file, which is unfolded to such a folder first."""
    if not Path(path).is_file():
        return gem.read_folder(path)
    with tempfile.TemporaryDirectory() as folder:
        return gem.read_folder(files.unfold(path, folder), gem.edition_of(path))


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
    found = _gem_lines(path)
    known = routes.draw(routes.read_waypoints()).geometry
    better = gem.replace(routes.load(), found, ids, known)
    target = facts.home() / tracker.GEM_LINES
    target.parent.mkdir(parents=True, exist_ok=True)
    formats.write_geojson(
        better.drop(columns=["length_km"]), target, meta={"attribution": found.attrs["attribution"]}
    )
    report = better.attrs["report"]
    lines = [
        f"{route}: {action}, {reason}"
        for route, action, reason in zip(
            report.index, report["action"], report["reason"], strict=True
        )
    ]
    broken = [f"not read: {fault}" for fault in found.attrs["faults"]]
    return [*lines, *broken, f"written: {target}", found.attrs["attribution"]]


def check_install(folder: str | Path = ".") -> list[str]:
    """Return what is amiss with the installation: a file that shadows us, a broken extra.

    Parameters
    ----------
    folder : path
        Where scripts and notebooks are started; an ``energy.py`` there is found before ours.
    """
    place = Path(folder).resolve()
    ours = {Path(energy.__file__).resolve().parent, Path(geodata.__file__).resolve().parent}
    found = [
        place / f"{name}{end}" for name in ("energy", "geodata") for end in (".py", "/__init__.py")
    ]
    shadows = [path for path in found if path.exists() and path.parent not in ours]
    faults = [f"'{path}' shadows the package of the same name: rename it, or start elsewhere"
              for path in shadows]  # fmt: skip
    for name in OPTIONAL:
        if importlib.util.find_spec(name) is None:
            continue
        try:
            importlib.import_module(name)
        except Exception as error:  # whatever an outside package raises, it is broken
            faults.append(f"the optional package {name} is installed, but broken: {error}")
    return faults
