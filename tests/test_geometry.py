"""Lines on the ellipsoid: lengths, density, merging, the antimeridian, and what is refused."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiLineString, MultiPolygon, Point, Polygon

from geodata.errors import GeometryError
from geodata.geometry import (
    check,
    cut_antimeridian,
    densify,
    deviation_km,
    distance_km,
    ends,
    length_km,
    merge,
    nearest_km,
    reverse,
    simplify,
    trace,
)

PLACES = st.tuples(
    st.floats(-180, 180).map(lambda x: round(x, 4)), st.floats(-85, 85).map(lambda y: round(y, 4))
)
with np.errstate(invalid="ignore"):  # shapely warns of what we want to refuse
    UNMEASURED = LineString([(37, np.nan), (38, 56)])
STEADY = settings(deadline=None)  # a busy machine is no fault
LINES = st.lists(PLACES, min_size=2, max_size=12, unique=True).map(LineString)


def unrolled(geom):
    """Longitude and latitude with the longitude going on beyond 180, and repeats dropped."""
    coords = shapely.get_coordinates(geom)
    steps = np.diff(coords[:, 0], prepend=coords[0, 0])
    lon = coords[0, 0] + np.cumsum(steps - 360 * np.round(steps / 360))
    return lon, coords[:, 1]


# --- length and distance --------------------------------------------------------------------------


def test_length_of_a_degree_at_the_equator_and_of_a_meridian_quadrant():
    # WGS84: a degree of the equator is 2 pi 6378.137 / 360 = 111.3195 km; the meridian quadrant is
    # 10,001.966 km.
    assert length_km(LineString([(10, 0), (11, 0)])) == pytest.approx(111.3195, abs=1e-4)
    assert length_km(LineString([(30, 0), (30, 90)])) == pytest.approx(10001.966, abs=1e-3)


def test_length_leaves_gaps_out_and_takes_the_short_way_over_the_antimeridian():
    parts = MultiLineString([[(0, 0), (1, 0)], [(5, 0), (6, 0)]])
    assert length_km(parts) == pytest.approx(2 * 111.3195, abs=1e-3)
    assert length_km(LineString([(179, 0), (-179, 0)])) == pytest.approx(2 * 111.3195, abs=1e-3)


@STEADY
@given(LINES)
def test_reversing_keeps_the_length(line):
    assert length_km(reverse(line)) == pytest.approx(length_km(line), rel=1e-9)


@STEADY
@given(LINES)
def test_a_line_is_never_shorter_than_its_great_circle(line):
    assert length_km(line) >= distance_km(*ends(line)) * (1 - 1e-9)


def test_distance_takes_points_and_pairs():
    # Moscow - Beijing, about 5,800 km by the usual tables.
    assert distance_km(Point(37.62, 55.75), (116.40, 39.90)) == pytest.approx(5800, abs=15)


def test_nearest_km_to_the_inside_of_a_segment_and_over_the_antimeridian():
    meridian = LineString([(30, 50), (30, 60)])
    # One degree of longitude at 55 N is 111.32 cos 55 = 63.9 km.
    assert nearest_km(np.array([[31, 55]]), meridian)[0] == pytest.approx(63.9, rel=0.01)
    assert nearest_km(np.array([[-179.5, 0]]), LineString([(179.5, -1), (179.5, 1)]))[
        0
    ] == pytest.approx(111.3, rel=0.01)


def test_nearest_km_of_no_points_is_empty_and_of_an_empty_line_raises():
    assert nearest_km(np.empty((0, 2)), LineString([(0, 0), (1, 1)])).shape == (0,)
    with pytest.raises(GeometryError, match="line is empty"):
        nearest_km(np.array([[0, 0]]), LineString())


def test_deviation_sees_a_detour_that_no_vertex_of_the_other_line_shows():
    straight = LineString([(0, 0), (2, 0)])
    detour = LineString([(0, 0), (1, 1), (2, 0)])
    assert deviation_km(detour, straight).max() == pytest.approx(111, rel=0.01)
    assert deviation_km(straight, straight).max() == pytest.approx(0, abs=0.01)


def test_ends_of_an_empty_line_raise():
    with pytest.raises(GeometryError, match="empty geometry has no ends"):
        ends(LineString())


# --- densify, simplify, reverse -------------------------------------------------------------------


@STEADY
@given(LINES, st.floats(20, 2000))
def test_densify_keeps_length_and_vertices_and_leaves_no_long_segment(line, max_km):
    assume(max(distance_km(a, b) for a, b in pairwise(line.coords)) < 19_900)  # not antipodal
    dense = densify(line, max_km)
    assert length_km(dense) == pytest.approx(length_km(line), rel=1e-6)
    assert set(line.coords) <= set(dense.coords)
    assert max(distance_km(a, b) for a, b in pairwise(dense.coords)) <= max_km * (1 + 1e-6)


@STEADY
@given(LINES, st.floats(50, 2000))
def test_densify_is_idempotent(line, max_km):
    assume(max(distance_km(a, b) for a, b in pairwise(line.coords)) < 19_900)  # not antipodal
    dense = densify(line, max_km)
    assert densify(dense, max_km).equals(dense)


def test_densify_splits_evenly_and_keeps_the_kind():
    dense = densify(LineString([(0, 0), (1, 0)]), 50)  # 111 km -> three pieces
    np.testing.assert_allclose(shapely.get_coordinates(dense)[:, 0], [0, 1 / 3, 2 / 3, 1])
    parts = MultiLineString([[(0, 0), (1, 0)], [(5, 0), (5.1, 0)]])
    assert shapely.get_num_coordinates(densify(parts, 50)) == 6
    assert len(densify(parts, 50).geoms) == 2
    square = Polygon([(0, 0), (1, 0), (1, 1), (0, 1)], [[(0.2, 0.2), (0.2, 0.8), (0.8, 0.8)]])
    assert len(densify(square, 50).interiors) == 1
    assert densify(Point(1, 2)).equals(Point(1, 2))
    assert densify(LineString()).is_empty


def test_densify_bends_north_of_the_parallel_and_stays_on_the_edge_of_the_map():
    # The great circle between two places on 60 N runs north of the parallel: at its middle
    # tan(lat) = tan(60) / cos(30), that is 63.4 N on a sphere.
    dense = densify(LineString([(0, 60), (60, 60)]), 100)
    assert shapely.get_coordinates(dense)[:, 1].max() == pytest.approx(63.4, abs=0.1)
    edge = densify(LineString([(180, 0), (180, 5)]), 100)
    assert set(shapely.get_coordinates(edge)[:, 0]) == {180.0}


@pytest.mark.parametrize("max_km", [0, -1, float("nan")])
def test_densify_refuses_a_length_that_is_not_positive(max_km):
    with pytest.raises(GeometryError, match=r"max_km is .* above 0"):
        densify(LineString([(0, 0), (1, 0)]), max_km)


def test_simplify_drops_the_needless_vertex_and_keeps_the_ends():
    line = LineString([(0, 0), (1, 0.001), (2, 0)])
    assert simplify(line, 0.01).equals(LineString([(0, 0), (2, 0)]))
    assert simplify(line, 0.0001).equals(line)
    with pytest.raises(GeometryError, match="tolerance_deg is -1"):
        simplify(line, -1)


def test_reverse_turns_the_order_of_the_parts_too():
    parts = MultiLineString([[(0, 0), (1, 0)], [(2, 0), (3, 0)]])
    assert ends(reverse(parts)) == ((3, 0), (0, 0))


# --- merge ----------------------------------------------------------------------------------------


def eastward(longitudes):
    return LineString([(lon, 60) for lon in longitudes])


@STEADY
@given(
    st.lists(st.floats(0.2, 2), min_size=4, max_size=20),
    st.randoms(use_true_random=False),
    st.lists(st.integers(1, 18), max_size=6),
)
def test_merge_puts_shuffled_reversed_and_repeated_pieces_together_again(steps, random, cuts):
    lon = np.cumsum([20, *steps]).tolist()
    stops = sorted({0, len(lon) - 1, *(c for c in cuts if c < len(lon) - 1)})
    pieces = [eastward(lon[a : b + 1]) for a, b in pairwise(stops)]
    pieces += [random.choice(pieces)]
    pieces = [reverse(p) if random.random() < 0.5 else p for p in pieces]
    random.shuffle(pieces)
    assert merge(pieces, (20, 60), (lon[-1], 60)).equals_exact(eastward(lon), 1e-9)
    assert merge(pieces, (lon[-1], 60), (20, 60)).equals_exact(reverse(eastward(lon)), 1e-9)


def test_merge_closes_a_drawing_slip_and_keeps_a_gap_in_order():
    slip = [eastward([3.005, 4]), eastward([2, 3])]  # 0.005 degrees at 60 N are 0.3 km
    assert merge(slip, (2, 60), (4, 60)).equals(eastward([2, 3, 3.005, 4]))
    gap = [eastward([6, 5]), eastward([1, 2]), eastward([4, 3])]
    merged = merge(gap, (1, 60), (6, 60))
    assert merged.geom_type == "MultiLineString"
    assert [ends(part)[0][0] for part in merged.geoms] == [1, 3, 5]
    assert [ends(part)[1][0] for part in merged.geoms] == [2, 4, 6]


def test_merge_cuts_the_overlap_of_two_pieces():
    merged = merge([eastward([0, 5]), eastward([4, 9])], (0, 60), (9, 60))
    assert merged.geom_type == "LineString"
    assert length_km(merged) == pytest.approx(length_km(eastward([0, 5, 9])), rel=0.01)


def test_merge_counts_parallel_strings_that_repeat_a_line_once():
    lon = np.linspace(0, 8, 9)
    beside = LineString([(x, 60.001) for x in lon])  # about 0.1 km north
    merged = merge([eastward(lon), beside, reverse(eastward(lon))], (0, 60), (8, 60))
    assert merged.geom_type == "LineString"
    assert length_km(merged) == pytest.approx(length_km(eastward(lon)), rel=0.01)


def test_merge_goes_straight_on_where_three_pieces_meet():
    west, east = eastward([0, 1]), eastward([1, 2])
    north = LineString([(1, 60), (1, 61)])
    merged = merge([north, east, west], (0, 60), (2, 60))
    assert [part.wkt for part in merged.geoms] == [
        "LINESTRING (0 60, 1 60, 2 60)",
        "LINESTRING (1 60, 1 61)",
    ]


def test_merge_takes_one_multi_line_and_joins_over_the_antimeridian():
    parts = MultiLineString([[(-180, 65), (-178, 65)], [(178, 65), (180, 65)]])
    merged = merge(parts, (178, 65), (-178, 65))
    assert merged.geom_type == "LineString"
    assert length_km(merged) == pytest.approx(length_km(parts))


def test_merge_of_nothing_raises():
    with pytest.raises(GeometryError, match="Nothing to merge"):
        merge([LineString(), LineString([(1, 1), (1, 1)])], (0, 0), (1, 1))


# --- trace ----------------------------------------------------------------------------------------


def test_trace_leaves_out_branches_strings_and_what_lies_beyond_the_ends():
    trunk = eastward([0, 1, 2, 3, 4, 5, 6])
    branch = LineString([(3, 60), (3, 61), (3.5, 62)])
    string = LineString([(1, 60), (1.5, 60.2), (2, 60)])
    way = trace([branch, string, trunk], (1, 59.9), (5, 59.9))
    np.testing.assert_allclose(way.coords, [(x, 60) for x in (1, 2, 3, 4, 5)], atol=1e-9)
    assert ends(trace([trunk], (5, 60), (1, 60))) == ((5, 60), (1, 60))


def test_trace_turns_off_where_a_piece_meets_the_inside_of_another():
    trunk, branch = eastward([0, 6]), LineString([(3, 60), (3, 61)])
    way = trace([trunk, branch], (0, 60), (3, 61))
    np.testing.assert_allclose(way.coords, [(0, 60), (3, 60), (3, 61)], atol=1e-9)


def test_trace_jumps_a_gap_and_leaves_it_open():
    way = trace([eastward([0, 1]), eastward([1.2, 2])], (0, 60), (2, 60))  # 11 km
    assert [ends(part) for part in way.geoms] == [((0, 60), (1, 60)), ((1.2, 60), (2, 60))]


def test_trace_refuses_pieces_without_a_way():
    with pytest.raises(GeometryError, match="not connected"):
        trace([eastward([0, 1]), eastward([5, 6])], (0, 60), (6, 60))
    with pytest.raises(GeometryError, match="Nothing to trace"):
        trace([], (0, 0), (1, 1))
    with pytest.raises(GeometryError, match="same place"):
        trace([eastward([0, 1])], (1, 60), (9, 60))


# --- the antimeridian -----------------------------------------------------------------------------


def test_cut_interpolates_the_latitude_both_ways():
    cut = cut_antimeridian(LineString([(170, 10), (-170, 20)]))
    assert cut.equals(MultiLineString([[(170, 10), (180, 15)], [(-180, 15), (-170, 20)]]))
    back = cut_antimeridian(LineString([(-170, 20), (170, 10)]))
    assert back.equals(MultiLineString([[(-170, 20), (-180, 15)], [(180, 15), (170, 10)]]))


def test_cut_of_a_line_that_crosses_twice_gives_three_parts():
    cut = cut_antimeridian(LineString([(178, 60), (-178, 62), (178, 64)]))
    assert cut.wkt == (
        "MULTILINESTRING ((178 60, 180 61), (-180 61, -178 62, -180 63), (180 63, 178 64))"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([(179, 0), (180, 1), (-179, 2)], [[(179, 0), (180, 1)], [(-180, 1), (-179, 2)]]),
        ([(179, 0), (-180, 1), (-179, 2)], [[(179, 0), (180, 1)], [(-180, 1), (-179, 2)]]),
        ([(180, 0), (-179, 1)], [[(-180, 0), (-179, 1)]]),
        ([(179, 0), (-180, 1)], [[(179, 0), (180, 1)]]),
        ([(179, 0), (-180, 1), (179, 2)], [[(179, 0), (180, 1), (179, 2)]]),
        (
            [(179, 0), (180, 1), (-180, 2), (-179, 3)],
            [[(179, 0), (180, 1), (180, 2)], [(-180, 2), (-179, 3)]],
        ),
    ],
    ids=["through +180", "through -180", "from 180", "to 180", "touches", "runs along"],
)
def test_cut_with_vertices_exactly_on_180(given, expected):
    cut = cut_antimeridian(LineString(given))
    assert [list(part.coords) for part in cut.geoms] == expected


def test_cut_leaves_alone_what_does_not_jump():
    line = LineString([(-90, 0), (90, 0), (180, 0)])
    assert cut_antimeridian(line) is line
    parts = MultiLineString([[(179, 0), (180, 0)], [(-180, 0), (-179, 0)]])
    assert cut_antimeridian(parts) is parts


@STEADY
@given(LINES)
def test_cut_keeps_the_path_and_leaves_no_jump(line):
    cut = cut_antimeridian(line)
    for part in shapely.get_parts(cut):
        assert np.abs(np.diff(shapely.get_coordinates(part)[:, 0])).max() <= 180
    lon, lat = unrolled(line)
    cut_lon, cut_lat = unrolled(cut)
    planar = np.hypot(np.diff(lon), np.diff(lat)).sum()
    assert np.hypot(np.diff(cut_lon), np.diff(cut_lat)).sum() == pytest.approx(planar, abs=1e-6)


@STEADY
@given(LINES)
def test_cut_of_a_dense_line_keeps_the_geodesic_length(line):
    assume(max(distance_km(a, b) for a, b in pairwise(line.coords)) < 19_900)  # not antipodal
    dense = densify(line, 20)
    assume(np.abs(shapely.get_coordinates(dense)[:, 1]).max() < 88)
    assert length_km(cut_antimeridian(dense)) == pytest.approx(length_km(dense), rel=1e-4)


def test_cut_of_a_polygon_with_a_hole_keeps_its_area():
    shell = [(170, 60), (-170, 60), (-170, 70), (170, 70)]
    hole = [(-176, 64), (-174, 64), (-174, 66), (-176, 66)]
    cut = cut_antimeridian(Polygon(shell, [hole]))
    assert isinstance(cut, MultiPolygon)
    assert sorted(p.bounds for p in cut.geoms) == [(-180, 60, -170, 70), (170, 60, 180, 70)]
    assert cut.area == pytest.approx(20 * 10 - 4)


def test_cut_refuses_a_ring_round_the_pole():
    cap = Polygon([(0, 80), (120, 80), (-120, 80)])
    with pytest.raises(GeometryError, match="runs round a pole"):
        cut_antimeridian(cap)


def test_cut_goes_into_collections_and_multipolygons():
    square = Polygon([(178, 0), (-178, 0), (-178, 1), (178, 1)])
    far = Polygon([(0, 0), (1, 0), (1, 1)])
    cut = cut_antimeridian(MultiPolygon([square, far]))
    assert len(cut.geoms) == 3
    mixed = shapely.GeometryCollection([Point(1, 1), LineString([(179, 0), (-179, 0)])])
    assert [g.geom_type for g in cut_antimeridian(mixed).geoms] == ["Point", "MultiLineString"]


# --- check ----------------------------------------------------------------------------------------


def test_check_lets_a_right_line_pass():
    check(LineString([(37, 55), (38, 56)]), "routes.geojson, yamal-europe")
    check(LineString([(20, 5), (22, 6)]), "a line in Africa", region=None)


@pytest.mark.parametrize(
    ("geom", "words"),
    [
        (None, "route x: the geometry is empty"),
        (LineString(), "route x: the geometry is empty"),
        (UNMEASURED, r"vertex 0 is \(37, nan\).*not finite"),
        (LineString([(55, 137), (56, 138)]), r"route x has its axes swapped\? lon/lat expected"),
        (LineString([(55, -3), (56, 1)]), r"route x has its axes swapped\? lon/lat expected"),
        (LineString([(37, 55), (200, 56)]), r"vertex 1 is \(200, 56\).*lon -180..180"),
        (LineString([(37, 55), (38, 96), (-120, 3)]), "1 of 3 vertices are out of range"),
        (LineString([(37, 55), (37, 55)]), r"has no length, all its 2 vertices are \(37, 55\)"),
    ],
    ids=[
        "none",
        "empty",
        "nan",
        "latitude 137",
        "west",
        "longitude 200",
        "latitude 96",
        "no length",
    ],
)
def test_check_says_what_is_wrong_and_where(geom, words):
    with pytest.raises(GeometryError, match=words):
        check(geom, "route x")


def test_check_minds_the_bounds_it_is_given():
    moscow = (30, 50, 45, 60)
    check(LineString([(37, 55), (38, 56)]), "route x", moscow)
    with pytest.raises(GeometryError, match="axes swapped"):
        check(LineString([(55, 37), (56, 38)]), "route x", moscow)
    with pytest.raises(GeometryError, match=r"out of range; lon 30\.\.45 and lat 50\.\.60"):
        check(LineString([(37, 55), (60, 56)]), "route x", moscow)


def test_merge_keeps_a_piece_that_lies_beside_another_by_more_than_a_quarter_of_the_gap():
    """Pieces half a gap apart are two ways, not one drawn twice."""
    one = LineString([(30.0, 50.0), (31.0, 50.0)])
    beside = LineString([(30.1, 50.0045), (30.9, 50.0045)])  # 0.5 km north of it
    merged = merge([one, beside], (30, 50), (31, 50), gap_km=1.0)
    assert length_km(merged) > 1.5 * length_km(one)
    repeat = LineString([(30.1, 50.0009), (30.9, 50.0009)])  # 0.1 km: the same pipe
    assert length_km(merge([one, repeat], (30, 50), (31, 50), gap_km=1.0)) == pytest.approx(
        length_km(one), rel=0.01
    )
