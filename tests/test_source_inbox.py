"""Inbox: figures by hand, checked row by row with file and row."""

from __future__ import annotations

import datetime as dt

import pytest
from samples import DATA, RETRIEVED

from energy.errors import DataError
from energy.sources import SourceError, inbox

HEADER = ",".join(inbox.FIELDS)
ROW = {"series": "flow", "entity": "turkey", "period": "2026Q3", "value": "4.5", "unit": "bcm",
       "basis": "20C", "status": "actual", "source": "some-report", "title": "A report",
       "url": "https://example.org/r", "page": "p. 1", "published": "2026-10-30", "note": ""}  # fmt: skip


def write(tmp_path, *rows, header=HEADER, name="figures.csv"):
    lines = [
        header,
        *(row if isinstance(row, str) else ",".join((ROW | row).values()) for row in rows),
    ]
    path = tmp_path / name
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(path):
    return inbox.parse_file(path, retrieved=RETRIEVED)


def test_rows_keep_unit_basis_and_source():
    table = read(DATA / "inbox" / "good.csv").set_index("series")
    row = table.loc["exports_pipeline"]
    assert row[["value", "unit", "basis", "freq", "source"]].to_list() == [
        21.4, "bcm", "20C", "Q", "gazprom-report-2026q3",
    ]  # fmt: skip
    assert row["note"] == "Gazprom, report for the third quarter; https://example.org/r.pdf; p. 4"
    assert row["ref"].endswith("#row 3")  # the row of the file, comments counted
    assert table.loc["fx", "entity"] == "RUB/USD"
    assert "27112100, by pipeline" in table.loc["customs_value", "note"]


def test_the_template_is_a_file_that_only_lacks_rows(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(inbox.template(), encoding="utf-8")
    with pytest.raises(DataError, match="a header and no row"):
        read(path)
    example = inbox.template().splitlines()[-1].removeprefix("# ")
    path.write_text(inbox.template() + example + "\n", encoding="utf-8")
    assert read(path)["entity"].item() == "power-of-siberia-1"  # the example itself is sound
    assert all(f"#   {name}: " in inbox.template() for name in inbox.FIELDS)


def test_a_file_of_a_spreadsheet_with_a_byte_order_mark(tmp_path):
    path = write(tmp_path, {})
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert len(read(path)) == 1


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"series": ""}, "series is empty; what is measured"),
        ({"series": "Gas Flow"}, "series 'Gas Flow' has the wrong form"),
        ({"entity": "turkei"}, "entity 'turkei' is unknown; near: turkey"),
        ({"entity": "qqqqq"}, "entity 'qqqqq' is unknown; use an id of routes.csv"),
        ({"entity": "RUB/USD"}, "entity 'RUB/USD' is unknown"),
        ({"period": "Q3 2026"}, "Period 'Q3 2026'"),
        ({"period": "2026Q4"}, "period 2026Q4 is not over, so it cannot be 'actual'"),
        ({"value": '"4,5"'}, "value '4,5' is not a number; write it with a decimal point"),
        ({"value": "1 000"}, "value '1 000' is not a number"),
        ({"value": "nan"}, "value 'nan' is not a number"),
        ({"value": "1e999"}, "value '1e999' is not a number"),
        ({"unit": "bmc"}, "unit 'bmc' is unknown; use bcm"),
        ({"basis": ""}, "basis is empty; bcm needs one"),
        ({"basis": "20"}, "basis '20' is unknown; use 0C"),
        ({"status": "final"}, "status 'final' is unknown; use one of actual"),
        ({"source": "Some Report"}, "source 'Some Report' has the wrong form"),
        ({"title": ""}, "title is empty"),
        ({"url": "example.org"}, "url 'example.org' is no address"),
        ({"published": "30.10.2026"}, "published '30.10.2026' is no date"),
        ({"published": "2026-02-30"}, "published '2026-02-30' is no date"),
        ({"published": "2026-12-01"}, "published '2026-12-01' lies in the future"),
    ],
)
def test_a_bad_row_is_named_with_file_and_row(tmp_path, change, match):
    path = write(tmp_path, {}, {"period": "2026Q2"} | change)
    with pytest.raises(DataError, match=f"figures.csv row 3: {match}"):
        read(path)


@pytest.mark.parametrize("published", ["2026", "2026-10", "2026-10-30"])
def test_a_date_of_publication_may_be_coarse(tmp_path, published):
    assert read(write(tmp_path, {"published": published}))["published"].item() == published


def test_a_plan_may_lie_in_the_future(tmp_path):
    row = {"period": "2027", "status": "plan", "series": "plan_flow"}
    assert read(write(tmp_path, row))["status"].item() == "plan"


def test_all_faults_are_collected_and_nothing_is_taken(tmp_path):
    path = write(tmp_path, {"unit": "x"}, {"period": "2026Q2", "value": "y", "status": "z"})
    with pytest.raises(DataError, match="3 faults") as caught:
        read(path)
    assert [fault.split(":")[0] for fault in caught.value.faults] == [
        "figures.csv row 2", "figures.csv row 3", "figures.csv row 3",
    ]  # fmt: skip


def test_the_same_figure_twice(tmp_path):
    with pytest.raises(DataError, match="row 3: the same figure as in row 2; keep one"):
        read(write(tmp_path, {}, {"value": "5"}))


@pytest.mark.parametrize(
    ("header", "match"),
    [
        (HEADER.replace("period", "perod"), "column 'perod' is unknown; did you mean 'period'"),
        (HEADER.replace(",basis", ""), "13 cells, the header has 12"),
        (HEADER.replace(",", ";"), "row 2: 1 cells, the header has 13"),
        (HEADER.replace("title", "source"), "column 'source' stands there twice"),
        (HEADER.replace("status", "page"), "column 'status' is missing"),
    ],
)
def test_a_header_that_is_not_the_one(tmp_path, header, match):
    with pytest.raises(DataError, match=match):
        read(write(tmp_path, {}, header=header))


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (b"", "empty; download it again, or see 'energy sources --template'"),
        (b"# only a comment\n", "empty"),
        (HEADER.encode("utf-16"), "a header and no row"),
        ("серия,значение\n".encode("cp1251"), "not UTF-8; it looks like cp1251"),
        (b"<html></html>", "a web page that came in place of the file"),
        (b"PK\x03\x04\0\0", "Not a whole zip file"),
    ],
)
def test_a_file_that_is_none(tmp_path, body, match):
    path = tmp_path / "figures.csv"
    path.write_bytes(body)
    with pytest.raises(DataError, match=f"figures.csv(?: row 1)?: {match}"):
        read(path)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"absent.csv: cannot be read \(No such file"):
        read(tmp_path / "absent.csv")


def test_kept_bytes_are_read_again_and_faults_become_those_of_a_source(tmp_path):
    answer = inbox.answer_of(write(tmp_path, {}), RETRIEVED)
    assert answer.request.url == "inbox:figures.csv" and len(inbox.parse(answer)) == 1
    bad = inbox.answer_of(write(tmp_path, {"unit": "x"}), RETRIEVED)
    with pytest.raises(SourceError, match=r"figures.csv row 2: unit 'x' is unknown"):
        inbox.parse(bad)


def test_the_sources_of_a_file_are_rows_of_the_table_of_sources(tmp_path):
    answer = inbox.answer_of(write(tmp_path, {}, {"period": "2026Q2"}), RETRIEVED)
    rows = inbox.sources(inbox.parse(answer), answer)
    assert rows[["source", "title", "kind", "published"]].to_numpy().tolist() == [
        ["some-report", "A report", "own", "2026-10-30"]
    ]


def test_nobody_is_asked():
    assert inbox.request("2026Q3") == [] and dt.UTC is RETRIEVED.tzinfo
