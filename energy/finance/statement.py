"""One period of the accounts as a statement: line by line, and what each cell rests on.

The lines, their order and the rules between them are ``statement_lines.csv``. A cell is printed,
derived by a rule from printed ones, taken from a vendor, not printed (the statement has no such
line, or the company published none: ``statement_absent.csv`` says why) or missing; nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pandas as pd

from energy.errors import DataError, PeriodError, UnknownName
from energy.finance import accounts
from energy.measure import periods
from energy.measure.observations import STATUS, rows_of
from energy.measure.tables import StatementAbsent, StatementLine, Tables

COLUMNS = ["statement", "line", "title", "value", "unit", "cell", "rule", "control", "restated",
           "status", "source", "page", "id", "why"]  # fmt: skip
PRINTED, DERIVED, VENDOR, MISSING = "printed", "derived", "vendor", "missing"
ABSENT = "not printed"
STATEMENTS = ("income", "expenses", "balance", "cash", "sales_by_market")
TERM = re.compile(r"([+\-*/])?\s*(\d+|[a-z_]+)")


@dataclass(frozen=True)
class Cell:
    """A value with what it rests on; `value` is None where nothing is known.

    Examples
    --------
    >>> Cell().value is None, Cell().kind
    (True, 'missing')
    """

    value: float | None = None
    kind: str = MISSING
    rule: str = ""
    status: str = ""
    source: str = ""
    page: str = ""
    ids: str = ""
    restated: str = ""
    why: str = ""


def statement(tables: Tables, standard: str, period: str) -> pd.DataFrame:
    """Return the statements of one period as one grid.

    Parameters
    ----------
    tables : Tables
        The facts: ``financials, statement-lines, statement-absent, sources``.
    standard : {"IFRS", "RAS"}
    period : str
        A year, half-year, quarter or nine months: ``"2021"``, ``"2020M9"``.

    Returns
    -------
    DataFrame
        ``statement, line, title, value, unit, cell`` (printed, derived, vendor, not printed,
        missing)``, rule``
        (how a derived cell was worked out)``, control`` (a printed total less what its parts give,
        where all are known)``, restated`` (other figures for the same cell: value, source and day)
        ``, status, source, page, id, why`` (of a cell that is not printed). Costs are positive. A
        cell that is missing or not printed is NaN.

    Raises
    ------
    UnknownName
        For another standard.
    PeriodError
        For a text that is no period.

    Notes
    -----
    A sum with one unknown part gives that part; a quarter that was not printed is a difference of
    cumulative figures. A cell derived from a vendor's figure is the vendor's. Figures are rounded
    as printed, so a derived cell carries the rounding of all its parts; one that is no larger
    than that rounding says nothing and stays missing.

    Examples
    --------
    >>> from energy import facts
    >>> grid = statement(facts.load(), "IFRS", "2020M9").set_index("line")
    >>> value, cell, control = grid.loc["operating_profit", ["value", "cell", "control"]]
    >>> float(value), cell, float(control)
    (325.152, 'printed', 0.0)
    """
    text = periods.label(periods.parse(period)) if not _is_cumulative(period) else period
    lines = _lines(tables, standard)
    parts = _by_line(tables, standard, text)
    cells = {line.line: _cell(parts, line, text) for line in lines}
    rules = {line.line: line.rule for line in lines if line.rule}
    _derive(cells, rules)
    cells |= _absent(tables["statement-absent"], standard, text, cells)
    rows = [_row(line, cells, rules) for line in lines]
    return pd.DataFrame(rows, columns=COLUMNS)


def _absent(
    table: pd.DataFrame, standard: str, period: str, cells: Mapping[str, Cell]
) -> dict[str, Cell]:
    """Return the unknown cells that the statement of the period does not print, with the reason."""
    found = {}
    for row in rows_of(table[table["standard"] == standard], StatementAbsent):
        if not _speaks_of(row.period, period):
            continue
        for key in cells if row.line == "*" else [row.line]:
            if cells[key].value is None:
                found[key] = Cell(kind=ABSENT, source=row.source, ids=row.id, why=row.why)
    return found


def _speaks_of(said: str, period: str) -> bool:
    """Tell whether a reason for ``first/last``, or for one period, is one for this period."""
    if "/" not in said:
        return said == period
    span, part = periods.parse(said), periods.parse(period)
    return span.start <= part.start and part.end <= span.end


def newest(tables: Tables, standard: str) -> str:
    """Return the newest calendar year of which a line of the accounts was published.

    Raises
    ------
    UnknownName
        For another standard.

    Examples
    --------
    >>> from energy import facts
    >>> newest(facts.load(), "IFRS") >= "2024"
    True
    """
    _lines(tables, standard)  # refuses another standard by name
    table = tables["financials"]
    table = table[(table["standard"] == standard) & (table["freq"] == "A")]
    return str(table.loc[table["status"].isin(("actual", "provisional")), "period"].max())


def _is_cumulative(period: str) -> bool:
    return re.fullmatch(r"\d{4}M\d{1,2}", period) is not None


def _lines(tables: Tables, standard: str) -> list[StatementLine]:
    table = tables["statement-lines"]
    if standard not in set(table["standard"]):
        raise UnknownName("standard", standard, set(table["standard"]))
    return list(rows_of(table[table["standard"] == standard], StatementLine))


LINE = ["metric", "segment", "unit"]
Parts = dict[tuple[str, str, str], list[tuple[pd.DataFrame, pd.DataFrame, str]]]
"""Metric, segment, unit: rows as published, those taken, and whether printed or a vendor's."""


def _by_line(tables: Tables, standard: str, period: str) -> Parts:
    """Return the figures of the period's year by line, printed ones first."""
    table = tables["financials"]
    held = table[(table["standard"] == standard) & table["period"].str.startswith(period[:4])]
    kinds = tables["sources"].set_index("source")["kind"]
    vendors = held["source"].map(kinds) == "vendor"
    parts: Parts = {}
    for rows, kind in ((held[~vendors], PRINTED), (held[vendors], VENDOR)):
        taken = dict(iter(accounts.statements(rows, standard).groupby(LINE)))
        for key, part in rows.groupby(LINE):
            metric, segment, unit = (str(name) for name in key)
            parts.setdefault((metric, segment, unit), []).append((part, taken[key], kind))
    return parts


def _cell(parts: Parts, line: StatementLine, period: str) -> Cell:
    """Return what was printed for a line and period, else a quarter as a difference."""
    for part, taken, kind in parts.get((line.metric, line.segment, line.unit), []):
        now = taken[taken["period"] == period]
        if len(now):
            return _taken(now.iloc[0], part, kind)
        quarter = accounts.quarters(taken) if "Q" in period else taken.iloc[:0]
        now = quarter[quarter["period"] == period] if len(quarter) else quarter
        if len(now):
            row = now.iloc[0]
            return Cell(float(row["value"]), DERIVED if kind == PRINTED else VENDOR,
                        str(row["note"]), str(row["status"]), str(row["source"]), "",
                        str(row["id"]))  # fmt: skip
    return Cell()


def _taken(row: pd.Series, table: pd.DataFrame, kind: str) -> Cell:
    raw = table.set_index("id")
    derived = bool(raw.loc[row["id"], "derived"])
    others = [raw.loc[name] for name in str(row["alternatives"]).split(";") if name]
    restated = [f"{other['value']:g} ({other['source']}, {other['published'] or 'no date'})"
                for other in others if not _same(other["value"], row["value"])]  # fmt: skip
    note = str(raw.loc[row["id"], "note"]) if derived else ""
    return Cell(float(row["value"]), DERIVED if derived and kind == PRINTED else kind, note,
                str(row["status"]), str(row["source"]), str(raw.loc[row["id"], "page"]),
                str(row["id"]), "; ".join(restated))  # fmt: skip


def _same(one: Any, other: Any) -> bool:
    """Tell whether two figures are one, told with more and with fewer digits: 8224.2 of 8224.177.

    Zeros at the end of a whole number count as told below a thousand (100 is not 98), above it they
    may be rounding, to two digits at the least: 1860 is 1859.679, and 2100 is not 2165.5.
    """
    pair = float(one), float(other)
    return any(abs(pair[0] - pair[1]) <= 0.5 * _step(value) + 1e-9 for value in pair)


def _step(value: float) -> float:
    """Return the size of the last digit that a figure shows."""
    digits = Decimal(f"{value:.10g}").normalize().as_tuple()
    exponent = int(digits.exponent) - max(0, 2 - len(digits.digits))
    return float(10.0 ** (min(exponent, 0) if abs(value) < 1000 else exponent))


def _terms(rule: str) -> list[tuple[str, str]]:
    """Split ``a + b - c`` into signs and keys."""
    return [(sign or "+", key) for sign, key in TERM.findall(rule)]


def _derive(cells: dict[str, Cell], rules: Mapping[str, str]) -> None:
    """Work out what the rules give until nothing more follows."""
    moved = True
    while moved:
        moved = False
        for total, rule in rules.items():
            for key, cell in _solved(total, rule, cells):
                cells[key], moved = cell, True


def _solved(total: str, rule: str, cells: Mapping[str, Cell]) -> Iterator[tuple[str, Cell]]:
    """Yield the one unknown of a rule, worked out from the others."""
    terms = _terms(rule)
    if cells[total].value is None and all(_known(key, cells) for _, key in terms):
        value = _worth(terms, cells)
        if abs(value) > _rounding([key for _, key in terms], cells) or "/" in rule:
            yield total, _made(value, rule, [key for _, key in terms], cells)
        return
    if any(sign in "*/" for sign, _ in terms) or cells[total].value is None:
        return
    open_ = [(sign, key) for sign, key in terms if not _known(key, cells)]
    if len(open_) != 1:
        return
    ((sign, key),) = open_
    rest = [(s, k) for s, k in terms if k != key]
    value = (cells[total].value or 0.0) - _worth(rest, cells)
    words = " ".join([total, *(f"{'-' if s == '+' else '+'} {k}" for s, k in rest)])
    value = value if sign == "+" else -value
    words = words if sign == "+" else f"-({words})"
    if abs(value) > _rounding([total, *(k for _, k in rest)], cells):
        yield key, _made(value, words, [total, *(k for _, k in rest)], cells)


def _rounding(keys: list[str], cells: Mapping[str, Cell]) -> float:
    """Return how far a sum may be off by the rounding of its parts: half the last printed digit."""
    return sum(0.5 * _last_digit(cells[key].value or 0.0) for key in keys if not key.isdigit())


def _last_digit(value: float) -> float:
    """Return the worth of the last digit that is not a trailing zero: 100 for -300, 0.001 for 1.234."""
    exponent = Decimal(repr(float(value))).normalize().as_tuple().exponent
    return float(10.0 ** int(exponent)) if value else 0.0


def _known(key: str, cells: Mapping[str, Cell]) -> bool:
    return key.isdigit() or cells[key].value is not None


def _worth(terms: list[tuple[str, str]], cells: Mapping[str, Cell]) -> float:
    """Return the value of a rule, from left to right."""
    total = 0.0
    for sign, key in terms:
        value = float(key) if key.isdigit() else float(cells[key].value or 0.0)
        if sign in "*/":
            total = total * value if sign == "*" else total / value if value else float("nan")
        else:
            total += value if sign == "+" else -value
    return round(total, 6)


def _made(value: float, rule: str, keys: list[str], cells: Mapping[str, Cell]) -> Cell:
    parts = [cells[key] for key in keys if not key.isdigit()]
    ids = ";".join(dict.fromkeys(part.ids for part in parts if part.ids))
    kind = VENDOR if any(part.kind == VENDOR for part in parts) else DERIVED
    weakest = max((part.status for part in parts), key=STATUS.index)
    sources = ";".join(dict.fromkeys(s for part in parts for s in part.source.split(";")))
    return Cell(value, kind, rule, weakest, sources, "", ids)


def _row(
    line: StatementLine, cells: Mapping[str, Cell], rules: Mapping[str, str]
) -> dict[str, Any]:
    cell = cells[line.line]
    return {
        "statement": line.statement, "line": line.line, "title": line.title,
        "value": float("nan") if cell.value is None else cell.value, "unit": line.unit,
        "cell": cell.kind, "rule": cell.rule, "control": _control(line.line, cells, rules),
        "restated": cell.restated, "status": cell.status, "source": cell.source,
        "page": cell.page, "id": cell.ids, "why": cell.why,
    }  # fmt: skip


def _control(key: str, cells: Mapping[str, Cell], rules: Mapping[str, str]) -> float:
    """Return a printed total less what its printed parts give; NaN where it cannot be told."""
    terms = _terms(rules.get(key, ""))
    known = [k for _, k in terms if not k.isdigit()]
    if not terms or any(cells[k].kind not in (PRINTED, VENDOR) for k in [key, *known]):
        return float("nan")
    return round(float(cells[key].value or 0.0) - _worth(terms, cells), 3)


def coverage(tables: Tables, standard: str, years: list[str]) -> pd.DataFrame:
    """Return how many cells of each year are printed, derived, vendor's, not printed and missing.

    Returns
    -------
    DataFrame
        Index year; columns ``printed, derived, vendor, not printed, missing, filled`` (the first
        three).

    Examples
    --------
    >>> from energy import facts
    >>> row = coverage(facts.load(), "IFRS", ["2021"]).loc["2021"]
    >>> int(row["printed"] + row["derived"] + row["vendor"] - row["filled"])
    0
    """
    rows = {}
    for year in years:
        counts = statement(tables, standard, year)["cell"].value_counts()
        rows[year] = {k: int(counts.get(k, 0)) for k in (PRINTED, DERIVED, VENDOR, ABSENT, MISSING)}
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")
    return table.assign(filled=table[[PRINTED, DERIVED, VENDOR]].sum(axis=1))


def check_period(period: str) -> str:
    """Return the period text, or say what a period looks like.

    Raises
    ------
    DataError
        For a text that is no period of the accounts.

    Examples
    --------
    >>> check_period("2021M9")
    '2021M9'
    """
    try:
        span = periods.parse(period)
    except PeriodError as error:
        raise DataError("accounts", [f"{error}; write 2021, 2021H1, 2021Q3 or 2021M9"]) from error
    return period if _is_cumulative(period) else periods.label(span)
