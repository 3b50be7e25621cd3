"""When was a row known: days, runs, periods as labels."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import Any

import pandas as pd

from energy.measure import periods
from energy.store.base import StoreError
from energy.store.disk import base_name

RUN_FORM = "%Y%m%dT%H%M%SZ"
PART = re.compile(r"(?P<run>\d{8}T\d{6}Z)(?:-\d{2,})?\.parquet")


def run_id(now: dt.datetime | None = None) -> str:
    """Return the id of a run that starts now: its time in UTC, so that ids sort by time.

    >>> run_id(dt.datetime(2026, 11, 24, 6, 30, tzinfo=dt.timezone.utc))
    '20261124T063000Z'
    """
    moment = now or dt.datetime.now(dt.UTC)
    if moment.tzinfo is None:
        raise StoreError(f"The time {moment} has no zone; give one in UTC.")
    return moment.astimezone(dt.UTC).strftime(RUN_FORM)


def last_day(text: Any) -> dt.date:
    """Return the last day that a date or period covers.

    >>> str(last_day("2022-02")), str(last_day("2026Q3")), str(last_day("2022-03-01"))
    ('2022-02-28', '2026-09-30', '2022-03-01')
    """
    return periods.parse(text).end - dt.timedelta(days=1)


def published_end(text: str) -> dt.date | None:
    """Return the last day a publication date can mean; None where it is unknown.

    Examples
    --------
    >>> published_end("2025-05"), published_end("")
    (datetime.date(2025, 5, 31), None)
    """
    return last_day(text[:10]) if text else None


def known_days(published: pd.Series, retrieved: pd.Series) -> pd.Series:
    """Return the day each row was known: end of ``published``, no later than ``retrieved``.

    Examples
    --------
    >>> known_days(rows["published"], rows["retrieved"]).dt.strftime("%Y-%m-%d").tolist()
    ['2025-05-01', '2025-05-01']
    """
    ends = {text: published_end(text) for text in published.unique()}
    stated = pd.to_datetime(published.map(ends)).astype("datetime64[s]")
    held = naive(retrieved).dt.normalize().astype("datetime64[s]")
    return stated.where(stated.notna() & (stated <= held), held)


def naive(moments: pd.Series) -> pd.Series:
    """Return moments of any zone in UTC, without the zone, as files and queries hold them.

    Examples
    --------
    >>> naive(rows["retrieved"]).iloc[0].isoformat()
    '2025-05-01T00:00:00'
    """
    return pd.to_datetime(moments, utc=True).dt.tz_localize(None).astype("datetime64[us]")


def in_utc(table: pd.DataFrame) -> pd.DataFrame:
    """Return rows with ``retrieved`` in UTC again.

    Examples
    --------
    >>> str(in_utc(rows.assign(retrieved=naive(rows["retrieved"])))["retrieved"].dt.tz)
    'UTC'
    """
    return table.assign(retrieved=table["retrieved"].astype("datetime64[us]").dt.tz_localize("UTC"))


@functools.lru_cache(maxsize=65_536)
def label(text: Any) -> str:
    """Return the one spelling of a period.

    Examples
    --------
    >>> label("2025-Q1"), label("2025-01")
    ('2025Q1', '2025-01')
    """
    return periods.label(periods.parse(text))


def honest_dates(rows: pd.DataFrame) -> pd.DataFrame:
    """Take away a date of publication that lies before the end of what a firm figure speaks of.

    Such a row is known from the day it was asked on, and says so in its note.

    Parameters
    ----------
    rows : DataFrame, columns `COLUMNS`

    Returns
    -------
    DataFrame
    """
    if rows.empty:
        return rows
    last = {
        text: (periods.parse(text).end - dt.timedelta(days=1)).isoformat()
        for text in rows["period"].unique()
    }
    until = rows["period"].map(last).astype(str)
    said = rows["published"].astype(str)
    short = [text[: len(day)] < day[: len(text)] for text, day in zip(said, until, strict=True)]
    early = (
        pd.Series(short, index=rows.index, dtype=bool) & (said != "") & (rows["status"] == "actual")
    )
    if not early.any():
        return rows
    note = (
        "said to be published " + said + ", before the period was over; " + rows["note"]
    ).str.removesuffix("; ")
    return rows.assign(published=said.mask(early, ""), note=rows["note"].mask(early, note))


def run_of(name: str) -> str:
    """Return the run that a vintage file is of, "" for another file.

    Examples
    --------
    >>> run_of(store.vintages()[0]), run_of("ATTRIBUTION.txt")
    ('20250501T000000Z', '')
    """
    found = PART.fullmatch(base_name(name))
    return found["run"] if found else ""


def check_run_form(run: str) -> str:
    """Return a run, or refuse what is none.

    Examples
    --------
    >>> check_run_form("20250501T000000Z")
    '20250501T000000Z'
    >>> check_run_form("yesterday")
    Traceback (most recent call last):
        ...
    energy.store.base.StoreError: 'yesterday' is no run; expected a UTC time such as ...
    """
    try:
        dt.datetime.strptime(run, RUN_FORM)
    except ValueError as error:
        raise StoreError(
            f"{run!r} is no run; expected a UTC time such as 20261124T063000Z from run_id()."
        ) from error
    return run
