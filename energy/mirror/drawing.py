"""All sources as dots, the estimate as a band."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from energy.measure import plotting, units
from energy.measure.observations import records
from energy.mirror.reconciled import ESTIMATE

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def chart(table: pd.DataFrame, ax: Axes | None = None) -> Axes:
    """Draw all sources as dots with their last digit, and the estimate as a band.

    Parameters
    ----------
    table : DataFrame
        From `mirror`.
    ax : matplotlib Axes, optional
        Where to draw; default a new figure.

    Returns
    -------
    matplotlib Axes
        Hollow dots are not used in the estimate; a small cross is the figure as printed, before
        it was brought to the common basis.

    Raises
    ------
    MissingExtra
        If matplotlib is not installed.

    Examples
    --------
    >>> import energy
    >>> chart(energy.load().mirror("turkstream-2", "2026-01")).get_xlabel()
    'bcm at 20 °C'
    """
    shown = table[(table["source"] != ESTIMATE) & table["common"].notna()]
    best = table[table["source"] == ESTIMATE].iloc[0]
    ax = plotting.axes(ax, (8, 0.42 * len(shown) + 1.6))
    ax.axvspan(
        best["low"], best["high"], color="#0072B2", alpha=0.15, lw=0, label="our estimate, 95 %"
    )
    ax.axvline(best["common"], color="#0072B2", lw=1)
    for place, row in enumerate(shown.pipe(records)):
        fill = "#D55E00" if row["used"] else "none"
        ax.plot([row["low"], row["high"]], [place, place], color="#D55E00", lw=1)
        ax.plot(row["common"], place, "o", mfc=fill, mec="#D55E00", ms=6)
        if units.kind(row["unit"]) == units.kind(table.attrs.get("unit", "bcm")):
            ax.plot(row["value"], place, "x", color="0.5", ms=5)
    ax.set_yticks(range(len(shown)), [_tick(row) for row in shown.pipe(records)], fontsize=8)
    ax.invert_yaxis()
    unit, basis = table.attrs.get("unit", "bcm"), table.attrs.get("basis") or None
    ax.set(
        xlabel=units.label(unit, basis),
        title=f"{table.attrs.get('name', '')}, {table.attrs.get('period', '')}",
    )
    ax.legend(frameon=False, fontsize=8, loc="best")
    return ax


def _tick(row: Mapping[str, Any]) -> str:
    short = row["source"] if len(row["source"]) <= 38 else f"{row['source'][:37]}…"
    return f"{short}\n{row['value']:g} {row['unit']} {row['basis']}"
