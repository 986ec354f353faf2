"""Live painting over a WebSocket: order of messages, settings, limits, access, and lost workers."""

from __future__ import annotations

import contextlib
import json
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

pytest.importorskip("websockets")

from starlette.testclient import TestClient, WebSocketDenialResponse, WebSocketTestSession
from starlette.websockets import WebSocketDisconnect

from tests.server.conftest import ERROR_FIELDS, FOREIGN, LIVE_PATH, TOKEN, Open, check_headers, run_command, upload

JPEG = b"\xff\xd8\xff"
HANDSHAKE = (
    b"GET /v1/live HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
DEFAULTS = {"style": "starry-night", "strength": 50.0, "style_scale": 1.0, "size": 384, "steady": 60.0}


@contextlib.contextmanager
def opened(server: TestClient, path: str = LIVE_PATH, **headers: str) -> Iterator[WebSocketTestSession]:
    """A WebSocket, opened with the default headers of the test client."""
    with server.websocket_connect(path, headers={"host": "127.0.0.1", **headers}) as socket:
        yield socket


def painted(socket: WebSocketTestSession, frame: bytes) -> dict[str, Any]:
    """The call received by the worker for a frame."""
    socket.send_bytes(JPEG + frame)
    return call_of(socket.receive_bytes(), frame)


def call_of(answer: bytes, frame: bytes) -> dict[str, Any]:
    assert answer.startswith(JPEG + frame)
    call: dict[str, Any] = json.loads(answer[len(JPEG + frame) :])
    return call


def refused(socket: WebSocketTestSession, message: str | bytes) -> dict[str, str]:
    """The error for a message."""
    socket.send_bytes(message) if isinstance(message, bytes) else socket.send_text(message)
    body: dict[str, str] = json.loads(socket.receive_text())
    assert set(body) == ERROR_FIELDS
    return body


def test_every_message_is_answered_in_order(server: TestClient) -> None:
    with opened(server) as socket:
        socket.send_bytes(JPEG + b"first")
        socket.send_text('{"style": "great-wave", "size": 256}')
        socket.send_bytes(JPEG + b"second")
        socket.send_text('{"strength": 80}')
        assert call_of(socket.receive_bytes(), b"first")["request"] == DEFAULTS
        assert json.loads(socket.receive_text()) == DEFAULTS | {"style": "great-wave", "size": 256}
        assert call_of(socket.receive_bytes(), b"second")["request"] == DEFAULTS | {"style": "great-wave", "size": 256}
        assert json.loads(socket.receive_text())["strength"] == 80


def test_one_frame_of_a_client_is_painted_at_a_time(server: TestClient) -> None:
    with opened(server) as socket:
        for _ in range(4):
            socket.send_bytes(JPEG + b"slow")
        for left in (3, 2, 1, 0):
            assert 'waiting_passes{queue="previews"} 0\n' in server.get("/metrics").text, f"{left} are left"
            socket.receive_bytes()
        metrics = server.get("/metrics").text
        assert "stylenet_live_sessions 1\n" in metrics
        assert "stylenet_live_frames_total 4\n" in metrics
    assert "stylenet_live_sessions 0\n" in server.get("/metrics").text


@pytest.mark.parametrize(
    ("message", "error"),
    [
        ("no JSON", "the message is not a JSON object"),
        ("[1, 2]", "the message is not a JSON object"),
        ("", "the message is not a JSON object"),
        ('{"size": 32}', "size is 32"),
        ('{"size": 100000}', "size is 100000"),
        ('{"strength": "much"}', "strength is 'much'"),
        ('{"steady": 101}', "steady is 101"),
        ('{"style": "../../etc/passwd"}', "style is '../../etc/passwd'"),
        ('{"style": "' + "0" * 64 + '"}', f"there is no picture {'0' * 64}"),
        ('{"threads": 99}', "there is no option 'threads'"),
        ('{"a": "' + "b" * 10_000 + '"}', "the settings have 10009 characters"),
        (b"no picture", "the frame is not a JPEG file"),
        (JPEG + b"x" * 2**20, "the frame has 1048579 bytes"),
        (JPEG + b"damaged", "cannot read the frame: it is damaged"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(shared: TestClient, message: str | bytes, error: str) -> None:
    with opened(shared) as socket:
        assert refused(socket, message)["error"] == error
        assert painted(socket, b"next")["request"] == DEFAULTS


def test_a_client_that_sends_nothing_but_errors_is_dropped(server: TestClient) -> None:
    with opened(server) as socket:
        for _ in range(19):
            refused(socket, "no JSON")
        painted(socket, b"a frame")
        for _ in range(20):
            refused(socket, b"no picture")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "20 errors in a row")


def test_a_silent_client_is_dropped(open_server: Open) -> None:
    with opened(open_server(patience_seconds=0.2)) as socket, pytest.raises(WebSocketDisconnect) as closed:
        socket.receive_text()
    assert (closed.value.code, closed.value.reason) == (1008, "no frame was received within 0.2 s")


def test_the_number_of_cameras_is_bounded(server: TestClient) -> None:
    with contextlib.ExitStack() as stack:
        first, *_ = [stack.enter_context(opened(server)) for _ in range(4)]
        with opened(server) as fifth:
            assert json.loads(fifth.receive_text())["error"] == "4 cameras are being painted, which is the limit"
            with pytest.raises(WebSocketDisconnect) as closed:
                fifth.receive_text()
        assert closed.value.code == 1013
        painted(first, b"a frame")
        first.close()
        until = time.monotonic() + 10
        while "stylenet_live_sessions 3\n" not in server.get("/metrics").text:
            assert time.monotonic() < until
            time.sleep(0.01)
        with opened(server) as fifth:
            painted(fifth, b"a frame")


def test_a_worker_that_dies_while_it_paints_is_replaced(server: TestClient) -> None:
    with opened(server) as socket:
        painted(socket, b"dies once")
        assert refused(socket, JPEG + b"dies always")["error"].startswith("the painting process ended (signal 9)")
        painted(socket, b"a frame")


def test_a_painting_of_ones_own(server: TestClient) -> None:
    id = upload(server)
    with opened(server) as socket:
        socket.send_text(json.dumps({"style": id}))
        assert json.loads(socket.receive_text())["style"] == id
        assert painted(socket, b"a frame")["request"]["style"].endswith(f"/data/pictures/{id}")


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"host": "evil.example"}, 400, "the request is for the host 'evil.example'"),
        ({"origin": FOREIGN}, 403, f"the request comes from another page, '{FOREIGN}'"),
        ({"origin": "null"}, 403, "the request comes from another page, 'null'"),
        ({"origin": "http://127.0.0.1:81"}, 403, "the request comes from another page, 'http://127.0.0.1:81'"),
        ({"origin": "ws://127.0.0.1"}, 403, "the request comes from another page, 'ws://127.0.0.1'"),
        ({"sec-fetch-site": "cross-site"}, 403, "the request comes from another site"),
    ],
)
def test_only_its_own_page_and_programs_may_connect(shared: TestClient, headers: dict[str, str], status: int, error: str) -> None:
    with pytest.raises(WebSocketDenialResponse) as denied, opened(shared, **headers):
        pass
    assert (denied.value.status_code, denied.value.json()["error"]) == (status, error)
    assert set(denied.value.json()) == ERROR_FIELDS
    check_headers(denied.value.headers)


def test_its_own_page_may_connect(shared: TestClient) -> None:
    with opened(shared, origin="http://127.0.0.1", **{"sec-fetch-site": "same-origin"}) as socket:
        painted(socket, b"a frame")


def test_a_named_origin_may_connect(open_server: Open) -> None:
    server = open_server(allow_origins=("https://good.example",))
    with opened(server, origin="https://good.example") as socket:
        painted(socket, b"a frame")
    with pytest.raises(WebSocketDenialResponse), opened(server, origin=FOREIGN):
        pass


def test_the_token_is_asked_for(open_server: Open) -> None:
    server = open_server(token=TOKEN)
    for path, headers in ((LIVE_PATH, {}), (LIVE_PATH, {"authorization": "Bearer wrong"}), (f"{LIVE_PATH}?token={TOKEN}", {})):
        with pytest.raises(WebSocketDenialResponse) as denied, opened(server, path, **headers):
            pass
        assert denied.value.status_code == 401
    for headers in ({"authorization": f"Bearer {TOKEN}"}, {"cookie": f"stylenet_token={TOKEN}"}):
        with opened(server, **headers) as socket:
            painted(socket, b"a frame")


@pytest.mark.parametrize("path", ["/", "/v1/jobs", "/shared/base.css", "/nothing"])
def test_there_is_no_other_socket(shared: TestClient, path: str) -> None:
    with pytest.raises(WebSocketDenialResponse) as denied, opened(shared, path):
        pass
    assert (denied.value.status_code, denied.value.json()["allowed"]) == (404, LIVE_PATH)


def test_the_address_answers_requests_that_are_not_a_sockets(shared: TestClient) -> None:
    answer = shared.get(LIVE_PATH)
    assert (answer.status_code, answer.json()["error"]) == (426, "the address is a WebSocket, and the request is not")


@pytest.mark.slow
def test_a_client_that_does_not_read_is_dropped(tmp_path: Path) -> None:
    running = run_command((sys.executable, str(Path(__file__).with_name("fake_server.py")), str(tmp_path / "data")))
    try:
        process, port = psutil.Process(running.process.pid), int(running.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
            client.sendall(HANDSHAKE)
            message = b"\x82\xff" + (2**20).to_bytes(8, "big") + bytes(4) + JPEG + b"x" * (2**20 - 3)
            with contextlib.suppress(TimeoutError):
                for _ in range(100):
                    client.sendall(message)
            until = time.monotonic() + 60
            while any(each.status == "ESTABLISHED" for each in process.net_connections() if each.laddr.port == port):
                assert time.monotonic() < until
                time.sleep(0.2)
    finally:
        running.close()
