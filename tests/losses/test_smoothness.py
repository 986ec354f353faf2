"""Smoothness compared with NumPy, implemented from the sources instead of our table."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import SmoothnessSection
from stylenet.errors import ShapeError, UsageError
from stylenet.losses.smoothness import mesh, total_variation


def l2_loss(x: np.ndarray) -> float:
    return float(np.sum(x**2) / 2)  # TensorFlow's: half a sum of squares


def stylenet(image: np.ndarray) -> float:
    down, right = image[:, :, 1:] - image[:, :, :-1], image[:, :, :, 1:] - image[:, :, :, :-1]
    total_var_x, total_var_y = down.size, right.size  # as they are called there
    return 2 * (l2_loss(down) / total_var_y + l2_loss(right) / total_var_x)


def anishathalye(image: np.ndarray) -> float:
    down, right = image[:, :, 1:] - image[:, :, :-1], image[:, :, :, 1:] - image[:, :, :, :-1]
    return 2 * (l2_loss(down) / down.size + l2_loss(right) / right.size)


def keras(image: np.ndarray) -> float:
    a = (image[:, :, :-1, :-1] - image[:, :, 1:, :-1]) ** 2
    b = (image[:, :, :-1, :-1] - image[:, :, :-1, 1:]) ** 2
    return float(np.sum((a + b) ** 1.25))


def tensorflow(image: np.ndarray) -> float:
    return float(np.abs(np.diff(image, axis=2)).sum() + np.abs(np.diff(image, axis=3)).sum())


def neural_style(image: np.ndarray) -> float:
    down = image[:, :, :-1, :-1] - image[:, :, 1:, :-1]
    right = image[:, :, :-1, :-1] - image[:, :, :-1, 1:]
    return l2_loss(down) + l2_loss(right)


def nine_point(image: np.ndarray) -> float:
    """Loop over the pixels of the picture, padded by replication."""
    _, channels, height, width = image.shape

    def at(channel: int, y: int, x: int) -> float:
        return float(image[0, channel, np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)])

    right, below, diagonal, antidiagonal = [], [], [], []
    for c in range(channels):
        for y in range(height):
            for x in range(width):
                right.append(at(c, y, x + 1) - at(c, y, x))
                below.append(at(c, y + 1, x) - at(c, y, x))
        for y in range(-1, height):
            for x in range(-1, width):
                diagonal.append(at(c, y + 1, x + 1) - at(c, y, x))
                antidiagonal.append(at(c, y + 1, x) - at(c, y, x + 1))
    mean = [float(np.mean(np.square(values))) for values in (right, below, diagonal, antidiagonal)]
    return 2 * (mean[0] / 3 + mean[1] / 3 + mean[2] / 12 + mean[3] / 12)


FORMULAS = {
    "absolute": tensorflow,
    "square": lambda image: float((np.diff(image, axis=2) ** 2).sum() + (np.diff(image, axis=3) ** 2).sum()),
    "keras": keras,
    "stylenet": stylenet,
    "neural-style": neural_style,
    "nine-point": nine_point,
    "mean-absolute": lambda image: float(np.abs(np.diff(image, axis=2)).mean() + np.abs(np.diff(image, axis=3)).mean()),
    "mean-square": anishathalye,
}


def picture(height: int = 5, width: int = 7) -> torch.Tensor:
    return torch.rand(1, 3, height, width, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_every_distance_of_the_recipes_has_a_formula_here() -> None:
    (distance,) = (field for field in msgspec.structs.fields(SmoothnessSection) if field.name == "distance")
    kind = msgspec.inspect.type_info(distance.type)
    while isinstance(kind, msgspec.inspect.Metadata):
        kind = kind.type
    assert isinstance(kind, msgspec.inspect.LiteralType)
    assert set(FORMULAS) == set(kind.values)


@pytest.mark.parametrize("distance", FORMULAS)
@pytest.mark.parametrize("size", [(5, 7), (2, 2), (9, 2)])
def test_against_numpy(distance: str, size: tuple[int, int]) -> None:
    image = picture(*size)
    assert total_variation(image, distance).item() == pytest.approx(FORMULAS[distance](image.numpy()), rel=1e-12)


@pytest.mark.parametrize("distance", FORMULAS)
def test_gradient(distance: str) -> None:
    assert torch.autograd.gradcheck(lambda x: total_variation(x, distance), (picture(4, 3).requires_grad_(),))


def test_gradient_of_neural_style_is_the_published_one() -> None:
    """The program computes only the gradient: it adds x_diff + y_diff and subtracts them from the neighbors."""
    image = picture()
    x = image[0].numpy()
    x_diff, y_diff = x[:, :-1, :-1] - x[:, :-1, 1:], x[:, :-1, :-1] - x[:, 1:, :-1]
    expected = np.zeros_like(x)
    expected[:, :-1, :-1] += x_diff + y_diff
    expected[:, :-1, 1:] -= x_diff
    expected[:, 1:, :-1] -= y_diff
    image.requires_grad_()
    total_variation(image, "neural-style").backward()
    assert image.grad is not None
    np.testing.assert_allclose(image.grad[0], expected, atol=1e-12)


def test_the_two_sizes_are_exchanged_in_the_texts_only() -> None:
    wide = picture(4, 9)
    assert total_variation(wide, "stylenet") != total_variation(wide, "mean-square")
    square = picture(6, 6)
    torch.testing.assert_close(total_variation(square, "stylenet"), total_variation(square, "mean-square"))


@pytest.mark.parametrize("distance", FORMULAS)
def test_a_flat_picture_is_smooth(distance: str) -> None:
    image = torch.full((1, 3, 4, 4), 0.3, dtype=torch.float64, requires_grad=True)
    loss = total_variation(image, distance)
    loss.backward()
    assert loss == 0
    assert image.grad is not None
    assert torch.isfinite(image.grad).all()


@pytest.mark.parametrize("size", [(1, 5), (5, 1), (1, 1)])
def test_a_line_of_pixels_is_rejected(size: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match=f"a picture of {size[1]} x {size[0]} pixels is too small for smoothness; give at least 2 x 2"):
        total_variation(picture(*size), "square")


def test_no_picture() -> None:
    with pytest.raises(ShapeError, match=r"\(B, 3, H, W\)"):
        total_variation(torch.zeros(1, 4, 5, 5), "square")


def test_unknown_distance() -> None:
    with pytest.raises(ValueError, match="unknown smoothness distance 'smooth'"):
        total_variation(picture(), "smooth")


def test_a_mesh_is_found_whatever_the_picture_shows() -> None:
    generator = torch.Generator().manual_seed(0)
    grain = 0.5 + 0.03 * torch.randn((1, 3, 90, 110), generator=generator)
    lattice = torch.zeros(90, 110)
    lattice[::4, ::4] = 0.1
    assert float(mesh(grain + lattice, 4)) > 20 * float(mesh(grain, 4))
    assert float(mesh(grain + lattice, 5)) < 2 * float(mesh(grain, 5))


def test_a_mesh_against_numpy() -> None:
    image = torch.rand((1, 1, 66, 66), generator=torch.Generator().manual_seed(0), dtype=torch.float64).expand(1, 3, -1, -1)
    x = image[0, 0].numpy()
    second = x[:-2, 1:-1] + x[2:, 1:-1] + x[1:-1, :-2] + x[1:-1, 2:] - 4 * x[1:-1, 1:-1]
    squares = []
    for top in range(0, 33, 16):
        for left in range(0, 33, 16):
            places = second[top : top + 32, left : left + 32].reshape(8, 4, 8, 4).mean((0, 2))
            squares.append(((places - places.mean()) ** 2).mean())
    assert float(mesh(image, 4)) == pytest.approx(np.mean(squares), rel=1e-12)


def test_a_ramp_has_no_mesh_and_a_tiny_picture_cannot_have_one() -> None:
    ramp = torch.linspace(0, 1, 64, dtype=torch.float64).expand(1, 3, 64, 64)
    assert float(mesh(ramp, 4)) < 1e-25
    with pytest.raises(UsageError, match=r"a mesh of 4 px needs sides of at least 10 px; got 20 x 9"):
        mesh(torch.zeros(1, 3, 9, 20), 4)
