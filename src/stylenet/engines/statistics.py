"""A painting's statistics as arrays, and who gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from stylenet.styles.statistics import LayerStatistics


class Moments(Protocol):
    """What is asked of one layer's statistics: arrays, or tensors on the processor, with or without a leading 1."""

    @property
    def mean(self) -> Any:
        """Mean of each channel, shape (C,) or (1, C)."""

    @property
    def covariance(self) -> Any:
        """The second moment about the mean, shape (C, C) or (1, C, C)."""


class Painting(Protocol):
    """What is asked of a style: its statistics at a size."""

    def at(self, size_px: float, layers: Iterable[str], /) -> Mapping[str, Moments]:
        """Statistics of `layers` for the painting at an area of `size_px` squared."""


class Sums:
    """Sums over the positions of one layer's features, in float64, tile by tile."""

    def __init__(self) -> None:
        self._count, self._sum, self._products = 0, np.zeros(()), np.zeros(())

    def add(self, features: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """Count the positions of features (C, H, W)."""
        rows = features.reshape(len(features), -1)
        count = rows.shape[1]
        mean = rows.mean(1, dtype=np.float64)
        # About the mean: products of the features themselves would lose in float32 what the mean is larger than the deviation.
        apart = rows - mean[:, None].astype(np.float32)
        rest = apart.mean(1, dtype=np.float64)
        mean = mean.astype(np.float32).astype(np.float64)
        cross = np.outer(mean, rest)
        products = (apart @ apart.T).astype(np.float64) / count + cross + cross.T + np.outer(mean, mean)
        self._count += count
        self._sum = self._sum + count * (mean + rest)
        self._products = self._products + count * products

    def statistics(self) -> LayerStatistics:
        """Of all positions."""
        mean = self._sum / self._count
        return LayerStatistics(mean, self._products / self._count, self._count)
