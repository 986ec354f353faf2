"""The application: its addresses, its errors, and what runs in the background."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from stylenet.errors import StylenetError
from stylenet.server import info_endpoints, job_endpoints, picture_endpoints
from stylenet.server.api_errors import ApiError, unexpected_error
from stylenet.server.guard import Guard
from stylenet.server.services import Services


def build(services: Services) -> ASGIApp:
    """The application; it closes the services when it ends.

    Args:
        services: Of the server.
    """

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(work) for work in services.background_work()]
        try:
            yield
        finally:
            services.jobs.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            services.close()

    app = Starlette(routes=_routes(), lifespan=lifespan, exception_handlers=_ERROR_HANDLERS)
    app.state.services = services
    app.state.responses = Counter()
    return Guard(app, services.settings, responses=app.state.responses)


def _routes() -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/v1/pictures", picture_endpoints.put_picture, methods=["PUT"]),
        Route("/v1/preview/{id}.jpg", picture_endpoints.preview, methods=["GET"]),
        Route("/v1/stylize", picture_endpoints.stylize, methods=["POST"]),
        Route("/v1/jobs", job_endpoints.list_jobs, methods=["GET"]),
        Route("/v1/jobs", job_endpoints.add_job, methods=["POST"]),
        Route("/v1/jobs/{id}", job_endpoints.show_job, methods=["GET"]),
        Route("/v1/jobs/{id}", job_endpoints.stop_job, methods=["DELETE"]),
        Route("/v1/jobs/{id}/events", job_endpoints.events, methods=["GET"]),
        Route("/v1/jobs/{id}/preview.jpg", job_endpoints.preview, methods=["GET"]),
        Route("/v1/jobs/{id}/result", job_endpoints.result, methods=["GET"]),
        Route("/v1/history", job_endpoints.history, methods=["GET"]),
        Route("/v1/history/{id}", job_endpoints.delete_job, methods=["DELETE"]),
        Route("/v1/styles", info_endpoints.styles, methods=["GET"]),
        Route("/v1/recipes", info_endpoints.recipes, methods=["GET"]),
        Route("/openapi.json", info_endpoints.openapi, methods=["GET"]),
        Route("/docs", info_endpoints.docs, methods=["GET"]),
        Route("/docs.css", info_endpoints.docs_css, methods=["GET"]),
        Route("/healthz", info_endpoints.health, methods=["GET"]),
        Route("/metrics", info_endpoints.metrics, methods=["GET"]),
        Route("/", info_endpoints.home, methods=["GET"]),
    ]
    if info_endpoints.SITE.is_dir():
        mimetypes.add_type("text/javascript", ".js")  # some systems map it to another type, and browsers then reject modules
        routes.append(Mount("/", StaticFiles(directory=info_endpoints.SITE)))
    return routes


def _on_api_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.response()


def _on_library_error(request: Request, error: Exception) -> Response:
    return ApiError.from_message(str(error)).response()


def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path[:200]
    messages = {404: f"there is nothing at '{path}'", 405: f"{request.method} is not possible at '{path}'"}
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    allowed = headers.get("allow", "the addresses in /openapi.json")
    message = messages.get(error.status_code, "the request failed")
    return ApiError(error.status_code, message, allowed=allowed, remedy="see /docs", headers=headers).response()


def _on_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


def _on_unexpected_error(request: Request, error: Exception) -> Response:
    return unexpected_error().response()


_ERROR_HANDLERS: dict[Any, Any] = {
    ApiError: _on_api_error,
    StylenetError: _on_library_error,
    HTTPException: _on_http_error,
    ClientDisconnect: _on_disconnect,
    Exception: _on_unexpected_error,
}
