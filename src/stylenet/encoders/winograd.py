"""3 x 3 convolutions of many channels by Winograd's algorithm: four times fewer products than there are weights to multiply with.

Where a processor has bfloat16 units but no matrix tiles, a convolution of many channels is bound by its products, and its transforms cost
little beside them. What it takes in exchange is rounding: with the usual points 0, 1, -1, 2, -2 a layer's relative error in bfloat16 is
2.0 %, with ours 0.9 %, against 0.3 % of the plain convolution.

References:
    Lavin, Gray 2016 (Fast Algorithms for Convolutional Neural Networks), F(4x4, 3x3); Barabasz et al. 2020 (Error Analysis and Improving
    the Accuracy of Winograd Convolution), why points matter. The points were chosen by measuring.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.encoders.precision import bfloat16_units

_STEP, _TILE = 4, 6
"""Positions on a side that a tile answers for, and that it reads."""

_POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)
"""Where the polynomials are evaluated; infinity is the sixth."""

_LEAST_CHANNELS = {torch.bfloat16: 128, torch.float32: 48}
_LEAST_POSITIONS = 24 * 24
"""Below, the plain convolution is as fast: measured by `benchmarks/ways.py`."""


def pays(x: Tensor, convolution: nn.Conv2d) -> bool:
    """Whether a layer is computed this way: many channels in bfloat16, on a processor without matrix tiles, its weights not learning."""
    return (
        x.device.type == "cpu"
        and not convolution.weight.requires_grad
        and min(convolution.in_channels, convolution.out_channels) >= _LEAST_CHANNELS.get(x.dtype, sys.maxsize)
        and x.shape[0] * x.shape[2] * x.shape[3] >= _LEAST_POSITIONS
        and not (x.dtype == torch.bfloat16 and "AMX" in bfloat16_units())
    )


def convolve(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """What a 3 x 3 convolution padded by zeros gives, (B, C, H, W) to (B, D, H, W); differentiable with respect to `x`."""
    # The cut to the picture's size is made here and not within: what comes out of a function by hand may then be changed in place.
    rows: Tensor = _Convolution.apply(x, _kernels_of(convolution), convolution.bias)  # type: ignore[no-untyped-call]
    return rows[:, : x.shape[2], : x.shape[3]].permute(0, 3, 1, 2)


class _Convolution(torch.autograd.Function):
    """The gradient of a convolution is one, too, with the kernel turned around and its channels exchanged."""

    @staticmethod
    def forward(context: Any, x: Tensor, kernels: tuple[Tensor, Tensor], bias: Tensor | None) -> Tensor:
        forth, context.back = kernels  # of the layer, which no one changes
        context.size = x.shape[2:]
        rows = _convolved(x, forth)
        return rows if bias is None else rows.add_(bias)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        height, width = context.size
        return _convolved(gradient.permute(0, 3, 1, 2), context.back)[:, :height, :width].permute(0, 3, 1, 2), None, None


def _convolved(x: Tensor, kernels: Tensor) -> Tensor:
    """From (B, C, H, W) to (B, H', W', D), with H' and W' whole steps: transform tiles, multiply channels, transform back."""
    batch, channels, height, width = x.shape
    rows, columns = -(-height // _STEP), -(-width // _STEP)
    padded = functional.pad(x, (1, 1 + columns * _STEP - width, 1, 1 + rows * _STEP - height)).permute(0, 2, 3, 1)
    tiles = padded.unfold(1, _TILE, _STEP).unfold(2, _TILE, _STEP)  # (B, rows, columns, C, 6, 6)
    values = tiles.permute(4, 5, 0, 1, 2, 3).reshape(_TILE * _TILE, -1)
    into, _, out = _transforms(x.dtype)
    frequencies = (into @ values).view(_TILE * _TILE, -1, channels)
    products = torch.bmm(frequencies, kernels)
    painted = (out @ products.view(_TILE * _TILE, -1)).view(_STEP, _STEP, batch, rows, columns, -1)
    return painted.permute(2, 3, 0, 4, 1, 5).reshape(batch, rows * _STEP, columns * _STEP, -1)


def _kernels_of(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """The transformed kernels for both directions, computed once and kept with the layer."""
    known: tuple[Tensor, Tensor] | None = getattr(convolution, "winograd_kernels", None)
    if known is None:
        weight = convolution.weight
        known = (_transformed(weight), _transformed(weight.flip(2, 3).transpose(0, 1)))
        # Not a buffer: it belongs to no state, and follows from the weights.
        object.__setattr__(convolution, "winograd_kernels", known)
    return known


def _transformed(weight: Tensor) -> Tensor:
    """Kernels (D, C, 3, 3) as (36, C, D)."""
    _, kernel, _ = _transforms(torch.float64)
    return torch.einsum("pq,oiq->pio", kernel, weight.double().flatten(2)).to(weight.dtype).contiguous()


@functools.cache
def _transforms(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Of tiles (36, 36), of kernels (36, 9) and of products (16, 36): each the Kronecker square of its one-dimensional matrix.

    With V(k) the powers 0 .. k-1 of the points, infinity's row ending in one, products are brought back by V(4)^T and kernels by V(3);
    the matrix of tiles follows from sum_k V(4)_ki V(3)_kj B_kl = 1 where l = i + j, else 0.
    """
    points = torch.tensor(_POINTS, dtype=torch.float64)

    def powers(count: int) -> Tensor:
        infinity = torch.zeros(1, count, dtype=torch.float64)
        infinity[0, -1] = 1
        return torch.cat((points[:, None] ** torch.arange(count), infinity))

    result, kernel = powers(_STEP), powers(3)
    equations = (result[:, :, None] * kernel[:, None, :]).flatten(1).T
    wanted = torch.zeros(_STEP, 3, _TILE, dtype=torch.float64)
    for i in range(_STEP):
        for j in range(3):
            wanted[i, j, i + j] = 1
    # Rounded: the last digits of a least-squares solution differ between two processes, and pictures must not.
    tile = torch.linalg.lstsq(equations, wanted.flatten(0, 1)).solution.round(decimals=12)
    # Rows of about one length, by powers of two, so that no frequency is louder than the others.
    scale = 2.0 ** tile.norm(dim=1).log2().round()
    tile, kernel = tile / scale[:, None], kernel * scale[:, None]
    return tuple(torch.kron(one, one).to(dtype) for one in (tile, kernel, result.T))  # type: ignore[return-value]
