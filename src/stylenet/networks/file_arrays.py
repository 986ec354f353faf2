"""A network's file as arrays: 8 bits and 16 become float32. No torch."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from stylenet.errors import WeightsError

Array: TypeAlias = np.ndarray[Any, np.dtype[np.float32]]

SCALE = "|scale"
"""No module has such a name. At the end of the name of what a tensor in 8 bits is multiplied by, one number for each output channel."""


def read_arrays(path: Path) -> dict[str, Array]:
    """The tensors of a network's file by name, in float32; whole numbers that have no scale as they are.

    Raises:
        WeightsError: the file is damaged, or holds values that are not numbers.
    """
    try:
        stored = load_file(path)
    except (SafetensorError, OSError, KeyError) as error:
        raise WeightsError(f"network file '{path}' is damaged: {error}") from None
    arrays = {}
    for name, value in stored.items():
        if name.endswith(SCALE):
            continue
        scale = stored.get(name + SCALE)
        if scale is not None:
            if scale.shape != (len(value),):
                raise WeightsError(f"network file '{path}' is damaged: the scales of {name} are not one for each channel")
            value = value.astype(np.float32) * scale.reshape(-1, *(1,) * (value.ndim - 1)).astype(np.float32)
        arrays[name] = value.astype(np.float32) if value.dtype.kind == "f" else value
    if not all(np.isfinite(value).all() for value in arrays.values()):
        raise WeightsError(f"network file '{path}' is damaged: it holds values that are not numbers")
    return arrays
