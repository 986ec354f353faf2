"""Large photos are painted from small to large: what was painted at half of the size is where the next size begins."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.encoders.resampling import resize
from stylenet.networks.picture_sizes import half_size
from stylenet.networks.slim_geometry import STRENGTHS, white_noise_array

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


def by_sizes(paint: Callable[[Tensor, Tensor], Tensor], photo: Tensor, *, style_scale: float, seed: int) -> Tensor:
    """A photo painted from small to large.

    Args:
        paint: From a picture and its noise to a painting.
        photo: (1, 3, H, W), 0..1.
        style_scale: Larger marks begin at a smaller size.
        seed: Of the noise.
    """
    height, width = photo.shape[2:]
    half = half_size(height, width, style_scale)
    begun = photo
    if half is not None:
        small = resize(photo, (half[1], half[0]))
        begun = relayed(by_sizes(paint, small, style_scale=style_scale, seed=seed + 1), small, photo)
    return paint(begun, white_noise(height, width, seed).to(photo.device))


def white_noise(height: int, width: int, seed: int) -> Tensor:
    """Noise for one photo, shape (1, 1, H, W), the same on every machine."""
    return torch.from_numpy(white_noise_array(height, width, seed))


def faded(painted: Tensor, photo: Tensor, strength: float) -> Tensor:
    """Below the least strength that networks know, the photo shines through; at 0 it is all."""
    return painted if strength >= STRENGTHS[0] else torch.lerp(photo, painted, strength / STRENGTHS[0])
