"""The drawing pieces without gas: what stands in a page, what may not, how lines are packed."""

from __future__ import annotations

import re

import folium
import pytest
from folium.plugins import MiniMap
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import LineString, MultiLineString

from geodata import draw
from geodata.draw import assets, pieces, sharing
from geodata.errors import FormatError

# -- assets ---------------------------------------------------------------------------------------


def test_every_asset_of_the_map_is_here_and_asks_for_nothing():
    page = draw.OfflineMap()
    links = [*page.default_js, *page.default_css]
    assert {name for name, _ in links} == {"leaflet", "jquery", "awesome_markers", "leaflet_css"}
    for _, url in links:
        text = draw.asset(url)
        assert len(text) > 500
        assert "sourceMappingURL" not in text
        assert "</script" not in text.lower()
    css = draw.asset(dict(page.default_css)["leaflet_css"])
    assert set(re.findall(r"url\((.{5})", css)) == {"data:", "#defa"}


def test_leaflet_is_the_version_folium_asks_for():
    asked = re.search(r"leaflet@([\d.]+)", dict(folium.Map.default_js)["leaflet"])
    assert asked and f"Leaflet {asked[1]}" in draw.asset(dict(folium.Map.default_js)["leaflet"])


def test_default_marker_icon_is_inside():
    script = draw.asset(dict(folium.Map.default_js)["leaflet"])
    assert 'iconUrl:"data:image/png;base64,' in script


def test_unknown_address_raises():
    with pytest.raises(
        FormatError, match=r"would load https://cdn\.example/new\.js from the network"
    ):
        draw.asset("https://cdn.example/new.js")


def test_plugin_without_file_raises_and_with_text_is_taken():
    page = draw.OfflineMap()
    page.add_child(MiniMap())
    with pytest.raises(FormatError, match=r"Control\.MiniMap"):
        page.get_root().render()
    urls = [url for _, url in [*MiniMap.default_js, *MiniMap.default_css]]
    page = draw.OfflineMap(assets=dict.fromkeys(urls, "/* mini */"))
    page.add_child(MiniMap())
    assert page.get_root().render().count("/* mini */") == len(urls)


def test_css_urls(tmp_path):
    (tmp_path / "dot.png").write_bytes(b"png")
    css = assets.inline_urls("a{b:url('dot.png?v=1')} c{d:url(#x)}", tmp_path)
    assert css == "a{b:url(data:image/png;base64,cG5n)} c{d:url(#x)}"
    for wrong in ("gone.png", "//cdn.example/dot.png"):
        with pytest.raises(FormatError, match="not a file beside it"):
            assets.inline_urls(f"a{{b:url({wrong})}}", tmp_path)


# -- page -----------------------------------------------------------------------------------------


@pytest.fixture
def page():
    made = draw.OfflineMap(title="Lines & <more>")
    made.add_child(draw.Basemap())
    folium.Marker([55, 37], popup="Moscow").add_to(made)
    return made


def test_same_map_gives_same_bytes(page):
    again = draw.OfflineMap(title="Lines & <more>")
    again.add_child(draw.Basemap())
    folium.Marker([55, 37], popup="Moscow").add_to(again)
    assert page.get_root().render() == again.get_root().render()
    assert page.get_root().render() == page.get_root().render()


def test_page_is_self_contained_strict_and_zoomable(page):
    html = page.get_root().render()
    assert not re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="(?!data:)', html)
    assert "default-src 'none'" in html
    assert "http:" not in html.split("Content-Security-Policy")[1][:2000].split(">")[0]
    assert "user-scalable=no" not in html
    assert "<title>Lines &amp; &lt;more&gt;</title>" in html
    assert not re.search(r"\son(click|error|load)=", html)
    assert "eval(" not in html


def test_tile_layer_of_the_user_may_fetch_pictures():
    made = draw.OfflineMap()
    folium.TileLayer("https://tiles.example/{z}/{x}/{y}.png", attr="tiles").add_to(made)
    assert "img-src data: blob: https:" in made.get_root().render()


def test_notebook_frame_holds_the_page(page):
    shown = page._repr_html_()
    assert shown.startswith("<div") and "srcdoc=" in shown
    assert "Leaflet 1.9" in shown
    assert 'height="640px"' in draw.OfflineMap(frame_height="640px")._repr_html_()


def test_save_replaces_whole_or_not_at_all(page, tmp_path):
    target = tmp_path / "map.html"
    target.write_text("old")
    broken = draw.OfflineMap()
    broken.add_child(MiniMap())
    with pytest.raises(FormatError, match="from the network"):
        broken.save(target)
    assert target.read_text() == "old"
    page.save(str(target))
    assert target.read_text(encoding="utf-8") == page.get_root().render()
    assert [path.name for path in tmp_path.iterdir()] == ["map.html"]
    with (tmp_path / "stream.html").open("wb") as stream:
        page.save(stream)
    assert (tmp_path / "stream.html").read_bytes() == target.read_bytes()


def test_scripts_stand_once(page):
    page.add_child(draw.Title("one"))
    page.add_child(draw.Title("two"))
    assert page.get_root().render().count("window.GeoDraw = (function") == 1


def test_piece_without_a_map_raises():
    with pytest.raises(FormatError, match="Title stands alone"):
        draw.Title("one").render()


# -- data -----------------------------------------------------------------------------------------


@given(st.text())
def test_json_never_ends_its_element(text):
    assert "<" not in pieces.script_json({"name": text})


@given(st.lists(st.one_of(st.none(), st.integers())))
def test_row_loses_only_its_empty_ends(values):
    stored = draw.row(values)
    back = [None] * len(values)
    if stored is None:
        assert not any(value is not None for value in values)
    else:
        back[stored["o"] : stored["o"] + len(stored["v"])] = stored["v"]
    assert back == values


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-85, 85)), min_size=2))
def test_packed_line_keeps_a_thousandth_of_a_degree(points):
    steps = draw.pack_line(points)
    x = y = 0
    for (lon, lat), dx, dy in zip(points, steps[::2], steps[1::2], strict=True):
        x, y = x + dx, y + dy
        assert abs(x / 1000 - lon) <= 0.000501
        assert abs(y / 1000 - lat) <= 0.000501


@pytest.mark.parametrize("pair", [("blue", "#000000"), ("#00f", "#000000"), ("#0000ff",)])
def test_colour_must_be_hexadecimal(pair):
    with pytest.raises(FormatError, match="State 'on' has the colours"):
        pieces.state_style(["on"], {"on": pair})


def test_state_without_colour_raises():
    with pytest.raises(FormatError, match="State 'off'"):
        pieces.state_style(["off"], {})


# -- lanes ----------------------------------------------------------------------------------------

EAST = LineString([(0, 50), (10, 50)])


def test_lines_apart_keep_their_place():
    assert draw.lanes([EAST, LineString([(0, 51), (10, 51)])]) == [0, 0]


def test_lines_of_one_corridor_get_lanes_about_the_middle():
    near = LineString([(0, 50.02), (10, 50.02)])
    short = LineString([(2, 50.01), (6, 50.01)])
    assert draw.lanes([EAST, near, short]) == [-1, 0, 1]


def test_opposite_lines_lie_on_different_sides():
    # Both to the left of their own way: south of each other on the ground.
    assert draw.lanes([EAST, EAST.reverse()]) == [-0.5, -0.5]


def test_crossing_lines_are_no_corridor():
    assert draw.lanes([EAST, LineString([(5, 45), (5, 55)])]) == [0, 0]


def test_lanes_of_nothing_and_of_many():
    assert draw.lanes([]) == []
    assert draw.lanes([None, LineString(), MultiLineString()]) == [0, 0, 0]
    lots = draw.lanes([EAST] * 12)
    assert max(lots) == 2 and min(lots) == -2


def test_braces_in_a_text_are_no_template():
    made = draw.OfflineMap(title="{{ 7*7 }}")
    made.add_child(draw.Title("{{ 7*7 }} {% if %} {# x #}"))
    page = made.get_root().render()
    assert '"title":"{{ 7*7 }} {% if %} {# x #}"' in page
    assert "<title>{{ 7*7 }}</title>" in page


def test_rows_that_repeat_are_stored_once_and_come_back():
    """Two lines share a row, two scenarios share a telling; a null and a chance stay what they are."""
    east, west = {"o": 3, "v": [5, None, 7]}, {"o": 0, "v": [1]}
    telling = {"base": {"value": {"mid": east, "low": None}}, "chance": west}
    data = {
        "lines": [
            {"id": "a", "ahead": [telling, telling]},
            {"id": "b", "ahead": [telling, {"base": {"value": {"mid": west, "low": east}}}]},
            {"id": "c"},
        ],
        "records": [{"text": "V1", "note": "as printed"}, {"text": "V2", "note": "as printed"}, {}],
        "odds": {
            "sheets": [{"counts": [[{"o": 0, "v": [44, 45, 0, 2025]}, None]]}, {"kind": "chance"}]
        },
    }
    shared = sharing.share(data)
    assert (len(shared["rows"]), len(shared["told"]), shared["notes"]) == (2, 2, ["as printed"])
    assert [line.get("ahead") for line in shared["lines"]] == [[0, 0], [0, 1], None]
    # signs from ! on without ", < and \\; O, 44, is the last digit, 45 is P#, 2025 is PP#
    assert shared["odds"]["sheets"] == [{"counts": ["!&OP#!PP#!!"]}, {"kind": "chance"}]
    back = sharing.unshare(shared)
    assert back == data
    back["lines"][0]["ahead"][0]["chance"]["v"][0] = 9  # a change of one reaches no other
    assert back["lines"][1]["ahead"][0]["chance"]["v"] == [1]
