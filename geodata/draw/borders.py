"""Borders that the map dashes because organs of the United Nations call their status unsettled.

The base map draws borders as the General Assembly recognises them; where both sides are members and
the Assembly has affirmed the line, it is drawn like any other, whoever disputes it (Russia and
Ukraine: resolutions 68/262 and ES-11/4). A line is listed here only with the act that leaves its
status open, or because the base map keeps an area apart that no act assigns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geodata.errors import FormatError

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Contested:
    """The border of two areas of the base map, or the piece of it inside a box.

    Attributes
    ----------
    a, b : str
        Codes of the base map (ISO 3166-1 alpha-3 and its additions, e.g. ``XKX``).
    basis : str
        The act or note that leaves the status open.
    box : tuple of float, optional
        West, south, east, north in degrees; left out: the whole border.

    Examples
    --------
    >>> Contested("RUS", "UKR", "UN General Assembly, ES-11/4").box is None
    True
    """

    a: str
    b: str
    basis: str
    box: Box | None = None


CONTESTED = (
    Contested("IND", "PAK", "Line of Control in Jammu and Kashmir, Security Council resolution 307 (1971)",
              (73, 32.4, 78, 37)),
    Contested("IND", "KAS", "Siachen: apart on the base map, beyond the end of the Line of Control"),
    Contested("KAS", "PAK", "Siachen: apart on the base map, beyond the end of the Line of Control"),
    Contested("CHN", "KAS", "Siachen: apart on the base map, beyond the end of the Line of Control"),
    Contested("CHN", "IND", "Aksai Chin: Jammu and Kashmir, Security Council resolution 47 (1948)",
              (76, 32.4, 81, 37)),
    Contested("CYN", "CYP", "Cyprus: Security Council resolutions 541 (1983) and 550 (1984)"),
    Contested("SRB", "XKX", "Kosovo: Security Council resolution 1244 (1999)"),
    Contested("ESH", "MAR", "Western Sahara: on the list of Non-Self-Governing Territories"),
    Contested("ISR", "PSE", "Armistice line: Security Council resolutions 242 (1967) and 2334 (2016)"),
    Contested("ISR", "SYR", "Golan: Security Council resolution 497 (1981)"),
    Contested("SDN", "SSD", "Abyei and the final line: Security Council resolutions 1990 and 2046"),
    Contested("SOL", "SOM", "Somaliland: apart on the base map; unity affirmed by resolution 1725 (2006)"),
)  # fmt: skip
"""Default of :class:`geodata.draw.Basemap`. Source: the resolutions named in each row."""

Arc = list[list[int]]


def split(
    topology: Mapping[str, Any],
    pairs: Mapping[tuple[str, str], Sequence[int]],
    contested: Iterable[Contested | tuple[str, str]],
) -> tuple[list[list[int]], set[int], list[list[int]]]:
    """Part the contested lines from the others.

    Parameters
    ----------
    topology : mapping
        As :func:`geodata.basemap.topology` gives it.
    pairs : mapping
        As :func:`geodata.basemap.neighbours` gives it.
    contested : iterable of Contested or (str, str)

    Returns
    -------
    dashed : list of flat integer steps
        The contested lines.
    taken : set of int
        Arcs that are no longer drawn as common borders.
    rest : list of flat integer steps
        What is left of arcs of which only a piece is contested.

    Raises
    ------
    FormatError
        If two areas have no common border on the base map.

    Examples
    --------
    >>> from geodata import basemap
    >>> shapes = basemap.topology()
    >>> dashed, taken, rest = split(shapes, basemap.neighbours(shapes), [("IND", "PAK")])
    >>> len(dashed) > 0, len(taken) > 0
    (True, True)
    """
    dashed, taken, rest = [], set(), []
    scale = topology["transform"]["scale"][0]
    for item in contested:
        one = item if isinstance(item, Contested) else Contested(*item, "")
        first, second = sorted((one.a, one.b))
        arcs = pairs.get((first, second))
        if not arcs:
            raise FormatError(
                f"{one.a} and {one.b} have no common border on the base map; give two codes of"
                " neighbours, e.g. ('CYN', 'CYP')."
            )
        for number in arcs:
            inside, outside = _cut(topology["arcs"][number], one.box, scale)
            if inside:
                taken.add(number)
                dashed += inside
                rest += outside
    return dashed, taken, rest


def _cut(arc: Arc, box: Box | None, scale: float) -> tuple[list[list[int]], list[list[int]]]:
    """Cut a line at the edge of a box: its pieces inside and outside as flat steps."""
    points = _points(arc)
    inside = [box is None or _within(point, box, scale) for point in points]
    pieces: tuple[list[list[int]], list[list[int]]] = ([], [])
    start = 0
    for i in range(1, len(points)):
        if i == len(points) - 1 or inside[i] != inside[start]:
            if i > start:
                pieces[0 if inside[start] else 1].append(_steps(points[start : i + 1]))
            start = i
    return pieces


def _within(point: tuple[int, int], box: Box, scale: float) -> bool:
    west, south, east, north = box
    return west <= point[0] * scale <= east and south <= point[1] * scale <= north


def _points(arc: Arc) -> list[tuple[int, int]]:
    x = y = 0
    return [(x := x + dx, y := y + dy) for dx, dy in arc]


def _steps(points: Sequence[tuple[int, int]]) -> list[int]:
    before = [(0, 0), *points[:-1]]
    return [n for a, b in zip(points, before, strict=True) for n in (a[0] - b[0], a[1] - b[1])]
