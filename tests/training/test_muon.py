"""Muon: orthogonal updates of matrices, Adam for the rest."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from stylenet.training.muon import Muon, orthogonalized


@pytest.mark.parametrize("shape", [(2, 16, 40), (3, 48, 16), (1, 20, 20)])
def test_orthogonalized_matrices_keep_their_singular_vectors(shape: tuple[int, int, int]) -> None:
    matrices = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    # In the basis of the singular vectors, the result is diagonal with values of about 1.
    inside = left.transpose(1, 2) @ orthogonalized(matrices) @ right.transpose(1, 2)
    values = inside.diagonal(dim1=1, dim2=2)
    assert values.min() > 0.5
    assert values.max() < 1.3
    torch.testing.assert_close(inside, torch.diag_embed(values), atol=1e-4, rtol=0)


def test_the_scale_of_a_matrix_does_not_matter_and_zero_stays_zero() -> None:
    matrices = torch.randn((1, 16, 32), generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(orthogonalized(1e-6 * matrices), orthogonalized(matrices), atol=1e-4, rtol=1e-3)
    assert not orthogonalized(torch.zeros(1, 16, 32)).any()


def test_the_first_update_of_a_matrix() -> None:
    convolution = nn.Conv2d(8, 16, 3, bias=False)
    before = convolution.weight.detach().clone()
    gradient = torch.randn(convolution.weight.shape, generator=torch.Generator().manual_seed(2))
    convolution.weight.grad = gradient.clone()
    Muon(convolution.parameters(), 0.01).step()
    change = (convolution.weight.detach() - before).flatten(1)
    left, _, right = torch.linalg.svd(gradient.flatten(1), full_matrices=False)
    # 16 singular values of about 0.2 * sqrt(72) * 0.01, against the gradient.
    values = -(left.T @ change @ right.T).diagonal() / (0.01 * 0.2 * 72**0.5)
    assert values.min() > 0.5
    assert values.max() < 1.3


def test_an_update_is_as_large_as_one_of_adam() -> None:
    linear = nn.Linear(256, 64, bias=False)
    before = linear.weight.detach().clone()
    linear.weight.grad = torch.randn(linear.weight.shape, generator=torch.Generator().manual_seed(3))
    Muon(linear.parameters(), 1.0).step()
    assert float((linear.weight.detach() - before).square().mean().sqrt()) == pytest.approx(0.2, rel=0.25)


def test_everything_else_is_updated_by_adam() -> None:
    torch.manual_seed(0)
    own, reference = (nn.ParameterList([torch.zeros(5), torch.ones(3, 8, 3, 3), torch.ones(64, 1, 5, 5)]) for _ in range(2))
    muon = Muon(own, 0.01)
    adam = torch.optim.Adam(reference, lr=0.01, betas=(0.9, 0.99))
    for _ in range(5):
        for one, other in zip(own, reference, strict=True):
            one.grad = torch.randn_like(one)
            other.grad = one.grad.clone()
        muon.step()
        adam.step()
    for one, other in zip(own, reference, strict=True):
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-5)


def test_the_learning_rate_can_be_changed_in_place() -> None:
    linear = nn.Linear(64, 32)
    before = linear.weight.detach().clone()
    muon = Muon(linear.parameters(), 0.01)
    muon.param_groups[0]["lr"].fill_(0.0)
    linear(torch.ones(1, 64)).sum().backward()
    muon.step()
    assert torch.equal(linear.weight, before)


def test_a_missing_gradient_is_an_error() -> None:
    with pytest.raises(ValueError, match="every parameter needs a gradient"):
        Muon(nn.Linear(64, 32).parameters(), 0.01).step()
