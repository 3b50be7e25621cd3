"""The command ``energy``: one verb per public function, data to stdout, talk to stderr.

Exit codes: 0 fine, 1 a fault in the data or files, 2 wrong usage, 3 a source failed and the rest
stands. Heavy packages are imported by the verb that needs them, so that ``energy --help`` answers
at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from energy import __version__
from energy.errors import EnergyError, PeriodError, UnitError, UnknownName

FORMATS = ("csv", "json", "parquet")
EPILOG = """\
start here:
  energy build out            map, layers, cube and summary into the folder out/
  energy flows blue-stream    quarterly flow of one route, as CSV on stdout
  energy cite V0123           the document behind a figure

Every verb has examples of its own: energy flows --help
Own rows lie in $ENERGY_HOME/facts (see: energy import facts --help).
What was known on a day: --as-of 2023-06-30 (or a release such as 2026Q3) on every verb.
exit codes: 0 fine, 1 a fault in data or files, 2 wrong usage, 3 a source failed, the rest stands"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    options = parser().parse_args(argv)
    try:
        options.run(options)
    except (UnknownName, PeriodError, UnitError) as error:
        return _say(f"energy: {error}", 2)
    except EnergyError as error:
        return _say(f"energy: {error}", 1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception as error:
        if not _is_geodata(error):
            raise
        return _say(f"energy: {error}", 1)
    return options.code


def _is_geodata(error: Exception) -> bool:
    """Tell an error of ``geodata`` without importing it at start-up."""
    return any(kind.__module__ == "geodata.errors" for kind in type(error).__mro__)


def _say(text: str, code: int = 0) -> int:
    print(text, file=sys.stderr)
    return code


def parser() -> argparse.ArgumentParser:
    """Return the whole command line."""
    top = argparse.ArgumentParser(
        prog="energy",
        description="Russian gas by pipeline: flows, money, geometry and maps, with a source "
        "behind every number.",
        epilog=EPILOG,
        formatter_class=_wide,
    )
    top.add_argument("--version", action="version", version=f"energy {__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in (
        _build, _map, _plot, _export, _flows, _finance, _netback, _economics, _mirror, _network,
        _project, _backtest, _sources, _cite, _check, _import, _update, _diff,
    ):  # fmt: skip
        add(verbs)
    return top


def _wide(prog: str) -> argparse.HelpFormatter:
    """Keep each verb and its help on one line.

    argparse measures verbs without their deeper indent (3.11 to 3.13), so the longest one would
    push its help to the next line.
    """
    made = argparse.RawDescriptionHelpFormatter(prog)
    made._action_max_length = len("    economics")
    return made


def _verb(verbs, name: str, run: Callable, short: str, example: str) -> argparse.ArgumentParser:
    """Add a verb with a one-line help and a worked example."""
    verb = verbs.add_parser(
        name,
        help=short,
        description=short[0].upper() + short[1:] + ".",
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.set_defaults(run=run, code=0, as_of=None, fail=verb.error)
    verb.add_argument("--as-of", metavar="DATE", help="only what was known then: day or release")
    return verb


def _build(verbs) -> None:
    verb = _verb(verbs, "build", _run_build, "the main job: map, layers, cube and summary into a folder",
                 "writes OUT/atlas.html, OUT/layers/, OUT/flows.nc and OUT/summary.md, for example:\n"
                 "  energy build out && xdg-open out/atlas.html\n"
                 "with --dated the layers go to OUT/layers/DATE/, and a copy to OUT/layers/latest/")  # fmt: skip
    verb.add_argument("out", metavar="OUT", help="folder to write to; made where missing")
    _dated(verb)


def _map(verbs) -> None:
    verb = _verb(verbs, "map", _run_map, "one self-contained interactive map page",
                 "the page needs no network and no server:\n  energy map atlas.html\n"
                 "every gas pipeline of the world, from your copy of Global Energy Monitor's route folder:\n"
                 "  energy map --gem GOIT-GGIT-pipeline-routes/ world.html\n"
                 "  energy map --gem GOIT-GGIT-pipeline-routes/ --attributes GGIT.xlsx world.html")  # fmt: skip
    verb.add_argument("out", metavar="OUT.html", help="file to write")
    verb.add_argument(
        "--gem", metavar="PATH", help="folder of P*.geojson files: draw every pipeline in it"
    )
    verb.add_argument(
        "--attributes",
        metavar="FILE",
        help="CSV or Excel with names, status, owner of each (--gem)",
    )


def _plot(verbs) -> None:
    verb = _verb(verbs, "plot", _run_plot, "a static picture for paper or slide: one period, several, or an animation",
                 "examples:\n  energy plot map.svg                       the newest quarter of which most is known\n"
                 "  energy plot map.png 2025Q4\n  energy plot years.png 2019 2021 2022 2025\n"
                 "  energy plot years.gif                     every calendar year, one after the other\n"
                 "equal-area, so that Siberia is not blown up; .svg .png .pdf stand, .gif .webp move")  # fmt: skip
    verb.add_argument("out", metavar="OUT", help="file to write; its suffix says what is drawn")
    verb.add_argument("periods", metavar="PERIOD", nargs="*", help="e.g. 2025Q4, 2024, GY2024")


def _export(verbs) -> None:
    verb = _verb(verbs, "export", _run_export, "GeoJSON, GeoParquet, FlatGeobuf, GeoPackage and NetCDF layers",
                 "routes, quarterly flows and projections, hubs and events, each with licence and field dictionary:\n"
                 "  energy export layers/\n  energy export --dated layers/     into layers/DATE/ and layers/latest/\n"
                 "  energy export --check layers/     was a folder changed since, or is something amiss in it?\n"
                 "styles for QGIS (.qml) and kepler.gl (.kepler.json) lie beside the files they are for")  # fmt: skip
    verb.add_argument("out", metavar="DIR", help="folder to write to; made where missing")
    _dated(verb)
    verb.add_argument(
        "--check",
        action="store_true",
        help="write nothing: compare DIR with its checksums, its schema and RFC 7946",
    )
    verb.add_argument("--projections", action=argparse.BooleanOptionalAction, help="the projected quarters "
                      "of every scenario too; default where the extra timing is installed")  # fmt: skip


def _dated(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--dated", action="store_true", help="into a folder named by date, and into latest/"
    )


def _flows(verbs) -> None:
    verb = _verb(verbs, "flows", _run_flows, "flow, capacity, utilisation, price and revenue by route and period",
                 "examples:\n  energy flows power-of-siberia-1 --from 2024Q1\n"
                 "  energy flows --freq A --unit TWh --format json\n"
                 "flow is positive in the route's direction; an empty cell is not known, 0 is measured\n"
                 "or stated zero; status 'estimate' marks a figure spread by a seasonal profile")  # fmt: skip
    verb.add_argument(
        "routes", metavar="ROUTE", nargs="*", help="route ids; default all with a figure"
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
    _format(verb)


def _finance(verbs) -> None:
    verb = _verb(verbs, "finance", _run_finance, "Gazprom's statements, or the bridge from routes to accounts",
                 "examples:\n  energy finance --standard IFRS --metric net_profit_attributable\n"
                 "  energy finance --bridge 2021\n"
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
    _format(verb)


def _mirror(verbs) -> None:
    verb = _verb(verbs, "mirror", _run_mirror, "every source for one flow, and the gap between them by cause",
                 "examples:\n  energy mirror turkstream-2 2026-01\n  energy mirror china 2024 --unit 'million USD'\n"
                 "  energy mirror --league kind\n"
                 "parts add up to the gap; the last row is our estimate, not a measurement")  # fmt: skip
    verb.add_argument("name", nargs="?", metavar="ROUTE|MARKET", help="e.g. blue-stream, turkey")
    verb.add_argument("period", nargs="?", metavar="PERIOD", help="e.g. 2024, 2025Q1, 2026-01")
    verb.add_argument("--unit", default="bcm", help="bcm (default), TWh, million USD")
    verb.add_argument("--basis", help="20C (default), 15C, 0C, 15C-40MJ, GCV")
    verb.add_argument(
        "--league", choices=("source", "kind"), help="bias and noise over all routes and years"
    )
    _format(verb)


def _network(verbs) -> None:
    verb = _verb(verbs, "network", _run_network, "idle pipes, and what the others can take when some are shut",
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
        default="2026-03-31",
        metavar="DATE",
        help="reroute: day or year, its last day counts",
    )
    verb.add_argument(
        "--links", nargs="*", default=[], metavar="LINK", help="reroute: scenario links that exist"
    )
    verb.add_argument("--routes", nargs="*", metavar="ROUTE", help="stranded: only these routes")
    _format(verb)


def _project(verbs) -> None:
    verb = _verb(verbs, "project", _run_project, "what may come: flow of each route as quantiles, by scenario",
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
    _format(verb)


def _backtest(verbs) -> None:
    verb = _verb(verbs, "backtest", _run_backtest, "how good such projections were, and those of others",
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
    _format(verb)


def _netback(verbs) -> None:
    verb = _verb(verbs, "netback", _run_netback, "what is left of the border price of a route at the field",
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
    _format(verb)


def _economics(verbs) -> None:
    verb = _verb(verbs, "economics", _run_economics, "NPV, IRR and break-even price of proposed lines",
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
    _format(verb)


def _sources(verbs) -> None:
    verb = _verb(verbs, "sources", _run_sources, "every source with its terms",
                 "examples:\n  energy sources --format json\n"
                 "  energy sources --template > mine.csv     a file for figures typed by hand")  # fmt: skip
    verb.add_argument(
        "--template", action="store_true", help="print an empty CSV for: energy import inbox FILE"
    )
    _format(verb)


def _cite(verbs) -> None:
    verb = _verb(verbs, "cite", _run_cite, "the document behind a figure, and why it was taken",
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
    _format(verb)


def _check(verbs) -> None:
    verb = _verb(verbs, "check", _run_check, "validate facts, geometry and your own edits; all faults at once",
                 "examples:\n  energy check              the package and $ENERGY_HOME\n"
                 "  energy check my-facts/    a folder with tables of your own, laid over the package\n"
                 "exit code 1 when anything is wrong; nothing is written")  # fmt: skip
    verb.add_argument(
        "folder",
        nargs="?",
        metavar="DIR",
        help="folder with CSV tables or routes.geojson of your own",
    )


def _import(verbs) -> None:
    verb = _verb(verbs, "import", _run_import, "take in own tables or figures, or Global Energy Monitor's routes",
                 "examples:\n  energy import facts my-facts/\n  energy import gem GOIT-GGIT-pipeline-routes/\n"
                 "  energy import inbox mine.csv    dated figures for the store; see: energy sources --template\n"
                 "kept under $ENERGY_HOME; a fault is reported and nothing is written")  # fmt: skip
    verb.add_argument(
        "kind",
        choices=("facts", "gem", "inbox"),
        help="facts: folder of CSV tables; gem: folder of P*.geojson files; inbox: a CSV file",
    )
    verb.add_argument("path", metavar="PATH", help="folder or file to read")


def _update(verbs) -> None:
    verb = _verb(verbs, "update", _run_update, "the quarterly update: ask the sources, check, publish, rebuild",
                 "examples:\n  energy update 2026Q3 --plan       what is due, what would be asked; no network\n"
                 "  energy update 2026Q3 --dry-run    fetch, check, show the changes; publish nothing\n"
                 "  energy update 2026Q3 --apply      publish, rebuild map and layers, tag the release\n"
                 "  energy update 2026Q3 --release-row Q12ab… --reason 'confirmed by the operator'\n"
                 "a killed run goes on where it was; routine and faults: notebooks/UPDATE.md")  # fmt: skip
    verb.add_argument("quarter", metavar="QUARTER", help="e.g. 2026Q3; it must be over")
    what = verb.add_mutually_exclusive_group(required=True)
    what.add_argument("--plan", action="store_true", help="what would be asked; no network")
    what.add_argument("--dry-run", action="store_true", help="all but publishing")
    what.add_argument("--apply", action="store_true", help="publish and rebuild")
    what.add_argument("--release-row", metavar="ID", nargs="+", help="let refused rows through")
    verb.add_argument("--reason", default="", help="why a refused row is right")
    verb.add_argument("--offline", metavar="DIR", help="replay the answers kept in another store")
    verb.add_argument(
        "--only", metavar="SOURCE", nargs="+", action="extend", help="only these sources"
    )
    _format(verb)


def _diff(verbs) -> None:
    verb = _verb(verbs, "diff", _run_diff, "what changed between two releases or days of the store",
                 "examples:\n  energy diff 2026Q2 2026Q3\n  energy diff 2026-06-30 2026-09-30")  # fmt: skip
    verb.add_argument("a", metavar="A", help="release or day")
    verb.add_argument("b", metavar="B", help="release or day")
    _format(verb)


def _format(verb: argparse.ArgumentParser) -> None:
    verb.add_argument(
        "--format", choices=FORMATS, default="csv", help="form of the output (default csv)"
    )


def _run_build(options: argparse.Namespace) -> None:
    from energy import build

    made = build.build(
        options.out, lambda text: _say(f"energy: {text}"), options.as_of, options.dated
    )
    _say(f"energy: done; open {made['map']}")
    print("\n".join(str(path) for path in made.values()))


def _run_map(options: argparse.Namespace) -> None:
    import energy
    from energy import build

    if options.gem and options.as_of:
        options.fail("--as-of does not go with --gem: its lines carry no date of publication")
    if options.attributes and not options.gem:
        options.fail("--attributes says more of the lines of --gem PATH; name that folder too")
    if not options.gem:
        print(build.write_map(energy.load(as_of=options.as_of).map(), options.out))
        return
    _say(f"energy: reading {options.gem} …")
    page, faults = build.write_world(options.gem, options.out, options.attributes)
    for fault in faults:
        _say(f"energy: not read: {fault}")
    print(page)


def _run_plot(options: argparse.Namespace) -> None:
    from energy import build

    print(build.write_picture(options.out, options.periods, options.as_of))


def _run_export(options: argparse.Namespace) -> None:
    import energy

    if options.check:
        from energy.publish import styles

        if options.as_of:
            options.fail("--as-of does not go with --check: a folder is judged as it lies")
        if options.dated:
            options.fail("--check writes nothing; leave --dated out")
        return _faults(options, styles.check_folder(options.out))
    _say("energy: writing layers …")
    written = energy.load(as_of=options.as_of).export(
        options.out, dated=options.dated, projection=options.projections
    )
    print("\n".join(str(path) for path in written))
    return None


def _run_flows(options: argparse.Namespace) -> None:
    import energy
    from energy.publish import layers

    tracker = energy.load(as_of=options.as_of)
    cube = tracker.flows(options.routes or None, options.freq.upper(), options.unit, options.basis,
                         options.first, options.last)  # fmt: skip
    _emit(layers.cube_table(cube), options.format)


def _run_finance(options: argparse.Namespace) -> None:
    import energy

    tracker = energy.load(as_of=options.as_of)
    if options.bridge:
        return _emit(tracker.bridge(options.bridge, options.rate), options.format)
    if options.items:
        return _emit(tracker.money.bridge_items(options.items, options.rate), options.format)
    if options.residuals:
        return _emit(tracker.money.residuals().reset_index(), options.format)
    standard = None if options.standard == "all" else options.standard
    if options.quarters:
        return _emit(tracker.money.quarters(standard, options.metric), options.format)
    return _emit(tracker.financials(standard, options.metric), options.format)


def _run_mirror(options: argparse.Namespace) -> None:
    import energy

    if options.league:
        return _emit(
            energy.load(as_of=options.as_of).evidence.league(options.league).reset_index(),
            options.format,
        )
    if not (options.name and options.period):
        raise PeriodError(
            "Name a route or market and a period, e.g. energy mirror turkey 2024, or use --league kind."
        )
    table = energy.load(as_of=options.as_of).mirror(
        options.name, options.period, options.unit, options.basis
    )
    return _emit(table, options.format)


def _run_network(options: argparse.Namespace) -> None:
    import energy
    from energy import network

    tracker = energy.load(as_of=options.as_of)
    if options.what == "links":
        return _emit(network.links_of(tracker.facts), options.format)
    if not options.names or (options.what == "stranded" and len(options.names) > 1):
        wanted = {
            "stranded": "one period, e.g. 2026Q1",
            "reroute": "a route to shut, e.g. turkstream",
        }
        raise PeriodError(f"energy network {options.what} needs {wanted[options.what]}.")
    if options.what == "stranded":
        table = tracker.network.stranded(options.names[0], options.routes).reset_index()
        return _emit(table, options.format)
    return _emit(tracker.reroute(options.names, options.by, options.links).table(), options.format)


def _run_project(options: argparse.Namespace) -> None:
    import energy
    from energy.publish import layers

    tracker = energy.load(as_of=options.as_of)
    if options.timing:
        return _emit(tracker.timing().reset_index(), options.format)
    if options.out and not options.out.endswith(".nc"):
        raise EnergyError(
            f"'{options.out}' does not end in .nc; name a file such as projections.nc."
        )
    names = "all" if options.scenario == ["all"] else options.scenario
    result = tracker.project(options.until, names, draws=options.draws, seed=options.seed,
                             workers=options.workers, scheduler=options.scheduler,
                             engine=options.engine, revenue=bool(options.out))  # fmt: skip
    if options.out:
        return print(layers.write_netcdf(result, Path(options.out)))
    return _emit(layers.projection_table(result, options.by), options.format)


def _run_backtest(options: argparse.Namespace) -> None:
    import energy
    from energy.projection import backtest, timing

    tracker = energy.load(as_of=options.as_of)
    if options.league:
        return _emit(tracker.ahead.outside(), options.format)
    if options.timing:
        return _emit(timing.coverage(tracker.facts), options.format)
    if options.log:
        return _emit(backtest.score_log(backtest.SHIPPED, tracker.facts), options.format)
    if options.by != "cell" and options.models:
        options.models = list(dict.fromkeys([*options.models, "seasonal naive"]))
    scores = tracker.ahead.backtest(options.models, options.first, options.last)
    if options.by == "horizon":
        return _emit(backtest.summary(scores).reset_index(), options.format)
    if options.by == "route":
        return _emit(backtest.by_route(scores).rename_axis("route").reset_index(), options.format)
    return _emit(scores, options.format)


def _run_netback(options: argparse.Namespace) -> None:
    import energy

    try:
        assumed = {
            name: float(value)
            for name, _, value in (text.partition("=") for text in options.assume)
        }
    except ValueError as error:
        raise UnitError(
            f"--assume takes CHARGE=NUMBER, e.g. export_duty=0, not {options.assume}."
        ) from error
    table = energy.load(as_of=options.as_of).money.netback(
        options.route, options.period, carry=options.carry, assume=assumed
    )
    _emit(table, options.format)


def _run_economics(options: argparse.Namespace) -> None:
    import energy
    from energy.finance import economics

    tracker = energy.load(as_of=options.as_of)
    if (options.inputs or options.tornado) and not options.line:
        raise PeriodError("--inputs and --tornado need a line, e.g. power-of-siberia-2.")
    if options.inputs:
        table = economics.assumptions(
            economics.project(tracker.facts, economics.find(tracker.facts, options.line))
        )
    elif options.tornado:
        table = tracker.money.tornado(options.line)
    else:
        table = tracker.economics(options.line).reset_index()
    _emit(table, options.format)


def _run_sources(options: argparse.Namespace) -> None:
    if options.template:
        from energy.sources import inbox

        sys.stdout.write(inbox.template())
        return
    import energy

    _emit(energy.load(as_of=options.as_of).sources, options.format)


def _run_cite(options: argparse.Namespace) -> None:
    import energy

    ids = options.ids[0] if len(options.ids) == 1 else options.ids
    _emit(energy.load(as_of=options.as_of).cite(ids), options.format)


def _run_check(options: argparse.Namespace) -> None:
    from energy import build

    _faults(options, build.check(options.folder, options.as_of))


def _faults(options: argparse.Namespace, faults: Sequence[str]) -> None:
    """Name every fault; the exit code says whether there is one."""
    for fault in faults:
        _say(f"  - {fault}")
    options.code = 1 if faults else 0
    _say(
        f"energy: {len(faults)} fault{'s' * (len(faults) != 1)} found"
        if faults
        else "energy: no fault found"
    )


def _run_update(options: argparse.Namespace) -> None:
    import datetime as dt

    from energy import build
    from energy.intake import update
    from energy.store import Store

    if options.as_of and (options.apply or options.release_row):
        what = "update --apply" if options.apply else "update --release-row"
        options.fail(update.NOW_ONLY.format(what=what))
    store = Store.open()
    if options.plan:
        table = update.plan(options.quarter, dt.date.today(), store, options.as_of)
        _emit(table, options.format)
        return
    if options.release_row:
        count = update.release_rows(options.release_row, options.reason, store)
        _say(f"energy: {count} let through; shown from the next --apply on")
        return
    report = update.run(
        options.quarter, "apply" if options.apply else "dry-run", store, offline=options.offline,
        only=options.only, tell=lambda text: _say(f"energy: {text}"), build=build.build,
        as_of=options.as_of,
    )  # fmt: skip
    print(report.note)
    options.code = report.code


def _run_diff(options: argparse.Namespace) -> None:
    from energy.intake import update
    from energy.store import Store

    table = update.changes(Store.open(), options.a, options.b, options.as_of)
    _emit(table, options.format)


def _take_in(options: argparse.Namespace) -> None:
    from energy.intake import update

    doubtful = update.take_in(
        options.path, tell=lambda text: _say(f"energy: {text}"), as_of=options.as_of
    )
    if len(doubtful):
        _emit(doubtful, "csv")
        options.code = 1


def _run_import(options: argparse.Namespace) -> None:
    from energy import build

    if options.kind == "inbox":
        _take_in(options)
        return
    if options.kind == "gem" and options.as_of:
        options.fail("--as-of does not go with gem: its lines carry no date of publication")
    _say(f"energy: reading {options.path} …")
    taken = (
        build.import_facts(options.path, options.as_of)
        if options.kind == "facts"
        else build.import_gem(options.path)
    )
    print("\n".join(taken))


def _emit(table, form: str) -> None:
    """Write a table to stdout as CSV, JSON records or Parquet bytes."""
    if form == "csv":
        table.to_csv(sys.stdout, index=False)
    elif form == "json":
        print(table.to_json(orient="records", force_ascii=False, indent=1, date_format="iso"))
    else:
        _need_pyarrow()
        table.to_parquet(sys.stdout.buffer, index=False)


def _need_pyarrow() -> None:
    from importlib.util import find_spec

    from energy.errors import MissingExtra

    if find_spec("pyarrow") is None:
        raise MissingExtra(
            "Parquet needs pyarrow: pip install 'energy-trade-tracker[parquet]', or use --format csv."
        )


if __name__ == "__main__":
    sys.exit(main())
