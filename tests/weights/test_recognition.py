from __future__ import annotations

import numpy as np
import pytest

from stylenet.catalog.encoders import CAFFE_BGR, IMAGENET_RGB
from stylenet.catalog.weights import CAFFE_RGB
from stylenet.weights.recognition import _FILTERS, likeness, preprocessing_of


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
    """Kernels are (height, width): the corner values of filter 62 of the published file equal those known from Caffe."""
    printed_rgb = np.array([-0.03804016, -0.04020201, -0.05099866])  # [0, 0] of imagenet-vgg-verydeep-19.mat
    known_bgr = np.reshape(_FILTERS[62], (3, 3, 3))[:, 0, 0]
    ratio = printed_rgb[::-1] / known_bgr
    assert ratio.std() / ratio.mean() < 0.03
    printed_next_rgb = np.array([-0.19008617, -0.20492788, -0.16508926])  # [0, 1]
    ratio_next = printed_next_rgb[::-1] / np.reshape(_FILTERS[62], (3, 3, 3))[:, 0, 1]
    assert ratio_next.mean() == pytest.approx(ratio.mean(), rel=0.03)
