"""The state of a run is restored exactly, and that of another run is rejected."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from stylenet.errors import CheckpointError, OutputError
from stylenet.storage.checkpoints import CheckpointFile

ARRAYS = {
    "b": np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32),
    "a.step": np.array(7.0, np.float32),
    "count": np.array([1, 2**40]),
    "exact": np.array([1 / 3]),
    "empty": np.zeros((0, 3), np.float32),
    "bits": np.array([1, 255], np.uint8),
    "half": np.array([0.5], np.float16),
    "yes": np.array([True, False]),
    "turned": np.arange(12.0).reshape(3, 4).T,
}
VALUES = {"step": 3, "job": {"seed": 0, "size": [4, 5]}}


@pytest.fixture
def file(tmp_path: Path) -> CheckpointFile:
    return CheckpointFile(path=tmp_path / "state", key="some_key", subject="painting")


def test_what_is_written_is_read(file: CheckpointFile) -> None:
    file.write(ARRAYS, VALUES)
    arrays, values = file.read()
    assert values == VALUES
    assert arrays.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (array.dtype, array.shape)
        assert arrays[name].tobytes() == array.tobytes()
    assert [path.name for path in file.path.parent.iterdir() if path.is_file()] == ["state"]


def test_the_safetensors_package_reads_it_and_its_files_are_read(file: CheckpointFile) -> None:
    file.write(ARRAYS, VALUES)
    assert all(np.array_equal(array, ARRAYS[name]) for name, array in load_file(file.path).items())
    save_file({"b": ARRAYS["b"]}, file.path, metadata={"some_key": '{"job": {}}'})
    assert np.array_equal(file.read()[0]["b"], ARRAYS["b"])


def test_of_the_same_run(file: CheckpointFile) -> None:
    file.write(ARRAYS, VALUES)
    assert file.read_of({"size": (4, 5), "seed": 0})[1]["step"] == 3
    with pytest.raises(
        CheckpointError, match=r"is from another painting: seed, strength differ; give the same inputs and options, or delete"
    ):
        file.read_of({"seed": 1, "size": (4, 5), "strength": 2})


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\xff" * 100], ids=["empty", "text", "too long"])
def test_damaged(content: bytes, file: CheckpointFile) -> None:
    file.path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"the checkpoint '.*state' cannot be read: .*; delete it to start over"):
        file.read()


def test_cut_off(file: CheckpointFile) -> None:
    file.write(ARRAYS, VALUES)
    file.path.write_bytes(file.path.read_bytes()[:-10])
    with pytest.raises(CheckpointError, match="cannot be read"):
        file.read()


@pytest.mark.parametrize("metadata", [None, {"other_key": "{}"}, {"some_key": "[]"}, {"some_key": "{}"}, {"some_key": '{"job": 3}'}])
def test_no_checkpoint(metadata: dict[str, str] | None, file: CheckpointFile) -> None:
    save_file({"a": np.zeros(1)}, file.path, metadata=metadata)
    with pytest.raises(CheckpointError, match=r"is not a checkpoint of a painting; delete it to start over"):
        file.read()


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot write"):
        CheckpointFile(path=tmp_path / "gone" / "state", key="k", subject="painting").write({}, VALUES)


def test_storage_does_without_torch() -> None:
    modules = ", ".join(f"stylenet.storage.{name}" for name in ("atomic", "checkpoints", "eight_bits", "hashing", "headers"))
    code = f"import sys, {modules}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
