"""From field by route to market, quarter by quarter, as the page draws it."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from energy.publish.atlas.columns import integers
from energy.publish.atlas.words import capitals
from geodata import draw

SCALE = 100  # integers of 1/100 bcm
LEAST = 0.1  # bcm a quarter below which a way is not drawn in any of them
AT_HOME = ("russia", "stores")  # what stays in the country is no export
PRODUCED = "production-"


def ways_of(
    ways: pd.DataFrame | None, periods: Sequence[Any], routes: Sequence[Hashable]
) -> dict[str, Any] | None:
    """Pack the ways of exported gas; None without any.

    Parameters
    ----------
    ways : DataFrame, optional
        As `energy.balance.tracing.history` gives them: ``field, route, market, flow, period``.
    periods : sequence
        First days of the quarters of the page.
    routes : sequence
        Ids of the lines of the page; a way that is none of them is told by its words.
    """
    if ways is None:
        return None
    kept = ways[~ways["market"].isin(AT_HOME)]
    wide = kept.pivot_table(
        index=["field", "route", "market"], columns="period", values="flow", aggfunc="sum"
    ).reindex(columns=pd.DatetimeIndex(list(periods)))
    wide = wide[wide.max(axis=1) >= LEAST]
    if wide.empty:
        return None
    order = wide.sum(axis=1).sort_values(ascending=False, kind="stable").index
    wide = wide.loc[order]
    known = set(map(str, routes))
    lists = {name: list(dict.fromkeys(map(str, order.get_level_values(name))))
             for name in ("field", "route", "market")}  # fmt: skip
    values = integers(np.where(wide.to_numpy() >= 1 / SCALE / 2, wide.to_numpy(), np.nan), SCALE)
    return {
        "scale": SCALE,
        "fields": [capitals(name.removeprefix(PRODUCED)) for name in lists["field"]],
        "routes": [name if name in known else capitals(name) for name in lists["route"]],
        "markets": [{"key": name, "label": capitals(name)} for name in lists["market"]],
        "rows": [
            [*(lists[name].index(word) for name, word in zip(lists, key, strict=True)),
             draw.row(row)]
            for key, row in zip(order, values, strict=True)
        ],
    }  # fmt: skip
