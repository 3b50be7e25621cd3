"""``t.money``: prices, netback, accounts and the bridge between them."""

from __future__ import annotations

import functools
from collections.abc import Iterable

import pandas as pd

from energy.errors import DataError, checked
from energy.finance import accounts, bridge, economics, netback, prices
from energy.measure import periods
from energy.provenance.rests import resting
from energy.tracker.columns import united
from energy.tracker.facet import Facet

FIRST_YEAR = 2014  # since when Gazprom's sales and our prices both are in the facts


@checked
@united
class Money(Facet):
    """What the gas was worth, who kept it, what the accounts say.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> "netback" in dir(t.money)
    True
    """

    @functools.cached_property
    def _modelled(self) -> dict[str, pd.Series]:
        last = int(self.t.newest[:4])
        spans = [q for year in range(FIRST_YEAR, last + 1) for q in periods.quarters_of(year)]
        return prices.modelled(self.t.facts["prices"], spans)

    @property
    def _all_lines(self) -> pd.DataFrame:
        return accounts.statements(self.t.facts["financials"], None)

    def beside_accounts(self, metric: str | None = None) -> pd.DataFrame:
        """Return what is told of the company outside its statements, in the same columns.

        Consensus of analysts, budgets and investment programmes, guidance, dividends, taxes as the
        press gave them, operating figures.

        Parameters
        ----------
        metric : str, optional
            One line, e.g. ``"mineral_extraction_tax_surcharge"``.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().money.beside_accounts("net_profit_attributable")
        >>> table[["segment", "period", "value"]].to_numpy().tolist()
        [['consensus forecast', '2023', 447.0]]
        """
        metrics = [metric] if metric else None
        return accounts.statements(self.t.facts["financials"], "other", metrics=metrics)

    def quarters(self, standard: str | None = "IFRS", metric: str | None = None) -> pd.DataFrame:
        """Return the statements by quarter; a missing quarter is a difference of cumulative figures.

        Parameters
        ----------
        standard, metric
            As in `Tracker.financials`.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().money.quarters("IFRS", "net_profit_attributable")
        >>> bool(table["derived"].any())
        True
        """
        if standard == "other":
            return accounts.quarters(self.beside_accounts(metric))
        return accounts.quarters(self.t.financials(standard, metric))

    def statement(self, standard: str = "IFRS", period: str | int | None = None) -> pd.DataFrame:
        """Return one period of the accounts line by line, each cell printed, derived, not printed or missing.

        See `energy.finance.statement.statement`.

        Parameters
        ----------
        standard : {"IFRS", "RAS"}
        period : str, optional
            A year, half-year, quarter or nine months; default the newest year with a published line.

        Examples
        --------
        >>> import energy
        >>> grid = energy.load().money.statement("IFRS", "2020M9")
        >>> float(grid.set_index("line").loc["before_tax", "value"])
        -327.023
        """
        from energy.finance import statement

        when = statement.newest(self.t.facts, standard) if period is None else str(period)
        return statement.statement(self.t.facts, standard, when)

    def breaks(self) -> pd.DataFrame:
        """Return where lines of the accounts stopped being published, or came back.

        Examples
        --------
        >>> import energy
        >>> {"since", "metrics"} <= set(energy.load().money.breaks())
        True
        """
        return accounts.breaks(self.t.facts["financials"])

    def netback(
        self,
        route: str,
        period: str | int,
        *,
        carry: bool = False,
        assume: dict[str, float] | None = None,
    ) -> pd.DataFrame:
        """Break the border price of a route down to what is left at the field.

        A charge without a published figure is missing: the netback is then at most that, and says
        so. See `energy.finance.netback.netback`.

        Parameters
        ----------
        route : str
            Name of a route.
        period : str
            Quarter or calendar year.
        carry : bool
            Take the nearest figure in time for a charge without one.
        assume : dict, optional
            Charge to a value of your own, e.g. ``{"export_duty": 0}``.

        Raises
        ------
        UnknownName, PeriodError

        Examples
        --------
        >>> import energy
        >>> energy.load().money.netback("Nord Stream 1", "2020")["item"].iloc[0]
        'border price'
        """
        return netback.netback(self.t.route(route), str(period), self.t._quarters, self.t.facts,
                               lengths=self.t.lines["length_km"], carry=carry, assume=assume)  # fmt: skip

    def bridge_items(self, period: str | int, rate: float | None = None) -> pd.DataFrame:
        """Split the gap between reported sales and the export revenue of a period into its parts.

        Parameters
        ----------
        period : str or int
            A year, or a half-year or nine months with a reported line, e.g. ``"2019H1"``.
        rate : float, optional
            RUB per USD of your own for a year whose mean rate is not in the facts.

        Raises
        ------
        DataError
            Naming what the period lacks and the periods that have it.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.money.bridge_items("2023").set_index("part").loc["reported", "rub_bn"] > 0
        np.True_
        """
        return bridge.itemise(str(period), self.t._quarters, self._all_lines, self.t.facts,
                              rate=rate, modelled=self._modelled)  # fmt: skip

    def residuals(
        self, years: Iterable[int] | None = None, rates: dict[int, float] | None = None
    ) -> pd.DataFrame:
        """Return the bridge year by year: gap, parts, unexplained rest, what is missing.

        Parameters
        ----------
        years : iterable of int, optional
            Default 2014 to the last whole year of the flows.
        rates : dict, optional
            Year to RUB per USD of your own.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.money.residuals([2023])["period"].tolist()
        ['2023']
        """
        chosen = range(FIRST_YEAR, self.t.newest_year + 1) if years is None else years
        table = bridge.residuals(chosen, self.t._quarters, self._all_lines, self.t.facts,
                                 rates=rates, modelled=self._modelled)  # fmt: skip
        sales = self.t.facts["financials"]["metric"].isin(
            {str(line).split(",")[0] for line in table["line"]}
        )
        return resting(table, self.t.facts["financials"].loc[sales, "id"])

    def story(
        self, year: str | int, earlier: str | int | None = None, rate: float | None = None
    ) -> str:
        """Tell a year in a few sentences; with `earlier`, split the change of revenue too.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> "2021" in t.money.story(2021)
        True
        """
        try:
            items = self.bridge_items(year, rate)
        except DataError:  # a year without a reported line still has a story
            items = None
        before = (str(earlier), self.t.bridge(earlier)) if earlier is not None else None
        return bridge.story(year, self.t.bridge(year, rate), items, before)

    @functools.cached_property
    def prices(self) -> Prices:
        """What a market paid, beside the formula fitted to it.

        Examples
        --------
        >>> import energy
        >>> "modelled" in energy.load().money.prices.model("china", first="2024Q1")
        True
        """
        return Prices(self.t)

    @functools.cached_property
    def proposed(self) -> Proposed:
        """What a proposed line costs to use, and on which inputs that hangs; see `Tracker.economics`.

        Examples
        --------
        >>> import energy
        >>> energy.load().money.proposed.breakeven("power-of-siberia-2") > 0
        True
        """
        return Proposed(self.t)


@checked
@united
class Prices(Facet):
    """Prices of a market: every sourced one, the formula fitted to them, and its error.

    Examples
    --------
    >>> import energy
    >>> "formula" in dir(energy.load().money.prices)
    True
    """

    def model(
        self, market: str = "china", first: str = "2019Q4", last: str | None = None
    ) -> pd.DataFrame:
        """Return the modelled price of a market beside every sourced one; never mixed.

        Parameters
        ----------
        market : {"china", "europe", "turkey"}
        first, last : str
            Quarters; the last one defaults to that of the flows.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> "modelled" in t.money.prices.model("china", first="2024Q1")
        True
        """
        known, market = self.t.facts["prices"], self._priced(market)
        table = prices.beside(known, market, self.formula(market), first=first,
                              last=last or self.t.last, volumes=self.t.facts["volumes"])  # fmt: skip
        shown = {str(column).removesuffix("_forecast") for column in table} | {
            *prices.INDICES.values()
        }
        return resting(table, known.loc[known["series"].isin(shown), "id"])

    def _priced(self, market: str) -> str:
        """Return the id of a market from any word of it; what has no price is told as it is."""
        found = self.t._words.find(market)
        return found.id if found is not None and found.kind == "market" else market

    def formula(self, market: str = "china") -> prices.Formula:
        """Return the price formula fitted to a market: slopes, lags, R2, error.

        Parameters
        ----------
        market : {"china", "europe", "turkey"}

        Examples
        --------
        >>> import energy
        >>> bool(energy.load().money.prices.formula("china").r2 > 0.9)
        True
        """
        table = self.t.facts["prices"]
        if market == "china":
            return prices.fit(table, prices.customs_quarters(table), prices.CHINA[:1])
        return prices.fit(table, prices.europe_observed(table), prices.EUROPE)

    def scores(self, market: str = "china") -> pd.DataFrame:
        """Return fit and out-of-sample error of each price formula of a market.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> len(t.money.prices.scores("europe"))
        3
        """
        table = self.t.facts["prices"]
        if market == "china":
            windows = (*prices.CHINA, prices.Window("brent", 3, 8))
            each = {str(w): (w,) for w in windows}
            return prices.scores(table, prices.customs_quarters(table), each)
        models: dict[str, tuple[prices.Window, ...]] = {
            "brent and ttf": prices.EUROPE,
            "brent": prices.EUROPE[:1],
            "ttf": prices.EUROPE[1:],
        }
        return prices.scores(table, prices.europe_observed(table), models)


@checked
@united
class Proposed(Facet):
    """The economics of one proposed line at its central inputs.

    Examples
    --------
    >>> import energy
    >>> "breakeven" in dir(energy.load().money.proposed)
    True
    """

    def tornado(self, route: str, target: str = "breakeven") -> pd.DataFrame:
        """Return what moves the value of a proposed line most: each input at its low and high.

        Parameters
        ----------
        route : str
            A proposed route or project.
        target : {"breakeven", "npv"}
            See `energy.finance.economics.tornado`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> len(t.money.proposed.tornado("power-of-siberia-2")) > 3
        True
        """
        return economics.tornado(
            economics.project(self.t.facts, self.t._proposed(route)),
            target,
        )

    def assumptions(self, route: str) -> pd.DataFrame:
        """Return the inputs of the economics of a proposed line with their sources.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> {"input", "mode", "unit", "source"} <= set(t.money.proposed.assumptions("power-of-siberia-2"))
        True
        """
        return economics.assumptions(economics.project(self.t.facts, self.t._proposed(route)))

    def breakeven(self, route: str) -> float:
        """Return the break-even price of a proposed line at its central inputs, USD/1000 m3.

        The distribution is in `Tracker.economics`.

        Parameters
        ----------
        route : str
            A proposed route or project, e.g. ``"power-of-siberia-1-as-approved"``.

        Examples
        --------
        >>> import energy
        >>> price = energy.load().money.proposed.breakeven("power-of-siberia-1-as-approved")
        >>> bool(abs(price / 350 - 1) < 0.03)  # the press of 2014 said about 350
        True
        """
        line = economics.project(self.t.facts, self.t._proposed(route))
        return float(economics.breakeven(economics.central(line))[0])
