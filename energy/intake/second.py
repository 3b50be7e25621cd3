"""A second look at the figures that a release would show: by account line, and by the balance.

`gate` and `plausible` judge series one by one. Here they are judged by what they add up to: the
volume and the revenue of each line of the accounts, and by what all other figures make of them
(`energy.balance`). A figure that is doubted waits, as any other does.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd

from energy import facts, flows
from energy.balance import kept
from energy.balance.verdicts import CONTRADICTED
from energy.finance import prices, revenue
from energy.finance.bridge import FORMER, HOME
from energy.intake.plausible import WIDTH, robust_spread
from energy.measure import periods
from energy.measure.observations import rows_of

LINES = {"former-ussr": "former Soviet Union", "": "Europe and other countries"}
"""Group of a market to the line of the accounts that its gas is sold under."""

LEAST = 0.30
"""Least half width in logarithms of a line's change on the year: contracts and wars move it."""

ENOUGH, PAST = 6, 8
"""Fewest and most quarters whose changes on the year tell what is usual: two years, not older wars."""


def opinions(rows: pd.DataFrame, tables: facts.Tables, period: str) -> pd.Series:
    """Return a sentence for each of a quarter's sums that its line or the balance contradicts.

    Parameters
    ----------
    rows : DataFrame, columns `COLUMNS`
        The quarter's sums that passed so far.
    tables : Tables
        The facts with these sums laid over.
    period : str
        The quarter.

    Returns
    -------
    Series of str
        By the index of ``rows``; those that are not doubted are absent.
    """
    said = by_balance(rows, kept.result(tables).verdicts)
    lines = by_line(rows, odd_lines(tables, period))
    return said.combine_first(lines) if len(said) else lines


class _Named(NamedTuple):
    """What the id of a derived sum is made of."""

    source: str
    series: str
    entity: str
    period: str
    basis: str


def by_balance(rows: pd.DataFrame, verdicts: pd.DataFrame) -> pd.Series:
    """Doubt sums that all other figures together contradict.

    Parameters
    ----------
    rows : DataFrame, columns `COLUMNS`
    verdicts : DataFrame
        `energy.balance.kept.Result.verdicts`; ids as `energy.intake.derive` gives them.
    """
    bad = verdicts[verdicts["score"].abs() > CONTRADICTED].set_index("id")
    said = {}
    for place, row in zip(rows.index, rows_of(rows, _Named), strict=True):
        parts = ["V", row.source, row.series, row.entity, row.period, row.basis]
        name = ".".join(part for part in parts if part)
        if name in bad.index:
            held = bad.loc[name]
            cause = f" {held['cause']}?" if held["cause"] else ""
            said[place] = (
                f"the balance makes it {held['without']:.4g} bcm, not {held['value']:.4g} "
                f"({abs(held['score']):.1f} standard errors), by {held['by']};{cause}"
            ).rstrip(";")
    return pd.Series(said, dtype=object)


def by_line(rows: pd.DataFrame, odd: dict[str, str]) -> pd.Series:
    """Doubt the flows of the routes that an odd line of the accounts is made of."""
    held = rows[(rows["series"] == "flow") & rows["entity"].isin(odd)]
    return held["entity"].map(odd).astype(object)


def odd_lines(tables: facts.Tables, period: str) -> dict[str, str]:
    """Return by route why the line of the accounts it is sold under does not fit its past.

    A line is compared with the quarter a year before over the routes that have both, so that a
    route that has not come yet is no fall; how far that change usually goes tells the past.
    """
    quarters = flows.build(tables, "Q", *flows.INNER)
    weights = revenue.weights(quarters, tables["routes"])
    table = prices.kept_by_market(tables, weights)
    cube = revenue.priced(quarters, tables, table)
    quarter = pd.Timestamp(periods.parse(period).start)
    if quarter not in cube.indexes["period"]:
        return {}
    line = _line_of_route(cube.sel(period=quarter)["market"].to_series(), tables, quarter)
    found: dict[str, str] = {}
    for name, unit in (("flow", "bcm"), ("revenue", "million USD")):
        shown = flows.frame(cube[name]).loc[:, :quarter]
        for title in sorted(set(line)):
            routes = list(line.index[line == title])
            why = odd_line(shown.loc[routes])
            if why:
                words = f"{title}, {name} of {period}: {why[0]:.4g} {unit}, {why[1]:.3g} times what " \
                        f"a year before suggests"  # fmt: skip
                found |= {r: words for r in routes if r not in found}
    return found


def _line_of_route(market: pd.Series, tables: facts.Tables, day: pd.Timestamp) -> pd.Series:
    """Return the line that each export route is sold under on a day; others are left out."""
    groups = facts.in_force(tables["market-groups"], day.date()).set_index("market")["group"]
    group = market.map(groups).fillna("")
    role = tables["routes"].set_index("route")["role"].reindex(market.index)
    export = (role == "export") & (group != HOME) & (market != "")
    return group[export].where(group[export] == FORMER, "").map(LINES)


def odd_line(shown: pd.DataFrame) -> tuple[float, float] | None:
    """Return sum and factor of the last quarter where it leaves its usual change on the year.

    Parameters
    ----------
    shown : DataFrame, shape (routes, quarters)
        Volume or revenue; missing is NaN.

    Examples
    --------
    Seven quarters that grow by a tenth on the year, then one that is 2.2 times the year before.

    >>> years = np.outer([1.0, 2.0], [*[1.0] * 4, *[1.1] * 4, *[1.21] * 3, 2.42])
    >>> total, times = odd_line(pd.DataFrame(years))
    >>> round(total, 2), round(times, 2)
    (7.26, 2.0)
    >>> odd_line(pd.DataFrame(years).iloc[:, :-1]) is None
    True
    """
    now, ago = shown.to_numpy()[:, 4:], shown.to_numpy()[:, :-4]
    both = (now > 0) & (ago > 0)
    total, before = (np.where(both, part, 0.0).sum(axis=0) for part in (now, ago))
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.log(total / before)
    past = pd.Series(change[:-1]).dropna().tail(PAST)
    if len(past) < ENOUGH or not np.isfinite(change[-1]):
        return None
    off = float(change[-1] - past.median())
    width = max(WIDTH * robust_spread(past), LEAST)
    return (float(total[-1]), float(np.exp(off))) if abs(off) > width else None
