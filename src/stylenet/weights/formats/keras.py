"""HDF5 files of VGG-16 and VGG-19 written by any version of Keras, with or without the classifier.

| written by | groups | kernels |
|---|---|---|
| 2015, `vgg16_weights.h5` | `layer_3/param_0`, `param_1` | Theano: (out, in, height, width), rotated by 180 degrees |
| Keras 1 | `block1_conv1/block1_conv1_W_1:0`, `..._b_1:0` | TensorFlow, or Theano in the files `th_kernels` |
| Keras 2 | `block1_conv1/block1_conv1/kernel:0`, `bias:0` | (height, width, in, out) |
| Keras 2.12 and later, `.weights.h5` | `_layer_checkpoint_dependencies/conv2d_1/vars/0`, `1` | (height, width, in, out) |
| Keras 3, `.weights.h5` | `layers/conv2d_1/vars/0`, `1` | (height, width, in, out) |
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from stylenet.errors import WeightsError
from stylenet.extras import require
from stylenet.weights.encoder_weights import MAX_TENSOR_VALUES, Label, RawWeights
from stylenet.weights.recognition import preprocessing_of

_BLOCK = re.compile(r"block(\d)_conv(\d)")
_NUMBER = re.compile(r"(?:conv2d|convolution2d|layer)(?:_(\d+))?")
_PLAIN_FILTERS = {1, 2, 3}
"""deflate, shuffle, fletcher32: the built-in filters of HDF5; others would load a library from disk."""

_MAX_OBJECTS = 5000


def read_keras(path: Path, *, kind: str | None) -> RawWeights:
    """The convolutions of a Keras model's weights.

    Raises:
        WeightsError: The file has no convolutions of VGG, or refers to other files.
    """
    h5py = require("h5py", "reading Keras' .h5 files")
    convolutions: dict[Label, Any] = {}
    with h5py.File(path, "r", locking=False) as file:
        for where, (kernel, bias) in _pairs(file).items():
            label = _label(where)
            if label is None or label in convolutions:
                raise WeightsError(f"found a convolution in '{where}', expected block1_conv1, ..., layer_1, ... or conv2d, ...")
            convolutions[label] = (kernel[()], bias[()])
    if not convolutions:
        raise WeightsError("the HDF5 file has no convolutions; expected the weights of VGG-16 or VGG-19 as Keras saves them")
    named = any(isinstance(label, str) for label in convolutions)
    first = convolutions[min(convolutions, key=str if named else int)][0]
    theano = first.ndim == 4 and first.shape[1] == 3 and first.shape[2:] == (3, 3) and first.shape[0] != 3
    convolutions = {label: (_to_torch(kernel, theano=theano), bias) for label, (kernel, bias) in convolutions.items()}
    first = _to_torch(first, theano=theano)
    preprocessing, how = preprocessing_of(first, kind=None if kind == "keras" else kind, otherwise="caffe")
    order = "Theano kernels, rotated back" if theano else "TensorFlow kernels"
    return RawWeights(
        layout="Keras file",
        convolutions=convolutions,
        numbering="convolutions",
        preprocessing=preprocessing,
        notes={"recognized": f"{how}; {order}"},
    )


def _to_torch(kernel: Any, *, theano: bool) -> Any:
    # Theano uses convolution where others use correlation, so its kernels are rotated by 180 degrees.
    return kernel[:, :, ::-1, ::-1] if theano else np.transpose(kernel, (3, 2, 0, 1))


def _label(where: str) -> Label | None:
    """`conv1_1` for a path with block1_conv1, otherwise the index of the convolution."""
    if match := _BLOCK.search(where):
        return f"conv{match[1]}_{match[2]}"
    for part in reversed(where.split("/")):
        if match := _NUMBER.fullmatch(part):
            return int(match[1] or 0)
    return None


def _pairs(file: Any) -> dict[str, tuple[Any, Any]]:
    """Kernel (4-D) and bias (1-D) of each group that contains exactly these data sets, by the path of the group."""
    groups: dict[str, list[Any]] = defaultdict(list)
    for path, dataset in _datasets(file):
        groups[path.rpartition("/")[0]].append(dataset)
    pairs = {}
    for where, datasets in groups.items():
        kernels = [dataset for dataset in datasets if len(dataset.shape) == 4]
        biases = [dataset for dataset in datasets if len(dataset.shape) == 1]
        if len(kernels) == 1:
            if len(biases) != 1 or len(datasets) != 2:
                raise WeightsError(f"'{where}' has {len(datasets)} arrays, expected a kernel and a bias")
            for dataset in datasets:
                _check_dataset(dataset, where)
            pairs[where] = (kernels[0], biases[0])
    return pairs


def _datasets(file: Any) -> list[tuple[str, Any]]:
    """All data sets by path, except those of an optimizer, following only hard links."""
    import h5py

    found, waiting, seen, count = [], [("", file)], {file.id.__hash__()}, 0
    while waiting:
        where, group = waiting.pop()
        for name in group:
            count += 1
            link = group.get(name, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise WeightsError(f"'{where}{name}' is a link to another object or file, expected data")
            item = group[name]
            # Groups may contain each other; each is visited once.
            if item.id.__hash__() in seen or name.startswith("optimizer"):
                continue
            seen.add(item.id.__hash__())
            if isinstance(item, h5py.Group):
                waiting.append((f"{where}{name}/", item))
            elif isinstance(item, h5py.Dataset):
                found.append((f"{where}{name}", item))
            if count > _MAX_OBJECTS:
                raise WeightsError(f"the HDF5 file has more than {_MAX_OBJECTS} objects, expected a VGG network")
    return found


def _check_dataset(dataset: Any, where: str) -> None:
    if dataset.external or dataset.is_virtual:
        raise WeightsError(f"'{where}' stores its values in another file, expected them in this one")
    settings = dataset.id.get_create_plist()
    if foreign := {settings.get_filter(index)[0] for index in range(settings.get_nfilters())} - _PLAIN_FILTERS:
        raise WeightsError(f"'{where}' is compressed with the unsupported filter {min(foreign)}, expected deflate or none")
    if dataset.dtype.kind != "f":
        raise WeightsError(f"'{where}' has values of type {dataset.dtype}, expected floating-point numbers")
    if math.prod(dataset.shape) > MAX_TENSOR_VALUES:
        raise WeightsError(f"'{where}' claims shape {dataset.shape}, more than any convolution of a VGG network has")
