"""Every figure there is for a route or market and period, as published or summed up."""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

import pandas as pd

from energy import facts
from energy.errors import UnknownName
from energy.measure import observations, periods, units, validity
from energy.measure.observations import records

VOLUMES = (
    "flow", "exports", "exports_ras", "exports_pipeline", "imports_pipeline",
    "imports_pipeline_lng", "imports_turkstream", "customs_mass", "sales_group",
)  # fmt: skip
MONEY = ("customs_value",)
_STREAM = itemgetter("source", "series", "entity", "unit", "basis")  # figures that print alike


def names(tables: facts.Tables) -> list[str]:
    """Return every route, and every market that has a figure a mirror can use.

    Examples
    --------
    >>> {"turkstream-2", "turkey"} <= set(names(facts.load()))
    True
    """
    return read_tables(tables).names


@dataclass(frozen=True)
class MirrorTables:
    """The tables, read once for many questions.

    Examples
    --------
    >>> data = read_tables(facts.load())
    >>> "turkstream-2" in data.names
    True
    """

    tables: facts.Tables
    rows: dict[str, list[dict[str, Any]]]  # by entity, each with its ``span`` and ``half_raw``
    names: list[str]
    markets: list[dict[str, Any]]  # dated rows of the crosswalk, route to market
    trunk: dict[str, str]  # corridor of each exit
    lifetimes: dict[str, tuple[dt.date, dt.date]]  # first day open and day closed of each route
    excluded: dict[str, str]  # reason by id
    gcv: dict[str, float]  # stated calorific value by route
    rules: list[dict[str, Any]]  # of ``mirror-rules``
    kinds: dict[str, str]  # kind of each source
    kept: dict[tuple[str, ...], pd.DataFrame] = field(default_factory=dict, repr=False)  # answers

    def keep(self, key: tuple[str, ...], make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return a copy of what was made for a key before, else make it.

        Examples
        --------
        >>> data = read_tables(facts.load())
        >>> data.keep(("sums", "2021"), lambda: pd.DataFrame({"a": [1]}))["a"].tolist()
        [1]
        >>> data.keep(("sums", "2021"), lambda: pd.DataFrame({"a": [2]}))["a"].tolist()
        [1]
        """
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key].copy()

    def routes_to(self, market: str) -> set[str]:
        """Return the routes that ever serve a market and have a flow.

        Examples
        --------
        >>> sorted(read_tables(facts.load()).routes_to("turkey"))
        ['blue-stream', 'turkstream-1']
        """
        return {row["key"] for row in self.markets if row["target"] == market}

    def kin(self, name: str) -> list[str]:
        """Return the routes to a market, or the market that one route serves alone.

        Examples
        --------
        >>> read_tables(facts.load()).kin("china")
        ['power-of-siberia-1']
        """
        alone = {row["target"] for row in self.markets if row["key"] == name}
        return sorted(self.routes_to(name) or {m for m in alone if self.routes_to(m) == {name}})


_newest: list[MirrorTables] = []  # those read last: pairs and leagues ask the same figures again


def read_tables(tables: facts.Tables) -> MirrorTables:
    """Read the tables once, for many questions; those read last stay in memory.

    Examples
    --------
    >>> len(read_tables(facts.load()).rows["blue-stream"]) > 10
    True
    """
    held = _newest[0].tables if _newest else {}
    if held.keys() == tables.keys() and all(held[name] is tables[name] for name in tables):
        return _newest[0]
    _newest[:] = [_read(tables)]
    return _newest[0]


def _read(tables: facts.Tables) -> MirrorTables:
    table = tables["volumes"]
    table = table[table["series"].isin((*VOLUMES, *MONEY))]
    table = table[~table["status"].isin(["plan", "contract"])]
    table = table[table["unit"].map(units.kind).isin(["volume", "energy", "mass", "money"])]
    rows: dict[str, list[dict[str, Any]]] = {}
    printed = facts.printed("volumes")
    for row in table.pipe(records):
        more = {"span": periods.parse(row["period"]), "printed": printed.get(row["id"], "")}
        rows.setdefault(row["entity"], []).append(row | more)
    for held in rows.values():
        for _, group in itertools.groupby(sorted(held, key=_STREAM), key=_STREAM):
            peers = list(group)
            for row in peers:
                row["half_raw"] = _half(row, peers)
    flowing = {entity for entity, held in rows.items() if any(r["series"] == "flow" for r in held)}
    routes = tables["routes"].pipe(records)
    counted = {row["route"] for row in routes if row["role"] in ("export", "exit")} & flowing
    crosswalk = tables["crosswalk"]
    markets = [row for row in crosswalk[crosswalk["kind"] == "market"].pipe(records)
               if row["key"] in counted]  # fmt: skip
    every = {row["route"] for row in routes} | set(rows) | {row["target"] for row in markets}
    trunk = {row["route"]: row["part_of"] for row in routes if row["role"] == "exit"}
    out = tables["corrections"].query("state == 'active' and action == 'exclude'")
    stated = tables["route-facts"].query("attribute == 'gcv'").sort_values("valid_from")
    return MirrorTables(
        facts.Tables(tables), rows, sorted(every), markets, trunk, _lifetimes(tables["route-facts"]),
        dict(zip(out["row"], out["reason"], strict=True)),
        dict(zip(stated["route"], stated["value"].astype(float), strict=True)),
        tables["mirror-rules"].pipe(records),
        dict(zip(tables["sources"]["source"], tables["sources"]["kind"], strict=True)),
    )  # fmt: skip


def _lifetimes(route_facts: pd.DataFrame) -> dict[str, tuple[dt.date, dt.date]]:
    """Return when each route opened and closed; the ends of the calendar where not dated."""
    lifetimes: dict[str, tuple[dt.date, dt.date]] = {}
    dated = route_facts[route_facts["attribute"].isin(["start", "stop"])]
    for row in dated.sort_values("value").pipe(records):
        begin, end = lifetimes.get(row["route"], (dt.date.min, dt.date.max))
        day = periods.parse(row["value"]).start
        lifetimes[row["route"]] = (day, end) if row["attribute"] == "start" else (begin, day)
    return lifetimes


def candidates(data: MirrorTables, name: str, unit: str) -> list[dict[str, Any]]:
    """Return the figures that may speak for a name.

    Examples
    --------
    >>> data = read_tables(facts.load())
    >>> {row["series"] for row in candidates(data, "blue-stream", "bcm")} >= {"flow"}
    True
    """
    if name not in data.names:
        raise UnknownName("route or market", name, data.names)
    series = MONEY if units.kind(unit) == "money" else VOLUMES
    return [row for entity in (name, *data.kin(name)) for row in data.rows.get(entity, [])
            if row["series"] in series]  # fmt: skip


def gather(
    data: MirrorTables, rows: Sequence[dict[str, Any]], name: str, span: periods.Period
) -> list[dict[str, Any]]:
    """Return the figures of exactly this span: as printed, as sums of parts, as sums of routes.

    Examples
    --------
    >>> data = read_tables(facts.load())
    >>> rows = candidates(data, "turkstream-2", "bcm")
    >>> len(gather(data, rows, "turkstream-2", periods.parse("2026-01"))) >= 2
    True
    """
    inside = [
        row for row in rows if span.start <= row["span"].start and row["span"].end <= span.end
    ]
    own = [row for row in inside if row["entity"] == name or row["series"] != "flow"]
    legs = [row for row in inside if row["entity"] != name and row["series"] == "flow"]
    return _exact_or_summed(own, span) + _over_routes(data, legs, name, span)


def _exact_or_summed(
    rows: Iterable[dict[str, Any]],
    span: periods.Period,
    lifetimes: Mapping[str, tuple[dt.date, dt.date]] | None = None,
) -> list[dict[str, Any]]:
    """Return what each source has for a span, out of its figures that lie inside it."""
    found = []
    for key, group in itertools.groupby(sorted(rows, key=_STREAM), key=_STREAM):
        records = list(group)
        exact = [row for row in records if _same(row["span"], span)]
        found += exact or _tiled(records, span, (lifetimes or {}).get(key[2]))
    return found


def _same(a: periods.Period, b: periods.Period) -> bool:
    return (a.start, a.end) == (b.start, b.end)


def _tiled(
    records: Sequence[dict[str, Any]],
    span: periods.Period,
    lifetimes: tuple[dt.date, dt.date] | None = None,
) -> list[dict[str, Any]]:
    """Sum the halves, quarters or months of one source where they fill the span, each once.

    Days on which the route was closed need no figure.
    """
    opened, closed = lifetimes or (span.start, span.end)
    begin, end = max(span.start, opened), min(span.end, closed)
    for freq in ("H", "Q", "M"):
        inside = sorted((row for row in records if row["freq"] == freq), key=itemgetter("span"))
        chained = all(a["span"].end == b["span"].start for a, b in itertools.pairwise(inside))
        if (
            inside
            and chained
            and inside[0]["span"].start <= begin
            and inside[-1]["span"].end >= end
        ):
            return [_sum(inside, periods.label(span))]
    return []


def _sum(parts: Sequence[dict[str, Any]], period: str) -> dict[str, Any]:
    """Return one figure for several of one source; statuses and coverage at their worst."""
    worst = max(parts, key=lambda row: observations.STATUS.index(row["status"]))
    return dict(parts[0]) | {
        "id": ";".join(row["id"] for row in parts), "period": period,
        "value": math.fsum(row["value"] for row in parts), "status": worst["status"],
        "coverage": min(row["coverage"] for row in parts), "half_raw": math.fsum(row["half_raw"] for row in parts),
        "published": max(row["published"] for row in parts), "derived": True,
        "note": f"sum of {len(parts)} figures of one source",
    }  # fmt: skip


def _half(row: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> float:
    """Return half the last printed digit.

    The text of the table keeps a trailing zero that a float loses; the digits of the source's other
    figures of the same series and frequency count too. A figure said to be rounded has no zeros of its own, a
    difference of two figures carries both their digits.
    """
    if "rounded" in row["note"] or "about" in row["note"]:
        return 0.5 * 10.0 ** _exponent(row["value"])  # half of the last digit that is no zero
    beside = [_places(peer) for peer in peers if peer["freq"] == row["freq"]]
    half = 0.5 * 10.0 ** -max([*beside, _places(row)])  # half of the last printed digit
    return 2 * half if row["derived"] else half


def _places(row: Mapping[str, Any]) -> int:
    """Count the decimals of a figure as the table prints it; as the float has them if it changed."""
    text = row.get("printed", "")
    if text and float(text) == row["value"] and "e" not in text.lower():
        return len(text.partition(".")[2])
    return max(-_exponent(row["value"]), 0)


def _exponent(value: float) -> int:
    from decimal import Decimal

    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _over_routes(
    data: MirrorTables, legs: Sequence[dict[str, Any]], name: str, span: periods.Period
) -> list[dict[str, Any]]:
    """Sum one source's flows over every open route to a market, where it has them all."""
    needed = _needed(data, name, span)
    if not legs or not needed:
        return []
    seen = _exact_or_summed(legs, span, data.lifetimes)
    keys = ("source", "unit", "basis")
    seen.sort(key=lambda row: tuple(row[key] for key in keys))
    rows = []
    for _, group in itertools.groupby(seen, key=lambda row: tuple(row[key] for key in keys)):
        held = {row["entity"]: row for row in group}
        parts = _market_sum(data, held, needed)
        if len(parts) > 1:
            rows.append(_sum(parts, periods.label(span)) | {"entity": name})
        rows += parts if len(parts) == 1 else []
    return rows


def _needed(data: MirrorTables, name: str, span: periods.Period) -> set[str]:
    """Return the routes a sum over a market needs: dated to it and open in the span.

    Empty where part of the span is not dated, or where another market of mixed name shares the
    gas (Turkey before 2020 under ``balkans-turkey``): no sum can be made then.
    """
    dated = [(row, *validity.bounds(row["valid_from"], row["valid_to"])) for row in data.markets]
    dated = [held for held in dated if held[1] < span.end and span.start < held[2]]
    if any(name in row["target"].split("-") and row["target"] != name for row, _, _ in dated):
        return set()
    mine = [held for held in dated if held[0]["target"] == name]
    if any(since > span.start or span.end > until for _, since, until in mine):
        return set()
    return {row["key"] for row, _, _ in mine if _is_open(data, row["key"], span)}


def _is_open(data: MirrorTables, route: str, span: periods.Period) -> bool:
    opened, closed = data.lifetimes.get(route, (dt.date.min, dt.date.max))
    return opened < span.end and span.start < closed


def _market_sum(
    data: MirrorTables, held: Mapping[str, dict[str, Any]], needed: set[str]
) -> list[dict[str, Any]]:
    """Return one source's figures that make up the market, none where a route is missing.

    A corridor is taken by its exits, or whole where all its exits serve this market.
    """
    exits = {route for route in needed if route in data.trunk}
    corridors = {data.trunk[route] for route in exits}
    by_exits = needed - corridors
    if by_exits <= set(held):
        return [held[route] for route in sorted(by_exits)]
    ours = {route for route, trunk in data.trunk.items() if trunk in corridors}
    whole = needed - exits
    closed = {route for route in ours if route not in needed}
    if whole <= set(held) and all(route not in data.rows for route in closed):
        return [held[route] for route in sorted(whole)]
    return []


def no_period(data: MirrorTables, name: str, period: str, unit: str) -> str:
    """Say for which periods a name has figures.

    Examples
    --------
    >>> "2021" in no_period(read_tables(facts.load()), "blue-stream", "1990", "bcm")
    True
    """
    exist = periods_in(data, name, unit)
    what = "value at customs" if units.kind(unit) == "money" else "volume"
    if not exist:
        return f"No {what} of {name!r} is known for any period; see `energy sources` for what is."
    return f"No {what} of {name!r} is known for {period}; periods that exist: {spell(exist)}."


def spell(texts: Sequence[str]) -> str:
    """Name some texts, and how many more there are.

    Examples
    --------
    >>> spell(["2021", "2022"])
    '2021, 2022'
    """
    return (
        ", ".join(texts)
        if len(texts) <= 40  # what one can still read in a cell; chosen by hand
        else f"{', '.join(texts[:40])} and {len(texts) - 40} more"
    )


def periods_of(tables: facts.Tables, name: str, unit: str = "bcm", at_least: int = 1) -> list[str]:
    """Return the periods for which a route or market has that many figures, in order.

    Years count where quarters or months of one source fill them.

    Examples
    --------
    >>> "2021" in periods_of(facts.load(), "blue-stream")
    True
    """
    return periods_in(read_tables(tables), name, unit, at_least)


def periods_in(data: MirrorTables, name: str, unit: str = "bcm", at_least: int = 1) -> list[str]:
    """As `periods_of`, of tables that are read already.

    Examples
    --------
    >>> "2021" in periods_in(read_tables(facts.load()), "blue-stream")
    True
    """
    rows = candidates(data, name, unit)
    spans = {row["span"] for row in rows}
    years = {periods.containing(span.start, "A") for span in spans if span.freq in "HQM"}
    unique = {(span.start, span.end): span for span in (*years, *spans)}
    held = [span for span in unique.values() if len(gather(data, rows, name, span)) >= at_least]
    return [periods.label(span) for span in sorted(held)]
