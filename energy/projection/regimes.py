"""In which regime each route stands on a day, and at which hazard it leaves it.

What the engine draws from, laid out to be read: contract, ramping, open, halted or to come. The
hazards are those of `learned.hazards`: events over exposure up to the day, leaning on a prior.
"""

from __future__ import annotations

import pandas as pd
import xarray as xr

from energy import facts
from energy.projection import ramp, scenarios

COLUMNS = ["regime", "market", "hazard", "events", "years"]


def regimes(
    tables: facts.Tables, cube: xr.Dataset, as_of: str, tree: scenarios.Tree | None = None
) -> pd.DataFrame:
    """Return the regime of each projected route, with the hazard of the baseline scenario.

    Parameters
    ----------
    tables, cube
        As they were known on the day.
    as_of : str
        The day.
    tree : Tree, optional
        Default that of the package on the day.

    Returns
    -------
    DataFrame, index route
        ``regime``: ``contract`` (its steps are reached), ``ramping`` (they are not yet), ``open``,
        ``halted`` (nothing flows, or nothing is known to), ``to come``; ``market``; ``hazard``, a
        year, of a halt while it flows or of a restart while it does not (NaN for a line to come,
        which its reference class times); ``events, years``: halts in the market and the
        route-years they were seen in; of restarts none, and the halted route-years of all markets.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = regimes(t.facts, t.flows(estimate="reported"), t.edition)
    >>> table.loc[["turkstream-2", "nord-stream-1", "power-of-siberia-2"], "regime"].tolist()
    ['open', 'halted', 'to come']
    """
    if tree is None:
        days = tables["sources"].set_index("source")["published"]
        published = {str(key): str(day) for key, day in days.items()}
        tree = scenarios.known(scenarios.load(day=as_of), as_of, published)
    # a grid lies ahead of the as-of day; ten years are chosen by hand
    span = ramp.grid(cube, str(int(as_of[:4]) + 10), as_of)
    shared = ramp.learn(tables, cube, span, tree)
    said = scenarios.effects(tree, scenarios.baseline(tree))
    found = {}
    for route, model in ramp.modelled(tables, cube, tree, span.as_of).items():
        mine = {key: scenarios.value(item) for key, item in (model | said.get(route, {})).items()}
        if not ramp.unknown_yet(route, mine, shared):
            found[route] = _regime(route, mine, shared)
    return pd.DataFrame.from_dict(found, orient="index", columns=COLUMNS).rename_axis("route")


def _regime(
    route: str, mine: ramp.Params, shared: ramp.Learned
) -> tuple[str, str, float, float, float]:
    known, model = shared.hazards, str(mine["model"])
    market, nothing = ramp.market_of(shared.tables, route, shared.span.as_of), float("nan")
    if model == "proposed":
        return "to come", market, nothing, nothing, nothing
    if model == "halted":
        hazard = float(mine.get("restart", known["restart"]["all"]))
        return model, market, hazard, 0.0, float(known["idle"]["all"])
    events, years = known["counts"].get(market, (0, 0.0))
    hazard = float(mine.get("halt", known["halt"].get(market, known["prior"]["halt"])))
    fills = model == "contract" and _fills(route, mine, shared)
    return ("ramping" if fills else model), market, hazard, float(events), float(years)


def _fills(route: str, mine: ramp.Params, shared: ramp.Learned) -> bool:
    """Tell whether a contract's steps still rise; a plateau agreed later is a line to come."""
    parts = ramp.contract_parts(route, mine, shared)
    return bool(ramp.contract_pace(parts, shared, shared.span.first - 1).any())
