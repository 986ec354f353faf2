"""Levels without a step."""

from __future__ import annotations

import numpy as np

from stylenet.image.files import Picture
from stylenet.painting.painting import stylize
from stylenet.painting.stylizer import open_stylizer


def test_no_step_at_all_gives_the_photo_back() -> None:
    photo = Picture(pixels=np.random.default_rng(0).random((1, 3, 40, 48), dtype=np.float32))
    painting = stylize(photo, "starry-night", recipe=open_stylizer(changes={"pyramid.steps": "[0]"}))
    np.testing.assert_allclose(painting.pixels, photo.pixels, atol=1e-5)
    assert painting.done.steps == 0
