"""What all verbs share: how one is added, and how a table or a sentence goes out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from energy.cli.terminal import make_room
from energy.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import pandas as pd

Verbs: TypeAlias = "argparse._SubParsersAction[Parser]"
FORMATS = ("table", "csv", "json", "parquet")
DIGITS = 12  # of a printed number: what floats add beyond is noise of the computer
LONGEST_VERB = "    completion"


class Parser(argparse.ArgumentParser):
    """A parser that shows the usage of the verb and takes no shortened options.

    Examples
    --------
    >>> top = Parser(prog="energy")
    >>> _ = top.add_argument("--format")
    >>> top.parse_args(["--format", "csv"]).format
    'csv'
    """

    def __init__(self, **more: Any):
        super().__init__(**more | {"allow_abbrev": False})


def wide(prog: str) -> argparse.HelpFormatter:
    """Keep each verb and its help on one line.

    argparse measures verbs without their deeper indent (3.11 to 3.13), so the longest one would
    push its help to the next line.
    """
    made = argparse.RawDescriptionHelpFormatter(prog)
    made._action_max_length = len(LONGEST_VERB)
    return made


def add_verb(
    verbs: Verbs, name: str, run: Callable[..., int | None], short: str, example: str
) -> Parser:
    """Add a verb with a one-line help and a worked example.

    Examples
    --------
    >>> verbs = Parser(prog="energy").add_subparsers()
    >>> verb = add_verb(verbs, "flows", print, "flows of a route", "energy flows blue-stream")
    >>> verb.parse_args(["--as-of", "2025"]).as_of
    '2025'
    """
    verb = verbs.add_parser(
        name,
        help=short,
        description=short[0].upper() + short[1:] + ".",
        epilog=example,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verb.set_defaults(run=run, verb=name, as_of=None, usage=verb)
    verb.add_argument("--as-of", metavar="DATE", help="only what was known then: day or release")
    return verb


def add_format(verb: Parser) -> None:
    """Add the form of the output.

    Examples
    --------
    >>> verb = Parser(prog="energy flows")
    >>> add_format(verb)
    >>> verb.parse_args(["--json"]).format
    'json'
    """
    verb.add_argument("--format", choices=FORMATS, help="form of the output; default a table on a "
                      "terminal, csv into a file or pipe")  # fmt: skip
    verb.add_argument(
        "--json", dest="format", action="store_const", const="json", help=argparse.SUPPRESS
    )


def say(text: str, code: int = 0) -> int:
    """Write a sentence to stderr; return the exit code.

    Examples
    --------
    >>> say("energy: no fault found", 3)
    3
    """
    make_room()
    print(text, file=sys.stderr)
    return code


def out(text: object) -> None:
    """Write a result to stdout.

    Examples
    --------
    >>> out("15.9 bcm")
    15.9 bcm
    """
    make_room(for_good=True)
    print(text)


def tell(text: str) -> None:
    """Write a line of progress to stderr."""
    say(f"energy: {text}")


def list_faults(faults: Sequence[str]) -> int:
    """Name every fault; the exit code says whether there is one.

    Examples
    --------
    >>> list_faults(["volumes.csv row 2: a slip"])
    1
    """
    for fault in faults:
        say(f"  - {fault}")
    if not faults:
        return say("energy: no fault found")
    return say(f"energy: {len(faults)} fault{'s' * (len(faults) != 1)} found", 1)


def emit(table: pd.DataFrame, form: str | None) -> int:
    """Write a table to stdout: for people on a terminal, else CSV, JSON records or Parquet bytes.

    Examples
    --------
    >>> import pandas as pd
    >>> emit(pd.DataFrame({"route": ["blue-stream"], "bcm": [15.9]}), "csv")
    route,bcm
    blue-stream,15.9
    0
    """
    make_room(for_good=True)
    form = form or ("table" if sys.stdout.isatty() else "csv")
    if form == "table":
        from energy.cli.terminal import show

        show(table)
    elif form == "csv":
        from energy.measure.sheets import safe

        safe(rounded(table)).to_csv(sys.stdout, index=False, float_format=f"%.{DIGITS}g")
    elif form == "json":
        text = rounded(table).to_json(
            orient="records",
            force_ascii=False,
            indent=1,
            date_format="iso",
            double_precision=DIGITS,
        )
        print(text)
    else:
        _write_parquet(table)
    return 0


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose numbers are as they are meant: 15.4, not 15.399999999999999.

    >>> import pandas as pd
    >>> rounded(pd.DataFrame({"x": [983.7999999999997, "–"]}))["x"].tolist()
    [983.8, '–']
    """
    made = table.copy()
    for column in made.columns[[dtype.kind in "fO" for dtype in made.dtypes]]:
        made[column] = [_meant(value) for value in made[column]]
    return made


def _meant(value: Any) -> Any:
    return float(f"{value:.{DIGITS}g}") if isinstance(value, float) and value == value else value


def _write_parquet(table: pd.DataFrame) -> None:
    from importlib.util import find_spec

    if find_spec("pyarrow") is None:
        raise MissingExtra("Parquet needs pyarrow: pip install pyarrow, or use --format csv.")
    if sys.stdout.isatty():
        raise UsageError("Parquet is bytes, not for a terminal: add > file.parquet.")
    table.to_parquet(sys.stdout.buffer, index=False)
