"""A network paints tile by tile, and the painting is that of one piece.

Convolutions see a neighborhood, which a halo around each tile holds. Instance normalization sees the whole picture: it asks for the mean
and the variance of every channel. So the picture is gone over once for every normalization, tile by tile, each time up to there, with the
moments of those before it known; then once more to paint. What is held is the picture, the painting and one tile.

Every pass has the halo that its own layers need: the first ones hardly any. All passes together are about six of the last one, and halos
come on top; so tiles are as large as memory allows.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylenet.networks.normalization import Normalize, instance_norm, moments, with_moments
from stylenet.networks.progress import PartDone
from stylenet.tiling.grid import Span, Tile, tile_grid

_SAMPLE_PX = 384
"""Side of the part by which the passes are timed."""


@dataclass(frozen=True)
class Sight:
    """What one layer sees.

    Attributes:
        stride: Pixels between its positions; less than one where there are more of them than pixels.
        reach_px: How far around a tile the pixels lie without which its positions would differ.
    """

    stride: float
    reach_px: float


@dataclass(frozen=True)
class Frame:
    """How some channels of a picture are continued beyond its borders.

    Attributes:
        rows: For every row of the framed picture, the row of the picture that it shows.
        columns: The same for columns.
        channels: The first that is continued in this way, and the one behind the last.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    channels: tuple[int, int | None] = (0, None)


def framed(image: Tensor, frames: Sequence[Frame], rows: slice = slice(None), columns: slice = slice(None)) -> Tensor:
    """A picture (B, C, H, W) with its frame, or these rows and columns of it; nothing else of it is made."""
    parts = []
    for frame in frames:
        shown = [torch.from_numpy(each).to(image.device) for each in (frame.rows[rows], frame.columns[columns])]
        parts.append(image[:, slice(*frame.channels)].index_select(2, shown[0]).index_select(3, shown[1]))
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """How a network goes over a picture.

    Attributes:
        sights: Of every instance normalization, in the order of the forward pass; the last one is that of the painting.
        stride_px: Of the deepest layer: tiles begin on multiples of it.
        size: Height and width that are painted: the picture with its margin, grown to whole strides.
        frames: Around the picture's channels.
        margin_px: The part of the frame, left and above, that is painted and cut away.
        apron_px: The part beyond that, on every side, which the first layer uses up.
        factor: Pixels of the painting for one of the photo, along each side.
    """

    sights: tuple[Sight, ...]
    stride_px: int
    size: tuple[int, int]
    frames: tuple[Frame, ...]
    margin_px: int = 0
    apron_px: int = 0
    factor: int = 1

    def tiles(self, sight: Sight, most_px: int) -> tuple[Tile, ...]:
        """The tiles for one layer.

        Raises:
            UsageError: even the smallest one has more than `most_px` pixels.
        """
        height, width = self.size
        halo = math.ceil(sight.reach_px / self.stride_px) * self.stride_px
        return tile_grid(width, height, most_px=most_px, halo_px=halo, stride_px=self.stride_px)


Cut = tuple[slice, slice]
"""Rows and columns of a painting."""

Paint = Callable[[Tensor, Cut, Normalize], Tensor]
"""The painting, cut out, of a framed picture or a part of one, (1, 3, H, W): positions count from the margin's first pixel. Instance
normalizations are done by what is given, one after the other."""


def paint_by_tiles(paint: Paint, image: Tensor, geometry: Geometry, *, most_px: int, done: PartDone | None = None) -> Tensor:
    """The painting, (1, 3, F H, F W) in 0..1 and float32, of a photo (1, 3, H, W) in 0..1, as in one piece.

    Args:
        paint: A network that knows the style.
        image: The photo.
        geometry: Of the network and this picture.
        most_px: Pixels that one tile may look at.
        done: Called after every tile.

    Raises:
        UsageError: even the smallest tile has more pixels.
    """
    known: list[tuple[Tensor, Tensor]] = []
    parts = _Parts(image, geometry, most_px)
    *measured, last = geometry.sights
    works = iter(() if done is None else _works(paint, parts, geometry))
    for sight in measured:
        work = next(works, 0.0)
        sums = _Sums()
        for tile, part in parts.at(sight):
            own = _positions(tile.rows, sight.stride), _positions(tile.columns, sight.stride)
            with contextlib.suppress(_Measured):
                paint(part, (slice(0), slice(0)), _Known(known, into=sums, own=own))
            if done is not None:
                done(work * tile.pixels)
        known.append(sums.moments())
    height, width, factor, margin = *image.shape[2:], geometry.factor, geometry.margin_px
    painting = image.new_empty((1, 3, factor * height, factor * width), dtype=torch.float32)
    work = next(works, 0.0)
    for tile, part in parts.at(last):
        rows, columns = _inside(tile.rows, margin, height), _inside(tile.columns, margin, width)
        if rows and columns:  # else there is nothing but margin
            cut = _scaled(rows, tile.rows.start, factor), _scaled(columns, tile.columns.start, factor)
            painting[:, :, _scaled(rows, margin, factor), _scaled(columns, margin, factor)] = paint(part, cut, _Known(known))
        if done is not None:
            done(work * tile.pixels)
    return painting


class _Parts:
    """The tiles of a framed picture, which is nowhere held as a whole."""

    def __init__(self, image: Tensor, geometry: Geometry, most_px: int) -> None:
        self._image, self._geometry, self._most_px = image, geometry, most_px

    def at(self, sight: Sight) -> Iterator[tuple[Tile, Tensor]]:
        for tile in self.tiles(sight):
            yield tile, self._cut(tile.rows.start, tile.rows.stop, tile.columns.start, tile.columns.stop)

    def tiles(self, sight: Sight) -> tuple[Tile, ...]:
        return self._geometry.tiles(sight, self._most_px)

    def sample(self, side_px: int) -> Tensor:
        """A small part, with what the first layer uses up around it."""
        height, width = self._geometry.size
        return self._cut(0, min(side_px, height), 0, min(side_px, width))

    def _cut(self, top: int, bottom: int, left: int, right: int) -> Tensor:
        apron = 2 * self._geometry.apron_px
        return framed(self._image, self._geometry.frames, slice(top, bottom + apron), slice(left, right + apron))


def _works(paint: Paint, parts: _Parts, geometry: Geometry) -> list[float]:
    """Share of the whole work for every pixel of every pass, as a small part tells: later passes go deeper."""
    marks: list[float] = []

    def normalize(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        marks.append(time.perf_counter())
        return instance_norm(features, scale, shift)

    sample = parts.sample(_SAMPLE_PX)
    for _ in range(2):  # the first time, kernels are chosen
        marks.clear()
        begun = time.perf_counter()
        paint(sample, (slice(None), slice(None)), normalize)
        ended = time.perf_counter()
    seconds = [*(mark - begun for mark in marks[: len(geometry.sights) - 1]), ended - begun]
    total = sum(each * tile.pixels for each, sight in zip(seconds, geometry.sights, strict=True) for tile in parts.tiles(sight))
    return [each / total for each in seconds]


class _Measured(Exception):  # noqa: N818  # no error: a pass ends at the normalization that it is for
    """The forward pass has come to the normalization that is measured."""


class _Sums:
    """Sums over positions, in float64: a picture may have a hundred million."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares = 0, torch.zeros(()), torch.zeros(())

    def add(self, features: Tensor) -> None:
        """Count the positions of features (1, C, H, W)."""
        rows = features.permute(0, 2, 3, 1).flatten(1, 2)
        count = rows.shape[1]
        mean, variance = (value.double() for value in moments(rows))
        self._count += count
        self._sum = self._sum.to(mean) + count * mean
        self._squares = self._squares.to(mean) + count * (variance + mean.square())

    def moments(self) -> tuple[Tensor, Tensor]:
        """Mean and variance, each (1, C) in float32."""
        mean = self._sum / self._count
        return mean.float(), (self._squares / self._count - mean.square()).clamp_min(0).float()


class _Known:
    """Normalizes by the moments of the whole picture; at the first one that is not known, measures and ends the pass.

    Args:
        known: Of the first normalizations.
        into: Where the next one is added.
        own: The positions that count.
    """

    def __init__(self, known: Sequence[tuple[Tensor, Tensor]], *, into: _Sums | None = None, own: Cut | None = None) -> None:
        self._known, self._into, self._own, self._next = known, into, own, 0

    def __call__(self, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        if self._next < len(self._known):
            self._next += 1
            return with_moments(features, self._known[self._next - 1], scale, shift)
        if self._into is None or self._own is None:
            raise TypeError("a network has more instance normalizations than its geometry tells")
        self._into.add(features[:, :, self._own[0], self._own[1]])
        raise _Measured


def _positions(span: Span, stride: float) -> slice:
    """The positions that a tile answers for; at the end of the picture all that there are, for sizes are rounded up."""
    last = None if span.last == span.stop else round((span.last - span.start) / stride)
    return slice(round((span.first - span.start) / stride), last)


def _inside(span: Span, margin: int, length: int) -> range:
    """What a span answers for of the picture itself."""
    return range(max(span.first, margin), min(span.last, margin + length))


def _scaled(pixels: range, origin: int, factor: int) -> slice:
    return slice(factor * (pixels.start - origin), factor * (pixels.stop - origin))
