"""Tone mapping of HDR frames."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.video.tones import HLG, PQ, toned_down


def test_white_of_hdr_stays_bright_and_highlights_are_kept_apart() -> None:
    # PQ codes of 0, 100, 203, 500 and 1000 nits: SMPTE ST 2084.
    codes = np.array([0, 0.508078, 0.580689, 0.676588, 0.751827]) * 65535
    gray = np.repeat(codes.astype(np.uint16)[None, :, None], 3, axis=2)
    tones = toned_down(gray, PQ)[0, :, 0].astype(int)
    assert tones[0] == 0
    assert (np.diff(tones) > 3).all(), tones
    assert tones[4] >= 250
    assert toned_down(gray, HLG)[0, :, 0][0] == 0


def pq(nits: float) -> float:
    """The code of light: SMPTE ST 2084, equation 5.2."""
    power = (nits / 10000) ** 0.1593017578125
    return float(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def toned(code: float, transfer: int) -> NDArray[np.int_]:
    return toned_down(np.full((1, 1, 3), round(65535 * code), np.uint16), transfer)[0, 0].astype(int)


@pytest.mark.parametrize("share", [0.05, 0.2, 0.5])
def test_light_up_to_half_of_white_is_unchanged(share: float) -> None:
    srgb = 255 * (1.055 * share ** (1 / 2.4) - 0.055)
    assert toned(pq(203 * share), PQ) == pytest.approx([srgb] * 3, abs=1)


def test_white_of_hlg_is_that_of_pq() -> None:
    """Reference white is 75 % of HLG and 58 % of PQ: ITU-R BT.2408, table 1."""
    assert toned(0.75, HLG) == pytest.approx(toned(0.58, PQ), abs=1)
    assert toned(1.0, HLG) == pytest.approx(toned(pq(1000), PQ), abs=1)


def test_colors_outside_of_bt_709_are_clipped() -> None:
    green = toned_down(np.array([[[0, 38000, 0]]], np.uint16), PQ)[0, 0]
    assert (green[0], green[2]) == (0, 0)
    assert green[1] > 180
