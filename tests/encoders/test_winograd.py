"""Winograd's algorithm compared with direct convolution."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.encoders import winograd


@pytest.fixture
def layer() -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(24, 40, 3, padding=1).requires_grad_(False)


def plain(x: Tensor, layer: nn.Conv2d) -> Tensor:
    return functional.conv2d(x, layer.weight, layer.bias, padding=1)


@pytest.mark.parametrize("size", [(1, 1), (4, 4), (5, 7), (16, 9), (13, 22)])
def test_is_the_convolution_at_every_size(layer: nn.Conv2d, size: tuple[int, int]) -> None:
    x = torch.randn(2, 24, *size).double()
    layer = layer.double()
    torch.testing.assert_close(winograd.convolve(x, layer), plain(x, layer), rtol=1e-9, atol=1e-9)


def test_gradient_is_the_convolution_s(layer: nn.Conv2d) -> None:
    layer = layer.double()
    x = torch.randn(1, 24, 11, 14, dtype=torch.float64, requires_grad=True)
    slope = torch.randn(1, 40, 11, 14, dtype=torch.float64)
    (given,) = torch.autograd.grad(winograd.convolve(x, layer), x, slope)
    (wanted,) = torch.autograd.grad(plain(x, layer), x, slope)
    torch.testing.assert_close(given, wanted, rtol=1e-9, atol=1e-9)


def test_result_may_be_changed_in_place(layer: nn.Conv2d) -> None:
    x = torch.randn(1, 24, 10, 10, requires_grad=True)
    (given,) = torch.autograd.grad(functional.relu(winograd.convolve(x, layer), inplace=True).sum(), x)
    (wanted,) = torch.autograd.grad(functional.relu(plain(x, layer)).sum(), x)
    torch.testing.assert_close(given, wanted, rtol=1e-3, atol=1e-3)


def test_rounds_less_than_one_and_a_half_percent_in_bfloat16() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(128, 128, 3, padding=1).requires_grad_(False)
    x = torch.rand(1, 128, 32, 32)
    exact = plain(x, layer)
    given = winograd.convolve(x.bfloat16(), layer.bfloat16()).float()
    assert (given - exact).norm() / exact.norm() < 0.015


def test_pays_for_many_channels_and_positions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(winograd, "bfloat16_units", lambda: ("AVX512-bf16",))
    wide, narrow = (nn.Conv2d(channels, channels, 3, padding=1).requires_grad_(False) for channels in (128, 64))
    large = torch.zeros(1, 128, 32, 32, dtype=torch.bfloat16)
    assert winograd.is_faster(large, wide)
    assert winograd.is_faster(large.float(), wide)
    assert winograd.is_faster(large[:, :64].float(), narrow)
    assert not winograd.is_faster(large.double(), wide)
    assert not winograd.is_faster(large[:, :64], narrow)
    assert not winograd.is_faster(large[:, :, :8, :8], wide)
    assert not winograd.is_faster(large, nn.Conv2d(128, 128, 3, padding=1)), "weights that learn need their gradient"
    monkeypatch.setattr(winograd, "bfloat16_units", lambda: ("AMX", "AVX512-bf16"))
    assert not winograd.is_faster(large, wide)
