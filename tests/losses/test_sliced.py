"""The sliced Wasserstein distance compared with sorted projections and known values."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.histogram import rows_of
from stylenet.losses.sliced import sliced, sliced_distance


def layer(seed: int, channels: int = 5) -> torch.Tensor:
    return torch.randn(1, channels, 12, 15, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_distances_against_sorted_projections() -> None:
    given, target = layer(0) * 1.5 + 1, sliced(layer(1)).slices()
    projected, wanted = rows_of(given) @ target.directions, rows_of(layer(1)) @ target.directions
    squares = (np.sort(projected.numpy(), axis=0) - np.sort(wanted.numpy(), axis=0)) ** 2
    assert sliced_distance(given, target, "mean").item() == pytest.approx(squares.mean(), rel=0.01)
    assert sliced_distance(given, target).item() == pytest.approx(squares.mean() / (wanted.numpy() ** 2).mean(), rel=0.01)


@pytest.mark.parametrize("count", [1, 5, 12])
def test_directions_have_length_one_and_are_orthogonal_within_a_rotation(count: int) -> None:
    directions = sliced(layer(1), count=count).directions(0)
    assert directions.shape == (5, count)
    first = directions[:, :5]
    torch.testing.assert_close(first.T @ first, torch.eye(first.shape[1], dtype=torch.float64))
    torch.testing.assert_close(directions.norm(dim=0), torch.ones(count, dtype=torch.float64))


def test_directions_follow_step_and_seed() -> None:
    directions = sliced(layer(1), seed=3).directions(0)
    assert torch.equal(sliced(layer(1), seed=3).directions(0), directions)
    assert not torch.equal(sliced(layer(1), seed=3).directions(1), directions)
    assert not torch.equal(sliced(layer(1), seed=4).directions(0), directions)


def test_a_shift_costs_its_length_relative_to_the_painting() -> None:
    shift = torch.tensor([1.0, -2.0, 0.5, 0.0, 3.0], dtype=torch.float64)[:, None, None]
    expected = shift.square().sum() / (layer(1).square().mean() * 5)
    assert sliced_distance(layer(1) + shift, sliced(layer(1)).slices()).item() == pytest.approx(expected.item(), rel=1e-3)


def test_places_are_free_and_distributions_of_equal_moments_differ() -> None:
    """The other distribution has two values per channel, but the mean and covariance of the painting."""
    painting = layer(1)
    target = sliced(painting).slices()
    assert sliced_distance(painting.flip(3), target).item() == pytest.approx(0, abs=1e-12)
    rows, signs = rows_of(painting), rows_of(layer(2)).sign()
    signs = signs - signs.mean(0)
    there, here = (torch.linalg.cholesky(torch.cov(values.T, correction=0)) for values in (signs, rows))
    other = signs @ torch.linalg.inv(there).T @ here.T + rows.mean(0)
    torch.testing.assert_close(torch.cov(other.T), torch.cov(rows.T))
    assert sliced_distance(other, target).item() > 0.03


def test_wrong_input() -> None:
    with pytest.raises(ShapeError, match="style image's features have 5 channels; the picture's have 4"):
        sliced_distance(layer(0, 4), sliced(layer(1)).slices())
    with pytest.raises(ValueError, match="unknown sliced distance 'sum'"):
        sliced_distance(layer(0), sliced(layer(1)).slices(), "sum")
