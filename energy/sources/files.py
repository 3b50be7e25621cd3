"""Tables that a person downloads: JODI, IEA, Bruegel, AGSI, Pink Sheet, Global Energy Monitor.

They are recognised by their heads (`energy.sources.forms`) and read as their makers print them.
What they say stands in the store beside the sources' own rows; none of it overrules a meter.
"""

from __future__ import annotations

import dataclasses
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from energy.errors import DataError
from energy.measure import periods
from energy.sources import forms, gem, pinksheet, reading
from energy.sources.contract import Answer, Request
from energy.sources.forms import Form

SOURCE = {"jodi": "jodi-gas", "iea-gtf": "iea-gas-trade-flows", "bruegel": "bruegel-imports",
          "agsi": "gie", "agsi-web": "gie", "pinksheet": "pinksheet"}  # fmt: skip
"""Form to the source that its rows name."""

JODI_UNITS = {"M3": ("mcm", "15C"), "TJ": ("TJ_GCV", "GCV")}
JODI_STATUS = {"1": "actual", "2": "provisional", "3": "provisional", "4": "provisional"}
"""Assessment code to standing: 1 comparable, 2 use with caution, 3 not assessed, 4 under check."""

GAPS = (*reading.GAP_MARKS, "x")


def parse(answer: Answer, form: Form) -> pd.DataFrame:
    """Read a recognised table.

    Parameters
    ----------
    answer : Answer
        The file, see `forms.file_answer`.
    form : Form

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Cells that are no numbers are left out as `reading.frame` says.

    Raises
    ------
    SourceError
        If no cell of it is a number, or the table is not what its head promises.

    Examples
    --------
    >>> rows = (("gasDayStart", "gasInStorage", "full"), ("2026-10-01", "200.0", "80"))
    >>> form = Form("agsi", "AGSI+, gas in store by day", rows)
    >>> from energy.sources.contract import Request
    >>> answer = reading.answer_of(Request("inbox", "stock.csv", "file:stock.csv"), b"")
    >>> parse(answer, form)[["series", "entity", "value", "unit"]].values.tolist()
    [['storage_fill', 'eu', 80.0, '%'], ['storage_stock', 'eu', 200.0, 'TWh']]
    """
    if form.name == "pinksheet":
        asked = Request(pinksheet.NAME, "workbook", answer.request.url)
        return pinksheet.parse(dataclasses.replace(answer, request=asked))
    readers = {
        "jodi": _jodi,
        "iea-gtf": _iea,
        "bruegel": _bruegel,
        "agsi": _agsi,
        "agsi-web": _agsi,
    }
    rows = [{"status": "provisional", "note": form.words, **row, "source": SOURCE[form.name]}
            for row in readers[form.name](answer, form)]  # fmt: skip
    return reading.frame(answer, rows)


def _records(form: Form) -> Iterator[tuple[int, dict[str, str]]]:
    header = form.rows[0]
    for place, row in enumerate(form.rows[1:], start=2):
        yield place, dict(zip(header, row, strict=False))


def _jodi(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    for place, row in _records(form):
        if row["ENERGY_PRODUCT"] != "NATGAS" or row["UNIT_MEASURE"] not in JODI_UNITS:
            continue
        unit, basis = JODI_UNITS[row["UNIT_MEASURE"]]
        value = reading.cell(answer, row["OBS_VALUE"], f"OBS_VALUE in row {place}", GAPS)
        if value is not None:
            yield {"series": f"jodi_{row['FLOW_BREAKDOWN']}".lower(), "entity": reading.entity(row["REF_AREA"]),
                   "period": row["TIME_PERIOD"], "freq": "M", "value": value, "unit": unit, "basis": basis,
                   "status": JODI_STATUS.get(row.get("ASSESSMENT_CODE", ""), "provisional"),
                   "ref": f"row {place}"}  # fmt: skip


def _iea(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    """Yield the months of each border point; headers of months are dates, or their day numbers."""
    header = form.rows[0]
    months = {place: _month(cell) for place, cell in enumerate(header) if _month(cell)}
    if not months:
        reading.refuse(answer, "No column of the table is a month.")
    for place, row in enumerate(form.rows[1:], start=2):
        point, way = (
            row[header.index("Borderpoint")],
            (row[header.index("Exit")], row[header.index("Entry")]),
        )
        for column, month in months.items():
            value = reading.cell(answer, row[column], f"{point} of {month} (row {place})", GAPS)
            if value is not None and point:
                yield {"series": "border_flow", "entity": _slug(f"{point} {way[0]} {way[1]}"), "period": month,
                       "freq": "M", "value": value, "unit": "mcm", "basis": "15C",
                       "ref": f"row {place}, {month}"}  # fmt: skip


def _month(cell: str) -> str:
    if re.fullmatch(r"\d{4}-\d{2}-01", cell):
        return cell[:7]
    if re.fullmatch(r"[34]\d{4}", cell):
        return str((pd.Timestamp("1899-12-30") + pd.Timedelta(days=int(cell))).to_period("M"))
    return ""


def _bruegel(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    """Yield quarters by supplier and route, million m3 at 10.3 kWh/m3 (a metre of its own)."""
    for place, row in _records(form):
        day = pd.to_datetime(row["dates"], errors="coerce")
        if pd.isna(day):
            reading.refuse(answer, f"dates in row {place} is {row['dates']!r}; expected a day.")
        quarter = str(periods.containing(day, "Q"))
        for name in [name for name in form.rows[0] if name and name != "dates"]:
            value = reading.cell(
                answer, row.get(name, ""), f"{name} of {quarter} (row {place})", GAPS
            )
            if value is not None:
                yield {"series": "bruegel_imports", "entity": _slug(name), "period": quarter, "freq": "Q",
                       "value": value, "unit": "mcm", "basis": "unstated", "ref": f"row {place}, {name}"}  # fmt: skip


AGSI_COLUMNS = {"agsi": ("gasDayStart", "gasInStorage", "full"),
                "agsi-web": ("Gas Day Start", "Gas in storage (TWh)", "Full (%)")}  # fmt: skip


def _agsi(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    day, stock, full = AGSI_COLUMNS[form.name]
    for place, row in _records(form):
        name = row.get("code") or row.get("country") or row.get("name") or row.get("Name") or "EU"
        when = reading.day(answer, row[day], f"{day} in row {place}")
        for series, column, unit, basis in (
            ("storage_stock", stock, "TWh", "unstated"),
            ("storage_fill", full, "%", ""),
        ):
            value = reading.cell(answer, row[column], f"{column} on {when}", GAPS)
            if value is not None:
                yield {"series": series, "entity": reading.entity(name), "period": when, "freq": "D",
                       "value": value, "unit": unit, "basis": basis, "ref": f"row {place}"}  # fmt: skip


def _slug(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


# -- Global Energy Monitor's release ----------------------------------------------------------------

ID = re.compile(r"P\d{4,}")


def unfold(path: Path | str, folder: Path | str) -> Path:
    """Write the projects of a release as the folder of routes that ``geodata.gem`` reads.

    Parameters
    ----------
    path : path
        GeoJSON FeatureCollection (``id`` or ``ProjectID``), GeoPackage, or a table (xlsx, CSV)
        with a column of WKT and one of ``ProjectID``, ``id`` or ``pid``.
    folder : path
        Made where missing; the files go to ``gas/`` in it.

    Returns
    -------
    Path
        ``folder/gas``.

    Raises
    ------
    DataError
        If no project with a line is found; the forms that are read are named.

    Examples
    --------
    >>> import json
    >>> line = {"type": "LineString", "coordinates": [[10, 50], [11, 51]]}
    >>> feature = {"type": "Feature", "id": "P0001", "properties": {}, "geometry": line}
    >>> release = Path("release.geojson")
    >>> _ = release.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    >>> [path.name for path in unfold(release, "gem-folder").iterdir()]
    ['P0001.geojson']
    """
    path, target = Path(path), Path(folder) / "gas"
    with path.open("rb") as file:
        head = file.read(16)
    geometries = dict(_features(path) if head.lstrip()[:1] == b"{" else
                      _geopackage(path) if head.startswith(b"SQLite") else _wkt(path))  # fmt: skip
    if not geometries:
        raise DataError(path.name, [f"{path.name}: no project (P1234) with a line; read are the release as "
                                    "GeoJSON, GeoPackage, xlsx or CSV with WKT, and the folder of routes"])  # fmt: skip
    target.mkdir(parents=True, exist_ok=True)
    for name, parts in geometries.items():
        whole = parts[0] if len(parts) == 1 else {"type": "GeometryCollection", "geometries": parts}
        (target / f"{name}.geojson").write_bytes(orjson.dumps(whole))
    (target.parent / "ATTRIBUTION.txt").write_text(gem.ATTRIBUTION + "\n", encoding="utf-8")
    return target


def _collected(pairs: Iterator[tuple[Any, Any]]) -> dict[str, list[Any]]:
    """Gather lines by project; one of several projects, a list or its text, belongs to each."""
    found: dict[str, list[Any]] = {}
    for name, geometry in pairs:
        for project in dict.fromkeys(ID.findall(str(name or ""))) if geometry else ():
            found.setdefault(project, []).append(geometry)
    return found


def _features(path: Path) -> dict[str, list[Any]]:
    try:
        data = orjson.loads(path.read_bytes())
    except orjson.JSONDecodeError as error:
        raise DataError(
            path.name, [f"{path.name}: the JSON breaks off or is faulty ({error})"]
        ) from None
    features = data.get("features", []) if isinstance(data, dict) else []
    rows = [f for f in features if isinstance(f, dict)]
    return _collected((_named(f), f.get("geometry")) for f in rows)


def _named(feature: dict[str, Any]) -> Any:
    """Return what names the project; a number of the row, as converters give one, is none."""
    own = feature.get("properties") or {}
    names = [own.get("ProjectID"), feature.get("id"), own.get("id"), own.get("pid")]
    return next((name for name in names if ID.search(str(name))), None)


def _geopackage(path: Path) -> dict[str, list[Any]]:
    import geopandas as gpd
    from shapely.geometry import mapping

    table = gpd.read_file(path).to_crs(4326)
    column = next((c for c in ("ProjectID", "id", "pid") if c in table), None)
    if column is None:
        raise DataError(path.name, [f"{path.name}: no column 'ProjectID', 'id' or 'pid'"])
    return _collected((name, mapping(geom) if geom is not None else None)
                      for name, geom in zip(table[column], table.geometry, strict=True))  # fmt: skip


def _wkt(path: Path) -> dict[str, list[Any]]:
    from shapely import from_wkt
    from shapely.errors import ShapelyError
    from shapely.geometry import mapping

    form = forms.recognise(path)
    header = list(form.rows[0]) if form.rows else []
    column = next((c for c in ("WKTFormat", "WKT", "geometry") if c in header), "")
    key = next((c for c in ("ProjectID", "id", "pid") if c in header), "")
    if not (column and key):
        return {}

    faulty: dict[str, str] = {}

    def pairs() -> Iterator[tuple[Any, Any]]:
        for place, row in _records(form):
            if row[column] and not row[column].startswith("--"):
                try:
                    yield row[key], mapping(from_wkt(row[column]))
                except ShapelyError as error:
                    name = ID.search(row[key])
                    faulty[name.group() if name else ""] = f"{path.name} row {place}: {error}"

    # a spreadsheet cuts a cell at 32,767 characters: a project with a cut line is left out whole
    found = {name: parts for name, parts in _collected(pairs()).items() if name not in faulty}
    if faulty and not found:
        raise DataError(path.name, list(faulty.values()))
    for name, said in faulty.items():
        warnings.warn(f"{said}; project {name or 'without id'} is left out", stacklevel=2)
    return found
