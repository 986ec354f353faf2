"""One-line errors for damaged, unsupported or malicious files, whose code is never run."""

from __future__ import annotations

import contextlib
import os
import pickle
import struct
import zipfile
import zlib
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest
import safetensors.numpy
import scipy.io
import torch
from safetensors.torch import save_file

from stylenet.errors import WeightsError
from stylenet.weights.reading import read_weights


class Bomb:
    """An object that creates a file when unpickled, to detect that its code ran."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.fixture
def slim_weights(slim_architectures, make_weights):
    return make_weights(slim_architectures[0])


@pytest.fixture
def refused(slim_architectures):
    def check(path: Path, message: str, **options):
        with pytest.raises(WeightsError, match=message) as caught:
            read_weights(path, architectures=slim_architectures, **options)
        assert "\n" not in str(caught.value)
        assert str(path) in str(caught.value)

    return check


def test_half_a_file(slim_weights, writer, refused, tmp_path):
    write, _ = writer
    write(slim_weights, tmp_path / "w")
    data = (tmp_path / "w").read_bytes()
    for share in (0.02, 0.5, 0.97):
        (tmp_path / "half").write_bytes(data[: int(len(data) * share)])
        refused(tmp_path / "half", ".")


def test_bytes_changed_anywhere_never_escape(slim_weights, slim_architectures, writer, tmp_path):
    write, _ = writer
    write(slim_weights, tmp_path / "w")
    data = bytearray((tmp_path / "w").read_bytes())
    generator = np.random.default_rng(1)
    for _ in range(6):
        changed = bytearray(data)
        for place in generator.integers(0, min(len(data), 3000), 12):
            changed[place] = generator.integers(256)
        (tmp_path / "w").write_bytes(changed)
        with contextlib.suppress(WeightsError):  # anything else is a fault; some changes do no harm
            read_weights(tmp_path / "w", architectures=slim_architectures)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"hello, world", "12 bytes that begins with 68 65 6c"),
        (b"<!DOCTYPE html><html>", "a web page"),
        (b"\n <html>", "a web page"),
        (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
        (b"MATLAB 7.3 MAT-file, Platform: GLNXA64", "MATLAB 7.3 file; save it in MATLAB with '-v7'"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (pickle.dumps({"a": 1}), "a Python pickle, which could run any code"),
        (b"PK\x03\x04 and no more", "a truncated or damaged archive"),
        (struct.pack("<Q", 40) + b'{"a":' + b" " * 60, "safetensors file is truncated, damaged or unsupported"),
    ],
)
def test_foreign_files(content, message, refused, tmp_path):
    (tmp_path / "w").write_bytes(content)
    refused(tmp_path / "w", message)


def test_no_file(refused, tmp_path):
    refused(tmp_path / "none", "there is no such file")
    refused(tmp_path, "this is a folder; give a weights file")


@pytest.mark.parametrize("zipped", [True, False])
def test_torch_pickle_bomb(zipped, refused, tmp_path):
    torch.save({"features.0.weight": Bomb(tmp_path / "ran")}, tmp_path / "w", _use_new_zipfile_serialization=zipped)
    refused(tmp_path / "w", "Python objects, which could run code")
    assert not (tmp_path / "ran").exists()


def test_torch_zip_bomb(refused, tmp_path):
    with zipfile.ZipFile(tmp_path / "w", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        archive.writestr("archive/data/0", bytes(10**7))
    refused(tmp_path / "w", "compressed, which PyTorch never does")


def test_torch_tensor_that_claims_the_whole_memory(refused, tmp_path):
    torch.save({"features.0.weight": torch.zeros(1).expand(2**20, 2**10, 3, 3), "features.0.bias": torch.zeros(4)}, tmp_path / "w")
    refused(tmp_path / "w", r"found 1 convolutions \(0, ...\)")


def test_bfloat16_that_claims_the_whole_memory(refused, tmp_path):
    torch.save({"features.0.weight": torch.zeros(1, dtype=torch.bfloat16).expand(2**20, 2**10, 3, 3)}, tmp_path / "w")
    refused(tmp_path / "w", r"features\.0\.weight claims shape .* more than the values that are stored")


def test_sparse_tensors(refused, tmp_path):
    torch.save({"features.0.weight": torch.zeros(4, 3).to_sparse()}, tmp_path / "w")
    refused(tmp_path / "w", "is a sparse or quantized tensor")


def test_torch_holds_something_else(refused, tmp_path):
    torch.save([torch.zeros(3)], tmp_path / "w")
    refused(tmp_path / "w", "contains a list, expected a state dict")
    torch.save({"layer1.0.conv1.weight": torch.zeros(3)}, tmp_path / "w")
    refused(tmp_path / "w", "found 'layer1.0.conv1.weight' in a PyTorch state dict, expected features.0.weight")
    torch.save({"features.0.weight": torch.zeros(4, 3, 3, 3), "features.1.running_mean": torch.zeros(4)}, tmp_path / "w")
    refused(tmp_path / "w", "VGG network with batch normalization")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_not_finite(value, slim_weights, writer, refused, tmp_path):
    write, kind = writer
    slim_weights.tensors["conv4_2.bias"][3] = value
    write(slim_weights, tmp_path / "w")
    refused(tmp_path / "w", r"conv4_2\.bias has 1 values that are not finite", kind=kind)


def test_wrong_shapes_are_named(slim_weights, writer, refused, tmp_path):
    write, kind = writer
    tensors = dict(slim_weights.tensors) | {"conv3_3.weight": np.zeros((16, 15, 3, 3), np.float32)}
    write(replace(slim_weights, tensors=tensors), tmp_path / "w")
    refused(tmp_path / "w", r"conv3_3\.weight has shape \(16, 15, 3, 3\), expected \(16, 16, 3, 3\) for vgg19", kind=kind)


def test_wrong_number_of_convolutions(slim_weights, refused, tmp_path):
    state = {name: tensor for name, tensor in slim_weights.tensors.items() if not name.startswith("conv5")}
    safetensors.numpy.save_file(state, tmp_path / "w")
    refused(tmp_path / "w", "found 12 convolutions .* expected the 16 of vgg19 or the 13 of vgg16")


def test_integers_are_no_weights(slim_weights, refused, tmp_path):
    safetensors.numpy.save_file({name: values.astype(np.int32) for name, values in slim_weights.tensors.items()}, tmp_path / "w")
    refused(tmp_path / "w", "values of type int32, expected floating-point numbers")


def test_numpy_pickle_bomb(refused, tmp_path):
    with (tmp_path / "w").open("wb") as file:
        np.save(file, np.array({"conv1_1": [Bomb(tmp_path / "ran")]}, object), allow_pickle=True)
    refused(tmp_path / "w", r"would run (posix|nt)\.mkdir; expected only arrays")
    with (tmp_path / "w").open("wb") as file:
        np.savez(file, conv1_1_W=np.array([Bomb(tmp_path / "ran")], object))
    refused(tmp_path / "w", r"would run (posix|nt)\.mkdir; expected only arrays")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "stream",
    [
        b"cos\nsystem\n(S'true'\ntR.",
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"cnumpy.core.multiarray\nscalar\n.",
        b"cnumpy\nload\n.",
        b"Ppersistent\n.",
        b"\x80\x04\x95\xff\xff\xff\xff\xff\xff\xff\x7f.",  # a frame of 2**63 bytes
        b"r\xff\xff\xff\xff}.",  # a memo place of 2**32
        b"(" * 100_000,
        b"]q\x00" + b"(h\x00h\x00l0" * 3 + b".",
        b"c_codecs\nencode\n}(S'__defaults__'\nNu\x86b.",  # sets attributes on what a name leads to
        b"cnumpy.core.multiarray\n_reconstruct\n(tR(I1\n(I999999999\nI999999999\ntcnumpy\ndtype\n(S'f4'\ntRI00\nS''\ntb.",
        b"cnumpy\ndtype\n(S'f4'\ntR.",
        b"]q\x00h\x00a.",  # a list that contains itself
    ],
)
def test_pickles_made_to_harm(stream, make_npy_header, refused, tmp_path):
    (tmp_path / "w").write_bytes(make_npy_header("|O") + stream)
    refused(tmp_path / "w", ".")


def test_pickle_of_few_bytes_and_many_objects(make_npy_header, refused, tmp_path):
    stream = b"]" + b"".join(b"q%c]" % level + b"h%c" % level * 9 + b"(" + b"h%c" % level * 9 + b"e" for level in range(40)) + b"."
    (tmp_path / "w").write_bytes(make_npy_header("|O") + stream)
    refused(tmp_path / "w", ".")
    nested: list[object] = []
    for _ in range(40):
        nested = [nested] * 10
    (tmp_path / "w").write_bytes(make_npy_header("|O") + pickle.dumps(nested))
    refused(tmp_path / "w", "more than 10000 objects")


def test_what_a_pickle_sets_stays_in_its_file(make_npy_header, refused, tmp_path, slim_weights, slim_architectures, writers):
    (tmp_path / "w").write_bytes(make_npy_header("|O") + b"cnumpy\ndtype\n(N}S'__setstate__'\nNstb.")
    refused(tmp_path / "w", ".")
    writers["NumPy dictionary"][0](slim_weights, tmp_path / "good")
    read_weights(tmp_path / "good", architectures=slim_architectures)


def test_numpy_header_that_claims_the_whole_memory(make_npy_header, refused, tmp_path):
    header = make_npy_header("<f4", "(1000000, 1000000, 3, 3)")
    with zipfile.ZipFile(tmp_path / "w", "w") as archive:
        archive.writestr("conv1_1_W.npy", header + bytes(100))
    refused(tmp_path / "w", r"shape \(1000000, 1000000, 3, 3\)")


def test_numpy_zip_bomb(make_npy_header, refused, tmp_path):
    with zipfile.ZipFile(tmp_path / "w", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("conv1_1_W.npy", make_npy_header("<f4", "(5000000,)") + bytes(2 * 10**7))
    refused(tmp_path / "w", "may be designed to exhaust memory")


def test_matlab_bomb(refused, tmp_path, monkeypatch):
    monkeypatch.setattr("stylenet.weights.formats.matlab._MAX_UNPACKED", 10**7)
    packed = zlib.compress(bytes(2 * 10**7), 9)
    header = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
    (tmp_path / "w").write_bytes(header + struct.pack("<II", 15, len(packed)) + packed)
    refused(tmp_path / "w", "unpacks to more than any network needs")


def test_matlab_without_a_network(refused, tmp_path):
    scipy.io.savemat(tmp_path / "w.mat", {"x": np.zeros(3)})
    refused(tmp_path / "w.mat", "has no cell array 'layers'; expected a MatConvNet network")
    scipy.io.savemat(tmp_path / "w.mat", {"layers": np.zeros(3)})
    refused(tmp_path / "w.mat", "has no cell array 'layers'")
    scipy.io.savemat(tmp_path / "w.mat", {"layers": np.array([[{"name": "conv1_1", "weights": "x"}]], object)})
    refused(tmp_path / "w.mat", "layer conv1_1 has no kernel and bias")


def test_matlab_functions_and_objects(refused, tmp_path):
    scipy.io.savemat(tmp_path / "w.mat", {"layers": np.array([[{"name": "x"}]], object)})
    data = bytearray((tmp_path / "w.mat").read_bytes())
    place = data.index(bytes([2, 0, 0, 0, 0, 0, 0, 0]), 180)  # the class of the struct inside the cell
    for behaving in (3, 16, 17):
        data[place] = behaving
        (tmp_path / "w.mat").write_bytes(data)
        refused(tmp_path / "w.mat", "contains an object, a function or a sparse matrix")


def hdf5_external_link(file, elsewhere):
    file["block1_conv1"] = h5py.ExternalLink(str(elsewhere), "/secret")


def hdf5_soft_link(file, elsewhere):
    file["block1_conv1"] = h5py.SoftLink("/other")


def hdf5_external_storage(file, elsewhere):
    group = file.create_group("block1_conv1")
    group.create_dataset("kernel:0", (3, 3, 3, 4), "f4", external=[(str(elsewhere), 0, 432)])
    group["bias:0"] = np.zeros(4, "f4")


def hdf5_virtual(file, elsewhere):
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[:] = h5py.VirtualSource(str(elsewhere), "secret", (3, 3, 3, 4))
    file.create_group("block1_conv1").create_virtual_dataset("kernel:0", layout)
    file["block1_conv1/bias:0"] = np.zeros(4, "f4")


def hdf5_objects(file, elsewhere):
    file.create_group("block1_conv1").create_dataset("kernel:0", (3, 3, 3, 4), h5py.string_dtype())
    file["block1_conv1/bias:0"] = np.zeros(4, "f4")


def hdf5_huge(file, elsewhere):
    file.create_group("block1_conv1").create_dataset("kernel:0", (10**4, 10**4, 3, 10**4), "f4", chunks=(3, 3, 3, 3))
    file["block1_conv1/bias:0"] = np.zeros(4, "f4")


def hdf5_cycle(file, elsewhere):
    group = file.create_group("a")
    group["b"] = group


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (hdf5_external_link, "is a link to another object or file"),
        (hdf5_soft_link, "is a link to another object or file"),
        (hdf5_external_storage, "stores its values in another file"),
        (hdf5_virtual, "stores its values in another file"),
        (hdf5_objects, "has values of type object"),
        (hdf5_huge, r"claims shape \(10000, 10000, 3, 10000\)"),
        (hdf5_cycle, "has no convolutions"),
    ],
)
def test_hdf5_that_reaches_out(make, message, refused, tmp_path):
    with h5py.File(tmp_path / "elsewhere.h5", "w") as other:
        other["secret"] = np.zeros((3, 3, 3, 4), "f4")
    with h5py.File(tmp_path / "w", "w") as file:
        make(file, tmp_path / "elsewhere.h5")
    refused(tmp_path / "w", message)


def test_safetensors_with_a_hostile_record(refused, tmp_path):
    save_file({"conv1_1.weight": torch.zeros(4, 3, 3, 3)}, tmp_path / "w", metadata={"encoder": "x", "record": '{"name": 3}'})
    refused(tmp_path / "w", "the record in the file cannot be read")
    save_file({"a": torch.zeros(1)}, tmp_path / "w", metadata={"encoder": "x", "record": '{"name": "x", "widths": {"conv9_9": 4}}'})
    refused(tmp_path / "w", "has layers conv9_9, ...; expected conv1_1")
    save_file({"a": torch.zeros(1)}, tmp_path / "w", metadata={"encoder": "x", "record": "{"})
    refused(tmp_path / "w", "truncated, damaged or unsupported")


def test_a_torchscript_program_is_called_so(tmp_path: Path, refused) -> None:
    path = tmp_path / "program.pt"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("program/data.pkl", "program/code/__torch__.py", "program/constants.pkl", "program/version"):
            archive.writestr(name, b"\x80\x02.")
    refused(path, r"this is a TorchScript program .* torch\.save\(program\.state_dict\(\)")


def test_a_network_of_fast_style_transfer_is_called_so(tmp_path: Path, refused) -> None:
    path = tmp_path / "candy.pth"
    names = ("conv1.conv2d.weight", "in1.weight", "in1.running_mean", "res1.conv1.conv2d.weight", "deconv1.conv2d.weight")
    torch.save({name: torch.zeros(1) for name in names}, path)
    refused(path, r"is a fast style transfer network .* --network johnson")
