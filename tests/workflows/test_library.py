"""Other functions of the commands for Python programs."""

from __future__ import annotations

import numpy as np
import pytest

import stylenet
from stylenet.errors import ImageError, UsageError
from stylenet.image.files import Picture


def test_a_sheet_is_a_picture(photo: Picture) -> None:
    found = stylenet.sheet(photo, "starry-night", recipe="instant", strengths=[50], style_scales=[1], size=64)
    assert (found.width, found.height) > (128, 64)
    with pytest.raises(UsageError, match="strength is 500"):
        stylenet.sheet(photo, "starry-night", recipe="instant", strengths=[500])
    with pytest.raises(UsageError, match="'red' is not a color mode"):
        stylenet.sheet(photo, "starry-night", recipe="instant", colors=["red"])


def test_compared_pictures_have_measures_in_their_order(photo: Picture) -> None:
    gray = np.full((64, 80, 3), 0.5, np.float32)
    near, far = stylenet.compare([photo, gray], photo=photo, style="starry-night", encoder="compact", device="cpu")
    assert near.ssim == pytest.approx(1.0, abs=1e-6)
    assert far.ssim is not None
    assert far.ssim < 0.9
    assert near.style is not None
    (alone,) = stylenet.compare(gray, encoder="compact", device="cpu")
    assert alone.style is None
    with pytest.raises(UsageError, match="nothing to compare"):
        stylenet.compare([])
    with pytest.raises(ImageError):
        stylenet.compare([None])  # type: ignore[list-item]


def test_recolored(photo: Picture) -> None:
    gray = photo.pixels.mean(axis=1, keepdims=True).repeat(3, axis=1)
    assert abs(stylenet.recolor(gray, photo=photo).pixels - photo.pixels).mean() < 0.05
    red = stylenet.recolor(gray, palette=[("#ff0000", 1), ("#200000", 1)]).pixels
    assert red[:, 0].mean() > red[:, 2].mean() + 0.1
    assert stylenet.recolor(gray, palette="great-wave").pixels.shape == gray.shape
    for wrong in ({}, {"photo": photo, "palette": "great-wave"}, {"palette": "great-wave", "keep_colors": "luminance"}):
        with pytest.raises(UsageError):
            stylenet.recolor(gray, **wrong)


def test_masks_are_found_and_loaded() -> None:
    pytest.importorskip("cv2")
    array = np.full((60, 80, 3), 0.5, np.float32)
    array[15:45, 25:55] = (1.0, 0.2, 0.1)
    mask = stylenet.find_subject(array)
    assert mask.shape == (1, 1, 60, 80)
    assert mask[0, 0, 30, 40] > 0.5 > mask[0, 0, 3, 3]
    with pytest.raises(ImageError, match="no face"):
        stylenet.find_faces(array)
    assert stylenet.load_mask(array > 0.9).shape == (1, 1, 60, 80)
