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
from types import MappingProxyType

import torch
from torch import Tensor

from stylenet.losses.moments import Moments

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

PARTS = ("mean", "rest", "basis", "factor", "rows", "units")

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

    mean: Tensor
    rest: Tensor
    basis: Tensor
    factor: Tensor
    rows: Tensor
    units: Tensor

    @classmethod
    def of(cls, ladder: Sequence[Moments], directions: int, noise: float) -> PackedMoments:
        """The moments of one layer (batches of one) at all sizes, packed.

        Args:
            ladder: One for each size.
            directions: Principal directions to keep; all, where the layer has no more channels.
            noise: Share of the variance that rounding the basis may cost, and again rounding the factors.
        """
        means = torch.stack([values.mean[0] for values in ladder]).double()
        covariances = torch.stack([values.covariance[0] for values in ladder]).double()
        channels = means.shape[1]
        traces = covariances.diagonal(dim1=1, dim2=2).sum(1).clamp_min(_NOTHING)
        # Every size counts alike: deep layers vary more where a picture is small.
        powers, vectors = torch.linalg.eigh((covariances / traces[:, None, None]).mean(0))
        count = min(directions, channels)
        powers, vectors = powers.flip(0)[:count].clamp_min(_NOTHING), vectors.flip(1)[:, :count]
        # An error along a direction counts by the spread along it: weak directions are rounded coarsely, and take few bits.
        step = (12 * noise / (count * channels * powers)).sqrt().clamp_max(_COARSEST / math.sqrt(channels))
        step = torch.maximum(step, vectors.abs().amax(0) / 127)
        basis = (vectors / step).round()
        factor, rows = _factors(covariances, basis * step, traces, noise)
        rounded = basis * step @ (factor * rows[:, :, None])
        missing = covariances.diagonal(dim1=1, dim2=2) - rounded.square().sum(2)
        rest = missing.abs().sqrt()
        mean_step = torch.maximum(means.abs().amax(1) / 32767, (means.square().mean(1) + traces / channels).sqrt() / _MEAN_STEPS)
        rest_step = torch.maximum(rest.amax(1) / 127, rest.square().mean(1).sqrt() * _REST_STEP).clamp_min(_NOTHING)
        rows = rows * step
        row_unit = rows.amax(1)
        below = torch.tril_indices(count, count)
        return cls(
            mean=(means / mean_step[:, None]).round().short(),
            rest=(rest / rest_step[:, None]).round().copysign(missing).char(),
            basis=basis.char().contiguous(),
            factor=factor[:, below[0], below[1]].char(),
            rows=(rows / row_unit[:, None]).half(),
            units=torch.stack([mean_step, rest_step, row_unit], 1).float(),
        )

    def moments(self, step: int) -> Moments:
        """The moments at one size of the ladder, counted from 0."""
        count = self.basis.shape[1]
        mean_step, rest_step, row_unit = self.units[step].double()
        lower = torch.zeros(count, count, dtype=torch.float64)
        below = torch.tril_indices(count, count)
        lower[below[0], below[1]] = self.factor[step].double()
        factor = self.basis.double() @ (lower * (self.rows[step].double() * row_unit)[:, None])
        mean = self.mean[step].double() * mean_step
        rest = (self.rest[step].double() * rest_step).square().copysign(self.rest[step])
        power = factor.square().sum(1)
        # Shortened, and not lowered on the diagonal alone: so it stays a covariance.
        factor *= (1 + rest.clamp_max(0) / power.clamp_min(_NOTHING)).clamp_min(0).sqrt()[:, None]
        gram = factor @ factor.T + torch.outer(mean, mean)
        gram.diagonal().add_(rest.clamp_min(0))
        return Moments(mean[None], gram[None], positions=1)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The parts by name."""
        return {part: getattr(self, part) for part in PARTS}

    def fault(self, sizes: int, channels: int) -> str | None:
        """What is wrong with the parts of a layer, in words that follow "is broken:"; None where they are as they should be."""
        types = {"mean": torch.int16, "rest": torch.int8, "basis": torch.int8, "factor": torch.int8, "rows": torch.float16}
        if any(self.tensors[part].dtype != dtype for part, dtype in types.items()) or self.units.dtype != torch.float32:
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
        if any(tuple(self.tensors[part].shape) != shape for part, shape in shapes.items()):
            return "its parts do not belong together"
        if not (torch.isfinite(self.rows).all() and torch.isfinite(self.units).all()):
            return "it holds values that are not numbers"
        if (self.units <= 0).any() or (self.rows < 0).any():
            return "it holds scales that are not positive"
        return None


def _factors(covariances: Tensor, basis: Tensor, traces: Tensor, noise: float) -> tuple[Tensor, Tensor]:
    """Lower triangles L (S, K, K) in steps of their rows, and the steps (S, K); basis L L^T basis^T is nearest to each covariance."""
    inverse = torch.linalg.pinv(basis)
    powers, vectors = torch.linalg.eigh(inverse @ covariances @ inverse.T)
    # A root of the matrix, turned until it is triangular: unlike Cholesky's it takes matrices that are short of rank.
    lower = torch.linalg.qr((vectors * powers.clamp_min(0).sqrt()[:, None, :]).transpose(1, 2)).R.transpose(1, 2)
    count = basis.shape[1]
    step = (24 * noise * traces / (count * (count + 1))).sqrt()
    rows = torch.maximum(step[:, None], lower.abs().amax(2) / 127)
    return (lower / rows[:, :, None]).round(), rows
