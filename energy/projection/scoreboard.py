"""A scoreboard of dated forecasts: ours, simple rivals, published ones and anyone's, scored alike.

A submission is a table in the shape of the hubverse: one row a quantile, with the day it was made,
what it speaks of and when that ends. What is judged, how it is checked and how it is scored is
here; the rolling backtest of our own method is in `backtest`. No forecast is ever rewritten.

Notes
-----
Columns after the hubverse's model output (origin_date, target, location, target_end_date,
output_type, output_type_id, value; https://docs.hubverse.io). Weighted interval score and pinball
loss after Bracher et al. 2021.
"""

from __future__ import annotations

import datetime as dt
import html
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts
from energy.errors import DataError
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.tables import OutsideForecast

COLUMNS = ["origin_date", "target", "location", "target_end_date", "output_type",
           "output_type_id", "value"]  # fmt: skip
TARGETS = {"flow": "bcm at 20 °C of a calendar year or quarter, by route or market",
           "revenue": "million USD of a calendar year, by market"}  # fmt: skip
KEY = ["model", "origin_date", "target", "location", "target_end_date"]
ALL = "all"
WHOLE = 0.99
"""Share of a period's days that figures must cover to be a truth."""
FOLDER = "submissions"
SPANS = {0.5: "inside50", 0.8: "inside80", 0.9: "inside90", 0.95: "inside95"}


# ---- submissions -------------------------------------------------------------------------------


def check(rows: pd.DataFrame, locations: Iterable[str], name: str = "submission") -> list[str]:
    """Return every fault of a submission, one sentence each.

    Parameters
    ----------
    rows : DataFrame
        Columns of `COLUMNS`; all as text or numbers.
    locations : iterable of str
        Routes and markets that exist.
    """
    missing = [column for column in COLUMNS if column not in rows]
    if missing:
        return [
            f"{name}: column '{missing[0]}' is missing; the header must hold {', '.join(COLUMNS)}"
        ]
    if rows.empty:
        return [f"{name}: no row; give one a quantile"]
    known, faults = set(locations), []
    for word, allowed, column in (("target", set(TARGETS), "target"), ("location", known, "location"),
                                  ("output_type", {"quantile"}, "output_type")):  # fmt: skip
        stray = sorted(set(rows[column].astype(str)) - allowed)
        if stray:
            near = ", ".join(sorted(allowed)[:4])
            faults.append(f"{name}: {word} '{stray[0]}' is unknown; use e.g. {near}")
    level, value = (pd.to_numeric(rows[c], errors="coerce") for c in ("output_type_id", "value"))
    if not ((level > 0) & (level < 1)).all():
        faults.append(f"{name}: output_type_id must be quantile levels between 0 and 1")
    if not np.isfinite(value).all():
        faults.append(f"{name}: a value is missing or no number; give one a row")
    faults += _date_faults(rows, name)
    return faults or _crossing(rows.assign(output_type_id=level, value=value), name)


def _date_faults(rows: pd.DataFrame, name: str) -> list[str]:
    origin, end = (pd.to_datetime(rows[c], format="%Y-%m-%d", errors="coerce")
                   for c in ("origin_date", "target_end_date"))  # fmt: skip
    if origin.isna().any() or end.isna().any():
        return [f"{name}: origin_date and target_end_date must be days, YYYY-MM-DD"]
    late = rows[origin > end]
    if len(late):
        row = late.iloc[0]
        return [f"{name}: origin_date {row['origin_date']} lies after the outcome it foretells, "
                f"{row['target_end_date']}; only what was said before it counts"]  # fmt: skip
    return []


def _crossing(rows: pd.DataFrame, name: str) -> list[str]:
    """Return a fault where a higher quantile lies below a lower one, or a level stands twice."""
    faults = []
    for key, part in rows.assign(model=rows.get("model", name)).groupby(KEY):
        part = part.sort_values("output_type_id")
        levels, values = (part[c].to_numpy(dtype=float) for c in ("output_type_id", "value"))
        where = f"{name}: {key[2]} of {key[3]} to {key[4]}"
        if (np.diff(levels) == 0).any():
            faults.append(
                f"{where}: quantile {levels[:-1][np.diff(levels) == 0][0]:g} stands twice"
            )
        elif (np.diff(values) < 0).any():
            at = int(np.flatnonzero(np.diff(values) < 0)[0])
            faults.append(f"{where}: quantiles cross, {levels[at]:g} is {values[at]:g} and "
                          f"{levels[at + 1]:g} is {values[at + 1]:g}; sort them")  # fmt: skip
    return faults


def read(path: Path | str, locations: Iterable[str]) -> pd.DataFrame:
    """Read one submission; its model is the file's name.

    Raises
    ------
    DataError
        With every fault.
    """
    path = Path(path)
    if not path.is_file():  # a pipe or a device has no end
        raise DataError(path.name, ["no such plain file; name a CSV of quantiles"])
    text = pd.read_csv(path, dtype=str, keep_default_na=False)
    faults = check(text, locations, path.name)
    if faults:
        raise DataError(path.name, faults)
    numbers = {name: text[name].astype(float) for name in ("output_type_id", "value")}
    return text.assign(model=path.stem, **numbers)[["model", *COLUMNS]]


def submit(path: Path | str, folder: Path | str, locations: Iterable[str]) -> Path:
    """Check a submission and keep it in a folder; nothing is written where it has a fault.

    Raises
    ------
    DataError
        With every fault, or where another submission stands under the same name.
    """
    path, target = Path(path), Path(folder) / FOLDER / Path(path).name
    read(path, locations)
    body = path.read_bytes()
    if target.exists() and target.read_bytes() != body:
        raise DataError(path.name, ["another submission has this name; what was said is not "
                                    "rewritten: give the file a new name"])  # fmt: skip
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, spare = tempfile.mkstemp(dir=target.parent, suffix=".tmp")
    with os.fdopen(handle, "wb") as file:
        file.write(body)
    Path(spare).replace(target)
    return target


def submissions(folder: Path | str, locations: Iterable[str]) -> pd.DataFrame:
    """Return every submission kept in a folder, one table."""
    known = list(locations)
    parts = [read(path, known) for path in sorted((Path(folder) / FOLDER).glob("*.csv"))]
    return pd.concat(parts, ignore_index=True) if parts else _rows([])


class _Logged(NamedTuple):
    """A line of the log of releases."""

    release: str
    scenario: str
    as_of: str
    route: str
    period: str
    p10: float
    p50: float
    p90: float


def of_log(log: pd.DataFrame) -> pd.DataFrame:
    """Return the log of our releases (`backtest.read_log`) as submissions, a model a scenario."""
    made = [
        (f"ours {row.release} {row.scenario}", row.as_of, "flow", row.route,
         f"{row.period}-12-31", "quantile", level, getattr(row, name))
        for row in rows_of(log, _Logged)
        for level, name in ((0.1, "p10"), (0.5, "p50"), (0.9, "p90"))
    ]  # fmt: skip
    return _rows(made)


def of_outside(tables: facts.Tables) -> pd.DataFrame:
    """Return the published forecasts of a route's or market's flow as submissions.

    A point is its median; a range given with it is taken for the tenth and ninetieth percentile.
    """
    table = tables["outside-forecasts"]
    keep = table["series"].isin(["flow", "exports"]) & (table["kind"] != "actual")
    keep &= (table["basis"] == "20C") & table["period"].str.fullmatch("[0-9]{4}")
    made = []
    for row in rows_of(table[keep], OutsideForecast):
        day = (periods.parse(row.published).end - dt.timedelta(days=1)).isoformat()
        if day > f"{row.period}-12-31":
            continue
        for level, value in ((0.1, row.low), (0.5, row.value), (0.9, row.high)):
            if not np.isnan(value):
                made.append((str(row.issuer), day, "flow", str(row.target),
                             f"{row.period}-12-31", "quantile", level, float(value)))  # fmt: skip
    return _rows(made).drop_duplicates([*KEY, "output_type_id"], keep="last", ignore_index=True)


def of_draws(model: str, draws: xr.DataArray, day: dt.date) -> pd.DataFrame:
    """Return a forecaster's draws (route, horizon, draw) as submissions of whole calendar years."""
    first = pd.Period(day, freq="Q") + 1
    quarters = pd.PeriodIndex([first + i for i in range(draws.sizes["horizon"])])
    levels, made = (0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975), []
    for year in sorted(set(quarters.year)):
        inside = np.flatnonzero(quarters.year == year)
        if len(inside) < 4:
            continue
        total = draws.isel(horizon=inside).sum("horizon", skipna=False)
        for route in total["route"].values.tolist():
            found = np.quantile(total.sel(route=route).values, levels)
            made += [(model, day.isoformat(), "flow", route, f"{year}-12-31", "quantile",
                      level, float(value)) for level, value in zip(levels, found, strict=True)
                     if np.isfinite(value)]  # fmt: skip
    return _rows(made)


LAST = "as last year"
"""The simple rival: what came in the last whole year before the day."""


class _Question(NamedTuple):
    """What a submission speaks of, and when it was made."""

    origin_date: str
    target: str
    location: str
    target_end_date: str


def as_last_year(said: pd.DataFrame, came: pd.DataFrame) -> pd.DataFrame:
    """Return, for each day and year that others speak of, the last whole year's figure as a rival.

    Parameters
    ----------
    said : DataFrame
        Submissions.
    came : DataFrame
        From `truth`, whole years.

    Examples
    --------
    >>> said = pd.DataFrame([("us", "2024-07-01", "flow", "blue-stream", "2025-12-31", "quantile",
    ...                       0.5, 9.0)], columns=["model", *COLUMNS])
    >>> came = pd.DataFrame({"target": ["flow"], "location": ["blue-stream"],
    ...                      "target_end_date": ["2023-12-31"], "actual": [11.0]})
    >>> as_last_year(said, came)[["model", "target_end_date", "value"]].values.tolist()
    [['as last year', '2025-12-31', 11.0]]
    """
    known = came.set_index(["target", "location", "target_end_date"])["actual"]
    asked = said[["origin_date", "target", "location", "target_end_date"]].drop_duplicates()
    made = []
    for row in rows_of(asked, _Question):
        before = (row.target, row.location, f"{int(row.origin_date[:4]) - 1}-12-31")
        if row.target_end_date.endswith("-12-31") and before in known.index:
            made.append((LAST, row.origin_date, row.target, row.location, row.target_end_date,
                         "quantile", 0.5, float(known[before])))  # fmt: skip
    return _rows(made)


def _rows(made: Sequence[tuple[object, ...]]) -> pd.DataFrame:
    return pd.DataFrame(made, columns=["model", *COLUMNS])


# ---- truth -------------------------------------------------------------------------------------


def truth(cube: xr.Dataset, markets: Mapping[str, str]) -> pd.DataFrame:
    """Return what came, by route and market.

    Parameters
    ----------
    cube : Dataset
        Flows of whole years or quarters, with ``coverage``; balanced flows count where they stand.
    markets : mapping of str to str
        Export route to its market.

    Returns
    -------
    DataFrame
        ``target, location, target_end_date, actual``. A market has a truth where each of its
        routes that ever flowed has one; ``all`` likewise.
    """
    flow = cube["flow"].where(_settled(cube)).transpose("route", "period")
    values, names = np.asarray(flow.values, dtype=float), [str(r) for r in flow["route"].values]
    found = dict(zip(names, values, strict=True))
    lives = {name: row for name, row in found.items() if name in markets and np.nansum(row) != 0}
    for market in (ALL, *sorted({markets[name] for name in lives})):
        mine = [row for name, row in lives.items() if market in (ALL, markets[name])]
        found[market] = np.sum(mine, axis=0) if mine else np.full(values.shape[1], np.nan)
    ends = _ends(pd.DatetimeIndex(flow["period"].values), str(cube.attrs["freq"]))
    rows = [("flow", name, end, float(value)) for name, row in found.items()
            for end, value in zip(ends, row, strict=True) if np.isfinite(value)]  # fmt: skip
    return pd.DataFrame(rows, columns=["target", "location", "target_end_date", "actual"])


def _settled(cube: xr.Dataset) -> xr.DataArray:
    whole = cube["coverage"] >= WHOLE
    return whole | (cube["status"] == "balanced") if "status" in cube else whole


def _ends(starts: pd.DatetimeIndex, freq: str) -> list[str]:
    step = pd.DateOffset(months=3) if freq == "Q" else pd.DateOffset(years=1)
    return [(start + step - pd.Timedelta(days=1)).date().isoformat() for start in starts]


# ---- scores ------------------------------------------------------------------------------------


def score(said: pd.DataFrame, came: pd.DataFrame, day: str = "9999-12-31") -> pd.DataFrame:
    """Score every submission whose outcome has come.

    Parameters
    ----------
    said : DataFrame
        From `read`, `of_log`, `of_outside` or `of_draws`.
    came : DataFrame
        From `truth`, as it is known on the day of scoring.
    day : str
        Nothing that ends later is scored: an unfinished year is no outcome.

    Returns
    -------
    DataFrame
        `KEY` and ``actual, median, error, pinball, wis, inside50, inside80, inside90, inside95``
        (NaN where the quantiles for it were not given), ``levels``. A forecast of exactly nought
        at every level, for a line that is shut, is left out: it would count as a hit.
    """
    both = said.merge(came, on=["target", "location", "target_end_date"], how="inner")
    both = both[both["target_end_date"] <= day]
    rows = [dict(zip(KEY, key, strict=True)) | _judged(part)
            for key, part in both.groupby(KEY, sort=True)
            if (part["value"] != 0).any()]  # fmt: skip
    names = ["actual", "median", "error", "pinball", "wis", *SPANS.values(), "levels"]
    return pd.DataFrame(rows, columns=[*KEY, *names])


def _judged(part: pd.DataFrame) -> dict[str, float]:
    part = part.sort_values("output_type_id")
    levels, values = (part[c].to_numpy(dtype=float) for c in ("output_type_id", "value"))
    actual = float(part["actual"].iloc[0])
    median = float(np.interp(0.5, levels, values))
    pinball = np.where(
        actual >= values, levels * (actual - values), (1 - levels) * (values - actual)
    )
    found: dict[str, float] = {"actual": actual, "median": median, "error": median - actual,
                               "pinball": 2 * float(pinball.mean()), "levels": len(levels)}  # fmt: skip
    held = {
        round(float(level), 4): float(value) for level, value in zip(levels, values, strict=True)
    }
    interval = [0.5 * abs(actual - median)]
    for span, name in SPANS.items():
        nothing = float("nan")
        low, high = (held.get(round((1 + side * span) / 2, 4), nothing) for side in (-1, 1))
        if np.isnan(low) or np.isnan(high):
            found[name] = nothing
            continue
        found[name] = float(low <= actual <= high)
        outside = max(low - actual, 0.0) + max(actual - high, 0.0)
        interval.append((1 - span) / 2 * (high - low) + outside)
    return found | {"wis": float(sum(interval) / (len(interval) - 0.5))}


def brier(said: pd.DataFrame, came: Mapping[str, bool]) -> pd.DataFrame:
    """Score stated probabilities of events against what came.

    Parameters
    ----------
    said : DataFrame
        ``event, probability`` and any other column, e.g. the version of a question.
    came : mapping of event to bool
        Only events that are decided.

    Returns
    -------
    DataFrame
        The rows decided, with ``came`` and ``brier`` (0 is perfect, 0.25 is a coin).

    Examples
    --------
    >>> rows = pd.DataFrame({"event": ["rain", "snow"], "probability": [0.8, 0.1]})
    >>> brier(rows, {"rain": True})["brier"].round(2).tolist()
    [0.04]
    """
    kept = said[said["event"].isin(list(came))]
    happened = kept["event"].map(dict(came)).astype(float)
    return kept.assign(came=happened, brier=(kept["probability"] - happened) ** 2)


def board(scores: pd.DataFrame) -> pd.DataFrame:
    """Sum the scores by model: count, mean scores, coverage; best weighted interval score first.

    Scores are compared on the same outcomes only through ``relative``: the mean, over pairs, of the
    model's absolute error over the median model's on that outcome.
    """
    if scores.empty:
        return pd.DataFrame(columns=["model", "forecasts", "wis", "pinball", "relative"])
    place = ["target", "location", "target_end_date"]
    usual = scores.assign(size=scores["error"].abs()).groupby(place)["size"].transform("median")
    relative = scores["error"].abs() / usual.where(usual > 0)
    grouped = scores.assign(relative=relative).groupby("model")
    found = grouped[["wis", "pinball", "relative", *SPANS.values()]].mean()
    found.insert(0, "forecasts", grouped.size())
    return found.sort_values("relative", kind="stable").reset_index()


def page(scores: pd.DataFrame, edition: str) -> str:
    """Return a static page of the scoreboard: by model, then every scored forecast; no request."""
    summed, rows = board(scores).round(3), scores.drop(columns=["levels"], errors="ignore").round(3)
    body = "".join(
        f"<h2>{html.escape(title)}</h2><div class='t'>"
        + table.to_html(index=False, na_rep="", border=0, escape=True)
        + "</div>"
        for title, table in (("By model", summed), ("Every forecast whose outcome has come", rows))
    )
    words = (f"{len(scores)} forecasts scored against the facts of {edition}. Lower is better; "
             "inside80 aims at 0.8. A median alone is scored by its error.")  # fmt: skip
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        "<title>Scoreboard</title><style>body{font:15px/1.5 system-ui,sans-serif;margin:2rem;"
        "max-width:70rem}.t{overflow-x:auto}table{border-collapse:collapse}"
        "td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #ddd}"
        "td:first-child,th:first-child{text-align:left}</style>"
        f"<h1>Scoreboard</h1><p>{html.escape(words)}</p>{body}</html>\n"
    )
