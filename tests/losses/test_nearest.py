"""The nearest-neighbor loss compared with a search over all pairs."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.nearest import nearest, nearest_distance, neighbors


def layer(seed: int, height: int = 6, width: int = 7) -> torch.Tensor:
    return torch.randn(1, 4, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 0.5


def patches(features: torch.Tensor, size: int) -> np.ndarray:
    values = features[0].numpy()
    _, height, width = values.shape
    places = [(y, x) for y in range(height - size + 1) for x in range(width - size + 1)]
    return np.stack([values[:, y : y + size, x : x + size].transpose(1, 2, 0).ravel() for y, x in places])


def cosines(given: np.ndarray, known: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(given, axis=1)[:, None] * np.linalg.norm(known, axis=1)[None]
    return np.asarray((given @ known.T) / lengths)


@pytest.mark.parametrize("patch", [1, 3])
def test_distances_against_a_search_over_all_pairs(patch: int) -> None:
    given, known = patches(layer(0), patch), patches(layer(1, 5, 8), patch)
    match = cosines(given, known).argmax(1)
    expected = {
        "cosine": 1 - cosines(given, known).max(1).mean(),
        "centered": 1 - cosines(given - given.mean(0), known - known.mean(0)).max(1).mean(),
        "relative": ((given - known[match]) ** 2).sum(1).mean() / (known**2).sum(1).mean(),
    }
    for distance, value in expected.items():
        target = neighbors(layer(1, 5, 8), distance=distance, patch=patch)
        # Lengths are kept in float32.
        assert nearest_distance(layer(0), target).item() == pytest.approx(value, rel=1e-6)
        assert nearest_distance(layer(0), target, chunk=50).item() == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("distance", ["cosine", "centered", "relative"])
def test_gradient_with_the_matches_kept(distance: str) -> None:
    target = neighbors(layer(1), distance=distance)
    matches = nearest(layer(0), target)
    assert torch.autograd.gradcheck(lambda x: nearest_distance(x, target, matches=matches), (layer(0).requires_grad_(),))


def test_a_painting_is_its_own_nearest() -> None:
    target = neighbors(layer(1))
    assert torch.equal(nearest(layer(1), target), torch.arange(42))
    assert nearest_distance(layer(1), target).item() == pytest.approx(0, abs=1e-9)


def test_many_candidates_are_thinned() -> None:
    assert len(neighbors(layer(1, 40, 40), max_rows=100).rows) == 100


def test_a_dead_layer_has_a_finite_gradient() -> None:
    dead = torch.zeros(1, 4, 3, 3, requires_grad=True)
    value = nearest_distance(dead, neighbors(layer(1).float()))
    value.backward()
    assert torch.isfinite(value)
    assert dead.grad is not None
    assert torch.isfinite(dead.grad).all()


def test_wrong_input() -> None:
    with pytest.raises(ShapeError, match="style image's rows have 4 values; the picture's have 3"):
        nearest_distance(torch.ones(1, 3, 5, 5), neighbors(layer(1)))
    with pytest.raises(ShapeError, match="patches of 3 x 3 do not fit into a layer of 7 x 2 positions"):
        neighbors(layer(1, 2, 7), distance="relative", patch=3)
    with pytest.raises(ValueError, match="unknown nearest-neighbor distance 'far'"):
        neighbors(layer(1), distance="far")
