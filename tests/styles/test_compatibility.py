"""Statistics of VGG-19 are only compared with features of VGG-19."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from stylenet.catalog.encoders import COMPACT, IMAGENET_RGB, VGG16, VGG19, EncoderRecord
from stylenet.encoders.vgg import VggEncoder
from stylenet.errors import StyleError
from stylenet.styles.compatibility import FIRST_FILTERS_NORM, check_encoder, is_caffe_vgg19, is_measuring


def encoder_of(record: EncoderRecord, length: float = FIRST_FILTERS_NORM) -> VggEncoder:
    """An encoder of an architecture, with first filters of a given norm."""
    with torch.device("meta"):
        encoder = VggEncoder(record)
    weight = torch.rand(encoder.get_parameter("conv1_1.weight").shape, generator=torch.Generator().manual_seed(0))
    encoder.get_submodule("conv1_1").weight = torch.nn.Parameter(weight * length / weight.norm())
    return encoder


@pytest.mark.parametrize(
    "record",
    [VGG19, COMPACT, replace(VGG19, rounding="up"), replace(VGG19, padding="reflect"), replace(COMPACT, padding="replicate")],
    ids=["vgg19", "compact", "up", "reflect", "compact replicate"],
)
def test_vgg19_may_whole_or_factored(record: EncoderRecord) -> None:
    check_encoder("waves", "standard", encoder_of(record))


@pytest.mark.parametrize(
    ("record", "told"),
    [
        (
            VGG16,
            r"statistics of VGG-19 as trained with Caffe, but the encoder 'vgg16' is a different network; give the style image, or ",
        ),
        (replace(VGG19, preprocessing=IMAGENET_RGB), r"the encoder 'vgg19' is a different network; .* --encoder vgg19$"),
        (replace(COMPACT, widths=dict.fromkeys(COMPACT.widths, 8), ranks={}), r"the encoder 'compact' is a different network"),
        (
            replace(VGG19, pooling="average"),
            r"^style 'waves' has statistics of VGG-19 with max pooling, but recipe 'fine' uses average pooling; give the style image$",
        ),
        (replace(COMPACT, pooling="l2"), r"recipe 'fine' uses l2 pooling; give"),
        (replace(VGG19, pooling_scale=2.0), r"recipe 'fine' scales the pooled features by 2; give"),
    ],
)
def test_others_may_not(record: EncoderRecord, told: str) -> None:
    with pytest.raises(StyleError, match=told):
        check_encoder("waves", "fine", encoder_of(record))


@pytest.mark.parametrize("length", [0.2, 100.0, float("nan")])
def test_scaled_weights_may_not(length: float) -> None:
    with pytest.raises(StyleError, match=r"the weights of the encoder 'vgg19' are rescaled; give the style image"):
        check_encoder("waves", "fine", encoder_of(VGG19, length))


def test_only_vgg19_itself_measures() -> None:
    assert is_measuring(VGG19)
    assert is_caffe_vgg19(COMPACT)
    for record in (COMPACT, VGG16, replace(VGG19, pooling="average"), replace(VGG19, preprocessing=IMAGENET_RGB)):
        assert not is_measuring(record)
