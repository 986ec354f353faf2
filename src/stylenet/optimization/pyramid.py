"""Sizes and steps of the levels, from coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from stylenet.catalog.recipe import PyramidSection

SMALLEST_SIDE_PX = 32
"""A coarse level's short side is never smaller: the deepest layers would see nothing but border."""

_Number = TypeVar("_Number", int, float)


@dataclass(frozen=True, kw_only=True)
class Level:
    """One size of the pyramid.

    Attributes:
        width: Pixels.
        height: Pixels.
        steps: Solver steps at this size.
        content_factor: The content weight is multiplied by it here.
    """

    width: int
    height: int
    steps: int
    content_factor: float


def levels(width: int, height: int, pyramid: PyramidSection) -> tuple[Level, ...]:
    """The levels for a picture of `width` x `height` pixels; coarse to fine by `pyramid.factor`, the last is the picture's own size."""
    count = 1
    if pyramid.coarsest_px:
        longest = max(width, height)
        count += max(0, round(math.log(longest / pyramid.coarsest_px, pyramid.factor)))
        while count > 1 and min(width, height) / pyramid.factor ** (count - 1) < SMALLEST_SIDE_PX:
            count -= 1
    return tuple(
        Level(
            width=round(width / pyramid.factor ** (count - 1 - index)),
            height=round(height / pyramid.factor ** (count - 1 - index)),
            steps=_of_level(pyramid.steps, index),
            content_factor=_of_level(pyramid.content_weights, index),
        )
        for index in range(count)
    )


def _of_level(values: Sequence[_Number], index: int) -> _Number:
    return values[min(index, len(values) - 1)]
