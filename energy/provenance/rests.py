"""What a result rests on: the ids behind whatever the front door returns.

Most tables name their figures (``id``, ``source``, ``sources``, ids inside a sentence). Where a table
names none, its routes and periods do: they lead back to the cells of the cube; a market leads to
the routes that serve it. A projection rests on the assumptions it carries.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import PeriodError, UsageError
from energy.measure import periods
from energy.measure.tables import Tables
from geodata.arguments import shown

TABLES = {
    "V": "volumes", "F": "financials", "P": "prices", "X": "fx", "R": "route-facts",
    "C": "contracts", "T": "trade-context", "W": "crosswalk", "K": "corrections", "E": "events",
    "N": "tariffs", "J": "proposals", "A": "capex", "M": "mirror-rules",
    "H": "reference-projects", "Q": "outside-forecasts", "G": "charges", "B": "market-groups",
    "L": "projects", "S": "project-assumptions", "U": "supply", "Y": "statement-lines",
    "CF": "counterfactual", "BA": "bargain", "CL": "clearing", "TE": "timing-evidence",
    "TR": "timing-rules", "PR": "partner-role", "LO": "left-out", "SA": "statement-absent",
}  # fmt: skip
"""Letters an id begins with and the table that holds it."""
TOKEN = re.compile(r"own:[\w.-]+|\b[A-Z]{1,2}\d{3,}\b")
LETTERS = re.compile(r"[A-Z]*")
ROUTES = ("route", "routes", "name", "line", "location", "entity")  # columns that name routes
PERIODS = ("period", "quarter", "year", "target_end_date")
NAMED = ("id", "event", "sources", "price_source", "alternatives", "beside", "source")
MARKETS = ("market", "location", "entity")
STEPS = ((32, "M"), (93, "Q"), (367, "A"))  # days from one label to the next, at most

HOLDS = (xr.Dataset, xr.DataArray, pd.DataFrame, pd.Series)
Cube = Callable[[str], xr.Dataset]


def table_of(name: str) -> str:
    """Return the table whose ids begin like a name; "" for none.

    >>> table_of("C0001"), table_of("CL001"), table_of("ZZ001")
    ('contracts', 'clearing', '')
    """
    found = LETTERS.match(name)
    return TABLES.get(found.group(), "") if found else ""


def ids(what: Any, tables: Tables, cube: Cube | None = None) -> set[str]:
    """Return the ids of figures, facts, events and sources behind a result.

    Parameters
    ----------
    what : Dataset, DataArray, DataFrame, Series, or an object that has one
        Anything the front door returns: a cube or a variable of it, a table, a projection, a
        what-if, the answer of `reroute` or `timing`.
    tables : Tables
        The facts.
    cube : callable, optional
        Gives the flow cube of a frequency; needed for what names routes and periods only.

    Raises
    ------
    UsageError
        If nothing in it leads to a figure.

    Examples
    --------
    >>> from energy import facts
    >>> sorted(ids(pd.DataFrame({"id": ["V0001", "V0002"]}), facts.load()))
    ['V0001', 'V0002']
    """
    found = _found(what, tables, cube)
    if not found and not isinstance(what, HOLDS):
        raise UsageError(f"There is nothing to cite in {shown(what)}: give an id, a list of ids, a cube or a "
                         "table, e.g. t.cite('V0001').")  # fmt: skip
    if not found:
        raise UsageError(
            f"Nothing in this {type(what).__name__} names a figure, a source or a route; give an "
            "id, a route, a cell such as 'blue-stream@2024Q1', or a result of the tracker."
        )
    return found


def _found(what: Any, tables: Tables, cube: Cube | None) -> set[str]:
    if isinstance(what, xr.Dataset):
        return _of_dataset(what)
    if isinstance(what, xr.DataArray):
        return _of_cells(what, cube)
    if isinstance(what, pd.Series):
        return _of_table(what.to_frame(), tables, cube)
    if isinstance(what, pd.DataFrame):
        return _of_table(what, tables, cube)
    if hasattr(what, "control"):  # a what-if rests on the assumptions of its control
        return _of_dataset(what.control)
    if hasattr(what, "without"):  # a rerouting, on the routes it shuts
        return _of_names(what.without, tables)
    return _of_names([getattr(what, "route", "")], tables)


def _of_dataset(cube: xr.Dataset) -> set[str]:
    """Return the figures of a cube, or the sources of the assumptions of a projection."""
    names = [name for name in ("sources", "price_source") if name in cube]
    found = _split(value for name in names for value in cube[name].values.ravel())
    lines = json.loads(cube.attrs.get("assumptions", "[]"))
    return found | {line["source"] for line in lines if line.get("source")}


def _of_cells(cells: xr.DataArray, cube: Cube | None) -> set[str]:
    """Return the figures behind a variable of the cube, by its routes and periods."""
    if cube is None or not {"route", "period"} <= set(cells.coords):
        return set()
    routes = np.atleast_1d(cells["route"].values)
    days = pd.DatetimeIndex(np.atleast_1d(cells["period"].values))
    whole = cube(_freq(days))
    known = whole["period"].to_index().intersection(days)
    return _of_dataset(whole.sel(route=routes, period=known))


def _freq(days: pd.DatetimeIndex) -> str:
    """Return the frequency of labels by the days between them; a single label counts as a quarter.

    >>> _freq(pd.DatetimeIndex(["2024-01-01", "2025-01-01"]))
    'A'
    >>> _freq(pd.DatetimeIndex(["2023-10-01", "2024-10-01"]))
    'G'
    """
    if len(days) < 2:
        return "Q"
    step = (days[1:] - days[:-1]).days.min()
    freq = next((name for most, name in STEPS if step <= most), "A")
    return "G" if freq == "A" and days[0].month == 10 else freq


def resting(table: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """Return a table that tells `ids` what it rests on: ids, routes, sources, names of tables.

    >>> resting(pd.DataFrame({"p50": [1.0]}), ["reference-projects"]).attrs["rests_on"]
    ['reference-projects']
    """
    table.attrs["rests_on"] = sorted(_split(names))
    return table


def _of_table(table: pd.DataFrame, tables: Tables, cube: Cube | None) -> set[str]:
    """Return the ids that a table names, else those of its cells, routes or markets."""
    cited = {name for text in table.attrs.get("rests_on", ()) for name in _ids_of(text, tables)}
    flat = table.reset_index()
    columns = [column for column in NAMED if column in flat]
    if columns:
        values = _split(value for column in columns for value in flat[column])
        tokens = {token for value in values for token in TOKEN.findall(value)}
        named = ((values | tokens) & _known(tables)) or values & set(tables["sources"]["source"])
        if named or cited:
            return named | cited
    texts = {str(v) for c in flat if flat[c].dtype.kind == "O" or c in flat.select_dtypes("str")
             if c != "geometry" for v in flat[c]}  # fmt: skip
    found = {token for text in texts for token in TOKEN.findall(text)} & _known(tables)
    return found | cited | (set() if cited else _of_rows(flat, tables, cube))


def _ids_of(text: str, tables: Tables) -> set[str]:
    """Return the ids a word of ``rests_on`` stands for."""
    if text in tables:
        return set(tables[text]["id"])
    known = text in set(tables["sources"]["source"]) or text in _known(tables)
    return _of_names([text], tables) | ({text} if known else set())


def _of_rows(flat: pd.DataFrame, tables: Tables, cube: Cube | None) -> set[str]:
    """Return the figures behind rows that name a route or market, and perhaps a period."""
    known, frames = set(tables["routes"]["route"]), []
    where = next((c for c in ROUTES if c in flat and known & _split(flat[c])), None)
    when = next((c for c in PERIODS if c in flat), None)
    if where is not None and when is not None and cube is not None:
        pairs = zip(flat[where].astype(str), flat[when].astype(str), strict=True)
        frames = [_cell(route, period, cube) for route, period in pairs if route in known]
    cells = {name for part in frames for name in part}
    if cells:
        return cells
    names = _split(flat[where]) if where is not None else set()
    markets = [c for c in MARKETS if c in flat]
    names |= {str(value) for c in markets for value in flat[c]}
    return _of_names(names, tables)


def _cell(route: str, period: str, cube: Cube) -> set[str]:
    try:
        span = periods.parse(period)
    except PeriodError:
        return set()
    whole = cube(span.freq if span.freq in ("M", "Q", "A", "G") else "Q")
    day = pd.Timestamp(span.start)
    if day not in whole["period"].to_index():
        return set()
    return _of_dataset(whole.sel(route=[route], period=[day]))


def _of_names(names: Iterable[str], tables: Tables) -> set[str]:
    """Return facts and flows of routes; of markets those of the routes that serve them."""
    asked = {str(name) for name in names} - {""}
    arcs = tables["balance-arcs"]
    served = arcs["group"].isin(asked) | arcs["market"].isin(asked)
    routes = (asked & set(tables["routes"]["route"])) | (set(arcs.loc[served, "route"]) - {""})
    volumes, facts = tables["volumes"], tables["route-facts"]
    markets = {name for name in asked if name in set(volumes["entity"])}
    return {
        *volumes.loc[volumes["entity"].isin(routes | markets), "id"],
        *facts.loc[facts["route"].isin(routes), "id"],
    }


def _split(values: Iterable[Any]) -> set[str]:
    """Return the parts of ``;``-joined texts.

    >>> sorted(_split(["V0001;V0002", "", None]))
    ['V0001', 'V0002']
    """
    return {part for value in values if isinstance(value, str) for part in value.split(";") if part}


def _known(tables: Tables) -> set[str]:
    """Return every id there is; those of the user's own rows too."""
    kept = (tables[name] for name in TABLES.values() if name != "events")
    return {name for table in kept for name in table["id"]} | set(tables["events"]["event"])
