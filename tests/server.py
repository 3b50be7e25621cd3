"""A server on loopback that answers as the real services do, faults included.

    with Server() as server:
        server.plan("/api", Reply(429, headers={"Retry-After": "2"}), Reply(200, b"{}"))
        transport.fetch(request, client=server.client(), sleep=naps.append)

`Server.client` sends every address, whatever its host, to this server; ``server.asked`` lists what
arrived. The last reply of a plan is given again for as long as somebody asks.
"""

from __future__ import annotations

import dataclasses
import gzip
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import httpx

JSON = "application/json"
HTML = (
    b"<!DOCTYPE html><html><head><title>503</title></head><body>Service Unavailable</body></html>"
)


@dataclasses.dataclass(frozen=True)
class Reply:
    """One answer.

    ``how``: ``whole``; ``cut`` (half of the promised bytes, then the connection ends); ``cut
    chunks`` (the same without a promised length); ``hang`` (nothing at all until the server
    stops); ``hang inside`` (headers and half, then nothing); ``drip`` (a byte every 50 ms); ``drop``
    (the connection ends without a word).
    """

    status: int = 200
    body: bytes = b"{}"
    type: str = JSON
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict)
    how: str = "whole"


@dataclasses.dataclass(frozen=True)
class Asked:
    """A request as it arrived; ``open`` counts the requests under way at that moment."""

    host: str
    target: str
    headers: Mapping[str, str]
    open: int


def html(status: int = 200) -> Reply:
    """Return a page where data was asked for."""
    return Reply(status, HTML, "text/html; charset=utf-8")


def zipped(body: bytes, type: str = JSON) -> Reply:
    """Return a body sent with content encoding gzip."""
    return Reply(200, gzip.compress(body), type, {"Content-Encoding": "gzip"})


class Server:
    """The server; a context manager."""

    def __init__(self) -> None:
        self.plans: dict[str, list[Reply]] = {}
        self.asked: list[Asked] = []
        self.stopping = threading.Event()
        self._lock = threading.Lock()
        self._open = 0
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def address(self) -> str:
        """Return ``http://127.0.0.1:port``."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def plan(self, place: str, *replies: Reply) -> None:
        """Set the replies for a path, a host, or host and path (``api.example.org/v1``).

        The longest place that fits a request decides.
        """
        self.plans[place] = list(replies)

    def client(self) -> httpx.Client:
        """Return a client that sends every address here; the host asked for stands in ``Host``."""
        return httpx.Client(transport=_Loopback(self.address))

    def take(self, host: str, target: str, headers: Mapping[str, str]) -> Reply:
        """Note a request and return what is planned for it."""
        path = urlsplit(target).path
        with self._lock:
            self._open += 1
            self.asked.append(Asked(host, target, headers, self._open))
            fits = [place for place in self.plans if f"{host}{path}".startswith(place)]
            fits += [place for place in self.plans if path.startswith(place)]
            if not fits:
                return Reply(404, b'{"message":"nothing planned"}')
            replies = self.plans[max(fits, key=len)]
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def done(self) -> None:
        """Note the end of a request."""
        with self._lock:
            self._open -= 1


class _Loopback(httpx.HTTPTransport):
    def __init__(self, address: str):
        super().__init__()
        self.target = httpx.URL(address)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url.copy_with(
            scheme=self.target.scheme, host=self.target.host, port=self.target.port
        )
        moved = httpx.Request(
            request.method, url, headers=request.headers, extensions=request.extensions
        )
        return super().handle_request(moved)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.ended = False
            reply = server.take(headers.get("host", ""), self.path, headers)
            try:
                getattr(self, f"_{reply.how.replace(' ', '_')}")(reply)
            except OSError:
                self.close_connection = True
            finally:
                if not self.ended:
                    server.done()

        def _last(self, part: bytes) -> None:
            """Send the last bytes; the request counts as over before the client can know it."""
            server.done()
            self.ended = True
            self.wfile.write(part)

        def _start(self, reply: Reply, length: int | None) -> None:
            self.send_response(reply.status)
            self.send_header("Content-Type", reply.type)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            if length is None:
                self.send_header("Transfer-Encoding", "chunked")
            else:
                self.send_header("Content-Length", str(length))
            self.end_headers()
            self.wfile.flush()

        def _whole(self, reply: Reply) -> None:
            self._start(reply, len(reply.body))
            self._last(reply.body)

        def _cut(self, reply: Reply) -> None:
            self._start(reply, len(reply.body))
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.close_connection = True

        def _cut_chunks(self, reply: Reply) -> None:
            self._start(reply, None)
            half = reply.body[: len(reply.body) // 2]
            self.wfile.write(f"{len(half):x}\r\n".encode() + half + b"\r\n")
            self.close_connection = True

        def _drip(self, reply: Reply) -> None:
            self._start(reply, len(reply.body))
            for place in range(len(reply.body) - 1):
                self.wfile.write(reply.body[place : place + 1])
                if server.stopping.wait(0.05):
                    break
            self._last(reply.body[-1:])
            self.close_connection = True

        def _hang(self, reply: Reply) -> None:
            server.stopping.wait()
            self.close_connection = True

        def _hang_inside(self, reply: Reply) -> None:
            self._start(reply, len(reply.body))
            self.wfile.write(reply.body[: len(reply.body) // 2])
            self.wfile.flush()
            self._hang(reply)

        def _drop(self, reply: Reply) -> None:
            self.close_connection = True

        def log_message(self, format: str, *values: Any) -> None:
            """Keep quiet."""

    return Handler
