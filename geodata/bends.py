"""Bends between named places, so that a hand-drawn line is as long as the pipe is published to be.

The places are known, the way between them is not: a geodesic from place to place leaves the bends
out and is some 10 % short. `bent` puts gentle bends between the places, none at them, and chooses
their size so that the line has the length asked for. The bends are not surveyed and say nothing of
where the pipe lies to a few kilometres; they are the same on every run.
"""

from __future__ import annotations

import functools
import zlib
from collections.abc import Sequence

import numpy as np
from pyproj import Geod

from geodata.errors import GeometryError, checked

WGS84 = Geod(ellps="WGS84")

WAVE_KM = 20.0
"""Shortest wave of a bend: about the spacing at which mapped trunk lines change their heading."""

STEP_KM = 4.0
"""Vertices along a bent leg: five to the shortest wave."""

MOST = 1.30
"""Length over the straight way beyond which bends would fold; then something else is amiss."""

ENOUGH = 0.03
"""A line this close to its published length is left as it is: no bend is invented without need."""

Place = tuple[float, float]
Leg = tuple[Place, Place]


@checked.after
def bent(start: Sequence[float], end: Sequence[float], size: float) -> np.ndarray:
    """Draw one leg with bends of a given size.

    Parameters
    ----------
    start, end : (lon, lat)
        Degrees, WGS84. Both are vertices of the result, to the last digit.
    size : float
        Root mean square of the slope of the bends; 0 gives the geodesic. The leg grows by about
        ``size ** 2 / 2`` of its length.

    Returns
    -------
    array, shape (n, 2)
        Longitude, latitude; a vertex every 4 km or so. The way back is the same way.

    Examples
    --------
    >>> straight, curved = bent((30, 60), (32, 60), 0.0), bent((30, 60), (32, 60), 0.5)
    >>> bool((straight[[0, -1]] == curved[[0, -1]]).all())
    True
    """
    a, b = (float(start[0]), float(start[1])), (float(end[0]), float(end[1]))
    if b < a:  # one leg has one shape, whichever way it is run
        return bent(b, a, size)[::-1]
    if size == 0.0 or _km(a, b) < WAVE_KM:
        return _geodesic(a, b, max(2, int(np.ceil(_km(a, b) / 25)) + 1))
    lon, lat, heading, waves = _axis(a, b)
    lon, lat, _ = WGS84.fwd(lon, lat, heading + 90.0, size * _km(a, b) * waves * 1000.0)
    line = np.column_stack([lon, lat])
    line[0], line[-1] = a, b
    return line


@checked.after
def fitted(legs: Sequence[Leg], target_km: float, where: str) -> float:
    """Find the size of bends that makes legs together as long as is asked for.

    Parameters
    ----------
    legs : sequence of (start, end)
        The legs that may bend; each end (lon, lat) in degrees.
    target_km : float
        Length wanted of all legs together, geodesic km.
    where : str
        Names the line in an error.

    Returns
    -------
    float
        `size` for `bent`; 0.0 where the straight way is as long already.

    Raises
    ------
    GeometryError
        If the bends needed would fold the line: the length is not that of this way.

    Examples
    --------
    >>> size = fitted([((10.0, 50.0), (12.0, 50.0))], 150.0, "a line")
    >>> round(drawn_km(bent((10.0, 50.0), (12.0, 50.0), size)), 1)
    150.0
    """
    straight = sum(drawn_km(bent(*leg, 0.0)) for leg in legs)
    if straight >= target_km:
        return 0.0
    if target_km > MOST * straight:
        raise GeometryError(
            f"{where}: {target_km:,.0f} km are to be drawn where {straight:,.0f} km lie between the "
            f"places; bends of {target_km / straight - 1:.0%} would fold. Add places, or say in the "
            "column 'scope' that the length counts something else."
        )
    low, high = 0.0, 1.5
    for _ in range(40):  # bisection: the length grows with the size
        middle = (low + high) / 2
        short = sum(drawn_km(bent(*leg, middle)) for leg in legs) < target_km
        low, high = (middle, high) if short else (low, middle)
    return low


@checked.after
def drawn_km(line: np.ndarray) -> float:
    """Measure an array of (lon, lat) along the ellipsoid, km.

    Examples
    --------
    >>> round(drawn_km(np.array([[0.0, 0.0], [1.0, 0.0]])), 3)
    111.319
    """
    lon, lat = line.T
    return float(WGS84.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])[2].sum()) / 1000


def _geodesic(a: Place, b: Place, count: int) -> np.ndarray:
    """Return `count` points from a to b along the geodesic, both ends exact."""
    (lon_a, lat_a), (lon_b, lat_b) = a, b
    inner = WGS84.npts(lon_a, lat_a, lon_b, lat_b, count - 2) if count > 2 else []
    return np.array([a, *inner, b])


@functools.lru_cache(maxsize=1024)
def _axis(a: Place, b: Place) -> tuple[np.ndarray, ...]:
    """Return what bends of every size share: lon, lat and heading of the straight way, the waves.

    A size is sought by drawing forty of them.
    """
    km = _km(a, b)
    count = int(np.ceil(km / STEP_KM)) + 1
    lon, lat = _geodesic(a, b, count).T
    heading = np.array(WGS84.inv(lon, lat, np.full(count, b[0]), np.full(count, b[1]))[0])
    heading[-1] = WGS84.inv(*a, *b)[1] + 180.0
    return lon, lat, heading, _waves(a, b, km, np.linspace(0.0, 1.0, count))


@functools.lru_cache(maxsize=1024)
def _km(a: Place, b: Place) -> float:
    return float(WGS84.inv(*a, *b)[2]) / 1000


def _waves(a: Place, b: Place, km: float, at: np.ndarray) -> np.ndarray:
    """Return the bends of a leg over its length, in parts of it: root mean square slope 1.

    A sum of sines down to the shortest wave, with weights drawn from the ends' coordinates; 0 at
    both ends with its slope, so that a corner at a place grows no sharper.
    """
    order = np.arange(1, max(2, int(2 * km / WAVE_KM)) + 1)
    text = f"{a[0]:.4f},{a[1]:.4f},{b[0]:.4f},{b[1]:.4f}"
    weight = np.array([zlib.crc32(f"{text},{k}".encode()) / 2**32 - 0.5 for k in order])
    waves = np.minimum(1.0, 1.5 * np.sin(np.pi * at)) * (
        np.sin(np.pi * np.outer(at, order)) @ (weight / np.sqrt(order))
    )
    slope = np.diff(waves) / np.diff(at)
    unit: np.ndarray = waves / np.sqrt((slope**2).mean())
    return unit
