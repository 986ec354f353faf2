"""Predict the knobs of the slim network from style statistics, in NumPy; same as `networks.coder` and `SlimNet.knobs_at`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from stylenet.engines.statistics import Moments
from stylenet.errors import StyleError, WeightsError
from stylenet.networks.descriptions import (
    BOUNDED,
    DEFAULT_STRENGTH,
    DIRECTIONS,
    FARTHEST,
    LAYERS,
    MIN_DEVIATION,
    MIN_VARIANCE,
    STRENGTH_UNIT,
)
from stylenet.networks.file_arrays import Array
from stylenet.networks.slim_geometry import STRENGTHS

_ROWS, _COLUMNS = np.triu_indices(DIRECTIONS)


class StyleCoder:
    """Encode style statistics as descriptions, and map descriptions to knobs.

    Args:
        arrays: Tensors of the network for arbitrary styles, of which those with prefix `coder.` are used.
        where: Path of the file, for error messages.

    Raises:
        WeightsError: a tensor is missing or has another shape.
    """

    def __init__(self, arrays: Mapping[str, Array], where: object) -> None:
        self._arrays = {name.removeprefix("coder."): value for name, value in arrays.items() if name.startswith("coder.")}
        size = 2 * sum(LAYERS.values()) + len(LAYERS) * len(_ROWS)
        wide, code = (len(self._arrays.get(f"{name}.bias", ())) for name in ("hidden", "code"))
        shapes = {
            **{f"directions_{layer}": (channels, DIRECTIONS) for layer, channels in LAYERS.items()},
            "center": (size,),
            "spread": (size,),
            "hidden.weight": (wide, size + 1),
            "hidden.bias": (wide,),
            "code.weight": (code, wide),
            "code.bias": (code,),
            **{f"{layer}_{end}": (width,) for layer, width in zip(BOUNDED, (wide, code), strict=True) for end in ("low", "high")},
        }
        for name, shape in shapes.items():
            if name not in self._arrays or self._arrays[name].shape != shape:
                found = self._arrays[name].shape if name in self._arrays else "missing"
                raise WeightsError(f"network file '{where}' does not match its card: coder.{name} is {found}, expected {shape}")
        knobs = self._arrays.get("knobs.weight"), self._arrays.get("knobs.bias")
        if knobs[0] is None or knobs[1] is None or knobs[0].shape != (len(knobs[1]), code):
            raise WeightsError(f"network file '{where}' does not match its card: coder.knobs is missing or has another shape")

    @property
    def knob_count(self) -> int:
        """Length K of the knobs."""
        return len(self._arrays["knobs.bias"])

    def describe(self, statistics: Mapping[str, Moments]) -> Array:
        """Normalized description, shape (D,), from the statistics of `LAYERS`.

        Raises:
            StyleError: the statistics lack a layer, have another number of channels, or contain NaN or infinity.
        """
        means, deviations, correlations = [], [], []
        for layer, channels in LAYERS.items():
            mean, covariance = _arrays_of(statistics, layer, channels)
            deviation = np.sqrt(np.maximum(np.diagonal(covariance), MIN_VARIANCE)).clip(MIN_DEVIATION)
            directions = self._arrays[f"directions_{layer}"].astype(np.float64) / deviation[:, None]
            means.append(mean)
            deviations.append(np.log(deviation))
            correlations.append((directions.T @ covariance @ directions)[_ROWS, _COLUMNS])
        raw = np.concatenate((*means, *deviations, *correlations))
        normalized = (raw - self._arrays["center"]) / self._arrays["spread"]
        return normalized.clip(-FARTHEST, FARTHEST).astype(np.float32)

    def knobs(self, description: Array, strength: float) -> Array:
        """The knobs, shape (K,), of a description at a strength, which is clipped to 10..100."""
        offset = (min(max(strength, STRENGTHS[0]), STRENGTHS[-1]) - DEFAULT_STRENGTH) / STRENGTH_UNIT
        sums = self._bounded("hidden", self.sums(description)) + np.float32(offset) * self._arrays["hidden.weight"][:, -1]
        codes = self._bounded("code", self._arrays["code.weight"] @ _silu(sums) + self._arrays["code.bias"])
        return self._arrays["knobs.weight"] @ _silu(codes) + self._arrays["knobs.bias"]

    def sums(self, description: Array) -> Array:
        """The first layer, before the strength is added."""
        return self._arrays["hidden.weight"][:, :-1] @ description + self._arrays["hidden.bias"]

    def _bounded(self, layer: str, values: Array) -> Array:
        """Clip each unit to its range for paintings; see `networks.coder.StyleCoder.bound`."""
        return np.clip(values, self._arrays[f"{layer}_low"], self._arrays[f"{layer}_high"])


def own_knobs(rows: Array, strength: float) -> Array:
    """The knobs, shape (K,), of a network for one style, from its rows (3, K), at a strength, which is clipped to 10..100."""
    low, middle, high = STRENGTHS
    strength = min(max(strength, low), high)
    below = max((middle - strength) / (middle - low), 0.0)
    above = max((strength - middle) / (high - middle), 0.0)
    return np.array((below, 1 - below - above, above), np.float32) @ rows


def _arrays_of(statistics: Mapping[str, Moments], layer: str, channels: int) -> tuple[Any, Any]:
    if layer not in statistics:
        raise StyleError(f"style descriptions need statistics of {', '.join(LAYERS)}; {layer} is missing")
    moments = statistics[layer]
    mean, covariance = np.asarray(moments.mean, np.float64), np.asarray(moments.covariance, np.float64)
    if mean.size != channels or covariance.size != channels**2:
        raise StyleError(f"{layer} has {channels} channels; got statistics of {mean.size}")
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise StyleError(f"the statistics of {layer} contain NaN or infinity")
    return mean.reshape(channels), covariance.reshape(channels, channels)


def _silu(x: Array) -> Array:
    return x / (1 + np.exp(-x.clip(-80)))  # below -80 the result is 0, and exp would overflow
