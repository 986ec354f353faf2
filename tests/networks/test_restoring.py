"""Inputs of restoration networks, and recombining colors with luma."""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import pytest
import torch
from torch import nn

from stylenet.catalog.networks import JohnsonRecord
from stylenet.encoders.resampling import resize
from stylenet.image.files import to_pil
from stylenet.networks.johnson import JohnsonNet
from stylenet.networks.restoring import colored, luma, shrunk


def photo(*shape: int) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("height", "width"), [(8, 12), (9, 15), (64, 40)])
def test_a_quarter_of_the_size(height: int, width: int) -> None:
    assert shrunk(photo(2, 3, height, width)).shape == (2, 3, height // 4, width // 4)


def test_what_is_the_same_everywhere_stays_and_detail_goes() -> None:
    flat = torch.tensor([0.2, 0.5, 0.9]).view(1, 3, 1, 1).expand(1, 3, 32, 32)
    assert torch.allclose(shrunk(flat), flat[:, :, :8, :8], atol=1e-5)
    checks = (torch.arange(32)[:, None] + torch.arange(32)) % 2
    assert float(shrunk(checks.float().expand(1, 3, 32, 32)).std()) < 0.02


def test_a_slow_wave_is_blurred_by_the_gaussian() -> None:
    # A Gaussian of deviation s takes exp(-(2 pi s / period)^2 / 2) of a wave; bicubic interpolation hardly anything of a slow one.
    period = 32
    places = torch.arange(128.0)
    wave = (0.5 + 0.4 * torch.cos(2 * math.pi * places / period)).expand(1, 3, 128, 128)
    small = shrunk(wave)[0, 0, 16, 4:-4] - 0.5
    expected = 0.4 * math.exp(-((2 * math.pi / period) ** 2) / 2) * torch.cos(2 * math.pi * (4 * torch.arange(32.0) + 1.5) / period)[4:-4]
    assert torch.allclose(small, expected, atol=2e-3)


def test_luma_is_what_pillow_takes_for_gray() -> None:
    image = photo(1, 3, 9, 7)
    gray = torch.tensor(list(to_pil(image.numpy()).convert("L").tobytes()), dtype=torch.float32).view(1, 1, 9, 7) / 255
    assert torch.allclose(luma(image), gray, atol=1.5 / 255)
    primaries = torch.eye(3).view(1, 3, 1, 3)
    assert luma(primaries)[0, 0, 0].tolist() == pytest.approx([0.299, 0.587, 0.114])


class _Paint(nn.Module):
    def forward(self, image: torch.Tensor) -> torch.Tensor:
        assert torch.equal(image[:, 0], image[:, 2])  # gray is all it sees
        return torch.stack((image[:, 0] ** 2, image[:, 1], 1 - image[:, 2]), dim=1)


def test_a_networks_colors_without_its_brightness() -> None:
    before = photo(2, 3, 9, 7)
    after = colored(_Paint(), before)
    assert torch.allclose(luma(after), luma(before), atol=1e-6)
    gray = luma(before)[:, 0]
    # Differences between the channels are the network's.
    assert torch.allclose(after[:, 0] - after[:, 1], gray**2 - gray, atol=1e-6)
    assert torch.allclose(colored(_Paint(), luma(before).expand(-1, 3, -1, -1)), after, atol=1e-6)


@pytest.mark.parametrize("factor", [1, 4])
def test_a_residual_network_begins_with_the_picture(factor: Literal[1, 4]) -> None:
    network = JohnsonNet(JohnsonRecord(width=2, blocks=1, factor=factor, residual=True)).eval()
    given = photo(1, 3, 10, 7)
    assert torch.allclose(network(given), resize(given, (7 * factor, 10 * factor)))
    network.get_parameter("leave.bias").data.fill_(1.0)
    expected = (resize(given, (7 * factor, 10 * factor)) + 0.1).clamp(0, 1)
    assert torch.allclose(network(given), expected, atol=1e-6)


def test_records_from_before_have_no_residual() -> None:
    old = msgspec.json.decode(b'{"type": "johnson", "width": 8, "factor": 4}', type=JohnsonRecord)
    assert old == JohnsonRecord(width=8, factor=4, residual=False)
