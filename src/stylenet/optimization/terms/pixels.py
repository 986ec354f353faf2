"""Terms of the pixels: edges and smoothness."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from stylenet.losses.laplacian import laplacian, laplacian_distance
from stylenet.losses.smoothness import add_mean_square_slope, total_variation
from stylenet.optimization.terms.base import PixelTerm, Scene


class EdgesTerm(PixelTerm):
    """Differences between the Laplacians of pooled picture and photo. See `losses.laplacian`."""

    name = "edges"

    def __init__(self, scene: Scene) -> None:
        section = scene.recipe.edges
        self._weight = section.weight
        # Coarse levels of narrow pictures are too small for large pools.
        self._targets = [laplacian(scene.photo, pool=pool) for pool in section.pools if 3 * pool <= min(scene.photo.shape[2:])]

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if its weight is not 0 and the picture is large enough."""
        term = cls(scene) if scene.recipe.edges.weight else None
        return term if term is not None and term._targets else None

    def value(self, image: Tensor) -> Tensor:
        """The weighted mean over pools."""
        return self._weight * torch.stack([laplacian_distance(image, target) for target in self._targets]).mean()


class SmoothnessTerm(PixelTerm):
    """Total variation. See `losses.smoothness`.

    It suppresses the grain that the style loss leaves, so its weight changes with the strength as the style's does.
    """

    name = "smoothness"

    def __init__(self, scene: Scene) -> None:
        self._section = scene.recipe.smoothness
        self._weight = self._section.weight * scene.style_factor
        self._scale = 255.0 if scene.recipe.picture.unit == "bytes" else 1.0

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if its weight is not 0."""
        return cls(scene) if scene.recipe.smoothness.weight * scene.style_factor else None

    def value(self, image: Tensor) -> Tensor:
        """The weighted total variation, in the recipe's units."""
        scaled = image * self._scale if self._scale != 1.0 else image
        return self._weight * total_variation(scaled, self._section.distance)

    def add_slope(self, image: Tensor, gradient: Tensor) -> float:
        """See `PixelTerm`; the default distance needs no additional memory."""
        if self._section.distance == "mean-square" and self._scale == 1.0:
            return float(add_mean_square_slope(image, gradient, self._weight))
        return super().add_slope(image, gradient)
