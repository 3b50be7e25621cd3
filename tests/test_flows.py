"""The flow cube, worked out by hand on the tiny tables."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from energy import flows
from energy.errors import DataError, PeriodError


def values(cube, route, name="flow"):
    return cube[name].sel(route=route).values


def test_a_year_is_given_to_the_open_months_by_days(tiny):
    cube = flows.build(tiny, first="2020Q1", last="2020Q4")
    # the pipe opens on 1 July: 184 days share the year's 12.2 bcm, 92 days a quarter
    assert values(cube, "pipe") == pytest.approx([0, 0, 6.1, 6.1])
    assert list(values(cube, "pipe", "status")) == ["actual", "actual", "estimate", "estimate"]
    assert list(values(cube, "pipe", "sources")) == ["R0003", "R0003", "V0001", "V0001"]


def test_known_months_and_quarters_stand_and_the_rest_is_shared(tiny):
    cube = flows.build(tiny, first="2021Q1", last="2021Q4")
    # 12 - 2 (January) - 1 (third quarter) = 9 over 28+31, 91 and 92 days of 242
    assert values(cube, "pipe") == pytest.approx([2 + 9 * 59 / 242, 9 * 91 / 242, 1, 9 * 92 / 242])
    assert list(values(cube, "pipe", "status")) == [
        "estimate",
        "estimate",
        "provisional",
        "estimate",
    ]
    assert values(cube, "pipe", "coverage") == pytest.approx([1, 1, 0.5, 1])


def _press_months(tiny, status="estimate", quarter=4.1):
    """Three months that an agency counted, 1 + 1.5 + 1.5, and a metered quarter."""
    months = [("2021-04", "M", 1.0, status), ("2021-05", "M", 1.5, "estimate"),
              ("2021-06", "M", 1.5, "estimate"), ("2021Q2", "Q", quarter, "actual")]  # fmt: skip
    kept = tiny["volumes"].query("id == 'V0001'")
    rows = [kept.assign(id=f"V010{n}", period=period, freq=freq, value=value, status=standing)
            for n, (period, freq, value, standing) in enumerate(months)]  # fmt: skip
    tiny["volumes"] = pd.concat(rows, ignore_index=True)
    return tiny


def test_a_metered_quarter_rules_the_months_of_the_press_and_they_give_its_shape(tiny):
    tables = _press_months(tiny)
    cube = flows.build(tables, first="2021Q2", last="2021Q2")
    assert values(cube, "pipe").tolist() == pytest.approx([4.1])
    assert list(values(cube, "pipe", "status")) == ["actual"]
    assert list(values(cube, "pipe", "sources")) == ["V0103"]
    months = flows.build(tables, freq="M", first="2021-04", last="2021-06")
    assert values(months, "pipe") == pytest.approx([4.1 / 4, 4.1 * 1.5 / 4, 4.1 * 1.5 / 4])
    assert set(values(months, "pipe", "status")) == {"estimate"}
    made = flows.parts(tables, "pipe", "2021-04", "2021-06")
    assert made["part"].sum() == pytest.approx(4.1) and set(made["id"]) == {"V0103"}


def test_a_metered_month_stands_beside_a_metered_quarter(tiny):
    cube = flows.build(
        _press_months(tiny, "actual", 4.06), freq="M", first="2021-04", last="2021-06"
    )
    assert values(cube, "pipe") == pytest.approx(
        [1.0, 3.06 / 2, 3.06 / 2]
    )  # 4.06 less the metered 1


def test_a_quarter_that_contradicts_its_months_rules_nothing(tiny):
    """4.2 is five per cent above 4.0: two flows, or one wrong; the months stand as they did."""
    cube = flows.build(_press_months(tiny, quarter=4.2), first="2021Q2", last="2021Q2")
    assert values(cube, "pipe").tolist() == pytest.approx([4.0])
    assert list(values(cube, "pipe", "status")) == ["estimate"]


def test_two_months_that_exceed_their_quarter_stand_and_the_third_stays_unknown(tiny):
    """The metered 2.45 is 2 % less than the two counted, so within what else would be ruled."""
    tables = _press_months(tiny, quarter=2.45)
    tables["volumes"] = tables["volumes"].query("period != '2021-06'")
    months = flows.build(tables, freq="M", first="2021-04", last="2021-06")
    assert values(months, "pipe") == pytest.approx([1.0, 1.5, np.nan], nan_ok=True)
    assert list(values(months, "pipe", "sources")) == ["V0100", "V0101", ""]


def test_the_year_is_the_published_year(tiny):
    cube = flows.build(tiny, freq="A")
    assert values(cube, "pipe") == pytest.approx([12.2, 12])
    assert list(values(cube, "pipe", "status")) == ["actual", "provisional"]


def test_a_partial_period_is_marked_not_scaled(tiny):
    tiny["volumes"] = tiny["volumes"].query("id == 'V0003'")
    cube = flows.build(tiny, first="2021Q1", last="2021Q1")
    assert values(cube, "pipe") == pytest.approx([2.0])
    assert values(cube, "pipe", "coverage") == pytest.approx([31 / 90])
    assert np.isnan(values(cube, "pipe", "utilisation")).all()


def test_utilisation_above_one_is_shown(tiny):
    cube = flows.build(tiny, first="2020Q3", last="2020Q3")
    assert values(cube, "pipe", "utilisation") == pytest.approx([6.1 / (10 * 92 / 366)])


def test_capacity_changes_on_its_day_and_begins_with_the_pipe(tiny):
    cube = flows.build(tiny, first="2020Q2", last="2021Q1")
    expected = [np.nan, 10 * 92 / 366, 10 * 92 / 366, 20 * 90 / 365]
    assert values(cube, "pipe", "capacity") == pytest.approx(expected, nan_ok=True)


def test_a_capacity_known_of_some_days_only_is_none_of_the_period(tiny):
    """Of a line open since July 2020, only the capacity from October on is known."""
    held = tiny["route-facts"]
    held.loc[(held["route"] == "pipe") & (held["value"] == "10"), "valid_from"] = "2020-10-01"
    year = flows.build(tiny, freq="A", first="2020", last="2021")
    assert values(year, "pipe", "capacity") == pytest.approx([np.nan, 20], nan_ok=True)
    assert values(year, "pipe", "capacity_kind").tolist() == ["", "design"]
    quarters = flows.build(tiny, first="2020Q3", last="2020Q4")
    expected = [np.nan, 10 * 92 / 366]
    assert values(quarters, "pipe", "capacity") == pytest.approx(expected, nan_ok=True)


def test_after_a_dated_stop_the_flow_is_a_stated_zero(tiny):
    cube = flows.build(tiny, first="2021Q1", last="2021Q4")
    assert values(cube, "corridor") == pytest.approx([14 * 90 / 181, 14 * 91 / 181, 0, 0])
    assert values(cube, "corridor", "sources")[2] == "R0005"
    assert list(values(cube, "corridor", "flow_status")) == ["flowing", "flowing", "idle", "idle"]


def test_a_pipe_that_opens_within_a_period_is_built_in_it(tiny):
    tiny["route-facts"].loc[2, "value"] = "2020-08-15"
    quarters = flows.build(tiny, first="2020Q1", last="2020Q3")
    assert list(values(quarters, "pipe", "flow_status")) == ["not-built", "not-built", "flowing"]
    year = flows.build(tiny, freq="A", first="2020", last="2020")
    assert list(values(year, "pipe", "flow_status")) == ["flowing"]


def test_energy_becomes_volume_by_the_stated_calorific_value(tiny):
    cube = flows.build(tiny, freq="A", first="2021", last="2021")
    assert values(cube, "exit") == pytest.approx([105 / 10.5])
    back = flows.build(tiny, freq="A", unit="TWh", basis="GCV", first="2021", last="2021")
    assert values(back, "exit") == pytest.approx([105])
    assert np.isnan(values(back, "pipe")).all()  # no calorific value is stated for it


def test_what_cannot_be_used_is_listed(tiny):
    assert flows.build(tiny).attrs["left_out"] == "1 basis not stated"


def test_unknown_is_not_zero(tiny):
    cube = flows.build(tiny)
    assert np.isnan(values(cube, "plan")).all()
    assert set(values(cube, "plan", "flow_status")) == {"proposed"}
    assert np.isnan(values(cube, "exit")[0])


def test_markets_take_the_exit_and_the_balance_says_why(tiny):
    cube = flows.build(tiny, freq="A")
    markets = flows.by_market(cube, tiny["routes"])
    told = {str(name): markets.sel(market=name).values for name in markets["market"].values}
    # the sea counts where its mouth is not known yet, the corridor never
    wanted = {"m": [np.nan, 7], "s": [6, np.nan], "w": [np.nan, 4], "x": [12.2, 12], "y": [np.nan] * 2,
              "z": [np.nan, 10]}  # fmt: skip
    assert list(told) == list(wanted)
    for name, expected in wanted.items():
        assert told[name] == pytest.approx(expected, nan_ok=True), name
    assert flows.divided(cube, tiny["routes"]).any("period").to_series().loc[lambda row: row].index.tolist() == [
        "corridor", "sea"]  # fmt: skip
    tiny["volumes"].loc[5, "value"] = 15.0
    table = flows.balance(flows.build(tiny, freq="A"), tiny["routes"])
    assert table["difference"].tolist() == pytest.approx([0, 1])
    assert table["reason"].iloc[0] == ""
    assert table["reason"].iloc[1].startswith("Ukraine")


def test_gas_year_and_month(tiny):
    cube = flows.build(tiny, freq="G", first="2020-10-01", last="2021-09-30")
    assert pd.Timestamp(cube["period"].values[0]).date() == dt.date(2020, 10, 1)
    assert values(cube, "pipe") == pytest.approx([6.1 + 2 + 9 * 150 / 242 + 1])
    months = flows.build(tiny, freq="M", first="2021-01", last="2021-02")
    assert values(months, "pipe") == pytest.approx([2, 9 * 28 / 242])


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"freq": "W"}, "Unknown freq 'W'; use one of M, Q, A"),
        ({"first": "2021Q4", "last": "2020Q1"}, "lies after the last"),
        ({"first": "2035Q1", "last": "2036Q1"}, "the data run from 2020-01-01 to 2022-01-01"),
        ({"first": "2024Q5"}, "Q5"),
    ],
)
def test_wrong_periods(tiny, options, words):
    with pytest.raises(PeriodError, match=words):
        flows.build(tiny, **options)


def test_no_flow_at_all(tiny):
    tiny["volumes"] = tiny["volumes"].iloc[:0]
    with pytest.raises(DataError, match="no flow observation is left"):
        flows.build(tiny)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    max_examples=25,
    deadline=None,
)
@given(
    total=st.floats(0.1, 100),
    weights=st.lists(st.floats(0.01, 1), min_size=12, max_size=12),
    known=st.lists(st.integers(1, 12), max_size=5, unique=True),
)
def test_quarters_add_up_to_the_year_exactly(tiny, total, weights, known):
    months = [
        {
            "id": f"V1{m:03}",
            "entity": "pipe",
            "period": f"2021-{m:02}",
            "value": total / 24,
            "freq": "M",
        }
        for m in known
    ]
    base = tiny["volumes"].query("id == 'V0002'").assign(value=total)
    rows = pd.concat([base, pd.DataFrame(months)], ignore_index=True)
    filler = base.iloc[0].drop(["id", "period", "value", "freq"])
    tables = tiny | {"volumes": rows.fillna(filler)}
    shares = np.array(weights) / sum(weights)
    tables["profiles"] = pd.DataFrame(
        {
            "route": "pipe",
            "first_year": 2021,
            "last_year": 2021,
            "month": range(1, 13),
            "weight": shares,
        }
    )
    cube = flows.build(tables, first="2021Q1", last="2021Q4")
    assert values(cube, "pipe").sum() == pytest.approx(total, rel=1e-12)
    assert (values(cube, "pipe") >= 0).all()


def test_a_year_smaller_than_its_known_months_stands_beside_and_makes_no_negative_flow(tiny):
    volumes = tiny["volumes"].query("id in ['V0002', 'V0003', 'V0004']").copy()
    volumes.loc[volumes["id"] == "V0002", "value"] = 2.0  # January 2 and the third quarter 1 are 3
    cube = flows.build(tiny | {"volumes": volumes}, first="2021Q1", last="2021Q4")
    assert values(cube, "pipe") == pytest.approx([2, np.nan, 1, np.nan], nan_ok=True)
    assert list(values(cube, "pipe", "sources")) == ["V0003", "", "V0004", ""]


def test_the_month_of_a_stop_counts_the_days_before_it(tiny):
    tiny["route-facts"].loc[4, "value"] = "2021-07-11"
    cube = flows.build(tiny, first="2021Q1", last="2021Q4")
    # open from January to June, 181 days, and for the first 10 days of July
    assert values(cube, "corridor") == pytest.approx(
        [14 * 90 / 191, 14 * 91 / 191, 14 * 10 / 191, 0]
    )


def test_of_two_calorific_values_the_newest_counts(tiny):
    newer = tiny["route-facts"].loc[[3]].assign(id="R0009", value="10", valid_from="2021-01-01")
    rows = pd.concat([newer, tiny["route-facts"]], ignore_index=True)
    assert flows.calorific_values(rows) == {"exit": 10.0, "gate": 8.0}
    cube = flows.build(tiny | {"route-facts": rows}, freq="A", first="2021", last="2021")
    assert values(cube, "exit") == pytest.approx([105 / 10])


def test_on_the_day_of_the_stop_a_string_is_not_yet_idle(tiny):
    """A stop on the first day of a quarter: the state of that quarter is told by the flow."""
    string = tiny["routes"].iloc[0].to_dict() | {
        "route": "string", "name": "The String", "role": "string", "part_of": "pipe",
    }  # fmt: skip
    stop = tiny["route-facts"].iloc[4].to_dict() | {
        "id": "R0020", "route": "string", "attribute": "stop", "value": "2021-04-01",
    }  # fmt: skip
    tables = tiny | {
        "routes": pd.concat([tiny["routes"], pd.DataFrame([string])], ignore_index=True),
        "route-facts": pd.concat([tiny["route-facts"], pd.DataFrame([stop])], ignore_index=True),
    }
    cube = flows.build(tables, first="2021Q1", last="2021Q3")
    assert list(values(cube, "string", "flow_status")) == ["flowing", "flowing", "idle"]


def test_capacity_by_kind_the_metered_point_before_the_design(tracker):
    """Yamal - Europe is metered at three crossings, its design is that of one."""
    years = tracker.flows(freq="A", first="2018", last="2024")
    kind = years["capacity_kind"].to_pandas()
    told = kind.loc["yamal-europe"].iloc[[0, 4, 5]].tolist()
    assert told == ["ceiling", "ceiling;design", "design"]
    assert set(kind.loc["power-of-siberia-1"].iloc[2:]) == {"contract"}
    # 56.72 mcm on the record day times 365, from 2021 on; the design of one string before
    assert kind.loc["turkstream-2"].iloc[2:4].tolist() == ["design", "ceiling"]
    string = years["capacity"].to_pandas().loc["turkstream-2"]
    assert string.iloc[2:4].tolist() == pytest.approx([15.75, 56.72 * 0.365], rel=1e-3)
    assert years["utilisation"].to_pandas().loc["yamal-europe"].max() < 1
    # 104.708 TWh of 92 days by 10.5 kWh/m3: 9.972 bcm, 39.59 a year of 365.25 days
    size = years["capacity"].to_pandas().loc["yamal-europe"]
    assert size.iloc[0] == pytest.approx(40.3)
    # until 12 May 2022 the ceiling, then the design: 131 of 365 days
    assert size.iloc[4] == pytest.approx((40.3 * 131 + 32.9 * 234) / 365, rel=1e-6)
    booked = tracker.facts["route-facts"].query("attribute == 'capacity_booked'")
    assert booked["value"].astype(float).tolist() == pytest.approx(
        [19.28e-3 * 365, 10.5e-3 * 365], abs=0.005
    )


def test_the_capacity_of_a_line_is_that_of_today_not_of_a_plan(tracker):
    shown = tracker.routes["nameplate"]
    assert shown["power-of-siberia-1"] == 38  # 44 is planned for 2031
    assert shown["nord-stream-1"] == 0 and shown["power-of-siberia-2"] == 50  # nothing in force


def _with_facts(tiny, *rows):
    """Add dated facts of routes to the tiny tables, each ``route|attribute|value|...``."""
    table = tiny["route-facts"]
    added = [dict(zip(table.columns, row.split("|"), strict=True)) for row in rows]
    tiny["route-facts"] = pd.concat([table, pd.DataFrame(added)], ignore_index=True)
    return tiny


@pytest.mark.parametrize(
    ("unit", "basis", "exit_flow", "pipe_flow", "pipe_capacity"),
    [
        ("TWh", "GCV", 105, 12 * 10, 20 * 10),
        ("GWh/d", "GCV", 105_000 / 365, 120_000 / 365, 200_000 / 365),
        ("bcm", "15C-40MJ", 105 * 3.6 / 40, 120 * 3.6 / 40, 200 * 3.6 / 40),
        ("mcm/d", "20C", 10_000 / 365, 12_000 / 365, 20_000 / 365),
        ("bcm", "0C", 10 * 273.15 / 293.15, 12 * 273.15 / 293.15, 20 * 273.15 / 293.15),
    ],
)
def test_each_route_has_its_own_heat(tiny, unit, basis, exit_flow, pipe_flow, pipe_capacity):
    tables = _with_facts(
        tiny,
        "R0006|pipe|gcv|10|kWh/m3|20C||||press|",
        "R0007|exit|capacity|40|bcm/yr|20C|||actual|press|",
    )
    cube = flows.build(tables, "A", unit, basis, first="2021", last="2021")
    assert values(cube, "exit") == pytest.approx([exit_flow])
    assert values(cube, "pipe") == pytest.approx([pipe_flow])
    assert values(cube, "pipe", "capacity") == pytest.approx([pipe_capacity])
    assert values(cube, "exit", "utilisation") == pytest.approx([10 / 40])
    assert np.isnan(values(cube, "pipe", "utilisation"))  # its year is only partly covered
    by_heat = basis in ("GCV", "15C-40MJ")
    assert np.isnan(values(cube, "corridor")).all() == by_heat  # its heat is not stated


def test_the_cube_says_what_its_variables_are(tiny):
    tables = _with_facts(tiny, "R0006|exit|capacity|5|bcm/yr|unstated|||actual|press|")
    cube = flows.build(tables, "G", "mcm/d", "0C")
    told = {name: dict(cube[name].attrs) for name in cube.data_vars}
    assert told == {
        "flow": {"long_name": "Gas flow a period, positive from -> to", "units": "mcm/d at 0 °C"},
        "capacity": {"long_name": "Capacity a period", "units": "mcm/d at 0 °C"},
        "capacity_kind": {
            "long_name": "What the capacity is: technical, ceiling, design, contract, plan"
        },
        "utilisation": {"long_name": "Flow over capacity of the same period", "units": "1"},
        "coverage": {
            "long_name": "Share of the period's days that the figures cover",
            "units": "1",
        },
        "status": {"long_name": "Standing of the figure"},
        "flow_status": {"long_name": "What the pipe does"},
        "market": {"long_name": "Market the route serves"},
        "sources": {"long_name": "Ids of the observations and facts behind the figure"},
    }
    assert cube.attrs == {
        "freq": "G",
        "unit": "mcm/d",
        "basis": "0C",
        "assumed": "capacity taken at 20 °C where no basis is stated: exit",
        "left_out": "1 basis not stated",
        "label": "period is the first day of each period",
    }
    assert cube["name"].sel(route=["pipe", "plan"]).values.tolist() == ["The Pipe", "The Plan"]


def test_why_a_figure_cannot_be_used():
    assert [flows.convert_figure(1.0, *told)[1] for told in (
        ("bcm", "20C", "plan"), ("bcm", "20C", "contract"), ("bcm", "unstated", "actual"), ("bcm", "", "actual"),
        ("Mt", "mass", "actual"), ("TWh", "GCV", "actual"), ("bcm", "15C-40MJ", "actual"),
    )] == ["plan, not a flow", "contract, not a flow", "basis not stated", "basis not stated",
           "mass; no density stated", *["no calorific value stated for the route"] * 2]  # fmt: skip
    value, why = flows.convert_figure(10.0, "bcm", "15C-40MJ", "actual", 10.0)
    assert (value, why) == (pytest.approx(10 * 40 / 3.6 / 10), "")


def test_the_better_kind_of_capacity_counts_on_its_days(tiny):
    tables = _with_facts(
        tiny,
        "R0006|pipe|capacity_technical|30|bcm/yr|20C|2021-04-01|2021-07-01|actual|press|",
        "R0007|pipe|capacity_ceiling|25|bcm/yr|20C|2021-01-01|2021-10-01|actual|press|",
        "R0008|exit|capacity|7|bcm/yr|20C|2021-01-01||contract|press|",
        "R0009|corridor|capacity|9|bcm/yr|20C|||plan|press|",
        "R0010|plan|capacity|40|bcm/yr|20C|2021-07-01||plan|press|",
    )
    cube = flows.build(tables, first="2021Q1", last="2021Q4")
    days = np.array([90, 91, 92, 92]) / 365
    assert values(cube, "pipe", "capacity") == pytest.approx(np.array([25, 30, 25, 20]) * days)
    assert values(cube, "pipe", "capacity_kind").tolist() == [
        "ceiling", "technical", "ceiling", "design"]  # fmt: skip
    assert values(cube, "exit", "capacity") == pytest.approx(7 * days)
    assert set(values(cube, "exit", "capacity_kind")) == {"contract"}
    assert np.isnan(values(cube, "corridor", "capacity")).all()  # a plan without a day is none yet
    assert values(cube, "plan", "capacity")[2:] == pytest.approx(40 * days[2:])
    assert values(cube, "plan", "capacity_kind").tolist() == ["", "", "plan", "plan"]
    year = flows.build(tables, "A", first="2020", last="2021")
    assert values(year, "pipe", "capacity_kind").tolist() == ["design", "ceiling;design;technical"]
    assert values(year, "pipe", "capacity")[1] == pytest.approx(
        (25 * 182 + 30 * 91 + 20 * 92) / 365
    )
    size = flows.design(year, "pipe", tables["route-facts"])
    assert size.values == pytest.approx([10 * 184 / 366, 20])  # open since 1 July 2020
    assert np.isnan(flows.design(year, "corridor", tables["route-facts"])).all()


def test_the_parts_of_two_routes_month_by_month(tiny):
    made = flows.parts(tiny, ["pipe", "exit"], "2021-01", "2021-02")
    # of the pipe's 12, three are told by January (2) and the third quarter (1)
    expected = [
        ("pipe", dt.date(2021, 1, 1), "V0003", 2, "bcm", "20C", 2, 0, 1, 2, 1),
        ("pipe", dt.date(2021, 2, 1), "V0002", 12, "bcm", "20C", 12, 3, 28 / 242, 9 * 28 / 242, 1),
        ("exit", dt.date(2021, 1, 1), "V0007", 105, "TWh", "GCV", 10, 0, 31 / 365, 310 / 365, 1),
        ("exit", dt.date(2021, 2, 1), "V0007", 105, "TWh", "GCV", 10, 0, 28 / 365, 280 / 365, 1),
    ]
    assert list(made.columns) == flows.PARTS
    pd.testing.assert_frame_equal(
        made, pd.DataFrame(expected, columns=flows.PARTS), check_dtype=False
    )
    shut = flows.parts(tiny, "corridor", "2021-06", "2021-07")
    assert list(shut.columns) == flows.PARTS
    shut = shut.set_index("id")
    assert shut["part"].to_dict() == pytest.approx({"V0006": 14 * 30 / 181, "R0005": 0})
    assert shut["coverage"].to_dict() == {"V0006": 1, "R0005": 1}


def test_a_line_without_flow_is_what_its_project_is(tiny):
    told = {"construction": "construction", "proposed": "proposed", "shelved": "cancelled", "cancelled": "cancelled",
            "retired": "cancelled", "idle": "idle", "mothballed": "idle", "destroyed": "damaged",
            "operating": "unknown"}  # fmt: skip
    added = pd.DataFrame([{"route": f"the-{status}", "name": "", "status": status, "role": "export", "part_of": ""}
                          for status in told])  # fmt: skip
    tiny["routes"] = pd.concat([tiny["routes"], added], ignore_index=True)
    tables = _with_facts(
        tiny,
        "R0006|the-operating|start|2021-04-01||||||press|",
        "R0007|the-construction|start|2021-04-01||||||press|",
        "R0008|the-destroyed|start|2020-01-01||||||press|",
        "R0009|the-destroyed|stop|2021-04-01||||||press|",
    )
    cube = flows.build(tables, first="2021Q1", last="2021Q3")
    for status, word in told.items():
        assert values(cube, f"the-{status}", "flow_status")[2] == word
    first = cube["flow_status"].isel(period=0)
    assert first.sel(route="the-operating") == "not-built"
    assert first.sel(route="the-construction") == "construction"


def test_a_route_serves_the_market_of_the_last_day_of_a_period(tiny):
    rows = [("W1", "market", "pipe", "x", "2021-06-30", ""), ("W2", "market", "corridor", "y", "", "2021-07-01"),
            ("W3", "market", "corridor", "w", "2021-07-01", "2021-12-31"),
            ("W4", "country", "exit", "z", "", "")]  # fmt: skip
    tiny["crosswalk"] = pd.DataFrame(rows, columns=tiny["crosswalk"].columns)
    cube = flows.build(tiny, first="2021Q1", last="2021Q4")
    assert values(cube, "pipe", "market").tolist() == ["", "x", "x", "x"]
    assert values(cube, "corridor", "market").tolist() == ["y", "y", "w", ""]
    assert set(values(cube, "exit", "market")) == {""}
