"""Safetensors: our own files with their record, and anyone's state dict in that form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor

from stylenet.catalog.encoders import ENCODERS
from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import EncoderWeights, Found, as_float32, check_tensors
from stylenet.weights.formats.state_dict import read_state_dict
from stylenet.weights.record import record_from_json
from stylenet.weights.writing import SCALE


def read_safetensors(path: Path, *, kind: str | None) -> EncoderWeights | Found:
    """The weights of a file that names its encoder in its metadata, or the convolutions found in another one.

    Raises:
        WeightsError: Tensors are missing, foreign or damaged.
    """
    with safe_open(path, framework="pt") as file:
        metadata = dict(file.metadata() or {})
        tensors: dict[str, Tensor] = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    if "encoder" not in metadata:
        return read_state_dict(tensors, layout="safetensors state dict", kind=kind)
    if kind is not None:
        raise WeightsError(f"kind '{kind}' was said, but the file itself states what it is: {metadata['encoder']}")
    if "record" in metadata:
        record = record_from_json(json.loads(metadata.pop("record")))
    elif metadata["encoder"] in ENCODERS:
        record = ENCODERS[metadata["encoder"]]
    else:
        raise WeightsError(f"the file is of encoder '{metadata['encoder']}' and has no record; known are {', '.join(ENCODERS)}")
    values = {name: as_float32(tensor, name) for name, tensor in _dequantized(tensors).items()}
    check_tensors(values, record)
    return EncoderWeights(record=record, tensors=values, provenance=metadata)


def _dequantized(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors with kernels that are stored in 8 bits multiplied by their scales; see `weights.writing`."""
    values: dict[str, Tensor] = {}
    for name, tensor in tensors.items():
        if name.endswith(SCALE) and name.removesuffix(SCALE) in tensors:
            continue
        if tensor.dtype == torch.int8:
            scale = tensors.get(name + SCALE)
            if scale is None or tuple(scale.shape) != (tensor.shape[0], 1, 1, 1) or not scale.is_floating_point():
                raise WeightsError(
                    f"{name} is stored in 8 bits without a scale for each of its {tensor.shape[0]} channels; the file is damaged"
                )
            tensor = tensor.float().mul_(scale)
        values[name] = tensor
    return values
