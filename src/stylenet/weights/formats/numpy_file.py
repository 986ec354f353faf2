"""NumPy files: `vgg19.npy`, a dictionary of [kernel, bias], and `.npz` archives with an array for each kernel and bias.

Kernels are (height, width, in, out), as in TensorFlow.
"""

from __future__ import annotations

import math
import re
import zipfile
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.lib import format as npy_format

from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import MAX_TENSOR_VALUES, Label, RawWeights
from stylenet.weights.formats.detect import check_archive
from stylenet.weights.formats.pickled_array import read_pickled_array
from stylenet.weights.recognition import preprocessing_of

_NAME = re.compile(r"(?:conv|block)(\d)_(?:conv)?(\d)")
_KERNEL = {"weights", "weight", "kernel", "filter", "w", "0"}
_BIAS = {"biases", "bias", "b", "1"}


def read_npy(path: Path, *, kind: str | None) -> RawWeights:
    """The convolutions of a dictionary written by numpy.save, as in TensorFlow ports of VGG.

    Raises:
        WeightsError: The file contains anything else.
    """
    with path.open("rb") as file:
        content = _read_array(file)
    if not isinstance(content, dict):
        raise WeightsError("the .npy file does not contain a dictionary, expected {'conv1_1': [kernel, bias], ...}")
    pairs: dict[str, dict[str, Any]] = {}
    for key, value in content.items():
        if match := _NAME.fullmatch(key):
            parts = value if isinstance(value, dict) else dict(enumerate(value)) if isinstance(value, list) else {}
            pairs[f"conv{match[1]}_{match[2]}"] = {str(name).lower(): part for name, part in parts.items()}
    return _found(pairs, layout="NumPy dictionary", kind=kind, otherwise="caffe")


def read_npz(path: Path, *, kind: str | None) -> RawWeights:
    """The convolutions of an archive written by numpy.savez: `conv1_1_W`, `conv1_1_b` or `conv1_1/kernel`, `conv1_1/bias`, ...

    Raises:
        WeightsError: The archive contains anything else, or would unpack to far more than its size.
    """
    check_archive(path, stored=False)
    pairs: dict[str, dict[str, Any]] = {}
    with zipfile.ZipFile(path) as archive:
        for item in archive.infolist():
            name, match = item.filename.removesuffix(".npy"), _NAME.match(item.filename)
            if not match:
                continue
            with archive.open(item) as file:
                value = _read_array(cast(BinaryIO, file))
            rest = name[match.end() :].strip("_/.:").lower().removesuffix(":0")
            label = f"conv{match[1]}_{match[2]}"
            if rest:
                pairs.setdefault(label, {})[rest] = value
            else:
                pairs[label] = {str(index): part for index, part in enumerate(value)} if isinstance(value, list) else {}
    # The commonly used archive, vgg16_weights.npz, expects RGB, unlike the dictionaries.
    return _found(pairs, layout="NumPy archive", kind=kind, otherwise="caffe-rgb")


def _found(pairs: dict[str, dict[str, Any]], *, layout: str, kind: str | None, otherwise: str) -> RawWeights:
    convolutions: dict[Label, tuple[Any, Any]] = {}
    for label, parts in pairs.items():
        kernel = next((part for name, part in parts.items() if name in _KERNEL), None)
        bias = next((part for name, part in parts.items() if name in _BIAS), None)
        if not isinstance(kernel, np.ndarray) or not isinstance(bias, np.ndarray) or kernel.ndim != 4 or bias.ndim != 1:
            raise WeightsError(f"{label} in a {layout} has no kernel (3, 3, in, out) and bias (out), found {', '.join(parts) or 'nothing'}")
        convolutions[label] = (np.transpose(kernel, (3, 2, 0, 1)), bias)
    if "conv1_1" not in convolutions:
        raise WeightsError(f"no conv1_1 in a {layout}, expected conv1_1 ... conv5_4 or conv1_1 ... conv5_3")
    preprocessing, how = preprocessing_of(convolutions["conv1_1"][0], kind=kind, otherwise=otherwise)
    return RawWeights(layout=layout, convolutions=convolutions, preprocessing=preprocessing, notes={"recognized": how})


def _read_array(file: BinaryIO) -> Any:
    """An array, or the content of an object array; `file` is positioned at its header."""
    version = npy_format.read_magic(file)
    if version not in ((1, 0), (2, 0)):
        raise WeightsError(f"a .npy file of version {version[0]}.{version[1]}, expected 1.0 or 2.0")
    header = npy_format.read_array_header_1_0 if version == (1, 0) else npy_format.read_array_header_2_0
    shape, fortran, dtype = header(file)
    if dtype.kind == "O":
        return read_pickled_array(file)
    # A header of a few bytes can claim any size.
    if dtype.kind != "f" or math.prod(shape) > MAX_TENSOR_VALUES:
        raise WeightsError(f"an array of type {dtype} and shape {shape}, expected kernels and biases of a VGG network")
    data = file.read(math.prod(shape) * dtype.itemsize)
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise WeightsError(f"an array of shape {shape} ends after {len(data)} bytes; the file is truncated")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")
