"""Resize arrays (1, C, H, W)."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np

from stylenet.networks.file_arrays import Array

Indices: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]

_CUBIC = np.float32(-0.75)
"""Slope of the bicubic kernel at its first zero, the same as in torch: Keys 1981, eq. 4."""


def enlarged(image: Array, height: int, width: int) -> Array:
    """Values (1, C, H, W) resized by bicubic interpolation without antialiasing, like `torch.nn.functional.interpolate`."""
    rows, row_weights = _taps(image.shape[2], height)
    columns, column_weights = _taps(image.shape[3], width)
    result = np.empty((1, image.shape[1], height, width), np.float32)
    tall, taken = np.empty((height, image.shape[3]), np.float32), np.empty((height, image.shape[3]), np.float32)
    wide = np.empty((height, width), np.float32)
    for plane, target in zip(image[0], result[0], strict=True):
        tall[:] = 0
        for index, weights in zip(rows, row_weights, strict=True):
            np.take(plane, index, axis=0, out=taken, mode="clip")
            np.multiply(taken, weights[:, None], out=taken)
            np.add(tall, taken, out=tall)
        target[:] = 0
        for index, weights in zip(columns, column_weights, strict=True):
            np.take(tall, index, axis=1, out=wide, mode="clip")
            np.multiply(wide, weights, out=wide)
            np.add(target, wide, out=target)
    return result


def _taps(given: int, wanted: int) -> tuple[Indices, Array]:
    """Indices of the four inputs for each of `wanted` outputs, (4, wanted), and their weights. In float32, like torch."""
    places = (np.arange(wanted, dtype=np.float32) + np.float32(0.5)) * (np.float32(given) / np.float32(wanted)) - np.float32(0.5)
    first = np.floor(places)
    after = places - first
    weights = []
    for distance in (after + 1, after, 1 - after, 2 - after):
        near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance * distance + 1
        far = ((_CUBIC * distance - 5 * _CUBIC) * distance + 8 * _CUBIC) * distance - 4 * _CUBIC
        weights.append(np.where(distance <= 1, near, far))
    indices = first.astype(np.int64)[None] + np.arange(-1, 3)[:, None]
    return indices.clip(0, given - 1), np.stack(weights).astype(np.float32)
