"""`stylenet mask`: a mask of the faces or the subject of a photo, for `--mask`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.errors import UsageError


def mask(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The picture to make a mask of.", show_default=False)],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Output file: .png or .tif; default: PHOTO-mask.png in the current directory."),
    ] = None,
    subject: Annotated[bool, typer.Option("--subject", help="The main subject (default).")] = False,
    faces: Annotated[bool, typer.Option("--faces", help="People's heads.")] = False,
    rectangle: Annotated[
        str | None,
        typer.Option(
            "--rectangle",
            metavar="X,Y,WIDTH,HEIGHT",
            help="Search for the subject inside this rectangle only, in pixels or percent: 10%,20%,50%,60%.",
            show_default=False,
        ),
    ] = None,
    feather: Annotated[float, typer.Option("--feather", metavar="PX", min=0, max=1000, help="Soften the edge, in pixels.")] = 0,
    invert: Annotated[bool, typer.Option("--invert", help="Mark everything else instead.")] = False,
    show: Annotated[
        Path | None,
        typer.Option("--show", metavar="FILE", help="Also write the photo with everything outside the mask darkened.", show_default=False),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make a mask of a photo, white where the subject or the faces are."""
    if faces and (subject or rectangle is not None):
        raise UsageError("--faces cannot be combined with --subject or --rectangle; choose one, or make several masks")
    from stylenet.workflows.masking import mask_file

    notices: list[str] = []
    path, share = mask_file(
        photo, output, faces=faces, rectangle=rectangle, feather=feather, invert=invert, show=show, notify=notices.append
    )
    if not quiet:
        for notice in notices:
            print(f"note: {notice}")
        print(f"{path}  ({share:.0%} of the photo is inside); edit it, or use it: --mask {path}=STYLE")
