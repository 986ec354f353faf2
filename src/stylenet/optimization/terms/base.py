"""What a term of the objective is: four kinds, by what its value depends on.

A term of a picture that is seen tile by tile has the same value and the same slope as of one that is seen whole. How that is done depends
on the kind, and is written once, in `optimization.objective`.
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
from stylenet.styles.framing import Look, Statistics

Place = tuple[slice, slice]
"""Rows and columns of a layer that a tile is responsible for."""


@dataclass(frozen=True)
class StyleTarget:
    """What a painting contributes to a region of the picture.

    Attributes:
        moments: By layer.
        share: Where several are blended.
        region: Of the picture.
        features: By layer, (1, C, H, W), where a recipe compares positions.
    """

    moments: Mapping[str, Moments]
    share: float
    region: int = 0
    features: Mapping[str, Tensor] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What terms are made from.

    Attributes:
        recipe: Names the terms, their layers and weights.
        photo: The photo at the level's size, (1, 3, H, W), 0..1.
        targets: The paintings' statistics at this size; their shares sum to one in every region.
        areas: Share of the picture that each region covers.
        style_layers: The recipe's style layers that are compared at this level, in the order in which they are computed.
        style_factor: All that comes from the painting is multiplied by it (strength).
        content_factor: The content weight is multiplied by it (level).
        dtype: What sums over positions are kept in.
        history: For a frame of a clip: the painting before at the level's size, moved along with the scene, and its weights (1, 1, H, W).
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
        name: As events and logs have it; terms of one name are added up.
        layers: Of the encoder, that it needs.
    """

    name: ClassVar[str]
    layers: tuple[str, ...] = ()

    @classmethod
    @abstractmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term that the recipe asks for; None where it asks for none."""

    def prepare(self, seen: Look) -> None:  # noqa: B027 (most terms need nothing)
        """Remember what is needed of the photo: features of `layers`, and for terms of statistics the moments."""


class StatisticsTerm(Term):
    """Depends on the moments of layers, by region."""

    @abstractmethod
    def value(self, statistics: Statistics) -> Tensor:
        """The weighted loss of moments by layer and region, a scalar."""


class LocalTerm(Term):
    """Compares layers position by position: its value is the sum of those of the tiles."""

    @abstractmethod
    def value(self, features: Mapping[str, Tensor], place: Mapping[str, Place] | None = None) -> Tensor:
        """The weighted loss of features by layer, a scalar; of a tile's features, with its place in each layer, that tile's part of it."""


class WholeTerm(Term):
    """Depends on whole layers: every position may depend on every other."""

    @abstractmethod
    def value(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted loss of features by layer, a scalar."""


class PixelTerm(Term):
    """Depends on the pixels alone."""

    @abstractmethod
    def value(self, image: Tensor) -> Tensor:
        """The weighted loss of a picture (1, 3, H, W) in 0..1, a scalar."""

    def add_slope(self, image: Tensor, gradient: Tensor) -> float:
        """Add the slope at a picture to `gradient`, in place, and return the value; in as little memory as the term can."""
        leaf = image.detach().requires_grad_()
        value = self.value(leaf)
        gradient += torch.autograd.grad(value, leaf)[0]
        return float(value.detach())
