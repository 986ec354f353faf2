"""Style targets for each level: moments of the style images at the size given by recipe and level."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeAlias

import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.errors import StyleError
from stylenet.losses.moments import Moments
from stylenet.optimization.terms.base import StyleTarget
from stylenet.styles.stored import StoredStyle
from stylenet.styles.style import MixedStyle, PictureStyle, merge_moments, moments_at

AnyStyle: TypeAlias = PictureStyle | StoredStyle | MixedStyle


class StyleTargets:
    """Moments of the styles for any level, cached.

    Args:
        recipe: Recipe with the layers and the size of the style image.
        regions: Styles of every region with their shares; one region if there are no masks.
        photo_size: (width, height) of the finest level.
        style_scale: Factor by which the style image is enlarged.
        device: Device of the moments.
    """

    def __init__(
        self,
        recipe: Recipe,
        regions: Sequence[Sequence[tuple[AnyStyle, float]]],
        *,
        photo_size: tuple[int, int],
        style_scale: float,
        device: torch.device,
    ) -> None:
        self._recipe, self._regions, self._photo_size = recipe, regions, photo_size
        self._style_scale, self._device = style_scale, device
        self._cache: dict[tuple[int, int], list[StyleTarget]] = {}

    def __call__(self, width: int, height: int) -> Sequence[StyleTarget]:
        """The targets for a level of this size, of all styles with a share above 0."""
        level = (width, height)
        if level not in self._cache:
            self._cache[level] = [
                StyleTarget(
                    {layer: values.to(self._device) for layer, values in self._measure(style, level).items()},
                    share,
                    region,
                    self._features(style, level),
                )
                for region, styles in enumerate(self._regions)
                for style, share in styles
                if share
            ]
        return self._cache[level]

    def check(self) -> None:
        """Reject styles that lack data that the recipe needs, before measuring.

        Raises:
            StyleError: a style file lacks a layer, or the recipe compares positions and a style has no picture.
        """
        for style in (style for styles in self._regions for style, share in styles if share):
            if isinstance(style, StoredStyle):
                style.check(self._recipe.style.layers)
            if self._recipe.detail.weight:
                self._comparable(style)

    def _comparable(self, style: AnyStyle) -> PictureStyle:
        if not isinstance(style, PictureStyle):
            raise StyleError(
                f"recipe '{self._recipe.name}' compares positions of the style image, but '{style.name}' has only statistics or several "
                "pictures; give a single picture, or --set detail.weight=0"
            )
        return style

    def _features(self, style: AnyStyle, level: tuple[int, int]) -> Mapping[str, Tensor]:
        """Features to compare positions with; empty if the recipe does not compare positions."""
        if not self._recipe.detail.weight:
            return {}
        size_px = math.sqrt(level[0] * level[1]) * self._style_scale
        return {
            layer: values.to(self._device)
            for layer, values in self._comparable(style).features_at(size_px, self._recipe.detail.layers).items()
        }

    def _measure(self, style: AnyStyle, level: tuple[int, int]) -> Mapping[str, Moments]:
        layers = tuple(self._recipe.style.layers)
        if isinstance(style, MixedStyle):
            return merge_moments([self._measure(part, level) for part in style.parts])
        if self._recipe.painting.size == "area":
            return moments_at(style, math.sqrt(level[0] * level[1]) * self._style_scale, layers, self._device)
        if isinstance(style, StoredStyle):
            # A style file has statistics of one aspect ratio only, up to its largest size.
            size_px = math.sqrt(math.prod(self._painting_size((style.card.width, style.card.height), level)))
            return moments_at(style, size_px, layers, self._device)
        height, width = style.pixels.shape[2:]
        return style.at_size(*self._painting_size((width, height), level), layers)

    def _painting_size(self, own: tuple[int, int], level: tuple[int, int]) -> tuple[int, int]:
        """The size to which a recipe from the literature resizes a style image of its `own` (width, height)."""
        width, height = own
        match self._recipe.painting.size:
            case "photo":
                return level
            case "width":
                scale = level[0] / width
            case "long-side":
                scale = max(level) / max(width, height)
            case _:  # own
                scale = level[0] / self._photo_size[0]
        scale *= self._style_scale
        # Truncated to whole pixels, like most published programs; 1e-6 avoids losing a pixel to rounding of the quotient.
        return max(16, int(width * scale + 1e-6)), max(16, int(height * scale + 1e-6))
