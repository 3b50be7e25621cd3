"""What a proposed line would earn: NPV, IRR and break-even border price, as distributions.

Every input is a stated assumption with a range and a source, or the word ``assumption``. Money is
real, in USD at the prices of the estimate; years count from first gas. A loss saves profit tax at
once (the group earns elsewhere), so that NPV is linear in the price and the break-even price has
a closed form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from energy.errors import DataError, UnknownName
from energy.measure.observations import rows_of
from energy.measure.tables import ProjectAssumption, Tables

OWN = "assumption"
AHEAD = ("proposed", "construction", "shelved", "cancelled")
"""Standing of a route that is still to be decided or built, or was once."""
# a rate of return is solved draw by draw, so a tenth of them; the seed is a day
SEED, DRAWS, IRR_DRAWS = 20261124, 5000, 500
QUANTILES = {"p10": 0.1, "p50": 0.5, "p90": 0.9}  # what is told everywhere
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

    Examples
    --------
    >>> Assumption(80, 100, 130, note="capacity charge").mode
    100
    >>> Assumption(130, 100, 80)
    Traceback (most recent call last):
        ...
    energy.errors.DataError: assumption: 1 fault
      - low 130, mode 100, high 80 are not in order; swap them
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

    Examples
    --------
    >>> from energy import facts
    >>> project(facts.load(), "power-of-siberia-2").routes
    ('power-of-siberia-2', 'soyuz-vostok')
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

        Examples
        --------
        >>> from energy import facts
        >>> line = project(facts.load(), "power-of-siberia-2")
        >>> line.with_inputs(price=250.0).inputs["price"].mode
        250.0
        """
        for name in changes:
            if name not in UNITS:
                raise UnknownName("input", name, UNITS)
        new = {n: v if isinstance(v, Assumption) else _fixed(v) for n, v in changes.items()}
        return replace(self, inputs={**self.inputs, **new})


def projects(tables: Tables) -> dict[str, Project]:
    """Return every project of ``projects.csv`` of which each input is known, by key.

    Parameters
    ----------
    tables : Tables
        The facts: ``projects, project-assumptions``.

    Examples
    --------
    >>> from energy import facts
    >>> list(projects(facts.load()))[0]
    'power-of-siberia-2'
    """
    keys = tables["projects"]["project"]
    return {key: project(tables, key) for key in keys if not _lacking(tables, key)}


def project(tables: Tables, key: str) -> Project:
    """Return a project by its key, or by the id of a route that has rows of its own.

    An input is that of the project's own row, else the row that holds for every project. A route
    that no project names takes capacity, cost and start from the facts of the route.

    Raises
    ------
    UnknownName
        For a name that is neither a project nor a route.
    DataError
        For a line of which an input is not known: one sentence with what is missing and where it
        goes.

    Examples
    --------
    >>> from energy import facts
    >>> line = project(facts.load(), "power-of-siberia-2")
    >>> set(line.inputs) == set(UNITS)
    True
    """
    if key not in set(tables["projects"]["project"]) | set(tables["routes"]["route"]):
        raise UnknownName("project", key, tables["projects"]["project"])
    lacking = _lacking(tables, key)
    if lacking:
        raise DataError(f"economics of {key}", [
            f"no figure for {', '.join(lacking)}; add a row for '{key}' to project_assumptions.csv"
            " (a start date or a capacity may stand in route_facts.csv)"])  # fmt: skip
    inputs = _inputs(tables, key)
    rows = tables["projects"]
    if key in set(rows["project"]):
        row = rows[rows["project"] == key].iloc[0]
        return Project(row["title"], tuple(row["routes"].split(";")), int(row["first_gas"]), inputs)
    name = tables["routes"].set_index("route").loc[key, "name"]
    return Project(str(name), (key,), int(str(_first_gas(tables, key))[:4]), inputs)


def find(tables: Tables, name: str) -> str:
    """Return the key of a project, by key or by one of its routes; else the route itself.

    A route that several projects share means the proposal, not the check of the past.

    Raises
    ------
    UnknownName
        For a name that is neither a project nor a proposed route.

    Examples
    --------
    >>> from energy import facts
    >>> find(facts.load(), "power-of-siberia-2")
    'power-of-siberia-2'
    """
    rows = tables["projects"]
    if name in set(rows["project"]):
        return name
    named = rows[[name in text.split(";") for text in rows["routes"]]]
    if len(named):
        return str(named.sort_values("purpose", ascending=False, kind="stable")["project"].iloc[0])
    proposed = tables["routes"][tables["routes"]["status"].isin(AHEAD)]["route"]
    if name in set(proposed):
        return name
    routes = {route for text in rows["routes"] for route in text.split(";")}
    raise UnknownName("proposed line", name, {*rows["project"], *routes, *proposed})


def _inputs(tables: Tables, key: str) -> dict[str, Assumption]:
    """Return what is known of each input: the project's own rows, the facts, the rows of all."""
    rows = tables["project-assumptions"]
    rows = rows[rows["project"].isin([key, ""]) & rows["market"].isin(["", _market(tables, key)])]
    own_last = sorted(rows_of(rows, ProjectAssumption), key=lambda row: row.project != "")
    found = _of_facts(tables, key)
    for row in own_last:
        source = row.facts or OWN
        found[row.input] = Assumption(row.low, row.mode, row.high, source, row.note)
    return found


def _of_facts(tables: Tables, key: str) -> dict[str, Assumption]:
    """Return plateau and cost of a route that has no project, from what was published of it."""
    found: dict[str, Assumption] = {}
    facts = tables["route-facts"]
    size = facts[(facts["route"] == key) & (facts["attribute"] == "capacity")]
    if len(size):
        row = size.iloc[-1]
        found["plateau"] = _fixed(float(row["value"]), str(row["id"]), "published capacity")
    asked = tables["proposals"]
    cost = asked[(asked["route"] == key) & (asked["item"] == "capex") & (asked["unit"] == "USD bn")]
    if len(cost):
        values = cost["value"].astype(float)
        found["capex"] = Assumption(
            values.min(), values.median(), values.max(), ";".join(cost["id"]), "published costs"
        )
    return found


def _first_gas(tables: Tables, key: str) -> str:
    """Return the published start of a route; "" where none is known."""
    facts = tables["route-facts"]
    rows = facts[(facts["route"] == key) & (facts["attribute"] == "start")]
    return str(rows["value"].iloc[-1]) if len(rows) else ""


def _market(tables: Tables, key: str) -> str:
    """Return the market a project delivers to, by the country at the end of its first route."""
    rows = tables["projects"]
    named = rows.loc[rows["project"] == key, "routes"]
    routes = (named.iloc[0] if len(named) else key).split(";")
    ends = tables["routes"].set_index("route")["to_country"]
    return "china" if "CHN" in {ends.get(route) for route in routes} else ""


def _lacking(tables: Tables, key: str) -> list[str]:
    known = _inputs(tables, key)
    lacking = [name for name in UNITS if name not in known]
    if key not in set(tables["projects"]["project"]) and not _first_gas(tables, key):
        lacking.append("first gas")
    return lacking


def assumptions(line: Project) -> pd.DataFrame:
    """Return the inputs as a table: ``input, low, mode, high, unit, source, note``.

    Examples
    --------
    >>> from energy import facts
    >>> table = assumptions(project(facts.load(), "power-of-siberia-2"))
    >>> bool((table["low"] <= table["high"]).all())
    True
    """
    rows = [
        (name, a.low, a.mode, a.high, UNITS[name], a.source, a.note)
        for name, a in line.inputs.items()
    ]
    return pd.DataFrame(
        rows, columns=["input", "low", "mode", "high", "unit", "source", "note"]
    ).sort_values("input", ignore_index=True)


def central(line: Project) -> dict[str, float]:
    """Return the most likely value of each input.

    Examples
    --------
    >>> from energy import facts
    >>> middle = central(project(facts.load(), "power-of-siberia-2"))
    >>> sorted(middle)[:3]
    ['build', 'capex', 'discount']
    """
    return {name: a.mode for name, a in line.inputs.items()}


def draw(line: Project, draws: int = DRAWS, seed: int = SEED) -> dict[str, np.ndarray]:
    """Draw the inputs, each from its triangle and independently; years are whole.

    Each input has its own stream, so that narrowing one leaves the others as they were.

    Examples
    --------
    >>> from energy import facts
    >>> line = project(facts.load(), "power-of-siberia-2")
    >>> draw(line, draws=3)["price"].shape
    (3,)
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

    Examples
    --------
    >>> from energy import facts
    >>> laid = cash(central(project(facts.load(), "power-of-siberia-2")))
    >>> laid["cash"].shape == laid["revenue"].shape
    True
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
    """Return the net present value at the start of building, million USD, (draws,).

    Examples
    --------
    >>> from energy import facts
    >>> line = project(facts.load(), "power-of-siberia-2")
    >>> dear, cheap = (npv(central(line.with_inputs(price=p)))[0] for p in (400.0, 100.0))
    >>> bool(dear > cheap)
    True
    """
    laid = cash(values)
    worth: np.ndarray = (laid["cash"] * laid["discount"]).sum(axis=1)
    return worth


def breakeven(values: Values) -> np.ndarray:
    """Return the border price at which NPV is nought, USD/1000 m3, in closed form, (draws,).

    NPV is a p - b: b is the loss at a price of nought, a the present value of the volume after
    duty and profit tax.

    Examples
    --------
    >>> from energy import facts
    >>> line = project(facts.load(), "power-of-siberia-2")
    >>> price = breakeven(central(line))[0]
    >>> bool(abs(npv(central(line.with_inputs(price=float(price))))[0]) < 1e-6)
    True
    """
    free = npv({**values, "price": 0.0})
    one = npv({**values, "price": 1.0})
    price: np.ndarray = -free / (one - free)
    return price


def breakeven_by_search(values: Values, high: float = 5000.0, tolerance: float = 1e-3) -> float:
    """Return the break-even price of one set of values by halving, as a check of `breakeven`.

    Raises
    ------
    DataError
        If NPV is still negative at `high`.

    Examples
    --------
    >>> from energy import facts
    >>> middle = central(project(facts.load(), "power-of-siberia-2"))
    >>> bool(abs(breakeven_by_search(middle) - breakeven(middle)[0]) < 0.01)
    True
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

    Examples
    --------
    >>> from energy import facts
    >>> line = project(facts.load(), "power-of-siberia-2")
    >>> dear, cheap = (irr(central(line.with_inputs(price=p)))[0] for p in (400.0, 200.0))
    >>> bool(dear > cheap)
    True
    """
    import numpy_financial

    laid = cash(values)
    return np.array([numpy_financial.irr(row[np.flatnonzero(row)[0]:]) * 100 for row in laid["cash"]])  # fmt: skip


RESULT_UNITS = {"breakeven": "USD/1000 m3", "npv": "million USD", "irr": "percent a year"}
"""What each result of `simulate` is measured in."""


def simulate(line: Project, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Return NPV, IRR and break-even price as quantiles.

    Returns
    -------
    DataFrame
        Index ``breakeven`` (USD/1000 m3), ``npv`` (million USD), ``irr`` (percent a year; from the
        first 500 draws); columns ``mode`` (all inputs at their most likely), ``p10, p50, p90``.
        The same seed gives the same numbers.

    Examples
    --------
    >>> from energy import facts
    >>> table = simulate(project(facts.load(), "power-of-siberia-2"), draws=200)
    >>> table.index.tolist(), list(table)
    (['breakeven', 'npv', 'irr'], ['mode', 'p10', 'p50', 'p90'])
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
        swing first, and ``unit`` (of ``low`` and ``high``; that of the rest in
        ``attrs["units"]``); inputs without a range are left out.

    Raises
    ------
    UnknownName
        For another target.

    Examples
    --------
    >>> from energy import facts
    >>> table = tornado(project(facts.load(), "power-of-siberia-2"))
    >>> table["swing"].is_monotonic_decreasing
    True
    """
    ways = {"breakeven": breakeven, "npv": npv}
    if target not in ways:
        raise UnknownName("target", target, ways)
    middle, rows = central(line), []
    for name, a in line.inputs.items():
        if a.low == a.high or (target == "breakeven" and name == "price"):
            continue
        at_low, at_high = (float(ways[target]({**middle, name: x})[0]) for x in (a.low, a.high))
        rows.append((name, a.low, a.high, at_low, at_high, abs(at_high - at_low), UNITS[name]))
    columns = ["input", "low", "high", "at_low", "at_high", "swing", "unit"]
    table = pd.DataFrame(rows, columns=columns).sort_values(
        "swing", ascending=False, ignore_index=True
    )
    unit = "USD/1000 m3" if target == "breakeven" else "million USD"
    table.attrs["units"] = dict.fromkeys(("at_low", "at_high", "swing"), unit)
    return table


def table(tables: Tables, draws: int = DRAWS, seed: int = SEED) -> pd.DataFrame:
    """Return the break-even of every line beside what was published.

    Parameters
    ----------
    tables : Tables
        The facts: ``projects, project-assumptions, routes, route-facts, proposals``.

    Returns
    -------
    DataFrame
        Index project; ``p10, p50, p90`` of the break-even price with the duty assumed, ``duty``
        (percent), ``other_duty`` and ``p50_other_duty`` (0 where it is 30, else 30), ``irr_p50``,
        ``npv_p50`` (million USD) at the price assumed, ``published`` (in words, with ids) and
        ``agrees`` (every published bound holds for p10 to p90; None where none was found).

    Examples
    --------
    >>> from energy import facts
    >>> found = table(facts.load(), draws=50)
    >>> bool((found["p10"] <= found["p90"]).all())
    True
    """
    rows = {}
    for key, line in projects(tables).items():
        result = simulate(line, draws, seed)
        duty = line.inputs["duty"].mode
        other = 0.0 if duty else 30.0
        swapped = breakeven(draw(line.with_inputs(duty=other), draws, seed))
        said = published(tables["proposals"], key)
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
    """Return published break-even prices of a project: id, how it is meant, USD/1000 m3, year.

    Examples
    --------
    >>> from energy import facts
    >>> rows = published(facts.load()["proposals"], "power-of-siberia-2")
    >>> all(price > 0 for _, _, price, _ in rows)
    True
    """
    name = key.removesuffix("-as-approved")  # what was asked of the line at its approval
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
