"""`stylenet recolor`: other colors for a finished painting."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from stylenet.cli import options
from stylenet.errors import UsageError
from stylenet.image.output import check_output
from stylenet.workflows.outputs import keep_apart, place


def register(app: typer.Typer) -> None:
    """Add the command of this module to the tree."""
    app.command()(recolor)


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
            help="With --photo: luminance (the default) gives every place its color back; histogram and mean-covariance give the "
            "painting the photo's colors where they suit its own.",
        ),
    ] = None,
    palette: Annotated[
        str | None,
        typer.Option(
            "--palette",
            metavar="NAME|FILE|COLORS",
            help="Give it a palette: of a style, of a picture, or a list: '#264653,#2a9d8f,#e9c46a'.",
        ),
    ] = None,
    quiet: options.Quiet = False,
) -> None:
    """Give a finished painting the colors of its photo, or a palette. Nothing is painted again."""
    if (photo is None) == (palette is None):
        raise UsageError("give either --photo PHOTO or --palette NAME|FILE|COLORS")
    if keep_colors is not None and photo is None:
        raise UsageError("--keep-colors requires --photo PHOTO")
    with place(output, f"{painting.stem}-recolored") as output:
        check_output(output)
        keep_apart([("--output", output)], [painting, photo, palette])

        from stylenet.image.files import load_image, save_image
        from stylenet.image.metadata import read_receipt
        from stylenet.image.recolor import KEEP_COLORS, with_palette
        from stylenet.image.recolor import keep_colors as with_colors_of
        from stylenet.styles.sources import open_palette, pixels_fingerprint

        picture = load_image(painting)
        check_output(output, size=(picture.width, picture.height))
        receipt = read_receipt(painting) or {}
        notices = picture.notices
        if photo is not None:
            mode = KEEP_COLORS[0] if keep_colors is None else keep_colors
            source = load_image(photo)
            pixels = with_colors_of(picture.pixels, source.pixels, mode)
            notices += source.notices
            change: dict[str, Any] = {"keep_colors": mode, "photo": photo.name, "photo_sha256": pixels_fingerprint(source.pixels)}
            told = f"the colors of {photo}, by {mode}"
        else:
            colors = open_palette(str(palette))
            pixels = with_palette(picture.pixels, colors)
            change = {"palette": colors}
            told = f"the palette {' '.join(color for color, _ in colors)}"
        if "recolor" in receipt:
            change["before"] = receipt["recolor"]
        save_image(pixels, output, alpha=picture.alpha, metadata=picture.metadata, receipt={**receipt, "recolor": change})
        if not quiet:
            for notice in notices:
                print(f"note: {notice}")
            print(f"{output}  ({told})")
