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
    from energy.publish.site.pages import Told

MARKET = {
    "p10": "10th percentile of the flow", "p90": "90th percentile of the flow",
    "whole": "True when the period is over", "as_of": "Day of the newest publication",
    "total": "True for the sum abroad: never add it to the others",
    "basis": "Reference conditions of the volume", "unit": "Unit of the volume",
}  # fmt: skip
KINDS = {"b": "boolean", "i": "integer", "f": "number"}


def write(folder: Path, told: Told) -> None:
    """Write the series of routes and markets below ``series`` and whole tables below ``tables``."""
    for name, (title, table) in _series(told).items():
        _one(folder / "series", name, title, table, told)
    for name, (title, table) in _tables(told).items():
        _one(folder / "tables", name, title, table, told)
    _package(folder / "datapackage.json", told, "")


def catalogue(folder: Path, told: Told, base: str) -> None:
    """Write ``datapackage.json`` (Frictionless) and ``catalog.jsonld`` (DCAT) of the newest edition."""
    _package(folder / "datapackage.json", told, "latest/")
    _write(folder / "catalog.jsonld", _dcat(told, base))


def stem(kind: str, name: str) -> str:
    """Return the name of the files of a series.

    >>> stem("market", "china"), stem("route", "blue-stream")
    ('market-china', 'route-blue-stream')
    """
    return f"{kind}-{name}"


def _series(told: Told) -> dict[str, tuple[str, pd.DataFrame]]:
    made = {
        stem("route", str(name)): (f"{told.names[str(name)]}: flow by quarter", rows)
        for name, rows in told.quarters.groupby("route", sort=True)
    }
    return made | {
        stem("market", str(name)): (f"Exports by pipe, {name}: flow by quarter", rows)
        for name, rows in told.market_quarters.groupby("market", sort=True)
    }


def _tables(told: Told) -> dict[str, tuple[str, pd.DataFrame]]:
    return {
        "flows-quarterly": ("Flow of every route by quarter", told.quarters),
        "flows-annual": ("Flow of every route by calendar year", told.years),
        "markets-quarterly": ("Exports by market and quarter", told.market_quarters),
        "markets-annual": ("Exports by market and calendar year", told.market_years),
    }


def _one(folder: Path, name: str, title: str, table: pd.DataFrame, told: Told) -> None:
    """Write a table in both forms, and beside it what it is and where it comes from."""
    folder.mkdir(parents=True, exist_ok=True)
    table = table.reset_index(drop=True)
    safe(table).to_csv(folder / f"{name}.csv", index=False, lineterminator="\n")
    table.to_parquet(folder / f"{name}.parquet", index=False)
    _write(folder / f"{name}.metadata.json", {
        "name": name, "title": title, "as_of": told.as_of, "rows": len(table),
        "first": str(table["period"].iloc[0]), "last": str(table["period"].iloc[-1]),
        "unit": "bcm", "basis": "20C", "licences": layers.LICENCES,
        "attribution": told.meta["attribution"], "fields": _fields(table),
        "sources": [dict(row) for row in told.sources_of(table)],
    })  # fmt: skip


def _fields(table: pd.DataFrame) -> list[dict[str, str]]:
    """Return name, type and meaning of every column."""
    known: Mapping[str, Any] = layers.DICTIONARY
    return [
        {"name": str(name), "type": KINDS.get(kind.kind, "string"),
         **(known[str(name)] if name in known else {"description": MARKET[str(name)]})}
        for name, kind in table.dtypes.items()
    ]  # fmt: skip


def _package(path: Path, told: Told, before: str) -> None:
    """Write the data package of an edition; `before` leads from its file to the edition."""
    home = path.parent / before
    resources = []
    for part, tables in (("series", _series(told)), ("tables", _tables(told))):
        for name, (title, table) in tables.items():
            file = home / part / f"{name}.csv"
            resources.append({
                "name": name, "type": "table", "title": title, "path": f"{before}{part}/{name}.csv",
                "format": "csv", "mediatype": "text/csv", "encoding": "utf-8",
                "bytes": file.stat().st_size, "hash": f"sha256:{formats.sha256(file)}",
                "schema": {"fields": _fields(table)},
            })  # fmt: skip
    _write(path, {
        "name": "energy-trade-tracker", "title": told.title, "version": told.as_of,
        "description": told.headline, "licenses": layers.LICENCES,
        "attribution": told.meta["attribution"], "resources": resources,
    })  # fmt: skip


def _dcat(told: Told, base: str) -> dict[str, Any]:
    """Return the catalogue in DCAT; addresses are relative to the site's, if that is known."""
    context: dict[str, Any] = {
        "dcat": "http://www.w3.org/ns/dcat#", "dct": "http://purl.org/dc/terms/",
    }  # fmt: skip
    if base:
        context["@base"] = base
    licence = {"@id": layers.LICENCES[0]["path"]}
    datasets = []
    for part, tables in (("series", _series(told)), ("tables", _tables(told))):
        for name, (title, _) in tables.items():
            files = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
            datasets.append({
                "@id": f"latest/{part}/{name}.metadata.json", "@type": "dcat:Dataset",
                "dct:identifier": name, "dct:title": title, "dct:issued": told.as_of,
                "dct:license": licence,
                "dcat:distribution": [
                    {"@type": "dcat:Distribution", "dcat:mediaType": media,
                     "dcat:downloadURL": {"@id": f"latest/{part}/{name}.{end}"}}
                    for end, media in files.items()
                ],
            })  # fmt: skip
    return {"@context": context, "@id": "catalog.jsonld", "@type": "dcat:Catalog",
            "dct:title": told.title, "dct:description": told.headline, "dct:issued": told.as_of,
            "dct:license": licence, "dcat:dataset": datasets}  # fmt: skip


def _write(path: Path, what: Any) -> None:
    path.write_text(json.dumps(what, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
