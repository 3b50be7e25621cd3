"""One verdict on what a source brought: an outage is never "no data", and no data never a fault.

The same five words for every source: ``rows``, ``cell in quarantine``, ``withheld`` (the source has
the figure and does not show it), ``nothing yet`` (a valid answer, before or a little after its
usual day) and ``failed``. How many rows a quarter should bring stands in `PACES`.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

import numpy as np
import pandas as pd

from energy.measure import periods

WORDS = ("rows", "cell in quarantine", "withheld", "nothing yet", "failed", "skipped", "by hand")

DAILY_LAG = 9
"""Sources with a shorter lag than this many days have no excuse: an empty quarter has failed."""

GRACE = 30
"""Days after its usual date for which a slower source may have nothing yet."""


@dataclasses.dataclass(frozen=True)
class Pace:
    """How many rows a source brings.

    Attributes
    ----------
    unit : {"day", "weekday", "month", "quarter"}
    rows : float
        Rows a unit when all is well.
    share : float
        Share of them from which a quarter counts as complete: holidays, late reporters.
    """

    unit: str
    rows: float
    share: float = 0.8


PACES = {
    "eurostat": Pace("month", 60, 0.3),
    "entsog": Pace("day", 2, 0.9),
    "comtrade": Pace("month", 4, 0.25),
    "epdk": Pace("month", 1, 1.0),
    "siat": Pace("month", 1, 1.0),
    "taldau": Pace("month", 1, 1.0),
    "ksh": Pace("month", 1, 1.0),
    "pinksheet": Pace("month", 4, 0.75),
    "ecb": Pace("weekday", 1, 0.9),
    "cbr": Pace("weekday", 2, 0.7),
    "gie": Pace("day", 22, 0.8),
    "crea": Pace("day", 6, 0.5),
    "moex": Pace("weekday", 1, 0.7),
}
"""By source; one that is not here has no calendar."""


def expected(source: str, period: str | periods.Period) -> int:
    """Return the fewest rows of a quarter's own days that count as complete.

    Examples
    --------
    >>> expected("ecb", "2026Q3"), expected("pinksheet", "2026Q3"), expected("gem", "2026Q3")
    (59, 9, 0)
    """
    pace = PACES.get(source)
    if pace is None:
        return 0
    span = periods.parse(period)
    counts = {
        "day": (span.end - span.start).days,
        "weekday": int(np.busday_count(span.start, span.end)),
        "month": 3,
        "quarter": 1,
    }
    return int(counts[pace.unit] * pace.rows * pace.share)


def own_rows(rows: pd.DataFrame, period: str | periods.Period) -> int:
    """Count the rows whose period lies inside the quarter.

    >>> own_rows(pd.DataFrame({"period": ["2025-02", "2025Q1", "2025"]}), "2025Q1")
    2
    """
    span = periods.parse(period)
    inside = 0
    for text, count in rows["period"].value_counts().items():
        part = periods.parse(str(text))
        inside += int(count) * (span.start <= part.start and part.end <= span.end)
    return inside


def judge(
    source: str,
    period: str | periods.Period,
    today: dt.date,
    lag: int,
    rows: pd.DataFrame,
    doubtful: int = 0,
    withheld: Sequence[str] = (),
) -> tuple[str, str]:
    """Return the verdict on an answered source, and the sentence that goes with it ("" for none).

    Parameters
    ----------
    source : str
    period : str or Period
        The quarter.
    today : date
    lag : int
        Days after the quarter by which the source normally has it; 0 for one without a calendar.
    rows : DataFrame, columns `COLUMNS`
        All that was read, doubtful ones too.
    doubtful : int
        How many of them wait in quarantine.
    withheld : sequence of str
        Places of cells that the source does not show.
    """
    span = periods.parse(period)
    here, least = own_rows(rows, span), expected(source, span)
    grace = 0 if lag <= DAILY_LAG else GRACE
    due = span.end + dt.timedelta(days=lag + grace)
    if here or (lag == 0 and len(rows)):
        word = "cell in quarantine" if doubtful else "rows"
        short = here < least and today >= due
        return word, f"{here} rows of {span}; at least {least} are usual by now." if short else ""
    if withheld:
        return "withheld", f"{len(withheld)} cells are confidential, {withheld[0]} the first."
    if lag and today >= due:
        return "failed", f"No row of {span}, which it should have had by {due}: an outage?"
    return "nothing yet", f"No row of {span} yet; it is usual by {due}." if lag else ""
