"""CIELAB compared with scikit-image's conversions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from skimage.color import lab2xyz, rgb2lab, xyz2rgb

from stylenet.image.lab import XYZ_FROM_RGB, encode, lab_to_linear, rgb_to_lab


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_lab_is_that_of_scikit_image(dtype: type) -> None:
    axis: Any = np.linspace(0, 1, 17).astype(dtype)
    rgb = np.stack(np.meshgrid(axis, axis, axis), axis=-1).reshape(-1, 3)
    assert rgb_to_lab(rgb).dtype == dtype
    np.testing.assert_allclose(rgb_to_lab(rgb), rgb2lab(rgb), atol=2e-3 if dtype is np.float32 else 1e-5)


def test_linear_light_is_that_of_scikit_image() -> None:
    rgb = np.random.default_rng(0).random((1000, 3))
    lab = rgb2lab(rgb)
    linear = lab_to_linear(lab)
    np.testing.assert_allclose(linear @ XYZ_FROM_RGB.T, lab2xyz(lab), atol=1e-5)
    np.testing.assert_allclose(encode(linear), xyz2rgb(lab2xyz(lab)), atol=1e-5)


def test_there_and_back_is_the_same_color() -> None:
    rgb = np.random.default_rng(1).random((1000, 3))
    np.testing.assert_allclose(encode(lab_to_linear(rgb_to_lab(rgb))), rgb, atol=2e-4)
