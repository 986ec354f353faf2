"""Losses on the positions of a layer, with one interface: nearest neighbors, sliced Wasserstein, histograms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from torch import Tensor

from stylenet.losses.histogram import histogram, histogram_distance
from stylenet.losses.nearest import nearest_distance, neighbors
from stylenet.losses.sliced import sliced, sliced_distance

PositionLoss = Callable[[Tensor], Tensor]
"""From a whole layer's features, (1, C, H, W), to a number."""


def position_loss(target: Tensor, statistic: str, *, seed: int = 0) -> PositionLoss:
    """The loss of one layer against the painting's features (1, C, H, W); what depends on the painting alone is computed once, here."""
    match statistic:
        case "nearest":
            return partial(nearest_distance, target=neighbors(target, seed=seed))
        case "sliced":
            return partial(sliced_distance, target=sliced(target, seed=seed).slices())
        case "histogram":
            return partial(histogram_distance, target=histogram(target))
    raise ValueError(f"no statistic of positions is called '{statistic}'")
