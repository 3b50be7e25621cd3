"""The drawn lines: all there, the right way round, neither through the sea nor off the map."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import frictionless
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely.geometry import LineString, Point, shape

from geodata import basemap, formats, geometry, routes
from geodata.errors import FormatError, GeometryError

DATA = Path(__file__).parents[1] / "energy" / "data"

# The listed routes, four corridor routes and three lines that join others, of our own.
IDS = """
power-of-siberia-1 power-of-siberia-kovykta china-russia-east power-of-siberia-2 soyuz-vostok altai
sakhalin-khabarovsk-vladivostok far-eastern-route hulin-changchun belogorsk-khabarovsk
nord-stream-1 nord-stream-2 yamal-europe northern-lights torzhok-dolyna minsk-kaliningrad
leningrad-finland valdai-pskov-riga urengoy-pomary-uzhgorod soyuz progress trans-balkan opal nel
eugal turkstream-1 turkstream-2 balkan-stream-bulgaria balkan-stream-serbia serbia-hungary
blue-stream south-stream pisarevka-anapa pochinki-anapa north-caucasus-transcaucasia
russia-azerbaijan-iran bovanenkovo-ukhta ukhta-torzhok gryazovets-vyborg gryazovets-slavyanskaya
srto-torzhok pochinki-gryazovets central-asia-center bukhara-ural central-asia-china-abc
central-asia-china-d caspian-coastal makat-north-caucasus murmansk-volkhov sakhalin-hokkaido
trans-korea trans-sakhalin russia-kazakhstan-china
ukraine-transit ukraine-slovakia ukraine-hungary ukraine-poland
jagal strandzha-provadia pochinki-izobilny
""".split()  # noqa: SIM905

# Where a route begins and ends, (lon, lat) of the town or station, to a tenth of a degree.
ENDS = {
    "power-of-siberia-1": ((111.7, 60.4), (127.4, 50.3)),
    "china-russia-east": ((127.4, 50.3), (121.1, 31.3)),
    "nord-stream-1": ((28.1, 60.5), (13.6, 54.1)),
    "nord-stream-2": ((28.4, 59.6), (13.6, 54.1)),
    "yamal-europe": ((35.0, 57.0), (14.5, 52.5)),
    "northern-lights": ((35.0, 57.0), (24.0, 49.0)),
    "minsk-kaliningrad": ((27.5, 53.7), (20.5, 54.7)),
    "leningrad-finland": ((30.6, 60.0), (25.3, 60.6)),
    "valdai-pskov-riga": ((35.0, 57.0), (24.1, 57.0)),
    "urengoy-pomary-uzhgorod": ((76.5, 66.5), (22.1, 48.6)),
    "soyuz": ((54.8, 51.8), (22.1, 48.6)),
    "progress": ((74.9, 67.9), (22.1, 48.6)),
    "trans-balkan": ((33.4, 49.1), (28.8, 41.0)),
    "jagal": ((14.5, 52.5), (12.2, 50.8)),
    "strandzha-provadia": ((27.0, 42.1), (27.4, 43.2)),
    "pochinki-izobilny": ((44.9, 54.7), (41.7, 45.4)),
    "turkstream-1": ((37.4, 44.9), (27.3, 41.4)),
    "turkstream-2": ((37.4, 44.9), (27.0, 42.1)),
    "balkan-stream-bulgaria": ((27.4, 43.2), (22.4, 43.8)),
    "balkan-stream-serbia": ((22.4, 43.8), (20.0, 46.2)),
    "serbia-hungary": ((20.0, 46.2), (19.8, 46.8)),
    "blue-stream": ((41.7, 45.4), (32.8, 39.9)),
    "south-stream": ((37.4, 44.9), (13.6, 46.5)),
    "bovanenkovo-ukhta": ((68.4, 70.4), (53.7, 63.6)),
    "central-asia-center": ((38.7, 55.3), (60.4, 41.4)),
    "bukhara-ural": ((63.5, 40.1), (61.4, 55.1)),
    "central-asia-china-abc": ((64.8, 38.6), (80.4, 44.2)),
    "russia-azerbaijan-iran": ((44.6, 43.7), (48.9, 38.4)),
    "sakhalin-khabarovsk-vladivostok": ((143.2, 52.5), (132.0, 43.1)),
    "far-eastern-route": ((133.6, 45.7), (133.3, 45.7)),
    "sakhalin-hokkaido": ((142.9, 46.6), (140.5, 36.4)),
    "trans-korea": ((132.0, 43.1), (127.0, 37.6)),
    "ukraine-transit": ((35.3, 51.2), (22.1, 48.6)),
    "ukraine-slovakia": ((24.5, 48.8), (22.1, 48.6)),
    "ukraine-hungary": ((24.0, 49.0), (22.5, 48.2)),
    "ukraine-poland": ((24.0, 49.0), (22.8, 49.7)),
}

# Published lengths in km: the operators' figures as they stand in the route facts.
PUBLISHED = {
    "power-of-siberia-1": 2156,
    "nord-stream-1": 1224,
    "nord-stream-2": 1230,
    "urengoy-pomary-uzhgorod": 4451,
    "progress": 4591,
    "soyuz": 2675,
    "blue-stream": 1213,
    "balkan-stream-bulgaria": 474,
    "balkan-stream-serbia": 403,
    "ukhta-torzhok": 970,
    "pochinki-gryazovets": 650,
    "central-asia-china-abc": 1833,
    "nel": 440,
}

# Boxes of open water (west, south, east, north) that a route crosses; nothing dry lies in them.
OPEN_WATER = {
    "nord-stream-1": [(24, 59.7, 25.5, 60.0), (19, 57, 20.5, 58.5), (15.3, 55.2, 16.2, 55.7)],
    "nord-stream-2": [(24, 59.7, 25.5, 60.0), (19, 57, 20.5, 58.5), (15.3, 54.8, 16.2, 55.6)],
    "turkstream-1": [(30, 42.3, 36, 43.6)],
    "turkstream-2": [(30, 42.3, 36, 43.6)],
    "blue-stream": [(37, 41.8, 38.3, 44)],
    "south-stream": [(29, 43, 36, 44)],
    "bovanenkovo-ukhta": [(67.1, 68.9, 67.9, 69.2)],
}

# Islands and peninsulas a sea route must leave aside, each a rough core (lon, lat, radius in km).
DRY = {
    "nord-stream-1": [(26.98, 60.05, 3), (18.5, 57.4, 20), (14.93, 55.12, 12), (22.7, 58.9, 15)],
    "nord-stream-2": [(26.98, 60.05, 3), (18.5, 57.4, 20), (14.93, 55.12, 12), (22.7, 58.9, 15)],
    "turkstream-1": [(34.2, 45.2, 40), (35.0, 41.8, 15)],
    "turkstream-2": [(34.2, 45.2, 40), (35.0, 41.8, 15)],
    "blue-stream": [(36.0, 41.5, 15)],
    "south-stream": [(34.2, 45.2, 40)],
}

# Water that a land route goes round, each a rough core (lon, lat, radius in km).
WET = {
    "gryazovets-vyborg": [(31.5, 60.8, 30), (28.6, 60.62, 3), (35.5, 61.7, 30)],
    "murmansk-volkhov": [(33.5, 66.7, 8), (35.5, 61.7, 30)],
    "makat-north-caucasus": [(50.0, 45.5, 50)],
    "china-russia-east": [(121.2, 40.2, 20)],
    "russia-azerbaijan-iran": [(50.0, 42.0, 40)],
    "pisarevka-anapa": [(37.0, 46.3, 30)],
}


@pytest.fixture(scope="module")
def lines():
    return routes.load()


@pytest.fixture
def two_points():
    """A user's file: one feature, one degree southwards near Minsk."""
    return {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": "mine",
                "properties": {"name": "Mine", "accuracy": "sketch", "geometry_source": "own"},
                "geometry": {"type": "LineString", "coordinates": [[27.5, 54.0], [27.5, 53.0]]},
            }
        ],
    }


@pytest.fixture
def write(tmp_path):
    def _write(collection):
        path = tmp_path / "mine.geojson"
        path.write_text(json.dumps(collection))
        return path

    return _write


def test_every_route_has_one_line(lines):
    assert len(IDS) == 60
    assert sorted(lines.index) == sorted(IDS)
    assert list(lines.columns) == routes.COLUMNS
    assert lines.crs == "EPSG:4326"


def test_every_line_says_how_good_it_is_and_where_it_comes_from(lines):
    assert set(lines["accuracy"]) == {"traced", "sketch"}
    assert lines["geometry_source"].str.startswith("own").all()
    never_built = ["power-of-siberia-2", "soyuz-vostok", "altai", "trans-korea", "south-stream"]
    assert (lines.loc[never_built, "accuracy"] == "sketch").all()


@pytest.mark.parametrize("route", ENDS)
def test_lines_run_from_their_beginning_to_their_end(lines, route):
    first, last = geometry.ends(lines.geometry[route])
    assert geometry.distance_km(first, ENDS[route][0]) < 15
    assert geometry.distance_km(last, ENDS[route][1]) < 15


def test_central_asia_center_runs_southwards(lines):
    _, lat = lines.geometry["central-asia-center"].coords.xy
    assert lat[0] > 55 and lat[-1] < 42


def test_sections_of_one_corridor_meet(lines):
    chains = [
        ("power-of-siberia-kovykta", "power-of-siberia-1", "china-russia-east"),
        ("power-of-siberia-2", "soyuz-vostok"),
        ("bovanenkovo-ukhta", "ukhta-torzhok", "gryazovets-vyborg", "nord-stream-1", "opal"),
        ("srto-torzhok", "yamal-europe"),
        ("pochinki-anapa", "turkstream-1"),
        ("balkan-stream-bulgaria", "balkan-stream-serbia", "serbia-hungary"),
        ("far-eastern-route", "hulin-changchun"),
    ]
    for chain in chains:
        for before, after in pairwise(chain):
            here = Point(lines.geometry[after].coords[0])
            end = geometry.ends(lines.geometry[before])[1]
            gap = geometry.distance_km(end, here)
            assert gap < 1 or before == "power-of-siberia-kovykta", (before, after, gap)


@pytest.mark.parametrize("route", PUBLISHED)
def test_lengths_agree_with_what_is_published(lines, route):
    assert lines["length_km"][route] == pytest.approx(PUBLISHED[route], rel=0.03)


def test_every_line_is_as_long_as_published_to_5_percent_a_sketch_to_15(lines):
    """All of them, from end to end; no note excuses a line of the package."""
    known = routes.read_lines()
    published = known["published_km"].dropna()
    unmeasured = set(lines.index) - set(published.index)
    assert unmeasured == {"strandzha-provadia", "ukraine-transit", "ukraine-slovakia",
                          "ukraine-hungary", "ukraine-poland"}  # fmt: skip
    ratio = lines["length_km"].reindex(published.index) / published
    limit = known["accuracy"].reindex(published.index).map({"traced": 0.05, "sketch": 0.15})
    assert ratio[(ratio - 1).abs() > limit].to_dict() == {}
    assert ratio.median() == pytest.approx(1, abs=0.005)


@pytest.mark.slow
def test_the_part_that_a_length_counts_is_met_too():
    table = routes.lengths()
    assert len(table) == 55
    limit = table["accuracy"].map({"traced": 0.05, "sketch": 0.15})
    assert table[(table["ratio"] - 1).abs() > limit].index.tolist() == []
    # Urengoy - Purpe is the trunk that was to feed it; 2,600 km are published from Purpe on.
    assert table["drawn_km"]["altai"] == pytest.approx(2600, rel=0.01)


def test_what_a_length_counts_is_said_where_it_is_not_the_line():
    lines = routes.read_lines()
    assert set(lines["scope"][lines["published_km"].notna()]) == {"whole", "part"}
    assert set(lines.index[lines["scope"] == "part"]) == {"altai", "hulin-changchun"}
    assert (lines["note"][lines["scope"] == "part"].str.contains("published length")).all()
    assert (lines["scope"][lines["published_km"].isna()] == "").all()


def test_lengths_off_by_more_are_told(lines):
    assert routes.check(lines) == []
    short = lines.loc[["nel", "soyuz"]]  # a note of the package's own is no excuse
    faults = routes.check(short, published={"nel": 500, "soyuz": 2675})
    assert len(faults) == 1
    assert faults[0].startswith("Route 'nel': the line is 4")


def test_published_lengths_are_those_of_the_facts():
    facts = pd.read_csv(DATA / "route_facts.csv", dtype=str)
    known = facts[facts["attribute"] == "length"].set_index("route")["value"].astype(float)
    ours = routes.read_lines()["published_km"].dropna()
    assert len(ours) > 50
    pd.testing.assert_series_equal(
        ours.sort_index(), known.sort_index(), check_names=False, check_dtype=False
    )


def test_no_segment_is_longer_than_25_km(lines):
    for route, line in lines.geometry.items():
        points = list(line.coords)
        longest = max(geometry.distance_km(a, b) for a, b in pairwise(points))
        assert longest < 25.5, route


def test_no_line_is_shorter_than_the_great_circle_nor_runs_in_circles(lines):
    for route, line in lines.geometry.items():
        straight = geometry.distance_km(*geometry.ends(line))
        assert straight * 0.9999 < lines["length_km"][route] < 2 * straight, route


def sharpest(xy):
    """Return the sharpest turn of a row of points in degrees, and where it is."""
    step = np.diff(xy, axis=0) * np.c_[np.cos(np.radians(xy[:-1, 1])), np.ones(len(xy) - 1)]
    way = step / np.linalg.norm(step, axis=1)[:, None]
    turn = np.degrees(np.arccos(np.clip((way[1:] * way[:-1]).sum(axis=1), -1, 1)))
    return turn.max(), xy[turn.argmax() + 1]


def test_no_line_turns_back_on_itself(lines):
    """A turn sharper than 110 degrees is a point out of order; a bend may add 20 to a corner."""
    for route, points in routes.read_waypoints().groupby("route"):
        turn, where = sharpest(points.sort_values("seq")[["lon", "lat"]].to_numpy(float))
        assert turn < 110, (route, where)
    for route, line in lines.geometry.items():
        turn, where = sharpest(shapely.get_coordinates(line))
        assert turn < 130, (route, where)


@pytest.mark.parametrize("route", OPEN_WATER)
def test_sea_routes_cross_open_water(lines, route):
    for box in OPEN_WATER[route]:
        assert lines.geometry[route].intersects(shapely.box(*box)), box


@pytest.mark.parametrize(("route", "cores"), [*DRY.items(), *WET.items()])
def test_lines_go_round_what_is_in_the_way(lines, route, cores):
    for lon, lat, radius in cores:
        away = geometry.nearest_km(np.array([[lon, lat]]), lines.geometry[route])[0]
        assert away > radius, (lon, lat)


def test_nord_stream_passes_hogland_gotland_and_bornholm_in_order(lines):
    line = lines.geometry["nord-stream-1"]
    places = [Point(26.98, 60.05), Point(19.0, 57.5), Point(15.1, 55.1)]
    along = [line.project(place) for place in places]
    assert along == sorted(along)
    distances = [
        geometry.distance_km(line.interpolate(a), p) for a, p in zip(along, places, strict=True)
    ]
    assert max(distances) < 45


@pytest.mark.slow
def test_build_writes_the_file_of_the_package_byte_for_byte(tmp_path):
    written = routes.build(tmp_path / "routes.geojson")
    assert written.read_bytes() == (routes.DATA / "routes.geojson").read_bytes()


def test_the_file_is_valid_and_carries_licence_and_attribution():
    path = routes.DATA / "routes.geojson"
    assert formats.validate_geojson(path) == []
    collection = json.loads(path.read_bytes())
    assert collection["licence"] == "CC BY 4.0"
    assert collection["attribution"].startswith("Route lines: energy-trade-tracker")
    first = collection["features"][0]
    assert first["id"] == first["properties"]["id"] == "power-of-siberia-1"
    assert set(first["properties"]) == {
        "id", "route_id", "name", "accuracy", "geometry_source", "length_km", "note",
    }  # fmt: skip


def test_the_lengths_in_the_file_are_those_of_its_lines(lines):
    collection = json.loads((routes.DATA / "routes.geojson").read_bytes())
    stated = {f["id"]: f["properties"]["length_km"] for f in collection["features"]}
    assert stated == lines["length_km"].round(1).to_dict()


def test_the_tables_agree_with_their_description():
    report = frictionless.validate(str(routes.DATA / "datapackage.json"))
    assert report.valid, report.flatten(["name", "fieldName", "message"])


def test_draw_puts_vertices_on_the_geodesic():
    points = pd.DataFrame({"route": "r", "seq": [1, 2], "lon": [10.0, 20.0], "lat": [60.0, 60.0]})
    drawn = routes.draw(points)
    assert drawn.index.tolist() == ["r"]
    # 10 degrees along the 60th parallel measure 558 km, the geodesic 557: 23 equal steps.
    assert drawn["length_km"]["r"] == pytest.approx(557.1, abs=0.5)
    assert len(drawn.geometry["r"].coords) == 24
    # Half way its latitude is atan(tan 60 / cos 5) on the sphere.
    assert max(drawn.geometry["r"].coords.xy[1]) == pytest.approx(60.094, abs=0.003)


def test_draw_follows_seq_and_not_the_order_of_rows():
    points = pd.DataFrame(
        {"route": "r", "seq": [3, 1, 2], "lon": [10.2, 10.0, 10.1], "lat": [50.0, 50.0, 50.1]}
    )
    line = routes.draw(points).geometry["r"]
    assert list(line.coords) == [(10.0, 50.0), (10.1, 50.1), (10.2, 50.0)]


def test_draw_wants_two_points():
    points = pd.DataFrame({"route": ["a"], "seq": [1], "lon": [10.0], "lat": [50.0]})
    with pytest.raises(FormatError, match="Route 'a' has one waypoint; a line needs two"):
        routes.draw(points)


def test_draw_refuses_swapped_axes():
    points = pd.DataFrame({"route": "a", "seq": [1, 2], "lon": [53.0, 55.0], "lat": [127.0, 128.0]})
    with pytest.raises(GeometryError, match="waypoints of a has its axes swapped"):
        routes.draw(points)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("route,seq,name,lon,lat,kind\n", "waypoints.csv lacks the column 'source'"),
        (
            "route,seq,name,lon,lat,kind,source\na,1,,1,2,pump,x\n",
            "waypoints.csv, row 2: kind 'pump'; expected one of field",
        ),
        (
            "route,seq,name,lon,lat,kind,source\na,1,,1,2,sea,x\na,1,,3,2,sea,x\n",
            "waypoints.csv, row 3: route 'a' has seq 1 twice",
        ),
    ],
)
def test_waypoints_with_a_fault_are_refused(tmp_path, text, message):
    path = tmp_path / "waypoints.csv"
    path.write_text(text)
    with pytest.raises(FormatError, match=message):
        routes.read_waypoints(path)


def test_a_route_in_one_table_only_is_refused(tmp_path, monkeypatch):
    header = "route,seq,name,lon,lat,kind,source\n"
    (tmp_path / "waypoints.csv").write_text(header + "a,1,,10,50,town,x\na,2,,11,50,town,x\n")
    (tmp_path / "lines.csv").write_text(
        "route,name,accuracy,geometry_source,published_km,scope,from_seq,to_seq,system,note\n"
    )
    monkeypatch.setattr(routes, "DATA", tmp_path)
    with pytest.raises(FormatError, match=r"Route 'a' stands in only one of waypoints\.csv and"):
        routes.build(tmp_path / "routes.geojson")
    assert not (tmp_path / "routes.geojson").exists()


def test_load_reads_a_users_file(two_points, write):
    mine = routes.load(write(two_points))
    assert mine.index.tolist() == ["mine"]
    assert mine["note"]["mine"] == ""
    assert mine["length_km"]["mine"] == pytest.approx(111.3, abs=0.1)


def test_load_takes_the_id_from_the_properties_too(two_points, write):
    feature = two_points["features"][0]
    feature["properties"]["id"] = feature.pop("id")
    assert routes.load(write(two_points)).index.tolist() == ["mine"]


def _feature(collection):
    return collection["features"][0]


FAULTS = {
    "no collection": (
        lambda c: c.pop("features"),
        FormatError,
        "mine.geojson is not a GeoJSON FeatureCollection",
    ),
    "bare geometry": (
        lambda c: c["features"].insert(0, {"type": "Point", "coordinates": [1, 2]}),
        FormatError,
        "mine.geojson, feature 1 is not a GeoJSON Feature",
    ),
    "no id": (
        lambda c: _feature(c).pop("id"),
        FormatError,
        "mine.geojson, feature 1 has no text id",
    ),
    "duplicate id": (
        lambda c: c["features"].append(_feature(c)),
        FormatError,
        r"feature 2 \(mine\): the id 'mine' stands twice",
    ),
    "missing property": (
        lambda c: _feature(c)["properties"].pop("accuracy"),
        FormatError,
        r"feature 1 \(mine\) lacks the property 'accuracy'",
    ),
    "unknown accuracy": (
        lambda c: _feature(c)["properties"].update(accuracy="good"),
        FormatError,
        "has accuracy 'good'; expected one of surveyed, traced, sketch",
    ),
    "no geometry": (
        lambda c: _feature(c).update(geometry=None),
        GeometryError,
        r"feature 1 \(mine\) has no geometry. Draw a LineString",
    ),
    "coordinates only": (
        lambda c: _feature(c).update(geometry=[[27, 54], [27, 53]]),
        GeometryError,
        r"feature 1 \(mine\) has no geometry",
    ),
    "words for numbers": (
        lambda c: _feature(c)["geometry"].update(coordinates=[["27", "x"], [27, 53]]),
        GeometryError,
        "has coordinates that make no line",
    ),
    "a hole": (
        lambda c: _feature(c)["geometry"].update(coordinates=[[27, None], [27, 53]]),
        GeometryError,
        r"feature 1 \(mine\)",
    ),
    "properties null": (
        lambda c: _feature(c).update(properties=None),
        FormatError,
        "lacks the property 'name'",
    ),
    "a point": (
        lambda c: _feature(c).update(geometry={"type": "Point", "coordinates": [27, 53]}),
        GeometryError,
        "is a Point; a route is a LineString or MultiLineString",
    ),
    "empty geometry": (
        lambda c: _feature(c)["geometry"].update(coordinates=[]),
        GeometryError,
        r"feature 1 \(mine\).*empty",
    ),
    "one vertex": (
        lambda c: _feature(c)["geometry"].update(coordinates=[[27.57, 53.9]]),
        GeometryError,
        "has coordinates that make no line",
    ),
    "no coordinates": (
        lambda c: _feature(c)["geometry"].pop("coordinates"),
        GeometryError,
        "has coordinates that make no line",
    ),
    "swapped axes": (
        lambda c: _feature(c)["geometry"].update(coordinates=[[50.3, 127.4], [31.3, 121.1]]),
        GeometryError,
        r"feature 1 \(mine\) has its axes swapped",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_load_names_file_and_feature_of_a_fault(two_points, write, fault):
    spoil, error, message = FAULTS[fault]
    spoil(two_points)
    with pytest.raises(error, match=message):
        routes.load(write(two_points))


def test_load_says_that_a_file_is_missing_or_no_json(tmp_path):
    with pytest.raises(FormatError, match=r"gone\.geojson cannot be read: No such file"):
        routes.load(tmp_path / "gone.geojson")
    (tmp_path / "half.geojson").write_text('{"type": "Feat')
    with pytest.raises(FormatError, match=r"half\.geojson is not JSON"):
        routes.load(tmp_path / "half.geojson")


def test_check_collects_every_fault(lines):
    bad = lines.loc[["nel", "opal", "eugal", "soyuz", "nel"]].assign(note="")
    bad.iloc[1, bad.columns.get_loc("geometry")] = LineString()
    bad.iloc[2, bad.columns.get_loc("accuracy")] = "fine"
    faults = routes.check(bad, published={"soyuz": 1000})
    assert len(faults) == 4
    assert faults[0] == "Route 'nel' stands twice. Give each route one line."
    assert "Route 'opal': the geometry is empty" in faults[1]
    assert "Route 'eugal': accuracy 'fine'; expected surveyed, traced, sketch" in faults[2]
    assert "published are 1000 km (+1" in faults[3]


def test_a_note_excuses_a_length_and_a_sketch_may_stray_further(lines):
    one = lines.loc[["nel"]].assign(note="")
    length = float(one["length_km"]["nel"])
    assert routes.check(one, published={"nel": length / 1.04}) == []
    assert len(routes.check(one, published={"nel": length / 1.06})) == 1
    assert routes.check(one.assign(accuracy="sketch"), published={"nel": length / 1.14}) == []
    assert routes.check(one.assign(note="loops"), published={"nel": length / 2}) == []


def test_places_are_unique_and_lie_on_their_routes(lines):
    places = routes.places()
    assert len(places) > 250
    assert places.index.is_unique and places["name"].is_unique
    assert not places.geometry.duplicated().any()
    points = routes.read_waypoints().set_index("route")
    for place in places.itertuples():
        assert place.routes, place.Index
        for route in place.routes.split(";"):
            here = points.loc[route]
            row = here[here["name"] == place.name].iloc[0]
            assert (row["lon"], row["lat"]) == (place.geometry.x, place.geometry.y), place.Index


def test_every_station_of_the_lines_is_a_place():
    points = routes.read_waypoints()
    named = points[points["kind"].isin(["field", "compressor", "hub", "border", "landfall"])]
    assert set(named["name"]) == set(routes.places()["name"])


def test_known_places_are_where_they_are():
    places = routes.places()
    assert places.loc["portovaya-cs", "name_ru"] == "КС «Портовая»"
    assert places.loc["lubmin-landfall", "country"] == "DEU"
    assert places.loc["lubmin-landfall", "routes"] == "nord-stream-1;opal;nel"
    assert geometry.distance_km(places.geometry["velke-kapusany"], Point(22.08, 48.55)) < 5


@pytest.fixture(scope="module")
def dry_land():
    countries = basemap.load()["countries"]["features"]
    assert len(countries) > 150
    parts = [p for c in countries for p in shapely.get_parts(shape(c["geometry"]))]
    return shapely.STRtree(parts)


def test_points_at_sea_lie_off_the_land_of_the_base_map(dry_land):
    points = routes.read_waypoints()
    sea = points[points["kind"] == "sea"]
    assert len(sea) > 100
    inland = dry_land.query(shapely.points(sea["lon"], sea["lat"]), predicate="within")[0]
    assert sea.iloc[inland]["name"].tolist() == []


def test_points_on_land_lie_on_the_land_of_the_base_map_or_at_its_shore(dry_land):
    """The base map is coarse: a shore may be some kilometres off."""
    points = routes.read_waypoints()
    points = points[points["kind"] != "sea"]
    _, away = dry_land.query_nearest(
        shapely.points(points["lon"], points["lat"]), return_distance=True, all_matches=False
    )
    wet = points[away > 0.1]
    offshore = {"Piltun-Astokhskoye field"}
    assert set(wet["name"]) == offshore, wet[["route", "name", "lon", "lat"]]


def test_every_place_and_city_has_a_name_in_russian_and_chinese():
    """By hand: two stations, a border and a landfall as the field calls them."""
    places = routes.places()
    for table in (places, routes.cities()):
        assert (table[["name", "name_ru", "name_zh"]] != "").all(axis=None)
        assert not table["name_zh"].duplicated().any()
        assert table["name_ru"].str.contains("[а-яА-Я]").all()
        assert table["name_zh"].str.contains("[\u4e00-\u9fff]").all()
    assert places.loc["portovaya-cs", "name_zh"] == "波尔托瓦亚压气站"
    assert places.loc["alashankou", ["name_ru", "name_zh"]].tolist() == ["Алашанькоу", "阿拉山口"]
    assert places.loc["kiyikoy-landfall", "name_ru"] == "Кыйыкёй, выход на берег"
