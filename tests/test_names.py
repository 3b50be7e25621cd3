"""Words people use: any spelling of a route, its usual aliases, markets and countries, and search."""

import pandas as pd
import pytest

from energy.errors import UnknownName, UsageError
from energy.facts import names
from energy.measure import periods

SIX = [  # the export routes to China of routes.csv, by hand
    "power-of-siberia-1", "power-of-siberia-2", "altai", "far-eastern-route", "russia-kazakhstan-china",
]  # fmt: skip


@pytest.mark.parametrize(
    ("word", "route"),
    [
        ("nord-stream-1", "nord-stream-1"),
        ("Nord Stream 1", "nord-stream-1"),
        ("NORD-STREAM-1", "nord-stream-1"),
        ("nord_stream_1", "nord-stream-1"),
        ("Nord Stream", "nord-stream-1"),
        ("Северный поток", "nord-stream-1"),
        ("северный поток-2", "nord-stream-2"),
        ("西伯利亚力量", "power-of-siberia-1"),
        ("蓝溪天然气管道", "blue-stream"),
        ("PoS1", "power-of-siberia-1"),
        ("pos 2", "power-of-siberia-2"),
        ("Power of Siberia 2", "power-of-siberia-2"),
        ("TurkStream-2", "turkstream-2"),
        ("Brotherhood", "urengoy-pomary-uzhgorod"),
    ],
)
def test_any_spelling_of_a_route(tracker, word, route):
    assert tracker.route(word) == route


def test_groups_markets_and_countries_stand_for_their_routes(tracker):
    assert tracker.names("Turkish Stream") == ["turkstream-1", "turkstream-2"]
    assert tracker.names(["Nord Streams", "nord-stream-1"]) == ["nord-stream-1", "nord-stream-2"]
    assert tracker.names("china") == tracker.names("Китай") == SIX
    assert tracker.names("Германия") == ["nord-stream-1", "nord-stream-2", "yamal-europe"]
    assert list(tracker.flows("china", freq="A", first="2025", last="2025")["route"].values) == SIX


@pytest.mark.parametrize(
    ("word", "error", "message"),
    [
        ("PoS9", UnknownName, "Unknown route 'PoS9'; near: power-of-siberia-1"),
        ("blue-steam", UnknownName, "near: blue-stream"),
        ("germny", UnknownName, "Unknown route 'germny'; near: Germany.$"),
        ("turky", UnknownName, "Unknown route 'turky'; near: turkey.$"),
        (
            "Испания",
            UsageError,
            r"is a country to which no line .* markets: .*china.* t.supply\('spain'\)",
        ),
        (
            "spein",
            UnknownName,
            "Unknown route 'spein'; known: altai",
        ),  # nothing is near: none is guessed
        ("turkstream", UsageError, "'turkstream' stands for 2 routes: turkstream-1, turkstream-2"),
        ("Serbia", UsageError, "No export route ends in country 'Serbia'"),
    ],
)
def test_what_is_no_route_says_what_is_near(tracker, word, error, message):
    with pytest.raises(error, match=message):
        tracker.route(word)


@pytest.mark.parametrize("nothing", [[], (), pd.Index([])])
def test_an_empty_list_is_never_all_routes(tracker, nothing):
    with pytest.raises(UsageError, match="No route is named: the list is empty"):
        tracker.flows(nothing)
    with pytest.raises(UsageError, match="No export route ends in country 'Serbia'"):
        tracker.flows(["Serbia"])


def test_an_index_of_routes_is_a_list_of_routes(tracker):
    cube = tracker.flows(pd.Index(["blue-stream", "opal"]), freq="YE", start="2021", end="2021")
    assert list(cube["route"].values) == ["blue-stream", "opal"]


def test_words_for_frequencies_and_two_names_for_one_end(tracker):
    words = ["Q", "QE", "quarterly", "A", "Y", "YE", "annual", "M", "G"]
    assert [periods.frequency(w) for w in words] == list("QQQAAAAMG")
    a = tracker.flows("blue-stream", "annual", start="2020", end="2021")
    assert a.identical(tracker.flows("blue-stream", "A", first="2020", last="2021"))
    with pytest.raises(UsageError, match="first='2020' and start='2021' are the same thing"):
        tracker.flows(first="2020", start="2021")


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("Nordstream", "nord-stream-1"), ("nord strem", "nord-stream-1"), ("PoS2", "power-of-siberia-2"),
        ("Turkish Stream", "turkstream-1"), ("Sila Sibiri", "power-of-siberia-1"),
        ("severny potok", "nord-stream-1"), ("Power of Siberia II", "power-of-siberia-2"),
        ("power of sibera", "power-of-siberia-1"), ("Irkutsk", "irkutsk"), ("Иркутск", "irkutsk"),
        ("上海", "shanghai"), ("shanghia", "shanghai"), ("kiyikoy", "kiyikoy-landfall"),
        ("黑河", "heihe"), ("德国", "DEU"), ("Urengoj", "urengoy-pomary-uzhgorod"),
        ("Velke Kapusany", "velke-kapusany"),
    ],
)  # fmt: skip
def test_search_finds_aliases_other_scripts_and_slips(tracker, typed, first):
    assert tracker.search(typed)["id"].iloc[0] == first


def test_search_has_main_lines_before_feeders(tracker):
    found = tracker.search("power of siberia")
    lines = found[found["kind"] == "route"]["id"].tolist()
    assert lines.index("power-of-siberia-2") < lines.index("power-of-siberia-kovykta")


def test_search_finds_routes_places_accounts_events_and_sources(tracker):
    found = tracker.search("chayanda")
    assert {"route", "place", "source"} <= set(found["kind"])
    assert found["match"].is_monotonic_decreasing
    assert tracker.search("Turkish Stream")["id"].head(2).tolist() == [
        "turkstream-1",
        "turkstream-2",
    ]
    assert tracker.search("net profit").iloc[0][["kind", "id"]].tolist() == ["metric", "net_profit"]
    assert "market" in set(tracker.search("китай")["kind"])
    assert tracker.search("Nordstraem 2").iloc[0]["id"] == "nord-stream-2"
    assert tracker.search("zzzzzz").empty
    with pytest.raises(UsageError, match="holds no letter or digit"):
        tracker.search(" - ")


def test_aliases_are_checked(tracker):
    assert names.check(tracker.facts) == []
    table = pd.DataFrame(
        [("One", "route", "blue-stream", "en", ""), ("ONE", "route", "opal", "en", ""),
         ("Two", "market", "moon", "en", "")], columns=["alias", "kind", "id", "lang", "source"],
    )  # fmt: skip
    said = names.check({**tracker.facts, "aliases": table})
    assert said == [
        "aliases.csv row 3: alias 'ONE' stands for opal and for blue-stream; leave one",
        "aliases.csv row 4: market 'moon' of alias 'Two' is not in the facts; correct the id",
    ]
