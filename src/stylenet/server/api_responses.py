"""The JSON bodies that the server sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct
from starlette.responses import Response

from stylenet.server.store import PictureFacts


class ErrorBody(Struct, frozen=True, kw_only=True):
    """The body of every error.

    Attributes:
        code: Identifies the kind of error; one of `error_codes.CODES`.
        error: What was given, and what is wrong with it.
        allowed: What is allowed.
        remedy: What to do.
        values: Values that appear in the sentences, by the names in `error_codes`.
    """

    code: str
    error: str
    allowed: str = ""
    remedy: str = ""
    values: dict[str, str | int | float] = {}


class PictureInfo(PictureFacts, frozen=True, kw_only=True):
    """An uploaded picture.

    Attributes:
        kept_until: Unix time at which it is deleted if it is not used before.
    """

    kept_until: float


class JobInfo(Struct, frozen=True, kw_only=True):
    """A job.

    Attributes:
        state: queued, running, finished, stopped or failed.
        request: The fields that differ from their defaults.
        created: Unix time; so are `started` and `ended`.
        step: The last finished step.
        steps: Number of steps; 0 if unknown.
        seconds_left: Estimated remaining time of a running job.
        jobs_before: Number of jobs ahead in the queue.
        events: URL path of its events.
        result: URL path of the result, if there is one.
        pictures: The pictures of the request that are still stored, by id.
        error: Why it failed; `code`, `allowed`, `remedy` and `values` are as in every error.
        command: The shell command that paints the same picture.
        python: The Python code that paints the same picture.
    """

    id: str
    state: str
    request: dict[str, Any]
    created: float
    started: float | None
    ended: float | None
    step: int
    steps: int
    seconds_left: float | None
    jobs_before: int
    events: str
    pictures: dict[str, PictureFacts]
    result: str | None = None
    code: str | None = None
    error: str | None = None
    allowed: str | None = None
    remedy: str | None = None
    values: dict[str, str | int | float] | None = None
    command: str | None = None
    python: str | None = None


class HistoryItem(Struct, frozen=True, kw_only=True):
    """A stored result, with a receipt that contains everything needed to repeat it."""

    job: str
    created: float
    bytes: int
    result: str
    receipt: dict[str, Any]


class StyleInfo(Struct, frozen=True, kw_only=True):
    """A style that can be used by name; `colors` are ("#rrggbb", share), the largest share first. `title` is the name if it has none."""

    name: str
    title: str
    artist: str
    year: str
    colors: tuple[tuple[str, float], ...]
    mean_color: str


class RecipeInfo(Struct, frozen=True, kw_only=True):
    """A recipe.

    Attributes:
        everyday: Whether it is for general use; the others reproduce publications.
        works_here: Whether the packages that it needs are installed.
    """

    name: str
    summary: str
    everyday: bool
    works_here: bool


class Health(Struct, frozen=True, kw_only=True):
    """The state of the server; `torch` is needed for recipes that optimize."""

    status: str
    version: str
    torch: bool
    jobs_waiting: int
    jobs_running: int


def json_response(value: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response, which is not cached unless `headers` allow it."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type="application/json",
        headers={"cache-control": "no-store", **(headers or {})},
    )
