"""Errors of the API: a status, and a JSON body with `error`, `allowed` and `remedy`."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from stylenet.server.api_responses import ErrorBody, json_response


class ApiError(Exception):
    """Ends a request with an error response.

    Args:
        status: HTTP status.
        error: What was given, and what is wrong with it.
        allowed: What is allowed.
        remedy: What to do.
        headers: Additional headers of the response.
    """

    def __init__(self, status: int, error: str, *, allowed: str = "", remedy: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.body = ErrorBody(error=error, allowed=allowed, remedy=remedy)
        self.headers = dict(headers or {})

    @classmethod
    def from_message(cls, message: str, *, status: int = 422) -> ApiError:
        """The error for a message of the library, whose parts are separated by semicolons."""
        body = error_body(message)
        return cls(status, body.error, allowed=body.allowed, remedy=body.remedy)

    def response(self) -> Response:
        """The response."""
        return json_response(self.body, status=self.status, headers=self.headers)


def too_busy(reason: str, *, seconds: int) -> ApiError:
    """The error 429 with `Retry-After`."""
    remedy = f"try again in {seconds} s, as the header Retry-After says"
    return ApiError(429, reason, remedy=remedy, headers={"retry-after": str(seconds)})


def unexpected_error() -> ApiError:
    """The error 500; details are only in the log."""
    return ApiError(500, "an unexpected error; the server's log has it", remedy="report it")


def error_body(message: str) -> ErrorBody:
    """The parts of a message: what was given, what is allowed, what to do."""
    error, *rest = message.split("; ")
    allowed = [_without_introduction(part) for part in rest if part.startswith("allowed")]
    remedy = [part for part in rest if not part.startswith("allowed")]
    return ErrorBody(error=error, allowed="; ".join(allowed), remedy="; ".join(remedy))


def _without_introduction(part: str) -> str:
    return part.removeprefix("allowed").removeprefix(":").removeprefix(" are").removeprefix(" is").strip()
