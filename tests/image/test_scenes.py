"""Computed sample pictures: many colors, shapes and detail, and reproducible."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.image.scenes import SCENES


@pytest.mark.parametrize("name", SCENES)
def test_a_scene(name: str) -> None:
    pixels = SCENES[name]()
    assert (pixels.shape, pixels.dtype) == ((512, 512, 3), np.uint8)
    assert np.array_equal(pixels, SCENES[name]())
    assert len(np.unique(pixels.reshape(-1, 3) // 32, axis=0)) > 25, "few colors"
    values = pixels.astype(np.float32).mean(2)
    assert values.std() > 25, "little contrast"
    assert np.abs(np.diff(values)).mean() > 2, "no detail"
    clipped = ((pixels == 0) | (pixels == 255)).mean()
    assert clipped < 0.1, "colors that no screen shows"
