"""From a number to its source: every id in tables, layers and map resolves here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import pandas as pd
import xarray as xr

from energy import flows, store
from energy.errors import UnknownName, UsageError
from energy.facts import Tables
from energy.measure import observations
from geodata.arguments import shown

TABLES = {
    "V": "volumes", "F": "financials", "P": "prices", "X": "fx", "R": "route-facts",
    "C": "contracts", "T": "trade-context", "W": "crosswalk", "K": "corrections", "E": "events",
    "N": "tariffs", "J": "proposals", "A": "capex", "M": "mirror-rules",
    "H": "reference-projects", "Q": "outside-forecasts", "G": "charges", "B": "market-groups",
    "L": "projects", "S": "project-assumptions", "U": "supply", "Y": "statement-lines",
}  # fmt: skip
SHOWN = ["id", "table", "what", "period", "value", "unit", "basis", "status", "source", "title",
         "publisher", "url", "page", "quote", "evidence", "published", "retrieved", "sha256", "licence", "note", "why",
         "bcm", "chain"]  # fmt: skip


Cited: TypeAlias = "str | Iterable[Cited] | xr.Dataset | xr.DataArray | pd.DataFrame"
"""What can be cited: ids, a cube, a table, or several of these."""

SEEN = ("page", "file", "typed")
QUOTE = re.compile(r'"([^"]{6,})"|«([^»]{6,})»|“([^”]{6,})”')


def cite(what: Cited, tables: Tables, home: store.Store | None = None) -> pd.DataFrame:
    """Resolve ids to sources.

    Parameters
    ----------
    what : str, list of str, Dataset, DataArray or DataFrame
        An id (``"V0123"``), several (also ``;``-joined), a route or source id, a cube with
        ``sources`` (and ``price_source``), or a table with a column ``id`` or ``sources``.
    tables : dict of DataFrame
        The facts.
    home : Store, optional
        Where the answers behind figures of an update are kept.

    Returns
    -------
    DataFrame
        One row an id: what it says, from which document, when published, under which terms,
        and why it was taken before others. ``quote`` holds words of the page where the note has
        them; ``evidence`` says whether the figure was seen on the ``page``, read out of a ``file``
        or ``typed``. ``retrieved`` and ``sha256`` are those of the kept answers (``;``-joined);
        the digest is empty for a figure of the package, whose document is not kept.
        ``bcm`` is a flow at 20 °C, ``chain`` how it came from the figure as published.

    Raises
    ------
    UnknownName
        For an id that is nowhere.
    """
    names = sorted(_ids(what, tables))
    taken = (
        _taken(tables) if any(name.startswith(("V", "own:")) for name in names) else pd.DataFrame()
    )
    heat = flows.calorific_values(tables["route-facts"])
    rows = [_row(name, tables, taken) for name in names]
    rows = [row | _kept(row, home) | _converted(row, heat) for row in rows]
    return pd.DataFrame(rows, columns=SHOWN).fillna("")


def evidence(row: Mapping[str, Any]) -> str:
    """Return how a row was read: ``page``, ``file`` or ``typed``.

    >>> evidence({"evidence": "file"}), evidence({"evidence": ""}), evidence({})
    ('file', 'typed', 'typed')
    """
    told = str(row.get("evidence") or "")
    return told if told in SEEN else "typed"


def quote(note: str) -> str:
    """Return the words of the page that a note quotes; "" where it quotes none.

    >>> quote('Gazprom: "22.7 bcm for the year"; first print')
    '22.7 bcm for the year'
    """
    found = QUOTE.search(note)
    return next(text for text in found.groups() if text) if found else ""


def address(text: str, routes: Iterable[str]) -> list[str]:
    """Split the address of a shown number; empty for an id, a route or a source.

    >>> address("blue-stream@2024Q1", ["blue-stream"])
    ['blue-stream', '2024Q1']
    >>> address("mixture/blue-stream/2030Q1", ["blue-stream"])
    ['mixture', 'blue-stream', '2030Q1']
    >>> address("blue-stream", ["blue-stream"])
    []
    """
    if "@" in text:
        return text.split("@", 1)
    parts = text.split("/")
    return parts if len(parts) in (2, 3) and parts[-2] in set(routes) else []


def _kept(row: Mapping[str, Any], home: store.Store | None) -> dict[str, str]:
    """Return when and as which bytes a figure came; a packaged figure has no bytes of its own."""
    digests = [part.partition("#")[0] for part in str(row["page"]).split(";")]
    if home is None or not all(re.fullmatch("[0-9a-f]{16}", text) for text in digests):
        return {"retrieved": str(store.retrieved()), "sha256": ""}
    try:
        answers = [home.raw(text) for text in dict.fromkeys(digests)]
    except store.StoreError:  # fetched into another store: the short digests are what is known
        return {"retrieved": "", "sha256": ";".join(dict.fromkeys(digests))}
    asked = {answer.retrieved.isoformat(timespec="seconds") for answer in answers}
    return {"retrieved": ";".join(sorted(asked)), "sha256": ";".join(a.sha256 for a in answers),
            "url": ";".join(dict.fromkeys(a.request.url for a in answers))}  # fmt: skip


def _converted(row: Mapping[str, Any], heat: Mapping[str, float]) -> dict[str, Any]:
    """Return a flow in bcm at 20 °C and the words of the conversion."""
    if not str(row["what"]).startswith("flow of ") or row["table"] != "volumes":
        return {}
    route = str(row["what"]).removeprefix("flow of ")
    bcm, why = flows.convert_figure(
        row["value"], row["unit"], row["basis"], row["status"], heat.get(route)
    )
    if why:
        return {"chain": f"not used as a flow: {why}"}
    by = f" at {heat[route]:g} kWh/m3 (20 °C)" if row["basis"] in ("GCV", "15C-40MJ") else ""
    return {
        "bcm": bcm,
        "chain": f"{row['value']:g} {row['unit']} {row['basis']}{by} = {bcm:.9g} bcm 20C",
    }


def _ids(what: Cited, tables: Tables) -> set[str]:
    if isinstance(what, str):
        return _named(what, tables)
    if isinstance(what, xr.Dataset | xr.DataArray):
        names = [name for name in ("sources", "price_source") if name in what]
        if isinstance(what, xr.DataArray) or not names:
            raise UsageError(
                "Give the whole cube (it holds 'sources'), e.g. t.cite(t.flows('blue-stream'))."
            )
        return _split(value for name in names for value in what[name].values.ravel())
    if isinstance(what, pd.DataFrame):
        columns = [
            c for c in ("id", "sources", "price_source", "alternatives") if c in what.columns
        ]
        if not columns:
            raise UsageError("The table has no column 'id' or 'sources' to cite from.")
        return _split(value for column in columns for value in what[column])
    if not isinstance(what, Sequence | set | pd.Series):
        raise UsageError(f"There is nothing to cite in {shown(what)}: give an id, a list of ids, a cube or a "
                         "table, e.g. t.cite('V0001').")  # fmt: skip
    return {name for item in what for name in _ids(item, tables)}


def _split(values: Iterable[Any]) -> set[str]:
    return {part for value in values if isinstance(value, str) for part in value.split(";") if part}


def _named(text: str, tables: Tables) -> set[str]:
    """Return the ids a text stands for: itself, a route's facts and flows, or a source's rows."""
    if text in set(tables["routes"]["route"]):
        seen = tables["volumes"].query("entity == @text")["id"]
        return {*seen, *tables["route-facts"].query("route == @text")["id"]}
    if text in set(tables["sources"]["source"]):
        found = [tables[t].loc[tables[t]["source"] == text] for t in TABLES.values()]
        return {name for t in found if "id" in t for name in t["id"]}
    return _split([text])


def _row(name: str, tables: Tables, taken: pd.DataFrame) -> dict[str, Any]:
    table = _own(name, tables) if name.startswith("own:") else TABLES.get(name[:1], "")
    key = "event" if table == "events" else "id"
    found = tables[table][tables[table][key] == name] if table else pd.DataFrame()
    if found.empty:
        near = [i for t, k in ((TABLES.get(name[:1]), key),) if t for i in tables[t][k]]
        raise UnknownName("id", name, near or tables["routes"]["route"])
    row = observations.records(found.head(1))[0]
    source = tables["sources"].set_index("source").loc[row["source"]].to_dict()
    row |= {k: source[k] for k in ("title", "publisher", "url", "licence")}
    row["published"] = row.get("published") or source["published"]
    row |= {
        "id": name,
        "table": table,
        "what": _what(table, row),
        "why": _why(row, taken) if table == "volumes" else "",
        "quote": quote(str(row.get("note") or "")),
        "evidence": evidence(row),
    }
    return {k: row.get(k, "") for k in SHOWN}


def _own(name: str, tables: Tables) -> str:
    """Return the table that holds an id of the user's own."""
    keys = ((t, "event" if t == "events" else "id") for t in TABLES.values())
    return next((table for table, key in keys if name in set(tables[table][key])), "")


def _what(table: str, row: Mapping[str, Any]) -> str:
    """Return in words what a row speaks of."""
    names = {
        "volumes": "{series} of {entity}", "financials": "{standard} {metric}, {segment}",
        "prices": "{series}", "fx": "{pair} {kind}", "route-facts": "{attribute} of {route}",
        "contracts": "{contract}: annual quantity {year}", "trade-context": "{series}: {flow}",
        "crosswalk": "{key} -> {target}", "corrections": "correction of {row}", "events": "{title}",
        "tariffs": "{item} {route}{market}",
        "proposals": "{item} of {route} ({bound})",
        "capex": "cost of {route}", "mirror-rules": "rule on {cause} for {entity}",
        "reference-projects": "{metric} of {project}",
        "outside-forecasts": "{issuer}: {series} of {target}",
        "charges": "{item} of {route}: {bearing}", "market-groups": "{market} in {group}",
        "supply": "{measure} of {market} from {origin}, {kind}",
        "projects": "project {project}", "project-assumptions": "{input} of {project}",
        "statement-lines": "{standard} line {title}",
    }  # fmt: skip
    return names[table].format(**row)


def _taken(tables: Tables) -> pd.DataFrame:
    """Return the observation taken for each series, entity and period."""
    chosen = observations.choose(tables["volumes"], tables["sources"], tables["preferences"])
    return chosen.set_index(observations.KEY)


def _why(row: Mapping[str, Any], taken: pd.DataFrame) -> str:
    """Return why an observation was taken, or which one was taken instead."""
    first = taken.loc[tuple(row[column] for column in observations.KEY)]
    if first["id"] != row["id"]:
        return f"stands beside {first['id']}, which is taken: {first['why']}"
    if not first["beside"]:
        return "the only figure for this series, entity and period"
    return f"taken before {first['beside'].replace(';', ', ')}: {first['why']}"
