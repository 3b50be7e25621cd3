"""The unit beside every figure of a table: ``attrs["units"]`` names it for each numeric column.

A table whose rows differ has the units in a column of its own; ``attrs["units"]`` then says which.
Here stand the units of what the tracker and its facets return, and `united`, which writes them.
"""

from __future__ import annotations

import functools
import html
import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

import pandas as pd

T = TypeVar("T", bound=type)

ROW = "as column unit says"
SHARE, COUNT, BCM, YEARLY = "1", "count", "bcm at 20 °C", "bcm/yr at 20 °C"
QUARTERLY = "bcm at 20 °C a quarter"
PRICE, MUSD, ROUBLES, BUSD = "USD/1000 m3", "million USD", "RUB bn", "billion USD"
REST = "*"  # every numeric column that is not named


def _each(names: str, unit: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), unit)


_QUANTILES = _each("p10 p50 p90", BCM)
_REVISED = _each("old new by", ROW) | {"percent": "percent", "age": "quarters"}
_TRACED = _each("value", ROW) | {"bcm": BCM, "part": BCM} | _each("taken share", SHARE)
_TORNADO = _each("low high", ROW)  # of the input; the unit of the target the table says itself
_CAUSES = "gap temperature calorific timing scope transit lng rounding residual possible"

UNITS: dict[str, dict[str, str]] = {
    "Tracker.balance": _each("value error balanced without without_error", BCM)
    | {"score": "standard errors", "weight": SHARE},
    "Tracker.bridge": {"bcm": BCM, "price": PRICE, "musd": MUSD, REST: ROUBLES},
    "Tracker.cite": {},
    "Tracker.economics": {},  # says itself whether it is one line or all
    "Tracker.events": {"offline": "as column offline_unit says"},
    "Tracker.explain": _TRACED,
    "Tracker.exports": _each("flow p10 p90", ROW) | {"coverage": SHARE},
    "Tracker.financials": {"value": ROW},
    "Tracker.markets": {},  # says itself what it was asked for
    "Tracker.mirror": _each(f"value common low high {_CAUSES}", ROW),
    "Tracker.routes": _each("flow capacity flow_p10 flow_p90 reported", BCM)
    | {"nameplate": YEARLY, "price": PRICE, "length_km": "km"}
    | _each("revenue revenue_p10 revenue_p90", MUSD)
    | _each("bearing arrow_lon arrow_lat", "degrees") | _each("utilisation coverage", SHARE),
    "Tracker.scores": _each("actual median error pinball wis", BCM)
    | _each("inside50 inside80 inside90 inside95 chance brier answer", SHARE) | {"levels": COUNT},
    "Tracker.search": {"match": SHARE},
    "Tracker.sources": {},
    "Tracker.supply": {"value": ROW, "share": SHARE},
    "Tracker.timing": _each("first_p10 first_p50 first_p90 plateau_p10 plateau_p50 plateau_p90",
        "decimal year") | {REST: SHARE},
    "Tracker.trade": {"value": ROW},
    "Tracker.reroute.cut": {"capacity": YEARLY},
    "Tracker.reroute.gains": {REST: YEARLY},
    "Tracker.reroute.losses": {REST: YEARLY},
    "Evidence.changes": _REVISED,
    "Evidence.contested": {"printed": ROW, REST: BCM},
    "Evidence.disruptions": {"days": "days", "rate": "million m3 a day", "bcm": BCM},
    "Evidence.filled": {"count": COUNT, "of": COUNT},
    "Evidence.freshness": {"age": "days"},
    "Evidence.league": _each("bias noise aside revision", SHARE)
    | _each("figures subjects revisions", COUNT),
    "Evidence.ledger": _TRACED,
    "Scoring.left_out": {REST: "decimal year"},
    "Evidence.pairs": _each(f"value_a value_b size {_CAUSES} median_bcm p90_bcm", BCM)
    | _each("share median p90", SHARE) | {"pairs": COUNT},
    "Evidence.projected": _TRACED,
    "Evidence.releases": {},
    "Evidence.totals": {"errors_apart": "standard errors", REST: BCM},
    "Evidence.revisions": _REVISED | _each("mean mean_abs", ROW) | {"n": COUNT}
    | _each("mean_pct mean_abs_pct", "percent"),
    "Proposed.assumptions": {REST: ROW},
    "Money.beside_accounts": {"value": ROW},
    "Money.breaks": {},
    "Money.bridge_items": {"rub_bn": ROUBLES, "share": SHARE, "of_gap": SHARE},
    "Money.netback": {"usd": "USD/1000 m3 (20 °C)", "share": SHARE},
    "Prices.model": {REST: PRICE},
    "Prices.scores": {"r2": SHARE, "points": COUNT, REST: PRICE}
    | _each("in_sample_pct leave_one_out_pct forward_pct", "percent"),
    "Money.quarters": {"value": ROW},
    "Money.residuals": {"gap_pct": "percent", "unexplained_pct": "percent", REST: ROUBLES},
    "Money.statement": {REST: ROW},
    "Proposed.tornado": _TORNADO,
    "Network.clear.flows": {"flow": QUARTERLY, "fuel": QUARTERLY, "shadow": PRICE},
    "Network.clear.floors": _each("floor delivered missed", YEARLY) | {"worth": PRICE},
    "Network.clear.inputs": {REST: ROW},
    "Network.clear.markets": _each("demand pipe lng stored unmet", QUARTERLY) | {"price": PRICE},
    "Network.clear.nodes": {"price": PRICE},
    "Network.layer": {"capacity": YEARLY, "length_km": "km", "idle": BCM, "lost": BCM,
                      "idle_share": SHARE},
    "Network.links": {"capacity": YEARLY},
    "Network.losses": {"volume": YEARLY, "loss": YEARLY},
    "Network.sankey": {REST: BCM},
    "Idle.series": {REST: QUARTERLY},
    "Idle.stranded": _each("capacity flow idle lost", BCM) | {"utilisation": SHARE,
        "length_km": "km", "idle_bcm_km": "bcm·km"} | {REST: MUSD},
    "Idle.total": _each("capacity flow idle lost", BCM) | {"idle_bcm_km": "bcm·km",
        "idle_capital": MUSD},
    "Idle.utilisation": {REST: SHARE},
    "Network.ways": {"flow": BCM},
    "Ahead.bargain.inputs": {REST: ROW},
    "Ahead.bargain.published": {"price": PRICE, REST: SHARE},
    "Ahead.bargain.sensitivities": {"price_low": PRICE, "price_high": PRICE, REST: SHARE},
    "Ahead.bargain.summary": {REST: PRICE},
    "Ahead.bargain.variants": {"chance": SHARE, REST: PRICE},
    "Ahead.counterfactual.inputs": {"lag": "quarters"},
    "Ahead.counterfactual.lost": {REST: BCM} | _each(
        "earned lost_usd_p10 lost_usd_p50 lost_usd_p90 lost_usd_paid_p10 lost_usd_paid_p50 "
        "lost_usd_paid_p90", BUSD),
    "Ahead.counterfactual.paths": {REST: QUARTERLY} | _each(
        "price price_p10 price_p50 price_p90", PRICE),
    "Ahead.counterfactual.placebos": {"quarters": COUNT, "z": "standard errors",
        "z_without": "standard errors", REST: BCM},
    "Ahead.nowcast": _each("p10 p50 p90 known", QUARTERLY) | {"coverage": SHARE},
    "Ahead.regimes": {"hazard": "1 a year", "events": COUNT, "years": "route-years"},
    "Ahead.scenarios": {},
    "Ahead.tornado": _TORNADO,
    "Maps.flows": _each("flow p10 p90", ROW) | {"coverage": SHARE},
    "Network.min_cost.edges": _each("flow paid", YEARLY) | {"cost": MUSD, REST: PRICE},
    "Network.min_cost.fields": {"output": YEARLY, "shadow": PRICE},
    "Network.min_cost.markets": {"demand": YEARLY, "price": PRICE},
    "Scoring.backtest": _each("actual median crps wis error scale", BCM) | {"pit": SHARE},
    "Scoring.log": _QUANTILES,
    "Scoring.outside": _each("value low high actual error no_change ours_low ours ours_high", ROW)
    | _each("relative held no_change_relative ours_relative", SHARE),
    "Scoring.skill": _each("cells origins", COUNT) | {REST: SHARE},
    "Scoring.standings": {"forecasts": COUNT, "absolute": ROW}
    | _each("relative bias held no_change wins ours", SHARE),
}  # fmt: skip

BREAK_EVENS = _each("p10 p50 p90 p50_other_duty", PRICE) | {"npv_p50": MUSD}
BREAK_EVENS |= _each("duty other_duty", "percent") | {"irr_p50": "percent a year"}
"""Columns of the economics of all proposed lines."""
ALIASES = {"Ahead.timing": "Tracker.timing", "Scoring.scores": "Tracker.scores"}


class Table(pd.DataFrame):
    """A table that tells its units where a notebook shows it, and why it is empty.

    What is made of it is plain pandas.

    Examples
    --------
    >>> table = Table({"flow": [15.9]})
    >>> table.attrs["units"] = {"flow": "bcm at 20 °C"}
    >>> "flow: bcm at 20 °C" in table._repr_html_()
    True
    >>> type(table.head()).__name__
    'DataFrame'
    """

    def __repr__(self) -> str:
        return "\n".join(filter(None, [super().__repr__(), self.attrs.get("none", "")]))

    def _repr_html_(self) -> str | None:
        shown = cast("str | None", super()._repr_html_())  # type: ignore[misc]  # the stubs lack it
        said = self.attrs.get("none") or in_words(self.attrs.get("units", {}))
        return (shown and said and f"{shown}<p>{html.escape(said)}</p>") or shown


def in_words(units: Mapping[str, str]) -> str:
    """Return units as a line, columns of one unit together.

    Examples
    --------
    >>> in_words({"flow": "bcm at 20 °C", "price": "USD/1000 m3", "capacity": "bcm at 20 °C"})
    'flow, capacity: bcm at 20 °C · price: USD/1000 m3'
    >>> in_words({str(year): "bcm at 20 °C" for year in range(2006, 2026)})
    '2006 to 2025: bcm at 20 °C'
    """
    alike: dict[str, list[str]] = {}
    for name, unit in units.items():
        alike.setdefault("share, 1 = all" if unit == SHARE else unit, []).append(name)
    return " · ".join(f"{_listed(names)}: {unit}" for unit, names in alike.items())


def _listed(names: list[str]) -> str:
    periods = len(names) > 2 and all(name[:4].isdigit() for name in names)
    return f"{names[0]} to {names[-1]}" if periods else ", ".join(names)


def label(table: pd.DataFrame, known: Mapping[str, str]) -> pd.DataFrame:
    """Return a table with the unit of each numeric column in ``attrs["units"]``.

    Parameters
    ----------
    table : DataFrame
        What its maker wrote into ``attrs["units"]`` stays, where `known` does not name the column.
    known : mapping of str to str
        Column to unit; ``"*"`` is every numeric column that is not named.

    Examples
    --------
    >>> table = label(pd.DataFrame({"route": ["blue-stream"], "flow": [15.9]}), {"flow": "bcm"})
    >>> table.attrs["units"]
    {'flow': 'bcm'}
    """
    told = dict(table.attrs.get("units", {})) | dict(known)
    found = {(word := text(name)): told.get(word, told.get(REST)) for name in figures(table)}
    units = {name: unit for name, unit in found.items() if unit is not None}
    plain = type(table) in (pd.DataFrame, Table)  # one with geometry stays what it is
    made = Table(table) if plain else table.copy(deep=False)
    made.attrs = table.attrs | {"units": units}
    return made


def figures(table: pd.DataFrame) -> list[Any]:
    """Return the columns of a table that hold numbers.

    Examples
    --------
    >>> figures(pd.DataFrame({"route": ["blue-stream"], "flow": [15.9], "additive": [True]}))
    ['flow']
    """
    return [name for name in table.columns if getattr(table[name].dtype, "kind", "O") in "fiu"]


def text(name: Any) -> str:
    """Return the name of a column; of a period its first day.

    Examples
    --------
    >>> text(pd.Timestamp("2021-10-01")), text("flow")
    ('2021-10-01', 'flow')
    """
    return f"{name:%Y-%m-%d}" if isinstance(name, pd.Timestamp) else str(name)


def united(kind: T) -> T:
    """Return a class whose tables name the unit of each numeric column, as `UNITS` has it.

    Examples
    --------
    >>> import energy
    >>> energy.load().money.netback("Nord Stream 1", "2020").attrs["units"]["usd"]
    'USD/1000 m3 (20 °C)'
    """
    for name, member in list(vars(kind).items()):
        place = f"{kind.__name__}.{name}"
        place = ALIASES.get(place, place)
        if not any(key == place or key.startswith(f"{place}.") for key in UNITS):
            continue
        if isinstance(member, property) and member.fget is not None:
            setattr(kind, name, property(_labelled(member.fget, place), doc=member.__doc__))
        elif inspect.isfunction(member):
            setattr(kind, name, _labelled(member, place))
    return kind


def _labelled(call: Callable[..., Any], place: str) -> Callable[..., Any]:
    @functools.wraps(call)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        made = call(*args, **kwargs)
        if isinstance(made, pd.DataFrame):
            return label(made, UNITS[place])
        if isinstance(made, pd.Series):
            made.attrs["units"] = dict(UNITS[place])
            return made
        for key in UNITS:  # the tables of a result of several
            if key.startswith(f"{place}."):
                part = getattr(made, key.removeprefix(f"{place}."))
                part.attrs["units"] = label(part, UNITS[key]).attrs["units"]
        return made

    return wrapped
