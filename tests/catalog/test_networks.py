"""Built-in networks, and the cards of network files."""

import json
import struct
from pathlib import Path

import pytest

from stylenet.catalog.networks import (
    find_network,
    is_network,
    read_network_card,
)
from stylenet.errors import WeightsError
from stylenet.networks.files import write_network
from tests.networks.small import card, made


def test_tells_networks_from_other_files(tmp_path: Path) -> None:
    write_network(tmp_path / "n.safetensors", made().state_dict(), card())
    assert is_network(tmp_path / "n.safetensors")
    (tmp_path / "text.safetensors").write_text("no network at all")
    assert not is_network(tmp_path / "text.safetensors")
    assert not is_network(tmp_path / "missing.safetensors")


def test_card_of_a_newer_version(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    header = json.dumps({"__metadata__": {"stylenet_network": json.dumps({"name": "x", "paints": "houses", "record": {"type": "slim"}})}})
    path.write_bytes(struct.pack("<Q", len(header)) + header.encode())
    with pytest.raises(WeightsError, match="damaged, or of a newer version"):
        read_network_card(path)


def test_a_name_is_a_file_that_ships_and_a_path_is_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_network("starry-night").is_file()
    assert find_network("mine.safetensors") == Path("mine.safetensors")
    assert find_network(tmp_path / "starry-night") == tmp_path / "starry-night"
    (tmp_path / "starry-night").touch()  # a file of this name changes nothing, unless it is written as a path
    assert find_network("starry-night").suffix == ".safetensors"
    assert find_network("./starry-night") == Path("starry-night")
    (tmp_path / "mine").touch()
    assert find_network("mine") == Path("mine")
    with pytest.raises(WeightsError, match="there is no included network 'stary-night'"):
        find_network("stary-night")
