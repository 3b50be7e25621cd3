"""Units: published pairs of figures worked out by hand, refusals, and laws of conversion."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

from energy.errors import UnitError
from energy.measure.units import (
    KWH_PER_M3_40MJ,
    KWH_PER_MMBTU,
    UNITS,
    chain,
    convert,
    kind,
    label,
)

# --- worked examples ---------------------------------------------------------------------------


def test_turkstream_january_2026_is_one_gas_on_two_metres():
    """Reuters and TASS 1.73 (20 °C), S&P 1.61 (0 °C)."""
    normal = convert(1.73, "bcm", "bcm", basis="20C", to_basis="0C")
    assert normal == pytest.approx(1.61, abs=0.005)
    assert convert(1.61, "bcm", "bcm", basis="0C", to_basis="20C") == pytest.approx(1.73, abs=0.005)


def test_turkstream_january_2025_differs_by_more_than_temperature():
    """Reuters 1.57 (20 °C) is 1.543 at 15 °C; the IEA's 1.48 is another 4 % lower."""
    standard = convert(1.57, "bcm", "bcm", basis="20C", to_basis="15C")
    assert standard == pytest.approx(1.543, abs=0.0005)
    assert abs(standard - 1.48) > 0.05


@pytest.mark.parametrize(
    ("basis", "to_basis", "factor"),
    [("0C", "20C", 1.0732), ("0C", "15C", 1.0549), ("15C", "20C", 1.0174), ("20C", "15C", 0.9829)],
)
def test_published_temperature_factors(basis, to_basis, factor):
    assert convert(1.0, "bcm", "bcm", basis=basis, to_basis=to_basis) == pytest.approx(
        factor, abs=5e-5
    )


def test_nord_stream_2021_energy_over_volume():
    """620.7 TWh at Greifswald over the operator's 59.2 bcm is 10.49 kWh/m3."""
    energy = convert(59.2, "bcm", "TWh", basis="20C", gcv=10.49, gcv_basis="20C")
    assert energy == pytest.approx(620.7, rel=5e-4)


def test_strandzha_october_2025():
    """17,403 GWh at 10.36 kWh/m3 is the 1.68 bcm of TASS and Reuters."""
    volume = convert(17_403, "GWh", "bcm", basis="GCV", to_basis="20C", gcv=10.36, gcv_basis="20C")
    assert volume == pytest.approx(1.68, abs=0.001)


def test_bp_bcm_is_11_11_twh_and_needs_no_calorific_value():
    assert convert(1, "bcm", "TWh", basis="15C-40MJ") == pytest.approx(11.11, abs=0.002)
    assert convert(1, "bcm", "PJ", basis="15C-40MJ") == pytest.approx(40, rel=1e-12)


@pytest.mark.parametrize(("gcv", "bcm"), [(10.3, 9.71), (11.0, 9.09)])
def test_100_twh_in_real_metres(gcv, bcm):
    got = convert(100, "TWh", "bcm", basis="GCV", to_basis="15C", gcv=gcv, gcv_basis="15C")
    assert got == pytest.approx(bcm, abs=0.005)


def test_100_twh_at_40_mj():
    assert convert(100, "TWh", "bcm", basis="GCV", to_basis="15C-40MJ") == pytest.approx(9.0)


def test_power_of_siberia_2020_tonnage():
    """2.965 Mt by Chinese customs for Gazprom's 4.1 bcm is 0.723 kg/m3, 1.38 bcm a Mt."""
    stated = {"density": 0.723, "density_basis": "20C"}
    assert convert(4.1, "bcm", "Mt", basis="20C", **stated) == pytest.approx(2.965, abs=0.002)
    assert convert(1, "Mt", "bcm", to_basis="20C", **stated) == pytest.approx(1.38, abs=0.005)


def test_1000_m3_is_about_35_7_mmbtu():
    """10,460 kWh over 293.07 kWh a MMBtu: USD 1 a MMBtu is about USD 35.7 a 1000 m3."""
    stated = {"gcv": 10.46, "gcv_basis": "20C"}
    assert convert(1000, "m3", "MMBtu", basis="20C", **stated) == pytest.approx(35.7, abs=0.05)
    price = convert(1, "USD/MMBtu", "USD/1000 m3", basis="GCV", to_basis="20C", **stated)
    assert price == pytest.approx(35.7, abs=0.05)
    back = convert(248.7, "USD/1000 m3", "USD/MMBtu", basis="20C", **stated)
    assert back == pytest.approx(6.97, abs=0.005)  # 248.7 / 35.69


def test_price_rises_where_the_metre_holds_more():
    price = convert(250, "USD/1000 m3", "USD/1000 m3", basis="20C", to_basis="0C")
    assert price == pytest.approx(268.3, abs=0.05)  # 250 x 1.0732


def test_revenue_does_not_depend_on_the_metre():
    volume = convert(38.8, "bcm", "bcm", basis="20C", to_basis="15C")
    price = convert(248.7, "USD/1000 m3", "USD/1000 m3", basis="20C", to_basis="15C")
    assert volume * price == pytest.approx(38.8 * 248.7, rel=1e-12)


def test_power_of_siberia_plateau_a_day():
    """38 bcm/yr over 365 days is 104.1 mcm/d, over 366 days 103.8."""
    assert convert(38, "bcm/yr", "mcm/d", basis="20C", days=365) == pytest.approx(104.1, abs=0.05)
    assert convert(38, "bcm/yr", "mcm/d", basis="20C", days=366) == pytest.approx(103.8, abs=0.05)


def test_month_to_rate():
    """1.73 bcm over the 31 days of January is 55.8 mcm/d."""
    assert convert(1.73, "bcm", "mcm/d", basis="20C", days=31) == pytest.approx(55.8, abs=0.01)


def test_units_of_american_and_of_trade_prints():
    """A cubic foot is 0.0283168 m3: 1 bcm is 35.3147 bcf; 1 bcf/d is 28.3168 mcm/d."""
    assert convert(1, "bcm", "bcf", basis="20C") == pytest.approx(35.3147, abs=1e-4)
    assert convert(1, "bcf/d", "mmcm/d", basis="15C") == pytest.approx(28.3168, abs=1e-4)
    assert convert(2, "mmcm", "mcm", basis="15C") == 2
    assert convert(28, "bcf", "bcf/d", basis="20C", days=28) == 1


def test_capacity_a_year_in_bp_metres_needs_no_days():
    """55 bcm/yr of 10.5 kWh gas at 15 °C is 55 x 10.5 / 11.111 = 51.98 bcm/yr at 40 MJ/m3."""
    stated = {"gcv": 10.5, "gcv_basis": "15C"}
    got = convert(55, "bcm/yr", "bcm/yr", basis="15C", to_basis="15C-40MJ", **stated)
    assert got == pytest.approx(51.98, abs=0.005)


def test_bcm_a_year_to_gwh_a_day():
    """55 bcm/yr x 10.5 / 365 = 1,582 GWh/d."""
    got = convert(55, "bcm/yr", "GWh/d", basis="20C", gcv=10.5, gcv_basis="20C", days=365)
    assert got == pytest.approx(1582.2, abs=0.05)


def test_energy_units():
    assert convert(1, "TWh", "TJ", basis="GCV") == pytest.approx(3600, rel=1e-12)
    assert convert(2420, "PJ", "TWh", basis="GCV") == pytest.approx(672.2, abs=0.05)
    assert convert(1, "MMBtu", "kWh", basis="GCV") == pytest.approx(293.07, abs=0.005)
    assert pytest.approx(1055.05585262e6 / 3.6e6, rel=1e-7) == KWH_PER_MMBTU
    assert pytest.approx(11.111, abs=5e-4) == KWH_PER_M3_40MJ


def test_net_and_gross_only_by_the_stated_ratio():
    assert convert(100, "TWh", "TWh", basis="GCV", to_basis="NCV", ncv_ratio=0.9) == 90
    assert convert(90, "TWh", "TWh", basis="NCV", to_basis="GCV", ncv_ratio=0.9) == 100


def test_roubles_at_a_stated_rate():
    """RUB 1,000 bn at 80 RUB/USD is USD 12.5 bn."""
    assert convert(1000, "RUB bn", "million USD", rate=80) == pytest.approx(12_500)
    assert convert(5000, "RUB/1000 m3", "USD/1000 m3", basis="20C", rate=80) == 62.5


def test_calorific_value_on_another_metre_than_the_volume():
    """11.30 kWh a normal m3 is 10.53 a Gazprom m3: 1 bcm at 20 °C = 10.53 TWh."""
    got = convert(1, "bcm", "TWh", basis="20C", gcv=11.30, gcv_basis="0C")
    assert got == pytest.approx(10.53, abs=0.005)


def test_restating_to_40_mj_goes_through_energy():
    """1 bcm of 10.5 kWh gas is 10.5 TWh, that is 0.945 bcm of 11.111 kWh."""
    stated = {"gcv": 10.5, "gcv_basis": "20C"}
    got = convert(1, "bcm", "bcm", basis="20C", to_basis="15C-40MJ", **stated)
    assert got == pytest.approx(0.945, abs=5e-4)


def test_mass_to_energy_through_volume():
    """1 Mt / 0.723 = 1.383 bcm; x 10.5 = 14.52 TWh."""
    stated = {"density": 0.723, "density_basis": "20C", "gcv": 10.5, "gcv_basis": "20C"}
    assert convert(1, "Mt", "TWh", **stated) == pytest.approx(14.52, abs=0.005)


# --- shapes and missing ------------------------------------------------------------------------

TO_NORMAL = {"basis": "20C", "to_basis": "0C"}


def test_scalar_array_series_and_dataarray_keep_their_type():
    index = pd.Index(["a", "b"], name="route")
    assert isinstance(convert(1, "bcm", "mcm", basis="20C"), float)
    assert isinstance(convert(np.array([1, 2]), "bcm", "bcm", **TO_NORMAL), np.ndarray)
    series = convert(pd.Series([1, 2], index=index, name="flow"), "bcm", "bcm", **TO_NORMAL)
    assert isinstance(series, pd.Series)
    assert series.name == "flow"
    assert series.index.equals(index)
    cube = xr.DataArray([1.0, 2.0], dims="route", coords={"route": ["a", "b"]})
    result = convert(cube, "bcm", "TWh", basis="20C", gcv=10.5, gcv_basis="20C")
    assert isinstance(result, xr.DataArray)
    assert result.sel(route="b").item() == pytest.approx(21.0)


def test_missing_stays_missing_and_zero_stays_zero():
    values = convert(np.array([np.nan, 0.0]), "bcm", "bcm", **TO_NORMAL)
    assert np.isnan(values[0])
    assert values[1] == 0
    assert np.isnan(convert(1.0, "RUB", "USD", rate=float("nan")))


def test_the_value_given_is_not_touched_nor_returned():
    values = np.array([1.0])
    result = convert(values, "bcm", "bcm", basis="20C")
    result[0] = 9
    assert values[0] == 1


def test_days_and_rate_may_differ_by_period():
    flows = xr.DataArray([31.0, 28.0], dims="period", coords={"period": [1, 2]})
    days = xr.DataArray([31, 28], dims="period", coords={"period": [1, 2]})
    assert convert(flows, "bcm", "mcm/d", basis="20C", days=days).to_numpy().tolist() == [
        1000,
        1000,
    ]
    rates = pd.Series([80.0, 100.0])
    assert convert(pd.Series([80, 50]), "RUB", "USD", rate=rates).tolist() == [1.0, 0.5]
    assert convert(800, "RUB", "USD", rate=[80, 100]).tolist() == [10, 8]


def test_reverse_flow_keeps_its_sign():
    assert convert(-2.0, "bcm", "mcm", basis="20C") == -2000


# --- refusals ----------------------------------------------------------------------------------

GAS = {"gcv": 10.5, "gcv_basis": "20C"}


@pytest.mark.parametrize(
    ("unit", "to", "stated", "message"),
    [
        ("bcm", "mcm", {}, r"bcm to mcm needs `basis`.*e\.g\. basis=\"20C\""),
        ("TWh", "PJ", {}, r"TWh to PJ needs `basis`.*basis=\"GCV\""),
        ("TWh", "bcm", {"basis": "GCV", **GAS}, r"needs `to_basis`.*to_basis=\"20C\""),
        ("Mt", "bcm", {"density": 0.7}, r"needs `to_basis`"),
        ("bcm", "TWh", {"basis": "20C"}, r"bcm to TWh needs `gcv`.*gcv=10\.5"),
        ("bcm", "TWh", {"basis": "20C", "gcv": 10.5}, r"needs `gcv_basis`"),
        (
            "bcm",
            "bcm",
            {"basis": "15C-40MJ", "to_basis": "15C"},
            r"needs `gcv`",
        ),
        ("bcm", "Mt", {"basis": "20C"}, r"needs `density`.*density=0\.723"),
        ("bcm", "Mt", {"basis": "20C", "density": 0.7}, r"needs `density_basis`"),
        ("bcm", "mcm/d", {"basis": "20C"}, r"bcm to mcm/d needs `days`.*days=31"),
        ("bcm/yr", "mcm/d", {"basis": "20C"}, r"needs `days`"),
        ("RUB bn", "USD bn", {}, r"needs `rate`.*RUB per USD.*rate=80\.5"),
        ("USD/1000 m3", "RUB/1000 m3", {"basis": "20C"}, r"needs `rate`"),
        ("TWh", "TWh", {"basis": "GCV", "to_basis": "NCV"}, r"needs `ncv_ratio`"),
    ],
)
def test_missing_argument_is_named(unit, to, stated, message):
    with pytest.raises(UnitError, match=message):
        convert(1, unit, to, **stated)


@pytest.mark.parametrize(
    ("stated", "message"),
    [
        ({"basis": "20C", "gcv": 37.8, "gcv_basis": "20C"}, r"`gcv` 37\.8 makes no.*by 3\.6"),
        ({"basis": "20C", "gcv": -1, "gcv_basis": "20C"}, r"`gcv` -1 makes no sense"),
        ({"basis": "20C", "gcv": "high", "gcv_basis": "20C"}, r"`gcv` 'high' is not a number"),
        ({"basis": "20C", "gcv": 11.1, "gcv_basis": "15C-40MJ"}, r"no real cubic metre"),
        ({"basis": "20C", "gcv": 11.1, "gcv_basis": "cold"}, r"`gcv_basis` 'cold' names no real"),
    ],
)
def test_senseless_calorific_value(stated, message):
    with pytest.raises(UnitError, match=message):
        convert(1, "bcm", "TWh", **stated)


def test_senseless_density_days_rate_and_ratio():
    with pytest.raises(UnitError, match=r"`density` 450 makes no sense.*not the liquid"):
        convert(1, "Mt", "bcm", to_basis="20C", density=450, density_basis="20C")
    with pytest.raises(UnitError, match=r"`days` 0 makes no sense.*above 0"):
        convert(1, "bcm", "mcm/d", basis="20C", days=0)
    with pytest.raises(UnitError, match=r"`days` 31 is no year.*365 or 366"):
        convert(1, "bcm/yr", "mcm/d", basis="20C", days=31)
    with pytest.raises(UnitError, match=r"`rate` 0\.0125 makes no sense.*not USD per RUB"):
        convert(1, "RUB", "USD", rate=0.0125)
    with pytest.raises(UnitError, match=r"`ncv_ratio` 1\.11 makes no sense.*NCV / GCV"):
        convert(1, "TWh", "TWh", basis="NCV", to_basis="GCV", ncv_ratio=1.11)


def test_one_bad_rate_in_an_array_is_shown():
    with pytest.raises(UnitError, match=r"`rate` -3 makes no sense"):
        convert(1, "RUB", "USD", rate=np.array([80, -3, 90]))


@pytest.mark.parametrize("unit", ["bcm", "USD/1000 m3"])
def test_unstated_is_never_converted(unit):
    with pytest.raises(UnitError, match=r"'unstated' cannot be converted.*find.*basis=\"20C\""):
        convert(1, unit, unit, basis="unstated", to_basis="20C")
    with pytest.raises(UnitError, match=r"'unstated' cannot be converted.*to_basis=\"20C\""):
        convert(1, unit, unit, basis="20C", to_basis="unstated")
    with pytest.raises(UnitError, match="unstated"):
        convert(1, unit, unit, basis="unstated")


def test_unknown_unit_lists_near_ones_whatever_the_case():
    with pytest.raises(UnitError, match=r"Unknown unit 'usd/mmbtu'; near: USD/MMBtu"):
        kind("usd/mmbtu")
    with pytest.raises(UnitError, match=r"Unknown unit 'BCM'; near: bcm"):
        convert(1, "BCM", "mcm", basis="20C")
    with pytest.raises(UnitError, match=r"Unknown unit 'furlong'; known: m3, mcm"):
        convert(1, "bcm", "furlong", basis="20C")


def test_unknown_or_unfit_basis():
    with pytest.raises(UnitError, match=r"Unknown basis '20 C'; near: 20C"):
        convert(1, "bcm", "mcm", basis="20 C")
    with pytest.raises(UnitError, match=r"Basis 'GCV' does not fit bcm \(volume\): expected 0C"):
        convert(1, "bcm", "mcm", basis="GCV")
    with pytest.raises(UnitError, match=r"Basis '20C' does not fit TWh \(energy\)"):
        convert(1, "bcm", "TWh", basis="20C", to_basis="20C", **GAS)
    with pytest.raises(UnitError, match=r"Basis '20C' does not fit USD \(money\): leave it out"):
        convert(1, "USD", "USD bn", basis="20C")
    with pytest.raises(UnitError, match="one basis at a time"):
        convert(1, "bcm", "mcm", basis=pd.Series(["20C"]))


def test_empty_or_missing_basis_of_a_table_is_no_basis():
    assert convert(1, "USD bn", "million USD", basis="") == 1000
    assert convert(1, "USD bn", "million USD", basis=float("nan")) == 1000
    with pytest.raises(UnitError, match="needs `basis`"):
        convert(1, "bcm", "mcm", basis="")


@pytest.mark.parametrize(
    ("unit", "to"), [("Mt", "USD"), ("USD/1000 m3", "USD"), ("bcm", "USD/1000 m3")]
)
def test_pairs_without_meaning(unit, to):
    with pytest.raises(UnitError, match=rf"{unit} cannot become {to}: a .* have no conversion"):
        convert(1, unit, to, basis="20C" if unit == "bcm" else None)


@pytest.mark.parametrize(
    ("unit", "to"), [("bcm", "bcm/yr"), ("bcm/yr", "bcm"), ("Mt", "bcm/yr"), ("bcm/yr", "TWh")]
)
def test_amount_and_yearly_rate_need_two_numbers_of_days(unit, to):
    stated = {"density": 0.7, "density_basis": "20C", "days": 365, **GAS}
    basis = {"Mt": "mass"}.get(unit, "20C")
    to_basis = {"TWh": "GCV"}.get(to, "20C")
    with pytest.raises(UnitError, match="needs two numbers of days: go through a rate a day"):
        convert(1, unit, to, basis=basis, to_basis=to_basis, **stated)


@pytest.mark.parametrize("value", ["1.7", None, [1, 2]])
def test_value_must_be_a_number_or_array(value):
    with pytest.raises(UnitError, match="expected a number, an array, a Series or a DataArray"):
        convert(value, "bcm", "mcm", basis="20C")


# --- laws --------------------------------------------------------------------------------------

STATED = {
    "gcv": 10.5,
    "gcv_basis": "15C",
    "density": 0.723,
    "density_basis": "20C",
    "days": 365,
    "rate": 80.5,
    "ncv_ratio": 0.9,
}
PLACES = {
    "volume": ("0C", "15C", "20C", "15C-40MJ"),
    "volume rate": ("0C", "15C", "20C", "15C-40MJ"),
    "price per volume": ("0C", "15C", "20C", "15C-40MJ"),
    "energy": ("GCV", "NCV"),
    "energy rate": ("GCV", "NCV"),
    "price per energy": ("GCV", "NCV"),
    "mass": ("mass",),
    "money": (None,),
}
ENDS = [(unit, basis) for unit in UNITS for basis in PLACES[kind(unit)]]


def is_allowed(start: str, end: str) -> bool:
    families = {"price": "price", "money": "money"}
    family = [families.get(UNITS[unit].split()[0], "quantity") for unit in (start, end)]
    yearly = [unit.endswith("/yr") for unit in (start, end)]
    daily = [unit.endswith(("/d", "/yr")) for unit in (start, end)]
    return family[0] == family[1] and not (any(yearly) and not all(daily))


PAIRS = [
    (start, end) for start, end in itertools.product(ENDS, ENDS) if is_allowed(start[0], end[0])
]


def there(value, start, end):
    return convert(value, start[0], end[0], basis=start[1], to_basis=end[1], **STATED)


def test_every_allowed_pair_comes_back():
    assert len(PAIRS) > 1000
    for start, end in PAIRS:
        assert there(there(1.73, start, end), end, start) == pytest.approx(1.73, rel=1e-12)


amounts = st.floats(-1e6, 1e6, allow_nan=False)


@settings(max_examples=300, deadline=None)
@given(value=amounts, pair=st.sampled_from(PAIRS))
def test_round_trip(value, pair):
    start, end = pair
    assert there(there(value, start, end), end, start) == pytest.approx(value, rel=1e-9, abs=1e-12)


@settings(max_examples=300, deadline=None)
@given(pair=st.sampled_from(PAIRS), via=st.sampled_from(ENDS))
def test_the_way_does_not_matter(pair, via):
    start, end = pair
    if is_allowed(start[0], via[0]) and is_allowed(via[0], end[0]):
        direct = there(1.0, start, end)
        assert there(there(1.0, start, via), via, end) == pytest.approx(direct, rel=1e-9)


@settings(max_examples=100, deadline=None)
@given(pair=st.sampled_from(PAIRS), a=amounts, b=amounts)
def test_conversion_is_proportional(pair, a, b):
    total = there(a + b, *pair)
    assert there(a, *pair) + there(b, *pair) == pytest.approx(
        total, rel=1e-6, abs=1e-3 * abs(there(1.0, *pair))
    )


# --- words -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("unit", "basis", "text"),
    [
        ("bcm", "20C", "bcm at 20 °C"),
        ("mcm/d", "0C", "mcm/d at 0 °C"),
        ("TWh", "GCV", "TWh (GCV)"),
        ("bcm", "15C-40MJ", "bcm at 15 °C, 40 MJ/m3"),
        ("bcm", "unstated", "bcm (conditions unstated)"),
        ("Mt", "mass", "Mt"),
        ("USD/1000 m3", "20C", "USD/1000 m3 at 20 °C"),
        ("million USD", None, "million USD"),
    ],
)
def test_label(unit, basis, text):
    assert label(unit, basis) == text


def test_label_refuses_what_does_not_fit():
    with pytest.raises(UnitError, match="does not fit"):
        label("TWh", "20C")


def test_chain_of_one_step_reads_like_a_sum():
    assert chain(1.73, "bcm", "bcm", basis="20C", to_basis="15C") == [
        "1.73 bcm at 20 °C x 0.9829 = 1.70049 bcm at 15 °C"
    ]
    assert chain(17_403, "GWh", "bcm", basis="GCV", to_basis="20C", gcv=10.36, gcv_basis="20C") == [
        "17,403 GWh (GCV) / 10.36 kWh/m3 = 1.67983 bcm at 20 °C"
    ]
    assert chain(1000, "RUB bn", "USD bn", rate=80) == ["1,000 RUB bn / 80 RUB/USD = 12.5 USD bn"]


def test_chain_of_a_price_divides_where_the_amount_multiplies():
    lines = chain(250, "USD/1000 m3", "USD/MMBtu", basis="0C", gcv=10.5, gcv_basis="20C")
    assert lines == [
        "250 USD/1000 m3 at 0 °C x 0.9318 = 232.944 USD/1000 m3 at 20 °C",
        "232.944 USD/1000 m3 at 20 °C / 10.5 kWh/m3 = 6.50182 USD/MMBtu (GCV)",
    ]


def test_chain_is_empty_where_nothing_is_converted():
    assert chain(1.73, "bcm", "bcm", basis="20C") == []


def test_chain_of_an_array_shows_its_ends():
    (line,) = chain(np.array([1.0, 2.0, 3.0]), "bcm", "mcm", basis="20C")
    assert line == "[1 … 3] bcm at 20 °C x 1,000 = [1,000 … 3,000] mcm at 20 °C"


def test_chain_refuses_as_convert_does():
    with pytest.raises(UnitError, match="needs `gcv`"):
        chain(1, "bcm", "TWh", basis="20C")


@settings(max_examples=200, deadline=None)
@given(pair=st.sampled_from(PAIRS))
def test_chain_ends_where_convert_does(pair):
    """The last number and label of the last line are those of `convert` and `label`."""
    start, end = pair
    lines = chain(1.73, start[0], end[0], basis=start[1], to_basis=end[1], **STATED)
    if lines:
        number, _, rest = lines[-1].rsplit(" = ", 1)[1].partition(" ")
        assert float(number.replace(",", "")) == pytest.approx(there(1.73, start, end), rel=1e-5)
        assert rest == label(*end)
        assert lines[0].startswith(f"1.73 {label(*start)} ")
    else:
        assert start == end
    for before, after in itertools.pairwise(lines):
        assert after.startswith(before.rsplit(" = ", 1)[1])


@pytest.mark.parametrize("days", [360, 364, 367])
def test_a_year_has_its_days(days):
    with pytest.raises(UnitError, match=f"`days` {days} is no year"):
        convert(36.5, "bcm/yr", "mcm/d", basis="20C", days=days)


@pytest.mark.parametrize(("days", "expected"), [(365, 100.0), (366, 36500 / 366)])
def test_both_lengths_of_a_year_are_taken(days, expected):
    assert convert(36.5, "bcm/yr", "mcm/d", basis="20C", days=days) == pytest.approx(expected)
