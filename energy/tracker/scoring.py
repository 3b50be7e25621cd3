"""``t.scoring``: how projections and forecasts of the past came out, ours and others'."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pandas as pd
import xarray as xr

from energy.errors import UnknownName, checked
from energy.tracker.columns import united
from energy.tracker.facet import Facet


@checked
@united
class Scoring(Facet):
    """Projections held against what came, beside simple rivals and the forecasts of others.

    Examples
    --------
    >>> import energy
    >>> "backtest" in dir(energy.load().scoring)
    True
    """

    def backtest(
        self, models: Iterable[str] | None = None, first: str = "2016Q1", last: str | None = None
    ) -> pd.DataFrame:
        """Score our projection and simple ones at rolling origins, on what was known each day.

        Parameters
        ----------
        models : iterable of str, optional
            ``ours, naive, seasonal naive, drift, ETS, ARIMA, Theta, contract``; default all.
        first, last : str
            Quarters of the first and last origin; default to the last but one with data.

        Returns
        -------
        DataFrame
            See `energy.projection.backtest.backtest`; `backtest.summary` sums it up.

        Examples
        --------
        >>> import energy
        >>> energy.load().scoring.backtest(["ours", "naive"], "2024Q1", "2024Q2")
        Traceback (most recent call last):
            ...
        energy.errors.EnergyError: 2 origins are too few to judge by; give at least 8 (quarters' last days).
        """
        from energy.projection import backtest

        chosen = None if models is None else list(models)
        days = backtest.days(self.t.facts, first, last)
        return backtest.backtest(self.t.facts, chosen, days, truth=self.t._cube(freq="Q"))

    def outside(self, ours: bool = False) -> pd.DataFrame:
        """Score the published forecasts of others; `ours` sets our own of that day beside them.

        See `energy.projection.backtest.league`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> {"issuer", "value", "actual"} <= set(t.scoring.outside())
        True
        """
        from energy.projection import backtest

        return backtest.league(self.t.facts, backtest.ours if ours else None)

    def scores(self, folder: str | Path | None = None) -> pd.DataFrame:
        """Score dated forecasts whose outcome has come: ours, rivals, published ones, submissions.

        Our releases and published forecasts stand as they were said; ``replayed`` marks what ours
        and the simple rivals would have said at past days, by the method of today on what was known
        then. Outcomes are those known on the tracker's day, so that `Tracker.as_of` scores as one
        could have scored then. A forecast of nought and a year that is not over do not count.

        Parameters
        ----------
        folder : path, optional
            Holds ``submissions/`` as `energy.projection.scoreboard.submit` keeps them; default
            ``$ENERGY_HOME``.

        Returns
        -------
        DataFrame
            See `energy.projection.scoreboard.score`, and ``answer, chance, brier`` of events (first
            gas, never, the tree's answers; `energy.projection.chances`) and ``replayed``.
            ``scoreboard.board`` sums it up, ``scoreboard.page`` shows it; ``attrs["open"]`` are the
            rows of chances that are not decided yet.

        Examples
        --------
        >>> import energy
        >>> scores = energy.load().scoring.scores()
        >>> {"flow", "quarterly flow", "first gas", "never", "answer"} <= set(scores["target"])
        True
        """
        from energy import facts
        from energy.projection import standing

        return standing.scores(self.t.facts, self.t.edition, self.t._cube(freq="A"),
                               self.t._cube(freq="Q"), lambda: self.t.flows(freq="A"),
                               folder or facts.home())  # fmt: skip

    def left_out(self) -> pd.DataFrame:
        """Leave each built project out in turn: did its first gas fall into the 80 % interval?

        See `energy.projection.timing.coverage`; the share is in ``attrs["coverage"]``.

        Examples
        --------
        >>> import energy
        >>> built = energy.load().scoring.left_out()
        >>> round(built.attrs["coverage"], 1)
        0.9
        """
        from energy.projection import timing

        return timing.coverage(self.t.facts)

    def skill(self, scores: pd.DataFrame, by: str = "model") -> pd.DataFrame:
        """Sum up a backtest: skill, coverage and bias by model and horizon, or skill by route.

        Parameters
        ----------
        scores : DataFrame
            From ``t.scoring.backtest``.
        by : {"model", "route"}

        Raises
        ------
        UnknownName
            For another word.

        Examples
        --------
        >>> import energy
        >>> import pandas as pd
        >>> energy.load().scoring.skill(pd.DataFrame(), by="colour")
        Traceback (most recent call last):
            ...
        energy.errors.UnknownName: Unknown grouping 'colour'; known: model, route.
        """
        from energy.projection import backtest

        made = {"model": backtest.summary, "route": backtest.by_route}
        if by not in made:
            raise UnknownName("grouping", by, made)
        return made[by](scores)

    def standings(self, ours: bool = False) -> pd.DataFrame:
        """Sum the published forecasts of others by issuer and series, see ``t.scoring.outside``.

        ``unit`` is that of the series, in which ``absolute`` is told.

        Examples
        --------
        >>> import energy
        >>> {"forecasts", "relative", "wins"} <= set(energy.load().scoring.standings())
        True
        """
        from energy.projection import backtest

        forecasts = self.t.scoring.outside(ours)
        table = backtest.standings(forecasts)
        unit = forecasts.drop_duplicates("series").set_index("series")["unit"]
        return table.assign(unit=unit.reindex(table.index.get_level_values("series")).to_numpy())

    def log(self, result: xr.Dataset, folder: str | Path = "log") -> pd.DataFrame:
        """Write a projection into a log that later readers score; return the log.

        Parameters
        ----------
        result : Dataset
            From `Tracker.project`.
        folder : path
            Holds, or will hold, ``projections.csv``.

        Raises
        ------
        DataError
            If this release is in the log with other numbers.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> few = t.project("2027", "baseline", draws=20, revenue=False)
        >>> {"release", "scenario", "route"} <= set(t.scoring.log(few, "my-log"))
        True
        """
        import energy
        from energy.projection import backtest

        backtest.append_log(result, folder, release=energy.__version__)
        return backtest.read_log(folder)
