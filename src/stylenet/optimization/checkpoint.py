"""A painting's state on the disk; see `storage.checkpoints`."""

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
    """A painting between two steps.

    Attributes:
        level: Index of the level, 0 is the coarsest.
        steps: Done in all.
        seconds: Painted in all.
        loss: Of the last step.
        patience: Lowest loss of the level, and the steps since then.
        solver: The solver's own state.
        result: The picture as it would be now, in the recipe's units.
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
    """The file that holds a painting's state.

    Attributes:
        path: Of the file. It is replaced whole, and there is none before the first one is due.
        job: All that the painting's bytes depend on, in plain values; a state of another job is refused.
        seconds: Between two of them.
        resume: Whether to resume from an existing checkpoint; otherwise start over.
    """

    path: Path
    job: Mapping[str, Any]
    seconds: float = 20.0
    resume: bool = False

    def save(self, state: State) -> None:
        """Write the state, whole or not at all.

        Raises:
            OutputError: it cannot be written.
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
        """The state to go on from; None where there is none, or none is asked for.

        Raises:
            CheckpointError: it is of another painting, or damaged.
        """
        if not self.resume or not self.path.exists():
            return None
        arrays, numbers = _file(self.path).read_of(self.job)
        # Cloned: an array begins at any address, and sums of products round differently there than at torch's own.
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
        """Delete the file: the painting is done."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def kept_job(path: Path) -> Mapping[str, Any] | None:
    """The job whose state is in `path`; None where there is no such file.

    Raises:
        CheckpointError: it is damaged.
    """
    return _file(path).read()[1]["job"] if path.exists() else None


def _file(path: Path) -> CheckpointFile:
    return CheckpointFile(path=path, key="stylenet_checkpoint", subject="painting")
