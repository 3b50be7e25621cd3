"""The command ``energy``: one verb per public function, data to stdout, talk to stderr.

Exit codes: 0 fine, 1 a fault in the data or files, 2 wrong usage, 3 a source failed and the rest
stands, 4 figures are held back or a service drifted; 130 and 143 stopped by Ctrl-C or TERM. Heavy
packages are imported by the verb that needs them, so that ``energy --help`` answers at once.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from energy import __version__
from energy.cli import ahead, figures, intake, maps, money, service, store, words
from energy.cli.command import Parser, say, wide
from energy.cli.faults import code_of, prepare, silence, spoken
from energy.cli.terminal import progress
from energy.errors import UsageError
from geodata.arguments import alike

EPILOG = """\
start here:
  energy build out            map, layers, cube and summary into the folder out/
  energy routes               every route with its id; energy search WORD finds the rest
  energy flows blue-stream    quarterly flow of one route: a table here, CSV into a file or pipe
  energy cite V0123           the document behind a figure

Every verb has examples of its own: energy flows --help
Own rows lie in $ENERGY_HOME/facts (see: energy import facts --help).
What was known on a day: --as-of 2023-06-30 (or a release such as 2026Q3) on every verb.
exit codes: 0 fine, 1 a fault in data or files, 2 wrong usage, 3 a source failed, the rest stands,
4 figures are held back, or a service answers in another shape"""

ELSEWHERE = {
    "stranded": "network stranded", "reroute": "network reroute", "idle": "network stranded",
    "timing": "project", "fan": "project", "market": "exports", "markets": "exports",
    "price": "netback", "prices": "netback", "explain": "cite", "bridge": "finance --bridge YEAR",
    "layers": "export", "statement": "finance", "undo": "import --undo", "plan": "update QUARTER --plan",
}  # fmt: skip
"""Words of the tracker and of users that are no verbs, with the verb that answers."""

VERBS = (
    *maps.VERBS,
    *figures.VERBS,
    *money.VERBS,
    *ahead.VERBS,
    *words.VERBS,
    *intake.VERBS,
    *store.VERBS,
    *service.VERBS,
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb and return its exit code."""
    asked = list(sys.argv[1:] if argv is None else argv)
    top = parser()
    if not asked:
        top.print_help()
        return 0
    if (hint := _unknown_verb(asked[0])) is not None:
        return say(hint, 2)
    options, rest = top.parse_known_args(asked)
    if rest:
        return say(f"{options.usage.format_usage()}energy: {_unknown_option(rest[0], options)}", 2)
    return _run(options, " ".join(asked))


def _run(options: argparse.Namespace, asked: str) -> int:
    """Run the verb; whatever goes wrong is told in one sentence with its code."""
    prepare()
    try:
        with progress(asked, _durations_file):
            code = int(options.run(options) or 0)
        sys.stdout.flush()
    except UsageError as error:
        return say(f"{options.usage.format_usage()}energy: {error}", 2)
    except BaseException as error:  # also Ctrl-C: the sentence and the code are ours to choose
        sentence = spoken(error)
        if sentence is None:
            raise
        silence()
        return say(sentence, code_of(error)) if sentence else code_of(error)
    return code


def _durations_file() -> Path:
    """Return the file that keeps how long each command took."""
    from energy.facts import kept

    return kept.folder() / "durations.json"


def parser() -> Parser:
    """Return the whole command line.

    Examples
    --------
    >>> parser().prog
    'energy'
    """
    top = Parser(
        prog="energy",
        description="Russian gas by pipeline: flows, money, geometry and maps, with a source "
        "behind every number.",
        epilog=EPILOG,
        formatter_class=wide,
    )
    top.add_argument("--version", action="version", version=f"energy {__version__}")
    verbs = top.add_subparsers(title="verbs", metavar="VERB", required=True)
    for add in VERBS:
        add(verbs)
    return top


def _unknown_verb(word: str) -> str | None:
    """Return what to say of a first word that is no verb; None if it is one, or an option."""
    known = verb_names()
    if word.startswith("-") or word in known:
        return None
    if word in ELSEWHERE:
        return f"energy: Unknown verb {word!r}; it is: energy {ELSEWHERE[word]}"
    near = alike(word, known, 3)
    hint = f"did you mean: {', '.join(near)}?" if near else "energy --help lists the verbs."
    return f"energy: Unknown verb {word!r}; {hint}"


def _unknown_option(word: str, options: argparse.Namespace) -> str:
    if not word.startswith("-"):
        return f"Word {word!r} is one too many for energy {options.verb}."
    known = [text for text in options.usage._option_string_actions if text.startswith("--")]
    near = alike(word.partition("=")[0], known, 3)
    hint = f"did you mean: {', '.join(near)}?" if near else f"known: {', '.join(known)}."
    return f"Unknown option {word!r} of energy {options.verb}; {hint}"


def verb_names() -> list[str]:
    """Return the names of all verbs.

    >>> "flows" in verb_names()
    True
    """
    return [name.__name__.strip("_").replace("_", "-") for name in VERBS]
