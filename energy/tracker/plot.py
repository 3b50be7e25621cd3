"""``t.plot``: the charts of the questions asked most, one call each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import xarray as xr

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
        start: str | None = None,
        end: str | None = None,
        ax: Axes | None = None,
    ) -> Axes:
        """Draw exports by market, stacked, the total with its interval.

        Parameters
        ----------
        freq, unit : str
            As in `Tracker.flows`.
        start, end : str, optional
            First and last period, e.g. ``"2014"``.
        ax : matplotlib Axes, optional

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.exports(start="2019").get_ylabel()
        'bcm at 20 °C a period'
        """
        rows = self.t.exports(freq, unit)
        if start is not None:
            rows = rows[rows["period"] >= str(start)]
        if end is not None:
            rows = rows[rows["period"] <= str(end)]
        return charts.exports(rows, ax)

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
        >>> energy.load().plot.accounts().get_ylabel()
        'RUB bn (bars)'
        """
        return charts.accounts(self.t.facts["financials"], self.t.exports(), metric, ax)

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
            For a scenario or a route that is not projected.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> few = t.project("2027", "baseline", draws=20, revenue=False)
        >>> t.plot.fan("power-of-siberia-1", "baseline", projection=few).get_ylabel()
        'bcm at 20 °C a year'
        """
        from energy.projection import charts as ahead

        if projection is None:
            projection = self.t.project(until, draws=DRAWS)
        return ahead.fan(
            projection, self.t.route(route), self.t._reported, scenario=scenario, by=by, ax=ax
        )

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
        >>> t.plot.waterfall("2023").get_ylabel()
        'RUB bn'
        """
        from energy.finance import charts as money

        return money.gap(
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
        >>> energy.load().plot.netback("Nord Stream 1", "2020").get_ylabel()
        'USD/1000 m3'
        """
        from energy.finance import charts as money

        table = self.t.money.netback(route, period)
        return money.netback(table, f"{self.t.route(route)}, {period}", ax)
