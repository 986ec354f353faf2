"""Middleware around the whole application: access control, time limits for requests, and security headers.

WebSockets have the same access control. Once a WebSocket is open, its endpoint sets the time limits.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylenet.requests.serving import ServeRequest
from stylenet.server.access import Access
from stylenet.server.api_errors import ApiError, too_busy, unexpected_error

_MAX_REQUESTS = 2000
"""Maximum number of requests handled at the same time."""

_WHOLE_FACTOR = 8
"""Time limit for receiving a whole request, as a multiple of the limit for one part."""

_SEND_FACTOR = 2
"""Time limit for sending one part of a response, in the same unit."""

SECURITY_HEADERS = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
_RESPONSES = ("http.response.start", "websocket.http.response.start", "websocket.accept")
_SWITCHING_PROTOCOLS = 101

_LOG = logging.getLogger("stylenet.server")


class Guard:
    """The outermost ASGI application.

    Args:
        app: The guarded application.
        settings: The settings of the server, with its access rules and time limits.
        responses: Counter of responses by status.
    """

    def __init__(self, app: ASGIApp, settings: ServeRequest, *, responses: Counter[int]) -> None:
        self._app, self._patience_seconds = app, settings.patience_seconds
        self._access = Access(settings)
        self._responses = responses
        self._active = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        else:
            exchange = _Exchange(scope, receive, send, patience_seconds=self._patience_seconds, responses=self._responses)
            self._active += 1
            try:
                await self._handle(exchange)
            finally:
                self._active -= 1

    async def _handle(self, exchange: _Exchange) -> None:
        try:
            if self._active > _MAX_REQUESTS:
                raise too_busy("server-busy", f"{_MAX_REQUESTS} requests are being handled, which is the limit", seconds=1)
            exchange.foreign_origin = self._access.check(exchange.scope)
            is_preflight = exchange.foreign_origin is not None and exchange.scope.get("method") == "OPTIONS"
            handler = _preflight_response() if is_preflight else self._app
            await handler(exchange.scope, exchange.receive, exchange.send)
        except ApiError as error:
            await exchange.send_error(error)
        except (ClientDisconnect, TimeoutError):
            pass  # the client has disconnected, or accepts no more data; its connection is closed
        except Exception:
            _LOG.exception("an unexpected error")
            await exchange.send_error(unexpected_error())


class _Exchange:
    """A request and its response, or a WebSocket, with time limits and headers."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, *, patience_seconds: float, responses: Counter[int]) -> None:
        self.scope = scope
        self.foreign_origin: str | None = None
        self._receive, self._send = receive, send
        self._patience_seconds, self._responses = patience_seconds, responses
        self._has_response, self._expects_body = False, scope["type"] == "http"
        self._deadline = time.monotonic() + _WHOLE_FACTOR * patience_seconds

    async def receive(self) -> Message:
        """The next part of the body.

        Raises:
            ApiError: the client is too slow.
        """
        if not self._expects_body:  # a disconnect or a WebSocket message may arrive at any time
            return await self._receive()
        try:
            async with asyncio.timeout(min(self._patience_seconds, self._deadline - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise ApiError(
                408,
                "request-too-slow",
                "the request was not complete in time",
                allowed=f"{self._patience_seconds:g} s for each part, {_WHOLE_FACTOR * self._patience_seconds:g} s for all",
                remedy="try again",
                headers={"connection": "close"},
            ) from None
        self._expects_body = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the response.

        Raises:
            TimeoutError: the client does not accept it.
        """
        if message["type"] in _RESPONSES:
            self._has_response = True
            self._responses[message.get("status", _SWITCHING_PROTOCOLS)] += 1
            message.setdefault("headers", [])
            self._add_headers(MutableHeaders(scope=message))
        async with asyncio.timeout(_SEND_FACTOR * self._patience_seconds):
            await self._send(message)

    async def send_error(self, error: ApiError) -> None:
        """Send an error, unless a response has been started."""
        if not self._has_response:
            await error.response()(self.scope, self.receive, self.send)

    def _add_headers(self, headers: MutableHeaders) -> None:
        headers.update(SECURITY_HEADERS)
        headers.setdefault("cache-control", "no-cache")
        if self.foreign_origin is not None:
            headers["access-control-allow-origin"] = self.foreign_origin
            headers["cross-origin-resource-policy"] = "cross-origin"
            headers.add_vary_header("origin")


def _preflight_response() -> Response:
    return Response(
        status_code=204,
        headers={
            "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
            "access-control-allow-headers": "authorization, content-type, last-event-id, stylenet-client, stylenet-name",
            "access-control-max-age": "600",
        },
    )
