"""What is learned of a route, worked out by hand on small histories."""

from __future__ import annotations

import copy
import dataclasses
import datetime as dt

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from energy import flows, store
from energy.errors import DataError, PeriodError
from energy.projection import ceilings, learned, noise, quantiles, ramp, regimes, scenarios


def small(flows, first="2022-01-01", route="pipe", capacity=10.0):
    """A cube of one route: quarters from `first`, capacity a year spread evenly."""
    period = pd.date_range(first, periods=len(flows), freq="QS")
    flow = np.array([flows], dtype=float)
    cap = np.full(flow.shape, capacity / 4)
    dims = ("route", "period")
    return xr.Dataset(
        {"flow": (dims, flow), "coverage": (dims, np.ones(flow.shape)), "capacity": (dims, cap),
         "utilisation": (dims, flow / cap)},
        {"route": [route], "period": period}, {"freq": "Q", "unit": "bcm", "basis": "20C"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def tree():
    return scenarios.load()


@pytest.fixture(scope="module")
def shared(tracker, tree):
    cube = tracker.flows()
    span = ramp.grid(cube, "2040", tracker.edition)
    return ramp.learn(tracker.facts, cube, span, tree)


# ---- grid --------------------------------------------------------------------------------------


def test_grid_starts_after_the_first_quarter_that_is_known_of_all():
    both = xr.concat([small([1] * 8), small([1] * 7 + [np.nan], route="other")], "route")
    span = ramp.grid(both, "2025", "2024-02-01")
    assert (span.first, span.count) == (2023 * 4 + 3, 9)
    assert str(span.starts[0].date()) == "2023-10-01"
    assert span.years == [2024, 2025]


def test_a_silent_route_does_not_hold_the_start_back():
    both = xr.concat([small([1] * 12), small([1] * 2 + [np.nan] * 10, route="other")], "route")
    assert ramp.grid(both, "2026", "2025-02-01").first == 2025 * 4


def test_days_share_out_a_year():
    span = ramp.Grid(2024 * 4, 8, dt.date(2024, 1, 1))
    assert span.share[:4] == pytest.approx([91 / 366, 91 / 366, 92 / 366, 92 / 366])
    assert span.share[4:].sum() == pytest.approx(1)
    assert span.at(2025.25).tolist() == 5.0


def test_a_horizon_before_the_last_datum_is_refused():
    with pytest.raises(PeriodError, match=r"'2022Q3' ends before the last datum, 2023Q4"):
        ramp.grid(small([1] * 8), "2022Q3", "2024-01-01")


def test_a_cube_by_month_is_refused():
    cube = small([1] * 8).assign_attrs(freq="M")
    with pytest.raises(PeriodError, match="by quarter, not freq 'M'"):
        ramp.grid(cube, "2030", "2024-01-01")


# ---- what is learned ---------------------------------------------------------------------------


def test_season_is_drawn_towards_one_by_a_year(tree):
    # two equal years 4, 2, 2, 4: ratios 4/3, 2/3; with one flat year: (2 x 4/3 + 1) / 3 = 11/9
    past = ramp.History(np.arange(2022 * 4, 2024 * 4), np.array([4, 2, 2, 4] * 2, float))
    level = ramp.open_level(past, tree)
    assert level.season == pytest.approx([11 / 9, 7 / 9, 7 / 9, 11 / 9])
    assert level.season.mean() == pytest.approx(1)


def test_a_flat_route_keeps_its_level(tree):
    past = ramp.History(np.arange(8000, 8012), np.full(12, 2.5))
    level = ramp.open_level(past, tree)
    assert (level.now, level.mean) == pytest.approx((10, 10))
    assert level.spread < scenarios.rule(tree, "spread")


def test_persistence_and_spread_are_drawn_to_their_priors(tree):
    prior, rho = scenarios.rule(tree, "spread"), scenarios.rule(tree, "persistence")
    left = np.array([0.1, -0.1] * 4)  # neighbours always differ: persistence seen is none
    spread, persistence = learned._noise_of(left, np.ones(8), tree)
    assert persistence == pytest.approx((8 * 0 + 8 * rho) / (8 + 8))
    assert spread == pytest.approx(np.sqrt((8 * 0.01 + 4 * prior**2) / (8 + 4)))
    # 3, 3, -3, -3 twice: 4 of 7 products are 9, 3 are -9, so (9 / 7) / 9 = 1 / 7 is seen
    again = learned._noise_of(np.array([3.0, 3, -3, -3] * 2), np.ones(8), tree)[1]
    assert again == pytest.approx((8 / 7 + 8 * rho) / 16)
    assert learned._noise_of(left[:3], np.ones(3), tree)[1] == rho  # too few to see any


def test_what_lies_before_the_window_is_forgotten(tree):
    window = int(scenarios.rule(tree, "window"))
    flows = np.r_[np.full(8, 90.0), np.full(window, 2.5)]
    level = ramp.open_level(ramp.History(np.arange(7000, 7000 + len(flows)), flows), tree)
    assert (level.now, level.mean) == pytest.approx((10, 10))
    assert level.season == pytest.approx(np.ones(4))


def test_delivery_leaves_the_first_year_out_and_is_drawn_to_one(tracker, tree):
    # contract 5, 10, 15: delivered 4 (start), 11, 15 -> ratios 1.1 and 1.0, with two years of 1
    cube = small(
        [1, 1, 1, 1, 2.75, 2.75, 2.75, 2.75, 3.75, 3.75, 3.75, 3.75],
        "2020-01-01",
        "power-of-siberia-1",
    )
    pasts = {"power-of-siberia-1": ramp.history(cube, "power-of-siberia-1")}
    mean, _, years = ramp.delivery(tracker.facts, pasts, ["power-of-siberia-1"], tree)
    assert years == 2
    assert mean == pytest.approx((1.1 + 1.0 + 2) / 4)


def test_schedule_of_power_of_siberia(tracker):
    firm, plateau, step = ramp.schedule(tracker.facts, "power-of-siberia-1")
    assert (firm[2020], firm[2024], firm[2025], firm[2030]) == (5, 30, 38, 38)
    assert (plateau, step) == (44, 2031)
    assert ramp.schedule(tracker.facts, "far-eastern-route")[1] == 12


@pytest.mark.once
def test_a_schedule_has_vintages(tracker):
    """What the seller said last counts: 25 of 2019, 30 of July 2024, until the contract's row."""
    for day, of_2024 in (("2019-12-31", 25), ("2024-07-22", 25), ("2024-07-23", 30)):
        firm, plateau, _ = ramp.schedule(store.known(tracker.facts, day), "power-of-siberia-1")
        assert (firm[2024], plateau) == (of_2024, 38)
    firm, plateau, step = ramp.schedule(store.known(tracker.facts, "2014-12-31"),
                                        "power-of-siberia-1")  # fmt: skip
    assert (firm, plateau) == ({}, 38) and np.isnan(step)


def test_a_contract_without_a_first_day_is_timed(tracker, tree):
    """A step agreed later is not a line's start: before its schedule the line is a proposed one."""
    tables = store.known(tracker.facts, "2018-12-31")
    cube = flows.build(tables)
    found = ramp.modelled(tables, cube, tree, dt.date(2018, 12, 31))["power-of-siberia-1"]
    assert found["model"] == "proposed" and "step_start" not in found
    later = store.known(tracker.facts, "2019-12-31")
    found = ramp.modelled(later, flows.build(later), tree, dt.date(2019, 12, 31))
    assert found["power-of-siberia-1"]["model"] == "contract"


def test_hazards_are_events_over_exposure_with_the_prior(shared, tree):
    counts = shared.hazards["counts"]
    a, b = scenarios.rule(tree, "halt_prior")
    assert counts["europe"][0] == 5  # Nord Stream 1, Yamal-Europe, Finland, Baltics, Ukraine
    assert counts["china"][0] == counts["turkey"][0] == 0
    for market, (halts, years) in counts.items():
        assert shared.hazards["halt"][market] == pytest.approx((a + halts) / (b + years))


# ---- noise -------------------------------------------------------------------------------------


@settings(deadline=None)
@given(st.integers(1, 80), st.floats(0.01, 0.5), st.floats(0, 0.95), st.floats(0, 0.3))
def test_modes_and_rest_meet_the_variance_exactly(count, spread, rho, level):
    smooth, white = ramp.modes(count, (spread, rho, level, 0.02))
    k = np.arange(1, count + 1)
    wanted = spread**2 * (1 - rho ** (2 * k)) + level**2 + (0.005 * k) ** 2
    assert (smooth**2).sum(axis=0) + white**2 == pytest.approx(wanted, rel=1e-6)


def test_noise_grows_from_nothing_known_to_the_stationary_spread():
    smooth, white = ramp.modes(60, (0.2, 0.8, 0.0, 0.0))
    deviation = np.sqrt((smooth**2).sum(axis=0) + white**2)
    assert deviation[0] == pytest.approx(0.2 * 0.6)  # sqrt(1 - 0.8^2) = 0.6
    assert deviation[-1] == pytest.approx(0.2, rel=1e-4)


# ---- one route ---------------------------------------------------------------------------------


def spec(shared, route, **more):
    mine = {
        k: scenarios.value(v) for k, v in shared.tree["route"].get(route, {"model": "open"}).items()
    }
    return ramp.spec(route, mine | more, shared)


def test_power_of_siberia_is_its_contract_times_delivery(shared):
    found = spec(shared, "power-of-siberia-1")
    at = 2029 * 4 - shared.span.first
    mean = shared.delivery[0]
    assert found.base[at : at + 4].sum() == pytest.approx(38 * mean, rel=1e-5)
    assert found.added[at : at + 4].sum() == pytest.approx(6 * mean, rel=1e-5)
    assert found.start.min() > 2029 * 4 - shared.span.first
    assert found.market == "china"


def test_never_takes_the_step_away(shared):
    assert not spec(shared, "power-of-siberia-1", never=1).added.any()


def test_a_contract_is_capped_at_what_it_may_deliver(shared):
    found = spec(shared, "power-of-siberia-1", step_start=2031.0, step_ramp=1)
    years = [4 * year - shared.span.first for year in (2029, 2035)]
    before, after = (found.cap[at : at + 4].sum() for at in years)
    assert (before, after) == (
        pytest.approx(38 * 1.05, rel=1e-4),
        pytest.approx(44 * 1.05, rel=1e-4),
    )
    limits = ramp.nameplate(shared.tables, "far-eastern-route", {}, shared.span)
    agreed = ceilings.agreed_on("far-eastern-route", {"model": "proposed"}, shared, {})
    assert (limits.max(), agreed.max()) == (10, 12)  # the pipe's old figure does not bind


def test_known_quarters_stand_without_noise(shared):
    found = spec(shared, "turkstream-2")
    past = ramp.history(shared.cube, "turkstream-2")
    at = past.quarters[-1] - shared.span.first
    assert at >= 0
    assert found.base[at] == pytest.approx(past.flows[-1])
    assert found.noise[:, at].tolist() == [0] * ramp.MODES
    assert (found.white[at], found.since) == (0, at + 1)


def test_after_the_ban_what_serbia_takes_flows_on(shared):
    found = spec(shared, "turkstream-2", end=[2027.748, 2027.836], after=2.7)
    assert found.end == pytest.approx(shared.span.at([2027.748, 2027.836]).tolist())
    assert found.keep == pytest.approx(2.7 / (4 * found.base.mean()), rel=0.02)


def test_fields_limit_the_far_eastern_route_until_the_second_opens(shared):
    limit = ramp.field_limit(
        shared.tables, ["kirinskoye-field", "yuzhno-kirinskoye-field"], shared.span
    )
    assert limit[2027 * 4 - shared.span.first] == 5.5
    assert limit[2028 * 4 - shared.span.first] == 26.5


def test_a_field_without_a_figure_limits_nothing(shared):
    assert np.isinf(ramp.field_limit(shared.tables, ["urengoyskoye-field"], shared.span)).all()


def test_an_unknown_field_is_named(shared):
    with pytest.raises(DataError, match="field 'atlantis' is not in network_nodes"):
        ramp.field_limit(shared.tables, ["atlantis"], shared.span)


def test_a_negative_capacity_is_refused(shared):
    tables = copy.copy(shared.tables)
    rows = tables["route-facts"].copy()
    mine = (rows["route"] == "blue-stream") & (rows["attribute"] == "capacity")
    rows.loc[mine, "value"] = "-16"
    tables["route-facts"] = rows
    with pytest.raises(DataError, match=r"capacity -16.0 of blue-stream is negative"):
        ramp.nameplate(tables, "blue-stream", {}, shared.span)


def test_the_ceiling_is_nameplate_times_overload_or_what_was_seen(shared, tree):
    assert ramp.overload(small([2.5] * 8), "pipe", tree, {}) == scenarios.rule(tree, "overload")
    assert ramp.overload(small([2.5] * 7 + [3.0]), "pipe", tree, {}) == pytest.approx(1.2)
    found = spec(shared, "blue-stream")
    seen = ramp.overload(shared.cube, "blue-stream", tree, {}, shared.tables["route-facts"])
    assert seen > 1.12  # January 2025 went at 19 bcm a year
    assert found.cap[-4:].sum() == pytest.approx(16 * seen, rel=1e-6)


def test_the_overload_is_over_the_nameplate_whatever_was_metered(shared, tree):
    routes = shared.tables["route-facts"]
    past = ramp.overload(shared.cube, "turkstream-2", tree, {}, routes)
    # the cube sets the string against 20.7 a year as metered, the nameplate is 15.75
    best = float(shared.cube["utilisation"].sel(route="turkstream-2").max())
    assert best < 1 and past == pytest.approx(best * 20.7 / 15.75, rel=1e-6)


def test_an_open_route_without_flow_is_refused(shared):
    with pytest.raises(DataError, match="yamal-europe has no recent flow"):
        spec(shared, "yamal-europe", model="open")


def test_a_contract_model_without_contract_is_refused(shared):
    with pytest.raises(DataError, match="minsk-kaliningrad has no contract"):
        spec(shared, "minsk-kaliningrad", model="contract")


def test_a_proposed_line_without_capacity_is_refused(shared):
    with pytest.raises(DataError, match="northern-lights has neither contract nor capacity"):
        tables = dict(shared.tables)
        tables["route-facts"] = tables["route-facts"].query("route != 'northern-lights'")
        ramp._proposed("northern-lights", {"first_gas": 2030}, ramp.Learned(**(vars(shared) | {"tables": tables})),
                       ramp.History(np.array([]), np.array([])))  # fmt: skip


def test_a_proposed_line_needs_timing_or_a_date(shared):
    with pytest.raises(DataError, match="state first_gas"):
        spec(shared, "power-of-siberia-2")
    found = spec(shared, "power-of-siberia-2", first_gas=[2031, 2033, 2036])
    years = found.start / 4 + shared.span.first / 4
    assert np.quantile(years, [0.1, 0.5, 0.9]) == pytest.approx([2031, 2033, 2036], abs=0.01)


def test_a_route_the_reference_class_cannot_time_says_so(shared):
    def nothing(tables, route, as_of):
        from energy.errors import EnergyError

        raise EnergyError(f"no milestone of {route}")

    other = ramp.Learned(**(vars(shared) | {"timing": nothing}))
    with pytest.raises(ramp.Untimed, match="no milestone of power-of-siberia-2"):
        spec(other, "power-of-siberia-2")


@pytest.mark.once
def test_nothing_is_learned_after_the_as_of_date(tracker, tree):
    """Poison every later figure: the specs of that day stay as they are."""
    cube = tracker.flows(last="2023Q4")
    span = ramp.grid(cube, "2030", "2024-01-15")
    poisoned = tracker.flows().copy(deep=True)
    poisoned["flow"][:, poisoned["period"].values >= np.datetime64("2024-01-01")] *= 7
    kept = poisoned.sel(period=slice(None, "2023-12-31"))
    for route in ("turkstream-2", "blue-stream"):
        one = ramp.spec(route, {"model": "open"}, ramp.learn(tracker.facts, cube, span, tree))
        two = ramp.spec(route, {"model": "open"}, ramp.learn(tracker.facts, kept, span, tree))
        assert np.array_equal(one.base, two.base)
        assert np.array_equal(one.cap, two.cap)


# ---- as it stood on a day ----------------------------------------------------------------------


def test_what_the_tree_calls_halted_was_open_before_it_stopped(tracker, tree):
    cube = tracker.flows(last="2019Q4")
    then = ramp.modelled(tracker.facts, cube, tree, dt.date(2020, 1, 31))
    now = ramp.modelled(tracker.facts, tracker.flows(), tree, dt.date(2026, 6, 1))
    assert then["nord-stream-1"] == {"model": "open"}
    assert now["nord-stream-1"]["model"] == "halted"


def test_a_proposed_line_that_flows_has_its_contract(tracker, tree):
    cube = small([0.5, 1, 1.5, 2], "2027-01-01", "far-eastern-route")
    assert ramp._standing(tracker.facts, cube, "far-eastern-route", {"model": "proposed"},
                          dt.date(2028, 1, 31)) == {"model": "contract"}  # fmt: skip


def test_a_route_a_user_adds_takes_part(tracker, tree):
    tables = dict(tracker.facts)
    row = tables["routes"].query("route == 'power-of-siberia-2'").assign(route="new-line")
    tables["routes"] = pd.concat([tables["routes"], row], ignore_index=True)
    fact = tables["route-facts"].query("route == 'power-of-siberia-2' and attribute == 'capacity'")
    tables["route-facts"] = pd.concat(
        [tables["route-facts"], fact.assign(route="new-line")], ignore_index=True
    )
    found = ramp.modelled(tables, tracker.flows(), tree, dt.date(2026, 6, 1))
    assert found["new-line"] == {"model": "proposed"}


def test_only_a_contract_over_most_of_the_flow_can_end_it(tracker):
    facts = tracker.facts
    assert ramp.contract_end(facts, "ukraine-transit", 15.0) == pytest.approx(2025, abs=0.01)
    assert ramp.contract_end(facts, "turkstream-2", 18.0) == np.inf  # 3.5 of it to Hungary
    assert ramp.contract_end(facts, "nord-stream-2", 0.0) == np.inf


def test_a_contract_line_may_carry_its_plateau_before_the_facts_say_so(tracker, tree):
    cube = tracker.flows(last="2021Q2")
    tables = store.known(tracker.facts, "2021-09-30")
    shared = ramp.learn(tables, cube, ramp.grid(cube, "2030", "2021-09-30"), tree)
    found = ramp.spec("power-of-siberia-1", {"model": "contract"}, shared)
    assert found.base[-4:].sum() == pytest.approx(38 * shared.delivery[0], rel=1e-4)
    assert (found.cap >= found.base).all()


def test_a_contract_that_fills_may_run_ahead_of_its_steps_or_behind(tracker, tree):
    cube = tracker.flows(last="2022Q4")
    tables = store.known(tracker.facts, "2022-12-31")
    shared = ramp.learn(tables, cube, ramp.grid(cube, "2030", "2022-12-31"), tree)
    assert shared.pace > 0.3  # of the reference class then
    spread = []
    for known in (shared, dataclasses.replace(shared, pace=0.0)):
        found = ramp.spec("power-of-siberia-1", {"model": "contract"}, known)
        spread.append(np.sqrt((found.noise**2).sum(axis=0) + found.white**2))
    years = np.arange(shared.span.first, shared.span.first + shared.span.count) // 4
    (wide, plain) = spread
    assert (wide[years == 2024] > 1.3 * plain[years == 2024]).all()  # 21, 25 and 38 a year
    assert wide[years == 2030] == pytest.approx(plain[years == 2030], rel=1e-3)  # 38 for years


def test_a_step_that_falls_moves_nothing():
    numbers = np.arange(2024 * 4, 2026 * 4)
    fall = ramp.filling(np.repeat([30.0, 20.0], 4), numbers, 2024 * 4 - 1, 0.5)
    assert fall.tolist() == [0.0] * 8
    shut = ramp.filling(np.repeat([0.0, 10.0], 4), numbers, 2024 * 4 - 1, 0.5)
    assert (shut[:4] == 0).all() and shut[7] == pytest.approx(0.5)  # a year early or late: 0 or 10


@pytest.mark.once
def test_regimes_of_a_day_and_their_hazards(tracker):
    tables, cube = store.known(tracker.facts, "2022-12-31"), tracker.flows(last="2022Q4")
    found = regimes.regimes(tables, cube, "2022-12-31")
    assert found.loc["power-of-siberia-1", "regime"] == "ramping"  # 15 of 38
    assert found.loc[["yamal-europe", "nord-stream-1"], "regime"].tolist() == ["halted", "halted"]
    line = found.loc["turkstream-2"]  # three of Europe's routes had stopped, of a prior 1 in 200
    assert (line["regime"], line["events"]) == ("open", 3)
    assert line["hazard"] == pytest.approx((0.25 + 3) / (50 + line["years"]))
    assert np.isnan(found.loc["far-eastern-route", "hazard"])  # timed by its class
    before = regimes.regimes(store.known(tracker.facts, "2021-09-30"), cube, "2021-09-30")
    assert before.loc["turkstream-2", "hazard"] < 0.004  # nothing had stopped


# ---- a line of whose flow nothing is known yet --------------------------------------------------


def two_strings(stop=""):
    """Tables of a project that stands for two routes: agreed at 63, cut to 31.5 two years later."""
    facts_ = [("east", "stop", stop)] if stop else []
    return {
        "route-facts": pd.DataFrame(
            facts_, columns=["route", "attribute", "value"]
        ).assign(valid_from="", status="actual"),
        "timing-projects": pd.DataFrame({"route": ["east", "west"], "project": "Sea line"}),
        "reference-projects": pd.DataFrame({
            "project": "Sea line", "metric": ["capacity_bcm", "capacity_bcm", "length_km"],
            "value": ["63", "31.5", "930"], "published": ["2014-12-01", "2017-02-07", "2020-01-10"],
        }),
    }  # fmt: skip


def test_a_line_of_unknown_flow_is_one_to_come_at_its_share_of_the_project():
    day, nothing = dt.date(2019, 12, 31), small([1] * 8, route="other")
    found = ramp._sized(two_strings(), nothing, "east", {"model": "open"}, day)
    assert found == {"model": "proposed", "capacity": 15.75}
    seen = ramp._sized(two_strings(), small([1] * 8, route="east"), "east", {"model": "open"}, day)
    assert seen == {"model": "open"}


@pytest.mark.parametrize("route, row, stop", [
    ("east", {"model": "open"}, "2019-06-01"),  # it has stopped
    ("north", {"model": "open"}, ""),  # of no project
    ("east", {"model": "contract"}, ""),  # its contract says more
])  # fmt: skip
def test_other_lines_stay_what_they_are(route, row, stop):
    tables, other = two_strings(stop), small([1] * 8, route="other")
    assert ramp._sized(tables, other, route, row, dt.date(2019, 12, 31)) == row


# ---- worked out by hand ------------------------------------------------------------------------


def test_covariance_of_two_quarters_and_of_one_that_is_known():
    parts = 0.2, 0.5, 0.1, 0.04
    # 0.04 x (1 - 1/4), x (1/2 - 1/8), x (1 - 1/16); 0.01 of the level; 0.01 a quarter of trend
    wanted = np.array([[0, 0, 0], [0, 0.0401, 0.0252], [0, 0.0252, 0.0479]])
    assert noise.covariance(np.array([0, 1, 2]), parts) == pytest.approx(wanted)
    assert noise.deviation([0, 1, 2], parts) == pytest.approx(np.sqrt(np.diag(wanted)))
    level = 0.0, 0.5, 0.1, 0.04  # of the 2nd year the mean trend is that of 6.5 quarters
    assert noise.yearly_deviation(1, level) == pytest.approx(np.sqrt(0.01 + 0.025**2))
    assert noise.yearly_deviation(2, level) == pytest.approx(np.sqrt(0.01 + 0.065**2))


def test_a_level_that_shifts_makes_quarters_and_years_wide_enough():
    flat = 0.0, 0.5, 0.1, 0.0
    ahead = np.arange(0, 9)
    assert noise.widen(ahead, (1.0, 2.0, 3.0)).tolist() == pytest.approx(
        [1, 1, 2, 3, *(3 * np.sqrt(np.arange(4, 9) / 3))]
    )
    assert noise.shift(np.arange(1, 5), flat, noise.Widths((2.0, 3.0, 1.0))) == pytest.approx(
        [0, 0.05, 0.05, 0.05]  # 0.01 x (9 - 4); what is once there stays
    )
    by_year = noise.Widths((1.0,), (2.0, 4.0))
    assert noise.shift(np.array([0, 1, 4, 5, 8]), flat, by_year) == pytest.approx(
        [0, 0.03, 0.03, 0.15, 0.15]  # 0.01 x (4 - 1), then x (16 - 1)
    )
    smooth, white = noise.modes(4, flat, 0, noise.Widths((2.0, 3.0, 1.0)))
    assert (smooth**2).sum(axis=0) + white**2 == pytest.approx(0.04 + np.array([0, 5, 5, 5]) / 100)
    late, _ = noise.modes(2, (0.2, 0.5, 0.0, 0.0), 1)  # a quarter more is not known
    assert (late**2).sum(axis=0) == pytest.approx([0.04 * (1 - 1 / 16), 0.04 * (1 - 1 / 64)])


def test_tables_of_quantiles_are_straight_between_what_is_stated():
    def at(found, share):
        return float(np.interp(share, (np.arange(len(found)) + 0.5) / len(found), found))

    stated = quantiles.table([1, 2, 5], lambda years: years)
    assert [
        at(stated, q) for q in (0.0, 0.05, 0.1, 0.3, 0.5, 0.7, 0.9, 0.95, 1.0)
    ] == pytest.approx([0.75, 0.875, 1, 1.5, 2, 3.5, 5, 5.375, 5.75], abs=0.005)
    assert quantiles.table([3, 3, 3], lambda years: years * 4).tolist() == [12]
    assert quantiles.quarters([0, 0.0625, 0.25, 2]).tolist() == [0.25, 0.25, 1, 8]
    assert quantiles.three([1, 2]) == (1, 2, 2)
    waits = quantiles.waiting(0.1, 3.0)
    assert [at(waits, q) for q in (0.25, 0.5, 0.75)] == pytest.approx(
        [3 + 10 * np.log(4 / 3), 3 + 10 * np.log(2), 3 + 10 * np.log(4)], rel=1e-3
    )
    assert quantiles.waiting(-1.0, 0.0).tolist() == [np.inf]
    sample = quantiles.sampled(np.array([9.0, 1.0, np.inf, 5.0]))
    assert [sample[int(q * 4096)] for q in (0.1, 0.3, 0.6, 0.9)] == [1, 5, 9, np.inf]
    assert sample.dtype == waits.dtype == np.float32


def test_the_nameplate_of_a_route_by_quarter():
    rows = [("R1", "pipe", "capacity", "10", "2024-04-01", "2024-10-01"),
            ("R2", "pipe", "capacity", "20", "2025-01-01", ""),
            ("R3", "other", "capacity", "7", "2030-01-01", ""),
            ("R4", "pipe", "gcv", "10.5", "", ""), ("R5", "bad", "capacity", "-1", "", "")]  # fmt: skip
    names = ["id", "route", "attribute", "value", "valid_from", "valid_to"]
    table = pd.DataFrame(rows, columns=names).assign(unit="bcm/yr", basis="20C", status="actual",
                                                     source="press", page="", published="", note="")  # fmt: skip
    span = ramp.Grid(2024 * 4, 6, dt.date(2024, 1, 1))
    tables = {"route-facts": table}
    assert ceilings.nameplate(tables, "pipe", {}, span).tolist() == [10, 10, 10, 10, 20, 20]
    assert ceilings.nameplate(tables, "other", {}, span).tolist() == [7] * 6  # its day is to come
    assert ceilings.nameplate(tables, "pipe", {"capacity": 3}, span).tolist() == [3] * 6
    assert np.isnan(ceilings.nameplate(tables, "none", {}, span)).all()
    with pytest.raises(
        DataError, match=r"R5: capacity -1\.0 of bad is negative; give zero or more"
    ):
        ceilings.nameplate(tables, "bad", {}, span)
