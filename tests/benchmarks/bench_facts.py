"""How full the facts are: cells by standing, years known on time, several sources, share renewed.

No time is taken; the counts say what an update or a new collection adds.
"""

from __future__ import annotations

import numpy as np

import energy
from energy import flows
from energy.finance import statement
from energy.intake import filled, fills


def cells(tracker: energy.Tracker) -> None:
    """Count quarterly cells of all routes since 2015 by status; zeros of closed pipes apart."""
    cube = flows.build(tracker.facts, first="2015Q1", last="2026Q2")
    flow, status = cube["flow"].to_numpy(), cube["status"].to_numpy()
    print(f"cells, {flow.shape[0]} routes x {flow.shape[1]} quarters, 2015Q1 to 2026Q2")
    for name in sorted(set(status.ravel()) - {""}):
        mine = status == name
        print(
            f"  {name:12} {int((mine & (flow != 0)).sum()):5} with flow, {int((mine & (flow == 0)).sum()):5} zero"
        )
    print(f"  {'not known':12} {int(np.isnan(flow).sum()):5}")
    recent = (cube["period"].dt.year >= 2023).to_numpy()
    measured = (status == "actual") & (flow != 0) & recent
    print(f"  measured since 2023, not zero: {int(measured.sum())}")


def witnesses(tracker: energy.Tracker) -> None:
    """Count quantities by how many sources told them."""
    rows = tracker.facts["volumes"]
    rows = rows[rows["status"] != "plan"]
    told = rows.groupby(["series", "entity", "period", "freq"])["source"].nunique()
    for freq, name in (("A", "years"), ("Q", "quarters"), ("M", "months")):
        part = told[told.index.get_level_values("freq") == freq]
        print(f"  {name:9} {len(part):5} quantities, {int((part >= 2).sum()):4} of two sources, "
              f"{int((part >= 3).sum()):3} of three and more")  # fmt: skip


def main() -> None:
    tracker = energy.load()
    cells(tracker)
    print("sources for one quantity and period of the volumes")
    witnesses(tracker)
    known = filled.on_time(tracker.facts)
    late = sorted(f"{route} {year}" for (route, year), fine in known.items() if not fine)
    print(f"route-years 2015-2025 of {len(filled.LIVE)} export routes known half a year after the year: "
          f"{sum(known.values())} of {len(known)}")  # fmt: skip
    print(f"  late or unknown: {', '.join(late)}")
    matrix = fills.fills(tracker.facts)
    print(f"exports that the sources renew by themselves: {fills.renewable(matrix):.1%}")
    years = [str(year) for year in range(2014, 2026)]
    grid = statement.coverage(tracker.facts, "IFRS", years).sum()
    print(
        f"annual IFRS grid 2014-2025: {grid['filled']} of {grid[['filled', 'missing']].sum()} cells, "
        f"{grid['not printed']} not printed"
    )
    lacking = [len(tracker.facts[name]) for name in ("volumes", "supply", "sources")]
    print("rows: {} volumes, {} of supply, {} sources".format(*lacking))


if __name__ == "__main__":
    main()
