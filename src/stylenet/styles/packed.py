"""A layer's moments in the form that a style file keeps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.losses.moments import Moments

DIRECTIONS = 48
"""Principal directions that are kept of each layer; with 48 a style file has about 210 kB."""

PARTS = ("mean", "factor", "rest")


@dataclass(frozen=True, kw_only=True)
class PackedMoments:
    """Mean and covariance of C channels, the covariance as F F^T plus a diagonal.

    48 directions hold 82 to 100 % of the variance of the layers that style files keep; with the rest on the diagonal every channel's
    variance is whole.

    Attributes:
        mean: Shape (C,), float32.
        factor: F, shape (C, K), float16.
        rest: What each channel's variance has beside F F^T, shape (C,), float16.
    """

    mean: Tensor
    factor: Tensor
    rest: Tensor

    @classmethod
    def of(cls, values: Moments) -> PackedMoments:
        """`values` (a batch of one), packed."""
        covariance = values.covariance[0].double()
        powers, directions = torch.linalg.eigh(covariance)
        factor = (directions[:, -DIRECTIONS:] * powers[-DIRECTIONS:].clamp_min(0).sqrt()).half().contiguous()
        rest = (covariance.diagonal() - factor.double().square().sum(1)).clamp_min(0)
        return cls(mean=values.mean[0].float(), factor=factor, rest=rest.half())

    @property
    def moments(self) -> Moments:
        """The moments again."""
        factor, mean = self.factor.double(), self.mean.double()
        covariance = factor @ factor.T + torch.diag(self.rest.double())
        gram = covariance + mean[:, None] * mean[None, :]
        return Moments(mean[None], gram[None], positions=1)

    @property
    def tensors(self) -> dict[str, Tensor]:
        """The parts by name."""
        return {part: getattr(self, part) for part in PARTS}
