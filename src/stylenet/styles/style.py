"""Styles from pictures, measured by an encoder, and moments of any style on a device. Styles from files are in `styles.stored`."""

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
from stylenet.styles.framing import Frame, Measurement
from stylenet.styles.statistics import LayerStatistics
from stylenet.styles.stored import SMALLEST_SIDE_PX

_TILE_PX = 2**21
"""Pixels per tile: larger style images are measured tile by tile, with the same result, in bounded memory."""


class Style(Protocol):
    """Interface of all styles."""

    @property
    def name(self) -> str:
        """Name for the user."""

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments | LayerStatistics]:
        """Statistics of `layers` at an area of `size_px` squared; see `moments_at`."""


@dataclass(frozen=True, kw_only=True)
class PictureStyle:
    """A style image that can be measured at any size.

    Attributes:
        pixels: (1, 3, H, W), float32, 0..1.
        encoder: Encoder that measures the picture, on its own device.
        rim_px: See `framed_features`.
        min_px: Square root of the area to which smaller pictures are enlarged; 0: never.
    """

    name: str
    pixels: NDArray[np.float32]
    encoder: VggEncoder
    rim_px: int
    min_px: int = 0

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments of `layers` at an area of `size_px` squared."""
        return self.at_size(*self._size(size_px), layers)

    def at_size(self, width: int, height: int, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Moments of `layers` at exactly this size."""
        layers = tuple(layers)
        statistics = self._measure(width, height, moments_of=layers).statistics
        return {layer: moments for layer, (moments,) in statistics.items()}

    def features_at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Tensor]:
        """Features of `layers` at an area of `size_px` squared, (1, C, H, W) each."""
        return self._measure(*self._size(size_px), keep=tuple(layers)).features

    def _size(self, size_px: float) -> tuple[int, int]:
        height, width = self.pixels.shape[2:]
        root = math.sqrt(width * height)
        scale = max(min(root, size_px), self.min_px) / root
        scale = max(scale, SMALLEST_SIDE_PX / min(width, height))
        return max(1, round(width * scale)), max(1, round(height * scale))

    def _measure(self, width: int, height: int, *, moments_of: tuple[str, ...] = (), keep: tuple[str, ...] = ()) -> Measurement:
        frame = Frame(self.encoder.record, (width, height), moments_of or keep, self.rim_px, tile_px=_TILE_PX)
        # Resized on the CPU: the same pixels on every device, and fewer to transfer. torch does not support read-only arrays.
        pixels = resize(torch.from_numpy(np.require(self.pixels, requirements="W")), (width, height))
        return frame.measure(self.encoder, pixels.to(self.encoder.mean.device), moments_of=moments_of, keep=keep)


@dataclass(frozen=True, kw_only=True)
class MixedStyle:
    """Several pictures as one style, with their moments pooled with equal weights.

    Attributes:
        parts: The pictures, at least one.
    """

    name: str
    parts: tuple[PictureStyle, ...]

    def at(self, size_px: float, layers: Iterable[str]) -> Mapping[str, Moments]:
        """Pooled moments of `layers`, each picture at an area of `size_px` squared."""
        layers = tuple(layers)
        return merge_moments([part.at(size_px, layers) for part in self.parts])


def merge_moments(measured: Sequence[Mapping[str, Moments]]) -> Mapping[str, Moments]:
    """Pooled moments of several pictures with equal weights: the mean of the means and of the mean products."""
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
    """Convert statistics to moments on a device; those of files get a batch dimension.

    Args:
        statistics: Statistics of one layer, as returned by `Style.at`.
        device: Device of the result.
        dtype: Dtype of the result; default: unchanged, or float32 on a device without float64.
    """
    if isinstance(statistics, LayerStatistics):
        mean, gram = torch.from_numpy(statistics.mean), torch.from_numpy(statistics.gram)
        statistics = Moments(mean[None], gram[None], statistics.positions)
    if dtype is None and device.type == "mps":
        dtype = torch.float32
    return statistics.to(device, dtype)


def moments_at(style: Style, size_px: float, layers: Iterable[str], device: torch.device) -> dict[str, Moments]:
    """Moments of `layers` on a device, at an area of `size_px` squared."""
    return {layer: moments_of(values, device) for layer, values in style.at(size_px, layers).items()}


def statistics_of(moments: Moments) -> LayerStatistics:
    """Moments with batch size 1, as arrays in float64."""
    mean, gram = (values[0].detach().cpu().double().numpy() for values in (moments.mean, moments.gram))
    return LayerStatistics(mean, gram, moments.positions)
