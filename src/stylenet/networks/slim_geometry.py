"""Numbers of the slim network that follow from its record and a picture's size, for every engine that paints with it. No torch."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylenet.catalog.networks import SlimRecord

Indices: TypeAlias = NDArray[np.int64]
"""Rows or columns of a picture."""

SHUFFLE = 4
"""Pixels on a side that one position at a quarter of the size stands for."""

HALF, FULL = 24, 8
"""Channels at half of the size and at full size, where the photo's grain comes in."""

LEAK = 0.2
"""Slope below zero where the picture comes in again."""

STRENGTHS = (10.0, 50.0, 100.0)
"""At which a network of one painting holds its knobs; in between they are interpolated."""

STRIDE = 16
MARGIN_PX = 64
"""Pixels around the picture that are painted and cut away. In training, style does not count near the border of a crop
(`training.perceptual`), so that networks learn to recognize borders and to leave the photo as it is there: with 32 pixels, pictures were
hardly painted along their borders."""

APRON_PX = SHUFFLE
"""Pixels beyond the margin that the first convolution uses up: a position of its own."""

FRAME_PX = MARGIN_PX + APRON_PX
"""Pixels that are added to the picture on each side."""

FINISH_REACH_PX = SHUFFLE + 2 + 2 + 1
"""How far the layers behind the last normalization see: an interpolation at a quarter of the size; at half of it a 3 x 3 convolution and an
interpolation; and a 3 x 3 convolution."""


def normalized_widths(record: SlimRecord) -> tuple[int, ...]:
    """Channels of each normalization, in the order of the forward pass."""
    fine, coarse, deep = record.fine, record.coarse, record.deep
    return (fine, coarse, coarse, coarse, deep, *(deep,) * record.blocks, coarse, coarse, fine, fine)


def mixed_widths(record: SlimRecord) -> tuple[int, ...]:
    """Channels of each mixing, in the order of the forward pass."""
    return (record.deep, record.coarse, record.fine)


def knob_count(record: SlimRecord) -> int:
    """Numbers that tell a network a style: the scale and the shift of every normalized channel, and two matrices for each mixing."""
    return 2 * sum(normalized_widths(record)) + 2 * record.mixed * sum(mixed_widths(record))


def framed_places(length: int) -> Indices:
    """Places along one side of a framed picture: 0 is the picture's first pixel, and the painted size is grown to whole strides."""
    return np.arange(-FRAME_PX, length + -length % STRIDE + FRAME_PX)


def mirrored(length: int) -> Indices:
    """The row, or column, of a photo that is shown at each of the framed places: the photo is reflected at its borders."""
    period = max(1, 2 * (length - 1))
    places = framed_places(length) % period
    return np.minimum(places, period - places)


def wrapped(length: int) -> Indices:
    """The same for noise, which is continued by itself: reflected noise tells the network where a border is."""
    return framed_places(length) % length


def trained_strength(strength: float) -> float:
    """What networks are asked for at a strength of 0..100, to paint as strongly as the recipes that optimize.

    Piecewise linear; slightly above the training strength of the same name: 65 at 50.
    """
    return 1.3 * strength - max(0.0, 0.6 * strength - 30)


def white_noise_array(height: int, width: int, seed: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Noise for one photo, shape (1, 1, H, W), of mean 0 and deviation 1, the same on every machine."""
    return np.random.default_rng(seed).standard_normal((1, 1, height, width), dtype=np.float32)


def of_pixels(kernels: np.ndarray[Any, np.dtype[np.float32]], block: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Kernels of a convolution over blocks of pixels, (O, 3 B B, 3, 3), as those of one over pixels in steps of B, (O, 3, 3 B, 3 B).

    Channel (c, i, j) at position (y, x), as `pixel_unshuffle` orders them, is color c of the pixel at (B y + i, B x + j).
    """
    outputs, size = len(kernels), kernels.shape[2]
    blocks = kernels.reshape(outputs, 3, block, block, size, size).transpose(0, 1, 4, 2, 5, 3)
    return np.ascontiguousarray(blocks.reshape(outputs, 3, size * block, size * block))
