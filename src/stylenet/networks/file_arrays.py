"""Read network files as float32 arrays, from 8 or 16 bits. Does not import torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stylenet.errors import WeightsError
from stylenet.storage.eight_bits import dequantize

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]


def read_arrays(path: Path) -> dict[str, Array]:
    """The tensors of a network file by name, in float32; integers without a scale keep their type.

    Raises:
        WeightsError: the file is damaged, or contains NaN or infinity.
    """
    try:
        stored = dequantize(load_file(path))
    except (SafetensorError, OSError, KeyError, TypeError, WeightsError) as error:
        raise WeightsError(f"network file '{path}' is damaged: {error}") from None
    arrays = {name: value.astype(np.float32, copy=False) if value.dtype.kind == "f" else value for name, value in stored.items()}
    if not all(np.isfinite(value).all() for value in arrays.values()):
        raise WeightsError(f"network file '{path}' is damaged: it contains NaN or infinity")
    return arrays
