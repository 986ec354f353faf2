"""Strides, sizes and receptive fields of layers, compared with those of the network."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from stylenet.catalog.encoders import COMPACT, VGG16, VGG19, EncoderRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.tiling.halo import deepest_stride, halo_px, layer_size, strides


def test_strides_double_with_every_pooling() -> None:
    found = strides(VGG19)
    assert [found[layer] for layer in ("conv1_1", "relu1_2", "pool1", "relu2_1", "relu3_4", "pool3", "relu5_1", "pool5")] == [
        1,
        1,
        2,
        2,
        4,
        8,
        16,
        32,
    ]
    assert deepest_stride(VGG19, ["relu1_1", "relu4_2"]) == 8


@pytest.mark.parametrize("rounding", ["down", "up"])
@pytest.mark.parametrize("size", [(64, 64), (47, 35), (33, 50)])
def test_sizes_are_the_networks(rounding: str, size: tuple[int, int]) -> None:
    record = replace(COMPACT, rounding=rounding)  # type: ignore[arg-type]
    layers = ("relu1_1", "pool1", "relu2_2", "relu4_1", "relu5_1")
    features = VggEncoder(record)(torch.rand(1, 3, size[1], size[0]), layers)
    assert {layer: (values.shape[3], values.shape[2]) for layer, values in features.items()} == {
        layer: layer_size(record, layer, *size) for layer in layers
    }


@pytest.mark.parametrize(("record", "layer", "reach"), [(VGG19, "relu5_1", 70), (VGG16, "relu4_3", 42), (VGG19, "relu1_1", 1)])
def test_the_halo_is_as_wide_as_the_layer_sees(record: EncoderRecord, layer: str, reach: int) -> None:
    halo = halo_px(record, [layer, "relu1_1"])
    assert halo >= reach
    assert halo - reach < deepest_stride(record, [layer])
    assert halo % deepest_stride(record, [layer]) == 0
