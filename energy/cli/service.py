"""``energy mcp``: flows, sources, days, changes and search for a program that speaks MCP.

The Model Context Protocol, by its own SDK (extra ``mcp``), on stdin and stdout. Each answer is rows
with the qualifiers of their figures; what is missing is null, never 0. Nothing can be written.
"""

from __future__ import annotations

import argparse
import functools
import inspect
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from energy import __version__
from energy.cli.command import Verbs, add_verb, rounded, say
from energy.errors import EnergyError, MissingExtra, UnknownName, UsageError

if TYPE_CHECKING:
    import pandas as pd
    from mcp.server.mcpserver import MCPServer

    from energy.tracker import Tracker

MOST = 400  # rows an answer, so that it fits what reads it
Answer = dict[str, Any]
ABOUT = (
    "Russian gas by pipeline: flows by route and period with a source behind every number. Call"
    " search for ids, flows for figures, cite for the documents behind them, as_of for what was"
    " known on a day, diff for what changed between two days. Volumes are bcm at 20 C unless asked"
    " otherwise; null is not known, 0 is measured or stated zero. Quote status and interval with"
    " each figure."
)


def _mcp(verbs: Verbs) -> None:
    add_verb(verbs, "mcp", _run_mcp, "answer a program that speaks MCP: flows, cite, as_of, diff, search",
             "started by the program that asks, on stdin and stdout; in its settings:\n"
             '  {"mcpServers": {"gas": {"command": "energy", "args": ["mcp"]}}}\n'
             "it reads only; needs the extra 'mcp'\n"
             "  energy mcp --as-of 2024-05-16    answers with what was known on that day")  # fmt: skip


VERBS = (_mcp,)


def _run_mcp(options: argparse.Namespace) -> int:
    made = server(options.as_of)
    if sys.stdin is None or not sys.stdin.readable():
        raise UsageError(
            "mcp is started by a program that asks on its stdin; here none can be read."
        )
    say("energy: answering on stdin and stdout; Ctrl-C ends it")
    made.run("stdio")
    return 0


def server(day: str | None = None) -> MCPServer[Any]:
    """Return the server with its five tools.

    Parameters
    ----------
    day : str, optional
        Nothing later is known to any of its answers.

    Raises
    ------
    MissingExtra
        If the SDK is not installed.
    """
    try:
        from mcp.server.mcpserver import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError as fault:
        text = "The MCP server needs its SDK: pip install 'energy-trade-tracker[mcp]'."
        raise MissingExtra(text) from fault
    asked = {tool.__name__: tool for tool in tools(day)}

    class Strict(MCPServer[Any]):
        """The SDK leaves out an argument it does not know; the answer would be of another question."""

        async def call_tool(self, name: str, arguments: dict[str, Any], context: Any = None) -> Any:
            known = inspect.signature(asked[name]).parameters if name in asked else arguments
            for odd in (word for word in arguments if word not in known):
                raise ToolError(str(UnknownName(f"argument of {name}", odd, known)))
            return await super().call_tool(name, arguments, context)

    made = Strict("energy", instructions=ABOUT, version=__version__)
    for tool in asked.values():
        made.tool()(_spoken(tool))
    return made


def tools(day: str | None = None) -> list[Callable[..., Answer]]:
    """Return what may be asked, as plain functions; names, types and docstrings are what is told."""

    @functools.cache
    def tracker(known: str) -> Tracker:
        import energy

        return energy.load(as_of=known or day)

    def flows(
        routes: list[str] | str | None = None,
        freq: str = "A",
        first: str | None = None,
        last: str | None = None,
        unit: str = "bcm",
        basis: str | None = None,
        as_of: str = "",
    ) -> Answer:
        """Flow of each route and period with interval, reported figure, coverage, status and ids.

        routes: a name or a list of names, a market or a country; default all. freq: Q, M, A
        (calendar year) or G (gas year). first, last: e.g. 2019 or 2025Q4. unit: bcm, mcm/d, TWh.
        as_of: only what was known on that day. Flow is positive in the route's direction; the ids go to cite.
        """
        from energy.publish import layers

        cube = tracker(as_of).flows(routes, freq.upper(), unit, basis, first, last)
        return _rows(layers.cube_table(cube))

    def cite(what: str, as_of: str = "") -> Answer:
        """Documents behind a figure: an id (V0123), a route, ROUTE@PERIOD, europe@2021, ebitda@2022."""
        return _rows(tracker(as_of).cite(what))

    def search(text: str) -> Answer:
        """Find routes, places, markets, figures, events and sources by word, in en, ru or zh."""
        return _rows(tracker("").search(text))

    def as_of(date: str) -> Answer:
        """Exports by market and year as they were known on a day, and the edition of that day."""
        t = tracker(date)
        return {"edition": t.edition, "newest": t.newest, **_rows(t.exports())}

    def diff(a: str, b: str) -> Answer:
        """Figures added, revised or withdrawn between two releases or days."""
        from energy.intake import update
        from energy.store import Store

        return _rows(update.changes(Store.open(), a, b, day))

    return [flows, cite, search, as_of, diff]


def _rows(table: pd.DataFrame) -> Answer:
    """Return rows as JSON has them, and how many are left out."""
    text = rounded(table.head(MOST)).to_json(
        orient="records", force_ascii=False, date_format="iso", double_precision=12
    )
    return {"rows": json.loads(text), "left_out": max(0, len(table) - MOST)}


def _spoken(tool: Callable[..., Answer]) -> Callable[..., Answer]:
    """Turn a fault of the question into one sentence for the one who asks."""
    from mcp.server.mcpserver.exceptions import ToolError

    @functools.wraps(tool)
    def asked(*args: Any, **kwargs: Any) -> Answer:
        try:
            return tool(*args, **kwargs)
        except EnergyError as fault:
            raise ToolError(str(fault)) from fault

    return asked
