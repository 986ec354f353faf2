"""Moments of a layer as arrays. Does not import torch; `styles.style.moments_of` converts them to tensors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LayerStatistics:
    """Moments of the features of one layer of a style image; `losses.moments.Moments` without a batch dimension.

    Attributes:
        mean: Mean of each channel, shape (C,), float64.
        gram: Mean product of each pair of channels, shape (C, C), float64; the uncentered second moment.
        positions: Number of positions, or 1 if unknown.
    """

    mean: NDArray[np.float64]
    gram: NDArray[np.float64]
    positions: float = 1

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Covariance of the channels, shape (C, C)."""
        return self.gram - np.outer(self.mean, self.mean)

    def between(self, other: LayerStatistics, share: float) -> LayerStatistics:
        """Linear interpolation to `other`, with `share` in 0..1."""
        mean, gram = other.mean - self.mean, other.gram - self.gram
        for difference, start in ((mean, self.mean), (gram, self.gram)):
            difference *= share
            difference += start
        return LayerStatistics(mean, gram, other.positions)


def merge_statistics(measured: Sequence[Mapping[str, LayerStatistics]]) -> dict[str, LayerStatistics]:
    """Pooled statistics of several pictures with equal weights: the mean of the means and of the mean products."""
    return {
        layer: LayerStatistics(
            np.mean([one[layer].mean for one in measured], axis=0),
            np.mean([one[layer].gram for one in measured], axis=0),
            sum(one[layer].positions for one in measured),
        )
        for layer in measured[0]
    }
