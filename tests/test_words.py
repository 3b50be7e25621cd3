"""Every verb of the front door takes every word for a route or market, or says what it is."""

import pytest

from energy.errors import EnergyError, PeriodError, UnknownName, UsageError

ROUTE = ["power-of-siberia-1", "PoS1", "POWER_OF SIBERIA 1", "Сила Сибири", "西伯利亚力量"]
MARKET = ["china", "China", "Китай", "中国"]
GROUP = ["turkstream", "Turkish Stream", "Турецкий поток"]
FEW, ONE = "stands for [25] (routes|lines): .*; name one", "is a route, not a market; ask t.flows"

SLOW = (
    "map",
    "economics",
    "tornado",
    "cite",
    "cite a cell",
    "explain",
    "timing",
    "mirror",
    "supply",
)  # two words are enough; 'turkstream' is a place of old figures of supply too

# verb: how it is asked, then what a route, a market and a group bring, a value or the refusal
VERBS = {
    "flows": (lambda t, w: t.flows(w, "A", start=2024, end=2024).sizes["route"], 1, 5, 2),
    "names": (lambda t, w: len(t.names(w)), 1, 5, 2),
    "route": (lambda t, w: t.route(w), "power-of-siberia-1", FEW, FEW),
    "explain": (lambda t, w: t.explain(w, "2024").empty, False, False, FEW),
    "cite a cell": (lambda t, w: t.cite(f"{w}@2024").empty, False, False, FEW),
    "cite": (lambda t, w: t.cite(w).empty, False, False, False),
    "exports": (lambda t, w: t.exports(market=w, start=2024, end=2024)["market"][0], ONE, "china", ONE),
    "supply": (lambda t, w: t.supply(w, "2024").empty, ONE, False, ONE),
    "economics": (lambda t, w: t.economics(w).empty, False, FEW, "Unknown proposed line"),
    "tornado": (lambda t, w: t.ahead.tornado(w).empty, False, FEW, "Unknown proposed line"),
    "timing": (lambda t, w: t.timing(w) is None, False, FEW, FEW),
    "netback": (lambda t, w: t.money.netback(w, "2024").empty, False, FEW, FEW),
    "price_model": (lambda t, w: t.money.prices.model(w).empty, "Unknown market", False, "Unknown mar"),
    "stranded": (lambda t, w: len(t.network.idle.stranded("2026Q1", w)), 1, 5, 2),
    "mirror": (lambda t, w: t.mirror(w, "2024").empty, False, False, FEW),
    "map": (lambda t, w: t.map(False, route=w).selected, "power-of-siberia-1", FEW, FEW),
}  # fmt: skip


@pytest.mark.once
@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_takes_every_word_or_says_what_it_is(tracker, verb):
    ask, *wanted = VERBS[verb]
    for words, result in zip((ROUTE, MARKET, GROUP), wanted, strict=True):
        for word in words[-2:] if verb in SLOW else words:
            if isinstance(result, str) and " " in result:
                with pytest.raises(EnergyError, match=result):
                    ask(tracker, word)
            else:
                assert ask(tracker, word) == result, word


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("word", ["no such thing", ""])
def test_nonsense_is_refused_by_every_verb(tracker, verb, word):
    with pytest.raises((UnknownName, UsageError, PeriodError), match=f"'{word}'"):
        VERBS[verb][0](tracker, word)


def test_a_country_is_known_by_its_names(tracker):
    named = ["Germany", "Германия", "germany"]
    sizes = [len(tracker.mirror(word, "2020")) for word in named]
    assert sizes[0] > 1 and len(set(sizes)) == 1
    assert tracker.supply("Китай", "2024").equals(tracker.supply("china", "2024"))
    cube = tracker.flows("Германия", "A", start=2021, end="2021")
    assert cube["route"].values.tolist() == ["nord-stream-1", "nord-stream-2", "yamal-europe"]


def test_a_country_without_a_line_is_not_likened_to_a_route(tracker):
    with pytest.raises(UsageError, match=r"'austria' is a country to which no line .* leads"):
        tracker.route("austria")
    with pytest.raises(UnknownName, match="Unknown route 'zzaustriazz'; known: "):
        tracker.route("zzaustriazz")
