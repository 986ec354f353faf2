"""`stylenet recolor`: change the colors of a finished painting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stylenet.cli import options
from stylenet.errors import UsageError


def recolor(
    painting: Annotated[Path, typer.Argument(metavar="PAINTING", help="The picture to change.", show_default=False)],
    *,
    output: options.Output = None,
    photo: Annotated[Path | None, typer.Option("--photo", metavar="PHOTO", help="Use the colors of this image, usually the photo.")] = None,
    keep_colors: Annotated[
        str | None,
        typer.Option(
            "--keep-colors",
            metavar="HOW",
            help="With --photo: luminance (the default) restores the color at every position; histogram and mean-covariance match "
            "the distribution of the photo's colors.",
        ),
    ] = None,
    palette: Annotated[
        str | None,
        typer.Option(
            "--palette",
            metavar="NAME|FILE|COLORS",
            help="Use the palette of a style or a picture, or a list such as '#264653,#2a9d8f,#e9c46a'.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Give a finished painting the colors of its photo or of a palette, without painting it again."""
    if (photo is None) == (palette is None):
        raise UsageError("give either --photo PHOTO or --palette NAME|FILE|COLORS")
    if keep_colors is not None and photo is None:
        raise UsageError("--keep-colors requires --photo PHOTO")
    from stylenet.workflows.recoloring import recolor_file

    done = recolor_file(painting, output, photo=photo, mode=keep_colors, palette=palette)
    if not quiet:
        for notice in done.notices:
            print(f"note: {notice}")
        print(f"{done.output}  ({done.colors})")
