"""The request of `stylenet serve`: address, access and limits."""

from __future__ import annotations

import ipaddress
from typing import Annotated

import platformdirs

from stylenet.errors import UsageError
from stylenet.requests.base import Request, option
from stylenet.requests.machine import MAX_THREADS

DEFAULT_PORT = 7410
LOOPBACK_NAMES = ("127.0.0.1", "localhost", "::1")


class ServeRequest(Request, frozen=True, kw_only=True):
    """The settings of a server: its address, access and limits."""

    host: Annotated[str, option("Address to listen on; addresses other than loopback require --token.")] = "127.0.0.1"
    port: Annotated[int, option("Port; 0: a free one.", allowed="0 to 65535", ge=0, le=65535)] = DEFAULT_PORT
    data: Annotated[str | None, option("Folder for pictures, jobs and history; default: in the user's state directory.")] = None
    token: Annotated[str | None, option("Secret that every request must send; at least 16 characters.")] = None
    allow_hosts: Annotated[tuple[str, ...], option("Additional host name of the server. May be repeated.")] = ()
    allow_origins: Annotated[
        tuple[str, ...], option("Web page that may call the server, such as https://example.org. May be repeated.")
    ] = ()
    workers: Annotated[int, option("Number of jobs painted at the same time.", allowed="1 to 64", ge=1, le=64)] = 1
    threads: Annotated[int, option("CPU threads of each painting; 0: all.", allowed=f"0 to {MAX_THREADS}", ge=0, le=MAX_THREADS)] = 0
    queue: Annotated[int, option("Maximum number of waiting jobs.", allowed="1 to 100000", ge=1, le=100_000)] = 100
    job_minutes: Annotated[float, option("Maximum painting time of a job in minutes.", allowed="0.01 to 10080", ge=0.01, le=10_080)] = 60.0
    memory_mb: Annotated[
        int,
        option("Memory of each painting process in MB. A process that uses more is replaced.", allowed="256 to 1000000", ge=256, le=10**6),
    ] = 4000
    disk_mb: Annotated[int, option("Disk space for uploaded pictures in MB.", allowed="1 to 1000000", ge=1, le=10**6)] = 2000
    history_mb: Annotated[
        int, option("Disk space for results in MB; the oldest are deleted first.", allowed="1 to 1000000", ge=1, le=10**6)
    ] = 2000
    keep_minutes: Annotated[
        float, option("Minutes for which an unused picture is kept.", allowed="0.001 to 525600", ge=0.001, le=525_600)
    ] = 60.0
    upload_mb: Annotated[float, option("Maximum size of an upload in MB.", allowed="0.001 to 1000", ge=0.001, le=1000)] = 32.0
    megapixels: Annotated[float, option("Maximum size of a picture in megapixels.", allowed="0.001 to 200", ge=0.001, le=200)] = 50.0
    silent_seconds: Annotated[
        float, option("Seconds without a sign of life after which a painting process is killed.", allowed="1 to 3600", ge=1, le=3600)
    ] = 60.0
    patience_seconds: Annotated[
        float, option("Seconds that a client may take to send the next part of a request.", allowed="0.1 to 600", ge=0.1, le=600)
    ] = 15.0
    checkpoint_seconds: Annotated[float, option("Seconds between checkpoints of a job.", allowed="0 to 3600", ge=0, le=3600)] = 10.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.token is not None and (
            len(self.token) < 16 or not self.token.isascii() or not self.token.isprintable() or " " in self.token
        ):
            raise UsageError(
                "the token is too short, or has spaces or non-ASCII characters; allowed are 16 or more ASCII characters; make one "
                'with: python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        if not self.is_loopback and self.token is None:
            raise UsageError(
                f"--host is {self.host}, which other machines can reach, and no --token is given; allowed without a token is 127.0.0.1; "
                'give --token SECRET, generated for example by: python -c "import secrets; print(secrets.token_urlsafe())"'
            )
        for origin in self.allow_origins:
            scheme, separator, rest = origin.partition("://")
            if scheme not in ("http", "https") or not separator or not rest or "/" in rest or "*" in rest:
                raise UsageError(f"--allow-origin is '{origin}'; allowed is one origin without a path, such as https://example.org")

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach the server."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def folder(self) -> str:
        """The data folder."""
        return self.data or str(platformdirs.user_state_path("stylenet") / "server")
