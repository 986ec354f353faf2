"""Network files as arrays, in 16 and 8 bits, and damaged ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from stylenet.catalog.networks import NetworkCard, SlimRecord
from stylenet.errors import WeightsError
from stylenet.networks.file_arrays import read_arrays
from stylenet.networks.files import build, read_network, write_network

RECORD = SlimRecord(fine=4, coarse=4, deep=4, blocks=1)


@pytest.mark.parametrize("bits", [16, 8])
def test_the_values_are_those_that_torch_reads(bits: int, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "n.safetensors"
    write_network(path, build(RECORD).state_dict(), NetworkCard(name="n", paints="style", record=RECORD), bits=bits)
    expected, arrays = read_network(path)[0].state_dict(), read_arrays(path)
    assert {value.dtype for value in arrays.values() if value.dtype.kind == "f"} == {np.dtype(np.float32)}
    for name, value in expected.items():
        if name in arrays:
            np.testing.assert_array_equal(arrays[name], value.numpy())
    assert {name for name, _ in build(RECORD).named_parameters()} <= set(arrays)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(bad: float, tmp_path: Path) -> None:
    save_file({"bias": np.array([1.0, bad], np.float32)}, tmp_path / "n.safetensors")
    with pytest.raises(WeightsError, match="is damaged: it contains NaN or infinity"):
        read_arrays(tmp_path / "n.safetensors")


def test_a_file_cut_off_or_missing(tmp_path: Path) -> None:
    path = tmp_path / "n.safetensors"
    save_file({"bias": np.ones(100, np.float32)}, path)
    path.write_bytes(path.read_bytes()[:-20])
    for name in ("n", "none"):
        with pytest.raises(WeightsError, match=f"network file '.*{name}.safetensors' is damaged"):
            read_arrays(tmp_path / f"{name}.safetensors")
