"""How a shown number is made: every step from figures as published to a cell of the cube."""

from __future__ import annotations

import datetime as dt
import json
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy import facts, flows
from energy.balance import cube as cubes
from energy.balance import kept
from energy.errors import PeriodError, UnknownName
from energy.finance import netback
from energy.finance import revenue as worth_of
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.provenance import apart

COLUMNS = [
    "quantity",
    "month",
    "id",
    "value",
    "unit",
    "basis",
    "bcm",
    "taken",
    "share",
    "part",
    "how",
]
SPREAD = "({value:g} {unit} {basis} = {bcm:.6g} bcm at 20 °C, less {taken:.6g} told by shorter figures) x {share:.6g}"
PLACE = ["route", "period"]
ALL = "all"  # the sum over all markets abroad
HOME = "kaliningrad"  # Russia: a market, but no export
WHOLE, NEARLY = 1 - 1e-6, 0.999  # coverage from which a utilisation, an idle capacity is known


def explain(
    tables: facts.Tables,
    cube: xr.Dataset,
    prices: pd.DataFrame,
    route: str,
    period: str,
    lengths: pd.Series | None = None,
) -> pd.DataFrame:
    """Return the steps behind every number of a route in a period.

    Parameters
    ----------
    tables : Tables
        The facts.
    cube : Dataset
        The quarters, from `energy.flows.build`, priced, in bcm at 20 °C.
    prices : DataFrame
        From `energy.finance.prices.by_market`.
    route : str
        Route id.
    period : str
        A month, quarter, calendar year or gas year.
    lengths : Series, optional
        Route to km of the mapped line, as for `energy.finance.netback.netback`.

    Returns
    -------
    DataFrame
        One row a step: ``quantity`` (flow, coverage, capacity, utilisation, idle, price, revenue,
        netback; ``doubt`` and ``printed``, a figure of the cell that is not what is shown, with the
        reason)``, month`` (or first day of the quarter)``, id`` (cite it)``, value, unit, basis``
        as published, ``bcm`` (the figure at 20 °C)``, taken, share, part, how``. The parts of a
        quantity add up to it, to the last digit; only ``part`` of price and netback is that of each
        quarter, in USD/1000 m3. ``how`` of a derived number says so.

    Raises
    ------
    PeriodError
        For a period without any figure.

    Examples
    --------
    >>> import energy
    >>> from energy.finance import prices
    >>> t = energy.load()
    >>> table = prices.by_market(t.facts["prices"], t.facts["volumes"])
    >>> steps = explain(t.facts, t.flows(), table, "blue-stream", "2024Q1")
    >>> "flow" in " ".join(steps["quantity"])
    True
    """
    span = periods.parse(period)
    last = str(span.end - dt.timedelta(days=1))
    flow = flows.parts(tables, route, str(span.start), last).assign(period=str(span))
    route_facts = tables["route-facts"]
    found = [
        _flow(flow, route_facts),
        _coverage(flow),
        _capacity(route_facts[route_facts["route"] == route], [span]),
    ]
    if "balanced" in cube:
        cell = cubes.flow_cube(tables, span.freq, first=str(span), last=str(span))
        found[0] = _with_balance(found[0], cell.sel(route=[route]), tables)
        found += [_doubts(tables, route, span), _apart(tables, route, span)]
    if span.freq in ("Q", "A", "G"):
        quarters = pd.DatetimeIndex(cube["period"].values)
        inside = (quarters >= pd.Timestamp(span.start)) & (quarters < pd.Timestamp(span.end))
        found += _money(cube.sel(route=[route]).isel(period=inside), tables, prices, lengths)
    steps = _joined([rows.assign(period=str(span)) for rows in found])
    return _with_derived(steps)[COLUMNS].reset_index(drop=True)


def ledger(
    tables: facts.Tables, cube: xr.Dataset, prices: pd.DataFrame, lengths: pd.Series | None = None
) -> pd.DataFrame:
    """Return the steps behind every number of every quarter of the cube; see `explain`.

    Returns
    -------
    DataFrame
        ``route, period`` (``2024Q1``) and the columns of `explain`.
    """
    spans = [
        periods.containing(stamp.date(), "Q") for stamp in pd.DatetimeIndex(cube["period"].values)
    ]
    names = cube["route"].values.tolist()
    flow = flows.parts(tables, names, str(spans[0]), str(spans[-1]))
    flow["period"] = [str(periods.containing(day, "Q")) for day in flow["month"]]
    found = [
        _flow(flow, tables["route-facts"]),
        _coverage(flow),
        _capacity(tables["route-facts"], spans),
    ]
    if "balanced" in cube:
        found[0] = _with_balance(found[0], cube, tables)
    found += [
        rows.assign(period=[str(periods.containing(day, "Q")) for day in rows["month"]])
        for rows in _money(cube, tables, prices, lengths)
    ]
    return _with_derived(_joined(found))


def _joined(found: list[pd.DataFrame]) -> pd.DataFrame:
    steps = pd.concat([rows for rows in found if len(rows)] or found[:1], ignore_index=True)
    return steps.reindex(columns=[*PLACE, *COLUMNS]).fillna({"id": ""})


def _flow(parts: pd.DataFrame, route_facts: pd.DataFrame) -> pd.DataFrame:
    """Say how each part comes about; a zero says since when, or until when, there is none."""
    rows = route_facts[route_facts["attribute"].isin(["start", "stop"])]
    dated = dict(zip(rows["id"], rows["attribute"] + " of " + rows["value"], strict=True))
    how = [
        f"closed by a dated fact, {dated[row['id']]}: a stated zero"
        if pd.isna(row["value"])
        else SPREAD.format_map(row)
        for row in parts.to_dict("records")
    ]
    return parts.assign(quantity="flow", how=how)


def _with_balance(steps: pd.DataFrame, cube: xr.Dataset, tables: facts.Tables) -> pd.DataFrame:
    """Name published steps ``reported`` where the balance stands for them; add its months.

    A balanced flow is no arithmetic on a few figures: every measurement of the system bears on
    it. `energy.balance.kept.result` makes it again; its verdicts name the figures.
    """
    freq = cube.attrs["freq"]
    said = cube["balanced"].transpose("route", "period").to_series()
    cells = said.index[said.notna()]
    shown = {(route, str(periods.containing(day.date(), freq))) for route, day in cells}
    mine = [cell in shown for cell in zip(steps["route"], steps["period"], strict=True)]
    steps = steps.assign(quantity=np.where(mine, "reported", steps["quantity"]))
    months = cubes.months(tables, sorted({route for route, _ in cells}), freq)
    kept = [cell in shown for cell in zip(months["route"], months["period"], strict=True)]
    made = months[kept].assign(
        quantity="flow", unit="bcm", basis="20C", taken=0.0, share=1.0, how=BALANCED
    )
    return pd.concat([steps, made], ignore_index=True)


BALANCED = (
    "derived: balanced month, reconciled with every published figure; `energy check --balance`"
)


class _Doubt(NamedTuple):
    """A figure beside what all others make of it, bcm."""

    id: str
    value: float
    without: float
    without_error: float
    verdict: str
    by: str
    cause: str


def _doubts(tables: facts.Tables, route: str, span: periods.Period) -> pd.DataFrame:
    """Return the figures of a route and span that the rest of the balance does not bear out."""
    verdicts = kept.result(tables).verdicts
    verdicts = verdicts[(verdicts["entity"] == route) & (verdicts["verdict"] != "agrees")]
    near = [periods.overlap(periods.parse(text), span) > 0 for text in verdicts["period"]]
    if not any(near):
        return pd.DataFrame(columns=["route", *COLUMNS])
    rows = [
        {"quantity": "doubt", "route": route, "month": span.start, "id": row.id, "bcm": row.value,
         "how": f"{row.verdict}: {row.value:.4g} bcm printed, {row.without:.4g} ± {row.without_error:.2g} by the others"
         + (f" ({row.by.replace(';', ', ')})" if row.by else "") + (f"; {row.cause}" if row.cause else "")}
        for row in rows_of(verdicts[near], _Doubt)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["route", *COLUMNS])


def _apart(tables: facts.Tables, name: str, span: periods.Period) -> pd.DataFrame:
    """Return why a cell does not show what is printed for it; see `energy.provenance.apart`."""
    said = apart.sentences(tables, name, span)
    said = said.assign(quantity="printed", route=name, month=span.start)
    return said.reindex(columns=["route", *COLUMNS])


def _coverage(parts: pd.DataFrame) -> pd.DataFrame:
    """Return what each month adds to the share of the period's days that the figures cover."""
    months = pd.to_datetime(parts["month"])
    days = months.dt.days_in_month
    part = parts["coverage"].astype(float) * days / _lengths(parts["period"]).astype(float)
    how = "derived: days of the month that the figure covers, over the days of the period"
    kept = parts[["route", "period", "month", "id"]]
    return kept.assign(quantity="coverage", share=parts["coverage"], part=part, how=how)


def _lengths(labels: pd.Series) -> pd.Series:
    """Return the days of each period."""
    return labels.map({text: periods.days(periods.parse(text)) for text in labels.unique()})


def _capacity(route_facts: pd.DataFrame, spans: list[periods.Period]) -> pd.DataFrame:
    """Return the dated capacities of each span, each with its share of a year."""
    held = flows.capacity_parts(route_facts, [(span.start, span.end) for span in spans])
    rows = [
        {"quantity": "capacity", "route": row.route, "period": str(spans[p]), "month": begin,
         "id": row.id, "value": float(row.value),
         "unit": row.unit, "basis": row.basis, "share": years, "part": float(row.value) * years,
         "how": f"{row.value} {row.unit} for {years:.6g} years from {begin}"}
        for row, p, begin, years in held
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=[*PLACE, *COLUMNS])


EARNED = "derived: flow in bcm x price in USD/1000 m3 = million USD"
ENDS = ("revenue_p10", "revenue_p90")


def _interval(worth: pd.DataFrame) -> list[str]:
    """Return the words of the interval of each revenue; none where it has none."""
    ends = worth[list(ENDS)].itertuples(index=False, name=None)
    return ["" if pd.isna(low) else f"; P10–P90 {low:.4g}–{high:.4g}" for low, high in ends]


def _money(
    cube: xr.Dataset, tables: facts.Tables, prices: pd.DataFrame, lengths: pd.Series | None
) -> list[pd.DataFrame]:
    """Return the price of each quarter, what its gas was worth and what was left at the field."""
    names = [name for name in ("flow", "market", *ENDS) if name in cube]
    cells = (
        cube[names].to_dataframe().reset_index().reindex(columns=[*PLACE, "flow", "market", *ENDS])
    )
    priced = cells.merge(prices, on=["market", "period"])
    priced = priced.rename(columns={"price": "value"}).assign(
        basis="20C", month=priced["period"].dt.date
    )
    sold = priced[~worth_of.without_gas(priced["flow"])]  # of no gas there is no price
    price = sold.assign(quantity="price", part=sold["value"], how=sold["reason"])
    worth = priced[priced["flow"].notna()]
    revenue = worth.assign(quantity="revenue", bcm=worth["flow"], part=worth["flow"] * worth["value"],
                           how=[EARNED + ends for ends in _interval(worth)])  # fmt: skip
    left = netback.charges(cube, tables, lengths=lengths)
    left["how"] = "derived: " + left["item"] + (": " + left["note"]).where(left["note"] != "", "")
    left = left.rename(columns={"source": "id", "usd": "part"}).assign(
        quantity="netback", month=pd.to_datetime(left["period"]).dt.date, unit="USD/1000 m3"
    )
    columns = ["route", *COLUMNS]
    return [rows.reindex(columns=columns) for rows in (price, revenue, left)]


def _with_derived(steps: pd.DataFrame) -> pd.DataFrame:
    """Add utilisation and idle capacity, out of the sums of the steps before."""
    sums = steps.pivot_table(index=PLACE, columns="quantity", values="part", aggfunc="sum")
    sums = sums.reindex(columns=["flow", "coverage", "capacity"]).dropna(
        subset=["flow", "capacity"]
    )
    said = steps.loc[steps["how"] == BALANCED, PLACE].drop_duplicates()
    whole = sums.index.isin(pd.MultiIndex.from_frame(said))
    used = sums[((sums["coverage"] > WHOLE) | whole) & (sums["capacity"] > 0)]
    rows = [used.assign(quantity="utilisation", part=used["flow"] / used["capacity"],
                        how="derived: flow / capacity")]  # fmt: skip
    held = sums[(sums["coverage"] > NEARLY) | whole].assign(quantity="idle")
    rows.append(held.assign(part=held["capacity"], how="derived: capacity …"))
    rows.append(held.assign(part=-held["flow"], how="derived: … less flow"))
    return _joined([steps, *(part.reset_index() for part in rows)])


class _Cell(NamedTuple):
    """A flow of one route and period, and the market it goes to."""

    route: str
    market: str
    period: pd.Timestamp
    flow: float


def of_market(cube: xr.Dataset, routes: pd.DataFrame, market: str) -> pd.DataFrame:
    """Return the routes whose flows make up the flow to a market.

    Parameters
    ----------
    cube : Dataset
        Any frequency, in bcm at 20 °C.
    routes : DataFrame
        The table of facts.
    market : str
        A market, or ``all`` for every one abroad.

    Returns
    -------
    DataFrame
        The columns of `explain`; ``id`` is the address of a route's cell (``blue-stream@2024``).

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> table = of_market(t.flows(freq="A"), t.facts["routes"], "china")
    >>> table["id"].str.split("@").str[0].unique().tolist()
    ['power-of-siberia-1']
    """
    inner = cube[["flow", "market"]].where(flows.last_split(cube, routes))
    cells = inner.to_dataframe().reset_index().dropna(subset="flow")
    mine = cells["market"].isin({*cells["market"]} - {HOME, ""} if market == ALL else {market})
    freq = cube.attrs["freq"]
    rows = [
        {"quantity": "flow", "month": row.period.date(), "unit": "bcm", "basis": "20C",
         "id": f"{row.route}@{periods.containing(row.period.date(), freq)}",
         "bcm": row.flow, "part": row.flow,
         "how": f"derived: a last known split of the gas, to {row.market}"}
        for row in rows_of(cells[mine], _Cell)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


class _Part(NamedTuple):
    """A crossing of the balance and its flow, bcm."""

    arc: str
    route: str
    flow: float


def of_balance(tables: facts.Tables, market: str, period: str) -> pd.DataFrame:
    """Return the crossings whose balanced flows make up a market; see `of_market`.

    Examples
    --------
    >>> table = of_balance(facts.load(), "china", "2021")
    >>> len(table) > 0
    True
    """
    span = periods.parse(period)
    parts = cubes.market_parts(tables, market, span.freq)
    parts = parts[parts["period"] == pd.Timestamp(span.start)]
    rows = [
        {"quantity": "flow", "month": span.start, "unit": "bcm", "basis": "20C",
         "id": f"{row.route}@{span}" if row.route else "", "bcm": row.flow, "part": row.flow,
         "how": f"derived: balanced flow of {row.arc}"}
        for row in rows_of(parts, _Part) if round(row.flow, 9)
    ]  # fmt: skip
    if not rows:
        raise PeriodError(f"The balance has no flow to {market} in {period}.")
    said = _apart(tables, market, span)[COLUMNS]
    return pd.concat([pd.DataFrame(rows, columns=COLUMNS), *([said] if len(said) else [])],
                     ignore_index=True)  # fmt: skip


class _Line(NamedTuple):
    """A line of the accounts as `energy.finance.accounts.statements` gives it."""

    id: str
    standard: str
    metric: str
    segment: str
    value: float
    unit: str
    derived: bool
    alternatives: str


def reported(statements: pd.DataFrame, metric: str, period: str) -> pd.DataFrame:
    """Return the reported lines of the accounts for a metric and period.

    Parameters
    ----------
    statements : DataFrame
        From `energy.finance.accounts.statements`.

    Raises
    ------
    PeriodError
        If the metric has no figure for the period; those that have one are named.

    Examples
    --------
    >>> import energy
    >>> table = reported(energy.load().financials(), "net_profit_attributable", "2023")
    >>> len(table)
    1
    """
    mine = statements[statements["metric"] == metric]
    found = mine[mine["period"] == period]
    if found.empty:
        known = ", ".join(dict.fromkeys(mine["period"]))
        raise PeriodError(f"'{metric}' has no figure for {period!r}; it has one for {known}.")
    rows = [
        {"quantity": f"{row.standard} {row.metric}, {row.segment}", "id": row.id, "value": row.value,
         "unit": row.unit, "part": row.value,
         "how": ("derived: arithmetic on printed figures" if row.derived else "as printed")
         + (f"; beside it {row.alternatives.replace(';', ', ')}" if row.alternatives else "")}
        for row in rows_of(found, _Line)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def projected(result: xr.Dataset, scenario: str, route: str, period: str) -> pd.DataFrame:
    """Return what a projected number rests on: draws, seed, and every assumption that bears on it.

    Parameters
    ----------
    result : Dataset
        From `energy.projection.project`.
    scenario, route, period : str
        A quarter or a calendar year of it.

    Returns
    -------
    DataFrame
        The columns of `explain`: the quantiles (``flow p50`` …), then a row an assumption, ``id``
        its source where it has one.

    Raises
    ------
    UnknownName, PeriodError
        For what `result` does not hold.
    """
    for dim, name in (("scenario", scenario), ("route", route)):
        if name not in result[dim].values:
            raise UnknownName(dim, name, map(str, result[dim].values))
    cell = _projected_cell(result.sel(scenario=scenario, route=route), period)
    attrs, rows = result.attrs, []
    again = (
        f"{attrs['draws']} draws, seed {attrs['seed']}, known on {attrs['as_of']}; made again by "
    )
    again += f"t.project(draws={attrs['draws']}, seed={attrs['seed']})"
    for name, values in cell.items():
        rows += [{"quantity": f"{name} p{100 * level:g}", "id": "", "part": float(value),
                  "how": f"derived: quantile {level:g} of {again}"}
                 for level, value in zip(result["quantile"].values, values, strict=True)]  # fmt: skip
    answers = json.loads(attrs["answers"]).get(scenario)
    others = {str(name) for name in result["route"].values} - {route}
    rows += [
        {"quantity": "assumption", "id": line.get("source", ""), "value": line["value"],
         "how": f"{line['where']}: {line.get('assumption', 'as the source says')}"}
        for line in json.loads(attrs["assumptions"])
        if _bears(line["where"], others, answers)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=COLUMNS)


def _projected_cell(result: xr.Dataset, period: str) -> dict[str, np.ndarray]:
    """Return flow and revenue of a quarter or a year, each at all quantiles."""
    span = periods.parse(period)
    suffix, dim = ("_year", "year") if span.freq == "A" else ("", "period")
    at = span.start.year if suffix else pd.Timestamp(span.start)
    if span.freq not in ("A", "Q") or at not in result[dim].to_index():
        ends = result[dim].to_index()[[0, -1]]
        first, last = ends if suffix else (periods.containing(d.date(), "Q") for d in ends)
        raise PeriodError(f"Nothing is projected for {period!r}; it is for {first} to {last}.")
    names = [name for name in ("flow", "revenue") if f"{name}{suffix}" in result]
    return {name: result[f"{name}{suffix}"].sel({dim: at}).values for name in names}


def _bears(where: str, others: set[str], answers: dict[str, str] | None) -> bool:
    """Tell whether an assumption bears on a route, given the answers of its scenario."""
    room, *rest = where.split(".")
    if room == "route":
        return rest[0] not in others
    if room == "question" and answers is not None and answers.get(rest[0]) != rest[2]:
        return False
    _, _, names = where.partition("[")
    return names.split(" ")[0] not in others
