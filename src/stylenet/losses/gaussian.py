"""Wasserstein-2 distance between Gaussians fitted to two layers, in closed form, on the principal directions of the style image.

It compares means and covariances separately, whereas a Gram matrix mixes both. It transfers colors and strokes to
skies and walls too, which a Gram loss leaves flat.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from stylenet.losses.moments import Moments

RIDGE = 1e-4
"""Added to the diagonals of both covariances by crowsonkb's style-transfer-pytorch, to keep the gradient of the square root finite."""

RANK = 96
"""Number of principal directions in the standard recipes: 95 to 100 % of the variance, in a twentieth of the time of 256."""

_FLAT = 1e-7
"""Square roots of eigenvalues below this share of the squared trace are linearized, to bound their gradient."""


@dataclass(frozen=True)
class Gaussian:
    """A layer of the style image as a Gaussian with mean n and covariance T = F F^T plus an isotropic remainder.

    Attributes:
        mean: n, shape (B, C).
        basis: Principal directions of unit length, shape (B, C, K); the columns of F are these times the deviations.
        deviations: Standard deviations along the directions, shape (B, K).
        rest: Trace of the remainder of the covariance; 0 if K is C.
        ridge: Added to the diagonal of every covariance.
    """

    mean: Tensor
    basis: Tensor
    deviations: Tensor
    rest: Tensor
    ridge: float

    @property
    def trace(self) -> Tensor:
        """Trace of T."""
        return self.deviations.square().sum() + self.rest


def gaussian(moments: Moments, *, rank: int | None = None, ridge: float = 0.0) -> Gaussian:
    """The Gaussian with a layer's moments, its covariance truncated to `rank` principal directions and a remainder."""
    covariance = moments.covariance
    values, vectors = torch.linalg.eigh(covariance if covariance.device.type == "mps" else covariance.double())
    values = (values + ridge).clamp_min(0)
    count = values.shape[-1]
    kept = min(rank or count, count)
    basis, deviations = vectors[:, :, count - kept :], values[:, count - kept :].sqrt()
    return Gaussian(
        mean=moments.mean,
        basis=basis.to(covariance.dtype),
        deviations=deviations.to(covariance.dtype),
        rest=values[:, : count - kept].sum().to(covariance.dtype),
        ridge=ridge,
    )


def wasserstein_distance(given: Moments, target: Gaussian, distance: str = "relative") -> Tensor:
    """Squared Wasserstein-2 distance between the Gaussians of two layers.

    With means m, n and covariances S, T it is |m - n|^2 + tr S + tr T - 2 tr (T^1/2 S T^1/2)^1/2. The matrix under the last root has the
    eigenvalues of F^T S F for T = F F^T, which is small if F has few columns. The remainders, outside of the directions of F, are compared
    by their traces only, which is exact if they are proportional to each other.

    | distance   | formula                            | source |
    |------------|------------------------------------|--------|
    | `relative` | divided by |n|^2 + tr T            | ours: independent of the encoder's units |
    | `mean`     | divided by the number of channels  | crowsonkb, who adds `RIDGE` to both diagonals first |

    Args:
        given: Moments of the picture.
        target: Gaussian of the style image.
        distance: Name in the table.

    References:
        Dowson, Landau 1982; used for style by Mroueh 2020 (Wasserstein Style Transfer). The principal directions are ours.
    """
    mean, gram = given.mean, given.gram
    # Computed in the target's directions: products of whole covariances take longer than the convolutions of a small picture.
    along = mean[:, None, :] @ target.basis
    inside = target.basis.transpose(1, 2) @ gram @ target.basis - along.transpose(1, 2) @ along
    trace = gram.diagonal(dim1=1, dim2=2).sum() - mean.square().sum()
    if target.ridge:
        inside = inside + target.ridge * torch.eye(inside.shape[-1], dtype=inside.dtype, device=inside.device)
        trace = trace + target.ridge * gram.shape[-1]
    between = target.deviations[:, :, None] * inside * target.deviations[:, None, :]
    if target.ridge:
        # The ridge is a lower bound for every eigenvalue: its square, which is far below the default share of the largest one. In float32,
        # rounding errors are larger, and their square roots would have gradients that outweigh all others.
        share = 0.0 if between.dtype == torch.float64 else _FLAT
        cross = root_trace(between, floor=target.ridge**2, share=share)
    else:
        # The floor is relative to the target's trace: the covariance of a picture with one color or one position is 0.
        cross = root_trace(between, floor=_FLAT * float(target.trace) ** 2)
    if target.basis.shape[2] < target.basis.shape[1]:
        outside = (trace - inside.diagonal(dim1=1, dim2=2).sum()).clamp_min(_FLAT * target.trace)
        cross = cross + (outside * target.rest.clamp_min(_FLAT * target.trace)).sqrt()
    squared = (mean - target.mean).square().sum() + trace + target.trace - 2 * cross
    if distance == "mean":
        return squared / gram.shape[-1]
    return squared / (target.mean.square().sum() + target.trace).clamp_min(1e-20)


def root_trace(matrix: Tensor, *, floor: float = 0.0, share: float = _FLAT) -> Tensor:
    """Trace of the square root of symmetric positive matrices (B, K, K), summed over the batch; NaN if they are not finite.

    For eigenvalues below `floor`, or below `share` of the largest one, the root is replaced by the chord from zero. Its slope is bounded,
    and it lies below the root, so no distance becomes negative.
    """
    total: Tensor = _RootTrace.apply(matrix, floor, share)  # type: ignore[no-untyped-call]
    return total


class _RootTrace(torch.autograd.Function):
    """The gradient of tr M^1/2 is M^-1/2 / 2, without derivatives of eigenvectors, which are unbounded for close eigenvalues."""

    @staticmethod
    def forward(context: torch.autograd.function.FunctionCtx, matrix: Tensor, floor: float, share: float) -> Tensor:
        if not torch.isfinite(matrix).all():
            context.save_for_backward(torch.full_like(matrix, torch.nan))
            return matrix.new_tensor(torch.nan)
        values, vectors = torch.linalg.eigh((matrix + matrix.transpose(1, 2)) / 2)
        edge = max(floor, share * float(values.amax()), 1e-30) ** 0.5
        roots = values.clamp_min(edge**2).sqrt()
        straight = values < edge**2
        slopes = torch.where(straight, 1 / edge, 0.5 / roots)
        context.save_for_backward((vectors * slopes[:, None, :]) @ vectors.transpose(1, 2))
        return torch.where(straight, values.clamp_min(0) / edge, roots).sum()

    @staticmethod
    def backward(context: torch.autograd.function.FunctionCtx, gradient: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = context.saved_tensors  # type: ignore[attr-defined]
        return gradient * slope, None, None
