"""Checkpoints of trainings: tensors and numbers are restored, for the same training only."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from stylenet.errors import CheckpointError
from stylenet.training.checkpoint import CHECKPOINT, read_checkpoint, under, write_checkpoint

JOB = {"seed": 1, "record": {"width": 2}}


def test_tensors_and_progress_come_back(tmp_path: Path) -> None:
    tensors = {"network.weight": torch.randn(3, 4), "optimizer.step": torch.tensor(7)}
    write_checkpoint(tmp_path, tensors, {"job": JOB, "step": 7, "loss": 0.1})
    assert [path.name for path in tmp_path.iterdir()] == [CHECKPOINT]
    again, progress = read_checkpoint(tmp_path, JOB)
    assert progress["step"] == 7
    assert progress["loss"] == 0.1
    assert {name for name, value in tensors.items() if torch.equal(again[name], value)} == set(tensors)
    assert set(under("network", again)) == {"weight"}
    assert under("net", again) == {}


def test_another_training_and_a_damaged_file(tmp_path: Path) -> None:
    write_checkpoint(tmp_path, {"a": torch.ones(100)}, {"job": JOB})
    with pytest.raises(CheckpointError, match="from another training"):
        read_checkpoint(tmp_path, {**JOB, "seed": 2})
    path = tmp_path / CHECKPOINT
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(CheckpointError, match=r"cannot be read: .*; delete it to start over"):
        read_checkpoint(tmp_path, JOB)
