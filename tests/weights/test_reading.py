from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import scipy.io
import torch
from safetensors.torch import save_file

from stylenet.catalog import encoders
from stylenet.catalog.encoders import CAFFE_BGR, IMAGENET_RGB, VGG16, VGG19
from stylenet.catalog.weights import CAFFE_RGB
from stylenet.encoders.opening import encoder_of
from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import EncoderWeights, expected_shapes
from stylenet.weights.probe import probe_picture
from stylenet.weights.reading import KINDS, read_weights
from stylenet.weights.recognition import _FILTERS

LAYERS = ("relu1_1", "conv3_1", "pool4", "relu5_1", "relu5_3")


def features(weights: EncoderWeights) -> dict[str, torch.Tensor]:
    encoder = encoder_of(weights)
    with torch.no_grad():
        return encoder(probe_picture()[:, :, :40, :32], LAYERS)


def test_every_format_gives_equal_features(slim_weights, slim_architectures, writer, tmp_path):
    write, kind = writer
    path = tmp_path / "weights.bin"  # its name says nothing
    write(slim_weights, path)
    found = read_weights(path, kind=kind, architectures=slim_architectures)
    assert found.record.name == slim_weights.record.name
    assert found.record.widths == slim_weights.record.widths
    assert "recognized" in found.provenance
    expected = features(slim_weights)
    for layer, values in features(found).items():
        torch.testing.assert_close(values, expected[layer], rtol=2e-5, atol=2e-5 * float(expected[layer].abs().max()))


@pytest.mark.parametrize("record", [VGG16, VGG19], ids=lambda record: record.name)
def test_full_width(record, make_weights, tmp_path):
    """The published shapes; Caffe-trained networks are recognized by their first filters, despite torchvision's names."""
    weights = make_weights(record)
    for index, values in _FILTERS.items():
        weights.tensors["conv1_1.weight"][index] = np.array(values).reshape(3, 3, 3) * 1.7
    path = tmp_path / "vgg.pth"
    torch.save(
        {
            f"features.{record.layers.index(n)}.{part}": torch.from_numpy(weights.tensors[f"{n}.{part}"])
            for n in record.widths
            for part in ("weight", "bias")
        },
        path,
    )
    found = read_weights(path)
    assert found.record == replace(record, preprocessing=CAFFE_BGR)
    assert {name: tuple(tensor.shape) for name, tensor in found.tensors.items()} == expected_shapes(record)
    assert all(np.array_equal(tensor, weights.tensors[name]) for name, tensor in found.tensors.items())
    assert "cosine 1.00" in found.provenance["recognized"]


def test_unknown_filters_under_torchvision_names_are_torchvision(slim_weights, slim_architectures, writers, tmp_path):
    path = tmp_path / "w"
    writers["torch zip"][0](slim_weights, path)
    found = read_weights(path, architectures=slim_architectures)
    assert found.record.preprocessing == IMAGENET_RGB
    assert found.provenance["recognized"].startswith("torchvision")


def test_kind_overrides(slim_weights, slim_architectures, writers, tmp_path):
    path = tmp_path / "w"
    writers["torch zip"][0](slim_weights, path)
    assert read_weights(path, kind="caffe-rgb", architectures=slim_architectures).record.preprocessing == CAFFE_RGB
    with pytest.raises(WeightsError, match=r"kind 'cafe' is unknown; allowed are torchvision, .*Did you mean 'caffe'"):
        read_weights(path, kind="cafe")
    with pytest.raises(WeightsError, match="kind 'matconvnet' does not fit this file"):
        read_weights(path, kind="matconvnet", architectures=slim_architectures)
    assert "torchvision" in KINDS


def test_matconvnet_mean_is_the_files_own(slim_weights, slim_architectures, writers, tmp_path):
    path = tmp_path / "w"
    writers["MatConvNet new"][0](slim_weights, path)
    content = scipy.io.loadmat(path)
    content["meta"][0, 0]["normalization"][0, 0]["averageImage"] = np.array([[[101.5, 102.25, 103.75]]])
    scipy.io.savemat(path, {name: content[name] for name in ("layers", "meta")})
    found = read_weights(path, architectures=slim_architectures)
    assert found.record.preprocessing == encoders.Preprocessing(scale=255.0, mean=(101.5, 102.25, 103.75))


def test_matconvnet_swapped_turns_kernels_only(slim_weights, slim_architectures, writers, tmp_path):
    path = tmp_path / "w"
    writers["MatConvNet old"][0](slim_weights, path)
    plain = read_weights(path, kind="matconvnet", architectures=slim_architectures)
    swapped = read_weights(path, kind="matconvnet-swapped", architectures=slim_architectures)
    assert np.array_equal(plain.tensors["conv3_2.weight"].transpose(0, 1, 3, 2), swapped.tensors["conv3_2.weight"])
    assert np.array_equal(plain.tensors["conv3_2.bias"], swapped.tensors["conv3_2.bias"])


def test_compact_layout(compact_like, monkeypatch):
    """float16 is converted to float32, the record is that of the catalog, and a factored convolution has three tensors."""
    with pytest.raises(WeightsError, match="for the encoder 'tiny' and has no record; known encoders: compact"):
        read_weights(compact_like)
    tiny = encoders.EncoderRecord(name="tiny", widths={"conv1_1": 4, "conv2_1": 6}, ranks={"conv2_1": 2})
    monkeypatch.setattr("stylenet.weights.formats.safetensors_file.ENCODERS", {"tiny": tiny})
    found = read_weights(compact_like)
    assert found.record is tiny
    assert found.tensors["conv2_1.weight"].shape == (2, 4, 3, 3)
    assert found.tensors["conv2_1_expand.weight"].shape == (6, 2, 1, 1)
    assert {tensor.dtype for tensor in found.tensors.values()} == {np.dtype(np.float32)}
    assert found.provenance["step"] == "9000"
    encoder_of(found)


def test_a_state_dict_in_bfloat16(slim_weights, slim_architectures, tmp_path):
    """A type that NumPy lacks, in a torch file and in a safetensors file."""
    state = {name: torch.from_numpy(values).bfloat16() for name, values in slim_weights.tensors.items()}
    torch.save(state, tmp_path / "a")
    save_file(state, tmp_path / "b")
    for path in (tmp_path / "a", tmp_path / "b"):
        found = read_weights(path, kind="caffe", architectures=slim_architectures)
        assert all(np.array_equal(values, state[name].float().numpy()) for name, values in found.tensors.items())


def without_torch(code: str) -> bool:
    """Whether a separate process that runs `code` does not load torch."""
    return subprocess.run([sys.executable, "-c", f"import sys\n{code}\nsys.exit('torch' in sys.modules)"], check=False).returncode == 0


def test_torch_is_loaded_only_where_a_format_needs_it(slim_weights, writers, tmp_path):
    assert without_torch("import stylenet.weights.bundled, stylenet.weights.library, stylenet.weights.reading, stylenet.weights.writing")
    assert without_torch("from stylenet.weights.library import find_weights, list_weights; list_weights(); find_weights('compact')")
    assert without_torch("from stylenet.weights.bundled import open_bundled; open_bundled()")
    for kind in ("safetensors state dict", "MatConvNet new", "Keras 3", "NumPy archive", "NumPy dictionary"):
        writers[kind][0](slim_weights, tmp_path / "w")
        code = f"""
from dataclasses import replace
from stylenet.catalog.encoders import VGG16, VGG19
from stylenet.weights.reading import read_weights
slim = [replace(record, widths={{name: width // 16 for name, width in record.widths.items()}}) for record in (VGG16, VGG19)]
read_weights({str(tmp_path / "w")!r}, architectures=slim)"""
        assert without_torch(code), kind
