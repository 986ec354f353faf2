"""The encoder in onnxruntime gives the same features as the one in torch."""

from __future__ import annotations

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from stylenet.engines import onnx_encoder
from stylenet.engines.onnx_encoder import OnnxEncoder, PicturePainting
from stylenet.errors import ShapeError, StyleError, WeightsError
from stylenet.networks.descriptions import LAYERS
from stylenet.weights.bundled import bundled_path
from tests.engines.both_encoders import RIM_PX, encoder, style
from tests.engines.photos import photo

pytest.importorskip("onnxruntime")


@pytest.mark.parametrize(("size", "size_px"), [((150, 111), 500), ((200, 260), 192), ((20, 90), 448), ((17, 40), 10)])
def test_statistics_are_alike(size, size_px):
    pixels = photo(*size)
    expected, found = style(pixels).at(size_px, LAYERS), encoder().style_statistics(pixels, size_px)
    for layer, channels in LAYERS.items():
        assert found[layer].mean.shape == (channels,)
        assert found[layer].covariance.shape == (channels, channels)
        for one, other in ((found[layer].mean, expected[layer].mean), (found[layer].covariance, expected[layer].covariance)):
            assert np.linalg.norm(one - other[0].numpy()) <= 2e-5 * np.linalg.norm(one)


def test_tiles_are_as_the_whole(monkeypatch):
    pixels = photo(200, 260)
    whole = encoder().style_statistics(pixels, 1000)
    monkeypatch.setattr(onnx_encoder, "TILE_PX", 45_000)
    tiled = PicturePainting(pixels, encoder()).at(1000, list(LAYERS)[::-1])
    for layer in LAYERS:
        np.testing.assert_allclose(tiled[layer].covariance, whole[layer].covariance, rtol=0, atol=2e-5 * whole[layer].covariance.max())


def test_numbers_are_those_of_the_recipes():
    assert onnx_encoder.RIM_PX == RIM_PX


def test_what_is_no_painting_is_rejected():
    with pytest.raises(ShapeError, match=r"got \(1, 1, 40, 40\), float32"):
        encoder().style_statistics(np.zeros((1, 1, 40, 40), np.float32), 100)
    with pytest.raises(StyleError, match="the painting contains NaN"):
        encoder().style_statistics(np.full((1, 3, 40, 40), np.nan, np.float32), 100)


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("conv3_1.weight", None, "conv3_1.weight is missing"),
        ("conv1_1.weight_scale", None, "without a scale for each of its 64 channels"),
        ("conv1_1.bias", np.full(64, np.inf, np.float32), "conv1_1.bias is not an array of finite floats"),
        ("conv1_1.bias", np.zeros(3, np.float32), r"conv1_1.bias has shape \(3,\), expected \(64,\)"),
    ],
)
def test_damaged_weights_are_reported(tmp_path, name, value, told):
    path, tensors = tmp_path / "damaged.safetensors", load_file(bundled_path())
    del tensors[name]
    if value is not None:
        tensors[name] = value
    save_file(tensors, path)
    with pytest.raises(WeightsError, match=told):
        OnnxEncoder(path)


def test_a_missing_file_is_reported(tmp_path):
    with pytest.raises(WeightsError, match="missing or damaged"):
        OnnxEncoder(tmp_path / "none.safetensors")
