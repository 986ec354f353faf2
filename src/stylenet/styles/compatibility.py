"""Compatibility of encoders with the statistics of style files, which are those of VGG-19 as trained with Caffe."""

from __future__ import annotations

from typing import Any, Protocol

from stylenet.catalog.encoders import VGG19, EncoderRecord
from stylenet.errors import StyleError

ENCODERS = ("vgg19", "compact")
"""Encoders with the same layers, channels and units as the one that measures style files."""

FIRST_FILTERS_NORM = 7.956
"""Norm of the weights of conv1_1 in that network. Gatys et al. 2016 rescale the weights of every layer to a mean activation of 1."""


class Encoder(Protocol):
    """The part of `encoders.vgg.VggEncoder` used here, so that torch need not be imported."""

    record: EncoderRecord

    def get_parameter(self, target: str, /) -> Any:
        """The parameter with this name."""


def check_encoder(style: str, recipe: str, encoder: Encoder) -> None:
    """Reject an encoder that does not fit the statistics of style files.

    Args:
        style: The name of the style.
        recipe: The name of the recipe.
        encoder: The encoder, with the recipe's pooling and padding.

    Raises:
        StyleError: the encoder is another network, has other weights, or uses another pooling.
    """
    record = encoder.record
    if not is_caffe_vgg19(record):
        raise StyleError(
            f"style '{style}' has statistics of VGG-19 as trained with Caffe, but the encoder '{record.name}' is a different network; give "
            "the style image, or --encoder vgg19"
        )
    if record.pooling != "max" or record.pooling_scale != 1.0:
        pools = f"uses {record.pooling} pooling" if record.pooling != "max" else f"scales the pooled features by {record.pooling_scale:g}"
        raise StyleError(f"style '{style}' has statistics of VGG-19 with max pooling, but recipe '{recipe}' {pools}; give the style image")
    length = float(encoder.get_parameter("conv1_1.weight").detach().norm())
    if not 0.9 < length / FIRST_FILTERS_NORM < 1.1:
        raise StyleError(
            f"style '{style}' has statistics of VGG-19 with the published weights, but the weights of the encoder '{record.name}' are "
            "rescaled; give the style image, or --encoder vgg19"
        )


def is_caffe_vgg19(record: EncoderRecord) -> bool:
    """Whether an encoder is VGG-19 as trained with Caffe, original or factored; unlike torchvision's, it expects pictures in 0..255."""
    return record.name in ENCODERS and dict(record.widths) == dict(VGG19.widths) and record.preprocessing.scale == 255


def is_measuring(record: EncoderRecord) -> bool:
    """Whether an encoder can measure style files: the original VGG-19, not factored, with max pooling."""
    return (
        is_caffe_vgg19(record)
        and record.name == VGG19.name
        and not record.ranks
        and record.pooling == "max"
        and record.pooling_scale == 1.0
    )
