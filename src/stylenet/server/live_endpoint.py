"""The endpoint for live painting: a WebSocket that receives camera frames and settings, and sends paintings.

Every message gets exactly one response, in the same order. A frame (binary, JPEG) is answered with its painting, and settings (text, JSON)
with all settings that now apply. Errors are JSON as in the rest of the API. A client sends its next frame after the painting of the last
one has arrived; frames sent earlier wait in the connection.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from stylenet.errors import StylenetError, UsageError
from stylenet.requests.live import LiveRequest
from stylenet.server.api_checks import check_styles
from stylenet.server.api_errors import ApiError, unexpected_error
from stylenet.server.api_responses import ErrorBody
from stylenet.server.picture_endpoints import file_or_name
from stylenet.server.processes import WorkerError
from stylenet.server.services import Services

LIVE_PATH = "/v1/live"

MAX_SESSIONS = 4
"""Maximum number of cameras painted at the same time; they share one worker."""

MAX_FRAME_BYTES = 2**20
MAX_MESSAGE_BYTES = 2**22
"""Longer messages are not read, and close the connection."""

_JPEG = b"\xff\xd8\xff"

_MAX_SETTINGS_BYTES = 10_000
_MAX_ERRORS = 20
"""Number of consecutive errors after which the connection is closed."""

_FRAME_SECONDS = 30.0
"""Maximum painting time of a frame. The first frame also includes loading the network and measuring the style."""

_SEND_FACTOR = 2
"""Time limit for sending a painting, as a multiple of the limit for receiving a message."""

_TOO_MANY = ErrorBody(
    code="too-many-cameras",
    error=f"{MAX_SESSIONS} cameras are being painted, which is the limit",
    remedy="close another page, or try again in a moment",
    values={"most": MAX_SESSIONS},
)

_POLICY, _TRY_LATER = 1008, 1013
_LOG = logging.getLogger("stylenet.server")


async def live(socket: WebSocket) -> None:
    """Paint frames until the client disconnects or stops sending."""
    services: Services = socket.app.state.services
    await socket.accept()
    if services.live_sessions >= MAX_SESSIONS:
        await socket.send(_text(_TOO_MANY))
        await socket.close(_TRY_LATER, "too many cameras")
        return
    services.live_sessions += 1
    try:
        await _Session(socket, services).run()
    except (WebSocketDisconnect, TimeoutError):
        pass  # the client has disconnected, or accepts no more data; the connection is closed
    finally:
        services.live_sessions -= 1


async def live_without_socket(request: Request) -> Response:
    """The error for requests that are not WebSocket handshakes."""
    raise ApiError(
        426,
        "not-a-websocket",
        "the address is a WebSocket, and the request is not",
        allowed="WebSocket connections",
        remedy="connect with a WebSocket client; docs/live.md describes the messages",
        headers={"upgrade": "websocket"},
    )


async def no_socket(socket: WebSocket) -> None:
    """The error for WebSockets at other addresses."""
    error = f"there is no WebSocket at '{socket.url.path[:200]}'"
    raise ApiError(404, "not-found", error, allowed=LIVE_PATH, remedy="use this address")


class _Session:
    """A connection."""

    def __init__(self, socket: WebSocket, services: Services) -> None:
        self._socket, self._services = socket, services
        self._patience_seconds = services.settings.patience_seconds
        self._id = secrets.token_hex(8)
        self._request = LiveRequest()

    async def run(self) -> None:
        """Respond to one message after another.

        Raises:
            WebSocketDisconnect: the client has disconnected.
            TimeoutError: the client does not accept a response.
        """
        errors = 0
        while errors < _MAX_ERRORS:
            try:
                async with asyncio.timeout(self._patience_seconds):
                    message = await self._socket.receive()
            except TimeoutError:
                await self._socket.close(_POLICY, f"no frame was received within {self._patience_seconds:g} s")
                return
            if message["type"] == "websocket.disconnect":
                return
            response, is_error = await self._handle(message)
            errors = errors + 1 if is_error else 0
            async with asyncio.timeout(_SEND_FACTOR * self._patience_seconds):
                await self._socket.send(response)
        await self._socket.close(_POLICY, f"{_MAX_ERRORS} errors in a row")

    async def _handle(self, message: Any) -> tuple[dict[str, Any], bool]:
        """Handle a message; returns the response, and whether it is an error."""
        try:
            if message.get("bytes") is not None:
                return {"type": "websocket.send", "bytes": await self._paint(message["bytes"])}, False
            self._change(message.get("text") or "")
            return _text(self._request), False
        except ApiError as error:
            return _text(error.body), True
        except WorkerError as error:
            text = self._services.pictures.without_folder(str(error).replace("the given data", "the frame"))
            return _text(ApiError.of(error, message=text).body), True
        except StylenetError as error:
            return _text(ApiError.of(error).body), True
        except Exception:
            _LOG.exception("an unexpected error")
            return _text(unexpected_error().body), True

    def _change(self, text: str) -> None:
        """Apply the settings in a message.

        Raises:
            UsageError: the message is not a JSON object, or a value is not allowed.
        """
        if len(text) > _MAX_SETTINGS_BYTES:
            raise UsageError(f"the settings have {len(text)} characters; allowed are {_MAX_SETTINGS_BYTES}")
        try:
            given = msgspec.json.decode(text, type=dict[str, Any])
        except msgspec.DecodeError:
            names = ", ".join(LiveRequest.__struct_fields__)
            raise UsageError(f"the message is not a JSON object; allowed are {names}; send frames as binary messages") from None
        changed = LiveRequest.of({**msgspec.structs.asdict(self._request), **given})
        check_styles([changed.style])
        file_or_name(self._services, changed.style)
        self._request = changed

    async def _paint(self, frame: bytes) -> bytes:
        """Paint a frame.

        Raises:
            ApiError: the frame is too large, not a JPEG file, or the server is too busy.
            WorkerError: the worker reports an error.
        """
        if len(frame) > MAX_FRAME_BYTES:
            raise ApiError(
                413,
                "invalid-frame",
                f"the frame has {len(frame)} bytes",
                allowed=f"up to {MAX_FRAME_BYTES} bytes",
                remedy="send smaller frames, or a lower quality",
            )
        if not frame.startswith(_JPEG):
            remedy = "send the camera's picture as JPEG"
            raise ApiError(415, "invalid-frame", "the frame is not a JPEG file", allowed="JPEG files", remedy=remedy)
        values = msgspec.to_builtins(self._request) | {"style": file_or_name(self._services, self._request.style)}
        result = await self._services.previews.call(
            "frame",
            seconds=_FRAME_SECONDS,
            session=self._id,
            data=frame,
            request=values,
            threads=self._services.settings.threads,
        )
        self._services.live_frames += 1
        return result.data


def _text(value: Any) -> dict[str, Any]:
    return {"type": "websocket.send", "text": msgspec.json.encode(value).decode()}
