"""Gazprom's statements as a tidy table: one figure a line and period, the others named beside.

IFRS (the whole group), RAS (the parent alone) and figures that belong to neither stay apart:
nothing here adds, nets or converts. Where the money comes from by route is in `bridge`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

import pandas as pd

from energy.errors import UnknownName
from energy.measure import periods
from energy.measure.observations import STATUS, rows_of

STANDARDS = ("IFRS", "RAS", "other")
KEY = ["standard", "metric", "segment", "period", "unit"]
COLUMNS = ["standard", "metric", "segment", "period", "freq", "value", "unit", "status", "derived",
           "source", "id", "alternatives"]  # fmt: skip

BY_MARKET = ("net_sales_of_gas", "volume_sold")
BREAKS = (
    ("2022-05", "IFRS", ("sales", "net_profit_attributable"), ("Q",),
     "Quarterly statements: none for the first quarter of 2022. Half-years came back in August "
     "2022, single quarterly figures are quoted again for 2025."),
    ("2022", "IFRS", BY_MARKET, ("A", "H", "Q", "C"),
     "Net sales, volume and average price by market (Europe, former Soviet Union, Russia): no "
     "page with the table was found for 2022 or later."),
    ("2023-09", "other", ("volume_delivered",), ("H",),
     "Deliveries: the half-year report of 2023 gives one total without a split by market; the "
     "report now comes twice a year instead of every quarter."),
    ("2025", "RAS", ("net_profit", "sales"), ("A",),
     "Accounts of the parent: no annual figure for 2025 was found."),
)  # fmt: skip
"""What stopped being published, and when: since, standard, metrics, frequencies, text.

Source: the reading of the company's releases and the press behind ``financials.csv``."""


def statements(
    financials: pd.DataFrame,
    standard: str | None = "IFRS",
    *,
    metrics: Sequence[str] | None = None,
    freq: str | None = None,
) -> pd.DataFrame:
    """Return the statements, one row a line, segment and period.

    Where several rows speak for one (standard, metric, segment, period, unit), one is taken:
    first by status (actual before provisional before estimate before plan), then the more
    significant digits (1,163.316 before 1,163, even where the longer one is a difference of two
    printed totals), then the figure printed before the one derived, then the latest published,
    then the lower id. The others are named in ``alternatives``; nothing is averaged.

    Parameters
    ----------
    financials : DataFrame
        The table of facts: ``id, standard, metric, segment, period, freq, value, unit, status,
        derived, source, published``.
    standard : {"IFRS", "RAS", "other", None}
        ``other`` holds budgets, dividends and operating figures; ``None`` is all three.
    metrics : sequence of str, optional
        Lines, e.g. ``["net_profit_attributable"]``; default all.
    freq : {"A", "H", "Q", "M", "D", "C"}, optional
        Length of the period; C is cumulative, e.g. nine months.

    Returns
    -------
    DataFrame
        ``standard, metric, segment, period, freq, value, unit, status, derived, source, id,
        alternatives`` (``;``-joined ids), sorted by line and time.

    Raises
    ------
    UnknownName
        For a standard, metric or freq that is not there; the near names are listed.

    Examples
    --------
    >>> from energy import facts
    >>> table = statements(facts.load()["financials"], metrics=["net_profit_attributable"], freq="A")
    >>> float(table.set_index("period").loc["2023", "value"])  # RUB bn
    -629.0
    """
    table = _of_standard(financials, standard)
    for name in metrics or ():
        if name not in set(table["metric"]):
            raise UnknownName("metric", name, set(table["metric"]))
    if metrics is not None:
        table = table[table["metric"].isin(list(metrics))]
    if freq is not None:
        if freq not in periods.FREQUENCIES:
            raise UnknownName("freq", freq, periods.FREQUENCIES)
        table = table[table["freq"] == freq]
    return _in_order(_take_one(table))


def _of_standard(financials: pd.DataFrame, standard: str | None) -> pd.DataFrame:
    if standard is None:
        return financials
    if standard not in STANDARDS:
        raise UnknownName("standard", standard, STANDARDS)
    return financials[financials["standard"] == standard]


def _take_one(table: pd.DataFrame) -> pd.DataFrame:
    """Rank the rows of each key and keep the first, with the ids of the others."""
    ranked = table.assign(
        _status=table["status"].map({name: i for i, name in enumerate(STATUS)}),
        _digits=[-significant_digits(value) for value in table["value"]],
        _printed=table["derived"].astype(bool),
        _late=[_late(text) for text in table["published"]],
    ).sort_values([*KEY, "_status", "_digits", "_printed", "_late", "id"], kind="stable")
    ids = ranked.groupby(KEY, sort=False)["id"].agg(list)
    first = ranked.drop_duplicates(KEY)
    beside = [";".join(ids[key][1:]) for key in first[KEY].itertuples(index=False, name=None)]
    return first.assign(alternatives=pd.Series(beside, index=first.index, dtype="str"))


def significant_digits(value: float) -> int:
    """Count the digits of a figure without leading and trailing zeros.

    Examples
    --------
    >>> significant_digits(1163.316), significant_digits(-1200.0), significant_digits(0.71)
    (7, 2, 2)
    """
    return len(Decimal(repr(float(value))).normalize().as_tuple().digits)


def _late(published: str) -> int:
    """Return a number that is lower the later the publication; an unknown date comes last."""
    text = published if isinstance(published, str) else ""
    return -int((text.replace("-", "") or "0").ljust(8, "0"))


def _in_order(table: pd.DataFrame) -> pd.DataFrame:
    spans = [periods.parse(text) for text in table["period"]]
    ordered = table.assign(_start=[s.start for s in spans], _end=[s.end for s in spans])
    lines = ["standard", "metric", "segment", "unit", "_start", "_end"]
    return ordered.sort_values(lines, kind="stable", ignore_index=True)[COLUMNS]


def wide(
    table: pd.DataFrame, *, rows: Sequence[str] = ("standard", "metric", "segment", "unit")
) -> pd.DataFrame:
    """Turn statements into a sheet: one line a row, periods across in time order.

    Parameters
    ----------
    table : DataFrame
        From `statements`.
    rows : sequence of str
        Columns that name a line. Standard and unit belong there: two sets of accounts, or two
        currencies, are not one line.

    Returns
    -------
    DataFrame
        Index `rows`, columns period texts. A figure that is not known is NaN.

    Examples
    --------
    >>> from energy import facts
    >>> table = statements(facts.load()["financials"], metrics=["net_profit_attributable"], freq="A")
    >>> wide(table).loc[("IFRS", "net_profit_attributable"), ["2022", "2023"]].iloc[0].tolist()
    [1226.0, -629.0]
    """
    sheet = table.set_index([*rows, "period"])["value"].unstack("period")  # noqa: PD010
    spans = {str(text): periods.parse(text) for text in sheet.columns}
    return sheet[sorted(spans, key=lambda text: (spans[str(text)].start, spans[str(text)].end))]


def breaks(financials: pd.DataFrame) -> pd.DataFrame:
    """Return the breaks in disclosure, with the last period that is there before each.

    Returns
    -------
    DataFrame
        ``since, standard, metrics`` (``;``-joined), ``last`` (period text of the last such figure
        in the table, "" if none), ``text``.

    Examples
    --------
    >>> from energy import facts
    >>> {"since", "standard", "metrics", "last", "text"} <= set(breaks(facts.load()["financials"]))
    True
    """
    records = []
    for since, standard, metrics, freqs, text in BREAKS:
        rows = financials[(financials["standard"] == standard) & financials["metric"].isin(metrics)]
        rows = rows[rows["freq"].isin(freqs) & (rows["status"] == "actual")]
        if metrics == BY_MARKET:
            rows = rows[rows["segment"] != "total"]
        before = _before(rows["period"], since)
        records.append((since, standard, ";".join(metrics), before, text))
    return pd.DataFrame(records, columns=["since", "standard", "metrics", "last", "text"])


def _before(texts: Iterable[str], since: str) -> str:
    """Return the latest of the periods that end before the break."""
    limit = periods.parse(since).start
    spans = {text: periods.parse(text) for text in texts}
    held = [text for text, span in spans.items() if span.end <= limit]
    return max(held, key=lambda text: (spans[text].end, spans[text].start), default="")


CUMULATIVE = {1: "Q1", 2: "H1", 3: "M9", 4: ""}
"""Months of a year that have passed after each quarter, as period suffixes."""
FLOW_UNITS = ("RUB bn", "EUR bn", "USD bn", "bcm")
BALANCES = ("net_debt", "total_debt")
"""Beginnings of the names of lines that stand at a date: a difference of two is no quarter."""


def quarters(statements: pd.DataFrame) -> pd.DataFrame:
    """Return the quarters of every line, the missing ones as differences of cumulative figures.

    Second quarter = half-year less first quarter, third = nine months less half-year, fourth =
    year less nine months. Only where no printed quarter stands, and only for what flows: debts,
    ratios, changes and money per share are left out.

    Parameters
    ----------
    statements : DataFrame
        From `statements`.

    Returns
    -------
    DataFrame
        Columns of `statements`, all of freq ``Q``, and ``note``. A difference has ``derived``
        True, in ``id`` the two ids it comes from (``;``-joined), the weaker of their two standings,
        and a note such as ``2020M9 less 2020H1``. Where one of the two is missing there is no row.

    Notes
    -----
    A difference of two rounded figures carries the rounding of both: 1,100 less 600 may be off by
    100. The ids lead to what was printed.

    Examples
    --------
    >>> from energy import facts
    >>> table = quarters(statements(facts.load()["financials"], metrics=["net_profit_attributable"]))
    >>> bool((table.loc[table["note"] != "", "freq"] == "Q").all())  # differences, and so noted
    True
    """
    flows = statements[statements["unit"].isin(FLOW_UNITS)]
    flows = flows[
        ~flows["metric"].str.startswith(BALANCES) & ~flows["metric"].str.contains("change")
    ]
    printed = flows[flows["freq"] == "Q"].assign(note="")
    held = set(printed[KEY].itertuples(index=False, name=None))
    found = [
        row
        for _, line in flows.groupby(["standard", "metric", "segment", "unit"], sort=False)
        for row in _differences(line, held)
    ]
    derived = pd.DataFrame(found, columns=[*COLUMNS, "note"])
    both = pd.concat([printed, derived], ignore_index=True) if found else printed
    notes = both.set_index("id")["note"]
    ordered = _in_order(both)
    return ordered.assign(note=ordered["id"].map(notes))


class _Printed(NamedTuple):
    """A printed figure of one line of the statements."""

    id: str
    standard: str
    metric: str
    segment: str
    period: str
    unit: str
    status: str
    source: str
    value: float


def _differences(line: pd.DataFrame, held: set[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Return the quarters of one line that only a difference gives."""
    rows = {row.period: row for row in rows_of(line, _Printed)}
    found = []
    for year in sorted({text[:4] for text in rows}):
        for number, name in list(enumerate(periods.quarters_of(year), start=1))[1:]:
            upto = year + CUMULATIVE[number]
            before = year + CUMULATIVE[number - 1]
            if upto not in rows or before not in rows:
                continue
            whole, part = rows[upto], rows[before]
            key = (whole.standard, whole.metric, whole.segment, name, whole.unit)
            if key not in held:
                found.append((*key[:4], "Q", round(whole.value - part.value, 6), whole.unit,
                              max(whole.status, part.status, key=STATUS.index), True,
                              ";".join(sorted({whole.source, part.source})),
                              f"{whole.id};{part.id}", "", f"{upto} less {before}"))  # fmt: skip
    return found


def markets(statements: pd.DataFrame, metric: str = "net_sales_of_gas") -> pd.DataFrame:
    """Lay one line out by market, with the share of the total that is disclosed.

    Parameters
    ----------
    statements : DataFrame
        From `statements`, one standard.
    metric : str
        A line with segments, e.g. ``net_sales_of_gas`` or ``volume_sold``.

    Returns
    -------
    DataFrame
        Index ``(unit, period)`` in time order, one column a segment, NaN where nothing was
        disclosed (see `breaks`), and ``disclosed``: sum of the markets over the total, NaN
        without a total.

    Raises
    ------
    UnknownName
        If the line is not there.

    Examples
    --------
    >>> from energy import facts
    >>> sheet = markets(statements(facts.load()["financials"]))
    >>> bool(sheet["disclosed"].max() <= 1)  # share of the total
    True
    """
    rows = statements[statements["metric"] == metric]
    if rows.empty:
        raise UnknownName("metric", metric, set(statements["metric"]))
    sheet = rows.set_index(["unit", "period", "segment"])["value"].unstack("segment")  # noqa: PD010
    order = sorted(sheet.index, key=lambda key: (key[0], periods.parse(key[1]).end, key[1]))
    sheet = sheet.reindex(order)
    named = sheet.drop(columns="total", errors="ignore").sum(axis=1, min_count=1)
    total = sheet["total"] if "total" in sheet else pd.Series(float("nan"), sheet.index)
    return sheet.assign(disclosed=named / total)


def leverage(statements: pd.DataFrame) -> pd.DataFrame:
    """Return net debt to EBITDA: as printed, and computed where debt and EBITDA are both known.

    Returns
    -------
    DataFrame
        ``period, measure, ratio, status, derived, source, id``. Measures: ``printed`` (the
        company's own), ``adjusted`` (net of deposits) and ``plain``: three series that do not
        join. A computed ratio needs debt at the end of a year and EBITDA of that year, in roubles.

    Examples
    --------
    >>> from energy import facts
    >>> sorted(set(leverage(statements(facts.load()["financials"]))["measure"]))
    ['adjusted', 'plain', 'printed']
    """
    group = statements[(statements["standard"] == "IFRS") & (statements["segment"] == "group")]
    printed = group[group["metric"] == "net_debt_to_ebitda"].rename(columns={"value": "ratio"})
    parts = [printed.assign(measure="printed")]
    annual = group[(group["freq"] == "A") & (group["unit"] == "RUB bn")]
    earned = annual[annual["metric"] == "ebitda"].set_index("period")
    for metric, measure in (("net_debt_adjusted", "adjusted"), ("net_debt", "plain")):
        debt = annual[annual["metric"] == metric].set_index("period")
        both = debt.join(earned[["value", "id"]].add_suffix("_e"), how="inner")
        parts.append(both.reset_index().assign(
            measure=measure, ratio=both["value"].to_numpy() / both["value_e"].to_numpy(),
            derived=True, id=[f"{a};{b}" for a, b in zip(both["id"], both["id_e"], strict=True)],
        ))  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    ends = [periods.parse(text).end for text in table["period"]]
    columns = ["period", "measure", "ratio", "status", "derived", "source", "id"]
    return table.assign(_end=ends).sort_values(["_end", "measure"], ignore_index=True)[columns]
