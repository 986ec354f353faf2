"""The noise of the slim networks and its origin in the photo."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stylenet.networks.noise import distinct_point, scaled, white_noise_array


def photo(height: int, width: int, *, spot: tuple[int, int] | None = None) -> NDArray[np.float32]:
    """Smooth gray waves with fine grain and a bright spot."""
    rows, columns = np.mgrid[:height, :width]
    gray = 0.4 + 0.05 * np.sin(rows / 23) * np.cos(columns / 17) + 0.02 * np.random.default_rng(1).standard_normal((height, width))
    if spot is not None:
        gray += 0.4 * np.exp(-((rows - spot[0]) ** 2 + (columns - spot[1]) ** 2) / (2 * 10**2))
    return np.repeat(gray.clip(0, 1)[None, None], 3, 1).astype(np.float32)


def test_noise_is_white_and_the_same_for_a_seed() -> None:
    noise = white_noise_array(300, 200, 5)
    assert noise.shape == (1, 1, 300, 200)
    assert np.array_equal(noise, white_noise_array(300, 200, 5))
    assert not np.array_equal(noise, white_noise_array(300, 200, 6))
    assert abs(float(noise.mean())) < 0.02
    assert abs(float(noise.std()) - 1) < 0.02
    for first, second in (
        (noise[..., 1:], noise[..., :-1]),
        (noise[..., 1:, :], noise[..., :-1, :]),
        (noise[..., 128:, :], noise[..., :172, :]),
    ):
        assert abs(float((first * second).mean())) < 0.02


@pytest.mark.parametrize("origin", [(0, 0), (130, 257), (-5, 300), (1, -400)])
def test_noise_is_a_window_of_one_field(origin: tuple[int, int]) -> None:
    whole = white_noise_array(300, 280, 7, origin)
    part = white_noise_array(200, 150, 7, (origin[0] - 31, origin[1] - 77))
    assert np.array_equal(part, whole[:, :, 31:231, 77:227])


@pytest.mark.parametrize("seed", [0, 2**63 - 1])
def test_every_seed_and_size_has_noise(seed: int) -> None:
    assert white_noise_array(1, 1, seed).shape == (1, 1, 1, 1)


def test_the_distinct_point_is_the_center_of_a_spot() -> None:
    row, column = distinct_point(photo(200, 300, spot=(90, 200)))
    assert abs(row - 90) <= 2
    assert abs(column - 200) <= 2


def test_it_is_where_the_means_of_two_squares_differ_most() -> None:
    image = photo(90, 110, spot=(50, 60))
    luma = np.tensordot([0.299, 0.587, 0.114], image[0].astype(np.float64), 1)
    differences = {
        (row, column): abs(
            luma[row - 12 : row + 13, column - 12 : column + 13].mean() - luma[row - 24 : row + 25, column - 24 : column + 25].mean()
        )
        for row in range(24, 66)
        for column in range(24, 86)
    }
    assert differences[distinct_point(image)] > max(differences.values()) - 2e-4


def test_it_moves_with_a_cropped_photo_and_stays_in_a_changed_one() -> None:
    image = photo(240, 320, spot=(90, 200))
    row, column = distinct_point(image)
    assert distinct_point(image[:, :, 33:, 41:-9]) == (row - 33, column - 41)
    grain = 0.01 * np.random.default_rng(2).standard_normal(image.shape).astype(np.float32)
    for changed in (image + grain, image * 1.05):
        point = distinct_point(changed.clip(0, 1).astype(np.float32))
        assert max(abs(point[0] - row), abs(point[1] - column)) <= 1


@pytest.mark.parametrize("size", [(1, 1), (49, 300), (300, 49)])
def test_a_tiny_photo_has_its_corner(size: tuple[int, int]) -> None:
    assert distinct_point(photo(*size)) == (0, 0)


def test_a_flat_photo_has_some_point() -> None:
    assert distinct_point(np.full((1, 3, 60, 70), 0.5, np.float32)) == (24, 24)


def test_scaled() -> None:
    assert scaled((100, 301), (768, 1024), (384, 512)) == (50, 150)
