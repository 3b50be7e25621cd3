"""Faults of the operating system, and of our own, in one sentence with the right exit code."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import signal
import sys
import warnings
from types import FrameType
from typing import TextIO

from energy.errors import EnergyError, PeriodError, UnitError, UnknownName, UsageError

USAGE = (UsageError, UnknownName, PeriodError, UnitError)
SAID = {
    errno.ENOSPC: "The disk is full{at}; free some space and run the command again.",
    errno.EDQUOT: "Your share of the disk is full{at}; free some space and run the command again.",
    errno.EFBIG: "The file is larger than the limit of this shell allows{at}; raise it (ulimit -f).",
    errno.EACCES: "No permission{at}; name a place you may write to, or change its owner.",
    errno.EPERM: "No permission{at}; name a place you may write to, or change its owner.",
    errno.EROFS: "The place is read-only{at}; name one that can be written to.",
    errno.ENOENT: "No such file or folder{at}.",
    errno.ENOTDIR: "A file stands where a folder is needed{at}.",
    errno.EISDIR: "A folder stands where a file is needed{at}.",
    errno.EMFILE: "Too many open files{at}; close some programs or raise the limit (ulimit -n).",
    errno.ENAMETOOLONG: "The name is too long{at}.",
}
MAKING = re.compile(r"\.(.+)\.\d+(\.\w+)")  # a file of the layers before it takes its place
RANDOM = re.compile(r"-[a-z0-9_]{8}$")  # what tempfile puts behind the name of a folder


class Terminated(BaseException):
    """TERM was sent to the process.

    Examples
    --------
    >>> code_of(Terminated())
    143
    """


def prepare() -> None:
    """Make TERM an exception, so that half-written files go, and stdout one that takes every letter."""
    with contextlib.suppress(ValueError):  # not the main thread: whoever runs us owns the signals
        signal.signal(signal.SIGTERM, _terminate)
    warnings.showwarning = _print_warning
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is None or (sys.stdout.encoding or "").lower().replace("-", "") == "utf8":
        return
    if sys.stdout.isatty():  # letters the terminal has not are shown as ?
        reconfigure(errors="replace")
    else:  # files and pipes get UTF-8, whatever the locale
        reconfigure(encoding="utf-8")


def _terminate(number: int, frame: FrameType | None) -> None:
    raise Terminated


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Write a warning as a sentence; where in our code it was thought of says a user nothing."""
    print(f"energy: {message}", file=sys.stderr)


def spoken(error: BaseException) -> str | None:
    """Return the sentence for an error; "" where nothing is to be said, None for one not expected.

    Examples
    --------
    >>> spoken(UsageError("Name a route."))
    'energy: Name a route.'
    >>> spoken(ValueError("a mistake of ours")) is None
    True
    """
    if isinstance(error, BrokenPipeError):
        return ""
    if isinstance(error, KeyboardInterrupt | Terminated):
        return "energy: stopped; no half-written file is left"
    if isinstance(error, EnergyError) or _is_geodata(error):
        return f"energy: {error}"
    if isinstance(error, OSError) and error.errno in SAID:
        return "energy: " + SAID[error.errno].format(at=_place(error))
    code = re.search(r"errno = (\d+)", str(error))  # HDF5 says it in words of its own
    if code and int(code[1]) in SAID:
        return "energy: " + SAID[int(code[1])].format(at="")
    if isinstance(error, MemoryError):
        return "energy: Not enough memory; ask for fewer draws, routes or years."
    return None


def code_of(error: BaseException) -> int:
    """Return the exit code: 2 wrong usage, 1 data or files, 128 and the signal when stopped.

    Examples
    --------
    >>> code_of(UsageError("Name a route.")), code_of(KeyboardInterrupt())
    (2, 130)
    """
    if isinstance(error, BrokenPipeError):
        return 0
    if isinstance(error, KeyboardInterrupt):
        return 128 + signal.SIGINT
    if isinstance(error, Terminated):
        return 128 + signal.SIGTERM
    return 2 if isinstance(error, USAGE) else 1


def silence() -> None:
    """Let nothing more be written to a stdout that failed; Python would try again at its end."""
    try:
        sys.stdout.flush()
    except (OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _place(error: OSError) -> str:
    """Return where it happened, as the user named it: without the name of a file in the making."""
    if not error.filename:
        return ""
    text = os.fspath(error.filename)
    folder, name = os.path.split(os.fsdecode(text))
    if name.startswith(".") and name.endswith(".part"):
        name = RANDOM.sub("", name[1:].removesuffix(".part"))
    elif making := MAKING.fullmatch(name):
        name = making[1] + making[2]
    return f": '{os.path.join(folder, name)}'"  # noqa: PTH118 - the text as it is, not a Path


def _is_geodata(error: BaseException) -> bool:
    """Tell an error of ``geodata`` without importing it at start-up."""
    return any(kind.__module__ == "geodata.errors" for kind in type(error).__mro__)
