"""Transport: every way a server can fail, on a real one; manners, keys, limits."""

from __future__ import annotations

import datetime as dt
import email.utils
import hashlib
import logging
import threading
import time
import types

import httpx
import pytest
from server import HTML, Reply, Server, html, zipped

from energy.sources import KeyMissing, SourceError, transport
from energy.sources.contract import Request

KEY = "s3cret/key+42"
NOW = dt.datetime(2026, 11, 25, 12, 0, tzinfo=dt.UTC)
CALM = transport.Limits(connect=30.0, read=30.0, total=60.0, wait=2.0, size=100_000)
"""Long enough for a good answer on the busiest machine."""
QUICK = transport.Limits(connect=30.0, read=0.3, total=0.6, wait=2.0, size=100_000)
GOOD = Reply(200, b'{"a": 1}')


@pytest.fixture
def server():
    with Server() as running:
        yield running


@pytest.fixture
def naps(monkeypatch):
    monkeypatch.setattr(transport, "_LAST", {})
    return []


def ask(server, naps, path="/data", source="ecb", limits=CALM, keys=None, sleep=None, **more):
    request = Request(source, "tag", server.address + path, **more)
    with httpx.Client() as client:
        return transport.fetch(
            request,
            keys=keys or {},
            client=client,
            sleep=sleep or naps.append,
            now=lambda: NOW,
            limits=limits,
        )


def test_an_answer_is_whole_and_named(server, naps):
    server.plan(
        "/data", Reply(200, b'{"a": 1}', headers={"Last-Modified": "x", "Set-Cookie": "s=1"})
    )
    answer = ask(server, naps, "/data?q=1")
    assert (answer.status, answer.body, answer.retrieved) == (200, b'{"a": 1}', NOW)
    assert answer.sha256 == hashlib.sha256(b'{"a": 1}').hexdigest()
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["last-modified"] == "x" and "set-cookie" not in answer.headers
    assert naps == []
    agent = server.asked[0].headers["user-agent"]
    assert agent.startswith("energy-trade-tracker/") and "contact" in agent


def test_a_module_may_name_itself_otherwise(server, naps):
    server.plan("/data", GOOD)
    ask(server, naps, headers={"User-Agent": "Mozilla/5.0 (compatible; ours)"})
    assert server.asked[0].headers["user-agent"] == "Mozilla/5.0 (compatible; ours)"


def test_without_a_client_it_brings_its_own(server, naps):
    server.plan("/data", GOOD)
    request = Request("ecb", "tag", server.address + "/data")
    assert transport.fetch(request, sleep=naps.append).body == GOOD.body


# -- tries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_fault_that_passes_is_tried_again(server, naps, status):
    server.plan("/data", Reply(status, b"busy"), Reply(status, b"busy"), GOOD)
    assert ask(server, naps).body == GOOD.body
    assert naps == [2.0, 4.0]


@pytest.mark.parametrize("how", ["cut", "cut chunks", "drop"])
def test_a_broken_connection_is_tried_again(server, naps, how):
    server.plan("/data", Reply(200, b'{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}', how=how), GOOD)
    assert ask(server, naps).body == GOOD.body
    assert naps == [2.0] and len(server.asked) == 2


@pytest.mark.parametrize("how", ["hang", "hang inside", "drip"])
def test_a_silent_connection_is_tried_again(server, naps, how):
    """Only the first try is short of time: the good answer may take as long as the machine does."""
    server.plan("/data", Reply(200, b'{"a": [1, 2, 3, 4, 5, 6, 7, 8, 9]}', how=how), GOOD)

    class Short:
        def __getattr__(self, name):
            return getattr(CALM if naps else QUICK, name)

    def nap(seconds):
        naps.append(seconds)
        for _ in range(6_000):  # a minute at most, until what we gave up on has reached the server
            if len(server.asked) >= len(naps):
                return
            time.sleep(0.01)

    assert ask(server, naps, limits=Short(), sleep=nap).body == GOOD.body
    assert naps == [2.0] and len(server.asked) == 2


@pytest.mark.parametrize("how", ["cut", "drop"])
def test_a_connection_that_stays_broken_gives_up_after_five(server, naps, how):
    server.plan("/data", Reply(200, b'{"a": 1}', how=how))
    with pytest.raises(SourceError, match=r"RemoteProtocolError.* after 5 tries\. Asked: http"):
        ask(server, naps)
    assert naps == [2.0, 4.0, 8.0, 16.0] and len(server.asked) == 5


def test_nobody_listening(naps):
    with Server() as server:
        pass
    with pytest.raises(SourceError, match=r"ConnectError.* after 5 tries"):
        ask(server, naps)


def test_a_server_that_stays_down_is_quoted(server, naps):
    server.plan("/data", Reply(503, b'{"message":"API is currently in maintenance mode."}'))
    with pytest.raises(SourceError, match=r"HTTP 503 after 5 tries: .*maintenance mode") as caught:
        ask(server, naps, source="crea")
    assert caught.value.status == 503 and caught.value.source == "crea"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 413, 206, 204])
def test_a_refusal_is_not_tried_again(server, naps, status):
    body = b"" if status == 204 else b'{"error":[{"status":400,"label":"ERR_INVALID_DIMENSION"}]}'
    server.plan("/data", Reply(status, body))
    with pytest.raises(SourceError, match=f"Refused with HTTP {status}") as caught:
        ask(server, naps)
    assert caught.value.status == status and naps == [] and len(server.asked) == 1


def test_no_data_is_handed_on_where_the_source_says_so(server, naps):
    server.plan("/data", Reply(404, b'{"message":"No result found"}'))
    assert ask(server, naps, empty=(404,)).status == 404
    assert naps == []


def test_500_may_mean_no_data_but_only_after_five_tries(server, naps):
    server.plan("/data", Reply(500, b'{"message":"No result found"}'))
    assert ask(server, naps, empty=(404, 500)).status == 500
    assert len(naps) == 4


# -- Retry-After ----------------------------------------------------------------------------------


def test_retry_after_in_seconds(server, naps):
    server.plan("/data", Reply(429, b"{}", headers={"Retry-After": "7"}), GOOD)
    ask(server, naps)
    assert naps == [7.0]


def test_retry_after_as_a_date(server, naps):
    date = email.utils.format_datetime(NOW + dt.timedelta(seconds=33), usegmt=True)
    server.plan("/data", Reply(503, b"{}", headers={"Retry-After": date}), GOOD)
    ask(server, naps)
    assert naps == [33.0]


@pytest.mark.parametrize(
    ("text", "nap"), [("soon", 2.0), ("-5", 2.0), ("Mon, 01 Jan 2001 00:00:00 GMT", 0.0)]
)
def test_retry_after_that_makes_no_sense(server, naps, text, nap):
    server.plan("/data", Reply(429, b"{}", headers={"Retry-After": text}), GOOD)
    ask(server, naps)
    assert naps == [nap]


def test_retry_after_beyond_patience_is_an_error_that_says_when(server, naps):
    server.plan("/data", Reply(429, b"{}", headers={"Retry-After": "18764"}))
    with pytest.raises(
        SourceError, match="HTTP 429; it asks to wait 18764 s: run again after that"
    ):
        ask(server, naps)
    assert naps == []


# -- redirects, sizes -----------------------------------------------------------------------------


def test_redirects_stay_on_the_host(server, naps):
    server.plan("/data", Reply(302, b"", headers={"Location": "/moved"}))
    server.plan("/moved", GOOD)
    assert ask(server, naps).body == GOOD.body
    server.plan("/data", Reply(302, b"", headers={"Location": "https://sorry.ec.europa.eu/"}))
    with pytest.raises(SourceError, match=r"Sent on to sorry\.ec\.europa\.eu: an outage"):
        ask(server, naps)


@pytest.mark.parametrize(
    ("location", "match"),
    [
        ("/data", "in a circle"),
        ("", "Sent on to nowhere"),
        ("http://127.0.0.1:1/x", "127"),
        ("http://[x", "Not an address"),
    ],
)
def test_redirects_that_lead_nowhere(server, naps, location, match):
    server.plan("/data", Reply(301, b"", headers={"Location": location}))
    with pytest.raises(SourceError, match=match):
        ask(server, naps)


def test_a_key_is_never_sent_to_another_host(server, naps):
    with Server() as other:
        other.plan("/", GOOD)
        server.plan("/data", Reply(307, b"", headers={"Location": other.address + "/steal"}))
        with pytest.raises(SourceError, match="not followed"):
            ask(server, naps, source="gie", keys={"GIE_API_KEY": KEY}, key_header="x-key")
        assert other.asked == []


def test_a_huge_body_is_not_taken(server, naps):
    server.plan("/data", Reply(200, b"[" + b"1," * 100_000 + b"1]"))
    with pytest.raises(SourceError, match="larger than 100,000 bytes; not taken"):
        ask(server, naps)
    assert len(server.asked) == 1


def test_a_body_that_unpacks_to_too_much_is_not_taken(server, naps):
    server.plan("/data", zipped(b"[" + b" " * 50_000_000 + b"]"))
    with pytest.raises(SourceError, match="larger than 100,000 bytes"):
        ask(server, naps)


def test_gzip_is_unpacked_and_damaged_gzip_tried_again(server, naps):
    damaged = Reply(200, zipped(b"[1]").body[:-8] + b"\0" * 8, headers={"Content-Encoding": "gzip"})
    server.plan("/data", damaged, zipped(b"[1]"))
    assert ask(server, naps).body == b"[1]"
    assert len(naps) == 1


def test_an_encoding_that_was_not_asked_for(server, naps):
    server.plan("/data", Reply(200, b"[1]", headers={"Content-Encoding": "gzip, gzip"}))
    with pytest.raises(SourceError, match="Content encoding 'gzip, gzip' was not asked for"):
        ask(server, naps)


@pytest.mark.parametrize("url", ["ftp://example.org/x", "nothing", "http://[bad"])
def test_something_that_is_no_address(naps, url):
    with pytest.raises(SourceError, match="Not an address to ask"):
        transport.fetch(Request("ecb", "tag", url), sleep=naps.append)


def test_html_with_status_200_is_an_answer_for_the_reader_to_refuse(server, naps):
    server.plan("/data", html())
    assert ask(server, naps).body == HTML


# -- manners --------------------------------------------------------------------------------------


def test_a_pause_between_two_questions_to_one_host(server, naps, monkeypatch):
    stopped = types.SimpleNamespace(monotonic=lambda: 100.0)  # a busy machine takes no part of it
    monkeypatch.setattr(transport, "time", stopped)
    server.plan("/data", GOOD)
    ask(server, naps, source="entsog")
    assert naps == []
    ask(server, naps, source="entsog")
    assert naps == [10.0]


def test_one_question_at_a_time_a_host(server, naps):
    server.plan("/data", Reply(200, b"1234", how="drip"))
    threads = [
        threading.Thread(target=ask, args=(server, naps), kwargs={"limits": CALM}) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [asked.open for asked in server.asked] == [1, 1, 1, 1]


# -- keys -----------------------------------------------------------------------------------------


def test_a_key_is_put_in_on_the_wire_only(server, naps, caplog):
    echo = f'{{"request": {{"api_key": "{KEY}"}}, "again": "s3cret%2Fkey%2B42"}}'.encode()
    server.plan("/data", Reply(200, echo, headers={"X-Echo": KEY}))
    with caplog.at_level(logging.DEBUG):
        logging.getLogger("httpcore").setLevel(logging.DEBUG)
        answer = ask(server, naps, "/data?a=1", source="gie", keys={"GIE_API_KEY": KEY},
                     key_header="x-key", key_param="api_key")  # fmt: skip
    assert server.asked[0].headers["x-key"] == KEY
    assert "a=1" in server.asked[0].target and "api_key=s3cret" in server.asked[0].target
    assert caplog.text.count("HTTP Request") == 1  # it does log
    for text in (repr(answer), answer.body.decode(), str(answer.headers), caplog.text):
        assert "s3cret" not in text
    assert answer.sha256 == hashlib.sha256(answer.body).hexdigest()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(401, f'{{"message": "bad key {KEY}"}}'.encode()),
        Reply(503, f"no {KEY}".encode()),
        Reply(200, b'{"a": 1}', how="cut"),
        Reply(302, b"", headers={"Location": f"/data?api_key={KEY}"}),
    ],
)
def test_a_key_is_in_no_error(server, naps, caplog, reply):
    server.plan("/data", reply)
    with caplog.at_level(logging.DEBUG), pytest.raises(SourceError) as caught:
        ask(server, naps, source="gie", keys={"GIE_API_KEY": KEY}, key_param="api_key")
    error: BaseException | None = caught.value
    assert "s3cret" not in caplog.text and "s3cret" not in caught.value.url
    while error is not None:
        assert "s3cret" not in f"{error!s} {error!r} {vars(error)}"
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_missing_key_is_told_apart_and_named(server, naps):
    with pytest.raises(KeyMissing, match="set the environment variable GIE_API_KEY"):
        ask(server, naps, source="gie", key_header="x-key")
    assert server.asked == []


@pytest.mark.parametrize(
    "key", ["short", "with a blank in it", "кириллица-ключ", "line\nbreak-key"]
)
def test_a_key_that_is_none(server, naps, key):
    with pytest.raises(KeyMissing, match="GIE_API_KEY holds is no key") as caught:
        ask(server, naps, source="gie", keys={"GIE_API_KEY": key}, key_header="x-key")
    assert key not in str(caught.value)


def test_a_refused_key_asks_whether_it_is_right(server, naps):
    server.plan("/data", Reply(401, b'{"statusCode":401,"message":"Access denied"}'))
    with pytest.raises(SourceError, match=r"Access denied.*Is the key right\?"):
        ask(server, naps, source="comtrade", keys={"COMTRADE_API_KEY": KEY}, key_header="x")


def test_the_client_of_the_test_server_reaches_it_by_any_name(server, naps):
    server.plan("data-api.ecb.europa.eu/service", GOOD)
    request = Request("ecb", "tag", "https://data-api.ecb.europa.eu/service/data?x=1")
    with server.client() as client:
        answer = transport.fetch(request, client=client, sleep=naps.append)
    assert answer.body == GOOD.body
    assert server.asked[0].host == "data-api.ecb.europa.eu"
