"""The built-in styles as a page needs them: what the network of every style makes of each, at every size at which it looks.

A style file of 200 kB is described by 3994 numbers, of which the coder's first layer makes 256. The strength comes in as one more number
of that layer, so that these sums can be kept: a page adds the strength and goes on from there. Per size that is one kilobyte, and no
rounding: float32, as the coder computes.
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
class Look:
    """A style at all sizes.

    Attributes:
        card: Of the style.
        sums: Of the coder's first layer, before the strength comes in: shape (sizes, 256). Sizes go up from 192 px in steps of 32; the
            last row is the largest size that the style has, and holds for all above.
    """

    card: StyleCard
    sums: Array


def looks(paths: Sequence[Path], arrays: Mapping[str, Array], where: object) -> list[Look]:
    """The styles in these files, as the coder among `arrays`, the tensors of the network's file `where`, sees them."""
    coder = StyleCoder(arrays, where)

    def one(path: Path) -> Look:
        painting = _Ladder(read_style(path))
        rows = [coder.sums(coder.describe(painting.at(size_px))) for size_px in style_sizes(painting.largest_px)]
        return Look(painting.card, np.stack(rows))

    with ThreadPoolExecutor(available_cores()) as pool:
        return list(pool.map(one, paths))


def style_sizes(largest_px: int) -> list[int]:
    """The sizes at which a style is looked at that has none beyond `largest_px`."""
    steps = max(0, -(-(largest_px - LEAST_STYLE_PX) // STYLE_PX_STEP))
    return [LEAST_STYLE_PX + STYLE_PX_STEP * step for step in range(steps + 1)]


def packed_looks(found: Sequence[Look]) -> tuple[list[dict[str, Any]], bytes]:
    """A list for the page to show, and all sums as one safetensors file; `first` and `rows` in the list say where each style stands."""
    listed, first = [], 0
    for look in found:
        card = look.card
        shown = {"name": card.name, "title": card.title or card.name, "artist": card.artist, "year": card.year}
        listed.append({**shown, "colors": card.colors, "mean": card.mean_color, "first": first, "rows": len(look.sums)})
        first += len(look.sums)
    return listed, save({"sums": np.concatenate([look.sums for look in found])})


class _Ladder:
    """A stored painting whose statistics are unpacked once for each size of its file, and not twice for each size that is asked for."""

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
