"""The server itself: uvicorn, with time limits for slow clients."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import sys
from collections.abc import Callable, Iterator

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from stylenet.errors import OutputError
from stylenet.requests.serving import ServeRequest
from stylenet.server.app import build


class _Server(uvicorn.Server):
    """Tells its address once it listens."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started and self.servers and self.servers[0].sockets:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._on_ready(f"http://{f'[{host}]' if ':' in host else host}:{port}")


def serve(settings: ServeRequest, *, on_ready: Callable[[str], None]) -> None:
    """Answer requests until a signal ends the process; `on_ready` is told the address.

    Raises:
        UsageError: the folder is in use.
        OutputError: the address cannot be listened on.
    """
    config = uvicorn.Config(
        build(settings),
        host=settings.host,
        port=settings.port,
        http=_patient(settings.patience_seconds),
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
        h11_max_incomplete_event_size=2**15,
    )
    with _said(logging.getLogger("uvicorn.error")) as said:
        server = _Server(config, on_ready)
        try:
            server.run()
        except SystemExit:
            raise _why(said, settings) from None
        if not server.started:
            raise _why(said, settings)


def _patient(seconds: float) -> type[H11Protocol]:
    """The protocol that closes connections whose request does not arrive in time; uvicorn waits for ever."""

    class Patient(H11Protocol):
        _timer: asyncio.TimerHandle | None = None

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            before = self.cycle
            super().data_received(data)
            if self.cycle is not before:
                self._cancel()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if not self.transport.is_closing():
                self._cancel()
                self._timer = self.loop.call_later(seconds + self.timeout_keep_alive, self._close)

        def connection_lost(self, exc: Exception | None) -> None:
            self._cancel()
            super().connection_lost(exc)

        def _wait(self) -> None:
            self._cancel()
            self._timer = self.loop.call_later(seconds, self._close)

        def _cancel(self) -> None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None

        def _close(self) -> None:
            if getattr(self.cycle, "response_complete", True):  # None before the first request
                self.transport.close()

    return Patient


@contextlib.contextmanager
def _said(logger: logging.Logger) -> Iterator[list[str]]:
    """What uvicorn says of errors, which it does not raise."""
    said: list[str] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())
            if record.exc_info and logging.getLogger("stylenet.server").isEnabledFor(logging.DEBUG):
                sys.stderr.write(self.format(record) + "\n")

    handler, level = Handler(logging.ERROR), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.ERROR)
    try:
        yield said
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)


def _why(said: list[str], settings: ServeRequest) -> OutputError:
    text = " ".join(" ".join(said).split())
    match = re.search(r"(?:stylenet\.errors\.)?UsageError: (.*)$", text)
    if match:
        return OutputError(match[1])
    reason = re.search(r"\[Errno -?\d+\] (.*)", text)
    told = reason[1] if reason else text or "no reason given"
    return OutputError(f"cannot listen on {settings.host}, port {settings.port}: {told}; choose another --port")
