"""Convert and resize pictures as tensors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from stylenet.errors import ShapeError, UsageError


def as_tensor(image: NDArray[np.float32], device: torch.device) -> Tensor:
    """A picture as a tensor on a device. On the CPU, it shares the memory of a writable array."""
    return torch.from_numpy(np.require(image, np.float32, ["C", "W"])).to(device)


def resize(image: Tensor, size: tuple[int, int]) -> Tensor:
    """`image` resized by antialiased bicubic interpolation and clamped to 0..1; the same tensor if it already has that size.

    Args:
        image: Shape (B, C, H, W), 0..1, floating point.
        size: (width, height) in pixels.

    Returns:
        Shape (B, C, height, width), with the same dtype and device. Differentiable.

    Raises:
        ShapeError: `image` is not 4-D or not floating point.
        UsageError: a side is less than 1 px.

    References:
        Keys 1981 (IEEE TASSP), eq. 4, with a = -0.5, the same as `image.resize.resize` for arrays. Clamped, since the negative lobes
        overshoot.
    """
    if image.ndim != 4 or not image.is_floating_point():
        raise ShapeError(f"only floating-point tensors of shape (B, C, H, W) can be resized; got {tuple(image.shape)}, {image.dtype}")
    width, height = size
    if width < 1 or height < 1:
        raise UsageError(f"cannot resize to {width} x {height} px; each side must be at least 1 px")
    if (height, width) == tuple(image.shape[2:]):
        return image
    resized = functional.interpolate(image, size=(height, width), mode="bicubic", antialias=True, align_corners=False)
    return resized.clamp(0, 1) if resized.requires_grad else resized.clamp_(0, 1)
