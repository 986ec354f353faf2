"""What the server answers with."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class PictureInfo(Struct, frozen=True, kw_only=True):
    """An uploaded picture.

    Attributes:
        id: SHA-256 of its bytes.
        name: As the client calls it.
        kept_until: Unix time until which it is kept if nothing uses it.
    """

    id: str
    bytes: int
    width: int
    height: int
    format: str
    name: str
    kept_until: float


class JobInfo(Struct, frozen=True, kw_only=True):
    """A job.

    Attributes:
        state: queued, running, finished, stopped or failed.
        request: As it was given, without defaults.
        created: Unix time; so are `started` and `ended`.
        step: The last step done.
        steps: Steps in all; 0 while nobody knows.
        seconds_left: Estimate while it is running.
        jobs_before: Jobs that wait in front of it.
        error: Why it failed; `allowed` and `remedy` as in every error.
        result: Address of the result, once it is there.
        events: Address of its events.
        command: The same painting as a command, of a finished job.
        python: The same painting in Python, of a finished job.
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
    result: str | None = None
    error: str | None = None
    allowed: str | None = None
    remedy: str | None = None
    command: str | None = None
    python: str | None = None


class JobList(Struct, frozen=True, kw_only=True):
    """Jobs, the newest first."""

    jobs: tuple[JobInfo, ...]


class HistoryItem(Struct, frozen=True, kw_only=True):
    """A result that is kept, with its receipt: all that it depends on."""

    job: str
    created: float
    bytes: int
    result: str
    receipt: dict[str, Any]


class History(Struct, frozen=True, kw_only=True):
    """Results, the newest first."""

    results: tuple[HistoryItem, ...]


class StyleInfo(Struct, frozen=True, kw_only=True):
    """A style that can be used by name; `colors` are ("#rrggbb", share), the largest share first."""

    name: str
    title: str
    artist: str
    year: str
    colors: tuple[tuple[str, float], ...]
    mean_color: str


class StyleList(Struct, frozen=True, kw_only=True):
    """All styles, by name."""

    styles: tuple[StyleInfo, ...]


class RecipeInfo(Struct, frozen=True, kw_only=True):
    """A recipe. `everyday` ones are made for every photo; the others reproduce the literature.

    Attributes:
        works_here: Whether what it needs is installed.
    """

    name: str
    summary: str
    everyday: bool
    works_here: bool


class RecipeList(Struct, frozen=True, kw_only=True):
    """All recipes, the everyday ones first."""

    recipes: tuple[RecipeInfo, ...]


class Health(Struct, frozen=True, kw_only=True):
    """Whether the server works; `torch` is needed for recipes that optimize."""

    status: str
    version: str
    torch: bool
    jobs_waiting: int
    jobs_running: int
