"""Is the net a net: shared points, loose ends and connected systems of the route lines.

Each line may be right and the whole still a heap of strings. Two lines are joined where they share
a vertex; an end that is on no other line must have a reason in ``data/ends.csv``: a field, a plant,
a market, or ``open`` where the way on is not decided. Which lines belong to one system is said in
``data/lines.csv``.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely

from geodata import geometry
from geodata.errors import FormatError, checked
from geodata.formats import read_csv
from geodata.routes import DATA, TOLERANCE, read_lines

KINDS = ("field", "plant", "market", "open")
SIDES = ("start", "end")
DECIMALS = 5  # vertices of one place are equal to about a metre


@checked
def read_ends(path: str | Path | None = None) -> pd.DataFrame:
    """Read why an end of a line is joined to no other.

    Returns
    -------
    DataFrame
        Columns ``route, end`` (start or end), ``kind`` (field, plant, market, open), ``note``.

    Raises
    ------
    FormatError
        If an end or a kind is unknown, an end stands twice, or an open one has no note.

    Examples
    --------
    >>> table = read_ends()
    >>> sorted(set(table["end"]))
    ['end', 'start']
    """
    path = DATA / "ends.csv" if path is None else Path(path)
    table = read_csv(path, keep_default_na=False)
    if missing := {"route", "end", "kind", "note"} - set(table):
        raise FormatError(f"{path.name} lacks the column {min(missing)!r}. Add it to its header.")
    for at, row in enumerate(table.to_dict("records"), 2):
        where = f"{path.name}, row {at}"
        if row["end"] not in SIDES or row["kind"] not in KINDS:
            raise FormatError(
                f"{where}: end {row['end']!r}, kind {row['kind']!r}; expected {' or '.join(SIDES)} and one of "
                f"{', '.join(KINDS)}."
            )
        if row["kind"] == "open" and not row["note"]:
            raise FormatError(f"{where}: an open end of {row['route']!r} without a note. Say why.")
    for at in table.index[table.duplicated(["route", "end"])]:
        raise FormatError(f"{path.name}, row {at + 2}: {table['route'][at]!r} has this end twice.")
    return table


@checked
def ends(lines: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tell of both ends of each line which other lines meet there.

    Parameters
    ----------
    lines : GeoDataFrame
        Index ``route``, column ``geometry``; see `geodata.routes.load`.

    Returns
    -------
    DataFrame
        Columns ``route, end, lon, lat, joins`` (``;``-joined ids, empty for a loose end).

    Examples
    --------
    >>> two = gpd.GeoSeries.from_wkt(["LINESTRING (0 0, 1 1)", "LINESTRING (1 1, 2 1)"], ["a", "b"])
    >>> ends(two.to_frame("geometry"))["joins"].tolist()
    ['', 'b', 'a', '']
    """
    at = _vertices(lines)
    rows = []
    for route, line in lines.geometry.items():
        for side, (lon, lat) in zip(SIDES, geometry.ends(line), strict=True):
            others = at[round(lon, DECIMALS), round(lat, DECIMALS)] - {route}
            rows.append((route, side, lon, lat, ";".join(sorted(others))))
    return pd.DataFrame(rows, columns=["route", "end", "lon", "lat", "joins"])


@checked
def components(lines: gpd.GeoDataFrame) -> list[set[str]]:
    """Group the lines that hang together, the largest group first.

    Examples
    --------
    >>> texts = ["LINESTRING (0 0, 1 1)", "LINESTRING (1 1, 2 1)", "LINESTRING (5 5, 6 6)"]
    >>> three = gpd.GeoSeries.from_wkt(texts, ["a", "b", "c"])
    >>> [sorted(group) for group in components(three.to_frame("geometry"))]
    [['a', 'b'], ['c']]
    """
    group = {route: {route} for route in lines.index}
    for routes in _vertices(lines).values():
        merged = set().union(*(group[route] for route in routes))
        group.update(dict.fromkeys(merged, merged))
    distinct = {id(members): members for members in group.values()}
    return sorted(distinct.values(), key=lambda members: (-len(members), min(members)))


@checked
def check(lines: gpd.GeoDataFrame) -> list[str]:
    """Collect what keeps our lines from being a net; an empty list means nothing does.

    Only routes of the package are judged: a line of one's own may lie where it likes.

    Returns
    -------
    list of str
        One sentence a fault: a loose end without a reason, a reason without a loose end, a system
        in pieces, two systems joined.

    Examples
    --------
    >>> from geodata import routes
    >>> check(routes.load())
    []
    """
    known = read_lines()
    ours = lines[lines.index.isin(known.index)]
    reasons = set(read_ends()[["route", "end"]].itertuples(index=False, name=None))
    faults = []
    for row in ends(ours).itertuples():
        if not row.joins and (row.route, row.end) not in reasons:
            faults.append(
                f"The {row.end} of route {row.route!r} ({row.lon:.2f}, {row.lat:.2f}) is on no other "
                "line. Join it at a shared point, or give the reason in ends.csv."
            )
    for members in components(ours):
        systems = sorted(known["system"].reindex(sorted(members)).unique())
        if len(systems) > 1:
            faults.append(
                f"The systems {' and '.join(systems)} are joined; lines.csv keeps them apart."
            )
    pieces = pd.Series([known["system"][min(members)] for members in components(ours)])
    for system in pieces[pieces.duplicated()].unique():
        parts = [m for m in components(ours) if known["system"][min(m)] == system]
        faults.append(
            f"The system {system!r} is in {len(parts)} pieces: {', '.join(min(m) for m in parts[1:])} "
            "and what hangs on them are not joined to the rest."
        )
    return faults


@checked
def told(lines: gpd.GeoDataFrame) -> str:
    """Say in a sentence how far the lines of the package are a net, and as long as published.

    Examples
    --------
    >>> from geodata import routes
    >>> told(routes.load()).split(";")[0]
    '60 lines of 4 systems in 4 connected pieces'
    """
    known = read_lines()
    ours = lines[lines.index.isin(known.index)]
    joins = ends(ours)["joins"]
    published = known["published_km"].reindex(ours.index).dropna()
    off = (ours["length_km"].reindex(published.index) / published - 1).abs()
    close = off <= ours["accuracy"].reindex(published.index).map(TOLERANCE)
    systems = known["system"].reindex(ours.index).nunique()
    return (
        f"{len(ours)} lines of {systems} systems in {len(components(ours))} connected pieces; "
        f"{(joins != '').sum()} of {len(joins)} ends lie on another line, {(joins == '').sum()} are "
        f"free; {close.sum()} of {len(close)} lengths are within 5 % of the published (sketches "
        "15 %)"
    )


def _vertices(lines: gpd.GeoDataFrame) -> dict[tuple[float, float], set[str]]:
    """Return which routes have a vertex at each place."""
    at: dict[tuple[float, float], set[str]] = defaultdict(set)
    for route, line in lines.geometry.items():
        for lon, lat in shapely.get_coordinates(line).round(DECIMALS).tolist():
            at[lon, lat].add(str(route))
    return at
