"""`stylenet mask`: a mask of a photo's faces or its subject, to be edited and given to `--mask`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from stylenet.cli import options
from stylenet.errors import UsageError
from stylenet.workflows.outputs import keep_apart, place

if TYPE_CHECKING:
    from stylenet.image.subject import Rectangle
    from stylenet.shapes import Image, Mask


def register(app: typer.Typer) -> None:
    """Add the command of this module to the tree."""
    app.command()(mask)


def mask(
    photo: Annotated[Path, typer.Argument(metavar="PHOTO", help="The picture to make a mask of.", show_default=False)],
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write the mask: .png or .tif. Left out: PHOTO-mask.png, here."),
    ] = None,
    subject: Annotated[bool, typer.Option("--subject", metavar="", help="The main subject (default).")] = False,
    faces: Annotated[bool, typer.Option("--faces", metavar="", help="People's heads.")] = False,
    rectangle: Annotated[
        str | None,
        typer.Option(
            "--rectangle",
            metavar="X,Y,WIDTH,HEIGHT",
            help="Search for the subject inside this rectangle only, in pixels or percent: 10%,20%,50%,60%.",
            show_default=False,
        ),
    ] = None,
    feather: Annotated[float, typer.Option("--feather", metavar="PX", min=0, max=1000, help="Soften the edge by this many pixels.")] = 0,
    invert: Annotated[bool, typer.Option("--invert", metavar="", help="Mark everything else instead.")] = False,
    show: Annotated[
        Path | None,
        typer.Option("--show", metavar="FILE", help="Also write the photo with everything outside the mask darkened.", show_default=False),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Make a mask of a photo: white where its subject, or its faces, are."""
    from stylenet.image.output import check_output

    if faces and (subject or rectangle is not None):
        raise UsageError("--faces cannot be combined with --subject or --rectangle; choose one, or make several masks")
    with place(output, f"{photo.stem}-mask") as output:
        check_output(output, formats={".png": "PNG", ".tif": "TIFF", ".tiff": "TIFF"})
        if show is not None:
            check_output(show)
        keep_apart([("--output", output), ("--show", show)], [photo])

        from stylenet.image.files import load_image, save_image
        from stylenet.image.masks import soften
        from stylenet.image.subject import find_faces, find_subject

        picture = load_image(photo)
        if faces:
            found = find_faces(picture.pixels)
        else:
            inside = None if rectangle is None else parse_rectangle(rectangle, (picture.width, picture.height))
            found = find_subject(picture.pixels, inside)
        found = soften(found, feather)
        found = 1 - found if invert else found
        save_image(np.repeat(found, 3, axis=1), output)
        if show is not None:
            save_image(_shaded(picture.pixels, found), show)
        if not quiet:
            print(f"{output}  ({float(found.mean()):.0%} of the photo is inside); edit it, or use it: --mask {output}=STYLE")


def parse_rectangle(text: str, size: tuple[int, int]) -> Rectangle:
    """The rectangle in "X,Y,WIDTH,HEIGHT", each in pixels or in percent of the photo's (width, height): "10%,20%,50%,60%"."""
    words = [re.fullmatch(r"\s*([0-9]+\.?[0-9]*|\.[0-9]+)\s*(%|px)?\s*", word) for word in text.split(",")]
    found = [word for word in words if word]
    if len(words) != 4 or len(found) != 4:
        raise UsageError(f"--rectangle is '{text}'; write X,Y,WIDTH,HEIGHT in pixels or percent, like 120,80,400,300 or 10%,20%,50%,60%")
    values = (float(word[1]) * (whole / 100 if word[2] == "%" else 1) for word, whole in zip(found, (*size, *size), strict=True))
    x, y, across, down = values
    left, top = round(x), round(y)
    return left, top, round(x + across) - left, round(y + down) - top


def _shaded(photo: Image, mask: Mask) -> Image:
    """The photo in its colors inside the mask, in a dim violet outside."""
    violet = np.array([0.25, 0.0, 0.3], dtype=np.float32).reshape(1, 3, 1, 1)
    return photo * mask + (0.35 * photo.mean(axis=1, keepdims=True) + violet) * (1 - mask)
