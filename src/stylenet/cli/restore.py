"""`stylenet enlarge` and `stylenet colorize`: networks that enlarge or color photos."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from stylenet.cli import options
from stylenet.cli.fields import takes
from stylenet.extras import require
from stylenet.requests.restoring import RestoreRequest

Photo = Annotated[Path, typer.Argument(metavar="PHOTO", help="A picture file.", show_default=False)]


@takes(RestoreRequest, without=("task",))
def enlarge(
    photo: Photo,
    network: Annotated[
        Path, typer.Argument(metavar="NETWORK", help="A file written by 'train --task super-resolution'.", show_default=False)
    ],
    *,
    quiet: options.Quiet = False,
    given: Mapping[str, Any],
) -> None:
    """Enlarge a photo to four times its width and height with a trained network."""
    _run({**given, "photo": str(photo), "network": str(network), "task": "super-resolution"}, quiet=quiet)


@takes(RestoreRequest, without=("task",))
def colorize(
    photo: Photo,
    network: Annotated[Path, typer.Argument(metavar="NETWORK", help="A file written by 'train --task colorization'.", show_default=False)],
    *,
    quiet: options.Quiet = False,
    given: Mapping[str, Any],
) -> None:
    """Color a gray photo with a trained network; lightness is unchanged."""
    _run({**given, "photo": str(photo), "network": str(network), "task": "colorization"}, quiet=quiet)


def _run(values: Mapping[str, Any], *, quiet: bool) -> None:
    request = RestoreRequest.of(values)
    require("torch", "restoring a photo")
    from stylenet.workflows.restoring import restore_file

    painting, path = restore_file(request)
    if not quiet:
        for notice in painting.photo.notices:
            print(f"note: {notice}")
        size = f"{painting.pixels.shape[3]} x {painting.pixels.shape[2]}"
        print(f"{path}  ({size} pixels, {request.verb} in {painting.done.seconds:.1f} s)")
