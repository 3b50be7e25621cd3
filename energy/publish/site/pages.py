"""The pages of the site: escaped text in plain HTML, one style sheet, no script."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import xarray as xr

from energy.balance import cube as cubes
from energy.measure import units
from energy.measure.tables import Tables
from energy.publish import layers, qualifiers
from energy.publish.atlas import story
from energy.publish.atlas.words import spoken, text_of
from energy.publish.site import charts, series

NAV = (("Home", "index.html"), ("Atlas", "atlas.html"), ("Routes", "routes/index.html"),
       ("Markets", "markets/index.html"), ("Countries", "countries/index.html"),
       ("Scores", "scores.html"), ("Data", "data.html"))  # fmt: skip
TITLE = "Russian gas by pipeline"
NAME = "energy-trade-tracker"
CARD = "card.png"
UNIT = units.label("bcm", "20C")
ROUTE = {"period": "Year", "flow": "Flow", "flow_p10": "P10", "flow_p90": "P90",
         "reported": "Reported", "capacity": "Capacity", "utilisation": "Utilisation",
         "coverage": "Coverage", "status": "Status", "price": "Price, USD/1000 m³",
         "revenue": "Revenue, million USD", "revenue_p10": "Revenue P10",
         "revenue_p90": "Revenue P90"}  # fmt: skip
MARKET = {"period": "Year", "flow": "Flow", "p10": "P10", "p90": "P90", "coverage": "Coverage",
          "status": "Status", "whole": "Year is over"}  # fmt: skip
DIGITS = {
    "brier": 3,
    "chance": 3,
    "skill": 3,
    "relative": 3,
    "utilisation": 3,
    "coverage": 3,
    "price": 1,
    "revenue": 1,
    "revenue_p10": 1,
    "revenue_p90": 1,
}
SOURCE = {"source": "Key", "title": "Document", "publisher": "Publisher", "published": "Published"}


@dataclasses.dataclass(frozen=True, eq=False)
class Content:
    """All that the pages and files tell, asked once of the tracker."""

    as_of: str
    headline: str
    summary: str
    meta: Mapping[str, str]
    facts: Tables
    routes: gpd.GeoDataFrame
    cube: xr.Dataset
    years: pd.DataFrame
    quarters: pd.DataFrame
    market_years: pd.DataFrame
    market_quarters: pd.DataFrame
    behind: Mapping[str, str]  # id of a figure to the key of its source
    documents: Mapping[str, Mapping[str, str]]
    scores: pd.DataFrame  # as the tracker's
    title: str = TITLE
    author: str = f"The authors of {NAME}"
    card: bool = False  # whether there is a picture for links to the site

    @property
    def names(self) -> dict[str, str]:
        """English names of routes by id."""
        return {str(route): str(name) for route, name in self.routes["name"].items()}

    def sources_of(self, table: pd.DataFrame) -> list[dict[str, str]]:
        """Return the documents behind the figures of a table; a market's are those of its routes."""
        columns = [name for name in ("sources", "price_source") if name in table]
        ids = {i for name in columns for text in table[name] for i in text_of(text).split(";")}
        keys = sorted({self.behind[i] for i in ids if i in self.behind})
        return [{"source": key, **self.documents[key]} for key in keys if key in self.documents]


def gather(t: Any) -> Content:
    """Ask a tracker for all that the site tells."""
    cube = t.flows(freq="A")
    shown = story.story_of(cubes.markets(t.facts), t.routes, t.events, [], None)
    keys = t.facts["sources"].fillna("").astype(str)
    columns = ["title", "publisher", "published", "url", "licence"]
    behind = {
        str(i): str(source)
        for table in t.facts.values() if {"id", "source"} <= set(table.columns)
        for i, source in zip(table["id"], table["source"], strict=True)
    }  # fmt: skip
    return Content(
        as_of=t.edition, headline=story.sentence(shown) if shown else TITLE, summary=t.summary(),
        meta=t.maps.meta(), facts=t.facts, routes=t.routes, cube=cube,
        years=layers.cube_table(cube), quarters=layers.cube_table(t.flows()),
        market_years=t.exports(), market_quarters=t.exports("Q"), behind=behind,
        documents={str(row.pop("source")): row
                   for row in keys[["source", *columns]].to_dict("records")},
        scores=t.scores(),
    )  # fmt: skip


def write(folder: Path, site: Content, base: str, editions: Mapping[str, str]) -> None:
    """Write every page and the style sheet into a folder."""
    sheet = resources.files("energy.publish.site").joinpath("style.css")
    (folder / "style.css").write_text(sheet.read_text("utf-8"), encoding="utf-8")
    markets = sorted(site.market_years["market"].unique())
    countries = _countries(site)
    made = {
        "index.html": (TITLE, _home(site)),
        "data.html": ("Data", _data(site, editions)),
        "scores.html": ("Scoreboard", _scores(site)),
        "routes/index.html": ("Routes", _list(site.names)),
        "markets/index.html": ("Markets", _list({m: spoken(m) for m in markets})),
        "countries/index.html": ("Countries", _list({c: n for c, (n, _) in countries.items()})),
        **{f"routes/{name}.html": (site.names[name], _route(site, name)) for name in site.names},
        **{f"markets/{name}.html": (spoken(name), _market(site, name)) for name in markets},
        **{f"countries/{code}.html": (name, _country(site, name, lines))
           for code, (name, lines) in countries.items()},
    }  # fmt: skip
    for place, (title, body) in made.items():
        path = folder / place
        path.parent.mkdir(exist_ok=True)
        path.write_text(_page(title, body, place, site, base), encoding="utf-8")


def shared(place: str, site: Content, base: str) -> str:
    """Return what a link to a page shows elsewhere; it needs full addresses, so a base."""
    if not base:
        return ""
    said = {"og:url": base + place, **({"og:image": base + CARD} if site.card else {})}
    return "".join(
        f'<meta property="{key}" content="{escape(text)}">' for key, text in said.items()
    )


def _page(title: str, body: str, place: str, site: Content, base: str) -> str:
    up = "../" * place.count("/")
    links = " ".join(f'<a href="{up}{target}">{name}</a>' for name, target in NAV)
    full = title if title == TITLE else f"{title} · {TITLE}"
    canonical = f'<link rel="canonical" href="{escape(base + place)}">' if base else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(full)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="description" content="{escape(site.headline)}">'
        f'<meta property="og:title" content="{escape(full)}">'
        f'<meta property="og:description" content="{escape(site.headline)}">'
        f'{shared(place, site, base)}<link rel="stylesheet" href="{up}style.css">{canonical}'
        f'<link rel="alternate" type="application/atom+xml" href="{up}feed.xml" title="Editions">'
        f'</head>\n<body><header><nav aria-label="Site">{links}</nav></header>\n'
        f"<main><h1>{escape(title)}</h1>\n{body}\n</main>\n<footer><p>Facts published up to "
        f"{escape(site.as_of)}. {escape(site.meta['licence'])}. {escape(site.meta['attribution'])}."
        f"</p></footer></body></html>\n"
    )


def _home(site: Content) -> str:
    parts = site.market_years[~site.market_years["total"] & site.market_years["whole"]]
    parts = parts[parts["market"] != "kaliningrad"]  # Russia itself: no export
    wide = parts.set_index(["market", "period"])["flow"].unstack("period")  # noqa: PD010
    order = wide.max(axis=1).sort_values(ascending=False).index
    rows = {spoken(str(m)): [float(v) for v in wide.loc[m]] for m in order}
    labels = [str(period) for period in wide.columns]
    drawn = charts.stacked(labels, rows, "Exports by pipe, by market and year", UNIT)
    keys = " ".join(
        f'<span class="key" style="background:{colour}"></span>'
        f'<a href="markets/{m}.html">{escape(spoken(str(m)))}</a>'
        for colour, m in zip(charts.COLOURS, order, strict=False)
    )
    return (f'<p class="headline">{escape(site.headline)}</p>{drawn}<p>{keys}</p>'
            f'<p><a href="atlas.html">Open the map</a></p>{markdown(site.summary)}')  # fmt: skip


def markdown(text: str) -> str:
    r"""Turn the summary's Markdown (headings, paragraphs, tables, code) into HTML.

    >>> markdown("# Gas\n\n5 < `x`\n\n| a |\n| --- |\n| 1 |").replace("\n", "")[:46]
    '<h2>Gas</h2><p>5 &lt; <code>x</code></p><div c'
    """
    made, table, title = [], [], "Figures"
    for line in [*text.splitlines(), ""]:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("| ").split(" | ")])
            continue
        if table:
            made.append(_table(table[0], table[2:], title))
            table = []
        inner = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(line.lstrip("# ")))
        title = line.lstrip("# ") if line.startswith("#") else title
        if inner:
            made.append(f"<h2>{inner}</h2>" if line.startswith("#") else f"<p>{inner}</p>")
    return "\n".join(made)


def _route(site: Content, name: str) -> str:
    part, row = site.cube.sel(route=name), site.routes.loc[name]
    rows = site.years[site.years["route"] == name]
    about = {"Status": row["status"], "Role": row["role"], "From": _in_words(row["from_country"]),
             "To": _in_words(row["to_country"]), "Via": _in_words(row["via"]), "Operator": row["operator"],
             "First gas": row["start"], "Length, km": f"{row['length_km']:,.0f}"}  # fmt: skip
    facts = [
        [escape(key), escape(text_of(value))] for key, value in about.items() if text_of(value)
    ]
    return "".join((
        f"<p>{escape(text_of(row['route_note']))}</p>" if text_of(row["route_note"]) else "",
        _chart(site, name, part), "<p class=quiet>Bars: flow; thin line: P10 to P90; orange: capacity; "
        "pale with a star: part of the year. No bar is not known; a zero is a stated zero.</p>",
        _table(["Fact", "Value"], facts, "Facts", words=True, raw=True),
        f"<h2>By year, {escape(UNIT)}</h2>", _figures(rows, ROUTE, f"{site.names[name]} by year"),
        _files(series.stem("route", name), rows), _cite(site, site.names[name], name, rows),
        _sources(site.sources_of(rows)),
    ))  # fmt: skip


def _chart(site: Content, name: str, part: xr.Dataset) -> str:
    labels = [str(year) for year in part["period"].dt.year.values]
    values = [part[v].values.tolist() for v in ("flow", "flow_p10", "flow_p90", "capacity")]
    title = f"{site.names[name]}: flow by calendar year"
    whole = (~qualifiers.partial(site.cube)[list(site.cube["route"].values).index(name)]).tolist()
    return charts.bars(labels, values[0], values[1], values[2], values[3], whole, title, UNIT)


def _market(site: Content, name: str) -> str:
    rows = site.market_years[site.market_years["market"] == name]
    columns = [rows[column].tolist() for column in ("flow", "p10", "p90")]
    drawn = charts.bars(rows["period"].tolist(), columns[0], columns[1], columns[2],
                        [float("nan")] * len(rows), rows["whole"].tolist(), f"{spoken(name)}: flow by year",
                        UNIT)  # fmt: skip
    own = site.routes["market"].fillna("").map(lambda text: name in str(text).split(";"))
    own |= name == "exports"  # the sum abroad: every export route
    lines = [str(route) for route in site.routes.index[own & (site.routes["role"] == "export")]]
    behind = site.years[site.years["route"].isin(lines)]
    return "".join((
        drawn, f"<h2>By year, {escape(UNIT)}</h2>", _figures(rows, MARKET, f"{spoken(name)} by year"),
        _files(series.stem("market", name), rows), _cite(site, spoken(name), name, rows),
        "<h2>Routes that end there</h2>" + _list({r: site.names[r] for r in lines}, "../routes/")
        if lines else "", _sources(site.sources_of(behind)),
    ))  # fmt: skip


def _country(site: Content, name: str, lines: Sequence[str]) -> str:
    """Show each route that begins, ends or passes there; they carry one gas and are not added."""
    rows = site.years[site.years["route"].isin(lines)]
    parts = [f"<p>Routes that begin, end or pass in {escape(name)}. One gas may flow through several "
             "of them: they are not added up.</p>"]  # fmt: skip
    for route in lines:
        part = site.cube.sel(route=route)
        parts.append(f'<h2><a href="../routes/{route}.html">{escape(site.names[route])}</a></h2>')
        known = bool((part["flow"].notnull() | part["capacity"].notnull()).any())
        parts.append(_chart(site, route, part) if known else "<p>No figure is known.</p>")
    if not rows.empty:
        wide = rows.set_index(["route", "period"])["flow"].unstack("period")  # noqa: PD010
        body = [[site.names[str(r)], *(_formatted(v, 2) for v in row)]
                for r, row in zip(wide.index, wide.to_numpy(), strict=True)]  # fmt: skip
        head = ["Route", *map(str, wide.columns)]
        parts += [f"<h2>By year, {escape(UNIT)}</h2>", _table(head, body, "Flow by route and year"),
                  _cite(site, name, ", ".join(lines), None), _sources(site.sources_of(rows))]  # fmt: skip
    return "".join(parts)


@functools.cache
def _country_names() -> dict[str, str]:
    base = resources.files("geodata").joinpath("data/basemap.json").read_text("utf-8")
    shapes = json.loads(base)["objects"]["countries"]["geometries"]
    return {shape["properties"]["a3"]: shape["properties"]["name"] for shape in shapes}


def _in_words(codes: Any) -> str:
    """Return the names of countries.

    >>> _in_words("RUS;CHN"), _in_words("")
    ('Russia, China', '')
    """
    return ", ".join(_country_names().get(code, code) for code in text_of(codes).split(";"))


def _countries(site: Content) -> dict[str, tuple[str, list[str]]]:
    """Return name and routes of every country of a route but Russia, where all begin."""
    names = _country_names()
    found: dict[str, list[str]] = {}
    ends = site.routes[["from_country", "via", "to_country"]].fillna("").astype(str)
    for route, row in ends.iterrows():
        for code in dict.fromkeys(";".join(row).split(";")):
            if code in names and code != "RUS":
                found.setdefault(code, []).append(str(route))
    return {code: (names[code], found[code]) for code in sorted(found, key=names.__getitem__)}


def _data(site: Content, editions: Mapping[str, str]) -> str:
    names = sorted(site.quarters["route"].unique())
    rows = [
        [f'<a href="routes/{n}.html">{escape(site.names[n])}</a>', _links("route", n)]
        for n in names
    ]
    rows += [[f'<a href="markets/{m}.html">{escape(spoken(m))}</a>', _links("market", m)]
             for m in sorted(site.market_quarters["market"].unique())]  # fmt: skip
    dated = "".join(f'<li><a href="{day}/datapackage.json">{day}</a>: {escape(text)}</li>'
                    for day, text in sorted(editions.items(), reverse=True))  # fmt: skip
    return (
        "<p>Every series by quarter, with its sources beside it. Catalogues: "
        '<a href="datapackage.json">datapackage.json</a> (Frictionless), '
        '<a href="catalog.jsonld">catalog.jsonld</a> (DCAT), <a href="feed.xml">feed of editions</a>. '
        'Layers for a GIS: <a href="latest/layers/datapackage.json">latest/layers/</a>.</p>'
        f"<h2>Editions</h2><ul>{dated}</ul><h2>Series</h2>"
        + _table(["Series", "Files"], rows, "Series and files", words=True, raw=True)
    )


def _scores(site: Content) -> str:
    """Dated forecasts beside what came: sums by model, chances still open, every published one."""
    from energy.projection import scoreboard

    parts = [f"<p>{escape(scoreboard.words(site.scores, site.as_of))}</p>"]
    for title, table in scoreboard.sections(site.scores):
        heads = {str(name): str(name).replace("_", " ") for name in table.columns}
        parts.append(f"<h2>{escape(title)}</h2>{_figures(table, heads, title)}")
    return "".join(parts)


def _links(kind: str, name: str, up: str = "") -> str:
    file = f"{up}latest/series/{series.stem(kind, name)}"
    ends = (("CSV", "csv"), ("Parquet", "parquet"), ("metadata", "metadata.json"))
    said = escape(name)
    return " · ".join(
        f'<a href="{file}.{end}" aria-label="{word} of {said}">{word}</a>' for word, end in ends
    )


def _files(name: str, rows: pd.DataFrame) -> str:
    kind, _, rest = name.partition("-")
    return "" if rows.empty else f"<p>By quarter: {_links(kind, rest, '../')}</p>"


def _cite(site: Content, name: str, key: str, rows: pd.DataFrame | None) -> str:
    """Write the sentence to quote, with the newest figure where the page is of one series."""
    said = f"{name}: "
    known = None if rows is None else rows[rows["flow"].notna()]
    if known is not None and "whole" in known:
        known = known[known["whole"]]
    if known is not None and not known.empty:
        row = known.iloc[-1]
        low, high = (
            row[c] for c in (("p10", "p90") if "p10" in known else ("flow_p10", "flow_p90"))
        )
        span = f" (P10–P90 {low:,.2f}–{high:,.2f})" if pd.notna(low) and pd.notna(high) else ""
        said += f"{row['flow']:,.2f} {UNIT} in {row['period']}{span}, {row['status']}. "
        key = f"{key}@{row['period']}"
    said += f"{NAME}, facts published up to {site.as_of}. {site.meta['licence']}."
    step = f" Every step: <code>energy cite {escape(key)}</code>" if "@" in key else ""
    return f"<h2>Cite</h2><p>{escape(said)}{step}</p>"


def _sources(documents: Iterable[Mapping[str, str]]) -> str:
    rows = [[_titled(row) if c == "title" else escape(row[c]) for c in SOURCE] for row in documents]
    if not rows:
        return "<h2>Sources</h2><p>No published figure speaks of it; what is shown is balanced.</p>"
    head = list(SOURCE.values())
    return "<h2>Sources</h2>" + _table(head, rows, "Sources", words=True, raw=True)


def _titled(row: Mapping[str, str]) -> str:
    title = escape(row["title"] or row["source"])
    web = row["url"].startswith(("https://", "http://"))
    return f'<a rel="noreferrer" href="{escape(row["url"])}">{title}</a>' if web else title


def _figures(rows: pd.DataFrame, columns: Mapping[str, str], title: str) -> str:
    if rows.empty:
        return "<p>No figure is known.</p>"
    body = [[_cell(row[c], c) for c in columns] for row in rows.to_dict("records")]
    return _table(list(columns.values()), body, title)


def _cell(value: Any, column: str) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _formatted(value, DIGITS.get(column, 2)) if isinstance(value, float) else text_of(value)


def _formatted(value: float, digits: int) -> str:
    """Return a figure as text; a dash where it is not known.

    >>> _formatted(1234.5, 1), _formatted(float("nan"), 2), _formatted(0.0, 1)
    ('1,234.5', '–', '0.0')
    """
    return "–" if pd.isna(value) else f"{value:,.{digits}f}"


def _list(names: Mapping[str, str], before: str = "") -> str:
    items = (
        f'<li><a href="{before}{key}.html">{escape(name)}</a></li>' for key, name in names.items()
    )
    return f"<ul>{''.join(items)}</ul>"


def _table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    title: str,
    *,
    words: bool = False,
    raw: bool = False,
) -> str:
    """Return a table that scrolls in its own frame, by keyboard too; `raw` cells are HTML already."""
    first = "".join(f'<th scope="col">{escape(text) or "–"}</th>' for text in head)
    body = "\n".join(
        "<tr>" + "".join(f"<td>{cell if raw else escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    kind = ' class="words"' if words else ""
    return (f'<div class="wide" tabindex="0" role="region" aria-label="{escape(title)}"><table{kind}>'
            f"<thead><tr>{first}</tr></thead><tbody>\n{body}\n</tbody></table></div>")  # fmt: skip
