"""`stylenet serve` and `stylenet studio`: an HTTP server, and a page in the browser."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

from stylenet.cli.app import signals_call
from stylenet.cli.fields import Flag, takes
from stylenet.extras import require
from stylenet.requests.serving import ServeRequest

SERVER_FLAGS = {name: Flag(shows_default=True) for name in ServeRequest.__struct_fields__} | {
    "data": Flag(metavar="FOLDER"),
    "token": Flag(envvar="STYLENET_TOKEN"),
    "allow_hosts": Flag(("--allow-host",), metavar="NAME"),
    "allow_origins": Flag(("--allow-origin",), metavar="ORIGIN"),
}
"""The flag of each server option."""

PAGE_OPTIONS = ("port", "data", "threads")
"""Options of the commands that open a page."""

Browser = Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")]


@takes(ServeRequest, SERVER_FLAGS, without=[name for name in ServeRequest.__struct_fields__ if name not in PAGE_OPTIONS])
def studio(*, browser: Browser = True, given: Mapping[str, Any]) -> None:
    """Open a page in the browser to choose a photo and a style, with a live preview."""

    def open_page(url: str) -> None:
        if browser:
            import webbrowser

            webbrowser.open(url)

    run_server(ServeRequest.of(given), on_ready=open_page)


@takes(ServeRequest, SERVER_FLAGS)
def serve(*, given: Mapping[str, Any]) -> None:
    """Serve previews, paintings, and jobs that survive a restart, over HTTP."""
    run_server(ServeRequest.of(given))


def run_server(settings: ServeRequest, *, on_ready: Callable[[str], None] = lambda url: None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        settings: The settings of the server.
        on_ready: Called with the address as soon as requests are accepted.

    Raises:
        UsageError: a package is missing.
        OutputError: the address or the folder is in use.
    """
    for module in ("starlette", "uvicorn", "websockets"):
        require(module, "the server")
    from stylenet.server.running import serve as run

    def ready(url: str) -> None:
        print(f"listening on {url}  (Ctrl-C stops; jobs are resumed at the next start)")
        if not settings.is_loopback:
            print(
                f"note: anyone who can reach {settings.host} and has the token can read and write pictures, paint, and read the "
                "history; the token travels unencrypted, so put a proxy with TLS in front on networks that you do not trust",
                file=sys.stderr,
            )
        print(f"data in {settings.folder}", flush=True)
        on_ready(url)

    with signals_call(lambda number, frame: None):  # uvicorn installs its own handlers and raises the signal again after shutdown
        run(settings, on_ready=ready)
