"""The summary in words and tables: what flowed, what it earned, what Gazprom reported."""

from __future__ import annotations

import numpy as np
import pandas as pd
import xarray as xr

from energy import flows
from energy.balance import cube as cubes
from energy.measure.tables import Tables
from energy.provenance.freshness import freshness
from energy.publish import qualifiers

FIRST_YEAR = 2014
RESULT = {
    "Net profit attributable, RUB bn": "net_profit_attributable",
    "Sales, RUB bn": "sales",
    "Net sales of gas, RUB bn": "net_sales_of_gas",
    "Net debt (adjusted), RUB bn": "net_debt_adjusted",
    "EBITDA, RUB bn": "ebitda",
}


def summary(annual: xr.Dataset, tables: Tables, statements: pd.DataFrame, as_of: str) -> str:
    """Return the key table as Markdown.

    Parameters
    ----------
    annual : Dataset, dims (route, period)
        Calendar years, in bcm at 20 °C, with revenue.
    tables : Tables
        The facts.
    statements : DataFrame
        From `energy.finance.accounts.statements`, all standards.
    as_of : str
        Date of the newest publication.
    """
    years = annual.sel(period=annual["period"].dt.year >= FIRST_YEAR)
    roles = tables["routes"].set_index("route")["role"]
    export = [
        r for r in roles.index[roles == "export"] if years["flow"].sel(route=r).notnull().any()
    ]
    years = years.sel(route=export)
    parts = [
        "# Russian pipeline gas exports", "",
        f"Facts published up to {as_of}. bcm at 20 °C, the cubic metre of Gazprom. "
        "Volumes are those of the balance: what agrees best with every published figure while gas is "
        "conserved; `energy flows --estimate reported` gives the figures as published. A dash is not "
        "known, 0.0 is a zero; `e` estimate or spread by a profile, `m` modelled, `p` a plan, "
        "`*` part of the year only.", "",
        "## Volume by route, bcm", "", table(_marked(years, "flow", 1)), "",
        "## By market, bcm", "", table(_markets(annual, tables)), "",
        "Kaliningrad is Russia and not in the sum. Europe is all of it but Turkey, Moldova, Ukraine and "
        "Belarus.", "",
        "## By market, P10–P90", "", table(_intervals(annual, tables)), "",
        "## Utilisation, % of the capacity of that year", "", table(_used(years)), "",
        "What the capacity is: `t` technical, offered at the point; `c` ceiling, the most ever metered there; `d` "
        "design; `k` contract of the year; two letters where it changed within the year.", "",
        "## Revenue, billion USD (flow times border price)", "", table(_marked(years, "revenue", 1, 0.001)), "",
        "## Revenue, P10–P90", "", table(_worth(years)), "",
        "## Gazprom, IFRS, as reported", "", table(_results(statements)), "",
        "## Newest figure of each series", "", table(_freshness(tables)), "",
        "## Zeros of the newest year, and the day of their evidence", "", table(_zeros(years, tables)), "",
        "Revenue is flow times a border price from the sources in `prices.csv`; it is not a line of "
        "Gazprom's accounts. `energy finance --bridge YEAR` sets the two side by side; "
        "`energy cite ID` gives the source behind a figure.", "",
    ]  # fmt: skip
    return "\n".join(parts)


def table(frame: pd.DataFrame) -> str:
    """Return a frame of texts as a Markdown table; its index is the first column.

    >>> frame = pd.DataFrame({"2024": ["31.0"]}, pd.Index(["China"], name="bcm"))
    >>> print(table(frame))
    | bcm | 2024 |
    | --- | ---: |
    | China | 31.0 |
    """
    head = [str(frame.index.name or ""), *map(str, frame.columns)]
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " ---: |" * len(frame.columns)]
    lines += [
        "| " + " | ".join([str(name), *row]) + " |"
        for name, row in zip(frame.index, frame.to_numpy(), strict=True)
    ]
    return "\n".join(lines)


def _worth(years: xr.Dataset) -> pd.DataFrame:
    """Return the interval of each revenue in billion USD, of the flow's and a modelled price's."""
    low, high = (flows.frame(years[f"revenue_{end}"]) * 0.001 for end in ("p10", "p90"))
    text = low.map("{:,.1f}–".format) + high.map("{:,.1f}".format)
    text = text.where(low.notna() & high.notna(), "–")
    text.columns = pd.DatetimeIndex(text.columns).year
    earned = (flows.frame(years["revenue"]) > 0).any(axis=1)
    shown: pd.DataFrame = text.loc[earned].rename_axis("route")
    return shown


KINDS = {"technical": "t", "ceiling": "c", "design": "d", "contract": "k", "plan": "p"}
"""Kind of a capacity to the letter beside the utilisation."""


def _used(years: xr.Dataset) -> pd.DataFrame:
    """Return the utilisation as text, each with the kind of capacity that it is a share of."""
    share = flows.frame(years["utilisation"]) * 100
    kind = flows.frame(years["capacity_kind"]).map(
        lambda kinds: "".join(KINDS[word] for word in str(kinds).split(";") if word)
    )
    text = share.map("{:,.0f} ".format) + kind
    text = text.where(share.notna(), "–")
    text.columns = pd.DatetimeIndex(text.columns).year
    return text.loc[share.notna().any(axis=1)].rename_axis("route")


def _zeros(years: xr.Dataset, tables: Tables) -> pd.DataFrame:
    """Return the day of the evidence of each line that stands at zero in its newest year."""
    flow, sources = (years[name].transpose("route", "period") for name in ("flow", "sources"))
    values, ids, year = flow.to_numpy(), sources.to_numpy(), years["period"].dt.year.to_numpy()
    last = [int(np.flatnonzero(~np.isnan(row))[-1]) for row in values]
    zero = [r for r, p in enumerate(last) if values[r, p] == 0]
    named = [str(ids[r, last[r]]) for r in zero]
    days = qualifiers.seen(named, tables)
    rows = {
        years["route"].values[r]: [str(year[last[r]]), day or "none of its own", text or "–"]
        for r, day, text in zip(zero, days, named, strict=True)
    }
    columns = ["zero of", "evidence of", "ids"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis("route")


MARKS = {"actual": "", "provisional": "", "modelled": " m", "balanced": "", "plan": " p"}
"""Standing to the mark beside a figure; any other is an estimate."""
WEIGHT = {"": 0, " e": 1, " p": 2, " m": 3}


def _marked(years: xr.Dataset, name: str, decimals: int, scale: float = 1.0) -> pd.DataFrame:
    """Return figures as text: a dash where missing, marks where estimated or partial."""
    values = flows.frame(years[name]) * scale
    mark = flows.frame(years["status"]).map(_mark)
    if name == "revenue":
        price = flows.frame(years["price_status"]).map(_mark).where(values != 0, "")
        mark = mark.where(price.map(WEIGHT.get) < mark.map(WEIGHT.get), price)
    whole = (years["coverage"] > 0.999) | (years["status"] == "balanced")
    return _text(values, mark, flows.frame(whole), decimals)


def _mark(status: object) -> str:
    return MARKS.get(str(status), " e")


def _text(
    values: pd.DataFrame, mark: pd.DataFrame, whole: pd.DataFrame, decimals: int
) -> pd.DataFrame:
    known = values.notna()
    text = values.map(lambda v: "–" if pd.isna(v) else f"{v:,.{decimals}f}")
    text = text.where(~known, text + mark)
    text = text.where(~known | whole, text + " *")
    text.columns = pd.DatetimeIndex(values.columns).year
    return text.loc[known.any(axis=1)].rename_axis("route")


def _markets(annual: xr.Dataset, tables: Tables) -> pd.DataFrame:
    """Return the balanced flow by market and the sum abroad."""
    values, last = _by_market(tables, "flow"), annual["period"].dt.year.values[-1]
    values = values.loc[:, values.columns <= last]
    text = values.map(lambda v: "–" if pd.isna(v) else f"{v:,.1f}").rename_axis("market")
    abroad = values.drop("kaliningrad", errors="ignore").sum()
    text.loc["all exports"] = [f"{v:,.1f}" for v in abroad]
    shown: pd.DataFrame = text
    return shown


def _intervals(annual: xr.Dataset, tables: Tables) -> pd.DataFrame:
    """Return the interval of each market and of the sum, which is not the sum of intervals."""
    low, high = _by_market(tables, "p10"), _by_market(tables, "p90")
    ends = cubes.markets(tables, "A").xs("exports")
    ends.index = pd.DatetimeIndex(ends.index).year
    for table, what in ((low, "p10"), (high, "p90")):
        table.loc["all exports"] = ends[what].reindex(table.columns)
    low = low.loc[:, low.columns <= annual["period"].dt.year.values[-1]]
    text = low.map("{:,.1f}–".format) + high[low.columns].map("{:,.1f}".format)
    shown: pd.DataFrame = text.rename_axis("market")
    return shown


def _by_market(tables: Tables, what: str) -> pd.DataFrame:
    values = cubes.market_table(tables, "A", what=what)
    years = pd.DatetimeIndex(values.columns).year
    values.columns = years
    shown: pd.DataFrame = values.loc[:, years >= FIRST_YEAR]
    return shown


PRICES = ("china", "europe", "far-abroad", "brent")
"""Prices whose newest figure is told: what a border price is made of."""


def _freshness(tables: Tables) -> pd.DataFrame:
    """Return the last day that figures speak of, by export route, price and shown line."""
    roles = tables["routes"].set_index("route")["role"]
    shown = {"route": list(roles.index[roles == "export"]), "price": list(PRICES),
             "account": list(RESULT.values())}  # fmt: skip
    rows = freshness(tables)
    parts = [
        rows[(rows["kind"] == kind) & rows["name"].isin(names)] for kind, names in shown.items()
    ]
    last = pd.concat([part.drop_duplicates("name", keep="last") for part in parts])
    days = pd.to_datetime(last["newest"])
    made: pd.DataFrame = pd.DataFrame({
        "figures up to": last["newest"], "standing": last["status"],
        "days behind the newest": (days.max() - days).dt.days.map("{:,}".format),
    }).set_axis(last["kind"] + " " + last["name"]).rename_axis("series")  # fmt: skip
    return made


def _results(statements: pd.DataFrame) -> pd.DataFrame:
    """Return the annual IFRS lines that the page shows, years across."""
    annual = statements.query("standard == 'IFRS' and freq == 'A' and unit == 'RUB bn'")
    annual = annual[annual["segment"].isin(["group", "total"])]
    years = sorted(y for y in annual["period"].unique() if int(y) >= FIRST_YEAR)
    marks = annual["status"].map(lambda s: "" if s in ("actual", "provisional") else " e")
    annual = annual.assign(text=annual["value"].map("{:,.0f}".format) + marks)
    wide = annual.pivot_table(index="metric", columns="period", values="text", aggfunc="first")
    wide = wide.reindex(index=list(RESULT.values()), columns=years).fillna("–")
    wide.index = pd.Index(list(RESULT), name="line")
    return wide
