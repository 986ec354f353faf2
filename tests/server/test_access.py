"""Access control: host names, origins, sites and the token."""

from __future__ import annotations

import re

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import ERROR_FIELDS, FOREIGN, TOKEN, Open


@pytest.mark.parametrize(
    ("headers", "status", "error"),
    [
        ({"host": "evil.example"}, 400, "the request is for the host 'evil.example'"),
        ({"host": "127.0.0.1.evil.example"}, 400, "the request is for the host '127.0.0.1.evil.example'"),
        ({"host": "127.0.0.1@evil.example"}, 400, "the request is for the host '127.0.0.1@evil.example'"),
        ({"host": ""}, 400, "the request is for the host ''"),
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
