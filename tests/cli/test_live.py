"""`stylenet live`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from stylenet.requests.serving import ServeRequest
from tests.cli.conftest import Run

pytest.importorskip("websockets")

URL = "http://127.0.0.1:7410"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The opened pages. No server runs."""
    pages: list[str] = []
    ready = threading.Event()

    def serve(settings: ServeRequest, *, on_ready: Callable[[str], None]) -> None:
        on_ready(URL)
        assert ready.wait(20)

    def open_page(page: str) -> None:
        pages.append(page)
        ready.set()

    monkeypatch.setattr("stylenet.server.running.serve", serve)
    monkeypatch.setattr("webbrowser.open", open_page)
    monkeypatch.setattr("stylenet.server.client.Remote.upload", lambda self, source: "0" * 64)
    return pages


def query(pages: list[str]) -> dict[str, Any]:
    (page,) = pages
    assert page.startswith(f"{URL}/live.html")
    return {name: value for name, (value,) in parse_qs(urlsplit(page).query).items()}


def test_what_is_given_goes_to_the_page(run: Run, opened: list[str]) -> None:
    ended = run("live", "great-wave", "--strength", "70", "--size", "256", "--steady", "0")
    assert (ended.code, ended.err) == (0, "")
    assert query(opened) == {"style": "great-wave", "strength": "70.0", "size": "256", "steady": "0.0"}
    assert opened[0] in ended.out


def test_without_arguments(run: Run, opened: list[str]) -> None:
    assert run("live").code == 0
    assert query(opened) == {}


def test_a_painting_of_ones_own(run: Run, opened: list[str], folder: Path) -> None:
    assert run("live", "painting.jpg").code == 0
    assert query(opened) == {"style": "0" * 64, "title": "painting"}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("stary-night", "style is 'stary-night'; allowed are names listed by 'stylenet styles ls', and picture files. Did you mean"),
        ("starry-night --size 20", "size is 20; allowed are 64 to 1024 pixels"),
        ("starry-night --steady 101", "steady is 101; allowed are 0 to 100"),
        ("notes.txt", "cannot read 'notes.txt': it is a text file"),
    ],
)
def test_what_is_rejected(run: Run, opened: list[str], folder: Path, words: str, error: str) -> None:
    (folder / "notes.txt").write_text("words")
    assert run("live", *words.split()).error.startswith(error)
    assert not opened
