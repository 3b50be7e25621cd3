"""The net: loose ends with a reason, one connected piece for each system."""

import itertools

import geopandas as gpd
import pytest
from shapely.geometry import LineString

from geodata import net, routes
from geodata.errors import FormatError


@pytest.fixture(scope="module")
def lines():
    return routes.load()


def test_our_lines_are_a_net(lines):
    assert net.check(lines) == []


def test_each_system_is_one_piece(lines):
    pieces = net.components(lines)
    assert len(pieces) == routes.read_lines()["system"].nunique() == 4
    assert {"turkstream-2", "strandzha-provadia", "serbia-hungary", "blue-stream"} <= pieces[0]
    assert {"power-of-siberia-1", "china-russia-east", "hulin-changchun"} <= pieces[1]


def test_the_state_of_the_net_is_told_in_figures(lines):
    """By hand: 60 lines have 120 ends; ends.csv gives a reason for 36 of them."""
    assert net.told(lines) == (
        "60 lines of 4 systems in 4 connected pieces; 84 of 120 ends lie on another line, 36 are "
        "free; 55 of 55 lengths are within 5 % of the published (sketches 15 %)"
    )
    assert len(net.read_ends()) == 36


def test_the_way_into_hungary_is_unbroken(lines):
    """TurkStream's second string once ended 130 km from Balkan Stream."""
    chain = ["turkstream-2", "strandzha-provadia", "balkan-stream-bulgaria", "balkan-stream-serbia",
             "serbia-hungary"]  # fmt: skip
    ends = net.ends(lines).set_index(["route", "end"])["joins"]
    for before, after in itertools.pairwise(chain):
        assert after in ends[before, "end"].split(";"), (before, after)


def test_no_end_at_a_border_is_left_without_a_market(lines):
    reasons = net.read_ends().set_index(["route", "end"])["kind"]
    borders = routes.read_waypoints().query("kind == 'border'")
    at = set(zip(borders["lon"], borders["lat"], strict=True))
    loose = net.ends(lines).query("joins == ''")
    assert len(loose) > 20
    for row in loose.itertuples():
        if (row.lon, row.lat) in at:
            assert reasons[row.route, row.end] in ("market", "open", "field"), (row.route, row.end)


def test_every_reason_belongs_to_a_loose_end_or_an_end_in_another_line(lines):
    known = set(lines.index)
    assert set(net.read_ends()["route"]) <= known


def test_a_line_cut_off_is_told(lines):
    cut = lines.copy()
    line = cut.geometry["strandzha-provadia"]
    cut.loc["strandzha-provadia", "geometry"] = LineString(
        [(x + 0.3, y + 0.1) for x, y in line.coords]
    )
    faults = net.check(cut)
    assert any("The start of route 'strandzha-provadia'" in fault for fault in faults)
    assert any(fault.startswith("The system 'unified' is in 2 pieces") for fault in faults)


def test_two_systems_that_touch_are_told(lines):
    joined = lines.copy()
    start = joined.geometry["trans-sakhalin"].coords[0]
    joined.loc["nel", "geometry"] = LineString([*joined.geometry["nel"].coords, start])
    assert any("The systems sakhalin and unified are joined" in f for f in net.check(joined))


def test_a_line_of_ones_own_may_lie_where_it_likes(lines):
    own = gpd.GeoDataFrame(
        {"geometry": [LineString([(0, 0), (1, 1)])]}, index=["mine"], crs="EPSG:4326"
    )
    assert net.check(own) == []


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("nel,middle,market,", r"row 2: end 'middle', kind 'market'; expected start or end"),
        ("nel,end,sea,", r"row 2: end 'end', kind 'sea'; expected .* field, plant, market, open"),
        ("nel,end,open,", r"row 2: an open end of 'nel' without a note"),
        ("nel,end,market,\nnel,end,market,", r"row 3: 'nel' has this end twice"),
    ],
)
def test_a_wrong_reason_is_refused(tmp_path, row, message):
    path = tmp_path / "ends.csv"
    path.write_text(f"route,end,kind,note\n{row}\n")
    with pytest.raises(FormatError, match=message):
        net.read_ends(path)
