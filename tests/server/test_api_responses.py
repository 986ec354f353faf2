"""JSON bodies of responses."""

from __future__ import annotations

import json

from stylenet.server.api_responses import ErrorBody, Health, json_response
from tests.server.conftest import ERROR_FIELDS


def test_records_become_json_that_is_not_cached() -> None:
    health = Health(status="ok", version="1", torch=True, jobs_waiting=0, jobs_running=2)
    response = json_response({"health": health})
    assert json.loads(bytes(response.body)) == {
        "health": {"status": "ok", "version": "1", "torch": True, "jobs_waiting": 0, "jobs_running": 2}
    }
    assert (response.status_code, response.headers["content-type"], response.headers["cache-control"]) == (
        200,
        "application/json",
        "no-store",
    )


def test_headers_of_a_response_may_be_others() -> None:
    response = json_response([], status=202, headers={"cache-control": "no-cache", "location": "/v1/jobs/1"})
    assert response.status_code == 202
    assert (response.headers["cache-control"], response.headers["location"]) == ("no-cache", "/v1/jobs/1")


def test_an_error_has_all_its_fields_also_where_they_are_empty() -> None:
    assert set(json.loads(bytes(json_response(ErrorBody(code="failed", error="broken")).body))) == ERROR_FIELDS
