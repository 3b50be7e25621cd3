"""Verbs that draw and write: build, site, map, plot, export."""

from __future__ import annotations

import argparse

from energy.cli.command import Parser, Verbs, add_verb, list_faults, out, say, tell
from energy.errors import UsageError


def _build(verbs: Verbs) -> None:
    verb = add_verb(verbs, "build", _run_build, "the main job: map, layers, cube and summary into a folder",
                 "writes OUT/atlas.html, OUT/layers/, OUT/flows.nc and OUT/summary.md, for example:\n"
                 "  energy build out && xdg-open out/atlas.html\n"
                 "with --dated the layers go to OUT/layers/DATE/, and a copy to OUT/layers/latest/")  # fmt: skip
    verb.add_argument("out", metavar="OUT", help="folder to write to; made where missing")
    _dated(verb)


def _site(verbs: Verbs) -> None:
    verb = add_verb(verbs, "site", _run_site, "a static web site: atlas, a page a route and market, files, feed",
                 "a folder of its own, for any web host or a double click:\n"
                 "  energy site public\n  energy site public --base https://example.org/gas/\n"
                 "home with the headline, the atlas, a page for each route, market and country, layers and series\n"
                 "under latest/ and DATE/ (CSV, Parquet, metadata), catalogues (Frictionless, DCAT), an Atom feed;\n"
                 "editions of other dates stay; a folder with files of others is refused")  # fmt: skip
    verb.add_argument("out", metavar="OUT", help="folder of the site; made where missing")
    verb.add_argument(
        "--base", metavar="URL", help="address the site will have: adds sitemap.xml and canonical"
    )
    verb.add_argument("--projections", action=argparse.BooleanOptionalAction,
                      help="what may come too, in atlas and layers (default)")  # fmt: skip


def _map(verbs: Verbs) -> None:
    verb = add_verb(verbs, "map", _run_map, "one self-contained interactive map page",
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


def _plot(verbs: Verbs) -> None:
    verb = add_verb(verbs, "plot", _run_plot, "a picture for paper or slide: one period, several, or moving",
                 "examples:\n  energy plot map.svg                       the newest quarter of which most is known\n"
                 "  energy plot map.png 2025Q4\n  energy plot years.png 2019 2021 2022 2025\n"
                 "  energy plot years.gif                     every calendar year, one after the other\n"
                 "equal-area, so that Siberia is not blown up; .svg .png .pdf stand, .gif .webp move")  # fmt: skip
    verb.add_argument("out", metavar="OUT", help="file to write; its suffix says what is drawn")
    verb.add_argument("periods", metavar="PERIOD", nargs="*", help="e.g. 2025Q4, 2024, GY2024")


def _export(verbs: Verbs) -> None:
    verb = add_verb(verbs, "export", _run_export, "GeoJSON, GeoParquet, FlatGeobuf, GeoPackage and NetCDF layers",
                 "routes, quarterly flows and projections, hubs and events, each with licence and field dictionary:\n"
                 "  energy export layers/\n  energy export --dated layers/     into layers/DATE/ and layers/latest/\n"
                 "  energy export gis/ --format shp,kml    Shapefile and KML; fields.csv says what each field means\n"
                 "  energy export tables/ --format xlsx,csv --bom    for a spreadsheet\n"
                 "  energy export --check layers/     was a folder changed since, or is something amiss in it?\n"
                 "styles for QGIS (.qml) and kepler.gl (.kepler.json) lie beside the files they are for")  # fmt: skip
    verb.add_argument("out", metavar="DIR", help="folder to write to; made where missing")
    _dated(verb)
    verb.add_argument(
        "--check",
        action="store_true",
        help="write nothing: compare DIR with its checksums, its schema and RFC 7946",
    )
    verb.add_argument("--format", dest="formats", type=_forms, action="extend", metavar="FORMS",
                      help="shp, kml, xlsx or csv instead; several with commas")  # fmt: skip
    verb.add_argument("--bom", action="store_true", help="mark CSV as UTF-8, as Excel wants it")
    verb.add_argument("--projections", action=argparse.BooleanOptionalAction, help="the projected quarters "
                      "of every scenario too (default)")  # fmt: skip


def _forms(text: str) -> list[str]:
    return [form.strip().lower() for form in text.split(",") if form.strip()]


def _dated(verb: Parser) -> None:
    verb.add_argument(
        "--dated", action="store_true", help="into a folder named by date, and into latest/"
    )


VERBS = (_build, _site, _map, _plot, _export)


def _run_build(options: argparse.Namespace) -> int:
    from energy import build

    made = build.build(options.out, tell, options.as_of, options.dated)
    say(f"energy: done; open {made['map']}")
    out("\n".join(str(path) for path in made.values()))
    return 0


def _run_site(options: argparse.Namespace) -> int:
    import energy

    maps = energy.load(as_of=options.as_of).maps
    files = maps.site(options.out, options.base, options.projections, tell=tell)
    pages = sum(path.suffix == ".html" for path in files)
    size = sum(path.stat().st_size for path in files) / 1e6
    say(f"energy: done, {pages} pages and {len(files) - pages} other files, {size:.1f} MB")
    out(f"{options.out.rstrip('/')}/index.html")
    return 0


def _run_map(options: argparse.Namespace) -> int:
    import energy
    from energy import build

    if options.gem and options.as_of:
        raise UsageError("--as-of does not go with --gem: its lines carry no date of publication")
    if options.attributes and not options.gem:
        raise UsageError("--attributes says more of the lines of --gem PATH; name that folder too")
    build.check_page(options.out)
    if not options.gem:
        out(build.write_map(energy.load(as_of=options.as_of).map(), options.out))
        return 0
    say(f"energy: reading {options.gem} …")
    page, faults = build.write_world(options.gem, options.out, options.attributes)
    for fault in faults:
        say(f"energy: not read: {fault}")
    out(page)
    return 0


def _run_plot(options: argparse.Namespace) -> int:
    from energy import build

    out(build.write_picture(options.out, options.periods, options.as_of))
    return 0


def _run_export(options: argparse.Namespace) -> int:
    import energy

    if options.check:
        from energy.publish import styles

        if options.as_of:
            raise UsageError("--as-of does not go with --check: a folder is judged as it lies")
        if options.dated:
            raise UsageError("--check writes nothing; leave --dated out")
        if options.formats or options.bom:
            raise UsageError("--check writes nothing; leave --format and --bom out")
        return list_faults(styles.check_folder(options.out))
    say("energy: writing layers …")
    written = energy.load(as_of=options.as_of).export(
        options.out, dated=options.dated, projection=options.projections,
        formats=options.formats, bom=options.bom,
    )  # fmt: skip
    out("\n".join(str(path) for path in written))
    return 0
