"""Shapes of the tensors that travel between rooms, and their checks.

One convention inside the house: pictures are float32, (B, 3, H, W), RGB, sRGB-encoded, 0..1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from stylenet.errors import ShapeError

if TYPE_CHECKING:
    from torch import Tensor

    Image: TypeAlias = Tensor
    """Pictures, (B, 3, H, W), RGB, sRGB-encoded, 0..1."""
    Mask: TypeAlias = Tensor
    """Where something holds, (B, 1, H, W), 0..1."""
    Features: TypeAlias = Tensor
    """Activations of one layer, (B, C, H, W)."""
    Gram: TypeAlias = Tensor
    """Products of the channels of one layer, (B, C, C), symmetric."""


def check_image(image: Tensor) -> None:
    """Raise `ShapeError` unless `image` is (B, 3, H, W) with floating-point values."""
    if image.ndim != 4 or image.shape[1] != 3 or not image.is_floating_point():
        raise ShapeError(f"a picture has shape (B, 3, H, W) and floating-point values in 0..1; got {tuple(image.shape)}, {image.dtype}")


def check_features(features: Tensor) -> None:
    """Raise `ShapeError` unless `features` is (B, C, H, W)."""
    if features.ndim != 4:
        raise ShapeError(f"features have shape (B, C, H, W); got {tuple(features.shape)}")
