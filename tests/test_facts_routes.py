"""The facts about routes, meters, contracts and events, as they lie in the package."""

from __future__ import annotations

import datetime as dt
import itertools
from pathlib import Path

import pandas as pd
import pytest

from geodata import routes as ground

DATA = Path(__file__).parents[1] / "energy" / "data"
FAR_PAST, FAR_FUTURE = "0000-00-00", "9999-99-99"


def table(name: str) -> pd.DataFrame:
    return pd.read_csv(DATA / f"{name}.csv", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def routes() -> pd.DataFrame:
    return table("routes").set_index("route")


@pytest.fixture(scope="module")
def facts() -> pd.DataFrame:
    return table("route_facts")


@pytest.fixture(scope="module")
def crosswalk() -> pd.DataFrame:
    return table("crosswalk")


@pytest.fixture(scope="module")
def contracts() -> pd.DataFrame:
    return table("contracts")


@pytest.fixture(scope="module")
def events() -> pd.DataFrame:
    return table("events")


def values(facts: pd.DataFrame, route: str, attribute: str) -> pd.DataFrame:
    return facts[(facts["route"] == route) & (facts["attribute"] == attribute)]


def at(facts: pd.DataFrame, route: str, attribute: str, day: str) -> list[str]:
    """Values of one attribute that hold on one day."""
    rows = values(facts, route, attribute)
    begun = rows["valid_from"].replace("", FAR_PAST) <= day
    not_over = rows["valid_to"].replace("", FAR_FUTURE) > day
    return rows.loc[begun & not_over, "value"].tolist()


def overlaps(rows: pd.DataFrame) -> list[tuple[str, str]]:
    spans = sorted(
        zip(
            rows["valid_from"].replace("", FAR_PAST),
            rows["valid_to"].replace("", FAR_FUTURE),
            strict=True,
        )
    )
    return [b for a, b in itertools.pairwise(spans) if a[1] > b[0]]


# routes


def test_all_listed_routes_corridors_and_joining_lines_have_name_role_and_note(routes):
    assert len(routes) == 60
    corridors = {"ukraine-transit", "ukraine-slovakia", "ukraine-hungary", "ukraine-poland"}
    assert corridors <= set(routes.index)
    assert (routes[["name", "role", "status", "source", "note"]] != "").all().all()


def test_part_of_is_set_for_exits_and_strings_only_and_leads_to_an_export(routes):
    parts = routes[routes["part_of"] != ""]
    assert set(parts.index) == set(routes.index[routes["role"].isin(["exit", "string"])])
    assert set(routes.loc[parts["part_of"], "role"]) == {"export"}


def test_every_export_crosses_a_border_and_no_feeder_does(routes):
    export = routes[routes["role"] == "export"]
    assert (export["from_country"] != export["to_country"]).all()
    feeder = routes[routes["role"] == "feeder"]
    assert set(feeder["from_country"]) == set(feeder["to_country"]) == {"RUS"}


@pytest.mark.parametrize(
    "route, role",
    [
        ("power-of-siberia-1", "export"),
        ("china-russia-east", "onward"),
        ("power-of-siberia-kovykta", "feeder"),
        ("trans-balkan", "exit"),
        ("soyuz", "string"),
        ("opal", "onward"),
        ("central-asia-china-abc", "foreign"),
    ],
)
def test_the_same_gas_is_counted_once(routes, route, role):
    assert routes.loc[route, "role"] == role


def test_names_in_russian_and_chinese_came_along(routes):
    assert routes.loc["power-of-siberia-1", "name_ru"] == "Сила Сибири"
    assert routes.loc["power-of-siberia-1", "name_zh"] == "西伯利亚力量天然气管道"
    assert (routes[["name_ru", "name_zh"]] != "").all(axis=None)


# route facts


@pytest.mark.parametrize(
    "day, bcm",
    [
        ("2019-12-01", []),
        ("2020-06-30", ["5"]),
        ("2021-06-30", ["10"]),
        ("2022-06-30", ["15"]),
        ("2023-06-30", ["22"]),
        ("2024-11-30", ["30"]),
        ("2024-12-01", ["38"]),
        ("2030-12-31", ["38"]),
        ("2031-01-01", ["44"]),
    ],
)
def test_power_of_siberia_capacity_follows_the_contract(facts, day, bcm):
    assert at(facts, "power-of-siberia-1", "capacity", day) == bcm


def test_the_44_bcm_are_a_plan(facts):
    rows = values(facts, "power-of-siberia-1", "capacity").set_index("value")
    assert rows.loc["44", "status"] == "plan"
    assert rows.loc["38", "status"] == "contract"


@pytest.mark.parametrize(
    "route, day, bcm",
    [
        ("nord-stream-1", "2011-12-31", ["27.5"]),
        ("nord-stream-1", "2013-01-01", ["55"]),
        ("nord-stream-1", "2022-10-01", ["0"]),
        ("nord-stream-2", "2022-01-01", ["55"]),
        ("nord-stream-2", "2022-10-01", ["27.5"]),
        ("yamal-europe", "2015-01-01", ["32.9"]),
        ("turkstream-2", "2019-12-31", []),
        ("turkstream-2", "2020-01-01", ["15.75"]),
        ("central-asia-center", "2025-01-01", []),
    ],
)
def test_capacity_on_a_day(facts, route, day, bcm):
    assert at(facts, route, "capacity", day) == bcm


@pytest.mark.parametrize(
    "route, day",
    [
        ("nord-stream-1", "2022-09-02"),
        ("yamal-europe", "2022-05-12"),
        ("ukraine-transit", "2025-01-01"),
        ("ukraine-poland", "2022-04-27"),
        ("soyuz", "2022-05-11"),
        ("leningrad-finland", "2022-05-21"),
        ("valdai-pskov-riga", "2023-01-01"),
    ],
)
def test_stops_of_russian_flow(facts, route, day):
    assert values(facts, route, "stop")["value"].tolist() == [day]


@pytest.mark.parametrize(
    "route", ["power-of-siberia-1", "turkstream-1", "turkstream-2", "blue-stream"]
)
def test_routes_in_use_have_no_stop(facts, route):
    assert values(facts, route, "stop").empty


def test_nord_stream_2_never_started(facts):
    assert values(facts, "nord-stream-2", "start").empty


def test_values_of_one_attribute_never_overlap(facts):
    groups = facts.groupby(["route", "attribute"])
    assert len(groups) > 200
    assert {key: overlaps(rows) for key, rows in groups if overlaps(rows)} == {}


def test_every_fact_belongs_to_a_route_and_every_route_has_facts(routes, facts):
    assert set(facts["route"]) <= set(routes.index)
    without = {"ukraine-transit", "ukraine-slovakia", "ukraine-hungary", "ukraine-poland"}
    without |= {"strandzha-provadia"}  # part of an old line; no length of this part is published
    listed = set(routes.index) - without
    assert listed <= set(facts.loc[facts["attribute"] == "length", "route"]) | without


def test_numbers_have_a_unit_and_dates_are_dates(facts):
    dated = facts["attribute"].isin(["start", "stop"])
    for value in facts.loc[dated, "value"]:
        dt.date.fromisoformat(value)
    text = facts["attribute"].isin(["operator", "owner"])
    assert (facts.loc[dated | text, "unit"] == "").all()
    numbers = facts[~dated & ~text]
    assert (numbers["unit"] != "").all()
    assert (numbers["value"].astype(float) >= 0).all()


def test_a_capacity_and_a_calorific_value_state_their_basis(facts):
    needs = facts[facts["attribute"].isin(["capacity", "gcv"])]
    assert (needs["basis"] != "").all()


def test_dates_run_forwards(facts, crosswalk):
    for rows in (facts, crosswalk):
        both = rows[(rows["valid_from"] != "") & (rows["valid_to"] != "")]
        assert len(both) >= 2
        assert (both["valid_from"] < both["valid_to"]).all()


def test_calorific_values_are_plausible_at_20_degrees(facts):
    gcv = facts[facts["attribute"] == "gcv"]
    assert gcv["value"].astype(float).between(10.3, 10.6).all()
    assert set(gcv["status"]) == {"estimate"}
    # 620.7 TWh over 59.2 bcm; 17,403 GWh over 1.68 bcm
    assert at(facts, "nord-stream-1", "gcv", "2021-01-01") == ["10.49"]
    assert at(facts, "turkstream-2", "gcv", "2025-10-01") == ["10.36"]


def test_no_calorific_value_is_made_up_for_siberian_gas_to_china(facts):
    assert values(facts, "power-of-siberia-1", "gcv").empty


def test_every_metered_route_can_turn_energy_into_volume(facts, crosswalk):
    counted = crosswalk[(crosswalk["kind"] == "point") & (crosswalk["counts"] == "true")]
    assert set(counted["target"]) <= set(facts.loc[facts["attribute"] == "gcv", "route"])


# crosswalk


def test_both_ends_of_every_crosswalk_exist(routes, crosswalk):
    to_route = crosswalk[crosswalk["kind"].isin(["point", "series"])]
    assert set(to_route["target"]) <= set(routes.index)
    market = crosswalk[crosswalk["kind"] == "market"]
    assert set(market["key"]) <= set(routes.index)
    assert (market["target"] != "").all()


def test_every_export_and_exit_has_a_market_and_nothing_else_has(routes, crosswalk):
    market = crosswalk[crosswalk["kind"] == "market"]
    assert set(market["key"]) == set(routes.index[routes["role"].isin(["export", "exit"])])


def test_a_key_never_leads_to_two_places_at_once(crosswalk):
    for kind in ("point", "market"):
        for key, rows in crosswalk[crosswalk["kind"] == kind].groupby("key"):
            assert overlaps(rows) == [], key


def test_a_market_at_every_moment_from_first_to_last(crosswalk):
    for key, rows in crosswalk[crosswalk["kind"] == "market"].groupby("key"):
        rows = rows.sort_values("valid_from")
        joins = zip(rows["valid_to"].iloc[:-1], rows["valid_from"].iloc[1:], strict=True)
        assert all(end == begin for end, begin in joins), key


def test_points_are_operator_point_direction(crosswalk):
    keys = crosswalk.loc[crosswalk["kind"] == "point", "key"]
    assert len(keys) > 60
    whole = keys[~keys.str.startswith("*")]
    assert whole.str.fullmatch(r"[A-Z]{2}-TSO-\d{4}/ITP-\d{5}/(entry|exit)").all()


@pytest.mark.parametrize(
    "key",
    [
        "DE-TSO-0005/ITP-00491/entry",
        "DE-TSO-0018/ITP-00297/entry",
        "DE-TSO-0001/ITP-00096/entry",
        "AL-TSO-0001/ITP-00274/entry",
        "LT-TSO-0001/ITP-00050/exit",
    ],
)
def test_double_counts_and_other_gas_stay_out(crosswalk, key):
    rows = crosswalk[crosswalk["key"] == key]
    assert set(rows["counts"]) == {"false"}
    assert (rows["reason"] != "").all()


@pytest.mark.parametrize(
    "day, counted", [("2020-06-30", "UA-TSO-0001"), ("2020-07-01", "PL-TSO-0002")]
)
def test_drozdovichi_is_counted_on_one_side_at_a_time(crosswalk, day, counted):
    rows = crosswalk[(crosswalk["target"] == "ukraine-poland") & (crosswalk["counts"] == "true")]
    begun = rows["valid_from"].replace("", FAR_PAST) <= day
    rows = rows[begun & (rows["valid_to"].replace("", FAR_FUTURE) > day)]
    assert [key.split("/")[0] for key in rows["key"]] == [counted]


def test_nothing_from_ukraine_counts_after_transit_ended(crosswalk):
    exits = crosswalk[
        crosswalk["target"].isin(
            ["ukraine-slovakia", "ukraine-hungary", "ukraine-poland", "trans-balkan"]
        )
        & (crosswalk["kind"] == "point")
        & (crosswalk["counts"] == "true")
    ]
    assert len(exits) >= 8
    assert (exits["valid_to"].replace("", FAR_FUTURE) <= "2025-01-01").all()


@pytest.mark.parametrize(
    "route, day, market",
    [
        ("trans-balkan", "2019-12-31", "balkans-turkey"),
        ("trans-balkan", "2020-01-01", "europe"),
        ("minsk-kaliningrad", "2022-04-01", "kaliningrad"),
        ("power-of-siberia-1", "2025-01-01", "china"),
        ("turkstream-1", "2025-01-01", "turkey"),
        ("turkstream-2", "2025-01-01", "europe"),
        ("central-asia-center", "2025-01-01", "central-asia"),
    ],
)
def test_market_of_a_route_on_a_day(crosswalk, route, day, market):
    rows = crosswalk[(crosswalk["kind"] == "market") & (crosswalk["key"] == route)]
    begun = rows["valid_from"].replace("", FAR_PAST) <= day
    rows = rows[begun & (rows["valid_to"].replace("", FAR_FUTURE) > day)]
    assert rows["target"].tolist() == [market]


# contracts


def test_contract_quantities_by_year(contracts):
    rows = contracts.set_index(["contract", "year"])["acq"].astype(float)
    ramp = [rows["power-of-siberia-1", str(year)] for year in range(2020, 2026)]
    assert ramp == [5, 10, 15, 22, 30, 38]
    assert rows["ukraine-transit-2019", "2020"] == 65
    assert rows["ukraine-transit-2019", "2021/2024"] == 40


def test_turkish_contracts_add_up_to_the_published_total(contracts):
    turkey = contracts[(contracts["market"] == "turkey") & (contracts["year"] == "2026")]
    assert turkey["acq"].astype(float).sum() == 21.75


def test_transit_was_ship_or_pay_and_nothing_is_guessed_elsewhere(contracts):
    known = contracts[contracts["take_or_pay"] != ""]
    assert set(known["contract"]) == {"ukraine-transit-2019"}


def test_power_of_siberia_2_is_a_plan_not_a_contract(contracts):
    rows = contracts[contracts["route"] == "power-of-siberia-2"]
    assert rows["status"].tolist() == ["plan"]


def test_contracts_name_existing_routes(routes, contracts):
    assert set(contracts["route"]) <= set(routes.index)


# events


def test_every_event_has_a_date_of_its_stated_precision(events):
    assert len(events) == 198
    length = events["precision"].map({"year": 4, "month": 7, "day": 10})
    assert (events["date"].str.len() == length).all()


def test_every_route_of_an_event_exists(routes, events):
    named = {route for cell in events["routes"] if cell for route in cell.split(";")}
    assert len(named) > 10
    assert named <= set(routes.index)


def test_an_event_concerns_a_route_or_a_market(events):
    assert ((events["routes"] != "") | (events["markets"] != "")).all()


def test_an_event_that_concerns_no_route_says_where_it_was_or_names_no_place(events):
    """Moscow, the plant at Astrakhan, Brussels, China: known to the map; six name no place."""
    apart = events[events["routes"] == ""]
    named = apart.loc[apart["place"] != "", "place"]
    assert set(named) <= set(ground.spots())
    assert {"moscow", "aksaraysky-astrakhan-gas-plant", "brussels", "CHN"} <= set(named)
    assert (events.loc[events["routes"] != "", "place"] == "").all()
    assert sorted(apart.loc[apart["place"] == "", "event"]) == [
        "E025", "E032", "E036", "E042", "E168", "E184"
    ]  # fmt: skip


def test_an_event_ends_after_it_begins_and_a_loss_has_a_unit(events):
    ended = events[events["end"] != ""]
    assert len(ended) > 20
    assert (ended["end"] >= ended["date"].str[: len("2024-01")]).all()
    assert ((events["offline"] != "") == (events["offline_unit"] != "")).all()
    works = events[events["title"].str.startswith("Power of Siberia 1 autumn maintenance 18-26")]
    assert works[["date", "end", "category"]].values.tolist() == [
        ["2025-09-18", "2025-09-26", "maintenance"]
    ]


def test_a_loss_told_by_one_side_alone_says_so(events):
    attacks = events[events["title"].str.contains("Russkaya") & (events["offline"] == "0")]
    assert len(attacks) >= 3 and set(attacks["evidence"]) == {"one-side"}


def test_only_dates_ahead_of_the_package_are_scheduled(events):
    assert (events["scheduled"] == "true").equals(events["date"] > "2026-11-24")
    assert events.loc[events["scheduled"] == "true", "title"].str.contains("scheduled").sum() == 0


# all


@pytest.mark.parametrize("name", ["routes", "route_facts", "crosswalk", "contracts", "events"])
def test_every_row_cites_a_source_and_none_is_recalled(name):
    rows = table(name)
    assert len(rows) > 0
    assert (rows["source"] != "").all()
    assert not rows.apply(lambda column: column.str.contains("recalled")).any().any()


@pytest.mark.parametrize("name", ["routes", "route_facts", "crosswalk", "contracts", "events"])
def test_every_cited_source_exists(name):
    if not (DATA / "sources.csv").exists():
        pytest.skip("sources.csv is not written yet")
    assert set(table(name)["source"]) <= set(table("sources")["source"])


def test_where_the_project_itself_is_the_source_the_row_says_how(facts):
    own = set(facts.loc[facts["source"].str.startswith("calorific-value"), "attribute"])
    assert own == {"gcv"}
    assert (facts.loc[facts["attribute"] == "gcv", "note"] != "").all()
