"""Frames and strengths of the slim network."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from stylenet.networks.slim_geometry import FRAME_PX, STRIDE, mirrored, trained_strength, wrapped


def test_strengths_grow_from_the_photo_to_the_most_that_was_trained() -> None:
    assert [trained_strength(strength) for strength in (0, 20, 50, 100)] == [0, 10, 57, 100]
    steps = [trained_strength(strength) for strength in range(101)]
    assert all(first < second for first, second in itertools.pairwise(steps))
    assert trained_strength(-5) == 0


@pytest.mark.parametrize("length", [1, 2, 5, 40, 97])
def test_frames_of_any_length(length: int) -> None:
    photo, noise = mirrored(length), wrapped(length)
    assert len(photo) == len(noise) == FRAME_PX + length + -length % STRIDE + FRAME_PX
    inside = slice(FRAME_PX, FRAME_PX + length)
    for shown in (photo, noise):
        assert shown[inside].tolist() == list(range(length))
        assert 0 <= shown.min() <= shown.max() < length
    if length > 1:
        assert photo[FRAME_PX - 1] == 1  # the border itself is not repeated
        assert photo[FRAME_PX + length] == length - 2
        assert (np.abs(np.diff(photo)) == 1).all()
        assert noise[FRAME_PX - 1] == length - 1
        assert noise[FRAME_PX + length] == 0
