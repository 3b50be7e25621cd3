"""Bends between places: length as asked for, places kept, one shape whichever way it is run."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import bends
from geodata.errors import GeometryError

place = st.tuples(st.floats(40, 43), st.floats(50, 52))


@settings(deadline=None)
@given(place, place, st.floats(0, 1.0))
def test_the_ends_are_kept_and_the_way_back_is_the_same(a, b, size):
    line = bends.bent(a, b, size)
    assert line[0].tolist() == list(a) and line[-1].tolist() == list(b)
    if a != b:
        np.testing.assert_array_equal(bends.bent(b, a, size), line[::-1])


def test_no_bend_is_the_geodesic():
    # 10 degrees along the 60th parallel: the geodesic measures 557 km.
    line = bends.bent((10, 60), (20, 60), 0.0)
    assert bends.drawn_km(line) == pytest.approx(557.1, abs=0.5)


@pytest.mark.parametrize("longer", [1.02, 1.10, 1.25])
def test_legs_are_as_long_as_asked_for(longer):
    legs = [((30.0, 60.0), (32.0, 60.5)), ((32.0, 60.5), (33.0, 59.0))]
    straight = sum(bends.drawn_km(bends.bent(*leg, 0.0)) for leg in legs)
    size = bends.fitted(legs, longer * straight, "a line")
    drawn = sum(bends.drawn_km(bends.bent(*leg, size)) for leg in legs)
    assert drawn == pytest.approx(longer * straight, rel=1e-6)


def test_bends_stay_near_the_straight_way():
    leg = ((60.0, 60.0), (62.0, 60.0))  # 111 km
    size = bends.fitted([leg], 1.15 * bends.drawn_km(bends.bent(*leg, 0.0)), "a line")
    off = np.abs(bends.bent(*leg, size)[:, 1] - 60.0).max() * 111.2
    assert 1 < off < 14  # kilometres


def test_a_line_that_is_long_enough_gets_no_bend():
    leg = ((30.0, 60.0), (32.0, 60.5))
    assert bends.fitted([leg], 50.0, "a line") == 0.0


def test_a_length_that_no_bends_make_up_for_is_refused():
    leg = ((30.0, 60.0), (32.0, 60.5))
    with pytest.raises(GeometryError, match=r"a line: 300 km are to be drawn where 12\d km lie"):
        bends.fitted([leg], 300.0, "a line")
