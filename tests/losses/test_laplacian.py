"""The Laplacian loss compared with a convolution by SciPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.ndimage import convolve

from stylenet.errors import ShapeError, UsageError
from stylenet.losses.laplacian import laplacian, laplacian_distance

KERNEL = np.array([[0, -1, 0], [-1, 4, -1], [0, -1, 0]])


def picture(seed: int) -> torch.Tensor:
    return torch.rand(1, 3, 24, 20, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def edges(image: torch.Tensor, pool: int) -> np.ndarray:
    gray = image[0].sum(0).numpy()
    rows, columns = (side // pool for side in gray.shape)
    pooled = gray[: rows * pool, : columns * pool].reshape(rows, pool, columns, pool).mean((1, 3))
    return np.asarray(convolve(pooled, KERNEL)[1:-1, 1:-1])


@pytest.mark.parametrize("pool", [1, 4])
def test_distances_against_scipy(pool: int) -> None:
    image, photo = picture(0), picture(1)
    squares = (edges(image, pool) - edges(photo, pool)) ** 2
    expected = {"sum": squares.sum(), "mean": squares.mean(), "relative": squares.sum() / (edges(photo, pool) ** 2).sum()}
    target = laplacian(photo, pool=pool)
    for distance, value in expected.items():
        assert laplacian_distance(image, target, distance).item() == pytest.approx(value, rel=1e-9)


def test_gradient() -> None:
    target = laplacian(picture(1), pool=2)
    assert torch.autograd.gradcheck(lambda x: laplacian_distance(x, target), (picture(0)[:, :, :24, :20].requires_grad_(),))


def test_a_gray_picture_is_one_away_and_the_photo_itself_zero() -> None:
    photo = picture(1)
    assert laplacian_distance(torch.full_like(photo, 0.5), laplacian(photo)).item() == pytest.approx(1)
    assert laplacian_distance(photo, laplacian(photo)).item() == 0


def test_slopes_and_brightness_are_free() -> None:
    photo = picture(1)
    slope = torch.linspace(0, 1, 20, dtype=torch.float64)
    assert laplacian_distance(photo + slope, laplacian(photo)).item() == pytest.approx(0, abs=1e-12)


def test_a_photo_without_edges_has_a_finite_distance() -> None:
    flat = torch.full((1, 3, 24, 20), 0.5)
    assert laplacian_distance(flat, laplacian(flat)).item() == 0
    assert torch.isfinite(laplacian_distance(picture(0).float(), laplacian(flat)))


def test_wrong_input() -> None:
    with pytest.raises(UsageError, match="20 x 11 pixels is too small for edges with pool 4; give at least 12 pixels"):
        laplacian(torch.zeros(1, 3, 11, 20))
    with pytest.raises(ShapeError, match="must have the same size"):
        laplacian_distance(torch.zeros(1, 3, 24, 24), laplacian(torch.zeros(1, 3, 24, 20)))
    with pytest.raises(ValueError, match="unknown Laplacian distance 'far'"):
        laplacian_distance(picture(0), laplacian(picture(1)), "far")
