"""Base classes of the terms of the objective: four kinds, by what their values depend on.

With tiles, each term has the same value and gradient as without. `optimization.objective` implements this for each of the four kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.losses.moments import Moments
from stylenet.styles.framing import Measurement, Statistics

Place = tuple[slice, slice]
"""Rows and columns of a layer that belong to a tile without its halo."""


@dataclass(frozen=True)
class StyleTarget:
    """Target of one style for one region of the picture.

    Attributes:
        moments: Moments by layer.
        share: Share of the style in a blend.
        region: Index of the region.
        features: Features by layer, (1, C, H, W), if the recipe compares positions.
    """

    moments: Mapping[str, Moments]
    share: float
    region: int = 0
    features: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Data from which terms are created.

    Attributes:
        recipe: Recipe with the layers and weights of the terms.
        photo: The photo at the level's size, (1, 3, H, W), 0..1.
        targets: Style targets at this size; their shares sum to 1 in every region.
        areas: Share of the picture covered by each region.
        style_layers: The recipe's style layers in use at this level, in the order of the network.
        style_factor: Factor of the terms of the style image, from the strength.
        content_factor: Factor of the content weight, from the level.
        dtype: Dtype for sums over positions.
        history: For video frames: the previous painting at the level's size, warped to this frame, and its weights (1, 1, H, W).
    """

    recipe: Recipe
    photo: Tensor
    targets: Sequence[StyleTarget]
    areas: Sequence[float]
    style_layers: Sequence[str]
    style_factor: float
    content_factor: float
    dtype: torch.dtype
    history: tuple[Tensor, Tensor] | None = None


class Term(ABC):
    """A weighted loss.

    Attributes:
        name: Name in events and logs; terms with the same name are summed.
        layers: Layers of the encoder that the term needs.
    """

    name: ClassVar[str]
    layers: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, or None if the recipe does not use it."""

    def prepare(self, measured: Measurement) -> None:  # noqa: B027 (most terms need nothing)
        """Store data of the photo: features of `layers`, or for terms of statistics the moments."""


class StatisticsTerm(Term):
    """A term that depends on the moments of layers and regions."""

    @abstractmethod
    def value(self, statistics: Statistics) -> Tensor:
        """The weighted loss of moments by layer and region, a scalar tensor."""


class LocalTerm(Term):
    """A term that is a sum over the positions of layers, and therefore over tiles."""

    @abstractmethod
    def value(self, features: Mapping[str, Tensor], place: Mapping[str, Place] | None = None) -> Tensor:
        """The weighted loss of features by layer, a scalar tensor; for a tile, with its place in each layer, its part of the loss."""


class WholeTerm(Term):
    """A term in which every position of a layer may depend on every other."""

    @abstractmethod
    def value(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss of features by layer, a scalar tensor."""


class PixelTerm(Term):
    """A term that depends only on the pixels."""

    @abstractmethod
    def value(self, image: Tensor) -> Tensor:
        """The weighted loss of a picture (1, 3, H, W) in 0..1, a scalar tensor."""

    def add_slope(self, image: Tensor, gradient: Tensor) -> float:
        """Add the gradient of the term to `gradient` in place, with as little memory as possible, and return its value."""
        leaf = image.detach().requires_grad_()
        value = self.value(leaf)
        gradient += torch.autograd.grad(value, leaf)[0]
        return float(value.detach())
