"""Which source can renew which cell of the shown table, how late, and what is late now.

The matrix is made of what decides a fill, never of a list of its own: the points and series of
``crosswalk.csv``, the reporters that a source is asked for, the lag that its module states.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pandas as pd

from energy import facts, sources
from energy.flows import flow_observations
from energy.intake import infer, verdict
from energy.measure import periods
from energy.provenance.freshness import freshness
from energy.sources import comtrade, entsog, eurostat, ksh, siat, taldau
from energy.store import Store

__all__ = ["FILLS", "KEY_LINES", "fills", "freshness", "health", "renewable"]

FILLS = ["kind", "name", "bcm", "share", "source", "how", "lag"]

KEY_LINES = ("sales", "ebitda", "net_profit_attributable", "capex", "net_debt", "total_debt")
"""Lines of the accounts that are shown; no service gives them, a person types them from a report."""

CRITICAL = 30
"""Days after its usual date from which a source is late."""


def fills(tables: facts.Tables, year: int | None = None) -> pd.DataFrame:
    """Return the fill matrix: one row a shown cell and a source that can renew it.

    Parameters
    ----------
    tables : Tables
        The facts.
    year : int, optional
        The year whose exports weigh the routes; default the last one with a figure of every route
        that has any since two years before.

    Returns
    -------
    DataFrame, columns kind, name, bcm, share, source, how, lag
        ``kind`` is route, market or account; ``bcm`` the exports of the year on the route and
        ``share`` its part in all exports (NaN beside routes); ``source`` is "" where nobody can
        renew it but a person by hand. ``how`` is metered, declared, modelled (of a value, a share
        or a weight), or by hand; ``lag`` in days after the quarter.
    """
    weight = _exports(tables, year)
    rows = [*_routes(tables, weight), *_markets(), *_accounts()]
    table = pd.DataFrame(rows, columns=["kind", "name", "source", "how"])
    table["bcm"] = [
        weight.get(n) if k == "route" else None for k, n in table[["kind", "name"]].to_numpy()
    ]
    table["share"] = table["bcm"] / weight.sum()
    table["lag"] = [sources.SOURCES[s].LAG if s else None for s in table["source"]]
    order = {"route": 0, "market": 1, "account": 2}
    table = table.assign(order=table["kind"].map(order)).sort_values(
        ["order", "bcm", "name", "lag"], ascending=[True, False, True, True]
    )
    return (
        table[FILLS].astype({"bcm": float, "share": float, "lag": "Int64"}).reset_index(drop=True)
    )


def renewable(table: pd.DataFrame) -> float:
    """Return the share of exported bcm that the sources of a fill matrix can renew by themselves.

    >>> table = pd.DataFrame({"kind": "route", "name": ["a", "b"], "source": ["meter", ""], "share": [0.7, 0.3]})
    >>> renewable(table)
    0.7
    """
    routes = table[(table["kind"] == "route") & (table["source"] != "")]
    return float(routes.drop_duplicates("name")["share"].sum())


def _exports(tables: facts.Tables, year: int | None) -> pd.Series:
    """Return bcm by route that leaves Russia, in the newest year that speaks of each live route."""
    seen, _ = flow_observations(tables)
    whole = seen[(seen["until"] - seen["start"] == 12) & (seen["start"] % 12 == 0)]
    whole = whole.assign(year=whole["start"] // 12)
    whole = whole.drop_duplicates(["entity", "year"])
    routes = tables["routes"]
    # exits that split a corridor are not counted twice
    border = set(routes.loc[routes["role"] == "export", "route"].astype(str))
    whole = whole[whole["entity"].isin(border)]
    if year is None:
        year = int(whole["year"].max())
        live = set(whole.loc[whole["year"] >= year - 2, "entity"])
        while live - set(whole.loc[whole["year"] == year, "entity"]) and year > whole["year"].min():
            year -= 1
            live &= set(whole.loc[whole["year"] <= year, "entity"])
    here = whole[whole["year"] == year].set_index("entity")["inner"]
    return here[here > 0].sort_values(ascending=False)


def _known_on(tables: facts.Tables) -> dt.date:
    """Return the last day of the newest publication of a volume."""
    return periods.parse(max(tables["volumes"]["published"])).end - dt.timedelta(days=1)


def _routes(tables: facts.Tables, weight: pd.Series) -> Iterator[tuple[str, str, str, str]]:
    crosswalk = facts.in_force(tables["crosswalk"], _known_on(tables))
    live = crosswalk[crosswalk["counts"].astype(str).str.lower() == "true"]
    points = set(live.loc[live["kind"] == "point", "target"].astype(str))
    series = {
        str(k): str(t) for k, t in live.loc[live["kind"] == "series", ["key", "target"]].to_numpy()
    }
    made = {target: key for key, target in series.items() if key in infer.KEYS}
    for route in weight.index:
        found = []
        if route in points:
            found.append((entsog.NAME, "metered"))
        if route in made:
            found.append((infer.KEYS[made[route]], HOW[made[route]]))
            if made[route].startswith("turkey"):
                found.append((eurostat.NAME, HOW[made[route]]))
            if made[route] == infer.CUSTOMS_UZBEKISTAN:
                found.append((siat.NAME, "declared"))
        yield from (("route", route, *pair) for pair in found or [("", "by hand")])


HOW = {
    infer.CUSTOMS_CHINA: "modelled of a value", infer.SPLIT_BLUE: "modelled as a share",
    infer.SPLIT_TURKSTREAM: "modelled as a share", infer.CUSTOMS_UZBEKISTAN: "modelled of a weight",
}  # fmt: skip


def _markets() -> Iterator[tuple[str, str, str, str]]:
    roles = eurostat.roles()
    reporters = sorted({sources.reading.entity(code) for code in roles["reporter"]})
    yield from (("market", name, eurostat.NAME, "declared") for name in reporters)
    yield ("market", "turkey", "epdk", "declared")
    yield from (("market", m.COUNTRY, m.NAME, "declared") for m in (siat, taldau, ksh))
    yield from (("market", n, comtrade.NAME, "declared") for n in comtrade.REPORTERS.values())
    yield from (("market", n, "crea", "modelled") for n in ("china", "turkey", "hungary"))


def _accounts() -> Iterator[tuple[str, str, str, str]]:
    yield from (("account", line, "", "by hand") for line in KEY_LINES)


# -- health ----------------------------------------------------------------------------------------


def health(store: Store, today: dt.date, tables: facts.Tables) -> pd.DataFrame:
    """Say of each source how it stands.

    Parameters
    ----------
    store : Store
    today : date
    tables : Tables

    Returns
    -------
    DataFrame, one row a source
        ``source, answered`` (day of its last kept figure, "" for never), ``newest`` (last day it
        has figures for), ``age`` (days since), ``due`` (day by which it normally has the last
        whole quarter), ``state`` (held, early, due, late, never, by hand, any time), ``expected``
        (fewest rows a quarter), ``fills`` (cells of the shown table).
    """
    held = store.observations()
    held = held[held["value"].notna()]
    quarter = periods.containing(periods.containing(today, "Q").start - dt.timedelta(days=1), "Q")
    matrix = fills(tables)
    rows = []
    for name, module in sources.SOURCES.items():
        mine = held[held["source"] == name]
        last = max((periods.parse(p).end for p in mine["period"].unique()), default=None)
        newest = last - dt.timedelta(days=1) if last else None
        due = quarter.end + dt.timedelta(days=module.LAG)
        cells = matrix[matrix["source"] == name]
        rows.append({
            "source": name, "answered": f"{mine['retrieved'].max():%Y-%m-%d}" if len(mine) else "",
            "newest": newest.isoformat() if newest else "", "age": (today - newest).days if newest else None,
            "due": due.isoformat() if module.LAG else "",
            "state": _state(name, module.LAG, newest, quarter, due, today),
            "expected": verdict.expected(name, quarter),
            "fills": ", ".join(f"{k} {n}" for k, n in cells[["kind", "name"]].to_numpy()),
        })  # fmt: skip
    return pd.DataFrame(rows).astype({"age": "Int64"})


def _state(
    name: str, lag: int, newest: dt.date | None, quarter: Any, due: dt.date, today: dt.date
) -> str:
    if name == "inbox":
        return "by hand"
    if lag == 0:
        return "any time"
    if newest is None:
        return "never"
    if newest >= quarter.end - dt.timedelta(days=8):
        return "held"
    if today < due:
        return "early"
    return "late" if (today - due).days > CRITICAL else "due"
