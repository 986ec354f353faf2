"""Linear filters along one axis of a picture, as products with banded matrices."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Band: TypeAlias = tuple[slice, slice, NDArray[np.float64]]
"""A slice of outputs, the slice of inputs they depend on, and the weights, shape (outputs, inputs)."""


_SERIAL = 1 << 18
"""Multiplications up to which OpenBLAS uses one thread. For larger products it uses several, which wait for each other: on a busy machine,
that took up to thirty times as long."""


def filtered(values: NDArray[Any], bands: Iterable[Band], *, axis: int, length: int) -> NDArray[Any]:
    """`values` with an axis replaced by `length` weighted sums along it.

    A dense product for each short run of outputs wastes some multiplications by zero, but takes a third of the time of Pillow's
    loops for floats, because it uses BLAS.

    Args:
        values: Shape (B, C, H, W), float32 or float64.
        bands: Together they cover all outputs.
        axis: 2 or 3.
        length: Length of the axis in the result.

    Returns:
        A new array of the same type.
    """
    batch, channels, height, width = values.shape
    across = axis == 3
    flat = np.ascontiguousarray(values).reshape((1, -1, width) if across else (-1, height, width))
    result = np.empty((1, flat.shape[1], length) if across else (len(flat), length, width), values.dtype)
    lines = flat.shape[1] if across else width  # length of the other axis
    for outputs, inputs, weights in bands:
        matrix = weights.astype(values.dtype)
        step = max(1, _SERIAL // matrix.size)
        for start in range(0, lines, step):
            part = slice(start, start + step)
            if across:
                np.matmul(flat[:, part, inputs], matrix.T, out=result[:, part, outputs])
            else:
                np.matmul(matrix, flat[:, inputs, part], out=result[:, outputs, part])
    return result.reshape(batch, channels, *((height, length) if across else (length, width)))
