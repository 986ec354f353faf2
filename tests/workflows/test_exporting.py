"""Export to ONNX files, which are compared with the network before they are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from stylenet.errors import OutputError, StyleError, UsageError, WeightsError
from stylenet.networks.export import Painter, to_onnx
from stylenet.networks.files import read_network
from stylenet.networks.instant import InstantNet
from stylenet.workflows.exporting import MAX_DIFFERENCE, describe, export_network, largest_difference
from tests.networks.small import write_small

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

OF_ONE_STYLE, OF_EVERY_STYLE = 0, 4
"""Lengths of the code of a style: none, and that of a small network."""


def written(folder: Path, code: int) -> Path:
    path = folder / "small.safetensors"
    write_small(path, code=code)
    return path


@pytest.mark.parametrize(
    ("code", "inputs"), [(OF_ONE_STYLE, {"image", "noise", "strength"}), (OF_EVERY_STYLE, {"image", "noise", "strength", "style"})]
)
def test_a_network_becomes_a_file_with_its_inputs(tmp_path: Path, code: int, inputs: set[str]) -> None:
    exported = export_network(written(tmp_path, code), tmp_path / "small.onnx")
    assert exported.path == tmp_path / "small.onnx"
    assert set(exported.inputs) == inputs
    assert 0 <= exported.difference <= MAX_DIFFERENCE
    assert set(Painter(exported.path.read_bytes(), threads=1).inputs) == inputs


def test_a_style_that_is_stored_is_no_input(tmp_path: Path) -> None:
    exported = export_network(written(tmp_path, OF_EVERY_STYLE), tmp_path / "small.onnx", style="starry-night")
    assert "style" not in exported.inputs


def test_a_graph_of_another_network_differs(tmp_path: Path) -> None:
    network: Any = read_network(written(tmp_path, OF_ONE_STYLE))[0]
    painter = Painter(to_onnx(network), threads=1)
    assert largest_difference(painter, network) < 1e-4
    with torch.no_grad():
        network.finish.bias.add_(0.02)
    assert largest_difference(painter, network) > MAX_DIFFERENCE


def test_the_description_of_a_style_is_its_own(tmp_path: Path) -> None:
    network, card = read_network(written(tmp_path, OF_EVERY_STYLE))
    assert isinstance(network, InstantNet)
    described = {name: describe(network, card, name) for name in ("starry-night", "great-wave")}
    assert {name: found for name, (found, _) in described.items()} == {name: name for name in described}
    night, wave = (description for _, description in described.values())
    assert night.shape == wave.shape
    assert night.ndim == 2
    assert len(night) == 1
    assert not torch.allclose(night, wave, atol=0.1)
    assert torch.equal(night, describe(network, card, "starry-night")[1])


@pytest.mark.parametrize(
    ("code", "output", "style", "error", "message"),
    [
        (OF_ONE_STYLE, "small.pt", None, OutputError, r"allowed are \.onnx"),
        (OF_ONE_STYLE, "nowhere/small.onnx", None, OutputError, "nowhere"),
        (OF_ONE_STYLE, "small.onnx", "starry-night", UsageError, "network 'small' has its own style; omit --style"),
        (OF_EVERY_STYLE, "small.onnx", "no-such-style", StyleError, "no-such-style"),
    ],
)
def test_what_cannot_be_exported(tmp_path: Path, code: int, output: str, style: str | None, error: type[Exception], message: str) -> None:
    source = written(tmp_path, code)
    with pytest.raises(error, match=message):
        export_network(source, tmp_path / output, style=style)
    with pytest.raises(WeightsError, match="there is no included network 'instan'"):
        export_network("instan", tmp_path / "small.onnx")
    assert list(tmp_path.glob("*.onnx")) == []
