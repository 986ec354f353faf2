"""The equivariance loss is 0 for a painting that shifts with its photo, but not for one tied to a grid."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from stylenet.errors import UsageError
from stylenet.losses.equivariance import shift_distance


def _photo() -> Tensor:
    return torch.rand((2, 3, 48, 56), generator=torch.Generator().manual_seed(0))


def test_what_moves_with_the_photo_costs_nothing() -> None:
    photo = _photo()

    def blur(image: Tensor) -> Tensor:
        return functional.avg_pool2d(image, 3, stride=1, padding=1)

    assert shift_distance(blur(photo), blur(photo[:, :, 3:, 5:]), (3, 5), rim_px=4) < 1e-12


def test_what_is_tied_to_a_grid_costs_its_energy() -> None:
    photo = _photo()

    def with_lattice(image: Tensor) -> Tensor:
        rows, columns = (torch.arange(side) % 4 == 0 for side in image.shape[2:])
        return image + 0.1 * (rows[:, None] & columns).float()

    distance = shift_distance(with_lattice(photo), with_lattice(photo[:, :, 1:, 2:]), (1, 2), rim_px=0)
    # Of 16 places one is lit in the one picture, and another one in the other.
    assert distance == pytest.approx(2 * 0.1**2 / 16, rel=0.1)
    # By a whole period the lattice looks the same.
    assert shift_distance(with_lattice(photo), with_lattice(photo[:, :, 4:, 8:]), (4, 8), rim_px=0) == 0


def test_pictures_that_are_only_rim_are_rejected() -> None:
    photo = _photo()
    with pytest.raises(UsageError, match=r"sides of more than 64 px; got 56 x 47"):
        shift_distance(photo, photo[:, :, 1:], (1, 0))
    with pytest.raises(ValueError, match=r"with shift \(2, 0\)"):
        shift_distance(photo, photo[:, :, 1:], (2, 0))
