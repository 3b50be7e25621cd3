"""``t.maps``: the interactive page, pictures for paper, an animation, and the layers behind them."""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import pandas as pd
import xarray as xr

import energy.balance.cube as balanced
from energy.balance import tracing
from energy.errors import MissingExtra, UsageError, checked
from energy.finance import netback
from energy.measure import periods
from energy.publish import atlas, exchange, layers, pictures, styles
from energy.tracker.columns import united
from energy.tracker.facet import Facet
from geodata import gem, routes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from energy.publish.atlas import LiveMap

SMALL = 90  # dots an inch of the picture that a notebook keeps
COLOURS = 64  # of it, so that it stays light


def _places_and_cities() -> gpd.GeoDataFrame:
    """Return the places of the network, and the cities by which a reader finds them."""
    towns = routes.cities()
    points = gpd.points_from_xy(towns.pop("lon"), towns.pop("lat"), crs=4326)
    towns = gpd.GeoDataFrame(towns.assign(kind="city"), geometry=points)
    return pd.concat([routes.places(), towns])


def _length(height: str | int | None) -> str | None:
    """Return a height as a page writes it; a number is px.

    >>> _length(480), _length("60vh"), _length(None)
    ('480px', '60vh', None)
    """
    found = re.fullmatch(r"0*([1-9]\d*(?:\.\d+)?)(px|em|rem|vh|%)?", str(height).strip())
    if height is None or found:
        return found and found[1] + (found[2] or "px")
    raise UsageError(
        f"{height!r} is no height; give a number of px above 0, or a text such as '480px' or '60vh'."
    )


@checked
@united
class Maps(Facet):
    """Routes drawn: page, picture, animation, files for a GIS.

    Examples
    --------
    >>> import energy
    >>> t = energy.load()
    >>> t.maps.meta()["title"]
    'Russian gas by pipeline'
    """

    def page(
        self, projection: xr.Dataset | bool | None = None, *, layers: str | None = None,
        route: str | None = None, start: str | int | None = None, compare: str | int | None = None,
        lang: str = "en", height: str | int | None = None,
    ) -> LiveMap:  # fmt: skip
        """Return the interactive map, one self-contained page; add any folium layer to it.

        Parameters
        ----------
        projection : xarray.Dataset or bool, optional
            From `Tracker.project`, shown behind the newest figures, one scenario at a time; False
            for none. Default: our own.
        layers : str, optional
            Folder of the exported layers as seen from the page, e.g. ``"layers"``, to link to.
        route : str, optional
            The route chosen at first, by any name of it.
        start : str or int, optional
            The period shown at first: ``"2024Q1"``, ``2024`` or ``"GY2024"``.
        compare : str or int, optional
            Another period of the same kind, or a scenario, to set beside it.
        lang : {"en", "ru", "zh"}
            Language of the page.
        height : str or int, optional
            Height of the frame in a notebook, e.g. ``"480px"``; a number is px.

        Returns
        -------
        energy.publish.atlas.LiveMap
            A `folium.Map`; ``.save("atlas.html")`` writes one file that needs no network. In a
            notebook with anywidget (extra ``notebook``) ``selected``, ``period`` and ``scenario``
            follow the reader and may be set; elsewhere the same page stands in a frame.

        Raises
        ------
        UnknownName
            With the near ones, if there is no such route, period, scenario or language.
        UsageError
            If `route` stands for several, or `height` is no height.

        Examples
        --------
        >>> import energy, folium
        >>> page = energy.load().maps.page(projection=False)
        >>> isinstance(page, folium.Map)
        True
        """
        t, chosen = self.t, None if route is None else self.t.route(route)
        ahead = self._ahead(projection)
        sources = t.facts["sources"].set_index("source")
        tall = _length(height)
        made = atlas.build(
            t.routes, t._quarters, t.events, sources, _places_and_cities(),
            {**self.meta(), "layers": layers, "height": tall}, projection=ahead, facts=t.facts,
            months=t._cube(freq="M"), markets=balanced.markets(t.facts),
            ways=tracing.history(t.facts),
            leaves=t.ahead.leaves if ahead is not None and ahead is not projection else None,
        )  # fmt: skip
        made.picture = self._small
        if start is not None:
            made.period = start
        made.selected = chosen
        if compare is not None:
            made.compare(compare)
        made.speak(lang)
        return made

    def card(self, headline: str = "") -> bytes | None:
        r"""Draw the newest whole quarter as a PNG of 1200 x 630, which links to a page show (Open Graph).

        Parameters
        ----------
        headline : str
            Title of the picture; default that of the map.

        Returns
        -------
        bytes or None
            None where the extra ``pictures`` is not installed.

        Examples
        --------
        >>> import energy
        >>> energy.load().maps.card().startswith(b"\x89PNG")
        True
        """
        options: dict[str, Any] = {"title": headline} if headline else {}
        try:
            drawn = self.period(**options)
        except MissingExtra:
            return None
        drawn.set_size_inches(12, 6.3)
        held = io.BytesIO()
        drawn.savefig(held, format="png", dpi=100)
        return held.getvalue()

    def _small(self, label: str) -> bytes | None:
        """Draw a period as a small PNG for viewers that run nothing; None where that cannot be done."""
        cube = self._drawn(label, "Q")
        if label not in {
            str(periods.containing(day, cube.attrs["freq"])) for day in cube["period"].values
        }:
            return None  # a projected period
        try:
            from PIL import Image

            drawn = self.period(label)
        except (ImportError, MissingExtra):
            return None
        whole, held = io.BytesIO(), io.BytesIO()
        drawn.savefig(whole, format="png", dpi=SMALL)
        image = Image.open(whole).convert("RGB").quantize(COLOURS)
        image.save(held, format="png", optimize=True)
        return held.getvalue()

    def period(self, quarter: str | None = None, **options: Any) -> Figure:
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

        Examples
        --------
        >>> import energy
        >>> figure = energy.load().maps.period("2025Q4", path="map.svg")
        >>> Path("map.svg").read_text(encoding="utf-8")[:5]
        '<?xml'
        """
        cube = self._drawn(quarter, "Q")
        return pictures.plot_map(self.t.routes, cube, quarter, **self._credited(options))

    def years(self, years: Sequence[str | int] | None = None, **options: Any) -> Figure:
        """Draw years, or other periods of one kind, side by side; see `energy.publish.pictures.plot_years`.

        Parameters
        ----------
        years : sequence, optional
            For example ``[2019, 2021, 2025]``; default the last six calendar years.
        **options
            ``title, columns, box, path``.

        Examples
        --------
        >>> import energy
        >>> figure = energy.load().maps.years([2019, 2025], path="years.png")
        >>> len(figure.axes)
        3
        """
        cube = self._drawn(next(iter(years or ()), None), "A")
        return pictures.plot_years(self.t.routes, cube, years, **self._credited(options))

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

        Examples
        --------
        >>> import energy
        >>> energy.load().maps.animate("years.gif", [2019, 2025], dpi=40).name
        'years.gif'
        """
        cube = self._drawn(next(iter(years or ()), None), "A")
        return pictures.animate(self.t.routes, cube, path, years, **self._credited(options))

    def layers(self, projection: xr.Dataset | bool | None = None) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers that `export` writes, by name.

        Parameters
        ----------
        projection : xarray.Dataset or bool, optional
            From `Tracker.project`, for ``projections_quarterly``; False for none. Default: one of
            our own (it takes some seconds).

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> sorted(t.maps.layers(projection=False))
        ['events', 'flows_quarterly', 'hubs', 'routes']
        """
        t = self.t
        priced = netback.attach(t._quarters, t.facts, lengths=t.lines["length_km"])
        months = t._cube(freq="M")  # names the months behind a figure of a part of its quarter
        made = {
            "routes": layers.routes(t.lines, t.facts, t._quarters, months),
            "flows_quarterly": layers.flows_long(t.lines, priced, t.facts, months=months),
            "hubs": routes.places(),
            "events": layers.events(t.lines, t.facts["events"]),
        }
        ahead = self._ahead(projection)
        if ahead is not None:
            made["projections_quarterly"] = layers.projections_long(t.lines, ahead)
        return made

    def flows(
        self, period: str | int, unit: str = "bcm", basis: str | None = None
    ) -> gpd.GeoDataFrame:
        """Return one period as lines: ``t.maps.flows(2021).to_file("2021.gpkg")`` is a layer for a GIS.

        Parameters
        ----------
        period : str or int
            ``2021``, ``"2021Q4"``, ``"2021-11"`` or ``"GY2021"``.
        unit, basis : str
            As in `Tracker.flows`.

        Returns
        -------
        GeoDataFrame, one row a route
            ``route, name, role, additive, period, flow, p10, p90, unit, basis, coverage, status``
            and ``geometry`` (EPSG:4326). Only rows that are ``additive`` add up.

        Examples
        --------
        >>> import energy
        >>> year = energy.load().maps.flows(2021).set_index("route")
        >>> round(float(year.loc["power-of-siberia-1", "flow"]), 1), year["unit"].unique().tolist()
        (10.4, ['bcm'])
        """
        span = periods.parse(str(period))
        cube = self.t.flows(freq=span.freq, unit=unit, basis=basis, start=str(span), end=str(span))
        columns = {"flow": "flow", "flow_p10": "p10", "flow_p90": "p90", "coverage": "coverage",
                "status": "status"}  # fmt: skip
        rows = cube[list(columns)].isel(period=0, drop=True).to_dataframe()[list(columns)]
        rows = rows.rename(columns=columns).assign(
            additive=cube["additive"].to_series(), period=str(span),
            unit=cube.attrs["unit"], basis=cube.attrs["basis"],
        )  # fmt: skip
        lines = self.t.routes[["name", "role", "geometry"]]
        order = ["name", "role", "additive", "period", "flow", "p10", "p90", "unit", "basis",
                 "coverage", "status", "geometry"]  # fmt: skip
        return lines.join(rows)[order].reset_index(names="route")

    def export(
        self,
        folder: str | Path,
        *,
        dated: bool = False,
        projection: xr.Dataset | bool | None = None,
        formats: Sequence[str] | None = None,
        bom: bool = False,
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
        formats : sequence of str, optional
            Of ``"shp", "kml", "xlsx", "csv"``: write these forms instead, with ``fields.csv`` saying
            what each field means; see `energy.publish.exchange`.
        bom : bool
            Begin CSV files with a byte-order mark, by which Excel knows UTF-8.

        Examples
        --------
        >>> import energy
        >>> written = energy.load().maps.export("layers", projection=False, formats=["csv"])
        >>> "flows_quarterly.csv" in {path.name for path in written}
        True
        """
        if formats is not None or bom:
            exchange.check_forms(formats or (), bom)  # before the minute that the layers may take
        made, meta = self.layers(projection), self.meta()
        target = styles.dated(folder, meta["as_of"])[0] if dated else Path(folder)
        if formats is not None or bom:
            tables = {"exports": self.t.exports(), "sources": self.t.sources}
            written = exchange.export(target, made, tables, formats or (), meta, bom=bom)
        else:
            written = layers.export(
                target, made, self.t._quarters, layers.DICTIONARY, meta, styles.files(made)
            )
        if dated:
            styles.publish(target)
        return written

    def site(
        self,
        out: str | Path,
        base: str | None = None,
        projection: xr.Dataset | bool | None = None,
        tell: Callable[[str], object] = lambda text: None,
    ) -> list[Path]:
        """Write a static web site into a folder of its own; see `energy.publish.site.write`.

        Examples
        --------
        >>> import energy
        >>> pages = energy.load().maps.site("public", "https://example.org/gas/", projection=False)
        >>> "index.html" in {path.name for path in pages}
        True
        """
        from energy.publish import site

        return site.write(self.t, out, base, projection, tell)

    def meta(self) -> dict[str, str]:
        """Return title, licence, attribution and date that every map and layer carries.

        Examples
        --------
        >>> import energy
        >>> t = energy.load()
        >>> t.maps.meta()["as_of"] == t.edition
        True
        """
        theirs = self.t.lines.loc[self.t.lines["geometry_source"] == "gem", "note"]
        editions = sorted(set(theirs.map(gem.edition_told)))
        return {
            "title": "Russian gas by pipeline",
            "licence": layers.LICENCE,
            "attribution": ". ".join([layers.OWN, *map(gem.credit, editions)]),
            "as_of": self.t.edition,
        }

    def _ahead(self, projection: xr.Dataset | bool | None) -> xr.Dataset | None:
        """Return the projection to show: the one given, none, or our own where it can be made."""
        if isinstance(projection, xr.Dataset):
            return projection
        if projection is False:
            return None
        try:
            return self.t.ahead.shown
        except MissingExtra as fault:
            if projection:
                raise
            warnings.warn(f"Shown without a projection: {fault}", stacklevel=6)
            return None

    def _drawn(self, period: str | int | None, freq: str) -> xr.Dataset:
        """Return the cube that has a period of this kind."""
        kind = freq if period is None else periods.parse(str(period)).freq
        return self.t._quarters if kind not in ("M", "A", "G") else self.t._cube(freq=kind)

    def _credited(self, options: dict[str, Any]) -> dict[str, Any]:
        return {"credit": [self.meta()["attribution"]], **options}
