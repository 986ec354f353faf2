"""Writing and reading network files, and damaged files."""

from pathlib import Path

import pytest
import torch

from stylenet.catalog.networks import (
    AnyRecord,
    JohnsonRecord,
    SlimRecord,
    TextureRecord,
)
from stylenet.errors import WeightsError
from stylenet.networks.files import read_network, write_network
from tests.networks.small import SLIM, card, made


@pytest.mark.parametrize(
    "record",
    [SLIM, SlimRecord(fine=8, coarse=8, blocks=1, code=4), JohnsonRecord(width=4, blocks=1), TextureRecord(scales=2, width=4)],
    ids=["slim", "instant", "johnson", "texture"],
)
def test_reads_back_every_kind(tmp_path: Path, record: AnyRecord) -> None:
    network = made(record)
    write_network(tmp_path / "n.safetensors", network.state_dict(), card(record))
    again, told = read_network(tmp_path / "n.safetensors")
    assert told == card(record)
    for name, value in network.state_dict().items():
        torch.testing.assert_close(again.state_dict()[name], value.half().float() if value.is_floating_point() else value)
    assert not any(parameter.requires_grad for parameter in again.parameters())


def test_eight_bits_are_half_the_size_and_close(tmp_path: Path) -> None:
    record = SlimRecord(fine=32, coarse=32, blocks=2)
    network = made(record)
    write_network(tmp_path / "16.safetensors", network.state_dict(), card(record))
    write_network(tmp_path / "8.safetensors", network.state_dict(), card(record), bits=8)
    assert (tmp_path / "8.safetensors").stat().st_size < 0.6 * (tmp_path / "16.safetensors").stat().st_size
    again, _ = read_network(tmp_path / "8.safetensors")
    for name, value in network.state_dict().items():
        given = again.state_dict()[name]
        if value.dim() > 1:
            largest = value.abs().flatten(1).amax(1).view(-1, *(1,) * (value.dim() - 1))
            assert ((given - value).abs() <= largest / 127 * 0.51 + 1e-7).all(), name


@pytest.mark.parametrize("bits", [8, 16])
def test_the_memory_layout_does_not_matter(tmp_path: Path, bits: int) -> None:
    """Training uses torch's channels_last format."""
    network = made(SLIM)
    for layout in (torch.contiguous_format, torch.channels_last):
        state = network.to(memory_format=layout).state_dict()  # type: ignore[call-overload]
        write_network(tmp_path / f"{layout}", state, card(SLIM), bits=bits)
    first, second = (read_network(tmp_path / f"{layout}")[0].state_dict() for layout in (torch.contiguous_format, torch.channels_last))
    assert all(torch.equal(value, second[name]) for name, value in first.items())


def test_file_without_a_network(tmp_path: Path) -> None:
    (tmp_path / "text.safetensors").write_text("no network at all")
    with pytest.raises(WeightsError, match="is not a network file; train one with `stylenet train`"):
        read_network(tmp_path / "text.safetensors")


def test_truncated_file(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    write_network(path, made().state_dict(), card())
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(WeightsError, match="is damaged"):
        read_network(path)


def test_weights_of_another_record(tmp_path: Path) -> None:
    write_network(tmp_path / "n.safetensors", made().state_dict(), card(SlimRecord(fine=16, coarse=8, blocks=1)))
    with pytest.raises(WeightsError, match="does not match its card"):
        read_network(tmp_path / "n.safetensors")


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    state = made().state_dict()
    state["knobs"][0, 0] = torch.nan
    write_network(tmp_path / "n.safetensors", state, card())
    with pytest.raises(WeightsError, match="contains NaN or infinity"):
        read_network(tmp_path / "n.safetensors")
