"""Verbs that list the words there are: routes, units, metrics, scenarios, search, completion."""

from __future__ import annotations

import argparse

from energy.cli.command import Parser, Verbs, add_format, add_verb, emit, out

SHELLS = ("bash", "zsh", "fish")
ROUTE_COLUMNS = [
    "route",
    "name",
    "name_ru",
    "name_zh",
    "status",
    "role",
    "from_country",
    "to_country",
]


def _routes(verbs: Verbs) -> None:
    verb = add_verb(verbs, "routes", _run_routes, "every route: id, names, status, from and to",
                    "examples:\n  energy routes\n  energy routes china       those to a market or country\n"
                    "role says what may be added: 'export' routes carry each cubic metre once; strings,\n"
                    "feeders, exits and onward lines carry the same gas again")  # fmt: skip
    verb.add_argument("names", metavar="NAME", nargs="*", help="a route, market or country")
    add_format(verb)


def _units(verbs: Verbs) -> None:
    verb = add_verb(verbs, "units", _run_units, "every unit of flow, and the bases of a cubic metre",
                    "examples:\n  energy units\n  energy flows nord-stream-1 --unit TWh")  # fmt: skip
    add_format(verb)


def _metrics(verbs: Verbs) -> None:
    verb = add_verb(verbs, "metrics", _run_metrics, "every line of Gazprom's accounts that has figures",
                    "examples:\n  energy metrics\n  energy finance --metric net_profit_attributable")  # fmt: skip
    add_format(verb)


def _scenarios(verbs: Verbs) -> None:
    verb = add_verb(verbs, "scenarios", _run_scenarios, "every named scenario and what it answers",
                    "examples:\n  energy scenarios\n  energy project --scenario baseline pos2-signed")  # fmt: skip
    add_format(verb)


def _search(verbs: Verbs) -> None:
    verb = add_verb(verbs, "search", _run_search, "find routes, places, figures, events, sources by word",
                    "examples:\n  energy search chayanda\n  energy search 'турецкий поток'\n"
                    "  energy search net profit")  # fmt: skip
    verb.add_argument("text", metavar="WORD", nargs="+", help="all words must be found")
    add_format(verb)


def _completion(verbs: Verbs) -> None:
    verb = add_verb(verbs, "completion", _run_completion, "a script that lets the shell complete verbs and options",
                    "examples:\n  eval \"$(energy completion bash)\"       put it into ~/.bashrc\n"
                    "  energy completion fish > ~/.config/fish/completions/energy.fish")  # fmt: skip
    verb.add_argument("shell", choices=SHELLS, help="your shell")


VERBS = (_routes, _units, _metrics, _scenarios, _search, _completion)


def _run_routes(options: argparse.Namespace) -> int:
    import energy

    t = energy.load(as_of=options.as_of)
    table = t.facts["routes"][ROUTE_COLUMNS]
    if options.names:
        table = table.set_index("route").loc[t.names(options.names)].reset_index()
    return emit(table, options.format)


def _run_units(options: argparse.Namespace) -> int:
    import pandas as pd

    from energy.measure import units

    rows = [("unit", name, kind) for name, kind in units.UNITS.items()]
    rows += [("basis", name, text) for name, text in units.BASES.items()]
    return emit(pd.DataFrame(rows, columns=["what", "name", "kind"]), options.format)


def _run_metrics(options: argparse.Namespace) -> int:
    import energy

    table = energy.load(as_of=options.as_of).facts["financials"]
    found = table.groupby(["metric", "standard", "unit"], sort=True).agg(
        first=("period", "min"), last=("period", "max"), figures=("id", "size")
    )
    return emit(found.reset_index(), options.format)


def _run_scenarios(options: argparse.Namespace) -> int:
    import energy

    return emit(energy.load(as_of=options.as_of).ahead.scenarios(), options.format)


def _run_search(options: argparse.Namespace) -> int:
    import energy

    return emit(energy.load(as_of=options.as_of).search(" ".join(options.text)), options.format)


def _run_completion(options: argparse.Namespace) -> int:
    from energy.cli import parser

    top = parser()
    verbs = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction)).choices
    out(_SCRIPTS[options.shell]({name: _options(verb) for name, verb in verbs.items()}))
    return 0


def _options(verb: Parser) -> list[str]:
    return sorted(text for text in verb._option_string_actions if text.startswith("--"))


def _bash(verbs: dict[str, list[str]]) -> str:
    cases = "\n".join(f"    {name}) words='{' '.join(words)}' ;;" for name, words in verbs.items())
    return f"""\
_energy() {{
  local words here=${{COMP_WORDS[COMP_CWORD]}}
  case ${{COMP_WORDS[1]}} in
{cases}
  esac
  [ "$COMP_CWORD" -eq 1 ] && words='{" ".join(verbs)}'
  COMPREPLY=($(compgen -W "$words" -- "$here"))
}}
complete -o default -F _energy energy"""


def _zsh(verbs: dict[str, list[str]]) -> str:
    return "autoload -U +X bashcompinit && bashcompinit\n" + _bash(verbs)


def _fish(verbs: dict[str, list[str]]) -> str:
    lines = [f"complete -c energy -n __fish_use_subcommand -f -a '{' '.join(verbs)}'"]
    lines += [
        f"complete -c energy -n '__fish_seen_subcommand_from {name}' -l {word.removeprefix('--')}"
        for name, words in verbs.items()
        for word in words
    ]
    return "\n".join(lines)


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
