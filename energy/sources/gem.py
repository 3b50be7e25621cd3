"""Global Energy Monitor: the routes of the world's gas pipelines, as an archive.

What
    One GeoJSON file a project, folder ``data/individual-routes/gas-pipelines`` of the public
    repository of routes. The lines themselves are read by ``geodata.gem``; here the archive is
    fetched, opened safely and unpacked, and its editions are told apart by the vertices of the
    projects that our routes use.
Format
    tar.gz of the repository (tar.xz and zip are read too).
Licence
    CC BY 4.0; whatever is made with it shows `ATTRIBUTION`.
Lag
    No calendar: changed a few times a year.
Quirks
    The archive holds other folders and fuels; some routes are empty files. The repository itself
    has no licence file, the statement stands in Global Energy Monitor's tables. An archive is
    foreign: names that lead out of the folder, links and devices are refused, sizes are limited.
"""

from __future__ import annotations

import bz2
import datetime as dt
import gzip
import io
import lzma
import re
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import orjson
import pandas as pd

from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "gem"
TITLE = "Global Energy Monitor, Global Gas Infrastructure Tracker: pipeline routes"
PUBLISHER = "Global Energy Monitor"
KIND = "research"
URL = "https://github.com/GlobalEnergyMonitor/GOIT-GGIT-pipeline-routes"
LICENCE = "CC-BY-4.0"
LAG = 0
KEY = ""

ATTRIBUTION = (
    "Pipeline reference geometry: Global Energy Monitor, Global Gas Infrastructure Tracker, "
    "CC BY 4.0."
)
ARCHIVE = (
    "https://codeload.github.com/GlobalEnergyMonitor/GOIT-GGIT-pipeline-routes/"
    "tar.gz/refs/heads/main"
)
FOLDERS = ("gas", "gas-pipelines")
ROUTE = re.compile(r"P\d{4,}\.geojson")

LARGEST_MEMBER = 64 * 2**20
LARGEST = 2048 * 2**20
"""Most bytes of the whole unpacked archive; the gas part of April 2026 has about 110 million."""


def request(period: Any) -> list[Request]:
    """Ask for the archive of the routes as they are now; the quarter plays no part.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['routes']
    """
    return [Request(NAME, "routes", ARCHIVE)]


def little(day: Any) -> None:
    """Have no small question: the archive comes whole or not at all.

    Examples
    --------
    >>> little("2026-11-28") is None
    True
    """


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Count the vertices of the projects that our routes use.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``route_vertices``, entity = project in lower case (``p2352``), period = day of the
        newest route file in the archive. An empty file is 0 vertices: no route drawn.

    Raises
    ------
    SourceError
        If the archive is damaged, unsafe, too large, or has none of the projects.
    """
    used = _used()
    found = {name: (content, day) for name, content, day in _routes(answer)}
    if not found:
        reading.refuse(answer, f"No route file in a folder {' or '.join(FOLDERS)} of the archive.")
    edition = max(day for _, day in found.values())
    rows = [
        {"series": "route_vertices", "entity": name.lower(), "period": edition, "freq": "D",
         "value": _vertices(answer, name, found[name][0]), "unit": "vertices", "basis": "",
         "status": "actual", "published": edition, "ref": f"{name}.geojson", "note": ATTRIBUTION}
        for name in sorted(set(found) & used)
    ]  # fmt: skip
    if not rows:
        reading.refuse(answer, f"None of the {len(used)} projects of routes.csv is in the archive.")
    return reading.frame(answer, rows)


def unpack(answer: Answer, folder: Path | str) -> Path:
    """Write the route files of an archive into a folder that ``geodata.gem.read_folder`` reads.

    Parameters
    ----------
    answer : Answer
        The archive.
    folder : path
        Made where it is missing; the files go to ``gas/`` in it, beside ``ATTRIBUTION.txt``.

    Returns
    -------
    Path
        ``folder/gas``.

    Raises
    ------
    SourceError
        As `parse`; files already written stay.
    """
    target = Path(folder) / "gas"
    target.mkdir(parents=True, exist_ok=True)
    count = 0
    for name, content, _ in _routes(answer):
        (target / f"{name}.geojson").write_bytes(content)
        count += 1
    if not count:
        reading.refuse(answer, f"No route file in a folder {' or '.join(FOLDERS)} of the archive.")
    (target.parent / "ATTRIBUTION.txt").write_text(ATTRIBUTION + "\n", encoding="utf-8")
    return target


def _used() -> set[str]:
    table = pd.read_csv(reading.DATA / "routes.csv", dtype=str, keep_default_na=False)
    return {project for ids in table["gem_ids"] for project in ids.split(";") if project}


def _vertices(answer: Answer, name: str, content: bytes) -> float:
    if not content.strip():
        return 0.0
    try:
        data = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        reading.refuse(answer, f"{name}.geojson breaks off or is faulty ({error}).")
    return float(sum(1 for _ in _positions(data)))


def _positions(part: Any) -> Iterator[Any]:
    """Walk a GeoJSON object down to its positions."""
    if isinstance(part, dict):
        for name in ("features", "geometries", "geometry", "coordinates"):
            if part.get(name):
                yield from _positions(part[name])
    elif isinstance(part, list) and part:
        if isinstance(part[0], int | float):
            yield part
        else:
            for piece in part:
                yield from _positions(piece)


# -- the archive ----------------------------------------------------------------------------------


def _routes(answer: Answer) -> Iterator[tuple[str, bytes, str]]:
    """Yield project, bytes and day of each route file; other members are only looked at."""
    reading.check_type(answer, "archive")
    members = _zip(answer) if answer.body.startswith(b"PK") else _tar(answer)
    for name, content, day in members:
        yield PurePosixPath(name).stem, content, day


def _wanted(name: str) -> bool:
    path = PurePosixPath(name)
    return bool(ROUTE.fullmatch(path.name)) and path.parent.name in FOLDERS


def _zip(answer: Answer) -> Iterator[tuple[str, bytes, str]]:
    archive: zipfile.ZipFile = reading.open_zip(answer, LARGEST)
    for member in archive.infolist():
        if _wanted(member.filename):
            content = reading.read_member(answer, archive, member.filename, LARGEST_MEMBER)
            yield member.filename, content, dt.date(*member.date_time[:3]).isoformat()


END = 1024
"""Zero bytes that end a tar archive: without them it was cut, which tarfile passes over."""


class _Capped(io.RawIOBase):
    """A reader that stops with an error once more bytes came out than an archive may hold."""

    def __init__(self, file: Any, largest: int):
        self.file, self.left, self.tail = file, largest, b""

    def read(self, size: int = -1) -> bytes:
        content: bytes = self.file.read(min(size, self.left + 1) if size >= 0 else self.left + 1)
        self.left -= len(content)
        self.tail = (self.tail + content[-END:])[-END:]
        if self.left < 0:
            raise _TooLarge
        return content


class _TooLarge(Exception):
    """The archive unpacks to more than is taken."""


def _tar(answer: Answer) -> Iterator[tuple[str, bytes, str]]:
    file = io.BytesIO(answer.body)
    openers: dict[bytes, Any] = {b"\x1f\x8b": gzip.open, b"\xfd7": lzma.open, b"BZ": bz2.open}
    unpacked = openers.get(answer.body[:2], lambda plain: plain)(file)
    capped: Any = _Capped(unpacked, LARGEST)
    try:
        with tarfile.open(fileobj=capped, mode="r|") as archive:
            for member in archive:
                yield from _member(answer, archive, member)
        while capped.read(2**20):
            pass  # the checksum stands at the very end
        if capped.tail.strip(b"\0"):
            reading.refuse(answer, "The archive breaks off: its end is missing.")
    except _TooLarge:
        reading.refuse(answer, f"The archive unpacks to more than {LARGEST:,} bytes; not taken.")
    except (tarfile.TarError, OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        reading.refuse(answer, f"The archive breaks off or is damaged ({error}).")


def _member(
    answer: Answer, archive: tarfile.TarFile, member: tarfile.TarInfo
) -> Iterator[tuple[str, bytes, str]]:
    name = reading.safe_name(answer, member.name)
    if not _wanted(name):
        return
    if not member.isreg() or member.issparse():
        reading.refuse(answer, f"Member {member.name!r} is a link or device; not unpacked.")
    if member.size > LARGEST_MEMBER:
        reading.refuse(answer, f"Member {member.name!r} has {member.size:,} bytes; not taken.")
    content = archive.extractfile(member)
    assert content is not None  # a regular file
    day = dt.datetime.fromtimestamp(member.mtime, dt.UTC).date().isoformat()
    yield name, content.read(), day
