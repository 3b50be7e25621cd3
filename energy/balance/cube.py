"""The balance on the cube: balanced flows beside the reported ones, each with its interval."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from energy import flows
from energy.balance.kept import STEPS, Result, result
from energy.errors import UnknownName
from energy.measure import periods, units
from energy.measure.observations import rows_of
from energy.measure.tables import BalanceArc, Tables

PARTS = ("group", "market")
ESTIMATES = ("balanced", "reported")
NOUGHT = 1e-3  # bcm; below it a share of it says nothing
NOT_ABROAD = ("", "russia", "lng", "kaliningrad")  # groups that are no pipeline export


class _Line(NamedTuple):
    """An arc and the route it is."""

    arc: str
    route: str


def flow_cube(
    tables: Tables,
    freq: str = "Q",
    unit: str = "bcm",
    basis: str = "20C",
    first: str | None = None,
    last: str | None = None,
    estimate: str = "balanced",
    built: xr.Dataset | None = None,
) -> xr.Dataset:
    """Build the flow cube with the balance laid over it.

    Parameters
    ----------
    tables, freq, unit, basis, first, last
        As in `energy.flows.build`.
    estimate : {"balanced", "reported"}
        What ``flow`` is: the reconciled estimate, or the published figure chosen for the cell.
    built : Dataset, optional
        What `energy.flows.build` returns for the same arguments, where it is there already.

    Returns
    -------
    xarray.Dataset, dims (route, period)
        The cube of `energy.flows.build` with ``flow_p10, flow_p90`` (the interval of the balance),
        ``balanced``, ``reported`` (of the days ``coverage`` speaks of), ``reported_status`` (its
        own standing, "" where nothing is published) and the coordinate
        ``additive`` (true where a route may be added to the others: each export counted once).
        A balanced cell has the status ``balanced``; where the balance says nothing the published
        figure stands with its own.

    Raises
    ------
    UnknownName
        For another estimate.

    Examples
    --------
    >>> import energy
    >>> cube = flow_cube(energy.load().facts, "A", first="2021", last="2021")
    >>> sorted({"flow", "flow_p10", "flow_p90", "reported"} & set(cube))
    ['flow', 'flow_p10', 'flow_p90', 'reported']
    """
    if estimate not in ESTIMATES:
        raise UnknownName("estimate", estimate, ESTIMATES)
    cube = built or flows.build(tables, freq, unit, basis, first, last)
    found = result(tables)
    routes = [str(route) for route in cube["route"].values]
    inner = _inner(found, tables["balance-arcs"], routes, cube)
    cube.attrs["apart"] = _scope_sentence(tables)
    made = flows.to_unit(inner, unit, basis, tables["route-facts"])
    return _lay(cube, made, inner["balanced"].round(3) != 0, tables["routes"], estimate)


def _inner(found: Result, arcs: pd.DataFrame, routes: list[str], cube: xr.Dataset) -> xr.Dataset:
    """Return the balance on the grid of a cube, bcm at 20 °C; NaN where it says nothing."""
    freq, days = cube.attrs["freq"], pd.DatetimeIndex(cube["period"].values)
    arc_of = {row.route: row.arc for row in rows_of(arcs, _Line) if row.route}
    shape = (len(routes), len(days))
    values = {name: np.full(shape, np.nan) for name in ("balanced", "flow_p10", "flow_p90")}
    for r, route in enumerate(routes):
        if route not in arc_of:
            continue
        table = found.table(arc_of[route], freq).reindex(days)
        for name, column in (("balanced", "flow"), ("flow_p10", "p10"), ("flow_p90", "p90")):
            values[name][r] = table[column].to_numpy()
    dims = ("route", "period")
    coords = {"route": cube["route"], "period": cube["period"]}
    return xr.Dataset({name: (dims, held) for name, held in values.items()}, coords=coords,
                      attrs={"freq": freq})  # fmt: skip


def _lay(
    cube: xr.Dataset, made: xr.Dataset, moves: xr.DataArray, routes: pd.DataFrame, estimate: str
) -> xr.Dataset:
    """Lay the balance over the cube."""
    # before a pipe was built there is nothing to balance; a zero of the reported cube is a fact
    built = cube["flow_status"] != "not-built"
    proposed = cube["flow_status"].isin(["proposed", "construction", "cancelled"])
    said = made["balanced"].notnull() & built & ~proposed
    balanced = made["balanced"].where(said)
    names = {
        "balanced": balanced,
        "reported": cube["flow"],
        "reported_status": cube["status"].where(cube["flow"].notnull(), ""),
        "flow_p10": made["flow_p10"].where(said),
        "flow_p90": made["flow_p90"].where(said),
    }
    cube = cube.assign(names)
    if estimate == "balanced":
        whole = cube["coverage"] > 0.999  # a zero of some days says nothing of the others
        shut = said & whole & (cube["flow"] == 0) & (balanced.round(6) == 0)
        cube["flow"] = balanced.where(said, cube["flow"]).assign_attrs(cube["flow"].attrs)
        status = np.where((said & ~shut).to_numpy(), "balanced", cube["status"].to_numpy())
        cube["status"] = (cube["status"].dims, status.astype(object), cube["status"].attrs)
        size = cube["capacity"].where(cube["capacity"] > 0)
        use = (cube["flow"] / size).where(said, cube["utilisation"])
        cube["utilisation"] = use.assign_attrs(cube["utilisation"].attrs)
        cube["flow_status"] = _with_known_status(cube, moves)
    role = routes.set_index("route")["role"].reindex(cube["route"].values)
    cube = cube.assign_coords(additive=("route", (role == "export").to_numpy()))
    unit = cube["flow"].attrs.get("units", "")
    for name, words in WORDS.items():
        cube[name].attrs = {"long_name": words, "units": unit}
    cube["reported_status"].attrs = {"long_name": "Standing of the published flow"}
    cube.attrs["estimate"] = estimate
    return cube


def _with_known_status(cube: xr.Dataset, moves: xr.DataArray) -> xr.DataArray:
    """Call a line flowing or idle where the balance knows what nobody has published."""
    state = cube["flow_status"]
    known = (state == "unknown") & cube["flow"].notnull()
    word = xr.DataArray(np.where(moves, "flowing", "idle"), moves.coords, moves.dims)
    return state.where(~known, word).astype(object).assign_attrs(state.attrs)


def beside_the_lines(tables: Tables, freq: str = "A") -> pd.DataFrame:
    """Return what separates the sum over the additive routes from the exports, bcm at 20 °C.

    Exports end at markets, routes are lines: gas to a market that no line here leads to is exported
    all the same, and a line to Kaliningrad carries gas that stays in Russia.

    Parameters
    ----------
    tables : Tables
    freq : {"A", "Q", "M", "G"}

    Returns
    -------
    DataFrame
        Index: first days of the periods; a column for each exit, positive where it is an export
        without a line, negative where a line to it exports nothing. Exports less the row's sum
        are the sum over the additive routes.
    """
    found = result(tables)
    return pd.DataFrame({
        arc: found.table(arc, freq)["flow"] * sign for arc, sign in _scope_difference(tables).items()
    })  # fmt: skip


def _scope_sentence(tables: Tables) -> str:
    """Return what separates the additive routes from exports, in a sentence."""
    sign = _scope_difference(tables)
    less, more = ([arc for arc, s in sign.items() if s == side] for side in (-1, 1))
    return (f"exports are the additive routes less {', '.join(less)} (a line's gas that is no "
            f"export) and with {', '.join(more)} (exported by no line here)")  # fmt: skip


def _scope_difference(tables: Tables) -> dict[str, float]:
    """Return the exits that only one of two counts: +1 exports, -1 the sum over additive routes."""
    arcs = list(rows_of(tables["balance-arcs"], BalanceArc))
    role = tables["routes"].set_index("route")["role"].to_dict()
    lines = [arc for arc in arcs if role.get(arc.route) == "export"]
    # a market may lie some onward lines behind the border
    ends, size = {arc.to_node for arc in lines} - {""}, -1
    while size != len(ends):
        size = len(ends)
        ends |= {arc.to_node for arc in arcs if arc.from_node in ends} - {""}
    parts = {}
    for arc in arcs:
        abroad = arc.group not in NOT_ABROAD
        by_line = arc.from_node in ends or arc.to_node in ends or role.get(arc.route) == "export"
        if arc.group and arc.group not in ("russia", "lng") and abroad != by_line:
            parts[arc.arc] = 1.0 if abroad else -1.0
    return parts


WORDS = {
    "balanced": "Reconciled gas flow of the whole period",
    "reported": "Published gas flow of the days that figures cover",
    "flow_p10": "10th percentile of the reconciled flow",
    "flow_p90": "90th percentile of the reconciled flow",
}


def markets(tables: Tables, freq: str = "A", by: str = "group") -> pd.DataFrame:
    """Return the balance by market, bcm at 20 °C.

    Parameters
    ----------
    tables : Tables
    freq : {"A", "Q", "M", "G"}
    by : {"group", "market"}
        Europe, Turkey, China, ... or the markets inside the groups (the Union and the rest of
        Europe, each country of Central Asia and the Caucasus, each plant of LNG), and the total
        ``exports``.

    Returns
    -------
    DataFrame
        Index ``(market, period)``; ``flow, p10, p90``; the interval of each sum is its own. NaN
        where the gas of a market is counted with another's: see `counted_elsewhere`.

    Examples
    --------
    >>> from energy import facts
    >>> table = markets(facts.load())
    >>> row = table.loc[("exports", "2021-01-01")]
    >>> bool(row["p10"] < row["flow"] < row["p90"])
    True
    """
    if by not in PARTS:
        raise UnknownName("parts of the markets", by, PARTS)
    found = result(tables)
    names = [n for n in found.names if n.startswith(f"{by}:")] + ["exports"]
    parts = {n.removeprefix(f"{by}:"): found.table(n, freq) for n in names}
    if by == "market":
        for name, (opened, _) in counted_elsewhere(tables).items():
            days = pd.DatetimeIndex(parts[name].index)
            unheld = days + pd.DateOffset(months=STEPS[freq]) <= pd.Timestamp(opened)
            parts[name].loc[unheld] = np.nan
        plants = tables["balance-arcs"].query("kind == 'lng'")["arc"]
        parts |= {plant: found.table(plant, freq) for plant in plants}
    return pd.concat(parts, names=["market", "period"])


def counted_elsewhere(tables: Tables) -> dict[str, tuple[str, str]]:
    """Return the markets inside a group whose gas the balance counts with another's at first.

    Before the first arc of a market opens nothing goes to it, which is a zero, unless somebody
    prints gas of that time to a country of just this market: then it came by a crossing that is
    counted whole in another market, and the market's own flow is not known.

    Parameters
    ----------
    tables : Tables

    Returns
    -------
    dict of str to (str, str)
        By market the day from which it is counted apart, and the reason in a sentence.

    Examples
    --------
    >>> from energy import facts
    >>> found = counted_elsewhere(facts.load())
    >>> {market: opened for market, (opened, _) in found.items()}
    {'europe-other': '2021-01-01'}
    """
    arcs, scopes, made = tables["balance-arcs"], tables["balance-scopes"], {}
    volumes = tables["volumes"]
    volumes = volumes[(volumes["value"] > 0) & ~volumes["status"].isin(["plan", "contract"])
                      & volumes["series"].str.startswith(("exports", "imports"))
                      & ~volumes["series"].str.endswith("growth")]  # fmt: skip
    for market, mine in arcs[arcs["market"] != ""].groupby("market"):
        opened = min(mine["valid_from"])
        inside = scopes["arc"].isin(mine["arc"]).groupby(scopes["entity"]).all()
        printed = volumes[volumes["entity"].isin(inside.index[inside])]
        before = [opened >= str(periods.parse(text).end) for text in printed["period"]]
        ids = printed.loc[before, "id"].tolist()
        if ids:
            group = mine["group"].iloc[0]
            made[str(market)] = (opened, (
                f"counted with the rest of {group} before {opened}: no arc of {market} is open, "
                f"yet gas to it is printed ({ids[0]}{' …' if ids[1:] else ''})"))  # fmt: skip
    return made


def cell(
    tables: Tables, name: str, period: str, unit: str = "bcm", basis: str = "20C"
) -> tuple[float, float, float] | None:
    """Return what the balance says of one route or market in one period.

    Parameters
    ----------
    tables : Tables
    name : str
        A route or a group of markets.
    period : str
    unit, basis : str
        As in `energy.flows.build`.

    Returns
    -------
    tuple of float, or None
        Flow, P10 and P90; None where the balance does not speak of the name or the period.
    """
    span = periods.parse(period)
    if span.freq not in STEPS:
        return None
    if name in set(tables["routes"]["route"]):
        cube = flow_cube(tables, span.freq, unit, basis, str(span), str(span)).sel(route=name)
        if not cube.sizes["period"] or np.isnan(cube["flow_p10"].item()):
            return None
        return cube["balanced"].item(), cube["flow_p10"].item(), cube["flow_p90"].item()
    table = market_table(tables, span.freq, unit, basis)
    if name not in table.index or pd.Timestamp(span.start) not in table.columns:
        return None
    wide = [market_table(tables, span.freq, unit, basis, what) for what in ("flow", "p10", "p90")]
    place = (wide[0].index.get_loc(name), wide[0].columns.get_loc(span.start.isoformat()))
    flow, p10, p90 = (float(table.to_numpy()[place]) for table in wide)
    return flow, p10, p90


def months(tables: Tables, routes: list[str], freq: str) -> pd.DataFrame:
    """Return the balanced months of routes: ``route, period`` (text of `freq`)``, month, value, bcm, part``.

    Examples
    --------
    >>> from energy import facts
    >>> table = months(facts.load(), ["power-of-siberia-1"], "Q")
    >>> len(table[table["period"] == "2021Q1"])
    3
    """
    found, arcs = result(tables), tables["balance-arcs"].set_index("route")["arc"]
    rows = []
    for route in routes:
        for stamp, flow in found.table(str(arcs[route]), "M")["flow"].items():
            day = pd.Timestamp(str(stamp)).date()
            rows.append((route, str(periods.containing(day, freq)), day, flow))
    table = pd.DataFrame(rows, columns=["route", "period", "month", "value"])
    return table.assign(bcm=table["value"], part=table["value"], id="")


def market_parts(tables: Tables, market: str, freq: str = "A") -> pd.DataFrame:
    """Return the arcs that make up a market: ``arc, route, period, flow`` (signed, bcm at 20 °C).

    Parameters
    ----------
    tables : Tables
    market : str
        A group of markets, or ``all`` for every one abroad.
    freq : {"A", "Q", "M", "G"}

    Examples
    --------
    >>> from energy import facts
    >>> sorted(set(market_parts(facts.load(), "china")["route"]))[:2]
    ['power-of-siberia-1']
    """
    found, arcs = result(tables), tables["balance-arcs"]
    abroad = ~arcs["group"].isin(NOT_ABROAD)
    mine = arcs[abroad if market == "all" else arcs["group"] == market]
    rows = []
    for arc in rows_of(mine, BalanceArc):
        flow = found.table(arc.arc, freq)["flow"] * (-1.0 if arc.kind == "foreign" else 1.0)
        rows.append(
            pd.DataFrame(
                {"arc": arc.arc, "route": arc.route, "period": flow.index, "flow": flow.to_numpy()}
            )
        )
    return (
        pd.concat(rows, ignore_index=True)
        if rows
        else pd.DataFrame(columns=["arc", "route", "period", "flow"])
    )


def market_rows(
    tables: Tables, cube: xr.Dataset, unit: str = "bcm", basis: str = "20C", as_of: str = ""
) -> pd.DataFrame:
    """Return the balance by market as rows that carry unit, coverage, status and day.

    Parameters
    ----------
    tables : Tables
    cube : Dataset
        From `flow_cube`, of the frequency that is asked.
    unit, basis : str
        As in `market_table`.
    as_of : str
        The day the tables speak of.

    Returns
    -------
    DataFrame
        ``market, period, flow, p10, p90, unit, basis, coverage, whole, status, as_of, total``;
        see `energy.tracker.Tracker.exports`.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> rows = market_rows(t.facts, t.flows(freq="A"))
    >>> {"market", "period", "flow", "coverage", "total"} <= set(rows)
    True
    """
    freq = cube.attrs["freq"]
    made = [_long(tables, freq, unit, basis, what) for what in ("flow", "p10", "p90")]
    table = pd.concat(made, axis=1).reset_index()
    spans = [periods.containing(day.date(), freq) for day in table["period"]]
    plain = _stacked(market_table(tables, freq, total=True))
    share = (_spoken(tables, cube) / plain.where(plain > NOUGHT)).clip(upper=1.0)
    known = share.reindex(pd.MultiIndex.from_frame(table[["market", "period"]])).to_numpy()
    newest = as_of or max(tables["volumes"]["published"], default="")
    end = periods.parse(newest).end if newest else spans[-1].end
    return table.assign(
        period=[str(span) for span in spans], unit=unit, basis=basis, coverage=known,
        whole=[span.end <= end for span in spans], status="balanced", as_of=as_of,
        total=table["market"] == "exports",
    )  # fmt: skip


def _long(tables: Tables, freq: str, unit: str, basis: str, what: str) -> pd.Series[float]:
    """Return one column of the markets and of their total, in a unit, by market and period."""
    table = market_table(tables, freq, unit, basis, what, total=True)
    return _stacked(table).rename(what)


def _stacked(table: pd.DataFrame) -> pd.Series[float]:
    """Return a table as one column by row and column label; pandas says neither type."""
    made: pd.Series[float] = table.stack()  # type: ignore[assignment]  # noqa: PD013
    return made


def _spoken(tables: Tables, cube: xr.Dataset) -> pd.Series[float]:
    """Return the volume by market and period on export routes and days that figures speak of."""
    arcs = tables["balance-arcs"]
    group = dict(zip(arcs["market"], arcs["group"], strict=True)) | {g: g for g in arcs["group"]}
    said = (cube["flow"].fillna(0.0).clip(min=0.0) * cube["coverage"]).where(cube["additive"])
    long = pd.DataFrame({"said": said.to_series(), "market": cube["market"].to_series()})
    long["market"] = [group.get(str(name), "") for name in long["market"]]
    sums = long.reset_index().groupby(["market", "period"])["said"].sum()
    abroad = sums.drop(list(NOT_ABROAD), level="market", errors="ignore")
    total = abroad.groupby("period").sum()
    keyed = pd.concat({"exports": total}, names=["market"])
    both: pd.Series[float] = pd.concat([sums, keyed])
    return both


def market_table(
    tables: Tables,
    freq: str = "A",
    unit: str = "bcm",
    basis: str = "20C",
    what: str = "flow",
    *,
    by: str = "group",
    total: bool = False,
) -> pd.DataFrame:
    """Return flows by market, market by period; the sum abroad is that of `markets`.

    Parameters
    ----------
    tables : Tables
    freq : {"A", "Q", "M", "G"}
    unit, basis : str
        As in `energy.flows.build`; energy by the mean calorific value of ``balance_errors.csv``.
    what : {"flow", "p10", "p90"}
    by : {"group", "market"}
        As in `markets`.
    total : bool
        The row ``exports``, the sum abroad, too.

    Examples
    --------
    >>> from energy import facts
    >>> table = market_table(facts.load(), what="p90") - market_table(facts.load())
    >>> bool(table.loc["europe", "2021"].iloc[0] >= 0)
    True
    """
    for kind, word, known in (("frequency", freq, STEPS), ("part", what, ("flow", "p10", "p90"))):
        if word not in known:
            raise UnknownName(kind, word, known)
    table = markets(tables, freq, by)[what].unstack("period")  # noqa: PD010
    table = table.drop([*([] if total else ["exports"]), "lng", "russia"], errors="ignore")
    days = [
        periods.days(periods.containing(day.date(), freq))
        for day in pd.DatetimeIndex(table.columns)
    ]
    errors = tables["balance-errors"]
    heat = float(errors.loc[errors["aspect"] == "heat", "relative"].iloc[0])
    made = units.convert(table.to_numpy(), "bcm", unit, basis="20C", to_basis=basis,
                         days=np.array(days)[None], gcv=heat, gcv_basis="20C")  # fmt: skip
    table = pd.DataFrame(made, index=table.index, columns=table.columns)
    table.attrs = {"unit": unit, "basis": basis, "estimate": "balanced", "what": what}
    if by == "market":
        table.attrs["missing"] = {name: why for name, (_, why) in counted_elsewhere(tables).items()}
    return table
