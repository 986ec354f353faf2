"""Chromium for tests of pages; tests are skipped if it is not installed."""

from __future__ import annotations

import base64
import contextlib
import shutil
from collections.abc import Iterator
from typing import Any

import pytest

_BROWSER = next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None)
_FLAGS = (
    "headless",
    "no-sandbox",
    "disable-gpu",
    "disable-quic",
    "no-first-run",
    "disable-background-networking",
    "disable-component-update",
    "disable-sync",
)


@contextlib.contextmanager
def opened_browser(*flags: str) -> Iterator[Any]:
    """A running Chromium, closed at the end."""
    playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed: pip install playwright")
    if _BROWSER is None:
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as started, launched(started.chromium, *flags) as browser:
        yield browser


@contextlib.contextmanager
def launched(chromium: Any, *flags: str) -> Iterator[Any]:
    """A running browser of this type, such as `browser.browser_type`: Playwright cannot be started a second time."""
    browser = chromium.launch(executable_path=_BROWSER, args=[f"--{flag}" for flag in (*_FLAGS, *flags)])
    yield browser
    browser.close()


def send_file(page: Any, event: str, data: bytes, name: str, target: str) -> None:
    """Drop a file on an element (`event` "drop"), or paste it into the element ("paste")."""
    script = """([data, name]) => {
        const transfer = new DataTransfer();
        transfer.items.add(new File([Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0))], name, { type: "image/png" }));
        return transfer;
    }"""
    transfer = page.evaluate_handle(script, [base64.b64encode(data).decode(), name])
    if event == "drop":
        page.dispatch_event(target, "drop", {"dataTransfer": transfer})
    else:
        paste = "([target, clipboardData]) => target.dispatchEvent(new ClipboardEvent('paste', { clipboardData, bubbles: true }))"
        page.evaluate(paste, [page.query_selector(target), transfer])
