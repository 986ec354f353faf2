"""What the paintings ask of a level: their moments at the size that the recipe and the level call for."""

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
from stylenet.styles.style import MixedStyle, PictureStyle, moments_at, together

AnyStyle: TypeAlias = PictureStyle | StoredStyle | MixedStyle


class StyleTargets:
    """The paintings' moments for any level, each measured once.

    Args:
        recipe: Names the layers, and how large the painting is when it is looked at.
        regions: The styles of every region, each with its share; where nothing is masked there is one region.
        photo_size: (width, height) of the finest level.
        style_scale: The painting is looked at so many times larger.
        device: Where the moments are needed.
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
        self._known: dict[tuple[int, int], list[StyleTarget]] = {}

    def __call__(self, width: int, height: int) -> Sequence[StyleTarget]:
        """The targets for a level of this size; a style without a share asks for nothing."""
        level = (width, height)
        if level not in self._known:
            self._known[level] = [
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
        return self._known[level]

    def check(self) -> None:
        """Refuse, before anything is measured, a style that lacks what the recipe asks for.

        Raises:
            StyleError: a style file lacks a layer, or has no picture where positions are compared.
        """
        for style in (style for styles in self._regions for style, share in styles if share):
            if isinstance(style, StoredStyle):
                style.check(self._recipe.style.layers)
            if self._recipe.detail.weight:
                self._comparable(style)

    def _comparable(self, style: AnyStyle) -> PictureStyle:
        if not isinstance(style, PictureStyle):
            raise StyleError(
                f"recipe '{self._recipe.name}' compares positions of the painting, and '{style.name}' holds statistics only, or many "
                "pictures; give one painting's picture, or --set detail.weight=0"
            )
        return style

    def _features(self, style: AnyStyle, level: tuple[int, int]) -> Mapping[str, Tensor]:
        """What positions are compared with; nothing where the recipe compares none."""
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
            return together([self._measure(part, level) for part in style.parts])
        if self._recipe.painting.size == "area":
            return moments_at(style, math.sqrt(level[0] * level[1]) * self._style_scale, layers, self._device)
        if isinstance(style, StoredStyle):
            # A ladder knows no shapes but the painting's own, and nothing beyond its largest step.
            size_px = math.sqrt(math.prod(self._painting_size((style.card.width, style.card.height), level)))
            return moments_at(style, size_px, layers, self._device)
        height, width = style.pixels.shape[2:]
        return style.at_size(*self._painting_size((width, height), level), layers)

    def _painting_size(self, own: tuple[int, int], level: tuple[int, int]) -> tuple[int, int]:
        """The size at which a recipe of the literature looks at a painting of its `own` (width, height)."""
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
        # Cut to whole pixels, as most programs of the literature do; 1e-6 so that rounding of the quotient does not cost a pixel.
        return max(16, int(width * scale + 1e-6)), max(16, int(height * scale + 1e-6))
