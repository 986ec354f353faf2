"""The encoders that exist, as data: their layers, their widths and the pictures they expect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

Padding = Literal["zeros", "reflect", "replicate"]
Pooling = Literal["max", "average", "l2"]
Rounding = Literal["down", "up"]
ChannelOrder = Literal["rgb", "bgr"]


def vgg_layers(convolutions_per_block: tuple[int, ...]) -> tuple[str, ...]:
    """All layer names of a VGG network in the order in which they are computed: conv1_1, relu1_1, ..., pool5."""
    names = []
    for block, count in enumerate(convolutions_per_block, start=1):
        for index in range(1, count + 1):
            names += [f"conv{block}_{index}", f"relu{block}_{index}"]
        names.append(f"pool{block}")
    return tuple(names)


@dataclass(frozen=True, kw_only=True)
class Preprocessing:
    """How a picture in RGB, 0..1 becomes what the network was trained on: `(picture * scale - mean) / std`.

    Attributes:
        channel_order: Order of the channels that the first convolution expects; `mean` and `std` are in this order.
        scale: 255 for networks trained on bytes, 1 for those trained on 0..1.
        mean: Subtracted from each channel, in units of the scaled picture.
        std: Each channel is divided by it after the mean is gone.
    """

    channel_order: ChannelOrder = "rgb"
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class EncoderRecord:
    """A VGG-shaped network: blocks of 3x3 convolutions, each followed by ReLU, and a 2x2 pooling after every block.

    Attributes:
        name: The word a recipe uses.
        widths: Output channels of every convolution, `{"conv1_1": 64, ...}`, in order.
        preprocessing: What the network expects of a picture.
        padding: What the convolutions see beyond the border.
        pooling: How a 2x2 window becomes one value.
        pooling_scale: Pooled values are multiplied by it; it restores the activations that other poolings than the maximum shrink.
        rounding: Whether pooling drops (`down`) or keeps (`up`, TensorFlow's SAME) an odd last row or column.
        readouts: Channels of the network this one was distilled from, for each layer that has a linear readout to it.
    """

    name: str
    widths: Mapping[str, int]
    preprocessing: Preprocessing = Preprocessing()
    padding: Padding = "zeros"
    pooling: Pooling = "max"
    pooling_scale: float = 1.0
    rounding: Rounding = "down"
    readouts: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __deepcopy__(self, memo: dict[int, object]) -> EncoderRecord:
        """Itself: nothing in it changes. So a network that holds an encoder can be copied."""
        return self

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer name, in the order in which the layers are computed."""
        blocks = [int(name[4]) for name in self.widths]
        return vgg_layers(tuple(blocks.count(block) for block in range(1, max(blocks) + 1)))


def _widths(*blocks: tuple[int, ...]) -> Mapping[str, int]:
    return MappingProxyType(
        {f"conv{block}_{index}": width for block, widths in enumerate(blocks, start=1) for index, width in enumerate(widths, start=1)}
    )


IMAGENET_RGB = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
"""torchvision's networks."""

CAFFE_BGR = Preprocessing(channel_order="bgr", scale=255.0, mean=(103.939, 116.779, 123.68))
"""The networks of Simonyan and Zisserman as trained with Caffe, and Keras' copies of them."""

VGG19 = EncoderRecord(
    name="vgg19",
    widths=_widths((64, 64), (128, 128), (256,) * 4, (512,) * 4, (512,) * 4),
    preprocessing=CAFFE_BGR,
)

VGG16 = EncoderRecord(
    name="vgg16",
    widths=_widths((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3),
    preprocessing=CAFFE_BGR,
)

COMPACT = EncoderRecord(
    name="compact",
    # A quarter of VGG-19's widths; 96 and 256 where a linear readout of fewer channels cannot hold VGG-19's features (relu3_1 and
    # relu5_1 had the largest errors with 64 and 128) and more of them cost little time.
    widths=_widths((16, 16), (32, 32), (96, 64, 64, 64), (128,) * 4, (256,)),
    preprocessing=Preprocessing(mean=(0.45, 0.45, 0.45), std=(0.25, 0.25, 0.25)),
    readouts=MappingProxyType({"relu1_1": 64, "relu2_1": 128, "relu3_1": 256, "relu4_1": 512, "relu4_2": 128, "relu5_1": 512}),
)

ENCODERS: Mapping[str, EncoderRecord] = MappingProxyType({record.name: record for record in (COMPACT, VGG16, VGG19)})
