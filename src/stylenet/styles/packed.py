"""A layer's moments at all sizes of a ladder, in the form that a style file keeps: a hundredth of the numbers, in bytes.

One basis of principal directions is shared by all sizes; each size adds how the picture spreads along them. What the directions leave of a
channel's variance stands on the diagonal, so that every channel's variance is whole.

Ten paintings from woodcut to oil, each at the four sizes of its ladder, packed and compared with their exact moments; means over
paintings, the best and the worst size:

| layers            | Gram matrix, squared error | Wasserstein-2 | the same, 96 directions | Gram matrix between two sizes |
|-------------------|----------------------------|---------------|-------------------------|-------------------------------|
| conv1_1 - conv1_2 | 0.005 - 0.008 %            | 0.05 - 0.2 %  | 0.2 %                   | 0.03 - 0.06 %                 |
| conv2_1 - conv2_2 | 0.02 - 0.1 %               | 0.3 - 0.5 %   | 0.3 - 0.6 %             | 0.15 - 0.5 %                  |
| conv3_1, relu3_1  | 0.10 - 0.15 %              | 1.1 - 1.7 %   | 0.3 - 0.7 %             | 0.7 - 1.4 %                   |
| conv4_1, relu4_1  | 0.08 - 0.19 %              | 2.3 - 4.5 %   | 0.2 - 0.7 %             | 0.7 - 2.2 %                   |
| conv5_1           | 0.11 - 0.28 %              | 4.7 - 8.8 %   | 0.5 - 1.2 %             | 1.2 - 5.2 %                   |
| relu5_1           | 0.5 - 1.8 %                | 7 - 14 %      | 0.8 - 2.4 %             | 5 - 20 %                      |

All are relative: to the sum of squares of the Gram matrix, and to |n|^2 + tr T. The fourth column is what the everyday recipes would count
for the exact moments, the fifth what blending costs halfway between two sizes, packing included. A mean is off by 0.2 % of its layer's root
mean square or less, a channel's variance by 0.7 % of its layer's largest or less.
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
"""Layers of a style file: principal directions that are kept, and the share of the variance that rounding to bytes may cost."""

PARTS: Mapping[str, str] = MappingProxyType(
    {"mean": "int16", "rest": "int8", "basis": "int8", "factor": "int8", "rows": "float16", "units": "float32"}
)
"""Parts of a layer's moments, and the types that they are stored in."""

_MEAN_STEPS = 256
"""Steps of a mean in the root mean square of its layer."""

_REST_STEP = 0.05
"""Step of the deviations beside the directions, in their root mean square."""

_COARSEST = 1.2
"""Largest step of a direction, in its root mean square: beyond, rounding would turn it to nothing."""

_NOTHING = 1e-20
"""Stands for a scale of zero, by which nothing can be divided."""


@dataclass(frozen=True, kw_only=True)
class PackedMoments:
    """Mean and covariance of C channels at S sizes, the covariance as F F^T plus a diagonal, with F = basis @ factor of the size.

    Attributes:
        mean: In steps, shape (S, C), int16.
        rest: Root of what F F^T lacks of each channel's variance, in steps, shape (S, C), int8; negative where it has too much, because the
            directions fit another size better: there the channel's row of F is made shorter.
        basis: K directions, in steps of their own, shape (C, K), int8.
        factor: The lower triangle of each size's K x K factor, row by row, in steps of each row, shape (S, K (K + 1) / 2), int8.
        rows: What a step of each row is, times the step of its direction, in units of the largest one, shape (S, K), float16.
        units: Step of the means, step of the rest, and the largest of the rows, shape (S, 3), float32.
    """

    mean: Array
    rest: Array
    basis: Array
    factor: Array
    rows: Array
    units: Array

    @classmethod
    def of(cls, ladder: Sequence[LayerStatistics], directions: int, noise: float) -> PackedMoments:
        """The moments of one layer at all sizes, packed.

        Args:
            ladder: One for each size.
            directions: Principal directions to keep; all, where the layer has no more channels.
            noise: Share of the variance that rounding the basis may cost, and again rounding the factors.
        """
        means = np.stack([values.mean for values in ladder]).astype(np.float64)
        covariances = np.stack([values.covariance for values in ladder]).astype(np.float64)
        channels = means.shape[1]
        variances = np.diagonal(covariances, axis1=1, axis2=2)
        traces = np.maximum(variances.sum(1), _NOTHING)
        # Every size counts alike: deep layers vary more where a picture is small.
        powers, vectors = np.linalg.eigh((covariances / traces[:, None, None]).mean(0))
        count = min(directions, channels)
        powers, vectors = np.maximum(powers[::-1][:count], _NOTHING), vectors[:, ::-1][:, :count]
        # An error along a direction counts by the spread along it: weak directions are rounded coarsely, and take few bits.
        step = np.minimum(np.sqrt(12 * noise / (count * channels * powers)), _COARSEST / math.sqrt(channels))
        step = np.maximum(step, np.abs(vectors).max(0) / 127)
        basis = np.rint(vectors / step)
        factor, rows = _factors(covariances, basis * step, traces, noise)
        rounded = basis * step @ (factor * rows[:, :, None])
        missing = variances - np.square(rounded).sum(2)
        rest = np.sqrt(np.abs(missing))
        mean_step = np.maximum(np.abs(means).max(1) / 32767, np.sqrt(np.square(means).mean(1) + traces / channels) / _MEAN_STEPS)
        rest_step = np.maximum(np.maximum(rest.max(1) / 127, np.sqrt(np.square(rest).mean(1)) * _REST_STEP), _NOTHING)
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
        """Mean and mean products at one size of the ladder, counted from 0."""
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
        # Shortened, and not lowered on the diagonal alone: so it stays a covariance.
        factor *= np.sqrt(np.maximum(1 + np.minimum(rest, 0) / np.maximum(power, _NOTHING), 0))[:, None]
        # The mean as one more column: its products are added where those of the factor are summed.
        columns = np.column_stack([factor, mean])
        gram = columns @ columns.T
        np.einsum("ii->i", gram)[:] += np.maximum(rest, 0)
        return LayerStatistics(mean, gram)

    @property
    def arrays(self) -> dict[str, Array]:
        """The parts by name."""
        return {part: getattr(self, part) for part in PARTS}

    def fault(self, sizes: int, channels: int) -> str | None:
        """What is wrong with the parts of a layer, in words that follow "is broken:"; None where they are as they should be."""
        parts = self.arrays
        if any(parts[part].dtype != dtype for part, dtype in PARTS.items()):
            return "its parts have other types"
        if self.basis.ndim != 2:
            return "its parts do not belong together"
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
            return "its parts do not belong together"
        if not (np.isfinite(self.rows).all() and np.isfinite(self.units).all()):
            return "it contains NaN or infinity"
        if (self.units <= 0).any() or (self.rows < 0).any():
            return "it holds scales that are not positive"
        return None


def _factors(covariances: Array, basis: Array, traces: Array, noise: float) -> tuple[Array, Array]:
    """Lower triangles L (S, K, K) in steps of their rows, and the steps (S, K); basis L L^T basis^T is nearest to each covariance."""
    inverse = np.linalg.pinv(basis, rcond=max(basis.shape) * np.finfo(np.float64).eps)
    powers, vectors = np.linalg.eigh(inverse @ covariances @ inverse.T)
    # A root of the matrix, turned until it is triangular: unlike Cholesky's it takes matrices that are short of rank.
    roots = vectors * np.sqrt(np.maximum(powers, 0))[:, None, :]
    lower = np.linalg.qr(roots.transpose(0, 2, 1)).R.transpose(0, 2, 1)
    count = basis.shape[1]
    step = np.sqrt(24 * noise * traces / (count * (count + 1)))
    rows = np.maximum(step[:, None], np.abs(lower).max(2) / 127)
    return np.rint(lower / rows[:, :, None]), rows


@lru_cache(maxsize=16)
def _triangle(count: int) -> tuple[Array, Array]:
    """Rows and columns of a lower triangle, row by row."""
    return np.tril_indices(count)
