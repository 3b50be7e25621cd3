"""Eurostat: imports of natural gas as the importing countries declare them, monthly and annual.

What
    Declared imports by reporter and partner, for the EU and TR, RS, MD, MK, BA, UA, GE, NO.
    Natural gas (G3000) and the LNG inside it (G3200). Monthly ``nrg_ti_gasm``, annual
    ``nrg_ti_gas``.
Format
    JSON-stat 2.0: one object of values by flat row-major position. A missing cell has no entry; a
    zero is a stated zero. Million m3 at 15 °C (MIO_M3) and TJ gross (TJ_GCV).
Licence
    Reuse free with attribution (Commission decision 2011/833); cite DOI 10.2908/NRG_TI_GASM. Data
    of non-EU countries carry a caveat on commercial reuse.
Lag
    A month arrives 3 to 8 weeks after its end, late reporters later. Revised for two years; an
    annual figure appears between the following June and winter.
Quirks
    Monthly, the partner is the country the gas came through last, as each reporter sees it;
    annually it is the country of origin. So reporters' monthly RU must never be added up:
    ``data/partner_role.csv`` says which partner stands for Russian gas, where and when. G3200 is
    inside G3000. Categories stand in no promised order. Too large a question is answered with
    status 200 and a ``warning``; an unknown value with an empty data set; in an outage comes HTML
    or a redirect to another host. A status is ``flag|confidentiality`` since 2026 ("|C": withheld);
    a letter that is new is told on its row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from energy.errors import DataError
from energy.measure import periods
from energy.sources import reading
from energy.sources.contract import Answer, Request

NAME = "eurostat"
TITLE = "Eurostat: imports of natural gas by partner country (nrg_ti_gasm, nrg_ti_gas)"
PUBLISHER = "Eurostat"
KIND = "statistics"
URL = "https://ec.europa.eu/eurostat/databrowser/product/view/nrg_ti_gasm"
LICENCE = "Reuse with attribution (Commission decision 2011/833), DOI 10.2908/NRG_TI_GASM"
LAG = 56
KEY = ""

BASE = "https://ec.europa.eu/eurostat/api/dissemination/statistics/1.0/data/"
UNITS = {"MIO_M3": "15C", "TJ_GCV": "GCV"}
PARTNERS = ["RU", "UA", "BY", "TR", "RS", "MD", "TOTAL"]
MONTHLY_SINCE, ANNUAL_SINCE = "2021-01", "2014"
BACK_MONTHS = 24
"""Months before the quarter that are asked again: they are revised for about two years."""

DIMENSIONS = ["freq", "siec", "partner", "unit", "geo", "time"]
SERIES = {"M": "import_declared", "A": "import_origin"}
FLAGS = {"p": "provisional", "e": "estimate", "s": "estimate", "f": "modelled"}
NEUTRAL = "rcbdunzm"
_ORDER = ["actual", "provisional", "estimate", "modelled"]


def request(period: Any) -> list[Request]:
    """Ask both tables in both units, since 2021 or two years before the quarter.

    Examples
    --------
    >>> [asked.tag for asked in request("2026Q3")]
    ['nrg_ti_gasm-MIO_M3', 'nrg_ti_gasm-TJ_GCV', 'nrg_ti_gas-MIO_M3', 'nrg_ti_gas-TJ_GCV']
    """
    span = periods.parse(period)
    back = periods.month_label(periods.month_number(span.start) - BACK_MONTHS)
    since = min(MONTHLY_SINCE, back)
    last = span.end - dt.timedelta(days=1)
    monthly = {"freq": "M", "partner": PARTNERS, "sinceTimePeriod": since,
               "untilTimePeriod": f"{last:%Y-%m}"}  # fmt: skip
    annual = {"freq": "A", "partner": ["RU", "TOTAL"],
              "sinceTimePeriod": min(ANNUAL_SINCE, back[:4]),
              "untilTimePeriod": f"{last:%Y}"}  # fmt: skip
    return [
        Request(NAME, f"{table}-{unit}", _address(table, {**query, "unit": unit}))
        for table, query in (("nrg_ti_gasm", monthly), ("nrg_ti_gas", annual))
        for unit in UNITS
    ]


def little(day: dt.date) -> Request:
    """Ask for one partner in one unit, the half-year before a day: a probe, not an update.

    Examples
    --------
    >>> little(dt.date(2026, 11, 28)).tag
    'nrg_ti_gasm-MIO_M3'
    """
    since = periods.month_label(periods.month_number(day) - 6)
    unit = next(iter(UNITS))
    query = {"freq": "M", "partner": "RU", "unit": unit, "sinceTimePeriod": since}
    return Request(NAME, f"nrg_ti_gasm-{unit}", _address("nrg_ti_gasm", query))


def _address(table: str, query: Mapping[str, Any]) -> str:
    fixed = {"format": "JSON", "lang": "EN", "siec": ["G3000", "G3200"]}
    pairs = [
        f"{name}={value}"
        for name, values in {**fixed, **query}.items()
        for value in (values if isinstance(values, list) else [values])
    ]
    return f"{BASE}{table}?{'&'.join(pairs)}"


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read one JSON-stat answer.

    Returns
    -------
    DataFrame, columns `COLUMNS`
        Series ``import_declared_<partner>_<siec>`` (monthly, partner = last neighbour) or
        ``import_origin_<partner>_<siec>`` (annual, partner = origin), entity = reporter. ``ref``
        is the key freq.siec.partner.unit.geo.time. Empty where the question was valid and no cell
        has a value: nothing yet, or all withheld; ``attrs`` say which (see `reading.aside`).

    Raises
    ------
    SourceError
        On an error or warning object, another unit or dimension, or positions that do not fit.

    Examples
    --------
    >>> answer = reading.answer_of(request("2026Q3")[0], b"<html>down for maintenance</html>")
    >>> parse(answer)
    Traceback (most recent call last):
        ...
    energy.sources.reading.SourceError: eurostat: The answer starts with '<html>down for ...
    """
    data = reading.read_json(answer)
    _refuse_message(answer, data)
    codes = _categories(answer, data)
    values, flags = _cells(answer, data, "value", codes), _cells(answer, data, "status", codes)
    published, withheld = _updated(answer, data), _withheld(codes, values, flags)
    if not values:
        nothing = f"{answer.request.tag}: nothing yet, as of {published or 'an unknown day'}."
        return reading.aside(reading.empty(), [] if withheld else [nothing], withheld)
    _check_codes(answer, codes)
    rows = [{**row, "published": published} for row in _rows(answer, codes, values, flags)]
    new = sorted({row["note"] for row in rows if row["note"].startswith("warning")})
    return reading.aside(reading.frame(answer, rows), new, withheld)


def _refuse_message(answer: Answer, data: Any) -> None:
    """Refuse the error objects and the warning that arrives with status 200."""
    if not isinstance(data, Mapping):
        reading.refuse(answer, f"Got {type(data).__name__}; expected a JSON-stat data set.")
    for name in ("warning", "error"):
        if name in data:
            found = data[name][0] if isinstance(data[name], list) and data[name] else data[name]
            label = found.get("label", "") if isinstance(found, Mapping) else str(found)
            hint = " Ask for less." if "413" in str(found) else ""
            reading.refuse(answer, f"Instead of data came the {name} {label!r}.{hint}")
    if data.get("class") != "dataset":
        reading.refuse(answer, f"Class {data.get('class')!r}; expected a JSON-stat 'dataset'.")


def _categories(answer: Answer, data: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the codes of each dimension in the order of their positions."""
    order, size = reading.field(answer, data, "id", "The data set"), data.get("size")
    if sorted(map(str, order)) != sorted(DIMENSIONS):
        reading.refuse(answer, f"Dimensions {order}; expected {', '.join(DIMENSIONS)}.")
    if not isinstance(size, list) or len(size) != len(order):
        reading.refuse(answer, f"Size {size!r} does not fit the {len(order)} dimensions.")
    described = reading.field(answer, data, "dimension", "The data set")
    codes = {}
    for name, length in zip(order, size, strict=True):
        category = reading.field(answer, described.get(name), "category", f"Dimension {name!r}")
        index = reading.field(answer, category, "index", f"Dimension {name!r}")
        places = index if isinstance(index, Mapping) else {c: i for i, c in enumerate(index)}
        if length != len(places) or sorted(places.values()) != list(range(len(places))):
            reading.refuse(
                answer, f"Positions of {name!r} do not run from 0 to its size {length!r}."
            )
        codes[name] = sorted(places, key=places.__getitem__)
    return codes


def _cells(
    answer: Answer, data: Mapping[str, Any], name: str, codes: Mapping[str, list[str]]
) -> dict[int, Any]:
    """Return the cells by position; the servers write an object, some clients a list."""
    cells = data.get(name, {} if name == "status" else None)
    total = 1
    for members in codes.values():
        total *= len(members)
    if isinstance(cells, list):
        if len(cells) != total:
            reading.refuse(answer, f"{len(cells)} cells in {name!r}; the size asks for {total}.")
        return {i: cell for i, cell in enumerate(cells) if cell is not None}
    if not isinstance(cells, Mapping):
        reading.refuse(answer, f"{name!r} is {type(cells).__name__}; expected an object or list.")
    outside = [place for place in cells if not place.isdigit() or int(place) >= total]
    if outside:
        reading.refuse(answer, f"Position {outside[0]!r} lies outside the {total} cells.")
    return {int(place): cell for place, cell in cells.items() if cell is not None}


def _check_codes(answer: Answer, codes: Mapping[str, list[str]]) -> None:
    for name, known in (("unit", UNITS), ("freq", SERIES), ("siec", ("G3000", "G3200"))):
        strange = [code for code in codes[name] if code not in known]
        if strange:
            expected = ", ".join(known)
            reading.refuse(answer, f"{name} is {strange[0]!r}; expected one of {expected}.")
    if len(codes["freq"]) != 1:
        reading.refuse(answer, f"Two frequencies in one answer: {', '.join(codes['freq'])}.")


def _rows(
    answer: Answer,
    codes: Mapping[str, list[str]],
    values: Mapping[int, Any],
    flags: Mapping[int, Any],
) -> Iterator[dict[str, Any]]:
    for place in sorted(values):
        cell, flag = _key(codes, place), str(flags.get(place, ""))
        ref = ".".join(cell[name] for name in DIMENSIONS)
        yield {
            "series": f"{SERIES[cell['freq']]}_{cell['partner']}_{cell['siec']}".lower(),
            "entity": reading.entity(cell["geo"]),
            "period": cell["time"],
            "freq": cell["freq"],
            "value": reading.cell(answer, values[place], ref),
            "unit": cell["unit"],
            "basis": UNITS[cell["unit"]],
            "status": _status(flag),
            "ref": ref,
            "note": _remark(flag),
        }


def _key(codes: Mapping[str, list[str]], place: int) -> dict[str, str]:
    """Return the code of each dimension at a flat row-major position."""
    cell = {}
    for name in reversed(list(codes)):
        place, step = divmod(place, len(codes[name]))
        cell[name] = codes[name][step]
    return cell


def _withheld(
    codes: Mapping[str, list[str]], values: Mapping[int, Any], flags: Mapping[int, Any]
) -> list[str]:
    """Return the keys of cells that have a confidential status and no value."""
    hidden = [place for place, flag in flags.items() if place not in values and _is_secret(flag)]
    cells = [_key(codes, place) for place in sorted(hidden)]
    return [".".join(cell[name] for name in DIMENSIONS) for cell in cells]


def _is_secret(flag: Any) -> bool:
    letters, _, secret = str(flag).partition("|")
    return "C" in secret.upper() or "c" in letters


def _status(flag: str) -> str:
    """Return the least certain status that the letters of a flag stand for; new ones: provisional.

    What stands after a bar is the confidentiality (``p|C``), and no word on how firm a value is.
    """
    letters = flag.partition("|")[0]
    found = [
        FLAGS.get(letter, "actual" if letter in NEUTRAL else "provisional") for letter in letters
    ]
    return max(found or ["actual"], key=_ORDER.index)


def _remark(flag: str) -> str:
    letters = flag.partition("|")[0]
    new = [letter for letter in letters if letter not in FLAGS and letter not in NEUTRAL]
    if new:
        return f"warning: flag {flag!r} has the unknown letter {new[0]!r}"
    return f"flag {flag}" if flag else ""


def _updated(answer: Answer, data: Mapping[str, Any]) -> str:
    notes = data.get("extension", {}).get("annotation", [])
    dates = [note.get("date") for note in notes if note.get("type") == "UPDATE_DATA"]
    stamp = data.get("updated") or (dates[0] if dates else "")
    return reading.day(answer, stamp, "The date of the update") if stamp else ""


# -- who stands for Russian gas -------------------------------------------------------------------


def roles() -> pd.DataFrame:
    """Return the dated table of what a monthly partner stands for.

    Returns
    -------
    DataFrame, columns id, reporter, partner, role, counts, valid_from, valid_to, reason, source
        ``reporter`` and ``partner`` are Eurostat's codes.

    Examples
    --------
    >>> table = roles()
    >>> {"reporter", "partner", "role", "counts"} <= set(table)
    True
    >>> sorted(set(table["counts"]))
    [False, True]
    """
    path = reading.DATA / "partner_role.csv"
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    return table.assign(counts=table["counts"] == "true")


def russian(observations: pd.DataFrame, table: pd.DataFrame | None = None) -> pd.DataFrame:
    """Add up, by reporter and month, the partners that stand for Russian pipeline gas.

    Parameters
    ----------
    observations : DataFrame, columns `COLUMNS`
        Monthly rows of `parse`, of one edition.
    table : DataFrame, optional
        As from `roles`.

    Returns
    -------
    DataFrame
        Columns ``entity, period, unit, basis, value, partners, role``: G3000, for Russia itself
        less its G3200 (LNG). ``role`` joins the roles that went in: ``gross`` warns that transit
        to others is inside, ``mixed`` that other gas may be. A reporter and month without a
        counting partner is absent, not zero.

    Raises
    ------
    DataError
        If two rows of the table fit one reporter, partner and month.
    """
    table = roles() if table is None else table
    rows = observations[observations["freq"] == "M"].copy()
    rows[["partner", "siec"]] = rows["series"].str.extract(r"_([a-z0-9]+)_(g\d+)$")
    keys = ["entity", "partner", "period", "unit", "basis"]
    wide = rows.pivot_table(index=keys, columns="siec", values="value", aggfunc="sum", min_count=1)
    wide = wide.reindex(columns=["g3000", "g3200"]).reset_index().dropna(subset="g3000")
    wide["value"] = wide["g3000"] - wide["g3200"].fillna(0.0)
    fitting = _fitting(wide, table)
    counted = fitting[fitting["counts"]].sort_values(["entity", "period", "partner"])
    groups = counted.groupby(["entity", "period", "unit", "basis"], sort=True)
    joined = {"partners": ("partner", "+".join), "role": ("role", lambda r: "+".join(sorted({*r})))}
    return groups.agg(value=("value", "sum"), **joined).reset_index()


def _fitting(wide: pd.DataFrame, table: pd.DataFrame) -> pd.DataFrame:
    rules = pd.DataFrame(
        {
            "entity": table["reporter"].map(reading.entity),
            "partner": table["partner"].str.lower(),
            "role": table["role"],
            "counts": table["counts"],
            "since": table["valid_from"].str[:7].mask(table["valid_from"] == "", "0000-00"),
            "until": table["valid_to"].str[:7].mask(table["valid_to"] == "", "9999-99"),
        }
    )
    both = wide.merge(rules, on=["entity", "partner"])
    both = both[(both["period"] >= both["since"]) & (both["period"] < both["until"])]
    twice = both[both.duplicated(["entity", "partner", "period", "unit"])]
    if len(twice):
        row = twice.iloc[0]
        raise DataError("partner_role.csv", [f"{row['entity']} from {row['partner']} in "
                        f"{row['period']} fits two rows; end the earlier one."])  # fmt: skip
    return both
