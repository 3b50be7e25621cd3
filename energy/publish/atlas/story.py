"""What the page tells first: exports by market and year, a sentence about them, a short tour.

The sentence and the stops of the tour follow from the figures and the dated events by rule; no name
of a market, route or year stands here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from energy.measure import periods
from energy.publish.atlas.ahead import RARE
from energy.publish.atlas.columns import integers
from energy.publish.atlas.words import spoken, text_of, translations

APART = 6  # markets with a colour of their own; the smaller ones are added up
NOT_EXPORTS = ("exports", "russia", "lng")  # rows of the balance that are no exports by pipe
OTHERS = "others"
SCALE = 1000  # integers of 1/1000 of the unit
AHEAD_SCALE = 1000  # told to 0.1 bcm: a digit more would round twice
LEAST = 0.05  # bcm a year: a market that no scenario gives as much is left out
SOON = 10  # years from the newest figures to the last stop of the tour


def story_of(
    markets: pd.DataFrame | None,
    routes: gpd.GeoDataFrame,
    events: pd.DataFrame,
    steps: Sequence[Mapping[str, Any]],
    projection: xr.Dataset | None,
) -> dict[str, Any] | None:
    """Gather exports by market and year, the headline and the tour; None without markets.

    Parameters
    ----------
    markets : DataFrame, optional
        Index ``(market, period)`` with the first day of each year; ``flow, p10, p90``, bcm a year.
    routes : GeoDataFrame
        Index ``route``; ``name, role, market``.
    events : DataFrame
        ``date, title, category, routes, detail``.
    steps : sequence of mapping
        The periods of the page, ``id`` such as ``2022Q3``.
    projection : xarray.Dataset, optional
        For the last stop, the line to come that brings most, and exports by market of each
        scenario (``exports_year``).
    """
    if markets is None or markets.empty:
        return None
    table = by_year(markets)
    largest = table["flow"].max(axis=1).sort_values(ascending=False)
    names = [str(name) for name in largest.index[:APART] if largest[name] > 0]
    told = {column: _grouped(table[column], names) for column in ("flow", "low", "high")}
    head = headline(told["flow"])
    return {
        "markets": [{"key": name, "label": spoken(name)} for name in told["flow"].index],
        "years": [str(year) for year in told["flow"].columns],
        "scale": SCALE,
        **{name: integers(frame.to_numpy(dtype=float), SCALE) for name, frame in told.items()},
        "headline": head,
        "tour": _tour(head, told["flow"], routes, events, steps, projection),
        **_projected_markets(projection),
    }


def _projected_markets(projection: xr.Dataset | None) -> dict[str, Any]:
    """Return ``ahead``: median and edges of exports by scenario, market and year; {} without."""
    if projection is None or "exports_year" not in projection:
        return {}
    told = projection["exports_year"].transpose("scenario", "market", "year", "quantile")
    most = told.max(["scenario", "year", "quantile"])
    told = told.isel(market=np.flatnonzero(most.values >= LEAST))
    levels = told["quantile"].values.astype(float)
    places = {"flow": int(np.abs(levels - 0.5).argmin()), "low": int(levels.argmin()),
              "high": int(levels.argmax())}  # fmt: skip
    names = [str(name) for name in told["market"].values]
    return {
        "ahead": {
            "years": [str(year) for year in told["year"].values],
            "scale": AHEAD_SCALE,
            "markets": [
                {"key": name, "label": "All markets" if name == "all" else spoken(name)}
                for name in names
            ],
            "scenarios": [
                {name: integers(rows[..., q], AHEAD_SCALE) for name, q in places.items()}
                for rows in told.values
            ],
        }
    }


def sentence(story: Mapping[str, Any]) -> str:
    """Write the headline in English, as the page does, for those who only see a link to it.

    >>> told = {"markets": [{"key": "west", "label": "West"}, {"key": "east", "label": "East"}],
    ...         "years": ["2021", "2022"], "scale": 1000, "flow": [[98000, 20400], [5000, 9960]],
    ...         "headline": {"fall": "west", "rise": "east", "from": "2021", "to": "2022"}}
    >>> sentence(told)
    'Exports by pipe to West fell from 98 to 20 bcm between 2021 and 2022; East rose from 5.0 to 10.'
    """
    head, places = story["headline"], [market["key"] for market in story["markets"]]

    def told(key: str, year: str) -> str:
        value = story["flow"][places.index(key)][story["years"].index(year)] / story["scale"]
        return f"{value:.{1 if abs(value) < 9.95 else 0}f}"

    fall, rise = ((story["markets"][places.index(head[key])]["label"], told(head[key], head["from"]),
                   told(head[key], head["to"])) for key in ("fall", "rise"))  # fmt: skip
    return (
        f"Exports by pipe to {fall[0]} fell from {fall[1]} to {fall[2]} bcm between {head['from']}"
        f" and {head['to']}; {rise[0]} rose from {rise[1]} to {rise[2]}."
    )


def by_year(markets: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return flow, low and high as tables of markets by year; what is no export by pipe left out."""
    kept = markets[~markets.index.get_level_values(0).isin(NOT_EXPORTS)]
    years = pd.DatetimeIndex(kept.index.get_level_values(1)).year
    wide = kept.set_axis(pd.MultiIndex.from_arrays([kept.index.get_level_values(0), years]))
    columns = {"flow": "flow", "low": "p10", "high": "p90"}
    return {name: wide[column].unstack() for name, column in columns.items()}  # noqa: PD010


def _grouped(table: pd.DataFrame, names: list[str]) -> pd.DataFrame:
    """Keep the named markets and add up the others; bounds of that sum are left open."""
    rest = table.drop(index=names)
    kept = table.loc[names]
    if rest.empty:
        return kept
    return pd.concat([kept, rest.sum(min_count=1).to_frame(OTHERS).T])


def headline(flow: pd.DataFrame) -> dict[str, Any]:
    """Find what changed most since the year before the largest fall of any market.

    >>> years = [2020, 2021, 2022]
    >>> found = headline(pd.DataFrame([[100.0, 98, 20], [3, 5, 9]], index=["west", "east"], columns=years))
    >>> found["fall"], found["rise"], found["from"], found["to"]
    ('west', 'east', '2021', '2022')
    """
    change = flow.drop(index=[OTHERS], errors="ignore").diff(axis=1)
    year = int(str(change.min().idxmin())) - 1
    newest = int(flow.columns[-1])
    since = (flow[newest] - flow[year]).drop(OTHERS, errors="ignore")
    fall, rise = str(since.idxmin()), str(since.idxmax())
    return {"fall": fall, "rise": rise, "from": str(year), "to": str(newest)}


def _tour(
    head: Mapping[str, Any],
    flow: pd.DataFrame,
    routes: gpd.GeoDataFrame,
    events: pd.DataFrame,
    steps: Sequence[Mapping[str, Any]],
    projection: xr.Dataset | None,
) -> list[dict[str, Any]]:
    """List the stops: contract and first gas of what rose, the peak, what broke it, now, what may come."""
    rising, falling = (_serving(routes, head[key]) for key in ("rise", "fall"))
    broke = int(head["from"]) + 1
    stops = [
        _event_stop(events, rising[:1], ("contract",), 0),
        _event_stop(events, rising[:1], ("start",), 0),
        _year_stop(head["from"], rising + falling),
        _event_stop(events, falling, ("sanction",), broke),
        _event_stop(events, falling, ("sabotage",), broke),
        _year_stop(head["to"], rising + falling),
        _ahead_stop(projection, int(head["to"]) + SOON),
    ]
    known = {step["id"] for step in steps}
    return [stop for stop in stops if stop and stop["step"] in known]


def _serving(routes: gpd.GeoDataFrame, market: str) -> list[str]:
    """Return the export routes to a market, in the order of the table."""
    if not {"market", "role"} <= set(routes.columns):
        return []
    own = routes["market"].fillna("").map(lambda text: market in str(text).split(";"))
    return [str(route) for route in routes.index[own & (routes["role"] == "export")]]


def _event_stop(
    events: pd.DataFrame, routes: Sequence[str], kinds: Sequence[str], since: int
) -> dict[str, Any] | None:
    """Return the first event of a kind on one of the routes."""
    if "category" not in events.columns:
        return None
    for row in events.sort_values("date", kind="stable").to_dict("records"):
        date, named = str(row["date"]), text_of(row.get("routes")).split(";")
        found = [route for route in named if route in routes]
        if row["category"] in kinds and found and int(date[:4]) >= since and len(date) >= 7:
            step = str(periods.containing(periods.parse(date).start, "Q"))
            said: dict[str, Any] = {
                "title": text_of(row["title"]),
                "text": re.sub(r" \(E\d+\)", "", text_of(row.get("detail"))),  # ids are for cite
            }
            if said["text"] in translations():
                said["texts"] = translations()[said["text"]]
            return {"step": step, "route": found[0], "date": date, **said}
    return None


def _year_stop(year: str, routes: Sequence[str]) -> dict[str, Any]:
    return {"step": periods.quarters_of(year)[-1] if routes else year, "year": year}


def _ahead_stop(projection: xr.Dataset | None, year: int) -> dict[str, Any] | None:
    """Return the line to come that brings most gas, its chance times what flows if it does.

    By chance alone a small line that is nearly built would stand for all that may come.
    """
    if projection is None or "flowing" not in projection:
        return None
    names = [str(name) for name in projection["scenario"].values]
    told = projection.isel(scenario=names.index("mixture") if "mixture" in names else 0)
    chance = told["flowing"].transpose("route", "period")
    at = np.flatnonzero(pd.DatetimeIndex(chance["period"].values).year == year)
    if not len(at):
        return None
    likely = np.where(chance.values[:, 0] < RARE, chance.values[:, at[-1]], 0.0)
    sizes = _if_flowing(told, year, chance["route"])
    brings = likely * np.nan_to_num(sizes["volume"]) if sizes else likely
    best = int(np.argmax(brings))
    if brings[best] <= 0:
        return None
    return {
        "step": periods.quarters_of(year)[-1],
        "route": str(chance["route"].values[best]),
        "chance": round(float(likely[best]), 3),
        "scenario": str(told["scenario"].item()),
        **{name: round(float(size[best]), 2) for name, size in sizes.items()},
    }


def _if_flowing(told: xr.Dataset, year: int, routes: xr.DataArray) -> dict[str, np.ndarray]:
    """Return ``volume, low, high`` of a year by route, bcm if gas flows; {} without.

    Low and high are the outermost quantiles of the projection.
    """
    if "flow_year_if_flowing" not in told:
        return {}
    size = told["flow_year_if_flowing"].sel(year=year).reindex(route=routes)
    levels = size["quantile"].values.astype(float)
    places = {"volume": int(np.abs(levels - 0.5).argmin()), "low": int(levels.argmin()),
              "high": int(levels.argmax())}  # fmt: skip
    return {name: size.isel(quantile=place).values for name, place in places.items()}
