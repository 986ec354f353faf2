"""`stylenet serve` and `stylenet studio`: StyleNet over HTTP, and as a page in the browser."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from stylenet.cli.app import signals_call
from stylenet.extras import require
from stylenet.requests.base import default_of, help_of
from stylenet.requests.serving import ServeRequest


def server_flag(name: str, *words: str, metavar: str | None = None) -> Any:
    """The Typer option of a field of `ServeRequest`, for `Annotated`."""
    default = default_of(ServeRequest, name)
    default_text = f" [{default:g}]" if isinstance(default, (int, float)) else f" [{default}]" if isinstance(default, str) else ""
    flags = words or (f"--{name.replace('_', '-')}",)
    return typer.Option(*flags, help=f"{help_of(ServeRequest, name)}{default_text}", show_default=False, metavar=metavar)


def studio(
    *,
    port: Annotated[int | None, server_flag("port")] = None,
    data: Annotated[str | None, server_flag("data", metavar="FOLDER")] = None,
    threads: Annotated[int | None, server_flag("threads")] = None,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
) -> None:
    """Open a page in the browser to choose a photo and a style, with a live preview."""
    given = {"port": port, "data": data, "threads": threads}
    settings = ServeRequest.of(given)

    def open_page(url: str) -> None:
        if browser:
            import webbrowser

            webbrowser.open(url)

    run_server(settings, on_ready=open_page)


def serve(
    context: typer.Context,
    *,
    host: Annotated[str | None, server_flag("host")] = None,
    port: Annotated[int | None, server_flag("port")] = None,
    data: Annotated[str | None, server_flag("data", metavar="FOLDER")] = None,
    token: Annotated[str | None, typer.Option("--token", help=help_of(ServeRequest, "token"), envvar="STYLENET_TOKEN")] = None,
    allow_hosts: Annotated[list[str] | None, server_flag("allow_hosts", "--allow-host", metavar="NAME")] = None,
    allow_origins: Annotated[list[str] | None, server_flag("allow_origins", "--allow-origin", metavar="ORIGIN")] = None,
    workers: Annotated[int | None, server_flag("workers")] = None,
    threads: Annotated[int | None, server_flag("threads")] = None,
    queue: Annotated[int | None, server_flag("queue")] = None,
    job_minutes: Annotated[float | None, server_flag("job_minutes")] = None,
    memory_mb: Annotated[int | None, server_flag("memory_mb")] = None,
    disk_mb: Annotated[int | None, server_flag("disk_mb")] = None,
    history_mb: Annotated[int | None, server_flag("history_mb")] = None,
    keep_minutes: Annotated[float | None, server_flag("keep_minutes")] = None,
    upload_mb: Annotated[float | None, server_flag("upload_mb")] = None,
    megapixels: Annotated[float | None, server_flag("megapixels")] = None,
    silent_seconds: Annotated[float | None, server_flag("silent_seconds")] = None,
    patience_seconds: Annotated[float | None, server_flag("patience_seconds")] = None,
    checkpoint_seconds: Annotated[float | None, server_flag("checkpoint_seconds")] = None,
) -> None:
    """Serve previews, paintings, and jobs that survive a restart, over HTTP."""
    given = {name: value for name, value in context.params.items() if value not in (None, (), [])}
    settings = ServeRequest.of({name: tuple(value) if isinstance(value, list) else value for name, value in given.items()})
    run_server(settings)


def run_server(settings: ServeRequest, *, on_ready: Callable[[str], None] = lambda url: None) -> None:
    """Serve until Ctrl-C or SIGTERM.

    Args:
        settings: Of the server.
        on_ready: Called with the address once requests are accepted.

    Raises:
        UsageError: a package is missing.
        OutputError: the address or the folder is in use.
    """
    for module in ("starlette", "uvicorn", "websockets"):
        require(module, "the server")
    from stylenet.server.running import serve as run

    def ready(url: str) -> None:
        print(f"listening on {url}  (Ctrl-C ends; jobs are resumed at the next start)")
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
