"""The network: toy graphs worked out by hand, the real one against numbers the public knows."""

import itertools
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy import network
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, UnitError, UnknownName
from energy.network import cuts

COLUMNS = ["edge", "from_node", "to_node", "capacity", "length_km", "reversible"]


def toy(nodes, *edges, **columns):
    """Make a graph of ``name: (kind, capacity)`` and ``(edge, from, to, capacity)`` rows."""
    table = pd.DataFrame(
        [(n, k, c) for n, (k, c) in nodes.items()], columns=["node", "kind", "capacity"]
    )
    ways = pd.DataFrame(
        [(*row, 100.0, False)[:6] if len(row) == 4 else row for row in edges], columns=COLUMNS
    )
    return network.assemble(
        table.astype({"capacity": float}), ways.astype({"capacity": float}).assign(**columns)
    )


ENDS = {"field": ("field", np.nan), "market": ("market", np.nan)}
HUBS = ENDS | {"north": ("hub", np.nan), "south": ("hub", np.nan)}


@pytest.fixture
def diamond():
    # field -4- north -3- market, field -2- south -5- market, north -1- south
    return toy(HUBS, ("a", "field", "north", 4), ("b", "north", "market", 3), ("c", "field", "south", 2),
               ("d", "south", "market", 5), ("e", "north", "south", 1))  # fmt: skip


@pytest.fixture(scope="module")
def real(tracker):
    return tracker.facts, tracker._quarters, tracker.lines


# --- flows and cuts by hand ---------------------------------------------------------------------


def test_a_diamond(diamond):
    found = network.max_flow(diamond)
    assert found.volume == 6  # 3 + (2 + 1): both ways out of the field are full
    assert set(found.edges["name"]) == {"a", "c"}
    assert found.flows == {"a": 4, "b": 3, "c": 2, "d": 3, "e": 1}


def test_in_series_the_narrowest_way_binds():
    chain = toy(
        HUBS, ("a", "field", "north", 5), ("b", "north", "south", 2), ("c", "south", "market", 7)
    )
    found = network.max_flow(chain)
    assert (found.volume, list(found.edges["name"])) == (2, ["b"])


def test_parallel_ways_add_up():
    two = toy(ENDS, ("a", "field", "market", 3), ("b", "field", "market", 4))
    found = network.max_flow(two)
    assert (found.volume, set(found.edges["name"])) == (7, {"a", "b"})
    assert found.flows == {"a": 3, "b": 4}


def test_a_reversible_way_runs_both_ways():
    nodes = HUBS | {"second": ("field", np.nan), "port": ("market", np.nan)}
    ends = [
        ("a", "field", "north", 9),
        ("b", "second", "south", 1),
        ("c", "north", "market", 2),
        ("d", "south", "port", 6),
    ]
    link = ("link", "south", "north", 3, 100.0)
    assert network.max_flow(toy(nodes, *ends, (*link, False))).volume == 3
    both = network.max_flow(toy(nodes, *ends, (*link, True)))
    assert both.volume == 2 + 1 + 3
    assert both.flows["link"] == -3  # against its direction


def test_a_reversible_way_beside_another():
    nodes = {"field": ("field", 9), "hub": ("hub", np.nan), "market": ("market", np.nan)}
    made = toy(
        nodes,
        ("a", "field", "hub", 2, 1.0, True),
        ("b", "field", "hub", 3, 1.0, True),
        ("c", "hub", "market", 9),
    )
    assert network.max_flow(made).volume == 5


def test_output_and_what_a_market_takes_are_limits():
    nodes = {"field": ("field", 4), "second": ("field", 5), "market": ("market", 7)}
    made = toy(nodes, ("a", "field", "market", 9), ("b", "second", "market", 9))
    found = network.max_flow(made)
    assert (found.volume, list(found.edges["kind"])) == (7, ["market"])
    less = network.max_flow(made, without=["b"])
    assert (less.volume, list(less.edges["name"]), list(less.edges["kind"])) == (
        4,
        ["field"],
        ["output"],
    )
    assert network.max_flow(made, fields=["second"]).volume == 5


def test_a_hub_has_a_throughput():
    nodes = ENDS | {"hub": ("hub", 5)}
    found = network.max_flow(toy(nodes, ("a", "field", "hub", 8), ("b", "hub", "market", 9)))
    assert (found.volume, list(found.edges["name"]), list(found.edges["kind"])) == (
        5,
        ["hub"],
        ["throughput"],
    )


def test_no_limit_anywhere_is_said():
    made = toy(ENDS, ("a", "field", "market", np.nan))
    assert network.max_flow(made).volume == np.inf
    assert network.assumed(made) == ["field field", "a"]
    assert network.volume(made, without=["a"]) == 0


def test_each_cut_in_turn_gives_a_ranked_list(diamond):
    table = network.losses(diamond)
    # without a: 2; without b: c 2 + e 1 = 3; without c: 4; without d: 3; without e: 3 + 2
    assert dict(zip(table["edge"], table["loss"], strict=True)) == {
        "a": 4,
        "b": 3,
        "d": 3,
        "c": 2,
        "e": 1,
    }
    assert table["loss"].is_monotonic_decreasing


def test_a_dangling_end_and_a_double_name_are_faults():
    with pytest.raises(DataError, match="edge 'a': no node 'nowhere'") as caught:
        toy(
            ENDS,
            ("a", "field", "nowhere", 1),
            ("b", "field", "market", 1),
            ("b", "field", "market", 2),
        )
    assert "edge 'b' stands twice" in str(caught.value)


@st.composite
def graphs(draw):
    names = ["f", "g", "h", "i", "m", "n"]
    kinds = {"f": "field", "g": "field", "h": "hub", "i": "hub", "m": "market", "n": "market"}
    limit = st.one_of(st.integers(0, 20).map(float), st.just(np.nan))
    nodes = {name: (kinds[name], draw(limit)) for name in names}
    pairs = draw(st.lists(st.sampled_from(list(itertools.permutations(names, 2))), max_size=10))
    edges = [
        (f"e{i}", a, b, draw(st.integers(0, 20)), 1.0, draw(st.booleans()))
        for i, (a, b) in enumerate(pairs)
    ]
    return toy(nodes, *edges)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_the_largest_flow_is_the_smallest_cut(made):
    found = network.max_flow(made)
    assert found.volume == pytest.approx(found.edges["capacity"].sum())
    # any other cut is at least as large: nodes on either side at will
    net = cuts.flow_network(made, set(), None)
    inner = [node for node in net if node not in (network.SOURCE, network.SINK)][:8]
    for side in itertools.product([True, False], repeat=len(inner)):
        near = {network.SOURCE, *(n for n, s in zip(inner, side, strict=True) if s)}
        width = sum(
            d.get("capacity", np.inf) / network.UNIT
            for a, b, d in net.edges(data=True)
            if a in near and b not in near
        )
        assert width >= found.volume - 1e-9


@settings(max_examples=40, deadline=None)
@given(graphs())
def test_a_way_less_never_carries_more(made):
    table = network.losses(made)
    assert (table["loss"] >= 0).all()
    assert (table["volume"] <= network.volume(made)).all()


# --- rerouting ----------------------------------------------------------------------------------


def test_reroute_by_hand():
    nodes = {
        "west": ("field", 20),
        "east": ("field", 50),
        "hub": ("hub", np.nan),
        "x": ("market", np.nan),
        "y": ("market", np.nan),
    }
    ways = [("trunk", "west", "hub", 15), ("pipe-1", "hub", "x", 6), ("pipe-2", "hub", "x", 4),
            ("other", "hub", "y", 8), ("far", "east", "y", 30)]  # fmt: skip
    made = toy(
        nodes, *ways, flow=[np.nan, 5, 3, 5, 30], route=["", "pipe-1", "pipe-2", "other", "far"]
    )
    made.graph["proposed"] = {"new": (pd.DataFrame(columns=["node", "kind", "capacity"]),
                                      pd.DataFrame([("new", "hub", "y", 3.0)], columns=COLUMNS[:4]))}  # fmt: skip
    found = network.reroute(made, "pipe")
    assert found.without == ("pipe-1", "pipe-2")
    # before: trunk 15; after: the other way, 8; the east has its own way and cannot help
    assert (found.before, found.after, found.lost) == (15, 8, 7)
    assert (found.displaced, found.spare, found.takes, found.stays) == (8, 3, 3, 5)
    assert list(found.cut["name"]) == ["other"]
    assert found.gains.to_dict("records") == [
        {"link": "new", "volume": 11.0, "gain": 3.0, "binds": "other;new"}
    ]
    assert list(found.losses["edge"])[:2] == ["other", "trunk"]
    assert {"cut", "gain", "loss", "total"} <= set(found.table()["part"])
    with pytest.raises(UnknownName, match="pipe-1"):
        network.reroute(made, "pipe-9x")
    with pytest.raises(UnknownName, match="Unknown link 'newer'; near: new"):
        network.with_link(made, "newer")


def test_flow_downstream_of_a_shut_way_is_not_added():
    made = toy(
        HUBS, ("a", "field", "north", 9), ("b", "north", "market", 9), flow=[5, 5], route=["a", "b"]
    )
    assert network.reroute(made, ["a", "b"]).displaced == 5


def test_west_and_east_are_apart_until_a_link(real):
    facts, cube, lines = real
    apart = network.graph(facts, "2031-12-31", (), cube, lines)
    joined = network.graph(facts, "2031-12-31", ["power-of-siberia-2"], cube, lines)
    west = [
        "bovanenkovskoye-field",
        "urengoyskoye-field",
        "yamburgskoye-field",
        "orenburg-gas-processing-plant",
    ]
    assert "china" not in {name for name, on in _reached(apart, west).items() if on}
    assert _reached(joined, west)["china"]
    gain = network.gains(apart, fields=west).set_index("link")["gain"]
    assert gain["power-of-siberia-2"] == 50
    assert gain["nord-stream-2-opening"] == 0  # the Union takes none after 2027


def _reached(made, fields):
    import networkx as nx

    found = set().union(*(nx.descendants(made, field) for field in fields))
    return {n: n in found for n, d in made.nodes(data=True) if d["kind"] == "market"}


def test_the_far_eastern_route_waits_for_its_field(real):
    facts, _, _ = real
    sakhalin = ["kirinskoye-field", "yuzhno-kirinskoye-field"]
    assert network.volume(network.graph(facts, "2026-12-31"), fields=sakhalin) == 0
    assert (
        network.volume(network.graph(facts, "2027-12-31"), fields=sakhalin) == 5.5
    )  # Kirinskoye alone
    assert (
        network.volume(network.graph(facts, "2028-12-31"), fields=sakhalin) == 10
    )  # the pipe binds


def test_without_turkstream_most_of_its_gas_stays(real):
    facts, cube, lines = real
    found = network.reroute(network.graph(facts, "2026-03-31", (), cube, lines), "turkstream")
    assert found.without == ("turkstream-1", "turkstream-2")
    # the four quarters to March 2026 as the cube has them, against what each way can carry
    year = cube["flow"].sel(period=slice("2025-04-01", "2026-03-31")).sum("period")
    strings = float(year.sel(route=["turkstream-1", "turkstream-2"]).sum())
    assert found.displaced == pytest.approx(strings, abs=0.01) and 26 < strings < 29
    room = {"blue-stream": 16, "central-asia-center": 11.34, "minsk-kaliningrad": 2.5}
    left = sum(room[route] - float(year.sel(route=route)) for route in room)
    assert found.takes == pytest.approx(left, abs=0.01) and 0 < left < 16
    assert set(found.cut["route"]) == {"blue-stream", "central-asia-center", "minsk-kaliningrad"}
    assert found.gains.iloc[0]["link"] == "ukraine-restart"
    assert found.gains.iloc[0]["gain"] == pytest.approx(244 * 365 / 1000, abs=0.01)
    assert "trunk-urengoy-pochinki" in found.assumed


def test_edges_follow_the_day(real):
    facts, cube, _ = real
    then, now = (
        network.graph(facts, "2021-12-31", (), cube),
        network.graph(facts, "2026Q1", (), cube),
    )
    pipe = ("torzhok-cs", "mallnow-cs-poland-germany-border")
    assert then.edges[pipe]["capacity"] == 32.9
    assert then.edges[pipe]["flow"] == pytest.approx(30.6, abs=0.1)
    assert not now.has_edge(*pipe)
    assert now.graph["at"] == "2026-03-31"
    assert now.edges["portovaya-cs", "lubmin-landfall"]["capacity"] == 0
    mended = network.graph(facts, "2026Q1", ["nord-stream-1-repair"])
    assert mended.edges["portovaya-cs", "lubmin-landfall"]["capacity"] == 55


def test_lengths_run_along_the_line(real):
    facts, _, lines = real
    along, straight = network.graph(facts, lines=lines), network.graph(facts)
    for a, b, data in along.edges(data=True):
        # a node may stand a little off its line, so a little is allowed
        assert data["length_km"] >= 0.9 * straight.edges[a, b]["length_km"], data["edge"]
    assert along.edges["russkaya-cs-anapa", "kiyikoy-landfall"]["length_km"] == pytest.approx(
        930, rel=0.1
    )


def test_what_is_not_known_is_refused(real):
    facts, cube, lines = real
    with pytest.raises(
        UnknownName, match=r"Unknown link 'power-of-siberia'; near: power-of-siberia-2"
    ):
        network.graph(facts, links=["power-of-siberia"])
    with pytest.raises(
        PeriodError, match="No network on 1990-12-31: its tables hold from 2004-01-01 to 2049-12-31"
    ):
        network.graph(facts, "1990")
    with pytest.raises(
        PeriodError, match=r"'yamal-europe' is closed since 2022-05-12 .* by='2021'"
    ):
        network.reroute(network.graph(facts), "yamal-europe")
    with pytest.raises(UnknownName, match=r"way in the network of 2026-03-31 'moon'"):
        network.reroute(network.graph(facts, "2026-03-31"), "moon")
    with pytest.raises(UnitError, match="the cube holds TWh"):
        network.graph(facts, cube=cube.assign_attrs(unit="TWh"))
    with pytest.raises(PeriodError, match="No flows for 1999Q1: the data run from 2006-01-01 to"):
        network.stranded(cube, lines, facts, "1999Q1")
    with pytest.raises(PeriodError, match="no run of whole quarters"):
        network.stranded(cube, lines, facts, "2025-02")
    with pytest.raises(UnknownName, match="Unknown route 'blue-steam'; near: blue-stream"):
        network.stranded(cube, lines, facts, "2025", route="blue-steam")


def test_links_are_listed_with_their_size(real):
    table = network.links_of(real[0]).set_index("link")
    assert table.loc["power-of-siberia-2", "capacity"] == 50
    assert table.loc["power-of-siberia-2", "routes"] == "power-of-siberia-2;soyuz-vostok"
    assert np.isnan(table.loc["belogorsk-khabarovsk", "capacity"])


def test_every_node_is_used_and_every_source_exists(real):
    facts, _, _ = real
    nodes, edges = facts["network-nodes"], facts["network-edges"]
    assert len(edges) > 50
    assert set(nodes["node"]) == set(edges["from_node"]) | set(edges["to_node"])
    assert set(edges["route"]) - {""} <= set(facts["routes"]["route"])
    held = nodes[nodes["capacity"].notna()]
    assert not held["source"].str.startswith("route-and-market-register").any()


# --- the cheapest way ---------------------------------------------------------------------------


@pytest.fixture
def two_ways():
    pytest.importorskip("linopy", reason="linopy is not installed")
    nodes = {"field": ("field", 10), "hub": ("hub", np.nan), "market": ("market", np.nan)}
    return toy(nodes, ("near", "field", "hub", 6, 100.0, False), ("long", "field", "hub", 6, 200.0, False),
               ("last", "hub", "market", 8, 100.0, False))  # fmt: skip


def test_the_near_way_fills_first(two_ways):
    found = network.min_cost(two_ways, {"market": 7}, tariff=1.0)
    # 6 on the near way at 1, 1 on the long one at 2, all 7 on the last at 1
    assert found.cost == pytest.approx(6 + 2 + 7)
    edges = found.edges.set_index("edge")
    assert edges["flow"].to_dict() == pytest.approx({"near": 6, "long": 1, "last": 7})
    assert edges["shadow"].to_dict() == pytest.approx({"near": 1, "long": 0, "last": 0})
    assert found.markets.loc["market", "price"] == pytest.approx(3)
    assert found.assumptions["tariff_usd_per_1000m3_100km"] == 1.0


def test_ship_or_pay_is_paid_unused_and_drawn_first(two_ways):
    idle = network.min_cost(two_ways, {"market": 1}, {"long": 4}, tariff=1.0)
    edges = idle.edges.set_index("edge")
    # 4 are paid on the long way whatever happens, so the one bcm goes there
    assert (idle.cost, edges.loc["long", "flow"], edges.loc["long", "paid"]) == pytest.approx(
        (8 + 1, 1, 4)
    )
    full = network.min_cost(two_ways, {"market": 5}, {"long": 4}, tariff=1.0)
    assert full.cost == pytest.approx(8 + 1 + 5)
    assert full.markets.loc["market", "price"] == pytest.approx(
        2
    )  # the next one takes the near way


def test_output_has_a_shadow_price():
    pytest.importorskip("linopy", reason="linopy is not installed")
    made = toy({"cheap": ("field", 2), "dear": ("field", 9), "market": ("market", np.nan)},
               ("a", "cheap", "market", 9, 100.0, False), ("b", "dear", "market", 9, 300.0, False))  # fmt: skip
    found = network.min_cost(made, {"market": 5}, unit_cost={"a": 1, "b": 3})
    assert found.cost == pytest.approx(2 + 9)
    assert found.fields["output"].to_dict() == pytest.approx({"cheap": 2, "dear": 3})
    assert found.fields["shadow"].to_dict() == pytest.approx({"cheap": 2, "dear": 0})


def test_a_hub_s_throughput_binds_the_cheapest_way_too():
    pytest.importorskip("linopy", reason="linopy is not installed")
    made = toy(ENDS | {"hub": ("hub", 4)}, ("a", "field", "hub", 9, 100.0, False),
               ("b", "hub", "market", 9, 100.0, False), ("round", "field", "market", 9, 900.0, False))  # fmt: skip
    assert network.min_cost(made, {"market": 5}, tariff=1.0).edges.set_index("edge").loc[
        "round", "flow"
    ] == pytest.approx(1)


def test_what_cannot_be_shipped_is_refused(two_ways):
    with pytest.raises(EnergyError, match="at most 8 arrive, bound by last"):
        network.min_cost(two_ways, {"market": 9}, tariff=1.0)
    with pytest.raises(UnknownName, match="Unknown market 'markt'; near: market"):
        network.min_cost(two_ways, {"markt": 1}, tariff=1.0)
    with pytest.raises(UnknownName, match="Unknown edge 'lon'; near: long"):
        network.min_cost(two_ways, {"market": 1}, booked={"lon": 1}, tariff=1.0)


def test_the_old_name_of_the_tariff_works_for_one_release():
    with pytest.warns(DeprecationWarning, match="tariffs.csv"):
        assert network.TARIFF == 2.1


def test_a_way_without_cost_or_tariff_is_refused(two_ways):
    with pytest.raises(EnergyError, match="Way 'near' has no cost and the network no tariff"):
        network.min_cost(two_ways, {"market": 1}, unit_cost={"long": 2.0})


def test_the_tariff_is_the_row_in_force_on_the_day(tracker):
    facts = tracker.facts
    row = {"id": "N9001", "route": "", "item": "network_rate", "value": 4.0,
           "valid_from": "2020-01-01", "valid_to": "2021-01-01"}  # fmt: skip
    plain = facts["tariffs"][facts["tariffs"]["item"] == "network_rate"].iloc[0]
    assert (plain["value"], plain["source"]) == (2.1, "interfax-miller-tariffs-2016")
    more = pd.concat([facts["tariffs"], pd.DataFrame([row])], ignore_index=True)
    changed = facts.replaced({"tariffs": more})
    assert network.graph(changed, "2020-06-30").graph["tariff"] == (4.0, "N9001")
    assert network.graph(changed, "2021-01-01").graph["tariff"] == (2.1, plain["id"])


@pytest.mark.slow
def test_the_solver_keeps_quiet():
    pytest.importorskip("linopy", reason="linopy is not installed")
    code = ("import pandas as pd; from energy import network as n; "
            "g = n.assemble(pd.DataFrame({'node': ['f', 'm'], 'kind': ['field', 'market'], 'capacity': [5.0, None]}), "
            "pd.DataFrame({'edge': ['a'], 'from_node': ['f'], 'to_node': ['m'], 'capacity': [9.0], "
            "'length_km': [1.0]})); "
            "n.min_cost(g, {'m': 1}, tariff=1.0)")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""


def test_a_missing_extra_is_named(monkeypatch, two_ways):
    import importlib.util

    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *a: None if name == "highspy" else found(name, *a)
    )
    with pytest.raises(
        MissingExtra, match=r"needs highspy: pip install 'energy-trade-tracker\[network\]'"
    ):
        network.min_cost(two_ways, {"market": 1})


def test_networkx_and_matplotlib_are_asked_for_by_name(monkeypatch, diamond):
    flows = pd.DataFrame({"field": ["f"], "route": ["r"], "market": ["m"], "flow": [1.0]})
    monkeypatch.setitem(sys.modules, "networkx", None)
    with pytest.raises(
        MissingExtra, match=r"networkx: pip install 'energy-trade-tracker\[network\]'"
    ):
        network.max_flow(diamond)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)
    with pytest.raises(MissingExtra, match="Charts need matplotlib"):
        network.sankey(flows)


# --- idle pipes ---------------------------------------------------------------------------------


def test_idle_is_capacity_minus_flow_exactly(real):
    facts, cube, _ = real
    table = network.series(cube, facts)
    assert len(table) == cube.sizes["route"] * cube.sizes["period"]
    known = table.dropna(subset="idle")
    assert len(known) > 500
    assert (known["idle"] == known["capacity"] - known["flow"]).all()
    assert table.loc[table["idle"].isna(), ["capacity", "flow"]].isna().any(axis=1).all()
    both = known[(known["capacity_from"] == "route-facts") & (known["flow_from"] == "cube")]
    flow = cube["flow"].to_series().rename("cube")
    joined = both.join(flow, on=["route", "period"])
    assert (joined["flow"] == joined["cube"]).all()


def test_numbers_the_public_knows(real):
    facts, cube, lines = real
    year = network.stranded(cube, lines, facts, "2025")
    assert year.loc["nord-stream-1", "lost"] == pytest.approx(
        60.96
    )  # 167 mcm a day, not the design
    assert year.loc["nord-stream-2", ["idle", "lost"]].tolist() == pytest.approx([27.5, 27.5])
    assert year.loc["yamal-europe", "idle"] == pytest.approx(33, abs=0.2)
    assert year.loc["ukraine-transit", "flow"] == 0
    assert year.loc["ukraine-transit", "idle"] == pytest.approx(89.06)
    above = year[year["above"]]
    assert set(above.index[above["role"] == "export"]) == {"power-of-siberia-1"}
    # the onward line carries the same gas
    assert set(above.index[above["role"] != "export"]) == {"china-russia-east"}
    assert year.loc["power-of-siberia-1", "idle"] < 0
    # 18 bcm of 2025 against the most ever metered at Strandzha 2, 20.7 a year
    assert year.loc["turkstream-2", "utilisation"] == pytest.approx(18.0 / 20.7, abs=0.02)
    before = network.stranded(cube, lines, facts, "2021")
    assert before.loc["nord-stream-1", "idle"] == pytest.approx(60.96 - 59.2, abs=0.1)
    # the operator prints 41.6, which the reported cube holds; the balanced flow stands beside it
    transit = {"route": "ukraine-transit", "period": slice("2021-01-01", "2021-12-31")}
    assert float(cube["reported"].sel(transit).sum()) == pytest.approx(41.6, abs=0.1)
    assert before.loc["ukraine-transit", "flow"] == pytest.approx(
        float(cube["flow"].sel(transit).sum())
    )


def test_quarters_add_up_to_the_year(real):
    facts, cube, lines = real
    parts = [network.stranded(cube, lines, facts, f"2024Q{n}", "yamal-europe") for n in range(1, 5)]
    whole = network.stranded(cube, lines, facts, "2024", "yamal-europe")
    assert sum(p.loc["yamal-europe", "idle"] for p in parts) == pytest.approx(
        whole.loc["yamal-europe", "idle"]
    )
    assert whole.loc["yamal-europe", "idle_bcm_km"] == pytest.approx(32.9 * 1660)


def test_a_missing_quarter_leaves_the_year_missing(real):
    facts, cube, lines = real
    gap = cube.copy(deep=True)
    gap["flow"].loc[{"route": "blue-stream", "period": "2024-04-01"}] = np.nan
    assert np.isnan(network.stranded(gap, lines, facts, "2024").loc["blue-stream", "idle"])


def test_capital_is_straight_line_and_dated(real):
    facts, cube, lines = real
    table = network.stranded(cube, lines, facts, "2025", life=30)
    row = table.loc["blue-stream"]  # 3,200 million USD, open since 1 February 2003
    age = 334 / 365 + 22  # to the end of 2003, then whole years
    assert row["book_value"] == pytest.approx(3200 * (1 - age / 30))
    assert row["idle_capital"] == pytest.approx(row["book_value"] * row["idle"] / 19)
    assert row["capex_id"] == "A0013"
    assert table.loc["power-of-siberia-1", "capex"] == pytest.approx(1_100_000 / 62.7078)
    second = table.loc["turkstream-2"]  # set against the 20.7 of its record day
    assert second["idle_capital"] == pytest.approx(
        second["book_value"] * second["idle"] / 20.7, rel=1e-3
    )
    assert table.loc["power-of-siberia-1", "idle_capital"] == 0  # above 100 %
    assert table.loc["nord-stream-1", "idle_capital"] == table.loc["nord-stream-1", "book_value"]
    assert np.isnan(table.loc["yamal-europe", "capex"])
    assert (
        network.stranded(cube, lines, facts, "2025", life=10).loc["blue-stream", "book_value"] == 0
    )


def test_totals_count_exports_only_and_name_what_is_unknown(real):
    facts, cube, lines = real
    table = network.stranded(cube, lines, facts, "2025")
    summed = network.total(table)
    known = table[(table["role"] == "export") & table["idle"].notna()]
    assert summed["idle"] == pytest.approx(known["idle"].sum())
    # Belarus takes 20.4 of the 40 that the way can carry; no export is unknown any more
    assert table.loc["northern-lights", "idle"] == pytest.approx(40 - 20.4, abs=0.1)
    assert "northern-lights" not in summed["unknown"].split(";")
    assert summed["above"].split(";") == ["power-of-siberia-1"]


# --- pictures -----------------------------------------------------------------------------------


@pytest.mark.once
def test_a_layer_shows_open_and_shut_pipes(real):
    facts, cube, lines = real
    table = network.stranded(cube, lines, facts, "2025")
    frame = network.layer(network.graph(facts, "2025", (), cube, lines), table)
    assert frame.crs.to_epsg() == 4326
    assert frame.geometry.is_valid.all()
    assert frame.loc["yamal-europe", "idle_share"] == 1
    assert not frame.loc["yamal-europe", "open"]
    assert frame.loc["nord-stream-1", ["idle_share", "lost"]].tolist() == pytest.approx([1, 60.96])
    assert frame.loc["turkstream-2", "idle_share"] == pytest.approx(1 - 18.06 / 20.7, abs=0.002)
    assert "power-of-siberia-2" not in frame.index
    assert network.draw_map(frame).has_data()


def test_the_trackers_layer_is_of_the_period_asked(tracker):
    before, after = tracker.network.layer("2021Q1"), tracker.network.layer("2026Q1")
    assert before.loc["nord-stream-1", "open"] and before.loc["nord-stream-1", "idle_share"] < 0.1
    assert not after.loc["nord-stream-1", "open"] and after.loc["nord-stream-1", "idle_share"] == 1


def test_gas_of_each_route_has_a_field(real):
    facts, cube, lines = real
    made = network.graph(facts, "2019", (), cube, lines)
    flows = {
        "ukraine-transit": 89.6,
        "nord-stream-1": 58.5,
        "blue-stream": 11.1,
        "power-of-siberia-1": 0.33,
    }
    table = network.allocation(made, flows, {"blue-stream": "turkey", "nord-stream-1": "europe"})
    assert table.groupby("route")["flow"].sum().to_dict() == pytest.approx(flows)
    assert set(table.loc[table["route"] == "power-of-siberia-1", "field"]) == {
        "chayandinskoye-field"
    }
    orenburg = table[table["field"] == "orenburg-gas-processing-plant"]["flow"].sum()
    assert orenburg == pytest.approx(26)  # Soyuz is full, the rest comes from the north
    axes = network.sankey(table, "2019")
    assert axes.get_title() == "2019"
    assert any("nord-stream-1 58.5" in text.get_text() for text in axes.texts)


def test_nothing_to_draw_and_too_little_output_are_said(real):
    facts, _, _ = real
    with pytest.raises(EnergyError, match="Nothing flows in this period"):
        network.sankey(pd.DataFrame(columns=["field", "route", "market", "flow"]))
    with pytest.raises(EnergyError, match="cannot yield the flows of power-of-siberia-1"):
        network.allocation(network.graph(facts, "2025"), {"power-of-siberia-1": 99.0}, {})


def test_a_closed_route_says_since_when_and_answers_for_a_day_it_stood(tracker):
    with pytest.raises(
        PeriodError, match=r"'ukraine-transit' is closed since 2025-01-01 .* by='2024'"
    ):
        tracker.reroute("ukraine-transit", by="2025")
    then = tracker.reroute("ukraine-transit", by="2019")
    assert then.at == "2019-12-31" and then.displaced > 80  # it carried about 90 bcm that year
    assert then.before >= then.after
