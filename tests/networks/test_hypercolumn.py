"""Colorization from an encoder's features."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
import torch

from stylenet.catalog.networks import HypercolumnRecord, NetworkCard
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
from stylenet.errors import ShapeError
from stylenet.networks.files import read_network, write_network
from stylenet.networks.hypercolumn import LAYERS, HypercolumnNet


@pytest.fixture
def network() -> HypercolumnNet:
    torch.manual_seed(0)
    made = HypercolumnNet(HypercolumnRecord(width=4)).eval()
    torch.nn.init.normal_(made.leave.weight)
    return made


@pytest.mark.parametrize("size", [(64, 48), (33, 71), (17, 16), (16, 40), (5, 3), (1, 1)])
def test_every_size(network: HypercolumnNet, size: tuple[int, int]) -> None:
    gray = torch.rand((2, 1, *size), generator=torch.Generator().manual_seed(1)).expand(-1, 3, -1, -1)
    painted = network(gray)
    assert painted.shape == gray.shape
    assert torch.isfinite(painted).all()


def test_gray_at_first() -> None:
    gray = torch.rand((1, 1, 32, 32)).expand(-1, 3, -1, -1)
    assert torch.equal(HypercolumnNet(HypercolumnRecord(width=4))(gray), gray)


def test_it_sees_with_the_encoder_that_ships_and_never_teaches_it(network: HypercolumnNet) -> None:
    encoder = open_encoder(EncoderSection(), device=torch.device("cpu"), dtype=torch.float32).exact
    network.load_encoder(encoder)
    image = torch.rand((1, 3, 40, 56), generator=torch.Generator().manual_seed(2))
    for layer, values in encoder(image, LAYERS).items():
        assert torch.equal(values, network.encoder(image, LAYERS)[layer])
    network.train()(image).square().mean().backward()
    taught = {name for name, value in network.named_parameters() if value.grad is not None}
    assert taught == {name for name, value in network.named_parameters() if not name.startswith("encoder.")}


def test_the_file_holds_all_of_it(network: HypercolumnNet, tmp_path: Path) -> None:
    path = tmp_path / "color.safetensors"
    write_network(path, network.state_dict(), NetworkCard(name="color", paints="colorization", record=network.record))
    again, _ = read_network(path)
    image = torch.rand((1, 3, 40, 56), generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(again(image), copy.deepcopy(network)(image), rtol=0, atol=0.01)


def test_what_is_no_picture(network: HypercolumnNet) -> None:
    with pytest.raises(ShapeError, match="a picture has shape"):
        network(torch.rand(1, 1, 32, 32))
