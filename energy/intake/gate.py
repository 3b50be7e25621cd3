"""The gate: which delivered rows are doubtful, and why. A doubtful row waits in quarantine.

Each rule is a small function over one table, `with_history`; it returns a sentence for each row it
doubts. A row that equals what was let in before passes. Nothing is corrected or clipped here.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from energy.intake import plausible
from energy.measure import periods, units
from energy.measure.observations import rows_of

KEY = ["series", "entity", "period", "freq", "source", "basis"]
GROUP = ["series", "entity", "freq", "source", "basis", "unit"]
ENOUGH = 6
"""Fewest earlier values that can tell what is usual."""

FACTORS = {1000.0: 0.03, 3.6: 0.03, 10.55: 0.08}
"""What a mistaken unit multiplies by, and how near a ratio has to come: thousands; MJ for kWh;
kWh for m3 (10.3 to 11.4, by gas and temperature)."""

ABOVE_CAPACITY = 1.1
WHOLE = 0.999
"""Share of a period from which it counts as whole."""

STEPS = {"D": 1, "M": 12, "Q": 4, "A": 1}
FIRM = ("actual", "provisional", "estimate", "modelled")


@dataclasses.dataclass(frozen=True)
class Family:
    """What is usual for the series whose names start alike.

    Attributes
    ----------
    start : str
        Start of the name.
    jump : float
        Multiple of the largest value so far from which a value is doubtful.
    least : float
        0: not negative; above 0: positive; -inf: may be negative, if it was before.
    level : bool
        A price or rate: falls are judged as rises are.

    Examples
    --------
    >>> family("flow").level, family("flow").least
    (False, -inf)
    """

    start: str
    jump: float
    least: float = 0.0
    level: bool = False


FAMILIES = (
    Family("fx", 1.5, least=1e-9, level=True),
    Family("wb_", 2.5, least=1e-9, level=True),
    Family("share_price", 2.5, least=1e-9, level=True),
    Family("storage_", 3),
    Family("import_", 3),
    Family("trade_", 4),
    Family("flow_", 4),
    Family("route_vertices", 4),
    Family("", 4, least=-np.inf),
)
"""The first that fits is taken."""


@dataclasses.dataclass(frozen=True, eq=False)
class Context:
    """What rows are held against.

    Attributes
    ----------
    known : DataFrame
        Last known rows of the sources judged, columns `COLUMNS`.
    limits : mapping of str to float
        Route to the most that can be believed, bcm a day at 20 °C; see `energy.intake.judging.limits`.
    gcv : mapping of str to float
        Route to kWh per m3 at 20 °C.

    Examples
    --------
    >>> gate(rows, Context(rows.head(0)))[0]["value"].tolist()
    [1.0, 2.0]
    """

    known: pd.DataFrame
    limits: Mapping[str, float] = dataclasses.field(default_factory=dict)
    gcv: Mapping[str, float] = dataclasses.field(default_factory=dict)


Rule = Callable[[pd.DataFrame], pd.Series]


def gate(
    observations: pd.DataFrame, context: Context, rules: Sequence[Rule] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Part observations into good and doubtful ones.

    Parameters
    ----------
    observations : DataFrame, columns `COLUMNS`
    context : Context
    rules : sequence of callables, optional
        Default `RULES`.

    Returns
    -------
    good, doubtful : DataFrame
        Columns `COLUMNS`; the doubtful ones with ``reason``, one sentence a rule, joined by ``; ``.

    Examples
    --------
    >>> good, doubtful = gate(rows.assign(value=[1.0, float("nan")]), Context(rows.head(0)))
    >>> good["value"].tolist(), doubtful["reason"].tolist()
    ([1.0], ['nan is no number'])
    """
    rows = observations.reset_index(drop=True)
    if rows.empty:
        return rows, rows.assign(reason=pd.Series(dtype=str))
    table = with_history(rows, context)
    said = [rule(table) for rule in (RULES if rules is None else rules)]
    reason = pd.concat(said).groupby(level=0).agg("; ".join).reindex(rows.index).fillna("")
    reason = reason.mask((table["value"] == table["old"]) & ~table["twice"], "")  # let in before
    if rules is None:  # whole series are judged where no single row gave itself away
        left = rows[(reason == "").to_numpy()]
        reason = reason.where(
            reason != "", plausible.doubts(left, context.known).reindex(rows.index).fillna("")
        )
    doubtful = rows.assign(reason=reason)[reason != ""]
    return rows[reason == ""].reset_index(drop=True), doubtful.reset_index(drop=True)


def with_history(rows: pd.DataFrame, context: Context) -> pd.DataFrame:
    """Add to each row what was known before; the rules read nothing else.

    Returns
    -------
    DataFrame
        The rows with ``start, last`` (days of the period), ``old`` (the same key as last known),
        ``before, after, year_ago`` (neighbours), ``n, low, high, usual, zeros, positive`` (size,
        least, largest and middle of the earlier values that are not zero, count of zeros, share of
        positive ones), ``ratio, overlap`` (median of new to old over the series, and of how many),
        ``moved`` (share of the series that equals the month before), ``twice``, ``units`` (so
        far), ``daily, limit`` (bcm a day at 20 °C) and ``jump, least, level`` of its `Family`.
        Without `ENOUGH` earlier values a row is held against the others that came with it.

    Examples
    --------
    >>> table = with_history(rows, Context(rows.head(1)))
    >>> table["old"].tolist()
    [1.0, nan]
    """
    known = context.known.reset_index(drop=True)
    table, old = placed(rows), placed(known)
    both = pd.concat([old[GROUP], table[GROUP]], ignore_index=True)
    group = both.groupby(GROUP, sort=False).ngroup()
    old["group"], table["group"] = group[: len(old)].to_numpy(), group[len(old) :].to_numpy()
    _add_neighbours(table, old)
    _add_usual(table, old)
    _add_agreement(table)
    table["twice"] = table.duplicated(KEY, keep=False)
    table["units"] = _units_so_far(table, old)
    table["limit"] = table["entity"].map(dict(context.limits)).astype(float)
    piped = table[(table["series"] == "flow") & table["limit"].notna()]
    table["daily"] = pd.Series([_bcm_a_day(row, context) for row in rows_of(piped, _Piped)],
                               index=piped.index, dtype=float).reindex(table.index)  # fmt: skip
    kinds = {name: family(name) for name in table["series"].unique()}
    for name in ("jump", "least", "level"):
        table[name] = table["series"].map({k: getattr(f, name) for k, f in kinds.items()})
    return table


def placed(rows: pd.DataFrame) -> pd.DataFrame:
    """Add first and last day, and the number of the period in the run of its frequency.

    Examples
    --------
    >>> placed(rows)["start"].dt.strftime("%Y-%m-%d").tolist()
    ['2024-10-01', '2025-01-01']
    """
    spans = {text: periods.parse(text) for text in rows["period"].unique()}
    table = rows.assign(
        start=pd.to_datetime([spans[text].start for text in rows["period"]]),
        last=pd.to_datetime([spans[text].end for text in rows["period"]]) - pd.Timedelta(days=1),
        retrieved=pd.to_datetime(rows["retrieved"], utc=True).dt.tz_localize(None),
    )
    month = periods.month_numbers(table["start"])
    days = (table["start"] - pd.Timestamp(0)).dt.days
    kinds = {"D": days, **{freq: month // periods.STEP[freq] for freq in ("M", "Q", "A")}}
    table["step"] = np.nan
    for freq, number in kinds.items():
        table["step"] = table["step"].mask(table["freq"] == freq, number)
    return table


def _at(values: pd.DataFrame, table: pd.DataFrame, shift: Any) -> np.ndarray:
    """Return the value that stands ``shift`` periods from each row, NaN where none does."""
    placed = values.dropna(subset=["step", "value"]).drop_duplicates(["group", "step"], keep="last")
    held = placed.set_index(["group", "step"])["value"]
    wanted = pd.MultiIndex.from_arrays([table["group"], table["step"] + shift])
    return held.reindex(wanted).to_numpy()


def _add_neighbours(table: pd.DataFrame, old: pd.DataFrame) -> None:
    both = pd.concat([old, table], ignore_index=True)
    year = table["freq"].map(STEPS).where(table["freq"] != "D", 365)
    table["old"], table["before"], table["after"] = (_at(old, table, n) for n in (0, -1, 1))
    table["year_ago"] = _at(both, table, -year)


def _add_usual(table: pd.DataFrame, old: pd.DataFrame) -> None:
    """Describe the earlier values of each row's series, or the others of the same delivery."""
    for name in ("n", "low", "high", "usual", "zeros", "positive"):
        table[name] = np.nan
    for values, others in ((table, True), (old, False)):
        found = _described(values, table, others)
        enough = found["n"] >= (1 if others else ENOUGH)
        table.loc[enough, found.columns] = found[enough]
    table["n"] = table["n"].fillna(0)


def _described(values: pd.DataFrame, table: pd.DataFrame, others: bool) -> pd.DataFrame:
    size = values["value"].abs()
    nonzero = pd.Series(size.where(size > 0).to_numpy(), index=values.index).dropna()
    groups = nonzero.groupby(values["group"])
    found = pd.DataFrame({
        "n": groups.count(), "low": groups.min(), "high": groups.max(), "usual": groups.median(),
        "zeros": (size == 0).groupby(values["group"]).sum(),
        "positive": (values["value"] > 0).groupby(values["group"]).sum(),
    })  # fmt: skip
    found = found.reindex(table["group"]).set_index(table.index)
    if others:  # leave the row itself out
        own = size > 0
        found["n"] -= own
        found["positive"] -= values["value"] > 0
        found["zeros"] -= size == 0
        for name, which in (("low", groups.idxmin()), ("high", groups.idxmax())):
            rest = nonzero.drop(which.dropna()).groupby(values["group"])
            second = (rest.min() if name == "low" else rest.max()).reindex(table["group"])
            found.loc[which.dropna(), name] = second.set_axis(table.index)[which.dropna()]
    return found.assign(positive=found["positive"] / found["n"].where(found["n"] > 0))


def _add_agreement(table: pd.DataFrame) -> None:
    """Compare a re-delivered series with what was known: scaled, or moved by a month?"""
    ratio = (table["value"] / table["old"].where(table["old"] != 0)).where(table["value"] != 0)
    groups = ratio.groupby(table["group"])
    table["ratio"], table["overlap"] = groups.transform("median"), groups.transform("count")
    moved = []
    for beside in (table["before"], table["after"]):
        telling = beside.notna() & table["old"].notna() & (beside != table["old"])
        same = (telling & (table["value"] == beside)).groupby(table["group"]).transform("sum")
        count = telling.groupby(table["group"]).transform("sum")
        moved.append((same / count.where(count >= 3)).fillna(0.0))
    table["moved"] = np.maximum(moved[0], moved[1])


def _units_so_far(table: pd.DataFrame, old: pd.DataFrame) -> list[str]:
    known = old.groupby(["series", "entity", "source", "basis"])["unit"].agg(
        lambda u: ";".join(sorted({*u}))
    )
    keys = pd.MultiIndex.from_frame(table[["series", "entity", "source", "basis"]])
    return list(known.reindex(keys).fillna("")) if len(known) else [""] * len(table)


class _Piped(NamedTuple):
    """A flow with the first and last day of its period."""

    entity: str
    value: float
    unit: str
    basis: str
    start: dt.date
    last: dt.date


def _bcm_a_day(row: _Piped, context: Context) -> float:
    """Return a route's flow in bcm a day at 20 °C; NaN where it cannot be told."""
    if row.basis in ("", "unstated"):
        return float("nan")
    calorific: dict[str, Any] = {}
    if row.basis in ("GCV", "15C-40MJ"):
        if row.entity not in context.gcv:
            return float("nan")
        calorific = {"gcv": context.gcv[row.entity], "gcv_basis": "20C"}
    if units.kind(row.unit) not in ("volume", "energy"):
        return float("nan")
    value = units.convert(row.value, row.unit, "bcm", basis=row.basis, to_basis="20C", **calorific)
    days: int = (row.last - row.start).days + 1
    return float(value) / days


def _say(table: pd.DataFrame, found: pd.Series, text: Callable[[Any], str]) -> pd.Series:
    """Return one sentence for each row that was found."""
    rows = table[found.fillna(False).astype(bool)]
    if rows.empty:
        return pd.Series(dtype=object)
    return pd.Series([text(row) for row in rows.itertuples()], index=rows.index, dtype=object)


def no_number(table: pd.DataFrame) -> pd.Series:
    """Doubt a value that is missing or infinite.

    Examples
    --------
    >>> table = with_history(rows.assign(value=[1.0, float("inf")]), Context(rows.head(0)))
    >>> no_number(table).tolist()
    ['inf is no number']
    """
    return _say(table, ~np.isfinite(table["value"]), lambda r: f"{r.value} is no number")


def future(table: pd.DataFrame) -> pd.Series:
    """Doubt a figure for a time that had not begun when it was asked; plans may be ahead.

    Examples
    --------
    >>> ahead = rows.assign(retrieved=pd.Timestamp("2024-12-01", tz="UTC"))
    >>> future(with_history(ahead, Context(rows.head(0)))).tolist()
    ['2025Q1 lay ahead on 2024-12-01']
    """
    tomorrow = table["retrieved"].dt.normalize() + pd.Timedelta(days=1)
    ahead = table["status"].isin(FIRM) & (table["start"] > tomorrow)
    return _say(table, ahead, lambda r: f"{r.period} lay ahead on {r.retrieved:%Y-%m-%d}")


def published_ahead(table: pd.DataFrame) -> pd.Series:
    """Doubt a figure that claims to be published after it was asked.

    Examples
    --------
    >>> late = rows.assign(published="2026-01-01")
    >>> published_ahead(with_history(late, Context(rows.head(0)))).tolist()[:1]
    ['published 2026-01-01, after 2025-05-01']
    """
    said = pd.to_datetime(table["published"].where(table["published"] != ""), errors="coerce",
                          format="ISO8601")  # fmt: skip
    late = said > table["retrieved"] + pd.Timedelta(days=1)
    return _say(table, late, lambda r: f"published {r.published}, after {r.retrieved:%Y-%m-%d}")


def unfinished(table: pd.DataFrame) -> pd.Series:
    """Doubt a month, quarter or year that was not over when it was asked.

    Examples
    --------
    >>> early = rows.assign(retrieved=pd.Timestamp("2025-02-01", tz="UTC"))
    >>> unfinished(with_history(early, Context(rows.head(0)))).tolist()
    ['2025Q1 was not over on 2025-02-01']
    """
    running = (table["last"] >= table["retrieved"].dt.normalize()) & (table["freq"] != "D")
    running &= table["start"] <= table["retrieved"]
    return _say(table, running & table["status"].isin(FIRM),
                lambda r: f"{r.period} was not over on {r.retrieved:%Y-%m-%d}")  # fmt: skip


def partial(table: pd.DataFrame) -> pd.Series:
    """Doubt a sum that lacks a part of its period: no half quarter stands for a quarter."""
    return _say(table, table["coverage"] < WHOLE,
                lambda r: f"covers only {r.coverage:.1%} of {r.period}")  # fmt: skip


def unit_changed(table: pd.DataFrame) -> pd.Series:
    """Doubt a unit that the series never had.

    Examples
    --------
    >>> table = with_history(rows.assign(unit="TWh"), Context(rows))
    >>> unit_changed(table).tolist()[:1]
    ['unit is TWh, so far bcm']
    """
    changed = [bool(u) and unit not in u.split(";")
               for u, unit in zip(table["units"], table["unit"], strict=True)]  # fmt: skip
    return _say(table, pd.Series(changed, index=table.index, dtype=bool),
                lambda r: f"unit is {r.unit}, so far {r.units.replace(';', ', ')}")  # fmt: skip


def duplicate(table: pd.DataFrame) -> pd.Series:
    """Doubt all rows of a key that stands there more than once.

    Examples
    --------
    >>> table = with_history(pd.concat([rows, rows.head(1)], ignore_index=True), Context(rows.head(0)))
    >>> duplicate(table).tolist()[:1]
    ['2024Q4 stands there more than once']
    """
    return _say(table, table["twice"], lambda r: f"{r.period} stands there more than once")


def sign(table: pd.DataFrame) -> pd.Series:
    """Doubt a negative where none can be, and a series that turns its sign around.

    Examples
    --------
    >>> sign(with_history(rows.assign(value=[-1.0, 2.0], series="fx"), Context(rows.head(0)))).tolist()[:1]
    ['-1 cannot be: the series has no such values']
    """
    below = table["value"] < table["least"]
    turned = (table["value"] * (table["positive"] - 0.5) < 0) & table["positive"].isin([0, 1])
    turned &= (table["n"] >= ENOUGH) & ~below
    words = "the sign is turned: {0:g}, so far always the other way"
    said: pd.Series = pd.concat([
        _say(table, below, lambda r: f"{r.value:g} cannot be: the series has no such values"),
        _say(table, turned, lambda r: words.format(r.value)),
    ])  # fmt: skip
    return said


def unit_mistake(table: pd.DataFrame) -> pd.Series:
    """Doubt a series, or a value, that is off by the factor of another unit."""
    found = pd.Series(np.nan, index=table.index)
    size = table["value"].abs()
    outside = (size > 1.25 * table["high"]) | (size < table["low"] / 1.25)
    outside &= (table["n"] >= ENOUGH) & (size > 0)
    yearly = size / table["year_ago"].abs().where(table["year_ago"] != 0)
    for factor, near in FACTORS.items():
        for times in (factor, 1 / factor):
            series = ((table["ratio"] / times - 1).abs() < near) & (table["overlap"] >= 3)
            single = outside & ((yearly / times - 1).abs() < 0.15)
            within = outside & (size / times).between(table["low"] / 2, table["high"] * 2)
            found = found.mask(series | single | (within & (factor >= 1000)), times)
    table = table.assign(times=found)
    return _say(table, found.notna(),
                lambda r: f"{r.value:g} is off by {_factor(r.times)}: another unit?")  # fmt: skip


def _factor(times: float) -> str:
    return f"x{times:g}" if times > 1 else f"1/{1 / times:g}"


def shifted_month(table: pd.DataFrame) -> pd.Series:
    """Doubt a series whose values stand a period beside where they stood."""
    return _say(table, table["moved"] > 0.6,
                lambda r: f"{r.moved:.0%} of the series equal the period beside: moved by one?")  # fmt: skip


def placeholder_zero(table: pd.DataFrame) -> pd.Series:
    """Doubt a zero for a month or longer where there never was one."""
    never = (table["zeros"] == 0) & (table["n"] >= ENOUGH) & (table["freq"] != "D")
    return _say(table, never & (table["value"] == 0),
                lambda r: f"0 where none of {r.n:.0f} values was below {r.low:g}: a placeholder?")  # fmt: skip


def jump(table: pd.DataFrame) -> pd.Series:
    """Doubt a value far outside of all that was, and a revision to a multiple or a fraction."""
    most, level = table["jump"], table["level"].astype(bool)
    size, old = table["value"].abs(), table["old"].abs()
    known = table["n"] >= ENOUGH
    high = known & (size > most * table["high"])
    low = known & level & (size < table["low"] / most) & (size > 0)
    revised = (old > 0) & (size > 0) & ((size > most * old) | (size < old / most))
    revised &= table["freq"] != "D"
    said: pd.Series = pd.concat([
        _say(table, high, lambda r: f"{r.value:g} is far above the largest so far, {r.high:g}"),
        _say(table, low, lambda r: f"{r.value:g} is far below the least so far, {r.low:g}"),
        _say(table, revised, lambda r: f"{r.value:g} was {r.old:g} before"),
    ])  # fmt: skip
    return said


def capacity(table: pd.DataFrame) -> pd.Series:
    """Doubt more gas than the pipe ever could or did carry, by a tenth."""
    over = table["daily"] > ABOVE_CAPACITY * table["limit"]
    return _say(table, over, lambda r: f"{r.daily * 1000:.1f} mcm/d at 20 °C; capacity and best "
                f"quarter so far: {r.limit * 1000:.1f}")  # fmt: skip


RULES: tuple[Rule, ...] = (
    no_number, future, published_ahead, unfinished, partial, unit_changed, duplicate, sign,
    unit_mistake, shifted_month, placeholder_zero, jump, capacity,
)  # fmt: skip
SUM_RULES: tuple[Rule, ...] = (unfinished, partial, capacity)
"""What sums are held against; their parts have passed `RULES`."""


def family(series: str) -> Family:
    """Return what is usual for a series.

    Examples
    --------
    >>> family("fx").start
    'fx'
    """
    return next(f for f in FAMILIES if series.startswith(f.start))
