"""Time the balance, set it beside dense least squares and cvxpy, and say how well it foretells.

    python tests/benchmarks/bench_balance.py [--months N]

Solve of the whole history, update by one new figure, leave-one-out over all measurements, quarters left out
against the published cube that spreads a year by a profile, node residual, contradictions, unknown routes.
The contenders solve the same quadratic problem once, on the last N months (dense: 36), each in a process of its own.
"""

from __future__ import annotations

import argparse
import datetime as dt
import resource
import time
from concurrent.futures import ProcessPoolExecutor

import numpy as np


def ours(first: str) -> tuple[float, float]:
    """Return seconds of one linear solve of ours and the peak memory in MB."""
    import scipy.sparse as sp

    from energy import facts
    from energy.balance import estimate, frame, measurements
    from energy.balance.chain import one_thread
    from energy.balance.system import system

    tables = facts.load()
    net = system(tables, dt.date(2025, 12, 31), dt.date.fromisoformat(first))
    told = measurements.measure(tables, net)
    prior, framed = estimate.Prior(net), frame.Frame.of(net)
    rows = sp.csr_matrix(frame.matrix(told, *net.weight.shape) @ framed.into)
    value, error = (told.table[c].to_numpy(dtype=float) for c in ("value", "shared_error"))
    start = time.perf_counter()
    diagonal, beside, pull = prior.normal(np.ones_like(net.weight))
    right = framed.gather(pull) + rows.T @ (value / error**2)
    normal = frame.Normal(framed, rows, estimate.QUARTER)
    with one_thread():
        normal.chain(1 / error**2, diagonal, beside).solve(right)
    return time.perf_counter() - start, peak()


def problem(first: str) -> tuple:
    """Return the same problem as rows: matrix (sparse), goal, over the free coordinates."""
    import scipy.sparse as sp

    from energy import facts
    from energy.balance import estimate, frame, measurements
    from energy.balance.system import system

    tables = facts.load()
    net = system(tables, dt.date(2025, 12, 31), dt.date.fromisoformat(first))
    told = measurements.measure(tables, net)
    arcs, months = net.weight.shape
    prior, framed = estimate.Prior(net), frame.Frame.of(net)
    error = told.table["shared_error"].to_numpy(dtype=float)
    measured = sp.diags(1 / error) @ frame.matrix(told, arcs, months)
    now = (prior.scale * np.sqrt(prior.precision)).T.ravel()
    scale = np.zeros_like(prior.scale)
    scale[:, 1:] = prior.scale[:, :-1]
    before = (prior.stay * scale * np.sqrt(prior.precision)).T.ravel()[arcs:]
    change = sp.diags([now, -before], [0, -arcs])
    goal = [
        told.table["value"].to_numpy(dtype=float) / error,
        (prior.offset * np.sqrt(prior.precision)).T.ravel(),
    ]
    return sp.vstack([measured, change]) @ framed.into, np.concatenate(goal)


def dense(first: str) -> tuple[float, float]:
    """Return seconds and peak MB of one dense least squares."""
    matrix, goal = problem(first)
    start = time.perf_counter()
    np.linalg.lstsq(matrix.toarray(), goal, rcond=None)
    return time.perf_counter() - start, peak()


def cvxpy(first: str) -> tuple[float, float]:
    """Return seconds and peak MB of cvxpy with its default solver."""
    import cvxpy as cp

    matrix, goal = problem(first)
    start = time.perf_counter()
    z = cp.Variable(matrix.shape[1])
    cp.Problem(cp.Minimize(cp.sum_squares(matrix @ z - goal))).solve()
    return time.perf_counter() - start, peak()


def robust(first: str) -> tuple[float, float]:
    """Return seconds and peak MB of our whole search: Huber, then Student's t, and the bounds."""
    from energy import facts
    from energy.balance import estimate, measurements
    from energy.balance.system import system

    tables = facts.load()
    net = system(tables, dt.date(2025, 12, 31), dt.date.fromisoformat(first))
    told = measurements.measure(tables, net)
    start = time.perf_counter()
    estimate.reconcile(net, told)
    return time.perf_counter() - start, peak()


def cvxpy_robust(first: str) -> tuple[float, float]:
    """Return seconds and peak MB of cvxpy with its default solver: Huber's loss and the bounds.

    It is the convex part of our problem; Student's t, which forgets an outlier, cannot be stated.
    """
    import cvxpy as cp

    from energy import facts
    from energy.balance import estimate, frame, measurements
    from energy.balance.system import system

    matrix, goal = problem(first)
    tables = facts.load()
    net = system(tables, dt.date(2025, 12, 31), dt.date.fromisoformat(first))
    figures, into = len(measurements.measure(tables, net)), frame.Frame.of(net).into
    low, high = net.low.T.ravel(), net.high.T.ravel()
    lower = np.isfinite(low) & (net.weight.T.ravel() > 0)
    upper = np.isfinite(high) & (net.weight.T.ravel() > 0)
    start = time.perf_counter()
    z = cp.Variable(matrix.shape[1])
    loss = cp.sum(cp.huber(matrix[:figures] @ z - goal[:figures], estimate.CONVEX))
    prior = cp.sum_squares(matrix[figures:] @ z - goal[figures:])
    bounds = [into[lower] @ z >= low[lower], into[upper] @ z <= high[upper]]
    cp.Problem(cp.Minimize(loss + prior), bounds).solve()
    return time.perf_counter() - start, peak()


def peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def alone(work, first: str) -> str:
    """Run a contender in a process of its own; say so where it cannot run."""
    with ProcessPoolExecutor(1) as pool:
        try:
            seconds, memory = pool.submit(work, first).result()
        except Exception as error:  # a contender that is not installed is no result of ours
            return f"not run ({type(error).__name__}: {error})"
    return f"{seconds:8.2f} s  {memory:7.0f} MB"


def main(months: int) -> None:
    from energy import facts
    from energy.balance import estimate, kept, verdicts
    from energy.balance.cube import flow_cube

    tables = facts.load()
    start = time.perf_counter()
    made = estimate.solve(tables)
    print(f"whole history, search of {made.rounds} rounds: {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    kept.condense(made)
    print(f"exact variances, verdicts: {time.perf_counter() - start:.2f} s")
    start = time.perf_counter()
    made.with_figure({"power-of-siberia-1": 1.0}, "2025-06", 3.3, 0.02)
    print(f"update by one figure: {time.perf_counter() - start:.3f} s")
    first = dt.date(2026 - max(months // 12, 1), 1, 1).isoformat()
    for name, work, begin in (("ours", ours, "2006-01-01"), ("ours", ours, first),
                              ("cvxpy", cvxpy, "2006-01-01"), ("dense", dense, "2023-01-01")):  # fmt: skip
        print(f"one linear solve from {begin}, {name:6s} {alone(work, begin)}")
    for name, work in (("ours", robust), ("cvxpy", cvxpy_robust)):
        print(f"robust and bounded, whole history, {name:6s} {alone(work, '2006-01-01')}")
    table = verdicts.verdicts(made)
    witnesses = (table["score"].abs() < 1.2816).groupby(table["witness"]).mean()
    print(
        f"leave one out: {len(table)} figures, {len(witnesses)} witnesses, "
        f"{witnesses.mean():.1%} inside the 80 % interval; "
        f"median absolute error {(table['value'] - table['without']).abs().median():.3f} bcm"
    )
    print(table["verdict"].value_counts().to_string())
    profile(tables, table)
    arcs = made.net.arcs
    nodes = sorted((set(arcs["from_node"]) | set(arcs["to_node"])) - {""})
    worst = max(np.abs((1.0 * (arcs["to_node"] == n) - (arcs["from_node"] == n)).to_numpy() @ made.flow).max()
                for n in nodes)  # fmt: skip
    print(f"worst node residual: {worst:.1e} bcm")
    cube = flow_cube(tables, "A", first="2025", last="2025")
    built = tables["routes"].set_index("route")["status"].isin(["operating", "idle", "destroyed"])
    flow = cube["flow"][:, 0].to_pandas()
    print("built routes without a flow:", [r for r in built.index[built] if np.isnan(flow[r])])


def profile(tables, table) -> None:
    """Leave quarters out of both: a figure goes with every shorter one of its line that tells it.

    Otherwise either method subtracts the months around a figure from its quarter, and only says how
    well two copies of one meter agree.
    """
    from energy import flows
    from energy.balance import estimate, kept
    from energy.measure import periods

    volumes = tables["volumes"]
    spans = {text: periods.parse(text) for text in set(volumes["period"])}
    told = table[(table["series"] == "flow") & table["period"].str.fullmatch(r"\d{4}Q\d")]
    told = told[(told["period"] >= "2014") & (told["value"] > 0.05)]
    told = told[told["verdict"] != "contradicted"].drop_duplicates(["entity", "period"]).iloc[3::6]
    rows = []
    for row in told.itertuples():
        quarter = spans[row.period]
        inside = {t for t, s in spans.items() if s.start < quarter.end and quarter.start < s.end
                  and (s.end - s.start).days < 360}  # fmt: skip
        mine = (volumes["entity"] == row.entity) & volumes["series"].str.startswith("flow")
        less = tables.replaced({"volumes": volumes[~(mine & volumes["period"].isin(inside))]})
        cube = flows.build(less, "Q", first=row.period, last=row.period)
        ours_ = kept.condense(estimate.solve(less)).table(row.entity, "Q")
        cell = ours_.loc[np.datetime64(quarter.start)]
        spread = float(cube["flow"].sel(route=row.entity).values[0])
        rows.append((row.value, spread, *cell))
    value, spread, flow, low, high = np.array(rows, dtype=float).T
    both = np.isfinite(spread)
    theirs, mine = abs(spread - value)[both], abs(flow - value)[both]
    print(f"{len(rows)} quarters left out of both, {both.sum()} of which the profile answers: median error "
          f"profile {np.median(theirs):.3f} bcm, balance {np.median(mine):.3f} bcm; "
          f"mean {theirs.mean():.3f}, {mine.mean():.3f}; "
          f"of the flow {np.median(theirs / value[both]):.1%}, {np.median(mine / value[both]):.1%}; "
          f"balance nearer in {(mine < theirs).sum()}; all inside its 80 % interval: "
          f"{((low <= value) & (value <= high)).mean():.0%}")  # fmt: skip


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--months", type=int, default=60)
    main(parser.parse_args().months)
