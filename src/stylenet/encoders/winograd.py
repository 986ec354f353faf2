"""3 x 3 convolutions of many channels by Winograd's algorithm, with a quarter of the multiplications.

On CPUs with bfloat16 instructions but no matrix tiles, convolutions of many channels are limited by multiplications, and the transforms
are cheap in comparison. The price is rounding error: with the usual points 0, 1, -1, 2, -2, a layer's relative error in bfloat16 is 2.0 %,
with ours 0.9 %, compared with 0.3 % for direct convolution.

References:
    Lavin, Gray 2016 (Fast Algorithms for Convolutional Neural Networks), F(4x4, 3x3); Barabasz et al. 2020 (Error Analysis and Improving
    the Accuracy of Winograd Convolution), on the choice of points. Ours were chosen by measurement.
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
"""Side of a tile in outputs, and in inputs."""

_POINTS = (0.0, 0.75, -0.75, 1.5, -1.5)
"""Interpolation points; infinity is the sixth."""

_MIN_CHANNELS = {torch.bfloat16: 128, torch.float32: 48}
_MIN_POSITIONS = 24 * 24
"""With fewer, direct convolution is as fast; measured with `benchmarks/ways.py`."""


def is_faster(x: Tensor, convolution: nn.Conv2d) -> bool:
    """Whether Winograd's algorithm is faster for a layer: frozen weights and many channels, on a CPU without matrix tiles for bfloat16."""
    return (
        x.device.type == "cpu"
        and not convolution.weight.requires_grad
        and min(convolution.in_channels, convolution.out_channels) >= _MIN_CHANNELS.get(x.dtype, sys.maxsize)
        and x.shape[0] * x.shape[2] * x.shape[3] >= _MIN_POSITIONS
        and not (x.dtype == torch.bfloat16 and "AMX" in bfloat16_units())
    )


def convolve(x: Tensor, convolution: nn.Conv2d) -> Tensor:
    """3 x 3 convolution with zero padding, (B, C, H, W) to (B, D, H, W); differentiable with respect to `x`."""
    # Cropped here and not in the custom function, so that the result can be modified in place.
    rows: Tensor = _Convolution.apply(x, _kernels_of(convolution), convolution.bias)  # type: ignore[no-untyped-call]
    return rows[:, : x.shape[2], : x.shape[3]].permute(0, 3, 1, 2)


class _Convolution(torch.autograd.Function):
    """The gradient of a convolution is a convolution with the kernel rotated by 180 degrees and its channels transposed."""

    @staticmethod
    def forward(context: Any, x: Tensor, kernels: tuple[Tensor, Tensor], bias: Tensor | None) -> Tensor:
        forth, context.back = kernels  # constant: the layer is frozen
        context.size = x.shape[2:]
        rows = _convolved(x, forth)
        return rows if bias is None else rows.add_(bias)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        height, width = context.size
        return _convolved(gradient.permute(0, 3, 1, 2), context.back)[:, :height, :width].permute(0, 3, 1, 2), None, None


def _convolved(x: Tensor, kernels: Tensor) -> Tensor:
    """From (B, C, H, W) to (B, H', W', D), with H' and W' multiples of 4: transform tiles, multiply channels, transform back."""
    batch, channels, height, width = x.shape
    rows, columns = -(-height // _STEP), -(-width // _STEP)
    padded = functional.pad(x, (1, 1 + columns * _STEP - width, 1, 1 + rows * _STEP - height)).permute(0, 2, 3, 1)
    tiles = padded.unfold(1, _TILE, _STEP).unfold(2, _TILE, _STEP)  # (B, rows, columns, C, 6, 6)
    values = tiles.permute(4, 5, 0, 1, 2, 3).reshape(_TILE * _TILE, -1)
    into, _, out = _transforms(x.dtype)
    frequencies = (into @ values).view(_TILE * _TILE, -1, channels)
    products = torch.bmm(frequencies, kernels)
    outputs = (out @ products.view(_TILE * _TILE, -1)).view(_STEP, _STEP, batch, rows, columns, -1)
    return outputs.permute(2, 3, 0, 4, 1, 5).reshape(batch, rows * _STEP, columns * _STEP, -1)


def _kernels_of(convolution: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """The transformed kernels for forward and backward pass, cached on the layer."""
    kernels: tuple[Tensor, Tensor] | None = getattr(convolution, "winograd_kernels", None)
    if kernels is None:
        weight = convolution.weight
        kernels = (_transformed(weight), _transformed(weight.flip(2, 3).transpose(0, 1)))
        # Not a buffer, so that it is not part of the state dict.
        object.__setattr__(convolution, "winograd_kernels", kernels)
    return kernels


def _transformed(weight: Tensor) -> Tensor:
    """Kernels (D, C, 3, 3) as (36, C, D)."""
    _, kernel, _ = _transforms(torch.float64)
    return torch.einsum("pq,oiq->pio", kernel, weight.double().flatten(2)).to(weight.dtype).contiguous()


@functools.cache
def _transforms(dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """Transforms of tiles (36, 36), of kernels (36, 9) and of products (16, 36): Kronecker squares of one-dimensional transforms.

    With V(k) the powers 0 .. k-1 of the points, where the row of infinity ends in 1, products are transformed by V(4)^T and kernels by
    V(3); the transform B of tiles follows from sum_k V(4)_ki V(3)_kj B_kl = 1 if l = i + j, else 0.
    """
    points = torch.tensor(_POINTS, dtype=torch.float64)

    def powers(count: int) -> Tensor:
        infinity = torch.zeros(1, count, dtype=torch.float64)
        infinity[0, -1] = 1
        return torch.cat((points[:, None] ** torch.arange(count), infinity))

    result, kernel = powers(_STEP), powers(3)
    equations = (result[:, :, None] * kernel[:, None, :]).flatten(1).T
    constants = torch.zeros(_STEP, 3, _TILE, dtype=torch.float64)
    for i in range(_STEP):
        for j in range(3):
            constants[i, j, i + j] = 1
    # Rounded: the last digits of a least-squares solution differ between processes, but results must be reproducible.
    tile = torch.linalg.lstsq(equations, constants.flatten(0, 1)).solution.round(decimals=12)
    # Rows are scaled by powers of two to about the same norm, to balance the frequencies.
    scale = 2.0 ** tile.norm(dim=1).log2().round()
    tile, kernel = tile / scale[:, None], kernel * scale[:, None]
    return tuple(torch.kron(one, one).to(dtype) for one in (tile, kernel, result.T))  # type: ignore[return-value]
