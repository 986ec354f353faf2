"""Writing weights files atomically."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from stylenet.errors import WeightsError
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights


@pytest.fixture
def weights(slim_architectures, make_weights):
    return make_weights(slim_architectures[1])


def test_written_record_comes_back_whole(weights, tmp_path):
    record = replace(weights.record, pooling="l2", pooling_scale=0.78, rounding="up", padding="replicate", name="own")
    path = write_weights(replace(weights, record=record, provenance={"note": "ü"}), tmp_path / "w.safetensors")
    found = read_weights(path)
    assert found.record == record
    assert found.provenance["note"] == "ü"
    assert [item.name for item in tmp_path.iterdir() if item.is_file()] == ["w.safetensors"]


def test_nothing_is_written_of_damaged_weights(weights, tmp_path):
    weights.tensors["conv1_1.bias"][0] = float("nan")
    with pytest.raises(WeightsError, match="not finite"):
        write_weights(weights, tmp_path / "w.safetensors")
    assert not (tmp_path / "w.safetensors").exists()


def test_kernels_in_8_bits(weights, slim_architectures, tmp_path):
    """Values are restored within half a step of the scale of their channel, and biases exactly."""
    path = write_weights(weights, tmp_path / "small.safetensors", kernels="int8")
    found = read_weights(path)
    assert set(found.tensors) == set(weights.tensors)
    for name, exact in weights.tensors.items():
        if exact.ndim == 1:
            assert np.array_equal(found.tensors[name], exact)
        else:
            step = np.abs(exact).max((1, 2, 3), keepdims=True) / 127
            assert (np.abs(found.tensors[name] - exact) <= step * 0.501).all()


def test_8_bits_without_their_scales_are_rejected(weights, slim_architectures, tmp_path):
    path = write_weights(weights, tmp_path / "small.safetensors", kernels="int8")
    with safe_open(path, framework="numpy") as file:
        metadata, tensors = file.metadata(), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del tensors["conv1_1.weight|scale"]
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(WeightsError, match=r"conv1_1\.weight is stored in 8 bits without a scale for each of its 4 channels"):
        read_weights(path)
