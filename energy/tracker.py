"""The front door of a notebook. Delegates; computes nothing itself."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import xarray as xr

from energy import facts, flows
from energy import mirror as mirrors
from energy import network as grid
from energy.errors import DataError, UnknownName
from energy.finance import accounts, bridge, economics, netback, prices, revenue
from energy.intake import derive
from energy.measure import periods
from energy.measure.tables import Tables
from energy.provenance import cite, explain
from energy.publish import atlas, brief, layers, pictures, styles
from energy.store import Store, find_release
from geodata import gem, routes

GEM_LINES = "gem_routes.geojson"
EXPORT_DRAWS = 4096  # a layer's quantiles need no more


def _known(base: facts.Tables, as_of: str | dt.date | None) -> tuple[facts.Tables, str]:
    """Lay the store over the facts; return the tables and the day they were cut at.

    A release has no such day: it rebuilds to the bytes it was tagged with.
    """
    home = Store.open()
    tables = derive.overlay(base, home, as_of)
    whole = as_of is None or (isinstance(as_of, str) and find_release(home, as_of))
    return tables, "" if whole else str(as_of)


@dataclasses.dataclass(frozen=True, eq=False)
class Tracker:
    """Facts and lines, ready to be asked.

    Attributes
    ----------
    facts : dict of DataFrame
        Every table, by name; see ``energy/data/datapackage.json`` for the columns.
    lines : GeoDataFrame
        Route geometry as `geodata.routes.load` returns it.
    base : dict of DataFrame, optional
        The facts before the store was laid over and a day was chosen; `as_of` starts from these.
    day : str
        The day the tables were cut at; "" for all that is known, or was in a release.
    """

    facts: facts.Tables = dataclasses.field(repr=False)
    lines: gpd.GeoDataFrame = dataclasses.field(repr=False)
    base: Tables | None = dataclasses.field(default=None, repr=False)
    day: str = ""

    @classmethod
    def open(
        cls,
        own: str | Path | None = None,
        lines: str | Path | None = None,
        as_of: str | dt.date | None = None,
    ) -> Tracker:
        """Read the facts, the store and the lines; see `energy.load`."""
        base = facts.load(own)
        imported = facts.home() / GEM_LINES
        ground = routes.load(lines or (imported if imported.exists() else None))
        missing = sorted(set(base["routes"]["route"]) - set(ground.index))
        if missing:
            raise DataError(
                "routes.geojson", [f"route '{r}' has no line; add a feature" for r in missing]
            )
        tables, day = _known(base, as_of)
        return cls(tables, ground, base, day)

    def __repr__(self) -> str:
        table = self.facts["volumes"]
        said = f"as of {self.day}" if self.day else f"facts of {self.edition}"
        return f"<Tracker: {len(self.lines)} routes, {len(table)} volumes, {said}>"

    @property
    def edition(self) -> str:
        """Return the day the tables were cut at, else the newest publication of a volume."""
        return self.day or max(self.facts["volumes"]["published"], default="")

    def as_of(self, date: str | dt.date) -> Tracker:
        """Return a tracker that knows what was known on a day, and nothing later.

        Parameters
        ----------
        date : str or date
            A day, a period (its last day counts) or the name of a release in the store.

        Returns
        -------
        Tracker
            Lines, crosswalk, profiles and preferences are those of today: the method, not news.

        Raises
        ------
        PeriodError, StoreError
            If `date` names neither a day, a period nor a release.
        """
        base = self.base or self.facts
        tables, day = _known(base, date)
        return dataclasses.replace(self, facts=tables, base=base, day=day)

    def revisions(self, source: str | None = None) -> pd.DataFrame:
        """Return how much the figures in the store were revised, by their age in quarters.

        See `energy.store.Store.revisions`; empty where the store has no revision.
        """
        return Store.open().revisions(source)

    @functools.cached_property
    def _prices(self) -> pd.DataFrame:
        return prices.by_market(self.facts["prices"], self.facts["volumes"])

    @functools.cached_property
    def _quarters(self) -> xr.Dataset:
        return self.flows()

    def flows(
        self,
        route: str | list[str] | None = None,
        freq: str = "Q",
        unit: str = "bcm",
        basis: str | None = None,
        first: str | None = None,
        last: str | None = None,
    ) -> xr.Dataset:
        """Return the flow cube, dims (route, period).

        Parameters
        ----------
        route : str or list of str, optional
            Route ids; default all.
        freq : {"Q", "M", "A", "G"}
            Quarter, month, calendar year or gas year.
        unit, basis : str
            ``bcm`` at ``20C`` (Gazprom's cubic metre), ``15C``, ``0C`` or ``15C-40MJ``;
            ``mcm/d``; ``TWh``, ``PJ``, ``GWh/d`` (GCV).
        first, last : str, optional
            For example ``"2019Q4"`` and ``"2025Q4"``.

        Returns
        -------
        xarray.Dataset
            ``flow, capacity, utilisation, price, revenue, coverage, status, flow_status,
            market, sources`` and where the price comes from. NaN is not known.

        Raises
        ------
        UnknownName, PeriodError, UnitError
        """
        from energy.measure import units

        basis = basis or ("GCV" if units.kind(unit) in ("energy", "energy rate") else "20C")
        asked = self._names(route)
        cube = self._priced(flows.build(self.facts, freq, unit, basis, first, last), unit, basis)
        cube.attrs["as_of"] = self.edition
        return cube.sel(route=asked) if asked else cube

    def _priced(self, cube: xr.Dataset, unit: str, basis: str) -> xr.Dataset:
        """Add price and revenue: on months and quarters directly, on years from their quarters."""
        fine = "Q" if cube.attrs["freq"] in ("A", "G") else cube.attrs["freq"]
        if (unit, basis, fine) == (*flows.INNER, cube.attrs["freq"]):
            return revenue.attach(cube, cube["flow"], self._prices)
        first, last = flows.bounds(cube)
        inner = flows.build(self.facts, fine, *flows.INNER, first, last)
        priced = revenue.attach(inner, inner["flow"], self._prices)
        if fine != cube.attrs["freq"]:
            return revenue.roll_up(cube, priced)
        return cube.assign({name: priced[name] for name in revenue.WORDS})

    def _names(self, route: str | list[str] | None) -> list[str]:
        names = [route] if isinstance(route, str) else list(route or [])
        for name in names:
            if name not in set(self.facts["routes"]["route"]):
                raise UnknownName("route", name, self.facts["routes"]["route"])
        return names

    def utilisation(self, freq: str = "A") -> pd.DataFrame:
        """Return utilisation (1 = full) as a table of routes by period; empty routes left out."""
        table = flows.frame(self.flows(freq=freq)["utilisation"])
        return table.dropna(how="all")

    def markets(self, freq: str = "A", unit: str = "bcm", basis: str | None = None) -> pd.DataFrame:
        """Return flows summed to markets, market by period; markets without any figure left out."""
        cube = self.flows(freq=freq, unit=unit, basis=basis)
        return flows.frame(flows.by_market(cube, self.facts["routes"])).dropna(how="all")

    def balance(self, freq: str = "Q") -> pd.DataFrame:
        """Compare the sum over routes with the sum over markets; a difference has its reason."""
        return flows.balance(self.flows(freq=freq), self.facts["routes"])

    @property
    def routes(self) -> gpd.GeoDataFrame:
        """Return the routes: geometry, attributes, newest figures and histories."""
        return layers.routes(self.lines, self.facts, self._quarters)

    @property
    def events(self) -> pd.DataFrame:
        """Return the dated events that explain breaks."""
        return self.facts["events"]

    @property
    def sources(self) -> pd.DataFrame:
        """Return every source with its terms."""
        return self.facts["sources"]

    def financials(self, standard: str | None = "IFRS", metric: str | None = None) -> pd.DataFrame:
        """Return Gazprom's statements as a tidy table, one row a line and period.

        Parameters
        ----------
        standard : {"IFRS", "RAS", "other", None}
            The two sets of accounts are never mixed; ``None`` returns all.
        metric : str, optional
            One line, e.g. ``"net_profit_attributable"``.
        """
        metrics = [metric] if metric else None
        return accounts.statements(self.facts["financials"], standard, metrics=metrics)

    def bridge(self, year: str | int, rate: float | None = None) -> pd.DataFrame:
        """Set export revenue by route beside the reported sales and result of a year.

        Parameters
        ----------
        year : str or int
            Calendar year.
        rate : float, optional
            RUB per USD of your own for a year whose mean rate is not in the facts.

        Raises
        ------
        DataError
            Naming what the year lacks (price, rate, accounts) and the years that have it.
        """
        return bridge.bridge(str(year), self._quarters, self.financials(None), self.facts["fx"],
                             routes=self.facts["routes"], groups=self.facts["market-groups"],
                             rate=rate)  # fmt: skip

    def mirror(
        self, name: str, period: str | int, unit: str = "bcm", basis: str | None = None
    ) -> pd.DataFrame:
        """Set every source for a route or market side by side, the gap split by cause.

        See `energy.mirror.mirror`; the last row is our estimate, never a measurement.
        """
        return mirrors.mirror(self.facts, name, str(period), unit, basis)

    def league(self, by: str = "source") -> pd.DataFrame:
        """Return bias, noise and revisions of each source or kind; see `energy.mirror.league`."""
        return mirrors.league(self.facts, by)

    def network(self, at: str = "2026-03-31", links: Iterable[str] = ()):
        """Return the export system as a graph on a day; see `energy.network.graph`."""
        return grid.graph(self.facts, at, links, self._quarters, self.lines)

    def stranded(
        self, period: str, route: str | list[str] | None = None, life: float = grid.LIFE
    ) -> pd.DataFrame:
        """Return capacity against flow by route: idle bcm, bcm·km and capital.

        See `energy.network.stranded`.
        """
        return grid.stranded(self._quarters, self.lines, self.facts, period, route, life)

    def reroute(
        self, without: str | Iterable[str], by: str = "2026-03-31", links: Iterable[str] = ()
    ) -> grid.Reroute:
        """Shut ways and ask what the others can take, what binds, which link would help.

        See `energy.network.reroute`.
        """
        return grid.reroute(self.network(by, links), without)

    def quarters(self, standard: str | None = "IFRS", metric: str | None = None) -> pd.DataFrame:
        """Return the statements by quarter; a missing quarter is a difference of cumulative figures.

        Parameters
        ----------
        standard, metric
            As in `financials`.
        """
        return accounts.quarters(self.financials(standard, metric))

    @functools.cached_property
    def _modelled(self) -> dict[str, pd.Series]:
        spans = [f"{year}Q{q}" for year in range(2014, 2026) for q in range(1, 5)]
        return prices.modelled(self.facts["prices"], spans)

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
        """
        return bridge.itemise(str(period), self._quarters, self.financials(None), self.facts,
                              rate=rate, modelled=self._modelled)  # fmt: skip

    def residuals(
        self, years: Iterable[int] = range(2014, 2026), rates: dict[int, float] | None = None
    ) -> pd.DataFrame:
        """Return the bridge year by year: gap, parts, unexplained rest, what is missing."""
        return bridge.residuals(years, self._quarters, self.financials(None), self.facts,
                                rates=rates, modelled=self._modelled)  # fmt: skip

    def story(
        self, year: str | int, earlier: str | int | None = None, rate: float | None = None
    ) -> str:
        """Tell a year in a few sentences; with `earlier`, split the change of revenue too."""
        items = None
        try:
            items = self.bridge_items(year, rate)
        except DataError:  # a year without a reported line still has a story
            items = None
        before = (str(earlier), self.bridge(earlier)) if earlier is not None else None
        return bridge.story(year, self.bridge(year, rate), items, before)

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
            Route id.
        period : str
            Quarter or calendar year.
        carry : bool
            Take the nearest figure in time for a charge without one.
        assume : dict, optional
            Charge to a value of your own, e.g. ``{"export_duty": 0}``.

        Raises
        ------
        UnknownName, PeriodError
        """
        return netback.netback(route, str(period), self._quarters, self.facts,
                               lengths=self.lines["length_km"], carry=carry, assume=assume)  # fmt: skip

    def price_model(
        self, market: str = "china", first: str = "2019Q4", last: str = "2026Q2"
    ) -> pd.DataFrame:
        """Return the modelled price of a market beside every sourced one; never mixed.

        Parameters
        ----------
        market : {"china", "europe", "turkey"}
        first, last : str
            Quarters.
        """
        return prices.beside(self.facts["prices"], market, self._formula(market), first=first,
                             last=last, volumes=self.facts["volumes"])  # fmt: skip

    def _formula(self, market: str) -> prices.Formula:
        table = self.facts["prices"]
        if market == "china":
            return prices.fit(table, prices.customs_quarters(table), prices.CHINA[:1])
        return prices.fit(table, prices.europe_observed(table), prices.EUROPE)

    def price_scores(self, market: str = "china") -> pd.DataFrame:
        """Return fit and out-of-sample error of each price formula of a market."""
        table = self.facts["prices"]
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

    def economics(self, route: str | None = None) -> pd.DataFrame:
        """Return NPV, IRR and break-even price of a proposed line as quantiles.

        Parameters
        ----------
        route : str, optional
            A proposed route or project; default: the break-even of all beside published estimates.
        """
        if route is None:
            return economics.table(self.facts)
        return economics.simulate(economics.project(self.facts, economics.find(self.facts, route)))

    def tornado(
        self,
        route: str | None = None,
        target: str = "breakeven",
        *,
        year: int = 2035,
        result: xr.Dataset | None = None,
    ) -> pd.DataFrame:
        """Return what matters most: each assumption at its low and high.

        Parameters
        ----------
        route : str, optional
            A proposed line: what moves its break-even price. Default: what moves the projection,
            each question of the tree at each of its answers.
        target : str
            For a line ``"breakeven"``, ``"npv"``; see `energy.finance.economics.tornado`.
        year : int
            For the projection: the year of the exports.
        result : Dataset, optional
            A projection of all scenarios; default made here with few draws.
        """
        if route is not None:
            return economics.tornado(
                economics.project(self.facts, economics.find(self.facts, route)), target
            )
        from energy.projection import scenarios

        made = (
            self.project(until=str(year), draws=4000, revenue=False) if result is None else result
        )
        return scenarios.tornado(scenarios.load(), made, year, "exports_year_mean")

    def project(self, until: str = "2040", scenarios="all", **more) -> xr.Dataset:
        """Project every route under named assumptions, as quantiles; never called a forecast.

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
        """
        from energy import projection

        more = {"as_of": self._last_day(), **more}
        return projection.project(
            self.facts, self._quarters, until=until, scenarios=scenarios, **more
        )

    def _last_day(self) -> str | None:
        """Return the day the tables were cut at, a period's last one; None for all that is known."""
        return str(periods.parse(self.day).end - dt.timedelta(days=1)) if self.day else None

    def timing(self, route: str | None = None, as_of: str | None = None):
        """Return when proposed lines may deliver, from the reference class.

        Parameters
        ----------
        route : str, optional
            Route id; default the table of all proposed routes.
        as_of : str, optional
            What was known that day; default the date of the facts.

        Returns
        -------
        energy.projection.timing.Timing or DataFrame
            ``.quantiles()``, ``.never(by=2040)``, ``.sample(rng, n)``; `timing.chart` draws it.

        Raises
        ------
        UnknownName, EnergyError, MissingExtra
        """
        from energy.projection import timing

        if route is None:
            return timing.table(self.facts, as_of=as_of or self._last_day())
        return timing.first_gas(self.facts, route, as_of or self._last_day())

    def backtest(
        self, models: Iterable[str] | None = None, first: str = "2016Q1", last: str | None = None
    ) -> pd.DataFrame:
        """Score our projection and simple ones at rolling origins, on what was known each day.

        Parameters
        ----------
        models : iterable of str, optional
            ``ours, naive, seasonal naive, drift, ETS, ARIMA, contract``; default all.
        first, last : str
            Quarters of the first and last origin; default to the last but one with data.

        Returns
        -------
        DataFrame
            See `energy.projection.backtest.backtest`; `backtest.summary` sums it up.
        """
        from energy.projection import backtest

        chosen = None if models is None else list(models)
        days = backtest.days(self.facts, first, last)
        return backtest.backtest(self.facts, chosen, days)

    def outside(self, ours: bool = False) -> pd.DataFrame:
        """Score the published forecasts of others; `ours` sets our own of that day beside them.

        See `energy.projection.backtest.league`.
        """
        from energy.projection import backtest

        return backtest.league(self.facts, backtest.ours if ours else None)

    def network_layer(self, period: str = "2026Q1") -> gpd.GeoDataFrame:
        """Return the ways of the network as lines with their idle share; see `energy.network.layer`."""
        return grid.layer(self.network(period), self.stranded(period))

    def layers(self, projection: xr.Dataset | bool | None = None) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers that `export` writes, by name.

        Parameters
        ----------
        projection : xarray.Dataset or bool, optional
            From `project`, for ``projections_quarterly``; False for none. Default: one of our own
            (it takes some seconds) where the extra ``timing`` is installed.
        """
        made = {
            "routes": self.routes,
            "flows_quarterly": layers.flows_long(
                self.lines,
                netback.attach(self._quarters, self.facts, lengths=self.lines["length_km"]),
            ),
            "hubs": routes.places(),
            "events": layers.events(self.lines, self.facts["events"]),
        }
        ahead = self._ahead(projection)
        if ahead is not None:
            made["projections_quarterly"] = layers.projections_long(self.lines, ahead)
        return made

    def _ahead(self, projection: xr.Dataset | bool | None) -> xr.Dataset | None:
        """Return the projection to show: the one given, none, or our own where it can be made."""
        if isinstance(projection, xr.Dataset):
            return projection
        wanted = find_spec("statsmodels") is not None if projection is None else projection
        return self._projected if wanted else None

    @functools.cached_property
    def _projected(self) -> xr.Dataset:
        return self.project(draws=EXPORT_DRAWS)

    def export(
        self,
        folder: str | Path,
        *,
        dated: bool = False,
        projection: xr.Dataset | bool | None = None,
    ) -> list[Path]:
        """Write every layer as GeoJSON, GeoParquet, FlatGeobuf and GeoPackage, the cube and styles.

        Parameters
        ----------
        folder : path
            Made where missing.
        dated : bool
            Write into a folder named by the date of the facts, and a copy into ``latest`` beside it.
        projection : xarray.Dataset or bool, optional
            As for `layers`.
        """
        made, meta = self.layers(projection), self._meta()
        target = styles.dated(folder, meta["as_of"])[0] if dated else Path(folder)
        written = layers.export(
            target, made, self._quarters, layers.DICTIONARY, meta, styles.files(made)
        )
        if dated:
            styles.publish(target)
        return written

    def _meta(self) -> dict[str, str]:
        used_gem = (self.lines["geometry_source"] == "gem").any()
        credit = f"{layers.OWN}. {gem.ATTRIBUTION}" if used_gem else layers.OWN
        return {
            "title": "Russian gas by pipeline",
            "licence": layers.LICENCE,
            "attribution": credit,
            "as_of": self.edition,
        }

    def map(self, projection: xr.Dataset | bool | None = None, *, layers: str | None = None):
        """Return the interactive map, one self-contained page; add any folium layer to it.

        Parameters
        ----------
        projection : xarray.Dataset or bool, optional
            From `project`, shown behind the newest figures, one scenario at a time; False for none.
            Default: our own where the extra ``timing`` is installed. See `energy.publish.atlas.build`.
        layers : str, optional
            Folder of the exported layers as seen from the page, e.g. ``"layers"``, to link to.

        Returns
        -------
        geodata.draw.OfflineMap
            A `folium.Map`; ``.save("atlas.html")`` writes one file that needs no network.
        """
        sources = self.facts["sources"].set_index("source")
        meta = {**self._meta(), "layers": layers}
        return atlas.build(
            self.routes, self._quarters, self.events, sources, routes.places(), meta,
            projection=self._ahead(projection), facts=self.facts, months=self.flows(freq="M"),
        )  # fmt: skip

    def plot_map(self, quarter: str | None = None, **options: Any):
        """Draw a period as an equal-area map for paper or slide; see `energy.publish.pictures.plot_map`.

        Parameters
        ----------
        quarter : str, optional
            ``"2025Q4"``, a month, year or gas year (``"GY2024"``); default the newest quarter of
            which most is known.
        **options
            ``title, box, labels, path`` (``.svg``, ``.png`` or ``.pdf``).

        Returns
        -------
        matplotlib.figure.Figure
        """
        cube = self._drawn(quarter, "Q")
        return pictures.plot_map(self.routes, cube, quarter, **self._credited(options))

    def plot_years(self, years: Sequence[str | int] | None = None, **options: Any):
        """Draw years, or other periods of one kind, side by side; see `energy.publish.pictures.plot_years`.

        Parameters
        ----------
        years : sequence, optional
            For example ``[2019, 2021, 2025]``; default the last six calendar years.
        **options
            ``title, columns, box, path``.
        """
        cube = self._drawn(next(iter(years or ()), None), "A")
        return pictures.plot_years(self.routes, cube, years, **self._credited(options))

    def animate(
        self, path: str | Path, years: Sequence[str | int] | None = None, **options: Any
    ) -> Path:
        """Write years, or other periods of one kind, as an animated picture.

        Parameters
        ----------
        path : path
            ``.gif`` or ``.webp``.
        years : sequence, optional
            Default all calendar years.
        **options
            ``seconds, dpi, title, box, labels``; see `energy.publish.pictures.animate`.
        """
        cube = self._drawn(next(iter(years or ()), None), "A")
        return pictures.animate(self.routes, cube, path, years, **self._credited(options))

    def _drawn(self, period: str | int | None, freq: str) -> xr.Dataset:
        """Return the cube that has a period of this kind."""
        kind = freq if period is None else periods.parse(str(period)).freq
        return self._quarters if kind not in ("M", "A", "G") else self.flows(freq=kind)

    def _credited(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"credit": [self._meta()["attribution"]], **options}

    def summary(self) -> str:
        """Return the key table as Markdown: exports, utilisation, revenue, Gazprom's result."""
        return brief.summary(self.flows(freq="A"), self.facts, self.financials(None), self.edition)

    def cite(self, what) -> pd.DataFrame:
        """Return the sources behind an id, a cube or a table; see `energy.provenance.cite.cite`.

        Three kinds of address ask how a shown number is made (see `explain`):
        ``"blue-stream@2024Q1"``, also with a market (``"europe@2021"``, ``"all@2021"``) or a line of
        the accounts (``"ebitda@2022"``); and the id of a feature of the layers,
        ``"blue-stream/2024Q1"`` or ``"mixture/blue-stream/2030Q1"``.
        """
        if isinstance(what, str) and (place := self._address(what)):
            return self.projected(*place) if len(place) == 3 else self.explain(*place)
        return cite.cite(what, self.facts, Store.open())

    def _address(self, text: str) -> list[str]:
        """Split the address of a shown number; empty for an id, a route or a source."""
        if "@" in text:
            return text.split("@", 1)
        parts = text.split("/")
        held = set(self.facts["routes"]["route"])
        return parts if len(parts) in (2, 3) and parts[-2] in held else []

    def explain(self, name: str, period: str) -> pd.DataFrame:
        """Return every step from figures as published to a shown number.

        See `energy.provenance.explain.explain`; `cite` resolves the ids.

        Parameters
        ----------
        name : str
            Route id; a market or ``all``; or a line of the accounts, e.g. ``"ebitda"``.
        period : str
            Month, quarter, calendar year or gas year, e.g. ``"2024Q1"``.

        Raises
        ------
        UnknownName, PeriodError
        """
        span = periods.parse(period)
        if name in {explain.ALL, *self._markets}:
            cube = self.flows(freq=span.freq, first=period, last=period)
            return explain.of_market(cube, self.facts["routes"], name)
        if name in set(self.facts["financials"]["metric"]):
            return explain.reported(self.financials(None), name, str(span))
        self._names(name)
        return explain.explain(
            self.facts, self._quarters, self._prices, name, period, self.lines["length_km"]
        )

    @property
    def _markets(self) -> set[str]:
        links = self.facts["crosswalk"]
        return set(links.loc[links["kind"] == "market", "target"])

    def projected(self, scenario: str, route: str, period: str) -> pd.DataFrame:
        """Return the draws, seed and assumptions behind a projected number of the layers.

        See `energy.provenance.explain.projected`.
        """
        return explain.projected(self._projected, scenario, route, period)

    def ledger(self, last: str | None = None) -> pd.DataFrame:
        """Return the steps behind every number of every route and quarter at once.

        Parameters
        ----------
        last : str, optional
            The last quarter; default that of the newest figure. See `energy.provenance.explain.ledger`.
        """
        cube = self._quarters if last is None else self.flows(last=last)
        return explain.ledger(self.facts, cube, self._prices, self.lines["length_km"])

    def check(self) -> list[str]:
        """Return every fault in facts and geometry; an empty list is a clean bill."""
        from energy.projection import scenarios

        tree, tables = scenarios.load(), self.facts
        known = tables["routes"]["route"], tables["sources"]["source"]
        return facts.check() + routes.check(self.lines) + scenarios.check(tree, *known)
