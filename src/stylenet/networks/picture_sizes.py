"""The sizes at which a photo is painted, and a painting looked at, in one pass. No torch."""

from __future__ import annotations

WHOLE_PX = 384
"""Root of the area from which on a photo is painted at half of its size first, and so on: marks keep their size on paper."""

LEAST_HALF_PX = 64
"""Shorter side of a half below which no photo is halved."""

LEAST_STYLE_PX = 192
"""Root of the smallest area at which a painting is measured; smaller paintings are enlarged to it."""

STYLE_PX_STEP = 32


def half_size(height: int, width: int, style_scale: float) -> tuple[int, int] | None:
    """Height and width at which a photo of this size is painted first; None where it is painted at once."""
    half = (max(1, height // 2), max(1, width // 2))
    large = (height * width) ** 0.5 / 2 >= WHOLE_PX / style_scale
    return half if large and min(half) >= LEAST_HALF_PX else None


def looked_at_px(height: int, width: int, style_scale: float) -> int:
    """Root of the area at which a painting is looked at: as large as the photo, in steps, so that most photos find it known."""
    root = (height * width) ** 0.5
    return max(LEAST_STYLE_PX, STYLE_PX_STEP * round(root * style_scale / STYLE_PX_STEP))


def shares_by_size(height: int, width: int, style_scale: float) -> dict[tuple[int, int], float]:
    """The sizes (height, width) at which a photo is painted one after the other, each with its share of all pixels."""
    sizes: list[tuple[int, int]] = []
    size: tuple[int, int] | None = (height, width)
    while size is not None:
        sizes.append(size)
        size = half_size(*size, style_scale)
    total = sum(rows * columns for rows, columns in sizes)
    return {(rows, columns): rows * columns / total for rows, columns in sizes}
