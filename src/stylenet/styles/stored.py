"""Styles from files: statistics at several sizes. Does not import torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stylenet.catalog.styles import StyleCard
from stylenet.errors import StyleError
from stylenet.styles.packed import PackedMoments
from stylenet.styles.statistics import LayerStatistics

SMALLEST_SIDE_PX = 16
"""Smallest side at which a style image is measured: on smaller ones, the deepest layer has no position."""


@dataclass(frozen=True, kw_only=True)
class StoredStyle:
    """Statistics of a style image at several sizes, as stored in a style file.

    Attributes:
        card: Card with title, artist and so on.
        layers: Moments by layer, at the sizes of `card.sizes_px`.
    """

    card: StyleCard
    layers: Mapping[str, PackedMoments]

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    def at(self, size_px: float, layers: Iterable[str]) -> dict[str, LayerStatistics]:
        """Statistics for an area of `size_px` squared, interpolated between the two nearest sizes, or those of the smallest or largest one.

        Raises:
            StyleError: the file lacks a layer.
        """
        layers, sizes = tuple(layers), sorted(self.card.sizes_px)
        self.check(layers)
        above = next((size for size in sizes if size >= size_px), sizes[-1])
        below = next((size for size in reversed(sizes) if size <= size_px), sizes[0])
        if above == below:
            return {layer: self._stored(above, layer) for layer in layers}
        share = math.log(size_px / below) / math.log(above / below)
        return {layer: self._stored(below, layer).between(self._stored(above, layer), share) for layer in layers}

    def check(self, layers: Iterable[str]) -> None:
        """Raise `StyleError` if the file lacks a layer."""
        missing = [layer for layer in layers if layer not in self.layers]
        if missing:
            raise StyleError(
                f"style '{self.name}' has VGG-19's {', '.join(self.layers)}, but the recipe needs {', '.join(missing)}; "
                "give the style image instead of the style file"
            )

    def _stored(self, size_px: int, layer: str) -> LayerStatistics:
        return self.layers[layer].statistics(self.card.sizes_px.index(size_px))


def ladder_sizes(width: int, height: int) -> tuple[int, ...]:
    """Sizes (square roots of areas) of a style file: that of the style image, at most 1024, and three halvings of it."""
    own = min(1024.0, math.sqrt(width * height))
    sizes = (round(own / 2**halvings) for halvings in range(4))
    return tuple(size for size in sizes if size * min(width, height) / math.sqrt(width * height) >= SMALLEST_SIDE_PX) or (round(own),)
