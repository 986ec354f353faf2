"""Checks of the shapes that are passed between packages."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.shapes import Shaped, check_features, check_image, is_floating


@pytest.mark.parametrize(
    "image", [np.zeros((1, 3, 2, 5), np.float32), np.zeros((0, 3, 1, 1)), torch.zeros(4, 3, 1, 1), torch.zeros(1, 3, 2, 2).bfloat16()]
)
def test_pictures_of_arrays_and_tensors(image: Shaped) -> None:
    check_image(image)


@pytest.mark.parametrize(
    ("image", "told"),
    [
        (np.zeros((3, 2, 5), np.float32), r"got \(3, 2, 5\), float32"),
        (np.zeros((1, 4, 2, 5), np.float32), r"got \(1, 4, 2, 5\), float32"),
        (np.zeros((1, 2, 5, 3), np.float32), r"got \(1, 2, 5, 3\), float32"),
        (np.zeros((1, 3, 2, 5), np.uint8), r"got \(1, 3, 2, 5\), uint8"),
        (torch.zeros(1, 3, 2, 5, dtype=torch.int64), r"got \(1, 3, 2, 5\), torch.int64"),
    ],
)
def test_what_is_no_picture(image: Shaped, told: str) -> None:
    with pytest.raises(ShapeError, match=rf"a picture has shape \(B, 3, H, W\) and floating-point values in 0\.\.1; {told}"):
        check_image(image)


def test_features_have_four_dimensions() -> None:
    check_features(torch.zeros(2, 64, 3, 3))
    with pytest.raises(ShapeError, match=r"features have shape \(B, C, H, W\); got \(64, 3, 3\)"):
        check_features(torch.zeros(64, 3, 3))


def test_floating_point_values_of_every_width() -> None:
    kinds = (np.float16, np.float64, torch.float16, torch.bfloat16, torch.float64)
    assert all(is_floating(torch.zeros(1, dtype=kind) if isinstance(kind, torch.dtype) else np.zeros(1, kind)) for kind in kinds)
    assert not any(is_floating(one) for one in (np.zeros(1, bool), np.zeros(1, np.int8), torch.zeros(1, dtype=torch.bool)))
