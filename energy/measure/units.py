"""Units of gas, energy, mass, money and price, and the conditions a cubic metre is stated at.

Every conversion factor of the package lives here. Nothing is converted on a silent assumption:
where reference conditions, a calorific value, a density, a number of days or an exchange rate is
needed and not stated, `convert` refuses. Values are converted by plain multiplication, so
scalars, arrays, Series and DataArrays go in and come out as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from energy.errors import UnitError
from geodata.arguments import Checker, alike

checked = Checker(UnitError)

KWH_PER_MMBTU = 293.07107
"""kWh in a million British thermal units (International Table).

Source: NIST Special Publication 811, 1 Btu (IT) = 1055.05585262 J."""

MJ_PER_KWH = 3.6
"""MJ in a kWh, exact. Source: SI."""

KWH_PER_M3_40MJ = 40 / MJ_PER_KWH
"""Gross kWh in a cubic metre of the basis ``15C-40MJ``: 11.111.

Source: BP/Energy Institute, Statistical Review of World Energy, definitions: every gas restated
at 15 °C and 40 MJ/m3 gross, which is 11.11 TWh a bcm."""

KELVIN_AT_0C = 273.15
"""Ice point on the absolute scale, exact. Source: SI."""

BASES = {
    "0C": "at 0 °C",
    "15C": "at 15 °C",
    "20C": "at 20 °C",
    "15C-40MJ": "at 15 °C, 40 MJ/m3",
    "GCV": "(GCV)",
    "NCV": "(NCV)",
    "mass": "",
    "unstated": "(conditions unstated)",
}
"""Every basis and how a label words it. Volumes are at 101.325 kPa (760 mmHg)."""

_CELSIUS = {"0C": 0.0, "15C": 15.0, "20C": 20.0}
_BASES_OF = {
    "volume": (*_CELSIUS, "15C-40MJ"),
    "energy": ("GCV", "NCV"),
    "mass": ("mass",),
    "money": (),
}


@dataclass(frozen=True)
class _Unit:
    """A unit: what it measures, how large it is and, for rates and prices, per what."""

    name: str
    kind: str
    family: str  # quantity, price or money
    carrier: str  # what a basis belongs to: volume, energy, mass or money
    size: float  # in m3, kWh, kg or whole currency; of a price, the size of what is priced
    per: str = ""  # of a rate d or yr; of money and prices the currency


M3_PER_BCF = 0.3048**3 * 1e9
"""Cubic metres in a billion cubic feet, 28.3168 million; the conditions are stated apart.

Source: international yard and pound agreement, 1959: 1 ft = 0.3048 m, exact."""

_TJ = 1e6 / MJ_PER_KWH
_UNITS = {
    unit.name: unit
    for unit in (
        _Unit("m3", "volume", "quantity", "volume", 1.0),
        _Unit("mcm", "volume", "quantity", "volume", 1e6),
        _Unit("bcm", "volume", "quantity", "volume", 1e9),
        _Unit("mmcm", "volume", "quantity", "volume", 1e6),  # the trade's word for mcm
        _Unit("bcf", "volume", "quantity", "volume", M3_PER_BCF),
        _Unit("mcm/d", "volume rate", "quantity", "volume", 1e6, "d"),
        _Unit("mmcm/d", "volume rate", "quantity", "volume", 1e6, "d"),
        _Unit("bcf/d", "volume rate", "quantity", "volume", M3_PER_BCF, "d"),
        _Unit("bcm/yr", "volume rate", "quantity", "volume", 1e9, "yr"),
        _Unit("kWh", "energy", "quantity", "energy", 1.0),
        _Unit("MWh", "energy", "quantity", "energy", 1e3),
        _Unit("GWh", "energy", "quantity", "energy", 1e6),
        _Unit("TWh", "energy", "quantity", "energy", 1e9),
        _Unit("TJ", "energy", "quantity", "energy", _TJ),
        _Unit("PJ", "energy", "quantity", "energy", 1e3 * _TJ),
        _Unit("MMBtu", "energy", "quantity", "energy", KWH_PER_MMBTU),
        _Unit("GWh/d", "energy rate", "quantity", "energy", 1e6, "d"),
        _Unit("TWh/yr", "energy rate", "quantity", "energy", 1e9, "yr"),
        _Unit("t", "mass", "quantity", "mass", 1e3),
        _Unit("kt", "mass", "quantity", "mass", 1e6),
        _Unit("Mt", "mass", "quantity", "mass", 1e9),
        _Unit("USD", "money", "money", "money", 1.0, "USD"),
        _Unit("million USD", "money", "money", "money", 1e6, "USD"),
        _Unit("USD bn", "money", "money", "money", 1e9, "USD"),
        _Unit("RUB", "money", "money", "money", 1.0, "RUB"),
        _Unit("million RUB", "money", "money", "money", 1e6, "RUB"),
        _Unit("RUB bn", "money", "money", "money", 1e9, "RUB"),
        _Unit("USD/1000 m3", "price per volume", "price", "volume", 1e3, "USD"),
        _Unit("RUB/1000 m3", "price per volume", "price", "volume", 1e3, "RUB"),
        _Unit("USD/MMBtu", "price per energy", "price", "energy", KWH_PER_MMBTU, "USD"),
        _Unit("RUB/MMBtu", "price per energy", "price", "energy", KWH_PER_MMBTU, "RUB"),
    )
}

UNITS = {name: unit.kind for name, unit in _UNITS.items()}
"""Every unit and its kind."""


@dataclass(frozen=True)
class _Need:
    """An argument a conversion may need: meaning, example, and the range that makes sense."""

    meaning: str
    example: str
    low: float = 0.0
    high: float = math.inf
    remedy: str = ""


_NEEDS = {
    "gcv": _Need(
        "the gross calorific value in kWh/m3",
        'gcv=10.5, gcv_basis="20C"',
        5,
        16,
        "divide MJ/m3 by 3.6",
    ),
    "gcv_basis": _Need(
        "the conditions of the cubic metre that `gcv` is stated for", 'gcv_basis="20C"'
    ),
    "density": _Need(
        "the density of the gas in kg/m3",
        'density=0.723, density_basis="20C"',
        0.4,
        2,
        "give the gas, not the liquid, in kg/m3",
    ),
    "density_basis": _Need(
        "the conditions of the cubic metre that `density` is stated for", 'density_basis="20C"'
    ),
    "days": _Need("the number of days of the period", "days=31", 0, math.inf, "count from 1 up"),
    "rate": _Need(
        "the exchange rate in RUB per USD",
        "rate=80.5",
        1,
        math.inf,
        "give RUB per USD, not USD per RUB",
    ),
    "ncv_ratio": _Need(
        "net over gross calorific value of this gas", "ncv_ratio=0.901", 0.8, 1, "give NCV / GCV"
    ),
}


@dataclass(frozen=True)
class _State:
    """Where a conversion stands: unit and basis reached."""

    unit: _Unit
    basis: str | None


@dataclass(frozen=True)
class _Step:
    """One multiplication, its wording, and the state it leads to."""

    factor: Any
    text: str
    state: _State


class _Stated:
    """What the caller stated; asking for what is missing or senseless raises."""

    def __init__(self, what: str, values: dict[str, Any]):
        self.what = what
        self.values = values

    def number(self, name: str) -> Any:
        """Return a stated number or array, checked against its sensible range."""
        need, value = _NEEDS[name], self._get(name)
        try:
            array = np.asarray(value, dtype=float)
        except (TypeError, ValueError) as error:
            raise UnitError(
                f"`{name}` {value!r} is not a number: give {need.meaning}, e.g. {need.example}."
            ) from error
        wrong = array[(array <= 0) | (array < need.low) | (array > need.high) | np.isinf(array)]
        if wrong.size:
            bounds = "above 0" if need.high == math.inf else f"{need.low:g} to {need.high:g}"
            if need.high == math.inf and need.low:
                bounds = f"at least {need.low:g}"
            raise UnitError(
                f"`{name}` {wrong.flat[0]:g} makes no sense: {need.meaning} is {bounds}; "
                f"{need.remedy}."
            )
        return np.asarray(value) if isinstance(value, list | tuple) else value

    def year_days(self) -> Any:
        """Return the stated days of a year."""
        days = self.number("days")
        array = np.asarray(days, dtype=float)
        if ((array < 365) | (array > 366)).any():
            raise UnitError(
                f"`days` {_shown(days)} is no year: converting {self.what} takes the days of the "
                "year, 365 or 366."
            )
        return days

    def volume_basis(self, name: str) -> str:
        """Return stated real reference conditions."""
        basis = self._get(name)
        if basis not in _CELSIUS:
            raise UnitError(
                f"`{name}` {basis!r} names no real cubic metre: expected {_listed(_CELSIUS)}."
            )
        return str(basis)

    def _get(self, name: str) -> Any:
        value, need = self.values[name], _NEEDS[name]
        if value is None:
            raise UnitError(
                f"Converting {self.what} needs `{name}`, {need.meaning}, e.g. {need.example}."
            )
        return value


@checked.after
def convert(
    value: Any,
    unit: str,
    to: str,
    *,
    basis: str | None = None,
    to_basis: str | None = None,
    gcv: Any = None,
    gcv_basis: str | None = None,
    density: Any = None,
    density_basis: str | None = None,
    days: Any = None,
    rate: Any = None,
    ncv_ratio: Any = None,
) -> Any:
    """Convert a value to another unit, another basis, or both.

    Parameters
    ----------
    value : scalar, numpy.ndarray, pandas.Series or xarray.DataArray
        Missing is NaN and stays NaN. ``attrs`` are the caller's to set.
    unit, to : str
        Units of `UNITS`.
    basis : str
        Conditions of `value`: 0C, 15C, 20C or 15C-40MJ for volumes and prices per volume, GCV or
        NCV for energies and prices per energy. Required for both; none for mass and money.
    to_basis : str, optional
        Conditions wanted. Default: those of `value`; GCV where a volume becomes energy. Required
        where an energy or a mass becomes a volume.
    gcv : number or array, kWh/m3
        Gross calorific value of the real gas, between volume and energy, and between 15C-40MJ
        and any real cubic metre.
    gcv_basis : str
        Conditions of the cubic metre in `gcv`.
    density : number or array, kg/m3
        Between volume and mass.
    density_basis : str
        Conditions of the cubic metre in `density`.
    days : number or array
        Days of the period between an amount and a rate a day (bcm and mcm/d), days of the year
        between a rate a year and a rate a day.
    rate : number or array
        RUB per USD.
    ncv_ratio : number or array
        Net over gross calorific value, between GCV and NCV.

    Returns
    -------
    Same kind as `value`
        Where an argument is an array or a labelled array, the result takes its labels too.

    Raises
    ------
    UnitError
        If a unit or basis is unknown, the pair has no meaning, the basis is missing or
        ``unstated``, or an argument the conversion needs is missing or senseless.

    Notes
    -----
    Source of the reference conditions: ISO 13443 (natural gas, standard reference conditions).
    Between temperatures the ideal-gas ratio holds: 1 m3 at 0 °C fills 288.15/273.15 = 1.0549 m3
    at 15 °C and 293.15/273.15 = 1.0732 m3 at 20 °C, and 1 m3 at 15 °C fills 1.0174 m3 at 20 °C.
    The change of the compression factor (under 0.1 %) and of the combustion temperature at which
    a calorific value is measured (about 0.1 %) are left out. 15C-40MJ is energy in disguise: a
    real volume reaches it through its own `gcv`.

    Examples
    --------
    >>> round(convert(1.73, "bcm", "bcm", basis="20C", to_basis="0C"), 2)
    1.61
    >>> round(convert(100, "TWh", "bcm", basis="GCV", to_basis="20C", gcv=10.3, gcv_basis="20C"), 2)
    9.71

    A year's capacity over a quarter takes two steps, each with its own days:

    >>> daily = convert(38, "bcm/yr", "mcm/d", basis="20C", days=365)
    >>> round(convert(daily, "mcm/d", "bcm", basis="20C", days=90), 2)
    9.37

    >>> convert(1, "bcm", "TWh", basis="20C")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    energy.errors.UnitError: Converting bcm to TWh needs `gcv`, the gross calorific value in ...
    """
    stated = {"gcv": gcv, "gcv_basis": gcv_basis, "days": days, "rate": rate}
    stated |= {"density": density, "density_basis": density_basis, "ncv_ratio": ncv_ratio}
    result = _as_float(value)
    for step in _steps(unit, to, basis, to_basis, stated)[1]:
        result = result * step.factor
    return result


@checked.after
def chain(
    value: Any,
    unit: str,
    to: str,
    *,
    basis: str | None = None,
    to_basis: str | None = None,
    gcv: Any = None,
    gcv_basis: str | None = None,
    density: Any = None,
    density_basis: str | None = None,
    days: Any = None,
    rate: Any = None,
    ncv_ratio: Any = None,
) -> list[str]:
    """Write out the steps `convert` takes with the same arguments.

    Returns
    -------
    list of str
        One multiplication or division a line, six significant digits; empty where nothing is to
        be done. Of an array the first and last value are shown.

    Raises
    ------
    UnitError
        As `convert`.

    Examples
    --------
    >>> for line in chain(1.73, "bcm", "GWh/d", basis="0C", gcv=10.5, gcv_basis="20C", days=31):
    ...     line
    '1.73 bcm at 0 °C / 31 days = 55.8065 mcm/d at 0 °C'
    '55.8065 mcm/d at 0 °C x 1.0732 = 59.8926 mcm/d at 20 °C'
    '59.8926 mcm/d at 20 °C x 10.5 kWh/m3 = 628.872 GWh/d (GCV)'
    """
    stated = {"gcv": gcv, "gcv_basis": gcv_basis, "days": days, "rate": rate}
    stated |= {"density": density, "density_basis": density_basis, "ncv_ratio": ncv_ratio}
    result = _as_float(value)
    state, steps = _steps(unit, to, basis, to_basis, stated)
    lines = []
    for step in steps:
        before = f"{_shown(result)} {_state_label(state)}"
        result, state = result * step.factor, step.state
        lines.append(f"{before} {step.text} = {_shown(result)} {_state_label(state)}")
    return lines


@checked.after
def kind(unit: str) -> str:
    """Return what a unit measures, e.g. ``"volume rate"``.

    Raises
    ------
    UnitError
        If the unit is unknown; the near ones are listed.

    Examples
    --------
    >>> kind("mcm/d"), kind("PJ"), kind("USD/MMBtu")
    ('volume rate', 'energy', 'price per energy')
    """
    return _known_unit(unit).kind


@checked.after
def label(unit: str, basis: str | None = None) -> str:
    """Return unit and basis as a title or an axis writes them.

    Raises
    ------
    UnitError
        If the unit or the basis is unknown, or they do not fit each other.

    Examples
    --------
    >>> label("bcm", "20C"), label("TWh", "GCV"), label("million USD")
    ('bcm at 20 °C', 'TWh (GCV)', 'million USD')
    """
    known = _known_unit(unit)
    stated = _known_basis(basis, known)
    return _state_label(_State(known, stated))


# --- what is asked -----------------------------------------------------------------------------


def _known_unit(name: str) -> _Unit:
    """Return a unit by name."""
    if name not in _UNITS:
        raise UnitError(f"Unknown unit {name!r}; {_near(name, _UNITS)}.")
    return _UNITS[name]


def _known_basis(basis: Any, unit: _Unit) -> str | None:
    """Return a basis that fits the unit, None for a missing one (None, empty or NaN)."""
    if basis is None or (isinstance(basis, float) and math.isnan(basis)):
        return None
    if not isinstance(basis, str):
        raise UnitError(f"Basis {basis!r} is not a text: convert the rows of one basis at a time.")
    if not basis:
        return None
    if basis not in BASES:
        raise UnitError(f"Unknown basis {basis!r}; {_near(basis, BASES)}.")
    allowed = _BASES_OF[unit.carrier]
    if basis != "unstated" and basis not in allowed:
        expected = f"expected {_listed(allowed)}" if allowed else "leave it out"
        raise UnitError(f"Basis {basis!r} does not fit {unit.name} ({unit.kind}): {expected}.")
    return basis


def _near(name: Any, known: Iterable[str]) -> str:
    """List near names whatever their case, or all."""
    names = list(known)
    found = alike(str(name), names)
    return f"near: {', '.join(found)}" if found else f"known: {', '.join(names)}"


def _listed(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} or {last}" if most else last


def _as_float(value: Any) -> Any:
    """Return the value as something new to multiply."""
    if value is None or isinstance(value, str | bytes | list | tuple | dict | set):
        raise UnitError(
            f"Value {value!r} cannot be converted: expected a number, an array, a Series or a "
            "DataArray; missing is NaN."
        )
    return value * 1.0


def _start_basis(unit: _Unit, basis: Any, what: str) -> str | None:
    """Return the basis converted from, which volumes and energies must have."""
    stated = _known_basis(basis, unit) or ("mass" if unit.carrier == "mass" else None)
    if stated is None and _BASES_OF[unit.carrier]:
        example = "20C" if unit.carrier == "volume" else "GCV"
        raise UnitError(
            f"Converting {what} needs `basis`, the conditions of the {unit.name} given, "
            f'e.g. basis="{example}".'
        )
    _refuse_unstated(unit, stated, "basis")
    return stated


def _end_basis(unit: _Unit, start: _State, to_basis: Any, what: str) -> str | None:
    """Return the basis converted to: the one asked for, or the only sensible one."""
    stated = _known_basis(to_basis, unit)
    _refuse_unstated(unit, stated, "to_basis")
    if stated is not None:
        return stated
    if unit.carrier == start.unit.carrier:
        return start.basis
    if unit.carrier == "volume":
        raise UnitError(
            f"Converting {what} needs `to_basis`, the conditions of the cubic metre wanted, "
            'e.g. to_basis="20C".'
        )
    return "GCV" if unit.carrier == "energy" else "mass"


def _refuse_unstated(unit: _Unit, basis: str | None, argument: str) -> None:
    if basis == "unstated":
        example = "20C" if unit.carrier == "volume" else "GCV"
        raise UnitError(
            f"{unit.name} with basis 'unstated' cannot be converted, nor converted to: find the "
            f'conditions in the source and say so, e.g. {argument}="{example}".'
        )


# --- the way there -----------------------------------------------------------------------------


def _steps(
    unit: str, to: str, basis: Any, to_basis: Any, stated: dict[str, Any]
) -> tuple[_State, list[_Step]]:
    """Return where a conversion starts and the multiplications that follow."""
    source, target = _known_unit(unit), _known_unit(to)
    what = f"{unit} to {to}"
    if source.family != target.family:
        raise UnitError(
            f"{unit} cannot become {to}: a {source.kind} and a {target.kind} have no conversion; "
            "multiply or divide by a price or an amount first."
        )
    start = _State(source, _start_basis(source, basis, what))
    end = _State(target, _end_basis(target, start, to_basis, what))
    return start, _walk(start, end, _Stated(what, stated))


def _walk(start: _State, end: _State, stated: _Stated) -> list[_Step]:
    """Change days or currency where the unit for it exists, the carrier, then the size."""
    steps: list[_Step] = []

    def now() -> _State:
        return steps[-1].state if steps else start

    swapped = _unit_for(start.unit.carrier, end.unit.per, start.unit, end.unit)
    if swapped and start.unit.per != end.unit.per:
        steps.append(_swap(start, swapped, stated))
    for hop in _route(_place(now()), _place(end)):
        steps += _hop(now(), hop, end, stated)
    if now().basis != end.basis:
        steps.append(_warm(now(), end.basis))
    if now().unit.per != end.unit.per:
        steps.append(_swap(now(), end.unit, stated))
    if now().unit != end.unit:
        steps.append(_scale(now(), end.unit))
    return steps


def _unit_for(carrier: str, per: str, like: _Unit, wanted: _Unit) -> _Unit | None:
    """Return the wanted unit if it fits, else the one of that carrier nearest in magnitude."""
    if (wanted.carrier, wanted.per) == (carrier, per):
        return wanted
    fits = [
        unit
        for unit in _UNITS.values()
        if (unit.family, unit.carrier, unit.per) == (like.family, carrier, per)
        and not unit.name.startswith(("bcf", "mmcm"))  # American words, only where asked for
    ]
    return min(fits, key=lambda unit: abs(math.log(unit.size / like.size)), default=None)


def _place(state: _State) -> str:
    """Return the node of the conversion tree: real volume, 15C-40MJ, GCV, NCV, mass or money."""
    return "real" if state.basis in _CELSIUS else state.basis or "money"


_TOWARDS_GCV = {"mass": "real", "real": "GCV", "15C-40MJ": "GCV", "NCV": "GCV"}


def _route(place: str, goal: str) -> list[str]:
    """Return the nodes to pass, the goal included, on the tree whose root is GCV."""
    down = [place]
    while down[-1] in _TOWARDS_GCV:
        down.append(_TOWARDS_GCV[down[-1]])
    up = [goal]
    while up[-1] not in down:
        up.append(_TOWARDS_GCV[up[-1]])
    return down[1 : down.index(up[-1]) + 1] + up[-2::-1]


_RATIOS = {
    ("real", "GCV"): "gcv",
    ("real", "mass"): "density",
    ("GCV", "NCV"): "ncv_ratio",
    ("15C-40MJ", "GCV"): "40 MJ/m3",
}
"""What a quantity is multiplied by between neighbouring nodes; backwards it divides."""

_MEASURES = {"gcv": "kWh/m3", "density": "kg/m3", "ncv_ratio": "NCV/GCV"}
_CARRIERS = {"real": "volume", "15C-40MJ": "volume", "GCV": "energy", "NCV": "energy"}


def _hop(state: _State, place: str, end: _State, stated: _Stated) -> list[_Step]:
    """Go to a neighbouring node; a real volume is first brought to the stated conditions."""
    here = _place(state)
    forward = (here, place) in _RATIOS
    name = _RATIOS[(here, place) if forward else (place, here)]
    ratio, shown = _ratio(name, stated)
    basis, steps = place, []
    if "real" in (here, place):
        real = stated.volume_basis(f"{name}_basis")
        basis = real if place == "real" else place
        if here == "real" and state.basis != real:
            steps = [_warm(state, real)]
            state = steps[0].state
    unit = _unit_for(_CARRIERS.get(place, "mass"), state.unit.per, state.unit, end.unit)
    assert unit, f"no unit to pass {place} with"
    divides = forward == (unit.family == "price")  # twice the energy is half the price
    return [*steps, _multiply(_State(unit, basis), state.unit, ratio, shown, divides)]


def _ratio(name: str, stated: _Stated) -> tuple[Any, str]:
    """Return the ratio between two nodes and its wording."""
    if name == "40 MJ/m3":
        return KWH_PER_M3_40MJ, "11.111 kWh/m3"
    ratio = stated.number(name)
    return ratio, f"{_shown(ratio)} {_MEASURES[name]}"


def _warm(state: _State, basis: str | None) -> _Step:
    """Bring a real volume to another temperature, or a price per real volume."""
    kelvin, wanted = (KELVIN_AT_0C + _CELSIUS[each] for each in (state.basis or "", basis or ""))
    ratio = kelvin / wanted if state.unit.family == "price" else wanted / kelvin
    return _Step(ratio, f"x {ratio:.4f}", _State(state.unit, basis))


def _swap(state: _State, unit: _Unit, stated: _Stated) -> _Step:
    """Change an amount into a rate, a rate into an amount, or the currency."""
    pair, after = (state.unit.per, unit.per), _State(unit, state.basis)
    if pair in (("", "yr"), ("yr", "")):
        raise UnitError(
            f"Converting {stated.what} needs two numbers of days: go through a rate a day, with "
            "the days of the year for the yearly rate"
            " and the days of the period for the amount."
        )
    if set(pair) == {"USD", "RUB"}:
        rate = stated.number("rate")
        return _multiply(after, state.unit, rate, f"{_shown(rate)} RUB/USD", pair[0] == "RUB")
    days = stated.year_days() if "yr" in pair else stated.number("days")
    return _multiply(after, state.unit, days, f"{_shown(days)} days", pair[1] == "d")


def _scale(state: _State, unit: _Unit) -> _Step:
    """Change the size of the unit only."""
    factor = state.unit.size / unit.size
    return _Step(factor, f"x {_shown(factor)}", _State(unit, state.basis))


def _multiply(after: _State, before: _Unit, ratio: Any, shown: str, divides: bool) -> _Step:
    """Multiply or divide by a ratio and bring the size of the unit in line."""
    scale = before.size / after.unit.size
    if before.family == "price":
        scale = 1 / scale
    factor = scale / ratio if divides else ratio * scale
    return _Step(factor, f"{'/' if divides else 'x'} {shown}", after)


# --- wording -----------------------------------------------------------------------------------


def _state_label(state: _State) -> str:
    wording = BASES[state.basis] if state.basis else ""
    return f"{state.unit.name} {wording}".rstrip()


def _shown(value: Any) -> str:
    """Write a number with six significant digits, an array by its first and last value."""
    array = np.asarray(value, dtype=float)
    if array.size == 1:
        return _digits(array.item())
    flat = array.ravel()
    return f"[{_digits(flat[0])} … {_digits(flat[-1])}]" if flat.size else "[]"


def _digits(number: float) -> str:
    size = abs(number)
    if number == 0 or not 1e-4 <= size < 1e15:
        return f"{number:.6g}"
    places = max(0, 5 - math.floor(math.log10(size)))
    text = f"{number:,.{places}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
