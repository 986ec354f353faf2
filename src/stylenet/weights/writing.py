"""Weights as a safetensors file that knows what it is."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from pathlib import Path

from safetensors.torch import save

from stylenet.errors import OutputError
from stylenet.weights.encoder_weights import EncoderWeights, check_tensors
from stylenet.weights.record import record_to_json


def write_weights(weights: EncoderWeights, path: str | Path) -> Path:
    """The path of the file written: float32 tensors; record and provenance as metadata. It appears whole or not at all.

    The metadata has the keys `encoder` (name), `record` (JSON) and those of `weights.provenance`.

    Raises:
        WeightsError: The tensors do not fit the record, or are not finite.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    check_tensors(weights.tensors, weights.record)
    metadata = {**weights.provenance, "encoder": weights.record.name, "record": json.dumps(record_to_json(weights.record))}
    data = save({name: tensor.contiguous() for name, tensor in weights.tensors.items()}, metadata=metadata)
    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another place or make room there") from error
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Put `data` into the file at `path` in one stroke: written beside it, brought to disk, renamed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner reads; a result follows the umask like any other file.
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise
