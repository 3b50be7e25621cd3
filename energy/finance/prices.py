"""Border prices by market and quarter, out of sourced figures; none is made up.

A quarter takes its own figure where one exists, else what a longer span leaves beside it, held
constant or shaped by hub and oil, and marked so. Which series speaks first for a market is `ORDER`,
with its reason. A quarter without a print takes a modelled price with an interval (`outturn`),
before any plan: a forecast of the past never prices what happened. What is left at the field is in
`netback`.
"""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from energy.errors import DataError, PeriodError, UnknownName
from energy.facts import kept
from energy.measure import observations, periods, units
from energy.measure.cards import card
from energy.measure.observations import STATUS, newest, rows_of
from energy.measure.tables import Tables

UNIT = "USD/1000 m3"
COLUMNS = ["market", "period", "price", "p10", "p90", "unit", "status", "series", "id", "reason"]

DENSITY = 0.724
"""kg/m3 at 20 °C of the gas in Power of Siberia 1.

Source: customs mass over Gazprom's volume, 2.965 Mt for 4.1 bcm (2020) and 7.537 Mt for
10.39 bcm (2021): 0.723 and 0.725."""

KNOWN = ("actual", "provisional", "estimate", "contract")
FIRM = ("actual", "provisional")
CUSTOMS_BY_MASS = "customs_value_per_mass"
MODEL = "model"
"""The series of modelled prices: no table holds it, `outturn` makes it."""


@dataclass(frozen=True)
class Rule:
    """One step of the order: which rows of which series may speak, and why they stand here.

    Examples
    --------
    >>> Rule("customs", ("actual",), "printed at the border").why
    'printed at the border'
    """

    series: str
    status: tuple[str, ...]
    why: str


_WEST = (
    Rule("gazprom_europe", FIRM, "the company's own mean for Europe"),
    Rule("ministry_far_abroad", FIRM, "ministry's outturn for Europe and Turkey"),
    Rule("customs_service", FIRM, "Russian customs, exports beyond the former Soviet Union"),
    Rule("ministry_far_abroad", KNOWN, "ministry's estimate in the year itself"),
    Rule(MODEL, ("modelled",), "modelled from hub and oil, no print of the time was found"),
    Rule("gazprom_europe_outlook", ("plan",), "the company's outlook, nothing else known"),
    Rule("ministry_far_abroad", ("plan",), "ministry's forecast, nothing else known"),
)
ORDER: dict[str, tuple[Rule, ...]] = {
    "china": (
        Rule(CUSTOMS_BY_MASS, KNOWN, f"customs value over customs mass at {DENSITY} kg/m3"),
        Rule("customs_china", FIRM, "customs price as printed, its cubic metre unstated"),
        Rule("customs_china_value_per_volume", KNOWN, "customs value over Gazprom's volume"),
        Rule("ministry_china", KNOWN, "ministry's figure for the year"),
        Rule(MODEL, ("modelled",), "modelled from oil, no print of the time was found"),
        Rule("ministry_china", ("plan",), "ministry's forecast, nothing else known"),
    ),
    "europe": _WEST,
    "turkey": _WEST,
    "balkans-turkey": _WEST,
    "far-abroad": (*_WEST[1:5], _WEST[6]),
    "belarus": (Rule("gazprom_belarus", KNOWN, "Gazprom's price for Belarus"),),
    "former-ussr": (Rule("gazprom_former_ussr", KNOWN, "Gazprom's mean, former Soviet Union"),),
}
"""Market to the series that may speak for it, first come first. See `by_market` for the reasons."""


def kept_by_market(tables: Tables, weights: Mapping[str, pd.Series[float]]) -> pd.DataFrame:
    """Return what `by_market` makes of the facts, kept in the cache folder under their digest.

    Parameters
    ----------
    tables : Tables
    weights : mapping of str to Series
        As in `by_market`.
    """
    from energy.facts import arrow

    rows, volumes = tables["prices"], _customs_rows(tables["volumes"])
    parts: list[bytes | str] = [Path(module.__file__ or "").read_bytes() for module in
                                (sys.modules[__name__], units, periods, observations)]  # fmt: skip
    parts += [f"{np.__version__} {pd.__version__}"]
    read: dict[str, pd.DataFrame | pd.Series[float]] = {"prices": rows, "volumes": volumes}
    for name, table in {**read, **weights}.items():
        parts += [name, pd.util.hash_pandas_object(table).to_numpy().tobytes()]
    return kept.kept(
        "prices.arrow", kept.digest(*parts), lambda: by_market(rows, volumes, weights),
        pack=arrow.pack_table, unpack=arrow.unpack_table, most=16,
    )  # fmt: skip


def by_market(
    prices: pd.DataFrame,
    volumes: pd.DataFrame | None = None,
    weights: Mapping[str, pd.Series] | None = None,
) -> pd.DataFrame:
    """Return the border price of each market by quarter.

    Parameters
    ----------
    prices : DataFrame
        The table of facts: ``id, series, market, period, freq, value, unit, status, derived,
        published, note``. Only rows in USD/1000 m3 are used.
    volumes : DataFrame, optional
        The table of facts; its Chinese customs months (value and mass) give the price of
        2019 Q4 to 2021 Q4.
    weights : mapping of str to Series, optional
        Market to what flowed to it by quarter text (bcm): a printed mean of a year is weighed by
        volume, so its quarters are shaped to meet it so. Equal weights without it.

    Returns
    -------
    DataFrame
        ``market, period`` (first day of the quarter)``, price, p10, p90`` (NaN for a print)``,
        unit`` (USD/1000 m3)``, status, series, id`` (``;``-joined)``, reason``. One row a market
        and quarter, never more. No row: no price is known, which is not a price of zero.
        ``status`` is the figure's own where the figure is for that quarter, ``estimate`` where a
        longer span is spread over its quarters, ``modelled`` where nothing was printed and the
        indices are known, ``plan`` where only a forecast exists.

    Notes
    -----
    The order for China: customs value over customs mass, at 0.724 kg/m3 (20 °C), because money
    and mass are both counted; then the printed customs price, whose cubic metre is not stated and
    weighs about 0.78 kg, that of 0 °C, so it runs about 7 % above; then customs value over
    Gazprom's volume, because flow times price then gives what was paid; then the ministry, whose
    cubic metre is not stated either (its 277.1 for 2022 is 7 % above the 258.4 that was paid);
    its forecasts last. The outlier of 350 for 2022 carries the status ``estimate`` in a series
    of which only firm rows are taken, so it never speaks.

    Europe, Turkey and the two together have no price of their own each: the company's mean for
    Europe first, because it has quarters and a stated cubic metre, then the ministry's outturn for
    Europe and Turkey, then the customs service, then the ministry's estimate of the current year,
    then outlooks. Kaliningrad is Russia and has no export price; for Central Asia none was found.

    In the west a figure of a longer span is spread by the shape of the modelled price where hub
    and oil are known, so that its mean stays what was printed: in 2022 the first quarter was not
    the fourth.

    Within one series: a quarter; then what the year leaves to the only quarter without a figure;
    then two or more months of the quarter; then half-year, nine months, year, shorter first;
    then actual before estimate, the later published, the lower id. Two ends of a stated range
    give their middle.

    Examples
    --------
    >>> from energy import facts
    >>> tables = facts.load()
    >>> table = by_market(tables["prices"], tables["volumes"])
    >>> sorted(set(table["market"]))
    ['balkans-turkey', 'belarus', 'china', 'europe', 'far-abroad', 'former-ussr', 'turkey']
    """
    table = prices[prices["unit"] == UNIT]
    by_mass = _customs_by_mass(volumes) if volumes is not None else pd.DataFrame()
    if len(by_mass):
        table = pd.concat([table, by_mass], ignore_index=True)
    offers = {str(name): _offers(rows) for name, rows in table.groupby("series")}
    west = outturn(prices, WESTERN[0], volumes)  # one model for all of the west
    models = {
        market: west if market in WESTERN else outturn(prices, market, volumes) for market in ORDER
    }
    rows = [row for market in ORDER for row in _market(market, offers, models[market])]
    result = pd.DataFrame(rows, columns=[*COLUMNS, "span"])
    for market in WESTERN:
        result = _shaped(result, market, models[market], (weights or {}).get(market))
    result["period"] = pd.to_datetime(result["period"])
    return result[COLUMNS].sort_values(["market", "period"], ignore_index=True)


class _Offer(NamedTuple):
    """What a series can say for a quarter; see `_offers`."""

    quarter: dt.date
    price: float
    status: str
    row_status: str
    id: str
    how: str
    span: str


class _Standing(NamedTuple):
    """How a printed price stands among others of its span."""

    id: str
    status: str
    published: str


class _Print(NamedTuple):
    """A printed price with the days of its period, the last one excluded."""

    id: str
    period: str
    value: float
    status: str
    published: str
    start: dt.date
    end: dt.date


def _market(
    market: str, offers: Mapping[str, pd.DataFrame], model: pd.DataFrame
) -> list[tuple[Any, ...]]:
    """Return the rows of one market: for each quarter the first rule that has a figure."""
    taken: dict[dt.date, tuple[Any, ...]] = {}
    for rule in ORDER[market]:
        if rule.series == MODEL:
            for known in model.itertuples():
                start = periods.parse(str(known.Index)).start
                taken.setdefault(start, (market, start, known.price, known.p10, known.p90, UNIT,
                                         "modelled", MODEL, known.id, rule.why, ""))  # fmt: skip
        if rule.series not in offers:
            continue
        rows = offers[rule.series]
        for row in rows_of(rows[rows["row_status"].isin(rule.status)], _Offer):
            reason = f"{rule.why}; {row.how}"
            taken.setdefault(row.quarter, (market, row.quarter, row.price, np.nan, np.nan, UNIT,
                                           row.status, rule.series, row.id, reason, row.span))  # fmt: skip
    return list(taken.values())


def _shaped(
    table: pd.DataFrame, market: str, model: pd.DataFrame, weights: pd.Series | None
) -> pd.DataFrame:
    """Spread the figures of longer spans of one market by the shape of the modelled price.

    A quarter that a shorter span of the same series prices keeps that; the rest of the year is what
    makes the year's mean, shorter spans first.
    """
    table = table.copy()
    held = table[(table["market"] == market) & (table["span"] != "") & (table["status"] != "plan")]
    groups = sorted(held.groupby(["series", "span"]), key=lambda group: _days(str(group[0][1])))
    for (series, span), part in groups:
        said = float(part["price"].iloc[0])
        beside = table[(table["market"] == market) & (table["series"] == series)]
        whole = periods.parse(str(span))
        others = beside[(beside["period"] >= whole.start)
                        & (beside["period"] < whole.end)].drop(part.index)  # fmt: skip
        flow, flow_beside = _flows(part, others, weights)
        left = (said * (flow.sum() + flow_beside.sum())
                - float(flow_beside @ others["price"].to_numpy())) / flow.sum()  # fmt: skip
        full = len(part) + len(others) == len(
            periods.span(whole.start, whole.end - dt.timedelta(days=1), "Q")
        )
        rest = full and len(others) > 0 and 0.5 * said < left < 2 * said
        mean, words = (left, "what the other quarters leave") if rest else (said, "held constant")
        shape = np.ones(len(part))
        if len(part) > 1 and set(_quarter_names(part)) <= set(model.index):
            shape = model.loc[_quarter_names(part), "price"].to_numpy(float)
            words = "shaped by hub and oil" + (", what the other quarters leave" if rest else "")
        table.loc[part.index, "price"] = shape * mean / float(flow @ shape / flow.sum())
        table.loc[part.index, "reason"] = [
            text.replace("held constant", words) for text in part["reason"]
        ]
        if rest:
            table.loc[part.index, "id"] = ";".join([*part["id"].unique(), *others["id"].unique()])
    return table


def _days(span: str) -> int:
    whole = periods.parse(span)
    return (whole.end - whole.start).days


def _quarter_names(rows: pd.DataFrame) -> list[str]:
    return [periods.label(periods.containing(day, "Q")) for day in rows["period"]]


def _flows(
    part: pd.DataFrame, others: pd.DataFrame, weights: pd.Series | None
) -> tuple[np.ndarray, np.ndarray]:
    """Return what flowed in the quarters of both; equal weights where it is not known of all."""
    names = [*_quarter_names(part), *_quarter_names(others)]
    flow = np.ones(len(names)) if weights is None else weights.reindex(names).to_numpy(float)
    if np.isnan(flow).any() or flow[: len(part)].sum() <= 0:
        flow = np.ones(len(names))
    return flow[: len(part)], flow[len(part) :]


def _offers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what one series can say for each quarter, best first.

    Columns ``quarter, price, status, row_status, id, how, span`` (the text of a longer period held
    over its quarters, else "").
    """
    spans = [periods.parse(text) for text in rows["period"]]
    table = _middle_of_ranges(
        rows.assign(start=[s.start for s in spans], end=[s.end for s in spans])
    )
    found = [offer for row in rows_of(table, _Print) for offer in _held(row)]
    found += [(*offer, "") for offer in _left_over(table) + _of_months(table)]
    columns = ["quarter", "rank", "order", "price", "status", "row_status", "id", "how", "span"]
    return pd.DataFrame(found, columns=columns).sort_values(
        ["quarter", "rank", "order"], kind="stable"
    )


def _middle_of_ranges(rows: pd.DataFrame) -> pd.DataFrame:
    """Replace the two ends of a stated range by their middle, ids joined."""
    is_end = rows["note"].fillna("").str.startswith("range ")
    if not is_end.any():
        return rows
    ends = rows[is_end].groupby(["period", "source"], sort=False)
    middle = ends.first().reset_index()
    middle["value"], middle["id"] = ends["value"].mean().array, ends["id"].agg(";".join).array
    return pd.concat([rows[~is_end], middle], ignore_index=True)


def _held(row: _Print) -> list[tuple[Any, ...]]:
    """Return the quarters that one row covers whole, its figure held constant over them."""
    quarters = periods.span(row.start, row.end - dt.timedelta(days=1), "Q")
    whole = [q for q in quarters if row.start <= q.start and q.end <= row.end]
    own = len(whole) == 1 and (row.start, row.end) == (whole[0].start, whole[0].end)
    status = row.status if own or row.status == "plan" else "estimate"
    how = "figure of the quarter" if own else f"figure of {row.period}, held constant"
    rank = 1 if own else 3 + len(whole)
    span = "" if own else str(row.period)
    return [(q.start, rank, _order(row), row.value, status, row.status, row.id, how, span)
            for q in whole]  # fmt: skip


def _order(row: _Print | _Standing) -> tuple[Any, ...]:
    """Sort key among rows of one span: standing, then the latest published, then the id."""
    late = (row.published if isinstance(row.published, str) else "").replace("-", "")
    return STATUS.index(row.status), -int((late or "0").ljust(8, "0")), row.id


def _left_over(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return the quarter that a year leaves when the three others are known, equal weights."""
    firm = table[table["status"].isin(FIRM)]
    found = []
    for year in rows_of(firm[firm["freq"] == "A"], _Print):
        inside = firm[(firm["freq"] == "Q") & (firm["period"].str[:4] == year.period)]
        inside = inside.drop_duplicates("period")
        missing = set(periods.quarters_of(year.period)) - set(inside["period"])
        if len(missing) != 1:
            continue
        name = missing.pop()
        price = 4 * year.value - inside["value"].sum()
        how = f"what {year.period} leaves beside its three known quarters, equal weights"
        ids = ";".join([year.id, *inside["id"]])
        found.append(
            (periods.parse(name).start, 2, _order(year), price, "estimate", year.status, ids, how)
        )
    return found


def _of_months(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    """Return quarters made of two or more of their months, as a plain mean."""
    months = [
        (row, periods.containing(row.start, "Q").start, count)
        for row in rows_of(table, _Print)
        if (count := _months(row)) and row.status in FIRM
    ]
    found = []
    for quarter in sorted({start for _, start, _ in months}):
        parts = [(row, count) for row, start, count in months if start == quarter]
        known = sum(count for _, count in parts)
        if known < 2:
            continue
        price = sum(row.value * count for row, count in parts) / known
        first = min((row for row, _ in parts), key=_order)
        how = f"mean of {known} of its 3 months"
        ids = ";".join(row.id for row, _ in parts)
        found.append((quarter, 3, _order(first), price, "estimate", first.status, ids, how))
    return found


def _months(row: _Print) -> int:
    """Count the whole months of a span shorter than a quarter and inside one, else 0."""
    if row.start.day != 1 or row.end.day != 1:
        return 0
    count = periods.month_number(row.end) - periods.month_number(row.start)
    last = row.end - dt.timedelta(days=1)
    same = periods.containing(row.start, "Q") == periods.containing(last, "Q")
    return count if count < 3 and same else 0


def _customs_by_mass(volumes: pd.DataFrame) -> pd.DataFrame:
    """Price the quarters of Chinese customs: value over mass, the mass as volume at 20 °C."""
    rows = _customs_rows(volumes)
    rows = rows[np.array([_in_a_quarter(text) for text in rows["period"]], dtype=bool)]
    value = _months_of(rows, "customs_value", "million USD")
    mass = _months_of(rows, "customs_mass", "kt")
    both = value.add_suffix("_value").join(mass.add_suffix("_mass"), how="inner")
    both["bcm"] = units.convert(both["value_mass"].to_numpy(dtype=float), "kt", "bcm", basis="mass",
                                to_basis="20C", density=DENSITY, density_basis="20C")  # fmt: skip
    quarter = [
        periods.label(periods.containing(periods.parse(text).start, "Q")) for text in both.index
    ]
    records = []
    for name, part in both.groupby(quarter):
        records.append({
            "series": CUSTOMS_BY_MASS, "market": "china", "period": name, "freq": "Q",
            "value": part["value_value"].sum() / part["bcm"].sum(), "unit": UNIT,
            "status": "estimate", "derived": True, "source": part["source_value"].iloc[0],
            "published": part["published_value"].max(), "note": "",
            "id": ";".join([*part["id_value"], *part["id_mass"]]),
        })  # fmt: skip
    return pd.DataFrame(records)


def _customs_rows(volumes: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of Chinese customs, all that a price reads of the volumes."""
    customs = volumes["series"].isin(["customs_value", "customs_mass"])
    return volumes[(volumes["entity"] == "china") & customs]


def _in_a_quarter(text: str) -> bool:
    """Return whether a period is a month, or two that customs told as one, inside a quarter."""
    span = periods.parse(text)
    last = span.end - dt.timedelta(days=1)
    months = periods.month_number(last) - periods.month_number(span.start)
    return months < 2 and periods.containing(span.start, "Q") == periods.containing(last, "Q")


def _months_of(rows: pd.DataFrame, series: str, unit: str) -> pd.DataFrame:
    """Return one customs series by month, the actual and latest published row of each."""
    held = rows[(rows["series"] == series) & (rows["unit"] == unit)]
    best = sorted(
        range(len(held)), key=[_order(row) for row in rows_of(held, _Standing)].__getitem__
    )
    held = held.iloc[best].drop_duplicates("period")
    return held.set_index("period")[["value", "id", "source", "published"]].sort_index()


# ---- the model ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Window:
    """An averaging window over a monthly index: an assumption, not a published clause.

    Attributes
    ----------
    index : {"brent", "ttf"}
        World Bank monthly means: Brent in USD/bbl, TTF in USD/MMBtu (GCV).
    months : int
        How many months are averaged.
    lag : int
        How many whole months lie between the last month averaged and the quarter priced.

    Examples
    --------
    >>> str(Window("brent", 9, 0))
    'mean of brent over 9 months, lag 0'
    """

    index: str
    months: int
    lag: int = 0

    def __str__(self) -> str:
        """Return e.g. ``mean of brent over 9 months, lag 0``."""
        return f"mean of {self.index} over {self.months} months, lag {self.lag}"


INDICES = {"brent": "wb_brent", "ttf": "wb_gas_europe"}
"""Index to series. Contracts are said to follow gasoil and fuel oil; no price of oil products is
in the facts, so Brent stands in for both. That is an assumption of every model here."""
CHINA = (Window("brent", 9, 0), Window("brent", 9, 1), Window("brent", 6, 3))
"""Windows that fit six quarters of 2020 and 2021 alike; six points cannot tell them apart."""
EUROPE = (Window("brent", 9, 0), Window("ttf", 3, 0))
"""Oil and hub, the two of the long-term contracts; the weights are what the fit gives."""
CUSTOMS_QUARTERS = ("P0007", "P0005", "P0009", "P0011", "P0013", "P0014")
"""Printed Chinese customs prices of 2020Q1, 2020Q2 and the four quarters of 2021, one each."""


@dataclass(frozen=True)
class Formula:
    """A fitted price: intercept and one slope a window.

    Attributes
    ----------
    windows : tuple of Window
    intercept : float
        USD/1000 m3.
    slopes : tuple of float
        USD/1000 m3 for 1 USD of the index.
    r2, count, spread : float
        Fit on its own data: share explained, points, standard deviation of the residuals
        (USD/1000 m3; NaN where no freedom is left).
    status : str
        Always ``modelled``.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["prices"]
    >>> made = fit(rows, customs_quarters(rows), CHINA[:1])
    >>> made.status, made.count
    ('modelled', 6)
    """

    windows: tuple[Window, ...]
    intercept: float
    slopes: tuple[float, ...]
    r2: float
    count: int
    spread: float
    status: str = field(default="modelled", init=False)

    def __str__(self) -> str:
        """Return the price as a sum."""
        terms = [f"{b:.2f} x {w}" for b, w in zip(self.slopes, self.windows, strict=True)]
        return f"{self.intercept:.1f} + " + " + ".join(terms)

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the price as a sum, and how well it fits its own data."""
        fit = {"r2": self.r2, "count": self.count, "spread": self.spread, "status": self.status}
        return card(f"USD/1000 m3: {self}", pd.DataFrame([fit]), digits=2)


def monthly(prices: pd.DataFrame, index: str) -> pd.Series:
    """Return one index by month.

    Parameters
    ----------
    prices : DataFrame
        The table of facts.
    index : {"brent", "ttf"}

    Returns
    -------
    Series
        Index monthly PeriodIndex.

    Raises
    ------
    UnknownName
        For another index.

    Examples
    --------
    >>> from energy import facts
    >>> float(monthly(facts.load()["prices"], "brent")["2020-04"])  # USD/bbl
    23.34
    """
    if index not in INDICES:
        raise UnknownName("price index", index, INDICES)
    rows = prices[(prices["series"] == INDICES[index]) & (prices["freq"] == "M")]
    rows = newest(rows, ["period"])
    months = pd.PeriodIndex(rows["period"], freq="M")
    return pd.Series(rows["value"].to_numpy(), months, name=index).sort_index()


def averaged(prices: pd.DataFrame, window: Window, spans: Sequence[str]) -> pd.Series:
    """Average an index over the window before each quarter; a year is the mean of its quarters.

    Parameters
    ----------
    prices : DataFrame
        The table of facts.
    window : Window
    spans : sequence of str
        Quarters or years, e.g. ``["2021Q1", "2022"]``.

    Returns
    -------
    Series
        Index `spans`; NaN where a month of the window is not in the facts.

    Raises
    ------
    PeriodError
        For a span that is neither a quarter nor a year.

    Examples
    --------
    >>> from energy import facts
    >>> mean = averaged(facts.load()["prices"], Window("brent", 3), ["2021Q1", "2021Q2"])
    >>> mean.round(1).to_dict()
    {'2021Q1': 44.5, '2021Q2': 60.6}
    """
    series = monthly(prices, window.index)
    stamps = pd.PeriodIndex(series.index).to_timestamp().to_series()
    months = periods.month_numbers(stamps).to_numpy()
    begin = int(months.min()) if len(months) else 0
    known = np.full(int(months.max()) - begin + 1 if len(months) else 0, np.nan)
    known[months - begin] = series.to_numpy(dtype=float)
    values = [
        float(np.mean([_before(known, window, first - begin) for first in _quarters_of(text)]))
        for text in spans
    ]
    return pd.Series(values, pd.Index(list(spans), name="period"), name=str(window))


def _quarters_of(text: str) -> list[int]:
    """Return the number of the first month of each quarter of a span."""
    span = periods.parse(text)
    if span.freq not in ("Q", "A"):
        raise PeriodError(f"A price formula works by quarter or year, not {text!r}; give 2021Q1.")
    first = periods.month_number(span.start)
    return [first + 3 * i for i in range(4 if span.freq == "A" else 1)]


def _before(known: np.ndarray, window: Window, first: int) -> float:
    """Return the mean of the months before the one at place `first`; NaN where one is not known."""
    end = first - window.lag
    if end - window.months < 0 or end > len(known):
        return float("nan")
    return float(known[end - window.months : end].sum() / window.months)


def fit(prices: pd.DataFrame, observed: pd.Series, windows: Sequence[Window]) -> Formula:
    """Fit a price to averaged indices by ordinary least squares.

    Parameters
    ----------
    prices : DataFrame
        The table of facts.
    observed : Series
        Index quarter or year texts, values USD/1000 m3.
    windows : sequence of Window
        One or more.

    Returns
    -------
    Formula

    Raises
    ------
    DataError
        If an index does not cover a span, or there are no more points than coefficients.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["prices"]
    >>> made = fit(rows, customs_quarters(rows), CHINA[:1])
    >>> made.slopes[0] > 0, made.count
    (True, 6)
    """
    matrix = _matrix(prices, windows, observed.index)
    if len(observed) < matrix.shape[1]:
        raise DataError("price formula", [
            f"{len(observed)} prices cannot carry {matrix.shape[1]} coefficients; give more prices "
            "or fewer windows"])  # fmt: skip
    return _solve(matrix, observed.to_numpy(dtype=float), tuple(windows))


def _matrix(
    prices: pd.DataFrame, windows: Sequence[Window], spans: Sequence[str] | pd.Index
) -> np.ndarray:
    columns = [averaged(prices, window, list(spans)) for window in windows]
    bare = [f"{w} has no value for {', '.join(c.index[c.isna()])}; the months of the index are not "
            "in prices.csv" for w, c in zip(windows, columns, strict=True) if c.isna().any()]  # fmt: skip
    if bare:
        raise DataError("price formula", bare)
    return np.column_stack([np.ones(len(spans)), *columns])


def _solve(matrix: np.ndarray, values: np.ndarray, windows: tuple[Window, ...]) -> Formula:
    found = np.linalg.lstsq(matrix, values, rcond=None)[0]
    left = values - matrix @ found
    spare = len(values) - len(found)
    around = ((values - values.mean()) ** 2).sum()
    r2 = 1 - (left**2).sum() / around if around > 0 else float("nan")
    spread = float(np.sqrt((left**2).sum() / spare)) if spare > 0 else float("nan")
    slopes = tuple(float(b) for b in found[1:])
    return Formula(windows, float(found[0]), slopes, float(r2), len(values), spread)


def predict(prices: pd.DataFrame, formula: Formula, spans: Sequence[str]) -> pd.Series:
    """Return the modelled price of quarters or years, USD/1000 m3; NaN where an index ends.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["prices"]
    >>> made = fit(rows, customs_quarters(rows), CHINA[:1])
    >>> bool(predict(rows, made, ["2023Q1"]).iloc[0] > predict(rows, made, ["2021Q1"]).iloc[0])
    True
    """
    result = pd.Series(formula.intercept, pd.Index(list(spans), name="period"), name="modelled")
    for slope, window in zip(formula.slopes, formula.windows, strict=True):
        result = result + slope * averaged(prices, window, spans)
    return result.rename("modelled")


def errors(
    prices: pd.DataFrame, observed: pd.Series, windows: Sequence[Window]
) -> dict[str, pd.Series]:
    """Return the errors of a model (modelled less observed, USD/1000 m3), in three ways.

    Returns
    -------
    dict of str to Series
        ``in_sample``: fitted on all points. ``leave_one_out``: each point modelled by a fit on the
        others. ``forward``: each point modelled by a fit on the earlier ones only, from the first
        that leaves a degree of freedom; shorter for that reason. Index: the spans.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["prices"]
    >>> sorted(errors(rows, customs_quarters(rows), CHINA[:1]))
    ['forward', 'in_sample', 'leave_one_out']
    """
    ends = [periods.parse(text).end for text in observed.index]
    ordered = observed.iloc[sorted(range(len(ends)), key=ends.__getitem__)]
    matrix, values = _matrix(prices, windows, ordered.index), ordered.to_numpy(dtype=float)
    need = matrix.shape[1] + 1
    every = np.arange(len(values))
    ways = {
        "in_sample": [(i, every) for i in every],
        "leave_one_out": [(i, every[every != i]) for i in every if len(every) > need - 1],
        "forward": [(i, every[:i]) for i in every[need:]],
    }
    return {
        name: pd.Series({
            ordered.index[i]: float(matrix[i] @ _coefficients(matrix[use], values[use]) - values[i])
            for i, use in pairs
        }, dtype=float)
        for name, pairs in ways.items()
    }  # fmt: skip


def _coefficients(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.linalg.lstsq(matrix, values, rcond=None)[0]
    return found


def scores(
    prices: pd.DataFrame, observed: pd.Series, models: Mapping[str, Sequence[Window]]
) -> pd.DataFrame:
    """Compare models of one market on the same prices.

    Parameters
    ----------
    models : mapping of str to sequence of Window
        Name to windows.

    Returns
    -------
    DataFrame
        Index model; ``formula, r2, points``, then for each way of `errors` the mean absolute
        error in USD/1000 m3 and in percent: ``in_sample, in_sample_pct, leave_one_out, …``.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["prices"]
    >>> table = scores(rows, customs_quarters(rows), {"nine months": CHINA[:1], "with a lag": CHINA[1:2]})
    >>> table["points"].tolist()
    [6, 6]
    """
    rows = {}
    for name, windows in models.items():
        formula = fit(prices, observed, windows)
        rows[name] = {"formula": str(formula), "r2": formula.r2, "points": formula.count}
        for way, left in errors(prices, observed, windows).items():
            rows[name][way] = left.abs().mean()
            rows[name][f"{way}_pct"] = (left / observed[left.index]).abs().mean() * 100
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("model")


WESTERN = ("europe", "turkey", "balkans-turkey", "far-abroad")
OUTTURN_CHINA = (Window("brent", 9, 1),)
"""Of the three windows of `CHINA` the one that misses least when each print is left out."""
TAIL = 0.9  # quantile of the upper end of an interval; 80 percent of outcomes lie inside


def outturn(prices: pd.DataFrame, market: str, volumes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the modelled price of every quarter of which the indices are known, with an interval.

    Parameters
    ----------
    prices : DataFrame
        The table of facts.
    market : str
        A market of `ORDER`.
    volumes : DataFrame, optional
        The table of facts, for Chinese customs value over customs mass.

    Returns
    -------
    DataFrame
        Index quarter text; ``price, p10, p90`` in USD/1000 m3, ``id`` of the prints it was fitted
        to (``;``-joined). Empty for a market without a model, or with too few prints.

    Notes
    -----
    The fit makes the relative errors small, not the absolute ones: prints lie between 117 and 984
    USD. The west: oil over nine months and hub over three, on the company's means for Europe and
    the ministry's outturn of years without one. China: oil over nine months to one before the
    quarter, on customs value over mass and over volume. The interval is the price times one plus
    or minus Student's t at 90 percent times the root mean square of the relative errors of each
    print left out; prices of quarters that were not printed may err more than means of years.

    Examples
    --------
    >>> from energy import facts
    >>> table = outturn(facts.load()["prices"], "europe")
    >>> bool((table["p10"] <= table["p90"]).all())
    True
    """
    observed, windows = _prints(prices, market, volumes)
    empty = pd.DataFrame(columns=["price", "p10", "p90", "id"]).rename_axis("period")
    if len(observed) <= len(windows) + 2:
        return empty
    try:
        matrix = _matrix(prices, windows, observed.index)
    except DataError:  # an index does not reach back to a print: nothing can be fitted
        return empty
    values = observed["value"].to_numpy(dtype=float)
    spread = _interval(matrix, values)
    wanted = _quarters_with(prices, windows)
    if not wanted:
        return empty
    price = _matrix(prices, windows, wanted) @ _relative(matrix, values)
    ids = ";".join(observed["id"])
    return pd.DataFrame({"price": price, "p10": price * (1 - spread), "p90": price * (1 + spread),
                         "id": ids}, pd.Index(wanted, name="period"))  # fmt: skip


def _prints(
    prices: pd.DataFrame, market: str, volumes: pd.DataFrame | None
) -> tuple[pd.DataFrame, tuple[Window, ...]]:
    """Return the prints a market's model is fitted to (index period; value, id), and its windows."""
    if market in WESTERN:
        company = _firm(prices, "gazprom_europe")
        ministry = _firm(prices, "ministry_far_abroad")
        known = {str(text)[:4] for text in company.index}
        first = min(known, default="9999")
        later = [text[:4] not in known and text > first for text in ministry.index]
        return pd.concat([company, ministry[later]]).sort_index(), EUROPE
    if market == "china":
        mass = _customs_by_mass(volumes) if volumes is not None else pd.DataFrame()
        quarters = mass.set_index("period")[["value", "id"]] if len(mass) else None
        years = _firm(prices, "customs_china_value_per_volume", KNOWN)
        if quarters is not None:
            years = years[[text[:4] not in {q[:4] for q in quarters.index} for text in years.index]]
        return pd.concat([part for part in (quarters, years) if part is not None]), OUTTURN_CHINA
    return pd.DataFrame(columns=["value", "id"]), ()


def _firm(prices: pd.DataFrame, series: str, status: Sequence[str] = FIRM) -> pd.DataFrame:
    """Return one print a quarter, or a year without quarters: index period; value, id."""
    rows = prices[(prices["series"] == series) & prices["freq"].isin(["Q", "A"])]
    rows = rows[(rows["unit"] == UNIT) & rows["status"].isin(status)]
    best = sorted(
        range(len(rows)), key=[_order(row) for row in rows_of(rows, _Standing)].__getitem__
    )
    rows = rows.iloc[best].drop_duplicates("period")
    years = set(rows.loc[rows["freq"] == "Q", "period"].str[:4])
    rows = rows[(rows["freq"] == "Q") | ~rows["period"].isin(years)]
    return rows.set_index("period")[["value", "id"]].sort_index()


def _relative(matrix: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Solve for the coefficients that make relative errors least."""
    ones = np.ones(len(values))
    found: np.ndarray = np.linalg.lstsq(matrix / values[:, None], ones, rcond=None)[0]
    return found


def _interval(matrix: np.ndarray, values: np.ndarray) -> float:
    """Return the half width of the interval as a share of the price."""
    from scipy.special import (
        stdtrit,
    )  # the quantile of Student alone: scipy.stats takes two seconds

    every = np.arange(len(values))
    left = [matrix[i] @ _relative(matrix[every != i], values[every != i]) / values[i] - 1
            for i in every]  # fmt: skip
    freedom = len(values) - matrix.shape[1]
    return float(stdtrit(freedom, TAIL) * np.sqrt(np.mean(np.square(left))))


def _quarters_with(prices: pd.DataFrame, windows: Sequence[Window]) -> list[str]:
    """Return the quarters of which every index is known over its window."""
    known = [monthly(prices, window.index) for window in windows]
    if any(series.empty for series in known):
        return []
    first, last = max(s.index[0] for s in known), min(s.index[-1] for s in known)
    every = pd.period_range(first.asfreq("Q"), last.asfreq("Q") + 2, freq="Q")
    names = every.astype(str).tolist()
    held = [averaged(prices, window, names).notna() for window in windows]
    return [name for p, name in enumerate(names) if all(bool(column.iloc[p]) for column in held)]


def customs_quarters(prices: pd.DataFrame) -> pd.Series:
    """Return the six printed customs prices of China, by quarter (USD/1000 m3, 0 °C by weight).

    The mean of January and February stands for the first quarter of 2020, that of April and May
    for the second. A user who replaces one of these rows gets the replaced value.

    Examples
    --------
    >>> from energy import facts
    >>> customs_quarters(facts.load()["prices"]).index.tolist()
    ['2020Q1', '2020Q2', '2021Q1', '2021Q2', '2021Q3', '2021Q4']
    """
    rows = prices.set_index("id")["value"].reindex(list(CUSTOMS_QUARTERS))
    names = ["2020Q1", "2020Q2", "2021Q1", "2021Q2", "2021Q3", "2021Q4"]
    return pd.Series(rows.to_numpy(), pd.Index(names, name="period"), name="customs_china")


def europe_observed(prices: pd.DataFrame) -> pd.Series:
    """Return the company's own mean prices for Europe: each quarter printed, else the year.

    Examples
    --------
    >>> from energy import facts
    >>> observed = europe_observed(facts.load()["prices"])
    >>> bool((observed > 0).all())
    True
    """
    rows = prices[(prices["series"] == "gazprom_europe") & prices["freq"].isin(["Q", "A"])]
    rows = rows[(rows["unit"] == UNIT) & rows["status"].isin(FIRM)]
    years = set(rows.loc[rows["freq"] == "Q", "period"].str[:4])
    rows = rows[(rows["freq"] == "Q") | ~rows["period"].isin(years)]
    return rows.set_index("period")["value"].sort_index()


def beside(
    prices: pd.DataFrame,
    market: str,
    formula: Formula,
    *,
    first: str,
    last: str,
    volumes: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Set the modelled price of a market beside every sourced one, quarter by quarter.

    Parameters
    ----------
    prices : DataFrame
        The table of facts.
    market : str
        A market of `ORDER`.
    formula : Formula
        From `fit`.
    first, last : str
        Quarters, e.g. ``"2019Q4"``.
    volumes : DataFrame, optional
        The table of facts, for Chinese customs value over customs mass.

    Returns
    -------
    DataFrame
        Index quarter text; one column a series that speaks for the market (customs, ministry,
        company; the figure of a longer span is repeated in its quarters), forecasts in a column of
        their own (``…_forecast``), and ``modelled``. NaN where a series is silent. No column
        fills another.

    Raises
    ------
    UnknownName
        For a market without a price.

    Examples
    --------
    >>> from energy import facts
    >>> rows = facts.load()["prices"]
    >>> made = fit(rows, customs_quarters(rows), CHINA[:1])
    >>> beside(rows, "china", made, first="2021Q1", last="2021Q2").index.tolist()
    ['2021Q1', '2021Q2']
    """
    if market not in ORDER:
        raise UnknownName("market", market, ORDER)
    spans = [periods.label(span) for span in periods.span(first, last, "Q")]
    sheet = pd.DataFrame(index=pd.Index(spans, name="period"))
    for rule in ORDER[market]:
        rows = _rows_of_rule(prices, rule, volumes)
        column = rule.series + ("_forecast" if rule.status == ("plan",) else "")
        if len(rows) and column not in sheet:
            offers = _offers(rows).drop_duplicates("quarter")
            keys = [periods.label(periods.containing(day, "Q")) for day in offers["quarter"]]
            sheet[column] = pd.Series(offers["price"].to_numpy(), keys)
    return sheet.assign(modelled=predict(prices, formula, spans))


def _rows_of_rule(prices: pd.DataFrame, rule: Rule, volumes: pd.DataFrame | None) -> pd.DataFrame:
    if rule.series == CUSTOMS_BY_MASS:
        return _customs_by_mass(volumes) if volumes is not None else pd.DataFrame()
    rows = prices[(prices["series"] == rule.series) & (prices["unit"] == UNIT)]
    return rows[rows["status"].isin(rule.status)]


def modelled(prices: pd.DataFrame, spans: Sequence[str]) -> dict[str, pd.Series]:
    """Return modelled prices of quarters by market, for gas that has no sourced price.

    China by the nine months of Brent fitted to six customs quarters; Europe, Turkey and the two
    together by oil and hub fitted to the company's means for Europe. Status ``modelled``.

    Examples
    --------
    >>> from energy import facts
    >>> found = modelled(facts.load()["prices"], ["2023Q1"])
    >>> bool(found["europe"].iloc[0] > found["china"].iloc[0])
    True
    """
    china = predict(prices, fit(prices, customs_quarters(prices), CHINA[:1]), spans)
    west = predict(prices, fit(prices, europe_observed(prices), EUROPE), spans)
    return {"china": china, **dict.fromkeys(("europe", "turkey", "balkans-turkey"), west)}
