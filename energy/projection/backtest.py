"""How good such projections were: rolling origins on what was known that day, and a league table.

A forecaster is ``forecaster(tables_as_known, origin, horizon_quarters, rng)`` and returns draws,
dims (route, horizon, draw), bcm a quarter; horizon 1 is the first quarter that ends after the
origin. Ours and the simple ones are scored alike on cells that all of them foretell.
Published forecasts of others, dated, are scored by their error, beside "no change" and ours.

Notes
-----
CRPS and weighted interval score by scoringrules (Gneiting and Raftery 2007; Bracher et al. 2021).
The structure of our projection and its priors are those of today: an origin of 2016 knows no later
row of any table, but the method was chosen by people who do.
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import tempfile
import warnings
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts, flows, store
from energy.errors import DataError, EnergyError, MissingExtra, PeriodError, UnknownName
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.sheets import safe
from energy.measure.tables import OutsideForecast
from energy.projection import ramp, timing

Forecaster = Callable[[facts.Tables, dt.date, int, np.random.Generator], xr.DataArray]
Known = Callable[[facts.Tables, Any], facts.Tables]

QUARTERS, YEARS = 8, 5  # spans (METHOD '3. Backtest')
# ends of the 95, 90, 80 and 50 % intervals (METHOD '3. Backtest')
LEVELS = np.array([0.025, 0.05, 0.1, 0.25, 0.75, 0.9, 0.95, 0.975])
LEAST = 8  # origins; fewer say nothing about skill
DRAWS, SEED = 300, 20_261_124
CONTRACT_ERROR = 0.1  # relative spread laid around a contract's quantity, so that it can be scored
TOTAL = "total "
"""Begins the name of a market's total among the routes."""
FAR = ("europe", "turkey", "china")
"""Markets whose flows are published quarter by quarter; ``total far-abroad`` is their sum."""
FILLED = 0.1
"""Share of a market's quarter that may be taken from the same quarter a year before."""
TIGHT = 0.3
"""Width of P10 to P90 over the flow below which a balanced quarter is a truth."""
STOPPED = 0.001
"""Below this share of its mean flow a route stands still."""
LOG = "projections.csv"
SHIPPED = facts.DATA / "log"
"""Where each release keeps its own projection: `append_log` with the baseline and the mixture."""
LOG_COLUMNS = ["release", "as_of", "scenario", "route", "period", "p10", "p50", "p90"]


# --- what was known --------------------------------------------------------------------------------


def as_known(tables: facts.Tables, day: dt.date) -> facts.Tables:
    """Return the tables as known on a day: `energy.store.known`, and milestones by their date.

    Examples
    --------
    >>> early = as_known(facts.load(), dt.date(2022, 6, 30))
    >>> early["volumes"]["published"].max() <= "2022-06-30"
    True
    """
    kept = facts.Tables(store.known(tables, day))
    if "reference-projects" in kept:
        rows = kept["reference-projects"]
        gates = rows["value"].where(rows["metric"].isin(list(timing.METRICS)), "")
        later = gates.map(timing.decimal) > timing.decimal(day.isoformat())
        kept["reference-projects"] = rows[~later].reset_index(drop=True)
    return kept


# a thousandfold is seen in any result that it reaches
def poison(tables: facts.Tables, day: dt.date, factor: float = 1000.0) -> facts.Tables:
    """Spoil every row that was not known on a day; an honest forecaster gives the same answer.

    Numbers are multiplied by `factor`; nothing that was known is touched.

    Examples
    --------
    >>> tables = facts.load()
    >>> spoilt = poison(tables, dt.date(2022, 6, 30))
    >>> bool(spoilt["volumes"]["value"].max() > tables["volumes"]["value"].max())
    True
    """
    spoilt = facts.Tables(tables)
    known = as_known(tables, day)
    for name, table in tables.items():
        if name not in known or len(known[name]) == len(table) or "value" not in table:
            continue
        key = facts.schema()[name]["schema"]["primaryKey"][0]
        future = ~table[key].isin(known[name][key])
        bad = table.copy()
        if pd.api.types.is_numeric_dtype(bad["value"]):
            bad.loc[future, "value"] = bad.loc[future, "value"].abs() * factor + 1
        elif name == "reference-projects":
            bad.loc[future & bad["value"].str.fullmatch(r"[0-9]{4}.*"), "value"] = "2199"
        spoilt[name] = bad
    if "contracts" in tables:
        future = ~tables["contracts"]["id"].isin(known["contracts"]["id"])
        spoilt["contracts"] = tables["contracts"].assign(
            acq=tables["contracts"]["acq"].where(~future, 1e6)  # bcm a year: absurd, so seen
        )
    return spoilt


def origins(first: str, last: str) -> list[dt.date]:
    """Return the last days of the quarters from first to last.

    Examples
    --------
    >>> [str(day) for day in origins("2024Q1", "2024Q3")]
    ['2024-03-31', '2024-06-30', '2024-09-30']
    >>> origins("2024Q3", "2024Q1")
    Traceback (most recent call last):
        ...
    energy.errors.PeriodError: First origin 2024Q3 lies after the last, 2024Q1; swap them.
    """
    begin, end = periods.parse(first), periods.parse(last)
    if begin.start > end.start:
        raise PeriodError(f"First origin {first} lies after the last, {last}; swap them.")
    return [p.end - dt.timedelta(days=1) for p in periods.span(begin.start, end.start, "Q")]


def markets(tables: facts.Tables) -> dict[str, str]:
    """Return the market that each export route serves, as the newest row of the crosswalk says.

    Examples
    --------
    >>> markets(facts.load())["power-of-siberia-1"]
    'china'
    """
    exports = tables["routes"].query("role == 'export'")["route"]
    found = {str(route): ramp.market_of(tables, route, dt.date.max) for route in exports}
    return {route: market for route, market in found.items() if market}


# --- histories and the simple forecasters --------------------------------------------------------------


def histories(tables: facts.Tables, day: dt.date) -> dict[str, pd.Series]:
    """Return the flows known on a day by route and market total: quarters without a gap, bcm.

    Only routes that flowed in one of their last four known quarters, six known quarters at least.
    Inner gaps are filled in a straight line. Quarters after the day, and those of which only some
    months were known then, are left out.

    Examples
    --------
    >>> import energy
    >>> past = histories(energy.load().facts, dt.date(2024, 12, 31))
    >>> bool(past["power-of-siberia-1"].notna().all())
    True
    """
    cube = _cube(tables)
    if day not in _memo["pasts"]:  # each forecaster asks for the same
        _memo["pasts"][day] = _histories(with_totals(whole(cube), _markets(tables)), day)
    return dict(_memo["pasts"][day])


def _histories(flow: xr.DataArray, day: dt.date) -> dict[str, pd.Series]:
    found = {}
    for route in flow["route"].values:
        row = pd.Series(
            flow.sel(route=route).values, pd.PeriodIndex(flow["period"].values, freq="Q")
        )
        row = row[pd.PeriodIndex(row.index).end_time <= pd.Timestamp(day) + pd.Timedelta(days=1)]
        row = (
            row.loc[row.first_valid_index() : row.last_valid_index()]
            if row.notna().any()
            else row[:0]
        )
        row = row.loc[row[row > 0].index[0] :] if (row > 0).any() else row[:0]
        # six known quarters, flow in the last four (METHOD '3. Backtest'); 0.01 bcm is a trickle
        if row.notna().sum() >= 6 and row.tail(4).abs().max() > 0.01:
            found[str(route)] = row.interpolate()
    return found


def whole(cube: xr.Dataset) -> xr.DataArray:
    """Return the flow of a cube where its figures cover the whole period; elsewhere NaN.

    Examples
    --------
    >>> cube = xr.Dataset({"flow": ("period", [1.0, 2.0]), "coverage": ("period", [1.0, 0.5])})
    >>> whole(cube).values.tolist()
    [1.0, nan]
    """
    return cube["flow"].where(cube["coverage"] >= ramp.COVERED)


def with_totals(flow: xr.DataArray, markets: Mapping[str, str]) -> xr.DataArray:
    """Add the totals of `FAR` and of all three as routes of their own, named ``total europe``.

    Where no figure of a route is known, its same quarter of the year before stands in; a total of
    which more than `FILLED` stands in is missing.

    Parameters
    ----------
    flow : DataArray, dims (route, period)
        Quarters.
    markets : mapping of str to str
        Export route to its market.

    Examples
    --------
    >>> quarters = pd.period_range("2020Q1", periods=2, freq="Q").to_timestamp()
    >>> lines = xr.DataArray([[1.0, 2.0], [3.0, 4.0]], {"route": ["a", "b"], "period": quarters},
    ...                      ("route", "period"))
    >>> with_totals(lines, {"a": "europe", "b": "turkey"}).sel(route="total far-abroad").values
    array([4., 6.])
    """
    values = np.asarray(flow.transpose("route", "period").values, dtype=float)
    names = [str(name) for name in flow["route"].values]
    begun = np.maximum.accumulate(np.nan_to_num(values) > 0, axis=1)
    known = np.where(begun, values, np.nan_to_num(values))
    before = np.concatenate([np.full((len(names), 4), np.nan), known], axis=1)[:, : known.shape[1]]
    found: dict[str, np.ndarray] = {}
    for name, chosen in _totalled():
        mine = [i for i, route in enumerate(names)
                if markets.get(route) in chosen and begun[i].any()]  # fmt: skip
        if mine:
            found[name] = _total(known[mine], before[mine])
    stacked = np.concatenate([values, *(row[None, :] for row in found.values())])
    coords = {"route": [*names, *found], "period": flow["period"].values}
    return xr.DataArray(stacked, coords, ("route", "period"))


def _totalled() -> list[tuple[str, tuple[str, ...]]]:
    """Return the name of each total and the markets in it."""
    return [*((TOTAL + name, (name,)) for name in FAR), (f"{TOTAL}far-abroad", FAR)]


def _total(known: np.ndarray, before: np.ndarray) -> np.ndarray:
    stand_in = np.where(np.isnan(known), before, 0.0)
    total: np.ndarray = np.where(np.isnan(known), stand_in, known).sum(axis=0)
    usable = (total > 0) & (np.nan_to_num(stand_in).sum(axis=0) <= FILLED * np.nan_to_num(total))
    return np.where(usable, total, np.nan)


def settled(cube: xr.Dataset) -> xr.DataArray:
    """Return the flows of a balanced cube that are a truth.

    That is a quarter whose figures cover it, or one that the balance knows to within `TIGHT` of
    its flow between P10 and P90.

    Examples
    --------
    >>> import energy
    >>> cube = energy.load().flows("power-of-siberia-1", first="2021Q1", last="2021Q4")
    >>> bool(settled(cube).notnull().all())
    True
    """
    tight = (cube["status"] == "balanced") & (
        cube["flow_p90"] - cube["flow_p10"] <= TIGHT * cube["flow"].clip(min=0)
    )
    return cube["flow"].where((cube["coverage"] >= ramp.COVERED) | tight)


_memo: dict[str, Any] = {}


def _cube(tables: facts.Tables) -> xr.Dataset:
    """Return the quarterly cube of tables; the last one is kept, for every forecaster asks for it."""
    if _memo.get("tables") is not tables:
        _memo.update(
            tables=tables, cube=flows.build(tables, "Q"), markets=markets(tables), pasts={}
        )
    cube: xr.Dataset = _memo["cube"]
    return cube


def _markets(tables: facts.Tables) -> dict[str, str]:
    _cube(tables)
    found: dict[str, str] = _memo["markets"]
    return found


def _steps(past: pd.Series, day: dt.date, horizon: int) -> int:
    """Return how many quarters lie between the last known one and the end of the horizon."""
    return int((pd.Period(day, freq="Q") - past.index[-1]).n) + horizon


def _simple(draw: Callable[[np.ndarray, int, int, np.random.Generator], np.ndarray]) -> Forecaster:
    """Make a forecaster of a function ``draw(y, steps, n, rng) -> (n, steps)`` of paths."""

    @functools.wraps(draw)
    def forecaster(
        tables: facts.Tables, origin: dt.date, horizon: int, rng: np.random.Generator
    ) -> xr.DataArray:
        past = histories(tables, origin)
        found = {}
        for route, series in past.items():
            paths = draw(series.to_numpy(), _steps(series, origin, horizon), DRAWS, rng)
            found[route] = np.maximum(paths[:, -horizon:], 0.0).T
        return _draws(found, horizon)

    return forecaster


def _draws(found: Mapping[str, np.ndarray], horizon: int) -> xr.DataArray:
    values = np.stack(list(found.values())) if found else np.empty((0, horizon, DRAWS))
    return xr.DataArray(
        values,
        {"route": list(found), "horizon": range(1, horizon + 1)},
        ("route", "horizon", "draw"),
    )


def naive(y: np.ndarray, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Keep the last quarter; errors add up like a random walk.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> naive(np.array([1.0, 2.0, 1.5, 2.5]), 8, 100, rng).shape  # draws, quarters
    (100, 8)
    """
    spread = np.diff(y).std(ddof=1)
    paths: np.ndarray = y[-1] + np.cumsum(rng.normal(0, spread, (n, steps)), axis=1)
    return paths


def seasonal_naive(y: np.ndarray, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Repeat the last four quarters; each year adds a change of level.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> steady = np.tile([4.0, 2.0, 1.0, 3.0], 3)  # every year the same: nothing to draw
    >>> seasonal_naive(steady, 4, 2, rng).tolist()
    [[4.0, 2.0, 1.0, 3.0], [4.0, 2.0, 1.0, 3.0]]
    """
    last = np.tile(y[-4:], steps // 4 + 1)[:steps]
    # two changes over a year at least, else a spread is no spread
    changes = y[4:] - y[:-4] if len(y) > 5 else np.diff(y)
    spread = np.sqrt((changes**2).mean())
    level = np.cumsum(rng.normal(0, spread, (n, steps // 4 + 1)), axis=1)
    own = rng.normal(0, spread / 2, (n, steps))
    return last + np.repeat(level, 4, axis=1)[:, :steps] + own


def drift(y: np.ndarray, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Carry the mean change on.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> drift(np.array([1.0, 2.0, 3.0, 4.0]), 3, 1, rng).tolist()  # one more each quarter
    [[5.0, 6.0, 7.0]]
    """
    slope = (y[-1] - y[0]) / (len(y) - 1)
    paths: np.ndarray = naive(y, steps, n, rng) + slope * np.arange(1, steps + 1)
    return paths


def ets(y: np.ndarray, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth exponentially, with a season from three years on (statsmodels)."""
    smoothing = _statsmodels("tsa.exponential_smoothing.ets").ETSModel
    season = {"seasonal": "add", "seasonal_periods": 4} if len(y) >= 12 else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a short series may not converge; it is scored as it comes
        fitted = smoothing(y.astype(float), error="add", **season).fit(disp=False)
        paths = fitted.simulate(steps, anchor="end", repetitions=n, rng=rng)
    return np.asarray(paths).reshape(steps, n).T


def arima(y: np.ndarray, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Fit ARIMA (0,1,(1,4)) on seasonal differences from six years on, (0,1,1) from three, else naive.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> arima(np.array([1.0, 2.0, 1.5, 2.5]), 4, 10, rng).shape  # a short past: naive
    (10, 4)
    """
    if len(y) < 12:
        return naive(y, steps, n, rng)
    estimate = _statsmodels("tsa.arima.estimators.hannan_rissanen").hannan_rissanen
    seasonal = len(y) >= 24  # six years, of which a lag of four takes one; chosen by hand
    change = np.diff(y)
    change = change[4:] - change[:-4] if seasonal else change
    found = estimate(
        change, ar_order=0, ma_order=[1, 4] if seasonal else 1, demean=False, unbiased=False
    )[0]
    size = np.abs(found.ma_params).sum()  # below 1, else the shocks cannot be told from the past
    near, far = (*(found.ma_params * min(1.0, 0.95 / size if size else 1.0)), 0.0)[:2]
    past = np.zeros(len(change) + 4)
    for t, value in enumerate(change, start=4):
        past[t] = value - near * past[t - 1] - far * past[t - 4]
    shocks = rng.normal(0, past[4:].std(), (n, steps))
    return _airline(y, past, (near, far, seasonal), shocks)


def _airline(
    y: np.ndarray, past: np.ndarray, parts: tuple[float, float, bool], shocks: np.ndarray
) -> np.ndarray:
    """Carry the recursion of the model on, all paths at once."""
    near, far, seasonal = parts
    n = len(shocks)
    # the recursion reaches back over a season and one quarter: five
    flow = np.hstack([np.broadcast_to(y[-5:], (n, 5)), np.empty_like(shocks)])
    error = np.hstack([np.broadcast_to(past[-5:], (n, 5)), shocks])  # five, as above
    for t in range(5, flow.shape[1]):
        flow[:, t] = flow[:, t - 1] + error[:, t] + near * error[:, t - 1]
        if seasonal:
            flow[:, t] += flow[:, t - 4] - flow[:, t - 5] + far * error[:, t - 4]
    return flow[:, 5:]


def theta(y: np.ndarray, steps: int, n: int, rng: np.random.Generator) -> np.ndarray:
    """Smooth the series without its season and add half of its drift; shocks stay by the smoothing.

    Notes
    -----
    Assimakopoulos and Nikolopoulos 2000, International Journal of Forecasting 16, 521-530; as
    smoothing with drift: Hyndman and Billah 2003, ibid. 19, 287-290.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> theta(np.tile([4.0, 2.0, 1.0, 3.0], 4), 4, 50, rng).shape
    (50, 4)
    """
    season = np.zeros(4)
    places = np.arange(len(y)) % 4
    if len(y) >= 12:
        away = y - np.convolve(
            # centred mean of a year: 2 x 4 quarters
            np.pad(y, 2, mode="edge"),
            [1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8],
            "valid",
        )
        season = np.array([away[places == place].mean() for place in range(4)])
        season -= season.mean()
    plain = y - season[places]
    # weights 0.1 to 1 by 0.05: the grid is chosen by hand
    alpha, level, left = min((_smoothed(plain, a) for a in np.linspace(0.1, 1.0, 19)),
                             key=lambda found: float((found[2] ** 2).sum()))  # fmt: skip
    slope = np.polyfit(np.arange(len(y)), plain, 1)[0] / 2
    ahead = np.arange(1, steps + 1)
    shocks = rng.normal(0, left.std(), (n, steps))
    before = np.cumsum(shocks, axis=1) - shocks
    later = season[(len(y) - 1 + ahead) % 4]
    paths: np.ndarray = level + slope * ahead + later + shocks + alpha * before
    return paths


def _smoothed(y: np.ndarray, alpha: float) -> tuple[float, float, np.ndarray]:
    """Return the weight, the last level and the errors one step ahead of simple smoothing."""
    level, left = float(y[0]), np.empty(len(y) - 1)
    for t, value in enumerate(y[1:]):
        left[t] = value - level
        level += alpha * left[t]
    return alpha, level, left


def _statsmodels(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(f"statsmodels.{name}")
    except ImportError as error:
        raise MissingExtra(
            "ETS and ARIMA need statsmodels: pip install 'energy-trade-tracker[backtest]'."
        ) from error


def contract(
    tables: facts.Tables, origin: dt.date, horizon: int, rng: np.random.Generator
) -> xr.DataArray:
    """Deliver the contract's quantity of each year, in the season of the route's own past."""
    found, past = {}, histories(tables, origin)
    first = pd.Period(origin, freq="Q") + 1
    quarters = [first + i for i in range(horizon)]
    signed = tables["contracts"][tables["contracts"]["status"] == "contract"]
    for route, series in past.items():
        mine = signed[signed["route"] == route]
        mean = np.array([_contracted(mine, q.year) for q in quarters] if len(mine) else [np.nan])
        if np.isnan(mean).all():
            continue
        season = _season(series)
        level = mean * np.array([season[q.quarter] for q in quarters])
        error = rng.normal(0, CONTRACT_ERROR, (DRAWS, horizon))
        found[route] = np.maximum(level * (1 + error), 0.0).T
    return _draws(found, horizon)


def _contracted(mine: pd.DataFrame, year: int) -> float:
    """Return the quantity of a route's contracts in a year: a dated step, else the plateau signed last."""
    total, seen = 0.0, False
    for _, rows in mine.groupby("contract"):
        spans = rows["year"].str.split("/", expand=True).reindex(columns=[0, 1])
        begin = pd.to_numeric(spans[0], errors="coerce")
        end = pd.to_numeric(spans[1], errors="coerce").fillna(begin)
        step = rows[(begin <= year) & (year <= end)]
        after = rows[
            (rows["year"] == "plateau") & (begin.max() < year if begin.notna().any() else True)
        ]
        one = step if len(step) else after
        if len(one):
            total, seen = total + float(one.sort_values("signed")["acq"].iloc[-1]), True
    return total if seen else float("nan")


def _season(series: pd.Series) -> dict[int, float]:
    recent = series.tail(20)  # five years, as `window` of the rules
    means = recent.groupby(pd.PeriodIndex(recent.index).quarter).mean().reindex([1, 2, 3, 4])
    shares = (means / means.sum()) if means.notna().all() and means.sum() > 0 else means * np.nan
    return dict(zip((1, 2, 3, 4), shares.fillna(0.25).tolist(), strict=True))


def ours(
    tables: facts.Tables, origin: dt.date, horizon: int, rng: np.random.Generator
) -> xr.DataArray:
    """Our own projection, mixed over its scenarios, from what was known on the day."""
    from energy import projection

    last = pd.Period(origin, freq="Q") + horizon
    paths = projection.paths(tables, _cube(tables), until=str(last.year), draws=DRAWS,
                             seed=int(rng.integers(2**31)), as_of=origin)  # fmt: skip
    index = pd.PeriodIndex(paths["period"].values, freq="Q")
    first = pd.Period(origin, freq="Q") + 1
    place = index.get_indexer(pd.PeriodIndex([first + i for i in range(horizon)]))
    values = np.where((place >= 0)[None, :, None], paths.values[:, place], np.nan)
    past, names = histories(tables, origin), [str(name) for name in paths["route"].values]
    found: dict[str, np.ndarray] = dict(zip(names, values, strict=True))
    whose = _markets(tables)
    for name, chosen in _totalled():
        mine = [row for route, row in found.items() if whose.get(route) in chosen]
        if mine:
            found[name] = np.sum(mine, axis=0)
    return _draws({route: row for route, row in found.items() if route in past}, horizon)


FORECASTERS: dict[str, Forecaster] = {
    "ours": ours,
    "naive": _simple(naive),
    "seasonal naive": _simple(seasonal_naive),
    "drift": _simple(drift),
    "ETS": _simple(ets),
    "ARIMA": _simple(arima),
    "Theta": _simple(theta),
    "contract": contract,
}


# --- the rolling backtest --------------------------------------------------------------------------------


def backtest(
    tables: facts.Tables,
    forecasters: Mapping[str, Forecaster] | Sequence[str] | None = None,
    at: Sequence[dt.date] | None = None,
    known: Known = as_known,
    seed: int = SEED,
    truth: xr.Dataset | None = None,
) -> pd.DataFrame:
    """Score forecasters at rolling origins, each on what was known that day.

    Parameters
    ----------
    tables : Tables
        Everything known today; the truth is taken from it.
    forecasters : mapping or names, optional
        Default `FORECASTERS`: ours, naive, seasonal naive, drift, ETS, ARIMA, Theta, contract.
    at : sequence of date, optional
        Origins; default `days`, the ends of the quarters from 2016 to the last but one with data.
    known : callable
        ``known(tables, day)``.
    seed : int
    truth : Dataset, optional
        Quarterly flows of today, balanced where they are; default the published ones alone.

    Returns
    -------
    DataFrame
        One row a model, route or market total (``total europe``), origin and span: ``model, route,
        origin, span`` (``q1`` … ``q8`` quarters, ``y1`` … ``y5`` blocks of four quarters ahead),
        ``actual, median, crps, wis`` (bcm), ``inside50, inside80, inside90, inside95`` (bool),
        ``pit`` (share of draws below what came, half of those that met it), ``error`` (median less
        actual), ``scale`` (mean flow of the route, bcm a quarter), ``stopped`` (nought came).

    Raises
    ------
    EnergyError
        For fewer than 8 origins, or none that can be scored.
    UnknownName
        For a forecaster that is not known.
    MissingExtra
        Without scoringrules or statsmodels.
    """
    models = _models(forecasters)
    came = whole(flows.build(tables, "Q")) if truth is None else settled(truth)
    came = with_totals(came, markets(tables))
    chosen = days(tables) if at is None else list(at)
    if len(chosen) < LEAST:
        raise EnergyError(
            f"{len(chosen)} origins are too few to judge by; give at least {LEAST} (quarters' last days)."
        )
    parts = []
    for day in chosen:
        then = known(tables, day)
        for name, forecaster in models.items():
            made = forecaster(then, day, YEARS * 4, stream(name, day, seed))
            parts += _score_origin(name, made, came, day)
    if not parts:
        raise EnergyError(
            "No origin could be scored: no route has six quarters known then and a figure after; choose later origins."
        )
    scores = pd.concat(parts, ignore_index=True)
    scale = scores["route"].map(came.mean("period").to_series())
    return scores.assign(scale=scale, stopped=scores["actual"].abs() <= STOPPED * scale)


def stream(name: str, day: dt.date, seed: int = SEED) -> np.random.Generator:
    """Return the random numbers of a forecaster at an origin, whatever others are asked.

    >>> day = dt.date(2020, 12, 31)
    >>> bool(stream("drift", day).random() == stream("drift", day).random())
    True
    """
    return np.random.default_rng([seed, day.toordinal(), zlib.crc32(name.encode())])


def _models(
    forecasters: Mapping[str, Forecaster] | Sequence[str] | None,
) -> Mapping[str, Forecaster]:
    if forecasters is None:
        return FORECASTERS
    if isinstance(forecasters, Mapping):
        return forecasters
    for name in forecasters:
        if name not in FORECASTERS:
            raise UnknownName("forecaster", name, FORECASTERS)
    return {name: FORECASTERS[name] for name in forecasters}


def days(tables: facts.Tables, first: str = "2016Q1", last: str | None = None) -> list[dt.date]:
    """Return the origins from `first` to `last`, default the last quarter but one with data.

    Examples
    --------
    >>> import energy
    >>> [str(day) for day in days(energy.load().facts, "2024Q1", "2024Q2")]
    ['2024-03-31', '2024-06-30']
    """
    newest = periods.containing(flows.build(tables, "Q")["period"].values[-1], "Q").start
    return origins(first, last or periods.quarter_label(periods.quarter_number(newest) - 1))


def _score_origin(
    name: str, draws: xr.DataArray, truth: xr.DataArray, day: dt.date
) -> list[pd.DataFrame]:
    """Score the quarters, then the blocks of four quarters, of every route of one origin."""
    first = pd.Period(day, freq="Q") + 1
    stamps = [(first + i).start_time for i in range(draws.sizes["horizon"])]
    parts = []
    for route in draws["route"].values.tolist():
        actual = truth.sel(route=route).reindex(period=stamps).values
        paths = draws.sel(route=route).values
        blocks = paths.reshape(-1, 4, paths.shape[1]).sum(axis=1)
        spans = [f"q{i + 1}" for i in range(QUARTERS)] + [f"y{i + 1}" for i in range(YEARS)]
        seen = np.concatenate([actual[:QUARTERS], actual.reshape(-1, 4).sum(axis=1)[:YEARS]])
        drawn = np.concatenate([paths[:QUARTERS], blocks[:YEARS]])
        keep = ~np.isnan(seen) & ~np.isnan(drawn).any(axis=1)
        if keep.any():
            table = score(seen[keep], drawn[keep])
            place = {"model": name, "route": route, "origin": day.isoformat()}
            parts.append(table.assign(**place, span=np.array(spans)[keep]))
    return parts


def score(actual: np.ndarray, draws: np.ndarray) -> pd.DataFrame:
    """Score draws (cells, draws) against what came (cells).

    Returns
    -------
    DataFrame
        ``actual, median, crps, wis, inside50, inside80, inside90, inside95, pit, error``.
    """
    try:
        import scoringrules
    except ImportError as error:
        raise MissingExtra(
            "Scores need scoringrules: pip install 'energy-trade-tracker[backtest]'."
        ) from error
    low95, low90, low80, low50, high50, high80, high90, high95 = np.quantile(draws, LEVELS, axis=1)
    median = np.median(draws, axis=1)
    lower, upper = (
        np.stack([low90, low80, low50], axis=1),
        np.stack([high90, high80, high50], axis=1),
    )
    wis = scoringrules.weighted_interval_score(
        # what the 90, 80 and 50 % intervals leave outside
        actual,
        median,
        lower,
        upper,
        np.array([0.1, 0.2, 0.5]),
    )
    return pd.DataFrame({
        "actual": actual, "median": median, "crps": scoringrules.crps_ensemble(actual, draws), "wis": wis,
        "inside50": (low50 <= actual) & (actual <= high50), "inside80": (low80 <= actual) & (actual <= high80),
        "inside90": (low90 <= actual) & (actual <= high90), "inside95": (low95 <= actual) & (actual <= high95),
        "pit": (draws < actual[:, None]).mean(axis=1) + (draws == actual[:, None]).mean(axis=1) / 2,
        "error": median - actual,
    })  # fmt: skip


GROUPS = {"q1": "1 quarter", **dict.fromkeys(("q2", "q3", "q4"), "2-4 quarters"),
          **dict.fromkeys(("q5", "q6", "q7", "q8"), "5-8 quarters"),
          **{f"y{i}": f"year {i}" for i in range(1, YEARS + 1)}}  # fmt: skip


CELL = ["route", "origin", "span"]


KINDS = ("routes", "living", "stopped", "totals")


def of_kind(scores: pd.DataFrame, kind: str) -> pd.DataFrame:
    """Keep the cells of routes, of routes that flowed on, of those that stopped, or of totals.

    Raises
    ------
    UnknownName
        For another kind.

    Examples
    --------
    >>> cells = pd.DataFrame({"route": ["blue-stream"], "actual": [4.0]})
    >>> of_kind(cells, "all of it")
    Traceback (most recent call last):
        ...
    energy.errors.UnknownName: Unknown kind of cell 'all of it'; known: living, routes, stopped, totals.
    """
    if kind not in KINDS:
        raise UnknownName("kind of cell", kind, KINDS)
    total = scores["route"].str.startswith(TOTAL)
    if kind in ("routes", "totals"):
        return scores[total == (kind == "totals")]
    return scores[~total & (scores["stopped"] == (kind == "stopped"))]


def shared(scores: pd.DataFrame) -> pd.DataFrame:
    """Keep the cells that every model foretells; the contract knows fewer routes and is not asked.

    Examples
    --------
    >>> models = {"model": ["ours", "naive", "ours"]}
    >>> cells = pd.DataFrame({name: ["x", "x", "y"] for name in CELL} | models)
    >>> shared(cells)["model"].tolist()  # naive does not foretell y
    ['ours', 'naive']
    """
    full = scores[scores["model"] != "contract"]
    count = full.groupby(CELL)["model"].nunique()
    cells = count.index[count == full["model"].nunique()]
    return scores[pd.MultiIndex.from_frame(scores[CELL]).isin(cells)]


def summary(
    scores: pd.DataFrame, against: str = "seasonal naive", kind: str = "routes"
) -> pd.DataFrame:
    """Return skill, coverage and bias by model and horizon, on the cells all models foretell.

    The contract foretells fewer; its skill is that on its own cells among them.

    Parameters
    ----------
    scores : DataFrame
        As `backtest` returns them.
    against : str
        Model that has skill 0.
    kind : {"routes", "living", "stopped", "totals"}
        Living are cells of routes that flowed on; totals those of markets.

    Returns
    -------
    DataFrame, index (horizon, model)
        ``skill`` (1 less CRPS over that of `against`; negative where the model loses), ``crps``
        and ``wis`` (shares of the route's mean flow), ``inside50, inside80, inside90, inside95``,
        ``bias`` (same share), ``cells``, ``origins``.
    """
    if against not in set(scores["model"]):
        raise UnknownName("model", against, set(scores["model"]))
    table = _scaled(shared(of_kind(scores, kind)))
    base = table[table["model"] == against].set_index(CELL)["crps"]
    table["base"] = base.reindex(pd.MultiIndex.from_frame(table[CELL])).to_numpy()
    grouped = table.groupby(["horizon", "model"], sort=False)
    found = (
        grouped[["crps", "wis", *(f"inside{level}" for level in (50, 80, 90, 95)), "error"]]
        .mean()
        .rename(columns={"error": "bias"})
    )
    found.insert(0, "skill", 1 - grouped["crps"].mean() / grouped["base"].mean())
    order = list(dict.fromkeys(GROUPS.values()))
    found = found.assign(cells=grouped.size(), origins=grouped["origin"].nunique())
    return found.sort_index(
        key=lambda i: i.map(order.index) if i.name == "horizon" else i, kind="stable"
    )


def _scaled(scores: pd.DataFrame) -> pd.DataFrame:
    """Divide by the mean flow of the route over the span, so that routes count alike."""
    length = np.where(scores["span"].str.startswith("y"), 4.0, 1.0) * scores["scale"]
    part = {name: scores[name] / length for name in ("crps", "wis", "error")}
    return scores.assign(**part, horizon=scores["span"].map(GROUPS))


def by_route(
    scores: pd.DataFrame, model: str = "ours", against: str = "seasonal naive"
) -> pd.DataFrame:
    """Return the skill of one model by route and horizon; NaN where nothing can be scored."""
    parts = {}
    for route, rows in scores[scores["model"].isin([model, against])].groupby("route"):
        if set(rows["model"]) == {model, against}:
            kind = "totals" if str(route).startswith(TOTAL) else "routes"
            parts[route] = summary(rows, against, kind)["skill"].xs(model, level="model")
    return pd.DataFrame(parts).T.reindex(columns=list(dict.fromkeys(GROUPS.values())))


def published(folder: str | Path = SHIPPED) -> pd.DataFrame:
    """Return the scores of the last full run, as METHOD shows them.

    Returns
    -------
    DataFrame
        ``release, as_of, kind`` (`KINDS`, a route or total for its skill, ``<route> living`` for its
        coverage), ``horizon, model, skill, low, high`` (90 % interval), ``inside50`` to
        ``inside95``, ``wis, crps, bias`` (shares of the mean flow), ``cells, origins``.

    Examples
    --------
    >>> table = published()
    >>> bool(table.query("kind == 'routes' and model == 'ours'")["skill"].gt(0).all())
    True
    """
    return pd.read_csv(Path(folder) / "scores.csv")


PUBLISHED = ["release", "as_of", "kind", "horizon", "model", "skill", "low", "high", "inside50",
             "inside80", "inside90", "inside95", "wis", "crps", "bias", "cells", "origins"]  # fmt: skip


def tabulated(scores: pd.DataFrame, release: str, as_of: str) -> pd.DataFrame:
    """Return the table of `published` from the cells of a full run.

    Parameters
    ----------
    scores : DataFrame
        As `backtest` returns them.
    release, as_of : str
        Version and day of the facts.

    Examples
    --------
    >>> table = published()
    >>> list(table.columns) == PUBLISHED
    True
    """
    parts = []
    for kind in KINDS:
        whole = summary(scores, kind=kind).reset_index().assign(kind=kind)
        if kind != "stopped":
            ends, mine = interval(scores, kind=kind), whole["model"] == "ours"
            for name in ("low", "high"):
                whole[name] = whole["horizon"].map(ends[name]).where(mine)
        parts.append(whole)
    skill = by_route(scores).reset_index(names="kind").melt("kind", None, "horizon", "skill")
    parts.append(skill.dropna(subset="skill").assign(model="ours"))
    # the years that enough origins reach
    parts.append(_held(scores, "living", [f"year {i}" for i in (1, 2, 3)], " living"))
    table = pd.concat(parts, ignore_index=True)
    totals = _held(scores, "totals", GROUPS.values()).set_index(["kind", "horizon"])
    place = pd.MultiIndex.from_frame(table[["kind", "horizon"]])
    found = totals["inside80"].reindex(place).to_numpy(dtype=float)
    table["inside80"] = np.where(table["inside80"].notna(), table["inside80"], found).astype(float)
    table = table.assign(release=release, as_of=as_of).reindex(columns=PUBLISHED)
    counted = table[["cells", "origins"]].astype(float).fillna(0).astype(int)
    return table.assign(cells=counted["cells"], origins=counted["origins"]).round(3)


def _held(scores: pd.DataFrame, kind: str, spans: Iterable[str], more: str = "") -> pd.DataFrame:
    """Return which share of outcomes our 80 % interval held by route and horizon."""
    mine = of_kind(scores[scores["model"] == "ours"], kind)
    mine = mine.assign(horizon=mine["span"].map(GROUPS), kind=mine["route"] + more)
    mine = mine[mine["horizon"].isin(list(spans))]
    held = mine.groupby(["kind", "horizon"], as_index=False).agg(inside80=("inside80", "mean"))
    return pd.DataFrame(held.assign(model="ours"))


def pit(scores: pd.DataFrame, model: str = "ours", kind: str = "routes") -> pd.DataFrame:
    """Return how often what came fell into each tenth of the draws; 0.1 everywhere is perfect.

    Parameters
    ----------
    scores : DataFrame
        As `backtest` returns them.

    Returns
    -------
    DataFrame, index horizon, columns 0.1 … 1.0
        Shares; the first is that of outcomes in the lowest tenth.
    """
    mine = of_kind(scores[scores["model"] == model], kind)
    # tenths; a rank of exactly 1 belongs to the last
    tenth = np.minimum(np.floor(mine["pit"] * 10).astype(int), 9)
    # upper ends of the tenths
    table = pd.crosstab(mine["span"].map(GROUPS), (tenth + 1) / 10, normalize="index")
    order = [name for name in dict.fromkeys(GROUPS.values()) if name in table.index]
    levels = [(i + 1) / 10 for i in range(10)]
    return table.reindex(index=order, columns=levels, fill_value=0.0)


# --- the league table of others -------------------------------------------------------------------------


ALIASES: dict[tuple[str, str], list[tuple[str, str, str]]] = {
    ("exports", "far-abroad"): [("volumes", "exports", "far-abroad"), ("volumes", "exports", "europe-and-china")],
    ("export_price", "far-abroad"): [
        ("prices", "ministry_far_abroad", "far-abroad"), ("prices", "customs_service", "far-abroad"),
        ("prices", "gazprom_europe", "europe"), ("outside-forecasts", "export_price", "europe")],
    ("export_price", "europe"): [
        ("prices", "gazprom_europe", "europe"), ("outside-forecasts", "export_price", "europe"),
        ("prices", "ministry_far_abroad", "far-abroad"), ("prices", "customs_service", "far-abroad")],
    ("export_price", "china"): [
        ("prices", "ministry_china", "china"), ("prices", "customs_china_value_per_volume", "china")],
    ("rate", "RUB/USD"): [("fx", "mean", "RUB/USD")],
    ("net_sales_of_gas", "gazprom"): [("financials", "net_sales_of_gas", "total")],
    ("net_profit_attributable", "gazprom"): [("financials", "net_profit_attributable", "group")],
}  # fmt: skip
"""Where the actual of a forecast stands: Gazprom's far abroad is Europe and Turkey (to 2018 all of
it), so their prices stand in for each other."""
NAMES = {"volumes": ("series", "entity"), "prices": ("series", "market"), "fx": ("kind", "pair"),
         "financials": ("metric", "segment"), "outside-forecasts": ("series", "target")}  # fmt: skip
GOOD = ["actual", "provisional", "estimate"]


def outcomes(tables: facts.Tables) -> pd.DataFrame:
    """Return the yearly figures by which forecasts are judged, best first in each key.

    Returns
    -------
    DataFrame
        ``table, series, target, period, value, unit, status, published, id``. What was an
        estimate of a year still running is no outcome.

    Examples
    --------
    >>> table = outcomes(facts.load())
    >>> {"series", "target", "period", "value"} <= set(table)
    True
    """
    parts = []
    for name, (series, target) in NAMES.items():
        rows = tables[name]
        status = rows["status"] if "status" in rows else rows["kind"]
        keep = status.isin(GOOD) & rows["period"].str.fullmatch("[0-9]{4}")
        keep &= rows["published"].str[:4].replace("", "0000") > rows["period"]
        keep |= status.isin(["actual", "provisional"]) & rows["period"].str.fullmatch("[0-9]{4}")
        if name == "fx":
            keep &= rows["kind"] == "mean"
        if name == "financials":
            keep &= rows["standard"] == "IFRS"
        mine = rows[keep].rename(columns={series: "series", target: "target"})
        unit = mine["unit"] if "unit" in mine else mine["target"]
        basis = mine.get("basis", "")
        mine = mine.loc[:, ~mine.columns.duplicated()]
        kept = mine[["series", "target", "period", "value", "published", "id"]]
        parts.append(kept.assign(table=name, unit=unit, basis=basis, status=status[keep]))
    found = pd.concat(parts, ignore_index=True)
    rank = found["status"].map({word: i for i, word in enumerate(GOOD)})
    return found.assign(rank=rank).sort_values(
        ["rank", "published"], ascending=[True, False], kind="stable", ignore_index=True
    )


class _Outcome(NamedTuple):
    """A yearly figure that forecasts are judged by."""

    value: float
    status: str
    id: str


def _outcome(
    found: pd.DataFrame, series: str, target: str, period: str, unit: str
) -> _Outcome | None:
    """Return the best outcome of one forecast, None where the facts hold none."""
    places = ALIASES.get((series, target), [])
    for table, name, entity in [
        *places,
        ("volumes", series, target),
        ("outside-forecasts", series, target),
    ]:
        mine = found[(found["table"] == table) & (found["series"] == name) & (found["target"] == entity)
                     & (found["period"] == period) & (found["unit"].str.removesuffix("/yr") == unit)]  # fmt: skip
        mine = mine[~((mine["series"] == "production") & (mine["basis"] == "15C-40MJ"))]
        if len(mine):
            return next(rows_of(mine.head(1), _Outcome))
    return None


def league(
    tables: facts.Tables, forecaster: Forecaster | None = None, known: Known = as_known
) -> pd.DataFrame:
    """Score every published forecast that has come due, with "no change" and ours beside it.

    Parameters
    ----------
    tables : Tables
    forecaster : callable, optional
        Ours; for forecasts of a route's yearly flow, made on the day theirs was published.
    known : callable

    Returns
    -------
    DataFrame
        Columns of ``outside_forecasts.csv`` and ``actual, actual_status, actual_id, error``
        (forecast less actual), ``relative`` (error over actual), ``held`` (the range given holds
        the actual; NaN without one), ``no_change`` (last outcome known then) with
        ``no_change_relative``, ``ours, ours_low, ours_high, ours_relative``, ``verdict``.
        Forecasts not due or without an outcome in the facts have NaN and the verdict
        ``not due`` or ``no outcome in the facts``.
    """
    found, rows = outcomes(tables), []
    table = tables["outside-forecasts"]
    newest = max(text for text in tables["volumes"]["published"])
    due = list(rows_of(table[table["kind"] != "actual"], OutsideForecast))
    for row in due:
        truth = _outcome(found, row.series, row.target, row.period, row.unit)
        rows.append(_judged(row, truth, found, newest))
    scored = pd.DataFrame(rows, columns=JUDGED)
    result = pd.concat([table[table["kind"] != "actual"].reset_index(drop=True), scored], axis=1)
    own = [
        _ours(tables, row, forecaster, known) if np.isfinite(actual) else (float("nan"),) * 3
        for row, actual in zip(due, result["actual"], strict=True)
    ]
    result[["ours_low", "ours", "ours_high"]] = np.array(own).reshape(-1, 3)
    result["ours_relative"] = (result["ours"] - result["actual"]) / result["actual"].abs()
    return result


JUDGED = [
    "actual",
    "actual_status",
    "actual_id",
    "error",
    "relative",
    "held",
    "no_change",
    "no_change_relative",
    "verdict",
]


def _judged(
    row: OutsideForecast, truth: _Outcome | None, found: pd.DataFrame, newest: str
) -> list[Any]:
    nan = float("nan")
    if truth is None:
        verdict = "not due" if row.period >= newest[:4] else "no outcome in the facts"
        return [nan, "", "", nan, nan, nan, nan, nan, verdict]
    actual, error = float(truth.value), row.value - float(truth.value)
    held = nan if np.isnan(row.low) else float(row.low <= actual <= row.high)
    past = _last(found, row)
    known = [actual, truth.status, truth.id, error, error / abs(actual), held]
    if past is None:
        return [*known, nan, nan, ""]
    better = abs(error) < abs(past - actual)
    verdict = "better than no change" if better else "no better than no change"
    return [*known, past, (past - actual) / abs(actual), verdict]


def _last(found: pd.DataFrame, row: OutsideForecast) -> float | None:
    """Return the newest outcome of the same kind that had been published when the forecast was.

    Years that ended before the forecast count from the following year's January where the facts
    only hold a later publication of them.
    """
    for year in range(int(row.published[:4]) - 1, int(row.published[:4]) - 4, -1):
        truth = _outcome(found, row.series, row.target, str(year), row.unit)
        if truth is not None and int(row.period) > year:
            return float(truth.value)
    return None


def _ours(
    tables: facts.Tables, row: OutsideForecast, forecaster: Forecaster | None, known: Known
) -> tuple[float, ...]:
    """Return P10, P50, P90 of a route's flow in the year, as we would have said that day."""
    nothing = (float("nan"),) * 3
    if forecaster is None or row.series != "flow":
        return nothing
    day = periods.parse(row.published).end - dt.timedelta(days=1)
    then = known(tables, day)
    past = histories(then, day).get(row.target)
    year = [pd.Period(quarter, freq="Q") for quarter in periods.quarters_of(row.period)]
    if past is None or past.index[-1] >= year[-1]:
        return nothing
    last = past.index[-1]  # what was not yet published of the year is drawn too
    rng = np.random.default_rng([SEED, day.toordinal()])
    draws = forecaster(then, last.end_time.date(), (year[-1] - last).n, rng)
    if row.target not in draws["route"].values:
        return nothing
    ahead = draws.sel(route=row.target).isel(horizon=slice(-sum(q > last for q in year), None))
    total = ahead.sum("horizon", skipna=False).values + sum(past.get(q, 0.0) for q in year)
    low, middle, high = np.quantile(total, [0.1, 0.5, 0.9])
    return nothing if np.isnan(total).any() else (float(low), float(middle), float(high))


def standings(table: pd.DataFrame) -> pd.DataFrame:
    """Sum the league table by issuer and series: count, mean absolute and mean relative error.

    Returns
    -------
    DataFrame, index (series, issuer)
        ``forecasts`` (scored), ``absolute`` (mean absolute error, in the series' unit),
        ``relative`` (mean absolute relative error), ``bias`` (mean relative error), ``held``
        (share of ranges that held), ``no_change`` (mean absolute relative error of no change, on
        the same forecasts), ``wins`` (share better than no change), ``ours`` (ours likewise).

    Examples
    --------
    >>> import energy
    >>> table = standings(energy.load().scoring.outside())
    >>> bool((table["forecasts"] > 0).any())
    True
    """
    due = table[table["actual"].notna()]
    due = due.assign(absolute=due["error"].abs(), size=due["relative"].abs(), bias=due["relative"],
                     unchanged=due["no_change_relative"].abs(), own=due["ours_relative"].abs(),
                     win=due["verdict"].map({"better than no change": 1.0, "no better than no change": 0.0}),
                     held=due["held"].astype(float))  # fmt: skip
    grouped = due.groupby(["series", "issuer"])
    found = grouped[["absolute", "size", "bias", "held", "unchanged", "win", "own"]].mean()
    found.insert(0, "forecasts", grouped.size())
    return found.rename(
        columns={"size": "relative", "unchanged": "no_change", "win": "wins", "own": "ours"}
    )


# --- our own log --------------------------------------------------------------------------------------------


def append_log(result: xr.Dataset, folder: str | Path, release: str) -> Path:
    """Add a release's projection to the log in a folder, so that next year's reader can score it.

    Parameters
    ----------
    result : Dataset
        As `energy.projection.project` returns it, with the quantiles 0.1, 0.5 and 0.9.
    folder : path
        Holds, or will hold, ``projections.csv``.
    release : str
        Version of the release.

    Returns
    -------
    Path
        The log. A second call with the same numbers changes nothing.

    Raises
    ------
    DataError
        If the release is in the log with other numbers, or the quantiles are missing.
    """
    missing = [q for q in (0.1, 0.5, 0.9) if not np.isclose(result["quantile"].values, q).any()]
    if missing:
        raise DataError(
            "projection",
            [f"quantile {q} is missing; project with quantiles 0.1, 0.5, 0.9" for q in missing],
        )
    new = _log_rows(result, release)
    path = Path(folder) / LOG
    old = read_log(folder) if path.exists() else new[:0]
    same = old[old["release"] == release]
    if len(same):
        if not same.reset_index(drop=True).equals(new):
            raise DataError(
                LOG,
                [
                    f"release {release} is logged with other numbers; a log is not rewritten: "
                    "give the release a new name"
                ],
            )
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    text = safe(pd.concat([old, new], ignore_index=True)).to_csv(index=False, lineterminator="\n")
    handle, spare = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    with os.fdopen(handle, "w", encoding="utf-8", newline="") as file:
        file.write(text)
    Path(spare).replace(path)
    return path


def _log_rows(result: xr.Dataset, release: str) -> pd.DataFrame:
    flow = result["flow_year"].sel(quantile=[0.1, 0.5, 0.9], method="nearest")
    wide = flow.transpose("scenario", "route", "year", "quantile")
    index = pd.MultiIndex.from_product(
        [wide[name].values.tolist() for name in ("scenario", "route", "year")]
    )
    table = pd.DataFrame(wide.values.reshape(-1, 3).round(3), index, ["p10", "p50", "p90"]).dropna()
    table = table.rename_axis(["scenario", "route", "period"]).reset_index()
    table = table.assign(
        release=release, as_of=str(result.attrs["as_of"]), period=table["period"].astype(str)
    )
    return table[LOG_COLUMNS].astype(dict.fromkeys(LOG_COLUMNS[:5], "str"))


def read_log(folder: str | Path) -> pd.DataFrame:
    """Return the log of a folder.

    Raises
    ------
    DataError
        If there is none, or its columns are others.

    Examples
    --------
    >>> sorted(set(read_log(SHIPPED)["release"]))[:1]
    ['0.1.0']
    """
    path = Path(folder) / LOG
    if not path.exists():
        raise DataError(LOG, [f"no {LOG} in {path.parent.name}/; write one with append_log"])
    table = pd.read_csv(path, dtype=dict.fromkeys(LOG_COLUMNS[:5], "str"), keep_default_na=False)
    if list(table.columns) != LOG_COLUMNS:
        raise DataError(
            LOG, [f"columns are {', '.join(table.columns)}; expected {', '.join(LOG_COLUMNS)}"]
        )
    return table


def score_log(folder: str | Path, tables: facts.Tables) -> pd.DataFrame:
    """Set the logged projections beside the years that have come since.

    Returns
    -------
    DataFrame
        Columns of the log and ``actual, error`` (P50 less actual, bcm), ``inside80``; only whole
        years that were not yet over on the day of the projection.
    """
    table = read_log(folder)
    years = flows.build(tables, "A")
    # the truth of METHOD '3. Backtest': figures cover 99 % of it
    whole = years["flow"].where(years["coverage"] > 0.99)
    frame = whole.to_series()
    index = pd.MultiIndex.from_arrays([table["route"], pd.to_datetime(table["period"] + "-01-01")])
    table = table.assign(actual=frame.reindex(index).to_numpy())
    due = table[table["actual"].notna() & (table["as_of"] < table["period"] + "-12-31")]
    inside = (due["p10"] <= due["actual"]) & (due["actual"] <= due["p90"])
    return due.assign(error=due["p50"] - due["actual"], inside80=inside).reset_index(drop=True)


def interval(
    # 500 resamples leave 25 beyond each end of the interval
    scores: pd.DataFrame, model: str = "ours", against: str = "seasonal naive", times: int = 500,
    seed: int = SEED, kind: str = "routes",
) -> pd.DataFrame:  # fmt: skip
    """Return the skill by horizon with a 90 % interval: routes and origins are drawn anew.

    Forty overlapping origins of a few routes are far fewer than their cells; so whole routes and
    whole origins are drawn, with replacement, not cells.

    Parameters
    ----------
    scores : DataFrame
        As `backtest` returns them.
    times : int
        Resamples.
    kind : str
        As in `summary`.

    Returns
    -------
    DataFrame, index horizon
        ``skill, low, high`` (fifth and ninety-fifth percentile), ``routes, origins``.

    Raises
    ------
    UnknownName
        For a model that is not in the scores.

    Notes
    -----
    Two-way pigeonhole bootstrap (Owen 2007).
    """
    for name in (model, against):
        if name not in set(scores["model"]):
            raise UnknownName("model", name, set(scores["model"]))
    table = _scaled(shared(of_kind(scores, kind)))
    wide = table[table["model"].isin([model, against])].pivot_table(
        index=["horizon", *CELL], columns="model", values="crps"
    ).dropna().reset_index()  # fmt: skip
    rng, rows = np.random.default_rng(seed), {}
    for horizon, part in wide.groupby("horizon"):
        places = [pd.factorize(part[name])[0] for name in ("route", "origin")]
        ours, base = (part[name].to_numpy(dtype=float) for name in (model, against))
        found = []
        for _ in range(times):
            weight = np.ones(len(part))
            for place in places:
                count = int(place.max()) + 1
                weight = weight * np.bincount(rng.integers(0, count, count), minlength=count)[place]
            total = float((weight * base).sum())
            found.append(1 - float((weight * ours).sum()) / total if total > 0 else float("nan"))
        low, high = np.nanquantile(found, [0.05, 0.95])  # a 90 % interval
        rows[horizon] = [
            1 - ours.sum() / base.sum(),
            low,
            high,
            *(int(p.max()) + 1 for p in places),
        ]
    names = ["skill", "low", "high", "routes", "origins"]
    order = [name for name in dict.fromkeys(GROUPS.values()) if name in rows]
    return pd.DataFrame.from_dict(rows, orient="index", columns=names).reindex(order)
