"""Which encoders may be compared with the statistics of a style file: VGG-19 as trained with Caffe, whole or factored."""

from __future__ import annotations

from typing import Any, Protocol

from stylenet.catalog.encoders import VGG19, EncoderRecord
from stylenet.errors import StyleError

ENCODERS = ("vgg19", "compact")
"""Networks with the layers, the channels and the units of the one that measures style files."""

FIRST_FILTERS = 7.956
"""Length of conv1_1's weights in that network. Gatys et al. 2016 scale the weights of every layer to a mean activation of one."""


class Encoder(Protocol):
    """What is asked of an encoder: `encoders.vgg.VggEncoder`, without torch."""

    record: EncoderRecord

    def get_parameter(self, target: str, /) -> Any:
        """A tensor of weights by its name."""


def check_encoder(style: str, recipe: str, encoder: Encoder) -> None:
    """Refuse an encoder whose features are not those that a style file was measured on.

    Args:
        style: The name of the style.
        recipe: The name of the recipe.
        encoder: With the recipe's choices of pooling and padding.

    Raises:
        StyleError: It is another network, or pools otherwise.
    """
    record = encoder.record
    if not is_caffe_vgg19(record):
        raise StyleError(
            f"style '{style}' holds statistics of VGG-19 as trained with Caffe, and the encoder '{record.name}' is another network; give "
            "the painting's picture, or --encoder vgg19"
        )
    if record.pooling != "max" or record.pooling_scale != 1.0:
        pools = f"pools by {record.pooling}" if record.pooling != "max" else f"multiplies what it pools by {record.pooling_scale:g}"
        raise StyleError(
            f"style '{style}' holds statistics of VGG-19 with max pooling; recipe '{recipe}' {pools}: give the painting's picture"
        )
    length = float(encoder.get_parameter("conv1_1.weight").detach().norm())
    if not 0.9 < length / FIRST_FILTERS < 1.1:
        raise StyleError(
            f"style '{style}' holds statistics of VGG-19 with the weights that were published, and those of the encoder '{record.name}' "
            "were scaled; give the painting's picture, or --encoder vgg19"
        )


def is_caffe_vgg19(record: EncoderRecord) -> bool:
    """Whether an encoder is VGG-19 as trained with Caffe, whole or factored; torchvision's networks expect pictures in 0..1."""
    return record.name in ENCODERS and dict(record.widths) == dict(VGG19.widths) and record.preprocessing.scale == 255


def is_measuring(record: EncoderRecord) -> bool:
    """Whether style files are measured with an encoder: VGG-19 itself, whole and with max pooling."""
    return (
        is_caffe_vgg19(record)
        and record.name == VGG19.name
        and not record.ranks
        and record.pooling == "max"
        and record.pooling_scale == 1.0
    )
