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
    """Return the last day a publication date can mean; None where it is unknown."""
    return last_day(text[:10]) if text else None


def known_days(published: pd.Series, retrieved: pd.Series) -> pd.Series:
    """Return the day each row was known: end of ``published``, no later than ``retrieved``."""
    ends = {text: published_end(text) for text in published.unique()}
    stated = pd.to_datetime(published.map(ends)).astype("datetime64[s]")
    held = naive(retrieved).dt.normalize().astype("datetime64[s]")
    return stated.where(stated.notna() & (stated <= held), held)


def naive(moments: pd.Series) -> pd.Series:
    return pd.to_datetime(moments, utc=True).dt.tz_localize(None).astype("datetime64[us]")


def in_utc(table: pd.DataFrame) -> pd.DataFrame:
    return table.assign(retrieved=table["retrieved"].astype("datetime64[us]").dt.tz_localize("UTC"))


@functools.lru_cache(maxsize=65_536)
def label(text: Any) -> str:
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
    told = (
        "said to be published " + said + ", before the period was over; " + rows["note"]
    ).str.removesuffix("; ")
    return rows.assign(published=said.mask(early, ""), note=rows["note"].mask(early, told))


def run_of(name: str) -> str:
    found = PART.fullmatch(base_name(name))
    return found["run"] if found else ""


def check_run_form(run: str) -> str:
    try:
        dt.datetime.strptime(run, RUN_FORM)
    except ValueError as error:
        raise StoreError(
            f"{run!r} is no run; expected a UTC time such as 20261124T063000Z from run_id()."
        ) from error
    return run
