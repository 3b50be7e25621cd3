"""The only place that asks a server: one polite GET a time, and the answer whole or not at all.

One request at a time a host with a pause between two, a named User-Agent, limits on time and
size, at most five tries on 429, 500, 502, 503, 504 and broken connections, ``Retry-After``
honoured. A key is put in on the wire and nowhere else: it is cut out of answers, messages and log
lines. What the bytes mean is for the source modules; keeping them is for the store.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import email.utils
import functools
import hashlib
import logging
import os
import queue
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import SplitResult, quote, quote_plus, urljoin, urlsplit

from energy import __version__
from energy.errors import MissingExtra
from energy.sources.contract import Answer, Request
from energy.sources.reading import EXTRA, KeyMissing, SourceError, excerpt

try:
    import httpx
except ImportError as missing:  # pragma: no cover
    raise MissingExtra(f"Asking a server needs httpx: {EXTRA}") from missing

__all__ = ["AGENT", "LIMITS", "KeyMissing", "Limits", "SourceError", "fetch"]

log = logging.getLogger("energy.transport")

AGENT = f"energy-trade-tracker/{__version__} (+ contact by the project page)"
AGAIN = {429, 500, 502, 503, 504}
MOVED = {301, 302, 303, 307, 308}
HIDDEN = "***"
SHORTEST_KEY = 8

PAUSE = {"entsog": 10.0, "comtrade": 6.0, "crea": 2.0}
"""Seconds between two requests to one host, by source; 1 for all others. ENTSOG and Comtrade state
no limit; these are the intervals of those who ask them daily."""


@dataclasses.dataclass(frozen=True)
class Limits:
    """What one question may cost: seconds, bytes, tries.

    Attributes
    ----------
    connect, read : float
        Seconds to connect, and to wait for the next bytes.
    total : float
        Seconds for one try, against a server that drips.
    tries : int
        Tries in all.
    wait : float
        Seconds before the second try; doubles with each.
    longest : float
        Most seconds that a ``Retry-After`` may ask for.
    size : int
        Most bytes of an unpacked body.

    Examples
    --------
    >>> Limits(tries=1, total=5.0).tries
    1
    """

    connect: float = 10.0
    read: float = 90.0
    total: float = 900.0
    tries: int = 5
    wait: float = 2.0
    longest: float = 300.0
    size: int = 512 * 2**20


LIMITS = Limits()

GRACE = 2.0
"""Seconds beyond the deadline for a try to find out by itself that its time is over."""


@dataclasses.dataclass(frozen=True)
class _Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes


class _Broken(Exception):
    """A connection that may work at the next try."""


def fetch(
    request: Request,
    *,
    keys: Mapping[str, str] = os.environ,
    client: httpx.Client | None = None,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    limits: Limits = LIMITS,
) -> Answer:
    r"""Ask one question, politely, and return the whole answer.

    Parameters
    ----------
    request : Request
    keys : mapping
        Where keys are looked up, by the name in the module's ``KEY``.
    client : httpx.Client, optional
        Reused connection; default a new one.
    sleep, now : callables
        The clock.
    limits : Limits

    Returns
    -------
    Answer
        With status 200, or one of ``request.empty``. The body has no content encoding and no key.

    Raises
    ------
    KeyMissing
        If the question needs a key and none is set.
    SourceError
        If the server refuses, fails five times, leads to another host, or sends too much.

    Examples
    --------
    >>> import http.server
    >>> class Hello(http.server.BaseHTTPRequestHandler):
    ...     def do_GET(self):
    ...         self.send_response(200)
    ...         self.end_headers()
    ...         self.wfile.write(b"2021,12\n")
    ...     def log_message(self, *told):
    ...         pass
    >>> server = http.server.HTTPServer(("127.0.0.1", 0), Hello)
    >>> threading.Thread(target=server.handle_request).start()
    >>> answer = fetch(Request("own", "rows", f"http://127.0.0.1:{server.server_port}/"))
    >>> server.server_close()
    >>> answer.status, answer.body
    (200, b'2021,12\n')
    """
    key = _key(request, keys)
    host = _split(request, request.url).netloc
    with (
        _one_at_a_time(host),
        _silent(key),
        contextlib.nullcontext(client) if client else httpx.Client() as http,
    ):
        _rest(host, request.source, sleep)
        try:
            reply = _persist(http, request, key, sleep, now, limits)
        finally:
            _LAST[host] = time.monotonic()
    body = _scrub_bytes(reply.body, key)
    headers = {k: _scrub(v, key) for k, v in reply.headers.items() if k != "set-cookie"}
    digest = hashlib.sha256(body).hexdigest()
    return Answer(request, reply.status, headers, body, now(), digest)


def _persist(
    http: httpx.Client,
    request: Request,
    key: str,
    sleep: Callable[[float], None],
    now: Callable[[], dt.datetime],
    limits: Limits,
) -> _Reply:
    """Try until there is an answer to hand on, or the tries are used up."""
    reply = None
    for attempt in range(limits.tries):
        wait = max(limits.wait * 2**attempt, _pause(request.source))
        try:
            reply = _ask(http, request, key, limits)
        except _Broken as error:
            reply, trouble = None, str(error)
        else:
            if reply.status not in AGAIN:
                return _judge(request, reply, key)
            trouble = f"HTTP {reply.status}"
            wait = _retry_after(reply.headers, now(), wait)
        if attempt + 1 == limits.tries:
            break
        if wait > limits.longest:
            raise _error(
                request, f"{trouble}; it asks to wait {wait:.0f} s: run again after that.", reply
            )
        log.info("%s: %s, next try in %.0f s", request.source, trouble, wait)
        sleep(wait)
    if reply is not None and reply.status in request.empty:
        return reply
    said = f": {_scrub(excerpt(reply.body), key)}" if reply is not None and reply.body else ""
    raise _error(request, f"{trouble} after {limits.tries} tries{said}.", reply)


def _judge(request: Request, reply: _Reply, key: str) -> _Reply:
    if reply.status == 200 or reply.status in request.empty:
        return reply
    said = _scrub(excerpt(reply.body), key)
    hint = " Is the key right?" if reply.status in (401, 403) and key else ""
    raise _error(request, f"Refused with HTTP {reply.status}: {said}.{hint}", reply)


def _error(request: Request, what: str, reply: _Reply | None) -> SourceError:
    return SourceError(request.source, request.url, what, reply.status if reply else 0)


# -- one try --------------------------------------------------------------------------------------


def _ask(http: httpx.Client, request: Request, key: str, limits: Limits) -> _Reply:
    """Ask once, following redirects within the host."""
    url, deadline = request.url, time.monotonic() + limits.total
    for _ in range(6):
        asked = functools.partial(_get, http, request, url, key, limits, deadline)
        reply = _in_time(asked, deadline - time.monotonic() + GRACE)
        target = reply.headers.get("location", "")
        if reply.status not in MOVED:
            return reply
        url = urljoin(url, target) if "[" not in target else target
        parts = _split(request, url)
        if not target or not _same_host(urlsplit(request.url), parts):
            where = parts.hostname if target else "nowhere"
            raise _error(
                request, f"Sent on to {where}: an outage or a new address; not followed.", reply
            )
    raise _error(request, "Sent on more than five times in a circle.", None)


def _get(
    http: httpx.Client, request: Request, url: str, key: str, limits: Limits, deadline: float
) -> _Reply:
    headers = {"User-Agent": AGENT, "Accept-Encoding": "gzip", **request.headers}
    if request.key_header:
        headers[request.key_header] = key
    params = {request.key_param: key} if request.key_param else None
    timeout = httpx.Timeout(limits.read, connect=limits.connect)
    try:
        target = httpx.URL(url).copy_merge_params(params) if params else httpx.URL(url)
        question = http.build_request("GET", target, headers=headers, timeout=timeout)
        response = http.send(question, stream=True, follow_redirects=False)
        try:
            body = _whole(request, response, _body(request, response, limits, deadline), limits)
        finally:
            response.close()
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise _error(request, f"Not an address to ask ({_scrub(str(error), key)}).", None) from None
    except (httpx.TransportError, httpx.DecodingError) as error:
        said = _scrub(str(error), key)
        raise _Broken(f"{type(error).__name__}: {said}" if said else type(error).__name__) from None
    return _Reply(response.status_code, {k.lower(): v for k, v in response.headers.items()}, body)


def _body(request: Request, response: httpx.Response, limits: Limits, deadline: float) -> bytes:
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity", "gzip"):
        raise _error(
            request, f"Content encoding {encoding!r} was not asked for; expected gzip.", None
        )
    parts, size = [], 0
    for part in response.iter_raw():
        size += len(part)
        if size > limits.size:
            raise _error(
                request, f"The answer is larger than {limits.size:,} bytes; not taken.", None
            )
        if time.monotonic() > deadline:
            raise _Broken(f"no end after {limits.total:.0f} s")
        parts.append(part)
    return b"".join(parts)


def _whole(request: Request, response: httpx.Response, raw: bytes, limits: Limits) -> bytes:
    """Unpack a body; packed data that do not reach their own end are a broken connection."""
    if response.headers.get("content-encoding", "").strip().lower() != "gzip" or not raw:
        return raw
    unpacker = zlib.decompressobj(31)
    try:
        body = unpacker.decompress(raw, limits.size + 1)
    except zlib.error as error:
        raise _Broken(f"packed data are damaged ({error})") from None
    if len(body) > limits.size:
        what = f"The answer is larger than {limits.size:,} bytes; not taken."
        raise _error(request, what, None)
    if not unpacker.eof:
        raise _Broken("packed data break off before their end")
    return body


def _in_time(call: Callable[[], _Reply], seconds: float) -> _Reply:
    """Run one try under a deadline that holds for connecting, head and body alike.

    A server that drips its head, or sends early hints or chunk extensions without end, keeps the
    HTTP library busy below any point where the time could be looked at; so the try runs beside.
    """
    done: queue.SimpleQueue[_Reply | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            done.put(call())
        except BaseException as error:  # handed over, raised on the other side
            done.put(error)

    threading.Thread(target=work, daemon=True, name="energy-transport").start()
    try:
        found = done.get(timeout=max(seconds, 0.001))
    except queue.Empty:
        raise _Broken(f"no end after {seconds:.0f} s") from None
    if isinstance(found, BaseException):
        raise found
    return found


def _split(request: Request, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # is read late, and may be none
    except ValueError as error:
        raise _error(request, f"Not an address to ask ({error}).", None) from None
    return parts


def _same_host(a: SplitResult, b: SplitResult) -> bool:
    upgrade = (a.scheme, b.scheme) == ("http", "https") and (a.port, b.port) == (None, None)
    same = (a.scheme, a.port) == (b.scheme, b.port) or upgrade
    return a.hostname == b.hostname and same


def _retry_after(headers: Mapping[str, str], now: dt.datetime, otherwise: float) -> float:
    """Return the seconds a server asks to wait: a number, or a date; nonsense counts as nothing."""
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return float(text)
    try:
        date = email.utils.parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return otherwise
    date = date if date.tzinfo else date.replace(tzinfo=dt.UTC)
    return max(0.0, (date - now).total_seconds())


# -- manners --------------------------------------------------------------------------------------

_LOCKS: dict[str, threading.Lock] = {}
_LAST: dict[str, float] = {}
_GUARD = threading.Lock()


@contextlib.contextmanager
def _one_at_a_time(host: str) -> Iterator[None]:
    with _GUARD:
        lock = _LOCKS.setdefault(host, threading.Lock())
    with lock:
        yield


def _pause(source: str) -> float:
    return PAUSE.get(source, 1.0)


def _rest(host: str, source: str, sleep: Callable[[float], None]) -> None:
    if host in _LAST:
        left = _pause(source) - (time.monotonic() - _LAST[host])
        if left > 0:
            sleep(left)


# -- keys -----------------------------------------------------------------------------------------


def _key(request: Request, keys: Mapping[str, str]) -> str:
    if not (request.key_header or request.key_param):
        return ""
    from energy.sources import SOURCES

    name = SOURCES[request.source].KEY
    key = keys.get(name, "").strip()
    if not key:
        what = f"It needs a key: register and set the environment variable {name}."
        raise KeyMissing(request.source, request.url, what)
    if len(key) < SHORTEST_KEY or not key.isascii() or not key.isprintable() or " " in key:
        what = f"What {name} holds is no key: under {SHORTEST_KEY} characters, or odd ones in it."
        raise KeyMissing(request.source, request.url, what)
    return key


def _forms(key: str) -> set[str]:
    return {key, quote(key, safe=""), quote_plus(key)} if key else set()


def _scrub(text: str, key: str) -> str:
    for form in _forms(key):
        text = text.replace(form, HIDDEN)
    return text


def _scrub_bytes(body: bytes, key: str) -> bytes:
    for form in _forms(key):
        body = body.replace(form.encode(), HIDDEN.encode())
    return body


class _Hide(logging.Filter):
    """Cut a key out of what the HTTP library logs (it logs the whole address)."""

    def __init__(self, key: str):
        super().__init__()
        self.key = key

    def filter(self, record: logging.LogRecord) -> bool:
        text = record.getMessage()
        if any(form in text for form in _forms(self.key)):
            record.msg, record.args = _scrub(text, self.key), ()
        return True


@contextlib.contextmanager
def _silent(key: str) -> Iterator[None]:
    names = ["httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy"))]
    loggers = [logging.getLogger(name) for name in names] if key else []
    hide = _Hide(key)
    for logger in loggers:
        logger.addFilter(hide)
    try:
        yield
    finally:
        for logger in loggers:
            logger.removeFilter(hide)
