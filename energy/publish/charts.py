"""Charts of the questions asked most: each draws on one axes and returns it.

Every chart names unit and basis on its axis, has a legend where there is more than one colour, and
hatches what is not over or known in part only. Nothing is computed here; a missing figure is a gap.
Matplotlib is imported when a chart is drawn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import xarray as xr

from energy.errors import DataError
from energy.finance import accounts as statements
from energy.measure import periods, units
from energy.measure.plotting import axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#999999", "#F0E442")
INK, PALE = "#4D4D4D", "#D9D9D9"
PARTIAL = "///"
LETTERS = 70  # that stand side by side under an axis, blanks between them too
SMALL = 0.02  # share of the largest total; a market that is always below it is one of the others


def exports(rows: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw flows by market as stacked bars; on top the total with its interval, where it is asked.

    Parameters
    ----------
    rows : DataFrame
        From `energy.tracker.Tracker.exports`.
    ax : Axes, optional

    Raises
    ------
    DataError
        If there are no rows.
    """
    if rows.empty:
        raise DataError("exports", ["no period is left to draw; ask for more of them"])
    ax = axes(ax, (9, 4.5))
    parts, total = rows[~rows["total"]], rows[rows["total"]].set_index("period")
    wide = parts.set_index(["period", "market"])["flow"].unstack("market")  # noqa: PD010
    whole = parts.groupby("period")["whole"].all()
    if len(total):
        whole = total["whole"]
    wide = wide.reindex(whole.index).drop(columns="kaliningrad", errors="ignore")
    wide = _others(wide, total["flow"].max() if len(total) else wide.sum(axis=1).max())
    floor, place = np.zeros(len(wide)), np.arange(len(wide))
    for colour, market in zip(COLOURS, wide, strict=False):
        size = wide[market].fillna(0.0).to_numpy()
        for i in range(len(wide)):
            ax.bar(place[i], size[i], 0.8, bottom=floor[i], color=colour, edgecolor="white",
                   hatch="" if whole.iloc[i] else PARTIAL,
                   label=_words(str(market)) if i == 0 else None)  # fmt: skip
        floor += size
    if len(total):
        ends = np.array([total["flow"] - total["p10"], total["p90"] - total["flow"]]).clip(min=0)
        ax.errorbar(place, total["flow"], ends, fmt="none", ecolor=INK, capsize=2, lw=1,
                    label="total, P10 to P90")  # fmt: skip
    unit = units.label(str(rows["unit"].iloc[0]), str(rows["basis"].iloc[0]))
    _labelled(ax, list(wide.index), whole.tolist())
    ax.set(ylabel=f"{unit} a period", title="Exports by pipe, by market")
    return _legend(ax, partial=not whole.all())


def route(cube: xr.Dataset, ax: Axes | None = None) -> Axes:
    """Draw flow, interval and capacity of one route; bars are hatched where coverage is below 1.

    Parameters
    ----------
    cube : Dataset
        From `energy.tracker.Tracker.flows`, of one route.
    """
    if cube.sizes["route"] != 1:
        raise DataError("route", [f"{cube.sizes['route']} routes are given; draw one"])
    ax, part = axes(ax, (9, 4)), cube.isel(route=0)
    names = [str(periods.containing(pd.Timestamp(d).date(), cube.attrs["freq"]))
             for d in cube["period"].values]  # fmt: skip
    flow, place = part["flow"].values, np.arange(len(names))
    known = np.flatnonzero(np.isfinite(flow) & (flow != 0))
    first = max(0, known[0] - 1) if len(known) else 0
    flow, place, names = flow[first:], place[first:] - first, names[first:]
    whole = part["coverage"].values[first:] >= 1
    for shown, hatch, label in ((whole, "", "flow, reported whole"),
                                (~whole, PARTIAL, "flow, balanced: reported in part or not at all")):  # fmt: skip
        if (shown & np.isfinite(flow)).any():
            ax.bar(place[shown], flow[shown], 0.8, color=COLOURS[5], edgecolor=COLOURS[0], lw=0.3,
                   hatch=hatch, label=label)  # fmt: skip
    low, high = (part[name].values[first:] for name in ("flow_p10", "flow_p90"))
    wide = np.isfinite(low) & np.isfinite(high) & (high > low)
    if wide.any():
        ax.vlines(place[wide], low[wide], high[wide], color=INK, lw=1, label="P10 to P90")
    size = part["capacity"].values[first:]
    if np.isfinite(size).any():
        ax.step(place, size, where="mid", color=COLOURS[1], lw=1.2, label="capacity")
    _labelled(ax, names, [True] * len(names))
    unit = units.label(cube.attrs["unit"], cube.attrs["basis"])
    ax.set(ylabel=f"{unit} a period", title=_words(str(part["route"].values)))
    return _legend(ax)


def accounts(
    financials: pd.DataFrame,
    rows: pd.DataFrame,
    metric: str = "net_profit_attributable",
    ax: Axes | None = None,
) -> Axes:
    """Draw a line of Gazprom's accounts by year as bars, exports by pipe beside it as a line.

    Parameters
    ----------
    financials : DataFrame
        The table of facts.
    rows : DataFrame
        From `energy.tracker.Tracker.exports`, by year.
    metric : str
        A line of the group (IFRS) in roubles.

    Raises
    ------
    UnknownName
        For a line that is not in the accounts.
    DataError
        If the group has no year of it in roubles.
    """
    found = statements.statements(financials, "IFRS", metrics=[metric], freq="A")
    mine = (found["segment"] == "group") & (found["unit"] == "RUB bn")
    values = found[mine].set_index("period")["value"]
    if values.empty:
        raise DataError("accounts", [f"no year of '{metric}' of the group is in roubles"])
    ax, total = axes(ax, (9, 4)), rows[rows["total"]].set_index("period")
    years = sorted({*values.index, *total.index[total.index >= values.index.min()]})
    place = np.arange(len(years))
    bars = values.reindex(years).to_numpy(dtype=float)
    ax.bar(place, bars, 0.8, color=[COLOURS[0] if v >= 0 else COLOURS[1] for v in bars],
           label=f"{_words(metric)}, group (IFRS)")  # fmt: skip
    ax.axhline(0, color=INK, lw=0.6)
    twin = ax.twinx()
    line, whole = total["flow"].reindex(years), total["whole"].reindex(years) == True  # noqa: E712
    twin.plot(place, line.where(whole), "o-", color=INK, ms=3, lw=1.2, label="exports by pipe")
    if (line.notna() & ~whole).any():
        twin.plot(place, line.where(~whole), "o", mfc="white", color=INK, label="year not over")
    unit = units.label(str(rows["unit"].iloc[0]), str(rows["basis"].iloc[0]))
    twin.set(ylabel=f"exports by pipe, {unit} (line)", ylim=(0, None))
    _labelled(ax, years, [bool(w) or line.isna().iloc[i] for i, w in enumerate(whole)])
    ax.set(ylabel="RUB bn (bars)", title=f"Gazprom: {_words(metric)} beside exports")
    handles = [a.get_legend_handles_labels() for a in (ax, twin)]
    ax.legend([*handles[0][0], *handles[1][0]], [*handles[0][1], *handles[1][1]],
              frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)  # fmt: skip
    return ax


def _others(wide: pd.DataFrame, largest: float) -> pd.DataFrame:
    """Return the markets by size, the small ones as one."""
    order = wide.max().sort_values(ascending=False).index
    large = [name for name in order if wide[name].max() > SMALL * largest][: len(COLOURS) - 1]
    small = [name for name in order if name not in large]
    made = wide[large].copy()
    if small:
        made["others"] = wide[small].sum(axis=1, min_count=1)
    return made


def _words(name: str) -> str:
    """Return an id in words.

    >>> _words("net_profit_attributable"), _words("central-asia")
    ('net profit attributable', 'central asia')
    """
    return name.replace("_", " ").replace("-", " ")


def _labelled(ax: Axes, names: list[str], whole: list[bool]) -> None:
    """Write under the axis as many periods as stand side by side; a star where one is not over."""
    most = max(2, LETTERS // (max(len(name) for name in names) + 2))
    step = max(1, -(-len(names) // most))
    at = list(range(len(names) - 1, -1, -step))[::-1]
    ax.set_xticks(at, [names[i] + ("" if whole[i] else "*") for i in at], fontsize=8)
    ax.set_xlim(-0.7, len(names) - 0.3)


def _legend(ax: Axes, *, partial: bool = False) -> Axes:
    from matplotlib.patches import Patch

    handles, labels = ax.get_legend_handles_labels()
    if partial:
        handles.append(Patch(facecolor=PALE, edgecolor="white", hatch=PARTIAL))
        labels.append("* period not over")
    ax.legend(handles, labels, frameon=False, fontsize=8, loc="upper left", bbox_to_anchor=(1, 1))
    return ax
