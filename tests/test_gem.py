"""Global Energy Monitor's folder of routes: its quirks are read, its better lines replace ours."""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import LineString, MultiLineString

from geodata import gem
from geodata.errors import FormatError, GeometryError
from geodata.formats import validate_geojson, write_geojson, write_geoparquet
from geodata.geometry import densify, distance_km, ends, length_km

SAMPLES = Path(__file__).parent / "data" / "gem"
SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(scope="module")
def samples():
    return gem.read_folder(SAMPLES / "gas")


# --- reading --------------------------------------------------------------------------------------


def test_every_project_has_a_row_with_or_without_a_route(samples):
    assert samples.index.name == "project"
    assert samples.index.tolist() == [f"P{i:04}" for i in range(1, 12)]
    assert samples.columns.tolist() == ["geometry", "parts", "vertices", "note"]
    assert samples.crs.to_epsg() == 4326
    assert samples.attrs["attribution"] == gem.credit()


@pytest.mark.parametrize(
    ("project", "wkt", "note"),
    [
        (
            "P0001",
            "MULTILINESTRING ((30 60, 31 60.5, 32 60.4), (33 60.2, 34 60))",
            "see P0001-compressor-stations-updated.qmd; see P0001-compressor-stations.geojson",
        ),
        ("P0002", None, "no route"),
        ("P0003", "LINESTRING (40 50, 41 51)", "bare Feature"),
        ("P0004", "LINESTRING (40 50, 41 51)", "bare geometry; heights dropped"),
        (
            "P0005",
            "LINESTRING (20 50, 21 50.2)",
            "geometry collection; Point left out; empty part dropped; one-vertex part dropped",
        ),
        (
            "P0006",
            "MULTILINESTRING ((14 60, 13 60.3, 12 60), (10 60, 11 60.2), (12 60, 11 60.2), "
            "(11 60.2, 10 60))",
            "repeated line",
        ),
        ("P0007", None, "no route"),
        ("P0008", None, "broken file; no route"),
        ("P0009", None, "broken file; no route"),
        ("P0010", None, "broken file; no route"),
        ("P0011", None, "no route file; see P0011-compressor-stations.geojson"),
    ],
)
def test_a_quirk_is_read_and_noted(samples, project, wkt, note):
    row = samples.loc[project]
    assert (row["geometry"] and row["geometry"].wkt) == wkt
    assert row["note"] == note
    assert row["vertices"] == (shapely.get_num_coordinates(row["geometry"]) if wkt else 0)
    assert row["parts"] == (len(shapely.get_parts(row["geometry"])) if wkt else 0)


def test_broken_files_are_reported_and_others_listed(samples):
    broken, projected, outside = samples.attrs["faults"]
    assert broken.startswith("P0008.geojson: not JSON")
    assert projected.startswith("P0009.geojson: crs ")
    assert "3857" in projected
    assert outside == (
        "P0010.geojson: position (400, 60) is out of range; longitude -180..180 and latitude "
        "-90..90 expected"
    )
    assert len(samples.attrs["skipped"]) == 3


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"[]", "not GeoJSON: an object with a 'type' expected"),
        (b'{"type": "FeatureCollection"}', "member 'features' is missing"),
        (b'{"type": "Feature", "geometry": {"type": "LineString"}}', "'coordinates' is missing"),
        (b'{"type": "LineString", "coordinates": [1, 2]}', "object of type 'int' has no len()"),
        (b'{"type": "LineString", "coordinates": [["a", 1], [2, 3]]}', "could not convert"),
    ],
)
def test_a_file_of_something_else_is_a_fault(tmp_path, content, fault):
    (tmp_path / "P0001.geojson").write_bytes(content)
    rows = gem.read_folder(tmp_path)
    assert rows["note"].tolist() == ["broken file; no route"]
    assert fault in rows.attrs["faults"][0]
    assert rows.attrs["faults"][0].startswith("P0001.geojson: ")


@pytest.mark.parametrize("inner", ["", "gas", "data/individual-routes/gas-pipelines"])
def test_the_folder_is_found_from_above(tmp_path, inner):
    folder = tmp_path / inner
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "P1234.geojson").write_bytes((SAMPLES / "gas" / "P0003.geojson").read_bytes())
    assert gem.read_folder(tmp_path).index.tolist() == ["P1234"]


def test_what_is_no_gem_folder_gets_one_clear_sentence(tmp_path):
    with pytest.raises(FormatError, match=r"nowhere' does not exist; .* point to the folder gas/"):
        gem.read_folder(tmp_path / "nowhere")
    archive = tmp_path / "gas.tar.xz"
    archive.write_bytes(b"")
    with pytest.raises(FormatError, match=r"gas.tar.xz' is a file; .*Unpack its files"):
        gem.read_folder(archive)
    with pytest.raises(FormatError, match=r"is not a GEM route folder: no P\*.geojson file in it"):
        gem.read_folder(tmp_path)


# --- replacing ------------------------------------------------------------------------------------

BENDS = [(30, 60), (31, 60.2), (32, 59.9), (33, 60.1), (34, 60)]


def own(line, route="ours", note="Hand-drawn."):
    columns = {
        "name": [route],
        "accuracy": ["sketch"],
        "geometry_source": ["own"],
        "length_km": [round(length_km(line), 1)],
        "note": [note],
    }
    index = pd.Index([route], name="route")
    return gpd.GeoDataFrame(columns, geometry=[line], index=index, crs=4326)


def theirs(*lines):
    index = pd.Index([f"P{i:04}" for i in range(1, len(lines) + 1)], name="project")
    return gpd.GeoDataFrame(geometry=list(lines), index=index, crs=4326)


def replaced(ours, *lines):
    projects = theirs(*lines)
    return gem.replace(own(ours), projects, {"ours": projects.index.tolist()})


def test_a_better_line_is_taken_and_runs_our_way():
    ours = densify(LineString([(30, 60), (34, 60)]))
    result = replaced(ours, LineString(BENDS[::-1]))
    row = result.loc["ours"]
    np.testing.assert_allclose(row["geometry"].coords, BENDS)
    assert (row["accuracy"], row["geometry_source"]) == ("traced", "gem")
    assert row["note"] == "Line of Global Energy Monitor P0001."
    assert row["length_km"] == pytest.approx(length_km(LineString(BENDS)), abs=0.05)
    assert result.attrs["attribution"] == gem.credit()
    report = result.attrs["report"].loc["ours"]
    assert report["action"] == "replaced"
    assert report["old_km"] == pytest.approx(length_km(ours), abs=0.05)
    assert report["new_km"] == row["length_km"]


def test_repeated_strings_count_once_and_pieces_are_put_in_order():
    ours = LineString([(30, 60), (34, 60)])
    pieces = MultiLineString([BENDS[2:], BENDS[:3][::-1]])
    result = replaced(ours, pieces, LineString(BENDS), LineString(BENDS[::-1]))
    np.testing.assert_allclose(result.geometry["ours"].coords, BENDS)


def test_branches_and_what_runs_beyond_our_ends_stay_out():
    ours = LineString([(31, 60.2), (33, 60.1)])
    branch = LineString([(32, 59.9), (32, 61)])
    result = replaced(ours, LineString(BENDS), branch)
    np.testing.assert_allclose(result.geometry["ours"].coords, BENDS[1:4], atol=1e-6)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (None, "GEM has no geometry for P0001"),
        (
            LineString([(32, 60), (33, 60.1), (34, 60)]),
            r"its start is 11\d km from ours \(at most 50",
        ),
        (LineString([*BENDS[:4], (33, 61), (33.9, 61)]), r"its end is 5\d km from ours"),
        (LineString([(30, 60), (31, 61), (33, 61.5), (34, 60)]), "it strays from ours"),
        (LineString([(30, 60), (34, 60)]), "it has 2 bends, ours 2"),
        (
            LineString([(30 + x / 20, 60 + 0.3 * (-1) ** x) for x in range(81)]),
            r"its length is \d+\.\d\d of ours \(0.75 to 1.4\)",
        ),
    ],
    ids=["no geometry", "start", "end", "strays", "no better", "length"],
)
def test_our_line_stays_where_theirs_is_no_better(line, reason):
    ours = LineString([(30, 60), (34, 60)])
    result = replaced(ours, line)
    row = result.loc["ours"]
    assert row["geometry"].equals(ours)
    assert (row["accuracy"], row["geometry_source"]) == ("sketch", "own")
    assert row["note"].startswith("Hand-drawn. GEM line not used: ")
    report = result.attrs["report"].loc["ours"]
    assert report["action"] == "kept"
    assert pd.Series([report["reason"]]).str.contains(reason).all()
    assert "attribution" not in result.attrs


def test_bends_that_only_make_up_for_a_length_are_no_detail():
    wiggle = LineString([(30 + x / 10, 60 + 0.025 * (-1) ** x) for x in range(41)])
    known = gpd.GeoSeries({"ours": LineString([(30, 60), (34, 60)])}, crs=4326)
    projects = theirs(LineString(BENDS))
    ids = {"ours": ["P0001"]}
    bare = gem.replace(own(wiggle), projects, ids).attrs["report"].loc["ours"]
    told = gem.replace(own(wiggle), projects, ids, known).attrs["report"].loc["ours"]
    assert (bare["action"], bare["reason"]) == ("kept", "it has 5 bends, ours 41")
    assert told["action"] == "replaced"


def test_a_known_wrong_line_and_an_unnamed_route_stay():
    line = LineString([(30, 60), (34, 60)])
    rows = pd.concat([own(line, "caspian-coastal"), own(line, "unnamed")])
    result = gem.replace(rows, theirs(LineString(BENDS)), {"caspian-coastal": ["P0001"]})
    assert result.attrs["report"]["action"].tolist() == ["kept", "kept"]
    assert "follows Central Asia - Center" in result.loc["caspian-coastal", "note"]
    assert result.loc["unnamed", "note"] == "Hand-drawn."
    assert rows.loc["caspian-coastal", "note"] == "Hand-drawn."


def test_pieces_without_a_way_are_no_reason_to_stop():
    far = LineString([(50, 60), (51, 60)])
    result = replaced(LineString([(30, 60), (51, 60)]), LineString(BENDS), far)
    assert "not connected" in result.attrs["report"].loc["ours", "reason"]


def test_unknown_routes_in_gem_ids_are_named():
    with pytest.raises(GeometryError, match="gem_ids names unknown routes: yours"):
        gem.replace(own(LineString(BENDS)), theirs(LineString(BENDS)), {"yours": ["P0001"]})


def test_the_result_can_be_written(tmp_path):
    result = replaced(LineString([(30, 60), (34, 60)]), LineString(BENDS))
    assert validate_geojson(write_geojson(result, tmp_path / "x.geojson")) == []
    write_geoparquet(result, tmp_path / "x.parquet")


# --- the real folder, where it is at hand ---------------------------------------------------------


@pytest.fixture(scope="module")
def ours_and_ids():
    """Our lines through the waypoints, and the projects named for each route."""
    facts = SHARED / "facts"
    if not (facts / "waypoints.csv").is_file():
        pytest.skip("the shared facts are not at hand")
    places = pd.read_csv(facts / "waypoints.csv").sort_values(["route_id", "seq"])
    lines = {
        str(route): LineString(rows[["lon", "lat"]].to_numpy())
        for route, rows in places.groupby("route_id")
    }
    rows = pd.concat([own(line, route) for route, line in lines.items()])
    with (facts / "routes.csv").open(encoding="utf-8") as file:
        ids = {r["route_id"]: r["gem_ids"].split(";") for r in csv.DictReader(file) if r["gem_ids"]}
    assert len(ids) > 40
    return rows, ids


@pytest.fixture(scope="module")
def swapped_in(gem_lines, ours_and_ids):
    return gem.replace(ours_and_ids[0], gem_lines, ours_and_ids[1])


@pytest.mark.once
def test_the_real_folder_is_read_whole(gem_lines):
    # 4,331 files: 4,267 routes and 64 lists of compressor stations, one of them (P0184) of a
    # project whose own file is not in the archive.
    assert len(gem_lines) == 4268
    assert gem_lines.attrs["faults"] == []
    assert len(gem_lines.attrs["skipped"]) == 64
    assert gem_lines.loc["P0184", "note"].startswith("no route file")
    assert (
        gem_lines["geometry"].notna().sum()
        == 4268 - gem_lines["note"].str.startswith("no route").sum()
    )
    assert (
        gem_lines["vertices"].sum() == shapely.get_num_coordinates(gem_lines.geometry.values).sum()
    )


def test_the_real_folder_agrees_with_gdal_on_a_sample(gem_lines):
    folder = Path(gem_lines.attrs["source"])
    for project in ("P0752", "P2352", "P0736", "P0761", "P4484"):
        other = gpd.read_file(folder / f"{project}.geojson").geometry
        np.testing.assert_array_equal(
            shapely.get_coordinates(gem_lines.geometry[project]),
            shapely.get_coordinates(other.values),
        )


@pytest.mark.once
def test_real_lines_that_are_worse_or_wrong_stay_out(swapped_in):
    report = swapped_in.attrs["report"]
    kept = set(report.index[report["action"] == "kept"])
    traps = {"caspian-coastal", "power-of-siberia-2", "soyuz-vostok", "central-asia-china-d"}
    assert traps | {"far-eastern-route", "russia-kazakhstan-china", "altai", "soyuz"} <= kept
    assert (report["action"] == "replaced").sum() >= 30


@pytest.mark.parametrize(
    ("route", "published_km"),
    [
        ("power-of-siberia-1", 2156),
        ("nord-stream-1", 1224),
        ("nord-stream-2", 1230),  # without the 316 km feeder from Volkhov
        ("urengoy-pomary-uzhgorod", 4451),
        ("northern-lights", 1320),  # three strings on one line
        ("central-asia-china-abc", 1833),
        ("bovanenkovo-ukhta", 1265),
    ],
)
def test_real_lines_have_the_published_length(swapped_in, route, published_km):
    row = swapped_in.loc[route]
    assert row["geometry_source"] == "gem"
    assert row["length_km"] == pytest.approx(published_km, rel=0.12)


def test_real_lines_are_clipped_to_our_ends_and_run_our_way(swapped_in, ours_and_ids):
    assert shapely.bounds(swapped_in.geometry["nord-stream-2"])[2] < 28.6
    # P2353 runs on to Olyokminsk at 120.4 E; Chayanda, where the Kovykta line ends, is at 112.
    assert shapely.bounds(swapped_in.geometry["power-of-siberia-kovykta"])[2] < 113.5
    for route, line in swapped_in.geometry.items():
        start, end = ends(ours_and_ids[0].geometry[route])
        assert distance_km(ends(line)[0], start) <= gem.END_KM
        assert distance_km(ends(line)[1], end) <= gem.END_KM
