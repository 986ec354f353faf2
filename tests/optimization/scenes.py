"""A photo, a picture of it and two paintings, and their expected losses."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stylenet.catalog.recipe import Recipe
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import moments
from stylenet.optimization.terms.base import StyleTarget

PHOTO = torch.rand(1, 3, 21, 26, generator=torch.Generator().manual_seed(0))


PAINTED = torch.rand(1, 3, 21, 26, generator=torch.Generator().manual_seed(1))


PAINTINGS = [torch.rand(1, 3, 24, 30, generator=torch.Generator().manual_seed(seed)) for seed in (2, 3)]


def targets(encoder: VggEncoder, recipe: Recipe, shares: tuple[float, ...] = (1.0,)) -> list[StyleTarget]:
    return [
        StyleTarget({layer: moments(values) for layer, values in encoder(picture, recipe.style.layers).items()}, share)
        for picture, share in zip(PAINTINGS, shares, strict=False)
    ]


def features(encoder: VggEncoder, image: Tensor, layer: str) -> np.ndarray:
    return encoder(image, [layer])[layer][0].flatten(1).double().numpy()


def style_by_hand(encoder: VggEncoder, painting: Tensor) -> float:
    total = 0.0
    for layer in ("relu1_1", "relu3_1"):
        f, a = features(encoder, PAINTED, layer), features(encoder, painting, layer)
        g, target = f @ f.T / f.shape[1], a @ a.T / a.shape[1]
        total += np.sum((g - target) ** 2) / np.sum(target**2)
    return total
