"""Terms of the pixels alone: edges that stay where the photo has them, and smoothness."""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from stylenet.losses.laplacian import laplacian, laplacian_distance
from stylenet.losses.smoothness import add_mean_square_slope, total_variation
from stylenet.optimization.terms.base import PixelTerm, Scene


class EdgesTerm(PixelTerm):
    """The Laplacian of the averaged picture, as in the photo. See `losses.laplacian`."""

    name = "edges"

    def __init__(self, scene: Scene) -> None:
        section = scene.recipe.edges
        self._weight = section.weight
        # Of the coarse levels of a narrow picture large pools leave no edge to compare.
        self._targets = [laplacian(scene.photo, pool=pool) for pool in section.pools if 3 * pool <= min(scene.photo.shape[2:])]

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, where the recipe weights it and the picture is large enough."""
        term = cls(scene) if scene.recipe.edges.weight else None
        return term if term is not None and term._targets else None

    def value(self, image: Tensor) -> Tensor:
        """The weighted mean over pools."""
        return self._weight * torch.stack([laplacian_distance(image, target) for target in self._targets]).mean()


class SmoothnessTerm(PixelTerm):
    """Total variation. See `losses.smoothness`."""

    name = "smoothness"

    def __init__(self, scene: Scene) -> None:
        self._section = scene.recipe.smoothness
        self._scale = 255.0 if scene.recipe.picture.unit == "bytes" else 1.0

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, where the recipe weights it."""
        return cls(scene) if scene.recipe.smoothness.weight else None

    def value(self, image: Tensor) -> Tensor:
        """The weighted total variation, in the recipe's units."""
        scaled = image * self._scale if self._scale != 1.0 else image
        return self._section.weight * total_variation(scaled, self._section.distance)

    def add_slope(self, image: Tensor, gradient: Tensor) -> float:
        """As for every term; the everyday distance needs no memory for it."""
        if self._section.distance == "mean-square" and self._scale == 1.0:
            return add_mean_square_slope(image, gradient, self._section.weight)
        return super().add_slope(image, gradient)
