"""Styles from pictures and from stored moments."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylenet.catalog.encoders import EncoderRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.losses.moments import Moments
from stylenet.styles.style import PictureStyle, moments_at, moments_of, statistics_of
from tests.styles.ladders import stored

WIDTHS = {"conv1_1": 4, "conv2_1": 5, "conv3_1": 6}
RECORD = EncoderRecord(name="small", widths=WIDTHS)


def test_a_painting_is_never_enlarged(encoder: VggEncoder, painting: NDArray[np.float32]) -> None:
    style = PictureStyle(name="p", pixels=painting, encoder=encoder, rim_px=0)
    own = style.at_size(256, 192, ("relu1_1",))["relu1_1"]
    far = style.at(4000, ("relu1_1",))["relu1_1"]
    assert far.positions == 256 * 192
    torch.testing.assert_close(far.gram, own.gram)


def test_a_painting_is_looked_at_at_the_area_asked_for(encoder: VggEncoder, painting: NDArray[np.float32]) -> None:
    moments = PictureStyle(name="p", pixels=painting, encoder=encoder, rim_px=0).at(111, ("relu1_1",))["relu1_1"]
    assert moments.positions == pytest.approx(111**2, rel=0.01)


def test_a_painting_keeps_sixteen_pixels(encoder: VggEncoder) -> None:
    strip = np.random.default_rng(0).random((1, 3, 20, 400), np.float32)
    moments = PictureStyle(name="p", pixels=strip, encoder=encoder, rim_px=0).at(5, ("relu5_1",))["relu5_1"]
    assert moments.positions >= 1
    assert torch.isfinite(moments.gram).all()


def test_pixels_are_looked_at_where_the_encoder_is(painting: NDArray[np.float32]) -> None:
    """Tested on the `meta` device, which has only shapes."""
    far = VggEncoder(RECORD).to("meta")
    style = PictureStyle(name="p", pixels=painting, encoder=far.requires_grad_(False), rim_px=16)
    for size in (100, 4000):
        moments = style.at(size, ("relu3_1",))["relu3_1"]
        assert (moments.gram.device.type, moments.gram.shape) == ("meta", (1, 6, 6))
        assert style.features_at(size, ("relu3_1",))["relu3_1"].device.type == "meta"


def test_pixels_may_be_read_only(encoder: VggEncoder, painting: NDArray[np.float32]) -> None:
    locked = painting.copy()
    locked.flags.writeable = False
    one, other = (PictureStyle(name="p", pixels=pixels, encoder=encoder, rim_px=0) for pixels in (painting, locked))
    torch.testing.assert_close(one.at(50, ("relu1_1",))["relu1_1"].gram, other.at(50, ("relu1_1",))["relu1_1"].gram)


def test_statistics_become_moments_and_come_back() -> None:
    statistics = stored(100, 200).at(150, ("relu1_1",))["relu1_1"]
    moments = moments_of(statistics, torch.device("cpu"))
    assert (moments.mean.dtype, tuple(moments.mean.shape), tuple(moments.gram.shape)) == (torch.float64, (1, 2), (1, 2, 2))
    again = statistics_of(moments)
    assert np.array_equal(again.mean, statistics.mean)
    assert np.array_equal(again.gram, statistics.gram)
    np.testing.assert_allclose(statistics.covariance, moments.covariance[0].numpy())
    assert moments_of(statistics, torch.device("meta")).gram.device.type == "meta"
    assert moments_of(statistics, torch.device("cpu"), torch.float32).gram.dtype == torch.float32
    assert isinstance(moments_at(stored(100), 50, ["relu1_1"], torch.device("cpu"))["relu1_1"], Moments)
