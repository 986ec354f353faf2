"""Run an encoder on pictures with a reflected rim, with or without tiles.

Rim: pictures are padded by reflection, and the features of this rim are excluded. Otherwise the zero padding of the convolutions acts
like a dark frame, and optimization against such features paints a colored rim.

Tiles: the features of a tile equal those of the whole picture, since its halo covers the receptive field of the deepest layer.
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
from stylenet.losses.moments import Moments, Window, with_moments
from stylenet.tiling.grid import Span, Tile, tile_grid
from stylenet.tiling.halo import deepest_stride, halo_px, layer_size, strides

Statistics: TypeAlias = Mapping[str, tuple[Moments, ...]]
"""Moments by layer, one for each region, or a single one without regions."""


class Frame:
    """Rim and tiles for pictures of one size.

    Args:
        record: Architecture of the encoder.
        size: (width, height) of the pictures.
        layers: All layers in use.
        rim_px: Width of the reflected rim. For small pictures it is reduced to what can be reflected, in steps of 16 pixels, to keep the
            alignment of pooling windows.
        tile_px: Largest number of pixels per tile, halo included; None: no tiles.

    Raises:
        UsageError: even the smallest tile has more than `tile_px` pixels.
    """

    def __init__(
        self, record: EncoderRecord, size: tuple[int, int], layers: Iterable[str], rim_px: int, *, tile_px: int | None = None
    ) -> None:
        self.record, self.size, self.layers = record, size, tuple(layers)
        self.rim = min(rim_px, size[1] - 1, size[0] - 1) // 16 * 16
        self._strides = strides(record)
        used = record.layers[: max((record.layers.index(layer) for layer in self.layers), default=-1) + 1]
        halo, stride = halo_px(record, self.layers), deepest_stride(record, used)
        self.smallest_tile_px = math.prod(min(length, 2 * stride + 2 * halo) for length in size)
        self.tiles = tile_grid(*size, max_px=tile_px, halo_px=halo, stride_px=stride)

    @property
    def is_whole(self) -> bool:
        """Whether there is a single tile."""
        return len(self.tiles) == 1

    def shape(self, layer: str) -> tuple[int, int]:
        """(rows, columns) of a layer's features without the rim."""
        width, height = self.size
        if self.rim:
            return max(1, height // self._strides[layer]), max(1, width // self._strides[layer])
        columns, rows = layer_size(self.record, layer, width, height)
        return rows, columns

    def place(self, layer: str, tile: Tile) -> tuple[slice, slice]:
        """The rows and columns of the whole layer that belong to a tile without its halo."""
        rows, columns = self.shape(layer)
        return self._owned(tile.rows, layer, rows, self.size[1]), self._owned(tile.columns, layer, columns, self.size[0])

    def encode(
        self,
        encoder: VggEncoder,
        part: Tensor,
        tile: Tile,
        *,
        moments_of: Collection[str] = (),
        weights: Mapping[str, Tensor] | None = None,
    ) -> Measurement:
        """Features of all layers and moments of the layers in `moments_of` for a tile, without its halo.

        Args:
            encoder: The encoder.
            part: The tile's pixels, see `part_of`; differentiable.
            tile: One of `tiles`.
            moments_of: Layers to compute moments of.
            weights: Weights of the regions by layer, for the whole picture: shape (R, rows, columns).
        """
        columns, rows = tile.columns, tile.rows
        left, right = self._pads(columns, self.size[0])
        top, bottom = self._pads(rows, self.size[1])
        padded = functional.pad(part, (left, right, top, bottom), mode="reflect") if self.rim else part
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
            if layer in moments_of:
                inside = None if weights is None else weights[layer][(slice(None), *self.place(layer, tile))]
                values, statistics[layer] = with_moments(values, window(layer), inside)
            return values

        features = encoder(padded, self.layers, observe)
        return Measurement({layer: _cut(values, window(layer)) for layer, values in features.items()}, statistics)

    def measure(
        self,
        encoder: VggEncoder,
        image: Tensor,
        *,
        moments_of: Collection[str] = (),
        keep: Collection[str] = (),
        weights: Mapping[str, Tensor] | None = None,
    ) -> Measurement:
        """Features of the layers in `keep` and moments of those in `moments_of` for the whole picture, tile by tile, without gradients."""
        kept: dict[str, Tensor] = {}
        sums: dict[str, list[Moments]] = {}
        with torch.no_grad():
            for tile in self.tiles:
                measured = self.encode(encoder, part_of(image, tile), tile, moments_of=moments_of, weights=weights)
                if self.is_whole:
                    return Measurement({layer: measured.features[layer].clone() for layer in keep}, measured.statistics)
                for layer in keep:
                    values = measured.features[layer]
                    if layer not in kept:
                        empty = values.new_empty(1, values.shape[1], *self.shape(layer))
                        kept[layer] = empty.contiguous(memory_format=torch.channels_last)
                    kept[layer][(..., *self.place(layer, tile))] = values
                for layer, each in measured.statistics.items():
                    added = [_times(moments, moments.positions) for moments in each]
                    sums[layer] = [_plus(*pair) for pair in zip(sums[layer], added, strict=True)] if layer in sums else added
        return Measurement(kept, {layer: tuple(_times(total, 1 / total.positions) for total in each) for layer, each in sums.items()})

    def _pads(self, span: Span, length: int) -> tuple[int, int]:
        return (self.rim if span.start == 0 else 0), (self.rim if span.stop == length else 0)

    def _owned(self, span: Span, layer: str, positions: int, length: int) -> slice:
        stride = self._strides[layer]
        return slice(span.first // stride, positions if span.last == length else span.last // stride)


@dataclass(frozen=True)
class Measurement:
    """Features and moments of a picture or a tile.

    Attributes:
        features: Features by layer, (1, C, rows, columns).
        statistics: Moments by layer and region.
    """

    features: Mapping[str, Tensor]
    statistics: Statistics


def part_of(image: Tensor, tile: Tile) -> Tensor:
    """A view of the pixels of a tile, halo included, of a picture (1, 3, H, W)."""
    return image[:, :, tile.rows.start : tile.rows.stop, tile.columns.start : tile.columns.stop]


def framed_features(
    encoder: VggEncoder, image: Tensor, layers: Iterable[str], rim_px: int, *, moments_of: Collection[str] = ()
) -> tuple[Mapping[str, Tensor], Mapping[str, Moments]]:
    """Features of `layers` and moments of those in `moments_of` for a whole picture (1, 3, H, W), with a reflected rim of `rim_px`."""
    frame = Frame(encoder.record, (image.shape[3], image.shape[2]), layers, rim_px)
    measured = frame.encode(encoder, image, frame.tiles[0], moments_of=moments_of)
    return measured.features, {layer: moments for layer, (moments,) in measured.statistics.items()}


def _cut(values: Tensor, window: Window) -> Tensor:
    top, left, rows, columns = window
    return values[:, :, top : top + rows, left : left + columns]


def _times(moments: Moments, factor: float) -> Moments:
    return Moments(moments.mean * factor, moments.gram * factor, moments.positions)


def _plus(one: Moments, other: Moments) -> Moments:
    return Moments(one.mean + other.mean, one.gram + other.gram, one.positions + other.positions)
