from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest

from stylenet.catalog.encoders import CAFFE_BGR, IMAGENET_RGB
from stylenet.catalog.weights import CAFFE_RGB, WEIGHTS
from stylenet.weights.reading import KINDS
from stylenet.weights.recognition import _FILTERS, likeness, preprocessing_of


@pytest.mark.parametrize("record", WEIGHTS.values(), ids=lambda record: record.name)
def test_records_are_complete(record):
    assert record.kind in KINDS
    assert all(re.fullmatch(r"https?://[^\s?#]+/[\w.-]+", url) for url in record.urls)
    assert record.sha256 or record.md5
    assert re.fullmatch(r"[0-9a-f]{8}|[0-9a-f]{64}", record.sha256 or "0" * 8)
    assert re.fullmatch(r"[0-9a-f]{32}", record.md5 or "0" * 32)
    # torchvision and those who follow it put the first eight digits into the name.
    named = re.search(r"-([0-9a-f]{8})\.pth$", record.urls[0])
    assert named is None or (record.sha256 or "").startswith(named[1])
    assert record.licence
    assert record.provenance
    if record.urls[0].startswith("http://"):
        pytest.fail("the first address is not encrypted")


def test_catalog_needs_no_torch():
    code = "import sys; import stylenet.catalog.weights; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": ":".join(sys.path)}, check=False).returncode == 0


def test_caffe_filters_are_known_in_either_order_and_at_any_scale():
    kernel = np.random.default_rng(0).normal(size=(64, 3, 3, 3))
    assert abs(likeness(kernel)) < 0.4
    assert preprocessing_of(kernel, kind=None, otherwise="torchvision")[0] == IMAGENET_RGB
    for index, values in _FILTERS.items():
        kernel[index] = 0.02 * np.reshape(values, (3, 3, 3))
    assert likeness(kernel) == pytest.approx(1)
    assert preprocessing_of(kernel, kind=None, otherwise="torchvision")[0] == CAFFE_BGR
    assert preprocessing_of(kernel[:, ::-1], kind=None, otherwise="caffe")[0] == CAFFE_RGB


def test_the_first_filter_as_matconvnet_prints_it():
    """Why kernels are (height, width): filter 62 of the published file, its corner values by channel, are those known from Caffe."""
    printed_rgb = np.array([-0.03804016, -0.04020201, -0.05099866])  # [0, 0] of imagenet-vgg-verydeep-19.mat
    known_bgr = np.reshape(_FILTERS[62], (3, 3, 3))[:, 0, 0]
    ratio = printed_rgb[::-1] / known_bgr
    assert ratio.std() / ratio.mean() < 0.03
    printed_next_rgb = np.array([-0.19008617, -0.20492788, -0.16508926])  # [0, 1]
    ratio_next = printed_next_rgb[::-1] / np.reshape(_FILTERS[62], (3, 3, 3))[:, 0, 1]
    assert ratio_next.mean() == pytest.approx(ratio.mean(), rel=0.03)
