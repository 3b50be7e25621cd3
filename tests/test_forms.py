"""Every form that a source is given in, told by its head; files as spreadsheets really save them."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import pandas as pd
import pytest
import samples
from openpyxl import Workbook
from samples import RETRIEVED

from energy.cli import main
from energy.errors import DataError
from energy.intake import update
from energy.sources import files, forms, inbox, pinksheet
from energy.store import Store

HEAD = "series,entity,period,value,unit,basis,status,source,title,url,page,published,note"
ROW = "flow,blue-stream,2026Q3,3.1,bcm,20C,provisional,a-report,Отчёт,,,2026-10-15,"
LINE = {"type": "LineString", "coordinates": [[37.0, 45.0], [37.0, 42.0]]}
OTHER = {"type": "LineString", "coordinates": [[30.0, 60.0], [13.0, 54.0]]}


def book(*rows) -> bytes:
    made = Workbook()
    for row in rows:
        made.active.append(list(row))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def sheets(*tables) -> bytes:
    """Return a workbook of several sheets."""
    made = Workbook()
    made.remove(made.active)
    for rows in tables:
        sheet = made.create_sheet()
        for row in rows:
            sheet.append(list(row))
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def write(folder, name, content):
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


JODI = """REF_AREA,TIME_PERIOD,ENERGY_PRODUCT,FLOW_BREAKDOWN,UNIT_MEASURE,OBS_VALUE,ASSESSMENT_CODE
CN,2026-01,NATGAS,IMPPIP,M3,5400,3
CN,2026-01,NATGAS,IMPPIP,TJ,x,4
TR,2026-01,NATGAS,IMPPIP,M3,4100.5,1
TR,2026-01,LNG,IMPLNG,KTONS,-,1
"""
GTF = book(("Borderpoint", "Exit", None, "Entry", "MAXFLOW (Mm3/h)", dt.datetime(2026, 1, 1), 46054),
           ("Strandzha 2", "Turkey", "-->", "Bulgaria", 2.1, 1500, 1390),
           ("Zeebrugge LNG", "Liquefied Natural Gas", "-->", "Belgium", 1.9, 600, "N/A"))  # fmt: skip
BRUEGEL = book(("dates", "Nord Stream", "Turkstream", "Russia"),
               (dt.datetime(2026, 3, 31), 0, 4400, 9000), (dt.datetime(2026, 6, 30), 0, 4200, None))  # fmt: skip
AGSI = "gasDayStart;code;gasInStorage;full\n2026-09-30;DE;200.5;80.2\n2026-09-29;DE;200.0;80.0\n"

# fmt: off
TABLES = {
    "jodi": (JODI, [("jodi_imppip", "china", "2026-01", 5400.0), ("jodi_imppip", "turkey", "2026-01", 4100.5)]),
    "iea-gtf": (GTF, [("border_flow", "strandzha-2-turkey-bulgaria", "2026-01", 1500.0),
                      ("border_flow", "strandzha-2-turkey-bulgaria", "2026-02", 1390.0),
                      ("border_flow", "zeebrugge-lng-liquefied-natural-gas-belgium", "2026-01", 600.0)]),
    "bruegel": (BRUEGEL, [("bruegel_imports", "nord-stream", "2026Q1", 0.0),
                          ("bruegel_imports", "nord-stream", "2026Q2", 0.0),
                          ("bruegel_imports", "russia", "2026Q1", 9000.0),
                          ("bruegel_imports", "turkstream", "2026Q1", 4400.0),
                          ("bruegel_imports", "turkstream", "2026Q2", 4200.0)]),
    "agsi": (AGSI, [("storage_fill", "germany", "2026-09-29", 80.0), ("storage_fill", "germany", "2026-09-30", 80.2),
                    ("storage_stock", "germany", "2026-09-29", 200.0),
                    ("storage_stock", "germany", "2026-09-30", 200.5)]),
}  # fmt: skip


def test_a_pink_sheet_at_hand_comes_in_as_the_banks_own(tmp_path):
    """Its edition and last month as the reader of the service gives them, in the store under its name."""
    store, told = Store.open(tmp_path / "store"), []
    path = write(tmp_path, "CMO.xlsx", samples.workbook())
    assert update.take_in(path, store, now=lambda: RETRIEVED, tell=told.append).empty
    assert told[0] == "CMO.xlsx: World Bank, Pink Sheet, monthly prices"
    what = ["series", "period", "value"]
    known, right = store.observations(), pinksheet.parse(samples.GOOD["pinksheet"][0][1]())
    pd.testing.assert_frame_equal(
        *(rows[what].sort_values(what, ignore_index=True) for rows in (known, right))
    )
    assert set(known["source"]) == {"pinksheet"}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_another_project_is_told_by_its_head_and_read(tmp_path, name):
    content, expected = TABLES[name]
    path = write(tmp_path, "table", content)
    form = forms.recognise(path)
    assert form.name == name
    found = files.parse(inbox.answer_of(path, RETRIEVED).__class__(
        **{**inbox.answer_of(path, RETRIEVED).__dict__, "headers": {}}), form)  # fmt: skip
    rows = found[["series", "entity", "period", "value"]].itertuples(index=False, name=None)
    assert sorted(rows) == expected


def test_it_comes_into_the_store_beside_the_sources(tmp_path):
    store, told = Store.open(tmp_path / "store"), []
    doubtful = update.take_in(
        write(tmp_path, "agsi.csv", AGSI), store, now=lambda: RETRIEVED, tell=told.append
    )
    assert doubtful.empty and told[0] == "agsi.csv: AGSI+, gas in store by day"
    assert set(store.observations()["source"]) == {"gie"} and len(store.observations()) == 4


def test_a_zip_with_one_table_is_looked_into(tmp_path):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("STAGING_world_NewFormat.csv", JODI)
    assert forms.recognise(write(tmp_path, "gas.zip", out.getvalue())).name == "jodi"


# -- Global Energy Monitor -------------------------------------------------------------------------

RELEASE = {"type": "FeatureCollection", "features": [
    {"type": "Feature", "id": "P2352", "properties": {"Name": "Blue Stream"}, "geometry": LINE},
    {"type": "Feature", "properties": {"ProjectID": "P0679"}, "geometry": OTHER},
    {"type": "Feature", "properties": {"ProjectID": "P9"}, "geometry": None}]}  # fmt: skip
WKT = (("ProjectID", "PipelineName", "WKTFormat"), ("P2352", "Blue Stream", "LINESTRING (37 45, 37 42)"),
       ("P0679", "Nord Stream", "LINESTRING (30 60, 13 54)"), ("P1", "none", "--"))  # fmt: skip


@pytest.mark.parametrize("form", ["geojson", "xlsx", "csv", "gpkg"])
def test_the_release_of_gem_is_unfolded_to_its_folder(tmp_path, form):
    path = tmp_path / f"release.{form}"
    if form == "geojson":
        path.write_text(json.dumps(RELEASE))
    elif form == "xlsx":
        path.write_bytes(book(*WKT))
    elif form == "csv":
        path.write_text("\n".join(",".join(f'"{c}"' for c in row) for row in WKT))
    else:
        gpd = pytest.importorskip("geopandas")
        from shapely.geometry import shape

        gpd.GeoDataFrame({"ProjectID": ["P2352", "P0679"]}, geometry=[shape(LINE), shape(OTHER)],
                         crs=4326).to_file(path, driver="GPKG")  # fmt: skip
    assert forms.recognise(path).name == "gem-release"
    folder = files.unfold(path, tmp_path / "out")
    assert sorted(p.name for p in folder.glob("*.geojson")) == ["P0679.geojson", "P2352.geojson"]
    assert json.loads((folder / "P2352.geojson").read_text())["coordinates"][0][:2] == [37.0, 45.0]


def test_a_converted_release_names_projects_in_lists_and_rows_by_number(tmp_path):
    """What ogr2ogr makes of it: a number as id, and a list of projects as a list or as its text."""
    lists = (["P2352", "P0679"], '[ "P2352", "P0753" ]', "P0679")
    made = {"type": "FeatureCollection", "features": [
        {"type": "Feature", "id": n, "properties": {"id": name}, "geometry": LINE}
        for n, name in enumerate(lists, start=1)]}  # fmt: skip
    folder = files.unfold(write(tmp_path, "r.geojson", json.dumps(made)), tmp_path / "out")
    parts = {
        p.stem: len(json.loads(p.read_text()).get("geometries", [1])) for p in folder.iterdir()
    }
    assert parts == {"P2352": 2, "P0679": 2, "P0753": 1}


MAP = (("id", "tracker-acro", "pid", "geometry"), ("P2352", "GGIT", "", "LINESTRING (37 45, 37 42)"),
       ("P0679", "GGIT-eu", "", "LINESTRING (30 60, 13 54)"), ("T0424", "GGIT-lng", "", "POINT (19 40)"))  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "name"), [(MAP, "gem-map"), (WKT, "gem-release")], ids=["map", "release"]
)
@pytest.mark.parametrize("form", ["xlsx", "csv"])
def test_the_sheet_with_the_lines_is_found_behind_others(tmp_path, rows, name, form):
    if form == "csv":
        text = "\n".join(",".join(f'"{c}"' for c in row) for row in rows)
        path = write(tmp_path, "map.csv", b"\xef\xbb\xbf" + text.encode())
    else:
        path = write(tmp_path, "asia.xlsx", sheets([("About",)], [("Plant", "MW"), ("A", 3)], rows))
    assert forms.recognise(path).name == name
    folder = files.unfold(path, tmp_path / "out")
    assert sorted(p.name for p in folder.glob("*.geojson")) == ["P0679.geojson", "P2352.geojson"]


def test_a_line_cut_by_a_spreadsheet_costs_its_project_only(tmp_path):
    """P0679 has a whole and a cut segment: half a route would be a wrong one."""
    cut = ("P0679", "Nord Stream", "MULTILINESTRING ((13 54, 12")
    path = write(tmp_path, "release.xlsx", book(*WKT, cut))
    with pytest.warns(UserWarning, match=r"release\.xlsx row 5: ParseException.*P0679 is left out"):
        folder = files.unfold(path, tmp_path / "out")
    assert [p.name for p in folder.glob("*.geojson")] == ["P2352.geojson"]
    with pytest.raises(DataError, match=r"alone\.xlsx row 2: ParseException"):
        files.unfold(write(tmp_path, "alone.xlsx", book(WKT[0], cut)), tmp_path / "none")


def test_a_release_without_a_project_names_the_forms_that_are_read(tmp_path):
    path = write(tmp_path, "r.geojson", '{"type": "FeatureCollection", "features": []}')
    with pytest.raises(
        DataError, match=r"no project .* read are the release as GeoJSON, GeoPackage, xlsx"
    ):
        files.unfold(path, tmp_path / "out")


# -- what spreadsheets save ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}\r{ROW}\r".encode(),
        f"{HEAD},,\n{ROW},,\n".encode(),
        f"{HEAD}\r\n{ROW}\r\n".encode("utf-8-sig"),
        f"{HEAD}\n{ROW}\n".encode("utf-16"),
        book(
            HEAD.split(","),
            [*ROW.split(",")[:3], 3.1, *ROW.split(",")[4:11], dt.datetime(2026, 10, 15), None],
        ),
    ],
    ids=["CR", "trailing columns", "BOM", "UTF-16 with its mark", "workbook"],
)
def test_what_spreadsheets_save_is_read(tmp_path, content):
    found = inbox.parse_file(write(tmp_path, "mine.csv", content), RETRIEVED)
    assert found[["entity", "period", "value", "published"]].to_numpy().tolist() == [
        ["blue-stream", "2026Q3", 3.1, "2026-10-15"]]  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "text", "said"),
    [
        ("cp1251", "Отчёт Газпрома за квартал", r"cp1251 \(Cyrillic"),
        ("gbk", "俄罗斯天然气工业股份公司报告", r"GBK \(Chinese"),
        ("utf-16-le", "Bericht", "UTF-16 without its mark|not a CSV"),
    ],
)
def test_another_encoding_is_named(tmp_path, encoding, text, said):
    body = f"{HEAD}\n{ROW.replace('Отчёт', text)}\n".encode(encoding)
    with pytest.raises(DataError, match=said):
        inbox.parse_file(write(tmp_path, "mine.csv", body), RETRIEVED)


@pytest.mark.parametrize(
    ("period", "said"),
    [
        ("Sep-26", "made a date of it: write 2026-09"),
        ("46295", "day number"),
        ("30.09.2026", "2026-09-30"),
    ],
)
def test_the_date_damage_of_a_spreadsheet_is_told(tmp_path, period, said):
    path = write(tmp_path, "mine.csv", f"{HEAD}\n{ROW.replace('2026Q3', period)}\n")
    with pytest.raises(DataError, match=said):
        inbox.parse_file(path, RETRIEVED)


def test_a_table_of_another_project_is_named_and_not_picked_apart(tmp_path):
    with pytest.raises(
        DataError, match=r"this is JODI-Gas, monthly .* energy import FILE"
    ) as caught:
        inbox.parse_file(write(tmp_path, "mine.csv", JODI), RETRIEVED)
    assert len(caught.value.faults) == 1


def test_import_needs_no_word_beside_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("ENERGY_HOME", str(tmp_path / "home"))
    assert main(["import", str(write(tmp_path, "mine.csv", JODI))]) == 0
    assert "is JODI-Gas, monthly balances by country" in capsys.readouterr().err
    assert main(["import", str(write(tmp_path, "odd.csv", "a,b\n1,2\n"))]) == 1
    assert "a table with the columns a, b; none of the forms" in capsys.readouterr().err
