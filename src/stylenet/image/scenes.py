"""Computed sample pictures for `stylenet demo` if scikit-image's photos are not available."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

_Plane: TypeAlias = NDArray[np.floating[Any]]

_SIDE_PX = 512
_SOFT_PX = 1.2
"""Width of the soft edge of shapes."""


class _Canvas:
    """A picture for drawing shapes; positions are shares of its width and height."""

    def __init__(self, seed: int) -> None:
        self._random = np.random.default_rng(seed)
        axis = (np.arange(_SIDE_PX, dtype=np.float32) + np.float32(0.5)) / np.float32(_SIDE_PX)
        self.x: _Plane
        self.y: _Plane
        self.x, self.y = np.meshgrid(axis, axis)
        self.pixels = np.zeros((_SIDE_PX, _SIDE_PX, 3), np.float32)

    def fill(self, top: tuple[float, ...], bottom: tuple[float, ...]) -> None:
        """Fill with a gradient from top to bottom."""
        self.pixels[:] = np.array(top) + self.y[..., None] * (np.array(bottom) - np.array(top))

    def draw(self, inside: _Plane, color: tuple[float, ...], *, shade: _Plane | float = 1.0) -> None:
        """Draw a shape: a color where `inside`, the distance to the edge in shares of the side, is positive."""
        visible = inside > -_SOFT_PX / _SIDE_PX
        rows, columns = np.flatnonzero(visible.any(1)), np.flatnonzero(visible.any(0))
        if not rows.size:
            return
        part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        cover = np.clip(inside[part] * np.float32(_SIDE_PX / _SOFT_PX) + np.float32(0.5), 0, 1)[..., None]
        shades = np.broadcast_to(np.asarray(shade, np.float32), self.x.shape)[part][..., None]
        self.pixels[part] += cover * (np.array(color, np.float32) * shades - self.pixels[part])

    def ellipse(self, x: float, y: float, across: float, down: float) -> _Plane:
        """Distance of each pixel to the edge of an ellipse with these half axes, positive inside."""
        return (1 - np.hypot((self.x - x) / across, (self.y - y) / down)) * np.float32(min(across, down))

    def box(self, left: float, top: float, right: float, bottom: float) -> _Plane:
        """Distance of each pixel to the edge of a rectangle, positive inside."""
        return np.minimum(np.minimum(self.x - left, right - self.x), np.minimum(self.y - top, bottom - self.y))

    def clouds(self, scales: int = 6) -> _Plane:
        """Noise at all scales, with mean 0 and the largest scale about 1."""
        total = np.zeros_like(self.x)
        for power in range(scales):
            count = 3 * 2**power
            knots = self._random.standard_normal((count + 1, count + 1)).astype(np.float32)
            weights = _between(count)
            total += weights @ knots @ weights.T / np.float32(2**power)
        return total

    def to_array(self) -> NDArray[np.uint8]:
        """The picture (H, W, 3), with grain."""
        grain = self._random.standard_normal(self.x.shape, dtype=np.float32)[..., None] * 0.012
        return np.rint(np.clip(self.pixels + grain, 0, 1) * 255).astype(np.uint8)


def face() -> NDArray[np.uint8]:
    """A portrait against a curtain."""
    canvas = _Canvas(1)
    canvas.fill((0.16, 0.24, 0.33), (0.09, 0.13, 0.2))
    folds = np.sin(38 * canvas.x + 3 * canvas.clouds(2))
    canvas.pixels *= (1 + 0.3 * folds)[..., None]
    light = np.clip(1.12 - 0.9 * np.hypot(canvas.x - 0.4, canvas.y - 0.36), 0.3, 1.1)
    strands = 0.75 + 0.25 * np.sin(90 * np.hypot(canvas.x - 0.5, canvas.y - 0.1) + 2 * canvas.clouds(3))
    canvas.draw(canvas.ellipse(0.5, 0.45, 0.285, 0.36), (0.3, 0.17, 0.09), shade=strands)
    canvas.draw(canvas.box(0.41, 0.6, 0.59, 0.85), (0.78, 0.55, 0.43), shade=light * 0.85)
    weave = 0.9 + 0.1 * np.sin(160 * canvas.x) * np.sin(160 * canvas.y)
    canvas.draw(canvas.ellipse(0.5, 1.08, 0.46, 0.33), (0.62, 0.14, 0.16), shade=light * weave * 1.2)
    canvas.draw(canvas.ellipse(0.5, 0.79, 0.13, 0.07), (0.78, 0.55, 0.43), shade=light * 0.95)
    skin = light * (1 + 0.03 * canvas.clouds())
    canvas.draw(canvas.ellipse(0.5, 0.45, 0.2, 0.265), (0.93, 0.7, 0.56), shade=skin)
    fringe = np.minimum(canvas.ellipse(0.5, 0.42, 0.215, 0.26), 0.31 - canvas.y + 0.25 * (canvas.x - 0.45))
    canvas.draw(fringe, (0.3, 0.17, 0.09), shade=strands)
    for x in (0.41, 0.585):
        canvas.draw(canvas.ellipse(x, 0.435, 0.043, 0.021), (0.97, 0.96, 0.94), shade=light)
        canvas.draw(canvas.ellipse(x, 0.435, 0.02, 0.02), (0.2, 0.38, 0.42))
        canvas.draw(canvas.ellipse(x, 0.435, 0.009, 0.009), (0.04, 0.04, 0.05))
        canvas.draw(canvas.ellipse(x - 0.006, 0.429, 0.004, 0.004), (1.0, 1.0, 1.0))
        brow = canvas.ellipse(x, 0.395, 0.055, 0.013)
        canvas.draw(np.minimum(brow, 0.398 - canvas.y), (0.26, 0.15, 0.08))
        canvas.draw(canvas.ellipse(x + 0.0, 0.54, 0.045, 0.035) - 0.02, (0.93, 0.55, 0.46), shade=skin)
    canvas.draw(canvas.ellipse(0.515, 0.5, 0.012, 0.055), (0.8, 0.56, 0.44), shade=light)
    canvas.draw(canvas.ellipse(0.5, 0.548, 0.034, 0.014), (0.78, 0.52, 0.41), shade=light)
    canvas.draw(canvas.ellipse(0.5, 0.617, 0.065, 0.022), (0.72, 0.27, 0.27), shade=light)
    canvas.draw(canvas.ellipse(0.5, 0.614, 0.06, 0.003), (0.4, 0.1, 0.12))
    return canvas.to_array()


def hills() -> NDArray[np.uint8]:
    """Hills, one behind the other, under an evening sun."""
    canvas = _Canvas(2)
    canvas.fill((0.22, 0.38, 0.68), (1.0, 0.76, 0.5))
    bands = np.clip(canvas.clouds() - 0.4, 0, 1) * np.clip(1.2 - 2 * canvas.y, 0, 1)
    canvas.pixels += (bands[..., None] * 0.6) * (np.array((1.0, 0.88, 0.8), np.float32) - canvas.pixels)
    near = np.hypot(canvas.x - 0.67, canvas.y - 0.36)
    canvas.pixels += np.exp(-8 * near)[..., None] * np.array((0.4, 0.25, 0.05), np.float32)
    canvas.draw(0.062 - near, (1.0, 0.95, 0.76))
    colors = ((0.52, 0.5, 0.62), (0.4, 0.46, 0.5), (0.33, 0.46, 0.28), (0.25, 0.36, 0.15))
    for number, color in enumerate(colors):
        crest = 0.5 + 0.11 * number + 0.05 * np.sin((5 + 1.7 * number) * canvas.x + 2.1 * number) + 0.02 * np.sin(17 * canvas.x + number)
        meadow = 1 + (0.04 + 0.09 * number) * canvas.clouds(7) - 0.7 * np.clip(canvas.y - crest, 0, 1)
        canvas.draw(canvas.y - crest, color, shade=meadow)
    path = 0.42 + 0.14 * np.sin(7 * canvas.y) + 0.1 * canvas.y
    canvas.draw(np.minimum(0.04 * (canvas.y - 0.74) / 0.26 * 2 - np.abs(canvas.x - path), canvas.y - 0.86), (0.78, 0.66, 0.46))
    for x, y, size in ((0.16, 0.78, 0.11), (0.27, 0.83, 0.08), (0.86, 0.82, 0.13)):
        canvas.draw(canvas.box(x - 0.08 * size, y, x + 0.08 * size, y + 0.9 * size), (0.26, 0.17, 0.1))
        leaves = 0.8 + 0.35 * canvas.clouds(7) - 1.5 * (canvas.x - x)
        canvas.draw(canvas.ellipse(x, y - 0.2 * size, 0.62 * size, 0.75 * size), (0.2, 0.32, 0.1), shade=np.clip(leaves, 0.35, 1.7))
    return canvas.to_array()


def street() -> NDArray[np.uint8]:
    """Houses along a street."""
    canvas = _Canvas(3)
    canvas.fill((0.42, 0.63, 0.86), (0.9, 0.92, 0.9))
    cloud = np.clip(canvas.clouds() - 0.2, 0, 1)[..., None]
    canvas.pixels += 0.8 * cloud * (1 - canvas.pixels)
    houses = (
        (0.0, 0.22, 0.3, (0.79, 0.42, 0.3)),
        (0.22, 0.43, 0.2, (0.93, 0.82, 0.56)),
        (0.43, 0.6, 0.36, (0.55, 0.66, 0.66)),
        (0.6, 0.82, 0.24, (0.87, 0.6, 0.5)),
        (0.82, 1.0, 0.33, (0.7, 0.72, 0.5)),
    )
    for left, right, top, color in houses:
        middle, width = (left + right) / 2, right - left
        plaster = 1 + 0.05 * canvas.clouds(7) + 0.15 * (middle - canvas.x)
        canvas.draw(canvas.box(left, top, right, 0.82), color, shade=plaster)
        tiles = 0.9 + 0.16 * np.sin(220 * canvas.y)
        roof = np.minimum(canvas.y - top + 0.55 * width - 1.1 * np.abs(canvas.x - middle), top - canvas.y)
        canvas.draw(roof, (0.5, 0.22, 0.17), shade=tiles)
        canvas.draw(canvas.box(right - 0.3 * width, top - 0.42 * width, right - 0.18 * width, top - 0.1 * width), (0.42, 0.2, 0.16))
        for row in np.arange(top + 0.06, 0.6, 0.13):
            for share in (0.27, 0.73):
                x, half = left + share * width, 0.13 * width
                canvas.draw(canvas.box(x - half, row, x + half, row + 0.085), (0.96, 0.95, 0.9))
                glass = canvas.box(x - half + 0.008, row + 0.008, x + half - 0.008, row + 0.077)
                canvas.draw(glass, (0.2, 0.29, 0.38), shade=1.5 - 6 * (canvas.y - row))
                canvas.draw(np.minimum(0.003 - np.abs(canvas.x - x), glass), (0.96, 0.95, 0.9))
        canvas.draw(canvas.box(middle - 0.16 * width, 0.69, middle + 0.16 * width, 0.82), (0.24, 0.3, 0.22))
    canvas.draw(canvas.y - 0.82, (0.66, 0.63, 0.58), shade=1 + 0.06 * canvas.clouds(7))
    depth = np.maximum(canvas.y - 0.8, 1e-3)
    stones = 0.9 + 0.14 * np.sin(5 / depth) * np.sin(9 * (canvas.x - 0.5) / depth)
    canvas.draw(canvas.y - 0.86, (0.42, 0.41, 0.43), shade=stones)
    canvas.draw(canvas.box(0.705, 0.5, 0.715, 0.9), (0.12, 0.14, 0.14))
    canvas.draw(canvas.ellipse(0.71, 0.49, 0.02, 0.026), (1.0, 0.93, 0.7))
    return canvas.to_array()


SCENES: Mapping[str, Callable[[], Any]] = {"face": face, "hills": hills, "street": street}
"""By name, functions that return arrays (H, W, 3) of bytes."""


def _between(count: int) -> _Plane:
    """Matrix (pixels, knots) that interpolates `count` + 1 knots smoothly along a side."""
    place = (np.arange(_SIDE_PX, dtype=np.float32) + 0.5) * np.float32(count / _SIDE_PX)
    before = place.astype(np.intp)
    share = place - before
    share *= share * (3 - 2 * share)
    matrix = np.zeros((_SIDE_PX, count + 1), np.float32)
    rows = np.arange(_SIDE_PX)
    matrix[rows, before] = 1 - share
    matrix[rows, before + 1] = share
    return matrix
