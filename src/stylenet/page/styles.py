"""The built-in styles of a page: precomputed sums of the first layer of the coder, for each style and size.

A style file of 200 kB gives a description of 3994 numbers, from which the first layer of the coder computes 256 sums. The strength is a
further input of that layer, so the page can store the sums of the others, add the strength and compute the remaining layers. The sums take
1 kB per size in float32, without loss of precision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save

from stylenet.catalog.styles import StyleCard
from stylenet.engines.sessions import available_cores
from stylenet.engines.style_coder import StyleCoder
from stylenet.networks.descriptions import LAYERS
from stylenet.networks.file_arrays import Array
from stylenet.networks.picture_sizes import MIN_STYLE_PX, STYLE_PX_STEP
from stylenet.styles.files import read_style
from stylenet.styles.statistics import LayerStatistics
from stylenet.styles.stored import StoredStyle


@dataclass(frozen=True)
class StyleSums:
    """The sums of a style at all sizes.

    Attributes:
        card: Metadata of the style.
        sums: Sums of the first layer without the strength, shape (sizes, 256). Sizes increase from 192 px in steps of 32; the last row
            is for the largest size of the style, and is used for all larger sizes.
    """

    card: StyleCard
    sums: Array


def style_sums(paths: Sequence[Path], arrays: Mapping[str, Array], where: object) -> list[StyleSums]:
    """Compute the sums of style files with the coder in `arrays`, the tensors of the network file `where`."""
    coder = StyleCoder(arrays, where)

    def sums_of(path: Path) -> StyleSums:
        painting = _StoredSizes(read_style(path))
        rows = [coder.sums(coder.describe(painting.at(size_px))) for size_px in style_sizes(painting.largest_px)]
        return StyleSums(painting.card, np.stack(rows))

    with ThreadPoolExecutor(available_cores()) as pool:
        return list(pool.map(sums_of, paths))


def style_sizes(largest_px: int) -> list[int]:
    """The sizes for a style whose largest size is `largest_px`."""
    steps = max(0, -(-(largest_px - MIN_STYLE_PX) // STYLE_PX_STEP))
    return [MIN_STYLE_PX + STYLE_PX_STEP * step for step in range(steps + 1)]


def packed_sums(found: Sequence[StyleSums]) -> tuple[list[dict[str, Any]], bytes]:
    """The list of styles for the page, and all sums as one safetensors file; `first` and `rows` in the list locate the rows of a style."""
    listed, first = [], 0
    for style in found:
        card = style.card
        labels = {"name": card.name, "title": card.label, "artist": card.artist, "year": card.year}
        listed.append({**labels, "colors": card.colors, "mean": card.mean_color, "first": first, "rows": len(style.sums)})
        first += len(style.sums)
    return listed, save({"sums": np.concatenate([style.sums for style in found])})


class _StoredSizes:
    """The statistics of a stored painting at all its sizes, each unpacked only once."""

    def __init__(self, painting: StoredStyle) -> None:
        self.card = painting.card
        self._sizes = sorted(painting.card.sizes_px)
        self._statistics = [painting.at(size, tuple(LAYERS)) for size in self._sizes]

    @property
    def largest_px(self) -> int:
        """The largest size in the file."""
        return self._sizes[-1]

    def at(self, size_px: float) -> Mapping[str, LayerStatistics]:
        """Like `StoredStyle.at`: means and second moments are interpolated along the logarithm of the size."""
        above = next((index for index, size in enumerate(self._sizes) if size >= size_px), len(self._sizes) - 1)
        below = max(0, above - 1) if self._sizes[above] > size_px else above
        if above == below:
            return self._statistics[above]
        share = math.log(size_px / self._sizes[below]) / math.log(self._sizes[above] / self._sizes[below])
        return {layer: self._statistics[below][layer].between(self._statistics[above][layer], share) for layer in LAYERS}
