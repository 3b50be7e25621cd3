"""A run has a budget: raw sockets that drip, hint, pad and break off; errors of our own are seen."""

from __future__ import annotations

import contextlib
import dataclasses
import gzip
import socket
import threading
from collections.abc import Callable, Iterator

import pytest
from samples import QUARTER, RETRIEVED

from energy.intake import update
from energy.sources import SOURCES, SourceError, reading, transport
from energy.sources.contract import Request
from energy.sources.reading import answer_of
from energy.sources.transport import Limits
from energy.store import Store

LIMITS = Limits(connect=1.0, read=1.0, total=0.5, tries=2, wait=0.0)


@contextlib.contextmanager
def raw(serve: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """Run a server that does with each connection what it is told; yield its address."""
    stop, listener = threading.Event(), socket.create_server(("127.0.0.1", 0))
    listener.settimeout(0.1)

    def accept() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError):
                connection, _ = listener.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.recv(65_536)
            serve(connection, stop)

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/x"
    finally:
        stop.set()
        thread.join()
        listener.close()


def drip(head: bytes, piece: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Send a head, then one piece every 20 ms until the test is over."""

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(head)
        while not stop.wait(0.02):
            connection.sendall(piece)

    return serve


ENDLESS = {
    "head": drip(b"HTTP/1.1 200 OK\r\nX-Pad: ", b"a"),
    "early hints": drip(b"", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"),
    "chunk extension": drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=", b"a"),
    "gzip name": drip(
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\x03", b"a"
    ),
    "body": drip(b"HTTP/1.1 200 OK\r\n\r\n", b"1"),
}


@pytest.mark.once
@pytest.mark.parametrize("name", ENDLESS)
def test_the_deadline_holds_for_the_head_too(name, monkeypatch):
    monkeypatch.setattr(transport, "GRACE", 0.2)
    with raw(ENDLESS[name]) as address, pytest.raises(SourceError, match="after 2 tries"):
        transport.fetch(Request("ecb", "x", address), limits=LIMITS, sleep=lambda s: None)


def test_a_packed_answer_that_breaks_off_is_tried_again():
    packed = gzip.compress(b"TIME_PERIOD,OBS_VALUE\n2026-09-30,1.1629\n")
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n"
    sent = [packed[:-12], packed]

    def serve(connection: socket.socket, stop: threading.Event) -> None:
        connection.sendall(head + sent.pop(0))

    calm = dataclasses.replace(
        LIMITS, connect=30.0, read=30.0, total=60.0
    )  # the good answer has time to come
    with raw(serve) as address:
        found = transport.fetch(Request("ecb", "x", address), limits=calm, sleep=lambda s: None)
    assert found.body.endswith(b"1.1629\n") and sent == []


@pytest.mark.parametrize("cut", range(1, 8))
def test_a_table_that_breaks_off_without_a_length_is_refused(cut):
    body = b"FREQ,CURRENCY,CURRENCY_DENOM,EXR_TYPE,TIME_PERIOD,OBS_VALUE\nD,USD,EUR,SP00,2026-09-30,1.1629\n"
    asked = Request("ecb", "USD-D", "https://example.org")
    broken = answer_of(
        asked, body[:-cut], headers={"content-type": "text/csv"}, retrieved=RETRIEVED
    )
    with pytest.raises(SourceError, match="breaks off in its last line"):
        SOURCES["ecb"].parse(broken)


@pytest.mark.slow
@pytest.mark.parametrize(
    "error", [TypeError("a wrong turn"), MemoryError(), RecursionError("deep"), ImportError("x")]
)
def test_an_error_of_ours_leaves_its_traceback(tmp_path, tracker, monkeypatch, error):
    def parse(answer):
        raise error

    monkeypatch.setattr(SOURCES["ecb"], "parse", parse)
    kept, home = Store.open(tmp_path / "kept"), Store.open(tmp_path / "home")
    for request in SOURCES["ecb"].request(QUARTER):
        kept.keep(answer_of(request, b"x", retrieved=RETRIEVED), QUARTER)
    report = update.run(QUARTER, "dry-run", home, offline=kept.root, only=["ecb"],
                        now=lambda: RETRIEVED, tables=tracker.facts)  # fmt: skip
    assert report.code == 3 and type(error).__name__ in report.sources["what"].iloc[0]
    (log,) = (tmp_path / "home" / "log").glob("*.ecb.txt")
    assert "Traceback" in log.read_text() and "in parse" in log.read_text()


@pytest.mark.once
def test_a_mistake_inside_a_reader_leaves_its_traceback_too(tmp_path, tracker, monkeypatch):
    @reading.shaped
    def parse(answer):
        return len(answer.status)  # a mistake of ours, and no fault of the answer

    monkeypatch.setattr(SOURCES["ecb"], "parse", parse)
    kept, home = Store.open(tmp_path / "kept"), Store.open(tmp_path / "home")
    for request in SOURCES["ecb"].request(QUARTER):
        kept.keep(answer_of(request, b"x", retrieved=RETRIEVED), QUARTER)
    report = update.run(QUARTER, "dry-run", home, offline=kept.root, only=["ecb"],
                        now=lambda: RETRIEVED, tables=tracker.facts)  # fmt: skip
    (log,) = (tmp_path / "home" / "log").glob("*.ecb.txt")
    assert "TypeError: object of type 'int' has no len()" in log.read_text()
    assert "in parse" in log.read_text()
    assert f"(not foreseen: log/{log.name} of the store" in report.sources["what"].iloc[0]


@pytest.mark.slow
def test_a_refusal_on_purpose_leaves_none(tmp_path, tracker):
    kept, home = Store.open(tmp_path / "kept"), Store.open(tmp_path / "home")
    for request in SOURCES["ecb"].request(QUARTER):
        kept.keep(answer_of(request, b"<html>", retrieved=RETRIEVED), QUARTER)
    report = update.run(QUARTER, "dry-run", home, offline=kept.root, only=["ecb"],
                        now=lambda: RETRIEVED, tables=tracker.facts)  # fmt: skip
    assert report.code == 3
    assert "traceback" not in report.sources["what"].iloc[0]
    assert list((tmp_path / "home" / "log").glob("*.ecb.txt")) == []
