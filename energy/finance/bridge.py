"""From the pipes to the accounts: export revenue by route beside what Gazprom reported.

Revenue is flow times border price; the accounts count something wider and say it in roubles. The
gap between the two is shown with its reason, never spread away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from energy import periods, units
from energy.errors import DataError, PeriodError, UnitError
from energy.observations import STATUS, rows_of

COLUMNS = ["line", "kind", "bcm", "price", "musd", "rub_bn", "status", "source", "note"]

TEXTS = ("market", "status", "price_status", "sources", "price_source")
NO_MARKET = "no market named"
NOT_EXPORT = {"kaliningrad": "Kaliningrad is Russia: no export, no price"}
FORMER_USSR = frozenset({
    "armenia", "azerbaijan", "belarus", "central-asia", "former-ussr", "georgia", "kazakhstan",
    "kyrgyzstan", "moldova", "tajikistan", "turkmenistan", "ukraine", "uzbekistan",
})  # fmt: skip
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
    """RUB per USD of a year and, where all four are known, of its quarters."""

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
    rate: float | None = None,
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
    rate : float, optional
        RUB per USD of your own where the facts have none for the year.

    Returns
    -------
    DataFrame
        ``line, kind, bcm, price`` (USD/1000 m3)``, musd`` (million USD)``, rub_bn, status, source``
        (ids)``, note``. Kinds: ``route``, ``market`` (and their total), ``reported`` (lines of the
        accounts), ``gap`` (reported less ours, positive: reported is more), ``result`` (net
        profit). Missing is NaN: a route without a price has no revenue, not zero. A sum leaves
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
    cells = _cells(cube, number, exchange)
    parts = [_sums(cells, "route"), _sums(cells, "market"), _total(cells)]
    parts += [_lines(reported, exchange), _gaps(cells, reported, exchange, number)]
    parts += [_result(statements, number, exchange)]
    return pd.DataFrame([row for part in parts for row in part], columns=COLUMNS)


def _counted(flows: xr.Dataset, routes: pd.DataFrame | None) -> xr.Dataset:
    """Return the routes that count: exports, each gas once."""
    if routes is None:
        return flows
    export = set(routes.loc[routes["role"] == "export", "route"])
    return flows.sel(route=[name for name in flows["route"].to_numpy() if name in export])


def _reported(statements: pd.DataFrame, year: int) -> pd.DataFrame:
    """Return the annual rouble lines of the IFRS accounts that can stand beside exports."""
    rows = statements[(statements["freq"] == "A") & (statements["unit"] == "RUB bn")]
    rows = rows[(rows["period"] == str(year)) & (rows["standard"] == "IFRS")]
    return rows[rows["metric"].isin({"net_sales_of_gas", "gas_sales_outside_russia"})]


def _rate(fx: pd.DataFrame, year: int, own: float | None) -> Rate | None:
    """Return the mean rate of the year, with its quarters where all four are known."""
    if own is not None:
        return Rate(own, {}, "", f"at {own:g} RUB/USD, given by the caller")
    means = fx[fx["kind"] == "mean"]
    annual = means[(means["freq"] == "A") & (means["period"] == str(year))]
    if annual.empty:
        return None
    # several pages may print one mean: the one with the most digits is the least rounded
    best = max(rows_of(annual), key=lambda row: (len(f"{row.value:.10g}"), row.id))
    names = {f"{year}Q{q}": q for q in range(1, 5)}
    found = means[means["period"].isin(names)]
    if len(found) < 4:
        return Rate(best.value, {}, best.id, f"at {best.value:g} RUB/USD, mean of the year")
    quarters = {names[row.period]: row.value for row in rows_of(found)}
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

    Columns ``route, market, bcm, musd, rub_bn, status, source, rate_note``.
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
        _worst(pair) for pair in zip(table["status"], table["price_status"], strict=True)
    ]
    table["market"] = table["market"].where(table["market"] != "", NO_MARKET)
    table["source"] = table["sources"] + ";" + table["price_source"] + ";" + exchange.ids
    table["rate_note"] = exchange.note if by_quarter or not exchange.quarters else (
        f"at {exchange.year:g} RUB/USD, mean of the year")  # fmt: skip
    return table[["route", "market", "bcm", "musd", "rub_bn", "status", "source", "rate_note"]]


def _roubles(musd, rate):
    return units.convert(musd, "million USD", "RUB bn", rate=rate)


def _dollars(rub_bn: float, rate: float) -> float:
    return float(units.convert(rub_bn, "RUB bn", "million USD", rate=rate))


def _worst(names: Iterable[str]) -> str:
    """Return the weakest standing among several."""
    known = [name for name in names if name in STATUS]
    return max(known, key=STATUS.index, default="")


def _ids(texts: Iterable[str]) -> str:
    return ";".join(sorted({part for text in texts for part in text.split(";") if part}))


def _sums(cells: pd.DataFrame, kind: str) -> list[tuple]:
    """Return one row a route or market, in the order of the cube."""
    parts = cells.groupby(kind, sort=kind == "market")
    return [_sum(str(name), kind, part) for name, part in parts]


def _total(cells: pd.DataFrame) -> list[tuple]:
    exported = cells[~cells["market"].isin(NOT_EXPORT)]
    return [_sum("all exports", "market", exported)] if len(exported) else []


def _sum(line: str, kind: str, part: pd.DataFrame) -> tuple:
    """Add up one line; gas without a price is left out of the money and named in the note."""
    priced = part["musd"].notna()
    musd, rub_bn = part["musd"].sum(min_count=1), part["rub_bn"].sum(min_count=1)
    volume = part.loc[priced, "bcm"].sum()
    price = musd / volume if volume > 0 else np.nan
    notes = [part["rate_note"].iloc[0]] if priced.any() else []
    bare = part.loc[~priced & (part["bcm"] != 0), ["market", "bcm"]]
    if len(bare):
        why = [NOT_EXPORT[m] for m in NOT_EXPORT if set(bare["market"]) == {m}]
        reason = why[0] if why else f"no price for {', '.join(sorted(set(bare['market'])))}"
        notes.append(f"{bare['bcm'].sum():.2f} bcm left out of the money: {reason}")
    return (line, kind, part["bcm"].sum(min_count=1), price, musd, rub_bn, _worst(part["status"]),
            _ids(part["source"]), "; ".join(notes))  # fmt: skip


def _lines(reported: pd.DataFrame, exchange: Rate) -> list[tuple]:
    """Return the reported lines; their dollars are at the rate of the year."""
    return [
        (f"{row.metric}, {row.segment}", "reported", np.nan, np.nan,
         _dollars(row.value, exchange.year), row.value, row.status, row.id,
         f"IFRS; dollars at {exchange.year:g} RUB/USD")
        for row in rows_of(reported)
    ]  # fmt: skip


def _gaps(cells: pd.DataFrame, reported: pd.DataFrame, exchange: Rate, year: int) -> list[tuple]:
    """Return reported less ours for each line that can be compared, with the reason."""
    near = cells["market"].isin(FORMER_USSR)
    abroad = ~cells["market"].isin(NOT_EXPORT)
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


def _gap(line: pd.Series, ours: pd.DataFrame, exchange: Rate, reason: str, year: int) -> tuple:
    rub_bn = line["value"] - ours["rub_bn"].sum(min_count=1)
    volume = ours["bcm"].sum()
    bare = ours.loc[ours["musd"].isna(), "bcm"].sum()
    notes = [reason] + ([NO_SPLIT] if year >= 2022 else [])
    if volume > 0 and bare > 0:
        notes.append(f"{bare / volume:.0%} of our volume has no price and stands in the gap")
    return (f"{line['metric']}, {line['segment']}, less ours", "gap", np.nan, np.nan,
            _dollars(rub_bn, exchange.year), rub_bn, _worst([line["status"], *ours["status"]]),
            line["id"], "; ".join(notes))  # fmt: skip


def _profit(statements: pd.DataFrame, year: int, standard: str, metric: str, segment: str):
    rows = statements[(statements["standard"] == standard) & (statements["metric"] == metric)]
    rows = rows[(rows["segment"] == segment) & (rows["unit"] == "RUB bn")]
    return rows[rows["period"] == str(year)]


def _result(statements: pd.DataFrame, year: int, exchange: Rate) -> list[tuple]:
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
