"""The facts: what the package holds is sound, and wrong tables of one's own are told apart."""

import csv
import warnings

import pytest

from energy import facts
from energy.errors import DataError, UnknownName

VOLUMES = "id series entity period freq value unit basis coverage source page published status derived note"


def own(folder, name, header, *rows):
    """Write a table of one's own with a source row of its own beside it."""
    folder.mkdir(exist_ok=True)
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerows([header.split(), *rows])
    return folder


def good(**change):
    row = {
        "id": "V9001", "series": "flow", "entity": "blue-stream", "period": "2031Q1", "freq": "Q", "value": "1.5",
        "unit": "bcm", "basis": "20C", "coverage": "1", "source": facts.load()["sources"]["source"].iloc[0],
        "page": "", "published": "2031-05", "status": "actual", "derived": "false", "note": "",
    } | change  # fmt: skip
    return list(row.values())


def test_the_package_has_no_fault():
    assert facts.check() == []


@pytest.mark.once
def test_frictionless_agrees(tmp_path):
    frictionless = pytest.importorskip("frictionless")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        report = frictionless.validate(str(facts.DATA / "datapackage.json"))
    assert len(report.tasks) == len(facts.schema()) > 10
    assert report.flatten(["title", "rowNumber", "fieldName", "note"]) == []


def test_nothing_recalled_is_shipped():
    files = list(facts.DATA.glob("*.csv"))
    assert len(files) == len(facts.schema())
    assert [p.name for p in files if "recalled" in p.read_text(encoding="utf-8").lower()] == []


def test_every_source_is_used_and_has_an_address_or_is_our_own():
    tables = facts.load()
    used = {
        s for name, t in tables.items() if name != "sources" and "source" in t for s in t["source"]
    }
    assert set(tables["sources"]["source"]) - used == set()
    foreign = tables["sources"].query("kind != 'own'")
    assert foreign.loc[~foreign["url"].str.startswith("http"), "source"].tolist() == []


@pytest.mark.once
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"unit": "bushel"}, r"volumes.csv row 2: unit 'bushel' is unknown; use one of bcm"),
        ({"basis": "25C"}, r"row 2: basis '25C' is unknown; use one of 0C, 15C, 20C"),
        ({"period": "2024Q5"}, r"volumes.csv row 2: period '2024Q5' has the wrong form"),
        ({"period": "2024", "freq": "Q"}, r"freq 'Q' does not fit period '2024'; write A"),
        ({"value": "much"}, r"value 'much' is not a number; write it with a decimal point"),
        ({"value": ""}, r"value '' is empty; a value is required"),
        ({"coverage": "1.5"}, r"coverage '1.5' is above the maximum; the maximum is 1"),
        ({"source": "nobody"}, r"source 'nobody' is not in sources; add it to sources.csv"),
        ({"derived": "perhaps"}, r"derived 'perhaps' is unknown; use one of true, false"),
        ({"id": "X1"}, r"id 'X1' has the wrong form"),
        ({"status": "certain"}, r"status 'certain' is unknown"),
    ],
)
def test_a_wrong_cell_is_named_with_file_row_and_remedy(tmp_path, change, words):
    folder = own(tmp_path / "mine", "volumes.csv", VOLUMES, good(**change))
    with pytest.raises(DataError, match=words):
        facts.load(folder)


def test_all_faults_are_collected(tmp_path):
    rows = [good(id=f"V90{i:02}", unit="bushel", basis="25C") for i in range(4)]
    folder = own(tmp_path / "mine", "volumes.csv", VOLUMES, *rows)
    with pytest.raises(DataError, match="and 3 more") as caught:
        facts.load(folder)
    assert len(caught.value.faults) == 8


def test_missing_and_foreign_columns(tmp_path):
    folder = own(tmp_path / "mine", "volumes.csv", VOLUMES.replace("basis", "base"), good())
    with pytest.raises(
        DataError, match=r"column 'basis' is missing; the header must hold id, series"
    ) as caught:
        facts.load(folder)
    assert "column 'base' is not in the schema; remove it" in str(caught.value)


def test_a_key_that_stands_twice(tmp_path):
    folder = own(tmp_path / "mine", "volumes.csv", VOLUMES, good(), good())
    with pytest.raises(DataError, match=r"volumes.csv row 3: key .*V9001.* stands twice"):
        facts.load(folder)


def test_no_id_stands_in_two_tables():
    tables = facts.load_package()
    events = tables["events"]["event"]
    roles = tables["partner-role"]
    assert set(roles["id"].str[:2]) == {"PR"} and not set(roles["id"]) & set(events)
    slipped = roles.head(2).assign(id=["PR001", events.iloc[0]])
    assert facts.check_links(tables.replaced({"partner-role": slipped})) == [
        f"partner_role.csv row 3: id '{events.iloc[0]}' is the id of a row of events.csv; "
        "give it one of its own"]  # fmt: skip


def test_negative_capacity_and_overlap(tmp_path):
    header = (
        "id route attribute value unit basis valid_from valid_to status source page published note"
    )
    source = facts.load()["sources"]["source"].iloc[0]
    row = [
        "R9001",
        "blue-stream",
        "capacity",
        "-16",
        "bcm/yr",
        "20C",
        "2031-01-01",
        "",
        "actual",
        source,
        "",
        "",
        "",
    ]
    folder = own(tmp_path / "mine", "route_facts.csv", header, row)
    with pytest.raises(
        DataError, match="capacity '-16' must be a number that is not negative"
    ) as caught:
        facts.load(folder)
    assert any("capacity of blue-stream overlaps" in fault for fault in caught.value.faults)


@pytest.mark.once
def test_a_fact_for_a_route_that_is_not_there(tmp_path):
    header = (
        "id route attribute value unit basis valid_from valid_to status source page published note"
    )
    source = facts.load()["sources"]["source"].iloc[0]
    row = ["R9001", "blue-steam", "length", "16", "km", "", "", "", "actual", source, "", "", ""]
    with pytest.raises(DataError, match="route 'blue-steam' is not in routes"):
        facts.load(own(tmp_path / "mine", "route_facts.csv", header, row))


def test_files_that_are_no_tables(tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "volumes.csv").write_bytes("id,série\n".encode("latin-1"))
    (folder / "prices.csv").write_text("")
    (folder / "volume.csv").write_text("a\n1\n")
    with pytest.raises(DataError, match=r"volumes\.csv: not UTF-8") as caught:
        facts.load(folder)
    text = "\n".join(caught.value.faults)
    assert "prices.csv: not a CSV table" in text
    assert "volume.csv: no table of that name" in text


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        facts.load(tmp_path / "nowhere")
    with pytest.raises(UnknownName, match="Unknown table 'volume'; near: volumes"):
        facts.read_table(facts.DATA / "volumes.csv", "volume")


def test_own_rows_add_and_replace(tmp_path):
    first = facts.load()["volumes"].iloc[0]
    folder = own(
        tmp_path / "mine", "volumes.csv", VOLUMES, good(), good(id=first["id"], value="77")
    )
    table = facts.load(folder)["volumes"].set_index("id")
    assert len(table) == len(facts.load()["volumes"]) + 1
    assert table.loc[first["id"], "value"] == 77
    assert facts.load()["volumes"].iloc[0]["value"] == first["value"]


def test_a_correction_fails_once_the_source_has_mended_its_value(tiny):
    line = {"id": "K01", "table": "volumes", "row": "V0001", "action": "replace", "expect": 12.2, "value": 12.5,
            "reason": "misprint", "state": "active", "source": "press"}  # fmt: skip
    tables = tiny | {"corrections": facts.pd.DataFrame([line])}
    assert facts.guard_faults(tables) == []
    assert facts.corrected(tables, "volumes").set_index("id").loc["V0001", "value"] == 12.5
    tables["corrections"]["expect"] = 12.3
    assert (
        "V0001 is 12.2, expected 12.3; the source may have mended it"
        in facts.guard_faults(tables)[0]
    )
    tables["corrections"] = tables["corrections"].assign(expect=12.2, action="exclude")
    assert "V0001" not in set(facts.corrected(tables, "volumes")["id"])


@pytest.mark.once
def test_install_is_all_or_nothing(tmp_path, own_home):
    bad = own(tmp_path / "bad", "volumes.csv", VOLUMES, good(unit="bushel"))
    with pytest.raises(DataError, match="bushel"):
        facts.install(bad)
    assert not (own_home / "facts").exists()
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="no CSV table in it"):
        facts.install(tmp_path / "empty")
    fine = own(tmp_path / "fine", "volumes.csv", VOLUMES, good())
    try:
        assert facts.install(fine) == (["volumes.csv"], [])
        assert "V9001" in set(facts.load()["volumes"]["id"])
    finally:
        assert facts.undo() == []
    assert not (own_home / "facts").exists()
