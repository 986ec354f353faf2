"""The residual network of Johnson et al. 2016 for stylization and 4x super-resolution.

Differences from the paper:

- Padding. The paper found that zero padding causes artifacts at the borders. It pads the picture by 40 reflected pixels, which residual
  blocks without padding consume, while its other convolutions still use zero padding. Here every convolution uses reflection padding, as
  in Dumoulin et al. 2017: no layer sees zeros, and no layer computes a wide margin that is cropped.
- A convolution before a normalization has no bias, since the normalization would remove it.
- Upsampling is nearest-neighbor interpolation and a convolution, unless the record selects transposed convolutions as in the paper.
- A residual network adds its output to the picture (at factor 4, to its bicubic enlargement), without a tanh.

References:
    Johnson, Alahi, Fei-Fei 2016 (ECCV) and its supplementary, tables 1 and 2 (layers), figure 1 (residual blocks after Gross and Wilber:
    no ReLU after the sum); Dumoulin, Shlens, Kudlur 2017, arXiv 1610.07629 (reflection; several styles); Odena, Dumoulin, Olah 2016
    (upsampling).
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from stylenet.catalog.networks import JohnsonRecord
from stylenet.encoders.resampling import resize
from stylenet.networks.base import BatchSettings, Network, PassSettings
from stylenet.networks.normalization import EPSILON, Normalization, Normalize, instance_norm
from stylenet.networks.onnx_graph import Graph, convolved
from stylenet.networks.progress import PartDone
from stylenet.networks.registry import registered
from stylenet.networks.tiles import Cut, Frame, Geometry, ReceptiveField, framed, paint_by_tiles
from stylenet.shapes import check_image

_MIN_PX = 5
"""Smallest side that every convolution can reflect: 4 pixels for 9 x 9 and, at a quarter of the size, one for 3 x 3."""

_RESIDUAL = 0.1
"""Scale of the residual: Adam changes all weights of the last layer at the same rate, and 81 weights per channel affect a pixel."""


@registered("johnson")
class JohnsonNet(Network[JohnsonRecord]):
    """Residual network for one style or several, or for restoration.

    Args:
        record: Architecture of the network. Weights are initialized randomly.
    """

    def __init__(self, record: JohnsonRecord) -> None:
        super().__init__(record)
        fine = record.width
        middle, coarse = (2 * fine, 4 * fine) if record.factor == 1 else (fine, fine)
        self.enter = _Layer(record, 3, fine, size=9)
        self.shrink = nn.ModuleList()
        if record.factor == 1:
            self.shrink.extend((_Layer(record, fine, middle, stride=2), _Layer(record, middle, coarse, stride=2)))
        self.blocks = nn.ModuleList(_Block(record, coarse) for _ in range(record.blocks))
        self.grow = nn.ModuleList((_Doubling(record, coarse, middle), _Doubling(record, middle, fine)))
        self.leave = _convolution(fine, 3, size=9, bias=True)
        self._initialize()

    def forward(
        self, image: Tensor, style_weights: Tensor | None = None, *, max_px: int | None = None, done: PartDone | None = None
    ) -> Tensor:
        """Paintings, (B, 3, H, W) in 0..1 and float32, of photos (B, 3, H, W) in 0..1; with `factor` 4 (B, 3, 4 H, 4 W).

        Args:
            image: Any size from one pixel up.
            style_weights: Shares of the styles, shape (1 or B, styles), usually with sum 1; optional for a single style.
            max_px: Largest number of pixels without tiling. A larger picture, with B = 1, is painted by tiles, with the same result.
            done: Progress callback; see `paint_by_tiles`.

        Raises:
            ShapeError: `image` or `style_weights` do not have these shapes.
            UsageError: even the smallest tile has more than `max_px` pixels.
        """
        check_image(image)
        height, width = image.shape[2:]
        if max_px is not None and height * width > max_px:
            layers = self.geometry(self.record, height, width)
            painted = paint_by_tiles(partial(self._part, style_weights), image, layers, max_px=max_px, done=done)
        else:
            # Halved sizes are rounded up, and the surplus is cropped.
            cut = slice(height * self.record.factor), slice(width * self.record.factor)
            painted = self._part(style_weights, framed(image, [_frame(height, width)]), cut)
            if done is not None:
                done(1.0)
        if self.record.residual:
            enlarged = resize(image.float(), (width * self.record.factor, height * self.record.factor))
            return (enlarged + _RESIDUAL * painted).clamp(0, 1)
        return painted

    def _part(self, style_weights: Tensor | None, framed: Tensor, cut: Cut, normalize: Normalize = instance_norm) -> Tensor:
        """The painting, or the residual, of a padded picture or a tile of it, cropped to `cut`; see `tiles.Paint`."""
        # Not centered: the first normalization removes the mean.
        x = framed.to(self.leave.weight.dtype).contiguous(memory_format=torch.channels_last)
        x = functional.relu(self.enter(x, style_weights, normalize), inplace=True)
        for layer in self.shrink:
            x = functional.relu(layer(x, style_weights, normalize), inplace=True)
        for block in self.blocks:
            x = block(x, style_weights, normalize)
        for doubling in self.grow:
            x = functional.relu(doubling(x, style_weights, normalize), inplace=True)
        painted = self.leave(x)[:, :, cut[0], cut[1]].float()
        # The paper's tanh, scaled to the range of pictures: (tanh(x) + 1) / 2.
        return painted if self.record.residual else torch.sigmoid(2 * painted)

    @classmethod
    def bytes_per_px(cls, record: JohnsonRecord, value_bytes: int) -> float:
        """Memory per pixel without tiling, measured."""
        return (70 + 5 * value_bytes * record.width) * record.factor**2

    @classmethod
    def geometry(cls, record: JohnsonRecord, height: int, width: int) -> Geometry:
        """Receptive fields and padding for a picture of this size."""
        # Near the border of a tile, each convolution makes as many positions wrong as its kernel extends beyond the border.
        shrinking = [(2.0, 2.0), (4.0, 4.0)] if record.factor == 1 else []
        coarse = 4.0 / record.factor
        layers = [(1.0, 4.0), *shrinking, *[(coarse, coarse)] * (2 * record.blocks), (coarse / 2, coarse), (coarse / 4, coarse / 2)]
        reaches = list(accumulate(reach for _, reach in layers))
        measured = [ReceptiveField(stride, reach) for (stride, _), reach in zip(layers, reaches, strict=True)]
        return Geometry(
            fields=(*(measured if record.normalization == "instance" else ()), ReceptiveField(1, reaches[-1] + 4 / record.factor)),
            stride_px=4 if record.factor == 1 else 1,
            size=(max(height, _MIN_PX), max(width, _MIN_PX)),
            frames=(_frame(height, width),),
            factor=record.factor,
        )

    def paint_style(self, photo: Tensor, settings: PassSettings) -> Tensor:
        """The painting in a blend of styles by `settings.shares`."""
        shares = torch.tensor([settings.shares], dtype=torch.float32, device=photo.device) if settings.shares else None
        return cast(Tensor, self(photo, shares, max_px=settings.tile_px, done=settings.done))

    def paint_batch(self, photos: Tensor | None, settings: BatchSettings) -> Tensor:
        """Paintings (B, 3, H, W), one style each."""
        if settings.styles is None or self.record.styles == 1:
            return cast(Tensor, self(photos))
        return cast(Tensor, self(photos, torch.eye(self.record.styles, device=settings.styles.device)[settings.styles]))

    def to_graph(self, graph: Graph, image: str, *, description: Tensor | None = None) -> str:
        """Add the operators of a network with one style."""
        if self.record.styles > 1 or self.record.residual:
            return super().to_graph(graph, image)
        padding = graph("Max", graph("Sub", graph.constant([_MIN_PX]), graph("Shape", image, start=2)), graph.constant(0))
        x = graph("Pad", image, graph("Concat", graph.constant([0] * 6), padding, axis=0), mode="edge")
        x = graph("Relu", _layer_graph(graph, x, self.enter))
        for layer in self.shrink:
            x = graph("Relu", _layer_graph(graph, x, cast(_Layer, layer)))
        for block in cast("list[_Block]", self.blocks):
            x = graph("Add", x, _layer_graph(graph, graph("Relu", _layer_graph(graph, x, block.first)), block.second))
        for doubling in cast("list[_Doubling]", self.grow):
            if doubling.transposed:
                x = graph("Pad", x, graph.constant([0, 0, 0, 0, 0, 0, 1, 1]), mode="reflect")
                # Larger end pads omit the last row and column, which the network crops.
                x = graph("ConvTranspose", x, graph.constant(doubling.convolution.weight), strides=[2, 2], pads=[1, 1, 2, 2])
            else:
                scales = graph.constant(torch.tensor([1.0, 1.0, 2.0, 2.0]))
                x = graph("Resize", x, "", scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor")
                x = convolved(graph, x, cast(nn.Conv2d, doubling.convolution))
            x = graph("Relu", _normalized_graph(graph, x, doubling.normalization))
        painted = graph("Mul", convolved(graph, x, self.leave), graph.constant(2.0))
        end = graph("Mul", graph("Shape", image, start=2), graph.constant([self.record.factor] * 2))
        return graph("Sigmoid", graph("Slice", painted, graph.constant([0, 0]), end, graph.constant([2, 3])))

    def _initialize(self) -> None:
        """He et al. 2015. The last layer is scaled down, so that the initial output is gray and the tanh not saturated, or a residual 0."""
        for module in self.modules():
            if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        self.leave.weight.data.mul_(0.0 if self.record.residual else 0.3)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]


class _Layer(nn.Module):
    """A convolution and its normalization."""

    def __init__(self, record: JohnsonRecord, inputs: int, outputs: int, *, size: int = 3, stride: int = 1) -> None:
        super().__init__()
        self.convolution = _convolution(inputs, outputs, size=size, stride=stride)
        self.normalization = Normalization(outputs, kind=record.normalization, styles=record.styles)

    def forward(self, x: Tensor, style_weights: Tensor | None, normalize: Normalize) -> Tensor:
        return self.normalization(self.convolution(x), style_weights, normalize)


class _Block(nn.Module):
    """A residual block without a ReLU after the sum."""

    def __init__(self, record: JohnsonRecord, channels: int) -> None:
        super().__init__()
        self.first = _Layer(record, channels, channels)
        self.second = _Layer(record, channels, channels)

    def forward(self, x: Tensor, style_weights: Tensor | None, normalize: Normalize) -> Tensor:
        return x + self.second(functional.relu(self.first(x, style_weights, normalize), inplace=True), style_weights, normalize)


class _Doubling(nn.Module):
    """Upsampling by a factor of 2 with a convolution, and its normalization."""

    def __init__(self, record: JohnsonRecord, inputs: int, outputs: int) -> None:
        super().__init__()
        self.transposed = record.upsampling == "transposed"
        self.convolution = (
            nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, bias=False) if self.transposed else _convolution(inputs, outputs)
        )
        self.normalization = Normalization(outputs, kind=record.normalization, styles=record.styles)

    def forward(self, x: Tensor, style_weights: Tensor | None, normalize: Normalize) -> Tensor:
        if self.transposed:
            # Every second row and column depends on two positions; for the last one, the second position is padding.
            height, width = x.shape[2:]
            x = self.convolution(functional.pad(x, (0, 1, 0, 1), mode="reflect"))[:, :, : 2 * height, : 2 * width]
        else:
            x = self.convolution(functional.interpolate(x, scale_factor=2, mode="nearest"))
        return self.normalization(x, style_weights, normalize)


def _convolution(inputs: int, outputs: int, *, size: int = 3, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(inputs, outputs, size, stride=stride, padding=size // 2, padding_mode="reflect", bias=bias)


def _layer_graph(graph: Graph, x: str, layer: _Layer) -> str:
    return _normalized_graph(graph, convolved(graph, x, layer.convolution), layer.normalization)


def _normalized_graph(graph: Graph, x: str, layer: Normalization) -> str:
    scale, shift = graph.constant(layer.scales[0]), graph.constant(layer.shifts[0])
    if layer.kind == "instance":
        return graph("InstanceNormalization", x, scale, shift, epsilon=EPSILON)
    moments = graph.constant(layer.running_mean[0]), graph.constant(layer.running_variance[0])
    return graph("BatchNormalization", x, scale, shift, *moments, epsilon=EPSILON)


def _frame(height: int, width: int) -> Frame:
    """Pad tiny pictures by replication to the smallest size that can be reflected."""
    rows, columns = (np.minimum(np.arange(max(length, _MIN_PX)), length - 1) for length in (height, width))
    return Frame(rows, columns)
