"""Bank of Russia: nominals, decimal commas, windows-1251, the day really served."""

from __future__ import annotations

import pytest
from samples import XML, answer, asked, edited, shared

from energy.sources import SourceError, cbr


def test_each_value_is_divided_by_the_nominal_of_its_own_record():
    table = cbr.parse(answer("cbr", "range.xml", tag="CNY")).set_index("period")
    # 109.20 for 10 yuan, then 10.95 for one; the records stand in no order.
    assert table["value"].to_dict() == {"2026-07-02": 10.92, "2026-07-03": 10.95}
    assert set(table["entity"]) == {"RUB/CNY"} and set(table["unit"]) == {"RUB per 1 CNY"}


def test_the_daily_file_says_which_day_it_served():
    table = cbr.parse(answer("cbr", "day.xml"))
    assert table[["entity", "period", "value"]].to_numpy().tolist() == [
        ["RUB/USD", "2026-07-18", 78.4]
    ]
    assert table["note"].item() == "over-the-counter quotes"


def test_a_wrong_code_is_told_from_holidays():
    assert cbr.parse(answer("cbr", "holiday.xml")).empty
    with pytest.raises(
        SourceError, match="No rate from 2026-07-01 to 2026-09-30: is the code 'R09999'"
    ):
        cbr.parse(answer("cbr", "wrong_code.xml"))


@pytest.mark.parametrize(
    ("file", "old", "new", "match"),
    [
        ("range.xml", "10,9500", "10.9500", "is '10.9500'; expected a decimal comma"),
        (
            "range.xml",
            "<Nominal>10<",
            "<Nominal>100<",
            r"109.2 / 100 is 1.092, VunitRate says 10.92",
        ),
        ("range.xml", "<Nominal>10<", "<Nominal>0<", "value 109.2 for 0.0 units"),
        ("range.xml", "109,2000", "-109,2000", "value -109.2 for 10.0 units"),
        ("range.xml", "02.07.2026", "31.06.2026", "Date '31.06.2026'; expected dd.mm.yyyy"),
        ("day.xml", "R01235", "R99999", "None of USD, EUR, CNY among the rates of 2026-07-18"),
        ("day.xml", "windows-1251", "utf-8", "Not the XML it should be"),
        ("day.xml", "windows-1251", "klingon", "Not the XML it should be"),
    ],
)
def test_faults(file, old, new, match):
    with pytest.raises(SourceError, match=match):
        cbr.parse(edited("cbr", file, old, new))


def test_entities_are_not_expanded():
    with pytest.raises(SourceError, match=r"\(DTDForbidden.*entities are not expanded"):
        cbr.parse(answer("cbr", "bomb.xml"))


def test_the_question_has_slashes_and_a_name_like_a_browser_s():
    request = asked("cbr", "USD")
    assert "date_req1=01/07/2026&date_req2=30/09/2026&VAL_NM_RQ=R01235" in request.url
    assert request.headers["User-Agent"].startswith(
        "Mozilla/5.0 (compatible; energy-trade-tracker/"
    )
    assert [r.tag for r in cbr.request("2026Q3")] == ["USD", "EUR", "CNY"]


def test_outside_answers():
    def read(name):
        return cbr.parse(answer("cbr", shared("cbr", f"handmade/{name}"), type=XML)).set_index(
            "period"
        )["value"]

    # Real rates of March 2022.
    assert read("XML_dynamic_usd_2022-03.xml").to_dict() == {
        "2022-03-01": 93.5589, "2022-03-02": 91.7457, "2022-03-10": 116.0847,
    }  # fmt: skip
    assert read("XML_dynamic_cny_nominal_change.xml").to_list() == [10.89, 10.912]
    assert read("XML_dynamic_empty.xml").empty
    assert set(read("XML_daily_2026-07-19_asked.xml").index) == {"2026-07-18"}
