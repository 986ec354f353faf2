"""Palettes of pictures with known colors."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.errors import UsageError
from stylenet.image.color import mean_color, palette
from stylenet.shapes import Image


def three_colors() -> Image:
    """12 columns of red, 8 of green, 4 of blue."""
    image = np.zeros((1, 3, 10, 24), np.float32)
    image[:, 0, :, :12] = 1
    image[:, 1, :, 12:20] = 1
    image[:, 2, :, 20:] = 1
    return image


def test_a_palette_has_the_colors_and_their_shares() -> None:
    swatches = palette(three_colors(), 3)
    assert [swatch.color for swatch in swatches] == ["#ff0000", "#00ff00", "#0000ff"]
    assert [swatch.share for swatch in swatches] == pytest.approx([1 / 2, 1 / 3, 1 / 6])


def test_fewer_colors_than_asked_for() -> None:
    assert [swatch.color for swatch in palette(np.ones((1, 3, 2, 2), np.float32), 6)] == ["#ffffff"]


def test_shares_add_up_on_any_picture() -> None:
    image = np.random.default_rng(0).random((1, 3, 300, 500), dtype=np.float32)
    swatches = palette(image, 6)
    assert len(swatches) == 6
    assert sum(swatch.share for swatch in swatches) == pytest.approx(1)
    assert [swatch.share for swatch in swatches] == sorted((swatch.share for swatch in swatches), reverse=True)
    assert swatches == palette(image, 6)


@pytest.mark.parametrize("count", [0, 257])
def test_a_palette_of_no_colors(count: int) -> None:
    with pytest.raises(UsageError, match=rf"a palette of {count} colors is not possible; allowed are 1\.\.256"):
        palette(np.ones((1, 3, 2, 2), np.float32), count)


def test_mean_color() -> None:
    assert mean_color(three_colors()) == "#80552a"
