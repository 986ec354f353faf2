"""Sizes keep the aspect; pictures keep their mean and their range."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from stylenet.errors import ShapeError, UsageError
from stylenet.image.resize import fit_within, print_size, resize, target_size


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
    ],
)
def test_target_size(given: tuple[int, int], size: int | str | tuple[int, int], expected: tuple[int, int]) -> None:
    assert target_size(*given, size) == expected


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ("large", "'large' is no size; allowed are a number of pixels for the longer side"),
        ("-5", "'-5' is no size"),
        ("0", "a side of 0 px is no size; allowed are whole numbers from 1"),
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
    """A photo of 3 : 2 fills the long side of each of these."""
    assert print_size(300, 200, paper, dpi) == expected
    assert print_size(200, 300, paper, dpi) == expected[::-1]


@pytest.mark.parametrize(
    ("paper", "dpi", "message"),
    [
        ("A9", 300, r"'A9' is no size of paper; .* or one of a0, a1"),
        ("leter", 300, r"Did you mean 'letter'\?"),
        ("30cm", 300, "is no size of paper"),
        ("0x30cm", 300, "is no size of paper"),
        ("A4", 5, r"dpi is 5; allowed are 30\.\.2400"),
    ],
)
def test_prints_that_are_none(paper: str, dpi: int, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        print_size(300, 200, paper, dpi)


def test_fit_within_never_enlarges() -> None:
    assert fit_within(300, 200, 512) == (300, 200)
    assert fit_within(1024, 512, 512) == (512, 256)


def test_the_same_size_is_the_same_tensor() -> None:
    image = torch.rand(1, 3, 5, 7)
    assert resize(image, (7, 5)) is image


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(3, 4), (1, 1), (64, 5), (40, 48)])
def test_a_flat_picture_stays_flat(dtype: torch.dtype, channels: int, size: tuple[int, int]) -> None:
    resized = resize(torch.full((2, channels, 24, 20), 0.3, dtype=dtype), size)
    assert resized.shape == (2, channels, size[1], size[0])
    assert resized.dtype == dtype
    assert (resized - 0.3).abs().max() < 1e-6


def test_shrinking_averages_what_would_alias() -> None:
    """Every third column is white: a third of white is left everywhere. Without antialiasing the samples would fall between."""
    lines = torch.zeros(1, 3, 48, 48)
    lines[..., ::3] = 1
    assert (resize(lines, (16, 16))[..., 2:-2] - 1 / 3).abs().max() < 0.1


def test_overshoot_is_clamped() -> None:
    edge = torch.zeros(1, 3, 8, 8)
    edge[..., 4:] = 1
    resized = resize(edge, (31, 31))
    assert resized.min() == 0
    assert resized.max() == 1


def test_a_ramp_keeps_its_place() -> None:
    """Pixel centers at half integers: a linear ramp is a fixed point of the cubic away from the border."""
    ramp = ((torch.arange(32) + 0.5) / 32).expand(1, 3, 32, 32)
    expected = ((torch.arange(16) + 0.5) / 16).expand(16, 16)
    assert (resize(ramp, (16, 16))[0, 0] - expected)[:, 2:-2].abs().max() < 1e-5


def test_gradients_pass() -> None:
    image = torch.rand(1, 3, 6, 6, dtype=torch.float64).mul(0.5).add(0.25).requires_grad_()
    assert torch.autograd.gradcheck(lambda value: resize(value, (4, 3)), image)


def test_what_cannot_be_resized() -> None:
    with pytest.raises(ShapeError, match=r"got \(3, 4, 4\)"):
        resize(torch.zeros(3, 4, 4), (2, 2))
    with pytest.raises(ShapeError, match=r"torch\.uint8"):
        resize(torch.zeros(1, 3, 4, 4, dtype=torch.uint8), (2, 2))
    with pytest.raises(UsageError, match="a side of 0 px"):
        resize(torch.zeros(1, 3, 4, 4), (0, 2))
