"""``t.ahead``: projections under named assumptions, first gas of proposed lines, what-ifs."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import pandas as pd
import xarray as xr

from energy.errors import UsageError, checked
from energy.finance import economics
from energy.measure import periods
from energy.projection import what_if
from energy.projection.what_if import Drawn, WhatIf
from energy.provenance.rests import resting
from energy.tracker.columns import united
from energy.tracker.facet import Facet

if TYPE_CHECKING:
    from energy.projection.bargain import Bargain
    from energy.projection.counterfactual import Counterfactual
    from energy.projection.leaves import Leaves
    from energy.projection.shipped import Shown
    from energy.projection.timing import Timing

CONTROLS = 4  # of what-ifs are kept; one takes about ten megabytes


@checked
@united
class Ahead(Facet):
    """What may come, as distributions; never called a forecast.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> "timing" in dir(t.ahead)
    True
    """

    def project(
        self,
        until: str = "2040",
        scenarios: str | Sequence[str] | Mapping[str, Any] = "all",
        **more: Any,
    ) -> xr.Dataset:
        """Project every route under named assumptions, as quantiles.

        Parameters
        ----------
        until : str
            Year or quarter of the last projected period.
        scenarios : "all", name, sequence of names, or mapping
            A mapping is laid over ``energy/data/scenarios.toml``.
        **more
            ``draws, seed, workers, scheduler, engine, quantiles, revenue, tree``; see
            `energy.projection.project`, which also says what is raised.

        Returns
        -------
        xarray.Dataset, dims (scenario, route, period, quantile)
            ``attrs["not_projected"]`` says of every other line to come which fact it lacks (JSON).

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> p = t.ahead.project("2027", "baseline", draws=20, revenue=False)
        >>> p.sizes["scenario"]
        1
        >>> "power-of-siberia-2" in p["route"], "murmansk-volkhov" in p.attrs["not_projected"]
        (True, True)
        """
        from energy import projection

        more = {"as_of": self._last_day, **more}
        return self._naming_others(projection.project(
            self.t.facts, self.t._reported, until=until, scenarios=scenarios, **more
        ))  # fmt: skip

    def _naming_others(self, made: xr.Dataset) -> xr.Dataset:
        """Say which lines to come are not in a projection, and which fact each lacks."""
        from energy.projection import ramp

        others = ramp.not_projected(self.t.facts, made["route"].values.tolist())
        made.attrs["not_projected"] = json.dumps(others, ensure_ascii=False)
        return made

    @property
    def shown(self) -> xr.Dataset:
        """The projection that map and layers show: every scenario to 2040, a few thousand draws.

        Taken from the file of the release where the facts are those it was drawn from.

        Examples
        --------
        >>> import energy
        >>> energy.load().ahead.shown["flow"].dims
        ('scenario', 'route', 'period', 'quantile')
        """
        return self._drawn[0]

    @property
    def leaves(self) -> Leaves:
        """Every combination of answers by market, counted, to weigh anew without drawing.

        See `energy.projection.leaves.mix`, which takes other probabilities.

        Examples
        --------
        >>> import energy
        >>> type(energy.load().ahead.leaves).__name__
        'Leaves'
        """
        return self._drawn[1]

    @functools.cached_property
    def _drawn(self) -> Shown:
        from energy.projection import shipped

        return shipped.shown(self.t.facts, lambda: self.t._reported, self._last_day)

    @property
    def _last_day(self) -> str | None:
        """The day the tables were cut at, a period's last one; None for all that is known.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.as_of("2022Q2").ahead._last_day
        '2022-06-30'
        """
        if not self.t.day:
            return None
        return str(periods.parse(self.t.day).end - dt.timedelta(days=1))

    def what_if(
        self,
        route: str | None = None,
        *,
        scenario: str = "baseline",
        until: str = "2035",
        draws: int = 4000,
        seed: int = 0,
        **change: Any,
    ) -> WhatIf:
        """Change one thing and set the result beside the unchanged control; see `Tracker.what_if`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> w = t.ahead.what_if(brent=50, until="2027", draws=20)
        >>> bool((w.table().query("what == 'revenue' and year == 2027")["difference"] < 0).all())
        True
        """
        from energy import projection
        from energy.projection import ramp, scenarios

        if scenario == "all":
            raise UsageError("A what-if changes one scenario; name it, or take the mixture.")
        names, tree = ([] if route is None else self.t.names(route)), scenarios.load()
        day = dt.date.fromisoformat(self._last_day or dt.date.max.isoformat())
        markets = {name: ramp.market_of(self.t.facts, name, day) for name in names}
        rows, fit = what_if.effects_of(markets, change, tree, self._models(tree, day))

        def run(assumed: Mapping[str, Any] | None) -> tuple[xr.Dataset, Drawn]:
            made = projection.setup(
                self.t.facts, self.t._reported, until=until, scenarios=scenario, tree=assumed,
                as_of=self._last_day, revenue=True, timing=None,
            )  # fmt: skip
            whole = projection.of_setup(made, self.t.facts, self.t._reported,
                                        draws=draws, seed=seed)  # fmt: skip
            return self._naming_others(whole), what_if.drawn(
                made.plan, made.cases[scenario], made.copies, draws, seed
            )

        asked = (scenario, until, draws, seed)
        if asked not in self._controls:
            while len(self._controls) >= CONTROLS:
                del self._controls[next(iter(self._controls))]
            self._controls[asked] = run(None)
        control, before = self._controls[asked]
        what_if.in_time(change, control, fit)
        result, after = run(what_if.changed(scenarios.read(), rows))  # of the same day
        said = {"route": ", ".join(fit), **change} if fit else change
        return WhatIf(said, control.copy(deep=True), result, (before, after), self.t.names)

    @functools.cached_property
    def _controls(self) -> dict[tuple[str, str, int, int], tuple[xr.Dataset, Drawn]]:
        """The last controls, for the next change that is set beside the same one."""
        return {}

    def _models(self, tree: Mapping[str, Any], day: dt.date) -> dict[str, str]:
        """Return how each route is projected, those of one's own too."""
        from energy.projection import ramp

        if day == dt.date.max:
            day = periods.parse(self.t.edition).end - dt.timedelta(days=1)
        found = ramp.modelled(self.t.facts, self.t._reported, dict(tree), day)
        models = {name: str(row["model"]) for name, row in found.items()}
        copies = {name: row["same_as"] for name, row in tree["route"].items() if "same_as" in row}
        return models | {name: models[other] for name, other in copies.items() if other in models}

    def bargain(
        self, project: str = "power-of-siberia-2", power: float | None = None, draws: int = 5000,
        seed: int = 20_261_128,
    ) -> Bargain:  # fmt: skip
        """Lay a proposed line out as a bargain: seller's floor, buyer's ceiling, split, chance.

        Parameters
        ----------
        project : str
            Project, or one of its routes.
        power : float, optional
            The seller's share of the gain; default a stated range, 0.5 is the even split.
        draws, seed : int

        Returns
        -------
        energy.projection.bargain.Bargain
            ``.summary``, ``.chance``, ``.sensitivities``, ``.variants``, ``.published``.

        Raises
        ------
        UnknownName, DataError
            As `energy.projection.bargain.bargain`.

        Examples
        --------
        >>> import energy
        >>> result = energy.load().ahead.bargain(draws=200)
        >>> bool(result.summary.loc["floor", "p50"] < result.summary.loc["ceiling", "p50"])
        True
        """
        from energy.projection import bargain

        return bargain.bargain(
            self.t.facts, self.t._proposed(project), power=power, draws=draws, seed=seed
        )

    def counterfactual(
        self, learnt_to: str = "2021Q4", until: str | None = None, draws: int = 4000, seed: int = 0
    ) -> Counterfactual:
        """Carry each market's past on as if the invasion of 2022 had not come: lost bcm and USD.

        Parameters
        ----------
        learnt_to : str
            Last quarter learnt from; "2021Q2" lies before supply to Europe was cut short.
        until : str, optional
            Last quarter; default the last one published for every market.
        draws, seed : int

        Returns
        -------
        energy.projection.counterfactual.Counterfactual
            ``.lost``, ``.paths``, ``.placebos``, ``.inputs``, ``.stated``.

        Raises
        ------
        PeriodError, DataError, EnergyError
            As `energy.projection.counterfactual.counterfactual`.

        Examples
        --------
        >>> import energy
        >>> result = energy.load().ahead.counterfactual(until="2023Q4", draws=100)
        >>> lost = result.lost.iloc[-1]
        >>> bool(lost["lost_p10"] < lost["lost_p50"] < lost["lost_p90"])  # bcm
        True
        """
        from energy.projection import backtest, counterfactual

        markets = backtest.markets(self.t.facts)
        return counterfactual.counterfactual(
            self.t.facts, self.t._cube(freq="Q"), markets,
            learnt_to=learnt_to, until=until, draws=draws, seed=seed,
        )  # fmt: skip

    def scenarios(self) -> pd.DataFrame:
        """Return the named scenarios and their answer to each question of the tree.

        Examples
        --------
        >>> import energy
        >>> "baseline" in set(energy.load().ahead.scenarios()["scenario"])
        True
        """
        from energy.projection import scenarios

        tree = scenarios.load()
        named = scenarios.named(tree)
        table = pd.DataFrame([{"scenario": name, **answers} for name, answers in named.items()])
        told = scenarios.assumptions(tree)
        return resting(table, [line["source"] for line in told if "source" in line])

    @overload
    def timing(self, route: None = None, as_of: str | None = None) -> pd.DataFrame: ...
    @overload
    def timing(self, route: str, as_of: str | None = None) -> Timing: ...
    def timing(self, route: str | None = None, as_of: str | None = None) -> pd.DataFrame | Timing:
        """Return when proposed lines may deliver, from the reference class.

        Parameters
        ----------
        route : str, optional
            Name of a route; default the table of all proposed routes.
        as_of : str, optional
            What was known that day; default the date of the facts.

        Returns
        -------
        energy.projection.timing.Timing or DataFrame
            ``.quantiles()``, ``.never(by=2040)``, ``.sample(rng, n)``; `timing.chart` draws it.

        Raises
        ------
        UnknownName, EnergyError, MissingExtra

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> "power-of-siberia-2" in t.ahead.timing().index
        True
        """
        from energy.projection import timing

        known = as_of or self._last_day
        if route is None:
            table = timing.table(self.t.facts, as_of=known).rename_axis("route")
            return resting(table, ["reference-projects", *table.index])
        return timing.first_gas(self.t.facts, self.t.route(route), known)

    def tornado(
        self,
        route: str | None = None,
        target: str = "breakeven",
        *,
        year: int | None = None,
        result: xr.Dataset | None = None,
    ) -> pd.DataFrame:
        """Return what matters most: each question of the tree at each of its answers.

        Parameters
        ----------
        route : str, optional
            A proposed line: what moves its break-even price instead, as ``t.money.proposed.tornado``.
        target : str
            For a line ``"breakeven"``, ``"npv"``; see `energy.finance.economics.tornado`.
        year : int, optional
            For the projection: the year of the exports; default ten years after the last whole one.
        result : Dataset, optional
            A projection of all scenarios; default made here with few draws.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> table = t.ahead.tornado("power-of-siberia-2")
        >>> {"input", "at_low", "at_high"} <= set(table)
        True
        """
        if route is not None:
            return economics.tornado(
                economics.project(self.t.facts, self.t._proposed(route)), target
            )
        from energy.projection import scenarios

        last = year or self.t.newest_year + 10
        made = (
            self.project(until=str(last), draws=4000, revenue=False) if result is None else result
        )
        return scenarios.tornado(scenarios.load(), made, year, "exports_year_mean")

    def regimes(self) -> pd.DataFrame:
        """Return the regime each route stands in and its hazard; see `energy.projection.regimes`.

        Examples
        --------
        >>> import energy
        >>> energy.load().ahead.regimes().loc["nord-stream-1", "regime"]
        'halted'
        """
        from energy.projection import regimes

        day = str(self.t.day or self.t.edition)
        return regimes.regimes(self.t.facts, self.t.flows(estimate="reported"), day)

    def nowcast(self, day: str | None = None) -> pd.DataFrame:
        """Return the last and the running quarter of each route where they are not known whole.

        Parameters
        ----------
        day : str, optional
            Default the day the facts speak of; an earlier one needs ``t.as_of(day)``.

        Returns
        -------
        DataFrame
            See `energy.projection.nowcast.nowcast`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> table = t.ahead.nowcast()
        >>> bool((table["p10"] <= table["p90"]).all())
        True
        """
        from energy.projection import nowcast

        told = day or self._last_day or self.t.edition
        return nowcast.nowcast(self.t.facts, periods.parse(told).end - dt.timedelta(days=1))
