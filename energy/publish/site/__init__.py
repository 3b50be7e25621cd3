"""A static site of everything: home, atlas, a page a route, market and country, files, feed.

Plain pages without a script (the atlas has its own), with relative links, so that a folder opens
from a disk or any host. `write` builds beside and swaps; the parts lie in `pages` (words and
tables), `charts` (inline SVG), `series` (files for machines) and `feeds` (Atom, sitemap).
"""

from __future__ import annotations

import dataclasses
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import xarray as xr

from energy.errors import EnergyError, UsageError
from energy.publish import styles
from energy.publish.site import feeds, pages, series

LIST = "site.json"  # what a build wrote: files not named in it are foreign, and editions to keep


def write(
    tracker: Any,
    out: str | Path,
    base: str | None = None,
    projection: xr.Dataset | bool | None = None,
    tell: Callable[[str], object] = lambda text: None,
) -> list[Path]:
    """Write the site of a tracker into a folder of its own.

    Parameters
    ----------
    tracker : energy.tracker.Tracker
    out : path
        A folder that does not exist, is empty, or holds a site written before; editions of other
        dates in it stay.
    base : str, optional
        Address the site will have, e.g. ``"https://example.org/gas/"``. A sitemap needs full
        addresses and is written only with it; all else is relative.
    projection : xarray.Dataset or bool, optional
        As for `Tracker.map` and `Tracker.export`; False for none.
    tell : callable
        Takes one line of progress a step.

    Returns
    -------
    list of Path
        Every file of the site.

    Raises
    ------
    EnergyError
        If the folder is a file, holds files that are not of a site, or a newer edition.
    UsageError
        If `base` is no web address.
    """
    folder, address = Path(out), _address(base)
    kept = _editions(folder, tracker.edition)
    folder.resolve().parent.mkdir(parents=True, exist_ok=True)
    place = folder.resolve().parent
    beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=".part", dir=place))
    try:
        beside.chmod(0o755)  # a web server reads it; mkdtemp keeps others out
        for date in sorted(set(kept) - {tracker.edition}):
            shutil.copytree(folder / date, beside / date)
        _fill(tracker, beside, address, projection, tell, kept)
        _swap(beside, folder)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _fill(
    t: Any,
    folder: Path,
    base: str,
    projection: xr.Dataset | bool | None,
    tell: Callable[[str], object],
    kept: dict[str, str],
) -> None:
    """Write a whole site into a folder that holds nothing but editions of other dates."""
    edition, latest = styles.dated(folder, t.edition)
    tell(f"writing layers of {len(t.lines)} routes …")
    t.export(edition / "layers", projection=projection)
    tell("writing series and tables …")
    site = pages.gather(t)
    series.write(edition, site)
    shutil.copytree(edition, latest)
    series.catalogue(folder, site, base)
    tell("drawing the atlas …")
    card = t.maps.card()
    if card:
        (folder / pages.CARD).write_bytes(card)
    site = dataclasses.replace(site, card=bool(card))
    page = t.map(projection, layers="latest/layers").get_root().render()
    page = page.replace("</head>", pages.shared("atlas.html", site, base) + "</head>", 1)
    (folder / "atlas.html").write_text(page, encoding="utf-8")
    tell("writing pages …")
    editions = {**kept, t.edition: site.headline}
    pages.write(folder, site, base, editions)
    feeds.atom(folder, site, editions)
    if base:
        feeds.sitemap(folder, base, site.as_of)
    files = [p.relative_to(folder).as_posix() for p in sorted(folder.rglob("*")) if p.is_file()]
    own = {"about": "written by energy site", "editions": editions, "files": [*files, LIST]}
    (folder / LIST).write_text(json.dumps(own, indent=1, ensure_ascii=False), encoding="utf-8")


def _editions(folder: Path, date: str) -> dict[str, str]:
    """Return the editions of the site that lies in a folder; refuse one that is not ours to swap."""
    if folder.exists() and not folder.is_dir():
        raise EnergyError(f"'{folder}' is a file; name a folder for the site.")
    there = [p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()]
    if not there:
        return {}
    own = _list_of(folder / LIST)
    foreign = sorted(set(there) - set(own.get("files", ())))
    if foreign:
        raise EnergyError(
            f"'{folder}' holds what is not of a site written here: '{foreign[0]}'"
            f"{f' and {len(foreign) - 1} more' if foreign[1:] else ''}; name an empty folder, or move it away."
        )
    editions: dict[str, str] = own["editions"]
    if max(editions) > date:
        raise EnergyError(
            f"'{folder}' holds the edition of {max(editions)}, newer than {date}; name another folder."
        )
    return {day: text for day, text in editions.items() if (folder / day).is_dir()}


def _list_of(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # none, or none of ours: all files are foreign
        return {}
    good = isinstance(found, dict) and isinstance(found.get("editions"), dict) and found["editions"]
    return found if good and isinstance(found.get("files"), list) else {}


def _address(base: str | None) -> str:
    """Return a base address that ends in a slash; "" for none.

    >>> _address("https://example.org/gas"), _address(None)
    ('https://example.org/gas/', '')
    """
    if base is None:
        return ""
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.query or parts.fragment:
        raise UsageError(
            f"base {base!r} is no address of a site; expected for example 'https://example.org/gas/'."
        )
    return base if base.endswith("/") else f"{base}/"


def _swap(new: Path, folder: Path) -> None:
    """Put a whole folder in the place of another by renames; on a fault the old one is back."""
    aside = new.with_suffix(".old")
    if folder.exists():
        folder.rename(aside)
    try:
        new.rename(folder)
    except OSError:
        if aside.exists():
            aside.rename(folder)
        raise
    shutil.rmtree(aside, ignore_errors=True)
