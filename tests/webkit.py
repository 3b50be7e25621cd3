"""Drive WebKitGTK's MiniBrowser by the WebDriver protocol, where Debian's packages are there.

``apt-get install webkit2gtk-driver xvfb``; without them the test is skipped. Playwright's own WebKit
asks for libraries of another distribution.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

START = 60.0  # seconds for the driver to listen and the page to be drawn, on a busy machine


class Session:
    """One browser window."""

    def __init__(self, base: str, path: str = ""):
        self.base, self.path = base, path

    def call(self, method: str, place: str, body: Any = None) -> Any:
        """Send one command and return its value."""
        request = urllib.request.Request(
            f"{self.base}{self.path}{place}", method=method,
            data=None if body is None else json.dumps(body).encode(),
        )  # fmt: skip
        with urllib.request.urlopen(request, timeout=START) as answer:
            return json.loads(answer.read())["value"]

    def run(self, script: str) -> Any:
        """Return what a script returns."""
        return self.call("POST", "/execute/sync", {"script": script, "args": []})

    def until(self, script: str) -> Any:
        """Run a script until what it returns counts as true."""
        end = time.monotonic() + START
        while not (found := self.run(script)):
            assert time.monotonic() < end, script
            time.sleep(0.2)
        return found


def _free() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@contextmanager
def opened(path: Path, home: Path) -> Iterator[Session]:
    """Open a file at 1440 x 900 and yield its window; skip where WebKit is not installed."""
    driver, screen = shutil.which("WebKitWebDriver"), shutil.which("xvfb-run")
    browser = next(Path("/usr/lib").glob("*/webkit2gtk-4*/MiniBrowser"), None)
    if not (driver and screen and browser):
        pytest.skip("no webkit2gtk-driver and xvfb on this machine")
    port = _free()
    around = {
        "HOME": str(home),
        "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
        "LIBGL_ALWAYS_SOFTWARE": "1",
    }
    command = [screen, "-a", "-s", "-screen 0 1440x900x24", driver, f"--port={port}"]
    started = subprocess.Popen(
        command, env=os.environ | around, start_new_session=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        _listening(port)
        session = Session(f"http://127.0.0.1:{port}")
        wanted = {"webkitgtk:browserOptions": {"binary": str(browser), "args": ["--automation"]}}
        made = session.call("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        session.path = f"/session/{made['sessionId']}"
        session.call("POST", "/window/rect", {"width": 1440, "height": 900})
        session.call("POST", "/url", {"url": path.as_uri()})
        yield session
        session.call("DELETE", "")
    finally:
        os.killpg(started.pid, 15)
        started.wait(10)


def _listening(port: int) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("WebKitWebDriver does not listen")
