"""Verbs that check and take in: check, import, update, diff."""

from __future__ import annotations

import argparse
from pathlib import Path

from energy.cli.command import Verbs, add_format, add_verb, emit, list_faults, out, say, tell
from energy.errors import EnergyError, UsageError


def _check(verbs: Verbs) -> None:
    verb = add_verb(verbs, "check", _run_check, "validate facts, geometry and your own edits; all faults at once",
                 "examples:\n  energy check              the package and $ENERGY_HOME\n"
                 "  energy check --sources    rows whose document, page or date is missing, as a table\n"
                 "  energy check my-facts/    a folder with tables of your own, laid over the package\n"
                 "  energy check --balance    published figures that contradict each other, by whom and why\n"
                 "  energy check --filled     how full the tables are, by part and standing\n"
                 "  energy check --contested  known contradictions, their numbers side by side and the answer\n"
                 "  energy check --totals     markets, countries and plants by year beside the totals printed of them\n"
                 "exit code 1 when anything is wrong; nothing is written")  # fmt: skip
    verb.add_argument(
        "folder",
        nargs="?",
        metavar="DIR",
        help="folder with CSV tables or routes.geojson of your own",
    )
    verb.add_argument("--sources", action="store_true", help="list what a figure's source lacks")
    verb.add_argument(
        "--install",
        action="store_true",
        help="instead: is another energy.py in the way, is an optional package broken?",
    )
    verb.add_argument(
        "--balance",
        action="store_true",
        help="list the figures that the rest of the balance strains or contradicts; exit code 0",
    )
    verb.add_argument(
        "--contested",
        action="store_true",
        help="list the known contradictions, each resolved, explained or open; exit code 0",
    )
    verb.add_argument(
        "--filled",
        action="store_true",
        help="count what is filled: routes, markets, accounts, what was known on time; exit code 0",
    )
    verb.add_argument(
        "--totals",
        action="store_true",
        help="set each market by year beside the company's and ministry's totals; exit code 0",
    )
    add_format(verb)


def _import(verbs: Verbs) -> None:
    verb = add_verb(verbs, "import", _run_import, "take in own tables or figures, or Global Energy Monitor's routes",
                 "examples:\n  energy import facts my-facts/\n  energy import gem GOIT-GGIT-pipeline-routes/\n"
                 "  energy import inbox mine.csv    dated figures for the store; see: energy sources --template\n"
                 "  energy import release.geojson    a file tells by its head what it is\n"
                 "  energy import --undo             takes the last import of facts back\n"
                    "facts: tables as in energy/data, and routes.geojson with the lines of routes of your own;\n"
                    "ids of your own begin with own: (own:1)\n"
                    "kept under $ENERGY_HOME; a fault is reported and nothing is written")  # fmt: skip
    verb.add_argument(
        "kind",
        nargs="?",
        metavar="{facts,gem,inbox,accounts}",
        help="told by the file's head if left out; facts: folder of CSV tables; gem: routes, folder or "
        "release (GeoJSON, GeoPackage, xlsx, CSV); inbox: typed figures, JODI, IEA, Bruegel, AGSI, Pink Sheet; "
        "accounts: a company's statements (filled template, workbook or PDF)",
    )
    verb.add_argument("path", nargs="?", metavar="PATH", help="folder or file to read")
    verb.add_argument("--template", action="store_true", help="accounts: print an empty template")
    verb.add_argument("--title", help="accounts: the document, e.g. 'Gazprom: IFRS 2025'")
    verb.add_argument("--published", metavar="DAY", help="accounts: its day of publication")
    verb.add_argument("--url", default="", help="accounts: its address")
    verb.add_argument("--standard", default="IFRS", help="accounts: IFRS or RAS")
    verb.add_argument("--undo", action="store_true", help="take the last import of facts back")


def _update(verbs: Verbs) -> None:
    verb = add_verb(verbs, "update", _run_update, "the quarterly update: ask the sources, check, publish, rebuild",
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
    verb.add_argument("--accept", metavar="REASON", default="",
                      help="with --apply: let all that is held back through, for this reason; logged")  # fmt: skip
    verb.add_argument("--offline", metavar="DIR", help="replay the answers kept in another store")
    verb.add_argument(
        "--only", metavar="SOURCE", nargs="+", action="extend", help="only these sources"
    )
    add_format(verb)


def _diff(verbs: Verbs) -> None:
    verb = add_verb(verbs, "diff", _run_diff, "what changed between two releases or days, in store and package",
                 "examples:\n  energy diff 2026Q2 2026Q3\n  energy diff 2026-06-30 2026-09-30")  # fmt: skip
    verb.add_argument("a", metavar="A", help="release or day")
    verb.add_argument("b", metavar="B", help="release or day")
    add_format(verb)


def _probe(verbs: Verbs) -> None:
    verb = add_verb(verbs, "probe", _run_probe, "ask every service one small question and tell what drifted",
                 "examples:\n  energy probe       keys, codes, flags and gap marks against the last answers\n"
                 "  energy probe --only ecb cbr\n"
                 "answer and shape are kept in the store; nothing is published\n"
                 "exit code 0 as known, 4 something drifted and is still read, 3 a service failed")  # fmt: skip
    verb.add_argument(
        "--only", metavar="SOURCE", nargs="+", action="extend", help="only these sources"
    )
    verb.add_argument("--offline", metavar="DIR", help="read the probes kept in another store")
    add_format(verb)


VERBS = (_check, _import, _update, _probe, _diff)


def _run_check(options: argparse.Namespace) -> int:
    from energy import build

    if options.sources:
        return _list_gaps(options)
    if options.install:
        return list_faults(build.check_install(options.folder or "."))
    if options.balance or options.contested or options.filled or options.totals:
        import energy

        tracker = energy.load(options.folder, as_of=options.as_of)
        if options.totals:
            return emit(tracker.evidence.totals().round(3), options.format)
        if options.filled:
            return emit(tracker.evidence.filled(), options.format)
        table = tracker.balance() if options.balance else tracker.evidence.contested()
        return emit(table.round(3), options.format)
    if options.folder is None:
        from geodata import net, routes

        say(f"energy: {net.told(routes.load())}")
    return list_faults(build.check(options.folder, options.as_of))


def _list_gaps(options: argparse.Namespace) -> int:
    import energy
    from energy.provenance import gaps

    tables = energy.load(options.folder, as_of=options.as_of).facts
    table = gaps.gaps(tables)
    counts = table["lacks"].str.split(";").explode().value_counts().sort_index()
    rows = gaps.cited(tables)
    said = ", ".join(f"{count} without {what}" for what, count in counts.items())
    say(f"energy: {len(table)} of {rows} figures lack something of their source: {said}")
    if pages := gaps.undated(tables):
        say(f"energy: {pages} more rest on pages that change, dated by the day of reading")
    return emit(table, "csv")


def _run_import(options: argparse.Namespace) -> int:
    from energy import build, facts

    if options.undo:
        if options.kind:
            raise UsageError("--undo takes the last import of facts back; leave the rest out.")
        left = facts.undo()
        say(f"energy: taken back; own files now: {', '.join(left) or 'none'}")
        return 0
    if options.kind == "accounts":
        return _take_accounts(options)
    if options.kind and not options.path and options.kind not in KINDS:
        options.kind, options.path = _kind_of(options.kind), options.kind
    if not (options.kind and options.path):
        raise UsageError("Name what to import and from where, e.g. energy import facts mine/.")
    if options.kind not in KINDS:
        raise UsageError(f"Invalid choice: {options.kind!r}; choose from {', '.join(KINDS)}.")
    if options.kind == "inbox":
        return _take_in(options)
    if options.kind == "gem" and options.as_of:
        raise UsageError("--as-of does not go with gem: its lines carry no date of publication")
    say(f"energy: reading {options.path} …")
    taken = (
        build.import_facts(options.path, options.as_of)
        if options.kind == "facts"
        else build.import_gem(options.path)
    )
    out("\n".join(taken))
    return 0


KINDS = ("facts", "gem", "inbox")


def _kind_of(path: str) -> str:
    """Tell what a file or folder is by its head, and say so."""
    from energy.sources import files, forms

    form = forms.recognise(path)
    kind = {"facts": "facts", "inbox": "inbox"}.get(form.name, "")
    kind = "gem" if form.name in ("gem", "gem-release", "gem-map") else kind
    kind = kind or ("inbox" if form.name in files.SOURCE else "")
    if not kind:
        raise EnergyError(
            f"{path}: {form.words}; none of the forms that are read. See energy import -h."
        )
    say(f"energy: {path} is {form.words}")
    return kind


def _take_accounts(options: argparse.Namespace) -> int:
    from energy.intake import accounts

    if options.template:
        out(accounts.template(options.standard).rstrip("\n"))
        return 0
    if not (options.path and options.title and options.published):
        raise UsageError(
            "energy import accounts needs FILE, --title and --published; or --template"
        )
    taken = accounts.install(options.path, title=options.title, published=options.published,
                             url=options.url, standard=options.standard)  # fmt: skip
    out("\n".join(taken))
    return 0


def _run_update(options: argparse.Namespace) -> int:
    import datetime as dt

    from energy import build
    from energy.intake import update
    from energy.intake.outcome import HELD
    from energy.store import Store

    if options.as_of and (options.apply or options.release_row):
        what = "update --apply" if options.apply else "update --release-row"
        raise UsageError(update.NOW_ONLY.format(what=what))
    if options.offline and not Path(options.offline).is_dir():
        raise UsageError(
            f"--offline {options.offline}: no such folder; name a store with kept answers."
        )
    store = Store.open()
    if options.plan:
        table = update.plan(options.quarter, dt.date.today(), store, options.as_of)
        return emit(table, options.format)
    if options.release_row:
        count = update.let_through(options.release_row, options.reason, store)
        say(f"energy: {count} let through; shown from the next --apply on")
        return 0
    if not options.offline:
        from energy.sources import transport  # noqa: F401  says at once that httpx is missing
    report = update.run(
        options.quarter, "apply" if options.apply else "dry-run", store, offline=options.offline,
        only=options.only, tell=tell, build=build.build,
        as_of=options.as_of,
    )  # fmt: skip
    if options.accept and len(report.doubtful):
        if not options.apply:
            raise UsageError("--accept publishes what was held back: it goes with --apply.")
        count = update.let_through(list(report.doubtful["id"]), options.accept, store)
        say(f"energy: {count} let through ({options.accept}); publishing once more …")
        report = update.run(options.quarter, "apply", store, offline=options.offline,
                            only=options.only, tell=tell, build=build.build)  # fmt: skip
    out(report.note)
    say(f"energy: {report.verdict.word}: {report.verdict.why}")
    return report.code or (HELD if report.verdict.word != "green" else 0)


def _run_probe(options: argparse.Namespace) -> int:
    from energy.intake import probe

    if options.as_of:
        raise UsageError("probe takes no --as-of: it asks what the services answer now.")
    table = probe.probe(only=options.only, offline=options.offline, tell=tell)
    emit(table, options.format)
    return probe.code(table)


def _run_diff(options: argparse.Namespace) -> int:
    from energy.intake import update
    from energy.store import Store, day_of, find_release

    store = Store.open()
    table = update.changes(store, options.a, options.b, options.as_of)
    for name in (options.a, options.b):
        if not find_release(store, name) and (day := str(day_of(store, name))) != name:
            say(f"energy: {name} is no release of this store; taken as {day}")
    if table.empty:
        say("energy: no difference")
    return emit(table, options.format)


def _take_in(options: argparse.Namespace) -> int:
    from energy.intake import update

    doubtful = update.take_in(options.path, tell=tell, as_of=options.as_of)
    if len(doubtful):
        emit(doubtful, "csv")
        return 1
    return 0
