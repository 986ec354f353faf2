"""Checkpoints of paintings; see `storage.checkpoints`."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylenet.storage.checkpoints import CheckpointFile


@dataclass(frozen=True, kw_only=True)
class State:
    """State of a painting between two steps.

    Attributes:
        level: Index of the level; 0 is the coarsest.
        steps: Total number of steps.
        seconds: Total time.
        loss: Loss of the last step.
        patience: Lowest loss of the level, and the number of steps since then.
        solver: State of the solver.
        result: Current result, in the recipe's units.
    """

    level: int
    steps: int
    seconds: float
    loss: float
    patience: tuple[float, int]
    solver: Mapping[str, Tensor]
    result: Tensor


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """Checkpoint file of a painting.

    Attributes:
        path: Path of the file, which is written atomically, for the first time after `seconds`.
        job: Everything that determines the bytes of the result; checkpoints of other jobs are rejected.
        seconds: Interval between checkpoints.
        resume: Whether to resume from an existing checkpoint; otherwise start over.
    """

    path: Path
    job: Mapping[str, Any]
    seconds: float = 20.0
    resume: bool = False

    def save(self, state: State) -> None:
        """Write the state atomically.

        Raises:
            OutputError: the file cannot be written.
        """
        tensors = {f"solver.{name}": value for name, value in state.solver.items()} | {"result": state.result}
        numbers = {
            "level": state.level,
            "steps": state.steps,
            "seconds": state.seconds,
            "loss": state.loss,
            "patience": state.patience,
            "job": self.job,
        }
        _file(self.path).write({name: value.detach().cpu().numpy() for name, value in tensors.items()}, numbers)

    def load(self) -> State | None:
        """The state to resume from; None if there is no checkpoint or `resume` is False.

        Raises:
            CheckpointError: the checkpoint belongs to another painting, or is damaged.
        """
        if not self.resume or not self.path.exists():
            return None
        arrays, numbers = _file(self.path).read_of(self.job)
        # Cloned: torch's matrix products may round differently if memory is not aligned like its own.
        tensors = {name: torch.from_numpy(values).clone() for name, values in arrays.items()}
        return State(
            level=numbers["level"],
            steps=numbers["steps"],
            seconds=numbers["seconds"],
            loss=numbers["loss"],
            patience=tuple(numbers["patience"]),
            solver={name.removeprefix("solver."): value for name, value in tensors.items() if name.startswith("solver.")},
            result=tensors["result"],
        )

    def remove(self) -> None:
        """Delete the file."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def saved_job(path: Path) -> Mapping[str, Any] | None:
    """The job of the checkpoint in `path`; None if the file does not exist.

    Raises:
        CheckpointError: the file is damaged.
    """
    return _file(path).read()[1]["job"] if path.exists() else None


def _file(path: Path) -> CheckpointFile:
    return CheckpointFile(path=path, key="stylenet_checkpoint", subject="painting")
