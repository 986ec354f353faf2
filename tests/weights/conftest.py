"""Weights files of every format, with the layout and names of the real ones, random values, and a sixteenth of the widths."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import MappingProxyType
from typing import Any

import h5py
import numpy as np
import pytest
import safetensors.numpy
import scipy.io
import torch
from safetensors.torch import save_file

from stylenet.catalog.encoders import CAFFE_BGR, VGG16, VGG19, EncoderRecord
from stylenet.weights.encoder_weights import EncoderWeights, expected_shapes

MEAN_RGB = (123.68, 116.779, 103.939)


def slim(record: EncoderRecord) -> EncoderRecord:
    return replace(record, widths=MappingProxyType({name: width // 16 for name, width in record.widths.items()}))


def random_weights(record: EncoderRecord, seed: int = 0) -> EncoderWeights:
    generator = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, shape in expected_shapes(record).items():
        fan_in = shape[1] * shape[2] * shape[3] if len(shape) == 4 else 50
        tensors[name] = (torch.randn(shape, generator=generator) * (2 / fan_in) ** 0.5).numpy()
    return EncoderWeights(record=record, tensors=tensors, provenance={})


def convolutions(weights: EncoderWeights) -> dict[str, tuple[Any, Any]]:
    """Kernel (out, in, height, width), inputs in BGR order, and bias of each convolution."""
    return {name: (weights.tensors[f"{name}.weight"], weights.tensors[f"{name}.bias"]) for name in weights.record.widths}


def _features_names(weights: EncoderWeights) -> dict[str, torch.Tensor]:
    state = {}
    for name in weights.record.widths:
        for what in ("weight", "bias"):
            state[f"features.{weights.record.layers.index(name)}.{what}"] = torch.from_numpy(weights.tensors[f"{name}.{what}"])
    return state


def _classifier() -> dict[str, torch.Tensor]:
    return {"classifier.0.weight": torch.zeros(6, 8), "classifier.0.bias": torch.zeros(6)}


def write_torch_zip(weights: EncoderWeights, path: Path) -> None:
    torch.save({**_features_names(weights), **_classifier()}, path)


def write_torch_pickle(weights: EncoderWeights, path: Path) -> None:
    torch.save({**_features_names(weights), **_classifier()}, path, _use_new_zipfile_serialization=False)


def write_torch_features(weights: EncoderWeights, path: Path) -> None:
    torch.save({name.removeprefix("features."): value for name, value in _features_names(weights).items()}, path)


def write_torch_gatys(weights: EncoderWeights, path: Path) -> None:
    torch.save({name: torch.from_numpy(values) for name, values in weights.tensors.items()}, path)


def write_safetensors_state_dict(weights: EncoderWeights, path: Path) -> None:
    save_file(_features_names(weights), path)


def _matlab_layers(weights: EncoderWeights, *, old: bool) -> Any:
    layers = []
    for name in weights.record.layers:
        if name.startswith("conv"):
            kernel, bias = convolutions(weights)[name]
            if name == "conv1_1":
                kernel = kernel[:, ::-1]  # RGB
            cell = np.empty((1, 2), object)
            cell[0, 0], cell[0, 1] = np.ascontiguousarray(kernel.transpose(2, 3, 1, 0)), bias[None] if old else bias[:, None]
            fields = {"weights": cell, "pad": np.ones((1, 4)), "type": "conv", "name": name, "stride": np.ones((1, 2))}
            if not old:  # the order of the fields is another one, too
                fields = {"name": name, "type": "conv", "weights": cell, "size": np.ones((1, 4)), "pad": np.ones((1, 4))}
        else:
            fields = {"type": name[:4], "name": name}
        layers.append(fields)
    result = np.empty((1, len(layers)), object)
    result[0, :] = layers
    return result


def write_matconvnet_old(weights: EncoderWeights, path: Path) -> None:
    image = np.broadcast_to(np.array(MEAN_RGB, np.float32), (224, 224, 3)).copy()
    content = {"layers": _matlab_layers(weights, old=True), "normalization": {"averageImage": image, "keepAspect": 1.0}}
    scipy.io.savemat(path, {**content, "classes": {"name": "tench"}})


def write_matconvnet_new(weights: EncoderWeights, path: Path) -> None:
    normalization = {"imageSize": np.array([[224, 224, 3]]), "keepAspect": 1.0, "averageImage": np.array(MEAN_RGB)[None, None]}
    content = {"layers": _matlab_layers(weights, old=False), "meta": {"normalization": normalization, "classes": {"name": "tench"}}}
    scipy.io.savemat(path, content, do_compression=True)


def _keras_name(name: str) -> str:
    return f"block{name[4]}_conv{name[6]}"


def write_keras_1(weights: EncoderWeights, path: Path) -> None:
    with h5py.File(path, "w") as file:
        names = [_keras_name(name) for name in weights.record.widths]
        file.attrs["layer_names"] = [name.encode() for name in ["input_1", *names, "block5_pool"]]
        file.create_group("input_1").attrs["weight_names"] = np.zeros(0)
        for name, (kernel, bias) in convolutions(weights).items():
            group = file.create_group(_keras_name(name))
            group.attrs["weight_names"] = [f"{_keras_name(name)}_{part}_1:0".encode() for part in "Wb"]
            group[f"{_keras_name(name)}_W_1:0"] = kernel.transpose(2, 3, 1, 0)
            group[f"{_keras_name(name)}_b_1:0"] = bias


def write_keras_2(weights: EncoderWeights, path: Path) -> None:
    with h5py.File(path, "w") as file:
        for name, (kernel, bias) in convolutions(weights).items():
            word = _keras_name(name)
            group = file.create_group(f"model_weights/{word}/{word}")
            group["kernel:0"], group["bias:0"] = kernel.transpose(2, 3, 1, 0), bias
        file["model_weights/fc1/fc1/kernel:0"], file["model_weights/fc1/fc1/bias:0"] = np.zeros((8, 4), "f4"), np.zeros(4, "f4")
        file["optimizer_weights/adam/block1_conv1/kernel:0"] = np.zeros((3, 3, 3, 4), "f4")


def _keras_numbered(weights: EncoderWeights, path: Path, folder: str) -> None:
    with h5py.File(path, "w") as file:
        for index, (kernel, bias) in enumerate(convolutions(weights).values()):
            group = file.create_group(f"{folder}/conv2d{f'_{index}' if index else ''}/vars")
            group["0"], group["1"] = kernel.transpose(2, 3, 1, 0), bias
        file.create_group(f"{folder}/max_pooling2d/vars")
        file["optimizer/vars/0"] = np.zeros((3, 3, 3, 4), "f4")


def write_keras_212(weights: EncoderWeights, path: Path) -> None:
    _keras_numbered(weights, path, "_layer_checkpoint_dependencies")


def write_keras_3(weights: EncoderWeights, path: Path) -> None:
    _keras_numbered(weights, path, "layers")


def write_keras_theano(weights: EncoderWeights, path: Path) -> None:
    with h5py.File(path, "w") as file:
        place = 0
        for name in weights.record.layers:
            place += 1
            if name.startswith("relu"):  # a layer of zero padding stands before each convolution, the ReLU is part of it
                continue
            group = file.create_group(f"layer_{place}")
            group.attrs["nb_params"] = 2 if name.startswith("conv") else 0
            if name.startswith("conv"):
                kernel, bias = convolutions(weights)[name]
                group["param_0"], group["param_1"] = kernel[:, :, ::-1, ::-1], bias
        file.attrs["nb_layers"] = place


def write_npz(weights: EncoderWeights, path: Path) -> None:
    arrays = {}
    for name, (kernel, bias) in convolutions(weights).items():
        turned = kernel[:, ::-1] if name == "conv1_1" else kernel  # RGB
        arrays[f"{name}_W"], arrays[f"{name}_b"] = turned.transpose(2, 3, 1, 0), bias
    with path.open("wb") as file:
        np.savez(file, **arrays, fc6_W=np.zeros((4, 4), "f4"))


def write_npy(weights: EncoderWeights, path: Path) -> None:
    content = {name: [kernel.transpose(2, 3, 1, 0).copy(), bias] for name, (kernel, bias) in convolutions(weights).items()}
    with path.open("wb") as file:
        np.save(file, np.array({**content, "fc6": [np.zeros((4, 4), "f4"), np.zeros(4, "f4")]}, object), allow_pickle=True)


def write_npy_python_2(weights: EncoderWeights, path: Path) -> None:
    """As Python 2 and the NumPy of its time pickled: text for bytes, protocol 0 in parts."""

    def array(values: Any) -> bytes:
        raw = np.ascontiguousarray(values, "<f4").tobytes()
        shape = b"(" + b"".join(b"I%d\n" % size for size in values.shape) + b"t"
        start = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n" + shape
        return start + b"cnumpy\ndtype\n(S'f4'\nI0\nI1\ntR(I3\nS'<'\nNNNI-1\nI-1\nI0\ntbI00\nT" + struct.pack("<i", len(raw)) + raw + b"tb"

    items = b""
    for name, (kernel, bias) in convolutions(weights).items():
        items += b"S'" + name.encode() + b"'\n(l" + array(kernel.transpose(2, 3, 1, 0)) + b"a" + array(bias) + b"as"
    whole = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntS'b'\ntR(I1\n(tcnumpy\ndtype\n(S'O8'\nI0\nI1\ntR(I3\nS'|'\n"
    whole += b"NNNI-1\nI-1\nI63\ntbI00\n(l(d" + items + b"atb."
    path.write_bytes(npy_header("|O") + whole)


def npy_header(descr: str, shape: str = "()") -> bytes:
    header = BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": descr, "fortran_order": False, "shape": eval(shape)})  # noqa: S307
    return header.getvalue()


WRITERS: Mapping[str, tuple[Callable[[EncoderWeights, Path], None], str | None]] = {
    "torch zip": (write_torch_zip, "caffe"),
    "torch pickle": (write_torch_pickle, "caffe"),
    "torch features only": (write_torch_features, "caffe"),
    "torch Gatys": (write_torch_gatys, None),
    "safetensors state dict": (write_safetensors_state_dict, "caffe"),
    "MatConvNet old": (write_matconvnet_old, None),
    "MatConvNet new": (write_matconvnet_new, None),
    "Keras 1": (write_keras_1, None),
    "Keras 2": (write_keras_2, None),
    "Keras 2.12": (write_keras_212, None),
    "Keras 3": (write_keras_3, None),
    "Keras Theano": (write_keras_theano, None),
    "NumPy archive": (write_npz, None),
    "NumPy dictionary": (write_npy, None),
    "NumPy dictionary of Python 2": (write_npy_python_2, None),
}
"""How each format is written, and what has to be said of random weights that real ones tell by themselves."""


@pytest.fixture(scope="session")
def slim_architectures() -> tuple[EncoderRecord, EncoderRecord]:
    return slim(VGG19), slim(VGG16)


@pytest.fixture(params=["vgg16", "vgg19"])
def slim_weights(request: pytest.FixtureRequest) -> EncoderWeights:
    return random_weights(slim({"vgg16": VGG16, "vgg19": VGG19}[request.param]))


@pytest.fixture(params=list(WRITERS))
def writer(request: pytest.FixtureRequest) -> tuple[Callable[[EncoderWeights, Path], None], str | None]:
    return WRITERS[request.param]


@pytest.fixture
def writers() -> Mapping[str, tuple[Callable[[EncoderWeights, Path], None], str | None]]:
    return WRITERS


@pytest.fixture
def make_weights() -> Callable[..., EncoderWeights]:
    return random_weights


@pytest.fixture
def make_npy_header() -> Callable[..., bytes]:
    return npy_header


@pytest.fixture
def compact_like(tmp_path: Path) -> Path:
    """A file in float16 with a factored convolution and no record but the encoder's name."""
    record = EncoderRecord(name="tiny", widths={"conv1_1": 4, "conv2_1": 6}, preprocessing=CAFFE_BGR, ranks={"conv2_1": 2})
    path = tmp_path / "compact.safetensors"
    tensors = {name: values.astype(np.float16) for name, values in random_weights(record).tensors.items()}
    safetensors.numpy.save_file(tensors, path, metadata={"encoder": "tiny", "step": "9000", "config": json.dumps({"seed": 1})})
    return path
