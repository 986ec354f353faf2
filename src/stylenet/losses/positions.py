"""Common interface of the losses on positions: nearest neighbors, sliced Wasserstein and histograms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from stylenet.losses.histogram import histogram, histogram_distance
from stylenet.losses.nearest import nearest_distance, neighbors
from stylenet.losses.sliced import sliced, sliced_distance

PositionLoss = Callable[[Tensor], Tensor]
"""Function from the features of a whole layer, (1, C, H, W), to a scalar."""


def position_loss(target: Tensor, statistic: str, *, seed: int = 0) -> PositionLoss:
    """The loss of one layer for features (1, C, H, W) of the style image, which are preprocessed here once."""
    match statistic:
        case "nearest":
            return partial(nearest_distance, target=neighbors(target, seed=seed))
        case "sliced":
            return partial(sliced_distance, target=sliced(target, seed=seed).slices())
        case "histogram":
            return partial(histogram_distance, target=histogram(target))
    raise ValueError(f"unknown position statistic '{statistic}'")
