"""Options of requests whose work can be shared among processes and machines."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from stylenet.requests.base import option
from stylenet.requests.painting import RecipeOptions

MAX_WORKERS = 256


class WorkerOptions(RecipeOptions, frozen=True, kw_only=True):
    """Painting options together with the workers that share the work."""

    styles: Annotated[tuple[str, ...], option("The styles.")]
    workers: Annotated[
        Annotated[int, Meta(ge=1, le=MAX_WORKERS)] | None,
        option("Number of painting processes (default 1; with --ray, as many as fit).", allowed=f"1 to {MAX_WORKERS} processes"),
    ] = None
    ray: Annotated[str | None, option("Paint on a Ray cluster: HOST:PORT, or auto for the one on this machine, started if needed.")] = None
