"""The network for all styles: a coder and a slim network."""

from __future__ import annotations

import pytest
import torch

from stylenet.catalog.networks import SlimRecord
from stylenet.errors import ShapeError
from stylenet.networks.base import PassSettings
from stylenet.networks.instant import InstantNet
from stylenet.networks.relay import white_noise
from stylenet.networks.slim import SlimNet

RECORD = SlimRecord(fine=4, coarse=4, deep=4, blocks=1, code=3)


@pytest.fixture(scope="module")
def network() -> InstantNet:
    torch.manual_seed(0)
    return InstantNet(RECORD).requires_grad_(False).eval()


def test_descriptions_choose_the_painting(network: InstantNet) -> None:
    photo, noise = torch.rand(2, 3, 40, 48), white_noise(40, 48, 0).expand(2, -1, -1, -1)
    network.coder.knobs.weight.data.normal_()
    descriptions = torch.randn(2, network.coder.description_size)
    both = network(photo, noise, descriptions, torch.tensor([50.0, 50.0]))
    assert both.shape == photo.shape
    assert float(both.min()) >= 0
    assert float(both.max()) <= 1
    swapped = network(photo, noise, descriptions.flip(0), torch.tensor([50.0, 50.0]))
    assert not torch.allclose(both, swapped, atol=1e-4)
    alone = network(photo[:1], noise[:1], descriptions[:1], torch.tensor([50.0]))
    torch.testing.assert_close(both[:1], alone, atol=1e-5, rtol=1e-4)


def test_memory_and_tiles_are_those_of_the_slim_network() -> None:
    assert InstantNet.bytes_per_px(RECORD, 4) == SlimNet.bytes_per_px(RECORD, 4)
    own, slim = (kind.geometry(RECORD, 400, 500) for kind in (InstantNet, SlimNet))
    assert repr(own) == repr(slim)


@pytest.mark.parametrize(("description", "given"), [(None, "None"), (torch.zeros(1, 5), r"\(1, 5\)"), (torch.zeros(5), r"\(5,\)")])
def test_a_description_of_another_network(network: InstantNet, description: torch.Tensor | None, given: str) -> None:
    settings = PassSettings(strength=50.0, description=description)
    with pytest.raises(ShapeError, match=f"style descriptions of this network have shape .*; got {given}"):
        network.paint_style(torch.zeros(1, 3, 20, 20), settings)
