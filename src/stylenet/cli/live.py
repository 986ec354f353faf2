"""`stylenet live`: live camera painting in the browser."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from stylenet.catalog.styles import style_files
from stylenet.cli.completion import complete_style
from stylenet.cli.fields import option_of, takes
from stylenet.cli.serve import SERVER_FLAGS, Browser, run_server
from stylenet.errors import StylenetError, UsageError, did_you_mean
from stylenet.requests.base import default_of, help_of
from stylenet.requests.live import LiveRequest
from stylenet.requests.serving import ServeRequest


@takes(LiveRequest)
def live(
    style: Annotated[
        str | None,
        typer.Argument(metavar="STYLE", help=help_of(LiveRequest, "style"), autocompletion=complete_style, show_default=False),
    ] = None,
    *,
    port: Annotated[int | None, option_of(ServeRequest, "port", SERVER_FLAGS["port"])] = None,
    data: Annotated[str | None, option_of(ServeRequest, "data", SERVER_FLAGS["data"])] = None,
    threads: Annotated[int | None, option_of(ServeRequest, "threads", SERVER_FLAGS["threads"])] = None,
    browser: Browser = True,
    given: Mapping[str, Any],
) -> None:
    """Open a page in the browser that paints the camera live."""
    request = LiveRequest.of({**given, "style": style})
    _check_style(request.style)

    def open_page(url: str) -> None:
        # In a thread, because the server must respond to the upload.
        threading.Thread(target=_open_page, args=(url, request), kwargs={"opens_browser": browser}, daemon=True).start()

    run_server(ServeRequest.of({"port": port, "data": data, "threads": threads}), on_ready=open_page)


def _check_style(style: str) -> None:
    """Raise `StylenetError` unless the style is the name of a style or a picture file."""
    if style in style_files():
        return
    if not os.path.isfile(style):
        raise UsageError(
            f"style is '{style}'; allowed are names listed by 'stylenet styles ls', and picture files{did_you_mean(style, style_files())}"
        )
    from stylenet.image.opening import opened

    with opened(style):
        pass


def _open_page(url: str, request: LiveRequest, *, opens_browser: bool) -> None:
    from stylenet.server.running import live_url

    try:
        page = live_url(url, _page_settings(url, request))
    except StylenetError as error:
        print(f"stylenet: error: the style cannot be used: {error}", file=sys.stderr, flush=True)
        return
    print(f"the camera is painted at {page}", flush=True)
    if opens_browser:
        import webbrowser

        webbrowser.open(page)


def _page_settings(url: str, request: LiveRequest) -> dict[str, Any]:
    """The settings that differ from their defaults. A picture is uploaded and replaced by its id."""
    values = {name: value for name, value in msgspec.to_builtins(request).items() if value != default_of(LiveRequest, name)}
    if request.style not in style_files():
        from stylenet.server.client import connect

        values |= {"style": connect(url).upload(request.style), "title": Path(request.style).stem}
    return values
