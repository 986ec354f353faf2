"""The built-in styles for a page: the precomputed first layer of the coder, for each style and size.

A style file of 200 kB has a description of 3994 numbers, from which the first layer of the coder computes 256. The strength is one more
input of that layer, so these sums can be stored: the page adds the strength and computes the rest. This takes 1 kB per size, without
rounding, in float32.
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
from stylenet.networks.picture_sizes import LEAST_STYLE_PX, STYLE_PX_STEP
from stylenet.styles.files import read_style
from stylenet.styles.statistics import LayerStatistics
from stylenet.styles.stored import StoredStyle


@dataclass(frozen=True)
class StyleSums:
    """A style at all sizes.

    Attributes:
        card: Card of the style.
        sums: Sums of the first layer without the strength: shape (sizes, 256). Sizes increase from 192 px in steps of 32; the
            last row is the largest size of the style, and is used for all larger ones.
    """

    card: StyleCard
    sums: Array


def style_sums(paths: Sequence[Path], arrays: Mapping[str, Array], where: object) -> list[StyleSums]:
    """The styles in these files, processed by the coder in `arrays`, the tensors of the network file `where`."""
    coder = StyleCoder(arrays, where)

    def one(path: Path) -> StyleSums:
        painting = _Ladder(read_style(path))
        rows = [coder.sums(coder.describe(painting.at(size_px))) for size_px in style_sizes(painting.largest_px)]
        return StyleSums(painting.card, np.stack(rows))

    with ThreadPoolExecutor(available_cores()) as pool:
        return list(pool.map(one, paths))


def style_sizes(largest_px: int) -> list[int]:
    """The sizes for a style whose largest size is `largest_px`."""
    steps = max(0, -(-(largest_px - LEAST_STYLE_PX) // STYLE_PX_STEP))
    return [LEAST_STYLE_PX + STYLE_PX_STEP * step for step in range(steps + 1)]


def packed_sums(found: Sequence[StyleSums]) -> tuple[list[dict[str, Any]], bytes]:
    """A list for the page, and all sums as one safetensors file; `first` and `rows` in the list give the rows of each style."""
    listed, first = [], 0
    for look in found:
        card = look.card
        shown = {"name": card.name, "title": card.title or card.name, "artist": card.artist, "year": card.year}
        listed.append({**shown, "colors": card.colors, "mean": card.mean_color, "first": first, "rows": len(look.sums)})
        first += len(look.sums)
    return listed, save({"sums": np.concatenate([look.sums for look in found])})


class _Ladder:
    """A stored painting that unpacks the statistics of each stored size only once."""

    def __init__(self, painting: StoredStyle) -> None:
        self.card = painting.card
        self._sizes = sorted(painting.card.sizes_px)
        self._steps = [painting.at(size, tuple(LAYERS)) for size in self._sizes]

    @property
    def largest_px(self) -> int:
        """The largest size in the file."""
        return self._sizes[-1]

    def at(self, size_px: float) -> Mapping[str, LayerStatistics]:
        """As `StoredStyle.at`: means and second moments are blended, along the logarithm of the size."""
        above = next((index for index, size in enumerate(self._sizes) if size >= size_px), len(self._sizes) - 1)
        below = max(0, above - 1) if self._sizes[above] > size_px else above
        if above == below:
            return self._steps[above]
        share = math.log(size_px / self._sizes[below]) / math.log(self._sizes[above] / self._sizes[below])
        return {layer: self._steps[below][layer].between(self._steps[above][layer], share) for layer in LAYERS}
