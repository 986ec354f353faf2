"""Addresses and their methods."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from tests.server.conftest import ERROR_FIELDS


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
