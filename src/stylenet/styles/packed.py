"""Compressed moments of one layer at several sizes, as stored in style files: a hundredth of the values, in 8 bits.

All sizes share a basis of principal directions, with a covariance along these directions for each size. The remaining variance of each
channel is stored as a diagonal, so that the variances are complete.

Errors compared with the exact moments, for ten paintings from woodcut to oil at four sizes each; means over paintings, for the best and
the worst size:

| layers            | Gram matrix, squared error | Wasserstein-2 | the same, 96 directions | Gram matrix between two sizes |
|-------------------|----------------------------|---------------|-------------------------|-------------------------------|
| conv1_1 - conv1_2 | 0.005 - 0.008 %            | 0.05 - 0.2 %  | 0.2 %                   | 0.03 - 0.06 %                 |
| conv2_1 - conv2_2 | 0.02 - 0.1 %               | 0.3 - 0.5 %   | 0.3 - 0.6 %             | 0.15 - 0.5 %                  |
| conv3_1, relu3_1  | 0.10 - 0.15 %              | 1.1 - 1.7 %   | 0.3 - 0.7 %             | 0.7 - 1.4 %                   |
| conv4_1, relu4_1  | 0.08 - 0.19 %              | 2.3 - 4.5 %   | 0.2 - 0.7 %             | 0.7 - 2.2 %                   |
| conv5_1           | 0.11 - 0.28 %              | 4.7 - 8.8 %   | 0.5 - 1.2 %             | 1.2 - 5.2 %                   |
| relu5_1           | 0.5 - 1.8 %                | 7 - 14 %      | 0.8 - 2.4 %             | 5 - 20 %                      |

All are relative to the sum of squares of the Gram matrix, or to |n|^2 + tr T. The fourth column is the loss of the standard recipes for
the exact moments, the fifth the error of interpolation halfway between two sizes, compression included. The error of a mean is at most
0.2 % of its layer's root mean square, that of a channel's variance at most 0.7 % of the largest variance in its layer.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylenet.styles.statistics import LayerStatistics

Array = NDArray[Any]

PACKING: Mapping[str, tuple[int, float]] = MappingProxyType(
    {
        "conv1_1": (64, 1e-3),
        "relu1_1": (64, 1e-3),
        "conv1_2": (64, 1e-3),
        "conv2_1": (48, 1e-3),
        "relu2_1": (64, 1e-3),
        "conv2_2": (64, 1e-3),
        "conv3_1": (64, 2e-3),
        "relu3_1": (104, 3e-3),
        "conv4_1": (64, 3e-3),
        "relu4_1": (96, 3e-3),
        "conv5_1": (64, 3e-3),
        "relu5_1": (96, 3e-3),
    }
)
"""Layers of a style file: the number of principal directions, and the rounding error allowed as a share of the variance."""

PARTS: Mapping[str, str] = MappingProxyType(
    {"mean": "int16", "rest": "int8", "basis": "int8", "factor": "int8", "rows": "float16", "units": "float32"}
)
"""Parts of a layer's moments, and their types."""

_MEAN_STEPS = 256
"""Quantization steps of the means per root mean square of the layer."""

_REST_STEP = 0.05
"""Quantization step of the remaining deviations, relative to their root mean square."""

_MAX_STEP = 1.2
"""Largest quantization step of a direction, relative to its root mean square; larger ones would round it to zero."""

_EPSILON = 1e-20
"""Replaces scales of zero, to avoid division by zero."""


@dataclass(frozen=True, kw_only=True)
class PackedMoments:
    """Mean and covariance of C channels at S sizes, the covariance as F F^T plus a diagonal, with F = basis @ factor of the size.

    Attributes:
        mean: Means in quantization steps, shape (S, C), int16.
        rest: Square root of each channel's variance missing in F F^T, in steps, shape (S, C), int8; negative if F F^T exceeds the variance,
            because the directions fit another size better: then the channel's row of F is scaled down.
        basis: K directions, each in its own steps, shape (C, K), int8.
        factor: Lower triangle of each size's K x K factor, row by row, in steps of each row, shape (S, K (K + 1) / 2), int8.
        rows: Step of each row, times the step of its direction, relative to the largest one, shape (S, K), float16.
        units: Step of the means, step of the rest, and the largest of `rows`, shape (S, 3), float32.
    """

    mean: Array
    rest: Array
    basis: Array
    factor: Array
    rows: Array
    units: Array

    @classmethod
    def of(cls, ladder: Sequence[LayerStatistics], directions: int, noise: float) -> PackedMoments:
        """Compress the moments of one layer.

        Args:
            ladder: Moments at each size.
            directions: Number of principal directions; at most the number of channels is used.
            noise: Rounding error allowed as a share of the variance, for the basis and again for the factors.
        """
        means = np.stack([values.mean for values in ladder]).astype(np.float64)
        covariances = np.stack([values.covariance for values in ladder]).astype(np.float64)
        channels = means.shape[1]
        variances = np.diagonal(covariances, axis1=1, axis2=2)
        traces = np.maximum(variances.sum(1), _EPSILON)
        # Normalized, so that all sizes have equal weight: deep layers vary more in small pictures.
        powers, vectors = np.linalg.eigh((covariances / traces[:, None, None]).mean(0))
        count = min(directions, channels)
        powers, vectors = np.maximum(powers[::-1][:count], _EPSILON), vectors[:, ::-1][:, :count]
        # The effect of rounding errors is proportional to the deviation along a direction: weak directions get coarse steps and few bits.
        step = np.minimum(np.sqrt(12 * noise / (count * channels * powers)), _MAX_STEP / math.sqrt(channels))
        step = np.maximum(step, np.abs(vectors).max(0) / 127)
        basis = np.rint(vectors / step)
        factor, rows = _factors(covariances, basis * step, traces, noise)
        rounded = basis * step @ (factor * rows[:, :, None])
        missing = variances - np.square(rounded).sum(2)
        rest = np.sqrt(np.abs(missing))
        mean_step = np.maximum(np.abs(means).max(1) / 32767, np.sqrt(np.square(means).mean(1) + traces / channels) / _MEAN_STEPS)
        rest_step = np.maximum(np.maximum(rest.max(1) / 127, np.sqrt(np.square(rest).mean(1)) * _REST_STEP), _EPSILON)
        rows = rows * step
        row_unit = rows.max(1)
        parts = {
            "mean": np.rint(means / mean_step[:, None]),
            "rest": np.copysign(np.rint(rest / rest_step[:, None]), missing),
            "basis": basis,
            "factor": factor[:, *_triangle(count)],
            "rows": rows / row_unit[:, None],
            "units": np.stack([mean_step, rest_step, row_unit], 1),
        }
        return cls(**{part: np.ascontiguousarray(values.astype(PARTS[part])) for part, values in parts.items()})

    def statistics(self, step: int) -> LayerStatistics:
        """Moments at the size with index `step`."""
        count = self.basis.shape[1]
        mean_step, rest_step, row_unit = self.units[step].astype(np.float64)
        lower = np.zeros((count, count))
        lower[_triangle(count)] = self.factor[step]
        lower *= (self.rows[step] * row_unit)[:, None]
        factor = self.basis.astype(np.float64) @ lower
        mean = self.mean[step] * mean_step
        rest = self.rest[step] * rest_step
        rest *= np.abs(rest)
        power = np.square(factor).sum(1)
        # Rows are scaled, instead of reducing only the diagonal, so that the result stays positive semidefinite.
        factor *= np.sqrt(np.maximum(1 + np.minimum(rest, 0) / np.maximum(power, _EPSILON), 0))[:, None]
        # The mean as another column, so that a single matrix product sums both.
        columns = np.column_stack([factor, mean])
        gram = columns @ columns.T
        np.einsum("ii->i", gram)[:] += np.maximum(rest, 0)
        return LayerStatistics(mean, gram)

    @property
    def arrays(self) -> dict[str, Array]:
        """The parts by name."""
        return {part: getattr(self, part) for part in PARTS}

    def fault(self, sizes: int, channels: int) -> str | None:
        """Description of a fault in the parts, to follow "is broken:"; None if they are valid."""
        parts = self.arrays
        if any(parts[part].dtype != dtype for part, dtype in PARTS.items()):
            return "its parts have wrong types"
        if self.basis.ndim != 2:
            return "its parts have inconsistent shapes"
        count = self.basis.shape[1]
        shapes = {
            "mean": (sizes, channels),
            "rest": (sizes, channels),
            "basis": (channels, count),
            "factor": (sizes, count * (count + 1) // 2),
            "rows": (sizes, count),
            "units": (sizes, 3),
        }
        if any(parts[part].shape != shape for part, shape in shapes.items()):
            return "its parts have inconsistent shapes"
        if not (np.isfinite(self.rows).all() and np.isfinite(self.units).all()):
            return "it contains NaN or infinity"
        if (self.units <= 0).any() or (self.rows < 0).any():
            return "it contains scales that are not positive"
        return None


def _factors(covariances: Array, basis: Array, traces: Array, noise: float) -> tuple[Array, Array]:
    """Lower triangles L (S, K, K) in steps of their rows, and the steps (S, K); basis L L^T basis^T approximates each covariance best."""
    inverse = np.linalg.pinv(basis, rcond=max(basis.shape) * np.finfo(np.float64).eps)
    powers, vectors = np.linalg.eigh(inverse @ covariances @ inverse.T)
    # A QR decomposition of the matrix square root: unlike Cholesky's, it supports singular matrices.
    roots = vectors * np.sqrt(np.maximum(powers, 0))[:, None, :]
    lower = np.linalg.qr(roots.transpose(0, 2, 1)).R.transpose(0, 2, 1)
    count = basis.shape[1]
    step = np.sqrt(24 * noise * traces / (count * (count + 1)))
    rows = np.maximum(step[:, None], np.abs(lower).max(2) / 127)
    return np.rint(lower / rows[:, :, None]), rows


@lru_cache(maxsize=16)
def _triangle(count: int) -> tuple[Array, Array]:
    """Row and column indices of a lower triangle, row by row."""
    return np.tril_indices(count)
