"""A cleared year: a network of three nodes by hand, PyPSA's own answer, and the facts."""

import pandas as pd
import pytest

import energy
from energy import facts, network
from energy.errors import DataError, MissingExtra, UnknownName


@pytest.fixture(scope="module")
def t():
    return energy.load()


def inputs(**more):
    """One market with an even season; further items by ``item_market``."""
    rows = {
        ("field_cost", "all"): 10, ("tariff", "all"): 2, ("fuel", "all"): 0.01,
        ("storage_cost", "all"): 5, ("demand", "town"): 40, ("lng_price", "town"): 100,
        ("lng_most", "town"): 40,
        **{(f"season_q{i}", "town"): share for i, share in enumerate((0.4, 0.1, 0.1, 0.4), 1)},
    }  # fmt: skip
    rows |= {tuple(key.rsplit("_", 1)): value for key, value in more.items()}
    table = [(f"CL{i:03d}", *key, value, "bcm", "", "", "by hand")
             for i, (key, value) in enumerate(rows.items())]  # fmt: skip
    names = ["id", "item", "market", "value", "unit", "source", "published", "note"]
    return facts.Tables({"clearing": pd.DataFrame(table, columns=names)})


@pytest.fixture
def line():
    """A field, a hub and a town 200 km on, 32 bcm a year wide."""
    nodes = pd.DataFrame({
        "node": ["well", "hub", "town"], "kind": ["field", "hub", "market"],
        "capacity": [float("nan")] * 3, "lon": [0.0, 1, 2], "lat": [0.0, 0, 0],
    })  # fmt: skip
    edges = pd.DataFrame({
        "edge": ["first", "second"], "from_node": ["well", "hub"], "to_node": ["hub", "town"],
        "capacity": [float("nan"), 32.0], "length_km": [100.0, 100.0], "route": ["", "r"],
    })  # fmt: skip
    return network.assemble(nodes, edges)


def quarter(table, name):
    return table.set_index("quarter").loc[name]


def test_by_hand_without_a_store(line):
    found = network.clear(line, inputs())
    # 16 bcm are wanted in Q1: 8 set out from the hub, 8 x 0.99 arrive, the rest is LNG
    winter, summer = quarter(found.markets, "Q1"), quarter(found.markets, "Q2")
    assert winter["pipe"] == pytest.approx(7.92)
    assert winter["lng"] == pytest.approx(16 - 7.92) and winter["price"] == pytest.approx(100)
    # in summer the line is not full: gas of 10 and a way of 2, a hundredth burnt, twice over
    price = (2 + (10 + 2) / 0.99) / 0.99
    assert summer["pipe"] == pytest.approx(4) and summer["price"] == pytest.approx(price)
    second = found.flows[(found.flows["edge"] == "second") & (found.flows["quarter"] == "Q1")]
    # one more bcm through the second way saves 0.99 of LNG and costs its own way and the hub's gas
    assert second["shadow"].iloc[0] == pytest.approx(99 - 2 - 12 / 0.99)
    assert second["fuel"].iloc[0] == pytest.approx(0.08)


def test_a_store_carries_summer_gas_into_winter(line):
    bare, stored = network.clear(line, inputs()), network.clear(line, inputs(storage_town=3))
    assert quarter(stored.markets, "Q1")["stored"] <= 0
    assert stored.markets["stored"].sum() == pytest.approx(0)
    assert stored.markets["lng"].sum() == pytest.approx(bare.markets["lng"].sum() - 3)
    # each of 3 bcm saves 100 and costs 5 and the summer's price
    price = quarter(bare.markets, "Q2")["price"]
    assert bare.cost - stored.cost == pytest.approx(3 * (100 - 5 - price), rel=1e-6)


def test_two_towns_at_one_hub_each_have_their_own_needs_and_lng(line):
    """A port that is nearer takes what it wants by pipe; its LNG is dearer and nobody ships it."""
    nodes = pd.DataFrame({
        "node": ["well", "hub", "town", "port"], "kind": ["field", "hub", "market", "market"],
        "capacity": [float("nan")] * 4, "lon": [0.0, 1, 2, 1], "lat": [0.0, 0, 0, 1],
    })  # fmt: skip
    edges = pd.DataFrame({
        "edge": ["first", "second", "third"], "from_node": ["well", "hub", "hub"],
        "to_node": ["hub", "town", "port"], "capacity": [float("nan"), 32.0, 8.0],
        "length_km": [100.0, 100.0, 50.0], "route": ["", "r", "s"],
    })  # fmt: skip
    port = {"demand_port": 8, "lng_price_port": 150, "lng_most_port": 20, "floor_port": 3,
            **{f"season_q{i}_port": 0.25 for i in (1, 2, 3, 4)}}  # fmt: skip
    found = network.clear(network.assemble(nodes, edges), inputs(**port))
    table = found.markets.set_index(["market", "quarter"])
    # 2 bcm set out for the port each quarter; half of a hundredth is burnt on 50 km
    assert table.loc["port", "pipe"].tolist() == pytest.approx([1.99] * 4)
    assert table.loc["port", "lng"].tolist() == pytest.approx([0.01] * 4)
    assert table.loc["port", "price"].tolist() == pytest.approx([150] * 4)
    assert table.loc["town", "pipe"].tolist() == pytest.approx([7.92, 4, 4, 7.92])
    assert table.loc[("town", "Q1"), "price"] == pytest.approx(100)
    flow = found.flows.query("quarter == 'Q1'").set_index("edge")["flow"]
    assert flow.to_dict() == pytest.approx({"first": 10 / 0.99, "second": 8, "third": 2})
    assert found.floors.set_index("market").loc["port", ["delivered", "missed"]].tolist() == (
        pytest.approx([4 * 1.99, 0])
    )


@pytest.mark.once
def test_a_floor_makes_dear_gas_flow_and_what_cannot_come_is_missed(line):
    cheap = {"lng_price_town": 5, "lng_most_town": 80}
    free = network.clear(line, inputs(**cheap))
    assert free.markets["pipe"].sum() == pytest.approx(0)
    bound = network.clear(line, inputs(**cheap, floor_town=10))
    row = bound.floors.iloc[0]
    assert row["delivered"] == pytest.approx(10) and row["missed"] == pytest.approx(0)
    assert row["worth"] == pytest.approx((2 + 12 / 0.99) / 0.99 - 5)
    far = network.clear(line, inputs(**cheap, floor_town=35)).floors.iloc[0]
    # 32 bcm fit, 31.68 arrive; but no more than is wanted: 7.92 + 4 + 4 + 7.92
    assert far["delivered"] == pytest.approx(23.84) and far["missed"] == pytest.approx(11.16)


def test_what_nobody_brings_is_unmet(line):
    found = network.clear(line, inputs(lng_most_town=0))
    assert quarter(found.markets, "Q1")["unmet"] == pytest.approx(16 - 7.92)
    assert quarter(found.markets, "Q1")["price"] == pytest.approx(2000)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_pypsa_opens_the_file_and_finds_the_same_cost(line, tmp_path):
    pypsa = pytest.importorskip("pypsa")
    tables = inputs(storage_cost_all=0, storage_town=3)
    mine = network.clear(line, tables)
    network.to_pypsa(line, tables, tmp_path / "year.nc")
    opened = pypsa.Network(str(tmp_path / "year.nc"))
    assert list(opened.snapshots) == ["Q1", "Q2", "Q3", "Q4"]
    assert opened.links.loc["second 1", "efficiency"] == pytest.approx(0.99)
    opened.optimize(solver_name="highs")
    assert opened.objective == pytest.approx(mine.cost, rel=1e-6)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("floor, missed", [(10, 0.0), (35, 11.16)])
def test_pypsa_keeps_the_floor_of_a_contract(line, tmp_path, floor, missed):
    pypsa = pytest.importorskip("pypsa")
    tables = inputs(storage_cost_all=0, lng_price_town=5, lng_most_town=80, floor_town=floor)
    mine = network.clear(line, tables)
    network.to_pypsa(line, tables, tmp_path / "year.nc")
    opened = pypsa.Network(str(tmp_path / "year.nc"))
    opened.optimize(solver_name="highs")
    assert opened.objective == pytest.approx(mine.cost, rel=1e-6)
    lacking = float(opened.generators_t.p["missed town"].sum())
    # as by hand above: 32 bcm fit, no more than is wanted arrives, 23.84 of 35
    assert lacking == pytest.approx(missed, abs=1e-6)
    brought = -float(opened.links_t.p1["second 1"].sum())
    assert brought == pytest.approx(floor - missed)


def test_export_without_pypsa(line, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pypsa", None)
    with pytest.raises(MissingExtra, match="needs PyPSA"):
        network.to_pypsa(line, inputs())


@pytest.mark.slow
def test_a_year_of_the_facts(t):
    found = t.network.clear("2025")
    table = found.markets
    held = table["pipe"] + table["lng"] - table["stored"] + table["unmet"]
    assert (held - table["demand"]).abs().max() < 1e-6
    assert table["unmet"].sum() < 0.1
    # 38 bcm set out by Power of Siberia; no other line reaches China in 2025
    assert 33 < table.loc[table["market"] == "china", "pipe"].sum() <= 38
    assert (found.floors["missed"] < 1e-6).all()
    burnt = found.flows["fuel"].sum() / found.flows.groupby("edge")["flow"].sum().max()
    assert burnt > 0.05
    dear = t.network.clear("2025", change={("lng_price", "europe"): 800})
    price = dear.markets.query("market == 'europe'")["price"]
    assert (price > table.query("market == 'europe'")["price"].to_numpy()).all()


def test_refusals(line, t):
    with pytest.raises(UnknownName, match="lng_price moon"):
        network.clear(line, inputs(), {("lng_price", "moon"): 3})
    with pytest.raises(DataError, match=r"seasons of 'town' sum to 1\.3, not 1"):
        network.clear(line, inputs(season_q1_town=0.7))
    rows = inputs()["clearing"]
    lacking = facts.Tables({"clearing": rows[rows["item"] != "season_q2"]})
    with pytest.raises(DataError, match="market 'town' has no season for each quarter"):
        network.clear(line, lacking)
    lone = facts.Tables({"clearing": rows[rows["item"] != "lng_most"]})
    with pytest.raises(DataError, match="market 'town' needs both lng_price and lng_most"):
        network.clear(line, lone)
    bare = facts.Tables({"clearing": rows[rows["item"] != "fuel"]})
    with pytest.raises(DataError, match="no row 'fuel' for 'all'"):
        network.clear(line, bare)
    free = facts.Tables({"clearing": rows[rows["item"] != "tariff"]})
    with pytest.raises(DataError, match="no rate of transport"):
        network.clear(line, free)
