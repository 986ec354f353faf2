"""A style as its file holds it: a painting's statistics at a ladder of sizes. No torch."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from stylenet.catalog.styles import StyleCard
from stylenet.errors import StyleError
from stylenet.styles.packed import PackedMoments
from stylenet.styles.statistics import LayerStatistics

SMALLEST_SIDE_PX = 16
"""A painting is never looked at smaller than this: the deepest layer would have no position left."""


@dataclass(frozen=True, kw_only=True)
class StoredStyle:
    """A painting's statistics at a ladder of sizes, as a style file holds them.

    Attributes:
        card: What a person wants to know.
        layers: Moments by layer, each at all of `card.sizes_px`, in their order.
    """

    card: StyleCard
    layers: Mapping[str, PackedMoments]

    @property
    def name(self) -> str:
        """The card's name."""
        return self.card.name

    def at(self, size_px: float, layers: Iterable[str]) -> dict[str, LayerStatistics]:
        """Statistics for an area of `size_px` squared: blended between the two nearest steps of the ladder, or its last step.

        Raises:
            StyleError: a layer is not in the file.
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
        """Raise `StyleError` where a layer is not in the file."""
        missing = [layer for layer in layers if layer not in self.layers]
        if missing:
            raise StyleError(
                f"style '{self.name}' knows VGG-19's {', '.join(self.layers)}, but the recipe asks for {', '.join(missing)}; "
                "give the painting's picture in place of the style"
            )

    def _stored(self, size_px: int, layer: str) -> LayerStatistics:
        return self.layers[layer].statistics(self.card.sizes_px.index(size_px))


def ladder_sizes(width: int, height: int) -> tuple[int, ...]:
    """Sizes (square roots of areas) at which a style file looks at a painting: its own, at most 1024, and three halvings of it."""
    own = min(1024.0, math.sqrt(width * height))
    sizes = (round(own / 2**halvings) for halvings in range(4))
    return tuple(size for size in sizes if size * min(width, height) / math.sqrt(width * height) >= SMALLEST_SIDE_PX) or (round(own),)
