"""Pink Sheet: the workbook found through its page and read by its names."""

from __future__ import annotations

import pytest
from samples import (
    BOOK,
    SHARED,
    XLSX,
    answer,
    asked,
    shared,
    with_cell,
    with_member,
    workbook,
    zipped,
)

from energy.sources import SourceError, pinksheet


def read(body):
    return pinksheet.parse(answer("pinksheet", body, type=XLSX, request=BOOK))


def test_columns_are_found_by_name_and_units_kept():
    table = read(workbook()).set_index(["series", "period"])
    assert table.loc[("wb_gas_europe", "2015-05"), "value"] == 7.3
    assert table.loc[("wb_brent", "2015-02"), ["value", "unit", "basis"]].to_list() == [
        57.9,
        "USD/bbl",
        "",
    ]
    assert table.loc[("wb_gas_us", "2015-02"), "unit"] == "USD/MMBtu"
    assert ("wb_lng_japan", "2015-02") not in table.index  # the gap mark is missing, not zero
    assert set(table["published"]) == {"2026-11-03"}
    assert table.loc[("wb_gas_europe", "2015-02"), "entity"] == "europe"


def test_columns_in_another_order_are_the_same():
    def turn(cells):
        for line in cells:
            line[1:] = line[:0:-1]

    columns = ["series", "period", "value"]
    assert read(workbook(turn))[columns].equals(read(workbook())[columns])


def test_status_and_break():
    table = read(workbook()).set_index(["series", "period"])
    status = table["status"]
    assert status["wb_lng_japan", "2015-05"] == status["wb_lng_japan", "2015-06"] == "estimate"
    assert status["wb_lng_japan", "2015-04"] == "actual"
    assert status["wb_gas_europe", "2015-06"] == "provisional"  # the newest month
    assert "breaks in 2015-04" in table.loc[("wb_gas_europe", "2015-03"), "note"]
    assert table.loc[("wb_gas_europe", "2015-04"), "note"] == ""


def test_the_page_leads_to_the_workbook():
    page = answer("pinksheet", "page.html", tag="page")
    assert pinksheet.parse(page).empty
    (book,) = pinksheet.more(page)
    assert book.url.endswith("0123456789abcdef-0050012027/related/CMO-Historical-Data-Monthly.xlsx")
    assert pinksheet.more(answer("pinksheet", workbook(), type=XLSX, request=book)) == []


@pytest.mark.parametrize(
    "link",
    ["", '<a href="https://evil.example/CMO-Historical-Data-Monthly.xlsx">', '<a href="https://thedocs.worldbank.org.evil.example/x/CMO-Historical-Data-Monthly.xlsx">'],
)  # fmt: skip
def test_without_a_link_of_the_bank_the_last_good_address_stands(link):
    page = answer("pinksheet", f"<html>{link}</html>".encode(), type="text/html", tag="page")
    assert [request.url for request in pinksheet.more(page)] == [pinksheet.KNOWN]


def test_a_failure_leads_to_the_last_good_address_once():
    error = SourceError("pinksheet", "x", "HTTP 404.", 404)
    (known,) = pinksheet.instead(asked("pinksheet"), error)
    assert known.url == pinksheet.KNOWN and pinksheet.instead(known, error) == []


@pytest.mark.parametrize(
    ("body", "match"),
    [
        (lambda: workbook(sheet="Prices"), "Sheet 'Monthly Prices' is missing; the workbook has AFOSHEET, Prices"),
        (lambda: with_cell(4, 5, "Gas, EU"), "Column 'Natural gas, Europe' stands there 0 times"),
        (lambda: with_cell(5, 3, "($/mt)"), r"Unit of 'Liquefied natural gas, Japan' is '\(\$/mt\)'"),
        (lambda: with_cell(8, 0, "2015M05"), "Row 9 is '2015M05'; expected 2015M04"),
        (lambda: with_cell(9, 0, "2015M04"), "Row 10 is '2015M04'; expected 2015M05"),
        (lambda: with_member(workbook(), "/etc/x", b""), "leads out of its folder"),
        (lambda: with_member(workbook(), "x.xml", b"<!DOCTYPE x>"), "'x.xml' of the workbook declares entities"),
        (lambda: with_member(workbook(), "x", bytes(70 * 2**20)), "unpacks to 73,.* at most 67,108,864"),
        (lambda: zipped({"a": b"x"}), "The workbook is damaged or not one"),
        (lambda: workbook(lambda cells: cells.__delitem__(slice(6, None))), "No row holds a month"),
        (lambda: workbook(lambda cells: [line.__setitem__(6, None) for line in cells]), ""),
    ],
)  # fmt: skip
def test_a_workbook_that_is_not_the_one(body, match):
    if not match:  # a column nobody needs may go
        assert len(read(body())) == 19
        return
    with pytest.raises(SourceError, match=match):
        read(body())


def test_a_column_without_any_value():
    def blank(cells):
        for line in cells[6:]:
            line[5] = "…"

    with pytest.raises(SourceError, match="Column 'Natural gas, Europe' holds no value"):
        read(workbook(blank))


def test_no_date_of_the_edition_is_no_fault():
    assert set(read(with_cell(3, 0, "Updated lately"))["published"]) == {""}


def test_a_file_with_years_cut_out_is_refused():
    with pytest.raises(SourceError, match="Row 10 is '2024M06'; expected 1960M04"):
        read(shared("pinksheet", "cut/CMO-Historical-Data-Monthly-cut.xlsx"))


def test_the_world_bank_s_own_file():
    path = SHARED.parent / "pinksheet" / "CMO-Historical-Data-Monthly.xlsx"
    if not path.exists():
        pytest.skip("the whole Pink Sheet lies outside the package")
    table = read(path.read_bytes()).set_index(["series", "period"])["value"]
    # Printed in the edition of 2 June 2026.
    assert table["wb_gas_europe", "2026-03"] == pytest.approx(17.91, abs=0.005)
    assert table["wb_gas_europe", "2026-05"] == pytest.approx(16.17, abs=0.005)
    assert table["wb_lng_japan", "2026-05"] == pytest.approx(15.77, abs=0.005)
    assert table["wb_brent", "2026-05"] == pytest.approx(107.54, abs=0.005)
    assert table["wb_gas_us", "1960-01"] == 0.14 and ("wb_lng_japan", "1960-01") not in table
