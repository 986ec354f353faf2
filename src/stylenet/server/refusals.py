"""Errors as the server answers them: a status, and JSON with `error`, `allowed` and `remedy`."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from starlette.responses import Response

from stylenet.errors import StylenetError
from stylenet.server.encoding import encoded


class ErrorBody(Struct, frozen=True, kw_only=True):
    """What went wrong, in words.

    Attributes:
        error: What was given, and what is wrong with it.
        allowed: What is allowed.
        remedy: What to do.
    """

    error: str
    allowed: str = ""
    remedy: str = ""


class RefusedError(Exception):
    """A request is answered with an error.

    Args:
        status: Of HTTP.
        error: What was given, and what is wrong with it.
        allowed: What is allowed.
        remedy: What to do.
        headers: Further headers of the answer.
    """

    def __init__(self, status: int, error: str, *, allowed: str = "", remedy: str = "", headers: Mapping[str, str] | None = None) -> None:
        super().__init__(error)
        self.status = status
        self.body = ErrorBody(error=error, allowed=allowed, remedy=remedy)
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer."""
        return encoded(self.body, status=self.status, headers={"cache-control": "no-store", **self.headers})


def refused(error: StylenetError | str, *, status: int = 422) -> RefusedError:
    """The answer for an error of the library, whose message has its parts between semicolons."""
    body = error_body(str(error))
    return RefusedError(status, body.error, allowed=body.allowed, remedy=body.remedy)


def error_body(message: str) -> ErrorBody:
    """The parts of a message: what was given, what is allowed, what to do."""
    first, *rest = message.split("; ")
    allowed = [part for part in rest if part.startswith("allowed")]
    remedy = [part for part in rest if not part.startswith("allowed")]
    stripped = [part.removeprefix("allowed").removeprefix(":").removeprefix(" are").removeprefix(" is").strip() for part in allowed]
    return ErrorBody(error=first, allowed="; ".join(stripped), remedy="; ".join(remedy))


def busy(what: str, *, seconds: int) -> RefusedError:
    """The answer where there is too much to do: 429 with `Retry-After`."""
    return RefusedError(
        429, what, remedy=f"try again in {seconds} s, as the header Retry-After says", headers={"retry-after": str(seconds)}
    )
