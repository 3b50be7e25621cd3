"""``t.plot``: the charts of the questions asked most, one call each."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import pandas as pd
import xarray as xr

from energy.errors import UsageError
from energy.finance import charts as figures
from energy.publish import charts
from energy.tracker.facet import Facet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DRAWS = 2000  # for a chart; quantiles of more draws lie within the width of a line


class Plot(Facet):
    """Charts with units, a legend, and marks on what is not over; each returns its axes.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> {"exports", "route", "fan", "gates"} <= set(dir(t.plot))
    True
    """

    def exports(
        self,
        freq: str = "A",
        unit: str = "bcm",
        *,
        market: str | Iterable[str] | None = None,
        start: str | None = None,
        end: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw exports by market, stacked, the total with its interval.

        Parameters
        ----------
        freq, unit : str
            As in `Tracker.flows`.
        market : str or sequence of str, optional
            Only these, e.g. ``["china", "europe"]``; the total's interval is left out then.
        start, end : str, optional
            First and last period, e.g. ``"2014"``.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.exports(start="2019").get_ylabel()
        'bcm at 20 °C a period'
        """
        return charts.exports(self.t.exports(freq, unit, market=market, start=start, end=end), ax)

    def route(
        self,
        route: str,
        freq: str = "Q",
        unit: str = "bcm",
        *,
        start: str | None = None,
        end: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw flow and capacity of a route; hatched where figures do not cover a period.

        Parameters
        ----------
        route : str
            Any name of it.
        freq, unit, start, end, ax
            As in `exports`.

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.route("PoS1", freq="A").get_title()
        'Power of Siberia (Chayanda - Blagoveshchensk)'
        """
        name = self.t.route(route)
        made = charts.route(self.t.flows(name, freq, unit, start=start, end=end), ax)
        known = self.t.facts["routes"].set_index("route")["name"]
        made.set_title(known[name])
        return made

    def fan(
        self,
        route: str,
        scenario: str = "mixture",
        *,
        until: str = "2035",
        by: str = "year",
        projection: xr.Dataset | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw the history of a route and its projection as a fan; never a forecast.

        Parameters
        ----------
        route : str
            Any name of it.
        scenario : str
            See ``energy scenarios``; the mixture weighs all of them.
        until : str
            Last year.
        by : {"year", "quarter"}
        projection : Dataset, optional
            From `Tracker.project`; default one of our own.
        ax : matplotlib Axes, optional

        Raises
        ------
        UnknownName
            For a scenario or a route that the projection lacks.
        UsageError
            For a line to come that is not projected, with the fact that it lacks.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> few = t.project("2027", "baseline", draws=20, revenue=False)
        >>> t.plot.fan("power-of-siberia-1", "baseline", projection=few).get_ylabel()
        'bcm at 20 °C a year'
        """
        from energy.projection import charts as ahead
        from energy.projection import ramp

        name = self.t.route(route)
        if projection is None:
            projection = self.t.project(until, draws=DRAWS)
        others = ramp.not_projected(self.t.facts, projection["route"].values.tolist())
        if name in others:
            raise UsageError(f"Route '{name}' is not projected: it {others[name]}.")
        return ahead.fan(projection, name, self.t._reported, scenario=scenario, by=by, ax=ax)

    def gates(self, route: str, until: float = 2055, ax: Axes | None = None) -> Axes:
        """Draw when a proposed line may pass its gates, first gas among them.

        Parameters
        ----------
        route : str
            A proposed route.
        until : float
            Last year of the axis.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> "never by 2040" in energy.load().plot.gates("power-of-siberia-2").get_title()
        True
        """
        from energy.projection import timing

        return timing.gates(self.t.timing(self.t.route(route)), until, ax)

    def mirror(self, name: str, period: str | int, ax: Axes | None = None) -> Axes:
        """Draw every source of one flow side by side, on one basis.

        Parameters
        ----------
        name, period
            As in `Tracker.mirror`.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> "bcm" in t.plot.mirror("turkstream-2", "2026-01").get_xlabel()
        True
        """
        from energy import mirror

        return mirror.chart(self.t.mirror(name, period), ax)

    def idle(self, period: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the network with its idle share: red is idle, blue in use, grey not known.

        Examples
        --------
        >>> import energy
        >>> len(energy.load().plot.idle("2025").collections) > 0
        True
        """
        from energy import network

        made: Axes = network.draw_map(self.t.network.layer(period), ax)
        return made

    def sankey(self, period: str | None = None, ax: Axes | None = None) -> Axes:
        """Draw the balanced gas of a period from field by route to market.

        Parameters
        ----------
        period : str, optional
            As in `Network.ways`.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.sankey("2021").get_title()
        '2021, bcm'
        """
        from energy import network

        when = period or self.t.newest
        made: Axes = network.sankey(self.t.network.ways(when), f"{when}, bcm", ax)
        return made

    @functools.cached_property
    def money(self) -> MoneyPlot:
        """Charts of prices, netback, accounts and proposed lines: the pictures of ``t.money``.

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.debt().get_ylabel()
        'net debt / EBITDA'
        """
        return MoneyPlot(self.t)


class MoneyPlot(Facet):
    """Charts of what the gas was worth, and of Gazprom's accounts; each returns its axes.

    Examples
    --------
    >>> import energy
    >>> {"accounts", "netback", "waterfall"} <= set(dir(energy.load().plot.money))
    True
    """

    def accounts(self, metric: str = "net_profit_attributable", ax: Axes | None = None) -> Axes:
        """Draw a line of Gazprom's accounts beside exports by pipe, by year.

        Parameters
        ----------
        metric : str
            See ``energy metrics``.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.accounts().get_ylabel()
        'RUB bn (bars)'
        """
        return charts.accounts(self.t.facts["financials"], self.t.exports(), metric, ax)

    def waterfall(self, period: str | int, ax: Axes | None = None) -> Axes:
        """Draw the way from our export revenue to the reported sales of a period.

        Parameters
        ----------
        period : str or int
            As in `Money.bridge_items`.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.plot.money.waterfall("2023").get_ylabel()
        'RUB bn'
        """
        return figures.gap(
            self.t.money.bridge_items(period), f"{period}: from our revenue to reported sales", ax
        )

    def netback(self, route: str, period: str | int, ax: Axes | None = None) -> Axes:
        """Draw the way from the border price of a route to what is left at the field.

        Parameters
        ----------
        route, period
            As in `Money.netback`.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.netback("Nord Stream 1", "2020").get_ylabel()
        'USD/1000 m3'
        """
        table = self.t.money.netback(route, period)
        return figures.netback(table, f"{self.t.route(route)}, {period}", ax)

    def result(self, ax: Axes | None = None) -> Axes:
        """Draw Gazprom's net result by year, the group (IFRS) beside the parent (RAS).

        Examples
        --------
        >>> import energy
        >>> "net result" in energy.load().plot.money.result().get_title().lower()
        True
        """
        return figures.result(self.t.facts["financials"], self.t.events, ax)

    def debt(self, ax: Axes | None = None) -> Axes:
        """Draw Gazprom's net debt to EBITDA, as printed, adjusted and plain apart.

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.debt().get_ylabel()
        'net debt / EBITDA'
        """
        return figures.debt(self.t.facts["financials"], self.t.events, ax)

    def capex(self, start: str | int = 2014, ax: Axes | None = None) -> Axes:
        """Draw what Gazprom spent on building beside exports by pipe, whole years since `start`.

        Examples
        --------
        >>> import energy
        >>> len(energy.load().plot.money.capex("2019").patches) > 5
        True
        """
        rows = self.t.exports()
        rows = rows[rows["total"] & rows["whole"] & (rows["period"] >= str(start))]
        sums = pd.Series(rows["flow"].to_numpy(), index=rows["period"].astype(int))
        return figures.capex(self.t.facts["financials"], sums, self.t.events, ax)

    def sales(self, metric: str = "net_sales_of_gas", ax: Axes | None = None) -> Axes:
        """Draw a line of the accounts by market, with the break in disclosure marked.

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.sales().get_ylabel()
        'RUB bn a period'
        """
        return figures.markets(self.t.facts["financials"], metric, ax)

    def prices(
        self,
        market: str = "china",
        first: str = "2019Q4",
        last: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw every sourced price of a market and the model beside them.

        Parameters
        ----------
        market, first, last
            As in `Prices.model`.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.prices("china", "2024Q1").get_ylabel()
        'USD/1000 m3'
        """
        return figures.prices(self.t.money.prices.model(market, first, last), market.title(), ax)

    def breakeven(self, table: pd.DataFrame | None = None, ax: Axes | None = None) -> Axes:
        """Draw the break-even prices of proposed lines with the published figures as marks.

        Parameters
        ----------
        table : DataFrame, optional
            From `Tracker.economics`; default made here.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> "USD/1000 m3" in energy.load().plot.money.breakeven().get_xlabel()
        True
        """
        from energy.finance import economics

        made = self.t.economics() if table is None else table
        titles = {key: line.title for key, line in economics.projects(self.t.facts).items()}
        return figures.breakeven(made, self.t.facts["proposals"], titles, ax)

    def tornado(self, route: str, ax: Axes | None = None) -> Axes:
        """Draw what moves the break-even price of a proposed line most.

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.money.tornado("power-of-siberia-2").get_xlabel()
        'break-even price, USD/1000 m3'
        """
        centre = self.t.money.proposed.breakeven(route)
        return figures.tornado(
            self.t.money.proposed.tornado(route), centre, "break-even price, USD/1000 m3",
            f"{route}: what matters", ax,
        )  # fmt: skip
