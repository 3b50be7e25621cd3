"""The engine: laws every result obeys, small cases by hand, and the same bytes everywhere."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from energy import projection
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, UnknownName
from energy.projection import charts, ramp, scenarios, simulate

pytestmark = pytest.mark.slow

P = 12


def one(base=1.0, cap=10.0, added=0.0, noise=0.0, white=0.0, start=np.inf, ramp_=4.0, halt=0.0,
        restart=0.0, end=np.inf, keep=0.0, lapse=1.0, loads=(0, 0, 0), market="china", count=P):  # fmt: skip
    """A route spec with plain numbers; quarters."""

    def flat(value, shape=(count,)):
        return np.full(shape, value, dtype=np.float32)

    smooth = np.zeros((ramp.MODES, count), dtype=np.float32)
    smooth[0] = noise
    return ramp.RouteSpec(flat(base), flat(added), smooth, flat(white), flat(cap), flat(start, (1,)),
                          flat(ramp_, (1,)), halt, restart, 0.0, (end, end), keep, lapse,
                          np.array(loads, dtype=np.float32), market)  # fmt: skip


def run(*specs, draws=4000, seed=0, leaves=None, years=(), **more):
    """Run one route whose variants are `specs`, each a leaf with the probability in `leaves`."""
    plan = simulate.plan_of(["pipe"], [list(specs)], [True], years)
    weights = leaves or [1.0]
    case = simulate.Case(
        np.cumsum(weights), np.arange(len(weights))[:, None], np.zeros((len(weights), 2))
    )
    return simulate.run(plan, case, draws, seed, **more), plan, case


def several(routes=6, seed=3):
    """Routes of every kind, two of them with two variants."""
    rng = np.random.default_rng(seed)
    specs = []
    for r in range(routes):
        first = one(base=rng.uniform(0, 5), cap=6, added=rng.uniform(0, 3), noise=0.3, white=0.2, start=3.5,
                    halt=0.03, restart=0.1, end=8.0 if r % 2 else np.inf, keep=0.3, loads=(0.5, 0.1, 0.3))  # fmt: skip
        specs.append([first, one(base=2.0, noise=0.2)] if r < 2 else [first])
    names = [f"r{r}" for r in range(routes)]
    plan = simulate.plan_of(names, specs, [True] * routes, [0, 4, 8])
    variant = np.array([[0] * routes, [1, 1] + [0] * (routes - 2)])
    return plan, simulate.Case(np.array([0.7, 1.0]), variant, np.zeros((2, 2)))


# ---- worked by hand ----------------------------------------------------------------------------


def test_without_noise_the_flow_is_the_base():
    tally, plan, _ = run(one(base=2.5))
    assert tally.mean[0] == pytest.approx(np.full(P, 2.5))
    assert tally.quantile([0.1, 0.5, 0.9], plan)[:, 0] == pytest.approx(
        np.full((3, P), 2.5), abs=10 / 1024
    )


def test_a_line_that_starts_mid_way_climbs_straight():
    # starts at quarter 2, four quarters to its plateau of 8: middles 0.5, 1.5, 2.5 of 4
    tally, _, _ = run(one(base=0, added=8, start=2.0))
    assert tally.mean[0, :7] == pytest.approx([0, 0, 1, 3, 5, 7, 8])


def test_a_dated_end_cuts_the_quarter_and_keeps_a_share():
    # whole to quarter 4, a quarter of quarter 4 whole, then 20 % of 10
    tally, _, _ = run(one(base=10, cap=10, end=4.25, keep=0.2))
    assert tally.mean[0, 3:6] == pytest.approx([10, 10 * (0.25 + 0.75 * 0.2), 2])


def test_a_contract_may_lapse_or_not():
    tally, _, _ = run(one(base=4, end=4.0, lapse=0.25), draws=40_000)
    assert tally.mean[0, 6] == pytest.approx(3, rel=0.02)


def test_a_halt_comes_at_its_hazard():
    # the share still flowing after 8 quarters is exp(-8 x 0.1); the mean of quarter 8 lies within it
    tally, _, _ = run(one(base=1, halt=0.1), draws=60_000)
    within = (np.exp(-0.8) - np.exp(-0.9)) / 0.1
    # the hazard of a draw is scaled by a shared factor of mean 1, so survival is a little higher
    assert within < tally.mean[0, 8] < within * 1.35


def test_after_a_halt_it_may_flow_again():
    tally, _, _ = run(one(base=1, halt=0.2, restart=0.5), draws=20_000)
    never, _, _ = run(one(base=1, halt=0.2), draws=20_000)
    assert tally.mean[0, -1] > never.mean[0, -1] + 0.3


def test_the_mixture_weighs_its_leaves():
    tally, plan, _ = run(one(base=2), one(base=6), leaves=[0.75, 0.25], draws=40_000)
    assert tally.mean[0] == pytest.approx(np.full(P, 0.75 * 2 + 0.25 * 6), rel=1e-3)
    assert tally.quantile([0.5, 0.8], plan)[:, 0, 0] == pytest.approx([2, 6], abs=0.02)


def test_volumes_of_the_draws_in_which_gas_flows():
    """A quarter of the draws has no gas, half has 2, a quarter 6: where gas flows P10 and P50 are 2."""
    tally, plan, _ = run(
        one(base=0), one(base=2), one(base=6), leaves=[0.25, 0.5, 0.25], draws=8192
    )
    assert tally.quantile([0.1, 0.5, 0.9], plan)[:, 0, 0] == pytest.approx([0, 2, 6], abs=0.02)
    found = tally.while_flowing([0.1, 0.5, 0.9], plan, 0.005)
    assert found[:, 0, 0] == pytest.approx([2, 2, 6], abs=0.02)
    assert np.isnan(found[:, 1]).all()  # a market's sum has no lines to wait for
    assert np.isnan(tally.while_flowing([0.5], plan, 0.8)[0, 0]).all()  # it flows in 0.75


def test_noise_has_its_standard_deviation():
    tally, plan, _ = run(one(base=5, cap=10, white=0.1), draws=100_000)
    low, high = tally.quantile([0.1587, 0.8413], plan)[:, 0]
    assert (high - low) / 2 == pytest.approx(np.full(P, 0.5), rel=0.03)


def test_shared_drivers_correlate_routes():
    def paths(load):
        specs = [[one(base=5, noise=0.1, loads=(load, 0, 0))] for _ in range(2)]
        plan = simulate.plan_of(["a", "b"], specs, [True, True])
        case = simulate.Case(np.ones(1), np.zeros((1, 2), dtype=int), np.zeros((1, 2)))
        return simulate.raw(plan, case, 20_000)

    apart, together = paths(0.0), paths(0.8)
    assert abs(np.corrcoef(apart[0, 0], apart[1, 0])[0, 1]) < 0.03
    assert np.corrcoef(together[0, 0], together[1, 0])[0, 1] == pytest.approx(0.64, abs=0.03)
    assert together[0].std() == pytest.approx(apart[0].std(), rel=0.03)


def test_years_are_sums_of_their_quarters_draw_by_draw():
    tally, plan, case = run(one(base=2, noise=0.3, white=0.2), years=(0, 4))
    raw = simulate.raw(plan, case, 4000)[0]
    year = raw[4:8].sum(axis=0)
    assert tally.mean[0, P + 1] == pytest.approx(year.mean(), rel=1e-5)
    assert tally.quantile([0.5], plan)[0, 0, P + 1] == pytest.approx(
        np.quantile(year, 0.5), abs=40 / 1024
    )


# ---- laws --------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(base=st.floats(0, 20), cap=st.floats(0, 15), added=st.floats(0, 20), noise=st.floats(0, 2),
       white=st.floats(0, 2), halt=st.floats(0, 1), keep=st.floats(0, 1), end=st.floats(0, 20))  # fmt: skip
def test_within_capacity_and_quantiles_ordered(base, cap, added, noise, white, halt, keep, end):
    spec = one(base=base, cap=cap, added=added, noise=noise, white=white, halt=halt, keep=keep, end=end,
               start=2.0, restart=0.2)  # fmt: skip
    tally, plan, case = run(spec, draws=300)
    raw = simulate.raw(plan, case, 300)
    assert raw.min() >= 0 and raw.max() <= np.float32(cap)
    assert tally.counts.sum(axis=-1).tolist() == np.full(tally.counts.shape[:2], 300).tolist()
    found = tally.quantile([0.0, 0.1, 0.5, 0.9, 1.0], plan)
    assert (np.diff(found, axis=0) >= 0).all()
    assert found.min() >= 0 and (found[:, 0] <= np.float32(cap) * (1 + 1e-6)).all()


@pytest.mark.parametrize("seed", [0, 7])
def test_quantiles_are_exact_to_one_bin_and_means_exact(seed):
    plan, case = several()
    draws = 9000
    tally, raw = simulate.run(plan, case, draws, seed), simulate.raw(plan, case, draws, seed)
    found = tally.quantile([0.1, 0.5, 0.9], plan)[:, : len(plan.routes), :P]
    exact = np.quantile(raw, [0.1, 0.5, 0.9], axis=2)
    assert (
        np.abs(found - exact) <= plan.bounds[: len(plan.routes), :P] / simulate.BINS * 1.001
    ).all()
    assert tally.mean[: len(plan.routes), :P] == pytest.approx(
        raw.mean(axis=2, dtype=float), rel=1e-5
    )
    total = raw.sum(axis=0)
    row = simulate.rows(plan).index(("exports", "all"))
    assert tally.mean[row, :P] == pytest.approx(total.mean(axis=1, dtype=float), rel=1e-5)
    close = np.quantile(total, [0.1, 0.5, 0.9], axis=1)
    assert (
        np.abs(tally.quantile([0.1, 0.5, 0.9], plan)[:, row, :P] - close).max()
        < 36 * 2 / simulate.BINS
    )


def test_the_same_bytes_on_one_two_and_three_workers():
    plan, case = several()
    found = [simulate.run(plan, case, 20_000, 5, workers=w) for w in (1, 2, 3)]
    assert len({t.counts.tobytes() for t in found}) == 1
    assert len({t.sums.tobytes() for t in found}) == 1
    assert simulate.run(plan, case, 20_000, 6).counts.tobytes() != found[0].counts.tobytes()


def test_a_route_draws_the_same_whatever_stands_beside_it():
    plan, case = several(6)
    fewer, few = several(3)
    raw = simulate.raw(plan, simulate.Case(np.ones(1), case.variant[:1], case.means[:1]), 500)
    part = simulate.raw(fewer, simulate.Case(np.ones(1), few.variant[:1], few.means[:1]), 500)
    assert np.array_equal(raw[:3], part)


@pytest.mark.parametrize("base", [1.0, 0.0], ids=["flows", "to be built"])
@pytest.mark.parametrize("end", [(np.inf, np.inf), (4.0, 4.0), (2.0, 9.0)])
@pytest.mark.parametrize("lapse", [0.0, 0.5, 1.0])
def test_numba_sets_the_same_dates(base, end, lapse):
    fast = pytest.importorskip("energy.projection.fast", reason="numba is not installed")
    rng = np.random.default_rng(2)
    spec = ramp.RouteSpec(
        base=np.full(3, base, np.float32), added=np.zeros(3, np.float32),
        noise=np.zeros((4, 3), np.float32), white=np.zeros(3, np.float32),
        cap=np.ones(3, np.float32), start=np.linspace(1, 6, 7, dtype=np.float32),
        ramp=np.array([2, 8], np.float32), halt=0.1, restart=0.2, since=2.0, end=end, keep=0.3,
        lapse=lapse, loads=np.zeros(3, np.float32), market="x",
    )  # fmt: skip
    uniform = rng.random((5, 3000), dtype=np.float32)
    frailty = rng.lognormal(size=3000).astype(np.float32)
    for name in ("start", "pace", "first", "second", "last", "kept"):
        one, other = (
            getattr(made.switches(spec, uniform, frailty), name) for made in (simulate, fast)
        )
        np.testing.assert_allclose(other, one, rtol=1e-5, err_msg=name)


def test_numba_agrees_within_one_bin():
    pytest.importorskip("numba", reason="numba is not installed (extra: fast)")
    plan, case = several()
    plain, fast = (simulate.run(plan, case, 20_000, engine=name) for name in ("numpy", "numba"))
    levels = [0.1, 0.5, 0.9]
    gap = np.abs(plain.quantile(levels, plan) - fast.quantile(levels, plan))
    assert (gap[:, : len(plan.routes)] <= plan.bounds[: len(plan.routes)] / simulate.BINS).all()
    assert fast.mean == pytest.approx(plain.mean, rel=1e-4, abs=1e-5)
    twice = simulate.run(plan, case, 20_000, engine="numba", workers=2)
    assert twice.counts.tobytes() == fast.counts.tobytes()


def test_memory_stays_flat_from_100k_to_1m_draws():
    if not Path("/proc/self/status").exists():
        pytest.skip("the peak of a process is read from Linux's own book-keeping")
    root = Path(__file__).parents[1]
    code = """
import re, sys
from pathlib import Path
sys.path.insert(0, "tests")
from test_projection_simulate import several
from energy.projection import simulate
plan, case = several(4)
simulate.run(plan, case, int(sys.argv[1]), workers=2)
print(re.search("VmHWM:[^0-9]*([0-9]+) kB", Path("/proc/self/status").read_text())[1])
"""
    peaks = []
    for draws in (100_000, 1_000_000):
        done = subprocess.run([sys.executable, "-c", code, str(draws)], cwd=root, capture_output=True,
                              text=True, check=True)  # fmt: skip
        peaks.append(int(done.stdout) / 1024)  # MB; ru_maxrss would start at the parent's size
    assert peaks[1] < peaks[0] * 1.1
    assert max(peaks) < 500


# ---- a cluster ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def cluster():
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed (extra: cluster)"
    )
    made = distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True,
                                    dashboard_address=":0", silence_logs=50)  # fmt: skip
    yield made
    made.close()


@pytest.mark.filterwarnings("default")
def test_two_processes_of_dask_give_the_same_bytes(cluster):
    plan, case = several()
    here = simulate.run(plan, case, 20_000, 5, workers=1)
    there = simulate.run(plan, case, 20_000, 5, scheduler=cluster.scheduler_address)
    assert there.counts.tobytes() == here.counts.tobytes()
    assert there.sums.tobytes() == here.sums.tobytes()
    assert there.draws == 20_000


@pytest.mark.filterwarnings("default")
def test_a_scheduler_that_does_not_answer():
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    with pytest.raises(
        EnergyError, match=r"Scheduler 'tcp://127.0.0.1:9' does not answer within 0.5 s"
    ):
        simulate.connect("tcp://127.0.0.1:9", patience=0.5)
    with pytest.raises(EnergyError, match="Scheduler 'nonsense://x' does not answer"):
        simulate.connect("nonsense://x", patience=0.5)


@pytest.mark.filterwarnings("default")
def test_a_port_that_is_open_and_says_nothing():
    pytest.importorskip("distributed", reason="Dask is not installed (extra: cluster)")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises(EnergyError, match=r"does not answer within 0\.5 s; start it"):
            simulate.connect(address, patience=0.5)


@pytest.mark.filterwarnings("default")
def test_a_scheduler_without_workers():
    distributed = pytest.importorskip(
        "distributed", reason="Dask is not installed (extra: cluster)"
    )
    with (
        distributed.LocalCluster(
            n_workers=0, dashboard_address=":0", silence_logs=50, processes=True
        ) as empty,
        pytest.raises(EnergyError, match=r"has no worker after 0\.5 s; start one \(dask worker"),
    ):
        simulate.connect(empty.scheduler_address, patience=0.5)


def test_without_dask_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(MissingExtra, match=r"energy-trade-tracker\[cluster\]"):
        simulate.connect("tcp://127.0.0.1:9")


def test_without_numba_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "numba", None)
    monkeypatch.delitem(sys.modules, "energy.projection.fast", raising=False)
    monkeypatch.delattr(projection, "fast", raising=False)
    with pytest.raises(MissingExtra, match=r"energy-trade-tracker\[fast\]"):
        simulate.kernels("numba")


# ---- bad input ---------------------------------------------------------------------------------


@pytest.mark.parametrize("draws", [0, -5, 2.5, True, "many"])
def test_draws_must_be_a_whole_number(draws):
    with pytest.raises(EnergyError, match=r"draws is .*whole number of 1 or more"):
        run(one(), draws=draws)


@pytest.mark.parametrize("seed", [-1, 0.5, True, "x"])
def test_a_seed_must_be_a_whole_number(seed):
    with pytest.raises(EnergyError, match=r"seed is .*; give a whole number of 0 or more"):
        run(one(), seed=seed)


def test_workers_engine_and_capacity():
    with pytest.raises(EnergyError, match="workers is 0"):
        run(one(), workers=0)
    with pytest.raises(EnergyError, match="Engine 'cuda' is unknown; use 'numpy' or 'numba'"):
        run(one(), engine="cuda")
    with pytest.raises(
        EnergyError, match=r"Route 'pipe' has capacity -1.0; it must be zero or more"
    ):
        run(one(cap=-1))
    with pytest.raises(EnergyError, match="capacity nan"):
        run(one(cap=np.nan))


def test_raw_draws_are_for_few():
    plan, case = several()
    with pytest.raises(EnergyError, match="more than 1 GB; ask for fewer draws"):
        simulate.raw(plan, case, 10_000_000)


# ---- the whole ---------------------------------------------------------------------------------


class Stub:
    """A reference class that knows one thing: first gas in 2030 to 2034, never in a third."""

    def sample(self, rng, n):
        return np.where(rng.random(n) < 1 / 3, np.inf, rng.uniform(2030, 2034, n))

    def ramp(self, rng, n):
        return np.full(n, 4.0)


def stub(tables, route, as_of):
    return Stub()


@pytest.fixture(scope="module")
def cube(tracker):
    return tracker.flows()


@pytest.fixture(scope="module")
def result(tracker, cube):
    return projection.project(
        tracker.facts, cube, timing=stub, draws=3000, quantiles=(0.9, 0.1, 0.5)
    )


def test_dims_names_and_units(result):
    assert result["flow"].dims == ("scenario", "route", "period", "quantile")
    assert result["quantile"].values.tolist() == [0.1, 0.5, 0.9]
    assert {"baseline", "mixture", "pos2-signed"} <= set(result["scenario"].values)
    assert str(result["period"].values[-1])[:10] == "2040-10-01"
    assert result["flow"].attrs["units"] == "bcm at 20 °C a quarter"
    assert result["revenue_year"].dims == ("scenario", "route", "year", "quantile")


def test_laws_of_the_whole_result(result):
    for name in ("flow", "flow_year", "exports", "exports_year", "revenue", "market_revenue"):
        steps = result[name].diff("quantile")
        assert bool(((steps >= -1e-9) | steps.isnull()).all()), name
    ahead = result["flow"].where(~result["known"])
    assert bool(((ahead <= result["capacity"] * (1 + 1e-6)) | ahead.isnull()).all())
    assert float(ahead.min()) >= 0
    whole = result["flow_mean"].where(result["period"].dt.year >= 2027, drop=True)
    sums = whole.groupby("period.year").sum().sel(route="blue-stream", year=2035)
    assert sums.values == pytest.approx(
        result["flow_year_mean"].sel(route="blue-stream", year=2035).values, rel=1e-4
    )


def test_exports_are_the_sum_of_their_routes(result, tracker):
    roles = tracker.facts["routes"].set_index("route")["role"]
    mine = [r for r in result["route"].values if roles[r] == "export"]
    total = result["flow_year_mean"].sel(route=mine).sum("route").sel(year=2035)
    assert result["exports_year_mean"].sel(market="all", year=2035).values == pytest.approx(
        total.values, rel=1e-4
    )


def test_the_mixture_lies_between_its_scenarios(result):
    at = result["flow_year_mean"].sel(route="power-of-siberia-2", year=2038)
    assert float(at.sel(scenario="pos2-never")) == 0
    assert 0 < float(at.sel(scenario="mixture")) < float(at.sel(scenario="pos2-signed"))
    assert float(result["flowing"].sel(route="power-of-siberia-2", scenario="baseline")[-1]) == pytest.approx(
        2 / 3, abs=0.05)  # the stub: never in a third  # fmt: skip


def test_known_figures_stand(result, cube):
    at = {"route": "turkstream-2", "period": "2026-01-01"}
    assert bool(result["known"].sel(at))
    assert np.unique(result["flow"].sel(at)) == pytest.approx(float(cube["flow"].sel(at)))


def test_what_has_no_price_has_no_revenue(result):
    assert bool(result["revenue"].sel(route="central-asia-center").isnull().all())
    assert bool(result["market_revenue"].sel(market="central-asia").isnull().all())
    assert (
        float(
            result["revenue_year_mean"].sel(
                route="power-of-siberia-1", scenario="mixture", year=2030
            )
        )
        > 5000
    )


def test_what_the_years_before_brought_stands_beside(result, tracker, cube):
    past = result["revenue_before"]
    assert past["past_year"].values.tolist() == list(range(2015, 2022))
    export = tracker.facts["routes"].query("role == 'export'")["route"].tolist()
    year = cube[["flow", "revenue"]].sel(route=export, period="2021").to_dataframe().reset_index()
    unpriced = year[(year["flow"] > 0) & year["revenue"].isna()]["route"]
    whole = year[~year["route"].isin(unpriced)]["revenue"].sum()
    assert past.sel(past_year=2021).item() == pytest.approx(whole, rel=1e-9)
    # the price of Belarus stands for one quarter of 2021 only: 5.83 bcm at 128.5 USD are no year
    part = year[year["route"].isin(unpriced)].groupby("route")["revenue"].sum()
    assert part[part > 0].to_dict() == {"northern-lights": pytest.approx(5.831 * 128.5, rel=0.01)}


@pytest.mark.parametrize(
    ("line", "copy"),
    [
        ("power-of-siberia-2", "soyuz-vostok"),
        ("power-of-siberia-1", "china-russia-east"),
        ("far-eastern-route", "hulin-changchun"),
    ],
)
def test_a_copy_flows_with_its_line(result, line, copy):
    one_, two = (result["flow_mean"].sel(route=r).values for r in (line, copy))
    assert np.array_equal(one_, two) and one_.max() > 0


def test_a_copy_enters_no_sum(result):
    parts = ["power-of-siberia-1", "power-of-siberia-2", "far-eastern-route"]
    china = result["exports_mean"].sel(market="china", scenario="mixture").values
    mine = result["flow_mean"].sel(route=parts, scenario="mixture").sum("route").values
    other = result["flow_mean"].sel(route="russia-kazakhstan-china", scenario="mixture").values
    assert china == pytest.approx(mine + other, rel=1e-4)


def test_attributes_carry_every_assumption(result, tracker):
    attrs = result.attrs
    assert (attrs["seed"], attrs["draws"], attrs["as_of"]) == (0, 3000, tracker.edition)
    rows = json.loads(attrs["assumptions"])
    assert any(row["where"] == "rules.overload" for row in rows)
    assert sum(json.loads(attrs["probabilities"])["pos2"].values()) == pytest.approx(1)
    assert json.loads(attrs["answers"])["pos2-signed"]["pos2"] == "signed"
    assert json.loads(attrs["learned"])["delivery"]["years"] >= 5


def test_the_result_can_be_written(result, tmp_path):
    result.to_netcdf(tmp_path / "p.nc", engine="h5netcdf")
    assert (tmp_path / "p.nc").stat().st_size > 10_000


def test_the_same_seed_gives_the_same_dataset(tracker, cube):
    made = [projection.project(tracker.facts, cube, timing=stub, draws=5000, scenarios="mixture", workers=w)
            for w in (1, 3)]  # fmt: skip
    assert made[0].identical(made[1])


def test_a_custom_scenario(tracker, cube):
    custom = {
        "name": "no-turkey",
        "set": [{"route": "blue-stream", "what": "end", "value": 2030.0}],
    }
    made = projection.project(
        tracker.facts, cube, timing=stub, scenarios=custom, draws=500, revenue=False
    )
    assert made["scenario"].values.tolist() == ["baseline", "no-turkey", "mixture"]
    assert float(made["flow_mean"].sel(route="blue-stream", scenario="no-turkey")[-1]) == 0
    assert "revenue" not in made


def test_raw_paths_agree_with_the_quantiles(tracker, cube):
    drawn = projection.paths(tracker.facts, cube, scenario="baseline", draws=3000, timing=stub)
    made = projection.project(
        tracker.facts, cube, scenarios="baseline", draws=3000, timing=stub, revenue=False
    )
    assert drawn.dims == ("route", "period", "draw")
    exact = drawn.sel(route="blue-stream").quantile(0.5, "draw").values
    found = made["flow"].sel(route="blue-stream", quantile=0.5, scenario="baseline").values
    cap = made["capacity"].sel(route="blue-stream").values
    assert (np.abs(exact - found) <= cap / simulate.BINS * 2).all()  # neighbours may lie apart


def test_what_was_known_then(tracker):
    def known(tables, date):
        rows = tables["volumes"]
        rows = rows[(rows["published"] != "") & (rows["published"] <= date)]
        return tables.replaced({"volumes": rows})

    made = projection.paths(tracker.facts, tracker.flows(), as_of="2022-01-31", until="2024", draws=50,
                            known=known, timing=stub)  # fmt: skip
    assert made.attrs["as_of"] == "2022-01-31"
    assert str(made["period"].values[0])[:4] in ("2021", "2022")


def test_bad_input_of_the_whole(tracker, cube):
    facts = tracker.facts
    with pytest.raises(PeriodError, match="Horizon '2020' ends before the last datum"):
        projection.project(facts, cube, until="2020", timing=stub)
    with pytest.raises(EnergyError, match="draws is 0"):
        projection.project(facts, cube, draws=0, timing=stub)
    with pytest.raises(EnergyError, match=r"Quantiles \[0.5, 1.2\] must be numbers from 0 to 1"):
        projection.project(facts, cube, quantiles=[0.5, 1.2], timing=stub)
    with pytest.raises(EnergyError, match=r"quantiles=\[0.5, nan\] is of type list"):
        projection.project(facts, cube, quantiles=[0.5, np.nan], timing=stub)
    with pytest.raises(EnergyError, match="seed is -1; give a whole number"):
        projection.project(facts, cube, seed=-1, timing=stub)
    with pytest.raises(UnknownName, match="Unknown scenario 'doom'"):
        projection.project(facts, cube, scenarios=["doom"], timing=stub)
    with pytest.raises(DataError, match=r"sum to 1\.3, not 1"):
        odd = {"probabilities": {"oil": {"high": 0.9, "low": 0.4}}}
        projection.project(facts, cube, scenarios=odd, timing=stub)
    with pytest.raises(DataError, match="Unknown route 'blue-streem'; near: blue-stream"):
        odd = {"set": [{"route": "blue-streem", "what": "end", "value": 2030}]}
        projection.project(facts, cube, scenarios=odd, timing=stub)
    with pytest.raises(DataError, match="capacity -3 is negative"):
        projection.project(
            facts, cube, scenarios={"route": {"blue-stream": {"capacity": -3}}}, timing=stub
        )


# ---- pictures ----------------------------------------------------------------------------------


def test_fan_chart_shows_history_solid_and_projection_hatched(result, cube, tracker):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    ax = charts.fan(result, "turkstream-2", cube, events=tracker.events)
    fans = [c for c in ax.collections if c.get_hatch()]
    solid = [line for line in ax.lines if line.get_label() == "history"]
    assert len(fans) == 1 and len(solid) == 1
    assert solid[0].get_linestyle() == "-"
    assert any("E075" in text.get_text() for text in ax.texts)  # the EU ban ahead
    year = charts.fan(result, "all", variable="exports", by="year")
    assert year.get_title() == "all"
    bars = charts.tornado(scenarios.tornado(scenarios.load(), result))
    assert len(bars.patches) >= 5
    matplotlib.pyplot.close("all")


def test_fan_chart_of_what_is_not_there(result):
    pytest.importorskip("matplotlib")
    with pytest.raises(UnknownName, match="Unknown route 'blue-streem'; near: blue-stream"):
        charts.fan(result, "blue-streem")
    with pytest.raises(UnknownName, match="Unknown variable 'colour'"):
        charts.fan(result, "blue-stream", variable="colour")
    with pytest.raises(EnergyError, match="by is 'week'"):
        charts.fan(result, "blue-stream", by="week")
