"""Shapefile, KML, Excel and CSV, each read back by another program."""

import csv
import json
import sys
import xml.etree.ElementTree as ET

import geopandas as gpd
import openpyxl
import pandas as pd
import pyogrio
import pytest
from shapely.geometry import LineString, MultiPoint, Point

from energy.cli import main
from energy.errors import EnergyError, MissingExtra, UnknownName, UsageError
from energy.publish import exchange, layers, styles

NAN = float("nan")
META = {
    "title": "Gas",
    "licence": "CC BY 4.0",
    "attribution": "Somebody & Co",
    "as_of": "2026-06-01",
}


@pytest.fixture(scope="module")
def made():
    routes = gpd.GeoDataFrame(
        {
            "name": ["North", "Planned"],
            "name_ru": ["Север", "План"],
            "flow": [10.5, NAN],
            "utilisation": [0.84, NAN],
            "above_capacity": [False, True],
            "periods": [["2025Q3", "2025Q4"], []],
            "flow_by_period": [[None, 10.5], []],
            "route_note": ["=1+1", "ж" * 200],  # a formula; 400 bytes
        },
        index=pd.Index(["north", "planned"], name="route"),
        geometry=[LineString([(30, 60), (20, 58)]), LineString([(90, 60), (110, 40)])],
        crs=4326,
    )
    events = gpd.GeoDataFrame(
        {"title": ["Halt", "Start", "Talk"], "end": ["2022-09", "", ""], "scheduled": [False, True, False]},
        index=pd.Index(["halt", "start", "talk"], name="event"),
        geometry=[Point(30, 60), MultiPoint([(30, 60), (90, 60)]), None],
        crs=4326,
    )  # fmt: skip
    return {"routes": routes, "events": events}


@pytest.fixture(scope="module")
def tables():
    sources = {
        "source": ["press", "meter"],
        "title": ["A paper, with a comma", "计量"],
        "note": ["-", "=HYPERLINK(1)"],
    }
    return {"sources": pd.DataFrame(sources)}


@pytest.fixture(scope="module")
def folder(made, tables, tmp_path_factory):
    target = tmp_path_factory.mktemp("exchange")
    exchange.export(target, made, tables, exchange.FORMS, META)
    return target


def rows(path, encoding="utf-8"):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file))


def test_a_folder_is_whole_and_passes_its_own_check(folder):
    names = {path.name for path in folder.iterdir()}
    shapes = {f"{n}.{e}" for n in ("routes", "events") for e in ("shp", "shx", "dbf", "prj", "cpg")}
    assert names == {
        *shapes, "routes.kml", "events.kml", "gas.xlsx", "routes.csv", "events.csv", "sources.csv",
        "fields.csv", "about.txt", "datapackage.json", "checksums.txt",
    }  # fmt: skip
    assert styles.check_folder(folder) == []
    (folder / "about.txt").read_text(encoding="utf-8").index("attribution: Somebody & Co")


def test_shapefile_keeps_letters_and_gaps(folder):
    assert (folder / "routes.cpg").read_text() == "UTF-8"
    read = pyogrio.read_dataframe(folder / "routes.shp")
    assert list(read.columns) == [
        "route", "name", "name_ru", "flow", "utilisatio", "above_capa", "route_note", "geometry",
    ]  # fmt: skip
    assert read["name_ru"].tolist() == ["Север", "План"]
    assert read["flow"].tolist()[0] == 10.5 and pd.isna(read["flow"][1])
    assert read.crs.to_epsg() == 4326
    assert list(read.geometry[0].coords) == [(30, 60), (20, 58)]
    assert read["route_note"][1] == "ж" * 125 + "…"  # 2 bytes each and 3 of the sign: 253 of 254


def test_shapefile_of_points_and_of_none(folder):
    read = pyogrio.read_dataframe(folder / "events.shp")
    assert [None if g is None else len(g.geoms) for g in read.geometry] == [1, 2, None]


def test_the_list_of_fields_names_the_short_ones_and_what_was_cut(folder):
    found = {(row["layer"], row["field"]): row for row in rows(folder / "fields.csv")}
    assert found["routes", "utilisation"]["shp"] == "utilisatio"
    assert found["routes", "flow"]["unit"] == "bcm at 20 °C"
    assert found["routes", "flow_by_period"]["shp"] == ""
    assert found["routes", "route_note"]["shp_cut"] == "1"
    assert found["routes", "name"]["shp_cut"] == "0"
    assert found["sources", "title"]["description"] == "Title"


def test_short_names_are_short_and_one_each():
    assert len(set(exchange.SHORT.values())) == len(layers.DICTIONARY)
    assert max(map(len, exchange.SHORT.values())) <= 10
    assert (
        exchange.short_names([f"column_wide_{n}" for n in range(11)])["column_wide_10"]
        == "column_w11"
    )


def test_kml_opens_with_its_licence_inside(folder):
    document = ET.parse(folder / "routes.kml").getroot()[0]
    assert "CC BY 4.0. Somebody & Co. As of 2026-06-01." in document[0].text
    read = pyogrio.read_dataframe(folder / "routes.kml")
    assert read["name_ru"].tolist() == ["Север", "План"]
    assert [list(shape.coords) for shape in read.geometry][1] == [(90, 60), (110, 40)]
    marks = document.findall(".//{*}Placemark")
    values = [{d.get("name"): d.text for d in mark.findall(".//{*}SimpleData")} for mark in marks]
    assert values[0]["flow"] == "10.5" and "flow" not in values[1]
    assert json.loads(values[0]["flow_by_period"]) == [None, 10.5]
    assert len(pyogrio.read_dataframe(folder / "events.kml")) == 3


def test_workbook_has_a_sheet_each_and_runs_nothing(folder):
    book = openpyxl.load_workbook(folder / "gas.xlsx")
    assert book.sheetnames == ["about", "routes", "events", "sources", "fields"]
    head, *body = book["routes"].iter_rows(values_only=True)
    north, planned = (dict(zip(head, row, strict=True)) for row in body)
    assert (north["flow"], planned["flow"]) == (10.5, None)
    assert north["route_note"] == "'=1+1" and "geometry" not in head
    kinds = {cell.data_type for sheet in book for row in sheet.iter_rows() for cell in row}
    assert "f" not in kinds
    assert ("licence", "CC BY 4.0") in book["about"].iter_rows(values_only=True)


def test_csv_is_plain_and_bears_a_mark_on_demand(folder, made, tables, tmp_path):
    north, planned = rows(folder / "routes.csv")
    assert (north["flow"], planned["flow"], north["route_note"]) == ("10.5", "", "'=1+1")
    assert rows(folder / "sources.csv")[1]["title"] == "计量"
    exchange.export(tmp_path, made, tables, ["csv"], META, bom=True)
    plain = (folder / "sources.csv").read_bytes()
    assert (tmp_path / "sources.csv").read_bytes() == b"\xef\xbb\xbf" + plain


@pytest.mark.parametrize(
    ("forms", "bom", "error", "text"),
    [
        (["shpp"], False, UnknownName, "Unknown form of file 'shpp'; near: shp"),
        ([], False, UsageError, "No form of file is named; known: shp, kml, xlsx, csv"),
        (["kml"], True, UsageError, r"A byte-order mark \(bom\) is for CSV files"),
    ],
)
def test_what_does_not_go_is_refused(made, tables, tmp_path, forms, bom, error, text):
    with pytest.raises(error, match=text):
        exchange.export(tmp_path / "new", made, tables, forms, META, bom=bom)
    assert not (tmp_path / "new").exists()


def test_an_export_of_other_forms_is_left_whole(made, tables, tmp_path):
    first = exchange.export(tmp_path, made, tables, ["csv"], META)
    before = {path: path.read_bytes() for path in first}
    with pytest.raises(EnergyError, match="holds an export of other forms"):
        exchange.export(tmp_path, made, tables, ["kml"], META)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    exchange.export(tmp_path, made, tables, ["csv", "kml"], META)
    assert styles.check_folder(tmp_path) == []


def test_a_file_is_no_folder(made, tables, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(EnergyError, match="is a file; name a folder"):
        exchange.export(tmp_path / "file", made, tables, ["csv"], META)


def test_a_workbook_without_its_package_is_one_sentence(made, tables, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "openpyxl", None)
    with pytest.raises(MissingExtra, match="A workbook needs openpyxl: pip install openpyxl"):
        exchange.export(tmp_path, made, tables, ["xlsx"], META)
    assert list(tmp_path.iterdir()) == []


def test_a_shapefile_refuses_lines_beside_points(made, tables, tmp_path):
    mixed = pd.concat([made["routes"], made["events"]])
    with pytest.raises(EnergyError, match="holds one kind of geometry, not LineString, MultiPoint"):
        exchange.export(tmp_path, {"routes": mixed.rename_axis("route")}, tables, ["shp"], META)


@pytest.mark.once
def test_the_verb_writes_every_layer_and_table(tmp_path, capsys):
    asked = ["export", str(tmp_path), "--format", "shp,csv", "--bom", "--no-projections"]
    assert main(asked) == 0
    assert str(tmp_path / "exports.csv") in capsys.readouterr().out
    flows = pyogrio.read_dataframe(tmp_path / "flows_quarterly.shp", read_geometry=False)
    exported = rows(tmp_path / "flows_quarterly.csv", "utf-8-sig")
    assert len(flows) == len(exported) > 2000
    assert sum(flows["flow"].isna()) == sum(row["flow"] == "" for row in exported)
    described = {(row["layer"], row["field"]) for row in rows(tmp_path / "fields.csv")}
    for name in ("exports", "sources", "routes", "hubs", "events"):
        head = rows(tmp_path / f"{name}.csv", "utf-8-sig")[0]
        assert {(name, column) for column in head} <= described
    assert main(["export", "--check", str(tmp_path)]) == 0


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (["--check", "--format", "csv"], "leave --format and --bom out"),
        (["--bom"], "No form of file is named"),
        (["--format", "kml", "--bom"], "is for CSV files"),
    ],
)
def test_the_verb_refuses(tmp_path, capsys, asked, text):
    assert main(["export", str(tmp_path / "new"), *asked]) == 2
    assert text in capsys.readouterr().err


def test_every_column_of_the_tables_that_go_along_is_described(tracker):
    tables = {"exports": tracker.exports(start="2024", end="2024"), "sources": tracker.sources}
    described = exchange._fields({}, tables)
    columns = {name: list(table.columns) for name, table in tables.items()}
    assert described.groupby("layer")["field"].apply(list).to_dict() == columns
    assert (described["description"].str.len() > 3).all()
