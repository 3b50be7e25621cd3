"""The layers: geometry times numbers, written in every form and read back by other programs."""

import dataclasses
import hashlib
import json
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
import xarray as xr

from energy.errors import DataError, EnergyError, MissingExtra
from energy.publish import layers, styles
from geodata import formats

NAMES = ["routes", "flows_quarterly", "hubs", "events", "projections_quarterly"]
STYLES = [
    f"{n}.{e}"
    for n in ("routes", "flows_quarterly", "projections_quarterly")
    for e in ("qml", "kepler.json")
]


@pytest.fixture(scope="module")
def made(tracker):
    return tracker.maps.layers()


@pytest.fixture(scope="module")
def folder(tracker, tmp_path_factory):
    target = tmp_path_factory.mktemp("layers")
    tracker.export(target)
    return target


@pytest.mark.once
def test_every_route_has_a_line_and_every_column_a_description(made):
    assert len(made["routes"]) >= 53
    assert made["routes"].geometry.notna().all() and made["routes"].geometry.is_valid.all()
    for frame in made.values():
        columns = {*frame.columns, frame.index.name} - {"geometry"}
        assert columns - set(layers.DICTIONARY) == set()


def test_a_route_carries_what_is_known_of_it(made):
    row = made["routes"].loc["power-of-siberia-1"]
    assert (row["period"], row["flow_status"], row["market"]) == ("2025Q4", "flowing", "china")
    # the year is 38.8; a fourth of it by days lies inside the interval of the balanced quarter
    assert row["flow"] == pytest.approx(38.8 * 92 / 365, rel=0.03)
    assert row["flow_p10"] < 38.8 * 92 / 365 < row["flow_p90"]
    assert row["above_capacity"]
    assert (row["figure_status"], row["capacity_kind"]) == ("balanced", "contract")
    assert row["figure_date"] == "2026-01-13"  # TASS on the year 2025
    assert row["nameplate"] == 38  # of today; the 44 of 2031 are a plan
    assert row["nameplate_kind"] == "contract"
    assert made["routes"].loc["blue-stream", "nameplate_kind"] == "design"
    assert (
        len(row["periods"]) == len(row["flow_by_period"]) == len(row["revenue_by_period"]) == 25
        or row["periods"][0] == "2019Q1"
    )
    assert "E013" in row["events"] or row["events"]
    assert row["sources"].startswith("V")


def test_a_route_without_figures_says_nothing_rather_than_zero(made):
    row = made["routes"].loc["power-of-siberia-2"]
    assert np.isnan(row["flow"]) and row["periods"] == [] and row["sources"] == ""
    assert row["flow_status"] == "proposed"
    assert (row["nameplate"], row["nameplate_kind"]) == (50, "plan")


def test_the_long_form_holds_each_known_period_once(made, tracker):
    long = made["flows_quarterly"]
    assert long.index.is_unique
    assert len(long) == int(tracker.flows().flow.notnull().sum())
    heavy = sum(len(g.coords) if g.geom_type == "LineString" else sum(len(p.coords) for p in g.geoms)
                for g in made["routes"].geometry)  # fmt: skip
    light = sum(len(g.coords) if g.geom_type == "LineString" else sum(len(p.coords) for p in g.geoms)
                for g in long.drop_duplicates("route").geometry)  # fmt: skip
    assert light < heavy / 3


def test_a_field_name_means_one_thing_in_all_files(made, folder):
    """The state of a line and the standing of a figure were both called status."""
    with xr.open_dataset(folder / "flows.nc", engine="h5netcdf") as cube:
        held = {name: set(frame.columns) for name, frame in made.items()}
        held["flows.nc"] = {*map(str, cube.data_vars)}
    where = {word: {name for name, columns in held.items() if word in columns}
             for word in ("status", "figure_status", "figure_date")}  # fmt: skip
    assert where["status"] == {"routes"}
    assert where["figure_status"] == {"routes", "flows_quarterly", "flows.nc"}
    assert where["figure_date"] == {"routes", "flows_quarterly"}


def test_a_zero_carries_the_date_of_its_evidence(made):
    rows = made["flows_quarterly"]
    shut = rows.loc["yamal-europe/2025Q4"]  # given up on 12 May 2022, in a document without a date
    assert (shut["flow"], shut["figure_date"]) == (0, "2022-05-12")
    assert rows.loc["china-russia-east/2025Q4", "figure_date"] == ""  # nobody publishes it


def test_a_figure_of_a_part_says_of_which(made):
    routes, flows = made["routes"], made["flows_quarterly"]
    assert routes.loc["turkstream-2", ["period", "span"]].tolist() == [
        "2026Q2",
        "Apr–May only, 61 of 91 days",
    ]
    some = flows["span"] != ""
    assert some.sum() > 20 and flows.loc["ukraine-slovakia/2009Q1", "span"] == "45 of 90 days"
    told = flows.loc[some, "span"].str.extract(r"(\d+) of (\d+) days$").astype(float)
    assert (abs(told[0] / told[1] - flows.loc[some, "coverage"]) < 0.5 / 90).all()
    whole = flows.loc[~some, "coverage"]
    assert ((whole == 0) | (whole > 0.99)).all()


def test_idle_is_capacity_less_flow(made):
    row = made["flows_quarterly"].loc["yamal-europe/2025Q4"]
    assert row["flow"] == 0
    assert row["idle"] == row["capacity"] == pytest.approx(32.9 * 92 / 365, abs=1e-4)
    assert made["flows_quarterly"].loc["power-of-siberia-1/2026Q1", "idle"] < 0
    # below the most ever metered at Strandzha 2, above the design of the string
    string = made["flows_quarterly"].loc["turkstream-2/2026Q1"]
    assert string["capacity"] == pytest.approx(20.7 * 90 / 365, abs=1e-4)
    assert string["idle"] > 0 and string["flow"] > 15.75 * 90 / 365


def test_netback_says_what_is_missing(made):
    row = made["flows_quarterly"].loc["nord-stream-1/2020Q1"]
    assert row["netback"] < row["price"]
    assert "fuel_gas" in row["netback_missing"]


def test_arrows_point_where_the_gas_goes(made, tracker):
    rows = made["flows_quarterly"]
    # Blue Stream runs from Izobilny south-west to Ankara, Power of Siberia from Chayanda south-east.
    assert 180 < rows.loc["blue-stream/2021Q1", "bearing"] < 270
    assert 90 < rows.loc["power-of-siberia-1/2024Q1", "bearing"] < 180
    still = rows[~(rows["flow"].abs() > 0)]
    assert len(still) > 50
    assert still[layers.ARROW].isna().all(axis=None)
    moving = rows[rows["flow"].abs() > 0]
    assert moving["bearing"].between(0, 360, inclusive="left").all()
    spots = gpd.GeoSeries.from_xy(moving["arrow_lon"], moving["arrow_lat"], crs=4326)
    assert shapely.distance(spots.values, moving.geometry.values).max() < 1e-4


def test_an_arrow_turns_round_when_the_flow_reverses(tracker):
    cube = tracker.flows("blue-stream", first="2021Q1", last="2021Q2")
    cube["flow"] = cube["flow"] * [1, -1]
    ahead, back = layers.flows_long(tracker.lines, cube, tracker.facts)["bearing"]
    assert (back - ahead) % 360 == pytest.approx(180)


def test_an_arrow_stands_on_the_longest_part():
    line = shapely.MultiLineString([[(0, 0), (1, 0)], [(10, 40), (30, 40)]])
    bearing, lon, lat = layers.arrow(line)
    assert bearing == pytest.approx(90, abs=0.3)
    assert (lon, lat) == (20, 40)
    assert np.isnan(layers.arrow(None)).all()


@pytest.fixture
def ahead(tracker):
    """Two scenarios, two routes, two quarters; the second route reverses, then stands still."""
    p50 = [[[5.0, 6.0], [-1.0, 0.0]], [[4.0, np.nan], [-2.0, 0.0]]]
    flow = np.stack([np.array(p50) - 0.5, p50, np.array(p50) + 0.5], axis=-1)
    dims = ("scenario", "route", "period", "quantile")
    return xr.Dataset(
        {"flow": (dims, flow), "revenue": (dims, flow * 100),
         "capacity": (("route", "period"), [[9.0, 9.0], [3.0, 0.0]]),
         "known": (("route", "period"), [[True, False], [False, False]])},
        coords={"scenario": ["low", "high"], "route": ["power-of-siberia-1", "blue-stream"],
                "period": pd.to_datetime(["2026-07-01", "2026-10-01"]), "quantile": [0.1, 0.5, 0.9]},
        attrs={"freq": "Q"},
    )  # fmt: skip


@pytest.mark.once
def test_a_projection_becomes_a_layer_with_its_interval(tracker, ahead):
    frame = tracker.maps.layers(ahead)["projections_quarterly"]
    # What is known (the first quarter of the first route) and what is missing is no projection.
    assert frame.index.tolist() == [
        "low/power-of-siberia-1/2026Q4", "low/blue-stream/2026Q3", "low/blue-stream/2026Q4",
        "high/blue-stream/2026Q3", "high/blue-stream/2026Q4",
    ]  # fmt: skip
    row = frame.loc["low/power-of-siberia-1/2026Q4"]
    assert row[["flow_p10", "flow_p50", "flow_p90", "revenue_p90"]].tolist() == [5.5, 6, 6.5, 650]
    assert row[["start_date", "flow_status", "capacity"]].tolist() == ["2026-10-01", "flowing", 9]
    back = frame.loc["high/blue-stream/2026Q3"]
    assert 0 < back["bearing"] < 90  # the other way round: north-east
    assert frame.loc["low/blue-stream/2026Q4", "flow_status"] == "not-built"
    assert np.isnan(frame.loc["low/blue-stream/2026Q4", "bearing"])
    assert {*frame.columns, "id"} - {"geometry"} <= set(layers.DICTIONARY)


@pytest.mark.slow
def test_a_projection_is_exported_with_its_styles_and_passes_the_check(tracker, ahead, tmp_path):
    written = {path.name for path in tracker.export(tmp_path, projection=ahead)}
    forms = ("geojson", "parquet", "fgb", "qml", "kepler.json")
    assert {f"projections_quarterly.{form}" for form in forms} <= written
    assert styles.check_folder(tmp_path) == []


def test_a_projection_that_does_not_fit_is_refused(tracker, ahead):
    for wrong, message in (
        (ahead.rename(quantile="level"), "dims"),
        (ahead.sel(quantile=[0.5]), r"lacks the quantile 0\.1; project with quantiles="),
        (ahead.assign_coords(route=["power-of-siberia-1", "moon"]), "route 'moon' has no line"),
    ):
        with pytest.raises(DataError, match=message):
            layers.projections_long(tracker.lines, wrong)


def test_events_lie_on_their_routes_or_at_their_place(made, tracker):
    points = made["events"]
    assert len(points) == len(tracker.events)
    named = points[points["routes"] != ""]
    assert named.geometry.notna().all()
    apart = points[points["routes"] == ""]
    assert (apart.geometry.isna() == (apart["place"] == "")).all()
    assert apart.geometry["E078"].coords[0] == (37.62, 55.75)  # Moscow
    assert apart.geometry.isna().sum() == 6


def test_files(folder):
    names = {p.name for p in folder.iterdir()}
    assert names == {f"{n}.{e}" for n in NAMES for e in ("geojson", "parquet", "fgb")} | {
        "gas.gpkg", "flows.nc", "datapackage.json", "checksums.txt", *STYLES}  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_geojson_is_rfc_7946(folder, name):
    assert formats.validate_geojson(folder / f"{name}.geojson") == []
    text = json.loads((folder / f"{name}.geojson").read_text(encoding="utf-8"))
    assert "crs" not in text
    assert "CC BY 4.0" in text["licence"]
    assert text["attribution"] and text["as_of"] == "2026-06-01"


@pytest.mark.once
@pytest.mark.parametrize("name", NAMES)
def test_an_independent_validator_agrees(folder, name):
    pydantic = pytest.importorskip("geojson_pydantic")
    text = (folder / f"{name}.geojson").read_text(encoding="utf-8")
    parsed = pydantic.FeatureCollection.model_validate_json(text)
    assert len(parsed.features) > 10


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("ending", ["geojson", "fgb", "parquet"])
def test_every_form_reads_back_the_same(folder, made, name, ending):
    frame = made[name]
    key = frame.index.name
    back = formats.read(folder / f"{name}.{ending}")
    back = back if ending == "geojson" else back.set_index(key)
    assert set(back.index) == set(frame.index)
    back = back.reindex(frame.index)
    for column in frame.columns.intersection(
        ["flow", "revenue", "length_km", "status", "figure_status", "date", "market"]
    ):
        expected, got = frame[column], back[column]
        if expected.dtype.kind == "f":
            np.testing.assert_allclose(got.astype(float), expected, rtol=1e-12)
        else:
            assert got.fillna("").tolist() == expected.fillna("").tolist()
    drawn = frame.geometry.notna()
    assert (back.geometry.notna() == drawn).all()
    apart = shapely.hausdorff_distance(frame.geometry[drawn].values, back.geometry[drawn].values)
    assert apart.max() < 1e-6


@pytest.mark.skipif(not shutil.which("ogrinfo"), reason="GDAL's ogrinfo is not installed")
@pytest.mark.parametrize(
    "file", [f"{n}.{e}" for n in NAMES for e in ("geojson", "fgb")] + ["gas.gpkg"]
)
def test_gdal_counts_the_same_rows(folder, made, file):
    result = subprocess.run(
        ["ogrinfo", "-al", "-so", str(folder / file)], capture_output=True, text=True, check=True
    )
    counts = [
        int(line.split(":")[1])
        for line in result.stdout.splitlines()
        if line.startswith("Feature Count")
    ]
    wanted = (
        sorted(len(f) for f in made.values())
        if file == "gas.gpkg"
        else [len(made[file.split(".")[0]])]
    )
    assert sorted(counts) == wanted


@pytest.mark.skipif(not shutil.which("ogr2ogr"), reason="GDAL's ogr2ogr is not installed")
def test_ogr2ogr_reads_the_same_values(folder, made, tmp_path):
    target = tmp_path / "back.csv"
    subprocess.run(
        ["ogr2ogr", "-f", "CSV", str(target), str(folder / "flows_quarterly.geojson")], check=True
    )
    back = pd.read_csv(target)
    assert back["flow"].sum() == pytest.approx(made["flows_quarterly"]["flow"].sum())
    assert back["revenue"].isna().sum() == made["flows_quarterly"]["revenue"].isna().sum()


def test_duckdb_reads_the_parquet(folder, made):
    duckdb = pytest.importorskip("duckdb")
    path = folder / "flows_quarterly.parquet"
    query = f"select route, sum(flow) from read_parquet('{path}') group by route order by route"
    got = dict(duckdb.sql(query).fetchall())
    expected = made["flows_quarterly"].groupby("route")["flow"].sum()
    assert got == pytest.approx(expected.to_dict())


def test_the_cube_reads_back_with_units_and_gaps(folder, tracker):
    with xr.open_dataset(folder / "flows.nc", engine="h5netcdf") as back:
        cube = tracker.flows()
        np.testing.assert_array_equal(back.flow.values, cube.flow.values)
        assert (back.flow.attrs["units"], back.flow.attrs["unit_label"]) == (
            "1e9 m3",
            "bcm at 20 °C",
        )
        assert back.price.attrs["units"] == "1e-3 m-3"
        assert back.attrs["Conventions"] == "CF-1.11"
        assert (back.period.values == cube.period.values).all()
        assert back.sources.values.tolist() == cube.sources.values.tolist()


@pytest.mark.once
def test_a_checker_of_cf_finds_nothing(folder, tmp_path):
    name = Path(sys.executable).with_name("compliance-checker")
    if not name.exists():
        pytest.skip("compliance-checker is not installed")
    told = tmp_path / "cf.json"
    asked = [name, "--test=cf:1.11", "--format=json", f"--output={told}", folder / "flows.nc"]
    subprocess.run(asked, check=False, capture_output=True)
    found = json.loads(told.read_text(encoding="utf-8"))["cf:1.11"]
    faults = [part["msgs"] for part in found["all_priorities"] if part["msgs"]]
    assert found["scored_points"] > 50 and faults == []


def test_checksums_and_package(folder):
    lines = (folder / "checksums.txt").read_text().splitlines()
    assert len(lines) == len(NAMES) * 3 + 3 + len(STYLES)
    for line in lines:
        digest, name = line.split("  ")
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        assert resource["licenses"][0]["name"] == "CC-BY-4.0" and resource["attribution"]
        assert resource["bytes"] == (folder / resource["path"]).stat().st_size
    fields = next(r for r in package["resources"] if r["path"] == "routes.geojson")["dictionary"]
    assert all(field["description"] for field in fields) and len(fields) > 30


def test_outside_validator_and_old_gdal_take_the_folder(folder):
    frictionless = pytest.importorskip("frictionless")
    report = frictionless.validate(str(folder / "datapackage.json"))
    assert report.valid, report.flatten(["type", "note"])[:5]
    with sqlite3.connect(folder / "gas.gpkg") as file:
        assert file.execute("PRAGMA user_version").fetchone() == (10200,)
    schema = pq.read_schema(folder / "routes.parquet")
    told = json.loads(schema.metadata[b"geo"])["columns"]["geometry"]
    assert told["covering"]["bbox"]["xmin"] == ["bbox", "xmin"]


@pytest.mark.parametrize("name", ["routes.parquet", "routes.fgb", "gas.gpkg", "flows.nc"])
def test_licence_lies_inside_every_binary_file(folder, name):
    assert b"CC BY 4.0" in (folder / name).read_bytes()


@pytest.mark.slow
def test_the_same_data_give_the_same_bytes(tracker, folder, tmp_path):
    time.sleep(1.1)  # a clock that leaks into a file would show
    tracker.export(tmp_path)
    assert (tmp_path / "checksums.txt").read_text() == (folder / "checksums.txt").read_text()


@pytest.mark.once
def test_a_file_in_the_way(tracker, tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(EnergyError, match="is a file; name a folder to export to"):
        tracker.export(tmp_path / "out")


@pytest.mark.parametrize("name", ["../a.qml", "routes.geojson", "checksums.txt", "a/b.qml"])
def test_an_extra_file_must_have_a_name_of_its_own(made, tracker, tmp_path, name):
    with pytest.raises(EnergyError, match="cannot lie beside the layers"):
        layers.export(tmp_path, {"routes": made["routes"]}, tracker.flows("blue-stream"),
                      layers.DICTIONARY, {"licence": "x", "attribution": "y"}, {name: "text"})  # fmt: skip
    assert not (tmp_path / "checksums.txt").exists()


def test_cube_table_is_long_and_rounded(tracker):
    table = layers.cube_table(
        tracker.flows("blue-stream", freq="A", first="2021", last="2021", estimate="reported")
    )
    assert table[["route", "period", "unit", "basis"]].values.tolist() == [
        ["blue-stream", "2021", "bcm", "20C"]
    ]
    assert table["flow"].tolist() == [15.98]


def test_projected_quarters_stand_once_a_scenario_and_in_order(made, tracker):
    long = made["projections_quarterly"]
    assert long.index.is_unique and long.index[0].count("/") == 2
    assert {"baseline", "mixture"} <= set(long["scenario"])
    assert (long["flow_p10"] <= long["flow_p50"]).all() and (
        long["flow_p50"] <= long["flow_p90"]
    ).all()
    cube = tracker.flows("power-of-siberia-1", estimate="reported")
    known = cube["flow"].dropna("period")["period"].values[-1]
    ahead = long[(long["route"] == "power-of-siberia-1") & (long["scenario"] == "mixture")]
    assert ahead["flowing"].between(0, 1).all() and (ahead["revenue_p50"] > 0).any()
    assert ahead["start_date"].iloc[0] > str(known)[:10] and ahead["period"].iloc[-1] == "2040Q4"


@pytest.mark.once
def test_projections_are_left_out_when_asked(tracker):
    assert "projections_quarterly" not in tracker.maps.layers(projection=False)


@pytest.mark.slow
def test_a_projection_that_cannot_be_made_costs_only_itself(tracker, monkeypatch):
    def lacking(*_, **__):
        raise MissingExtra("Timing needs statsmodels.")

    monkeypatch.setattr("energy.projection.setup", lacking)
    monkeypatch.setattr(
        "energy.projection.shipped.key", lambda *_: "facts of nobody"
    )  # it is drawn
    t = dataclasses.replace(tracker)
    with pytest.warns(UserWarning, match="without a projection: Timing needs statsmodels"):
        assert "projections_quarterly" not in t.maps.layers()
    with pytest.raises(MissingExtra, match="Timing needs"):
        t.maps.layers(projection=True)


@pytest.mark.slow
def test_projection_table_by_year_and_quarter(tracker):
    result = tracker.project("2027", "baseline", draws=500, revenue=False)
    years = layers.projection_table(result)
    row = years.query("route == 'power-of-siberia-1' and period == 2027").iloc[0]
    assert row["p10"] <= row["p50"] <= row["p90"] and row["unit"] == "bcm"
    quarters = layers.projection_table(result, "quarter")
    assert quarters["period"].iloc[-1] == "2027Q4"
    assert len(quarters) == result.sizes["route"] * result.sizes["period"]
