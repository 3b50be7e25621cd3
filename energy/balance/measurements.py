"""Published figures as linear measurements: which arcs and months each adds up, and its error.

A figure is worth ``coefficients @ flows = value`` with a standard error out of
``balance_errors.csv`` (basis, status, words such as "almost", span), the rounding of the printed
digits and the scope. A growth rate on a known base is a measurement of a difference with value 0,
a customs value is divided by a fitted price (`worth`).
What cannot be read so is left out by name, never without a word.
"""

from __future__ import annotations

import calendar
import dataclasses
import datetime as dt
import re
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import pandas as pd

from energy import facts
from energy.balance import witnesses, worth
from energy.balance.system import System
from energy.measure import periods, units
from energy.measure.observations import rows_of

INNER = ("bcm", "20C")
GROWTH = "_growth"
DAILY = "_daily"
MONTH = 30.44  # days
GAP = 0.1  # share of the days that may be missing and still be told by days
Cell: TypeAlias = tuple[np.ndarray, np.ndarray, np.ndarray]
Scope: TypeAlias = list[tuple[int, float, float]]
Line: TypeAlias = tuple[Any, ...]
COLUMNS = ["id", "series", "entity", "period", "printed", "unit", "basis", "status", "source",
           "value", "error"]  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Measurements:
    """Rows over (arc, month).

    Attributes
    ----------
    table : DataFrame
        ``id, series, entity, period, printed, unit, basis, status, source``; ``value``,
        ``error`` (one standard error) and ``shared_error`` (that by which it is weighed: figures of
        one witness share their weight) in bcm at 20 °C; ``witness``, the id of the first of them.
    cells : list of tuple of ndarray
        For each row: positions of arcs, of months, and the coefficients.
    left_out : DataFrame
        ``id, series, entity, period, reason`` of the figures that measure nothing here.

    Examples
    --------
    >>> none = pd.DataFrame()
    >>> one = (np.array([0]), np.array([0]), np.array([1.0]))
    >>> len(Measurements(pd.DataFrame({"id": ["V1"], "value": [2.0]}), [one], none))
    1
    """

    table: pd.DataFrame
    cells: list[Cell]
    left_out: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    def take(self, rows: np.ndarray) -> Measurements:
        """Return some of the rows, in the order asked.

        Examples
        --------
        >>> one = (np.array([0]), np.array([0]), np.array([1.0]))
        >>> told = Measurements(pd.DataFrame({"id": ["V1", "V2"]}), [one, one], pd.DataFrame())
        >>> told.take(np.array([1])).table["id"].tolist()
        ['V2']
        """
        return Measurements(
            self.table.iloc[rows].reset_index(drop=True), [self.cells[r] for r in rows],
            self.left_out,
        )  # fmt: skip


def measure(tables: facts.Tables, net: System) -> Measurements:
    """Read the volumes as measurements of a system.

    Parameters
    ----------
    tables : Tables
        Facts, with ``balance-scopes`` and ``balance-errors``.
    net : System

    Returns
    -------
    Measurements

    Examples
    --------
    >>> from energy.balance.system import system
    >>> tables = facts.load()
    >>> told = measure(tables, system(tables, dt.date(2015, 12, 31), dt.date(2014, 1, 1)))
    >>> bool((told.table["error"] > 0).all())
    True
    """
    volumes = facts.corrected(tables, "volumes")
    reader = _Reader(tables, net)
    made = {row: reader.read(row) for row in rows_of(volumes, Figure)}
    read = {row: held for row, held in made.items() if not isinstance(held, str)}
    cells = [cell for _, cell in read.values()]
    double = witnesses.told_by_finer([witnesses.Source(*(getattr(row, name) for name in
                                      witnesses.Source._fields)) for row in read],
                                     cells, reader.meters)  # fmt: skip
    out = [(row.id, row.series, row.entity, row.period,
            held if isinstance(held, str) else double[row.id])
           for row, held in made.items() if isinstance(held, str) or row.id in double]  # fmt: skip
    kept = [(row, *held) for row, held in read.items() if row.id not in double]
    table = pd.DataFrame([told for _, told, _ in kept], columns=COLUMNS)
    cells = [cell for *_, cell in kept]
    first = witnesses.groups(
        table["value"].to_numpy(dtype=float), cells, [row.note for row, *_ in kept]
    )
    table["shared_error"] = witnesses.shared(table["error"].to_numpy(dtype=float), first)
    table["witness"] = table["id"].to_numpy()[first]
    left = pd.DataFrame(out, columns=["id", "series", "entity", "period", "reason"])
    return Measurements(table, cells, left)


def printed_places() -> dict[str, int]:
    """Return how many places after the point are printed, of the figures that end in a nought.

    A number forgets them: 8.0 is known to a twentieth, 8 to a half.

    Examples
    --------
    >>> printed_places()["V0269"]  # 8.0 bcm
    1
    """
    told = facts.printed("volumes")
    ends = {row: text for row, text in told.items() if "." in text and text.endswith("0")}
    return {row: len(text.split(".")[-1]) for row, text in ends.items()}


class Figure(NamedTuple):
    """What the balance reads of a published figure; its digest covers these columns."""

    id: str
    series: str
    entity: str
    period: str
    value: float
    unit: str
    basis: str
    coverage: float
    source: str
    status: str
    derived: bool
    note: str


class _Counted(NamedTuple):
    """An arc that the figures of a series and an entity count, and from when to when."""

    series: str
    entity: str
    by: str
    arc: str
    weight: float
    valid_from: str
    valid_to: str
    error: float


class _Reader:
    """Turns a row of the volumes into a measurement, or says why not."""

    def __init__(self, tables: facts.Tables, net: System) -> None:
        self.net = net
        self.start = net.months[0]
        self.end = periods.month_start(periods.month_number(net.months[-1]) + 1)
        errors = tables["balance-errors"]
        self.factor = {a: (r, b) for a, r, b in zip(errors["aspect"], errors["relative"],
                                                    errors["absolute"], strict=True)}  # fmt: skip
        self.rule = {(a, k): (r, b) for a, k, r, b in zip(
            errors["aspect"], errors["key"], errors["relative"], errors["absolute"],
            strict=True)}  # fmt: skip
        self.word = re.compile(rf"\b({errors.set_index('aspect')['key'].get('word', 'about')})\b")
        self.meters = str(errors.set_index("aspect")["key"].get("meters", ""))
        remarks = tables["corrections"]
        self.annotated = set(remarks.loc[remarks["action"] == "annotate", "row"])
        self.heat = _calorific_values(tables["route-facts"])
        self.places = printed_places()
        self.price = worth.fitted(tables, self.factor["density"][0])
        masses = tables["volumes"][tables["volumes"]["series"] == worth.MASS]
        self.weighed = set(zip(masses["entity"], masses["period"], strict=True))
        self.scopes: dict[tuple[str, str, str], list[_Counted]] = {}
        for row in rows_of(tables["balance-scopes"], _Counted):
            self.scopes.setdefault((row.series, row.entity, row.by), []).append(row)

    def read(self, row: Figure) -> tuple[Line, Cell] | str:
        """Return the row's table line and cells, or the reason why it measures nothing."""
        if row.status in ("plan", "contract"):
            return f"{row.status}, not a measurement"
        growth = row.series.endswith(GROWTH)
        series = row.series.removesuffix(GROWTH).removesuffix(DAILY)
        span = periods.parse(row.period)
        scope = self.scope(series, row, span)
        if isinstance(scope, str):
            return scope
        before = span.start.replace(year=span.start.year - 1) if growth else span.start
        if before < self.start or span.end > self.end:
            return "outside the months of the balance"
        return self.growth(row, span, scope) if growth else self.level(row, span, scope)

    def scope(self, series: str, row: Figure, span: periods.Period) -> Scope | str:
        """Return the arcs a figure counts: place, weight, error of the scope."""
        day = span.start.isoformat()
        for by in (row.source, ""):
            held = [r for r in self.scopes.get((series, row.entity, by), [])
                    if r.valid_from <= day and (not r.valid_to or r.valid_to > day)]  # fmt: skip
            if held:
                return [(self.net.place(r.arc), r.weight, 0.0 if pd.isna(r.error) else r.error)
                        for r in held]  # fmt: skip
        arc = self.net.arc_of(row.entity) if series == "flow" else None
        if arc is None:
            return "no arc of the balance is counted by it"
        return [(self.net.place(arc), 1.0, 0.0)]

    def level(self, row: Figure, span: periods.Period, scope: Scope) -> tuple[Line, Cell] | str:
        """Read a volume, a mean of days or a mass of the period."""
        days = (span.end - span.start).days
        made = self.volume(row, days)
        if isinstance(made, str):
            return made
        value, errors = made
        gap = 1 - row.coverage
        told = row.coverage if gap < GAP else 1 - gap / 2  # which days are missing is not known
        cells = self.cells(span, scope, told)
        errors += [
            self.rule["coverage", "missing"][0] * gap * value,
            max(0.0, told - row.coverage) * value,
        ]
        errors += [self.edge(span, value), max(e for *_, e in scope) * value]
        return self.line(row, value, _norm(errors)), cells

    def volume(self, row: Figure, days: int) -> tuple[float, list[float]] | str:
        """Return a figure in bcm at 20 °C and the parts of its standard error."""
        basis, unit = row.basis, row.unit
        step = self.step(row)
        if row.series == worth.VALUE:
            return self.bought(row, step)
        if unit in ("Mt", "kt"):
            mass = row.value * (1 if unit == "Mt" else 1e-3)  # Mt, as the factors are
            lng = row.series.startswith("lng")
            # bcm a Mt; 0.001 kg/m3 of the density in balance_errors.csv is 0.002 bcm a Mt
            per, spread = self.factor["lng"] if lng else (1 / self.factor["density"][0], 0.002)
            value = mass * per
            # half a digit (BALANCE 'Measurements'); 1e-9 keeps a mass of 0 from dividing
            errors = [step / 2 * value / max(row.value, 1e-9) / np.sqrt(3), mass * spread]
            return value, errors + self.common(row, value, "mass")
        kind = units.kind(unit)
        if kind not in ("volume", "volume rate", "energy", "energy rate"):
            return f"{unit} is not a volume"
        if unit == "bcm/yr":
            return "a rate a year, not the flow of a period"
        told = "20C" if basis in ("unstated", "") else basis
        more: dict[str, Any] = {"days": days} if kind.endswith("rate") else {}
        if kind.startswith("energy") or told == "15C-40MJ":
            more |= {"gcv": self.heat.get(row.entity, self.factor["heat"][0]), "gcv_basis": "20C"}
        goal = "bcm"
        scale = float(units.convert(1.0, unit, goal, basis=told, to_basis=INNER[1], **more))
        value = row.value * scale
        rounding = step / 2 * scale / np.sqrt(3)  # half a digit (BALANCE 'Measurements')
        return value, [rounding, *self.common(row, value, basis or "unstated")]

    def bought(self, row: Figure, step: float) -> tuple[float, list[float]] | str:
        """Return a customs value divided by the fitted price, bcm at 20 °C, and its errors."""
        if (row.entity, row.period) in self.weighed:
            return "its mass is printed beside it, which the price is fitted to"
        if self.price is None or not np.isfinite(price := self.price.of(row.period)):
            return "no price can be fitted to its months"
        value = row.value / price
        rounding = step / 2 / price / np.sqrt(3)
        return value, [rounding, self.price.error * value, *self.common(row, value, "20C")]

    def step(self, row: Figure) -> float:
        """Return the place of the last printed digit."""
        places = self.places.get(row.id, 0)
        told = _step(row.value)
        # as many places as are printed
        return float(min(told, 10.0**-places)) if places else told

    def common(self, row: Figure, value: float, basis: str) -> list[float]:
        """Return the errors that every figure has: basis, status, arithmetic, words, the floor."""
        parts = [self.rule.get(("basis", basis), (0.0, 0.0))[0] * value,
                 self.rule.get(("status", row.status), (0.0, 0.0))[0] * value,
                 self.rule.get(("source", row.source), (0.0, 0.0))[0] * value,
                 self.rule["floor", "any"][1]]  # fmt: skip
        if row.derived:
            parts.append(self.rule["derived", "true"][0] * value)
        if row.id in self.annotated:
            parts.append(self.factor["annotated"][0] * value)
        if self.word.search(row.note):
            parts.append(self.factor["word"][0] * value)
        return parts

    def growth(self, row: Figure, span: periods.Period, scope: Scope) -> tuple[Line, Cell] | str:
        """Read a growth rate on the same days of the year before."""
        if row.unit != "percent":
            return f"{row.unit} is not a growth rate"
        year = periods.parse(
            f"{_year_before(span.start)}/{_year_before(span.end - dt.timedelta(1))}"
        )
        now, then = self.cells(span, scope, 1.0), self.cells(year, scope, 1.0)
        if not self.typical(then):
            return "a growth rate on a year before in which nothing was open"
        factor = 1 + row.value / 100
        cell = (np.concatenate([now[0], then[0]]), np.concatenate([now[1], then[1]]),
                np.concatenate([now[2], -factor * then[2]]))  # fmt: skip
        size = self.typical(then)
        # of half a digit over root three, as every rounding (BALANCE 'Measurements')
        points = max(self.step(row) / 2 / np.sqrt(3), self.factor["growth"][1])
        error = _norm([points / 100 * size, *self.common(row, size * factor, "20C"),
                       self.edge(span, size)])  # fmt: skip
        return self.line(row, 0.0, error), cell

    def typical(self, cell: Cell) -> float:
        """Return the prior size of a sum, to turn percentage points into bcm."""
        arcs, months, weights = cell
        sizes = np.abs(self.net.level[arcs, months]) * self.net.weight[arcs, months]
        return float(np.abs(weights) @ sizes)

    def edge(self, span: periods.Period, value: float) -> float:
        """Return the error of counting part of a month by its days."""
        days = (span.end - span.start).days
        parts = [
            value * MONTH / days * np.sqrt(share * (1 - share))
            for *_, share in periods.months(span) if share < 1
        ]  # fmt: skip
        return float(self.rule["span", "part-month"][0]) * _norm(parts)

    def cells(self, span: periods.Period, scope: Scope, coverage: float) -> Cell:
        """Return arcs, months and coefficients of a sum over a span."""
        first = periods.month_number(self.start)
        months = [
            (periods.month_number(dt.date(year, month, 1)) - first, share)
            for year, month, share in periods.months(span)
        ]
        arcs = np.array([a for a, *_ in scope for _ in months], dtype=int)
        places = np.array([m for _ in scope for m, _ in months], dtype=int)
        weights = np.array([w * s * coverage for _, w, _ in scope for _, s in months])
        return arcs, places, weights

    def line(self, row: Figure, value: float, error: float) -> Line:
        return (row.id, row.series, row.entity, row.period, row.value, row.unit, row.basis,
                row.status, row.source, value, error)  # fmt: skip


def _year_before(day: dt.date) -> str:
    last = calendar.monthrange(day.year - 1, day.month)[1]
    at_end = day.day == calendar.monthrange(day.year, day.month)[1]
    return dt.date(day.year - 1, day.month, last if at_end else min(day.day, last)).isoformat()


def _step(value: float) -> float:
    """Return the place of the last digit: 0.1 for 22.7; a whole number counts as rounded to 1."""
    text = repr(float(value))
    digits = 0 if text.endswith(".0") else len(text.split(".")[-1])
    # a power of ten hides its digits: three are taken; chosen by hand
    return float(10.0**-digits) if "e" not in text else abs(value) * 1e-3


def _calorific_values(route_facts: pd.DataFrame) -> dict[str, float]:
    rows = route_facts[route_facts["attribute"] == "gcv"].sort_values("valid_from")
    return dict(zip(rows["route"], rows["value"].astype(float), strict=True))


def _norm(parts: list[float]) -> float:
    return float(np.sqrt(sum(part * part for part in parts)))
