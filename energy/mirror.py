"""Mirrors: every source for one flow side by side, and the gap between them by cause.

Nothing is averaged away: the figures stay as published, the gap of each to a reference is split
into parts that add up to it, and what no number explains stays residual. The reconciled estimate
is our own reckoning, never a measurement. Causes that lie in the sources themselves (scope,
transit, LNG, timing) come from ``data/mirror_rules.csv`` only.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from energy import facts, observations, periods, plotting, units
from energy.errors import DataError, PeriodError, UnitError, UnknownName

CAUSES = ("temperature", "calorific", "timing", "scope", "transit", "lng", "rounding")
PARTS = (*CAUSES, "residual")
COLUMNS = [
    "id", "series", "entity", "source", "kind", "value", "unit", "basis", "status", "published",
    "common", "low", "high", "used", "gap", *PARTS, "possible", "why",
]  # fmt: skip
VOLUMES = (
    "flow", "exports", "exports_ras", "exports_pipeline", "imports_pipeline",
    "imports_pipeline_lng", "imports_turkstream", "customs_mass", "sales_group",
)  # fmt: skip
MONEY = ("customs_value",)
NOT_DELIVERIES = {"sales_group": "group sales with resale, not deliveries"}
NOISE = {
    "operator": 0.005, "company": 0.01, "statistics": 0.02, "agency": 0.02, "ministry": 0.02,
    "research": 0.03, "press": 0.01, "own": 0.03,
}  # fmt: skip
"""Relative standard deviation we give a figure of each kind: an assumption, see `league`."""

ESTIMATE = "reconciled-estimate"
OUTLIER = 3.0  # robust standard deviations from the weighted median
METHOD = (
    "random effects over the figures on one basis (DerSimonian and Laird), several figures of one "
    "kind sharing the weight of one; a figure more than three robust deviations off is set aside"
)
_GRID = 2.0**30  # parts are kept to a dyadic billionth, so that sums of floats are exact
_INNER = ("bcm", "20C")


@dataclass(frozen=True)
class Estimate:
    """A reconciled figure with its interval; never a measurement.

    Attributes
    ----------
    value, low, high : float
        In the unit and basis of the figures; the interval holds about 95 %.
    tau : float
        Standard deviation between sources beyond their own noise.
    used, aside : tuple of str
        Ids of the figures behind it, and of those set aside as outliers.
    adjustments : tuple of str
        What was done to a figure before, one sentence each.
    """

    value: float
    low: float
    high: float
    tau: float
    used: tuple[str, ...]
    aside: tuple[str, ...]
    adjustments: tuple[str, ...]


@dataclass(frozen=True)
class Gas:
    """What converts the figures of one subject: asked unit and basis, heat and density."""

    unit: str
    basis: str
    gcv: float = 10.5
    heat: tuple[float, float] = (10.5, 10.5)  # kWh/m3 at 20 °C, lowest and highest
    density: tuple[float, float] | None = None  # kg/m3 at 20 °C

    def convert(self, value: float, unit: str, basis: str, other: float | None = None) -> float:
        """Bring a figure to the asked unit and basis, by another heat or density if given.

        A volume without a stated basis is read as it stands.
        """
        if units.kind(unit) == "money":
            return float(units.convert(value, unit, self.unit))
        heat = other or self.gcv
        if units.kind(unit) == "mass":
            assert self.density is not None
            value, basis = (
                float(
                    units.convert(
                        value,
                        unit,
                        "bcm",
                        basis=basis,
                        to_basis="20C",
                        density=other or sum(self.density) / 2,
                        density_basis="20C",
                    )
                ),
                "20C",
            )
            unit, heat = "bcm", self.gcv
        basis = self.face if basis == "unstated" else basis
        return float(
            units.convert(
                value, unit, self.unit, basis=basis, to_basis=self.basis, gcv=heat, gcv_basis="20C"
            )
        )

    @property
    def face(self) -> str:
        """Return the basis a bare cubic metre is read at: the one asked, 20 °C for an energy."""
        return self.basis if self.basis in ("0C", "15C", "20C", "15C-40MJ") else "20C"


def mirror(
    tables: facts.Tables, name: str, period: str, unit: str = "bcm", basis: str | None = None
) -> pd.DataFrame:
    """Set every figure for a route or market side by side and split the gaps by cause.

    Parameters
    ----------
    tables : dict of DataFrame
        As `energy.facts.load` returns them.
    name : str
        A route, e.g. ``turkstream-2``, or a market, e.g. ``turkey``.
    period : str
        Any period text, e.g. ``2024``, ``2025Q1``, ``2026-01``.
    unit : str
        A volume (``bcm``), an energy (``TWh``), or ``million USD`` for values at customs.
    basis : str, optional
        Default 20C for volumes, GCV for energies.

    Returns
    -------
    DataFrame
        One row a figure, the reference first, and our estimate last: ``id, series, entity,
        source, kind, value, unit, basis, status, published`` as published; ``common`` on the
        asked basis with ``low`` and ``high`` (half the last printed digit; of the estimate the
        interval); ``used`` in the estimate; ``gap`` to the reference as printed and its parts
        ``temperature, calorific, timing, scope, transit, lng, rounding, residual``, which add
        up to the gap exactly; ``possible``, how much of the parts rests on a bound only; ``why``.
        ``attrs``: unit, basis, method, adjustments.

    Raises
    ------
    UnknownName
        If no route or market has that name.
    PeriodError
        If nothing is known for the period; the periods that exist are named.
    DataError
        If a single figure is known: there is nothing to hold it against.
    UnitError
        If unit and basis do not fit.

    Notes
    -----
    A figure read at another temperature than the one asked moves by the ideal-gas ratio (see
    `energy.units.convert`). Rounding is at most half the last printed digit of both figures. A
    rule with a floor and a ceiling takes what is left between them, so it names what is possible,
    not what was measured; ``why`` says which. For the interval see `estimate`.
    """
    found = figures(tables, name, period, unit, basis)
    if len(found) == 1:
        raise DataError(f"mirror of {name} in {period}", [_single(tables, name, found)])
    best = estimate(found)
    rows = [_beside(found, i) for i in range(len(found))]
    table = pd.DataFrame([*rows, _estimated(found, best)])[COLUMNS]
    table.attrs = {**found.attrs, "method": METHOD, "adjustments": list(best.adjustments)}
    return table


def _single(tables: facts.Tables, name: str, found: pd.DataFrame) -> str:
    row = found.iloc[0]
    titles = tables["sources"].set_index("source")["title"]
    several = periods_of(tables, name, found.attrs["unit"], at_least=2)
    known = f"periods with two or more: {_spell(several)}" if several else "no period has two"
    return (f"a single source gives a figure, {titles.get(row['source'], row['source'])} "
            f"({row['value']:g} {row['unit']}): nothing to hold it against; {known}")  # fmt: skip


def _beside(found: pd.DataFrame, place: int) -> dict[str, Any]:
    """Return one figure with its gap to the reference, which is the first."""
    row = _records(found)[place]
    row |= {"low": row["common"] - row["half"], "high": row["common"] + row["half"]}
    nothing = dict.fromkeys(("gap", *PARTS, "possible"), float("nan"))
    if place == 0:
        return row | nothing | {"why": _join("reference", row["note"])}
    if not (row["comparable"] and found.iloc[0]["comparable"]):
        return row | nothing | {"why": row["note"]}
    parts = split(row, _records(found)[0])
    return row | parts | {"why": _join(parts["why"], row["note"])}


def _estimated(found: pd.DataFrame, best: Estimate) -> dict[str, Any]:
    blank = dict.fromkeys(("gap", *PARTS, "possible"), float("nan"))
    count = f"from {len(best.used)} figures"
    if best.aside:
        count += f", set aside: {', '.join(best.aside)}"
    basis = found.attrs["basis"]
    return blank | {
        "id": "", "series": "", "entity": found.attrs["name"], "source": ESTIMATE, "kind": "own",
        "value": best.value, "unit": found.attrs["unit"], "basis": basis, "status": "modelled",
        "published": "", "common": best.value, "low": best.low, "high": best.high, "used": False,
        "why": f"our estimate, not a measurement; {count}",
    }  # fmt: skip


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


# --- the figures -------------------------------------------------------------------------------


def figures(
    tables: facts.Tables, name: str, period: str, unit: str = "bcm", basis: str | None = None
) -> pd.DataFrame:
    """Gather every figure for a route or market and period on one basis, the reference first.

    A source that has only shorter periods is summed where they fill the period; for a market the
    routes to it are summed where one source has them all. The reference is the figure that the
    flow cube would take.

    Returns
    -------
    DataFrame
        The columns of a volume with ``kind``, ``face`` (read without heed of its basis),
        ``warm`` and ``heat`` (what temperature and calorific value add to ``face``), ``common``
        (their sum), ``half`` (half the last digit), ``shift_low, shift_high`` (what another
        calorific value or density could move), ``comparable``, ``used``, ``adjusted``,
        ``noise``, ``rules``, ``note``.

    Raises
    ------
    UnknownName, PeriodError, UnitError
        As `mirror`.
    """
    return _figures(_book(tables), name, period, unit, basis)


def _figures(
    book: _Book, name: str, period: str, unit: str = "bcm", basis: str | None = None
) -> pd.DataFrame:
    span = periods.parse(period)
    basis = _basis(unit, basis)
    rows = _gather(book, _candidates(book, name, unit), name, span)
    if not rows:
        raise PeriodError(_no_period(book, name, period, unit))
    gas = _gas(book, name, unit, basis)
    ranked = _ranked(pd.DataFrame(rows), book, name)
    rules = _rules(book, name, span, gas)
    result = pd.DataFrame([_figure(row, gas, rules) for row in ranked])
    result = result.sort_values("used", ascending=False, kind="stable", ignore_index=True)
    result.attrs = {"name": name, "period": periods.label(span), "unit": unit, "basis": basis}
    return result


def _basis(unit: str, basis: str | None) -> str:
    kind = units.kind(unit)
    if kind not in ("volume", "energy", "money"):
        raise UnitError(f"A mirror is kept in a volume, an energy or money, not in {unit} ({kind}); "
                        "use bcm, TWh or million USD.")  # fmt: skip
    default = {"volume": "20C", "energy": "GCV", "money": ""}[kind]
    units.label(unit, basis or default)
    return basis or default


def names(tables: facts.Tables) -> list[str]:
    """Return every route, and every market that has a figure a mirror can use."""
    return _book(tables).names


@dataclass(frozen=True)
class _Book:
    """The tables, read once for many questions."""

    tables: facts.Tables
    rows: dict[str, list[dict[str, Any]]]  # figures by entity, each with its ``span``
    names: list[str]
    markets: list[dict[str, Any]]  # dated rows of the crosswalk, route to market
    trunk: dict[str, str]  # corridor of each exit
    doors: dict[str, tuple[dt.date, dt.date]]  # first day open and day closed of each route
    excluded: dict[str, str]  # reason by id
    heat: dict[str, float]  # stated calorific value by route

    def routes_to(self, market: str) -> set[str]:
        """Return the routes that ever serve a market and have a flow."""
        return {row["key"] for row in self.markets if row["target"] == market}

    def kin(self, name: str) -> list[str]:
        """Return the routes to a market, or the market that one route serves alone."""
        alone = {row["target"] for row in self.markets if row["key"] == name}
        return sorted(self.routes_to(name) or {m for m in alone if self.routes_to(m) == {name}})


def _book(tables: facts.Tables) -> _Book:
    table = tables["volumes"]
    table = table[table["series"].isin((*VOLUMES, *MONEY))]
    table = table[~table["status"].isin(["plan", "contract"])]
    table = table[table["unit"].map(units.kind).isin(["volume", "energy", "mass", "money"])]
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in table.pipe(_records):
        rows.setdefault(row["entity"], []).append(row | {"span": periods.parse(row["period"])})
    flowing = {entity for entity, held in rows.items() if any(r["series"] == "flow" for r in held)}
    routes = tables["routes"].pipe(_records)
    counted = {row["route"] for row in routes if row["role"] in ("export", "exit")} & flowing
    crosswalk = tables["crosswalk"]
    markets = [row for row in crosswalk[crosswalk["kind"] == "market"].pipe(_records)
               if row["key"] in counted]  # fmt: skip
    every = {row["route"] for row in routes} | set(rows) | {row["target"] for row in markets}
    trunk = {row["route"]: row["part_of"] for row in routes if row["role"] == "exit"}
    out = tables["corrections"].query("state == 'active' and action == 'exclude'")
    heat = tables["route-facts"].query("attribute == 'gcv'").sort_values("valid_from")
    return _Book(
        tables, rows, sorted(every), markets, trunk, _doors(tables["route-facts"]),
        dict(zip(out["row"], out["reason"], strict=True)),
        dict(zip(heat["route"], heat["value"].astype(float), strict=True)),
    )  # fmt: skip


def _doors(route_facts: pd.DataFrame) -> dict[str, tuple[dt.date, dt.date]]:
    """Return when each route opened and closed; the ends of the calendar where not dated."""
    doors: dict[str, tuple[dt.date, dt.date]] = {}
    dated = route_facts[route_facts["attribute"].isin(["start", "stop"])]
    for row in dated.sort_values("value").pipe(_records):
        begin, end = doors.get(row["route"], (dt.date.min, dt.date.max))
        day = periods.parse(row["value"]).start
        doors[row["route"]] = (day, end) if row["attribute"] == "start" else (begin, day)
    return doors


def _candidates(book: _Book, name: str, unit: str) -> list[dict[str, Any]]:
    """Return the figures that may speak for a name."""
    if name not in book.names:
        raise UnknownName("route or market", name, book.names)
    series = MONEY if units.kind(unit) == "money" else VOLUMES
    return [row for entity in (name, *book.kin(name)) for row in book.rows.get(entity, [])
            if row["series"] in series]  # fmt: skip


def _gather(
    book: _Book, rows: Sequence[dict[str, Any]], name: str, span: periods.Period
) -> list[dict[str, Any]]:
    """Return the figures of exactly this span: as printed, as sums of parts, as sums of routes."""
    own = [row for row in rows if row["entity"] == name or row["series"] != "flow"]
    legs = [row for row in rows if row["entity"] != name and row["series"] == "flow"]
    return _exact_or_summed(own, span) + _over_routes(book, legs, name, span)


def _exact_or_summed(
    rows: Iterable[dict[str, Any]],
    span: periods.Period,
    doors: Mapping[str, tuple[dt.date, dt.date]] | None = None,
) -> list[dict[str, Any]]:
    found = []
    keys = ("source", "series", "entity", "unit", "basis")
    ordered = sorted(rows, key=lambda row: tuple(row[key] for key in keys))
    for key, group in itertools.groupby(ordered, key=lambda row: tuple(row[k] for k in keys)):
        records = list(group)
        exact = [row for row in records if _same(row["span"], span)]
        picked = exact or _tiled(records, span, (doors or {}).get(key[2]))
        found += [row | {"half_raw": row.get("half_raw") or _half(row, records)} for row in picked]
    return found


def _same(a: periods.Period, b: periods.Period) -> bool:
    return (a.start, a.end) == (b.start, b.end)


def _tiled(
    records: Sequence[dict[str, Any]],
    span: periods.Period,
    doors: tuple[dt.date, dt.date] | None = None,
) -> list[dict[str, Any]]:
    """Sum the halves, quarters or months of one source where they fill the span, each once.

    Days on which the route was closed need no figure.
    """
    opened, closed = doors or (span.start, span.end)
    begin, end = max(span.start, opened), min(span.end, closed)
    for freq in ("H", "Q", "M"):
        inside = [row for row in records if row["freq"] == freq
                  and span.start <= row["span"].start and row["span"].end <= span.end]  # fmt: skip
        inside.sort(key=lambda row: row["span"])
        chained = all(a["span"].end == b["span"].start for a, b in itertools.pairwise(inside))
        if (
            inside
            and chained
            and inside[0]["span"].start <= begin
            and inside[-1]["span"].end >= end
        ):
            return [_sum(inside, records, periods.label(span))]
    return []


def _sum(
    parts: Sequence[dict[str, Any]], peers: Sequence[dict[str, Any]], period: str
) -> dict[str, Any]:
    """Return one figure for several of one source; statuses and coverage at their worst."""
    worst = max(parts, key=lambda row: observations.STATUS.index(row["status"]))
    halves = [row.get("half_raw") or _half(row, peers) for row in parts]
    return dict(parts[0]) | {
        "id": ";".join(row["id"] for row in parts), "period": period,
        "value": math.fsum(row["value"] for row in parts), "status": worst["status"],
        "coverage": min(row["coverage"] for row in parts), "half_raw": math.fsum(halves),
        "published": max(row["published"] for row in parts), "derived": True,
        "note": f"sum of {len(parts)} figures of one source",
    }  # fmt: skip


def _half(row: Mapping[str, Any], peers: Sequence[Mapping[str, Any]]) -> float:
    """Return half the last printed digit.

    A trailing zero gets lost in a float, so the digits of the source's other figures of the same
    series and frequency count too. A figure said to be rounded has no zeros of its own, a
    difference of two figures carries both their digits.
    """
    if "rounded" in row["note"] or "about" in row["note"]:
        return 0.5 * 10.0 ** _last_place(row["value"])
    beside = [_decimals(peer["value"]) for peer in peers if peer["freq"] == row["freq"]]
    half = 0.5 * 10.0 ** -max([*beside, _decimals(row["value"])])
    return 2 * half if row["derived"] else half


def _decimals(value: float) -> int:
    """Count the decimals of a number as it is printed, e.g. 2 for 1.73 and 0 for 8030."""
    return max(-_exponent(value), 0)


def _last_place(value: float) -> int:
    """Return the power of ten of the last digit that is not 0, e.g. 3 for 152000."""
    return _exponent(value)


def _exponent(value: float) -> int:
    from decimal import Decimal

    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def _over_routes(
    book: _Book, legs: Sequence[dict[str, Any]], name: str, span: periods.Period
) -> list[dict[str, Any]]:
    """Sum one source's flows over every open route to a market, where it has them all."""
    needed = _needed(book, name, span)
    if not legs or not needed:
        return []
    seen = _exact_or_summed(legs, span, book.doors)
    keys = ("source", "unit", "basis")
    seen.sort(key=lambda row: tuple(row[key] for key in keys))
    rows = []
    for _, group in itertools.groupby(seen, key=lambda row: tuple(row[key] for key in keys)):
        held = {row["entity"]: row for row in group}
        parts = _whole(book, held, needed)
        if len(parts) > 1:
            rows.append(_sum(parts, parts, periods.label(span)) | {"entity": name})
        rows += parts if len(parts) == 1 else []
    return rows


def _needed(book: _Book, name: str, span: periods.Period) -> set[str]:
    """Return the routes a sum over a market needs: dated to it and open in the span.

    Empty where part of the span is not dated, or where another market of mixed name shares the
    gas (Turkey before 2020 under ``balkans-turkey``): no sum can be made then.
    """
    first, last = span.start.isoformat(), span.end.isoformat()
    dated = [row for row in book.markets
             if (row["valid_from"] or "0") < last and first < (row["valid_to"] or "9")]  # fmt: skip
    if any(name in row["target"].split("-") and row["target"] != name for row in dated):
        return set()
    mine = [row for row in dated if row["target"] == name]
    if any((row["valid_from"] or "0") > first or last > (row["valid_to"] or "9") for row in mine):
        return set()
    return {row["key"] for row in mine if _is_open(book, row["key"], span)}


def _is_open(book: _Book, route: str, span: periods.Period) -> bool:
    opened, closed = book.doors.get(route, (dt.date.min, dt.date.max))
    return opened < span.end and span.start < closed


def _whole(
    book: _Book, held: Mapping[str, dict[str, Any]], needed: set[str]
) -> list[dict[str, Any]]:
    """Return one source's figures that make up the market, none where a route is missing.

    A corridor is taken by its exits, or whole where all its exits serve this market.
    """
    exits = {route for route in needed if route in book.trunk}
    corridors = {book.trunk[route] for route in exits}
    by_exits = needed - corridors
    if by_exits <= set(held):
        return [held[route] for route in sorted(by_exits)]
    ours = {route for route, trunk in book.trunk.items() if trunk in corridors}
    whole = needed - exits
    closed = {route for route in ours if route not in needed}
    if whole <= set(held) and all(route not in book.rows for route in closed):
        return [held[route] for route in sorted(whole)]
    return []


def _no_period(book: _Book, name: str, period: str, unit: str) -> str:
    exist = _periods_of(book, name, unit)
    what = "value at customs" if units.kind(unit) == "money" else "volume"
    if not exist:
        return f"No {what} of {name!r} is known for any period; see `energy sources` for what is."
    return f"No {what} of {name!r} is known for {period}; periods that exist: {_spell(exist)}."


def _spell(texts: Sequence[str]) -> str:
    return (
        ", ".join(texts)
        if len(texts) <= 40
        else f"{', '.join(texts[:40])} and {len(texts) - 40} more"
    )


def periods_of(tables: facts.Tables, name: str, unit: str = "bcm", at_least: int = 1) -> list[str]:
    """Return the periods for which a route or market has that many figures, in order.

    Years count where quarters or months of one source fill them.
    """
    return _periods_of(_book(tables), name, unit, at_least)


def _periods_of(book: _Book, name: str, unit: str = "bcm", at_least: int = 1) -> list[str]:
    rows = _candidates(book, name, unit)
    spans = {row["span"] for row in rows}
    years = {periods.containing(span.start, "A") for span in spans if span.freq in "HQM"}
    unique = {(span.start, span.end): span for span in (*years, *spans)}
    held = [span for span in unique.values() if len(_gather(book, rows, name, span)) >= at_least]
    return [periods.label(span) for span in sorted(held)]


def _ranked(table: pd.DataFrame, book: _Book, name: str) -> list[dict[str, Any]]:
    """Order figures as the flow cube would choose them, the flow first where there is one."""
    places = [(*VOLUMES, *MONEY).index(series) for series in table["series"]]
    lead = (*VOLUMES, *MONEY)[min(places)]
    same = table.assign(own_series=table["series"], own_entity=table["entity"])
    same = same.assign(series=lead, entity=name, period="").drop(columns="span")
    wishes = book.tables["preferences"]
    wishes = wishes[wishes["series"].isin([lead, "*"]) & wishes["entity"].isin([name, "*"])]
    same = observations.rank(same, book.tables["sources"], wishes)
    kinds = book.tables["sources"].set_index("source")["kind"]
    same = same.assign(series=same["own_series"], entity=same["own_entity"],
                       kind=same["source"].map(kinds), excluded=same["id"].map(lambda ids: _join(
                           *(book.excluded.get(one, "") for one in ids.split(";")))))  # fmt: skip
    return same.pipe(_records)


def _gas(book: _Book, name: str, unit: str, basis: str) -> Gas:
    """Return what converts the figures of a subject: its stated heat, the range from the rules."""
    legs = [name, *book.kin(name)]
    known = [book.heat[leg] for leg in legs if leg in book.heat] or [*book.heat.values()]
    gcv = float(np.median(known)) if known else 10.5
    heat, density = (gcv, gcv), None
    for rule in book.tables["mirror-rules"].query("cause == 'calorific'").pipe(_records):
        if rule["entity"] not in ("*", *legs):
            continue
        if rule["unit"] == "kWh/m3":
            heat = (min(rule["low"], gcv), max(rule["high"], gcv))
        else:
            density = (rule["low"], rule["high"])
    return Gas(unit, basis, gcv, heat, density)


def _figure(row: dict[str, Any], gas: Gas, rules: Sequence[_Rule]) -> dict[str, Any]:
    """Bring one figure to the common basis and write down what that took."""
    why_not = _why_not(row, gas)
    marked = tuple(rule for rule in rules if rule.marks(row))
    row = {k: row[k] for k in ("id", "series", "entity", "source", "kind", "value", "unit", "basis",
                               "status", "published", "derived", "coverage", "half_raw", "note",
                               "excluded")}  # fmt: skip
    row["rules"] = marked
    if why_not:
        nothing = dict.fromkeys(
            ("face", "warm", "heat", "common", "half", "adjusted", "noise"), math.nan
        )
        return row | nothing | {"shift_low": 0.0, "shift_high": 0.0, "comparable": False,
                                "used": False, "note": _join(why_not, row["note"])}  # fmt: skip
    row |= _moved(row, gas)
    row["half"] = row["half_raw"] * (row["common"] / row["value"] if row["value"] else 1.0)
    moves = [rule for rule in marked if rule.measured]
    row["adjusted"] = row["common"] - sum(rule.sign * rule.low for rule in moves)
    open_ended = [rule for rule in marked if not rule.measured and rule.cause != "timing"]
    doubt = any(math.isnan(rule.high) for rule in open_ended)
    row["comparable"] = True
    row["used"] = not row["excluded"] and not doubt
    row["noise"] = _noise(row, open_ended)
    row["note"] = _join(f"left out of the estimate: {row['excluded']}" if row["excluded"] else "",
                        row["note"])  # fmt: skip
    return row


def _why_not(row: Mapping[str, Any], gas: Gas) -> str:
    """Return why a figure cannot be held beside the others, "" where it can."""
    kind = units.kind(row["unit"])
    if row["series"] in NOT_DELIVERIES:
        return NOT_DELIVERIES[row["series"]]
    if kind == "energy" and row["basis"] not in ("GCV",):
        return "an energy whose calorific basis is not stated"
    if kind == "mass" and gas.density is None:
        return "a mass; no density is stated"
    return ""


def _moved(row: Mapping[str, Any], gas: Gas) -> dict[str, float]:
    """Return a figure as read and what temperature and heat add; volumes only are ever read."""
    value, unit, basis = row["value"], row["unit"], row["basis"] or "unstated"
    common = gas.convert(value, unit, basis)
    kind = units.kind(unit)
    face = gas.convert(value, unit, "unstated") if kind == "volume" else common
    heat = common - _at_15c(value, unit, basis, gas) if kind == "volume" else 0.0
    low, high = _shift(value, unit, basis, gas, common)
    face, heat, common = _grid(face), _grid(heat), _grid(common)
    return {"face": face, "heat": heat, "warm": common - face - heat, "common": common,
            "shift_low": low, "shift_high": high}  # fmt: skip


def _at_15c(value: float, unit: str, basis: str, gas: Gas) -> float:
    """Return a volume brought to the asked temperature only, without restating its heat."""
    if "15C-40MJ" not in (basis, gas.face) or basis in (gas.face, "unstated"):
        return gas.convert(value, unit, basis)
    if basis == "15C-40MJ":
        return gas.convert(value, unit, "15C")
    return float(units.convert(value, unit, gas.unit, basis=basis, to_basis="15C"))


def _shift(value: float, unit: str, basis: str, gas: Gas, common: float) -> tuple[float, float]:
    """Return how far another calorific value, or density, could move a figure down and up."""
    kind = units.kind(unit)
    ends = (
        gas.heat
        if kind == "energy" or basis == "15C-40MJ"
        else gas.density
        if kind == "mass"
        else None
    )
    if ends is None or (kind == "energy" and units.kind(gas.unit) == "energy"):
        return 0.0, 0.0
    moved = [gas.convert(value, unit, basis, end) - common for end in ends]
    return min(0.0, *moved), max(0.0, *moved)


def _noise(row: Mapping[str, Any], rules: Iterable[_Rule]) -> float:
    """Return the standard deviation we give a figure: kind, last digit, what is not stated."""
    size = abs(row["common"])
    spread = [NOISE[row["kind"]] * size, row["half"] / math.sqrt(3)]
    spread.append((row["shift_high"] - row["shift_low"]) / math.sqrt(12))
    if row["basis"] == "unstated":  # anything from 0 °C to 20 °C
        spread.append(size * (293.15 / 273.15 - 1) / math.sqrt(12))
    spread += [rule.high / math.sqrt(3) for rule in rules if not math.isnan(rule.high)]
    if row["coverage"] < 1:
        spread.append(size * (1 / row["coverage"] - 1) / math.sqrt(3))
    return math.hypot(*spread)


def _grid(value: float) -> float:
    """Round to the dyadic grid on which sums are exact."""
    return round(value * _GRID) / _GRID


def _join(*texts: str) -> str:
    return "; ".join(text for text in texts if text)


# --- the rules ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Rule:
    """A documented cause for one subject and period, in the asked unit."""

    id: str
    cause: str
    series: str
    marked: str
    sign: int
    low: float
    high: float
    share: bool
    reason: str
    names_provisional: bool = False

    @property
    def measured(self) -> bool:
        """Tell a stated or measured amount from a bound."""
        return self.low == self.high

    def marks(self, row: Mapping[str, Any]) -> bool:
        """Tell whether a figure has what the rule is about."""
        if self.names_provisional:
            return row["status"] == "provisional"
        return self.marked in ("*", row["source"], row["id"]) and self.series in (
            "*",
            row["series"],
        )


def _rules(book: _Book, name: str, span: periods.Period, gas: Gas) -> list[_Rule]:
    """Return the rules for a subject and period with their amounts in the asked unit."""
    table = book.tables["mirror-rules"].query("cause != 'calorific'")
    table = table[table["entity"].isin(["*", name, *book.kin(name)])]
    first, last = span.start.isoformat(), span.end.isoformat()
    rules = []
    for row in table.pipe(_records):
        begin, end = row["valid_from"] or "0", row["valid_to"] or "9"
        if not (begin <= first and last <= end):
            continue
        if (
            row["unit"] != "bcm/yr"
            and row["valid_to"]
            and (first, last) != (begin, end)
            and not row["by"]
        ):
            continue  # an amount belongs to its own period
        low, high = _amount(row, book, span, gas)
        rules.append(_Rule(row["id"], row["cause"], row["series"], row["marked"], int(row["sign"]), low, high,
                           row["unit"] == "share", row["reason"], row["marked"] == "provisional"))  # fmt: skip
    return rules


def _amount(
    row: Mapping[str, Any], book: _Book, span: periods.Period, gas: Gas
) -> tuple[float, float]:
    """Return floor and ceiling of a rule: measured elsewhere, a rate over the period, or stated."""
    if row["by"]:
        series, _, entity = row["by"].partition(":")
        rows = _gather(book, _candidates(book, entity, gas.unit), entity, span)
        rows = [r for r in rows if r["series"] == series and r["entity"] == entity]
        if not rows:
            return math.nan, math.nan
        best = _ranked(pd.DataFrame(rows), book, entity)[0]
        amount = _grid(_gas(book, entity, gas.unit, gas.basis)
                       .convert(best["value"], best["unit"], best["basis"]))  # fmt: skip
        return amount, amount
    if row["unit"] == "share" or math.isnan(row["high"]):
        return row["low"], row["high"]
    money = units.kind(row["unit"]) == "money"
    if money != (units.kind(gas.unit) == "money"):
        return math.nan, math.nan
    unit, share = (
        (row["unit"][:-3], periods.days(span) / 365.25)
        if row["unit"].endswith("/yr")
        else (row["unit"], 1.0)
    )
    low, high = (
        _grid(gas.convert(share * end, unit, row["basis"])) for end in (row["low"], row["high"])
    )
    return low, high


# --- the split ---------------------------------------------------------------------------------


def split(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Split the gap between two figures (a less b) into causes that add up to it exactly.

    What can be computed comes first (temperature, restatement to another heat, amounts that a
    source states or another observation measures), then half the last printed digit of both, then
    what a bound allows (another calorific value, a provisional figure, part of the days, a rule
    with a ceiling), as little as will do. The rest is residual.

    Parameters
    ----------
    a, b : mapping
        Rows of `figures`.

    Returns
    -------
    dict
        ``gap``, each of `PARTS`, ``possible`` (how much of them a bound merely allows) and
        ``why``: one clause a cause. In the asked unit; ``gap`` is
        taken between the figures as printed where their bases are stated and differ, else on the
        common basis, or as they stand where one basis is not stated.
    """
    parts = dict.fromkeys(PARTS, 0.0)
    words: list[str] = []
    first, second = _start(a, b)
    gap = first - second
    if _converts(a, b):
        parts["temperature"] = _grid(-(a["warm"] - b["warm"]))
        parts["calorific"] = _grid(-(a["heat"] - b["heat"]))
        if parts["temperature"]:
            words.append(f"temperature: {_basis_word(a)} against {_basis_word(b)}")
        if parts["calorific"]:
            words.append("calorific: restated to 40 MJ/m3")
    rest = gap - sum(parts.values())
    possible = 0.0
    for claim in _claims(a, b):
        taken = _take(rest, _grid(claim.low), _grid(claim.high))
        parts[claim.cause] += taken
        possible += 0.0 if claim.proven else taken
        rest -= taken
        if taken:
            words.append(f"{claim.cause}: {claim.text}")
    parts["residual"] = rest
    words += _named(a, b) if rest else []
    return {"gap": gap, **parts, "possible": possible, "why": "; ".join(words)}


def _converts(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Tell whether both bases are stated and differ."""
    stated = "unstated" not in (a["basis"], b["basis"])
    return stated and a["basis"] != b["basis"]


def _start(a: Mapping[str, Any], b: Mapping[str, Any]) -> tuple[float, float]:
    if a["basis"] == b["basis"]:
        return a["common"], b["common"]
    return a["face"], b["face"]


def _basis_word(row: Mapping[str, Any]) -> str:
    return (
        row["basis"] if units.kind(row["unit"]) == "volume" else f"{row['unit']} ({row['basis']})"
    )


def _take(rest: float, low: float, high: float) -> float:
    """Return what a claim takes of the rest: a fixed amount whole, else as little as will do.

    A claim with a floor above nothing takes nothing of a rest below that floor.
    """
    if low == high:
        return low
    if low > 0:
        return min(rest, high) if rest >= low else 0.0
    if high < 0:
        return max(rest, low) if rest <= high else 0.0
    return min(max(rest, low), high)


@dataclass(frozen=True)
class _Claim:
    """What a cause may take of a gap: between low and high, signed."""

    cause: str
    low: float
    high: float
    text: str
    proven: bool = False


def _claims(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[_Claim]:
    """Return what each cause may take of the gap, in the order in which they are asked."""
    claims = [*_from_rules(a, b, 1), *_from_rules(b, a, -1)]
    digits = a["half"] + b["half"]
    rounding = _Claim("rounding", -digits, digits, "half the last digit of both", True)
    fixed = [claim for claim in claims if claim.proven]
    bound = [claim for claim in claims if not claim.proven]
    return [*fixed, rounding, *_other_heat(a, b), *bound]


def _from_rules(row: Mapping[str, Any], other: Mapping[str, Any], side: int) -> list[_Claim]:
    """Return the claims of the rules that mark one figure and not the other."""
    claims = []
    for rule in row["rules"]:
        if rule.marks(other) or math.isnan(rule.high):
            continue
        scale = side * rule.sign * (abs(row["common"]) if rule.share else 1.0)
        low, high = sorted((scale * rule.low, scale * rule.high))
        if rule.names_provisional:  # a preliminary count may err either way
            low, high = -max(-low, high), max(-low, high)
        text = f"{rule.reason} ({rule.id}{'' if rule.measured else ', at most'})"
        claims.append(_Claim(rule.cause, low, high, text, rule.measured))
    counted = any(claim.cause == "timing" and claim.proven for claim in claims)
    if row["coverage"] < 1 and not counted:
        low, high = sorted((0.0, -side * abs(row["common"]) * (1 / row["coverage"] - 1)))
        text = f"{row['id']} covers {row['coverage']:.0%} of the days (at most)"
        claims.append(_Claim("timing", low, high, text))
    return claims


def _other_heat(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[_Claim]:
    """Return what another calorific value could do where one figure needs one and one does not."""
    loose = [(row, side) for row, side in ((a, 1), (b, -1)) if row["shift_low"] < row["shift_high"]]
    if len(loose) != 1:
        return []
    row, side = loose[0]
    low, high = sorted((-side * row["shift_low"], -side * row["shift_high"]))
    text = "another value or density within the range on record (at most)"
    return [_Claim("calorific", low, high, text)]


def _named(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Return the causes that are named but have no number: they stay in the residual."""
    both = ((a, b), (b, a))
    return [f"not put to a number, {rule.cause}: {rule.reason} ({rule.id})" for row, other in both
            for rule in row["rules"] if math.isnan(rule.high) and not rule.marks(other)]  # fmt: skip


# --- the estimate ------------------------------------------------------------------------------


def estimate(found: pd.DataFrame) -> Estimate:
    """Reconcile the figures of one subject into one value with an interval.

    Parameters
    ----------
    found : DataFrame
        From `figures`; rows with ``used`` count, at their ``adjusted`` value and ``noise``.

    Returns
    -------
    Estimate
        NaN where no figure can be used. Of a single usable figure the interval is its own noise.

    Notes
    -----
    Weights are the inverse of each figure's variance plus the variance between sources; figures of
    one kind share the weight of one, for newspapers often repeat one meter. The interval is the
    normal one of 95 %; with two figures it just covers both, with few it is known to be narrow.
    A figure further than three robust deviations (1.4826 times the median absolute deviation, at
    least its own noise) from the weighted median is set aside where three or more are there.

    Source: R. DerSimonian and N. Laird, Meta-analysis in clinical trials, Controlled Clinical
    Trials 7 (1986) 177-188; on few sources C. Röver, G. Knapp and T. Friede, BMC Medical Research
    Methodology 15:99 (2015).
    """
    held = found[found["used"]]
    adjustments = tuple(
        f"{row['id']}: {-rule.sign * rule.low:+.3f}, {rule.cause}: {rule.reason}"
        for row in held.pipe(_records) for rule in row["rules"] if rule.measured
    )  # fmt: skip
    if held.empty:
        nothing = float("nan")
        return Estimate(nothing, nothing, nothing, nothing, (), (), ())
    shared = held.groupby("kind")["kind"].transform("size").to_numpy(dtype=float)
    x, s2 = (
        held["adjusted"].to_numpy(dtype=float),
        held["noise"].to_numpy(dtype=float) ** 2 * shared,
    )
    s2 = np.maximum(s2, 1e-18)
    keep = _inside(x, s2)
    value, error, tau = combine(x[keep], s2[keep])
    ids = held["id"].to_numpy()
    return Estimate(value, value - 1.96 * error, value + 1.96 * error, tau, tuple(ids[keep]),
                    tuple(ids[~keep]), adjustments)  # fmt: skip


def _inside(x: np.ndarray, s2: np.ndarray) -> np.ndarray:
    """Return which figures lie within three robust deviations of the weighted median."""
    if len(x) < 3:
        return np.ones(len(x), dtype=bool)
    order = np.argsort(x, kind="stable")
    weight = np.cumsum(1 / s2[order])
    centre = x[order][np.searchsorted(weight, weight[-1] / 2)]
    spread = 1.4826 * np.median(np.abs(x - centre))
    return np.abs(x - centre) <= OUTLIER * np.maximum(spread, np.sqrt(s2))


def combine(x: np.ndarray, s2: np.ndarray) -> tuple[float, float, float]:
    """Return mean, standard error and between-source deviation by DerSimonian and Laird.

    Parameters
    ----------
    x, s2 : ndarray
        Values and their variances.

    Examples
    --------
    Two equal figures 2 apart, noise 0.1: the sources differ by 1.41 and the mean is good to 1.

    >>> value, error, tau = combine(np.array([9.0, 11.0]), np.array([0.01, 0.01]))
    >>> round(value, 6), round(error, 6), round(tau, 2)
    (10.0, 1.0, 1.41)
    """
    w = 1 / s2
    mean = float((w * x).sum() / w.sum())
    excess = float((w * (x - mean) ** 2).sum()) - (len(x) - 1)
    scale = float(w.sum() - (w**2).sum() / w.sum())
    tau2 = max(0.0, excess / scale) if len(x) > 1 else 0.0
    w = 1 / (s2 + tau2)
    return float((w * x).sum() / w.sum()), math.sqrt(1 / w.sum()), math.sqrt(tau2)


# --- over all routes and years -----------------------------------------------------------------


def pairs(tables: facts.Tables, name: str | None = None, period: str | None = None) -> pd.DataFrame:
    """Split the gap of every pair of figures, for one subject or over all routes and markets.

    Parameters
    ----------
    tables : dict of DataFrame
        As `mirror`.
    name, period : str, optional
        A route or market and a period; default all of them, in bcm at 20 °C.

    Returns
    -------
    DataFrame
        ``name, period, a, b`` (ids), ``source_a, source_b, kind_a, kind_b, value_a, value_b``
        (common basis), ``gap`` (a less b), each of `PARTS`, ``size`` (mean of both), ``share``
        (residual over size, without sign), ``comparable`` (neither figure is excluded by a
        correction), ``why``. Each pair once, also where a market has one route only.
    """
    book = _book(tables)
    wanted = [name] if name else book.names
    rows: list[dict[str, Any]] = []
    seen: set[frozenset[str]] = set()
    for subject in wanted:
        for text in [period] if period else _periods_of(book, subject, at_least=2):
            found = _figures(book, subject, text)
            held = found[found["comparable"]].pipe(_records)
            for a, b in itertools.combinations(held, 2):
                key = frozenset((a["id"], b["id"]))
                if key not in seen:
                    seen.add(key)
                    rows.append({"name": subject, "period": text} | _pair(a, b))
    columns = ["name", "period", *_pair_columns()]
    return pd.DataFrame(rows, columns=columns)


def _pair_columns() -> list[str]:
    ends = [f"{what}_{side}" for what in ("source", "kind", "value") for side in "ab"]
    return ["a", "b", *ends, "gap", *PARTS, "possible", "size", "share", "comparable", "why"]


def _pair(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    parts = split(a, b)
    size = (abs(a["common"]) + abs(b["common"])) / 2
    share = abs(parts["residual"]) / size if size else math.nan
    return {
        "a": a["id"], "b": b["id"], "source_a": a["source"], "source_b": b["source"],
        "kind_a": a["kind"], "kind_b": b["kind"], "value_a": a["common"], "value_b": b["common"],
        **parts, "size": size, "share": share,
        "comparable": not a["excluded"] and not b["excluded"],
    }  # fmt: skip


def residuals(table: pd.DataFrame) -> pd.DataFrame:
    """Return median and 90th percentile of gap and residual over pairs.

    Parameters
    ----------
    table : DataFrame
        From `pairs`. Pairs with a figure that a correction excludes are left out.

    Returns
    -------
    DataFrame
        Index ``gap`` (as printed), ``proven`` (what computed and measured causes and rounding
        leave), ``residual`` (what bounds leave too); ``pairs, median, p90`` (share of the
        figure's size) and ``median_bcm, p90_bcm``.
    """
    held = table[table["comparable"] & (table["size"] > 0)]
    amounts = {"gap": held["gap"], "proven": held["residual"] + held["possible"],
               "residual": held["residual"]}  # fmt: skip
    rows = {}
    for what, amount in amounts.items():
        share = amount.abs() / held["size"]
        rows[what] = {"pairs": len(held), "median": share.median(), "p90": share.quantile(0.9),
                      "median_bcm": amount.abs().median(), "p90_bcm": amount.abs().quantile(0.9)}  # fmt: skip
    return pd.DataFrame(rows).T.astype({"pairs": int})


def league(tables: facts.Tables, by: str = "source") -> pd.DataFrame:
    """Rank sources by how they sit against the best estimate, over all routes and years.

    Parameters
    ----------
    tables : dict of DataFrame
        As `mirror`.
    by : {"source", "kind"}
        One line a source or a kind of source.

    Returns
    -------
    DataFrame
        Index `by`; ``title`` (of a source), ``figures, subjects``, ``bias`` (median deviation,
        share of the estimate, + is more), ``noise`` (1.4826 times the median absolute deviation
        from the bias; NaN below three figures), ``aside`` (share set aside as outlier),
        ``revisions`` and ``revision`` (count and median size of later editions against earlier
        ones). Many figures first. A source that stands in the estimate pulls it towards itself,
        so with two sources each gets about half the difference.

    Raises
    ------
    UnknownName
        If `by` is neither.
    """
    if by not in ("source", "kind"):
        raise UnknownName("league", by, ("source", "kind"))
    table = deviations(tables)
    editions = revisions(tables).groupby(by)["revision"].agg(["size", "median"])
    groups = table.groupby(by)
    result = pd.DataFrame({
        "figures": groups.size(), "subjects": groups["subject"].nunique(),
        "bias": groups["deviation"].median(), "noise": groups["deviation"].agg(_robust),
        "aside": groups["aside"].mean(),
    })  # fmt: skip
    result["revisions"] = editions["size"].reindex(result.index).fillna(0).astype(int)
    result["revision"] = editions["median"].reindex(result.index)
    if by == "source":
        result.insert(
            0, "title", tables["sources"].set_index("source")["title"].reindex(result.index)
        )
    return result.sort_values("figures", ascending=False, kind="stable")


def _robust(values: pd.Series) -> float:
    if len(values) < 3:
        return float("nan")
    return float(1.4826 * (values - values.median()).abs().median())


def deviations(tables: facts.Tables) -> pd.DataFrame:
    """Return how far each figure lies from the estimate of its subject.

    Returns
    -------
    DataFrame
        ``subject`` (name and period), ``id, source, kind, deviation`` (share), ``aside``; each
        figure once, under the first subject that holds it.
    """
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    book = _book(tables)
    for name in book.names:
        for period in _periods_of(book, name, at_least=2):
            found = _figures(book, name, period)
            held = found[found["used"]]
            best = estimate(found)
            if len(held) < 2 or not best.value or seen >= set(held["id"]):
                continue
            for row in held[~held["id"].isin(list(seen))].pipe(_records):
                rows.append({"subject": f"{name} {period}", "id": row["id"], "source": row["source"],
                             "kind": row["kind"], "deviation": row["adjusted"] / best.value - 1,
                             "aside": row["id"] in best.aside})  # fmt: skip
            seen |= set(held["id"])
    return pd.DataFrame(rows, columns=["subject", "id", "source", "kind", "deviation", "aside"])


def revisions(tables: facts.Tables) -> pd.DataFrame:
    """Return later editions of a figure beside the earlier one.

    An edition is a figure for the same series, entity, period and basis by the same publisher at
    a later date, or a final figure after a provisional one.

    Returns
    -------
    DataFrame
        ``source, kind`` (of the earlier), ``series, entity, period, earlier, later`` (values),
        ``revision`` (later over earlier less 1).
    """
    sources = tables["sources"].set_index("source")
    table = tables["volumes"]
    table = table[table["series"].isin((*VOLUMES, *MONEY)) & (table["published"] != "")]
    table = table.assign(kind=table["source"].map(sources["kind"]),
                         publisher=table["source"].map(sources["publisher"]))  # fmt: skip
    rows = []
    for key, group in table.groupby(["series", "entity", "period", "unit", "basis"], sort=True):
        ordered = group.sort_values("published", kind="stable").pipe(_records)
        for a, b in itertools.combinations(ordered, 2):
            final = a["status"] == "provisional" and b["status"] == "actual"
            if (
                (final or a["publisher"] == b["publisher"])
                and a["published"] < b["published"]
                and a["value"]
            ):
                rows.append(dict(zip(("series", "entity", "period"), key[:3], strict=True))
                            | {"source": a["source"], "kind": a["kind"], "earlier": a["value"],
                               "later": b["value"], "revision": b["value"] / a["value"] - 1})  # fmt: skip
    columns = ["source", "kind", "series", "entity", "period", "earlier", "later", "revision"]
    return pd.DataFrame(rows, columns=columns)


# --- the picture -------------------------------------------------------------------------------


def chart(table: pd.DataFrame, ax=None):
    """Draw all sources as dots with their last digit, and the estimate as a band.

    Parameters
    ----------
    table : DataFrame
        From `mirror`.
    ax : matplotlib Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib Axes
        Hollow dots are not used in the estimate; a small cross is the figure as printed, before
        it was brought to the common basis.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.
    """
    shown = table[(table["source"] != ESTIMATE) & table["common"].notna()]
    best = table[table["source"] == ESTIMATE].iloc[0]
    ax = plotting.axes(ax, (8, 0.42 * len(shown) + 1.6))
    ax.axvspan(
        best["low"], best["high"], color="#0072B2", alpha=0.15, lw=0, label="our estimate, 95 %"
    )
    ax.axvline(best["common"], color="#0072B2", lw=1)
    for place, row in enumerate(shown.pipe(_records)):
        fill = "#D55E00" if row["used"] else "none"
        ax.plot([row["low"], row["high"]], [place, place], color="#D55E00", lw=1)
        ax.plot(row["common"], place, "o", mfc=fill, mec="#D55E00", ms=6)
        if units.kind(row["unit"]) == units.kind(table.attrs.get("unit", "bcm")):
            ax.plot(row["value"], place, "x", color="0.5", ms=5)
    ax.set_yticks(range(len(shown)), [_tick(row) for row in shown.pipe(_records)], fontsize=8)
    ax.invert_yaxis()
    unit, basis = table.attrs.get("unit", "bcm"), table.attrs.get("basis") or None
    ax.set(
        xlabel=units.label(unit, basis),
        title=f"{table.attrs.get('name', '')}, {table.attrs.get('period', '')}",
    )
    ax.legend(frameon=False, fontsize=8, loc="best")
    return ax


def _tick(row: Mapping[str, Any]) -> str:
    short = row["source"] if len(row["source"]) <= 38 else f"{row['source'][:37]}…"
    return f"{short}\n{row['value']:g} {row['unit']} {row['basis']}"
