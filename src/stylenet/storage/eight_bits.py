"""Weights in 8 bits per value, with one scale for each output channel: value = stored * scale.

A stored array W comes with an array `W|scale` of shape (out), in float32. Weights files of earlier versions, including the encoder
`compact`, call it `W_scale` and give it the shape (out, 1, 1, 1).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylenet.errors import WeightsError

Arrays = Mapping[str, NDArray[Any]]

SCALE = "|scale"
"""Suffix of the name of a scale; no other tensor uses it."""

_EARLIER = "_scale"

_LARGEST = 127
"""Stored value of the largest value in a channel; -128 is not used."""


def quantize(values: NDArray[Any], name: str) -> dict[str, NDArray[Any]]:
    """An array in 8 bits and its scales, by name; the error is at most half a step of 1/127 of the largest value in a channel.

    Args:
        values: Shape (out, ...), float32, finite.
        name: Name of the array.
    """
    # In C order: some versions of safetensors write the memory of an array unchanged, whatever its strides.
    values = np.ascontiguousarray(values)
    scale = np.maximum(np.abs(values).reshape(len(values), -1).max(axis=1) / _LARGEST, 1e-12).astype(np.float32)
    return {name: np.rint(values / _across(scale, values.ndim)).astype(np.int8), name + SCALE: scale}


def dequantize(stored: Arrays) -> dict[str, NDArray[Any]]:
    """The arrays of a file: those in 8 bits multiplied by their scales to float32, the others unchanged.

    Raises:
        WeightsError: An array in 8 bits has no scale for each of its channels.
    """
    named = {name: _name_of_scale(name, stored) for name, array in stored.items() if array.dtype == np.int8}
    used = set(named.values())
    values: dict[str, NDArray[Any]] = {}
    for name, array in stored.items():
        if name in used:
            continue
        if array.dtype == np.int8:
            channels = len(array) if array.ndim else 0
            scale = stored.get(named[name], np.empty(0))
            if not channels or scale.size != channels or scale.shape[:1] != (channels,) or scale.dtype.kind != "f":
                raise WeightsError(f"{name} is stored in 8 bits without a scale for each of its {channels} channels; the file is damaged")
            array = np.multiply(array, _across(scale.astype(np.float32, copy=False), array.ndim), dtype=np.float32)
        values[name] = array
    return values


def _name_of_scale(name: str, stored: Arrays) -> str:
    return name + (_EARLIER if name + SCALE not in stored else SCALE)


def _across(scale: NDArray[Any], dimensions: int) -> NDArray[Any]:
    """One number for each channel, reshaped for multiplication with an array of this number of dimensions."""
    return scale.reshape(-1, *(1,) * (dimensions - 1))
