"""What ours and the simple rivals would have said at past days, as submissions for the scoreboard.

Each was made on what was known that day, by the method of today; so it stands apart from what was
published that day. `ship` runs all of them, which takes half an hour, and keeps their quantiles in
``energy/data/log/replayed.csv.gz``; rivals that need packages this one cannot stand beside are run by
``tests/benchmarks/statsforecast_rivals.py`` and join as draws.
"""

from __future__ import annotations

import datetime as dt
import gzip
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.measure.sheets import safe
from energy.projection import backtest, chances, replay, scoreboard, timing

FILE = "replayed.csv.gz"
LEVELS = (0.1, 0.25, 0.5, 0.75, 0.9)  # ends of the 50 and 80 % intervals and the median
AHEAD, YEARS = (1, 4), 3
"""Quarters ahead at every origin, and whole calendar years ahead at the ends of years."""
MARK = "replayed"
OURS = f"ours, {MARK}"
COLUMNS = ["model", *scoreboard.COLUMNS]


def of_draws(model: str, draws: xr.DataArray, day: dt.date) -> pd.DataFrame:
    """Return a forecaster's draws (route, horizon, draw) as submissions of quarters and years.

    Examples
    --------
    >>> draws = xr.DataArray(np.ones((1, 8, 9)), {"route": ["total europe"], "horizon": range(1, 9)},
    ...                      ("route", "horizon", "draw"))
    >>> rows = of_draws("flat", draws, dt.date(2023, 12, 31))
    >>> rows.drop_duplicates(["target", "target_end_date"])[["target", "location", "value"]].values[[0, -1]].tolist()
    [['quarterly flow', 'europe', 1.0], ['flow', 'europe', 4.0]]
    """
    first = pd.Period(day, freq="Q") + 1
    parts = [(scoreboard.QUARTERLY, (first + (i - 1)).end_time.date(), draws.isel(horizon=i - 1))
             for i in AHEAD if i <= draws.sizes["horizon"]]  # fmt: skip
    if first.quarter == 1:
        parts += [(scoreboard.FLOW, dt.date(first.year + i, 12, 31),
                   draws.isel(horizon=slice(4 * i, 4 * i + 4)).sum("horizon", skipna=False))
                  for i in range(min(YEARS, draws.sizes["horizon"] // 4))]  # fmt: skip
    made: list[tuple[Any, ...]] = []
    for target, end, cells in parts:
        found = np.quantile(cells.transpose("route", "draw").values, LEVELS, axis=1)
        for route, values in zip(draws["route"].values.tolist(), found.T, strict=True):
            place = str(route).removeprefix(backtest.TOTAL)
            if np.isfinite(values).all():
                made += [(model, day.isoformat(), target, place, end.isoformat(), "quantile", level,
                          round(float(value), 4)) for level, value in zip(LEVELS, values, strict=True)]  # fmt: skip
    return pd.DataFrame(made, columns=COLUMNS)


# 2000 draws know a chance to 0.011 at worst
def first_gas(tables: facts.Tables, at: Sequence[dt.date], draws: int = 2000) -> pd.DataFrame:
    """Return the chances of first gas within some years and of never, of every line then to come."""
    made: list[tuple[Any, ...]] = []
    for case in replay.asked(tables, at, draws=draws):
        mine = [OURS, case.day]
        for years in replay.WITHIN:
            end = f"{int(case.day[:4]) + years}{case.day[4:]}"
            chance = float((case.sample <= timing.decimal(end)).mean())
            made += chances.pair([*mine, chances.FIRST_GAS, case.project, end], chance)
        never = float(np.isinf(case.sample).mean())
        made += chances.pair([*mine, chances.NEVER, case.project, chances.NO_END], never)
    return pd.DataFrame(made, columns=chances.COLUMNS)


def year_ends(first: int, last: int) -> list[dt.date]:
    """Return the last days of years.

    >>> year_ends(2010, 2011)[-1].isoformat()
    '2011-12-31'
    """
    return [dt.date(year, 12, 31) for year in range(first, last + 1)]


def drawn(
    tables: facts.Tables, at: Iterable[dt.date],
    forecasters: Mapping[str, backtest.Forecaster] = backtest.FORECASTERS,
) -> Iterator[tuple[str, dt.date, xr.DataArray]]:  # fmt: skip
    """Yield each forecaster's draws at each day, seeded as in the backtest."""
    for day in at:
        then = backtest.as_known(tables, day)
        for name, forecaster in forecasters.items():
            yield name, day, forecaster(then, day, backtest.YEARS * 4, backtest.stream(name, day))


def of_file(path: Path | str) -> pd.DataFrame:
    """Return submissions of draws that a rival wrote: arrays (horizon, draw) ``model|day|route``.

    Parameters
    ----------
    path : path
        An .npz as ``tests/benchmarks/statsforecast_rivals.py`` writes it.
    """
    with np.load(path) as held:
        arrays = {tuple(key.split("|")): held[key] for key in held.files}
    parts = []
    for model, day in sorted({key[:2] for key in arrays}):
        mine = {key[2]: draws for key, draws in arrays.items() if key[:2] == (model, day)}
        steps = range(1, 1 + len(next(iter(mine.values()))))
        made = xr.DataArray(np.stack(list(mine.values())), {"route": list(mine), "horizon": steps},
                            ("route", "horizon", "draw"))  # fmt: skip
        parts.append(of_draws(model, made, dt.date.fromisoformat(day)))
    return pd.concat(parts, ignore_index=True)


def named(model: str) -> str:
    """Return the name under which a forecaster stands on the board.

    >>> named("ours"), named("Theta")
    ('ours, replayed', 'Theta')
    """
    return OURS if model == "ours" else model


def make(made: Iterable[tuple[str, dt.date, xr.DataArray]], *more: pd.DataFrame) -> pd.DataFrame:
    """Return draws, and submissions that are rows already, as one table in a fixed order."""
    parts = [of_draws(named(name), draws, day) for name, day, draws in made]
    table = pd.concat([*parts, *more], ignore_index=True)
    table["output_type_id"] = table["output_type_id"].astype(str)
    keys = [name for name in COLUMNS if name != "value"]
    return table[COLUMNS].sort_values(keys, kind="stable", ignore_index=True)


def write(table: pd.DataFrame, folder: Path | str = backtest.SHIPPED) -> Path:
    """Write the replayed submissions; the same rows give the same bytes."""
    path = Path(folder) / FILE
    text = safe(table).to_csv(index=False, lineterminator="\n").encode()
    body = io.BytesIO()
    with gzip.GzipFile(fileobj=body, mode="wb", mtime=0) as file:
        file.write(text)
    path.write_bytes(body.getvalue())
    return path


def read(folder: Path | str = backtest.SHIPPED, until: str = "9999-12-31") -> pd.DataFrame:
    """Return the replayed submissions that were made by a day.

    Examples
    --------
    >>> table = read(until="2016-12-31")
    >>> table["origin_date"].max() <= "2016-12-31"
    True
    """
    texts = dict.fromkeys(set(COLUMNS) - {"value"}, "str")
    table = pd.read_csv(Path(folder) / FILE, dtype={**texts, "value": "float64"})
    return table[table["origin_date"] <= until].reset_index(drop=True)


def ship(tables: facts.Tables, *more: pd.DataFrame) -> Path:
    """Run every forecaster at every origin, and ask first gas, and keep what they said."""
    newest = int(max(tables["volumes"]["published"])[:4])
    # the first day of METHOD '3. Backtest', first gas
    said = first_gas(tables, year_ends(2010, newest - 1))
    return write(make(drawn(tables, backtest.days(tables)), said, *more))


def truth(cube: xr.Dataset, markets: Mapping[str, str]) -> pd.DataFrame:
    """Return the quarters that came, by route and market, as the backtest takes them.

    Parameters
    ----------
    cube : Dataset
        Quarterly flows, balanced where they are.
    markets : mapping of str to str
        Export route to its market.
    """
    flow = backtest.with_totals(backtest.settled(cube), markets)
    ends = pd.PeriodIndex(flow["period"].values, freq="Q").end_time
    rows = [(scoreboard.QUARTERLY, str(route).removeprefix(backtest.TOTAL), end.date().isoformat(),
             float(value))
            for route, values in zip(flow["route"].values, flow.values, strict=True)
            for end, value in zip(ends, values, strict=True) if np.isfinite(value)]  # fmt: skip
    return pd.DataFrame(rows, columns=["target", "location", "target_end_date", "actual"])
