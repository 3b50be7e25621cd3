"""Pictures of the money: each function draws on one axes and returns it.

Matplotlib is imported when a picture is drawn. Where a figure is missing there is a gap in the
line, and a break in disclosure is marked by its date.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from energy.errors import DataError
from energy.finance import accounts
from energy.measure import periods
from energy.measure.observations import rows_of
from energy.measure.plotting import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.patches import Patch

GAIN, LOSS, PLAIN, PALE = "#0072B2", "#D55E00", "#4D4D4D", "#BBBBBB"
EVENTS = ("financial", "sabotage")
"""Categories of the events that are marked where the caller names none."""


def _year(text: str) -> float:
    """Return the middle of a period as a decimal year."""
    return periods.middle(text)


def _years(rows: pd.DataFrame) -> np.ndarray:
    return np.array([_year(text) for text in rows["period"]])


class _Dated(NamedTuple):
    """An event and its date."""

    event: str
    date: str


def mark_events(ax: Axes, events: pd.DataFrame, ids: Sequence[str] | None = None) -> Axes:
    """Mark dated events inside the axes: a thin line and the event's id.

    Parameters
    ----------
    events : DataFrame
        The table of facts.
    ids : sequence of str, optional
        Which; default those of the categories in `EVENTS`.

    Examples
    --------
    >>> from energy import facts
    >>> ax = axes(None)
    >>> _ = ax.set_xlim(2021, 2023)
    >>> len(mark_events(ax, facts.load()["events"]).texts) > 0
    True
    """
    wanted = events["event"].isin(list(ids)) if ids is not None else events["category"].isin(EVENTS)
    low, high = ax.get_xlim()
    for row in rows_of(events[wanted], _Dated):
        at = _year(row.date)
        if low <= at <= high:
            ax.axvline(at, color=PALE, lw=0.8, zorder=0)
            ax.annotate(row.event, (at, 1), xycoords=("data", "axes fraction"), fontsize=6,
                        rotation=90, va="top", ha="right", color=PLAIN)  # fmt: skip
    return ax


def _breaks(ax: Axes, financials: pd.DataFrame, metric: str) -> None:
    """Mark where a line stopped being published."""
    found = accounts.breaks(financials)
    mine = found["metrics"].str.split(";").map(lambda names: metric in names)
    for since in found.loc[mine, "since"]:
        ax.axvline(_year(since), color=LOSS, lw=1, ls=":")
        ax.annotate("break in disclosure", (_year(since), 0.02), fontsize=6, rotation=90,
                    xycoords=("data", "axes fraction"), va="bottom", ha="right", color=LOSS)  # fmt: skip


def result(
    financials: pd.DataFrame, events: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw the net result by year: the group (IFRS) beside the parent (RAS), never added.

    Parameters
    ----------
    financials : DataFrame
        The table of facts.
    events : DataFrame, optional
        The table of facts.

    Examples
    --------
    >>> from energy import facts
    >>> result(facts.load()["financials"]).get_ylabel()
    'RUB bn'
    """
    ax = axes(ax)
    for standard, metric, shift, colour in (("IFRS", "net_profit_attributable", -0.2, GAIN),
                                            ("RAS", "net_profit", 0.2, LOSS)):  # fmt: skip
        rows = accounts.statements(financials, standard, metrics=[metric], freq="A")
        rows = rows[(rows["unit"] == "RUB bn") & ~rows["segment"].str.contains("forecast")]
        label = f"{standard}, {'group' if standard == 'IFRS' else 'parent'}"
        ax.bar(_years(rows) + shift, rows["value"], 0.38, color=colour, label=label)
    ax.axhline(0, color=PLAIN, lw=0.6)
    ax.set(ylabel="RUB bn", title="Gazprom: net result")
    ax.legend(frameon=False)
    return mark_events(ax, events) if events is not None else ax


def debt(
    financials: pd.DataFrame, events: pd.DataFrame | None = None, ax: Axes | None = None
) -> Axes:
    """Draw net debt to EBITDA, the three measures apart; see `accounts.leverage`.

    Examples
    --------
    >>> from energy import facts
    >>> debt(facts.load()["financials"]).get_ylabel()
    'net debt / EBITDA'
    """
    ax = axes(ax)
    table = accounts.leverage(accounts.statements(financials, "IFRS"))
    marks = {"printed": ("o", GAIN), "adjusted": ("s", LOSS), "plain": ("^", PLAIN)}
    for measure, rows in table.groupby("measure"):
        ends = [periods.parse(text).end for text in rows["period"]]
        at = [periods.decimal_year(day) for day in ends]
        marker, colour = marks[str(measure)]
        ax.plot(at, rows["ratio"], marker, color=colour, label=measure)
    ax.set(ylabel="net debt / EBITDA", title="Gazprom: debt against earnings", ylim=(0, None))
    ax.legend(frameon=False)
    return mark_events(ax, events) if events is not None else ax


def capex(
    financials: pd.DataFrame,
    exports: pd.Series,
    events: pd.DataFrame | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw spending on building beside export volumes by year.

    Parameters
    ----------
    financials : DataFrame
        The table of facts: capex of the group (cash flow) where known, else the budget of the
        parent as revised, pale; the two are different things and drawn so.
    exports : Series
        Index year, bcm.

    Examples
    --------
    >>> from energy import facts
    >>> exports = pd.Series([206.0, 147.0], index=[2021, 2022])
    >>> capex(facts.load()["financials"], exports).get_ylabel()
    'RUB bn'
    """
    ax = axes(ax)
    spent = accounts.statements(financials, "IFRS", freq="A")
    spent = spent[spent["metric"] == "capex"]
    plans = accounts.statements(financials, "other", freq="A")
    for metric, colour in (("investment_programme_original", "#E6E6E6"),
                           ("investment_programme_revised", PALE)):  # fmt: skip
        rows = plans[plans["metric"] == metric]
        ax.bar(_years(rows) + 0.15, rows["value"], 0.3, color=colour,
               label=metric.replace("_", " ") + " (parent)")  # fmt: skip
    ax.bar(_years(spent) - 0.15, spent["value"], 0.3, color=GAIN,
           label="capex of the group (IFRS)")  # fmt: skip
    ax.set(ylabel="RUB bn", title="Gazprom: capex beside exports")
    twin = ax.twinx()
    twin.plot(exports.index.astype(int) + 0.5, exports.to_numpy(), color=LOSS, marker="o", ms=3)
    twin.set(ylabel="exports by pipe, bcm (line)", ylim=(0, None))
    ax.legend(frameon=False, fontsize=7)
    return mark_events(ax, events) if events is not None else ax


def markets(
    financials: pd.DataFrame, metric: str = "net_sales_of_gas", ax: Axes | None = None
) -> Axes:
    """Draw a line by market, in roubles, with the break in disclosure marked.

    Examples
    --------
    >>> from energy import facts
    >>> markets(facts.load()["financials"]).get_ylabel()
    'RUB bn a period'
    """
    ax = axes(ax)
    sheet = accounts.markets(accounts.statements(financials, "IFRS"), metric)
    inside = sheet.index.get_level_values("unit") == "RUB bn"
    sheet = sheet[inside].droplevel("unit").drop(columns="disclosed")
    at = [_year(text) for text in sheet.index]
    for name in sheet:
        ax.plot(at, sheet[name], "o", label=name)
    _breaks(ax, financials, metric)
    ax.set(ylabel="RUB bn a period", title=f"{metric.replace('_', ' ')} by market")
    ax.legend(frameon=False, fontsize=7)
    return ax


def waterfall(
    table: pd.DataFrame,
    *,
    label: str,
    value: str,
    total: str,
    unit: str,
    ax: Axes | None = None,
    title: str = "",
) -> Axes:
    """Draw steps from the first row to the last; a step without a figure is named, not drawn.

    Parameters
    ----------
    table : DataFrame
        First row the start, last the end, between them signed steps; rows named in `total` are
        drawn from nought.
    label, value : str
        Columns.
    total : str
        Text of the last row.
    unit : str
        Of the axis.

    Examples
    --------
    >>> steps = pd.DataFrame({"item": ["border price", "duty", "netback"], "usd": [200.0, -60.0, 140.0]})
    >>> ax = waterfall(steps, label="item", value="usd", total="netback", unit="USD/1000 m3")
    >>> ax.get_ylabel()
    'USD/1000 m3'
    """
    ax = axes(ax)
    names, numbers = table[label].tolist(), table[value].to_numpy(dtype=float)
    top = 0.0
    for place, (name, number) in enumerate(zip(names, numbers, strict=True)):
        if np.isnan(number):
            ax.annotate("no figure", (place, top), (0, 3), textcoords="offset points", ha="center",
                        fontsize=7, color=LOSS)  # fmt: skip
        elif place == 0 or name == total:
            ax.bar(place, number, color=PLAIN)
            top = number
        else:
            ax.bar(place, number, bottom=top, color=GAIN if number >= 0 else LOSS)
            top += number
    words = [str(name).replace("_", " ") for name in names]
    ax.set_xticks(range(len(names)), words, rotation=30, ha="right", fontsize=8)
    ax.axhline(0, color=PLAIN, lw=0.6)
    ax.set(ylabel=unit, title=title)
    ax.use_sticky_edges = False  # room above the highest bar: nothing is cut at the frame
    ax.margins(y=0.12)
    ax.legend(handles=_steps(), frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return ax


def _steps() -> list[Patch]:
    from matplotlib.patches import Patch

    names = {"level": PLAIN, "adds": GAIN, "takes away": LOSS}
    return [Patch(color=colour, label=name) for name, colour in names.items()]


def netback(table: pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw a netback (of `energy.finance.netback.netback`) as a waterfall.

    Examples
    --------
    >>> steps = pd.DataFrame({"item": ["border price", "duty", "netback"], "usd": [200.0, -60.0, 140.0]})
    >>> netback(steps, "nord-stream-1, 2020").get_title()
    'nord-stream-1, 2020'
    """
    return waterfall(table, label="item", value="usd", total="netback", unit="USD/1000 m3",
                     title=title, ax=ax)  # fmt: skip


def gap(items: pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw an itemised gap (of `energy.finance.bridge.itemise`) from ours to reported.

    Examples
    --------
    >>> items = pd.DataFrame({"part": ["reported", "ours", "gap", "duty"],
    ...                       "rub_bn": [90.0, 100.0, -10.0, -10.0]})
    >>> gap(items).get_ylabel()
    'RUB bn'
    """
    steps = items[~items["part"].isin(["reported", "ours", "gap"])]
    ends = (items[items["part"] == name] for name in ("ours", "reported"))
    table = pd.concat([next(ends), steps, next(ends)], ignore_index=True)
    return waterfall(table, label="part", value="rub_bn", total="reported", unit="RUB bn",
                     title=title, ax=ax)  # fmt: skip


class _Swing(NamedTuple):
    """What one input does to the result between its low and its high."""

    input: str
    low: float
    high: float
    at_low: float
    at_high: float


class _Range(NamedTuple):
    """Quantiles of a break-even price, USD/1000 m3."""

    route: str
    p10: float
    p50: float
    p90: float


def tornado(table: pd.DataFrame, centre: float, unit: str, title: str = "",
            ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw what matters (of `energy.finance.economics.tornado`): bars around the central value.

    Examples
    --------
    >>> table = pd.DataFrame({"input": ["capex"], "low": [1.0], "high": [2.0], "at_low": [90.0],
    ...                       "at_high": [120.0], "swing": [30.0]})
    >>> tornado(table, 100.0, "USD/1000 m3").get_xlabel()
    'USD/1000 m3'
    """
    if table.empty:
        raise DataError("tornado", ["no input has a range; give low and high that differ"])
    ax = axes(ax)
    bars = list(rows_of(table[::-1], _Swing))
    for place, row in enumerate(bars):
        for end, colour in ((row.at_low, GAIN), (row.at_high, LOSS)):
            ax.barh(place, end - centre, left=centre, color=colour)
    texts = [f"{row.input} ({row.low:g} - {row.high:g})" for row in bars]
    ax.set_yticks(range(len(table)), texts, fontsize=8)
    ax.axvline(centre, color=PLAIN, lw=0.8)
    ax.set(xlabel=unit, title=title)
    return ax


def prices(sheet: pd.DataFrame, title: str = "", ax: Axes | None = None) -> Axes:
    """Draw sourced prices as points and the model as a dashed line (of `prices.beside`).

    Examples
    --------
    >>> sheet = pd.DataFrame({"customs": [180.0, None], "modelled": [178.0, 190.0]},
    ...                      index=["2021Q1", "2021Q2"])
    >>> prices(sheet).get_ylabel()
    'USD/1000 m3'
    """
    ax = axes(ax)
    at = [_year(text) for text in sheet.index]
    for name in sheet.columns.drop("modelled"):
        if sheet[name].notna().any():
            ax.plot(at, sheet[name], "o", ms=4, label=name.replace("_", " "))
    ax.plot(at, sheet["modelled"], "--", color=PLAIN, label="modelled")
    ax.set(ylabel="USD/1000 m3", title=title, ylim=(0, None))
    ax.legend(frameon=False, fontsize=7)
    return ax


def breakeven(table: pd.DataFrame, proposals: pd.DataFrame, titles: Mapping[str, str],
              ax: Axes | None = None) -> Axes:  # fmt: skip
    """Draw break-even ranges (of `economics.table`) with the published figures as marks."""
    ax = axes(ax)
    shapes = {"at most": "<", "at least": ">", "about": "D"}
    ranges = rows_of(table[::-1].assign(route=table.index[::-1]), _Range)
    for place, row in enumerate(ranges):
        ax.plot([row.p10, row.p90], [place, place], color=GAIN, lw=6, solid_capstyle="butt")
        ax.plot(row.p50, place, "|", color="white", ms=10, mew=2)
        said = proposals[(proposals["route"] == row.route.removesuffix("-as-approved"))
                         & (proposals["item"] == "breakeven")]  # fmt: skip
        for bound, value in zip(said["bound"], said["value"], strict=True):
            ax.plot(value, place, shapes[bound], color=LOSS, ms=6)
    ax.set_yticks(range(len(table)), [titles[key] for key in table.index[::-1]], fontsize=8)
    ax.set(xlabel="break-even border price, USD/1000 m3; bar P10 - P90; marks: published",
           ylim=(-0.6, len(table) - 0.4))  # fmt: skip
    return ax


def trade(table: pd.DataFrame, *, ax: Axes | None = None) -> Axes:
    """Draw months of trade, one line a direction; months without a print are gaps.

    Parameters
    ----------
    table : DataFrame
        From `energy.finance.trade.trade`, months of one unit.
    ax : Axes, optional
        Where to draw.

    Examples
    --------
    >>> import energy
    >>> months = energy.load().trade("russia", "china", "lng", freq="M", measure="value")
    >>> trade(months).get_ylabel()
    'USD bn'
    """
    import matplotlib.pyplot as plt

    axes = ax if ax is not None else plt.subplots(figsize=(8, 3.5))[1]
    for (exporter, importer, measure), rows in table.groupby(["exporter", "importer", "measure"]):
        months = pd.PeriodIndex(rows["period"], freq="M")
        series = pd.Series(rows["value"].to_numpy(), months).sort_index()
        every = series.reindex(pd.period_range(series.index[0], series.index[-1], freq="M"))
        name = f"{exporter} to {importer}" if measure != "turnover" else "both directions"
        axes.plot(
            pd.PeriodIndex(every.index).to_timestamp(),
            every.to_numpy(),
            marker="o",
            ms=3,
            label=name,
        )
    axes.set_ylabel(", ".join(sorted(set(table["unit"]))))
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, fontsize=8)
    return axes
