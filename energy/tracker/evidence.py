"""``t.evidence``: where numbers come from, how sources agree, how figures were revised."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from energy import balance as balancing
from energy import mirror as mirrors
from energy.errors import UnknownName, checked
from energy.intake import update
from energy.provenance import explain
from energy.provenance import freshness as fresh
from energy.provenance.rests import resting
from energy.store import Store, last_day, prints
from energy.tracker.columns import united
from energy.tracker.facet import Facet


@checked
@united
class Evidence(Facet):
    """The documents behind the numbers, and how far they can be trusted.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> {"start", "end", "bcm"} <= set(t.evidence.disruptions())
    True
    """

    def league(self, by: str = "source") -> pd.DataFrame:
        """Return bias, noise and revisions of each source or kind; see `energy.mirror.league`.

        Parameters
        ----------
        by : {"source", "kind"}

        Examples
        --------
        >>> import energy
        >>> energy.load().evidence.league("colour")
        Traceback (most recent call last):
            ...
        energy.errors.UnknownName: Unknown league 'colour'; known: kind, source.
        """
        return mirrors.league(self.t.facts, by)

    def pairs(
        self, name: str | None = None, period: str | None = None, *, summed: bool = False
    ) -> pd.DataFrame:
        """Return every two figures of one flow and the gap between them by cause.

        Parameters
        ----------
        name, period : str, optional
            A route or market and a period; default all. See `energy.mirror.pairs`.
        summed : bool
            What each step of explaining leaves of the gaps instead, median and 90th percentile.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.pairs("turkstream-2", "2026-01")
        >>> {"gap", "residual", "share"} <= set(table)
        True
        >>> energy.load().evidence.pairs("turkstream-2", "2026-01", summed=True).index.tolist()
        ['gap', 'proven', 'residual']
        """
        made = mirrors.pairs(self.t.facts, name, period)
        return mirrors.residuals(made) if summed else made

    def contested(self, standing: str | None = None) -> pd.DataFrame:
        """Return the known contradictions: figures, sums and capacities side by side, and the answer.

        Parameters
        ----------
        standing : {"resolved", "explained", "open"}, optional
            Only those.

        Returns
        -------
        DataFrame
            See `energy.balance.contests.contested`; every number is worked out from the facts.

        Raises
        ------
        UnknownName
            For another standing.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.contested()
        >>> table.loc[table["topic"] == "turkey-first-half-2020", "kind"].unique().tolist()
        ['figure', 'sum']
        """
        known = ["resolved", "explained", "open"]
        if standing is not None and standing not in known:
            raise UnknownName("standing", standing, known)
        table = balancing.contested(self.t.facts)
        if standing is None:
            return table
        return table[table["standing"] == standing].reset_index(drop=True)

    def totals(self, first: int = 2014, last: int | None = None) -> pd.DataFrame:
        """Return each market, country and plant by year beside the totals printed of it.

        Parameters
        ----------
        first, last : int, optional
            Calendar years; default up to the newest whole one.

        Returns
        -------
        DataFrame
            See `energy.balance.totals.totals`: the balance with its interval, each print with its
            stated error, and whether they tie.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.totals(2023, 2023)
        >>> table.loc[table["ties"] == False, "id"].tolist()  # 91.4 bcm of a scope nobody states
        ['V0031']
        """
        return balancing.totals(self.t.facts, first, last)

    def disruptions(self, route: str | None = None) -> pd.DataFrame:
        """Return stops, strikes and repairs with start, end, routes and what they took off line.

        Parameters
        ----------
        route : str, optional
            Only those that name it.

        Returns
        -------
        DataFrame
            See `energy.provenance.disruptions.disruptions`: each rate is printed, worked out of the
            flows around it, or not told.

        Raises
        ------
        UnknownName
            For a route that is none.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.disruptions("nord-stream-1").set_index("event")
        >>> table.loc["E094", ["start", "end", "how"]].tolist()
        ['2022-06-14', '2022-07-11', 'printed']
        >>> float(table.loc["E094", "rate"]), float(table.loc["E094", "bcm"])
        (100.0, 2.7)
        """
        from energy.provenance import disruptions

        table = disruptions.disruptions(self.t.facts, self.t.flows(freq="Q"))
        if route is None:
            return table
        known = self.t.facts["routes"]["route"].astype(str).tolist()
        if route not in known:
            raise UnknownName("route", route, known)
        mine = [route in str(names).split(";") for names in table["routes"]]
        return table[mine].reset_index(drop=True)

    def filled(self, vintages: bool = True) -> pd.DataFrame:
        """Count what is filled: routes and markets by quarter, the accounts, cells of many sources.

        Parameters
        ----------
        vintages : bool
            Also count the route-years known half a year after; eleven cubes, some seconds.

        Returns
        -------
        DataFrame
            See `energy.intake.filled.filled`.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.filled(vintages=False)
        >>> table.columns.tolist(), bool((table["count"] <= table["of"]).all())
        (['part', 'what', 'count', 'of'], True)
        """
        from energy.intake import filled

        cube, markets = self.t.flows(freq="Q"), self.t.markets("Q", by="market")
        return filled.filled(self.t.facts, cube, markets, vintages=vintages)

    def revisions(self, source: str | None = None, *, each: bool = False) -> pd.DataFrame:
        """Return how much figures were revised, by their age in quarters.

        Parameters
        ----------
        source : str, optional
            A source of the store, or ``"package"``: the prints that ship with the package.
        each : bool
            Every revision of a packaged figure instead: old and new print, with their ids.

        Returns
        -------
        DataFrame
            As `energy.store.Store.revisions`, or with `each` as `energy.store.prints.revised`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> {"age", "mean_abs_pct"} <= set(t.evidence.revisions("package"))
        True
        """
        if each:
            return prints.revised(self.t.facts)
        shipped = prints.revisions(self.t.facts) if source in (None, "package") else None
        own = Store.open().revisions(source) if source != "package" else None
        parts = [part for part in (own, shipped) if part is not None and len(part)]
        if not parts:
            return Store.open().revisions(source)
        printed = prints.revised(self.t.facts) if shipped is not None else pd.DataFrame()
        ids = [*printed["id"], *printed["old_id"]] if len(printed) else []
        return resting(pd.concat(parts, ignore_index=True), ids)

    def freshness(self, today: str | dt.date | None = None) -> pd.DataFrame:
        """Return the newest figure of each series: one row a route, market, price or line.

        Parameters
        ----------
        today : str or date, optional
            Day from which ``age`` counts; default the last day of the edition.

        Returns
        -------
        DataFrame, columns kind, name, series, newest, status, source, age
            Oldest first; see `energy.provenance.freshness.freshness`.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.freshness("2026-11-28").set_index(["kind", "name"])
        >>> table.loc[("route", "nord-stream-1"), "newest"]
        '2023-03-31'
        """
        day = today or self.t.edition
        return fresh.freshness(self.t.facts, last_day(str(day)) if day else None)

    def releases(self) -> pd.DataFrame:
        """Return the releases that the store holds.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> list(t.evidence.releases())
        ['release']
        """
        return pd.DataFrame({"release": pd.Series(Store.open().releases(), dtype="str")})

    def changes(self, a: str, b: str) -> pd.DataFrame:
        """Return what changed between two releases or days of the store.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().evidence.changes("2025-01-01", "2026-01-01")
        >>> sorted(set(table["change"]))
        ['new', 'revised']
        """
        return update.changes(Store.open(), a, b)

    def projected(self, scenario: str, route: str, period: str) -> pd.DataFrame:
        """Return the draws, seed and assumptions behind a projected number of the layers.

        See `energy.provenance.explain.projected`.

        Examples
        --------
        >>> import energy
        >>> steps = energy.load().evidence.projected("mixture", "blue-stream", "2030Q1")
        >>> steps["quantity"].head(3).tolist()
        ['flow p10', 'flow p50', 'flow p90']
        """
        return explain.projected(self.t.ahead.shown, scenario, route, period)

    def ledger(self, last: str | None = None) -> pd.DataFrame:
        """Return the steps behind every number of every route and quarter at once.

        Parameters
        ----------
        last : str, optional
            The last quarter; default that of the newest figure. See `energy.provenance.explain.ledger`.

        Examples
        --------
        >>> import energy
        >>> steps = energy.load().evidence.ledger(last="2015Q1")
        >>> steps.loc[steps["route"] == "nord-stream-1", "quantity"].unique().tolist()
        ['flow', 'reported', 'coverage', 'capacity', 'price', 'revenue', 'netback', 'utilisation', 'idle']
        """
        cube = self.t._quarters if last is None else self.t._cube(last=last)
        return explain.ledger(self.t.facts, cube, self.t._prices, self.t.lines["length_km"])
