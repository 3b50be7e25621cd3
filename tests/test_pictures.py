"""Static pictures: the right lines in the right place, the same bytes, one sentence when it cannot be."""

from __future__ import annotations

import io
import sys
import xml.etree.ElementTree as ET
from importlib import util

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from pyproj import Geod
from shapely.geometry import LineString, Point

from energy.errors import DataError, EnergyError, MissingExtra, PeriodError
from energy.publish import atlas, pictures

pytest.importorskip("matplotlib", reason="matplotlib is not installed")
NAN = float("nan")


@pytest.fixture(scope="module")
def routes():
    return gpd.GeoDataFrame(
        {
            "name": ["West line", "South line", "$x^2$ & <b>", "No line"],
            "status": ["operating", "operating", "proposed", "operating"],
            "role": ["export", "export", "export", "export"],
            "attribution": ["", "Lines: somebody, CC BY 4.0.", "", ""],
        },
        index=pd.Index(["west", "south", "planned", "bare"], name="route"),
        geometry=[LineString([(60, 60), (30, 60)]), LineString([(60, 50), (60, 40)]),
                  LineString([(80, 60), (110, 45)]), None],
        crs=4326,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cube():
    """Four quarters of 2024: west 10, south turning round, nothing known of the planned one."""
    flow = np.array([[10, 10, 10, 10], [2, 2, -2, NAN], [NAN] * 4, [NAN] * 4])
    state = np.array(
        [["flowing"] * 4, ["flowing"] * 3 + ["unknown"], ["proposed"] * 4, ["unknown"] * 4]
    )
    status = np.array([["actual"] * 4, ["estimate"] * 3 + [""], [""] * 4, [""] * 4])
    dims = ("route", "period")
    return xr.Dataset(
        {"flow": (dims, flow), "capacity": (dims, np.full((4, 4), 12.5)),
         "flow_status": (dims, state), "status": (dims, status)},
        coords={"route": ["west", "south", "planned", "bare"],
                "period": pd.date_range("2024-01-01", periods=4, freq="QS")},
        attrs={"freq": "Q", "unit": "bcm", "basis": "20C", "as_of": "2026-06-01"},
    )  # fmt: skip


def texts(figure) -> list[str]:
    return [t.get_text() for t in [*figure.texts, *(t for ax in figure.axes for t in ax.texts)]]


def strokes(figure, colour: str):
    return [
        line
        for line in figure.axes[0].lines
        if line.get_color() == colour and line.get_marker() == "None"
    ]


def arrows(figure):
    return [line for line in figure.axes[0].lines if line.get_marker() != "None"]


def heading(arrow) -> float:
    """Return where an arrow points, degrees from east: its tip against its middle."""
    marker = arrow._marker  # get_marker() gives only its letter
    tip = marker.get_transform().transform(marker.get_path().vertices[:1])[0]
    return float(np.degrees(np.arctan2(tip[1], tip[0])))


def test_projection_is_equal_area():
    # One degree by one degree at 65 N and at 30 N: the true areas on the ellipsoid, within 0.1 %.
    for lat in (65, 30):
        corners = [(90, lat), (91, lat), (91, lat + 1), (90, lat + 1)]
        square = gpd.GeoSeries.from_wkt(
            ["POLYGON((" + ",".join(f"{x} {y}" for x, y in [*corners, corners[0]]) + "))"], crs=4326
        ).segmentize(0.01)
        lon, lat_ = np.array(square[0].exterior.coords).T
        true = abs(Geod(ellps="WGS84").polygon_area_perimeter(lon, lat_)[0]) / 1e6
        assert square.to_crs(pictures.PROJECTION).area[0] == pytest.approx(true, rel=1e-3)


def test_width_is_the_flow_on_the_linear_scale(routes, cube):
    figure = pictures.plot_map(routes, cube, "2024Q1")
    blue = atlas.look.COLOURS["flowing"][0]
    widths = sorted(
        {(round(line.get_linewidth(), 6), line.get_alpha()) for line in strokes(figure, blue)}
    )
    point = atlas.look.PX_PER_BCM_YEAR * pictures.POINTS_PER_PX
    # south: 2 a quarter, 8 a year, under the thinnest core; west: 40 a year; casings: 50 a year
    assert widths == [(pictures.THIN, 0.72), (40 * point, 1.0), (50 * point, 0.24)]
    assert "West line\n40.0 bcm/yr" in texts(figure)
    assert "South line\n≈ 8.0 bcm/yr" in texts(figure)


def test_arrows_point_where_the_gas_goes(routes, cube):
    before, after = (
        {a.get_markeredgecolor(): heading(a) for a in arrows(pictures.plot_map(routes, cube, q))}
        for q in ("2024Q1", "2024Q3")
    )
    # The estimate's arrow is hollow (edge blue), the measured one full (edge white).
    blue = atlas.look.COLOURS["flowing"][0]
    assert abs(before[pictures.PAPER]) > 150  # westwards
    assert -130 < before[blue] < -60  # southwards
    assert 50 < after[blue] < 120  # turned round
    assert after[pictures.PAPER] == before[pictures.PAPER]


def test_unknown_flow_has_no_arrow_and_is_dotted(routes, cube):
    figure = pictures.plot_map(routes, cube, "2024Q4")
    assert len(arrows(figure)) == 1
    grey = [
        line
        for line in strokes(figure, atlas.look.COLOURS["unknown"][0])
        if line.get_alpha() == 0.9
    ]
    assert [line.is_dashed() for line in grey] == [True]


def test_default_is_the_newest_well_covered_quarter(routes, cube):
    assert "Russian gas by pipeline, 2024 Q3 (Jul–Sep)" in texts(pictures.plot_map(routes, cube))


def test_legend_and_credit(routes, cube):
    figure = pictures.plot_map(routes, cube, "2024Q1", credit=["Figures: someone"])
    found = texts(figure)
    for word in (
        "Flowing",
        "Proposed",
        "5 bcm/yr",
        "20 bcm/yr",
        "50 bcm/yr",
        "As of 2026-06-01 · bcm at 20 °C",
    ):
        assert word in found
    assert "Damaged or destroyed" not in found
    foot = found[found.index(next(t for t in found if t.startswith("Lines: somebody")))]
    assert foot.startswith("Lines: somebody, CC BY 4.0 · Figures: someone · Land and borders")


def test_small_print_stays_within_the_picture(routes, cube):
    long = "Lines and figures: " + "somebody who has a very long name, " * 20
    figure = pictures.plot_map(routes, cube, "2024Q1", credit=[long])
    boxes = [t.get_window_extent() for t in figure.texts]
    assert max(box.x1 for box in boxes) <= figure.bbox.width
    assert min(box.y0 for box in boxes) >= 0
    legend = figure.axes[1].get_window_extent().y0
    assert sum(box.y1 <= legend for box in boxes) >= 6
    assert sum(t.count("very long") for t in texts(figure)) == 20


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (2, 2), (3, 3), (4, 2), (5, 3), (6, 3)])
def test_panels_fill_their_rows(routes, cube, count, columns):
    labels = [f"2024Q{1 + i % 4}" for i in range(count)]
    figure = pictures.plot_years(routes, cube, labels)
    maps = [ax for ax in figure.axes if ax.get_title("left")]
    assert len({round(ax.get_position().x0, 6) for ax in maps}) == columns


def test_years_side_by_side(routes, cube):
    figure = pictures.plot_years(routes, cube, ["2024Q1", "2024Q2", "2024Q3", "2024Q4"], columns=3)
    maps = [ax for ax in figure.axes if ax.get_title("left")]
    assert [ax.get_title("left")[:7] for ax in maps] == ["2024 Q1", "2024 Q2", "2024 Q3", "2024 Q4"]
    assert {ax.get_xlim() for ax in maps} == {pictures.EURASIA[::2]}
    assert maps[3].get_position().y1 < maps[0].get_position().y0


@pytest.mark.once
@pytest.mark.parametrize("suffix", [".svg", ".png", ".pdf"])
def test_same_figures_give_the_same_bytes(routes, cube, tmp_path, suffix):
    files = [tmp_path / f"{name}{suffix}" for name in "ab"]
    for file in files:
        pictures.plot_map(routes, cube, "2024Q1", path=file)
    assert files[0].read_bytes() == files[1].read_bytes()
    assert len(files[0].read_bytes()) > 20_000
    assert not list(tmp_path.glob(".*"))


def test_svg_is_sound_and_keeps_its_text(routes, cube, tmp_path):
    odd = routes.assign(name=["<script>alert(1)</script>", "A & B", "c", "d"])
    pictures.plot_map(odd, cube, "2024Q1", path=tmp_path / "a.svg")
    root = ET.parse(tmp_path / "a.svg").getroot()
    assert not [node for node in root.iter() if node.tag.endswith("script")]
    words = "".join(root.itertext())
    assert "alert(1)" in words
    assert "date" not in words.lower().split()


@pytest.mark.once
@pytest.mark.parametrize("suffix", [".gif", ".webp"])
def test_animation_has_a_picture_a_period(routes, cube, tmp_path, suffix):
    from PIL import Image, features

    if suffix == ".webp" and not features.check("webp"):
        pytest.skip("this Pillow has no WebP")
    files = [
        pictures.animate(routes, cube, tmp_path / f"{n}{suffix}", ["2024Q1", "2024Q3"], dpi=50)
        for n in "ab"
    ]
    with Image.open(files[0]) as image:
        assert (image.n_frames, image.width) == (2, 360)
        image.seek(1)
        image.load()
        assert image.info["duration"] == 2700
    assert files[0].read_bytes() == files[1].read_bytes()


def test_shown_once_in_a_notebook_and_not_kept(routes, cube):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    figure = pictures.plot_map(routes, cube, "2024Q1")
    assert plt.get_fignums() == before
    figure.savefig(io.BytesIO(), format="png", dpi=40)


def test_bad_input_gets_one_clear_sentence(routes, cube, tmp_path):
    cases = [
        (lambda: pictures.plot_map(routes, cube, "2031Q1"), PeriodError,
         r"no period '2031Q1'; they run from 2024Q1 to 2024Q4 \(quarters\)"),
        (lambda: pictures.plot_map(routes, cube, "2024"), PeriodError, "no period '2024'"),
        (lambda: pictures.plot_map(routes.iloc[:0], cube), DataError, "No route is left to draw"),
        (lambda: pictures.plot_map(routes.loc[["bare"]], cube.sel(route=["bare"])), DataError,
         "None of 1 routes has a line"),
        (lambda: pictures.plot_map(routes.set_crs(None, allow_override=True), cube), DataError, "no CRS"),
        (lambda: pictures.plot_map(routes.to_crs(3857), cube), DataError, "expected EPSG:4326"),
        (lambda: pictures.plot_map(routes.drop(columns="status"), cube), DataError, "no column status"),
        (lambda: pictures.plot_map(routes, cube.isel(period=slice(0))), DataError, "has no period"),
        (lambda: pictures.plot_years(routes, cube, []), EnergyError, "No year was named"),
        (lambda: pictures.plot_years(routes, cube, columns=0), EnergyError, "0 panels in a row"),
        (lambda: pictures.animate(routes, cube, tmp_path / "a.mp4"), EnergyError, "cannot hold an animation"),
        (lambda: pictures.animate(routes, cube, tmp_path / "a.gif", []), EnergyError, "No period was named"),
        (lambda: pictures.plot_map(routes, cube, path=tmp_path / "a.bmp"), EnergyError, "is no picture"),
        (lambda: pictures.plot_map(routes, cube, path=tmp_path / "no" / "a.png"), EnergyError, "does not exist"),
    ]  # fmt: skip
    for work, error, message in cases:
        with pytest.raises(error, match=message):
            work()


@pytest.mark.parametrize(("module", "package"), [("matplotlib", "matplotlib"), ("PIL", "Pillow")])
def test_without_its_packages_the_extra_is_named(routes, cube, monkeypatch, module, package):
    find = util.find_spec
    monkeypatch.setattr(
        sys.modules["energy.publish.pictures"],
        "find_spec",
        lambda name: None if name == module else find(name),
    )
    with pytest.raises(
        MissingExtra, match=rf"needs {package}: pip install 'energy-trade-tracker\[pictures\]'"
    ):
        pictures.plot_map(routes, cube)


def test_a_line_over_the_antimeridian_stays_in_place(routes, cube):
    odd = routes.copy()
    odd.loc["west", "geometry"] = LineString([(175, 65), (-175, 66)])
    lines = pictures._lines(tuple(odd.index[:3]), tuple(odd.geometry[:3]))
    assert lines[0].length < 700  # 10 degrees at 65 N are 470 km, not the way around the world


def test_a_point_is_refused(routes, cube):
    odd = routes.copy()
    odd.loc["west", "geometry"] = Point(60, 60)
    with pytest.raises(DataError, match="Route 'west' has a Point; a line is expected"):
        pictures.plot_map(odd, cube)
