"""Parsing sizes, and resizing pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch.nn import functional

from stylenet.errors import ShapeError, UsageError
from stylenet.image.resize import fit_within, print_size, resize, target_size
from stylenet.shapes import Image


@pytest.mark.parametrize(
    ("given", "size", "expected"),
    [
        ((640, 480), 320, (320, 240)),
        ((480, 640), 320, (240, 320)),
        ((640, 480), 1280, (1280, 960)),
        ((3000, 40), 30, (30, 1)),
        ((40, 3000), 30, (1, 30)),
        ((1, 1), 512, (512, 512)),
        ((7, 513), "full", (7, 513)),
        ((640, 480), "Full ", (640, 480)),
        ((640, 480), "320", (320, 240)),
        ((640, 480), "100x300", (100, 300)),
        ((640, 480), "100 × 300", (100, 300)),
        ((640, 480), (5, 6), (5, 6)),
        ((640, 480), np.int64(320), (320, 240)),
        ((640, 480), (np.int32(5), np.uint8(6)), (5, 6)),
    ],
)
def test_target_size(given: tuple[int, int], size: int | str | tuple[int, int], expected: tuple[int, int]) -> None:
    assert target_size(*given, size) == expected


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("large", "'large' is not a valid size; allowed are a number of pixels for the longer side"),
        ("-5", "'-5' is not a valid size"),
        ("²", "'²' is not a valid size"),
        ("9" * 5000, "'9{197}[.]{3}' is not a valid size"),
        ("9999999", "pixels are too many; allowed are 200 million"),
        ("0", "a side of 0 px is not valid; allowed are whole numbers from 1"),
        (0, "a side of 0 px"),
        ((4, 0), "a side of 0 px"),
        ((4, 2.5), r"a side of 2\.5 px"),
        ("0x7", "a side of 0 px"),
        (200_000, r"200000 x 200000 pixels are too many; allowed are 200 million"),
    ],
)
def test_sizes_that_are_none(size: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        target_size(8, 8, size)


@pytest.mark.parametrize(
    ("paper", "dpi", "expected"),
    [
        ("15x10cm", 100, (591, 394)),
        ("A4", 300, (3508, 2339)),
        ("a4", 100, (1169, 780)),
        ("Letter", 100, (1100, 733)),
        ("11x8.5in", 100, (1100, 733)),
        ("297x210mm", 300, (3508, 2339)),
    ],
)
def test_print_size(paper: str, dpi: int, expected: tuple[int, int]) -> None:
    """A 3:2 photo fills the long side of each of these."""
    assert print_size(300, 200, paper, dpi) == expected
    assert print_size(200, 300, paper, dpi) == expected[::-1]


@pytest.mark.parametrize(
    ("paper", "dpi", "message"),
    [
        ("A9", 300, r"'A9' is not a paper size; .* or one of a0, a1"),
        ("leter", 300, r"Did you mean 'letter'\?"),
        ("30cm", 300, "is not a paper size"),
        (f"{'9' * 400}x30cm", 300, "is not a paper size"),
        ("0x30cm", 300, "is not a paper size"),
        ("A4", 5, r"dpi is 5; allowed are 30\.\.2400"),
    ],
)
def test_prints_that_are_none(paper: str, dpi: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        print_size(300, 200, paper, dpi)


def test_fit_within_never_enlarges() -> None:
    assert fit_within(300, 200, 512) == (300, 200)
    assert fit_within(1024, 512, 512) == (512, 256)


def test_the_same_size_is_the_same_array() -> None:
    image = noise(7, 5)
    assert resize(image, (7, 5)) is image


def noise(width: int, height: int) -> Image:
    return np.random.default_rng(0).random((1, 3, height, width), dtype=np.float32)


@pytest.mark.parametrize(
    ("given", "size"),
    [
        ((1, 1), (1, 5)),
        ((1, 1), (64, 48)),
        ((3, 5), (5, 3)),
        ((3, 5), (1, 1)),
        ((3, 5), (300, 7)),
        ((2, 700), (700, 2)),
        ((64, 48), (63, 49)),
        ((64, 48), (64, 11)),
        ((64, 48), (17, 48)),
        ((40, 30), (1000, 777)),
        ((1003, 701), (37, 29)),
        ((1500, 1000), (1, 1)),
    ],
)
def test_it_is_what_pytorch_computes(given: tuple[int, int], size: tuple[int, int]) -> None:
    image = noise(*given)
    expected = functional.interpolate(torch.from_numpy(image), size=size[::-1], mode="bicubic", antialias=True).clamp(0, 1)
    assert np.abs(resize(image, size) - expected.numpy()).max() < 1e-5


def test_arrays_that_do_not_lie_row_by_row_are_resized_alike() -> None:
    image = noise(40, 30)
    turned = np.asfortranarray(image)[:, :, ::-1]
    assert np.array_equal(resize(turned, (50, 20)), resize(np.ascontiguousarray(turned), (50, 20)))
    assert np.array_equal(image, noise(40, 30))


def test_several_pictures_are_resized_like_each_alone() -> None:
    image = noise(40, 30)
    both = resize(np.concatenate([image, 1 - image]), (50, 20))
    np.testing.assert_allclose(both, np.concatenate([resize(image, (50, 20)), resize(1 - image, (50, 20))]), atol=1e-6)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(3, 4), (1, 1), (64, 5), (40, 48)])
def test_a_flat_picture_stays_flat(dtype: type, channels: int, size: tuple[int, int]) -> None:
    flat: NDArray[Any] = np.full((2, channels, 24, 20), 0.3, dtype=dtype)
    resized = resize(flat, size)
    assert resized.shape == (2, channels, size[1], size[0])
    assert resized.dtype == dtype
    assert np.abs(resized - flat[0, 0, 0, 0]).max() < 1e-6


def test_shrinking_averages_what_would_alias() -> None:
    """Every third column is white, so that the result is a third of white everywhere; without antialiasing, it would alias."""
    lines = np.zeros((1, 3, 48, 48), np.float32)
    lines[..., ::3] = 1
    assert np.abs(resize(lines, (16, 16))[..., 2:-2] - 1 / 3).max() < 0.1


def test_overshoot_is_clamped() -> None:
    edge = np.zeros((1, 3, 8, 8), np.float32)
    edge[..., 4:] = 1
    resized = resize(edge, (31, 31))
    assert resized.min() == 0
    assert resized.max() == 1


def test_a_ramp_keeps_its_place() -> None:
    """With pixel centers at half integers, the cubic kernel preserves a linear ramp away from the border."""
    ramp = np.broadcast_to(np.float32((np.arange(32) + 0.5) / 32), (1, 3, 32, 32))
    assert np.abs(resize(ramp, (16, 16))[0, 0] - (np.arange(16) + 0.5) / 16)[:, 2:-2].max() < 1e-5


def test_what_cannot_be_resized() -> None:
    with pytest.raises(ShapeError, match=r"got \(3, 4, 4\)"):
        resize(np.zeros((3, 4, 4), np.float32), (2, 2))
    with pytest.raises(ShapeError, match=r"got \(1, 3, 4, 4\), uint8"):
        resize(np.zeros((1, 3, 4, 4), np.uint8), (2, 2))
    with pytest.raises(UsageError, match="a side of 0 px"):
        resize(np.zeros((1, 3, 4, 4), np.float32), (0, 2))
