"""Access control by host name, origin, site and token."""

from __future__ import annotations

import hmac
import ipaddress
import re
from http.cookies import CookieError, SimpleCookie

import psutil
from starlette.datastructures import Headers, QueryParams
from starlette.types import Scope

from stylenet.requests.serving import LOOPBACK_NAMES, ServeRequest
from stylenet.server.api_errors import ApiError

COOKIE = "stylenet_token"

_PAGE_SCHEMES = {"ws": "http", "wss": "https"}
"""The scheme of the page that opens a WebSocket, by the scheme of the WebSocket."""

_SAFE_SITES = (None, "same-origin", "none")
_ALL_ADDRESSES = ("0.0.0.0", "::")
_OWN_PAGE = "requests of the server's own page, and of programs"


class Access:
    """Decides whether a request is allowed.

    Args:
        settings: The settings of the server, with its host names, origins and token.
    """

    def __init__(self, settings: ServeRequest) -> None:
        self._token = settings.token
        self._hosts = _host_names(settings)
        self._origins = {origin.lower().rstrip("/") for origin in settings.allow_origins}

    def check(self, scope: Scope) -> str | None:
        """Check a request; returns its origin if that is a foreign one that is allowed.

        Raises:
            ApiError: the request is not allowed.
        """
        headers = Headers(scope=scope)
        host = self._check_host(headers)
        scheme = _PAGE_SCHEMES.get(scope["scheme"], scope["scheme"])
        origin = self._check_origin(headers, own=f"{scheme}://{host}")
        is_preflight = origin is not None and scope.get("method") == "OPTIONS"  # browsers send preflight requests without a token
        if self._token is not None and not is_preflight and scope["path"] != "/healthz":
            self._check_token(headers, scope)
        return origin

    def _check_host(self, headers: Headers) -> str:
        """Prevent DNS rebinding: reject foreign host names, even if they resolve to this machine."""
        hosts = headers.getlist("host")
        host = hosts[0].lower() if len(hosts) == 1 else ""
        if _name_of(host) not in self._hosts:
            raise ApiError(
                400,
                "unknown-host",
                f"the request is for the host '{host[:100]}'",
                allowed=", ".join(sorted(self._hosts)),
                remedy="use one of these names, or start the server with --allow-host NAME",
            )
        return host

    def _check_origin(self, headers: Headers, *, own: str) -> str | None:
        """Reject other web pages, which browsers allow to send requests to any address."""
        origin = headers.get("origin")
        if origin is not None and origin.lower() != own:
            if origin.lower() not in self._origins:
                remedy = "start the server with --allow-origin for a page that may call it"
                error = f"the request comes from another page, '{origin[:100]}'"
                raise ApiError(403, "foreign-origin", error, allowed=_OWN_PAGE, remedy=remedy)
            return origin
        if headers.get("sec-fetch-site") not in _SAFE_SITES:
            remedy = "open the server's address yourself"
            raise ApiError(403, "foreign-origin", "the request comes from another site", allowed=_OWN_PAGE, remedy=remedy)
        return None

    def _check_token(self, headers: Headers, scope: Scope) -> None:
        given = headers.get("authorization", "").removeprefix("Bearer ") or _token_in_cookie(headers)
        if not given and scope["path"] == "/":
            given = QueryParams(scope["query_string"]).get("token", "")
        if not hmac.compare_digest(given.encode("utf-8", "replace"), str(self._token).encode()):
            raise ApiError(
                401,
                "unauthorized",
                "the token is missing or wrong",
                allowed="the token that the server was started with",
                remedy="send it as the header 'Authorization: Bearer TOKEN', or open /?token=TOKEN",
                headers={"www-authenticate": "Bearer"},
            )


def _token_in_cookie(headers: Headers) -> str:
    try:
        morsel = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value


def _host_names(settings: ServeRequest) -> set[str]:
    """The host names that requests may use."""
    names = {*LOOPBACK_NAMES, settings.host.lower(), *(name.lower() for name in settings.allow_hosts)}
    if settings.host in _ALL_ADDRESSES:
        entries = [entry for entries in psutil.net_if_addrs().values() for entry in entries]
        names |= {entry.address.split("%")[0].lower() for entry in entries if _is_ip(entry.address)}
    return names - set(_ALL_ADDRESSES)


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text.split("%")[0])
    except ValueError:
        return False
    return True


def _name_of(host: str) -> str:
    """The name in `NAME:PORT` or `[ADDRESS]:PORT`; empty if the text is invalid."""
    match = re.fullmatch(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9.-]+))(?::[0-9]{1,5})?", host)
    return "" if match is None else (match[1] or match[2])
