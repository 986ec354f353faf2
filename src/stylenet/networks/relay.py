"""Coarse-to-fine painting of large photos: the painting at half the size initializes the next size."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.encoders.resampling import resize
from stylenet.networks.noise import Point, scaled, white_noise_array
from stylenet.networks.picture_sizes import half_size
from stylenet.networks.slim_geometry import STRENGTHS

RELAYED_SHARE = 0.35
"""Share of the training pictures that start from the network's own painting at half the size."""


def relayed(painted: Tensor, small: Tensor, photo: Tensor) -> Tensor:
    """The input for the next size: the painting at half the size, enlarged, plus the photo's fine detail.

    Args:
        painted: The painting of `small`, (B, 3, H / 2, W / 2).
        small: The photo at half its size.
        photo: The photo, (B, 3, H, W).
    """
    size = (photo.shape[2], photo.shape[3])
    change = functional.interpolate(painted - small, size=size, mode="bicubic", align_corners=False)
    return (photo + change).clamp(0, 1)


def by_sizes(paint: Callable[[Tensor, Tensor], Tensor], photo: Tensor, *, style_scale: float, seed: int, origin: Point) -> Tensor:
    """A photo painted from coarse to fine.

    Args:
        paint: Function from a picture and its noise to a painting.
        photo: (1, 3, H, W), 0..1.
        style_scale: Size of the strokes; with larger ones, smaller photos are halved.
        seed: Random seed of the noise.
        origin: Origin of the noise in the photo.
    """
    height, width = photo.shape[2:]
    half = half_size(height, width, style_scale)
    initial = photo
    if half is not None:
        small = resize(photo, (half[1], half[0]))
        small_origin = scaled(origin, (height, width), half)
        initial = relayed(by_sizes(paint, small, style_scale=style_scale, seed=seed + 1, origin=small_origin), small, photo)
    return paint(initial, white_noise(height, width, seed, origin).to(photo.device))


def white_noise(height: int, width: int, seed: int, origin: Point = (0, 0)) -> Tensor:
    """White noise for one photo, shape (1, 1, H, W), the same on every machine; see `noise.white_noise_array`."""
    return torch.from_numpy(white_noise_array(height, width, seed, origin))


def faded(painted: Tensor, photo: Tensor, strength: float) -> Tensor:
    """Blend with the photo below the lowest strength used in training; at 0, return the photo."""
    return painted if strength >= STRENGTHS[0] else torch.lerp(photo, painted, strength / STRENGTHS[0])
