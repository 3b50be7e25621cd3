"""What may come, as distributions under stated assumptions: never called a forecast.

`project` turns facts, cube and the tree of assumptions into a Dataset of quantiles; `paths` gives
raw draws of few. Learning is in `learned`, what a route may carry in `ramp`, first gas of proposed
lines in `timing`, assumptions in `scenarios`, prices in `money`, the engine in `simulate`, the
score against the past in `backtest`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from energy import facts, flows
from energy.errors import EnergyError, checked
from energy.projection import money, ramp, scenarios, simulate, widths
from energy.projection import scenarios as trees  # where a parameter is called `scenarios`

if TYPE_CHECKING:
    from energy.projection import timing

QUANTILES = (0.1, 0.5, 0.9)  # what is told everywhere
RARE = 0.005
"""Share of draws with gas below which the volume of those draws is left out: it would be noise."""
VARIABLES = {
    "flow": ("Projected flow", "bcm at 20 °C a quarter"),
    "flow_year": ("Projected flow of a calendar year", "bcm at 20 °C a year"),
    "revenue": ("Projected flow times modelled border price", "million USD a quarter"),
    "revenue_year": ("Projected revenue of a calendar year", "million USD a year"),
    "exports": ("Projected exports by pipe, by market", "bcm at 20 °C a quarter"),
    "exports_year": ("Projected exports by pipe of a calendar year", "bcm at 20 °C a year"),
    "market_revenue": ("Projected revenue by market", "million USD a quarter"),
    "market_revenue_year": ("Projected revenue by market of a calendar year", "million USD a year"),
    "revenue_rub": ("Projected revenue of all markets in roubles", "billion RUB a quarter"),
    "revenue_rub_year": ("Projected revenue in roubles of a calendar year", "billion RUB a year"),
}


Asked = (
    str | Sequence[str] | Mapping[str, Any] | Callable[[trees.Tree], dict[str, list[trees.Leaf]]]
)
"""Scenarios by name, laid over the tree, or made from it."""


@dataclass(frozen=True)
class Setup:
    """Everything between the tables and the engine: plan, one case a scenario, grid, tree."""

    plan: simulate.Plan
    cases: dict[str, simulate.Case]
    span: ramp.Grid
    tree: scenarios.Tree
    shared: ramp.Learned
    left_out: dict[str, str]
    copies: dict[str, str]


@checked
def project(
    tables: facts.Tables,
    cube: xr.Dataset,
    *,
    until: str = "2040",
    scenarios: str | Sequence[str] | Mapping[str, Any] = "all",
    quantiles: Sequence[float] = QUANTILES,
    draws: int = 20_000,
    seed: int = 0,
    as_of: str | dt.date | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    engine: str = "numpy",
    revenue: bool = True,
    tree: Mapping[str, Any] | None = None,
    timing: Callable[..., Any] | None = None,
    known: Callable[..., facts.Tables] | None = None,
) -> xr.Dataset:
    """Project every route under each scenario.

    Parameters
    ----------
    tables, cube
        Facts, and the flow cube by quarter in bcm at 20 °C.
    until : str
        Year or quarter of the last projected period.
    scenarios : "all", name, sequence of names, or mapping
        See `energy.projection.scenarios.select` and `overlay`. Beside a mapping stands the
        baseline of the unchanged tree.
    quantiles : sequence of float
        Between 0 and 1; sorted.
    draws, seed : int
        The same seed gives the same bytes on any number of workers.
    as_of : date, optional
        What is known that day; default the newest publication in the tables. The tables and the
        cube are taken as given unless `known` is passed too.
    workers : int, optional
        Threads.
    scheduler : str, optional
        Address of a Dask cluster instead of threads.
    engine : {"numpy", "numba"}
    revenue : bool
        Whether to price the flows.
    tree : mapping, optional
        Assumptions instead of ``energy/data/scenarios.toml``.
    timing : callable, optional
        First gas of proposed lines, ``timing(tables, route, as_of)``; default
        `energy.projection.timing.first_gas`.
    known : callable, optional
        ``known(tables, as_of)``: the tables as they stood; the cube is then built from them.

    Returns
    -------
    xarray.Dataset, dims (scenario, route, period, quantile)
        ``flow`` and ``revenue`` with ``…_mean``; ``flow_year`` and so on over whole calendar
        years, dims (scenario, route, year, quantile); ``exports`` and ``market_revenue`` by
        market (``all`` is the sum), ``revenue_rub``; ``flowing``, the share of draws in which more
        than a thousandth of capacity flows; ``flow_if_flowing`` and so on, the quantiles of those
        draws alone, NaN where gas flows in fewer than one in 200; ``capacity``, the ceiling of
        the first scenario; ``known``, where a figure stands and is no projection; ``revenue_before``, what the years
        2015 to 2021 brought, where the cube is priced. ``attrs`` carry seed, as-of date, draws,
        probabilities and every assumption (JSON text).

    Raises
    ------
    DataError
        For faults of the assumptions (probabilities, unknown route, negative number), a price path
        with gaps.
    PeriodError
        For a horizon before the last datum.
    EnergyError
        For no draws, a seed below zero, quantiles outside 0 to 1, a scheduler that does not answer.
    UnknownName
        For a scenario that is not in the tree.
    """
    levels = _levels(quantiles)
    simulate.check_draws(draws)
    simulate.check_workers(workers)
    simulate.check_seed(seed)
    simulate.kernels(engine)  # raises before anything is learned

    def run(asked: str | Sequence[str] | Mapping[str, Any]) -> xr.Dataset:
        made = setup(tables, cube, until=until, scenarios=asked, as_of=as_of, revenue=revenue,
                     tree=tree, timing=timing, known=known)  # fmt: skip
        return of_setup(made, tables, cube, levels, draws, seed, workers=workers,
                        scheduler=scheduler, engine=engine)  # fmt: skip

    if isinstance(scenarios, Mapping):
        custom = run(scenarios)  # first: what is wrong in it is said before the baseline is drawn
        return _with_unchanged_baseline(run(trees.BASELINE), custom)
    return run(scenarios)


def _with_unchanged_baseline(control: xr.Dataset, custom: xr.Dataset) -> xr.Dataset:
    """Set the baseline of the unchanged tree in the place of the one a custom scenario moved."""
    varies = [name for name, one in custom.items() if "scenario" in one.dims]
    moved = custom[varies].drop_sel(scenario=trees.BASELINE)
    both = xr.concat([control[varies], moved], "scenario", join="outer")
    both = both.reindex_like(custom)
    found = custom.assign({name: both[name].transpose(*custom[name].dims) for name in varies})
    for name in varies:
        found[name].attrs = custom[name].attrs
    return found


def of_setup(
    made: Setup, tables: facts.Tables, cube: xr.Dataset, levels: Sequence[float] = QUANTILES,
    # 20 000: one draw in a hundred is then known to 7 % of itself (1/sqrt(200))
    draws: int = 20_000, seed: int = 0, *, workers: int | None = None,
    scheduler: str | None = None, engine: str = "numpy",
) -> xr.Dataset:  # fmt: skip
    """Draw every case of a setup; the rest of `project`, for those who need the setup too."""
    levels, parts = _levels(levels), []
    for case in made.cases.values():
        tally = simulate.run(
            made.plan, case, draws, seed, workers=workers, scheduler=scheduler, engine=engine
        )
        low = tally.counts[: len(made.plan.routes), : made.plan.count, 0] / draws
        flowing = tally.while_flowing(levels, made.plan, RARE)
        parts.append((tally.quantile(levels, made.plan), tally.mean, 1 - low, flowing))
    result = _dataset(made, parts, levels)
    result.attrs |= _attributes(made, draws, seed)
    return result if made.plan.money is None else _with_past(result, tables, cube)


def paths(
    tables: facts.Tables,
    cube: xr.Dataset,
    *,
    until: str = "2040",
    scenario: str = scenarios.MIXTURE,
    draws: int = 500,  # paths to look at; levels of rare events ask for more; chosen by hand
    seed: int = 0,
    as_of: str | dt.date | None = None,
    tree: Mapping[str, Any] | None = None,
    timing: Callable[..., Any] | None = None,
    known: Callable[..., facts.Tables] | None = None,
) -> xr.DataArray:
    """Return raw draws of the flows, dims (route, period, draw), bcm a quarter; see `project`.

    For the backtest and for own questions on paths (sums over years, joint events).
    """
    made = setup(tables, cube, until=until, scenarios=[scenario], as_of=as_of, revenue=False,
                 tree=tree, timing=timing, known=known)  # fmt: skip
    values = simulate.raw(made.plan, made.cases[scenario], draws, seed)
    coords = {"route": list(made.plan.routes), "period": made.span.starts}
    return xr.DataArray(values, coords, ("route", "period", "draw"), name="flow",
                        attrs={"units": "bcm at 20 °C a quarter", "scenario": scenario, "seed": seed,
                               "as_of": made.span.as_of.isoformat()})  # fmt: skip


def setup(
    tables: facts.Tables, cube: xr.Dataset, *, until: str, scenarios: Asked,
    as_of: str | dt.date | None, revenue: bool, tree: Mapping[str, Any] | None,
    timing: Callable[..., Any] | None, known: Callable[..., facts.Tables] | None = None,
) -> Setup:  # fmt: skip
    """Learn from the tables and lay the assumptions out as arrays; nothing is drawn yet."""
    day = as_of or max(tables["volumes"]["published"])
    if known is not None:
        tables = known(tables, day)
        cube = flows.build(tables)
    text = _checked_tree(tree, scenarios, tables, str(day))
    asked = scenarios(text) if callable(scenarios) else trees.select(text, scenarios)
    span = ramp.grid(cube, until, day)
    shared = ramp.learn(tables, cube, span, text, timing or _reference_class)
    models = ramp.modelled(tables, cube, text, span.as_of)
    shared = widths.learn(shared, models)
    specs, cases, left_out = _variants(text, asked, models, shared)
    spec = money.spec(tables, span, text) if revenue else None
    exports = set(tables["routes"].query("role == 'export'")["route"])
    plan = simulate.plan_of(
        list(specs), list(specs.values()), [route in exports for route in specs],
        [year * 4 - span.first for year in span.years], spec, trees.rule(text, "frailty"),
    )  # fmt: skip
    copies = {name: row["same_as"] for name, row in text["route"].items()
              if row.get("same_as") in specs}  # fmt: skip
    return Setup(plan, cases, span, text, shared, left_out, copies)


def _checked_tree(
    tree: Mapping[str, Any] | None, asked: Any, tables: facts.Tables, day: str
) -> trees.Tree:
    """Return the tree of a day, a custom scenario laid over it, or raise with every fault."""
    names = tables["routes"]["route"], tables["sources"]["source"]
    text = dict(tree) if tree is not None else trees.read()
    trees.refuse(text, *names)
    published = tables["sources"].set_index("source")["published"]
    text = trees.known(text, day, {str(key): day for key, day in published.items()})
    if isinstance(asked, Mapping):
        text = trees.overlay(text, asked)
        trees.refuse(text, *names)
    return text


def _reference_class(tables: facts.Tables, route: str, as_of: str) -> timing.Timing:
    from energy.projection import timing

    return timing.first_gas(tables, route, as_of)


def _variants(
    text: trees.Tree,
    asked: dict[str, list[trees.Leaf]],
    models: dict[str, ramp.Params],
    shared: ramp.Learned,
) -> tuple[dict[str, list[ramp.RouteSpec]], dict[str, simulate.Case], dict[str, str]]:
    """Make each different set of a route's numbers once, and point the leaves to them."""
    seen: dict[str, dict[str, int]] = {route: {} for route in models}
    specs: dict[str, list[ramp.RouteSpec]] = {route: [] for route in models}
    picked: dict[str, list[dict[str, int]]] = {name: [] for name in asked}
    left_out: dict[str, str] = {}
    for name, leaves in asked.items():
        for leaf in leaves:
            said, row = trees.effects(text, leaf.answers), {}
            for route in models:
                mine = models[route] | said.get(route, {})
                mine = {key: trees.value(item) for key, item in mine.items()}
                row[route] = _variant(route, mine, shared, seen, specs, left_out)
            picked[name].append(row)
    specs = {route: found for route, found in specs.items() if route not in left_out}
    cases = {name: _case(text, asked[name], picked[name], list(specs)) for name in asked}
    return specs, cases, left_out


def _variant(
    route: str, mine: ramp.Params, shared: ramp.Learned, seen: dict[str, dict[str, int]],
    specs: dict[str, list[ramp.RouteSpec]], left_out: dict[str, str],
) -> int:  # fmt: skip
    """Return the place of a route's numbers among its variants; make them where they are new."""
    key = json.dumps(mine, sort_keys=True)
    if key in seen[route] or route in left_out:
        return seen[route].get(key, 0)
    reason = ramp.unknown_yet(route, mine, shared)
    try:
        made = None if reason else ramp.spec(route, mine, shared)
    except ramp.Untimed as error:
        reason, made = str(error), None
    if made is None:
        left_out[route] = reason
        return 0
    seen[route][key] = len(specs[route])
    specs[route].append(made)
    return seen[route][key]


def _case(
    text: trees.Tree, leaves: list[trees.Leaf], picked: list[dict[str, int]], routes: list[str]
) -> simulate.Case:
    levels = [trees.prices(text, leaf.answers) for leaf in leaves]
    return simulate.Case(
        np.cumsum([leaf.probability for leaf in leaves]),
        np.array([[row[route] for route in routes] for row in picked], dtype=np.intp),
        np.log(np.array([[level[name] for name in trees.PRICES] for level in levels])).astype(
            np.float32
        ),
    )


# ---- the Dataset -------------------------------------------------------------------------------


def _levels(quantiles: Sequence[float]) -> list[float]:
    levels = sorted(float(level) for level in quantiles)
    if not levels or not all(0 <= level <= 1 for level in levels):
        raise EnergyError(
            f"Quantiles {list(quantiles)} must be numbers from 0 to 1; give e.g. (0.1, 0.5, 0.9)."
        )
    return levels


def _dataset(
    made: Setup, parts: Sequence[tuple[np.ndarray, ...]], levels: list[float]
) -> xr.Dataset:
    """Lay the tallies out by kind; what is known stands as it is."""
    routes = [*made.plan.routes, *made.copies]
    markets = [name for kind, name in simulate.rows(made.plan) if kind == "exports"]
    quantile = np.stack([part[0] for part in parts])  # scenario, level, row, cell
    mean = np.stack([part[1] for part in parts])
    if_flowing = np.stack([part[3] for part in parts])
    found: dict[str, Any] = {}
    for kind in ("flow", "revenue"):
        found |= _kind(made, kind, "route", routes, quantile, mean)
        own = _kind(made, kind, "route", routes, if_flowing.astype(np.float32), mean)
        found |= {f"{name}_if_flowing": own[name] for name in (kind, f"{kind}_year") if name in own}
    for kind in ("exports", "market_revenue"):
        found |= _kind(made, kind, "market", markets, quantile, mean)
    found |= _kind(made, "revenue_rub", "", [simulate.ALL], quantile, mean)
    flowing = np.stack([part[2] for part in parts])
    ceiling = np.stack([specs[0].cap for specs in made.plan.variants]).astype(float)
    found["flowing"] = (("scenario", "route", "period"), _copied(flowing, made, routes, 1))
    found["capacity"] = (("route", "period"), _copied(ceiling, made, routes, 0))
    coords = {"scenario": list(made.cases), "route": routes, "period": made.span.starts,
              "year": made.span.years, "market": markets, "quantile": levels}  # fmt: skip
    return _worded(_known(xr.Dataset(found, coords), made))


def _kind(
    made: Setup, kind: str, side: str, names: list[str], quantile: np.ndarray, mean: np.ndarray
) -> dict[str, Any]:
    """Return one kind of row by quarter and by year, quantiles and mean; nothing where it lacks."""
    at = {name: i for i, (what, name) in enumerate(simulate.rows(made.plan)) if what == kind}
    if not at:
        return {}
    picks = [at.get(made.copies.get(name, name), -1) for name in names]
    count, found = made.plan.count, {}
    for suffix, cells, axis in (
        ("", slice(count), "period"),
        ("_year", slice(count, None), "year"),
    ):
        dims = ("scenario", side, axis) if side else ("scenario", axis)
        values, means = _picked(quantile[..., cells], mean[..., cells], picks, bool(side))
        found[kind + suffix] = ((*dims, "quantile"), values)
        found[f"{kind}{suffix}_mean"] = (dims, means)
    return found


def _picked(values: np.ndarray, means: np.ndarray, picks: list[int], side: bool
            ) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """Pick rows (-1 is missing) and put the quantile last."""
    lacking = np.array(picks) < 0
    values = np.moveaxis(values[:, :, picks], 1, -1).copy()
    means = means[:, picks].copy()
    values[:, lacking], means[:, lacking] = np.nan, np.nan
    return (values, means) if side else (values[:, 0], means[:, 0])


def _copied(values: np.ndarray, made: Setup, routes: list[str], axis: int) -> np.ndarray:
    place = {route: i for i, route in enumerate(made.plan.routes)}
    return np.take(values, [place[made.copies.get(route, route)] for route in routes], axis=axis)


def _known(result: xr.Dataset, made: Setup) -> xr.Dataset:
    """Put known figures in place of their own bin."""
    routes = result["route"].values.tolist()
    cube = made.shared.cube
    mask = ramp.known_cells(cube, [r for r in routes if r in cube["route"].values], made.span)
    known = xr.DataArray(mask, dims=("route", "period"),
                         coords={"route": [r for r in routes if r in cube["route"].values],
                                 "period": made.span.starts})  # fmt: skip
    known = known.reindex(route=routes, fill_value=False)
    stands = cube["flow"].reindex(route=routes, period=result["period"])
    for name in ("flow", "flow_mean"):
        result[name] = result[name].where(~known, stands).transpose(*result[name].dims)
    return result.assign(known=known)


def _with_past(result: xr.Dataset, tables: facts.Tables, cube: xr.Dataset) -> xr.Dataset:
    """Set beside the projection what all exports earned in the years before; see `money.before`."""
    if "revenue" not in cube:
        return result
    past = money.before(cube, tables["routes"]).loc["all"]
    words = {
        "long_name": "Revenue of all exports by pipe in past years",
        "units": "million USD a year",
    }
    values = np.asarray(past.to_numpy(), dtype=float)
    return result.assign_coords(past_year=past.index.to_numpy()).assign(
        revenue_before=("past_year", values, words)
    )


def _worded(result: xr.Dataset) -> xr.Dataset:
    for name, (text, unit) in VARIABLES.items():
        for each, more in ((name, ""), (f"{name}_mean", ", mean"),
                           (f"{name}_if_flowing", ", of the draws in which gas flows")):  # fmt: skip
            if each in result:
                result[each].attrs = {"long_name": text + more, "units": unit}
    result["flowing"].attrs = {
        "long_name": "Share of draws with more than 0.1 % of capacity",
        "units": "1",
    }
    result["capacity"].attrs = {
        "long_name": "Ceiling of the projection",
        "units": "bcm at 20 °C a quarter",
    }
    return result


def _attributes(made: Setup, draws: int, seed: int) -> dict[str, Any]:
    """Return all that a reader needs to make the result again, as text and numbers."""
    weights = {question: {answer: row["probability"]["value"] for answer, row in body["answer"].items()}
               for question, body in made.tree["question"].items()}  # fmt: skip
    shared = made.shared
    learned = {"delivery": dict(zip(("mean", "spread", "years"), shared.delivery, strict=True)),
               "hazards": shared.hazards,
               "widths": {model: vars(found) for model, found in shared.widths.items()},
               "prices": {m: vars(p) for m, p in made.plan.money.markets} if made.plan.money else {}}  # fmt: skip
    texts = {
        "assumptions": trees.assumptions(made.tree), "probabilities": weights, "learned": learned,
        "answers": {name: leaves[0].answers for name, leaves in _single(made).items()},
        "not_modelled": made.left_out, "words": trees.words(made.tree),
        "chances": trees.chances(made.tree),
    }  # fmt: skip
    return {
        "freq": "Q", "unit": "bcm", "basis": "20C", "as_of": made.span.as_of.isoformat(),
        "draws": draws, "seed": seed, "title": "Projection under stated assumptions",
        **{key: json.dumps(item, ensure_ascii=False, sort_keys=True) for key, item in texts.items()},
    }  # fmt: skip


def _single(made: Setup) -> dict[str, list[trees.Leaf]]:
    every = trees.named(made.tree)
    return {name: [trees.Leaf(every[name], 1.0)] for name in made.cases if name in every}
