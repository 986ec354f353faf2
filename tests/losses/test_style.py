"""Style losses compared with NumPy, and their gradients with finite differences in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.catalog.recipe import STYLE_DISTANCES
from stylenet.losses.moments import Moments, moments
from stylenet.losses.style import chained, gram_distance, layer_loss, mean_std_distance
from tests.losses.features import CHANNELS, PAINTED, PAINTING

PIXELS = 90


def plain_sums() -> tuple[np.ndarray, np.ndarray]:
    """G and A as in the papers: sums over the 30 positions."""
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
    """Channels can be 0 everywhere after ReLU, and a flat gray start has no variance."""
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
