"""Tone mapping of HDR frames: BT.2020 with PQ or HLG to BT.709."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

PQ, HLG = 16, 18
"""Numbers of the transfer characteristics in ITU-T H.273."""

_WHITE_NITS = 203.0
"""Reference white of HDR video: ITU-R BT.2408."""

_PEAK = 1000.0 / _WHITE_NITS
"""The brightest light that is not clipped, relative to white."""

_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]], np.float32)
"""Linear BT.2020 to linear BT.709: ITU-R BT.2087, table 4."""


def toned_down(frame: NDArray[np.uint16], transfer: int) -> NDArray[np.uint8]:
    """Tone-map a frame (H, W, 3) from 16-bit BT.2020 RGB to 8-bit sRGB.

    Light up to half of white is unchanged. Brighter light is compressed, preserving its hue (Reinhard's extended curve on the maximum of
    the channels).

    Args:
        frame: Encoded values.
        transfer: `PQ` or `HLG`.
    """
    coded = frame.astype(np.float32) / np.float32(65535)
    light = _from_pq(coded) if transfer == PQ else _from_hlg(coded)
    light = (light @ _TO_BT709.T).clip(0, None)
    brightest = light.max(axis=2, keepdims=True).clip(1e-6, None)
    excess, peak = (brightest - 0.5).clip(0, None) / 0.5, (_PEAK - 0.5) / 0.5
    compressed = 0.5 + 0.5 * excess * (1 + excess / peak**2) / (1 + excess)
    light *= np.where(brightest > 0.5, compressed / brightest, 1)
    light = light.clip(0, 1)
    srgb = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(srgb * 255).astype(np.uint8)


def _from_pq(coded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light relative to white: SMPTE ST 2084."""
    power = coded ** (1 / 78.84375)
    light = ((power - 0.8359375).clip(0, None) / (18.8515625 - 18.6875 * power)) ** (1 / 0.1593017578125)
    return light * np.float32(10000 / _WHITE_NITS)


def _from_hlg(coded: NDArray[np.float32]) -> NDArray[np.float32]:
    """Light relative to white, on a display of 1000 nits: ITU-R BT.2100."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.where(coded <= 0.5, coded**2 / 3, (np.exp((coded - c) / a) + b) / 12).astype(np.float32)
    luminance = scene @ np.array([0.2627, 0.6780, 0.0593], np.float32)
    return (scene * luminance.clip(1e-6, None)[..., None] ** 0.2 * _PEAK).astype(np.float32)
