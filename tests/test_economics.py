"""NPV, IRR and break-even of proposed lines, by hand where it can be done."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy import facts
from energy.errors import DataError, UnknownName
from energy.finance import economics as e

DATA = Path(facts.DATA)
TABLES = facts.load()

PLAIN = {
    "capex": 1.0, "upstream": 0.0, "build": 1.0, "ramp": 1.0, "life": 2.0, "write_off": 2.0, "plateau": 10.0,
    "price": 100.0, "unit_cost": 0.0, "transit": 0.0, "extraction_tax": 0.0, "opex": 0.0, "duty": 0.0,
    "profit_tax": 0.0, "discount": 10.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def proposals():
    held = facts.load()
    if "proposals" in held:
        return held["proposals"]
    return pd.read_csv(DATA / "proposals.csv", keep_default_na=False)


def test_a_line_worked_out_by_hand():
    # 1 bn at once, then twice 10 bcm at 100 = 1,000 million: -1,000 + 1,000/1.1 + 1,000/1.21
    assert e.npv(PLAIN)[0] == pytest.approx(-1000 + 1000 / 1.1 + 1000 / 1.21)
    # break-even: 1,000 / (10/1.1 + 10/1.21)
    assert e.breakeven(PLAIN)[0] == pytest.approx(1000 / (10 / 1.1 + 10 / 1.21))
    # IRR of -1, 1, 1 is the golden ratio less one
    assert e.irr(PLAIN)[0] == pytest.approx(100 * ((1 + 5**0.5) / 2 - 1))


def test_taxes_and_costs_worked_out_by_hand():
    values = PLAIN | {"duty": 30.0, "extraction_tax": 10.0, "unit_cost": 5.0, "transit": 5.0, "opex": 3.0,
                      "profit_tax": 25.0}  # fmt: skip
    laid = e.cash(values)
    year = laid["year"] == 0
    # revenue 1,000; duty 300; tax 100; opex 30 + 100; written off 500; taxable -30, so 7.5 back
    for name, expected in (
        ("revenue", 1000),
        ("duty", 300),
        ("extraction_tax", 100),
        ("opex", 130),
        ("profit_tax", -7.5),
    ):
        assert laid[name][0][year] == pytest.approx(expected)
    assert laid["cash"][0][year] == pytest.approx(1000 - 300 - 100 - 130 + 7.5)


def test_building_is_spread_and_the_ramp_climbs():
    laid = e.cash(PLAIN | {"build": 4.0, "ramp": 2.0, "capex": 2.0, "upstream": 2.0})
    assert laid["year"].tolist() == [-4, -3, -2, -1, 0, 1]
    assert laid["capex"][0].tolist() == [1000] * 4 + [0, 0]
    assert laid["volume"][0].tolist() == [0] * 4 + [5, 10]
    assert laid["discount"][0][0] == 1


def test_npv_is_that_of_numpy_financial():
    import numpy_financial as financial

    for line in e.projects(TABLES).values():
        values = e.central(line)
        laid = e.cash(values)
        expected = financial.npv(values["discount"] / 100, laid["cash"][0])
        assert e.npv(values)[0] == pytest.approx(expected)


def test_irr_is_the_rate_at_which_npv_is_nought():
    values = e.central(e.project(TABLES, "power-of-siberia-2"))
    rate = e.irr(values)[0]
    assert e.npv(values | {"discount": rate})[0] == pytest.approx(0, abs=1e-3)


inputs = st.fixed_dictionaries(
    {
        "capex": st.floats(1, 60),
        "upstream": st.floats(0, 40),
        "build": st.integers(1, 10),
        "ramp": st.integers(1, 8),
        "life": st.integers(10, 40),
        "write_off": st.integers(5, 30),
        "plateau": st.floats(2, 60),
        "price": st.floats(0, 900),
        "unit_cost": st.floats(0, 60),
        "transit": st.floats(0, 40),
        "extraction_tax": st.floats(0, 40),
        "opex": st.floats(0, 6),
        "duty": st.floats(0, 50),
        "profit_tax": st.floats(0, 40),
        "discount": st.floats(1, 18),
    }
)


@settings(deadline=None, max_examples=60)
@given(inputs)
def test_closed_form_and_search_agree_within_a_tenth(values):
    closed = float(e.breakeven(values)[0])
    if closed > 1e5:
        with pytest.raises(DataError, match="no break-even below"):
            e.breakeven_by_search(values)
    else:
        assert closed == pytest.approx(e.breakeven_by_search(values, high=2e5), abs=0.1)


@settings(deadline=None, max_examples=40)
@given(inputs)
def test_npv_at_the_break_even_is_nought_and_rises_with_the_price(values):
    price = float(e.breakeven(values)[0])
    scale = values["capex"] * 1000
    assert float(e.npv(values | {"price": price})[0]) == pytest.approx(0, abs=scale * 1e-6)
    assert e.npv(values | {"price": price + 10})[0] > 0 > e.npv(values | {"price": price - 10})[0]


def test_the_seed_fixes_the_numbers_and_one_input_leaves_the_others():
    line = e.project(TABLES, "far-eastern-route")
    one, two = e.simulate(line, 300), e.simulate(line, 300)
    pd.testing.assert_frame_equal(one, two)
    assert not e.simulate(line, 300, seed=1).equals(one)
    before, after = e.draw(line, 50), e.draw(line.with_inputs(capex=3.0), 50)
    assert (after["capex"] == 3).all()
    assert all((before[name] == after[name]).all() for name in e.UNITS if name != "capex")


def test_draws_stay_in_their_range_and_years_are_whole():
    for line in e.projects(TABLES).values():
        values = e.draw(line, 400)
        for name, a in line.inputs.items():
            assert a.low - 0.5 <= values[name].min() <= values[name].max() <= a.high + 0.5
        assert all((values[name] % 1 == 0).all() for name in e.WHOLE)


def test_quantiles_are_in_order_and_hold_what_they_say():
    line = e.project(TABLES, "power-of-siberia-2")
    table = e.simulate(line, 2000)
    assert (table["p10"] < table["p50"]).all()
    assert (table["p50"] < table["p90"]).all()
    drawn = e.breakeven(e.draw(line, 2000))
    assert (drawn < table.loc["breakeven", "p10"]).mean() == pytest.approx(0.1, abs=0.01)


def test_tornado_is_sorted_and_agrees_with_the_model():
    line = e.project(TABLES, "power-of-siberia-2")
    table = e.tornado(line)
    assert table["swing"].is_monotonic_decreasing
    assert table["input"].iloc[0] == "capex"
    row = table.set_index("input").loc["discount"]
    assert row["at_high"] == pytest.approx(e.breakeven(e.central(line) | {"discount": 14.0})[0])
    assert "duty" not in set(table["input"])  # no range
    assert "price" in set(e.tornado(line, "npv")["input"])
    with pytest.raises(UnknownName, match="Unknown target 'irr'"):
        e.tornado(line, "irr")


def test_every_input_of_every_line_is_stated_with_a_source():
    held = {
        prefix: set(pd.read_csv(DATA / f"{name}.csv")["id"])
        for prefix, name in (
            ("J", "proposals"),
            ("N", "tariffs"),
            ("C", "contracts"),
            ("P", "prices"),
        )
    }
    assert len(e.projects(TABLES)) == 4
    for line in e.projects(TABLES).values():
        assert set(line.inputs) == set(e.UNITS)
        table = e.assumptions(line)
        cited = [i for text in table["source"] if text != e.OWN for i in text.split(";")]
        assert cited
        assert all(i in held[i[0]] for i in cited), cited


def test_power_of_siberia_1_breaks_even_where_the_press_had_it():
    # OSW and Reuters in May and June 2014: break-even at about 350 USD a thousand m3
    line = e.project(TABLES, "power-of-siberia-1-as-approved")
    assert e.breakeven(e.central(line))[0] == pytest.approx(350, rel=0.03)


def test_table_stands_beside_published_estimates(proposals):
    table = e.table(TABLES, 1000)
    second = table.loc["power-of-siberia-2"]
    assert second["agrees"]
    assert "at most 260" in second["published"]
    assert second["p50_other_duty"] < second["p50"]  # no duty instead of 30 percent
    assert table.loc["far-eastern-route", "agrees"] is None
    assert table.loc["far-eastern-route", "published"] == ""


def test_published_bound_out_of_reach_is_seen(proposals):
    low = proposals.iloc[[0]].assign(
        route="power-of-siberia-2", item="breakeven", bound="at most", value=10
    )
    assert not e.table(TABLES.replaced({"proposals": low}), 300).loc["power-of-siberia-2", "agrees"]


def test_errors_are_clear():
    with pytest.raises(
        UnknownName, match="Unknown project 'power-of-siberia-3'; near: power-of-siberia-2"
    ):
        e.project(TABLES, "power-of-siberia-3")
    with pytest.raises(UnknownName, match="Unknown input 'tax'"):
        e.project(TABLES, "far-eastern-route").with_inputs(tax=1.0)
    with pytest.raises(DataError, match=r"low 3.0, mode 2.0, high 4.0 are not in order"):
        e.Assumption(3.0, 2.0, 4.0)
    with pytest.raises(DataError, match=r"input 'capex' is missing \(USD bn\)"):
        e.npv({k: v for k, v in PLAIN.items() if k != "capex"})


def test_a_line_is_found_by_key_or_route():
    assert e.find(TABLES, "soyuz-vostok") == "power-of-siberia-2"
    assert e.find(TABLES, "power-of-siberia-1") == "power-of-siberia-1-plus-6"
    assert e.find(TABLES, "power-of-siberia-1-as-approved") == "power-of-siberia-1-as-approved"
    with pytest.raises(UnknownName, match="Unknown proposed line 'blue-stream'"):
        e.find(TABLES, "blue-stream")


def test_every_proposed_route_is_worked_out_or_says_in_a_sentence_what_is_missing():
    routes = TABLES["routes"]
    proposed = routes.loc[routes["status"].isin(e.AHEAD), "route"]
    assert len(proposed) >= 14
    told = {}
    for route in proposed:
        try:
            told[route] = e.project(TABLES, e.find(TABLES, route)).title
        except DataError as error:
            told[route] = error.faults[0]
    assert told["soyuz-vostok"] == "Power of Siberia 2 with Soyuz Vostok"
    assert told["central-asia-china-d"].startswith("no figure for ")
    assert (
        "add a row for 'central-asia-china-d' to project_assumptions.csv"
        in (told["central-asia-china-d"])
    )


def test_a_proposed_route_is_rows_only():
    plain = {name: (value, value, value) for name, value in PLAIN.items()}
    rows = pd.DataFrame([
        {"id": f"S9{i:03d}", "project": "central-asia-china-d", "market": "", "input": name, "low": low,
             "mode": mode, "high": high, "unit": e.UNITS[name], "facts": "", "valid_from": "",
             "source": "assumptions-of-this-project", "published": "", "note": ""}
        for i, (name, (low, mode, high)) in enumerate(plain.items())
    ])  # fmt: skip
    start = (
        TABLES["route-facts"]
        .iloc[[0]]
        .assign(
            id="R9999", route="central-asia-china-d", attribute="start", value="2035-01-01", unit=""
        )
    )
    tables = TABLES.replaced({
        "project-assumptions": pd.concat([TABLES["project-assumptions"], rows]),
        "route-facts": pd.concat([TABLES["route-facts"], start]),
    })  # fmt: skip
    line = e.project(tables, e.find(tables, "central-asia-china-d"))
    assert line.first_gas == 2035
    assert e.npv(e.central(line))[0] == pytest.approx(-1000 + 1000 / 1.1 + 1000 / 1.21)


def test_a_later_row_is_not_known_before_it_was_published():
    from energy.store.package import known

    then = known(TABLES, "2024-12-31")
    with pytest.raises(DataError, match=r"no figure for .*price"):
        e.project(then, "power-of-siberia-2")


def test_no_duty_or_a_longer_life_never_hurts():
    values = e.central(e.project(TABLES, "power-of-siberia-2"))
    assert e.breakeven(values | {"duty": 0.0})[0] < e.breakeven(values)[0]
    assert e.breakeven(values | {"life": 40.0})[0] < e.breakeven(values)[0]
    assert np.isfinite(e.breakeven(values)).all()
