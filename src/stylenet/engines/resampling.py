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
    resized_rows, weighted_rows = (np.empty((height, image.shape[3]), np.float32) for _ in range(2))
    weighted_columns = np.empty((height, width), np.float32)
    for plane, target in zip(image[0], result[0], strict=True):
        resized_rows[:] = 0
        for index, weights in zip(rows, row_weights, strict=True):
            np.take(plane, index, axis=0, out=weighted_rows, mode="clip")
            np.multiply(weighted_rows, weights[:, None], out=weighted_rows)
            np.add(resized_rows, weighted_rows, out=resized_rows)
        target[:] = 0
        for index, weights in zip(columns, column_weights, strict=True):
            np.take(resized_rows, index, axis=1, out=weighted_columns, mode="clip")
            np.multiply(weighted_columns, weights, out=weighted_columns)
            np.add(target, weighted_columns, out=target)
    return result


def _taps(input_length: int, output_length: int) -> tuple[Indices, Array]:
    """Indices of the four inputs of each output, and their weights, both of shape (4, output_length). In float32, like torch."""
    scale = np.float32(input_length) / np.float32(output_length)
    positions = (np.arange(output_length, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    first = np.floor(positions)
    fraction = positions - first
    weights = []
    for distance in (fraction + 1, fraction, 1 - fraction, 2 - fraction):
        near = ((_CUBIC + 2) * distance - (_CUBIC + 3)) * distance * distance + 1
        far = ((_CUBIC * distance - 5 * _CUBIC) * distance + 8 * _CUBIC) * distance - 4 * _CUBIC
        weights.append(np.where(distance <= 1, near, far))
    indices = first.astype(np.int64)[None] + np.arange(-1, 3)[:, None]
    return indices.clip(0, input_length - 1), np.stack(weights).astype(np.float32)
