"""Running the application with uvicorn."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import uvicorn
from starlette.datastructures import URL

from stylenet.errors import OutputError
from stylenet.requests.serving import ServeRequest
from stylenet.server.app import build
from stylenet.server.http_protocol import HttpProtocol, SocketProtocol
from stylenet.server.live_endpoint import MAX_MESSAGE_BYTES
from stylenet.server.processes import PAINTER
from stylenet.server.services import Services

_BACKLOG = 2048
"""Maximum number of connections waiting to be accepted."""

_LONGEST_HEAD_BYTES = 2**15


class _Server(uvicorn.Server):
    """Calls a function as soon as it accepts requests."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()


def serve(settings: ServeRequest, *, on_ready: Callable[[str], None], command: Sequence[str] = PAINTER) -> None:
    """Serve requests until a signal ends the process.

    Args:
        settings: The settings of the server.
        on_ready: Called with the address as soon as requests are accepted.
        command: The command that starts a painting process.

    Raises:
        UsageError: the folder cannot be used.
        OutputError: the address cannot be used.
    """
    with _bound_socket(settings) as listener:
        config = uvicorn.Config(
            build(Services(settings, command=command)),
            http=type("Protocol", (HttpProtocol,), {"head_seconds": settings.patience_seconds}),
            ws=SocketProtocol,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # JPEG files cannot be compressed further
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            backlog=_BACKLOG,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=3,
            h11_max_incomplete_event_size=_LONGEST_HEAD_BYTES,
        )
        host, port = listener.getsockname()[:2]
        url = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        _Server(config, lambda: on_ready(url)).run(sockets=[listener])


def live_url(url: str, settings: Mapping[str, Any]) -> str:
    """The address of the page that paints a camera's frames.

    Args:
        url: The address of the server.
        settings: The initial settings of the page.
    """
    return str(URL(f"{url}/live.html").include_query_params(**settings))


def _bound_socket(settings: ServeRequest) -> socket.socket:
    try:
        found = socket.getaddrinfo(settings.host, settings.port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)  # prefer IPv4
        with contextlib.ExitStack() as stack:
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            if os.name == "posix":  # elsewhere the option lets two servers share a port
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            stack.pop_all()
            return listener
    except OSError as error:
        reason = f"cannot listen on {settings.host}, port {settings.port}: {error.strerror}"
        raise OutputError(f"{reason}; choose another --port or --host") from None
