"""Contact sheets: pictures side by side with captions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import PIL.Image
from PIL import ImageDraw, ImageFont

from stylenet.errors import UsageError
from stylenet.image.files import load_image, to_pil
from stylenet.image.resize import resize, target_size
from stylenet.shapes import check_image

if TYPE_CHECKING:
    from stylenet.shapes import Image

_PAPER, _INK = (250, 249, 246), (40, 40, 40)


def contact_sheet(cells: Sequence[tuple[str, Image]], *, columns: int | None = None, cell_px: int = 320) -> Image:
    """One picture that shows many, row by row, with captions below.

    Args:
        cells: Caption and picture, shape (1, 3, H, W), 0..1, any size. Captions that do not fit are truncated with an ellipsis.
        columns: Number of columns; default: as many as rows.
        cell_px: The longer side of every picture on the sheet.

    Returns:
        Shape (1, 3, height, width), 0..1. A row is as high as its tallest picture.

    Raises:
        UsageError: There are no cells or columns, or the cells are too small for a caption.
    """
    if not cells:
        raise UsageError("a sheet needs at least one picture")
    columns = min(len(cells), columns if columns is not None else math.ceil(math.sqrt(len(cells))))
    if columns < 1 or cell_px < 16:
        raise UsageError(f"a sheet of {columns} columns of {cell_px} px is not possible; allowed are columns from 1, and pixels from 16")
    text_px = min(max(10, cell_px // 20), 40)
    gap, caption_px = max(4, cell_px // 32), 3 * text_px
    font = ImageFont.load_default(text_px)
    pictures = [(caption, _scaled(image, cell_px)) for caption, image in cells]
    rows = [pictures[start : start + columns] for start in range(0, len(pictures), columns)]
    heights = [max(picture.height for _, picture in row) for row in rows]
    sheet_px = (gap + columns * (cell_px + gap), gap + sum(height + caption_px + gap for height in heights))
    sheet = PIL.Image.new("RGB", sheet_px, _PAPER)
    draw = ImageDraw.Draw(sheet)
    top = gap
    for row, height in zip(rows, heights, strict=True):
        for column, (caption, picture) in enumerate(row):
            left = gap + column * (cell_px + gap)
            sheet.paste(picture, (left + (cell_px - picture.width) // 2, top + (height - picture.height) // 2))
            middle = (left + cell_px / 2, top + height + caption_px / 2)
            draw.multiline_text(middle, _wrapped(caption, font, cell_px), fill=_INK, font=font, anchor="mm", align="center")
        top += height + caption_px + gap
    return load_image(sheet).pixels


def _scaled(image: Image, cell_px: int) -> PIL.Image.Image:
    check_image(image)
    return to_pil(resize(image, target_size(image.shape[3], image.shape[2], cell_px)))


def _wrapped(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int) -> str:
    words, first = caption.split(), ""
    while words and font.getlength(f"{first} {words[0]}") <= width_px:
        first = f"{first} {words.pop(0)}".strip()
    rest = " ".join(words)
    if not first:
        return _shortened(rest, font, width_px)
    return f"{first}\n{_shortened(rest, font, width_px)}" if rest else first


def _shortened(caption: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width_px: int) -> str:
    if font.getlength(caption) <= width_px:
        return caption
    while caption and font.getlength(caption + "...") > width_px:
        caption = caption[:-1]
    return caption.rstrip() + "..."
