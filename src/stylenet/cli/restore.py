"""`stylenet enlarge` and `stylenet colorize`: networks that give photos back what they have lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.extras import require
from stylenet.requests.restoring import RestoreRequest

Photo = Annotated[Path, typer.Argument(metavar="PHOTO", help="Any picture file.", show_default=False)]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to the tree."""
    app.command()(enlarge)
    app.command()(colorize)


def enlarge(
    context: typer.Context,
    photo: Photo,
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="A file of 'train --task super-resolution'.", show_default=False)],
    *,
    output: options.Output = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Enlarge a photo to four times its width and height, with a network that was trained for it."""
    _run(context, "super-resolution", quiet=quiet)


def colorize(
    context: typer.Context,
    photo: Photo,
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="A file of 'train --task colorization'.", show_default=False)],
    *,
    output: options.Output = None,
    device: options.Device = None,
    precision: options.Precision = None,
    threads: options.Threads = None,
    quiet: options.Quiet = False,
) -> None:
    """Give a gray photo colors, with a network that was trained for it; lightness stays as it is."""
    _run(context, "colorization", quiet=quiet)


def _run(context: typer.Context, task: str, *, quiet: bool) -> None:
    given = {name: str(value) if isinstance(value, Path) else value for name, value in context.params.items() if name != "quiet"}
    request = RestoreRequest.of({**given, "task": task})

    require("torch", "restoring a photo")
    from stylenet.workflows.restoring import restore_file

    painting, path = restore_file(request)
    if not quiet:
        for notice in painting.photo.notices:
            print(f"note: {notice}")
        size = f"{painting.pixels.shape[3]} x {painting.pixels.shape[2]}"
        print(f"{path}  ({size} pixels, {request.verb} in {painting.done.seconds:.1f} s)")
