"""Layers and tables in the forms that other programs ask for: Shapefile, KML, Excel, CSV.

Shapefile and KML carry the layers with their lines and points; Excel and CSV carry the same rows
without geometry, and the tables of the front door beside them. ``fields.csv`` says what every
field means; the forms that lose nothing are those of `energy.publish.layers.export`.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pyogrio

from energy.errors import EnergyError, MissingExtra, UnknownName, UsageError
from energy.measure.sheets import safe
from energy.publish import layers as own

FORMS = ("shp", "kml", "xlsx", "csv")
SUFFIXES = (".shp", ".shx", ".dbf", ".prj", ".cpg", ".kml", ".xlsx", ".csv", ".txt")
DBF_NAME, DBF_TEXT = 10, 254  # bytes that the attribute table of a Shapefile has for each
CELL = 32_767  # characters that a cell of Excel holds
TABLES = {
    "exports": {
        "market": "Market; 'all' is their sum",
        "p10": "10th percentile of the flow, bcm at 20 °C",
        "p90": "90th percentile of the flow, bcm at 20 °C",
        "unit": "Unit of the flow",
        "basis": "Reference temperature of the cubic metre",
        "whole": "True where the whole period is covered by figures",
        "as_of": "Date of the facts",
        "total": "True for the sum of all markets",
    },
    "sources": {
        "source": "Key of the source",
        "title": "Title",
        "publisher": "Publisher",
        "kind": "Kind of source: operator, statistics, company, press, ...",
        "url": "Address of the document",
        "published": "Date of publication, as precise as known",
        "read": "Day on which, at the latest, a page that carries no day of its own was read",
        "licence": "Licence under which the source publishes",
        "note": "What a reader must know of the source",
    },
}
"""Fields of the tables, where they mean something else than in the layers."""

Frames = Mapping[str, pd.DataFrame]


def short_names(names: Iterable[str]) -> dict[str, str]:
    """Return a name of at most ten characters for each field, as a Shapefile wants it.

    Names that would be the same get a number; what comes later in `names` changes none before.

    Examples
    --------
    >>> short_names(["flow", "utilisation", "utilisation_by_period"])
    {'flow': 'flow', 'utilisation': 'utilisatio', 'utilisation_by_period': 'utilisati2'}
    """
    made: dict[str, str] = {}
    for name in names:
        short, number = name[:DBF_NAME], 1
        while short in made.values():
            number += 1
            short = name[: DBF_NAME - len(str(number))] + str(number)
        made[name] = short
    return made


SHORT = short_names(own.DICTIONARY)


def export(
    folder: str | Path,
    layers: Mapping[str, gpd.GeoDataFrame],
    tables: Frames,
    forms: Sequence[str],
    meta: Mapping[str, Any],
    *,
    bom: bool = False,
) -> list[Path]:
    """Write layers and tables in the forms asked for, with their fields, licence and checksums.

    Parameters
    ----------
    folder : path
        Made where missing; it may hold an earlier export of the same forms, no other one.
    layers : mapping of GeoDataFrame
        Layer name to frame, EPSG:4326, as `Maps.layers` returns them.
    tables : Tables
        What ``xlsx`` and ``csv`` hold beside the layers.
    forms : sequence of str
        Of ``shp, kml, xlsx, csv``.
    meta : mapping
        ``title, licence, attribution, as_of``.
    bom : bool
        Begin CSV files with a byte-order mark, by which Excel knows UTF-8.

    Returns
    -------
    list of Path
        The files written, ``checksums.txt`` last.

    Raises
    ------
    UnknownName
        For a form that is none of the four.
    UsageError
        For `bom` without ``csv``, or no form at all.
    MissingExtra
        For ``xlsx`` where openpyxl is not installed.
    EnergyError
        If `folder` is a file, or holds an export of other forms.
    """
    check_forms(forms, bom)
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise EnergyError(f"'{folder}' is a file; name a folder to export to.")
    folder.mkdir(parents=True, exist_ok=True)
    rows = {name: frame.reset_index() for name, frame in layers.items()}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".export-") as spare:
        made: list[str] = []
        for form in dict.fromkeys(forms):
            made += WRITERS[form](Path(spare), rows, tables, meta, bom)
        made += _explained(Path(spare), rows, tables, meta, forms)
        _refuse_another_export(folder, made)
        written = [(Path(spare) / name).replace(folder / name) for name in made]
    written.append(own._package(folder, {}, written, own.DICTIONARY, meta))
    return [*written, own.checksums(folder, written)]


def check_forms(forms: Sequence[str], bom: bool = False) -> None:
    """Refuse forms of files that `export` does not write, none at all, and a mark without CSV.

    Examples
    --------
    >>> check_forms(["csv", "kml"], bom=True)
    >>> check_forms(["kml"], bom=True)
    Traceback (most recent call last):
        ...
    energy.errors.UsageError: A byte-order mark (bom) is for CSV files; ask for the form csv too.
    """
    for form in forms:
        if form not in FORMS:
            raise UnknownName("form of file", form, FORMS)
    if not forms:
        raise UsageError(f"No form of file is named; known: {', '.join(FORMS)}.")
    if bom and "csv" not in forms:
        raise UsageError("A byte-order mark (bom) is for CSV files; ask for the form csv too.")


def _refuse_another_export(folder: Path, made: list[str]) -> None:
    """Refuse a folder whose list of checksums names files that this export would not replace."""
    sums = folder / "checksums.txt"
    if not sums.is_file():
        return
    lines = sums.read_text(encoding="utf-8", errors="replace").splitlines()
    listed = {line.partition("  ")[2] for line in lines} - {*made, "datapackage.json", ""}
    if listed:
        raise EnergyError(
            f"'{folder}' holds an export of other forms ({', '.join(sorted(listed)[:3])}, ...); "
            "name a folder of its own."
        )


# --- forms ----------------------------------------------------------------------------------------


def _write_shp(
    spare: Path, rows: Frames, tables: Frames, meta: Mapping[str, Any], bom: bool
) -> list[str]:
    """Write one Shapefile a layer; histories, which no attribute holds, are left out."""
    made = []
    for name, frame in rows.items():
        flat = _plain(frame[[c for c in frame if not _is_nested(frame[c])]], DBF_TEXT, "utf-8")
        flat = flat.rename(columns=SHORT)
        pyogrio.write_dataframe(
            flat, spare / f"{name}.shp", driver="ESRI Shapefile", encoding="UTF-8",
            geometry_type=_kind(flat), promote_to_multi=_kind(flat).startswith("Multi"),
            layer_options={"DBF_DATE_LAST_UPDATE": str(meta["as_of"])},
        )  # fmt: skip
        made += [f"{name}{suffix}" for suffix in (".shp", ".shx", ".dbf", ".prj", ".cpg")]
    return made


def _write_kml(
    spare: Path, rows: Frames, tables: Frames, meta: Mapping[str, Any], bom: bool
) -> list[str]:
    """Write one KML file a layer, with title, licence and attribution in its description."""
    words = escape(
        f"{meta['title']}. {meta['licence']}. {meta['attribution']}. As of {meta['as_of']}."
    )
    for name, frame in rows.items():
        path = spare / f"{name}.kml"
        pyogrio.write_dataframe(
            _plain(frame), path, driver="KML", layer=name, geometry_type="Unknown"
        )
        head, tag, rest = path.read_text(encoding="utf-8").partition('<Document id="root_doc">')
        text = f"{head}{tag}<description>{words}</description>{rest}"
        path.write_text(text, encoding="utf-8", newline="\n")
    return [f"{name}.kml" for name in rows]


def _write_csv(
    spare: Path, rows: Frames, tables: Frames, meta: Mapping[str, Any], bom: bool
) -> list[str]:
    encoding = "utf-8-sig" if bom else "utf-8"
    for name, frame in _sheets(rows, tables).items():
        safe(frame).to_csv(
            spare / f"{name}.csv", index=False, encoding=encoding, lineterminator="\n"
        )
    return [f"{name}.csv" for name in _sheets(rows, tables)]


def _write_xlsx(
    spare: Path, rows: Frames, tables: Frames, meta: Mapping[str, Any], bom: bool
) -> list[str]:
    """Write one workbook: a sheet a layer or table, the fields, and where it all comes from."""
    try:
        import openpyxl
    except ImportError as error:
        raise MissingExtra("A workbook needs openpyxl: pip install openpyxl.") from error

    book = openpyxl.Workbook(write_only=True)
    about = pd.DataFrame({"what": list(meta), "value": [str(v) for v in meta.values()]})
    sheets = {
        name: _cut(frame, CELL, "utf-16-le", 2) for name, frame in _sheets(rows, tables).items()
    }
    for name, frame in {"about": about, **sheets, "fields": _fields(rows, tables)}.items():
        sheet = book.create_sheet(name)
        sheet.freeze_panes = "A2"
        sheet.append(list(frame.columns))
        for row in safe(frame).astype(object).itertuples(index=False):
            sheet.append([None if pd.isna(value) else _printable(value) for value in row])
    book.save(spare / "gas.xlsx")
    return ["gas.xlsx"]


Writer = Callable[[Path, Frames, Frames, Mapping[str, Any], bool], list[str]]
WRITERS: dict[str, Writer] = {
    "shp": _write_shp,
    "kml": _write_kml,
    "xlsx": _write_xlsx,
    "csv": _write_csv,
}


def _explained(
    spare: Path, rows: Frames, tables: Frames, meta: Mapping[str, Any], forms: Sequence[str]
) -> list[str]:
    """Write what each field means, and title, licence and attribution in words."""
    tabled = tables if {"csv", "xlsx"} & set(forms) else {}
    safe(_fields(rows, tabled)).to_csv(
        spare / "fields.csv", index=False, encoding="utf-8", lineterminator="\n"
    )
    text = "".join(f"{name}: {value}\n" for name, value in meta.items())
    (spare / "about.txt").write_text(text, encoding="utf-8", newline="\n")
    return ["fields.csv", "about.txt"]


def _fields(rows: Frames, tables: Frames) -> pd.DataFrame:
    """Return what each field of each layer and table means, with its name in a Shapefile.

    A field whose ``shp`` is empty is not in the Shapefile; ``shp_cut`` counts the texts that its
    254 bytes cut short.
    """
    table = []
    for name, frame in rows.items():
        for column in frame.columns.drop("geometry"):
            nested = _is_nested(frame[column])
            short = "" if nested else SHORT[column]
            cut = 0 if nested else int(_too_long(frame[column], DBF_TEXT, "utf-8").sum())
            table.append({"layer": name, "field": column, "shp": short, "shp_cut": cut,
                         **own.DICTIONARY[column]})  # fmt: skip
    for name, frame in tables.items():
        for column in frame.columns:
            word = TABLES[name].get(column)
            known = {"description": word} if word else own.DICTIONARY[column]
            table.append({"layer": name, "field": column, "shp": "", "shp_cut": 0, **known})
    columns = ["layer", "field", "shp", "shp_cut", "unit", "description"]
    return pd.DataFrame(table).reindex(columns=columns).fillna({"unit": ""})


# --- cells ----------------------------------------------------------------------------------------


def _sheets(rows: Frames, tables: Frames) -> dict[str, pd.DataFrame]:
    """Return everything that lies in tables: the layers without their geometry, and the tables."""
    bare = {
        name: pd.DataFrame(_plain(frame)).drop(columns="geometry") for name, frame in rows.items()
    }
    return {**bare, **tables}


def _plain(
    frame: pd.DataFrame, longest: int | None = None, encoding: str = "utf-8"
) -> pd.DataFrame:
    """Return the frame with histories as JSON text, and texts no longer than they may be."""
    made = frame.copy()
    for column in made.columns.drop("geometry"):
        if _is_nested(made[column]):
            made[column] = [json.dumps(v, ensure_ascii=False) for v in made[column]]
    return made if longest is None else _cut(made, longest, encoding)


def _is_nested(column: pd.Series) -> bool:
    return bool(column.dtype == object and column.map(lambda v: isinstance(v, list)).any())


def _too_long(column: pd.Series, longest: int, encoding: str) -> pd.Series:
    return column.map(lambda v: isinstance(v, str) and len(v.encode(encoding)) > longest)


def _cut(frame: pd.DataFrame, longest: int, encoding: str, unit: int = 1) -> pd.DataFrame:
    """Cut texts longer than `longest` units of `unit` bytes, never inside a character, and end them with …."""
    made, room = frame.copy(), longest * unit - len("…".encode(encoding))
    for column in made.columns:
        long = _too_long(made[column], longest * unit, encoding)
        if long.any():
            texts = made.loc[long, column].map(
                lambda v: v.encode(encoding)[:room].decode(encoding, "ignore") + "…"
            )
            made.loc[long, column] = texts
    return made


def _printable(value: Any) -> Any:
    """Return a cell without control characters, which a workbook cannot hold."""
    if not isinstance(value, str):
        return value
    return "".join(c for c in value if c.isprintable() or c in "\t\n")


def _kind(frame: gpd.GeoDataFrame) -> str:
    """Return the one kind of geometry of a layer; a Shapefile has one only, so parts make it Multi."""
    kinds = {str(kind) for kind in frame.geometry.dropna().geom_type}
    single = {kind.removeprefix("Multi") for kind in kinds}
    if len(single) != 1:
        raise EnergyError(
            f"A Shapefile holds one kind of geometry, not {', '.join(sorted(kinds))}."
        )
    return ("Multi" if any(kind.startswith("Multi") for kind in kinds) else "") + single.pop()
