"""Words people use, to the ids of the tables: routes, groups of routes, markets, countries.

Case, hyphens, blanks, underscores and accents do not count. A word is looked up as an id, then as a
full name in English, Russian or Chinese, then in ``aliases.csv``, then as a name without its bracket.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

from energy.errors import UnknownName, UsageError
from energy.measure.tables import Tables
from geodata.arguments import alike
from geodata.arguments import plain as key

ROLES = ("export", "exit")  # routes that bring gas to a market; the others carry the same gas
PIPELINE_ZH = "天然气管道"  # "natural gas pipeline", the tail of most Chinese names
NEAR = 5


class Meaning(NamedTuple):
    """What a word stands for: its kind, the id, and the routes behind it.

    Examples
    --------
    >>> Meaning("group", "a;b", ("a", "b")).routes
    ('a', 'b')
    """

    kind: str
    id: str
    routes: tuple[str, ...]


class Names:
    """Every word that stands for a route, a group, a market or a country.

    Parameters
    ----------
    tables : Tables
        The facts, with ``routes``, ``crosswalk`` and ``aliases``.

    Examples
    --------
    >>> from energy import facts
    >>> words = Names(facts.load())
    >>> words.route("Голубой поток"), words.routes("Turkish Stream")
    ('blue-stream', ['turkstream-1', 'turkstream-2'])
    """

    def __init__(self, tables: Tables):
        self._routes = tables["routes"]
        links = tables["crosswalk"]
        self._markets = links[links["kind"] == "market"]
        self._places = tables["places"] if "places" in tables else pd.DataFrame()
        self.words: dict[str, Meaning] = {}
        self.shown: dict[str, str] = {}
        for word, kind, name in self._spelled(tables["aliases"]):
            if key(word) and key(word) not in self.words:
                self.words[key(word)] = Meaning(kind, name, self._behind(kind, name))
                self.shown[key(word)] = word

    def _spelled(self, aliases: pd.DataFrame) -> Iterable[tuple[str, str, str]]:
        """Yield each word with kind and id, in the order in which they are believed."""
        table = self._routes
        ids = list(table["route"])
        yield from ((route, "route", route) for route in ids)
        yield from ((name, "market", name) for name in sorted(set(self._markets["target"])))
        for column in ("name", "name_ru", "name_zh"):
            yield from ((word, "route", r) for r, word in zip(ids, table[column], strict=True))
        columns = (aliases["alias"], aliases["kind"], aliases["id"])
        yield from zip(*columns, strict=True)
        yield from ((code, "country", code) for code in sorted({*table["to_country"]} - {""}))
        yield from self._short(ids)

    def _short(self, ids: list[str]) -> Iterable[tuple[str, str, str]]:
        """Yield names without bracket or tail where only one route is called so."""
        short = [text.split(" (")[0] for text in self._routes["name"]]
        short_zh = [text.removesuffix(PIPELINE_ZH) for text in self._routes["name_zh"]]
        for words in (short, short_zh):
            for route, word in zip(ids, words, strict=True):
                if words.count(word) == 1:
                    yield word, "route", route

    def _behind(self, kind: str, name: str) -> tuple[str, ...]:
        if kind in ("route", "group"):
            return tuple(name.split(";"))
        table = self._routes[self._routes["role"].isin(ROLES)]
        if kind == "market":
            keys = set(self._markets.loc[self._markets["target"] == name, "key"])
            return tuple(
                table.loc[table["route"].isin(keys) & (table["role"] == "export"), "route"]
            )
        return tuple(table.loc[table["to_country"] == name, "route"])

    def find(self, word: str) -> Meaning | None:
        """Return what a word stands for, None if nothing.

        Examples
        --------
        >>> from energy import facts
        >>> words = Names(facts.load())
        >>> words.find("turkey").kind, words.find("no such word")
        ('market', None)
        """
        return self.words.get(key(word))

    def near(self, word: str) -> list[str]:
        """Return the ids of the names most like a word.

        Examples
        --------
        >>> from energy import facts
        >>> Names(facts.load()).near("nordstraem")
        ['nord-stream-1', 'nord-stream-2']
        """
        ids: dict[str, None] = {}
        for shown in alike(word, self.shown.values(), 3 * NEAR):
            one = self.words[key(shown)]
            if one.kind in ("route", "group"):
                ids |= dict.fromkeys(one.routes)
            elif one.routes or one.kind == "market":  # else no line leads there: helps nobody
                ids[one.id if one.kind == "market" else shown] = None
        return list(ids)[:NEAR]

    def route(self, word: str) -> str:
        """Return the id of the one route that a word stands for.

        Raises
        ------
        UnknownName
            With the near ones.
        UsageError
            If the word stands for several routes, a market or a country.

        Examples
        --------
        >>> from energy import facts
        >>> Names(facts.load()).route("NORD_STREAM 1")
        'nord-stream-1'
        >>> Names(facts.load()).route("Turkish Stream")
        Traceback (most recent call last):
            ...
        energy.errors.UsageError: 'Turkish Stream' stands for 2 routes: turkstream-1, turkstream-2; name one.
        """
        found = self._meaning(word)
        if len(found.routes) == 1:
            return found.routes[0]
        if not found.routes:
            raise UsageError(f"No export route ends in {found.kind} {word!r}; see energy routes.")
        raise UsageError(
            f"{word!r} stands for {len(found.routes)} routes: {', '.join(found.routes)}; name one."
        )

    def routes(self, words: str | Iterable[str]) -> list[str]:
        """Return the ids of all routes that words stand for, each once, in the order asked.

        Raises
        ------
        UnknownName
        UsageError
            If nothing is named, or a market or country has no export route.

        Examples
        --------
        >>> from energy import facts
        >>> Names(facts.load()).routes(["blue stream", "Turkish Stream"])
        ['blue-stream', 'turkstream-1', 'turkstream-2']
        """
        asked = [words] if isinstance(words, str) else [str(word) for word in words]
        if not asked:
            raise UsageError("No route is named: the list is empty. Leave it out for all routes.")
        found = [self._meaning(word) for word in asked]
        for word, meaning in zip(asked, found, strict=True):
            if not meaning.routes:
                raise UsageError(f"No export route ends in {meaning.kind} {word!r}.")
        return list(dict.fromkeys(route for meaning in found for route in meaning.routes))

    def _meaning(self, word: str) -> Meaning:
        found = self.find(word)
        if found is None:
            self._no_place(word)
            raise UnknownName("route", word, self._routes["route"], self.near(word))
        return found

    def _no_place(self, word: str) -> None:
        """Say of a place to which no line leads what there is instead."""
        for row in self._places.to_dict("records"):
            if key(word) in {key(row[name]) for name in ("place", "name", "name_ru", "name_zh")}:
                markets = ", ".join(sorted(set(self._markets["target"])))
                raise UsageError(
                    f"{word!r} is a {row['kind']} to which no line of these leads; markets: {markets}. "
                    f"Who supplies it: t.supply({str(row['place'])!r})."
                )


def check(tables: Tables) -> list[str]:
    """Return aliases that stand for nothing, and words that stand for two things.

    Examples
    --------
    >>> from energy import facts
    >>> check(facts.load())
    []
    """
    known = {
        "route": set(tables["routes"]["route"]),
        "group": set(tables["routes"]["route"]),
        "market": set(tables["crosswalk"].query("kind == 'market'")["target"]),
        "country": {*tables["routes"]["to_country"]},
    }
    table, faults, seen = tables["aliases"], [], dict[str, str]()
    for row, word, kind, name in zip(
        table.index, table["alias"], table["kind"], table["id"], strict=True
    ):
        stray = [part for part in name.split(";") if part not in known[kind]]
        faults += [f"aliases.csv row {row + 2}: {kind} '{part}' of alias '{word}' is not in the "
                   "facts; correct the id" for part in stray]  # fmt: skip
        if seen.setdefault(key(word), name) != name:
            faults.append(f"aliases.csv row {row + 2}: alias '{word}' stands for {name} and "
                          f"for {seen[key(word)]}; leave one")  # fmt: skip
    return faults
