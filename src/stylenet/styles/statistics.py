"""What a style file knows of a layer, as arrays. No torch; `styles.style.moments_of` makes moments on a device of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class LayerStatistics:
    """Statistics of one layer's features for one painting, positions averaged away; `losses.moments.Moments` without a batch.

    Attributes:
        mean: Mean of each channel, shape (C,), float64.
        gram: Mean product of each pair of channels, shape (C, C), float64; the uncentered second moment.
        positions: The count that the means were taken over, or 1 where it is not known.
    """

    mean: NDArray[np.float64]
    gram: NDArray[np.float64]
    positions: float = 1

    @property
    def covariance(self) -> NDArray[np.float64]:
        """Shape (C, C): the second moment about the mean."""
        return self.gram - np.outer(self.mean, self.mean)

    def between(self, other: LayerStatistics, share: float) -> LayerStatistics:
        """These statistics blended with `other`, of which `share` is taken, 0..1."""
        mean, gram = other.mean - self.mean, other.gram - self.gram
        for difference, start in ((mean, self.mean), (gram, self.gram)):
            difference *= share
            difference += start
        return LayerStatistics(mean, gram, other.positions)


def together(measured: Sequence[Mapping[str, LayerStatistics]]) -> dict[str, LayerStatistics]:
    """The statistics of several pictures as if they were one: the mean of the means and of the mean products."""
    return {
        layer: LayerStatistics(
            np.mean([one[layer].mean for one in measured], axis=0),
            np.mean([one[layer].gram for one in measured], axis=0),
            sum(one[layer].positions for one in measured),
        )
        for layer in measured[0]
    }
