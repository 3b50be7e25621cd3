"""Files for machines: every series as CSV, Parquet and metadata, and catalogues of them all."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from energy.measure.sheets import safe
from energy.publish import layers
from geodata import formats

if TYPE_CHECKING:
    from energy.publish.site.pages import Content

MARKET = {
    "p10": "10th percentile of the flow", "p90": "90th percentile of the flow",
    "whole": "True when the period is over", "as_of": "Day of the newest publication",
    "total": "True for the sum abroad: never add it to the others",
    "basis": "Reference conditions of the volume", "unit": "Unit of the volume",
}  # fmt: skip
KINDS = {"b": "boolean", "i": "integer", "f": "number"}


def write(folder: Path, site: Content) -> None:
    """Write the series of routes and markets below ``series`` and whole tables below ``tables``."""
    for name, (title, table) in _series(site).items():
        _one(folder / "series", name, title, table, site)
    for name, (title, table) in _tables(site).items():
        _one(folder / "tables", name, title, table, site)
    _package(folder / "datapackage.json", site, "")


def catalogue(folder: Path, site: Content, base: str) -> None:
    """Write ``datapackage.json`` (Frictionless) and ``catalog.jsonld`` (DCAT) of the newest edition."""
    _package(folder / "datapackage.json", site, "latest/")
    _write(folder / "catalog.jsonld", _dcat(site, base))


def stem(kind: str, name: str) -> str:
    """Return the name of the files of a series.

    >>> stem("market", "china"), stem("route", "blue-stream")
    ('market-china', 'route-blue-stream')
    """
    return f"{kind}-{name}"


def _series(site: Content) -> dict[str, tuple[str, pd.DataFrame]]:
    made = {
        stem("route", str(name)): (f"{site.names[str(name)]}: flow by quarter", rows)
        for name, rows in site.quarters.groupby("route", sort=True)
    }
    return made | {
        stem("market", str(name)): (f"Exports by pipe, {name}: flow by quarter", rows)
        for name, rows in site.market_quarters.groupby("market", sort=True)
    }


def _tables(site: Content) -> dict[str, tuple[str, pd.DataFrame]]:
    return {
        "flows-quarterly": ("Flow of every route by quarter", site.quarters),
        "flows-annual": ("Flow of every route by calendar year", site.years),
        "markets-quarterly": ("Exports by market and quarter", site.market_quarters),
        "markets-annual": ("Exports by market and calendar year", site.market_years),
    }


def _one(folder: Path, name: str, title: str, table: pd.DataFrame, site: Content) -> None:
    """Write a table in both forms, and beside it what it is and where it comes from."""
    folder.mkdir(parents=True, exist_ok=True)
    table = table.reset_index(drop=True)
    safe(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    table.to_parquet(folder / f"{name}.parquet", index=False)
    _write(folder / f"{name}.metadata.json", {
        "name": name, "title": title, "as_of": site.as_of, "rows": len(table),
        "first": str(table["period"].iloc[0]), "last": str(table["period"].iloc[-1]),
        "unit": "bcm", "basis": "20C", "licences": layers.LICENCES,
        "attribution": site.meta["attribution"], "fields": _fields(table),
        "sources": [dict(row) for row in site.sources_of(table)],
    })  # fmt: skip


def _fields(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return name, type and meaning of every column."""
    known: Mapping[str, Any] = layers.DICTIONARY
    return [
        {"name": str(name), "type": KINDS.get(kind.kind, "string"),
         **(known[str(name)] if name in known else {"description": MARKET[str(name)]})}
        for name, kind in table.dtypes.items()
    ]  # fmt: skip


def _package(path: Path, site: Content, before: str) -> None:
    """Write the data package of an edition; `before` leads from its file to the edition."""
    home = path.parent / before
    resources = []
    for part, tables in (("series", _series(site)), ("tables", _tables(site))):
        for name, (title, table) in tables.items():
            file = home / part / f"{name}.csv"
            resources.append({
                "name": name, "type": "table", "title": title, "path": f"{before}{part}/{name}.csv",
                "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
                "bytes": file.stat().st_size, "hash": f"sha256:{formats.sha256(file)}",
                "schema": {"fields": _fields(table)},
            })  # fmt: skip
    _write(path, {
        "name": "energy-trade-tracker", "title": site.title, "version": site.as_of,
        "description": site.headline, "licenses": layers.LICENCES,
        "attribution": site.meta["attribution"], "resources": resources,
    })  # fmt: skip


def _dcat(site: Content, base: str) -> dict[str, Any]:
    """Return the catalogue in DCAT; addresses are relative to the site's, if that is known."""
    context: dict[str, Any] = {
        "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
    }  # fmt: skip
    if base:
        context["@base"] = base
    licence = {"@id": layers.LICENCES[0]["path"]}
    datasets = []
    for part, tables in (("series", _series(site)), ("tables", _tables(site))):
        for name, (title, _) in tables.items():
            files = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
            datasets.append({
                "@id": f"latest/{part}/{name}.metadata.json", "@type": "dcat:Dataset",
                "dct:identifier": name, "dct:title": title, "dct:issued": site.as_of,
                "dct:license": licence,
                "dcat:distribution": [
                    {"@type": "dcat:Distribution", "dcat:mediaType": media,
                     "dcat:downloadURL": {"@id": f"latest/{part}/{name}.{end}"}}
                    for end, media in files.items()
                ],
            })  # fmt: skip
    return {"@context": context, "@id": "catalog.jsonld", "@type": "dcat:Catalog",
            "dct:title": site.title, "dct:description": site.headline, "dct:issued": site.as_of,
            "dct:license": licence, "dcat:dataset": datasets}  # fmt: skip


def _write(path: Path, what: Any) -> None:
    path.write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
