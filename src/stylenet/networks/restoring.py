"""What networks that restore photos are given, and what is made of their answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.shapes import check_image

FACTOR = 4
"""Times that pictures are enlarged."""

_SIGMA_PX = 1.0
_RADIUS_PX = 4


def luma(photos: Tensor) -> Tensor:
    """The brightness of the encoded values of photos, shape (B, 1, H, W), 0..1: 0.299 R + 0.587 G + 0.114 B; gradients flow through.

    Args:
        photos: Shape (B, 3, H, W), 0..1.

    References:
        Recommendation ITU-R BT.601, section 2.5.1; what Pillow's mode L and the Y of JPEG are.
    """
    check_image(photos)
    return (photos * photos.new_tensor((0.299, 0.587, 0.114)).view(1, 3, 1, 1)).sum(1, keepdim=True)


def shrunk(photos: Tensor) -> Tensor:
    """Photos at a quarter of their size, as enlarging networks are given them: blurred, then every fourth pixel by bicubic interpolation.

    Args:
        photos: Shape (B, 3, H, W), 0..1, at least 5 pixels a side.

    Returns:
        Shape (B, 3, H // 4, W // 4), 0..1.

    References:
        Johnson et al. 2016, section 4.2: a Gaussian of sigma 1 before bicubic interpolation, which for that is not antialiased itself.
    """
    check_image(photos)
    places = torch.arange(-_RADIUS_PX, _RADIUS_PX + 1, dtype=photos.dtype, device=photos.device)
    weights = torch.exp(-places.square() / (2 * _SIGMA_PX**2))
    across = (weights / weights.sum()).expand(3, 1, 1, -1)
    x = functional.pad(photos, (_RADIUS_PX,) * 4, mode="reflect")
    x = functional.conv2d(functional.conv2d(x, across, groups=3), across.transpose(2, 3), groups=3)
    return functional.interpolate(x, scale_factor=1 / FACTOR, mode="bicubic").clamp(0, 1)


def colored(network: nn.Module, photos: Tensor) -> Tensor:
    """Photos in the colors that a network gives them; their luma stays, whatever it is, so that it learns color and nothing else.

    Args:
        network: From pictures to pictures of the same size.
        photos: Shape (B, 3, H, W), 0..1; their own colors are not looked at.

    Returns:
        Shape (B, 3, H, W), about 0..1: very dark and very light pixels with strong colors lie outside.
    """
    gray = luma(photos)
    painted: Tensor = network(gray.expand_as(photos))
    return gray + painted - luma(painted)
