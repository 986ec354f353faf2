"""Sizes at which photos are painted and paintings are measured."""

from __future__ import annotations

from stylenet.networks.picture_sizes import measured_style_px


def test_a_painting_is_looked_at_as_large_as_the_photo_in_steps() -> None:
    assert measured_style_px(512, 512, 1.0) == 512
    assert measured_style_px(510, 500, 1.0) == 512
    assert measured_style_px(512, 512, 2.0) == 1024
    assert measured_style_px(20, 30, 1.0) == 192
