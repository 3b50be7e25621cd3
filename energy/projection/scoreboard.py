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
from energy.projection import chances

COLUMNS = ["origin_date", "target", "location", "target_end_date", "output_type",
           "output_type_id", "value"]  # fmt: skip
FLOW, QUARTERLY, REVENUE = "flow", "quarterly flow", "revenue"
TARGETS = {FLOW: "bcm at 20 °C of a calendar year, by route or market",
           QUARTERLY: "bcm at 20 °C of a quarter, by route or market",
           REVENUE: "million USD of a calendar year, by market", **chances.TARGETS}  # fmt: skip
KEY = ["model", "origin_date", "target", "location", "target_end_date"]
ALL = "all"
WHOLE = 0.99
"""Share of a period's days that figures must cover to be a truth."""
FOLDER = "submissions"
# intervals scored (METHOD '4a. Scoreboard')
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
                                  ("output_type", {"quantile", "pmf"}, "output_type")):  # fmt: skip
        stray = sorted(set(rows[column].astype(str)) - allowed)
        if stray:
            near = ", ".join(sorted(allowed)[:6])
            faults.append(f"{name}: {word} '{stray[0]}' is unknown; use e.g. {near}")
    event = rows["target"].isin(list(chances.TARGETS))
    if (event != (rows["output_type"] == "pmf")).any():
        faults.append(
            f"{name}: {', '.join(chances.TARGETS)} are given as pmf, all else as quantile"
        )
    level, value = (pd.to_numeric(rows[c], errors="coerce") for c in ("output_type_id", "value"))
    if not ((level > 0) & (level < 1) | event).all():
        faults.append(f"{name}: output_type_id must be quantile levels between 0 and 1")
    if not np.isfinite(value).all():
        faults.append(f"{name}: a value is missing or no number; give one a row")
    faults += _date_faults(rows, name)
    if faults:
        return faults
    said = rows.assign(value=value, model=rows.get("model", name))
    return _crossing(said[~event].assign(output_type_id=level[~event]), name) + chances.faults(
        said[event], name
    )


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
    return text.assign(model=path.stem, value=text["value"].astype(float))[["model", *COLUMNS]]


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
        for level, name in ((0.1, "p10"), (0.5, "p50"), (0.9, "p90"))  # P10 to P90 of the log
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
        # a published range counts as P10 to P90 (assumption)
        for level, value in ((0.1, row.low), (0.5, row.value), (0.9, row.high)):
            if not np.isnan(value):
                made.append((str(row.issuer), day, "flow", str(row.target),
                             f"{row.period}-12-31", "quantile", level, float(value)))  # fmt: skip
    return _rows(made).drop_duplicates([*KEY, "output_type_id"], keep="last", ignore_index=True)


def of_draws(model: str, draws: xr.DataArray, day: dt.date) -> pd.DataFrame:
    """Return a forecaster's draws (route, horizon, draw) as submissions of whole calendar years."""
    first = pd.Period(day, freq="Q") + 1
    quarters = pd.PeriodIndex([first + i for i in range(draws.sizes["horizon"])])
    # the ends of `SPANS` and the median
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
                         # as its median: it gives no range
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
    rows = [(FLOW if cube.attrs["freq"] == "A" else QUARTERLY, name, end, float(value)) for name, row in found.items()
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
    said = said[said["target_end_date"] <= day]
    both = said.merge(came, on=["target", "location", "target_end_date"], how="inner")
    names = ["actual", "median", "error", "pinball", "wis", *SPANS.values(), "levels"]
    if both.empty:
        return pd.DataFrame(columns=[*KEY, *names])
    levels = both["output_type_id"].astype(float).round(4)
    place = both.groupby(KEY, sort=True).ngroup().to_numpy()
    rows = both.assign(place=place).drop_duplicates("place").set_index("place").sort_index()
    at, every = pd.factorize(levels, sort=True)
    wide = np.full((len(rows), len(every)), np.nan)
    wide[place, at] = both["value"].to_numpy(dtype=float)
    given, flows = np.isfinite(wide), np.nan_to_num(wide).any(axis=1)
    kind = np.unique(given, axis=0, return_inverse=True)[1].ravel()
    parts = []
    for one in np.unique(kind[flows]):
        mine = np.flatnonzero((kind == one) & flows)
        known = given[mine[0]]
        actual = rows["actual"].to_numpy(dtype=float)[mine]
        judged = _judged(np.asarray(every, dtype=float)[known], wide[np.ix_(mine, known)], actual)
        parts.append(pd.DataFrame(judged, index=rows.index[mine]))
    if not parts:
        return pd.DataFrame(columns=[*KEY, *names])
    found = rows[KEY].join(pd.concat(parts), how="inner").sort_index()
    return found.reset_index(drop=True)[[*KEY, *names]]


def _judged(levels: np.ndarray, values: np.ndarray, actual: np.ndarray) -> dict[str, np.ndarray]:
    """Score forecasts (n, levels) that give the same levels against what came (n,)."""
    median = np.array([np.interp(0.5, levels, row) for row in values])
    off = actual[:, None] - values
    pinball = np.where(off >= 0, levels * off, (levels - 1) * off)
    found = {"actual": actual, "median": median, "error": median - actual,
             "pinball": 2 * pinball.mean(axis=1), "levels": np.full(len(actual), len(levels))}  # fmt: skip
    place = {round(float(level), 4): at for at, level in enumerate(levels)}
    # weights of the interval score: half for the median (Bracher and others 2021)
    interval = [0.5 * np.abs(actual - median)]
    for span, name in SPANS.items():
        ends = [place.get(round((1 + side * span) / 2, 4)) for side in (-1, 1)]
        if ends[0] is None or ends[1] is None:
            found[name] = np.full(len(actual), np.nan)
            continue
        low, high = values[:, ends[0]], values[:, ends[1]]
        found[name] = ((low <= actual) & (actual <= high)).astype(float)
        outside = np.maximum(low - actual, 0) + np.maximum(actual - high, 0)
        interval.append((1 - span) / 2 * (high - low) + outside)
    # the same: over K intervals and the half
    wis: np.ndarray = np.sum(interval, axis=0) / (len(interval) - 0.5)
    return found | {"wis": wis}


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
    """Sum the scores by target and model: count, mean scores, coverage, skill; the best first.

    Different models spoke of different outcomes, so they are set against a simple one on the outcomes
    that both foretold.

    Returns
    -------
    DataFrame
        ``target, model, forecasts, relative`` (mean over pairs of the absolute error over that of
        the median model on the same outcome), ``skill`` (1 less the weighted interval score, or
        Brier's, over that of the simple model of `SIMPLE`), ``shared`` (forecasts that skill rests
        on), ``wis, pinball, brier, inside50`` to ``inside95``.
    """
    names = ["wis", "pinball", "brier", *SPANS.values()]
    first = ["target", "model", "forecasts", "relative", "skill", "shared"]
    if scores.empty:
        return pd.DataFrame(columns=[*first, *names])
    rows = scores.reindex(
        columns=[*scores.columns, *sorted({*names, "error"} - set(scores.columns))]
    )
    rows = rows.astype(dict.fromkeys([*names, "error"], "float64"))
    place = ["target", "location", "target_end_date"]
    size = rows["error"].abs()
    usual = size.groupby([rows[name] for name in place]).transform("median")
    rows = rows.assign(
        relative=size / usual.where(usual > 0), size=rows["wis"].fillna(rows["brier"])
    )
    grouped = rows.groupby(["target", "model"])
    found = grouped[[*names, "relative"]].mean().astype(float)
    found.insert(0, "forecasts", grouped.size())
    skill = pd.concat([_skills(part, str(target)) for target, part in rows.groupby("target")])
    found = found.join(skill)
    order = found.assign(key=found["relative"].fillna(found["brier"]))
    order = order.sort_values(["target", "key"], kind="stable")
    return order.reset_index()[[*first, *names]]


def _skills(rows: pd.DataFrame, target: str) -> pd.DataFrame:
    """Return skill against the simple model of a target, and on how many outcomes both foretold."""
    wide = rows.pivot_table(index=KEY[1:], columns="model", values="size")
    simple = next((name for name in SIMPLE.get(target, ()) if name in wide), None)
    found = {}
    for model in rows["model"].unique():
        skill, shared = float("nan"), 0.0
        if simple is not None and model in wide:
            both = wide[[*{model, simple}]].dropna()
            total, shared = float(both[simple].sum()), float(len(both))
            skill = 1 - float(both[model].sum()) / total if total > 0 else float("nan")
        found[target, model] = {"skill": skill, "shared": shared}
    return pd.DataFrame.from_dict(found, orient="index").rename_axis(["target", "model"])


SIMPLE = {FLOW: ("seasonal naive",), QUARTERLY: ("seasonal naive",), REVENUE: ("as last year",),
          chances.FIRST_GAS: (chances.RATE,), chances.NEVER: (chances.RATE,),
          chances.ANSWER: (chances.EVEN,)}  # fmt: skip
"""The simple model that has skill 0, by target."""


STYLE = ("body{font:15px/1.5 system-ui,sans-serif;margin:2rem;max-width:70rem}"
         ".t{overflow-x:auto}table{border-collapse:collapse}"
         "td,th{padding:.2rem .6rem;text-align:right;border-bottom:1px solid #ddd}"
         "td:first-child,th:first-child{text-align:left}")  # fmt: skip
CAVEAT = (
    "Lower is better; inside80 aims at 0.8; skill is 1 less the score over that of a simple model on "
    "the same outcomes. A median alone is scored by its error, a chance by Brier's rule. Rows of a "
    "model marked as replayed, and its rivals, were made later by the method of today on what was "
    "known that day; all others stand as they were said."
)


def waiting(scores: pd.DataFrame) -> pd.DataFrame:
    """Return the chances of events that are not decided yet, of scores from `Tracker.scores`."""
    return pd.DataFrame(scores.attrs.get("open", []))


def sections(
    scores: pd.DataFrame,
) -> list[tuple[str, pd.DataFrame]]:
    """Return the tables of the page with their titles: by model, what is open, every forecast.

    Of replayed forecasts only the sums are shown; `Tracker.scores` has each of them.
    """
    counted = scores[~scores["model"].isin(_replaying(scores))]
    counted = counted.drop(columns=["levels", "replayed", "scored_as_of"], errors="ignore")
    found = [("By target and model", board(scores))]
    found.append(("Chances that are not decided yet", waiting(scores)))
    return [*found, ("Every published forecast whose outcome has come", counted)]


def words(scores: pd.DataFrame, edition: str) -> str:
    """Return how many forecasts were scored against what, and how to read them."""
    return f"{len(scores)} forecasts scored against the facts of {edition}. {CAVEAT}"


def _replaying(scores: pd.DataFrame) -> set[str]:
    """Return the models of which every forecast was made afterwards."""
    if "replayed" not in scores:
        return set()
    return set(scores["model"]) - set(scores.loc[~scores["replayed"].astype(bool), "model"])


def page(scores: pd.DataFrame, edition: str) -> str:
    """Return a static page of the scoreboard, see `sections`; it asks for nothing."""
    tables = "".join(
        f"<h2>{html.escape(title)}</h2><div class='t'>"
        + table.round(3).to_html(index=False, na_rep="", border=0, escape=True)
        + "</div>"
        for title, table in sections(scores)
    )
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width,initial-scale=1'>"
        f"<title>Scoreboard</title><style>{STYLE}</style><h1>Scoreboard</h1>"
        f"<p>{html.escape(words(scores, edition))}</p>{tables}</html>\n"
    )
