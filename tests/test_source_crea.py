"""CREA: a model and nothing else, without its forecast tail."""

from __future__ import annotations

import pytest
from samples import CSV, JSON, answer, asked, edited, shared

from energy.sources import SourceError, crea


def test_everything_is_modelled_and_the_tail_is_left_out():
    table = crea.parse(answer("crea", "overland.json")).set_index(["series", "entity"])
    assert set(table["status"]) == {"modelled"} and set(table["period"]) == {"2026-07-01"}
    assert table.loc[("flow_model", "hungary"), ["value", "unit", "basis"]].to_list() == [
        2e7,
        "m3",
        "unstated",
    ]
    assert table.loc[("flow_model_value", "china"), "value"] == 21e6
    assert ("flow_model", "turkey") not in table.index  # 20 November, asked on the 25th


def test_csv_is_read_alike_and_namibia_is_a_country():
    table = crea.parse(answer("crea", "overland.csv")).set_index(["series", "entity"])
    assert table.loc[("flow_model", "namibia"), "value"] == 5.0
    assert ("flow_model_value", "namibia") not in table.index  # blank


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ('"natural_gas"', '"coal"', "Commodity 'coal'; expected 'natural_gas'"),
        ("value_m3", "volume", "has no field 'value_m3'"),
        ('"HU"', '"HUN"', "destination_iso2 on 2026-07-01 is 'HUN'"),
        ("20000000.0", '"20 000"', "'20 000'; expected a number"),
        ("2026-07-01T", "01/07/2026T", "date is '01/07/2026T"),
        ('"data": [', '"data": {}, "x": [', "is no list of rows"),
    ],
)
def test_faults(old, new, match):
    with pytest.raises(SourceError, match=match):
        crea.parse(edited("crea", "overland.json", old, new))


def test_two_values_for_one_day_are_refused():
    with pytest.raises(SourceError, match="flow_model hungary 2026-07-01 stands there 2 times"):
        crea.parse(edited("crea", "overland.json", '"CN"', '"HU"'))


def test_maintenance_is_no_answer():
    body = shared("crea", "handmade/maintenance_http503.json")
    with pytest.raises(SourceError, match="has no field 'data'"):
        crea.parse(answer("crea", body, type=JSON))


def test_the_question_covers_a_year():
    url = asked("crea").url
    assert "date_from=2025-10-01&date_to=2026-09-30" in url
    assert "aggregate_by=destination_country,date" in url


def test_outside_answers():
    table = crea.parse(
        answer("crea", shared("crea", "handmade/overland_natural_gas.json"), type=JSON)
    )
    assert {"hungary", "china", "turkey"} <= set(table["entity"])
    flat = crea.parse(answer("crea", shared("crea", "handmade/overland_natural_gas.csv"), type=CSV))
    assert len(flat) == 4
