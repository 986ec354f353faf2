"""uvicorn's HTTP protocol with a time limit for the head of a request, for which uvicorn itself waits forever."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol


class TimeoutProtocol(H11Protocol):
    """Closes connections on which no complete head of a request arrives in time.

    Attributes:
        head_seconds: The time limit, set by subclasses. `guard` limits the time for the body.
    """

    head_seconds = 15.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first request."""
        super().connection_made(transport)
        self._start_timer(self.head_seconds)

    def data_received(self, data: bytes) -> None:
        """Stop waiting once a request has begun."""
        cycle = self.cycle
        super().data_received(data)
        if self.cycle is not cycle:
            self._cancel_timer()

    def on_response_complete(self) -> None:
        """Wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._start_timer(self.head_seconds + self.timeout_keep_alive)

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._cancel_timer()
        super().connection_lost(exc)

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
