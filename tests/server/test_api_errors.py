"""Errors of the API, built from the messages of the library."""

from __future__ import annotations

import json

import pytest

from stylenet.errors import ImageError, UsageError
from stylenet.server.api_errors import ApiError, error_body, too_busy, unexpected_error
from tests.server.conftest import ERROR_FIELDS


@pytest.mark.parametrize(
    ("message", "error", "allowed", "remedy"),
    [
        ("size is 7; allowed are 16 to 512; give a larger one", "size is 7", "16 to 512", "give a larger one"),
        ("format is 'gif'; allowed: png, jpg", "format is 'gif'", "png, jpg", ""),
        ("it is given twice; allowed is once", "it is given twice", "once", ""),
        ("the disk is full; delete files; try again", "the disk is full", "", "delete files; try again"),
        ("broken", "broken", "", ""),
    ],
)
def test_a_message_has_parts(message: str, error: str, allowed: str, remedy: str) -> None:
    body = error_body(message, code="failed")
    assert (body.error, body.allowed, body.remedy) == (error, allowed, remedy)


def test_an_error_of_the_library_keeps_its_code_and_values() -> None:
    error = ImageError("the photo is small; allowed are larger ones", code="photo-too-small", width=3)
    response = ApiError.of(error, status=415).response()
    body = json.loads(bytes(response.body))
    assert set(body) == ERROR_FIELDS
    assert (response.status_code, body["code"], body["values"], body["allowed"]) == (415, "photo-too-small", {"width": 3}, "larger ones")
    replaced = ApiError.of(UsageError("cannot read '/srv/x'"), message="cannot read the picture")
    assert (replaced.status, replaced.body.error) == (422, "cannot read the picture")


def test_a_busy_server_says_when_to_try_again() -> None:
    error = too_busy("queue-full", "2 jobs are waiting", seconds=30, most=2)
    response = error.response()
    assert (response.status_code, response.headers["retry-after"]) == (429, "30")
    assert error.body.values == {"most": 2, "seconds": 30}
    assert "30 s" in error.body.remedy


def test_an_unexpected_error_tells_nothing_of_the_server() -> None:
    error = unexpected_error()
    assert (error.status, error.body.code, error.body.values) == (500, "unexpected-error", {})
