"""ENTSOG Transparency Platform: metered flow at the border points of the EU, summed to routes.

What
    Physical flow a gas day by operator, point and direction. Nothing east of the EU border but a
    few Ukrainian points; nothing of Blue Stream, TurkStream string 1 or Power of Siberia.
Format
    ``operationalData`` records as JSON (kWh/d, one record a gas day), or a flat CSV of the same
    values (``gas_day, operator_key, point_key, direction_key, value_kwh_per_day``).
Licence
    Download allowed, cite as "ENTSOG TP, date, address" (terms 5.2, 5.7); the site's own terms
    forbid republication (4.2). So: derived sums with citation, raw rows stay with the user.
Lag
    The next morning, provisional. Operators confirm within 3 days to 8 weeks; the newest day can
    be 30-70 % off, confirmed rows no longer change.
Quirks
    An empty answer is HTTP 404, at times 500; "archived" means before the live window. The address
    takes no ``offset``. HTML comes under load. Rows come twice, or once per ``tsoItemIdentifier``.
    Placeholder rows carry ``""`` or ``isNA``: missing, not zero. The same gas can be reported by
    two operators (NEL, GUD and Fluxys at Greifswald; Drozdovichi by both sides in 2020-21):
    ``crosswalk.csv`` says which one counts and from when. Spikes of factor 10 and 1000 occur: they
    are listed, never clipped.

Values are kWh gross (25/0 °C) a gas day; the gas day runs 06:00-06:00 CET/CEST and is labelled by
the date it starts on. The sign comes from the crosswalk: positive runs with the route.
"""

from __future__ import annotations

import datetime as dt
import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

import pandas as pd

from energy.errors import DataError, UnitError
from energy.measure import periods, validity
from energy.sources import reading
from energy.sources.contract import COLUMNS, Answer, Request

NAME = "entsog"
TITLE = "ENTSOG Transparency Platform: physical flow at border points, by gas day"
PUBLISHER = "ENTSOG"
KIND = "operator"
URL = "https://transparency.entsog.eu/"
LICENCE = "Free use with citation (ENTSOG TP, date, address); publish derived sums only"
LAG = 2
KEY = ""

BASE = "https://transparency.entsog.eu/api/v1/operationalData"
BACK_DAYS = 100
"""Days before the quarter that are asked again: operators confirm up to eight weeks late."""

MOST_DAYS, MOST_POINTS = 92, 10
"""Most gas days and point-directions a question: a quarter and ten is what the server bears."""

SERIES = "flow_point"
SETTLED = dt.timedelta(days=2)
"""A gas day is taken from 06:00 UTC two days later: the newest one can be 30-70 % off."""

DAILY = ["gas_day", "key", "label", "value_kwh", "status", "updated"]
PERIODS = {"M": "M", "Q": "Q", "A": "Y"}
SPIKE = 5.0
"""From this multiple on a day is listed as a spike (the errors met are x10 and x1000)."""

_KEY = ["gas_day", "key"]
_FLAT = ["gas_day", "operator_key", "point_key", "direction_key", "value_kwh_per_day"]
_BRUEGEL = {
    "dates": "gas_day",
    "operator": "operator_key",
    "location": "point_key",
    "direction": "direction_key",
    "label": "point_label",
    "values": "value_kwh_per_day",
}
_RECORD = ["indicator", "periodFrom", "operatorKey", "pointKey", "directionKey", "unit", "value"]
_RANK = {"": 0, "Provisional": 1, "Confirmed": 2}


def read_daily(path: Path | str) -> pd.DataFrame:
    """Read a flat CSV of daily values, gzipped or not.

    Both headers in use are read: ours (``gas_day, operator_key, …``) and that of the files in
    greenbruegel/gas-imports (``dates, operator, location, …``).

    Parameters
    ----------
    path : path
        The CSV file.

    Returns
    -------
    DataFrame, columns gas_day, key, label, value_kwh, status, updated
        One row a gas day and point; ``key`` is operator/point/direction, a missing value is NaN.

    Raises
    ------
    DataError
        If a column is missing, a date or number cannot be read, or a flow is negative.
    """
    return daily_of(pd.read_csv(path, dtype=str, keep_default_na=False), Path(path).name)


def daily_of(raw: pd.DataFrame, where: str, places: Sequence[int] = ()) -> pd.DataFrame:
    """Return a table of texts as daily values; see `read_daily`.

    Parameters
    ----------
    raw : DataFrame
        With one of the two headers.
    where : str
        Name of the file, for a message.
    places : sequence of int, optional
        Row of the file in which each stands; default counted below a header in row 1.

    Examples
    --------
    >>> raw = pd.DataFrame({"dates": ["2022-07-01"], "operator": ["BG-TSO-0001"], "label": [""],
    ...                     "location": ["ITP-00549"], "direction": ["entry"], "values": ["1000"]})
    >>> daily_of(raw, "own.csv")[["key", "value_kwh"]].values.tolist()
    [['BG-TSO-0001/ITP-00549/entry', 1000.0]]
    """
    raw = raw.rename(columns=_BRUEGEL)
    missing = [c for c in _FLAT if c not in raw.columns]
    if missing:
        raise DataError(where, [f"{where}: column {c!r} is missing; expected {', '.join(_FLAT)}"
                                for c in missing])  # fmt: skip
    raw.index = pd.Index(places or range(2, len(raw) + 2))
    daily = pd.DataFrame(
        {
            "gas_day": _days(raw["gas_day"], where),
            "key": raw["operator_key"] + "/" + raw["point_key"] + "/" + raw["direction_key"],
            "label": _optional(raw, "point_label"),
            "value_kwh": _parse_values(raw["value_kwh_per_day"], where),
            "status": "",
            "updated": pd.Series(pd.NaT, index=raw.index, dtype="datetime64[ns, UTC]"),
        }
    )
    return deduplicate(daily)


def read_records(records: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """Read ``operationalData`` records as the API delivers them.

    Parameters
    ----------
    records : list of dict
        The array under ``operationalData``, not the envelope around it.

    Returns
    -------
    DataFrame, columns gas_day, key, label, value_kwh, status, updated
        As `read_daily`, with ``status`` Confirmed, Provisional or empty. A placeholder (``""`` or
        ``isNA``, or null) is a row without value; a negative one is handed on, for the gate.

    Raises
    ------
    DataError
        If the envelope or an empty answer is passed, a field is missing, or a record is not a
        physical flow. An empty answer is not a zero.
    UnitError
        If a record is not in kWh/d.

    Examples
    --------
    >>> record = {"periodFrom": "2024-01-01T06:00:00+01:00", "operatorKey": "a", "pointKey": "p",
    ...           "directionKey": "entry", "operatorLabel": "A", "pointLabel": "P", "value": 1000.0,
    ...           "unit": "kWh/d", "flowStatus": "Confirmed", "indicator": "Physical Flow",
    ...           "periodType": "day", "isNA": None, "lastUpdateDateTime": "2024-01-03T06:00:00+01:00"}
    >>> read_records([record])[["key", "value_kwh", "status"]].values.tolist()
    [['a/p/entry', 1000.0, 'Confirmed']]
    """
    where = "operationalData"
    if isinstance(records, Mapping):
        raise DataError(where, ["Got the envelope; pass the list under its key 'operationalData'."])
    if not records:
        raise DataError(where, ["No records. That is no answer, not a zero: ask again or say why."])
    odd = [i for i, record in enumerate(records, start=1) if not isinstance(record, Mapping)]
    if odd:
        raise DataError(where, [f"Entry {i} is no record with fields." for i in odd])
    raw = pd.DataFrame(list(records), index=range(1, len(records) + 1))
    _check_records(raw, where)
    text = raw["value"].astype(str).mask(raw["value"].isna(), "").str.strip()
    placeholder = (text == "") | _flag(raw, "isNA")
    daily = pd.DataFrame(
        {
            "gas_day": _gas_days(raw["periodFrom"].astype(str), where),
            "key": raw["operatorKey"] + "/" + raw["pointKey"] + "/" + raw["directionKey"],
            "label": _optional(raw, "pointLabel"),
            "value_kwh": _parse_values(text.mask(placeholder, ""), where, signed=True),
            "status": _optional(raw, "flowStatus"),
            "updated": pd.to_datetime(
                _optional(raw, "lastUpdateDateTime").astype(str),
                utc=True,
                errors="coerce",
                format="ISO8601",
            ),
        }
    )
    return deduplicate(daily)


def deduplicate(daily: pd.DataFrame) -> pd.DataFrame:
    """Keep one row a gas day, operator, point and direction.

    A number beats a placeholder, Confirmed beats Provisional beats no status, a later update
    beats an earlier one; what is still equal is decided by the later row.

    Parameters
    ----------
    daily : DataFrame, columns gas_day, key, label, value_kwh, status, updated

    Returns
    -------
    DataFrame
        The same columns, sorted by key and gas day.

    Examples
    --------
    >>> told = {"gas_day": pd.Timestamp("2024-01-01"), "key": "a/p/entry", "label": "P",
    ...         "updated": pd.Timestamp("2024-01-03", tz="UTC")}
    >>> both = pd.DataFrame([
    ...     {**told, "value_kwh": 1100.0, "status": "Provisional"},
    ...     {**told, "value_kwh": 1000.0, "status": "Confirmed"},
    ... ])
    >>> deduplicate(both)["value_kwh"].tolist()
    [1000.0]
    """
    order = daily.assign(
        _known=daily["value_kwh"].notna(), _rank=daily["status"].map(_RANK).fillna(0)
    ).sort_values(["_known", "_rank", "updated"], kind="stable", na_position="first")
    kept = order.drop_duplicates(_KEY, keep="last")
    return kept[DAILY].sort_values(["key", "gas_day"]).reset_index(drop=True)


def sum_points(daily: pd.DataFrame, crosswalk: pd.DataFrame, freq: str = "Q") -> pd.DataFrame:
    """Add up the counting points of each route by month, quarter or year.

    A point counts on the days between ``valid_from`` and ``valid_to`` of its crosswalk row, with
    the row's sign. The sum holds what was reported and is never scaled up. ``coverage`` is the
    share of the period's gas that the reports are taken to hold: over all days and expected
    points, each point weighted by its mean reported flow in that period (over all periods, where
    it reported nothing; equal weights, where all is zero). One silent day of a single point in a
    quarter of 90 gives 89/90; a silent point that carries next to nothing costs next to nothing.

    Parameters
    ----------
    daily : DataFrame, columns gas_day, key, label, value_kwh, status, updated
        From `read_daily` or `read_records`.
    crosswalk : DataFrame, columns kind, key, target, valid_from, valid_to, sign, counts
        Rows of kind ``point`` are used; ``key`` is operator/point/direction.
    freq : {"Q", "M", "A"}
        Length of the periods.

    Returns
    -------
    DataFrame, columns route, period, value_twh, days, coverage
        TWh gross a period; ``days`` is the number of gas days with any value. A period without
        any value is absent. ``attrs``: ``spikes`` (see `spikes`), ``unused`` (counting keys of
        the crosswalk without data), ``unmapped`` (keys of the data that the crosswalk lacks).

    Raises
    ------
    DataError
        If `freq` is unknown, no point counts, or one point counts twice on a day.
    """
    if freq not in PERIODS:
        raise DataError("sum_points", [f"freq {freq!r} is unknown; expected one of M, Q, A."])
    daily = deduplicate(daily)
    points = crosswalk[crosswalk["kind"] == "point"]
    counting = _counting(points)
    grid = _expected_days(daily, counting, freq)
    out = _totals(_weigh(grid))
    keys = set(daily["key"])
    used = daily[daily["key"].isin(counting["key"])]
    out.attrs["spikes"] = spikes(used)
    out.attrs["unused"] = sorted(set(counting["key"]) - keys)
    out.attrs["unmapped"] = sorted(keys - set(points["key"]))
    return out


def spikes(daily: pd.DataFrame, factor: float = SPIKE) -> list[tuple[str, str, float, float]]:
    """List days that stand out from their neighbours and from what the point usually carries.

    A day is held against the greater of two medians: of the three reported days on either side,
    and of the point's days with flow. So a pipe that comes back after an outage is not listed.

    Parameters
    ----------
    daily : DataFrame, columns gas_day, key, label, value_kwh, status, updated
    factor : float
        Multiple from which a day is listed.

    Returns
    -------
    list of (key, gas_day, value_kwh, ratio)

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", periods=8)
    >>> daily = pd.DataFrame({"gas_day": days, "key": "a/p/entry", "value_kwh": 100.0})
    >>> daily.loc[4, "value_kwh"] = 5000.0
    >>> spikes(daily)
    [('a/p/entry', '2024-01-05', 5000.0, 50.0)]
    """
    known = daily[daily["value_kwh"].notna()].sort_values(["key", "gas_day"])
    by_point = known.groupby("key")["value_kwh"]
    around = pd.concat([by_point.shift(n) for n in (-3, -2, -1, 1, 2, 3)], axis=1).median(axis=1)
    flowing = known["value_kwh"].where(known["value_kwh"] > 0)
    usual = flowing.groupby(known["key"]).transform("median")
    ratio = known["value_kwh"] / around.where(around > usual, usual)
    found = known.assign(ratio=ratio.round(1))[ratio >= factor]
    days = found["gas_day"].dt.strftime("%Y-%m-%d")
    return list(
        zip(found["key"], days, found["value_kwh"].tolist(), found["ratio"].tolist(), strict=True)
    )


# -- what the update asks and reads ---------------------------------------------------------------


def points() -> pd.DataFrame:
    """Return the point rows of ``crosswalk.csv``: key, label, target, validity, counts, reason.

    Examples
    --------
    >>> table = points()
    >>> table[["key", "target", "counts"]].head(1).values.tolist()
    [['BG-TSO-0001/ITP-00549/entry', 'turkstream-2', 'true']]
    """
    table = pd.read_csv(reading.DATA / "crosswalk.csv", dtype=str, keep_default_na=False)
    return table[table["kind"] == "point"].reset_index(drop=True)


def request(period: Any) -> list[Request]:
    """Ask for the points that count in the quarter or the 100 days before it.

    Ten point-directions and at most 92 gas days a question; never an ``offset``.

    Examples
    --------
    >>> asked = request("2026Q3")
    >>> asked[0].tag, asked[0].empty
    ('flow-2026-03-23-2026-05-25-1', (404, 500))
    """
    span = periods.parse(period)
    first, last = span.start - dt.timedelta(days=BACK_DAYS), span.end - dt.timedelta(days=1)
    keys = _counted(first, last)
    groups = [keys[i : i + MOST_POINTS] for i in range(0, len(keys), MOST_POINTS)]
    return [
        Request(NAME, f"flow-{start}-{end}-{number}", _address(group, start, end), empty=(404, 500))
        for start, end in _pieces(first, last)
        for number, group in enumerate(groups, start=1)
    ]


def little(day: dt.date) -> Request | None:
    """Ask for one point and the week before a day: a probe, not an update.

    Examples
    --------
    >>> little(dt.date(2026, 11, 28)).tag
    'flow-one-point'
    """
    first, last = day - dt.timedelta(days=7), day - dt.timedelta(days=1)
    keys = _counted(first, last)[:1]
    tag = "flow-one-point"
    return Request(NAME, tag, _address(keys, first, last), empty=(404, 500)) if keys else None


def _counted(first: dt.date, last: dt.date) -> list[str]:
    table = points()
    here = validity.in_force(table[table["counts"] == "true"], first, last + dt.timedelta(days=1))
    return sorted(set(here["key"]))


def _pieces(first: dt.date, last: dt.date) -> list[tuple[dt.date, dt.date]]:
    """Cut a run of days into equal pieces of at most `MOST_DAYS`."""
    days = (last - first).days + 1
    count = -(-days // MOST_DAYS)
    cuts = [first + dt.timedelta(days=days * i // count) for i in range(count + 1)]
    return [(a, b - dt.timedelta(days=1)) for a, b in itertools.pairwise(cuts)]


def _address(keys: Sequence[str], first: dt.date, last: dt.date) -> str:
    joined = ",".join(key.replace("/", "").lower() for key in keys)
    return (f"{BASE}?pointDirection={joined}&from={first}&to={last}&indicator=Physical%20Flow"
            "&periodType=day&timezone=CET&limit=-1")  # fmt: skip


def excluded(period: Any) -> pd.DataFrame:
    """List the points that do not count in a period, and why (double counts, onward legs, …).

    Returns
    -------
    DataFrame, columns key, label, target, reason

    Examples
    --------
    >>> table = excluded("2021Q1")
    >>> bool((table["reason"] != "").all()), len(table) > 5
    (True, True)
    """
    span, table = periods.parse(period), points()
    here = validity.in_force(table, span.start, span.end)
    left_out = here[here["counts"] != "true"]
    return left_out[["key", "label", "target", "reason"]].reset_index(drop=True)


@reading.shaped
def parse(answer: Answer) -> pd.DataFrame:
    """Read one answer.

    Returns
    -------
    DataFrame, columns `reading.COLUMNS`
        Series ``flow_point``, entity operator/point/direction, kWh gross a gas day. Confirmed is
        actual, all else provisional; placeholders and days not yet settled (see `SETTLED`) are
        left out. Empty where the server says that it has no result (404, 500 or 200 with just
        that message).

    Raises
    ------
    SourceError
        On any other message, HTML, another unit or indicator, a lost field, or where more than a
        tenth of the values are no numbers.

    Examples
    --------
    >>> body = b'{"message": "No result found"}'
    >>> answer = reading.answer_of(request("2026Q3")[0], body, status=404)
    >>> len(parse(answer))
    0
    """
    data = _envelope(answer)
    if data is None:
        return reading.empty()
    data, faulty = _sound(data)
    if len(faulty) > reading.MOST_FAULTY * (len(data) + len(faulty)):
        reading.refuse(
            answer, f"{faulty[0]['reason']} {len(faulty)} of {len(data) + len(faulty)} so."
        )
    try:
        daily = read_records(data)
    except (DataError, UnitError) as error:
        reading.refuse(answer, " ".join(str(error).split()))
    daily = daily[daily["value_kwh"].notna() & _settled(daily["gas_day"], answer.retrieved)]
    if daily.empty:
        return reading.empty()
    updated = daily["updated"].dt.strftime("%Y-%m-%d").fillna("")
    day = daily["gas_day"].dt.strftime("%Y-%m-%d")
    table = pd.DataFrame(
        {
            "series": SERIES, "entity": daily["key"], "period": day, "freq": "D",
            "value": daily["value_kwh"], "unit": "kWh/d", "basis": "GCV",
            "status": daily["status"].eq("Confirmed").map({True: "actual", False: "provisional"}),
            "published": updated, "ref": daily["key"] + "." + day, "note": daily["label"],
        }
    )  # fmt: skip
    found = reading.frame(answer, table)
    if faulty:
        ref = f"{answer.sha256[:16]}#"
        found.attrs["faulty"] = [{**row, "ref": ref + row["ref"]} for row in faulty]
    words = sorted({*daily["status"]} - {*_RANK})
    return reading.aside(found, [f"warning: flowStatus {word!r} is unknown" for word in words])


def _sound(records: Any) -> tuple[list[Any], list[dict[str, Any]]]:
    """Part the records whose value is no number from the others; see `reading.frame`."""
    sound, faulty = [], []
    for record in records:
        text = str(record.get("value")).strip() if isinstance(record, Mapping) else ""
        if text in ("", "None") or _NUMBER.fullmatch(text):
            sound.append(record)
            continue
        key = "/".join(
            str(record.get(f"{name}Key", "?")) for name in ("operator", "point", "direction")
        )
        day = str(record.get("periodFrom"))[:10]
        faulty.append({
            "series": SERIES, "entity": key, "period": day, "freq": "D", "value": float("nan"),
            "unit": "kWh/d", "basis": "GCV", "status": "provisional", "source": NAME, "ref": f"{key}.{day}",
            "reason": f"{text!r} of {key} on {day} is no flow; expected kWh a day, 0 or more.",
        })  # fmt: skip
    return sound, faulty


_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?")
_NOTHING = ("no result found", "no data available", "no data found")


def _envelope(answer: Answer) -> list[Any] | None:
    """Return the records, or None where the server says plainly that there are none."""
    said = _message(answer)
    if said.lower() in _NOTHING:
        return None
    if "archived" in said.lower():
        reading.refuse(answer, f"{said!r}: these days lie before the live window; no zero.")
    if said:
        reading.refuse(answer, f"Instead of data came the message {said!r}.")
    data = reading.read_json(answer)
    # it mirrors the address; of the plural, by which clients ask, too
    roots = [name for name in data if name.lower() in ("operationaldata", "operationaldatas")]
    if len(roots) != 1:
        reading.field(answer, data, "operationalData", "The answer")
    records = data[roots[0]]
    if not isinstance(records, list):
        reading.refuse(answer, "'operationalData' is no list of records.")
    return records


def _message(answer: Answer) -> str:
    """Return the text of an answer that is nothing but a message, whatever its status."""
    if answer.status not in (200, 404, 500):
        _refuse_status(answer)
    plain = reading.answer_of(answer.request, answer.body, headers=answer.headers)
    try:
        data = reading.read_json(plain)
    except reading.SourceError:
        _refuse_status(answer)
    if isinstance(data, Mapping) and "message" in data:
        return str(data["message"]).strip().rstrip(".")
    if answer.status != 200 or not isinstance(data, Mapping):
        _refuse_status(answer)
    return ""


def _refuse_status(answer: Answer) -> NoReturn:
    said = reading.excerpt(answer.body)
    reading.refuse(answer, f"HTTP {answer.status} without records: {said}. That is no zero.")


def _settled(gas_day: pd.Series, retrieved: dt.datetime) -> pd.Series:
    """Tell which gas days are old enough; days in the future pass, for the gate to catch."""
    settled = gas_day + SETTLED + dt.timedelta(hours=6) <= retrieved.astimezone(dt.UTC).replace(
        tzinfo=None
    )
    return settled | (gas_day > pd.Timestamp(retrieved.date()))


def routes(
    observations: pd.DataFrame, crosswalk: pd.DataFrame | None = None, freq: str = "Q"
) -> pd.DataFrame:
    """Add up daily observations of points to observations of routes.

    Parameters
    ----------
    observations : DataFrame, columns `reading.COLUMNS`
        Rows of `parse`, of one edition; other series are passed over.
    crosswalk : DataFrame, optional
        Default the one in the package.
    freq : {"Q", "M", "A"}

    Returns
    -------
    DataFrame, columns `reading.COLUMNS`
        Series ``flow``, entity = route, TWh gross a period, with ``coverage``. Provisional where
        any day is; ``ref`` joins the answers behind it. ``attrs`` as of `sum_points`.

    Examples
    --------
    >>> len(routes(reading.empty()))
    0
    """
    rows = observations[observations["series"] == SERIES]
    if rows.empty:
        return reading.empty()
    crosswalk = points() if crosswalk is None else crosswalk
    daily = pd.DataFrame(
        {
            "gas_day": pd.to_datetime(rows["period"]), "key": rows["entity"], "label": rows["note"],
            "value_kwh": rows["value"], "updated": pd.to_datetime(rows["published"], utc=True),
            "status": rows["status"].map({"actual": "Confirmed"}).fillna("Provisional"),
        }
    )  # fmt: skip
    sums = sum_points(daily, crosswalk, freq)
    target = crosswalk[crosswalk["counts"].astype(str).str.lower() == "true"]
    behind = _behind(rows, target.drop_duplicates("key").set_index("key")["target"], freq)
    out = sums.merge(behind, on=["route", "period"], how="left").assign(
        series="flow", freq=freq, unit="TWh", basis="GCV", source=NAME, note="sum of border points"
    )
    out = out.rename(columns={"route": "entity", "value_twh": "value"})[COLUMNS]
    out.attrs = sums.attrs
    return out


def _behind(rows: pd.DataFrame, target: pd.Series, freq: str) -> pd.DataFrame:
    """Return status, dates and answers behind each route and period."""
    parts = rows.assign(
        route=rows["entity"].map(target),
        period=pd.to_datetime(rows["period"]).dt.to_period(PERIODS[freq]).astype(str),
        answer=rows["ref"].str.split("#").str[0],
        actual=rows["status"] == "actual",
    ).dropna(subset="route")
    groups = parts.groupby(["route", "period"])
    found = groups.agg(
        actual=("actual", "all"), published=("published", "max"), retrieved=("retrieved", "max"),
        ref=("answer", lambda a: ";".join(f"{digest}#points" for digest in sorted({*a}))),
    )  # fmt: skip
    found["status"] = found.pop("actual").map({True: "actual", False: "provisional"})
    return found.reset_index()


# -- cells and sums ----------------------------------------------------------------------------------


def _days(text: pd.Series, where: str) -> pd.Series:
    days = pd.to_datetime(text, format="%Y-%m-%d", errors="coerce")
    return _refuse(days.isna(), text, days, where, "is not a date; expected YYYY-MM-DD")


def _gas_days(text: pd.Series, where: str) -> pd.Series:
    """Return the days of labels; one whose clock is no start of a gas day is refused.

    06:00 in Berlin is 04:00 or 05:00 UTC. A label at 22:00 UTC is midnight there: by its date it
    would move the flow to the eve.
    """
    clock = text.str.extract(r"T(\d\d):\d\d:\d\d(?:Z|([+-]\d\d):?\d\d)$")
    hour = clock[0].astype(float) - clock[1].fillna("0").astype(float)
    odd = hour.notna() & ~hour.between(3, 6)
    _refuse(odd, text, text, where, "starts no gas day (06:00 CET); ask with timezone=CET")
    return _days(text.str[:10], where)


def _parse_values(text: pd.Series, where: str, signed: bool = False) -> pd.Series:
    """Blank is missing; anything else has to be a number, and unless `signed` not below zero."""
    values = pd.to_numeric(text, errors="coerce").astype("float64")
    bad = (values.isna() & (text.str.strip() != "")) | ((values < 0) & (not signed))
    return _refuse(bad, text, values, where, "is no flow; expected kWh a day, 0 or more")


def _refuse(bad: pd.Series, text: pd.Series, good: pd.Series, where: str, why: str) -> pd.Series:
    if bad.any():
        raise DataError(where, [f"{where} row {i}: {text[i]!r} {why}" for i in text.index[bad]])
    return good


def _optional(raw: pd.DataFrame, name: str) -> pd.Series:
    return raw[name].fillna("") if name in raw else pd.Series("", index=raw.index)


def _flag(raw: pd.DataFrame, name: str) -> pd.Series:
    if name not in raw:
        return pd.Series(False, index=raw.index)
    return pd.to_numeric(raw[name], errors="coerce").fillna(0).astype(bool)


def _check_records(raw: pd.DataFrame, where: str) -> None:
    missing = [f for f in _RECORD if f not in raw]
    if missing:
        raise DataError(where, [f"Field {f!r} is missing; expected {_RECORD}." for f in missing])
    units = sorted(set(raw["unit"]) - {"kWh/d"})
    if units:
        raise UnitError(
            f"ENTSOG records in {', '.join(map(repr, units))}; expected 'kWh/d'. "
            "Ask with periodType=day and indicator=Physical Flow."
        )
    other = sorted(set(raw["indicator"]) - {"Physical Flow"})
    if other:
        raise DataError(where, [f"Indicator {o!r}; expected 'Physical Flow'." for o in other])


def _counting(points: pd.DataFrame) -> pd.DataFrame:
    """Return the counting rows with real dates, after checking that none of them overlap."""
    counts = points["counts"].astype(str).str.lower() == "true"
    rows = points.loc[counts, ["key", "target", "sign"]].astype({"sign": int})
    if rows.empty:
        raise DataError("crosswalk", ["No row of kind 'point' counts; there is nothing to sum."])
    for column, held in zip(
        ("valid_from", "valid_to"), validity.spans(points[counts]), strict=True
    ):
        rows[column] = pd.to_datetime(held.astype("datetime64[s]"))
    rows = rows.sort_values(["key", "valid_from"]).reset_index(drop=True)
    same = rows["key"] == rows["key"].shift()
    overlap = rows[same & (rows["valid_from"] < rows["valid_to"].shift())]
    if len(overlap):
        raise DataError(
            "crosswalk",
            [
                f"Point {key!r} counts twice from {day} on; "
                "end the earlier row where the later one starts."
                for key, day in zip(
                    overlap["key"], overlap["valid_from"].dt.strftime("%Y-%m-%d"), strict=True
                )
            ],
        )
    return rows


def _expected_days(daily: pd.DataFrame, counting: pd.DataFrame, freq: str) -> pd.DataFrame:
    """Lay out every expected point and day of the periods the data touches, with its value."""
    code = PERIODS[freq]
    spans = daily["gas_day"].dt.to_period(code)
    first, end = spans.min().start_time, spans.max().end_time
    parts = []
    for key, route, sign, since, until in counting.itertuples(index=False, name=None):
        days = pd.date_range(max(first, since), min(end, until), inclusive="left")
        parts.append(pd.DataFrame({"gas_day": days, "key": key, "route": route, "sign": sign}))
    grid = pd.concat(parts, ignore_index=True)
    grid = grid.merge(daily[[*_KEY, "value_kwh"]], on=_KEY, how="left")
    grid["period"] = grid["gas_day"].dt.to_period(code).astype(str)
    return grid


def _weigh(grid: pd.DataFrame) -> pd.DataFrame:
    here = grid.groupby(["key", "period"])["value_kwh"].transform("mean")
    usual = grid.groupby("key")["value_kwh"].transform("mean")
    weight = here.fillna(usual).fillna(0.0)
    # All zero (a closed route that still reports): every point-day weighs the same.
    idle = weight.groupby([grid["route"], grid["period"]]).transform("sum") == 0
    weight = weight.mask(idle, 1.0)
    return grid.assign(weight=weight, held=weight.where(grid["value_kwh"].notna(), 0.0))


def _totals(grid: pd.DataFrame) -> pd.DataFrame:
    grid = grid.assign(
        signed=grid["value_kwh"] * grid["sign"],
        day=grid["gas_day"].where(grid["value_kwh"].notna()),
    )
    groups = grid.groupby(["route", "period"], sort=True)
    out = pd.DataFrame(
        {
            "value_twh": groups["signed"].sum(min_count=1) / 1e9,
            "days": groups["day"].nunique(),
            "coverage": (groups["held"].sum() / groups["weight"].sum()).round(4),
        }
    )
    return out[out["days"] > 0].reset_index()
