"""Is a delivery plausible as a whole? Tests of series against their past, each other and physics.

`gate` judges single rows from above; here whole series are judged in both directions: a seasonal
interval, a common factor (and which), a lag, stuck and zero meters, swapped series, and identities
that hold whatever the level. The same tests run twice: on what a source delivered, and on the
sums that a release would show. Every test returns one sentence a row that it doubts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd

from energy.measure import periods
from energy.measure.observations import rows_of

KEYS = ["series", "entity", "freq", "source", "basis"]

ENOUGH = 18
"""Months (or 8 quarters) of the past that can tell season and noise apart."""

WIDTH = 5.0
"""Half width of the interval in robust standard deviations: one clean value in a million."""

LEAST = 0.10
"""Least half width (in logarithms, about a tenth) of a series with a short past."""

LONG, LEAST_LONG = 24, 0.05
"""Changes on the year from which the noise is well known, and the least half width from then on: 0 for
15 °C makes 0.948, and a month's mean of the steadiest meter moves less without a cause."""

FEW = 6
"""Changes on the year that tell the noise so badly that it counts double."""

ALL = 0.04
"""Least common change of many series that is doubted, in logarithms."""

STEP = 0.045
"""Least step of a daily rate that is doubted, in logarithms."""

RECORD, LEAST_RECORD, YEAR = 1.25, 0.03, 250
"""A step is doubted too that beats the largest of the past by a quarter, from this size on, where the
past holds a year of trading days: markets know leaps, and what theirs were like is seen in them."""

COMMON = 4.0
"""Half width of the interval of many series' common change, in standard deviations. One delivery is
one test, not one a series: four keep mistakes as rare here as `WIDTH` does there."""

LAGS = 31
"""Days that a daily series is tried beside its place."""

ALIKE, BETTER = 0.9, 0.2
"""Correlation of changes from which a series stands beside its place, and by how much it must beat
that in its place."""

TIGHT = 0.004
"""Spread of ratios (in logarithms) below which a revision is one factor, not many revisions."""

FACTOR = 0.021
"""A common factor nearer to 1 than this (two per cent) is a restatement as they occur."""

RUN = 10
"""Equal days in a row from which a meter that used to vary is stuck."""

CALORIFIC_RANGE = (35.0, 43.0)
"""Gross calorific values of pipeline gas, MJ per m3 at 15 °C; outside lies another unit or basis."""

DRIFT = 0.02
"""Share by which a ratio of two units of one figure may leave its usual value."""


def doubts(rows: pd.DataFrame, known: pd.DataFrame) -> pd.Series:
    """Return a sentence for each row that does not fit its past, its siblings or physics.

    Parameters
    ----------
    rows : DataFrame, columns `COLUMNS`
        One delivery of one source, or the sums of one release.
    known : DataFrame, columns `COLUMNS`
        What stood before.

    Returns
    -------
    Series of str
        By the index of ``rows``; rows that are not doubted are absent. A row equal to what was
        known is never doubted.
    """
    if rows.empty:
        return pd.Series(dtype=object)
    table = _placed(rows, known)
    fresh = table["value"] != table["old"]
    said: dict[int, str] = {}
    past = _placed(known, known)
    for test in TESTS:
        for place, text in test(table, past):
            if fresh[place]:
                said.setdefault(int(place), text)
    return pd.Series(said, dtype=object)


def _placed(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Add the number of the month and day of each period, and the value last known of its key."""
    starts = {text: periods.parse(text).start for text in rows["period"].unique()}
    begin = pd.to_datetime(rows["period"].map(starts))
    name = rows["series"].astype(str)
    for column in ("entity", "freq", "source", "basis"):
        name = name + "|" + rows[column].astype(str)
    table = rows.assign(name=name, begin=begin, month=periods.month_numbers(begin))
    if known is rows:
        return table.assign(old=rows["value"])
    held = known.drop_duplicates([*KEYS, "period"], keep="last")
    both = rows[[*KEYS, "period"]].merge(held[[*KEYS, "period", "value"]], how="left")
    return table.assign(old=both["value"].to_numpy(dtype=float))


Doubts = Iterator[tuple[int, str]]


class Mean(NamedTuple):
    """A month or quarter of one series, and the rows that it is the mean of."""

    month: int
    value: float
    places: list[int]


class PlacedValue(NamedTuple):
    """One row of a delivery: where it stands, and its value."""

    place: int
    value: float


class CalorificValue(NamedTuple):
    """MJ per m3 of one figure, and its rows in energy and in volume."""

    who: str
    gcv: float
    place_e: int
    place_v: int


class Part(NamedTuple):
    """What one partner delivered, and what all together did."""

    place: int
    partner: str
    value: float
    value_total: float


class StorageSize(NamedTuple):
    """TWh that a full storage would hold, and the rows of its stock and its fullness."""

    entity: str
    size: float
    place_s: int
    place_f: int


class Cross(NamedTuple):
    """Ratio of two rouble rates on one day, and the rows of both."""

    pair: str
    cross: float
    place_a: int
    place_b: int


def _placed_values(table: pd.DataFrame) -> Iterator[PlacedValue]:
    return rows_of(table.assign(place=table.index), PlacedValue)


# -- one series against its past -------------------------------------------------------------------


def interval(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt values outside of the seasonal interval: last year's value, the drift since, the noise."""
    past = _monthly(known)
    new = _monthly(table)
    for name, mine in new.groupby("name"):
        before = past[past["name"] == name]
        step = 3 if mine["freq"].iloc[0] == "Q" else 1
        if len(before) < (8 if step == 3 else ENOUGH):
            continue
        series = before.drop_duplicates("month").set_index("month")["value"]
        for row in rows_of(mine, Mean):
            found = _outside(series, row.month, row.value)
            if found:
                yield from ((place, found) for place in row.places)


def _monthly(table: pd.DataFrame) -> pd.DataFrame:
    """Return months and quarters as they are and days as means of months of twenty days or more."""
    rows = table[table["freq"].isin(["M", "Q"])]
    slow = rows[["name", "freq", "month", "value"]].assign(
        places=pd.Series([[i] for i in rows.index], index=rows.index, dtype=object)
    )
    days = table[table["freq"] == "D"]
    if days.empty:
        return slow
    places = pd.Series(days.index, index=days.index)
    groups = days.assign(place=places).groupby(["name", "month"])
    means = groups.agg(value=("value", "mean"), count=("value", "size"), places=("place", list))
    means = means[means["count"] >= 15].reset_index().assign(freq="M")
    return pd.concat([slow, means[["name", "freq", "month", "value", "places"]]], ignore_index=True)


def _outside(series: pd.Series, month: int, value: float) -> str:
    """Return why a value lies outside of the interval of its series, "" where it does not."""
    past = series[series.index < month]
    positive = past[past > 0]
    if len(positive) < len(past) * 0.9 or len(positive) < 8 or value < 0:
        return ""
    if value == 0:
        run = (past == 0).any()
        return "" if run else f"0 where {len(past)} earlier values never were: a placeholder?"
    change = np.log(positive) - np.log(positive.reindex(positive.index - 12).to_numpy())
    change = change.dropna()
    if len(change) < 4 or month - 12 not in positive.index:
        newest = np.log(positive.tail(24))
        middle, spread = newest.median(), robust_spread(newest)
        base, drift, noise = float(np.exp(middle)), 0.0, max(spread, 0.1)
    else:
        recent = change.tail(6)
        base, drift = float(positive[month - 12]), float(recent.median())
        noise = _noise(change, drift)
    least = LEAST_LONG if len(change) >= LONG else LEAST if len(change) >= 2 * FEW else 1.5 * LEAST
    off, width = np.log(value / base) - drift, max(WIDTH * noise, least)
    if abs(off) <= width:
        return ""
    low, high = (base * np.exp(drift + side * width) for side in (-1, 1))
    return f"{value:.6g} is {np.exp(off):.3g} times what season and level suggest ({low:.4g} to {high:.4g})"


def _noise(change: pd.Series, drift: float) -> float:
    """Return the deviation of changes on the year from those before; a short past says it wide."""
    before = change.rolling(6, min_periods=2).median().shift().fillna(drift)
    return robust_spread(change - before) * (1 + (FEW / len(change)) ** 2)


def robust_spread(values: pd.Series) -> float:
    """Return the standard deviation as the median deviation tells it, blind to a few outliers.

    >>> robust_spread(pd.Series([1.0, 2.0, 3.0, 1000.0]))  # the outlier moves it little
    1.4826
    """
    return float(1.4826 * (values - values.median()).abs().median()) if len(values) else 0.0


def step(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a rate or price of a day that leaves the week before by more than days ever did."""
    level = table["series"].str.startswith(("fx", "share_price", "wb_", "storage_fill"))
    for name, mine in table[level & (table["freq"] == "D")].groupby("name"):
        past = known[known["name"] == name].sort_values("begin")
        if len(past) < 30:
            continue
        last, change = past["value"].tail(10).median(), np.log(past["value"]).diff().dropna()
        width = max(WIDTH * 3 * robust_spread(change), STEP)
        if len(past) >= YEAR:
            width = min(width, max(RECORD * _largest_step(past["value"]), LEAST_RECORD))
        new = mine[mine["begin"] > past["begin"].max()].sort_values("begin")
        for row in _placed_values(new):
            if last > 0 and row.value > 0 and abs(np.log(row.value / last)) > width:
                yield row.place, f"{row.value:g} after {last:g}: a step that no day before took"
            else:
                last = _followed(last, row.value)


def _followed(last: float, value: float) -> float:
    """Return the level that days are held against, a day on: a week's mean, newest days first."""
    return 0.8 * last + 0.2 * value


def _largest_step(values: pd.Series) -> float:
    """Return the largest step that a day of the past took, in logarithms, as `step` measures it."""
    last, largest = float(values.head(10).median()), 0.0
    for value in values.iloc[10:].tolist():
        if last > 0 and value > 0:
            largest = max(largest, abs(float(np.log(value / last))))
        last = _followed(last, value)
    return largest


def stuck(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt values that stay the same where the series used to vary; and long runs of zeros."""
    for name, mine in table.groupby("name"):
        past = known[known["name"] == name].sort_values("begin")["value"]
        if len(past) < ENOUGH:
            continue
        usual = _longest(past)
        mine = mine.sort_values("begin")
        least = RUN if mine["freq"].iloc[0] == "D" else 3
        most = max(least, int(1.5 * usual) + 1)
        run = (mine["value"] != mine["value"].shift()).cumsum()
        for _, part in mine.groupby(run):
            if len(part) >= most and (
                len(past) > 3 * usual or part["value"].iloc[0] != past.iloc[-1]
            ):
                what = f"{len(part)} times {part['value'].iloc[0]:g} in a row, never more than {usual} before"
                yield from (
                    (place, f"{what}: a stuck meter, or a placeholder?") for place in part.index
                )


def repeated(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a new month or quarter that holds its neighbour's value to the last digit.

    A series that stands a period beside shows itself so from its first new value on, long before
    there are enough of them to compare; so does one that was filled up with its last value.
    """
    slow, before = (part[part["freq"].isin(["M", "Q"])] for part in (table, known))
    for name, mine in slow[slow["old"].isna()].groupby("name"):
        past = before[before["name"] == name].drop_duplicates("month", keep="last")
        step = 3 if mine["freq"].iloc[0] == "Q" else 1
        if len(past) < (8 if step == 3 else ENOUGH) or _neighbours_equal(past, step):
            continue
        values = pd.concat([past, mine]).drop_duplicates("month", keep="last")
        by_month = values.set_index("month")["value"]
        for row in rows_of(mine.assign(place=mine.index), PlacedValue):
            beside = by_month.get(int(mine["month"].loc[row.place]) - step)
            if beside == row.value and len(f"{row.value:.12g}".strip("-0.").replace(".", "")) >= 4:
                yield (
                    row.place,
                    f"{row.value:.10g} is the value of the period before: moved, or filled up?",
                )


def _neighbours_equal(past: pd.DataFrame, step: int) -> bool:
    """Tell whether the series ever held one value in two periods that follow each other."""
    series = past.set_index("month")["value"]
    return bool((series == series.reindex(series.index - step).to_numpy()).any())


def _longest(values: pd.Series) -> int:
    return (
        int(values.groupby((values != values.shift()).cumsum()).size().max()) if len(values) else 0
    )


# -- a whole delivery against the one before --------------------------------------------------------


def factor(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a part of a series that was revised by one ratio, and name it."""
    both = table[(table["old"] != table["value"]) & (table["old"] > 0) & (table["value"] > 0)]
    for _, mine in both.groupby(["series", "source", "basis", "freq"]):
        ratio = pd.Series(np.log(mine["value"] / mine["old"]))
        middle = ratio.median()
        one = (ratio - middle).abs() < TIGHT
        if len(mine) < 6 or one.mean() < 0.7 or abs(middle) < FACTOR:
            continue
        text = (
            f"{one.sum()} values were revised by one factor, {np.exp(middle):.4g}{_named(middle)}"
        )
        yield from ((place, text) for place in mine.index[one])


NAMED = {1 / 24: "hours for days", 24.0: "days for hours", 0.5: "halved", 2.0: "doubled",
         0.9: "net for gross", 1 / 0.9: "gross for net", 0.948: "0 for 15 °C", 1.055: "15 for 0 °C",
         1.0732: "20 for 0 °C", 1 / 1.0732: "0 for 20 °C", 3.6: "MJ for kWh", 1 / 3.6: "kWh for MJ",
         1000.0: "thousands", 0.001: "thousands"}  # fmt: skip


def _named(ratio: float) -> str:
    near = min(NAMED, key=lambda f: abs(np.log(f) - ratio))
    return f" ({NAMED[near]}?)" if abs(np.log(near) - ratio) < 0.012 else ""


def together(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt new values of many series that left their past by one and the same factor.

    How far the mean of all may go by chance follows from what each one's noise was; series of one
    place count once, for they move together.
    """
    past, rows = _monthly(known), _monthly(table[table["value"] != table["old"]])
    if past.empty or rows.empty:
        return
    drift, noise = _drifts(past)
    year = past.drop_duplicates(["name", "month"]).set_index(["name", "month"])["value"]
    ago = year.reindex(pd.MultiIndex.from_arrays([rows["name"], rows["month"] - 12])).to_numpy()
    change = np.log(rows["value"].where(rows["value"] > 0) / ago)
    words = rows["name"].str.split("|")
    rows = rows.assign(
        off=change - rows["name"].map(drift).astype(float),
        noise=rows["name"].map(noise).astype(float),
        kind=words.str[-2:].str.join("|"),
        place=words.str[1],
    ).dropna(subset="off")
    for _, mine in rows.groupby("kind"):
        if len(mine) < 6 or mine["name"].nunique() < 3:
            continue
        means = mine.groupby("place").agg(off=("off", "mean"), noise=("noise", "median"),
                                          months=("month", "nunique"))  # fmt: skip
        middle = float(mine["off"].median())
        sure = float(np.sqrt((means["noise"] ** 2 / means["months"]).mean() / len(means)))
        if abs(middle) > max(ALL, COMMON * sure) and abs(middle) > robust_spread(means["off"]):
            text = f"{len(mine)} new values of {mine['name'].nunique()} series are all {np.exp(middle):.3g} times " \
                   f"what their past suggests{_named(middle)}"  # fmt: skip
            yield from ((p, text) for places in mine["places"] for p in places)


def _drifts(past: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Return by series the middle change on the year over its last twelve months, and the noise."""
    drift, noise = {}, {}
    for name, mine in past.groupby("name"):
        series = mine.drop_duplicates("month").set_index("month")["value"].sort_index()
        series = np.log(series[series > 0])
        change = (series - series.reindex(series.index - 12).to_numpy()).dropna()
        if len(change) >= 3:
            drift[str(name)] = float(change.tail(12).median())
            noise[str(name)] = _noise(change, drift[str(name)])
    return drift, noise


def lag(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a series that fits what was known better a period beside than in its place."""
    history = dict(iter(known.groupby("name")))
    for name, mine in table[table["freq"] != "D"].groupby("name"):
        old = history.get(name, known.head(0)).drop_duplicates("month").set_index("month")["value"]
        width = 3 if mine["freq"].iloc[0] == "Q" else 12 if mine["freq"].iloc[0] == "A" else 1
        gaps = {k: _gap(mine, old, k) for k in (-width, 0, width)}
        if not np.isfinite(gaps[0]) or gaps[0] < 0.02:
            continue
        best = min(gaps, key=lambda k: gaps[k])
        if best and gaps[best] < 0.3 * gaps[0]:
            text = f"the series fits what was known {abs(best) // width} period {'later' if best > 0 else 'earlier'}"
            yield from ((place, text + ": moved?") for place in mine.index)


def _gap(mine: pd.DataFrame, old: pd.Series, shift: int) -> float:
    """Return the middle relative distance to what was known, ``shift`` months beside."""
    beside = old.reindex(mine["month"] + shift).to_numpy()
    gap = np.abs(mine["value"].to_numpy() / np.where(beside > 0, beside, np.nan) - 1)
    gap = gap[np.isfinite(gap)]
    return float(np.mean(gap)) if len(gap) >= 6 else float("inf")


def beside(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a series that moves as what was known moved, but some days or a period beside it.

    Changes are correlated, not values compared: neither rounding, nor a revision, nor another
    level hides a shift. Only a series that also speaks of what was known can be judged so.
    """
    history = dict(iter(known.groupby("name")))
    for name, mine in table.groupby("name"):
        past = history.get(name, known.head(0))
        daily = mine["freq"].iloc[0] == "D"
        new, old = (_by_place(part, daily) for part in (mine, past))
        width, least = (LAGS, 15) if daily else (2, ENOUGH // 2)
        fits = {k: _fit(new, old, k, least) for k in range(-width, width + 1)}
        best = max(fits, key=lambda k: fits[k])
        if best and np.isfinite(fits[0]) and fits[best] > max(ALIKE, fits[0] + BETTER):
            what = f"{abs(best)} {'day' if daily else 'period'}{'s' if abs(best) > 1 else ''}"
            side = "later" if best > 0 else "earlier"
            text = (
                f"moves as what was known {what} {side} did (correlation {fits[best]:.2f}; in its "
                f"place {fits[0]:.2f}): shifted?"
            )
            yield from ((place, text) for place in mine.index)


def _by_place(rows: pd.DataFrame, daily: bool) -> pd.Series:
    """Return values by the number of their day, month, quarter or year."""
    step = {"Q": 3, "A": 12}.get(rows["freq"].iloc[0] if len(rows) else "", 1)
    place = (rows["begin"] - pd.Timestamp(0)).dt.days if daily else rows["month"] // step
    series = pd.Series(rows["value"].to_numpy(dtype=float), index=place.to_numpy())
    return series[~series.index.duplicated(keep="last")].sort_index()


def _fit(new: pd.Series, old: pd.Series, shift: int, least: int) -> float:
    """Return the correlation of the changes of two series, the old one ``shift`` places on.

    -inf where fewer than ``least`` changes can be compared, or one of the two stands still.
    """
    a, b = _change(new, new.index), _change(old, new.index + shift)
    both = np.isfinite(a) & np.isfinite(b)
    a, b = a[both], b[both]
    if len(a) < least or a.std() == 0 or b.std() == 0:
        return float("-inf")
    return float(np.corrcoef(a, b)[0, 1])


def _change(series: pd.Series, places: pd.Index) -> np.ndarray:
    """Return the change from the place before to each of these places; NaN where one is unknown."""
    if series.empty:
        return np.full(len(places), np.nan)
    first = min(series.index[0], places[0] - 1)
    dense = np.full(max(series.index[-1], places[-1]) - first + 1, np.nan)
    dense[series.index.to_numpy() - first] = series.to_numpy()
    at = places.to_numpy() - first
    change: np.ndarray = dense[at] - dense[at - 1]
    return change


def swapped(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt two series of which each now holds what the other held."""
    changed = table[(table["old"] != table["value"]) & table["old"].notna()]
    wide = changed.pivot_table(
        index="period", columns="name", values=["value", "old"], aggfunc="first"
    )
    if wide.empty or len(wide) < 3:
        return
    names = list(wide["value"].columns)
    for name in names:
        for other in names:
            if other == name:
                continue
            both = wide["value"][name].notna() & wide["old"][other].notna()
            same = (wide["value"][name][both] / wide["old"][other][both] - 1).abs() < 1e-6
            if both.sum() >= 3 and same.mean() > 0.8:
                text = (
                    f"holds what {other.split('|')[1]} {other.split('|')[0]} held before: swapped?"
                )
                yield from ((p, text) for p in changed.index[changed["name"] == name])


# -- identities ------------------------------------------------------------------------------------


def two_units(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a figure in energy and in volume whose ratio is no calorific value, or not its own."""
    now, then = (_ratios(part) for part in (table, known))
    past = then.groupby("who")["gcv"]
    usual, count = past.median().to_dict(), past.size().to_dict()
    for row in rows_of(now, CalorificValue):
        low, high = CALORIFIC_RANGE
        if count.get(row.who, 0) >= 6:
            low, high = (usual[row.who] * (1 + side * DRIFT) for side in (-1, 1))
        if not low <= row.gcv <= high:
            text = f"{row.gcv:.4g} MJ/m3 by its two units; usual is {low:.4g} to {high:.4g}"
            yield row.place_e, text
            yield row.place_v, text


def _ratios(table: pd.DataFrame) -> pd.DataFrame:
    """Return MJ per m3 of each figure that stands there in TJ and in million m3."""
    rows = table[table["unit"].isin(["TJ_GCV", "MIO_M3"]) & (table["value"] > 0)]
    rows = rows.assign(place=rows.index, who=rows["series"] + "|" + rows["entity"])
    sides = {unit: rows[rows["unit"] == unit] for unit in ("TJ_GCV", "MIO_M3")}
    both = sides["TJ_GCV"].merge(
        sides["MIO_M3"], on=["who", "period", "freq"], suffixes=("_e", "_v")
    )
    return both.assign(gcv=both["value_e"] / both["value_v"])[["who", "gcv", "place_e", "place_v"]]


def total(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a partner that delivers more than all partners, or whose share leaps."""
    rows = table[table["series"].str.startswith("import_declared_") & (table["value"] > 0)]
    parts = rows["series"].str.extract(r"import_declared_([a-z]+)_(g\d+)")
    rows = rows.assign(partner=parts[0], fuel=parts[1], place=rows.index)
    keys = ["entity", "period", "unit", "fuel"]
    sums = rows[rows["partner"] == "total"][[*keys, "value"]]
    both = rows[rows["partner"] != "total"].merge(sums, on=keys, suffixes=("", "_total"))
    for row in rows_of(both[both["value"] > 1.02 * both["value_total"]], Part):
        yield (
            row.place,
            f"{row.value:g} from {row.partner}, but {row.value_total:g} from all together",
        )


def storage(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a stock that does not fit its fullness, and a fullness above 102 per cent."""
    for full in _placed_values(table[(table["series"] == "storage_fill") & (table["value"] > 102)]):
        yield full.place, f"{full.value:g} % full cannot be"
    now, then = (_storage_sizes(part) for part in (table, known))
    usual = then.groupby("entity")["size"].median()
    for row in rows_of(now, StorageSize):
        size = usual.get(row.entity, np.nan)
        if np.isfinite(size) and abs(row.size / size - 1) > 0.03:
            text = f"stock over fullness makes {row.size:.5g} TWh of room; so far it was {size:.5g}"
            yield row.place_s, text
            yield row.place_f, text


def _storage_sizes(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[table["series"].isin(["storage_stock", "storage_fill"]) & (table["value"] > 5)]
    rows = rows.assign(place=rows.index)
    sides = {name: rows[rows["series"] == name] for name in ("storage_stock", "storage_fill")}
    both = sides["storage_stock"].merge(
        sides["storage_fill"], on=["entity", "period"], suffixes=("_s", "_f")
    )
    return both.assign(size=100 * both["value_s"] / both["value_f"])[
        ["entity", "size", "place_s", "place_f"]
    ]


def crossed(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt rouble rates of two currencies whose ratio leaves the cross rate of the last month."""
    now, then = (_crosses(part) for part in (table, known))
    if then.empty or now.empty:
        return
    usual = then.sort_values("period").groupby("pair")["cross"].apply(lambda s: s.tail(30).median())
    for row in rows_of(now, Cross):
        before = usual.get(row.pair, np.nan)
        if np.isfinite(before) and abs(np.log(row.cross / before)) > 0.07:
            text = f"{row.pair} by the two rates is {row.cross:.4g}; it was {before:.4g}"
            yield row.place_a, text
            yield row.place_b, text


def _crosses(table: pd.DataFrame) -> pd.DataFrame:
    rows = table[
        (table["series"] == "fx") & (table["freq"] == "D") & table["entity"].str.startswith("RUB/")
    ]
    rows = rows.assign(place=rows.index)
    both = rows.merge(rows, on="period", suffixes=("_a", "_b"))
    both = both[both["entity_a"] < both["entity_b"]]
    pair = both["entity_b"].str[4:] + "/" + both["entity_a"].str[4:]
    return both.assign(pair=pair, cross=both["value_b"] / both["value_a"])[
        ["pair", "period", "cross", "place_a", "place_b"]]  # fmt: skip


def second_opinion(table: pd.DataFrame, known: pd.DataFrame) -> Doubts:
    """Doubt a sum that leaves the other sources of the same figure by more than it ever did."""
    rows = table[table["freq"].isin(["M", "Q"]) & (table["value"] > 0)]
    past = known[known["freq"].isin(["M", "Q"]) & (known["value"] > 0)]
    keys = ["series", "entity", "freq", "period"]
    others = pd.concat([past, rows]).drop_duplicates([*keys, "source", "basis"], keep="last")
    now = rows[rows["value"] != rows["old"]].merge(others, on=keys, suffixes=("", "_b"))
    then = past.merge(past, on=keys, suffixes=("", "_b"))
    who = ["series", "entity", "freq", "source", "basis", "source_b", "basis_b"]
    usual = (
        then.assign(gap=np.log(then["value"] / then["value_b"]))
        .groupby(who)["gap"]
        .agg(["median", "size"])
    )
    spots = rows[[*keys, "source", "basis"]].itertuples(index=False, name=None)
    place = dict(zip(spots, rows.index, strict=True))
    for row in now[now["source"] != now["source_b"]].to_dict("records"):
        key = tuple(row[name] for name in who)
        if key not in usual.index or usual.loc[key, "size"] < 4:
            continue
        off = np.log(row["value"] / row["value_b"]) - usual.loc[key, "median"]
        if abs(off) > 0.25:
            text = f"{np.exp(off):.3g} times what {row['source_b']} suggests by their usual ratio"
            yield place[tuple(row[n] for n in (*keys, "source", "basis"))], text


TESTS: tuple[Callable[[pd.DataFrame, pd.DataFrame], Doubts], ...] = (
    two_units, total, storage, crossed, factor, swapped, lag, beside, stuck, repeated, step, interval, together,
    second_opinion,
)  # fmt: skip
"""The order is that of certainty: the first that doubts a row gives the reason."""
