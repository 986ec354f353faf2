"""Conversion of numbers of any type and tone curve to levels in 0..1."""

from __future__ import annotations

import struct
import zlib

import numpy as np
import PIL.Image
import pytest

from stylenet.errors import ImageError
from stylenet.image.files import load_image
from tests.image.pictures import encoded, pixels_of


@pytest.mark.parametrize(
    ("mode", "values", "expected", "notice"),
    [
        ("F", [0, 0.25, 1], [0, 0.25, 1], ()),
        ("F", [0, 51, 255], [0, 0.2, 1], ()),
        ("F", [-1, 0, 3], [0, 0.25, 1], ("gray values -1..3 are stretched to black..white",)),
        ("I", [0, 51, 255], [0, 0.2, 1], ()),
        ("I", [0, 13107, 65535], [0, 0.2, 1], ()),
        ("I", [0, 100000, 200000], [0, 0.5, 1], ("gray values 0..200000 are stretched to black..white",)),
    ],
)
def test_the_full_scale_of_wide_gray_is_inferred(mode: str, values: list[float], expected: list[float], notice: tuple[str, ...]) -> None:
    dtype = np.float32 if mode == "F" else np.int32
    picture = load_image(PIL.Image.fromarray(np.array([values], dtype=dtype)))
    assert pixels_of(picture)[0, :, 1] == pytest.approx(expected)
    assert picture.notices == notice


def test_gray_that_is_not_finite_is_rejected() -> None:
    with pytest.raises(ImageError, match="not finite"):
        load_image(PIL.Image.fromarray(np.array([[0, np.nan]], dtype=np.float32)))


@pytest.mark.parametrize(("gamma", "expected"), [(1.0, 0.5381), (0.5, 0.2784), (0.45455, 64 / 255)])
def test_the_tone_curve_of_a_png_is_undone(gamma: float, expected: float) -> None:
    data = bytearray(encoded(PIL.Image.new("RGB", (2, 2), (64, 64, 64))))
    content = b"gAMA" + struct.pack(">I", round(gamma * 100000))
    data[33:33] = struct.pack(">I", 4) + content + struct.pack(">I", zlib.crc32(content))
    assert pixels_of(load_image(bytes(data)))[0, 0, 0] == pytest.approx(expected, abs=0.003)
    content = b"sRGB\0"
    data[33:33] = struct.pack(">I", 1) + content + struct.pack(">I", zlib.crc32(content))
    assert pixels_of(load_image(bytes(data)))[0, 0, 0] == pytest.approx(64 / 255)
