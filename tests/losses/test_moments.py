"""Moments and Gram matrices compared with NumPy, and their gradients with finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylenet.errors import ShapeError
from stylenet.losses.moments import Moments, gram_matrix, moments


def random(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_gram_of_the_printed_example() -> None:
    """The numbers 1..12 as 4 positions of 3 channels. The text prints the sum; we divide it by the 4 positions."""
    rows = np.arange(1.0, 13.0).reshape(4, 3)
    features = torch.from_numpy(rows.T.copy()).view(1, 3, 2, 2)
    gram = gram_matrix(features)[0].numpy()
    np.testing.assert_array_equal(gram * 4, [[166, 188, 210], [188, 214, 240], [210, 240, 270]])
    np.testing.assert_array_equal(gram, [[41.5, 47, 52.5], [47, 53.5, 60], [52.5, 60, 67.5]])


@pytest.mark.parametrize("shape", [(1, 4, 5, 7), (2, 3, 1, 1), (1, 1, 6, 2)])
@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_moments_against_numpy(shape: tuple[int, ...], memory: torch.memory_format) -> None:
    features = random(*shape)
    given = moments(features.contiguous(memory_format=memory))
    for index in range(shape[0]):
        flat = features[index].reshape(shape[1], -1).numpy()
        np.testing.assert_allclose(given.mean[index], flat.mean(1), rtol=1e-12)
        np.testing.assert_allclose(given.gram[index], flat @ flat.T / flat.shape[1], rtol=1e-12)
        np.testing.assert_allclose(given.covariance[index], np.cov(flat, bias=True).reshape(shape[1], shape[1]), atol=1e-12)
        np.testing.assert_allclose(given.deviation[index], np.maximum(flat.std(1), 1e-5), atol=1e-9)
    assert given.positions == shape[2] * shape[3]


def test_gram_is_symmetric_and_does_not_know_positions() -> None:
    features = random(1, 6, 4, 5)
    gram = gram_matrix(features)
    torch.testing.assert_close(gram, gram.transpose(1, 2))
    shuffled = features.flatten(2)[:, :, torch.randperm(20, generator=torch.Generator().manual_seed(3))].view(1, 6, 4, 5)
    torch.testing.assert_close(gram_matrix(shuffled), gram)
    torch.testing.assert_close(gram_matrix(features.repeat(1, 1, 2, 3)), gram)


@pytest.mark.parametrize("positions", [(64, 64), (64, 65), (90, 100)])
def test_bfloat16_sums_in_blocks(positions: tuple[int, int]) -> None:
    """A bfloat16 sum over thousands of positions would stop increasing; sums of blocks do not."""
    features = random(1, 8, *positions, dtype=torch.float32).abs()
    exact = moments(features)
    given = moments(features.bfloat16())
    assert given.gram.dtype == torch.float32
    torch.testing.assert_close(given.gram, exact.gram.float(), rtol=1e-2, atol=1e-3)
    torch.testing.assert_close(given.mean, exact.mean.float(), rtol=1e-2, atol=1e-3)


def test_gradient_of_moments() -> None:
    features = random(2, 3, 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: (moments(x).mean, moments(x).gram), (features,))


def test_gradient_of_moments_against_plain_autograd() -> None:
    """The custom backward pass must give the same gradient as autograd, for a loss of both moments."""
    weights_mean, weights_gram = random(1, 5, seed=1), random(1, 5, 5, seed=2)
    ours, plain = random(1, 5, 6, 7).requires_grad_(), random(1, 5, 6, 7).requires_grad_()
    given = moments(ours)
    ((given.mean * weights_mean).sum() + (given.gram * weights_gram).sum()).backward()
    flat = plain.flatten(2)
    ((flat.mean(2) * weights_mean).sum() + (flat @ flat.transpose(1, 2) / 42 * weights_gram).sum()).backward()
    torch.testing.assert_close(ours.grad, plain.grad)


def test_shift_is_a_shift_of_the_features() -> None:
    features = random(1, 4, 5, 5) * 3 + 2
    torch.testing.assert_close(moments(features).shifted(1.0).gram, moments(features - 1).gram)
    torch.testing.assert_close(moments(features).shifted(1.0).mean, moments(features - 1).mean)
    same = moments(features)
    assert same.shifted(0.0) is same


def test_deviation_has_a_gradient_where_a_channel_is_constant() -> None:
    features = torch.ones(1, 2, 3, 3, dtype=torch.float64, requires_grad=True)
    moments(features).deviation.sum().backward()
    assert features.grad is not None
    assert torch.isfinite(features.grad).all()


def test_features_of_another_shape_are_rejected() -> None:
    with pytest.raises(ShapeError, match=r"features have shape \(B, C, H, W\); got \(3, 4, 4\)"):
        moments(torch.zeros(3, 4, 4))


def test_moments_on_a_device_are_the_same_numbers() -> None:
    given = Moments(random(1, 2), random(1, 2, 2), 7).to(torch.device("cpu"))
    torch.testing.assert_close(given.mean, random(1, 2))
    assert given.positions == 7
