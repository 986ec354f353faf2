"""Tiles for the head of the slim network, after the last normalization."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stylenet.errors import UsageError
from stylenet.networks.file_arrays import Array
from stylenet.networks.slim_geometry import APRON_PX, FINISH_REACH_PX, MARGIN_PX, SHUFFLE, mirrored

HALO = -(-FINISH_REACH_PX // SHUFFLE)
"""Halo around a tile in positions at a quarter of the size. The picture's margin is wider, so every tile has a halo on every side."""

HALO_PX = SHUFFLE * HALO


@dataclass(frozen=True)
class Part:
    """A tile of a picture, without its halo.

    Attributes:
        rows: Begin and end in pixels.
        columns: Likewise.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]


def parts_of(height: int, width: int, max_px: int) -> Iterator[Part]:
    """Nearly square tiles that cover a picture, row by row, each with at most `max_px` pixels including its halo.

    Raises:
        UsageError: even the smallest tile has more pixels.
    """
    side = int(max_px**0.5) - 2 * HALO_PX
    if side < SHUFFLE:
        raise UsageError(f"tiles may have {max_px} pixels, but the smallest one has {(SHUFFLE + 2 * HALO_PX) ** 2}; allow more memory")
    columns = _spans(width, side)
    widest = max(last - first for first, last in columns)
    rows = _spans(height, max_px // (widest + 2 * HALO_PX) - 2 * HALO_PX)
    yield from (Part(row, column) for row in rows for column in columns)


class FramedPhoto:
    """A photo with reflection padding, which is never stored as a whole.

    Args:
        photo: Shape (1, 3, H, W).
    """

    def __init__(self, photo: Array) -> None:
        self._photo = photo
        height, width = photo.shape[2:]
        self._rows, self._columns = mirrored(height), mirrored(width)

    def around(self, part: Part) -> Array:
        """The pixels of a tile, its halo, and the padding consumed by convolutions of blocks."""
        rows, columns = (
            source[MARGIN_PX + first - HALO_PX : MARGIN_PX + _padded_end(first, last) + HALO_PX + 2 * APRON_PX]
            for source, (first, last) in ((self._rows, part.rows), (self._columns, part.columns))
        )
        return self._photo.take(rows, axis=2).take(columns, axis=3)


def features_around(features: Array, part: Part) -> Array:
    """The features (1, C, m, n) of a tile and its halo, cut from those of the padded photo."""
    rows, columns = (
        slice((MARGIN_PX + first) // SHUFFLE - HALO, (MARGIN_PX + _padded_end(first, last)) // SHUFFLE + HALO)
        for first, last in (part.rows, part.columns)
    )
    return np.ascontiguousarray(features[:, :, rows, columns])


def without_halo(painting: Array, part: Part) -> Array:
    """Crop the halo from the painting of a tile."""
    rows, columns = (slice(HALO_PX, HALO_PX + last - first) for first, last in (part.rows, part.columns))
    return painting[:, :, rows, columns]


def _padded_end(first: int, last: int) -> int:
    """The end of a span, extended to whole positions."""
    return first + -(-(last - first) // SHUFFLE) * SHUFFLE


def _spans(length: int, max_length: int) -> list[tuple[int, int]]:
    """Spans of nearly equal length, at most `max_length`, that begin on multiples of `SHUFFLE`."""
    count = -(-length // (max_length // SHUFFLE * SHUFFLE))
    step = -(-length // (count * SHUFFLE)) * SHUFFLE
    return [(first, min(first + step, length)) for first in range(0, length, step)]
