"""Pictures in a terminal, drawn with upper half blocks that show two pixels per character."""

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
    """`image`, shape (1, 3, H, W), 0..1, as Rich segments in at most `columns` x `rows` characters; keeps the aspect ratio."""
    height, width = image.shape[2:]
    scale = min(columns / width, 2 * rows / height)
    used_columns, used_rows = max(1, round(width * scale)), max(1, round(height * scale / 2))
    small = resize(image, (used_columns, 2 * used_rows))
    pixels = np.rint(small[0].transpose(1, 2, 0) * 255).astype(np.uint8).tolist()
    segments = []
    for row in range(used_rows):
        for upper, lower in zip(pixels[2 * row], pixels[2 * row + 1], strict=True):
            segments.append(Segment("▀", Style(color=Color.from_rgb(*upper), bgcolor=Color.from_rgb(*lower))))
        segments.append(Segment.line())
    return Segments(segments)
