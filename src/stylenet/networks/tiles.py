"""Paint with a network tile by tile, with the same result as without tiling.

Convolutions have a bounded receptive field, covered by a halo around each tile. Instance normalization depends on the whole picture,
through the mean and variance of every channel. Therefore there is one pass over all tiles for each normalization, which runs the network
up to that normalization with the moments of the earlier ones and measures its moments, and a last pass that paints. Memory holds the
picture, the painting and one tile.

The halo of each pass covers only the layers that it runs. All passes together cost about six times the last one, plus the halos, so tiles
should be as large as memory allows.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylenet.networks.normalization import Normalize, instance_norm, moments, with_moments
from stylenet.networks.progress import PartDone
from stylenet.tiling.grid import Span, Tile, tile_grid

_SAMPLE_PX = 384
"""Side of the sample on which the passes are timed."""


@dataclass(frozen=True)
class ReceptiveField:
    """Stride and receptive field of one layer.

    Attributes:
        stride: Pixels between positions; less than one if there are more positions than pixels.
        reach_px: Pixels around a tile that its positions depend on.
    """

    stride: float
    reach_px: float


@dataclass(frozen=True)
class Frame:
    """Padding of some channels of a picture, as indices.

    Attributes:
        rows: For every row of the padded picture, the row of the picture that it copies.
        columns: The same for columns.
        channels: Begin and end of the slice of channels to which this padding applies.
    """

    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    channels: tuple[int, int | None] = (0, None)


def framed(image: Tensor, frames: Sequence[Frame], rows: slice = slice(None), columns: slice = slice(None)) -> Tensor:
    """A padded picture (B, C, H, W), or only these rows and columns of it."""
    parts = []
    for frame in frames:
        indices = [_on(image.device, frame_indices.tobytes()) for frame_indices in (frame.rows[rows], frame.columns[columns])]
        parts.append(image[:, slice(*frame.channels)].index_select(2, indices[0]).index_select(3, indices[1]))
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim=1)


@lru_cache(maxsize=32)
def _on(device: torch.device, indices: bytes) -> Tensor:
    """Indices on a device; cached, since a CUDA graph cannot copy from the host."""
    return torch.frombuffer(bytearray(indices), dtype=torch.int64).to(device)


@dataclass(frozen=True, kw_only=True)
class Geometry:
    """Tiling geometry of a network for one picture.

    Attributes:
        fields: Receptive field of every instance normalization, in the order of the forward pass, and of the painting.
        stride_px: Stride of the deepest layer: tiles begin on multiples of it.
        size: Height and width to paint: the picture with its margin, rounded up to whole strides.
        frames: Padding of the picture's channels.
        margin_px: Padding on the left and top that is painted and then cropped.
        apron_px: Further padding, on every side, that the first layer consumes.
        factor: Upscaling factor of the painting.
    """

    fields: tuple[ReceptiveField, ...]
    stride_px: int
    size: tuple[int, int]
    frames: tuple[Frame, ...]
    margin_px: int = 0
    apron_px: int = 0
    factor: int = 1

    def tiles(self, field: ReceptiveField, max_px: int) -> tuple[Tile, ...]:
        """The tiles for a pass up to one layer.

        Raises:
            UsageError: even the smallest tile has more than `max_px` pixels.
        """
        height, width = self.size
        halo = math.ceil(field.reach_px / self.stride_px) * self.stride_px
        return tile_grid(width, height, max_px=max_px, halo_px=halo, stride_px=self.stride_px)


Cut = tuple[slice, slice]
"""Rows and columns of a painting."""

Paint = Callable[[Tensor, Cut, Normalize], Tensor]
"""Function from a padded picture or tile (1, 3, H, W), a crop relative to the first pixel of its margin, and an implementation of instance
normalization, called for each normalization in order, to the cropped painting."""


def paint_by_tiles(paint: Paint, image: Tensor, geometry: Geometry, *, max_px: int, done: PartDone | None = None) -> Tensor:
    """The painting, (1, 3, F H, F W) in 0..1 and float32, of a photo (1, 3, H, W) in 0..1; same result as without tiling.

    Args:
        paint: Forward pass of the network in the chosen style.
        image: The photo.
        geometry: Tiling geometry of the network for this picture.
        max_px: Largest number of pixels of a tile, halo included.
        done: Progress callback, called after every tile.

    Raises:
        UsageError: even the smallest tile has more than `max_px` pixels.
    """
    known: list[tuple[Tensor, Tensor]] = []
    parts = _Parts(image, geometry, max_px)
    *measured, last = geometry.fields
    works = iter(() if done is None else _work_per_px(paint, parts, geometry))
    for field in measured:
        work = next(works, 0.0)
        sums = _Sums()
        for tile, part in parts.at(field):
            inner = _positions(tile.rows, field.stride), _positions(tile.columns, field.stride)
            with contextlib.suppress(_PassComplete):
                paint(part, (slice(0), slice(0)), _TileNormalize(known, sums=sums, inner=inner))
            if done is not None:
                done(work * tile.pixels)
        known.append(sums.moments())
    height, width, factor, margin = *image.shape[2:], geometry.factor, geometry.margin_px
    painting = image.new_empty((1, 3, factor * height, factor * width), dtype=torch.float32)
    work = next(works, 0.0)
    for tile, part in parts.at(last):
        rows, columns = _inside(tile.rows, margin, height), _inside(tile.columns, margin, width)
        if rows and columns:  # otherwise the tile is all margin
            cut = _scaled(rows, tile.rows.start, factor), _scaled(columns, tile.columns.start, factor)
            painting[:, :, _scaled(rows, margin, factor), _scaled(columns, margin, factor)] = paint(part, cut, _TileNormalize(known))
        if done is not None:
            done(work * tile.pixels)
    return painting


class _Parts:
    """The tiles of a padded picture, which is never stored as a whole."""

    def __init__(self, image: Tensor, geometry: Geometry, max_px: int) -> None:
        self._image, self._geometry, self._max_px = image, geometry, max_px

    def at(self, field: ReceptiveField) -> Iterator[tuple[Tile, Tensor]]:
        for tile in self.tiles(field):
            yield tile, self._cut(tile.rows.start, tile.rows.stop, tile.columns.start, tile.columns.stop)

    def tiles(self, field: ReceptiveField) -> tuple[Tile, ...]:
        return self._geometry.tiles(field, self._max_px)

    def sample(self, side_px: int) -> Tensor:
        """A small tile at the top left corner, padded for the first layer."""
        height, width = self._geometry.size
        return self._cut(0, min(side_px, height), 0, min(side_px, width))

    def _cut(self, top: int, bottom: int, left: int, right: int) -> Tensor:
        apron = 2 * self._geometry.apron_px
        return framed(self._image, self._geometry.frames, slice(top, bottom + apron), slice(left, right + apron))


def _work_per_px(paint: Paint, parts: _Parts, geometry: Geometry) -> list[float]:
    """Share of the whole work per pixel of each pass, timed on a small sample: later passes run more layers."""
    times: list[float] = []

    def normalize(features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        times.append(time.perf_counter())
        return instance_norm(features, scale, shift)

    sample, apron = parts.sample(_SAMPLE_PX), 2 * geometry.apron_px
    rows, columns = (slice(0, geometry.factor * (side - apron)) for side in sample.shape[2:])
    for _ in range(2):  # the first run selects kernels
        times.clear()
        started = time.perf_counter()
        paint(sample, (rows, columns), normalize)
        finished = time.perf_counter()
    seconds = [*(end - started for end in times[: len(geometry.fields) - 1]), finished - started]
    total = sum(
        pass_seconds * tile.pixels for pass_seconds, field in zip(seconds, geometry.fields, strict=True) for tile in parts.tiles(field)
    )
    return [pass_seconds / total for pass_seconds in seconds]


class _PassComplete(Exception):  # noqa: N818  # control flow, not an error
    """Raised to end the forward pass after the moments of its normalization are measured."""


class _Sums:
    """Sums over positions, in float64, since a picture may have a hundred million."""

    def __init__(self) -> None:
        self._count, self._sum, self._squares = 0, torch.zeros(()), torch.zeros(())

    def add(self, features: Tensor) -> None:
        """Add the positions of features (1, C, H, W)."""
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


class _TileNormalize:
    """Normalize by the moments of the whole picture; at the first normalization without moments, measure and end the pass.

    Args:
        known: Moments of the first normalizations.
        sums: Sums for the moments of the next one.
        inner: Positions of the tile without its halo.
    """

    def __init__(self, known: Sequence[tuple[Tensor, Tensor]], *, sums: _Sums | None = None, inner: Cut | None = None) -> None:
        self._known, self._sums, self._inner, self._next = known, sums, inner, 0

    def __call__(self, features: Tensor, scale: Tensor, shift: Tensor) -> Tensor:
        if self._next < len(self._known):
            self._next += 1
            return with_moments(features, self._known[self._next - 1], scale, shift)
        if self._sums is None or self._inner is None:
            raise TypeError("a network has more instance normalizations than its geometry has receptive fields")
        self._sums.add(features[:, :, self._inner[0], self._inner[1]])
        raise _PassComplete


def _positions(span: Span, stride: float) -> slice:
    """The positions of a tile without its halo; at the end of the picture all remaining ones, since sizes are rounded up."""
    last = None if span.last == span.stop else round((span.last - span.start) / stride)
    return slice(round((span.first - span.start) / stride), last)


def _inside(span: Span, margin: int, length: int) -> range:
    """The pixels of a span without halo and margin."""
    return range(max(span.first, margin), min(span.last, margin + length))


def _scaled(pixels: range, origin: int, factor: int) -> slice:
    return slice(factor * (pixels.start - origin), factor * (pixels.stop - origin))
