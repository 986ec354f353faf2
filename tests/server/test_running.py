"""The address that a server listens on."""

from __future__ import annotations

import socket
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from stylenet.errors import OutputError
from stylenet.requests.serving import ServeRequest
from stylenet.server.running import live_url, serve


def not_reached(url: str) -> None:
    raise AssertionError(f"the server listens on {url}")


def test_an_address_in_use_is_said_before_anything_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        settings = ServeRequest(port=port, data=str(tmp_path / "data"))
        with pytest.raises(OutputError, match=rf"cannot listen on 127\.0\.0\.1, port {port}: .*; choose another --port or --host"):
            serve(settings, on_ready=not_reached)
    assert not (tmp_path / "data").exists()


def test_settings_of_a_camera_are_in_the_address_of_its_page() -> None:
    url = "http://127.0.0.1:7410"
    assert live_url(url, {}) == f"{url}/live.html"
    made = live_url(url, {"style": "great-wave", "title": "a & b", "strength": 70.0})
    assert made.startswith(f"{url}/live.html?")
    assert parse_qs(urlsplit(made).query) == {"style": ["great-wave"], "title": ["a & b"], "strength": ["70.0"]}
