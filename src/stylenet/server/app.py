"""The application: what runs while the server does, and the table of its addresses."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import mimetypes
from collections.abc import AsyncIterator, Coroutine, Sequence
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from stylenet.errors import StylenetError, UsageError
from stylenet.requests.serving import ServeRequest
from stylenet.server import job_pages, pages, picture_pages
from stylenet.server.guard import Guard
from stylenet.server.jobs import Jobs
from stylenet.server.metrics import Metrics
from stylenet.server.passes import Cache, Passes
from stylenet.server.pictures import Pictures
from stylenet.server.processes import PAINTER, Worker
from stylenet.server.refusals import RefusedError, refused
from stylenet.server.store import Store

_SWEEP_SECONDS = 30.0
_LOG = logging.getLogger("stylenet.server")


class Parts:
    """What a running server consists of; made inside its event loop.

    Args:
        settings: Of the server.
        metrics: Counts.
        command: Starts a painting process.
    """

    def __init__(self, settings: ServeRequest, metrics: Metrics, command: Sequence[str]) -> None:
        self.settings, self.metrics, self._command = settings, metrics, command
        self.folder = Path(settings.folder)
        try:
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise UsageError(f"cannot use the folder '{self.folder}': {error.strerror}; choose another one with --data") from None
        self._lock = FileLock(self.folder / "server.lock")
        try:
            self._lock.acquire(timeout=10)  # a server that was killed a moment ago may still hold it
        except Timeout:
            raise UsageError(f"another server uses the folder '{self.folder}'; stop it, or choose another one with --data") from None
        self.store = Store(self.folder / "server.sqlite")
        self.previews, self.passes = Passes(self._worker()), Passes(self._worker())
        self.cache = Cache()
        self.pictures = Pictures(settings, self.store, self.folder, passes=self.previews)
        self.jobs = Jobs(settings, self.store, self.folder, workers=[self._worker() for _ in range(settings.workers)])
        metrics.watch(self.store, jobs=self.jobs, previews=self.previews, passes=self.passes, cache=self.cache, pictures=self.pictures)

    def work(self) -> list[Coroutine[Any, Any, None]]:
        """What runs beside the answers."""
        return [self.previews.run(), self.passes.run(), *(self.jobs.run(worker) for worker in self.jobs.workers), self._sweep()]

    def close(self) -> None:
        """Let go of the folder."""
        self.store.close()
        self._lock.release()

    def _worker(self) -> Worker:
        settings = self.settings
        return Worker(
            self.folder / "empty",
            memory_bytes=settings.memory_mb * 10**6,
            silent_seconds=settings.silent_seconds,
            command=self._command,
        )

    async def _sweep(self) -> None:
        while True:
            try:
                self.pictures.sweep()
            except OSError:
                _LOG.exception("old files could not be deleted")
            await asyncio.sleep(min(_SWEEP_SECONDS, self.settings.keep_minutes * 60))


def build(settings: ServeRequest, *, command: Sequence[str] = PAINTER) -> ASGIApp:
    """The application for these settings; its processes run between its lifespan's start and end.

    Args:
        settings: Of the server.
        command: Starts a painting process.
    """
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        parts = app.state.parts = Parts(settings, metrics, command)
        tasks = [asyncio.create_task(work) for work in parts.work()]
        try:
            yield
        finally:
            parts.jobs.close()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            parts.close()

    app = Starlette(routes=_routes(), lifespan=lifespan, exception_handlers=_HANDLERS)
    app.state.settings = settings
    return Guard(app, settings, count=metrics.count)


def _routes() -> list[BaseRoute]:
    routes: list[BaseRoute] = [
        Route("/v1/pictures", picture_pages.put_picture, methods=["PUT"]),
        Route("/v1/pictures/{id}/{what}.png", picture_pages.find_mask, methods=["GET"]),
        Route("/v1/preview/{id}.jpg", picture_pages.preview, methods=["GET"]),
        Route("/v1/stylize", picture_pages.stylize, methods=["POST"]),
        Route("/v1/jobs", job_pages.list_jobs, methods=["GET"]),
        Route("/v1/jobs", job_pages.add_job, methods=["POST"]),
        Route("/v1/jobs/{id}", job_pages.show_job, methods=["GET"]),
        Route("/v1/jobs/{id}", job_pages.stop_job, methods=["DELETE"]),
        Route("/v1/jobs/{id}/events", job_pages.events, methods=["GET"]),
        Route("/v1/jobs/{id}/preview.jpg", job_pages.preview, methods=["GET"]),
        Route("/v1/jobs/{id}/result", job_pages.result, methods=["GET"]),
        Route("/v1/jobs/{id}/thumbnail.jpg", job_pages.thumbnail, methods=["GET"]),
        Route("/v1/history", job_pages.history, methods=["GET"]),
        Route("/v1/history/{id}", job_pages.forget, methods=["DELETE"]),
        Route("/v1/styles", pages.styles, methods=["GET"]),
        Route("/v1/recipes", pages.recipes, methods=["GET"]),
        Route("/openapi.json", pages.openapi, methods=["GET"]),
        Route("/docs", pages.docs, methods=["GET"]),
        Route("/docs.css", pages.docs_css, methods=["GET"]),
        Route("/healthz", pages.health, methods=["GET"]),
        Route("/metrics", pages.metrics, methods=["GET"]),
    ]
    mimetypes.add_type("text/javascript", ".js")  # some systems' tables say otherwise, and browsers then load no module
    routes.append(Route("/", pages.home, methods=["GET"]))
    if pages.SITE.is_dir():
        routes += [Mount("/shared", StaticFiles(directory=pages.SHARED)), Mount("/", StaticFiles(directory=pages.SITE))]
    return routes


def _of_refusal(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return error.response()


def _of_library(request: Request, error: Exception) -> Response:
    return refused(str(error)).response()


def _of_http(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    told = {404: f"there is nothing at '{request.url.path[:200]}'", 405: f"{request.method} is not possible at '{request.url.path[:200]}'"}
    allowed = headers.get("allow") or headers.get("Allow") or "the addresses in /openapi.json"
    return RefusedError(status, told.get(status, "the request failed"), allowed=allowed, remedy="see /docs", headers=headers).response()


def _of_disconnect(request: Request, error: Exception) -> Response:
    return Response(status_code=400)


def _unexpected(request: Request, error: Exception) -> Response:
    return RefusedError(500, "an unexpected error; the server's log has it", remedy="report it").response()


_HANDLERS: dict[Any, Any] = {
    RefusedError: _of_refusal,
    StylenetError: _of_library,
    HTTPException: _of_http,
    ClientDisconnect: _of_disconnect,
    Exception: _unexpected,
}
