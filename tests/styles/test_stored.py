"""Statistics of style files at and between the stored sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stylenet.errors import StyleError
from stylenet.styles.stored import ladder_sizes
from tests.styles.ladders import stored


@pytest.mark.parametrize(("asked", "expected"), [(100, 100), (200, 200), (400, 400), (50, 100), (800, 400)])
def test_a_step_of_the_ladder_and_beyond_its_ends(asked: float, expected: float) -> None:
    assert stored(100, 200, 400).at(asked, ("relu1_1",))["relu1_1"].mean[0] == pytest.approx(expected, rel=1e-6)


def test_between_two_steps_by_octaves() -> None:
    """At 200 * sqrt 2, halfway on a logarithmic scale, the result is the mean of both."""
    moments = stored(100, 200, 400).at(200 * math.sqrt(2), ("relu1_1",))["relu1_1"]
    np.testing.assert_allclose(moments.mean, np.full(2, 300.0), rtol=1e-6)
    np.testing.assert_allclose(moments.gram, np.full((2, 2), (200.0**2 + 400.0**2) / 2), rtol=1e-6)


def test_the_order_of_the_sizes_does_not_matter() -> None:
    for size in (100, 250, 400):
        one, other = (stored(*sizes).at(size, ("relu1_1",))["relu1_1"] for sizes in ((100, 200, 400), (400, 200, 100)))
        np.testing.assert_allclose(one.gram, other.gram)


def test_a_ladder_of_one_step() -> None:
    assert stored(300).at(17, ("relu1_1",))["relu1_1"].mean[0] == pytest.approx(300, rel=1e-6)


def test_a_layer_that_is_not_in_the_file() -> None:
    with pytest.raises(StyleError, match=r"style 'ladder' has .* relu1_1, but the recipe needs relu4_2; give the style image"):
        stored(100).at(100, ("relu1_1", "relu4_2"))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1024, 1024), (1024, 512, 256, 128)), ((4000, 3000), (1024, 512, 256, 128)), ((64, 64), (64, 32, 16)), ((400, 40), (126, 63))],
)
def test_sizes_of_the_ladder(size: tuple[int, int], expected: tuple[int, ...]) -> None:
    assert ladder_sizes(*size) == expected
