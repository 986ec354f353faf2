"""Noise of the slim networks, anchored to the content of the photo instead of its frame. Does not import torch."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Point: TypeAlias = tuple[int, int]
"""Row and column of a pixel."""

_INNER_PX, _OUTER_PX = 12, 24
"""Distances from the center of a square to its sides: a distinct point is a spot of the inner square's size."""

_DIGITS = 4
"""Decimals to which contrasts are rounded, so that rounding errors do not decide between points of equal contrast."""

_BLOCK_PX = 128
"""Side of the blocks that are drawn at once."""

_KEPT_BLOCKS = 128
"""Blocks kept for the next picture, 8 MB: those of a clip of 1280 x 720 pixels."""

_LEVELS = 1023
"""Luma is quantized to integers from 0 to this number."""

_FIRST_BLOCK = 2**31
"""Added to block indices, which are negative above and to the left of the origin: seeds must not be negative."""

_LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def distinct_point(photo: NDArray[np.float32]) -> Point:
    """The center of the spot of a photo (1, 3, H, W) that differs most from its surroundings; it usually survives cropping.

    It is the pixel at which the mean luma (Rec. 601) of a 25 x 25 square differs most from that of a 49 x 49 square; (0, 0) for photos with
    a side below 50 pixels.
    """
    rows, columns = (side - 2 * _OUTER_PX for side in photo.shape[2:])
    if min(rows, columns) < 2:
        return 0, 0
    # Integer sums: modulo 2^32, they are exact for every square.
    red, green, blue = _LUMA * _LEVELS
    # Without a matrix product: the threads of NumPy's would still be spinning when the network starts.
    luma = (red * photo[0, 0] + green * photo[0, 1] + blue * photo[0, 2] + np.float32(0.5)).astype(np.uint32)
    sums = np.zeros((luma.shape[0] + 1, luma.shape[1] + 1), np.uint32)
    np.cumsum(luma, axis=0, dtype=np.uint32, out=sums[1:, 1:])
    np.cumsum(sums[1:, 1:], axis=1, dtype=np.uint32, out=sums[1:, 1:])

    def means(reach: int) -> NDArray[np.float32]:
        first, side = _OUTER_PX - reach, 2 * reach + 1
        strips = sums[first + side : first + side + rows] - sums[first : first + rows]
        squares = strips[:, first + side : first + side + columns] - strips[:, first : first + columns]
        return squares.astype(np.float32) / np.float32(side**2 * _LEVELS)

    contrast = np.abs(means(_INNER_PX) - means(_OUTER_PX)).round(_DIGITS)
    row, column = divmod(int(contrast.argmax()), columns)
    return row + _OUTER_PX, column + _OUTER_PX


def scaled(point: Point, size: tuple[int, int], new_size: tuple[int, int]) -> Point:
    """A point of a picture (height, width) in the same picture at another size."""
    return round(point[0] * new_size[0] / size[0]), round(point[1] * new_size[1] / size[1])


def white_noise_array(height: int, width: int, seed: int, origin: Point = (0, 0)) -> NDArray[np.float32]:
    """White noise for one photo, shape (1, 1, H, W), with mean 0 and deviation 1, the same on every machine.

    It is a window of an infinite field, generated in blocks by `numpy.random.default_rng`, seeded with the seed and the index of the block.

    Args:
        height: Height in pixels.
        width: Width in pixels.
        seed: Random seed, from 0.
        origin: Position of the field's origin in the photo. If it moves with the content of the photo, so does the noise.
    """
    noise = np.empty((height, width), np.float32)
    for block_row, rows, inner_rows in _blocks(height, origin[0]):
        for block_column, columns, inner_columns in _blocks(width, origin[1]):
            block_index = (block_row + _FIRST_BLOCK, block_column + _FIRST_BLOCK)
            noise[rows, columns] = _block(seed, *block_index)[inner_rows, inner_columns]
    return noise[None, None]


@functools.lru_cache(maxsize=_KEPT_BLOCKS)
def _block(seed: int, row: int, column: int) -> NDArray[np.float32]:
    block = np.random.default_rng((seed, row, column)).standard_normal((_BLOCK_PX, _BLOCK_PX), dtype=np.float32)
    block.setflags(write=False)
    return block


def _blocks(length: int, origin: int) -> Iterator[tuple[int, slice, slice]]:
    """For each block along one side of a picture: its index, the pixels in it, and their positions in the block."""
    begin = 0
    while begin < length:
        index, offset = divmod(begin - origin, _BLOCK_PX)
        count = min(_BLOCK_PX - offset, length - begin)
        yield index, slice(begin, begin + count), slice(offset, offset + count)
        begin += count
