"""Styles that are pictures, measured by an encoder; and the moments of any style on a device. Those of files are in `styles.stored`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylenet.encoders.resampling import resize
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import Moments
from stylenet.styles.framing import Frame, Look
from stylenet.styles.statistics import LayerStatistics
from stylenet.styles.stored import SMALLEST_SIDE_PX

_TILE_PX = 2**21
"""Of a painting that is looked at in one pass: larger ones are measured tile by tile, with the same result, in bounded memory."""


class Style(Protocol):
    """What every engine asks of a style."""

    @property
    def name(self) -> str:
        """What a person calls it."""

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments | LayerStatistics]:
        """Statistics of `layers` for the painting at an area of `size_px` squared; see `moments_at`."""


@dataclass(frozen=True, kw_only=True)
class PictureStyle:
    """A painting's picture, measured at whatever size is asked for.

    Attributes:
        pixels: (1, 3, H, W), float32, 0..1.
        encoder: Measures, on its own device, to which the pixels are brought when they are looked at.
        rim_px: See `framed_features`.
        least_px: Root of the area to which a smaller picture is enlarged; by default none is.
    """

    name: str
    pixels: NDArray[np.float32]
    encoder: VggEncoder
    rim_px: int
    least_px: int = 0

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
        root = math.sqrt(width * height)
        scale = max(min(root, size_px), self.least_px) / root
        scale = max(scale, SMALLEST_SIDE_PX / min(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _look(self, width: int, height: int, *, watch: tuple[str, ...] = (), keep: tuple[str, ...] = ()) -> Look:
        frame = Frame(self.encoder.record, (width, height), watch or keep, self.rim_px, tile_px=_TILE_PX)
        # Resized before it is moved: the same pixels on every device, and fewer of them to move. torch takes no array that is read-only.
        pixels = resize(torch.from_numpy(np.require(self.pixels, requirements="W")), (width, height))
        return frame.measure(self.encoder, pixels.to(self.encoder.mean.device), watch=watch, keep=keep)


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


def moments_of(statistics: Moments | LayerStatistics, device: torch.device, dtype: torch.dtype | None = None) -> Moments:
    """Statistics as moments on a device, as a batch of one where they come from a file.

    Args:
        statistics: Of one layer, as `Style.at` gives them.
        device: Where they are needed.
        dtype: Of the moments; by default their own, or float32 on a device without float64.
    """
    if isinstance(statistics, LayerStatistics):
        mean, gram = torch.from_numpy(statistics.mean), torch.from_numpy(statistics.gram)
        statistics = Moments(mean[None], gram[None], statistics.positions)
    if dtype is None and device.type == "mps":
        dtype = torch.float32
    return statistics.to(device, dtype)


def moments_at(style: Style, size_px: float, layers: Iterable[str], device: torch.device) -> dict[str, Moments]:
    """Moments on a device of `layers` for the painting at an area of `size_px` squared."""
    return {layer: moments_of(values, device) for layer, values in style.at(size_px, layers).items()}


def statistics_of(moments: Moments) -> LayerStatistics:
    """The moments of one picture, a batch of one, as arrays in float64."""
    mean, gram = (values[0].detach().cpu().double().numpy() for values in (moments.mean, moments.gram))
    return LayerStatistics(mean, gram, moments.positions)
