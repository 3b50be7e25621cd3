"""Verbs on networks and what may come: network, project, what-if, backtest, scores."""

from __future__ import annotations

import argparse
from pathlib import Path

from energy.cli.command import Verbs, add_format, add_verb, emit, out
from energy.errors import UsageError


def _network(verbs: Verbs) -> None:
    verb = add_verb(verbs, "network", _run_network, "idle pipes, and what the others can take when some are shut",
                 "examples:\n  energy network stranded 2026Q1\n  energy network stranded 2025 --routes blue-stream\n"
                 "  energy network reroute turkstream --by 2030\n"
                 "  energy network reroute turkstream --by 2030 --links power-of-siberia-2\n"
                 "  energy network links       the scenario links there are\n"
                 "volumes in bcm at 20 °C; a limit nobody publishes is none here and listed as assumed")  # fmt: skip
    verb.add_argument(
        "what", choices=("stranded", "reroute", "links"), help="idle pipes, rerouting, or the links"
    )
    verb.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="stranded: one period; reroute: routes or ways to shut",
    )
    verb.add_argument(
        "--by",
        metavar="DATE",
        help="reroute: day or period, its last day counts; default the newest well-known quarter",
    )
    verb.add_argument(
        "--links", nargs="*", default=[], metavar="LINK", help="reroute: scenario links that exist"
    )
    verb.add_argument("--routes", nargs="*", metavar="ROUTE", help="stranded: only these routes")
    add_format(verb)


def _project(verbs: Verbs) -> None:
    verb = add_verb(verbs, "project", _run_project, "what may come: flow of each route as quantiles, by scenario",
                 "examples:\n  energy project --until 2035 --scenario mixture --by year\n"
                 "  energy project --until 2040 --out projections.nc\n"
                 "  energy project --draws 1000000 --engine numba --scheduler tcp://host:8786\n"
                 "  energy project --timing      first gas of proposed lines\n"
                 "a projection is what follows from the assumptions in scenarios.toml, never a forecast;\n"
                 "one row a route, scenario and period: p10, p50, p90 and mean in bcm at 20 °C")  # fmt: skip
    verb.add_argument(
        "--until", default="2040", metavar="PERIOD", help="last year or quarter, default 2040"
    )
    verb.add_argument(
        "--scenario", nargs="+", default=["all"], metavar="NAME", help="names, or all (default)"
    )
    verb.add_argument("--draws", type=int, default=20_000, metavar="N", help="default 20000")
    verb.add_argument(
        "--seed", type=int, default=0, metavar="N", help="the same seed gives the same bytes"
    )
    verb.add_argument("--workers", type=int, metavar="N", help="threads, default one a core")
    verb.add_argument(
        "--scheduler", metavar="tcp://HOST:PORT", help="a Dask cluster instead of threads"
    )
    verb.add_argument(
        "--engine", choices=("numpy", "numba"), default="numpy", help="numba needs the extra fast"
    )
    verb.add_argument(
        "--by",
        choices=("quarter", "year"),
        default="year",
        help="rows by year (default) or quarter",
    )
    verb.add_argument("--out", metavar="FILE.nc", help="write all, money too, as NetCDF instead")
    verb.add_argument("--timing", action="store_true", help="instead: gates of proposed lines")
    add_format(verb)


def _backtest(verbs: Verbs) -> None:
    verb = add_verb(verbs, "backtest", _run_backtest, "how good such projections were, and those of others",
                 "examples:\n  energy backtest --models 'seasonal naive' ours --first 2019Q1\n"
                 "  energy backtest --by route\n  energy backtest --league\n  energy backtest --timing\n"
                 "skill is 1 less the CRPS over that of the seasonal naive: below 0 is a loss")  # fmt: skip
    verb.add_argument("--models", nargs="+", metavar="MODEL",
                      help="ours, naive, 'seasonal naive', drift, ETS, ARIMA, contract; default all")  # fmt: skip
    verb.add_argument(
        "--first", default="2016Q1", metavar="QUARTER", help="first origin, default 2016Q1"
    )
    verb.add_argument(
        "--last", metavar="QUARTER", help="last origin, default the last but one with data"
    )
    verb.add_argument("--by", choices=("horizon", "route", "cell"), default="horizon",
                      help="sum by horizon (default), by route, or every cell")  # fmt: skip
    verb.add_argument(
        "--league", action="store_true", help="instead: published forecasts of others, scored"
    )
    verb.add_argument(
        "--timing", action="store_true", help="instead: leave-one-out test of first gas"
    )
    verb.add_argument(
        "--log", action="store_true", help="instead: what each release projected, beside what came"
    )
    add_format(verb)


def _scores(verbs: Verbs) -> None:
    verb = add_verb(verbs, "scores", _run_scores, "dated forecasts, ours and others', beside what came",
                 "examples:\n  energy scores\n  energy scores --by forecast --format csv\n"
                 "  energy scores --submit 2026-11-28-team-model.csv\n  energy scores --out scores.html\n"
                 "a submission holds origin_date, target, location, target_end_date,\n"
                 "output_type, output_type_id, value")  # fmt: skip
    verb.add_argument("--by", choices=("model", "forecast", "open"), default="model",
                      help="sum by target and model (default), every forecast, or chances still open")  # fmt: skip
    verb.add_argument("--submit", metavar="FILE.csv", help="first check and keep a submission")
    verb.add_argument("--out", metavar="FILE.html", help="write the page instead")
    add_format(verb)


def _what_if(verbs: Verbs) -> None:
    verb = add_verb(verbs, "what-if", _run_what_if, "change one thing and set it beside the unchanged control",
                 "examples:\n  energy what-if 'TurkStream 2' --stop 2027-07\n"
                 "  energy what-if power-of-siberia-2 --start 2031 --capacity 50\n"
                 "  energy what-if power-of-siberia-1 --price 200 --only\n  energy what-if --brent 50\n"
                 "control and change share their draws; difference is change less control, draw by draw,\n"
                 "by year: volumes in bcm at 20 °C and revenue in million USD, with P10, P50 and P90")  # fmt: skip
    verb.add_argument("route", metavar="ROUTE", nargs="?", help="any name of a route")
    verb.add_argument("--stop", metavar="PERIOD", help="day or period from which nothing flows")
    verb.add_argument("--start", metavar="PERIOD", help="day or period of first gas")
    numbers = (("capacity", "bcm a year"), ("price", "USD/1000 m3, all gas to the route's market"),
               ("brent", "USD/bbl"), ("ttf", "USD/MMBtu"))  # fmt: skip
    for name, unit in numbers:
        verb.add_argument(f"--{name}", type=float, metavar="X", help=unit)
    verb.add_argument("--scenario", default="baseline", metavar="NAME", help="default baseline")
    verb.add_argument("--until", default="2035", metavar="YEAR", help="last year, default 2035")
    verb.add_argument("--draws", type=int, default=4000, metavar="N", help="default 4000")
    verb.add_argument("--seed", type=int, default=0, metavar="N", help="default 0")
    verb.add_argument(
        "--only",
        action="store_true",
        help="the route, or the routes of a group, alone; default all exports",
    )
    add_format(verb)


VERBS = (_network, _project, _what_if, _backtest, _scores)
PRICES = ("brent", "ttf")
CHANGES = ("stop", "start", "capacity", "price", *PRICES)


def _run_network(options: argparse.Namespace) -> int:
    import energy
    from energy import network

    tracker = energy.load(as_of=options.as_of)
    if options.what == "links":
        return emit(network.links_of(tracker.facts), options.format)
    if len(options.names) > 1 if options.what == "stranded" else not options.names:
        wanted = {
            "stranded": "one period, e.g. 2026Q1, or none",
            "reroute": "a route to shut, e.g. turkstream",
        }
        raise UsageError(f"energy network {options.what} needs {wanted[options.what]}.")
    if options.what == "stranded":
        period = options.names[0] if options.names else None
        table = tracker.network.idle.stranded(period, options.routes).reset_index()
        return emit(table, options.format)
    return emit(tracker.reroute(options.names, options.by, options.links).table(), options.format)


def _run_project(options: argparse.Namespace) -> int:
    import energy
    from energy.publish import layers

    tracker = energy.load(as_of=options.as_of)
    if options.timing:
        return emit(tracker.timing().reset_index(), options.format)
    if options.out and not options.out.endswith(".nc"):
        raise UsageError(
            f"'{options.out}' does not end in .nc; name a file such as projections.nc."
        )
    names = "all" if options.scenario == ["all"] else options.scenario
    result = tracker.project(options.until, names, draws=options.draws, seed=options.seed,
                             workers=options.workers, scheduler=options.scheduler,
                             engine=options.engine, revenue=bool(options.out))  # fmt: skip
    if options.out:
        out(layers.write_netcdf(result, Path(options.out)))
        return 0
    return emit(layers.projection_table(result, options.by), options.format)


def _run_what_if(options: argparse.Namespace) -> int:
    import energy

    tracker = energy.load(as_of=options.as_of)
    if options.only and not options.route:
        raise UsageError("--only shows one route; name it, e.g. energy what-if turkstream-2 …")
    change = {name: getattr(options, name) for name in CHANGES}
    moves_route = any(change[name] is not None for name in CHANGES if name not in PRICES)
    if options.route and not moves_route and not options.only:
        raise UsageError("brent and ttf move every market: leave the route out, or add --only to "
                         "see it alone.")  # fmt: skip
    found = tracker.what_if(options.route if moves_route else None, scenario=options.scenario,
                            until=options.until, draws=options.draws, seed=options.seed,
                            **change)  # fmt: skip
    return emit(found.table(options.route if options.only else None), options.format)


def _run_backtest(options: argparse.Namespace) -> int:
    import energy
    from energy.projection import backtest, timing

    tracker = energy.load(as_of=options.as_of)
    if options.league:
        return emit(tracker.scoring.outside(), options.format)
    if options.timing:
        return emit(timing.coverage(tracker.facts), options.format)
    if options.log:
        return emit(backtest.score_log(backtest.SHIPPED, tracker.facts), options.format)
    if options.by != "cell" and options.models:
        options.models = list(dict.fromkeys([*options.models, "seasonal naive"]))
    scores = tracker.scoring.backtest(options.models, options.first, options.last)
    if options.by == "horizon":
        return emit(backtest.summary(scores).reset_index(), options.format)
    if options.by == "route":
        return emit(backtest.by_route(scores).rename_axis("route").reset_index(), options.format)
    return emit(scores, options.format)


def _run_scores(options: argparse.Namespace) -> int:
    import energy
    from energy import facts
    from energy.projection import scoreboard, standing
    from energy.publish import whole

    tracker = energy.load(as_of=options.as_of)
    if options.submit:
        out(scoreboard.submit(options.submit, facts.home(), standing.places(tracker.facts)))
    scores = tracker.scores()
    if options.out:
        out(whole.write(Path(options.out), scoreboard.page(scores, tracker.edition)))
        return 0
    tables = {"model": scoreboard.board, "forecast": lambda rows: rows, "open": scoreboard.waiting}
    return emit(tables[options.by](scores), options.format)
