"""Several figures for one thing: one is taken, none is lost, and the reason is told."""

import pandas as pd

from energy.measure import observations


def figures(*rows):
    columns = ["id", "source", "basis", "status", "derived", "published", "value"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(series="flow", entity="pipe", period="2020", unit="bcm")


SOURCES = pd.DataFrame({"source": ["meter", "paper", "firm"], "kind": ["operator", "press", "company"],
                        "title": ["Meters", "A paper", "The firm"]})  # fmt: skip
GENERAL = pd.DataFrame(
    [
        ("*", "*", 1, "kind:operator", "meters first"),
        ("*", "*", 2, "kind:company", "then the seller"),
    ],
    columns=["series", "entity", "rank", "prefer", "reason"],
)


def test_the_stated_preference_decides_and_names_what_stands_beside():
    table = figures(
        ("V1", "paper", "20C", "actual", False, "2022", 5.0),
        ("V2", "meter", "GCV", "actual", False, "2021", 4.0),
    )
    row = observations.choose(table, SOURCES, GENERAL).iloc[0]
    assert (row["id"], row["beside"]) == ("V2", "V1")
    assert observations.explain(row, SOURCES) == (
        "V2: 4 bcm at GCV for pipe in 2020 (actual), from Meters; taken because kind:operator: meters first; "
        "not taken: V1."
    )


def test_a_rule_for_the_entity_beats_the_general_one():
    rules = pd.concat(
        [
            GENERAL,
            pd.DataFrame([("flow", "pipe", 1, "source:paper", "audited")], columns=GENERAL.columns),
        ]
    )
    table = figures(
        ("V1", "paper", "20C", "actual", False, "2022", 5.0),
        ("V2", "meter", "GCV", "actual", False, "2021", 4.0),
    )
    assert observations.choose(table, SOURCES, rules).iloc[0]["id"] == "V1"


def test_then_status_then_printed_before_derived_then_the_latest():
    table = figures(
        ("V1", "paper", "20C", "estimate", False, "2025", 1.0),
        ("V2", "paper", "20C", "actual", True, "2025", 2.0),
        ("V3", "paper", "20C", "actual", False, "2020-05", 3.0),
        ("V4", "paper", "20C", "actual", False, "2020-06", 4.0),
        ("V5", "paper", "20C", "actual", False, "", 5.0),
    )
    ranked = observations.rank(table, SOURCES, GENERAL)
    assert list(ranked["id"]) == ["V4", "V3", "V5", "V2", "V1"]
    assert set(ranked["why"]) == {"no stated preference fits; status and date decide"}


def test_nothing_is_averaged_or_lost():
    table = figures(
        ("V1", "paper", "20C", "actual", False, "2022", 5.0),
        ("V2", "firm", "20C", "actual", False, "2021", 4.0),
    )
    chosen = observations.choose(table, SOURCES, GENERAL)
    assert list(chosen["value"]) == [4.0]
    assert set(chosen["id"]) | set(chosen["beside"]) == {"V1", "V2"}


def test_of_two_prints_the_one_published_last_counts():
    rows = pd.DataFrame([("2025-01", "2025-06", 70.0), ("2025-01", "2026-06", 71.0), ("2025-02", "2025-06", 72.0),
                         ("2025-02", "2025-06", 73.0)], columns=["period", "published", "value"])  # fmt: skip
    assert observations.newest(rows, ["period"])["value"].tolist() == [71.0, 73.0]
