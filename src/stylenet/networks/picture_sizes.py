"""Sizes at which one-pass networks paint a photo and measure a style image. Does not import torch."""

from __future__ import annotations

WHOLE_PX = 384
"""Square root of the area from which a photo is first painted at half its size, recursively, so that strokes grow with the photo."""

MIN_HALF_PX = 64
"""Smallest shorter side of a halved photo."""

MIN_STYLE_PX = 192
"""Square root of the smallest area at which a style image is measured; smaller ones are enlarged to it."""

STYLE_PX_STEP = 32


def half_size(height: int, width: int, style_scale: float) -> tuple[int, int] | None:
    """Height and width at which a photo of this size is painted first; None if it is not halved."""
    half = (max(1, height // 2), max(1, width // 2))
    large = (height * width) ** 0.5 / 2 >= WHOLE_PX / style_scale
    return half if large and min(half) >= MIN_HALF_PX else None


def measured_style_px(height: int, width: int, style_scale: float) -> int:
    """Square root of the area at which a style image is measured: that of the photo, rounded, so that most photos hit the cache."""
    root = (height * width) ** 0.5
    return max(MIN_STYLE_PX, STYLE_PX_STEP * round(root * style_scale / STYLE_PX_STEP))


def shares_by_size(height: int, width: int, style_scale: float) -> dict[tuple[int, int], float]:
    """The sizes (height, width) at which a photo is painted, each with its share of all pixels."""
    sizes: list[tuple[int, int]] = []
    size: tuple[int, int] | None = (height, width)
    while size is not None:
        sizes.append(size)
        size = half_size(*size, style_scale)
    total = sum(rows * columns for rows, columns in sizes)
    return {(rows, columns): rows * columns / total for rows, columns in sizes}
