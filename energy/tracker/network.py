"""``t.network``: the export system as a graph, its idle pipes, and what takes the gas instead."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd

from energy import flows
from energy import network as grid
from energy.balance import tracing
from energy.errors import checked
from energy.tracker.columns import united
from energy.tracker.facet import Facet, warn_moved

if TYPE_CHECKING:
    import networkx as nx
    import pypsa


@checked
@united
class Network(Facet):
    """Fields, hubs, borders and markets as they stand on a day.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> "losses" in dir(t.network)
    True
    """

    def __call__(self, at: str | None = None, links: Iterable[str] = ()) -> nx.DiGraph:
        """Build the graph; the old form of `graph`, kept for one release."""
        warn_moved("network(…)", "network.graph(…)")
        return self.graph(at, links)

    def graph(self, at: str | None = None, links: Iterable[str] = ()) -> nx.DiGraph:
        """Return the export system as a graph on a day; see `energy.network.graph`.

        Parameters
        ----------
        at : str, optional
            A day or a period, whose last day counts; default the newest well-known quarter.
        links : iterable of str
            Scenario links that exist; see `links`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.network.graph("2021").is_directed()
        True
        """
        when = at or self.t.newest
        return grid.graph(self.t.facts, when, links, self.t._quarters, self.t.lines)

    def links(self) -> pd.DataFrame:
        """Return the links that a scenario may add.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> "altai" in set(t.network.links()["link"])
        True
        """
        return grid.links_of(self.t.facts)

    def losses(self, at: str | None = None) -> pd.DataFrame:
        """Cut each way in turn: what could be exported without it, the largest loss first.

        Parameters
        ----------
        at : str, optional
            As in `graph`.

        Examples
        --------
        >>> import energy
        >>> energy.load().network.losses("2026Q1").columns.tolist()
        ['edge', 'route', 'volume', 'loss']
        """
        return grid.losses(self.graph(at))

    def min_cost(
        self,
        demand: Mapping[str, float],
        at: str | None = None,
        booked: Mapping[str, float] | None = None,
    ) -> grid.MinCost:
        """Ship a demand at the lowest cost; bookings are paid even if unused.

        Parameters
        ----------
        demand : mapping of market to float
            bcm a year.
        at : str, optional
            As in `graph`.
        booked : mapping of way to float, optional
            Ship-or-pay, bcm a year. See `energy.network.min_cost`.

        Examples
        --------
        >>> import energy
        >>> energy.load().network.min_cost({"europe": 100}, "2021-12-31").cost > 0
        True
        """
        return grid.min_cost(self.graph(at), demand, booked)

    def clear(
        self,
        year: str | None = None,
        links: Iterable[str] = (),
        change: Mapping[tuple[str, str], float] | None = None,
    ) -> grid.Clearing:
        """Clear a year by quarter at the lowest cost; see `energy.network.clear`.

        Parameters
        ----------
        year : str, optional
            Default the last whole year of the facts.
        links : iterable of str
            Scenario links that exist; see ``t.network.links``.
        change : mapping of (item, market) to float, optional
            Values in place of those of ``clearing.csv``, e.g. ``{("lng_price", "europe"): 600}``.

        Examples
        --------
        >>> import energy
        >>> year = energy.load().network.clear("2024")
        >>> sorted(set(year.markets["quarter"]))
        ['Q1', 'Q2', 'Q3', 'Q4']
        """
        when = year or str(int(self.t.edition[:4]) - 1)
        return grid.clear(self.graph(when, links), self.t.facts, change)

    def to_pypsa(
        self, path: Path | str | None = None, year: str | None = None, links: Iterable[str] = ()
    ) -> pypsa.Network:
        """Return a year as a PyPSA network, written as netCDF to `path`; see `energy.network.to_pypsa`.

        Examples
        --------
        >>> import warnings
        >>> import energy
        >>> with warnings.catch_warnings():
        ...     warnings.simplefilter("ignore")  # PyPSA still speaks of pandas before 3.0
        ...     year = energy.load().network.to_pypsa(year="2024")
        >>> list(year.snapshots)
        ['Q1', 'Q2', 'Q3', 'Q4']
        """
        when = year or str(int(self.t.edition[:4]) - 1)
        made: pypsa.Network = grid.to_pypsa(self.graph(when, links), self.t.facts, path)
        return made

    def layer(self, period: str | None = None) -> gpd.GeoDataFrame:
        """Return the ways of the network as lines with their idle share; see `energy.network.layer`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.network.layer("2025").crs.to_epsg()
        4326
        """
        return grid.layer(self.graph(period), self.idle.stranded(period))

    def sankey(self, period: str | None = None) -> pd.DataFrame:
        """Return the balanced gas of a period arc by arc, from field to market.

        The Sankey of the page and of the notebook is drawn from this table.

        Parameters
        ----------
        period : str, optional
            A month, quarter, calendar year or gas year; default the newest well-known quarter.

        Returns
        -------
        DataFrame
            ``source, target, bcm, p10, p90, arc, route, kind``; see `energy.balance.tracing.stream`.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().network.sankey("2024Q4")
        >>> sorted(table.loc[table["target"] == "china", "source"])
        ['chayandinskoye-field']
        """
        return tracing.stream(self.t.facts, period or self.t.newest)

    def ways(self, period: str | None = None) -> pd.DataFrame:
        """Return whose gas leaves where: ``field, route, market, flow``, mixed alike at each node.

        Parameters
        ----------
        period : str, optional
            As in `sankey`. The table is what `energy.network.sankey` draws.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> {"field", "route", "market", "flow"} <= set(t.network.ways("2021"))
        True
        """
        return tracing.ways(self.t.facts, period or self.t.newest)

    @functools.cached_property
    def idle(self) -> Idle:
        """Capacity that no gas uses: by route, summed, and through time.

        Examples
        --------
        >>> import energy
        >>> bool(energy.load().network.idle.total("2025")["idle"] > 50)
        True
        """
        return Idle(self.t)


@checked
@united
class Idle(Facet):
    """Idle capacity and use of the routes.

    Examples
    --------
    >>> import energy
    >>> "stranded" in dir(energy.load().network.idle)
    True
    """

    def stranded(
        self,
        period: str | None = None,
        route: str | list[str] | None = None,
        life: float = grid.LIFE,
    ) -> pd.DataFrame:
        """Return capacity against flow by route: idle bcm, bcm·km and capital.

        Parameters
        ----------
        period : str, optional
            Default the newest well-known quarter.
        route : str or list of str, optional
            Names of routes; default all.
        life : float
            Years over which a line is written off; see `energy.network.stranded`.

        Examples
        --------
        >>> import energy
        >>> bool(energy.load().network.idle.stranded("2025").loc["nord-stream-1", "lost"] > 50)
        True
        """
        asked = None if route is None else self.t.names(route)
        when = period or self.t.newest
        return grid.stranded(self.t._quarters, self.t.lines, self.t.facts, when, asked, life)

    def total(self, period: str | None = None) -> pd.Series:
        """Return the sums over export routes of `stranded`; routes without a figure are named.

        Examples
        --------
        >>> import energy
        >>> bool(energy.load().network.idle.total("2025")["idle"] > 50)
        True
        """
        return grid.total(self.stranded(period))

    def series(self) -> pd.DataFrame:
        """Return capacity, flow, idle and lost of every route and quarter, long.

        Examples
        --------
        >>> import energy
        >>> {"route", "period", "capacity", "flow", "idle"} <= set(energy.load().network.idle.series())
        True
        """
        return grid.series(self.t._quarters, self.t.facts)

    def utilisation(self, freq: str = "A") -> pd.DataFrame:
        """Return utilisation (1 = full) as a table of routes by period; empty routes left out.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> "power-of-siberia-1" in t.network.idle.utilisation().index
        True
        """
        table = flows.frame(self.t._cube(freq=freq)["utilisation"])
        return table.dropna(how="all")
