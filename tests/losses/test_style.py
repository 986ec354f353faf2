"""Style losses against NumPy and SciPy, and their gradients by finite differences in float64."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg
import torch

from stylenet.catalog.recipe import STYLE_DISTANCES
from stylenet.losses.gaussian import RIDGE, gaussian, root_trace, wasserstein_distance
from stylenet.losses.moments import Moments, moments
from stylenet.losses.style import chained, gram_distance, layer_loss, mean_std_distance

CHANNELS, PIXELS = 4, 90


def features(height: int, width: int, seed: int) -> torch.Tensor:
    values = torch.randn(1, CHANNELS, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return torch.einsum("dc,bchw->bdhw", torch.eye(CHANNELS, dtype=torch.float64) + 0.3, values) + 0.5


PAINTED, PAINTING = features(5, 6, seed=1), features(5, 6, seed=2)


def plain_sums() -> tuple[np.ndarray, np.ndarray]:
    """G and A as the papers have them: sums over the 30 positions."""
    painted, painting = PAINTED[0].flatten(1).numpy(), PAINTING[0].flatten(1).numpy()
    return painted @ painted.T, painting @ painting.T


M, N = 30, CHANNELS
GRAM_FORMULAS = {
    "relative": lambda g, a: np.sum((g - a) ** 2) / np.sum(a**2),
    "mean": lambda g, a: np.mean((g / M - a / M) ** 2),
    "mean-per-element": lambda g, a: np.mean((g / (N * M) - a / (N * M)) ** 2),
    "gatys": lambda g, a: np.sum((g - a) ** 2) / (4 * N**2 * M**2),
    "keras": lambda g, a: np.sum((g - a) ** 2) / (4.0 * 3**2 * PIXELS**2),
    "scaled": lambda g, a: np.sum((g / M - a / M) ** 2) / (np.sum(np.abs(g / M - a / M)) + 1e-8),
}


@pytest.mark.parametrize("distance", STYLE_DISTANCES["gram"])
def test_gram_distances_against_numpy(distance: str) -> None:
    given = gram_distance(moments(PAINTED), moments(PAINTING), distance, picture_positions=PIXELS)
    assert given.item() == pytest.approx(GRAM_FORMULAS[distance](*plain_sums()), rel=1e-9)


def test_gram_distances_all_have_a_formula_here() -> None:
    assert set(GRAM_FORMULAS) == set(STYLE_DISTANCES["gram"])


@pytest.mark.parametrize("distance", ["relative", "mean", "mean-per-element", "gatys", "scaled"])
def test_gram_distances_do_not_know_the_size_of_the_painting(distance: str) -> None:
    tiled = PAINTING.repeat(1, 1, 2, 3)
    torch.testing.assert_close(
        gram_distance(moments(PAINTED), moments(tiled), distance), gram_distance(moments(PAINTED), moments(PAINTING), distance)
    )


def test_mean_std_against_numpy() -> None:
    painted, painting = PAINTED[0].flatten(1).numpy(), PAINTING[0].flatten(1).numpy()
    difference = np.sum((painted.mean(1) - painting.mean(1)) ** 2) + np.sum((painted.std(1) - painting.std(1)) ** 2)
    expected = difference / (np.sum(painting.mean(1) ** 2) + np.sum(painting.std(1) ** 2))
    assert mean_std_distance(moments(PAINTED), moments(PAINTING)).item() == pytest.approx(expected, rel=1e-9)


def w2_by_scipy(ridge: float) -> tuple[float, np.ndarray, np.ndarray]:
    """Squared Wasserstein-2 distance of two Gaussians with SciPy's matrix root; also mean and covariance of the painting."""
    painted, painting = PAINTED[0].flatten(1).numpy(), PAINTING[0].flatten(1).numpy()
    m, n = painted.mean(1), painting.mean(1)
    s, t = np.cov(painted, bias=True) + ridge * np.eye(N), np.cov(painting, bias=True) + ridge * np.eye(N)
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
    assert given.item() == pytest.approx(squared / N, rel=1e-9)


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
    """Directions in which a painting hardly varies: a root that is kept from zero there would count more overlap than there is."""
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
    """A deep layer of a small picture: most eigenvalues are the ridge's square, far below float32's rounding of the largest."""
    generator = torch.Generator().manual_seed(0)
    painted, painting = (torch.randn(1, 40, 2, 3, generator=generator, dtype=torch.float64) * 5 for _ in range(2))
    s, t = (np.cov(values[0].flatten(1).numpy(), bias=True) + RIDGE * np.eye(40) for values in (painted, painting))
    means = (painted - painting).mean((2, 3)).square().sum().item()
    cross = np.sqrt(np.linalg.eigvals(s @ t).real.clip(0)).sum()
    given = layer_loss(moments(painting.to(dtype)), "wasserstein", "mean")(moments(painted.to(dtype)))
    expected = (means + np.trace(s + t) - 2 * cross) / 40
    assert given.item() == pytest.approx(expected, rel=1e-7 if dtype == torch.float64 else 1e-4)


@pytest.mark.parametrize(("statistic", "distance"), [(s, d) for s, distances in STYLE_DISTANCES.items() for d in distances])
def test_gradients(statistic: str, distance: str) -> None:
    loss = layer_loss(moments(PAINTING), statistic, distance, picture_positions=PIXELS)
    assert torch.autograd.gradcheck(lambda x: loss(moments(x)), (PAINTED[:, :, :3, :3].clone().requires_grad_(),))


@pytest.mark.parametrize(("statistic", "distance"), [(s, d) for s, distances in STYLE_DISTANCES.items() for d in distances])
def test_nothing_between_a_painting_and_itself(statistic: str, distance: str) -> None:
    loss = layer_loss(moments(PAINTING), statistic, distance, picture_positions=PIXELS)
    assert loss(moments(PAINTING)).item() == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("statistic", "distance"), [(s, d) for s, distances in STYLE_DISTANCES.items() for d in distances])
def test_a_dead_layer_has_finite_losses_and_gradients(statistic: str, distance: str) -> None:
    """ReLU can kill whole channels; a start of flat gray has no variance at all."""
    dead = torch.zeros(1, CHANNELS, 3, 3, requires_grad=True)
    value = layer_loss(moments(PAINTING.float()), statistic, distance)(moments(dead))
    value.backward()
    assert torch.isfinite(value)
    assert dead.grad is not None
    assert torch.isfinite(dead.grad).all()


def test_unknown_words() -> None:
    target = moments(PAINTING)
    with pytest.raises(ValueError, match="unknown style statistic 'histogram'"):
        layer_loss(target, "histogram", "relative")
    with pytest.raises(ValueError, match="unknown Gram distance 'far'"):
        gram_distance(target, target, "far")


def test_chain_against_a_loop() -> None:
    """Keras' users: for i in range(L - 1): loss += (sl[i] - sl[i + 1]) / 2 ** (nb_layers - (i + 1)), nb_layers = L - 1."""
    losses = np.random.default_rng(0).random(13)
    expected, nb_layers = 0.0, len(losses) - 1
    for i in range(len(losses) - 1):
        expected += (losses[i] - losses[i + 1]) / 2 ** (nb_layers - (i + 1))
    given = chained([torch.tensor(value, dtype=torch.float64) for value in losses])
    assert given.item() == pytest.approx(expected, rel=1e-12)


def test_moments_stay_what_they_are_when_a_loss_is_made() -> None:
    target = Moments(torch.ones(1, 2), torch.eye(2)[None] * 2, 5)
    layer_loss(target, "wasserstein", "relative")
    torch.testing.assert_close(target.gram, torch.eye(2)[None] * 2)
