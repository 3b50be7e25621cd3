"""From a number to its source: every id in tables, layers and map resolves here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from energy import flows, store
from energy.errors import UnknownName
from energy.facts import Tables
from energy.measure import observations
from energy.provenance import rests
from energy.provenance.rests import TABLES

__all__ = ["SEEN", "SHOWN", "TABLES", "address", "cite", "evidence", "quote"]

SHOWN = ["id", "table", "what", "period", "value", "unit", "basis", "status", "source", "title",
         "publisher", "url", "page", "quote", "evidence", "published", "retrieved", "sha256", "licence", "note", "why",
         "bcm", "chain"]  # fmt: skip


ASSUMED = {"title": "assumption: the note says why"}
"""Stands for the document of a row that names none."""
SEEN = ("page", "file", "typed")
QUOTE = re.compile(r'"([^"]{6,})"|«([^»]{6,})»|“([^”]{6,})”')


def cite(
    what: Any,
    tables: Tables,
    home: store.Store | None = None,
    cube: rests.Cube | None = None,
) -> pd.DataFrame:
    """Resolve ids to sources.

    Parameters
    ----------
    what : str, list of str, or a result
        An id (``"V0123"``), several (also ``;``-joined), a route or source id; or any result of
        the tracker, see `energy.provenance.rests.ids`.
    tables : Tables
        The facts.
    home : Store, optional
        Where the answers behind figures of an update are kept.
    cube : callable, optional
        Gives the flow cube of a frequency, for a result that names only routes and periods.

    Returns
    -------
    DataFrame
        One row an id: what it says, from which document, when published, under which terms,
        and why it was taken before others. ``quote`` holds words of the page where the note has
        them; ``evidence`` says whether the figure was seen on the ``page``, read out of a ``file``
        or ``typed``. ``retrieved`` and ``sha256`` are those of the kept answers (``;``-joined);
        a figure of the package has the day its page was read, if told, else that of the package,
        and no digest: its document is not kept.
        ``bcm`` is a flow at 20 °C, ``chain`` how it came from the figure as published.

    Raises
    ------
    UnknownName
        For an id that is nowhere.
    UsageError
        For a result from which nothing leads to a figure.

    Examples
    --------
    >>> from energy import facts
    >>> cite("V0001", facts.load())["table"].tolist()
    ['volumes']
    """
    names = sorted(_ids(what, tables, cube))
    taken = (
        _taken(tables) if any(name.startswith(("V", "own:")) for name in names) else pd.DataFrame()
    )
    gcv = flows.calorific_values(tables["route-facts"])
    find = _Finder(tables)
    rows = [_row(name, find, taken) for name in names]
    rows = [row | _retrieval(row, home) | _converted(row, gcv) for row in rows]
    return pd.DataFrame(rows, columns=SHOWN).astype(object).fillna("")


def evidence(row: Mapping[str, Any]) -> str:
    """Return how a row was read: ``page``, ``file`` or ``typed``.

    >>> evidence({"evidence": "file"}), evidence({"evidence": ""}), evidence({})
    ('file', 'typed', 'typed')
    """
    word = str(row.get("evidence") or "")
    return word if word in SEEN else "typed"


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


def _retrieval(row: Mapping[str, Any], home: store.Store | None) -> dict[str, str]:
    """Return when and as which bytes a figure came; a packaged figure has no bytes of its own."""
    digests = [part.partition("#")[0] for part in str(row["page"]).split(";")]
    if home is None or not all(re.fullmatch("[0-9a-f]{16}", text) for text in digests):
        return {"retrieved": row["retrieved"] or str(store.retrieved()), "sha256": ""}
    try:
        answers = [home.raw(text) for text in dict.fromkeys(digests)]
    except store.StoreError:  # fetched into another store: the short digests are what is known
        return {"retrieved": "", "sha256": ";".join(dict.fromkeys(digests))}
    asked = {answer.retrieved.isoformat(timespec="seconds") for answer in answers}
    return {"retrieved": ";".join(sorted(asked)), "sha256": ";".join(a.sha256 for a in answers),
            "url": ";".join(dict.fromkeys(a.request.url for a in answers))}  # fmt: skip


def _converted(row: Mapping[str, Any], gcv: Mapping[str, float]) -> dict[str, Any]:
    """Return a flow in bcm at 20 °C and the words of the conversion."""
    if not str(row["what"]).startswith("flow of ") or row["table"] != "volumes":
        return {}
    route = str(row["what"]).removeprefix("flow of ")
    bcm, why = flows.convert_figure(
        row["value"], row["unit"], row["basis"], row["status"], gcv.get(route)
    )
    if why:
        return {"chain": f"not used as a flow: {why}"}
    by = f" at {gcv[route]:g} kWh/m3 (20 °C)" if row["basis"] in ("GCV", "15C-40MJ") else ""
    return {
        "bcm": bcm,
        "chain": f"{row['value']:g} {row['unit']} {row['basis']}{by} = {bcm:.9g} bcm 20C",
    }


def _ids(what: Any, tables: Tables, cube: rests.Cube | None) -> set[str]:
    if isinstance(what, str):
        return _named(what, tables)
    if isinstance(what, list | tuple | set | pd.Index | np.ndarray):
        return {name for item in what for name in _ids(item, tables, cube)}
    return rests.ids(what, tables, cube)


def _split(values: Iterable[Any]) -> set[str]:
    return {part for value in values if isinstance(value, str) for part in value.split(";") if part}


def _named(text: str, tables: Tables) -> set[str]:
    """Return the ids a text stands for: itself, a route's facts and flows, or a source's rows."""
    if text in set(tables["routes"]["route"]):
        seen = tables["volumes"].query("entity == @text")["id"]
        return {*seen, *tables["route-facts"].query("route == @text")["id"]}
    if text in set(tables["sources"]["source"]):
        cited = (tables[t] for t in TABLES.values() if "source" in tables[t])
        found = [table.loc[table["source"] == text] for table in cited]
        return {name for t in found if "id" in t for name in t["id"]}
    return _split([text])


class _Finder:
    """Rows by id, each table indexed once; sources too."""

    def __init__(self, tables: Tables):
        self.tables = tables
        self.sources = tables["sources"].set_index("source")
        self._indexed: dict[str, pd.DataFrame] = {}

    def row(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return the table of an id and its row; a source stands for itself."""
        table = _own(name, self.tables) if name.startswith("own:") else rests.table_of(name)
        if name in self.sources.index:
            return "sources", {"source": name}
        if table and table not in self._indexed:
            key = "event" if table == "events" else "id"
            self._indexed[table] = self.tables[table].set_index(key, drop=False)
        if not table or name not in self._indexed[table].index:
            near = list(self._indexed[table].index) if table else self.tables["routes"]["route"]
            raise UnknownName("id", name, near)
        return table, observations.records(self._indexed[table].loc[[name]])[0]


def _row(name: str, find: _Finder, taken: pd.DataFrame) -> dict[str, Any]:
    table, row = find.row(name)
    what = _what(table, row)  # before the document's title stands in the place of an event's
    source = (
        ASSUMED if not row.get("url") else row | {"published": row["printed"]}
    )  # names its page
    if row.get("source"):
        source = find.sources.loc[row["source"]].to_dict()
    row |= {k: source.get(k, "") for k in ("title", "publisher", "url", "licence")}
    row["published"] = row.get("published") or source.get("published", "")
    row["retrieved"] = source.get("read", "")
    row |= {
        "note": row.get("note") or row.get("reason", ""),
        "id": name,
        "table": table,
        "what": what,
        "why": _why(row, taken) if table == "volumes" else row.get("why", ""),
        "quote": quote(str(row.get("note") or "")),
        "evidence": evidence(row) if table != "sources" else "",
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
        "statement-lines": "{standard} line {title}", "sources": "the document",
        "statement-absent": "not printed: {standard} {line} of {period}",
        "counterfactual": "{name} of {market} ({role})", "clearing": "{item} of {market}",
        "bargain": "{item} of {project}, {side}: {name}",
        "timing-evidence": "{evidence} on {route}: {says}", "timing-rules": "rule {name} {stage}",
        "left-out": "not taken: {series} of {entity}",
        "partner-role": "{reporter} from {partner}: {role}",
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
