"""Weights as a safetensors file that knows what it is."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import torch
from safetensors.torch import save
from torch import Tensor

from stylenet.errors import OutputError
from stylenet.weights.encoder_weights import EncoderWeights, check_tensors
from stylenet.weights.record import record_to_json

SCALE = "_scale"
"""Ending of the name of a kernel's scales, where the kernel is stored in 8 bits a value."""


def write_weights(weights: EncoderWeights, path: str | Path, *, kernels: Literal["float32", "int8"] = "float32") -> Path:
    """The path of the file written, with record and provenance as metadata. It appears whole or not at all.

    The metadata has the keys `encoder` (name), `record` (JSON) and those of `weights.provenance`.

    Args:
        weights: What is written.
        path: Of the file.
        kernels: How the values of convolution kernels are stored: as they are, or in 8 bits with one scale for each output channel,
            which adds about 0.5 % of noise. Biases are float32.

    Raises:
        WeightsError: The tensors do not fit the record, or are not finite.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    check_tensors(weights.tensors, weights.record)
    metadata = {**weights.provenance, "encoder": weights.record.name, "record": json.dumps(record_to_json(weights.record))}
    tensors = {name: tensor.contiguous() for name, tensor in weights.tensors.items()}
    data = save(tensors if kernels == "float32" else _quantized(tensors), metadata=metadata)
    try:
        write_whole(path, data)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another place or make room there") from error
    return path


def _quantized(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Kernels as int8, -127..127, beside their scales of shape (out, 1, 1, 1): kernel = values * scale."""
    stored: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if tensor.ndim != 4:
            stored[name] = tensor
            continue
        scale = tensor.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-30) / 127
        stored[name] = (tensor / scale).round().to(torch.int8)
        stored[name + SCALE] = scale
    return stored


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
