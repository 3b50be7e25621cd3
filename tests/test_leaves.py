"""The stored leaves: weighed in Python and in the page they tell what a projection tells."""

from __future__ import annotations

import json

import browser as browsers
import numpy as np
import pytest

from energy.errors import DataError, UnknownName
from energy.projection import leaves
from energy.publish.atlas.odds import odds_of
from geodata import draw

DRAWS = 8


def counted(kind, name, questions, values):
    return leaves._counted(kind, name, questions, np.array(values, dtype=float))


def small_tree():
    """Peace or none; after peace the old line is likelier to come back; a new line is open."""
    return {"question": {
        "peace": {"text": "Is there peace?", "answer": {
            "no": {"text": "No", "baseline": True, "probability": {"value": 0.75, "assumption": "a"}},
            "yes": {"text": "Yes", "probability": {"value": 0.25, "assumption": "a"}},
        }},
        "back": {"text": "Does the old line come back?", "after": "peace", "answer": {
            "shut": {"text": "Shut", "baseline": True, "probability": {"value": 1.0, "assumption": "a"},
                     "if": {"yes": {"value": 0.5, "assumption": "a"}}},
            "open": {"text": "Open", "probability": {"value": 0.0, "assumption": "a"},
                     "if": {"yes": {"value": 0.5, "assumption": "a"}}},
        }},
        "new": {"text": "Is the new line built?", "answer": {
            "never": {"text": "Never", "baseline": True, "probability": {"value": 0.5, "assumption": "a"}},
            "soon": {"text": "Soon", "probability": {"value": 0.5, "assumption": "a"}},
        }},
    }}  # fmt: skip


@pytest.fixture
def small():
    """Two markets, two years, eight draws a leaf: West 0 or 40, East 10 or 90 with a spread."""
    west = [[[0] * DRAWS] * 2, [[40] * DRAWS] * 2]
    spread = np.arange(DRAWS, dtype=float)
    east = [[10 + spread, 10 + spread], [90 + spread, 92 + spread]]
    sheets = (
        counted("exports", "west", ("back",), west),
        counted("exports", "east", ("new",), east),
        leaves.Sheet("chance", "new-line", ("new",), np.array([[0.0, 0.0], [0.5, 1.0]]), 0.0,
                     np.zeros((0, 0, leaves.BINS))),
    )  # fmt: skip
    return leaves.Leaves(small_tree(), (2030, 2035), DRAWS, sheets)


def test_weights_follow_the_tree_and_what_is_set_drops_its_condition(small):
    """Open: a quarter of peace times a half; set to 0.4 it holds whatever the peace."""
    assert leaves.weights(small, ["back"]) == pytest.approx([0.875, 0.125])
    assert leaves.weights(small, ["peace", "back"]) == pytest.approx([0.75, 0.0, 0.125, 0.125])
    moved = {"back": {"shut": 0.6, "open": 0.4}}
    assert leaves.weights(small, ["back"], moved) == pytest.approx([0.6, 0.4])
    assert leaves.weights(small, ["peace", "back"], moved) == pytest.approx([0.45, 0.3, 0.15, 0.1])
    peace = {"peace": {"no": 0.0, "yes": 1.0}}
    assert leaves.weights(small, ["back"], peace) == pytest.approx([0.5, 0.5])


def test_means_and_chances_are_weighed_by_hand(small):
    """East: half of 13.5 and half of 93.5 in 2030; West: an eighth of 40; the line: half of a half."""
    table = leaves.mix(small).set_index(["name", "year"])
    assert table["mean"]["east", 2030] == pytest.approx((13.5 + 93.5) / 2)
    assert table["mean"]["west", 2035] == pytest.approx(5.0)
    assert table["mean"]["new-line", 2030] == pytest.approx(0.25)
    assert table["p10"]["west", 2030] == 0.0
    table = leaves.mix(small, {"back": {"shut": 0.5, "open": 0.5}}).set_index(["name", "year"])
    assert table["p90"]["west", 2030] == pytest.approx(40, rel=0.04)  # a bin below the top


@pytest.mark.parametrize(
    ("asked", "error", "message"),
    [
        ({"new": {"never": 0.5, "soon": 0.4}}, DataError, "question.new: the probabilities sum to 0.9"),
        ({"news": {"never": 1.0}}, UnknownName, "news"),
        ({"new": {"later": 1.0}}, UnknownName, "later"),
    ],
)  # fmt: skip
def test_probabilities_that_are_none_are_refused(small, asked, error, message):
    with pytest.raises(error, match=message):
        leaves.mix(small, asked)


def test_leaves_of_another_tree_are_refused(small):
    tree = {name: list(row["answer"]) for name, row in small.tree["question"].items()}
    leaves.refuse(small, tree)
    with pytest.raises(DataError, match="question 'new' has the answers never, soon in the leaves"):
        leaves.refuse(small, tree | {"new": ["never", "soon", "later"]})
    with pytest.raises(DataError, match="question 'oil' has the answers none in the leaves"):
        leaves.refuse(small, tree | {"oil": ["high"]})


# -- against the engine ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tracker():
    import energy

    return energy.load()


@pytest.mark.slow
def test_leaves_tell_what_the_engine_tells(tracker):
    """One leaf: the very draws of its scenario. The mixture: other draws, so within their error."""
    grown, shown = tracker.ahead.leaves, tracker.ahead.shown
    at, line = 2035, "power-of-siberia-2"
    one = leaves.mix(grown, {"pos2": {"signed": 1.0}, "eu-ban": {"kept": 1.0}, "settlement": {"none": 1.0},
                             "diversion": {"none": 1.0}, "turkey": {"renewed": 1.0}, "oil": {"middle": 1.0},
                             "ukraine": {"closed": 1.0}, "pos1-step": {"weighed": 1.0}})  # fmt: skip
    one = one[one["year"] == at].set_index(["kind", "name"])
    alone, mixed = shown.sel(scenario="pos2-signed"), shown.sel(scenario="mixture")
    told = float(alone["flowing"].sel(route=line, period=f"{at}-10-01"))
    assert one["mean"]["chance", line] == pytest.approx(told, abs=1e-9)
    for market in ("china", "europe", "turkey"):
        mean = float(alone["exports_year_mean"].sel(market=market, year=at))
        assert one["mean"]["exports", market] == pytest.approx(mean, rel=1e-4)
        money = float(alone["market_revenue_year_mean"].sel(market=market, year=at))
        assert one["mean"]["revenue", market] == pytest.approx(money, rel=1e-4)
        middle = float(alone["exports_year"].sel(market=market, year=at, quantile=0.5))
        top = next(s.top for s in grown.sheets if (s.kind, s.name) == ("exports", market))
        bin_wide = 2 * np.sqrt(middle * top) / leaves.BINS + top / leaves.BINS**2
        assert abs(one["p50"]["exports", market] - middle) < bin_wide
    whole = leaves.mix(grown)
    whole = whole[whole["year"] == at].set_index(["kind", "name"])
    for market in ("china", "europe", "turkey"):
        mean = float(mixed["exports_year_mean"].sel(market=market, year=at))
        assert whole["mean"]["exports", market] == pytest.approx(mean, rel=0.05)


# -- the page -------------------------------------------------------------------------------------

SETTINGS = [{}, {"new": [20, 80]}, {"peace": [0, 100], "new": [100, 0]}, {"back": [45, 55]}]


@pytest.fixture(scope="module")
def chrome():
    with browsers.launched() as found:
        yield found


@pytest.mark.browser
def test_the_page_weighs_as_python_does(chrome, small, tmp_path):
    data = odds_of(small, None)
    scripts = "".join(draw.assets.static(f"{name}.js") for name in ("core", "odds"))
    path = tmp_path / "odds.html"
    path.write_text(
        f"<!DOCTYPE html><title>odds</title><script>{scripts}</script>", encoding="utf-8"
    )
    with browsers.opened(chrome, path) as (page, log):
        for setting in SETTINGS:
            shown = page.evaluate(
                "([data, set]) => GeoDraw.mix(data, new Map(Object.entries(set)))", [data, setting]
            )
            answers = {name: list(small.tree["question"][name]["answer"]) for name in setting}
            given = {name: dict(zip(answers[name], np.array(parts) / 100, strict=True))
                     for name, parts in setting.items()}  # fmt: skip
            table = leaves.mix(small, given).set_index(["kind", "name", "year"])
            compared = 0
            for sheet in shown:
                for y, year in enumerate(small.years):
                    row = table.loc[sheet["kind"], sheet["name"], year]
                    assert sheet["mean"][y] == pytest.approx(row["mean"], abs=1e-3)
                    for level, name in enumerate(("p10", "p50", "p90")):
                        if "levels" in sheet:
                            assert sheet["levels"][y][level] == pytest.approx(row[name], abs=1e-4)
                            compared += 1
            assert compared == 12
        text = page.evaluate("GeoDraw.oddsText(new Map([['new', [20, 80]], ['back', [45, 55]]]))")
        assert text == "new.20.80_back.45.55"
        read = "([data, text]) => [...GeoDraw.readOdds(data, text)]"
        assert page.evaluate(read, [data, text]) == [["new", [20, 80]], ["back", [45, 55]]]
        assert page.evaluate(read, [data, "new.20.70_moon.1.99_back.50"]) == []
        assert page.evaluate("GeoDraw.shifted([60, 30, 10], 0, 20)") == [20, 60, 20]
        assert page.evaluate("GeoDraw.shifted([100, 0, 0], 0, 50)") == [50, 25, 25]
        assert page.evaluate(f"GeoDraw.misfit({json.dumps(data)})") is None
        data["questions"][2]["answers"].pop()
        assert page.evaluate(f"GeoDraw.misfit({json.dumps(data)}).name") == "east"
        log.assert_clean()
