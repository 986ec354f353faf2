"""Geometry of the slim network, shared by all engines. Does not import torch."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylenet.catalog.networks import SlimRecord

Indices: TypeAlias = NDArray[np.int64]
"""Indices of rows or columns of a picture."""

SHUFFLE = 4
"""Side in pixels of the block behind one position at a quarter of the size."""

HALF, FULL = 24, 8
"""Channels at half size and at full size."""

LEAK = 0.2
"""Negative slope of the leaky ReLUs."""

STRENGTHS = (10.0, 50.0, 100.0)
"""Strengths at which a network for one style stores knobs; between them, knobs are interpolated linearly."""

STRIDE = 16
MARGIN_PX = 32
"""Pixels around the picture that are painted and then cropped, in training as well; a multiple of the stride. The losses of training
compare half of it, too (`training.perceptual.RIM_PX`): networks detect the edge of the padded picture, and paint differently there."""

APRON_PX = SHUFFLE
"""Pixels beyond the margin that the first convolution consumes: one position."""

FRAME_PX = MARGIN_PX + APRON_PX
"""Total padding of the picture on each side, in pixels."""

FINISH_REACH_PX = SHUFFLE + 2 + 2 + 1
"""Receptive field of the layers after the last normalization, in pixels to each side: an interpolation at a quarter of the size; a 3 x 3
convolution and an interpolation at half size; and a 3 x 3 convolution."""


def normalized_widths(record: SlimRecord) -> tuple[int, ...]:
    """Channels of each normalization, in the order of the forward pass."""
    fine, coarse, deep = record.fine, record.coarse, record.deep
    return (fine, coarse, coarse, coarse, deep, *(deep,) * record.blocks, coarse, coarse, fine, fine)


def mixed_widths(record: SlimRecord) -> tuple[int, ...]:
    """Channels of each mixing, in the order of the forward pass."""
    return (record.deep, record.coarse, record.fine)


def knob_count(record: SlimRecord) -> int:
    """Length of the knobs: the scale and the shift of every normalized channel, and two matrices for each mixing."""
    return 2 * sum(normalized_widths(record)) + 2 * record.mixed * sum(mixed_widths(record))


def padded_positions(length: int) -> Indices:
    """Positions along one side of a padded picture, relative to its first pixel; the painted size is a multiple of the stride."""
    return np.arange(-FRAME_PX, length + -length % STRIDE + FRAME_PX)


def mirrored(length: int) -> Indices:
    """Index of the row or column of a photo at each padded position, by reflection."""
    period = max(1, 2 * (length - 1))
    positions = padded_positions(length) % period
    return np.minimum(positions, period - positions)


def wrapped(length: int) -> Indices:
    """Like `mirrored`, for noise, by periodic continuation: from reflected noise, the network could detect borders."""
    return padded_positions(length) % length


STRENGTH_CURVE = ((0.0, 0.0), (20.0, 10.0), (30.0, 27.0), (40.0, 37.0), (50.0, 57.0), (75.0, 72.0), (100.0, 100.0))
"""Pairs of the user's strength and the training strength, interpolated linearly in between. With this curve, equal steps change a picture
about equally; without it, most of the change would be between 20 and 50."""


def trained_strength(strength: float) -> float:
    """The training strength for a strength of 0..100; see `STRENGTH_CURVE`."""
    given, trained = zip(*STRENGTH_CURVE, strict=True)
    return float(np.interp(strength, given, trained))


def of_pixels(kernels: np.ndarray[Any, np.dtype[np.float32]], block: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """Kernels of a convolution over blocks of pixels, (O, 3 B B, 3, 3), as kernels over pixels with stride B, (O, 3, 3 B, 3 B).

    Channel (c, i, j) at position (y, x), as `pixel_unshuffle` orders them, is color c of the pixel at (B y + i, B x + j).
    """
    outputs, size = len(kernels), kernels.shape[2]
    blocks = kernels.reshape(outputs, 3, block, block, size, size).transpose(0, 1, 4, 2, 5, 3)
    return np.ascontiguousarray(blocks.reshape(outputs, 3, size * block, size * block))
