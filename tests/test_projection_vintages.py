"""What projections of past days said: Power of Siberia 1 before its start, and steady intervals."""

import datetime as dt
import itertools

import pytest

import energy
from energy import projection
from energy.projection import backtest

pytestmark = pytest.mark.slow

CONTRACT = 38.0  # bcm a year, signed on 21 May 2014
CAME = {2020: 4.1, 2022: 15.5, 2024: 31.1}  # Gazprom; what each projection could not know
VINTAGES = ("2025-03-31", "2025-06-30", "2025-09-30", "2025-12-31")
STEADY = ("power-of-siberia-1", "blue-stream", "turkstream-1")


@pytest.fixture(scope="module")
def tables():
    return energy.load().facts


def years(tables, day, until, routes):
    known = backtest.as_known(tables, dt.date.fromisoformat(day))
    made = projection.project(known, backtest._cube(known), until=until, scenarios=["mixture"],
                              draws=2000, as_of=day, revenue=False)  # fmt: skip
    return made["flow_year"].sel(scenario="mixture", route=list(routes))


@pytest.mark.parametrize("day", ["2014-06-30", "2018-12-31", "2019-12-01"])
def test_power_of_siberia_1_is_projected_before_its_start(tables, day):
    line = years(tables, day, "2030", ["power-of-siberia-1"]).isel(route=0)
    last = line.sel(year=2030)
    assert 0.7 * CONTRACT < float(last.sel(quantile=0.5)) < CONTRACT * 1.05
    # the contract and 5 %, never the step of 2031 agreed in 2025
    assert float(last.sel(quantile=0.9)) == pytest.approx(CONTRACT * 1.05, abs=0.2)
    for year, actual in CAME.items():
        low, high = (float(line.sel(year=year, quantile=level)) for level in (0.1, 0.9))
        assert low <= actual <= high, f"{year}: {actual} outside {low:.1f} to {high:.1f}"


def news(tables, route, after, until):
    """Tell whether a contract or a fact of the route was published between two days."""
    tables_ = [tables["contracts"], tables["route-facts"]]
    return any(
        ((table["route"] == route) & (table["published"] > after) & (table["published"] <= until)).any()
        for table in tables_
    )  # fmt: skip


def test_an_interval_moves_by_no_third_without_news_of_the_line(tables):
    width = {}
    for day in VINTAGES:
        found = years(tables, day, "2027", STEADY)
        width[day] = found.sel(quantile=0.9) - found.sel(quantile=0.1)
    asked = 0
    for before, after in itertools.pairwise(VINTAGES):
        for route in STEADY:
            if news(tables, route, before, after):
                continue
            asked += 1
            for year in (2026, 2027):
                old, new = (float(width[day].sel(route=route, year=year))
                            for day in (before, after))  # fmt: skip
                assert abs(new / old - 1) <= 1 / 3, (
                    f"{route} {year}: {old:.1f} to {new:.1f}, {after}"
                )
    assert asked >= 4
