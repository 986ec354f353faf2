"""A training's state on the disk, so that one that was killed goes on where it was, to the byte."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from stylenet.errors import CheckpointError
from stylenet.image.output import written_whole

CHECKPOINT = "checkpoint.safetensors"
"""Its name in the folder of a training."""

_KEY = "stylenet_training"


def write_checkpoint(folder: Path, tensors: Mapping[str, Tensor], progress: Mapping[str, Any]) -> None:
    """Write the state, whole or not at all.

    Args:
        folder: Of the training.
        tensors: Weights, their average, the optimizer's.
        progress: Everything else, in plain values; the key `job` says of which training it is.

    Raises:
        OutputError: it cannot be written.
    """
    data = save({name: value.detach().cpu().contiguous() for name, value in tensors.items()}, metadata={_KEY: json.dumps(progress)})
    with written_whole(folder / CHECKPOINT) as temporary:
        temporary.write_bytes(data)


def read_checkpoint(folder: Path, job: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and progress of the training that is called `job`.

    Raises:
        CheckpointError: it is of another training, or damaged.
    """
    path = folder / CHECKPOINT
    try:
        with safe_open(path, framework="pt") as file:
            progress = json.loads((file.metadata() or {})[_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except (SafetensorError, OSError, KeyError, ValueError) as error:
        raise CheckpointError(f"checkpoint '{path}' cannot be read: {error}; delete it to begin anew") from None
    kept, given = progress["job"], json.loads(json.dumps(job))
    if different := [name for name in dict.fromkeys((*kept, *given)) if kept.get(name) != given.get(name)]:
        raise CheckpointError(
            f"'{path}' is the checkpoint of another training: {', '.join(different)} differ; give the same inputs and options, "
            "or delete it to begin anew"
        )
    return tensors, progress


def under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors whose names begin with `prefix` and a dot, by the rest of their names."""
    return {name.removeprefix(prefix + "."): value for name, value in tensors.items() if name.startswith(prefix + ".")}
