"""Sizes and numbers of steps of the levels, from coarse to fine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from stylenet.catalog.recipe import PyramidSection

SMALLEST_SIDE_PX = 32
"""Smallest short side of a coarse level: in smaller ones, all positions of the deepest layers are at the border."""

_Value = TypeVar("_Value", int, float, str)


@dataclass(frozen=True, kw_only=True)
class Level:
    """One level of the pyramid.

    Attributes:
        width: Width in pixels.
        height: Height in pixels.
        steps: Number of solver steps.
        content_factor: Factor of the content weight.
        deepest: Deepest style layer to use; None: all of the recipe's.
    """

    width: int
    height: int
    steps: int
    content_factor: float
    deepest: str | None = None


def levels(width: int, height: int, pyramid: PyramidSection) -> tuple[Level, ...]:
    """The levels for a picture of `width` x `height` pixels; coarse to fine by `pyramid.factor`, the last one at full size."""
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
            # A single level uses all layers, since no coarser level covers the deep ones.
            deepest=_of_level(pyramid.deepest, count - 1 - index) if pyramid.deepest and count > 1 else None,
        )
        for index in range(count)
    )


def _of_level(values: Sequence[_Value], index: int) -> _Value:
    return values[min(index, len(values) - 1)]
