"""Border prices by market and quarter, out of sourced figures; none is made up.

A quarter takes its own figure where one exists, else the one of a longer span, held constant and
marked so. Which series speaks first for a market is `ORDER`, with its reason. Price formulas and
netback are not here.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pandas as pd

from energy import periods, units
from energy.observations import STATUS, rows_of

UNIT = "USD/1000 m3"
COLUMNS = ["market", "period", "price", "unit", "status", "series", "id", "reason"]

DENSITY = 0.724
"""kg/m3 at 20 °C of the gas in Power of Siberia 1.

Source: customs mass over Gazprom's volume, 2.965 Mt for 4.1 bcm (2020) and 7.537 Mt for
10.39 bcm (2021): 0.723 and 0.725."""

KNOWN = ("actual", "provisional", "estimate", "contract")
FIRM = ("actual", "provisional")
CUSTOMS_BY_MASS = "customs_value_per_mass"


@dataclass(frozen=True)
class Rule:
    """One step of the order: which rows of which series may speak, and why they stand here."""

    series: str
    status: tuple[str, ...]
    why: str


_WEST = (
    Rule("gazprom_europe", FIRM, "the company's own mean for Europe"),
    Rule("ministry_far_abroad", FIRM, "ministry's outturn for Europe and Turkey"),
    Rule("customs_service", FIRM, "Russian customs, exports beyond the former Soviet Union"),
    Rule("ministry_far_abroad", KNOWN, "ministry's estimate in the year itself"),
    Rule("gazprom_europe_outlook", ("plan",), "the company's outlook, nothing else known"),
    Rule("ministry_far_abroad", ("plan",), "ministry's forecast, nothing else known"),
)
ORDER: dict[str, tuple[Rule, ...]] = {
    "china": (
        Rule(CUSTOMS_BY_MASS, KNOWN, f"customs value over customs mass at {DENSITY} kg/m3"),
        Rule("customs_china", FIRM, "customs price as printed, its cubic metre unstated"),
        Rule("customs_china_value_per_volume", KNOWN, "customs value over Gazprom's volume"),
        Rule("ministry_china", KNOWN, "ministry's figure for the year"),
        Rule("ministry_china", ("plan",), "ministry's forecast, nothing else known"),
    ),
    "europe": _WEST,
    "turkey": _WEST,
    "balkans-turkey": _WEST,
    "far-abroad": _WEST[1:4] + _WEST[5:],
    "belarus": (Rule("gazprom_belarus", KNOWN, "Gazprom's price for Belarus"),),
    "former-ussr": (Rule("gazprom_former_ussr", KNOWN, "Gazprom's mean, former Soviet Union"),),
}
"""Market to the series that may speak for it, first come first. See `by_market` for the reasons."""


def by_market(prices: pd.DataFrame, volumes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the border price of each market by quarter.

    Parameters
    ----------
    prices : DataFrame
        The table of facts: ``id, series, market, period, freq, value, unit, status, derived,
        published, note``. Only rows in USD/1000 m3 are used.
    volumes : DataFrame, optional
        The table of facts; its Chinese customs months (value and mass) give the price of
        2019 Q4 to 2021 Q4.

    Returns
    -------
    DataFrame
        ``market, period`` (first day of the quarter)``, price, unit`` (USD/1000 m3)``, status,
        series, id`` (``;``-joined)``, reason``. One row a market and quarter, never more. No row:
        no price is known, which is not a price of zero. ``status`` is the figure's own where the
        figure is for that quarter, ``estimate`` where a longer span is held constant, ``plan``
        where only a forecast exists.

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

    Within one series: a quarter; then what the year leaves to the only quarter without a figure;
    then two or more months of the quarter; then half-year, nine months, year, shorter first;
    then actual before estimate, the later published, the lower id. Two ends of a stated range
    give their middle.
    """
    table = prices[prices["unit"] == UNIT]
    by_mass = _customs_by_mass(volumes) if volumes is not None else pd.DataFrame()
    if len(by_mass):
        table = pd.concat([table, by_mass], ignore_index=True)
    offers = {str(name): _offers(rows) for name, rows in table.groupby("series")}
    rows = [row for market in ORDER for row in _market(market, offers)]
    result = pd.DataFrame(rows, columns=COLUMNS)
    result["period"] = pd.to_datetime(result["period"])
    return result.sort_values(["market", "period"], ignore_index=True)


def _market(market: str, offers: dict[str, pd.DataFrame]) -> list[tuple]:
    """Return the rows of one market: for each quarter the first rule that has a figure."""
    taken: dict[dt.date, tuple] = {}
    for rule in ORDER[market]:
        if rule.series not in offers:
            continue
        rows = offers[rule.series]
        for row in rows_of(rows[rows["row_status"].isin(rule.status)]):
            if row.quarter not in taken:
                reason = f"{rule.why}; {row.how}"
                taken[row.quarter] = (market, row.quarter, row.price, UNIT, row.status,
                                      rule.series, row.id, reason)  # fmt: skip
    return list(taken.values())


def _offers(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what one series can say for each quarter, best first.

    Columns ``quarter, price, status, row_status, id, how``.
    """
    spans = [periods.parse(text) for text in rows["period"]]
    table = _middle_of_ranges(
        rows.assign(start=[s.start for s in spans], end=[s.end for s in spans])
    )
    found = [offer for row in rows_of(table) for offer in _held(row)]
    found += _left_over(table) + _of_months(table)
    columns = ["quarter", "rank", "order", "price", "status", "row_status", "id", "how"]
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


def _held(row) -> list[tuple]:
    """Return the quarters that one row covers whole, its figure held constant over them."""
    quarters = periods.span(row.start, row.end - dt.timedelta(days=1), "Q")
    whole = [q for q in quarters if row.start <= q.start and q.end <= row.end]
    own = len(whole) == 1 and (row.start, row.end) == (whole[0].start, whole[0].end)
    status = row.status if own or row.status == "plan" else "estimate"
    how = "figure of the quarter" if own else f"figure of {row.period}, held constant"
    rank = 1 if own else 3 + len(whole)
    return [(q.start, rank, _order(row), row.value, status, row.status, row.id, how) for q in whole]


def _order(row) -> tuple:
    """Sort key among rows of one span: standing, then the latest published, then the id."""
    late = (row.published if isinstance(row.published, str) else "").replace("-", "")
    return STATUS.index(row.status), -int((late or "0").ljust(8, "0")), row.id


def _left_over(table: pd.DataFrame) -> list[tuple]:
    """Return the quarter that a year leaves when the three others are known, equal weights."""
    firm = table[table["status"].isin(FIRM)]
    found = []
    for year in rows_of(firm[firm["freq"] == "A"]):
        inside = firm[(firm["freq"] == "Q") & (firm["period"].str[:4] == year.period)]
        inside = inside.drop_duplicates("period")
        missing = {f"{year.period}Q{q}" for q in range(1, 5)} - set(inside["period"])
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


def _of_months(table: pd.DataFrame) -> list[tuple]:
    """Return quarters made of two or more of their months, as a plain mean."""
    months = [
        (row, periods.containing(row.start, "Q").start, count)
        for row in rows_of(table)
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


def _months(row) -> int:
    """Count the whole months of a span shorter than a quarter and inside one, else 0."""
    if row.start.day != 1 or row.end.day != 1:
        return 0
    count = (row.end.year - row.start.year) * 12 + row.end.month - row.start.month
    last = row.end - dt.timedelta(days=1)
    same = periods.containing(row.start, "Q") == periods.containing(last, "Q")
    return count if count < 3 and same else 0


def _customs_by_mass(volumes: pd.DataFrame) -> pd.DataFrame:
    """Price the quarters of Chinese customs: value over mass, the mass as volume at 20 °C."""
    rows = volumes[(volumes["entity"] == "china") & (volumes["freq"] == "M")]
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


def _months_of(rows: pd.DataFrame, series: str, unit: str) -> pd.DataFrame:
    """Return one customs series by month, the actual and latest published row of each."""
    held = rows[(rows["series"] == series) & (rows["unit"] == unit)]
    best = sorted(range(len(held)), key=[_order(row) for row in rows_of(held)].__getitem__)
    held = held.iloc[best].drop_duplicates("period")
    return held.set_index("period")[["value", "id", "source", "published"]].sort_index()
