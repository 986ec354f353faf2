"""Slow, damaged and truncated HTTP requests."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.server.conftest import ERROR_FIELDS, Running, check_headers, png


@pytest.fixture
def patient(start: Callable[..., Running]) -> tuple[str, int]:
    """Address of a server with a timeout of half a second."""
    running = start("--patience-seconds", "0.5")
    return "127.0.0.1", int(running.url.rsplit(":", 1)[1])


def read_all(sock: socket.socket, *, until: bytes = b"\0") -> bytes:
    found = b""
    while not found.endswith(until) and (part := sock.recv(65536)):
        found += part
    return found


def test_slow_and_damaged_requests_on_the_wire(patient: tuple[str, int]) -> None:
    begin = time.monotonic()
    silent, slow_head, slow_body = (socket.create_connection(patient, timeout=20) for _ in range(3))
    slow_head.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ")
    slow_body.sendall(b"PUT /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nabc")
    with silent, slow_head, slow_body:
        assert read_all(silent) == b""
        assert read_all(slow_head) == b""
        assert read_all(slow_body).startswith(b"HTTP/1.1 408 ")
    assert time.monotonic() - begin < 10
    for text, status in (
        (b"GET / HTTP/1.1\r\n\r\n", b"400"),
        (b"nonsense\r\n\r\n", b"400"),
        (b"PUT /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"411"),
        (b"PUT /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n", b"413"),
        (b"PUT /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n", b"400"),
        (b"PUT /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", b"400"),
        (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"400"),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"404"),
        (b"GET /v1/jobs/../../../etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", b"404"),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 300_000, b"400"),
    ):
        with socket.create_connection(patient, timeout=20) as sock:
            sock.sendall(text)
            answer = read_all(sock, until=b"}")
            assert answer.split()[1] == status, text[:80]
            check_headers({name.lower(): value for name, value in re.findall(r"(\S+): (.*)\r\n", answer.decode())})
            assert set(json.loads(answer.partition(b"\r\n\r\n")[2])) == ERROR_FIELDS
    connection = http.client.HTTPConnection(*patient, timeout=20)
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def test_an_upload_that_is_cut_off_leaves_nothing(patient: tuple[str, int], tmp_path: Path) -> None:
    with socket.create_connection(patient, timeout=20) as sock:
        sock.sendall(b"PUT /v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\n" + png()[:100])
    until = time.monotonic() + 10
    while list((tmp_path / "data" / "incoming").iterdir()) and time.monotonic() < until:
        time.sleep(0.05)
    assert list((tmp_path / "data" / "incoming").iterdir()) == []
    assert list((tmp_path / "data" / "pictures").iterdir()) == []
