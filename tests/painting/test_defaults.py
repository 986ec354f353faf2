"""The default recipe."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from stylenet.catalog.networks import JohnsonRecord, NetworkCard
from stylenet.networks.files import build, write_network
from stylenet.painting import defaults
from stylenet.painting.defaults import default_recipe


@pytest.mark.parametrize(
    ("torch", "texture", "expected"),
    [(True, False, "standard"), (False, False, "instant"), (False, True, "standard")],
)
def test_by_what_is_installed(torch: bool, texture: bool, expected: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(defaults, "is_installed", lambda package: torch and package == "torch")
    assert default_recipe(["starry-night", np.zeros((8, 8, 3)), Path("painting.jpg")], texture=texture) == expected


def test_a_network_file_paints_with_itself(tmp_path: Path) -> None:
    path, other = tmp_path / "mine.safetensors", tmp_path / "style.safetensors"
    record = JohnsonRecord(width=2, blocks=1)
    write_network(path, build(record).state_dict(), NetworkCard(name="mine", paints="style", record=record))
    other.write_bytes(b"no network")
    assert default_recipe([path]) == default_recipe(["starry-night", f"{path}"]) == "trained"
    assert default_recipe([other]) == default_recipe([tmp_path / "missing.safetensors"]) == "standard"
