"""GIE: strings, dashes, pages, refusals with status 200, and the decimal commas of 2022."""

from __future__ import annotations

import json

import pytest
from samples import DATA, JSON, answer, asked, edited, shared

from energy.sources import SourceError, gie
from energy.sources.contract import Request


def read(name, tag="DE"):
    return gie.parse(answer("gie", name, tag=tag))


def test_stock_and_fill_and_a_dash_is_missing():
    table = read("page1.json").set_index(["series", "period"])
    assert table["value"].to_dict() == {
        ("storage_fill", "2026-09-30"): 80.2,
        ("storage_stock", "2026-09-30"): 200.5,
    }
    assert set(table["status"]) == {"estimate"} and set(table["entity"]) == {"germany"}
    assert set(table["published"]) == {"2026-10-02"}


def test_pages_are_followed_by_last_page_and_not_by_total():
    (second,) = gie.more(answer("gie", "page1.json", tag="DE"))
    assert second.tag == "DE-p2" and "&page=2&" in second.url and second.key_header == "x-key"
    assert gie.more(answer("gie", "page2.json", request=second)) == []
    assert gie.more(answer("gie", "empty.json", tag="DE")) == []


def test_a_refusal_with_status_200_names_the_key():
    with pytest.raises(SourceError, match=r"'Invalid or missing API key'. Check GIE_API_KEY"):
        read("refused.json")
    with pytest.raises(SourceError, match="Access refused"):
        gie.more(answer("gie", "refused.json", tag="DE"))


def test_a_decimal_comma_is_read_and_held_against_the_fullness():
    assert read("comma.json").set_index("series").loc["storage_stock", "value"] == 200.0
    with pytest.raises(SourceError, match=r"as a decimal comma does not fit 80.0 % of 250.0 TWh"):
        gie.parse(edited("gie", "comma.json", "200,0000", "2,000", tag="DE"))


@pytest.mark.parametrize(
    "row", [{"gasInStorage": "-"}, {"gasInStorage": ""}, {"gasInStorage": None}]
)
def test_every_form_of_missing(row):
    data = json.loads((DATA / "gie" / "page2.json").read_text())
    data["data"][0].update(row)
    table = gie.parse(answer("gie", json.dumps(data).encode(), type=JSON, tag="DE"))
    assert list(table["series"]) == ["storage_fill"]


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        (
            "2026-09-28",
            "2026-05-01",
            "Gas day 2026-05-01 came back; asked was 2026-05-02 and later",
        ),
        ("2026-09-28", "2026-10-01", "No gas day up to 2026-09-30 came back"),
        ('"200.0000"', '"1.200,00"', "gasInStorage on 2026-09-28 is '1.200,00'"),
        ('"full"', '"fill"', "has no field 'full'"),
        ('"last_page": 2', '"last_page": 9999', "last_page is 9999"),
    ],
)
def test_faults(old, new, match):
    with pytest.raises(SourceError, match=match):
        gie.parse(edited("gie", "page2.json", old, new, tag="DE"))


def test_days_after_the_bound_are_left_out_should_the_server_ignore_it():
    table = gie.parse(edited("gie", "page1.json", '"2026-09-29"', '"2026-10-05"', tag="DE"))
    assert set(table["period"]) == {"2026-09-30"}


def test_the_questions():
    assert "type=eu&from=2026-05-02&to=2026-09-30&page=1&size=300" in asked("gie", "EU").url
    assert "country=UA" in asked("gie", "UA").url and len(gie.request("2026Q3")) == 11


def outside(place, span):
    return Request(
        "gie", f"{place}-p1", f"{gie.BASE}?{place}&from={span[0]}&to={span[1]}&page=1&size=300"
    )


def test_outside_answers():
    german = outside("country=DE", ("2026-08-01", "2026-08-31"))
    for name, count in (
        ("agsi_de_one_day_transcribed", 2),
        ("agsi_de_page1_of_2", 2),
        ("agsi_empty", 0),
    ):
        body = shared("gie", f"handmade/{name}.json")
        assert len(gie.parse(answer("gie", body, type=JSON, request=german))) == count
    body = shared("gie", "handmade/bad_key_http200.json")
    with pytest.raises(SourceError, match="Access refused"):
        gie.parse(answer("gie", body, type=JSON, request=german))


def test_the_recorded_answer_of_april_2022_with_its_commas():
    body = shared("gie", "recorded/storage.json")
    table = gie.parse(
        answer("gie", body, type=JSON, request=outside("type=eu", ("2022-01-01", "2022-04-05")))
    )
    stock = table[table["series"] == "storage_stock"].set_index("period")["value"]
    assert len(stock) == 94 and stock["2022-04-04"] == 290.485 and stock["2022-01-01"] == 597.1411
    assert set(table["entity"]) == {"eu"}
