"""Checkpoints of trainings; see `storage.checkpoints`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylenet.storage.checkpoints import CheckpointFile

CHECKPOINT = "checkpoint.safetensors"
"""File name in the folder of a training."""


def write_checkpoint(folder: Path, tensors: Mapping[str, Tensor], progress: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically.

    Args:
        folder: Folder of the training.
        tensors: Weights, their average, and the state of the optimizer.
        progress: All other values; the key `job` identifies the training.

    Raises:
        OutputError: the file cannot be written.
    """
    _file(folder).write({name: value.detach().cpu().numpy() for name, value in tensors.items()}, progress)


def read_checkpoint(folder: Path, job: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and progress of the training `job`.

    Raises:
        CheckpointError: the checkpoint belongs to another training, or is damaged.
    """
    arrays, progress = _file(folder).read_of(job)
    return {name: torch.from_numpy(values) for name, values in arrays.items()}, progress


def _file(folder: Path) -> CheckpointFile:
    return CheckpointFile(path=folder / CHECKPOINT, key="stylenet_training", subject="training")


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix` and a dot, by their names without it."""
    return {name.removeprefix(prefix + "."): value for name, value in tensors.items() if name.startswith(prefix + ".")}
