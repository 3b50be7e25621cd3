"""What would have flowed without the invasion: on made-up markets, and on the facts."""

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import energy
from energy import facts
from energy.errors import DataError, EnergyError, PeriodError
from energy.projection import counterfactual as cf


@pytest.fixture(scope="module")
def t():
    return energy.load()


@pytest.fixture(scope="module")
def made(t):
    return t.ahead.counterfactual(draws=400)


def cube(flows: dict[str, np.ndarray], first="2010Q1") -> xr.Dataset:
    """Two routes or more, each sold at 200 USD/1000 m3, every day known."""
    quarters = pd.period_range(first, periods=len(next(iter(flows.values()))), freq="Q")
    values = np.array(list(flows.values()))
    coords = {"route": list(flows), "period": quarters.to_timestamp()}
    dims = ("route", "period")
    return xr.Dataset(
        {
            "flow": (dims, values),
            "coverage": (dims, np.ones_like(values)),
            "revenue": (dims, values * 200.0),
            "price": (dims, np.full_like(values, 200.0)),
        },
        coords,
    )


@pytest.fixture
def two(t):
    """A market cut to a quarter in 2022 and one left alone; both 10 bcm a quarter, with noise."""
    noise = np.random.default_rng(1).normal(0, 0.2, (2, 64))
    cut = np.where(np.arange(64) < 48, 10.0, 2.5) + noise[0]
    rows = pd.DataFrame(
        [
            ("CF001", "west", "treated", "structural", None, "", "", "cut"),
            ("CF002", "west", "price", "west", None, "", "", "its own"),
            ("CF003", "east", "treated", "structural", None, "", "", "left alone"),
            ("CF004", "east", "price", "paid", None, "", "", "as paid"),
            ("CF005", "east", "placebo", "structural", None, "", "", "left alone"),
        ],
        columns=["id", "market", "role", "name", "lag", "source", "published", "note"],
    )
    tables = facts.Tables({**t.facts, "counterfactual": rows})
    return tables, cube({"a": cut, "b": 10.0 + noise[1]}), {"a": "west", "b": "east"}


@pytest.mark.once
def test_a_planted_cut_is_found_and_the_market_left_alone_lost_nothing(two):
    result = cf.counterfactual(*two, draws=400)
    # 16 quarters of 10 less 2.5 are 120 bcm; at 200 USD/1000 m3 that is 24 bn USD
    assert result.lost.loc["west", "lost_p50"] == pytest.approx(120, abs=6)
    assert result.lost.loc["west", "lost_usd_p50"] == pytest.approx(24, abs=1.2)
    assert result.lost.loc["west", "lost_usd_paid_p50"] == pytest.approx(24, abs=1.2)
    assert result.lost.loc["east", "lost_p10"] < 0 < result.lost.loc["east", "lost_p90"]
    assert result.lost.loc["all", "actual"] == pytest.approx(
        result.lost.loc[["west", "east"], "actual"].sum()
    )
    assert result.stated["rank"]["west"].startswith("0 of ")
    space = result.placebos[result.placebos["kind"] == "space"].iloc[0]
    assert space["market"] == "east" and abs(space["z"]) < 2


@pytest.mark.once
def test_a_quarter_without_figures_is_no_quarter(two):
    tables, flows, markets = two
    gone = flows["coverage"].where(flows["period"] < np.datetime64("2025-04-01"), 0.0)
    result = cf.counterfactual(tables, flows.assign(coverage=gone), markets, draws=100)
    assert result.stated["until"] == "2025Q1"


def test_the_price_reverts_to_its_mean():
    past = np.log(np.array([200.0, 210, 190, 205, 195, 200, 208, 193, 201, 400]))
    drawn = np.exp(cf.reverting(past, 12, 500, np.random.default_rng(0)))
    assert np.median(drawn[0]) < 400
    assert np.median(drawn[-1]) == pytest.approx(np.exp(past.mean()), rel=0.15)


@pytest.mark.once
def test_europe_lost_what_no_placebo_lost(made):
    lost = made.lost.loc["europe"]
    assert 100 < lost["lost_p10"] < lost["lost_p50"] < lost["lost_p90"]
    share = lost["lost_p50"] / lost["without_p50"]
    time = made.placebos.query("kind == 'time' and market == 'europe'")
    assert len(time) >= 5 and (time["lost"] / time["expected"]).abs().max() < share
    # dear gas paid for much of the lost volume until 2023: less is lost than at the prices paid
    assert lost["lost_usd_p50"] < lost["lost_usd_paid_p50"]


def test_china_followed_its_contract_and_turkey_is_within_the_interval(made):
    # steps of 2022-2025: 15 + 22 + 30 + 38 = 105 bcm
    assert made.lost.loc["china", "without_p50"] == pytest.approx(105, rel=0.02)
    turkey = made.lost.loc["turkey"]
    assert turkey["lost_p10"] < 0 < turkey["lost_p90"]


def test_the_covariate_lowers_the_error_of_the_placebos(made):
    europe = made.placebos.query("kind == 'time' and market == 'europe'")
    assert (europe["z"] ** 2).mean() < (europe["z_without"] ** 2).mean()


def test_actual_and_money_are_those_of_the_cube(t, made):
    flows = t.flows(freq="A").sel(period=slice("2022-01-01", "2025-01-01"))
    routes = ["turkstream-1", "blue-stream"]
    came = float(flows["flow"].sel(route=routes).sum())
    assert made.lost.loc["turkey", "actual"] == pytest.approx(came, rel=0.01)


def test_refusals(two, t):
    tables, flows, markets = two
    with pytest.raises(PeriodError, match="learnt_to 2022Q3 must lie before start 2022Q1"):
        cf.counterfactual(tables, flows, markets, learnt_to="2022Q3")
    with pytest.raises(PeriodError, match="until 2031Q1 must lie from 2022Q1 to 2025Q4"):
        cf.counterfactual(tables, flows, markets, until="2031Q1")
    with pytest.raises(EnergyError, match="20 draws give no interval"):
        cf.counterfactual(tables, flows, markets, draws=20)
    with pytest.raises(DataError, match="quarters known to 2011Q4, 12 are needed"):
        cf.counterfactual(tables, flows, markets, learnt_to="2011Q4")
    rows = tables["counterfactual"]
    bad = facts.Tables({**tables, "counterfactual": rows.replace({"market": {"west": "moon"}})})
    with pytest.raises(DataError, match="no route delivers to market 'moon'"):
        cf.counterfactual(bad, flows, markets)
    odd = rows.iloc[[0]].assign(role="covariate", name="wb_tea", lag=1)
    bad = facts.Tables({**tables, "counterfactual": pd.concat([rows, odd])})
    with pytest.raises(DataError, match="no monthly price 'wb_tea'"):
        cf.counterfactual(bad, flows, markets)
    none = rows.replace({"name": {"structural": "schedule"}})
    bad = facts.Tables({**tables, "counterfactual": none})
    with pytest.raises(DataError, match="no contract signed before 2022-01-01"):
        cf.counterfactual(bad, flows, markets)
