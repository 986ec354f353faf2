"""Large photos are painted from small to large: what was painted at half of the size is where the next size begins."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

RELAYED = 0.35
"""Share of the pictures of a training that begin with what the network paints at half of the size."""


def relayed(painted: Tensor, small: Tensor, photo: Tensor) -> Tensor:
    """What a photo is painted from after it was painted at half of its size: that painting, enlarged, and the photo's finer detail.

    Args:
        painted: The painting of `small`, (B, 3, H / 2, W / 2).
        small: The photo made smaller.
        photo: The photo, (B, 3, H, W).
    """
    size = (photo.shape[2], photo.shape[3])
    change = functional.interpolate(painted - small, size=size, mode="bicubic", align_corners=False)
    return (photo + change).clamp(0, 1)
