"""Records of encoders: layers, widths and preprocessing."""

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
    """Preprocessing of a picture in RGB, 0..1 for the network: `(picture * scale - mean) / std`.

    Attributes:
        channel_order: Order of the channels that the first convolution expects; `mean` and `std` are in this order.
        scale: 255 for networks trained on bytes, 1 for those trained on 0..1.
        mean: Subtracted from each channel, in units of the scaled picture.
        std: Divisor of each channel after subtracting the mean.
    """

    channel_order: ChannelOrder = "rgb"
    scale: float = 1.0
    mean: tuple[float, float, float] = (0.0, 0.0, 0.0)
    std: tuple[float, float, float] = (1.0, 1.0, 1.0)


@dataclass(frozen=True, kw_only=True)
class EncoderRecord:
    """A VGG-shaped network: blocks of 3x3 convolutions, each followed by ReLU, and a 2x2 pooling after every block.

    Attributes:
        name: Name in recipes.
        widths: Output channels of every convolution, `{"conv1_1": 64, ...}`, in order.
        preprocessing: Preprocessing of pictures.
        padding: Padding of the convolutions.
        pooling: Type of the 2x2 pooling.
        pooling_scale: Factor of pooled values; it compensates for the smaller values of other types than max pooling.
        rounding: Whether pooling drops (`down`) or keeps (`up`, TensorFlow's SAME) an odd last row or column.
        ranks: Rank of each factored convolution: a 3x3 convolution to this number of channels, followed by a 1x1
            convolution to the channels of the layer. Other convolutions are not factored.
    """

    name: str
    widths: Mapping[str, int]
    preprocessing: Preprocessing = Preprocessing()
    padding: Padding = "zeros"
    pooling: Pooling = "max"
    pooling_scale: float = 1.0
    rounding: Rounding = "down"
    ranks: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))

    def __deepcopy__(self, memo: dict[int, object]) -> EncoderRecord:
        """Return itself, because it is immutable; lets networks with an encoder be copied."""
        return self

    @property
    def layers(self) -> tuple[str, ...]:
        """Every layer name, in the order in which the layers are computed."""
        blocks = [int(name[4]) for name in self.widths]
        return vgg_layers(tuple(blocks.count(block) for block in range(1, max(blocks) + 1)))

    def multiply_adds(self, deepest: str) -> float:
        """Multiply-adds for each pixel of a picture, from the first layer to `deepest`."""
        total, channels = 0.0, 3
        for name in self.layers[: self.layers.index(deepest) + 1]:
            if name.startswith("conv"):
                width, rank = self.widths[name], self.ranks.get(name)
                kernel = 9 * channels * width if rank is None else (9 * channels + width) * rank
                total += kernel / 4 ** (int(name[4]) - 1)
                channels = width
        return total


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
    widths=VGG19.widths,
    preprocessing=CAFFE_BGR,
    # Chosen by the error and the time of each layer: docs/encoder.md.
    ranks=MappingProxyType(
        {
            "conv1_2": 20,
            "conv2_1": 32,
            "conv2_2": 64,
            "conv3_1": 96,
            "conv3_2": 64,
            "conv3_3": 48,
            "conv3_4": 48,
            "conv4_1": 112,
            "conv4_2": 96,
            "conv4_3": 112,
            "conv4_4": 176,
            "conv5_1": 320,
            "conv5_2": 64,
            "conv5_3": 64,
            "conv5_4": 64,
        }
    ),
)
"""VGG-19 with all convolutions but the first factored; the same layers, channels and units."""

ENCODERS: Mapping[str, EncoderRecord] = MappingProxyType({record.name: record for record in (COMPACT, VGG16, VGG19)})
