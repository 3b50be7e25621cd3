"""Open a page in headless Chromium with the network cut, and keep what it asked for and said."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
LOCAL = ("data:", "blob:", "about:")
PATIENCE = 180_000
"""Milliseconds that a page may take for anything: a busy machine is no fault."""


@dataclass
class Log:
    """What a page did besides being shown; all empty for a good offline page."""

    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def assert_clean(self) -> None:
        """Fail with the first entries if the page was not clean."""
        for name in ("requests", "failed", "console", "errors"):
            entries = getattr(self, name)
            assert not entries, f"{name}: {entries[:3]}"


def executable() -> str:
    """Find Chromium, or skip the test."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine")
    return path


@contextmanager
def launched() -> Iterator[Any]:
    """Yield a headless browser without network."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=executable(), args=FLAGS, timeout=PATIENCE
        )
        try:
            yield browser
        finally:
            browser.close()


@contextmanager
def opened(browser: Any, path: Path, **context: Any) -> Iterator[tuple[Any, Log]]:
    """Open a file in a fresh context; yield the page and its log.

    Parameters
    ----------
    browser
        From :func:`launched`.
    path : Path
        The HTML file.
    **context
        Of playwright's ``new_context``: ``viewport``, ``color_scheme``…
    """
    log = Log()
    own = path.resolve().as_uri()
    with browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context}) as made:
        made.set_default_timeout(PATIENCE)
        page = made.new_page()

        def request(r: Any) -> None:
            if not r.url.startswith((*LOCAL, own)):
                log.requests.append(r.url)

        page.on("request", request)
        page.on("requestfailed", lambda r: log.failed.append(r.url))
        page.on(
            "console",
            lambda m: m.type in ("error", "warning") and log.console.append(f"{m.type}: {m.text}"),
        )
        page.on("pageerror", lambda error: log.errors.append(str(error)))
        page.goto(own)
        yield page, log


def settled(page: Any) -> None:
    """Wait until the page has drawn twice: what a change asked for is then on the screen."""
    page.evaluate("new Promise(end => requestAnimationFrame(() => requestAnimationFrame(end)))")


WRITTEN = """(inside) => [...document.querySelectorAll(inside + ' svg text')]
  .filter(node => node.getBoundingClientRect().width)
  .map(node => [node.textContent, parseFloat(getComputedStyle(node).fontSize) * node.getScreenCTM().a])"""
"""Words of the charts that are shown, each with its size on the screen in pixels."""


def written(page: Any, inside: str = "") -> list[tuple[str, float]]:
    """Give the words of all charts below a selector, with the size on the screen of each."""
    return [(text, size) for text, size in page.evaluate(WRITTEN, inside)]
