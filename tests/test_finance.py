"""Statements, border prices and the bridge, on tables small enough to add up by eye."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from energy import facts
from energy.errors import DataError, EnergyError, PeriodError, UnitError, UnknownName
from energy.finance import accounts, prices, revenue
from energy.finance.bridge import bridge as bare_bridge

bridge = functools.partial(bare_bridge, groups=facts.load()["market-groups"])

# ---- accounts --------------------------------------------------------------------------------


def line(
    number,
    value,
    *,
    standard="IFRS",
    metric="sales",
    segment="group",
    period="2020",
    freq="A",
    unit="RUB bn",
    status="actual",
    derived=False,
    published="",
):
    return {
        "id": f"F{number:04d}",
        "standard": standard,
        "metric": metric,
        "segment": segment,
        "period": period,
        "freq": freq,
        "value": float(value),
        "unit": unit,
        "status": status,
        "derived": derived,
        "source": f"page-{number}",
        "published": published,
        "note": "",
    }


def take(*lines):
    return accounts.statements(pd.DataFrame(lines))


def test_reported_figure_is_taken_before_an_estimate_with_more_digits():
    taken = take(line(1, 1459.3, status="estimate"), line(2, 1500))
    assert list(taken["value"]) == [1500]
    assert list(taken["alternatives"]) == ["F0001"]


def test_precise_figure_is_taken_before_a_rounded_one():
    taken = take(line(1, 1163), line(2, 1163.316, derived=True), line(3, 1200))
    assert list(taken["id"]) == ["F0002"]
    assert list(taken["alternatives"]) == ["F0001;F0003"]


def test_among_equals_the_printed_then_the_latest_then_the_lower_id_is_taken():
    assert list(take(line(1, 201, derived=True), line(2, 202))["id"]) == ["F0002"]
    late = take(
        line(1, 201, published="2019-04"), line(2, 202, published="2019-04-29"), line(3, 203)
    )
    assert list(late["id"]) == ["F0002"]
    assert list(take(line(2, 201), line(1, 202))["id"]) == ["F0001"]


def test_standards_segments_and_units_never_share_a_line():
    table = pd.DataFrame(
        [
            line(1, -629),
            line(2, 695.6, standard="RAS"),
            line(3, -7, unit="EUR bn"),
            line(4, 447, segment="consensus forecast"),
        ]
    )
    assert len(accounts.statements(table, None)) == 4
    assert list(accounts.statements(table, "RAS")["value"]) == [695.6]
    assert set(accounts.statements(table)["alternatives"]) == {""}


def test_order_is_by_time_not_by_text():
    periods = [("2020M9", "C"), ("2020", "A"), ("2020Q1", "Q"), ("2020H1", "H"), ("2019Q4", "Q")]
    lines = [line(i, i, period=p, freq=f) for i, (p, f) in enumerate(periods, 1)]
    assert list(take(*lines)["period"]) == ["2019Q4", "2020Q1", "2020H1", "2020M9", "2020"]


def test_metrics_and_freq_filter():
    table = pd.DataFrame([line(1, 5), line(2, 6, metric="ebitda", period="2020Q1", freq="Q")])
    assert list(accounts.statements(table, metrics=["ebitda"])["id"]) == ["F0002"]
    assert list(accounts.statements(table, freq="A")["id"]) == ["F0001"]


def test_unknown_names_list_the_near_ones():
    table = pd.DataFrame([line(1, 5, metric="ebitda")])
    with pytest.raises(UnknownName, match=r"Unknown metric 'EBITDA'; near: ebitda"):
        accounts.statements(table, metrics=["EBITDA"])
    with pytest.raises(UnknownName, match=r"Unknown standard 'GAAP'; known: IFRS, RAS, other"):
        accounts.statements(table, "GAAP")
    with pytest.raises(UnknownName, match="Unknown freq 'W'"):
        accounts.statements(table, freq="W")


@pytest.mark.slow
@settings(deadline=None)
@given(st.permutations(range(6)))
def test_the_choice_does_not_depend_on_the_order_of_rows(order):
    lines = [
        line(1, 1163),
        line(2, 1163.316, derived=True),
        line(3, 1163.3, status="estimate"),
        line(4, 88, period="2021"),
        line(5, 88, period="2021"),
        line(6, 7, standard="RAS"),
    ]
    straight = accounts.statements(pd.DataFrame(lines), None)
    mixed = accounts.statements(pd.DataFrame([lines[i] for i in order]), None)
    pd.testing.assert_frame_equal(straight, mixed)


@settings(deadline=None)
@given(st.integers(-(10**9), 10**9).filter(bool), st.integers(0, 3))
def test_trailing_zeros_say_nothing(number, power):
    value = number / 1000
    digits = accounts.significant_digits(value)
    assert 1 <= digits <= 10
    assert accounts.significant_digits(-value) == digits
    assert accounts.significant_digits(number * 10.0**power) == digits


def test_wide_sheet_runs_in_time_and_leaves_unknown_empty():
    taken = take(
        line(1, 5, period="2021"),
        line(2, 6, period="2020H1", freq="H"),
        line(3, 7, metric="ebitda", period="2021"),
    )
    sheet = accounts.wide(taken)
    assert list(sheet.columns) == ["2020H1", "2021"]
    assert sheet.loc[("IFRS", "sales", "group", "RUB bn")].tolist() == [6, 5]
    assert np.isnan(sheet.loc[("IFRS", "ebitda", "group", "RUB bn"), "2020H1"])


def test_breaks_name_the_last_period_before_them():
    table = pd.DataFrame(
        [
            line(1, 1, period="2021Q3", freq="Q"),
            line(2, 1, period="2022Q2", freq="Q"),
            line(3, 1, metric="net_sales_of_gas", segment="Europe", period="2020H1", freq="H"),
            line(4, 1, metric="net_sales_of_gas", segment="total", period="2021"),
        ]
    )
    found = accounts.breaks(table)
    assert list(found.columns) == ["since", "standard", "metrics", "last", "text"]
    by_market = found[found["metrics"].str.contains("net_sales_of_gas")].iloc[0]
    assert (by_market["since"], by_market["last"]) == ("2022", "2020H1")
    quarterly = found[found["metrics"].str.startswith("sales")].iloc[0]
    assert quarterly["last"] == "2021Q3"
    assert (found["text"].str.len() > 40).all()


# ---- prices ----------------------------------------------------------------------------------


def price(
    number,
    series,
    period,
    value,
    *,
    status="actual",
    published="",
    note="",
    source="page",
    unit="USD/1000 m3",
):
    return {
        "id": f"P{number:04d}",
        "series": series,
        "market": "x",
        "period": period,
        "freq": "Q" if "Q" in period else "C" if "M" in period else "M" if "-" in period else "A",
        "value": float(value),
        "unit": unit,
        "status": status,
        "derived": False,
        "source": source,
        "published": published,
        "note": note,
    }


def quoted(*rows, market="europe", volumes=None):
    table = prices.by_market(pd.DataFrame(rows), volumes)
    held = table[table["market"] == market].copy()
    held["quarter"] = held["period"].dt.to_period("Q").astype(str)
    return held.set_index("quarter")


def test_quarter_speaks_before_the_year_and_the_rest_makes_the_mean_of_the_year():
    """(4 x 204.8 less 169.8) / 3 = 649.4 / 3; held at 204.8 the year's mean would be 196.05."""
    table = quoted(
        price(1, "gazprom_europe", "2019", 204.8), price(2, "gazprom_europe", "2019Q3", 169.8)
    )
    left = pytest.approx(216.4667, abs=1e-4)
    assert table["price"].to_dict() == {
        "2019Q1": left,
        "2019Q2": left,
        "2019Q3": 169.8,
        "2019Q4": left,
    }
    assert table["status"].tolist() == ["estimate", "estimate", "actual", "estimate"]
    assert "what the other quarters leave" in table.loc["2019Q1", "reason"]
    assert "figure of the quarter" in table.loc["2019Q3", "reason"]


def test_a_year_and_its_nine_months_leave_the_fourth_quarter():
    """4 x 197 less 3 x 190 = 218; a rest beyond half and double the year is no price: held then."""
    table = quoted(
        price(1, "gazprom_europe", "2017", 197), price(2, "gazprom_europe", "2017M9", 190)
    )
    assert table["price"].tolist() == [190, 190, 190, pytest.approx(218)]
    odd = quoted(price(1, "gazprom_europe", "2017", 197), price(2, "gazprom_europe", "2017M9", 20))
    assert odd["price"].tolist() == [20, 20, 20, 197]  # 4 x 197 less 60 would be 728


def test_nine_months_speak_for_three_quarters_only():
    table = quoted(price(1, "gazprom_europe", "2017M9", 190))
    assert table["price"].to_dict() == {"2017Q1": 190, "2017Q2": 190, "2017Q3": 190}


def test_year_gives_the_quarter_that_the_three_others_leave():
    rows = [
        price(1, "gazprom_europe", "2021", 298),
        price(2, "gazprom_europe", "2021Q1", 170),
        price(3, "gazprom_europe", "2021Q3", 304),
        price(4, "gazprom_europe", "2021Q4", 517),
    ]
    table = quoted(*rows)
    assert table.loc["2021Q2", "price"] == 4 * 298 - 170 - 304 - 517 == 201
    assert table.loc["2021Q2", "id"] == "P0001;P0002;P0003;P0004"
    assert table.loc["2021Q2", "status"] == "estimate"
    assert table["price"].mean() == pytest.approx(298)


def test_two_months_make_a_quarter_and_one_does_not():
    table = quoted(
        price(1, "customs_service", "2020-01", 168),
        price(2, "customs_service", "2020-02", 145),
        price(3, "customs_service", "2019-12", 201),
    )
    assert table["price"].to_dict() == {"2020Q1": 156.5}
    assert table.loc["2020Q1", "id"] == "P0001;P0002"
    # January and February printed as one figure count as two months
    china = quoted(price(1, "customs_china", "2020M2", 203), market="china")
    assert china["price"].to_dict() == {"2020Q1": 203}


def test_order_of_series_for_europe():
    company = price(1, "gazprom_europe", "2014", 341)
    ministry = price(2, "ministry_far_abroad", "2014", 349)
    customs = price(3, "customs_service", "2014", 339)
    guess = price(4, "ministry_far_abroad", "2014", 400, status="estimate")
    forecast = price(5, "ministry_far_abroad", "2014", 500, status="plan", published="2020")
    expected = [(company, 341), (ministry, 349), (customs, 339), (guess, 400), (forecast, 500)]
    for start, (_, value) in enumerate(expected):
        rows = [row for row, _ in expected[start:]]
        assert quoted(*rows).loc["2014Q1", "price"] == value
        assert quoted(*rows[::-1]).loc["2014Q1", "price"] == value


def test_a_forecast_stays_a_plan_and_the_latest_edition_wins():
    table = quoted(
        price(1, "ministry_far_abroad", "2017", 302, status="plan", published="2014"),
        price(2, "ministry_far_abroad", "2017", 204, status="plan", published="2015-10"),
        price(3, "ministry_far_abroad", "2017", 176, status="plan", published="2015"),
    )
    assert set(table["price"]) == {204}
    assert set(table["status"]) == {"plan"}


def test_two_ends_of_a_range_give_their_middle():
    rows = [
        price(1, "gazprom_europe_outlook", "2016", 167, status="plan", note="range low"),
        price(2, "gazprom_europe_outlook", "2016", 171, status="plan", note="range high"),
    ]
    table = quoted(*rows)
    assert set(table["price"]) == {169}
    assert set(table["id"]) == {"P0001;P0002"}


def test_outlier_never_speaks_for_china():
    outlier = price(1, "customs_china", "2022M8", 350, status="estimate")
    assert quoted(outlier, market="china").empty
    paid = price(2, "customs_china_value_per_volume", "2022", 258.4, status="estimate")
    ministry = price(3, "ministry_china", "2022", 277.1)
    assert set(quoted(outlier, paid, ministry, market="china")["price"]) == {258.4}
    assert set(quoted(outlier, ministry, market="china")["price"]) == {277.1}


def test_west_shares_a_price_and_kaliningrad_has_none():
    table = prices.by_market(pd.DataFrame([price(1, "gazprom_europe", "2019Q3", 169.8)]))
    assert set(table["market"]) == {"europe", "turkey", "balkans-turkey"}
    assert "kaliningrad" not in prices.ORDER
    assert "central-asia" not in prices.ORDER


def test_prices_in_other_units_are_left_alone():
    rows = [
        price(1, "gazprom_europe", "2019Q3", 9000, unit="RUB/1000 m3"),
        price(2, "gazprom_europe", "2019Q3", 169.8),
    ]
    assert list(quoted(*rows)["price"]) == [169.8]


def customs(number, series, period, value, unit):
    return {
        "id": f"V{number:04d}",
        "series": series,
        "entity": "china",
        "period": period,
        "freq": "M",
        "value": value,
        "unit": unit,
        "source": "customs",
        "published": "2022-07",
        "status": "actual",
        "derived": False,
        "note": "",
    }


def test_customs_value_over_mass_gives_the_price_at_20_degrees():
    # 150 million USD for 724 kt; at 0.724 kg/m3 that is 1 bcm, so 150 USD/1000 m3
    volumes = pd.DataFrame(
        [
            customs(1, "customs_value", "2021-01", 60.0, "million USD"),
            customs(2, "customs_value", "2021-02", 90.0, "million USD"),
            customs(3, "customs_mass", "2021-01", 300.0, "kt"),
            customs(4, "customs_mass", "2021-02", 424.0, "kt"),
            customs(5, "customs_value", "2022-01", 240.0, "million USD"),  # no mass since 2022
        ]
    )
    printed = price(1, "customs_china", "2021Q1", 161)
    table = quoted(printed, market="china", volumes=volumes)
    assert table["price"].to_dict() == {"2021Q1": pytest.approx(150)}
    assert table.loc["2021Q1", "id"] == "V0001;V0002;V0003;V0004"
    assert table.loc["2021Q1", "series"] == prices.CUSTOMS_BY_MASS
    assert quoted(printed, market="china", volumes=volumes.iloc[:0])["price"].tolist() == [161]


def test_one_row_a_market_and_quarter():
    rows = [
        price(i, series, period, 100 + i)
        for i, (series, period) in enumerate(
            (s, p)
            for s in ("gazprom_europe", "ministry_far_abroad", "customs_service")
            for p in ("2019", "2019Q1", "2019Q3", "2019M9", "2019-01", "2019-02")
        )
    ]
    table = prices.by_market(pd.DataFrame(rows))
    assert not table.duplicated(["market", "period"]).any()
    assert (table[["series", "id", "reason"]] != "").all(axis=None)


def test_gas_that_did_not_flow_has_no_price():
    """0.3 bcm at 200 USD are 60 million; of nothing, and of 0.4 million m3, there is no price."""
    table = pd.DataFrame(
        {"market": "europe", "period": pd.date_range("2022-01-01", periods=4, freq="QS"),
         "price": 200.0, "p10": 180.0, "p90": 220.0, "status": "actual", "id": "P0001"}
    )  # fmt: skip
    bare = cube(pipe=("europe", [0.3, 0.0, 0.0004, np.nan], 0.0))
    told = revenue.attach(bare, bare["flow"], table).isel(route=0)
    assert told["price"].values.tolist()[0] == 200
    assert told["revenue"].values[:3] == pytest.approx([60, 0, 0.08])
    for name in ("price", "price_p10", "price_p90"):
        assert np.isnan(told[name].values[1:]).all(), name
    for name in ("price_status", "price_source"):
        assert told[name].values.tolist()[1:] == ["", "", ""], name
    assert np.isnan(told["revenue"].values[3])


def test_the_ends_of_a_revenue_are_those_of_flow_and_modelled_price():
    """13 1/3 and 10 % away make 16 2/3 %, 60 become 70; a print has no error, nor sinks it below 0."""
    table = pd.DataFrame(
        {"market": "europe", "period": pd.date_range("2022-01-01", periods=4, freq="QS"),
         "price": 200.0, "p10": [180.0, np.nan, 20.0, 180.0], "p90": [220.0, np.nan, 380.0, 220.0],
         "status": "modelled", "id": "P0001"}
    )  # fmt: skip
    bare = cube(pipe=("europe", [0.3, 0.3, 0.3, 0.0], 0.0))
    ends = {"flow_p10": [0.24, 0.27, 0.03, 0.0], "flow_p90": [0.34, 0.36, 0.34, 0.1]}
    bare = bare.assign({name: bare["flow"] * 0 + [told] for name, told in ends.items()})
    made = revenue.attach(bare, bare["flow"], table).isel(route=0)
    low, high = made["revenue_p10"].values, made["revenue_p90"].values
    assert high[:2] == pytest.approx([70, 72])
    assert low[:3] == pytest.approx([60 * (1 - 0.05**0.5), 54, 0])
    assert np.isnan([low[3], high[3]]).all()  # no gas, no price, no interval


# ---- bridge ----------------------------------------------------------------------------------


def cube(year="2022", **routes):
    """Build four quarters of routes given as (market, flow, price) with one figure a quarter."""
    starts = pd.date_range(f"{year}-01-01", periods=4, freq="QS")
    dims = ("route", "period")
    names = list(routes)
    flow = np.array([routes[n][1] for n in names], dtype=float)
    cost = np.array([[routes[n][2]] * 4 for n in names], dtype=float)
    shape = flow.shape
    return xr.Dataset(
        {
            "flow": (dims, flow),
            "price": (dims, cost),
            "revenue": (dims, flow * cost),
            "market": (dims, np.array([[routes[n][0]] * 4 for n in names], dtype=object)),
            "status": (dims, np.full(shape, "actual", dtype=object)),
            "price_status": (dims, np.full(shape, "estimate", dtype=object)),
            "sources": (dims, np.array([[f"V{i}"] * 4 for i in range(len(names))], dtype=object)),
            "price_source": (dims, np.full(shape, "P1", dtype=object)),
        },
        coords={"route": names, "period": starts},
        attrs={"freq": "Q", "unit": "bcm"},
    )


def rate(number, period, value, kind="mean", freq="A"):
    return {"id": f"X{number:04d}", "kind": kind, "period": period, "freq": freq, "value": value,
            "status": "actual", "published": ""}  # fmt: skip


@pytest.fixture
def books():
    return accounts.statements(
        pd.DataFrame(
            [
                line(1, 100, metric="net_sales_of_gas", segment="total", period="2022"),
                line(
                    2,
                    70,
                    metric="gas_sales_outside_russia",
                    segment="outside Russia",
                    period="2022",
                ),
                line(
                    3,
                    50,
                    metric="net_sales_of_gas",
                    segment="Europe and other countries",
                    period="2022",
                ),
                line(4, 12, metric="net_profit_attributable", period="2022"),
                line(
                    5,
                    -9,
                    metric="net_profit",
                    standard="RAS",
                    segment="PJSC Gazprom (parent)",
                    period="2022",
                ),
                line(6, 30, metric="net_profit_attributable", period="2019"),
            ]
        ),
        None,
    )


ANNUAL = pd.DataFrame(
    [rate(1, "2022", 50.0), rate(2, "2021", 70.0), rate(3, "2022", 99.0, "forecast")]
)


def pick(table, kind, name):
    held = table[(table["kind"] == kind) & (table["line"] == name)]
    assert len(held) == 1, table[["kind", "line"]]
    return held.iloc[0]


def test_revenue_by_route_market_and_total(books):
    flows = cube(
        north=("europe", [1, 1, 1, 1], 100),
        south=("turkey", [0.5] * 4, 200),
        east=("china", [1, 2, 3, 4], 50),
    )
    table = bridge("2022", flows, books, ANNUAL)
    assert list(table.columns) == [
        "line",
        "kind",
        "bcm",
        "price",
        "musd",
        "rub_bn",
        "status",
        "source",
        "note",
        "of_route",
        "of_market",
        "total",
        "reported",
        "reported_less_ours",
    ]
    total = table["total"].sum()
    assert table["of_route"].sum() == pytest.approx(total) == table["of_market"].sum()
    own = table[["of_route", "of_market", "total", "reported", "reported_less_ours"]]
    assert (own.notna().sum(axis=1) <= 1).all() and own["reported"].notna().any()
    # 4 bcm at 100 USD/1000 m3 = 400 million USD; at 50 RUB/USD = 20 bn RUB
    north = pick(table, "route", "north")
    assert (north["bcm"], north["price"], north["musd"], north["rub_bn"]) == (4, 100, 400, 20)
    assert north["status"] == "estimate"
    assert north["source"] == "P1;V0;X0001"
    assert north["note"] == "at 50 RUB/USD, mean of the year"
    assert pick(table, "market", "china")["musd"] == 500
    total = pick(table, "market", "all exports")
    # 400 + 2 bcm x 200 + 10 bcm x 50 = 1,300 million USD over 16 bcm
    assert (total["bcm"], total["musd"], total["rub_bn"]) == (16, 1300, 65)
    assert total["price"] == pytest.approx(81.25)


def test_gap_is_reported_less_ours_with_its_reason(books):
    flows = cube(
        north=("europe", [1] * 4, 100), east=("china", [1] * 4, 50), wide=("belarus", [1] * 4, 25)
    )
    table = bridge(2022, flows, books, ANNUAL)
    # ours: Europe and China 600 million USD = 30 bn RUB; with Belarus 700 = 35
    west = pick(table, "gap", "net_sales_of_gas, Europe and other countries, less ours")
    assert west["rub_bn"] == 50 - 30
    assert west["musd"] == 400
    assert "bought abroad" in west["note"]
    abroad = pick(table, "gap", "gas_sales_outside_russia, outside Russia, less ours")
    assert abroad["rub_bn"] == 70 - 35
    total = pick(table, "gap", "net_sales_of_gas, total, less ours")
    assert total["rub_bn"] == 100 - 35
    assert "inside Russia" in total["note"]
    assert "no split by market has been published for 2022" in total["note"]
    assert pick(table, "reported", "net_sales_of_gas, total")["musd"] == 2000


def test_result_keeps_the_two_standards_apart(books):
    table = bridge(2022, cube(north=("europe", [1] * 4, 100)), books, ANNUAL)
    group, parent = (
        pick(table, "result", "net_profit_attributable"),
        pick(table, "result", "net_profit"),
    )
    assert (group["rub_bn"], group["note"]) == (12, "IFRS, group")
    assert (parent["rub_bn"], parent["note"]) == (-9, "RAS, PJSC Gazprom (parent)")


def test_quarter_rates_are_used_where_all_four_are_known(books):
    quarters = [
        rate(10 + q, f"2022Q{q}", value, freq="Q") for q, value in enumerate([80, 70, 60, 50], 1)
    ]
    flows = cube(north=("europe", [1, 0, 0, 1], 100))
    both = bridge(
        2022, flows, books, pd.concat([ANNUAL, pd.DataFrame(quarters)], ignore_index=True)
    )
    # 100 million USD at 80 and 100 at 50: 8 + 5 bn RUB
    assert pick(both, "route", "north")["rub_bn"] == pytest.approx(13)
    assert "each quarter" in pick(both, "route", "north")["note"]
    three = bridge(
        2022, flows, books, pd.concat([ANNUAL, pd.DataFrame(quarters[:3])], ignore_index=True)
    )
    assert pick(three, "route", "north")["rub_bn"] == pytest.approx(10)


def test_a_yearly_cube_takes_the_mean_of_the_year_and_no_quarter(books):
    quarters = [
        rate(10 + q, f"2022Q{q}", value, freq="Q") for q, value in enumerate([80, 70, 60, 20], 1)
    ]
    yearly = cube(north=("europe", [2, 0, 0, 0], 100)).isel(period=[0]).assign_attrs(freq="A")
    table = bridge(2022, yearly, books, pd.concat([ANNUAL, pd.DataFrame(quarters)]))
    # 200 million USD at the mean of 50 roubles: 10 bn; at that of the first quarter it were 16
    assert pick(table, "route", "north")["rub_bn"] == pytest.approx(10)


def test_gas_without_a_price_is_missing_money_not_zero(books):
    flows = cube(
        north=("europe", [1] * 4, np.nan),
        east=("china", [1] * 4, 50),
        enclave=("kaliningrad", [1] * 4, np.nan),
    )
    table = bridge(2022, flows, books, ANNUAL)
    north = pick(table, "route", "north")
    assert np.isnan(north["musd"])
    assert np.isnan(north["rub_bn"])
    assert north["note"] == "4.00 bcm left out of the money: no price for europe"
    assert "Kaliningrad is Russia" in pick(table, "route", "enclave")["note"]
    total = pick(table, "market", "all exports")
    assert (total["bcm"], total["musd"]) == (8, 200)  # without Kaliningrad
    assert "4.00 bcm left out" in total["note"]
    gap = pick(table, "gap", "gas_sales_outside_russia, outside Russia, less ours")
    assert "50% of our volume has no price" in gap["note"]


def test_only_export_routes_count_where_roles_are_given(books):
    flows = cube(corridor=("europe", [1] * 4, 100), leg=("europe", [1] * 4, 100))
    routes = pd.DataFrame({"route": ["corridor", "leg"], "role": ["export", "exit"]})
    table = bridge(2022, flows, books, ANNUAL, routes=routes)
    assert list(table.loc[table["kind"] == "route", "line"]) == ["corridor"]
    assert pick(table, "market", "all exports")["bcm"] == 4


def test_idle_route_earns_zero_and_keeps_its_own_standing(books):
    flows = cube(idle=("europe", [0] * 4, 100), north=("europe", [1] * 4, 100))
    idle = pick(bridge(2022, flows, books, ANNUAL), "route", "idle")
    assert (idle["bcm"], idle["musd"], idle["status"]) == (0, 0, "actual")
    assert np.isnan(idle["price"])


def test_year_without_sales_says_so_in_the_gap(books):
    flows = cube("2019", north=("europe", [1] * 4, 100))
    table = bridge(2019, flows, books, pd.DataFrame([rate(1, "2019", 64.0)]))
    gap = table[table["kind"] == "gap"].iloc[0]
    assert np.isnan(gap["rub_bn"])
    assert "no annual sales" in gap["note"]
    assert "no page" in pick(table, "result", "net_profit")["note"]


def test_missing_rate_names_the_years_and_takes_one_from_the_caller(books):
    flows = cube(north=("europe", [1] * 4, 100))
    others = pd.DataFrame([rate(i, str(y), 60.0) for i, y in enumerate([2010, 2011, 2012, 2014])])
    with pytest.raises(
        DataError, match=r"no mean RUB/USD rate; years with one: 2010-2012, 2014; or pass rate="
    ):
        bridge(2022, flows, books, others)
    given_rate = bridge(2022, flows, books, others, rate=40)
    assert pick(given_rate, "route", "north")["rub_bn"] == 16
    assert "given by the caller" in pick(given_rate, "route", "north")["note"]


def test_an_estimated_rate_says_so_and_an_outturn_goes_before_it(books):
    flows = cube(north=("europe", [1] * 4, 100))
    guess = rate(1, "2022", 60.125) | {"status": "estimate"}  # more digits than the outturn
    table = bridge(2022, flows, books, pd.DataFrame([guess]))
    assert "at 60.125 RUB/USD, mean of the year, estimate" in pick(table, "route", "north")["note"]
    table = bridge(2022, flows, books, pd.DataFrame([guess, rate(2, "2022", 50.0)]))
    assert pick(table, "route", "north")["rub_bn"] == 20


@pytest.mark.once
def test_the_year_of_the_loss_has_its_bridge(tracker):
    table = tracker.bridge("2024")
    assert table["rub_bn"].notna().sum() > 5
    story = tracker.money.story("2024", "2021")
    assert "a loss of RUB 1,076 bn" in story and "Against 2021" in story
    assert "IFRS, group: a profit of RUB 1,220 bn" in story
    china = pick(table, "route", "power-of-siberia-1")
    balanced = tracker.flows("power-of-siberia-1", first="2024Q1", last="2024Q4").flow
    assert china["bcm"] == pytest.approx(float(balanced.sum()))
    assert china["bcm"] == pytest.approx(31.12, abs=0.02)  # the balance stays by the printed year
    assert china["rub_bn"] == pytest.approx(
        float(balanced.sum()) * 258 * 92.5 / 1000
    )  # bcm, USD, roubles
    printed = tracker.flows(first="2024Q1", last="2024Q4", estimate="reported")
    table = bare_bridge(
        2024, printed, tracker.financials(None), tracker.facts["fx"],
        routes=tracker.facts["routes"], groups=tracker.facts["market-groups"],
    )  # fmt: skip
    china = pick(table, "route", "power-of-siberia-1")
    assert china["rub_bn"] == pytest.approx(31.12 * 258 * 92.5 / 1000)


def test_everything_missing_is_named_at_once(books):
    flows = cube(north=("europe", [1] * 4, 100))
    with pytest.raises(EnergyError) as caught:
        bridge(2031, flows, books, ANNUAL)
    faults = caught.value.faults
    assert len(faults) == 3
    assert "no route has both a flow and a price; years with both: 2022" in faults[0]
    assert "no mean RUB/USD rate; years with one: 2021-2022" in faults[1]
    assert "no annual accounts; years with some: 2019, 2022" in faults[2]


def test_bridge_refuses_what_is_not_a_year_or_not_bcm(books):
    flows = cube(north=("europe", [1] * 4, 100))
    with pytest.raises(PeriodError, match="by calendar year, not '2022H1'"):
        bridge("2022H1", flows, books, ANNUAL)
    with pytest.raises(PeriodError):
        bridge("twenty", flows, books, ANNUAL)
    with pytest.raises(UnitError, match="needs flows in bcm, not TWh"):
        bridge(2022, flows.assign_attrs(unit="TWh"), books, ANNUAL)


@pytest.mark.slow
@settings(deadline=None)
@given(
    st.lists(st.floats(0, 50), min_size=4, max_size=4),
    st.lists(st.floats(0, 50), min_size=4, max_size=4),
    st.floats(1, 1500),
    st.floats(20, 120),
)
def test_routes_add_up_to_markets_and_markets_to_the_total(one, two, cost, roubles):
    flows = cube(
        north=("europe", one, cost), south=("turkey", two, cost / 2), east=("europe", two, cost)
    )
    sales = accounts.statements(
        pd.DataFrame([line(1, 5, metric="net_profit_attributable", period="2022")]), None
    )
    table = bridge(2022, flows, sales, pd.DataFrame([rate(1, "2022", roubles)]))
    markets = table[(table["kind"] == "market") & (table["line"] != "all exports")]
    total = pick(table, "market", "all exports")
    for column in ("bcm", "musd", "rub_bn"):
        assert table.loc[table["kind"] == "route", column].sum() == pytest.approx(total[column])
        assert markets[column].sum() == pytest.approx(total[column])


# ---- the real tables ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    from energy import facts

    return facts.load()


def test_real_prices_cite_rows_that_exist_and_never_the_outlier(real):
    table = prices.by_market(real["prices"], real["volumes"])
    assert {"china", "europe", "turkey", "balkans-turkey"} <= set(table["market"])
    assert not table.duplicated(["market", "period"]).any()
    known = set(real["prices"]["id"]) | set(real["volumes"]["id"])
    cited = {part for ids in table["id"] for part in ids.split(";")}
    assert cited <= known
    outlier = real["prices"].query("series == 'customs_china' and value == 350")["id"].item()
    assert outlier not in cited


def test_real_price_of_china_is_what_customs_counted(real):
    table = prices.by_market(real["prices"], real["volumes"]).query("market == 'china'")
    year = table[table["period"].dt.year == 2021]["price"]
    # customs value of 2021 over Gazprom's 10.39 bcm is 145.4; the printed quarters mean 159
    assert year.min() < 145.4 < year.max()
    assert year.mean() == pytest.approx(145.4, rel=0.03)
    # 8,030 million USD over 31.12 bcm, and not 7,355, an earlier and lower figure
    assert set(table[table["period"].dt.year == 2024]["price"]) == {258}


def test_real_statements_take_one_figure_a_line(real):
    taken = accounts.statements(real["financials"], None)
    assert not taken.duplicated(accounts.KEY).any()
    beside = {part for ids in taken["alternatives"] for part in ids.split(";") if part}
    assert set(taken["id"]) | beside == set(real["financials"]["id"])
    loss = taken.query("metric == 'net_profit_attributable' and period == '2023'")
    assert loss.query("segment == 'group'")["value"].tolist() == [-629]


def test_real_breaks_stand_before_the_silence(real):
    found = accounts.breaks(real["financials"]).set_index("since")["last"]
    assert found["2022"] == "2021M9"
    assert found["2022-05"] == "2021Q3"
    assert found["2025"] == "2024"
