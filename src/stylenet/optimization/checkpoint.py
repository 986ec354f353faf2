"""A painting's state on the disk, so that a run that was killed goes on where it was, to the byte."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from stylenet.errors import CheckpointError
from stylenet.image.output import written_whole

_KEY = "stylenet_checkpoint"
_DTYPES = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}


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
        resume: Whether a state that is there is gone on from; else the painting begins anew.
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
        with written_whole(self.path) as temporary:
            _write(tensors, temporary, {_KEY: json.dumps(numbers)})

    def load(self) -> State | None:
        """The state to go on from; None where there is none, or none is asked for.

        Raises:
            CheckpointError: it is of another painting, or damaged.
        """
        if not self.resume or not self.path.exists():
            return None
        numbers, tensors = _read(self.path)
        if different := _differences(numbers["job"], json.loads(json.dumps(self.job))):
            raise CheckpointError(
                f"the checkpoint '{self.path}' is of another painting: {', '.join(different)} differ; "
                "give the same inputs and options, or delete it to begin anew"
            )
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
    return _read(path)[0]["job"] if path.exists() else None


def _read(path: Path) -> tuple[dict[str, Any], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            numbers = json.loads((file.metadata() or {}).get(_KEY, "null"))
            # Cloned: a file's tensors begin at any address, and sums of products round differently there than at torch's own.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"the checkpoint '{path}' cannot be read: {error}; delete it to begin anew") from None
    if numbers is None:
        raise CheckpointError(f"'{path}' is no checkpoint of a painting; delete it to begin anew")
    return numbers, tensors


def _write(tensors: Mapping[str, Tensor], path: Path, metadata: Mapping[str, str]) -> None:
    """A safetensors file, tensor by tensor: the package's own function copies all of them at first, and a print has no room for that."""
    entries: dict[str, Any] = {"__metadata__": dict(metadata)}
    offset = 0
    for name, value in tensors.items():
        size = value.numel() * value.element_size()
        entries[name] = {"dtype": _DTYPES[value.dtype], "shape": list(value.shape), "data_offsets": [offset, offset + size]}
        offset += size
    header = json.dumps(entries).encode()
    header += b" " * (-len(header) % 8)
    with path.open("wb") as file:
        file.write(len(header).to_bytes(8, "little"))
        file.write(header)
        for value in tensors.values():
            file.write(value.detach().cpu().contiguous().numpy().data)


def _differences(kept: Mapping[str, Any], given: Mapping[str, Any]) -> list[str]:
    return [name for name in dict.fromkeys((*kept, *given)) if kept.get(name) != given.get(name)]
