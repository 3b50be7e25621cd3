"""A source has a process of its own: what ends it ends nothing else, and it costs what it may."""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from samples import QUARTER, RETRIEVED

from energy.intake import update, workers
from energy.intake.workers import Budget, WorkerError, apart
from energy.sources import SOURCES, SourceError
from energy.sources.reading import KeyMissing, answer_of
from energy.store import Store, StoreError

pytestmark = pytest.mark.skipif(not workers.can_fork(), reason="no fork here")

MEMORY = 2**28


def hog(*_):
    held = []
    while True:
        held.append(bytearray(2**24))


def deep(*_):
    return deep()


def crash(*_):
    faulthandler.disable()  # its dump is no part of the test
    ctypes.string_at(0)


def leave(*_):
    sys.exit(7)


def killed(*_):
    os.kill(os.getpid(), signal.SIGKILL)


def slow(*_):
    time.sleep(600)


ENDS = {hog: "MemoryError", deep: "RecursionError", crash: "a library crashed", leave: "SystemExit: 7",
        killed: "killed, perhaps", slow: "no end within 60 s"}  # fmt: skip


def hurried(monkeypatch, seconds):
    """Let the time of the first source be over once it has told something: none waits for it."""
    real, clock = workers.apart, [0.0]

    def apart(work, took, *limits):
        def then(word, thing):
            took(word, thing)
            if word == "keep" and not clock[0]:
                clock[0] = seconds

        return real(work, then, *limits)

    monkeypatch.setattr(workers, "apart", apart)
    monkeypatch.setattr(
        workers, "time", SimpleNamespace(monotonic=lambda: time.monotonic() + clock[0])
    )


@pytest.mark.slow
@pytest.mark.parametrize("end", ENDS, ids=lambda end: end.__name__)
def test_whatever_ends_a_source_ends_it_alone(end, tmp_path, tracker, monkeypatch):
    monkeypatch.setattr(SOURCES["ecb"], "parse", end)
    kept, home, told = Store.open(tmp_path / "kept"), Store.open(tmp_path / "home"), []
    for name in ("ecb", "moex"):
        for request in SOURCES[name].request(QUARTER):
            kept.keep(answer_of(request, b"x", retrieved=RETRIEVED), QUARTER)
    if end is slow:
        hurried(monkeypatch, 60.0)
    report = update.run(QUARTER, "dry-run", home, offline=kept.root, only=["ecb", "moex"], tell=told.append,
                        now=lambda: RETRIEVED, tables=tracker.facts, apart=True,
                        budget=Budget(source=60.0, memory=MEMORY))  # fmt: skip
    what = report.sources.set_index("source")["what"]
    assert report.code == 3 and ENDS[end] in what["ecb"] and "moex" in " ".join(told)
    assert "Expected" not in what["moex"] and what["moex"] != what["ecb"]
    assert len(home.answers("ecb", QUARTER)) == len(SOURCES["ecb"].request(QUARTER)[:1])


def test_a_run_that_is_over_asks_no_more(tmp_path, tracker):
    report = update.run(QUARTER, "dry-run", Store.open(tmp_path), only=["ecb", "cbr"], now=lambda: RETRIEVED,
                        tables=tracker.facts, apart=True, budget=Budget(run=0.0))  # fmt: skip
    assert report.code == 3
    assert report.sources["what"].str.contains("not asked: the 0 h of the whole run are over").all()


@pytest.mark.parametrize(
    "error",
    [SourceError("ecb", "https://example.org", "Cut off.", 206), KeyMissing("gie", "u", "No key."),
     StoreError("The disk is full."), ValueError("odd")],
    ids=lambda error: type(error).__name__,
)  # fmt: skip
def test_an_error_comes_home_as_itself_with_its_traceback(error):
    def work(send):
        raise error

    with pytest.raises(type(error), match=str(error)[:12]) as caught:
        apart(work, print, 30.0, MEMORY)
    assert "in work" in caught.value.__notes__[0]
    assert vars(caught.value).get("status") == vars(error).get("status")


def test_what_is_told_on_the_way_comes_in_order():
    told = []

    def work(send):
        send("tell", "one")
        send("tell", "two")
        return 3

    assert apart(work, lambda word, thing: told.append((word, thing)), 30.0, MEMORY) == 3
    assert told == [("tell", "one"), ("tell", "two")]


def test_a_fault_of_the_parent_ends_the_child():
    def full(word, thing):
        raise StoreError("The disk is full.")

    def work(send):
        send("keep", os.getpid())
        time.sleep(60)

    with pytest.raises(StoreError, match="disk is full"):
        apart(work, full, 30.0, MEMORY)


def test_ctrl_c_ends_parent_and_child_with_a_sentence(tmp_path):
    code = f"""
import time
from energy.cli.faults import code_of, prepare, spoken
from energy.intake.workers import apart
prepare()
def work(send):
    import os
    send("pid", os.getpid()); time.sleep(60)
try:
    apart(work, lambda word, pid: print(pid, flush=True), 30.0, {MEMORY})
except BaseException as error:
    print(spoken(error)); raise SystemExit(code_of(error))
"""
    for number, said in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
        process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True)  # fmt: skip
        child = int(process.stdout.readline())
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert process.returncode == said and "stopped" in out and "Traceback" not in err
        with pytest.raises(ProcessLookupError):
            os.kill(child, 0)


@pytest.mark.once
def test_the_limits_of_a_production_run_are_on_where_no_client_is_given(
    tmp_path, tracker, monkeypatch
):
    seen = []

    def noted(work, took, seconds, memory):
        seen.append((seconds, memory))
        raise WorkerError("enough")

    monkeypatch.setattr(workers, "apart", noted)
    update.run(
        QUARTER,
        "dry-run",
        Store.open(tmp_path),
        only=["ecb"],
        now=lambda: RETRIEVED,
        tables=tracker.facts,
    )
    assert seen == [(3600.0, 3 * 2**30)]


@pytest.mark.once
@pytest.mark.parametrize(("name", "value"), [
    ("HTTPS_PROXY", "::::"),
    ("ALL_PROXY", "socks5://127.0.0.1:9"),
    ("SSL_CERT_FILE", "/nowhere/roots.pem"),
])  # fmt: skip
def test_a_proxy_or_certificate_that_cannot_be_set_up_is_a_source_that_failed(
    name, value, tmp_path, tracker, monkeypatch
):
    monkeypatch.setenv(name, value)
    report = update.run(QUARTER, "dry-run", Store.open(tmp_path / "home"), only=["ecb"], keys={},
                        sleep=lambda s: None, now=lambda: RETRIEVED, tables=tracker.facts,
                        apart=False)  # fmt: skip
    assert report.code == update.PARTLY
    assert report.sources["outcome"].tolist() == ["failed"]
    assert report.sources["what"].iloc[0] and report.verdict.word == "amber"
