"""Verbs that list and show: flows, exports, supply, mirror, sources, cite."""

from __future__ import annotations

import argparse
import sys

from energy.cli.command import Verbs, add_format, add_verb, emit, say
from energy.errors import UsageError


def _flows(verbs: Verbs) -> None:
    verb = add_verb(verbs, "flows", _run_flows, "flow, capacity, utilisation, price and revenue by route and period",
                 "examples:\n  energy flows power-of-siberia-1 --from 2024Q1\n"
                 "  energy flows --freq A --unit TWh --format json\n"
                 "flow is positive in the route's direction; an empty cell is not known, 0 is measured\n"
                 "or stated zero; status 'estimate' marks a figure spread by a seasonal profile")  # fmt: skip
    verb.add_argument(
        "routes",
        metavar="ROUTE",
        nargs="*",
        help="names of routes, a market or a country; default all",
    )
    verb.add_argument(
        "--freq", default="Q", help="Q quarter (default), M month, A calendar year, G gas year"
    )
    verb.add_argument("--unit", default="bcm", help="bcm (default), mcm/d, TWh, PJ, GWh/d")
    verb.add_argument(
        "--basis", help="20C (default for volume), 15C, 0C, 15C-40MJ, GCV (default for energy)"
    )
    verb.add_argument("--from", dest="first", metavar="PERIOD", help="first period, e.g. 2019Q4")
    verb.add_argument("--to", dest="last", metavar="PERIOD", help="last period, e.g. 2025Q4")
    verb.add_argument(
        "--estimate",
        default="balanced",
        choices=("balanced", "reported"),
        help="balanced (default): reconciled with every figure; reported: the published figure chosen",
    )
    add_format(verb)


def _exports(verbs: Verbs) -> None:
    verb = add_verb(verbs, "exports", _run_exports, "gas by market and period, with interval, coverage and the total",
                 "examples:\n  energy exports\n  energy exports china europe --from 2014\n"
                 "  energy exports --freq Q --from 2025 --unit TWh\n"
                 "the market 'exports' is the sum of the others: never add it to them; whole says whether\n"
                 "the period is over")  # fmt: skip
    verb.add_argument(
        "market", metavar="MARKET", nargs="*", help="e.g. china, europe, exports; default all"
    )
    verb.add_argument("--freq", default="A", help="A calendar year (default), Q, M, G gas year")
    verb.add_argument("--unit", default="bcm", help="bcm (default), mcm/d, TWh, PJ, GWh/d")
    verb.add_argument("--basis", help="20C (default for volume), 15C, 0C, GCV (default for energy)")
    verb.add_argument("--from", dest="start", metavar="PERIOD", help="first period, e.g. 2019")
    verb.add_argument("--to", dest="end", metavar="PERIOD", help="last period, e.g. 2025")
    add_format(verb)


def _supply(verbs: Verbs) -> None:
    verb = add_verb(verbs, "supply", _run_supply, "who supplies a market: by origin, pipeline and LNG, with shares",
                 "examples:\n  energy supply eu 2024\n  energy supply china --kind lng\n"
                 "  energy supply --origin russia --kind lng    Russia's LNG by plant and destination\n"
                 "nothing is converted: a share is told where the total stands in the same unit")  # fmt: skip
    verb.add_argument("market", nargs="?", metavar="MARKET", help="e.g. china, eu, belarus")
    verb.add_argument("period", nargs="?", metavar="PERIOD", help="e.g. 2024, 2025-09")
    verb.add_argument("--origin", metavar="PLACE", help="a country with its plants, or a plant")
    verb.add_argument("--kind", choices=("pipeline", "lng", "all"), help="by which way")
    add_format(verb)


def _mirror(verbs: Verbs) -> None:
    verb = add_verb(verbs, "mirror", _run_mirror, "every source for one flow, and the gap between them by cause",
                 "examples:\n  energy mirror turkstream-2 2026-01\n  energy mirror china 2024 --unit 'million USD'\n"
                 "  energy mirror --league kind\n"
                 "parts add up to the gap; the last row is our estimate, not a measurement")  # fmt: skip
    verb.add_argument("name", nargs="?", metavar="ROUTE|MARKET", help="e.g. blue-stream, turkey")
    verb.add_argument("period", nargs="?", metavar="PERIOD", help="e.g. 2024, 2025Q1, 2026-01; "
                      "default the newest well-known year")  # fmt: skip
    verb.add_argument("--unit", default="bcm", help="bcm (default), TWh, million USD")
    verb.add_argument("--basis", help="20C (default), 15C, 0C, 15C-40MJ, GCV")
    verb.add_argument(
        "--league", choices=("source", "kind"), help="bias and noise over all routes and years"
    )
    add_format(verb)


def _sources(verbs: Verbs) -> None:
    verb = add_verb(verbs, "sources", _run_sources, "every source with its terms",
                 "examples:\n  energy sources --format json\n"
                 "  energy sources --fills     which source renews which cell of the shown table, with its lag\n"
                 "  energy sources --health    last answer, age, what is due and what is late\n"
                 "  energy sources --template > mine.csv     a file for figures typed by hand")  # fmt: skip
    verb.add_argument(
        "--template", action="store_true", help="print an empty CSV for: energy import inbox FILE"
    )
    verb.add_argument(
        "--fills", action="store_true", help="the fill matrix: cells by source, with lag"
    )
    verb.add_argument("--health", action="store_true", help="how each source stands today")
    add_format(verb)


def _cite(verbs: Verbs) -> None:
    verb = add_verb(verbs, "cite", _run_cite, "the document behind a figure, and why it was taken",
                 "examples:\n  energy cite V0123 P0045    ids as they stand in layers, map and tables\n"
                 "  energy cite blue-stream    every figure and fact of a route\n"
                 "  energy cite blue-stream@2024Q1    every step behind flow, capacity, price, revenue, netback\n"
                 "  energy cite europe@2021    a market (all: their sum); a line of the accounts: ebitda@2022\n"
                 "  energy cite mixture/blue-stream/2030Q1    a projection: draws, seed, assumptions")  # fmt: skip
    verb.add_argument(
        "ids",
        metavar="ID",
        nargs="+",
        help="ids of figures, facts, events; a route or a source; one NAME@PERIOD",
    )
    add_format(verb)


VERBS = (_flows, _exports, _supply, _mirror, _sources, _cite)


def _run_flows(options: argparse.Namespace) -> int:
    import energy
    from energy.publish import layers

    tracker = energy.load(as_of=options.as_of)
    cube = tracker.flows(options.routes or None, options.freq.upper(), options.unit, options.basis,
                         options.first, options.last, estimate=options.estimate)  # fmt: skip
    return emit(layers.cube_table(cube), options.format)


def _run_exports(options: argparse.Namespace) -> int:
    import energy

    tracker = energy.load(as_of=options.as_of)
    table = tracker.exports(options.freq, options.unit, options.basis, start=options.start,
                            market=options.market or None, end=options.end)  # fmt: skip
    if table.empty:
        raise UsageError("No figure in those periods; leave --from and --to out to see them all.")
    figures = ["flow", "p10", "p90", "coverage"]
    return emit(table.assign(**table[figures].round(4)), options.format)


def _run_supply(options: argparse.Namespace) -> int:
    import energy

    tracker = energy.load(as_of=options.as_of)
    table = tracker.supply(options.market, options.period, origin=options.origin, kind=options.kind)
    if table.empty:
        say(f"energy: {table.attrs['none']}")
    return emit(table, options.format)


def _run_mirror(options: argparse.Namespace) -> int:
    import energy

    if options.league:
        return emit(
            energy.load(as_of=options.as_of).evidence.league(options.league).reset_index(),
            options.format,
        )
    if not options.name:
        raise UsageError(
            "Name a route or market, e.g. energy mirror turkey 2024, or use --league kind."
        )
    tracker = energy.load(as_of=options.as_of)
    period = options.period or tracker.newest_year
    return emit(tracker.mirror(options.name, period, options.unit, options.basis), options.format)


def _run_sources(options: argparse.Namespace) -> int:
    if options.template:
        from energy.sources import inbox

        sys.stdout.write(inbox.template())
        return 0
    import energy

    if not options.fills and not options.health:
        return emit(energy.load(as_of=options.as_of).sources, options.format)
    import datetime as dt

    from energy.intake import fills
    from energy.store import Store

    tables = energy.load(as_of=options.as_of).facts
    today = dt.datetime.now(dt.UTC).date()
    found = fills.fills(tables) if options.fills else fills.health(Store.open(), today, tables)
    return emit(found, options.format)


def _run_cite(options: argparse.Namespace) -> int:
    import energy

    ids = options.ids[0] if len(options.ids) == 1 else options.ids
    return emit(energy.load(as_of=options.as_of).cite(ids), options.format)
