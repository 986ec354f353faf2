"""Safetensors files: those of StyleNet, with a record, and state dicts from other sources."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from safetensors import safe_open

from stylenet.catalog.encoders import ENCODERS
from stylenet.errors import WeightsError
from stylenet.storage.eight_bits import dequantize
from stylenet.weights.encoder_weights import EncoderWeights, RawWeights, as_float32, check_tensors
from stylenet.weights.formats.state_dict import read_state_dict
from stylenet.weights.record import record_from_json

_PLAIN = {"F64", "F32", "F16", "I64", "I32", "I16", "I8", "U64", "U32", "U16", "U8", "BOOL"}
"""Types that NumPy supports."""


def read_safetensors(path: Path, *, kind: str | None) -> EncoderWeights | RawWeights:
    """The weights of a file that names its encoder in its metadata, or the convolutions found in another one.

    Raises:
        WeightsError: Tensors are missing, unknown or damaged.
    """
    with safe_open(path, framework="numpy") as file:
        metadata, names = dict(file.metadata() or {}), list(file.keys())
        plain = all(file.get_slice(name).get_dtype() in _PLAIN for name in names)
        stored = {name: file.get_tensor(name) for name in names} if plain else _by_torch(path)
    if "encoder" not in metadata:
        return read_state_dict(stored, layout="safetensors state dict", kind=kind)
    if kind is not None:
        raise WeightsError(f"kind '{kind}' was given, but the file states its encoder: {metadata['encoder']}; omit --kind")
    if "record" in metadata:
        record = record_from_json(json.loads(metadata.pop("record")))
    elif metadata["encoder"] in ENCODERS:
        record = ENCODERS[metadata["encoder"]]
    else:
        raise WeightsError(f"the file is for the encoder '{metadata['encoder']}' and has no record; known encoders: {', '.join(ENCODERS)}")
    values = {name: as_float32(array, name) for name, array in dequantize(stored).items()}
    check_tensors(values, record)
    return EncoderWeights(record=record, tensors=values, provenance=metadata)


def _by_torch(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file with types that NumPy lacks, such as bfloat16."""
    from safetensors.torch import load_file

    from stylenet.weights.formats.torch_file import as_array

    return {name: as_array(tensor, name) for name, tensor in load_file(path).items()}
