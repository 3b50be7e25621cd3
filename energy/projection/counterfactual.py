"""What would have flowed without the invasion of 2022: a market's past carried on, and set beside.

A structural time series (a level that wanders, a season, named covariates) learns a market's
quarters up to a day and is carried on; a line that fills by contract follows the steps signed
before. The same method tried on earlier windows (placebos in time) and on markets the invasion left
alone (placebos in space) says how far it errs where nothing happened, and widens the intervals by
that. Which markets, covariates and placebos: ``counterfactual.csv``, each row with its reason.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import DataError, EnergyError, PeriodError
from energy.measure import periods
from energy.measure.cards import card
from energy.measure.observations import newest, rows_of
from energy.measure.tables import Counterfactual as Row
from energy.projection import ramp, scenarios

Numbers = npt.NDArray[np.float64]

INVASION = "2022Q1"
"""The quarter of 24 February 2022."""
LEARNT_TO = "2021Q4"
LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}  # what is told everywhere
KNOWN, WHOLE = 0.9, 0.99
"""Share of a market's quarter that figures must cover, and of a route's days for it to count."""
LEAST = 12
"""Quarters a market must show before the structural series is fitted."""
PLACEBO_YEARS = 4  # as long as the years since the invasion, 2022 to 2025
HIGHEST = 0.98
"""Quarterly persistence of a price above this is a random walk, of which no level is left."""
PLACEBO_DRAWS = 400  # a tenth of the draws, for there are many placebos; chosen by hand
ALL = "all"


@dataclass(frozen=True)
class Counterfactual:
    """What came, what would have come, and what lies between.

    Attributes
    ----------
    paths : DataFrame
        ``market, period, actual, p10, p50, p90`` in bcm at 20 °C a quarter, and ``price, price_p10,
        price_p50, price_p90`` in USD/1000 m3: paid, and without the invasion.
    lost : DataFrame, by market (``all`` is the sum of draws)
        bcm over the whole span: ``actual, without_p10 …, lost_p10 …``; billion USD: ``earned``,
        ``lost_usd_p10 …`` (at prices without the invasion, less what was earned) and
        ``lost_usd_paid_p10 …`` (the lost gas at the prices paid that quarter).
    placebos : DataFrame
        ``kind`` (time or space), ``market, learnt_to, quarters, actual, expected, lost, z,
        z_without`` (the same with no covariate).
    inputs : DataFrame
        The rows of ``counterfactual.csv`` that were used.
    stated : dict
        Start, last quarter learnt from, draws, seed, factor of the widths by market, persistence
        of the price, rank of the loss among the placebos.

    Examples
    --------
    >>> import energy
    >>> result = energy.load().ahead.counterfactual(until="2023Q4", draws=100)
    >>> {"market", "period", "actual", "p50"} <= set(result.paths)
    True
    """

    paths: pd.DataFrame
    lost: pd.DataFrame
    placebos: pd.DataFrame
    inputs: pd.DataFrame
    stated: dict[str, Any]

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what was lost, by market."""
        said = (f"Without the invasion, {self.stated['start']} to {self.stated['until']}: bcm at "
                "20 °C; earned and lost_usd in billion USD")  # fmt: skip
        return card(said, self.lost.T, index=True)


@dataclass(frozen=True)
class _Market:
    """A market's quarters: flow in bcm, price in USD/1000 m3, and its covariates."""

    name: str
    flow: pd.Series[float]
    price: pd.Series[float]
    covariates: pd.DataFrame


def counterfactual(
    tables: facts.Tables,
    cube: xr.Dataset,
    markets: dict[str, str],
    *,
    start: str = INVASION,
    learnt_to: str = LEARNT_TO,
    until: str | None = None,
    draws: int = 4000,  # P10 and P90 are wanted, no rarer level; chosen by hand
    seed: int = 0,
) -> Counterfactual:
    """Carry each market's past on, as if the invasion had not come.

    Parameters
    ----------
    tables : Tables
        The facts: ``counterfactual, prices, contracts``.
    cube : Dataset
        Quarterly flows with ``coverage``, ``price`` and ``revenue``.
    markets : mapping of str to str
        Export route to its market.
    start, learnt_to : str
        First quarter of what is lost, and last quarter that is learnt from (before `start`).
    until : str, optional
        Last quarter; default the last one whose flow is published for every market.
    draws, seed : int

    Raises
    ------
    PeriodError
        If `learnt_to` does not lie before `start`, or `until` before it or beyond the facts.
    DataError
        If a market has too few quarters, or a covariate does not reach that far.
    EnergyError
        For fewer than 100 draws.
    """
    if draws < 100:
        raise EnergyError(f"{draws} draws give no interval; take 100 or more.")
    rows = tables["counterfactual"]
    known = {name: _market(tables, cube, markets, name) for name in rows["market"].unique()}
    span = _span(known, rows, start, learnt_to, until)
    rng = np.random.default_rng(seed)
    placebos = _placebos(known, rows, span, learnt_to, min(draws, PLACEBO_DRAWS), rng)
    drawn: dict[str, tuple[Numbers, Numbers]] = {}
    factors: dict[str, float] = {}
    priced = _prices(known, rows, learnt_to, span, draws, rng)
    for name in rows.loc[rows["role"] == "treated", "market"]:
        mine = known[name]
        by_schedule = _name_in_role(rows, name, "treated") == "schedule"
        factors[name] = 1.0 if by_schedule else _factor(placebos, name)
        flow = (_scheduled(tables, markets, mine, span, draws, rng) if by_schedule
                else _sample(mine, learnt_to, span, draws, factors[name], rng))  # fmt: skip
        drawn[name] = flow, priced[name]
    stated = {
        "start": start, "learnt_to": learnt_to, "until": str(span[-1]), "draws": draws,
        "seed": seed, "width_factor": factors, "rank": _rank(known, drawn, placebos, span),
    }  # fmt: skip
    used = rows.drop(columns=["published"])
    return Counterfactual(_paths(known, drawn, span), _lost(known, drawn, span), placebos,
                          used, stated)  # fmt: skip


# ---- what is known -------------------------------------------------------------------------------


def _market(tables: facts.Tables, cube: xr.Dataset, markets: dict[str, str], name: str) -> _Market:
    """Return a market's quarters; one counts where figures cover `KNOWN` of what flowed in it."""
    routes = [r for r, market in markets.items() if market == name and r in cube["route"].values]
    if not routes:
        raise DataError("counterfactual.csv", [f"no route delivers to market '{name}'; name another"])  # fmt: skip
    mine = cube.sel(route=routes)
    whole = mine["flow"].sum("route", min_count=1)
    printed = mine["flow"].where(mine["coverage"] >= WHOLE).sum("route")
    flow = whole.where(printed >= KNOWN * whole)
    earned = mine["revenue"].where(mine["flow"] > 0).sum("route", min_count=1)
    sold = mine["flow"].where(mine["revenue"] > 0).sum("route", min_count=1)
    price = earned / sold
    quarters = pd.PeriodIndex(pd.DatetimeIndex(mine["period"].values), freq="Q")
    table = pd.DataFrame({"flow": flow.values, "price": price.values}, index=quarters)
    return _Market(name, table["flow"], table["price"], _covariates(tables, name, quarters))


def _covariates(tables: facts.Tables, name: str, quarters: pd.PeriodIndex) -> pd.DataFrame:
    """Return the logs of a market's covariates by quarter, each moved by its lag."""
    rows = tables["counterfactual"]
    found = {}
    for row in rows_of(rows[(rows["market"] == name) & (rows["role"] == "covariate")], Row):
        prices = tables["prices"]
        months = newest(
            prices[(prices["series"] == row.name) & (prices["freq"] == "M")], ["period"]
        )
        if months.empty:
            raise DataError(f"counterfactual.csv, {row.id}", [
                f"no monthly price '{row.name}' in prices.csv; name a series that is there"])  # fmt: skip
        values = np.log(months["value"].to_numpy(dtype=float))
        ends = pd.PeriodIndex(months["period"], freq="M").asfreq("Q")
        mean = pd.Series(values, ends).groupby(level=0).mean()
        found[row.name] = mean.shift(int(row.lag)).reindex(quarters)
    return pd.DataFrame(found, index=quarters)


def _name_in_role(rows: pd.DataFrame, market: str, role: str) -> str:
    """Return what the table says of a market in a role; "" for nothing."""
    found = rows.loc[(rows["market"] == market) & (rows["role"] == role), "name"]
    return str(found.iloc[0]) if len(found) else ""


def _span(
    known: dict[str, _Market], rows: pd.DataFrame, start: str, learnt_to: str, until: str | None
) -> pd.PeriodIndex:
    first, last = _quarter(start), _quarter(learnt_to)
    if last >= first:
        raise PeriodError(f"learnt_to {learnt_to} must lie before start {start}: what came after "
                          "the invasion says nothing of a world without it.")  # fmt: skip
    treated = rows.loc[rows["role"] == "treated", "market"]
    newest_of = [known[name].flow.dropna().index[-1] for name in treated]
    end = min(newest_of) if until is None else _quarter(until)
    if not first <= end <= min(newest_of):
        raise PeriodError(f"until {until or end} must lie from {start} to {min(newest_of)}, the "
                          "last quarter published for every market.")  # fmt: skip
    return pd.period_range(first, end, freq="Q")


def _quarter(text: str) -> pd.Period:
    return pd.Period(periods.parse(text).start, freq="Q")


# ---- volumes -------------------------------------------------------------------------------------


def _sample(
    market: _Market, learnt_to: str, span: pd.PeriodIndex, draws: int, factor: float,
    rng: np.random.Generator, covariates: bool = True,
) -> Numbers:  # fmt: skip
    """Draw a market's quarters (quarter, draw) from the structural series, spread by a factor.

    The quarters between `learnt_to` and the span are drawn and dropped.
    """
    past = market.flow[market.flow.first_valid_index() : _quarter(learnt_to)]
    if covariates and len(market.covariates.columns):
        past = past[market.covariates.first_valid_index() :]
    if past.notna().sum() < LEAST:
        raise DataError(f"counterfactual of {market.name}", [
            f"{past.notna().sum()} quarters known to {learnt_to}, {LEAST} are needed; "
            "learn to a later one"])  # fmt: skip
    ahead = pd.period_range(past.index[-1] + 1, span[-1], freq="Q")
    columns = market.covariates if covariates else market.covariates[[]]
    with_them = {"exog": _rows(columns, past.index, market.name)} if len(columns.columns) else {}
    later = {"exog": _rows(columns, ahead, market.name)} if len(columns.columns) else {}
    fitted = _fit(np.asarray(past, dtype=np.float64), with_them)
    path = fitted.simulate(len(ahead), anchor="end", repetitions=draws, rng=rng, **later)
    values = np.asarray(path, dtype=float).reshape(len(ahead), draws)[-len(span) :]
    middle = np.median(values, axis=1, keepdims=True)
    spread: Numbers = np.maximum(middle + factor * (values - middle), 0.0)
    return spread


def _rows(columns: pd.DataFrame, quarters: pd.Index, market: str) -> Numbers:
    found: Numbers = columns.reindex(quarters).to_numpy(dtype=float)
    if not np.isfinite(found).all():
        raise DataError(f"counterfactual of {market}", [
            f"a covariate ({', '.join(map(str, columns.columns))}) is missing from {quarters[0]} to {quarters[-1]}; "
            "add its prices or end earlier"])  # fmt: skip
    return found


def _fit(values: Numbers, more: dict[str, Numbers]) -> Any:
    """Fit a local level with a season that may change, by maximum likelihood.

    Notes
    -----
    Harvey 1989, Forecasting, Structural Time Series Models and the Kalman Filter; statsmodels'
    ``UnobservedComponents``. As a counterfactual: Brodersen et al. 2015, Annals of Applied
    Statistics 9, 247-274. No trend: in these series a fitted trend, carried on for four years, errs
    more than none.
    """
    from statsmodels.tsa.statespace.structural import UnobservedComponents

    with warnings.catch_warnings():  # a variance on its bound of nought is an answer here
        warnings.simplefilter("ignore")
        return UnobservedComponents(values, level="llevel", seasonal=4, **more).fit(disp=0)


def _scheduled(
    tables: facts.Tables, markets: dict[str, str], market: _Market, span: pd.PeriodIndex,
    draws: int, rng: np.random.Generator,
) -> Numbers:  # fmt: skip
    """Draw what contracts signed before the span would have brought, by their own steps."""
    contracts = tables["contracts"]
    day = span[0].start_time.date().isoformat()
    before = contracts[(contracts["signed"] < day) & (contracts["signed"] != "")]
    # a step of an old contract is the same whenever it was published; a plan in the press is not
    held = facts.Tables({**tables, "contracts": before, "volumes": tables["volumes"].iloc[:0],
                         "outside-forecasts": tables["outside-forecasts"].iloc[:0]})  # fmt: skip
    yearly = np.zeros(len(span))
    flowed = market.flow[: span[0] - 1]
    for route in sorted(name for name, other in markets.items() if other == market.name):
        steps, plateau, _ = ramp.schedule(held, route)
        if steps and flowed.sum() > 0:
            yearly += [steps.get(quarter.year, plateau) for quarter in span]
    if not yearly.any():
        raise DataError(f"counterfactual of {market.name}", [
            f"no contract signed before {day} says what it takes; add its steps to contracts.csv"])  # fmt: skip
    error = float(scenarios.rule(scenarios.load(), "delivery_spread"))
    whole = rng.normal(1.0, error, draws)
    shared: Numbers = np.maximum(yearly[:, None] / 4 * whole[None, :], 0.0)
    return shared


# ---- prices --------------------------------------------------------------------------------------


def _prices(
    known: dict[str, _Market], rows: pd.DataFrame, learnt_to: str, span: pd.PeriodIndex,
    draws: int, rng: np.random.Generator,
) -> dict[str, Numbers]:  # fmt: skip
    """Draw border prices (quarter, draw): reverting from `learnt_to`, or as paid.

    Markets that share a price share its draws.
    """
    found: dict[str, Numbers] = {}
    for row in rows_of(rows[rows["role"] == "price"], Row):
        if row.name == "paid":
            paid = known[row.market].price.reindex(span).to_numpy(dtype=float)
            found[row.market] = np.repeat(paid[:, None], draws, axis=1)
            continue
        kept = [other for other in found if _name_in_role(rows, other, "price") == row.name]
        if kept:
            found[row.market] = found[kept[0]]
            continue
        past = np.log(known[row.name].price[: _quarter(learnt_to)].dropna().to_numpy(dtype=float))
        steps = span[-1].ordinal - _quarter(learnt_to).ordinal
        found[row.market] = np.exp(reverting(past, steps, draws, rng)[-len(span) :])
    return found


def reverting(past: Numbers, steps: int, draws: int, rng: np.random.Generator) -> Numbers:
    """Draw an AR(1) on from the end of a series, its surprises drawn from those seen, (step, draw).

    Parameters
    ----------
    past : array
        Logs of a price, one a quarter.

    Examples
    --------
    >>> flat = reverting(np.array([1.0, 2.0, 1.0, 2.0, 1.0]), 2, 3, np.random.default_rng(0))
    >>> flat.shape
    (2, 3)
    """
    before, after = past[:-1] - past.mean(), past[1:] - past.mean()
    size = float(before @ before)
    # a price that never moved (to rounding) has no persistence
    pull = float(np.clip(before @ after / size, 0.0, HIGHEST)) if size > 1e-12 else 0.0
    left = after - pull * before
    level, found = np.full(draws, past[-1] - past.mean()), np.empty((steps, draws))
    for step in range(steps):
        level = pull * level + rng.choice(left - left.mean(), draws)
        found[step] = level + past.mean()
    return found


# ---- placebos ------------------------------------------------------------------------------------


def _placebos(
    known: dict[str, _Market], rows: pd.DataFrame, span: pd.PeriodIndex, learnt_to: str,
    draws: int, rng: np.random.Generator,
) -> pd.DataFrame:  # fmt: skip
    """Try the method where nothing happened: in earlier years, and in markets left alone."""
    found = []
    structural = rows[(rows["role"] == "treated") & (rows["name"] == "structural")]["market"]
    for name in structural:
        first = known[name].flow.dropna().index[0]
        for year in range(first.year + PLACEBO_YEARS, _quarter(learnt_to).year - 2):
            ahead = pd.period_range(periods.quarters_of(year + 1)[0], periods=len(span), freq="Q")
            ahead = ahead[ahead <= _quarter(learnt_to)]
            found.append(
                _tried("time", known[name], periods.quarters_of(year)[-1], ahead, draws, rng)
            )
    for name in rows.loc[rows["role"] == "placebo", "market"]:
        ahead = span[span.isin(known[name].flow.dropna().index)]
        if len(ahead):
            found.append(_tried("space", known[name], learnt_to, ahead, draws, rng))
    columns = ["kind", "market", "learnt_to", "quarters", "actual", "expected", "lost", "z",
               "z_without"]  # fmt: skip
    return pd.DataFrame(found, columns=columns)


def _tried(
    kind: str, market: _Market, learnt_to: str, ahead: pd.PeriodIndex, draws: int,
    rng: np.random.Generator,
) -> tuple[Any, ...]:  # fmt: skip
    came = float(market.flow.reindex(ahead).sum())
    both = []
    for covariates in (True, False):
        total = _chosen(_sample(market, learnt_to, ahead, draws, 1.0, rng, covariates), market,
                        ahead)  # fmt: skip
        both.append((float(total.mean()), float(total.std())))
    (middle, spread), (plain, plain_spread) = both
    return (kind, market.name, learnt_to, len(ahead), came, middle, middle - came,
            (middle - came) / spread, (plain - came) / plain_spread)  # fmt: skip


def _chosen(paths: Numbers, market: _Market, ahead: pd.PeriodIndex) -> Numbers:
    """Sum the quarters of which the outcome is known."""
    held = market.flow.reindex(ahead).notna().to_numpy()
    total: Numbers = paths[held].sum(axis=0)
    return total


def _factor(placebos: pd.DataFrame, name: str) -> float:
    """Return what the placebos in time ask the spread to be widened by, 1 at least."""
    mine = placebos[(placebos["kind"] == "time") & (placebos["market"] == name)]
    return max(1.0, float(np.sqrt((mine["z"] ** 2).mean()))) if len(mine) else 1.0


def _rank(
    known: dict[str, _Market], drawn: dict[str, tuple[Numbers, Numbers]],
    placebos: pd.DataFrame, span: pd.PeriodIndex,
) -> dict[str, str]:  # fmt: skip
    """Say for each market how many placebos show a loss as large, in shares of what was expected."""
    shares = (placebos["lost"] / placebos["expected"]).abs()
    found = {}
    for name, (flow, _) in drawn.items():
        middle = float(flow.sum(axis=0).mean())
        lost = (middle - float(known[name].flow.reindex(span).sum())) / middle
        found[name] = f"{int((shares >= abs(lost)).sum())} of {len(shares)} placebos as large"
    return found


# ---- results -------------------------------------------------------------------------------------


def _paths(
    known: dict[str, _Market], drawn: dict[str, tuple[Numbers, Numbers]], span: pd.PeriodIndex
) -> pd.DataFrame:
    parts = []
    for name, (flow, price) in drawn.items():
        mine = known[name]
        part = {"market": name, "period": span.astype(str),
                "actual": mine.flow.reindex(span).to_numpy()}  # fmt: skip
        part |= {word: np.quantile(flow, level, axis=1) for word, level in LEVELS.items()}
        part["price"] = mine.price.reindex(span).to_numpy()
        part |= {
            f"price_{word}": np.quantile(price, level, axis=1) for word, level in LEVELS.items()
        }
        parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def _lost(
    known: dict[str, _Market], drawn: dict[str, tuple[Numbers, Numbers]], span: pd.PeriodIndex
) -> pd.DataFrame:
    """Return bcm and billion USD over the span, market by market; the sum is that of the draws."""
    parts: dict[str, dict[str, Numbers]] = {}
    for name, (flow, price) in drawn.items():
        came = known[name].flow.reindex(span).to_numpy(dtype=float)
        paid = known[name].price.reindex(span).to_numpy(dtype=float)
        parts[name] = {
            "actual": np.array([came.sum()]), "without": flow.sum(axis=0),
            "earned": np.array([(came * paid).sum() / 1000]),
            "lost": flow.sum(axis=0) - came.sum(),
            "lost_usd": (flow * price).sum(axis=0) / 1000 - (came * paid).sum() / 1000,
            "lost_usd_paid": ((flow - came[:, None]) * paid[:, None]).sum(axis=0) / 1000,
        }  # fmt: skip
    first = next(iter(parts.values()))
    parts[ALL] = {key: np.sum([part[key] for part in parts.values()], axis=0) for key in first}
    rows: dict[str, dict[str, float]] = {}
    for name, values in parts.items():
        row = {}
        for key, drawn_values in values.items():
            if len(drawn_values) == 1:
                row[key] = float(drawn_values[0])
                continue
            for word, level in LEVELS.items():
                row[f"{key}_{word}"] = float(np.quantile(drawn_values, level))
        rows[name] = row
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("market")


def chart(result: Counterfactual, market: str = "europe") -> Any:
    """Draw what came and what would have come, with the interval; returns the axes.

    Raises
    ------
    MissingExtra
        Without matplotlib.
    """
    from energy.measure import plotting

    part = result.paths[result.paths["market"] == market]
    quarters = pd.PeriodIndex(part["period"], freq="Q").to_timestamp()
    axes = plotting.axes(None, (8, 3.5))
    axes.fill_between(
        quarters, part["p10"], part["p90"], color="#0072B2", alpha=0.25, hatch="//",
        label="without the invasion, P10 to P90",
    )  # fmt: skip
    axes.plot(quarters, part["p50"], color="#0072B2", linestyle="--", label="P50")
    axes.plot(quarters, part["actual"], color="#D55E00", label="came")
    axes.set(
        ylabel="bcm a quarter", title=f"Russian gas by pipe to {market.title()}", ylim=(0, None)
    )
    axes.legend()
    return axes
