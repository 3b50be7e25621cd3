"""How full the tables are: what is filled, by standing, and what the update can renew.

One table of counts, worked out from the facts each time, so that a claim about coverage can be
held against them: ``energy check --filled`` and a page of the documentation print it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import pandas as pd
import xarray as xr

from energy import facts, flows
from energy.finance import statement
from energy.intake import fills
from energy.measure import periods
from energy.store import known

__all__ = ["COLUMNS", "LIVE", "filled", "measured", "on_time"]

COLUMNS = ["part", "what", "count", "of"]
LIVE = ("power-of-siberia-1", "turkstream-1", "turkstream-2", "blue-stream", "central-asia-center",
        "nord-stream-1", "yamal-europe", "ukraine-transit")  # fmt: skip
"""Export lines whose years are held against the day they were known."""
YEARS = range(2015, 2026)
FLOWS = ("flow", "exports", "exports_pipeline", "imports_pipeline")
"""Series that measure what a route carried or a market got."""
SEVERAL = 3
"""Sources from which a cell counts as told by several."""
WHOLE = 0.95
"""Share of a year's days from which the year counts as known."""


def filled(
    tables: facts.Tables,
    cube: xr.Dataset | None = None,
    markets: pd.DataFrame | None = None,
    *,
    vintages: bool = True,
) -> pd.DataFrame:
    """Count what is filled.

    Parameters
    ----------
    tables : Tables
        The facts.
    cube : Dataset, optional
        Flows by quarter of the balance, with ``reported``: their cells are counted by standing.
    markets : DataFrame, optional
        Flows by market and quarter, market by period.
    vintages : bool
        Also count the route-years known half a year after, which takes eleven cubes.

    Returns
    -------
    DataFrame, columns part, what, count, of
        Cells of routes by quarter (published, by standing; balanced), of Gazprom's grids by
        kind, cells that one source speaks of, two, and more, route-years known on time, and the
        share of exported gas that the sources can renew, per cent.

    Examples
    --------
    >>> from energy import facts
    >>> table = filled(facts.load(), vintages=False).set_index(["part", "what"])
    >>> grid = table.loc["accounts, IFRS 2014-2024"]
    >>> int(grid["count"].sum()) == int(grid["of"].iloc[0])
    True
    """
    rows: list[tuple[str, str, float, int]] = [] if cube is None else [*_routes(cube)]
    if markets is not None:
        rows.append(
            ("markets by quarter", "filled", int(markets.notna().to_numpy().sum()), markets.size)
        )
    rows += [*_accounts(tables), *_several(tables)]
    if vintages:
        timely = on_time(tables)
        rows.append(
            ("route-years 2015-2025", "known half a year after", sum(timely.values()), len(timely))
        )
    share = round(100 * fills.renewable(fills.fills(tables)), 1)
    rows.append(("update", "exported gas its sources can renew, %", share, 100))
    return pd.DataFrame(rows, columns=COLUMNS)


def _routes(cube: xr.Dataset) -> Iterator[tuple[str, str, int, int]]:
    """Yield the cells of routes by quarter, by standing; and how many rest on a published figure."""
    status = pd.Series(cube["status"].to_numpy().ravel()).astype(str)
    for word, count in status[status != ""].value_counts().sort_index().items():
        yield "routes by quarter", str(word), int(count), status.size
    yield (
        "routes by quarter",
        "published figure",
        int(cube["reported"].notnull().sum()),
        status.size,
    )


def _accounts(tables: facts.Tables) -> Iterator[tuple[str, str, int, int]]:
    years = [str(year) for year in range(2014, 2025)]
    for standard in ("IFRS", "RAS"):
        table = statement.coverage(tables, standard, years).drop(columns="filled")
        for kind, count in table.sum().items():
            part = f"accounts, {standard} 2014-2024"
            yield part, str(kind), int(count), int(table.to_numpy().sum())


def _several(tables: facts.Tables) -> Iterator[tuple[str, str, int, int]]:
    """Yield how many cells of routes and markets one source speaks of, two, and three and more."""
    for words, cells in measured(tables).items():
        count = cells.groupby(["entity", "period"])["source"].nunique()
        for number in range(1, SEVERAL):
            told = f"told by {number} source{'s' * (number > 1)}"
            yield f"figures by {words}", told, int((count == number).sum()), len(count)
        most = f"told by {SEVERAL} sources and more"
        yield f"figures by {words}", most, int((count >= SEVERAL).sum()), len(count)


def measured(tables: facts.Tables) -> dict[str, pd.DataFrame]:
    """Return which sources speak of which cell, by year, half-year, quarter and month.

    A source speaks of a period where it gives a figure for it, or for all of its parts: three
    months make a quarter. What routes carried and what markets got (exports and imports) count,
    actual or provisional; plans, bounds and parts of a period do not.

    Returns
    -------
    dict of DataFrame
        ``year, half-year, quarter, month``: columns ``entity, period, source``.

    Examples
    --------
    >>> from energy import facts
    >>> cells = measured(facts.load())["quarter"]
    >>> sorted(set(cells["period"].str[4:]))
    ['Q1', 'Q2', 'Q3', 'Q4']
    """
    rows = tables["volumes"]
    rows = rows[rows["series"].isin(FLOWS) & rows["status"].isin(["actual", "provisional"])]
    cells, parts = {"month": _of(rows, "M")}, _of(rows, "M")
    for words, freq, number in (("quarter", "Q", 3), ("half-year", "H", 2), ("year", "A", 2)):
        parts = pd.concat([_of(rows, freq), _whole(parts, freq, number)]).drop_duplicates()
        cells[words] = parts
    order = ("year", "half-year", "quarter", "month")
    return {words: cells[words][["entity", "period", "source"]] for words in order}


def _of(rows: pd.DataFrame, freq: str) -> pd.DataFrame:
    return rows.loc[rows["freq"] == freq, ["entity", "series", "source", "period"]]


def _whole(parts: pd.DataFrame, freq: str, number: int) -> pd.DataFrame:
    """Return the periods of which a source gives every part."""
    of = parts["period"].map(lambda text: periods.label(periods.containing(_start(text), freq)))
    key = ["entity", "series", "source", "whole"]
    count = parts.assign(whole=of).groupby(key)["period"].nunique()
    return count[count == number].reset_index()[key].rename(columns={"whole": "period"})


def _start(text: str) -> dt.date:
    return periods.parse(text).start


def on_time(tables: facts.Tables) -> dict[tuple[str, int], bool]:
    """Tell for each live route and year with a flow whether its year was known half a year after.

    The cube of the published figures is asked, without prices and balance.
    """
    now = flows.build(tables, freq="A", first=str(YEARS[0]), last=str(YEARS[-1]))["flow"]
    timely = {}
    for place, year in enumerate(YEARS):
        then = known(tables, dt.date(year + 1, 6, 30))
        cube = flows.build(then, freq="A", first=str(year), last=str(year)).isel(period=0)
        for route in LIVE:
            if float(now.sel(route=route)[place]) > 0:
                timely[route, year] = float(cube["coverage"].sel(route=route)) >= WHOLE
    return timely
