"""What a proposed line would earn: NPV, IRR and break-even border price, as distributions.

Every input is a stated assumption with a range and a source, or the word ``assumption``. Money is
real, in USD at the prices of the estimate; years count from first gas. A loss saves profit tax at
once (the group earns elsewhere), so that NPV is linear in the price and the break-even price has
a closed form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np
import pandas as pd

from energy.errors import DataError, MissingExtra, UnknownName

OWN = "assumption"
SEED, DRAWS, IRR_DRAWS = 20261124, 5000, 500
QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}
WHOLE = ("build", "ramp", "life", "write_off")  # counted in whole years
UNITS = {
    "capex": "USD bn", "upstream": "USD bn", "build": "years", "ramp": "years", "life": "years",
    "write_off": "years", "plateau": "bcm/yr", "price": "USD/1000 m3", "unit_cost": "USD/1000 m3",
    "transit": "USD/1000 m3", "extraction_tax": "USD/1000 m3", "opex": "percent of capex a year",
    "duty": "percent of price", "profit_tax": "percent", "discount": "percent a year, real",
}  # fmt: skip
"""Inputs and their units. ``unit_cost`` is production and fuel gas."""

Values = Mapping[str, float | np.ndarray]


@dataclass(frozen=True)
class Assumption:
    """A triangular range: lowest, most likely, highest; its source ids or ``assumption``, and why.

    Raises
    ------
    DataError
        If low, mode and high are not in order.
    """

    low: float
    mode: float
    high: float
    source: str = OWN
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse a range out of order."""
        if not self.low <= self.mode <= self.high:
            raise DataError("assumption", [
                f"low {self.low}, mode {self.mode}, high {self.high} are not in order; swap them"])  # fmt: skip


def _fixed(value: float, source: str = OWN, note: str = "") -> Assumption:
    return Assumption(value, value, value, source, note)


@dataclass(frozen=True)
class Project:
    """A line to be judged.

    Attributes
    ----------
    title : str
    routes : tuple of str
        Route ids it stands for; the border price is at the border of the buyer.
    first_gas : int
        Year of first gas.
    inputs : dict of str to Assumption
        One for each name of `UNITS`.
    """

    title: str
    routes: tuple[str, ...]
    first_gas: int
    inputs: Mapping[str, Assumption]

    def with_inputs(self, **changes: Assumption | float) -> Project:
        """Return the project with some inputs replaced; a number is a fixed value.

        Raises
        ------
        UnknownName
            For an input that does not exist.
        """
        for name in changes:
            if name not in UNITS:
                raise UnknownName("input", name, UNITS)
        new = {n: v if isinstance(v, Assumption) else _fixed(v) for n, v in changes.items()}
        return replace(self, inputs={**self.inputs, **new})


_COMMON = {
    "opex": Assumption(2, 3, 4, OWN, "upkeep and compression of line and fields"),
    "profit_tax": _fixed(25, OWN, "rate since 2025"),
    "write_off": _fixed(25, OWN, "straight line"),
    "discount": Assumption(8, 10, 14, OWN, "real, before any state guarantee"),
    "price": Assumption(175, 240, 300, "P0139", "ministry's forecast for 2026; range assumed"),
}
_WEST = ("power-of-siberia-2", "soyuz-vostok")
PROJECTS: dict[str, Project] = {
    "power-of-siberia-2": Project("Power of Siberia 2 with Soyuz Vostok", _WEST, 2031, {
        **_COMMON,
        "capex": Assumption(10, 18.6, 30, "J0001;J0002;J0004;J0005",
                            "13.6 in Russia, 5.0 in Mongolia at the same cost a km; 30 the limit named for all"),
        "upstream": Assumption(0, 5, 15, OWN, "the fields of Yamal and Nadym-Pur-Taz are open and idle"),
        "build": Assumption(4, 5, 8, "J0012;J0014;J0015"),
        "ramp": Assumption(3, 5, 6, "J0013", "range assumed"),
        "plateau": Assumption(42.5, 50, 50, "C0014", "low: take-or-pay of 85 percent, assumed"),
        "life": _fixed(30, "C0014", "term of the memorandum"),
        "unit_cost": Assumption(10, 13, 20, "N0017", "production; range for fuel gas assumed"),
        "transit": Assumption(0, 5, 15, OWN, "what Mongolia takes beside the line"),
        "extraction_tax": Assumption(10, 14, 20, "N0013", "range assumed"),
        "duty": _fixed(30, "N0004", "general rate; no relief in discussion in September 2025"),
    }),
    "power-of-siberia-1-plus-6": Project("Power of Siberia 1, six bcm more", ("power-of-siberia-1",), 2031, {
        **_COMMON,
        "capex": Assumption(2, 3, 6, "J0008;J0009", "mode assumed"),
        "upstream": Assumption(0, 2, 5, OWN, "more wells, since the fields decline"),
        "build": Assumption(3, 4, 5),
        "ramp": Assumption(1, 1, 3),
        "plateau": Assumption(5.1, 6, 6, "C0010", "low: take-or-pay of 85 percent, assumed"),
        "life": _fixed(19, "C0009;C0010", "2031 to the end of the contract"),
        "unit_cost": Assumption(13, 20, 30, OWN, "gas with helium and ethane to be taken out"),
        "transit": _fixed(0, OWN, "no third country"),
        "extraction_tax": Assumption(0, 0, 14, "N0014", "nought for 15 years of a field, then not known"),
        "duty": _fixed(0, OWN, "not settled by a public page"),
    }),
    "far-eastern-route": Project("Far Eastern route", ("far-eastern-route",), 2027, {
        **_COMMON,
        "capex": Assumption(2, 7, 12, "J0010", "link and more compression, with all or part of Belogorsk - Khabarovsk"),
        "upstream": Assumption(5, 8, 15, OWN, "Yuzhno-Kirinskoye under sanctions"),
        "build": Assumption(3, 4, 6),
        "ramp": Assumption(2, 4, 6),
        "plateau": Assumption(10, 12, 12, "C0011;C0013"),
        "life": _fixed(25, OWN, "term not published in what was seen"),
        "unit_cost": Assumption(15, 25, 40, OWN, "offshore, sub-sea wells"),
        "transit": _fixed(0, OWN, "no third country"),
        "extraction_tax": Assumption(0, 10, 20),
        "duty": _fixed(0, OWN, "not settled by a public page"),
    }),
    "power-of-siberia-1-as-approved": Project("Power of Siberia 1 as seen in 2014", ("power-of-siberia-1",), 2019, {
        **_COMMON,
        "price": Assumption(350, 370, 390, "P0001;P0002;P0003;P0004", "prices expected at signing"),
        "profit_tax": _fixed(20, OWN, "rate of the time"),
        "capex": Assumption(20, 21.3, 25, "J0024", "range assumed"),
        "upstream": Assumption(30, 33.7, 40, "J0006;J0024", "55 for fields and line, less the line; range assumed"),
        "build": Assumption(4, 5, 5),
        "ramp": _fixed(6, "C0002;C0003;C0004;C0005;C0006;C0007"),
        "plateau": _fixed(38, "C0001"),
        "life": _fixed(30, "C0001"),
        "unit_cost": Assumption(13, 20, 30),
        "transit": _fixed(0, OWN, "no third country"),
        "extraction_tax": _fixed(0, "N0014"),
        "duty": _fixed(0, OWN, "not settled by a public page"),
    }),
}  # fmt: skip
"""The lines, by key. The last is a check: a line whose break-even was discussed in public."""


def project(key: str) -> Project:
    """Return a project by key.

    Raises
    ------
    UnknownName
        For a line that is not judged here.
    """
    if key not in PROJECTS:
        raise UnknownName("project", key, PROJECTS)
    return PROJECTS[key]


def find(name: str) -> str:
    """Return the key of a project, by key or by one of its routes.

    A route that several projects share means the proposal, not the check of 2014.

    Raises
    ------
    UnknownName
        For a line that is not judged here.
    """
    if name in PROJECTS:
        return name
    keys = [key for key, line in PROJECTS.items() if name in line.routes]
    if not keys:
        routes = {route for line in PROJECTS.values() for route in line.routes}
        raise UnknownName("proposed line", name, {*PROJECTS, *routes})
    return keys[0]


def assumptions(line: Project) -> pd.DataFrame:
    """Return the inputs as a table: ``input, low, mode, high, unit, source, note``."""
    rows = [
        (name, a.low, a.mode, a.high, UNITS[name], a.source, a.note)
        for name, a in line.inputs.items()
    ]
    return pd.DataFrame(
        rows, columns=["input", "low", "mode", "high", "unit", "source", "note"]
    ).sort_values("input", ignore_index=True)


def central(line: Project) -> dict[str, float]:
    """Return the most likely value of each input."""
    return {name: a.mode for name, a in line.inputs.items()}


def draw(line: Project, draws: int = DRAWS, seed: int = SEED) -> dict[str, np.ndarray]:
    """Draw the inputs, each from its triangle and independently; years are whole.

    Each input has its own stream, so that narrowing one leaves the others as they were.
    """
    found = {}
    for number, name in enumerate(UNITS):
        a = line.inputs[name]
        rng = np.random.default_rng([seed, number])
        fixed = a.low == a.high
        values = np.full(draws, a.mode) if fixed else rng.triangular(a.low, a.mode, a.high, draws)
        found[name] = np.round(values) if name in WHOLE else values
    return found


def cash(values: Values) -> dict[str, np.ndarray]:
    """Lay the money out by year.

    Parameters
    ----------
    values : mapping of str to float or array (draws,)
        One for each name of `UNITS`.

    Returns
    -------
    dict of str to array, (draws, years)
        Million USD: ``revenue, duty, extraction_tax, opex, capex, profit_tax`` (costs positive)
        and ``cash``; ``volume`` in bcm; ``discount`` factors, 1 in the first year of building.
        ``year`` (years,) counts from first gas, so building has negative years.

    Raises
    ------
    DataError
        If an input is missing.
    """
    missing = sorted(set(UNITS) - set(values))
    if missing:
        raise DataError(
            "economics", [f"input '{name}' is missing ({UNITS[name]})" for name in missing]
        )
    v = {name: np.atleast_1d(np.asarray(values[name], dtype=float))[:, None] for name in UNITS}
    year = np.arange(-int(v["build"].max()), int(v["life"].max()))[None, :]
    running = (year >= 0) & (year < v["life"])
    volume = v["plateau"] * np.minimum(1, (year + 1) / v["ramp"]) * running
    spent = (v["capex"] + v["upstream"]) * 1000
    capex = np.where((year < 0) & (year >= -v["build"]), spent / v["build"], 0.0)
    written = np.where(running & (year < v["write_off"]), spent / v["write_off"], 0.0)
    revenue = volume * v["price"]
    duty, extraction = revenue * v["duty"] / 100, volume * v["extraction_tax"]
    opex = spent * v["opex"] / 100 * running + volume * (v["unit_cost"] + v["transit"])
    tax = (revenue - duty - extraction - opex - written) * v["profit_tax"] / 100
    money = revenue - duty - extraction - opex - capex - tax
    factor = (1 + v["discount"] / 100) ** -(year + v["build"])
    factor = np.where(year >= -v["build"], factor, 0.0)
    return {"year": year[0], "volume": volume, "revenue": revenue, "duty": duty, "extraction_tax": extraction,
            "opex": opex, "capex": capex, "profit_tax": tax, "cash": money, "discount": factor}  # fmt: skip


def npv(values: Values) -> np.ndarray:
    """Return the net present value at the start of building, million USD, (draws,)."""
    laid = cash(values)
    return (laid["cash"] * laid["discount"]).sum(axis=1)


def breakeven(values: Values) -> np.ndarray:
    """Return the border price at which NPV is nought, USD/1000 m3, in closed form, (draws,).

    NPV is a p - b: b is the loss at a price of nought, a the present value of the volume after
    duty and profit tax.
    """
    free = npv({**values, "price": 0.0})
    one = npv({**values, "price": 1.0})
    return -free / (one - free)


def breakeven_by_search(values: Values, high: float = 5000.0, tolerance: float = 1e-3) -> float:
    """Return the break-even price of one set of values by halving, as a check of `breakeven`.

    Raises
    ------
    DataError
        If NPV is still negative at `high`.
    """
    low = 0.0
    if float(npv({**values, "price": high})[0]) < 0:
        raise DataError("economics", [f"no break-even below {high:g} USD/1000 m3; raise high"])
    while high - low > tolerance:
        middle = (low + high) / 2
        if float(npv({**values, "price": middle})[0]) < 0:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def irr(values: Values) -> np.ndarray:
    """Return the internal rate of return, percent a year, (draws,); NaN where there is none.

    Raises
    ------
    MissingExtra
        If numpy-financial is not installed.
    """
    solver = _numpy_financial()
    laid = cash(values)
    return np.array([solver.irr(row[np.flatnonzero(row)[0]:]) * 100 for row in laid["cash"]])  # fmt: skip


def _numpy_financial() -> ModuleType:
    try:
        import numpy_financial
    except ImportError as error:
        raise MissingExtra(
            "IRR needs numpy-financial; install the extra: pip install 'energy-trade-tracker[finance]'."
        ) from error
    return numpy_financial


def simulate(line: Project, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Return NPV, IRR and break-even price as quantiles.

    Returns
    -------
    DataFrame
        Index ``breakeven`` (USD/1000 m3), ``npv`` (million USD), ``irr`` (percent a year; from the
        first 500 draws); columns ``mode`` (all inputs at their most likely), ``p10, p50, p90``.
        The same seed gives the same numbers.
    """
    values, middle = draw(line, draws, seed), central(line)
    few = {name: array[:IRR_DRAWS] for name, array in values.items()}
    results = {
        "breakeven": (breakeven(middle), breakeven(values)),
        "npv": (npv(middle), npv(values)),
        "irr": (irr(middle), irr(few)),
    }
    rows = {
        name: {"mode": float(mode[0])}
        | {q: float(np.nanquantile(drawn, at)) for q, at in QUANTILES.items()}
        for name, (mode, drawn) in results.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("result")


def tornado(line: Project, target: str = "breakeven") -> pd.DataFrame:
    """Return what matters: each input at its low and high, the others at their most likely.

    Parameters
    ----------
    target : {"breakeven", "npv"}

    Returns
    -------
    DataFrame
        ``input, low, high`` (of the input)``, at_low, at_high`` (of the target)``, swing``, largest
        swing first; inputs without a range are left out.

    Raises
    ------
    UnknownName
        For another target.
    """
    ways = {"breakeven": breakeven, "npv": npv}
    if target not in ways:
        raise UnknownName("target", target, ways)
    middle, rows = central(line), []
    for name, a in line.inputs.items():
        if a.low == a.high or (target == "breakeven" and name == "price"):
            continue
        at_low, at_high = (float(ways[target]({**middle, name: x})[0]) for x in (a.low, a.high))
        rows.append((name, a.low, a.high, at_low, at_high, abs(at_high - at_low)))
    columns = ["input", "low", "high", "at_low", "at_high", "swing"]
    return pd.DataFrame(rows, columns=columns).sort_values(
        "swing", ascending=False, ignore_index=True
    )


def table(proposals: pd.DataFrame, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Return the break-even of every line beside what was published.

    Parameters
    ----------
    proposals : DataFrame
        The table of facts.

    Returns
    -------
    DataFrame
        Index project; ``p10, p50, p90`` of the break-even price with the duty assumed, ``duty``
        (percent), ``other_duty`` and ``p50_other_duty`` (0 where it is 30, else 30), ``irr_p50``,
        ``npv_p50`` (million USD) at the price assumed, ``published`` (in words, with ids) and
        ``agrees`` (every published bound holds for p10 to p90; None where none was found).
    """
    rows = {}
    for key, line in PROJECTS.items():
        result = simulate(line, draws, seed)
        duty = line.inputs["duty"].mode
        other = 0.0 if duty else 30.0
        swapped = breakeven(draw(line.with_inputs(duty=other), draws, seed))
        said = published(proposals, key)
        quantiles = {name: float(result[name]["breakeven"]) for name in QUANTILES}
        rows[key] = {
            **quantiles, "duty": duty, "other_duty": other,
            "p50_other_duty": float(np.median(swapped)), "irr_p50": result.loc["irr", "p50"],
            "npv_p50": result.loc["npv", "p50"],
            "published": "; ".join(f"{b} {v:g} ({y}, {i})" for i, b, v, y in said),
            "agrees": _agrees(quantiles["p10"], quantiles["p90"], said),
        }  # fmt: skip
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("project")


def published(proposals: pd.DataFrame, key: str) -> list[tuple[str, str, float, int]]:
    """Return published break-even prices of a project: id, how it is meant, USD/1000 m3, year."""
    name = key.removesuffix("-as-approved")
    rows = proposals[(proposals["route"] == name) & (proposals["item"] == "breakeven")]
    return [
        (str(i), str(b), float(v), int(y))
        for i, b, v, y in zip(rows["id"], rows["bound"], rows["value"], rows["year"], strict=True)
    ]


def _agrees(low: float, high: float, said: list[tuple[str, str, float, int]]) -> bool | None:
    """Tell whether the range p10 to p90 can meet every published bound."""
    checks = {
        "at most": lambda value: low <= value,
        "at least": lambda value: high >= value,
        "about": lambda value: low <= value <= high,
    }
    return all(checks[bound](value) for _, bound, value, _ in said) if said else None
