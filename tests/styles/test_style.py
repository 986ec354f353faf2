"""Styles from pictures and from ladders of moments."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from stylenet.catalog.styles import StyleCard
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.losses.moments import Moments
from stylenet.styles.packed import PackedMoments
from stylenet.styles.style import PictureStyle, StoredStyle, ladder_sizes


def stored(*sizes: int) -> StoredStyle:
    """A ladder whose means are the sizes themselves, without any variance."""
    ladder = [Moments(torch.full((1, 2), float(size)), torch.full((1, 2, 2), float(size) ** 2), 1) for size in sizes]
    return StoredStyle(card=StyleCard(name="ladder", sizes_px=sizes), layers={"relu1_1": PackedMoments.of(ladder, 1, 1e-3)})


@pytest.mark.parametrize(("asked", "expected"), [(100, 100), (200, 200), (400, 400), (50, 100), (800, 400)])
def test_a_step_of_the_ladder_and_beyond_its_ends(asked: float, expected: float) -> None:
    assert stored(100, 200, 400).at(asked, ("relu1_1",))["relu1_1"].mean[0, 0] == pytest.approx(expected, rel=1e-6)


def test_between_two_steps_by_octaves() -> None:
    """Halfway in scale, at 200 * sqrt 2, lies the mean of both."""
    moments = stored(100, 200, 400).at(200 * math.sqrt(2), ("relu1_1",))["relu1_1"]
    torch.testing.assert_close(moments.mean, torch.full((1, 2), 300.0, dtype=torch.float64), rtol=1e-6, atol=0)
    torch.testing.assert_close(moments.gram, torch.full((1, 2, 2), (200.0**2 + 400.0**2) / 2, dtype=torch.float64), rtol=1e-6, atol=0)


def test_the_order_of_the_sizes_does_not_matter() -> None:
    for size in (100, 250, 400):
        one, other = (stored(*sizes).at(size, ("relu1_1",))["relu1_1"] for sizes in ((100, 200, 400), (400, 200, 100)))
        torch.testing.assert_close(one.gram, other.gram)


def test_a_ladder_of_one_step() -> None:
    assert stored(300).at(17, ("relu1_1",))["relu1_1"].mean[0, 0] == pytest.approx(300, rel=1e-6)


def test_a_layer_that_is_not_in_the_file() -> None:
    with pytest.raises(StyleError, match=r"style 'ladder' knows .* relu1_1, but the recipe asks for relu4_2; give the painting's picture"):
        stored(100).at(100, ("relu1_1", "relu4_2"))


def test_a_painting_is_never_enlarged(encoder: VggEncoder, painting: Tensor) -> None:
    style = PictureStyle(name="p", pixels=painting, encoder=encoder, rim_px=0)
    own = style.at_size(256, 192, ("relu1_1",))["relu1_1"]
    far = style.at(4000, ("relu1_1",))["relu1_1"]
    assert far.positions == 256 * 192
    torch.testing.assert_close(far.gram, own.gram)


def test_a_painting_is_looked_at_at_the_area_asked_for(encoder: VggEncoder, painting: Tensor) -> None:
    moments = PictureStyle(name="p", pixels=painting, encoder=encoder, rim_px=0).at(111, ("relu1_1",))["relu1_1"]
    assert moments.positions == pytest.approx(111**2, rel=0.01)


def test_a_painting_keeps_sixteen_pixels(encoder: VggEncoder) -> None:
    strip = torch.rand(1, 3, 20, 400, generator=torch.Generator().manual_seed(0))
    moments = PictureStyle(name="p", pixels=strip, encoder=encoder, rim_px=0).at(5, ("relu5_1",))["relu5_1"]
    assert moments.positions >= 1
    assert torch.isfinite(moments.gram).all()


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1024, 1024), (1024, 512, 256, 128)), ((4000, 3000), (1024, 512, 256, 128)), ((64, 64), (64, 32, 16)), ((400, 40), (126, 63))],
)
def test_sizes_of_the_ladder(size: tuple[int, int], expected: tuple[int, ...]) -> None:
    assert ladder_sizes(*size) == expected
