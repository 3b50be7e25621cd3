"""Styles beside the layers, dated folders, and the check of a folder that somebody sent."""

from __future__ import annotations

import json
import re
import shutil
import xml.etree.ElementTree as ET

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from shapely.geometry import LineString, Point

from energy.errors import EnergyError
from energy.publish import atlas, layers, styles
from geodata import formats

NAN = float("nan")


@pytest.fixture(scope="module")
def frame():
    return gpd.GeoDataFrame(
        {
            "name": ["North", "Planned & <Co>"],
            "flow": [10.0, NAN],
            "capacity": [12.5, NAN],
            "flow_status": ["flowing", "proposed"],
        },
        index=pd.Index(["north", "planned"], name="route"),
        geometry=[LineString([(30, 60), (20, 58)]), LineString([(90, 60), (110, 40)])],
        crs=4326,
    )


@pytest.fixture(scope="module")
def spots():
    points = [Point(30, 60), Point(20, 58)]
    return gpd.GeoDataFrame(
        {"name": ["A", "B"]}, index=pd.Index(["a", "b"], name="id"), geometry=points, crs=4326
    )


@pytest.fixture(scope="module")
def sent(frame, spots, tmp_path_factory):
    """A folder as the tracker writes it: two layers in all formats, cube, package, checksums."""
    folder = tmp_path_factory.mktemp("sent") / "layers"
    cube = xr.Dataset(
        {"flow": (("route", "period"), np.array([[10.0], [NAN]]))},
        coords={"route": ["north", "planned"], "period": pd.to_datetime(["2025-10-01"])},
        attrs={"freq": "Q", "unit": "bcm", "basis": "20C"},
    )
    meta = {"licence": "CC BY 4.0", "attribution": "Somebody", "as_of": "2026-06-01"}
    made = {"routes": frame, "hubs": spots}
    layers.export(folder, made, cube, layers.DICTIONARY, meta, styles.files(made))
    return folder


@pytest.fixture
def folder(sent, tmp_path):
    return shutil.copytree(sent, tmp_path / "copy")


# -- QGIS -------------------------------------------------------------------------------------------


def symbols() -> dict[str, ET.Element]:
    """Return the symbol of each state."""
    root = ET.fromstring(styles.qml(4).split("\n", 1)[1])
    renderer = root.find("renderer-v2")
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "flow_status")
    by_name = {symbol.get("name"): symbol for symbol in renderer.find("symbols")}
    return {c.get("value"): by_name[c.get("symbol")] for c in renderer.find("categories")}


def test_every_state_has_its_own_look():
    found = symbols()
    assert set(found) == set(atlas.look.STATES)
    looks = {"".join(sorted(p.get("v") for p in s.iter("prop"))) for s in found.values()}
    assert len(looks) == len(atlas.look.STATES)
    colours = {p.get("v") for p in found["damaged"].iter("prop") if p.get("k") == "line_color"}
    assert colours == {"192,64,0,61", "192,64,0,255"}  # #D55E00, casing and core


def test_width_is_linear_in_the_yearly_rate():
    core = symbols()["flowing"].findall("layer")[1]
    assert core.get("class") == "SimpleLine"
    text = next(o.get("value") for o in core.iter("Option") if o.get("name") == "expression")
    found = re.fullmatch(r'max\(0\.35, abs\(coalesce\("flow", 0\)\) \* ([\d.]+)\)', text)
    # 0.2 px of 25.4/96 mm a bcm/yr, times four quarters: 50 bcm/yr are 2.65 mm
    assert float(found[1]) * 12.5 == pytest.approx(50 * 0.2 * 25.4 / 96, rel=1e-3)


def test_arrow_turns_when_the_flow_reverses_and_is_off_without_flow():
    arrow = symbols()["flowing"].findall("layer")[2]
    texts = [o.get("value") for o in arrow.iter("Option") if o.get("name") == "expression"]
    assert 'coalesce("flow", 0) <> 0' in texts
    assert 'if("flow" < 0, 180, 0)' in texts


def test_dashes_follow_the_state():
    dashed = {
        state for state, symbol in symbols().items()
        for p in symbol.iter("prop") if p.get("k") == "use_custom_dash" and p.get("v") == "1"
    }  # fmt: skip
    assert dashed == {"construction", "proposed", "cancelled", "not-built", "unknown"}


# -- kepler.gl --------------------------------------------------------------------------------------


def test_kepler_colours_match_the_states_in_its_order(frame):
    made = json.loads(styles.kepler("routes", frame))
    layer = made["config"]["visState"]["layers"][0]
    assert (made["version"], layer["config"]["dataId"], layer["type"]) == (
        "v1",
        "routes",
        "geojson",
    )
    palette = layer["config"]["visConfig"]["strokeColorRange"]
    assert palette["colorMap"] == [["flowing", "#0072B2"], ["proposed", "#B45C90"]]
    assert palette["colors"] == ["#0072B2", "#B45C90"]
    assert layer["visualChannels"]["sizeField"]["name"] == "flow"
    shown = made["config"]["visState"]["interactionConfig"]["tooltip"]["fieldsToShow"]["routes"]
    assert [field["name"] for field in shown] == [
        "name",
        "route",
        "flow",
        "capacity",
        "flow_status",
    ]
    assert made["config"]["mapState"]["longitude"] == 65  # the middle of 20 and 110


def test_one_scenario_and_one_quarter_are_shown_at_a_time(frame):
    ahead = frame.rename(columns={"flow": "flow_p50"}).assign(
        scenario=["base", "high"], start_date=["2027-01-01", "2026-10-01"]
    )
    made = styles.files({"projections_quarterly": ahead})
    config = json.loads(made["projections_quarterly.kepler.json"])["config"]["visState"]
    scenario, period = config["filters"]
    assert (scenario["name"], scenario["value"]) == (["scenario"], ["base"])
    assert pd.to_datetime(period["value"][0], unit="ms") == pd.Timestamp("2026-10-01")
    assert config["layers"][0]["visualChannels"]["sizeField"]["name"] == "flow_p50"
    root = ET.fromstring(made["projections_quarterly.qml"])
    temporal = root.find("temporal")
    assert (temporal.get("enabled"), temporal.get("startField")) == ("1", "start_date")
    assert (temporal.get("fixedDuration"), temporal.get("durationUnit")) == ("3", "months")
    texts = [o.get("value") for o in root.iter("Option") if o.get("name") == "expression"]
    assert any('"flow_p50" < 0' in text for text in texts)
    assert not any('"flow"' in text for text in texts)


def test_a_history_opens_at_its_newest_quarter(frame):
    dated = frame.assign(start_date=["2025-10-01", "2026-01-01"])
    period = json.loads(styles.kepler("flows", dated))["config"]["visState"]["filters"][0]
    assert pd.to_datetime(period["value"][0], unit="ms") == pd.Timestamp("2026-01-01")
    assert ET.fromstring(styles.qml(4)).find("temporal") is None


def test_files_only_for_lines_with_flows(frame, spots, tmp_path):
    made = styles.files({"routes": frame, "hubs": spots})
    assert list(made) == ["routes.qml", "routes.kepler.json"]
    written = styles.write(tmp_path, {"routes": frame})
    assert [path.read_text(encoding="utf-8") for path in written] == list(made.values())
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(made)


# -- dated folders ----------------------------------------------------------------------------------


def test_latest_is_a_copy_of_the_newest_edition(tmp_path):
    for day, text in (("2026-03-01", "old"), ("2026-06-01", "new")):
        edition, latest = styles.dated(tmp_path, day)
        edition.mkdir()
        (edition / "a.txt").write_text(text)
        assert styles.publish(edition) == latest
        assert (latest / "a.txt").read_text() == text
    # Writing an old edition anew does not push the newer one aside.
    styles.publish(tmp_path / "2026-03-01")
    assert (tmp_path / "latest" / "a.txt").read_text() == "new"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["2026-03-01", "2026-06-01", "latest"]


def test_dates_and_folders_must_be_right(tmp_path):
    with pytest.raises(EnergyError, match="as_of 'today' is no date"):
        styles.dated(tmp_path, "today")
    with pytest.raises(EnergyError, match="is not a folder"):
        styles.publish(tmp_path / "2026-01-01")
    (tmp_path / "layers").mkdir()
    with pytest.raises(EnergyError, match="'layers' is no date"):
        styles.publish(tmp_path / "layers")


def test_a_folder_of_editions_is_checked_edition_by_edition(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "all" / "2026-06-01")
    styles.publish(tmp_path / "all" / "2026-06-01")
    assert styles.check_folder(tmp_path / "all") == []
    (tmp_path / "all" / "latest" / "hubs.fgb").unlink()
    assert styles.check_folder(tmp_path / "all") == [
        "latest/hubs.fgb: listed in checksums.txt, but missing."
    ]


# -- checking ---------------------------------------------------------------------------------------


def test_a_good_folder_has_no_fault(folder):
    assert styles.check_folder(folder) == []


def test_no_folder_is_an_error(tmp_path):
    with pytest.raises(EnergyError, match="is not a folder; name one with"):
        styles.check_folder(tmp_path / "none")


def test_an_empty_folder_lacks_both_lists(tmp_path):
    assert [fault.split(":")[0] for fault in styles.check_folder(tmp_path)] == [
        "checksums.txt",
        "datapackage.json",
    ]


def test_changed_missing_and_foreign_files_are_named_once(folder):
    with (folder / "hubs.geojson").open("a") as file:
        file.write("\n")
    (folder / "routes.fgb").unlink()
    (folder / "extra.exe").write_text("x")
    assert styles.check_folder(folder) == [
        "hubs.geojson: changed since it was written (its checksum is not that of checksums.txt).",
        "routes.fgb: listed in checksums.txt, but missing.",
        "extra.exe: not listed in checksums.txt; it was put there later.",
    ]


def reseal(folder) -> None:
    """Write the lists anew, as somebody would who changes a layer on purpose."""
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    for resource in package["resources"]:
        path = folder / resource["path"]
        resource |= {"bytes": path.stat().st_size, "hash": f"sha256:{formats.sha256(path)}"}
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    layers.checksums(folder, [p for p in folder.iterdir() if p.name != "checksums.txt"])


def test_a_resealed_folder_is_still_read(folder):
    path = folder / "routes.geojson"
    data = json.loads(path.read_text(encoding="utf-8"))
    data["crs"] = {"type": "name"}
    data["features"][0]["properties"]["secret"] = 1
    data["features"][0]["geometry"]["coordinates"][0] = [30, 160]
    del data["features"][1]
    path.write_text(json.dumps(data), encoding="utf-8")
    (folder / "hubs.parquet").write_bytes(b"PAR0")
    (folder / "flows.nc").write_bytes(b"CDF")
    (folder / "routes.qml").write_text("<qgis>", encoding="utf-8")
    (folder / "routes.kepler.json").write_text("{", encoding="utf-8")
    reseal(folder)
    faults = "\n".join(styles.check_folder(folder))
    for words in (
        r"routes.geojson: .*crs",
        r"routes.geojson: .*160",
        r"routes.geojson: has fields that datapackage.json does not describe: secret\.",
        r"hubs.parquet: cannot be read",
        r"flows.nc: cannot be read as NetCDF",
        r"routes.qml: cannot be read \(no element found",
        r"routes.kepler.json: cannot be read \(Expecting",
        r"routes: the formats do not hold the same features: 1 in routes.geojson, 2 in routes.parquet",
    ):
        assert re.search(words, faults), words


def test_another_crs_is_seen(folder, frame):
    frame.reset_index().to_crs(3857).to_parquet(folder / "routes.parquet")
    reseal(folder)
    assert styles.check_folder(folder) == [
        "routes.parquet: is in 'WGS 84 / Pseudo-Mercator'; expected EPSG:4326."
    ]


def test_a_lost_column_is_seen(folder, frame):
    formats.write_flatgeobuf(frame.reset_index().drop(columns="capacity"), folder / "routes.fgb")
    reseal(folder)
    assert styles.check_folder(folder) == [
        "routes.fgb: lacks fields that datapackage.json describes: capacity."
    ]


@pytest.mark.parametrize(
    ("name", "text", "fault"),
    [
        ("datapackage.json", "{", "datapackage.json: not JSON"),
        ("datapackage.json", "[]", "datapackage.json: no list of resources"),
        ("datapackage.json", '{"resources": [{"path": "../x"}], "licence": "y", "as_of": "z"}',
         r"datapackage.json: '../x' is not a file of this folder"),
        ("datapackage.json", '{"resources": []}', "datapackage.json: does not say its attribution"),
        ("checksums.txt", f"{'0' * 64}  ../../secret\n", r"checksums.txt: line 1 is not"),
        ("checksums.txt", "no sum\n", "checksums.txt: line 1 is not"),
    ],
)  # fmt: skip
def test_faulty_lists_are_reported_not_followed(folder, name, text, fault):
    (folder / name).write_text(text)
    assert any(re.search(fault, found) for found in styles.check_folder(folder))


def test_package_against_the_files(folder):
    package = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    package["resources"][0]["bytes"] = 1
    package["resources"][1]["hash"] = "sha256:0"
    package["resources"].append({"path": "gone.geojson"})
    (folder / "datapackage.json").write_text(json.dumps(package), encoding="utf-8")
    layers.checksums(folder, [p for p in folder.iterdir() if p.name != "checksums.txt"])
    found = styles.check_folder(folder)
    size = (folder / "routes.geojson").stat().st_size
    assert found == [
        f"routes.geojson: has {size:,} bytes; datapackage.json says 1.",
        "routes.parquet: changed since it was written (its hash is not that of datapackage.json).",
        "gone.geojson: named in datapackage.json, but missing.",
    ]
