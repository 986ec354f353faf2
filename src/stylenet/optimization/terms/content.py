"""Content terms: features at each position, or self-similarity."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor

from stylenet.losses.content import ContentTarget
from stylenet.losses.selfsimilarity import SelfSimilarity, self_similarity, self_similarity_distance
from stylenet.optimization.terms.base import LocalTerm, Place, Scene, WholeTerm
from stylenet.styles.framing import Measurement

_SELF_SIMILARITY = "self-similarity"


class ContentTerm(LocalTerm):
    """Squared differences of features. See `losses.content`."""

    name = "content"

    def __init__(self, layers: Mapping[str, float], distance: str, weight: float) -> None:
        self._layers, self._distance, self._weight = layers, distance, weight
        self.layers = tuple(layers)
        self._targets: dict[str, ContentTarget] = {}

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if the recipe weights content and does not use self-similarity."""
        content, weight = scene.recipe.content, scene.recipe.content.weight * scene.content_factor
        return cls(content.layers, content.distance, weight) if weight and content.distance != _SELF_SIMILARITY else None

    def prepare(self, measured: Measurement) -> None:
        """Store the photo's features."""
        self._targets = {layer: ContentTarget(measured.features[layer], self._distance) for layer in self.layers}

    def value(self, features: Mapping[str, Tensor], place: Mapping[str, Place] | None = None) -> Tensor:
        """The weighted sum over layers, or a tile's part of it."""
        losses = [
            self._layers[layer] * target.loss(features[layer], None if place is None else place[layer])
            for layer, target in self._targets.items()
        ]
        return self._weight * torch.stack(losses).sum()


class SelfSimilarityTerm(WholeTerm):
    """Differences of self-similarity. See `losses.selfsimilarity`."""

    name = "content"

    def __init__(self, layers: Mapping[str, float], weight: float) -> None:
        self._layers, self._weight = layers, weight
        self.layers = tuple(layers)
        self._targets: dict[str, SelfSimilarity] = {}

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if the recipe uses self-similarity."""
        content, weight = scene.recipe.content, scene.recipe.content.weight * scene.content_factor
        return cls(content.layers, weight) if weight and content.distance == _SELF_SIMILARITY else None

    def prepare(self, measured: Measurement) -> None:
        """Store the photo's self-similarity."""
        self._targets = {layer: self_similarity(measured.features[layer]) for layer in self.layers}

    def value(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum over layers."""
        losses = [self._layers[layer] * self_similarity_distance(features[layer], target) for layer, target in self._targets.items()]
        return self._weight * torch.stack(losses).sum()
