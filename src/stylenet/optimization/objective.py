"""What a recipe minimizes at one level: content, style and smoothness of a picture, weighted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.content import content_distance
from stylenet.losses.moments import Moments
from stylenet.losses.smoothness import total_variation
from stylenet.losses.style import LayerLoss, chained, layer_loss
from stylenet.styles.framing import framed_features


@dataclass(frozen=True)
class Goal:
    """A painting's moments by layer, and its share where several are blended."""

    moments: Mapping[str, Moments]
    share: float


@dataclass(frozen=True)
class _Weighted:
    weight: float
    loss: LayerLoss


class Objective:
    """The recipe's loss for pictures of one size.

    Args:
        recipe: What to minimize.
        encoder: Gives the features.
        photo: The photo at this size, (1, 3, H, W), 0..1.
        goals: The paintings' moments at this size, their shares sum to one.
        style_factor: The style weight is multiplied by it (strength).
        content_factor: The content weight is multiplied by it (level).
    """

    def __init__(
        self,
        recipe: Recipe,
        encoder: VggEncoder,
        photo: Tensor,
        goals: Sequence[Goal],
        *,
        style_factor: float = 1.0,
        content_factor: float = 1.0,
    ) -> None:
        self.recipe, self.encoder = recipe, encoder
        self._layers = (*recipe.style.layers, *(layer for layer in recipe.content.layers if layer not in recipe.style.layers))
        self._style_layers = sorted(recipe.style.layers, key=encoder.record.layers.index)
        self._content_weight = recipe.content.weight * content_factor
        self._style_weight = recipe.style.weight * style_factor
        self._readouts = self._style_readouts()
        self._style: list[list[_Weighted]] = [
            [
                _Weighted(goal.share * recipe.style.layers[layer], self._layer_loss(layer, goal.moments[layer], photo))
                for layer in self._style_layers
            ]
            for goal in goals
        ]
        with torch.no_grad():
            features, statistics = self._look(photo)
            self._content = {layer: features[layer].clone() for layer in recipe.content.layers}
            if recipe.style.balance == "start" and self._style_layers:
                self._style = self._balanced(statistics)

    def terms(self, image: Tensor) -> dict[str, Tensor]:
        """The weighted terms of a picture (1, 3, H, W) in 0..1; their sum is the loss."""
        features, statistics = self._look(image)
        terms: dict[str, Tensor] = {}
        if self._content and self._content_weight:
            terms["content"] = self._content_weight * self._content_loss(features)
        if self._style_layers and self._style_weight:
            terms["style"] = self._style_weight * self._style_loss(statistics)
        smoothness = self.recipe.smoothness
        if smoothness.weight:
            scale = 255.0 if self.recipe.picture.unit == "bytes" else 1.0
            terms["smoothness"] = smoothness.weight * total_variation(image * scale, smoothness.distance)
        return terms

    def _look(self, image: Tensor) -> tuple[dict[str, Tensor], dict[str, Moments]]:
        return framed_features(self.encoder, image, self._layers, self.recipe.picture.rim_px, watch=self._style_layers)

    def _content_loss(self, features: Mapping[str, Tensor]) -> Tensor:
        section = self.recipe.content
        losses = [
            section.layers[layer] * content_distance(features[layer], target, section.distance) for layer, target in self._content.items()
        ]
        return torch.stack(losses).sum()

    def _style_loss(self, statistics: Mapping[str, Moments]) -> Tensor:
        given = [self._compared(layer, statistics[layer]) for layer in self._style_layers]
        total = torch.zeros((), device=given[0].gram.device)
        for goal in self._style:
            by_layer = [entry.weight * entry.loss(values) for entry, values in zip(goal, given, strict=True)]
            total = total + (chained(by_layer) if self.recipe.style.chain else torch.stack(by_layer).sum())
        return total

    def _balanced(self, statistics: Mapping[str, Moments]) -> list[list[_Weighted]]:
        """Each layer's weight divided by its loss for the photo, so that every pair of pictures starts at the same style loss.

        A layer in which the photo is like the painting already is not blown up: it counts at least as a twentieth of the average.
        """
        given = [self._compared(layer, statistics[layer]) for layer in self._style_layers]
        balanced = []
        for goal in self._style:
            at_photo = [entry.loss(values).item() for entry, values in zip(goal, given, strict=True)]
            floor = max(0.05 * sum(at_photo) / len(at_photo), 1e-12)
            balanced.append([replace(entry, weight=entry.weight / max(value, floor)) for entry, value in zip(goal, at_photo, strict=True)])
        return balanced

    def _compared(self, layer: str, statistics: Moments) -> Moments:
        """The moments as the recipe compares them: through the readouts, shifted."""
        if layer in self._readouts:
            statistics = statistics.through(self._readouts[layer])
        return statistics.shifted(self.recipe.style.shift)

    def _layer_loss(self, layer: str, target: Moments, photo: Tensor) -> LayerLoss:
        if layer in self._readouts:
            target = target.through(self._readouts[layer])
        section = self.recipe.style
        pixels = photo.shape[2] * photo.shape[3]
        return layer_loss(target.shifted(section.shift), section.statistic, section.distance, picture_positions=pixels)

    def _style_readouts(self) -> dict[str, Tensor]:
        if self.recipe.style.metric == "own":
            return {}
        return {layer: self.encoder.readout_matrix(layer) for layer in self._style_layers if layer in self.encoder.record.readouts}
