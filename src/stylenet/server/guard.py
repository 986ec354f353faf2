"""What every request passes: who may call, under which name, how long it may take, and the headers of every answer."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import logging
import re
import time
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie

import psutil
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stylenet.requests.serving import LOOPBACK_NAMES, ServeRequest
from stylenet.server.refusals import RefusedError, busy

COOKIE = "stylenet_token"
_MOST_REQUESTS = 2000
"""At the same time."""

_WHOLE_FACTOR = 8
"""A whole request may take so many times as long as one part of it."""

_SECURITY = {
    "content-security-policy": "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(self), microphone=(), geolocation=()",
}
_SAFE_SITES = (None, "same-origin", "none")
_LOG = logging.getLogger("stylenet.server")


class Guard:
    """The outermost application.

    Args:
        app: What is guarded.
        settings: Names, origins, the token, patience.
        count: Told of every answer: its status.
    """

    def __init__(self, app: ASGIApp, settings: ServeRequest, *, count: Callable[[int], None] = lambda status: None) -> None:
        self._app, self._settings, self._count = app, settings, count
        self._hosts = _host_names(settings)
        self._origins = {origin.lower().rstrip("/") for origin in settings.allow_origins}
        self._requests = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        answer = _Answer(self, scope, receive, send)
        self._requests += 1
        try:
            await self._guarded(answer)
        finally:
            self._requests -= 1

    async def _guarded(self, answer: _Answer) -> None:
        try:
            headers = Headers(scope=answer.scope)
            answer.cors = self._checked(headers, answer.scope)
            if answer.cors and answer.scope["method"] == "OPTIONS":
                await _preflight(answer.cors)(answer.scope, answer.receive, answer.send)
            else:
                await self._app(answer.scope, answer.receive, answer.send)
        except RefusedError as error:
            await answer.refuse(error)
        except ClientDisconnect:
            pass
        except TimeoutError:
            pass  # the client takes nothing any more; its connection is closed
        except Exception:
            _LOG.exception("an unexpected error")
            await answer.refuse(RefusedError(500, "an unexpected error; the server's log has it", remedy="report it"))

    def _checked(self, headers: Headers, scope: Scope) -> str | None:
        """The foreign origin that is allowed to call, if it is one.

        Raises:
            RefusedError: the request is not from where it may come from.
        """
        if self._requests > _MOST_REQUESTS:
            raise busy(f"{_MOST_REQUESTS} requests are being answered, which is the most", seconds=1)
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if _name_of(host) not in self._hosts:
            raise RefusedError(
                400,
                f"the server is called '{host[:100]}'",
                allowed=", ".join(sorted(self._hosts)),
                remedy="use one of these names, or start the server with --allow-host NAME",
            )
        origin, cors = headers.get("origin"), None
        if origin is not None and origin.lower() != f"{scope['scheme']}://{host}":
            if origin.lower() not in self._origins:
                raise RefusedError(
                    403,
                    f"the request comes from another page, '{origin[:100]}'",
                    allowed="requests of the server's own page, and of programs",
                    remedy="start the server with --allow-origin for a page that may call it",
                )
            cors = origin
        if cors is None and headers.get("sec-fetch-site") not in _SAFE_SITES:
            raise RefusedError(
                403,
                "the request comes from another site",
                allowed="requests of the server's own page, and of programs",
                remedy="open the server's address yourself",
            )
        is_preflight = cors is not None and scope["method"] == "OPTIONS"
        if self._settings.token is not None and not is_preflight and scope["path"] != "/healthz":
            self._check_token(headers, scope)
        return cors

    def _check_token(self, headers: Headers, scope: Scope) -> None:
        given = headers.get("authorization", "").removeprefix("Bearer ")
        if not given and "cookie" in headers:
            try:
                morsel = SimpleCookie(headers["cookie"]).get(COOKIE)
            except CookieError:
                morsel = None
            given = "" if morsel is None else morsel.value
        if not given and scope["path"] == "/":
            match = re.search(rb"(?:^|&)token=([^&]*)", scope["query_string"])
            given = "" if match is None else match[1].decode("latin-1")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), str(self._settings.token).encode()):
            raise RefusedError(
                401,
                "the token is missing or wrong",
                allowed="the token that the server was started with",
                remedy="send it as the header 'Authorization: Bearer TOKEN', or open /?token=TOKEN",
                headers={"www-authenticate": "Bearer"},
            )

    def counted(self, status: int) -> None:
        """Count an answer."""
        self._count(status)

    @property
    def patience_seconds(self) -> float:
        """For the next part of a request, and for taking the next part of an answer."""
        return self._settings.patience_seconds


class _Answer:
    """One request and its answer, with time limits and headers."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self.cors = scope, ""  # type: tuple[Scope, str | None]
        self._guard, self._receive, self._send = guard, receive, send
        self._has_begun, self._has_body = False, True
        self._deadline = time.monotonic() + _WHOLE_FACTOR * guard.patience_seconds

    async def receive(self) -> Message:
        """The next part of the body; a client that is too slow is refused."""
        if not self._has_body:  # what comes now is only the end of the connection, however late
            return await self._receive()
        try:
            async with asyncio.timeout(min(self._guard.patience_seconds, self._deadline - time.monotonic())):
                message = await self._receive()
        except TimeoutError:
            raise RefusedError(
                408,
                "the request did not come to its end in time",
                allowed=f"{self._guard.patience_seconds:g} s for each part, {_WHOLE_FACTOR * self._guard.patience_seconds:g} s for all",
                remedy="try again",
                headers={"connection": "close"},
            ) from None
        self._has_body = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer; a client that takes nothing loses its connection."""
        if message["type"] == "http.response.start":
            self._has_begun = True
            self._guard.counted(message["status"])
            headers = MutableHeaders(scope=message)
            for name, value in _SECURITY.items():
                headers[name] = value
            headers.setdefault("cache-control", "no-cache")
            if self.cors:
                headers["access-control-allow-origin"] = self.cors
                headers["cross-origin-resource-policy"] = "cross-origin"
                headers.add_vary_header("origin")
        async with asyncio.timeout(self._guard.patience_seconds * 2):
            await self._send(message)

    async def refuse(self, error: RefusedError) -> None:
        """Answer with an error, if no answer has begun."""
        if not self._has_begun:
            await error.response()(self.scope, self.receive, self.send)


def _preflight(origin: str) -> Response:
    return Response(
        status_code=204,
        headers={
            "access-control-allow-methods": "GET, HEAD, POST, PUT, DELETE",
            "access-control-allow-headers": "authorization, content-type, last-event-id, stylenet-client, stylenet-name",
            "access-control-max-age": "600",
        },
    )


def _host_names(settings: ServeRequest) -> set[str]:
    """Names under which the server may be called."""
    names = {*LOOPBACK_NAMES, settings.host.lower(), *(name.lower() for name in settings.allow_hosts)}
    if settings.host in ("0.0.0.0", "::"):
        names |= {
            entry.address.split("%")[0].lower() for entries in psutil.net_if_addrs().values() for entry in entries if _is_ip(entry.address)
        }
    return names - {"0.0.0.0", "::"}


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """The name in `NAME:PORT` or `[ADDRESS]:PORT`; nothing where it is neither."""
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::[0-9]{1,5})?", host)
    return "" if match is None else (match[1] or match[2])
