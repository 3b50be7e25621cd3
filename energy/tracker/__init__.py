"""The front door of a notebook. Delegates; computes nothing itself.

Asked most often and flat: flows, markets, routes, money beside them, map, where a number comes
from. The rest lies in facets: `Tracker.money`, `network`, `ahead`, `scoring`, `maps`,
`plot`, `evidence`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import functools
import warnings
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import geopandas as gpd
import numpy as np
import pandas as pd
import xarray as xr

from energy import facts, flows
from energy.errors import PeriodError, UnknownName, UsageError, checked
from energy.facts.names import Names
from energy.measure import cubes as shaped
from energy.measure import periods, units
from energy.measure.tables import Tables
from energy.provenance.rests import resting
from energy.store import Store, check_begun, find_release
from energy.tracker import ready
from energy.tracker.columns import BREAK_EVENS, ROW, SHARE, label, united
from energy.tracker.facet import moved
from energy.tracker.ground import GEM_LINES, judge, opened
from geodata import routes
from geodata.arguments import plain as key

if TYPE_CHECKING:  # imported where they are asked for: a flow needs none of them
    from energy import network as grid
    from energy.projection.timing import Timing
    from energy.projection.what_if import WhatIf
    from energy.publish.atlas import LiveMap
    from energy.tracker.ahead import Ahead
    from energy.tracker.evidence import Evidence
    from energy.tracker.maps import Maps
    from energy.tracker.money import Money
    from energy.tracker.network import Network
    from energy.tracker.plot import Plot
    from energy.tracker.scoring import Scoring

__all__ = ["GEM_LINES", "Tracker", "judge"]

KNOWN_OF = ("coverage", "whole", "status")  # what `markets` may say beside figures
FACETS = ("money", "network", "ahead", "scoring", "maps", "plot", "evidence")
RECENT, ENOUGH = 8, 0.9  # well known: 9/10 of the whole figures of the best of the last 8 quarters


def _known(base: Tables, as_of: str | dt.date | None) -> tuple[Tables, str]:
    """Lay the store over the facts; return the tables and the day they were cut at.

    A release has no such day: it rebuilds to the bytes it was tagged with.
    """
    home = Store.open()
    if as_of is None and not home.vintages():
        return base, ""
    if as_of is not None:
        check_begun(home, as_of)
    from energy.intake import derive

    tables = derive.overlay(base, home, as_of)
    whole = as_of is None or (isinstance(as_of, str) and find_release(home, as_of))
    return tables, "" if whole else str(as_of)


def _between(rows: pd.DataFrame, start: str | int | None, end: str | int | None) -> pd.DataFrame:
    """Return the rows whose ``period`` lies from one period to another, both included."""
    days = pd.to_datetime([periods.parse(label).start for label in rows["period"]])
    inside = pd.Series(True, index=rows.index)
    if start is not None:
        inside &= days >= pd.Timestamp(periods.parse(str(start)).start)
    if end is not None:
        inside &= days < pd.Timestamp(periods.parse(str(end)).end)
    return rows[inside]


def _one(name: str, value: str | int | None, other: str, same: str | int | None) -> str | None:
    """Return the period of an argument that has two names."""
    if value is not None and same is not None:
        raise UsageError(f"{name}={value!r} and {other}={same!r} are the same thing; give one.")
    told = value if same is None else same
    return None if told is None else str(told)


@checked
@united
@dataclasses.dataclass(frozen=True, eq=False)
class Tracker:
    """Facts and lines, ready to be asked.

    Attributes
    ----------
    facts : Tables
        Every table, by name; see ``energy/data/datapackage.json`` for the columns.
    lines : GeoDataFrame
        Route geometry as `geodata.routes.load` returns it.
    base : dict of DataFrame, optional
        The facts before the store was laid over and a day was chosen; `as_of` starts from these.
    day : str
        The day the tables were cut at; "" for all that is known, or was in a release.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> "volumes" in t.facts and "nord-stream-1" in t.lines.index
    True
    """

    facts: Tables = dataclasses.field(repr=False)
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
        """Read the facts, the store and the lines; see `energy.load`.

        Examples
        --------
        >>> Tracker.open().day
        ''
        """
        base = facts.load(own)
        folder = Path(own) if own is not None else facts.home() / "facts"
        ground = opened(base, folder, lines)
        tables, day = _known(base, as_of)
        return cls(tables, ground, base, day)

    def _repr_html_(self) -> str:
        """Return the card a notebook shows: what is in, as of when, and what can be asked."""
        from energy.tracker.facet import card

        asked = ("flows", "markets", "exports", "routes", "map", "search", "what_if", "cite")
        return card(repr(self)[1:-1], [(f"t.{n}", getattr(type(self), n)) for n in asked]
                    + [(f"t.{n}", getattr(type(self), n)) for n in FACETS])  # fmt: skip

    def __repr__(self) -> str:
        table = self.facts["volumes"]
        said = f"as of {self.day}" if self.day else f"facts of {self.edition}"
        return f"<Tracker: {len(self.lines)} routes, {len(table)} volumes, {said}>"

    if not TYPE_CHECKING:  # a checker shall see that an old name is gone

        def __getattr__(self, name: str) -> Any:
            return moved(self, name)

    # ---- facets --------------------------------------------------------------------------------

    @functools.cached_property
    def money(self) -> Money:
        """Prices, netback, accounts and the bridge between them.

        Examples
        --------
        >>> import energy
        >>> energy.load().money.statement("IFRS", "2020M9")["line"].iloc[0]
        'sales'
        """
        from energy.tracker.money import Money

        return Money(self)

    @functools.cached_property
    def network(self) -> Network:
        """The export system as a graph, its idle pipes, and what takes the gas instead.

        Examples
        --------
        >>> import energy
        >>> energy.load().network.links()["link"].head(3).tolist()
        ['altai', 'baltics-reopening', 'belogorsk-khabarovsk']
        """
        from energy.tracker.network import Network

        return Network(self)

    @functools.cached_property
    def ahead(self) -> Ahead:
        """Projections under named assumptions, first gas of proposed lines, what-ifs.

        Examples
        --------
        >>> import energy
        >>> energy.load().ahead.scenarios()["scenario"].head(3).tolist()
        ['baseline', 'settlement-none', 'settlement-reached']
        """
        from energy.tracker.ahead import Ahead

        return Ahead(self)

    @functools.cached_property
    def scoring(self) -> Scoring:
        """How projections and forecasts of the past came out, ours and others'.

        Examples
        --------
        >>> import energy
        >>> bool((energy.load().scoring.standings()["forecasts"] > 0).all())
        True
        """
        from energy.tracker.scoring import Scoring

        return Scoring(self)

    @functools.cached_property
    def maps(self) -> Maps:
        """The page, pictures for paper, an animation, and the layers behind them.

        Examples
        --------
        >>> import energy
        >>> energy.load().maps.meta()["licence"]
        'CC BY 4.0'
        """
        from energy.tracker.maps import Maps

        return Maps(self)

    @functools.cached_property
    def plot(self) -> Plot:
        """Charts of the questions asked most, one call each.

        Examples
        --------
        >>> import energy
        >>> energy.load().plot.route("PoS1", freq="A").get_ylabel()
        'bcm at 20 °C a period'
        """
        from energy.tracker.plot import Plot

        return Plot(self)

    @functools.cached_property
    def evidence(self) -> Evidence:
        """Where numbers come from, how sources agree, how figures were revised.

        Examples
        --------
        >>> import energy
        >>> energy.load().evidence.contested("open")["standing"].unique().tolist()
        ['open']
        """
        from energy.tracker.evidence import Evidence

        return Evidence(self)

    # ---- what is known, and when ---------------------------------------------------------------

    @property
    def edition(self) -> str:
        """The day the tables were cut at, else the newest publication of a volume.

        Examples
        --------
        >>> import energy
        >>> energy.load().as_of("2022-06-30").edition
        '2022-06-30'
        """
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
            If `date` names neither a day, a period nor a release, or lies in the future.

        Examples
        --------
        >>> import energy
        >>> energy.load().as_of("2022-06-30").edition
        '2022-06-30'
        """
        base = self.base or self.facts
        tables, day = _known(base, date)
        return dataclasses.replace(self, facts=tables, base=base, day=day)

    @functools.cached_property
    def _prices(self) -> pd.DataFrame:
        from energy.finance import prices

        return prices.kept_by_market(self.facts, self._weights)

    @functools.cached_property
    def _weights(self) -> dict[str, pd.Series]:
        """Return what flowed to each market by quarter, for means that are weighed by volume."""
        from energy.finance import revenue

        return revenue.weights(self._built, self.facts["routes"])

    @functools.cached_property
    def _built(self) -> xr.Dataset:
        """The quarters as `flows.build` makes them: prices need them, and so does the first cube."""
        return flows.build(self.facts, "Q", *flows.INNER)

    @functools.cached_property
    def _quarters(self) -> xr.Dataset:
        return self._cube()

    @functools.cached_property
    def _reported(self) -> xr.Dataset:
        """The quarters as published: what a projection starts from."""
        return self._cube(estimate="reported")

    @property
    def last(self) -> str:
        """The last quarter with any figure, e.g. ``"2026Q2"``.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.last >= t.newest
        True
        """
        return self._quarter(-1)

    @functools.cached_property
    def newest(self) -> str:
        """The newest quarter of which most routes are known whole, e.g. ``"2026Q1"``.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.newest <= t.last
        True
        """
        cube = self._reported
        whole = np.isfinite(cube["flow"].values) & (cube["coverage"].values >= 1)
        known = whole.sum(axis=0)
        enough = np.flatnonzero(known >= max(1, ENOUGH * known[-RECENT:].max()))
        return self._quarter(int(enough[-1]) if len(enough) else -1)

    def _quarter(self, step: int) -> str:
        day = pd.Timestamp(self._quarters["period"].values[step])
        return str(periods.containing(day.date(), "Q"))

    @property
    def newest_year(self) -> int:
        """The last calendar year that ends by `newest`.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.newest_year <= int(t.newest[:4])
        True
        """
        return periods.parse(self.newest).end.year - 1

    # ---- flows ---------------------------------------------------------------------------------

    def flows(
        self,
        route: str | Iterable[str] | None = None,
        freq: str = "Q",
        unit: str = "bcm",
        basis: str | None = None,
        first: str | int | None = None,
        last: str | int | None = None,
        *,
        start: str | int | None = None,
        end: str | int | None = None,
        market: str | Iterable[str] | None = None,
        estimate: str = "balanced",
    ) -> xr.Dataset:
        """Return the flow cube, dims (route, period).

        Parameters
        ----------
        route : str or sequence of str, optional
            Names of routes (see `route`); a market or country stands for the export routes to it.
            Default all.
        freq : {"Q", "M", "A", "G"}
            Quarter, month, calendar year or gas year; also ``"QE"``, ``"annual"``, ``"Y"`` …
        unit, basis : str
            ``bcm`` at ``20C`` (Gazprom's cubic metre), ``15C``, ``0C`` or ``15C-40MJ``;
            ``mcm/d``; ``TWh``, ``PJ``, ``GWh/d`` (GCV).
        first, last : str, optional
            For example ``"2019Q4"`` and ``"2025Q4"``.
        start, end : str, optional
            Other words for `first` and `last`.
        market : str or sequence of str, optional
            Another word for `route`, where a market or country is asked; its sum by period is
            told by `exports`.
        estimate : {"balanced", "reported"}
            What ``flow`` is: the reconciled estimate of the whole period, or the published figure
            chosen for it (which stands in ``reported`` in any case).

        Returns
        -------
        xarray.Dataset
            ``flow, flow_p10, flow_p90, reported, balanced, capacity, utilisation, price, revenue,
            coverage`` (share of the days that ``reported`` speaks of)``, status, flow_status,
            market, sources`` and where the price comes from. NaN is not known. Routes that are
            ``additive`` carry all gas abroad once, and Kaliningrad's; strings, exits and feeders
            carry the same gas again and ``flow.sum("route")`` leaves them out (see
            `energy.measure.cubes`). The attribute ``apart`` names what separates that sum from
            `exports`: gas to Kaliningrad, and to markets that no line here leads to.

        Raises
        ------
        UnknownName, PeriodError, UnitError, UsageError

        Examples
        --------
        >>> import energy
        >>> cube = energy.load().flows("power-of-siberia-1", freq="A", first="2025", last="2025")
        >>> round(float(cube.flow[0, 0]), 1)
        38.8
        """
        if market is not None and route is not None:
            raise UsageError(f"route={route!r} and market={market!r} are the same thing; give one.")
        route = market if route is None else route
        asked = None if route is None else self.names(route)
        since, until = _one("first", first, "start", start), _one("last", last, "end", end)
        cube = shaped.shaped(self._cube(freq, unit, basis, since, until, estimate))
        return cube if asked is None else cube.sel(route=asked)

    def _cube(
        self,
        freq: str = "Q",
        unit: str = "bcm",
        basis: str | None = None,
        first: str | None = None,
        last: str | None = None,
        estimate: str = "balanced",
    ) -> xr.Dataset:
        """Return what `flows` returns of all routes, as an ordinary Dataset."""
        freq = periods.frequency(freq)
        basis = basis or ("GCV" if units.kind(unit) in ("energy", "energy rate") else "20C")
        key = (freq, unit, basis, first, last, estimate)
        if key not in self._cubes:
            make = functools.partial(self._made, freq, unit, basis, first, last, estimate)
            cube = ready.cube(self.facts, key, make)
            cube.attrs["as_of"] = self.edition
            self._cubes[key] = cube
        return flows.copied(self._cubes[key])

    def _made(
        self,
        freq: str,
        unit: str,
        basis: str,
        first: str | None,
        last: str | None,
        estimate: str,
    ) -> xr.Dataset:
        """Make a cube of the tables: the balance laid over it, and money beside it."""
        from energy.balance import cube as cubes
        from energy.finance import revenue

        whole = (freq, unit, basis, first, last) == ("Q", *flows.INNER, None, None)
        built = flows.copied(self._built) if whole else None
        cube = cubes.flow_cube(self.facts, freq, unit, basis, first, last, estimate, built=built)
        return revenue.priced(cube, self.facts, self._prices)

    @functools.cached_property
    def _cubes(self) -> dict[tuple[str | None, ...], xr.Dataset]:
        """Cubes already made; `flows` hands out copies, so none is changed from outside."""
        return {}

    @functools.cached_property
    def _words(self) -> Names:
        return Names(self.facts)

    def route(self, name: str) -> str:
        """Return the id of a route from any name of it.

        Parameters
        ----------
        name : str
            Id, name or alias in English, Russian or Chinese; case, hyphens and blanks do not count.

        Raises
        ------
        UnknownName
            With the near ones.
        UsageError
            If the word stands for several routes, a market or a country.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.route("PoS1"), t.route("Северный поток")
        ('power-of-siberia-1', 'nord-stream-1')
        """
        return self._words.route(name)

    def names(self, route: str | Iterable[str]) -> list[str]:
        """Return the ids of routes; a market or country stands for the export routes to it.

        Examples
        --------
        >>> import energy
        >>> energy.load().names("Turkish Stream")
        ['turkstream-1', 'turkstream-2']
        """
        return self._words.routes(route)

    def _named(self, name: str) -> str:
        """Return the id of a route or market where the word is a name of one, else the word."""
        found = self._words.find(name)
        if found is None:
            return self._place(name)
        if found.kind == "group" and len(found.routes) > 1:
            return self.route(name)  # which says what it stands for
        if len(found.routes) == 1:
            return found.routes[0]
        return found.id if found.kind == "market" else self._place(name)

    def _place(self, name: str) -> str:
        """Return the id of the place that a word names in one of three languages, else the word."""
        rows, word = self.facts["places"], key(name)
        columns = ("place", "name", "name_ru", "name_zh")
        named = (rows.loc[rows[column].map(key) == word, "place"] for column in columns)
        return next((str(found.iloc[0]) for found in named if word and len(found)), name)

    def _proposed(self, name: str) -> str:
        """Return the project that a word stands for; a market has the one proposed line to it."""
        from energy.finance import economics

        found, lines = self._words.find(name), []
        for route in () if found is None else found.routes:
            with contextlib.suppress(UnknownName):
                lines.append(economics.find(self.facts, route))
        lines = list(dict.fromkeys(lines))
        if len(lines) > 1:
            raise UsageError(
                f"{name!r} stands for {len(lines)} lines: {', '.join(lines)}; name one."
            )
        return lines[0] if lines else economics.find(self.facts, name)

    def search(self, text: str) -> pd.DataFrame:
        """Find routes, places, markets, figures, events and sources by word, best first.

        Parameters
        ----------
        text : str
            In English, Russian or Chinese; all words must be found.

        Returns
        -------
        DataFrame
            ``kind, id, name, match``; see `energy.provenance.search.search`.

        Examples
        --------
        >>> import energy
        >>> energy.load().search("turkish stream")["id"].head(2).tolist()
        ['turkstream-1', 'turkstream-2']
        """
        from energy.provenance import search as searching

        spots = pd.concat([routes.places(), routes.cities()]).fillna({"name_zh": ""})
        return searching.search(text, self.facts, spots, self._words)

    def markets(
        self,
        freq: str = "A",
        unit: str = "bcm",
        basis: str | None = None,
        estimate: str = "balanced",
        what: str = "flow",
        by: str = "group",
        *,
        total: bool = False,
        start: str | int | None = None,
        end: str | int | None = None,
    ) -> pd.DataFrame:
        """Return flows by market, market by period; markets without any figure left out.

        Unit, basis and as-of stand in ``attrs``. `exports` has the same as rows that say all of
        themselves.

        Parameters
        ----------
        freq, unit, basis
            As in `flows`.
        estimate : {"balanced", "reported"}
            The reconciled total, or the sum of the routes' published figures.
        what : {"flow", "p10", "p90", "coverage", "whole", "status"}
            The estimate, an end of its interval (that of the sum itself), or what is known of it:
            the share that figures cover, whether the period is over, its status.
        by : {"group", "market"}
            Europe, Central Asia, ... or what they are made of: the Union (``eu``) and the rest of
            Europe, each country of Central Asia and the Caucasus; with them each plant of LNG.
            Only of the balance. Where the gas of one is counted with another's it is NaN, and
            ``attrs["missing"]`` says why.
        total : bool
            The row ``exports``, the sum abroad, too; never add it to the others.
        start, end : str or int, optional
            First and last period, e.g. ``"2019"``.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().markets()
        >>> bool(17 < table.loc["europe", "2025"].iloc[0] < 19)
        True
        """
        from energy.balance import cube as cubes

        freq = periods.frequency(freq)
        basis = basis or ("GCV" if units.kind(unit) in ("energy", "energy rate") else "20C")
        if by != "group" and (estimate != "balanced" or what in KNOWN_OF):
            raise UsageError(f"Markets by {by!r} are known of the balance only; "
                             f"leave estimate={estimate!r} out.")  # fmt: skip
        if what in KNOWN_OF:
            rows = self.exports(freq, unit, basis)
            rows = rows if total else rows[~rows["total"]]
            days = pd.to_datetime([periods.parse(label).start for label in rows["period"]])
            table = rows.assign(period=days).set_index(["market", "period"])[what].unstack()  # noqa: PD010
        elif estimate == "balanced":
            table = cubes.market_table(self.facts, freq, unit, basis, what, total=total, by=by)
        else:
            cube = self._cube(freq, unit, basis, estimate=estimate)
            table = flows.frame(flows.by_market(cube, self.facts["routes"])).dropna(how="all")
            if total:
                abroad = table.drop(index=list(cubes.NOT_ABROAD), errors="ignore")
                table.loc["exports"] = abroad.sum(min_count=1)
        since = pd.Timestamp.min if start is None else periods.parse(str(start)).start
        until = pd.Timestamp.max if end is None else periods.parse(str(end)).end
        days = pd.to_datetime(table.columns)
        table = table.loc[:, (days >= pd.Timestamp(since)) & (days < pd.Timestamp(until))]
        table.attrs |= {"unit": unit, "basis": basis, "estimate": estimate, "what": what,
                        "as_of": self.edition, "units": {}}  # fmt: skip
        return label(table, {"*": SHARE if what == "coverage" else units.label(unit, basis)})

    def exports(
        self,
        freq: str = "A",
        unit: str = "bcm",
        basis: str | None = None,
        *,
        market: str | Iterable[str] | None = None,
        start: str | int | None = None,
        end: str | int | None = None,
    ) -> pd.DataFrame:
        """Return flows by market as rows that say all of themselves, the total among them.

        Parameters
        ----------
        freq, unit, basis
            As in `flows`.
        market : str or sequence of str, optional
            Only these, by any name; ``"exports"`` is the total. Default all.
        start, end : str or int, optional
            First and last period, e.g. ``"2019"``.

        Returns
        -------
        DataFrame
            ``market, period, flow, p10, p90, unit, basis, coverage, whole, status, as_of``, and
            ``total``: true for the rows ``exports``, the sum abroad with an interval of its own
            (never add them to the others). ``coverage`` is the share of the volume on routes and
            days that published figures speak of, ``whole`` says that the period is over.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().exports().set_index(["market", "period"])
        >>> bool(table.loc[("exports", "2021"), "flow"] > 200)
        True
        >>> two = energy.load().exports(market=["China", "Европа"], start="2025", end="2025")
        >>> two["market"].tolist()
        ['china', 'europe']
        """
        freq = periods.frequency(freq)
        basis = basis or ("GCV" if units.kind(unit) in ("energy", "energy rate") else "20C")
        from energy.balance import cube as cubes

        rows = cubes.market_rows(self.facts, self._cube(freq), unit, basis, self.edition)
        if market is not None:
            known = list(dict.fromkeys(rows["market"]))
            asked = [market] if isinstance(market, str) else list(market)
            rows = rows[rows["market"].isin([self._market(name, known) for name in asked])]
        return _between(rows, start, end).reset_index(drop=True)

    def _market(self, name: str, known: list[str]) -> str:
        """Return the id of a market from any name of it."""
        plain = name.strip().lower().replace(" ", "-")
        if plain in known:
            return plain
        meant = self._words.find(name)
        if meant is not None and meant.kind in ("route", "group"):
            raise UsageError(f"{name!r} is a route, not a market; ask t.flows({name!r}), or for one of "
                             f"{', '.join(known[:12])}.")  # fmt: skip
        market = meant is not None and meant.kind == "market"
        found = meant.id if market and meant is not None else self._place(name)
        if found not in known:
            raise UnknownName("market", name, known)
        return found

    def supply(
        self,
        market: str | None = None,
        period: str | int | None = None,
        *,
        origin: str | None = None,
        kind: str | None = None,
    ) -> pd.DataFrame:
        """Return who supplies a market, by origin, pipeline and LNG, with shares.

        See `energy.supply.supply`; ``t.supply(origin="russia", kind="lng")`` is Russia's LNG by
        plant and destination.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().supply("eu", "2024").set_index("origin")
        >>> float(table.loc["norway", "value"]), table.loc["norway", "unit"]
        (93.3, 'bcm')
        """
        from energy import supply as supplies

        told = None if period is None else str(period)
        places = self.facts["places"]["place"].tolist()
        market = None if market is None else self._market(market, places)
        origin = origin if origin is None or origin in places else self._named(origin)
        return supplies.supply(self.facts, market, told, origin=origin, kind=kind)

    def balance(self, verdict: str | None = None) -> pd.DataFrame:
        """Return what the published figures say of each other: contradictions first.

        Parameters
        ----------
        verdict : {"agrees", "strained", "contradicted", "all"}, optional
            Default: every figure that is strained or contradicted.

        Returns
        -------
        DataFrame
            See `energy.balance.verdicts.verdicts`: the figure, what all others make of it, by whom
            it is contradicted and the slip that would explain it; ``known`` is the id of the
            known contradiction that answers it, see `energy.tracker.evidence.Evidence.contested`.

        Raises
        ------
        UnknownName
            For another verdict.

        Examples
        --------
        >>> import energy
        >>> set(energy.load().balance("contradicted")["verdict"])
        {'contradicted'}
        """
        from energy import balance as balancing

        table = balancing.result(self.facts).verdicts
        known = [*balancing.WORDS, "all"]
        if verdict is not None and verdict not in known:
            raise UnknownName("verdict", verdict, known)
        if verdict != "all":
            strict = table["verdict"] == verdict
            table = table[table["verdict"] != "agrees" if verdict is None else strict]
        order = table["score"].abs().sort_values(ascending=False, kind="stable").index
        answered = balancing.explained(self.facts)
        table = table.assign(known=[answered.get(row, "") for row in table["id"]])
        return table.loc[order].reset_index(drop=True)

    @property
    def routes(self) -> gpd.GeoDataFrame:
        """The routes: geometry, attributes, newest figures and histories.

        Examples
        --------
        >>> import energy
        >>> energy.load().routes.loc["nord-stream-1", "name"]
        'Nord Stream'
        """
        from energy.publish import layers

        return layers.routes(self.lines, self.facts, self._quarters)

    @property
    def events(self) -> pd.DataFrame:
        """The dated events that explain breaks.

        Examples
        --------
        >>> import energy
        >>> {"event", "date", "title", "source"} <= set(energy.load().events)
        True
        """
        return self.facts["events"]

    @property
    def sources(self) -> pd.DataFrame:
        """Every source with its terms.

        Examples
        --------
        >>> import energy
        >>> {"source", "title", "publisher", "licence"} <= set(energy.load().sources)
        True
        """
        return self.facts["sources"]

    def mirror(
        self, name: str, period: str | int, unit: str = "bcm", basis: str | None = None
    ) -> pd.DataFrame:
        """Set every source for a route or market side by side, the gap split by cause.

        See `energy.mirror.mirror`; the last row is our estimate, never a measurement: that of the
        balance with its interval, where it speaks of the route or market in that period.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().mirror("turkstream-2", "2026-01")
        >>> table["source"].iloc[-1]  # the last row is ours
        'reconciled-estimate'
        >>> len(energy.load().mirror("Hungary", "2024")) > 2  # the market, not the line to it
        True
        """
        from energy import mirror as mirrors
        from energy.balance import cube as cubes

        # a country with one line to it (Hungary) is asked for itself, its sources speak of it
        plain, span = str(name).strip().lower().replace(" ", "-"), str(period)
        name = plain if plain in mirrors.names(self.facts) else self._named(name)

        def band(unit: str, basis: str) -> tuple[float, float, float] | None:
            return cubes.cell(self.facts, name, span, unit, basis)

        try:
            return mirrors.mirror(self.facts, name, span, unit, basis, band)
        except PeriodError as error:
            found = self._words.find(name)
            if found is None or len(found.routes) < 2:
                raise
            lines = ", ".join(found.routes)
            raise PeriodError(f"{error} Its lines have sources of their own: {lines}.") from error

    def reroute(
        self, without: str | Iterable[str], by: str | None = None, links: Iterable[str] = ()
    ) -> grid.Reroute:
        """Shut ways and ask what the others can take, what binds, which link would help.

        Parameters
        ----------
        without : str or iterable of str
            Routes or ways to shut.
        by : str, optional
            A day or a period, whose last day counts; default the newest well-known quarter.
        links : iterable of str
            Scenario links that exist; see `energy.network.reroute`.

        Examples
        --------
        >>> import energy
        >>> answer = energy.load().reroute("turkstream", by="2021")
        >>> round(answer.lost, 1)  # bcm a year
        31.5
        """
        shut = [without] if isinstance(without, str) else without
        ids = [r for name in shut for r in self._ways(name)]
        from energy import network as grid

        return grid.reroute(self.network.graph(by, links), ids)

    def _ways(self, name: str) -> tuple[str, ...]:
        """Return the routes behind a word; a way of the network that is no route as it is."""
        found = self._words.find(name)
        if found is None or found.kind == "market":
            return (name if found is None else found.id,)
        return found.routes or (name,)

    # ---- money ---------------------------------------------------------------------------------

    def financials(self, standard: str | None = "IFRS", metric: str | None = None) -> pd.DataFrame:
        """Return Gazprom's statements as a tidy table, one row a line and period.

        What others said of the company (consensus, budgets, guidance) is no statement: see
        `Money.beside_accounts`.

        Parameters
        ----------
        standard : {"IFRS", "RAS", None}
            The two sets of accounts are never mixed; ``None`` returns both.
        metric : str, optional
            One line, e.g. ``"net_profit_attributable"``.

        Examples
        --------
        >>> import energy
        >>> set(energy.load().financials("RAS", "net_profit")["standard"])
        {'RAS'}
        """
        from energy.finance import accounts

        known = {name.lower(): name for name in accounts.STANDARDS}
        standard = None if standard is None else known.get(standard.lower(), standard)
        if standard == "other":
            warnings.warn("financials('other') is now money.beside_accounts()",
                          DeprecationWarning, stacklevel=2)  # fmt: skip
            return self.money.beside_accounts(metric)
        table = self.facts["financials"]
        if standard is None:
            table = table[table["standard"] != "other"]
        return accounts.statements(table, standard, metrics=[metric] if metric else None)

    def trade(
        self,
        exporter: str | None = None,
        importer: str | None = None,
        commodity: str | None = None,
        freq: str | None = None,
        **more: str | None,
    ) -> pd.DataFrame:
        """Return trade of China with Russia and Central Asia, one figure a flow and period.

        Parameters
        ----------
        exporter, importer, commodity : str, optional
            For example ``"china", "russia", "all"``; see `energy.finance.trade.trade`.
        freq : {"A", "H", "Q", "M", "C"}, optional
        **more
            ``measure, reporter``.

        Examples
        --------
        >>> import energy
        >>> lng = energy.load().trade("russia", "china", "lng", freq="M", measure="value")
        >>> set(lng["unit"])
        {'USD bn'}
        """
        from energy.finance import trade

        return trade.trade(self.facts, freq, exporter=exporter, importer=importer,
                           commodity=commodity, **more)  # fmt: skip

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

        Examples
        --------
        >>> import energy
        >>> table = energy.load().bridge("2022")
        >>> {"line", "kind", "rub_bn"} <= set(table)
        True
        """
        from energy.finance import bridge

        return bridge.bridge(str(year), self._quarters, self.money._all_lines, self.facts["fx"],
                             routes=self.facts["routes"], groups=self.facts["market-groups"],
                             rate=rate, took=self._took(str(year)))  # fmt: skip

    def _took(self, year: str) -> dict[str, float]:
        """Return what each market took in a year by the balance, bcm; nothing where none is known."""
        if periods.parse(year).freq != "A":
            return {}
        told = {**self._taken(year, "market"), **self._taken(year, "group")}
        return {name: value for name, value in told.items() if value == value}

    def _taken(self, year: str, by: str) -> dict[str, float]:
        table = self.markets(by=by, total=True, start=year, end=year)
        return {} if table.empty else {str(k): float(v) for k, v in table.iloc[:, 0].items()}

    def economics(self, route: str | None = None) -> pd.DataFrame:
        """Return NPV, IRR and break-even price of a proposed line as quantiles.

        Parameters
        ----------
        route : str, optional
            A proposed route or project; default: the break-even of all beside published estimates.

        Returns
        -------
        DataFrame
            Of one line index ``result``; ``mode, p10, p50, p90, unit``. Of all see
            `energy.finance.economics.table`; units in ``attrs["units"]``.

        Examples
        --------
        >>> import energy
        >>> table = energy.load().economics("power-of-siberia-2")
        >>> bool(table.loc["breakeven", "p10"] < table.loc["breakeven", "p90"])
        True
        """
        from energy.finance import economics

        if route is None:
            return label(economics.table(self.facts), BREAK_EVENS)
        project = economics.project(self.facts, self._proposed(route))
        told = {row.source for row in project.inputs.values()} - {""}
        table = economics.simulate(project)
        table["unit"] = table.index.map(economics.RESULT_UNITS)
        return resting(label(table, {"*": ROW}), told)

    # ---- ahead ---------------------------------------------------------------------------------

    def project(
        self,
        until: str = "2040",
        scenarios: str | Sequence[str] | Mapping[str, Any] = "all",
        **more: Any,
    ) -> xr.Dataset:
        """Project every route under named assumptions; see `Ahead.project`.

        Examples
        --------
        >>> import energy
        >>> p = energy.load().project("2027", "baseline", draws=20, revenue=False)
        >>> p["flow"].dims
        ('scenario', 'route', 'period', 'quantile')
        """
        return self.ahead.project(until, scenarios, **more)

    def what_if(self, route: str | None = None, **change: Any) -> WhatIf:
        """Change one thing and set the result beside the unchanged control.

        Parameters
        ----------
        route : str, optional
            Name of the route for ``stop``, ``start``, ``capacity`` and ``price``; a word that
            stands for several (``"turkstream"``, ``"china"``) stops, starts or prices all that the
            change fits. Leave it out for ``brent`` and ``ttf``, which move every market.
        **change
            ``stop`` (day or period from which nothing flows, instead of the end that the scenario
            states), ``start`` (first gas), ``capacity`` (the most that can flow, bcm a year; one
            route), ``price`` (USD/1000 m3 at the border, for all gas to the market of the
            route), ``brent`` (USD/bbl), ``ttf`` (USD/MMBtu); and ``scenario``, ``until``,
            ``draws``, ``seed`` as for `project`.

        Returns
        -------
        energy.projection.what_if.WhatIf
            ``.table()`` by year, for all exports, a route or a group: volumes and revenue of
            control and change and their difference, each with its interval; the difference is
            taken draw by draw.

        Raises
        ------
        UnknownName, UsageError, PeriodError
            For a key that means nothing, or a change that does not fit the route.

        Examples
        --------
        >>> import energy
        >>> w = energy.load().what_if("blue-stream", stop="2027", until="2027", draws=20)
        >>> table = w.table("blue-stream").set_index(["what", "year"])
        >>> float(table.loc[("flow", 2027), "changed_mean"])
        0.0
        """
        return self.ahead.what_if(route, **change)

    @overload
    def timing(self, route: None = None, as_of: str | None = None) -> pd.DataFrame: ...
    @overload
    def timing(self, route: str, as_of: str | None = None) -> Timing: ...
    def timing(self, route: str | None = None, as_of: str | None = None) -> pd.DataFrame | Timing:
        """Return when proposed lines may deliver; see `Ahead.timing`.

        Examples
        --------
        >>> import energy
        >>> pos2 = energy.load().timing("power-of-siberia-2")
        >>> 0 < pos2.never(by=2040) < 1
        True
        """
        return self.ahead.timing(route, as_of)

    def scores(self, folder: str | Path | None = None) -> pd.DataFrame:
        """Score dated forecasts, ours and others', whose outcome has come; see `Scoring.scores`.

        Examples
        --------
        >>> import energy
        >>> {"model", "median", "actual", "wis"} <= set(energy.load().scores())
        True
        """
        return self.scoring.scores(folder)

    # ---- shown ---------------------------------------------------------------------------------

    def map(
        self, projection: xr.Dataset | bool | None = None, *, layers: str | None = None,
        route: str | None = None, start: str | int | None = None, compare: str | int | None = None,
        lang: str = "en", height: str | int | None = None,
    ) -> LiveMap:  # fmt: skip
        """Return the interactive map: a page, a `folium.Map`, in a notebook a widget; see `Maps.page`.

        Examples
        --------
        >>> import energy
        >>> m = energy.load().map(projection=False, route="PoS1", start=2024, compare=2021)
        >>> m.selected, m.period
        ('power-of-siberia-1', '2024')
        >>> m.save("atlas.html")  # one file that needs no network
        >>> Path("atlas.html").stat().st_size > 1_000_000
        True
        """
        return self.maps.page(
            projection, layers=layers, route=route, start=start, compare=compare, lang=lang,
            height=height,
        )  # fmt: skip

    def export(
        self,
        folder: str | Path,
        *,
        dated: bool = False,
        projection: xr.Dataset | bool | None = None,
        formats: Sequence[str] | None = None,
        bom: bool = False,
    ) -> list[Path]:
        """Write every layer, the cube and styles into a folder; see `Maps.export`.

        Examples
        --------
        >>> import energy
        >>> written = energy.load().export("tables", projection=False, formats=["csv"])
        >>> "flows_quarterly.csv" in {path.name for path in written}
        True
        """
        return self.maps.export(
            folder, dated=dated, projection=projection, formats=formats, bom=bom
        )

    def summary(self) -> str:
        """Return the key table as Markdown: exports, utilisation, revenue, Gazprom's result.

        Examples
        --------
        >>> import energy
        >>> energy.load().summary().startswith("#")
        True
        """
        from energy.publish import brief

        return brief.summary(self._cube("A"), self.facts, self.financials(None), self.edition)

    # ---- where a number comes from -------------------------------------------------------------

    def cite(self, what: Any) -> pd.DataFrame:
        """Return the sources behind an id or any result of the tracker.

        See `energy.provenance.cite.cite`; what names no figure of its own leads to them by its
        routes, markets and periods.

        Three kinds of address ask how a shown number is made (see `explain`):
        ``"blue-stream@2024Q1"``, also with a market (``"europe@2021"``, ``"all@2021"``) or a line of
        the accounts (``"ebitda@2022"``); and the id of a feature of the layers,
        ``"blue-stream/2024Q1"`` or ``"mixture/blue-stream/2030Q1"``.

        Examples
        --------
        >>> import energy
        >>> energy.load().cite("V0001")["table"].tolist()
        ['volumes']
        """
        from energy.provenance import cite

        if isinstance(what, str) and not what:
            raise UsageError("There is nothing to cite in ''; give an id, e.g. t.cite('V0001').")
        if isinstance(what, str) and (word := self._words.find(what)) is not None:
            what = list(word.routes) or [word.id]
        place = cite.address(what, self.facts["routes"]["route"]) if isinstance(what, str) else []
        if len(place) == 3:
            return self.evidence.projected(*place)
        if place:
            return self.explain(*place)
        return cite.cite(what, self.facts, Store.open(), self._cube)

    def explain(self, name: str, period: str) -> pd.DataFrame:
        """Return every step from figures as published to a shown number.

        See `energy.provenance.explain.explain`; `cite` resolves the ids.

        Parameters
        ----------
        name : str
            Name of a route; a market or ``all``; or a line of the accounts, e.g. ``"ebitda"``.
        period : str
            Month, quarter, calendar year or gas year, e.g. ``"2024Q1"``.

        Raises
        ------
        UnknownName, PeriodError

        Examples
        --------
        >>> import energy
        >>> steps = energy.load().explain("blue-stream", "2024Q1")
        >>> "flow" in " ".join(steps["quantity"])
        True
        """
        from energy.provenance import explain

        span = periods.parse(period)
        name = name if name in self._markets else self._named(name)
        if name in {explain.ALL, *self._markets}:
            return explain.of_balance(self.facts, name, period)
        if name in set(self.facts["financials"]["metric"]):
            return explain.reported(self.money._all_lines, name, str(span))
        return explain.explain(
            self.facts, self._quarters, self._prices, self.route(name), period,
            self.lines["length_km"],
        )  # fmt: skip

    @property
    def _markets(self) -> set[str]:
        return set(self.facts["balance-arcs"]["group"]) - {"", "russia"}

    def check(self) -> list[str]:
        """Return every fault in facts and geometry; an empty list is a clean bill.

        Examples
        --------
        >>> import energy
        >>> energy.load().check()
        []
        """
        from energy.projection import scenarios

        tree, tables = scenarios.load(), self.facts
        known = tables["routes"]["route"], tables["sources"]["source"]
        return facts.check() + routes.check(self.lines) + scenarios.check(tree, *known)
