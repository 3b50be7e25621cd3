"""The lines the tracker stands on: ours or Global Energy Monitor's, with a user's own laid over.

One set of rules judges a user's folder for check, import and load alike.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import geopandas as gpd
import pandas as pd

from energy import facts
from energy.errors import DataError
from energy.intake import own
from geodata import routes
from geodata.errors import GeodataError

GEM_LINES = "gem_routes.geojson"
OWN_LINES = "routes.geojson"


def base(lines: str | Path | None = None) -> gpd.GeoDataFrame:
    """Return the lines of a file, else those imported from Global Energy Monitor, else ours.

    Examples
    --------
    >>> base().loc["nord-stream-1", "geometry"].geom_type
    'LineString'
    """
    imported = facts.home() / GEM_LINES
    return routes.load(lines or (imported if imported.exists() else None))


def lay(ground: gpd.GeoDataFrame, folder: Path) -> gpd.GeoDataFrame:
    """Lay the lines of a folder over others; a line of the same route takes its place.

    Examples
    --------
    >>> lay(base(), Path("no-lines-of-mine")).equals(base())
    True
    """
    path = folder / OWN_LINES
    if not path.exists():
        return ground
    own = routes.load(path)
    rest = ground[~ground.index.isin(own.index)]
    both = pd.concat([rest, own[ground.columns.intersection(own.columns)]])
    return gpd.GeoDataFrame(both, geometry="geometry", crs=ground.crs).rename_axis(
        ground.index.name
    )


def faults_between(known: Iterable[str], ground: gpd.GeoDataFrame) -> list[str]:
    """Return the routes without a line, and the lines without a route.

    Examples
    --------
    >>> faults_between(["blue-stream", "no-such"], base().loc[["blue-stream"]])
    ["routes.geojson: route 'no-such' of routes.csv has no line; add a feature with this id"]
    """
    ids = set(known)
    return [
        f"{OWN_LINES}: route '{name}' of routes.csv has no line; add a feature with this id"
        for name in sorted(ids - set(ground.index))
    ] + [
        f"{OWN_LINES}: line '{name}' has no route; add a row to routes.csv or correct the id"
        for name in sorted(set(ground.index) - ids)
    ]


def judge(folder: Path) -> list[str]:
    r"""Return every fault that keeps the tracker from opening on a user's folder of facts.

    Tables, links between them, each line of ``routes.geojson``, and that routes and lines match.

    Examples
    --------
    >>> folder = Path("mine")
    >>> folder.mkdir()
    >>> _ = (folder / "routes.csv").write_text("route,colour\nmine,red\n")
    >>> judge(folder)[0].split(";")[0]
    "routes.csv: column 'name' is missing"
    """
    if unread := own.too_large(folder) or own.no_tables(folder):
        return unread
    faults = facts.check(folder)
    path = folder / OWN_LINES
    if path.exists():
        faults += routes.read_faults(path)
    if faults:
        return faults
    try:
        ground = lay(base(), folder)
    except GeodataError as error:
        return [str(error)]
    drawn = ground.loc[sorted(set(routes.load(path).index))] if path.exists() else ground.iloc[:0]
    tables = facts.load(folder)
    odd = own.faults(folder, tables)
    return odd + routes.check(drawn) + faults_between(tables["routes"]["route"], ground)


def opened(tables: facts.Tables, folder: Path, lines: str | Path | None) -> gpd.GeoDataFrame:
    """Return the lines for the tables of a folder.

    Raises
    ------
    DataError
        Naming each route without a line and each line without a route.

    Examples
    --------
    >>> "blue-stream" in opened(facts.load(), Path("no-lines-of-mine"), None).index
    True
    """
    ground = lay(base(lines), folder)
    faults = faults_between(tables["routes"]["route"], ground)
    if lines is not None:  # a file of one's own may draw more than the tables know
        faults = [text for text in faults if "has no line" in text]
    if faults:
        raise DataError(OWN_LINES, faults)
    return ground
