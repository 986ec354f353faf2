"""Conversion of stored numbers of any type and tone curve to sRGB-encoded levels in 0..1."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import ImageError
from stylenet.notices import CodedNotice

Floats: TypeAlias = NDArray[np.float32]


def unit(stored: NDArray[Any], full_scale: int) -> Floats:
    """`stored`, of any shape, 0..`full_scale`, as floats in 0..1."""
    return np.divide(stored, np.float32(full_scale), dtype=np.float32)


def unit_levels(stored: NDArray[Any], name: str, notices: list[str]) -> Floats:
    """Numbers of any type as levels in 0..1, of the same shape. The scale is inferred if the type does not define it.

    8-bit and 16-bit unsigned integers have their full scale. For wider and signed integers, programs disagree about white: it is assumed to
    be that of 8 or 16 bits if all values fit, that of the type if some values are close to it, and otherwise the largest value. Floats in
    0..1 are levels; if most are in this range, brighter ones are highlights, which are clipped. Changes are described in `notices`, with
    `name`.

    Raises:
        ImageError: A value is not finite.
    """
    if stored.dtype in (np.uint8, np.uint16):
        return unit(stored, int(np.iinfo(stored.dtype).max))
    if not np.isfinite(stored).all():
        raise ImageError("the picture has values that are not finite (NaN or infinity); save it again without them")
    low, high = float(stored.min()), float(stored.max())
    is_float = stored.dtype.kind == "f"
    scales = [1.0, 255.0] if is_float else [255.0, 65535.0][: stored.itemsize // 2]
    if stored.dtype.kind == "u" and high > np.iinfo(stored.dtype).max / 16:
        scales.append(float(np.iinfo(stored.dtype).max))
    if is_float and high > 1 and (low >= 0 or name == "color") and float(np.median(stored[stored > 0])) <= 1:
        notices.append(
            CodedNotice(f"{name} values {low:g}..{high:g} are clipped to 0..1, black..white", "values-clipped", low=low, high=high)
        )
        return stored.clip(0, 1).astype(np.float32)
    if is_float and name == "color" and low < 0 and high <= 255:
        notices.append(CodedNotice(f"{name} values {low:g}..{high:g} are clipped at 0, black", "values-clipped", low=low, high=high))
        stored, low = stored.clip(min=0), 0.0
    fitting = [scale for scale in scales if low >= 0 and high <= scale]
    if fitting:
        return (stored / fitting[0]).astype(np.float32)
    notices.append(CodedNotice(f"{name} values {low:g}..{high:g} are stretched to black..white", "values-stretched", low=low, high=high))
    return ((stored.astype(np.float64) - low) / max(high - low, 1e-12)).astype(np.float32)


def from_gamma(encoded: Floats, gamma: object) -> Floats:
    """Convert levels in 0..1, of any shape, from light to the power of `gamma` to sRGB.

    `gamma` is the value of the PNG chunk gAMA: 1 for linear light, 0.45455 for approximately sRGB. The latter, and anything that is not a
    number above 0, changes nothing.

    References:
        IEC 61966-2-1, section 5.2.
    """
    if not isinstance(gamma, float) or not 0.05 <= gamma <= 5 or abs(gamma * 2.2 - 1) < 0.05:
        return encoded
    light = encoded ** np.float32(1 / gamma)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055).astype(np.float32)
