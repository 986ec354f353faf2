"""The application: routes, error handlers and background tasks."""

from __future__ import annotations

import asyncio
import contextlib
import mimetypes
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from stylenet.errors import StylenetError
from stylenet.requests.painting import PROTECTED
from stylenet.server import info_endpoints, job_endpoints, live_endpoint, picture_endpoints
from stylenet.server.api_errors import ApiError, unexpected_error
from stylenet.server.guard import Guard
from stylenet.server.services import Services

Endpoint: TypeAlias = Callable[[Request], Awaitable[Response]]


def build(services: Services) -> ASGIApp:
    """Build the application, which closes the services when it shuts down.

    Args:
        services: The services of the server.
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


class _Resource:
    """A path with an endpoint for each of its methods.

    A `Route` would pass other methods on to the static files, which support only GET.
    """

    def __init__(self, endpoints: Mapping[str, Endpoint]) -> None:
        self._endpoints = {**endpoints, "HEAD": endpoints["GET"]} if "GET" in endpoints else endpoints

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        request = Request(scope, receive, send)
        if request.method not in self._endpoints:
            raise HTTPException(405, headers={"allow": ", ".join(sorted(self._endpoints))})
        response = await self._endpoints[request.method](request)
        await response(scope, receive, send)


def _routes() -> list[BaseRoute]:
    info, jobs, pictures = info_endpoints, job_endpoints, picture_endpoints
    resources: dict[str, dict[str, Endpoint]] = {
        "/v1/pictures": {"PUT": pictures.put_picture},
        **{f"/v1/pictures/{{id}}/{what}.png": {"GET": partial(pictures.find_mask, what=what)} for what in PROTECTED},
        "/v1/preview/{id}.jpg": {"GET": pictures.preview},
        "/v1/stylize": {"POST": pictures.stylize},
        "/v1/jobs": {"GET": jobs.list_jobs, "POST": jobs.add_job},
        "/v1/jobs/{id}": {"GET": jobs.show_job, "DELETE": jobs.stop_job},
        "/v1/jobs/{id}/events": {"GET": jobs.events},
        "/v1/jobs/{id}/preview.jpg": {"GET": jobs.preview},
        "/v1/jobs/{id}/result": {"GET": jobs.result},
        "/v1/jobs/{id}/thumbnail.webp": {"GET": jobs.thumbnail},
        "/v1/history": {"GET": jobs.history},
        "/v1/history/{id}": {"DELETE": jobs.delete_job},
        live_endpoint.LIVE_PATH: {"GET": live_endpoint.live_without_socket},
        "/v1/styles": {"GET": info.styles},
        "/v1/recipes": {"GET": info.recipes},
        "/openapi.json": {"GET": info.openapi},
        "/docs": {"GET": info.docs},
        "/docs.css": {"GET": info.docs_css},
        "/healthz": {"GET": info.health},
        "/metrics": {"GET": info.metrics},
        "/": {"GET": info.home},
    }
    routes: list[BaseRoute] = [Route(path, _Resource(endpoints)) for path, endpoints in resources.items()]
    routes += [WebSocketRoute(live_endpoint.LIVE_PATH, live_endpoint.live), WebSocketRoute("/{path:path}", live_endpoint.no_socket)]
    if info_endpoints.SITE.is_dir():
        mimetypes.add_type("text/javascript", ".js")  # some systems map .js to another type, and browsers reject such modules
        routes.append(Mount("/shared", StaticFiles(directory=info_endpoints.SHARED)))
        routes.append(Mount("/", StaticFiles(directory=info_endpoints.SITE)))
    return routes


def _on_api_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, ApiError):
        raise error
    return error.response()


def _on_library_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, StylenetError):
        raise error
    return ApiError.of(error).response()


def _on_http_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    path = request.url.path[:200]
    messages = {404: f"there is nothing at '{path}'", 405: f"{request.method} is not possible at '{path}'"}
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    allowed = headers.get("allow", "the addresses in /openapi.json")
    message = messages.get(error.status_code, "the request failed")
    code = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "invalid-request")
    return ApiError(error.status_code, code, message, allowed=allowed, remedy="see /docs", headers=headers).response()


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
