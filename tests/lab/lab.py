"""The fault laboratory: each sweep does harm in a known way and tells what came of it.

    python tests/lab/lab.py [--seed N] [--full] [flips kills updates replay cuts wire clocks]

The seed is printed; the same seed does the same harm again. ``make lab`` runs all of it for long,
`test_lab` a few seconds of each.
"""

from __future__ import annotations

import argparse
import collections
import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import gzip
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

sys.path.insert(0, str(Path(__file__).parents[1]))

import httpx
import pandas as pd
import samples
import server as loopback
import upstream
from test_store import R1, R2, answer, refused, row, table, work_update

from energy import sources
from energy.errors import EnergyError
from energy.intake import clocks, due
from energy.measure import periods
from energy.sources import reading, transport
from energy.sources.contract import Request
from energy.store import Store

Outcomes = list[tuple[str, str]]
"""What was done, and what came of it."""


# -- flips: one bit of a file of each kind --------------------------------------------------------


def make(folder: Path) -> Store:
    """Write a store with a file of every kind: two runs, two releases, a build, an index."""
    home = Store.open(folder)
    for source in ("meter", "press"):
        home.publish(
            source, R1, table(*(row(i + 0.5, f"{1990 + i}", source=source) for i in range(9)))
        )
    home.keep(answer(b"first answer"), "2025Q1")
    home.note(R1, "update", {"source": "meter", "answers": []})
    home.quarantine(R1, refused(row(900.0), row(800.0, "2025Q2")))
    built = Path(home.root, "builds", "2025Q1", "atlas.html")
    built.parent.mkdir(parents=True)
    built.write_bytes(b"<html>a map</html>")
    home.manifest("2025Q1", R1, {"atlas.html": hashlib.sha256(built.read_bytes()).hexdigest()})
    home.publish("meter", R2, table(row(1.5, "1990", retrieved="2025-08-01")))
    chosen = home.quarantined().set_index("period").loc["2025Q2", "id"]
    home.let_through([chosen], "confirmed", R2)
    home.index()
    home.manifest("2025Q2", R2)
    return home


KINDS = {"vintage": "vintages/*/*.parquet", "refused rows": "quarantine/*.parquet",
         "rows let through": "quarantine/released/*.json", "manifest": "releases/*.json",
         "entry of the ledger": "ledger/*.json", "head of an answer": "raw/meter/*/*.json",
         "body of an answer": "raw/meter/*/*.bin", "record of a run": "raw/_runs/*.json",
         "index": "index/*", "newest answer": "newest/*/*/*.json", "build": "builds/*/*"}  # fmt: skip


def told(home: Store) -> str:
    """Return all that a reader gets."""
    parts = [home.observations(), home.observations("2025Q1"), home.quarantined(True)]
    return "".join(part.to_csv() for part in parts)


def flips(dice: random.Random, each: int) -> Outcomes:
    """Flip a bit in a file of each kind; ask a reader, then `verify`."""
    found: Outcomes = []
    with tempfile.TemporaryDirectory() as folder:
        home = make(Path(folder, "home"))
        before = told(home)
        assert home.verify() == []
        for kind, pattern in KINDS.items():
            files = sorted(path for path in Path(home.root).glob(pattern) if path.is_file())
            for _ in range(each):
                found.append((kind, _flipped(home, dice.choice(files), dice, before)))
    return found


def _flipped(home: Store, path: Path, dice: random.Random, before: str) -> str:
    body = path.read_bytes()
    place, bit = dice.randrange(len(body)), dice.randrange(8)
    path.write_bytes(body[:place] + bytes([body[place] ^ 1 << bit]) + body[place + 1 :])
    try:
        seen = "the same" if told(home) == before else "CHANGED"
    except EnergyError:
        seen = "refused"
    verdict = "found" if home.verify() else "NOT FOUND"
    path.write_bytes(body)
    return f"{verdict}; reading: {seen}"


# -- kills: at a call of the file system ----------------------------------------------------------

CALLS = ("open", "fsync", "replace", "unlink", "mkdir", "write")


def kills(dice: random.Random, times: int) -> Outcomes:
    """Kill a small update at a call of the file system; the next run must end in the same bytes."""
    found: Outcomes = []
    with tempfile.TemporaryDirectory() as folder, _Children() as children:
        whole = Path(folder, "whole")
        _first(whole)
        calls = children.run(whole, 0)
        wanted = tree(whole)
        for trial in range(times):
            home, stop = Path(folder, f"trial{trial}"), dice.randint(1, calls)
            _first(home)
            children.run(home, stop)
            sound = "sound" if Store.open(home).verify() == [] else "SPOILED"
            children.run(home, 0)
            same = "the same bytes" if tree(home) == wanted else "OTHER BYTES"
            found.append(("kill", f"{sound}; next run: {same}"))
            shutil.rmtree(home)
    return found


def _first(home: Path) -> None:
    Store.open(home).publish("meter", R1, table(row(0.0, "1990"), row(1.0, "1991")))


def tree(home: Path) -> dict[str, str]:
    """Return every file with its digest, but the lock."""
    return {p.relative_to(home).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
            for p in home.rglob("*") if p.is_file() and p.name != ".lock"}  # fmt: skip


class _Children:
    """A process that forks one child an update, with everything imported and no thread yet."""

    def __enter__(self) -> _Children:
        self.process = subprocess.Popen([sys.executable, __file__, "--children"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)  # fmt: skip
        return self

    def run(self, home: Path, stop: int) -> int:
        """Update a store, killed at the call `stop`, 0 for never; return the calls made."""
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(f"{stop} {home}\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def __exit__(self, *_: object) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def serve_children() -> None:
    """Fork a child a line of stdin; print how many calls it made."""
    import duckdb  # noqa: F401
    import pyarrow.parquet  # noqa: F401

    for line in sys.stdin:
        stop, _, home = line.rstrip("\n").partition(" ")
        here, there = os.pipe()
        child = os.fork()
        if child == 0:
            count = _hook(int(stop))
            work_update(Store.open(home), R2)
            os.write(there, str(count[0]).encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(there)
        print(int(os.read(here, 20) or b"0"), flush=True)
        os.close(here)


def _hook(stop: int) -> list[int]:
    """Count the calls of the file system, and be killed at one of them."""
    count = [0]

    def wrapped(real: Callable[..., object]) -> Callable[..., object]:
        def call(*given: object, **named: object) -> object:
            count[0] += 1
            if count[0] == stop:
                os.kill(os.getpid(), signal.SIGKILL)
            return real(*given, **named)

        return call

    for name in CALLS[:-1]:
        setattr(os, name, wrapped(getattr(os, name)))
    return count


def updates(dice: random.Random, times: int) -> Outcomes:
    """Kill whole updates of six sources, at a sync or at a time; the next run mends it."""
    import test_update_faults as faults_

    from energy import facts
    from energy.intake import judging

    tables = facts.load()
    with upstream.Upstream() as server, tempfile.TemporaryDirectory() as folder:
        known = tables, judging.limits(tables)
        killed = faults_.killed(server, known, Path(folder), dice, times, faults_.SIX)
        return [("kill", "; ".join(w.upper() for w in wrong) or "sound, and the same bytes next")
                for wrong in killed]  # fmt: skip


def replay(dice: random.Random, times: int) -> Outcomes:
    """Update two clean quarters of all sources, weighed by the balance: whatever is held is a mistake."""
    from energy import facts
    from energy.intake import update

    tables, keys, found = facts.load(), {"GIE_API_KEY": "k" * 12}, []
    book = upstream.workbook("2026-07", "August 04, 2026")
    with (
        upstream.Upstream() as server,
        server.client() as client,
        tempfile.TemporaryDirectory() as at,
    ):
        server.twist("thedocs.worldbank.org", lambda body: book)
        for quarter, now in (("2026Q2", TODAY - dt.timedelta(days=92)), ("2026Q3", TODAY)):
            report_ = update.run(quarter, "apply", Store.open(at), client=client, keys=keys, tables=tables,
                                 sleep=lambda s: None, now=lambda now=now: now, weigh=True)  # fmt: skip
            word = report_.verdict.word
            found.append((quarter, word if word == "green" else f"HELD: {report_.verdict.why}"))
            server.twists.clear()
    return found


# -- a server on a bare socket --------------------------------------------------------------------


class Bare:
    """A server that writes the bytes of a script, whatever they are, to who asks."""

    def __init__(self, script: Callable[[socket.socket], None]):
        self.script, self.over = script, False
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> httpx.Client:
        self.thread.start()
        host, port = self.socket.getsockname()
        self.client = httpx.Client(transport=loopback._Loopback(f"http://{host}:{port}"))
        return self.client

    def __exit__(self, *_: object) -> None:
        self.over = True
        self.client.close()
        with contextlib.suppress(OSError):
            socket.create_connection(self.socket.getsockname(), 1).close()
        self.thread.join(5)
        self.socket.close()

    def _serve(self) -> None:
        while not self.over:
            link, _ = self.socket.accept()
            with link, contextlib.suppress(OSError):
                link.settimeout(10)
                if link.recv(65536):
                    self.script(link)


def plain(body: bytes, *lines: str) -> Callable[[socket.socket], None]:
    """Answer with a body and no length: its end is the end of the connection."""
    head = "\r\n".join(["HTTP/1.1 200 OK", "Connection: close", *lines, "", ""]).encode()
    return lambda link: link.sendall(head + body)


def drip(first: bytes, then: bytes) -> Callable[[socket.socket], None]:
    """Send a beginning, and then the same again without end."""

    def script(link: socket.socket) -> None:
        link.sendall(first)
        with contextlib.suppress(OSError):
            for _ in range(400):
                link.sendall(then)
                threading.Event().wait(0.05)

    return script


OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
WIRE: dict[str, Callable[[socket.socket], None]] = {
    "head, a byte at a time": drip(b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
    "early hints without end": drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "chunk extension without end": drip(OK + b"Transfer-Encoding: chunked\r\n\r\n5;x=", b"a"),
    "gzip name without end": drip(
        OK + b"Content-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\xff", b"a"
    ),
    "body, a byte at a time": drip(OK + b"Content-Length: 500\r\n\r\n", b" "),
    "length too large": plain(b"{}", "Content-Length: 99"),
    "length negative": plain(b"{}", "Content-Length: -5"),
    "length twice": plain(b"{}", "Content-Length: 2", "Content-Length: 3"),
    "gzip cut": plain(gzip.compress(b"[1, 2, 3]" * 50)[:-9], "Content-Encoding: gzip"),
    "gzip without trailer": plain(gzip.compress(b"[1, 2, 3]" * 50)[:-8], "Content-Encoding: gzip"),
    "no answer": lambda link: None,
    "TLS bytes": lambda link: link.sendall(b"\x15\x03\x01\0\x02\x02\x28"),
    "redirect to a file": plain(b"", "HTTP/1.1 302 x", "Location: file:///etc/passwd"),
}
QUICK = transport.Limits(connect=2, read=0.6, total=1.0, tries=1, wait=0.0)


def wire(dice: random.Random, times: int) -> Outcomes:
    """Ask a server of each kind of ill manners; a broken answer must not pass, nor hang.

    They are asked side by side, each by its own client: most of them only make one wait.
    """
    names = list(WIRE)
    dice.shuffle(names)
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(_asked, names[:times], range(times)))


def _asked(name: str, number: int) -> tuple[str, str]:
    with Bare(WIRE[name]) as client:
        try:
            made = _fetch(Request("lab", "t", f"http://host-{number}.example/x"), client)
        except EnergyError:
            return name, "refused"
        return name, f"PASSED {made[:20]!r}"


def _fetch(request: Request, client: httpx.Client) -> bytes:
    return transport.fetch(request, client=client, sleep=lambda s: None, limits=QUICK).body


# -- cuts: answers that break off -----------------------------------------------------------------

TODAY = dt.datetime(2026, 11, 25, 9, 0, tzinfo=dt.UTC)


@dataclasses.dataclass(frozen=True)
class Form:
    """One answer to cut: its source, the question, the whole body, and what stood before."""

    module: ModuleType
    request: Request
    body: bytes
    known: pd.DataFrame
    quarter: str = "2026Q3"


def forms() -> dict[str, Form]:
    """Return the answers of our own making, one of each form of each source; and what is recorded."""
    found = {}
    for name, module in sources.SOURCES.items():
        before, at = {}, TODAY - dt.timedelta(days=92)
        for request in module.request("2026Q2"):
            before[request.tag] = _parsed(module, request, _made(request), at)
        known = pd.concat([rows for rows in before.values() if len(rows)] or [reading.empty()])
        for request in [*module.request("2026Q3"), *_further(module)]:
            body = _made(request)
            rows = _parsed(module, request, body)
            kind = (name, request.tag[:10].rstrip("-0123456789"))
            alike = sum(source == name for source, _ in found)
            if len(rows) and kind not in found and alike < 2:  # the third place is as the first
                same = [c for c in ("series", "entity", "freq", "source", "basis") if len(known)]
                mine = known.merge(rows[same].drop_duplicates()) if same else known
                found[kind] = Form(module, request, body, mine)
    made = {" ".join(kind): form for kind, form in found.items()}
    return made | dict(_recorded())


def _made(request: Request) -> bytes:
    parts = httpx.URL(request.url)
    return upstream.answer(parts.host, parts.raw_path.decode()).body


def _further(module: ModuleType) -> Iterator[Request]:
    """Yield the questions that the answer to the first question leads to, one after another."""
    led = module.request("2026Q3")[:1] if hasattr(module, "more") else []
    while led:
        answer_ = reading.answer_of(led[-1], _made(led[-1]), retrieved=TODAY)
        led = module.more(answer_)[-1:]
        yield from led


def _parsed(
    module: ModuleType, request: Request, body: bytes, at: dt.datetime = TODAY
) -> pd.DataFrame:
    whole = {"content-length": str(len(body))}
    try:
        return module.parse(reading.answer_of(request, body, headers=whole, retrieved=at))
    except EnergyError:
        return reading.empty()  # "no result found": nothing to cut


def _recorded() -> Iterator[tuple[str, Form]]:
    """Yield answers of the shape that services gave, where they are at hand and can be read today."""
    folder = Path(os.environ.get("LAB_SAMPLES") or samples.SHARED)
    for name, module in sources.SOURCES.items():
        for path in sorted((folder / name).glob("*/*.*")):
            for request in module.request("2026Q3")[:2]:
                body = path.read_bytes()
                rows = _parsed(module, request, body)
                if len(rows):
                    newest = max(periods.parse(text).end for text in rows["period"].unique())
                    quarter = str(periods.containing(newest - dt.timedelta(days=1), "Q"))
                    yield path.name, Form(module, request, body, reading.empty(), quarter)
                    break


def cuts(dice: random.Random, times: int) -> Outcomes:
    """Cut answers anywhere, sent without a length or packed; a shorter or other table is a fault.

    Half of the plain cuts fall behind a line or a row. What is told as due and missing was noticed.
    """
    found: Outcomes = []
    for name, form in forms().items():
        rows = _parsed(form.module, form.request, form.body)
        for _ in range(times):
            packed = dice.random() < 0.5
            whole = gzip.compress(form.body) if packed else form.body
            place, kind = _place(whole, packed, dice)
            lines = ["Content-Encoding: gzip"] if packed else []
            script = plain(whole[:place], f"Content-Type: {_type(form.body)}", *lines)
            with Bare(script) as client:
                what = _read_cut(form, client, rows)
            found.append((f"{name}, {kind}", what))
    return found


def _place(body: bytes, packed: bool, dice: random.Random) -> tuple[int, str]:
    """Draw where to cut, and say what kind of place that is."""
    place = dice.randrange(1, len(body))
    if packed:
        where = "head" if place < 10 else "trailer" if place >= len(body) - 8 else "body"
        return place, f"gzip {where}"
    ends = [n + 1 for n, byte in enumerate(body[:-1]) if byte in b"\n}>]"]
    if ends and dice.random() < 0.5:
        place = dice.choice(ends)
    behind = body[place - 1 : place]
    if behind == b"\n":
        return place, "behind a line"
    return place, "behind a row" if behind in (b"}", b">", b"]") else "within a row"


def _type(body: bytes) -> str:
    if body.startswith((b"PK", b"\x1f\x8b")):
        return "application/octet-stream"
    if b"<html" in body[:200].lower():
        return "text/html"
    return {b"{": "application/json", b"[": "application/json", b"<": "text/xml"}.get(
        body.lstrip()[:1], "text/csv"
    )


def _read_cut(form: Form, client: httpx.Client, right: pd.DataFrame) -> str:
    asked = form.request
    try:
        body = _fetch(Request(asked.source, asked.tag, asked.url), client)
        rows = form.module.parse(reading.answer_of(asked, body, retrieved=TODAY))
    except EnergyError:
        return "refused"
    same = ["series", "entity", "period", "basis", "value"]
    if len(rows[same].merge(right[same])) < len(rows):
        return "WRONG VALUES"
    whole = right[same].merge(rows[same], how="left", indicator=True)
    if (whole["_merge"] == "both").all():
        return "the whole table"
    noticed = _late(form, rows) - _late(form, right)
    return "noticed: due and missing" if noticed else "PUBLISHED SHORT"


def _late(form: Form, rows: pd.DataFrame) -> set[str]:
    """Return what an update would say of rows that are due and did not come."""
    return {*due.overdue(rows, form.known, form.module, form.quarter, TODAY.date())["reason"]}


# -- clocks ---------------------------------------------------------------------------------------

TRUE = dt.datetime(2026, 11, 25, 6, 0, tzinfo=dt.UTC)


def clocks_(dice: random.Random, times: int) -> Outcomes:
    """Set our clock wrong by some days; more than one ahead of a server, or behind what is known, stops."""
    found: Outcomes = []
    head = reading.answer_of(
        Request("lab", "t", "https://x.example"), b"x", headers={"Date": "Wed, 25 Nov 2026 06:00:00 GMT"}
    )  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        home = Store.open(folder)
        home.publish("meter", "20261120T060000Z", table(row(1.0, retrieved="2026-11-20")))
        home.manifest("2026Q3", "20261120T060000Z")
        for _ in range(times):
            off = dice.choice([-4000, -400, -30, -8, -4, -1, 0, 1, 2, 40, 400, 4000])
            now = TRUE + dt.timedelta(days=off)
            try:
                clocks.check_start(now, home)
                clocks.check_clock(head, now)
                came = "goes on"
            except clocks.ClockError:
                came = "refused"
            right = "goes on" if -6 <= off <= 1 else "refused"
            found.append((f"{off:+d} days", came if came == right else f"WRONGLY {came}"))
    return found


SWEEPS: dict[str, tuple[Callable[[random.Random, int], Outcomes], int, int]] = {
    "flips": (flips, 2, 60),
    "kills": (kills, 4, 120),
    "updates": (updates, 0, 40),
    "replay": (replay, 0, 2),
    "cuts": (cuts, 3, 85),
    "wire": (wire, len(WIRE), len(WIRE)),
    "clocks": (clocks_, 24, 240),
}
"""Name to sweep, its size in `make test` (0: only in `make lab`), and in `make lab`."""


def faults(found: Outcomes) -> Outcomes:
    """Return what should not have come: outcomes in capitals."""
    return [
        each for each in found if any(word.isupper() and len(word) > 2 for word in each[1].split())
    ]


def sweep(name: str, seed: int, full: bool = False) -> Outcomes:
    """Run one sweep."""
    work, short, long = SWEEPS[name]
    return work(random.Random(f"{name}-{seed}"), long if full else short)


def report(name: str, found: Outcomes) -> Iterator[str]:
    """Yield the lines of a table: what was done, what came, how often."""
    yield f"\n## {name}: {len(found)} tried, {len(faults(found))} not as they should be"
    yield "| what | outcome | times |\n| --- | --- | --- |"
    for (what, came), times in sorted(collections.Counter(found).items()):
        yield f"| {what} | {came} | {times} |"


def main(argv: list[str] | None = None) -> int:
    """Run sweeps and print their tables; 1 where something came that should not."""
    parser = argparse.ArgumentParser(description="The fault laboratory.")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--full", action="store_true", help="for long")
    parser.add_argument("--children", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("sweeps", nargs="*", choices=[*SWEEPS, []])
    options = parser.parse_args(argv)
    if options.children:
        serve_children()
        return 0
    print(f"seed {options.seed}")
    bad = 0
    for name in options.sweeps or SWEEPS:
        found = sweep(name, options.seed, options.full)
        print("\n".join(report(name, found)), flush=True)
        bad += len(faults(found))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
