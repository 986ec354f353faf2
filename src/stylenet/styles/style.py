"""A style: a painting's statistics, measured from its picture or read from its file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from stylenet.catalog.styles import StyleCard
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.image.resize import resize
from stylenet.losses.moments import Moments
from stylenet.styles.framing import Frame, Look
from stylenet.styles.packed import PackedMoments

SMALLEST_SIDE_PX = 16
"""A painting is never looked at smaller than this: the deepest layer would have no position left."""


_TILE_PX = 2**21
"""Of a painting that is looked at in one pass: larger ones are measured tile by tile, with the same result, in bounded memory."""


class Style(Protocol):
    """What every engine asks of a style."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments of `layers` for the painting at an area of `size_px` squared."""


@dataclass(frozen=True, kw_only=True)
class PictureStyle:
    """A painting's picture, measured at whatever size is asked for, but never enlarged.

    Attributes:
        pixels: (1, 3, H, W), 0..1.
        encoder: Measures.
        rim_px: See `framed_features`.
    """

    name: str
    pixels: Tensor
    encoder: VggEncoder
    rim_px: int

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments of `layers` for the painting at an area of `size_px` squared."""
        return self.at_size(*self._size(size_px), layers)

    def at_size(self, width: int, height: int, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments of `layers` for the painting at exactly this size."""
        layers = tuple(layers)
        statistics = self._look(width, height, watch=layers).statistics
        return {layer: moments for layer, (moments,) in statistics.items()}

    def features_at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Tensor]:
        """Features of `layers` for the painting at an area of `size_px` squared, (1, C, H, W) each."""
        return self._look(*self._size(size_px), keep=tuple(layers)).features

    def _size(self, size_px: float) -> tuple[int, int]:
        height, width = self.pixels.shape[2:]
        scale = min(1.0, size_px / math.sqrt(width * height))
        scale = max(scale, SMALLEST_SIDE_PX / min(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _look(self, width: int, height: int, *, watch: tuple[str, ...] = (), keep: tuple[str, ...] = ()) -> Look:
        frame = Frame(self.encoder.record, (width, height), watch or keep, self.rim_px, tile_px=_TILE_PX)
        return frame.measure(self.encoder, resize(self.pixels, (width, height)), watch=watch, keep=keep)


@dataclass(frozen=True, kw_only=True)
class MixedStyle:
    """Several pictures as one style, a painter's folder: the moments of all of them together, each picture with the same weight.

    Attributes:
        parts: The pictures; at least one.
        notices: What a person should know of the folder, one line each.
    """

    name: str
    parts: tuple[PictureStyle, ...]
    notices: tuple[str, ...] = ()

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments of `layers` for every picture at an area of `size_px` squared, together."""
        layers = tuple(layers)
        return together([part.at(size_px, layers) for part in self.parts])


@dataclass(frozen=True, kw_only=True)
class StoredStyle:
    """A painting's moments at a ladder of sizes, as a style file holds them.

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

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments for an area of `size_px` squared: blended between the two nearest steps of the ladder, or its last step.

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
        return {layer: _between(self._stored(below, layer), self._stored(above, layer), share) for layer in layers}

    def check(self, layers: Iterable[str]) -> None:
        """Raise `StyleError` where a layer is not in the file."""
        missing = [layer for layer in layers if layer not in self.layers]
        if missing:
            raise StyleError(
                f"style '{self.name}' knows VGG-19's {', '.join(self.layers)}, but the recipe asks for {', '.join(missing)}; "
                "give the painting's picture in place of the style"
            )

    def _stored(self, size_px: int, layer: str) -> Moments:
        return self.layers[layer].moments(self.card.sizes_px.index(size_px))


def ladder_sizes(width: int, height: int) -> tuple[int, ...]:
    """Sizes (square roots of areas) at which a style file looks at a painting: its own, at most 1024, and three halvings of it."""
    own = min(1024.0, math.sqrt(width * height))
    sizes = (round(own / 2**halvings) for halvings in range(4))
    return tuple(size for size in sizes if size * min(width, height) / math.sqrt(width * height) >= SMALLEST_SIDE_PX) or (round(own),)


def together(measured: Sequence[Mapping[str, Moments]]) -> Mapping[str, Moments]:
    """The moments of several pictures as if they were one: the mean of the means and of the mean products."""
    count = len(measured)
    return {
        layer: Moments(
            torch.stack([one[layer].mean for one in measured]).sum(0) / count,
            torch.stack([one[layer].gram for one in measured]).sum(0) / count,
            sum(one[layer].positions for one in measured),
        )
        for layer in measured[0]
    }


def _between(below: Moments, above: Moments, share: float) -> Moments:
    return Moments(torch.lerp(below.mean, above.mean, share), torch.lerp(below.gram, above.gram, share), above.positions)
