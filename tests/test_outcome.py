"""The verdict on a release: its word, and the share of the exports that it touches."""

from __future__ import annotations

import pandas as pd
import pytest

from energy.intake import fills, outcome


def sources(**outcomes) -> pd.DataFrame:
    return pd.DataFrame({"source": list(outcomes), "outcome": list(outcomes.values())})


def held(series="flow", entity="turkstream-2", reason="half of what it was") -> pd.DataFrame:
    return pd.DataFrame({"series": [series], "entity": [entity], "reason": [reason]})


NONE = held().head(0)


def share(tracker, *routes) -> float:
    matrix = fills.fills(tracker.facts).drop_duplicates(["kind", "name"]).set_index("name")
    return float(matrix.loc[list(routes), "share"].sum())


def test_all_answered_and_nothing_held_is_green(tracker):
    found = outcome.verdict(sources(ecb="fine", gie="skipped"), NONE, tracker.facts)
    assert (found.word, found.volume, found.revenue) == ("green", 0, 0)


def test_a_route_that_waits_is_amber_with_its_share(tracker):
    found = outcome.verdict(sources(entsog="fine"), held(), tracker.facts)
    assert found.word == "amber" and found.volume == pytest.approx(share(tracker, "turkstream-2"))
    assert 0 < found.revenue < 1
    assert "first: half of what it was" in found.why and "Touched: turkstream-2" in found.why


@pytest.mark.parametrize(
    ("series", "entity", "routes"),
    [
        ("flow_point", "BG-TSO-0001/ITP-00549/entry", ["turkstream-2"]),
        ("trade_value_pipeline", "china", ["power-of-siberia-1"]),
        ("import_regulator_ru", "turkey", ["blue-stream", "turkstream-1"]),
        ("import_statistics_ru", "uzbekistan", ["central-asia-center"]),
    ],
)
def test_a_figure_that_a_route_is_made_of_touches_it(tracker, series, entity, routes):
    found = outcome.verdict(sources(entsog="fine"), held(series, entity), tracker.facts)
    assert found.volume == pytest.approx(share(tracker, *routes))


@pytest.mark.slow
def test_a_source_that_alone_renews_routes_touches_them_when_it_fails(tracker):
    found = outcome.verdict(sources(comtrade="failed", ecb="fine"), NONE, tracker.facts)
    assert "power-of-siberia-1" in found.why and "comtrade failed" in found.why
    both = outcome.verdict(
        sources(comtrade="failed", entsog="failed", ecb="fine"), NONE, tracker.facts
    )
    assert both.word == "red" and both.volume > 0.5
    rates = outcome.verdict(sources(ecb="failed"), NONE, tracker.facts)
    assert rates.word == "amber" and "No route is touched" in rates.why and rates.volume == 0
