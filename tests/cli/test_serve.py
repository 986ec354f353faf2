"""`stylenet serve` and `stylenet studio`: settings passed to the server, and output once it listens."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from stylenet.requests.serving import ServeRequest
from tests.cli.conftest import Run

pytest.importorskip("websockets")

URL = "http://127.0.0.1:7410"


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[ServeRequest]:
    """The settings of servers, which are not started."""
    given: list[ServeRequest] = []

    def serve(settings: ServeRequest, *, on_ready: Callable[[str], None]) -> None:
        given.append(settings)
        on_ready(URL)

    monkeypatch.setattr("stylenet.server.running.serve", serve)
    return given


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The opened pages; no browser is started."""
    pages: list[str] = []
    monkeypatch.setattr("webbrowser.open", pages.append)
    return pages


def test_the_address_and_the_folder_are_printed(run: Run, served: list[ServeRequest], opened: list[str]) -> None:
    ended = run("serve", "--port", "7410", "--data", "here")
    assert (ended.code, ended.err, opened) == (0, "", [])
    address, folder = ended.out.splitlines()
    assert address.startswith(f"listening on {URL} ")
    assert folder.startswith("data in ")
    assert Path(folder.removeprefix("data in ")).name == "here"
    assert served[0].port == 7410


def test_options_that_repeat_and_the_token_of_the_environment(
    run: Run, served: list[ServeRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLENET_TOKEN", "secret-of-the-environment")
    assert run("serve", "--allow-host", "a.example", "--allow-host", "b.example", "--allow-origin", "https://a.example").code == 0
    assert served[0].allow_hosts == ("a.example", "b.example")
    assert served[0].allow_origins == ("https://a.example",)
    assert served[0].token == "secret-of-the-environment"


def test_a_server_that_others_can_reach_comes_with_a_warning(run: Run, served: list[ServeRequest]) -> None:
    ended = run("serve", "--host", "0.0.0.0", "--token", "a-token-of-some-length")
    assert ended.code == 0
    assert ended.err.startswith("note: anyone who can reach 0.0.0.0 and has the token")
    assert "a-token-of-some-length" not in ended.out + ended.err


@pytest.mark.parametrize(("words", "pages"), [((), [URL]), (("--no-browser",), [])])
def test_the_studio_opens_its_page(
    run: Run, served: list[ServeRequest], opened: list[str], words: tuple[str, ...], pages: list[str]
) -> None:
    assert run("studio", *words).code == 0
    assert opened == pages
    assert served[0].is_loopback


def test_the_studio_is_for_this_machine_alone(run: Run, served: list[ServeRequest]) -> None:
    ended = run("studio", "--host", "0.0.0.0")
    assert ended.code == 2
    assert "no such option: --host" in ended.error
    assert served == []


@pytest.mark.parametrize("module", ["starlette", "uvicorn", "websockets"])
def test_a_missing_package_is_named_with_its_extra(
    run: Run, served: list[ServeRequest], monkeypatch: pytest.MonkeyPatch, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    ended = run("serve")
    assert ended.code == 2
    assert module in ended.error.lower()
    assert 'pip install "stylenet[studio]"' in ended.error
    assert served == []
