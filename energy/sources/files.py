"""Tables that a person downloads: JODI, IEA, Bruegel, AGSI, Pink Sheet, Global Energy Monitor.

They are recognised by their heads (`energy.sources.forms`) and read as their makers print them.
What they say stands in the store beside the sources' own rows; none of it overrules a meter.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import math
import re
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pandas as pd

from energy.errors import DataError
from energy.measure import periods
from energy.sources import entsog, forms, gem, gie, pinksheet, reading
from energy.sources.contract import Answer, Request
from energy.sources.forms import Form

SOURCE = {"jodi": "jodi-gas", "iea-gtf": "iea-gas-trade-flows", "bruegel": "bruegel-imports",
          "bruegel-daily": "bruegel-imports", "agsi": "gie", "agsi-web": "gie", "pinksheet": "pinksheet"}  # fmt: skip
"""Form to the source that its rows name."""

JODI_UNITS = {"M3": ("mcm", "15C"), "TJ": ("TJ_GCV", "GCV")}
JODI_OTHER = ("KTONS", "1000 T")
"""Units that JODI gives beside those that are read."""
JODI_BALANCES = ("STOCKCH", "STATDIFF")
"""Items that may be negative."""
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
    if len(form.rows) < 2:
        reading.refuse(answer, f"{form.words}: a header and no row; download it again.")
    readers = {
        "jodi": _jodi,
        "iea-gtf": _iea,
        "bruegel": _bruegel,
        "bruegel-daily": _bruegel_points,
        "agsi": _agsi,
        "agsi-web": _agsi,
    }
    rows = [{"status": "provisional", "note": form.words, **row, "source": SOURCE[form.name]}
            for row in readers[form.name](answer, form)]  # fmt: skip
    if not rows:
        odd = "; ".join(_odd_words(form)) or "every cell is a gap, or of another product"
        reading.refuse(answer, f"{form.words}: no figure that is read ({odd}).")
    return reading.aside(reading.frame(answer, rows), [*form.told, *_odd_words(form)])


def _odd_words(form: Form) -> list[str]:
    """Tell units and codes of JODI that are not known, and days of a point with two values."""
    if form.name == "bruegel-daily":
        return _two_values(form)
    if form.name != "jodi":
        return []
    seen: dict[tuple[str, str], int] = {}
    for place, row in _records(form):
        if row["ENERGY_PRODUCT"] != "NATGAS":
            continue
        for column, known in (("UNIT_MEASURE", JODI_OTHER), ("ASSESSMENT_CODE", JODI_STATUS)):
            word = row.get(column, "")
            if word and word not in known and word not in JODI_UNITS:
                seen.setdefault((column, word), place)
    said = {"UNIT_MEASURE": "rows with it are left out", "ASSESSMENT_CODE": "read as provisional"}
    return [f"warning: {column} {word!r} (row {place}) is unknown; {said[column]}"
            for (column, word), place in seen.items()]  # fmt: skip


def _two_values(form: Form) -> list[str]:
    """Tell days of a point that stand twice with two values: the later row counts."""
    names = ["operator", "location", "direction", "dates", "values"]
    table = pd.DataFrame(form.rows[1:], columns=form.rows[0])[names].drop_duplicates()
    count = int(table.duplicated(names[:-1]).sum())
    if not count:
        return []
    return [f"warning: {count} days stand twice with two values; the later row counts"]


def _records(form: Form) -> Iterator[tuple[int, dict[str, str]]]:
    header = form.rows[0]
    places = form.places or range(1, len(form.rows) + 1)
    for place, row in zip(places[1:], form.rows[1:], strict=True):
        yield place, dict(zip(header, row, strict=False))


def _jodi(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    for place, row in _records(form):
        if row["ENERGY_PRODUCT"] != "NATGAS" or row["UNIT_MEASURE"] not in JODI_UNITS:
            continue
        unit, basis = JODI_UNITS[row["UNIT_MEASURE"]]
        least = -math.inf if row["FLOW_BREAKDOWN"] in JODI_BALANCES else 0.0
        value = reading.cell(answer, row["OBS_VALUE"], f"OBS_VALUE in row {place}", GAPS, least)
        if value is not None:
            yield {"series": f"jodi_{row['FLOW_BREAKDOWN']}".lower(), "entity": reading.entity(row["REF_AREA"]),
                   "period": row["TIME_PERIOD"], "freq": "M", "value": value, "unit": unit, "basis": basis,
                   "status": JODI_STATUS.get(row.get("ASSESSMENT_CODE", ""), "provisional"),
                   "ref": f"row {place}"}  # fmt: skip


def _iea(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    """Yield the months of each border point; headers of months are dates, or their day numbers."""
    months = {cell: _month(cell) for cell in form.rows[0] if _month(cell)}
    if not months:
        reading.refuse(
            answer, "No column is a month; expected headers that are dates, as of 2026-01-01."
        )
    for place, row in _records(form):
        point, way = row["Borderpoint"], (row["Exit"], row["Entry"])
        for column, month in months.items():
            value = reading.cell(answer, row[column], f"{point} of {month} (row {place})", GAPS, 0)
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
    """Yield quarters by supplier and route, million m3 at 10.3 kWh/m3 (a metre of its own).

    A table with a row a day gives its sums by month, with the share of days that have a figure.
    """
    days = [(place, _day(answer, row["dates"], place), row) for place, row in _records(form)]
    dates = sorted({day for _, day, _ in days})
    daily = len(dates) > 1 and min(b - a for a, b in itertools.pairwise(dates)).days < 28
    names = [name for name in form.rows[0] if name and name != "dates"]
    found: list[dict[str, Any]] = []
    for place, day, row in days:
        for name in names:
            period = day.isoformat() if daily else str(periods.containing(day, "Q"))
            value = reading.cell(answer, row[name], f"{name} of {period} (row {place})", GAPS)
            if value is not None:
                found.append({"series": "bruegel_imports", "entity": _slug(name), "period": period,
                              "freq": "D" if daily else "Q", "value": value, "unit": "mcm",
                              "basis": "unstated", "ref": f"row {place}, {name}"})  # fmt: skip
    yield from _months(answer, found) if daily else found


def _day(answer: Answer, text: str, place: int) -> dt.date:
    """Return the day of a cell: 2024-10-22, or 22.10.2024; what could be two days is refused."""
    parts = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", text)
    try:
        if parts:
            return dt.date(int(parts[3]), int(parts[2]), int(parts[1]))
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        hint = forms.damage(text) or "write it as 2024-10-22"
        reading.refuse(answer, f"dates in row {place} is {text!r}, no day; {hint}.")


def _months(answer: Answer, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Add up days to months; a day that is no number is handed on, and counts as missing."""
    faulty = [row for row in rows if isinstance(row["value"], reading.Faulty)]
    good = [row for row in rows if not isinstance(row["value"], reading.Faulty)]
    if not good:
        return faulty
    table = reading.frame(answer, [{**row, "status": "provisional"} for row in good])
    table["month"] = table["period"].str[:7]
    sums = table.groupby(["entity", "month"])["value"].agg(["sum", "count"]).reset_index()
    length = pd.PeriodIndex(sums["month"], freq="M").days_in_month
    made = [{**good[0], "entity": entity, "period": month, "freq": "M", "value": round(total, 6),
             "coverage": count / days, "ref": f"{count} days"}
            for (entity, month, total, count), days
            in zip(sums.itertuples(index=False, name=None), length, strict=True)]  # fmt: skip
    return [*made, *faulty]


def _bruegel_points(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    """Yield months by route: the points that count, as ENTSOG's own (`entsog.sum_points`).

    The rows are a copy of ENTSOG's, of the day when it was made: nothing is taken for a meter of
    ours, and single days stay in the file.
    """
    raw = pd.DataFrame(form.rows[1:], columns=form.rows[0])
    daily = entsog.daily_of(raw, answer.request.tag, form.places[1:])
    sums = entsog.sum_points(daily, entsog.points(), "M")
    if sums.empty:
        span = f"{daily['gas_day'].min():%Y-%m-%d} to {daily['gas_day'].max():%Y-%m-%d}"
        reading.refuse(answer, f"No value of a point that counts from {span} (see crosswalk.csv).")
    for route, month, value, days, coverage in sums.itertuples(index=False, name=None):
        yield {"series": "bruegel_flow", "entity": route, "period": month, "freq": "M",
               "value": round(value, 9), "unit": "TWh", "basis": "GCV", "coverage": coverage,
               "ref": f"{days} days"}  # fmt: skip


AGSI_COLUMNS = {"agsi": ("gasDayStart", "gasInStorage", "full"),
                "agsi-web": ("Gas Day Start", "Gas in storage (TWh)", "Full (%)")}  # fmt: skip


def _agsi(answer: Answer, form: Form) -> Iterator[dict[str, Any]]:
    day, stock, full = AGSI_COLUMNS[form.name]
    for place, row in _records(form):
        name = row.get("code") or row.get("country") or row.get("name") or row.get("Name") or "EU"
        name = name.rstrip("*")  # GB* is Britain after it left
        when = reading.day(answer, row[day], f"{day} in row {place}")
        for series, column, unit, basis in (
            ("storage_stock", stock, "TWh", "unstated"),
            ("storage_fill", full, "%", ""),
        ):
            value = reading.cell(answer, row[column], f"{column} on {when} (row {place})", GAPS, 0)
            if value is not None:
                yield {"series": series, "entity": reading.entity(name), "period": when, "freq": "D",
                       "value": value, "unit": unit, "basis": basis, "ref": f"row {place}",
                       "status": gie.STATUS.get(row.get("status", ""), "provisional")}  # fmt: skip


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
    if forms.is_archive(path):
        try:
            return gem.unpack(forms.file_answer(path), folder)
        except reading.SourceError as error:
            raise DataError(path.name, [f"{path.name}: {error.what} Download it again."]) from None
    name, body = forms.unpacked(path)
    if body.startswith(b"SQLite"):
        geometries = _geopackage(name, body)
    elif body.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        geometries = _features(name, body)
    else:
        geometries = _wkt(path)
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


def _features(name: str, body: bytes) -> dict[str, list[Any]]:
    try:
        data = orjson.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise DataError(
            name, [f"{name}: the JSON breaks off or is faulty ({error}); download it again"]
        ) from None
    features = data.get("features", []) if isinstance(data, dict) else []
    rows = [f for f in features if isinstance(f, dict)]
    return _collected((_named(f), f.get("geometry")) for f in rows)


def _named(feature: dict[str, Any]) -> Any:
    """Return what names the project; a number of the row, as converters give one, is none."""
    own = feature.get("properties") or {}
    names = [own.get("ProjectID"), feature.get("id"), own.get("id"), own.get("pid")]
    return next((name for name in names if ID.search(str(name))), None)


def _geopackage(name: str, body: bytes) -> dict[str, list[Any]]:
    import geopandas as gpd
    from pyogrio.errors import DataSourceError
    from shapely.geometry import mapping

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "release.gpkg"
        path.write_bytes(body)
        try:
            table = gpd.read_file(path)
        except (DataSourceError, RuntimeError, ValueError) as error:
            said = str(error).splitlines()[0].replace(str(path), name)
            raise DataError(
                name, [f"{name}: the GeoPackage is damaged ({said}); download it again"]
            ) from None
    if table.crs is None:
        raise DataError(name, [f"{name}: no coordinate system is stated; set EPSG:4326"])
    table = table.to_crs(4326)
    column = next((c for c in ("ProjectID", "id", "pid") if c in table), None)
    if column is None:
        raise DataError(name, [f"{name}: no column 'ProjectID', 'id' or 'pid'"])
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
        raise DataError(path.name, [f"{path.name}: {form.words}; expected a column WKTFormat, WKT or geometry "
                                    "with lines, and one of ProjectID, id or pid"])  # fmt: skip

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
