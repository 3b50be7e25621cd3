"""Price and rate paths, and what the projected gas would earn.

Brent and TTF revert, in logs, to the level a scenario states; speed and noise are fitted to the
World Bank's months. A contract price follows from them by formula and averaging window. Nothing
here is a sourced price: every figure is modelled, beside it stands what the years before brought.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import DataError
from energy.finance import prices as sourced
from energy.measure import periods
from energy.measure.observations import newest
from energy.measure.units import KWH_PER_MMBTU
from energy.projection import ramp, scenarios

LEAD = 3
"""Quarters before the grid that the nine-month window looks back to."""
SHORTEST = 36
"""Months an index must have before its reversion is fitted."""
STEPS = 7
"""Steps between neighbouring quarters that a rate must have before their size is told."""
BEFORE = (2015, 2021)  # years whose mean is 'before the war': from the fall of oil to 2022; by hand


@dataclass(frozen=True)
class Reversion:
    """An AR(1) of the log of a monthly index.

    Attributes
    ----------
    persistence : float
        Monthly.
    spread : float
        Stationary standard deviation of the log.
    months : int
        Months it was fitted on.
    """

    persistence: float
    spread: float
    months: int


@dataclass(frozen=True)
class Path:
    """One index over the lead and the grid: log = fixed + pull x log of the long-run level + noise."""

    fixed: np.ndarray
    pull: np.ndarray
    noise: np.ndarray
    white: np.ndarray


@dataclass(frozen=True)
class Price:
    """A market's formula: USD/1000 m3 = level x (intercept + oil x Brent + hub x TTF)."""

    intercept: float
    oil: float
    hub: float
    level: float
    spread: float


@dataclass(frozen=True)
class MoneySpec:
    """All that the engine needs to price a block of draws.

    Attributes
    ----------
    brent, ttf : Path
    link : float
        Correlation of the two surprises.
    markets : tuple of (str, Price)
    rate : Path or None
        Log of roubles a dollar; None where no rate is known.
    """

    brent: Path
    ttf: Path
    link: float
    markets: tuple[tuple[str, Price], ...]
    rate: Path | None


def index(prices: pd.DataFrame, name: str) -> pd.Series:
    """Return one index by month, whole.

    Raises
    ------
    DataError
        Where a month between the first and the last is missing, a value is not positive, or
        there are too few months to fit a reversion.
    """
    series = sourced.monthly(prices, name)
    where = f"prices.csv, {sourced.INDICES[name]}"
    if len(series) < SHORTEST:
        raise DataError(
            where, [f"{len(series)} months cannot carry a price path; {SHORTEST} are needed"]
        )
    every = pd.period_range(series.index[0], series.index[-1], freq="M")
    missing = every.difference(pd.PeriodIndex(series.dropna().index))
    if len(missing):
        names = ", ".join(str(month) for month in missing[:6])
        raise DataError(where, [f"the price path has gaps: {len(missing)} months are missing ({names}); "
                                "add the rows"])  # fmt: skip
    if series.min() <= 0:
        raise DataError(
            where, [f"{series.idxmin()}: price {series.min()} is not positive; correct it"]
        )
    return series


def fit(series: pd.Series) -> Reversion:
    """Fit log x(t) = a + b log x(t-1) + e by least squares; b is held below 0.99.

    Returns
    -------
    Reversion
    """
    logs = np.log(series.to_numpy())
    later, earlier = logs[1:] - logs[1:].mean(), logs[:-1] - logs[:-1].mean()
    # at 1 a price would be a walk without a mean; 0.99 a month is a half-life of six years
    slope = float(np.clip((later * earlier).sum() / (earlier**2).sum(), 0.0, 0.99))
    left = later - slope * earlier
    noise = float(np.sqrt((left**2).sum() / max(len(left) - 2, 1)))
    return Reversion(slope, noise / float(np.sqrt(1 - slope**2)), len(series))


def path(series: pd.Series, span: ramp.Grid) -> Path:
    """Lay an index on the lead and the grid: known quarters fixed, the others reverting."""
    found = fit(series)
    first, rows = span.first - LEAD, span.count + LEAD
    numbers = np.arange(first, first + rows)
    known = _quarters(series)
    ahead = np.maximum(numbers - max(known, default=first - 1), 0)
    if not known or (min(known) > first and ahead[0] == 0):
        raise DataError(
            "prices.csv", [f"no {series.name} before {span.starts[0].date()}; add its rows"]
        )
    last = float(np.log(series.iloc[-1]))
    remain = (found.persistence**3) ** ahead  # fitted to months, three a quarter
    noise, white = np.zeros((ramp.MODES, rows)), np.zeros(rows)
    later = ahead > 0
    noise[:, later], white[later] = ramp.modes(
        # months to quarters, as above
        int(later.sum()),
        (found.spread, found.persistence**3, 0.0, 0.0),
    )
    fixed = np.array([np.log(known[int(n)]) if a == 0 else last * r
                      for n, a, r in zip(numbers, ahead, remain, strict=True)])  # fmt: skip
    return _narrow(Path(fixed, np.where(later, 1 - remain, 0.0), noise, white))


def _quarters(series: pd.Series) -> dict[int, float]:
    """Return the means of the quarters whose three months are all known."""
    found: dict[int, list[float]] = {}
    for month, price in zip(pd.PeriodIndex(series.index), series, strict=True):
        number = periods.quarter_number(month.start_time.date())
        found.setdefault(number, []).append(float(price))
    # only quarters with all three months
    return {n: sum(parts) / 3 for n, parts in found.items() if len(parts) == 3}


def _narrow(wide: Path) -> Path:
    return Path(*(np.ascontiguousarray(part, dtype=np.float32)
                  for part in (wide.fixed, wide.pull, wide.noise, wide.white)))  # fmt: skip


def rate_path(fx: pd.DataFrame, span: ramp.Grid, drift: float, unsure: float = 0.0) -> Path | None:
    """Return log RUB/USD reverting to a level that drifts, or None without rates.

    Parameters
    ----------
    fx : DataFrame
        The table of facts.
    drift : float
        Yearly, in logs.
    unsure : float
        Standard deviation of the drift, yearly.

    Notes
    -----
    An AR(1) around the drifting mean of the quarters known, by least squares with Kendall's (1954)
    correction of the bias in a short series. Only neighbouring quarters tell a step: one that
    nobody has published is neither filled nor counted as calm.
    """
    rows = fx[(fx["pair"] == "RUB/USD") & (fx["kind"] == "mean") & (fx["freq"] == "Q")]
    rows = newest(rows, ["period"]).sort_values("period")
    if rows.empty:
        return None
    quarters = pd.PeriodIndex(rows["period"], freq="Q")
    at = np.array([periods.quarter_number(q.start_time.date()) for q in quarters])
    away = np.log(rows["value"].to_numpy(dtype=float)) - drift / 4 * at
    neighbours = np.diff(at) == 1
    if neighbours.sum() < STEPS:
        return None
    persistence, spread = reverting(away[:-1][neighbours], away[1:][neighbours])
    mean = float(away.mean())
    doubt = spread * np.sqrt((1 + persistence) / (1 - persistence) / len(away))
    numbers = np.arange(span.first - LEAD, span.first + span.count)
    ahead = np.maximum(numbers - at[-1], 0)
    noise, white = ramp.split(ramp.covariance(ahead, (spread, persistence, doubt, unsure)))
    fixed = mean + (away[-1] - mean) * persistence**ahead + drift / 4 * np.maximum(numbers, at[-1])
    return _narrow(Path(fixed, np.zeros(len(ahead)), noise, white))


def reverting(earlier: np.ndarray, later: np.ndarray) -> tuple[float, float]:
    """Return persistence and stationary standard deviation of an AR(1) from pairs of neighbours.

    Examples
    --------
    >>> here, there = np.array([1.0, -1.0, 1.0, -1.0]), np.array([0.5, -0.5, -0.5, 0.5])
    >>> slope, spread = reverting(here, there)  # no slope, and a quarter for the few pairs
    >>> round(slope, 2), round(spread, 2)
    (0.25, 0.82)
    """
    here, there = earlier - earlier.mean(), later - later.mean()
    size = float((here**2).sum())
    slope = float((here * there).sum()) / size if size > 0 else 0.0
    # Kendall (1954): short series show (1 + 3 r) / n too little; 0.98 leaves a level, by hand
    slope = float(np.clip(slope + (1 + 3 * slope) / len(here), 0.0, 0.98))
    noise = float(np.sqrt(((there - slope * here) ** 2).sum() / max(len(here) - 2, 1)))
    return slope, noise / float(np.sqrt(1 - slope**2))


def formulas(tables: ramp.Tables, tree: scenarios.Tree) -> dict[str, Price]:
    """Return the formula of each market of the tree, its level learned where prices are known.

    China: the nine-month mean of Brent fitted to the printed customs prices, as in
    `energy.finance.prices`; where those are not known yet, the western oil slope. Europe and
    Turkey: a stated mix of hub and oil slope.
    """
    found, seen = {}, sourced.by_market(tables["prices"], tables["volumes"])
    for market, row in tree["money"]["market"].items():
        if "fixed" in row:  # a price of the user's own holds in every quarter and draw
            found[market] = Price(row["fixed"]["value"], 0.0, 0.0, 1.0, 0.0)
            continue
        raw = _formula(tables["prices"], row, tree["money"])
        level = _level(tables, seen[seen["market"] == market], raw, tree["money"])
        found[market] = Price(*raw, level, tree["money"]["level_spread"]["value"])
    return found


def _formula(
    table: pd.DataFrame, row: Mapping[str, Any], money: Mapping[str, Any]
) -> tuple[float, float, float]:
    per_thousand = money["gcv"]["value"] * 1000 / KWH_PER_MMBTU  # MMBtu in 1000 m3
    slope = money["slope"]["value"] * per_thousand
    if row["formula"] == "mixed":
        share = row["hub"]["value"]
        return 0.0, (1 - share) * slope, share * per_thousand
    known = sourced.customs_quarters(table).dropna()
    if len(known) < 4:
        return 0.0, slope, 0.0
    fitted = sourced.fit(table, known, sourced.CHINA[:1])
    return fitted.intercept, fitted.slopes[0], 0.0


def _level(
    tables: ramp.Tables, seen: pd.DataFrame, raw: tuple[float, float, float],
    money: Mapping[str, Any],
) -> float:  # fmt: skip
    """Return actual over modelled of the last eight priced quarters, drawn towards 1."""
    prior = money["level_prior"]["value"]
    # two years: an older level says little of today's contracts; chosen by hand
    seen = seen[~seen["status"].isin(["plan", "modelled"])].tail(8)
    quarters = [periods.label(periods.containing(day, "Q")) for day in seen["period"]]
    if not quarters:
        return 1.0
    # months of the formulas (`formulas`)
    oil = sourced.averaged(tables["prices"], sourced.Window("brent", 9, 0), quarters).to_numpy()
    # a hub's gas is paid at the quarter's own price
    hub = sourced.averaged(tables["prices"], sourced.Window("ttf", 3, 0), quarters).to_numpy()
    ratio = seen["price"].to_numpy() / (raw[0] + raw[1] * oil + raw[2] * hub)
    ratio = ratio[np.isfinite(ratio)]
    return float((ratio.sum() + prior) / (len(ratio) + prior))


def spec(tables: ramp.Tables, span: ramp.Grid, tree: scenarios.Tree) -> MoneySpec:
    """Return the arrays from which a block of draws is priced.

    Raises
    ------
    DataError
        For an index with gaps or too few months.
    """
    brent, ttf = (path(index(tables["prices"], name), span) for name in scenarios.PRICES)
    found = formulas(tables, tree)
    money = tree["money"]
    unsure = money["inflation_error"]["value"] if "inflation_error" in money else 0.0
    rate = rate_path(tables["fx"], span, money["inflation"]["value"], unsure)
    return MoneySpec(brent, ttf, tree["money"]["link"]["value"], tuple(found.items()), rate)


@dataclass(frozen=True)
class Noise:
    """Standard normal numbers of one block of n draws: what makes its prices differ.

    Attributes
    ----------
    oil, hub, rate : (MODES, n)
    jitter : (3, rows + n)
        A window that slides over it gives each quarter and draw its own number.
    level : (markets, n)
    """

    oil: np.ndarray
    hub: np.ndarray
    rate: np.ndarray
    jitter: np.ndarray
    level: np.ndarray


def draw(money: MoneySpec, rng: np.random.Generator, oil: np.ndarray) -> Noise:
    """Draw a block's numbers; `oil` (MODES, n) is the driver that the routes see too."""
    kept, count = oil.shape
    normal = rng.standard_normal
    own = normal((kept, count), dtype=np.float32)
    mix = np.float32(money.link), np.float32(np.sqrt(1 - money.link**2))
    return Noise(
        oil, mix[0] * oil + mix[1] * own, normal((kept, count), dtype=np.float32),
        # oil, hub and rouble
        normal((3, len(money.brent.fixed) + count), dtype=np.float32),
        normal((len(money.markets), count), dtype=np.float32),
    )  # fmt: skip


def price(
    money: MoneySpec, noise: Noise, means: np.ndarray
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Return price paths by market (P, n) in USD/1000 m3, and RUB/USD (P, n).

    Parameters
    ----------
    means : (2, n)
        Log of the long-run Brent and TTF of each draw.
    """
    brent = np.exp(_logs(money.brent, noise.oil, noise.jitter[0], means[0]))
    ttf = np.exp(_logs(money.ttf, noise.hub, noise.jitter[1], means[1]))
    oil = (brent[:-3] + brent[1:-2] + brent[2:-1]) / np.float32(3)  # the nine months before
    hub = ttf[2:-1]  # the three months before
    paths = {}
    for m, (market, rule) in enumerate(money.markets):
        level = np.float32(rule.level) * np.exp(np.float32(rule.spread) * noise.level[m])
        plain = np.float32(rule.intercept) + np.float32(rule.oil) * oil + np.float32(rule.hub) * hub
        paths[market] = plain * level
    if money.rate is None:
        return paths, None
    return paths, np.exp(_logs(money.rate, noise.rate, noise.jitter[2], means[0]))[LEAD:]


def _logs(path: Path, modes: np.ndarray, jitter: np.ndarray, mean: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.einsum("kp,kn->pn", path.noise, modes)
    found += path.white[:, None] * slide(jitter, len(path.white), modes.shape[1])
    found += path.pull[:, None] * mean
    found += path.fixed[:, None]
    return found


def slide(numbers: np.ndarray, rows: int, count: int) -> np.ndarray:
    """Return a (rows, count) view: row p is the numbers from p on.

    Each column holds different numbers, each row independent ones; no memory is taken.
    """
    step = numbers.itemsize  # numpy's sliding_window_view makes the same view ten times slower
    return np.ndarray((rows, count), numbers.dtype, np.ascontiguousarray(numbers), 0, (step, step))


def before(
    cube: xr.Dataset, routes: pd.DataFrame, years: Sequence[int] = range(BEFORE[0], BEFORE[1] + 1)
) -> pd.DataFrame:
    """Return what each export route earned in the years before, million USD.

    Parameters
    ----------
    cube : Dataset
        Quarters with ``revenue``.
    routes : DataFrame
        The table of facts.

    Returns
    -------
    DataFrame
        Index route, one column a year, and a row ``all``; NaN where a quarter with gas has no
        price, and left out of ``all`` then.
    """
    exports = [
        r for r in routes.loc[routes["role"] == "export", "route"] if r in cube["route"].values
    ]
    part = cube.sel(route=exports)
    table = {}
    for year in years:
        whole = (pd.DatetimeIndex(part["period"].values).year == year).sum() == 4
        inside = part.sel(period=str(year)) if whole else None
        table[year] = np.full(len(exports), np.nan) if inside is None else _earned(inside)
    frame = pd.DataFrame(table, index=pd.Index(exports, name="route")).dropna(how="all")
    frame.loc["all"] = frame.sum(min_count=1)
    return frame


def _earned(part: xr.Dataset) -> np.ndarray:
    lacking = ((part["flow"] > 0) & ~part["revenue"].notnull()).any("period")
    return part["revenue"].sum("period", min_count=1).where(~lacking).values
