"""The arrays of one route under each model, worked out by hand on six routes and three markets."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from energy.errors import DataError, EnergyError, MissingExtra
from energy.measure import tables as rows
from energy.projection import learned, noise, quantiles, ramp

SPAN = ramp.Grid(2026 * 4, 12, dt.date(2025, 12, 31))
DAYS = np.array([90, 91, 92, 92] * 2 + [91, 91, 92, 92])
SHARE = DAYS / np.array([365] * 8 + [366] * 4)
SEASON = [2.0, 1, 1, 2]
FLOWS = {
    "east": [1.5] * 12,
    "south": SEASON * 3,
    "north": [4, 3, 3, 4] + [0] * 8,
    "back": [3.0] * 4 + [0] * 8,
    "new": [np.nan] * 12,
    "twin": [np.nan] * 12,
}


def frame(kind: type[NamedTuple], columns: str, *lines: str) -> pd.DataFrame:
    """Lay ``a|b|c`` lines out as a table with every column of its row class, the others empty."""
    names = columns.split()
    given = [dict(zip(names, line.split("|"), strict=True)) for line in lines]
    return pd.DataFrame(
        [dict.fromkeys(kind._fields, "") | row for row in given], columns=list(kind._fields)
    )


def made_tables() -> dict[str, pd.DataFrame]:
    contracts = frame(
        rows.Contract, "id route year acq unit ends status published",
        "C1|east|plateau|99|bcm/yr||contract|2019-01-01",  # an older signature
        "C2|east|plateau|26|bcm/yr|2030|contract|2020-01-01",
        "C3|east|2026|10|bcm/yr|2030|contract|2020-01-01",
        "C4|east|2027|20|bcm/yr|2030|contract|2020-01-01",
        "C5|east|2028|6|bcm/yr|2040|plan|2021-01-01",  # a rise of 6 is planned
        "C6|twin|plateau|12|bcm/yr||contract|2020-01-01",
        "C7|south|2026|5|bcm/yr|2026-06|contract|2020-01-01",
        "C8|south|2026|2|bcm/yr|2039|contract|2020-01-01",  # less than half of what flows
    ).assign(acq=lambda table: table["acq"].astype(float))  # fmt: skip
    route_facts = frame(
        rows.RouteFact, "id route attribute value valid_from status",
        "R1|east|capacity|21|2019-12-02|actual",
        "R2|south|capacity|8||actual",
        "R3|new|capacity|30||plan",
        "R4|new|capacity|40|2028-01-01|plan",
        "R5|north|stop|2024-01-01||actual",
        "R6|north|start|2015-07-02||actual",
        "R7|back|stop|2027-01-01||plan",  # a plan to stop is no stop
        "R8|back|stop|2024-07-01||actual",
    )  # fmt: skip
    nodes = frame(
        rows.NetworkNode, "node valid_from valid_to capacity",
        "first-field|||12", "second-field||2027-01-01|8", "second-field|2027-01-01||10",
    ).assign(capacity=lambda table: table["capacity"].astype(float))  # fmt: skip
    market = [("east", "china"), ("new", "china"), ("south", "turkey"), ("north", "europe"),
              ("back", "europe")]  # fmt: skip
    return {
        "contracts": contracts,
        "route-facts": route_facts,
        "network-nodes": nodes,
        "volumes": frame(rows.Volume, "id"),
        "crosswalk": pd.DataFrame(
            [("market", route, name, "", "") for route, name in market],
            columns=["kind", "key", "target", "valid_from", "valid_to"],
        ),
        "routes": frame(rows.Route, "route role status", *(f"{r}|export|operating" for r in FLOWS)),
    }


TREE: dict[str, Any] = {
    "rules": {name: {"value": value} for name, value in {
        "overload": 1.1, "tolerance": 0.05, "window": 8, "half_life": 4, "drift": 0.02,
        "spread": 0.1, "persistence": 0.5, "delivery_spread": 0.04, "halt_prior": (0.5, 50),
        "restart_prior": (0.25, 25), "lapse": 0.35,
    }.items()},
    "drivers": {"demand": {"loading": {"china": 0.3, "europe": 0.8}},
                "oil": {"loading": {"europe": -0.6}}, "policy": {"loading": {"turkey": 0.2}}},
    "route": {"east": {"model": "contract"}},
}  # fmt: skip


@pytest.fixture(scope="module")
def cube():
    flow = np.array(list(FLOWS.values()))
    dims = ("route", "period")
    capacity = np.full(flow.shape, 10.0)
    return xr.Dataset(
        {"flow": (dims, flow), "coverage": (dims, np.where(np.isnan(flow), 0.0, 1.0)),
         "capacity": (dims, capacity), "utilisation": (dims, flow / capacity)},
        {"route": list(FLOWS), "period": pd.date_range("2023-01-01", periods=12, freq="QS")},
        {"freq": "Q", "unit": "bcm", "basis": "20C"},
    )  # fmt: skip


@pytest.fixture
def known(cube):
    hazards = {
        "halt": {"china": 0.04, "turkey": 0.02},
        "restart": {"all": 0.2},
        "prior": {"halt": 0.01},
    }
    past = {route: ramp.history(cube, route) for route in FLOWS}
    return ramp.Learned(made_tables(), cube, SPAN, TREE, hazards, (0.9, 0.05, 4), None, past)  # fmt: skip


def middle(table: np.ndarray) -> float:
    return float(np.median(table))


# ---- by contract -------------------------------------------------------------------------------


def test_a_contract_is_delivered_by_its_steps_and_the_plan_is_added(known):
    found = ramp.spec("east", {"model": "contract"}, known)
    assert found.base == pytest.approx(np.repeat([10, 20, 20], 4) * 0.9 * SHARE)
    assert found.added == pytest.approx(6 * 0.9 * SHARE)  # from 20 to the 26 last signed
    assert found.start.tolist() == [8]  # in 2028
    assert np.quantile(found.ramp, [0.1, 0.5, 0.9]) == pytest.approx([4, 8, 16], rel=1e-2)
    # up to the next year's step while it fills, 5 % more, and less than 1.1 times the pipe of 21
    assert found.cap == pytest.approx(np.array([21] * 8 + [27.3] * 4) * SHARE)
    assert (found.halt, found.restart, found.since) == pytest.approx((0.01, 0.05, 0))
    assert (found.market, found.keep, found.lapse) == ("china", 0, 0.35)
    assert found.end == (20, 20)  # the contract of 2030 is over when 2031 begins
    smooth, white = noise.modes(12, (0.05, 0.7, 0.025, 0.005))
    assert found.noise == pytest.approx(smooth) and found.white == pytest.approx(white)
    assert found.loads == pytest.approx([0.3, 0, 0])
    assert {getattr(found, name).dtype for name in ("base", "cap", "start", "loads")} == {
        np.dtype(np.float32)
    }


def test_what_a_scenario_says_of_a_contract_counts(known):
    mine = {"model": "contract", "plateau": 30, "step_start": 2027.5, "step_ramp": 1,
            "halt": 0.08, "restart": 0.4, "tolerance": 0.1, "overload": 1.2, "lapse": 0}  # fmt: skip
    found = ramp.spec("east", mine, known)
    assert found.added == pytest.approx(10 * 0.9 * SHARE)
    assert (found.start.tolist(), found.ramp.tolist()) == ([6], [4])
    assert (found.halt, found.restart) == pytest.approx((0.02, 0.1))
    assert found.cap == pytest.approx(np.array([22] * 6 + [33] * 6) * SHARE)
    assert found.end == (np.inf, np.inf)  # it cannot lapse
    none = ramp.spec("east", {"model": "contract", "never": 1}, known)
    assert not none.added.any()
    assert none.cap == pytest.approx(21 * SHARE)
    lower = ramp.spec("east", {"model": "contract", "plateau": 15}, known)
    assert not lower.added.any()  # a plateau below what is firm takes nothing away


def test_a_dated_step_begins_in_its_year_however_early_the_contract_is_full(known):
    table = known.tables["contracts"]
    known.tables["contracts"] = table[table["id"] != "C4"]  # firm at 10 since 2026
    found = ramp.spec("east", {"model": "contract"}, known)
    assert found.base == pytest.approx(10 * 0.9 * SHARE)
    assert found.added == pytest.approx(16 * 0.9 * SHARE)
    assert found.start.tolist() == [8]


def test_what_a_replay_shows_widens_a_contract_as_it_does_an_open_route(known):
    wide = {"contract": noise.Widths((2.0,)), "open": noise.Widths((3.0,))}
    there = dataclasses.replace(known, widths=wide)
    for route, model, factor in (("east", "contract", 2), ("south", "open", 3)):
        plain, wider = (ramp.spec(route, {"model": model}, shared) for shared in (known, there))
        before, after = ((found.noise**2).sum(axis=0) + found.white**2 for found in (plain, wider))
        assert after[0] == pytest.approx(factor**2 * before[0])


def test_a_ceiling_below_the_nameplate_holds_where_nothing_was_seen(known):
    facts_ = known.tables["route-facts"]
    for route, most in (("new", 0.9), ("east", 0.9), ("south", 0.9)):
        assert ramp.overload(known.cube, route, TREE, {"overload": most}) == most
    # 2 bcm in a quarter of a pipe of 8 a year: 2 x 365 / 90 over 8, of which the cube's 10 know nothing
    seen = ramp.overload(known.cube, "south", TREE, {"overload": 0.9}, facts_)
    assert seen == pytest.approx(2 * 365 / 90 / 8)


def test_fields_bind_below_the_contract(known):
    mine = {"model": "contract", "fields": ["first-field", "second-field"]}
    found = ramp.spec("east", mine, known)  # 12 and 8, from 2027 on 12 and 10
    assert found.cap == pytest.approx(np.array([20] * 4 + [21] * 4 + [22] * 4) * SHARE)
    with pytest.raises(DataError, match="field 'third-field' is not in network_nodes"):
        ramp.spec("east", mine | {"fields": ["first-field", "third-field"]}, known)


def test_a_plateau_alone_begins_in_the_year_after_the_first(known):
    found = ramp.spec("twin", {"model": "contract", "step_start": 2029.0}, known)
    assert not found.base.any()
    assert found.added == pytest.approx(12 * 0.9 * SHARE)
    assert found.start.tolist() == [4]  # no step is dated, so the scenario has none to move
    # of the pipe nothing is stated: 1.15 times the flow; nothing agreed on before 2027
    expected = np.minimum(12 * 1.05, 1.1 * np.maximum(12 * 0.9 * 1.15, 12)) * SHARE
    assert found.cap[4:] == pytest.approx(expected[4:])
    assert not found.cap[:4].any()
    assert (found.market, found.halt) == ("", 0.01 / 4)  # of no market: the prior speaks


def test_a_market_with_two_strong_drivers_is_held_to_nine_tenths(known):
    found = ramp.spec("back", {"model": "halted", "level": 2}, known)
    assert found.loads == pytest.approx(np.array([0.8, -0.6, 0]) * np.sqrt(0.9))
    assert ramp.spec("south", {"model": "open"}, known).loads == pytest.approx([0, 0, 0.2])


# ---- by level, after a halt, once built --------------------------------------------------------


def test_an_open_route_climbs_from_its_level_to_a_stated_plateau(known):
    # two whole years: ratios 4/3 and 2/3 of the mean, with a flat year (1 + 2 x 4/3) / 3
    season = np.array([11, 7, 7, 11] * 3) / 9
    high, low = 8 * 9 / 11, 4 * 9 / 7  # bcm a year of a winter's quarter and of a summer's
    now = (high + low) / 2
    found = ramp.spec(
        "south", {"model": "open", "plateau": 9, "step_start": 2027, "step_ramp": 2}, known
    )
    assert found.base == pytest.approx(now * season / 4)
    assert found.added == pytest.approx((9 - now) * season / 4)
    assert (found.start.tolist(), found.ramp.tolist()) == ([4], [8])
    plain = ramp.spec("south", {"model": "open"}, known)
    age = np.arange(7, -1, -1)
    seen = np.array([high, low, low, high] * 2)
    mean = (seen * 0.5 ** (age / 4)).sum() / (0.5 ** (age / 4)).sum()
    level = ramp.open_level(known.past["south"], TREE)
    assert (level.now, level.mean) == pytest.approx((now, mean))
    # a prior of 0.1 weighs like four quarters of today, one of 0.5 like eight
    left, weight = seen / mean - 1, 0.5 ** (age / 4)
    spread = np.sqrt(((weight * left**2).sum() + 4 * 0.01) / (weight.sum() + 4))
    linked = np.clip((left[1:] * left[:-1]).mean() / (left**2).mean(), 0, 0.95)
    assert (level.spread, level.persistence) == pytest.approx((spread, (8 * linked + 4) / 16))
    back = mean + (now - mean) * level.persistence ** np.arange(1, 13)
    assert plain.base == pytest.approx(back * season / 4)
    assert not plain.added.any() and np.isinf(plain.start).all()
    # the pipe of 8 was used by 2 of 10 a quarter, less than 1.1
    assert plain.cap == pytest.approx(8 * 1.1 * SHARE)
    assert plain.end == pytest.approx(
        (4 * 181 / 365,) * 2
    )  # June 2026: the larger of its contracts is over
    smooth, _ = noise.modes(
        12, (level.spread, level.persistence, level.spread / np.sqrt(8), 0.02), 0
    )
    assert plain.noise == pytest.approx(smooth)


def test_after_a_halt_a_level_that_is_itself_uncertain(known):
    found = ramp.spec("north", {"model": "halted", "level": [1, 2, 4]}, known)
    assert not found.base.any()
    assert found.added == pytest.approx(2 * SHARE)
    assert found.ramp.tolist() == [4]
    # 0.2 a year, 0.05 a quarter from the first quarter on: half have restarted after ln 2 / 0.05
    assert middle(found.start) == pytest.approx(np.log(2) / 0.05, rel=1e-3)
    smooth, white = noise.modes(12, (0.1, 0.7, (4 - 1) / 2 / 1.2816 / 2, 0.0))
    assert found.noise == pytest.approx(smooth) and found.white == pytest.approx(white)
    dated = {"model": "halted", "level": 3, "first_gas": [2027, 2028, 2030]}
    again = ramp.spec("north", dated, known)
    assert np.quantile(again.start, [0.1, 0.5, 0.9]) == pytest.approx([4, 8, 16], rel=1e-2)
    assert again.cap == pytest.approx(3 * 1.15 * 1.1 * SHARE)  # no pipe is stated
    soon = ramp.spec("north", {"model": "halted", "level": 3, "restart": 0.8}, known)
    assert middle(soon.start) == pytest.approx(np.log(2) / 0.2, rel=1e-3)


class Class:
    """A reference class: first gas in 2027 or 2029, three years of ramp."""

    def sample(self, rng, count):
        return np.where(np.arange(count) % 2, 2027.0, 2029.0)

    def ramp(self, rng, count):
        return np.full(count, 3.0)


def test_a_line_to_come_is_timed_by_its_class_unless_a_date_is_stated(known):
    asked = []

    def timed(tables, route, day):
        asked.append((route, day))
        return Class()

    free, told = {"model": "proposed"}, {"first_gas": 2028.0, "ramp": 2}
    plain = ramp.spec("new", free | told, known)
    assert plain.added == pytest.approx(40 * 0.9 * SHARE)  # the larger of 30 and 40
    assert (plain.start.tolist(), plain.ramp.tolist()) == ([8], [8])
    assert plain.cap == pytest.approx(np.array([33] * 8 + [44] * 4) * SHARE)
    by_default = ramp.spec("new", free | {"first_gas": 2028.0}, known)
    assert np.quantile(by_default.ramp, [0.1, 0.5, 0.9]) == pytest.approx([8, 16, 24], rel=1e-2)
    there = dataclasses.replace(known, timing=timed)
    found = ramp.spec("new", free, there)
    assert asked == [("new", "2025-12-31")]
    assert sorted(set(found.start.tolist())) == [4, 12] and set(found.ramp.tolist()) == {12}
    dated = ramp.spec("new", free | {"first_gas": 2028.0}, there)
    assert (dated.start.tolist(), set(dated.ramp.tolist())) == ([8], {12})
    quick = ramp.spec("new", free | {"ramp": 1}, there)
    assert sorted(set(quick.start.tolist())) == [4, 12] and quick.ramp.tolist() == [4]
    never = ramp.spec("new", free | {"never": 1}, there)
    assert (never.start.tolist(), never.ramp.tolist()) == ([np.inf], [4])
    with pytest.raises(DataError, match="no timing is given for a proposed route"):
        ramp.spec("new", free, known)


def test_a_line_to_come_takes_its_contract_before_its_pipe(known):
    over = dataclasses.replace(known, delivery=(1.02, 0.05, 4), widths={
        "contract": noise.Widths((2.0,)), "open": noise.Widths((3.0,))})  # fmt: skip
    mine = {"model": "proposed", "first_gas": 2028.0}
    found = ramp.spec("twin", mine, over)
    assert found.added == pytest.approx(12 * SHARE)  # never more than is agreed on
    assert found.cap == pytest.approx(12 * 1.05 * SHARE)
    smooth, white = noise.modes(12, (0.05, 0.7, 0.1, 0.005))
    wide = (found.noise**2).sum(axis=0) + found.white**2
    assert wide[0] == pytest.approx(4 * ((smooth**2).sum(axis=0) + white**2)[0])
    asked = ramp.spec("twin", mine | {"plateau": 8}, over)
    assert asked.added == pytest.approx(8 * SHARE)
    assert asked.cap == pytest.approx(8 * 1.05 * SHARE)
    with pytest.raises(DataError, match="north has neither contract nor capacity; add a row"):
        ramp.spec("north", mine, over)


def test_a_step_of_a_contract_may_be_timed_by_its_project(known):
    there = dataclasses.replace(
        known, timing=lambda tables, route, day: {ramp.EXTRA: Class()}[route]
    )
    found = ramp.spec("east", {"model": "contract", "step_timing": 1}, there)
    assert sorted(set(found.start.tolist())) == [4, 12]
    untimed = ramp.spec("east", {"model": "contract", "step_timing": 1}, known)
    assert untimed.start.tolist() == [8]


def test_a_missing_package_is_not_a_route_without_timing(known):
    def lacking(tables, route, day):
        raise MissingExtra("install the extra")

    def silent(tables, route, day):
        raise EnergyError(f"no milestone of {route}")

    with pytest.raises(MissingExtra, match="install the extra"):
        ramp.spec("new", {"model": "proposed"}, dataclasses.replace(known, timing=lacking))
    with pytest.raises(ramp.Untimed, match="no milestone of new"):
        ramp.spec("new", {"model": "proposed"}, dataclasses.replace(known, timing=silent))


# ---- how it ends, and what is known ------------------------------------------------------------


def test_a_dated_end_and_what_flows_on_after_it(known):
    mine = {"model": "contract", "end": [2027, 2028, 2029.5]}
    assert ramp.spec("east", mine, known).end == (4, 14)
    one = ramp.spec("east", mine, known)
    assert (one.keep, one.lapse) == (0, 1)
    assert ramp.spec("east", mine | {"keep": 0.25}, known).keep == 0.25
    assert ramp.spec("east", mine | {"keep": 1.5}, known).keep == 1
    # (10 + 20 + 20) / 3 and a step of 6, nine tenths delivered: 20.4 a year
    after = ramp.spec("east", mine | {"after": 5.1}, known)
    assert after.keep == pytest.approx(0.25, rel=1e-3)
    assert ramp.spec("east", mine | {"after": 50}, known).keep == 1
    assert ramp.spec("north", {"model": "halted", "end": 2027, "after": 5}, known).keep == 0


def test_known_quarters_stand_where_others_are_drawn(known):
    past = ramp.History(SPAN.first + np.array([-1, 0, 1]), np.array([1.5, 9.0, 2.5]))
    there = dataclasses.replace(known, past=known.past | {"east": past})
    found = ramp.spec("east", {"model": "contract"}, there)
    assert found.base[:2].tolist() == [9.0, 2.5]
    assert not found.added[:2].any() and found.added[2] == pytest.approx(6 * 0.9 * SHARE[2])
    assert not found.noise[:, :2].any() and not found.white[:2].any()
    assert found.noise[:, 2].any() and found.since == 2
    assert found.cap[:3] == pytest.approx([9.0, 21 * SHARE[1], 21 * SHARE[2]])


def test_why_a_route_cannot_be_projected_yet(known):
    told = {
        ("nowhere", "open"): "not in the cube",
        ("south", "open"): "",
        ("north", "open"): "no flow known",
        ("new", "open"): "no flow known",
        ("east", "contract"): "",
        ("twin", "contract"): "",
        ("south", "contract"): "",
        ("north", "contract"): "no contract known",
        ("twin", "proposed"): "",
        ("new", "proposed"): "",
        ("north", "proposed"): "neither contract nor capacity known",
        ("north", "halted"): "",
    }
    assert {key: ramp.unknown_yet(key[0], {"model": key[1]}, known) for key in told} == told
    for stated in ({"plateau": 5}, {"capacity": 5}):
        assert ramp.unknown_yet("north", {"model": "proposed"} | stated, known) == ""


# ---- what is learned ---------------------------------------------------------------------------


def test_halts_are_counted_by_market_from_the_first_flow_to_the_stop(known):
    first = frame(rows.RouteFact, "route attribute value", "south|start|2023-02-15")
    known.tables["route-facts"] = pd.concat([known.tables["route-facts"], first])
    found = learned.hazards(known.tables, known.cube, TREE, dt.date(2025, 12, 31))
    # from 2023 on, south from 15 February; north stopped after a year and back after one and a half
    years = {"china": 3 - 1 / 365, "turkey": 3 - 46 / 365, "europe": 1 + 1.5}
    halts = {"china": 0, "turkey": 0, "europe": 2}
    assert {name: entry[0] for name, entry in found["counts"].items()} == halts
    for name, span in years.items():
        assert found["counts"][name][1] == pytest.approx(span, abs=3e-3)
        assert found["halt"][name] == pytest.approx((0.5 + halts[name]) / (50 + span), rel=1e-4)
    assert found["idle"]["all"] == pytest.approx(2 + 1.5, abs=6e-3)
    assert found["restart"]["all"] == pytest.approx(0.25 / (25 + 3.5), rel=1e-3)
    assert found["prior"]["halt"] == 0.01
    early = learned.hazards(known.tables, known.cube, TREE, dt.date(2024, 3, 31))
    assert early["counts"]["europe"][0] == 1  # one had not stopped yet
    assert learned.stop_of(known.tables, "back") == dt.date(2024, 7, 1)
    assert learned.stop_of(known.tables, "east") is None


def test_a_schedule_is_the_newest_word_of_seller_and_contract():
    tables = made_tables()
    tables["volumes"] = frame(
        rows.Volume, "id series entity period freq value published",
        "V1|plan_flow|east|2026|A|11|2024-01-01", "V2|plan_flow|east|2025|A|7|2018-01-01",
        "V3|plan_flow|east|2025|A|8|2019-01-01", "V4|plan_flow|east|2025Q1|Q|9|2024-01-01",
        "V5|plan_flow|twin|2024|A|1|2024-01-01", "V6|flow|east|2024|A|3|2024-01-01",
    )  # fmt: skip
    tables["outside-forecasts"] = frame(
        rows.OutsideForecast, "id kind published series target period value",
        "Q1|company|2018-06-01|flow|east|2027|15", "Q2|ministry|2018-06-01|flow|east|2031|33",
        "Q3|press|2024-06-01|flow|east|2032|44", "Q4|company|2024-06-01|exports|east|2033|55",
        "Q5|company|2024-06-01|flow|twin|2034|66", "Q6|company|2024-06-01|flow|east|2035/2036|77",
    )  # fmt: skip
    firm, plateau, step = learned.schedule(tables, "east")
    # 2026 by the later plan, 2027 by the later contract row
    assert firm == {2025: 8, 2026: 11, 2027: 20, 2031: 33}
    assert (plateau, step) == (26, 2028)
    assert learned.schedule(tables, "twin")[0] == {2024: 1, 2034: 66}
    assert learned.contract_end(tables, "east", 19.0) == 2031  # 26, 10 and 20 of 19 count
    assert learned.contract_end(tables, "east", 60.0) == np.inf
    assert learned.contract_end(tables, "south", 3.0) == 2040
    assert learned.contract_end(tables, "south", 0.0) == np.inf


def test_of_many_signatures_of_one_day_the_last_row_counts():
    lines = [f"C{n}|east|plateau|{n}|bcm/yr||contract|2020-01-01" for n in range(1, 41)]
    table = frame(rows.Contract, "id route year acq unit ends status published", *lines)
    tables = made_tables() | {"contracts": table.astype({"acq": float, "published": object})}
    assert (
        learned.schedule(tables, "east")[1] == 40
    )  # texts as objects are sorted as they were asked


def test_a_contract_over_several_years_is_firm_in_each():
    tables = made_tables()
    table = tables["contracts"]
    table.loc[table["id"] == "C4", "year"] = "2027/2029"
    assert learned.schedule(tables, "east")[0] == {2026: 10, 2027: 20, 2028: 20, 2029: 20}


def test_delivered_over_contracted_of_two_routes(cube):
    tables = made_tables()
    tables["contracts"] = frame(
        rows.Contract, "id route year acq unit status published",
        *(f"C{n}|{route}|{year}|{acq}|bcm/yr|contract|2020-01-01" for n, (route, year, acq) in enumerate([
            ("east", 2023, 4), ("east", 2024, 5), ("east", 2025, 8), ("east", 2026, 9),
            ("south", 2022, 9), ("south", 2023, 9), ("south", 2024, 5), ("south", 2025, 0)]))
    ).assign(acq=lambda table: table["acq"].astype(float))  # fmt: skip
    past = {route: ramp.history(cube, route) for route in ("east", "south")}
    mean, spread, years = learned.delivery(tables, past, ["east", "south", "nowhere"], TREE)
    # east 6 of 5 and 6 of 8, south 6 of 5; the first year of each is left out, and one of nothing
    ratios = np.array([1.2, 0.75, 1.2])
    assert (mean, years) == (pytest.approx((ratios.sum() + 2) / 5), 3)
    assert spread == pytest.approx(np.sqrt((((ratios - mean) ** 2).sum() + 2 * 0.04**2) / 5))


def test_a_route_serves_the_market_of_the_day():
    lines = [("market", "east", "old", "", "2024-01-01"), ("market", "east", "late", "2025-01-01", ""),
             ("market", "east", "mid", "2024-01-01", "2025-01-01"), ("market", "west", "far", "2030-01-01", ""),
             ("country", "north", "other", "", "")]  # fmt: skip
    table = pd.DataFrame(lines, columns=["kind", "key", "target", "valid_from", "valid_to"])
    days = (dt.date(2023, 12, 31), dt.date(2024, 1, 1), dt.date(2024, 12, 31), dt.date(2025, 1, 1))
    told = [learned.market_of({"crosswalk": table}, "east", day) for day in days]
    assert told[-1] == "late" and learned.market_of({"crosswalk": table}, "north", days[0]) == ""
    assert learned.market_of({"crosswalk": table}, "west", days[0]) == "far"  # the one to come


def test_sampled_quantiles_come_in_the_order_of_the_sample():
    assert np.quantile(quantiles.sampled(np.array([3.0, 1, 2, 4])), [0.1, 0.9]).tolist() == [1, 4]
