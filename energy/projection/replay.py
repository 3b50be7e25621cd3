"""What is published beyond the flows of routes, replayed at past days and scored: money, first gas.

The flows of routes and the totals of markets have their rolling backtest in `backtest`. Revenue is
projected as it stood at the end of past years, beside last year's revenue with the spread of its own
changes; first gas is asked of every line known then and not yet flowing. What was known then comes
from `backtest.as_known`, so nothing later enters.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import EnergyError
from energy.projection import backtest, scoreboard, timing

# ends of the 50, 80, 90 and 95 % intervals and the median
QUANTILES = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975)
AHEAD = 3
"""Years ahead that revenue is scored."""
WITHIN = (3, 5, 10)
"""Years within which first gas is asked."""
DRAWS = 2000  # fifty lie beyond each end of the 95 % interval
LAST = "as last year"


def earned(cube: xr.Dataset, markets: Mapping[str, str]) -> pd.DataFrame:
    """Return the revenue of whole years by market, as the truth of a scoreboard.

    Parameters
    ----------
    cube : Dataset
        Flows of calendar years with ``flow, coverage, revenue`` (million USD).
    markets : mapping of str to str
        Export route to its market.

    Returns
    -------
    DataFrame
        ``target, location, target_end_date, actual``. A market counts where each of its routes
        that flowed in the year was priced; ``all`` is `backtest.FAR` together.
    """
    rows, flow, money = [], cube["flow"], cube["revenue"]
    ends = [f"{pd.Timestamp(day).year}-12-31" for day in cube["period"].values]
    whole = cube["coverage"] >= scoreboard.WHOLE
    if "status" in cube:
        whole |= cube["status"] == "balanced"
    places = {**{one: (one,) for one in backtest.FAR}, scoreboard.ALL: backtest.FAR}
    for name, chosen in places.items():
        mine = [r for r in cube["route"].values if markets.get(str(r)) in chosen]
        part, paid = flow.sel(route=mine), money.sel(route=mine)
        flowed = part.fillna(0) > 0
        good = (~flowed | (paid.notnull() & whole.sel(route=mine))).all("route")
        total = paid.where(flowed).sum("route", min_count=1).where(good)
        rows += [("revenue", name, end, float(value))
                 for end, value in zip(ends, total.values, strict=True) if np.isfinite(value)]  # fmt: skip
    return pd.DataFrame(rows, columns=["target", "location", "target_end_date", "actual"])


def revenue(
    tables: facts.Tables, cube: xr.Dataset, at: Sequence[dt.date],
    known: Callable[[facts.Tables, dt.date], facts.Tables] = backtest.as_known,
    draws: int = DRAWS, seed: int = backtest.SEED,
) -> pd.DataFrame:  # fmt: skip
    """Score projected revenue by market at past days, beside last year's.

    Parameters
    ----------
    tables : Tables
        Everything known today.
    cube : Dataset
        Flows of calendar years with revenue: the truth.
    at : sequence of date
        Last days of years.
    known : callable
        ``known(tables, day)``.

    Returns
    -------
    DataFrame
        As `scoreboard.score`: model ``ours`` and `LAST`.

    Raises
    ------
    EnergyError
        If no outcome of any day has come.
    """
    markets = backtest.markets(tables)
    came = earned(cube, markets)
    said = []
    for day in at:
        said += _ours(known(tables, day), day, draws, seed)
        said += _last(came, day)
    if not said:
        raise EnergyError("No revenue could be replayed; give days whose next year has ended.")
    columns = ["model", *scoreboard.COLUMNS]
    until = f"{pd.Timestamp(cube['period'].values[-1]).year}-12-31"
    return scoreboard.score(pd.DataFrame(said, columns=columns), came, until)


def _ours(then: facts.Tables, day: dt.date, draws: int, seed: int) -> list[tuple[object, ...]]:
    from energy import projection

    made = projection.project(
        then, backtest._cube(then), until=str(day.year + AHEAD), scenarios=["mixture"],
        draws=draws, seed=seed, as_of=day, quantiles=QUANTILES,
    )  # fmt: skip
    table = made["market_revenue_year"].sel(scenario="mixture")
    rows: list[tuple[object, ...]] = []
    for market in [m for m in table["market"].values if m in backtest.FAR]:
        for year in range(day.year + 1, day.year + AHEAD + 1):
            values = table.sel(market=market, year=year).values
            rows += _quantiles("ours", day, str(market), year, values)
    return rows


def _quantiles(
    model: str, day: dt.date, market: str, year: int, values: np.ndarray
) -> list[tuple[object, ...]]:
    if not np.isfinite(values).all():
        return []
    return [(model, day.isoformat(), "revenue", market, f"{year}-12-31", "quantile", level, float(v))
            for level, v in zip(QUANTILES, values, strict=True)]  # fmt: skip


def _last(came: pd.DataFrame, day: dt.date) -> list[tuple[object, ...]]:
    """Return last year's revenue, spread by the changes seen; three years at least."""
    from scipy import stats

    rows: list[tuple[object, ...]] = []
    for market, part in came[came["target_end_date"] <= day.isoformat()].groupby("location"):
        past = part.sort_values("target_end_date")
        values = past["actual"].to_numpy(dtype=float)
        if market not in backtest.FAR or len(values) < 4 or (values <= 0).any():
            continue
        spread = float(np.std(np.diff(np.log(values)), ddof=1))
        for ahead in range(1, AHEAD + 1):
            width = spread * np.sqrt(ahead) * stats.norm.ppf(QUANTILES)
            rows += _quantiles(LAST, day, str(market), day.year + ahead, values[-1] * np.exp(width))
    return rows


def first_gas(
    tables: facts.Tables, at: Sequence[dt.date],
    known: Callable[[facts.Tables, dt.date], facts.Tables] = backtest.as_known,
    within: Sequence[int] = WITHIN, draws: int = DRAWS, seed: int = backtest.SEED,
) -> pd.DataFrame:  # fmt: skip
    """Ask of every line known on a day whether its gas came within some years, and score it.

    Lines that flowed or were given up by that day are not asked, even where the document that says
    so is of later.

    Parameters
    ----------
    tables : Tables
        Everything known today; what came is read from it.
    at : sequence of date
        Days of asking.
    within : sequence of int
        Years; only those that have passed by today are scored.

    Returns
    -------
    DataFrame
        ``project, day, stage, within, probability, came`` and ``brier``; ``rate`` is the Brier
        score of always saying how often it came among the lines asked that day: a rival that
        knows the outcome's mean.

    Examples
    --------
    >>> import datetime as dt
    >>> import energy
    >>> rows = first_gas(energy.load().facts, [dt.date(2014, 6, 30)], within=(5,), draws=200)
    >>> bool(rows["probability"].between(0, 1).all()), sorted(rows["project"])
    (True, ['Central Asia-China D', 'Power of Siberia 1', 'South Stream', 'Yamal-Europe 2'])
    """
    now, rows = timing.decimal(max(tables["volumes"]["published"])), []
    for case in asked(tables, at, known, draws, seed):
        for years in within:
            if case.number + years <= now:
                came = bool(case.first_gas <= case.number + years)
                said = float((case.sample <= case.number + years).mean())
                rows.append((case.project, case.day, case.stage, years, said, came))
    names = ["project", "day", "stage", "within", "probability", "came"]
    return _brier(pd.DataFrame(rows, columns=names), ["day", "within"])


def never(
    tables: facts.Tables, at: Sequence[dt.date],
    known: Callable[[facts.Tables, dt.date], facts.Tables] = backtest.as_known,
    draws: int = DRAWS, seed: int = backtest.SEED,
) -> pd.DataFrame:  # fmt: skip
    """Score the chance that a line known on a day never flows, for lines whose fate is sealed.

    That is one whose gas has come since, or that has been given up; all others are still open.

    Returns
    -------
    DataFrame
        ``project, day, stage, probability, came`` (given up), ``brier`` and ``rate`` as in
        `first_gas`.

    Examples
    --------
    >>> import datetime as dt
    >>> import energy
    >>> past = never(energy.load().facts, [dt.date(2014, 6, 30)], draws=200)
    >>> past.set_index("project")["came"].to_dict()
    {'Power of Siberia 1': False, 'South Stream': True, 'Yamal-Europe 2': True}
    """
    rows = [(case.project, case.day, case.stage, float(np.isinf(case.sample).mean()),
             not np.isfinite(case.first_gas))
            for case in asked(tables, at, known, draws, seed)
            if np.isfinite(case.first_gas) or np.isfinite(case.given_up)]  # fmt: skip
    names = ["project", "day", "stage", "probability", "came"]
    return _brier(pd.DataFrame(rows, columns=names), ["day"])


@dataclass(frozen=True)
class Case:
    """A line asked on a day: what was said in draws of years, and what came (NaN where nothing has)."""

    project: str
    day: str
    number: float
    stage: str
    sample: np.ndarray
    first_gas: float
    given_up: float


def asked(
    tables: facts.Tables, at: Sequence[dt.date],
    known: Callable[[facts.Tables, dt.date], facts.Tables] = backtest.as_known,
    draws: int = DRAWS, seed: int = backtest.SEED,
) -> Iterator[Case]:  # fmt: skip
    """Yield every line known on each day that neither flowed nor had been given up."""
    today = timing.milestones(tables, timing.decimal(max(tables["volumes"]["published"])))
    for day in at:
        then, number = known(tables, day), timing.decimal(day.isoformat())
        class_ = timing.milestones(then, number)
        ended = today.reindex(class_.index)[["first_gas", "never"]].min(axis=1)
        for name in class_.index[class_["first_gas"].isna() & ~(ended <= number)]:
            made = timing.first_gas(then, str(name), day)
            if made.stage in ("unheard", "flowing"):
                continue
            sample = made.sample(np.random.default_rng([seed, day.toordinal()]), draws)
            came = today.reindex([name]).iloc[0]
            yield Case(str(name), day.isoformat(), number, made.stage, sample,
                        float(came["first_gas"]), float(came["never"]))  # fmt: skip


def _brier(table: pd.DataFrame, alike: list[str]) -> pd.DataFrame:
    hit = table["came"].astype(float)
    rate = hit.groupby([table[name] for name in alike]).transform("mean")
    return table.assign(brier=(table["probability"] - hit) ** 2, rate=(rate - hit) ** 2)
