"""Pictures in a terminal."""

from __future__ import annotations

import numpy as np

from stylenet.cli.blocks import blocks


def test_blocks_are_two_pixels_a_character() -> None:
    image = np.zeros((1, 3, 4, 4), np.float32)
    image[:, 0, 1::2] = 1.0  # every second row is red
    segments = [segment for segment in blocks(image, columns=4, rows=2).segments if segment.text == "▀"]
    assert len(segments) == 4 * 2
    for segment in segments:
        assert segment.style is not None
        assert segment.style.color is not None
        assert segment.style.bgcolor is not None
        assert segment.style.color.triplet == (0, 0, 0)
        assert segment.style.bgcolor.triplet == (255, 0, 0)


def test_blocks_keep_the_shape_and_fit() -> None:
    wide = blocks(np.random.default_rng(0).random((1, 3, 40, 160), dtype=np.float32), columns=60, rows=20).segments
    assert sum(segment.text == "▀" for segment in wide) == 60 * 8  # 60 columns, 15 pixels: 8 rows
