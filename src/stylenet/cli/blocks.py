"""A picture in a terminal: every character is an upper half block, its foreground one pixel and its background the one below."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style

from stylenet.image.resize import resize

if TYPE_CHECKING:
    from stylenet.shapes import Image


def blocks(image: Image, *, columns: int, rows: int) -> Segments:
    """What Rich prints for `image`, shape (1, 3, H, W), 0..1, its shape kept, in at most `columns` x `rows` characters."""
    height, width = image.shape[2:]
    scale = min(columns / width, 2 * rows / height)
    across, down = max(1, round(width * scale)), max(1, round(height * scale / 2))
    small = resize(image, (across, 2 * down))
    pixels = np.rint(small[0].transpose(1, 2, 0) * 255).astype(np.uint8).tolist()
    segments = []
    for row in range(down):
        for upper, lower in zip(pixels[2 * row], pixels[2 * row + 1], strict=True):
            segments.append(Segment("▀", Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))))
        segments.append(Segment.line())
    return Segments(segments)
