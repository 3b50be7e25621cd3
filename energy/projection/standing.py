"""Everything that stands on the scoreboard, gathered and scored as known on one day."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import xarray as xr

from energy import facts
from energy.projection import backtest, chances, replay, replayed, scenarios, scoreboard


def places(tables: facts.Tables) -> set[str]:
    """Return every name that a submission may give as its location.

    Examples
    --------
    >>> {"power-of-siberia-2", "europe", "all", "eu-ban", "TurkStream"} <= places(facts.load())
    True
    """
    return {
        *tables["routes"]["route"], *backtest.markets(tables).values(), scoreboard.ALL,
        *scoreboard.of_outside(tables)["location"], *scenarios.read()["question"],
        *tables["reference-projects"]["project"],
    }  # fmt: skip


def scores(
    tables: facts.Tables, day: str, years: xr.Dataset, quarters: xr.Dataset,
    priced: Callable[[], xr.Dataset], folder: Path | str,
) -> pd.DataFrame:  # fmt: skip
    """Return every forecast whose outcome has come by a day, scored; what is open in ``attrs``.

    Parameters
    ----------
    tables : Tables
        As known on the day.
    day : str
        ISO date.
    years, quarters : Dataset
        Flows of the balance, as known on the day.
    priced : callable
        Returns flows of years with revenue; asked only where somebody foretold revenue.
    folder : path
        Holds ``submissions/``.
    """
    markets, tree = backtest.markets(tables), scenarios.read()
    rows = pd.concat([
        scoreboard.of_log(backtest.read_log(backtest.SHIPPED)), scoreboard.of_outside(tables),
        scoreboard.submissions(folder, places(tables)), chances.of_tree(tree),
    ], ignore_index=True)  # fmt: skip
    rows = rows[rows["origin_date"] <= day]
    came = scoreboard.truth(years, markets)
    if (rows["target"] == scoreboard.REVENUE).any():
        came = pd.concat([came, replay.earned(priced(), markets)])
    rivals = scoreboard.as_last_year(rows[~rows["target"].isin(list(chances.TARGETS))], came)
    past = replayed.read(until=day)
    said = pd.concat([rows.assign(replayed=False), rivals.assign(replayed=False),
                      past.assign(replayed=True)], ignore_index=True)  # fmt: skip
    event = said["target"].isin(list(chances.TARGETS))
    came = pd.concat([came, replayed.truth(quarters, markets)], ignore_index=True)
    flows = scoreboard.score(said[~event], came, day)
    decided = chances.came(tables, tree, said[event], day)
    other = chances.rivals(said[event], decided)
    events = chances.brier(pd.concat([said[event], other], ignore_index=True), decided)
    afterwards = said.loc[said["replayed"], ["model", "origin_date"]].drop_duplicates()
    table = pd.concat([flows, events], ignore_index=True)
    later = pd.MultiIndex.from_frame(table[["model", "origin_date"]]).isin(
        pd.MultiIndex.from_frame(afterwards)
    )
    table = table.assign(replayed=later | table["model"].isin([chances.RATE, chances.EVEN]),
                         scored_as_of=day)  # fmt: skip
    waiting = chances.open_events(said[event], decided)  # a table in attrs breaks pandas' concat
    table.attrs["open"] = waiting.to_dict("records")
    return table
