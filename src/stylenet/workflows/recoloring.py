"""Recoloring of finished paintings, recorded in the receipt."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stylenet.image.files import load_image, save_image
from stylenet.image.metadata import read_receipt
from stylenet.image.output import check_output
from stylenet.image.recolor import KEEP_COLORS, keep_colors, with_palette
from stylenet.styles.sources import open_palette, pixels_fingerprint
from stylenet.workflows.outputs import keep_apart, reserve_output


@dataclass(frozen=True, kw_only=True)
class Recolored:
    """A recolored picture.

    Attributes:
        output: The output file.
        colors: Description of the source of the colors.
        notices: Notices for the user, one line each.
    """

    output: Path
    colors: str
    notices: tuple[str, ...]


def recolor_file(
    painting: Path, output: Path | None = None, *, photo: Path | None = None, mode: str | None = None, palette: str | None = None
) -> Recolored:
    """Give a painting the colors of a photo, or a palette.

    Args:
        painting: The picture file.
        output: Output file; None: named after the painting, in the current directory.
        photo: The photo whose colors to use.
        mode: Color mode, see `image.recolor.keep_colors`; default: luminance.
        palette: Instead of `photo`: the palette of a style or a picture, or a list of colors.

    Raises:
        StylenetError: a picture cannot be read, or the result cannot be written.
    """
    with reserve_output(output, f"{painting.stem}-recolored") as target:
        check_output(target)
        keep_apart([("--output", target)], [painting, photo, palette])
        picture = load_image(painting)
        check_output(target, size=(picture.width, picture.height))
        receipt, notices = read_receipt(painting) or {}, picture.notices
        if photo is not None:
            mode = mode or KEEP_COLORS[0]
            source = load_image(photo)
            pixels = keep_colors(picture.pixels, source.pixels, mode)
            notices += source.notices
            change: dict[str, Any] = {"keep_colors": mode, "photo": photo.name, "photo_sha256": pixels_fingerprint(source.pixels)}
            colors = f"the colors of {photo}, by {mode}"
        else:
            parts = open_palette(str(palette))
            pixels = with_palette(picture.pixels, parts)
            change = {"palette": parts}
            colors = f"the palette {' '.join(color for color, _ in parts)}"
        if "recolor" in receipt:
            change["before"] = receipt["recolor"]
        save_image(pixels, target, alpha=picture.alpha, metadata=picture.metadata, receipt={**receipt, "recolor": change})
        return Recolored(output=target, colors=colors, notices=tuple(notices))
