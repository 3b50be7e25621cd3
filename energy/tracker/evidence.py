"""``t.evidence``: where numbers come from, how sources agree, how figures were revised."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pandas as pd

from energy import mirror as mirrors
from energy.errors import checked
from energy.intake import update
from energy.provenance import explain
from energy.provenance import freshness as fresh
from energy.provenance.rests import resting
from energy.store import Store, last_day, prints
from energy.tracker.facet import Facet


@checked
class Evidence(Facet):
    """The documents behind the numbers, and how far they can be trusted.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> t.evidence.cite("V0001")["table"].tolist()
    ['volumes']
    """

    def cite(self, what: Any) -> pd.DataFrame:
        """Return the sources behind an id, a cube or a table; the same as ``t.cite``.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.evidence.cite("blue-stream")["title"].ne("").all()
        np.True_
        """
        return self.t.cite(what)

    def explain(self, name: str, period: str) -> pd.DataFrame:
        """Return every step to a shown number; the same as ``t.explain``.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.evidence.explain("blue-stream", "2024Q1").equals(t.explain("blue-stream", "2024Q1"))
        True
        """
        return self.t.explain(name, period)

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
        energy.errors.UnknownName: Unknown league 'colour'; near: source.
        """
        return mirrors.league(self.t.facts, by)

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
        return pd.DataFrame({"release": Store.open().releases()})

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
        cube = self.t._quarters if last is None else self.t.flows(last=last)
        return explain.ledger(self.t.facts, cube, self.t._prices, self.t.lines["length_km"])
