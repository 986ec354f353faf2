"""CIELAB colors in NumPy; scikit-image takes a second to import and requires SciPy.

References:
    IEC 61966-2-1 (sRGB); CIE 15:2004, section 8.2.1 (CIELAB), for illuminant D65 and the 2 degree observer.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Colors: TypeAlias = NDArray[np.floating[Any]]
"""Colors in rows, shape (N, 3)."""

XYZ_FROM_RGB = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
"""Linear sRGB to XYZ; the second row is the luminance."""

RGB_FROM_XYZ = np.linalg.inv(XYZ_FROM_RGB)

_WHITE = np.array([0.95047, 1.0, 1.08883])
_BREAK, _SLOPE, _OFFSET = 0.008856, 7.787, 16 / 116
_INVERSE_BREAK = 0.2068966


def rgb_to_lab(rgb: Colors) -> Colors:
    """CIELAB of sRGB-encoded colors.

    Args:
        rgb: (N, 3), 0..1, float32 or float64.

    Returns:
        L* in 0..100, a* and b*; shape and type of `rgb`.
    """
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    ratios = (linear @ XYZ_FROM_RGB.T.astype(rgb.dtype)) / _WHITE.astype(rgb.dtype)
    values = np.where(ratios > _BREAK, np.cbrt(ratios), _SLOPE * ratios + _OFFSET)
    lightness = 116 * values[:, 1] - 16
    return np.stack([lightness, 500 * (values[:, 0] - values[:, 1]), 200 * (values[:, 1] - values[:, 2])], axis=1).astype(rgb.dtype)


def lab_to_linear(lab: Colors) -> Colors:
    """Linear sRGB of CIELAB colors (N, 3); values outside of 0..1 are out of gamut."""
    lightness = (lab[:, 0] + 16) / 116
    values = np.stack([lab[:, 1] / 500 + lightness, lightness, np.maximum(lightness - lab[:, 2] / 200, 0)], axis=1)
    ratios = np.where(values > _INVERSE_BREAK, values**3, (values - _OFFSET) / _SLOPE)
    return ((ratios * _WHITE) @ RGB_FROM_XYZ.T).astype(lab.dtype)


def encode(linear: Colors) -> Colors:
    """sRGB-encoded colors, 0..1, of linear colors; values outside of 0..1 are clipped."""
    encoded = np.where(linear > 0.0031308, 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055, 12.92 * linear)
    return encoded.clip(0, 1).astype(linear.dtype)
