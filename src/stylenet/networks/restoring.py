"""Inputs and outputs of restoration networks: luma, downsampling and recombining colors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.shapes import check_image

FACTOR = 4
"""Super-resolution factor."""

_SIGMA_PX = 1.0
_RADIUS_PX = 4


def luma(photos: Tensor) -> Tensor:
    """Luma of photos, 0.299 R + 0.587 G + 0.114 B of the encoded values, shape (B, 1, H, W), 0..1; differentiable.

    Args:
        photos: Shape (B, 3, H, W), 0..1.

    References:
        Recommendation ITU-R BT.601, section 2.5.1; same as Pillow's mode L and JPEG's Y.
    """
    check_image(photos)
    return (photos * photos.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)).sum(1, keepdim=True)


def shrunk(photos: Tensor) -> Tensor:
    """Photos downsampled by a factor of 4, the input of super-resolution networks: Gaussian blur, then bicubic interpolation.

    Args:
        photos: Shape (B, 3, H, W), 0..1, sides at least 5 pixels.

    Returns:
        Shape (B, 3, H // 4, W // 4), 0..1.

    References:
        Johnson et al. 2016, section 4.2: a Gaussian blur with sigma 1, then bicubic interpolation without antialiasing.
    """
    check_image(photos)
    places = torch.arange(-_RADIUS_PX, _RADIUS_PX + 1, dtype=photos.dtype, device=photos.device)
    weights = torch.exp(-places.square() / (2 * _SIGMA_PX**2))
    across = (weights / weights.sum()).expand(3, 1, 1, -1)
    x = functional.pad(photos, (_RADIUS_PX,) * 4, mode="reflect")
    x = functional.conv2d(functional.conv2d(x, across, groups=3), across.transpose(2, 3), groups=3)
    return functional.interpolate(x, scale_factor=1 / FACTOR, mode="bicubic").clamp(0, 1)


def colored(network: nn.Module, photos: Tensor) -> Tensor:
    """Photos with the colors predicted by a network and their own luma, so that the network learns nothing but color.

    Args:
        network: From pictures to pictures of the same size.
        photos: Shape (B, 3, H, W), 0..1; only their luma is used.

    Returns:
        Shape (B, 3, H, W), about 0..1: saturated colors of very dark or very light pixels lie outside.
    """
    gray = luma(photos)
    painted: Tensor = network(gray.expand_as(photos))
    return gray + painted - luma(painted)
