"""From the pipes to the accounts: export revenue by route beside what Gazprom reported.

Revenue is flow times border price; the accounts count something wider and say it in roubles. The
gap between the two is shown with its reason, never spread away; `itemise` splits it into the
parts that sourced figures give, and an unexplained rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import DataError, PeriodError, UnitError
from energy.finance import netback
from energy.measure import periods, units
from energy.measure.observations import STATUS, newest, rows_of
from energy.measure.tables import Tables
from energy.measure.validity import in_force

COLUMNS = ["line", "kind", "bcm", "price", "musd", "rub_bn", "status", "source", "note"]
TENTH = 0.1  # bcm: the digits in which volumes are printed here
ALL = "all exports"
OWN = {"of_route": ("route",), "of_market": ("market",), "total": (ALL,),
       "reported": ("reported", "result"), "reported_less_ours": ("gap",)}  # fmt: skip
"""Columns of roubles of their own: each adds up like with like, ``rub_bn`` mixes them all."""

TEXTS = ("market", "status", "price_status", "sources", "price_source")
NO_MARKET = "no market named"
FORMER, HOME = "former-ussr", "not-export"
"""Groups of ``market_groups.csv``: a segment of the accounts, and Russia itself."""
WIDER = (
    "reported counts gas bought abroad and LNG traded on, net of customs duty, excise and VAT; "
    "ours is own pipeline gas at a border price before duty"
)
NO_SPLIT = "no split by market has been published for 2022 and after"
COMPARE = (
    ("net_sales_of_gas", "Europe and other countries", "far",
     f"{WIDER}; China and Turkey are in both"),
    ("net_sales_of_gas", "Former Soviet Union", "near",
     f"{WIDER}; several buyers have no price here"),
    ("gas_sales_outside_russia", "outside Russia", "all",
     "reported is probably before duty and excise and counts resale, LNG trading and the former "
     "Soviet Union; ours is own pipeline gas"),
    ("net_sales_of_gas", "total", "all", f"reported counts sales inside Russia too; {WIDER}"),
)  # fmt: skip
"""Reported line and segment, our markets that stand beside it, what separates the two."""
RESULT = (
    ("IFRS", "net_profit_attributable", "group"),
    ("RAS", "net_profit", "PJSC Gazprom (parent)"),
)


@dataclass(frozen=True)
class Rate:
    """RUB per USD of a year and, where all four are known, of its quarters.

    Examples
    --------
    >>> Rate(68.3, {1: 74.3}, "FX001", "").quarters[1]
    74.3
    """

    year: float
    quarters: dict[int, float]  # quarter number to rate; empty: the annual mean serves all
    ids: str
    note: str


def bridge(
    year: str | int,
    flows: xr.Dataset,
    statements: pd.DataFrame,
    fx: pd.DataFrame,
    *,
    routes: pd.DataFrame | None = None,
    groups: pd.DataFrame | None = None,
    rate: float | None = None,
    took: Mapping[str, float] | None = None,
) -> pd.DataFrame:
    """Set export revenue by route beside the reported sales and the result of a calendar year.

    Parameters
    ----------
    year : str or int
        Calendar year, e.g. ``2022``.
    flows : Dataset, dims (route, period)
        ``flow`` (bcm a period), ``revenue`` (million USD), ``market``; ``status``,
        ``price_status``, ``sources``, ``price_source`` where there. Quarters, months or years.
    statements : DataFrame
        From `energy.finance.accounts.statements`, all standards.
    fx : DataFrame
        The table of facts: ``id, kind, period, freq, value`` (RUB per USD).
    routes : DataFrame, optional
        ``route, role``: only the role ``export`` counts. Without it every route of `flows` does,
        so leave out exits and strings beforehand.
    groups : DataFrame, optional
        The table ``market-groups`` of the facts: which markets are the former Soviet Union, which
        are no export. Without it every market is one far abroad.
    rate : float, optional
        RUB per USD of your own where the facts have none for the year.
    took : mapping of str to float, optional
        What each market took in the year by the balance, bcm; ``exports`` all of them. A line that
        sums routes to another figure says so: a route's gas has one price and may serve a neighbour.

    Returns
    -------
    DataFrame
        ``line, kind, bcm, price`` (USD/1000 m3)``, musd`` (million USD)``, rub_bn, status, source``
        (ids)``, note``, and the roubles once more in columns that may be added up: ``of_route,
        of_market, total, reported, reported_less_ours``. Kinds:
        ``route``, ``market`` (and their total), ``reported`` (lines of the accounts),
        ``gap`` (reported less ours, positive: reported is more), ``result`` (net profit).
        Missing is NaN: a route without a price has no revenue, not zero. A sum leaves
        such gas out and says how much.

    Raises
    ------
    DataError
        If no route has a price, no rate is known or no accounts are there for the year: each is
        named with the years that exist.
    PeriodError
        If `year` is not a calendar year.
    UnitError
        If `flows` is not in bcm a period.

    Notes
    -----
    Roubles: million USD times the mean rate of the quarter where the year has all four, else of
    the year. Reported lines are in roubles; their dollars are at the rate of the year.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = bridge(2022, t.flows(), t.financials(None), t.facts["fx"])
    >>> {"line", "kind", "bcm", "rub_bn"} <= set(table)
    True
    """
    span = periods.parse(str(year))
    if span.freq != "A":
        raise PeriodError(f"The bridge is by calendar year, not {str(year)!r}; give e.g. 2022.")
    if flows.attrs.get("unit", "bcm") != "bcm":
        raise UnitError(f"The bridge needs flows in bcm, not {flows.attrs['unit']}; build them so.")
    number = span.start.year
    cube = _counted(flows, routes)
    reported = _reported(statements, number)
    exchange = _rate(fx, number, rate)
    _refuse_missing(number, cube, statements, reported, fx, exchange)
    assert exchange is not None
    cells = _grouped(_cells(cube, number, exchange), groups)
    parts = [_sums(cells, "route"), _sums(cells, "market"), _total(cells)]
    parts += [_lines(reported, exchange), _gaps(cells, reported, exchange, number)]
    parts += [_result(statements, number, exchange)]
    table = pd.DataFrame([row for part in parts for row in part], columns=COLUMNS)
    table["note"] = [_beside(row, took or {}) for row in table.itertuples()]
    kind = table["kind"].where(table["line"] != ALL, ALL)
    return table.assign(**{name: table["rub_bn"].where(kind.isin(kinds))
                           for name, kinds in OWN.items()})  # fmt: skip


def _beside(row: Any, took: Mapping[str, float]) -> str:
    """Return the note of a line, with what its market took where its routes carried another sum."""
    volume = took.get("exports" if row.line == ALL else row.line)
    if row.kind != "market" or volume is None or abs(volume - row.bcm) < TENTH / 2:
        return str(row.note)
    words = f"by routes, as they are priced: {volume:.1f} bcm went to the market itself"
    return f"{row.note}; {words}" if row.note else words


def _counted(flows: xr.Dataset, routes: pd.DataFrame | None) -> xr.Dataset:
    """Return the routes that count: exports, each gas once."""
    if routes is None:
        return flows
    export = set(routes.loc[routes["role"] == "export", "route"])
    return flows.sel(route=[name for name in flows["route"].to_numpy() if name in export])


class _Reported(NamedTuple):
    """A line of the statements."""

    metric: str
    segment: str
    value: float
    status: str
    id: str


class _Cell(NamedTuple):
    """Gas of one route and period: to which market, bcm at 20 °C, roubles in bn (NaN: no price)."""

    route: str
    market: str
    period: pd.Timestamp
    bcm: float
    rub_bn: float


def _reported(statements: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the annual rouble lines of the IFRS accounts that can stand beside exports."""
    rows = statements[(statements["freq"] == "A") & (statements["unit"] == "RUB bn")]
    rows = rows[(rows["period"] == str(year)) & (rows["standard"] == "IFRS")]
    return rows[rows["metric"].isin({"net_sales_of_gas", "gas_sales_outside_russia"})]


class _Mean(NamedTuple):
    """A mean rate of a year, RUB/USD."""

    id: str
    value: float
    status: str


def _rate(fx: pd.DataFrame, year: int, own: float | None) -> Rate | None:
    """Return the mean rate of the year, with its quarters where all four are known."""
    if own is not None:
        return Rate(own, {}, "", f"at {own:g} RUB/USD, given by the caller")
    means = fx[fx["kind"] == "mean"]
    annual = means[(means["freq"] == "A") & (means["period"] == str(year))]
    if annual.empty:
        return None
    # several pages may print one mean: an outturn before an estimate, then the least rounded
    best = max(
        rows_of(annual, _Mean),
        key=lambda row: (row.status == "actual", len(f"{row.value:.10g}"), row.id),
    )
    said = "mean of the year" if best.status == "actual" else f"mean of the year, {best.status}"
    names = {name: number for number, name in enumerate(periods.quarters_of(year), start=1)}
    found = newest(means[means["period"].isin(names)], ["period"])
    if len(found) < 4:
        return Rate(best.value, {}, best.id, f"at {best.value:g} RUB/USD, {said}")
    quarters = dict(zip(found["period"].map(names), found["value"], strict=True))
    return Rate(best.value, quarters, best.id, "at the mean RUB/USD of each quarter")


def _refuse_missing(
    year: int,
    cube: xr.Dataset,
    statements: pd.DataFrame,
    reported: pd.DataFrame,
    fx: pd.DataFrame,
    exchange: Rate | None,
) -> None:
    """Raise once with everything that is missing, and the years that exist."""
    faults = []
    priced = (cube["revenue"].count("route") > 0).to_numpy()
    with_price = sorted(set(pd.DatetimeIndex(cube["period"].to_numpy()[priced]).year))
    if year not in with_price:
        known = _spell(with_price)
        faults.append(f"no route has both a flow and a price; years with both: {known}")
    if exchange is None:
        means = fx[(fx["kind"] == "mean") & (fx["freq"] == "A")]
        with_rate = _spell(sorted(set(means["period"].astype(int))))
        faults.append(f"no mean RUB/USD rate; years with one: {with_rate}; or pass rate=")
    if reported.empty and not any(len(_profit(statements, year, *key)) for key in RESULT):
        rows = statements[(statements["freq"] == "A") & (statements["unit"] == "RUB bn")]
        rows = rows[rows["metric"].isin({"net_sales_of_gas", *(metric for _, metric, _ in RESULT)})]
        with_books = _spell(sorted(set(rows["period"].astype(int))))
        faults.append(f"no annual accounts; years with some: {with_books}")
    if faults:
        raise DataError(f"bridge of {year}", faults)


def _spell(years: Iterable[int]) -> str:
    """Write years with runs joined, e.g. ``2014-2016, 2019``."""
    runs: list[list[int]] = []
    for year in years:
        if runs and year == runs[-1][-1] + 1:
            runs[-1].append(year)
        else:
            runs.append([year])
    texts = [str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs]
    return ", ".join(texts) or "none"


def _cells(cube: xr.Dataset, year: int, exchange: Rate) -> pd.DataFrame:
    """Lay the cube out as one row a route and period of the year, with roubles.

    Columns ``route, period, market, bcm, musd, rub_bn, status, source, rate_note``.
    """
    held = cube.sel(period=cube["period"].dt.year == year)
    names = [
        n for n in ("market", "status", "price_status", "sources", "price_source") if n in held
    ]
    table = held[["flow", "revenue", *names]].to_dataframe().reset_index()
    table = table[table["flow"].notna()].rename(columns={"flow": "bcm", "revenue": "musd"})
    for name in set(TEXTS) - set(names):
        table[name] = ""
    quarter = pd.DatetimeIndex(table["period"]).quarter
    by_quarter = bool(exchange.quarters) and cube.attrs.get("freq", "Q") in ("Q", "M")
    rates = [exchange.quarters[q] if by_quarter else exchange.year for q in quarter]
    table["rub_bn"] = _roubles(table["musd"].to_numpy(dtype=float), np.array(rates, dtype=float))
    idle = table["bcm"] == 0  # nothing was priced, so the price lends no doubt
    table["price_status"] = table["price_status"].where(~idle, "")
    table["status"] = [
        _weakest(pair) for pair in zip(table["status"], table["price_status"], strict=True)
    ]
    table["market"] = table["market"].where(table["market"] != "", NO_MARKET)
    table["source"] = table["sources"] + ";" + table["price_source"] + ";" + exchange.ids
    table["rate_note"] = exchange.note if by_quarter or not exchange.quarters else (
        f"at {exchange.year:g} RUB/USD, mean of the year")  # fmt: skip
    columns = [
        "route",
        "period",
        "market",
        "bcm",
        "musd",
        "rub_bn",
        "status",
        "source",
        "rate_note",
    ]
    return table[columns]


def _grouped(cells: pd.DataFrame, groups: pd.DataFrame | None) -> pd.DataFrame:
    """Add to each cell the ``group`` of its market on its first day, and why it is no export."""
    if groups is None or cells.empty:
        return cells.assign(group="", why="")
    found = [_group(market, day, groups) for market, day in
             zip(cells["market"], cells["period"], strict=True)]  # fmt: skip
    return cells.assign(group=[name for name, _ in found], why=[note for _, note in found])


def _group(market: str, day: pd.Timestamp, groups: pd.DataFrame) -> tuple[str, str]:
    rows = in_force(groups[groups["market"] == market], day.date())
    return (str(rows["group"].iloc[0]), str(rows["note"].iloc[0])) if len(rows) else ("", "")


def _roubles(musd: Any, rate: Any) -> Any:
    return units.convert(musd, "million USD", "RUB bn", rate=rate)


def _dollars(rub_bn: float, rate: float) -> float:
    return float(units.convert(rub_bn, "RUB bn", "million USD", rate=rate))


def _weakest(names: Iterable[str]) -> str:
    """Return the weakest standing among several."""
    known = [name for name in names if name in STATUS]
    return max(known, key=STATUS.index, default="")


def _ids(texts: Iterable[str]) -> str:
    return ";".join(sorted({part for text in texts for part in text.split(";") if part}))


def _sums(cells: pd.DataFrame, kind: str) -> list[tuple[Any, ...]]:
    """Return one row a route or market, in the order of the cube."""
    parts = cells.groupby(kind, sort=kind == "market")
    return [_sum(str(name), kind, part) for name, part in parts]


def _total(cells: pd.DataFrame) -> list[tuple[Any, ...]]:
    exported = cells[cells["group"] != HOME]
    return [_sum("all exports", "market", exported)] if len(exported) else []


def _sum(line: str, kind: str, part: pd.DataFrame) -> tuple[Any, ...]:
    """Add up one line; gas without a price is left out of the money and named in the note."""
    priced = part["musd"].notna()
    musd, rub_bn = part["musd"].sum(min_count=1), part["rub_bn"].sum(min_count=1)
    volume = part.loc[priced, "bcm"].sum()
    price = musd / volume if volume > 0 else np.nan
    notes = [part["rate_note"].iloc[0]] if priced.any() else []
    bare = part.loc[~priced & (part["bcm"] != 0), ["market", "bcm", "group", "why"]]
    if len(bare):
        why = set(bare["why"]) if set(bare["group"]) == {HOME} else set()
        reason = "; ".join(sorted(why)) or (
            f"no price for {', '.join(sorted(set(bare['market'])))}")  # fmt: skip
        notes.append(f"{bare['bcm'].sum():.2f} bcm left out of the money: {reason}")
    return (line, kind, part["bcm"].sum(min_count=1), price, musd, rub_bn, _weakest(part["status"]),
            _ids(part["source"]), "; ".join(notes))  # fmt: skip


def _lines(reported: pd.DataFrame, exchange: Rate) -> list[tuple[Any, ...]]:
    """Return the reported lines; their dollars are at the rate of the year."""
    return [
        (f"{row.metric}, {row.segment}", "reported", np.nan, np.nan,
         _dollars(row.value, exchange.year), row.value, row.status, row.id,
         f"IFRS; dollars at {exchange.year:g} RUB/USD")
        for row in rows_of(reported, _Reported)
    ]  # fmt: skip


def _gaps(
    cells: pd.DataFrame, reported: pd.DataFrame, exchange: Rate, year: int
) -> list[tuple[Any, ...]]:
    """Return reported less ours for each line that can be compared, with the reason."""
    near, abroad = cells["group"] == FORMER, cells["group"] != HOME
    ours = {"far": cells[abroad & ~near], "near": cells[near], "all": cells[abroad]}
    rows = []
    for metric, segment, group, reason in COMPARE:
        line = reported[(reported["metric"] == metric) & (reported["segment"] == segment)]
        if len(line) and len(ours[group]):
            rows.append(_gap(line.iloc[0], ours[group], exchange, reason, year))
    if rows:
        return rows
    why = "no annual sales of gas were found in the accounts of this year"
    return [("reported less ours", "gap", np.nan, np.nan, np.nan, np.nan, "", "", why)]


def _gap(
    line: pd.Series, ours: pd.DataFrame, exchange: Rate, reason: str, year: int
) -> tuple[Any, ...]:
    rub_bn = line["value"] - ours["rub_bn"].sum(min_count=1)
    volume = ours["bcm"].sum()
    bare = ours.loc[ours["musd"].isna(), "bcm"].sum()
    # the last split by market is that of 2021
    notes = [reason] + ([NO_SPLIT] if year >= 2022 else [])
    if volume > 0 and bare > 0:
        notes.append(f"{bare / volume:.0%} of our volume has no price and stands in the gap")
    return (f"{line['metric']}, {line['segment']}, less ours", "gap", np.nan, np.nan,
            _dollars(rub_bn, exchange.year), rub_bn, _weakest([line["status"], *ours["status"]]),
            line["id"], "; ".join(notes))  # fmt: skip


def _profit(
    statements: pd.DataFrame, year: int, standard: str, metric: str, segment: str
) -> pd.DataFrame:
    rows = statements[(statements["standard"] == standard) & (statements["metric"] == metric)]
    rows = rows[(rows["segment"] == segment) & (rows["unit"] == "RUB bn")]
    return rows[rows["period"] == str(year)]


def _result(statements: pd.DataFrame, year: int, exchange: Rate) -> list[tuple[Any, ...]]:
    """Return the net profit of the group and of the parent, apart; missing where not found."""
    rows = []
    for standard, metric, segment in RESULT:
        found = _profit(statements, year, standard, metric, segment)
        value = float(found["value"].iloc[0]) if len(found) else np.nan
        status, source = (found["status"].iloc[0], found["id"].iloc[0]) if len(found) else ("", "")
        note = f"{standard}, {segment}" + ("" if len(found) else "; no page with it was seen")
        rows.append((metric, "result", np.nan, np.nan, _dollars(value, exchange.year), value,
                     status, source, note))  # fmt: skip
    return rows


# ---- the gap, item by item -----------------------------------------------------------------------

PARTS = ["part", "rub_bn", "share", "status", "source", "note"]
GROUPS = {"far": "beyond the former Soviet Union", "all": "all exports"}
LNG = "Gazprom's trade in LNG: neither volume nor money is in the facts"
NO_LINE = "no line of sales of gas is in the accounts of this time"


@dataclass(frozen=True)
class Line:
    """A reported line that exports can be compared with.

    ``gross``: before customs duty. ``russia``: holds sales inside Russia. ``group``: far or all.

    Examples
    --------
    >>> Line("2021", "net sales of gas", 3400.0, "far", False, False, "actual", "F1").period
    '2021'
    """

    period: str
    name: str
    rub_bn: float
    group: str
    gross: bool
    russia: bool
    status: str
    ids: str


def line_of(period: str, statements: pd.DataFrame, prices: pd.DataFrame | None = None) -> Line:
    """Return the reported line that says most about exports in a period.

    The order: net sales of gas to Europe and other countries; volume sold there times the
    average rouble price (IFRS, with duty); sales outside Russia (probably with duty); net sales
    of gas in total.

    Raises
    ------
    DataError
        If there is none; the periods that have one are named.

    Examples
    --------
    >>> import energy
    >>> line = line_of("2018", energy.load().financials())
    >>> line.name, line.group, line.gross
    ('net_sales_of_gas, total', 'all', False)
    """
    rows = statements[(statements["standard"] == "IFRS") & (statements["period"] == period)]
    for metric, segment, group, gross in (
        ("net_sales_of_gas", "Europe and other countries", "far", False),
        ("volume_sold", "Europe and other countries", "far", True),
        ("gas_sales_outside_russia", "outside Russia", "all", True),
        ("net_sales_of_gas", "total", "all", False),
    ):
        found = rows[(rows["metric"] == metric) & (rows["segment"] == segment)]
        found = found[found["unit"].isin(["RUB bn", "bcm"])]
        if found.empty:
            continue
        row = found.iloc[0]
        if metric != "volume_sold":
            return Line(period, f"{metric}, {segment}", float(row["value"]), group, gross,
                        segment == "total", str(row["status"]), str(row["id"]))  # fmt: skip
        priced = _ifrs_price(prices, period)
        if priced is not None:
            # bcm times USD or roubles a 1000 m3 are millions; the line is in billions
            return Line(period, f"volume times price, {segment}", float(row["value"]) * priced[0] / 1000,
                        group, gross, False, str(row["status"]), f"{row['id']};{priced[1]}")  # fmt: skip
    known = statements[statements["metric"].isin({"net_sales_of_gas", "gas_sales_outside_russia"})]
    texts = sorted(set(known["period"]))
    raise DataError(f"bridge of {period}", [f"{NO_LINE}; periods with one: {', '.join(texts)}"])


def _ifrs_price(prices: pd.DataFrame | None, period: str) -> tuple[float, str] | None:
    if prices is None:
        return None
    rows = prices[(prices["series"] == "gazprom_europe_ifrs") & (prices["period"] == period)]
    return (float(rows["value"].iloc[0]), str(rows["id"].iloc[0])) if len(rows) else None


def itemise(
    period: str,
    flows: xr.Dataset,
    statements: pd.DataFrame,
    tables: Tables,
    *,
    rate: float | None = None,
    modelled: Mapping[str, pd.Series] | None = None,
) -> pd.DataFrame:
    """Split the gap between a reported line and our export revenue into its parts.

    Parameters
    ----------
    period : str
        A year, or a half-year or nine months for which a line was reported: ``"2019H1"``.
    flows : Dataset, dims (route, period)
        Quarterly, as for `bridge`.
    statements : DataFrame
        From `energy.finance.accounts.statements`, all standards.
    tables : Tables
        The facts: ``fx, tariffs, prices, routes, charges, market-groups``.
    rate : float, optional
        RUB per USD of your own.
    modelled : mapping of str to Series, optional
        From `energy.finance.prices.modelled`: for own gas without a sourced price. Its money is a
        part of the gap with status ``modelled``, never ours.

    Returns
    -------
    DataFrame
        ``part, rub_bn, share`` (of reported)``, status, source, note``, and ``of_gap``: the roubles
        of the parts and the rest alone, whose sum is the gap. Rows: ``reported``, ``ours``, ``gap``
        (reported less ours), the parts, ``unexplained``. The known parts and the
        unexplained rest add up to the gap exactly; a part without a figure is NaN, says why, and
        stands in the rest.

    Raises
    ------
    DataError
        If no line was reported for the period, no rate is known or no route has a price.

    Notes
    -----
    Parts: customs duty on our revenue (the law's rate by route, where the line is after duty); gas
    bought abroad and resold (volume sold less our volume, at our mean price, where the volume was
    published); the former Soviet Union and Russia (their own reported lines, where the line holds
    them); own gas without a price; LNG and timing, for which the facts hold no figure.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = itemise("2018", t.flows(), t.financials(None), t.facts)
    >>> gap = table.set_index("part")["rub_bn"]
    >>> bool(abs(gap["reported"] - gap["ours"] - gap["gap"]) < 1e-6)
    True
    """
    line = line_of(period, statements, tables["prices"])
    cells, exchange = _priced_cells(line, flows, tables, rate)
    ours = cells["rub_bn"].sum(min_count=1)
    gap = line.rub_bn - ours
    parts = [_duty(line, cells, tables), _resale(line, cells, statements),
             *_other_markets(line, statements), _unpriced(cells, exchange, modelled),
             ("LNG", np.nan, "", "", LNG), _timing(cells, exchange)]  # fmt: skip
    rest = gap - sum(value for _, value, *_ in parts if not np.isnan(value))
    lacking = [name for name, value, *_ in parts if np.isnan(value)]
    rows = [
        ("reported", line.rub_bn, line.status, line.ids, f"{line.name}, {period}"),
        ("ours", ours, _weakest(cells["status"]), "", GROUPS[line.group]),
        ("gap", gap, _weakest([line.status, *cells["status"]]), "", "reported less ours"),
        *parts,
        ("unexplained", rest, "", "", f"holds {', '.join(lacking)}" if lacking else ""),
    ]
    table = pd.DataFrame(rows, columns=[name for name in PARTS if name != "share"])
    table.insert(2, "share", table["rub_bn"] / line.rub_bn)
    whole = table["part"].isin(["reported", "ours", "gap"])
    return table.assign(of_gap=table["rub_bn"].where(~whole))


def _priced_cells(
    line: Line, flows: xr.Dataset, tables: Tables, rate: float | None
) -> tuple[pd.DataFrame, Rate]:
    """Return our cells that stand beside the line, and the rate used."""
    span = periods.parse(line.period)
    exchange = _rate(tables["fx"], span.start.year, rate)
    if exchange is None:
        raise DataError(
            f"bridge of {line.period}", ["no mean RUB/USD rate for the year; pass rate="]
        )
    cells = _cells(_counted(flows, tables["routes"]), span.start.year, exchange)
    inside = (cells["period"] >= pd.Timestamp(span.start)) & (
        cells["period"] < pd.Timestamp(span.end)
    )
    cells = _grouped(cells, tables["market-groups"])
    cells = cells[inside & (cells["group"] != HOME) & (cells["market"] != NO_MARKET)]
    if line.group == "far":
        cells = cells[cells["group"] != FORMER]
    if not cells["musd"].notna().any():
        raise DataError(f"bridge of {line.period}", ["no route has both a flow and a price"])
    return cells, exchange


def _duty(line: Line, cells: pd.DataFrame, tables: Tables) -> tuple[Any, ...]:
    """Return the duty on our revenue, negative; gas of unsettled routes is left out and named."""
    if line.gross:
        return ("customs duty", 0.0, "", "", "the line is before duty, so there is none between")
    tariffs, open_questions = tables["tariffs"], netback.unsettled(tables["charges"])
    rows = tariffs[(tariffs["item"] == "export_duty") & tariffs["status"].isin(netback.COUNTED)]
    owed, used, open_ = 0.0, set(), set()
    for cell in rows_of(cells[cells["rub_bn"].notna() & (cells["rub_bn"] != 0)], _Cell):
        if (cell.route, "export_duty") in open_questions:
            open_.add(cell.route)
            continue
        share, ids = netback.duty_share(rows, cell.route, cell.market, cell.period)
        owed += share * cell.rub_bn
        used.add(ids)
    note = "rate of the law by route, on our revenue"
    if open_:
        note += f"; without {', '.join(sorted(open_))}, of which it is not settled"
    return ("customs duty", -owed, "modelled", ";".join(sorted(used)), note)


def _resale(line: Line, cells: pd.DataFrame, statements: pd.DataFrame) -> tuple[Any, ...]:
    """Return what gas bought abroad brought: volume sold less ours, at our mean price."""
    name = "gas bought abroad and resold"
    sold = statements[
        (statements["metric"] == "volume_sold") & (statements["period"] == line.period)
    ]
    sold = sold[sold["segment"] == "Europe and other countries"]
    far = cells[cells["group"] != FORMER]
    if sold.empty:
        return (name, np.nan, "", "", "no volume sold by the group was published for this time")
    priced = far[far["rub_bn"].notna()]
    price = priced["rub_bn"].sum() / priced["bcm"].sum()
    extra = float(sold["value"].iloc[0]) - far["bcm"].sum()
    return (name, extra * price, "modelled", str(sold["id"].iloc[0]),
            f"{extra:.1f} bcm more sold than our pipes carried, at our mean price")  # fmt: skip


def _other_markets(line: Line, statements: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the reported sales to the former Soviet Union and in Russia where the line has them."""
    rows = []
    wanted = [("former Soviet Union", "Former Soviet Union", line.group == "all"),
              ("inside Russia", "Russian Federation", line.russia)]  # fmt: skip
    for name, segment, held in wanted:
        found = statements[(statements["metric"] == "net_sales_of_gas")
                           & (statements["segment"] == segment)
                           & (statements["period"] == line.period)]  # fmt: skip
        if not held:
            rows.append((name, 0.0, "", "", "not in the line"))
        elif found.empty:
            rows.append((name, np.nan, "", "", "no reported line for this time"))
        else:
            row = found.iloc[0]
            rows.append((name, float(row["value"]), row["status"], row["id"], "reported"))
    return rows


def _unpriced(
    cells: pd.DataFrame, exchange: Rate, modelled: Mapping[str, pd.Series] | None
) -> tuple[Any, ...]:
    """Return the money of own gas without a sourced price, by the model where it reaches."""
    name = "own gas without a price"
    bare = cells[cells["musd"].isna() & (cells["bcm"] != 0)]
    if bare.empty:
        return (name, 0.0, "", "", "all our gas has a price")
    worth, left = 0.0, 0.0
    for cell in rows_of(bare, _Cell):
        quarter = periods.label(periods.containing(cell.period.date(), "Q"))
        price = (modelled or {}).get(cell.market, pd.Series(dtype=float)).get(quarter, np.nan)
        if np.isnan(price):
            left += cell.bcm
            continue
        rate = exchange.quarters.get(cell.period.quarter, exchange.year)
        worth += float(_roubles(cell.bcm * price, rate))
    markets = ", ".join(sorted(set(bare["market"])))
    note = f"{bare['bcm'].sum():.1f} bcm to {markets}"
    if worth == 0:
        return (name, np.nan, "", "", f"{note}; no modelled price either")
    note += f", at the modelled price; {left:.1f} bcm of it without one" if left else ", modelled"
    return (name, worth, "modelled", "", note)


def _timing(cells: pd.DataFrame, exchange: Rate) -> tuple[Any, ...]:
    """Say what the choice of the rate moves; when sales are booked is not published."""
    flat = float(_roubles(cells["musd"].sum(), exchange.year)) - cells["rub_bn"].sum()
    note = "when a sale is booked, and at which rate, is not published"
    if exchange.quarters:
        note += f"; at the rate of the year ours would be {flat:+.0f} bn"
    return ("timing", np.nan, "", "", note)


def residuals(
    years: Iterable[int],
    flows: xr.Dataset,
    statements: pd.DataFrame,
    tables: Tables,
    *,
    rates: Mapping[int, float] | None = None,
    modelled: Mapping[str, pd.Series] | None = None,
) -> pd.DataFrame:
    """Return the bridge year by year: the gap, what explains it, what is left.

    A year without an annual line takes its half-year or nine months where those were reported.

    Parameters
    ----------
    rates : mapping of int to float, optional
        Year to RUB per USD of your own, for years without a mean rate in the facts.

    Returns
    -------
    DataFrame
        Index year; ``period, line, reported, ours, gap, gap_pct`` (of reported), one column a
        part, ``unexplained, unexplained_pct, missing`` (parts without a figure, or why there is
        no bridge). Money in RUB bn.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> residuals([2021], t.flows(), t.financials(None), t.facts).index.tolist()
    [2021]
    """
    rows = {}
    for year in years:
        own = (rates or {}).get(year)
        rows[year] = _residual(year, flows, statements, tables, own, modelled)
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("year")


def _residual(
    year: int,
    flows: xr.Dataset,
    statements: pd.DataFrame,
    tables: Tables,
    rate: float | None,
    modelled: Mapping[str, pd.Series] | None,
) -> dict[str, Any]:
    """Return the row of one year: the first of year, nine months, half-year that has a line."""
    texts = []
    for period in (str(year), f"{year}M9", f"{year}H1"):
        try:
            table = itemise(period, flows, statements, tables, rate=rate, modelled=modelled)
        except DataError as error:
            texts.append(error.faults[0].split(";")[0])
            continue
        money = dict(zip(table["part"], table["rub_bn"], strict=True))
        share = dict(zip(table["part"], table["share"], strict=True))
        lacking = [name for name, value in money.items() if np.isnan(value)]
        return {
            "period": period, "line": line_of(period, statements, tables["prices"]).name, **money,
            "gap_pct": share["gap"] * 100, "unexplained_pct": share["unexplained"] * 100,
            "missing": "; ".join(lacking),
        }  # fmt: skip
    return {"period": "", "missing": "; ".join(dict.fromkeys(texts))}


def change(earlier: pd.DataFrame, later: pd.DataFrame) -> pd.DataFrame:
    """Split the change of export revenue between two years into volume, price and rate.

    Parameters
    ----------
    earlier, later : DataFrame
        Two tables of `bridge`.

    Returns
    -------
    DataFrame
        Index ``volume, price, rate, total``; ``rub_bn``. Volume at the earlier price and rate,
        then price at the later volume, then rate: the three add up to the total exactly. Only
        gas with a price in its own year counts.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> parts = change(t.bridge(2021), t.bridge(2022))["rub_bn"]
    >>> bool(abs(parts["volume"] + parts["price"] + parts["rate"] - parts["total"]) < 1e-6)
    True
    """
    v0, p0, r0 = _means(earlier)
    v1, p1, r1 = _means(later)
    volume, price, rate = (v1 - v0) * p0 * r0, v1 * (p1 - p0) * r0, v1 * p1 * (r1 - r0)
    values = [volume, price, rate, v1 * p1 * r1 - v0 * p0 * r0]
    return pd.DataFrame({"rub_bn": values}, index=["volume", "price", "rate", "total"])


def _means(table: pd.DataFrame) -> tuple[float, float, float]:
    """Return priced bcm, USD/1000 m3 and thousand RUB per USD of all exports."""
    total = table[(table["kind"] == "market") & (table["line"] == "all exports")].iloc[0]
    return total["musd"] / total["price"], total["price"], total["rub_bn"] / total["musd"]


def story(year: str | int, table: pd.DataFrame, items: pd.DataFrame | None = None,
          earlier: tuple[str, pd.DataFrame] | None = None) -> str:  # fmt: skip
    """Tell a year in a few sentences: what was sold, for how much, what was reported, what is left.

    Parameters
    ----------
    table : DataFrame
        From `bridge` for the year.
    items : DataFrame, optional
        From `itemise` for the year.
    earlier : tuple of str and DataFrame, optional
        A year to compare with and its `bridge`.

    Examples
    --------
    >>> import energy
    >>> story(2021, energy.load().bridge(2021)).startswith("2021: ")
    True
    """
    total = table[(table["kind"] == "market") & (table["line"] == "all exports")].iloc[0]
    said = [f"{year}: {total['bcm']:.0f} bcm left Russia by pipe; what has a price brought "
            f"USD {total['musd'] / 1000:.1f} bn, {total['price']:.0f} a thousand m3, or "
            f"RUB {total['rub_bn']:,.0f} bn."]  # fmt: skip
    if earlier is not None:
        parts = change(earlier[1], table)["rub_bn"]
        said.append(f"Against {earlier[0]} that is RUB {parts['total']:+,.0f} bn: volume "
                    f"{parts['volume']:+,.0f}, price {parts['price']:+,.0f}, rate {parts['rate']:+,.0f}.")  # fmt: skip
    if items is not None:
        money = dict(zip(items["part"], items["rub_bn"], strict=True))
        notes = dict(zip(items["part"], items["note"], strict=True))
        share = money["unexplained"] / money["reported"]
        said.append(f"Reported ({notes['reported']}): RUB {money['reported']:,.0f} bn, "
                    f"{money['gap']:+,.0f} beside ours; unexplained {money['unexplained']:+,.0f} "
                    f"({share:+.0%}), {notes['unexplained'] or 'all parts known'}.")  # fmt: skip
    results = table[table["kind"] == "result"]
    said += [
        _result_sentence(note, money)
        for note, money in zip(results["note"], results["rub_bn"], strict=True)
    ]
    return " ".join(said)


def _result_sentence(note: str, rub_bn: float) -> str:
    if np.isnan(rub_bn):
        return f"Result, {note}."
    word = "profit" if rub_bn >= 0 else "loss"
    return f"Result, {note}: a {word} of RUB {abs(rub_bn):,.0f} bn."
