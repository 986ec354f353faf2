"""API errors: a status, and a JSON body with `code`, `error`, `allowed`, `remedy` and `values`."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from stylenet.errors import StylenetError
from stylenet.server.api_responses import ErrorBody, json_response

Value = str | int | float


class ApiError(Exception):
    """Ends a request with an error response.

    Args:
        status: HTTP status.
        code: One of `error_codes.CODES`.
        error: What was given, and what is wrong with it.
        allowed: What is allowed.
        remedy: What to do.
        values: Values that appear in the sentences.
        headers: Additional headers of the response.
    """

    def __init__(
        self,
        status: int,
        code: str,
        error: str,
        *,
        allowed: str = "",
        remedy: str = "",
        values: Mapping[str, Value] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.body = ErrorBody(code=code, error=error, allowed=allowed, remedy=remedy, values=dict(values or {}))
        self.headers = dict(headers or {})

    @classmethod
    def of(cls, error: StylenetError, *, status: int = 422, message: str | None = None) -> ApiError:
        """Convert an error of the library.

        Args:
            error: The error.
            status: HTTP status.
            message: Replaces the message of the error.
        """
        body = error_body(str(error) if message is None else message, code=error.code, values=error.values)
        return cls(status, body.code, body.error, allowed=body.allowed, remedy=body.remedy, values=body.values)

    def response(self) -> Response:
        """The response to send."""
        return json_response(self.body, status=self.status, headers=self.headers)


def too_busy(code: str, reason: str, *, seconds: int, **values: Value) -> ApiError:
    """The error 429 with `Retry-After`."""
    remedy = f"try again in {seconds} s, as the header Retry-After says"
    return ApiError(429, code, reason, remedy=remedy, values={**values, "seconds": seconds}, headers={"retry-after": str(seconds)})


def unexpected_error() -> ApiError:
    """The error 500, whose details are only in the log."""
    return ApiError(500, "unexpected-error", "an unexpected error; the server's log has details", remedy="report it")


def error_body(message: str, *, code: str, values: Mapping[str, Value] | None = None) -> ErrorBody:
    """Split a message of the library at its semicolons into what was given, what is allowed, and what to do."""
    error, *rest = message.split("; ")
    allowed = [_without_allowed_prefix(part) for part in rest if part.startswith("allowed")]
    remedy = [part for part in rest if not part.startswith("allowed")]
    return ErrorBody(code=code, error=error, allowed="; ".join(allowed), remedy="; ".join(remedy), values=dict(values or {}))


def _without_allowed_prefix(part: str) -> str:
    return part.removeprefix("allowed").removeprefix(":").removeprefix(" are").removeprefix(" is").strip()
