"""What-ifs: the control is the unchanged tree, the change is seen, what means nothing is refused."""

import dataclasses

import numpy as np
import pytest

from energy.errors import EnergyError, PeriodError, UnknownName, UsageError
from energy.projection import scenarios, what_if


@pytest.fixture(scope="module")
def stopped(tracker):
    return tracker.what_if("TurkStream 2", stop="2027-07", until="2029", draws=200)


def test_the_control_is_the_unchanged_tree_to_the_last_byte(tracker, stopped):
    before = scenarios.load()
    plain = tracker.project("2029", "baseline", draws=200, seed=0)
    assert stopped.control.identical(plain)
    rows = what_if.effects("turkstream-2", {"stop": "2027-07"}, before)
    assert "set" in what_if.changed(before, rows)
    assert before == scenarios.load()


def test_a_stop_stops_the_route_and_no_other(stopped):
    table = stopped.table("turkstream-2").query("what == 'flow'").set_index("year")
    assert table.loc[2026, "difference"] == 0
    assert table.loc[2028, "changed_mean"] == table.loc[2029, "changed_mean"] == 0
    assert table.loc[2028, "control_mean"] > 1
    assert table.loc[2028, "difference"] == -table.loc[2028, "control_mean"]
    # nothing is left, so that the difference is the control with its sign and its ends turned
    assert table.loc[2028, "difference_p10"] == pytest.approx(-table.loc[2028, "control_p90"])
    assert table.loc[2028, "difference_p90"] == pytest.approx(-table.loc[2028, "control_p10"])
    other = stopped.table("power-of-siberia-1").query("what == 'flow'")
    assert (other["difference"] == 0).all()


def test_all_exports_lose_what_the_route_loses_in_gas_and_money(stopped):
    everything = stopped.table().set_index(["what", "year"])
    route = stopped.table("turkstream-2").set_index(["what", "year"])
    for what in ("flow", "revenue"):
        gone = everything.loc[(what, 2028), "difference"]
        assert gone == pytest.approx(route.loc[(what, 2028), "difference"], rel=1e-3)
        assert gone < 0
    assert set(everything["unit"]) == {"bcm", "million USD"}
    assert "stop='2027-07'" in repr(stopped) and "<table" in stopped._repr_html_()


@pytest.mark.parametrize(
    ("route", "change", "error", "message"),
    [
        ("turkstream-2", {"banana": 1}, UnknownName, "Unknown change 'banana'"),
        ("turkstream-2", {}, UsageError, "Nothing is changed; give one of stop: day or period"),
        (None, {"stop": "2027"}, UsageError, "stop needs a route"),
        ("turkstream-2", {"start": "2027"}, UsageError, "is open: it flows already"),
        ("power-of-siberia-2", {"stop": "2027"}, UsageError, "is proposed: it has no flow to stop"),
        ("turkstream-2", {"stop": "soon"}, PeriodError, "soon"),
        ("opal", {"stop": "2027"}, UsageError, "Route 'opal' is not projected; projected are"),
        ("turkstream-2", {"brent": 50}, UsageError, "brent and ttf move every market: leave 'turk"),
        (None, {"brent": -5}, UsageError, "brent=-5 is no number of more than zero; give USD/bbl"),
        (None, {"ttf": float("nan")}, UsageError, "ttf=nan is no number of more than zero"),
        ("turkstream-2", {"capacity": "x"}, UsageError, "capacity='x' is no number of zero or m"),
        ("turkstream-2", {"capacity": True}, UsageError, "capacity=True is no number of zero or"),
    ],
)
def test_what_means_nothing_is_refused_by_name(route, change, error, message):
    with pytest.raises(error, match=message):
        what_if.effects(route, change, scenarios.load())


def test_each_change_becomes_the_effects_it_says():
    tree = scenarios.load()
    assert [(row["what"], row["value"]) for row in
            what_if.effects("power-of-siberia-2", {"start": "2030", "capacity": 50}, tree)] == [
        ("first_gas", [2030.0, 2030.0, 2030.0]), ("never", 0.0), ("capacity", 50.0),
        ("ceiling", 50.0),
    ]  # fmt: skip
    assert what_if.effects(None, {"brent": 100}, tree) == [
        {"price": "brent", "value": 100.0, "assumption": "what if"}
    ]


@pytest.mark.once
def test_a_price_of_ones_own_is_what_every_cubic_metre_earns(tracker):
    found = tracker.what_if("power-of-siberia-1", price=200, until="2029", draws=200)
    table = found.table("power-of-siberia-1").set_index(["what", "year"])
    flow, earned = table.loc[("flow", 2028)], table.loc[("revenue", 2028)]
    assert flow["difference"] == 0
    for side in ("mean", "p10", "p90"):  # bcm x USD/1000 m3 = million USD
        assert earned[f"changed_{side}"] == pytest.approx(200 * flow[f"changed_{side}"], rel=1e-3)
    other = found.table("turkstream-2").query("what == 'revenue'")
    assert (other["difference"] == 0).all()


@pytest.mark.parametrize(
    ("market", "value", "message"),
    [
        ("china", 0, "price=0 is no number of more than zero; give USD/1000 m3"),
        ("moon", 250, "serves moon, whose price is not modelled; priced are"),
        ("", 250, "serves no market"),
    ],
)
def test_a_price_that_means_nothing_is_refused(market, value, message):
    with pytest.raises(UsageError, match=message):
        what_if.effects("power-of-siberia-1", {"price": value}, scenarios.load(), market)


CHANGES = {
    "stop": ("TurkStream 2", {"stop": "2027-07"}),
    "stop of a group": ("turkstream", {"stop": 2027}),
    "stop of a market": ("china", {"stop": 2028}),
    "start": ("power-of-siberia-2", {"start": 2028}),
    "capacity": ("PoS1", {"capacity": 20}),
    "price": ("PoS1", {"price": 200}),
    "brent": (None, {"brent": 50}),
}


@pytest.fixture(scope="module", params=CHANGES, ids=str)
def found(tracker, request):
    route, change = CHANGES[request.param]
    return tracker.what_if(route, until="2029", draws=200, **change)


@pytest.mark.once
def test_the_ends_of_every_difference_stand_in_order_and_it_is_the_sum_of_its_parts(found):
    everything = found.table()
    tables = [everything, found.table("china"), found.table("turkstream"), found.table("PoS1")]
    for table in tables:
        for side in ("control", "changed", "difference"):
            low, middle, high = (table[f"{side}_{word}"] for word in ("p10", "p50", "p90"))
            assert ((low <= middle) & (middle <= high)).all()
        gap = table["changed_mean"] - table["control_mean"]
        assert np.allclose(table["difference"], gap, atol=1e-6)
    assert (everything["difference"] != 0).any()


def test_the_difference_is_taken_draw_by_draw(found):
    """By hand: the two runs of one year side by side, subtracted, and put in order."""
    before, after = (side.of("revenue", None)[-1] for side in found.drawn)
    gaps = sorted(b - a for a, b in zip(before, after, strict=True))
    row = found.table().query("what == 'revenue'").iloc[-1]
    at = 0.1 * (len(gaps) - 1)  # 19.9: between the 20th and the 21st of 200
    by_hand = gaps[int(at)] + (at - int(at)) * (gaps[int(at) + 1] - gaps[int(at)])
    assert row["difference_p10"] == pytest.approx(by_hand)


def test_both_runs_draw_the_same_numbers_for_what_is_not_touched(found):
    touched = str(found.change.get("route", "")).split(", ")
    before, after = found.drawn
    for kind, name in [row for row in before.rows if row[0] == "flow"]:
        if name not in touched and before.copies.get(name, name) not in touched:
            same = [side.values[side.rows.index((kind, name))] for side in (before, after)]
            assert np.array_equal(*same)


@pytest.mark.once
def test_a_capacity_holds_whatever_flowed_before(tracker):
    found = tracker.what_if("PoS1", capacity=20, until="2029", draws=200)
    table = found.table("PoS1").query("what == 'flow'").set_index("year")
    assert table.loc[2028, "control_p10"] > 30
    assert 15 < table.loc[2028, "changed_mean"] <= table.loc[2028, "changed_p90"] <= 20.01


@pytest.mark.once
def test_a_group_changes_the_lines_that_the_change_fits(tracker):
    found = tracker.what_if("china", stop=2028, until="2029", draws=200)
    assert found.change["route"] == "power-of-siberia-1"  # the second one is proposed
    table = found.table("Сила Сибири").query("what == 'flow'").set_index("year")
    assert table.loc[2029, "changed_p90"] == 0 < table.loc[2029, "control_p10"]
    with pytest.raises(UnknownName, match="Unknown projected route 'opal'"):
        found.table("opal")


@pytest.mark.slow
def test_on_a_day_of_the_past_both_runs_hold_what_was_thought_then(tracker):
    found = tracker.as_of("2022-06-30").what_if("blue-stream", stop=2024, until="2024", draws=100)
    before, after = found.drawn
    others = [row for row in before.rows if row[0] == "flow" and row[1] != "blue-stream"]
    assert len(others) > 5
    for row in others:
        same = [side.values[side.rows.index(row)] for side in (before, after)]
        assert np.array_equal(*same), row
    with pytest.raises(UsageError, match="changes one scenario; name it"):
        tracker.what_if("blue-stream", stop=2028, scenario="all")


@pytest.mark.slow
def test_a_change_that_moves_nothing_says_so(tracker):
    found = tracker.what_if("turkstream-2", stop="2029-12-31", until="2029", draws=200)
    same = dataclasses.replace(found, drawn=(found.drawn[0], found.drawn[0]))
    assert "(unchanged in every draw)" in repr(same)
    assert "(unchanged" not in repr(found)


@pytest.mark.parametrize(
    ("stop", "message"),
    [("2020", "stop='2020' begins before 2026Q"), ("2031", "begins after the last projected day")],
)
def test_a_date_that_would_change_nothing_is_refused(tracker, stop, message):
    with pytest.raises(UsageError, match=message):
        tracker.what_if("turkstream-2", stop=stop, until="2029", draws=200)


@pytest.mark.parametrize(
    ("custom", "message"),
    [
        ({"route": {"turkstream-2": {"end": 2027}}},
         "end of turkstream-2 is overridden by the answer 'kept' to 'eu-ban'; put it under set"),
        ({"money": {"brent": 50}}, "price of brent is overridden by the answer '.*' to 'oil'"),
        ({"set": [{"price": "brent", "value": 50}, {"price": "brent", "value": 60}]},
         "set names brent price twice"),
        ({"rules": {"banana": 1}}, "Unknown key of rules 'banana'"),
        ({"money": {"market": {"moon": {"hub": 1}}}}, "Unknown key of money.market 'moon'"),
        ({"name": "baseline"}, "name 'baseline' is taken"),
    ],
)  # fmt: skip
def test_an_overlay_that_would_have_no_effect_is_refused_by_name(custom, message):
    with pytest.raises(EnergyError, match=message):
        scenarios.overlay(scenarios.load(), custom)


def test_a_key_of_a_route_that_nothing_reads_is_a_fault():
    tree = scenarios.overlay(scenarios.load(), {"route": {"turkstream-1": {"banana": 1}}})
    faults = scenarios.check(tree, tree["route"], [])
    assert any("route.turkstream-1: Unknown key 'banana'" in fault for fault in faults)


@pytest.mark.slow
def test_beside_an_overlay_stands_the_baseline_of_the_unchanged_tree(tracker):
    end = [{"route": "blue-stream", "what": "end", "value": 2027.0}]
    both = tracker.project("2028", {"name": "mine", "set": end}, draws=60, revenue=False)
    plain = tracker.project("2028", "baseline", draws=60, revenue=False)
    assert both["scenario"].values.tolist() == ["baseline", "mine", "mixture"]
    for name in plain:
        if "scenario" in plain[name].dims:
            assert (
                both[name].sel(scenario="baseline").identical(plain[name].sel(scenario="baseline"))
            )
    assert float(both["flow_year_mean"].sel(route="blue-stream", scenario="mine", year=2028)) == 0
