"""Who may call: names, origins, sites, the token; what is too large, too slow or damaged; and what every answer carries."""

from __future__ import annotations

import http.client
import json
import re
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from stylenet.errors import UsageError
from stylenet.requests.serving import ServeRequest
from tests.server.conftest import ERROR_FIELDS, Open, Running, add_job, ended, png, upload
from tests.server.fake_painter import SEEDS

TOKEN = "a-token-for-tests-0123456789"
FOREIGN = "https://evil.example"


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"host": "evil.example"}, 400, "the server is called 'evil.example'"),
        ({"host": "127.0.0.1.evil.example"}, 400, "the server is called '127.0.0.1.evil.example'"),
        ({"host": "127.0.0.1@evil.example"}, 400, "the server is called '127.0.0.1@evil.example'"),
        ({"host": ""}, 400, "the server is called ''"),
        ({"origin": FOREIGN}, 403, f"the request comes from another page, '{FOREIGN}'"),
        ({"origin": "null"}, 403, "the request comes from another page, 'null'"),
        ({"origin": "http://127.0.0.1:81"}, 403, "the request comes from another page, 'http://127.0.0.1:81'"),
        ({"sec-fetch-site": "cross-site"}, 403, "the request comes from another site"),
        ({"sec-fetch-site": "same-site"}, 403, "the request comes from another site"),
        ({"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}, 200, ""),
        ({"sec-fetch-site": "none"}, 200, ""),
        ({"host": "localhost:7410"}, 200, ""),
        ({"host": "[::1]:7410"}, 200, ""),
    ],
)
def test_only_its_own_page_and_programs_may_call(shared: TestClient, headers: dict[str, str], status: int, error: str) -> None:
    for path in ("/healthz", "/v1/jobs", "/docs"):
        answer = shared.get(path, headers=headers)
        assert answer.status_code == status
        if error:
            assert set(answer.json()) == ERROR_FIELDS
            assert answer.json()["error"] == error
        assert "access-control-allow-origin" not in answer.headers


def test_two_host_headers_are_refused(shared: TestClient) -> None:
    assert shared.get("/healthz", headers=[("host", "127.0.0.1"), ("host", "evil.example")]).status_code == 400


def test_a_named_origin_may_call(open_server: Open) -> None:
    server = open_server(allow_origins=("https://good.example",))
    headers = {"origin": "https://good.example", "sec-fetch-site": "cross-site"}
    answer = server.get("/v1/styles", headers=headers)
    assert (answer.status_code, answer.headers["access-control-allow-origin"]) == (200, "https://good.example")
    assert "origin" in answer.headers["vary"].lower()
    asked = server.options("/v1/jobs", headers={**headers, "access-control-request-method": "POST"})
    assert (asked.status_code, "POST" in asked.headers["access-control-allow-methods"]) == (204, True)
    assert server.get("/v1/styles", headers={"origin": FOREIGN}).status_code == 403


def test_the_token_is_asked_for(open_server: Open) -> None:
    server = open_server(token=TOKEN)
    assert server.get("/healthz").status_code == 200
    for headers in ({}, {"authorization": "Bearer wrong"}, {"authorization": f"Bearer {TOKEN}x"}, {"cookie": "stylenet_token=wrong"}):
        answer = server.get("/v1/jobs", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (401, "the token is missing or wrong")
    assert server.get("/v1/jobs", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert server.get(f"/v1/jobs?token={TOKEN}").status_code == 401  # only the page takes it from the address
    signed_in = server.get(f"/?token={TOKEN}", follow_redirects=False)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
    assert re.search(r"HttpOnly; .*SameSite=strict", signed_in.headers["set-cookie"])
    assert server.get("/v1/jobs").status_code == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.org"])
def test_another_address_needs_a_token(host: str) -> None:
    with pytest.raises(UsageError, match="other machines can reach, and no --token is given"):
        ServeRequest(host=host)
    assert not ServeRequest(host=host, token=TOKEN).is_loopback


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"token": "short"}, "the token is too short"),
        ({"token": "with spaces in it, so no"}, "spaces"),
        ({"allow_origins": ("*",)}, "allowed is one origin"),
        ({"allow_origins": ("https://a.example/path",)}, "allowed is one origin"),
        ({"port": 70_000}, "port is 70000; allowed are 0 to 65535"),
    ],
)
def test_settings_are_checked(values: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ServeRequest.of(values)


def check_headers(headers: Any) -> None:
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert headers["referrer-policy"] == "no-referrer"


def test_every_answer_carries_its_headers_and_no_traceback(open_server: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    server = open_server(upload_mb=1, queue=1)
    id = upload(server)
    job = add_job(server, id)
    ended(server, job)
    preview = f"/v1/preview/{id}.jpg?style=starry-night"
    etag = server.get(preview).headers["etag"]
    requests: list[tuple[int, str, str, dict[str, Any]]] = [
        (200, "GET", "/", {}),
        (200, "GET", "/main.js", {}),
        (200, "GET", "/shared/base.css", {}),
        (200, "HEAD", "/v1/jobs", {}),
        (200, "GET", f"/v1/jobs/{job}/events", {}),
        (200, "GET", f"/v1/jobs/{job}/result", {}),
        (200, "GET", f"/v1/jobs/{job}/result?format=jpg", {}),
        (200, "GET", f"/v1/jobs/{job}/thumbnail.webp", {}),
        (200, "GET", f"/v1/pictures/{id}/faces.png", {}),
        (200, "GET", preview, {}),
        (202, "POST", "/v1/jobs", {"json": {"photo": id, "styles": ["starry-night"]}}),
        (204, "GET", f"/v1/jobs/{job}/events", {"headers": {"last-event-id": "1000"}}),
        (303, "GET", "/?token=x", {"follow_redirects": False}),
        (304, "GET", preview, {"headers": {"if-none-match": etag}}),
        (400, "PUT", "/v1/pictures", {"content": b""}),
        (400, "GET", "/", {"headers": {"host": "evil.example"}}),
        (403, "GET", "/", {"headers": {"origin": "null"}}),
        (404, "GET", "/nothing", {}),
        (404, "GET", "/shared/nothing", {}),
        (404, "GET", "/v1/pictures/nothing/faces.png", {}),
        (404, "GET", "/v1/jobs/nothing", {}),
        (405, "DELETE", "/v1/stylize", {}),
        (405, "POST", "/shared/base.css", {}),
        (409, "DELETE", f"/v1/history/{add_job(server, id, seed=SEEDS['long'])}", {}),
        (411, "PUT", "/v1/pictures", {"content": iter([b"abc"])}),
        (413, "PUT", "/v1/pictures", {"content": b"x" * 1_100_000}),
        (415, "PUT", "/v1/pictures", {"content": b"<svg/>", "headers": {"content-type": "image/svg+xml"}}),
        (422, "POST", "/v1/jobs", {"json": {}}),
    ]
    for status, method, path, options in requests:
        answer = server.request(method, path, **options)
        assert answer.status_code == status, (method, path, answer.text)
        check_headers(answer.headers)
        assert "Traceback" not in answer.text
    monkeypatch.setattr("stylenet.server.info_endpoints.is_installed", lambda name: 1 / 0)
    answer = server.get("/healthz")
    assert (answer.status_code, answer.json()["error"]) == (500, "an unexpected error; the server's log has it")
    check_headers(answer.headers)
    assert "ZeroDivisionError" not in answer.text


def test_every_method_is_answered_where_it_is_missing(shared: TestClient) -> None:
    for path, allowed in (("/v1/jobs", "GET, HEAD, POST"), ("/v1/stylize", "POST"), ("/v1/pictures", "PUT"), ("/", "GET, HEAD")):
        for method in ("PATCH", "OPTIONS", "TRACE", "FOO"):
            answer = shared.request(method, path)
            assert (answer.status_code, answer.headers["allow"], answer.json()["allowed"]) == (405, allowed, allowed)


@pytest.mark.parametrize(
    "path",
    [
        "/v1/jobs/../../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/v1/jobs/%00",
        "/v1/preview/..%2f..%2fx.jpg?style=a",
        "//etc/passwd",
        "/v1/jobs/..%2f..%2f/result",
        "/v1/preview/%2Fetc%2Fpasswd.jpg",
        "/v1/history/..",
        "/server.sqlite",
        "/index.html%00.jpg",
    ],
)
def test_path_tricks_find_nothing(shared: TestClient, path: str) -> None:
    connection = shared.get(path, follow_redirects=False)
    assert connection.status_code in (404, 405)
    assert "root:" not in connection.text
    assert set(connection.json()) == ERROR_FIELDS


def test_methods_that_are_not_possible(shared: TestClient) -> None:
    for method, path in (("DELETE", "/v1/pictures"), ("POST", "/v1/styles"), ("PUT", "/v1/jobs"), ("TRACE", "/healthz")):
        answer = shared.request(method, path)
        assert answer.status_code == 405
        assert set(answer.json()) == ERROR_FIELDS


@pytest.fixture
def patient(start: Callable[..., Running]) -> tuple[str, int]:
    """Address of a server that waits for half a second."""
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
