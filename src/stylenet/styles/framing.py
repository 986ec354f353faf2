"""How a picture is shown to an encoder: continued by a rim, whole or tile by tile, and which features count.

The rim: a picture is continued by reflection before the encoder sees it, and features of the rim do not count. Convolutions that pad with
zeros see a dark frame; a picture painted against such features grows a colored rim.

Tiles: the features that a tile answers for are those of the whole picture, since its halo is as wide as the deepest layer sees.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional

from stylenet.catalog.encoders import EncoderRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import Moments, Window, watched
from stylenet.tiling.grid import Span, Tile, tile_grid
from stylenet.tiling.halo import deepest_stride, halo_px, layer_size, strides

Statistics: TypeAlias = Mapping[str, tuple[Moments, ...]]
"""Moments by layer, one for each region; one in all where there are no regions."""


class Frame:
    """The windows and tiles through which pictures of one size are looked at.

    Args:
        record: Of the encoder that looks.
        size: (width, height) of the pictures.
        layers: All that will be asked for.
        rim_px: Reflected pixels around the picture. The rim is shortened to what the picture can reflect, in steps of 16 pixels, so that
            pooling windows stay where they are.
        tile_px: Pixels that the encoder may look at in one pass; None: the whole picture in one.

    Raises:
        UsageError: not even the smallest tile has so few pixels.
    """

    def __init__(
        self, record: EncoderRecord, size: tuple[int, int], layers: Iterable[str], rim_px: int, *, tile_px: int | None = None
    ) -> None:
        self.record, self.size, self.layers = record, size, tuple(layers)
        self.rim = min(rim_px, size[1] - 1, size[0] - 1) // 16 * 16
        self._strides = strides(record)
        seen = record.layers[: max((record.layers.index(layer) for layer in self.layers), default=-1) + 1]
        halo, stride = halo_px(record, self.layers), deepest_stride(record, seen)
        self.smallest_tile_px = math.prod(min(length, 2 * stride + 2 * halo) for length in size)
        self.tiles = tile_grid(*size, most_px=tile_px, halo_px=halo, stride_px=stride)

    @property
    def is_whole(self) -> bool:
        """Whether one pass sees all."""
        return len(self.tiles) == 1

    def shape(self, layer: str) -> tuple[int, int]:
        """(rows, columns) of a layer's features that count."""
        width, height = self.size
        if self.rim:
            return max(1, height // self._strides[layer]), max(1, width // self._strides[layer])
        columns, rows = layer_size(self.record, layer, width, height)
        return rows, columns

    def place(self, layer: str, tile: Tile) -> tuple[slice, slice]:
        """The rows and columns of the whole layer that a tile answers for."""
        rows, columns = self.shape(layer)
        return self._owned(tile.rows, layer, rows, self.size[1]), self._owned(tile.columns, layer, columns, self.size[0])

    def look(
        self,
        encoder: VggEncoder,
        part: Tensor,
        tile: Tile,
        *,
        watch: Collection[str] = (),
        weights: Mapping[str, Tensor] | None = None,
    ) -> Look:
        """What a tile answers for: features of all layers, and moments of those in `watch`.

        Args:
            encoder: Looks.
            part: The tile's pixels, see `part_of`; gradients flow back to it.
            tile: One of `tiles`.
            watch: Layers whose moments are wanted.
            weights: Of regions, by layer, for the whole picture: shape (R, rows, columns).
        """
        columns, rows = tile.columns, tile.rows
        left, right = self._pads(columns, self.size[0])
        top, bottom = self._pads(rows, self.size[1])
        seen = functional.pad(part, (left, right, top, bottom), mode="reflect") if self.rim else part
        statistics: dict[str, tuple[Moments, ...]] = {}

        def window(layer: str) -> Window:
            vertical, horizontal = self.place(layer, tile)
            stride = self._strides[layer]
            return (
                vertical.start - (rows.start - top) // stride,
                horizontal.start - (columns.start - left) // stride,
                vertical.stop - vertical.start,
                horizontal.stop - horizontal.start,
            )

        def observe(layer: str, values: Tensor) -> Tensor:
            if layer in watch:
                inside = None if weights is None else weights[layer][(slice(None), *self.place(layer, tile))]
                values, statistics[layer] = watched(values, window(layer), inside)
            return values

        features = encoder(seen, self.layers, observe)
        return Look({layer: _cut(values, window(layer)) for layer, values in features.items()}, statistics)

    def measure(
        self,
        encoder: VggEncoder,
        image: Tensor,
        *,
        watch: Collection[str] = (),
        keep: Collection[str] = (),
        weights: Mapping[str, Tensor] | None = None,
    ) -> Look:
        """Features of the layers in `keep` and moments of those in `watch` for the whole picture, tile by tile; without a gradient."""
        kept: dict[str, Tensor] = {}
        sums: dict[str, list[Moments]] = {}
        with torch.no_grad():
            for tile in self.tiles:
                look = self.look(encoder, part_of(image, tile), tile, watch=watch, weights=weights)
                if self.is_whole:
                    return Look({layer: look.features[layer].clone() for layer in keep}, look.statistics)
                for layer in keep:
                    values = look.features[layer]
                    if layer not in kept:
                        empty = values.new_empty(1, values.shape[1], *self.shape(layer))
                        kept[layer] = empty.contiguous(memory_format=torch.channels_last)
                    kept[layer][(..., *self.place(layer, tile))] = values
                for layer, each in look.statistics.items():
                    added = [_times(moments, moments.positions) for moments in each]
                    sums[layer] = [_plus(*pair) for pair in zip(sums[layer], added, strict=True)] if layer in sums else added
        return Look(kept, {layer: tuple(_times(total, 1 / total.positions) for total in each) for layer, each in sums.items()})

    def _pads(self, span: Span, length: int) -> tuple[int, int]:
        return (self.rim if span.start == 0 else 0), (self.rim if span.stop == length else 0)

    def _owned(self, span: Span, layer: str, positions: int, length: int) -> slice:
        stride = self._strides[layer]
        return slice(span.first // stride, positions if span.last == length else span.last // stride)


@dataclass(frozen=True)
class Look:
    """What was seen of a picture or a tile.

    Attributes:
        features: By layer, (1, C, rows, columns).
        statistics: Moments by layer and region.
    """

    features: Mapping[str, Tensor]
    statistics: Statistics


def part_of(image: Tensor, tile: Tile) -> Tensor:
    """A view of the pixels that a tile looks at, of a picture (1, 3, H, W)."""
    return image[:, :, tile.rows.start : tile.rows.stop, tile.columns.start : tile.columns.stop]


def framed_features(
    encoder: VggEncoder, image: Tensor, layers: Iterable[str], rim_px: int, *, watch: Collection[str] = ()
) -> tuple[Mapping[str, Tensor], Mapping[str, Moments]]:
    """Features of `layers` and moments of those in `watch` for a whole picture (1, 3, H, W), with `rim_px` reflected pixels around it."""
    frame = Frame(encoder.record, (image.shape[3], image.shape[2]), layers, rim_px)
    look = frame.look(encoder, image, frame.tiles[0], watch=watch)
    return look.features, {layer: moments for layer, (moments,) in look.statistics.items()}


def _cut(values: Tensor, window: Window) -> Tensor:
    top, left, rows, columns = window
    return values[:, :, top : top + rows, left : left + columns]


def _times(moments: Moments, factor: float) -> Moments:
    return Moments(moments.mean * factor, moments.gram * factor, moments.positions)


def _plus(one: Moments, other: Moments) -> Moments:
    return Moments(one.mean + other.mean, one.gram + other.gram, one.positions + other.positions)
