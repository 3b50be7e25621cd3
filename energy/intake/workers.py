"""One source, one process: what ends it, in memory, time or a crash of a library, ends it alone.

The child is a fork: it knows all that its parent knows, asks the server, reads the answers, and
hands them back over a pipe. It writes nothing; the store is the parent's. Where a process cannot
be forked (Windows) the work is done in place, under the same deadlines of the transport.
"""

from __future__ import annotations

import contextlib
import dataclasses
import gc
import multiprocessing
import os
import pickle
import signal
import time
import traceback
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from energy.errors import EnergyError

T = TypeVar("T")
Send = Callable[[str, Any], None]
"""Takes a word and what goes with it, while the work goes on."""

STOPPED = {signal.SIGKILL: "killed, perhaps by the system for want of memory",
           signal.SIGSEGV: "a library crashed", signal.SIGALRM: "no end in time"}  # fmt: skip
PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


@dataclasses.dataclass(frozen=True)
class Budget:
    """What a run may cost.

    Attributes
    ----------
    source : float
        Seconds for all questions to one source, and the reading of its answers.
    run : float
        Seconds for all sources together; a source whose turn does not come has failed.
    memory : int
        Bytes that the reading of one source may take beside what the program has already.
    """

    source: float = 3600.0
    run: float = 4 * 3600.0
    memory: int = 3 * 2**30


class WorkerError(EnergyError):
    """The process of a source ended without an answer: memory, time, a crash."""


def can_fork() -> bool:
    """Tell whether sources can have a process each here.

    >>> can_fork() in (True, False)
    True
    """
    return "fork" in multiprocessing.get_all_start_methods()


def apart(
    work: Callable[[Send], T], took: Callable[[str, Any], object], seconds: float, memory: int
) -> T:
    """Run work in a process of its own and return what it returns.

    Parameters
    ----------
    work : callable
        Takes the function that sends a word and a thing to `took` in this process.
    took : callable
        Takes them here, in order, while the work goes on.
    seconds, memory : float, int
        After so many seconds, or with so many bytes more, it is ended.

    Returns
    -------
    What `work` returned; it has to be picklable.

    Raises
    ------
    WorkerError
        If the process ended without a result, or the time was over.
    Exception
        What `work` raised, with its traceback as a note.

    Examples
    --------
    >>> apart(lambda send: sum(range(4)), print, 30.0, 2**30)
    6
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_child_process, args=(work, there, seconds, memory), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # 3.12 warns of threads at any fork
        child.start()
    there.close()
    deadline = time.monotonic() + seconds
    try:
        while True:
            if not here.poll(max(0.0, deadline - time.monotonic())):
                raise WorkerError(f"no end within {seconds:.0f} s; what it had asked is kept")
            word, thing = pickle.loads(here.recv_bytes())
            if word == "returned":
                return thing  # type: ignore[no-any-return]
            if word == "raised":
                raise thing
            took(word, thing)
    except EOFError:
        child.join(60)  # a dump of its memory may take a while
        raise WorkerError(f"its process ended: {_why(child.exitcode)}") from None
    finally:
        child.kill()
        child.join()
        here.close()


def _why(code: int | None) -> str:
    if code is not None and code < 0:
        return STOPPED.get(signal.Signals(-code), f"signal {signal.Signals(-code).name}")
    return f"exit code {code}"


def _child_process(work: Callable[[Send], Any], pipe: Any, seconds: float, memory: int) -> None:
    """Work under the limits, send what came of it, and leave without any clearing up."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends us
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(int(seconds) + 60)  # should the parent be gone
    _limit(memory)

    def send(word: str, thing: Any) -> None:
        pipe.send_bytes(pickle.dumps((word, thing)))

    code = 0
    try:
        send("returned", work(send))
    except BaseException as error:
        code = _send_error(send, error)
    os._exit(code)


def _send_error(send: Send, error: BaseException) -> int:
    """Send an error home, as itself where it can travel, else as its text."""
    text = "".join(traceback.format_exception(error))
    error.__traceback__ = error.__context__ = error.__cause__ = None
    gc.collect()
    with contextlib.suppress(Exception):
        error.add_note(text)
        pickle.loads(pickle.dumps(error))
        if isinstance(error, Exception):
            send("raised", error)
            return 0
    with contextlib.suppress(Exception):
        made = WorkerError(f"{type(error).__name__}: {error}")
        made.add_note(text)
        send("raised", made)
        return 0
    return 1


def _limit(memory: int) -> None:
    """Allow so much more address space than the process has already."""
    import resource

    with contextlib.suppress(ValueError, OSError):
        held = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        most = held + memory
        resource.setrlimit(
            resource.RLIMIT_AS,
            (most if hard == resource.RLIM_INFINITY else min(most, hard), hard),
        )
