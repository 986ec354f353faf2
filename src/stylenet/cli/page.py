"""`stylenet page`: a page that paints in the browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.cli.downloads import Download


def page(
    *,
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FOLDER", help="Output folder.", show_default=False)],
    runtime: Annotated[
        Path | None,
        typer.Option(
            "--runtime", metavar="FILE", help="Local archive of onnxruntime-web, used instead of downloading it.", show_default=False
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Write a page that paints photos in the browser: static files for any web host. Photos are not uploaded."""
    from stylenet.page.build import build_page

    with Download(quiet=quiet) as download:
        written = build_page(output, archive=runtime, on_progress=download.show)
    if not quiet:
        print(f"{output}  ({len(written.files)} files, {sum(written.files.values()) / 1e6:.1f} MB)")
        print(f"to open it: python -m http.server --directory '{output}' --bind 127.0.0.1 8000, then http://127.0.0.1:8000")
