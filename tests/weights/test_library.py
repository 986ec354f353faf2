from __future__ import annotations

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from stylenet.catalog.encoders import CAFFE_BGR
from stylenet.catalog.weights import WEIGHTS
from stylenet.errors import OutputError, WeightsError
from stylenet.weights.cache import cache_folder
from stylenet.weights.library import find_weights, get_weights, import_weights, list_weights
from stylenet.weights.probe import verify
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLENET_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def weights(slim_architectures, make_weights):
    return make_weights(slim_architectures[1])


@pytest.fixture
def published(weights, writers, tmp_path, monkeypatch, slim_architectures):
    """A catalog with one file, already downloaded."""
    download = tmp_path / "vgg16_notop.h5"
    writers["Keras 2"][0](weights, download)
    md5 = hashlib.md5(download.read_bytes()).hexdigest()
    size = download.stat().st_size
    record = replace(WEIGHTS["vgg16-keras"], md5=md5, size_bytes=size, architecture=slim_architectures[1])
    for module in ("stylenet.weights.checksum", "stylenet.weights.library", "stylenet.catalog.weights"):
        monkeypatch.setattr(f"{module}.WEIGHTS", {"vgg16-keras": record})
    monkeypatch.setattr("stylenet.weights.download.fetch", lambda *_, **__: download)
    return download


def test_import_installs_under_a_name(weights, writer, slim_architectures, tmp_path):
    write, kind = writer
    write(weights, tmp_path / "mine.bin")
    path = import_weights(tmp_path / "mine.bin", name="mine", kind=kind, architectures=slim_architectures)
    assert path == find_weights("mine") == cache_folder() / "weights" / "mine.safetensors"
    found = read_weights(path)
    assert found.provenance["source_name"] == "mine.bin"
    assert all(np.array_equal(tensor, weights.tensors[name]) for name, tensor in found.tensors.items() if name != "conv1_1.weight")
    assert verify(path, original=tmp_path / "mine.bin", kind=kind, architectures=slim_architectures).largest_difference == 0


def test_import_to_a_file(weights, writers, slim_architectures, tmp_path):
    writers["Keras 3"][0](weights, tmp_path / "in")
    assert import_weights(tmp_path / "in", output=tmp_path / "sub" / "out.safetensors", architectures=slim_architectures).is_file()
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"cannot write .*choose another place"):
        import_weights(tmp_path / "in", output=tmp_path / "file" / "out.safetensors", architectures=slim_architectures)


@pytest.mark.parametrize("name", ["../evil", "A", "a/b", "", ".hidden", "x" * 80, "con trol"])
def test_names_that_no_file_should_have(name, weights, writers, slim_architectures, tmp_path):
    writers["Keras 3"][0](weights, tmp_path / "in")
    if not name:
        assert import_weights(tmp_path / "in", name=name, architectures=slim_architectures).stem == "vgg16-imported"
    else:
        with pytest.raises(WeightsError, match="weights cannot be called"):
            import_weights(tmp_path / "in", name=name, architectures=slim_architectures)


def test_get_converts_and_forgets_the_download(published):
    path = get_weights("vgg16-keras")
    assert not published.exists()
    found = read_weights(path)
    assert found.record.preprocessing == CAFFE_BGR
    assert found.provenance["published_as"] == "vgg16-keras"
    assert "CC BY 4.0" in found.provenance["licence"]
    assert get_weights("vgg16-keras") == path == find_weights("vgg16-keras") == find_weights("vgg16")
    assert any("published vgg16-keras" in sentence for sentence in verify(path).proven)
    states = {line.name: line.state for line in list_weights()}
    assert states["vgg16-keras"] == "installed"


def test_published_file_imported_by_hand_is_known(published, slim_architectures):
    assert import_weights(published, architectures=slim_architectures).stem == "vgg16-keras"


def test_list_says_what_can_be_had():
    lines = {line.name: line for line in list_weights()}
    assert set(WEIGHTS) <= set(lines)
    assert lines["vgg19-torchvision"].state == "available"
    assert lines["vgg19-torchvision"].size_bytes == 574_673_361
    assert lines["vgg19-torchvision"].path is None
    assert [lines[name].state for name in ("compact", "vgg19")] == ["bundled", "packaged"]
    here = [line for line in lines.values() if line.state != "available"]
    assert all(line.path is not None and line.size_bytes == line.path.stat().st_size for line in here)


def test_what_is_missing_says_how_to_get_it():
    with pytest.raises(WeightsError, match="download them with 'stylenet weights get vgg19-torchvision', or import a file"):
        find_weights("vgg19-torchvision")
    with pytest.raises(
        WeightsError, match=r"download them with 'stylenet weights get vgg16-torchvision', or import a file .*--encoder vgg19"
    ):
        find_weights("vgg16")
    with pytest.raises(WeightsError, match=r"no encoder is called 'vgg91'; available: .* Did you mean 'vgg19'"):
        find_weights("vgg91")
    with pytest.raises(WeightsError, match="no weights are called 'vgg99'; available: vgg19, "):
        get_weights("vgg99")
    with pytest.raises(WeightsError, match=r"gone\.pth: there is no such file"):
        find_weights("gone.pth")


def test_verify_finds_a_changed_value(weights, tmp_path, writers, slim_architectures):
    writers["Keras 2"][0](weights, tmp_path / "in")
    path = import_weights(tmp_path / "in", output=tmp_path / "w", architectures=slim_architectures)
    found = read_weights(path)
    assert verify(path).open  # nobody published these
    found.tensors["conv2_1.weight"][0, 0, 0, 0] += 0.5
    write_weights(found, path)
    with pytest.raises(WeightsError, match=r"activations differ by .* from the stored fingerprint"):
        verify(path)
    with pytest.raises(WeightsError, match="activations differ"):
        verify(path, original=tmp_path / "in", architectures=slim_architectures)
    found.tensors["conv2_1.weight"][0, 0, 0, 0] -= 0.5
    provenance = {name: value for name, value in found.provenance.items() if name != "fingerprint"}
    found.tensors["conv5_1.bias"][0] += 1
    write_weights(replace(found, provenance=provenance), path)
    assert "no fingerprint" in verify(path).open[0]
    with pytest.raises(WeightsError, match=r"conv5_1\.bias differs from that of"):
        verify(path, original=tmp_path / "in", architectures=slim_architectures)


def test_a_recipe_gets_the_weights_that_it_prefers(weights, slim_architectures, tmp_path):
    """`vgg16` refers to weights of exactly that name, else to Caffe's before torchvision's; a recipe may prefer others."""
    cache = cache_folder() / "weights"
    write_weights(weights, cache / "vgg16-torchvision.safetensors")
    assert find_weights("vgg16").stem == "vgg16-torchvision"
    write_weights(weights, cache / "vgg16-keras.safetensors")
    assert find_weights("vgg16").stem == "vgg16-keras"
    assert find_weights("vgg16", preferred=("vgg16-torchvision",)).stem == "vgg16-torchvision"
    assert find_weights("vgg16", preferred=("vgg16-caffe", "vgg16-keras")).stem == "vgg16-keras"
    write_weights(weights, cache / "vgg16.safetensors")
    assert find_weights("vgg16").stem == "vgg16"
    assert find_weights("vgg16", preferred=("vgg16-caffe", "vgg16-keras")).stem == "vgg16-keras"
    assert find_weights("vgg16", preferred=("vgg16-caffe",)).stem == "vgg16"
