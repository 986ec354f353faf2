"""A training's state on the disk; see `storage.checkpoints`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylenet.storage.checkpoints import CheckpointFile

CHECKPOINT = "checkpoint.safetensors"
"""Its name in the folder of a training."""


def write_checkpoint(folder: Path, tensors: Mapping[str, Tensor], progress: Mapping[str, Any]) -> None:
    """Write the state, whole or not at all.

    Args:
        folder: Of the training.
        tensors: Weights, their average, the optimizer's.
        progress: Everything else, in plain values; the key `job` says of which training it is.

    Raises:
        OutputError: it cannot be written.
    """
    _file(folder).write({name: value.detach().cpu().numpy() for name, value in tensors.items()}, progress)


def read_checkpoint(folder: Path, job: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and progress of the training that is called `job`.

    Raises:
        CheckpointError: it is of another training, or damaged.
    """
    arrays, progress = _file(folder).read_of(job)
    return {name: torch.from_numpy(values) for name, values in arrays.items()}, progress


def _file(folder: Path) -> CheckpointFile:
    return CheckpointFile(path=folder / CHECKPOINT, key="stylenet_training", subject="training")


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix` and a dot, by the rest of their names."""
    return {name.removeprefix(prefix + "."): value for name, value in tensors.items() if name.startswith(prefix + ".")}
