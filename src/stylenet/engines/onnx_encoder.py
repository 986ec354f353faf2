"""The encoder `compact` in onnxruntime: the same style statistics as `styles.style.PictureStyle`, without torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stylenet.catalog.encoders import COMPACT
from stylenet.engines.graph_files import bare_graph
from stylenet.engines.sessions import LazySession
from stylenet.engines.statistics import Sums
from stylenet.errors import ShapeError, StyleError, WeightsError
from stylenet.image.resize import resize
from stylenet.networks.descriptions import LAYERS
from stylenet.networks.file_arrays import Array
from stylenet.networks.picture_sizes import MIN_STYLE_PX
from stylenet.storage.eight_bits import dequantize
from stylenet.styles.statistics import LayerStatistics, merge_statistics
from stylenet.styles.stored import SMALLEST_SIDE_PX
from stylenet.tiling.grid import Span, Tile, tile_grid
from stylenet.tiling.halo import deepest_stride, halo_px, strides

RIM_PX = 16
"""Reflection padding around a style image, whose features are excluded; the same as for style files."""

TILE_PX = 2**19
"""Pixels per tile. Larger style images are processed tile by tile, with the same result."""


class OnnxEncoder:
    """The built-in factored VGG-19. Thread-safe.

    Args:
        path: Weights file; None: the built-in one.
        threads: Number of threads per call; 0: one per core available to this process.

    Raises:
        WeightsError: the file is missing, damaged, or belongs to another encoder.
    """

    def __init__(self, path: Path | None = None, *, threads: int = 0) -> None:
        path = path or Path(str(resources.files("stylenet") / "weights" / "bundled" / f"{COMPACT.name}.safetensors"))
        graph = bare_graph("compact")
        self._session = LazySession(graph, graph.select_weights(_read(path), path), threads=threads)

    def features(self, image: Array) -> dict[str, Array]:
        """Features of `LAYERS`, (1, C, h, w) each, of a picture (1, 3, H, W) in 0..1 with sides of at least 16 pixels."""
        return dict(zip(LAYERS, self._session.run({"image": image}), strict=True))

    def style_statistics(self, pixels: Array, size_px: float) -> dict[str, LayerStatistics]:
        """Statistics of `LAYERS` for a style image (1, 3, H, W) in 0..1, resized to an area of `size_px` squared.

        A style image is enlarged only up to `MIN_STYLE_PX`: a smaller one has too few positions in the deepest layers for correlations.

        Raises:
            ShapeError: `pixels` do not have this shape.
            StyleError: the style image contains NaN.
        """
        if pixels.ndim != 4 or pixels.shape[:2] != (1, 3) or not pixels.size or pixels.dtype != np.float32:
            raise ShapeError(f"a painting has shape (1, 3, H, W) and float32 values in 0..1; got {pixels.shape}, {pixels.dtype}")
        width, height = size = measured_size(pixels.shape[3], pixels.shape[2], size_px)
        image = resize(pixels, size)
        if not np.isfinite(image).all():
            raise StyleError("the painting contains NaN; save it again without")
        rim = min(RIM_PX, height - 1, width - 1) // 16 * 16
        halo, stride = halo_px(COMPACT, LAYERS), deepest_stride(COMPACT, COMPACT.layers[: COMPACT.layers.index(list(LAYERS)[-1]) + 1])
        sums = {layer: Sums() for layer in LAYERS}
        for tile in tile_grid(width, height, max_px=TILE_PX, halo_px=halo, stride_px=stride):
            self._add(image, tile, rim, sums)
        return {layer: each.statistics() for layer, each in sums.items()}

    def _add(self, image: Array, tile: Tile, rim: int, sums: Mapping[str, Sums]) -> None:
        """Add the positions of a tile without its halo."""
        height, width = image.shape[2:]
        part = image[:, :, tile.rows.start : tile.rows.stop, tile.columns.start : tile.columns.stop]
        above, left = (rim if span.start == 0 else 0 for span in (tile.rows, tile.columns))
        below, right = (rim if span.stop == length else 0 for span, length in ((tile.rows, height), (tile.columns, width)))
        if rim:
            part = np.pad(part, ((0, 0), (0, 0), (above, below), (left, right)), mode="reflect")
        for layer, features in self.features(np.ascontiguousarray(part)).items():
            rows = _inner_positions(tile.rows, layer, above, height)
            columns = _inner_positions(tile.columns, layer, left, width)
            sums[layer].add(features[0, :, rows, columns])


class PicturePainting:
    """A style image that can be measured at any size; see `OnnxEncoder.style_statistics`.

    Args:
        pixels: (1, 3, H, W), 0..1.
        encoder: Encoder that measures it.
    """

    def __init__(self, pixels: Array, encoder: OnnxEncoder) -> None:
        self._pixels, self._encoder = pixels, encoder

    def at(self, size_px: float, layers: Iterable[str], /) -> Mapping[str, LayerStatistics]:
        """Statistics of `layers`, a subset of `LAYERS`, at an area of `size_px` squared."""
        statistics = self._encoder.style_statistics(self._pixels, size_px)
        return {layer: statistics[layer] for layer in layers}


class MixedPaintings:
    """Several style images as one style, such as a folder of one painter's works."""

    def __init__(self, parts: Sequence[PicturePainting]) -> None:
        self._parts = parts

    def at(self, size_px: float, layers: Iterable[str], /) -> Mapping[str, LayerStatistics]:
        """Pooled statistics of `layers`, each style image at an area of `size_px` squared."""
        layers = tuple(layers)
        return merge_statistics([part.at(size_px, layers) for part in self._parts])


def measured_size(width: int, height: int, size_px: float) -> tuple[int, int]:
    """(width, height) at which a style image is measured for an area of `size_px` squared."""
    root = math.sqrt(width * height)
    scale = max(min(root, size_px), MIN_STYLE_PX) / root
    scale = max(scale, SMALLEST_SIDE_PX / min(width, height))
    return max(1, round(width * scale)), max(1, round(height * scale))


_STRIDES = strides(COMPACT)


def _inner_positions(span: Span, layer: str, before: int, length: int) -> slice:
    """The positions of a tile without its halo, relative to its first one; `before` is the width of the rim in pixels."""
    stride = _STRIDES[layer]
    origin = (span.start - before) // stride
    last = max(1, length // stride) if span.last == length else span.last // stride
    return slice(span.first // stride - origin, last - origin)


def _read(path: Path) -> dict[str, Any]:
    """The weights in float32; 8-bit kernels are dequantized.

    Raises:
        WeightsError: the file is missing or damaged.
    """
    try:
        stored = dequantize(load_file(path))
    except (SafetensorError, OSError, KeyError, WeightsError) as error:
        raise WeightsError(f"the encoder's file '{path}' is missing or damaged: {error}; reinstall stylenet") from None
    weights = {}
    for name, value in stored.items():
        if value.dtype.kind != "f" or not np.isfinite(value).all():
            raise WeightsError(f"the encoder's file '{path}' is damaged: {name} is not an array of finite floats")
        weights[name] = value.astype(np.float32, copy=False)
    return weights
