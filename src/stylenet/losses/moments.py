"""First and second moments of features, the statistics behind the classical style losses.

Gram matrices, means and deviations, and Gaussians for Wasserstein-2 all follow from `Moments`, so style files store nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from stylenet.errors import ShapeError
from stylenet.shapes import check_features

if TYPE_CHECKING:
    from stylenet.shapes import Features, Gram

Window: TypeAlias = tuple[int, int, int, int]
"""First row, first column, rows, columns."""

_BLOCK = 4096
"""Positions summed per matrix product. Block results are added in higher precision, so that rounding does not grow with the picture."""


@dataclass(frozen=True)
class Moments:
    """Moments of the features of one layer over its positions.

    Attributes:
        mean: Mean of each channel, shape (B, C).
        gram: Mean product of each pair of channels, shape (B, C, C); the uncentered second moment.
        positions: Number of positions, H * W; for a region, the sum of its weights.
    """

    mean: Tensor
    gram: Tensor
    positions: float

    def shifted(self, shift: float) -> Moments:
        """The moments of the features minus `shift`."""
        if shift == 0.0:
            return self
        cross = self.mean[:, :, None] + self.mean[:, None, :]
        return Moments(self.mean - shift, self.gram - shift * cross + shift * shift, self.positions)

    @property
    def covariance(self) -> Tensor:
        """Covariance of the channels, shape (B, C, C)."""
        return self.gram - self.mean[:, :, None] * self.mean[:, None, :]

    @property
    def deviation(self) -> Tensor:
        """Standard deviation of each channel, shape (B, C); bounded away from zero, where the square root has no gradient."""
        variance = self.gram.diagonal(dim1=1, dim2=2) - self.mean.square()
        return variance.clamp_min(1e-10).sqrt()

    def to(self, device: torch.device, dtype: torch.dtype | None = None) -> Moments:
        """The moments on another device or in another dtype."""
        return Moments(self.mean.to(device, dtype), self.gram.to(device, dtype), self.positions)


@dataclass(frozen=True)
class Centered:
    """Mean and covariance of the features of one layer, accurate in float32 even for pictures of almost a single color.

    Attributes:
        mean: Mean of each channel, shape (B, C).
        covariance: Covariance of the channels, shape (B, C, C).
    """

    mean: Tensor
    covariance: Tensor

    @classmethod
    def of(cls, features: Tensor) -> Centered:
        """Statistics of features (B, C, H, W), differentiable."""
        rows = features.permute(0, 2, 3, 1).flatten(1, 2).float()
        mean = rows.mean(1)
        # The mean is detached: its contribution to the gradient is 0, since the centered values sum to 0.
        centered = rows - mean.detach()[:, None]
        return cls(mean, centered.transpose(1, 2) @ centered / rows.shape[1])

    @property
    def deviation(self) -> Tensor:
        """Standard deviation of each channel, shape (B, C)."""
        return self.covariance.diagonal(dim1=1, dim2=2).clamp_min(1e-10).sqrt()


def moments(features: Features) -> Moments:
    """Moments of one layer, differentiable; for their dtype see `summing_dtype`.

    Args:
        features: Shape (B, C, H, W), any range. Fastest in the channels_last memory format, without a copy.

    Raises:
        ShapeError: `features` is not 4-D.
    """
    return with_moments(features)[1][0]


def with_moments(features: Features, window: Window | None = None, weights: Tensor | None = None) -> tuple[Features, tuple[Moments, ...]]:
    """The features unchanged, and their moments inside `window`, for the whole window or for each region.

    With weights T of a region, the moments are sum T F / sum T and sum T F F^T / sum T: the guided Gram matrix, with T the square of the
    source's guidance channel.

    In the backward pass, the gradient of the moments is added in place to that of the deeper layers, which saves a pass over the layer
    and a full-size tensor of zeros around the window.

    Args:
        features: Shape (B, C, H, W), any range; B is 1 with regions.
        window: Window of positions; None: all positions.
        weights: Weights of R regions inside the window, shape (R, rows, columns), 0..1.

    Raises:
        ShapeError: `features` is not 4-D.

    References:
        Gatys et al. 2017 (CVPR, Controlling Perceptual Factors), eq. 5 and 6: they multiply the features by a guidance channel whose
        squares sum to 1; we divide by the sum instead, so that any weights are allowed.
    """
    check_features(features)
    window = window or (0, 0, features.shape[2], features.shape[3])
    if weights is None:
        passed, mean, gram = _WithMoments.apply(features, window)  # type: ignore[no-untyped-call]
        return passed, (Moments(mean, gram, window[2] * window[3]),)
    if features.shape[0] != 1 or tuple(weights.shape[1:]) != window[2:]:
        raise ShapeError(f"weights of regions have shape (R, {window[2]}, {window[3]}), for one picture; got {tuple(weights.shape)}")
    sums = weights.flatten(1).sum(1).clamp_min(1e-6)
    shares = weights.flatten(1) / sums[:, None]
    passed, mean, gram = _WithRegionMoments.apply(features, window, shares)  # type: ignore[no-untyped-call]
    each = zip(mean.split(1), gram.split(1), sums.tolist(), strict=True)
    return passed, tuple(Moments(mean_of_one, gram_of_one, positions) for mean_of_one, gram_of_one, positions in each)


def gram_matrix(features: Features) -> Gram:
    """Gram matrix of one layer: mean products of its channels over the positions.

    Args:
        features: Activations of one layer, shape (B, C, H, W), any range.

    Returns:
        Symmetric matrices, shape (B, C, C), in squared activation units.

    Raises:
        ShapeError: `features` is not 4-D.

    References:
        Gatys, Ecker, Bethge 2016 (CVPR), eq. 3. We divide by H*W, so that the value does not depend on the picture's size; the
        paper divides in its loss.
    """
    return moments(features).gram


class _WithMoments(torch.autograd.Function):
    """Both moments with a custom backward pass: one matrix product instead of autograd's two and a transpose."""

    @staticmethod
    def forward(context: Any, features: Tensor, window: Window) -> tuple[Tensor, Tensor, Tensor]:
        rows = _inside(features, window).reshape(len(features), -1, features.shape[1])
        context.save_for_backward(rows)
        context.shape, context.window = features.shape, window
        context.set_materialize_grads(False)
        return features.view_as(features), _sum(rows) / rows.shape[1], _summed_products(rows) / rows.shape[1]

    @staticmethod
    def backward(
        context: Any, passed_grad: Tensor | None, mean_grad: Tensor | None, gram_grad: Tensor | None
    ) -> tuple[Tensor | None, None]:
        if mean_grad is None and gram_grad is None:
            return passed_grad, None
        (rows,) = context.saved_tensors
        batch, count, channels = rows.shape
        constant = rows.new_zeros(batch, 1, channels) if mean_grad is None else (mean_grad / count)[:, None, :].to(rows.dtype)
        if gram_grad is None:
            grad = constant.expand(rows.shape)
        else:
            grad = torch.baddbmm(constant, rows, ((gram_grad + gram_grad.transpose(1, 2)) / count).to(rows.dtype))
        if passed_grad is None:
            passed_grad = rows.new_zeros(context.shape).contiguous(memory_format=torch.channels_last)
        # In place: this gradient was computed by the deeper layers for this function only.
        inside = _inside(passed_grad, context.window)
        inside.add_(grad.reshape(inside.shape))
        return passed_grad, None


class _WithRegionMoments(torch.autograd.Function):
    """The moments of weighted regions; the shares of each region sum to 1."""

    @staticmethod
    def forward(context: Any, features: Tensor, window: Window, shares: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = _inside(features, window).reshape(1, -1, features.shape[1])
        context.save_for_backward(rows, shares)
        context.shape, context.window = features.shape, window
        context.set_materialize_grads(False)
        # Shares are about 1 / count and scaled to about 1, to avoid losing precision in small numbers.
        count = rows.shape[1]
        means, grams = [], []
        for share in shares:
            weighted = rows * (share * count)[None, :, None].to(rows.dtype)
            means.append(_sum(weighted) / count)
            grams.append(_summed_products(rows, weighted) / count)
        return features.view_as(features), torch.cat(means), torch.cat(grams)

    @staticmethod
    def backward(
        context: Any, passed_grad: Tensor | None, mean_grad: Tensor | None, gram_grad: Tensor | None
    ) -> tuple[Tensor | None, None, None]:
        rows, shares = context.saved_tensors
        if passed_grad is None:
            passed_grad = rows.new_zeros(context.shape).contiguous(memory_format=torch.channels_last)
        inside = _inside(passed_grad, context.window)
        for index, share in enumerate(shares):
            slope = torch.zeros_like(rows) if gram_grad is None else rows @ (gram_grad[index] + gram_grad[index].T).to(rows.dtype)
            if mean_grad is not None:
                slope += mean_grad[index].to(rows.dtype)
            inside.add_((slope * share[None, :, None].to(rows.dtype)).reshape(inside.shape))
        return passed_grad, None, None


def _inside(values: Tensor, window: Window) -> Tensor:
    """A view of (B, C, H, W) as (B, rows, columns, C)."""
    top, left, rows, columns = window
    return values.permute(0, 2, 3, 1)[:, top : top + rows, left : left + columns]


def summing_dtype(values: Tensor) -> torch.dtype:
    """The dtype for moments of features like `values`: float64, or float32 for bfloat16 features and on MPS."""
    exact = values.dtype in (torch.float32, torch.float64) and values.device.type != "mps"
    return torch.float64 if exact else torch.float32


def _blocks(rows: Tensor) -> tuple[Tensor, Tensor]:
    """Rows (B, M, C) as blocks (B, M // block, block, C), and the remaining rows."""
    whole = rows.shape[1] // _BLOCK * _BLOCK
    return rows[:, :whole].unflatten(1, (whole // _BLOCK, _BLOCK)), rows[:, whole:]


def _sum(rows: Tensor) -> Tensor:
    """Sum over positions of rows (B, M, C)."""
    blocks, rest = _blocks(rows)
    exact, partly = summing_dtype(rows), torch.float64 if rows.dtype == torch.float64 else torch.float32
    return blocks.sum(2, dtype=partly).sum(1, dtype=exact) + rest.sum(1, dtype=partly)


def _summed_products(rows: Tensor, weighted: Tensor | None = None) -> Tensor:
    """Sum over positions of y x^T for rows x of shape (B, M, C) and `weighted` rows y; default: y = x."""
    blocks, rest = _blocks(rows)
    left, left_rest = (blocks, rest) if weighted is None else _blocks(weighted)
    exact = summing_dtype(rows)
    if rows.is_cuda and rows.dtype == torch.bfloat16:  # GPUs round products of bfloat16 to bfloat16
        blocks, rest, left, left_rest = (part.float() for part in (blocks, rest, left, left_rest))
    return (left.transpose(2, 3) @ blocks).sum(1, dtype=exact) + (left_rest.transpose(1, 2) @ rest).to(exact)
