"""The Wasserstein distance of Gaussians compared with SciPy, and its rounding errors."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from stylenet.losses.gaussian import RIDGE, gaussian, root_trace, wasserstein_distance
from stylenet.losses.moments import Moments, moments
from stylenet.losses.style import layer_loss
from tests.losses.features import CHANNELS, PAINTED, PAINTING


def w2_by_scipy(ridge: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Squared Wasserstein-2 distance of two Gaussians by SciPy's matrix root, and mean and covariance of the painting."""
    painted, painting = PAINTED[0].flatten(1).numpy(), PAINTING[0].flatten(1).numpy()
    m, n = painted.mean(1), painting.mean(1)
    s, t = np.cov(painted, bias=True) + ridge * np.eye(CHANNELS), np.cov(painting, bias=True) + ridge * np.eye(CHANNELS)
    root = scipy.linalg.sqrtm(t)
    cross = scipy.linalg.sqrtm(root @ s @ root)
    return float(np.sum((m - n) ** 2) + np.trace(s + t - 2 * cross)), n, t


def test_wasserstein_against_scipy() -> None:
    squared, n, t = w2_by_scipy(0.0)
    given = wasserstein_distance(moments(PAINTED), gaussian(moments(PAINTING)))
    assert given.item() == pytest.approx(squared / (np.sum(n**2) + np.trace(t)), rel=1e-7)


def test_wasserstein_of_style_transfer_pytorch_against_scipy() -> None:
    squared, _, _ = w2_by_scipy(RIDGE)
    given = wasserstein_distance(moments(PAINTED), gaussian(moments(PAINTING), ridge=RIDGE), "mean")
    assert given.item() == pytest.approx(squared / CHANNELS, rel=1e-9)


def test_a_gaussians_directions_and_deviations_make_the_covariance() -> None:
    target = moments(PAINTING)
    known = gaussian(target)
    factor = known.basis * known.deviations[:, None, :]
    torch.testing.assert_close(factor @ factor.transpose(1, 2), target.covariance)
    assert known.rest.item() == 0


def test_fewer_directions_keep_the_whole_variance_and_find_the_painting_itself() -> None:
    target = moments(PAINTING)
    known = gaussian(target, rank=2)
    assert known.basis.shape == (1, CHANNELS, 2)
    assert known.deviations.shape == (1, 2)
    assert known.trace.item() == pytest.approx(target.covariance.diagonal(dim1=1, dim2=2).sum().item())
    assert wasserstein_distance(target, known).item() == pytest.approx(0, abs=1e-9)


def test_no_distance_is_negative_however_flat_the_picture() -> None:
    """For directions in which a painting hardly varies, a root bounded away from zero would overestimate the overlap."""
    deviations = torch.logspace(0, -5, 40, dtype=torch.float64)
    target = Moments(torch.zeros(1, 40, dtype=torch.float64), torch.diag(deviations.square())[None], 1)
    for size in (0.0, 1e-6, 1e-3, 0.3, 1.0, 2.0):
        given = Moments(target.mean, target.gram * size, 1)
        assert wasserstein_distance(given, gaussian(target)).item() >= 0
    assert wasserstein_distance(target, gaussian(target)).item() < 0.01


@pytest.mark.parametrize("size", [1e-9, 1e-3, 1.0])
def test_root_traces_gradient_is_its_slope_on_both_sides_of_the_floor(size: float) -> None:
    torch.manual_seed(0)
    half = torch.randn(1, 4, 4, dtype=torch.float64)
    matrix = ((half @ half.transpose(1, 2)) * size).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: root_trace((x + x.transpose(1, 2)) / 2, floor=1e-6), matrix, eps=1e-6 * size, atol=1e-4 / size**0.5
    )


def test_root_trace_says_so_when_it_is_given_no_numbers() -> None:
    broken = torch.full((1, 2, 2), torch.nan, requires_grad=True)
    value = root_trace(broken)
    value.backward()
    assert torch.isnan(value)
    assert broken.grad is not None
    assert torch.isnan(broken.grad).all()


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_wasserstein_with_a_ridge_where_positions_are_fewer_than_channels(dtype: torch.dtype) -> None:
    """In a deep layer of a small picture, most eigenvalues equal the square of the ridge, far below the rounding error of the largest."""
    generator = torch.Generator().manual_seed(0)
    painted, painting = (torch.randn(1, 40, 2, 3, generator=generator, dtype=torch.float64) * 5 for _ in range(2))
    s, t = (np.cov(values[0].flatten(1).numpy(), bias=True) + RIDGE * np.eye(40) for values in (painted, painting))
    means = (painted - painting).mean((2, 3)).square().sum().item()
    cross = np.sqrt(np.linalg.eigvals(s @ t).real.clip(0)).sum()
    given = layer_loss(moments(painting.to(dtype)), "wasserstein", "mean")(moments(painted.to(dtype)))
    expected = (means + np.trace(s + t) - 2 * cross) / 40
    assert given.item() == pytest.approx(expected, rel=1e-7 if dtype == torch.float64 else 1e-4)
