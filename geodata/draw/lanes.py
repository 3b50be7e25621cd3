"""Which lines run side by side, so that none hides another when they are drawn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

WITHIN = 0.15  # degrees, about 10 km at 55° N: closer lines overlap on a map of a continent
SHARE = 0.6  # of the shorter line
MOST = 5  # lanes beside each other


def lanes(lines: Sequence[BaseGeometry | None]) -> list[float]:
    """Give lines that share a corridor different lanes.

    Parameters
    ----------
    lines : sequence of LineString or MultiLineString, degrees
        None or empty where there is no line.

    Returns
    -------
    list of float
        0 for a line that runs alone; else the lane to the right of the line's own direction, in
        steps of 1 and symmetric about 0. Lines of opposite direction count it from their own side,
        so that they do not meet.

    Examples
    --------
    >>> from shapely import LineString
    >>> lanes([LineString([(0, 0), (9, 0)]), LineString([(9, 0), (0, 0)]), None])
    [-0.5, -0.5, 0.0]
    """
    shapes = np.array([shape if shape is not None else shapely.LineString() for shape in lines])
    out = [0.0] * len(shapes)
    for group in _groups(len(shapes), _pairs(shapes)):
        first = _heading(shapes[group[0]])
        count = min(len(group), MOST)
        for place, index in enumerate(group):
            lane = place % MOST - (count - 1) / 2
            same = float(np.dot(_heading(shapes[index]), first)) >= 0
            out[index] = lane if same else -lane
    return out


def _pairs(shapes: np.ndarray) -> Iterator[tuple[int, int]]:
    """Find pairs of which the shorter runs mostly along the longer."""
    around = shapely.buffer(shapes, WITHIN, quad_segs=2)
    length = shapely.length(shapes)
    left, right = shapely.STRtree(shapes).query(around, predicate="intersects")
    chosen = (left != right) & (length[right] <= length[left])
    left, right = left[chosen], right[chosen]
    inside = shapely.length(shapely.intersection(shapes[right], around[left]))
    close = inside >= SHARE * length[right]
    yield from zip(left[close].tolist(), right[close].tolist(), strict=True)


def _groups(count: int, pairs: Iterator[tuple[int, int]]) -> list[list[int]]:
    """Join pairs into groups of two and more, in the order of the lines."""
    leader = list(range(count))
    for a, b in pairs:
        low, high = sorted((leader[a], leader[b]))
        leader = [low if one == high else one for one in leader]
    groups: dict[int, list[int]] = {}
    for index, one in enumerate(leader):
        groups.setdefault(one, []).append(index)
    return [group for group in groups.values() if len(group) > 1]


def _heading(shape: BaseGeometry) -> np.ndarray:
    points = shapely.get_coordinates(shape)
    step: np.ndarray = points[-1] - points[0]
    return step
