"""Batch and conditional instance normalization: mean 0 and deviation 1 for each channel, then a scale and a shift per style.

References:
    Ioffe, Szegedy 2015 (batch normalization); Ulyanov et al. 2016b, arXiv 1607.08022 (instance normalization); Dumoulin et al. 2017,
    arXiv 1610.07629 (a scale and a shift per style; styles are blended by interpolating them).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor, nn

from stylenet.catalog.networks import Normalization as Kind
from stylenet.errors import ShapeError
from stylenet.shapes import check_features

EPSILON = 1e-5
"""Added to variances, so that constant channels stay finite."""

_MOMENTUM = 0.1
"""Weight of the current batch in the running moments."""

Normalize: TypeAlias = Callable[[Tensor, Tensor, Tensor], Tensor]
"""From features, scale and shift to normalized features: `instance_norm`, or a function for tiles of a picture."""


def instance_norm(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
    """Features normalized to mean `shift` and deviation `scale` for each picture and channel.

    Args:
        features: Shape (B, C, H, W), any range, fastest in the channels_last memory format.
        scale: Shape (1 or B, C).
        shift: Shape (1 or B, C).

    Returns:
        Shape and type of `features`. A constant channel, such as one with a single position, becomes `shift`.
    """
    # Batch normalization of a single picture is instance normalization. torch's is fused and reads bfloat16 without a copy: even picture by
    # picture it takes a tenth of the time of separate operations.
    count, dtype = len(features), torch.promote_types(features.dtype, torch.float32)
    if features.is_cuda and count > 1:  # on CUDA, a call per picture costs more than reading the features twice
        variance, mean = torch.var_mean(features.to(dtype), (2, 3), correction=0)
        factor = scale * (variance + EPSILON).rsqrt()
        return torch.addcmul((shift - mean * factor)[:, :, None, None], features, factor[:, :, None, None]).to(features.dtype)
    scales, shifts = scale.to(dtype).expand(count, -1), shift.to(dtype).expand(count, -1)
    each = [
        torch.batch_norm(picture, one_scale, one_shift, None, None, True, 0.0, EPSILON, False)
        for picture, one_scale, one_shift in zip(features.split(1), scales, shifts, strict=True)
    ]
    return each[0] if count == 1 else torch.cat(each)


def with_moments(features: Tensor, picture_moments: tuple[Tensor, Tensor], scale: Tensor, shift: Tensor) -> Tensor:
    """`instance_norm` of a tile with the moments of the whole picture.

    Args:
        features: Shape (1, C, H, W), any range.
        picture_moments: Mean and variance of the whole picture, each of shape (1, C), float32.
        scale: Shape (1, C).
        shift: Shape (1, C).
    """
    dtype = torch.promote_types(features.dtype, torch.float32)
    (mean,), (variance,) = picture_moments
    return torch.batch_norm(features, scale[0].to(dtype), shift[0].to(dtype), mean, variance, False, 0.0, EPSILON, False)


class Normalization(nn.Module):
    """Batch or instance normalization with one scale and one shift per style.

    Args:
        channels: Number of channels, C.
        kind: `batch` uses the moments of the batch in training and running moments afterwards; `instance` always uses the moments of each
            picture.
        styles: Number of styles. One is plain normalization.
    """

    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, channels: int, *, kind: Kind = "instance", styles: int = 1) -> None:
        super().__init__()
        self.kind = kind
        self.scales = nn.Parameter(torch.ones(styles, channels))
        self.shifts = nn.Parameter(torch.zeros(styles, channels))
        if kind == "batch":
            self.register_buffer("running_mean", torch.zeros(1, channels))
            self.register_buffer("running_variance", torch.ones(1, channels))

    def forward(self, features: Tensor, style_weights: Tensor | None = None, normalize: Normalize = instance_norm) -> Tensor:
        """Normalized features, shape (B, C, H, W) like `features`.

        Args:
            features: Shape (B, C, H, W).
            style_weights: Shares of the styles, shape (1 or B, styles), usually with sum 1; optional for a single style.
            normalize: Implementation of instance normalization.

        Raises:
            ShapeError: the number of channels of `features`, or the shape of `style_weights`, is wrong.
        """
        check_features(features)
        styles, channels = self.scales.shape
        if features.shape[1] != channels:
            raise ShapeError(f"this normalization is for {channels} channels; got features of shape {tuple(features.shape)}")
        scale: Tensor = self.scales
        shift: Tensor = self.shifts
        if style_weights is not None:
            _check_style_weights(style_weights, len(features), styles)
            # Not a matrix product, which autocast would compute in bfloat16 during training.
            shares = style_weights.to(scale)[:, :, None]
            scale, shift = (shares * scale).sum(1), (shares * shift).sum(1)
        elif styles > 1:
            raise ShapeError(
                f"this network has {styles} styles: give their weights, shape (1, {styles}), such as 1 for one and 0 for the others"
            )
        if self.kind == "instance":
            return normalize(features, scale, shift)
        return _applied(features, self._batch_moments(features), scale, shift)

    def _batch_moments(self, features: Tensor) -> tuple[Tensor, Tensor]:
        if not self.training:
            return self.running_mean, self.running_variance
        rows = features.permute(0, 2, 3, 1).flatten(0, 2)[None]
        mean, variance = moments(rows)
        with torch.no_grad():
            # The running variance estimates that of all pictures, hence Bessel's correction.
            unbiased = variance * (rows.shape[1] / max(rows.shape[1] - 1, 1))
            self.running_mean.lerp_(mean.to(self.running_mean), _MOMENTUM)
            self.running_variance.lerp_(unbiased.to(self.running_variance), _MOMENTUM)
        return mean, variance


def _check_style_weights(style_weights: Tensor, batch: int, styles: int) -> None:
    if style_weights.ndim != 2 or style_weights.shape[0] not in (1, batch) or style_weights.shape[1] != styles:
        raise ShapeError(
            f"style weights of this network have shape (1, {styles}) for all pictures or ({batch}, {styles}) for each; "
            f"got {tuple(style_weights.shape)}"
        )


def moments(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and variance over the second dimension of (B, N, C), each of shape (B, C), in float32 or better.

    The variance is E[x^2] - E[x]^2, which takes two simple passes and is the fastest method on a CPU. Its error is about 1e-7 of the
    *squared mean*: three digits remain if the mean is a hundred deviations. Outputs of a convolution are far from that.
    """
    dtype = torch.promote_types(rows.dtype, torch.float32)
    mean = rows.mean(1, dtype=dtype)
    power = torch.linalg.vector_norm(rows, dim=1, dtype=dtype).square() / rows.shape[1]
    return mean, (power - mean.square()).clamp_min(0)


def _applied(features: Tensor, given_moments: tuple[Tensor, Tensor], scale: Tensor, shift: Tensor) -> Tensor:
    """`scale` * (x - mean) / deviation + `shift`, as one multiply-add per value."""
    mean, variance = given_moments
    factor = scale * (variance + EPSILON).rsqrt()
    constant = shift - mean * factor
    return torch.addcmul(constant.to(features)[:, :, None, None], features, factor.to(features)[:, :, None, None])
