"""The client."""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import stylenet
from stylenet.errors import ImageError, StylenetError, UsageError
from stylenet.server import client
from tests.server.conftest import TOKEN, Running, png


class Answers:
    """A server that gives the same response to every request, and records the requests.

    Attributes:
        url: Its address.
        status: Of its answers.
        body: Of its answers.
        asked: Method, path, headers and body of every request.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self.status, self.body = 200, b"{}"
        self.asked: list[tuple[str, str, Any, bytes]] = []


@pytest.fixture
def answers() -> Iterator[Answers]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            made.asked.append((self.command, self.path, self.headers, body))
            self.send_response(made.status)
            self.send_header("content-length", str(len(made.body)))
            self.end_headers()
            self.wfile.write(made.body)

        def do_PUT(self) -> None:
            self.do_GET()

        def log_message(self, *arguments: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made = Answers(f"http://127.0.0.1:{server.server_address[1]}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("url", "host", "port", "is_secure"),
    [
        ("http://127.0.0.1:7410", "127.0.0.1", 7410, False),
        ("http://studio.example/", "studio.example", None, False),
        ("https://[::1]:1", "::1", 1, True),
    ],
)
def test_addresses_of_servers(url: str, host: str, port: int | None, is_secure: bool) -> None:
    server = stylenet.connect(url)
    assert (server.host, server.port, server.is_secure) == (host, port, is_secure)


@pytest.mark.parametrize("port", [0, 65536, 99999])
def test_ports_that_cannot_exist(port: int) -> None:
    with pytest.raises(UsageError, match=rf"the port of the server's address 'http://a:{port}' is {port}; allowed are 1 to 65535"):
        stylenet.connect(f"http://a:{port}")


@pytest.mark.parametrize("url", ["127.0.0.1:7410", "ftp://x", "http://", "http://a b", "http://a/path", "http://a:123456", "http://u:p@a"])
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(UsageError, match=r"the server's address is '.*'; allowed are addresses like http://127.0.0.1:7410"):
        stylenet.connect(url)


@pytest.mark.parametrize("url", [None, 7410])
def test_addresses_of_other_types(url: Any) -> None:
    with pytest.raises(UsageError, match=f"the server's address is '{url}'"):
        stylenet.connect(url)


@pytest.mark.parametrize("source", [np.zeros((4, 4, 3), np.uint8), None, 5, io.StringIO("text")])
def test_pictures_that_cannot_be_uploaded(answers: Answers, source: Any) -> None:
    with pytest.raises(ImageError, match=f"cannot upload a picture from {type(source).__name__}; give a path, bytes or a file"):
        stylenet.connect(answers.url).upload(source)
    assert not answers.asked


def test_options_of_numpy_and_paths_become_json() -> None:
    options = {"strength": np.float32(30), "blend": np.array([1, 2]), "palette": Path("a.png")}
    assert json.loads(json.dumps(options, default=client._plain)) == {"strength": 30, "blend": [1, 2], "palette": "a.png"}
    with pytest.raises(UsageError, match=r"an option is set \{3\}; give text, numbers, or lists of them"):
        json.dumps({3}, default=client._plain)


def test_the_token_is_sent_and_not_shown(answers: Answers) -> None:
    server = stylenet.connect(answers.url, token=TOKEN)
    assert TOKEN not in repr(server)
    answers.body = b'{"styles": [{"name": "one"}, {"name": "two"}]}'
    assert server.styles() == ["one", "two"]
    method, path, headers, _ = answers.asked[0]
    assert (method, path, headers["authorization"]) == ("GET", "/v1/styles", f"Bearer {TOKEN}")
    stylenet.connect(answers.url).styles()
    assert "authorization" not in answers.asked[1][2]


def test_pictures_are_sent_as_files_bytes_or_streams(answers: Answers, tmp_path: Path) -> None:
    answers.body = b'{"id": "the-id"}'
    path = tmp_path / "mein föto;1.png"
    path.write_bytes(b"picture")
    server = stylenet.connect(answers.url)
    for source in (path, str(path), b"picture", bytearray(b"picture"), io.BytesIO(b"picture")):
        assert server.upload(source) == "the-id"  # type: ignore[arg-type]
    assert [(method, path, body) for method, path, _, body in answers.asked] == [("PUT", "/v1/pictures", b"picture")] * 5
    assert [headers["stylenet-name"] for _, _, headers, _ in answers.asked] == ["mein f-to-1.png"] * 2 + [None] * 3
    with pytest.raises(ImageError, match=r"cannot read '.*missing.png': No such file"):
        server.upload(tmp_path / "missing.png")


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (422, b'{"code": "invalid-value", "error": "a", "allowed": "b", "remedy": "c", "values": {"d": 1}}', UsageError, "a; b; c"),
        (415, b'{"code": "not-a-picture", "error": "a", "allowed": "", "remedy": "c", "values": {}}', ImageError, "a; c"),
        (413, b'{"code": "upload-too-large", "error": "a"}', ImageError, "a"),
        (500, b"<html>", StylenetError, "the server responded with status 500"),
        (404, b"[]", StylenetError, "the server responded with status 404"),
    ],
)
def test_errors_of_the_server_are_those_of_the_library(
    answers: Answers, status: int, body: bytes, kind: type[StylenetError], message: str
) -> None:
    answers.status, answers.body = status, body
    with pytest.raises(StylenetError) as caught:
        stylenet.connect(answers.url).upload(b"picture")
    assert type(caught.value) is kind
    assert str(caught.value) == message
    if status == 422:
        assert (caught.value.code, caught.value.values) == ("invalid-value", {"d": 1})


def test_a_client_that_loses_the_server_says_so(start: Callable[..., Running], monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is not about stopping the job, which continues after a restart of the server."""
    monkeypatch.setattr("stylenet.server.client._TRIES", 2)
    running = start("--threads", "1")
    events = stylenet.connect(running.url).stylize(png(), "starry-night", recipe="instant")
    first = next(events)
    running.kill()
    with pytest.raises(StylenetError, match="no longer responds; the job continues after a restart"):
        list(events)
    assert isinstance(first, stylenet.Started)
