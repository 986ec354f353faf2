"""First and second moments of features: all that the classical style losses know of a picture.

Gram matrices, means and deviations, and Gaussians for Wasserstein-2 all follow from `Moments`; so a style file needs nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import torch
from torch import Tensor

from stylenet.shapes import check_features

if TYPE_CHECKING:
    from stylenet.shapes import Features, Gram

Window: TypeAlias = tuple[int, int, int]
"""First row and column (they are the same), rows, columns."""

_BLOCK = 4096
"""Positions that one bfloat16 product sums; block results are added in float32, so that rounding does not grow with the picture."""


@dataclass(frozen=True)
class Moments:
    """Statistics of one layer's features, positions averaged away.

    Attributes:
        mean: Mean of each channel, shape (B, C).
        gram: Mean product of each pair of channels, shape (B, C, C); the uncentered second moment.
        positions: H * W, the count that the means were taken over.
    """

    mean: Tensor
    gram: Tensor
    positions: int

    def shifted(self, shift: float) -> Moments:
        """The moments of the features minus `shift`."""
        if shift == 0.0:
            return self
        cross = self.mean[:, :, None] + self.mean[:, None, :]
        return Moments(self.mean - shift, self.gram - shift * cross + shift * shift, self.positions)

    def through(self, readout: Tensor) -> Moments:
        """The moments of `readout @ features`: the Gram matrix of W f is W G W^T. `readout` has shape (D, C)."""
        return Moments(self.mean @ readout.T, readout @ self.gram @ readout.T, self.positions)

    @property
    def covariance(self) -> Tensor:
        """Shape (B, C, C): the second moment about the mean."""
        return self.gram - self.mean[:, :, None] * self.mean[:, None, :]

    @property
    def deviation(self) -> Tensor:
        """Standard deviation of each channel, shape (B, C); the root is kept from zero, where it has no gradient."""
        variance = self.gram.diagonal(dim1=1, dim2=2) - self.mean.square()
        return variance.clamp_min(1e-10).sqrt()

    def to(self, device: torch.device) -> Moments:
        """The same numbers on another device."""
        return Moments(self.mean.to(device), self.gram.to(device), self.positions)


def moments(features: Features) -> Moments:
    """Mean and mean product of the channels of one layer, differentiable, in float32 (float64 for float64 features).

    Args:
        features: Shape (B, C, H, W), any range. Fastest in channels_last memory, which is read as it lies.

    Raises:
        ShapeError: `features` is not 4-D.
    """
    return watched(features)[1]


def watched(features: Features, window: Window | None = None) -> tuple[Features, Moments]:
    """The same features to go on with, and the moments of those inside `window`.

    What flows back through the moments is added in place to what flows back from the layers behind: one pass over the layer less, and no
    full-size tensor of zeros around the window.

    Args:
        features: Shape (B, C, H, W), any range.
        window: All positions where left out.

    Raises:
        ShapeError: `features` is not 4-D.
    """
    check_features(features)
    window = window or (0, features.shape[2], features.shape[3])
    passed, mean, gram = _Watched.apply(features, window)  # type: ignore[no-untyped-call]
    return passed, Moments(mean, gram, window[1] * window[2])


def gram_matrix(features: Features) -> Gram:
    """Correlations between the channels of one layer, averaged over positions.

    Args:
        features: Activations of one layer, shape (B, C, H, W), any range.

    Returns:
        Symmetric matrices, shape (B, C, C), in squared activation units.

    Raises:
        ShapeError: `features` is not 4-D.

    References:
        Gatys, Ecker, Bethge 2016 (CVPR), eq. 3. We divide by H*W so that the value does not depend on the picture's size; the
        paper divides in its loss.
    """
    return moments(features).gram


class _Watched(torch.autograd.Function):
    """Both moments with a hand-written backward pass: one matrix product, where autograd would make two and a transpose."""

    @staticmethod
    def forward(context: Any, features: Tensor, window: Window) -> tuple[Tensor, Tensor, Tensor]:
        rows = _inside(features, window).reshape(len(features), -1, features.shape[1])
        context.save_for_backward(rows)
        context.shape, context.window = features.shape, window
        context.set_materialize_grads(False)
        exact = torch.float64 if rows.dtype == torch.float64 else torch.float32
        return features.view_as(features), rows.mean(1, dtype=exact), _summed_products(rows, exact) / rows.shape[1]

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
        # In place: autograd hands this tensor to no one else, the layers behind made it for us.
        inside = _inside(passed_grad, context.window)
        inside.add_(grad.reshape(inside.shape))
        return passed_grad, None


def _inside(values: Tensor, window: Window) -> Tensor:
    """A view of (B, C, H, W) as (B, rows, columns, C)."""
    first, rows, columns = window
    return values.permute(0, 2, 3, 1)[:, first : first + rows, first : first + columns]


def _summed_products(rows: Tensor, exact: torch.dtype) -> Tensor:
    """Sum over positions of x x^T for rows of shape (B, M, C)."""
    batch, count, channels = rows.shape
    if rows.dtype == exact or count <= _BLOCK:
        return (rows.transpose(1, 2) @ rows).to(exact)
    whole = count // _BLOCK * _BLOCK
    blocks = rows[:, :whole].reshape(batch * (whole // _BLOCK), _BLOCK, channels)
    total = (blocks.transpose(1, 2) @ blocks).view(batch, -1, channels, channels).sum(1, dtype=exact)
    if whole < count:
        rest = rows[:, whole:]
        total += (rest.transpose(1, 2) @ rest).to(exact)
    return total
