"""Paintings that cannot be measured."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.catalog.styles import StyleCard
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.styles.measuring import measure_style

Painting = NDArray[np.float32]


@pytest.mark.parametrize("name", ["Blue Hills", "blue_hills", "-blue", "blue--hills", "", "../blue", "b" * 101])
def test_names_that_cannot_be(name: str, vgg19: VggEncoder, painting: Painting) -> None:
    with pytest.raises(StyleError, match="is not a valid style name; use lowercase letters, digits and single hyphens"):
        measure_style(painting, vgg19, StyleCard(name=name))


def test_too_small_a_painting(vgg19: VggEncoder) -> None:
    with pytest.raises(StyleError, match="the style image has 200 x 63 pixels; give one with at least 64 on the short side"):
        measure_style(np.zeros((1, 3, 63, 200), np.float32), vgg19, StyleCard(name="strip"))


def test_another_encoder_does_not_measure(encoder: VggEncoder, painting: Painting) -> None:
    with pytest.raises(
        StyleError, match="style files need statistics of VGG-19 with max pooling; they cannot be measured with this 'compact'"
    ):
        measure_style(painting, encoder, StyleCard(name="blue-hills"))
