"""The front door on the package's own facts: numbers that the public knows, and the way to their sources."""

import operator
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from energy import flows
from energy.errors import EnergyError, PeriodError, UnitError, UnknownName, UsageError
from energy.measure.cubes import CountedTwiceWarning
from energy.projection import ramp
from energy.tracker import facet


def year(tracker, route, when, estimate="reported", **options):
    cube = tracker.flows(route, freq="A", first=when, last=when, estimate=estimate, **options)
    return float(cube.flow.values[0, 0])


@pytest.mark.parametrize(
    ("route", "when", "bcm", "tolerance"),
    [
        ("power-of-siberia-1", "2025", 38.8, 0.001),  # Gazprom
        ("power-of-siberia-1", "2021", 10.39, 0.001),  # Gazprom
        ("nord-stream-1", "2021", 59.2, 0.1),  # operator; here from metered energy
        ("ukraine-transit", "2019", 89.6, 0.001),  # Ukrainian operator
        ("ukraine-transit", "2021", 41.6, 0.001),
        ("turkstream-2", "2024", 16.7, 0.11),  # TASS 16.7, Reuters 16.8
        ("turkstream-2", "2025", 18.0, 0.15),
        ("nord-stream-1", "2023", 0.0, 0.0),
        ("ukraine-transit", "2025", 0.0, 0.0),
    ],
)
def test_known_years(tracker, route, when, bcm, tolerance):
    assert year(tracker, route, when) == pytest.approx(bcm, abs=tolerance)


def test_the_cube_holds_what_was_promised(tracker):
    cube = tracker.flows(estimate="reported")
    assert cube.sizes["route"] >= 53
    first = {
        "power-of-siberia-1": "2019-10", "nord-stream-1": "2011-10", "yamal-europe": "2010", "ukraine-transit": "2010",
        "turkstream-1": "2020-01", "turkstream-2": "2020-01", "blue-stream": "2010", "minsk-kaliningrad": "2010",
        "leningrad-finland": "2010", "valdai-pskov-riga": "2015", "central-asia-center": "2023-10",
        "ukraine-slovakia": "2010", "ukraine-hungary": "2015", "trans-balkan": "2010",
    }  # fmt: skip
    for route, month in first.items():
        known = cube.flow.sel(route=route).dropna("period")
        assert known.period.values[0] <= np.datetime64(
            f"{month}-01" if len(month) > 4 else month
        ) or (known[0] == 0)
    newest = cube.flow.sel(route="turkstream-2").dropna("period").period.values[-1]
    assert newest == np.datetime64("2026-04-01")


def test_quarters_add_up_to_the_published_year(tracker):
    quarters = tracker.flows(
        "power-of-siberia-1", first="2025Q1", last="2025Q4", estimate="reported"
    )
    assert float(quarters.flow.sum()) == pytest.approx(38.8, abs=1e-9)
    assert set(quarters.status.values.ravel()) == {"estimate"}


def test_above_capacity_is_shown_not_clipped(tracker):
    used = tracker.network.idle.utilisation()
    # 59.2 bcm of 2021 against the technical 167 mcm/d; 38.8 of 2025 against a contract of 38
    assert used.loc["nord-stream-1", "2021-01-01"] == pytest.approx(59.2 / 60.96, abs=0.005)
    assert used.loc["power-of-siberia-1", "2025-01-01"] == pytest.approx(38.8 / 38, abs=0.005)


def test_power_of_siberia_capacity_steps(tracker):
    capacity = tracker.flows("power-of-siberia-1", freq="A").capacity[0].to_pandas()
    assert capacity["2021-01-01"] == pytest.approx(10)
    assert capacity["2025-01-01"] == pytest.approx(38)


@pytest.mark.once
def test_units_and_bases(tracker):
    plain = year(tracker, "nord-stream-1", "2021")
    assert year(tracker, "nord-stream-1", "2021", basis="15C") == pytest.approx(
        plain * 288.15 / 293.15
    )
    assert year(tracker, "nord-stream-1", "2021", unit="TWh") == pytest.approx(620.7, abs=0.05)
    assert year(tracker, "nord-stream-1", "2021", unit="mcm/d") == pytest.approx(plain * 1000 / 365)


def test_flow_status_is_what_the_pipe_does(tracker):
    now = tracker.flows().flow_status.isel(period=-1).to_pandas()
    assert now["turkstream-2"] == "flowing"
    assert now["yamal-europe"] == now["ukraine-transit"] == now["urengoy-pomary-uzhgorod"] == "idle"
    assert now["nord-stream-1"] == "damaged"
    assert now["power-of-siberia-2"] == "proposed"
    assert now["altai"] == "cancelled"
    then = tracker.flows(first="2021Q1", last="2021Q1").flow_status.isel(period=0).to_pandas()
    assert then["nord-stream-1"] == "flowing"
    assert then["urengoy-pomary-uzhgorod"] == "flowing"


def test_revenue_is_flow_times_price_and_years_weigh_by_flow(tracker):
    quarters = tracker.flows("nord-stream-1", first="2021Q1", last="2021Q4")
    assert quarters.revenue.values == pytest.approx((quarters.flow * quarters.price).values)
    whole = tracker.flows("nord-stream-1", freq="A", first="2021", last="2021")
    assert float(whole.revenue[0, 0]) == pytest.approx(float(quarters.revenue.sum()))
    assert float(whole.price[0, 0]) == pytest.approx(
        float(quarters.revenue.sum() / quarters.flow.sum())
    )


def test_revenue_does_not_depend_on_the_unit_shown(tracker):
    a = tracker.flows("nord-stream-1", first="2021Q1", last="2021Q1")
    b = tracker.flows("nord-stream-1", unit="TWh", first="2021Q1", last="2021Q1")
    assert float(a.revenue[0, 0]) == pytest.approx(float(b.revenue[0, 0]))


def test_a_period_without_a_price_has_no_revenue(tracker):
    cube = tracker.flows("central-asia-center", freq="A", first="2024", last="2025")
    assert (cube.flow.values > 4).all()  # no price of Central Asia is published or modelled
    assert np.isnan(cube.revenue.values).all()


def test_additive_routes_and_markets_tie(tracker):
    cube = tracker.flows(freq="A", first="2014", last="2025")
    routes = flows.series(cube.flow.where(cube.additive).sum("route"))
    markets = tracker.markets().loc[:, routes.index].sum()
    # Kazakhstan and, until 2015, Ukraine itself are supplied by lines that are none of the routes
    other = tracker.explain("ukraine", "2014")["part"].sum()
    kazakh = tracker.explain("central-asia", "2014")["part"].sum()
    assert routes.iloc[0] == pytest.approx(markets.iloc[0] - other - kazakh, abs=1e-6)
    assert len(routes) == 12


def test_a_sum_over_routes_counts_each_export_once(tracker):
    year = tracker.flows(freq="A", first="2021", last="2021").isel(period=0)
    once = float(year.flow.sum("route"))
    exports = year.flow.to_series()[year.additive.to_series()]
    assert once == pytest.approx(exports.sum()) == pytest.approx(210, abs=3)
    assert float(year.flow.sum()) == float(year.sum("route").flow) == once
    assert float(year.flow.where(year.flow > 2).fillna(0).clip(min=0).sum("route")) < once
    assert float((year.flow * 1000).sum("route")) == pytest.approx(1000 * once)
    assert year.flow.to_series().sum() > 3 * once  # what a plain sum would have said
    with pytest.warns(
        CountedTwiceWarning, match=r"None of these routes is an export \(nel, opal\)"
    ):
        year.flow.sel(route=["nel", "opal"]).sum("route")


@pytest.mark.once
def test_markets_with_their_total_and_what_is_known_of_them(tracker):
    table = tracker.markets(total=True)
    abroad = table.drop(index=["exports", "kaliningrad"]).sum(min_count=1)
    assert table.loc["exports", "2021"].iloc[0] == pytest.approx(abroad.loc["2021"].iloc[0])
    assert "exports" not in tracker.markets().index
    plain = tracker.markets(estimate="reported", total=True)
    assert plain.loc["exports", "2024"].iloc[0] == pytest.approx(
        plain.drop(index=["exports", "kaliningrad"])["2024"].sum().iloc[0]
    )
    whole = tracker.markets(what="whole", total=True)
    assert whole.loc[["europe", "exports"], "2025"].all(axis=None)
    assert set(tracker.markets(what="status").loc["china", "2025"]) == {"balanced"}
    assert 0 < tracker.markets(what="coverage").loc["china", "2025"].iloc[0] <= 1
    with pytest.raises(UnknownName, match="Unknown part 'colour'"):
        tracker.markets(what="colour")


def test_contradictions_are_listed_with_ids_and_causes(tracker):
    table = tracker.balance()
    assert set(table["verdict"]) == {"contradicted", "strained"}
    assert (table["score"].abs().diff().dropna() <= 1e-9).all()
    late = table.set_index("id").loc["V0269"]  # 8.0 bcm in seven months, with 1.3 a month
    assert late["cause"] == "its period ends a month sooner"
    assert len(tracker.balance("all")) > 10 * len(tracker.balance("contradicted"))
    with pytest.raises(UnknownName, match="verdict 'wrong'"):
        tracker.balance("wrong")


def test_total_of_2021_agrees_with_what_was_published(tracker):
    # Gazprom: 185.1 bcm to the far abroad in 2021, with China, without the Baltic states
    cube = tracker.flows(freq="A", first="2021", last="2021").flow[:, 0].to_pandas()
    export = tracker.facts["routes"].query("role == 'export'")["route"]
    far = cube.reindex(export).drop(["minsk-kaliningrad", "valdai-pskov-riga", "northern-lights",
                                     "north-caucasus-transcaucasia", "central-asia-center"]).sum()  # fmt: skip
    assert far == pytest.approx(185.1, rel=0.02)


def test_financials_keep_the_standards_apart(tracker):
    assert set(tracker.financials("IFRS")["standard"]) == {"IFRS"}
    loss = tracker.financials("IFRS", "net_profit_attributable").query(
        "period == '2023' and segment == 'group'"
    )
    assert loss["value"].tolist() == [-629]
    assert tracker.financials("RAS", "net_profit").query("period == '2024' and unit == 'RUB bn'")[
        "value"
    ].tolist() == [-1076]


def test_what_is_no_statement_stands_elsewhere(tracker):
    assert set(tracker.financials(None)["standard"]) == {"IFRS", "RAS"}
    assert "consensus forecast" not in set(tracker.financials(None)["segment"])
    beside = tracker.money.beside_accounts()
    assert "consensus forecast" in set(beside["segment"]) and set(beside["standard"]) == {"other"}
    with pytest.warns(DeprecationWarning, match=r"money\.beside_accounts"):
        assert tracker.financials("other").equals(beside)


def test_the_parts_of_the_gap_add_up_in_a_column_of_their_own(tracker):
    items = tracker.money.bridge_items("2020H1")
    gap = items.set_index("part").loc["gap", "rub_bn"]
    assert items["of_gap"].sum() == pytest.approx(gap) and items["of_gap"].isna().sum() >= 3


def test_bridge_shows_the_gap(tracker):
    table = tracker.bridge("2022")
    assert {"route", "reported", "gap"} <= set(table["kind"])
    assert (table.query("kind == 'gap'")["note"] != "").all()


@pytest.mark.once
def test_cite_resolves_every_id_of_the_cube(tracker):
    cube = tracker.flows()
    cited = tracker.cite(cube)
    ids = {
        i
        for v in (cube.sources, cube.price_source)
        for text in v.values.ravel()
        for i in text.split(";")
        if i
    }
    assert set(cited["id"]) == ids
    assert len(ids) > 200
    assert (cited["title"] != "").all()
    assert (cited["status"] != "").all() or set(cited.loc[cited["status"] == "", "table"]) <= {
        "events"
    }


def test_cite_says_why(tracker):
    newest = tracker.flows(
        "power-of-siberia-1", freq="A", first="2022", last="2022"
    ).sources.values[0, 0]
    row = tracker.cite(newest).iloc[0]
    assert (row["value"], row["basis"], row["unit"]) == (15.4, "20C", "bcm")
    assert row["why"].startswith("taken before V")


def test_cite_a_route_a_table_and_several(tracker):
    assert len(tracker.cite("blue-stream")) > 20
    rows = tracker.facts["financials"].head(3)
    assert tracker.cite(rows)["id"].tolist() == sorted(rows["id"])
    assert len(tracker.cite(["V0001", "E001"])) == 2
    source = tracker.facts["volumes"]["source"].iloc[0]
    assert tracker.facts["volumes"]["id"].iloc[0] in set(tracker.cite(source)["id"])


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (
            lambda t: t.flows("blue-steam"),
            UnknownName,
            "Unknown route 'blue-steam'; near: blue-stream",
        ),
        (lambda t: t.cite("V99999"), UnknownName, "Unknown id 'V99999'"),
        (lambda t: t.cite("power-of-sibiria-1"), UnknownName, "power-of-siberia-1"),
        (lambda t: t.flows(first="2024Q5"), PeriodError, "Q5"),
        (lambda t: t.flows(unit="cubits"), UnitError, "cubits"),
        (lambda t: t.flows(basis="25C"), UnitError, "25C"),
        (lambda t: t.financials("GAAP"), UnknownName, "GAAP"),
        (lambda t: t.financials("IFRS", "net_profits"), UnknownName, "net_profit"),
        (lambda t: t.cite(pd.DataFrame({"a": [1]})), UsageError, "Nothing in this DataFrame"),
        (lambda t: t.cite(42), UsageError, "There is nothing to cite in 42"),
    ],
)
def test_wrong_input_gets_one_clear_sentence(tracker, call, error, words):
    with pytest.raises(error, match=words):
        call(tracker)


def test_repr_says_what_it_holds(tracker):
    assert repr(tracker).startswith("<Tracker: 60 routes, ")


def test_by_market_never_counts_a_corridor_twice(tracker):
    cube = tracker.flows(freq="A", first="2021", last="2021", estimate="reported")
    europe = float(flows.by_market(cube, tracker.facts["routes"]).sel(market="europe").values[0])
    parts = ["nord-stream-1", "yamal-europe", "turkstream-2", "ukraine-slovakia", "ukraine-hungary", "ukraine-poland",
             "trans-balkan", "leningrad-finland", "valdai-pskov-riga"]  # fmt: skip
    assert europe == pytest.approx(float(cube.flow.sel(route=parts).sum()))


@pytest.mark.slow
def test_tornado_of_a_line_and_of_the_projection(tracker):
    assert "low" in " ".join(tracker.ahead.tornado("power-of-siberia-2").columns)
    table = tracker.ahead.tornado(year=2032)
    assert table.index[0] != "oil" and table["swing"].iloc[0] >= table["swing"].iloc[-1]
    assert (table["at_low"] <= table["baseline"] + 1e-9).all()


@pytest.mark.slow
def test_timing_backtest_and_outside_delegate(tracker):
    line = tracker.timing(
        "power-of-siberia-2"
    )  # the memorandum of 2 September 2025 binds; no contract followed
    assert line.stage == "binding" and "contract" not in line.passed
    assert line.passed["binding"] == pytest.approx(2025 + 244 / 365, abs=0.002)
    scores = tracker.scoring.backtest(["naive"], "2019Q1", "2020Q4")
    assert scores["origin"].nunique() == 8
    assert len(tracker.scoring.outside()) >= 25


@pytest.mark.slow
def test_a_projection_knows_what_the_tracker_knew(tracker):
    then = tracker.as_of("2021-12-31")
    result = then.project("2023", "baseline", draws=200, revenue=False)
    assert result.attrs["as_of"] == "2021-12-31"
    assert result["period"].values[0] <= np.datetime64("2022-01-01")
    assert result["flow_year_mean"].sel(route="nord-stream-1", year=2023).item() > 20
    line = then.timing(
        "power-of-siberia-2"
    )  # basic conditions of 8 May 2015; nothing that binds yet
    assert line.stage == "memorandum" and "binding" not in line.passed
    assert line.passed["memorandum"] == pytest.approx(2015 + 127 / 365, abs=0.002)


def test_old_flat_names_work_with_a_warning_and_facets_are_small(tracker):
    assert len(facet.MOVED) > 15
    for old, new in facet.MOVED.items():
        with pytest.warns(DeprecationWarning, match=rf"t\.{old} is t\.{new} now"):
            assert getattr(tracker, old) == operator.attrgetter(new)(tracker)
    assert len(facet.FROM_FACETS) > 5
    for old, new in facet.FROM_FACETS.items():
        with pytest.warns(DeprecationWarning, match=rf"t\.{old} is t\.{new} now"):
            assert operator.attrgetter(old)(tracker) == operator.attrgetter(new)(tracker)
    with pytest.raises(AttributeError, match="'Ahead' has no attribute 'flow'"):
        _ = tracker.ahead.flow
    with pytest.warns(DeprecationWarning, match=r"network\.graph"):
        assert tracker.network("2025").number_of_nodes() > 20
    for name in ("money", "network", "ahead", "scoring", "maps", "plot", "evidence",
                 "money.prices", "money.proposed", "network.idle", "plot.money"):  # fmt: skip
        side = operator.attrgetter(name)(tracker)
        members = [n for n in dir(type(side)) if not n.startswith("_") and n != "t"]
        assert 3 <= len(members) <= 12  # about ten
        assert all(f".{n}:" in repr(side) for n in members)
    with pytest.raises(AttributeError, match="'Tracker' has no attribute 'flow'"):
        _ = tracker.flow


def test_the_newest_quarter_is_the_last_known_whole(tracker):
    assert tracker.last == "2026Q2"
    assert "2025Q4" <= tracker.newest <= tracker.last
    assert tracker.as_of("2022-03-01").newest < "2022Q1"


def test_a_cube_asked_again_is_the_same_and_no_change_of_one_reaches_another(tracker):
    first = tracker.flows(freq="A")
    spoilt = tracker.flows(freq="A")
    spoilt["flow"][:] = -1.0
    spoilt["status"][:] = "changed"
    spoilt["name"][:] = "changed"
    spoilt["flow"].attrs["units"] = "changed"
    spoilt.attrs["freq"] = "changed"
    again = tracker.flows(freq="A")
    assert again.identical(first)
    assert again.attrs["freq"] == "A" and "changed" not in again["name"].values
    one = tracker.flows("blue-stream", freq="A")
    assert one.identical(first.sel(route=["blue-stream"]))


@pytest.mark.slow
def test_a_flow_needs_no_page_no_sources_and_no_update():
    heavy = {"folium", "requests", "networkx", "statsmodels", "duckdb"}
    code = ("import sys, energy; energy.load().flows();"
            f"print(','.join(sorted(set(sys.modules) & {heavy!r})))")  # fmt: skip
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == ""


def test_each_line_to_come_is_answered_for_or_the_missing_fact_is_named(tracker):
    rows = tracker.facts["routes"]
    coming = rows.loc[rows["status"].isin(["proposed", "construction"]), "route"].tolist()
    assert {"power-of-siberia-2", "murmansk-volkhov", "hulin-changchun"} <= set(coming)
    shown = tracker.ahead.shown
    others = ramp.not_projected(tracker.facts, shown["route"].values.tolist())
    assert set(coming) - set(shown["route"].values) == set(coming) & set(others)
    assert others["south-stream"].startswith("is cancelled;")
    with pytest.raises(UsageError, match=r"'murmansk-volkhov' is not projected: it is a line of"):
        tracker.plot.fan("murmansk-volkhov", projection=shown)
    with pytest.raises(
        EnergyError, match=r"add rows with project 'murmansk-volkhov' .* to reference_"
    ):
        tracker.timing("murmansk-volkhov")
    with pytest.raises(
        EnergyError, match="add a row for 'murmansk-volkhov' to project_assumptions"
    ):
        tracker.economics("murmansk-volkhov")


def test_a_line_to_come_without_a_capacity_says_so(tracker):
    tables = dict(tracker.facts)
    rated = tables["route-facts"]
    tables["route-facts"] = rated[rated["route"] != "power-of-siberia-2"]
    why = ramp.not_projected(tables, ["soyuz-vostok"])
    assert why["power-of-siberia-2"] == (
        "has no capacity; add a row with the attribute 'capacity' to route_facts.csv"
    )
    assert "soyuz-vostok" not in why and "nord-stream-1" not in why
