"""Style term: statistics of features by layer and region."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from stylenet.losses.moments import Moments
from stylenet.losses.style import LayerLoss, chained, layer_loss
from stylenet.optimization.terms.base import Scene, StatisticsTerm
from stylenet.styles.framing import Measurement, Statistics


@dataclass(frozen=True)
class _Weighted:
    weight: float
    loss: LayerLoss


class StyleTerm(StatisticsTerm):
    """Distances of Gram matrices, means and deviations, or both moments. See `losses.style`."""

    name = "style"

    def __init__(self, scene: Scene) -> None:
        section = scene.recipe.style
        self._scene, self._section = scene, section
        self._weight = section.weight * scene.style_factor
        self.layers = tuple(scene.style_layers)
        self._losses = [
            [
                _Weighted(scene.areas[target.region] * target.share * section.layers[layer], self._layer_loss(target.moments[layer]))
                for layer in self.layers
            ]
            for target in scene.targets
        ]

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if its weight is not 0."""
        return cls(scene) if scene.style_layers and scene.recipe.style.weight * scene.style_factor else None

    def prepare(self, measured: Measurement) -> None:
        """Normalize the weight of each layer by its loss for the photo, if the recipe's balance is "start"."""
        if self._section.balance == "start":
            with torch.no_grad():
                self._losses = self._balanced(measured.statistics)

    def value(self, statistics: Statistics) -> Tensor:
        """The weighted sum over styles and layers."""
        moments = self._shifted(statistics)
        total = moments[0][0].gram.new_zeros(())
        for target, weighted in zip(self._scene.targets, self._losses, strict=True):
            by_layer = [entry.weight * entry.loss(values[target.region]) for entry, values in zip(weighted, moments, strict=True)]
            total = total + (chained(by_layer) if self._section.chain else torch.stack(by_layer).sum())
        return (self._weight * total).to(self._scene.photo.dtype)

    def _balanced(self, statistics: Statistics) -> list[list[_Weighted]]:
        """The weights divided by the losses for the photo, so that the initial style loss is the same for all pictures.

        The divisor is at least a twentieth of the average loss, for layers in which the photo already resembles the style image.
        """
        moments = self._shifted(statistics)
        balanced = []
        for target, weighted in zip(self._scene.targets, self._losses, strict=True):
            at_photo = [entry.loss(values[target.region]).item() for entry, values in zip(weighted, moments, strict=True)]
            floor = max(0.05 * sum(at_photo) / len(at_photo), 1e-12)
            balanced.append(
                [replace(entry, weight=entry.weight / max(value, floor)) for entry, value in zip(weighted, at_photo, strict=True)]
            )
        return balanced

    def _shifted(self, statistics: Statistics) -> list[list[Moments]]:
        return [[one.shifted(self._section.shift) for one in statistics[layer]] for layer in self.layers]

    def _layer_loss(self, target: Moments) -> LayerLoss:
        photo = self._scene.photo
        target = target.to(photo.device, self._scene.dtype).shifted(self._section.shift)
        pixels = photo.shape[2] * photo.shape[3]
        return layer_loss(target, self._section.statistic, self._section.distance, picture_positions=pixels, ridge=self._section.ridge)
