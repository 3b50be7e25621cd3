"""Periods of the facts and the cube: day, month, quarter, half, year, gas year, interval.

A period is a run of whole days with a frequency. It is labelled by its start, as everywhere in
this package. Zones and hours do not live here: a gas day (06:00 to 06:00 CET or CEST) is counted
under the date on which it begins, and a gas year is the gas days from 1 October to 30 September.
"""

from __future__ import annotations

import calendar
import datetime as dt
import numbers
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from energy.errors import PeriodError
from geodata.arguments import Checker, shown

checked = Checker(PeriodError)

if TYPE_CHECKING:
    import pandas as pd

FREQUENCIES = {
    "A": "calendar year",
    "H": "half-year",
    "Q": "quarter",
    "M": "month",
    "D": "day",
    "G": "gas year (from 1 October)",
    "C": "interval or cumulative total",
}
"""Every frequency and what it means. All but C repeat along the calendar."""

STEP = {"A": 12, "G": 12, "H": 6, "Q": 3, "M": 1}
"""Months in each frequency that is made of months."""

MEAN_YEAR = 365.25
"""Days in a year on average; the years of the calendar have their own (`years`)."""

FIRST_YEAR, LAST_YEAR = 1900, 2199
"""Years a text may name: outside them lies a typing error."""

_FORMS = "2025, 2025H1, 2025Q1, 2025-10, 2025-10-03, 2025M9, GY2025 or 2025-01/2025-08"
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_SIMPLE = re.compile(
    r"(?P<year>[0-9]{4})"
    r"(?:[ -]?(?P<letter>[HQM])(?P<number>[0-9]{1,2})"
    r"|-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})(?:T00:00(?::00(?:\.0+)?)?)?)?)?",
    re.IGNORECASE,
)
_GAS_YEAR = re.compile(r"GY ?(?P<year>[0-9]{4}|[0-9]{2}(?=/))(?:/(?P<next>[0-9]{2}))?", re.I)
_PARTS = {"H": ("halves", 2), "Q": ("quarters", 4), "M": ("cumulative months", 12)}


@dataclass(frozen=True, order=True)
class Period:
    """A run of whole days with a frequency; sorts by start, then by end.

    Parameters
    ----------
    start : datetime.date
        First day.
    end : datetime.date
        Day after the last one (exclusive).
    freq : str
        One of `FREQUENCIES`.

    Raises
    ------
    PeriodError
        If the frequency is unknown, the end does not come after the start, or the days are not
        one whole year, quarter … of the frequency.

    Examples
    --------
    >>> quarter = Period(dt.date(2024, 1, 1), dt.date(2024, 4, 1), "Q")
    >>> str(quarter), (quarter.end - quarter.start).days
    ('2024Q1', 91)
    """

    start: dt.date
    end: dt.date
    freq: str

    def __post_init__(self) -> None:
        """Refuse a period that is not one."""
        object.__setattr__(self, "start", _date(self.start))
        object.__setattr__(self, "end", _date(self.end))
        _known_freq(self.freq)
        if self.end <= self.start:
            raise PeriodError(
                f"A period from {self.start} to {self.end} (exclusive) has no day: "
                "give an end after the start."
            )
        if self.freq != "C" and (self.start, self.end) != _bounds(self.start, self.freq):
            raise PeriodError(
                f"{self.start} to {self.end} (exclusive) is not one whole "
                f"{FREQUENCIES[self.freq]}: use freq='C' for an interval."
            )

    def __str__(self) -> str:
        """Return the canonical text."""
        return label(self)


WORDS = {
    "A": ("a", "y", "ye", "year", "yearly", "annual", "annually"),
    "Q": ("q", "qe", "quarter", "quarterly"),
    "M": ("m", "me", "month", "monthly"),
    "G": ("g", "gy", "gas year", "gasyear"),
}
"""How people and pandas call the frequencies of the flow cube."""


@checked.after
def frequency(word: str) -> str:
    """Return the letter of a frequency that a word stands for; an unknown word as it is.

    >>> [frequency(word) for word in ("QE", "annual", "Y", "gas year", "W")]
    ['Q', 'A', 'A', 'G', 'W']
    """
    plain = str(word).strip().lower()
    return next((letter for letter, words in WORDS.items() if plain in words), str(word))


@checked.after
def parse(text: Any) -> Period:
    """Read the text of a period.

    Parameters
    ----------
    text : str, int, datetime.date, numpy.datetime64 or Period
        ``2025`` (year), ``2025H1``, ``2025Q1`` or ``2025 Q1``, ``2025-10`` (month),
        ``2025-10-03`` (day), ``2025M9`` (the first nine months, cumulative), ``GY2025`` or
        ``GY25/26`` (gas year from 1 October 2025), ``first/last`` (interval, both ends included).
        An integer is a year. A date, also one out of the cube, is that day: for the cube's
        quarter call ``containing(date, "Q")``.

    Returns
    -------
    Period

    Raises
    ------
    PeriodError
        If the text is no period, or one that does not exist.

    Examples
    --------
    >>> parse("2025Q1")
    Period(start=datetime.date(2025, 1, 1), end=datetime.date(2025, 4, 1), freq='Q')
    >>> days(parse("2025-01/2025-08"))
    243
    >>> parse("2024Q5")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    energy.errors.PeriodError: Period '2024Q5' does not exist: quarters run from Q1 to Q4, e.g. ...
    """
    if isinstance(text, Period):
        return text
    if isinstance(text, str):
        return _parse_text(text)
    if isinstance(text, numbers.Integral) and not isinstance(text, bool):
        return _parse_text(str(text))
    return containing(_date(text), "D")


@checked.after
def label(period: Period) -> str:
    """Return the canonical text of a period; `parse` gives the same period back.

    An interval from 1 January over whole months of one year is written ``2025M9``, other whole
    years ``2022/2024``, other whole months ``2025-03/2025-08``, anything else with full dates.

    Examples
    --------
    >>> label(parse("2025 q1")), label(parse("2025-01/2025-09")), label(parse("GY25/26"))
    ('2025Q1', '2025M9', 'GY2025')
    """
    start = period.start
    texts = {
        "A": f"{start:%Y}",
        "H": f"{start:%Y}H{(start.month + 5) // 6}",
        "Q": f"{start:%Y}Q{(start.month + 2) // 3}",
        "M": f"{start:%Y-%m}",
        "D": start.isoformat(),
        "G": f"GY{start:%Y}",
    }
    return texts.get(period.freq) or _label_interval(start, _last_day(period))


@checked.after
def long_label(period: Period) -> str:
    """Return a text for people.

    Examples
    --------
    >>> long_label(parse("2026Q1")), long_label(parse("GY2025"))
    ('2026 Q1 (Jan-Mar)', 'GY25/26 (Oct 2025-Sep 2026)')
    >>> long_label(parse("2025M9")), long_label(parse("2025-10-03"))
    ('Jan-Sep 2025', '3 Oct 2025')
    """
    start, last = period.start, _last_day(period)
    if period.freq in "HQ":
        return f"{start.year} {label(period)[4:]} ({_month(start)}-{_month(last)})"
    if period.freq == "G":
        years = f"GY{start.year % 100:02}/{last.year % 100:02}"
        return f"{years} ({_month(start)} {start.year}-{_month(last)} {last.year})"
    if period.freq == "C":
        return _long_interval(period)
    return {"A": f"{start.year}", "M": f"{_month(start)} {start.year}"}.get(
        period.freq, _day_text(start)
    )


@checked.after
def days(period: Period) -> int:
    """Count the days of a period.

    Examples
    --------
    >>> days(parse("2024")), days(parse("2025Q1"))
    (366, 90)
    """
    return (period.end - period.start).days


@checked.after
def months(period: Period) -> list[tuple[int, int, float]]:
    """List the months a period touches, with the share of each month's days it covers.

    Returns
    -------
    list of (year, month, share)
        In order; share is 1.0 for a whole month.

    Examples
    --------
    >>> months(parse("2025-01-01/2025-02-14"))
    [(2025, 1, 1.0), (2025, 2, 0.5)]
    """
    touched = span(period, period, "M")
    return [(m.start.year, m.start.month, overlap(m, period) / days(m)) for m in touched]


@checked.after
def containing(date: Any, freq: str) -> Period:
    """Return the period of a frequency in which a day lies.

    Parameters
    ----------
    date : datetime.date, datetime.datetime, pandas.Timestamp, numpy.datetime64 or ISO text
        The day; hours are dropped.
    freq : str
        One of A, H, Q, M, D, G.

    Raises
    ------
    PeriodError
        If the frequency is unknown, or C, which has no calendar of its own, or there is no date.

    Examples
    --------
    >>> label(containing("2025-11-24", "Q")), label(containing("2025-09-30", "G"))
    ('2025Q4', 'GY2024')
    """
    _known_freq(freq)
    if freq == "C":
        raise PeriodError("An interval (freq 'C') has no calendar: choose A, H, Q, M, D or G.")
    start, end = _bounds(_date(date), freq)
    return Period(start, end, freq)


@checked.after
def span(first: Any, last: Any, freq: str) -> list[Period]:
    """List the periods of a frequency from the one holding `first` to the one holding `last`.

    Parameters
    ----------
    first, last : Period or anything `parse` reads
        The list begins with the period in which `first` starts and ends with the one in which
        `last` ends, both included: they may reach beyond `first` and `last`.
    freq : str
        One of A, H, Q, M, D, G.

    Returns
    -------
    list of Period
        Without gap or overlap.

    Raises
    ------
    PeriodError
        If `last` ends before `first` starts, or the frequency is unknown or C.

    Examples
    --------
    >>> [label(p) for p in span("2025", "2026Q1", "Q")]
    ['2025Q1', '2025Q2', '2025Q3', '2025Q4', '2026Q1']
    """
    first, last = parse(first), parse(last)
    if last.end <= first.start:
        raise PeriodError(
            f"Span {label(first)} to {label(last)} runs backwards: swap the two periods."
        )
    periods = [containing(first.start, freq)]
    while periods[-1].end < last.end:
        periods.append(containing(periods[-1].end, freq))
    return periods


@checked.after
def overlap(a: Period, b: Period) -> int:
    """Count the days that two periods share.

    Examples
    --------
    >>> overlap(parse("2025"), parse("GY2025"))
    92
    """
    return max(0, (min(a.end, b.end) - max(a.start, b.start)).days)


@checked.after
def coverage(parts: Iterable[Period], whole: Period) -> float:
    """Return the share of a period's days that its parts cover, counting overlaps once.

    Parameters
    ----------
    parts : iterable of Period
        In any order; what lies outside `whole` does not count.
    whole : Period

    Returns
    -------
    float
        0 = nothing, 1 = every day.

    Examples
    --------
    >>> coverage([parse("2025Q1"), parse("2025H1")], parse("2025Q2"))
    1.0
    """
    covered, reached = 0, whole.start
    for part in sorted(parts):
        begin, end = max(part.start, reached), min(part.end, whole.end)
        if begin < end:
            covered += (end - begin).days
            reached = end
    return covered / days(whole)


# --- numbers ------------------------------------------------------------------------------------


@checked.after
def month_number(day: dt.date) -> int:
    """Return the months from year 0 to the month a day lies in; neighbours differ by one.

    Examples
    --------
    >>> month_number(dt.date(2026, 1, 31)) - month_number(dt.date(2025, 12, 1))
    1
    """
    return day.year * 12 + day.month - 1


@checked.after
def month_numbers(stamps: pd.Series) -> pd.Series:
    """Return the number of the month of each time stamp of a column.

    Examples
    --------
    >>> import pandas as pd
    >>> months = month_numbers(pd.Series(pd.to_datetime(["2025-12-31", "2026-01-01"])))
    >>> int(months[1] - months[0])
    1
    """
    numbers: pd.Series = stamps.dt.year * 12 + stamps.dt.month - 1
    return numbers


@checked.after
def month_start(number: int) -> dt.date:
    """Return the first day of a month by its number.

    Examples
    --------
    >>> month_start(month_number(dt.date(2024, 2, 29)) + 11)
    datetime.date(2025, 1, 1)
    """
    return dt.date(number // 12, number % 12 + 1, 1)


@checked.after
def month_label(number: int) -> str:
    """Return the text of a month by its number.

    Examples
    --------
    >>> month_label(month_number(dt.date(2025, 12, 31)) + 2)
    '2026-02'
    """
    return f"{month_start(number):%Y-%m}"


@checked.after
def first_month(number: int) -> int:
    """Return the number of January of the year that a month, by its number, lies in.

    Examples
    --------
    >>> month_start(first_month(month_number(dt.date(2025, 11, 3))))
    datetime.date(2025, 1, 1)
    """
    return number - number % 12


@checked.after
@lru_cache(maxsize=4096)
def month_days(number: int) -> int:
    """Count the days of a month by its number.

    Examples
    --------
    >>> month_days(month_number(dt.date(2024, 2, 1)))
    29
    """
    return (month_start(number + 1) - month_start(number)).days


@checked.after
def quarter_number(day: dt.date) -> int:
    """Return the quarters from year 0 to the quarter a day lies in; neighbours differ by one.

    Examples
    --------
    >>> quarter_number(dt.date(2024, 3, 31)) - quarter_number(dt.date(2023, 12, 31))
    1
    """
    return month_number(day) // 3


@checked.after
def quarter_start(number: int) -> dt.date:
    """Return the first day of a quarter by its number.

    Examples
    --------
    >>> quarter_start(quarter_number(dt.date(2025, 12, 31)) + 1)
    datetime.date(2026, 1, 1)
    """
    return month_start(number * 3)


@checked.after
def quarter_label(number: int) -> str:
    """Return the text of a quarter by its number.

    Examples
    --------
    >>> quarter_label(quarter_number(dt.date(2025, 12, 31)))
    '2025Q4'
    """
    return f"{number // 4}Q{number % 4 + 1}"


@checked.after
def quarters_of(year: int | str) -> list[str]:
    """Return the texts of the quarters of a calendar year, in order.

    Examples
    --------
    >>> quarters_of(2025)
    ['2025Q1', '2025Q2', '2025Q3', '2025Q4']
    """
    return [quarter_label(4 * int(year) + place) for place in range(4)]


@checked.after
def decimal_year(day: dt.date) -> float:
    """Return the beginning of a day as a decimal year, by the days of its own year.

    Examples
    --------
    >>> decimal_year(dt.date(2028, 7, 1)), decimal_year(dt.date(2029, 1, 1))
    (2028.4972677595629, 2029.0)
    """
    begin = dt.date(day.year, 1, 1)
    return day.year + (day - begin).days / year_days(day.year)


@checked.after
def from_decimal(year: float) -> dt.date:
    """Return the day in which a decimal year lies; `decimal_year` gives its beginning.

    Examples
    --------
    >>> from_decimal(2029.0), from_decimal(2028.999)
    (datetime.date(2029, 1, 1), datetime.date(2028, 12, 31))
    """
    whole = int(year // 1)
    passed = (year - whole) * year_days(whole)
    # A decimal year carries 12 digits or so after the point of a day: a beginning reads as itself.
    return dt.date(whole, 1, 1) + dt.timedelta(days=int(passed + 1e-6))


@checked.after
def year_days(year: int) -> int:
    """Count the days of a calendar year.

    Examples
    --------
    >>> year_days(2024), year_days(2100)
    (366, 365)
    """
    return 366 if calendar.isleap(year) else 365


@checked.after
def middle(period: Any) -> float:
    """Return the middle of a period as a decimal year.

    Parameters
    ----------
    period : Period or anything `parse` reads

    Examples
    --------
    >>> middle("2028"), round(middle("2025Q1"), 4)
    (2028.5, 2025.1233)
    """
    span = parse(period)
    return (decimal_year(span.start) + decimal_year(span.end)) / 2


@checked.after
def years(begin: dt.date, end: dt.date) -> float:
    """Return the length of an interval in years, each day counted by the length of its own year.

    Parameters
    ----------
    begin, end : datetime.date
        First day and day after the last.

    Examples
    --------
    >>> years(dt.date(2024, 1, 1), dt.date(2026, 1, 1)), years(dt.date(2024, 1, 1), dt.date(2024, 7, 1))
    (2.0, 0.4972677595628415)
    """
    total = 0.0
    for year in range(begin.year, end.year + 1):
        a, b = max(begin, dt.date(year, 1, 1)), min(end, dt.date(year + 1, 1, 1))
        if a < b:
            total += (b - a).days / year_days(year)
    return total


# --- reading -----------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _parse_text(text: str) -> Period:
    """Read a text: gas year, interval, or one simple form."""
    bare = text.strip()
    if not bare:
        raise PeriodError(f"A period is empty: expected {_FORMS}.")
    if _GAS_YEAR.fullmatch(bare) or "/" not in bare:
        return _parse_one(bare, text)
    ends = [end.strip() for end in bare.split("/")]
    if len(ends) != 2 or not all(ends):
        raise PeriodError(f"Period {text!r} is not an interval: expected first/last, {_FORMS}.")
    first, last = (_parse_one(end, text) for end in ends)
    if last.end <= first.start:
        raise PeriodError(
            f"Period {text!r} runs backwards: {ends[1]} ends before {ends[0]} starts; "
            f"write {ends[1]}/{ends[0]}."
        )
    return Period(first.start, last.end, "C")


def _parse_one(bare: str, text: str) -> Period:
    """Read one simple form or a gas year; `text` is what an error shows."""
    if gas := _GAS_YEAR.fullmatch(bare):
        return _gas_year(gas, text)
    found = _SIMPLE.fullmatch(bare)
    if not found:
        raise PeriodError(f"Period {text!r} cannot be read: expected {_FORMS}.")
    year = _year(found["year"], text)
    if found["letter"]:
        return _part_of_year(year, found["letter"].upper(), found["number"], text)
    if found["day"]:
        return _one_day(year, int(found["month"]), int(found["day"]), text)
    month = _valid_month(year, int(found["month"] or 1), text)
    return containing(dt.date(year, month, 1), "M" if found["month"] else "A")


def _gas_year(found: re.Match[str], text: str) -> Period:
    """Read GY2025, GY2025/26 or GY25/26."""
    digits = found["year"]
    year = _year(digits if len(digits) == 4 else f"20{digits}", text)
    if found["next"] and int(found["next"]) != (year + 1) % 100:
        raise PeriodError(
            f"Period {text!r} does not exist: a gas year ends one year after it starts, "
            f"e.g. GY{year % 100:02}/{(year + 1) % 100:02}."
        )
    return containing(dt.date(year, 10, 1), "G")


def _part_of_year(year: int, letter: str, digits: str, text: str) -> Period:
    """Read the number after H, Q or M."""
    name, most = _PARTS[letter]
    number = int(digits)
    if not 1 <= number <= most:
        raise PeriodError(
            f"Period {text!r} does not exist: {name} run from {letter}1 to {letter}{most}, "
            f"e.g. {year}{letter}{most}."
        )
    if digits.startswith("0"):  # 2026M05 is May in some statistics, five months in others
        either = f"{year}-{digits} for the month or " if letter == "M" else ""
        raise PeriodError(f"Period {text!r} is unclear: write {either}{year}{letter}{number}.")
    if letter == "M":
        return Period(dt.date(year, 1, 1), month_start(year * 12 + number), "C")
    return containing(dt.date(year, (number - 1) * 12 // most + 1, 1), letter)


def _one_day(year: int, month: int, day: int, text: str) -> Period:
    """Read a day, which must exist."""
    _valid_month(year, month, text)
    length = calendar.monthrange(year, month)[1]
    if not 1 <= day <= length:
        raise PeriodError(
            f"Period {text!r} does not exist: {calendar.month_name[month]} {year} has {length} "
            f"days, e.g. {year}-{month:02}-{length}."
        )
    return containing(dt.date(year, month, day), "D")


def _year(digits: str, text: str) -> int:
    """Return the year if it lies within reach."""
    if not FIRST_YEAR <= int(digits) <= LAST_YEAR:
        raise PeriodError(
            f"Period {text!r} is out of reach: years run from {FIRST_YEAR} to {LAST_YEAR}."
        )
    return int(digits)


def _valid_month(year: int, month: int, text: str) -> int:
    """Return the month if there is one of that number."""
    if not 1 <= month <= 12:
        raise PeriodError(
            f"Period {text!r} does not exist: months run from 01 to 12, e.g. {year}-12."
        )
    return month


def _date(value: Any) -> dt.date:
    """Return the day of a date, datetime, pandas Timestamp, numpy datetime64 or ISO text."""
    if type(value) is dt.date:
        return value
    if isinstance(value, str):
        return _parse_text(value).start
    if isinstance(value, dt.datetime) and value == value:  # pandas' NaT differs from itself
        return value.date()
    bare = getattr(value, "values", value)  # one label of the cube is a 0-d DataArray
    if getattr(getattr(bare, "dtype", None), "kind", "") == "M" and bare.ndim == 0:
        day = bare.astype("datetime64[D]").item()  # None for NaT
        if isinstance(day, dt.date):
            return day
    raise PeriodError(f"Period {shown(value)} is neither text nor a date: expected {_FORMS}.")


# --- the calendar ------------------------------------------------------------------------------


def _known_freq(freq: str) -> None:
    if freq not in FREQUENCIES:
        known = ", ".join(f"{key} {name}" for key, name in FREQUENCIES.items())
        raise PeriodError(f"Frequency {freq!r} is unknown: expected one of {known}.")


def _bounds(date: dt.date, freq: str) -> tuple[dt.date, dt.date]:
    """Return first day and day after the last of the period in which a date lies."""
    if freq == "D":
        return date, date + dt.timedelta(days=1)
    step = STEP[freq]
    offset = 9 if freq == "G" else 0  # a gas year starts nine months into a year
    count = month_number(date) - offset
    first = count - count % step + offset
    return month_start(first), month_start(first + step)


def _last_day(period: Period) -> dt.date:
    return period.end - dt.timedelta(days=1)


# --- writing -----------------------------------------------------------------------------------


def _is_month_end(date: dt.date) -> bool:
    return (date + dt.timedelta(days=1)).day == 1


def _label_interval(start: dt.date, last: dt.date) -> str:
    """Write an interval in the shortest text that reads back as itself."""
    if start.day != 1 or not _is_month_end(last):
        return f"{start.isoformat()}/{last.isoformat()}"
    if start.month == 1 and start.year == last.year:
        return f"{start:%Y}M{last.month}"
    if start.month == 1 and last.month == 12:
        return f"{start:%Y}/{last:%Y}"
    return f"{start:%Y-%m}/{last:%Y-%m}"


def _long_interval(period: Period) -> str:
    """Write an interval for people."""
    start, last = period.start, _last_day(period)
    if start.day != 1 or not _is_month_end(last):
        return f"{_day_text(start)}-{_day_text(last)}" if start != last else _day_text(start)
    if start.year != last.year:
        return f"{_month(start)} {start.year}-{_month(last)} {last.year}"
    ends = _month(start) if start.month == last.month else f"{_month(start)}-{_month(last)}"
    return f"{ends} {start.year}"


def _month(date: dt.date) -> str:
    """Return the English short name, whatever the locale."""
    return _MONTHS[date.month - 1]


def _day_text(date: dt.date) -> str:
    return f"{date.day} {_month(date)} {date.year}"
