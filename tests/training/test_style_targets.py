"""Batched style targets compared with those of single paintings."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stylenet.losses.gaussian import gaussian, wasserstein_distance
from stylenet.losses.moments import Centered, Moments
from stylenet.training.style_targets import StyleTargets, _by_eigenvalues, _by_newton, root_traces


def features(seed: int, channels: int, *, scale: float = 1.0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn((channels, channels), generator=generator) * torch.linspace(1, 0.1, channels)
    return torch.relu(scale * torch.randn((2, 40, 40, channels), generator=generator) @ mixing + 0.2).permute(0, 3, 1, 2)


def of_one(statistics: Centered, row: int) -> Moments:
    mean, covariance = statistics.mean[row : row + 1], statistics.covariance[row : row + 1]
    return Moments(mean, covariance + mean[:, :, None] * mean[:, None, :], 1600)


@pytest.mark.parametrize("channels", [12, 160])
def test_distances_and_their_slopes_are_those_of_one_painting(channels: int) -> None:
    given, wanted = Centered.of(features(0, channels)), Centered.of(features(1, channels, scale=0.5))
    given.covariance.requires_grad_()
    (apart,) = StyleTargets.of({"layer": wanted}).distances({"layer": given})
    slope = torch.autograd.grad(apart["layer"].sum(), given.covariance)[0]
    for row in range(2):
        one = of_one(given, row)
        one.gram.retain_grad()
        expected = wasserstein_distance(one, gaussian(of_one(wanted, row), rank=96))
        assert float(apart["layer"][row].detach()) == pytest.approx(float(expected.detach()), rel=0.03)
        (other,) = torch.autograd.grad(expected, one.gram)
        assert float(torch.nn.functional.cosine_similarity(slope[row].flatten(), other.flatten(), 0)) > 0.97


def test_a_painting_is_no_distance_from_itself_but_from_another() -> None:
    first, second = (Centered.of(features(seed, 20)) for seed in (0, 5))
    same, other = StyleTargets.of({"layer": first}).distances({"layer": first}, {"layer": second})
    assert float(same["layer"].abs().max()) < 0.01 < float(other["layer"].min())


def test_pictures_of_one_color_have_statistics_and_slopes() -> None:
    plain = torch.full((1, 8, 12, 12), 0.3, requires_grad=True)
    target = StyleTargets.of({"layer": Centered.of(features(0, 8)[:1])})
    (apart,) = target.distances({"layer": Centered.of(plain)})
    (slope,) = torch.autograd.grad(apart["layer"].sum(), plain)
    assert torch.isfinite(apart["layer"]).all()
    assert torch.isfinite(slope).all()
    (back,) = StyleTargets.of({"layer": Centered.of(plain.detach())}).distances({"layer": Centered.of(features(0, 8)[:1])})
    assert torch.isfinite(back["layer"]).all()


def test_fewer_positions_than_directions() -> None:
    few = features(0, 160)[:, :, :4, :5]
    (apart,) = StyleTargets.of({"layer": Centered.of(few)}).distances({"layer": Centered.of(few)})
    assert float(apart["layer"].abs().max()) < 0.06


def test_roots_of_several_matrices_at_once() -> None:
    generator = torch.Generator().manual_seed(0)
    factors = torch.randn((3, 30, 30), generator=generator, dtype=torch.float64)
    matrices = (factors @ factors.transpose(1, 2) * torch.tensor([1e-6, 1.0, 1e6])[:, None, None]).requires_grad_()
    traces = root_traces(matrices)
    exact = torch.linalg.eigvalsh(matrices.detach()).sqrt().sum(1)
    torch.testing.assert_close(traces.double(), exact, rtol=5e-3, atol=0)
    (slope,) = torch.autograd.grad(traces.sum(), matrices)
    values, vectors = torch.linalg.eigh(matrices.detach())
    wanted = (vectors * (0.5 / values.sqrt())[:, None, :]) @ vectors.transpose(1, 2)
    for row in range(3):
        assert float(torch.nn.functional.cosine_similarity(slope[row].flatten(), wanted[row].flatten(), 0)) > 0.95


def test_some_of_many_and_many_of_some() -> None:
    each = [StyleTargets.of({"layer": Centered.of(features(seed, 6))}) for seed in (0, 1)]
    both = StyleTargets.concatenate(each)
    assert len(both) == 4
    chosen = both[torch.tensor([3, 0])]
    torch.testing.assert_close(chosen.parts["layer"][0], torch.stack((each[1].parts["layer"][0][1], each[0].parts["layer"][0][0])))


@pytest.mark.parametrize("columns", [10, 60])
def test_eigenvalues_of_cpus_and_newton_steps_of_gpus_agree(columns: int) -> None:
    factors = torch.randn((3, 30, columns), generator=torch.Generator().manual_seed(4), dtype=torch.float64)
    matrices = factors @ factors.transpose(1, 2)
    matrices = matrices / matrices.flatten(1).norm(dim=1)[:, None, None]
    for one, other in zip(_by_eigenvalues(matrices), _by_newton(matrices), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-3)
