"""Content losses compared with NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.content import ContentTarget

FORMULAS = {
    "relative": lambda f, p: np.mean((f - p) ** 2) / np.mean(p**2),
    "spread": lambda f, p: np.mean((f - p) ** 2) / np.mean((p - p.mean((2, 3), keepdims=True)) ** 2),
    "mean": lambda f, p: np.mean((f - p) ** 2),
    "half-mean": lambda f, p: np.mean((f - p) ** 2) / 2,
    "sum": lambda f, p: np.sum((f - p) ** 2),
    "half-sum": lambda f, p: np.sum((f - p) ** 2) / 2,
}


def pair(dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    return torch.randn(1, 3, 4, 5, generator=generator, dtype=dtype), torch.randn(1, 3, 4, 5, generator=generator, dtype=dtype)


@pytest.mark.parametrize("distance", FORMULAS)
def test_against_numpy(distance: str) -> None:
    given, target = pair()
    assert ContentTarget(target, distance).loss(given).item() == pytest.approx(FORMULAS[distance](given.numpy(), target.numpy()), rel=1e-12)


@pytest.mark.parametrize("distance", FORMULAS)
def test_gradient(distance: str) -> None:
    given, target = pair()
    assert torch.autograd.gradcheck(lambda x: ContentTarget(target, distance).loss(x), (given.requires_grad_(),))


@pytest.mark.parametrize("distance", FORMULAS)
def test_nothing_between_equal_features(distance: str) -> None:
    given, _ = pair()
    assert ContentTarget(given, distance).loss(given) == 0


def test_relative_does_not_know_units() -> None:
    given, target = pair()
    torch.testing.assert_close(ContentTarget(target * 7, "relative").loss(given * 7), ContentTarget(target, "relative").loss(given))


def test_relative_of_a_photo_without_features_is_finite() -> None:
    given, _ = pair()
    assert torch.isfinite(ContentTarget(torch.zeros_like(given), "relative").loss(given))


def test_bfloat16_is_summed_in_float32() -> None:
    given, target = pair(torch.float32)
    loss = ContentTarget(target.bfloat16(), "sum").loss(given.bfloat16())
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(ContentTarget(target, "sum").loss(given).item(), rel=0.02)


def test_other_shapes_are_rejected() -> None:
    with pytest.raises(ShapeError, match=r"the same shape; got \(1, 3, 4, 5\) and \(1, 3, 5, 4\)"):
        ContentTarget(torch.zeros(1, 3, 5, 4), "mean").loss(torch.zeros(1, 3, 4, 5))


def test_unknown_distance() -> None:
    with pytest.raises(ValueError, match="unknown content distance 'meen'"):
        ContentTarget(pair()[0], "meen")


def test_spread_is_one_without_content_and_bounded_for_flat_photos() -> None:
    _, target = pair()
    assert ContentTarget(target, "spread").loss(target.mean((2, 3), keepdim=True).expand_as(target)).item() == pytest.approx(1)
    flat = torch.full((1, 3, 4, 5), 2.0)
    assert ContentTarget(flat, "spread").loss(flat + 1).item() == pytest.approx(1 / (0.05 * 4))
