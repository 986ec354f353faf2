"""Self-similarity compared with loops over pairs of positions."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.selfsimilarity import self_similarity, self_similarity_distance


def layer(seed: int, height: int = 4, width: int = 5) -> torch.Tensor:
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def pairwise(features: torch.Tensor) -> np.ndarray:
    """Cosine distances of all pairs of positions, each column divided by its sum: Kolkin et al. 2019, eq. 7 and 8."""
    rows = features[0].flatten(1).T.numpy()
    distances = np.array([[1 - a @ b / (np.linalg.norm(a) * np.linalg.norm(b)) for b in rows] for a in rows])
    return np.asarray(distances / distances.sum(0))


def test_distances_against_loops() -> None:
    given, photo = layer(0), layer(1)
    difference = np.abs(pairwise(given) - pairwise(photo))
    spread = np.abs(pairwise(photo) - 1 / 20).sum()
    assert self_similarity_distance(given, self_similarity(photo), "mean").item() == pytest.approx(difference.mean(), rel=1e-9)
    assert self_similarity_distance(given, self_similarity(photo)).item() == pytest.approx(difference.sum() / spread, rel=1e-9)


def test_gradient() -> None:
    target = self_similarity(layer(1))
    assert torch.autograd.gradcheck(lambda x: self_similarity_distance(x, target), (layer(0).requires_grad_(),))


def test_lengths_of_features_and_rotations_of_channels_are_free() -> None:
    photo = layer(1)
    rotation = torch.linalg.qr(layer(2, 3, 3)[0, 0]).Q
    other = torch.einsum("dc,bchw->bdhw", rotation, photo) * 7
    assert self_similarity_distance(other, self_similarity(photo)).item() == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("height", "width", "most"), [(32, 32, 1024), (33, 40, 64), (200, 3, 16), (1, 50, 7)])
def test_at_most_so_many_positions_are_compared(height: int, width: int, most: int) -> None:
    target = self_similarity(layer(0, height, width), max_positions=most)
    assert 2 <= len(target.distances) <= most
    assert self_similarity_distance(layer(0, height, width), target).item() == pytest.approx(0, abs=1e-12)


def test_a_photo_of_one_color_has_a_finite_distance() -> None:
    target = self_similarity(torch.ones(1, 3, 4, 5))
    assert torch.isfinite(self_similarity_distance(torch.ones(1, 3, 4, 5), target))
    assert torch.isfinite(self_similarity_distance(layer(0).float(), target))


def test_wrong_input() -> None:
    with pytest.raises(ShapeError, match=r"the photo's layer has 5 x 4 positions; got features of shape \(1, 3, 5, 4\)"):
        self_similarity_distance(layer(0, 5, 4), self_similarity(layer(1)))
    with pytest.raises(ValueError, match="unknown self-similarity distance 'far'"):
        self_similarity_distance(layer(0), self_similarity(layer(1)), "far")
