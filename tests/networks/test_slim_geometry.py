"""Frames of the slim network."""

from __future__ import annotations

import numpy as np
import pytest

from stylenet.networks.slim_geometry import FRAME_PX, STRIDE, mirrored, wrapped


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
