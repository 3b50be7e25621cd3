"""MOEX: columns by name, pages by cursor, days without trades."""

from __future__ import annotations

import pytest
from samples import JSON, answer, edited, shared

from energy.sources import SourceError, moex
from energy.sources.contract import Request


def test_closes_and_the_weekend_says_so():
    table = moex.parse(answer("moex", "page1.json")).set_index("period")
    assert table["value"].to_dict() == {"2026-07-03": 130.0, "2026-07-04": 131.2}
    assert table["note"].to_dict() == {"2026-07-03": "", "2026-07-04": "weekend session"}
    assert set(table["entity"]) == {"gazprom"} and set(table["unit"]) == {"RUB"}


def test_the_cursor_leads_to_the_next_page_and_to_the_end():
    (second,) = moex.more(answer("moex", "page1.json"))
    assert second.tag == "GAZP-2" and "&start=2&" in second.url
    last = answer("moex", "page2.json", request=second)
    assert len(moex.parse(last)) == 1 and moex.more(last) == []


def test_a_day_without_trades_is_missing():
    assert moex.parse(answer("moex", "halt.json")).empty


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"CLOSE"', '"LAST"', "Block 'history' has no column 'CLOSE'; it has TRADEDATE, LAST"),
        ("[0, 3, 2]", "[0, 1, 2]", "2 rows; the cursor promises 1"),
        ("[0, 3, 2]", "[4, 9, 2]", "The cursor stands at .*; asked was 0"),
        ("[0, 3, 2]", "[0, 3, 0]", "The cursor stands at"),
        ("[0, 3, 2]", "[0, null, 2]", "expected INDEX, TOTAL and PAGESIZE"),
        ("130.0", "-130.0", "CLOSE on 2026-07-03 is -130"),
        (
            '["TRADEDATE", "CLOSE", "VOLUME"',
            '["TRADEDATE", "CLOSE", "SECID"',
            "SECID is 35000000; expected 'GAZP'",
        ),
        (", 35000000", "", "does not fit its 4 columns"),
    ],
)
def test_faults(old, new, match):
    with pytest.raises(SourceError, match=match):
        moex.parse(edited("moex", "page1.json", old, new))


@pytest.mark.parametrize(
    ("name", "start", "count"),
    [("history_page1", 0, 2), ("history_page2", 2, 1), ("history_halt_nulls", 0, 0), ("history_empty", 0, 0),
     ("history_columns_subset", 0, 1)],
)  # fmt: skip
def test_outside_answers(name, start, count):
    request = Request("moex", f"GAZP-{start}", f"{moex.BASE}?start={start}")
    body = shared("moex", f"handmade/{name}.json")
    assert len(moex.parse(answer("moex", body, type=JSON, request=request))) == count
