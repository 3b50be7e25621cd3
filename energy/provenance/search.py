"""Find by word what the tracker holds: routes, places, markets, figures, events, sources."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

import pandas as pd

from energy.errors import UsageError
from energy.facts.names import Names
from energy.measure.tables import Tables
from geodata.arguments import plain as key

COLUMNS = ["kind", "id", "name", "match"]
LEAST, CLOSE = 5, 0.84  # letters of a word that may be mistyped, likeness of its start
FUZZY, MISSED = 0.75, 0.0  # below: another word, not a slip of the pen
ROLES = ("export", "exit", "string", "onward", "", "feeder", "foreign")  # main lines first
SPOKEN = ("route", "market", "country", "place")  # names that are typed, and mistyped
ROMAN = {"ii": "2", "iii": "3", "iv": "4"}
SIGNS = str.maketrans({
    **dict(zip("абвгдеёзийклмнопрстуфхыэ", "abvgdeeziyklmnoprstufhye", strict=True)),
    "ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ъ": "", "ь": "", "ю": "yu", "я": "ya",
})  # fmt: skip


def search(text: str, tables: Tables, places: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Return what a text may mean, best first.

    Parameters
    ----------
    text : str
        One or several words in English, Russian or Chinese; all of them must be found.
    tables : Tables
        The facts.
    places : DataFrame
        ``name, name_ru`` and perhaps ``name_zh``, by id; see `geodata.routes.places` and
        `geodata.routes.cities`.
    names : Names
        The words for routes, markets and countries.

    Returns
    -------
    DataFrame
        ``kind`` (route, market, country, place, metric, series, event, source), ``id``, ``name``
        and ``match``: 1 for the very word, less for a part of it or a near spelling. Russian
        names are found in Latin letters too; of equals a main line comes before its feeders.

    Raises
    ------
    UsageError
        For a text without a letter or digit.

    Examples
    --------
    >>> from energy import facts
    >>> from geodata import routes
    >>> tables = facts.load()
    >>> search("blue stream", tables, routes.places(), Names(tables))["id"].iloc[0]
    'blue-stream'
    """
    words = [ROMAN.get(key(word), key(word)) for word in text.split() if key(word)]
    if not words:
        raise UsageError(f"Search text {text!r} holds no letter or digit; name what to look for.")
    whole = "".join(words)
    best: dict[tuple[str, str], tuple[float, str]] = {}
    for kind, name, said in [*_named(names), *_rows(tables, places)]:
        match = max(_match(whole, words, spelt) for spelt in _spelt(said))
        if not match and kind in SPOKEN:
            match = _misspelling_score(whole, said)
        if match > best.get((kind, name), (MISSED, ""))[0]:
            best[kind, name] = match, said
    rows = [(kind, name, said, round(match, 2)) for (kind, name), (match, said) in best.items()]
    table = pd.DataFrame(rows, columns=COLUMNS)
    role = tables["routes"].set_index("route")["role"].map({r: i for i, r in enumerate(ROLES)})
    order = table["id"].where(table["kind"] == "route").map(role).fillna(len(ROLES))
    table = table.assign(order=order).sort_values(
        ["match", "order"], ascending=[False, True], kind="stable", ignore_index=True
    )
    return table[COLUMNS]


def _misspelling_score(whole: str, said: str) -> float:
    """Return how well a mistyped word answers to the start of one of the words in a name."""
    words = [key(word) for word in said.split()]
    starts = ("".join(words[i:])[: len(whole)] for i in range(len(words)))
    like = max(
        (
            difflib.SequenceMatcher(None, whole, start, autojunk=False).ratio()
            for start in starts
            if len(start) >= LEAST
        ),
        default=0.0,
    )
    return 0.7 * like if like > CLOSE else MISSED


def _spelt(said: str) -> set[str]:
    """Return the keys of a name: as it stands, and a Russian one in Latin letters."""
    return {key(said), key(said.lower().translate(SIGNS))}


def _named(names: Names) -> Iterator[tuple[str, str, str]]:
    """Yield every word for routes, markets and countries; a group once for each of its routes."""
    for word, meaning in names.words.items():
        said = names.shown[word]
        if meaning.kind == "group":
            yield from (("route", route, said) for route in meaning.routes)
        else:
            yield meaning.kind, meaning.id, said


def _rows(tables: Tables, places: pd.DataFrame) -> Iterator[tuple[str, str, str]]:
    """Yield places, lines of the accounts, series of figures, events and sources."""
    for column in (name for name in ("name", "name_ru", "name_zh") if name in places):
        yield from (("place", i, w) for i, w in zip(places.index, places[column], strict=True))
    for metric in sorted(set(tables["financials"]["metric"])):
        yield "metric", metric, metric.replace("_", " ")
    for table in ("volumes", "prices", "trade-context"):
        yield from (("series", f"{table}/{s}", s) for s in sorted(set(tables[table]["series"])))
    events, sources = tables["events"], tables["sources"]
    yield from (("event", i, w) for i, w in zip(events["event"], events["title"], strict=True))
    titles = sources["title"] + ", " + sources["publisher"]
    yield from (("source", i, w) for i, w in zip(sources["source"], titles, strict=True))


def _match(whole: str, words: list[str], said: str) -> float:
    """Return how well a name answers: the word itself, all words in it, or a near spelling."""
    if not said:
        return MISSED
    if whole == said:
        return 1.0
    if all(word in said for word in words):
        return 0.8 + 0.15 * len(whole) / len(said)
    if abs(len(whole) - len(said)) > 3:  # no slip of the pen: spare the comparison
        return MISSED
    like = difflib.SequenceMatcher(None, whole, said).ratio()
    return 0.75 * like if like >= FUZZY else MISSED
