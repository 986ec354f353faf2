"""The statistics in a style file as arrays: `styles.files` and `styles.packed`, as far as painting in one pass needs them."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, load_file

from stylenet.catalog.encoders import VGG19
from stylenet.catalog.styles import StyleCard, read_card
from stylenet.engines.statistics import Exact, LayerStatistics
from stylenet.errors import StyleError

_MOST_BYTES = 1 << 24
"""More than the parts of any style have; a file that unpacks to more is none."""

_NOTHING = 1e-20
"""Stands for a scale of zero, by which nothing can be divided."""

_Parts = Mapping[str, np.ndarray[Any, np.dtype[Any]]]


class StoredPainting:
    """A painting's statistics at a ladder of sizes.

    Args:
        path: Of the style file.

    Raises:
        StyleError: not a style file, a broken one, or one of another version.
    """

    def __init__(self, path: Path) -> None:
        self.card: StyleCard = read_card(path)
        self._path = path
        try:
            inflate = zlib.decompressobj()
            self._tensors = load(inflate.decompress(load_file(path)["statistics"].tobytes(), _MOST_BYTES))
        except (SafetensorError, KeyError, OSError, ValueError, zlib.error) as error:
            raise StyleError(f"style file '{path}' is broken: {error}") from None
        if not inflate.eof:
            raise StyleError(f"style file '{path}' is broken: its statistics have no end")

    def at(self, size_px: float, layers: Iterable[str], /) -> Mapping[str, LayerStatistics]:
        """Statistics of `layers` at an area of `size_px` squared: blended between the two nearest steps of the ladder, or its last step.

        Raises:
            StyleError: a layer is not in the file, or broken.
        """
        sizes = sorted(self.card.sizes_px)
        above = next((size for size in sizes if size >= size_px), sizes[-1])
        below = next((size for size in reversed(sizes) if size <= size_px), sizes[0])
        share = 0.0 if above == below else math.log(size_px / below) / math.log(above / below)
        found = {}
        for layer in layers:
            parts = self._parts(layer)
            mean, gram = _moments(parts, self.card.sizes_px.index(below))
            if share:
                mean_above, gram_above = _moments(parts, self.card.sizes_px.index(above))
                mean, gram = mean + share * (mean_above - mean), gram + share * (gram_above - gram)
            found[layer] = LayerStatistics(mean, gram - np.outer(mean, mean))
        return found

    def _parts(self, layer: str) -> _Parts:
        """A layer's parts, their types and shapes checked."""
        channels, sizes = VGG19.widths[layer.replace("relu", "conv")], len(self.card.sizes_px)
        parts = {part: self._tensors.get(f"{layer}.{part}") for part in ("mean", "rest", "basis", "factor", "rows", "units")}
        count = 0 if parts["basis"] is None else parts["basis"].shape[-1]
        expected: dict[str, tuple[Any, tuple[int, ...]]] = {
            "mean": (np.int16, (sizes, channels)),
            "rest": (np.int8, (sizes, channels)),
            "basis": (np.int8, (channels, count)),
            "factor": (np.int8, (sizes, count * (count + 1) // 2)),
            "rows": (np.float16, (sizes, count)),
            "units": (np.float32, (sizes, 3)),
        }
        checked = {}
        for part, (dtype, shape) in expected.items():
            values = parts[part]
            if values is None or values.dtype != dtype or values.shape != shape or not np.isfinite(values).all():
                raise StyleError(f"style file '{self._path}' is broken: {layer}.{part} is missing, or not what it should be")
            checked[part] = values
        return checked


def _moments(parts: _Parts, step: int) -> tuple[Exact, Exact]:
    """Mean (C,) and mean products (C, C) at one step of the ladder: `PackedMoments.moments`."""
    count = parts["basis"].shape[1]
    mean_step, rest_step, row_unit = parts["units"][step].astype(np.float64)
    lower = np.zeros((count, count))
    lower[np.tril_indices(count)] = parts["factor"][step]
    factor = parts["basis"].astype(np.float64) @ (lower * (parts["rows"][step].astype(np.float64) * row_unit)[:, None])
    mean = parts["mean"][step].astype(np.float64) * mean_step
    rest = np.copysign(np.square(parts["rest"][step].astype(np.float64) * rest_step), parts["rest"][step])
    power = np.square(factor).sum(1)
    # Shortened, and not lowered on the diagonal alone: so it stays a covariance.
    factor *= np.sqrt(np.maximum(1 + np.minimum(rest, 0) / np.maximum(power, _NOTHING), 0))[:, None]
    gram = factor @ factor.T + np.outer(mean, mean)
    gram[np.diag_indices(len(gram))] += np.maximum(rest, 0)
    return mean, gram
