"""The tree of assumptions: sums, names, overlays; each fault in one sentence."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import xarray as xr

from energy.errors import DataError, EnergyError, UnknownName
from energy.projection import scenarios


@pytest.fixture
def tree():
    return scenarios.load()


@pytest.fixture(scope="module")
def names(tracker):
    return tracker.facts["routes"]["route"], tracker.facts["sources"]["source"]


TINY = {
    "question": {
        "peace": {"answer": {
            "no": {"baseline": True, "probability": {"value": 0.75, "assumption": "a"}},
            "yes": {"probability": {"value": 0.25, "assumption": "a"}}}},
        "gas": {"after": "peace", "answer": {
            "off": {"baseline": True, "probability": {"value": 0.9, "assumption": "a"},
                    "if": {"yes": {"value": 0.5, "assumption": "a"}}},
            "on": {"probability": {"value": 0.1, "assumption": "a"},
                   "if": {"yes": {"value": 0.5, "assumption": "a"}},
                   "set": [{"route": "pipe", "what": "restart", "value": 1, "assumption": "a"}]}}},
    },
    "route": {"pipe": {"model": "halted"}},
}  # fmt: skip


def test_the_package_tree_is_clean(tree, names):
    assert scenarios.check(tree, *names) == []
    assert scenarios.check(scenarios.read(), *names) == []
    assert len(list(scenarios.numbers(tree))) > 60


def test_leaves_multiply_along_the_tree_and_sum_to_one(tree):
    found = {tuple(leaf.answers.values()): leaf.probability for leaf in scenarios.leaves(TINY)}
    assert found == pytest.approx({("no", "off"): 0.675, ("no", "on"): 0.075,
                                   ("yes", "off"): 0.125, ("yes", "on"): 0.125})  # fmt: skip
    assert sum(leaf.probability for leaf in scenarios.leaves(tree)) == pytest.approx(1)


def test_scenarios_are_the_baseline_each_other_answer_and_the_mixture(tree):
    found = scenarios.select(tree, "all")
    assert next(iter(found)) == "baseline" and list(found)[-1] == "mixture"
    assert {"pos2-signed", "pos2-delayed", "pos2-never", "eu-ban-softened", "ukraine-back",
            "oil-high", "oil-low"} <= set(found)  # fmt: skip
    assert "eu-ban-kept" not in found  # it is the baseline
    assert (
        scenarios.select(tree, "eu-ban-kept")["eu-ban-kept"]
        == scenarios.select(tree, ["baseline"])["baseline"]
    )


def test_effects_of_an_answer_reach_the_route(tree):
    answers = scenarios.baseline(tree) | {"eu-ban": "softened"}
    assert scenarios.routes(tree, answers)["turkstream-2"]["after"] == 11.3
    assert scenarios.routes(tree, scenarios.baseline(tree))["turkstream-2"]["after"] == 2.7
    assert scenarios.prices(tree, answers | {"oil": "high"})["brent"] == 100


def test_probabilities_that_do_not_sum_to_one(tree, names):
    tree["question"]["oil"]["answer"]["high"]["probability"]["value"] = 0.4
    with pytest.raises(DataError, match=r"question.oil: the probabilities sum to 1.15, not 1"):
        scenarios.refuse(tree, *names)


def test_conditional_probabilities_are_checked_too(tree, names):
    tree["question"]["eu-ban"]["answer"]["kept"]["if"]["reached"]["value"] = 0.9
    faults = scenarios.check(tree, *names)
    assert len(faults) == 1 and "given 'reached': the probabilities sum to 1.35" in faults[0]


@pytest.mark.parametrize("change, fault", [
    (lambda t: t["route"].update(atlantis={"model": "open"}), "route.atlantis: Unknown route 'atlantis'"),
    (lambda t: t["route"].update({"blue-stream": {"model": "magic"}}), "model 'magic' is unknown"),
    (lambda t: t["question"]["oil"]["answer"]["high"]["set"].append(
        {"route": "blue-streem", "what": "end", "value": 2030, "assumption": "x"}), "near: blue-stream"),
    (lambda t: t["question"]["oil"]["answer"]["high"]["set"].append(
        {"route": "blue-stream", "what": "colour", "value": 1, "assumption": "x"}), "what 'colour' is unknown"),
    (lambda t: t["question"]["oil"]["answer"]["high"]["set"].append(
        {"price": "coal", "value": 1, "assumption": "x"}), "price 'coal' is unknown; use brent or ttf"),
    (lambda t: t["question"]["oil"]["answer"]["high"]["set"].append(
        {"route": "blue-stream", "what": "capacity", "value": -1, "assumption": "x"}), "capacity -1 is negative"),
    (lambda t: t["rules"]["drift"].pop("assumption"), "rules.drift: value 0.02 has neither source nor assumption"),
    (lambda t: t["rules"].update(drift={"value": "much", "assumption": "x"}), "value 'much' is not a number"),
    (lambda t: t["rules"].update(drift=0.3), "rules.drift: 0.3 stands alone"),
    (lambda t: t["rules"].update(drift={"value": 0.1, "source": "hearsay"}), "source 'hearsay' is not in sources.csv"),
    (lambda t: t["question"]["eu-ban"].update(after="oil"), "stands after 'oil', which is not a question above"),
    (lambda t: t["question"]["oil"]["answer"]["high"].update(baseline=True), "one answer must carry baseline"),
    (lambda t: t["question"]["oil"]["answer"]["high"].pop("probability"), "answer 'high' has no probability"),
    (lambda t: t["question"]["oil"]["answer"]["high"]["probability"].update(value=-0.25), "between 0 and 1"),
    (lambda t: t["question"].update(nothing={}), "question.nothing: has no answer"),
])  # fmt: skip
def test_each_fault_is_one_sentence(tree, names, change, fault):
    change(tree)
    faults = scenarios.check(tree, *names)
    assert any(fault in text for text in faults), faults
    assert all("\n" not in text for text in faults)


def test_unknown_scenario_question_and_answer(tree):
    with pytest.raises(UnknownName, match="Unknown scenario 'pos2-signd'; near: pos2-signed"):
        scenarios.select(tree, "pos2-signd")
    with pytest.raises(UnknownName, match="Unknown question 'moon'"):
        scenarios.select(tree, {"answers": {"moon": "full"}})
    with pytest.raises(UnknownName, match="Unknown answer to oil 'hihg'"):
        scenarios.select(tree, {"answers": {"oil": "hihg"}})


def test_an_overlay_changes_a_copy(tree, names):
    before = copy.deepcopy(tree)
    custom = {"name": "mine", "answers": {"oil": "high"}, "probabilities": {"oil": {"high": 1.0}},
              "route": {"blue-stream": {"capacity": 19}}, "rules": {"drift": 0.05},
              "set": [{"route": "turkstream-2", "what": "end", "value": 2030.0}],
              "assumption": "to see"}  # fmt: skip
    new = scenarios.overlay(tree, custom)
    assert tree == before
    assert scenarios.check(new, *names) == []
    assert new["route"]["blue-stream"]["capacity"] == {"value": 19, "assumption": "to see"}
    assert scenarios.routes(new, scenarios.baseline(new))["turkstream-2"]["end"] == 2030.0
    assert {leaf.answers["oil"] for leaf in scenarios.leaves(new)} == {"high"}
    assert list(scenarios.select(new, custom)) == ["baseline", "mine", "mixture"]


def test_an_overlay_with_a_word_that_means_nothing(tree):
    with pytest.raises(EnergyError, match="key 'colour' is unknown; use name, answers"):
        scenarios.overlay(tree, {"colour": "red"})
    for wrong in ({"price": "brent"}, "brent", ["brent"]):
        with pytest.raises(EnergyError, match=r"Custom scenario: set is .*; give a list of eff"):
            scenarios.overlay(tree, {"set": wrong})
    with pytest.raises(UnknownName, match="Unknown question 'moon'"):
        scenarios.overlay(tree, {"probabilities": {"moon": {"full": 1}}})
    with pytest.raises(UnknownName, match="Unknown answer to oil 'purple'"):
        scenarios.overlay(tree, {"probabilities": {"oil": {"purple": 1}}})


def test_a_file_that_is_missing_or_not_toml(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        scenarios.load(tmp_path / "none.toml")
    path = tmp_path / "bad.toml"
    path.write_text("[rules\n")
    with pytest.raises(DataError, match="not TOML"):
        scenarios.load(path)


def test_every_assumption_is_told_with_its_reason(tree):
    rows = scenarios.assumptions(tree)
    assert len(rows) == len(list(scenarios.numbers(tree)))
    assert all(row.get("source") or row.get("assumption") for row in rows)


def result(**at):
    values = np.array([[[value]] for value in at.values()])
    return xr.Dataset({"exports_year_mean": (("scenario", "market", "year"), values)},
                      {"scenario": list(at), "market": ["all"], "year": [2035]})  # fmt: skip


def test_tornado_orders_questions_by_swing():
    made = result(**{"baseline": 100.0, "peace-yes": 90.0, "gas-on": 130.0})
    table = scenarios.tornado(TINY, made)
    assert table.index.tolist() == ["gas", "peace"]
    assert table.loc["gas", ["low_answer", "high_answer", "at_low", "at_high", "swing"]].tolist() == [
        "off", "on", 100, 130, 30]  # fmt: skip
    assert table.loc["peace", "low_answer"] == "yes"


def test_tornado_needs_the_baseline_and_the_year():
    with pytest.raises(EnergyError, match="needs the baseline"):
        scenarios.tornado(TINY, result(mixture=1.0))
    with pytest.raises(
        EnergyError, match="No 'exports_year_mean' for 2050; the result holds whole years 2035"
    ):
        scenarios.tornado(TINY, result(baseline=1.0), year=2050)


def test_an_earlier_day_knows_fewer_questions_and_numbers():
    whole = scenarios.read()
    published = {"sputnik-serbia-gas-contract-2025": "2025-05",
                 "azlaw-eu-regulation-2026-261": "2026-01-27", "somewhere": "2026-06-01"}  # fmt: skip
    early = scenarios.known(whole, "2021-01-01", published)
    assert list(early["question"]) == ["pos2", "oil"]
    assert sum(leaf.probability for leaf in scenarios.leaves(early)) == pytest.approx(1)
    assert "level" not in early["route"]["yamal-europe"]
    middle = scenarios.known(whole, "2025-12-31", published)
    kept = middle["question"]["eu-ban"]["answer"]["kept"]
    assert [row["what"] for row in kept["set"]] == ["end", "after"]
    assert kept["probability"]["value"] == 0.65
    assert scenarios.load()["question"]["eu-ban"]["answer"]["kept"]["probability"]["value"] == 0.80
    assert "version" in whole["question"]["eu-ban"]  # the tree given is left as it is


def test_a_question_never_stands_without_its_effect():
    tree = scenarios.load()
    early = scenarios.known(tree, "2026-01-26", {"azlaw-eu-regulation-2026-261": "2026-01-27",
                            "sputnik-serbia-gas-contract-2025": "2025-05"})  # fmt: skip
    assert "eu-ban" not in early["question"] and "diversion" in early["question"]
    assert "after" not in early["question"]["diversion"]
    undated = scenarios.known(tree, "2026-01-26", {"azlaw-eu-regulation-2026-261": "",
                              "another": "2026-06-01"})  # fmt: skip
    assert "eu-ban" not in undated["question"]


def test_each_version_rests_on_what_was_published_by_its_day(tracker):
    published = tracker.facts["sources"].set_index("source")["published"]
    rows = [(version["as_of"], row["source"]) for version, row in versioned() if "source" in row]
    assert len(rows) >= 4
    assert [row for row in rows if published[row[1]][:10] > row[0]] == []


def versioned():
    for question in scenarios.read()["question"].values():
        for version in question["version"]:
            yield version, version
            for answer in version["answer"].values():
                yield from ((version, row) for row in answer.get("set", []))


def broken(change):
    tree = scenarios.read()
    change(tree["question"]["oil"]["version"])
    return tree


@pytest.mark.parametrize("change, fault", [
    (lambda v: v[1].pop("as_of"), "question.oil: a version has as_of ''; give the day from which"),
    (lambda v: v[1].update(as_of="2014"), "a version has as_of '2014'; give the day"),
    (lambda v: v[1].update(as_of="2016-01-01"), "question.oil: versions overlap or stand out of order"),
    (lambda v: v[0].update(as_of="2019-01-01"), "versions overlap or stand out of order"),
    (lambda v: v[2].pop("reason"), "question.oil: the version of 2016-01-01 has no reason"),
    (lambda v: v[0]["answer"]["high"]["probability"].update(value=0.5),
     "question.oil as of 2012-01-01: the probabilities sum to 1.25, not 1"),
])  # fmt: skip
def test_a_fault_of_a_version_is_one_sentence(change, fault, names, tmp_path):
    tree = broken(change)
    found = scenarios.check(tree, *names)
    assert any(fault in text for text in found), found
    assert len(found) == 1 and "\n" not in found[0]


def test_versions_are_listed_with_what_is_of_today():
    rows = scenarios.versions(scenarios.read())
    assert {row["question"] for row in rows} >= {"pos2", "oil", "eu-ban"}
    assert {row["hindsight"] for row in rows} == {True, False}
    first = next(row for row in rows if row["question"] == "settlement")
    assert first["as_of"] == "2022-02-24" and first["probabilities"]["none"] == 0.70


def test_the_head_of_the_tree_names_every_key_of_an_answer():
    head = scenarios.PATH.read_text(encoding="utf-8").partition("\n[")[0]
    assert [key for key in sorted(scenarios.WHAT) if key not in head] == []
