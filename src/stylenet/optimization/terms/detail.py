"""Style term on positions instead of statistics."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
from torch import Tensor

from stylenet.errors import UsageError
from stylenet.losses.positions import PositionLoss, position_loss
from stylenet.optimization.terms.base import Scene, WholeTerm
from stylenet.styles.framing import Measurement


class DetailTerm(WholeTerm):
    """Nearest neighbors, sliced Wasserstein distance or histograms. See `losses.positions`.

    Raises:
        UsageError: the picture has several regions.
    """

    name = "detail"

    def __init__(self, scene: Scene) -> None:
        self._scene, self._section = scene, scene.recipe.detail
        self.layers = tuple(self._section.layers)
        # The strength applies to all terms of the style image.
        self._weight = self._section.weight * scene.style_factor
        self._parts: list[tuple[str, float, PositionLoss]] = []
        if any(target.region for target in scene.targets):
            raise UsageError("the detail term does not support masks; omit --mask or set `detail.weight` to 0")

    @classmethod
    def of(cls, scene: Scene) -> Self | None:
        """The term, if its weight is not 0."""
        return cls(scene) if scene.recipe.detail.weight else None

    def prepare(self, measured: Measurement) -> None:
        """Normalize the weight of each layer by its loss for the photo, like the style term."""
        weights = self._section.layers
        for target in self._scene.targets:
            losses = {layer: position_loss(target.features[layer], self._section.statistic) for layer in self.layers}
            with torch.no_grad():
                at_photo = {layer: float(loss(measured.features[layer])) for layer, loss in losses.items()}
            floor = max(0.05 * sum(at_photo.values()) / len(at_photo), 1e-12)
            self._parts += [(layer, target.share * weights[layer] / max(at_photo[layer], floor), loss) for layer, loss in losses.items()]

    def value(self, features: Mapping[str, Tensor]) -> Tensor:
        """The weighted sum over styles and layers."""
        return self._weight * torch.stack([weight * loss(features[layer]) for layer, weight, loss in self._parts]).sum()
