"""Content losses against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.content import content_distance

FORMULAS = {
    "relative": lambda f, p: np.mean((f - p) ** 2) / np.mean(p**2),
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
    assert content_distance(given, target, distance).item() == pytest.approx(FORMULAS[distance](given.numpy(), target.numpy()), rel=1e-12)


@pytest.mark.parametrize("distance", FORMULAS)
def test_gradient(distance: str) -> None:
    given, target = pair()
    assert torch.autograd.gradcheck(lambda x: content_distance(x, target, distance), (given.requires_grad_(),))


@pytest.mark.parametrize("distance", FORMULAS)
def test_nothing_between_equal_features(distance: str) -> None:
    given, _ = pair()
    assert content_distance(given, given, distance) == 0


def test_relative_does_not_know_units() -> None:
    given, target = pair()
    torch.testing.assert_close(content_distance(given * 7, target * 7, "relative"), content_distance(given, target, "relative"))


def test_relative_of_a_photo_without_features_is_finite() -> None:
    given, _ = pair()
    assert torch.isfinite(content_distance(given, torch.zeros_like(given), "relative"))


def test_bfloat16_is_summed_in_float32() -> None:
    given, target = pair(torch.float32)
    loss = content_distance(given.bfloat16(), target.bfloat16(), "sum")
    assert loss.dtype == torch.float32
    assert loss.item() == pytest.approx(content_distance(given, target, "sum").item(), rel=0.02)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ShapeError, match=r"one shape; got \(1, 3, 4, 5\) and \(1, 3, 5, 4\)"):
        content_distance(torch.zeros(1, 3, 4, 5), torch.zeros(1, 3, 5, 4), "mean")


def test_unknown_distance() -> None:
    with pytest.raises(ValueError, match="no content distance is called 'meen'"):
        content_distance(*pair(), "meen")
