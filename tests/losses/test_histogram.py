"""Histogram matching compared with sorting."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.histogram import histogram, histogram_distance, rows_of, thinned


def layer(seed: int, height: int = 12, width: int = 15) -> torch.Tensor:
    return torch.randn(1, 4, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def matched(given: torch.Tensor, painting: torch.Tensor) -> np.ndarray:
    """Rows with the values of the painting in each channel, in the order of `given`."""
    rows, wanted = rows_of(given).numpy(), rows_of(painting).numpy()
    result = np.empty_like(rows)
    for channel in range(rows.shape[1]):
        result[np.argsort(rows[:, channel]), channel] = np.sort(wanted[:, channel])
    return result


def test_distances_against_sorting() -> None:
    given, painting = layer(0) * 2 + 1, layer(1)
    squares = (rows_of(given).numpy() - matched(given, painting)) ** 2
    for distance, value in (
        ("mean", squares.mean()),
        ("sum", squares.sum()),
        ("relative", squares.mean() / rows_of(painting).square().mean().item()),
    ):
        assert histogram_distance(given, histogram(painting), distance).item() == pytest.approx(value, rel=0.01)


def test_gradient_is_the_way_to_the_matched_values() -> None:
    given, painting = (layer(0) * 2 + 1).requires_grad_(), layer(1)
    histogram_distance(given, histogram(painting), "mean").backward()
    assert given.grad is not None
    expected = 2 * (rows_of(given.detach()).numpy() - matched(given.detach(), painting)) / given.numel()
    error = np.abs(rows_of(given.grad).numpy() - expected)
    assert error.max() < 0.1 * np.abs(expected).max()
    assert error.mean() < 0.02 * np.abs(expected).mean()


def test_a_larger_painting_of_the_same_values_is_the_same_target() -> None:
    tiled = layer(1).repeat(1, 1, 2, 3)
    value = histogram_distance(layer(0), histogram(layer(1))).item()
    assert histogram_distance(layer(0), histogram(tiled)).item() == pytest.approx(value, rel=1e-6)


def test_many_equal_values_move_together() -> None:
    """After ReLU, most values of a layer are 0: here 30, and 10 in the painting."""
    given, painting = torch.zeros(40, 1, dtype=torch.float64), torch.zeros(40, 1, dtype=torch.float64)
    given[30:], painting[10:] = 4, 2
    moved = np.array([*[np.array([0] * 10 + [2] * 20).mean()] * 30, *[2 - 4] * 10])
    assert histogram_distance(given, histogram(painting), "mean").item() == pytest.approx((moved**2).mean(), rel=1e-6)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_dead_layer_has_finite_losses_and_gradients(dtype: torch.dtype) -> None:
    for painting in (layer(1).to(dtype), torch.zeros(1, 4, 3, 3, dtype=dtype)):
        dead = torch.zeros(1, 4, 3, 3, dtype=dtype, requires_grad=True)
        value = histogram_distance(dead, histogram(painting))
        value.backward()
        assert torch.isfinite(value)
        assert dead.grad is not None
        assert torch.isfinite(dead.grad).all()


def test_a_sample_is_in_order_and_reaches_from_end_to_end() -> None:
    rows = torch.arange(1000.0)[:, None]
    sample = thinned(rows, 10, seed=3)[:, 0]
    assert torch.equal(torch.floor(sample / 100), torch.arange(10.0))
    assert torch.equal(thinned(rows, 10, seed=3)[:, 0], sample)
    assert not torch.equal(thinned(rows, 10, seed=4)[:, 0], sample)
    assert thinned(rows, 1000) is rows


def test_wrong_input() -> None:
    with pytest.raises(ShapeError, match="histograms have 4 channels; the features have 3"):
        histogram_distance(torch.zeros(1, 3, 5, 5), histogram(layer(1)))
    with pytest.raises(ShapeError, match="got a batch of 2"):
        histogram(torch.zeros(2, 3, 5, 5))
    with pytest.raises(ValueError, match="unknown histogram distance 'far'"):
        histogram_distance(layer(0), histogram(layer(1)), "far")
