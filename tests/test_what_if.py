"""What-ifs: the control is the unchanged tree, the change is seen, what means nothing is refused."""

import pytest

from energy.errors import PeriodError, UnknownName, UsageError
from energy.projection import scenarios, what_if


@pytest.fixture(scope="module")
def stopped(tracker):
    return tracker.what_if("TurkStream 2", stop="2027-07", until="2029", draws=300)


def test_the_control_is_the_unchanged_tree_to_the_last_byte(tracker, stopped):
    before = scenarios.load()
    plain = tracker.project("2029", "baseline", draws=300, seed=0)
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
    ]  # fmt: skip
    assert what_if.effects(None, {"brent": 100}, tree) == [
        {"price": "brent", "value": 100.0, "assumption": "what if"}
    ]


def test_a_price_of_ones_own_is_what_every_cubic_metre_earns(tracker):
    found = tracker.what_if("power-of-siberia-1", price=200, until="2029", draws=300)
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
        ("china", 0, "price=0 is not positive"),
        ("moon", 250, "serves moon, whose price is not modelled; priced are"),
        ("", 250, "serves no market"),
    ],
)
def test_a_price_that_means_nothing_is_refused(market, value, message):
    with pytest.raises(UsageError, match=message):
        what_if.effects("power-of-siberia-1", {"price": value}, scenarios.load(), market)
