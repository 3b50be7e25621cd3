"""Verbs of money: finance, netback, economics."""

from __future__ import annotations

import argparse

from energy.cli.command import Verbs, add_format, add_verb, emit
from energy.errors import UsageError


def _finance(verbs: Verbs) -> None:
    verb = add_verb(verbs, "finance", _run_finance, "Gazprom's statements, or the bridge from routes to accounts",
                 "examples:\n  energy finance --standard IFRS --metric net_profit_attributable\n"
                 "  energy finance --bridge 2021\n"
                 "  energy finance --statement IFRS 2021  line by line; what each cell rests on, or lacks\n"
                 "IFRS covers the group, RAS only the parent: they are never mixed")  # fmt: skip
    verb.add_argument("--standard", default="IFRS", help="IFRS (default), RAS, other or all")
    verb.add_argument("--metric", help="one line, e.g. ebitda; an unknown one lists the near names")
    verb.add_argument(
        "--bridge", metavar="YEAR", help="export revenue by route beside reported sales"
    )
    verb.add_argument(
        "--rate",
        type=float,
        metavar="RUB",
        help="RUB per USD for a bridge year without one in the facts",
    )
    verb.add_argument(
        "--quarters", action="store_true", help="by quarter, missing ones as differences"
    )
    verb.add_argument(
        "--items", metavar="PERIOD", help="the gap of a year or half-year, item by item"
    )
    verb.add_argument("--residuals", action="store_true", help="the gap of every year since 2014")
    verb.add_argument("--statement", nargs="+", metavar=("STANDARD", "PERIOD"),
                      help="IFRS or RAS, and a period (default: newest year): the statements as a grid")  # fmt: skip
    add_format(verb)


def _netback(verbs: Verbs) -> None:
    verb = add_verb(verbs, "netback", _run_netback, "what is left of the border price of a route at the field",
                 "examples:\n  energy netback nord-stream-1 2020\n"
                 "  energy netback power-of-siberia-1 2024 --assume export_duty=0\n"
                 "a charge nobody has published is empty, and the netback then an upper bound; --carry takes\n"
                 "the nearest figure in time instead")  # fmt: skip
    verb.add_argument("route", metavar="ROUTE", help="route id")
    verb.add_argument("period", metavar="PERIOD", help="quarter or year, e.g. 2020Q3, 2020")
    verb.add_argument(
        "--carry", action="store_true", help="take the nearest figure for a missing charge"
    )
    verb.add_argument(
        "--assume", metavar="CHARGE=VALUE", nargs="*", default=[], help="a value of your own"
    )
    add_format(verb)


def _economics(verbs: Verbs) -> None:
    verb = add_verb(verbs, "economics", _run_economics, "NPV, IRR and break-even price of proposed lines",
                 "examples:\n  energy economics                      all lines beside published estimates\n"
                 "  energy economics power-of-siberia-2\n  energy economics power-of-siberia-2 --tornado\n"
                 "every input is a stated assumption: --inputs lists them with their sources")  # fmt: skip
    verb.add_argument(
        "line", metavar="LINE", nargs="?", help="proposed route, e.g. far-eastern-route"
    )
    verb.add_argument(
        "--tornado", action="store_true", help="what matters: each input at its low and high"
    )
    verb.add_argument("--inputs", action="store_true", help="the assumptions with their sources")
    add_format(verb)


def _trade(verbs: Verbs) -> None:
    verb = add_verb(verbs, "trade", _run_trade, "China's trade with Russia and Central Asia by month and commodity",
                 "examples:\n  energy trade --exporter china --importer russia --freq M\n"
                 "  energy trade --commodity lng\n  energy trade --change 2024-04\n"
                 "  energy trade --disruptions    what each stop and repair took off line\n"
                 "customs prints as published; the two sides of one trade are never mixed")  # fmt: skip
    for name in ("exporter", "importer", "commodity", "measure", "reporter"):
        verb.add_argument(f"--{name}", help=f"only this {name}")
    verb.add_argument("--freq", help="A, H, Q, M, or C: cumulative from January")
    verb.add_argument(
        "--change", metavar="PERIOD", help="against the same time a year before, from levels"
    )
    verb.add_argument(
        "--disruptions",
        action="store_true",
        help="instead: stops, strikes and repairs with start, end, routes and bcm off line",
    )
    add_format(verb)


VERBS = (_finance, _netback, _economics, _trade)


def _run_finance(options: argparse.Namespace) -> int:
    import energy

    if options.statement and len(options.statement) > 2:
        raise UsageError("--statement takes a standard and a period, e.g. --statement IFRS 2021.")
    tracker = energy.load(as_of=options.as_of)
    if options.statement:
        return emit(tracker.money.statement(*options.statement), options.format)
    if options.bridge:
        return emit(tracker.bridge(options.bridge, options.rate), options.format)
    if options.items:
        return emit(tracker.money.bridge_items(options.items, options.rate), options.format)
    if options.residuals:
        return emit(tracker.money.residuals().reset_index(), options.format)
    standard = None if options.standard == "all" else options.standard
    if options.quarters:
        return emit(tracker.money.quarters(standard, options.metric), options.format)
    if standard == "other":
        return emit(tracker.money.beside_accounts(options.metric), options.format)
    return emit(tracker.financials(standard, options.metric), options.format)


def _run_netback(options: argparse.Namespace) -> int:
    import energy

    try:
        assumed = {
            name: float(value)
            for name, _, value in (text.partition("=") for text in options.assume)
        }
    except ValueError as error:
        raise UsageError(
            f"--assume takes CHARGE=NUMBER, e.g. export_duty=0, not {options.assume}."
        ) from error
    table = energy.load(as_of=options.as_of).money.netback(
        options.route, options.period, carry=options.carry, assume=assumed
    )
    return emit(table, options.format)


def _run_economics(options: argparse.Namespace) -> int:
    import energy

    tracker = energy.load(as_of=options.as_of)
    if (options.inputs or options.tornado) and not options.line:
        raise UsageError("--inputs and --tornado need a line, e.g. power-of-siberia-2.")
    if options.inputs:
        table = tracker.money.proposed.assumptions(options.line)
    elif options.tornado:
        table = tracker.money.proposed.tornado(options.line)
    else:
        table = tracker.economics(options.line).reset_index()
    return emit(table, options.format)


def _run_trade(options: argparse.Namespace) -> int:
    import energy
    from energy.finance import trade

    tracker = energy.load(as_of=options.as_of)
    if options.disruptions:
        return emit(tracker.evidence.disruptions(), options.format)
    names = ("exporter", "importer", "commodity", "measure", "reporter")
    table = tracker.trade(freq=options.freq, **{name: getattr(options, name) for name in names})
    if options.change:
        return emit(trade.change(table, options.change), options.format)
    return emit(table, options.format)
