"""Shapes of the arrays and tensors passed between packages, and their checks.

Pictures are float32, (B, 3, H, W), RGB, sRGB-encoded, 0..1. They are NumPy arrays for files, colors and resizing, and tensors for
networks and losses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import ImageError, ShapeError

if TYPE_CHECKING:
    from torch import Tensor

    Features: TypeAlias = Tensor
    """Activations of one layer, (B, C, H, W)."""
    Gram: TypeAlias = Tensor
    """Products of the channels of one layer, (B, C, C), symmetric."""

Image: TypeAlias = NDArray[np.float32]
"""Pictures, (B, 3, H, W), RGB, sRGB-encoded, 0..1."""

Mask: TypeAlias = NDArray[np.float32]
"""Masks, (B, 1, H, W), 0..1."""


_ROUNDING = 1 / 255  # by which values may exceed 0..1, in units of one level of 8 bits


class Shaped(Protocol):
    """The common attributes of arrays and tensors."""

    @property
    def ndim(self) -> int: ...

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> Any: ...


def check_image(image: Shaped) -> None:
    """Raise `ShapeError` unless `image`, an array or a tensor, is (B, 3, H, W) with floating-point values."""
    if not hasattr(image, "ndim"):
        raise ShapeError(f"a picture is an array of shape (B, 3, H, W); got {type(image).__name__}")
    if image.ndim != 4 or image.shape[1] != 3 or not is_floating(image):
        raise ShapeError(f"a picture has shape (B, 3, H, W) and floating-point values in 0..1; got {tuple(image.shape)}, {image.dtype}")


def check_range(image: Image) -> None:
    """Raise `ImageError` unless all values are in 0..1, apart from rounding; NaN and infinity are checked elsewhere."""
    if 0 in image.shape:
        return
    low, high = float(image.min()), float(image.max())
    if math.isfinite(low + high) and not (low >= -_ROUNDING and high <= 1 + _ROUNDING):
        raise ImageError(f"the picture has values in {low:g}..{high:g}; allowed are 0..1, divide by its full scale")


def check_features(features: Tensor) -> None:
    """Raise `ShapeError` unless `features` is (B, C, H, W)."""
    if features.ndim != 4:
        raise ShapeError(f"features have shape (B, C, H, W); got {tuple(features.shape)}")


def is_floating(values: Shaped) -> bool:
    """Whether an array or tensor has floating-point values of any width."""
    return "float" in str(values.dtype)  # numpy: float32, torch: torch.float32, torch.bfloat16
