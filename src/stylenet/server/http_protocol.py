"""uvicorn's protocols, adapted: HTTP with a time limit for request headers and with API errors, and WebSockets."""

from __future__ import annotations

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from stylenet.server.api_errors import ApiError
from stylenet.server.guard import SECURITY_HEADERS


class HttpProtocol(H11Protocol):
    """Closes connections on which the headers of a request do not arrive in time; uvicorn itself waits forever.

    Attributes:
        head_seconds: The time limit, set by subclasses. `guard` limits the time for the body.
    """

    head_seconds = 15.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Start the timer for the first request."""
        super().connection_made(transport)
        self._start_timer(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Stop the timer once the headers of a request are complete."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._cancel_timer()

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        """Stop the timer; from now on, the endpoint of the WebSocket limits the time."""
        self._cancel_timer()
        super().handle_websocket_upgrade(event)

    def on_response_complete(self) -> None:
        """Start the timer for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._start_timer(self.head_seconds + self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop the timer."""
        self._cancel_timer()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:
        """Respond to invalid HTTP with an error, and close the connection."""
        headers = {**SECURITY_HEADERS, "connection": "close"}
        error = ApiError(400, "invalid-request", "the request is not valid HTTP", remedy="see /docs", headers=headers)
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):  # no response has been started
            response = error.response()
            head = h11.Response(status_code=400, headers=response.raw_headers, reason=b"Bad Request")
            for event in (head, h11.Data(data=bytes(response.body)), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()

    def _start_timer(self, seconds: float) -> None:
        self._cancel_timer()
        self._timer = self.loop.call_later(seconds, self._close_if_idle)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_if_idle(self) -> None:
        if getattr(self.cycle, "response_complete", True):  # None before the first request
            self.transport.close()


class SocketProtocol(WebSocketsSansIOProtocol):
    """Rejects handshakes without logging them as application failures, and aborts ended connections whose client stops reading."""

    async def send(self, message: Any) -> None:
        """Send a message of the application."""
        await super().send(message)
        if message["type"] == "websocket.http.response.body" and not message.get("more_body", False):
            self.handshake_complete = True

    def on_task_complete(self, task: asyncio.Task[None]) -> None:
        """Abort the connection if it is still open after the timeout."""
        super().on_task_complete(task)
        self.loop.call_later(self.close_timeout, self.transport.abort)
