"""What is left of the border price: dated charges, missing ones, and the law on duty."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from energy import facts
from energy.errors import PeriodError, UnknownName
from energy.finance import netback
from energy.finance.netback import netback as left

DATA = Path(facts.DATA)


def cube(
    route="nord-stream-1",
    market="europe",
    year="2020",
    flow=(1, 1, 1, 1),
    price=(100, 100, 100, 100),
):
    dims = ("route", "period")
    values = {
        "flow": (dims, np.array([flow], dtype=float)),
        "price": (dims, np.array([price], dtype=float)),
        "market": (dims, np.array([[market] * 4], dtype=object)),
        "price_status": (dims, np.array([["actual"] * 4], dtype=object)),
        "price_source": (dims, np.array([["P1"] * 4], dtype=object)),
    }
    starts = pd.date_range(f"{year}-01-01", periods=4, freq="QS")
    return xr.Dataset(values, coords={"route": [route], "period": starts}, attrs={"freq": "Q"})


def charge(number, item, value, unit="USD/1000 m3", **changes):
    row = {
        "id": f"N{number:04d}",
        "route": "",
        "market": "",
        "item": item,
        "value": float(value),
        "unit": unit,
        "valid_from": "",
        "valid_to": "",
        "status": "actual",
        "note": "",
    }
    return row | changes


def tables(*charges, routes=(), rates=()):
    known = [
        {"route": "nord-stream-1", "via": "FIN;SWE;DNK", "part_of": ""},
        {"route": "ukraine-transit", "via": "UKR", "part_of": ""},
        {"route": "ukraine-slovakia", "via": "", "part_of": "ukraine-transit"},
        {"route": "blue-stream", "via": "", "part_of": ""},
        {"route": "power-of-siberia-1", "via": "", "part_of": ""},
        {"route": "leningrad-finland", "via": "", "part_of": ""},
        *routes,
    ]
    return {
        "tariffs": pd.DataFrame(list(charges), columns=list(charge(0, "", 0))),
        "fx": pd.DataFrame(list(rates), columns=["id", "kind", "period", "value"]),
        "routes": pd.DataFrame(known),
        "route-facts": pd.DataFrame(
            [{"route": "ukraine-transit", "attribute": "length", "value": "1000"}]
        ),
        "charges": facts.load()["charges"],
    }


FULL = (
    charge(1, "export_duty", 30, "percent"),
    charge(2, "transport_russia", 27),
    charge(3, "extraction_tax", 14),
    charge(4, "fuel_gas", 1),
    charge(5, "offshore", 20, route="nord-stream-1"),
)


def pick(table, item):
    return table.set_index("item").loc[item]


def test_netback_is_the_price_less_every_charge():
    table = left("nord-stream-1", "2020Q1", cube(), tables(*FULL))
    assert table["item"].tolist() == [
        "border price", "export_duty", "transport_russia", "extraction_tax", "fuel_gas", "offshore", "netback",
    ]  # fmt: skip
    assert table["usd"].tolist() == [100, -30, -27, -14, -1, -20, 8]
    assert pick(table, "netback")["note"] == "all charges known"
    assert pick(table, "netback")["source"] == "N0001;N0002;N0003;N0004;N0005;P1"
    assert pick(table, "export_duty")["share"] == pytest.approx(-0.3)


def test_a_missing_charge_is_missing_and_makes_the_netback_an_upper_bound():
    table = left("nord-stream-1", "2020Q1", cube(), tables(*FULL[:2]))
    assert np.isnan(pick(table, "fuel_gas")["usd"])
    assert pick(table, "fuel_gas")["note"] == netback.NO_FIGURE
    assert pick(table, "netback")["usd"] == 43
    assert pick(table, "netback")["note"] == "at most: without extraction_tax, fuel_gas, offshore"


def test_the_narrowest_row_wins():
    rows = [
        charge(1, "transit", 5),
        charge(2, "transit", 6, market="europe"),
        charge(3, "transit", 7, route="ukraine-transit"),
        charge(4, "transit", 8, route="ukraine-slovakia"),
    ]
    for count, expected in ((1, -5), (2, -6), (3, -7), (4, -8)):
        table = left("ukraine-slovakia", "2020Q1", cube("ukraine-slovakia"), tables(*rows[:count]))
        assert pick(table, "transit")["usd"] == expected
    other = left(
        "ukraine-transit", "2020Q1", cube("ukraine-transit", market="turkey"), tables(*rows[1:2])
    )
    assert np.isnan(pick(other, "transit")["usd"])


def test_the_figure_valid_on_the_middle_day_counts_and_plans_do_not():
    rows = [
        charge(1, "fuel_gas", 5, valid_to="2020-02-01"),
        charge(2, "fuel_gas", 6, valid_from="2020-02-01", valid_to="2020-07-01"),
        charge(3, "fuel_gas", 9, valid_from="2020-07-01", status="plan"),
    ]
    table = tables(*rows)
    assert pick(left("blue-stream", "2020Q1", cube("blue-stream"), table), "fuel_gas")["usd"] == -6
    assert np.isnan(
        pick(left("blue-stream", "2020Q3", cube("blue-stream"), table), "fuel_gas")["usd"]
    )


def test_carrying_takes_the_nearest_and_says_so():
    rows = [
        charge(1, "fuel_gas", 5, valid_from="2015-01-01", valid_to="2016-01-01"),
        charge(2, "fuel_gas", 6, valid_from="2018-01-01", valid_to="2019-01-01"),
    ]
    row = pick(
        left("blue-stream", "2020Q3", cube("blue-stream"), tables(*rows), carry=True), "fuel_gas"
    )
    assert (row["usd"], row["status"]) == (-6, "modelled")
    assert row["note"].startswith("figure of 2018 carried: 6 USD/1000 m3")


def test_a_year_weighs_its_quarters_by_flow_and_a_hole_leaves_it_missing():
    data = cube("blue-stream", flow=(3, 1, 0, np.nan), price=(100, 200, 300, 400))
    rows = [
        charge(1, "export_duty", 10, "percent"),
        charge(2, "fuel_gas", 4, valid_to="2020-04-01"),
    ]
    table = left("blue-stream", "2020", data, tables(*rows))
    assert pick(table, "border price")["usd"] == 125  # (3 x 100 + 1 x 200) / 4
    assert pick(table, "export_duty")["usd"] == pytest.approx(-12.5)
    assert np.isnan(pick(table, "fuel_gas")["usd"])


def test_roubles_and_kilometres_are_turned_into_dollars():
    rate = {"id": "X1", "kind": "mean", "period": "2020", "value": 50.0}
    rows = [
        charge(1, "extraction_tax", 500, "RUB/1000 m3"),
        charge(2, "transit", 2, "USD/1000 m3/100 km"),
    ]
    table = left("ukraine-transit", "2020Q1", cube("ukraine-transit"), tables(*rows, rates=[rate]))
    assert pick(table, "extraction_tax")["usd"] == pytest.approx(-10)
    assert pick(table, "transit")["usd"] == pytest.approx(-20)  # 1,000 km
    bare = left("ukraine-transit", "2020Q1", cube("ukraine-transit"), tables(*rows))
    assert np.isnan(pick(bare, "extraction_tax")["usd"])
    assert pick(bare, "extraction_tax")["note"] == "no RUB/USD rate for this time"


def test_length_of_the_mapped_line_serves_where_none_is_published():
    rows = [charge(1, "offshore", 2, "USD/1000 m3/100 km")]
    bare = left("nord-stream-1", "2020Q1", cube(), tables(*rows))
    assert pick(bare, "offshore")["note"] == "length of the line not known"
    mapped = left(
        "nord-stream-1",
        "2020Q1",
        cube(),
        tables(*rows),
        lengths=pd.Series({"nord-stream-1": 1200.0}),
    )
    assert pick(mapped, "offshore")["usd"] == pytest.approx(-24)


def test_unsettled_duty_is_not_taken_from_the_general_rate():
    data = cube("power-of-siberia-1", "china")
    row = pick(left("power-of-siberia-1", "2020Q1", data, tables(*FULL)), "export_duty")
    assert np.isnan(row["usd"])
    assert "pass assume" in row["note"]
    assumed = left("power-of-siberia-1", "2020Q1", data, tables(*FULL), assume={"export_duty": 0})
    assert pick(assumed, "export_duty")[["usd", "status"]].tolist() == [0, "modelled"]


def test_errors_name_what_exists():
    data = cube(flow=(1, 1, 0, 1))
    with pytest.raises(UnknownName, match="Unknown route 'nord-stream'; near: nord-stream-1"):
        left("nord-stream", "2020", data, tables(*FULL))
    with pytest.raises(
        PeriodError, match="no flow with a price in 2020Q3; it has one in 2020Q1-2020Q2, 2020Q4"
    ):
        left("nord-stream-1", "2020Q3", data, tables(*FULL))
    with pytest.raises(PeriodError, match="by quarter or calendar year, not '2020-07'"):
        left("nord-stream-1", "2020-07", data, tables(*FULL))
    with pytest.raises(UnknownName, match="Unknown charge 'duty'; near: export_duty"):
        left("nord-stream-1", "2020", data, tables(*FULL), assume={"duty": 0})


@pytest.mark.slow
@settings(deadline=None)
@given(st.floats(1, 2000), st.floats(0, 100), st.floats(0, 500))
def test_steps_add_up_exactly_to_the_netback(price, duty, transport):
    rows = [charge(1, "export_duty", duty, "percent"), charge(2, "transport_russia", transport)]
    table = left("blue-stream", "2020Q2", cube("blue-stream", price=(price,) * 4), tables(*rows))
    steps = table.loc[table["item"] != "netback", "usd"].sum()
    assert steps == pytest.approx(pick(table, "netback")["usd"])
    assert pick(table, "netback")["usd"] <= price


def test_attach_gives_the_same_as_the_table():
    data = cube(flow=(1, 2, 0, np.nan), price=(100, 150, 100, 100))
    held = netback.attach(data, tables(*FULL[:4]))
    for p, quarter in enumerate(("2020Q1", "2020Q2")):
        table = left("nord-stream-1", quarter, data, tables(*FULL[:4]))
        assert held["netback"].to_numpy()[0, p] == pytest.approx(pick(table, "netback")["usd"])
    assert held["netback_missing"].to_numpy()[0].tolist() == ["offshore", "offshore", "", ""]
    assert np.isnan(held["netback"].to_numpy()[0, 2:]).all()


def test_each_route_has_its_own_price_charges_and_length():
    """Nord Stream at 100 pays 20 offshore; Blue Stream at 200, which serves Turkey, 8 by its length."""
    both = xr.concat([cube(), cube("blue-stream", "turkey", price=(200,) * 4)], "route")
    rows = [
        charge(1, "fuel_gas", 1, market="europe"),
        charge(2, "fuel_gas", 3, market="turkey"),
        charge(3, "offshore", 20, route="nord-stream-1"),
        charge(4, "offshore", 2, "USD/1000 m3/100 km", route="blue-stream"),
    ]
    lengths = pd.Series({"nord-stream-1": 1200.0, "blue-stream": 400.0})
    told = {route: left(route, "2020Q2", both, tables(*rows), lengths=lengths)
            for route in ("nord-stream-1", "blue-stream")}  # fmt: skip
    wanted = {"nord-stream-1": (100, -1, -20, 79), "blue-stream": (200, -3, -8, 189)}
    for route, expected in wanted.items():
        table = told[route].set_index("item")["usd"]
        items = ["border price", "fuel_gas", "offshore", "netback"]
        assert table[items].tolist() == pytest.approx(expected), route
    assert pick(told["blue-stream"], "netback")["source"] == "N0002;N0004;P1"
    held = netback.attach(both, tables(*rows), lengths=lengths)["netback"]
    assert held.sel(route="nord-stream-1").values == pytest.approx([79] * 4)
    assert held.sel(route="blue-stream").values == pytest.approx([189] * 4)


# ---- the real tariffs ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real():
    found = dict(facts.load())
    if "tariffs" not in found:
        found["tariffs"] = pd.read_csv(DATA / "tariffs.csv", keep_default_na=False)
    return found


def test_every_tariff_has_a_source_a_date_or_an_open_validity_and_an_order(real):
    table = real["tariffs"]
    assert len(table) > 30
    assert table["id"].is_unique
    assert (table["source"] != "").all()
    assert (table["value"] >= 0).all()
    dated = table[(table["valid_from"] != "") & (table["valid_to"] != "")]
    assert (dated["valid_from"] < dated["valid_to"]).all()
    assert set(table["route"]) - {""} <= set(real["routes"]["route"])
    assert (
        table.loc[table["derived"].astype(str).str.lower() == "true", "note"]
        .str.startswith(("Derived", "Law"))
        .all()
    )


@pytest.mark.parametrize(
    ("route", "market", "duty"),
    [
        ("blue-stream", "turkey", 0.0),
        ("turkstream-1", "turkey", 0.3),
        ("nord-stream-1", "europe", 0.3),
    ],
)
def test_duty_of_the_law(real, route, market, duty):
    rows = real["tariffs"].query("item == 'export_duty'")
    assert netback.duty_share(rows, route, market, pd.Timestamp("2021-05-15"))[0] == duty


def test_a_surcharge_counts_only_while_it_was_levied():
    """Two months of four hundred roubles of tax each, one quarter: 800 / 80 = 10 dollars."""
    book = tables(*FULL, charge(9, "extraction_surcharge", 800, "RUB/1000 m3", valid_from="2020-10-01",
                                valid_to="2021-01-01"),
                  rates=[{"id": "X1", "kind": "mean", "period": "2020Q4", "value": 80.0}])  # fmt: skip
    before = left("leningrad-finland", "2020Q3", cube("leningrad-finland"), book)
    during = left("leningrad-finland", "2020Q4", cube("leningrad-finland"), book)
    year = left("leningrad-finland", "2020", cube("leningrad-finland"), book)
    for table, usd in ((before, 0.0), (during, -10.0), (year, -2.5)):
        assert pick(table, "extraction_surcharge")["usd"] == usd
        assert pick(table, "netback")["note"] == "all charges known"
    assert pick(before, "extraction_surcharge")["note"] == "not levied"
    steps = netback.charges(cube("leningrad-finland"), book)
    levied = steps[steps["item"] == "extraction_surcharge"]
    assert levied["source"].tolist() == ["N0009"]  # nothing is told of a quarter without it
    assert "extraction_surcharge" not in set(
        left("leningrad-finland", "2020Q3", cube("leningrad-finland"), tables(*FULL))["item"]
    )


def test_the_tax_of_2021_to_2024_and_its_surcharge_are_dated(real):
    rows = real["tariffs"].query("route == ''").set_index(["item", "valid_from"])["value"]
    assert rows["extraction_tax", "2021-01-01"] == round(577.8 / 763 * 1000)
    assert rows["extraction_surcharge", "2023-01-01"] == round(600 / 359 * 1000)
    quarters = (
        rows["extraction_surcharge", "2022-07-01"] + rows["extraction_surcharge", "2022-10-01"]
    )
    assert quarters * 412.6 * 92 / 365 / 1000 == pytest.approx(1250, rel=1e-3)
    money = cube("yamal-europe", year="2022", price=(1000, 1000, 1000, 1000))
    paid = left("yamal-europe", "2022", money, real).set_index("item")["usd"]
    assert paid["extraction_surcharge"] < paid["extraction_tax"] < 0
    east = left("power-of-siberia-1", "2023", cube("power-of-siberia-1", "china", "2023"), real)
    assert pick(east, "extraction_surcharge")["usd"] == 0 == pick(east, "extraction_tax")["usd"]


def test_duty_begins_in_2004(real):
    rows = real["tariffs"].query("item == 'export_duty'")
    assert netback.duty_share(rows, "yamal-europe", "europe", pd.Timestamp("2003-12-31")) == (
        0.0,
        "",
    )
    assert netback.duty_share(rows, "yamal-europe", "europe", pd.Timestamp("2004-01-01"))[0] == 0.3


def test_the_known_break_even_in_europe_of_2020_is_found_again(real):
    # Interfax, May 2020: 13 to produce, 14 tax, 27 through Russia, at least 20 abroad, duty on top:
    # gas pays at about 100. Here: the price at which netback covers production
    rows = real["tariffs"].set_index("item")
    own = rows.loc["production"].query("unit == 'USD/1000 m3'")["value"].item()
    fixed = sum(
        rows.loc[[item]]
        .query("unit == 'USD/1000 m3' and route == '' and valid_from == '2020-01-01'")["value"]
        .item()
        for item in ("extraction_tax", "transport_russia", "transit")
    )
    assert (own + fixed) / (1 - 0.3) == pytest.approx(100, rel=0.06)


def test_group_tax_on_volume_is_near_the_published_effective_rate(real):
    # Forbes, first half of 2016: extraction tax of 21 USD a thousand m3 by the IFRS accounts
    paid = (
        real["tariffs"]
        .query("item == 'extraction_tax_paid' and valid_from == '2016-01-01'")["value"]
        .item()
    )
    produced = (
        real["financials"].query("metric == 'production' and period == '2016'")["value"].item()
    )
    rate = real["fx"].query("kind == 'mean' and period == '2016'")["value"].item()
    assert paid / produced * 1000 / rate == pytest.approx(21, rel=0.05)
