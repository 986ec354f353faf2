"""Batched style targets: each picture of a batch is compared with the statistics of its own style image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from stylenet.errors import NumericalError
from stylenet.losses.gaussian import RANK
from stylenet.losses.moments import Centered

_SUBSPACE_STEPS = 6
"""Number of subspace iterations: the residual variance then exceeds its minimum by less than 0.1 % of the variance."""

_MIN_EIGENVALUE_SHARE = 1e-5
"""Added to every eigenvalue, relative to the trace."""

_NEWTON_STEPS = 22
_RIDGE = 1e-5
"""Added to the diagonal, relative to the norm, before taking the square root: eigenvalues stay positive, and `_NEWTON_STEPS` suffice."""


class StyleTargets:
    """Layers of style images as Gaussians on their principal directions: the batched version of `losses.gaussian`.

    Attributes:
        parts: By layer, the means (N, C), directions (N, C, K), square roots of the covariance along them (N, K, K), remaining traces (N)
            and scales |n|^2 + tr T (N).
    """

    def __init__(self, parts: Mapping[str, tuple[Tensor, ...]]) -> None:
        self.parts = parts

    @classmethod
    def of(cls, statistics: Mapping[str, Centered], *, rank: int = RANK) -> StyleTargets:
        """Targets from the moments of N style images."""
        return cls({layer: _principal(moments, rank) for layer, moments in statistics.items()})

    @classmethod
    def concatenate(cls, several: Sequence[StyleTargets]) -> StyleTargets:
        """Concatenation of several targets."""
        layers = several[0].parts
        return cls({layer: tuple(torch.cat(each) for each in zip(*(one.parts[layer] for one in several), strict=True)) for layer in layers})

    def __len__(self) -> int:
        return len(next(iter(self.parts.values()))[0])

    def __getitem__(self, rows: Tensor) -> StyleTargets:
        """A subset of the style images, by index."""
        return StyleTargets({layer: tuple(part[rows] for part in parts) for layer, parts in self.parts.items()})

    def distances(self, *several: Mapping[str, Centered]) -> list[dict[str, Tensor]]:
        """Distances between N pictures and their style images, for each of several batches of pictures.

        Returns:
            By layer, the squared Wasserstein-2 distances, shape (N), `relative` as defined in `losses.gaussian`.
        """
        distances: list[dict[str, Tensor]] = [{} for _ in several]
        # Matrices of the same size are batched, to replace many small products by a large one.
        by_size: dict[int, list[tuple[int, str, Tensor]]] = {}
        for index, statistics in enumerate(several):
            for layer, given in statistics.items():
                distances[index][layer], product = _distance(given, self.parts[layer])
                by_size.setdefault(product.shape[-1], []).append((index, layer, product))
        for entries in by_size.values():
            crosses = root_traces(torch.cat([product for _, _, product in entries])).split(len(self))
            for (index, layer, _), cross in zip(entries, crosses, strict=True):
                distances[index][layer] = (distances[index][layer] - 2 * cross) / self.parts[layer][-1].clamp_min(1e-12)
        return distances


def _principal(moments: Centered, rank: int) -> tuple[Tensor, ...]:
    mean, covariance = moments.mean.double(), moments.covariance.double()
    channels = covariance.shape[-1]
    kept = min(rank, channels)
    trace = covariance.diagonal(dim1=1, dim2=2).sum(1)
    # If a style image has fewer positions than directions, the remaining directions are arbitrary.
    covariance = covariance + (_MIN_EIGENVALUE_SHARE * trace[:, None, None] + 1e-12) * torch.eye(
        channels, dtype=covariance.dtype, device=covariance.device
    )
    if kept == channels:
        basis = torch.eye(channels, dtype=covariance.dtype, device=covariance.device).expand_as(covariance)
    else:
        start = torch.randn(channels, kept, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        basis = _orthonormal(start.to(covariance).expand(len(covariance), -1, -1))
        for _ in range(_SUBSPACE_STEPS):
            basis = _orthonormal(covariance @ basis)
    projected = basis.transpose(1, 2) @ covariance @ basis
    root = _cholesky(projected)
    rest = (trace - projected.diagonal(dim1=1, dim2=2).sum(1)).clamp_min(0)
    return mean.float(), basis.float().contiguous(), root.float(), rest.float(), (mean.square().sum(1) + trace).float()


def _orthonormal(columns: Tensor) -> Tensor:
    """Orthonormalize columns by Cholesky decomposition, twice for accuracy if columns are nearly parallel."""
    for _ in range(2):
        products = columns.transpose(1, 2) @ columns
        lower = _cholesky(products)
        columns = torch.linalg.solve_triangular(lower, columns.transpose(1, 2), upper=False).transpose(1, 2)
    return columns


def _cholesky(matrices: Tensor) -> Tensor:
    """Cholesky decomposition of matrices that may be slightly indefinite due to rounding."""
    unit = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    traces = matrices.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    for share in (1e-14, 1e-10, 1e-7, 1e-5, 1e-3):
        lower, failed = torch.linalg.cholesky_ex(matrices + share * traces * unit)
        if not failed.any():
            return lower
    raise NumericalError("the statistics of a painting are not finite; the loss network or the image is damaged")


def _distance(given: Centered, parts: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
    """The absolute distance without the trace of the matrix square root, and that matrix."""
    mean, basis, root, rest, scale = parts
    covariance = given.covariance
    trace = covariance.diagonal(dim1=1, dim2=2).sum(1)
    own = scale - mean.square().sum(1)
    distance = (given.mean - mean).square().sum(1) + trace + own
    # In float64: with a GPU's reduced precision for float32 products, small eigenvalues become negative, and Newton's iteration diverges.
    projected = covariance.double()
    if basis.shape[2] < basis.shape[1]:
        directions = basis.double()
        projected = directions.transpose(1, 2) @ projected @ directions
        outside = (trace - projected.diagonal(dim1=1, dim2=2).sum(1)).clamp_min(0).to(trace)
        distance = distance - 2 * ((outside + 1e-6 * own) * rest).clamp_min(1e-20).sqrt()
    root = root.double()
    return distance, root.transpose(1, 2) @ projected @ root


def root_traces(matrices: Tensor) -> Tensor:
    """tr M^1/2 of symmetric positive matrices (N, K, K), shape (N).

    By eigendecomposition on CPUs. That is slow on GPUs, which use Newton's iteration (Higham 2008, eq. 6.35): it needs only products.
    """
    traces: Tensor = _RootTraces.apply(matrices)  # type: ignore[no-untyped-call]
    return traces


class _RootTraces(torch.autograd.Function):
    """The gradient of tr M^1/2 is M^-1/2 / 2."""

    @staticmethod
    def forward(context: Any, matrices: Tensor) -> Tensor:
        # In float64, since both are inaccurate in float32 for ill-conditioned matrices; the matrices are small.
        matrices = (matrices + matrices.transpose(1, 2)).double() / 2
        length = matrices.flatten(1).norm(dim=1).clamp_min(1e-30)
        scaled = matrices / length[:, None, None]
        traces, inverse = (_by_eigenvalues if matrices.device.type == "cpu" else _by_newton)(scaled)
        context.save_for_backward((inverse / length.sqrt()[:, None, None] / 2).float())
        return (traces * length.sqrt()).float()

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        (slope,) = context.saved_tensors
        return gradient[:, None, None] * slope


def _by_eigenvalues(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """Traces of the square roots of M + `_RIDGE` I, and the inverses of the square roots, for matrices of norm 1."""
    if not matrices.isfinite().all():  # LAPACK would raise an error; the trainer reports a loss that is NaN
        return matrices.new_full((len(matrices),), torch.nan), torch.full_like(matrices, torch.nan)
    values, vectors = torch.linalg.eigh(matrices)
    roots = (values.clamp_min(0) + _RIDGE).sqrt()
    return roots.sum(1), (vectors / roots[:, None]) @ vectors.transpose(1, 2)


def _by_newton(matrices: Tensor) -> tuple[Tensor, Tensor]:
    """The same as `_by_eigenvalues`, by matrix products alone."""
    unit = torch.eye(matrices.shape[-1], dtype=matrices.dtype, device=matrices.device)
    root, inverse = matrices + _RIDGE * unit, unit.expand_as(matrices)
    for _ in range(_NEWTON_STEPS):
        step = torch.baddbmm(1.5 * unit, inverse, root, alpha=-0.5)
        root, inverse = root @ step, step @ inverse
    return root.diagonal(dim1=1, dim2=2).sum(1), inverse
