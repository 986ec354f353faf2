"""A large picture painted part by part, behind the last normalization: what each part must see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from stylenet.errors import UsageError
from stylenet.networks.file_arrays import Array
from stylenet.networks.slim_geometry import APRON_PX, FINISH_REACH_PX, MARGIN_PX, SHUFFLE, mirrored

HALO = -(-FINISH_REACH_PX // SHUFFLE)
"""Positions at a quarter of the size around a part without which its painting would differ. The picture's margin is wider: every part has
them on every side."""

HALO_PX = SHUFFLE * HALO


@dataclass(frozen=True)
class Part:
    """A part of a picture.

    Attributes:
        rows: First pixel, and the one behind the last.
        columns: Likewise.
    """

    rows: tuple[int, int]
    columns: tuple[int, int]


def parts_of(height: int, width: int, most_px: int) -> Iterator[Part]:
    """Parts that cover a picture once, row by row, nearly square, each with at most `most_px` pixels together with what it must see.

    Raises:
        UsageError: even the smallest part has more pixels.
    """
    side = int(most_px**0.5) - 2 * HALO_PX
    if side < SHUFFLE:
        raise UsageError(f"a part may have {most_px} pixels, and the smallest one has {(SHUFFLE + 2 * HALO_PX) ** 2}; allow more memory")
    columns = _spans(width, side)
    widest = max(last - first for first, last in columns)
    rows = _spans(height, most_px // (widest + 2 * HALO_PX) - 2 * HALO_PX)
    yield from (Part(row, column) for row in rows for column in columns)


class FramedPhoto:
    """A photo with its frame, which is nowhere held as a whole.

    Args:
        photo: Shape (1, 3, H, W).
    """

    def __init__(self, photo: Array) -> None:
        self._photo = photo
        height, width = photo.shape[2:]
        self._rows, self._columns = mirrored(height), mirrored(width)

    def around(self, part: Part) -> Array:
        """The pixels for a part: its own, those of the halo, and those that convolutions of blocks use up."""
        rows, columns = (
            source[MARGIN_PX + first - HALO_PX : MARGIN_PX + _whole(first, last) + HALO_PX + 2 * APRON_PX]
            for source, (first, last) in ((self._rows, part.rows), (self._columns, part.columns))
        )
        return self._photo.take(rows, axis=2).take(columns, axis=3)


def features_around(features: Array, part: Part) -> Array:
    """The features (1, C, m, n) for a part, of those of the framed photo."""
    rows, columns = (
        slice((MARGIN_PX + first) // SHUFFLE - HALO, (MARGIN_PX + _whole(first, last)) // SHUFFLE + HALO)
        for first, last in (part.rows, part.columns)
    )
    return np.ascontiguousarray(features[:, :, rows, columns])


def own(painting: Array, part: Part) -> Array:
    """What a part answers for, of its painting with the halo."""
    rows, columns = (slice(HALO_PX, HALO_PX + last - first) for first, last in (part.rows, part.columns))
    return painting[:, :, rows, columns]


def _whole(first: int, last: int) -> int:
    """The end of a span grown to whole positions."""
    return first + -(-(last - first) // SHUFFLE) * SHUFFLE


def _spans(length: int, most: int) -> list[tuple[int, int]]:
    """Spans of nearly one length, none longer than `most`, that begin on multiples of `SHUFFLE`."""
    count = -(-length // (most // SHUFFLE * SHUFFLE))
    step = -(-length // (count * SHUFFLE)) * SHUFFLE
    return [(first, min(first + step, length)) for first in range(0, length, step)]
