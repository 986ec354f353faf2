"""Network classes are found by record; reading a card does not import torch."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stylenet.catalog.networks import (
    AnyRecord,
    HypercolumnRecord,
    JohnsonRecord,
    NetworkCard,
    NetworkRecord,
    SlimRecord,
    TextureRecord,
    read_network_card,
)
from stylenet.errors import WeightsError
from stylenet.networks.files import write_network
from stylenet.networks.registry import SHIPPED, network_class

RECORDS: list[AnyRecord] = [HypercolumnRecord(), JohnsonRecord(), SlimRecord(), SlimRecord(code=8), TextureRecord()]


class StrangeRecord(NetworkRecord, frozen=True, tag="strange"):
    width: int = 1


def test_every_record_that_ships_has_its_class() -> None:
    kinds = [record.kind for record in RECORDS]
    assert sorted(kinds) == sorted(SHIPPED)
    classes = [network_class(record) for record in RECORDS]
    assert len(set(classes)) == len(SHIPPED)
    assert [found.__module__ for found in classes] == [f"stylenet.networks.{kind}" for kind in kinds]


def test_a_record_of_another_program_is_read_from_a_file_and_needs_a_class(tmp_path: Path) -> None:
    path = tmp_path / "strange.safetensors"
    write_network(path, {}, NetworkCard(name="strange", paints="style", record=StrangeRecord(width=3)))
    record = read_network_card(path).record
    assert record == StrangeRecord(width=3)
    with pytest.raises(WeightsError, match="no class of networks is registered for 'strange'; import the module that defines it"):
        network_class(record)


def test_reading_a_card_and_the_registry_load_no_torch() -> None:
    code = (
        "import sys, stylenet.networks.registry\n"
        "from stylenet.catalog.networks import find_network, read_network_card\n"
        "read_network_card(find_network('instant'))\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
