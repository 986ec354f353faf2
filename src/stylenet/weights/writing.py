"""Writing weights as a safetensors file with metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from stylenet.errors import OutputError
from stylenet.storage.atomic import write_whole
from stylenet.storage.eight_bits import quantize
from stylenet.weights.encoder_weights import EncoderWeights, check_tensors
from stylenet.weights.record import record_to_json


def write_weights(weights: EncoderWeights, path: str | Path, *, kernels: Literal["float32", "int8"] = "float32") -> Path:
    """Write weights atomically, with record and provenance as metadata; returns the path.

    The metadata has the keys `encoder` (name), `record` (JSON) and those of `weights.provenance`.

    Args:
        weights: The weights.
        path: The output file.
        kernels: How the values of convolution kernels are stored: unchanged, or in 8 bits with one scale for each output channel,
            which adds about 0.5 % of noise. Biases are float32.

    Raises:
        WeightsError: The tensors do not fit the record, or are not finite.
        OutputError: The file cannot be written.
    """
    path = Path(path)
    check_tensors(weights.tensors, weights.record)
    metadata = {**weights.provenance, "encoder": weights.record.name, "record": json.dumps(record_to_json(weights.record))}
    arrays: dict[str, NDArray[Any]] = {}
    for name, values in weights.tensors.items():
        arrays |= quantize(values, name) if kernels == "int8" and values.ndim == 4 else {name: np.ascontiguousarray(values)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}; choose another place") from error
    write_whole(path, save(arrays, metadata=metadata))
    return path
