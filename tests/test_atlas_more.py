"""The map page in full: years, projection, units, comparison, filters, table, print, languages."""

from __future__ import annotations

import csv
import importlib.util
import io
import itertools
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from xml.etree import ElementTree

import browser as browsers
import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import webkit
import xarray as xr
from shapely.geometry import LineString

from energy import facts
from energy.errors import DataError
from energy.publish import atlas, qualifiers
from energy.tracker import maps
from geodata import draw, routes
from geodata.draw import contract
from geodata.errors import FormatError

NAN = float("nan")
DIMS = ("route", "period")
ROUTES = ["east", "west", "plan", "odd"]
ODD = 'A "quoted", line\nbreak; \u05e9\u05dc\u05d5\u05dd \U0001f525 <b>'
FORMULA = '=HYPERLINK("http://evil.example")'
pytest_browser = pytest.mark.browser


def make_routes():
    """Four lines: a sketch to China, a traced one to Europe, a proposal, one with an odd name."""
    return gpd.GeoDataFrame(
        {
            "name": ["East line", "West line", "Planned line", ODD],
            "name_ru": ["Восточная", "Западная", "", ""],
            "name_zh": ["东线", "", "", ""],
            "status": ["operating", "operating", "proposed", "operating"],
            "role": ["export", "export", "export", "feeder"],
            "market": ["china", "europe", "china", ""],
            "basin": ["yamal", "west-siberia", "yamal", ""],
            "operator": ["Gazprom", "Gazprom; GTSOU", "", FORMULA],
            "accuracy": ["sketch", "traced", "surveyed", "traced"],
        },
        index=pd.Index(ROUTES, name="route"),
        geometry=[
            LineString([(80, 60), (100, 55), (115, 48)]),
            LineString([(60, 62), (30, 60), (13, 54)]),
            LineString([(75, 68), (95, 55), (110, 45)]),
            LineString([(40, 50), (60, 45)]),
        ],
        crs=4326,
    )


def make_flows():
    """Ten quarters from 2023Q1: east 1, 2, …, 10; west stops being reported after 2024Q2."""
    flow = np.full((4, 10), NAN)
    flow[0] = np.arange(1, 11)
    flow[1, :6] = [4, 4, 4, 4, 4, 2]
    flow[3] = [1, -1, 0, 1, 1, 1, 1, 1, 1, 1]
    capacity = np.full((4, 10), NAN)
    capacity[0] = 10
    state = np.full((4, 10), "flowing", dtype=object)
    state[1, 6:], state[2], state[3, 2] = "unknown", "proposed", "idle"
    known = np.isfinite(flow)
    price = np.where(known & (flow > 0), 200.0, NAN)
    price[0, 8:] = 300.0
    words = {
        "status": np.where(known, "actual", "").astype(object),
        "flow_status": state,
        "sources": np.where(known, "V0001", "").astype(object),
        "price_status": np.where(np.isfinite(price), "estimate", "").astype(object),
        "price_source": np.where(np.isfinite(price), "P0001", "").astype(object),
    }
    words["status"][0, 9] = "provisional"
    numbers = {"flow": flow, "capacity": capacity, "utilisation": flow / capacity, "price": price}
    numbers["revenue"] = np.where(flow > 0, flow * price, np.where(known, 0.0, NAN))
    return xr.Dataset(
        {name: (DIMS, values) for name, values in {**numbers, **words}.items()},
        coords={"route": ROUTES, "period": pd.date_range("2023-01-01", periods=10, freq="QS")},
        attrs={"freq": "Q", "unit": "bcm", "basis": "20C", "as_of": "2025-08-01"},
    )


def make_projection(first="2025-07-01", periods=6):
    """Base: east 11 (10 to 12.5); low: 6 (5 to 7); the plan flows from the third quarter on."""
    values = np.full((2, 2, periods, 3), NAN)
    values[0, 0], values[1, 0] = [10, 11, 12.5], [5, 6, 7]
    values[:, 1, :2] = 0
    values[0, 1, 2:], values[1, 1, 2:] = [1, 2, 4], [0, 0, 1]
    return xr.Dataset(
        {"flow": (("scenario", "route", "period", "quantile"), values)},
        coords={
            "scenario": ["low-case", "base"],
            "route": ["east", "plan"],
            "period": pd.date_range(first, periods=periods, freq="QS"),
            "quantile": [0.1, 0.5, 0.9],
        },
        attrs={"freq": "Q", "probabilities": {"low-case": 0.4, "base": 0.6}},
    ).isel(scenario=[1, 0])  # fmt: skip


def swapped(projection):
    """Return the projection with the values of its scenarios exchanged, to match their names."""
    return projection.assign(flow=projection["flow"].copy(data=projection["flow"].values[::-1]))


PROJECTION = swapped(make_projection())
EVENTS = pd.DataFrame({
    "date": ["2024-08-06", "2024-09"], "title": ["Valve shut", ODD], "routes": ["east", "east"],
    "source": ["press", "press"],
})  # fmt: skip
SOURCES = pd.DataFrame(
    {"title": ["Annual report"], "publisher": ["Agency"], "published": ["2025-07"],
     "url": ["https://agency.example/1"]},
    index=pd.Index(["press"], name="source"),
)  # fmt: skip
FACTS = {
    "volumes": pd.DataFrame({"id": ["V0001"], "source": ["press"], "page": ["p. 3"], "status": ["actual"]}),
    "prices": pd.DataFrame({"id": ["P0001"], "source": ["press"], "status": ["estimate"]}),
    "contracts": pd.DataFrame({
        "id": ["C0001", "C0002"], "route": "east", "buyer": "CNPC", "year": ["2024", "plateau"],
        "acq": [38.0, NAN], "unit": "bcm/yr", "basis": ["20C", "unstated"], "signed": "2014-05-21",
        "status": "contract", "source": "press",
    }),
    "route-facts": pd.DataFrame({
        "id": ["R0001", "R0002"], "route": "east", "attribute": ["gcv", "capacity"], "value": ["10.5", "40"],
        "basis": "20C", "valid_from": "", "source": "press", "status": "estimate",
    }),
}  # fmt: skip
MARKETS_TOLD = pd.DataFrame(
    {"flow": [98.0, 20.4, 5.0, 9.0], "p10": [97.0, 20.0, 4.9, 8.8], "p90": [99.0, 21.0, 5.1, 9.2]},
    index=pd.MultiIndex.from_product(
        [["europe", "china"], pd.to_datetime(["2023-01-01", "2024-01-01"])],
        names=["market", "period"],
    ),
)
COMING = PROJECTION.assign(
    exports_year=(
        ("scenario", "market", "year", "quantile"),
        np.broadcast_to(
            np.array([[[9.0, 10, 13], [8, 9, 11], [0, 0, 0]], [[5, 6, 7], [4, 5, 6], [0, 0, 0.2]]])[
                :, :, None
            ],
            (2, 3, 2, 3),
        ),
    ),
    market=["all", "china", "iran"],
    year=[2025, 2026],
)
"""All, China and Iran: 10, 9 and 0 bcm a year in the base scenario, 6, 5 and 0 in the low one."""
META = {"title": "A map", "start": "2025Q2", "layers": "layers/"}


def data(**changes):
    given = {"projection": PROJECTION, "facts": FACTS, **changes}
    return atlas.page.page_data(make_routes(), make_flows(), EVENTS, SOURCES, META, **given)


def built(**changes):
    given = {"projection": PROJECTION, "facts": FACTS, **changes}
    return atlas.build(make_routes(), make_flows(), EVENTS, SOURCES, None, META, **given)


def test_the_page_carries_the_sources_it_names_and_no_other():
    unused = pd.concat([SOURCES, SOURCES.iloc[[0]].set_axis(["nobody"]).assign(title="Unread")])
    page = atlas.page.page_data(make_routes(), make_flows(), EVENTS, unused, META, facts=FACTS)
    named = {item["source"] for item in page["records"] + page["events"] if "source" in item}
    assert named - {None} == set(range(len(page["sources"])))
    assert "Unread" not in [source.get("title") for source in page["sources"]]


def line(page, name):
    return next(item for item in page["lines"] if item["id"] == name)


# -- tables ---------------------------------------------------------------------------------------


def test_years_name_their_quarters_and_mark_what_they_lack():
    page = data(projection=None)
    quarter, year, gas = page["calendars"]
    assert (quarter["key"], year["key"], gas["key"]) == ("Q", "A", "G")
    assert [(y["id"], y["of"]) for y in year["steps"]] == [
        ("2023", [0, 4]),
        ("2024", [4, 8]),
        ("2025", [8, 10]),
    ]
    assert [(y["id"], y["of"]) for y in gas["steps"]] == [
        ("GY2022", [0, 3]),
        ("GY2023", [3, 7]),
        ("GY2024", [7, 10]),
    ]
    assert year["steps"][1]["note"] == "figures: actual"
    assert year["steps"][2]["note"] == "figures: actual, provisional; 2 of 4 quarters"
    assert gas["steps"][1]["label"] == "Gas year 2023/24"
    assert page["days"][:2] == [90, 91]


def test_yearly_cube_has_no_further_calendars():
    flows = make_flows().isel(period=[0, 4, 8]).assign_attrs(freq="A")
    page = atlas.page.page_data(make_routes(), flows, EVENTS, SOURCES, {})
    assert [calendar["key"] for calendar in page["calendars"]] == ["A"]


def test_without_projection_and_facts_nothing_of_them_is_in_the_page():
    page = data(projection=None, facts=None)
    assert "projection" not in page
    assert page["past"] == len(page["steps"]) == 10
    assert "ahead" in dict(data()["legend"]) and "ahead" not in dict(page["legend"])
    assert not any({"ahead", "heat", "contracts", "standing"} & set(item) for item in page["lines"])
    assert [unit["unit"] for unit in page["units"]] == ["bcm", "bcm", "mcm/d"]


def test_projection_follows_history():
    page = data()
    assert (page["past"], len(page["steps"]), page["steps"][-1]["id"]) == (10, 16, "2026Q4")
    told = page["projection"]
    assert told["scenarios"][told["start"]] == {"key": "base", "label": "base", "probability": 0.6}
    assert {item["label"] for item in told["scenarios"]} == {"base", "low case"}
    assert told["interval"] == "P10–P90"
    base = line(page, "east")["ahead"][told["start"]]["base"]["value"]
    assert base["mid"] == {"o": 10, "v": [11000] * 6}
    assert (base["low"]["v"][0], base["high"]["v"][0]) == (10000, 12500)
    assert "ahead" not in line(page, "west")


def test_probabilities_may_be_a_list_or_missing():
    listed = PROJECTION.assign_attrs(probabilities=[0.3, 0.7])
    assert [s["probability"] for s in atlas.ahead.scenarios(listed)["scenarios"]] == [0.3, 0.7]
    bare = PROJECTION.assign_attrs(probabilities=None)
    assert atlas.ahead.scenarios(bare)["start"] == 0
    assert atlas.ahead.scenarios(bare)["scenarios"][0]["probability"] is None


def test_mixture_is_shown_first_and_answers_carry_their_probability():
    attrs = {"probabilities": '{"oil": {"high": 0.25, "middle": 0.75}}'}
    told = PROJECTION.assign_coords(scenario=["oil-high", "mixture"]).assign_attrs(attrs)
    found = atlas.ahead.scenarios(told)
    assert found["scenarios"] == [
        {"key": "oil-high", "label": "oil high", "probability": 0.25},
        {"key": "mixture", "label": "weighted mixture", "probability": None},
    ]
    assert found["start"] == 1


def test_projection_never_fills_what_history_covers():
    """Odd lacks 2024Q3 and all from 2025Q1 on; 2024Q4 is the newest quarter with all figures."""
    flows = make_flows()
    flows["flow"][1, 6:] = 2
    flows["flow"][3, [6, 8, 9]] = NAN
    early = swapped(make_projection("2024-07-01", 6)).assign_coords(route=["east", "odd"])
    page = atlas.page.page_data(make_routes(), flows, EVENTS, SOURCES, {}, projection=early)
    ahead = [step["id"] for step in page["steps"] if step.get("ahead")]
    assert ahead == ["2025Q1", "2025Q2", "2025Q3", "2025Q4"]
    rows = line(page, "odd")["ahead"][page["projection"]["start"]]["base"]["value"]
    assert rows["mid"] == {"o": 8, "v": [1000 * n for n in (2, 2, 2, 2)]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p.rename(flow="gas"), "no variable 'flow' with the dims"),
        (lambda p: p.isel(scenario=0), "no variable 'flow' with the dims"),
        (lambda p: p.assign_attrs(freq="A"), "the freq 'A', flows 'Q'"),
        (lambda p: p.assign_attrs(basis="15C"), "the basis '15C', flows '20C'"),
        (lambda p: p.assign_coords(route=["east", "moon"]), "1 routes that routes lacks: moon"),
        (lambda p: p.assign_coords(quantile=[0.1, 0.4, 0.9]), "no quantile 0.5"),
        (lambda p: p.assign_attrs(probabilities=[0.5]), "1 probabilities for 2 scenarios"),
        (lambda p: p.assign_attrs(probabilities="half"), "the probabilities 'half'; expected numbers"),
        (lambda p: p.assign_attrs(probabilities={"base": "much"}), "expected numbers by scenario"),
        (lambda p: p.assign_coords(period=p["period"].values + np.timedelta64(1, "D")),
         "the period 2025-07-02, which starts no quarter"),
    ],
)  # fmt: skip
def test_projection_that_does_not_fit_is_refused(change, message):
    with pytest.raises(DataError, match=message):
        built(projection=change(PROJECTION))


def test_units_carry_the_factors_of_the_units_module():
    own, other, rate, energy = data()["units"]
    assert (own["unit"], own["note"], own["factor"]) == ("bcm", "at 20 °C", 1)
    assert (other["note"], other["factor"]) == ("at 15 °C", pytest.approx(288.15 / 293.15))
    assert (rate["unit"], rate["factor"]) == ("mcm/d", pytest.approx(1000))
    assert energy["note"] == "GCV"
    east = line(data(), "east")
    assert east["heat"] == pytest.approx(10.5)  # 1 bcm at 10.5 kWh/m3 is 10.5 TWh
    assert east["heat_note"] == "by 10.5 kWh/m³ at 20 °C, R0001"
    assert "heat" not in line(data(), "west")


def test_energy_cube_keeps_its_unit():
    flows = make_flows().assign_attrs(unit="TWh", basis="GCV")
    page = atlas.page.page_data(make_routes(), flows, EVENTS, SOURCES, {}, facts=FACTS)
    assert [unit["unit"] for unit in page["units"]] == ["TWh"]


def test_contract_steps_say_quantity_or_that_it_is_not_published():
    first, second = line(data(), "east")["contracts"]
    assert first == {
        "id": "C0001", "year": "2024", "text": "38 bcm/yr at 20 °C",
        "about": "CNPC, signed 2014-05-21, contract",
    }  # fmt: skip
    assert second["text"] == "quantity not published"


def test_capacity_is_cited_by_its_facts():
    page = data()
    numbers = line(page, "east")["standing"]["limit"]
    assert [page["records"][n]["text"] for n in numbers] == ["R0002"]


@pytest.mark.parametrize(
    ("folder", "path"),
    [
        ("layers/", "layers/flows_quarterly.geojson"),
        (None, ""),
        ("javascript:alert(1)", ""),
        ("//evil", ""),
    ],
)
def test_only_a_folder_beside_the_page_is_linked(folder, path):
    assert atlas.page.relative(folder, "flows_quarterly") == path


def test_line_across_180_degrees_is_cut():
    routes = make_routes()
    routes.loc["plan", "geometry"] = LineString([(170, 65), (-170, 66)])
    parts = line(atlas.page.page_data(routes, make_flows(), EVENTS, SOURCES, {}), "plan")["parts"]
    assert len(parts) == 2
    # Steps from point to point in thousandths of a degree: none runs around the world.
    assert all(abs(step) <= 10_000 for part in parts for step in part[2::2])


def test_colours_keep_apart_for_every_eye():
    """Machado, Oliveira and Fernandes (2009), severity 1; what is close differs in dash or fill."""
    eyes = {
        "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
        "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                   [-0.011820, 0.042940, 0.968881]],
        "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
        "usual": np.eye(3),
    }  # fmt: skip
    dash = {"construction": 1, "proposed": 2, "cancelled": 3}
    drawn = {key: (style, dash.get(key, 0)) for key, (_, style) in atlas.look.STATES.items()}
    pairs = list(itertools.combinations(atlas.look.STATES, 2))
    assert len(pairs) == 28
    for (eye, matrix), night, (a, b) in itertools.product(eyes.items(), (0, 1), pairs):
        if drawn[a] != drawn[b]:
            continue
        seen = [lab(np.array(matrix) @ linear(atlas.look.COLOURS[key][night])) for key in (a, b)]
        assert np.linalg.norm(seen[0] - seen[1]) >= 20, (eye, night, a, b)
    # Where the eye is usual the solid states differ by colour alone, too.
    solid = [key for key, (_, style) in atlas.look.STATES.items() if style == "solid"]
    for (eye, matrix), (a, b) in itertools.product(eyes.items(), itertools.combinations(solid, 2)):
        seen = [lab(np.array(matrix) @ linear(atlas.look.COLOURS[key][0])) for key in (a, b)]
        assert np.linalg.norm(seen[0] - seen[1]) >= 8, (eye, a, b)


def linear(colour):
    value = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    matrix = [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750],
              [0.0193339, 0.1191920, 0.9503041]]  # fmt: skip
    x = np.array(matrix) @ np.clip(rgb, 0, 1) / [0.95047, 1, 1.08883]
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_titles_of_events_are_told_in_russian_and_chinese():
    names = atlas.words.translations()
    assert all(all(pair) for pair in names.values())
    ours = set(facts.load()["events"]["title"])
    assert len(ours & set(names)) >= 0.9 * len(ours)  # a new one is English until it is translated
    assert names["Power of Siberia opened"] == ("Открыта Сила Сибири", "西伯利亚力量启用")


def test_notes_on_routes_and_texts_of_the_tour_are_told_in_russian_and_chinese():
    told = atlas.words.translations()
    notes = {*facts.load()["routes"]["note"], *routes.load()["note"]} - {""}
    assert len(notes & set(told)) >= 0.9 * len(notes)  # a new one is English until it is translated
    for text in notes & set(told):  # the same figures stand in both; Chinese counts in 亿
        assert not re.search(r"(?<![A-Za-z])[a-z]{4,}", told[text][0]), text
        years = re.findall(r"\b(?:19|20)\d\d\b", text)
        assert years == [] or set(years) <= set(re.findall(r"(?:19|20)\d\d", told[text][0])), text
        assert set(years) <= set(re.findall(r"(?:19|20)\d\d", told[text][1])), text


def test_every_label_is_translated():
    words = json.loads(draw.assets.static("labels.json"))["words"]
    assert len(words) > 100
    assert all(set(row) - {"en"} == {"ru", "zh"} and all(row.values()) for row in words.values())
    scripts = "".join(draw.assets.static(path.name) for path in draw.assets.STATIC.iterdir()
                      if path.name.endswith(".js") and not path.name.startswith("world"))  # fmt: skip
    found = set(re.findall(r'(?<![\w.])(?:G\.)?t\("([^"]+)"', scripts))
    found |= set(re.findall(r'\bt(?::[a-z-]+")?: "([^"]+)"', scripts))
    found |= set(re.findall(r'G\.(?:button|choice|card)\(\s*"([^"]+)"', scripts))
    found -= {"{known} of {whole} ", "by ", "{"}
    assert len(found) > 50
    page = data()
    shown = {state["label"] for state in page["states"]} | {text for _, text in page["legend"]}
    shown |= {item["label"] for item in [*page["dashes"], *page["textures"], *page["calendars"]]}
    shown |= {series["label"] for series in page["series"].values()} | {
        page["chart_key"],
        *page["grades"],
    }
    shown |= {
        *atlas.look.ROLE_LABELS.values(),
        *atlas.look.STATUS_LABELS.values(),
        *atlas.lines.FACTS.values(),
    }
    shown |= {text for _, text in atlas.look.BORDERS} | {
        *atlas.look.SMALL_PRINT,
        *atlas.words.MONTHS,
    }
    assert sorted((found | shown) - set(words)) == []


def test_contested_borders_are_dashed_and_the_recognised_ones_not():
    page = draw.Basemap().data
    assert page["contested"]
    usual = draw.Basemap(contested=()).data
    assert usual["contested"] == [] and len(usual["borders"]) > len(page["borders"])
    names = {(one.a, one.b) for one in draw.CONTESTED}
    assert ("CYN", "CYP") in names
    assert not any({"RUS", "UKR"} == {one.a, one.b} for one in draw.CONTESTED)
    assert all(one.basis for one in draw.CONTESTED)


def test_contested_piece_lies_in_its_box():
    pieces = draw.Basemap(contested=[draw.Contested("IND", "PAK", "", (73, 32.4, 78, 37))]).data
    points = [np.cumsum(np.reshape(piece, (-1, 2)), axis=0) / 100 for piece in pieces["contested"]]
    assert points
    for piece in points:
        assert (piece[:-1, 1] >= 32.4).all()  # the last point is the first one beyond
    assert pieces["pieces"]  # the rest of the border is still drawn


def test_contested_border_of_strangers_is_refused():
    with pytest.raises(FormatError, match="PRT and RUS have no common border"):
        draw.Basemap(contested=[("PRT", "RUS")])


# -- browser --------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    with browsers.launched() as made:
        yield made


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("more") / "map.html"
    built().save(path)
    return path


@pytest.fixture
def page(browser, file):
    clipboard = ["clipboard-read", "clipboard-write"]
    wide = {"width": 1500, "height": 900}
    with browsers.opened(browser, file, permissions=clipboard, viewport=wide) as (made, log):
        yield made
        log.assert_clean()


def model(page, code):
    return page.evaluate(
        f"() => {{ const m = document.querySelector('.folium-map').geodraw; {code} }}"
    )


def go(page, name):
    model(page, f"m.setStep(m.steps.findIndex(s => s.id === '{name}'))")


def choose(page, route):
    model(page, f"m.select(m.byId.get('{route}'))")


def switch(page, label, value):
    page.get_by_label(label, exact=True).select_option(value)


def core(page, route):
    return page.locator(f"path.gd-core[data-id='{route}']")


def width(page, route):
    return float(core(page, route).get_attribute("stroke-width"))


def figure(page, key):
    return page.locator(f".gd-panel [data-key={key}] dd b").inner_text().replace("\u00a0", " ")


@pytest_browser
def test_years_add_up_on_the_map(page):
    choose(page, "east")
    switch(page, "Period", "A")
    assert page.locator(".gd-now").inner_text() == "2025"
    go(page, "2024")
    assert figure(page, "value") == "26.00 bcm"  # 5 + 6 + 7 + 8
    assert figure(page, "limit") == "40.00 bcm"
    assert figure(page, "share") == "65 %"
    assert figure(page, "revenue") == "5\u2009200 million USD"
    assert figure(page, "price") == "200 USD/1000 m³"
    assert width(page, "east") == pytest.approx(26 * 0.2)
    switch(page, "Period", "G")
    assert page.locator(".gd-now").inner_text() == "Gas year 2023/24"
    assert figure(page, "value") == "22.00 bcm"  # 4 + 5 + 6 + 7
    switch(page, "Period", "Q")
    assert page.locator(".gd-now").inner_text().startswith("2024 Q")


@pytest_browser
def test_year_that_lacks_a_quarter_is_marked_and_its_number_not_scaled_up(page):
    switch(page, "Period", "A")
    choose(page, "west")
    go(page, "2024")
    assert figure(page, "value") == "6.00 bcm"
    assert "2 of 4 quarters" in page.locator("[data-key=value]").inner_text()
    # 6 bcm in the 182 days of the first half: drawn as the rate of these days, hatched.
    assert width(page, "west") == pytest.approx(6 * 0.2 * 366 / 182, abs=0.006)
    assert core(page, "west").get_attribute("stroke-dasharray") == "7 2"
    assert page.locator(".gd-chart .gd-part").count() == 1
    go(page, "2023")
    assert "of 4 quarters" not in page.locator("[data-key=value]").inner_text()


@pytest_browser
def test_history_turns_into_projection_where_all_can_see(page):
    choose(page, "east")
    assert page.locator(".gd-about").inner_text() == "As of 2025-08-01, provisional · bcm at 20 °C"
    assert core(page, "east").get_attribute("data-look") == "flow"
    go(page, "2025Q4")
    assert core(page, "east").get_attribute("data-look") == "ahead"
    assert core(page, "east").get_attribute("stroke-dasharray") == "14 3"  # 4 px and more
    assert width(page, "east") == pytest.approx(11 * 4 * 0.2)
    about = page.locator(".gd-about").inner_text().replace("\u00a0", " ")
    assert about == "As of 2025-08-01, projection: base (60 %) · bcm at 20 °C"
    assert page.locator(".gd-note").inner_text().replace("\u00a0", " ") == "projection: base (60 %)"
    assert "projection" in page.locator("[data-key=value]").inner_text()
    assert page.locator(".gd-interval").inner_text() == "P10–P90: 10.00 – 12.50"
    chart = page.locator(".gd-chart")
    assert chart.locator(".gd-proj").count() == 6
    assert chart.locator("path.gd-edge").count() == 2
    assert chart.locator(".gd-from").text_content() == "2025Q3 →"
    assert page.locator(".gd-divide").inner_text() == "projection 2025Q3 →"
    assert page.locator(".gd-beyond").count() == 1


@pytest_browser
def test_scenario_can_be_chosen_and_compared(page):
    choose(page, "east")
    go(page, "2025Q4")
    names = page.get_by_label("Scenario", exact=True).locator("option").all_inner_texts()
    assert sorted(n.replace("\u00a0", " ") for n in names) == ["base (60 %)", "low case (40 %)"]
    switch(page, "Scenario", "low-case")
    assert figure(page, "value") == "6.00 bcm"
    assert width(page, "east") == pytest.approx(6 * 4 * 0.2)
    switch(page, "Compare with", "scenario:base")
    assert page.locator("[data-key=value] .gd-versus").inner_text() == "base: 11.00 (−5.00)"
    assert page.locator(".gd-chart .gd-other").count() == 1


@pytest_browser
def test_projected_proposal_stays_proposed_until_gas_flows(page):
    go(page, "2025Q4")
    state = "return m.byId.get('plan').at(m.step).state.key"
    assert model(page, state) == "proposed"
    go(page, "2026Q1")
    assert model(page, state) == "flowing"
    assert width(page, "plan") == pytest.approx(2 * 4 * 0.2)
    switch(page, "Scenario", "low-case")
    assert model(page, state) == "proposed"


@pytest_browser
def test_projected_proposal_keeps_its_dash_and_others_their_state(page):
    go(page, "2025Q4")
    plan = core(page, "plan")
    assert plan.get_attribute("data-look") == "project"
    assert plan.get_attribute("stroke-dasharray") == "4 4"
    assert core(page, "west").get_attribute("data-look") == "stale"  # flowed once, not projected


@pytest_browser
def test_proposal_without_projection_stays_proposed(browser, tmp_path):
    path = tmp_path / "east.html"
    built(projection=PROJECTION.sel(route=["east"])).save(path)
    with browsers.opened(browser, path) as (page, log):
        go(page, "2026Q3")
        assert core(page, "plan").get_attribute("data-look") == "project"
        assert model(page, "return m.byId.get('odd').at(m.step).state.key") == "unknown"
        log.assert_clean()


@pytest_browser
def test_years_of_projection_say_how_much_is_projected(page):
    choose(page, "east")
    switch(page, "Period", "A")
    go(page, "2025")
    assert figure(page, "value") == "41.00 bcm"  # 9 + 10 known, 11 + 11 projected
    assert page.locator(".gd-interval").inner_text() == "P10–P90: 39.00 – 44.00"
    assert figure(page, "limit") == "–"  # of two quarters only: no capacity of the year
    assert "as if its parts moved together" in page.locator(".gd-key").inner_text()


@pytest_browser
def test_years_and_revenue_are_those_of_the_projection_where_it_tells_them(browser, tmp_path):
    """Quantiles of a year are not the sums of those of its quarters."""
    dims = ("scenario", "route", "year", "quantile")
    years = np.full((2, 2, 2, 3), NAN)
    years[0, 0] = [[38.5, 40.5, 42.5], [42, 44.5, 47]]
    told = PROJECTION.assign(
        revenue=PROJECTION["flow"] * 250,
        flow_year=(dims, years),
        revenue_year=(dims, years * 260),
    ).assign_coords(year=[2025, 2026])
    path = tmp_path / "years.html"
    built(projection=told).save(path)
    with browsers.opened(browser, path, viewport={"width": 1500, "height": 900}) as (page, log):
        choose(page, "east")
        go(page, "2025Q4")
        assert figure(page, "revenue") == "2\u2009750 million USD"  # 11 x 250
        interval = page.locator("[data-key=revenue] .gd-interval")
        assert interval.inner_text() == "P10–P90: 2\u2009500 – 3\u2009125"
        switch(page, "Period", "A")
        go(page, "2026")
        assert figure(page, "value") == "44.50 bcm"
        assert figure(page, "revenue") == "11\u2009570 million USD"  # 44.5 x 260
        assert (
            page.locator("[data-key=value] .gd-interval").inner_text() == "P10–P90: 42.00 – 47.00"
        )
        assert width(page, "east") == pytest.approx(44.5 * 0.2)
        assert "as if its parts" not in page.locator(".gd-key").inner_text()
        switch(page, "Period", "G")  # of gas years it tells nothing
        go(page, "GY2025")
        assert figure(page, "value") == "44.00 bcm"
        assert "as if its parts" in page.locator(".gd-key").inner_text()
        log.assert_clean()


@pytest_browser
def test_a_line_to_come_shows_its_chance_and_what_flows_if_it_does(browser, tmp_path):
    """The plan flows in 3 of 10 draws of base from 2026Q1: 4 (2 to 8) if it does, with a median of 0."""
    dims = ("scenario", "route", "period")
    flow, then = PROJECTION["flow"].copy(), PROJECTION["flow"] * NAN
    flow.loc[{"route": "plan"}] = [0, 0, 3]
    then.loc[{"route": "plan", "period": flow["period"][2:]}] = [2, 4, 8]
    chance = np.full((2, 2, 6), 1.0)
    chance[:, 1] = [0, 0, 0.3, 0.3, 0.3, 0.3]
    told = PROJECTION.assign(flow=flow, flow_if_flowing=then, flowing=(dims, chance))
    path = tmp_path / "plan.html"
    built(projection=told).save(path)
    with browsers.opened(browser, path, viewport={"width": 1500, "height": 900}) as (page, log):
        choose(page, "plan")
        go(page, "2026Q1")
        odds = page.locator(".gd-odds").inner_text()
        assert odds.startswith("30 % chance that gas flows in 2026Q1; ≈\u200916")  # 4 x 365.25 / 90
        assert figure(page, "value") == "4.00 bcm"
        row = page.locator(".gd-panel [data-key=value]")
        assert row.locator(".gd-interval").inner_text() == "P10–P90: 2.00 – 8.00"
        assert row.locator("[data-said=chance]").inner_text() == "if gas flows (30 % chance)"
        assert core(page, "plan").get_attribute("data-look") == "chance"
        bar = page.locator(".gd-chart .gd-current")
        assert bar.evaluate("bar => bar.style.opacity") == "0.3"
        assert "if gas flows (30 % chance)" in model(page, "return m.byId.get('plan').say(m.step)")
        feature = page.evaluate(
            """() => { const m = document.querySelector('.folium-map').geodraw;
                 return GeoDraw.features(m).features.find((f) => f.id === 'plan').properties; }"""
        )
        assert (feature["flow"], feature["flow_p90"], feature["chance"]) == (0, 3, 0.3)
        assert (feature["flow_if_flowing"], feature["flow_if_flowing_p10"]) == (4, 2)
        page.get_by_role("button", name="Table").click()
        cells = page.locator(".gd-table tr[data-id=plan]")
        assert cells.locator("[data-key=chance]").inner_text() == "30"
        assert cells.locator("[data-key=value]").inner_text() == "4.00"
        assert page.locator(".gd-table tr[data-id=east] [data-key=chance]").inner_text() == "–"
        go(page, "2025Q4")  # no draw has gas: none to tell of
        assert model(page, "return m.byId.get('plan').at(m.step).plain") is None
        switch(page, "Period", "G")
        go(page, "GY2025")  # as its last quarter, four times
        assert figure(page, "value") == "16.00 bcm"
        log.assert_clean()


@pytest_browser
def test_mouse_over_the_slider_tells_period_and_events(page):
    box = page.locator(".gd-range").bounding_box()
    share = 6 / 15  # 2024Q3, of sixteen quarters
    page.mouse.move(box["x"] + 11 + (box["width"] - 22) * share, box["y"] + box["height"] / 2)
    told = page.locator(".gd-range").get_attribute("title")
    assert told.startswith("2024 Q3 (Jul–Sep)\n2024-08-06: Valve shut\n2024-09: A")
    page.mouse.move(box["x"] + 11, box["y"] + box["height"] / 2)
    assert page.locator(".gd-range").get_attribute("title") == "2023 Q1 (Jan–Mar)"


@pytest_browser
def test_stale_is_grey_and_dated_and_never_dropped(page):
    dated = page.locator(".gd-dated span[data-id='west']")
    go(page, "2024Q4")  # two quarters after the newest figure
    assert core(page, "west").get_attribute("data-look") == "unknown"
    go(page, "2025Q1")
    assert core(page, "west").get_attribute("data-look") == "stale"
    assert width(page, "west") == pytest.approx(2 * 4 * 0.2)
    assert dated.inner_text() == "2024Q2"
    choose(page, "west")
    assert figure(page, "value") == "–"
    newest = page.locator(".gd-panel .gd-newest").inner_text().strip()
    assert newest == "newest figure: 2.00\u00a0bcm in 2024Q2"
    go(page, "2024Q1")
    assert core(page, "west").get_attribute("data-look") == "flow"
    assert dated.is_hidden()


@pytest_browser
def test_beyond_history_what_nobody_projects_is_quiet(page):
    go(page, "2026Q1")
    assert core(page, "west").get_attribute("data-look") == "stale"
    assert width(page, "west") == pytest.approx(1.2)
    assert page.locator(".gd-dated span[data-id='west']").is_hidden()


@pytest_browser
def test_a_link_that_compares_opens_in_the_colours_of_the_change(page):
    page.goto(page.url.split("#")[0] + "#2024?cal=A&compare=step:2023")
    page.reload()
    assert core(page, "east").get_attribute("data-look") == "change"


@pytest_browser
def test_casing_shows_how_well_the_course_is_known(page):
    casing = "path.gd-casing[data-id='{}']"
    dashes = {r: page.locator(casing.format(r)).get_attribute("stroke-dasharray") for r in ROUTES}
    assert dashes == {"east": "2 3", "west": None, "plan": None, "odd": "14 1"}
    go(page, "2024Q1")
    assert page.locator(casing.format("west")).get_attribute("stroke-dasharray") == "14 1"
    page.locator(".gd-rest > summary").click()
    assert "Sketch" in page.locator(".gd-legend").inner_text()


@pytest_browser
@pytest.mark.parametrize(
    ("unit", "value", "basis"),
    [("own", "10.00 bcm", "at 20 °C"), ("bcm15", "9.83 bcm", "at 15 °C"), ("mcmd", "109.9 mcm/d", "at 20 °C"),
     ("twh", "105.0 TWh", "GCV")],
)  # fmt: skip
def test_unit_changes_everywhere_with_its_basis(page, unit, value, basis):
    choose(page, "east")
    switch(page, "Unit", unit)
    assert figure(page, "value") == value
    assert basis in page.locator("[data-key=value]").inner_text()
    assert page.locator(".gd-about").inner_text().endswith(f"· {value.split()[1]} {basis}")
    assert width(page, "east") == pytest.approx(10 * 4 * 0.2)  # the drawing keeps its scale
    page.get_by_role("button", name="Table", exact=True).click()
    cell = page.locator(".gd-table tr[data-id=east] td[data-key=value]")
    assert cell.inner_text() == value.split()[0]
    assert f"{value.split()[1]} {basis}" in page.locator(".gd-table thead").inner_text()


@pytest_browser
def test_energy_needs_a_calorific_value(page):
    switch(page, "Unit", "twh")
    choose(page, "odd")
    assert figure(page, "value") == "–"
    assert "no calorific value stated" in page.locator("[data-key=value]").inner_text()
    choose(page, "east")
    assert "by 10.5 kWh/m³ at 20 °C, R0001" in page.locator("[data-key=value]").inner_text()


@pytest_browser
def test_number_is_cited_with_source_and_id(page):
    choose(page, "east")
    page.locator("[data-key=value] .gd-cite").click()
    text = page.locator("[data-key=value] .gd-cited q").inner_text().replace("\u00a0", " ")
    assert text == (
        "Flow, East line, 2025 Q2 (Apr–Jun): 10.00 bcm at 20 °C (provisional). Agency, Annual report, "
        "2025-07, https://agency.example/1. Id V0001. A map, as of 2025-08-01."
    )
    assert page.evaluate("navigator.clipboard.readText()").replace("\u00a0", " ") == text
    page.locator("[data-key=limit] .gd-cite").click()
    assert "Id R0002" in page.locator("[data-key=limit] .gd-cited").inner_text()
    page.locator("[data-key=revenue] .gd-cite").click()
    assert "Id V0001, P0001" in page.locator("[data-key=revenue] .gd-cited").inner_text()


@pytest_browser
def test_panel_has_contract_steps_grades_and_layer_row(page):
    choose(page, "east")
    panel = page.locator(".gd-panel")
    page.get_by_text("Contract steps (2)").click()
    assert "2024 38 bcm/yr at 20 °C CNPC, signed 2014-05-21, contract C0001" in panel.inner_text()
    assert "estimate" in panel.locator("[data-key=price]").inner_text()
    row = panel.locator(".gd-layer-row")
    assert row.inner_text().strip() == "Row of the layer flows_quarterly: east/2025Q2"
    assert row.locator("a").get_attribute("href") == "layers/flows_quarterly.geojson"
    assert "actual" in panel.locator(".gd-sources .gd-grade").first.inner_text()
    go(page, "2025Q4")
    assert row.inner_text().strip() == "Row of the layer projections_quarterly: base/east/2025Q4"
    switch(page, "Period", "A")  # 2025: two quarters known, two projected
    assert [text.count("/") for text in row.all_inner_texts()] == [2, 4]


@pytest_browser
def test_two_quarters_side_by_side(page):
    choose(page, "east")
    switch(page, "Compare with", "step:2023Q1")
    assert page.locator("[data-key=value] .gd-versus").inner_text() == "2023Q1: 1.00 (+9.00)"
    page.get_by_role("button", name="Table", exact=True).click()
    assert page.locator(".gd-table tr[data-id=east] td[data-key=change]").inner_text() == "9.00"
    switch(page, "Period", "A")  # another calendar has other periods
    assert page.locator(".gd-versus").count() == 0


@pytest_browser
def test_filters_leave_what_was_asked_for(page):
    page.locator(".gd-layers summary").click()
    switch(page, "Market", "china")
    assert page.locator("path.gd-core[data-id]").count() == 2
    switch(page, "Supply basin", "west-siberia")
    assert page.locator("path.gd-core[data-id]").count() == 0
    assert "No line matches the filters." in page.locator(".gd-left").inner_text()
    page.get_by_role("button", name="Show all").click()
    assert page.locator("path.gd-core[data-id]").count() == 4
    choose(page, "east")
    switch(page, "Operator", "GTSOU")
    assert page.locator("path.gd-core[data-id]").get_attribute("data-id") == "west"
    assert page.locator("path.gd-halo").count() == 0  # the chosen line is hidden, its panel stays
    choose(page, "west")
    assert page.locator("path.gd-halo").count() == 1
    assert page.locator(".gd-left").inner_text().startswith("1 of 4 lines")


WASTE = """() => {
    const map = document.querySelector('.folium-map'), m = map.geodraw, seen = [];
    const watch = new MutationObserver(all => seen.push(...all));
    watch.observe(map, { subtree: true, attributes: true, attributeOldValue: true });
    const last = m.last;
    for (let step = 0; step <= last; step += 1) m.setStep(step);
    seen.push(...watch.takeRecords());
    watch.disconnect();
    const drawn = seen.filter(r => r.target.matches('path.gd-core, path.gd-casing, .gd-arrow svg'));
    const now = new Map(); // node and attribute -> value, from the last write back
    const same = [...drawn].reverse().filter(({ target, attributeName: name, oldValue }) => {
        if (!now.has(target)) now.set(target, {});
        const known = now.get(target);
        const value = name in known ? known[name] : target.getAttribute(name);
        known[name] = oldValue;
        return value === oldValue;
    });
    return { drawn: drawn.length, same: same.map(r => r.attributeName),
        laid: drawn.filter(r => ['width', 'height'].includes(r.attributeName)).length };
}"""
"""What all steps, one after another, write into lines and arrows; what of it stood there before."""


@pytest_browser
def test_a_page_makes_and_writes_what_is_needed(page):
    filters = page.locator(".gd-layers .gd-body > *")
    assert filters.count() == 0  # folded: made when it is opened
    waste = page.evaluate(WASTE)
    assert waste["drawn"] > 20
    assert waste["same"] == [] and waste["laid"] == 0
    page.locator(".gd-layers summary").click()
    assert filters.count() > 3


BOTH_WAYS = """() => {
    const m = document.querySelector('.folium-map').geodraw;
    return [3, 5].flatMap(zoom => {
        m.map.setView([56, 60], zoom, { animate: false });
        return m.lines.filter(line => line.shown && line.parts.length).map(line => {
            const { renderer } = line.casing.options;
            const plain = L.polyline(line.parts, { renderer, pane: 'gd-casing', smoothFactor: 0.8 }).addTo(m.map);
            const moved = line.casing.options.offset;
            line.casing.options.offset = 0;
            line.casing._update();
            const found = [line, plain].map(one => (one.casing || one).getElement().getAttribute('d'));
            line.casing.options.offset = moved;
            plain.remove();
            return found;
        });
    });
}"""


@pytest_browser
def test_lines_on_the_plane_are_those_of_leaflet(page):
    """Whole in the window and cut at its rim, each to the pixel as by way of degrees."""
    both = page.evaluate(BOTH_WAYS)
    assert len(both) >= 6 and all(len(ours) > 8 for ours, _ in both[:3])
    assert all(ours == plain for ours, plain in both)


@pytest_browser
def test_table_equals_the_map_and_sorts(page):
    page.locator(".gd-layers summary").click()
    page.get_by_role("checkbox", name="Feeders inside Russia").uncheck()
    page.get_by_role("button", name="Table", exact=True).click()
    flow = make_flows()["flow"]
    for name in ("2024Q1", "2023Q2", "2025Q2"):
        go(page, name)
        browsers.settled(page)
        rows = page.locator(".gd-table tbody tr")
        drawn = page.locator("path.gd-core[data-id]").evaluate_all("p => p.map(x => x.dataset.id)")
        assert sorted(rows.evaluate_all("r => r.map(x => x.dataset.id)")) == sorted(drawn)
        for route in drawn:
            shown = page.locator(f".gd-table tr[data-id={route}] td[data-key=value]")
            value = float(flow.sel(route=route, period=name_to_date(name)))
            assert shown.get_attribute("data-value") == (None if np.isnan(value) else f"{value:g}")
            if value > 0:
                assert width(page, route) == pytest.approx(value * 4 * 0.2)
    order = "r => r.map(x => x.dataset.id)"
    assert page.locator(".gd-table tbody tr").evaluate_all(order)[0] == "east"
    page.locator("[data-sort=name]").click()
    assert page.locator(".gd-table tbody tr").evaluate_all(order) == ["east", "plan", "west"]
    page.locator("[data-sort=name]").click()
    assert page.locator(".gd-table tbody tr").evaluate_all(order) == ["west", "plan", "east"]
    assert page.locator("th[aria-sort=descending]").inner_text().startswith("Route")


def name_to_date(name):
    return pd.Period(name, freq="Q").start_time


@pytest_browser
def test_table_is_copied_as_csv(page):
    page.get_by_role("button", name="Table", exact=True).click()
    page.get_by_role("button", name="Copy as CSV").click()
    page.get_by_role("button", name="Copied").wait_for()
    rows = list(
        csv.DictReader(io.StringIO(page.evaluate("navigator.clipboard.readText()"), newline=""))
    )
    by_route = {row["route"]: row for row in rows}
    assert set(by_route) == set(ROUTES)
    assert by_route["east"]["Flow (bcm at 20 °C)"] == "10"
    assert by_route["west"]["Flow (bcm at 20 °C)"] == ""  # not known, not 0
    assert by_route["west"]["Newest figure"] == "2024Q2"
    assert by_route["odd"]["Route"] == ODD
    assert {row["period"] for row in rows} == {"2025Q2"}


@pytest_browser
def test_the_view_is_taken_away_as_pictures_and_tables(page, tmp_path):
    """East carries 6 bcm, West 2 of its newest quarter; the plan has no figure and no flow."""
    go(page, "2024Q2")
    page.locator(".gd-take summary").click()
    taken = {}
    for button in ("PNG", "SVG", "CSV", "GeoJSON"):
        with page.expect_download() as waiting:
            page.locator(".gd-take button", has_text=button).click()
        name = waiting.value.suggested_filename
        taken[name.rsplit(".")[-1]] = tmp_path / name
        waiting.value.save_as(tmp_path / name)
    assert {path.stem for path in taken.values()} == {"a-map-2024Q2"}
    assert taken["png"].read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    drawn = ElementTree.parse(taken["svg"]).getroot()
    said = " ".join(node.text or "" for node in drawn.iter("{http://www.w3.org/2000/svg}text"))
    assert "2024 Q2 (Apr–Jun)" in said and "Natural Earth" in said and "As of 2025-08-01" in said
    routes = {node.get("data-route") for node in drawn.iter("{http://www.w3.org/2000/svg}path")}
    assert {"east", "west", "plan", "odd"} <= routes
    assert not drawn.findall(".//{http://www.w3.org/1999/xhtml}*")
    told = json.loads(taken["geojson"].read_text(encoding="utf-8"))
    held = {feature["id"]: feature["properties"] for feature in told["features"]}
    assert {name: row["flow"] for name, row in held.items()} == {
        "east": 6, "west": 2, "plan": None, "odd": 1,
    }  # fmt: skip
    assert (held["west"]["status"], held["west"]["unit"], held["west"]["ids"]) == (
        "actual", "bcm at 20 °C", "V0001",
    )  # fmt: skip
    line = gpd.read_file(taken["geojson"]).set_index("route").geometry["west"]
    assert line.coords[0] == (60, 62) and line.coords[-1] == (13, 54)
    rows = list(csv.DictReader(io.StringIO(taken["csv"].read_text(encoding="utf-8"))))
    assert [(row["route"], row["Flow (bcm at 20 °C)"]) for row in rows] == [
        ("east", "6"), ("west", "2"), ("odd", "1"), ("plan", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Nordstream", "Nord Stream"), ("Nord Strem", "Nord Stream"), ("PoS2", "Power of Siberia 2"),
        ("power of sibera", "Power of Siberia (Chayanda"), ("power of siberia", "Power of Siberia (Chayanda"),
        ("Turkish Stream", "TurkStream, string 1"), ("Sila Sibiri", "Power of Siberia (Chayanda"),
        ("severny potok", "Nord Stream"), ("Power of Siberia II", "Power of Siberia 2"),
        ("Irkutsk", "Irkutsk"), ("上海", "Shanghai"), ("kiyikoy", "Kıyıköy"), ("德国", "Germany"),
        ("Германия", "Germany"), ("Urengoj", "Urengoy - Pomary"), ("Baumgarten", "Baumgarten"),
        ("Gazprom", "Gazprom"), ("Газпром", "Gazprom"), ("Druzhba", "Druzhba"), ("Дружба", "Druzhba"),
    ],
)  # fmt: skip
@pytest_browser
def test_search_finds_aliases_and_slips_main_lines_first(found_page, typed, first):
    found_page.locator(".gd-search input").fill(typed)
    found = found_page.locator(".gd-search li span").all_inner_texts()
    assert found and found[0].startswith(first), found
    feeders = [i for i, name in enumerate(found) if "Kovykta" in name and "Siberia" in name]
    mains = [i for i, name in enumerate(found) if name.startswith("Power of Siberia 2")]
    assert not feeders or not mains or mains[0] < feeders[0]


def test_every_place_and_city_of_the_search_has_its_position():
    found = {spot["name"]: spot for spot in atlas.page.places_of(maps._places_and_cities())}
    assert (found["Kıyıköy landfall"]["lat"], found["Kıyıköy landfall"]["lon"]) == (41.65, 28.1)
    assert (found["Shanghai"]["lat"], found["Shanghai"]["rank"]) == (31.22, 1)
    assert all(np.isfinite([spot["lat"], spot["lon"]]).all() for spot in found.values())


@pytest.mark.parametrize("word", ["新疆", "Xinjiang", "Синьцзян"])
def test_a_province_is_found_by_its_city(tracker, word):
    assert "urumqi" in set(tracker.search(word)["id"])


@pytest.fixture(scope="module")
def found_page(browser, real):
    with browsers.opened(browser, real[1]) as (page, log):
        page.locator(".gd-search input").wait_for()
        yield page
        log.assert_clean()


WAYS = pd.DataFrame(
    [
        ("production-yamal", "east", "china", 2.0, "2024-01-01"),
        ("production-yamal", "west", "europe", 3.0, "2024-01-01"),
        ("production-nadym-pur-taz", "west", "europe", 1.0, "2024-01-01"),
        ("production-yamal", "domestic-centre", "russia", 50.0, "2024-01-01"),
        ("production-yamal", "east", "china", 2.5, "2024-04-01"),
    ],
    columns=["field", "route", "market", "flow", "period"],
).astype({"period": "datetime64[ns]"})


def test_the_page_keeps_its_contract_and_a_broken_one_is_seen():
    """Projection, story, ways and contracts: every key and type as contract.py says."""
    page = built(ways=WAYS, markets=MARKETS_TOLD).get_root().render()
    text = re.search(r'id="flow_lines_\d+_data">(.*?)</script>', page, re.S)
    told = json.loads(text[1])
    check = jsonschema.Draft202012Validator(contract.schema())
    assert {"projection", "story", "ways"} <= set(told) and told["lines"][0]["state"]
    assert [error.message for error in check.iter_errors(told)] == []
    del told["steps"][0]["id"]
    told["lines"][0]["colour"] = "red"
    told["past"] = "ten"
    messages = sorted(error.message for error in check.iter_errors(told))
    assert len(messages) == 3 and "'id' is a required property" in messages[0]
    assert (
        "'ten' is not of type 'integer'" in messages[1] and "'colour' was unexpected" in messages[2]
    )


@pytest.mark.parametrize("name", ["page.schema.json", "page.d.ts"])
def test_what_is_generated_from_the_contract_is_not_stale(name):
    """After a change of the types: python -m geodata.draw.contract."""
    held = (contract.STATIC / name).read_text(encoding="utf-8")
    assert held == contract.files()[name]


def test_ways_of_exported_gas_are_packed():
    """Yamal sends 2 and 2.5 east and 3 west; what stays at home is no export."""
    packed = data(ways=WAYS)["ways"]
    assert (packed["fields"], packed["routes"]) == (["Yamal", "Nadym Pur Taz"], ["east", "west"])
    assert packed["rows"] == [
        [0, 0, 0, {"o": 4, "v": [200, 250]}],
        [0, 1, 1, {"o": 4, "v": [300]}],
        [1, 1, 1, {"o": 4, "v": [100]}],
    ]


@pytest_browser
def test_from_field_to_market_in_the_chosen_quarter(browser, tmp_path):
    path = tmp_path / "ways.html"
    built(ways=WAYS, markets=MARKETS_TOLD, projection=COMING).save(path)
    with browsers.opened(browser, path, viewport={"width": 1440, "height": 900}) as (page, log):
        go(page, "2026Q1")  # projected: median and interval of the scenario, none of Europe
        rows = page.locator(".gd-markets tbody tr")
        assert [row.split() for row in rows.all_inner_texts()] == [
            ["China", "9.0", "8.0", "–", "11"], ["Europe", "–", "not", "projected"],
            ["All", "markets", "10", "9.0", "–", "13"],
        ]  # fmt: skip
        assert (
            "projected: base; median; P10 – P90" in page.locator(".gd-markets caption").inner_text()
        )
        model(page, "m.setScenario('low-case')")
        assert rows.first.inner_text().split() == ["China", "5.0", "4.0", "–", "6.0"]
        go(page, "2024Q1")
        assert rows.first.inner_text().split() == ["Europe", "20", "20", "–", "21"]
        page.get_by_role("tab", name="Flows").click()
        ribbons = page.locator(".gd-ribbon")
        values = sorted(
            float(value) for value in ribbons.evaluate_all("r => r.map(x => x.dataset.value)")
        )
        assert values == [1, 2, 2, 3, 4]  # into routes 2, 3 and 1; out of them 2 and 4
        names = page.locator(".gd-flow-name").all_text_contents()
        assert "Yamal 5.0" in names and "Europe 4.0" in names and "West line 4.0" in names
        assert "All that leaves: 6.0 bcm" in page.locator(".gd-readout").first.inner_text()
        go(page, "2025Q2")
        said = page.get_by_text("The balance does not hold the whole of this period.")
        said.wait_for()
        log.assert_clean()


@pytest_browser
def test_two_periods_lie_left_and_right_of_a_divider(browser, file):
    with browsers.opened(browser, file, viewport={"width": 1440, "height": 900}) as (page, log):
        page.goto(f"{file.as_uri()}#2025Q1?compare=step:2023Q2&swipe=1")
        page.reload()
        left = page.locator(".gd-swipe-lines path.gd-core[data-other=east]")
        left.wait_for(state="attached")
        assert float(left.get_attribute("stroke-width")) == pytest.approx(2 * 4 * 0.2)
        assert width(page, "east") == pytest.approx(9 * 4 * 0.2)  # plain, not the change
        assert page.locator(".gd-swipe-name").all_inner_texts() == ["2023Q2", "2025Q1"]
        page.locator(".gd-swipe-range").focus()
        for _ in range(10):
            page.keyboard.press("ArrowLeft")
        assert page.locator(".gd-swipe-bar").evaluate(
            "n => parseFloat(n.style.left) / innerWidth"
        ) == pytest.approx(0.4, abs=0.01)
        page.locator(".gd-swiper").click()  # the difference instead: 9 less 2, as a yearly rate
        assert width(page, "east") == pytest.approx(7 * 4 * 0.2)
        assert not page.locator(".gd-swipe").is_visible()
        log.assert_clean()


@pytest_browser
def test_the_tour_is_taken_on_a_phone_too(browser, real):
    with browsers.opened(browser, real[1], viewport={"width": 390, "height": 844}) as (page, log):
        page.get_by_role("button", name="Take the tour").click()
        assert page.locator(".gd-stop").inner_text()
        for name in (".gd-story", ".gd-panel", ".gd-layers", ".gd-search"):
            assert page.locator(name).is_hidden(), name
        line, box = (
            core(page, model(page, "return m.selected.id")).bounding_box(),
            page.locator(".gd-tour").bounding_box(),
        )
        assert line["y"] + line["height"] < box["y"] and line["width"] > 100
        page.get_by_role("button", name="End the tour").click()
        assert page.locator(".gd-search").is_visible()
        log.assert_clean()


def test_the_tour_ends_at_the_line_that_brings_most_not_at_the_likeliest():
    """0.9 x 10 bcm are less than 0.4 x 50; a line that flows already is none to come."""
    from energy.publish.atlas import story

    chance = [[0.0, 0.9], [0.0, 0.4], [1.0, 1.0]]
    told = xr.Dataset(
        {"flowing": (("scenario", "route", "period"), [chance]),
         "flow_year_if_flowing": (("scenario", "route", "year", "quantile"),
                                  [[[[8, 10, 12]], [[20, 50, 60]], [[90, 100, 110]]]])},
        coords={"scenario": ["mixture"], "route": ["small", "large", "old"], "year": [2035],
                "period": pd.to_datetime(["2026-01-01", "2035-10-01"]), "quantile": [0.1, 0.5, 0.9]},
    )  # fmt: skip
    stop = story._ahead_stop(told, 2035)
    assert stop == {"step": "2035Q4", "route": "large", "chance": 0.4, "scenario": "mixture",
                    "volume": 50.0, "low": 20.0, "high": 60.0}  # fmt: skip
    assert story._ahead_stop(told, 2034) is None


def test_history_of_ways_is_that_of_each_quarter(tmp_path):
    import energy
    from energy.balance import tracing

    tables = energy.load().facts
    whole, one = tracing.history(tables), tracing.ways(tables, "2021Q2")
    mine = whole[whole["period"] == "2021-04-01"].drop(columns="period").reset_index(drop=True)
    pd.testing.assert_frame_equal(mine, one, rtol=1e-9)


@pytest_browser
def test_a_frame_elsewhere_shows_map_and_slider_and_leads_to_the_whole(browser, file):
    with browsers.opened(browser, file) as (page, log):
        page.goto(f"{file.as_uri()}?embed=1#2024Q2/east?unit=twh")
        page.reload()
        whole = page.locator(".gd-whole")
        whole.wait_for()
        assert whole.get_attribute("href") == f"{file.as_uri()}#2024Q2/east?unit=twh"
        assert page.locator(".gd-time").is_visible() and page.locator(".gd-title").is_visible()
        for name in (".gd-search", ".gd-layers", ".gd-tools"):
            assert not page.locator(name).is_visible()
        code = page.evaluate("GeoDraw.embedCode(document.querySelector('.folium-map').geodraw)")
        assert f'src="{file.as_uri()}?embed=1#2024Q2/east?unit=twh"' in code
        log.assert_clean()


def test_a_link_to_the_page_shows_title_headline_and_picture():
    head = built(markets=MARKETS_TOLD).get_root().render()
    assert '<meta property="og:title" content="A map">' in head
    told = re.search(r'<meta property="og:description" content="([^"]+)">', head)
    assert told is not None
    assert (
        told[1]
        == "Exports by pipe to Europe fell from 98 to 20 bcm between 2023 and 2024; China rose from 5.0 to 9.0."
    )
    assert "og:image" not in head  # no picture, no promise of one


@pytest_browser
def test_text_that_a_spreadsheet_would_run_is_copied_as_text(browser, tmp_path):
    routes = make_routes()
    routes.loc["odd", "name"] = FORMULA
    path = tmp_path / "formula.html"
    atlas.build(routes, make_flows(), EVENTS, SOURCES).save(path)
    clipboard = ["clipboard-read", "clipboard-write"]
    with browsers.opened(browser, path, permissions=clipboard) as (page, log):
        model(page, "m.tableOpen = true; m.map.fire('gd:table')")
        page.get_by_role("button", name="Copy as CSV").click()
        page.get_by_role("button", name="Copied").wait_for()
        assert "\"'=HYPERLINK" in page.evaluate("navigator.clipboard.readText()")
        log.assert_clean()


SHOWN = """() => { const { map } = document.querySelector('.folium-map').geodraw;
    return map.getZoom() !== OLD && !map._animatingZoom && location.hash.includes(
        `view=${map.getZoom()}/${map.getCenter().lat.toFixed(3)}/${map.getCenter().lng.toFixed(3)}`); }"""


@pytest_browser
def test_address_restores_everything(browser, file, page):
    switch(page, "Period", "A")
    switch(page, "Unit", "mcmd")
    switch(page, "Scenario", "low-case")
    switch(page, "Compare with", "step:2023")
    switch(page, "Language", "ru")
    page.locator(".gd-layers summary").click()
    switch(page, "Рынок", "china")
    page.locator(".gd-layers").get_by_text("Предложен").click()
    go(page, "2026")
    choose(page, "east")
    page.mouse.move(700, 300)
    zoom = model(page, "return m.map.getZoom()")
    page.mouse.wheel(0, -400)
    page.wait_for_function(SHOWN.replace("OLD", str(zoom)))
    page.wait_for_url(re.compile("east.*view="))
    with browsers.opened(browser, file) as (again, log):
        again.goto(page.url)
        again.reload()
        state = """return [m.calendar.key, m.unit.key, m.scenario, m.compare.text, m.steps[m.step].id,
            m.selected.id, [...m.hidden], [...m.filters], document.documentElement.lang,
            m.map.getZoom(),
            document.querySelectorAll('path.gd-core[data-id]').length,
            document.querySelector('.gd-panel h2').textContent]"""
        assert model(again, state) == model(page, state)
        middle = "return [m.map.getCenter().lat, m.map.getCenter().lng]"
        assert model(again, middle) == pytest.approx(model(page, middle), abs=0.02)
        assert again.locator(".gd-panel h2").inner_text() == "Восточная"
        log.assert_clean()


@pytest_browser
def test_address_of_table_and_nonsense(page):
    page.evaluate("location.hash = '#2024Q1?table=1'")
    page.locator(".gd-table").wait_for()
    assert page.locator(".gd-now").inner_text() == "2024 Q1 (Jan–Mar)"
    page.evaluate(
        "location.hash = '#%E0%A4%A/x?unit=none&view=a/b&cal=Z&compare=step:1&scenario=q&hide=x'"
    )
    page.locator(".gd-table").wait_for(state="hidden")
    assert page.locator("path.gd-core[data-id]").count() == 4


@pytest_browser
def test_mouse_drags_the_slider(page):
    box = page.locator(".gd-range").bounding_box()
    x = lambda share: box["x"] + 11 + (box["width"] - 22) * share  # noqa: E731
    y = box["y"] + box["height"] / 2
    page.mouse.move(x(9 / 15), y)
    page.mouse.down()
    page.mouse.move(x(4 / 15), y, steps=8)
    page.mouse.up()
    assert page.locator(".gd-now").inner_text() == "2024 Q1 (Jan–Mar)"
    assert width(page, "east") == pytest.approx(5 * 4 * 0.2)


@pytest_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_dragged_slider_paints_what_the_paths_show_after(browser, file, scheme):
    """While the slider is held the picture is a canvas; it must not be another picture."""
    Image = pytest.importorskip("PIL.Image")
    with browsers.opened(browser, file, color_scheme=scheme) as (page, log):
        page.wait_for_selector("path.gd-land", state="attached")
        container = page.locator(".folium-map")
        box = page.locator(".gd-range").bounding_box()
        y = box["y"] + box["height"] / 2
        clip = {"x": 300, "y": 100, "width": 900, "height": 560}
        # Names are placed once the slider rests, and names of countries give way to them.
        page.add_style_tag(
            content=".leaflet-gd-label-pane, .gd-country { display: none !important }"
        )
        before = core(page, "west").get_attribute("stroke-width")
        page.mouse.move(box["x"] + box["width"] * 0.95, y)
        page.mouse.down()
        for share in (0.8, 0.6, 0.4, 0.3):
            page.mouse.move(box["x"] + box["width"] * share, y)
        assert "gd-hurry" in container.get_attribute("class").split()
        label = page.locator(".gd-now").inner_text()
        canvas = page.locator(".leaflet-gd-brush-pane canvas")
        assert label.startswith(canvas.get_attribute("data-step").replace("Q", " Q"))
        held = page.screenshot(clip=clip)
        page.mouse.up()
        assert "gd-hurry" not in container.get_attribute("class").split()
        assert not canvas.is_visible() and page.locator(".gd-now").inner_text() == label
        assert core(page, "west").get_attribute("stroke-width") != before
        rested = page.screenshot(clip=clip)
        log.assert_clean()
    a, b = (
        np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
        for shot in (held, rested)
    )
    drawn = (np.abs(b - np.median(b, axis=(0, 1))).max(axis=2) > 24).mean()
    assert drawn > 0.005  # there is something to compare
    assert (np.abs(a - b).max(axis=2) > 96).mean() < 0.0005  # edges may be smoothed in another way


def tab(page, until, back=False):
    """Press Tab until the focused node matches; return how often."""
    for count in range(1, 80):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate("css => document.activeElement.matches(css)", until):
            return count
    raise AssertionError(f"Tab never reaches {until}")


@pytest_browser
def test_whole_journey_by_keys(page):
    """Find a line, read it, move time, switch the unit, filter, open the table: no mouse."""
    tab(page, "path.gd-hit[data-id=east]")
    style = "n => getComputedStyle(n).strokeOpacity"
    assert float(page.locator("path.gd-hit[data-id=east]").evaluate(style)) > 0.3  # focus is seen
    page.keyboard.press("Space")
    assert page.evaluate("document.activeElement.textContent") == "East line"
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.id") == "east"
    tab(page, ".gd-search input")
    page.keyboard.type("запад")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "West line"
    assert tab(page, ".gd-panel-body") <= 2  # reads and scrolls
    tab(page, ".gd-range", back=True)
    page.keyboard.press("ArrowLeft")
    assert page.locator(".gd-now").inner_text() == "2025 Q1 (Jan–Mar)"
    tab(page, ".gd-unit")
    page.keyboard.press("ArrowDown")
    assert page.locator(".gd-about").inner_text().endswith("bcm at 15 °C")
    tab(page, ".gd-layers summary", back=True)
    page.keyboard.press("Enter")
    tab(page, ".gd-layers input")
    page.keyboard.press("Space")
    assert page.locator(".gd-left").inner_text().startswith("1 of 4 lines")  # feeders remain
    tab(page, ".gd-actions button")
    page.keyboard.press("Enter")
    assert page.locator(".gd-table tbody tr").count() == 1
    tab(page, "[data-sort=value]")
    page.keyboard.press("Enter")
    assert page.locator("th[aria-sort]").count() == 1


@pytest_browser
def test_keyboard_alone_reaches_everything(page):
    page.keyboard.press("Tab")  # the map itself: arrow keys move it, + and - zoom
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "gd-skip"
    assert page.locator(".gd-skip").bounding_box()["y"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.className") == "gd-range"
    page.keyboard.press("Home")
    assert page.locator(".gd-now").inner_text() == "2023 Q1 (Jan–Mar)"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.get_by_role("button", name="Table", exact=True).focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == "Table of what the map shows"
    page.locator(".gd-pick").first.focus()
    page.keyboard.press("Escape")
    assert page.locator(".gd-table").is_hidden()
    assert page.evaluate("document.activeElement.textContent") == "Table"


@pytest_browser
@pytest.mark.parametrize(
    ("language", "legend", "now", "name"),
    [
        ("ru", "Легенда", "2025 Q2 (апр–июн)", "Восточная"),
        ("zh", "图例", "2025 Q2 (4月–6月)", "东线"),
    ],
)
def test_labels_speak_the_language(page, language, legend, now, name):
    choose(page, "east")
    switch(page, "Language", language)
    assert page.locator(".gd-legend summary").first.inner_text() == legend
    assert page.locator(".gd-now").inner_text() == now
    assert page.locator(".gd-panel h2").inner_text() == name
    assert page.locator("html").get_attribute("lang") == language
    chip = {"ru": "Газ идёт", "zh": "输气中"}[language]
    assert page.locator(".gd-chip").first.inner_text() == chip
    page.locator(f"path.gd-hit[data-id=east][aria-label*='{chip.lower()}']").wait_for(
        state="attached"
    )
    page.locator(".gd-language").select_option("en")
    assert page.locator(".gd-legend summary").first.inner_text() == "Legend"


@pytest_browser
def test_legend_says_what_borders_stand_for(page):
    assert page.locator(".gd-legend li:visible").count() <= 9
    page.locator(".gd-rest > summary").click()
    text = page.locator(".gd-legend").inner_text()
    assert "Status unsettled by UN resolutions" in text
    assert "No position is taken on borders." in text


@pytest_browser
def test_print_shows_map_panel_and_date_without_controls(page):
    choose(page, "east")
    page.emulate_media(media="print")
    for name in (".gd-search", ".gd-layers", ".gd-tools", ".gd-buttons", ".gd-close", ".gd-cite"):
        assert all(not node.is_visible() for node in page.locator(name).all()), name
    assert page.locator(".gd-about").is_visible() and page.locator(".gd-now").is_visible()
    panel = page.locator(".gd-panel").bounding_box()
    drawn = core(page, "east").bounding_box()
    assert drawn["y"] + drawn["height"] < panel["y"] and drawn["width"] > 100
    assert panel["y"] > 900 * 0.54 and panel["x"] == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    body = page.locator(".gd-panel-body")
    assert body.evaluate("n => n.scrollHeight - n.clientHeight") <= 1  # nothing is cut off
    assert page.pdf()[:5] == b"%PDF-"


@pytest_browser
def test_print_fits_all_lines_below_the_title_and_gives_the_view_back(page):
    seen = "m.map.getZoom() + ' ' + m.map.getCenter().toString()"
    before = model(page, f"return {seen}")
    page.emulate_media(media="print")
    browsers.settled(page)
    text = page.locator(".gd-time").bounding_box()
    head = page.locator(".gd-title").bounding_box()
    for route in ("east", "west", "plan", "odd"):
        box = core(page, route).bounding_box()
        assert box["y"] > head["y"] + head["height"] and box["y"] + box["height"] < text["y"], route
        assert box["x"] >= 0 and box["x"] + box["width"] <= page.viewport_size["width"], route
    assert page.locator(".gd-now").inner_text() == "2025 Q2 (Apr–Jun)"
    assert "Natural Earth" in page.locator(".leaflet-control-attribution").inner_text()
    page.emulate_media(media="screen")
    browsers.settled(page)
    assert model(page, f"return {seen}") == before


@pytest_browser
def test_firefox_draws_the_same_lines_and_chart(browser, real, tmp_path):
    """Where Debian's firefox-esr is installed; it is driven by its own switch, without a protocol."""
    firefox = shutil.which("firefox-esr")
    if firefox is None:
        pytest.skip("no firefox-esr on this machine")
    image = pytest.importorskip("PIL.Image")
    shot, home = tmp_path / "firefox.png", tmp_path / "home"
    home.mkdir()
    subprocess.run(
        [firefox, "--headless", "--no-remote", "--profile", str(home), "--window-size=1440,900",
         f"--screenshot={shot}", f"{real[1].as_uri()}#2024Q3"],
        env={**os.environ, "HOME": str(home)}, check=True, timeout=120, capture_output=True,
    )  # fmt: skip
    own = tmp_path / "chromium.png"
    wide = {"viewport": {"width": 1440, "height": 900}}
    with browsers.opened(browser, real[1], **wide) as (page, log):
        page.goto(f"{real[1].as_uri()}#2024Q3")
        page.reload()
        page.locator(".gd-stack").wait_for()
        page.screenshot(path=own)
        log.assert_clean()

    def blue(path, box):  # pixels of flowing gas, and of Europe in the chart
        part = np.asarray(image.open(path).convert("RGB").crop(box), dtype=int)
        return int((np.abs(part - [0x00, 0x72, 0xB2]).sum(axis=-1) < 12).sum())

    for box in ((0, 0, 1070, 790), (1080, 100, 1440, 310)):  # map, chart of exports
        assert blue(own, box) > 3000
        assert blue(shot, box) == pytest.approx(blue(own, box), rel=0.15)


@pytest.mark.slow
@pytest.mark.browser
def test_webkit_draws_the_page_and_steps(real, tmp_path):
    """Where Debian's webkit2gtk-driver and xvfb are installed: lines, names, chart, slider, panel."""
    with webkit.opened(real[1], tmp_path) as page:
        page.until("return document.querySelectorAll('.gd-label').length > 5")
        assert page.run("return document.querySelectorAll('path.gd-core[data-id]').length") == len(
            real[0].routes
        )
        assert page.run("return document.querySelectorAll('.gd-stack rect').length") > 100
        blue = (
            "return getComputedStyle(document.querySelector('path.gd-core[data-look=flow]')).stroke"
        )
        assert page.run(blue) == "rgb(0, 114, 178)"
        page.run(
            "const m = document.querySelector('.folium-map').geodraw;"
            "m.setStep(m.steps.findIndex(s => s.id === '2021Q2'));"
            "m.select(m.byId.get('nord-stream-1'))"
        )
        now = page.run("return document.querySelector('.gd-now').textContent")
        assert now == "2021 Q2 (Apr–Jun)"
        told = page.run("return document.querySelector('.gd-panel [data-key=value] b').textContent")
        flow = float(real[0].flows().flow.sel(route="nord-stream-1", period="2021-04-01"))
        assert told == f"{flow:.2f}\u00a0bcm"


INK = """() => { const by = {};
    for (const node of document.querySelectorAll('path.gd-core[data-id]')) {
      const style = getComputedStyle(node);
      if (style.display === 'none' || style.visibility === 'hidden' || style.stroke === 'none') continue;
      by[node.dataset.look] = (by[node.dataset.look] || 0) + node.getTotalLength() * parseFloat(style.strokeWidth); }
    return by; }"""
LABELS = """() => [...document.querySelectorAll(
      '.gd-label, .gd-city, .gd-over span, .leaflet-marker-icon.gd-event span, .gd-country span:not(.gd-under)')]
    .map(node => [node.textContent, node.getBoundingClientRect()]).filter(([, b]) => b.width)
    .map(([text, b]) => [text, b.left, b.top, b.right, b.bottom])"""


@pytest_browser
@pytest.mark.parametrize(("wide", "high"), [(1440, 900), (1024, 768), (390, 844)])
def test_first_screen_tells_what_flows(browser, real, wide, high):
    """Half of the ink is flow, no name lies on another or on a mark, nine entries of a legend at most."""
    with browsers.opened(browser, real[1], viewport={"width": wide, "height": high}) as (page, log):
        page.locator(".gd-label").first.wait_for()
        ink = page.evaluate(INK)
        assert ink["flow"] / sum(ink.values()) >= 0.5
        boxes = page.evaluate(LABELS)
        assert sum(len(text) > 3 for text, *_ in boxes) >= 4
        stand_apart(boxes)
        assert page.locator(".gd-legend li:visible").count() <= 9
        assert re.match(
            r"Exports by pipe to Europe fell from \d+ to \d+ bcm",
            page.locator(".gd-headline").inner_text(),
        )
        if wide < 640:  # the chart and a list with its courses come first; behind it lies the map
            assert page.locator(".gd-stack").bounding_box()["y"] < high / 2
            assert page.locator(".gd-story li svg").count() >= 5
        log.assert_clean()


def stand_apart(boxes):
    for (one, *a), (other, *b) in itertools.combinations(boxes, 2):
        if len(one + other) > 3:  # marks of events may share a place
            apart = a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
            assert apart, f"{one!r} lies on {other!r}"


@pytest_browser
def test_a_country_keeps_its_name_beside_those_of_its_lines(browser, real):
    """A name that a line's own would hide moves within its country; one without room is hidden."""
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, log):
        page.locator(".gd-label").first.wait_for()
        for route in ("central-asia-china-abc", "china-russia-east", "soyuz-vostok"):
            model(page, f"m.select(m.byId.get('{route}'))")
            page.locator(f".gd-label[data-id={route}]").wait_for()
            boxes = page.evaluate(LABELS)
            stand_apart(boxes)
            told = {text for text, *_ in boxes}
            assert {"Russia", "China", "Kazakhstan"} <= told, (route, told)
        log.assert_clean()


@pytest_browser
def test_an_event_without_a_line_shows_its_place_or_says_that_it_has_none(browser, real):
    """Storage filled, October 2025: no place. The UK lists a terminal in China that month."""
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, log):
        page.goto(f"{real[1].as_uri()}#2025Q4?lang=ru")
        page.reload()
        page.locator(".gd-what .gd-more").click()
        told = page.locator(".gd-events li")
        assert "(без места)" in told.filter(has_text="2025-10-10").first.inner_text()
        told.filter(has_text="2025-10-15").locator(".gd-where", has_text="Китай").click()
        assert page.locator(".gd-pop").inner_text() == "Китай"
        assert told.filter(has_text="2025-12-26").locator(".gd-where").count() == 0  # of a line
        log.assert_clean()


@pytest_browser
def test_closer_by_fields_and_stations_have_names(browser, real):
    """Kovykta from zoom 4.8, compressor stations from 6.2; the opening view names cities only."""
    kinds = (
        "[...new Set([...document.querySelectorAll('.gd-city')].map(n => n.dataset.kind))].sort()"
    )
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, log):
        page.locator(".gd-label").first.wait_for()
        assert set(page.evaluate(kinds)) <= {"city"}
        model(page, "m.map.setView([56, 106], 6, { animate: false })")
        field = page.locator(".gd-city[data-kind=field]", has_text="Kovyktinskoye")
        field.wait_for()
        assert "compressor" not in page.evaluate(kinds)
        model(page, "m.map.setView([53, 127], 6.5, { animate: false })")
        page.locator(".gd-city[data-kind=compressor]").first.wait_for()
        log.assert_clean()


@pytest_browser
def test_each_stop_of_the_tour_has_its_own_view_and_address(browser, real):
    """By keys from the first line to a stop about none: all of the map is back, and at the end.

    The zoom ends where coast and borders do, known to 5 km: 7 px at zoom 7.
    """
    whole = """const { x: wide, y: high } = m.map.getSize();
        const places = m.lines.filter(line => line.data.frame !== false).flatMap(line => line.parts.flat());
        return places.map(place => m.map.latLngToContainerPoint(place))
            .filter(({ x, y }) => x < 0 || y < 0 || x > wide || y > high).length"""
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, log):
        model(page, "m.map.setView([54.14, 13.64], 10, { animate: false })")
        assert model(page, "return m.map.getZoom()") == 7
        assert model(page, whole) > 0
        stops = model(page, "return m.data.story.tour.map(s => [s.step, s.route || ''])")
        assert {bool(route) for _, route in stops} == {True, False}
        model(page, "m.setLanguage('ru')")
        page.locator(".gd-tour button").first.focus()
        for step, route in stops:
            page.keyboard.press("Enter")
            page.wait_for_url(re.compile(rf"#{step}{'/' + route if route else ''}\?lang=ru$"))
            told = page.locator(".gd-stop").inner_text()
            assert re.search("[а-я]{4}", told) and not re.search("[a-z]{5}|E[0-9]{3}", told), told
            assert route or model(page, whole) == 0
        page.keyboard.press("Escape")
        assert model(page, whole) == 0
        assert page.locator(".gd-stop").is_hidden()
        log.assert_clean()


@pytest_browser
def test_the_event_shown_of_many_is_that_of_the_tour(browser, real):
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, _):
        shown = page.locator(".gd-what .gd-events li")
        for step, words in (
            ("2022Q1", "Germany halts Nord Stream 2"),
            ("2022Q3", "Nord Stream explosions"),
        ):
            page.evaluate(f"location.hash = '{step}'")
            shown.filter(has_text=words).wait_for()
            assert shown.count() == 1
        more = page.locator(".gd-more")
        count = int(re.search(r"\d+", more.inner_text())[0])
        more.click()
        dates = [text[:7] for text in shown.all_inner_texts()]
        assert len(dates) == count + 1 and dates == sorted(dates)  # the whole list is by date


@pytest_browser
def test_a_rate_in_the_list_lies_inside_the_interval_beside_it(browser, real):
    """A quarter's 12 bcm is told as 49 a year; its interval must then be one a year too."""
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, log):
        rows = page.locator("li:has([data-number=rate])")
        rows.first.wait_for()
        told = [re.findall(r"[\d.]+", text) for text in rows.evaluate_all(
            "r => r.map(x => x.querySelector('[data-number=rate]').textContent + ' '"
            " + x.querySelector('[data-said=interval]').textContent.split(':')[1])"
        )]  # fmt: skip
        assert len(told) >= 5
        for rate, low, high in (map(float, row) for row in told):
            assert low <= rate <= high
            assert rate > 5
        log.assert_clean()


@pytest_browser
def test_the_page_says_how_fresh_each_series_is(browser, real):
    tracker, path = real
    told = tracker.evidence.freshness().set_index(["kind", "name"])
    with browsers.opened(browser, path) as (page, log):
        page.locator(".gd-fresh summary").click()
        rows = [row.split("\t") for row in page.locator(".gd-fresh tr").all_inner_texts()]
        shown = {row[0].strip(): row[1:] for row in rows}
        assert shown["Power of Siberia"][0] == told.loc[("route", "power-of-siberia-1"), "newest"]
        assert shown["Nord Stream"][0] == "2023-03-31"
        assert shown["Turkey"][0] == max(told.loc[[("market", "turkey")], "newest"])
        assert [row[1] for row in rows] == sorted((row[1] for row in rows), reverse=True)
        log.assert_clean()


@pytest_browser
@pytest.mark.parametrize("wide", [1280, 800, 390])
def test_title_and_headline_are_read_before_the_map_is_made(browser, real, wide):
    parts = (".gd-title h1", ".gd-headline")

    def told(**context):
        view = {"viewport": {"width": wide, "height": 844}, **context}
        with browsers.opened(browser, real[1], **view) as (page, _):
            found = [page.locator(part) for part in parts]
            if not context.get("java_script_enabled", True):  # why there is no map can be read
                said = page.locator("noscript").bounding_box()
                there = [said["x"] + said["width"] / 2, said["y"] + said["height"] / 2]
                top = page.evaluate("at => document.elementFromPoint(...at).tagName", there)
                assert top == "NOSCRIPT"
            return [(node.inner_text(), node.bounding_box()) for node in found]

    first, then = told(java_script_enabled=False), told()
    assert first[1][0].startswith("Exports by pipe to Europe fell from ")
    assert first == then  # the same words at the same place, so that nothing jumps
    with browsers.opened(browser, real[1]) as (page, _):
        assert page.locator(".gd-first").count() == 0
        shown = """() => {
          const node = document.createElement('div');
          node.className = 'gd-first';
          document.body.append(node);
          return getComputedStyle(node).display;
        }"""
        assert page.evaluate(shown) == "block"
        page.goto(f"{real[1].as_uri()}#?lang=ru")  # English words would be read for a moment
        page.reload()
        assert page.evaluate(shown) == "none"


@pytest_browser
def test_a_page_that_opens_in_russian_tells_nothing_in_english_first(browser, real, tmp_path):
    path = tmp_path / "russian.html"
    real[0].map(projection=False, lang="ru").save(path)
    with browsers.opened(browser, path) as (page, _):
        assert page.evaluate("document.documentElement.className") == "gd-foreign"
        assert page.locator(".gd-title h1").inner_text() == "Российский газ по трубам"


@pytest_browser
def test_units_numbers_and_countries_speak_russian(browser, real):
    with browsers.opened(browser, real[1]) as (page, log):
        page.goto(f"{real[1].as_uri()}#2024Q3/power-of-siberia-1?lang=ru")
        page.reload()
        figures = page.locator(".gd-figures")
        figures.wait_for()
        said = figures.inner_text().replace("\u00a0", " ")
        assert "млн долл." in said and "млрд м³" in said and "bcm" not in said and "USD" not in said
        assert re.search(r"Мощность\s+\d+,\d\d млрд м³", said)  # a decimal comma
        facts = page.locator(".gd-facts").inner_text()
        assert "Россия" in facts and "Китай" in facts and "Восточная Сибирь" in facts
        assert page.locator(".gd-title h1").inner_text() == "Российский газ по трубам"
        names = page.locator(".gd-country span").all_inner_texts()
        shown = {name.upper() for name in names} - {""}  # a country's name gives way to a line's
        assert {"КАЗАХСТАН", "РОССИЯ"} <= shown, names
        assert [name for name in shown if not re.fullmatch(r"[А-ЯЁ .-]+", name)] == []
        names = {
            "Gazprom",
            "Gazprom transgaz Tomsk",
            "flows_quarterly",
            "power-of-siberia-1/2024Q3",
        }
        assert set(english(page)) <= names
        log.assert_clean()


def english(page):
    """Return texts in sight with four or more Latin letters in a row that are no names.

    Names are those of sources, operators and owners, and what is marked as English.
    """
    return page.evaluate("""() => {
      const names = ".gd-sources, [lang=en], svg title, .leaflet-control-attribution, option";
      const walk = document.createTreeWalker(document.querySelector(".gd-map"), NodeFilter.SHOW_TEXT);
      const found = new Set();
      for (let node = walk.nextNode(); node; node = walk.nextNode()) {
        const holder = node.parentElement;
        if (!holder.checkVisibility() || holder.closest(names)) continue;
        if (/[A-Za-z]{4,}/.test(node.data)) found.add(node.data.trim());
      }
      return [...found];
    }""")


@pytest_browser
def test_paper_is_light_at_night(browser, file):
    with browsers.opened(browser, file, color_scheme="dark") as (page, log):
        ink = "getComputedStyle(document.querySelector('.gd-title')).color"
        core_colour = (
            "getComputedStyle(document.querySelector('path.gd-core[data-id=east]')).stroke"
        )
        assert page.evaluate(core_colour) == rgb(atlas.look.COLOURS["flowing"][1])
        page.emulate_media(media="print")
        assert page.evaluate(ink) == "rgb(27, 34, 40)"
        assert page.evaluate(core_colour) == rgb(atlas.look.COLOURS["flowing"][0])
        land = "getComputedStyle(document.querySelector('path.gd-land')).fill"
        page.wait_for_selector("path.gd-land", state="attached")
        assert page.evaluate(land) == rgb("#f7f5f0")
        log.assert_clean()


@pytest_browser
@pytest.mark.parametrize("address", ["#2025Q2/east", "#2025Q2?table=1", "#2025Q4"])
def test_phone_has_no_sideways_scroll_and_reaches_the_switches(browser, file, address):
    phone = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
    with browsers.opened(browser, file, **phone) as (page, log):
        page.goto(f"{file.as_uri()}{address}")
        page.reload()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        menu = page.locator(".gd-tools > summary")
        assert menu.bounding_box()["height"] >= 44 and menu.bounding_box()["y"] > 370
        menu.tap()
        sheet = page.locator(".gd-sheet").bounding_box()
        assert sheet["x"] >= 0 and sheet["y"] >= 0 and sheet["x"] + sheet["width"] <= 360
        for node in page.locator(".gd-sheet select, .gd-actions > button").all():
            box = node.bounding_box()
            assert box["height"] >= 44
            middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
            top = page.evaluate(
                "([x, y]) => !!document.elementFromPoint(x, y).closest('.gd-sheet')", middle
            )
            assert top  # nothing lies over it
        page.locator(".gd-take summary").tap()
        heights = [b.bounding_box()["height"] for b in page.locator(".gd-take button").all()]
        assert len(heights) >= 5 and min(heights) >= 44
        switch(page, "Unit", "mcmd")
        log.assert_clean()


@pytest_browser
def test_odd_names_are_text_everywhere(page):
    choose(page, "odd")
    assert page.locator(".gd-panel h2").text_content() == ODD
    assert page.locator(".gd-panel h2").get_attribute("dir") == "auto"
    page.get_by_role("button", name="Table", exact=True).click()
    assert page.locator(".gd-table tr[data-id=odd] .gd-pick").text_content() == ODD
    assert page.locator(".gd-table b, .gd-panel h2 b").count() == 0


@pytest_browser
def test_ten_thousand_events_do_not_choke_the_page(browser, tmp_path):
    events = pd.DataFrame(
        {
            "date": "2025-05-01",
            "title": [f"Event {i}" for i in range(10_000)],
            "routes": "east",
            "source": "press",
        }
    )
    path = tmp_path / "events.html"
    atlas.build(make_routes(), make_flows(), events, SOURCES, None, META).save(path)
    with browsers.opened(browser, path) as (page, log):
        choose(page, "east")
        assert page.locator(".gd-more").inner_text() == "+9\u2009999 more"
        page.locator(".gd-more").click()
        assert page.locator(".gd-events li").count() == 201
        assert page.locator(".gd-events li").last.inner_text() == "and 9\u2009800 more"
        assert page.locator(".gd-ticks u").count() == 1  # one mark a period, however much happened
        assert page.locator(".gd-panel li").count() < 300
        log.assert_clean()


@pytest_browser
def test_line_across_180_degrees_is_drawn_short(browser, tmp_path):
    routes = make_routes()
    routes.loc["plan", "geometry"] = LineString([(170, 65), (-170, 66)])
    path = tmp_path / "dateline.html"
    atlas.build(routes, make_flows(), EVENTS, SOURCES, None, META).save(path)
    with browsers.opened(browser, path) as (page, log):
        spans = model(
            page, "return m.byId.get('plan').parts.map(p => Math.abs(p[0][1] - p[p.length-1][1]))"
        )
        assert len(spans) == 2 and max(spans) <= 10.001
        log.assert_clean()


def axe():
    """Return axe-core's script as axe-playwright-python carries it, or skip."""
    package = importlib.util.find_spec("axe_playwright_python")
    if package is None or package.origin is None:
        pytest.skip("axe-core is not here: pip install axe-playwright-python")
    return Path(package.origin).with_name("axe.min.js").read_text(encoding="utf-8")


@pytest_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("address", "wide"),
    [("#2025Q2/east", 1500), ("#2025Q4/east?lang=ru", 360), ("#2025Q2?table=1", 1280)],
)
def test_axe_finds_nothing_serious(browser, file, address, wide, scheme):
    script = axe()
    options = {
        "viewport": {"width": wide, "height": 800},
        "color_scheme": scheme,
        "bypass_csp": True,
    }
    with browsers.opened(browser, file, **options) as (page, _):
        page.goto(f"{file.as_uri()}{address}")
        page.reload()
        page.evaluate(
            "document.querySelectorAll('.gd-layers, .gd-tools').forEach(d => d.open = true)"
        )
        page.evaluate(script)
        found = page.evaluate("axe.run(document)")["violations"]
        serious = [
            f"{v['id']}: {v['help']}" for v in found if v["impact"] in ("serious", "critical")
        ]
        assert serious == []


# -- the real page --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    import energy

    tracker = energy.load()
    path = tmp_path_factory.mktemp("real") / "map.html"
    tracker.map(projection=False).save(path)
    return tracker, path


SHOWN = """() => [...document.querySelectorAll('path.gd-core[data-id]')].map(node => {
    const id = node.dataset.id;
    const arrows = [...document.querySelectorAll(`.gd-arrow svg[data-id="${id}"]`)]
        .filter(arrow => arrow.style.display !== 'none');
    return {id, look: node.dataset.look, width: Number(node.getAttribute('stroke-width')),
        colour: getComputedStyle(node).stroke, dash: node.getAttribute('stroke-dasharray'),
        ways: [...new Set(arrows.map(arrow => arrow.dataset.direction))]}; })"""


def rgb(colour):
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))


@pytest_browser
@pytest.mark.parametrize(("scheme", "night"), [("light", 0), ("dark", 1)])
def test_every_line_of_the_real_page_shows_the_cube(browser, real, scheme, night):
    """Widths, arrows, colours and dashes, read back from the page, against the flow cube."""
    tracker, path = real
    flows, status = tracker.flows(), tracker.routes["status"]
    compared = dict.fromkeys(("forth", "back", "wide"), 0)
    length = qualifiers.days(flows)
    with browsers.opened(browser, path, color_scheme=scheme) as (page, log):
        for step in range(1, flows.sizes["period"], 8):
            model(page, f"m.setStep({step})")
            cube = flows.isel(period=step)
            for shown in page.evaluate(SHOWN):
                now = cube.sel(route=shown["id"])
                value, state = float(now["flow"]), str(now["flow_status"].item())
                state = "flowing" if state == "unknown" else state  # what the balance knows to flow
                if np.isnan(value) or not round(value, 3):
                    assert shown["ways"] == [] and shown["look"] not in ("flow", "ahead"), shown
                    continue
                assert set(shown["ways"]) == {"forth" if value > 0 else "back"}, shown
                sure = str(now["status"].item()) == "balanced"  # of the whole period
                days = length[step] if sure else round(float(now["coverage"]) * length[step])
                rate = abs(value) * 0.8 * length[step] / days  # over the days that are known
                assert shown["width"] == pytest.approx(max(1.2, rate), abs=0.006), shown
                assert shown["colour"] == rgb(atlas.look.COLOURS[state][night]), shown
                dash = atlas.look.DASH_STYLES[atlas.look.DASHES.get(status[shown["id"]], 0)]["dash"]
                part = "7 2" if days < length[step] else None
                assert shown["dash"] == (dash or part), shown
                compared[shown["ways"][0]] += 1
                compared["wide"] += shown["width"] > 1.2
        log.assert_clean()
    assert compared["forth"] > 80 and compared["wide"] > 40


@pytest_browser
def test_a_casing_keeps_its_width_when_only_the_days_of_the_quarter_change(browser, real):
    """55 bcm/yr are 13.6 bcm in 90 days and 13.9 in 92: at 0.2 px for each, 11 px all year."""
    with browsers.opened(browser, real[1]) as (page, log):
        widths = page.evaluate("""() => {
            const model = document.querySelector('.folium-map').geodraw;
            const casing = document.querySelector("path.gd-casing[data-id='nord-stream-1']");
            return ['2015Q1', '2015Q2', '2015Q3', '2015Q4'].map(id => {
                model.setStep(model.steps.findIndex(step => step.id === id));
                return Number(casing.getAttribute('stroke-width')); }); }""")
        assert widths == [11, 11, 11, 11]
        log.assert_clean()


@pytest_browser
def test_projects_of_the_real_page_are_dashed_by_their_status(browser, real):
    tracker, path = real
    state = tracker.flows()["flow_status"].isel(period=-1)
    dashes = {"construction": "12 6", "proposed": "4 4", "cancelled": "0.1 5"}
    seen = set()
    with browsers.opened(browser, path) as (page, log):
        model(page, "m.setStep(m.last)")
        for shown in page.evaluate(SHOWN):
            kind = str(state.sel(route=shown["id"]).item())
            if shown["look"] == "project":
                assert shown["dash"] == dashes[kind], shown
                assert shown["colour"] == rgb(atlas.look.COLOURS[kind][0]), shown
                seen.add(kind)
        log.assert_clean()
    assert seen == set(dashes)


@pytest_browser
def test_table_of_the_real_page_holds_the_cube(browser, real):
    tracker, path = real
    flows = tracker.flows().isel(period=-3)
    with browsers.opened(browser, path) as (page, log):
        page.evaluate(
            f"location.hash = '#{atlas.timeline.period_names(pd.Timestamp(flows['period'].item()), 'Q')[0]}?table=1'"
        )
        page.locator(".gd-table").wait_for()
        browsers.settled(page)
        cells = page.locator(".gd-table tbody tr").evaluate_all(
            """rows => Object.fromEntries(rows.map(row => [row.dataset.id, Object.fromEntries(
                [...row.querySelectorAll('td.gd-number')].map(c => [c.dataset.key, c.dataset.value]))]))"""
        )
        log.assert_clean()
    assert set(cells) == set(tracker.routes.index)
    for route in flows["route"].values:
        told = flows.sel(route=route)
        for key, name, factor, slack in (
            ("value", "flow", 1, 6e-4), ("limit", "capacity", 1, 6e-4),
            ("share", "utilisation", 100, 0.06), ("price", "price", 1, 0.06), ("revenue", "revenue", 1, 0.06),
        ):  # fmt: skip
            shown, value = cells[route].get(key), float(told[name]) * factor
            assert (shown is None) == bool(np.isnan(value)), (route, name)
            if shown is not None:
                assert float(shown) == pytest.approx(value, abs=slack), (route, name)


@pytest_browser
@pytest.mark.parametrize("language", ["en", "ru", "zh"])
def test_names_from_field_to_market_do_not_lie_on_one_another(browser, real, language):
    boxes = """() => [...document.querySelectorAll('.gd-flow-name')].map(node => {
      const { left, right, top, bottom } = node.getBoundingClientRect();
      return [node.textContent, node.dataset.name, left, right, (top + bottom) / 2]; })"""
    with browsers.opened(browser, real[1], viewport={"width": 1440, "height": 900}) as (page, _):
        for step in ("2019Q4", "2025Q4"):
            page.evaluate(f"location.hash = '{step}?lang={language}'")
            page.get_by_role("tab").nth(2).click()
            page.wait_for_timeout(200)  # drawn when the slider rests
            found = page.evaluate(boxes)
            assert len(found) > 20
            for text, name, *_ in found:  # what is cut keeps its beginning and its figure
                beginning = text.rsplit(" ", 1)[0].removesuffix("…")
                assert name.startswith(beginning) and re.search(r"\d$", text)
            for (one, _, *a), (other, _, *b) in itertools.combinations(found, 2):
                apart = a[1] <= b[0] or b[1] <= a[0] or abs(a[2] - b[2]) >= 9
                assert apart, f"{one} and {other}"


CARDS = """names => names.flatMap(name => [...document.querySelectorAll(name)]
    .filter(node => node.offsetParent !== null || node.checkVisibility())
    .map(node => { const b = node.getBoundingClientRect(); return [name, b.left, b.top, b.right, b.bottom]; })
    .filter(b => b[3] > b[1] && b[4] > b[2]))"""


@pytest_browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("wide", "high"), [(1280, 800), (768, 1024), (360, 740)])
def test_nothing_lies_over_another_at_three_sizes(browser, real, tmp_path, wide, high, scheme):
    """Pictures go to the folder named by ATLAS_SCREENSHOTS, for people to look at."""
    _, path = real
    folder = Path(os.environ.get("ATLAS_SCREENSHOTS", tmp_path))
    folder.mkdir(parents=True, exist_ok=True)
    size = {"viewport": {"width": wide, "height": high}, "color_scheme": scheme}
    for name, address in (("map", "#2025Q4"), ("panel", "#2025Q4/power-of-siberia-1")):
        with browsers.opened(browser, path, **size) as (page, log):
            page.goto(f"{path.as_uri()}{address}")
            page.reload()
            browsers.settled(page)
            picture = folder / f"atlas-{name}-{wide}x{high}-{scheme}.png"
            page.screenshot(path=picture)
            assert picture.stat().st_size > 20_000
            cards = [".gd-title", ".gd-search", ".leaflet-control-zoom", ".gd-layers", ".gd-time"]
            cards += [".gd-panel"] if wide > 640 or name == "panel" else [".gd-legend"]
            # on a phone the open sheet leaves no room for zoom and layers: two fewer
            least = 4 if wide < 640 and name == "panel" else 5
            if (
                wide < 640 and name == "map"
            ):  # the first screen is the chart; behind it lies the map
                page.locator(".gd-story .gd-close").click()
            boxes = page.evaluate(CARDS, cards)
            assert len(boxes) >= least
            for (one, *a), (other, *b) in itertools.combinations(
                boxes, 2
            ):  # left, top, right, foot
                beside = a[2] <= b[0] + 1 or b[2] <= a[0] + 1
                assert beside or a[3] <= b[1] + 1 or b[3] <= a[1] + 1, f"{one} and {other} overlap"
            assert page.evaluate("document.documentElement.scrollWidth") <= wide
            log.assert_clean()


@pytest_browser
@pytest.mark.parametrize("freq", ["A", "G"])
def test_years_of_the_page_are_those_of_the_cube(browser, real, freq):
    tracker, path = real
    cube = tracker.flows(freq=freq)
    labels = [
        atlas.timeline.period_names(start, freq)[0]
        for start in pd.DatetimeIndex(cube["period"].values)
    ]
    with browsers.opened(browser, path) as (page, log):
        shown = model(
            page,
            f"""m.setCalendar('{freq}'); const out = {{}};
            for (const line of m.lines) for (let i = 0; i <= m.last; i++) {{
              const n = line.at(i); const key = line.id + '/' + m.steps[i].id;
              out[key] = [n.value, n.revenue, n.price, n.known > 0 && n.known < n.whole]; }}
            return out;""",
        )
        log.assert_clean()
    compared = 0
    for (i, label), route in itertools.product(enumerate(labels), cube["route"].values):
        for place, name, slack in ((0, "flow", 2.1e-3), (1, "revenue", 0.3), (2, "price", 0.11)):
            value = float(cube[name].sel(route=route)[i])
            given = shown[f"{route}/{label}"][place]
            flow = float(cube["flow"].sel(route=route)[i])
            # The balance speaks of whole years; of others the page adds up what there is and says of
            # how much. What rounds to no gas has neither price nor revenue on the page.
            if shown[f"{route}/{label}"][3] or (place and abs(flow) < 4 * 5e-4):
                continue
            assert (given is None) == bool(np.isnan(value)), (route, label, name)
            if given is not None:
                rough = 2e-3 / abs(flow) if place else 0  # quarters are told to 0.001
                near = pytest.approx(value, abs=slack, rel=max(1e-4, rough))
                assert given == near, (route, label, name)
                compared += 1
    assert compared > 500


@pytest_browser
def test_tracker_takes_a_projection(browser, real, tmp_path):
    """Quarters that some routes have figures of and others not: each shows what there is."""
    tracker, _ = real
    route = "power-of-siberia-1"
    flow = tracker.flows()["flow"].sel(route=route)
    first = pd.Timestamp(flow["period"].values[np.isfinite(flow.values)][-1]) + pd.DateOffset(
        months=3
    )
    told = PROJECTION.isel(route=[0]).assign_coords(
        route=[route], period=pd.date_range(first, periods=6, freq="QS")
    )
    path = tmp_path / "projected.html"
    tracker.map(told, layers="layers/latest").save(path)
    with browsers.opened(browser, path) as (page, log):
        label = atlas.timeline.period_names(first, "Q")[0]
        go(page, label)
        choose(page, route)
        assert core(page, route).get_attribute("data-look") == "ahead"
        assert width(page, route) == pytest.approx(11 * 4 * 0.2)
        assert f"projection {label} →" in page.locator(".gd-divide").text_content()
        row = page.locator(".gd-layer-row a")
        assert row.get_attribute("href") == "layers/latest/projections_quarterly.geojson"
        log.assert_clean()


@pytest.mark.once
def test_page_of_all_routes_and_scenarios_stays_small(real):
    tracker, _ = real
    flows = tracker.flows()
    known = flows["route"].values
    rng = np.random.default_rng(7)
    values = rng.uniform(0, 10, (13, len(known), 58, 5)).round(3)
    projection = xr.Dataset(
        {"flow": (("scenario", "route", "period", "quantile"), np.sort(values, axis=-1))},
        coords={
            "scenario": [f"s{i}" for i in range(13)], "route": known, "quantile": [0.05, 0.25, 0.5, 0.75, 0.95],
            "period": pd.date_range(flows["period"].values[-1] + np.timedelta64(92, "D"), periods=58, freq="QS"),
        },
    )  # fmt: skip
    projection["revenue"] = projection["flow"] * 250
    made = tracker.map(projection)
    assert len(made.get_root().render().encode()) < 3_000_000
