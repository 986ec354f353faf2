"""Endpoints for styles, recipes, the API description, the studio page, health and metrics."""

from __future__ import annotations

import functools
import time
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response

import stylenet
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_summaries
from stylenet.catalog.styles import list_styles
from stylenet.extras import is_installed
from stylenet.server.access import COOKIE
from stylenet.server.api_responses import Health, RecipeInfo, StyleInfo, json_response
from stylenet.server.docs_page import CSS, docs_html
from stylenet.server.metrics import metrics_text
from stylenet.server.openapi import description
from stylenet.server.store import QUEUED, RUNNING

SITE = Path(__file__).parents[1] / "studio" / "site"
"""The files of the studio."""

SHARED = Path(__file__).parents[1] / "page" / "site" / "shared"
"""The files that the studio shares with the static page; they are served at `/shared`."""

_RELOAD_SECONDS = 5
"""Time for which styles are cached; users may add styles while the server runs."""


async def styles(request: Request) -> Response:
    """All styles."""
    return json_response({"styles": _styles(int(time.monotonic()) // _RELOAD_SECONDS)})


async def recipes(request: Request) -> Response:
    """All recipes."""
    return json_response({"recipes": _recipes()})


async def openapi(request: Request) -> Response:
    """The API description for programs (OpenAPI)."""
    return json_response(description(), headers={"cache-control": "no-cache"})


async def docs(request: Request) -> Response:
    """The API description for people."""
    return HTMLResponse(docs_html())


async def docs_css(request: Request) -> Response:
    """The style sheet of the API description."""
    return Response(CSS, media_type="text/css")


async def home(request: Request) -> Response:
    """The studio, or the API description if its files are missing. `?token=`, which the guard has checked, becomes a cookie."""
    if "token" in request.query_params:
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(COOKIE, request.query_params["token"], httponly=True, samesite="strict")
        return response
    page = SITE / "index.html"
    return FileResponse(page) if page.is_file() else RedirectResponse("/docs", status_code=303)


async def health(request: Request) -> Response:
    """The state of the server."""
    store = request.app.state.services.store
    return json_response(
        Health(
            status="ok",
            version=stylenet.__version__,
            torch=is_installed("torch"),
            jobs_waiting=store.count_jobs(QUEUED),
            jobs_running=store.count_jobs(RUNNING),
        )
    )


async def metrics(request: Request) -> Response:
    """Metrics for Prometheus."""
    state = request.app.state
    return PlainTextResponse(metrics_text(state.services, state.responses), media_type="text/plain; version=0.0.4")


@functools.lru_cache(maxsize=1)
def _styles(period: int) -> tuple[StyleInfo, ...]:
    names = StyleInfo.__struct_fields__
    return tuple(StyleInfo(**{name: getattr(card, name) for name in names} | {"title": card.label}) for card in list_styles())


@functools.cache
def _recipes() -> tuple[RecipeInfo, ...]:
    torch = is_installed("torch")
    return tuple(
        RecipeInfo(name=name, summary=summary, everyday=name in EVERYDAY, works_here=torch or load_recipe(name).method == "network")
        for name, summary in recipe_summaries().items()
    )
