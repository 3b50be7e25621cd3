"""A proposed line as a bargain: what each side would lose without it, and where the price may lie.

The seller's floor is the break-even border price of `energy.finance.economics`. The buyer's ceiling
is what the gas it would buy instead costs where it is used, less the way from the border. Between
the two lies the gain, and a price splits it (Nash 1950); where the floor lies above the ceiling
there is no deal to be had. Inputs: ``bargain.csv``, each with a range and a source, or our reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from energy import facts
from energy.errors import DataError, UnknownName
from energy.finance import economics
from energy.measure.cards import card
from energy.measure.observations import newest, rows_of
from energy.measure.tables import Bargain as Row

Numbers = npt.NDArray[np.float64]
Draws = dict[str, Numbers]

LEVELS = {"p10": 0.1, "p50": 0.5, "p90": 0.9}  # what is told everywhere
# sampling then moves P10 and P90 by 1 % of their distance; the seed is a day
DRAWS, SEED = 5000, 20_261_128
FEWEST = 100  # draws; ten lie beyond each end of P10 to P90
STATE = {"duty": 0.0, "extraction_tax": 0.0, "profit_tax": 0.0}
"""What the state takes is no cost where company and state bargain as one."""
PUBLISHED = ("customs_china_value_per_volume", "ministry_china", "customs_china_from_turkmenistan")


@dataclass(frozen=True)
class Bargain:
    """Floor, ceiling and split of a proposed line.

    Attributes
    ----------
    project : str
    summary : DataFrame
        Rows ``floor`` (seller's break-even), ``ceiling`` (buyer's alternative at the border),
        ``gain`` (their difference, negative where there is no deal), ``price`` (the split, of the
        draws with a gain); columns ``mode, p10, p50, p90``, USD/1000 m3 at 20 °C.
    chance : float
        Share of draws in which both can gain. It is not the chance of a signature.
    sensitivities : DataFrame
        Index ``input``; ``low, high`` (P10, P90 of the input), and ``price_low, price_high,
        chance_low, chance_high``: the answer in the tenth of draws nearest to each end.
    variants : DataFrame
        Index ``variant``; ``floor, ceiling, price`` (medians) and ``chance``.
    published : DataFrame
        Prices others have named: ``what, period, price, source``, and ``floor_below``,
        ``ceiling_above``: the share of draws in which that price leaves each side a gain.
    inputs : DataFrame

    Examples
    --------
    >>> import energy
    >>> 0 <= energy.load().ahead.bargain(draws=200).chance <= 1
    True
    """

    project: str
    summary: pd.DataFrame
    chance: float
    sensitivities: pd.DataFrame
    variants: pd.DataFrame
    published: pd.DataFrame
    inputs: pd.DataFrame

    def __repr__(self) -> str:
        """Say price and chance in one line."""
        row = self.summary.loc["price"]
        return (f"<Bargain over {self.project}: {row['p50']:.0f} USD/1000 m3 ({row['p10']:.0f} to "
                f"{row['p90']:.0f}) where both gain, in {self.chance:.0%} of draws>")  # fmt: skip

    def _repr_html_(self) -> str:
        """Return what a notebook shows: floor, ceiling, gain and price."""
        said = f"{self.project}, USD/1000 m3 at 20 °C; both gain in {self.chance:.0%} of draws"
        return card(said, self.summary, digits=0, index=True)


def bargain(
    tables: facts.Tables,
    project: str = "power-of-siberia-2",
    *,
    power: float | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Bargain:
    """Lay a proposed line out as a bargain between its seller and its buyer.

    Parameters
    ----------
    tables : Tables
        The facts: ``bargain, project-assumptions, projects, proposals, prices``.
    project : str
        Project, or one of its routes.
    power : float, optional
        The seller's share of the gain, 0 to 1; default the range of ``bargain.csv``; 0.5 is the
        even split.
    draws, seed : int
        The same seed gives the same numbers.

    Raises
    ------
    UnknownName
        For a project that has no rows in ``bargain.csv``.
    DataError
        For a power outside 0 to 1, a range out of order, an input that is missing, too few draws.

    Notes
    -----
    Source of the split: Nash, The Bargaining Problem, Econometrica 18 (1950), in its asymmetric
    form: floor + power x (ceiling - floor) maximises (price - floor)^power x (ceiling -
    price)^(1 - power). What each side earns is linear in the price, so taxes leave the split as it
    is.

    Examples
    --------
    >>> from energy import facts
    >>> sorted(bargain(facts.load(), draws=200).summary.index)
    ['ceiling', 'floor', 'gain', 'price']
    """
    key = economics.find(tables, project)
    rows = _rows(tables, key, power, draws)
    line = economics.project(tables, key)
    found = _drawn(rows, line, draws, seed)
    answer = _split(found)
    middle = _split(_central(rows, line))
    summary = pd.DataFrame.from_dict(
        {name: {"mode": float(middle[name][0])} | _quantiles(answer, name)
         for name in ("floor", "ceiling", "gain", "price")}, orient="index",
    ).rename_axis("result")  # fmt: skip
    return Bargain(
        key, summary, float((answer["gain"] > 0).mean()), _sensitivities(found, answer),
        _variants(rows, line, found, draws, seed), _published(tables, key, answer),
        rows.reset_index(drop=True),
    )  # fmt: skip


# ---- inputs --------------------------------------------------------------------------------------


def _rows(tables: facts.Tables, key: str, power: float | None, draws: int) -> pd.DataFrame:
    """Return the rows of a project, checked; a stated power takes the place of its range."""
    table = tables["bargain"]
    rows = table[table["project"] == key]
    if rows.empty:
        raise UnknownName("bargain", key, table["project"].unique())
    faults = [f"{row.id}: low {row.low:g}, mode {row.mode:g}, high {row.high:g} are not in order; "
              "swap them" for row in rows_of(rows, Row) if not row.low <= row.mode <= row.high]  # fmt: skip
    have = set(rows["item"])
    faults += [f"no row '{item}' for {key}; add one" for item in
               ("alternative", "transport", "share", "power", "transport_own", "link")
               if item not in have]  # fmt: skip
    for row in rows_of(rows[rows["item"] == "alternative"], Row):
        faults += [f"alternative '{row.name}' has no row '{item}'; add one"
                   for item in ("transport", "share")
                   if rows[(rows["item"] == item) & (rows["name"] == row.name)].empty]  # fmt: skip
    if power is not None and not 0 <= power <= 1:
        faults.append(f"the seller's power {power:g} must lie from 0 to 1; 0.5 is the even split")
    if draws < FEWEST:
        faults.append(f"{draws} draws give no interval; take {FEWEST} or more")
    if faults:
        raise DataError("bargain.csv", faults)
    if power is None:
        return rows
    mine = rows["item"] == "power"
    return rows.assign(**{name: rows[name].where(~mine, power) for name in ("low", "mode", "high")})


def _used(rows: pd.DataFrame) -> Iterator[tuple[str, Row]]:
    """Return the inputs of the main case by name; a named way of the line itself is a variant."""
    for row in rows_of(rows, Row):
        if row.item == "transport_own" and row.name:
            continue
        yield (f"{row.item} {row.name}".strip(), row)


def _drawn(rows: pd.DataFrame, line: economics.Project, draws: int, seed: int) -> Draws:
    """Draw every input; the border prices of the alternatives move together, the rest alone."""
    found: Draws = {}
    shared = np.random.default_rng([seed, 0]).standard_normal(draws)
    link = next(row.mode for _, row in _used(rows) if row.item == "link")
    for number, (name, row) in enumerate(_used(rows), start=1):
        own = np.random.default_rng([seed, number]).standard_normal(draws)
        oil = row.item == "alternative" and row.name != "own-output"
        normal = np.sqrt(link) * shared + np.sqrt(1 - link) * own if oil else own
        found[name] = _triangle(row, stats.norm.cdf(normal))
    values = economics.draw(line, draws, seed)
    found["floor"] = economics.breakeven(values)
    found["floor of company and state"] = economics.breakeven({**values, **STATE})
    return found


def _central(rows: pd.DataFrame, line: economics.Project) -> Draws:
    found = {name: np.array([float(row.mode)]) for name, row in _used(rows)}
    found["floor"] = economics.breakeven(economics.central(line))
    return found


def _triangle(row: Row, share: npt.ArrayLike) -> Numbers:
    """Return the quantile of a triangular range at each share."""
    if row.low == row.high:
        return np.full(np.shape(share), float(row.mode))
    width = row.high - row.low
    found = stats.triang.ppf(share, (row.mode - row.low) / width, row.low, width)
    return np.asarray(found, dtype=np.float64)


# ---- the split -----------------------------------------------------------------------------------


def _split(found: Mapping[str, Numbers], floor: str = "floor") -> Draws:
    """Return floor, ceiling, gain and price of each draw; a price only where both gain.

    The ceiling is the mean cost, at the place of use, of what the line would replace, weighted by
    the shares, less the line's own way inside the buyer's country.
    """
    names = [name.split(" ", 1)[1] for name in found if name.startswith("alternative ")]
    weight = sum(found[f"share {name}"] for name in names)
    cost = sum(found[f"share {name}"] * (found[f"alternative {name}"] + found[f"transport {name}"])
               for name in names)  # fmt: skip
    ceiling = cost / weight - found["transport_own"]
    gain = ceiling - found[floor]
    price = np.where(gain > 0, found[floor] + found["power"] * gain, np.nan)
    return {"floor": found[floor], "ceiling": ceiling, "gain": gain, "price": price}


def _quantiles(answer: Draws, name: str) -> dict[str, float]:
    values = answer[name][~np.isnan(answer[name])]
    return {word: float(np.quantile(values, level)) if len(values) else float("nan")
            for word, level in LEVELS.items()}  # fmt: skip


def _sensitivities(found: Draws, answer: Draws) -> pd.DataFrame:
    """Return price and chance in the tenths of the draws where an input is lowest and highest."""
    rows: dict[str, dict[str, float]] = {}
    for name, values in found.items():
        if name == "floor of company and state" or np.ptp(values) == 0:
            continue
        row: dict[str, float] = {}
        # the ends that are told everywhere: P10 and P90
        ends = {"low": float(np.quantile(values, 0.1)), "high": float(np.quantile(values, 0.9))}
        for word, end in ends.items():
            near = values <= end if word == "low" else values >= end
            part = {key: drawn[near] for key, drawn in answer.items()}
            row |= {word: end, f"price_{word}": _quantiles(part, "price")["p50"],
                    f"chance_{word}": float((part["gain"] > 0).mean())}  # fmt: skip
        rows[name] = row
    table = pd.DataFrame.from_dict(rows, orient="index").rename_axis("input")
    table = table[["low", "high", "price_low", "price_high", "chance_low", "chance_high"]]
    order = (table["price_high"] - table["price_low"]).abs().sort_values(ascending=False)
    return table.loc[order.index]


def _variants(
    rows: pd.DataFrame, line: economics.Project, found: Draws, draws: int, seed: int
) -> pd.DataFrame:
    """Return the answer under named other readings."""
    cases: dict[str, Draws] = {
        "as stated": _split(found),
        "even split": _split({**found, "power": np.full(draws, 0.5)}),  # the textbook's half each
        "company and state as one seller": _split(found, "floor of company and state"),
    }
    names = [name.split(" ", 1)[1] for name in found if name.startswith("alternative ")]
    for name in names:
        alone = {f"share {other}": np.full(draws, float(other == name)) for other in names}
        cases[f"only {name} replaced"] = _split({**found, **alone})
    spent = line.with_inputs(capex=0.0, upstream=0.0)
    sunk = economics.breakeven(economics.draw(spent, draws, seed))
    cases["line and fields already paid for"] = _split({**found, "floor": sunk})
    for row in rows_of(rows[(rows["item"] == "transport_own") & (rows["name"] != "")], Row):
        cases[f"transport inside China as {row.name} has it"] = _split(
            {**found, "transport_own": np.full(draws, float(row.mode))}
        )
    return pd.DataFrame.from_dict(
        {name: {key: _quantiles(answer, key)["p50"] for key in ("floor", "ceiling", "price")}
         | {"chance": float((answer["gain"] > 0).mean())} for name, answer in cases.items()},
        orient="index",
    ).rename_axis("variant")  # fmt: skip


class _Price(NamedTuple):
    """A printed price."""

    series: str
    period: str
    value: float
    source: str


class _BreakevenPrice(NamedTuple):
    """A published break-even price."""

    item: str
    bound: str
    year: int
    value: float
    source: str


def _published(tables: facts.Tables, key: str, answer: Draws) -> pd.DataFrame:
    """Return prices that others have named, and whether each side could live with them."""
    prices = tables["prices"]
    mine = newest(prices[prices["series"].isin(PUBLISHED) & (prices["freq"] == "A")],
                  ["series", "period"])  # fmt: skip
    said: list[tuple[Any, ...]] = [
        (row.series, row.period, row.value, row.source) for row in rows_of(mine, _Price)
    ]
    asked = tables["proposals"]
    asked = asked[(asked["route"] == key) & (asked["item"] == "breakeven")]
    said += [(f"{row.item} {row.bound}", str(row.year), row.value, row.source)
             for row in rows_of(asked, _BreakevenPrice)]  # fmt: skip
    table = pd.DataFrame(said, columns=["what", "period", "price", "source"])
    table["floor_below"] = [float((answer["floor"] < price).mean()) for price in table["price"]]
    table["ceiling_above"] = [float((answer["ceiling"] > price).mean()) for price in table["price"]]
    return table


def chart(result: Bargain) -> Any:
    """Draw floor, ceiling and split beside the published prices; returns the axes.

    Raises
    ------
    MissingExtra
        Without matplotlib.

    Examples
    --------
    >>> from energy import facts
    >>> chart(bargain(facts.load(), draws=200)).get_xlabel()
    'USD/1000 m3 at the border'
    """
    from energy.measure import plotting

    axes = plotting.axes(None, (8, 3.5))
    for at, name in enumerate(("floor", "price", "ceiling")):
        row = result.summary.loc[name]
        axes.plot([row["p10"], row["p90"]], [at, at], color="#0072B2", linewidth=6, alpha=0.5)
        axes.plot(row["p50"], at, "o", color="#0072B2")
    for price in result.published["price"]:
        axes.axvline(price, color="#D55E00", linewidth=0.8, alpha=0.6)
    axes.set_yticks([0, 1, 2], ["seller's floor", "split", "buyer's ceiling"])
    axes.set(xlabel="USD/1000 m3 at the border", title=f"{result.project}: P10, P50, P90; "
             "lines are published prices")  # fmt: skip
    return axes
