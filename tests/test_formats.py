"""Files of geometry: what is written is right, equal every time, and read back as it was."""

from __future__ import annotations

import builtins
import errno
import json
import shutil
import sqlite3
import subprocess
import time
from datetime import date

import geojson_pydantic
import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon

from geodata import formats
from geodata.errors import ArgumentError, FormatError
from geodata.formats import (
    read,
    sha256,
    validate_geojson,
    write_flatgeobuf,
    write_geojson,
    write_geopackage,
    write_geoparquet,
)


def frame(geometry, crs=4326, **columns):
    return gpd.GeoDataFrame(columns, geometry=geometry, crs=crs)


def features(path):
    return json.loads(path.read_bytes())["features"]


@pytest.fixture
def routes():
    """Two lines and one route without geometry, with a column of every kind."""
    columns = {
        "name": ["Yamal - Europe", "Сила Сибири", None],
        "bcm": [32.9, np.nan, 0.1],
        "strings": [1, 2, 3],
        "start": pd.to_datetime(["2022-01-01", "2022-02-03", None]),
        "open": [True, False, True],
        "quarters": [[1, 2.5], {"2022Q1": np.nan}, None],
        "status": pd.Categorical(["idle", "operating", "idle"]),
    }
    geometry = [
        LineString([(31.1234567, 52.0), (14.5, 52.3)]),
        MultiLineString([[(111.7, 60.3), (120.4, 60.4)], [(121, 60), (127.5, 50.3)]]),
        None,
    ]
    index = pd.Index(["yamal-europe", "power-of-siberia-1", "plan"], name="route")
    return gpd.GeoDataFrame(columns, geometry=geometry, index=index, crs=4326)


# --- GeoJSON, writing -----------------------------------------------------------------------------


def test_geojson_has_ids_bbox_six_decimals_nulls_and_no_crs(routes, tmp_path):
    path = write_geojson(routes, tmp_path / "routes.geojson", meta={"licence": "CC BY 4.0"})
    collection = json.loads(path.read_bytes())
    assert list(collection) == ["type", "bbox", "licence", "features"]
    assert collection["bbox"] == [14.5, 50.3, 127.5, 60.4]
    first, second, third = collection["features"]
    assert [f["id"] for f in (first, second, third)] == list(routes.index)
    assert first["geometry"] == {
        "type": "LineString",
        "coordinates": [[31.123457, 52.0], [14.5, 52.3]],
    }
    assert second["properties"] == {
        "route": "power-of-siberia-1",
        "name": "Сила Сибири",
        "bcm": None,
        "strings": 2,
        "start": "2022-02-03",
        "open": False,
        "quarters": {"2022Q1": None},
        "status": "operating",
    }
    assert second["geometry"]["type"] == "MultiLineString"
    assert third["geometry"] is None
    assert third["properties"]["start"] is None
    assert third["properties"]["name"] is None


def test_geojson_passes_our_validator_and_pydantic(routes, tmp_path):
    path = write_geojson(routes, tmp_path / "routes.geojson")
    assert validate_geojson(path) == []
    geojson_pydantic.FeatureCollection.model_validate_json(path.read_bytes())


def test_geojson_writes_values_of_every_kind(tmp_path):
    values = {
        "period": pd.period_range("2022Q1", periods=1, freq="Q"),
        "hour": pd.to_datetime(["2022-01-01T06:00"]),
        "zoned": pd.to_datetime(["2022-01-01T00:00:00Z"]),
        "array": [np.array([1.0, np.nan])],
        "count": pd.array([None], dtype="Int64"),
        "date": [date(2022, 9, 26)],
        "deep": [{"a": (np.int64(1), np.bool_(True), pd.NaT, np.datetime64("2022-01-01"))}],
    }
    path = write_geojson(frame([Point(1, 2)], **values), tmp_path / "x.geojson")
    assert features(path)[0]["properties"] == {
        "period": "2022Q1",
        "hour": "2022-01-01T06:00:00",
        "zoned": "2022-01-01T00:00:00+00:00",
        "array": [1.0, None],
        "count": None,
        "date": "2022-09-26",
        "deep": {"a": [1, True, None, "2022-01-01T00:00:00"]},
    }


def test_geojson_picks_properties_ids_and_decimals(routes, tmp_path):
    path = write_geojson(
        routes, tmp_path / "x.geojson", id="strings", properties=["name", "route"], decimals=2
    )
    first = features(path)[0]
    assert first["id"] == 1
    assert first["properties"] == {"name": "Yamal - Europe", "route": "yamal-europe"}
    assert first["geometry"]["coordinates"][0] == [31.12, 52.0]
    assert validate_geojson(path, decimals=2) == []


def test_geojson_joins_the_levels_of_an_index_and_gives_no_id_for_row_numbers(tmp_path):
    rows = frame([Point(0, 0), Point(1, 1)], flow=[1.0, 2.0])
    assert "id" not in features(write_geojson(rows, tmp_path / "x.geojson"))[0]
    quarters = pd.DatetimeIndex(["2022-01-01", "2022-04-01"])
    rows.index = pd.MultiIndex.from_arrays([["a", "a"], quarters], names=["route", "period"])
    first, second = features(write_geojson(rows, tmp_path / "x.geojson"))
    assert (first["id"], second["id"]) == ("a/2022-01-01", "a/2022-04-01")
    assert second["properties"] == {"route": "a", "period": "2022-04-01", "flow": 2.0}


def test_geojson_winds_rings_right_and_drops_heights(tmp_path):
    clockwise = Polygon([(0, 0), (0, 10), (10, 10), (10, 0)], [[(2, 2), (4, 2), (4, 4), (2, 4)]])
    rows = frame([clockwise, MultiPolygon([clockwise]), Point(1, 2, 3), Point()])
    path = write_geojson(rows, tmp_path / "x.geojson")
    assert validate_geojson(path) == []
    shapes = [f["geometry"] for f in features(path)]
    assert shapely.from_geojson(json.dumps(shapes[0])).exterior.is_ccw
    assert shapes[1]["coordinates"] == [shapes[0]["coordinates"]]
    assert shapes[2]["coordinates"] == [1.0, 2.0]
    assert shapes[3] is None


def test_geojson_cuts_at_the_antimeridian_and_the_bbox_crosses_it(tmp_path):
    rows = frame([LineString([(170, 10), (-170, 20)]), LineString([(160, 0), (165, 0)])])
    path = write_geojson(rows, tmp_path / "x.geojson")
    assert features(path)[0]["geometry"]["coordinates"] == [
        [[170.0, 10.0], [180.0, 15.0]],
        [[-180.0, 15.0], [-170.0, 20.0]],
    ]
    assert json.loads(path.read_bytes())["bbox"] == [160.0, 0.0, -170.0, 20.0]
    assert validate_geojson(path) == []


def test_geojson_of_no_rows_and_of_nulls_only(routes, tmp_path):
    for rows in (routes.iloc[:0], routes.iloc[2:]):
        path = write_geojson(rows, tmp_path / "x.geojson")
        assert validate_geojson(path) == []
        assert "bbox" not in json.loads(path.read_bytes())
        assert len(read(path)) == len(rows)


def test_geojson_writes_no_negative_zero(tmp_path):
    path = write_geojson(frame([Point(-1e-9, 1)]), tmp_path / "x.geojson")
    assert b"[0.0,1.0]" in path.read_bytes()


@pytest.mark.parametrize(
    ("change", "options", "words"),
    [
        (lambda g: g.set_crs(None, allow_override=True), {}, r"has no CRS.*set_crs\(4326\)"),
        (lambda g: g.to_crs(3857), {}, r"EPSG:3857; EPSG:4326 is expected.*to_crs\(4326\)"),
        (lambda g: pd.DataFrame(g), {}, "is of type DataFrame; expected gpd.GeoDataFrame"),
        (lambda g: g, {"properties": ["nmae"]}, "has no column 'nmae'; it has route, name"),
        (lambda g: g, {"id": "open"}, "id of row 0 is True; a text or a whole number"),
        (lambda g: g, {"id": "status"}, "1 ids stand for more than one row, first 'idle'"),
        (lambda g: g, {"meta": {"crs": 1}}, "meta holds 'crs', reserved by RFC 7946"),
        (lambda g: g.assign(route=1), {}, "Column 'route' stands twice"),
        (lambda g: g.assign(bcm=np.inf), {}, "bcm holds an infinite number"),
        (lambda g: g.assign(bcm=[[np.inf]] * 3), {}, "column 'bcm', row 0 holds an infinite"),
        (lambda g: g.assign(bcm=[object()] * 3), {}, "column 'bcm', row 0 holds a object"),
        (
            lambda g: g.assign(geometry=[Point(0, 91)] * 3),
            {},
            r"out of range in 3 of 3 .*\(0, 91\)",
        ),
        (
            lambda g: g.assign(geometry=[shapely.GeometryCollection([Point(0, 0)])] * 3),
            {},
            "is a GeometryCollection.*explode",
        ),
    ],
)
def test_geojson_refuses(routes, tmp_path, change, options, words):
    with pytest.raises((ArgumentError, FormatError), match=words):
        write_geojson(change(routes), tmp_path / "x.geojson", **options)
    assert list(tmp_path.iterdir()) == []


def test_geojson_refuses_coordinates_that_are_not_finite(routes, tmp_path):
    with np.errstate(invalid="ignore"):
        routes.geometry = [LineString([(1, 1), (np.nan, 2)]), None, None]
        with pytest.raises(FormatError, match=r"not finite in 1 of 3 rows \('yamal-europe'\)"):
            write_geojson(routes, tmp_path / "x.geojson")


def test_writing_replaces_a_file_whole_or_not_at_all(routes, tmp_path):
    path = write_geojson(routes, tmp_path / "new" / "folder" / "x.geojson")
    before = path.read_bytes()
    with pytest.raises(FormatError, match="infinite"):
        write_geojson(routes.assign(bcm=np.inf), path)
    assert path.read_bytes() == before
    with pytest.raises(FormatError, match="is a folder"):
        write_geojson(routes, tmp_path / "new")
    assert [p.name for p in path.parent.iterdir()] == ["x.geojson"]


# --- the same bytes every time --------------------------------------------------------------------

WRITERS = {
    "x.geojson": write_geojson,
    "x.parquet": write_geoparquet,
    "x.fgb": write_flatgeobuf,
    "x.gpkg": lambda gdf, path: write_geopackage({"one": gdf, "two": gdf.iloc[:2]}, path),
}


@pytest.mark.once
def test_writing_twice_gives_the_same_bytes_a_second_later(routes, tmp_path):
    first = {n: sha256(write(routes, tmp_path / "a" / n)) for n, write in WRITERS.items()}
    time.sleep(1.1)  # GeoPackage would write the time of day
    again = {n: sha256(write(routes, tmp_path / "b" / n)) for n, write in WRITERS.items()}
    over = {n: sha256(write(routes, tmp_path / "a" / n)) for n, write in WRITERS.items()}
    assert first == again == over


def test_geopackage_carries_our_stamp_and_leaves_gdal_as_it_was(routes, tmp_path):
    path = write_geopackage({"one": routes}, tmp_path / "x.gpkg")
    connection = sqlite3.connect(path)
    [(stamp,)] = connection.execute("select last_change from gpkg_contents").fetchall()
    connection.close()
    assert stamp == formats.STAMP
    assert pyogrio.get_gdal_config_option("OGR_CURRENT_DATE") is None


# --- the flat formats -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["x.parquet", "x.fgb", "x.gpkg"])
def test_flat_formats_read_back_as_written(routes, tmp_path, name):
    path = WRITERS[name](routes, tmp_path / name)
    back = read(path, layer="one" if name == "x.gpkg" else None)
    assert back.crs.equals("EPSG:4326", ignore_axis_order=True)
    assert back["route"].tolist() == routes.index.tolist()
    assert back["name"].fillna("").tolist() == ["Yamal - Europe", "Сила Сибири", ""]
    assert back["quarters"].fillna("").tolist() == ["[1,2.5]", '{"2022Q1":null}', ""]
    assert back["start"].tolist()[:2] == routes["start"].tolist()[:2]
    assert back["open"].tolist() == [True, False, True]
    np.testing.assert_array_equal(back["bcm"], routes["bcm"])
    for there, here in zip(back.geometry, routes.geometry, strict=True):
        assert (there is None) == (here is None)
        assert here is None or shapely.normalize(there).equals(shapely.normalize(here))


def test_flat_formats_type_columns_of_objects(tmp_path):
    columns = {
        "flag": pd.Series([True, None], dtype=object),
        "count": pd.Series([1, None], dtype=object),
        "mixed": pd.Series([1, "a"], dtype=object),
        "number": pd.Series([1, 2.5], dtype=object),
        "nothing": pd.Series([None, None], dtype=object),
    }
    back = read(write_geoparquet(frame([Point(0, 0)] * 2, **columns), tmp_path / "x.parquet"))
    assert back["flag"].tolist() == [True, None] or back["flag"].isna().tolist() == [False, True]
    assert back["count"].isna().tolist() == [False, True]
    assert back["mixed"].tolist() == ["1", "a"]
    assert back["number"].tolist() == [1.0, 2.5]
    assert back["nothing"].isna().all()


def test_flat_formats_are_cut_at_the_antimeridian_too(tmp_path):
    path = write_flatgeobuf(frame([LineString([(170, 10), (-170, 20)])]), tmp_path / "x.fgb")
    assert read(path).geometry[0].geom_type == "MultiLineString"


def test_geoparquet_without_pyarrow_names_the_extra(routes, tmp_path, monkeypatch):
    real = builtins.__import__

    def refuse(name, *rest):
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)

    path = write_geoparquet(routes, tmp_path / "x.parquet")
    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(FormatError, match=r"energy-trade-tracker\[parquet\]"):
        write_geoparquet(routes, tmp_path / "y.parquet")
    with pytest.raises(FormatError, match=r"energy-trade-tracker\[parquet\]"):
        read(path)
    assert [p.name for p in tmp_path.iterdir()] == ["x.parquet"]


def test_geopackage_wants_a_layer_and_read_wants_its_name(routes, tmp_path):
    with pytest.raises(FormatError, match="needs one layer at least"):
        write_geopackage({}, tmp_path / "x.gpkg")
    path = WRITERS["x.gpkg"](routes, tmp_path / "x.gpkg")
    assert len(read(path, layer="two")) == 2
    with pytest.raises(FormatError, match="has 2 layers; name one of one, two"):
        read(path)
    with pytest.raises(FormatError, match="has no layer 'three'; it has one, two"):
        read(path, layer="three")


# --- reading --------------------------------------------------------------------------------------


def test_reading_geojson_keeps_ids_nested_values_and_nulls(routes, tmp_path):
    back = read(write_geojson(routes, tmp_path / "x.geojson"))
    assert back.index.name == "route"
    assert back.index.tolist() == routes.index.tolist()
    assert back.loc["yamal-europe", "quarters"] == [1, 2.5]
    assert back.geometry["plan"] is None
    expected = shapely.set_precision(routes.geometry.iloc[1], 1e-6)
    assert back.geometry.iloc[1].equals_exact(expected, 1e-9)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.geojson", b"{", "is not JSON"),
        ("x.geojson", b'{"type": "Topology"}', "not a GeoJSON FeatureCollection"),
        (
            "x.geojson",
            b'{"type":"FeatureCollection","features":[{"geometry":{"type":"Line"}}]}',
            "holds a geometry that cannot be read",
        ),
        ("x.parquet", b"PAR1", "is not GeoParquet"),
        ("x.gpkg", b"SQLite", "is not what its name says"),
        ("x.shp", b"", "ends in '.shp'; .geojson, .json, .parquet, .fgb, .gpkg expected"),
    ],
)
def test_reading_refuses(tmp_path, name, content, words):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError, match=words):
        read(path)


def test_missing_files_and_folders_are_named(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere.fgb' does not exist; a file is expected"):
        read(tmp_path / "nowhere.fgb")
    with pytest.raises(FormatError, match="is a folder; a file is expected"):
        sha256(tmp_path)


def test_sha256_of_three_letters(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-2
    assert sha256(tmp_path / "abc").startswith("ba7816bf8f01cfea414140de5dae2223")


# --- GDAL as a second reader ----------------------------------------------------------------------


def test_gdal_reads_the_same_rows_and_values(routes, tmp_path):
    back = pyogrio.read_dataframe(write_geojson(routes, tmp_path / "x.geojson"))
    assert back["id"].tolist() == routes.index.tolist()
    assert back["name"].tolist()[:2] == routes["name"].tolist()[:2]
    np.testing.assert_array_equal(back["bcm"], routes["bcm"])
    assert back["start"].tolist()[:2] == routes["start"].tolist()[:2]
    np.testing.assert_allclose(back.total_bounds, [14.5, 50.3, 127.5, 60.4])
    assert back.crs.to_epsg() == 4326


@pytest.mark.parametrize("name", ["x.geojson", "x.fgb", "x.gpkg"])
def test_ogrinfo_counts_the_features(routes, tmp_path, name):
    if shutil.which("ogrinfo") is None:
        pytest.skip("ogrinfo is not installed")
    path = WRITERS[name](routes, tmp_path / name)
    layer = "one" if name == "x.gpkg" else "x"
    answer = subprocess.run(
        ["ogrinfo", "-so", str(path), layer], capture_output=True, text=True, check=True
    )
    assert "Feature Count: 3" in answer.stdout
    assert "bcm: Real" in answer.stdout
    assert "WGS 84" in answer.stdout


PLACES = st.tuples(st.floats(-180, 180), st.floats(-90, 90))
LINES = st.lists(PLACES, min_size=2, max_size=8).map(LineString)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=60,
    deadline=None,
)
@given(st.lists(st.none() | LINES | st.lists(LINES, min_size=1, max_size=3).map(MultiLineString)))
def test_any_lines_pass_both_validators_and_read_back(tmp_path, geometry):
    path = write_geojson(frame(geometry, number=list(range(len(geometry)))), tmp_path / "x.geojson")
    assert validate_geojson(path) == []
    back = read(path)
    assert back.get("number", pd.Series()).tolist() == list(range(len(geometry)))
    for there, here in zip(back.geometry, geometry, strict=True):
        assert (there is None) == (here is None)
        jumps = here is not None and any(
            (np.abs(np.diff(shapely.get_coordinates(part)[:, 0])) > 180).any()
            for part in shapely.get_parts(here)
        )
        if here is not None and not jumps:
            assert there.equals_exact(here, 1e-6)


# --- validating -----------------------------------------------------------------------------------

LINE = {"type": "LineString", "coordinates": [[30, 60], [31, 61]]}


def feature(geometry=LINE, **members):
    return {"type": "Feature", "id": "x", "properties": {}, "geometry": geometry} | members


def collection(*features_, **members):
    return json.dumps({"type": "FeatureCollection", "features": list(features_)} | members).encode()


def ring(*places):
    return feature({"type": "Polygon", "coordinates": [[list(p) for p in places]]})


def line(*places):
    return feature({"type": "LineString", "coordinates": [list(p) for p in places]})


BAD = {
    "not json": (b"{", "The file is not JSON"),
    "a list": (b"[]", "a FeatureCollection is expected"),
    "a topology": (b'{"type": "Topology"}', "holds a 'Topology'; a FeatureCollection"),
    "no features": (b'{"type": "FeatureCollection"}', "no list 'features'"),
    "nan": (collection(line((30, float("nan")), (31, 61))), "NaN, which is not finite"),
    "crs": (collection(feature(), crs={"type": "name"}), "The collection has a 'crs' member"),
    "crs inside": (collection(feature(LINE | {"crs": 1})), "Feature 0 (id 'x') has a 'crs' member"),
    "foreign in collection": (
        collection(geometry=None),
        "'geometry', which RFC 7946 (7.1) forbids",
    ),
    "foreign in feature": (
        collection(feature(coordinates=[1, 2])),
        "Feature 0 (id 'x') has a member 'coordinates', which RFC 7946 (7.1) forbids in a Feature",
    ),
    "foreign in geometry": (
        collection(feature(LINE | {"properties": {}})),
        "has a member 'properties', which RFC 7946 (7.1) forbids in a geometry",
    ),
    "no feature": (collection(LINE), "Feature 0 (no id) is not of type 'Feature'"),
    "no properties": (
        collection({"type": "Feature", "id": "x", "geometry": None}),
        "Feature 0 (id 'x') has no 'properties' member",
    ),
    "no geometry": (
        collection({"type": "Feature", "id": "x", "properties": None}),
        "Feature 0 (id 'x') has no 'geometry' member",
    ),
    "strange id": (collection(feature(id=[1])), "has an id that is neither a text nor a number"),
    "same id": (
        collection(feature(), feature()),
        "Feature 1 (id 'x') has the same id as feature 0",
    ),
    "longitude": (collection(line((200, 60), (31, 61))), "has a longitude out of -180..180"),
    "latitude": (collection(line((100, 95), (31, 61))), "has a latitude out of -90..90"),
    "axes": (collection(line((55, 120), (56, 121))), "has its axes swapped? lon/lat expected"),
    "jump": (collection(line((179, 60), (-179, 61))), "jumps more than 180 degrees"),
    "one vertex": (collection(line((30, 60))), "has a line of one vertex (at 30, 60)"),
    "decimals": (collection(line((30.1234567, 60), (31, 61))), "has more than 6 decimals"),
    "clockwise": (
        collection(ring((0, 0), (0, 1), (1, 1), (1, 0), (0, 0))),
        "has a clockwise exterior ring, counter-clockwise expected",
    ),
    "hole": (
        collection(
            feature(
                {
                    "type": "Polygon",
                    "coordinates": [
                        [[0, 0], [9, 0], [9, 9], [0, 9], [0, 0]],
                        [[1, 1], [2, 1], [2, 2], [1, 2], [1, 1]],
                    ],
                }
            )
        ),
        "has a counter-clockwise hole, clockwise expected",
    ),
    "unclosed": (collection(ring((0, 0), (1, 0), (1, 1), (0, 1))), "has a ring that is not closed"),
    "small ring": (collection(ring((0, 0), (1, 0), (0, 0))), "a ring of fewer than four positions"),
    "empty": (collection(line()), "has an empty geometry (LineString without coordinates)"),
    "empty part": (
        collection(feature({"type": "MultiLineString", "coordinates": [[]]})),
        "has wrong coordinates for a MultiLineString: a part is empty",
    ),
    "nesting": (
        collection(feature({"type": "LineString", "coordinates": [[[30, 60], [31, 61]]]})),
        "has wrong coordinates for a LineString",
    ),
    "no list": (
        collection(feature({"type": "LineString"})),
        "has wrong coordinates for a LineString: no list",
    ),
    "text": (collection(line(("30", 60), (31, 61))), "something other than numbers"),
    "four numbers": (collection(line((1, 2, 3, 4), (1, 2, 3, 4))), "a position of 4 numbers"),
    "type": (collection(feature({"type": "Line"})), "has the geometry type 'Line'"),
    "members": (
        collection(feature({"type": "GeometryCollection"})),
        "GeometryCollection without a list 'geometries'",
    ),
    "bbox": (
        collection(feature(), bbox=[0, 0, 1, 1]),
        "has the bbox [0.0, 0.0, 1.0, 1.0], but its data span [30.0, 60.0, 31.0, 61.0]",
    ),
    "bbox of three": (
        collection(feature(), bbox=[0, 0, 1]),
        "[west, south, east, north] is expected",
    ),
    "bbox of words": (
        collection(feature(), bbox=["a"] * 4),
        "[west, south, east, north] is expected",
    ),
    "bbox of nothing": (collection(bbox=[0, 0, 1, 1]), "has a bbox, but no coordinates"),
    "bbox of a feature": (
        collection(feature(bbox=[0, 0, 1, 1])),
        "Feature 0 (id 'x') has the bbox [0.0, 0.0, 1.0, 1.0]",
    ),
}


@pytest.mark.parametrize(("content", "words"), BAD.values(), ids=BAD.keys())
def test_validator_finds_one_fault_and_names_it(content, words):
    faults = validate_geojson(content)
    assert len(faults) == 1
    assert words in faults[0]


def test_validator_counts_a_fault_once_a_feature_and_gives_the_first_place():
    content = collection(feature(), line((30, 60), (200, 61), (201, 62)) | {"id": "y"})
    assert validate_geojson(content) == [
        "Feature 1 (id 'y') has a longitude out of -180..180 (2 times, first at 200, 61)."
    ]


def test_validator_takes_swapped_axes_inside_the_world_with_a_region():
    content = collection(line((55.7, -3), (56, -4)))
    assert validate_geojson(content) == []
    [fault] = validate_geojson(content, region=(-5, 10, 180, 85))
    assert "has its axes swapped?" in fault


def test_validator_lets_good_files_pass():
    positions = [[30, 60, 5], [31, 61]]
    mixed = {
        "type": "GeometryCollection",
        "geometries": [LINE, {"type": "Point", "coordinates": [30, 60]}],
    }
    multi = {"type": "MultiPoint", "coordinates": [[179, 0], [-179, 0]]}
    content = collection(
        feature({"type": "LineString", "coordinates": positions}, id=1),
        feature(mixed, id=2),
        feature(multi, id=3),
        feature(None, id=4, properties=None, extra="foreign"),
        title="foreign",
    )
    assert validate_geojson(content) == []
    assert validate_geojson(collection(feature(), bbox=[30, 60, 0, 31, 61, 9])) == []


def test_validator_wants_an_existing_file(tmp_path):
    with pytest.raises(FormatError, match="does not exist"):
        validate_geojson(tmp_path / "nowhere.geojson")


def test_validator_sees_what_gdal_does_by_default(tmp_path):
    square = Polygon([(0, 0), (0, 1), (1, 1), (1, 0)])  # clockwise
    path = tmp_path / "gdal.geojson"
    pyogrio.write_dataframe(frame([square]), path)
    faults = " ".join(validate_geojson(path))
    assert "'crs' member" in faults
    assert "clockwise exterior ring" in faults


@pytest.mark.parametrize("name", ["a.fgb", "a.gpkg"])
def test_a_driver_that_met_a_full_disk_says_so(name, tmp_path, monkeypatch):
    def broken(*_, **__):
        raise pyogrio.errors.DataSourceError("Failed to commit transaction")

    lines = gpd.GeoDataFrame(
        {"name": ["a", "b"]}, geometry=[LineString([(0, 0), (1, 1)])] * 2, crs=4326
    )
    write = {"a.fgb": lambda path: write_flatgeobuf(lines, path),
             "a.gpkg": lambda path: write_geopackage({"a": lines}, path)}[name]  # fmt: skip
    monkeypatch.setattr(pyogrio, "write_dataframe", broken)
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**30, 2**30, 4096)
    )
    with pytest.raises(OSError, match="No space left on device") as full:
        write(tmp_path / name)
    assert full.value.errno == errno.ENOSPC and list(tmp_path.iterdir()) == []
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(2**40, 0, 2**40)
    )
    with pytest.raises(pyogrio.errors.DataSourceError, match="Failed to commit"):
        write(tmp_path / name)
