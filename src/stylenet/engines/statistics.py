"""Style statistics as arrays."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

import numpy as np

from stylenet.styles.statistics import LayerStatistics


class Moments(Protocol):
    """Statistics of one layer: arrays or CPU tensors, with or without a batch dimension of 1."""

    @property
    def mean(self) -> Any:
        """Mean of each channel, shape (C,) or (1, C)."""

    @property
    def covariance(self) -> Any:
        """Covariance of the channels, shape (C, C) or (1, C, C)."""


class Painting(Protocol):
    """A style image that can be measured at any size."""

    def at(self, size_px: float, layers: Iterable[str], /) -> Mapping[str, Moments]:
        """Statistics of `layers` at an area of `size_px` squared."""


class Sums:
    """Sums over the positions of one layer, in float64, accumulated tile by tile."""

    def __init__(self) -> None:
        self._count, self._sum, self._products = 0, np.zeros(()), np.zeros(())

    def add(self, features: np.ndarray[Any, np.dtype[np.float32]]) -> None:
        """Add the positions of features (C, H, W)."""
        rows = features.reshape(len(features), -1)
        count = rows.shape[1]
        mean = rows.mean(1, dtype=np.float64)
        # Centered: uncentered products in float32 lose precision if the mean is larger than the deviation.
        centered = rows - mean[:, None].astype(np.float32)
        residual = centered.mean(1, dtype=np.float64)
        mean = mean.astype(np.float32).astype(np.float64)
        cross = np.outer(mean, residual)
        products = (centered @ centered.T).astype(np.float64) / count + cross + cross.T + np.outer(mean, mean)
        self._count += count
        self._sum = self._sum + count * (mean + residual)
        self._products = self._products + count * products

    def statistics(self) -> LayerStatistics:
        """Statistics of all positions."""
        mean = self._sum / self._count
        return LayerStatistics(mean, self._products / self._count, self._count)
